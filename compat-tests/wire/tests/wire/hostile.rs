//! Hostile clients: what they send, and that everybody else goes on being served.

use std::collections::BTreeSet;
use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use wire::bed::{self, join, place};
use wire::case::{self, For};
use wire::cases;
use wire::client::{Raw, framed, op, open_socket, read_frame, request};
use wire::expect::err;
use wire::handshake::Connect;
use wire::ops;
use wire::server::{Server, Spec};

pub fn trials() -> Vec<Trial> {
    let all = cases![
        random_bytes_before_the_handshake,
        random_frames_after_the_handshake,
        every_op_code_with_random_bodies,
        frames_cut_at_every_byte,
        frames_out_of_order,
        slow_connects_hold_up_nobody,
        a_thousand_idle_sockets,
        paths_with_nul_dots_and_bad_utf8,
        a_hundred_thousand_children_are_listed,
        a_client_that_never_reads_holds_up_nobody,
        running_out_of_files_spares_those_who_are_connected,
    ];
    let mut trials = case::trials("hostile", For::All, all);
    let promises = cases![announced_lengths_cost_no_memory, unread_replies_are_bounded];
    trials.extend(case::trials("hostile", For::Promise, promises));
    trials
}

/// How much more memory a server may hold after an attack, KiB.
const GROWTH_KIB: u64 = 300 * 1024;

/// The server still answers promptly, and did not swell.
fn is_well(server: &Server, before_kib: u64) {
    let started = Instant::now();
    let (mut client, root) = place(server, "well");
    client.set(&root, b"x", 0).ok();
    client.delete(&root, 1).bare();
    assert!(started.elapsed() < Duration::from_secs(5), "it took {:?}", started.elapsed());
    let after = server.rss_kib();
    assert!(after < before_kib + GROWTH_KIB, "memory went from {before_kib} to {after} KiB");
}

/// Deterministic noise.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn bytes(&mut self, most: u64) -> Vec<u8> {
        let size = self.next() % most;
        (0..size).map(|_| self.next() as u8).collect()
    }
}

fn random_bytes_before_the_handshake() {
    let server = bed::usual();
    let before = server.rss_kib();
    let mut noise = Noise(0x5eed_0001);
    for _ in 0..300 {
        let mut stream = open_socket(server.addr());
        let bytes = noise.bytes(200);
        // The server may close in the middle of it.
        let _ = stream.write_all(&bytes).and_then(|()| stream.write_all(&framed(&bytes)));
    }
    is_well(&server, before);
}

fn random_frames_after_the_handshake() {
    let server = bed::usual();
    let before = server.rss_kib();
    let mut noise = Noise(0x5eed_0002);
    for _ in 0..100 {
        let mut client = join(&server);
        let mut bytes: Vec<u8> = (0..20).flat_map(|_| framed(&noise.bytes(60))).collect();
        bytes.extend(noise.bytes(40));
        // Here, too.
        let _ = client.socket().write_all(&bytes);
        client.abandon();
    }
    is_well(&server, before);
}

fn every_op_code_with_random_bodies() {
    // A server of its own: a random closeSession or setACL would disturb others, and the internal
    // op codes that the reference serves are left out.
    let server = Server::start(Spec::usual());
    let before = server.rss_kib();
    let mut noise = Noise(0x5eed_0003);
    let left_out = [op::DELETE_CONTAINER, op::CREATE_SESSION, op::CREATE_TTL];
    let codes = (-15..=110).filter(|code| !left_out.contains(code));
    for code in codes {
        let mut client = join(&server);
        let mut bytes = Vec::new();
        for xid in 0..12 {
            let mut body = noise.bytes(50);
            if xid % 2 == 0 {
                // A well-formed path in front reaches further into the decoders.
                body.splice(0..0, *b"\0\0\0\x02/q");
            }
            bytes.extend(request(xid, code, &Raw(&body)));
        }
        // Here, too.
        let _ = client.socket().write_all(&bytes);
        let mut answered = 0;
        while answered < 12 && client.try_reply().is_some() {
            answered += 1;
        }
        client.abandon();
    }
    is_well(&server, before);
}

