//! The changes in flight: what nodes will look like once everything proposed so far is applied.
//!
//! Prepare reads through the overlay to the tree, so that a request is judged against all that
//! stands before it. Records live in the order of their zxids, leave from the front when their
//! transaction is applied and from the back when a multi fails. Nothing here knows requests.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use codec::{AclList, SessionId, StatPersisted, Zxid};
use hashbrown::HashTable;

use crate::seeded::Seeded;

/// What a node will be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeState {
    /// Its Stat as persisted.
    pub stat: StatPersisted,
    /// Its direct children.
    pub num_children: i32,
    /// Its ACL where a change in flight sets it; `None`: as in the tree.
    pub acl: Option<Arc<AclList>>,
    /// CRC-32 of path and data where a change in flight sets the data; `None`: as in the tree.
    pub content_crc: Option<u32>,
}

#[derive(Debug)]
struct Record {
    zxid: Zxid,
    path: Box<str>,
    /// `None`: the node will be gone.
    state: Option<NodeState>,
    /// The record that was the latest for this path before.
    previous: Option<u64>,
}

/// Changes proposed and not yet applied, by path.
///
/// Invariant: `latest` holds, for every path with a record in `records`, the sequence number of
/// its youngest record and nothing else.
#[derive(Debug)]
pub struct Overlay {
    records: VecDeque<Record>,
    /// Sequence number of the front record.
    base: u64,
    latest: HashTable<u64>,
    /// Sequence numbers of records whose node belongs to a session, oldest first.
    /// Ordered, because TTLs stand in owner fields too and clients choose those.
    owned: BTreeMap<i64, VecDeque<u64>>,
    seeded: Seeded,
}

impl Default for Overlay {
    fn default() -> Self {
        Overlay::new(0)
    }
}

/// A point to roll back to.
#[derive(Debug, Clone, Copy)]
pub struct Mark(u64);

fn record(records: &VecDeque<Record>, base: u64, sequence: u64) -> &Record {
    &records[(sequence - base) as usize]
}

impl Overlay {
    /// Nothing in flight. The seed keeps clients from preparing paths that collide; it is never
    /// visible.
    pub fn new(hash_seed: u64) -> Self {
        Overlay {
            records: VecDeque::new(),
            base: 0,
            latest: HashTable::new(),
            owned: BTreeMap::new(),
            seeded: Seeded::new(hash_seed),
        }
    }

    /// The node's state in flight: `None` if nothing in flight touches it, `Some(None)` if it
    /// will be deleted.
    pub fn get(&self, path: &str) -> Option<Option<&NodeState>> {
        let sequence = self.find(path)?;
        Some(record(&self.records, self.base, sequence).state.as_ref())
    }

    fn find(&self, path: &str) -> Option<u64> {
        if self.records.is_empty() {
            return None;
        }
        let same = |sequence: &u64| &*record(&self.records, self.base, *sequence).path == path;
        self.latest.find(self.seeded.path(path), same).copied()
    }

    /// Records that transaction `zxid` makes the node at `path` so (`None`: deletes it).
    pub fn put(&mut self, zxid: Zxid, path: &str, state: Option<NodeState>) {
        let sequence = self.base + self.records.len() as u64;
        let previous = self.find(path);
        if let Some(owner) = owner_of(&state) {
            self.owned.entry(owner).or_default().push_back(sequence);
        }
        self.point(path, previous, Some(sequence));
        self.records.push_back(Record { zxid, path: path.into(), state, previous });
    }

    /// Moves the entry of `path` in `latest` from one record to another.
    fn point(&mut self, path: &str, from: Option<u64>, to: Option<u64>) {
        let (records, base, seeded) = (&self.records, self.base, &self.seeded);
        let hash = seeded.path(path);
        let entry = from.map(|from| self.latest.find_entry(hash, |s| *s == from));
        match (entry, to) {
            (Some(Ok(mut entry)), Some(to)) => *entry.get_mut() = to,
            (Some(Ok(entry)), None) => drop(entry.remove()),
            (_, Some(to)) => {
                let rehash = |sequence: &u64| seeded.path(&record(records, base, *sequence).path);
                self.latest.insert_unique(hash, to, rehash);
            }
            (_, None) => {}
        }
    }

    /// The point behind everything recorded so far.
    pub fn mark(&self) -> Mark {
        Mark(self.base + self.records.len() as u64)
    }

    /// Forgets every record behind `mark`, as if they had never been put.
    pub fn roll_back(&mut self, mark: Mark) {
        while self.base + self.records.len() as u64 > mark.0 {
            let Some(undone) = self.records.pop_back() else {
                return;
            };
            let sequence = self.base + self.records.len() as u64;
            let previous = undone.previous.filter(|previous| *previous >= self.base);
            self.point(&undone.path, Some(sequence), previous);
            self.disown(&undone.state, sequence);
        }
    }

    /// Forgets the records of every transaction up to `zxid`: the tree has them now.
    pub fn applied(&mut self, zxid: Zxid) {
        while self.records.front().is_some_and(|record| record.zxid <= zxid) {
            let sequence = self.base;
            let path_is_latest = {
                let front = &self.records[0];
                self.latest.find(self.seeded.path(&front.path), |s| *s == sequence).is_some()
            };
            let Some(front) = self.records.pop_front() else {
                return;
            };
            if path_is_latest {
                self.point(&front.path, Some(sequence), None);
            }
            self.disown(&front.state, sequence);
            self.base += 1;
        }
    }

