//! Applying transactions, rule by rule.
#![allow(clippy::unwrap_used)]

use codec::txn::*;
use codec::{Acl, AclList, Encode, ErrorCode, OpCode, SessionId, Stat, Xid, Zxid};
use tree::{
    Applied, Change, ChangeSink, KindRules, NodeKind, OpResult, Tree, TreeConfig, TxnResult,
};

fn txn(zxid: i64, session: i64, body: TxnBody<'_>) -> Txn<'_> {
    let (client_id, cxid, txn_type) = (SessionId(session), Xid(1), body.op().code());
    let header = TxnHeader { client_id, cxid, zxid: Zxid(zxid), time: 1000 + zxid, txn_type };
    Txn { header, body, digest: None }
}

fn open() -> AclList {
    codec::acl::open_acl_unsafe()
}

fn read_only() -> AclList {
    vec![Acl::new(1, "world", "anyone")]
}

fn create(path: &str, parent_cversion: i32) -> TxnBody<'_> {
    create_as(path, parent_cversion, open(), false)
}

fn create_as(path: &str, parent_cversion: i32, acl: AclList, ephemeral: bool) -> TxnBody<'_> {
    let (path, data, acl) = (Some(path.into()), Some(&b"data"[..]), Some(acl));
    TxnBody::Create(CreateTxn { path, data, acl, ephemeral, parent_cversion })
}

fn ttl(path: &str, ttl: i64) -> TxnBody<'_> {
    let (path, data, acl) = (Some(path.into()), None, Some(open()));
    TxnBody::CreateTtl(CreateTtlTxn { path, data, acl, parent_cversion: -1, ttl })
}

fn delete(path: &str) -> TxnBody<'_> {
    TxnBody::Delete(DeleteTxn { path: Some(path.into()) })
}

fn set<'a>(path: &'a str, data: Option<&'a [u8]>, version: i32) -> TxnBody<'a> {
    TxnBody::SetData(SetDataTxn { path: Some(path.into()), data, version })
}

fn close(paths: &[&'static str]) -> TxnBody<'static> {
    let paths = paths.iter().map(|path| Some((*path).into())).collect();
    TxnBody::CloseSession(Some(CloseSessionTxn { paths_to_delete: Some(paths) }))
}

fn apply(tree: &mut Tree, zxid: i64, body: TxnBody<'_>) -> Applied {
    tree.apply(&txn(zxid, 7, body), &mut ())
}

fn tree_of(paths: &[&str]) -> Tree {
    let mut tree = Tree::new(TreeConfig::default());
    for (at, path) in paths.iter().enumerate() {
        assert_eq!(apply(&mut tree, at as i64 + 1, create(path, -1)).err, ErrorCode::Ok);
    }
    tree
}

fn stat(tree: &Tree, path: &str) -> Stat {
    tree.get(path).unwrap().stat()
}

fn multi<'a>(parts: &'a [(i32, bytes::BytesMut)]) -> TxnBody<'a> {
    let part = |(txn_type, data): &'a (i32, bytes::BytesMut)| SubTxn {
        txn_type: *txn_type,
        data: Some(data),
    };
    TxnBody::Multi(MultiTxn { txns: parts.iter().map(part).collect() })
}

fn part(body: TxnBody<'_>) -> (i32, bytes::BytesMut) {
    (body.op().code(), body.to_bytes())
}

fn error(code: ErrorCode) -> (i32, bytes::BytesMut) {
    part(TxnBody::Error(ErrorTxn { err: code.code() }))
}

/// Writes changes down as text.
#[derive(Default)]
struct Log(Vec<String>);

impl ChangeSink for Log {
    fn change(&mut self, tree: &Tree, zxid: Zxid, change: &Change<'_>) {
        let (what, path, node) = match change {
            Change::Created { path, node, .. } => ("+", path, node),
            Change::DataChanged { path, node } => ("=", path, node),
            Change::Deleted { path, node, .. } => ("-", path, node),
        };
        assert_eq!(tree.path_of(*node), *path);
        self.0.push(format!("{what}{path}@{zxid}"));
    }
}

