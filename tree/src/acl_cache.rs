//! ACL lists, each stored once and shared by all nodes that carry it. Ids are this server's own,
//! as they stand in its snapshots; an id is never given to a second list. Decides nothing: who
//! may do what is `authorize`'s subject.

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use codec::{Acl, AclList};
use hashbrown::HashTable;

use crate::network::Network;
use crate::seeded::Seeded;

/// Id on disk of "world:anyone may do everything" when a node was given no list at all.
pub const OPEN_ACL_ID: i64 = -1;
/// Place of the open list.
pub(crate) const OPEN_SLOT: u32 = 0;

/// One list.
#[derive(Debug, Clone)]
pub struct AclRecord {
    id: i64,
    entries: Arc<AclList>,
    /// Permissions and networks of the entries of scheme `ip`, parsed once.
    networks: Box<[(i32, Network)]>,
    refs: u64,
    open: bool,
    resolved: bool,
}

impl AclRecord {
    /// Its id in snapshots; -1 is the open list.
    pub fn id(&self) -> i64 {
        self.id
    }

    /// The entries in the order in which they were given.
    pub fn entries(&self) -> &[Acl<'static>] {
        &self.entries
    }

    /// The entries, to be kept beyond the next transaction: copies a pointer and no list.
    pub fn shared(&self) -> Arc<AclList> {
        Arc::clone(&self.entries)
    }

    pub(crate) fn networks(&self) -> &[(i32, Network)] {
        &self.networks
    }

    /// Exactly `world:anyone` with all permissions: nothing needs to be checked.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// False for an id that a snapshot's node carried without a list behind it. Such a node must
    /// be closed to everybody until the replay of the log gives it a list.
    pub fn is_resolved(&self) -> bool {
        self.resolved
    }

    /// Nodes that carry it.
    pub fn refs(&self) -> u64 {
        self.refs
    }
}

/// All lists of a tree.
#[derive(Debug)]
pub struct AclCache {
    slots: Vec<Option<AclRecord>>,
    free: Vec<u32>,
    by_list: HashTable<u32>,
    by_id: BTreeMap<i64, u32>,
    next_id: i64,
    /// The list that was last given to a node: most creations in a row give the same.
    last: u32,
    seeded: Seeded,
}

impl AclCache {
    /// The seed keeps clients from preparing lists that collide; it is never visible.
    pub(crate) fn new(hash_seed: u64) -> Self {
        let mut cache = AclCache {
            slots: Vec::new(),
            free: Vec::new(),
            by_list: HashTable::new(),
            by_id: BTreeMap::new(),
            next_id: 1,
            last: OPEN_SLOT,
            seeded: Seeded::new(hash_seed),
        };
        // The open list stands outside both maps: a list that a client spells out gets an id.
        cache.slots.push(Some(record(OPEN_ACL_ID, codec::acl::open_acl_unsafe(), true)));
        cache
    }

    pub(crate) fn record(&self, slot: u32) -> &AclRecord {
        self.slots[slot as usize].as_ref().expect("invariant: nodes carry live ACLs")
    }

    fn record_mut(&mut self, slot: u32) -> &mut AclRecord {
        self.slots[slot as usize].as_mut().expect("invariant: nodes carry live ACLs")
    }

