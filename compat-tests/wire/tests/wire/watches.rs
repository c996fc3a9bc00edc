//! Watches: who is told what, in which order, and what setWatches, check and remove do.

use codec::acl::open_acl_unsafe;
use libtest_mimic::Trial;
use wire::bed::{self, join, place};
use wire::case::{self, For};
use wire::cases;
use wire::client::Client;
use wire::expect::{acl, err, event};
use wire::ops;

pub fn trials() -> Vec<Trial> {
    let all = cases![
        one_shots_fire_once,
        one_shot_children_sees_only_its_children,
        registrations_are_idempotent,
        exists_watch_sees_created_changed_deleted,
        create_fires_data_before_child_table,
        delete_fires_the_node_before_its_parent,
        child_watch_and_recursive_watch_together,
        multi_fires_in_step_order_before_the_reply,
        a_multi_with_delete_create_set,
        closing_a_session_fires_with_one_zxid,
        events_carry_the_zxid_of_their_txn,
        set_acl_and_failures_fire_nothing,
        add_watch_takes_missing_and_nonsense_paths,
        add_watch_refuses_other_modes,
        persistent_survives_deletion,
        recursive_on_the_root_sees_everything_below,
        recursive_and_persistent_on_one_path,
        acl_filter_by_kind_of_event,
        set_watches_events_are_not_filtered,
        set_watches_registers_what_did_not_fire,
        set_watches_ignores_missed_changes_of_persistent_watches,
        set_watches_does_not_dedup_across_lists,
        check_watches_by_type,
        remove_watches_by_type,
        remove_and_check_match_exactly,
        unknown_watcher_types_are_refused,
        read_and_registration_are_one,
    ];
    case::trials("watches", For::All, all)
}

/// A writer, a watcher, and a znode of their own.
fn pair(name: &str) -> (Client, Client, String) {
    let server = bed::usual();
    let (writer, root) = place(&server, name);
    (writer, join(&server), root)
}

fn one_shots_fire_once() {
    let (mut writer, mut watcher, root) = pair("once");
    watcher.get(&root, true).ok();
    writer.set(&root, b"1", -1).ok();
    writer.set(&root, b"2", -1).ok();
    assert_eq!(watcher.take_kinds(), [(event::DATA, root.clone())]);
    watcher.children(&root, true).ok();
    writer.create(&format!("{root}/a"), b"").ok();
    writer.create(&format!("{root}/b"), b"").ok();
    assert_eq!(watcher.take_kinds(), [(event::CHILDREN, root)]);
}

fn one_shot_children_sees_only_its_children() {
    let (mut writer, mut watcher, root) = pair("kids");
    let child = writer.create(&format!("{root}/a"), b"").path();
    watcher.children2(&root, true).ok();
    writer.create(&format!("{child}/deep"), b"").ok();
    writer.set(&child, b"x", -1).ok();
    writer.set(&root, b"x", -1).ok();
    assert_eq!(watcher.take_kinds(), []);
    writer.delete(&format!("{child}/deep"), -1).ok();
    writer.delete(&child, -1).ok();
    assert_eq!(watcher.take_kinds(), [(event::CHILDREN, root)]);
}

fn registrations_are_idempotent() {
    let (mut writer, mut watcher, root) = pair("idem");
    for _ in 0..3 {
        watcher.get(&root, true).ok();
        watcher.exists(&root, true).ok();
        watcher.children(&root, true).ok();
        watcher.children2(&root, true).ok();
        watcher.add_watch(&root, 0).ok();
    }
    writer.set(&root, b"x", -1).ok();
    assert_eq!(watcher.take_kinds(), [(event::DATA, root.clone())]);
    writer.create(&format!("{root}/c"), b"").ok();
    assert_eq!(watcher.take_kinds(), [(event::CHILDREN, root)]);
}

