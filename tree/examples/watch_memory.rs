//! What watches cost: bytes each, and the time of adding, firing and removing.
//!
//! `cargo run --release -p rookeeper-tree --example watch_memory`. Bytes are computed from
//! capacities; the process's own memory is read from `/proc/self/statm` beside them, on Linux.

use std::time::Instant;

use codec::txn::{CreateTxn, SetDataTxn, Txn, TxnBody, TxnHeader};
use codec::{SessionId, Xid, Zxid};
use tree::watch::{AddWatchMode, Fired, Firing, Table, WatchTable, WatcherId};
use tree::{NodeId, Tree, TreeConfig};

const NODES: usize = 1_000_000;

fn resident_bytes() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm.split(' ').nth(1).and_then(|pages| pages.parse().ok()).unwrap_or(0) * 4096
}

fn txn(zxid: usize, body: TxnBody<'_>) -> Txn<'_> {
    let header = TxnHeader {
        client_id: SessionId(1),
        cxid: Xid(1),
        zxid: Zxid(zxid as i64),
        time: 1_700_000_000_000,
        txn_type: body.op().code(),
    };
    Txn { header, body, digest: None }
}

fn set(zxid: usize, path: &str) -> Txn<'_> {
    let (path, data) = (Some(path.into()), Some(b"y".as_slice()));
    txn(zxid, TxnBody::SetData(SetDataTxn { path, data, version: 1 }))
}

fn path(n: usize) -> String {
    format!("/n{n:012}")
}

fn tree() -> (Tree, Vec<NodeId>) {
    let mut tree = Tree::new(TreeConfig::default());
    for n in 0..NODES {
        let path = path(n);
        let body = CreateTxn {
            path: Some(path.as_str().into()),
            data: Some(b"x"),
            acl: None,
            ephemeral: false,
            parent_cversion: -1,
        };
        tree.apply(&txn(n + 1, TxnBody::Create(body)), &mut ());
    }
    let nodes = (0..NODES).filter_map(|n| tree.find(&path(n))).collect();
    (tree, nodes)
}

fn watcher(number: usize) -> WatcherId {
    WatcherId::new(number as u32).expect("invariant: few watchers")
}

/// Runs `each` and prints its mean and the longest run of 16 of them.
fn time(what: &str, count: usize, mut each: impl FnMut(usize)) {
    let start = Instant::now();
    let (mut longest, mut last) = (0, start);
    for n in 0..count {
        each(n);
        if n % 16 == 15 {
            let now = Instant::now();
            longest = longest.max((now - last).as_micros());
            last = now;
        }
    }
    let mean = start.elapsed().as_nanos() / count as u128;
    println!("  {what}: {mean} ns each, longest 16: {longest} us");
}

fn report(what: &str, watches: &WatchTable, resident_before: usize) {
    let (bytes, count) = (watches.heap_bytes(), watches.len());
    let resident = resident_bytes().saturating_sub(resident_before);
    let each = |bytes: usize| bytes as f64 / count as f64;
    println!("  {what}: {count} watches, {:.1} B each ({:.1} B RSS)", each(bytes), each(resident));
}

fn sparse(nodes: &[NodeId], share: usize) {
    println!("one watch on every {share}. of {NODES} nodes, 8 connections:");
    let before = resident_bytes();
    let mut watches = WatchTable::new(1);
    let count = NODES / share;
    time("add", count, |n| {
        let n = n.wrapping_mul(7_919) % count;
        watches.watch_node(nodes[n * share], watcher(n % 8), Table::Data);
    });
    report("memory", &watches, before);
    assert!(watches.heap_bytes() <= 32 * watches.len());
    time("close a connection", 8, |n| watches.remove_watcher(watcher(n)));
}

fn hot(tree: &mut Tree, nodes: &[NodeId], watchers: usize) {
    println!("{watchers} connections on one node:");
    let before = resident_bytes();
    let mut watches = WatchTable::new(1);
    time("add", watchers, |n| {
        watches.watch_node(nodes[0], watcher(n.wrapping_mul(7_919) % watchers), Table::Data);
    });
    report("memory, both directions", &watches, before);
    let mut told = 0;
    let zxid = tree.last_zxid().0 as usize + 1;
    let path = path(0);
    time("fire", 1, |_| {
        let out = |fired: Fired<'_>| told += fired.watchers.len();
        tree.apply(&set(zxid, &path), &mut Firing { table: &mut watches, out });
    });
    assert_eq!((told, watches.len()), (watchers, 0));
}

fn dense(nodes: &[NodeId]) {
    println!("1000 connections on the same 10000 nodes:");
    let before = resident_bytes();
    let mut watches = WatchTable::new(1);
    time("add", 10_000_000, |n| {
        watches.watch_node(nodes[n / 1_000], watcher(n % 1_000), Table::Data);
    });
    report("memory", &watches, before);
    time("close a connection", 1_000, |n| watches.remove_watcher(watcher(n)));
}

fn writes(tree: &mut Tree, nodes: &[NodeId]) {
    println!("writes to nodes that nobody watches:");
    let paths: Vec<String> = (0..NODES).step_by(10).map(path).collect();
    let zxid = tree.last_zxid().0 as usize + 1;
    time("set, no table", paths.len(), |n| {
        tree.apply(&set(zxid + n, &paths[n]), &mut ());
    });
    let mut watches = WatchTable::new(1);
    for (n, node) in nodes.iter().enumerate().filter(|(n, _)| n % 10 != 0) {
        watches.watch_node(*node, watcher(n % 8), Table::Data);
    }
    let zxid = zxid + paths.len();
    let out = |fired: Fired<'_>| panic!("nobody watches {}", fired.path);
    let mut firing = Firing { table: &mut watches, out };
    time("set, 900000 watches elsewhere", paths.len(), |n| {
        tree.apply(&set(zxid + n, &paths[n]), &mut firing);
    });
    watches.add_watch(tree, "/zookeeper", watcher(9), AddWatchMode::PersistentRecursive);
    let mut firing = Firing { table: &mut watches, out };
    let zxid = zxid + paths.len();
    time("set, and a recursive watch elsewhere", paths.len(), |n| {
        tree.apply(&set(zxid + n, &paths[n]), &mut firing);
    });
}

fn main() {
    let (mut tree, nodes) = tree();
    [1, 3, 10].into_iter().for_each(|share| sparse(&nodes, share));
    [1_000, 10_000, 100_000].into_iter().for_each(|count| hot(&mut tree, &nodes, count));
    dense(&nodes);
    writes(&mut tree, &nodes);
}
