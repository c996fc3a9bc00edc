//! What stands in the data of quorum packets, by packet type.

use bytes::{BufMut, BytesMut};

use crate::error::DecodeError;
use crate::ids::{ServerId, SessionId, Xid};
use crate::jute::{Buffer, Decode, Encode, Parsed, Text, put_text, record};

/// The string that ends the tree behind a SNAP packet.
pub const SNAP_SIGNATURE: &str = "BenWasHere";
/// Bytes of the signature with its length word.
pub const SNAP_SIGNATURE_LEN: usize = 4 + SNAP_SIGNATURE.len();

/// Data of FOLLOWERINFO and OBSERVERINFO. Older peers send less of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LearnerInfo {
    /// `None` when the learner has no id: the leader then gives it a negative one.
    pub sid: Option<ServerId>,
    /// 0x10000; 0 when absent: such a learner expects no LEADERINFO.
    pub protocol_version: i32,
    /// Version of the committed configuration, from 3.5 on.
    pub config_version: Option<i64>,
}

impl LearnerInfo {
    /// What a current server sends.
    pub fn new(sid: ServerId, config_version: i64) -> Self {
        let protocol_version = super::packet::PROTOCOL_VERSION;
        LearnerInfo { sid: Some(sid), protocol_version, config_version: Some(config_version) }
    }

    /// Reads the form that the length tells: 20, 12 or 8 bytes, or none at all.
    pub fn from_data(data: Buffer<'_>) -> Self {
        let data = data.unwrap_or_default();
        let part = |from: usize, to: usize| data.get(from..to);
        LearnerInfo {
            sid: part(0, 8).and_then(|bytes| ServerId::from_bytes(bytes).ok()),
            protocol_version: part(8, 12).and_then(|b| i32::from_bytes(b).ok()).unwrap_or(0),
            config_version: part(12, 20).and_then(|bytes| i64::from_bytes(bytes).ok()),
        }
    }
}

/// The 20-byte form, or the shorter ones if fields are absent.
impl Encode for LearnerInfo {
    fn encode(&self, out: &mut BytesMut) {
        let Some(sid) = self.sid else { return };
        sid.encode(out);
        if self.protocol_version == 0 && self.config_version.is_none() {
            return;
        }
        self.protocol_version.encode(out);
        if let Some(version) = self.config_version {
            version.encode(out);
        }
    }
}

record! {
    /// One session in the answer to PING, also the data of a REVALIDATE request (12 bytes).
    pub struct SessionTouch {
        /// The session.
        pub session: SessionId,
        /// Its timeout, ms.
        pub timeout: i32,
    }
}

/// Data of REVALIDATE on its way to the leader.
pub type RevalidateRequest = SessionTouch;

record! {
    /// Data of REVALIDATE on its way back (9 bytes).
    pub struct RevalidateAnswer {
        /// The session.
        pub session: SessionId,
        /// Whether the leader tracks it and it is not closing.
        pub valid: bool,
    }
}

/// The sessions in the answer to PING: entries without a count.
///
/// # Errors
/// [`DecodeError::Truncated`] when the last entry is cut.
pub fn decode_touches(data: Buffer<'_>) -> Result<Vec<SessionTouch>, DecodeError> {
    let data = data.unwrap_or_default();
    if !data.len().is_multiple_of(SessionTouch::MIN_BYTES) {
        return Err(DecodeError::Truncated);
    }
    data.chunks(SessionTouch::MIN_BYTES).map(SessionTouch::from_bytes).collect()
}

/// An i32 as data: the protocol version in LEADERINFO, the current epoch (or -1) in ACKEPOCH.
///
/// # Errors
/// [`DecodeError::Truncated`] with fewer than 4 bytes or null.
pub fn decode_i32(data: Buffer<'_>) -> Result<i32, DecodeError> {
    i32::from_bytes(data.unwrap_or_default())
}