fn exists_watch_sees_created_changed_deleted() {
    let (mut writer, mut watcher, root) = pair("exw");
    let node = format!("{root}/n");
    watcher.exists(&node, true).fails(err::NO_NODE);
    writer.create(&node, b"").ok();
    assert_eq!(watcher.take_kinds(), [(event::CREATED, node.clone())]);
    watcher.exists(&node, true).ok();
    writer.set(&node, b"", -1).ok();
    assert_eq!(watcher.take_kinds(), [(event::DATA, node.clone())]);
    watcher.exists(&node, true).ok();
    writer.delete(&node, -1).ok();
    assert_eq!(watcher.take_kinds(), [(event::DELETED, node)]);
}

fn create_fires_data_before_child_table() {
    let (mut writer, mut watcher, root) = pair("order");
    let node = format!("{root}/n");
    watcher.children(&root, true).ok();
    watcher.exists(&node, true).fails(err::NO_NODE);
    writer.create(&node, b"").ok();
    assert_eq!(watcher.take_kinds(), [(event::CREATED, node), (event::CHILDREN, root)]);
}

fn delete_fires_the_node_before_its_parent() {
    let (mut writer, mut watcher, root) = pair("delorder");
    let node = writer.create(&format!("{root}/n"), b"").path();
    watcher.children(&root, true).ok();
    watcher.children(&node, true).ok();
    writer.delete(&node, -1).ok();
    assert_eq!(watcher.take_kinds(), [(event::DELETED, node), (event::CHILDREN, root)]);
}

fn child_watch_and_recursive_watch_together() {
    let (mut writer, mut watcher, root) = pair("both");
    watcher.add_watch("/", 1).ok();
    watcher.children(&root, true).ok();
    let node = writer.create(&format!("{root}/n"), b"").path();
    let own = |watcher: &mut Client| {
        let all = watcher.take_kinds().into_iter();
        all.filter(|(_, path)| path.starts_with(&root)).collect::<Vec<_>>()
    };
    let due = [(event::CREATED, node.clone()), (event::CHILDREN, root.clone())];
    assert_eq!(own(&mut watcher), due);
    watcher.children(&node, true).ok();
    watcher.get(&node, true).ok();
    writer.delete(&node, -1).ok();
    assert_eq!(own(&mut watcher), [(event::DELETED, node)], "one event for all three");
}

fn multi_fires_in_step_order_before_the_reply() {
    let (mut writer, _watcher, root) = pair("steps");
    let (a, b) = (format!("{root}/a"), format!("{root}/b"));
    writer.add_watch(&root, 1).ok();
    writer.children(&root, true).ok();
    let reply = writer.multi(vec![
        ops::create(a.as_str()),
        ops::create(b.as_str()),
        ops::set(a.as_str(), b"x", -1),
        ops::delete(b.as_str(), -1),
    ]);
    let seen: Vec<_> = writer.events.drain(..).map(|e| (e.kind, e.path, e.zxid)).collect();
    let due = [
        (event::CREATED, a.clone()),
        (event::CHILDREN, root),
        (event::CREATED, b.clone()),
        (event::DATA, a),
        (event::DELETED, b),
    ];
    assert_eq!(seen, due.map(|(kind, path)| (kind, path, reply.zxid)));
}

fn a_multi_with_delete_create_set() {
    let (mut writer, mut watcher, root) = pair("dcs");
    let node = writer.create(&format!("{root}/n"), b"").path();
    watcher.get(&node, true).ok();
    watcher.add_watch(&root, 1).ok();
    let steps = vec![
        ops::delete(node.as_str(), -1),
        ops::create(node.as_str()),
        ops::set(node.as_str(), b"x", 0),
    ];
    assert_eq!(writer.multi(steps).results().len(), 3);
    let due = [event::DELETED, event::CREATED, event::DATA].map(|kind| (kind, node.clone()));
    assert_eq!(watcher.take_kinds(), due);
}

