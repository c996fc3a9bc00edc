//! What the four-letter words need to know of a server: [`ServerView`], filled by the shell.
//!
//! Everything is handed over as plain values. Long listings are shown entry by entry, and the
//! listener may stop them: an implementation walks its tables in pieces and holds no lock for the
//! whole of a long answer.

use std::net::SocketAddr;
use std::ops::ControlFlow;

use codec::{SessionId, Zxid};

use crate::metrics::gauges::{Gauges, NamespaceQuota};
use crate::metrics::process::{Descriptors, Environment, Memory};
use crate::metrics::registry::Metrics;

/// Whether the listener wants more; on `Break` nothing more may be shown.
pub type Flow = ControlFlow<()>;

/// A server, as the words look at it. Each word asks for what it shows and for nothing else.
pub trait ServerView {
    /// Why requests are not being served, in a sentence for the operator ("looking for a leader
    /// for 12 s; votes seen from 1, 3"); `None` while serving.
    fn why_not_serving(&self) -> Option<String>;
    /// Role, state and last transaction.
    fn status(&self) -> Status;
    /// The counted figures; `srst` resets them.
    fn metrics(&self) -> &Metrics;
    /// The looked-up figures: all of them cheap.
    fn gauges(&self) -> Gauges;
    /// Every quota; those of one namespace are shown added up.
    fn quotas(&self) -> Vec<NamespaceQuota>;
    /// File descriptors of the process.
    fn descriptors(&self) -> Descriptors;
    /// What `conf` shows.
    fn settings(&self) -> Settings;
    /// Sizes of the directories.
    fn directories(&self) -> Directories;
    /// Surroundings of the process.
    fn environment(&self) -> Environment;
    /// Memory of the process.
    fn memory(&self) -> Memory;
    /// Shows every client connection, the asking one among them.
    fn connections(&self, see: &mut dyn FnMut(&ConnectionInfo) -> Flow);
    /// What `crst` does: the figures of every connection back to nothing, and its last op, cxid
    /// and zxid to none (−1).
    fn reset_connections(&self);
    /// Sessions and when they end.
    fn sessions(&self) -> Sessions;
    /// Connections and when they end if nothing is heard of them, soonest first.
    fn connection_expiry(&self) -> Vec<Bucket<(SocketAddr, SessionId)>>;
    /// How many sessions have ephemerals.
    fn sessions_with_ephemerals(&self) -> usize;
    /// Shows every ephemeral node, those of one session behind each other.
    fn ephemerals(&self, see: &mut dyn FnMut(SessionId, &str) -> Flow);
    /// Counts over the table of data watches.
    fn watch_totals(&self) -> WatchTotals;
    /// Shows every data watch, those of one session behind each other.
    fn watches_by_session(&self, see: &mut dyn FnMut(SessionId, &str) -> Flow);
    /// Shows every data watch, those of one path behind each other.
    fn watches_by_path(&self, see: &mut dyn FnMut(&str, SessionId) -> Flow);
    /// The digests kept (one in 128 transactions, the last 1024), oldest first.
    fn digests(&self) -> Vec<(Zxid, i64)>;
}

/// The role of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Alone.
    Standalone,
    /// Leads.
    Leader,
    /// Follows and votes, or would.
    Follower,
    /// Follows without a vote.
    Observer,
    /// Cut off from its quorum and serving reads.
    ReadOnly,
}

impl Mode {
    /// Apache's word for it.
    pub fn name(self) -> &'static str {
        match self {
            Mode::Standalone => "standalone",
            Mode::Leader => "leader",
            Mode::Follower => "follower",
            Mode::Observer => "observer",
            Mode::ReadOnly => "read-only",
        }
    }
}

/// Role, state and last transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The role.
    pub mode: Mode,
    /// `leading - broadcast` and the like; `None` on a standalone server.
    pub peer_state: Option<String>,
    /// The server that an observer learns from.
    pub observer_master_id: Option<i64>,
    /// The last transaction applied.
    pub zxid: Zxid,
}

