//! Phases 1 and 2 on the learner's side: introduction, epoch, and the leader's history taken in.
//!
//! The order that everything hangs on (B.6; ZK-3911, ZK-4646, ZK-4643, ZK-4785): at NEWLEADER
//! first the snapshot or the transactions are durable, then `currentEpoch` is, then the ACK goes.
//! Each of the three is asked for only when the one before it is reported done.

use std::collections::VecDeque;

use codec::peer::payload::decode_i32;
use codec::peer::{ConfigText, LearnerInfo, PacketType, Role};
use codec::{Encode, Zxid};

use crate::discovery::{Offer, judge_offer};
use crate::learner::{Common, Effect, LeaveReason, Oddity, Past};
use crate::packet::{Packet, Txn, follows};

/// What the learner waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    LeaderInfo,
    AcceptedEpoch,
    Decision,
    Truncation,
    Tree,
    History,
    Snapshot,
    Log(Zxid),
    CurrentEpoch,
    UpToDate,
    Finished,
}

/// How the leader brings us to its history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Diff,
    Trunc,
    Snap,
}

/// What is left to do once the learner serves.
#[derive(Debug)]
pub(crate) struct Rest {
    /// The last zxid taken in, committed or not.
    pub(crate) last: Zxid,
    /// Proposals that are neither logged nor committed.
    pub(crate) pending: VecDeque<Txn>,
    /// Packets that came between NEWLEADER and UPTODATE.
    pub(crate) late: Vec<Packet>,
}

/// A learner that is not synchronised yet.
#[derive(Debug)]
pub(crate) struct Joining {
    past: Past,
    step: Step,
    mode: Mode,
    /// Packets that came while the disk worked; they wait in order.
    inbox: VecDeque<Packet>,
    /// Bytes in `inbox` and `late`.
    held_bytes: usize,
    /// Proposals without COMMIT.
    pending: VecDeque<Txn>,
    /// Proposals with COMMIT, after DIFF: logged at NEWLEADER.
    committed: Vec<Txn>,
    late: Vec<Packet>,
    /// The last zxid in our history or proposed to us.
    last_queued: Zxid,
    /// The last zxid in the tree.
    last_applied: Zxid,
    new_config: Option<ConfigText>,
    snapshot_saved: bool,
}

impl Joining {
    pub(crate) fn new(common: &mut Common, past: Past) -> Self {
        let settings = common.settings;
        let kind = match settings.role {
            Role::Participant => PacketType::FollowerInfo,
            Role::Observer => PacketType::ObserverInfo,
        };
        let version = common.membership.committed().version;
        let info = LearnerInfo::new(settings.me, version).to_bytes().freeze();
        common.send(Packet::with_data(kind, Zxid::new(past.accepted_epoch, 0), info));
        let (last_queued, last_applied) = (past.last_zxid, past.last_zxid);
        Joining {
            past,
            step: Step::LeaderInfo,
            mode: Mode::Diff,
            inbox: VecDeque::new(),
            held_bytes: 0,
            pending: VecDeque::new(),
            committed: Vec::new(),
            late: Vec::new(),
            last_queued,
            last_applied,
            new_config: None,
            snapshot_saved: false,
        }
    }

    /// Whether the disk works and packets must wait.
    pub(crate) fn is_busy(&self) -> bool {
        matches!(
            self.step,
            Step::AcceptedEpoch
                | Step::Truncation
                | Step::Tree
                | Step::Snapshot
                | Step::Log(_)
                | Step::CurrentEpoch
        )
    }

    /// Whether the tree in memory is one that the disk does not have (ZK-3642).
    pub(crate) fn memory_is_foreign(&self) -> bool {
        self.mode != Mode::Diff && !self.snapshot_saved
    }

    pub(crate) fn take_finished(&mut self) -> Option<Rest> {
        (self.step == Step::Finished).then(|| Rest {
            last: self.last_queued,
            pending: std::mem::take(&mut self.pending),
            late: std::mem::take(&mut self.late),
        })
    }

    pub(crate) fn handle_packet(&mut self, common: &mut Common, packet: Packet) {
        self.held_bytes += packet.weight();
        self.inbox.push_back(packet);
        self.drain(common);
        if self.is_busy() && self.held_bytes > common.settings.held_bytes_max {
            self.leave(common, LeaveReason::TooMuchHeld);
        }
    }

    /// Takes packets until the disk has to work.
    pub(crate) fn drain(&mut self, common: &mut Common) {
        while !self.is_busy() && !common.is_gone() {
            let Some(packet) = self.inbox.pop_front() else { return };
            self.held_bytes -= packet.weight();
            self.take(common, packet);
        }
    }

