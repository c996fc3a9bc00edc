//! Watches on paths where no node is. Only here is a path stored; the hash tables are cut into
//! shards that carry the hashes, so that no growth touches the paths or moves many of them.

use std::sync::Arc;

use hashbrown::HashTable;

use super::list::Watchers;
use crate::seeded::Seeded;

const SHARDS: usize = 64;

#[derive(Debug, Clone)]
struct Entry {
    path: Arc<str>,
    hash: u32,
    watchers: Watchers,
}

/// From missing path to watchers.
#[derive(Debug)]
pub(crate) struct Missing {
    /// Empty until the first watch comes.
    shards: Vec<HashTable<Entry>>,
    len: usize,
    seeded: Seeded,
}

impl Missing {
    pub(crate) fn new(seed: u64) -> Self {
        Missing { shards: Vec::new(), len: 0, seeded: Seeded::new(seed) }
    }

    pub(crate) fn get(&self, path: &str) -> Watchers {
        if self.len == 0 {
            return Watchers::NONE;
        }
        let hash = self.hash(path);
        let found = self.shards[shard(hash)].find(bucket(hash), |entry| entry.is(hash, path));
        found.map_or(Watchers::NONE, |entry| entry.watchers)
    }

    /// Sets the watchers of a path, NONE forgets it. Answers the path as it is stored.
    pub(crate) fn set(&mut self, path: &str, watchers: Watchers) -> Arc<str> {
        if self.shards.is_empty() {
            self.shards.resize_with(SHARDS, HashTable::new);
        }
        let hash = self.hash(path);
        let shard = &mut self.shards[shard(hash)];
        match shard.find_entry(bucket(hash), |entry| entry.is(hash, path)) {
            Ok(found) if watchers.is_none() => {
                self.len -= 1;
                let path = found.remove().0.path;
                shrink(shard);
                path
            }
            Ok(mut found) => {
                found.get_mut().watchers = watchers;
                found.get().path.clone()
            }
            Err(_) if watchers.is_none() => path.into(),
            Err(_) => {
                let path: Arc<str> = path.into();
                let entry = Entry { path: path.clone(), hash, watchers };
                shard.insert_unique(bucket(hash), entry, |entry| bucket(entry.hash));
                self.len += 1;
                path
            }
        }
    }

    /// All paths with their watchers, ascending by path.
    pub(crate) fn sorted(&self) -> Vec<(&str, Watchers)> {
        let entries = self.shards.iter().flat_map(HashTable::iter);
        let mut all: Vec<_> = entries.map(|entry| (&*entry.path, entry.watchers)).collect();
        all.sort_unstable_by_key(|(path, _)| *path);
        all
    }

    /// Bytes on the heap, the paths included.
    pub(crate) fn heap_bytes(&self) -> usize {
        let tables: usize = self.shards.iter().map(HashTable::allocation_size).sum();
        let paths = self.shards.iter().flat_map(HashTable::iter).map(|entry| entry.path.len() + 16);
        self.shards.capacity() * size_of::<HashTable<Entry>>() + tables + paths.sum::<usize>()
    }

    fn hash(&self, path: &str) -> u32 {
        let hash = self.seeded.path(path);
        (hash ^ (hash >> 32)) as u32
    }
}

impl Entry {
    fn is(&self, hash: u32, path: &str) -> bool {
        self.hash == hash && *self.path == *path
    }
}

const fn shard(hash: u32) -> usize {
    hash as usize % SHARDS
}

fn bucket(hash: u32) -> u64 {
    u64::from(hash).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// Capacity is no measure here: it sinks with every removal that leaves a tombstone.
fn shrink(shard: &mut HashTable<Entry>) {
    if shard.num_buckets() > 16 && shard.len() * 8 < shard.num_buckets() {
        shard.shrink_to(shard.len() * 2, |entry| bucket(entry.hash));
    }
}

#[cfg(test)]
mod tests {
    use super::super::list::Lists;
    use super::super::modes::{Modes, WatcherId};
    use super::*;

    #[test]
    fn paths_are_found_replaced_and_forgotten() {
        let mut missing = Missing::new(7);
        let mut lists = Lists::new();
        assert!(missing.get("/a").is_none());
        let one = |lists: &mut Lists, id| {
            lists.set(Watchers::NONE, WatcherId::known(id), Modes::DATA_ONCE)
        };
        for id in 0..4_000 {
            missing.set(&format!("/n{id:04}"), one(&mut lists, id));
        }
        assert_eq!(missing.get("/n0700"), one(&mut lists, 700));
        missing.set("/n0700", one(&mut lists, 5));
        assert_eq!((missing.get("/n0700"), missing.len), (one(&mut lists, 5), 4_000));
        let full = missing.heap_bytes();
        assert!(missing.sorted().is_sorted_by_key(|(path, _)| *path));
        for id in 0..4_000 {
            assert_eq!(&*missing.set(&format!("/n{id:04}"), Watchers::NONE), format!("/n{id:04}"));
        }
        assert!(missing.get("/n0700").is_none());
        assert_eq!((missing.len, missing.sorted().len()), (0, 0));
        assert!(missing.heap_bytes() < full / 3, "{} of {full}", missing.heap_bytes());
    }

    #[test]
    fn nobody_can_prepare_paths_that_collide() {
        let missing = Missing::new(7);
        let paths = crate::seeded::tests::paths_that_collide_unkeyed(4096);
        let mut hashes: Vec<u32> = paths.iter().map(|path| missing.hash(path)).collect();
        hashes.sort_unstable();
        hashes.dedup();
        assert!(hashes.len() > 4090, "{} hashes", hashes.len());
    }
}
