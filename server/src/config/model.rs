//! `ServerConfig`: every value a server runs by, typed, one struct per concern.
//!
//! Values are only read out of the settings here, each with Apache's default where none was given.
//! What may stand together is judged in `validate.rs`. Nothing is opened and no name is resolved.

use std::path::PathBuf;

use super::findings::Origin;
use super::settings::Settings;
use super::whitelist::Whitelist;

mod auth;
mod quorum;
mod storage;
mod throttle;

pub use auth::{Auth, DigestAlg};
pub use quorum::{LearnerTimings, MultiAddress, Quorum};
pub use storage::{Compression, Purge, Storage};
pub use throttle::{ConnectionThrottle, RequestThrottle, SessionWeights, StaleRequests, Throttle};

/// Alone, or one of several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// No server lines, or one voter while `standaloneEnabled` is true.
    Standalone,
    /// Everything else: the server is a member of an ensemble.
    Quorum,
}

/// All values of one server. `default()` holds Apache's default of each; its `dirs` are empty and
/// it has no client port, because those have none.
#[derive(Debug, Clone, PartialEq)]
pub struct ServerConfig {
    /// Where clients connect.
    pub addresses: Addresses,
    /// Where data lies.
    pub dirs: Dirs,
    /// The unit of time and the bounds of session timeouts.
    pub ticks: Ticks,
    /// Bounds on connections and requests.
    pub limits: Limits,
    /// Throttles of connects and requests; off by default.
    pub throttle: Throttle,
    /// Log, snapshots, retention.
    pub storage: Storage,
    /// Schemes, super user, enforced authentication.
    pub auth: Auth,
    /// Switches of behaviour.
    pub features: Features,
    /// The four-letter words that are answered.
    pub whitelist: Whitelist,
    /// Members and everything of an ensemble.
    pub quorum: Quorum,
}

/// Where clients connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addresses {
    /// The plaintext client port. 0 asks the system for one (only by the form `port dataDir`).
    pub client_port: Option<u16>,
    /// The address or host name to bind; `None` = all addresses.
    pub client_port_address: Option<String>,
    /// The TLS client port. Not served yet.
    pub secure_client_port: Option<u16>,
    /// The address or host name for the TLS port; `None` = all addresses.
    pub secure_client_port_address: Option<String>,
    /// Listen backlog; `None` = the system's (shown as -1).
    pub backlog: Option<u32>,
}

/// Where data lies; `version-2` is added below both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dirs {
    /// Snapshots, `myid`, epochs. As written: may be relative to the working directory.
    pub data_dir: PathBuf,
    /// Transaction logs; equals `data_dir` when not given.
    pub data_log_dir: PathBuf,
    /// Whether missing directories are created.
    pub autocreate: bool,
}

/// The unit of time and the bounds of session timeouts, all in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticks {
    /// One tick; 1 or more.
    pub tick_time_ms: u32,
    /// Shortest session timeout; 2 ticks unless given.
    pub min_session_timeout_ms: u32,
    /// Longest session timeout; 20 ticks unless given.
    pub max_session_timeout_ms: u32,
}

/// Bounds on connections and requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Connections per client address; 0 = unlimited.
    pub max_client_cnxns: u32,
    /// Connections in all; 0 = unlimited.
    pub max_cnxns: u32,
    /// Largest frame and record field in bytes (`jute.maxbuffer`).
    pub jute_max_buffer: u32,
    /// Extra bytes granted when reading our own logs, snapshots and packets.
    pub jute_extra_size: u32,
    /// Requests under way before reading from connections pauses.
    pub global_outstanding_limit: u32,
    /// Bytes of large requests that may be under way together.
    pub large_request_max_bytes: u64,
    /// Size in bytes from which a request counts as large; `None` = the guard is off.
    pub large_request_threshold: Option<u64>,
    /// A connection without a session is dropped after this many milliseconds.
    pub sessionless_timeout_ms: u64,
    /// `SO_KEEPALIVE` on client sockets.
    pub client_tcp_keep_alive: bool,
}

/// Switches of behaviour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Features {
    /// TTL nodes are allowed.
    pub extended_types: bool,
    /// TTL owners in the layout of 3.5.3.
    pub emulate_353_ttl: bool,
    /// Hard quotas refuse writes.
    pub enforce_quota: bool,
    /// Sessions live on one server until they need to be global.
    pub local_sessions: bool,
    /// A local session becomes global with its first ephemeral node.
    pub local_sessions_upgrading: bool,
    /// closeSession transactions list the paths they delete.
    pub close_session_txn: bool,
    /// Read-only service while cut off from the ensemble.
    pub read_only_mode: bool,
    /// The reconfig operation is allowed.
    pub reconfig_enabled: bool,
    /// Milliseconds between two looks for containers and TTL nodes to delete.
    pub container_check_interval_ms: u64,
    /// Deletions of containers and TTL nodes per minute at most.
    pub container_max_per_minute: u32,
    /// Age in milliseconds at which a never used container goes; `None` = never.
    pub container_never_used_interval_ms: Option<u64>,
}

