//! Figures that exist once per key: per first path element, or per server id.
//!
//! The keys come from clients (anybody may create nodes under the root), so a set is bounded: past
//! [`KEYS_MAX`] keys everything new is counted under [`OTHERS`]. A known key costs one shared lock
//! and one look-up per batch; only a new key takes the lock alone.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::RwLock;

/// Keys that one set keeps apart.
pub const KEYS_MAX: usize = 1024;
/// The key under which everything past [`KEYS_MAX`] is counted.
pub const OTHERS: &str = "_others";

/// Figures of type `T`, one per key, in the order of the keys.
#[derive(Debug)]
pub struct Set<T> {
    make: fn() -> T,
    members: RwLock<BTreeMap<Box<str>, Arc<T>>>,
}

impl<T> Set<T> {
    /// An empty set whose members are made by `make`.
    pub fn new(make: fn() -> T) -> Self {
        Set { make, members: RwLock::default() }
    }

    /// The figure of `key`, made if it is new.
    pub fn of(&self, key: &str) -> Arc<T> {
        if let Some(known) = self.members.read().get(key) {
            return Arc::clone(known);
        }
        let mut members = self.members.write();
        let full = members.len() >= KEYS_MAX && !members.contains_key(key);
        let key = if full { OTHERS } else { key };
        Arc::clone(members.entry(Box::from(key)).or_insert_with(|| Arc::new((self.make)())))
    }

    /// The figure of the first element of `path`; `None` for the root, which belongs to nobody.
    pub fn of_namespace(&self, path: &str) -> Option<Arc<T>> {
        namespace(path).map(|key| self.of(key))
    }

    /// Shows every member, in the order of the keys.
    pub fn visit(&self, mut see: impl FnMut(&str, &T)) {
        self.members.read().iter().for_each(|(key, figure)| see(key, figure));
    }
}

/// A figure that `srst` can take back to nothing.
pub trait Reset {
    /// Back to nothing recorded.
    fn reset(&self);
}

impl<T: Reset> Set<T> {
    /// Every member back to nothing recorded. The keys stay, as in Apache, and so do the members:
    /// whoever holds one goes on counting into it.
    pub fn reset(&self) {
        self.members.read().values().for_each(|figure| figure.reset());
    }
}

/// The first element of a path: `app` of `/app/x`; `None` for `/`.
pub fn namespace(path: &str) -> Option<&str> {
    let first = path.strip_prefix('/')?.split('/').next()?;
    (!first.is_empty()).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::counter::Counter;

    #[test]
    fn the_namespace_is_the_first_path_element() {
        assert_eq!(namespace("/app/x/y"), Some("app"));
        assert_eq!(namespace("/app"), Some("app"));
        assert_eq!(namespace("/"), None);
        assert_eq!(namespace(""), None);
        assert_eq!(namespace("app"), None);
    }

    #[test]
    fn hostile_namespaces_cannot_grow_a_set_without_end() {
        let set = Set::new(Counter::default);
        (0..3 * KEYS_MAX).for_each(|i| set.of(&format!("n{i}")).one());
        let (mut keys, mut total) = (0, 0);
        set.visit(|_, counter| {
            keys += 1;
            total += counter.get();
        });
        assert_eq!(keys, KEYS_MAX + 1);
        assert_eq!(total, 3 * KEYS_MAX as u64);
        assert_eq!(set.of(OTHERS).get(), 2 * KEYS_MAX as u64);
    }

    #[test]
    fn a_reset_keeps_keys_and_holders() {
        let set = Set::new(Counter::default);
        let held = set.of("a");
        held.add(3);
        set.reset();
        held.add(1);
        let mut seen = Vec::new();
        set.visit(|key, counter| seen.push((key.to_owned(), counter.get())));
        assert_eq!(seen, [("a".to_owned(), 1)]);
    }
}
