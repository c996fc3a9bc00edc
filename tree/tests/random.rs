//! Random histories: the tree against a simple model, snapshots taken among writes, replay over
//! them, and transactions that no leader would write.
#![allow(clippy::unwrap_used)]

mod model;

use bytes::BytesMut;
use codec::txn::Txn;
use codec::{Acl, AclList, Buffer, Decode, SessionId, StatPersisted, Text, Zxid};
use model::{Model, Wish};
use proptest::collection::vec;
use proptest::prelude::*;
use tree::{Change, ChangeSink, KindRules, Tree, TreeConfig, TreeLoader};

fn config() -> TreeConfig {
    let kinds = KindRules { extended_types: true, emulate_353: false };
    TreeConfig { kinds, digest_enabled: true, hash_seed: 42 }
}

fn apply(tree: &mut Tree, txn: &[u8], sink: &mut impl ChangeSink) {
    tree.apply(&Txn::from_bytes(txn).unwrap(), sink);
}

/// Follows the tree by its changes alone, as a watcher could.
#[derive(Default)]
struct Follower {
    paths: std::collections::BTreeSet<String>,
}

impl ChangeSink for Follower {
    fn change(&mut self, tree: &Tree, _: Zxid, change: &Change<'_>) {
        let (Change::Created { path, node, .. }
        | Change::DataChanged { path, node }
        | Change::Deleted { path, node, .. }) = change;
        assert_eq!(tree.find(path), Some(*node), "it stands in the tree at every change");
        match change {
            Change::Created { path, node, parent } => {
                assert_eq!(tree.node(*node).parent(), Some(*parent));
                assert!(self.paths.insert((*path).into()));
            }
            Change::DataChanged { path, .. } => assert!(self.paths.contains(*path)),
            Change::Deleted { path, .. } => {
                assert_eq!(tree.node(*node).num_children(), 0);
                assert!(tree.node(*node).acl().is_resolved());
                assert!(self.paths.remove(*path));
            }
        }
    }
}

/// What a snapshot's header holds, taken when its cursor is opened.
struct Header {
    zxid: Zxid,
    sessions: Vec<(SessionId, i32)>,
    acls: Vec<(i64, AclList)>,
}

fn header(tree: &Tree) -> Header {
    let acls = tree.acls().iter().map(|acl| (acl.id(), acl.entries().to_vec())).collect();
    Header { zxid: tree.last_zxid(), sessions: tree.sessions().collect(), acls }
}

fn load(header: Header, mut nodes: &[u8]) -> Tree {
    let mut loader = TreeLoader::new(config());
    header.sessions.into_iter().for_each(|(id, timeout)| loader.session(id, timeout));
    header.acls.into_iter().for_each(|(id, list)| loader.acl(id, list));
    while !nodes.is_empty() {
        let (rest, path) = Text::decode(nodes).unwrap();
        let (rest, data) = Buffer::decode(rest).unwrap();
        let (rest, acl) = i64::decode(rest).unwrap();
        let (rest, stat) = StatPersisted::decode(rest).unwrap();
        loader.node(&path.unwrap(), data, acl, &stat).unwrap();
        nodes = rest;
    }
    loader.finish(header.zxid).unwrap()
}

fn history(wishes: &[Wish], old_closes: bool) -> (Model, Vec<BytesMut>) {
    let mut model = Model::new(&Tree::new(config()));
    model.old_closes = old_closes;
    let txns = wishes.iter().map(|wish| model.next(*wish)).collect();
    (model, txns)
}

fn live(txns: &[BytesMut]) -> Tree {
    let mut tree = Tree::new(config());
    txns.iter().for_each(|txn| apply(&mut tree, txn, &mut ()));
    tree
}

