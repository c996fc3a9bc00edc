//! From a path to its node: hash tables of node ids whose keys live in the arena. Sharded, so
//! that a table's growth moves a few thousand entries and never all of them; the shards' shares
//! differ (by up to two to one), so that they do not all grow at the same moment. Entries carry
//! their hash, so growth touches no node. Nothing here is ever iterated: the hash order cannot
//! reach the outside.

use std::hash::Hasher;

use hashbrown::HashTable;
use rustc_hash::FxHasher;

use crate::arena::NodeId;

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

    /// The low bits pick the bucket and are not those that pick the shard.
    fn bucket(self) -> u64 {
        u64::from(self.0).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    id: NodeId,
    hash: PathHash,
}

/// All paths of a tree.
#[derive(Debug)]
pub(crate) struct PathIndex {
    shards: Vec<HashTable<Entry>>,
    seed: u64,
}

impl PathIndex {
    pub(crate) fn new(seed: u64) -> Self {
        PathIndex {
            shards: (0..SHARDS).map(|_| HashTable::new()).collect(),
            seed,
        }
    }

    pub(crate) fn hash(&self, path: &str) -> PathHash {
        let mut hasher = FxHasher::default();
        hasher.write_u64(self.seed);
        hasher.write(path.as_bytes());
        let hash = hasher.finish();
        PathHash((hash ^ (hash >> 32)) as u32)
    }

    /// The entry with this hash that `is_it` knows.
    pub(crate) fn find(&self, hash: PathHash, is_it: impl Fn(NodeId) -> bool) -> Option<NodeId> {
        let shard = &self.shards[hash.shard()];
        shard
            .find(hash.bucket(), |entry| entry.hash == hash && is_it(entry.id))
            .map(|e| e.id)
    }

    /// Adds a node; its path must not be there yet.
    pub(crate) fn insert(&mut self, hash: PathHash, id: NodeId) {
        let shard = &mut self.shards[hash.shard()];
        shard.insert_unique(hash.bucket(), Entry { id, hash }, |entry| {
            entry.hash.bucket()
        });
    }

    /// Takes a node out; `false` if it was not there.
    pub(crate) fn remove(&mut self, hash: PathHash, id: NodeId) -> bool {
        let shard = &mut self.shards[hash.shard()];
        let Ok(entry) = shard.find_entry(hash.bucket(), |entry| entry.id == id) else {
            return false;
        };
        entry.remove();
        true
    }

    pub(crate) fn len(&self) -> usize {
        self.shards.iter().map(HashTable::len).sum()
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
        assert!(
            least >= Some(190) && most <= Some(390),
            "{least:?} {most:?}"
        );
    }

    #[test]
    fn what_goes_in_is_found_until_it_goes_out() {
        let mut index = PathIndex::new(3);
        let paths: Vec<String> = (0..5000).map(|n| format!("/node-{n}")).collect();
        for (n, path) in paths.iter().enumerate() {
            index.insert(index.hash(path), NodeId(n as u32));
        }
        let find = |index: &PathIndex, n: usize| {
            index
                .find(index.hash(&paths[n]), |id| id.0 as usize == n)
                .is_some()
        };
        assert!((0..5000).all(|n| find(&index, n)));
        assert!((0..5000).step_by(2).all(|n| {
            let hash = index.hash(&paths[n]);
            index.remove(hash, NodeId(n as u32)) && !index.remove(hash, NodeId(n as u32))
        }));
        assert!((0..5000).all(|n| find(&index, n) == (n % 2 == 1)));
        assert_eq!(index.len(), 2500);
    }

    #[test]
    fn the_seed_changes_the_hash() {
        let (one, two) = (PathIndex::new(1), PathIndex::new(2));
        assert!((0..64).any(|n| one.hash(&format!("/{n}")) != two.hash(&format!("/{n}"))));
    }
}
