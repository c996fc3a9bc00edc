//! Lines 1 to 9: handshake and session. (Line 10 needs an ensemble and is in `ensemble`.)

use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use wire::bed::{self, RICH_TICK, join, place};
use wire::case::{self, For};
use wire::cases;
use wire::client::{Raw, op};
use wire::expect::{acl, event};
use wire::handshake::{Connect, password_of};

pub fn trials(module: &str) -> Vec<Trial> {
    case::trials(
        module,
        For::All,
        cases![
            c01_readonly_byte_mirrors_the_request,
            c02_password_is_a_function_of_the_session_id,
            c03_expired_reattach_gets_the_zeroed_response_and_a_close,
            c04_last_zxid_seen_ahead_is_refused_and_equal_is_not,
            c05_an_expired_session_is_cut_without_a_word,
            c06_reattach_renegotiates_the_timeout,
            c07_reattach_carries_neither_auth_nor_watches_but_keeps_ephemerals,
            c08_sessions_expire_in_tick_buckets_and_pings_touch_them,
            c09_close_session_replies_first_and_takes_ephemerals_in_flight,
        ],
    )
}

fn c01_readonly_byte_mirrors_the_request() {
    let addr = bed::usual().addr();
    let long = Connect::new().open(addr);
    assert_eq!((long.session.read_only, long.session.raw.len()), (Some(0), 37));
    let short = Connect::new().read_only(None).open(addr);
    assert_eq!((short.session.read_only, short.session.raw.len()), (None, 36));
    let asked = Connect::new().read_only(Some(true)).open(addr);
    assert_eq!(asked.session.read_only, Some(0), "a read/write server never says 1");
    let session = short.abandon();
    let again = Connect::resume(&session).open(addr);
    assert_eq!(again.session.raw.len(), 37, "each handshake mirrors its own request");
}

fn c02_password_is_a_function_of_the_session_id() {
    let vectors = [
        (0x0100_001E_78FD_0000, 0x59fd_e5ac_7206_2cc8_5ff6_a13d_0b89_85d8_u128),
        (0x7777, 0x3d79_71b8_3a8c_662f_3c26_1e1f_e491_5c30),
        (1, 0x054c_c74a_3732_7db2_15e7_02e2_0c73_f005),
    ];
    for (id, password) in vectors {
        assert_eq!(password_of(id), password.to_be_bytes(), "this check's own arithmetic");
    }
    let server = bed::usual();
    for _ in 0..3 {
        let client = join(&server);
        assert_eq!(client.session.passwd, password_of(client.session.id));
    }
}

fn c03_expired_reattach_gets_the_zeroed_response_and_a_close() {
    let server = bed::usual();
    let unknown = 0x0123_4567_89ab_cdef;
    for form in [Some(false), None] {
        let mut ask = Connect::new().read_only(form).passwd(Some(password_of(unknown)));
        ask.id = unknown;
        ask.is_expired(server.addr());
    }
    let mut client = join(&server);
    client.close_session().bare();
    Connect::resume(&client.session).is_expired(server.addr());
}

fn c04_last_zxid_seen_ahead_is_refused_and_equal_is_not() {
    let (_turn, server) = bed::lone();
    let mut client = join(&server);
    let last = client.create_flags("/c04-", 2).ok().zxid;
    Connect::new().last_zxid(last + 1).is_refused(server.addr());
    Connect::resume(&client.session).last_zxid(last + 1).is_refused(server.addr());
    let equal = Connect::new().last_zxid(last).open(server.addr());
    assert_ne!(equal.session.id, 0);
}

fn c05_an_expired_session_is_cut_without_a_word() {
    let server = bed::rich();
    let mut client = Connect::new().timeout(1).open(server.addr());
    client.is_closed();
    Connect::resume(&client.session).is_expired(server.addr());
}