/// A leader's quota nodes, so that their side effects take part in histories.
fn quota_history() -> Vec<BytesMut> {
    let nodes = [
        "/zookeeper/quota/a",
        "/zookeeper/quota/a/zookeeper_limits",
        "/zookeeper/quota/a/zookeeper_stats",
    ];
    let one = |(at, path): (usize, &&str)| {
        use codec::txn::{CreateTxn, TxnBody, TxnHeader};
        let body = TxnBody::Create(CreateTxn {
            path: Some((*path).into()),
            data: Some(b"count=1,bytes=1"),
            acl: Some(vec![Acl::new(31, "world", "anyone")]),
            ephemeral: false,
            parent_cversion: if at == 0 { 1 } else { at as i32 },
        });
        let zxid = Zxid(at as i64 - 2);
        let (client_id, cxid) = (SessionId(1), codec::Xid(1));
        let header = TxnHeader { client_id, cxid, zxid, time: 1, txn_type: 1 };
        codec::Encode::to_bytes(&Txn { header, body, digest: None })
    };
    nodes.iter().enumerate().map(one).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..Default::default() })]

    #[test]
    fn the_tree_is_the_models_tree(wishes in vec(any::<Wish>(), 1..150)) {
        let (model, txns) = history(&wishes, true);
        let (mut tree, mut follower) = (Tree::new(config()), Follower::default());
        for txn in &txns {
            apply(&mut tree, txn, &mut follower);
        }
        tree.check().map_err(TestCaseError::fail)?;
        prop_assert_eq!(tree.counters(), Default::default());
        model.assert_same(&tree);
        let built_in = ["/", "/zookeeper", "/zookeeper/config", "/zookeeper/quota"];
        let paths = model.nodes.keys().filter(|path| !built_in.contains(&path.as_str()));
        prop_assert!(paths.eq(&follower.paths));
    }

    /// Not so with closeSession as servers before 3.6 wrote it: over a snapshot that is newer than
    /// the session's end nobody knows any more what went with it.
    #[test]
    fn a_snapshot_taken_among_writes_and_the_log_give_the_live_tree(
        wishes in vec(any::<Wish>(), 2..150),
        start in any::<prop::sample::Index>(),
        rhythm in vec((0usize..12, 1usize..100), 1..40),
        again in any::<prop::sample::Index>(),
    ) {
        let txns: Vec<BytesMut> = quota_history().into_iter().chain(history(&wishes, false).1).collect();
        let start = start.index(txns.len());
        let mut tree = live(&txns[..start]);
        let (taken, cursor) = (header(&tree), tree.open_cursor());
        let (mut nodes, mut at) = (BytesMut::new(), start);
        for (writes, bytes) in rhythm.iter().cycle() {
            for txn in txns[at..].iter().take(*writes) {
                apply(&mut tree, txn, &mut ());
            }
            at = (at + writes).min(txns.len());
            tree.check().map_err(TestCaseError::fail)?;
            if !tree.snapshot_slice(cursor, &mut nodes, *bytes) {
                break;
            }
        }
        tree.close_cursor(cursor);
        let whole = live(&txns);
        let mut replayed = load(taken, &nodes);
        replayed.check().map_err(TestCaseError::fail)?;
        for from in [start, start + again.index(txns.len() - start + 1), start] {
            txns[from..].iter().for_each(|txn| apply(&mut replayed, txn, &mut ()));
        }
        replayed.check().map_err(TestCaseError::fail)?;
        prop_assert_eq!(replayed.first_difference(&whole), None);
        prop_assert_eq!(whole.first_difference(&replayed), None);
        prop_assert_eq!(replayed.digest(), whole.digest());
        prop_assert_eq!(replayed.acls().unresolved().count(), 0);
        prop_assert_eq!(replayed.approximate_data_size(), whole.approximate_data_size());
    }

    /// Logs from elsewhere: whatever they say, the tree stays a tree.
    #[test]
    fn transactions_of_other_histories_do_no_harm(
        one in vec(any::<Wish>(), 1..80),
        other in vec(any::<Wish>(), 1..80),
        order in vec(any::<bool>(), 160),
    ) {
        let (one, other) = (history(&one, true).1, history(&other, true).1);
        let (mut one, mut other) = (one.iter(), other.iter());
        let mut tree = Tree::new(config());
        let cursor = tree.open_cursor();
        let mut out = BytesMut::new();
        for first in order {
            let txn = if first { one.next() } else { other.next() };
            if let Some(txn) = txn {
                apply(&mut tree, txn, &mut ());
            }
            tree.snapshot_slice(cursor, &mut out, 1);
        }
        tree.check().map_err(TestCaseError::fail)?;
    }
}
