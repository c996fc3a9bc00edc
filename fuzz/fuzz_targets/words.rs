//! Four-letter words: the bytes that ask, the whitelist that decides, and texts built from paths
//! and names that clients chose.
#![no_main]

use std::net::{Ipv6Addr, SocketAddr};

use codec::client::FourLetterWord;
use codec::{SessionId, Zxid};
use fuzz_support::Taker;
use libfuzzer_sys::fuzz_target;
use server::config::whitelist::Whitelist;
use server::metrics::gauges::{Gauges, NamespaceQuota};
use server::metrics::process::{Descriptors, Environment, Memory};
use server::metrics::registry::Metrics;
use server::words::view::*;
use server::words::{Asked, Words};

fuzz_target!(|data: &[u8]| {
    let mut taker = Taker(data);
    let list = String::from_utf8_lossy(taker.bytes(64)).into_owned();
    let stand = Stand {
        metrics: Metrics::default(),
        text: String::from_utf8_lossy(taker.bytes(64)).into_owned(),
        numbers: [0; 4].map(|_| i64::from(taker.int()) << (taker.byte() % 33)),
    };
    let whitelist = Whitelist::new(Some(&list), taker.byte() % 2 == 1);
    let _ = whitelist.unknown_words().count();
    let words = Words::new(whitelist);
    let peer = SocketAddr::from((Ipv6Addr::LOCALHOST, 1));
    while let Some((asked, rest)) = taker.0.split_first_chunk::<4>() {
        taker.0 = rest;
        let Some(word) = FourLetterWord::from_bytes(*asked) else {
            continue;
        };
        let argument = taker.bytes(16);
        let now_ms = u64::from(taker.byte()) << 12;
        words.answer(Asked { word, argument, peer, now_ms }, &stand);
    }
});

/// A server of which everything is one text and a few numbers.
struct Stand {
    metrics: Metrics,
    text: String,
    numbers: [i64; 4],
}

impl Stand {
    fn number(&self, n: usize) -> u64 {
        self.numbers[n].unsigned_abs()
    }

    fn session(&self) -> SessionId {
        SessionId(self.numbers[0])
    }

    fn buckets<T>(&self, member: T) -> Vec<Bucket<T>> {
        vec![Bucket { expires_wall_ms: self.numbers[1], members: vec![member] }]
    }
}

impl ServerView for Stand {
    fn why_not_serving(&self) -> Option<String> {
        (self.numbers[0] % 5 == 1).then(|| self.text.clone())
    }

    fn status(&self) -> Status {
        Status {
            mode: [Mode::Standalone, Mode::Leader, Mode::ReadOnly][self.number(1) as usize % 3],
            peer_state: Some(self.text.clone()),
            observer_master_id: Some(self.numbers[2]),
            zxid: Zxid(self.numbers[3]),
        }
    }

    fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    fn gauges(&self) -> Gauges {
        Gauges { uptime_ms: self.number(0), znode_count: self.number(1), ..Gauges::default() }
    }

    fn quotas(&self) -> Vec<NamespaceQuota> {
        let quota = NamespaceQuota {
            namespace: self.text.clone(),
            count_limit: self.numbers[0],
            bytes_limit: self.numbers[1],
            count_usage: self.numbers[2],
            bytes_usage: self.numbers[3],
        };
        vec![quota.clone(), quota]
    }

    fn descriptors(&self) -> Descriptors {
        Descriptors { open: self.number(0), max: self.number(1) }
    }

    fn settings(&self) -> Settings {
        let n = self.numbers.map(|n| n as i32);
        Settings {
            client_port: n[0],
            secure_client_port: n[1],
            data_dir: self.text.clone(),
            data_log_dir: self.text.clone(),
            tick_time: n[2],
            max_client_cnxns: n[3],
            min_session_timeout: n[0],
            max_session_timeout: n[1],
            client_port_listen_backlog: n[2],
            server_id: self.numbers[3],
            quorum: None,
        }
    }

    fn directories(&self) -> Directories {
        Directories { data_bytes: self.number(0), log_bytes: self.number(1) }
    }

    fn environment(&self) -> Environment {
        Environment {
            host_name: self.text.clone(),
            os_name: self.text.clone(),
            os_arch: self.text.clone(),
            os_version: self.text.clone(),
            user_name: self.text.clone(),
            user_home: self.text.clone(),
            user_dir: self.text.clone(),
            tmp_dir: self.text.clone(),
        }
    }

    fn memory(&self) -> Memory {
        Memory { resident: self.number(2), limit: self.number(3) }
    }

    fn connections(&self, see: &mut dyn FnMut(&ConnectionInfo) -> Flow) {
        let session = SessionInfo {
            id: self.session(),
            last_op: Some(self.numbers[1] as i32),
            established_ms: self.numbers[2],
            timeout_ms: self.numbers[3] as i32,
            last_cxid: self.numbers[0],
            last_zxid: Zxid(self.numbers[1]),
            last_response_ms: self.number(2),
            last_latency: self.number(3),
            min_latency: self.number(0),
            avg_latency: self.number(1),
            max_latency: self.number(2),
        };
        let _ = see(&ConnectionInfo {
            peer: SocketAddr::from((Ipv6Addr::LOCALHOST, 7)),
            interest_ops: self.number(0) as u8,
            queued: self.number(1),
            received: self.number(2),
            sent: self.number(3),
            session: Some(session),
        });
    }

    fn reset_connections(&self) {}

    fn sessions(&self) -> Sessions {
        Sessions {
            global: GlobalSessions::Tracked(self.buckets(self.session())),
            local: Some(self.buckets(self.session())),
        }
    }

    fn connection_expiry(&self) -> Vec<Bucket<(SocketAddr, SessionId)>> {
        self.buckets((SocketAddr::from((Ipv6Addr::LOCALHOST, 7)), self.session()))
    }

    fn sessions_with_ephemerals(&self) -> usize {
        1
    }

    fn ephemerals(&self, see: &mut dyn FnMut(SessionId, &str) -> Flow) {
        let _ = see(self.session(), &self.text);
    }

    fn watch_totals(&self) -> WatchTotals {
        WatchTotals::default()
    }

    fn watches_by_session(&self, see: &mut dyn FnMut(SessionId, &str) -> Flow) {
        let _ = see(self.session(), &self.text);
    }

    fn watches_by_path(&self, see: &mut dyn FnMut(&str, SessionId) -> Flow) {
        let _ = see(&self.text, self.session());
    }

    fn digests(&self) -> Vec<(Zxid, i64)> {
        vec![(Zxid(self.numbers[0]), self.numbers[1])]
    }
}
