//! Lines 11 to 15: headers and ordering.

use codec::Encode;
use codec::acl::open_acl_unsafe;
use codec::client::{CreateRequest, SetDataRequest};
use libtest_mimic::Trial;
use wire::bed::{self, join, place};
use wire::case::{self, For};
use wire::cases;
use wire::client::{Frame, Raw, op};
use wire::expect::{err, event};
use wire::ops;

pub fn trials(module: &str) -> Vec<Trial> {
    case::trials(
        module,
        For::All,
        cases![
            c11_a_failed_write_consumes_a_zxid,
            c12_reads_carry_the_last_zxid_and_auth_carries_0,
            c13_ping_answers_minus_2_and_other_xids_are_echoed,
            c14_the_event_comes_before_the_reply_of_its_cause,
            c15_only_unknown_op_codes_close,
        ],
    )
}

fn c11_a_failed_write_consumes_a_zxid() {
    let (_turn, server) = bed::lone();
    let mut client = join(&server);
    let path = client.create_flags("/c11-", 2).ok();
    let (path, mut last) = (path.path(), path.zxid);
    let mut next = |reply: wire::expect::Reply, code: i32, what: &str| {
        assert_eq!(reply.err, code, "{what}");
        assert_eq!(reply.zxid, last + 1, "the zxid of {what}");
        last = reply.zxid;
    };
    next(client.create(&path, b""), err::NODE_EXISTS, "create of an existing node");
    next(client.delete("/c11-nope", -1), err::NO_NODE, "delete of a missing node");
    next(client.set(&path, b"", 7), err::BAD_VERSION, "setData with a wrong version");
    next(client.create_flags("/c11-flag", 99), err::BAD_ARGUMENTS, "create with odd flags");
    next(client.set_acl(&path, vec![], -1), err::INVALID_ACL, "setACL with an empty list");
    let failing = vec![ops::check(&path, 0), ops::delete("/c11-nope", -1)];
    next(client.multi(failing), 0, "a failed multi");
    next(client.multi(vec![]), 0, "an empty multi");
    next(client.set(&path, b"", 0), 0, "a successful write");
    let other = join(&server);
    drop(other);
    let after = client.set(&path, b"", 1).ok().zxid;
    assert_eq!(after, last + 3, "createSession and closeSession consume one each");
}

fn c12_reads_carry_the_last_zxid_and_auth_carries_0() {
    let (_turn, server) = bed::lone();
    let mut client = join(&server);
    let reply = client.create_flags("/c12-", 2).ok();
    let (path, last) = (reply.path(), reply.zxid);
    assert!(last > 0);
    for _ in 0..2 {
        assert_eq!(client.get(&path, false).zxid, last, "getData");
        assert_eq!(client.exists("/c12-nope", true).zxid, last, "a failed exists");
        assert_eq!(client.ping().zxid, last, "ping");
        assert_eq!(client.add_watch("/c12-nope", 0).ok().zxid, last, "addWatch");
        assert_eq!(client.set_watches(last, [&[], &[], &[]]).zxid, last, "setWatches");
        assert_eq!(client.sync("/").zxid, last, "sync");
        assert_eq!(client.who_am_i().zxid, last, "whoAmI");
        assert_eq!(client.multi_read(vec![ops::get(&path)]).zxid, last, "multiRead");
        assert_eq!(client.auth("digest", b"a:b").ok().zxid, 0, "auth");
    }
    assert_eq!(client.set(&path, b"", -1).zxid, last + 1, "none of them consumed a zxid");
}

