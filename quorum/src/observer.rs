//! Phase 3 of an observer: INFORM is a transaction that is already committed. It is logged, then
//! applied; nothing is acknowledged. (Reference B.8, B.13.)
//!
//! Whether it is really logged (`syncEnabled`) is the driver's affair: without a log it reports
//! durable at once.

use std::collections::VecDeque;

use codec::peer::{Activation, PacketType};
use codec::{Decode, ServerId, Zxid};

use crate::follower::{Ready, ReadyQueue, take_session_packet};
use crate::learner::{Common, Effect, LeaveReason, Oddity};
use crate::packet::{Packet, Txn, follows};

/// An observer that is synchronised.
#[derive(Debug)]
pub(crate) struct Observer {
    /// Proposals from before NEWLEADER that were not committed then.
    pending: VecDeque<Txn>,
    /// The last transaction logged.
    last_logged: Zxid,
    ready: ReadyQueue,
}

impl Observer {
    pub(crate) fn new(last: Zxid, pending: VecDeque<Txn>) -> Self {
        let last_logged = pending.front().map_or(last, |txn| Zxid(txn.zxid.0 - 1));
        Observer { pending, last_logged, ready: ReadyQueue::new(last_logged) }
    }

    pub(crate) fn handle_packet(&mut self, common: &mut Common, packet: Packet) {
        match packet.kind() {
            Some(PacketType::Inform) => {
                let txn = Txn { zxid: packet.zxid, data: packet.bytes() };
                self.take_txn(common, txn, None);
            }
            Some(PacketType::InformAndActivate) => self.take_activation(common, &packet),
            Some(PacketType::Commit) => self.take_commit(common, packet.zxid),
            Some(PacketType::Sync) => self.ready.push(common, Ready::Synced),
            _ => take_session_packet(common, packet),
        }
    }

    fn take_activation(&mut self, common: &mut Common, packet: &Packet) {
        let data = packet.bytes();
        let Ok(Activation { designated, txn }) = Activation::from_bytes(&data) else {
            return common.note(Oddity::Unexpected(packet.code));
        };
        let txn = Txn { zxid: packet.zxid, data: data.slice_ref(txn) };
        common.see_proposal(&txn);
        self.take_txn(common, txn, Some(designated));
    }

    /// COMMIT means something only for what was proposed during synchronisation.
    fn take_commit(&mut self, common: &mut Common, named: Zxid) {
        match self.pending.pop_front_if(|txn| txn.zxid == named) {
            Some(txn) => self.take_txn(common, txn, None),
            None => common.note(Oddity::CommitOfNothing(named)),
        }
    }

    fn take_txn(&mut self, common: &mut Common, txn: Txn, designated: Option<ServerId>) {
        let (last, next) = (self.last_logged, txn.zxid);
        if !follows(last, next) {
            return common.leave(LeaveReason::Gap { last, next }, false);
        }
        self.pending.pop_front_if(|pending| pending.zxid == next);
        self.last_logged = next;
        common.effects.push(Effect::Append(txn.clone()));
        self.ready.push(common, Ready::Apply(txn, designated));
    }

    pub(crate) fn handle_durable(&mut self, common: &mut Common, zxid: Zxid) {
        if !common.is_gone() {
            self.ready.handle_durable(common, zxid);
        }
    }
}
