//! The last committed transactions, in memory: what DIFF is served from without touching the disk.
//!
//! Contiguous by construction (E.1, ZK-4925): a transaction that does not follow the last one
//! empties the window, so that no hole is ever handed on. A hole at the end of an epoch cannot be
//! seen in the zxids: so every role begins with a window that ends exactly where its history ends
//! ([`CommittedLog::must_end_at`]), and fills it itself.

use std::collections::VecDeque;

use codec::Zxid;

use crate::packet::{Txn, follows};

/// `zookeeper.commitLogCount`: the default, and the least that counts.
pub const COMMIT_LOG_COUNT_MIN: usize = 500;

/// The window. Bounded by a number of transactions and by their bytes.
#[derive(Debug, Clone)]
pub struct CommittedLog {
    /// Invariant: each entry follows the one before it.
    txns: VecDeque<Txn>,
    bytes: usize,
    count_max: usize,
    bytes_max: usize,
}

impl CommittedLog {
    /// An empty window of at most `count_max` transactions and, the newest one apart, `bytes_max`
    /// bytes.
    pub fn new(count_max: usize, bytes_max: usize) -> Self {
        let count_max = count_max.max(COMMIT_LOG_COUNT_MIN);
        CommittedLog { txns: VecDeque::new(), bytes: 0, count_max, bytes_max }
    }

    /// Adds a committed transaction.
    pub fn push(&mut self, txn: Txn) {
        if self.txns.back().is_some_and(|last| !follows(last.zxid, txn.zxid)) {
            self.clear();
        }
        self.bytes += txn.data.len();
        self.txns.push_back(txn);
        while self.txns.len() > 1
            && (self.txns.len() > self.count_max || self.bytes > self.bytes_max)
        {
            let oldest = self.txns.pop_front();
            self.bytes -= oldest.map_or(0, |txn| txn.data.len());
        }
    }

    /// Forgets everything: after a SNAP or a TRUNC the window says nothing about the history.
    pub fn clear(&mut self) {
        self.txns.clear();
        self.bytes = 0;
    }

    /// Empties a window that does not end at the last zxid of the history: the log was replayed
    /// into the tree past it, or it comes from read-only mode. A learner that stands at its end
    /// would be told that it has everything, and what comes next would hide the hole (ZK-3526).
    pub fn must_end_at(&mut self, last: Zxid) {
        if self.max() != Some(last) {
            self.clear();
        }
    }

    /// The oldest zxid kept.
    pub fn min(&self) -> Option<Zxid> {
        self.txns.front().map(|txn| txn.zxid)
    }

    /// The newest zxid kept.
    pub fn max(&self) -> Option<Zxid> {
        self.txns.back().map(|txn| txn.zxid)
    }

    /// How many are kept.
    pub fn len(&self) -> usize {
        self.txns.len()
    }

    /// Whether none is kept.
    pub fn is_empty(&self) -> bool {
        self.txns.is_empty()
    }

    /// Bytes kept.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Txn> {
        self.txns.iter()
    }

    /// Those above a zxid, oldest first.
    pub fn after(&self, zxid: Zxid) -> impl Iterator<Item = &Txn> {
        let from = self.txns.partition_point(|txn| txn.zxid <= zxid);
        self.txns.range(from..)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn txn(epoch: i64, counter: u32) -> Txn {
        Txn { zxid: Zxid::new(epoch, counter), data: Bytes::from_static(b"ten bytes!") }
    }

    #[test]
    fn the_oldest_go_when_there_are_too_many() {
        let mut log = CommittedLog::new(0, usize::MAX);
        (1..=600).for_each(|n| log.push(txn(1, n)));
        assert_eq!((log.len(), log.bytes()), (500, 5_000));
        assert_eq!((log.min(), log.max()), (Some(Zxid::new(1, 101)), Some(Zxid::new(1, 600))));
        let mut small = CommittedLog::new(0, 25);
        (1..=5).for_each(|n| small.push(txn(1, n)));
        assert_eq!((small.len(), small.bytes()), (2, 20));
        let mut tiny = CommittedLog::new(0, 1);
        tiny.push(txn(1, 1));
        assert_eq!(tiny.len(), 1);
    }

    /// E.1, ZK-4925: a hole in the window would be handed on as a DIFF.
    #[test]
    fn zk_4925_a_hole_empties_the_window() {
        let mut log = CommittedLog::new(0, usize::MAX);
        [txn(1, 1), txn(1, 2), txn(1, 4)].into_iter().for_each(|t| log.push(t));
        assert_eq!((log.min(), log.len()), (Some(Zxid::new(1, 4)), 1));
        log.push(txn(3, 1));
        assert_eq!(log.len(), 2);
    }

    #[test]
    fn what_is_above_a_zxid() {
        let mut log = CommittedLog::new(0, usize::MAX);
        [txn(1, 1), txn(1, 2), txn(2, 1)].into_iter().for_each(|t| log.push(t));
        let after = |zxid| log.after(zxid).map(|t| t.zxid.0).collect::<Vec<_>>();
        assert_eq!(after(Zxid::new(1, 1)), [Zxid::new(1, 2).0, Zxid::new(2, 1).0]);
        assert_eq!(after(Zxid::new(1, 9)), [Zxid::new(2, 1).0]);
        assert!(after(Zxid::new(2, 1)).is_empty());
    }
}
