//! A world around one replica: a journal whose disk the test commands, sockets that take what the
//! test lets them take, virtual time, and one task per connection that does what the shell's does.
//!
//! A task runs only when the shell's would: input came, it was woken, or its socket takes bytes
//! again. So a forgotten wake-up shows as an answer that never arrives.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::{Buf, Bytes};
use codec::client::{ConnectFrame, ConnectReply, ConnectRequest, Reply, ReplyHeader, Request};
use codec::{Decode, ServerId, SessionId, Zxid};
use parking_lot::Mutex;
use server::config::model::DigestAlg;
use server::metrics::Metrics;
use server::replica::auth::AuthRules;
use server::replica::clock::{Instant, Now};
use server::replica::connect::{Handshake, Refusal};
use server::replica::connection::{Connection, Ending, Outlet};
use server::replica::events::Dispatch;
use server::replica::pipeline::{Journal, JournalFailure, Pipeline};
use server::replica::tick::Ticked;
use server::replica::{Replica, Rules};
use tree::TreeConfig;
use tree::authorize::AccessRules;
use tree::prepare::{PrepareRules, Preparer};
use tree::session::{
    ConnectThrottle, SessionIds, SessionTracker, StallRules, ThrottleRules, TimeoutBounds,
    TrackerRules, password,
};
use tree::tree::Tree;
use tree::watch::WatchTable;

use super::ask;
use super::words::words;

/// `tickTime`.
pub const TICK_MS: u64 = 2000;
/// Timeout of the sessions that [`World::client`] makes.
pub const TIMEOUT_MS: i32 = 30_000;

/// What the journal keeps.
#[derive(Debug, Default)]
pub struct Book {
    /// What was appended, in order.
    pub entries: Vec<(Zxid, Vec<u8>)>,
    /// The next append fails.
    pub broken: bool,
}

struct TestJournal(Arc<Mutex<Book>>);

impl Journal for TestJournal {
    fn append(&mut self, zxid: Zxid, payload: &[u8]) -> Result<(), JournalFailure> {
        let mut book = self.0.lock();
        if book.broken {
            return Err(JournalFailure("log.1: write: no space left".into()));
        }
        book.entries.push((zxid, payload.to_vec()));
        Ok(())
    }
}

/// The client's side of a socket.
#[derive(Debug, Default)]
struct Wire {
    woken: AtomicBool,
    inner: Mutex<WireInner>,
}

#[derive(Debug, Default)]
struct WireInner {
    /// Everything that left, from the first byte.
    bytes: Vec<u8>,
    /// How much more the socket takes; `None`: all.
    room: Option<usize>,
    dead: bool,
}

struct TestOutlet(Arc<Wire>);

impl Outlet for TestOutlet {
    fn wake(&self) {
        self.0.woken.store(true, Ordering::Relaxed);
    }

    fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut wire = self.0.inner.lock();
        if wire.dead {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let n = wire.room.unwrap_or(usize::MAX).min(bytes.len());
        wire.bytes.extend_from_slice(&bytes[..n]);
        wire.room = wire.room.map(|room| room - n);
        Ok(n)
    }
}

/// A client, or what is left of one. Clients are named by their index in the world.
pub struct Client {
    pub connection: Arc<Connection>,
    wire: Arc<Wire>,
    /// Bytes of the wire that the test has looked at.
    seen: usize,
    greeted: bool,
    /// Op codes of what was asked, to read the answers.
    ops: HashMap<i32, i32>,
    backlog: Bytes,
    /// Its task has ended and told the replica.
    pub ended: bool,
    /// It came to an end that flushes.
    pub flushed: bool,
}

/// What happened in which order: what a model has to follow.
#[derive(Debug, Clone)]
pub enum Happening {
    /// Frames (with length words) were taken in.
    Received { client: usize, frames: Bytes, now: Now },
    /// Everything up to here was committed.
    Committed(Zxid),
    /// The task of a client ended.
    Ended(usize),
}

/// One frame that left a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    Connected { session: SessionId, time_out: i32, passwd: Vec<u8>, read_only: Option<bool> },
    Frame { header: ReplyHeader, payload: Vec<u8> },
}

pub struct World {
    pub replica: Replica,
    pub book: Arc<Mutex<Book>>,
    dispatch: Dispatch,
    /// Monotonic time, µs.
    pub micros: u64,
    pub clients: Vec<Client>,
    pub story: Vec<Happening>,
}

/// Settings that tests change.
pub struct Setup {
    pub enforced: Vec<String>,
    pub throttle: ThrottleRules,
    pub extended_types: bool,
}

