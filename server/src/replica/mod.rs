//! The replica: everything that a server decides about its clients, without a socket, a file, a
//! clock or a thread of its own. The shell feeds it frames, disk completions and ticks; its
//! answers stand in the connections' outboxes.
//!
//! Locks, in the order in which they may be taken: pipeline, tree, then watches and connections'
//! states. Of these last two requests take state before watches, under the tree's read lock, and
//! events watches before state, under its write lock: never dispatch events without it. No lock is
//! ever held across I/O; a roll of the log is the one exception (docs/ARCHITECTURE.md).

pub mod auth;
pub mod clock;
pub mod commit;
pub mod connect;
pub mod connection;
pub mod events;
pub mod figures;
pub mod intake;
mod multi_read;
pub mod pipeline;
mod reads;
mod replies;
pub mod tick;
mod watches;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use codec::{OpCode, SessionId, Zxid};
use dashmap::DashMap;
use parking_lot::{Mutex, RwLock};
use tree::authorize::AccessRules;
use tree::session::TimeoutBounds;
use tree::tree::Tree;
use tree::watch::{WatchTable, WatcherId};

use crate::metrics::Metrics;
use auth::AuthRules;
use clock::Instant;
use connection::{Connection, Outlet};
use pipeline::Pipeline;

/// One digest in so many transactions is kept.
const DIGEST_EVERY: u32 = 128;
/// How many are kept.
const DIGESTS_KEPT: usize = 1024;

/// Settings of the replica.
#[derive(Debug, Clone)]
pub struct Rules {
    /// Who may do what.
    pub access: AccessRules,
    /// How clients may say who they are.
    pub auth: AuthRules,
    /// Bounds of session timeouts.
    pub timeouts: TimeoutBounds,
    /// `jute.maxbuffer`: replies larger than half of it are told to the operator.
    pub client_bytes_max: usize,
}

/// A server's state machine.
pub struct Replica {
    /// Settings.
    pub rules: Rules,
    /// The znodes. Written by [`Replica::commit`] alone, and by the snapshot cursor.
    pub tree: RwLock<Tree>,
    /// Who watches what.
    pub watches: Mutex<WatchTable>,
    /// The write side.
    pub pipeline: Mutex<Pipeline>,
    /// Living connections.
    pub connections: DashMap<WatcherId, Arc<Connection>>,
    /// Which connection holds which session.
    pub sessions: DashMap<SessionId, Arc<Connection>>,
    /// Figures.
    pub metrics: Arc<Metrics>,
    /// Writes proposed and not yet applied, readable without the pipeline's lock.
    in_flight: AtomicUsize,
    /// Digests of some transactions, for the `hash` word.
    digests: Mutex<VecDeque<(Zxid, i64)>>,
    ids: Mutex<FreeIds>,
}

/// Numbers for connections: the smallest free one, so that tables by number stay small.
#[derive(Debug, Default)]
struct FreeIds {
    free: Vec<WatcherId>,
    next: u32,
}

impl FreeIds {
    fn take(&mut self) -> Option<WatcherId> {
        self.free.pop().or_else(|| {
            let id = WatcherId::new(self.next)?;
            self.next += 1;
            Some(id)
        })
    }
}

impl Replica {
    /// A replica of this tree.
    pub fn new(
        rules: Rules,
        tree: Tree,
        watches: WatchTable,
        pipeline: Pipeline,
        metrics: Arc<Metrics>,
    ) -> Self {
        Replica {
            rules,
            tree: RwLock::new(tree),
            watches: Mutex::new(watches),
            pipeline: Mutex::new(pipeline),
            connections: DashMap::new(),
            sessions: DashMap::new(),
            metrics,
            in_flight: AtomicUsize::new(0),
            digests: Mutex::default(),
            ids: Mutex::new(FreeIds::default()),
        }
    }

    /// A client has connected. `None` beyond [`WatcherId::MAX`] connections.
    pub fn open(
        &self,
        peer: SocketAddr,
        now: Instant,
        outlet: Box<dyn Outlet>,
    ) -> Option<Arc<Connection>> {
        let id = self.ids.lock().take()?;
        let connection = Arc::new(Connection::new(id, peer, now, outlet));
        self.connections.insert(id, connection.clone());
        Some(connection)
    }

    /// A connection has ended: its watches go, its session stays. Requests already proposed are
    /// still executed, only nobody is told.
    pub fn closed(&self, connection: &Arc<Connection>) {
        /// Watches removed before others may take the table's lock.
        const SLICE: usize = 4096;
        self.connections.remove(&connection.id);
        // First of all, so that no request of it can register a watch any more.
        connection.abandon();
        let session = connection.session();
        self.sessions.remove_if(&session, |_, holder| Arc::ptr_eq(holder, connection));
        let heard = connection.last_heard_ms();
        self.pipeline.lock().sessions.touch(session, heard);
        while !self.watches.lock().remove_watcher_step(connection.id, SLICE) {}
        self.ids.lock().free.push(connection.id);
    }

    /// Writes proposed and not yet applied.
    pub fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// The digests kept, oldest first.
    pub fn digests(&self) -> Vec<(Zxid, i64)> {
        self.digests.lock().iter().copied().collect()
    }

    /// Keeps the digest of one in [`DIGEST_EVERY`] transactions.
    fn keep_digest(&self, tree: &Tree) {
        let zxid = tree.last_zxid();
        if zxid.counter().is_multiple_of(DIGEST_EVERY) {
            let mut digests = self.digests.lock();
            if digests.len() == DIGESTS_KEPT {
                digests.pop_front();
            }
            digests.push_back((zxid, tree.digest() as i64));
        }
    }

    /// Tells the operator of answers that come near to what clients take.
    fn note_large_reply(&self, from: &Connection, op: OpCode, bytes: usize) {
        if bytes > self.rules.client_bytes_max / 2 {
            tracing::warn!(peer = %from.peer, session = %from.session(), ?op, bytes,
                limit = self.rules.client_bytes_max,
                "a large answer: over half of jute.maxbuffer; clients cut the connection at theirs");
        }
    }
}
