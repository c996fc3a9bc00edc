//! Sections 12.1, 12.2, 12.3 and 12.5 of the client protocol reference, row by row.

use super::*;
use codec::ErrorCode;

const NOTHING: [Seen; 0] = [];

// 12.1 Tables

#[test]
fn an_exists_watch_waits_for_a_missing_node() {
    let mut world = World::new(&[]);
    world.data(1, "/a");
    world.create("/a");
    assert_eq!(world.look(), [created(1, "/a")]);
    world.set("/a");
    assert_eq!(world.look(), NOTHING, "it was a one-shot");
    assert!(world.watches.is_empty());
}

#[test]
fn registering_again_changes_nothing() {
    let mut world = World::new(&["/a"]);
    (0..3).for_each(|_| world.data(1, "/a"));
    assert_eq!(world.watches.len(), 1);
    world.set("/a");
    assert_eq!(world.look(), [changed(1, "/a")]);
}

#[test]
fn a_one_shot_leaves_the_persistent_watch_on_the_same_path() {
    let mut world = World::new(&["/a"]);
    world.persistent(1, "/a");
    world.data(1, "/a");
    for _ in 0..3 {
        world.set("/a");
        assert_eq!(world.look(), [changed(1, "/a")], "one event, not two, and it stays");
    }
}

#[test]
fn persistent_watches_may_be_set_on_missing_nodes() {
    let mut world = World::new(&[]);
    world.persistent(1, "/a");
    world.recursive(2, "/a");
    world.create("/a");
    assert_eq!(world.look(), [created(1, "/a"), created(2, "/a")]);
    world.create("/a/b");
    assert_eq!(world.look(), [created(2, "/a/b"), children(1, "/a")]);
}

#[test]
fn watches_end_with_their_connection() {
    let mut world = World::new(&["/a", "/a/b"]);
    for watcher in [1, 2] {
        world.data(watcher, "/a");
        world.child(watcher, "/a");
        world.recursive(watcher, "/a/b");
        world.data(watcher, "/missing");
    }
    assert_eq!((world.watches.len(), world.watches.len_of(w(1))), (8, 3));
    world.watches.remove_watcher(w(1));
    world.watches.remove_watcher(w(1));
    assert_eq!((world.watches.len(), world.watches.len_of(w(1))), (4, 0));
    world.set("/a");
    assert_eq!(world.look(), [changed(2, "/a")]);
}

#[test]
fn a_connection_with_many_watches_can_be_forgotten_in_slices() {
    let mut world = World::new(&["/a"]);
    (0..100).for_each(|i| world.data(1, &format!("/missing{i}")));
    world.child(1, "/a");
    let steps = (1..).find(|_| world.watches.remove_watcher_step(w(1), 10));
    assert_eq!((steps, world.watches.len()), (Some(11), 0));
    assert_eq!(world.watches.broken_invariant(&world.tree), None);
}

// 12.2 Firing: what each step fires

#[test]
fn create_tells_of_the_node_and_then_of_the_parents_children() {
    let mut world = World::new(&["/p"]);
    world.child(1, "/p");
    world.data(1, "/p/c");
    world.data(2, "/p");
    world.create("/p/c");
    assert_eq!(world.look(), [created(1, "/p/c"), children(1, "/p")]);
}

#[test]
fn children_of_the_root_change_too() {
    let mut world = World::new(&[]);
    world.child(1, "/");
    world.create("/a");
    assert_eq!(world.look(), [children(1, "/")]);
}

#[test]
fn set_data_tells_the_data_table_alone() {
    let mut world = World::new(&["/p", "/p/c"]);
    world.data(1, "/p/c");
    world.child(2, "/p/c");
    world.child(3, "/p");
    world.data(4, "/p");
    world.set("/p/c");
    assert_eq!(world.look(), [changed(1, "/p/c")]);
}

#[test]
fn set_acl_tells_nobody() {
    let mut world = World::new(&["/a"]);
    world.data(1, "/a");
    world.persistent(2, "/a");
    world.apply(1, set_acl("/a", 1));
    assert_eq!(world.look(), NOTHING);
    assert_eq!(world.watches.len(), 3);
}

#[test]
fn delete_tells_a_data_and_child_watcher_once() {
    let mut world = World::new(&["/a"]);
    world.data(1, "/a");
    world.child(1, "/a");
    world.delete("/a");
    assert_eq!(world.look(), [deleted(1, "/a")]);
    assert!(world.watches.is_empty(), "both are used up");
}

#[test]
fn delete_tells_a_child_only_watcher() {
    let mut world = World::new(&["/a"]);
    world.child(1, "/a");
    world.data(2, "/a");
    world.delete("/a");
    assert_eq!(world.look(), [deleted(2, "/a"), deleted(1, "/a")], "data table first");
}

