//! Measures the tree: bytes per node, and time per lookup and per applied transaction.
//!
//! `cargo run --release -p rookeeper-tree --example measure [nodes]` (default one million).
//! The process's own memory is read from `/proc/self/statm`, so it measures on Linux only.
#![allow(clippy::unwrap_used)]

use std::time::Instant;

use bytes::BytesMut;
use codec::txn::{CreateTxn, DeleteTxn, SetDataTxn, Txn, TxnBody, TxnHeader};
use codec::{Acl, SessionId, Xid, Zxid};
use tree::{Tree, TreeConfig, TreeLoader};

fn resident_bytes() -> f64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: f64 = statm
        .split(' ')
        .nth(1)
        .and_then(|n| n.parse().ok())
        .unwrap_or_default();
    pages * 4096.0
}

fn txn(zxid: i64, body: TxnBody<'_>) -> Txn<'_> {
    let (client_id, cxid, time) = (SessionId(1), Xid(1), 1_700_000_000_000 + zxid);
    let header = TxnHeader {
        client_id,
        cxid,
        zxid: Zxid(zxid),
        time,
        txn_type: body.op().code(),
    };
    Txn {
        header,
        body,
        digest: None,
    }
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
    let start = Instant::now();
    let (mut longest, mut last) = (0, start);
    for n in 0..count {
        each(n);
        if n % 64 == 63 {
            let now = Instant::now();
            longest = longest.max((now - last).as_nanos());
            last = now;
        }
    }
    let ns = start.elapsed().as_nanos() as f64 / count as f64;
    println!(
        "{what:<24} {ns:7.0} ns each; longest 64: {:.0} us",
        longest as f64 / 1e3
    );
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

fn snapshot(tree: &mut Tree) -> BytesMut {
    let (start, mut longest) = (Instant::now(), 0);
    let cursor = tree.open_cursor();
    let mut out = BytesMut::new();
    loop {
        let slice = Instant::now();
        let more = tree.snapshot_slice(cursor, &mut out, 64 << 10);
        longest = longest.max(slice.elapsed().as_micros());
        if !more {
            break;
        }
    }
    tree.close_cursor(cursor);
    let ms = start.elapsed().as_millis();
    println!(
        "snapshot {} MB in {ms} ms, longest slice {longest} us",
        out.len() >> 20
    );
    out
}

fn load(mut nodes: &[u8]) -> Tree {
    use codec::{Buffer, Decode, StatPersisted, Text};
    let mut loader = TreeLoader::new(TreeConfig::default());
    while !nodes.is_empty() {
        let (rest, path) = Text::decode(nodes).unwrap();
        let (rest, data) = Buffer::decode(rest).unwrap();
        let (rest, acl) = i64::decode(rest).unwrap();
        let (rest, stat) = StatPersisted::decode(rest).unwrap();
        loader
            .node(&path.unwrap_or_default(), data, acl, &stat)
            .unwrap();
        nodes = rest;
    }
    loader.finish(Zxid(1)).unwrap()
}

fn main() {
    let count: usize = std::env::args()
        .nth(1)
        .and_then(|n| n.parse().ok())
        .unwrap_or(1_000_000);
    let (data, other) = ([b'x'; 100], [b'y'; 100]);
    let acl = codec::acl::open_acl_unsafe();
    let mut tree = Tree::new(TreeConfig::default());
    let mut zxid = 0;
    for n in 0..10 {
        zxid += 1;
        tree.apply(
            &txn(zxid, create(&format!("/d{n}"), b"", &acl, -1)),
            &mut (),
        );
    }
    let paths: Vec<String> = (0..count).map(path).collect();
    let before = resident_bytes();
    time("create", count, |n| {
        zxid += 1;
        tree.apply(&txn(zxid, create(&paths[n], &data, &acl, -1)), &mut ());
    });
    println!(
        "{:.1} bytes per node",
        (resident_bytes() - before) / count as f64
    );
    let scattered: Vec<usize> = (0..count).map(|n| scatter(n, count)).collect();
    let mut found = 0;
    time("find", count, |n| {
        found += usize::from(tree.find(&paths[scattered[n]]).is_some())
    });
    time("find and read", count, |n| {
        let node = tree.get(&paths[scattered[n]]).unwrap();
        found += node.data().map_or(0, <[u8]>::len) + node.stat().version as usize;
    });
    println!("({found})");
    time("setData", count, |n| {
        zxid += 1;
        let path = Some(paths[scattered[n]].as_str().into());
        let body = TxnBody::SetData(SetDataTxn {
            path,
            data: Some(&other),
            version: 1,
        });
        tree.apply(&txn(zxid, body), &mut ());
    });
    let nodes = snapshot(&mut tree);
    let start = Instant::now();
    let loaded = load(&nodes);
    println!("loaded in {} ms", start.elapsed().as_millis());
    assert_eq!(loaded.digest(), tree.digest());
    drop(loaded);
    time("delete", count, |n| {
        zxid += 1;
        let body = TxnBody::Delete(DeleteTxn {
            path: Some(paths[n].as_str().into()),
        });
        tree.apply(&txn(zxid, body), &mut ());
    });
    assert_eq!(tree.node_count(), 5 + 10);
}