fn frames_cut_at_every_byte() {
    let server = bed::usual();
    let before = server.rss_kib();
    let parts = vec![ops::create("/never-made"), ops::set("/never-made", b"x", 0)];
    let whole = request(1, op::MULTI, &codec::client::MultiRequest { ops: parts });
    for cut in 0..whole.len() {
        let mut client = join(&server);
        client.write(&whole[..cut]);
        client.abandon();
    }
    for cut in 8..whole.len() - 4 {
        let mut client = join(&server);
        client.write(&framed(&whole[4..4 + cut]));
        client.reply().fails(err::MARSHALLING);
    }
    join(&server).exists("/never-made", false).fails(err::NO_NODE);
    is_well(&server, before);
}

fn frames_out_of_order() {
    let server = bed::usual();
    let mut stream = open_socket(server.addr());
    stream.write_all(&request(1, op::PING, &Raw(&[]))).expect("it is sent");
    assert_eq!(read_frame(&mut stream), None, "a request before the connect frame");
    let mut client = join(&server);
    client.write(&Connect::new().frame());
    // Read as a request, it has the op code 0.
    client.reply().fails(err::UNIMPLEMENTED);
    client.is_closed();
    let mut client = join(&server);
    client.close_session().bare();
    client.is_closed();
}

fn slow_connects_hold_up_nobody() {
    let server = bed::usual();
    let frame = Connect::new().frame();
    let mut slow: Vec<TcpStream> = (0..60).map(|_| open_socket(server.addr())).collect();
    for byte in &frame[..30] {
        slow.iter_mut().for_each(|stream| stream.write_all(&[*byte]).expect("it is sent"));
    }
    let started = Instant::now();
    let (mut client, root) = place(&server, "slow");
    (0..100).for_each(|_| drop(client.set(&root, b"x", -1).ok()));
    assert!(started.elapsed() < Duration::from_secs(5), "it took {:?}", started.elapsed());
    for stream in &mut slow {
        stream.write_all(&frame[30..]).expect("it is sent");
    }
    for stream in &mut slow {
        assert_eq!(read_frame(stream).map(|payload| payload.len()), Some(37));
    }
}

fn a_thousand_idle_sockets() {
    let server = bed::usual();
    let before = server.rss_kib();
    let idle: Vec<_> = (0..1000).map(|_| open_socket(server.addr())).collect();
    is_well(&server, before);
    drop(idle);
    is_well(&server, before);
}

fn paths_with_nul_dots_and_bad_utf8() {
    let server = bed::usual();
    let (mut client, root) = place(&server, "paths");
    for name in ["a\0b", ".", "..", "a/./b", "a/../b", "", "a//b", "\u{0}"] {
        let path = format!("{root}/{name}");
        let code = client.create(&path, b"").err;
        assert!([err::BAD_ARGUMENTS, err::NO_NODE].contains(&code), "{path:?}: {code}");
        assert_eq!(client.set(&path, b"", -1).err, err::BAD_ARGUMENTS, "{path:?}");
        let code = client.delete(&path, -1).err;
        assert!([err::BAD_ARGUMENTS, err::NO_NODE].contains(&code), "{path:?}: {code}");
    }
    let bad = [root.as_bytes(), b"/\xff\xfe"].concat();
    let length = (bad.len() as i32).to_be_bytes();
    let open = b"\0\0\0\x01\0\0\0\x1f\0\0\0\x05world\0\0\0\x06anyone";
    let body = [&length[..], &bad, &[0xff; 4], open, &[0; 4]].concat();
    client.call(op::CREATE, &Raw(&body)).fails(err::BAD_ARGUMENTS);
    assert_eq!(client.children(&root, false).names(), Vec::<String>::new());
}