    /// The list for a node that is given `list`; one more node carries it. No list is the open one.
    pub(crate) fn intern(&mut self, list: Option<&[Acl<'_>]>) -> u32 {
        let Some(list) = list else {
            self.record_mut(OPEN_SLOT).refs += 1;
            return OPEN_SLOT;
        };
        let slot = self.lookup(list).unwrap_or_else(|| {
            let id = self.fresh_id();
            self.add(id, list.iter().cloned().map(Acl::into_owned).collect(), true)
        });
        self.last = slot;
        self.record_mut(slot).refs += 1;
        slot
    }

    fn lookup(&self, list: &[Acl<'_>]) -> Option<u32> {
        let same = |slot: u32| same_list(&self.record(slot).entries, list);
        let is_last = self.last != OPEN_SLOT && self.slots[self.last as usize].is_some();
        if is_last && self.record(self.last).resolved && same(self.last) {
            return Some(self.last);
        }
        self.by_list.find(hash(&self.seeded, list), |slot| same(*slot)).copied()
    }

    fn fresh_id(&mut self) -> i64 {
        while self.by_id.contains_key(&self.next_id) || self.next_id == OPEN_ACL_ID {
            self.next_id = self.next_id.wrapping_add(1);
        }
        let id = self.next_id;
        self.next_id = id.wrapping_add(1);
        id
    }

    fn add(&mut self, id: i64, list: AclList, resolved: bool) -> u32 {
        let hash_of_list = hash(&self.seeded, &list);
        let record = Some(record(id, list, resolved));
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None => {
                self.slots.push(None);
                (self.slots.len() - 1) as u32
            }
        };
        self.slots[slot as usize] = record;
        self.by_id.insert(id, slot);
        if resolved {
            let Self { by_list, slots, seeded, .. } = self;
            by_list.insert_unique(hash_of_list, slot, |slot| hash_slot(seeded, slots, *slot));
        }
        slot
    }

    /// One node less carries it; a list that nobody carries is forgotten, its id for ever.
    pub(crate) fn release(&mut self, slot: u32) {
        let record = self.record_mut(slot);
        record.refs -= 1;
        if record.refs == 0 && slot != OPEN_SLOT {
            self.forget(slot);
        }
    }

    fn forget(&mut self, slot: u32) {
        let Some(record) = self.slots[slot as usize].take() else {
            return;
        };
        self.by_id.remove(&record.id);
        if let Ok(entry) =
            self.by_list.find_entry(hash(&self.seeded, &record.entries), |s| *s == slot)
        {
            entry.remove();
        }
        self.free.push(slot);
    }

    /// A list that a snapshot declares.
    pub(crate) fn declare(&mut self, id: i64, list: AclList) {
        self.reserve(id);
        if id != OPEN_ACL_ID && !self.by_id.contains_key(&id) {
            self.add(id, list, true);
        }
    }

    /// The list that a snapshot's node carries by id, known or not; one more node carries it.
    pub(crate) fn attach(&mut self, id: i64) -> u32 {
        self.reserve(id);
        let slot = match (id, self.by_id.get(&id)) {
            (OPEN_ACL_ID, _) => OPEN_SLOT,
            (_, Some(slot)) => *slot,
            (_, None) => self.add(id, AclList::new(), false),
        };
        self.record_mut(slot).refs += 1;
        slot
    }

    /// No id at or below one that was seen is ever handed out.
    fn reserve(&mut self, id: i64) {
        self.next_id = self.next_id.max(id.wrapping_add(1));
    }

    /// Forgets declared lists that no node carries.
    pub(crate) fn purge_unused(&mut self) {
        for slot in 1..self.slots.len() {
            if self.slots[slot].as_ref().is_some_and(|record| record.refs == 0) {
                self.forget(slot as u32);
            }
        }
    }

    /// The lists of a snapshot's header, by id; without the open one and unresolved ones.
    pub fn iter(&self) -> impl Iterator<Item = &AclRecord> {
        self.by_id.values().map(|slot| self.record(*slot)).filter(|record| record.resolved)
    }

    /// Ids that nodes carry without a list: damage, once the log has been replayed.
    pub fn unresolved(&self) -> impl Iterator<Item = &AclRecord> {
        self.by_id.values().map(|slot| self.record(*slot)).filter(|record| !record.resolved)
    }

    /// Lists that nodes carry, the open one included.
    pub fn len(&self) -> usize {
        self.by_id.len() + 1
    }

    /// Never: the open list is always there.
    pub fn is_empty(&self) -> bool {
        false
    }
}

fn record(id: i64, entries: AclList, resolved: bool) -> AclRecord {
    let open = resolved && same_list(&entries, &codec::acl::open_acl_unsafe());
    let networks = entries.iter().filter_map(network_of).collect();
    AclRecord { id, entries: Arc::new(entries), networks, refs: 0, open, resolved }
}

fn network_of(entry: &Acl<'_>) -> Option<(i32, Network)> {
    let of_ip = entry.id.scheme.as_deref() == Some("ip");
    let network = of_ip.then(|| Network::parse(entry.id.id.as_deref()?)).flatten()?;
    Some((entry.perms, network))
}

fn same_list(stored: &[Acl<'_>], given: &[Acl<'_>]) -> bool {
    stored.len() == given.len() && stored.iter().zip(given).all(|(a, b)| a == b)
}

fn hash(seeded: &Seeded, list: &[Acl<'_>]) -> u64 {
    let mut hasher = seeded.hasher();
    for acl in list {
        acl.perms.hash(&mut hasher);
        acl.id.scheme.hash(&mut hasher);
        acl.id.id.hash(&mut hasher);
    }
    hasher.finish()
}

fn hash_slot(seeded: &Seeded, slots: &[Option<AclRecord>], slot: u32) -> u64 {
    slots[slot as usize].as_ref().map_or(0, |record| hash(seeded, &record.entries))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(perms: i32) -> AclList {
        vec![Acl::new(perms, "world", "anyone")]
    }

    #[test]
    fn a_list_is_stored_once_and_forgotten_with_its_last_node() {
        let mut cache = AclCache::new(0);
        let one = cache.intern(Some(&list(1)));
        assert_eq!(cache.intern(Some(&list(1))), one);
        let two = cache.intern(Some(&list(3)));
        assert_ne!(one, two);
        assert_eq!((cache.record(one).id(), cache.record(two).id()), (1, 2));
        cache.release(two);
        assert_eq!(cache.len(), 2);
        let three = cache.intern(Some(&list(3)));
        assert_eq!(cache.record(three).id(), 3, "an id is never used again");
        cache.release(one);
        assert_eq!(cache.record(one).refs(), 1);
    }

    #[test]
    fn a_shared_list_is_the_stored_one_and_outlives_it() {
        let mut cache = AclCache::new(0);
        let slot = cache.intern(Some(&list(1)));
        let shared = cache.record(slot).shared();
        assert!(std::ptr::eq(shared.as_slice(), cache.record(slot).entries()));
        cache.release(slot);
        assert_eq!(*shared, list(1));
    }

    #[test]
    fn no_list_is_the_open_one_and_a_spelled_out_one_has_an_id() {
        let mut cache = AclCache::new(0);
        let none = cache.intern(None);
        let spelled = cache.intern(Some(&list(31)));
        assert_eq!((cache.record(none).id(), cache.record(spelled).id()), (-1, 1));
        assert!(cache.record(none).is_open() && cache.record(spelled).is_open());
        assert!(!AclRecord::is_open(&record(5, list(30), true)));
    }

    #[test]
    fn ids_of_a_snapshot_are_kept_and_missing_ones_stay_closed() {
        let mut cache = AclCache::new(0);
        cache.declare(7, list(1));
        cache.declare(8, list(2));
        let known = cache.attach(7);
        let missing = cache.attach(40);
        assert!(cache.record(known).is_resolved() && !cache.record(missing).is_resolved());
        assert!(!cache.record(missing).is_open());
        cache.purge_unused();
        assert_eq!(cache.iter().map(AclRecord::id).collect::<Vec<_>>(), [7]);
        assert_eq!(cache.unresolved().map(AclRecord::id).collect::<Vec<_>>(), [40]);
        assert_eq!(cache.intern(Some(&list(1))), known);
        let fresh = cache.intern(Some(&list(4)));
        assert_eq!(cache.record(fresh).id(), 41);
        let empty = cache.intern(Some(&[]));
        assert_ne!(empty, missing, "an empty list is not an unresolved one");
    }

    #[test]
    fn nobody_can_prepare_lists_that_collide() {
        let cache = AclCache::new(7);
        let ids = crate::seeded::tests::paths_that_collide_unkeyed(4096);
        let list = |id: String| vec![Acl::new(1, "digest", id)];
        let mut hashes: Vec<u64> =
            ids.into_iter().map(|id| hash(&cache.seeded, &list(id))).collect();
        hashes.sort_unstable();
        hashes.dedup();
        assert_eq!(hashes.len(), 4096);
    }
}
