//! One learner's way through discovery and synchronisation, as the leader sees it, and what it
//! sends afterwards. (Reference B.3, B.4, B.6, B.7.)

use std::collections::VecDeque;

use codec::peer::payload::decode_i32;
use codec::peer::{LearnerInfo, PacketType};
use codec::{ServerId, Zxid};

use super::{CloseReason, Effect, Leader, LearnerId, Oddity, Phase, StopReason};
use crate::discovery::{EpochAck, Standing};
use crate::packet::Packet;
use crate::sync::{DiskWindow, Plan, PlanInput, Step, plan};
use crate::time::Millis;

/// Where a learner stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Has said nothing.
    Connected,
    /// Waits for the epoch.
    AwaitingEpoch,
    /// Was sent LEADERINFO.
    EpochOffered,
    /// Waits until a quorum has acknowledged the epoch.
    AwaitingElection,
    /// Has transactions of this epoch that are not applied here yet.
    AwaitingCommit,
    /// Waits for what the log on disk says.
    AskedDisk,
    /// Was sent NEWLEADER; `by_snap`: with a whole tree.
    Synchronising { by_snap: bool },
    /// Has acknowledged NEWLEADER.
    Acked,
    /// Was sent UPTODATE.
    Live,
}

#[derive(Debug)]
pub(super) struct Learner {
    pub(super) sid: Option<ServerId>,
    pub(super) is_follower: bool,
    pub(super) stage: Stage,
    /// Its last zxid, from ACKEPOCH.
    pub(super) last_zxid: Zxid,
    /// Last packet from it, or the last step that gave it new time.
    pub(super) heard_at: Millis,
    /// Counts as synced up to this tick.
    pub(super) tick_deadline: u64,
    /// Broadcast that waits for UPTODATE.
    held: Vec<Packet>,
    held_bytes: usize,
    /// Proposals sent and not acknowledged, with the time of sending.
    pub(super) unacked: VecDeque<(Zxid, Millis)>,
}

impl Learner {
    /// Whether broadcast goes to it, now or behind UPTODATE.
    pub(super) fn is_forwarding(&self) -> bool {
        matches!(self.stage, Stage::Synchronising { .. } | Stage::Acked | Stage::Live)
    }
}

impl Leader {
    /// A learner has connected.
    pub fn handle_connected(&mut self, now: Millis, id: LearnerId) {
        if matches!(self.phase, Phase::Stopped) {
            return;
        }
        let timing = self.settings.timing;
        let learner = Learner {
            sid: None,
            is_follower: false,
            stage: Stage::Connected,
            last_zxid: Zxid::UNKNOWN,
            heard_at: now,
            tick_deadline: self.tick() + timing.init_limit + timing.sync_limit,
            held: Vec::new(),
            held_bytes: 0,
            unacked: VecDeque::new(),
        };
        self.learners.insert(id, learner);
    }

    /// A learner's connection is gone.
    pub fn handle_closed(&mut self, id: LearnerId) {
        self.learners.remove(&id);
        self.broadcast.forget_syncs(id);
    }

    /// Bytes of a long transfer have left for a learner: it need not answer yet.
    pub fn handle_progress(&mut self, now: Millis, id: LearnerId) {
        if let Some(learner) = self.learners.get_mut(&id) {
            learner.heard_at = now;
        }
    }

    /// A packet of a learner.
    pub fn handle_packet(&mut self, now: Millis, id: LearnerId, packet: Packet) {
        let tick = self.tick() + self.settings.timing.sync_limit;
        let Some(learner) = self.learners.get_mut(&id) else { return };
        learner.heard_at = now;
        learner.tick_deadline = learner.tick_deadline.max(tick);
        match learner.stage {
            Stage::Connected => self.introduce(now, id, &packet),
            Stage::EpochOffered => self.take_epoch_ack(now, id, &packet),
            Stage::Synchronising { .. } => self.take_new_leader_ack(now, id, packet),
            Stage::Acked | Stage::Live => self.take_broadcast(now, id, packet),
            Stage::AwaitingEpoch
            | Stage::AwaitingElection
            | Stage::AwaitingCommit
            | Stage::AskedDisk => {
                self.note(id, Oddity::Unexpected(packet.code));
            }
        }
    }

    pub(super) fn close(&mut self, id: LearnerId, reason: CloseReason) {
        if let Some(learner) = self.learners.remove(&id) {
            self.broadcast.forget_syncs(id);
            self.effects.push(Effect::Close { learner: id, sid: learner.sid, reason });
        }
    }