    fn leave(&mut self, common: &mut Common, reason: LeaveReason) {
        common.leave(reason, self.memory_is_foreign());
    }

    fn take(&mut self, common: &mut Common, packet: Packet) {
        match self.step {
            Step::LeaderInfo => self.take_leader_info(common, &packet),
            Step::Decision => self.take_decision(common, &packet),
            Step::History => self.take_history(common, packet),
            Step::UpToDate => self.take_window(common, packet),
            // Behind UPTODATE: it is for the follower or observer that comes next.
            Step::Finished => self.late.push(packet),
            _ => {}
        }
    }

    /// LEADERINFO: the epoch is durable before it is answered. (B.3.)
    fn take_leader_info(&mut self, common: &mut Common, packet: &Packet) {
        let version = decode_i32(packet.data.as_deref());
        if packet.kind() != Some(PacketType::LeaderInfo) || version.is_err() {
            return self.leave(common, LeaveReason::NoLeaderInfo(packet.code));
        }
        let (offered, accepted) = (packet.zxid.epoch(), self.past.accepted_epoch);
        common.epoch = offered;
        match judge_offer(accepted, offered) {
            Offer::Accept => {
                self.step = Step::AcceptedEpoch;
                common.effects.push(Effect::PersistAcceptedEpoch(offered));
            }
            Offer::Again => self.answer_epoch(common, -1),
            // An observer's promise is part of no quorum: it may follow an established epoch below
            // one that was only ever proposed to it, but never go back.
            Offer::Refuse if self.may_go_below(common, offered) => self.answer_epoch(common, -1),
            Offer::Refuse => self.leave(common, LeaveReason::OldEpoch { offered, accepted }),
        }
    }

    fn may_go_below(&self, common: &Common, offered: i64) -> bool {
        common.settings.role == Role::Observer && offered >= self.past.current_epoch
    }

    pub(crate) fn handle_accepted_epoch_persisted(&mut self, common: &mut Common) {
        if self.step == Step::AcceptedEpoch {
            self.answer_epoch(common, self.past.current_epoch);
        }
    }

    fn answer_epoch(&mut self, common: &mut Common, current: i64) {
        let word = i32::try_from(current).unwrap_or(-1).to_be_bytes();
        let data = bytes::Bytes::copy_from_slice(&word);
        common.send(Packet::with_data(PacketType::AckEpoch, self.past.last_zxid, data));
        self.step = Step::Decision;
    }

    /// DIFF, TRUNC or SNAP.
    fn take_decision(&mut self, common: &mut Common, packet: &Packet) {
        let zxid = packet.zxid;
        match packet.kind() {
            Some(PacketType::Diff) => self.step = Step::History,
            Some(PacketType::Trunc) => {
                common.committed.clear();
                self.begin_foreign(Mode::Trunc, zxid, Step::Truncation);
                common.effects.push(Effect::Truncate(zxid));
            }
            Some(PacketType::Snap) => {
                common.committed.clear();
                self.begin_foreign(Mode::Snap, zxid, Step::Tree);
                common.effects.push(Effect::ReceiveSnapshot(zxid));
            }
            Some(PacketType::Ping) => {}
            _ => self.leave(common, LeaveReason::NoSync(packet.code)),
        }
    }

    fn begin_foreign(&mut self, mode: Mode, zxid: Zxid, step: Step) {
        self.mode = mode;
        self.last_queued = zxid;
        self.last_applied = zxid;
        self.step = step;
    }

    pub(crate) fn handle_truncated(&mut self, common: &mut Common, worked: bool) {
        if self.step != Step::Truncation {
            return;
        }
        if !worked {
            return self.leave(common, LeaveReason::TruncFailed(self.last_queued));
        }
        self.step = Step::History;
    }

    pub(crate) fn handle_snapshot_received(&mut self, _: &mut Common) {
        if self.step == Step::Tree {
            self.step = Step::History;
        }
    }

    /// What the leader has and we lack, up to NEWLEADER.
    fn take_history(&mut self, common: &mut Common, packet: Packet) {
        match packet.kind() {
            Some(PacketType::Proposal) => self.take_proposal(common, &packet),
            Some(PacketType::Commit | PacketType::CommitAndActivate) => {
                self.take_commit(common, packet.zxid);
            }
            Some(PacketType::Inform) => {
                self.take_proposal(common, &packet);
                self.take_commit(common, packet.zxid);
            }
            Some(PacketType::NewLeader) => self.take_new_leader(common, &packet),
            Some(PacketType::UpToDate) => self.leave(common, LeaveReason::UpToDateTooEarly),
            // Not to be answered before the ACK of NEWLEADER: the leader would close.
            Some(PacketType::Ping) => {}
            _ => common.note(Oddity::Unexpected(packet.code)),
        }
    }

