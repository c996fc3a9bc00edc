//! Damage at rest: each row of the table that was measured with Apache, and what we do instead where
//! Apache loses data in silence.
#![allow(clippy::unwrap_used)]

mod common;

use std::fs;
use std::path::Path;

use codec::Zxid;
use codec::disk::Compression;
use common::*;
use storage::Disk;
use storage::log::{LogOptions, TxnLog};
use storage::recover::{RecoveryError, Verdict};
use storage::snapshot::SnapshotWriter;

fn recover(dir: &Path) -> (Recorder, Result<storage::recover::Recovered, RecoveryError>) {
    recover_dir(&Disk::real(), dir, false)
}

/// A directory whose whole history is in two logs: log.1 with 1..=10, log.b with 11..=20, behind
/// snapshot.0. No mark, as Apache leaves it.
fn two_logs() -> tempfile::TempDir {
    let dir = scratch();
    let zero = fixtures().join("apache-3.8.0/standalone/version-2/snapshot.0");
    fs::copy(zero, dir.path().join("snapshot.0")).unwrap();
    write_log(dir.path(), 1..=10);
    write_log(dir.path(), 11..=20);
    dir
}

fn write_log(dir: &Path, zxids: std::ops::RangeInclusive<i64>) {
    let name = format!("log.{:x}", zxids.start());
    let mut file = bytes::BytesMut::from(&b"ZKLG\0\0\0\x02\0\0\0\0\0\0\0\0"[..]);
    for zxid in zxids {
        codec::disk::encode_log_record(&mut file, &payload(zxid, 60));
    }
    file.resize(file.len().max(8192), 0);
    fs::write(dir.join(name), file).unwrap();
}

/// Bytes of one of those records.
const RECORD: usize = 109;

fn record(n: usize) -> usize {
    16 + n * RECORD
}

fn change(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(path).unwrap();
    change(&mut bytes);
    fs::write(path, bytes).unwrap();
}

fn unsound(dir: &Path) -> Verdict {
    match recover(dir).1 {
        Err(RecoveryError::Unsound(verdict)) => verdict,
        other => panic!("{other:?}"),
    }
}

fn corrupt(dir: &Path) -> (String, u64, Zxid, Zxid) {
    let verdict = unsound(dir);
    let text = verdict.to_string();
    let Verdict::Corrupt { file, offset, last, highest, .. } = verdict else {
        panic!("{verdict:?}")
    };
    let name = file.file_name().unwrap().to_str().unwrap().to_owned();
    assert!(text.contains(&name) && text.contains(&offset.to_string()), "{text}");
    assert!(text.contains("leader") && text.contains("backup"), "says what to do: {text}");
    (name, offset, last, highest)
}

/// As we leave it: a mark beside the logs, and everything in front of it durable.
fn marked_log() -> tempfile::TempDir {
    let dir = two_logs();
    let mut log = TxnLog::open(Disk::real(), LogOptions::new(dir.path()), Zxid(20)).unwrap();
    (21..=30).for_each(|zxid| log.append(Zxid(zxid), &payload(zxid, 60)).unwrap());
    log.close().unwrap();
    dir
}

/// A server that goes on behind ours and is told TRUNC cuts our last log behind a record.
#[test]
fn a_marked_log_that_was_truncated_on_purpose_is_no_damage() {
    let dir = marked_log();
    let path = dir.path().join("log.15");
    let cut = |len: usize| {
        fs::File::options().write(true).open(&path).unwrap().set_len(len as u64).unwrap();
    };
    cut(record(7));
    // A server alone is never told to.
    assert_eq!(corrupt(dir.path()).0, "log.15");
    fs::write(dir.path().join("currentEpoch"), "0").unwrap();
    let (recorder, result) = recover(dir.path());
    let recovered = result.unwrap();
    assert_eq!((recovered.last, recovered.verdict), (Zxid(27), Verdict::Clean));
    assert_eq!(recorder.txns.len(), 27);
    assert!(recovered.warnings.iter().any(|w| w.contains("log.15")), "{:?}", recovered.warnings);
    // Not behind a record: nobody does that on purpose.
    for len in [record(6) + 1, record(7) - 1, record(6) + 50, 16] {
        let dir = marked_log();
        let path = dir.path().join("log.15");
        fs::File::options().write(true).open(&path).unwrap().set_len(len as u64).unwrap();
        assert_eq!(corrupt(dir.path()).0, "log.15", "{len} bytes");
    }
    // Half a copy is another file.
    let dir = marked_log();
    let path = dir.path().join("log.15");
    let bytes = fs::read(&path).unwrap();
    fs::write(dir.path().join("copy"), &bytes[..record(7)]).unwrap();
    fs::rename(dir.path().join("copy"), &path).unwrap();
    assert_eq!(corrupt(dir.path()).0, "log.15");
    // Nor are zeros a cut.
    let dir = marked_log();
    change(&dir.path().join("log.15"), |file| file[record(7)..].fill(0));
    assert_eq!(corrupt(dir.path()).0, "log.15");
}