fn closing_a_session_fires_with_one_zxid() {
    let (_writer, mut watcher, root) = pair("closing");
    let mut owner = join(&bed::usual());
    for n in 0..5 {
        owner.create_flags(&format!("{root}/e{n}"), 1).ok();
    }
    watcher.add_watch(&root, 1).ok();
    let zxid = owner.close_session().bare().zxid;
    let mut seen: Vec<_> =
        watcher.take_events().into_iter().map(|e| (e.path, e.kind, e.zxid)).collect();
    seen.sort();
    let due: Vec<_> = (0..5).map(|n| (format!("{root}/e{n}"), event::DELETED, zxid)).collect();
    assert_eq!(seen, due);
}

fn events_carry_the_zxid_of_their_txn() {
    let (mut writer, mut watcher, root) = pair("zxid");
    watcher.add_watch(&root, 0).ok();
    let set = writer.set(&root, b"x", -1).ok().zxid;
    let made = writer.create(&format!("{root}/c"), b"").ok().zxid;
    let zxids: Vec<_> = watcher.take_events().into_iter().map(|e| e.zxid).collect();
    assert_eq!(zxids, [set, made]);
}

fn set_acl_and_failures_fire_nothing() {
    let (mut writer, mut watcher, root) = pair("nothing");
    watcher.add_watch(&root, 1).ok();
    watcher.get(&root, true).ok();
    watcher.children(&root, true).ok();
    writer.set_acl(&root, open_acl_unsafe(), -1).ok();
    writer.set(&root, b"", 99).fails(err::BAD_VERSION);
    writer.create(&root, b"").fails(err::NODE_EXISTS);
    writer.delete(&format!("{root}/no"), -1).fails(err::NO_NODE);
    writer.get(&root, false).ok();
    assert_eq!(watcher.take_kinds(), []);
}

fn add_watch_takes_missing_and_nonsense_paths() {
    let (mut writer, mut watcher, root) = pair("nonsense");
    for path in ["", "noslash", "/a//b", "/../x"] {
        assert_eq!(watcher.add_watch(path, 0).ok().body, [0; 4]);
        assert_eq!(watcher.add_watch(path, 1).ok().body, [0; 4]);
    }
    let dark = format!("{root}/dark");
    writer.create_acl(&dark, acl(&[(0, "world", "anyone")])).ok();
    watcher.add_watch(&dark, 0).ok();
    watcher.add_watch(&format!("{root}/later"), 0).ok();
    let later = writer.create(&format!("{root}/later"), b"").path();
    assert_eq!(watcher.take_kinds(), [(event::CREATED, later)]);
}

fn add_watch_refuses_other_modes() {
    let mut client = join(&bed::usual());
    for mode in [2, -1, i32::MAX] {
        client.add_watch("/", mode).fails(err::MARSHALLING);
    }
}

fn persistent_survives_deletion() {
    let (mut writer, mut watcher, root) = pair("survive");
    let node = format!("{root}/n");
    watcher.add_watch(&node, 0).ok();
    for _ in 0..3 {
        writer.create(&node, b"").ok();
        writer.delete(&node, -1).ok();
    }
    let kinds: Vec<_> = watcher.take_kinds().into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, [event::CREATED, event::DELETED].repeat(3));
}

fn recursive_on_the_root_sees_everything_below() {
    let (mut writer, mut watcher, root) = pair("rootrec");
    watcher.add_watch("/", 1).ok();
    let deep = format!("{root}/a/b");
    writer.create(&format!("{root}/a"), b"").ok();
    writer.create(&deep, b"").ok();
    writer.set(&deep, b"x", -1).ok();
    let seen = watcher.take_kinds().into_iter().filter(|(_, path)| *path == deep);
    let kinds: Vec<_> = seen.map(|(kind, _)| kind).collect();
    assert_eq!(kinds, [event::CREATED, event::DATA]);
}

