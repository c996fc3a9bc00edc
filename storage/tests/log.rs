//! The log while it is written: order, durability, errors, space; and what purge and truncation leave
//! of it.
#![allow(clippy::unwrap_used)]

mod common;

use std::fs;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use codec::disk::Compression;
use codec::{SessionId, Zxid};
use common::*;
use proptest::prelude::*;
use storage::error::TruncateError;
use storage::log::{LogOptions, LogReader, TxnLog};
use storage::recover::Verdict;
use storage::retain::{Pins, purge};
use storage::snapshot::SnapshotWriter;
use storage::{Disk, truncate};

fn options(dir: &Path) -> LogOptions {
    LogOptions { preallocate: 64 << 10, ..LogOptions::new(dir) }
}

fn open(dir: &Path) -> TxnLog {
    TxnLog::open(Disk::real(), options(dir), Zxid::ZERO).unwrap()
}

fn append(log: &mut TxnLog, zxids: std::ops::RangeInclusive<i64>) {
    zxids.for_each(|zxid| log.append(Zxid(zxid), &payload(zxid, 50)).unwrap());
}

fn read(dir: &Path, from: i64, up_to: i64) -> Vec<i64> {
    let mut reader = LogReader::open(Disk::real(), dir, Zxid(from)).unwrap();
    let mut read = Vec::new();
    while let Some(txn) = reader.next(Zxid(up_to)).unwrap() {
        assert_eq!(txn.payload.len(), payload(txn.zxid.0, txn.payload.len() - 36).len());
        read.push(txn.zxid.0);
    }
    read
}

#[test]
fn a_log_has_apaches_bytes_and_size() {
    let dir = tempfile::tempdir().unwrap();
    let apache = fs::read(fixtures().join("apache-3.8.0/standalone/version-2/log.1")).unwrap();
    let mut log = open(dir.path());
    let mut reader = LogReader::open(
        Disk::real(),
        &fixtures().join("apache-3.8.0/standalone/version-2"),
        Zxid(1),
    )
    .unwrap();
    while let Some(txn) = reader.next(Zxid(6)).unwrap() {
        log.append(txn.zxid, txn.payload).unwrap();
    }
    log.syncer().sync().unwrap();
    let ours = fs::read(dir.path().join("log.1")).unwrap();
    let end = log.file_bytes() as usize;
    assert_eq!(ours[..end], apache[..end]);
    assert!(ours[end..].iter().all(|byte| *byte == 0));
    assert_eq!(ours.len(), 65_552);
    assert_eq!(log.file_size(), 65_552);
    log.close().unwrap();
    assert_eq!(fs::metadata(dir.path().join("log.1")).unwrap().len(), end as u64);
}

#[test]
fn sync_covers_what_was_appended_and_no_more() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = open(dir.path());
    let syncer = log.syncer();
    assert_eq!(syncer.sync(), Ok(Zxid::ZERO));
    assert_eq!(syncer.figures().count, 0, "nothing to sync");
    append(&mut log, 1..=5);
    assert_eq!((syncer.durable(), syncer.appended()), (Zxid::ZERO, Zxid(5)));
    assert_eq!(syncer.sync(), Ok(Zxid(5)));
    append(&mut log, 6..=6);
    assert_eq!(syncer.durable(), Zxid(5));
    let figures = syncer.figures();
    assert_eq!(figures.count, 1);
    assert!(figures.max > Duration::ZERO && figures.total == figures.max);
}

