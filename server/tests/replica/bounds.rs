//! What is bounded, and what happens at the bound: output, waiting requests, connections that die.

use codec::client::{AuthPacket, Request, SetDataRequest};
use server::replica::auth::IDENTITIES_MAX;
use server::replica::connection::{DEFERRED_PAUSE, OUTPUT_PAUSE_BYTES, PENDING_PAUSE};

use super::ask::*;
use super::harness::{Heard, TICK_MS, TIMEOUT_MS, World};

const BIG: usize = 100_000;

/// A world with a client and /big.
fn with_big() -> (World, usize) {
    let mut w = World::new();
    let a = w.client();
    let data = vec![b'x'; BIG];
    let set = SetDataRequest { path: Some("/big".into()), data: Some(&data), version: -1 };
    w.send(a, &[(0, create("/big")), (1, Request::SetData(set))]);
    w.commit();
    w.heard(a);
    (w, a)
}

fn reads(xids: std::ops::Range<i32>, path: &str) -> Vec<(i32, Ask)> {
    xids.map(|xid| (xid, get(path, false))).collect()
}

/// The numbers at the front of what was heard.
fn xids(heard: &[String]) -> Vec<i32> {
    let xid = |heard: &String| heard.split(' ').next().unwrap().parse().unwrap();
    heard.iter().map(xid).collect()
}

#[test]
fn who_does_not_read_is_not_served_beyond_the_bound_and_goes_on_when_he_reads() {
    let (mut w, a) = with_big();
    w.let_through(a, Some(0));
    w.send(a, &reads(0..50, "/big"));
    let unsent = w.unsent(a);
    assert!((OUTPUT_PAUSE_BYTES..OUTPUT_PAUSE_BYTES + BIG + 200).contains(&unsent), "{unsent}");
    assert!(w.backlog(a) > 0);
    w.let_through(a, None);
    assert_eq!(xids(&w.hears(a)), (0..50).collect::<Vec<_>>());
    assert_eq!((w.unsent(a), w.backlog(a)), (0, 0));
}

#[test]
fn who_reads_slowly_is_served_slowly_and_in_order() {
    let (mut w, a) = with_big();
    w.let_through(a, Some(0));
    let mut asked = reads(0..30, "/big");
    asked.insert(15, (100, create("/a")));
    asked.insert(25, (101, create("/b")));
    w.send(a, &asked);
    let mut heard = Vec::new();
    for _ in 0..1000 {
        w.let_through(a, Some(33_333));
        w.commit();
        // Reads that were let in behind a write are answered with it.
        assert!(w.unsent(a) < OUTPUT_PAUSE_BYTES + (BIG + 200) * 15);
        heard.extend(w.hears(a));
    }
    assert_eq!(xids(&heard), asked.iter().map(|(xid, _)| *xid).collect::<Vec<_>>());
}

#[test]
fn a_stalled_client_holds_nobody_up() {
    let (mut w, a) = with_big();
    let b = w.client();
    w.let_through(a, Some(0));
    w.send(a, &reads(0..50, "/big"));
    w.send(a, &[(60, create("/a"))]);
    w.send(b, &[(1, create("/b")), (2, exists("/b", false))]);
    w.commit();
    assert_eq!(w.hears(b), ["1 /b", "2 v0"]);
}

#[test]
fn writes_are_not_taken_in_either_while_too_much_is_unsent() {
    let (mut w, a) = with_big();
    w.let_through(a, Some(0));
    w.send(a, &reads(0..12, "/big"));
    let before = w.book.lock().entries.len();
    w.send(a, &[(100, create("/a"))]);
    w.commit();
    assert_eq!(w.book.lock().entries.len(), before);
    w.let_through(a, None);
    w.commit();
    assert_eq!(w.hears(a).last().unwrap(), "100 /a");
}

#[test]
fn reads_behind_a_write_are_bounded_and_none_is_lost_or_overtaken() {
    let mut w = World::new();
    let a = w.client();
    let many = DEFERRED_PAUSE as i32 * 3 + 7;
    w.send(a, &[(0, create("/a"))]);
    w.send(a, &reads(1..many, "/a"));
    assert_eq!(w.clients[a].connection.outstanding() as usize, DEFERRED_PAUSE + 1);
    assert!(w.backlog(a) > 0);
    w.send(a, &[(many, set("/a", b"x")), (many + 1, get("/a", false))]);
    w.commit();
    w.commit();
    let heard = w.hears(a);
    assert_eq!(xids(&heard), (0..many + 2).collect::<Vec<_>>());
    assert_eq!(heard[many as usize + 1], format!("{} x v1", many + 1));
    assert_eq!((w.backlog(a), w.clients[a].connection.outstanding()), (0, 0));
}

