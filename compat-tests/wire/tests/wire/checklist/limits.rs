//! Lines 38 to 44: limits and what remains.

use std::time::{Duration, Instant};

use codec::acl::open_acl_unsafe;
use codec::client::CreateRequest;
use libtest_mimic::Trial;
use wire::bed::{self, join, place};
use wire::case::{self, For};
use wire::cases;
use wire::client::{Raw, four_letter, op, open_socket, read_frame};
use wire::expect::{Reply, acl, err, event};
use wire::handshake::Connect;
use wire::ops;
use wire::server::{Server, Spec};

pub fn trials(module: &str) -> Vec<Trial> {
    let all = cases![
        c38_jute_maxbuffer_is_inclusive_and_does_not_bind_replies,
        c39_words_stand_before_the_handshake_and_before_the_length_limit,
        c40_counts_are_of_all_descendants_and_prefixes_of_plain_text,
        c41_sync_echoes_its_path_and_consumes_no_zxid,
        c42_quota_counts_its_root_and_leaves_the_stats_node_unversioned,
        c43_ttl_runs_from_mtime_and_unused_containers_stay,
    ];
    let mut trials = case::trials(module, For::All, all);
    let promises = cases![c44_defects_of_the_reference_are_not_copied];
    trials.extend(case::trials(module, For::Promise, promises));
    trials
}

/// A setData request whose payload (header included) has exactly `size` bytes.
fn sized(path: &str, size: usize) -> Vec<u8> {
    let fixed = 8 + 4 + path.len() + 4 + 4;
    let data = vec![b'x'; size - fixed];
    let body =
        codec::client::SetDataRequest { path: Some(path.into()), data: Some(&data), version: -1 };
    wire::client::request(9, op::SET_DATA, &body)
}

fn c38_jute_maxbuffer_is_inclusive_and_does_not_bind_replies() {
    let server = bed::usual();
    let (mut client, root) = place(&server, "c38");
    client.write(&sized(&root, 1_048_575));
    let stat = client.reply().ok().stat();
    let reply = client.get(&root, false);
    let size = 16 + reply.body.len();
    assert_eq!(reply.data().1, stat);
    assert!(size > 1_048_575, "the reply may be larger: {size}");
    let mut over = join(&server);
    over.write(&1_048_576_i32.to_be_bytes());
    over.is_closed();
    for length in [1_048_576_i32, i32::MAX, -1, i32::MIN, 0] {
        let mut stream = open_socket(server.addr());
        std::io::Write::write_all(&mut stream, &length.to_be_bytes()).expect("it is sent");
        assert_eq!(read_frame(&mut stream), None, "a first frame of length {length}");
    }
    client.ping();
}

fn c39_words_stand_before_the_handshake_and_before_the_length_limit() {
    let server = bed::usual();
    assert_eq!(four_letter(server.addr(), b"ruok"), b"imok");
    assert_eq!(four_letter(server.addr(), b"ruok\nwhatever"), b"imok");
    assert_eq!(four_letter(server.addr(), b"GET "), b"", "unknown text is an over-long frame");
    let mut stream = open_socket(server.addr());
    for byte in b"ruok" {
        std::io::Write::write_all(&mut stream, &[*byte]).expect("it is sent");
        std::thread::sleep(Duration::from_millis(20));
    }
    let mut answer = Vec::new();
    std::io::Read::read_to_end(&mut stream, &mut answer).expect("an answer and a close");
    assert_eq!(answer, b"imok", "a word in four segments");
    let mut client = join(&server);
    client.write(b"ruok");
    client.is_closed();
}

fn c40_counts_are_of_all_descendants_and_prefixes_of_plain_text() {
    let fresh = join(&bed::stock()).count("/").number();
    assert_eq!(fresh, 3, "a fresh tree: every node except the root");
    let (mut client, root) = place(&bed::usual(), "c40");
    for name in ["/a", "/a/b", "/a/b/c", "/d"] {
        client.create(&format!("{root}{name}"), b"").ok();
    }
    assert_eq!(client.count(&root).number(), 4);
    assert_eq!(client.count(&format!("{root}/a/b/c")).number(), 0);
    client.count(&format!("{root}/nope")).fails(err::NO_NODE);
    let at = |name: &str| format!("{root}/{name}");
    for name in ["eph1", "eph2", "other"] {
        client.create_flags(&at(name), 1).ok();
    }
    assert_eq!(client.ephemerals(&at("e")).paths(), [at("eph1"), at("eph2")]);
    assert_eq!(client.ephemerals(&at("nope")).paths(), Vec::<String>::new());
    for all in ["", "  ", "/"] {
        assert_eq!(client.ephemerals(all).paths().len(), 3, "prefix {all:?}");
    }
    assert_eq!(client.call(op::GET_EPHEMERALS, &Raw(&[0xff; 4])).paths().len(), 3, "null");
}

