//! Figures of the log on this machine's disk: `log_figures <directory>`. Appends alone, then groups
//! with a sync each, with space prepared ahead by its thread and without; and what a roll costs.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::time::{Duration, Instant};

use codec::{Encode, Zxid};
use storage::Disk;
use storage::log::{LogOptions, TxnLog};

const PAYLOAD: usize = 202;

fn open(dir: &Path, ahead: bool) -> (tempfile::TempDir, TxnLog) {
    let dir = tempfile::tempdir_in(dir).unwrap();
    let mut log = TxnLog::open(Disk::real(), LogOptions::new(dir.path()), Zxid::ZERO).unwrap();
    if ahead {
        log.start_space_thread().unwrap();
    }
    (dir, log)
}

fn payload(zxid: i64) -> Vec<u8> {
    let header = codec::txn::TxnHeader {
        client_id: codec::SessionId(1),
        cxid: codec::Xid(1),
        zxid: Zxid(zxid),
        time: 0,
        txn_type: 5,
    };
    let mut payload = header.to_bytes().to_vec();
    payload.resize(PAYLOAD, 7);
    payload
}

fn appends(dir: &Path, ahead: bool) {
    let (_dir, mut log) = open(dir, ahead);
    let bytes = payload(1);
    log.append(Zxid(1), &bytes).unwrap();
    const N: i64 = 1_000_000;
    let begun = Instant::now();
    for zxid in 2..=N {
        log.append(Zxid(zxid), &bytes).unwrap();
    }
    let took = begun.elapsed();
    println!("append, ahead {ahead:5}: {:4} ns/record", took.as_nanos() / N as u128);
}

fn groups(dir: &Path, ahead: bool, group: i64, rounds: usize) {
    let (_dir, mut log) = open(dir, ahead);
    let syncer = log.syncer();
    let mut zxid = 0;
    let (mut appending, mut syncs) = (Duration::ZERO, Vec::with_capacity(rounds));
    let first = Instant::now();
    let mut first_sync = Duration::ZERO;
    for _ in 0..rounds {
        let begun = Instant::now();
        for _ in 0..group {
            zxid += 1;
            log.append(Zxid(zxid), &payload(zxid)).unwrap();
        }
        appending += begun.elapsed();
        let begun = Instant::now();
        syncer.sync().unwrap();
        syncs.push(begun.elapsed());
        if first_sync.is_zero() {
            first_sync = first.elapsed();
        }
    }
    let mean = syncs.iter().sum::<Duration>() / rounds as u32;
    syncs.sort();
    let at = |per_mille: usize| syncs[(rounds - 1) * per_mille / 1000];
    println!(
        "group {group:4}, ahead {ahead:5}: append {:5} ns/record; sync mean {mean:.0?} p50 {:.0?} \
         p99 {:.0?} p99.9 {:.0?}; first append and sync {first_sync:.1?}",
        appending.as_nanos() / zxid as u128,
        at(500),
        at(990),
        at(999),
    );
}

/// The append that begins a file behind a roll, between groups that are synced.
fn rolls(dir: &Path, ahead: bool) {
    let (_dir, mut log) = open(dir, ahead);
    let syncer = log.syncer();
    let (mut zxid, mut begins) = (0, Vec::new());
    for _ in 0..40 {
        let begun = Instant::now();
        zxid += 1;
        log.append(Zxid(zxid), &payload(zxid)).unwrap();
        begins.push(begun.elapsed());
        for _ in 0..30 {
            (0..200).for_each(|_| {
                zxid += 1;
                log.append(Zxid(zxid), &payload(zxid)).unwrap();
            });
            syncer.sync().unwrap();
        }
        log.roll();
    }
    begins.sort();
    println!("roll, ahead {ahead:5}: p50 {:?}, worst {:?}", begins[20], begins[39]);
}

fn main() {
    let dir = std::env::args().nth(1).unwrap_or_else(|| ".".into());
    let dir = Path::new(&dir);
    for ahead in [false, true] {
        rolls(dir, ahead);
        appends(dir, ahead);
    }
    for (group, rounds) in [(1, 5000), (16, 2000), (64, 1500), (400, 500)] {
        for ahead in [false, true] {
            groups(dir, ahead, group, rounds);
        }
    }
}