fn c06_reattach_renegotiates_the_timeout() {
    let usual = bed::usual();
    let first = Connect::new().timeout(30_000).open(usual.addr());
    assert_eq!(first.session.timeout, 30_000);
    let second = Connect::resume(&first.session).timeout(10_000).open(usual.addr());
    assert_eq!(second.session.timeout, 10_000);

    let rich = bed::rich();
    let (mut watcher, root) = place(&rich, "c06");
    let mut owner = Connect::new().timeout(20_000).open(rich.addr());
    let path = format!("{root}/e");
    owner.create_flags(&path, 1).ok();
    watcher.exists(&path, true).ok();
    let session = owner.abandon();
    let touched = Instant::now();
    Connect::resume(&session).timeout(1).open(rich.addr()).abandon();
    assert_eq!(watcher.event().kind, event::DELETED);
    assert!(touched.elapsed() < Duration::from_secs(10), "the new timeout counts, not 20 s");
}

fn c07_reattach_carries_neither_auth_nor_watches_but_keeps_ephemerals() {
    let server = bed::usual();
    let (mut other, root) = place(&server, "c07");
    let mut client = join(&server);
    client.auth("digest", b"bob:secret").bare();
    let (eph, secret) = (format!("{root}/e"), format!("{root}/s"));
    client.create_flags(&eph, 1).ok();
    client.create_acl(&secret, acl(&[(31, "auth", "")])).ok();
    client.get(&secret, true).ok();
    client.add_watch(&root, 1).ok();
    let session = client.abandon();
    let mut back = Connect::resume(&session).open(server.addr());
    assert_eq!((back.session.id, &back.session.passwd), (session.id, &session.passwd));
    assert_eq!(back.get(&eph, false).data().1.ephemeral_owner, session.id);
    assert_eq!(back.get(&secret, false).err, -102, "the identity is gone");
    assert_eq!(back.who_am_i().identities(), ["ip:127.0.0.1"]);
    other.create(&format!("{root}/n"), b"").ok();
    assert_eq!(back.take_kinds(), [], "the watches are gone");
}

fn c08_sessions_expire_in_tick_buckets_and_pings_touch_them() {
    let server = bed::rich();
    let (mut watcher, root) = place(&server, "c08");
    let mut owner = Connect::new().timeout(1).open(server.addr());
    let timeout = Duration::from_millis(2 * RICH_TICK);
    assert_eq!(owner.session.timeout as u128, timeout.as_millis(), "clamped to two ticks");
    let path = format!("{root}/e");
    owner.create_flags(&path, 1).ok();
    watcher.exists(&path, true).ok();
    let end = Instant::now() + 4 * timeout;
    let mut touched = Instant::now();
    while Instant::now() < end {
        touched = Instant::now();
        owner.ping();
        std::thread::sleep(timeout / 4);
    }
    assert_eq!(watcher.take_kinds(), [], "pings keep a session alive");
    assert_eq!(watcher.event().kind, event::DELETED);
    let lasted = touched.elapsed();
    assert!(lasted >= timeout, "expired after {lasted:?}, before its timeout");
    let most = timeout + Duration::from_millis(RICH_TICK) + Duration::from_millis(2500);
    assert!(lasted <= most, "expired only after {lasted:?}");
}

fn c09_close_session_replies_first_and_takes_ephemerals_in_flight() {
    let server = bed::usual();
    let (mut other, root) = place(&server, "c09");
    let mut client = join(&server);
    other.children(&root, true).ok();
    let paths: Vec<_> = (0..20).map(|n| format!("{root}/e{n}")).collect();
    for path in &paths {
        let body = codec::client::CreateRequest {
            path: Some(path.into()),
            data: None,
            acl: Some(codec::acl::open_acl_unsafe()),
            flags: 1,
        };
        client.send(op::CREATE, &body);
    }
    let xid = client.send(op::CLOSE_SESSION, &Raw(&[]));
    client.send(op::PING, &Raw(&[]));
    for path in &paths {
        assert_eq!(client.reply().ok().path(), *path);
    }
    assert_eq!(client.reply().bare().xid, xid);
    // The reference sometimes answers what stands behind closeSession, and then with -112.
    assert!(client.try_reply().is_none_or(|late| late.err == -112));
    assert_eq!(other.children(&root, false).names(), Vec::<String>::new());
}
