//! Crashes: what a power loss or a kill may leave of files that we wrote, in every form that small
//! histories allow. Nothing acknowledged is lost, nothing else is invented, and a start is always
//! possible.
#![allow(clippy::unwrap_used)]

mod common;

use std::fs;
use std::path::Path;

use codec::Zxid;
use common::*;
use storage::Disk;
use storage::log::{LogOptions, TxnLog};
use storage::recover::Verdict;

const PAGE: usize = 4096;
const MARK: &str = "rookeeper.durable";

/// A directory as it is in the page cache, and what of it is certainly on disk.
struct Life {
    dir: tempfile::TempDir,
    /// Contents of each file when it was last synced.
    synced: Vec<(String, Vec<u8>)>,
    acknowledged: i64,
    appended: i64,
}

fn files(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap()))
        .collect();
    files.sort();
    files
}

/// Sizes of payloads, `Sync`, `Roll`, and `Ahead` (the space thread's turn), in their order.
enum Act {
    Append(usize),
    Sync,
    Roll,
    Ahead,
}
use Act::{Ahead, Append, Roll, Sync};

fn live(acts: &[Act]) -> Life {
    let dir = scratch();
    let mut options = LogOptions::new(dir.path());
    options.preallocate = 16 << 10;
    let mut log = TxnLog::open(Disk::real(), options, Zxid::ZERO).unwrap();
    let syncer = log.syncer();
    let mut synced = files(dir.path());
    let mut zxid = 0;
    for act in acts {
        match act {
            Append(extra) => {
                zxid += 1;
                let begins = log.file_bytes() == 0;
                log.append(Zxid(zxid), &payload(zxid, *extra)).unwrap();
                if begins {
                    // A new file begins with a sync of the mark.
                    let mark = fs::read(dir.path().join(MARK)).unwrap();
                    synced.iter_mut().find(|(name, _)| name == MARK).unwrap().1 = mark;
                }
            }
            Sync => {
                syncer.sync().unwrap();
                synced = files(dir.path());
            }
            Roll => log.roll(),
            Ahead => log.space().prepare_ahead().unwrap(),
        }
    }
    let acknowledged = syncer.durable().0;
    // As if killed: nothing is closed.
    std::mem::forget(log);
    Life { dir, synced, acknowledged, appended: zxid }
}

/// Recovers from an image and checks the promise.
fn survive(life: &Life, image: &[(String, Vec<u8>)], what: &str) -> i64 {
    let dir = scratch();
    for (name, bytes) in image {
        fs::write(dir.path().join(name), bytes).unwrap();
    }
    let (recorder, result) = recover_dir(&Disk::real(), dir.path(), true);
    let recovered = result.unwrap_or_else(|error| panic!("{what}: {error}"));
    let last = recovered.last.0;
    assert!(last >= life.acknowledged, "{what}: lost {} of {}", last, life.acknowledged);
    assert!(last <= life.appended, "{what}: invented");
    let expected: Vec<_> = (1..=last).collect();
    assert_eq!(recorder.zxids(), expected, "{what}");
    // The next run goes on in the same directory, and its restart is clean.
    let mut options = LogOptions::new(dir.path());
    options.preallocate = 16 << 10;
    let mut log = TxnLog::open(Disk::real(), options, recovered.last).unwrap();
    log.append(Zxid(last + 1), &payload(last + 1, 9)).unwrap();
    log.close().unwrap();
    let (again, result) = recover_dir(&Disk::real(), dir.path(), true);
    assert_eq!(result.unwrap().verdict, Verdict::Clean, "{what}");
    assert_eq!(again.zxids(), (1..=last + 1).collect::<Vec<_>>(), "{what}");
    last
}

fn contents<'a>(files: &'a [(String, Vec<u8>)], name: &str) -> &'a [u8] {
    files.iter().find(|(other, _)| other == name).map_or(&[], |(_, bytes)| bytes)
}

/// Numbers of the pages in which two states of a file differ.
fn dirty_pages(old: &[u8], new: &[u8]) -> Vec<usize> {
    let page = |bytes: &[u8], n: usize| {
        let mut page = bytes.get(n * PAGE..).unwrap_or(&[]).to_vec();
        page.resize(PAGE, 0);
        page
    };
    (0..new.len().div_ceil(PAGE)).filter(|n| page(old, *n) != page(new, *n)).collect()
}

/// The image in which of all pages written since the last sync only those chosen are on disk.
fn image(life: &Life, now: &[(String, Vec<u8>)], kept: &dyn Fn(usize) -> bool) -> Image {
    let mut n = 0;
    now.iter()
        .map(|(name, new)| {
            let old = contents(&life.synced, name);
            let mut bytes = new.clone();
            for page in dirty_pages(old, new) {
                let range = page * PAGE..((page + 1) * PAGE).min(bytes.len());
                if !kept(n) {
                    let mut before = old.get(range.start..).unwrap_or(&[]).to_vec();
                    before.resize(range.len().max(before.len()), 0);
                    bytes[range.clone()].copy_from_slice(&before[..range.len()]);
                }
                n += 1;
            }
            (name.clone(), bytes)
        })
        .collect()
}

type Image = Vec<(String, Vec<u8>)>;

/// Every subset of the unsynced pages.
fn every_subset(acts: &[Act]) -> (usize, usize) {
    let life = live(acts);
    let now = files(life.dir.path());
    let dirty: usize =
        now.iter().map(|(name, new)| dirty_pages(contents(&life.synced, name), new).len()).sum();
    assert!((2..=10).contains(&dirty), "{dirty} pages");
    let mut cut = 0;
    for subset in 0..1_usize << dirty {
        let image = image(&life, &now, &|n| subset >> n & 1 == 1);
        let last = survive(&life, &image, &format!("subset {subset:b}"));
        cut += usize::from(last < life.appended);
    }
    (1 << dirty, cut)
}

