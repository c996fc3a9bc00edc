//! The election port: the dialler's handshake, then length-prefixed notifications.

use bytes::{BufMut, BytesMut};

use crate::code::codes;
use crate::error::DecodeError;
use crate::ids::{ServerId, Zxid};
use crate::jute::{Decode, Encode, decode_text, put_buffer};
use crate::peer::address::HostPort;

/// First word of a V1 handshake (3.5 and later).
pub const V1: i64 = -65536;
/// First word of a V2 handshake (3.6 and later, several addresses).
pub const V2: i64 = -65535;
/// The longest address text in a handshake, bytes.
pub const MAX_ADDRESS_LEN: usize = 2048;
/// The longest message, bytes.
pub const MAX_MESSAGE_LEN: usize = 512 * 1024;
const UNKNOWN_VERSION: &str =
    "the election handshake's protocol version is neither -65536 nor -65535";
/// Bytes in front of the address text.
const HANDSHAKE_HEAD: usize = 20;

/// Which form of handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandshakeVersion {
    /// 3.4: the id alone.
    Plain,
    /// One election address.
    V1,
    /// Any number of them.
    V2,
}

/// What the side that dialled sends first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handshake<'a> {
    /// Its form.
    pub version: HandshakeVersion,
    /// Who dials. `i64::MAX` is an anonymous observer of old versions.
    pub sid: ServerId,
    /// `host:port` joined by `|`; empty in the plain form.
    pub addresses: std::borrow::Cow<'a, str>,
}

impl Handshake<'_> {
    /// The addresses that can be dialled back: those that parse and are no wildcards.
    pub fn dial_back(&self) -> impl Iterator<Item = HostPort> {
        let parsed = self.addresses.split('|').filter_map(HostPort::parse);
        parsed.filter(|address| !address.is_wildcard())
    }
}

impl Encode for Handshake<'_> {
    fn encode(&self, out: &mut BytesMut) {
        match self.version {
            HandshakeVersion::Plain => return self.sid.encode(out),
            HandshakeVersion::V1 => out.put_i64(V1),
            HandshakeVersion::V2 => out.put_i64(V2),
        }
        self.sid.encode(out);
        put_buffer(out, self.addresses.as_bytes());
    }
}

/// Takes the handshake at the front of a connection and tells its length; `None` when more bytes
/// are needed.
///
/// # Errors
/// A protocol version that is neither V1 nor V2, or an address length outside 1..=2048.
pub fn cut_handshake(input: &[u8]) -> Result<Option<(Handshake<'_>, usize)>, DecodeError> {
    let Some(first) = input.first_chunk().map(|word| i64::from_be_bytes(*word)) else {
        return Ok(None);
    };
    let version = match first {
        V1 => HandshakeVersion::V1,
        V2 => HandshakeVersion::V2,
        0.. => return Ok(Some((plain(ServerId(first)), 8))),
        _ => return Err(DecodeError::Malformed(UNKNOWN_VERSION)),
    };
    let Some(head) = input.first_chunk::<HANDSHAKE_HEAD>() else {
        return Ok(None);
    };
    let sid = ServerId::from_bytes(&head[8..])?;
    let length = check_address_len(i32::from_bytes(&head[16..])?)?;
    Ok(input.get(HANDSHAKE_HEAD..HANDSHAKE_HEAD + length).map(|text| {
        (Handshake { version, sid, addresses: decode_text(text) }, HANDSHAKE_HEAD + length)
    }))
}

fn plain(sid: ServerId) -> Handshake<'static> {
    Handshake { version: HandshakeVersion::Plain, sid, addresses: "".into() }
}

fn check_address_len(n: i32) -> Result<usize, DecodeError> {
    match usize::try_from(n) {
        Ok(length @ 1..=MAX_ADDRESS_LEN) => Ok(length),
        _ => Err(DecodeError::BadLength(n.into())),
    }
}

