//! What the replica ought to say: one request after the other, nothing in flight, watches in a
//! plain list. It is told what was taken in and what was committed, and foretells every frame of
//! every connection, byte for byte, and every transaction of the log.

use std::collections::{BTreeMap, VecDeque};

use bytes::{Bytes, BytesMut};
use codec::client::ReplyHeader;
use codec::txn::{Txn, TxnBody};
use codec::{Decode, Encode, ErrorCode, OpCode, SessionId, Xid, Zxid};
use server::replica::clock::Now;
use tree::authorize::Identity;
use tree::prepare::{Caller, Preparer};
use tree::session::password;
use tree::tree::Tree;

use super::harness::{Happening, Setup, cut};
use super::local::{Desk, Said};
use super::watchers::{Seen, Watching};
use super::written;

/// A transaction that is in the log and not committed.
enum Work {
    Open {
        session: SessionId,
        time_out: i32,
        client: usize,
        wall_ms: i64,
    },
    Write {
        client: usize,
        header: (Xid, OpCode),
        body: Bytes,
        who: Vec<Identity>,
        standing: Standing,
        wall_ms: i64,
    },
    Close {
        session: SessionId,
        xid: Xid,
        client: Option<usize>,
        wall_ms: i64,
    },
}

type Standing = Result<(), ErrorCode>;

/// A request that waits for its turn.
enum Queued {
    Write,
    Local { frame: Bytes, who: Vec<Identity> },
    Unknown(Xid),
}

#[derive(Default)]
pub struct Peer {
    session: SessionId,
    pub who: Vec<Identity>,
    queue: VecDeque<Queued>,
    /// Every frame that it must hear, without length words.
    pub expected: Vec<Vec<u8>>,
    /// It must not live on.
    pub ending: bool,
}

struct Tracked {
    closing: bool,
    time_out: i32,
    heard_ms: u64,
}

pub struct Model {
    pub tree: Tree,
    preparer: Preparer,
    pub watching: Watching,
    pub peers: Vec<Peer>,
    sessions: BTreeMap<SessionId, Tracked>,
    holders: BTreeMap<SessionId, usize>,
    work: VecDeque<Work>,
    /// Transactions asked for since the beginning.
    pub asked: usize,
    /// Transactions applied since the beginning.
    applied: usize,
}

impl Model {
    pub fn new(setup: &Setup) -> Self {
        let tree = setup.tree();
        Model {
            preparer: Preparer::new(setup.prepare(), &tree, Zxid::ZERO),
            tree,
            watching: Watching::default(),
            peers: Vec::new(),
            sessions: BTreeMap::new(),
            holders: BTreeMap::new(),
            work: VecDeque::new(),
            asked: 0,
            applied: 0,
        }
    }

    fn push(&mut self, work: Work) {
        self.asked += 1;
        self.work.push_back(work);
    }

    /// A socket opens; it is client number `self.peers.len() - 1` afterwards.
    pub fn open(&mut self) {
        let who = vec![Identity::new("ip", "127.0.0.1")];
        self.peers.push(Peer { who, ..Peer::default() });
    }

    /// The newest client asks for a new session, which got this id.
    pub fn create_session(&mut self, session: SessionId, time_out: i32, now: Now) {
        let client = self.peers.len() - 1;
        self.push(Work::Open { session, time_out, client, wall_ms: now.wall_ms });
    }

    /// The newest client comes back to a session.
    pub fn reattach(&mut self, session: SessionId, passwd: &[u8], time_out: i32, now: Now) {
        let client = self.peers.len() - 1;
        let tracked = self.sessions.get_mut(&session).filter(|tracked| !tracked.closing);
        match tracked.filter(|_| passwd == password(session)) {
            Some(tracked) => {
                tracked.time_out = time_out;
                tracked.heard_ms = now.instant.millis();
                self.attach(client, session, time_out);
            }
            None => {
                let peer = &mut self.peers[client];
                peer.expected.push(connect_reply(0, SessionId::NONE, &[0; 16]));
                peer.ending = true;
            }
        }
    }

    fn attach(&mut self, client: usize, session: SessionId, time_out: i32) {
        if let Some(before) = self.holders.insert(session, client) {
            self.end(before);
        }
        let peer = &mut self.peers[client];
        peer.session = session;
        peer.expected.push(connect_reply(time_out, session, &password(session)));
    }

    /// The replica decided that these sessions are silent for too long.
    pub fn expired(&mut self, sessions: &[SessionId], now: Now) {
        for session in sessions {
            let tracked = self.sessions.get_mut(session).unwrap();
            assert!(!tracked.closing, "a session expires once");
            let silent = now.instant.millis() - tracked.heard_ms;
            assert!(silent >= tracked.time_out as u64, "{session} expired after {silent} ms");
            tracked.closing = true;
            let (session, wall_ms) = (*session, now.wall_ms);
            self.push(Work::Close { session, xid: Xid(0), client: None, wall_ms });
        }
    }

