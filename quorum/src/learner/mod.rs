//! A learner, follower or observer: from the connection to its leader until it leaves.
//!
//! ```text
//!  Joining (crate::sync::learner): discovery, DIFF/TRUNC/SNAP, NEWLEADER, UPTODATE
//!     └─▶ Following (crate::follower) or Observing (crate::observer) ─▶ Gone
//! ```
//!
//! A fresh [`Learner`] per connection. The driver hands in packets, completed disk work and wakes;
//! it carries out the [`Effect`]s at once and in order. (Reference B.3, B.6, B.8 to B.11.)

pub mod effect;

use bytes::Bytes;
use codec::peer::{ConfigText, PacketType, Role};
use codec::{Id, ServerId, Zxid};

use crate::follower::Follower;
use crate::membership::Membership;
use crate::observer::Observer;
use crate::packet::{Packet, Txn};
use crate::sync::CommittedLog;
use crate::sync::learner::Joining;
use crate::time::{Millis, Timing};
pub use effect::{Effect, Leave, LeaveReason, Oddity};

/// What does not change while the learner is with its leader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// `myid`.
    pub me: ServerId,
    /// Follower or observer.
    pub role: Role,
    /// Whom the election named.
    pub leader: ServerId,
    /// Deadlines.
    pub timing: Timing,
    /// `reconfigEnabled`: otherwise activations change nothing.
    pub reconfig_enabled: bool,
    /// No snapshot is on disk and that was allowed (`snapshot.trust.empty`): write one even after
    /// a DIFF.
    pub snapshot_wanted: bool,
    /// Bytes that may wait while the disk works during synchronisation.
    pub held_bytes_max: usize,
}

/// What the learner brings from its past, all of it durable.
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

/// What all phases of a learner share.
#[derive(Debug)]
pub(crate) struct Common {
    pub(crate) settings: Settings,
    pub(crate) membership: Membership,
    /// Invariant: 0 until LEADERINFO.
    pub(crate) epoch: i64,
    pub(crate) effects: Vec<Effect>,
    /// For the time when this server leads.
    pub(crate) committed: CommittedLog,
    /// When the last packet came.
    pub(crate) heard_at: Millis,
    /// How long the leader may be silent, ms.
    pub(crate) patience_ms: u64,
    /// Set when the role ended.
    gone: bool,
}

impl Common {
    pub(crate) fn send(&mut self, packet: Packet) {
        self.effects.push(Effect::Send(packet));
    }

    pub(crate) fn ack(&mut self, zxid: Zxid) {
        self.send(Packet::bare(PacketType::Ack, zxid));
    }

    pub(crate) fn apply(&mut self, txn: Txn) {
        self.committed.push(txn.clone());
        self.effects.push(Effect::Apply(txn));
    }

    pub(crate) fn note(&mut self, oddity: Oddity) {
        self.effects.push(Effect::Oddity(oddity));
    }

    pub(crate) fn leave(&mut self, reason: LeaveReason, discard_memory: bool) {
        if !self.gone {
            self.gone = true;
            self.effects.push(Effect::Leave(Leave { reason, discard_memory }));
        }
    }

    pub(crate) fn is_gone(&self) -> bool {
        self.gone
    }

    /// A proposal came: if it is a reconfiguration, it counts as seen from now on. (B.12.)
    pub(crate) fn see_proposal(&mut self, txn: &Txn) {
        if self.settings.reconfig_enabled
            && let Some(config) = crate::membership::config_in(&txn.data)
        {
            self.see_config(config);
        }
    }

    pub(crate) fn see_config(&mut self, config: ConfigText) {
        if self.membership.see(config.clone()) {
            self.effects.push(Effect::ConfigSeen(config));
        }
    }

    pub(crate) fn commit_config(&mut self, config: ConfigText) {
        if self.membership.commit(config.clone()) {
            self.effects.push(Effect::ConfigCommitted(config));
        }
    }

    /// Puts a committed reconfiguration in force; a server that gets another role, or whose leader
    /// is not the designated one, leaves. (B.12.)
    pub(crate) fn activate(&mut self, txn: &Txn, designated: ServerId) {
        let config = crate::membership::config_in(&txn.data);
        let Some(config) = config.filter(|_| self.settings.reconfig_enabled) else { return };
        let before = self.membership.role(self.settings.me);
        self.commit_config(config);
        let after = self.membership.role(self.settings.me);
        if before != after || designated != self.settings.leader {
            self.leave(LeaveReason::Reconfigured { designated, zxid: txn.zxid }, false);
        }
    }
}

#[derive(Debug)]
enum Phase {
    Joining(Box<Joining>),
    Following(Follower),
    Observing(Observer),
}

/// One stay with one leader.
#[derive(Debug)]
pub struct Learner {
    common: Common,
    phase: Phase,
}

impl Learner {
    /// The connection to the leader stands: introduces this server.
    pub fn new(now: Millis, settings: Settings, membership: Membership, mut past: Past) -> Self {
        past.committed.must_end_at(past.last_zxid);
        let unfilled = CommittedLog::new(0, 0);
        let mut common = Common {
            settings,
            membership,
            epoch: 0,
            effects: Vec::new(),
            committed: std::mem::replace(&mut past.committed, unfilled),
            heard_at: now,
            patience_ms: settings.timing.init_ms(),
            gone: false,
        };
        let joining = Joining::new(&mut common, past);
        Learner { common, phase: Phase::Joining(Box::new(joining)) }
    }

    /// Whether the driver should go on reading packets: not while the disk works on one.
    pub fn wants_packets(&self) -> bool {
        match &self.phase {
            Phase::Joining(joining) => !joining.is_busy(),
            _ => !self.common.gone,
        }
    }

