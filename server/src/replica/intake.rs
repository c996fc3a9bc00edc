//! From a batch of frames to work: what can be answered from local state is answered at once,
//! writes become transactions, everything behind a write waits for it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::{Buf, Bytes};
use codec::client::RequestHeader;
use codec::{Decode, ErrorCode, OpCode, Xid, Zxid};
use tree::prepare::Caller;
use tree::session::Owner;
use tree::tree::Tree;

use super::clock::Now;
use super::connection::{Connection, Ending, Pending, State};
use super::pipeline::{Origin, Pipeline};
use super::{Replica, auth, replies};

/// This server's own connections, as the session tracker knows their owner.
pub const OWNER: Owner = Owner(0);

/// How a request is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    /// From local state.
    Local,
    /// By a transaction.
    Write(OpCode),
    /// Ends the session, by a transaction.
    Close,
    /// Outside the order: auth and sasl.
    Auth(OpCode),
    /// Not callable from outside.
    Unknown,
}

fn classify(op: i32) -> Class {
    use OpCode as O;
    let Some(op) = O::from_code(op) else {
        return Class::Unknown;
    };
    match op {
        O::Create
        | O::Delete
        | O::SetData
        | O::SetAcl
        | O::Multi
        | O::Create2
        | O::Reconfig
        | O::CreateContainer
        | O::CreateTtl => Class::Write(op),
        O::Exists
        | O::GetData
        | O::GetAcl
        | O::GetChildren
        | O::Sync
        | O::Ping
        | O::GetChildren2
        | O::CheckWatches
        | O::RemoveWatches
        | O::MultiRead
        | O::SetWatches
        | O::GetEphemerals
        | O::GetAllChildrenNumber
        | O::SetWatches2
        | O::AddWatch
        | O::WhoAmI => Class::Local,
        O::CloseSession => Class::Close,
        O::Auth | O::Sasl => Class::Auth(op),
        O::Notification | O::Check | O::DeleteContainer | O::CreateSession | O::Error => {
            Class::Unknown
        }
    }
}

/// What a batch left to do for the shell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Taken {
    /// Something went to the log: it wants to be synced.
    pub appended: bool,
    /// Something is in the outbox.
    pub answered: bool,
}

/// A frame that cannot be a request: the connection ends without a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the client sent a frame of {0} bytes, too short for a request header")]
pub struct ShortFrame(pub usize);

/// Cuts the next frame off a batch of whole frames.
fn next_frame(batch: &mut Bytes) -> Option<Result<(RequestHeader, Bytes), ShortFrame>> {
    if batch.is_empty() {
        return None;
    }
    let length = batch.get_u32() as usize;
    let frame = batch.split_to(length);
    Some(match RequestHeader::from_bytes(&frame) {
        Ok(header) => Ok((header, frame)),
        Err(_) => Err(ShortFrame(length)),
    })
}

impl Replica {
    /// Takes in whole frames of an established connection, in order.
    ///
    /// # Errors
    /// [`ShortFrame`]: close the connection. What came before it is served.
    pub fn receive(
        &self,
        from: &Arc<Connection>,
        mut batch: Bytes,
        now: Now,
    ) -> Result<Taken, ShortFrame> {
        from.heard(now.instant.millis());
        let mut taken = Taken::default();
        if self.answer_reads(from, &mut batch, now, &mut taken)? {
            self.take_in_order(from, &mut batch, now, &mut taken)?;
        }
        Ok(taken)
    }

    /// Answers requests from local state for as long as nothing of the connection waits for a
    /// transaction. Answers whether anything is left, which then wants the pipeline.
    fn answer_reads(
        &self,
        from: &Arc<Connection>,
        batch: &mut Bytes,
        now: Now,
        taken: &mut Taken,
    ) -> Result<bool, ShortFrame> {
        let tree = self.tree.read();
        let mut state = from.lock();
        if !state.pending.is_empty() {
            return Ok(true);
        }
        loop {
            let mut ahead = batch.clone();
            let Some(frame) = next_frame(&mut ahead) else {
                return Ok(false);
            };
            let (header, frame) = frame?;
            let class = classify(header.op);
            if matches!(class, Class::Write(_) | Class::Close) && !self.refused(&state, class) {
                return Ok(true);
            }
            *batch = ahead;
            state.figures.received += 1;
            if state.ending != Ending::Open {
                continue;
            }
            taken.answered = true;
            self.serve_now(&tree, from, &mut state, header, class, &frame, now);
        }
    }

    /// Whether enforced authentication refuses this request.
    fn refused(&self, state: &State, class: Class) -> bool {
        !matches!(class, Class::Auth(_)) && !self.rules.auth.admits(&state.identities)
    }