#[test]
fn a_roll_syncs_both_files_and_trims_the_old_one() {
    let dir = tempfile::tempdir().unwrap();
    let (disk, faults) = faulty(i64::MAX);
    let mut log = TxnLog::open(disk, options(dir.path()), Zxid::ZERO).unwrap();
    let syncer = log.syncer();
    append(&mut log, 1..=3);
    let old_end = log.file_bytes();
    log.roll();
    assert_eq!(log.file_bytes(), 0);
    append(&mut log, 4..=4);
    let (syncs, dirs) =
        (faults.log_syncs.load(Ordering::SeqCst), faults.dir_syncs.load(Ordering::SeqCst));
    assert_eq!(syncer.sync(), Ok(Zxid(4)));
    assert_eq!(faults.log_syncs.load(Ordering::SeqCst) - syncs, 2);
    assert_eq!(faults.dir_syncs.load(Ordering::SeqCst) - dirs, 2, "both names made durable");
    append(&mut log, 5..=5);
    syncer.sync().unwrap();
    assert_eq!(faults.log_syncs.load(Ordering::SeqCst) - syncs, 3, "the old file is done with");
    log.space().prepare_ahead().unwrap();
    assert_eq!(fs::metadata(dir.path().join("log.1")).unwrap().len(), old_end);
    assert_eq!(names(dir.path()), ["log.1", "log.4"]);
    assert_eq!(read(dir.path(), 1, 5), [1, 2, 3, 4, 5]);
}

/// Else a page of a new file could reach the disk before anything says that it is unsynced.
#[test]
fn a_new_file_begins_with_a_sync_of_the_mark() {
    let dir = tempfile::tempdir().unwrap();
    let (disk, faults) = faulty(i64::MAX);
    let mut log = TxnLog::open(disk, options(dir.path()), Zxid::ZERO).unwrap();
    let syncs = faults.log_syncs.load(Ordering::SeqCst);
    append(&mut log, 1..=3);
    assert_eq!(faults.log_syncs.load(Ordering::SeqCst) - syncs, 1);
}

#[test]
fn without_force_sync_nothing_is_synced() {
    let dir = tempfile::tempdir().unwrap();
    let (disk, faults) = faulty(i64::MAX);
    let options = LogOptions { force_sync: false, ..options(dir.path()) };
    let mut log = TxnLog::open(disk, options, Zxid::ZERO).unwrap();
    append(&mut log, 1..=3);
    let syncs = faults.log_syncs.load(Ordering::SeqCst);
    assert_eq!(log.syncer().sync(), Ok(Zxid(3)));
    assert_eq!(faults.log_syncs.load(Ordering::SeqCst), syncs);
}

#[test]
fn the_first_failed_sync_is_the_last() {
    let dir = tempfile::tempdir().unwrap();
    let (disk, faults) = faulty(i64::MAX);
    let mut log = TxnLog::open(disk.clone(), options(dir.path()), Zxid::ZERO).unwrap();
    let syncer = log.syncer();
    append(&mut log, 1..=3);
    syncer.sync().unwrap();
    append(&mut log, 4..=4);
    faults.sync_fails.store(true, Ordering::SeqCst);
    let error = syncer.sync().unwrap_err();
    assert_eq!((error.operation, error.errno), ("fdatasync", Some(5)));
    assert!(error.to_string().contains("log.1"), "{error}");
    // The disk works again: too late.
    faults.sync_fails.store(false, Ordering::SeqCst);
    assert_eq!(syncer.sync(), Err(error.clone()));
    assert_eq!(log.append(Zxid(5), &payload(5, 0)), Err(error.clone()));
    assert_eq!(syncer.durable(), Zxid(3));
    assert_eq!(disk.write_atomically(&dir.path().join("x"), b"1"), Err(error));
    drop(log);
    assert_eq!(recover_dir(&Disk::real(), dir.path(), true).1.unwrap().last, Zxid(4));
}

#[test]
fn a_full_disk_is_an_error_and_loses_nothing_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    let (disk, faults) = faulty(300_000);
    let mut log = TxnLog::open(disk, options(dir.path()), Zxid::ZERO).unwrap();
    let syncer = log.syncer();
    let mut zxid = 0;
    let error = loop {
        zxid += 1;
        log.space().prepare_ahead().unwrap();
        match log.append(Zxid(zxid), &payload(zxid, 900)) {
            Ok(()) => syncer.sync().unwrap(),
            Err(error) => break error,
        };
    };
    assert!(error.is_full(), "{error}");
    assert!(error.to_string().contains("log.1"), "{error}");
    assert!(zxid > 200, "the disk was used up to its end: {zxid}");
    assert_eq!(syncer.durable(), Zxid(zxid - 1));
    drop(log);
    let (recorder, result) = recover_dir(&Disk::real(), dir.path(), true);
    assert_eq!(result.unwrap().last, Zxid(zxid - 1));
    // Space is there again after a restart: it goes on.
    faults.room.store(i64::MAX, Ordering::SeqCst);
    let last = Zxid(zxid - 1);
    let mut log = TxnLog::open(Disk::real(), options(dir.path()), last).unwrap();
    append(&mut log, zxid..=zxid);
    assert_eq!(recorder.txns.len() as i64, zxid - 1);
}

