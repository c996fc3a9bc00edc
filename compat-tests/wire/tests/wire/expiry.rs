//! Session expiry: what touches a session, when it ends, and what a stall of the server does.

use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use wire::bed::{self, RICH_TICK, place};
use wire::case::{self, For};
use wire::cases;
use wire::expect::{err, event};
use wire::handshake::Connect;
use wire::server::{Server, Spec};

pub fn trials() -> Vec<Trial> {
    let all = cases![
        every_request_touches_the_session,
        many_sessions_expire_in_their_bucket,
        an_expired_session_loses_its_ephemerals_and_nothing_else,
        a_restart_gives_every_session_its_full_timeout,
    ];
    let mut trials = case::trials("expiry", For::All, all);
    let promises = cases![a_pause_of_the_server_expires_nobody, the_log_says_why_a_session_ended];
    trials.extend(case::trials("expiry", For::Promise, promises));
    trials
}

/// What a busy machine may add to every time, ms.
const SLACK: u64 = 2500;

fn every_request_touches_the_session() {
    let server = bed::rich();
    let mut client = Connect::new().timeout(1).open(server.addr());
    let end = Instant::now() + Duration::from_millis(8 * RICH_TICK);
    while Instant::now() < end {
        std::thread::sleep(Duration::from_millis(RICH_TICK / 2));
        client.exists("/", false).ok();
    }
}

fn many_sessions_expire_in_their_bucket() {
    let server = bed::rich();
    let (mut watcher, root) = place(&server, "bucket");
    let timeouts: Vec<u64> = (0..20).map(|n| 2 * RICH_TICK + 70 * n).collect();
    watcher.add_watch(&root, 1).ok();
    let mut touched = Vec::new();
    for (n, timeout) in timeouts.iter().enumerate() {
        let mut owner = Connect::new().timeout(*timeout as i32).open(server.addr());
        owner.create_flags(&format!("{root}/e{n:02}"), 1).ok();
        touched.push((Instant::now(), Instant::now()));
        owner.ping();
        touched[n].1 = Instant::now();
        owner.abandon();
    }
    let mut left = timeouts.len();
    while left > 0 {
        let seen = watcher.event();
        if seen.kind != event::DELETED {
            continue;
        }
        left -= 1;
        let n: usize = seen.path[seen.path.len() - 2..].parse().expect("the number");
        let timeout = Duration::from_millis(timeouts[n]);
        assert!(touched[n].0.elapsed() >= timeout, "session {n} ended before its timeout");
        let most = timeout + Duration::from_millis(RICH_TICK + SLACK);
        let lasted = touched[n].1.elapsed();
        assert!(lasted <= most, "session {n} of {timeout:?} lasted {lasted:?}");
    }
}

fn an_expired_session_loses_its_ephemerals_and_nothing_else() {
    let server = bed::rich();
    let (mut watcher, root) = place(&server, "loses");
    let mut owner = Connect::new().timeout(1).open(server.addr());
    owner.create_flags(&format!("{root}/e"), 1).ok();
    owner.create(&format!("{root}/p"), b"").ok();
    watcher.exists(&format!("{root}/e"), true).ok();
    assert_eq!(watcher.event().kind, event::DELETED);
    watcher.exists(&format!("{root}/p"), false).ok();
    watcher.exists(&format!("{root}/e"), false).fails(err::NO_NODE);
    owner.is_closed();
    Connect::resume(&owner.session).is_expired(server.addr());
}

fn a_restart_gives_every_session_its_full_timeout() {
    let mut server = Server::start(Spec::usual().line("tickTime", 500));
    let mut client = Connect::new().timeout(4000).open(server.addr());
    client.create_flags("/e", 1).ok();
    let session = client.abandon();
    server.kill9();
    std::thread::sleep(Duration::from_millis(2500));
    let started = Instant::now();
    server.restart();
    while started.elapsed() < Duration::from_millis(3000) {
        std::thread::sleep(Duration::from_millis(100));
    }
    let mut back = Connect::resume(&session).open(server.addr());
    back.exists("/e", false).ok();
}

fn a_pause_of_the_server_expires_nobody() {
    let server = Server::start(Spec::usual().line("tickTime", 1000));
    let mut idle = Connect::new().timeout(2000).open(server.addr());
    idle.create_flags("/idle", 1).ok();
    let mut gone = Connect::new().timeout(2000).open(server.addr());
    gone.create_flags("/gone", 1).ok();
    let gone = gone.abandon();
    server.pause();
    std::thread::sleep(Duration::from_millis(4500));
    server.resume();
    // Long enough for a tracker that trusts the clock to expire both.
    std::thread::sleep(Duration::from_millis(300));
    idle.ping();
    Connect::resume(&gone).open(server.addr()).exists("/gone", false).ok();
    idle.exists("/idle", false).ok();
}

fn the_log_says_why_a_session_ended() {
    let server = bed::rich();
    let mut client = Connect::new().timeout(1).open(server.addr());
    client.is_closed();
    let id = format!("0x{:x}", client.session.id);
    let log = server.log();
    let line = log.lines().find(|line| line.contains(&id) && line.to_lowercase().contains("expir"));
    let line = line.unwrap_or_else(|| panic!("no line about the expiry of {id}"));
    assert!(line.contains("600"), "the timeout stands in it: {line}");
}