#[test]
fn a_fresh_tree_is_that_of_a_fresh_server() {
    let tree = Tree::new(TreeConfig::default());
    tree.check().unwrap();
    assert_eq!((tree.node_count(), tree.approximate_data_size()), (5, 44));
    assert_eq!(tree.digest(), 0x51c6_d660);
    assert_eq!(tree.descendants(tree.root()), 3);
    let wire = |path| (stat(&tree, path).cversion, stat(&tree, path).num_children);
    assert_eq!((wire("/"), wire("/zookeeper")), ((-1, 1), (-2, 2)));
    let config = tree.get("/zookeeper/config").unwrap();
    assert_eq!((config.stat().aversion, config.stat().version), (-1, 0));
    assert_eq!((config.data(), config.acl().id()), (Some(&b""[..]), 1));
    assert_eq!(config.acl().entries(), read_only());
    assert_eq!(tree.get("/zookeeper").unwrap().acl().id(), -1);
    assert_eq!(tree.last_zxid(), Zxid(0));
}

#[test]
fn nonsense_is_not_found_and_harms_nothing() {
    let mut tree = tree_of(&["/a"]);
    for path in ["", "a", "//", "/a/", "//a", "/a//", "/a/b", "/\0", "a/", "/zookeeper/"] {
        assert_eq!(tree.find(path), None, "{path:?}");
        let zxid = tree.last_zxid().0 + 1;
        assert_ne!(apply(&mut tree, zxid, delete(path)).err, ErrorCode::Ok, "{path:?}");
        assert_eq!(apply(&mut tree, zxid, set(path, None, 1)).err, ErrorCode::NoNode);
    }
    for path in ["", "/", "a", "/a/", "//", "/b//c"] {
        assert_ne!(apply(&mut tree, 99, create(path, -1)).err, ErrorCode::Ok, "{path:?}");
    }
    let nowhere = TxnBody::Delete(DeleteTxn { path: None });
    assert_ne!(apply(&mut tree, 99, nowhere).err, ErrorCode::Ok);
    assert_ne!(apply(&mut tree, 99, delete("/")).err, ErrorCode::Ok);
    tree.check().unwrap();
}

#[test]
fn a_creation_counts_at_its_parent_and_nothing_else_does() {
    let mut tree = tree_of(&["/p"]);
    for (zxid, path) in [(2, "/p/a"), (3, "/p/b"), (4, "/p/c")] {
        let applied = apply(&mut tree, zxid, create(path, zxid as i32 - 1));
        let TxnResult::Created(new) = applied.result else { panic!("{applied:?}") };
        assert_eq!((new.czxid, new.mzxid, new.pzxid), (Zxid(zxid), Zxid(zxid), Zxid(zxid)));
        assert_eq!((new.ctime, new.mtime, new.version), (1000 + zxid, 1000 + zxid, 0));
    }
    apply(&mut tree, 5, delete("/p/b"));
    apply(&mut tree, 6, set("/p/a", None, 1));
    let parent = tree.get("/p").unwrap();
    assert_eq!((parent.child_counter(), parent.stat().cversion), (3, 4));
    assert_eq!((parent.stat().pzxid, parent.stat().mzxid), (Zxid(5), Zxid(1)));
    let child = stat(&tree, "/p/a");
    assert_eq!((child.mzxid, child.mtime, child.version), (Zxid(6), 1006, 1));
    assert_eq!((child.data_length, tree.get("/p/a").unwrap().data()), (0, None));
    tree.check().unwrap();
}

#[test]
fn the_child_counter_only_rises_and_stays_at_its_highest() {
    let mut tree = tree_of(&["/p"]);
    apply(&mut tree, 2, create("/p/a", 5));
    apply(&mut tree, 3, create("/p/b", 4));
    assert_eq!(tree.get("/p").unwrap().child_counter(), 5);
    assert_eq!(stat(&tree, "/p").pzxid, Zxid(2));
    apply(&mut tree, 4, create("/p/c", -1));
    assert_eq!(tree.get("/p").unwrap().child_counter(), 6);
    apply(&mut tree, 5, create("/p/d", i32::MAX));
    apply(&mut tree, 6, create("/p/e", i32::MIN));
    assert_eq!(tree.get("/p").unwrap().child_counter(), i32::MAX);
    assert_eq!(stat(&tree, "/p").pzxid, Zxid(5));
    assert_eq!(stat(&tree, "/p").cversion, i32::MAX.wrapping_mul(2).wrapping_sub(5));
}

