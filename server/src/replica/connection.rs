//! One client connection as the replica sees it: what is asked and not yet answered, what is
//! answered and not yet sent, who the client is.
//!
//! Invariant: replies leave in request order. A write waits in `pending` for its transaction;
//! everything behind it waits too, and is answered right behind it, by whoever applies it.
//! No socket here: the shell is behind [`Outlet`].

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, AtomicU64, Ordering};

use bytes::{Bytes, BytesMut};
use codec::{ErrorCode, SessionId, Xid, Zxid};
use parking_lot::Mutex;
use tree::authorize::Identity;
use tree::watch::WatcherId;

use super::clock::Instant;
use super::figures::{ConnectionFigures, NamespaceMemo, Tally};

/// Above this many unsent bytes a connection's requests are not read until it has caught up.
pub const OUTPUT_PAUSE_BYTES: usize = 1 << 20;
/// Above this many unsent bytes (watch events to a client that never reads) it is cut.
pub const OUTPUT_CUT_BYTES: usize = 192 << 20;
/// Above this many requests waiting for their answers a connection is not read further.
pub const PENDING_PAUSE: usize = 10_000;
/// The same for reads that wait behind a write: each may be answered with as much as a node holds.
pub const DEFERRED_PAUSE: usize = 64;
/// The same for what those reads are expected to cost, in bytes of answers or the like.
pub const DEFERRED_COST_PAUSE: u64 = 4 << 20;

/// The shell's side of a connection.
pub trait Outlet: Send + Sync {
    /// Something changed that the connection's own task must look at: unsent bytes that could
    /// not be sent at once, an order to close, room to read again.
    fn wake(&self);

    /// Sends what it can of `bytes` without waiting; answers how many bytes went.
    ///
    /// # Errors
    /// The connection is dead.
    fn send(&self, bytes: &[u8]) -> std::io::Result<usize>;
}

/// A request that is not answered yet.
#[derive(Debug)]
pub enum Pending {
    /// Waits for its transaction.
    Write {
        /// The client's number.
        xid: Xid,
        /// Op code, for the figures.
        op: i32,
        /// The transaction.
        zxid: Zxid,
    },
    /// Is answered from local state once it is its turn.
    Local {
        /// The frame without its length word.
        frame: Bytes,
        /// Identities when it was read.
        identities: Arc<[Identity]>,
    },
    /// Is answered with an error once it is its turn.
    Refusal {
        /// The client's number.
        xid: Xid,
        /// zxid of the reply header; `None`: the last one applied when it is answered.
        zxid: Option<Zxid>,
        /// Error of the reply header.
        err: ErrorCode,
        /// Whether the connection ends with that answer.
        close: bool,
    },
}

/// Whether and how a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ending {
    /// It goes on.
    Open,
    /// Once everything queued is sent.
    AfterFlush,
    /// At once; what is queued is dropped.
    Now,
}

/// What changes under the connection's lock.
#[derive(Debug)]
pub struct State {
    /// Unanswered requests in order, with the time they were read.
    pub pending: VecDeque<(Pending, Instant)>,
    /// Reads among them.
    pub deferred: usize,
    /// What those reads are expected to cost, in bytes of answers or the like.
    pub deferred_cost: u64,
    /// Answers and events not yet handed to the socket.
    pub out: BytesMut,
    /// What the socket did not take, older than `out`.
    stuck: BytesMut,
    /// Somebody is handing bytes to the socket right now.
    sending: bool,
    /// Its session is about to end by expiry: what still comes is not answered.
    pub muted: bool,
    /// Nothing more is read from the client until it is told that there is room again.
    pub paused: bool,
    /// Whether it ends.
    pub ending: Ending,
    /// Who the client is.
    pub identities: Arc<[Identity]>,
    /// Whether the handshake is over.
    pub established: bool,
    /// Whether the client's connect frame had a readOnly byte, and the reply must have it.
    pub readonly_byte: bool,
    /// Negotiated session timeout, ms.
    pub time_out: i32,
    /// Figures for `cons` and `stat`.
    pub figures: ConnectionFigures,
    /// Answers not yet added to the server's figures.
    pub tally: Tally,
    /// Where this client reads.
    pub reads: NamespaceMemo,
}

