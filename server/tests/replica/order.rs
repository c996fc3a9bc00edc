//! Order: replies as they were asked, reads behind writes, auth ahead of all, nothing before the
//! disk, events before what they announce.

use codec::acl::perms;
use codec::{Acl, Zxid};

use super::ask::*;
use super::harness::{Heard, World};

/// zxids of the replies among what was heard.
fn reply_zxids(heard: &[Heard]) -> Vec<Zxid> {
    let zxid = |heard: &Heard| match heard {
        Heard::Frame { header, .. } if header.xid.0 != -1 => Some(header.zxid),
        _ => None,
    };
    heard.iter().filter_map(zxid).collect()
}

#[test]
fn replies_leave_in_request_order_with_reads_deferred_behind_writes() {
    let mut w = World::new();
    let a = w.client();
    w.send(a, &[(1, get("/", false)), (2, create("/a")), (3, get("/a", false)), (4, ping())]);
    assert_eq!(w.hears(a), ["1  v0"], "what waits for nothing is answered at once");
    w.send(a, &[(5, exists("/a", false)), (6, set("/a", b"x")), (7, children("/", false))]);
    assert_eq!(w.hears(a), [""; 0]);
    w.commit();
    let expected = ["2 /a", "3 0 v0", "-2 ok", "5 v0", "6 v1", "7 [\"a\", \"zookeeper\"]"];
    assert_eq!(w.hears(a), expected);
}

#[test]
fn every_kind_of_local_request_waits_behind_a_write() {
    let mut w = World::new();
    let a = w.client();
    let local = [
        (2, exists("/a", false)),
        (3, get("/a", false)),
        (4, children("/a", false)),
        (5, sync("/a")),
        (6, add_watch("/a", 0)),
        (7, check_watches("/a", 4)),
        (8, multi_read(vec![part_get("/a")])),
        (9, set_watches(Zxid::ZERO, &[], &[], &[])),
        (10, ping()),
    ];
    w.send(a, &[(1, create("/a"))]);
    w.send(a, &local);
    assert_eq!(w.hears(a), [""; 0]);
    w.commit();
    let expected =
        ["1 /a", "2 v0", "3 0 v0", "4 []", "5 /a", "6 ok", "7 ok", "8 0", "9 ok", "-2 ok"];
    assert_eq!(w.hears(a), expected);
}

#[test]
fn a_read_behind_a_write_sees_that_write_and_no_later_one_of_its_own_session() {
    let mut w = World::new();
    let a = w.client();
    w.send(
        a,
        &[
            (1, create("/a")),
            (2, get("/a", false)),
            (3, set("/a", b"1")),
            (4, get("/a", false)),
            (5, set("/a", b"2")),
            (6, delete("/a")),
            (7, exists("/a", false)),
            (8, create("/a")),
            (9, get("/a", false)),
        ],
    );
    w.commit();
    let heard = w.heard(a);
    let zxids = reply_zxids(&heard);
    let steps: Vec<i64> = zxids.iter().map(|zxid| zxid.0 - zxids[0].0).collect();
    assert_eq!(steps, [0, 0, 1, 1, 2, 3, 3, 4, 4], "each read carries the zxid that it saw");
    w.send(a, &[(10, get("/a", false))]);
    assert_eq!(w.hears(a), ["10 0 v0"]);
}

#[test]
fn a_read_behind_a_write_sees_the_old_data_though_the_batch_went_on() {
    let mut w = World::new();
    let a = w.client();
    w.send(a, &[(1, create("/a")), (2, get("/a", false)), (3, set("/a", b"1"))]);
    w.send(a, &[(4, get("/a", false)), (5, set("/a", b"2")), (6, delete("/a"))]);
    w.commit();
    assert_eq!(w.hears(a), ["1 /a", "2 0 v0", "3 v1", "4 1 v1", "5 v2", "6 ok"]);
}

#[test]
fn a_read_behind_a_write_does_not_see_a_later_write_of_another_session_in_the_same_batch() {
    let mut w = World::new();
    let (a, b) = (w.client(), w.client());
    w.send(a, &[(1, create("/a")), (2, get("/a", false))]);
    w.send(b, &[(1, set("/a", b"b")), (2, get("/a", false))]);
    w.send(a, &[(3, exists("/a", false)), (4, set("/a", b"a")), (5, get("/a", false))]);
    w.commit();
    assert_eq!(w.hears(a), ["1 /a", "2 0 v0", "3 v0", "4 v2", "5 a v2"]);
    assert_eq!(w.hears(b), ["1 v1", "2 b v1"]);
}