/// Whatever stands in a file of that name now: the mark says nothing of it.
#[test]
fn a_marked_log_that_was_rewritten_is_judged_without_the_mark() {
    let rewrite = |last: i64| {
        let dir = marked_log();
        let mut file = bytes::BytesMut::from(&b"ZKLG\0\0\0\x02\0\0\0\0\0\0\0\0"[..]);
        for zxid in 21..=last {
            codec::disk::encode_log_record(&mut file, &payload(zxid, 70));
        }
        file.resize(8192, 0);
        fs::write(dir.path().join("log.15"), file).unwrap();
        dir
    };
    let dir = rewrite(23);
    let recovered = recover(dir.path()).1.unwrap();
    assert_eq!((recovered.last, recovered.verdict), (Zxid(23), Verdict::Clean));
    assert_eq!(recovered.warnings.len(), 1, "{:?}", recovered.warnings);
    // A hole behind the mark's offset, with records behind it: not ours, so not cut.
    let dir = rewrite(50);
    let hole = 16 + 15 * (RECORD + 10);
    change(&dir.path().join("log.15"), |file| file[hole..hole + 119].fill(0));
    assert_eq!(corrupt(dir.path()).1, hole as u64);
}

#[test]
fn a_whole_history_is_clean() {
    let dir = two_logs();
    let (recorder, result) = recover(dir.path());
    assert_eq!(result.unwrap().verdict, Verdict::Clean);
    assert_eq!(recorder.zxids(), (1..=20).collect::<Vec<_>>());
}

#[test]
fn a_torn_last_record_is_cut_and_said() {
    type Damage = fn(&mut Vec<u8>);
    let damages: [(&str, Damage); 5] = [
        ("short file", |file| file.truncate(record(9) + 50)),
        ("rest zero", |file| file[record(9) + 50..].fill(0)),
        ("other trailer", |file| file[record(10) - 1] = 0x41),
        ("eight bytes of it", |file| file.truncate(record(9) + 8)),
        ("header without the rest", |file| file[record(9) + 12..].fill(0)),
    ];
    for (name, damage) in damages {
        let dir = two_logs();
        change(&dir.path().join("log.b"), damage);
        let (recorder, result) = recover(dir.path());
        let recovered = result.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(recovered.last, Zxid(19), "{name}");
        assert_eq!(recorder.txns.len(), 19, "{name}");
        let Verdict::TornTail { offset, .. } = recovered.verdict else {
            panic!("{name}: {:?}", recovered.verdict)
        };
        assert_eq!(offset, record(9) as u64);
        assert_eq!(recovered.warnings.len(), 1, "{name}: {:?}", recovered.warnings);
        assert_eq!(fs::metadata(dir.path().join("log.b")).unwrap().len(), offset);
        assert_eq!(recover(dir.path()).1.unwrap().verdict, Verdict::Clean, "{name}: cut for good");
    }
}

/// As Apache leaves it: the torn record stays, the next run goes on in a new file.
#[test]
fn a_torn_end_of_an_older_file_is_legitimate_if_the_next_goes_on_exactly() {
    let dir = two_logs();
    change(&dir.path().join("log.1"), |file| {
        let mut torn = bytes::BytesMut::new();
        codec::disk::encode_log_record(&mut torn, &payload(11, 90));
        file[record(10)..record(10) + 40].copy_from_slice(&torn[..40]);
    });
    let (recorder, result) = recover(dir.path());
    assert_eq!(result.unwrap().warnings.len(), 1);
    assert_eq!(recorder.txns.len(), 20);
}

#[test]
fn a_torn_end_of_an_older_file_is_rot_if_the_next_begins_later() {
    let dir = two_logs();
    change(&dir.path().join("log.1"), |file| file.truncate(record(9) + 50));
    assert_eq!(corrupt(dir.path()), ("log.1".into(), record(9) as u64, Zxid(9), Zxid(20)));
}

#[test]
fn a_flipped_bit_in_any_record_is_refused() {
    for (log, n, last) in [("log.1", 0, 0), ("log.1", 4, 4), ("log.1", 9, 9), ("log.b", 9, 19)] {
        let dir = two_logs();
        change(&dir.path().join(log), |file| file[record(n) + 60] ^= 4);
        // The very last record is known by nothing but itself.
        let highest = if last == 19 { Zxid(19) } else { Zxid(20) };
        let expected = (log.to_owned(), record(n) as u64, Zxid(last), highest);
        assert_eq!(corrupt(dir.path()), expected, "{log} record {n}");
    }
}

