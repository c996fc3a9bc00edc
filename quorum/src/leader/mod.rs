//! The leader: from its election until it gives up.
//!
//! ```text
//!  Discovering ─quorum connected─▶ AcceptingEpoch ─durable─▶ AwaitingEpochAcks
//!        ─quorum of ACKEPOCH─▶ Synchronising ─quorum of NEWLEADER acks─▶ Broadcasting ─▶ Stopped
//! ```
//!
//! A fresh [`Leader`] per leadership. The driver hands in connections, packets, completed disk
//! work and wakes; it carries out the [`Effect`]s at once and in order. (Reference B.3, B.7 to
//! B.9, B.12.)

pub mod effect;
mod learners;
mod liveness;
mod propose;

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use codec::peer::{ConfigText, PacketType};
use codec::{ServerId, Zxid};

use crate::discovery::{EpochChoice, Standing};
use crate::membership::Membership;
use crate::packet::Packet;
use crate::sync::CommittedLog;
use crate::time::{Millis, Timing};
pub use effect::{CloseReason, Effect, LearnerId, Oddity, ProposeError, StopReason};
use learners::{Learner, Stage};
use propose::Broadcast;
pub use propose::SyncFor;

/// What does not change during a leadership.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// `myid`.
    pub me: ServerId,
    /// Deadlines.
    pub timing: Timing,
    /// `reconfigEnabled`.
    pub reconfig_enabled: bool,
    /// `oraclePath` is set.
    pub has_oracle: bool,
    /// `zookeeper.forceSnapshotSync`.
    pub force_snapshot: bool,
    /// Send TRUNC where Apache does, instead of SNAP.
    pub prefer_trunc: bool,
    /// `zookeeper.leader.maxConcurrentSnapSyncs`: observers beyond it are turned away.
    pub snap_syncs_max: usize,
    /// `zookeeper.leader.maxConcurrentDiffSyncs`, likewise.
    pub diff_syncs_max: usize,
    /// Bytes that may wait for one learner until its UPTODATE.
    pub held_bytes_max: usize,
    /// `zookeeper.leader.maxTimeToWaitForEpoch`, ms; `None`: off.
    pub epoch_wait_ms_max: Option<u64>,
}

impl Settings {
    /// Apache's defaults, and 64 MiB for what is held back.
    pub fn new(me: ServerId, timing: Timing) -> Self {
        Settings {
            me,
            timing,
            reconfig_enabled: false,
            has_oracle: false,
            force_snapshot: false,
            prefer_trunc: false,
            snap_syncs_max: 10,
            diff_syncs_max: 100,
            held_bytes_max: 64 << 20,
            epoch_wait_ms_max: None,
        }
    }
}

/// What the leader brings from its past, all of it durable.
#[derive(Debug, Clone)]
pub struct Past {
    /// `acceptedEpoch`.
    pub accepted_epoch: i64,
    /// `currentEpoch`.
    pub current_epoch: i64,
    /// Last zxid of the tree, the whole log applied.
    pub last_zxid: Zxid,
    /// The newest transactions of that history, as the last role gave it back; dropped unless it
    /// ends at `last_zxid`.
    pub committed: CommittedLog,
}

#[derive(Debug)]
enum Phase {
    Discovering(EpochChoice),
    AcceptingEpoch,
    AwaitingEpochAcks(BTreeSet<ServerId>),
    Synchronising,
    Broadcasting,
    Stopped,
}

/// One leadership.
#[derive(Debug)]
pub struct Leader {
    settings: Settings,
    membership: Membership,
    /// Last zxid of the history that this leadership began with.
    initial: Standing,
    phase: Phase,
    /// When the phase began; each before Broadcasting lasts at most `initLimit`.
    phase_since: Millis,
    /// Invariant: 0 until it is chosen.
    epoch: i64,
    /// Servers whose ACK of NEWLEADER counts; the leader's own once `currentEpoch` is durable.
    new_leader_acks: BTreeSet<ServerId>,
    learners: BTreeMap<LearnerId, Learner>,
    /// Ids for learners that have none: -1, -2, …
    anonymous: i64,
    broadcast: Broadcast,
    committed: CommittedLog,
    oracle_allows: bool,
    /// Half ticks since the start.
    half_ticks: u64,
    next_wake: Millis,
    effects: Vec<Effect>,
}

impl Leader {
    /// Begins a leadership: LEADING was decided.
    pub fn new(now: Millis, settings: Settings, membership: Membership, mut past: Past) -> Self {
        past.committed.must_end_at(past.last_zxid);
        let initial = Standing { epoch: past.current_epoch, last_zxid: past.last_zxid };
        let choice = EpochChoice::new(settings.me, past.accepted_epoch);
        let mut leader = Leader {
            settings,
            membership,
            initial,
            phase: Phase::Discovering(choice),
            phase_since: now,
            epoch: 0,
            new_leader_acks: BTreeSet::new(),
            learners: BTreeMap::new(),
            anonymous: 0,
            broadcast: Broadcast::new(past.last_zxid),
            committed: past.committed,
            oracle_allows: false,
            half_ticks: 0,
            next_wake: now + settings.timing.tick_ms.div_ceil(2),
            effects: Vec::new(),
        };
        leader.try_choose_epoch(now);
        leader
    }

    /// The epoch, once chosen.
    pub fn epoch(&self) -> Option<i64> {
        (self.epoch > 0).then_some(self.epoch)
    }

    /// Whether the epoch is established.
    pub fn is_serving(&self) -> bool {
        matches!(self.phase, Phase::Broadcasting)
    }

    /// The configurations that it counts by.
    pub fn membership(&self) -> &Membership {
        &self.membership
    }

