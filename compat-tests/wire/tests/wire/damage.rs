//! Damaged, foreign and shared data directories: what a server says and what it keeps.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use codec::client::{CreateRequest, SetDataRequest};
use libtest_mimic::Trial;
use wire::bed::join;
use wire::case::{self, For};
use wire::cases;
use wire::client::op;
use wire::expect::err;
use wire::server::{Kind, Server, Spec};

pub fn trials() -> Vec<Trial> {
    let all = cases![
        an_unwritable_directory_is_refused,
        a_torn_log_tail_is_cut,
        a_truncated_snapshot_gives_way_to_an_older_one,
        a_corrupt_record_in_the_middle_is_never_cut_in_silence,
        acknowledged_writes_survive_kill_9,
        a_full_disk_ends_the_server_and_loses_nothing,
        snapshots_go_on_for_as_long_as_the_load_does,
    ];
    let mut trials = case::trials("damage", For::All, all);
    let promises = cases![
        a_second_server_on_the_same_directory_is_refused,
        the_refusal_of_a_corrupt_record_names_file_and_offset,
    ];
    trials.extend(case::trials("damage", For::Promise, promises));
    trials
}

/// How long a server may take to find out that it cannot start.
const REFUSAL: Duration = Duration::from_secs(20);

/// The files in `version-2` whose names begin with `prefix`, by their zxid.
fn files(server: &Server, prefix: &str) -> Vec<PathBuf> {
    let zxid = |path: &Path| {
        let name = path.file_name()?.to_str()?.strip_prefix(prefix)?.to_owned();
        i64::from_str_radix(&name, 16).ok()
    };
    let entries = fs::read_dir(server.data_dir().join("version-2")).expect("version-2");
    let mut found: Vec<_> =
        entries.flatten().filter_map(|entry| Some((zxid(&entry.path())?, entry.path()))).collect();
    found.sort();
    found.into_iter().map(|(_, path)| path).collect()
}

/// Creates `/n0000` to the `count`th, waiting for each.
fn fill(server: &Server, count: usize) {
    let mut client = join(server);
    (0..count).for_each(|n| drop(client.create(&format!("/n{n:04}"), b"some data").ok()));
}

fn survivors(server: &Server) -> usize {
    let names = join(server).children("/", false).names();
    names.iter().filter(|name| name.starts_with('n')).count()
}

fn an_unwritable_directory_is_refused() {
    let directory = "/proc/1/nowhere/data";
    let mut server = Server::launch(Spec::usual().data(directory));
    let status = server.wait_end(REFUSAL).expect("it ends by itself");
    assert!(!status.success(), "{status}");
    assert!(server.log().contains("/proc/1/nowhere"), "{}", server.log());
}

fn a_torn_log_tail_is_cut() {
    let mut server = Server::start(Spec::usual());
    fill(&server, 40);
    server.kill9();
    let log = files(&server, "log.").pop().expect("a log");
    let bytes = fs::read(&log).expect("the log");
    let end = bytes.iter().rposition(|byte| *byte != 0).expect("records") + 1;
    // What a crash amid an append leaves: a checksum, a length of 100, half of the bytes.
    let mut torn = bytes[..end].to_vec();
    torn.extend([&[0, 0, 0, 0, 0x12, 0x34, 0x56, 0x78][..], &[0, 0, 0, 100], &[7; 50]].concat());
    torn.resize(bytes.len().max(torn.len() + 200), 0);
    fs::write(&log, torn).expect("the torn log");
    server.restart();
    assert_eq!(survivors(&server), 40);
    fill_more(&server);
    server.kill9();
    server.restart();
    join(&server).exists("/after", false).ok();
}

fn fill_more(server: &Server) {
    join(server).create("/after", b"").ok();
}

fn a_truncated_snapshot_gives_way_to_an_older_one() {
    let mut server = Server::start(Spec::usual().line("snapCount", 100));
    fill(&server, 600);
    let enough = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(50));
        files(&server, "snapshot.").len() >= 2
    });
    assert!(enough, "snapshots are taken by snapCount");
    server.stop();
    let newest = files(&server, "snapshot.").pop().expect("a snapshot");
    let bytes = fs::read(&newest).expect("the snapshot");
    fs::write(&newest, &bytes[..bytes.len() / 2]).expect("half of it");
    server.restart();
    assert_eq!(survivors(&server), 600);
}

