//! What happens by the clock: sessions expire, empty containers and stale TTL nodes go.

use std::sync::atomic::Ordering;

use codec::{SessionId, Xid};
use tree::NodeKind;
use tree::session::SweepBudget;
use tree::tree::Tree;

use super::Replica;
use super::clock::Now;
use super::pipeline::Origin;

/// Sessions ended in one go: the death of many thousands must not hold up everybody else.
const EXPIRE_AT_ONCE: usize = 64;
/// Transactions proposed in one go to end expired sessions.
const BURY_AT_ONCE: usize = 256;
/// Sessions whose last sign of life is looked up in one go.
const LOOK_AT_ONCE: usize = 4096;

/// Containers and TTL nodes, and how often they are looked at.
#[derive(Debug, Clone, Copy)]
pub struct ReaperRules {
    /// `znode.container.checkIntervalMs`.
    pub interval_ms: u64,
    /// `znode.container.maxPerMinute`: deletions in 60 s.
    pub per_minute: u32,
    /// `znode.container.maxNeverUsedIntervalMs`; 0: containers that never had a child stay.
    pub never_used_ms: i64,
}

impl Default for ReaperRules {
    fn default() -> Self {
        ReaperRules { interval_ms: 60_000, per_minute: 10_000, never_used_ms: 0 }
    }
}

/// What a tick did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ticked {
    /// Something went to the log: it wants to be synced.
    pub appended: bool,
    /// There is more to do at once; let others go first, then tick again.
    pub unfinished: bool,
}

impl Replica {
    /// Lets time pass: expires sessions. `asleep_ms` is how long the machine has been suspended
    /// since it started.
    pub fn tick(&self, now: Now, asleep_ms: u64) -> Ticked {
        let ms = now.instant.millis();
        let mut pipeline = self.pipeline.lock();
        if let Some(stall) = pipeline.sessions.beat(ms, asleep_ms) {
            tracing::warn!("this server stood still; {stall}");
            self.metrics.jvm_pause_time_ms.record(stall.stood_still_ms * 1000);
        }
        let budget = SweepBudget { expire: EXPIRE_AT_ONCE, look: LOOK_AT_ONCE };
        let heard = |session| self.sessions.get(&session).map(|connection| connection.heard_ms(ms));
        let sweep = pipeline.sessions.expired_with(ms, budget, heard);
        for expiry in &sweep.expired {
            tracing::info!("expiring: {expiry}");
            self.metrics.stale_sessions_expired.one();
            if let Some(holder) = self.sessions.get(&expiry.session) {
                holder.lock().muted = true;
            }
            pipeline.doom(expiry.session);
        }
        let before = pipeline.in_flight();
        let tree = self.tree.read();
        let left = pipeline.bury(&tree, BURY_AT_ONCE, now.wall_ms, now.instant);
        let appended = pipeline.in_flight() > before;
        self.in_flight.store(pipeline.in_flight(), Ordering::Relaxed);
        Ticked { appended, unfinished: sweep.unfinished || left }
    }

    /// Ends sessions that own ephemerals and that nobody tracks: what a crash between two servers
    /// can leave behind. Answers whether something went to the log.
    pub fn close_orphans(&self, now: Now) -> bool {
        let mut pipeline = self.pipeline.lock();
        let tree = self.tree.read();
        let tracked = |session: &SessionId| pipeline.sessions.is_tracked(*session);
        let orphans: Vec<_> =
            tree.ephemeral_sessions().filter(|session| !tracked(session)).collect();
        for session in &orphans {
            tracing::warn!(%session, "closing: it owns ephemerals and is in no session table");
            let nobody = Origin::Nobody;
            pipeline.close_session(&tree, *session, Xid(0), now.wall_ms, nobody, now.instant);
        }
        !orphans.is_empty()
    }

    /// Proposes the deletion of containers that have lost their last child and of TTL nodes whose
    /// time is over; at most as many as one interval may. Answers whether something went to the
    /// log.
    pub fn reap(&self, rules: ReaperRules, now: Now) -> bool {
        let most = u64::from(rules.per_minute) * rules.interval_ms.max(1000) / 60_000;
        let due: Vec<String> = {
            let tree = self.tree.read();
            let nodes = tree.containers().chain(tree.ttl_nodes());
            let due = nodes.filter(|id| is_due(&tree, *id, rules, now.wall_ms));
            due.take(most.max(1) as usize).map(|id| tree.path_of(id)).collect()
        };
        let mut pipeline = self.pipeline.lock();
        let tree = self.tree.read();
        for path in &due {
            tracing::debug!(path, "reaping");
            pipeline.reap(&tree, path, now.wall_ms, now.instant);
        }
        !due.is_empty()
    }
}

fn is_due(tree: &Tree, id: tree::NodeId, rules: ReaperRules, wall_ms: i64) -> bool {
    let node = tree.node(id);
    if node.num_children() > 0 {
        return false;
    }
    let age = wall_ms - node.stat().mtime;
    match node.kind() {
        NodeKind::Container => {
            node.child_counter() > 0 || rules.never_used_ms != 0 && age > rules.never_used_ms
        }
        NodeKind::Ttl { ms } => age > ms,
        _ => false,
    }
}
