//! A whole replica without its shell: a few connections that send good and bad frames, commits that
//! come late, time that passes. Nothing panics, replies leave in request order with zxids that
//! never go back, and the tree holds together.
#![no_main]

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use bytes::{Bytes, BytesMut};
use codec::client::frame::{begin_frame, end_frame};
use codec::client::{ConnectFrame, ReplyHeader, RequestHeader};
use codec::{Decode, Encode, OpCode, ServerId, Xid, Zxid};
use fuzz_support::{Taker, ops};
use libfuzzer_sys::fuzz_target;
use server::config::model::DigestAlg;
use server::metrics::Metrics;
use server::replica::auth::AuthRules;
use server::replica::clock::{Instant, Now};
use server::replica::connection::{Connection, Ending, Outlet};
use server::replica::events::Dispatch;
use server::replica::pipeline::{Journal, JournalFailure, Pipeline};
use server::replica::tick::ReaperRules;
use server::replica::{Replica, Rules};
use tree::prepare::{PrepareRules, Preparer};
use tree::session::*;
use tree::watch::WatchTable;
use tree::{Tree, TreeConfig};

const CLIENTS: usize = 3;

fuzz_target!(|data: &[u8]| {
    let mut taker = Taker(data);
    let mut world = World::new();
    while !taker.is_empty() {
        world.step(&mut taker);
    }
    world.commit(i64::MAX);
    world.clients.iter_mut().for_each(Client::look);
    world.replica.tree.read().check().expect("a tree");
    assert_eq!(world.replica.tree.read().counters().digest_mismatches, 0);
});

/// A log that keeps nothing.
struct Nowhere;

impl Journal for Nowhere {
    fn append(&mut self, _: Zxid, _: &[u8]) -> Result<(), JournalFailure> {
        Ok(())
    }
}

/// What was sent on one connection.
#[derive(Clone, Default)]
struct Wire(Arc<Mutex<Vec<u8>>>);

impl Outlet for Wire {
    fn wake(&self) {}

    fn send(&self, bytes: &[u8]) -> std::io::Result<usize> {
        let mut sent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sent.extend_from_slice(bytes);
        Ok(bytes.len())
    }
}

struct Client {
    connection: Option<(Arc<Connection>, Wire)>,
    /// Of the last frame that was answered.
    last: ReplyHeader,
    next_xid: i32,
    connected: bool,
    /// The last connect response, to come back with.
    credentials: Option<(codec::SessionId, Vec<u8>)>,
}

struct World {
    replica: Replica,
    clients: Vec<Client>,
    dispatch: Dispatch,
    now: Now,
    committed: i64,
}

fn metrics() -> Arc<Metrics> {
    // Large, and of no interest here.
    static SHARED: OnceLock<Arc<Metrics>> = OnceLock::new();
    SHARED.get_or_init(Arc::default).clone()
}

impl World {
    fn new() -> Self {
        let tree = Tree::new(TreeConfig::default());
        let rules = PrepareRules { enforce_quota: true, ..PrepareRules::default() };
        let stall = StallRules { beat_ms: 250, late_ms: 1000, grace_ms: 2000 };
        let tracker = TrackerRules { tick_ms: 2000, stall, ensemble: false };
        let throttle = ThrottleRules { tokens: 0, ..ThrottleRules::default() };
        let pipeline = Pipeline::new(
            Preparer::new(rules, &tree, Zxid(0)),
            SessionTracker::new(tracker),
            SessionIds::new(ServerId(1), 1),
            ConnectThrottle::new(throttle, 0),
            Box::new(Nowhere),
        );
        let rules = Rules {
            access: Default::default(),
            auth: AuthRules {
                digest: true,
                algorithm: DigestAlg::Sha1,
                super_digest: None,
                enforced: Vec::new(),
            },
            timeouts: TimeoutBounds::new(2000, 4000, 40_000).expect("bounds"),
            client_bytes_max: 1 << 20,
        };
        let replica = Replica::new(rules, tree, WatchTable::new(0), pipeline, metrics());
        let clients = (0..CLIENTS).map(|_| Client::new()).collect();
        let now = Now { instant: Instant(1_000_000), wall_ms: 1_000_000 };
        World { replica, clients, dispatch: Dispatch::default(), now, committed: 0 }
    }

    fn step(&mut self, taker: &mut Taker<'_>) {
        let at = usize::from(taker.byte()) % CLIENTS;
        match taker.byte() {
            0..40 => self.commit(i64::from(taker.byte() % 4) + 1),
            40..50 => self.pass(u64::from(taker.byte()) * 100),
            50..55 => self.hang_up(at),
            55..70 => self.raw(at, taker),
            70..74 => {
                self.replica.reap(ReaperRules::default(), self.now);
            }
            74..80 => {
                // A second connection takes the session over while the first one is there.
                self.clients[at].connection = None;
                self.connect(at);
            }
            _ => self.requests(at, taker),
        }
    }

    fn commit(&mut self, more: i64) {
        self.committed = self.committed.saturating_add(more);
        let committed = Zxid(self.committed);
        let last = self.replica.commit(committed, self.now, &mut self.dispatch);
        self.committed = self.committed.min(last.0);
        for connection in self.dispatch.take_flush() {
            let _ = connection.flush();
        }
        self.clients.iter_mut().for_each(Client::look);
    }

