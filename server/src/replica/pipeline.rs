//! The write side: requests become transactions, transactions go to the log, and wait there for
//! their commit in zxid order.
//!
//! One owner of the order: whoever holds the pipeline's lock. Nothing here knows sockets; the log
//! is behind [`Journal`], whose `append` never waits for a disk.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use codec::{OpCode, SessionId, Xid, Zxid};
use tree::prepare::{Caller, Prepared, Preparer};
use tree::session::{ConnectThrottle, SessionIds, SessionTracker};
use tree::tree::Tree;

use super::clock::Instant;
use super::connection::Connection;

/// Where transactions are written before they are acknowledged.
pub trait Journal: Send {
    /// Takes a transaction in. It is durable once the disk says so, not on return.
    ///
    /// # Errors
    /// What ends this server's role: after it nothing may be acknowledged any more.
    fn append(&mut self, zxid: Zxid, payload: &[u8]) -> Result<(), JournalFailure>;
}

/// The log can't be trusted any more; the text names file, operation and cause.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct JournalFailure(pub String);

/// Whom a transaction answers.
#[derive(Debug, Clone)]
pub enum Origin {
    /// Nobody here: expiry, containers, another server's client.
    Nobody,
    /// A client's write: its connection has it as its oldest pending write.
    Request(Arc<Connection>),
    /// A handshake that asks for a new session.
    Connect(Arc<Connection>),
}

/// A transaction on its way.
#[derive(Debug)]
pub struct Proposal {
    /// Its place in the order.
    pub zxid: Zxid,
    /// Header, body, digest.
    pub payload: Bytes,
    /// Whom it answers.
    pub origin: Origin,
    /// When it was proposed.
    pub since: Instant,
}

/// What the write side keeps under its lock.
pub struct Pipeline {
    /// Turns requests into transactions.
    pub preparer: Preparer,
    /// Sessions and their deadlines.
    pub sessions: SessionTracker,
    ids: SessionIds,
    /// Limits the rate of handshakes.
    pub throttle: ConnectThrottle,
    journal: Box<dyn Journal>,
    proposals: VecDeque<Proposal>,
    /// Payloads are cut from this one.
    payloads: BytesMut,
    /// Why the log takes nothing more, and from which transaction on it took nothing.
    failure: Option<(JournalFailure, Zxid)>,
    /// Expired sessions whose end is not proposed yet, oldest first.
    dying: VecDeque<SessionId>,
    told_soft_limit: Instant,
}

impl Pipeline {
    /// A pipeline with nothing in flight.
    pub fn new(
        preparer: Preparer,
        sessions: SessionTracker,
        ids: SessionIds,
        throttle: ConnectThrottle,
        journal: Box<dyn Journal>,
    ) -> Self {
        Pipeline {
            preparer,
            sessions,
            ids,
            throttle,
            journal,
            proposals: VecDeque::new(),
            payloads: BytesMut::new(),
            failure: None,
            dying: VecDeque::new(),
            told_soft_limit: Instant::default(),
        }
    }

    /// Why this pipeline takes nothing more, if so.
    pub fn failure(&self) -> Option<&JournalFailure> {
        self.failure.as_ref().map(|(failure, _)| failure)
    }

    /// Transactions proposed and not yet applied.
    pub fn in_flight(&self) -> usize {
        self.proposals.len()
    }

    /// A client's write. Answers what it became; the caller keeps the request pending under its
    /// zxid.
    pub fn request(
        &mut self,
        tree: &Tree,
        caller: &Caller<'_>,
        op: OpCode,
        body: &[u8],
        from: &Arc<Connection>,
        now: Instant,
    ) -> Prepared {
        const CHUNK_BYTES: usize = 64 << 10;
        if self.payloads.capacity() < body.len() + 256 {
            self.payloads.reserve(CHUNK_BYTES.max(body.len() + 256));
        }
        let prepared = self.preparer.prepare(tree, caller, op, body, &mut self.payloads);
        self.tell_of_soft_limits(now);
        self.propose(prepared, Origin::Request(from.clone()), now);
        prepared
    }