#[test]
fn a_large_batch_goes_in_slices_and_keeps_its_order() {
    let mut w = World::new();
    let (a, b) = (w.client(), w.client());
    w.send(a, &[(0, create("/a"))]);
    w.commit();
    w.heard(a);
    for n in 0..1000 {
        w.send(a, &[(2 * n + 1, set("/a", b"x"))]);
        w.send(b, &[(n, set("/a", b"y"))]);
    }
    w.send(a, &[(9999, get("/a", false))]);
    w.commit();
    let (heard_a, heard_b) = (w.hears(a), w.hears(b));
    assert_eq!((heard_a.len(), heard_b.len()), (1001, 1000));
    for (n, heard) in heard_a[..1000].iter().enumerate() {
        assert_eq!(*heard, format!("{} v{}", 2 * n + 1, 2 * n + 1));
    }
    assert_eq!(heard_a[1000], "9999 x v1999");
    assert_eq!(heard_b[999], "999 v2000");
}

#[test]
fn a_write_behind_a_read_does_not_show_in_it() {
    let mut w = World::new();
    let a = w.client();
    w.send(a, &[(1, exists("/a", false)), (2, create("/a")), (3, exists("/a", false))]);
    w.commit();
    assert_eq!(w.hears(a), ["1 NoNode", "2 /a", "3 v0"]);
}

#[test]
fn writes_are_judged_with_those_in_flight_and_refusals_take_a_zxid() {
    let mut w = World::new();
    let (a, b) = (w.client(), w.client());
    w.send(a, &[(1, create("/a"))]);
    w.send(b, &[(1, create("/a")), (2, create("/a/b"))]);
    w.send(a, &[(2, delete("/a"))]);
    let before = w.last_zxid();
    w.commit();
    assert_eq!(w.hears(a), ["1 /a", "2 NotEmpty"]);
    assert_eq!(w.hears(b), ["1 NodeExists", "2 /a/b"]);
    assert_eq!(w.last_zxid().0, before.0 + 4);
}

#[test]
fn nothing_is_answered_before_it_is_durable() {
    let mut w = World::new();
    let (a, b) = (w.client(), w.client());
    w.send(a, &[(1, create("/a")), (2, create("/b"))]);
    w.send(b, &[(1, create("/c")), (2, exists("/a", false))]);
    assert_eq!((w.hears(a).len(), w.hears(b).len()), (0, 0));
    w.commit_some(1);
    assert_eq!(w.hears(a), ["1 /a"]);
    let c = w.client_without_commit();
    w.send(a, &[(3, exists("/b", false))]);
    assert_eq!((w.hears(a).len(), w.hears(b).len(), w.hears(c).len()), (0, 0, 0));
    w.commit_some(1);
    assert_eq!(w.hears(a), ["2 /b", "3 v0"]);
    assert_eq!(w.hears(b).len(), 0);
    w.commit_some(1);
    assert_eq!(w.hears(b), ["1 /c", "2 v0"]);
    assert_eq!(w.hears(c).len(), 0, "a session is a transaction like any other");
    w.commit_some(1);
    assert_eq!(w.hears(c), ["connected 30000"]);
}

#[test]
fn a_write_that_is_not_durable_is_seen_by_nobody() {
    let mut w = World::new();
    let (a, b) = (w.client(), w.client());
    w.send(b, &[(1, exists("/a", true))]);
    w.send(a, &[(1, create("/a"))]);
    w.send(b, &[(2, exists("/a", false)), (3, children("/", false))]);
    assert_eq!(w.hears(b), ["1 NoNode", "2 NoNode", "3 [\"zookeeper\"]"]);
    w.commit();
    assert_eq!(w.hears(b), ["event created /a"]);
}

#[test]
fn a_refused_write_is_answered_in_its_turn_and_after_the_disk() {
    let mut w = World::new();
    let a = w.client();
    w.send(a, &[(1, create("/a")), (2, create("/no/parent")), (3, exists("/a", false))]);
    assert_eq!(w.hears(a), [""; 0]);
    w.commit();
    assert_eq!(w.hears(a), ["1 /a", "2 NoNode", "3 v0"]);
}

