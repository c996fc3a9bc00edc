//! Phase 3, broadcast: proposals, acknowledgements, commits in order. (Reference B.8, B.12.)

use std::collections::VecDeque;
use std::sync::Arc;

use codec::peer::{Activation, ConfigText, PacketType};
use codec::{Encode, ServerId, Zxid};

use super::{Effect, Leader, LearnerId, Oddity, Phase, ProposeError, StopReason};
use crate::membership::QuorumRule;
use crate::packet::{Packet, Txn};
use crate::time::Millis;

#[derive(Debug)]
pub(super) struct Outstanding {
    pub(super) txn: Txn,
    /// The configuration, if it is a reconfig.
    config: Option<ConfigText>,
    /// The quorums of the moment at which it was proposed.
    rule: Arc<QuorumRule>,
    /// Who has it on disk.
    acks: Vec<ServerId>,
}

/// Who waits for a sync.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyncFor {
    /// A learner: it is sent SYNC.
    Learner(LearnerId),
    /// A client of this server: `SyncReady` with this number.
    Own(u64),
}

/// Invariant: `last_applied <= last_committed <= last_proposed`, and `outstanding` holds exactly
/// what lies between the last two, without a hole.
#[derive(Debug)]
pub(super) struct Broadcast {
    pub(super) outstanding: VecDeque<Outstanding>,
    /// Committed, but not yet on the own disk: nothing is applied that could be lost (ZK-4882).
    unapplied: VecDeque<Txn>,
    pub(super) last_proposed: Zxid,
    pub(super) last_committed: Zxid,
    pub(super) last_applied: Zxid,
    /// The last committed transaction that has a record.
    pub(super) tip: Zxid,
    durable: Zxid,
    /// Syncs that wait, in the order of their requests, each with the zxid it waits for.
    syncs: VecDeque<(Zxid, SyncFor)>,
    /// A designated successor ends the right to commit.
    may_commit: bool,
}

impl Broadcast {
    pub(super) fn new(last_zxid: Zxid) -> Self {
        Broadcast {
            outstanding: VecDeque::new(),
            unapplied: VecDeque::new(),
            last_proposed: last_zxid,
            last_committed: last_zxid,
            last_applied: last_zxid,
            tip: last_zxid,
            durable: last_zxid,
            syncs: VecDeque::new(),
            may_commit: true,
        }
    }

    pub(super) fn start(&mut self, epoch: i64) {
        let start = Zxid::new(epoch, 0);
        self.last_proposed = start;
        self.last_committed = start;
        self.last_applied = start;
        self.durable = start;
    }

    pub(super) fn unapplied(&self) -> impl Iterator<Item = &Txn> {
        self.unapplied.iter()
    }

    pub(super) fn forget_syncs(&mut self, id: LearnerId) {
        self.syncs.retain(|(_, target)| *target != SyncFor::Learner(id));
    }

    /// Where a proposal stands in the queue.
    fn index(&self, zxid: Zxid) -> Option<usize> {
        let ahead = zxid.0.checked_sub(self.last_committed.0)?;
        let index = usize::try_from(ahead.checked_sub(1)?).ok()?;
        (index < self.outstanding.len()).then_some(index)
    }
}

impl Leader {
    /// The zxid of the next proposal; `None` while nothing may be proposed. A counter of
    /// 0xffffffff is never given out: asked for it, the leader stops and a new epoch begins
    /// (ZK-1277).
    pub fn next_zxid(&mut self) -> Option<Zxid> {
        if !matches!(self.phase, Phase::Broadcasting) {
            return None;
        }
        let next = self.broadcast.last_proposed.next();
        if next.counter() == u32::MAX {
            self.stop(StopReason::CounterExhausted);
            return None;
        }
        Some(next)
    }

