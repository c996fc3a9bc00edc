//! Values of an ensemble: members, limits in ticks, election and learner timings.
//! What they mean for the protocol is not known here.

use std::path::PathBuf;

use crate::config::members::{Membership, Role};
use crate::config::settings::Settings;

/// Members and everything of an ensemble.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quorum {
    /// The servers, groups and weights; empty without server lines.
    pub membership: Membership,
    /// This server's id from `myid`; `None` when there is no such file.
    pub server_id: Option<i64>,
    /// This server's role: that of its server line, else `peerType`.
    pub peer_type: Role,
    /// One voter alone runs without quorum code.
    pub standalone_enabled: bool,
    /// The file that holds the members, when `zoo.cfg` does not.
    pub dynamic_config_file: Option<PathBuf>,
    /// Ticks for connecting to the leader and being synchronised; 0 = not given.
    pub init_limit: u32,
    /// Ticks without contact before a learner is given up; 0 = not given.
    pub sync_limit: u32,
    /// Ticks for connecting to the leader; equals `init_limit` when not given.
    pub connect_to_learner_master_limit: u32,
    /// The election algorithm; 3 is the only one there is.
    pub election_alg: u32,
    /// Bind quorum and election ports on all addresses.
    pub listen_on_all_ips: bool,
    /// The port on which followers serve observers.
    pub observer_master_port: Option<u16>,
    /// An observer logs transactions and takes snapshots.
    pub sync_enabled: bool,
    /// Several addresses per server.
    pub multi_address: MultiAddress,
    /// The tie breaker's file of a two-server ensemble.
    pub oracle_path: Option<PathBuf>,
    /// The leader accepts clients.
    pub leader_serves: bool,
    /// Observers that may be sent a snapshot, and a DIFF, at the same time.
    pub max_concurrent_snap_syncs: u32,
    /// See `max_concurrent_snap_syncs`.
    pub max_concurrent_diff_syncs: u32,
    /// Timings of election and learners.
    pub timings: LearnerTimings,
}

/// Several addresses per server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MultiAddress {
    /// Whether server lines may hold more than one address.
    pub enabled: bool,
    /// Whether addresses are probed before use.
    pub check_enabled: bool,
    /// Milliseconds a probe may take.
    pub check_timeout_ms: u64,
}

/// Timings of election and learners, in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LearnerTimings {
    /// Connecting to another server's election port.
    pub cnx_timeout_ms: u64,
    /// Reading from an election connection; `None` = tickTime times syncLimit.
    pub quorum_cnxn_timeout_ms: Option<u64>,
    /// Between two attempts to connect to the leader.
    pub leader_connect_delay_ms: u64,
    /// How long a leader waits for a quorum's epochs; `None` = initLimit.
    pub max_time_to_wait_for_epoch_ms: Option<u64>,
    /// First wait for notifications in an election.
    pub min_notification_ms: u64,
    /// Longest wait for notifications in an election.
    pub max_notification_ms: u64,
    /// An observer waits up to this long, at random, before it looks for a new leader.
    pub observer_reconnect_delay_ms: u64,
    /// An observer waits this long before it settles an election.
    pub observer_election_delay_ms: u64,
    /// Attempts to bind the election port; `None` = without end.
    pub election_port_bind_retry: Option<u32>,
    /// `SO_KEEPALIVE` on quorum sockets.
    pub tcp_keep_alive: bool,
}

impl Quorum {
    pub(super) fn from_settings(s: &Settings) -> Self {
        let init_limit = s.unsigned32("initLimit");
        let connect_limit = s.above_zero("connectToLearnerMasterLimit");
        let path = |name| s.some_text(name).map(PathBuf::from);
        let sync = if s.get("observer.syncEnabled").is_some() {
            "observer.syncEnabled"
        } else {
            "syncEnabled"
        };
        Quorum {
            membership: Membership::default(),
            server_id: None,
            peer_type: Role::named(s.text("peerType")).unwrap_or(Role::Participant),
            standalone_enabled: s.flag("standaloneEnabled"),
            dynamic_config_file: path("dynamicConfigFile"),
            init_limit,
            sync_limit: s.unsigned32("syncLimit"),
            connect_to_learner_master_limit: connect_limit
                .map_or(init_limit, |_| s.unsigned32("connectToLearnerMasterLimit")),
            election_alg: s.unsigned32("electionAlg"),
            listen_on_all_ips: s.flag("quorumListenOnAllIPs"),
            observer_master_port: s.port("observerMasterPort"),
            sync_enabled: s.flag(sync),
            multi_address: MultiAddress::from_settings(s),
            oracle_path: path("oraclePath"),
            leader_serves: s.text("leaderServes") != "no",
            max_concurrent_snap_syncs: s.unsigned32("leader.maxConcurrentSnapSyncs"),
            max_concurrent_diff_syncs: s.unsigned32("leader.maxConcurrentDiffSyncs"),
            timings: LearnerTimings::from_settings(s),
        }
    }
}

impl MultiAddress {
    fn from_settings(s: &Settings) -> Self {
        MultiAddress {
            enabled: s.flag("multiAddress.enabled"),
            check_enabled: s.flag("multiAddress.reachabilityCheckEnabled"),
            check_timeout_ms: s.unsigned("multiAddress.reachabilityCheckTimeoutMs"),
        }
    }
}

impl LearnerTimings {
    fn from_settings(s: &Settings) -> Self {
        let retries = s.above_zero("electionPortBindRetry");
        LearnerTimings {
            cnx_timeout_ms: s.unsigned("cnxTimeout"),
            quorum_cnxn_timeout_ms: s.above_zero("quorumCnxnTimeoutMs"),
            leader_connect_delay_ms: s.unsigned("leaderConnectDelayDuringRetryMs"),
            max_time_to_wait_for_epoch_ms: s.above_zero("leader.maxTimeToWaitForEpoch"),
            min_notification_ms: s.unsigned("fastleader.minNotificationInterval"),
            max_notification_ms: s.unsigned("fastleader.maxNotificationInterval"),
            observer_reconnect_delay_ms: s.unsigned("observer.reconnectDelayMs"),
            observer_election_delay_ms: s.unsigned("observer.election.DelayMs"),
            election_port_bind_retry: retries.and_then(|n| u32::try_from(n).ok()),
            tcp_keep_alive: s.flag("tcpKeepAlive"),
        }
    }
}
