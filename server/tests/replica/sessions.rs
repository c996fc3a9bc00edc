//! Sessions and their connections: handshakes, re-attachment, the end by request and by silence.

use codec::acl::perms;
use codec::client::{ConnectFrame, ConnectRequest};
use codec::{Acl, SessionId, Zxid};
use server::replica::connect::{Handshake, Refusal};
use tree::session::{ThrottleRules, password};

use super::ask::*;
use super::harness::{Heard, Setup, TICK_MS, TIMEOUT_MS, World};

const NO_PASSWORD: [u8; 16] = [0; 16];

#[test]
fn closing_tells_events_then_replies_then_ends() {
    let mut w = World::new();
    let (a, b) = (w.client(), w.client());
    w.send(a, &[(1, create_ephemeral("/e")), (2, exists("/e", true))]);
    w.send(b, &[(1, create("/b"))]);
    w.send(a, &[(3, close()), (4, get("/", false)), (5, create("/late"))]);
    w.commit();
    assert_eq!(w.hears(a), ["1 /e", "2 v0", "event deleted /e", "3 ok"]);
    assert!(w.clients[a].ended && w.clients[a].flushed);
    w.commit();
    w.send(b, &[(2, exists("/e", false)), (3, exists("/late", false))]);
    assert_eq!(w.hears(b), ["1 /b", "2 NoNode", "3 NoNode"]);
    assert!(!w.clients[b].ended);
}

#[test]
fn closing_takes_ephemerals_along_that_are_still_in_flight() {
    let mut w = World::new();
    let (a, b) = (w.client(), w.client());
    w.send(b, &[(1, add_watch("/", 1))]);
    w.send(a, &[(1, create_ephemeral("/e")), (2, close())]);
    w.send(b, &[(2, create("/e"))]);
    w.commit();
    assert_eq!(w.hears(a), ["1 /e", "2 ok"]);
    let events = ["1 ok", "event created /e", "event deleted /e", "event created /e", "2 /e"];
    assert_eq!(w.hears(b), events);
}

#[test]
fn a_closed_session_cannot_be_attached_again_not_even_before_the_close_is_durable() {
    let mut w = World::new();
    let a = w.client();
    let session = w.session(a);
    w.send(a, &[(1, close())]);
    let b = w.reattach(session);
    assert_eq!(w.hears(b), ["expired"]);
    assert!(w.clients[b].ended && w.clients[b].flushed);
    w.commit();
    assert_eq!(w.hears(a), ["1 ok"]);
    let c = w.reattach(session);
    assert_eq!(w.hears(c), ["expired"]);
}

#[test]
fn requests_behind_close_are_never_answered_and_change_nothing() {
    let mut w = World::new();
    let (a, b) = (w.client(), w.client());
    w.send(a, &[(1, close())]);
    w.send(a, &[(2, create("/late")), (3, close()), (4, ping())]);
    w.commit();
    assert_eq!(w.hears(a), ["1 ok"]);
    w.send(b, &[(1, exists("/late", false))]);
    assert_eq!(w.hears(b), ["1 NoNode"]);
    assert_eq!(w.replica.sessions.len(), 1);
}

#[test]
fn silence_ends_a_session_between_its_timeout_and_a_tick_later_and_cuts_without_a_word() {
    let mut w = World::new();
    let (a, b) = (w.client(), w.client());
    w.send(a, &[(1, create_ephemeral("/e"))]);
    w.send(b, &[(1, exists("/", false))]);
    w.commit();
    w.send(b, &[(2, exists("/e", true))]);
    w.heard(a);
    for _ in 0..TIMEOUT_MS / 1000 {
        w.send(b, &[(3, ping())]);
        w.tick_for(1000);
        w.commit();
    }
    assert!(!w.clients[a].ended, "no sooner than its timeout");
    w.heard(b);
    for _ in 0..TICK_MS / 1000 + 1 {
        w.send(b, &[(3, ping())]);
        w.tick_for(1000);
    }
    assert!(!w.clients[a].ended, "not before the end of the session is durable");
    w.commit();
    assert!(w.clients[a].ended && !w.clients[a].flushed);
    assert_eq!(w.hears(a), [""; 0]);
    assert_eq!(w.hears(b).last().unwrap(), "event deleted /e");
    assert!(!w.clients[b].ended);
}

#[test]
fn a_write_of_an_expired_session_is_not_executed() {
    let mut w = World::new();
    let (a, b) = (w.client(), w.client());
    w.tick_for(TIMEOUT_MS as u64 / 2);
    w.send(b, &[(1, ping())]);
    w.tick_for(TIMEOUT_MS as u64 / 2 + TICK_MS);
    w.send(a, &[(1, create("/late"))]);
    w.commit();
    assert!(w.clients[a].ended);
    assert_eq!(w.hears(a), [""; 0]);
    w.send(b, &[(2, exists("/late", false))]);
    assert_eq!(w.hears(b), ["-2 ok", "2 NoNode"]);
}

