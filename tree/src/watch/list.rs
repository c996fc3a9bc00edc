//! Who watches one path: nobody, one watcher (in the four bytes of the slot itself), a few (a
//! sorted list), or many (a set per mode). Knows neither paths nor what is owed to a watcher's own
//! books.

use super::ids::IdSet;
use super::modes::{Modes, WatcherId};
use crate::slab::{Slab, Slot};

/// Watchers in a sorted list before it is turned into sets; half of it turns it back.
const FEW: usize = 32;
const SETS: usize = Modes::BITS as usize;
const IS_LIST: u32 = 1 << 31;

/// The watchers of a path. Bit 31 clear: one watcher and its modes, packed. Set: a place in
/// [`Lists`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Watchers(u32);

impl Watchers {
    /// Nobody.
    pub(crate) const NONE: Watchers = Watchers(0);

    pub(crate) fn is_none(self) -> bool {
        self == Watchers::NONE
    }

    fn list(self) -> Option<u32> {
        (self.0 & IS_LIST != 0).then_some(self.0 & !IS_LIST)
    }
}

const fn pack(watcher: WatcherId, modes: Modes) -> u32 {
    watcher.index() << Modes::BITS | modes.0 as u32
}

const fn unpack(packed: u32) -> (WatcherId, Modes) {
    (WatcherId::known(packed >> Modes::BITS), Modes((packed & 31) as u8))
}

/// The watchers of a path that has more than one, or had.
#[derive(Debug)]
enum List {
    /// Packed, ascending by watcher.
    Few(Vec<u32>),
    /// One set per mode bit.
    Many(Box<[IdSet; SETS]>),
    Vacant(u32),
}

impl Slot for List {
    fn vacant(next: u32) -> Self {
        List::Vacant(next)
    }

    fn next_vacant(&self) -> Option<u32> {
        match self {
            List::Vacant(next) => Some(*next),
            _ => None,
        }
    }
}

/// All lists that do not fit a slot.
#[derive(Debug)]
pub(crate) struct Lists(Slab<List>);

impl Lists {
    pub(crate) fn new() -> Self {
        Lists(Slab::new())
    }

    /// What `watcher` has registered.
    pub(crate) fn get(&self, of: Watchers, watcher: WatcherId) -> Modes {
        match of.list() {
            Some(at) => self.0[at].get(watcher),
            None => match unpack(of.0) {
                (one, modes) if one == watcher => modes,
                _ => Modes::NONE,
            },
        }
    }

    /// Replaces what `watcher` has registered; `of` is stale afterwards, the answer is good.
    #[must_use]
    pub(crate) fn set(&mut self, of: Watchers, watcher: WatcherId, modes: Modes) -> Watchers {
        if let Some(at) = of.list() {
            self.0[at].set(watcher, modes);
            return if self.0[at].is_empty() { self.free(of) } else { of };
        }
        let (one, before) = unpack(of.0);
        if of.is_none() || one == watcher {
            let nobody = modes.is_none();
            return Watchers(if nobody { 0 } else { pack(watcher, modes) });
        }
        if modes.is_none() {
            return of;
        }
        let mut list = List::Few(vec![pack(one, before)]);
        list.set(watcher, modes);
        let at = self.0.insert(list);
        assert!(at < IS_LIST, "more than two thousand million watch lists");
        Watchers(at | IS_LIST)
    }

    /// Forgets all watchers of a path.
    pub(crate) fn free(&mut self, of: Watchers) -> Watchers {
        if let Some(at) = of.list() {
            self.0.remove(at);
        }
        Watchers::NONE
    }

    /// Whether anybody has one of `modes`.
    pub(crate) fn any(&self, of: Watchers, modes: Modes) -> bool {
        match of.list().map(|at| &self.0[at]) {
            None => unpack(of.0).1.any(modes),
            Some(List::Few(packed)) => packed.iter().any(|one| unpack(*one).1.any(modes)),
            Some(List::Many(sets)) => bits(modes).any(|bit| !sets[bit].is_empty()),
            Some(List::Vacant(_)) => false,
        }
    }

