//! Votes: their order, and when two of them are the same. (Reference A.8, A.9.)

use codec::peer::{ConfigText, PeerState};
use codec::{ServerId, Zxid};

use crate::membership::Membership;

/// Who should lead (or leads), and what its history was when that was proposed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vote {
    /// The proposed or actual leader.
    pub leader: ServerId,
    /// Its last zxid.
    pub zxid: Zxid,
    /// The round (electionEpoch) in which the vote was given.
    pub round: i64,
    /// Its currentEpoch (peerEpoch).
    pub epoch: i64,
}

impl Vote {
    /// What a server proposes that may not be elected itself: less than any vote.
    pub const NOBODY: Vote =
        Vote { leader: ServerId(i64::MIN), zxid: Zxid(i64::MIN), round: 0, epoch: i64::MIN };

    /// Whether this vote beats `other`: by epoch, then zxid, then id. A leader of weight 0 never
    /// wins. The round has no part in it.
    pub fn is_better(&self, other: &Vote, membership: &Membership) -> bool {
        let rank = |vote: &Vote| (vote.epoch, vote.zxid, vote.leader);
        membership.weight(self.leader) != 0 && rank(self) > rank(other)
    }
}

/// A vote as it is kept of a sender: its state and the message's version take part in equality.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// The vote.
    pub vote: Vote,
    /// The sender's state.
    pub state: PeerState,
    /// Version of the message's format; 0 where it is not to be believed.
    pub version: i32,
}

impl Stored {
    /// A vote that is no more than a vote: from a server that is LOOKING.
    pub fn looking(vote: Vote) -> Self {
        Stored { vote, state: PeerState::Looking, version: 0 }
    }

    /// Whether both say the same. Established members report different zxids and rounds of one
    /// election, and servers before 3.5 also another epoch.
    pub fn agrees_with(&self, other: &Stored) -> bool {
        if self.state == PeerState::Looking || other.state == PeerState::Looking {
            return self.vote == other.vote;
        }
        let old_and_new = (self.version > 0) != (other.version > 0);
        self.vote.leader == other.vote.leader
            && (old_and_new || self.vote.epoch == other.vote.epoch)
    }
}

/// An election message that owns what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The sender's state.
    pub state: PeerState,
    /// Its vote.
    pub vote: Vote,
    /// Version of the format, 0 for the short forms.
    pub version: i32,
    /// The sender's committed configuration, if it came and could be read.
    pub config: Option<ConfigText>,
}

impl Message {
    /// The version that this server sends: with the configuration.
    pub const VERSION: i32 = 2;

    /// Takes over what was read; a configuration that cannot be read is left out, the vote counts.
    pub fn from_wire(message: &codec::peer::Notification<'_>) -> Self {
        Message {
            state: message.state,
            vote: Vote {
                leader: message.leader,
                zxid: message.zxid,
                round: message.election_epoch,
                epoch: message.peer_epoch,
            },
            version: message.version,
            config: message.config.and_then(|text| ConfigText::parse(text).ok()),
        }
    }

    /// Appends the frame, length word included.
    pub fn encode_frame(&self, out: &mut bytes::BytesMut) {
        let config = self.config.as_ref().map(ConfigText::to_string);
        let message = codec::peer::Notification {
            state: self.state,
            leader: self.vote.leader,
            zxid: self.vote.zxid,
            election_epoch: self.vote.round,
            peer_epoch: self.vote.epoch,
            version: self.version,
            config: config.as_deref().map(str::as_bytes),
        };
        message.encode_frame(out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vote(leader: i64, zxid: i64, round: i64, epoch: i64) -> Vote {
        Vote { leader: ServerId(leader), zxid: Zxid(zxid), round, epoch }
    }

    fn three() -> Membership {
        let text = "server.1=a:1:2\nserver.2=b:1:2\nserver.3=c:1:2";
        Membership::new(ConfigText::parse(text.as_bytes()).unwrap())
    }

    #[test]
    fn epoch_then_zxid_then_id_signed() {
        let members = three();
        let better = |a: Vote, b: Vote| a.is_better(&b, &members);
        // E.1, ZK-2832: currentEpoch counts before zxid.
        assert!(better(vote(1, 5, 1, 2), vote(3, 900, 1, 1)));
        assert!(better(vote(1, 6, 1, 2), vote(3, 5, 1, 2)));
        assert!(better(vote(2, 5, 1, 2), vote(1, 5, 9, 2)));
        assert!(!better(vote(2, 5, 1, 2), vote(2, 5, 1, 2)));
        assert!(better(vote(1, -1, 1, -1), Vote::NOBODY));
    }

    #[test]
    fn weight_zero_never_wins() {
        let text = "server.1=a:1:2\nserver.2=b:1:2\ngroup.1=1:2\nweight.2=0";
        let members = Membership::new(ConfigText::parse(text.as_bytes()).unwrap());
        assert!(!vote(2, 9, 1, 9).is_better(&vote(1, 1, 1, 1), &members));
        assert!(vote(1, 1, 1, 1).is_better(&Vote::NOBODY, &members));
    }

    #[test]
    fn established_members_agree_over_leader_and_epoch() {
        let kept = |state, version, vote| Stored { vote, state, version };
        let leading = kept(PeerState::Leading, 2, vote(3, 7, 1, 2));
        let following = kept(PeerState::Following, 2, vote(3, 4, 5, 2));
        assert!(leading.agrees_with(&following));
        let older = kept(PeerState::Following, 2, vote(3, 4, 5, 1));
        assert!(!leading.agrees_with(&older));
        // Exactly one of the two without a believed version: the leader alone decides.
        let short = kept(PeerState::Following, 0, vote(3, 4, 5, 1));
        assert!(leading.agrees_with(&short) && short.agrees_with(&leading));
        assert!(!short.agrees_with(&kept(PeerState::Leading, 0, vote(3, 4, 5, 2))));
        assert!(!leading.agrees_with(&kept(PeerState::Following, 0, vote(2, 7, 1, 2))));
    }

    #[test]
    fn looking_votes_agree_in_everything() {
        let base = vote(3, 7, 1, 2);
        let stored = Stored::looking(base);
        assert!(stored.agrees_with(&Stored::looking(base)));
        for other in [vote(2, 7, 1, 2), vote(3, 6, 1, 2), vote(3, 7, 2, 2), vote(3, 7, 1, 3)] {
            assert!(!stored.agrees_with(&Stored::looking(other)));
            let following = Stored { vote: other, state: PeerState::Following, version: 2 };
            assert!(!stored.agrees_with(&following));
        }
    }

    #[test]
    fn a_message_survives_the_wire_even_with_a_config_that_cannot_be_read() {
        let config = ConfigText::parse(b"server.1=a:1:2\nversion=5").unwrap();
        let message = Message {
            state: PeerState::Looking,
            vote: vote(3, 7, 1, 2),
            version: Message::VERSION,
            config: Some(config),
        };
        let mut out = bytes::BytesMut::new();
        message.encode_frame(&mut out);
        let read = codec::peer::Notification::decode_message(&out[4..]).unwrap();
        assert_eq!(Message::from_wire(&read), message);
        let odd = codec::peer::Notification { config: Some(b"\xff=?"), ..read };
        assert_eq!(Message::from_wire(&odd), Message { config: None, ..message });
    }
}