#[test]
fn many_sessions_expire_in_portions_and_all_of_them() {
    let mut w = World::new();
    let clients: Vec<usize> = (0..150).map(|_| w.client()).collect();
    w.pass_ms(TIMEOUT_MS as u64 + TICK_MS);
    let ticks: Vec<_> = (0..4).map(|_| w.tick()).collect();
    let seen: Vec<_> = ticks.iter().map(|t| (t.appended, t.unfinished)).collect();
    assert!(seen[0] == (true, true) && seen[3] == (false, false), "{seen:?}");
    w.commit();
    assert!(clients.iter().all(|&client| w.clients[client].ended));
    assert!(w.replica.sessions.is_empty());
    assert!(w.replica.pipeline.lock().sessions.is_empty());
}

#[test]
fn a_dropped_connection_leaves_its_session_until_it_times_out() {
    let mut w = World::new();
    let (a, b) = (w.client(), w.client());
    w.send(a, &[(1, create_ephemeral("/e"))]);
    w.commit();
    w.cut(a);
    w.send(b, &[(1, exists("/e", false))]);
    assert_eq!(w.hears(b), ["1 v0"]);
    w.tick_for(TIMEOUT_MS as u64 - 1000);
    w.commit();
    let back = w.reattach(w.session(a));
    assert_eq!(w.hears(back), ["connected 30000"]);
    w.tick_for(TIMEOUT_MS as u64 + TICK_MS);
    w.commit();
    assert!(w.clients[back].ended);
}

#[test]
fn coming_back_kicks_the_old_connection_and_keeps_ephemerals_but_no_watch_and_no_identity() {
    let mut w = World::new();
    let a = w.client();
    let bob = Acl::new(perms::ALL, "digest", "bob:fyVmFCwVbTJYrznoSu1koqYEYF0=");
    w.send(a, &[(-4, auth(b"bob:secret")), (1, create_with_acl("/bobs", bob))]);
    w.send(a, &[(2, create_ephemeral("/e")), (3, get("/e", true))]);
    w.commit();
    w.heard(a);
    let back = w.reattach(w.session(a));
    assert!(w.clients[a].ended && !w.clients[a].flushed);
    assert_eq!(w.watch_count(), 0);
    w.send(back, &[(1, get("/bobs", false)), (2, set("/e", b"x")), (3, exists("/e", false))]);
    w.commit();
    assert_eq!(w.hears(back), ["connected 30000", "1 NoAuth", "2 v1", "3 v1"]);
    assert_eq!(w.hears(a), [""; 0]);
    w.check_watches();
}

#[test]
fn a_wrong_password_disturbs_nobody() {
    let mut w = World::new();
    let a = w.client();
    let session = w.session(a);
    let right = password(session);
    let mut wrong = right;
    wrong[15] ^= 1;
    for bad in [&wrong[..], &right[..15], &[], &NO_PASSWORD] {
        let b = w.open();
        assert_eq!(w.greet(b, session, bad, TIMEOUT_MS), Ok(Handshake::Answered));
        assert_eq!(w.hears(b), ["expired"]);
        assert!(w.clients[b].ended && w.clients[b].flushed);
    }
    w.send(a, &[(1, ping())]);
    assert_eq!(w.hears(a), ["-2 ok"]);
    assert!(!w.clients[a].ended);
}

#[test]
fn an_unknown_session_is_expired_even_with_its_right_password() {
    let mut w = World::new();
    let a = w.reattach(SessionId(0x7777));
    assert_eq!(w.hears(a), ["expired"]);
    assert!(w.clients[a].ended && w.clients[a].flushed);
}

#[test]
fn writes_of_the_old_connection_still_apply_and_answer_nobody() {
    let mut w = World::new();
    let a = w.client();
    w.send(a, &[(1, create("/a")), (2, get("/a", true)), (3, set("/a", b"old"))]);
    let back = w.reattach(w.session(a));
    w.send(back, &[(1, set("/a", b"new")), (2, get("/a", false))]);
    w.commit();
    assert_eq!(w.hears(a), [""; 0]);
    assert_eq!(w.hears(back), ["connected 30000", "1 v2", "2 new v2"]);
    assert_eq!(w.watch_count(), 0, "the deferred read of the old one has left no watch");
    w.check_watches();
}

#[test]
fn a_session_that_moves_on_and_on_has_one_connection() {
    let mut w = World::new();
    let a = w.client();
    let session = w.session(a);
    let all: Vec<usize> = (0..5).map(|_| w.reattach(session)).collect();
    let alive: Vec<_> = all.iter().filter(|&&client| !w.clients[client].ended).collect();
    assert_eq!(alive, [&all[4]]);
    assert!(w.clients[a].ended);
    assert_eq!((w.replica.sessions.len(), w.replica.connections.len()), (1, 1));
    w.send(all[4], &[(1, close())]);
    w.commit();
    assert_eq!(w.hears(all[4]), ["connected 30000", "1 ok"]);
}

