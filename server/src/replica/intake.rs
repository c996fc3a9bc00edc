//! From a batch of frames to work: what can be answered from local state is answered at once,
//! writes become transactions, everything behind a write waits for it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use codec::client::RequestHeader;
use codec::{Decode, ErrorCode, OpCode, Xid, Zxid};
use tree::authorize::Identity;
use tree::prepare::Caller;
use tree::session::Owner;
use tree::tree::Tree;

use super::clock::{Instant, Now};
use super::connection::{Connection, Ending, OUTPUT_PAUSE_BYTES, Pending, State};
use super::pipeline::{Origin, Pipeline};
use super::reads::{Look, first_text};
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
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Taken {
    /// Something went to the log: it wants to be synced.
    pub appended: bool,
    /// Something is in the outbox.
    pub answered: bool,
    /// Frames taken in.
    pub received: u64,
    /// Frames answered at once.
    pub sent: u64,
    /// Frames not taken in: the connection has too much unsent or waiting. Give them again when
    /// it is woken.
    pub rest: Bytes,
    /// The frame behind what was taken in is no request: close the connection.
    pub broken: Option<ShortFrame>,
}

/// What the requests of one look at the tree may cost, in bytes written or the like: about a
/// millisecond. The rest of a batch has its turn when others had theirs.
const LOOK_COST_MAX: u64 = 1 << 20;
/// What an auth packet costs: hashing, and a new list of identities.
const AUTH_COST: u64 = 8 << 10;

/// A frame that cannot be a request: the connection ends without a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the client sent a frame of {0} bytes, too short for a request header")]
pub struct ShortFrame(pub usize);

/// Walks over a batch of whole frames without touching its reference count.
struct Frames {
    batch: Bytes,
    at: usize,
}

/// A request in its batch.
#[derive(Debug, Clone, Copy)]
struct Request {
    header: RequestHeader,
    class: Class,
    /// Where the frame stands, without its length word.
    start: usize,
    end: usize,
}

impl Frames {
    /// The next request, without moving on.
    fn peek(&self) -> Option<Result<Request, ShortFrame>> {
        let word = self.batch[self.at..].first_chunk::<4>()?;
        let start = self.at + 4;
        let end = (start + u32::from_be_bytes(*word) as usize).min(self.batch.len());
        Some(match RequestHeader::from_bytes(&self.batch[start..end]) {
            Ok(header) => Ok(Request { header, class: classify(header.op), start, end }),
            Err(_) => Err(ShortFrame(end - start)),
        })
    }

    fn pass(&mut self, request: &Request) {
        self.at = request.end;
    }

    fn frame(&self, request: &Request) -> &[u8] {
        &self.batch[request.start..request.end]
    }

    fn rest(self) -> Bytes {
        self.batch.slice(self.at..)
    }

    /// The frame as bytes of its own, for later.
    fn keep(&self, request: &Request) -> Bytes {
        self.batch.slice(request.start..request.end)
    }
}

impl Replica {
    /// Takes in whole frames of an established connection, in order. What comes before a frame that is none is served; see [`Taken::broken`].
    pub fn receive(&self, from: &Arc<Connection>, batch: Bytes, now: Now) -> Taken {
        from.heard(now.instant.millis());
        let mut frames = Frames { batch, at: 0 };
        let mut taken = Taken::default();
        let rest = self.answer_reads(from, &mut frames, now.instant, &mut taken);
        let result = match rest {
            Ok(true) => {
                let mut pipeline = self.pipeline.lock();
                let result = self.take_in_order(&mut pipeline, from, &mut frames, now, &mut taken);
                self.in_flight.store(pipeline.in_flight(), Ordering::Relaxed);
                result
            }
            other => other.map(drop),
        };
        self.metrics.packets_received.add(taken.received);
        taken.rest = frames.rest();
        taken.broken = result.err();
        taken
    }

