//! A virtual disk: epoch files, a log, snapshots. The tree is the list of transactions applied.

use codec::Zxid;
use quorum::Txn;
use quorum::sync::DiskWindow;

pub type Tree = Vec<Txn>;

/// What survives a crash.
#[derive(Debug, Default, Clone)]
pub struct Disk {
    pub accepted: i64,
    pub current: i64,
    pub log: Vec<Txn>,
    pub snapshots: Vec<(Zxid, Tree)>,
}

impl Disk {
    /// Newest snapshot and the log above it.
    pub fn recover(&self) -> (Zxid, Tree) {
        let newest = self.snapshots.iter().max_by_key(|(zxid, _)| *zxid);
        let (mut last, mut tree) = newest.cloned().unwrap_or_default();
        let above = last;
        for txn in self.log.iter().filter(|txn| txn.zxid > above) {
            assert!(quorum::packet::follows(last, txn.zxid), "a hole in the log: {last} {txn:?}");
            tree.push(txn.clone());
            last = txn.zxid;
        }
        (last, tree)
    }

    pub fn append(&mut self, txn: Txn) {
        let last = self.recover().0;
        assert!(quorum::packet::follows(last, txn.zxid), "a hole is written: {last} {txn:?}");
        self.log.push(txn);
    }

    pub fn save(&mut self, zxid: Zxid, tree: Tree) {
        assert!(self.log.iter().all(|txn| txn.zxid <= zxid), "records above a snapshot of SNAP");
        self.snapshots.push((zxid, tree));
    }

    /// As D.7 with both fixes.
    pub fn truncate(&mut self, zxid: Zxid) {
        self.snapshots.retain(|(named, _)| *named <= zxid);
        self.log.retain(|txn| txn.zxid <= zxid);
    }

    /// What the log says around a learner's zxid. Only records above the newest snapshot that came
    /// from a leader belong to one contiguous history: below may lie what that leader outranked.
    pub fn window(&self, peer: Zxid, upto: Zxid) -> DiskWindow {
        let floor = self.snapshots.iter().map(|(zxid, _)| *zxid).max().unwrap_or(Zxid::ZERO);
        let zxids = || self.log.iter().map(|txn| txn.zxid).filter(|zxid| *zxid > floor);
        let next = zxids().find(|zxid| *zxid > peer);
        let mut contiguous_to = next.unwrap_or(peer);
        for zxid in zxids().filter(|zxid| Some(*zxid) > next && *zxid <= upto) {
            if !quorum::packet::follows(contiguous_to, zxid) {
                break;
            }
            contiguous_to = zxid;
        }
        let at_or_before = zxids().filter(|zxid| *zxid <= peer).max();
        DiskWindow { at_or_before, next, contiguous_to, within_limit: true }
    }
}