    /// Whether it is synchronised.
    pub fn is_serving(&self) -> bool {
        !matches!(self.phase, Phase::Joining(_))
    }

    /// Gives back the window of committed transactions, for the next role.
    pub fn into_committed(self) -> CommittedLog {
        self.common.committed
    }

    /// The configurations that it knows.
    pub fn membership(&self) -> &Membership {
        &self.common.membership
    }

    /// Hands out what is to be done, in order.
    pub fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.common.effects)
    }

    /// A packet of the leader.
    pub fn handle_packet(&mut self, now: Millis, packet: Packet) {
        if self.common.gone {
            return;
        }
        self.common.heard_at = now;
        match &mut self.phase {
            Phase::Joining(joining) => joining.handle_packet(&mut self.common, packet),
            Phase::Following(follower) => follower.handle_packet(&mut self.common, packet),
            Phase::Observing(observer) => observer.handle_packet(&mut self.common, packet),
        }
        self.try_serve();
    }

    /// The connection broke.
    pub fn handle_disconnected(&mut self) {
        self.leave(LeaveReason::Disconnected);
    }

    /// When the core wants to be woken: the leader has been silent for too long then.
    pub fn next_wake(&self) -> Option<Millis> {
        let waits = self.wants_packets() && !self.common.gone;
        waits.then(|| self.common.heard_at + self.common.patience_ms)
    }

    /// To be called at [`Learner::next_wake`] or later.
    pub fn handle_wake(&mut self, now: Millis) {
        if self.next_wake().is_some_and(|wake| now >= wake) {
            self.leave(LeaveReason::Silent);
        }
    }

    /// Bytes of a tree came in: the leader lives.
    pub fn handle_progress(&mut self, now: Millis) {
        self.common.heard_at = self.common.heard_at.max(now);
    }

    /// `acceptedEpoch` is durable.
    pub fn handle_accepted_epoch_persisted(&mut self, now: Millis) {
        self.join(now, |joining, common| joining.handle_accepted_epoch_persisted(common));
    }

    /// `currentEpoch` is durable.
    pub fn handle_current_epoch_persisted(&mut self, now: Millis) {
        self.join(now, |joining, common| joining.handle_current_epoch_persisted(common));
    }

    /// The log is cut, snapshots above are gone, the tree is loaded; or that failed.
    pub fn handle_truncated(&mut self, now: Millis, worked: bool) {
        self.join(now, |joining, common| joining.handle_truncated(common, worked));
    }

    /// The whole tree was read and its signature is right.
    pub fn handle_snapshot_received(&mut self, now: Millis) {
        self.join(now, |joining, common| joining.handle_snapshot_received(common));
    }

    /// The snapshot is durable.
    pub fn handle_snapshot_saved(&mut self, now: Millis) {
        self.join(now, |joining, common| joining.handle_snapshot_saved(common));
    }

    /// The log is durable up to here.
    pub fn handle_durable(&mut self, now: Millis, zxid: Zxid) {
        match &mut self.phase {
            Phase::Joining(_) => self.join(now, |joining, c| joining.handle_durable(c, zxid)),
            Phase::Following(follower) => follower.handle_durable(&mut self.common, zxid),
            Phase::Observing(observer) => observer.handle_durable(&mut self.common, zxid),
        }
    }

    /// Forwards a client's request: `data` is session, xid, op and the request's bytes.
    pub fn request(&mut self, data: Bytes, authinfo: Option<Vec<Id<'static>>>) {
        let packet = Packet::with_data(PacketType::Request, Zxid(-1), data);
        self.send_live(Packet { authinfo, ..packet });
    }

    /// Asks the leader whether a session lives: `data` is `(i64 session, i32 timeout)`.
    pub fn revalidate(&mut self, data: Bytes) {
        self.send_live(Packet::with_data(PacketType::Revalidate, Zxid(-1), data));
    }

    /// Answers a PING: `data` is `(i64 session, i32 timeout)*`.
    pub fn answer_ping(&mut self, ping: Packet, data: Bytes) {
        self.send_live(Packet { data: Some(data), ..ping });
    }

    fn send_live(&mut self, packet: Packet) {
        if self.is_serving() && !self.common.gone {
            self.common.send(packet);
        }
    }

    fn leave(&mut self, reason: LeaveReason) {
        let discard = match &self.phase {
            Phase::Joining(joining) => joining.memory_is_foreign(),
            _ => false,
        };
        self.common.leave(reason, discard);
    }

    fn join(&mut self, now: Millis, step: impl FnOnce(&mut Joining, &mut Common)) {
        if self.common.gone {
            return;
        }
        if let Phase::Joining(joining) = &mut self.phase {
            // The leader was not listened to while the disk worked.
            self.common.heard_at = self.common.heard_at.max(now);
            step(joining, &mut self.common);
            joining.drain(&mut self.common);
        }
        self.try_serve();
    }

    /// UPTODATE came: serve, then take up what is undecided.
    fn try_serve(&mut self) {
        let Phase::Joining(joining) = &mut self.phase else { return };
        let Some(rest) = joining.take_finished() else { return };
        let common = &mut self.common;
        common.effects.push(Effect::Serve { epoch: common.epoch });
        self.phase = match common.settings.role {
            Role::Participant => Phase::Following(Follower::new(common, rest.last, rest.pending)),
            Role::Observer => Phase::Observing(Observer::new(rest.last, rest.pending)),
        };
        for packet in rest.late {
            let heard_at = self.common.heard_at;
            self.handle_packet(heard_at, packet);
        }
    }
}

#[cfg(test)]
mod tests;