#[test]
fn delete_tells_of_the_parents_children_last() {
    let mut world = World::new(&["/p", "/p/c"]);
    world.child(1, "/p");
    world.child(2, "/p/c");
    world.data(3, "/p/c");
    world.delete("/p/c");
    assert_eq!(world.look(), [deleted(3, "/p/c"), deleted(2, "/p/c"), children(1, "/p")]);
}

#[test]
fn a_recursive_watcher_above_and_a_child_watcher_at_the_node_are_told_once() {
    let mut world = World::new(&["/p", "/p/c"]);
    world.recursive(1, "/p");
    world.child(1, "/p/c");
    world.delete("/p/c");
    assert_eq!(world.look(), [deleted(1, "/p/c")]);
}

#[test]
fn multi_tells_its_steps_in_order() {
    let mut world = World::new(&["/a"]);
    world.data(1, "/a");
    world.recursive(1, "/");
    world.multi(&[delete("/a"), create("/a", 31, false), set("/a")]);
    assert_eq!(
        world.scenes.iter().map(|(zxid, _)| *zxid).collect::<Vec<_>>(),
        [world.zxid, world.zxid, world.zxid]
    );
    assert_eq!(world.look(), [deleted(1, "/a"), created(1, "/a"), changed(1, "/a")]);
}

#[test]
fn an_aborted_multi_tells_nothing() {
    let mut world = World::new(&["/a"]);
    world.recursive(1, "/");
    let error = TxnBody::Error(codec::txn::ErrorTxn { err: -110 });
    world.multi(&[set("/a"), error]);
    assert_eq!(world.look(), NOTHING);
}

#[test]
fn a_node_id_that_is_used_again_brings_no_watches_along() {
    let mut world = World::new(&["/a"]);
    world.persistent(1, "/a");
    world.multi(&[delete("/a"), create("/b", 31, false), set("/b"), create("/a", 31, false)]);
    assert_eq!(world.look(), [deleted(1, "/a"), created(1, "/a")]);
}

#[test]
fn close_session_tells_of_every_ephemeral_under_one_zxid() {
    let mut world = World::new(&["/p"]);
    world.apply(9, create("/p/a", 31, true));
    world.apply(9, create("/p/b", 31, true));
    world.data(1, "/p/a");
    world.data(1, "/p/b");
    world.child(1, "/p");
    world.apply(9, close_session(&["/p/a", "/p/b"]));
    assert!(world.scenes.iter().all(|(zxid, _)| *zxid == world.zxid));
    assert_eq!(world.look(), [deleted(1, "/p/a"), children(1, "/p"), deleted(1, "/p/b")]);
}

#[test]
fn quota_statistics_tell_nobody() {
    let mut world = World::new(&["/a", "/zookeeper/quota/a"]);
    for (path, text) in [
        ("/zookeeper/quota/a/zookeeper_limits", &b"count=9,bytes=9"[..]),
        ("/zookeeper/quota/a/zookeeper_stats", b"count=1,bytes=1"),
    ] {
        let TxnBody::Create(body) = create(path, 31, false) else { unreachable!() };
        world.apply(1, TxnBody::Create(CreateTxn { data: Some(text), ..body }));
    }
    world.recursive(1, "/zookeeper");
    let before = world.tree.get("/zookeeper/quota/a/zookeeper_stats").unwrap().data().unwrap();
    let before = before.to_vec();
    world.create("/a/b");
    let stats = world.tree.get("/zookeeper/quota/a/zookeeper_stats").unwrap();
    assert_ne!(stats.data().unwrap(), before, "the statistics did change");
    assert_eq!(world.look(), NOTHING);
}

// 12.2 Firing: what each watch sees

#[test]
fn a_get_data_watch_sees_the_next_change_or_the_end() {
    for (step, event) in [(0, changed(1, "/a")), (1, deleted(1, "/a"))] {
        let mut world = World::new(&["/a"]);
        world.data(1, "/a");
        if step == 0 {
            world.set("/a")
        } else {
            world.delete("/a")
        }
        assert_eq!(world.look(), [event]);
        assert!(world.watches.is_empty());
    }
}

#[test]
fn a_get_children_watch_sees_neither_grandchildren_nor_data_of_children() {
    let mut world = World::new(&["/p", "/p/c"]);
    world.child(1, "/p");
    world.create("/p/c/g");
    world.set("/p/c");
    world.set("/p");
    world.delete("/p/c/g");
    assert_eq!(world.look(), NOTHING);
    world.delete("/p/c");
    assert_eq!(world.look(), [children(1, "/p")]);
}