    pub(super) fn note(&mut self, from: LearnerId, oddity: Oddity) {
        self.effects.push(Effect::Oddity { from, oddity });
    }

    /// FOLLOWERINFO or OBSERVERINFO.
    fn introduce(&mut self, now: Millis, id: LearnerId, packet: &Packet) {
        let is_follower = match packet.kind() {
            Some(PacketType::FollowerInfo) => true,
            Some(PacketType::ObserverInfo) => false,
            _ => return self.close(id, CloseReason::NoIntroduction(packet.code)),
        };
        let info = LearnerInfo::from_data(packet.data.as_deref());
        if info.protocol_version < codec::peer::packet::PROTOCOL_VERSION {
            return self.close(id, CloseReason::TooOld);
        }
        let version = info.config_version.unwrap_or(0);
        if version > self.membership.committed().version {
            return self.close(id, CloseReason::NewerConfig(version));
        }
        let sid = self.name(info.sid);
        self.replace_older(id, sid);
        let accepted = packet.zxid.epoch();
        // Only once the own choice is durable: otherwise the next one would be no higher.
        let settled = !matches!(self.phase, Phase::Discovering(_) | Phase::AcceptingEpoch);
        if settled && accepted > self.epoch && self.membership.is_voter(sid) {
            return self.stop(StopReason::VoterAccepted(sid, accepted));
        }
        let Some(learner) = self.learners.get_mut(&id) else { return };
        learner.sid = Some(sid);
        learner.is_follower = is_follower;
        learner.stage = Stage::AwaitingEpoch;
        match &mut self.phase {
            Phase::Discovering(choice) => {
                choice.join(sid, accepted);
                self.try_choose_epoch(now);
            }
            Phase::AcceptingEpoch => {}
            _ => self.offer_epoch(now, id),
        }
    }

    fn name(&mut self, sid: Option<ServerId>) -> ServerId {
        sid.unwrap_or_else(|| {
            self.anonymous -= 1;
            ServerId(self.anonymous)
        })
    }

    /// A server that connects anew has lost its old connection, whether we know it or not.
    fn replace_older(&mut self, id: LearnerId, sid: ServerId) {
        let same = |(other, learner): (&LearnerId, &super::Learner)| {
            (*other != id && learner.sid == Some(sid)).then_some(*other)
        };
        let older: Vec<_> = self.learners.iter().filter_map(same).collect();
        older.into_iter().for_each(|other| self.close(other, CloseReason::Replaced));
    }

    /// LEADERINFO; only ever called when acceptedEpoch is durable.
    pub(super) fn offer_epoch(&mut self, now: Millis, id: LearnerId) {
        let Some(learner) = self.learners.get_mut(&id) else { return };
        learner.stage = Stage::EpochOffered;
        learner.heard_at = now;
        let version = codec::peer::packet::PROTOCOL_VERSION.to_be_bytes();
        let data = bytes::Bytes::copy_from_slice(&version);
        let packet = Packet::with_data(PacketType::LeaderInfo, Zxid::new(self.epoch, 0), data);
        self.effects.push(Effect::Send { to: id, packet });
    }

    /// ACKEPOCH. Until the election is finished, one who knows more than the leader is turned away;
    /// afterwards nobody is compared: what such a one has more was never committed.
    fn take_epoch_ack(&mut self, now: Millis, id: LearnerId, packet: &Packet) {
        let epoch = decode_i32(packet.data.as_deref());
        let (Some(PacketType::AckEpoch), Ok(epoch)) = (packet.kind(), epoch) else {
            return self.close(id, CloseReason::NoEpochAck(packet.code));
        };
        let Some(learner) = self.learners.get_mut(&id) else { return };
        learner.last_zxid = packet.zxid;
        learner.stage = Stage::AwaitingElection;
        let standing = Standing { epoch: epoch.into(), last_zxid: packet.zxid };
        let verdict = standing.judge(self.initial);
        let sid = learner.sid;
        let Phase::AwaitingEpochAcks(acks) = &mut self.phase else {
            return self.start_sync(now, id, None);
        };
        match (verdict, sid) {
            (EpochAck::Ahead, _) => return self.close(id, CloseReason::Ahead(packet.zxid)),
            (EpochAck::Counts, Some(sid)) => {
                acks.insert(sid);
            }
            _ => {}
        }
        self.try_finish_election(now);
    }