    fn pass(&mut self, ms: u64) {
        self.now.instant.0 += ms * 1000;
        self.now.wall_ms += ms as i64;
        while self.replica.tick(self.now, 0).unfinished {}
    }

    fn hang_up(&mut self, at: usize) {
        if let Some((connection, _)) = self.clients[at].connection.take() {
            self.replica.closed(&connection);
        }
    }

    fn connect(&mut self, at: usize) {
        let wire = Wire::default();
        let peer = SocketAddr::from((Ipv4Addr::LOCALHOST, at as u16));
        let outlet = Box::new(wire.clone());
        let opened = self.replica.open(peer, self.now.instant, outlet);
        let connection = opened.expect("there is room");
        let client = &mut self.clients[at];
        let (session, passwd) = client.credentials.clone().unwrap_or_default();
        client.begin(connection.clone(), wire);
        let request = codec::client::ConnectRequest {
            protocol_version: 0,
            last_zxid_seen: Zxid(0),
            time_out: 4000,
            session_id: session,
            passwd: Some(&passwd),
        };
        let frame = ConnectFrame { request, read_only: Some(false) };
        let _ = self.replica.connect(&connection, &frame, self.now, 0.5);
        let _ = connection.flush();
    }

    fn raw(&mut self, at: usize, taker: &mut Taker<'_>) {
        let mut frames = BytesMut::new();
        let bytes = taker.bytes(256);
        if !bytes.is_empty() {
            put_frame(&mut frames, |out| out.extend_from_slice(bytes));
            // Any xid may be in there: order is not looked at any more.
            self.clients[at].next_xid = i32::MIN;
            self.receive(at, frames);
        }
    }

    fn requests(&mut self, at: usize, taker: &mut Taker<'_>) {
        if self.clients[at].connection.is_none() {
            self.connect(at);
        }
        let mut frames = BytesMut::new();
        for _ in 0..=taker.byte() % 4 {
            self.clients[at].put_request(taker, &mut frames);
        }
        self.receive(at, frames);
    }

    fn receive(&mut self, at: usize, frames: BytesMut) {
        let Some((connection, _)) = self.clients[at].connection.clone() else {
            return;
        };
        let ending = {
            let state = connection.lock();
            if !state.established {
                return;
            }
            state.ending
        };
        let short = self.replica.receive(&connection, frames.freeze(), self.now).broken.is_some();
        let _ = connection.flush();
        if short || ending != Ending::Open {
            self.hang_up(at);
        }
    }
}

fn put_frame(out: &mut BytesMut, write: impl FnOnce(&mut BytesMut)) {
    let mark = begin_frame(out);
    write(out);
    end_frame(out, mark);
}

impl Client {
    fn new() -> Self {
        let last = ReplyHeader { xid: Xid(0), zxid: Zxid(0), err: 0 };
        let (connection, next_xid, connected, credentials) = (None, 1, false, None);
        Client { connection, last, next_xid, connected, credentials }
    }

    fn begin(&mut self, connection: Arc<Connection>, wire: Wire) {
        *self = Client { credentials: self.credentials.take(), ..Client::new() };
        self.connection = Some((connection, wire));
    }

    fn put_request(&mut self, taker: &mut Taker<'_>, out: &mut BytesMut) {
        let kind = taker.byte();
        let op = match kind % 16 {
            0..=7 => ops::WRITES[usize::from(kind >> 4) % ops::WRITES.len()],
            15 => OpCode::CloseSession,
            _ => ops::READS[usize::from(kind >> 4) % ops::READS.len()],
        };
        let xid = Xid(self.next_xid);
        self.next_xid = self.next_xid.wrapping_add(1);
        put_frame(out, |out| {
            RequestHeader { xid, op: op.code() }.encode(out);
            if ops::WRITES.contains(&op) {
                ops::write_op(op, taker, out);
            } else if op != OpCode::CloseSession {
                ops::read_op(op, taker, out);
            }
        });
    }

    /// Takes what was sent, and holds its order against what was asked.
    fn look(&mut self) {
        let Some((_, wire)) = &self.connection else {
            return;
        };
        let sent = std::mem::take(&mut *wire.0.lock().unwrap_or_else(PoisonError::into_inner));
        let mut sent = BytesMut::from(&sent[..]);
        while let Some(frame) =
            codec::client::cut_frame(&mut sent, 1 << 30).expect("the server's frames are good")
        {
            self.hear(&frame);
        }
        assert!(sent.is_empty(), "a frame was cut off");
    }

    fn hear(&mut self, frame: &Bytes) {
        if !self.connected {
            let reply = codec::client::ConnectReply::from_bytes(frame).expect("a handshake");
            let response = reply.response;
            self.credentials = (response.session_id.0 != 0)
                .then(|| (response.session_id, response.passwd.unwrap_or_default().to_vec()));
            self.connected = true;
            return;
        }
        let header = ReplyHeader::from_bytes(frame).expect("a reply header");
        if self.next_xid < 0 || header.xid.0 < 0 {
            return;
        }
        assert!(header.xid.0 > self.last.xid.0, "{header:?} behind {:?}", self.last);
        assert!(header.zxid.0 <= 0 || header.zxid >= self.last.zxid, "{header:?}");
        let zxid = header.zxid.max(self.last.zxid);
        self.last = ReplyHeader { zxid, ..header };
    }
}