impl Default for Setup {
    fn default() -> Self {
        let throttle = ThrottleRules::default();
        Setup { enforced: Vec::new(), throttle, extended_types: true }
    }
}

impl Setup {
    pub fn tree(&self) -> Tree {
        let mut config = TreeConfig::default();
        config.kinds.extended_types = self.extended_types;
        Tree::new(config)
    }

    pub fn prepare(&self) -> PrepareRules {
        PrepareRules { extended_types: self.extended_types, ..PrepareRules::default() }
    }
}

impl World {
    pub fn new() -> Self {
        Self::with(Setup::default())
    }

    pub fn with(setup: Setup) -> Self {
        let book = Arc::new(Mutex::new(Book::default()));
        let tree = setup.tree();
        // A late beat is never a stall here: tests jump in time.
        let stall = StallRules { beat_ms: 1000, late_ms: u64::MAX, grace_ms: TICK_MS };
        let tracker = TrackerRules { tick_ms: TICK_MS, stall, ensemble: false };
        let pipeline = Pipeline::new(
            Preparer::new(setup.prepare(), &tree, Zxid::ZERO),
            SessionTracker::new(tracker),
            SessionIds::new(ServerId(1), 1_700_000_000_000),
            ConnectThrottle::new(setup.throttle, 0),
            Box::new(TestJournal(book.clone())),
        );
        let algorithm = DigestAlg::Sha1;
        let rules = Rules {
            access: AccessRules::default(),
            auth: AuthRules {
                digest: true,
                algorithm,
                super_digest: None,
                enforced: setup.enforced,
            },
            timeouts: TimeoutBounds::new(TICK_MS as i32, -1, -1).unwrap(),
            client_bytes_max: 1 << 20,
        };
        let metrics = Arc::new(Metrics::default());
        let replica = Replica::new(rules, tree, WatchTable::new(7), pipeline, metrics);
        World {
            replica,
            book,
            dispatch: Dispatch::default(),
            micros: 1_000_000,
            clients: Vec::new(),
            story: Vec::new(),
        }
    }

    pub fn now(&self) -> Now {
        let wall_ms = 1_700_000_000_000 + (self.micros / 1000) as i64;
        Now { instant: Instant(self.micros), wall_ms }
    }

    pub fn pass_ms(&mut self, ms: u64) {
        self.micros += ms * 1000;
    }

    /// A socket that has said nothing.
    pub fn open(&mut self) -> usize {
        let wire = Arc::new(Wire::default());
        let peer = "127.0.0.1:4444".parse().unwrap();
        let outlet = Box::new(TestOutlet(wire.clone()));
        let connection = self.replica.open(peer, Instant(self.micros), outlet).unwrap();
        self.clients.push(Client {
            connection,
            wire,
            seen: 0,
            greeted: false,
            ops: HashMap::new(),
            backlog: Bytes::new(),
            ended: false,
            flushed: false,
        });
        self.clients.len() - 1
    }

    /// The connect frame of `client`, with a readOnly byte as today's clients send it.
    pub fn greet(
        &mut self,
        client: usize,
        session: SessionId,
        passwd: &[u8],
        time_out: i32,
    ) -> Result<Handshake, Refusal> {
        self.greet_seen(client, session, passwd, time_out, Zxid::ZERO)
    }

    pub fn greet_seen(
        &mut self,
        client: usize,
        session_id: SessionId,
        passwd: &[u8],
        time_out: i32,
        last_zxid_seen: Zxid,
    ) -> Result<Handshake, Refusal> {
        let passwd = Some(passwd);
        let request =
            ConnectRequest { protocol_version: 0, last_zxid_seen, time_out, session_id, passwd };
        self.greet_frame(client, &ConnectFrame { request, read_only: Some(false) })
    }

    pub fn greet_frame(
        &mut self,
        client: usize,
        frame: &ConnectFrame<'_>,
    ) -> Result<Handshake, Refusal> {
        let connection = self.clients[client].connection.clone();
        let result = self.replica.connect(&connection, frame, self.now(), 0.5);
        if result == Ok(Handshake::Answered) {
            let _ = connection.flush();
        }
        if result.is_err() {
            self.end_task(client);
        }
        self.settle();
        result
    }

    /// A client with a new session, its handshake answered and looked at.
    pub fn client(&mut self) -> usize {
        let client = self.open();
        self.greet(client, SessionId::NONE, &[0; 16], TIMEOUT_MS).unwrap();
        self.commit();
        assert!(matches!(self.heard(client)[..], [Heard::Connected { .. }]));
        client
    }