#[test]
fn auth_overtakes_what_waits_and_changes_what_follows_only() {
    let mut w = World::new();
    let (a, b) = (w.client(), w.client());
    let bob = Acl::new(perms::ALL, "digest", "bob:fyVmFCwVbTJYrznoSu1koqYEYF0=");
    w.send(b, &[(1, create_with_acl("/bobs", bob)), (2, create("/go"))]);
    w.commit();
    w.send(
        a,
        &[
            (1, create("/a")),
            (2, get("/bobs", false)),
            (3, set("/bobs", b"no")),
            (-4, auth(b"bob:secret")),
            (4, get("/bobs", false)),
            (5, set("/bobs", b"yes")),
        ],
    );
    assert_eq!(w.hears(a), ["-4 ok"]);
    w.commit();
    assert_eq!(w.hears(a), ["1 /a", "2 NoAuth", "3 NoAuth", "4 0 v0", "5 v1"]);
}

#[test]
fn auth_between_reads_changes_what_follows_only() {
    let mut w = World::new();
    let a = w.client();
    let bob = Acl::new(perms::ALL, "digest", "bob:fyVmFCwVbTJYrznoSu1koqYEYF0=");
    w.send(a, &[(1, create_with_acl("/bobs", bob))]);
    w.commit();
    w.heard(a);
    w.send(a, &[(2, get("/bobs", false)), (-4, auth(b"bob:secret")), (3, get("/bobs", false))]);
    assert_eq!(w.hears(a), ["2 NoAuth", "-4 ok", "3 0 v0"]);
}

#[test]
fn a_failed_auth_is_answered_and_ends_the_connection_alone() {
    let mut w = World::new();
    let (a, b) = (w.client(), w.client());
    let wrong = codec::client::AuthPacket {
        auth_type: 0,
        scheme: Some("nonsense".into()),
        auth: Some(b"x"),
    };
    let wrong = codec::client::Request::Auth(wrong);
    w.send(a, &[(1, create("/a")), (-4, wrong), (2, create("/b"))]);
    assert_eq!(w.hears(a), ["-4 AuthFailed"]);
    assert!(w.clients[a].ended && w.clients[a].flushed);
    w.commit();
    w.send(b, &[(1, exists("/a", false)), (2, exists("/b", false))]);
    assert_eq!(w.hears(b), ["1 v0", "2 NoNode"], "what came before it is executed, no more");
}

#[test]
fn an_unknown_op_is_refused_in_its_turn_and_ends_the_connection() {
    let mut w = World::new();
    let a = w.client();
    let frames =
        [encode(1, &create("/a")), frame(2, UNKNOWN_OP, &[]), encode(3, &get("/a", false))];
    w.send_frames(a, &frames.concat());
    assert_eq!(w.hears(a), [""; 0]);
    w.commit();
    let heard = w.heard(a);
    assert_eq!(reply_zxids(&heard)[1], Zxid::NONE);
    assert_eq!(heard.len(), 2, "nothing behind it is answered");
    assert!(w.clients[a].ended && w.clients[a].flushed);
}

#[test]
fn a_malformed_write_and_a_malformed_read_keep_their_turn_and_the_connection() {
    let mut w = World::new();
    let a = w.client();
    let frames = [
        encode(1, &create("/a")),
        frame(2, codec::OpCode::SetData.code(), &[0, 0, 0, 9]),
        frame(3, GET_DATA, &[0, 0, 0, 9]),
        encode(4, &get("/a", false)),
    ];
    w.send_frames(a, &frames.concat());
    w.commit();
    assert_eq!(w.hears(a), ["1 /a", "2 MarshallingError", "3 MarshallingError", "4 0 v0"]);
    assert!(!w.clients[a].ended);
}

#[test]
fn an_event_precedes_the_reply_of_the_write_that_caused_it() {
    let mut w = World::new();
    let a = w.client();
    w.send(a, &[(1, exists("/a", true)), (2, children("/", true)), (3, create("/a"))]);
    w.commit();
    let expected =
        ["1 NoNode", "2 [\"zookeeper\"]", "event created /a", "event children /", "3 /a"];
    assert_eq!(w.hears(a), expected);
}

