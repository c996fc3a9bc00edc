//! Which error wins: every rule of precedence of the operations, one check for each operation.

use codec::acl::{Acl, Id, open_acl_unsafe};
use codec::client::SetAclRequest;
use libtest_mimic::Trial;
use wire::bed::{self, RICH_TICK, join, place};
use wire::case::{self, For};
use wire::cases;
use wire::client::{Client, Raw, op};
use wire::expect::{Outcome, acl, err};
use wire::ops;

pub fn trials() -> Vec<Trial> {
    let all = cases![
        create_flags_come_first,
        create_ttl_flags_without_extended_types,
        create_ttl_ranges_and_other_op_codes,
        create_acl_beats_the_parent_and_the_path,
        create_parent_permission_syntax_existence,
        create_under_containers_and_ttl_nodes_is_fine,
        container_kind_follows_op_code_and_flags,
        delete_precedence,
        set_data_precedence,
        set_acl_precedence,
        check_precedence,
        exists_precedence,
        the_empty_path_reads_the_root,
        reads_precedence,
        get_acl_takes_read_or_admin,
        builtin_nodes_are_special,
        reconfig_is_disabled_by_default,
        reconfig_enabled_on_a_standalone_server,
        top_level_check_is_refused,
        null_paths_are_marshalling_errors,
    ];
    case::trials("errors", For::All, all)
}

const READ_ONLY: [(i32, &str, &str); 1] = [(1, "world", "anyone")];

fn closed(client: &mut Client, path: &str) -> String {
    client.create_acl(path, acl(&READ_ONLY)).ok().path()
}

fn create_flags_come_first() {
    let (mut client, root) = place(&bed::usual(), "flags");
    for flags in [-1, 7, 99, i32::MIN] {
        client.create_as(op::CREATE, "bad", None, None, flags).fails(err::BAD_ARGUMENTS);
        let path = format!("{root}/x");
        client.create_as(op::CREATE2, &path, None, None, flags).fails(err::BAD_ARGUMENTS);
        client.create_as(op::CREATE_CONTAINER, &path, None, None, flags).fails(err::BAD_ARGUMENTS);
        client.create_ttl(&path, flags, 5).fails(err::BAD_ARGUMENTS);
    }
}

fn create_ttl_flags_without_extended_types() {
    let (mut client, root) = place(&bed::usual(), "ttloff");
    let path = format!("{root}/x");
    client.create_ttl(&path, 5, 1000).fails(err::UNIMPLEMENTED);
    client.create_ttl("bad", 6, -7).fails(err::UNIMPLEMENTED);
    client.create_flags(&path, 5).fails(err::UNIMPLEMENTED);
    client.create_as(op::CREATE2, &path, None, None, 6).fails(err::UNIMPLEMENTED);
    client.ping();
}

fn create_ttl_ranges_and_other_op_codes() {
    let (mut client, root) = place(&bed::rich(), "ttl");
    let path = format!("{root}/x");
    for ttl in [0, -1, i64::MIN, 1 << 40, i64::MAX] {
        client.create_ttl(&path, 5, ttl).fails(err::BAD_ARGUMENTS);
    }
    client.create_ttl(&path, 0, 10).fails(err::BAD_ARGUMENTS);
    client.create_ttl(&path, 0, 0).fails(err::BAD_ARGUMENTS);
    client.create_flags(&path, 5).fails(err::BAD_ARGUMENTS);
    client.create_as(op::CREATE2, &path, None, None, 6).fails(err::BAD_ARGUMENTS);
    let (made, stat) = client.create_ttl(&path, 5, (1 << 40) - 1).created();
    assert_eq!((made, stat.ephemeral_owner, stat.version), (path.clone(), 0, 0));
    let (made, _) = client.create_ttl(&path, 6, 60_000).created();
    assert_eq!(made, format!("{path}0000000001"));
}

fn create_acl_beats_the_parent_and_the_path() {
    let (mut client, root) = place(&bed::usual(), "caacl");
    let missing = format!("{root}/no/x");
    client.create_acl(&missing, vec![]).fails(err::INVALID_ACL);
    client.create_as(op::CREATE, &missing, None, None, 0).fails(err::INVALID_ACL);
    client.create_acl(&missing, acl(&[(31, "nope", "x")])).fails(err::INVALID_ACL);
    client.create_acl("noslash", vec![]).fails(err::BAD_ARGUMENTS);
    client.create_acl(&format!("{root}/a\0"), vec![]).fails(err::BAD_ARGUMENTS);
    client.create_acl(&format!("{root}/.."), vec![]).fails(err::INVALID_ACL);
    let shut = closed(&mut client, &format!("{root}/shut"));
    client.create_acl(&format!("{shut}/x"), vec![]).fails(err::INVALID_ACL);
}