#[test]
fn waiting_writes_are_bounded_and_none_is_lost_or_overtaken() {
    let mut w = World::new();
    let (a, b) = (w.client(), w.client());
    w.send(a, &[(0, create("/a"))]);
    w.commit();
    let many = PENDING_PAUSE as i32 + 500;
    let writes: Vec<_> = (1..many).map(|xid| (xid, set("/a", b"x"))).collect();
    w.send(a, &writes);
    assert_eq!(w.clients[a].connection.outstanding() as usize, PENDING_PAUSE);
    assert_eq!(w.replica.in_flight(), PENDING_PAUSE);
    w.send(b, &[(1, exists("/a", false))]);
    assert_eq!(w.hears(b), ["1 v0"]);
    w.commit_some(1);
    w.commit();
    w.commit();
    assert_eq!(xids(&w.hears(a)), (0..many).collect::<Vec<_>>());
    assert_eq!((w.backlog(a), w.replica.in_flight()), (0, 0));
}

#[test]
fn a_throttled_request_is_refused_in_its_turn() {
    let mut w = World::new();
    let a = w.client();
    w.send_throttled(a, 1, &get("/", false));
    assert_eq!(w.hears(a), ["1 ThrottledOp"]);
    w.send(a, &[(2, create("/a")), (3, exists("/a", false))]);
    w.send_throttled(a, 4, &create("/b"));
    w.send(a, &[(5, exists("/b", false)), (6, set("/a", b"x"))]);
    w.send_throttled(a, 7, &get("/a", true));
    assert_eq!(w.hears(a), [""; 0]);
    w.commit();
    assert_eq!(w.hears(a), ["2 /a", "3 v0", "4 ThrottledOp", "5 NoNode", "6 v1", "7 ThrottledOp"]);
    assert_eq!(w.watch_count(), 0);
}

#[test]
fn a_frame_without_a_header_ends_the_connection_and_what_came_before_is_executed() {
    let mut w = World::new();
    let (a, b) = (w.client(), w.client());
    let mut frames = encode(1, &create("/a"));
    frames.extend([0, 0, 0, 3, 1, 2, 3]);
    frames.extend(encode(2, &create("/b")));
    w.send_frames(a, &frames);
    assert!(w.clients[a].ended);
    w.commit();
    w.send(b, &[(1, exists("/a", false)), (2, exists("/b", false))]);
    assert_eq!(w.hears(b), ["1 v0", "2 NoNode"]);
    assert_eq!(w.hears(a), [""; 0]);
}

#[test]
fn writes_of_a_dead_connection_apply_and_no_watch_of_it_stays() {
    let mut w = World::new();
    let (a, b) = (w.client(), w.client());
    w.send(b, &[(1, exists("/a", true))]);
    w.send(a, &[(1, exists("/x", true)), (2, add_watch("/", 1)), (3, children("/", true))]);
    w.send(a, &[(4, create("/a")), (5, get("/a", true)), (6, add_watch("/a", 0))]);
    w.send(a, &[(7, set("/a", b"x")), (8, children("/a", true))]);
    w.cut(a);
    assert_eq!(w.watch_count(), 1, "only that of the other");
    w.commit();
    assert_eq!(w.hears(b), ["1 NoNode", "event created /a"]);
    w.send(b, &[(2, get("/a", false))]);
    assert_eq!(w.hears(b), ["2 x v1"]);
    assert_eq!(w.watch_count(), 0);
    w.check_watches();
    assert_eq!(w.replica.connections.len(), 1);
}

#[test]
fn a_connection_number_is_used_again_and_nothing_of_the_dead_reaches_the_living() {
    let mut w = World::new();
    let (a, other) = (w.client(), w.client());
    let id = w.clients[a].connection.id;
    w.send(a, &[(1, exists("/x", true)), (2, add_watch("/", 1)), (3, create("/a"))]);
    w.send(a, &[(4, get("/a", true)), (5, create("/b"))]);
    w.cut(a);
    let b = w.client_without_commit();
    assert_eq!(w.clients[b].connection.id, id, "the number of the dead");
    w.commit();
    w.send(b, &[(1, create("/c")), (2, exists("/c", true))]);
    w.send(other, &[(1, create("/x")), (2, set("/a", b"x")), (3, set("/c", b"x"))]);
    w.commit();
    assert_eq!(w.hears(b), ["connected 30000", "1 /c", "2 v0", "event changed /c"]);
    w.check_watches();
}

