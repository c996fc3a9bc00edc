//! The first frame of a connection, in every form that clients send, and its answer.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};

use codec::client::{ConnectRequest, ConnectResponse};
use codec::{Decode, Encode, SessionId, Zxid};

use crate::client::{Client, framed, open_socket, read_frame};

/// A connect frame to be sent. The default asks for a new session of 30 s in the 45-byte form.
#[derive(Debug, Clone)]
pub struct Connect {
    /// Ignored by servers.
    pub protocol: i32,
    /// Highest zxid seen.
    pub last_zxid: i64,
    /// Wished timeout, ms.
    pub timeout: i32,
    /// Session to re-attach, 0 for a new one.
    pub id: i64,
    /// Its password; `None` is a null buffer.
    pub passwd: Option<Vec<u8>>,
    /// The byte at the end; `None` gives the 44-byte form.
    pub read_only: Option<bool>,
}

/// What a server answers to a connect frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Always 0.
    pub protocol: i32,
    /// Negotiated timeout, ms; 0 for "expired".
    pub timeout: i32,
    /// Session id; 0 for "expired".
    pub id: i64,
    /// Its password.
    pub passwd: Vec<u8>,
    /// The byte at the end, if there is one.
    pub read_only: Option<u8>,
    /// The payload as it came.
    pub raw: Vec<u8>,
}

impl Default for Connect {
    fn default() -> Self {
        Connect::new()
    }
}

impl Connect {
    /// A new session of 30 s, with the readOnly byte, as the Java client asks for it.
    pub fn new() -> Connect {
        Connect {
            protocol: 0,
            last_zxid: 0,
            timeout: 30_000,
            id: 0,
            passwd: Some(vec![0; 16]),
            read_only: Some(false),
        }
    }

    /// Re-attaches `session`.
    pub fn resume(session: &Session) -> Connect {
        let passwd = Some(session.passwd.clone());
        Connect { id: session.id, passwd, timeout: session.timeout, ..Connect::new() }
    }

    /// Asks for this timeout, ms.
    pub fn timeout(self, timeout: i32) -> Connect {
        Connect { timeout, ..self }
    }

    /// Says that this zxid was seen.
    pub fn last_zxid(self, last_zxid: i64) -> Connect {
        Connect { last_zxid, ..self }
    }

    /// Sends this password.
    pub fn passwd(self, passwd: Option<Vec<u8>>) -> Connect {
        Connect { passwd, ..self }
    }

    /// Sends this readOnly byte, or none.
    pub fn read_only(self, read_only: Option<bool>) -> Connect {
        Connect { read_only, ..self }
    }

    /// The frame, length word included.
    pub fn frame(&self) -> Vec<u8> {
        let request = ConnectRequest {
            protocol_version: self.protocol,
            last_zxid_seen: Zxid(self.last_zxid),
            time_out: self.timeout,
            session_id: SessionId(self.id),
            passwd: self.passwd.as_deref(),
        };
        let mut payload = request.to_bytes();
        payload.extend(self.read_only.map(u8::from));
        framed(&payload)
    }

    /// Sends the frame on a new socket and answers what came; `None` when the server closed.
    pub fn answer(&self, addr: SocketAddr) -> Option<(TcpStream, Session)> {
        let mut stream = open_socket(addr);
        // A refusing server may have closed already; reading tells.
        let _ = stream.write_all(&self.frame());
        let payload = read_frame(&mut stream)?;
        Some((stream, Session::parse(payload)))
    }

    /// A client with its session.
    pub fn open(&self, addr: SocketAddr) -> Client {
        let (stream, session) =
            self.answer(addr).unwrap_or_else(|| panic!("{addr} closed on {self:?}"));
        assert_ne!(session.id, 0, "the server says that the session of {self:?} is expired");
        Client::new(stream, session)
    }

    /// The server closes without an answer.
    pub fn is_refused(&self, addr: SocketAddr) {
        let answer = self.answer(addr);
        assert!(answer.is_none(), "{self:?} was answered with {answer:?}");
    }

    /// The server says that the session is expired, in the form of the request, and closes.
    pub fn is_expired(&self, addr: SocketAddr) {
        let (mut stream, session) = self.answer(addr).expect("an answer before the close");
        let mut zeroes = vec![0; 36 + usize::from(self.read_only.is_some())];
        zeroes[19] = 16;
        assert_eq!(session.raw, zeroes, "the answer to an expired session");
        assert_eq!(read_frame(&mut stream), None, "the server closes behind it");
    }
}

impl Session {
    fn parse(raw: Vec<u8>) -> Session {
        let (rest, fixed) = ConnectResponse::decode(&raw)
            .unwrap_or_else(|why| panic!("no ConnectResponse ({why}): {raw:02x?}"));
        assert!(rest.len() <= 1, "bytes behind the ConnectResponse: {raw:02x?}");
        Session {
            protocol: fixed.protocol_version,
            timeout: fixed.time_out,
            id: fixed.session_id.0,
            passwd: fixed.passwd.unwrap_or_default().to_vec(),
            read_only: rest.first().copied(),
            raw: raw.clone(),
        }
    }
}

/// The password that every server must compute for `id` (16 bytes of java.util.Random).
pub fn password_of(id: i64) -> Vec<u8> {
    const MULTIPLIER: u64 = 0x5_DEEC_E66D;
    const MASK: u64 = (1 << 48) - 1;
    let mut state = ((id as u64 ^ 0xB341_5C00) ^ MULTIPLIER) & MASK;
    let mut password = Vec::with_capacity(16);
    for _ in 0..4 {
        state = state.wrapping_mul(MULTIPLIER).wrapping_add(0xB) & MASK;
        password.extend_from_slice(&((state >> 16) as u32).to_le_bytes());
    }
    password
}
