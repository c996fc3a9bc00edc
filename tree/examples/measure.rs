//! Measures the tree: bytes per node, and time per lookup and per applied transaction.
//!
//! `cargo run --release -p rookeeper-tree --example measure [nodes]` (default one million).
//! Times are CPU times of this process, so that neighbours disturb them less; they and the memory
//! come from `/proc/self`, so it measures on Linux only.
#![allow(clippy::unwrap_used)]

use bytes::BytesMut;
use codec::txn::{CreateTxn, DeleteTxn, SetDataTxn, Txn, TxnBody, TxnHeader};
use codec::{Acl, SessionId, Xid, Zxid};
use tree::{Tree, TreeConfig, TreeLoader};

fn resident_bytes() -> f64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: f64 = statm.split(' ').nth(1).and_then(|n| n.parse().ok()).unwrap_or_default();
    pages * 4096.0
}

/// Time spent on a CPU so far, ns.
fn cpu_ns() -> f64 {
    let schedstat = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    schedstat.split(' ').next().and_then(|ns| ns.parse().ok()).unwrap_or_default()
}

fn txn(zxid: i64, body: TxnBody<'_>) -> Txn<'_> {
    let (client_id, cxid, time) = (SessionId(1), Xid(1), 1_700_000_000_000 + zxid);
    let header = TxnHeader { client_id, cxid, zxid: Zxid(zxid), time, txn_type: body.op().code() };
    Txn { header, body, digest: None }
}

/// 14 bytes: ten directories, then ten digits' worth of children.
fn path(n: usize) -> String {
    format!("/d{}/{n:010}", n % 10)
}

/// A fixed scattering of 0..count.
fn scatter(n: usize, count: usize) -> usize {
    n.wrapping_mul(2_654_435_761) % count
}

fn time(what: &str, count: usize, mut each: impl FnMut(usize)) {
    let start = cpu_ns();
    (0..count).for_each(&mut each);
    println!("{what:<24} {:7.0} ns each", (cpu_ns() - start) / count as f64);
}

fn create<'a>(path: &'a str, data: &'a [u8], acl: &[Acl<'a>], counter: i32) -> TxnBody<'a> {
    TxnBody::Create(CreateTxn {
        path: Some(path.into()),
        data: Some(data),
        acl: Some(acl.to_vec()),
        ephemeral: false,
        parent_cversion: counter,
    })
}

/// The snapshot, a buffer per slice.
fn snapshot(tree: &mut Tree) -> Vec<BytesMut> {
    let (start, mut longest) = (cpu_ns(), 0.0f64);
    let cursor = tree.open_cursor();
    let mut slices = Vec::new();
    loop {
        let mut out = BytesMut::with_capacity(80 << 10);
        let slice = cpu_ns();
        let more = tree.snapshot_slice(cursor, &mut out, 64 << 10);
        slices.push(out);
        longest = longest.max((cpu_ns() - slice) / 1e3);
        if !more {
            break;
        }
    }
    tree.close_cursor(cursor);
    let ms = (cpu_ns() - start) / 1e6;
    let mb = slices.iter().map(BytesMut::len).sum::<usize>() >> 20;
    println!("snapshot {mb} MB in {ms:.0} ms, longest slice {longest:.0} us");
    slices
}

fn load(slices: &[BytesMut]) -> Tree {
    use codec::{Buffer, Decode, StatPersisted, Text};
    let mut loader = TreeLoader::new(TreeConfig::default());
    for slice in slices {
        let mut nodes = &slice[..];
        while !nodes.is_empty() {
            let (rest, path) = Text::decode(nodes).unwrap();
            let (rest, data) = Buffer::decode(rest).unwrap();
            let (rest, acl) = i64::decode(rest).unwrap();
            let (rest, stat) = StatPersisted::decode(rest).unwrap();
            loader.node(&path.unwrap_or_default(), data, acl, &stat).unwrap();
            nodes = rest;
        }
    }
    loader.finish(Zxid(1)).unwrap()
}

fn main() {
    let count: usize = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(1_000_000);
    let (data, other) = ([b'x'; 100], [b'y'; 100]);
    let acl = codec::acl::open_acl_unsafe();
    let mut tree = Tree::new(TreeConfig::default());
    let mut zxid = 0;
    for n in 0..10 {
        zxid += 1;
        tree.apply(&txn(zxid, create(&format!("/d{n}"), b"", &acl, -1)), &mut ());
    }
    let paths: Vec<String> = (0..count).map(path).collect();
    let before = resident_bytes();
    time("create", count, |n| {
        zxid += 1;
        tree.apply(&txn(zxid, create(&paths[n], &data, &acl, -1)), &mut ());
    });
    println!("{:.1} bytes per node", (resident_bytes() - before) / count as f64);
    let scattered: Vec<String> = (0..count).map(|n| path(scatter(n, count))).collect();
    let mut found = 0;
    time("find", count, |n| found += usize::from(tree.find(&scattered[n]).is_some()));
    time("find and read", count, |n| {
        let node = tree.get(&scattered[n]).unwrap();
        found += node.data().map_or(0, <[u8]>::len) + node.stat().version as usize;
    });
    println!("({found})");
    time("setData", count, |n| {
        zxid += 1;
        let path = Some(scattered[n].as_str().into());
        let body = TxnBody::SetData(SetDataTxn { path, data: Some(&other), version: 1 });
        tree.apply(&txn(zxid, body), &mut ());
    });
    let nodes = snapshot(&mut tree);
    let start = cpu_ns();
    let loaded = load(&nodes);
    println!("loaded in {:.0} ms", (cpu_ns() - start) / 1e6);
    assert_eq!(loaded.digest(), tree.digest());
    drop(loaded);
    time("delete", count, |n| {
        zxid += 1;
        let body = TxnBody::Delete(DeleteTxn { path: Some(paths[n].as_str().into()) });
        tree.apply(&txn(zxid, body), &mut ());
    });
    assert_eq!(tree.node_count(), 5 + 10);
}
