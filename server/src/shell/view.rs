//! The server as the four-letter words look at it.

use std::net::SocketAddr;
use std::path::Path;

use codec::{SessionId, Zxid};
use tree::session::SessionKind;
use tree::watch::WatcherId;

use super::Server;
use crate::metrics::gauges::{Gauges, NamespaceQuota};
use crate::metrics::process::{Descriptors, Environment, Memory};
use crate::metrics::registry::Metrics;
use crate::replica::connection::{Connection, Ending};
use crate::words::view::{
    Bucket, ConnectionInfo, Directories, Flow, GlobalSessions, Mode, ServerView, SessionInfo,
    Sessions, Settings, Status, WatchTotals,
};

impl Server {
    /// The connections of this moment, in the order of their numbers.
    fn connections_now(&self) -> Vec<std::sync::Arc<Connection>> {
        let mut all: Vec<_> =
            self.replica.connections.iter().map(|entry| entry.value().clone()).collect();
        all.sort_unstable_by_key(|connection| connection.id);
        all
    }

    fn wall_ms_of(&self, instant_ms: u64) -> i64 {
        let now = self.clock.now();
        now.wall_ms - now.instant.millis() as i64 + instant_ms as i64
    }

    fn info(&self, connection: &Connection) -> ConnectionInfo {
        let state = connection.lock();
        let figures = &state.figures;
        let session = state.established.then(|| SessionInfo {
            id: connection.session(),
            last_op: figures.last_op,
            established_ms: self.wall_ms_of(connection.since.millis()),
            timeout_ms: state.time_out,
            last_cxid: i64::from(figures.last_cxid.0),
            last_zxid: figures.last_zxid,
            last_response_ms: figures.last_response.millis(),
            last_latency: figures.last_latency_ms,
            min_latency: figures.min_latency_ms,
            avg_latency: figures.avg_latency_ms(),
            max_latency: figures.max_latency_ms,
        });
        ConnectionInfo {
            peer: connection.peer,
            // Apache has taken the asking connection out of its selector; the others wait to read.
            interest_ops: u8::from(state.ending == Ending::Open),
            queued: u64::from(connection.outstanding()),
            received: figures.received,
            sent: figures.sent,
            session,
        }
    }

    fn sessions_by_watcher(&self) -> impl Fn(WatcherId) -> Option<SessionId> {
        |watcher| self.replica.connections.get(&watcher).map(|connection| connection.session())
    }
}

impl ServerView for Server {
    fn why_not_serving(&self) -> Option<String> {
        self.replica.pipeline.lock().failure().map(ToString::to_string)
    }

    fn status(&self) -> Status {
        let zxid = self.replica.tree.read().last_zxid();
        Status { mode: Mode::Standalone, peer_state: None, observer_master_id: None, zxid }
    }

    fn metrics(&self) -> &Metrics {
        &self.replica.metrics
    }

    fn gauges(&self) -> Gauges {
        let (znode_count, ephemerals_count, approximate_data_size) = {
            let tree = self.replica.tree.read();
            (tree.node_count(), tree.ephemeral_count() as u64, tree.approximate_data_size())
        };
        let (global_sessions, connection_drop_probability) = {
            let pipeline = self.replica.pipeline.lock();
            (pipeline.sessions.len() as u64, pipeline.throttle.drop_chance())
        };
        Gauges {
            num_alive_connections: self.replica.connections.len() as u64,
            outstanding_requests: self.replica.in_flight() as u64,
            uptime_ms: self.clock.instant().millis(),
            znode_count,
            watch_count: self.replica.watches.lock().len() as u64,
            ephemerals_count,
            approximate_data_size,
            global_sessions,
            connection_drop_probability,
            ..Gauges::default()
        }
    }

    fn quotas(&self) -> Vec<NamespaceQuota> {
        let tree = self.replica.tree.read();
        let quotas = tree.quota_paths().filter_map(|path| {
            let quota = tree.quota_of(path)?;
            let limits = quota.limits.and_then(Result::ok).unwrap_or_default();
            let usage = quota.usage.and_then(Result::ok).unwrap_or_default();
            let hard_or_soft = |hard: i64, soft: i64| if hard != -1 { hard } else { soft };
            Some(NamespaceQuota {
                namespace: path[1..].split('/').next().unwrap_or_default().to_owned(),
                count_limit: hard_or_soft(limits.count_hard, limits.count),
                bytes_limit: hard_or_soft(limits.bytes_hard, limits.bytes),
                count_usage: usage.count,
                bytes_usage: usage.bytes,
            })
        });
        quotas.collect()
    }

    fn descriptors(&self) -> Descriptors {
        Descriptors::of_this_process()
    }

