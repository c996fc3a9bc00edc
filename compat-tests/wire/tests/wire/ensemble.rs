//! What only an ensemble shows: moved sessions, sync through a follower, read-only mode.

use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use wire::bed::join;
use wire::case::{self, For};
use wire::cases;
use wire::client::four_letter;
use wire::expect::err;
use wire::handshake::{Connect, password_of};
use wire::ops;
use wire::server::{START_LIMIT, Server, Spec, free_port};

pub fn trials() -> Vec<Trial> {
    let all = cases![
        c10_close_session_is_not_ownership_checked,
        a_write_on_the_old_connection_closes_without_a_word,
        a_session_moves_with_its_password_and_ephemerals,
        sync_through_a_follower_is_a_barrier,
        a_failed_write_through_a_follower_consumes_a_zxid,
        an_event_comes_before_the_read_that_shows_the_change,
        config_is_in_its_node,
        reconfig_checks_in_the_reference_order,
        local_sessions_then_a_lone_member_serves_readers_only,
    ];
    case::trials("ensemble", For::Ensemble, all)
}

static SHARED: Mutex<Option<Vec<Server>>> = Mutex::new(None);

/// Ends the shared ensemble.
pub fn end() {
    drop(SHARED.lock().unwrap_or_else(PoisonError::into_inner).take());
}

/// Three members; the leader is the first of them.
fn three(extra: fn(Spec) -> Spec) -> Vec<Server> {
    let ports: Vec<_> = (0..3).map(|_| [free_port(), free_port(), free_port()]).collect();
    let spec = |id: usize| {
        let spec = Spec::usual().line("initLimit", 10).line("syncLimit", 5);
        let spec = spec.myid(id as u32 + 1).port(ports[id][0]);
        let server = |spec: Spec, n: usize| {
            let address = format!("127.0.0.1:{}:{}", ports[n][1], ports[n][2]);
            spec.line(&format!("server.{}", n + 1), address)
        };
        extra((0..3).fold(spec, server))
    };
    let mut members: Vec<_> = (0..3).map(|id| Server::launch(spec(id))).collect();
    members.iter_mut().for_each(Server::wait_ready);
    let leads = |server: &Server| mode(server) == "leader";
    let leader = members.iter().position(leads).expect("a leader");
    members.swap(0, leader);
    members
}

fn mode(server: &Server) -> String {
    let answer = four_letter(server.addr(), b"srvr");
    let text = String::from_utf8_lossy(&answer).into_owned();
    let line = text.lines().find_map(|line| line.strip_prefix("Mode: "));
    line.unwrap_or_default().to_owned()
}

/// Runs `check` with the shared ensemble: leader, follower, follower.
fn with_three(check: fn(&[Server])) {
    let mut held = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    check(held.get_or_insert_with(|| three(|spec| spec)));
}

fn c10_close_session_is_not_ownership_checked() {
    with_three(|members| {
        let mut old = join(&members[1]);
        let mut new = Connect::resume(&old.session).open(members[2].addr());
        new.ping();
        old.close_session().bare();
        new.is_closed();
        Connect::resume(&old.session).is_expired(members[0].addr());
    });
}

fn a_write_on_the_old_connection_closes_without_a_word() {
    with_three(|members| {
        for (from, to) in [(1, 2), (1, 0), (2, 1)] {
            let mut old = join(&members[from]);
            let mut new = Connect::resume(&old.session).open(members[to].addr());
            new.ping();
            old.exists("/", false).ok();
            let ops = vec![ops::check("/", -1)];
            old.send(wire::client::op::MULTI, &codec::client::MultiRequest { ops });
            old.is_closed();
            new.ping();
        }
        let mut old = join(&members[0]);
        let mut new = Connect::resume(&old.session).open(members[1].addr());
        let read = codec::client::ExistsRequest { path: Some("/".into()), watch: false };
        old.send(wire::client::op::EXISTS, &read);
        old.is_closed();
        new.ping();
    });
}

fn a_session_moves_with_its_password_and_ephemerals() {
    with_three(|members| {
        let mut client = join(&members[1]);
        assert_eq!(client.session.passwd, password_of(client.session.id));
        client.create_flags("/moving", 1).ok();
        let last = client.ping().zxid;
        let session = client.abandon();
        for member in members {
            // A follower that has not applied `last` yet refuses, as it must.
            let ask = Connect::resume(&session).last_zxid(last);
            let (stream, got) = (0..100)
                .find_map(|_| ask.answer(member.addr()).or_else(short_wait))
                .expect("it catches up");
            assert_eq!((got.id, &got.passwd), (session.id, &session.passwd));
            let mut client = wire::client::Client::new(stream, got);
            let owner = client.get("/moving", false).data().1.ephemeral_owner;
            assert_eq!(owner, session.id);
            client.abandon();
        }
        drop(Connect::resume(&session).open(members[0].addr()));
    });
}

fn short_wait<T>() -> Option<T> {
    thread::sleep(Duration::from_millis(20));
    None
}