#[test]
fn a_persistent_watch_sees_all_four_events_and_outlives_the_node() {
    let mut world = World::new(&["/a"]);
    world.persistent(1, "/a");
    for _ in 0..2 {
        world.set("/a");
        world.create("/a/b");
        world.delete("/a/b");
        world.delete("/a");
        world.create("/a");
        let expected = [
            changed(1, "/a"),
            children(1, "/a"),
            children(1, "/a"),
            deleted(1, "/a"),
            created(1, "/a"),
        ];
        assert_eq!(world.look(), expected);
    }
}

#[test]
fn a_recursive_watch_sees_descendants_and_never_children_changed() {
    let mut world = World::new(&["/a"]);
    world.recursive(1, "/a");
    world.create("/a/b");
    world.create("/a/b/c");
    world.set("/a/b/c");
    world.delete("/a/b/c");
    world.delete("/a/b");
    world.delete("/a");
    world.create("/a");
    world.create("/a2");
    let expected = [
        created(1, "/a/b"),
        created(1, "/a/b/c"),
        changed(1, "/a/b/c"),
        deleted(1, "/a/b/c"),
        deleted(1, "/a/b"),
        deleted(1, "/a"),
        created(1, "/a"),
    ];
    assert_eq!(world.look(), expected);
}

#[test]
fn a_recursive_watch_on_the_root_sees_everything() {
    let mut world = World::new(&[]);
    world.recursive(1, "/");
    world.create("/a");
    world.set("/");
    assert_eq!(world.look(), [created(1, "/a"), changed(1, "/")]);
}

#[test]
fn several_reasons_make_one_event_per_table() {
    let mut world = World::new(&["/a", "/a/b"]);
    world.recursive(1, "/");
    world.recursive(1, "/a");
    world.persistent(1, "/a/b");
    world.data(1, "/a/b");
    world.set("/a/b");
    assert_eq!(world.look(), [changed(1, "/a/b")]);
}

#[test]
fn child_one_shot_and_recursive_above_see_created_and_then_children_changed() {
    let mut world = World::new(&["/p", "/p/q"]);
    world.child(1, "/p/q");
    world.recursive(1, "/p");
    world.create("/p/q/c");
    assert_eq!(world.look(), [created(1, "/p/q/c"), children(1, "/p/q")]);
}

#[test]
fn every_connection_is_told_in_ascending_order() {
    let mut world = World::new(&["/a"]);
    (0..500).rev().for_each(|watcher| world.data(watcher, "/a"));
    world.persistent(250, "/a");
    world.set("/a");
    assert_eq!(world.look(), (0..500).map(|watcher| changed(watcher, "/a")).collect::<Vec<_>>());
    world.set("/a");
    assert_eq!(world.look(), [changed(250, "/a")]);
}

// 12.3 ACL filter: which list the server is handed

#[test]
fn created_comes_with_the_new_nodes_acl_and_children_changed_with_the_parents() {
    let mut world = World::new(&[]);
    world.apply(1, create("/p", 17, false));
    world.data(1, "/p/c");
    world.child(1, "/p");
    world.apply(1, create("/p/c", 2, false));
    assert_eq!(world.scenes, [(world.zxid, 2), (world.zxid, 17)]);
}

#[test]
fn deleted_comes_with_the_acl_as_it_was() {
    let mut world = World::new(&[]);
    world.apply(1, create("/p", 17, false));
    world.apply(1, create("/p/c", 2, false));
    world.data(1, "/p/c");
    world.child(2, "/p/c");
    world.child(1, "/p");
    world.multi(&[set_acl("/p/c", 4), delete("/p/c"), create("/p/c", 8, false)]);
    assert_eq!(world.scenes, [(world.zxid, 4), (world.zxid, 4), (world.zxid, 17)]);
}

#[test]
fn data_changed_comes_with_the_acl_of_that_moment() {
    let mut world = World::new(&["/a"]);
    world.persistent(1, "/a");
    world.multi(&[set_acl("/a", 4), set("/a"), set_acl("/a", 8), set("/a")]);
    assert_eq!(world.scenes, [(world.zxid, 4), (world.zxid, 8)]);
}

// 12.5 checkWatches and removeWatches

/// A connection with every mode on /a, or only those of the given bits.
fn with_modes(modes: u8) -> World {
    let mut world = World::new(&["/a"]);
    let set: [fn(&mut World, u32, &str); 4] =
        [World::data, World::child, World::persistent, World::recursive];
    for (bit, set) in set.iter().enumerate() {
        if modes & (1 << bit) != 0 {
            set(&mut world, 1, "/a");
        }
    }
    world
}

