//! Limits and back-pressure.

use codec::client::SetDataRequest;
use libtest_mimic::Trial;
use wire::bed::{join, place};
use wire::case::{self, For};
use wire::cases;
use wire::client::{four_letter, op, open_socket, read_frame, request};
use wire::expect::err;
use wire::handshake::Connect;
use wire::server::{Server, Spec};

pub fn trials() -> Vec<Trial> {
    let all = cases![
        connections_of_one_address_are_limited,
        connections_in_total_are_limited,
        connect_requests_are_rationed_by_tokens,
        a_smaller_jute_maxbuffer_is_inclusive_too,
        large_requests_beyond_their_budget_are_closed,
        a_low_outstanding_limit_delays_and_loses_nothing,
        throttled_ops_are_answered_in_order_without_a_zxid,
    ];
    case::trials("throttle", For::All, all)
}

/// Holds `limit` sessions on `server` and finds the next connection closed without a word.
fn one_too_many(server: &Server, limit: usize) {
    let mut held: Vec<_> = (0..limit).map(|_| join(server)).collect();
    Connect::new().is_refused(server.addr());
    assert_eq!(four_letter(server.addr(), b"srvr"), b"", "words count, too");
    held.iter_mut().for_each(|client| drop(client.ping()));
    held.pop();
    let free = (0..200).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(10));
        Connect::new().answer(server.addr()).is_some()
    });
    assert!(free, "a connection that ended makes room");
}

fn connections_of_one_address_are_limited() {
    one_too_many(&Server::start(Spec::usual().line("maxClientCnxns", 3)), 3);
}

fn connections_in_total_are_limited() {
    let spec = Spec::usual().line("maxCnxns", 4);
    one_too_many(&Server::start(spec), 4);
}

fn connect_requests_are_rationed_by_tokens() {
    let spec = Spec::usual()
        .property("zookeeper.connection_throttle_tokens", 2)
        .property("zookeeper.connection_throttle_fill_time", 3_600_000);
    let server = Server::start(spec);
    let mut held = [join(&server), join(&server)];
    Connect::new().is_refused(server.addr());
    held.iter_mut().for_each(|client| drop(client.ping()));
    assert_eq!(four_letter(server.addr(), b"ruok"), b"imok", "words need no token");
}

/// A setData request whose payload has exactly `size` bytes.
fn sized(path: &str, size: usize) -> Vec<u8> {
    let data = vec![b'x'; size - 20 - path.len()];
    let body = SetDataRequest { path: Some(path.into()), data: Some(&data), version: -1 };
    let frame = request(7, op::SET_DATA, &body);
    assert_eq!(frame.len(), size + 4);
    frame
}

fn a_smaller_jute_maxbuffer_is_inclusive_too() {
    let server = Server::start(Spec::usual().property("jute.maxbuffer", 5000));
    let (mut client, root) = place(&server, "jute");
    client.write(&sized(&root, 5000));
    client.reply().ok();
    assert_eq!(client.get(&root, false).data().1.data_length as usize, 4980 - root.len());
    let mut over = join(&server);
    over.write(&5001_i32.to_be_bytes());
    over.is_closed();
    let mut stream = open_socket(server.addr());
    std::io::Write::write_all(&mut stream, &5001_i32.to_be_bytes()).expect("it is sent");
    assert_eq!(read_frame(&mut stream), None, "the first frame, too");
    client.ping();
}

fn large_requests_beyond_their_budget_are_closed() {
    let spec = Spec::usual()
        .property("zookeeper.largeRequestThreshold", 10_000)
        .property("zookeeper.largeRequestMaxBytes", 20_000);
    let server = Server::start(spec);
    let (mut client, root) = place(&server, "large");
    client.write(&sized(&root, 9_999));
    client.reply().ok();
    client.write(&sized(&root, 19_000));
    client.reply().ok();
    let mut over = join(&server);
    over.write(&sized(&root, 30_000)[..4]);
    over.is_closed();
    client.ping();
}

fn a_low_outstanding_limit_delays_and_loses_nothing() {
    let server = Server::start(Spec::usual().line("globalOutstandingLimit", 5));
    let (mut client, root) = place(&server, "out");
    let mut others = [join(&server), join(&server)];
    let body = SetDataRequest { path: Some(root.as_str().into()), data: None, version: -1 };
    let xids: Vec<_> = (0..300).map(|_| client.send(op::SET_DATA, &body)).collect();
    others.iter_mut().for_each(|other| drop(other.set(&root, b"", -1).ok()));
    for xid in xids {
        assert_eq!(client.reply().ok().xid, xid);
    }
    assert_eq!(client.get(&root, false).data().1.version, 302);
}

fn throttled_ops_are_answered_in_order_without_a_zxid() {
    let spec = Spec::usual()
        .property("zookeeper.request_throttle_max_requests", 1)
        .property("zookeeper.request_throttle_stall_time", 5)
        .property("zookeeper.throttled_op_wait_time", 1);
    let server = Server::start(spec);
    let mut client = join(&server);
    let root = "/throttled";
    let made = (0..1000).any(|_| [0, err::NODE_EXISTS].contains(&client.create(root, b"").err));
    assert!(made, "a single request gets through now and then");
    let body = SetDataRequest { path: Some(root.into()), data: None, version: -1 };
    let sent: Vec<_> = (0..400).map(|_| client.send(op::SET_DATA, &body)).collect();
    let mut last = 0;
    let mut throttled = 0;
    for xid in sent {
        let reply = client.reply();
        assert_eq!(reply.xid, xid, "in order");
        if reply.err == err::THROTTLED_OP {
            throttled += 1;
            reply.fails(err::THROTTLED_OP);
        } else {
            let zxid = reply.ok().zxid;
            assert!(last == 0 || zxid == last + 1, "{zxid} after {last}");
            last = zxid;
        }
    }
    assert!(throttled > 0, "with one request at a time, some wait longer than a millisecond");
}
