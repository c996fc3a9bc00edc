//! Packets between leader and learners: `{ i32 type, i64 zxid, buffer data, vector<Id> authinfo }`,
//! back to back on the stream, without an outer length.

use crate::acl::Id;
use crate::code::codes;
use crate::error::DecodeError;
use crate::ids::Zxid;
use crate::jute::{Buffer, Decode, Vector, record};

/// Learner protocol version that every release speaks; higher ones are accepted, this is answered.
pub const PROTOCOL_VERSION: i32 = 0x10000;
/// Bytes of a packet without data and authinfo.
pub const MIN_PACKET_LEN: usize = 20;
/// Where the length word of `data` stands.
const DATA_AT: usize = 12;

codes! {
    /// What a packet is.
    pub enum PacketType {
        /// A learner's client asks for a write.
        Request = 1,
        /// A transaction to log.
        Proposal = 2,
        /// Logged, or NEWLEADER accepted.
        Ack = 3,
        /// Apply the proposal with this zxid.
        Commit = 4,
        /// Liveness; the answer lists active sessions.
        Ping = 5,
        /// Is this session alive?
        Revalidate = 6,
        /// Everything before a sync request has been sent.
        Sync = 7,
        /// A committed transaction, for observers.
        Inform = 8,
        /// COMMIT of a reconfig.
        CommitAndActivate = 9,
        /// Synchronisation is done, take this epoch.
        NewLeader = 10,
        /// First packet of a follower.
        FollowerInfo = 11,
        /// A quorum has accepted, serve clients.
        UpToDate = 12,
        /// Missing transactions follow.
        Diff = 13,
        /// Cut your log.
        Trunc = 14,
        /// A whole tree follows.
        Snap = 15,
        /// First packet of an observer.
        ObserverInfo = 16,
        /// The new epoch.
        LeaderInfo = 17,
        /// The learner's state before this epoch.
        AckEpoch = 18,
        /// INFORM of a reconfig.
        InformAndActivate = 19,
    }
}

record! {
    /// Record `QuorumPacket`.
    pub struct QuorumPacket<'a> {
        /// A [`PacketType`] code; unknown ones are to be ignored after synchronisation.
        pub packet_type: i32,
        /// Depends on the type.
        pub zxid: Zxid,
        /// Depends on the type; see [`crate::peer::payload`].
        pub data: Buffer<'a>,
        /// The client's identities, in REQUEST only.
        pub authinfo: Vector<Id<'a>>,
    }
}

impl<'a> QuorumPacket<'a> {
    /// A packet without identities.
    pub fn new(kind: PacketType, zxid: Zxid, data: Buffer<'a>) -> Self {
        QuorumPacket { packet_type: kind.code(), zxid, data, authinfo: None }
    }

    /// Its type, if it is a known one.
    pub fn kind(&self) -> Option<PacketType> {
        PacketType::from_code(self.packet_type)
    }
}

/// Takes the packet at the front of a stream and tells its length; `None` when more bytes are
/// needed. `limit` bounds `data` and, separately, `authinfo`, in bytes (the jute limit). A length
/// over the limit is found as soon as its word is there, so that nobody waits for such bytes.
///
/// # Errors
/// [`DecodeError::BadLength`] and what else is malformed: the stream cannot be read on.
pub fn cut_packet(
    input: &[u8],
    limit: usize,
) -> Result<Option<(QuorumPacket<'_>, usize)>, DecodeError> {
    let Some(data) = data_len(input, limit)? else {
        return Ok(None);
    };
    if input.len() < MIN_PACKET_LEN + data {
        return Ok(None);
    }
    match QuorumPacket::decode(input) {
        Ok((rest, packet)) => Ok(Some((packet, input.len() - rest.len()))),
        Err(nom::Err::Error(DecodeError::Truncated)) => {
            need_more(input.len(), MIN_PACKET_LEN + data + limit)
        }
        Err(nom::Err::Error(error) | nom::Err::Failure(error)) => Err(error),
        Err(nom::Err::Incomplete(_)) => Ok(None),
    }
}

fn data_len(input: &[u8], limit: usize) -> Result<Option<usize>, DecodeError> {
    let word = input.get(DATA_AT..).and_then(|rest| rest.first_chunk());
    match word.map(|word| i32::from_be_bytes(*word)) {
        None => Ok(None),
        Some(-1) => Ok(Some(0)),
        Some(n) if n < 0 || n as usize > limit => Err(DecodeError::BadLength(n.into())),
        Some(n) => Ok(Some(n as usize)),
    }
}

/// "More bytes are needed", unless there are already more than a legal value can take.
pub(crate) fn need_more<T>(have: usize, most: usize) -> Result<Option<T>, DecodeError> {
    if have >= most { Err(DecodeError::BadLength(have as i64)) } else { Ok(None) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jute::Encode;

    #[test]
    fn every_cut_needs_more_and_the_whole_is_taken() {
        let mut packet = QuorumPacket::new(PacketType::Request, Zxid(-1), Some(b"data"));
        packet.authinfo = Some(vec![Id::new("ip", "127.0.0.1")]);
        let mut bytes = packet.to_bytes();
        let length = bytes.len();
        for cut in 0..length {
            assert_eq!(cut_packet(&bytes[..cut], 100), Ok(None), "cut at {cut}");
        }
        bytes.extend_from_slice(b"next");
        assert_eq!(cut_packet(&bytes, 100), Ok(Some((packet, length))));
    }

    #[test]
    fn lengths_over_the_limit_are_found_at_once() {
        let packet = QuorumPacket::new(PacketType::Proposal, Zxid(1), Some(&[0; 11]));
        let bytes = packet.to_bytes();
        assert_eq!(cut_packet(&bytes[..16], 10), Err(DecodeError::BadLength(11)));
        let mut negative = bytes.clone();
        negative[12..16].copy_from_slice(&(-2_i32).to_be_bytes());
        assert_eq!(cut_packet(&negative[..16], 10), Err(DecodeError::BadLength(-2)));
    }

    #[test]
    fn identities_without_end_are_refused() {
        let mut bytes = QuorumPacket::new(PacketType::Ping, Zxid(1), None).to_bytes();
        bytes.truncate(16);
        bytes.extend_from_slice(&i32::MAX.to_be_bytes());
        bytes.extend_from_slice(&[0; 60]);
        assert_eq!(cut_packet(&bytes, 100), Ok(None));
        assert!(matches!(cut_packet(&bytes, 10), Err(DecodeError::BadLength(_))));
    }

    #[test]
    fn an_unknown_type_is_still_a_packet() {
        let mut bytes = QuorumPacket::new(PacketType::Ping, Zxid(1), None).to_bytes();
        bytes[3] = 99;
        let (packet, used) = cut_packet(&bytes, 10).unwrap().unwrap();
        assert_eq!((packet.kind(), packet.packet_type, used), (None, 99, 20));
    }
}
