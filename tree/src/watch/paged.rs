//! A map from dense ids to small values, cut into pages so that no growth moves more than one
//! page's entries. Knows nothing of watches; is never iterated in hash order.

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

/// Ids per page: what a hash table of 65536 buckets holds when full.
const PAGE: u32 = 65536 / 8 * 7;
/// Tables of this many buckets or fewer are not worth shrinking.
const SMALL: usize = 64;

type Page<V> = HashMap<u32, V, FxBuildHasher>;

/// A map from `u32` to `V`. Ids may be anything, but pages below the largest one cost 32 bytes
/// each.
#[derive(Debug, Clone)]
pub(crate) struct Paged<V> {
    pages: Vec<Page<V>>,
    len: usize,
}

impl<V> Paged<V> {
    /// An entry and its control byte.
    const BUCKET: usize = size_of::<(u32, V)>() + 1;

    pub(crate) const fn new() -> Self {
        Paged { pages: Vec::new(), len: 0 }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn get(&self, id: u32) -> Option<&V> {
        self.pages.get((id / PAGE) as usize)?.get(&id)
    }

    pub(crate) fn get_mut(&mut self, id: u32) -> Option<&mut V> {
        self.pages.get_mut((id / PAGE) as usize)?.get_mut(&id)
    }

    pub(crate) fn entry_or(&mut self, id: u32, new: impl FnOnce() -> V) -> &mut V {
        let page = (id / PAGE) as usize;
        if page >= self.pages.len() {
            self.pages.resize_with(page + 1, Page::default);
        }
        let len = &mut self.len;
        self.pages[page].entry(id).or_insert_with(|| {
            *len += 1;
            new()
        })
    }

    pub(crate) fn insert(&mut self, id: u32, value: V)
    where
        V: Copy,
    {
        *self.entry_or(id, || value) = value;
    }

    pub(crate) fn remove(&mut self, id: u32) -> Option<V> {
        let page = self.pages.get_mut((id / PAGE) as usize)?;
        let value = page.remove(&id)?;
        self.len -= 1;
        // Capacity is no measure here: it sinks with every removal that leaves a tombstone.
        let buckets = page.allocation_size() / Self::BUCKET;
        if buckets > SMALL && page.len() * 8 < buckets {
            page.shrink_to(page.len() * 2);
        }
        Some(value)
    }

    /// All ids, ascending.
    pub(crate) fn ids(&self) -> Vec<u32> {
        let mut ids: Vec<u32> = self.pages.iter().flat_map(|page| page.keys().copied()).collect();
        ids.sort_unstable();
        ids
    }

    /// Bytes on the heap, without what the values own.
    pub(crate) fn heap_bytes(&self) -> usize {
        let tables: usize = self.pages.iter().map(HashMap::allocation_size).sum();
        tables + self.pages.capacity() * size_of::<Page<V>>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stay_under_their_ids_across_pages() {
        let mut map = Paged::new();
        let ids = [0, 1, PAGE - 1, PAGE, 5 * PAGE + 3];
        ids.iter().for_each(|id| map.insert(*id, *id * 2));
        map.insert(1, 7);
        assert_eq!(map.len(), ids.len());
        assert_eq!(map.get(1), Some(&7));
        assert_eq!(map.get(PAGE), Some(&(PAGE * 2)));
        assert_eq!((map.get(2), map.get(9 * PAGE)), (None, None));
        assert_eq!(map.ids(), ids);
        assert_eq!(map.remove(PAGE), Some(PAGE * 2));
        assert_eq!((map.remove(PAGE), map.remove(9 * PAGE), map.len()), (None, None, 4));
    }

    #[test]
    fn memory_comes_back_when_entries_go() {
        let mut map = Paged::new();
        (0..10_000).for_each(|id| map.insert(id, id));
        let full = map.heap_bytes();
        (0..10_000).for_each(|id| assert!(map.remove(id).is_some()));
        assert!(map.heap_bytes() < full / 50, "{} of {full}", map.heap_bytes());
    }
}