    /// Appends those who have one of `modes`, ascending.
    pub(crate) fn collect(&self, of: Watchers, modes: Modes, out: &mut Vec<WatcherId>) {
        let has = |packed: &u32| {
            let (watcher, has) = unpack(*packed);
            has.any(modes).then_some(watcher)
        };
        match of.list().map(|at| &self.0[at]) {
            None => out.extend(has(&of.0)),
            Some(List::Few(packed)) => out.extend(packed.iter().filter_map(has)),
            Some(List::Many(sets)) => union(sets, modes, out),
            Some(List::Vacant(_)) => {}
        }
    }

    /// Takes away `mode`, which must be a single one, from all who have it.
    #[must_use]
    pub(crate) fn clear(&mut self, of: Watchers, mode: Modes) -> Watchers {
        match of.list() {
            None => {
                let (watcher, modes) = unpack(of.0);
                let left = modes.without(mode);
                Watchers(if left.is_none() { 0 } else { pack(watcher, left) })
            }
            Some(at) => {
                self.0[at].clear(mode);
                if self.0[at].is_empty() { self.free(of) } else { of }
            }
        }
    }

    /// Bytes on the heap, free places included.
    pub(crate) fn heap_bytes(&self) -> usize {
        let places = 0..self.0.capacity() as u32;
        let inner = places.filter_map(|at| self.0.get(at)).map(List::heap_bytes);
        self.0.capacity() * size_of::<List>() + inner.sum::<usize>()
    }
}

fn bits(modes: Modes) -> impl Iterator<Item = usize> {
    (0..SETS).filter(move |bit| modes.0 & (1 << bit) != 0)
}

fn union(sets: &[IdSet; SETS], modes: Modes, out: &mut Vec<WatcherId>) {
    let start = out.len();
    let mut filled = 0;
    for set in bits(modes).map(|bit| &sets[bit]).filter(|set| !set.is_empty()) {
        set.for_each(|id| out.push(WatcherId::known(id)));
        filled += 1;
    }
    if filled > 1 {
        let mut rest = out.split_off(start);
        rest.sort();
        rest.dedup();
        out.append(&mut rest);
    }
}

impl List {
    fn get(&self, watcher: WatcherId) -> Modes {
        match self {
            List::Few(packed) => match position(packed, watcher) {
                Ok(at) => unpack(packed[at]).1,
                Err(_) => Modes::NONE,
            },
            List::Many(sets) => {
                let has = |bit: &usize| sets[*bit].contains(watcher.index());
                Modes((0..SETS).filter(has).fold(0, |modes, bit| modes | 1 << bit))
            }
            List::Vacant(_) => Modes::NONE,
        }
    }

    fn set(&mut self, watcher: WatcherId, modes: Modes) {
        match self {
            List::Few(packed) => match position(packed, watcher) {
                Ok(at) if modes.is_none() => drop(packed.remove(at)),
                Ok(at) => packed[at] = pack(watcher, modes),
                Err(_) if modes.is_none() => {}
                Err(at) if packed.len() < FEW => packed.insert(at, pack(watcher, modes)),
                Err(_) => {
                    *self = List::many(packed);
                    self.set(watcher, modes);
                }
            },
            List::Many(sets) => {
                for (bit, set) in sets.iter_mut().enumerate() {
                    if modes.0 & (1 << bit) != 0 {
                        set.insert(watcher.index());
                    } else {
                        set.remove(watcher.index());
                    }
                }
                self.thin_out();
            }
            List::Vacant(_) => {}
        }
    }

    fn clear(&mut self, mode: Modes) {
        match self {
            List::Few(packed) => {
                packed.iter_mut().for_each(|one| *one &= !u32::from(mode.0));
                packed.retain(|one| !unpack(*one).1.is_none());
            }
            List::Many(sets) => {
                bits(mode).for_each(|bit| sets[bit] = IdSet::new());
                self.thin_out();
            }
            List::Vacant(_) => {}
        }
    }

    fn many(packed: &[u32]) -> Self {
        let mut sets = Box::new([const { IdSet::new() }; SETS]);
        for (watcher, modes) in packed.iter().map(|one| unpack(*one)) {
            for bit in bits(modes) {
                sets[bit].insert(watcher.index());
            }
        }
        List::Many(sets)
    }