fn recursive_and_persistent_on_one_path() {
    let (mut writer, mut watcher, root) = pair("modes");
    watcher.add_watch(&root, 0).ok();
    watcher.add_watch(&root, 1).ok();
    writer.set(&root, b"x", -1).ok();
    let node = writer.create(&format!("{root}/n"), b"").path();
    let due =
        [(event::DATA, root.clone()), (event::CREATED, node), (event::CHILDREN, root.clone())];
    assert_eq!(watcher.take_kinds(), due, "one event for each step and table");
    watcher.remove_watches(&root, 4).bare();
    writer.set(&root, b"y", -1).ok();
    writer.create(&format!("{root}/m"), b"").ok();
    let kinds: Vec<_> = watcher.take_kinds().into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, [event::DATA, event::CREATED], "the recursive one stays");
}

fn acl_filter_by_kind_of_event() {
    let (mut writer, mut watcher, root) = pair("filter");
    writer.auth("digest", b"a:b").bare();
    let mine = || acl(&[(31, "auth", "")]);
    let (hidden, shut) = (format!("{root}/hidden"), format!("{root}/shut"));
    watcher.add_watch(&root, 1).ok();
    watcher.add_watch(&shut, 0).ok();
    writer.create_acl(&hidden, mine()).ok();
    writer.set(&hidden, b"x", -1).ok();
    writer.delete(&hidden, -1).ok();
    assert_eq!(watcher.take_kinds(), [], "created, changed, deleted without READ");
    writer.create_acl(&shut, mine()).ok();
    writer.create(&format!("{shut}/open"), b"").ok();
    let seen = watcher.take_kinds();
    assert_eq!(seen, [(event::CREATED, format!("{shut}/open"))], "no ChildrenChanged of it");
    watcher.auth("digest", b"a:b").bare();
    writer.set(&shut, b"x", -1).ok();
    assert_eq!(watcher.take_kinds(), [(event::DATA, shut)], "identities of the moment count");
}

fn set_watches_events_are_not_filtered() {
    let (mut writer, mut watcher, root) = pair("unfiltered");
    writer.auth("digest", b"a:b").bare();
    let node = format!("{root}/n");
    let mark = watcher.ping().zxid;
    writer.create_acl(&node, acl(&[(31, "auth", "")])).ok();
    watcher.set_watches(mark, [&[&node], &[&node], &[]]).bare();
    let due = [(event::DATA, node.clone()), (event::CREATED, node)];
    assert_eq!(watcher.take_kinds(), due);
}

fn set_watches_registers_what_did_not_fire() {
    let (mut writer, mut watcher, root) = pair("register");
    let later = format!("{root}/later");
    let now = writer.set(&root, b"", -1).ok().zxid;
    watcher.set_watches2(now, [&[&root], &[&later], &[&root], &[], &[]]).bare();
    assert_eq!(watcher.take_kinds(), []);
    writer.set(&root, b"", -1).ok();
    writer.create(&later, b"").ok();
    let due =
        [(event::DATA, root.clone()), (event::CREATED, later.clone()), (event::CHILDREN, root)];
    assert_eq!(watcher.take_kinds(), due);
    writer.delete(&later, -1).ok();
    assert_eq!(watcher.take_kinds(), [], "they are one-shots");
}

fn set_watches_ignores_missed_changes_of_persistent_watches() {
    let (mut writer, mut watcher, root) = pair("missed");
    writer.set(&root, b"", -1).ok();
    watcher.set_watches2(1, [&[], &[], &[], &[&root], &[&root]]).bare();
    assert_eq!(watcher.take_kinds(), []);
    watcher.check_watches(&root, 4).bare();
    watcher.check_watches(&root, 5).bare();
    writer.set(&root, b"", -1).ok();
    assert_eq!(watcher.take_kinds(), [(event::DATA, root)]);
}

fn set_watches_does_not_dedup_across_lists() {
    let (_writer, mut watcher, root) = pair("dedup");
    let gone = format!("{root}/gone");
    watcher.set_watches(0, [&[&gone, &gone], &[], &[&gone]]).bare();
    assert_eq!(watcher.take_kinds(), vec![(event::DELETED, gone); 3]);
}

