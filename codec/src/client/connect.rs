//! The handshake's frames with their optional last byte.
//!
//! `readOnly` was appended by hand before 3.9 and is absent from the oldest clients; a response
//! carries it exactly when the request did, or the C client waits for ever.

use bytes::BytesMut;

use crate::client::request::{ConnectFrame, ConnectRequest};
use crate::client::response::ConnectResponse;
use crate::jute::{Decode, Encode, Parsed};

/// Bytes of a session's password in responses.
pub const PASSWORD_LEN: usize = 16;

/// A connect response with or without the `readOnly` byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectReply<'a> {
    /// The fixed part.
    pub response: ConnectResponse<'a>,
    /// `None` when the request had no such byte.
    pub read_only: Option<bool>,
}

/// Any byte left is `readOnly`; more are ignored.
fn trailing_flag(input: &[u8]) -> Parsed<'_, Option<bool>> {
    match input {
        [] => Ok((input, None)),
        _ => bool::decode(input).map(|(rest, flag)| (rest, Some(flag))),
    }
}

fn put_flag(flag: Option<bool>, out: &mut BytesMut) {
    if let Some(flag) = flag {
        flag.encode(out);
    }
}

impl<'a> Decode<'a> for ConnectFrame<'a> {
    const MIN_BYTES: usize = ConnectRequest::MIN_BYTES;

    fn decode(input: &'a [u8]) -> Parsed<'a, Self> {
        let (rest, request) = ConnectRequest::decode(input)?;
        let (rest, read_only) = trailing_flag(rest)?;
        Ok((rest, ConnectFrame { request, read_only }))
    }
}

impl Encode for ConnectFrame<'_> {
    fn encode(&self, out: &mut BytesMut) {
        self.request.encode(out);
        put_flag(self.read_only, out);
    }
}

impl<'a> Decode<'a> for ConnectReply<'a> {
    const MIN_BYTES: usize = ConnectResponse::MIN_BYTES;

    fn decode(input: &'a [u8]) -> Parsed<'a, Self> {
        let (rest, response) = ConnectResponse::decode(input)?;
        let (rest, read_only) = trailing_flag(rest)?;
        Ok((rest, ConnectReply { response, read_only }))
    }
}

impl Encode for ConnectReply<'_> {
    fn encode(&self, out: &mut BytesMut) {
        self.response.encode(out);
        put_flag(self.read_only, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::DecodeError;
    use crate::ids::{SessionId, Zxid};

    fn frame(passwd: Option<&[u8]>, read_only: Option<bool>) -> ConnectFrame<'_> {
        let request = ConnectRequest {
            protocol_version: 0,
            last_zxid_seen: Zxid(5),
            time_out: 30_000,
            session_id: SessionId(9),
            passwd,
        };
        ConnectFrame { request, read_only }
    }

    #[test]
    fn all_forms_read_back() {
        let password = [7; 16];
        for (passwd, read_only, length) in [
            (Some(&password[..]), Some(true), 45),
            (Some(&password[..]), None, 44),
            (None, None, 28),
            (None, Some(false), 29),
            (Some(&[][..]), Some(false), 29),
            (Some(&password[..3]), None, 31),
        ] {
            let bytes = frame(passwd, read_only).to_bytes();
            assert_eq!(bytes.len(), length);
            assert_eq!(ConnectFrame::from_bytes(&bytes), Ok(frame(passwd, read_only)));
        }
    }

    #[test]
    fn short_frames_and_bad_password_lengths_do_not_decode() {
        let bytes = frame(None, None).to_bytes();
        for cut in 0..28 {
            assert_eq!(ConnectFrame::from_bytes(&bytes[..cut]), Err(DecodeError::Truncated));
        }
        let mut bad = bytes.clone();
        bad[24..28].copy_from_slice(&(-2_i32).to_be_bytes());
        assert_eq!(ConnectFrame::from_bytes(&bad), Err(DecodeError::BadLength(-2)));
        bad[24..28].copy_from_slice(&17_i32.to_be_bytes());
        assert_eq!(ConnectFrame::from_bytes(&bad), Err(DecodeError::Truncated));
    }
}
