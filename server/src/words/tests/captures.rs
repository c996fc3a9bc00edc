//! With the same sessions, watches and figures, our answers are Apache's, byte by byte; only the
//! version is our own, and `envi` tells of no JVM.

use codec::client::FourLetterWord::{self, *};
use codec::{SessionId, Zxid};

use super::ask;
use super::fake::{Fake, address, fresh};
use crate::metrics::Batch;
use crate::version;
use crate::words::view::*;

macro_rules! captured {
    ($name:literal) => {
        ours(include_str!(concat!("../testdata/", $name)))
    };
}

/// The capture as we would send it: with our version in the place of Apache's.
fn ours(capture: &str) -> String {
    const APACHES: &str =
        "3.9.5-293c895a8d966a3ecb92872be4a1daf87d725da2, built on 2026-02-11 20:18 UTC";
    capture.replace(APACHES, &version::line())
}

const A: SessionId = SessionId(0x100_001e_22e4_0000);
const B: SessionId = SessionId(0x100_001e_22e4_0001);
/// 02:57:44 on the day of the capture, the first moment in its `dump`.
const FIRST_END_MS: i64 = 1_795_229_864_000;

fn bucket<T>(seconds: i64, members: Vec<T>) -> Bucket<T> {
    Bucket { expires_wall_ms: FIRST_END_MS + 1000 * seconds, members }
}

fn session_a() -> SessionInfo {
    SessionInfo {
        id: A,
        last_op: Some(1),
        established_ms: 1_795_229_854_043,
        timeout_ms: 10_000,
        last_cxid: 0x135,
        last_zxid: Zxid(0x133),
        last_response_ms: 2_018_167,
        last_latency: 1,
        min_latency: 0,
        avg_latency: 0,
        max_latency: 8,
    }
}

fn session_b() -> SessionInfo {
    SessionInfo {
        id: B,
        last_op: Some(4),
        established_ms: 1_795_229_854_059,
        timeout_ms: 20_000,
        last_cxid: 6,
        last_zxid: Zxid(0x134),
        last_response_ms: 2_018_169,
        last_latency: 0,
        min_latency: 0,
        avg_latency: 1,
        max_latency: 2,
    }
}

fn connection(port: u16, counts: (u64, u64), session: Option<SessionInfo>) -> ConnectionInfo {
    let interest_ops = u8::from(session.is_some());
    let (received, sent) = counts;
    ConnectionInfo { peer: address(port), interest_ops, queued: 0, received, sent, session }
}

fn clients() -> [ConnectionInfo; 2] {
    let a = connection(48430, (310, 311), Some(session_a()));
    [a, connection(48440, (7, 7), Some(session_b()))]
}

/// The asking connection itself.
fn asking(port: u16) -> ConnectionInfo {
    connection(port, (1, 0), None)
}

fn busy() -> Fake {
    let mut fake = fresh();
    fake.status.zxid = Zxid(0x134);
    fake.gauges.num_alive_connections = 3;
    fake.gauges.znode_count = 309;
    fake.metrics.packets_received.add(335);
    fake.metrics.packets_sent.add(336);
    let latency = Batch { count: 317, sum: 298_000, min: 120, max: 8_900 };
    fake.metrics.request_latency.record_batch(latency);
    fake.directories = Directories { data_bytes: 478, log_bytes: 67_108_880 };
    let path = |session, path: &str| (session, path.to_owned());
    fake.ephemerals = vec![path(A, "/app/e3"), path(B, "/app/x/e1"), path(B, "/app/x/e2")];
    fake.watches = vec![path(A, "/app/x"), path(A, "/none"), path(B, "/app/x")];
    fake.digests = vec![(Zxid(0x80), 278_762_001_432), (Zxid(0x100), 563_195_265_669)];
    fake
}

fn check(fake: &Fake, word: FourLetterWord, expected: String) {
    assert_eq!(ask(word, fake), expected, "{word:?}");
}