    /// Answers requests from local state for as long as nothing of the connection waits for a
    /// transaction. Answers whether anything is left, which then wants the pipeline.
    fn answer_reads(
        &self,
        from: &Arc<Connection>,
        frames: &mut Frames,
        now: Instant,
        taken: &mut Taken,
    ) -> Result<bool, ShortFrame> {
        let tree = self.tree.read();
        let mut state = from.lock();
        if !state.pending.is_empty() {
            return Ok(true);
        }
        let desk = Desk { replica: self, tree: &tree, from, now };
        let rest = desk.answer_reads(&mut state, frames, taken);
        let tally = std::mem::take(&mut state.tally);
        taken.sent += tally.frames();
        tally.settle(&self.metrics);
        rest
    }

    /// Puts the rest of a batch behind the connection's writes.
    fn take_in_order(
        &self,
        pipeline: &mut Pipeline,
        from: &Arc<Connection>,
        frames: &mut Frames,
        now: Now,
        taken: &mut Taken,
    ) -> Result<(), ShortFrame> {
        let tree = self.tree.read();
        let mut state = from.lock();
        let desk = Desk { replica: self, tree: &tree, from, now: now.instant };
        while let Some(request) = frames.peek() {
            let request = request?;
            if state.is_full() {
                return Ok(());
            }
            frames.pass(&request);
            taken.received += 1;
            state.figures.received += 1;
            if state.ending != Ending::Open || state.muted {
                continue;
            }
            let ordered = !matches!(request.class, Class::Auth(_))
                && (is_write(request.class) || !state.pending.is_empty());
            if ordered {
                desk.queue(pipeline, &mut state, frames, &request, now.wall_ms, taken);
            } else {
                taken.answered = true;
                let identities = state.identities.clone();
                desk.serve(&mut state, &request, frames.frame(&request), &identities);
            }
        }
        self.in_flight.store(pipeline.in_flight(), Ordering::Relaxed);
        Ok(())
    }

    /// Answers a request that waited too long at the throttle, in its turn.
    pub fn refuse_throttled(&self, from: &Arc<Connection>, frame: &[u8], read: Instant) {
        self.metrics.throttled_ops.one();
        let Ok(header) = RequestHeader::from_bytes(frame) else {
            return from.end(Ending::Now);
        };
        let (xid, err) = (header.xid, ErrorCode::ThrottledOp);
        let zxid = self.tree.read().last_zxid();
        let mut state = from.lock();
        state.figures.received += 1;
        if state.pending.is_empty() {
            return self.refuse(&mut state, xid, zxid, err, false);
        }
        let zxid = None;
        from.count_outstanding(1);
        state.pending.push_back((Pending::Refusal { xid, zxid, err, close: false }, read));
    }

    /// Whether enforced authentication refuses this request.
    fn refused(&self, state: &State, class: Class) -> bool {
        !matches!(class, Class::Auth(_)) && !self.rules.auth.admits(&state.identities)
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
        let mark = state.out.len();
        replies::put_error(&mut state.out, xid, zxid, err);
        state.tally.frame(state.out.len() - mark);
        state.figures.sent += 1;
        if close {
            state.ending = state.ending.max(Ending::AfterFlush);
        }
    }
}

/// Where one connection's requests are looked at, under the tree's lock.
struct Desk<'a> {
    replica: &'a Replica,
    tree: &'a Tree,
    from: &'a Arc<Connection>,
    now: Instant,
}