/// What `conf` shows. Times in ms, limits in ticks, ports −1 for none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `clientPort`.
    pub client_port: i32,
    /// `secureClientPort`.
    pub secure_client_port: i32,
    /// Where snapshots are, with its `version-2`.
    pub data_dir: String,
    /// Where logs are, with its `version-2`.
    pub data_log_dir: String,
    /// `tickTime`.
    pub tick_time: i32,
    /// `maxClientCnxns`.
    pub max_client_cnxns: i32,
    /// `minSessionTimeout` in effect.
    pub min_session_timeout: i32,
    /// `maxSessionTimeout` in effect.
    pub max_session_timeout: i32,
    /// `clientPortListenBacklog`, −1 for the system's.
    pub client_port_listen_backlog: i32,
    /// `myid`; 0 on a standalone server.
    pub server_id: i64,
    /// What only members of an ensemble have.
    pub quorum: Option<QuorumSettings>,
}

/// What `conf` shows of an ensemble.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuorumSettings {
    /// `initLimit`.
    pub init_limit: i32,
    /// `syncLimit`.
    pub sync_limit: i32,
    /// `electionAlg`: 3.
    pub election_alg: i32,
    /// Port for elections.
    pub election_port: i32,
    /// Port for the quorum.
    pub quorum_port: i32,
    /// Whether this server is an observer.
    pub observer: bool,
    /// `server.N=…` lines of the configuration in effect, without line ends.
    pub members: Vec<String>,
    /// Its version.
    pub version: i64,
}

/// Sizes of all files in the directories, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Directories {
    /// Under `dataDir`.
    pub data_bytes: u64,
    /// Under `dataLogDir`: the same where both are one.
    pub log_bytes: u64,
}

/// A client connection, as `cons` and `stat` show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionInfo {
    /// The client's address.
    pub peer: SocketAddr,
    /// 1 reading, 4 writing, 5 both, 0 neither (the connection that asks).
    pub interest_ops: u8,
    /// Requests read and not yet answered.
    pub queued: u64,
    /// Frames received.
    pub received: u64,
    /// Frames sent.
    pub sent: u64,
    /// Its session; `None` before the handshake is over.
    pub session: Option<SessionInfo>,
}

/// What is known of a connection with a session. Latencies in ms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionInfo {
    /// The session.
    pub id: SessionId,
    /// Op code of the last answered request; `None` before the first and after `crst`.
    pub last_op: Option<i32>,
    /// When the connection was made: ms of the wall clock.
    pub established_ms: i64,
    /// The session's timeout, ms.
    pub timeout_ms: i32,
    /// xid of the last answered request; negative ones (pings, none) are not shown.
    pub last_cxid: i64,
    /// zxid of the last reply; −1 for none.
    pub last_zxid: Zxid,
    /// When the last reply went, ms of a monotonic clock; 0 for never.
    pub last_response_ms: u64,
    /// Latency of the last reply.
    pub last_latency: u64,
    /// Smallest latency.
    pub min_latency: u64,
    /// Average latency.
    pub avg_latency: u64,
    /// Largest latency.
    pub max_latency: u64,
}

/// What ends at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket<T> {
    /// That moment, ms of the wall clock (for people; the wall clock decides nothing).
    pub expires_wall_ms: i64,
    /// What ends then.
    pub members: Vec<T>,
}

/// Sessions, as the role of a server knows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sessions {
    /// Those of the ensemble.
    pub global: GlobalSessions,
    /// Those of this server only, soonest end first; `None` where local sessions are off.
    pub local: Option<Vec<Bucket<SessionId>>>,
}

/// Sessions of the ensemble.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GlobalSessions {
    /// A standalone server or a leader decides when they end; soonest first.
    Tracked(Vec<Bucket<SessionId>>),
    /// A learner knows their timeouts (ms), in the order of their ids.
    Known(Vec<(SessionId, i32)>),
}

/// Counts over the table of data watches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WatchTotals {
    /// Connections with at least one.
    pub connections: usize,
    /// Paths with at least one.
    pub paths: usize,
    /// All.
    pub total: usize,
}