impl ServerConfig {
    /// Every value from its setting. Members and the server's own id are filled in by the loader.
    pub(super) fn from_settings(s: &Settings) -> ServerConfig {
        ServerConfig {
            addresses: Addresses::from_settings(s),
            dirs: Dirs::from_settings(s),
            ticks: Ticks::from_settings(s),
            limits: Limits::from_settings(s),
            throttle: Throttle::from_settings(s),
            storage: Storage::from_settings(s),
            auth: Auth::from_settings(s),
            features: Features::from_settings(s),
            whitelist: Whitelist::new(
                s.get("4lw.commands.whitelist").map(|setting| setting.value.as_str()),
                s.flag("readonlymode.enabled"),
            ),
            quorum: Quorum::from_settings(s),
        }
    }

    /// Alone, or one of several: decided as Apache decides it.
    pub fn mode(&self) -> Mode {
        let voters = self.quorum.membership.voters().count();
        let alone = voters <= 1 && self.quorum.standalone_enabled;
        if alone { Mode::Standalone } else { Mode::Quorum }
    }
}

impl Default for ServerConfig {
    fn default() -> Self {
        ServerConfig::from_settings(&Settings::default())
    }
}

impl Addresses {
    fn from_settings(s: &Settings) -> Self {
        let text = |name| s.some_text(name).map(str::to_owned);
        // In a file 0 means "not set"; as the first word of a start it means "any free port".
        let given = s.get("clientPort");
        let any_port = given.filter(|g| g.origin == Origin::Arguments && g.value == "0").map(|_| 0);
        Addresses {
            client_port: s.port("clientPort").or(any_port),
            client_port_address: text("clientPortAddress"),
            secure_client_port: s.port("secureClientPort"),
            secure_client_port_address: text("secureClientPortAddress"),
            backlog: s.above_zero("clientPortListenBacklog").and_then(|n| u32::try_from(n).ok()),
        }
    }
}

impl Dirs {
    fn from_settings(s: &Settings) -> Self {
        let data_dir = PathBuf::from(s.text("dataDir"));
        let data_log_dir =
            s.some_text("dataLogDir").map_or_else(|| data_dir.clone(), PathBuf::from);
        Dirs { data_dir, data_log_dir, autocreate: s.flag("datadir.autocreate") }
    }
}

impl Ticks {
    fn from_settings(s: &Settings) -> Self {
        let tick_time_ms = s.unsigned32("tickTime");
        let or_ticks = |name, ticks: u32| match s.whole(name) {
            -1 => tick_time_ms.saturating_mul(ticks).min(i32::MAX.unsigned_abs()),
            _ => s.unsigned32(name),
        };
        Ticks {
            tick_time_ms,
            min_session_timeout_ms: or_ticks("minSessionTimeout", 2),
            max_session_timeout_ms: or_ticks("maxSessionTimeout", 20),
        }
    }
}

impl Limits {
    fn from_settings(s: &Settings) -> Self {
        let jute_max_buffer = s.unsigned32("jute.maxbuffer");
        let extra = s.get("jute.maxbuffer.extrasize");
        Limits {
            max_client_cnxns: s.unsigned32("maxClientCnxns"),
            max_cnxns: s.unsigned32("maxCnxns"),
            jute_max_buffer,
            jute_extra_size: extra
                .map_or(jute_max_buffer, |_| s.unsigned32("jute.maxbuffer.extrasize")),
            global_outstanding_limit: s.unsigned32("globalOutstandingLimit"),
            large_request_max_bytes: s.unsigned("largeRequestMaxBytes"),
            large_request_threshold: s.above_zero("largeRequestThreshold"),
            sessionless_timeout_ms: s.unsigned("nio.sessionlessCnxnTimeout"),
            client_tcp_keep_alive: s.flag("clientTcpKeepAlive"),
        }
    }
}

impl Features {
    fn from_settings(s: &Settings) -> Self {
        Features {
            extended_types: s.flag("extendedTypesEnabled"),
            emulate_353_ttl: s.flag("emulate353TTLNodes"),
            enforce_quota: s.flag("enforceQuota"),
            local_sessions: s.flag("localSessionsEnabled"),
            local_sessions_upgrading: s.flag("localSessionsUpgradingEnabled"),
            close_session_txn: s.flag("closeSessionTxn.enabled"),
            read_only_mode: s.flag("readonlymode.enabled"),
            reconfig_enabled: s.flag("reconfigEnabled"),
            container_check_interval_ms: s.unsigned("znode.container.checkIntervalMs"),
            container_max_per_minute: s.unsigned32("znode.container.maxPerMinute"),
            container_never_used_interval_ms: s
                .above_zero("znode.container.maxNeverUsedIntervalMs"),
        }
    }
}

#[cfg(test)]
mod tests;
