//! Lines 31 to 37: watches.

use libtest_mimic::Trial;
use wire::bed::{self, join, place};
use wire::case::{self, For};
use wire::cases;
use wire::expect::{acl, err, event};
use wire::handshake::Connect;

pub fn trials(module: &str) -> Vec<Trial> {
    case::trials(
        module,
        For::All,
        cases![
            c31_only_exists_leaves_a_watch_on_a_failure,
            c32_one_deleted_event_for_a_connection,
            c33_recursive_never_sees_children_changed_and_persistent_sees_created,
            c34_set_watches_compares_as_the_reference,
            c35_watches_belong_to_the_connection,
            c36_a_filtered_event_still_consumes_the_one_shot,
            c37_a_one_shot_leaves_the_persistent_watch,
        ],
    )
}

fn c31_only_exists_leaves_a_watch_on_a_failure() {
    let server = bed::usual();
    let (mut client, root) = place(&server, "c31");
    let mut watcher = join(&server);
    let node = format!("{root}/n");
    watcher.get(&node, true).fails(err::NO_NODE);
    watcher.children(&node, true).fails(err::NO_NODE);
    watcher.children2(&node, true).fails(err::NO_NODE);
    client.create(&node, b"").ok();
    client.create(&format!("{node}/c"), b"").ok();
    client.set(&node, b"x", -1).ok();
    assert_eq!(watcher.take_kinds(), []);

    let shut = format!("{root}/shut");
    client.auth("digest", b"a:b").ok();
    client.create_acl(&shut, acl(&[(31, "auth", "")])).ok();
    watcher.get(&shut, true).fails(err::NO_AUTH);
    watcher.children(&shut, true).fails(err::NO_AUTH);
    watcher.exists(&shut, true).fails(err::NO_AUTH);
    client.set_acl(&shut, codec::acl::open_acl_unsafe(), -1).ok();
    client.set(&shut, b"x", -1).ok();
    client.delete(&shut, -1).ok();
    assert_eq!(watcher.take_kinds(), [], "nor on NOAUTH");

    let later = format!("{root}/later");
    watcher.exists(&later, true).fails(err::NO_NODE);
    client.create(&later, b"").ok();
    client.set(&later, b"", -1).ok();
    assert_eq!(watcher.take_kinds(), [(event::CREATED, later)]);
}

fn c32_one_deleted_event_for_a_connection() {
    let server = bed::usual();
    let (mut client, root) = place(&server, "c32");
    let (mut both, mut child) = (join(&server), join(&server));
    let node = format!("{root}/n");
    client.create(&node, b"").ok();
    both.get(&node, true).ok();
    both.children(&node, true).ok();
    child.children(&node, true).ok();
    client.delete(&node, -1).ok();
    let one = [(event::DELETED, node)];
    assert_eq!(both.take_kinds(), one, "data and child watch");
    assert_eq!(child.take_kinds(), one, "child watch only");
}

fn c33_recursive_never_sees_children_changed_and_persistent_sees_created() {
    let server = bed::usual();
    let (mut client, root) = place(&server, "c33");
    let (mut recursive, mut persistent) = (join(&server), join(&server));
    let (node, deep) = (format!("{root}/n"), format!("{root}/n/d"));
    assert_eq!(recursive.add_watch(&node, 1).ok().body, [0; 4]);
    assert_eq!(persistent.add_watch(&node, 0).ok().body, [0; 4]);
    for _ in 0..2 {
        client.create(&node, b"").ok();
        client.create(&deep, b"").ok();
        client.set(&deep, b"x", -1).ok();
        client.set(&node, b"x", -1).ok();
        client.delete(&deep, -1).ok();
        client.delete(&node, -1).ok();
        let (n, d) = (node.clone(), deep.clone());
        let all = [
            (event::CREATED, n.clone()),
            (event::CREATED, d.clone()),
            (event::DATA, d.clone()),
            (event::DATA, n.clone()),
            (event::DELETED, d),
            (event::DELETED, n.clone()),
        ];
        assert_eq!(recursive.take_kinds(), all);
        let own = [
            (event::CREATED, n.clone()),
            (event::CHILDREN, n.clone()),
            (event::DATA, n.clone()),
            (event::CHILDREN, n.clone()),
            (event::DELETED, n),
        ];
        assert_eq!(persistent.take_kinds(), own);
    }
}

