//! A blocking client that hides nothing: every frame that comes is an event or a reply.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use bytes::BytesMut;
use codec::client as rec;
use codec::{Decode, Encode, Xid};

use crate::expect::{Event, Reply};
use crate::handshake::Session;

/// The longest that any read or connect waits.
pub const LIMIT: Duration = Duration::from_secs(15);

/// Op codes by the names that the protocol notes use.
pub mod op {
    use codec::OpCode;

    macro_rules! ops {
        ($($name:ident $variant:ident,)*) => {
            $(#[doc = stringify!($variant)] pub const $name: i32 = OpCode::$variant.code();)*
        };
    }

    ops! {
        CREATE Create, DELETE Delete, EXISTS Exists, GET_DATA GetData, SET_DATA SetData,
        GET_ACL GetAcl, SET_ACL SetAcl, GET_CHILDREN GetChildren, SYNC Sync, PING Ping,
        GET_CHILDREN2 GetChildren2, CHECK Check, MULTI Multi, CREATE2 Create2,
        RECONFIG Reconfig, CHECK_WATCHES CheckWatches, REMOVE_WATCHES RemoveWatches,
        CREATE_CONTAINER CreateContainer, DELETE_CONTAINER DeleteContainer,
        CREATE_TTL CreateTtl, MULTI_READ MultiRead, AUTH Auth, SET_WATCHES SetWatches,
        SASL Sasl, GET_EPHEMERALS GetEphemerals, GET_ALL_CHILDREN_NUMBER GetAllChildrenNumber,
        SET_WATCHES2 SetWatches2, ADD_WATCH AddWatch, WHO_AM_I WhoAmI,
        CREATE_SESSION CreateSession, CLOSE_SESSION CloseSession,
    }
}

/// Bytes that stand for themselves as a request body.
#[derive(Debug, Clone, Copy)]
pub struct Raw<'a>(pub &'a [u8]);

impl Encode for Raw<'_> {
    fn encode(&self, out: &mut BytesMut) {
        out.extend_from_slice(self.0);
    }
}

/// A connected socket with bounded reads.
pub fn open_socket(addr: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect_timeout(&addr, LIMIT).expect("the server accepts");
    stream.set_read_timeout(Some(LIMIT)).expect("a read limit");
    stream.set_write_timeout(Some(LIMIT)).expect("a write limit");
    stream.set_nodelay(true).expect("no delay");
    stream
}

/// `payload` with its length word.
pub fn framed(payload: &[u8]) -> Vec<u8> {
    let mut frame = (payload.len() as i32).to_be_bytes().to_vec();
    frame.extend_from_slice(payload);
    frame
}

/// Reads exactly `buffer`; false when the connection ended before its first byte.
fn fill(stream: &mut TcpStream, buffer: &mut [u8]) -> bool {
    match stream.read_exact(buffer) {
        Ok(()) => true,
        Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
            panic!("the server sends nothing and does not close within {LIMIT:?}")
        }
        Err(_) => false,
    }
}

/// The payload of the next frame; `None` when the connection ended.
pub fn read_frame(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut word = [0; 4];
    if !fill(stream, &mut word) {
        return None;
    }
    let length = i32::from_be_bytes(word);
    assert!((0..1 << 30).contains(&length), "a frame of length {length}");
    let mut payload = vec![0; length as usize];
    fill(stream, &mut payload).then_some(payload)
}

/// Sends `word` on a connection of its own and answers everything until the server closes.
pub fn four_letter(addr: SocketAddr, word: &[u8]) -> Vec<u8> {
    four_letter_within(addr, word, LIMIT)
}

/// As [`four_letter`], waiting no longer than `limit` for each read: for servers that just start,
/// and may have accepted a connection that they forget.
pub fn four_letter_within(addr: SocketAddr, word: &[u8], limit: Duration) -> Vec<u8> {
    let mut answer = Vec::new();
    if let Ok(mut stream) = TcpStream::connect_timeout(&addr, limit) {
        stream.set_read_timeout(Some(limit)).expect("a read limit");
        // Nothing at all is an answer, too: the caller sees it as an empty one.
        let _ = stream.write_all(word);
        let _ = stream.read_to_end(&mut answer);
    }
    answer
}

/// A connection with its session.
#[derive(Debug)]
pub struct Client {
    stream: TcpStream,
    xid: i32,
    /// What the handshake answered.
    pub session: Session,
    /// Events that came while a reply was awaited.
    pub events: VecDeque<Event>,
    pub(crate) closed: bool,
}

/// What a frame is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// xid -1.
    Event(Event),
    /// Any other.
    Reply(Reply),
}

impl Client {
    /// Takes over a socket behind its handshake.
    pub fn new(stream: TcpStream, session: Session) -> Client {
        Client { stream, xid: 0, session, events: VecDeque::new(), closed: false }
    }