fn create_parent_permission_syntax_existence() {
    let server = bed::usual();
    let (mut client, root) = place(&server, "cprec");
    let at = |name: &str| format!("{root}{name}");
    for path in ["/no/x", "/no/..", "//b", "/no//x", "/no/x/"] {
        client.create(&at(path), b"").fails(err::NO_NODE);
    }
    let shut = closed(&mut client, &at("/shut"));
    for name in ["x", "..", "", "\u{1}"] {
        client.create(&format!("{shut}/{name}"), b"").fails(err::NO_AUTH);
    }
    let bad = [
        "", ".", "..", "\u{1}", "\u{1f}", "\u{7f}", "\u{9f}", "\u{e000}", "\u{f8ff}", "\u{fff0}",
        "😀",
    ];
    for name in bad {
        client.create(&at(&format!("/{name}")), b"").fails(err::BAD_ARGUMENTS);
    }
    client.create("", b"").fails(err::BAD_ARGUMENTS);
    client.create("/", b"").fails(err::NODE_EXISTS);
    for name in ["...", ".b", "中", " ", "\u{a0}", "a:b", "\u{20}x"] {
        client.create(&at(&format!("/{name}")), b"").ok();
        client.create(&at(&format!("/{name}")), b"").fails(err::NODE_EXISTS);
    }
    client.create_flags(&at("/"), 2).ok();
    client.create_flags(&at("/e"), 1).ok();
    client.create_flags(&at("/e/x"), 0).fails(err::NO_CHILDREN_FOR_EPHEMERALS);
    client.create_flags(&at("/e/x"), 2).fails(err::NO_CHILDREN_FOR_EPHEMERALS);
    client.create_flags(&at("/e/x"), 1).fails(err::NO_CHILDREN_FOR_EPHEMERALS);
}

fn create_under_containers_and_ttl_nodes_is_fine() {
    let (mut client, root) = place(&bed::rich(), "kids");
    let (con, ttl) = (format!("{root}/c"), format!("{root}/t"));
    client.create_as(op::CREATE_CONTAINER, &con, None, Some(open_acl_unsafe()), 4).ok();
    client.create_ttl(&ttl, 5, 60_000).ok();
    for parent in [con, ttl] {
        client.create(&format!("{parent}/p"), b"").ok();
        client.create_flags(&format!("{parent}/e"), 1).ok();
        client.create_ttl(&format!("{parent}/t"), 5, 60_000).ok();
    }
}

fn container_kind_follows_op_code_and_flags() {
    let (mut client, root) = place(&bed::rich(), "kind");
    let at = |name: &str| format!("{root}/{name}");
    let open = || Some(open_acl_unsafe());
    client.create_as(op::CREATE_CONTAINER, &at("op19"), None, open(), 0).ok();
    client.create_as(op::CREATE2, &at("op15"), None, open(), 4).ok();
    client.create_flags(&at("op1"), 4).ok();
    client.multi(vec![ops::create_flags(at("multi"), 4)]).results();
    for name in ["op19", "op15", "op1", "multi"] {
        client.create(&format!("{}/x", at(name)), b"").ok();
        client.exists(&at(name), true).ok();
        client.delete(&format!("{}/x", at(name)), -1).ok();
    }
    let mut gone = [client.event().path, client.event().path];
    gone.sort();
    assert_eq!(gone, [at("multi"), at("op19")], "real containers are reaped");
    std::thread::sleep(std::time::Duration::from_millis(2 * RICH_TICK));
    assert_eq!(client.take_kinds(), [], "flag 4 of op 1 and 15 makes a plain node");
}