fn sync_through_a_follower_is_a_barrier() {
    with_three(|members| {
        let mut writer = join(&members[0]);
        let mut reader = join(&members[1]);
        let path = writer.create_flags("/sync-", 2).path();
        for n in 0..50 {
            let data = format!("{n}");
            let zxid = writer.set(&path, data.as_bytes(), -1).ok().zxid;
            let reply = reader.sync(&path);
            assert_eq!(reply.path(), path);
            let read = reader.get(&path, false);
            assert_eq!(read.data().0, Some(data.into_bytes()));
            assert_eq!(read.zxid, zxid, "sync consumes no zxid");
        }
    });
}

fn a_failed_write_through_a_follower_consumes_a_zxid() {
    with_three(|members| {
        let mut client = join(&members[1]);
        let first = client.create_flags("/fail-", 2).ok();
        let (path, zxid) = (first.path(), first.zxid);
        let second = client.create(&path, b"");
        assert_eq!((second.err, second.zxid), (err::NODE_EXISTS, zxid + 1));
        let codes = client.multi(vec![ops::check(path.as_str(), 9)]);
        assert_eq!((codes.zxid, codes.codes()), (zxid + 2, vec![err::BAD_VERSION]));
        client.delete(&path, -1).bare();
    });
}

fn an_event_comes_before_the_read_that_shows_the_change() {
    with_three(|members| {
        let mut writer = join(&members[0]);
        let mut watcher = join(&members[2]);
        let path = writer.create_flags("/event-", 2).path();
        watcher.sync(&path);
        for _ in 0..50 {
            let before = watcher.get(&path, true).data().1.version;
            let zxid = writer.set(&path, b"x", -1).ok().zxid;
            let now = loop {
                let now = watcher.get(&path, false).data().1.version;
                if now > before {
                    break now;
                }
            };
            assert_eq!(now, before + 1);
            let seen = watcher.events.pop_front().expect("the event before the read's reply");
            assert_eq!((seen.path.as_str(), seen.zxid), (path.as_str(), zxid));
        }
    });
}

fn config_is_in_its_node() {
    with_three(|members| {
        let (data, stat) = join(&members[1]).get("/zookeeper/config", false).data();
        let text = String::from_utf8(data.unwrap_or_default()).expect("text");
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 4, "{text}");
        for (n, line) in lines[..3].iter().enumerate() {
            assert!(line.starts_with(&format!("server.{}=127.0.0.1:", n + 1)), "{text}");
            assert!(line.contains(":participant"), "{text}");
        }
        assert!(lines[3].starts_with("version=") && !text.ends_with('\n'), "{text}");
        assert_eq!((stat.version, stat.aversion), (-1, -1));
    });
}

fn reconfig_checks_in_the_reference_order() {
    let members = three(|spec| spec.line("reconfigEnabled", true));
    let mut client = join(&members[1]);
    client.reconfig("", "3", 77).fails(err::BAD_VERSION);
    client.reconfig("nonsense", "", -1).fails(err::BAD_ARGUMENTS);
    client.reconfig("", "x", -1).fails(err::MARSHALLING);
    client.reconfig("", "2,3", -1).fails(err::BAD_ARGUMENTS);
    client.reconfig("", "3", -1).fails(err::NO_AUTH);
    client.ping();
}

/// Sessions without the right to ephemerals: they belong to their server alone.
fn local_sessions(members: &[Server]) {
    let mut client = join(&members[1]);
    let before = client.create_flags("/local-", 2).ok().zxid;
    let other = join(&members[1]);
    assert_eq!(client.sync("/").zxid, before, "connecting leaves no transaction");
    client.create_flags("/local-e", 1).fails(err::EPHEMERAL_ON_LOCAL);
    let parts = vec![ops::check("/", -1), ops::create_flags("/local-e", 1), ops::check("/", -1)];
    assert_eq!(client.multi(parts).codes(), [0, err::SESSION_EXPIRED, err::NOT_EXECUTED]);
    Connect::resume(&other.session).is_expired(members[2].addr());
}

fn local_sessions_then_a_lone_member_serves_readers_only() {
    let extra = |spec: Spec| {
        spec.line("localSessionsEnabled", true)
            .line("tickTime", 500)
            .property("readonlymode.enabled", true)
    };
    let mut members = three(extra);
    local_sessions(&members);
    let last = join(&members[0]).create("/kept", b"data").ok().zxid;
    let mut alone = members.pop().expect("three members");
    drop(members);
    let end = Instant::now() + START_LIMIT;
    while four_letter(alone.addr(), b"isro") != b"ro" {
        assert!(Instant::now() < end, "no read-only mode");
        thread::sleep(Duration::from_millis(50));
    }
    Connect::new().is_refused(alone.addr());
    Connect::new().read_only(None).is_refused(alone.addr());
    let mut reader = Connect::new().read_only(Some(true)).last_zxid(last).open(alone.addr());
    assert_eq!(reader.session.read_only, Some(1));
    assert_eq!(reader.get("/kept", false).data().0, Some(b"data".to_vec()));
    reader.add_watch("/kept", 0).ok();
    reader.multi_read(vec![ops::get("/kept")]).ok();
    reader.who_am_i().ok();
    let not_read_only = -119;
    for reply in [
        reader.create("/x", b""),
        reader.set("/kept", b"", -1),
        reader.delete("/kept", -1),
        reader.multi(vec![]),
        reader.sync("/"),
    ] {
        assert_eq!(reply.zxid, last);
        reply.fails(not_read_only);
    }
    reader.ping();
    reader.close_session().bare();
    alone.kill9();
}