    fn disown(&mut self, state: &Option<NodeState>, sequence: u64) {
        let Some(owner) = owner_of(state) else { return };
        let Some(owned) = self.owned.get_mut(&owner) else {
            return;
        };
        // Records leave at one of the two ends only.
        if owned.front() == Some(&sequence) {
            owned.pop_front();
        } else if owned.back() == Some(&sequence) {
            owned.pop_back();
        }
        if owned.is_empty() {
            self.owned.remove(&owner);
        }
    }

    /// Paths of nodes that will belong to `session`, as far as changes in flight tell.
    pub fn ephemerals_of(&self, session: SessionId) -> impl Iterator<Item = &str> {
        let sequences = self.owned.get(&session.0).into_iter().flatten().copied();
        sequences
            .map(|sequence| (sequence, record(&self.records, self.base, sequence)))
            .filter(|(sequence, record)| self.find(&record.path) == Some(*sequence))
            .map(|(_, record)| &*record.path)
    }

    /// Number of records in flight.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether nothing is in flight.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }
}

/// The raw owner field, where there is one.
fn owner_of(state: &Option<NodeState>) -> Option<i64> {
    state.as_ref().map(|state| state.stat.ephemeral_owner).filter(|owner| *owner != 0)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn state(version: i32, owner: i64) -> NodeState {
        let stat = StatPersisted { version, ephemeral_owner: owner, ..Default::default() };
        NodeState { stat, num_children: 0, acl: None, content_crc: None }
    }

    #[test]
    fn the_youngest_record_of_a_path_is_seen_and_outlives_older_ones() {
        let mut overlay = Overlay::default();
        overlay.put(Zxid(1), "/a", Some(state(1, 0)));
        overlay.put(Zxid(2), "/a", Some(state(2, 0)));
        overlay.applied(Zxid(1));
        assert_eq!(overlay.get("/a"), Some(Some(&state(2, 0))));
        overlay.applied(Zxid(2));
        assert_eq!(overlay.get("/a"), None);
        assert!(overlay.is_empty());
    }

    #[test]
    fn roll_back_restores_what_the_multi_had_hidden() {
        let mut overlay = Overlay::default();
        overlay.put(Zxid(1), "/a", Some(state(1, 7)));
        let mark = overlay.mark();
        overlay.put(Zxid(2), "/a", None);
        overlay.put(Zxid(2), "/b", Some(state(0, 7)));
        assert_eq!(overlay.ephemerals_of(SessionId(7)).collect::<Vec<_>>(), ["/b"]);
        overlay.roll_back(mark);
        assert_eq!(overlay.get("/a"), Some(Some(&state(1, 7))));
        assert_eq!(overlay.get("/b"), None);
        assert_eq!(overlay.ephemerals_of(SessionId(7)).collect::<Vec<_>>(), ["/a"]);
    }

    #[test]
    fn nobody_can_prepare_paths_that_collide() {
        let mut overlay = Overlay::new(7);
        let paths = crate::seeded::tests::paths_that_collide_unkeyed(4096);
        let mut hashes: Vec<u64> = paths.iter().map(|path| overlay.seeded.path(path)).collect();
        paths.iter().for_each(|path| overlay.put(Zxid(1), path, None));
        hashes.sort_unstable();
        hashes.dedup();
        assert_eq!((hashes.len(), overlay.len()), (4096, 4096));
    }

    proptest! {
        /// Against a plain map of (path -> list of (zxid, state)).
        #[test]
        fn behaves_as_a_map_of_histories(
            steps in prop::collection::vec((0..8u8, 0..6u8, any::<bool>()), 1..80)
        ) {
            let mut overlay = Overlay::default();
            let mut model: BTreeMap<String, Vec<(i64, Option<NodeState>)>> = BTreeMap::new();
            let (mut next, mut done, mut mark) = (1i64, 0i64, None);
            for (step, path, alive) in steps {
                let path = format!("/{path}");
                match step {
                    0..=4 => {
                        let new = alive.then(|| state(next as i32, i64::from(path.len() as i32)));
                        overlay.put(Zxid(next), &path, new.clone());
                        model.entry(path).or_default().push((next, new));
                        next += 1;
                    }
                    5 => mark = Some((overlay.mark(), next)),
                    6 => if let Some((mark, at)) = mark.take().filter(|(_, at)| *at > done) {
                        overlay.roll_back(mark);
                        model.values_mut().for_each(|list| list.retain(|(zxid, _)| *zxid < at));
                    }
                    _ => {
                        done = (done + 2).min(next - 1);
                        overlay.applied(Zxid(done));
                        model.values_mut().for_each(|list| list.retain(|(zxid, _)| *zxid > done));
                    }
                }
                for path in 0..6 {
                    let path = format!("/{path}");
                    let expected = model.get(&path).and_then(|list| list.last());
                    prop_assert_eq!(
                        overlay.get(&path).map(|state| state.cloned()),
                        expected.map(|(_, state)| state.clone())
                    );
                }
            }
        }
    }
}