#[test]
fn each_watcher_type_checks_and_removes_its_own_modes() {
    let owner = [(WatcherType::Data, 1), (WatcherType::Children, 2), (WatcherType::Persistent, 4)];
    for (kind, bit) in owner.into_iter().chain([(WatcherType::PersistentRecursive, 8)]) {
        for modes in 0..16u8 {
            let mut world = with_modes(modes);
            let expected = if modes & bit != 0 { Ok(()) } else { Err(ErrorCode::NoWatcher) };
            let World { tree, watches, .. } = &mut world;
            assert_eq!(watches.check(tree, "/a", w(1), kind), expected, "{kind:?} {modes:b}");
            assert_eq!(watches.remove(tree, "/a", w(1), kind), expected, "{kind:?} {modes:b}");
            assert_eq!(watches.len(), with_modes(modes & !bit).watches.len());
            assert_eq!(watches.check(tree, "/a", w(1), kind), Err(ErrorCode::NoWatcher));
            assert_eq!(watches.broken_invariant(tree), None);
        }
    }
}

#[test]
fn type_any_takes_everything_at_the_path() {
    for modes in 1..16 {
        let World { tree, mut watches, .. } = with_modes(modes);
        assert_eq!(watches.check(&tree, "/a", w(1), WatcherType::Any), Ok(()));
        assert_eq!(watches.remove(&tree, "/a", w(1), WatcherType::Any), Ok(()));
        assert!(watches.is_empty());
        let again = watches.remove(&tree, "/a", w(1), WatcherType::Any);
        assert_eq!(again, Err(ErrorCode::NoWatcher));
    }
}

#[test]
fn a_recursive_ancestor_and_another_connection_do_not_count() {
    let mut world = World::new(&["/a", "/a/b"]);
    world.recursive(1, "/a");
    world.data(2, "/a/b");
    let World { tree, watches, .. } = &mut world;
    for kind in [WatcherType::Any, WatcherType::PersistentRecursive, WatcherType::Data] {
        assert_eq!(watches.check(tree, "/a/b", w(1), kind), Err(ErrorCode::NoWatcher));
        assert_eq!(watches.remove(tree, "/a/b", w(1), kind), Err(ErrorCode::NoWatcher));
    }
    assert_eq!(watches.len(), 2);
}

#[test]
fn removed_watches_on_missing_paths_are_gone_as_well() {
    let mut world = World::new(&[]);
    world.data(1, "/a");
    world.persistent(1, "/a");
    let removed = world.watches.remove(&world.tree, "/a", w(1), WatcherType::Persistent);
    assert_eq!(removed, Ok(()));
    world.create("/a");
    world.set("/a");
    assert_eq!(world.look(), [created(1, "/a")]);
}

#[test]
fn bytes_of_missing_paths_are_counted_per_connection_while_they_are_missing() {
    let mut world = World::new(&[]);
    world.data(1, "/abc");
    world.child(1, "/abc");
    world.persistent(1, "/de");
    world.data(2, "/abc");
    let bytes = |world: &World| [1, 2, 3].map(|id| world.watches.missing_bytes_of(w(id)));
    assert_eq!(bytes(&world), [7, 4, 0]);
    world.create("/abc");
    world.create("/de");
    assert_eq!(bytes(&world), [0, 0, 0]);
    world.delete("/de");
    assert_eq!(bytes(&world), [3, 0, 0]);
    world.watches.remove_watcher(w(1));
    assert_eq!(bytes(&world), [0, 0, 0]);
}

// The words wchs, wchc, wchp

#[test]
fn the_words_show_the_data_table_alone_in_order() {
    let mut world = World::new(&["/b", "/a"]);
    world.data(2, "/b");
    world.persistent(2, "/a");
    world.data(1, "/missing");
    world.recursive(1, "/a");
    world.child(3, "/a");
    let expected = WatchSummary { watchers: 2, paths: 3, total: 4 };
    assert_eq!(world.watches.summary(), expected);
    assert_eq!(world.watches.len(), 6);
    let paths = |paths: &[&str]| paths.iter().map(|path| path.to_string()).collect::<Vec<_>>();
    let by_watcher = world.watches.by_watcher(&world.tree);
    assert_eq!(by_watcher, [(w(1), paths(&["/a", "/missing"])), (w(2), paths(&["/a", "/b"]))]);
    let by_path = world.watches.by_path(&world.tree);
    let expected = [("/a", vec![w(1), w(2)]), ("/b", vec![w(2)]), ("/missing", vec![w(1)])];
    assert_eq!(by_path, expected.map(|(path, watchers)| (path.to_string(), watchers)));
}
