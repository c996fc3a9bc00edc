//! Sessions over blocking sockets: the handshake, one call at a time, an orderly end. What a run
//! measures does not come through here, but for the handshakes of a connection storm.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use bytes::BytesMut;
use codec::client::request::{ConnectFrame, ConnectRequest};
use codec::client::requests::Request;
use codec::client::response::ReplyHeader;
use codec::client::{ConnectReply, RequestHeader, begin_frame, end_frame};
use codec::{Decode, Encode, SessionId, Xid, Zxid};

use crate::error::BenchError;

/// Session timeout asked for, ms: longer than any pause between two requests of a run.
pub const TIMEOUT_MS: i32 = 30_000;
/// Nobody waits longer for one reply.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// The longest reply that is read.
pub const REPLY_MAX: usize = 64 << 20;

/// A connection with a session.
#[derive(Debug)]
pub struct Opened {
    /// Blocking, without Nagle's delay.
    pub stream: TcpStream,
    /// Its session.
    pub session: SessionId,
    /// Whom it talks to.
    pub server: SocketAddr,
    xid: i32,
}

/// Connects and makes a session.
///
/// # Errors
/// The server is not there, or answers otherwise than ZooKeeper does.
pub fn open(server: SocketAddr) -> Result<Opened, BenchError> {
    let failed = |source| BenchError::connection("cannot open a session at", server, source);
    let stream = TcpStream::connect_timeout(&server, PATIENCE).map_err(failed)?;
    stream.set_nodelay(true).map_err(failed)?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(failed)?;
    let mut opened = Opened { stream, session: SessionId::NONE, server, xid: 0 };
    opened.stream.write_all(&hello()).map_err(failed)?;
    let reply = read_frame(&mut opened.stream).map_err(failed)?;
    match ConnectReply::from_bytes(&reply) {
        Ok(reply) if reply.response.time_out > 0 => {
            opened.session = reply.response.session_id;
            Ok(opened)
        }
        other => Err(BenchError::Protocol(format!("{server} refused a session: {other:?}"))),
    }
}

fn hello() -> BytesMut {
    let request = ConnectRequest {
        protocol_version: 0,
        last_zxid_seen: Zxid::ZERO,
        time_out: TIMEOUT_MS,
        session_id: SessionId::NONE,
        passwd: Some(&[0; 16]),
    };
    let mut out = BytesMut::new();
    let mark = begin_frame(&mut out);
    ConnectFrame { request, read_only: Some(false) }.encode(&mut out);
    end_frame(&mut out, mark);
    out
}

fn read_frame(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut word = [0; 4];
    stream.read_exact(&mut word)?;
    let length = i32::from_be_bytes(word);
    if !(0..=REPLY_MAX as i32).contains(&length) {
        return Err(io::Error::other(format!("a reply claims {length} bytes")));
    }
    let mut frame = Vec::new();
    stream.take(length as u64).read_to_end(&mut frame)?;
    match frame.len() == length as usize {
        true => Ok(frame),
        false => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

/// A whole frame of `request` with number `xid`.
pub fn frame_of(xid: Xid, request: &Request<'_>) -> BytesMut {
    let mut out = BytesMut::new();
    let mark = begin_frame(&mut out);
    RequestHeader { xid, op: request.op().code() }.encode(&mut out);
    request.encode(&mut out);
    end_frame(&mut out, mark);
    out
}

impl Opened {
    /// Sends bytes that are whole frames.
    ///
    /// # Errors
    /// The connection broke.
    pub fn send(&mut self, bytes: &[u8]) -> Result<(), BenchError> {
        self.stream
            .write_all(bytes)
            .map_err(|source| BenchError::connection("cannot send to", self.server, source))
    }

    /// Reads one reply or event: header and body.
    ///
    /// # Errors
    /// The connection broke, or what came is no reply.
    pub fn receive(&mut self) -> Result<(ReplyHeader, Vec<u8>), BenchError> {
        let mut frame = read_frame(&mut self.stream)
            .map_err(|source| BenchError::connection("no answer from", self.server, source))?;
        let (rest, header) = ReplyHeader::decode(&frame)
            .map_err(|error| BenchError::Protocol(format!("a reply without a header: {error}")))?;
        let body = frame.len() - rest.len();
        Ok((header, frame.split_off(body)))
    }

    /// One request and its reply's error code and body.
    ///
    /// # Errors
    /// The connection broke, or another reply came.
    pub fn call(&mut self, request: &Request<'_>) -> Result<(i32, Vec<u8>), BenchError> {
        self.xid += 1;
        self.send(&frame_of(Xid(self.xid), request))?;
        let (header, body) = self.receive()?;
        match header.xid.0 == self.xid {
            true => Ok((header.err, body)),
            false => Err(BenchError::Protocol(format!(
                "reply {} came where {} was due",
                header.xid, self.xid
            ))),
        }
    }

    /// Ends the session and waits until the server has said so.
    ///
    /// # Errors
    /// The connection broke before.
    pub fn close(mut self) -> Result<(), BenchError> {
        self.call(&Request::CloseSession).map(drop)
    }
}