    fn settings(&self) -> Settings {
        let config = &self.config;
        Settings {
            client_port: config.addresses.client_port.map_or(-1, i32::from),
            secure_client_port: config.addresses.secure_client_port.map_or(-1, i32::from),
            data_dir: absolute(&self.places.snapshots),
            data_log_dir: absolute(&self.places.logs),
            tick_time: config.ticks.tick_time_ms as i32,
            max_client_cnxns: config.limits.max_client_cnxns as i32,
            min_session_timeout: config.ticks.min_session_timeout_ms as i32,
            max_session_timeout: config.ticks.max_session_timeout_ms as i32,
            client_port_listen_backlog: config.addresses.backlog.map_or(-1, |n| n as i32),
            server_id: 0,
            quorum: None,
        }
    }

    fn directories(&self) -> Directories {
        Directories {
            data_bytes: directory_bytes(&self.places.snapshots),
            log_bytes: directory_bytes(&self.places.logs),
        }
    }

    fn environment(&self) -> Environment {
        Environment::of_this_process()
    }

    fn memory(&self) -> Memory {
        Memory::of_this_process()
    }

    fn connections(&self, see: &mut dyn FnMut(&ConnectionInfo) -> Flow) {
        for connection in self.connections_now() {
            if see(&self.info(&connection)).is_break() {
                return;
            }
        }
    }

    fn reset_connections(&self) {
        self.connections_now().iter().for_each(|connection| connection.lock().figures.reset());
    }

    fn sessions(&self) -> Sessions {
        let now = self.clock.now();
        let seen =
            |session| self.replica.sessions.get(&session).map(|c| c.heard_ms(now.instant.millis()));
        let pipeline = self.replica.pipeline.lock();
        let buckets = pipeline.sessions.buckets(SessionKind::Global, now.instant.millis(), seen);
        let buckets = buckets.into_iter().map(|bucket| Bucket {
            expires_wall_ms: now.wall_ms + bucket.expires_in_ms,
            members: bucket.sessions,
        });
        Sessions { global: GlobalSessions::Tracked(buckets.collect()), local: None }
    }

    fn connection_expiry(&self) -> Vec<Bucket<(SocketAddr, SessionId)>> {
        let mut all: std::collections::BTreeMap<i64, Vec<_>> = Default::default();
        for connection in self.connections_now() {
            let state = connection.lock();
            let silence = match state.established {
                true => u64::from(state.time_out.unsigned_abs()),
                false => self.config.limits.sessionless_timeout_ms,
            };
            drop(state);
            let interval = self.config.limits.sessionless_timeout_ms.max(1);
            let heard = connection.heard_ms(self.clock.instant().millis());
            let due = (heard + silence) / interval * interval + interval;
            let member = (connection.peer, connection.session());
            all.entry(self.wall_ms_of(due)).or_default().push(member);
        }
        let buckets = all.into_iter();
        buckets.map(|(expires_wall_ms, members)| Bucket { expires_wall_ms, members }).collect()
    }

    fn sessions_with_ephemerals(&self) -> usize {
        self.replica.tree.read().ephemeral_sessions().count()
    }

    fn ephemerals(&self, see: &mut dyn FnMut(SessionId, &str) -> Flow) {
        let sessions: Vec<_> = self.replica.tree.read().ephemeral_sessions().collect();
        for session in sessions {
            let paths: Vec<_> = self.replica.tree.read().ephemerals_of(session).collect();
            if paths.iter().any(|path| see(session, path).is_break()) {
                return;
            }
        }
    }

    fn watch_totals(&self) -> WatchTotals {
        let summary = self.replica.watches.lock().summary();
        WatchTotals { connections: summary.watchers, paths: summary.paths, total: summary.total }
    }

    fn watches_by_session(&self, see: &mut dyn FnMut(SessionId, &str) -> Flow) {
        let all = {
            let tree = self.replica.tree.read();
            self.replica.watches.lock().by_watcher(&tree)
        };
        let session_of = self.sessions_by_watcher();
        for (watcher, paths) in all {
            let Some(session) = session_of(watcher) else {
                continue;
            };
            if paths.iter().any(|path| see(session, path).is_break()) {
                return;
            }
        }
    }

    fn watches_by_path(&self, see: &mut dyn FnMut(&str, SessionId) -> Flow) {
        let all = {
            let tree = self.replica.tree.read();
            self.replica.watches.lock().by_path(&tree)
        };
        let session_of = self.sessions_by_watcher();
        for (path, watchers) in all {
            let mut sessions = watchers.into_iter().filter_map(&session_of);
            if sessions.any(|session| see(&path, session).is_break()) {
                return;
            }
        }
    }

    fn digests(&self) -> Vec<(Zxid, i64)> {
        self.replica.digests()
    }
}

/// As Apache prints directories: absolute, where that can be told.
fn absolute(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).display().to_string()
}

/// Bytes of the files in a directory; 0 if it cannot be read.
fn directory_bytes(path: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(path) else {
        return 0;
    };
    let files = entries.flatten().filter_map(|entry| entry.metadata().ok());
    files.filter(|meta| meta.is_file()).map(|meta| meta.len()).sum()
}