    /// The last committed zxid.
    pub fn last_committed(&self) -> Zxid {
        self.broadcast.last_committed
    }

    /// Proposals that are not committed.
    pub fn outstanding(&self) -> usize {
        self.broadcast.outstanding.len()
    }

    /// Learners by id and whether each is a follower that takes part in broadcast (else an
    /// observer, or not there yet): for the operator's figures.
    pub fn learners(&self) -> impl Iterator<Item = (LearnerId, ServerId, bool)> {
        let live = |l: &Learner| l.is_follower && matches!(l.stage, Stage::Live);
        self.learners.iter().filter_map(move |(id, l)| Some((*id, l.sid?, live(l))))
    }

    /// Gives back the window of committed transactions, for the next role.
    pub fn into_committed(self) -> CommittedLog {
        self.committed
    }

    /// Hands out what is to be done, in order.
    pub fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// What the oracle's file says now; to be read again before every wake.
    pub fn set_oracle(&mut self, allows: bool) {
        self.oracle_allows = allows;
    }

    /// `acceptedEpoch` is durable: now, and not before, the epoch is told. (B.3.)
    pub fn handle_accepted_epoch_persisted(&mut self, now: Millis) {
        if !matches!(self.phase, Phase::AcceptingEpoch) {
            return;
        }
        self.enter(now, Phase::AwaitingEpochAcks(BTreeSet::from([self.settings.me])));
        for learner in self.in_stage(|stage| matches!(stage, Stage::AwaitingEpoch)) {
            self.offer_epoch(now, learner);
        }
        self.try_finish_election(now);
    }

    /// `currentEpoch` is durable: now the leader's own vote for NEWLEADER counts. (B.7.)
    pub fn handle_current_epoch_persisted(&mut self, now: Millis) {
        if matches!(self.phase, Phase::Synchronising) {
            self.new_leader_acks.insert(self.settings.me);
            self.try_start(now);
        }
    }

    fn enter(&mut self, now: Millis, phase: Phase) {
        self.phase = phase;
        self.phase_since = now;
    }

    fn stop(&mut self, reason: StopReason) {
        if !matches!(self.phase, Phase::Stopped) {
            self.phase = Phase::Stopped;
            self.learners.clear();
            self.effects.push(Effect::Stop(reason));
        }
    }

    fn try_choose_epoch(&mut self, now: Millis) {
        let Phase::Discovering(choice) = &self.phase else { return };
        if let Some(epoch) = choice.chosen(&self.membership.committed_rule()) {
            self.epoch = epoch;
            self.broadcast.last_proposed = Zxid::new(epoch, 0);
            self.enter(now, Phase::AcceptingEpoch);
            self.effects.push(Effect::PersistAcceptedEpoch(epoch));
        }
    }

    /// A quorum has acknowledged the epoch: nobody knows more than this server.
    fn try_finish_election(&mut self, now: Millis) {
        let Phase::AwaitingEpochAcks(acks) = &self.phase else { return };
        if !self.membership.committed_rule().is_met(|sid| acks.contains(&sid)) {
            return;
        }
        self.effects.push(Effect::PersistCurrentEpoch(self.epoch));
        self.name_first_configuration();
        self.enter(now, Phase::Synchronising);
        for learner in self.in_stage(|stage| matches!(stage, Stage::AwaitingElection)) {
            self.start_sync(now, learner, None);
        }
    }

    /// A configuration that never had a version gets that of the first epoch. (B.3.)
    fn name_first_configuration(&mut self) {
        let last_seen = self.membership.last_seen();
        if self.settings.reconfig_enabled && last_seen.version == 0 {
            let version = Zxid::new(self.epoch, 0).0;
            let config = ConfigText { version, ..last_seen.clone() };
            self.see_config(config);
        }
    }

    fn see_config(&mut self, config: ConfigText) {
        if self.membership.see(config.clone()) {
            self.effects.push(Effect::ConfigSeen(config));
        }
    }

    /// A quorum holds the leader's history: the epoch is established. (B.7.)
    fn try_start(&mut self, now: Millis) {
        let rule = self.membership.rule();
        let own = self.new_leader_acks.contains(&self.settings.me);
        let met = rule.is_met(|sid| self.new_leader_acks.contains(&sid));
        if !matches!(self.phase, Phase::Synchronising) || !own || !met {
            return;
        }
        self.enter(now, Phase::Broadcasting);
        self.broadcast.start(self.epoch);
        self.effects.push(Effect::Serve { epoch: self.epoch });
        self.activate_last_seen();
        for learner in self.in_stage(|stage| matches!(stage, Stage::Acked)) {
            self.release(now, learner);
        }
    }

    /// Starting to lead completes a reconfiguration that was left undecided.
    fn activate_last_seen(&mut self) {
        let config = self.membership.last_seen().clone();
        if self.settings.reconfig_enabled && config.version > self.membership.committed().version {
            let acked: Vec<_> = self.new_leader_acks.iter().copied().collect();
            self.commit_config(config, &acked);
        }
    }

    fn in_stage(&self, is: impl Fn(&Stage) -> bool) -> Vec<LearnerId> {
        self.learners.iter().filter(|(_, l)| is(&l.stage)).map(|(id, _)| *id).collect()
    }

    /// Answers a REVALIDATE: `data` is `(i64 session, bool valid)`.
    pub fn revalidated(&mut self, now: Millis, to: LearnerId, data: Bytes) {
        let packet = Packet::with_data(PacketType::Revalidate, Zxid(-1), data);
        self.queue(now, to, packet);
    }
}

#[cfg(test)]
mod tests;