    /// Sets with few members in all become a list again. Counting stops at the first large one.
    fn thin_out(&mut self) {
        let List::Many(sets) = self else { return };
        if sets.iter().any(|set| set.len() > FEW / 2) {
            return;
        }
        let mut watchers = Vec::new();
        union(sets, Modes::ALL, &mut watchers);
        if watchers.len() <= FEW / 2 {
            let packed = watchers.iter().map(|watcher| pack(*watcher, self.get(*watcher)));
            *self = List::Few(packed.collect());
        }
    }

    fn is_empty(&self) -> bool {
        matches!(self, List::Few(packed) if packed.is_empty())
    }

    fn heap_bytes(&self) -> usize {
        match self {
            List::Few(packed) => packed.capacity() * size_of::<u32>(),
            List::Many(sets) => {
                size_of_val(&**sets) + sets.iter().map(IdSet::heap_bytes).sum::<usize>()
            }
            List::Vacant(_) => 0,
        }
    }
}

fn position(packed: &[u32], watcher: WatcherId) -> Result<usize, usize> {
    packed.binary_search_by_key(&watcher.index(), |one| one >> Modes::BITS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn w(number: u32) -> WatcherId {
        WatcherId::known(number)
    }

    #[test]
    fn one_watcher_needs_no_list() {
        let mut lists = Lists::new();
        let one = lists.set(Watchers::NONE, w(WatcherId::MAX), Modes::ALL);
        assert_eq!(lists.get(one, w(WatcherId::MAX)), Modes::ALL);
        assert_eq!(lists.get(one, w(0)), Modes::NONE);
        assert_eq!((lists.0.len(), lists.heap_bytes()), (0, 0));
        assert!(lists.set(one, w(WatcherId::MAX), Modes::NONE).is_none());
        assert_eq!(lists.set(one, w(1), Modes::NONE), one);
    }

    #[test]
    fn ten_thousand_watchers_take_about_two_bytes_each() {
        let mut lists = Lists::new();
        let mut all = Watchers::NONE;
        for id in (0..10_000).rev() {
            all = lists.set(all, w(id * 3), Modes::DATA_ONCE);
        }
        let bytes = lists.heap_bytes() - lists.0.capacity() * size_of::<List>();
        assert!(bytes <= 20_000, "{bytes}");
        let mut seen = Vec::new();
        lists.collect(all, Modes::DATA, &mut seen);
        assert_eq!(seen, (0..10_000).map(|id| w(id * 3)).collect::<Vec<_>>());
        assert!(lists.clear(all, Modes::DATA_ONCE).is_none());
        assert_eq!(lists.0.len(), 0);
    }

    fn change() -> impl Strategy<Value = (u32, u8)> {
        (0u32..80, prop_oneof![Just(0u8), 1..32u8])
    }

    proptest! {
        #[test]
        fn behaves_like_a_map_from_watcher_to_modes(
            steps in proptest::collection::vec(change(), 0..300),
            clear in proptest::option::of(0usize..SETS),
        ) {
            let (mut lists, mut all) = (Lists::new(), Watchers::NONE);
            let mut model: BTreeMap<u32, u8> = BTreeMap::new();
            for (id, modes) in steps {
                all = lists.set(all, w(id), Modes(modes));
                model.insert(id, modes);
                model.retain(|_, modes| *modes != 0);
                prop_assert_eq!(all.is_none(), model.is_empty());
            }
            if let Some(bit) = clear {
                all = lists.clear(all, Modes(1 << bit));
                model.values_mut().for_each(|modes| *modes &= !(1 << bit));
                model.retain(|_, modes| *modes != 0);
            }
            for id in 0..80 {
                let expected = model.get(&id).copied().unwrap_or(0);
                prop_assert_eq!(lists.get(all, w(id)), Modes(expected));
            }
            for mask in 1..32 {
                let mut seen = Vec::new();
                lists.collect(all, Modes(mask), &mut seen);
                let expected: Vec<WatcherId> =
                    model.iter().filter(|(_, m)| **m & mask != 0).map(|(id, _)| w(*id)).collect();
                prop_assert_eq!(lists.any(all, Modes(mask)), !expected.is_empty());
                prop_assert_eq!(seen, expected);
            }
        }
    }
}