    /// Proposes a transaction: to the own log and to every learner at the same time. `config` is
    /// the new configuration if it is a reconfig.
    ///
    /// # Errors
    /// [`ProposeError`]; nothing has changed then.
    pub fn propose(
        &mut self,
        now: Millis,
        txn: Txn,
        config: Option<ConfigText>,
    ) -> Result<(), ProposeError> {
        let expected = self.next_zxid().ok_or(ProposeError::NotServing)?;
        if txn.zxid != expected {
            return Err(ProposeError::OutOfOrder { expected });
        }
        if let Some(config) = &config {
            self.see_config(config.clone());
        }
        let rule = self.membership.rule();
        self.broadcast.last_proposed = txn.zxid;
        self.effects.push(Effect::Append(txn.clone()));
        for id in self.forwarding(true) {
            self.queue(now, id, txn.proposal());
        }
        self.broadcast.outstanding.push_back(Outstanding { txn, config, rule, acks: Vec::new() });
        Ok(())
    }

    /// The own log is durable up to here: the leader's own ACK of all of it.
    pub fn handle_durable(&mut self, now: Millis, zxid: Zxid) {
        self.broadcast.durable = self.broadcast.durable.max(zxid);
        self.apply_durable();
        self.count_acks_up_to(now, self.settings.me, zxid);
    }

    /// Counts a server that is known to have everything up to here on disk.
    pub(super) fn count_acks_up_to(&mut self, now: Millis, sid: ServerId, zxid: Zxid) {
        for proposal in &mut self.broadcast.outstanding {
            if proposal.txn.zxid <= zxid && !proposal.acks.contains(&sid) {
                proposal.acks.push(sid);
            }
        }
        self.try_commit(now);
    }

    pub(super) fn count_ack(&mut self, now: Millis, id: LearnerId, sid: ServerId, zxid: Zxid) {
        if zxid <= self.broadcast.last_committed {
            return;
        }
        let Some(index) = self.broadcast.index(zxid) else {
            return self.note(id, Oddity::AckOfUnknown(zxid));
        };
        let acks = &mut self.broadcast.outstanding[index].acks;
        if !acks.contains(&sid) {
            acks.push(sid);
        }
        self.try_commit(now);
    }

    /// Commits the oldest proposals as long as all their quorums have them. (B.8.3.)
    pub(super) fn try_commit(&mut self, now: Millis) {
        self.commit_ready(now);
        self.resume_parked(now);
    }

    fn commit_ready(&mut self, now: Millis) {
        while self.broadcast.may_commit && matches!(self.phase, Phase::Broadcasting) {
            let Some(oldest) = self.broadcast.outstanding.front() else { return };
            let met = oldest.rule.is_met(|sid| oldest.acks.contains(&sid));
            let alone = oldest.acks.contains(&self.settings.me) && self.oracle_decides();
            if !met && !alone {
                return;
            }
            if let Some(proposal) = self.broadcast.outstanding.pop_front() {
                self.commit(now, proposal);
            }
        }
    }

    fn commit(&mut self, now: Millis, proposal: Outstanding) {
        let Outstanding { txn, config, acks, .. } = proposal;
        let zxid = txn.zxid;
        self.broadcast.last_committed = zxid;
        let activation = config.map(|config| {
            let designated = self.designate(&config, &acks);
            (config, designated)
        });
        let (commit, inform) = announcements(&txn, activation.as_ref().map(|(_, sid)| *sid));
        for id in self.forwarding(true) {
            self.queue(now, id, commit.clone());
        }
        for id in self.forwarding(false) {
            self.queue(now, id, inform.clone());
        }
        self.broadcast.unapplied.push_back(txn);
        self.apply_durable();
        if let Some((config, designated)) = activation {
            self.put_in_force(config, designated);
        }
        self.release_syncs(now);
    }

    /// Applies what is committed and durable here, in order.
    fn apply_durable(&mut self) {
        let durable = self.broadcast.durable;
        while let Some(txn) = self.broadcast.unapplied.pop_front_if(|txn| txn.zxid <= durable) {
            self.broadcast.last_applied = txn.zxid;
            self.broadcast.tip = txn.zxid;
            self.committed.push(txn.clone());
            self.effects.push(Effect::Apply(txn));
        }
        self.release_own_syncs();
    }