/// Takes the message at the front of a connection behind the handshake, and tells its length with
/// the length word; `None` when more bytes are needed.
///
/// # Errors
/// A length outside 1..=524288: the connection is to be closed.
pub fn cut_message(input: &[u8]) -> Result<Option<(&[u8], usize)>, DecodeError> {
    let Some((word, rest)) = input.split_first_chunk() else {
        return Ok(None);
    };
    let length = i32::from_be_bytes(*word);
    match usize::try_from(length) {
        Ok(n @ 1..=MAX_MESSAGE_LEN) => Ok(rest.get(..n).map(|message| (message, n + 4))),
        _ => Err(DecodeError::BadLength(length.into())),
    }
}

codes! {
    /// What a server is doing.
    pub enum PeerState {
        /// Looking for a leader.
        Looking = 0,
        /// Following one.
        Following = 1,
        /// Leading.
        Leading = 2,
        /// Observing.
        Observing = 3,
    }
}

/// A vote and its sender's state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification<'a> {
    /// The sender's state.
    pub state: PeerState,
    /// Proposed or actual leader.
    pub leader: ServerId,
    /// Last zxid of the proposed leader.
    pub zxid: Zxid,
    /// The sender's round.
    pub election_epoch: i64,
    /// currentEpoch of the proposed leader.
    pub peer_epoch: i64,
    /// 2 from 3.5 on; 0 for the short forms of older servers.
    pub version: i32,
    /// The sender's committed configuration (bytes of UTF-8), from version 2 on.
    pub config: Option<&'a [u8]>,
}

/// Bytes of the form without peerEpoch, version and config.
const FORM_28: usize = 28;
/// Bytes of the form without version and config.
const FORM_36: usize = 36;
/// Bytes of the form without config; its version field is not believed.
const FORM_40: usize = 40;

impl<'a> Notification<'a> {
    /// Reads a message by the rules for its length: 28, 36, 40 or 44 + n bytes. On an error the
    /// message is to be skipped and the connection kept.
    ///
    /// # Errors
    /// [`DecodeError::UnknownType`] for an unknown state, else what is malformed.
    pub fn decode_message(message: &'a [u8]) -> Result<Self, DecodeError> {
        let code = i32::from_bytes(message)?;
        let state = PeerState::from_code(code).ok_or(DecodeError::UnknownType(code))?;
        let rest = &message[4..];
        let field = |at: usize| i64::from_bytes(rest.get(at..).unwrap_or_default());
        let zxid = Zxid(field(8)?);
        let short = message.len() == FORM_28;
        let (version, config) = version_and_config(message)?;
        Ok(Notification {
            state,
            leader: ServerId(field(0)?),
            zxid,
            election_epoch: field(16)?,
            peer_epoch: if short { zxid.epoch() } else { field(24)? },
            version,
            config,
        })
    }

    /// Appends the frame of a server that speaks `version`, length word included: 40 bytes below
    /// version 2, else 44 bytes and the configuration.
    pub fn encode_frame(&self, out: &mut BytesMut) {
        let config = self.config.unwrap_or_default();
        let tail = if self.version >= 2 { 4 + config.len() } else { 0 };
        out.reserve(4 + FORM_40 + tail);
        out.put_i32((FORM_40 + tail) as i32);
        out.put_i32(self.state.code());
        self.leader.encode(out);
        self.zxid.encode(out);
        out.put_i64(self.election_epoch);
        out.put_i64(self.peer_epoch);
        out.put_i32(self.version);
        if self.version >= 2 {
            put_buffer(out, config);
        }
    }
}