#[test]
fn short_answers_of_a_busy_server() {
    let fake = busy();
    check(&fake, Ruok, captured!("standalone/ruok"));
    check(&fake, Isro, captured!("standalone/isro"));
    check(&fake, Srvr, captured!("standalone/srvr"));
    check(&fake, Conf, captured!("standalone/conf"));
    check(&fake, Dirs, captured!("standalone/dirs"));
    check(&fake, Wchs, captured!("standalone/wchs"));
    check(&fake, Wchc, captured!("standalone/wchc"));
    check(&fake, Wchp, captured!("standalone/wchp"));
    check(&fake, Hash, captured!("standalone/hash"));
    check(&fake, Gtmk, captured!("standalone/gtmk"));
}

#[test]
fn stat_lists_clients_before_the_figures() {
    let mut fake = busy();
    fake.connections = clients().into_iter().chain([asking(48482)]).collect();
    fake.metrics.packets_received.one();
    fake.metrics.packets_sent.one();
    check(&fake, Stat, captured!("standalone/stat"));
}

#[test]
fn cons_tells_each_session() {
    let mut fake = busy();
    fake.connections = [asking(48488)].into_iter().chain(clients()).collect();
    check(&fake, Cons, captured!("standalone/cons"));
    let silent = ConnectionInfo { interest_ops: 1, ..connection(48590, (0, 0), None) };
    fake.connections = clients().into_iter().chain([silent, asking(48592)]).collect();
    check(&fake, Cons, captured!("standalone/cons_sessionless"));
}

#[test]
fn cons_after_a_reset_has_no_last_request() {
    let reset = |session: SessionInfo| SessionInfo {
        last_op: None,
        last_cxid: -1,
        last_zxid: Zxid(-1),
        last_response_ms: 0,
        last_latency: 0,
        avg_latency: 0,
        max_latency: 0,
        ..session
    };
    let mut fake = busy();
    let silent = ConnectionInfo { interest_ops: 1, ..connection(48590, (0, 0), None) };
    fake.connections = vec![
        asking(48660),
        connection(48430, (0, 0), Some(reset(session_a()))),
        connection(48440, (0, 0), Some(reset(session_b()))),
        silent,
    ];
    check(&fake, Cons, captured!("standalone/cons_after_crst"));
}

#[test]
fn dump_of_a_server_that_tracks_its_sessions() {
    let mut fake = busy();
    let ends = vec![bucket(0, vec![]), bucket(2, vec![A]), bucket(10, vec![]), bucket(12, vec![B])];
    fake.sessions.global = GlobalSessions::Tracked(ends);
    let asking = (address(48524), SessionId::NONE);
    fake.connection_expiry =
        vec![bucket(2, vec![asking, (address(48430), A)]), bucket(12, vec![(address(48440), B)])];
    check(&fake, Dump, captured!("standalone/dump"));
}

#[test]
fn a_fresh_server() {
    let mut fake = fresh();
    fake.metrics.packets_received.add(3);
    fake.metrics.packets_sent.add(2);
    check(&fake, Srvr, captured!("fresh/srvr"));
    check(&fake, Wchs, captured!("fresh/wchs"));
    check(&fake, Wchc, captured!("fresh/wchc"));
    check(&fake, Wchp, captured!("fresh/wchp"));
    check(&fake, Hash, captured!("fresh/hash"));
    fake.connections = vec![asking(48364)];
    check(&fake, Cons, captured!("fresh/cons"));
    fake.connection_expiry = vec![bucket(2, vec![(address(48392), SessionId::NONE)])];
    check(&fake, Dump, captured!("fresh/dump"));
}

#[test]
fn resets_are_confirmed_and_srvr_begins_again() {
    let mut fake = busy();
    check(&fake, Crst, captured!("crst"));
    assert!(fake.connections_reset.get());
    check(&fake, Srst, captured!("srst"));
    fake.gauges.num_alive_connections = 4;
    fake.metrics.packets_received.one();
    fake.metrics.packets_sent.one();
    check(&fake, Srvr, captured!("standalone/srvr_after_srst"));
}

/// Keys of `key=value` lines.
fn keys(text: &str) -> Vec<&str> {
    text.lines().map(|line| line.split('=').next().unwrap_or(line)).collect()
}

