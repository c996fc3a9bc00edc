//! From a path to its node: hash tables of node ids whose keys live in the arena. Sharded, so
//! that a table's growth moves a few thousand entries and never all of them; the shards' shares
//! differ (by up to two to one), so that they do not all grow at the same moment. Entries carry
//! their hash, so growth touches no node. Nothing here is ever iterated: the hash order cannot
//! reach the outside.
//!
//! The tables probe linearly over 8-byte slots: a lookup costs one cache miss, where a table with
//! control bytes of its own costs two, and lookups in a large tree are nothing but cache misses.

use crate::arena::NodeId;
use crate::seeded::Seeded;
use crate::slab::NONE;

const SHARDS: usize = 256;

/// Hash of a path under the index's seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PathHash(u32);

impl PathHash {
    /// Density falls linearly over the shards, from 3/2 to 3/4 of the mean.
    fn shard(self) -> usize {
        let top = u64::from(self.0 >> 16);
        ((top * (4 * 65536 - top) / 3) >> 24) as usize
    }

    fn of(slot: u64) -> Self {
        PathHash((slot >> 32) as u32)
    }
}

/// A free slot. Invariant: no entry looks like it, because no node has the id [`NONE`].
const FREE: u64 = u64::MAX;

fn slot_of(hash: PathHash, id: NodeId) -> u64 {
    u64::from(hash.0) << 32 | u64::from(id.0)
}

fn id_of(slot: u64) -> NodeId {
    NodeId(slot as u32)
}

/// Slots of hash and id, probed linearly.
///
/// Invariant: the length is 0 or a power of two, at most four fifths are taken, and between an
/// entry's home and its slot there is no free one.
#[derive(Debug, Default)]
struct Table {
    slots: Vec<u64>,
    len: usize,
}

impl Table {
    /// The low bits of the hash; the high ones have picked the shard.
    fn home(&self, hash: PathHash) -> usize {
        hash.0 as usize & self.slots.len().wrapping_sub(1)
    }

    fn next(&self, at: usize) -> usize {
        (at + 1) & self.slots.len().wrapping_sub(1)
    }

    /// The slot of the entry with this hash that `is_it` knows.
    fn position(&self, hash: PathHash, is_it: impl Fn(NodeId) -> bool) -> Option<usize> {
        let mut at = self.home(hash);
        loop {
            let slot = *self.slots.get(at)?;
            if slot == FREE {
                return None;
            }
            if PathHash::of(slot) == hash && is_it(id_of(slot)) {
                return Some(at);
            }
            at = self.next(at);
        }
    }

    fn insert(&mut self, slot: u64) {
        if (self.len + 1) * 5 > self.slots.len() * 4 {
            self.grow();
        }
        self.len += 1;
        self.place(slot);
    }

    fn place(&mut self, slot: u64) {
        let mut at = self.home(PathHash::of(slot));
        while self.slots[at] != FREE {
            at = self.next(at);
        }
        self.slots[at] = slot;
    }

    fn grow(&mut self) {
        let double = vec![FREE; (self.slots.len() * 2).max(8)];
        let old = std::mem::replace(&mut self.slots, double);
        old.into_iter().filter(|slot| *slot != FREE).for_each(|slot| self.place(slot));
    }

    /// Frees the slot and moves up those behind it that would no longer be found.
    fn remove(&mut self, mut hole: usize) {
        self.len -= 1;
        let mut at = self.next(hole);
        while self.slots[at] != FREE {
            let mask = self.slots.len() - 1;
            let home = self.home(PathHash::of(self.slots[at]));
            let (from_home, from_hole) =
                (at.wrapping_sub(home) & mask, at.wrapping_sub(hole) & mask);
            if from_home >= from_hole {
                self.slots[hole] = self.slots[at];
                hole = at;
            }
            at = self.next(at);
        }
        self.slots[hole] = FREE;
    }
}

/// All paths of a tree.
#[derive(Debug)]
pub(crate) struct PathIndex {
    shards: Vec<Table>,
    seeded: Seeded,
}

impl PathIndex {
    pub(crate) fn new(seed: u64) -> Self {
        let shards = (0..SHARDS).map(|_| Table::default()).collect();
        PathIndex { shards, seeded: Seeded::new(seed) }
    }

    pub(crate) fn hash(&self, path: &str) -> PathHash {
        let hash = self.seeded.path(path);
        PathHash((hash ^ (hash >> 32)) as u32)
    }