    pub fn follow(&mut self, happening: Happening, log: &[(Zxid, Vec<u8>)]) {
        match happening {
            Happening::Received { client, frames, now } => self.received(client, &frames, now),
            Happening::Committed(zxid) => self.committed(zxid, log),
            Happening::Ended(client) => self.ended(client),
        }
    }

    /// Whatever it was that ended the connection: nothing of it stays.
    fn ended(&mut self, client: usize) {
        self.end(client);
        let session = self.peers[client].session;
        if self.holders.get(&session) == Some(&client) {
            self.holders.remove(&session);
        }
    }

    fn end(&mut self, client: usize) {
        self.peers[client].ending = true;
        self.peers[client].queue.clear();
        self.watching.remove(client);
    }

    fn received(&mut self, client: usize, frames: &Bytes, now: Now) {
        if let Some(tracked) = self.sessions.get_mut(&self.peers[client].session) {
            tracked.heard_ms = now.instant.millis();
        }
        for frame in cut(frames) {
            if !self.peers[client].ending {
                self.take(client, frames.slice_ref(frame), now);
            }
        }
    }

    fn take(&mut self, client: usize, frame: Bytes, now: Now) {
        let xid = Xid(i32::from_be_bytes(frame[..4].try_into().unwrap()));
        let op = OpCode::from_code(i32::from_be_bytes(frame[4..8].try_into().unwrap()));
        let peer = &mut self.peers[client];
        match op {
            Some(OpCode::Auth | OpCode::Sasl) => self.auth(client, xid, op, &frame[8..]),
            Some(OpCode::CloseSession) => {
                let session = peer.session;
                peer.queue.push_back(Queued::Write);
                if let Some(tracked) = self.sessions.get_mut(&session) {
                    tracked.closing = true;
                }
                let (client, wall_ms) = (Some(client), now.wall_ms);
                self.push(Work::Close { session, xid, client, wall_ms });
            }
            Some(op) if is_write(op) => {
                peer.queue.push_back(Queued::Write);
                let standing = match self.sessions.get(&peer.session) {
                    Some(tracked) if !tracked.closing => Ok(()),
                    Some(_) => Err(ErrorCode::SessionExpired),
                    None => Err(ErrorCode::UnknownSession),
                };
                let (who, body, wall_ms) = (peer.who.clone(), frame.slice(8..), now.wall_ms);
                self.push(Work::Write { client, header: (xid, op), body, who, standing, wall_ms });
            }
            _ => {
                let queued = match op.filter(|op| is_local(*op)) {
                    Some(_) => Queued::Local { frame, who: peer.who.clone() },
                    None => Queued::Unknown(xid),
                };
                peer.queue.push_back(queued);
                self.drain(client);
            }
        }
    }

    fn auth(&mut self, client: usize, xid: Xid, op: Option<OpCode>, body: &[u8]) {
        let peer = &mut self.peers[client];
        match written::auth(op, body) {
            Said::Silence => peer.ending = true,
            Said::Error(err) => {
                peer.expected.push(reply(xid, Zxid::ZERO, err, &[]));
                peer.ending = true;
            }
            Said::Body(body) => peer.expected.push(reply(xid, Zxid::ZERO, ErrorCode::Ok, &body)),
            Said::Identity(identity) => {
                if !peer.who.contains(&identity) {
                    peer.who.push(identity);
                }
                peer.expected.push(reply(xid, Zxid::ZERO, ErrorCode::Ok, &[]));
            }
        }
    }

    /// Answers what no write stands before.
    fn drain(&mut self, client: usize) {
        while let Some(next) = self.peers[client].queue.pop_front() {
            match next {
                Queued::Write => return self.peers[client].queue.push_front(next),
                Queued::Unknown(xid) => {
                    let frame = reply(xid, Zxid::NONE, ErrorCode::Unimplemented, &[]);
                    self.peers[client].expected.push(frame);
                    self.peers[client].ending = true;
                    self.peers[client].queue.clear();
                }
                Queued::Local { frame, who } => {
                    let session = self.peers[client].session;
                    let (tree, watching) = (&self.tree, &mut self.watching);
                    let mut desk = Desk { tree, watching, client, session, who: &who };
                    let frames = desk.answer(&frame);
                    self.peers[client].expected.extend(frames);
                }
            }
        }
    }