/// What a connection's task must know before it waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Whether it ends.
    pub ending: Ending,
    /// Nothing is read now; the task is woken when that changes.
    pub paused: bool,
    /// The socket would not take more: flush again when it does.
    pub stuck: bool,
}

/// A client connection.
pub struct Connection {
    /// Its number in the watch table; unique among the living.
    pub id: WatcherId,
    /// The peer.
    pub peer: SocketAddr,
    /// When it was accepted.
    pub since: Instant,
    /// When the client was last heard of, monotonic ms.
    heard_ms: AtomicU64,
    session: AtomicI64,
    /// Nothing is read from the client for reasons of ours: its silence is no silence.
    held: AtomicBool,
    /// Requests read and not yet answered.
    outstanding: AtomicU32,
    outlet: Box<dyn Outlet>,
    state: Mutex<State>,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.peer, self.session())
    }
}

impl Connection {
    /// A connection that has said nothing yet.
    pub fn new(id: WatcherId, peer: SocketAddr, now: Instant, outlet: Box<dyn Outlet>) -> Self {
        let identities = Arc::new([Identity::new("ip", &java_address(peer))]);
        let state = State {
            pending: VecDeque::new(),
            deferred: 0,
            deferred_cost: 0,
            out: BytesMut::new(),
            stuck: BytesMut::new(),
            sending: false,
            muted: false,
            paused: false,
            ending: Ending::Open,
            identities,
            established: false,
            readonly_byte: false,
            time_out: 0,
            figures: ConnectionFigures::default(),
            tally: Tally::default(),
            reads: NamespaceMemo::default(),
        };
        Connection {
            id,
            peer,
            since: now,
            heard_ms: AtomicU64::new(0),
            session: AtomicI64::new(0),
            held: AtomicBool::new(false),
            outstanding: AtomicU32::new(0),
            outlet,
            state: Mutex::new(state),
        }
    }

    /// The session, or [`SessionId::NONE`] before the handshake is over.
    pub fn session(&self) -> SessionId {
        SessionId(self.session.load(Ordering::Relaxed))
    }

    /// Binds the connection to its session.
    pub fn set_session(&self, session: SessionId) {
        self.session.store(session.0, Ordering::Relaxed);
    }

    /// The client was heard of at this moment (monotonic ms).
    pub fn heard(&self, ms: u64) {
        self.heard_ms.fetch_max(ms, Ordering::Relaxed);
    }

    /// When the client was last heard of (monotonic ms); `now_ms` while it is held back.
    pub fn heard_ms(&self, now_ms: u64) -> u64 {
        if self.held.load(Ordering::Relaxed) {
            self.heard(now_ms);
        }
        self.last_heard_ms()
    }

    /// When the client was really last heard of (monotonic ms).
    pub fn last_heard_ms(&self) -> u64 {
        self.heard_ms.load(Ordering::Relaxed)
    }

    /// Tells whether nothing is read from the client for reasons of ours.
    pub fn hold(&self, held: bool) {
        self.held.store(held, Ordering::Relaxed);
    }