    /// The entry with this hash that `is_it` knows.
    pub(crate) fn find(&self, hash: PathHash, is_it: impl Fn(NodeId) -> bool) -> Option<NodeId> {
        let shard = &self.shards[hash.shard()];
        shard.position(hash, is_it).map(|at| id_of(shard.slots[at]))
    }

    /// Adds a node; its path must not be there yet.
    pub(crate) fn insert(&mut self, hash: PathHash, id: NodeId) {
        assert!(id.0 != NONE, "no node is called \"none\"");
        self.shards[hash.shard()].insert(slot_of(hash, id));
    }

    /// Takes a node out; `false` if it was not there.
    pub(crate) fn remove(&mut self, hash: PathHash, id: NodeId) -> bool {
        let shard = &mut self.shards[hash.shard()];
        let found = shard.position(hash, |other| other == id);
        found.is_some_and(|at| {
            shard.remove(at);
            true
        })
    }

    pub(crate) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.len).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_are_all_used_and_none_gets_more_than_its_share() {
        let mut counts = [0u32; SHARDS];
        for top in 0..=u16::MAX {
            counts[PathHash(u32::from(top) << 16).shard()] += 1;
        }
        let (least, most) = (counts.iter().min().copied(), counts.iter().max().copied());
        assert!(least >= Some(190) && most <= Some(390), "{least:?} {most:?}");
    }

    #[test]
    fn what_goes_in_is_found_until_it_goes_out() {
        let mut index = PathIndex::new(3);
        let paths: Vec<String> = (0..5000).map(|n| format!("/node-{n}")).collect();
        for (n, path) in paths.iter().enumerate() {
            index.insert(index.hash(path), NodeId(n as u32));
        }
        let find = |index: &PathIndex, n: usize| {
            index.find(index.hash(&paths[n]), |id| id.0 as usize == n).is_some()
        };
        assert!((0..5000).all(|n| find(&index, n)));
        assert!((0..5000).step_by(2).all(|n| {
            let hash = index.hash(&paths[n]);
            index.remove(hash, NodeId(n as u32)) && !index.remove(hash, NodeId(n as u32))
        }));
        assert!((0..5000).all(|n| find(&index, n) == (n % 2 == 1)));
        assert_eq!(index.len(), 2500);
    }

    /// Few homes, so that entries crowd, wrap around and move up when others leave.
    #[test]
    fn crowded_slots_stay_findable_whatever_leaves() {
        let mut table = Table::default();
        let mut there = std::collections::BTreeSet::new();
        let mut random = 1u32;
        for _ in 0..20_000 {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let id = random >> 16 & 0x3f;
            let hash = PathHash(id * 0x0100_0000 + (id % 5) * 3 + 12);
            if there.remove(&id) {
                let at = table.position(hash, |other| other.0 == id).expect("it is there");
                table.remove(at);
            } else {
                there.insert(id);
                table.insert(slot_of(hash, NodeId(id)));
            }
            for id in 0..64 {
                let hash = PathHash(id * 0x0100_0000 + (id % 5) * 3 + 12);
                let found = table.position(hash, |other| other.0 == id).is_some();
                assert_eq!(found, there.contains(&id));
            }
            assert_eq!(table.len, there.len());
        }
    }

    #[test]
    fn paths_as_people_make_them_spread_evenly() {
        let index = PathIndex::new(0);
        let (mut shards, mut homes) = (vec![0u32; SHARDS], vec![0u32; 256]);
        for n in 0..100_000 {
            let hash = index.hash(&format!("/brokers/topics/t/partitions/{n:010}"));
            shards[hash.shard()] += 1;
            homes[hash.0 as usize % 256] += 1;
        }
        assert!(shards.iter().all(|count| (190..=760).contains(count)), "{shards:?}");
        assert!(homes.iter().all(|count| (290..=490).contains(count)), "{homes:?}");
    }

    #[test]
    fn the_seed_changes_the_hash() {
        let (one, two) = (PathIndex::new(1), PathIndex::new(2));
        assert!((0..64).any(|n| one.hash(&format!("/{n}")) != two.hash(&format!("/{n}"))));
    }

    #[test]
    fn nobody_can_prepare_paths_that_collide() {
        let index = PathIndex::new(7);
        let paths = crate::seeded::tests::paths_that_collide_unkeyed(4096);
        let mut hashes: Vec<u32> = paths.iter().map(|path| index.hash(path).0).collect();
        hashes.sort_unstable();
        hashes.dedup();
        assert!(hashes.len() > 4090, "{} hashes", hashes.len());
    }
}