fn c41_sync_echoes_its_path_and_consumes_no_zxid() {
    let (_turn, server) = bed::lone();
    let mut client = join(&server);
    let last = client.create_flags("/c41-", 2).ok().zxid;
    for path in ["/", "/nope", "", "no slash", "/a/../b"] {
        let reply = client.sync(path);
        assert_eq!((reply.path(), reply.zxid), (path.to_owned(), last));
    }
    assert_eq!(client.call(op::SYNC, &Raw(&[0xff; 4])).ok().body, [0xff; 4], "null stays null");
    let bad = client.call(op::SYNC, &Raw(b"\0\0\0\x02\x2f\xff"));
    assert_eq!(bad.ok().body, b"\0\0\0\x04\x2f\xef\xbf\xbd", "bad UTF-8");
    let wide = client.call(op::SYNC, &Raw("\0\0\0\x06/😀x".as_bytes())).ok().body;
    assert_eq!(wide, b"\0\0\0\x08\x2f\xed\xa0\xbd\xed\xb8\x80x", "one UTF-16 unit at a time");
    assert_eq!(client.create_flags("/c41-", 2).ok().zxid, last + 1);
}

fn c42_quota_counts_its_root_and_leaves_the_stats_node_unversioned() {
    let (mut client, root) = place(&bed::rich(), "c42");
    client.set(&root, b"12345", -1).ok();
    client.create(&format!("{root}/a"), b"123").ok();
    let quota = format!("/zookeeper/quota{root}");
    client.create(&quota, b"").ok();
    client.create(&format!("{quota}/zookeeper_limits"), b"count=1,bytes=1").ok();
    let stats = format!("{quota}/zookeeper_stats");
    client.create(&stats, b"count=0,bytes=0").ok();
    let (text, before) = client.get(&stats, false).data();
    assert_eq!(text, Some(b"count=2,bytes=8".to_vec()), "the root itself counts");
    let mut watcher = join(&bed::rich());
    watcher.get(&stats, true).ok();
    client.create(&format!("{root}/b"), b"12").ok();
    client.set(&format!("{root}/a"), b"1", -1).ok();
    client.delete(&format!("{root}/b"), -1).ok();
    client.create(&format!("{root}/c"), b"1234567").ok();
    let (text, after) = client.get(&stats, false).data();
    assert_eq!(text, Some(b"count=3,bytes=13".to_vec()), "soft limits only warn");
    let expect = codec::Stat { data_length: 16, ..before };
    assert_eq!(after, expect, "no version, mzxid or mtime moves");
    assert_eq!(watcher.take_kinds(), []);
}

fn c43_ttl_runs_from_mtime_and_unused_containers_stay() {
    let server = bed::rich();
    let (mut client, root) = place(&server, "c43");
    let at = |name: &str| format!("{root}/{name}");
    let open = || Some(open_acl_unsafe());
    client.create_as(op::CREATE_CONTAINER, &at("unused"), None, open(), 4).ok();
    let ttl = Duration::from_millis(3000);
    client.create_ttl(&at("t"), 5, 3000).ok();
    client.create_ttl(&at("parent"), 5, 3000).ok();
    client.create(&format!("{}/child", at("parent")), b"").ok();
    std::thread::sleep(ttl / 2);
    let refreshed = Instant::now();
    client.set(&at("t"), b"x", -1).ok();
    client.exists(&at("t"), true).ok();
    assert_eq!(client.event().kind, event::DELETED);
    let lasted = refreshed.elapsed();
    assert!(lasted >= ttl, "setData starts the clock anew, but it went after {lasted:?}");
    client.exists(&at("parent"), true).ok();
    client.delete(&format!("{}/child", at("parent")), -1).ok();
    assert_eq!(client.event().kind, event::DELETED, "the child held it, and not its activity");

    for round in 0..2 {
        let used = format!("{}{round}", at("used"));
        client.create_as(op::CREATE_CONTAINER, &used, None, open(), 4).ok();
        client.create(&format!("{used}/x"), b"").ok();
        client.delete(&format!("{used}/x"), -1).ok();
        client.exists(&used, true).ok();
        assert_eq!(client.event().path, used);
    }
    client.exists(&at("unused"), false).ok();
}