fn a_hundred_thousand_children_are_listed() {
    let server = Server::start(Spec::usual());
    let mut client = join(&server);
    client.create("/big", b"").ok();
    let (batches, size) = (100, 1000);
    for batch in 0..batches {
        let part = |n: usize| ops::create(format!("/big/child-{:06}", batch * size + n));
        let ops: Vec<_> = (0..size).map(part).collect();
        client.send(op::MULTI, &codec::client::MultiRequest { ops });
        if batch >= 4 {
            client.reply().ok();
        }
    }
    (0..4).for_each(|_| drop(client.reply().ok()));
    let mut other = join(&server);
    let reply = client.children2("/big", true);
    assert!(reply.body.len() > 1_048_575, "larger than what clients take: {}", reply.body.len());
    let (names, stat) = reply.names_and_stat();
    assert_eq!((names.len(), stat.num_children), (batches * size, 100_000));
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
    assert_eq!((names[0].as_str(), names[99_999].as_str()), ("child-000000", "child-099999"));
    other.delete("/big/child-000000", -1).bare();
    assert_eq!(client.event().path, "/big");
    assert_eq!(client.count("/big").number(), 99_999);
    let before = server.rss_kib();
    is_well(&server, before);
}

/// Sends `count` getData requests for `path` and reads nothing.
fn ask_without_reading(server: &Server, path: &str, count: usize) -> wire::client::Client {
    let mut greedy = join(server);
    let body = codec::client::GetDataRequest { path: Some(path.into()), watch: false };
    let frame = request(1, op::GET_DATA, &body);
    let limit = Some(Duration::from_millis(300));
    greedy.socket().set_write_timeout(limit).expect("a write limit");
    for _ in 0..count {
        // A server that stops reading from this client is right.
        if greedy.socket().write_all(&frame).is_err() {
            break;
        }
    }
    greedy
}

fn a_client_that_never_reads_holds_up_nobody() {
    let server = bed::usual();
    let (mut client, root) = place(&server, "greedy");
    client.set(&root, &vec![b'x'; 100_000], -1).ok();
    let greedy = ask_without_reading(&server, &root, 200);
    let started = Instant::now();
    (0..50).for_each(|_| drop(client.set(&root, b"x", -1).ok()));
    assert!(started.elapsed() < Duration::from_secs(5), "it took {:?}", started.elapsed());
    greedy.abandon();
}

fn unread_replies_are_bounded() {
    let server = Server::start(Spec::usual());
    let (mut client, root) = place(&server, "unread");
    client.set(&root, &vec![b'x'; 1_000_000], -1).ok();
    let before = server.rss_kib();
    let greedy: Vec<_> = (0..4).map(|_| ask_without_reading(&server, &root, 500)).collect();
    is_well(&server, before);
    let sample = || {
        std::thread::sleep(Duration::from_millis(100));
        server.rss_kib()
    };
    let after = (0..20).map(|_| sample()).max().unwrap_or_default();
    let allowed = before + 4 * 64 * 1024;
    assert!(after < allowed, "2000 unread megabytes: from {before} to {after} KiB");
    drop(greedy);
}

fn announced_lengths_cost_no_memory() {
    let server = Server::start(Spec::usual());
    let before = server.rss_kib();
    let mut greedy = Vec::new();
    for n in 0..600 {
        let mut stream = open_socket(server.addr());
        if n % 2 == 0 {
            stream.write_all(&Connect::new().frame()).expect("it is sent");
            assert!(read_frame(&mut stream).is_some());
        }
        stream.write_all(&1_048_575_i32.to_be_bytes()).expect("it is sent");
        stream.write_all(&[0; 8]).expect("it is sent");
        greedy.push(stream);
    }
    let (mut client, root) = place(&server, "announced");
    client.set(&root, b"x", -1).ok();
    let after = server.rss_kib();
    let allowed = before + 64 * 1024;
    assert!(after < allowed, "600 announced megabytes: from {before} to {after} KiB");
}

fn running_out_of_files_spares_those_who_are_connected() {
    let limit = 220;
    let server = Server::start(Spec::usual().open_files(limit));
    let (mut client, root) = place(&server, "files");
    let flood: Vec<_> = (0..limit + 100)
        .filter_map(|_| TcpStream::connect_timeout(&server.addr(), Duration::from_millis(500)).ok())
        .collect();
    for n in 0..50 {
        client.set(&root, format!("{n}").as_bytes(), -1).ok();
    }
    drop(flood);
    let again = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(50));
        server.serves()
    });
    assert!(again, "it accepts again when files are free");
    join(&server).exists(&root, false).ok();
}
