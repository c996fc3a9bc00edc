//! The sessions that a leader or a standalone server keeps alive, and the sweep that ends those
//! that fell silent. Decides who has expired; writing the closeSession transaction, and the tree's
//! replicated session table, belong to others.
//!
//! Touching is cheap because it only notes a time: a session keeps its place in the queue until a
//! sweep comes by, looks when it was last heard and, mostly, puts it into a later bucket.

use std::collections::{BTreeMap, BTreeSet};

use codec::{ErrorCode, SessionId};
use rustc_hash::FxHashMap;

use super::expiry::{Bucket, Expiry, SweepBudget, bucket_of};
use super::stall::{Stall, StallGuard, StallRules};

/// Through whom a session is attached: this server itself, or a learner's link. The server hands
/// the numbers out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Owner(pub u64);

impl Owner {
    /// Not known yet: whoever comes first becomes the owner.
    pub const NONE: Owner = Owner(u64::MAX);
}

/// Whether the ensemble knows a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionKind {
    /// Known to this server alone; owns no ephemerals.
    Local,
    /// Made by a committed createSession.
    Global,
}

/// What the configuration says about sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrackerRules {
    /// `tickTime` in ms: the width of the buckets.
    pub tick_ms: u64,
    /// When our own silence is a stall.
    pub stall: StallRules,
    /// Whether there are other servers: it changes what is said about a session nobody knows.
    pub ensemble: bool,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    /// Monotonic ms of the last sign of life that we were told of.
    heard: u64,
    /// Where the session stands in the queue, session time. Never later than its true bucket.
    bucket: u64,
    owner: Owner,
    timeout_ms: u32,
    kind: SessionKind,
    closing: bool,
}

/// What one sweep found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Sweep {
    /// Ascending by (bucket, id). They are closing now and will not be reported again.
    pub expired: Vec<Expiry>,
    /// The budget ran out: sweep again soon.
    pub unfinished: bool,
}

/// All sessions with their timeouts, owners and deadlines. Times are monotonic milliseconds.
///
/// Invariant: `queue` holds exactly one entry for each session that has not been swept as expired,
/// under the session's `bucket`.
#[derive(Debug)]
pub struct SessionTracker {
    rules: TrackerRules,
    clock: StallGuard,
    sessions: FxHashMap<SessionId, Entry>,
    queue: BTreeSet<(u64, SessionId)>,
    local: usize,
}

impl SessionTracker {
    /// A tracker without sessions.
    pub fn new(rules: TrackerRules) -> Self {
        SessionTracker {
            rules,
            clock: StallGuard::new(rules.stall),
            sessions: FxHashMap::default(),
            queue: BTreeSet::new(),
            local: 0,
        }
    }

    /// Tells that we are alive; see [`StallGuard::beat`]. To be called before each sweep.
    pub fn beat(&mut self, now: u64, asleep_ms: u64) -> Option<Stall> {
        self.clock.beat(now, asleep_ms)
    }

    /// Starts tracking, with a full timeout from `now`. False if the session was tracked before:
    /// then only its timeout and its time are renewed, and a local one becomes global if `kind`
    /// says so.
    pub fn add(
        &mut self,
        session: SessionId,
        timeout_ms: i32,
        kind: SessionKind,
        owner: Owner,
        now: u64,
    ) -> bool {
        if self.sessions.contains_key(&session) {
            self.renew(session, timeout_ms, now);
            if kind == SessionKind::Global {
                self.promote(session);
            }
            return false;
        }
        let timeout_ms = timeout_ms.max(0) as u32;
        let bucket = self.bucket(now, timeout_ms);
        let entry = Entry { heard: now, bucket, owner, timeout_ms, kind, closing: false };
        self.sessions.insert(session, entry);
        self.queue.insert((bucket, session));
        self.local += usize::from(kind == SessionKind::Local);
        true
    }

    /// A client came back, perhaps through another server: renews the timeout, takes the session
    /// over. False if the session is unknown or closing: the client is told "expired".
    pub fn reattach(
        &mut self,
        session: SessionId,
        timeout_ms: i32,
        owner: Owner,
        now: u64,
    ) -> bool {
        let valid = self.renew(session, timeout_ms, now);
        if valid && let Some(entry) = self.sessions.get_mut(&session) {
            entry.owner = owner;
        }
        valid
    }