#[test]
fn an_event_precedes_any_later_read_that_shows_the_change_on_other_connections_too() {
    let mut w = World::new();
    let (a, b) = (w.client(), w.client());
    w.send(b, &[(1, exists("/a", true)), (2, create("/b")), (3, exists("/a", false))]);
    w.send(a, &[(1, create("/a"))]);
    w.send(b, &[(4, set("/b", b"x")), (5, exists("/a", false))]);
    w.commit();
    let expected = ["1 NoNode", "2 /b", "3 NoNode", "event created /a", "4 v1", "5 v0"];
    assert_eq!(w.hears(b), expected);
}

#[test]
fn an_event_that_is_stuck_behind_a_slow_socket_still_precedes_the_later_read() {
    let mut w = World::new();
    let (a, b) = (w.client(), w.client());
    w.send(b, &[(1, get("/", false)), (2, exists("/a", true))]);
    w.let_through(b, Some(7));
    w.send(a, &[(1, create("/a"))]);
    w.commit();
    w.send(b, &[(3, exists("/a", false))]);
    w.let_through(b, Some(9));
    w.let_through(b, None);
    assert_eq!(w.hears(b), ["1  v0", "2 NoNode", "event created /a", "3 v0"]);
}

#[test]
fn a_watch_set_behind_a_write_fires_for_the_next_write_of_the_same_batch() {
    let mut w = World::new();
    let (a, b) = (w.client(), w.client());
    w.send(a, &[(1, create("/a")), (2, get("/a", true))]);
    w.send(b, &[(1, set("/a", b"b"))]);
    w.send(a, &[(3, set("/a", b"a"))]);
    w.commit();
    assert_eq!(w.hears(a), ["1 /a", "2 0 v0", "event changed /a", "3 v2"]);
}

#[test]
fn a_one_shot_watch_is_spent_though_its_event_is_withheld() {
    let mut w = World::new();
    let (a, b) = (w.client(), w.client());
    let bob = Acl::new(perms::ALL, "digest", "bob:fyVmFCwVbTJYrznoSu1koqYEYF0=");
    let open = Acl::new(perms::ALL, "world", "anyone");
    w.send(a, &[(1, create("/a"))]);
    w.commit();
    w.send(b, &[(1, get("/a", true)), (-4, auth(b"x:y"))]);
    w.send(a, &[(-4, auth(b"bob:secret")), (2, set_acl("/a", bob)), (3, set("/a", b"1"))]);
    w.send(a, &[(4, set_acl("/a", open)), (5, set("/a", b"2"))]);
    w.commit();
    assert_eq!(w.hears(b), ["1 0 v0", "-4 ok"]);
    assert_eq!(w.watch_count(), 0);
    w.check_watches();
}

#[test]
fn a_multi_is_seen_whole_or_not_at_all() {
    let mut w = World::new();
    let (a, b) = (w.client(), w.client());
    w.send(b, &[(1, add_watch("/", 1))]);
    w.heard(b);
    let good = vec![part_create("/a"), part_create("/a/b"), part_set("/a", b"x")];
    let bad =
        vec![part_set("/a", b"no"), part_delete("/a/b"), part_check("/a", 7), part_create("/c")];
    w.send(a, &[(1, multi(good)), (2, multi_read(vec![part_get("/a"), part_get("/a/b")]))]);
    w.send(a, &[(3, multi(bad)), (4, multi_read(vec![part_get("/a"), part_get("/a/b")]))]);
    w.send(b, &[(2, exists("/a", false))]);
    assert_eq!(w.hears(b), ["2 NoNode"]);
    w.commit();
    assert_eq!(w.hears(a), ["1 /a,/a/b,v1", "2 x,0", "3 0,0,-103,-2", "4 x,0"]);
    w.send(b, &[(3, multi_read(vec![part_get("/a"), part_get("/c")]))]);
    let events = ["event created /a", "event created /a/b", "event changed /a", "3 x,-101"];
    assert_eq!(w.hears(b), events, "a failed multi fires nothing");
}

#[test]
fn events_of_a_multi_come_in_its_order_before_its_reply() {
    let mut w = World::new();
    let a = w.client();
    w.send(a, &[(1, create("/a")), (2, add_watch("/a", 1)), (3, exists("/a", true))]);
    w.send(a, &[(4, multi(vec![part_delete("/a"), part_create("/a"), part_set("/a", b"x")]))]);
    w.commit();
    let heard = w.hears(a);
    let events = ["event deleted /a", "event created /a", "event changed /a", "4 ok,/a,v1"];
    assert_eq!(heard[3..], events);
}
