//! Every data directory that a real Apache server left.
#![allow(clippy::unwrap_used)]

mod common;

use std::fs;
use std::path::Path;

use codec::Zxid;
use codec::disk::{AclEntry, Compression, NodeRecord, SessionEntry};
use codec::{Acl, AclList, Encode, SessionId, StatPersisted};
use common::*;
use serde_json::Value;
use storage::Disk;
use storage::epoch::{EpochFiles, read_myid};
use storage::log::{LogReader, last_logged_zxid};
use storage::recover::{RecoveryError, Verdict};
use storage::snapshot::{self, SnapshotWriter, Visitor};

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn hex(value: &Value) -> i64 {
    u64::from_str_radix(value.as_str().unwrap().trim_start_matches("0x"), 16).unwrap() as i64
}

/// Zxids of all records, by the independent parser that came with the fixtures.
fn logged(dir: &Path) -> Vec<i64> {
    let txns = json(&dir.join("txns.json"));
    let records = txns.as_array().unwrap().iter().filter(|entry| entry.get("zxid").is_some());
    records.map(|entry| hex(&entry["zxid"])).collect()
}

#[test]
fn every_directory_recovers_to_its_last_zxid() {
    for dir in data_dirs() {
        let copy = copy(&dir.join("version-2"));
        let (recorder, result) = recover_dir(&Disk::real(), copy.path(), false);
        let recovered = result.unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
        let expected = hex(&json(&dir.join("expected-tree.json"))["lastZxid"]);
        assert_eq!(recovered.last, Zxid(expected), "{}", dir.display());
        assert_eq!(recovered.verdict, Verdict::Clean);
        assert_eq!(recovered.warnings, [""; 0]);
        let base = recovered.snapshot.unwrap().zxid.0;
        let mut behind = logged(&dir);
        behind.retain(|zxid| *zxid > base);
        assert_eq!(recorder.zxids(), behind, "{}", dir.display());
        let newest = logged(&dir).into_iter().max().map(Zxid);
        assert_eq!(last_logged_zxid(&Disk::real(), copy.path()), Ok(newest));
    }
}

#[test]
fn a_second_recovery_finds_the_same() {
    for dir in data_dirs() {
        let copy = copy(&dir.join("version-2"));
        let first = recover_dir(&Disk::real(), copy.path(), false);
        assert_eq!(recover_dir(&Disk::real(), copy.path(), false), first);
    }
}

#[test]
fn every_record_reads_from_any_zxid() {
    for dir in data_dirs() {
        let logged = logged(&dir);
        for from in [0, 5, 0x1_0000_0002, 0x2_0000_0001] {
            let mut reader =
                LogReader::open(Disk::real(), &dir.join("version-2"), Zxid(from)).unwrap();
            let mut read = Vec::new();
            let last = Zxid(*logged.last().unwrap());
            while let Some(txn) = reader.next(last).unwrap() {
                read.push(txn.zxid.0);
            }
            let expected: Vec<_> = logged.iter().copied().filter(|zxid| *zxid >= from).collect();
            assert_eq!(read, expected, "{} from {from:#x}", dir.display());
        }
    }
}

#[test]
fn every_snapshot_has_the_nodes_and_sessions_that_it_should() {
    for dir in data_dirs() {
        for expected in json(&dir.join("snapshots.json")).as_array().unwrap() {
            let path = dir.join("version-2").join(expected["file"].as_str().unwrap());
            let mut copy = Copier::default();
            let summary = snapshot::load(&Disk::real(), &path, &mut copy).unwrap();
            assert_eq!(Some(summary.nodes), expected["nodeCount"].as_u64());
            assert_eq!(Some(summary.bytes), expected["uncompressedSize"].as_u64());
            let order: Vec<_> = copy.nodes.iter().map(|(path, ..)| path.as_str()).collect();
            // Left out where the tree is large.
            if let Some(expected) = expected["nodeOrder"].as_array() {
                let expected: Vec<_> = expected.iter().map(|path| path.as_str().unwrap()).collect();
                assert_eq!(order, expected);
            }
            assert_eq!(copy.sessions.len(), expected["sessions"].as_object().unwrap().len());
            let digest = expected.get("digestSection").filter(|section| section.is_object());
            let digest = digest.map(|s| (Zxid(hex(&s["zxid"])), hex(&s["digest"])));
            assert_eq!(summary.digest, digest, "{}", path.display());
        }
    }
}

/// Keeps a snapshot's parts in their order.
#[derive(Default)]
struct Copier {
    sessions: Vec<(SessionId, i32)>,
    acls: Vec<(i64, AclList)>,
    nodes: Vec<(String, Option<Vec<u8>>, i64, StatPersisted)>,
}

impl Visitor for Copier {
    fn session(&mut self, id: SessionId, timeout: i32) {
        self.sessions.push((id, timeout));
    }

    fn acl(&mut self, id: i64, acl: AclList) {
        self.acls.push((id, acl));
    }

    fn node(
        &mut self,
        path: &str,
        data: Option<&[u8]>,
        acl_id: i64,
        stat: &StatPersisted,
    ) -> Result<(), String> {
        self.nodes.push((path.to_owned(), data.map(<[u8]>::to_vec), acl_id, *stat));
        Ok(())
    }
}