#[test]
fn the_end_of_an_old_connection_does_not_detach_the_new_one() {
    let mut w = World::new();
    let a = w.client();
    let back = w.reattach(w.session(a));
    assert!(w.clients[a].ended, "its task has told the replica");
    for _ in 0..40 {
        w.tick_for(1000);
        w.send(back, &[(1, ping())]);
        w.commit();
    }
    assert!(!w.clients[back].ended, "its pings still reach its session");
}

#[test]
fn the_timeout_is_negotiated_at_every_handshake() {
    let mut w = World::new();
    for (asked, given) in [(1, 4000), (-5, 4000), (1_000_000, 40_000), (12_345, 12_345)] {
        let a = w.open();
        w.greet(a, SessionId::NONE, &NO_PASSWORD, asked).unwrap();
        w.commit();
        assert_eq!(w.hears(a), [format!("connected {given}")]);
    }
    let a = w.client();
    let (session, back) = (w.session(a), w.open());
    w.greet(back, session, &password(session), 10_000).unwrap();
    assert_eq!(w.hears(back), ["connected 10000"]);
    w.tick_for(9_000);
    w.commit();
    assert!(!w.clients[back].ended);
    w.tick_for(1_000 + TICK_MS);
    w.commit();
    assert!(w.clients[back].ended, "the new timeout counts");
}

#[test]
fn a_session_is_answered_with_its_own_id_and_password_and_the_byte_that_was_sent() {
    let mut w = World::new();
    let request = ConnectRequest {
        protocol_version: 0,
        last_zxid_seen: Zxid::ZERO,
        time_out: TIMEOUT_MS,
        session_id: SessionId::NONE,
        passwd: None,
    };
    for read_only in [None, Some(false), Some(true)] {
        let a = w.open();
        w.greet_frame(a, &ConnectFrame { request: request.clone(), read_only }).unwrap();
        w.commit();
        let session = w.session(a);
        let expected = Heard::Connected {
            session,
            time_out: TIMEOUT_MS,
            passwd: password(session).to_vec(),
            read_only: read_only.map(|_| false),
        };
        assert_eq!(w.heard(a), [expected]);
        let gone = w.open();
        let unknown = ConnectRequest { session_id: SessionId(9), ..request.clone() };
        w.greet_frame(gone, &ConnectFrame { request: unknown, read_only }).unwrap();
        let expected = Heard::Connected {
            session: SessionId::NONE,
            time_out: 0,
            passwd: NO_PASSWORD.to_vec(),
            read_only: read_only.map(|_| false),
        };
        assert_eq!(w.heard(gone), [expected]);
    }
}

#[test]
fn a_client_that_has_seen_more_is_refused_and_one_that_has_seen_as_much_is_not() {
    let mut w = World::new();
    w.client();
    let ours = w.last_zxid();
    let seen = ours.next();
    let a = w.open();
    let refused = w.greet_seen(a, SessionId::NONE, &NO_PASSWORD, TIMEOUT_MS, seen);
    assert_eq!(refused, Err(Refusal::ClientAhead { seen, ours }));
    let b = w.open();
    let taken = w.greet_seen(b, SessionId::NONE, &NO_PASSWORD, TIMEOUT_MS, ours);
    assert_eq!(taken, Ok(Handshake::Proposed));
    w.commit();
    assert_eq!((w.hears(a).len(), w.hears(b).len()), (0, 1));
}

#[test]
fn what_is_not_durable_yet_nobody_can_have_seen() {
    let mut w = World::new();
    let a = w.client();
    w.send(a, &[(1, create("/a"))]);
    let seen = w.last_zxid().next();
    let b = w.open();
    let refused = w.greet_seen(b, SessionId::NONE, &NO_PASSWORD, TIMEOUT_MS, seen);
    assert!(matches!(refused, Err(Refusal::ClientAhead { .. })));
}

#[test]
fn connections_over_the_rate_are_refused() {
    let throttle =
        ThrottleRules { tokens: 2, fill_time_ms: 1000, fill_count: 1, ..ThrottleRules::default() };
    let mut w = World::with(Setup { throttle, ..Setup::default() });
    let greet = |w: &mut World| {
        let a = w.open();
        w.greet(a, SessionId::NONE, &NO_PASSWORD, TIMEOUT_MS)
    };
    let two = [greet(&mut w), greet(&mut w)];
    assert_eq!(two, [Ok(Handshake::Proposed), Ok(Handshake::Proposed)]);
    assert_eq!(greet(&mut w), Err(Refusal::Throttled));
    w.pass_ms(1000);
    assert_eq!(greet(&mut w), Ok(Handshake::Proposed));
}