    /// A sign of life that brings a timeout along, as learners report it. False if the session is
    /// unknown or closing.
    pub fn renew(&mut self, session: SessionId, timeout_ms: i32, now: u64) -> bool {
        let Some(entry) = self.sessions.get_mut(&session).filter(|entry| !entry.closing) else {
            return false;
        };
        entry.timeout_ms = timeout_ms.max(0) as u32;
        entry.heard = entry.heard.max(now);
        let Entry { heard, timeout_ms, bucket: old, .. } = *entry;
        let bucket = self.bucket(heard, timeout_ms);
        // A later bucket is found by the sweep; an earlier one would be found too late.
        if bucket < old {
            self.requeue(session, old, bucket);
        }
        true
    }

    /// A sign of life. False if the session is unknown or closing.
    pub fn touch(&mut self, session: SessionId, now: u64) -> bool {
        let Some(entry) = self.sessions.get_mut(&session) else {
            return false;
        };
        entry.heard = entry.heard.max(now);
        !entry.closing
    }

    /// Makes a local session a global one. False if it was not tracked as local.
    pub fn promote(&mut self, session: SessionId) -> bool {
        match self.sessions.get_mut(&session) {
            Some(entry) if entry.kind == SessionKind::Local => {
                entry.kind = SessionKind::Global;
                self.local -= 1;
                true
            }
            _ => false,
        }
    }

    /// Marks that a closeSession is under way: nothing more is accepted from the session. False if
    /// it is not tracked.
    pub fn start_closing(&mut self, session: SessionId) -> bool {
        self.sessions.get_mut(&session).map(|entry| entry.closing = true).is_some()
    }

    /// Forgets a session, once its closeSession is applied. False if it was not tracked.
    pub fn remove(&mut self, session: SessionId) -> bool {
        let Some(entry) = self.sessions.remove(&session) else {
            return false;
        };
        self.queue.remove(&(entry.bucket, session));
        self.local -= usize::from(entry.kind == SessionKind::Local);
        true
    }

    /// Whether a request of `session` that came through `owner` may go on. A session that has no
    /// owner yet gets this one.
    ///
    /// # Errors
    /// SESSIONEXPIRED if it is closing; SESSIONMOVED if another owns it; for an unknown session
    /// SESSIONEXPIRED in an ensemble and UNKNOWNSESSION standalone.
    pub fn check(&mut self, session: SessionId, owner: Owner) -> Result<(), ErrorCode> {
        self.check_alive(session)?;
        match self.sessions.get_mut(&session) {
            Some(entry) if entry.owner == Owner::NONE => entry.owner = owner,
            Some(entry) if entry.owner != owner => return Err(ErrorCode::SessionMoved),
            _ => {}
        }
        Ok(())
    }

    /// [`Self::check`] without asking for the owner, as for closeSession.
    ///
    /// # Errors
    /// As for `check`, but never SESSIONMOVED.
    pub fn check_alive(&self, session: SessionId) -> Result<(), ErrorCode> {
        match self.sessions.get(&session) {
            Some(entry) if !entry.closing => Ok(()),
            None if !self.rules.ensemble => Err(ErrorCode::UnknownSession),
            _ => Err(ErrorCode::SessionExpired),
        }
    }

    /// [`Self::expired_with`] for those whose every touch is told to the tracker.
    pub fn expired(&mut self, now: u64, budget: SweepBudget) -> Sweep {
        self.expired_with(now, budget, |_| None)
    }

    /// Ends the sessions whose bucket has passed. `seen` tells when a session was last heard
    /// (monotonic ms) by whoever knows it better than the tracker, such as its connection.
    pub fn expired_with(
        &mut self,
        now: u64,
        budget: SweepBudget,
        seen: impl Fn(SessionId) -> Option<u64>,
    ) -> Sweep {
        let session_now = self.clock.session_time(now);
        let mut sweep = Sweep::default();
        let mut looked = 0;
        while let Some(&(bucket, session)) = self.queue.first() {
            if bucket > session_now {
                break;
            }
            if looked == budget.look || sweep.expired.len() == budget.expire {
                sweep.unfinished = true;
                break;
            }
            looked += 1;
            sweep.expired.extend(self.settle(session, now, seen(session)));
        }
        sweep
    }