#[test]
fn a_full_disk_leaves_no_snapshot_under_its_name() {
    let dir = tempfile::tempdir().unwrap();
    let (disk, _) = faulty(200_000);
    let write = || {
        let mut writer =
            SnapshotWriter::create(disk.clone(), dir.path(), Zxid(5), Compression::Plain)?;
        writer.sessions(std::iter::empty::<(SessionId, i32)>())?;
        writer.acls(std::iter::empty::<(i64, &[codec::Acl<'_>])>())?;
        for _ in 0..100 {
            writer.nodes(&[7; 10_000])?;
        }
        writer.finish(None, None)
    };
    assert!(write().unwrap_err().is_full());
    assert!(!dir.path().join("snapshot.5").exists());
    assert!(disk.check().is_err());
}

#[test]
#[should_panic(expected = "log append of 0x5 behind 0x3")]
fn a_hole_never_reaches_the_disk() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = open(dir.path());
    append(&mut log, 1..=3);
    let _ = log.append(Zxid(5), &payload(5, 0));
}

#[test]
fn a_new_epoch_may_follow_and_rebase_begins_elsewhere() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = open(dir.path());
    append(&mut log, 1..=3);
    let epoch = 1_i64 << 32;
    append(&mut log, epoch + 1..=epoch + 2);
    let syncer = log.syncer();
    syncer.sync().unwrap();
    log.rebase(Zxid(2 * epoch + 7)).unwrap();
    assert_eq!(syncer.durable(), Zxid(2 * epoch + 7));
    append(&mut log, 2 * epoch + 8..=2 * epoch + 9);
    assert_eq!(syncer.sync(), Ok(Zxid(2 * epoch + 9)));
    assert_eq!(names(dir.path()), ["log.1", "log.200000008"]);
}

/// Appends, syncs, reads and the space thread beside each other.
#[test]
fn many_threads_share_a_log() {
    let dir = tempfile::tempdir().unwrap();
    let mut options = LogOptions::new(dir.path());
    options.preallocate = 1 << 20;
    let mut log = TxnLog::open(Disk::real(), options, Zxid::ZERO).unwrap();
    log.start_space_thread().unwrap();
    let syncer = log.syncer();
    const LAST: i64 = 40_000;
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut durable = Zxid::ZERO;
            while durable < Zxid(LAST) {
                let next = syncer.sync().unwrap();
                assert!(next >= durable);
                durable = next;
            }
        });
        scope.spawn(|| {
            let mut reader = None;
            let mut seen = 0;
            while seen < LAST {
                let up_to = syncer.appended();
                if up_to == Zxid::ZERO {
                    continue;
                }
                let reader = reader.get_or_insert_with(|| {
                    LogReader::open(Disk::real(), dir.path(), Zxid(1)).unwrap()
                });
                while let Some(txn) = reader.next(up_to).unwrap() {
                    seen += 1;
                    assert_eq!(txn.zxid, Zxid(seen));
                    assert_eq!(txn.payload, payload(seen, 50));
                }
            }
        });
        for zxid in 1..=LAST {
            log.append(Zxid(zxid), &payload(zxid, 50)).unwrap();
            if zxid % 9_000 == 0 {
                log.roll();
            }
        }
    });
    log.close().unwrap();
    let (recorder, result) = recover_dir(&Disk::real(), dir.path(), true);
    assert_eq!(result.unwrap().verdict, Verdict::Clean);
    assert_eq!(recorder.txns.len() as i64, LAST);
}