#[test]
fn set_acl_changes_the_aversion_alone_and_tells_nobody() {
    let mut tree = tree_of(&["/a"]);
    let before = stat(&tree, "/a");
    let body = SetAclTxn { path: Some("/a".into()), acl: Some(read_only()), version: 4 };
    let mut log = Log::default();
    let applied = tree.apply(&txn(2, 7, TxnBody::SetAcl(body)), &mut log);
    assert_eq!(applied.result, TxnResult::Stat(Stat { aversion: 4, ..before }));
    assert_eq!(tree.get("/a").unwrap().acl().entries(), read_only());
    assert!(log.0.is_empty());
    tree.check().unwrap();
}

#[test]
fn what_cannot_be_done_is_counted_and_answered() {
    let mut tree = tree_of(&["/a"]);
    assert_eq!(apply(&mut tree, 2, create("/x/y", 1)).err, ErrorCode::NoNode);
    assert_eq!(apply(&mut tree, 3, set("/x", None, 1)).err, ErrorCode::NoNode);
    assert_eq!(apply(&mut tree, 4, delete("/a/x")).err, ErrorCode::NoNode);
    assert_eq!(stat(&tree, "/a").pzxid, Zxid(4), "even without the node");
    assert_eq!(apply(&mut tree, 5, create("/a", 1)).err, ErrorCode::NodeExists);
    assert_eq!(tree.counters().surprises, 4);
    assert_eq!(tree.last_zxid(), Zxid(5));
    tree.check().unwrap();
}

#[test]
fn creating_again_sets_the_acl_and_the_parents_counter() {
    let mut tree = tree_of(&["/p", "/p/a"]);
    let before = stat(&tree, "/p/a");
    let kinds: [fn(i32) -> TxnBody<'static>; 4] = [
        |counter| create_as("/p/a", counter, read_only(), false),
        |counter| match create_as("/p/a", counter, read_only(), false) {
            TxnBody::Create(body) => TxnBody::Create2(body),
            other => other,
        },
        |parent_cversion| {
            let (path, acl) = (Some("/p/a".into()), Some(read_only()));
            TxnBody::CreateContainer(CreateContainerTxn { path, data: None, acl, parent_cversion })
        },
        |parent_cversion| {
            let (path, acl) = (Some("/p/a".into()), Some(read_only()));
            let body = CreateTtlTxn { path, data: None, acl, parent_cversion, ttl: 1 };
            TxnBody::CreateTtl(body)
        },
    ];
    for (at, kind) in kinds.iter().enumerate() {
        let (zxid, counter) = (at as i64 + 10, at as i32 + 10);
        assert_eq!(apply(&mut tree, zxid, kind(counter)).err, ErrorCode::NodeExists);
        assert_eq!(tree.get("/p").unwrap().child_counter(), counter);
        assert_eq!(stat(&tree, "/p").pzxid, Zxid(zxid));
        assert_eq!(tree.get("/p/a").unwrap().acl().entries(), read_only());
        assert_eq!(stat(&tree, "/p/a"), before);
        apply(&mut tree, zxid, kind(2));
        assert_eq!(
            tree.get("/p").unwrap().child_counter(),
            counter,
            "an old replay lowers nothing"
        );
    }
    tree.check().unwrap();
}

#[test]
fn a_deleted_node_takes_along_what_a_later_snapshot_put_below_it() {
    let mut tree = tree_of(&["/a", "/a/b", "/a/b/c", "/a/d", "/e"]);
    let mut log = Log::default();
    let applied = tree.apply(&txn(9, 7, delete("/a")), &mut log);
    assert_eq!((applied.err, tree.counters().surprises), (ErrorCode::Ok, 3));
    assert_eq!(log.0, ["-/a/d@0x9", "-/a/b/c@0x9", "-/a/b@0x9", "-/a@0x9"]);
    assert_eq!(tree.node_count(), 6);
    tree.check().unwrap();
}

