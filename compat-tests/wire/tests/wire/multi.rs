//! multi and multiRead: which shapes fail whole, which rules hold for the parts, what is answered.

use codec::client::CreateRequest;
use libtest_mimic::Trial;
use wire::bed::{self, place};
use wire::case::{self, For};
use wire::cases;
use wire::client::{Client, Raw, op};
use wire::expect::{Outcome, acl, err};
use wire::ops;

pub fn trials() -> Vec<Trial> {
    let all = cases![
        multi_shapes_that_fail_whole,
        multi_sub_ops_use_the_same_rules,
        multi_ttl_op_with_other_flags_and_containers,
        multi_read_results_and_errors,
        multi_read_with_a_write_gives_results_so_far,
    ];
    case::trials("multi", For::All, all)
}

/// A multi of raw parts.
fn raw_multi(client: &mut Client, op: i32, parts: &[(i32, &[u8])]) -> wire::expect::Reply {
    let mut body = Vec::new();
    for (kind, part) in parts {
        body.extend_from_slice(&kind.to_be_bytes());
        body.extend_from_slice(&[0, 0xff, 0xff, 0xff, 0xff]);
        body.extend_from_slice(part);
    }
    body.extend_from_slice(&[0xff, 0xff, 0xff, 0xff, 1, 0xff, 0xff, 0xff, 0xff]);
    client.call(op, &Raw(&body))
}

fn multi_shapes_that_fail_whole() {
    let (mut client, root) = place(&bed::usual(), "shape");
    let path = [&(root.len() as i32).to_be_bytes()[..], root.as_bytes()].concat();
    let read = [&path[..], &[0]].concat();
    let check = [&path[..], &[0xff; 4]].concat();
    for kind in [3, 6, 7, 9, 12, 20, 22, 100, -1, 999] {
        raw_multi(&mut client, op::MULTI, &[(kind, &read)]).fails(err::MARSHALLING);
    }
    raw_multi(&mut client, op::MULTI, &[(4, &read)]).fails(err::MARSHALLING);
    raw_multi(&mut client, op::MULTI, &[(13, &check), (4, &read)]).fails(err::MARSHALLING);
    raw_multi(&mut client, op::MULTI_READ, &[(12, &read)]).fails(err::MARSHALLING);
    for flags in [5, 6, 7, -1] {
        client.multi(vec![ops::create_flags(format!("{root}/x"), flags)]).fails(err::MARSHALLING);
    }
    let null_acl = codec::client::MultiOp::Create(CreateRequest {
        path: Some(format!("{root}/x").into()),
        data: None,
        acl: None,
        flags: 0,
    });
    client.multi(vec![null_acl]).fails(err::MARSHALLING);
    assert_eq!(client.multi(vec![]).results(), []);
    client.exists(&format!("{root}/x"), false).fails(err::NO_NODE);
}

fn multi_sub_ops_use_the_same_rules() {
    let (mut client, root) = place(&bed::usual(), "multi");
    let at = |name: &str| format!("{root}{name}");
    let shut = at("/shut");
    client.create_acl(&shut, acl(&[(1, "world", "anyone")])).ok();
    client.create_flags(&at("/e"), 1).ok();
    let cases = [
        (ops::create_acl(at("/x"), vec![]), err::INVALID_ACL),
        (ops::create(at("/no/x")), err::NO_NODE),
        (ops::create(format!("{shut}/x")), err::NO_AUTH),
        (ops::create(at("/..")), err::BAD_ARGUMENTS),
        (ops::create(at("/shut")), err::NODE_EXISTS),
        (ops::create(at("/e/x")), err::NO_CHILDREN_FOR_EPHEMERALS),
        (ops::delete("/zookeeper", -1), err::BAD_ARGUMENTS),
        (ops::delete(root.as_str(), -1), err::NOT_EMPTY),
        (ops::set("/..", b"", -1), err::BAD_ARGUMENTS),
        (ops::set(shut.as_str(), b"", 7), err::NO_AUTH),
        (ops::set(root.as_str(), b"", 7), err::BAD_VERSION),
    ];
    for (part, code) in cases {
        let what = format!("{part:?}");
        assert_eq!(client.multi(vec![part]).codes(), [code], "{what}");
    }
}

fn multi_ttl_op_with_other_flags_and_containers() {
    let (mut client, root) = place(&bed::rich(), "mttl");
    let results = client.multi(vec![ops::ttl(format!("{root}/p"), 0, 5)]).results();
    assert!(matches!(results[..], [Outcome::Created(_)]), "op 21 with flag 0 is a create");
    let bad = client.multi(vec![ops::ttl(format!("{root}/t"), 5, 0)]);
    assert_eq!(bad.codes(), [err::BAD_ARGUMENTS]);
    let results = client.multi(vec![ops::ttl(format!("{root}/t"), 6, 60_000)]).results();
    let Outcome::CreatedWithStat(path, _) = &results[0] else { panic!("{results:?}") };
    assert_eq!(*path, format!("{root}/t0000000001"));
}

fn multi_read_results_and_errors() {
    let (mut client, root) = place(&bed::usual(), "mread");
    client.create(&format!("{root}/a"), b"data").ok();
    let dark = format!("{root}/dark");
    client.create_acl(&dark, acl(&[(30, "world", "anyone")])).ok();
    let parts = vec![
        ops::get(format!("{root}/a")),
        ops::get(format!("{root}/no")),
        ops::children(root.as_str()),
        ops::children(dark),
    ];
    let results = client.multi_read(parts).results();
    assert!(matches!(&results[0], Outcome::Data(Some(data), _) if data == b"data"));
    assert_eq!(results[1], Outcome::Failed(err::NO_NODE));
    assert_eq!(results[2], Outcome::Children(vec!["a".into(), "dark".into()]));
    assert_eq!(results[3], Outcome::Failed(err::NO_AUTH));
    assert_eq!(client.multi_read(vec![]).results(), []);
    let path = [&(root.len() as i32).to_be_bytes()[..], root.as_bytes(), &[1]].concat();
    raw_multi(&mut client, op::MULTI_READ, &[(4, &path), (8, &path)]).ok();
    client.check_watches(&root, 3).fails(err::NO_WATCHER);
}

fn multi_read_with_a_write_gives_results_so_far() {
    let (mut client, root) = place(&bed::usual(), "mrw");
    let reply = client.multi_read(vec![ops::check(root.as_str(), -1)]);
    assert_eq!(reply.err, err::MARSHALLING, "{reply:?}");
    assert_eq!(reply.body, b"\xff\xff\xff\xff\x01\xff\xff\xff\xff", "the terminator");
    client.ping();
}