fn c44_defects_of_the_reference_are_not_copied() {
    let server = Server::start(Spec::usual().property("zookeeper.enableEagerACLCheck", true));
    let (mut client, root) = place(&server, "c44");
    op_21_without_ttl_flag(&mut client, &root);
    internal_ops_are_refused(&server, &root);
    a_wrong_password_does_not_kick(&server);
    early_rejections_keep_their_order(&server, &root);
    a_marshalling_error_never_doubles_a_zxid(&mut client, &root);
    quota_garbage(&mut client, &root);
}

fn op_21_without_ttl_flag(client: &mut wire::client::Client, root: &str) {
    for flags in [0, 1, 2, 4] {
        client.create_ttl(&format!("{root}/t"), flags, -1).fails(err::BAD_ARGUMENTS);
    }
    client.exists(&format!("{root}/t"), false).fails(err::NO_NODE);
}

fn internal_ops_are_refused(server: &Server, root: &str) {
    for op in [op::DELETE_CONTAINER, op::CREATE_SESSION] {
        let mut client = join(server);
        let mut body = (root.len() as i32).to_be_bytes().to_vec();
        body.extend_from_slice(root.as_bytes());
        let reply = client.call(op, &Raw(&body));
        assert_eq!(reply.zxid, -1);
        reply.fails(err::UNIMPLEMENTED);
        client.is_closed();
    }
    join(server).exists(root, false).ok();
}

fn a_wrong_password_does_not_kick(server: &Server) {
    let mut client = join(server);
    let ask = Connect::resume(&client.session).passwd(Some(vec![7; 16]));
    ask.is_expired(server.addr());
    client.ping();
}

fn early_rejections_keep_their_order(server: &Server, root: &str) {
    let mut client = join(server);
    let shut = format!("{root}/shut");
    client.create_acl(&shut, acl(&[(1, "world", "anyone")])).ok();
    let create = |path: &str| {
        let acl = Some(open_acl_unsafe());
        codec::Encode::to_bytes(&CreateRequest {
            path: Some(path.into()),
            data: None,
            acl,
            flags: 0,
        })
    };
    let paths = [format!("{root}/1"), format!("{shut}/2"), format!("{root}/3")];
    let mut sent: Vec<_> =
        paths.iter().map(|path| client.send(op::CREATE, &Raw(&create(path)))).collect();
    sent.push(client.send(999, &Raw(&[])));
    let replies: Vec<Reply> = sent.iter().map(|_| client.reply()).collect();
    assert_eq!(replies.iter().map(|r| r.xid).collect::<Vec<_>>(), sent);
    let codes: Vec<_> = replies.iter().map(|r| r.err).collect();
    assert_eq!(codes, [0, err::NO_AUTH, 0, err::UNIMPLEMENTED]);
    client.is_closed();
}

fn a_marshalling_error_never_doubles_a_zxid(client: &mut wire::client::Client, root: &str) {
    let before = client.set(root, b"", -1).ok().zxid;
    let failed = client.call(op::CREATE, &Raw(b"\0\0")).fails(err::MARSHALLING).zxid;
    let after = client.set(root, b"", -1).ok().zxid;
    let fresh = failed > before && after > failed;
    assert!(fresh || failed == before && after > before, "{before}, {failed}, {after}");
}

fn quota_garbage(client: &mut wire::client::Client, root: &str) {
    let quota = format!("/zookeeper/quota{root}");
    let parts = vec![
        ops::create(&quota),
        ops::create(format!("{quota}/zookeeper_limits")),
        ops::create(format!("{quota}/zookeeper_stats")),
    ];
    assert_eq!(client.multi(parts).results().len(), 3);
    client.set(&format!("{quota}/zookeeper_limits"), b"count=9,bytes=9", -1).ok();
    client.set(&format!("{quota}/zookeeper_stats"), b"garbage", -1).ok();
    client.create(&format!("{root}/q"), b"").ok();
    client.set(&format!("{root}/q"), b"x", -1).ok();
    client.delete(&format!("{root}/q"), -1).ok();
    client.ping();
}