    /// Decides over one session whose place in the queue is due.
    fn settle(&mut self, session: SessionId, now: u64, seen: Option<u64>) -> Option<Expiry> {
        let entry = self.sessions.get_mut(&session)?;
        let due = entry.bucket;
        if entry.closing {
            self.queue.remove(&(due, session));
            return None;
        }
        entry.heard = entry.heard.max(seen.unwrap_or(0)).min(now);
        let (heard, timeout_ms) = (entry.heard, entry.timeout_ms);
        let bucket = self.bucket(heard, timeout_ms);
        if bucket > due {
            // Even if that is past, too: it comes up again in its right place.
            self.requeue(session, due, bucket);
            return None;
        }
        self.start_closing(session);
        self.queue.remove(&(due, session));
        Some(Expiry {
            session,
            timeout_ms: u64::from(timeout_ms),
            silent_ms: now - heard,
            uncounted_ms: self.clock.uncounted_ms(heard, now),
            bucket: due,
            overdue_ms: self.clock.session_time(now).saturating_sub(due),
        })
    }

    fn bucket(&self, heard: u64, timeout_ms: u32) -> u64 {
        let heard = self.clock.session_time(heard);
        bucket_of(heard, u64::from(timeout_ms), self.rules.tick_ms)
    }

    fn requeue(&mut self, session: SessionId, old: u64, new: u64) {
        self.queue.remove(&(old, session));
        self.queue.insert((new, session));
        if let Some(entry) = self.sessions.get_mut(&session) {
            entry.bucket = new;
        }
    }
}

/// Questions that change nothing.
impl SessionTracker {
    /// Whether the session is here, closing or not.
    pub fn is_tracked(&self, session: SessionId) -> bool {
        self.sessions.contains_key(&session)
    }

    /// Whether a closeSession is under way.
    pub fn is_closing(&self, session: SessionId) -> bool {
        self.sessions.get(&session).is_some_and(|entry| entry.closing)
    }

    /// Local or global; None if not tracked.
    pub fn kind(&self, session: SessionId) -> Option<SessionKind> {
        self.sessions.get(&session).map(|entry| entry.kind)
    }

    /// Through whom it is attached; None if not tracked.
    pub fn owner(&self, session: SessionId) -> Option<Owner> {
        self.sessions.get(&session).map(|entry| entry.owner)
    }

    /// Its timeout in ms as last negotiated; None if not tracked.
    pub fn timeout_ms(&self, session: SessionId) -> Option<i32> {
        self.sessions.get(&session).map(|entry| entry.timeout_ms as i32)
    }

    /// Number of sessions, local ones included.
    pub fn len(&self) -> usize {
        self.sessions.len()
    }

    /// Number of local sessions.
    pub fn local_len(&self) -> usize {
        self.local
    }

    /// Whether there is no session.
    pub fn is_empty(&self) -> bool {
        self.sessions.is_empty()
    }

    /// Milliseconds from `now` until a sweep may find something; None without sessions.
    pub fn next_sweep_in_ms(&self, now: u64) -> Option<u64> {
        let (bucket, _) = self.queue.first()?;
        Some(bucket.saturating_sub(self.clock.session_time(now)))
    }

    /// The sessions of one kind by the time at which they would expire, ascending: the "Session
    /// Sets" of the `dump` word. Sessions that have expired already are left out. Looks at every
    /// session.
    pub fn buckets(
        &self,
        kind: SessionKind,
        now: u64,
        seen: impl Fn(SessionId) -> Option<u64>,
    ) -> Vec<Bucket> {
        let session_now = self.clock.session_time(now);
        let mut sets: BTreeMap<u64, Vec<SessionId>> = BTreeMap::new();
        for &(_, session) in &self.queue {
            let Some(entry) = self.sessions.get(&session).filter(|entry| entry.kind == kind) else {
                continue;
            };
            let heard = entry.heard.max(seen(session).unwrap_or(0)).min(now);
            sets.entry(self.bucket(heard, entry.timeout_ms)).or_default().push(session);
        }
        let in_ms = |bucket: u64| bucket as i64 - session_now as i64;
        let set = |(bucket, mut sessions): (u64, Vec<SessionId>)| {
            sessions.sort_unstable();
            Bucket { expires_in_ms: in_ms(bucket), sessions }
        };
        sets.into_iter().map(set).collect()
    }
}

#[cfg(test)]
mod tests;
