//! Every byte of a small log and of small snapshots, changed one at a time: an altered history is
//! never accepted in silence.
#![allow(clippy::unwrap_used)]

mod common;

use std::fs;

use codec::Zxid;
use common::*;
use proptest::prelude::*;
use storage::Disk;
use storage::log::{LogOptions, TxnLog};
use storage::recover::Replay;
use storage::recover::Verdict;
use storage::snapshot::{self, Visitor};

fn small_log(close: bool) -> tempfile::TempDir {
    let dir = scratch();
    let mut options = LogOptions::new(dir.path());
    options.preallocate = 4 << 10;
    let mut log = TxnLog::open(Disk::real(), options, Zxid::ZERO).unwrap();
    for zxid in 1..=6 {
        log.append(Zxid(zxid), &payload(zxid, 10 * zxid as usize)).unwrap();
        log.syncer().sync().unwrap();
    }
    match close {
        true => log.close().unwrap(),
        false => std::mem::forget(log),
    }
    dir
}

#[test]
fn every_byte_of_a_log_that_we_wrote() {
    for close in [true, false] {
        let dir = small_log(close);
        let path = dir.path().join("log.1");
        let whole = fs::read(&path).unwrap();
        let end = 16 + (1..=6).map(|n| 49 + 10 * n).sum::<usize>();
        let (truth, _) = recover_dir(&Disk::real(), dir.path(), true);
        assert_eq!(truth.zxids(), [1, 2, 3, 4, 5, 6]);
        // Recovery trims the tail of the one that was not closed; look at the file as it was.
        // Behind the records a sample: one zero is like another.
        for at in (0..whole.len()).filter(|at| *at < end + 40 || at % 131 == 0) {
            for flip in [0x01, 0xff] {
                let mut damaged = whole.clone();
                damaged[at] ^= flip;
                fs::write(&path, &damaged).unwrap();
                let (recorder, result) = recover_dir(&Disk::real(), dir.path(), true);
                let Ok(recovered) = result else { continue };
                assert_eq!(recorder.txns, truth.txns, "byte {at} flipped by {flip:#x}");
                // Versions and dbid of the header mean nothing; behind the records is nothing.
                let meaningless = (4..16).contains(&at) || at >= end;
                assert!(meaningless, "byte {at} of a record");
                let said = recovered.verdict != Verdict::Clean;
                assert!(at < 16 || said, "byte {at} behind the records goes unsaid");
            }
        }
    }
}

/// Without a mark (Apache's files): what is accepted is the truth, or a prefix of it that lacks
/// the last record only, and that is said.
#[test]
fn every_byte_of_a_log_without_a_mark() {
    let dir = small_log(true);
    fs::remove_file(dir.path().join("rookeeper.durable")).unwrap();
    let path = dir.path().join("log.1");
    let whole = fs::read(&path).unwrap();
    for at in 16..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x20;
        fs::write(&path, &damaged).unwrap();
        let (recorder, result) = recover_dir(&Disk::real(), dir.path(), true);
        let Ok(recovered) = result else { continue };
        assert_eq!(recorder.zxids(), [1, 2, 3, 4, 5], "byte {at}");
        assert!(matches!(recovered.verdict, Verdict::TornTail { .. }), "byte {at}");
    }
}

struct Into<'a>(&'a mut Recorder);

impl Visitor for Into<'_> {
    fn session(&mut self, id: codec::SessionId, timeout: i32) {
        self.0.session(id, timeout);
    }

    fn acl(&mut self, id: i64, acl: codec::AclList) {
        self.0.acl(id, acl);
    }

    fn node(
        &mut self,
        path: &str,
        data: Option<&[u8]>,
        acl_id: i64,
        stat: &codec::StatPersisted,
    ) -> Result<(), String> {
        self.0.node(path, data, acl_id, stat)
    }
}

/// Every place of a small file; of a large one the ends and a sample of what is between.
fn places(len: usize) -> impl Iterator<Item = usize> {
    (0..len).filter(move |at| *at < 2500 || at + 200 > len || at % 331 == 0)
}

#[test]
fn every_byte_of_a_snapshot() {
    let newer = standalone();
    // Body only: one seal.
    let older = copy(&fixtures().join("apache-3.4.14/standalone/version-2"));
    let files =
        |dir: &tempfile::TempDir| snapshot::snapshot_files(&Disk::real(), dir.path()).unwrap();
    for file in files(&newer).into_iter().chain(files(&older)) {
        let whole = fs::read(&file.path).unwrap();
        let contents = || {
            let mut recorder = Recorder::default();
            let loaded = snapshot::load(&Disk::real(), &file.path, &mut Into(&mut recorder));
            loaded.map(|summary| (summary, recorder)).ok()
        };
        let truth = contents();
        let mut undetected = 0;
        for at in places(whole.len()) {
            let mut damaged = whole.clone();
            damaged[at] ^= 0x04;
            fs::write(&file.path, &damaged).unwrap();
            if let Some(read) = contents() {
                // Headers of gzip and snappy-java, and references to equal bytes in a packed block.
                assert_eq!(Some(&read), truth.as_ref(), "{} byte {at}", file.path.display());
                undetected += 1;
            }
        }
        let plain = file.compression == codec::disk::Compression::Plain;
        assert!(!plain || undetected == 0, "{}: {undetected}", file.path.display());
        for len in places(whole.len()) {
            fs::write(&file.path, &whole[..len]).unwrap();
            let cut = snapshot::verify(&Disk::real(), &file.path);
            let trailer =
                file.compression == codec::disk::Compression::Gz && len + 8 >= whole.len();
            // A file without its digest section is what a server with digests off writes.
            let section = plain && len + 33 == whole.len();
            assert!(cut.is_err() || trailer || section, "{} cut to {len}", file.path.display());
        }
        fs::write(&file.path, &whole).unwrap();
    }
}