    #[allow(clippy::too_many_arguments)]
    fn serve_now(
        &self,
        tree: &Tree,
        from: &Arc<Connection>,
        state: &mut State,
        header: RequestHeader,
        class: Class,
        frame: &[u8],
        now: Now,
    ) {
        if self.refused(state, class) {
            self.refuse_unauthenticated(from, state, header);
            return;
        }
        match class {
            Class::Auth(op) => auth::serve(self, from, state, op, header.xid, &frame[8..]),
            Class::Local => {
                let identities = state.identities.clone();
                self.serve_local(
                    tree,
                    from,
                    state,
                    frame,
                    &identities,
                    now.instant,
                    now.instant,
                );
            }
            _ => {
                let (zxid, err) = (Zxid::NONE, ErrorCode::Unimplemented);
                self.refuse(state, header.xid, zxid, err, true);
            }
        }
    }

    /// -124 and the end: a connection without one of the schemes that are demanded.
    fn refuse_unauthenticated(&self, from: &Connection, state: &mut State, header: RequestHeader) {
        tracing::warn!(
            peer = %from.peer, session = %from.session(),
            "closed: authentication is enforced (enforce.auth.schemes) and this client has none"
        );
        let err = ErrorCode::SessionClosedRequireSaslAuth;
        self.refuse(state, header.xid, Zxid::ZERO, err, true);
    }

    /// Answers with an error header; perhaps the last thing that the connection says.
    pub(super) fn refuse(
        &self,
        state: &mut State,
        xid: Xid,
        zxid: Zxid,
        err: ErrorCode,
        close: bool,
    ) {
        replies::put_error(&mut state.out, xid, zxid, err);
        state.figures.sent += 1;
        if close {
            state.ending = state.ending.max(Ending::AfterFlush);
        }
    }

    /// Puts the rest of a batch behind the connection's writes.
    fn take_in_order(
        &self,
        from: &Arc<Connection>,
        batch: &mut Bytes,
        now: Now,
        taken: &mut Taken,
    ) -> Result<(), ShortFrame> {
        let mut pipeline = self.pipeline.lock();
        let tree = self.tree.read();
        let mut state = from.lock();
        while let Some(frame) = next_frame(batch) {
            let (header, frame) = frame?;
            state.figures.received += 1;
            if state.ending != Ending::Open {
                continue;
            }
            let class = classify(header.op);
            if matches!(class, Class::Auth(_)) || state.pending.is_empty() && !is_write(class) {
                taken.answered = true;
                self.serve_now(&tree, from, &mut state, header, class, &frame, now);
                continue;
            }
            from.count_outstanding(1);
            let pending = match class {
                _ if self.refused(&state, class) => Pending::Refusal {
                    xid: header.xid,
                    zxid: Zxid::ZERO,
                    err: ErrorCode::SessionClosedRequireSaslAuth,
                    close: true,
                },
                Class::Write(op) => {
                    taken.appended = true;
                    self.propose(&mut pipeline, &tree, from, &state, op, header, &frame, now)
                }
                Class::Close => {
                    taken.appended = true;
                    self.close(&mut pipeline, &tree, from, header, now)
                }
                Class::Local => Pending::Local {
                    frame,
                    identities: state.identities.clone(),
                },
                _ => Pending::Refusal {
                    xid: header.xid,
                    zxid: Zxid::NONE,
                    err: ErrorCode::Unimplemented,
                    close: true,
                },
            };
            state.pending.push_back((pending, now.instant));
        }
        self.in_flight
            .store(pipeline.in_flight(), Ordering::Relaxed);
        Ok(())
    }

    #[allow(clippy::too_many_arguments)]
    fn propose(
        &self,
        pipeline: &mut Pipeline,
        tree: &Tree,
        from: &Arc<Connection>,
        state: &State,
        op: OpCode,
        header: RequestHeader,
        frame: &[u8],
        now: Now,
    ) -> Pending {
        let session = from.session();
        let caller = Caller {
            session,
            cxid: header.xid,
            identities: &state.identities,
            standing: pipeline.sessions.check(session, OWNER),
            time_ms: now.wall_ms,
        };
        let zxid = pipeline.request(tree, &caller, op, &frame[8..], from, now.instant);
        Pending::Write {
            xid: header.xid,
            op: header.op,
            zxid,
        }
    }

    fn close(
        &self,
        pipeline: &mut Pipeline,
        tree: &Tree,
        from: &Arc<Connection>,
        header: RequestHeader,
        now: Now,
    ) -> Pending {
        let (session, origin) = (from.session(), Origin::Request(from.clone()));
        let zxid =
            pipeline.close_session(tree, session, header.xid, now.wall_ms, origin, now.instant);
        Pending::Write {
            xid: header.xid,
            op: header.op,
            zxid,
        }
    }
}

fn is_write(class: Class) -> bool {
    matches!(class, Class::Write(_) | Class::Close)
}