    /// What the log on disk says about a learner's zxid; `None` if it cannot be read.
    pub fn handle_log_inspected(&mut self, now: Millis, id: LearnerId, window: Option<DiskWindow>) {
        let asked = self.learners.get(&id).is_some_and(|l| l.stage == Stage::AskedDisk);
        if asked {
            let nothing = DiskWindow {
                at_or_before: None,
                next: None,
                contiguous_to: Zxid::ZERO,
                within_limit: false,
            };
            self.start_sync(now, id, Some(window.unwrap_or(nothing)));
        }
    }

    /// Decides and sends the synchronisation. All of it is one event, so that nothing is committed
    /// between the plan and the moment from which the learner gets the broadcast. (B.4.)
    pub(super) fn start_sync(&mut self, now: Millis, id: LearnerId, disk: Option<DiskWindow>) {
        if self.park(now, id) {
            return;
        }
        let Some(learner) = self.learners.get_mut(&id) else { return };
        let input = PlanInput {
            peer_last: learner.last_zxid,
            epoch: self.epoch,
            last: self.broadcast.last_applied,
            tip: self.broadcast.tip,
            committed: &self.committed,
            force_snapshot: self.settings.force_snapshot,
            prefer_trunc: self.settings.prefer_trunc,
            disk,
        };
        let steps = match plan(&input) {
            Plan::AskDisk { upto } => {
                learner.stage = Stage::AskedDisk;
                let peer_last = learner.last_zxid;
                return self.effects.push(Effect::InspectLog { learner: id, peer_last, upto });
            }
            Plan::Send { steps } => steps,
        };
        let by_snap = steps.iter().any(|step| matches!(step, Step::Snap(_)));
        let is_follower = learner.is_follower;
        if !is_follower && self.is_crowded(by_snap) {
            return self.close(id, CloseReason::TooManySyncs);
        }
        for step in steps {
            self.carry_out(id, step);
        }
        self.send_undecided(id, is_follower);
        self.send_new_leader(now, id, by_snap);
    }

    /// A learner that comes back with proposals of this very epoch which are not applied here: it
    /// has acknowledged them, or would. Apache cuts them off and proposes them again; if it fails in
    /// between, an acknowledgement that was counted (and a commit that was made of it) is gone. So
    /// they count as acknowledged, and the learner waits until they are applied. Tells whether it
    /// waits (or was dealt with meanwhile).
    fn park(&mut self, now: Millis, id: LearnerId) -> bool {
        let broadcast = &self.broadcast;
        let (applied, proposed) = (broadcast.last_applied, broadcast.last_proposed);
        let Some(learner) = self.learners.get_mut(&id) else { return true };
        let last = learner.last_zxid;
        if last.epoch() != self.epoch || last <= applied || last > proposed {
            return false;
        }
        learner.stage = Stage::AwaitingCommit;
        if let (true, Some(sid)) = (learner.is_follower, learner.sid) {
            self.count_acks_up_to(now, sid, last);
        }
        true
    }

    /// Goes on with those whose transactions are applied now.
    pub(super) fn resume_parked(&mut self, now: Millis) {
        let applied = self.broadcast.last_applied;
        let due = |learner: &Learner| {
            learner.stage == Stage::AwaitingCommit && learner.last_zxid <= applied
        };
        let ids: Vec<_> = self.learners.iter().filter(|(_, l)| due(l)).map(|(id, _)| *id).collect();
        ids.into_iter().for_each(|id| self.start_sync(now, id, None));
    }

    fn is_crowded(&self, snap: bool) -> bool {
        let running = Stage::Synchronising { by_snap: snap };
        let count = self.learners.values().filter(|l| l.stage == running).count();
        let most = if snap { self.settings.snap_syncs_max } else { self.settings.diff_syncs_max };
        count >= most
    }

    fn carry_out(&mut self, to: LearnerId, step: Step) {
        let bare = |kind, zxid| Effect::Send { to, packet: Packet::bare(kind, zxid) };
        match step {
            Step::Diff(zxid) => self.effects.push(bare(PacketType::Diff, zxid)),
            Step::Trunc(zxid) => self.effects.push(bare(PacketType::Trunc, zxid)),
            Step::Snap(zxid) => self.effects.push(Effect::SendSnapshot { to, zxid }),
            Step::Disk { after, upto } => self.effects.push(Effect::SendLog { to, after, upto }),
            Step::Memory { after } => {
                for txn in self.committed.after(after) {
                    self.effects.push(Effect::Send { to, packet: txn.proposal() });
                    self.effects.push(Effect::Send { to, packet: txn.commit() });
                }
            }
        }
    }