    fn take_proposal(&mut self, common: &mut Common, packet: &Packet) {
        let (last, next) = (self.last_queued, packet.zxid);
        if !follows(last, next) {
            return self.leave(common, LeaveReason::Gap { last, next });
        }
        self.last_queued = next;
        let txn = Txn { zxid: next, data: packet.bytes() };
        common.see_proposal(&txn);
        self.pending.push_back(txn);
    }

    fn take_commit(&mut self, common: &mut Common, named: Zxid) {
        if common.is_gone() {
            return;
        }
        match self.pending.pop_front() {
            None => common.note(Oddity::CommitOfNothing(named)),
            Some(txn) if txn.zxid != named => {
                let expected = txn.zxid;
                self.leave(common, LeaveReason::CommitMismatch { expected, named });
            }
            // Into the snapshot that is written at NEWLEADER.
            Some(txn) if self.mode != Mode::Diff => {
                self.last_applied = txn.zxid;
                common.apply(txn);
            }
            Some(txn) => self.committed.push(txn),
        }
    }

    fn take_new_leader(&mut self, common: &mut Common, packet: &Packet) {
        if packet.zxid != Zxid::new(common.epoch, 0) {
            return self.leave(common, LeaveReason::WrongEpoch(packet.zxid));
        }
        match ConfigText::parse(&packet.bytes()) {
            // 3.4 sends none.
            Ok(config) if config.servers.is_empty() => {}
            Ok(_) if !common.settings.reconfig_enabled => {}
            Ok(config) => {
                common.see_config(config.clone());
                self.new_config = Some(config);
            }
            Err(error) => {
                return self.leave(common, LeaveReason::BadConfig(error.to_string()));
            }
        }
        if self.mode != Mode::Diff || common.settings.snapshot_wanted {
            self.step = Step::Snapshot;
            common.effects.push(Effect::SaveSnapshot(self.last_applied));
        } else {
            self.log_history(common);
        }
    }

    pub(crate) fn handle_snapshot_saved(&mut self, common: &mut Common) {
        if self.step == Step::Snapshot {
            self.snapshot_saved = true;
            self.log_history(common);
        }
    }

    fn log_history(&mut self, common: &mut Common) {
        let Some(last) = self.committed.last() else { return self.take_epoch(common) };
        self.step = Step::Log(last.zxid);
        common.effects.extend(self.committed.iter().cloned().map(Effect::Append));
    }

    /// Applied only when it is on disk; only then the epoch is taken.
    pub(crate) fn handle_durable(&mut self, common: &mut Common, zxid: Zxid) {
        let Step::Log(last) = self.step else { return };
        if zxid >= last {
            self.last_applied = last;
            self.committed.drain(..).for_each(|txn| common.apply(txn));
            self.take_epoch(common);
        }
    }

    fn take_epoch(&mut self, common: &mut Common) {
        self.step = Step::CurrentEpoch;
        common.effects.push(Effect::PersistCurrentEpoch(common.epoch));
    }

    pub(crate) fn handle_current_epoch_persisted(&mut self, common: &mut Common) {
        if self.step == Step::CurrentEpoch {
            common.patience_ms = common.settings.timing.sync_ms();
            common.ack(Zxid::new(common.epoch, 0));
            self.step = Step::UpToDate;
        }
    }

    /// Between NEWLEADER and UPTODATE. Our leaders are silent here; Apache's may commit what they
    /// proposed before NEWLEADER (ZK-4394), or propose more: that waits until we serve.
    fn take_window(&mut self, common: &mut Common, packet: Packet) {
        match packet.kind() {
            Some(PacketType::UpToDate) => self.finish(common),
            Some(PacketType::Ping) => {}
            _ => {
                self.held_bytes += packet.weight();
                self.late.push(packet);
                if self.held_bytes > common.settings.held_bytes_max {
                    self.leave(common, LeaveReason::TooMuchHeld);
                }
            }
        }
    }

    fn finish(&mut self, common: &mut Common) {
        if let Some(config) = self.new_config.take() {
            common.commit_config(config);
        }
        // Leaders ignore the second one; all learners send it.
        common.ack(Zxid::new(common.epoch, 0));
        self.step = Step::Finished;
    }
}