/// A server's directory after a kill -9, with one byte flipped amid its log.
fn corrupted() -> (Server, PathBuf) {
    let mut server = Server::start(Spec::usual());
    fill(&server, 60);
    server.kill9();
    let log = files(&server, "log.").pop().expect("a log");
    let mut bytes = fs::read(&log).expect("the log");
    let end = bytes.iter().rposition(|byte| *byte != 0).expect("records");
    let text = b"/n0030";
    let at = bytes[..end].windows(text.len()).position(|part| part == text).expect("a record");
    bytes[at + 3] ^= 0x40;
    fs::write(&log, bytes).expect("the corrupt log");
    (server, log)
}

fn a_corrupt_record_in_the_middle_is_never_cut_in_silence() {
    let (mut server, _) = corrupted();
    server.relaunch();
    let status = server.wait_end(REFUSAL).expect("it ends by itself");
    assert!(!status.success(), "{status}");
}

fn the_refusal_of_a_corrupt_record_names_file_and_offset() {
    let (mut server, log) = corrupted();
    server.relaunch();
    server.wait_end(REFUSAL).expect("it ends by itself");
    let said = server.log();
    let name = log.file_name().and_then(|name| name.to_str()).expect("a name");
    let place = ["offset", "at byte"].iter().any(|word| said.contains(word));
    assert!(said.contains(name) && place, "{said}");
}

fn acknowledged_writes_survive_kill_9() {
    let mut server = Server::start(Spec::usual());
    fill(&server, 200);
    let last = join(&server).ping().zxid;
    server.kill9();
    server.restart();
    assert_eq!(survivors(&server), 200);
    let mut client = join(&server);
    assert!(client.ping().zxid > last, "zxids go on");
    client.create("/n0000", b"").fails(err::NODE_EXISTS);
}

fn a_full_disk_ends_the_server_and_loses_nothing() {
    let spec = Spec::usual().line("preAllocSize", 1024).file_kib(4096);
    let mut server = Server::start(spec);
    let mut client = join(&server);
    let data = vec![b'x'; 100_000];
    let mut acknowledged = 0;
    while acknowledged < 100 {
        let path = Some(format!("/n{acknowledged:04}").into());
        let acl = Some(codec::acl::open_acl_unsafe());
        let body = CreateRequest { path, data: Some(&data), acl, flags: 0 };
        client.send(op::CREATE, &body);
        let Some(reply) = client.try_reply() else { break };
        assert_eq!(reply.err, 0, "an error of the disk is no error of the request");
        acknowledged += 1;
    }
    assert!((10..45).contains(&acknowledged), "{acknowledged} went into 4 MiB");
    let status = server.wait_end(REFUSAL).expect("it ends by itself");
    // The reference ends with status 0.
    let reference = Kind::under_test().is_reference();
    assert!(reference || !status.success() && server.log().contains("log."), "{status}");
    client.abandon();
    server.free_disk();
    server.restart();
    let left = survivors(&server);
    assert!((acknowledged..=acknowledged + 1).contains(&left), "{left} of {acknowledged}");
}

fn a_second_server_on_the_same_directory_is_refused() {
    let first = Server::start(Spec::usual());
    fill(&first, 5);
    let mut second = Server::launch(Spec::usual().data(first.data_dir()));
    let status = second.wait_end(REFUSAL).expect("it ends by itself");
    assert!(!status.success(), "{status}");
    let directory = first.data_dir().display().to_string();
    assert!(second.log().contains(&directory), "{}", second.log());
    assert_eq!(survivors(&first), 5);
    join(&first).create("/on", b"").ok();
}

/// Two snapshots that want to begin at the same moment must not keep all later ones from beginning.
fn snapshots_go_on_for_as_long_as_the_load_does() {
    const ROUNDS: usize = 60;
    let server = Server::start(Spec::usual().property("zookeeper.snapCount", 100));
    fill(&server, 1);
    let body = SetDataRequest { path: Some("/n0000".into()), data: Some(b"again"), version: -1 };
    let mut writers: Vec<_> = (0..6).map(|_| join(&server)).collect();
    let mut newest = Vec::new();
    for _ in 0..ROUNDS {
        for writer in &mut writers {
            for _ in 0..200 {
                writer.send(op::SET_DATA, &body);
            }
        }
        for writer in &mut writers {
            (0..200).for_each(|_| drop(writer.reply().ok()));
        }
        newest.push(files(&server, "snapshot.").pop().expect("a snapshot"));
    }
    let late = newest.last() != newest.get(ROUNDS * 2 / 3);
    assert!(late, "no snapshot in the last {} writes: {newest:?}", ROUNDS / 3 * 1200);
}
