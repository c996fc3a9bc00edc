//! Memory for many small records of one size, named by `u32`. Grows by whole chunks, so that no
//! growth ever moves what is there (a pause), and keeps freed places in an intrusive list.
//! Knows nothing of nodes.

/// "No record": the end of every list.
pub(crate) const NONE: u32 = u32::MAX;

/// 1 MB of nodes: large enough that no allocator rounds it up to a size class, and only touched
/// as far as it is used.
const CHUNK_BITS: u32 = 14;
const CHUNK: usize = 1 << CHUNK_BITS;

/// What can live in a [`Slab`]: a value that can also stand for a free place.
pub(crate) trait Slot {
    /// A free place that points at the next free one.
    fn vacant(next: u32) -> Self;
    /// The next free place, if this one is free.
    fn next_vacant(&self) -> Option<u32>;
}

/// Records in chunks of 16384.
#[derive(Debug)]
pub(crate) struct Slab<T> {
    chunks: Vec<Vec<T>>,
    free: u32,
    live: usize,
}

impl<T: Slot> Slab<T> {
    pub(crate) fn new() -> Self {
        Slab { chunks: Vec::new(), free: NONE, live: 0 }
    }

    /// Records that are alive.
    pub(crate) fn len(&self) -> usize {
        self.live
    }

    /// Places, alive or free.
    pub(crate) fn capacity(&self) -> usize {
        self.chunks.iter().map(Vec::len).sum()
    }

    pub(crate) fn insert(&mut self, value: T) -> u32 {
        self.live += 1;
        if self.free == NONE { self.append(value) } else { self.reuse(value) }
    }

    fn reuse(&mut self, value: T) -> u32 {
        let id = self.free;
        let place = &mut self[id];
        let next = place.next_vacant();
        *place = value;
        self.free = next.expect("invariant: the free list names free places");
        id
    }

    fn append(&mut self, value: T) -> u32 {
        if self.chunks.last().is_none_or(|chunk| chunk.len() == CHUNK) {
            self.chunks.push(Vec::with_capacity(CHUNK));
        }
        let base = (self.chunks.len() - 1) << CHUNK_BITS;
        let chunk = self.chunks.last_mut().expect("invariant: a chunk was just added");
        chunk.push(value);
        let id = base + chunk.len() - 1;
        assert!(id < NONE as usize, "more than four thousand million records");
        id as u32
    }

    /// Frees the place and answers what was in it.
    pub(crate) fn remove(&mut self, id: u32) -> T {
        let vacant = T::vacant(self.free);
        let value = std::mem::replace(&mut self[id], vacant);
        debug_assert!(value.next_vacant().is_none(), "freed twice");
        self.free = id;
        self.live -= 1;
        value
    }

    /// The record, unless the place is free or does not exist.
    pub(crate) fn get(&self, id: u32) -> Option<&T> {
        let chunk = self.chunks.get((id >> CHUNK_BITS) as usize)?;
        chunk.get(id as usize % CHUNK).filter(|value| value.next_vacant().is_none())
    }
}

impl<T> std::ops::Index<u32> for Slab<T> {
    type Output = T;

    fn index(&self, id: u32) -> &T {
        &self.chunks[(id >> CHUNK_BITS) as usize][id as usize % CHUNK]
    }
}

impl<T> std::ops::IndexMut<u32> for Slab<T> {
    fn index_mut(&mut self, id: u32) -> &mut T {
        &mut self.chunks[(id >> CHUNK_BITS) as usize][id as usize % CHUNK]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq)]
    enum Cell {
        Free(u32),
        Used(u32),
    }

    impl Slot for Cell {
        fn vacant(next: u32) -> Self {
            Cell::Free(next)
        }
        fn next_vacant(&self) -> Option<u32> {
            match self {
                Cell::Free(next) => Some(*next),
                Cell::Used(_) => None,
            }
        }
    }

    #[test]
    fn ids_stay_and_places_are_used_again() {
        let mut slab = Slab::new();
        let ids: Vec<u32> = (0..40_000).map(|n| slab.insert(Cell::Used(n))).collect();
        assert_eq!(ids, (0..40_000).collect::<Vec<_>>());
        assert_eq!(slab.remove(5), Cell::Used(5));
        assert_eq!(slab.remove(20_000), Cell::Used(20_000));
        assert_eq!((slab.get(5), slab.get(99_999)), (None, None));
        assert_eq!(slab.len(), 39_998);
        assert_eq!(slab.insert(Cell::Used(1)), 20_000);
        assert_eq!(slab.insert(Cell::Used(2)), 5);
        assert_eq!(slab.insert(Cell::Used(3)), 40_000);
        assert_eq!((slab.len(), slab.capacity()), (40_001, 40_001));
        assert_eq!(slab[39_999], Cell::Used(39_999));
    }
}