#[test]
fn envi_has_apaches_keys_in_apaches_order() {
    let (text, capture) = (ask(Envi, &busy()), captured!("standalone/envi"));
    assert_eq!(keys(&text), keys(&capture));
    // What does not speak of a JVM is the same to the letter.
    let told = |text: &str| {
        let lines = text.lines().filter(|line| !line.starts_with("java."));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(told(&text), told(&capture));
}

/// Server 1 to 4 of the captured ensemble.
fn member(id: i64, mode: Mode) -> Fake {
    let mut fake = fresh();
    fake.status.mode = mode;
    fake.status.zxid = Zxid(0x1_0000_0014);
    fake.gauges.num_alive_connections = 2;
    fake.gauges.znode_count = 21;
    let port = |base: i64| i32::try_from(base + id).expect("a port");
    let settings = &mut fake.settings;
    settings.client_port = port(24830);
    settings.tick_time = 500;
    (settings.min_session_timeout, settings.max_session_timeout) = (1000, 10_000);
    settings.server_id = id;
    settings.quorum = Some(QuorumSettings {
        init_limit: 20,
        sync_limit: 10,
        election_alg: 3,
        election_port: port(24844),
        quorum_port: port(24840),
        observer: mode == Mode::Observer,
        members: (1..=4).map(member_line).collect(),
        version: 0,
    });
    fake.directories = Directories { data_bytes: 67_109_602, log_bytes: 67_109_602 };
    fake
}

fn member_line(id: i64) -> String {
    let (quorum, election, client) = (24840 + id, 24844 + id, 24830 + id);
    let role = if id == 4 { "observer" } else { "participant" };
    format!("server.{id}=127.0.0.1:{quorum}:{election}:{role};127.0.0.1:{client}")
}

#[test]
fn conf_of_members_ends_without_a_line_end() {
    let conf = |name: &str| name.replace("/ens1/", "/").replace("/ens3/", "/");
    check(&member(1, Mode::Follower), Conf, conf(&captured!("follower/conf")));
    check(&member(3, Mode::Leader), Conf, conf(&captured!("leader/conf")));
    check(&member(4, Mode::Observer), Conf, conf(&captured!("observer/conf")));
}

#[test]
fn srvr_of_members() {
    let with = |id, mode, packets: (u64, u64), batch: Batch| {
        let fake = member(id, mode);
        fake.metrics.packets_received.add(packets.0);
        fake.metrics.packets_sent.add(packets.1);
        fake.metrics.request_latency.record_batch(batch);
        fake.metrics.proposal_size.record_batch(90, 48, 140);
        fake
    };
    let batch = |count, sum, min, max| Batch { count, sum, min, max };
    let follower = with(1, Mode::Follower, (18, 19), batch(2, 10_000, 500, 18_000));
    check(&follower, Srvr, captured!("follower/srvr"));
    let leader = with(3, Mode::Leader, (12, 13), batch(2, 5_000, 500, 5_500));
    check(&leader, Srvr, captured!("leader/srvr"));
    let observer = with(4, Mode::Observer, (12, 13), batch(4, 13_000, 1_500, 7_500));
    check(&observer, Srvr, captured!("observer/srvr"));
}

/// The part of a `dump` that tells sessions.
fn sessions_part(dump: &str) -> &str {
    dump.split("ephemeral nodes dump:").next().unwrap_or(dump)
}

/// Sessions of the captured ensemble with local sessions on.
fn ensemble_sessions() -> [SessionId; 4] {
    let ids =
        [0x100_001f_98d1_0000, 0x400_001f_98d3_0000, 0x300_001f_98b0_0000, 0x200_001f_98ab_0000];
    ids.map(SessionId)
}

#[test]
fn dump_of_learners_and_of_servers_with_local_sessions() {
    let [one, four, three, two] = ensemble_sessions();
    // 02:58:39 in that capture.
    let at = |members| bucket(55, members);
    let mut fake = member(3, Mode::Leader);
    fake.sessions.local = Some(vec![at(vec![])]);
    let tracked = vec![at(vec![one]), at(vec![four, three, two])];
    fake.sessions.global = GlobalSessions::Tracked(tracked);
    let capture = captured!("leader_local_sessions/dump");
    assert_eq!(sessions_part(&ask(Dump, &fake)), sessions_part(&capture));
    let known = [one, two, three, four].map(|id| (id, 10_000)).to_vec();
    fake.sessions.global = GlobalSessions::Known(known);
    let capture = captured!("follower_local_sessions/dump");
    assert_eq!(sessions_part(&ask(Dump, &fake)), sessions_part(&capture));
}
