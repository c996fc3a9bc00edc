//! Data directories of real servers: their snapshots and logs must build the very tree that the
//! real server answered with, node by node, and every transaction's digest must be ours.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use codec::txn::Txn;
use codec::{AclList, Buffer, Decode, SessionId, StatPersisted, Text, Zxid};
use serde_json::Value;
use tree::{KindRules, NodeKind, NodeRef, Tree, TreeConfig, TreeLoader};

fn config() -> TreeConfig {
    let kinds = KindRules { extended_types: true, emulate_353: false };
    TreeConfig { kinds, ..Default::default() }
}

/// Directories below `fixtures` that hold an expected tree.
fn directories() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures")];
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(&dir).unwrap() {
            let path = entry.unwrap().path();
            if path.ends_with("expected-tree.json") {
                found.push(dir.clone());
            } else if path.is_dir() {
                open.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Files called `prefix.<hex>`, without an extension, by zxid.
fn files(dir: &Path, prefix: &str) -> BTreeMap<i64, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(dir.join("version-2")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let zxid = name.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('.'));
        if let Some(zxid) = zxid.and_then(|zxid| i64::from_str_radix(zxid, 16).ok()) {
            found.insert(zxid, std::fs::read(path).unwrap());
        }
    }
    found
}

/// The first transaction ever, of a standalone server or of an ensemble, is in these logs.
fn starts_at_the_beginning(logs: &BTreeMap<i64, Vec<u8>>) -> bool {
    matches!(logs.keys().next(), Some(1 | 0x1_0000_0001))
}

/// Payloads of a log's records.
fn records(log: &[u8]) -> Vec<&[u8]> {
    let (mut rest, mut found) = (&log[16..], Vec::new());
    while rest.len() >= 12 {
        let length = u32::from_be_bytes(rest[8..12].try_into().unwrap()) as usize;
        if length == 0 || rest.len() < 13 + length || rest[12 + length] != b'B' {
            break;
        }
        found.push(&rest[12..12 + length]);
        rest = &rest[13 + length..];
    }
    found
}

fn take<'a, T: Decode<'a>>(input: &mut &'a [u8]) -> T {
    let (rest, value) = T::decode(input).unwrap();
    *input = rest;
    value
}

