//! Lines 16 to 26: the data model.

use codec::acl::open_acl_unsafe;
use codec::client::{CreateRequest, SetDataRequest};
use libtest_mimic::Trial;
use wire::bed::{self, join, place};
use wire::case::{self, For};
use wire::cases;
use wire::client::op;
use wire::expect::{acl, err};
use wire::ops;

pub fn trials(module: &str) -> Vec<Trial> {
    case::trials(
        module,
        For::All,
        cases![
            c16_cversion_counts_deletes_on_the_wire_only,
            c17_the_sequence_suffix_is_the_parents_creation_count,
            c18_numbers_are_neither_reused_nor_burnt,
            c19_pzxid_moves_on_child_delete_and_ephemeral_cleanup_only,
            c20_set_acl_touches_nothing_but_aversion,
            c21_markers_stay_inside_and_builtin_nodes_have_their_odd_stats,
            c22_null_and_empty_data_differ,
            c23_create_checks_in_the_reference_order,
            c24_delete_asks_the_parent_and_version_beats_children,
            c25_scheme_auth_expands_to_every_authenticated_identity,
            c26_readers_do_not_see_digest_hashes,
        ],
    )
}

fn c16_cversion_counts_deletes_on_the_wire_only() {
    let (mut client, root) = place(&bed::usual(), "c16");
    for name in ["a", "b", "c"] {
        client.create(&format!("{root}/{name}"), b"").ok();
    }
    client.set(&format!("{root}/a"), b"x", -1).ok();
    client.set_acl(&format!("{root}/a"), open_acl_unsafe(), -1).ok();
    client.create(&format!("{root}/a/deep"), b"").ok();
    client.delete(&format!("{root}/b"), -1).ok();
    let stat = client.exists(&root, false).stat();
    assert_eq!((stat.cversion, stat.num_children), (4, 2), "3 creations, 1 deletion");
    let made = client.create_flags(&format!("{root}/s"), 2).path();
    assert_eq!(made, format!("{root}/s0000000003"), "the counter has not seen the deletion");
    assert_eq!(client.exists(&root, false).stat().cversion, 5);
}

fn c17_the_sequence_suffix_is_the_parents_creation_count() {
    let server = bed::usual();
    let (mut client, root) = place(&server, "c17");
    let suffix = |path: String| path[path.len() - 10..].to_owned();
    client.create(&format!("{root}/plain"), b"").ok();
    let seq = client.create_flags(&format!("{root}/a-"), 2).path();
    assert_eq!(suffix(seq), "0000000001");
    client.create_flags(&format!("{root}/eph"), 1).ok();
    let container = Some(open_acl_unsafe());
    client.create_as(op::CREATE_CONTAINER, &format!("{root}/con"), None, container, 4).ok();
    let seq = client.create_flags(&format!("{root}/b-"), 3).path();
    assert_eq!(suffix(seq), "0000000004", "every creation of the parent counts, of any name");
    let seq = client.create_flags(&format!("{root}/"), 2).path();
    assert_eq!(seq, format!("{root}/0000000005"), "an empty name is fine with a suffix");
    client.create_flags(&format!("{root}/a-0000000001/x"), 2).ok();
    let seq = client.create_flags(&format!("{root}/a-"), 2).path();
    assert_eq!(suffix(seq), "0000000006", "grandchildren do not count");
}

fn c18_numbers_are_neither_reused_nor_burnt() {
    let (mut client, root) = place(&bed::usual(), "c18");
    let name = format!("{root}/s");
    let first = client.create_flags(&name, 2).path();
    assert_eq!(first, format!("{name}0000000000"));
    client.delete(&first, -1).ok();
    assert_eq!(client.create_flags(&name, 2).path(), format!("{name}0000000001"));
    let failing =
        vec![ops::create_flags(&name, 2), ops::create_flags(&name, 2), ops::check(&root, 77)];
    assert_eq!(client.multi(failing).codes(), [0, 0, err::BAD_VERSION]);
    let two = vec![ops::create_flags(&name, 2), ops::create2(&name, 2)];
    let made = format!("{:?}", client.multi(two).results());
    assert!(made.contains("s0000000002") && made.contains("s0000000003"), "{made}");
    client.create_flags(&format!("{root}/nope/x"), 2).fails(err::NO_NODE);
    assert_eq!(client.create_flags(&name, 2).path(), format!("{name}0000000004"));
}