    fn committed(&mut self, zxid: Zxid, log: &[(Zxid, Vec<u8>)]) {
        while self.applied < log.len() && log[self.applied].0 <= zxid {
            let payload = &log[self.applied].1;
            self.applied += 1;
            let work = self.work.pop_front().unwrap();
            let ours = self.prepare(&work);
            assert_eq!(ours[..], payload[..], "prepared as if nothing else had been in flight");
            self.apply(&work, &ours);
        }
    }

    fn prepare(&mut self, work: &Work) -> BytesMut {
        let (tree, out) = (&self.tree, &mut BytesMut::new());
        match work {
            Work::Open { session, time_out, wall_ms, .. } => {
                self.preparer.prepare_create_session(*session, *time_out, *wall_ms, out);
            }
            Work::Write { client, header: (cxid, op), body, who, standing, wall_ms } => {
                let (session, time_ms) = (self.peers[*client].session, *wall_ms);
                let (cxid, standing, identities) = (*cxid, *standing, &who[..]);
                let caller = Caller { session, cxid, identities, standing, time_ms };
                self.preparer.prepare(tree, &caller, *op, body, out);
            }
            Work::Close { session, xid, wall_ms, .. } => {
                let surplus = |_, _| panic!("so many ephemerals were not made");
                self.preparer.prepare_close_session(tree, *session, *xid, *wall_ms, out, surplus);
            }
        }
        std::mem::take(out)
    }

    fn apply(&mut self, work: &Work, payload: &[u8]) {
        let txn = Txn::from_bytes(payload).unwrap();
        let mut seen = Seen::default();
        let applied = self.tree.apply(&txn, &mut seen);
        self.preparer.applied(applied.zxid);
        assert_eq!(applied.digest_mismatch, None);
        for step in &seen.0 {
            self.watching.fire(step, applied.zxid, &mut self.peers);
        }
        match work {
            Work::Open { session, time_out, client, .. } => {
                let TxnBody::CreateSession(body) = txn.body else { panic!("no session") };
                assert_eq!(body.time_out, *time_out);
                let tracked = Tracked { closing: false, time_out: *time_out, heard_ms: 0 };
                self.sessions.insert(*session, tracked);
                if !self.peers[*client].ending {
                    self.attach(*client, *session, *time_out);
                }
            }
            Work::Write { client, header: (xid, op), .. } => {
                let (err, body) = written::answer(*op, &txn, &applied);
                self.answer(*client, reply(*xid, applied.zxid, err, &body));
            }
            Work::Close { session, xid, client, .. } => self.closed(*session, *xid, *client),
        }
    }

    /// Answers the write at the head of a queue.
    fn answer(&mut self, client: usize, frame: Vec<u8>) {
        if self.peers[client].ending {
            return;
        }
        let head = self.peers[client].queue.pop_front();
        assert!(matches!(head, Some(Queued::Write)), "a write waits at the head");
        self.peers[client].expected.push(frame);
        self.drain(client);
    }

    fn closed(&mut self, session: SessionId, xid: Xid, client: Option<usize>) {
        self.sessions.remove(&session);
        if let Some(client) = client.filter(|&client| !self.peers[client].ending) {
            let zxid = self.tree.last_zxid();
            self.peers[client].expected.push(reply(xid, zxid, ErrorCode::Ok, &[]));
            self.end(client);
        }
        if let Some(holder) = self.holders.remove(&session) {
            self.end(holder);
        }
    }

    /// When the session was last heard of; the driver knows the time of a commit.
    pub fn touch_new(&mut self, now: Now) {
        for tracked in self.sessions.values_mut().filter(|tracked| tracked.heard_ms == 0) {
            tracked.heard_ms = now.instant.millis();
        }
    }
}

fn is_write(op: OpCode) -> bool {
    use OpCode as O;
    matches!(op, O::Create | O::Create2 | O::CreateContainer | O::CreateTtl | O::Delete)
        || matches!(op, O::SetData | O::SetAcl | O::Multi | O::Reconfig)
}

fn is_local(op: OpCode) -> bool {
    use OpCode as O;
    !matches!(op, O::Notification | O::Check | O::DeleteContainer | O::CreateSession | O::Error)
}

/// A reply's frame without its length word.
pub fn reply(xid: Xid, zxid: Zxid, err: ErrorCode, body: &[u8]) -> Vec<u8> {
    let mut out = BytesMut::new();
    ReplyHeader { xid, zxid, err: err.code() }.encode(&mut out);
    out.extend_from_slice(body);
    out.to_vec()
}

fn connect_reply(time_out: i32, session_id: SessionId, passwd: &[u8]) -> Vec<u8> {
    use codec::client::{ConnectReply, ConnectResponse};
    let passwd = Some(passwd);
    let response = ConnectResponse { protocol_version: 0, time_out, session_id, passwd };
    ConnectReply { response, read_only: Some(false) }.to_bytes().to_vec()
}