fn c13_ping_answers_minus_2_and_other_xids_are_echoed() {
    let server = bed::usual();
    let mut client = join(&server);
    client.send_as(55, op::PING, &Raw(&[]));
    assert_eq!(client.reply().bare().xid, -2);
    let empty = codec::client::SetWatches {
        relative_zxid: codec::Zxid(0),
        data_watches: Some(vec![]),
        exist_watches: Some(vec![]),
        child_watches: Some(vec![]),
    };
    for xid in [-8, 17, 17, 0, -77, i32::MAX, i32::MIN] {
        client.send_as(xid, op::SET_WATCHES, &empty);
        assert_eq!(client.reply().bare().xid, xid, "setWatches");
        let path = codec::client::SyncRequest { path: Some("/".into()) };
        client.send_as(xid, op::SYNC, &path);
        assert_eq!(client.reply().ok().xid, xid, "sync");
    }
    let body = codec::client::AuthPacket {
        auth_type: 0,
        scheme: Some("digest".into()),
        auth: Some(b"x:y"),
    };
    client.send_as(77, op::AUTH, &body);
    assert_eq!(client.reply().bare().xid, 77, "auth");
}

fn c14_the_event_comes_before_the_reply_of_its_cause() {
    let server = bed::usual();
    let (mut client, root) = place(&server, "c14");
    let (mut other, child) = (join(&server), format!("{root}/x"));
    for round in 0..50 {
        other.exists(&child, true);
        client.exists(&child, true);
        let made = client.send(op::CREATE, &create_request(&child));
        let read = client.send(op::GET_DATA, &get_request(&child));
        let Some(Frame::Event(seen)) = client.frame() else { panic!("event before the reply") };
        let reply = client.reply();
        assert_eq!((seen.kind, seen.zxid), (event::CREATED, reply.zxid), "round {round}");
        assert_eq!((reply.xid, client.reply().xid), (made, read), "replies in request order");
        let seen = other.take_events();
        assert_eq!(seen.len(), 1, "before anything that {round} caused can be read elsewhere");
        client.delete(&child, -1).bare();
    }
    let set = SetDataRequest { path: Some(root.as_str().into()), data: None, version: -1 };
    let xids: Vec<_> = (0..200).map(|n| if n % 3 == 0 { None } else { Some(n) }).collect();
    let sent: Vec<_> = xids
        .iter()
        .map(|n| match n {
            None => client.send(op::SET_DATA, &set),
            Some(_) => client.send(op::GET_DATA, &get_request(&root)),
        })
        .collect();
    for xid in sent {
        assert_eq!(client.reply().ok().xid, xid, "writes and reads keep their order");
    }
}

fn create_request(path: &str) -> impl Encode + '_ {
    CreateRequest { path: Some(path.into()), data: None, acl: Some(open_acl_unsafe()), flags: 0 }
}

fn get_request(path: &str) -> impl Encode + '_ {
    codec::client::GetDataRequest { path: Some(path.into()), watch: false }
}

fn c15_only_unknown_op_codes_close() {
    let server = bed::usual();
    let (mut client, root) = place(&server, "c15");
    client.create_flags(&format!("{root}/a"), 99).fails(err::BAD_ARGUMENTS);
    client.create_ttl(&format!("{root}/a"), 5, 1000).fails(err::UNIMPLEMENTED);
    client.call(op::GET_DATA, &Raw(b"\0\0")).fails(err::MARSHALLING);
    client.call(op::CREATE, &Raw(b"\0\0")).fails(err::MARSHALLING);
    client.call(op::MULTI, &Raw(b"\0\0")).fails(err::MARSHALLING);
    client.reconfig("", "", -1).fails(err::RECONFIG_DISABLED);
    client.check_watches(&root, 9).fails(err::MARSHALLING);
    client.check_watches(&root, 1).fails(err::NO_WATCHER);
    client.create_acl(&format!("{root}/a"), vec![]).fails(err::INVALID_ACL);
    client.ping();
    for unknown in [10, 999, -2, 0, op::CHECK, -1] {
        let mut client = join(&server);
        let xid = client.send(unknown, &Raw(&[0; 64]));
        let reply = client.reply();
        assert_eq!((reply.xid, reply.zxid), (xid, -1), "the header for op {unknown}");
        reply.fails(err::UNIMPLEMENTED);
        client.is_closed();
    }
}