/// Appends that fill about two pages.
fn pages(n: usize) -> Vec<Act> {
    [700, 1500, 200, 3000, 40, 40, 2500, 100].iter().cycle().take(n).map(|n| Append(*n)).collect()
}

#[test]
fn any_pages_of_the_unsynced_groups_may_be_missing() {
    let mut acts = pages(5);
    acts.push(Sync);
    acts.extend(pages(14));
    let (images, cut) = every_subset(&acts);
    assert!(images >= 16 && cut >= images / 2, "{images} images, {cut} cut");
}

#[test]
fn nothing_synced_at_all() {
    every_subset(&pages(10));
}

#[test]
fn a_roll_with_both_files_unsynced() {
    let mut acts = pages(3);
    acts.push(Sync);
    acts.extend(pages(5));
    acts.push(Roll);
    acts.extend(pages(5));
    every_subset(&acts);
}

#[test]
fn a_roll_into_a_file_made_ahead() {
    for synced in [true, false] {
        let mut acts = pages(3);
        acts.push(Ahead);
        acts.extend(synced.then_some(Sync));
        acts.extend(pages(3));
        acts.push(Roll);
        acts.extend(pages(5));
        every_subset(&acts);
        acts.extend([Ahead, Append(900), Sync, Append(900), Roll]);
        acts.extend(pages(4));
        every_subset(&acts);
    }
}

#[test]
fn two_rolls_before_a_sync() {
    let mut acts = pages(2);
    acts.extend([Sync, Append(900), Roll, Append(4000), Append(10), Roll]);
    acts.extend(pages(3));
    every_subset(&acts);
}

#[test]
fn rolled_and_synced() {
    let mut acts = pages(4);
    acts.extend([Roll, Append(10), Sync]);
    acts.extend(pages(6));
    every_subset(&acts);
}

/// Records whose begin lies at each distance from a page's end.
#[test]
fn a_record_may_begin_anywhere_before_a_lost_page() {
    for short in 0..64 {
        // The first record ends `short` bytes before the page does.
        let first = PAGE - 16 - 13 - 36 - short;
        let acts = [Append(first), Sync, Append(300), Append(300), Append(5000), Append(50)];
        let life = live(&acts);
        let now = files(life.dir.path());
        for lost in 0..3 {
            let image = image(&life, &now, &|n| n != lost);
            survive(&life, &image, &format!("{short} bytes before, page {lost} lost"));
        }
    }
}

/// A killed process, or a file system that kept a prefix: every length of the newest log.
#[test]
fn every_prefix_of_the_log() {
    let life = live(&[Append(0), Append(40), Append(7), Append(300)]);
    let now = files(life.dir.path());
    let end = 16 + 4 * 49 + 347;
    for len in 0..=end + 20 {
        let image: Image = now
            .iter()
            .map(|(name, bytes)| match name.as_str() {
                "log.1" => (name.clone(), bytes[..len].to_vec()),
                _ => (name.clone(), bytes.clone()),
            })
            .collect();
        let last = survive(&life, &image, &format!("{len} bytes"));
        assert_eq!(last == 4, len >= end, "{len} bytes");
    }
}

/// The mark may be older than the data, or missing its newest slot; it only ever makes recovery
/// stricter.
#[test]
fn an_older_mark_is_enough_to_start() {
    let dir = scratch();
    let mut options = LogOptions::new(dir.path());
    options.preallocate = 64 << 10;
    let mut log = TxnLog::open(Disk::real(), options, Zxid::ZERO).unwrap();
    let syncer = log.syncer();
    let mut marks = Vec::new();
    for zxid in 1..=20 {
        log.append(Zxid(zxid), &payload(zxid, 900)).unwrap();
        marks.push(fs::read(dir.path().join(MARK)).unwrap());
        if zxid % 3 == 0 {
            syncer.sync().unwrap();
        }
    }
    let life = Life { synced: files(dir.path()), acknowledged: 18, appended: 20, dir };
    for (n, mark) in marks.iter().enumerate() {
        let mut now = files(life.dir.path());
        now.iter_mut().find(|(name, _)| name == MARK).unwrap().1 = mark.clone();
        survive(&life, &now, &format!("mark of append {n}"));
        // The last, unsynced page lost as well.
        let log = &mut now.iter_mut().find(|(name, _)| name == "log.1").unwrap().1;
        log[16 + 18 * 949..].fill(0);
        survive(&life, &now, &format!("mark of append {n}, end lost"));
    }
}

/// Rot in what was durable is told from a crash, also in the last record and as whole pages.
#[test]
fn in_front_of_the_mark_a_hole_is_rot() {
    let mut acts = pages(12);
    acts.push(Sync);
    let life = live(&acts);
    let log = fs::read(life.dir.path().join("log.1")).unwrap();
    let end = log.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    for (from, to) in [(PAGE, 2 * PAGE), (2 * PAGE, end), (end - 50, end), (end - 1, end)] {
        let mut damaged = log.clone();
        damaged[from..to].fill(0);
        let dir = scratch();
        for (name, bytes) in files(life.dir.path()) {
            let bytes = if name == "log.1" { &damaged } else { &bytes };
            fs::write(dir.path().join(name), bytes).unwrap();
        }
        let result = recover_dir(&Disk::real(), dir.path(), true).1;
        assert!(result.is_err(), "zeros at {from}..{to} were taken for a crash");
    }
}
