//! Sets of small numbers, compact both when sparse and when dense: what a connection watches, and
//! who watches a busy node. Knows nothing of watches.
//!
//! A set is cut into blocks of 65536 numbers, each a sorted list of 16-bit remainders or, when
//! crowded, a bitmap: two bytes or less per member, no change moves more than 8 KiB, and members
//! come out in ascending order.

/// Members that are kept as they are before blocks are made.
const FEW: usize = 32;
/// Members of a block's list before it becomes a bitmap, which takes as much memory.
const LIST: usize = 4096;
const WORDS: usize = 65536 / 64;

/// An ordered set of `u32`.
#[derive(Debug, Clone)]
pub(crate) enum IdSet {
    /// Sorted.
    Few(Vec<u32>),
    /// Sorted by key, none empty.
    Blocks(Vec<Block>),
}

#[derive(Debug, Clone)]
pub(crate) struct Block {
    /// The high half of the members.
    key: u16,
    low: Low,
}

#[derive(Debug, Clone)]
enum Low {
    /// Sorted low halves.
    List(Vec<u16>),
    Bits {
        len: u32,
        words: Box<[u64; WORDS]>,
    },
}

impl IdSet {
    pub(crate) const fn new() -> Self {
        IdSet::Few(Vec::new())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            IdSet::Few(ids) => ids.len(),
            IdSet::Blocks(blocks) => blocks.iter().map(|block| block.low.len()).sum(),
        }
    }

    pub(crate) fn contains(&self, id: u32) -> bool {
        match self {
            IdSet::Few(ids) => ids.binary_search(&id).is_ok(),
            IdSet::Blocks(blocks) => {
                find(blocks, id).is_ok_and(|at| blocks[at].low.contains(id as u16))
            }
        }
    }

    /// False if it was there already.
    pub(crate) fn insert(&mut self, id: u32) -> bool {
        match self {
            IdSet::Few(ids) => {
                let Err(at) = ids.binary_search(&id) else {
                    return false;
                };
                if ids.len() < FEW {
                    ids.insert(at, id);
                } else {
                    *self = IdSet::Blocks(cut(ids));
                    self.insert(id);
                }
                true
            }
            IdSet::Blocks(blocks) => match find(blocks, id) {
                Ok(at) => blocks[at].low.insert(id as u16),
                Err(at) => {
                    let low = Low::List(vec![id as u16]);
                    blocks.insert(at, Block { key: key(id), low });
                    true
                }
            },
        }
    }

    /// False if it was not there.
    pub(crate) fn remove(&mut self, id: u32) -> bool {
        match self {
            IdSet::Few(ids) => {
                let Ok(at) = ids.binary_search(&id) else {
                    return false;
                };
                ids.remove(at);
                true
            }
            IdSet::Blocks(blocks) => {
                let Ok(at) = find(blocks, id) else {
                    return false;
                };
                let removed = blocks[at].low.remove(id as u16);
                if blocks[at].low.len() == 0 {
                    blocks.remove(at);
                }
                if blocks.is_empty() {
                    *self = IdSet::new();
                }
                removed
            }
        }
    }

    /// The largest member.
    pub(crate) fn last(&self) -> Option<u32> {
        match self {
            IdSet::Few(ids) => ids.last().copied(),
            IdSet::Blocks(blocks) => {
                let Block { key, low } = blocks.last()?;
                Some(u32::from(*key) << 16 | u32::from(low.last()?))
            }
        }
    }

    /// All members, ascending.
    pub(crate) fn for_each(&self, mut each: impl FnMut(u32)) {
        match self {
            IdSet::Few(ids) => ids.iter().copied().for_each(each),
            IdSet::Blocks(blocks) => {
                for Block { key, low } in blocks {
                    low.for_each(|low| each(u32::from(*key) << 16 | u32::from(low)));
                }
            }
        }
    }

    /// Bytes on the heap, as asked of the allocator.
    pub(crate) fn heap_bytes(&self) -> usize {
        match self {
            IdSet::Few(ids) => ids.capacity() * size_of::<u32>(),
            IdSet::Blocks(blocks) => {
                let inner: usize = blocks.iter().map(|block| block.low.heap_bytes()).sum();
                blocks.capacity() * size_of::<Block>() + inner
            }
        }
    }
}

const fn key(id: u32) -> u16 {
    (id >> 16) as u16
}

fn find(blocks: &[Block], id: u32) -> Result<usize, usize> {
    blocks.binary_search_by_key(&key(id), |block| block.key)
}

fn cut(sorted: &[u32]) -> Vec<Block> {
    let by_key = sorted.chunk_by(|a, b| key(*a) == key(*b));
    let block = |ids: &[u32]| Block {
        key: key(ids[0]),
        low: Low::List(ids.iter().map(|id| *id as u16).collect()),
    };
    by_key.map(block).collect()
}

impl Low {
    fn len(&self) -> usize {
        match self {
            Low::List(list) => list.len(),
            Low::Bits { len, .. } => *len as usize,
        }
    }