impl Copier {
    fn write(
        &self,
        dir: &Path,
        zxid: Zxid,
        compression: Compression,
        summary: &snapshot::SnapshotSummary,
    ) -> std::path::PathBuf {
        let mut writer = SnapshotWriter::create(Disk::real(), dir, zxid, compression).unwrap();
        writer.sessions(self.sessions.iter().copied()).unwrap();
        writer.acls(self.acls.iter().map(|(id, acl)| (*id, acl.as_slice()))).unwrap();
        for (path, data, acl_id, stat) in &self.nodes {
            let (path, data) = (Some(path.into()), data.as_deref());
            let record = NodeRecord { path, data, acl_id: *acl_id, stat: *stat };
            writer.nodes(&record.to_bytes()).unwrap();
        }
        writer.finish(summary.digest, summary.last).unwrap().path
    }
}

/// Read, written again by us, and compared byte by byte with Apache's (uncompressed); and both
/// compressed forms read back.
#[test]
fn what_we_write_is_what_apache_wrote() {
    for dir in data_dirs() {
        let snapshots = snapshot::snapshot_files(&Disk::real(), &dir.join("version-2")).unwrap();
        for original in snapshots {
            let mut copy = Copier::default();
            let summary = snapshot::load(&Disk::real(), &original.path, &mut copy).unwrap();
            let out = tempfile::tempdir().unwrap();
            for compression in [Compression::Plain, Compression::Gz, Compression::Snappy] {
                let path = copy.write(out.path(), original.zxid, compression, &summary);
                let mut again = Copier::default();
                let read = snapshot::load(&Disk::real(), &path, &mut again).unwrap();
                assert_eq!(read, summary);
                assert_eq!(again.nodes, copy.nodes);
                if compression == original.compression && compression == Compression::Plain {
                    assert_eq!(fs::read(&path).unwrap(), fs::read(&original.path).unwrap());
                }
            }
        }
    }
}

#[test]
fn snapshot_zero_has_the_golden_bytes() {
    let out = tempfile::tempdir().unwrap();
    let mut writer =
        SnapshotWriter::create(Disk::real(), out.path(), Zxid::ZERO, Compression::Plain).unwrap();
    writer.sessions(std::iter::empty::<(SessionId, i32)>()).unwrap();
    let read_only = [Acl::new(1, "world", "anyone")];
    writer.acls([(1, &read_only[..])].into_iter()).unwrap();
    let node = |path: &'static str, data, acl_id, aversion| {
        let stat = StatPersisted { aversion, ..StatPersisted::default() };
        NodeRecord { path: Some(path.into()), data, acl_id, stat }.to_bytes()
    };
    let empty: Option<&[u8]> = Some(b"");
    writer.nodes(&node("", empty, -1, 0)).unwrap();
    writer.nodes(&node("/zookeeper", empty, -1, 0)).unwrap();
    writer.nodes(&node("/zookeeper/config", empty, 1, -1)).unwrap();
    writer.nodes(&node("/zookeeper/quota", empty, -1, 0)).unwrap();
    let info = writer.finish(Some((Zxid::ZERO, 0)), None).unwrap();
    let apache = fixtures().join("apache-3.8.0/standalone/version-2/snapshot.0");
    assert_eq!(fs::read(info.path).unwrap(), fs::read(apache).unwrap());
    assert_eq!(info.bytes, 457);
    assert_eq!(names(out.path()), ["snapshot.0"], "no .tmp is left");
    let _ = (AclEntry { id: 0, acl: None }, SessionEntry { id: SessionId(0), timeout: 0 });
}

#[test]
fn a_3_4_directory_without_snapshots_needs_trust() {
    let dir = copy(&fixtures().join("apache-3.4.14/standalone/version-2"));
    for name in ["snapshot.7", "snapshot.1d"] {
        fs::remove_file(dir.path().join(name)).unwrap();
    }
    let (_, refused) = recover_dir(&Disk::real(), dir.path(), false);
    let error = refused.unwrap_err();
    assert!(matches!(error, RecoveryError::NoSnapshot { .. }), "{error}");
    assert!(error.to_string().contains("trust.empty"), "{error}");
    let (recorder, trusted) = recover_dir(&Disk::real(), dir.path(), true);
    let recovered = trusted.unwrap();
    assert_eq!((recovered.last, recovered.snapshot), (Zxid(0x23), None));
    assert_eq!(recorder.zxids(), (1..=0x23).collect::<Vec<_>>());
}

#[test]
fn epochs_and_myid_of_the_ensembles_settle() {
    for dir in data_dirs() {
        if !dir.join("myid").exists() {
            continue;
        }
        let copy = copy(&dir.join("version-2"));
        let last = Zxid(hex(&json(&dir.join("expected-tree.json"))["lastZxid"]));
        let epochs = EpochFiles::new(Disk::real(), copy.path()).settle(last).unwrap();
        assert!(epochs.accepted >= epochs.current && epochs.current >= last.epoch());
        assert!(read_myid(&Disk::real(), &dir).unwrap().is_some());
    }
}
