//! Figures that are not counted but looked up when somebody asks, under Apache's names.
//!
//! The shell fills [`Gauges`] from the replica, the tree and the session table, none of which may
//! walk a table for it: `srvr` probes ask every second. The ones that
//! [`super::Metrics`] holds itself are joined to them here, so that every reader of figures
//! (`mntr` now, HTTP later) sees one list.

use std::collections::BTreeMap;

use super::process::Descriptors;
use super::registry::Metrics;

/// What the shell looks up. Counts, unless a unit is named.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Gauges {
    /// Open client connections, the asking one among them.
    pub num_alive_connections: u64,
    /// Requests read and not yet answered.
    pub outstanding_requests: u64,
    /// ms since this server began to serve.
    pub uptime_ms: u64,
    /// Nodes, the built-in ones among them.
    pub znode_count: u64,
    /// Watches in both tables.
    pub watch_count: u64,
    /// Ephemeral nodes.
    pub ephemerals_count: u64,
    /// Bytes of paths and data.
    pub approximate_data_size: u64,
    /// Sessions that the ensemble knows.
    pub global_sessions: u64,
    /// Sessions that only this server knows.
    pub local_sessions: u64,
    /// Of the connection throttle: 0 to 1.
    pub connection_drop_probability: f64,
    /// TLS handshakes under way.
    pub outstanding_tls_handshake: u64,
    /// Voting members; `None` on a standalone server.
    pub quorum_size: Option<u64>,
    /// What a leader knows; `None` elsewhere.
    pub leader: Option<LeaderGauges>,
    /// Observers in step with this follower, if it serves observers (`observerMasterPort`).
    pub observer_master_synced_observers: Option<u64>,
}

/// What a leader knows of its learners.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LeaderGauges {
    /// Connected learners.
    pub learners: u64,
    /// Followers in step.
    pub synced_followers: u64,
    /// Followers in step that do not vote.
    pub synced_non_voting_followers: u64,
    /// Observers in step.
    pub synced_observers: u64,
    /// `sync` requests that wait.
    pub pending_syncs: u64,
    /// ms since this server became leader.
    pub leader_uptime_ms: u64,
}

/// A quota, and the namespace that it lies in: −1 for no limit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NamespaceQuota {
    /// First path element.
    pub namespace: String,
    /// Nodes allowed.
    pub count_limit: i64,
    /// Bytes allowed.
    pub bytes_limit: i64,
    /// Nodes there.
    pub count_usage: i64,
    /// Bytes there.
    pub bytes_usage: i64,
}

/// A value of a gauge.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value {
    /// Shown plain.
    Int(i64),
    /// Shown with a decimal point.
    Float(f64),
}

impl Gauges {
    /// Shows every gauge that this server has: those looked up and those that `metrics` holds.
    pub fn visit(
        &self,
        metrics: &Metrics,
        files: Descriptors,
        mut see: impl FnMut(&'static str, Value),
    ) {
        self.visit_everywhere(&mut see);
        see("open_file_descriptor_count", count(files.open));
        see("max_file_descriptor_count", count(files.max));
        visit_counted(metrics, &mut see);
        if let Some(size) = self.quorum_size {
            see("quorum_size", count(size));
        }
        if let Some(synced) = self.observer_master_synced_observers {
            see("synced_observers", count(synced));
        }
        if let Some(leader) = &self.leader {
            leader.visit(metrics, &mut see);
        }
    }

    fn visit_everywhere(&self, see: &mut impl FnMut(&'static str, Value)) {
        see("num_alive_connections", count(self.num_alive_connections));
        see("outstanding_requests", count(self.outstanding_requests));
        see("uptime", count(self.uptime_ms));
        see("znode_count", count(self.znode_count));
        see("watch_count", count(self.watch_count));
        see("ephemerals_count", count(self.ephemerals_count));
        see("approximate_data_size", count(self.approximate_data_size));
        see("global_sessions", count(self.global_sessions));
        see("local_sessions", count(self.local_sessions));
        see("connection_drop_probability", Value::Float(self.connection_drop_probability));
        see("outstanding_tls_handshake", count(self.outstanding_tls_handshake));
    }
}

impl NamespaceQuota {
    /// Quotas of one namespace added up, as Apache does (a −1 is added too), in the order of the
    /// names; those that lie on the root belong to no namespace.
    pub fn by_namespace(quotas: impl IntoIterator<Item = NamespaceQuota>) -> Vec<NamespaceQuota> {
        let mut all: BTreeMap<String, NamespaceQuota> = BTreeMap::new();
        for quota in quotas.into_iter().filter(|quota| !quota.namespace.is_empty()) {
            let sum = all.entry(quota.namespace.clone()).or_default();
            sum.count_limit = sum.count_limit.saturating_add(quota.count_limit);
            sum.bytes_limit = sum.bytes_limit.saturating_add(quota.bytes_limit);
            sum.count_usage = sum.count_usage.saturating_add(quota.count_usage);
            sum.bytes_usage = sum.bytes_usage.saturating_add(quota.bytes_usage);
            sum.namespace = quota.namespace;
        }
        all.into_values().collect()
    }

    /// Shows the gauges of this namespace: name, value.
    pub fn visit(&self, mut see: impl FnMut(&'static str, i64)) {
        see("quota_count_limit_per_namespace", self.count_limit);
        see("quota_bytes_limit_per_namespace", self.bytes_limit);
        see("quota_count_usage_per_namespace", self.count_usage);
        see("quota_bytes_usage_per_namespace", self.bytes_usage);
    }
}

impl LeaderGauges {
    fn visit(&self, metrics: &Metrics, see: &mut impl FnMut(&'static str, Value)) {
        let sizes = metrics.proposal_size.get();
        see("learners", count(self.learners));
        see("synced_followers", count(self.synced_followers));
        see("synced_non_voting_followers", count(self.synced_non_voting_followers));
        see("synced_observers", count(self.synced_observers));
        see("pending_syncs", count(self.pending_syncs));
        see("leader_uptime", count(self.leader_uptime_ms));
        see("last_proposal_size", Value::Int(sizes.last));
        see("min_proposal_size", Value::Int(sizes.min));
        see("max_proposal_size", Value::Int(sizes.max));
    }
}

fn visit_counted(metrics: &Metrics, see: &mut impl FnMut(&'static str, Value)) {
    let latency = metrics.request_latency.get();
    let sizes = metrics.client_response_size.get();
    see("avg_latency", Value::Float(latency.avg));
    see("min_latency", count(latency.min));
    see("max_latency", count(latency.max));
    see("packets_received", count(metrics.packets_received.get()));
    see("packets_sent", count(metrics.packets_sent.get()));
    see("last_client_response_size", Value::Int(sizes.last));
    see("min_client_response_size", Value::Int(sizes.min));
    see("max_client_response_size", Value::Int(sizes.max));
    see("auth_failed_count", count(metrics.auth_failed_count.get()));
    see("non_mtls_remote_conn_count", count(metrics.non_mtls_remote_conn_count.get()));
    see("non_mtls_local_conn_count", count(metrics.non_mtls_local_conn_count.get()));
}

fn count(n: u64) -> Value {
    Value::Int(i64::try_from(n).unwrap_or(i64::MAX))
}