#[test]
fn a_multi_answers_with_the_stats_of_each_moment_and_tells_its_steps_in_order() {
    let mut tree = tree_of(&["/a"]);
    let container = CreateContainerTxn {
        path: Some("/a".into()),
        data: Some(b"12"),
        acl: Some(open()),
        parent_cversion: 2,
    };
    let check = CheckVersionTxn { path: Some("/a".into()), version: 2 };
    let parts = [
        part(set("/a", Some(b"x"), 1)),
        part(delete("/a")),
        part(TxnBody::CreateContainer(container)),
        part(TxnBody::Check(check)),
        part(set("/a", Some(b"xyz"), 1)),
        part(delete("/nowhere")),
    ];
    let mut log = Log::default();
    let applied = tree.apply(&txn(5, 7, multi(&parts)), &mut log);
    assert_eq!(log.0, ["=/a@0x5", "-/a@0x5", "+/a@0x5", "=/a@0x5"]);
    let TxnResult::Multi(results) = applied.result else { panic!("{applied:?}") };
    let lengths: Vec<_> = results
        .iter()
        .map(|result| match result {
            OpResult::Created { op, path, stat } => {
                assert_eq!((*op, &**path), (OpCode::CreateContainer, "/a"));
                assert_eq!((stat.czxid, stat.ephemeral_owner), (Zxid(5), 0));
                stat.data_length
            }
            OpResult::Stat { op: OpCode::SetData, stat } => stat.data_length,
            OpResult::Deleted => -1,
            OpResult::Checked => -2,
            OpResult::Error(ErrorCode::NoNode) => -3,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(lengths, [1, -1, 2, -2, 3, -3]);
    assert_eq!((applied.err, tree.counters().surprises), (ErrorCode::Ok, 1));
    assert_eq!(tree.get("/a").unwrap().kind(), NodeKind::Container);
    tree.check().unwrap();
}

#[test]
fn a_failed_multi_changes_nothing_and_says_which_part_failed() {
    let mut tree = tree_of(&["/a"]);
    let before = tree.digest();
    let parts = [
        part(set("/a", Some(b"x"), 1)),
        part(create("/b", 2)),
        error(ErrorCode::NoNode),
        error(ErrorCode::RuntimeInconsistency),
        part(delete("/a")),
    ];
    let mut log = Log::default();
    let applied = tree.apply(&txn(5, 7, multi(&parts)), &mut log);
    let codes = [
        ErrorCode::Ok,
        ErrorCode::Ok,
        ErrorCode::NoNode,
        ErrorCode::RuntimeInconsistency,
        ErrorCode::RuntimeInconsistency,
    ];
    assert_eq!(applied.result, TxnResult::Multi(codes.map(OpResult::Error).into()));
    assert_eq!((applied.err, tree.digest(), log.0.len()), (ErrorCode::Ok, before, 0));
    assert_eq!(tree.last_zxid(), Zxid(5));
}

#[test]
fn a_multi_with_a_part_that_cannot_be_read_is_not_begun() {
    let good = part(create("/b", 1));
    let torn = (1, bytes::BytesMut::from(&good.1[..10]));
    let nested = (OpCode::Multi.code(), bytes::BytesMut::from(&[0; 4][..]));
    let unknown = (99, bytes::BytesMut::new());
    let session = (OpCode::CloseSession.code(), bytes::BytesMut::new());
    for bad in [torn, nested, unknown, session] {
        let mut tree = tree_of(&["/a"]);
        let applied = apply(&mut tree, 5, multi(&[good.clone(), bad]));
        assert_eq!(applied.err, ErrorCode::MarshallingError);
        assert_eq!((tree.find("/b"), tree.counters().surprises), (None, 1));
    }
    let mut tree = tree_of(&[]);
    assert_eq!(apply(&mut tree, 5, multi(&[])).result, TxnResult::Multi(Vec::new()));
}

#[test]
fn sessions_come_and_go_with_their_ephemerals() {
    let mut tree = tree_of(&["/p"]);
    apply(&mut tree, 2, TxnBody::CreateSession(CreateSessionTxn { time_out: 4000 }));
    assert_eq!(tree.session_timeout(SessionId(7)), Some(4000));
    for (zxid, path) in [(3, "/p/c"), (4, "/p/b"), (5, "/p/a")] {
        apply(&mut tree, zxid, create_as(path, -1, open(), true));
        assert_eq!(stat(&tree, path).ephemeral_owner, 7);
    }
    tree.apply(&txn(6, 8, create_as("/p/other", -1, open(), true)), &mut ());
    let paths: Vec<_> = tree.ephemerals_of(SessionId(7)).collect();
    assert_eq!(paths, ["/p/a", "/p/b", "/p/c"]);
    assert_eq!((tree.ephemeral_count(), tree.ephemeral_count_of(SessionId(8))), (4, 1));
    assert!(tree.ephemeral_sessions().eq([SessionId(7), SessionId(8)]));
    let mut log = Log::default();
    let applied = tree.apply(&txn(9, 7, close(&["/p/b", "/gone", "/p/gone"])), &mut log);
    assert_eq!(applied.err, ErrorCode::Ok);
    assert_eq!(log.0, ["-/p/b@0x9", "-/p/a@0x9", "-/p/c@0x9"]);
    assert_eq!(tree.counters().unlisted_ephemerals, 2);
    assert_eq!((tree.session_timeout(SessionId(7)), stat(&tree, "/p").pzxid), (None, Zxid(9)));
    let applied = tree.apply(&txn(10, 8, TxnBody::CloseSession(None)), &mut ());
    assert_eq!((applied.err, tree.ephemeral_count()), (ErrorCode::Ok, 0));
    assert_eq!(tree.counters().unlisted_ephemerals, 2);
    tree.check().unwrap();
}

#[test]
fn ttl_nodes_are_ephemerals_of_nobody_without_extended_types() {
    for extended_types in [true, false] {
        let kinds = KindRules { extended_types, emulate_353: false };
        let mut tree = Tree::new(TreeConfig { kinds, ..Default::default() });
        apply(&mut tree, 1, ttl("/t", 5000));
        let node = tree.get("/t").unwrap();
        let owner = 0xff00_0000_0000_1388_u64 as i64;
        assert_eq!(node.stat_persisted().ephemeral_owner, owner);
        if extended_types {
            assert_eq!((node.kind(), node.stat().ephemeral_owner), (NodeKind::Ttl { ms: 5000 }, 0));
            assert!(tree.ttl_nodes().eq([node.id()]));
        } else {
            assert_eq!(node.stat().ephemeral_owner, owner);
            assert_eq!((tree.ttl_nodes().count(), tree.ephemeral_count()), (0, 1));
        }
        tree.check().unwrap();
    }
}

#[test]
fn containers_are_listed_for_the_reaper_until_they_go() {
    let mut tree = tree_of(&[]);
    let (path, acl) = (Some("/c".into()), Some(open()));
    let body = CreateContainerTxn { path, data: None, acl, parent_cversion: 1 };
    apply(&mut tree, 1, TxnBody::CreateContainer(body));
    assert_eq!(tree.containers().map(|id| tree.path_of(id)).collect::<Vec<_>>(), ["/c"]);
    apply(&mut tree, 2, TxnBody::DeleteContainer(DeleteTxn { path: Some("/c".into()) }));
    assert_eq!((tree.containers().count(), tree.find("/c")), (0, None));
}

#[test]
fn error_transactions_carry_their_code_and_change_nothing() {
    let mut tree = tree_of(&["/a"]);
    let digest = tree.digest();
    for (code, want) in [(-101, ErrorCode::NoNode), (-9999, ErrorCode::SystemError)] {
        let applied = apply(&mut tree, 5, TxnBody::Error(ErrorTxn { err: code }));
        assert_eq!((applied.err, applied.result), (want, TxnResult::None));
    }
    assert_eq!((tree.digest(), tree.counters().surprises), (digest, 0));
    assert_eq!(tree.last_zxid(), Zxid(5));
}

#[test]
fn digests_are_compared_where_they_mean_something() {
    let with = |zxid, version, tree_digest| {
        let digest = Some(TxnDigest { version, tree_digest });
        Txn { digest, ..txn(zxid, 7, create("/a", 1)) }
    };
    let mut right = tree_of(&[]);
    apply(&mut right, 5, create("/a", 1));
    let good = right.digest() as i64;
    let run = |config: TreeConfig, after: Option<i64>, txn: Txn<'_>| {
        let mut tree = Tree::new(config);
        if let Some(zxid) = after {
            tree.compare_digests_after(Zxid(zxid));
        }
        let mismatch = tree.apply(&txn, &mut ()).digest_mismatch;
        assert!(tree.find("/a").is_some(), "it stays applied");
        assert_eq!(tree.counters().digest_mismatches, u64::from(mismatch.is_some()));
        mismatch.map(|mismatch| (mismatch.zxid.0, mismatch.expected, mismatch.found))
    };
    let on = TreeConfig::default();
    let off = TreeConfig { digest_enabled: false, ..on };
    assert_eq!(run(on, None, with(5, 2, good)), None);
    assert_eq!(run(on, None, with(5, 2, 99)), Some((5, 99, good as u64)));
    assert_eq!(run(on, Some(4), with(5, 2, 99)), Some((5, 99, good as u64)));
    assert_eq!(run(on, Some(5), with(5, 2, 99)), None);
    assert_eq!(run(on, None, with(5, 3, 99)), None);
    assert_eq!(run(off, None, with(5, 2, 99)), None);
}

#[test]
fn a_listing_of_many_children_loses_any_of_them_at_once() {
    let mut tree = tree_of(&["/p"]);
    let paths: Vec<String> = (0..50_000).map(|n| format!("/p/{n}")).collect();
    for (at, path) in paths.iter().enumerate() {
        apply(&mut tree, at as i64 + 2, create(path, at as i32 + 1));
    }
    let node = tree.get("/p").unwrap();
    assert_eq!((node.children().len(), node.children().count()), (50_000, 50_000));
    assert_eq!(node.children().next().unwrap().1, "49999", "the newest comes first");
    for path in paths.iter().step_by(7) {
        apply(&mut tree, 60_000, delete(path));
    }
    tree.check().unwrap();
    assert_eq!(stat(&tree, "/p").num_children, 50_000 - 7143);
}

#[test]
fn very_deep_and_very_long_paths_are_paths() {
    let mut tree = tree_of(&[]);
    let mut path = String::new();
    for zxid in 1..2000 {
        path.push_str("/d");
        assert_eq!(apply(&mut tree, zxid, create(&path, 1)).err, ErrorCode::Ok);
    }
    let long = format!("/{}", "x".repeat(100_000));
    assert_eq!(apply(&mut tree, 3000, create(&long, 2)).err, ErrorCode::Ok);
    assert_eq!(tree.path_of(tree.find(&long).unwrap()), long);
    assert_eq!(tree.path_of(tree.find(&path).unwrap()), path);
    assert_eq!(tree.descendants(tree.find("/d").unwrap()), 1998);
    tree.check().unwrap();
    apply(&mut tree, 3001, delete("/d"));
    assert_eq!(tree.node_count(), 6);
    tree.check().unwrap();
}

#[test]
fn sizes_follow_every_change() {
    let mut tree = tree_of(&["/\u{e9}"]);
    assert_eq!(tree.approximate_data_size(), 44 + 2 + 4);
    apply(&mut tree, 2, set("/\u{e9}", Some(b"longer data"), 1));
    assert_eq!(tree.approximate_data_size(), 44 + 2 + 11);
    apply(&mut tree, 3, set("/\u{e9}", None, 2));
    assert_eq!(tree.approximate_data_size(), 44 + 2);
    apply(&mut tree, 4, delete("/\u{e9}"));
    assert_eq!(tree.approximate_data_size(), 44);
    apply(&mut tree, 5, set("/", Some(b"abc"), 1));
    assert_eq!(tree.approximate_data_size(), 44 + 6);
    tree.check().unwrap();
}

/// The parent of such a path is cut to `/`, which it is not: found by a fuzzer.
#[test]
fn a_path_with_an_empty_first_name_has_no_parent() {
    let mut tree = tree_of(&["/a"]);
    let refused = apply(&mut tree, 2, create_as("//b", -1, open(), true));
    assert_eq!(refused.err, ErrorCode::BadArguments);
    assert_eq!(apply(&mut tree, 3, delete("//a")).err, ErrorCode::BadArguments);
    assert_eq!(apply(&mut tree, 4, close(&["//b", "//a"])).err, ErrorCode::Ok);
    tree.check().unwrap();
    assert!(tree.find("/a").is_some() && tree.find("/b").is_none());
}
