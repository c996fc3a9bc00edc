//! Section 12.4: what setWatches and setWatches2 answer at once and what they register.

use super::*;
use codec::client::{SetWatches, SetWatches2};
use codec::{ErrorCode, Text};

fn list<'a>(paths: &[&'a str]) -> Option<Vec<Text<'a>>> {
    Some(paths.iter().map(|path| Some((*path).into())).collect())
}

fn request<'a>(
    seen: i64,
    data: &[&'a str],
    exist: &[&'a str],
    child: &[&'a str],
) -> SetWatches<'a> {
    SetWatches {
        relative_zxid: Zxid(seen),
        data_watches: list(data),
        exist_watches: list(exist),
        child_watches: list(child),
    }
}

fn replay(world: &mut World, request: &SetWatches<'_>) -> Vec<(EventType, String)> {
    let mut events = Vec::new();
    let mut out = |owed: Replay<'_>| events.push((owed.event, owed.path.to_string()));
    world.watches.set_watches(&world.tree, w(1), request, &mut out).unwrap();
    assert_eq!(world.watches.broken_invariant(&world.tree), None);
    events
}

fn owed(event: EventType, path: &str) -> (EventType, String) {
    (event, path.to_string())
}

#[test]
fn data_watches_compare_the_mzxid() {
    let mut world = World::new(&["/old", "/new"]);
    let seen = world.zxid;
    world.set("/new");
    world.create("/old/child");
    let events = replay(&mut world, &request(seen, &["/old", "/gone", "/new"], &[], &[]));
    assert_eq!(events, [owed(EventType::Deleted, "/gone"), owed(EventType::DataChanged, "/new")]);
    world.set("/old");
    world.set("/new");
    assert_eq!(world.look(), [changed(1, "/old")], "only what was not owed is registered");
}

#[test]
fn a_zxid_that_was_seen_is_no_change() {
    let mut world = World::new(&["/a"]);
    assert_eq!(replay(&mut world, &request(1, &["/a"], &[], &["/a"])), []);
    assert_eq!(replay(&mut world, &request(0, &["/a"], &[], &["/a"])).len(), 2);
}

#[test]
fn exist_watches_do_not_look_at_zxids() {
    let mut world = World::new(&["/a"]);
    let events = replay(&mut world, &request(i64::MAX, &[], &["/a", "/b"], &[]));
    assert_eq!(events, [owed(EventType::Created, "/a")]);
    world.create("/b");
    assert_eq!(world.look(), [created(1, "/b")]);
}

#[test]
fn child_watches_compare_the_pzxid() {
    let mut world = World::new(&["/a", "/b", "/b/c"]);
    let seen = world.zxid;
    world.set("/a");
    world.delete("/b/c");
    let events = replay(&mut world, &request(seen, &[], &[], &["/a", "/b", "/gone"]));
    let expected = [owed(EventType::ChildrenChanged, "/b"), owed(EventType::Deleted, "/gone")];
    assert_eq!(events, expected);
    world.create("/a/x");
    world.create("/b/x");
    assert_eq!(world.look(), [children(1, "/a")]);
}

#[test]
fn the_same_path_in_several_lists_is_answered_several_times() {
    let mut world = World::new(&["/a"]);
    let events = replay(&mut world, &request(0, &["/a", "/a"], &["/a"], &["/a"]));
    let expected = [
        owed(EventType::DataChanged, "/a"),
        owed(EventType::DataChanged, "/a"),
        owed(EventType::Created, "/a"),
        owed(EventType::ChildrenChanged, "/a"),
    ];
    assert_eq!(events, expected);
    assert!(world.watches.is_empty());
}

#[test]
fn persistent_watches_are_registered_and_owed_nothing() {
    let mut world = World::new(&["/a", "/r"]);
    let all = SetWatches2 {
        one_shot: request(0, &[], &[], &[]),
        persistent_watches: list(&["/a", "/missing"]),
        persistent_recursive_watches: list(&["/r"]),
    };
    let mut out = |owed: Replay<'_>| panic!("nothing is owed, not even {owed:?}");
    world.watches.set_watches2(&world.tree, w(1), &all, &mut out).unwrap();
    world.create("/a/x");
    world.create("/r/x");
    world.create("/missing");
    assert_eq!(world.look(), [children(1, "/a"), created(1, "/r/x"), created(1, "/missing")]);
}

#[test]
fn set_watches2_answers_the_one_shot_lists_too() {
    let mut world = World::new(&["/a"]);
    let all = SetWatches2 {
        one_shot: request(0, &["/a"], &[], &[]),
        persistent_watches: list(&["/a"]),
        persistent_recursive_watches: list(&[]),
    };
    let mut events = Vec::new();
    let mut out = |owed: Replay<'_>| events.push(owed.event);
    world.watches.set_watches2(&world.tree, w(1), &all, &mut out).unwrap();
    assert_eq!(events, [EventType::DataChanged]);
    assert_eq!(world.watches.len(), 2);
}

#[test]
fn a_null_list_or_path_is_refused_before_anything_is_done() {
    let whole = SetWatches2 {
        one_shot: request(0, &["/a"], &["/b"], &["/c"]),
        persistent_watches: list(&[]),
        persistent_recursive_watches: list(&[]),
    };
    let spoil: [fn(&mut SetWatches2<'_>); 6] = [
        |request| request.one_shot.data_watches = None,
        |request| request.one_shot.exist_watches = None,
        |request| request.one_shot.child_watches = None,
        |request| request.persistent_watches = None,
        |request| request.persistent_recursive_watches = None,
        |request| request.one_shot.child_watches = Some(vec![None]),
    ];
    for spoil in spoil {
        let mut world = World::new(&[]);
        let mut request = whole.clone();
        spoil(&mut request);
        let mut out = |owed: Replay<'_>| panic!("{owed:?}");
        let answer = world.watches.set_watches2(&world.tree, w(1), &request, &mut out);
        assert_eq!(answer, Err(ErrorCode::MarshallingError));
        assert!(world.watches.is_empty());
    }
}
