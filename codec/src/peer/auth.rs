//! SASL between servers: `{ i64 magic, i32 status, buffer token }`, unframed, before the first
//! packet of the quorum port and behind the handshake of the election port.

use crate::error::DecodeError;
use crate::jute::{Buffer, Decode, record};

/// What every such packet begins with.
pub const MAGIC: i64 = 0x5f24_3501_3501_edcc;
/// More tokens are to come.
pub const IN_PROGRESS: i32 = 0;
/// The peer is who it claims to be.
pub const SUCCESS: i32 = 1;
/// It is not; the connection ends.
pub const ERROR: i32 = -1;
/// Bytes in front of the token.
const TOKEN_AT: usize = 16;

record! {
    /// Record `QuorumAuthPacket`.
    pub struct QuorumAuthPacket<'a> {
        /// [`MAGIC`].
        pub magic: i64,
        /// [`IN_PROGRESS`], [`SUCCESS`] or [`ERROR`].
        pub status: i32,
        /// SASL token.
        pub token: Buffer<'a>,
    }
}

/// Whether a connection begins with SASL; `None` when fewer than 8 bytes are there.
pub fn begins_with_magic(input: &[u8]) -> Option<bool> {
    input.first_chunk().map(|word| i64::from_be_bytes(*word) == MAGIC)
}

/// Takes the packet at the front of a stream; `None` when more bytes are needed. `limit` bounds
/// the token, in bytes.
///
/// # Errors
/// Another magic, or a token length outside the limit.
pub fn cut_auth_packet(
    input: &[u8],
    limit: usize,
) -> Result<Option<(QuorumAuthPacket<'_>, usize)>, DecodeError> {
    if begins_with_magic(input) == Some(false) {
        return Err(DecodeError::Malformed("a SASL packet does not begin with its magic"));
    }
    let Some(head) = input.first_chunk::<TOKEN_AT>() else {
        return Ok(None);
    };
    let [.., a, b, c, d] = *head;
    match i32::from_be_bytes([a, b, c, d]) {
        n if n < -1 || n.max(0) as usize > limit => Err(DecodeError::BadLength(n.into())),
        n if input.len() < TOKEN_AT + n.max(0) as usize => Ok(None),
        n => {
            let packet = QuorumAuthPacket::from_bytes(input)?;
            Ok(Some((packet, TOKEN_AT + n.max(0) as usize)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jute::Encode;

    #[test]
    fn packets_are_cut_as_they_come() {
        let packet = QuorumAuthPacket { magic: MAGIC, status: SUCCESS, token: Some(b"rspauth") };
        let mut bytes = packet.to_bytes();
        for cut in 0..bytes.len() {
            assert_eq!(cut_auth_packet(&bytes[..cut], 100), Ok(None));
        }
        let length = bytes.len();
        bytes.extend_from_slice(b"more");
        assert_eq!(cut_auth_packet(&bytes, 100), Ok(Some((packet, length))));
        assert_eq!(cut_auth_packet(&bytes, 6), Err(DecodeError::BadLength(7)));
        bytes[0] = 0;
        assert!(cut_auth_packet(&bytes, 100).is_err());
        assert_eq!(begins_with_magic(&bytes[..7]), None);
    }

    #[test]
    fn a_null_token_is_a_token() {
        let packet = QuorumAuthPacket { magic: MAGIC, status: ERROR, token: None };
        assert_eq!(cut_auth_packet(&packet.to_bytes(), 100), Ok(Some((packet, 16))));
    }
}