    /// A client whose handshake still waits for the disk.
    pub fn client_without_commit(&mut self) -> usize {
        let client = self.open();
        self.greet(client, SessionId::NONE, &[0; 16], TIMEOUT_MS).unwrap();
        client
    }

    /// Another connection that comes back to `session` with the right password.
    pub fn reattach(&mut self, session: SessionId) -> usize {
        let client = self.open();
        self.greet(client, session, &password(session), TIMEOUT_MS).unwrap();
        client
    }

    pub fn session(&self, client: usize) -> SessionId {
        self.clients[client].connection.session()
    }

    /// All in one batch, numbered as given.
    pub fn send(&mut self, client: usize, asks: &[(i32, Request<'_>)]) {
        let frames: Vec<u8> =
            asks.iter().flat_map(|(xid, request)| ask::encode(*xid, request)).collect();
        self.send_frames(client, &frames);
    }

    /// Frames as they are.
    pub fn send_frames(&mut self, client: usize, frames: &[u8]) {
        let at = &mut self.clients[client];
        if at.ended {
            return;
        }
        for frame in cut(frames) {
            let Some(header) = frame.get(..8) else { continue };
            let xid = i32::from_be_bytes(header[..4].try_into().unwrap());
            at.ops.insert(xid, i32::from_be_bytes(header[4..].try_into().unwrap()));
        }
        at.backlog = [&at.backlog[..], frames].concat().into();
        self.run_task(client, true);
        self.settle();
    }

    /// The shell's throttle gave this request up.
    pub fn send_throttled(&mut self, client: usize, xid: i32, request: &Request<'_>) {
        let frame = ask::encode(xid, request);
        let read = Instant(self.micros);
        let connection = self.clients[client].connection.clone();
        self.clients[client].ops.insert(xid, request.op().code());
        self.replica.refuse_throttled(&connection, &frame[4..], read);
        let _ = connection.flush();
        self.settle();
    }

    /// The disk has done everything that was appended.
    pub fn commit(&mut self) {
        let last = self.book.lock().entries.last().map_or(Zxid::ZERO, |(zxid, _)| *zxid);
        self.commit_to(last);
    }

    /// The disk has done `n` more transactions.
    pub fn commit_some(&mut self, n: usize) {
        let done = self.replica.tree.read().last_zxid();
        let next = {
            let book = self.book.lock();
            let waiting = book.entries.iter().map(|(zxid, _)| *zxid).filter(|zxid| *zxid > done);
            waiting.take(n).last()
        };
        if let Some(zxid) = next {
            self.commit_to(zxid);
        }
    }

    /// The disk has done everything up to `zxid`: what the shell's disk thread does then.
    pub fn commit_to(&mut self, zxid: Zxid) {
        self.replica.commit(zxid, self.now(), &mut self.dispatch);
        self.story.push(Happening::Committed(zxid));
        let flush: Vec<_> = self.dispatch.take_flush().collect();
        for connection in flush {
            let _ = connection.flush();
        }
        self.settle();
    }

    /// Time passes on the replica's clock, in steps of half a tick.
    pub fn tick_for(&mut self, ms: u64) {
        let end = self.micros + ms * 1000;
        while self.micros < end {
            self.pass_ms(TICK_MS / 2);
            self.tick();
        }
    }

    pub fn tick(&mut self) -> Ticked {
        let ticked = self.replica.tick(self.now(), 0);
        self.settle();
        ticked
    }

    /// The socket of `client` takes so many bytes more; `None`: all of them from now on.
    pub fn let_through(&mut self, client: usize, room: Option<usize>) {
        self.clients[client].wire.inner.lock().room = room;
        self.run_task(client, false);
        self.settle();
    }

    /// The peer is gone: its task notices and ends.
    pub fn cut(&mut self, client: usize) {
        self.clients[client].wire.inner.lock().dead = true;
        self.end_task(client);
        self.settle();
    }

    /// Runs the tasks of those who were woken, until nobody is.
    pub fn settle(&mut self) {
        for _ in 0..100_000 {
            let woken = (0..self.clients.len()).find(|&client| {
                let at = &self.clients[client];
                !at.ended && at.wire.woken.swap(false, Ordering::Relaxed)
            });
            match woken {
                Some(client) => self.run_task(client, false),
                None => return,
            }
        }
        panic!("a connection is woken for ever");
    }

    /// One turn of the shell's task, as `shell::connection` has it.
    fn run_task(&mut self, client: usize, mut input: bool) {
        for _ in 0..100_000 {
            let at = &self.clients[client];
            if at.ended {
                return;
            }
            let connection = at.connection.clone();
            let (established, ending) = {
                let state = connection.lock();
                (state.established, state.ending)
            };
            if ending != Ending::Open {
                return self.end_task(client);
            }
            if !established {
                return;
            }
            if (input || !at.backlog.is_empty()) && !self.take_in(client) {
                return self.end_task(client);
            }
            input = false;
            let standing = connection.standing(false);
            if standing.ending != Ending::Open {
                return self.end_task(client);
            }
            if !standing.paused && !self.clients[client].backlog.is_empty() {
                continue;
            }
            if !standing.stuck || !self.writable(client) {
                return;
            }
            if connection.flush().is_err() {
                return self.end_task(client);
            }
        }
        panic!("a connection's task never rests");
    }

    fn writable(&self, client: usize) -> bool {
        self.clients[client].wire.inner.lock().room != Some(0)
    }

    /// False when the connection is to be closed.
    fn take_in(&mut self, client: usize) -> bool {
        let now = self.now();
        let at = &mut self.clients[client];
        let batch = std::mem::take(&mut at.backlog);
        // A client whose session is about to expire talks to nobody.
        let muted = at.connection.lock().muted;
        let taken = self.replica.receive(&at.connection, batch.clone(), now);
        let heard = if muted { 0 } else { batch.len() - taken.rest.len() };
        let frames = batch.slice(..heard);
        at.backlog = taken.rest;
        let alive = (!taken.answered || at.connection.flush().is_ok()) && taken.broken.is_none();
        self.story.push(Happening::Received { client, frames, now });
        alive
    }

    fn end_task(&mut self, client: usize) {
        let at = &mut self.clients[client];
        if std::mem::replace(&mut at.ended, true) {
            return;
        }
        if at.connection.lock().ending == Ending::AfterFlush {
            at.flushed = matches!(at.connection.flush(), Ok(true));
        }
        let connection = at.connection.clone();
        self.replica.closed(&connection);
        self.story.push(Happening::Ended(client));
    }

    /// Frames that have left since this was last asked.
    pub fn heard(&mut self, client: usize) -> Vec<Heard> {
        let at = &mut self.clients[client];
        let bytes = at.wire.inner.lock().bytes[at.seen..].to_vec();
        let mut heard = Vec::new();
        for payload in cut(&bytes) {
            at.seen += 4 + payload.len();
            heard.push(if std::mem::replace(&mut at.greeted, true) {
                let (header, _) = Reply::split(payload).unwrap();
                Heard::Frame { header, payload: payload.to_vec() }
            } else {
                let reply = ConnectReply::from_bytes(payload).unwrap();
                Heard::Connected {
                    session: reply.response.session_id,
                    time_out: reply.response.time_out,
                    passwd: reply.response.passwd.unwrap().to_vec(),
                    read_only: reply.read_only,
                }
            });
        }
        heard
    }

    /// The same in words, see [`words`].
    pub fn hears(&mut self, client: usize) -> Vec<String> {
        let heard = self.heard(client);
        self.words(client, &heard)
    }

    pub fn words(&self, client: usize, heard: &[Heard]) -> Vec<String> {
        heard.iter().map(|heard| words(heard, &self.clients[client].ops)).collect()
    }

    /// Everything that has left, from the first byte.
    pub fn all_bytes(&self, client: usize) -> Vec<u8> {
        self.clients[client].wire.inner.lock().bytes.clone()
    }

    /// Bytes answered that the socket has not taken.
    pub fn unsent(&self, client: usize) -> usize {
        self.clients[client].connection.lock().unsent()
    }

    /// Bytes received and not taken in.
    pub fn backlog(&self, client: usize) -> usize {
        self.clients[client].backlog.len()
    }

    /// What is wrong in the watch table.
    pub fn check_watches(&self) {
        let tree = self.replica.tree.read();
        assert_eq!(self.replica.watches.lock().broken_invariant(&tree), None);
    }

    /// Watches of all connections together.
    pub fn watch_count(&self) -> usize {
        self.replica.watches.lock().len()
    }

    pub fn last_zxid(&self) -> Zxid {
        self.replica.tree.read().last_zxid()
    }
}

/// The payloads of whole frames.
pub fn cut(mut bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let word = bytes.first_chunk::<4>()?;
        let length = u32::from_be_bytes(*word) as usize;
        let payload = bytes.get(4..4 + length)?;
        bytes.advance(4 + length);
        Some(payload)
    })
}
