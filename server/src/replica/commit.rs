//! Applying what is committed, and answering it: the only place where the tree changes.
//!
//! Order within one transaction: the tree changes, watch events enter their connections' outboxes,
//! then the reply enters its own, then the requests that waited behind it are answered. All of it
//! under the tree's lock, so that nobody sees the new state before the event that announces it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use codec::txn::{Txn, TxnBody};
use codec::{Decode, OpCode, SessionId, Zxid};
use tree::apply::Applied;
use tree::tree::Tree;
use tree::watch::{Fired, Firing};

use super::clock::{Instant, Now};
use super::connection::{Connection, Ending, Pending, State};
use super::events::Dispatch;
use super::intake::OWNER;
use super::pipeline::{Origin, Pipeline, Proposal};
use super::reads::Look;
use super::{Replica, replies};

/// Transactions applied before the tree is given to waiting readers.
const SLICE: usize = 256;

impl Replica {
    /// Applies everything proposed up to `committed`, in order, and answers it; `dispatch` then
    /// tells whose outboxes want to be flushed. Answers the last zxid applied.
    pub fn commit(&self, committed: Zxid, now: Now, dispatch: &mut Dispatch) -> Zxid {
        loop {
            let mut pipeline = self.pipeline.lock();
            let mut tree = self.tree.write();
            let mut more = false;
            for done in 0.. {
                more = done == SLICE;
                let next = if more { None } else { pipeline.next_committed(committed) };
                let Some(proposal) = next else { break };
                self.apply(&mut pipeline, &mut tree, &proposal, now.instant, dispatch);
            }
            let last = tree.last_zxid();
            drop(tree);
            pipeline.preparer.applied(last);
            self.in_flight.store(pipeline.in_flight(), Ordering::Relaxed);
            if !more {
                dispatch.settle(&self.metrics);
                return last;
            }
            parking_lot::MutexGuard::unlock_fair(pipeline);
        }
    }

    fn apply(
        &self,
        pipeline: &mut Pipeline,
        tree: &mut Tree,
        proposal: &Proposal,
        now: Instant,
        dispatch: &mut Dispatch,
    ) {
        // Our own bytes, or a leader's that were decoded when they came: a failure is our bug.
        let txn = Txn::from_bytes(&proposal.payload)
            .expect("invariant: a proposed transaction can be decoded");
        let applied = {
            let mut watches = self.watches.lock();
            let out = |fired: Fired<'_>| dispatch.event(self, &fired);
            tree.apply(&txn, &mut Firing { table: &mut watches, out })
        };
        if let Some(mismatch) = &applied.digest_mismatch {
            tracing::error!(
                zxid = %mismatch.zxid, expected = mismatch.expected, found = mismatch.found,
                "the tree's digest is not what its transaction foretold"
            );
            self.metrics.digest_mismatches_count.one();
        }
        dispatch.count_write(&self.metrics, &txn.body);
        self.keep_digest(tree);
        match (&txn.body, &proposal.origin) {
            (TxnBody::CreateSession(body), origin) => {
                let session = txn.header.client_id;
                self.session_made(pipeline, session, body.time_out, origin, now, dispatch);
            }
            (TxnBody::CloseSession(_), origin) => {
                pipeline.sessions.remove(txn.header.client_id);
                self.session_closed(tree, &txn, &applied, origin, now, dispatch);
            }
            (_, Origin::Request(connection)) => {
                self.answer(tree, connection, &txn, &applied, now, dispatch);
            }
            _ => {}
        }
    }

    /// Answers the write at the head of a connection's queue, and what waited behind it.
    fn answer(
        &self,
        tree: &Tree,
        to: &Arc<Connection>,
        txn: &Txn<'_>,
        applied: &Applied,
        now: Instant,
        dispatch: &mut Dispatch,
    ) {
        let mut state = to.lock();
        let Some((Pending::Write { zxid, .. }, _)) = state.pending.front() else {
            return;
        };
        if *zxid != applied.zxid {
            return;
        }
        let Some((Pending::Write { xid, op, .. }, read)) = state.pending.pop_front() else {
            return;
        };
        if state.ending == Ending::Now {
            return;
        }
        to.count_outstanding(-1);
        let mark = state.out.len();
        replies::put_applied(&mut state.out, xid, txn, applied);
        let bytes = state.out.len() - mark;
        state.tally.frame(bytes);
        state.figures.answered(op, xid, applied.zxid, read, now);
        dispatch.answered(now.micros_since(read));
        if op == OpCode::CloseSession.code() {
            state.pending.clear();
            state.deferred = 0;
            state.deferred_cost = 0;
            state.ending = state.ending.max(Ending::AfterFlush);
        } else {
            self.answer_waiting(tree, to, &mut state, now);
        }
        std::mem::take(&mut state.tally).settle(&self.metrics);
        let wake = state.ending != Ending::Open || state.paused;
        drop(state);
        dispatch.note(to);
        if wake {
            to.wake();
        }
    }

    /// Answers local requests for as long as no write comes before them.
    fn answer_waiting(&self, tree: &Tree, to: &Arc<Connection>, state: &mut State, now: Instant) {
        while let Some((front, _)) = state.pending.front() {
            if matches!(front, Pending::Write { .. }) {
                return;
            }
            let Some((next, read)) = state.pending.pop_front() else {
                return;
            };
            to.count_outstanding(-1);
            match next {
                Pending::Local { frame, identities } => {
                    state.deferred -= 1;
                    if state.deferred == 0 {
                        state.deferred_cost = 0;
                    }
                    let (replica, from, identities) = (self, to, &*identities);
                    Look { replica, tree, from, identities, read, now }.serve(state, &frame);
                }
                Pending::Refusal { xid, zxid, err, close } => {
                    let zxid = zxid.unwrap_or_else(|| tree.last_zxid());
                    self.refuse(state, xid, zxid, err, close);
                }
                Pending::Write { .. } => {}
            }
            if state.ending != Ending::Open {
                state.pending.clear();
                state.deferred = 0;
                state.deferred_cost = 0;
            }
        }
    }

    fn session_made(
        &self,
        pipeline: &mut Pipeline,
        session: SessionId,
        time_out: i32,
        origin: &Origin,
        now: Instant,
        dispatch: &mut Dispatch,
    ) {
        use tree::session::SessionKind::Global;
        pipeline.sessions.add(session, time_out, Global, OWNER, now.millis());
        if let Origin::Connect(connection) = origin
            && connection.lock().ending != Ending::Now
        {
            self.established(connection, session, time_out, now);
            dispatch.note(connection);
        }
    }

    /// The session's own connection hears of it after the events of its last ephemerals; any
    /// other connection that still holds the session is cut without a word.
    fn session_closed(
        &self,
        tree: &Tree,
        txn: &Txn<'_>,
        applied: &Applied,
        origin: &Origin,
        now: Instant,
        dispatch: &mut Dispatch,
    ) {
        let session = txn.header.client_id;
        if let Origin::Request(connection) = origin {
            self.answer(tree, connection, txn, applied, now, dispatch);
        }
        let Some((_, holder)) = self.sessions.remove(&session) else {
            return;
        };
        let asked = matches!(origin, Origin::Request(c) if Arc::ptr_eq(c, &holder));
        if !asked {
            holder.end(Ending::Now);
        }
    }
}