#[test]
fn a_connection_that_dies_while_its_answer_is_stuck_frees_it() {
    let (mut w, a) = with_big();
    w.let_through(a, Some(0));
    w.send(a, &reads(0..50, "/big"));
    w.cut(a);
    assert_eq!(w.unsent(a), 0);
    assert_eq!(w.clients[a].connection.lock().pending.len(), 0);
}

#[test]
fn the_zxid_of_a_throttled_refusal_does_not_go_back() {
    let mut w = World::new();
    let a = w.client();
    w.send(a, &[(1, create("/a"))]);
    w.send_throttled(a, 2, &get("/a", false));
    w.commit();
    let heard = w.heard(a);
    let zxid = |n: usize| match &heard[n] {
        Heard::Frame { header, .. } => header.zxid,
        Heard::Connected { .. } => unreachable!(),
    };
    assert!(zxid(1) >= zxid(0), "{} after {}", zxid(1), zxid(0));
}

#[test]
fn a_batch_that_costs_much_is_taken_in_slices_and_keeps_its_order() {
    let (mut w, a) = with_big();
    w.story.clear();
    let mut asked = reads(0..50, "/big");
    asked.insert(30, (100, create("/a")));
    w.send(a, &asked);
    w.commit();
    assert!(w.story.len() > 3, "{} slices", w.story.len());
    assert_eq!(xids(&w.hears(a)), asked.iter().map(|(xid, _)| *xid).collect::<Vec<_>>());
    assert_eq!(w.backlog(a), 0);
}

#[test]
fn who_is_held_back_by_a_slow_disk_does_not_expire() {
    let mut w = World::new();
    let a = w.client();
    let many = DEFERRED_PAUSE as i32 * 2;
    w.send(a, &[(0, create("/a"))]);
    w.send(a, &reads(1..many, "/a"));
    assert!(w.backlog(a) > 0);
    w.tick_for(TIMEOUT_MS as u64 * 3);
    w.commit();
    w.commit();
    assert_eq!(xids(&w.hears(a)), (0..many).collect::<Vec<_>>());
    w.tick_for(TIMEOUT_MS as u64 + TICK_MS);
    w.commit();
    assert!(w.clients[a].ended, "from then on its silence counts");
}

#[test]
fn who_does_not_read_his_answers_expires_like_anybody() {
    let (mut w, a) = with_big();
    w.let_through(a, Some(0));
    w.send(a, &reads(0..50, "/big"));
    w.tick_for(TIMEOUT_MS as u64 + TICK_MS);
    w.commit();
    assert!(w.clients[a].ended);
    assert_eq!((w.unsent(a), w.replica.connections.len()), (0, 0));
}

#[test]
fn identities_of_a_connection_are_bounded() {
    let mut w = World::new();
    let a = w.client();
    let credentials: Vec<String> = (0..=IDENTITIES_MAX).map(|n| format!("user{n}:x")).collect();
    for text in &credentials {
        let (scheme, auth) = (Some("digest".into()), Some(text.as_bytes()));
        w.send(a, &[(-4, Request::Auth(AuthPacket { auth_type: 0, scheme, auth }))]);
    }
    let heard = w.hears(a);
    // Its address is one of them.
    assert!(heard[..IDENTITIES_MAX - 1].iter().all(|heard| heard == "-4 ok"));
    assert_eq!(heard[IDENTITIES_MAX - 1..], ["-4 AuthFailed"]);
    assert!(w.clients[a].ended && w.clients[a].flushed);
}

/// The death of a session that owns thousands of nodes is spread over many ticks, and complete.
#[test]
fn a_session_with_very_many_ephemerals_dies_in_slices() {
    let mut w = World::new();
    let a = w.client();
    for batch in 0..30 {
        let asks: Vec<_> =
            (0..50).map(|n| (n, create_ephemeral(&format!("/e{batch}-{n}")))).collect();
        w.send(a, &asks);
        w.commit();
    }
    assert_eq!(w.replica.tree.read().ephemeral_count(), 1500);
    w.pass_ms(TIMEOUT_MS as u64 + TICK_MS);
    let mut ticks = 1;
    while w.tick().unfinished {
        ticks += 1;
        assert!(w.replica.in_flight() <= 300, "one slice at a time");
        w.commit();
    }
    w.commit();
    assert!(ticks >= 2, "{ticks}");
    assert_eq!(w.replica.tree.read().ephemeral_count(), 0);
    assert!(w.replica.pipeline.lock().sessions.is_empty());
}