/// Sections cut off at their boundary are what older versions write; a section too many, or a byte
/// too many, is damage.
#[test]
fn sections_are_told_by_the_bytes_left() {
    let dir = copy(&fixtures().join("apache-3.9.5/standalone/version-2"));
    let path = dir.path().join("snapshot.17");
    let whole = fs::read(&path).unwrap();
    let verify = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        snapshot::verify(&Disk::real(), &path)
    };
    let full = verify(&whole).unwrap();
    assert!(full.digest.is_some() && full.last == Some(Zxid(0x17)), "{full:?}");
    let digest_only = verify(&whole[..whole.len() - 21]).unwrap();
    assert_eq!((digest_only.digest, digest_only.last), (full.digest, None));
    let body_only = verify(&whole[..whole.len() - 54]).unwrap();
    assert_eq!((body_only.digest, body_only.last), (None, None));
    // Body and last zxid, as a 3.9 server with digests off writes it.
    let body = &whole[..whole.len() - 54];
    let mut bare = bytes::BytesMut::from(body);
    bare.extend_from_slice(&0x17_i64.to_be_bytes());
    let seal = codec::disk::adler32(&bare);
    codec::disk::put_seal(&mut bare, seal);
    let bare = verify(&bare).unwrap();
    assert_eq!((bare.digest, bare.last), (None, Some(Zxid(0x17))));
    let mut long = whole.clone();
    long.push(0);
    assert!(verify(&long).is_err());
    long.extend_from_slice(&[0; 400]);
    assert!(verify(&long).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever is done to a log: no panic, and what is accepted is a prefix of what was written.
    #[test]
    fn a_log_damaged_anyhow_gives_a_prefix_or_an_error(
        edits in prop::collection::vec((0_usize..700, prop::collection::vec(any::<u8>(), 1..40)), 1..4),
        zeros in (0_usize..700, 0_usize..600),
        cut in 0_usize..1000,
        mark: bool,
    ) {
        let dir = small_log(true);
        if !mark {
            fs::remove_file(dir.path().join("rookeeper.durable")).unwrap();
        }
        let truth: Vec<_> = (1..=6).map(|n| (Zxid(n), payload(n, 10 * n as usize))).collect();
        let path = dir.path().join("log.1");
        let mut bytes = fs::read(&path).unwrap();
        for (at, edit) in edits {
            let at = at.min(bytes.len());
            let end = (at + edit.len()).min(bytes.len());
            bytes[at..end].copy_from_slice(&edit[..end - at]);
        }
        let end = (zeros.0 + zeros.1).min(bytes.len());
        bytes[zeros.0.min(end)..end].fill(0);
        bytes.truncate(cut);
        fs::write(&path, &bytes).unwrap();
        let (recorder, result) = recover_dir(&Disk::real(), dir.path(), true);
        if result.is_ok() {
            prop_assert_eq!(&recorder.txns[..], &truth[..recorder.txns.len()]);
            prop_assert!(!mark || recorder.txns.len() == 6, "the mark knew of all six");
        }
    }

    #[test]
    fn a_snapshot_of_any_bytes_is_refused(
        bytes in prop::collection::vec(any::<u8>(), 0..300), head in 0..4,
    ) {
        let dir = scratch();
        let heads = [&b""[..], b"ZKSN\0\0\0\x02\xff\xff\xff\xff\xff\xff\xff\xff", b"\x1f\x8b\x08\0",
            b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01"];
        for name in ["snapshot.1", "snapshot.2.gz", "snapshot.3.snappy"] {
            let path = dir.path().join(name);
            fs::write(&path, [heads[head as usize], &bytes].concat()).unwrap();
            prop_assert!(snapshot::verify(&Disk::real(), &path).is_err());
        }
    }
}

/// A length that is only claimed reserves nothing, however long the (sparse) file is.
#[test]
fn a_sparse_file_of_a_terabyte_is_judged_at_once() {
    let dir = small_log(true);
    let path = dir.path().join("log.1");
    let mut bytes = fs::read(&path).unwrap();
    bytes.extend_from_slice(&[0, 0, 0, 0, 1, 2, 3, 4, 0x7f, 0xff, 0xff, 0xff]);
    fs::write(&path, &bytes).unwrap();
    fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(1 << 40).unwrap();
    let (_, result) = recover_dir(&Disk::real(), dir.path(), true);
    let error = result.unwrap_err().to_string();
    assert!(error.contains("2147483647"), "{error}");
}