/// Runs `appends` while the space thread's work hangs in the disk.
fn beside(
    stall: &parking_lot::Mutex<Stall>,
    log: &mut TxnLog,
    appends: impl FnOnce(&mut TxnLog) + Send,
) {
    let space = log.space();
    let Busy { reached, let_go } = Faults::stall(stall);
    let (done, is_done) = std::sync::mpsc::channel();
    thread::scope(|scope| {
        let preparing = scope.spawn(move || space.prepare_ahead());
        reached.recv_timeout(Duration::from_secs(10)).expect("the space thread has work");
        scope.spawn(move || {
            appends(log);
            done.send(()).unwrap();
        });
        let in_time = is_done.recv_timeout(Duration::from_secs(5));
        drop(let_go);
        preparing.join().unwrap().unwrap();
        in_time.expect("appends waited for the disk");
    });
}

/// Appends hold the lock of everything that is written: they wait for the disk only where there is
/// no space left.
#[test]
fn appends_do_not_wait_for_space_that_is_prepared_ahead() {
    let dir = tempfile::tempdir().unwrap();
    let (disk, faults) = faulty(i64::MAX);
    let mut log = TxnLog::open(disk, options(dir.path()), Zxid::ZERO).unwrap();
    append(&mut log, 1..=1);
    log.space().prepare_ahead().unwrap();
    // Into the last half of what is allocated, so that more is prepared.
    log.append(Zxid(2), &payload(2, 40_000)).unwrap();
    let size = log.file_size();
    beside(&faults.allocation, &mut log, |log| {
        assert_eq!(log.file_size(), size);
        append(log, 3..=20);
    });
    assert_eq!(log.file_size(), size + (64 << 10));
    log.close().unwrap();
    assert_eq!(recover_dir(&Disk::real(), dir.path(), true).1.unwrap().last, Zxid(20));
}

#[test]
fn appends_do_not_wait_for_zeros() {
    let dir = tempfile::tempdir().unwrap();
    let (disk, faults) = faulty(i64::MAX);
    let options = LogOptions { preallocate: 1 << 20, ..options(dir.path()) };
    let mut log = TxnLog::open(disk, options, Zxid::ZERO).unwrap();
    // Zeros are topped up from here on, and there is room yet in front of them.
    log.append(Zxid(1), &payload(1, 150_000)).unwrap();
    beside(&faults.zeroing, &mut log, |log| {
        append(log, 2..=500);
        assert_eq!(log.file_size(), (1 << 20) + 16);
    });
    log.close().unwrap();
    let (recorder, result) = recover_dir(&Disk::real(), dir.path(), true);
    assert_eq!(result.unwrap().verdict, Verdict::Clean);
    assert_eq!(recorder.txns.len(), 500);
}

fn unfinished(dir: &Path) -> usize {
    let names = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name());
    names.filter(|name| name.to_str().unwrap().starts_with("unfinished.")).count()
}

/// Whoever begins a file holds up every append: what can be done before is.
#[test]
fn a_roll_goes_on_in_a_file_that_was_made_ahead() {
    let dir = tempfile::tempdir().unwrap();
    let (disk, faults) = faulty(i64::MAX);
    let mut log = TxnLog::open(disk, options(dir.path()), Zxid::ZERO).unwrap();
    append(&mut log, 1..=1);
    log.space().prepare_ahead().unwrap();
    assert_eq!(unfinished(dir.path()), 0, "a server that hardly writes needs none");
    append(&mut log, 2..=100);
    log.space().prepare_ahead().unwrap();
    log.space().prepare_ahead().unwrap();
    assert_eq!(unfinished(dir.path()), 1);
    log.roll();
    let made = faults.logs_made.load(Ordering::SeqCst);
    let _busy = Faults::stall(&faults.allocation);
    append(&mut log, 101..=101);
    assert!(faults.allocation.lock().take().is_some(), "space is there already");
    assert_eq!(faults.logs_made.load(Ordering::SeqCst), made);
    assert_eq!(
        (names(dir.path()), log.file_size()),
        (vec!["log.1".into(), "log.65".into()], 65_552)
    );
    assert_eq!(unfinished(dir.path()), 0);
    append(&mut log, 102..=200);
    log.space().prepare_ahead().unwrap();
    // Its space does not do for this record.
    log.roll();
    log.append(Zxid(201), &payload(201, 100_000)).unwrap();
    append(&mut log, 202..=300);
    log.space().prepare_ahead().unwrap();
    log.close().unwrap();
    assert_eq!(unfinished(dir.path()), 0, "nothing is left over");
    let (recorder, result) = recover_dir(&Disk::real(), dir.path(), true);
    assert_eq!(result.unwrap().verdict, Verdict::Clean);
    assert_eq!(recorder.txns.len(), 300);
}

