//! What goes by the clock beside sessions: empty containers, stale TTL nodes, ephemerals that a
//! crash has left to nobody.

use codec::client::{CreateRequest, CreateTtlRequest, Request};
use server::replica::tick::ReaperRules;

use super::ask::*;
use super::harness::World;

fn container(path: &str) -> Ask {
    Request::CreateContainer(CreateRequest { flags: 4, ..create_request(path, 0) })
}

fn ttl(path: &str, ttl: i64) -> Ask {
    let CreateRequest { path, data, acl, .. } = create_request(path, 0);
    Request::CreateTtl(CreateTtlRequest { path, data, acl, flags: 5, ttl })
}

fn reap(w: &World) -> bool {
    w.replica.reap(ReaperRules::default(), w.now())
}

#[test]
fn a_container_goes_once_its_last_child_has_gone_and_its_watchers_are_told() {
    let mut w = World::new();
    let (a, b) = (w.client(), w.client());
    w.send(a, &[(1, container("/c")), (2, container("/new")), (3, create("/c/x"))]);
    w.commit();
    assert!(!reap(&w), "one has a child, the other never had any");
    w.send(a, &[(4, delete("/c/x"))]);
    w.send(b, &[(1, exists("/c", true)), (2, children("/", true))]);
    w.commit();
    w.heard(b);
    assert!(reap(&w));
    assert_eq!(w.hears(b), [""; 0], "it is a transaction like any other");
    w.commit();
    assert_eq!(w.hears(b), ["event deleted /c", "event children /"]);
    assert!(!reap(&w));
}

#[test]
fn a_container_that_is_filled_meanwhile_stays() {
    let mut w = World::new();
    let a = w.client();
    w.send(a, &[(1, container("/c")), (2, create("/c/x")), (3, delete("/c/x"))]);
    w.commit();
    w.send(a, &[(4, create("/c/y"))]);
    assert!(reap(&w), "the tree does not show it yet");
    w.commit();
    w.send(a, &[(5, exists("/c/y", false))]);
    assert_eq!(w.hears(a)[3..], ["4 /c/y", "5 v0"]);
}

#[test]
fn a_ttl_node_goes_when_it_was_not_changed_for_so_long() {
    let mut w = World::new();
    let a = w.client();
    w.send(a, &[(1, ttl("/t", 5000))]);
    w.commit();
    w.pass_ms(4000);
    w.send(a, &[(2, set("/t", b"x"))]);
    w.commit();
    w.pass_ms(4000);
    assert!(!reap(&w));
    w.pass_ms(2000);
    assert!(reap(&w));
    w.commit();
    w.send(a, &[(3, exists("/t", false))]);
    assert_eq!(w.hears(a), ["1 /t", "2 v1", "3 NoNode"]);
}

#[test]
fn ephemerals_of_a_session_that_nobody_tracks_go() {
    let mut w = World::new();
    let (a, b) = (w.client(), w.client());
    w.send(a, &[(1, create_ephemeral("/lost"))]);
    w.send(b, &[(1, create_ephemeral("/kept")), (2, exists("/lost", true))]);
    w.commit();
    assert!(!w.replica.close_orphans(w.now()));
    let session = w.session(a);
    w.replica.pipeline.lock().sessions.remove(session);
    assert!(w.replica.close_orphans(w.now()));
    w.commit();
    w.send(b, &[(3, exists("/kept", false))]);
    assert_eq!(w.hears(b), ["1 /kept", "2 v0", "event deleted /lost", "3 v0"]);
}
