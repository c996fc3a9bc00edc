//! A server made of plain values.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::ControlFlow;

use codec::{SessionId, Zxid};

use crate::metrics::process::{Descriptors, Environment, Memory};
use crate::metrics::{Gauges, Metrics, NamespaceQuota};
use crate::words::view::*;

/// What the server answers; every field may be changed.
pub struct Fake {
    pub why_not_serving: Option<String>,
    pub status: Status,
    pub metrics: Metrics,
    pub gauges: Gauges,
    pub quotas: Vec<NamespaceQuota>,
    pub settings: Settings,
    pub directories: Directories,
    pub connections: Vec<ConnectionInfo>,
    pub connections_reset: Cell<bool>,
    pub sessions: Sessions,
    pub connection_expiry: Vec<Bucket<(SocketAddr, SessionId)>>,
    pub ephemerals: Vec<(SessionId, String)>,
    pub watches: Vec<(SessionId, String)>,
    pub digests: Vec<(Zxid, i64)>,
    /// How many entries of listings were shown to a listener.
    pub shown: Cell<usize>,
}

pub fn address(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

pub fn fresh() -> Fake {
    Fake {
        why_not_serving: None,
        status: Status {
            mode: Mode::Standalone,
            peer_state: None,
            observer_master_id: None,
            zxid: Zxid::ZERO,
        },
        metrics: Metrics::default(),
        gauges: Gauges { num_alive_connections: 1, znode_count: 5, ..Gauges::default() },
        quotas: Vec::new(),
        settings: settings(),
        directories: Directories::default(),
        connections: Vec::new(),
        connections_reset: Cell::new(false),
        sessions: Sessions { global: GlobalSessions::Tracked(Vec::new()), local: None },
        connection_expiry: Vec::new(),
        ephemerals: Vec::new(),
        watches: Vec::new(),
        digests: Vec::new(),
        shown: Cell::new(0),
    }
}

fn settings() -> Settings {
    Settings {
        client_port: 24811,
        secure_client_port: -1,
        data_dir: "/var/lib/zookeeper/version-2".to_owned(),
        data_log_dir: "/var/lib/zookeeper/version-2".to_owned(),
        tick_time: 2000,
        max_client_cnxns: 60,
        min_session_timeout: 4000,
        max_session_timeout: 40_000,
        client_port_listen_backlog: -1,
        server_id: 0,
        quorum: None,
    }
}

impl Fake {
    fn show(&self, flow: Flow) -> Flow {
        self.shown.set(self.shown.get() + 1);
        flow
    }
}

impl ServerView for Fake {
    fn why_not_serving(&self) -> Option<String> {
        self.why_not_serving.clone()
    }

    fn status(&self) -> Status {
        self.status.clone()
    }

    fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    fn gauges(&self) -> Gauges {
        self.gauges
    }

    fn quotas(&self) -> Vec<NamespaceQuota> {
        self.quotas.clone()
    }

    fn descriptors(&self) -> Descriptors {
        Descriptors { open: 56, max: 20_000 }
    }

    fn settings(&self) -> Settings {
        self.settings.clone()
    }

    fn directories(&self) -> Directories {
        self.directories
    }

    fn environment(&self) -> Environment {
        Environment {
            host_name: "localhost".to_owned(),
            os_name: "Linux".to_owned(),
            os_arch: "amd64".to_owned(),
            os_version: "6.1.0".to_owned(),
            user_name: "zookeeper".to_owned(),
            user_home: "/home/zookeeper".to_owned(),
            user_dir: "/opt/zookeeper".to_owned(),
            tmp_dir: "/tmp".to_owned(),
        }
    }

    fn memory(&self) -> Memory {
        Memory { resident: 27 << 20, limit: 256 << 20 }
    }

    fn connections(&self, see: &mut dyn FnMut(&ConnectionInfo) -> Flow) {
        let _: Flow = self.connections.iter().try_for_each(|one| self.show(see(one)));
    }

    fn reset_connections(&self) {
        self.connections_reset.set(true);
    }

    fn sessions(&self) -> Sessions {
        self.sessions.clone()
    }

    fn connection_expiry(&self) -> Vec<Bucket<(SocketAddr, SessionId)>> {
        self.connection_expiry.clone()
    }

    fn sessions_with_ephemerals(&self) -> usize {
        self.ephemerals.iter().map(|(session, _)| session).collect::<BTreeSet<_>>().len()
    }

    fn ephemerals(&self, see: &mut dyn FnMut(SessionId, &str) -> Flow) {
        let mut all = self.ephemerals.iter();
        let _: Flow = all.try_for_each(|(session, path)| self.show(see(*session, path)));
    }

    fn watch_totals(&self) -> WatchTotals {
        let sessions: BTreeSet<_> = self.watches.iter().map(|(session, _)| session).collect();
        let paths: BTreeSet<_> = self.watches.iter().map(|(_, path)| path).collect();
        let (connections, paths) = (sessions.len(), paths.len());
        WatchTotals { connections, paths, total: self.watches.len() }
    }

    fn watches_by_session(&self, see: &mut dyn FnMut(SessionId, &str) -> Flow) {
        let mut all = self.watches.iter();
        let _: Flow = all.try_for_each(|(session, path)| self.show(see(*session, path)));
    }

    fn watches_by_path(&self, see: &mut dyn FnMut(&str, SessionId) -> Flow) {
        let mut all: Vec<_> = self.watches.iter().collect();
        all.sort_by(|a, b| (&a.1, a.0).cmp(&(&b.1, b.0)));
        let shown = all.iter().try_for_each(|(session, path)| see(path, *session));
        let (ControlFlow::Continue(()) | ControlFlow::Break(())) = shown;
    }

    fn digests(&self) -> Vec<(Zxid, i64)> {
        self.digests.clone()
    }
}