#[test]
fn a_file_made_ahead_gives_its_room_to_records() {
    for ahead in [true, false] {
        let dir = tempfile::tempdir().unwrap();
        // The mark, two files of one step, and not quite another step.
        let (disk, faults) = faulty(1024 + 2 * 65_552 + 60_000);
        let mut log = TxnLog::open(disk, options(dir.path()), Zxid::ZERO).unwrap();
        append(&mut log, 1..=100);
        log.space().prepare_ahead().unwrap();
        assert_eq!(unfinished(dir.path()), 1);
        for zxid in 101..=1200 {
            if ahead {
                log.space().prepare_ahead().unwrap();
            }
            append(&mut log, zxid..=zxid);
        }
        assert!(log.file_bytes() > 118_000);
        assert_eq!(unfinished(dir.path()), 0);
        assert!(faults.room.load(Ordering::SeqCst) < 65_536, "and none is made again");
    }
}

/// A large record, and the space taken for nothing but the step it needs.
#[test]
fn a_record_may_be_larger_than_a_step_and_a_window() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = open(dir.path());
    append(&mut log, 1..=2);
    log.append(Zxid(3), &payload(3, 9 << 20)).unwrap();
    append(&mut log, 4..=5);
    log.syncer().sync().unwrap();
    assert_eq!(log.file_size() % (64 << 10), 16);
    let (recorder, result) = recover_dir(&Disk::real(), dir.path(), true);
    assert_eq!(result.unwrap().last, Zxid(5));
    assert_eq!(recorder.txns[2].1, payload(3, 9 << 20));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn what_is_appended_reads_back(
        sizes in prop::collection::vec((0_usize..20_000, 0..8), 1..60), from in 1_i64..60,
    ) {
        let dir = tempfile::tempdir().unwrap();
        let mut log = open(dir.path());
        for (n, (size, act)) in sizes.iter().enumerate() {
            let zxid = n as i64 + 1;
            log.append(Zxid(zxid), &payload(zxid, *size)).unwrap();
            match act {
                0 => log.roll(),
                1 => log.space().prepare_ahead().unwrap(),
                _ => {}
            }
        }
        let last = sizes.len() as i64;
        prop_assert_eq!(read(dir.path(), from, last), (from..=last).collect::<Vec<_>>());
        let (recorder, result) = recover_dir(&Disk::real(), dir.path(), true);
        prop_assert_eq!(result.unwrap().verdict, Verdict::Clean);
        for (zxid, bytes) in &recorder.txns {
            prop_assert_eq!(bytes, &payload(zxid.0, sizes[zxid.0 as usize - 1].0));
        }
        prop_assert_eq!(recorder.txns.len(), sizes.len());
    }
}