fn c19_pzxid_moves_on_child_delete_and_ephemeral_cleanup_only() {
    let server = bed::usual();
    let (mut client, root) = place(&server, "c19");
    let mut owner = join(&server);
    let child = format!("{root}/c");
    let made = client.create(&child, b"").ok().zxid;
    let pzxid = |client: &mut wire::client::Client| client.exists(&root, false).stat().pzxid.0;
    assert_eq!(pzxid(&mut client), made);
    client.set(&child, b"x", -1).ok();
    client.set_acl(&child, open_acl_unsafe(), -1).ok();
    client.create(&format!("{child}/deep"), b"").ok();
    client.set(&root, b"x", -1).ok();
    assert_eq!(pzxid(&mut client), made, "only children come and go");
    client.delete(&format!("{child}/deep"), -1).ok();
    let gone = client.delete(&child, -1).ok().zxid;
    assert_eq!(pzxid(&mut client), gone);
    let born = owner.create_flags(&child, 1).ok().zxid;
    assert_eq!(pzxid(&mut client), born);
    let closed = owner.close_session().bare().zxid;
    let stat = client.exists(&root, false).stat();
    assert_eq!((stat.pzxid.0, stat.cversion, stat.num_children), (closed, 4, 0));
}

fn c20_set_acl_touches_nothing_but_aversion() {
    let server = bed::usual();
    let (mut client, root) = place(&server, "c20");
    let mut watcher = join(&server);
    watcher.add_watch(&root, 0).ok();
    watcher.get(&root, true).ok();
    let before = client.exists(&root, false).stat();
    let after = client.set_acl(&root, open_acl_unsafe(), 0).stat();
    assert_eq!(after, codec::Stat { aversion: 1, ..before });
    client.set_acl(&root, open_acl_unsafe(), 0).fails(err::BAD_VERSION);
    client.set_acl(&root, open_acl_unsafe(), 1).ok();
    assert_eq!(client.exists(&root, false).stat(), codec::Stat { aversion: 2, ..before });
    assert_eq!(watcher.take_kinds(), []);
    let set = client.set(&root, b"four", 0);
    let stat = set.stat();
    assert_eq!((stat.version, stat.aversion, stat.data_length), (1, 2, 4));
    assert_eq!((stat.mzxid.0, stat.czxid, stat.ctime), (set.zxid, before.czxid, before.ctime));
}

fn c21_markers_stay_inside_and_builtin_nodes_have_their_odd_stats() {
    let rich = bed::rich();
    let (mut client, root) = place(&rich, "c21");
    let open = || Some(open_acl_unsafe());
    let container = format!("{root}/c");
    let made = client.create_as(op::CREATE_CONTAINER, &container, None, open(), 4).created();
    assert_eq!((made.0, made.1.ephemeral_owner), (container, 0));
    assert_eq!(client.create_ttl(&format!("{root}/t"), 5, 90_000).created().1.ephemeral_owner, 0);
    let eph = client.create_as(op::CREATE2, &format!("{root}/e"), None, open(), 1).created();
    assert_eq!(eph.1.ephemeral_owner, client.session.id);
    assert_eq!((eph.1.version, eph.1.num_children, eph.1.pzxid), (0, 0, eph.1.czxid));

    let mut fresh = join(&bed::stock());
    let quiet = codec::Stat::default();
    let stat = |client: &mut wire::client::Client, path: &str| client.exists(path, false).stat();
    let expect = codec::Stat { cversion: -1, num_children: 1, ..quiet };
    assert_eq!(stat(&mut fresh, "/"), expect, "/");
    let expect = codec::Stat { cversion: -2, num_children: 2, ..quiet };
    assert_eq!(stat(&mut fresh, "/zookeeper"), expect, "/zookeeper");
    assert_eq!(stat(&mut fresh, "/zookeeper/quota"), quiet, "/zookeeper/quota");
    let expect = codec::Stat { aversion: -1, ..quiet };
    assert_eq!(stat(&mut fresh, "/zookeeper/config"), expect, "/zookeeper/config");
    assert_eq!(fresh.get("/zookeeper/config", false).data().0, Some(vec![]), "empty, not null");
    assert_eq!(fresh.get("/", false).data().0, Some(vec![]));
    assert_eq!(fresh.get_acl("/zookeeper/config").acl(), acl(&[(1, "world", "anyone")]));
    assert_eq!(fresh.get_acl("/").acl(), acl(&[(31, "world", "anyone")]));
    assert_eq!(fresh.children("/zookeeper", false).names(), ["config", "quota"]);
}

fn c22_null_and_empty_data_differ() {
    let (mut client, root) = place(&bed::usual(), "c22");
    let node = format!("{root}/n");
    let null = CreateRequest {
        path: Some(node.as_str().into()),
        data: None,
        acl: Some(open_acl_unsafe()),
        flags: 0,
    };
    client.call(op::CREATE, &null).ok();
    let (data, stat) = client.get(&node, false).data();
    assert_eq!((data, stat.data_length), (None, 0));
    client.set(&node, b"", -1).ok();
    assert_eq!(client.get(&node, false).data().0, Some(vec![]));
    let null = SetDataRequest { path: Some(node.as_str().into()), data: None, version: -1 };
    assert_eq!(client.call(op::SET_DATA, &null).stat().data_length, 0);
    assert_eq!(client.get(&node, false).data().0, None);
    let body = client.get(&node, false).body;
    assert_eq!(body[..4], [0xff; 4], "null goes out as length -1");
}

