//! Faults that these tests found, each with the story that showed it.

use super::ask::*;
use super::harness::{TICK_MS, TIMEOUT_MS, World};

#[test]
fn a_handshake_is_answered_though_its_number_was_that_of_one_that_died_before_its_own_was() {
    let mut w = World::new();
    let a = w.client_without_commit();
    w.cut(a);
    let b = w.client_without_commit();
    assert_eq!(w.clients[a].connection.id, w.clients[b].connection.id);
    w.commit();
    assert_eq!(w.hears(b), ["connected 30000"]);
}

#[test]
fn a_connection_that_died_before_its_handshake_was_answered_holds_no_session() {
    let mut w = World::new();
    let a = w.client_without_commit();
    w.cut(a);
    w.commit();
    assert!(w.replica.sessions.is_empty());
    assert_eq!(w.unsent(a), 0);
}

#[test]
fn between_the_decision_to_expire_and_the_cut_requests_are_not_answered() {
    let mut w = World::new();
    let a = w.client();
    w.pass_ms(TIMEOUT_MS as u64 + TICK_MS);
    assert!(w.tick().appended);
    w.send(a, &[(1, ping()), (2, exists("/", false))]);
    w.commit();
    assert!(w.clients[a].ended);
    assert_eq!(w.hears(a), [""; 0]);
}

#[test]
fn buffers_are_recycled() {
    let mut w = World::new();
    let a = w.client();
    w.send(a, &[(1, create("/a"))]);
    w.send(a, &[(2, create("/b"))]);
    w.commit_some(1);
    let state = w.clients[a].connection.lock();
    assert!(!state.pending.is_empty() && state.out.capacity() > 0);
}

#[test]
fn a_connection_that_dies_while_it_is_held_back_leaves_its_last_sign_of_life() {
    let mut w = World::new();
    let a = w.client();
    w.tick_for(20_000);
    w.send(a, &[(0, create("/a"))]);
    let reads: Vec<_> = (1..200).map(|xid| (xid, get("/a", false))).collect();
    w.send(a, &reads);
    assert!(w.backlog(a) > 0, "it is held back");
    w.cut(a);
    w.commit();
    w.tick_for(15_000);
    w.commit();
    let back = w.reattach(w.session(a));
    assert_eq!(w.hears(back), ["connected 30000"], "15 s of 30 s have gone");
}

#[test]
fn the_same_without_being_held_back() {
    let mut w = World::new();
    let a = w.client();
    w.tick_for(20_000);
    w.send(a, &[(0, create("/a"))]);
    w.cut(a);
    w.commit();
    w.tick_for(15_000);
    w.commit();
    let back = w.reattach(w.session(a));
    assert_eq!(w.hears(back), ["connected 30000"]);
}