fn snapshot(dir: &Path, zxid: i64, compression: Compression) {
    let mut writer = SnapshotWriter::create(Disk::real(), dir, Zxid(zxid), compression).unwrap();
    writer.sessions([(SessionId(7), 4000)].into_iter()).unwrap();
    writer.acls(std::iter::empty::<(i64, &[codec::Acl<'_>])>()).unwrap();
    let root = codec::disk::NodeRecord {
        path: Some("".into()),
        data: Some(b""),
        acl_id: -1,
        stat: codec::StatPersisted::default(),
    };
    writer.nodes(&codec::Encode::to_bytes(&root)).unwrap();
    writer.finish(Some((Zxid(zxid), 1)), Some(Zxid(zxid))).unwrap();
}

/// Logs of ten transactions each up to `last`, snapshots at the zxids given.
fn history(last: i64, snapshots: &[i64]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let mut log = open(dir.path());
    for zxid in 1..=last {
        append(&mut log, zxid..=zxid);
        if zxid % 10 == 0 {
            log.roll();
        }
    }
    log.close().unwrap();
    snapshots.iter().for_each(|zxid| snapshot(dir.path(), *zxid, Compression::Gz));
    dir
}

fn run_purge(dir: &Path, retain: usize, pins: &Pins) -> storage::retain::Purged {
    purge(&Disk::real(), dir, dir, retain, pins).unwrap()
}

#[test]
fn purge_keeps_what_the_oldest_kept_snapshot_needs() {
    let dir = history(65, &[9, 18, 27, 36, 45]);
    let purged = run_purge(dir.path(), 3, &Pins::default());
    assert_eq!(purged.removed.len(), 4, "{purged:?}");
    let kept = ["log.15", "log.1f", "log.29", "log.33", "log.3d"];
    let snapshots = ["snapshot.1b.gz", "snapshot.24.gz", "snapshot.2d.gz"];
    assert_eq!(names(dir.path()), [&kept[..], &snapshots[..]].concat());
    let bytes: u64 = names(dir.path())
        .iter()
        .map(|name| fs::metadata(dir.path().join(name)).unwrap().len())
        .sum();
    assert_eq!(purged.kept_bytes, bytes);
    assert_eq!(recover_dir(&Disk::real(), dir.path(), false).1.unwrap().last, Zxid(65));
    // The oldest kept snapshot alone is enough for the whole history.
    fs::remove_file(dir.path().join("snapshot.2d.gz")).unwrap();
    fs::remove_file(dir.path().join("snapshot.24.gz")).unwrap();
    assert_eq!(recover_dir(&Disk::real(), dir.path(), false).1.unwrap().last, Zxid(65));
}

#[test]
fn purge_counts_only_snapshots_that_verify() {
    let dir = history(65, &[9, 18, 27, 36, 45]);
    let torn = dir.path().join("snapshot.2d.gz");
    let whole = fs::read(&torn).unwrap();
    fs::write(&torn, &whole[..whole.len() - 20]).unwrap();
    let purged = run_purge(dir.path(), 3, &Pins::default());
    assert_eq!(purged.damaged.len(), 1);
    assert!(dir.path().join("snapshot.12.gz").exists(), "the third that verifies");
    assert!(!dir.path().join("snapshot.9.gz").exists());
}

#[test]
fn purge_leaves_few_snapshots_and_pinned_logs_alone() {
    let dir = history(65, &[18, 27]);
    assert!(run_purge(dir.path(), 1, &Pins::default()).removed.is_empty());
    let dir = history(65, &[9, 18, 27, 36, 45]);
    let pins = Pins::default();
    let pin = pins.pin(Zxid(5));
    let purged = run_purge(dir.path(), 3, &pins);
    assert!(dir.path().join("log.1").exists() && dir.path().join("log.b").exists());
    assert_eq!(purged.removed.len(), 2, "the snapshots may go: {purged:?}");
    drop(pin);
    run_purge(dir.path(), 3, &pins);
    assert!(!dir.path().join("log.1").exists());
}

fn cut(dir: &Path, to: i64) -> Result<(), TruncateError> {
    truncate(&Disk::real(), dir, dir, Zxid(to))
}

/// The fixture of a real server before it was told TRUNC 0x100000027.
#[test]
fn truncation_as_a_real_server_was_told() {
    let fixtures = fixtures().join("apache-3.8.0");
    let dir = copy(&fixtures.join("ensemble-before-trunc/s2/version-2"));
    cut(dir.path(), 0x1_0000_0027).unwrap();
    let recovered = recover_dir(&Disk::real(), dir.path(), false).1.unwrap();
    assert_eq!(recovered.last, Zxid(0x1_0000_0027));
    let apache = fs::read(fixtures.join("ensemble/s2/version-2/log.100000001")).unwrap();
    assert_eq!(fs::read(dir.path().join("log.100000001")).unwrap(), apache);
}

#[test]
fn truncation_leaves_nothing_behind_its_transaction() {
    for to in [1, 9, 10, 11, 27, 36, 37, 64, 65] {
        let dir = history(65, &[9, 18, 27, 36, 45]);
        cut(dir.path(), to).unwrap();
        let (recorder, result) = recover_dir(&Disk::real(), dir.path(), true);
        let recovered = result.unwrap();
        assert_eq!((recovered.last, recovered.verdict), (Zxid(to), Verdict::Clean), "to {to}");
        let base = recovered.snapshot.map_or(0, |snapshot| snapshot.zxid.0);
        assert_eq!(recorder.zxids(), (base + 1..=to).collect::<Vec<_>>());
        let mut log = TxnLog::open(Disk::real(), options(dir.path()), Zxid(to)).unwrap();
        append(&mut log, to + 1..=to + 1);
        log.close().unwrap();
        assert_eq!(recover_dir(&Disk::real(), dir.path(), true).1.unwrap().last, Zxid(to + 1));
    }
}

/// The state up to 0x2d came as a snapshot: its transactions are not in the log.
#[test]
fn truncation_to_what_only_a_snapshot_holds() {
    let dir = tempfile::tempdir().unwrap();
    snapshot(dir.path(), 45, Compression::Plain);
    let mut log = TxnLog::open(Disk::real(), options(dir.path()), Zxid(45)).unwrap();
    append(&mut log, 46..=47);
    log.close().unwrap();
    cut(dir.path(), 45).unwrap();
    assert_eq!(names(dir.path()), ["snapshot.2d"]);
    assert_eq!(recover_dir(&Disk::real(), dir.path(), false).1.unwrap().last, Zxid(45));
}

/// Snapshots of 3.4 and 3.5 say nothing but their name.
#[test]
fn truncation_removes_later_snapshots_by_their_names() {
    let dir = copy(&fixtures().join("apache-3.4.14/standalone/version-2"));
    cut(dir.path(), 0x10).unwrap();
    assert_eq!(names(dir.path()), ["log.1", "log.9", "snapshot.7"]);
    assert_eq!(recover_dir(&Disk::real(), dir.path(), false).1.unwrap().last, Zxid(0x10));
}

#[test]
fn truncation_to_what_is_not_here_changes_nothing() {
    let dir = history(65, &[45]);
    (1..=4)
        .for_each(|n| fs::remove_file(dir.path().join(format!("log.{:x}", n * 10 - 9))).unwrap());
    let before = names(dir.path());
    for to in [30, 44, 66, 1 << 33 | 5] {
        let error = cut(dir.path(), to).unwrap_err();
        assert!(!matches!(error, TruncateError::Disk(_)), "{error}");
        assert_eq!(names(dir.path()), before);
    }
}

/// A history that is not empty opens, appends and syncs at once: no 64 MiB of zeros first.
#[test]
fn a_start_waits_for_no_zeros() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = TxnLog::open(Disk::real(), LogOptions::new(dir.path()), Zxid::ZERO).unwrap();
    append(&mut log, 1..=1);
    use std::os::unix::fs::MetadataExt;
    let metadata = fs::metadata(dir.path().join("log.1")).unwrap();
    assert_eq!(metadata.len(), (64 << 20) + 16);
    assert!(metadata.blocks() * 512 >= 64 << 20, "really allocated");
}

/// Apache's server does not start beside a `log.*` without a header, so a crash must not leave one.
#[test]
fn a_log_is_named_once_it_has_its_header() {
    let dir = scratch();
    let (disk, faults) = faulty(1 << 30);
    let mut log = TxnLog::open(disk, LogOptions::new(dir.path()), Zxid::ZERO).unwrap();
    for zxid in 1..=3 {
        log.append(Zxid(zxid), &payload(zxid, 10)).unwrap();
        log.roll();
    }
    assert_eq!(faults.logs_named.load(Ordering::SeqCst), 3);
}