    /// What lies above the applied state: committed but not applied here, then not committed.
    fn send_undecided(&mut self, to: LearnerId, is_follower: bool) {
        for txn in self.broadcast.unapplied() {
            self.effects.push(Effect::Send { to, packet: txn.proposal() });
            self.effects.push(Effect::Send { to, packet: txn.commit() });
        }
        if is_follower {
            for proposal in &self.broadcast.outstanding {
                self.effects.push(Effect::Send { to, packet: proposal.txn.proposal() });
            }
        }
    }

    /// ZK-3104: behind everything that the learner must hold before it acknowledges.
    fn send_new_leader(&mut self, now: Millis, to: LearnerId, by_snap: bool) {
        let Some(learner) = self.learners.get_mut(&to) else { return };
        learner.stage = Stage::Synchronising { by_snap };
        learner.heard_at = now;
        let config = self.membership.last_seen().to_string();
        let zxid = Zxid::new(self.epoch, 0);
        let packet = Packet::with_data(PacketType::NewLeader, zxid, config.into());
        self.effects.push(Effect::Send { to, packet });
    }

    /// The ACK of NEWLEADER; ACKs of transactions may come before it (ZK-4685).
    fn take_new_leader_ack(&mut self, now: Millis, id: LearnerId, packet: Packet) {
        let Some(learner) = self.learners.get_mut(&id) else { return };
        if packet.kind() != Some(PacketType::Ack) {
            return self.close(id, CloseReason::NoNewLeaderAck(packet.code));
        }
        if packet.zxid.counter() != 0 {
            return self.take_ack(now, id, packet.zxid);
        }
        if packet.zxid != Zxid::new(self.epoch, 0) {
            return self.close(id, CloseReason::WrongEpoch(packet.zxid));
        }
        learner.stage = Stage::Acked;
        if matches!(self.phase, Phase::Broadcasting) {
            return self.release(now, id);
        }
        self.new_leader_acks.extend(learner.sid);
        self.try_start(now);
    }

    /// UPTODATE, and right behind it what was held back since NEWLEADER (ZK-4394).
    pub(super) fn release(&mut self, now: Millis, id: LearnerId) {
        let Some(learner) = self.learners.get_mut(&id) else { return };
        learner.stage = Stage::Live;
        learner.heard_at = now;
        learner.held_bytes = 0;
        let held = std::mem::take(&mut learner.held);
        let packet = Packet::bare(PacketType::UpToDate, Zxid(-1));
        self.effects.push(Effect::Send { to: id, packet });
        for packet in held {
            self.send_live(now, id, packet);
        }
    }

    /// Sends a packet of the broadcast, or holds it back until UPTODATE.
    pub(super) fn queue(&mut self, now: Millis, id: LearnerId, packet: Packet) {
        let limit = self.settings.held_bytes_max;
        let Some(learner) = self.learners.get_mut(&id) else { return };
        if learner.stage == Stage::Live {
            return self.send_live(now, id, packet);
        }
        learner.held_bytes += packet.weight();
        learner.held.push(packet);
        if learner.held_bytes > limit {
            self.close(id, CloseReason::HeldBackTooMuch);
        }
    }

    fn send_live(&mut self, now: Millis, to: LearnerId, packet: Packet) {
        if packet.kind() == Some(PacketType::Proposal)
            && let Some(learner) = self.learners.get_mut(&to)
        {
            learner.unacked.push_back((packet.zxid, now));
        }
        self.effects.push(Effect::Send { to, packet });
    }

    /// What a learner sends once it is synchronised.
    fn take_broadcast(&mut self, now: Millis, from: LearnerId, packet: Packet) {
        match packet.kind() {
            Some(PacketType::Ack) => self.take_ack(now, from, packet.zxid),
            Some(PacketType::Ping) => {
                let data = packet.bytes();
                self.effects.push(Effect::Touches { from, data });
            }
            Some(PacketType::Revalidate) => {
                let data = packet.bytes();
                self.effects.push(Effect::Revalidate { from, data });
            }
            Some(PacketType::Request) => self.effects.push(Effect::Request { from, packet }),
            _ => self.note(from, Oddity::Unexpected(packet.code)),
        }
    }

    fn take_ack(&mut self, now: Millis, id: LearnerId, zxid: Zxid) {
        let Some(learner) = self.learners.get_mut(&id) else { return };
        while learner.unacked.front().is_some_and(|(oldest, _)| *oldest <= zxid) {
            learner.unacked.pop_front();
        }
        // The second ACK of NEWLEADER has counter 0 and means nothing.
        if let Some(sid) = learner.sid
            && zxid.counter() != 0
        {
            self.count_ack(now, id, sid, zxid);
        }
    }
}