    /// Sends bytes as they are.
    pub fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("the server takes the bytes");
    }

    /// Sends a request with this xid.
    pub fn send_as(&mut self, xid: i32, op: i32, body: &dyn Encode) {
        let frame = request(xid, op, body);
        self.write(&frame);
    }

    /// Sends a request with the next xid, and answers that.
    pub fn send(&mut self, op: i32, body: &dyn Encode) -> i32 {
        self.xid += 1;
        self.send_as(self.xid, op, body);
        self.xid
    }

    /// The next frame; `None` when the server closed.
    pub fn frame(&mut self) -> Option<Frame> {
        let payload = read_frame(&mut self.stream);
        self.closed |= payload.is_none();
        let payload = payload?;
        let (body, header) = rec::ReplyHeader::decode(&payload)
            .unwrap_or_else(|why| panic!("no reply header ({why}): {payload:02x?}"));
        let (zxid, err) = (header.zxid.0, header.err);
        Some(match header.xid {
            Xid(-1) => Frame::Event(Event::parse(zxid, err, body)),
            Xid(xid) => Frame::Reply(Reply { xid, zxid, err, body: body.to_vec() }),
        })
    }

    /// The next reply; events before it are kept in [`Client::events`].
    pub fn reply(&mut self) -> Reply {
        self.try_reply().expect("a reply, but the server closed")
    }

    /// As [`Client::reply`]; `None` when the server closed.
    pub fn try_reply(&mut self) -> Option<Reply> {
        loop {
            match self.frame()? {
                Frame::Event(event) => self.events.push_back(event),
                Frame::Reply(reply) => return Some(reply),
            }
        }
    }

    /// The next event: one that was kept, or the next frame.
    pub fn event(&mut self) -> Event {
        if let Some(event) = self.events.pop_front() {
            return event;
        }
        match self.frame() {
            Some(Frame::Event(event)) => event,
            other => panic!("an event is due, but there comes {other:?}"),
        }
    }

    /// Sends a request and answers its reply.
    pub fn call(&mut self, op: i32, body: &dyn Encode) -> Reply {
        let xid = self.send(op, body);
        let reply = self.reply();
        assert_eq!(reply.xid, xid, "the xid of the reply to op {op}");
        reply
    }

    /// The server closes, and sends no reply before.
    pub fn is_closed(&mut self) {
        let frame = self.frame();
        assert_eq!(frame, None, "a close without a word");
    }

    /// Closes the socket without closing the session.
    pub fn abandon(mut self) -> Session {
        self.closed = true;
        // The peer may have closed first.
        let _ = self.stream.shutdown(Shutdown::Both);
        self.session.clone()
    }

    /// Limits how long the next reads wait, for those that expect silence.
    pub fn patience(&mut self, limit: Duration) {
        self.stream.set_read_timeout(Some(limit)).expect("a read limit");
    }

    /// The socket itself.
    pub fn socket(&mut self) -> &mut TcpStream {
        &mut self.stream
    }

    /// All events that are on their way: a ping is the fence.
    pub fn take_events(&mut self) -> Vec<Event> {
        self.ping();
        self.events.drain(..).collect()
    }

    /// As [`Client::take_events`], only kind and path of each.
    pub fn take_kinds(&mut self) -> Vec<(i32, String)> {
        self.take_events().into_iter().map(|event| (event.kind, event.path)).collect()
    }

    /// ping; its reply carries -2 whatever was sent.
    pub fn ping(&mut self) -> Reply {
        self.send_as(-2, op::PING, &Raw(&[]));
        let reply = self.reply();
        assert_eq!((reply.xid, reply.err), (-2, 0), "the reply to a ping");
        assert!(reply.body.is_empty(), "a ping reply without body");
        reply
    }
}

/// A request frame, length word included.
pub fn request(xid: i32, op: i32, body: &dyn Encode) -> Vec<u8> {
    let mut payload = rec::RequestHeader { xid: Xid(xid), op }.to_bytes();
    body.encode(&mut payload);
    framed(&payload)
}

impl Drop for Client {
    /// Closes the session, so that its expiry does not disturb the checks that come later.
    fn drop(&mut self) {
        if self.closed || std::thread::panicking() {
            return;
        }
        let limit = Some(Duration::from_secs(2));
        let bounded = self.stream.set_read_timeout(limit).is_ok();
        let sent = self.stream.write_all(&request(0, op::CLOSE_SESSION, &Raw(&[]))).is_ok();
        let mut rest = [0; 4096];
        // Whatever still comes is of no interest; the end of the stream says that it is done.
        while bounded && sent && self.stream.read(&mut rest).is_ok_and(|n| n > 0) {}
    }
}