/// Sets one watch of each sort on a path of its own: child, data, persistent, recursive.
fn one_of_each(watcher: &mut Client, writer: &mut Client, root: &str) -> [String; 4] {
    let nodes = ["child", "data", "pers", "rec"].map(|name| format!("{root}/{name}"));
    nodes.iter().for_each(|node| drop(writer.create(node, b"").ok()));
    watcher.children(&nodes[0], true).ok();
    watcher.get(&nodes[1], true).ok();
    watcher.add_watch(&nodes[2], 0).ok();
    watcher.add_watch(&nodes[3], 1).ok();
    nodes
}

/// Which of the types 1 to 5 finds each of [`one_of_each`].
const FINDS: [[bool; 5]; 4] = [
    [true, false, true, false, false],
    [false, true, true, false, false],
    [false, false, true, true, false],
    [false, false, true, false, true],
];

fn check_watches_by_type() {
    let (mut writer, mut watcher, root) = pair("ckw");
    let nodes = one_of_each(&mut watcher, &mut writer, &root);
    for (node, finds) in nodes.iter().zip(FINDS) {
        for (kind, found) in (1..).zip(finds) {
            let reply = watcher.check_watches(node, kind);
            let code = if found { 0 } else { err::NO_WATCHER };
            assert_eq!((reply.err, reply.body.len()), (code, 0), "{node}, type {kind}");
        }
    }
}

fn remove_watches_by_type() {
    let (mut writer, mut watcher, root) = pair("rmw");
    for kind in 1..=5 {
        let place = writer.create(&format!("{root}/t{kind}"), b"").path();
        let nodes = one_of_each(&mut watcher, &mut writer, &place);
        for (node, finds) in nodes.iter().zip(FINDS) {
            let found = finds[kind as usize - 1];
            let code = if found { 0 } else { err::NO_WATCHER };
            assert_eq!(watcher.remove_watches(node, kind).err, code, "{node}, type {kind}");
            let left = if found { err::NO_WATCHER } else { 0 };
            assert_eq!(watcher.check_watches(node, 3).err, left, "{node} after type {kind}");
        }
        assert_eq!(watcher.take_kinds(), [], "removal tells nobody");
    }
}

fn remove_and_check_match_exactly() {
    let (mut writer, mut watcher, root) = pair("exact");
    let node = writer.create(&format!("{root}/n"), b"").path();
    watcher.add_watch(&root, 1).ok();
    watcher.check_watches(&node, 3).fails(err::NO_WATCHER);
    watcher.remove_watches(&node, 5).fails(err::NO_WATCHER);
    writer.check_watches(&root, 3).fails(err::NO_WATCHER);
    writer.remove_watches(&root, 3).fails(err::NO_WATCHER);
    watcher.check_watches(&root, 5).bare();
    watcher.get(&node, true).ok();
    watcher.children(&node, true).ok();
    watcher.add_watch(&node, 0).ok();
    watcher.remove_watches(&node, 3).bare();
    watcher.check_watches(&node, 3).fails(err::NO_WATCHER);
}

fn unknown_watcher_types_are_refused() {
    let mut client = join(&bed::usual());
    for kind in [0, 6, -1, i32::MAX] {
        client.check_watches("/", kind).fails(err::MARSHALLING);
        client.remove_watches("/", kind).fails(err::MARSHALLING);
    }
}

fn read_and_registration_are_one() {
    let (mut writer, mut watcher, root) = pair("atomic");
    let rounds = 300;
    let feeder = std::thread::spawn({
        let root = root.clone();
        move || {
            for n in 1..=rounds {
                writer.set(&root, n.to_string().as_bytes(), -1).ok();
            }
        }
    });
    let mut version = -1;
    while version < rounds {
        let (_, stat) = watcher.get(&root, true).data();
        assert!(stat.version >= version, "reads never go back");
        version = stat.version;
        if version < rounds {
            assert_eq!(watcher.event().kind, event::DATA, "a change not yet seen fires");
        }
    }
    feeder.join().expect("the writer finishes");
}