#[test]
fn a_length_that_no_record_has_is_refused() {
    for length in [-1_i32, i32::MAX, i32::MIN, 500_000_000] {
        for n in [3, 9] {
            let dir = two_logs();
            change(&dir.path().join("log.b"), |file| {
                file[record(n) + 8..record(n) + 12].copy_from_slice(&length.to_be_bytes());
            });
            assert_eq!(corrupt(dir.path()).1, record(n) as u64, "length {length}");
        }
    }
}

/// Apache silently loses the rest of the file.
#[test]
fn a_zeroed_header_does_not_hide_what_is_behind_it() {
    for (log, last) in [("log.1", 5), ("log.b", 15)] {
        let dir = two_logs();
        change(&dir.path().join(log), |file| file[record(5)..record(5) + 12].fill(0));
        assert_eq!(corrupt(dir.path()), (log.into(), record(5) as u64, Zxid(last), Zxid(20)));
    }
}

/// A whole sector or page zeroed inside of the history, with good records behind it.
#[test]
fn a_zeroed_sector_does_not_hide_what_is_behind_it() {
    let dir = two_logs();
    write_log(dir.path(), 21..=50);
    change(&dir.path().join("log.15"), |file| file[512..1024].fill(0));
    let expected = ("log.15".to_owned(), record(4) as u64, Zxid(24), Zxid(50));
    assert_eq!(corrupt(dir.path()), expected);
}

#[test]
fn an_empty_newest_log_is_removed() {
    type Make = fn() -> Vec<u8>;
    let kinds: [(&str, Make); 3] = [
        ("0 bytes", Vec::new),
        ("half a header", || b"ZKLG\0\0\0\x02".to_vec()),
        ("space without a header", || vec![0; 65_552]),
    ];
    for (name, make) in kinds {
        let dir = two_logs();
        fs::write(dir.path().join("log.15"), make()).unwrap();
        let (recorder, result) = recover(dir.path());
        let recovered = result.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!((recovered.last, recorder.txns.len()), (Zxid(20), 20), "{name}");
        assert!(recovered.warnings.iter().any(|w| w.contains("log.15")), "{name}");
        assert_eq!(names(dir.path()), ["log.1", "log.b", "snapshot.0"], "{name}");
    }
}

#[test]
fn a_wrong_magic_is_refused() {
    let dir = two_logs();
    change(&dir.path().join("log.b"), |file| file[2] = b'X');
    assert_eq!(corrupt(dir.path()).1, 0);
}

#[test]
fn a_newest_log_with_a_header_only_is_nothing() {
    let dir = two_logs();
    fs::write(dir.path().join("log.15"), b"ZKLG\0\0\0\x02\0\0\0\0\0\0\0\0").unwrap();
    assert_eq!(recover(dir.path()).1.unwrap().last, Zxid(20));
    assert!(!dir.path().join("log.15").exists(), "its name is free for the next append");
}

/// Apache starts with the hole and serves.
#[test]
fn a_missing_log_in_the_middle_is_a_gap() {
    let dir = two_logs();
    write_log(dir.path(), 21..=30);
    fs::remove_file(dir.path().join("log.b")).unwrap();
    let Verdict::Gap { last, next, highest, offset, .. } = unsound(dir.path()) else {
        panic!("not a gap")
    };
    assert_eq!((last, next, highest, offset), (Zxid(10), Zxid(21), Zxid(30), 16));
}

#[test]
fn a_missing_first_log_is_a_gap_unless_a_snapshot_covers_it() {
    let dir = two_logs();
    fs::remove_file(dir.path().join("log.1")).unwrap();
    assert!(matches!(unsound(dir.path()), Verdict::Gap { last: Zxid(0), next: Zxid(11), .. }));
    fs::copy(dir.path().join("snapshot.0"), dir.path().join("snapshot.a")).unwrap();
    assert_eq!(recover(dir.path()).1.unwrap().last, Zxid(20));
}

#[test]
fn a_gap_or_a_step_back_inside_a_file_is_damage() {
    let dir = two_logs();
    let mut file = bytes::BytesMut::from(&b"ZKLG\0\0\0\x02\0\0\0\0\0\0\0\0"[..]);
    [11, 12, 14].iter().for_each(|n| codec::disk::encode_log_record(&mut file, &payload(*n, 0)));
    fs::write(dir.path().join("log.b"), &file).unwrap();
    let verdict = unsound(dir.path());
    assert!(matches!(verdict, Verdict::Gap { last: Zxid(12), next: Zxid(14), .. }), "{verdict:?}");
    codec::disk::encode_log_record(&mut file, &payload(12, 0));
    file.truncate(16 + 2 * 49);
    codec::disk::encode_log_record(&mut file, &payload(12, 0));
    fs::write(dir.path().join("log.b"), &file).unwrap();
    assert_eq!(corrupt(dir.path()).2, Zxid(12));
}