fn delete_precedence() {
    let server = bed::usual();
    let (mut client, root) = place(&server, "del");
    let at = |name: &str| format!("{root}{name}");
    for path in ["noslash", "/a\0", "/", "/zookeeper", "/zookeeper/quota", "/zookeeper/config"] {
        client.delete(path, -1).fails(err::BAD_ARGUMENTS);
    }
    client.create(&at("/a"), b"").ok();
    for path in ["/a//b", "/..", "/a/", "/no/x", "/no"] {
        client.delete(&at(path), 3).fails(err::NO_NODE);
    }
    let nodelete = at("/nd");
    client.create_acl(&nodelete, acl(&[(23, "world", "anyone")])).ok();
    client.create(&format!("{nodelete}/x"), b"").ok();
    client.delete(&format!("{nodelete}/x"), 9).fails(err::NO_AUTH);
    client.delete(&format!("{nodelete}/no"), -1).fails(err::NO_AUTH);
    client.create(&at("/a/b"), b"").ok();
    client.delete(&at("/a"), 9).fails(err::BAD_VERSION);
    client.delete(&at("/a"), 0).fails(err::NOT_EMPTY);
    client.delete(&at("/a"), -1).fails(err::NOT_EMPTY);
    client.delete(&at("/a/b"), 0).bare();
    let mut owner = join(&server);
    owner.create_flags(&at("/e"), 1).ok();
    client.delete(&at("/e"), -1).bare();
}

fn set_data_precedence() {
    let (mut client, root) = place(&bed::usual(), "set");
    for path in ["noslash", "/a\0", "/a//b", "/..", "/a/", ""] {
        client.set(path, b"", 7).fails(err::BAD_ARGUMENTS);
    }
    client.set(&format!("{root}/no"), b"", 7).fails(err::NO_NODE);
    let shut = closed(&mut client, &format!("{root}/shut"));
    client.set(&shut, b"", 7).fails(err::NO_AUTH);
    client.set(&root, b"", 7).fails(err::BAD_VERSION);
    assert_eq!(client.set(&root, b"", 0).stat().version, 1);
    assert_eq!(client.set(&root, b"", -1).stat().version, 2);
}

fn set_acl_precedence() {
    let (mut client, root) = place(&bed::usual(), "setacl");
    let missing = format!("{root}/no");
    client.set_acl("/..", vec![], 7).fails(err::BAD_ARGUMENTS);
    client.set_acl(&missing, vec![], 7).fails(err::INVALID_ACL);
    let null = SetAclRequest { path: Some(root.as_str().into()), acl: None, version: 7 };
    client.call(op::SET_ACL, &null).fails(err::INVALID_ACL);
    client.set_acl(&missing, open_acl_unsafe(), 7).fails(err::NO_NODE);
    let shut = closed(&mut client, &format!("{root}/shut"));
    client.set_acl(&shut, open_acl_unsafe(), 7).fails(err::NO_AUTH);
    client.set(&root, b"", -1).ok();
    client.set_acl(&root, open_acl_unsafe(), 1).fails(err::BAD_VERSION);
    assert_eq!(client.set_acl(&root, open_acl_unsafe(), 0).stat().aversion, 1);
    let odd = acl(&[(0, "world", "anyone"), (999, "ip", "127.0.0.1"), (31, "world", "anyone")]);
    client.set_acl(&root, odd.clone(), -1).ok();
    assert_eq!(client.get_acl(&root).acl(), odd, "permission bits are not checked");
}

fn check_precedence() {
    let (mut client, root) = place(&bed::usual(), "check");
    let mut check = |path: &str, version: i32| client.multi(vec![ops::check(path, version)]);
    assert_eq!(check("/a//b", 7).codes(), [err::BAD_ARGUMENTS]);
    assert_eq!(check(&format!("{root}/no"), 7).codes(), [err::NO_NODE]);
    assert_eq!(check(&root, 7).codes(), [err::BAD_VERSION]);
    assert_eq!(check(&root, 0).results(), [Outcome::Checked]);
    assert_eq!(check(&root, -1).results(), [Outcome::Checked]);
    let shut = format!("{root}/shut");
    client.create_acl(&shut, acl(&[(30, "world", "anyone")])).ok();
    assert_eq!(client.multi(vec![ops::check(&shut, 7)]).codes(), [err::NO_AUTH]);
}

fn exists_precedence() {
    let server = bed::usual();
    let (mut client, root) = place(&server, "exists");
    client.exists("/a\0b", true).fails(err::BAD_ARGUMENTS);
    for path in ["noslash", "/a//b", "/../x"] {
        client.exists(path, true).fails(err::NO_NODE);
    }
    let dark = format!("{root}/dark");
    client.create_acl(&dark, acl(&[(30, "world", "anyone")])).ok();
    client.exists(&dark, true).fails(err::NO_AUTH);
    client.check_watches(&dark, 2).fails(err::NO_WATCHER);
    client.exists(&format!("{root}/later"), true).fails(err::NO_NODE);
    client.check_watches(&format!("{root}/later"), 2).bare();
}