    /// Learners that take part in broadcast: followers or observers.
    fn forwarding(&self, followers: bool) -> Vec<LearnerId> {
        let takes =
            |learner: &super::Learner| learner.is_forwarding() && learner.is_follower == followers;
        self.learners.iter().filter(|(_, l)| takes(l)).map(|(id, _)| *id).collect()
    }

    /// A sync request: answered once everything proposed before it is committed, and never before
    /// earlier ones of the same connection. (B.11.)
    pub fn sync(&mut self, now: Millis, target: SyncFor) {
        let broadcast = &self.broadcast;
        let behind = broadcast.outstanding.back().map(|proposal| proposal.txn.zxid);
        let zxid = behind.unwrap_or(broadcast.last_committed);
        self.broadcast.syncs.push_back((zxid, target));
        self.release_syncs(now);
        self.release_own_syncs();
    }

    fn release_syncs(&mut self, now: Millis) {
        let committed = self.broadcast.last_committed;
        let ready = |(zxid, target): &(Zxid, SyncFor)| match target {
            SyncFor::Learner(id) => (*zxid <= committed).then_some(*id),
            SyncFor::Own(_) => None,
        };
        let learners: Vec<_> = self.broadcast.syncs.iter().filter_map(ready).collect();
        if learners.is_empty() {
            return;
        }
        self.broadcast.syncs.retain(|sync| ready(sync).is_none());
        for id in learners {
            self.queue(now, id, Packet::bare(PacketType::Sync, Zxid::ZERO));
        }
    }

    fn release_own_syncs(&mut self) {
        let applied = self.broadcast.last_applied;
        let effects = &mut self.effects;
        self.broadcast.syncs.retain(|(zxid, target)| match target {
            SyncFor::Own(number) if *zxid <= applied => {
                effects.push(Effect::SyncReady(*number));
                false
            }
            _ => true,
        });
    }

    pub(super) fn commit_config(&mut self, config: ConfigText, acked: &[ServerId]) {
        let designated = self.designate(&config, acked);
        self.put_in_force(config, designated);
    }

    fn put_in_force(&mut self, config: ConfigText, designated: ServerId) {
        if self.membership.commit(config.clone()) {
            self.broadcast.may_commit &= designated == self.settings.me;
            self.effects.push(Effect::ConfigCommitted { config, designated });
        }
    }

    /// Who leads under a new configuration: this server if it votes there at the same address, else
    /// a voter that acknowledged the reconfig and as many later proposals as possible. (B.12.)
    fn designate(&self, config: &ConfigText, acked: &[ServerId]) -> ServerId {
        let me = self.settings.me;
        let quorum_addresses = |config: &ConfigText| {
            let spec = config.servers.get(&me)?;
            let mut addresses: Vec<_> = spec.addresses.iter().map(|a| a.quorum()).collect();
            addresses.sort();
            Some(addresses)
        };
        let stays = config.participants().any(|sid| sid == me)
            && quorum_addresses(config) == quorum_addresses(self.membership.committed());
        let voters = config.participants().filter(|sid| *sid != me && acked.contains(sid));
        let mut candidates: Vec<_> = voters.collect();
        candidates.sort();
        if stays || candidates.is_empty() {
            return me;
        }
        for proposal in &self.broadcast.outstanding {
            let still = candidates.iter().copied().filter(|sid| proposal.acks.contains(sid));
            let still: Vec<_> = still.collect();
            if still.is_empty() {
                break;
            }
            candidates = still;
        }
        candidates[0]
    }
}

/// COMMIT and INFORM, or their activating forms for a reconfig.
fn announcements(txn: &Txn, designated: Option<ServerId>) -> (Packet, Packet) {
    let Some(designated) = designated else { return (txn.commit(), txn.inform()) };
    let commit = designated.to_bytes().freeze();
    let inform = Activation { designated, txn: &txn.data }.to_bytes().freeze();
    (
        Packet::with_data(PacketType::CommitAndActivate, txn.zxid, commit),
        Packet::with_data(PacketType::InformAndActivate, txn.zxid, inform),
    )
}
