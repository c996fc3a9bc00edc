//! Ticks: pings, learners that fell silent, the quorum that must be there, and the bounds of every
//! wait. (Reference B.9.)

use codec::ServerId;
use codec::peer::PacketType;

use super::learners::Stage;
use super::{CloseReason, Effect, Leader, LearnerId, Phase, StopReason};
use crate::packet::Packet;
use crate::time::Millis;

impl Leader {
    /// When the core wants to be woken: every half tick.
    pub fn next_wake(&self) -> Millis {
        self.next_wake
    }

    /// Ticks since the start.
    pub(super) fn tick(&self) -> u64 {
        self.half_ticks / 2
    }

    /// To be called at [`Leader::next_wake`] or later.
    pub fn handle_wake(&mut self, now: Millis) {
        if now < self.next_wake || matches!(self.phase, Phase::Stopped) {
            return;
        }
        self.next_wake = now + self.settings.timing.tick_ms.div_ceil(2);
        self.half_ticks += 1;
        if let Some(reason) = self.overdue_phase(now) {
            return self.stop(reason);
        }
        self.close_overdue(now);
        if matches!(self.phase, Phase::Broadcasting) {
            if self.half_ticks.is_multiple_of(2) && !self.has_quorum() {
                return self.stop(StopReason::LostQuorum);
            }
            // The oracle's leave may have come since the last ACK.
            self.try_commit(now);
        }
        self.ping();
    }

    /// A voter is LOOKING while this server waits for epochs: the elected leader may have lost its
    /// voters. (ZK-3109.)
    pub fn handle_voter_looking(&mut self, now: Millis, voter: ServerId) {
        let Phase::Discovering(_) = self.phase else { return };
        let most = self.settings.epoch_wait_ms_max;
        if most.is_some_and(|most| now > self.phase_since + most) {
            self.stop(StopReason::VoterLooking(voter));
        }
    }

    fn overdue_phase(&self, now: Millis) -> Option<StopReason> {
        let overdue = now >= self.phase_since + self.settings.timing.init_ms();
        match self.phase {
            _ if !overdue => None,
            Phase::Discovering(_) | Phase::AcceptingEpoch => Some(StopReason::NoEpochQuorum),
            Phase::AwaitingEpochAcks(_) => Some(StopReason::NoEpochAckQuorum),
            Phase::Synchronising => Some(StopReason::NoSyncQuorum),
            Phase::Broadcasting | Phase::Stopped => None,
        }
    }

    fn close_overdue(&mut self, now: Millis) {
        let timing = self.settings.timing;
        let mut late: Vec<(LearnerId, CloseReason)> = Vec::new();
        for (id, learner) in &self.learners {
            let patience = match learner.stage {
                Stage::Connected | Stage::EpochOffered | Stage::Synchronising { .. } => {
                    timing.init_ms()
                }
                Stage::Live => timing.sync_ms(),
                // They wait for us.
                _ => continue,
            };
            let unacked = learner.unacked.front();
            if now >= learner.heard_at + patience {
                late.push((*id, CloseReason::Silent));
            } else if let Some((zxid, _)) =
                unacked.filter(|(_, sent)| now > *sent + timing.sync_ms())
            {
                late.push((*id, CloseReason::NotAcking(*zxid)));
            }
        }
        late.into_iter().for_each(|(id, reason)| self.close(id, reason));
    }

    /// Whether the followers that count as synced are, with this server, still a quorum.
    fn has_quorum(&self) -> bool {
        let tick = self.tick();
        let synced = |sid| {
            let mut learners = self.learners.values();
            learners.any(|l| l.sid == Some(sid) && l.is_follower && tick <= l.tick_deadline)
        };
        let me = self.settings.me;
        self.membership.rule().is_met(|sid| sid == me || synced(sid)) || self.oracle_decides()
    }

    /// With two voters and no follower, the oracle's leave stands for the other vote. (A.9.)
    pub(super) fn oracle_decides(&self) -> bool {
        let alone = || !self.learners.values().any(|l| l.is_follower && l.stage == Stage::Live);
        let asked = self.settings.has_oracle && self.oracle_allows;
        asked && self.membership.has_two_voters() && alone()
    }

    /// To everybody who was sent NEWLEADER; those who did not acknowledge it ignore it, but see
    /// that we live.
    fn ping(&mut self) {
        let packet = Packet::bare(PacketType::Ping, self.broadcast.last_proposed);
        for (id, learner) in &self.learners {
            if learner.is_forwarding() {
                self.effects.push(Effect::Send { to: *id, packet: packet.clone() });
            }
        }
    }
}
