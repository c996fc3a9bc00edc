//! Phase 3 of a follower: log, acknowledge, apply in the order of the commits.
//!
//! A transaction is acknowledged when it is durable, and applied when it is committed and durable.
//! (Reference B.8, B.11, B.12.)

use std::collections::VecDeque;

use codec::peer::PacketType;
use codec::peer::payload::decode_designated;
use codec::{ServerId, Zxid};

use crate::learner::{Common, Effect, LeaveReason, Oddity};
use crate::packet::{Packet, Txn, follows};

/// What is to happen in the order of the commits.
#[derive(Debug)]
pub(crate) enum Ready {
    /// A committed transaction; with the designated leader if it is a reconfiguration.
    Apply(Txn, Option<ServerId>),
    /// Answer to a sync: behind what was committed before.
    Synced,
}

/// What is committed and waits for the disk.
#[derive(Debug)]
pub(crate) struct ReadyQueue {
    queue: VecDeque<Ready>,
    durable: Zxid,
}

impl ReadyQueue {
    pub(crate) fn new(durable: Zxid) -> Self {
        ReadyQueue { queue: VecDeque::new(), durable }
    }

    pub(crate) fn push(&mut self, common: &mut Common, ready: Ready) {
        self.queue.push_back(ready);
        self.flush(common);
    }

    pub(crate) fn handle_durable(&mut self, common: &mut Common, zxid: Zxid) {
        self.durable = self.durable.max(zxid);
        self.flush(common);
    }

    fn flush(&mut self, common: &mut Common) {
        let durable = self.durable;
        let is_due = |ready: &mut Ready| match ready {
            Ready::Apply(txn, _) => txn.zxid <= durable,
            Ready::Synced => true,
        };
        while let Some(ready) = self.queue.pop_front_if(is_due) {
            if common.is_gone() {
                return;
            }
            match ready {
                Ready::Synced => common.effects.push(Effect::Synced),
                Ready::Apply(txn, designated) => {
                    common.apply(txn.clone());
                    if let Some(designated) = designated {
                        common.activate(&txn, designated);
                    }
                }
            }
        }
    }
}

/// A follower that is synchronised.
#[derive(Debug)]
pub(crate) struct Follower {
    /// Invariant: without a hole, and all above what is committed.
    pending: VecDeque<Txn>,
    /// Appended and not acknowledged.
    unacked: VecDeque<Zxid>,
    last_logged: Zxid,
    ready: ReadyQueue,
}

impl Follower {
    /// `pending` came before NEWLEADER and is not decided: it goes the way of every proposal.
    pub(crate) fn new(common: &mut Common, last: Zxid, pending: VecDeque<Txn>) -> Self {
        let before = pending.front().map_or(last, |txn| Zxid(txn.zxid.0 - 1));
        let unacked = pending.iter().map(|txn| txn.zxid).collect();
        common.effects.extend(pending.iter().cloned().map(Effect::Append));
        Follower { pending, unacked, last_logged: last, ready: ReadyQueue::new(before) }
    }

    pub(crate) fn handle_packet(&mut self, common: &mut Common, packet: Packet) {
        match packet.kind() {
            Some(PacketType::Proposal) => self.take_proposal(common, &packet),
            Some(PacketType::Commit) => self.take_commit(common, packet.zxid, None),
            Some(PacketType::CommitAndActivate) => {
                match decode_designated(packet.data.as_deref()) {
                    Ok(sid) => self.take_commit(common, packet.zxid, Some(sid)),
                    Err(_) => common.note(Oddity::Unexpected(packet.code)),
                }
            }
            Some(PacketType::Sync) => self.ready.push(common, Ready::Synced),
            _ => take_session_packet(common, packet),
        }
    }

    fn take_proposal(&mut self, common: &mut Common, packet: &Packet) {
        let (last, next) = (self.last_logged, packet.zxid);
        if !follows(last, next) {
            return common.leave(LeaveReason::Gap { last, next }, false);
        }
        self.last_logged = next;
        let txn = Txn { zxid: next, data: packet.bytes() };
        common.see_proposal(&txn);
        self.unacked.push_back(next);
        self.pending.push_back(txn.clone());
        common.effects.push(Effect::Append(txn));
    }

    fn take_commit(&mut self, common: &mut Common, named: Zxid, designated: Option<ServerId>) {
        match self.pending.pop_front() {
            None => common.note(Oddity::CommitOfNothing(named)),
            Some(txn) if txn.zxid == named => {
                self.ready.push(common, Ready::Apply(txn, designated));
            }
            Some(txn) => {
                let expected = txn.zxid;
                common.leave(LeaveReason::CommitMismatch { expected, named }, false);
            }
        }
    }

    /// The one place from which a transaction is acknowledged.
    pub(crate) fn handle_durable(&mut self, common: &mut Common, zxid: Zxid) {
        if common.is_gone() {
            return;
        }
        while let Some(durable) = self.unacked.pop_front_if(|oldest| *oldest <= zxid) {
            common.ack(durable);
        }
        self.ready.handle_durable(common, zxid);
    }
}

/// What follower and observer take alike.
pub(crate) fn take_session_packet(common: &mut Common, packet: Packet) {
    match packet.kind() {
        Some(PacketType::Ping) => common.effects.push(Effect::Pinged(packet)),
        Some(PacketType::Revalidate) => {
            common.effects.push(Effect::Revalidated(packet.bytes()));
        }
        _ => common.note(Oddity::Unexpected(packet.code)),
    }
}