fn version_and_config(message: &[u8]) -> Result<(i32, Option<&[u8]>), DecodeError> {
    if matches!(message.len(), FORM_28 | FORM_36 | FORM_40) {
        return Ok((0, None));
    }
    let version = i32::from_bytes(message.get(FORM_36..).unwrap_or_default())?;
    if version < 2 {
        return Ok((version, None));
    }
    let rest = &message[FORM_40..];
    let length = i32::from_bytes(rest)?;
    let config = usize::try_from(length).ok().and_then(|n| rest.get(4..)?.get(..n));
    config.map(|config| (version, Some(config))).ok_or(DecodeError::BadLength(length.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vote(version: i32, config: Option<&[u8]>) -> Notification<'_> {
        Notification {
            state: PeerState::Looking,
            leader: ServerId(2),
            zxid: Zxid(0x3_0000_0001),
            election_epoch: 5,
            peer_epoch: 4,
            version,
            config,
        }
    }

    fn message(vote: &Notification<'_>) -> Vec<u8> {
        let mut out = BytesMut::new();
        vote.encode_frame(&mut out);
        let (message, used) = cut_message(&out).unwrap().unwrap();
        assert_eq!(used, out.len());
        message.to_vec()
    }

    #[test]
    fn the_length_tells_the_form() {
        let full = message(&vote(2, Some(b"version=0")));
        assert_eq!(Notification::decode_message(&full), Ok(vote(2, Some(b"version=0"))));
        assert_eq!(Notification::decode_message(&message(&vote(1, None))), Ok(vote(0, None)));
        assert_eq!(Notification::decode_message(&full[..36]), Ok(vote(0, None)));
        let by_zxid = Notification { peer_epoch: 3, ..vote(0, None) };
        assert_eq!(Notification::decode_message(&full[..28]), Ok(by_zxid));
        for cut in (0..full.len()).filter(|cut| ![28, 36, 40].contains(cut)) {
            assert!(Notification::decode_message(&full[..cut]).is_err(), "{cut} bytes");
        }
    }

    #[test]
    fn bad_states_and_config_lengths_skip_the_message() {
        let mut bytes = message(&vote(2, Some(b"version=0")));
        bytes[40..44].copy_from_slice(&(-1_i32).to_be_bytes());
        assert_eq!(Notification::decode_message(&bytes), Err(DecodeError::BadLength(-1)));
        bytes[40..44].copy_from_slice(&10_i32.to_be_bytes());
        assert_eq!(Notification::decode_message(&bytes), Err(DecodeError::BadLength(10)));
        bytes[3] = 4;
        assert_eq!(Notification::decode_message(&bytes), Err(DecodeError::UnknownType(4)));
    }

    #[test]
    fn handshakes_come_in_pieces_and_in_three_forms() {
        for (version, addresses) in [
            (HandshakeVersion::Plain, ""),
            (HandshakeVersion::V1, "127.0.0.1:24032"),
            (HandshakeVersion::V2, "127.0.0.1:24032|[::1]:24032|0.0.0.0:1"),
        ] {
            let hello = Handshake { version, sid: ServerId(2), addresses: addresses.into() };
            let bytes = hello.to_bytes();
            for cut in 0..bytes.len() {
                assert_eq!(cut_handshake(&bytes[..cut]), Ok(None));
            }
            let dialled: Vec<_> = hello.dial_back().map(|address| address.to_string()).collect();
            let good = addresses.split('|').filter(|a| !a.is_empty() && !a.starts_with("0.0"));
            assert_eq!(dialled, good.collect::<Vec<_>>());
            assert_eq!(cut_handshake(&bytes), Ok(Some((hello, bytes.len()))));
        }
    }

    #[test]
    fn bad_handshakes_and_message_lengths_close_the_connection() {
        assert!(cut_handshake(&(-65534_i64).to_be_bytes()).is_err());
        for length in [0, -1, 2049] {
            let mut bytes = V1.to_be_bytes().to_vec();
            bytes.extend(2_i64.to_be_bytes());
            bytes.extend(i32::to_be_bytes(length));
            assert_eq!(cut_handshake(&bytes), Err(DecodeError::BadLength(length.into())));
        }
        for length in [0, -1, 524_289] {
            assert!(cut_message(&i32::to_be_bytes(length)).is_err());
        }
        assert_eq!(cut_message(&524_288_i32.to_be_bytes()), Ok(None));
    }
}
