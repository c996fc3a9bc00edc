//! Phase 1, discovery: an epoch that is new to a quorum, and the proof that no member of that
//! quorum knows more than the leader. (Reference B.3.)
//!
//! Counting and comparing only; who sends what and when is in `leader` and `sync::learner`.

use std::collections::BTreeSet;

use codec::{ServerId, Zxid};

use crate::membership::QuorumRule;

/// The leader's side, first half: the new epoch is one above everything that anybody who
/// connected has accepted; a quorum of voters must have connected.
#[derive(Debug, Clone)]
pub struct EpochChoice {
    epoch: i64,
    connected: BTreeSet<ServerId>,
}

impl EpochChoice {
    /// With the leader itself.
    pub fn new(me: ServerId, accepted: i64) -> Self {
        EpochChoice { epoch: accepted + 1, connected: BTreeSet::from([me]) }
    }

    /// Takes note of a learner. Observers raise the epoch too, but the rule counts voters only
    /// (ZK-2959).
    pub fn join(&mut self, sid: ServerId, accepted: i64) {
        self.epoch = self.epoch.max(accepted.saturating_add(1));
        self.connected.insert(sid);
    }

    /// The epoch, once a quorum has connected.
    pub fn chosen(&self, rule: &QuorumRule) -> Option<i64> {
        rule.is_met(|sid| self.connected.contains(&sid)).then_some(self.epoch)
    }
}

/// How complete a history is: compared by epoch, then zxid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Standing {
    /// `currentEpoch`; -1 from a learner that had accepted this epoch before.
    pub epoch: i64,
    /// Last zxid of the tree.
    pub last_zxid: Zxid,
}

/// What an ACKEPOCH means before the election is finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EpochAck {
    /// Counts for the quorum.
    Counts,
    /// May be synchronised, but says nothing about its past.
    Silent,
    /// Knows more than the leader: must not be truncated by it.
    Ahead,
}

impl Standing {
    /// Judges a learner's ACKEPOCH against the leader's own standing.
    pub fn judge(self, own: Standing) -> EpochAck {
        match self {
            Standing { epoch: -1, .. } => EpochAck::Silent,
            learner if learner > own => EpochAck::Ahead,
            Standing { last_zxid: Zxid::UNKNOWN, .. } => EpochAck::Silent,
            _ => EpochAck::Counts,
        }
    }
}

/// The learner's side: what LEADERINFO asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offer {
    /// A new epoch: make it durable, then answer with currentEpoch.
    Accept,
    /// The epoch accepted before: answer with -1.
    Again,
    /// An epoch of the past: leave.
    Refuse,
}

/// Judges the epoch in LEADERINFO against `acceptedEpoch`.
pub fn judge_offer(accepted: i64, offered: i64) -> Offer {
    match offered.cmp(&accepted) {
        std::cmp::Ordering::Greater => Offer::Accept,
        std::cmp::Ordering::Equal => Offer::Again,
        std::cmp::Ordering::Less => Offer::Refuse,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::membership::Membership;
    use codec::peer::ConfigText;

    #[test]
    fn the_epoch_is_above_all_and_observers_do_not_make_the_quorum() {
        let text = "server.1=a:1:2\nserver.2=b:1:2\nserver.3=c:1:2\nserver.4=d:1:2:observer";
        let rule = Membership::new(ConfigText::parse(text.as_bytes()).unwrap()).rule();
        let mut choice = EpochChoice::new(ServerId(1), 3);
        // ZK-2959: an observer is no part of the quorum, though its epoch counts.
        choice.join(ServerId(4), 9);
        assert_eq!(choice.chosen(&rule), None);
        choice.join(ServerId(2), 4);
        assert_eq!(choice.chosen(&rule), Some(10));
    }

    #[test]
    fn epoch_acks_are_judged_by_epoch_then_zxid() {
        let standing = |epoch, zxid| Standing { epoch, last_zxid: Zxid(zxid) };
        let own = standing(2, 50);
        assert_eq!(standing(2, 50).judge(own), EpochAck::Counts);
        assert_eq!(standing(1, 90).judge(own), EpochAck::Counts);
        assert_eq!(standing(2, 51).judge(own), EpochAck::Ahead);
        assert_eq!(standing(3, 1).judge(own), EpochAck::Ahead);
        assert_eq!(standing(-1, 99).judge(own), EpochAck::Silent);
        assert_eq!(standing(0, -1).judge(own), EpochAck::Silent);
    }

    #[test]
    fn offers() {
        assert_eq!(judge_offer(4, 5), Offer::Accept);
        assert_eq!(judge_offer(5, 5), Offer::Again);
        assert_eq!(judge_offer(6, 5), Offer::Refuse);
    }
}
