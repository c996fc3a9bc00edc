//! The handshake: forms of the first frame, negotiation, re-attaching, closing.

use std::io::Write;
use std::time::Duration;

use libtest_mimic::Trial;
use wire::bed::{self, join, place};
use wire::case::{self, For};
use wire::cases;
use wire::client::{Client, Raw, op, open_socket, read_frame, request};
use wire::expect::{err, event};
use wire::handshake::{Connect, password_of};
use wire::server::{Server, Spec};

pub fn trials() -> Vec<Trial> {
    let all = cases![
        the_timeout_is_clamped,
        own_limits_of_the_timeout,
        any_protocol_version_is_answered_with_0,
        any_password_of_a_new_session_is_ignored,
        a_frame_may_come_in_pieces,
        requests_may_stand_behind_the_connect_frame,
        session_ids_grow_by_one_and_name_the_server,
        a_wrong_password_is_an_expired_session,
        reattaching_cuts_the_old_connection,
        a_session_outlives_its_connection,
        a_closed_session_is_expired,
        closing_tells_the_closers_watches_first,
        a_request_in_flight_is_executed_after_a_disconnect,
        sessions_consume_zxids,
        sessions_survive_a_restart,
        unfinished_handshakes_are_closed,
    ];
    case::trials("handshake", For::All, all)
}

fn the_timeout_is_clamped() {
    let addr = bed::usual().addr();
    for (asked, given) in [(1, 4000), (-5, 4000), (0, 4000), (4001, 4001), (1_000_000, 40_000)] {
        let client = Connect::new().timeout(asked).open(addr);
        assert_eq!(client.session.timeout, given, "asked for {asked}");
    }
}

fn own_limits_of_the_timeout() {
    let spec = Spec::stock().line("minSessionTimeout", 500).line("maxSessionTimeout", 90_000);
    let server = Server::start(spec);
    for (asked, given) in [(1, 500), (700, 700), (1_000_000, 90_000)] {
        let client = Connect::new().timeout(asked).open(server.addr());
        assert_eq!(client.session.timeout, given, "asked for {asked}");
    }
}

fn any_protocol_version_is_answered_with_0() {
    for protocol in [0, 1, -1, i32::MAX] {
        let client = Connect { protocol, ..Connect::new() }.open(bed::usual().addr());
        assert_eq!(client.session.protocol, 0);
    }
}

fn any_password_of_a_new_session_is_ignored() {
    for passwd in [None, Some(vec![]), Some(vec![1; 3]), Some(vec![7; 16]), Some(vec![9; 40])] {
        let client = Connect::new().passwd(passwd).open(bed::usual().addr());
        assert_eq!(client.session.passwd, password_of(client.session.id));
    }
}