fn the_empty_path_reads_the_root() {
    let mut client = join(&bed::stock());
    let root = client.exists("/", false).stat();
    assert_eq!(client.exists("", false).stat(), root);
    assert_eq!(client.get("", false).data().1, root);
    assert_eq!(client.children("", false).names(), ["zookeeper"]);
}

fn reads_precedence() {
    let (mut client, root) = place(&bed::usual(), "reads");
    let dark = format!("{root}/dark");
    client.create_acl(&dark, acl(&[(30, "world", "anyone")])).ok();
    for (path, code) in
        [(dark.as_str(), err::NO_AUTH), ("/a//b", err::NO_NODE), ("x", err::NO_NODE)]
    {
        client.get(path, true).fails(code);
        client.children(path, true).fails(code);
        client.children2(path, true).fails(code);
        client.count(path).fails(code);
        client.check_watches(path, 3).fails(err::NO_WATCHER);
    }
    client.get("/a\0b", false).fails(err::NO_NODE);
    client.get_acl("/no").fails(err::NO_NODE);
}

fn get_acl_takes_read_or_admin() {
    let (mut client, root) = place(&bed::usual(), "getacl");
    for (perms, code) in [(1, 0), (16, 0), (17, 0), (14, err::NO_AUTH), (0, err::NO_AUTH)] {
        let path = format!("{root}/p{perms}");
        client.create_acl(&path, acl(&[(perms, "world", "anyone")])).ok();
        assert_eq!(client.get_acl(&path).err, code, "with permissions {perms}");
    }
}

fn builtin_nodes_are_special() {
    let server = bed::usual();
    let mut client = join(&server);
    client.set("/zookeeper/config", b"", -1).fails(err::NO_AUTH);
    client.set_acl("/zookeeper/config", open_acl_unsafe(), -1).fails(err::NO_AUTH);
    client.set("/zookeeper", b"", -1).ok();
    client.create("/zookeeper/other", b"").ok();
    client.delete("/zookeeper/other", -1).bare();
    client.create("/zookeeper/config/x", b"").fails(err::NO_AUTH);
    client.auth("digest", b"super:wire").bare();
    client.set("/zookeeper/config", b"", -1).ok();
}

fn reconfig_is_disabled_by_default() {
    let mut client = join(&bed::usual());
    client.reconfig("server.1=a:1:2;3", "", -1).fails(err::RECONFIG_DISABLED);
    client.ping();
}

fn reconfig_enabled_on_a_standalone_server() {
    let spec = wire::server::Spec::usual().line("reconfigEnabled", true);
    let server = wire::server::Server::start(spec);
    let mut client = join(&server);
    client.reconfig("server.1=a:1:2;3", "", -1).fails(err::UNIMPLEMENTED);
    client.ping();
}

fn top_level_check_is_refused() {
    let mut client = join(&bed::usual());
    let xid = client.send(op::CHECK, &Raw(b"\0\0\0\x01/\xff\xff\xff\xff"));
    let reply = client.reply();
    assert_eq!((reply.xid, reply.zxid), (xid, -1));
    reply.fails(err::UNIMPLEMENTED);
    client.is_closed();
}

fn null_paths_are_marshalling_errors() {
    let server = bed::usual();
    let mut client = join(&server);
    let body = [&[0xff; 4][..], &[0; 64]].concat();
    let ops = [
        op::CREATE,
        op::CREATE2,
        op::DELETE,
        op::EXISTS,
        op::GET_DATA,
        op::GET_ACL,
        op::GET_CHILDREN,
        op::GET_CHILDREN2,
        op::GET_ALL_CHILDREN_NUMBER,
    ];
    for op in ops {
        client.call(op, &Raw(&body)).fails(err::MARSHALLING);
    }
    client.call(op::SET_DATA, &Raw(&body)).fails(err::BAD_ARGUMENTS);
    client.call(op::SET_ACL, &Raw(&body)).fails(err::BAD_ARGUMENTS);
    client.call(op::ADD_WATCH, &Raw(&body)).ok();
    let null_id = Acl { perms: 31, id: Id { scheme: Some("digest".into()), id: None } };
    client.create_acl("/null-id", vec![null_id]).fails(err::MARSHALLING);
    let null_scheme = Acl { perms: 31, id: Id { scheme: None, id: Some("x".into()) } };
    client.create_acl("/null-scheme", vec![null_scheme]).fails(err::INVALID_ACL);
}