    /// The state. Taken behind the pipeline's and the tree's locks, never before them.
    pub fn lock(&self) -> parking_lot::MutexGuard<'_, State> {
        self.state.lock()
    }

    /// Requests read and not yet answered.
    pub fn outstanding(&self) -> u32 {
        self.outstanding.load(Ordering::Relaxed)
    }

    /// Counts requests read (positive) or answered (negative).
    pub fn count_outstanding(&self, change: i32) {
        self.outstanding.fetch_add(change as u32, Ordering::Relaxed);
    }

    /// What the connection's task must know before it waits. `crowded`: the server has more
    /// requests in flight than it wants (`globalOutstandingLimit`).
    pub fn standing(&self, crowded: bool) -> Standing {
        let mut state = self.lock();
        state.paused = state.is_full() || crowded && !state.pending.is_empty();
        // A client that does not read its answers is not held back by us.
        self.hold(state.paused && state.unsent() <= OUTPUT_PAUSE_BYTES);
        Standing {
            ending: state.ending,
            paused: state.paused,
            stuck: !state.stuck.is_empty() && !state.sending,
        }
    }

    /// Ends the connection; a stronger order stands.
    pub fn end(&self, how: Ending) {
        let mut state = self.lock();
        state.ending = state.ending.max(how);
        drop(state);
        self.outlet.wake();
    }

    /// The socket is gone: nothing is queued for it any more, and what it holds is freed.
    pub fn abandon(&self) {
        let mut state = self.lock();
        state.ending = Ending::Now;
        state.pending = VecDeque::new();
        state.deferred = 0;
        state.deferred_cost = 0;
        state.out = BytesMut::new();
        state.stuck = BytesMut::new();
    }

    /// Wakes the connection's own task.
    pub fn wake(&self) {
        self.outlet.wake();
    }

    /// Hands queued bytes to the socket until they are gone or it takes no more. Whoever comes
    /// while another is at it leaves it to that one; no lock is held while the socket works.
    /// Answers whether everything is sent.
    ///
    /// # Errors
    /// The connection is dead.
    pub fn flush(&self) -> std::io::Result<bool> {
        let mut chunk = {
            let mut state = self.lock();
            if state.sending {
                return Ok(false);
            }
            let Some(chunk) = state.next_chunk() else {
                return Ok(true);
            };
            state.sending = true;
            chunk
        };
        loop {
            let sent = self.outlet.send(&chunk);
            let mut state = self.lock();
            match sent {
                Ok(n) if n == chunk.len() => {
                    let Some(next) = state.next_chunk() else {
                        chunk.clear();
                        state.recycle(&mut chunk);
                        state.sending = false;
                        if state.paused || state.ending != Ending::Open {
                            self.outlet.wake();
                        }
                        return Ok(true);
                    };
                    chunk = next;
                }
                Ok(n) => {
                    let _ = chunk.split_to(n);
                    state.stuck = chunk;
                    state.sending = false;
                    drop(state);
                    // Its task waits for the socket to take bytes again.
                    self.outlet.wake();
                    return Ok(false);
                }
                Err(error) => {
                    state.sending = false;
                    state.ending = Ending::Now;
                    return Err(error);
                }
            }
        }
    }
}

impl State {
    /// Bytes answered and not yet taken by the socket.
    pub fn unsent(&self) -> usize {
        self.out.len() + self.stuck.len()
    }

    /// Whether so much is unsent or waiting that nothing more is taken in.
    pub fn is_full(&self) -> bool {
        self.unsent() > OUTPUT_PAUSE_BYTES
            || self.pending.len() >= PENDING_PAUSE
            || self.deferred >= DEFERRED_PAUSE
            || self.deferred_cost >= DEFERRED_COST_PAUSE
    }

    fn next_chunk(&mut self) -> Option<BytesMut> {
        let chunk = match self.stuck.is_empty() {
            false => std::mem::take(&mut self.stuck),
            true => std::mem::take(&mut self.out),
        };
        (!chunk.is_empty()).then_some(chunk)
    }

    /// Gives a small emptied buffer back; large ones are freed, idle connections hold none.
    fn recycle(&mut self, buffer: &mut BytesMut) {
        const KEEP_BYTES: usize = 16 << 10;
        if self.out.capacity() == 0 && buffer.capacity() <= KEEP_BYTES && !self.pending.is_empty() {
            self.out = std::mem::take(buffer);
        }
    }
}

/// An address as Java prints it: IPv4 dotted, IPv6 in eight uncompressed groups.
fn java_address(peer: SocketAddr) -> String {
    match peer {
        SocketAddr::V4(peer) => peer.ip().to_string(),
        SocketAddr::V6(peer) => match peer.ip().to_ipv4_mapped() {
            Some(mapped) => mapped.to_string(),
            None => {
                let groups = peer.ip().segments().map(|group| format!("{group:x}"));
                groups.join(":")
            }
        },
    }
}