    fn contains(&self, low: u16) -> bool {
        match self {
            Low::List(list) => list.binary_search(&low).is_ok(),
            Low::Bits { words, .. } => words[usize::from(low / 64)] & bit(low) != 0,
        }
    }

    fn insert(&mut self, low: u16) -> bool {
        match self {
            Low::List(list) => {
                let Err(at) = list.binary_search(&low) else {
                    return false;
                };
                if list.len() < LIST {
                    list.insert(at, low);
                } else {
                    *self = Low::crowded(list);
                    self.insert(low);
                }
                true
            }
            Low::Bits { len, words } => {
                let word = &mut words[usize::from(low / 64)];
                let is_new = *word & bit(low) == 0;
                *word |= bit(low);
                *len += u32::from(is_new);
                is_new
            }
        }
    }

    fn remove(&mut self, low: u16) -> bool {
        match self {
            Low::List(list) => {
                let Ok(at) = list.binary_search(&low) else {
                    return false;
                };
                list.remove(at);
                if list.capacity() > 64 && list.len() * 4 < list.capacity() {
                    list.shrink_to(list.len() * 2);
                }
                true
            }
            Low::Bits { len, words } => {
                let word = &mut words[usize::from(low / 64)];
                let was_there = *word & bit(low) != 0;
                *word &= !bit(low);
                *len -= u32::from(was_there);
                if (*len as usize) < LIST / 2 {
                    let mut list = Vec::with_capacity(LIST / 2);
                    self.for_each(|low| list.push(low));
                    *self = Low::List(list);
                }
                was_there
            }
        }
    }

    fn crowded(list: &[u16]) -> Self {
        let mut words = Box::new([0; WORDS]);
        for low in list {
            words[usize::from(low / 64)] |= bit(*low);
        }
        Low::Bits { len: list.len() as u32, words }
    }

    fn last(&self) -> Option<u16> {
        match self {
            Low::List(list) => list.last().copied(),
            Low::Bits { words, .. } => {
                let at = words.iter().rposition(|word| *word != 0)?;
                Some((at as u32 * 64 + 63 - words[at].leading_zeros()) as u16)
            }
        }
    }

    fn for_each(&self, mut each: impl FnMut(u16)) {
        match self {
            Low::List(list) => list.iter().copied().for_each(each),
            Low::Bits { words, .. } => {
                for (at, word) in words.iter().enumerate() {
                    let mut rest = *word;
                    while rest != 0 {
                        each((at as u32 * 64 + rest.trailing_zeros()) as u16);
                        rest &= rest - 1;
                    }
                }
            }
        }
    }

    fn heap_bytes(&self) -> usize {
        match self {
            Low::List(list) => list.capacity() * size_of::<u16>(),
            Low::Bits { .. } => WORDS * size_of::<u64>(),
        }
    }
}

const fn bit(low: u16) -> u64 {
    1 << (low % 64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn members(set: &IdSet) -> Vec<u32> {
        let mut out = Vec::new();
        set.for_each(|id| out.push(id));
        out
    }

    #[test]
    fn a_crowded_block_turns_into_a_bitmap_and_back() {
        let mut set = IdSet::new();
        let ids: Vec<u32> = (0..20_000).map(|i| 0x7_0000 + i * 3).collect();
        assert!(ids.iter().all(|id| set.insert(*id)));
        assert!(ids.iter().all(|id| !set.insert(*id) && set.contains(*id)));
        assert!(!set.contains(0x7_0001) && !set.contains(0x6_0000));
        assert_eq!((set.len(), members(&set)), (20_000, ids.clone()));
        assert!(set.heap_bytes() < 9_000, "{}", set.heap_bytes());
        assert_eq!(set.last(), ids.last().copied());
        for id in &ids[..19_990] {
            assert!(set.remove(*id) && !set.remove(*id));
        }
        assert_eq!(members(&set), ids[19_990..]);
        assert!(set.heap_bytes() < 400, "{}", set.heap_bytes());
        assert!(ids[19_990..].iter().all(|id| set.remove(*id)));
        assert!(set.is_empty() && set.heap_bytes() == 0);
    }

    proptest! {
        #[test]
        fn behaves_like_a_set(
            steps in proptest::collection::vec(
                (any::<bool>(), prop_oneof![0u32..200, 65_500u32..65_600, any::<u32>()]), 0..400),
        ) {
            let (mut set, mut model) = (IdSet::new(), BTreeSet::new());
            for (insert, id) in steps {
                if insert {
                    prop_assert_eq!(set.insert(id), model.insert(id));
                } else {
                    prop_assert_eq!(set.remove(id), model.remove(&id));
                }
                prop_assert_eq!(set.contains(id), insert);
                prop_assert_eq!(set.len(), model.len());
                prop_assert_eq!(set.last(), model.last().copied());
            }
            prop_assert_eq!(members(&set), model.into_iter().collect::<Vec<_>>());
        }
    }
}