impl Desk<'_> {
    /// See [`Replica::answer_reads`].
    fn answer_reads(
        &self,
        state: &mut State,
        frames: &mut Frames,
        taken: &mut Taken,
    ) -> Result<bool, ShortFrame> {
        let (mut identities, mut cost) = (state.identities.clone(), 0);
        while let Some(request) = frames.peek() {
            let request = request?;
            let write = is_write(request.class) && !state.muted;
            if write && !self.replica.refused(state, request.class) {
                return Ok(true);
            }
            if state.unsent() > OUTPUT_PAUSE_BYTES || cost > LOOK_COST_MAX {
                return Ok(false);
            }
            frames.pass(&request);
            taken.received += 1;
            state.figures.received += 1;
            if state.ending == Ending::Open && !state.muted {
                taken.answered = true;
                cost += self.serve(state, &request, frames.frame(&request), &identities);
                if matches!(request.class, Class::Auth(_)) {
                    identities = state.identities.clone();
                }
            }
        }
        Ok(false)
    }

    /// Answers a request at once; answers what that cost, in bytes written or the like.
    fn serve(&self, state: &mut State, request: &Request, frame: &[u8], who: &[Identity]) -> u64 {
        let (replica, xid) = (self.replica, request.header.xid);
        if replica.refused(state, request.class) {
            tracing::warn!(peer = %self.from.peer, session = %self.from.session(),
                "closed: authentication is enforced (enforce.auth.schemes), this client has none");
            let err = ErrorCode::SessionClosedRequireSaslAuth;
            replica.refuse(state, xid, Zxid::ZERO, err, true);
            return 0;
        }
        match request.class {
            Class::Auth(op) => {
                auth::serve(replica, self.from, state, op, xid, &frame[8..]);
                AUTH_COST
            }
            Class::Local => {
                let (tree, from, now) = (self.tree, self.from, self.now);
                let look = Look { replica, tree, from, identities: who, read: now, now };
                look.serve(state, frame)
            }
            _ => {
                replica.refuse(state, xid, Zxid::NONE, ErrorCode::Unimplemented, true);
                0
            }
        }
    }

    /// What a read will probably cost once its turn comes, in bytes written or the like.
    fn expected_cost(&self, frame: &[u8]) -> u64 {
        let (replica, tree, from, now) = (self.replica, self.tree, self.from, self.now);
        Look { replica, tree, from, identities: &[], read: now, now }.expected_cost(frame)
    }

    /// Puts a request behind what the connection already waits for.
    fn queue(
        &self,
        pipeline: &mut Pipeline,
        state: &mut State,
        frames: &Frames,
        request: &Request,
        wall_ms: i64,
        taken: &mut Taken,
    ) {
        let (xid, op) = (request.header.xid, request.header.op);
        let pending = match request.class {
            class if self.replica.refused(state, class) => {
                let (zxid, err) = (Some(Zxid::ZERO), ErrorCode::SessionClosedRequireSaslAuth);
                Pending::Refusal { xid, zxid, err, close: true }
            }
            Class::Write(code) => {
                taken.appended = true;
                let session = self.from.session();
                let caller = Caller {
                    session,
                    cxid: xid,
                    identities: &state.identities,
                    standing: pipeline.sessions.check(session, OWNER),
                    time_ms: wall_ms,
                };
                let body = &frames.frame(request)[8..];
                let prepared =
                    pipeline.request(self.tree, &caller, code, body, self.from, self.now);
                if prepared.err == ErrorCode::QuotaExceeded {
                    let set = &self.replica.metrics.quota_exceeded_error_per_namespace;
                    first_text(body).and_then(|path| set.of_namespace(path)).inspect(|n| n.one());
                }
                Pending::Write { xid, op, zxid: prepared.zxid }
            }
            Class::Close => {
                taken.appended = true;
                let (session, origin) = (self.from.session(), Origin::Request(self.from.clone()));
                let zxid =
                    pipeline.close_session(self.tree, session, xid, wall_ms, origin, self.now);
                Pending::Write { xid, op, zxid }
            }
            Class::Local => {
                state.deferred += 1;
                state.deferred_cost += self.expected_cost(frames.frame(request));
                let frame = frames.keep(request);
                Pending::Local { frame, identities: state.identities.clone() }
            }
            _ => {
                let (zxid, err) = (Some(Zxid::NONE), ErrorCode::Unimplemented);
                Pending::Refusal { xid, zxid, err, close: true }
            }
        };
        self.from.count_outstanding(1);
        state.pending.push_back((pending, self.now));
    }
}

fn is_write(class: Class) -> bool {
    matches!(class, Class::Write(_) | Class::Close)
}