    /// One line a second at most: a quota that is passed is passed by every write.
    fn tell_of_soft_limits(&mut self, now: Instant) {
        const TELL_EVERY_MICROS: u64 = 1_000_000;
        let Some(path) = self.preparer.take_over_soft_limit() else { return };
        if now.micros_since(self.told_soft_limit) >= TELL_EVERY_MICROS {
            self.told_soft_limit = now;
            tracing::warn!(%path, "over the soft limit of its quota; nothing is refused for that");
        }
    }

    /// An id that no session has.
    pub fn new_session_id(&mut self) -> SessionId {
        let sessions = &self.sessions;
        self.ids.next_id(|id| sessions.is_tracked(id))
    }

    /// A new session, asked for by the handshake of `from`.
    pub fn create_session(
        &mut self,
        session: SessionId,
        time_out: i32,
        wall_ms: i64,
        from: &Arc<Connection>,
        now: Instant,
    ) -> Zxid {
        let out = &mut self.payloads;
        let prepared = self.preparer.prepare_create_session(session, time_out, wall_ms, out);
        self.propose(prepared, Origin::Connect(from.clone()), now)
    }

    /// The end of a session: by its client (`origin`), or by expiry.
    pub fn close_session(
        &mut self,
        tree: &Tree,
        session: SessionId,
        cxid: Xid,
        wall_ms: i64,
        origin: Origin,
        now: Instant,
    ) -> Zxid {
        self.sessions.start_closing(session);
        let mut surplus = Vec::new();
        let mut payload = BytesMut::new();
        let prepared = self.preparer.prepare_close_session(
            tree,
            session,
            cxid,
            wall_ms,
            &mut payload,
            |prepared, payload| surplus.push((prepared, payload)),
        );
        for (prepared, payload) in surplus {
            self.take_in(prepared, payload.freeze(), Origin::Nobody, now);
        }
        self.take_in(prepared, payload.freeze(), origin, now)
    }

    /// An expired session waits for its end.
    pub fn doom(&mut self, session: SessionId) {
        self.dying.push_back(session);
    }

    /// Ends doomed sessions, for about `budget` transactions. A session with very many ephemerals
    /// loses them in slices first. Answers whether some are left.
    pub fn bury(&mut self, tree: &Tree, budget: usize, wall_ms: i64, now: Instant) -> bool {
        let mut left = budget;
        while let Some(session) = self.dying.front().copied() {
            if left == 0 {
                return true;
            }
            let mut slice = Vec::new();
            let mut keep = |prepared, payload: BytesMut| slice.push((prepared, payload.freeze()));
            let more =
                self.preparer.prepare_session_deletions(tree, session, left, wall_ms, &mut keep);
            left -= slice.len().min(left);
            for (prepared, payload) in slice {
                self.take_in(prepared, payload, Origin::Nobody, now);
            }
            if more {
                return true;
            }
            self.dying.pop_front();
            self.close_session(tree, session, Xid(0), wall_ms, Origin::Nobody, now);
            left = left.saturating_sub(1);
        }
        false
    }

    /// Deletes an empty container or a TTL node whose time is over.
    pub fn reap(&mut self, tree: &Tree, path: &str, wall_ms: i64, now: Instant) -> Zxid {
        let out = &mut self.payloads;
        let prepared = self.preparer.prepare_delete_container(tree, path, wall_ms, out);
        self.propose(prepared, Origin::Nobody, now)
    }

    fn propose(&mut self, prepared: Prepared, origin: Origin, now: Instant) -> Zxid {
        let payload = self.payloads.split().freeze();
        self.take_in(prepared, payload, origin, now)
    }

    fn take_in(
        &mut self,
        prepared: Prepared,
        payload: Bytes,
        origin: Origin,
        now: Instant,
    ) -> Zxid {
        let zxid = prepared.zxid;
        if self.failure.is_none()
            && let Err(failure) = self.journal.append(zxid, &payload)
        {
            self.failure = Some((failure, zxid));
        }
        self.proposals.push_back(Proposal { zxid, payload, origin, since: now });
        zxid
    }

    /// The next transaction to apply, if it is committed up to `committed` and in the log.
    pub fn next_committed(&mut self, committed: Zxid) -> Option<Proposal> {
        let next = self.proposals.front()?;
        let logged = self.failure.as_ref().is_none_or(|(_, from)| next.zxid < *from);
        (logged && next.zxid <= committed).then(|| self.proposals.pop_front())?
    }
}