#[test]
fn a_log_under_another_name_is_damage() {
    let dir = two_logs();
    fs::rename(dir.path().join("log.b"), dir.path().join("log.c")).unwrap();
    assert!(!unsound(dir.path()).is_sound());
}

#[test]
fn a_later_epoch_may_follow_at_its_first_counter_only() {
    let epoch = 1_i64 << 32;
    let dir = two_logs();
    write_log(dir.path(), epoch + 1..=epoch + 3);
    assert_eq!(recover(dir.path()).1.unwrap().last, Zxid(epoch + 3));
    let dir = two_logs();
    write_log(dir.path(), epoch + 2..=epoch + 3);
    assert!(matches!(unsound(dir.path()), Verdict::Gap { .. }));
}

#[test]
fn a_damaged_snapshot_falls_back_to_an_older_one() {
    let dir = standalone();
    change(&dir.path().join("snapshot.39"), |file| file[700] ^= 1);
    change(&dir.path().join("snapshot.37.snappy"), |file| file.truncate(900));
    change(&dir.path().join("snapshot.34.snappy"), |file| file[80] ^= 0x10);
    let (recorder, result) = recover(dir.path());
    let recovered = result.unwrap();
    assert_eq!(recovered.snapshot.unwrap().zxid, Zxid(0x2c));
    assert_eq!(recovered.last, Zxid(0x3c));
    assert_eq!(recorder.zxids().first(), Some(&0x2d));
    for name in ["snapshot.39", "snapshot.37", "snapshot.34"] {
        assert!(recovered.warnings.iter().any(|w| w.contains(name)), "{:?}", recovered.warnings);
    }
}

/// Whole and sealed, but of nothing: else a server would start empty beside a good history.
#[test]
fn a_sealed_snapshot_without_nodes_falls_back_to_an_older_one() {
    let dir = two_logs();
    let disk = Disk::real();
    let mut writer =
        SnapshotWriter::create(disk, dir.path(), Zxid(15), Compression::Plain).unwrap();
    writer.sessions(std::iter::empty::<(codec::SessionId, i32)>()).unwrap();
    writer.acls(std::iter::empty::<(i64, &[codec::Acl<'_>])>()).unwrap();
    writer.finish(Some((Zxid(15), 0)), Some(Zxid(15))).unwrap();
    let (recorder, result) = recover(dir.path());
    let recovered = result.unwrap();
    assert_eq!(recovered.snapshot.unwrap().zxid, Zxid(0));
    assert!(recorder.nodes.contains_key(""), "nothing of the older one is lacking");
    assert_eq!(recorder.zxids(), (1..=20).collect::<Vec<_>>());
    let told = |w: &String| w.contains("snapshot.f") && w.contains("no root");
    assert!(recovered.warnings.iter().any(told), "{:?}", recovered.warnings);
    fs::remove_file(dir.path().join("snapshot.0")).unwrap();
    assert!(matches!(recover(dir.path()).1, Err(RecoveryError::NoneLoads { .. })));
}

#[test]
fn cut_snapshots_are_left_aside_and_none_that_loads_is_refused() {
    let dir = standalone();
    for name in names(dir.path()).iter().filter(|name| name.starts_with("snapshot.")) {
        change(&dir.path().join(name), |file| file.truncate(file.len() / 2));
    }
    let error = recover(dir.path()).1.unwrap_err();
    // Compressed ones look whole by their first bytes and are tried.
    assert!(matches!(error, RecoveryError::NoneLoads { .. }), "{error}");
    let trusted = recover_dir(&Disk::real(), dir.path(), true).1;
    assert!(trusted.is_err(), "trust.empty is for no snapshot, not for damaged ones");
}

#[test]
fn a_server_that_died_in_its_first_snapshot_starts() {
    let dir = scratch();
    fs::write(dir.path().join("snapshot.0"), b"ZKSN\0\0").unwrap();
    let recovered = recover(dir.path()).1.unwrap();
    assert!(recovered.is_fresh());
    fs::write(dir.path().join("snapshot.5"), b"ZKSN\0\0").unwrap();
    assert!(matches!(recover(dir.path()).1, Err(RecoveryError::NoneLoads { .. })));
}