fn c23_create_checks_in_the_reference_order() {
    let (mut client, root) = place(&bed::usual(), "c23");
    let bad = vec![];
    let at = |name: &str| format!("{root}{name}");
    client.create_acl(&at("/no/such"), bad).fails(err::INVALID_ACL);
    client.create(&at("/no//x"), b"").fails(err::NO_NODE);
    client.create(&at("//b"), b"").fails(err::NO_NODE);
    client.create_acl(&at("/closed"), acl(&[(1, "world", "anyone")])).ok();
    client.create(&at("/closed/.."), b"").fails(err::NO_AUTH);
    client.create(&at("/"), b"").fails(err::BAD_ARGUMENTS);
    client.create(&at("/.."), b"").fails(err::BAD_ARGUMENTS);
    client.create_flags(&at("/e"), 1).ok();
    client.create(&at("/e/.."), b"").fails(err::BAD_ARGUMENTS);
    client.create(&at("/e/x"), b"").fails(err::NO_CHILDREN_FOR_EPHEMERALS);
    client.create(&at("/e"), b"").fails(err::NODE_EXISTS);
    client.create_flags(&at("/no\0"), 99).fails(err::BAD_ARGUMENTS);
    client.create(&at("/x\0"), b"").fails(err::BAD_ARGUMENTS);
    client.create("nothing", b"").fails(err::BAD_ARGUMENTS);
}

fn c24_delete_asks_the_parent_and_version_beats_children() {
    let (mut client, root) = place(&bed::usual(), "c24");
    let at = |name: &str| format!("{root}{name}");
    client.create_acl(&at("/nodelete"), acl(&[(31 - 8, "world", "anyone")])).ok();
    client.create(&at("/nodelete/x"), b"").ok();
    client.delete(&at("/nodelete/x"), -1).fails(err::NO_AUTH);
    client.delete(&at("/nodelete/missing"), -1).fails(err::NO_AUTH);
    client.create_acl(&at("/open"), open_acl_unsafe()).ok();
    client.create_acl(&at("/open/shut"), acl(&[(1, "world", "anyone")])).ok();
    client.delete(&at("/open/shut"), -1).bare();
    client.create(&at("/open/child"), b"").ok();
    client.delete(&at("/open"), 7).fails(err::BAD_VERSION);
    client.delete(&at("/open"), 0).fails(err::NOT_EMPTY);
    client.delete(&at("/missing/x"), -1).fails(err::NO_NODE);
    client.delete(&at("/missing"), -1).fails(err::NO_NODE);
}

fn c25_scheme_auth_expands_to_every_authenticated_identity() {
    let (mut client, root) = place(&bed::usual(), "c25");
    let at = |name: &str| format!("{root}{name}");
    client.create_acl(&at("/a"), acl(&[(31, "auth", "")])).fails(err::INVALID_ACL);
    client.auth("ip", b"").bare();
    client.create_acl(&at("/a"), acl(&[(31, "auth", "")])).fails(err::INVALID_ACL);
    client.auth("digest", b"bob:secret").bare();
    client.auth("digest", b"amy:pass").bare();
    client.auth("digest", b"bob:secret").bare();
    client.create_acl(&at("/a"), acl(&[(7 | 16, "auth", "ignored")])).ok();
    let mut entries = client.get_acl(&at("/a")).acl();
    entries.sort_by_key(|entry| entry.id.id.clone());
    let bob = "bob:fyVmFCwVbTJYrznoSu1koqYEYF0=";
    assert_eq!(entries.len(), 2, "{entries:?}");
    assert_eq!(entries[1], acl(&[(23, "digest", bob)])[0]);
    let who = client.who_am_i().identities();
    assert_eq!(who, ["digest:amy", "digest:bob", "ip:127.0.0.1"]);
}

fn c26_readers_do_not_see_digest_hashes() {
    let server = bed::usual();
    let (mut client, root) = place(&server, "c26");
    client.auth("digest", b"bob:secret").bare();
    let bob = "bob:fyVmFCwVbTJYrznoSu1koqYEYF0=";
    let entries = acl(&[(16, "digest", bob), (1, "world", "anyone"), (2, "ip", "10.0.0.0/8")]);
    client.set_acl(&root, entries.clone(), -1).ok();
    assert_eq!(client.get_acl(&root).acl(), entries, "ADMIN alone may ask, and sees all");
    let mut reader = join(&server);
    let masked = acl(&[(16, "digest", "bob:x"), (1, "world", "anyone"), (2, "ip", "10.0.0.0/8")]);
    assert_eq!(reader.get_acl(&root).acl(), masked);
    client.set_acl(&root, acl(&[(16, "digest", bob)]), -1).ok();
    reader.get_acl(&root).fails(err::NO_AUTH);
    assert_eq!(client.get_acl(&root).acl().len(), 1);
    client.get(&root, false).fails(err::NO_AUTH);
}