#[test]
fn enforced_authentication_lets_nothing_pass_but_auth() {
    let enforced = || Setup { enforced: vec!["digest".into()], ..Setup::default() };
    for first in [get("/", false), create("/a"), ping(), close(), multi(vec![])] {
        let mut w = World::with(enforced());
        let a = w.client();
        w.send(a, &[(-4, auth_ip()), (1, first.clone()), (2, get("/", false))]);
        let heard = w.heard(a);
        let Heard::Frame { header, .. } = &heard[1] else { panic!("no frame") };
        assert_eq!((header.xid.0, header.zxid, header.err), (1, Zxid::ZERO, -124), "{first:?}");
        assert_eq!(heard.len(), 2);
        assert!(w.clients[a].ended && w.clients[a].flushed);
        assert_eq!(w.book.lock().entries.len(), 1, "nothing but the session was written");
    }
    let mut w = World::with(enforced());
    let a = w.client();
    w.send(a, &[(-4, auth(b"x:y")), (1, create("/a")), (2, get("/a", false))]);
    w.commit();
    assert_eq!(w.hears(a), ["-4 ok", "1 /a", "2 0 v0"]);
}

#[test]
fn after_a_failure_of_the_log_nothing_from_there_on_is_committed_and_nobody_is_let_in() {
    let mut w = World::new();
    let (a, b) = (w.client(), w.client());
    let session = w.session(a);
    w.send(a, &[(1, create("/a"))]);
    w.book.lock().broken = true;
    w.send(b, &[(1, create("/b")), (2, exists("/a", false))]);
    w.book.lock().broken = false;
    w.send(a, &[(2, create("/c"))]);
    assert_eq!(w.book.lock().entries.len(), 3, "a log that failed is not written again");
    let before = w.last_zxid();
    for _ in 0..2 {
        w.commit_to(Zxid(i64::MAX));
    }
    assert_eq!(w.last_zxid(), before.next(), "what was written before may still become durable");
    assert_eq!(w.hears(a), ["1 /a"]);
    assert_eq!(w.hears(b), [""; 0]);
    for session in [SessionId::NONE, session] {
        let c = w.open();
        let refused = w.greet(c, session, &password(session), TIMEOUT_MS);
        assert!(matches!(refused, Err(Refusal::NotServing(ref why)) if why.contains("no space")));
        assert_eq!(w.hears(c), [""; 0]);
    }
    assert!(!w.clients[a].ended, "the holder of the session was not disturbed");
}

#[test]
fn a_returning_client_is_told_what_it_missed_before_its_reply() {
    let mut w = World::new();
    let (a, b) = (w.client(), w.client());
    let names = ["/data", "/gone", "/same", "/parent"];
    for (n, name) in names.iter().enumerate() {
        w.send(b, &[(n as i32, create(name))]);
    }
    w.commit();
    let seen = w.last_zxid();
    w.cut(a);
    w.send(b, &[(5, set("/data", b"x")), (6, delete("/gone")), (7, create("/new"))]);
    w.send(b, &[(8, create("/parent/child"))]);
    w.commit();
    let back = w.reattach(w.session(a));
    w.heard(back);
    let data = ["/same", "/data", "/gone"];
    let watches = set_watches(seen, &data, &["/new", "/never"], &["/parent", "/same"]);
    w.send(back, &[(1, watches)]);
    let heard = w.heard(back);
    let events = ["event changed /data", "event deleted /gone", "event created /new"];
    let no_zxid =
        |heard: &Heard| matches!(heard, Heard::Frame { header, .. } if header.zxid == Zxid::NONE);
    assert!(heard[..4].iter().all(no_zxid) && !no_zxid(&heard[4]));
    let words = w.words(back, &heard);
    assert_eq!(words[..3], events);
    assert_eq!(words[3..], ["event children /parent", "1 ok"]);
    w.send(b, &[(9, set("/same", b"y")), (10, create("/never")), (11, create("/same/child"))]);
    w.commit();
    let later = ["event changed /same", "event created /never", "event children /same"];
    assert_eq!(w.hears(back), later, "the others were registered");
}

#[test]
fn set_watches_behind_a_write_looks_at_the_state_of_that_write() {
    let mut w = World::new();
    let a = w.client();
    let seen = w.last_zxid();
    let watches = set_watches(seen, &["/a"], &["/b"], &[]);
    w.send(a, &[(1, create("/a")), (2, watches), (3, create("/b")), (4, delete("/a"))]);
    w.commit();
    let expected = ["1 /a", "event changed /a", "2 ok", "event created /b", "3 /b", "4 ok"];
    assert_eq!(w.hears(a), expected);
}