fn c34_set_watches_compares_as_the_reference() {
    let server = bed::usual();
    let (mut client, root) = place(&server, "c34");
    let mut watcher = join(&server);
    let at = |name: &str| format!("{root}/{name}");
    let (old, set, kid, gone) = (at("old"), at("set"), at("kid"), at("gone"));
    for node in [&old, &set, &kid] {
        client.create(node, b"").ok();
    }
    let mark = client.create(&at("mark"), b"").ok().zxid;
    client.set(&set, b"x", -1).ok();
    client.create(&format!("{kid}/c"), b"").ok();
    client.set(&format!("{kid}/c"), b"x", -1).ok();
    let reply = watcher.set_watches2(
        mark,
        [
            &[&old, &set, &kid, &gone],
            &[&old, &gone],
            &[&old, &set, &kid, &gone],
            &[&set, &kid],
            &[&root],
        ],
    );
    reply.bare();
    let kinds: Vec<_> = watcher.events.drain(..).map(|e| (e.kind, e.path, e.zxid)).collect();
    let due = [
        (event::DATA, set.clone(), -1),
        (event::DELETED, gone.clone(), -1),
        (event::CREATED, old.clone(), -1),
        (event::CHILDREN, kid.clone(), -1),
        (event::DELETED, gone.clone(), -1),
    ];
    assert_eq!(kinds, due, "the events stand before the reply, in list order");
    client.set(&kid, b"x", -1).ok();
    let mut seen = watcher.take_kinds();
    seen.dedup();
    assert_eq!(seen, [(event::DATA, kid)], "what did not fire is registered");
    client.create(&gone, b"").ok();
    assert_eq!(watcher.take_kinds(), [(event::CREATED, gone)]);
}

fn c35_watches_belong_to_the_connection() {
    let server = bed::usual();
    let (mut client, root) = place(&server, "c35");
    let mut watcher = join(&server);
    watcher.get(&root, true).ok();
    watcher.children(&root, true).ok();
    watcher.add_watch(&root, 0).ok();
    let session = watcher.abandon();
    let mut back = Connect::resume(&session).open(server.addr());
    client.set(&root, b"x", -1).ok();
    client.create(&format!("{root}/c"), b"").ok();
    assert_eq!(back.take_kinds(), []);
    back.check_watches(&root, 3).fails(err::NO_WATCHER);
}

fn c36_a_filtered_event_still_consumes_the_one_shot() {
    let server = bed::usual();
    let (mut client, root) = place(&server, "c36");
    let mut watcher = join(&server);
    client.auth("digest", b"a:b").ok();
    let node = format!("{root}/n");
    client.create(&node, b"").ok();
    watcher.get(&node, true).ok();
    watcher.add_watch(&root, 1).ok();
    client.set_acl(&node, acl(&[(31, "auth", "")]), -1).ok();
    client.set(&node, b"x", -1).ok();
    assert_eq!(watcher.take_kinds(), [], "no READ, no event");
    watcher.remove_watches(&root, 5).bare();
    client.set_acl(&node, codec::acl::open_acl_unsafe(), -1).ok();
    client.set(&node, b"y", -1).ok();
    assert_eq!(watcher.take_kinds(), [], "the one-shot was consumed");
    watcher.check_watches(&node, 3).fails(err::NO_WATCHER);
}

fn c37_a_one_shot_leaves_the_persistent_watch() {
    let server = bed::usual();
    let (mut client, root) = place(&server, "c37");
    let mut watcher = join(&server);
    watcher.add_watch(&root, 0).ok();
    watcher.get(&root, true).ok();
    watcher.children(&root, true).ok();
    for _ in 0..3 {
        client.set(&root, b"x", -1).ok();
        assert_eq!(watcher.take_kinds(), [(event::DATA, root.clone())]);
    }
    let child = client.create(&format!("{root}/c"), b"").path();
    client.delete(&child, -1).ok();
    let twice = [(event::CHILDREN, root.clone()), (event::CHILDREN, root.clone())];
    assert_eq!(watcher.take_kinds(), twice);
}