/// The snapshot as a tree, and the zxid of its digest section if it has one.
fn load(snapshot: &[u8], zxid: i64) -> (Tree, Option<i64>) {
    let mut loader = TreeLoader::new(config());
    let mut rest = &snapshot[16..];
    for _ in 0..take::<i32>(&mut rest) {
        let (session, timeout): (SessionId, i32) = (take(&mut rest), take(&mut rest));
        loader.session(session, timeout);
    }
    for _ in 0..take::<i32>(&mut rest) {
        let (id, list): (i64, Vec<codec::Acl<'_>>) = (take(&mut rest), take(&mut rest));
        loader.acl(id, list.into_iter().map(codec::Acl::into_owned).collect());
    }
    loop {
        let path: Text<'_> = take(&mut rest);
        let path = path.unwrap();
        if path == "/" {
            break;
        }
        let (data, acl): (Buffer<'_>, i64) = (take(&mut rest), take(&mut rest));
        let stat: StatPersisted = take(&mut rest);
        loader.node(&path, data, acl, &stat).unwrap();
    }
    let digest_zxid = (rest.len() > 33).then(|| {
        rest = &rest[13..];
        take(&mut rest)
    });
    (loader.finish(Zxid(zxid)).unwrap(), digest_zxid)
}

/// Replays what is newer than the tree; every digest must agree. Answers how many had one.
fn replay(tree: &mut Tree, logs: &BTreeMap<i64, Vec<u8>>) -> usize {
    let mut compared = 0;
    for payload in logs.values().flat_map(|log| records(log)) {
        let txn = Txn::from_bytes(payload).unwrap();
        if txn.header.zxid <= tree.last_zxid() {
            continue;
        }
        let applied = tree.apply(&txn, &mut ());
        assert_eq!(applied.digest_mismatch, None);
        assert_eq!(tree.last_zxid(), txn.header.zxid);
        compared += usize::from(txn.digest.is_some());
    }
    tree.check().unwrap();
    compared
}

fn hex(value: &Value) -> i64 {
    u64::from_str_radix(value.as_str().unwrap().trim_start_matches("0x"), 16).unwrap() as i64
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

fn assert_data(path: &str, data: Option<&[u8]>, want: &Value) {
    match want {
        Value::Null => assert_eq!(data, None, "{path}"),
        Value::String(text) => assert_eq!(data, Some(text.as_bytes()), "{path}"),
        Value::Object(parts) if parts.contains_key("hex") => {
            assert_eq!(data, Some(&*unhex(parts["hex"].as_str().unwrap())), "{path}");
        }
        _ => {
            let data = data.unwrap();
            assert_eq!(data.len() as u64, want["len"].as_u64().unwrap(), "{path}");
            assert!(data.starts_with(&unhex(want["head"].as_str().unwrap())), "{path}");
            assert_eq!(i64::from(crc32fast::hash(data)), hex(&want["crc32"]), "{path}");
        }
    }
}

fn assert_acl(path: &str, node: NodeRef<'_>, want: &Value) {
    let list: AclList = want
        .as_array()
        .unwrap()
        .iter()
        .map(|acl| {
            let text = |at: usize| acl[at].as_str().unwrap().to_owned();
            codec::Acl::new(acl[0].as_i64().unwrap() as i32, text(1), text(2))
        })
        .collect();
    assert_eq!(node.acl().entries(), list, "{path}");
}

fn assert_node(path: &str, node: NodeRef<'_>, want: &Value, missing_children: i64) {
    assert_data(path, node.data(), &want["data"]);
    assert_acl(path, node, &want["acl"]);
    let (stored, wire) = (node.stat_persisted(), node.stat());
    let number = |name: &str| want[name].as_i64().unwrap();
    let owner = hex(&want["ephemeralOwner"]);
    let zxids = [("czxid", stored.czxid), ("mzxid", stored.mzxid), ("pzxid", stored.pzxid)];
    for (name, zxid) in zxids {
        assert_eq!(zxid, Zxid(hex(&want[name])), "{path} {name}");
    }
    assert_eq!((stored.ctime, stored.mtime), (number("ctime"), number("mtime")), "{path}");
    let versions = (number("version"), number("cversionStored"), number("aversion"));
    let found = (stored.version.into(), stored.cversion.into(), stored.aversion.into());
    assert_eq!(found, versions, "{path}");
    assert_eq!(stored.ephemeral_owner, owner, "{path}");
    assert_eq!(i64::from(wire.cversion), number("cversionClient") - missing_children, "{path}");
    assert_eq!(i64::from(wire.num_children), number("numChildren") + missing_children, "{path}");
    assert_eq!(wire.data_length as usize, node.data().map_or(0, <[u8]>::len), "{path}");
    let (kind, owner) = match node.kind() {
        NodeKind::Persistent => ("NONE", 0),
        NodeKind::Ephemeral(session) => ("EPHEMERAL", session.0),
        NodeKind::Container => ("CONTAINER", 0),
        NodeKind::Ttl { .. } => ("TTL", 0),
    };
    assert_eq!((kind, wire.ephemeral_owner), (want["kind"].as_str().unwrap(), owner), "{path}");
}

/// `newest` = built from the newest snapshot. An ensemble's servers write their configuration
/// node by themselves, outside all transactions, so an older snapshot has another one.
fn assert_expected(tree: &Tree, expected: &Value, newest: bool) {
    assert_eq!(tree.last_zxid(), Zxid(hex(&expected["lastZxid"])));
    assert_eq!(tree.digest() as i64, hex(&expected["digest"]));
    let sessions = expected["sessions"].as_object().unwrap().iter();
    let mut sessions: Vec<_> = sessions
        .map(|(id, timeout)| (SessionId(hex(&id.as_str().into())), timeout.as_i64().unwrap()))
        .collect();
    sessions.sort();
    let found: Vec<_> = tree.sessions().map(|(id, timeout)| (id, timeout.into())).collect();
    assert_eq!(found, sessions);
    let nodes = expected["nodes"].as_object().unwrap();
    // Servers before 3.5 have no configuration node; a tree of ours always has one.
    let no_config = i64::from(!nodes.contains_key("/zookeeper/config"));
    assert_eq!(tree.node_count() as i64, nodes.len() as i64 + 1 + no_config);
    for (path, want) in nodes.iter().filter(|(path, _)| newest || *path != "/zookeeper/config") {
        let node = tree.get(path).unwrap_or_else(|| panic!("{path} is missing"));
        assert_node(path, node, want, if path == "/zookeeper" { no_config } else { 0 });
    }
    assert_eq!(tree.acls().unresolved().count(), 0);
}

#[test]
fn every_directory_gives_the_tree_of_the_real_server() {
    let mut runs = 0;
    for dir in directories() {
        let expected = std::fs::read(dir.join("expected-tree.json")).unwrap();
        let expected: Value = serde_json::from_slice(&expected).unwrap();
        let logs = files(&dir, "log");
        let snapshots = files(&dir, "snapshot");
        let newest = snapshots.keys().last().copied();
        for (zxid, snapshot) in &snapshots {
            let zxid = *zxid;
            println!("{} from snapshot {zxid:x}", dir.display());
            let (mut tree, digest_zxid) = load(snapshot, zxid);
            tree.check().unwrap();
            let whole = zxid == 0 && starts_at_the_beginning(&logs);
            let covered = whole || logs.keys().any(|first| *first <= zxid + 1);
            if !covered && zxid < hex(&expected["lastZxid"]) {
                continue;
            }
            if let Some(zxid) = digest_zxid {
                tree.compare_digests_after(Zxid(zxid));
            }
            replay(&mut tree, &logs);
            assert_expected(&tree, &expected, newest == Some(zxid));
            runs += 1;
        }
    }
    assert!(runs >= 20, "only {runs} runs");
}

#[test]
fn whole_logs_give_the_same_tree_without_any_snapshot() {
    let (mut runs, mut compared) = (0, 0);
    for dir in directories() {
        let logs = files(&dir, "log");
        if !starts_at_the_beginning(&logs) {
            continue;
        }
        println!("{}", dir.display());
        let expected = std::fs::read(dir.join("expected-tree.json")).unwrap();
        let expected: Value = serde_json::from_slice(&expected).unwrap();
        let mut tree = match files(&dir, "snapshot").get(&0) {
            Some(snapshot) => load(snapshot, 0).0,
            None => Tree::new(config()),
        };
        compared += replay(&mut tree, &logs);
        assert_eq!(tree.counters(), Default::default());
        assert_expected(&tree, &expected, false);
        runs += 1;
    }
    assert!(runs >= 8 && compared >= 150, "only {runs} runs and {compared} digests");
}

#[test]
fn a_fuzzy_snapshot_is_made_whole_by_replay_as_often_as_it_is_replayed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/apache-3.8.0");
    let dir = root.join("standalone-fuzzy");
    let (logs, snapshots) = (files(&dir, "log"), files(&dir, "snapshot"));
    let (mut tree, digest_zxid) = load(&snapshots[&0x1107], 0x1107);
    assert_eq!(digest_zxid, Some(0x110f));
    tree.compare_digests_after(Zxid(0x110f));
    replay(&mut tree, &logs);
    let surprises = tree.counters().surprises;
    assert!(surprises > 0, "the overlap must be met");
    tree.set_last_zxid(Zxid(0x1107));
    tree.compare_digests_after(Zxid(i64::MAX));
    replay(&mut tree, &logs);
    assert!(tree.counters().surprises > surprises);
    let expected = std::fs::read(dir.join("expected-tree.json")).unwrap();
    assert_expected(&tree, &serde_json::from_slice(&expected).unwrap(), true);
}