/// The designated leader in COMMITANDACTIVATE.
///
/// # Errors
/// [`DecodeError::Truncated`] with fewer than 8 bytes or null.
pub fn decode_designated(data: Buffer<'_>) -> Result<ServerId, DecodeError> {
    ServerId::from_bytes(data.unwrap_or_default())
}

/// Data of REQUEST.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ForwardedRequest<'a> {
    /// Who asks.
    pub session: SessionId,
    /// The client's xid.
    pub cxid: Xid,
    /// Op code.
    pub op: i32,
    /// The client's bytes behind the request header; empty for closeSession.
    pub body: &'a [u8],
}

impl<'a> Decode<'a> for ForwardedRequest<'a> {
    const MIN_BYTES: usize = 16;

    fn decode(input: &'a [u8]) -> Parsed<'a, Self> {
        let (rest, session) = SessionId::decode(input)?;
        let (rest, cxid) = Xid::decode(rest)?;
        let (body, op) = i32::decode(rest)?;
        Ok((&body[body.len()..], ForwardedRequest { session, cxid, op, body }))
    }
}

impl Encode for ForwardedRequest<'_> {
    fn encode(&self, out: &mut BytesMut) {
        self.session.encode(out);
        self.cxid.encode(out);
        self.op.encode(out);
        out.put_slice(self.body);
    }
}

/// Data of INFORMANDACTIVATE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Activation<'a> {
    /// Who is to lead under the new configuration.
    pub designated: ServerId,
    /// The transaction's bytes.
    pub txn: &'a [u8],
}

impl<'a> Decode<'a> for Activation<'a> {
    const MIN_BYTES: usize = 8;

    fn decode(input: &'a [u8]) -> Parsed<'a, Self> {
        let (txn, designated) = ServerId::decode(input)?;
        Ok((&txn[txn.len()..], Activation { designated, txn }))
    }
}

impl Encode for Activation<'_> {
    fn encode(&self, out: &mut BytesMut) {
        self.designated.encode(out);
        out.put_slice(self.txn);
    }
}

/// Appends what ends a SNAP's tree.
pub fn put_snap_signature(out: &mut BytesMut) {
    put_text(out, SNAP_SIGNATURE);
}

/// Whether the signature stands at the front; `None` when more bytes are needed to tell.
pub fn check_snap_signature(input: &[u8]) -> Option<bool> {
    let found = input.get(..SNAP_SIGNATURE_LEN)?;
    Some(Text::from_bytes(found) == Ok(Some(SNAP_SIGNATURE.into())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn learner_info_has_four_forms() {
        let full = LearnerInfo::new(ServerId(3), 7);
        for (info, length) in [
            (full, 20),
            (LearnerInfo { config_version: None, ..full }, 12),
            (LearnerInfo { protocol_version: 0, config_version: None, ..full }, 8),
            (LearnerInfo { sid: None, protocol_version: 0, config_version: None }, 0),
        ] {
            let bytes = info.to_bytes();
            assert_eq!(bytes.len(), length);
            assert_eq!(LearnerInfo::from_data(Some(&bytes)), info);
        }
        assert_eq!(LearnerInfo::from_data(None).sid, None);
        assert_eq!(LearnerInfo::from_data(Some(&[0; 5])).sid, None);
    }

    #[test]
    fn touches_have_no_count() {
        let touch = SessionTouch { session: SessionId(5), timeout: 20_000 };
        let mut bytes = touch.to_bytes();
        touch.encode(&mut bytes);
        assert_eq!(decode_touches(Some(&bytes)), Ok(vec![touch, touch]));
        assert_eq!(decode_touches(Some(&bytes[..13])), Err(DecodeError::Truncated));
        assert_eq!(decode_touches(None), Ok(vec![]));
    }

    #[test]
    fn the_signature_may_come_in_pieces() {
        let mut bytes = BytesMut::new();
        put_snap_signature(&mut bytes);
        assert_eq!(check_snap_signature(&bytes[..13]), None);
        assert_eq!(check_snap_signature(&bytes), Some(true));
        bytes[8] ^= 1;
        assert_eq!(check_snap_signature(&bytes), Some(false));
    }
}