fn a_frame_may_come_in_pieces() {
    let mut stream = open_socket(bed::usual().addr());
    for piece in Connect::new().frame().chunks(7) {
        stream.write_all(piece).expect("it is sent");
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(read_frame(&mut stream).map(|payload| payload.len()), Some(37));
}

fn requests_may_stand_behind_the_connect_frame() {
    let mut stream = open_socket(bed::usual().addr());
    let mut bytes = Connect::new().frame();
    let path = codec::client::GetDataRequest { path: Some("/".into()), watch: false };
    bytes.extend(request(1, op::GET_DATA, &path));
    bytes.extend(request(-2, op::PING, &Raw(&[])));
    bytes.extend(request(2, op::CLOSE_SESSION, &Raw(&[])));
    stream.write_all(&bytes).expect("it is sent");
    assert_eq!(read_frame(&mut stream).map(|payload| payload.len()), Some(37));
    let mut xid = || read_frame(&mut stream).map(|payload| payload[..4].to_vec());
    assert_eq!(xid(), Some(vec![0, 0, 0, 1]));
    assert_eq!(xid(), Some(vec![0xff, 0xff, 0xff, 0xfe]));
    assert_eq!(xid(), Some(vec![0, 0, 0, 2]));
    assert_eq!(xid(), None);
}

fn session_ids_grow_by_one_and_name_the_server() {
    let (_turn, server) = bed::lone();
    let first = join(&server).session.id;
    let second = join(&server).session.id;
    assert!(second > first, "{first:#x}, {second:#x}");
    assert!(second - first < 1 << 24, "{first:#x}, {second:#x}");
}

fn a_wrong_password_is_an_expired_session() {
    let server = bed::usual();
    let client = join(&server);
    let session = client.session.clone();
    let good = session.passwd.clone();
    for wrong in [Some(vec![0; 16]), Some(good[..15].to_vec()), None, Some(vec![])] {
        Connect::resume(&session).passwd(wrong).is_expired(server.addr());
    }
    Connect::resume(&session).open(server.addr());
    drop(client);
}

fn reattaching_cuts_the_old_connection() {
    let server = bed::usual();
    let mut old = join(&server);
    let mut new = Connect::resume(&old.session).open(server.addr());
    assert_eq!(new.session.id, old.session.id);
    old.is_closed();
    new.ping();
}

fn a_session_outlives_its_connection() {
    let server = bed::usual();
    let (mut other, root) = place(&server, "outlive");
    let mut client = join(&server);
    client.create_flags(&format!("{root}/e"), 1).ok();
    let session = client.abandon();
    other.exists(&format!("{root}/e"), false).ok();
    Connect::resume(&session).open(server.addr()).ping();
}

fn a_closed_session_is_expired() {
    let server = bed::usual();
    let mut client = join(&server);
    client.close_session().bare();
    client.is_closed();
    Connect::resume(&client.session).is_expired(server.addr());
}

fn closing_tells_the_closers_watches_first() {
    let server = bed::usual();
    let (_other, root) = place(&server, "closing");
    let mut client = join(&server);
    let path = format!("{root}/e");
    client.create_flags(&path, 1).ok();
    client.exists(&path, true).ok();
    client.children(&root, true).ok();
    let reply = client.close_session().bare();
    let seen: Vec<_> = client.events.drain(..).map(|e| (e.kind, e.path, e.zxid)).collect();
    let due = [(event::DELETED, path, reply.zxid), (event::CHILDREN, root, reply.zxid)];
    assert_eq!(seen, due);
}

fn a_request_in_flight_is_executed_after_a_disconnect() {
    let server = bed::usual();
    let (mut other, root) = place(&server, "flight");
    let mut client = join(&server);
    let path = format!("{root}/n");
    other.exists(&path, true).fails(err::NO_NODE);
    let body = codec::client::CreateRequest {
        path: Some(path.as_str().into()),
        data: None,
        acl: Some(codec::acl::open_acl_unsafe()),
        flags: 0,
    };
    client.send(op::CREATE, &body);
    let session = client.abandon();
    assert_eq!(other.event().kind, event::CREATED);
    Connect::resume(&session).open(server.addr());
}

fn sessions_consume_zxids() {
    let (_turn, server) = bed::lone();
    let mut client = join(&server);
    let before = client.ping().zxid;
    let other = join(&server);
    assert_eq!(client.ping().zxid, before + 1, "createSession");
    let again: Client = Connect::resume(&other.session).open(server.addr());
    assert_eq!(client.ping().zxid, before + 1, "re-attaching is free");
    drop(again);
    assert_eq!(client.ping().zxid, before + 2, "closeSession");
    drop(other);
}

fn sessions_survive_a_restart() {
    let mut server = Server::start(Spec::usual());
    let mut client = join(&server);
    client.create_flags("/e", 1).ok();
    let last = client.create("/p", b"kept").ok().zxid;
    let session = client.abandon();
    server.kill9();
    server.restart();
    let mut back = Connect::resume(&session).last_zxid(last).open(server.addr());
    assert_eq!(back.get("/e", false).data().1.ephemeral_owner, session.id);
    assert_eq!(back.get("/p", false).data().0, Some(b"kept".to_vec()));
    assert_eq!(back.children("/", false).names(), ["e", "p", "zookeeper"]);
}

fn unfinished_handshakes_are_closed() {
    let server = bed::stock();
    let mut idle = [open_socket(server.addr()), open_socket(server.addr())];
    idle[1].write_all(&[0, 0]).expect("half a length word");
    for stream in &mut idle {
        stream.set_read_timeout(Some(Duration::from_secs(25))).expect("a longer limit");
        assert_eq!(read_frame(stream), None, "closed after 10 to 20 seconds");
    }
}
