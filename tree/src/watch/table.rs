//! The watch table: registering, checking and removing, one (path, connection) at a time. What
//! changes of the tree do to it is in `fire`.

use std::sync::Arc;

use codec::ErrorCode;
use rustc_hash::FxHashMap;

use super::list::{Lists, Watchers};
use super::missing::Missing;
use super::modes::{AddWatchMode, Modes, Table, WatcherId, WatcherType};
use super::owned::{Owners, Place};
use super::paged::Paged;
use crate::arena::NodeId;
use crate::tree::Tree;

/// All watches of a server.
///
/// Invariants: a path stands in `nodes` if the tree holds it and in `missing` if not; `owners`
/// holds exactly the pairs that `nodes` and `missing` hold; `recursive` counts the recursive
/// registrations in `nodes`, without zeros.
#[derive(Debug)]
pub struct WatchTable {
    pub(super) nodes: Paged<Watchers>,
    pub(super) missing: Missing,
    pub(super) lists: Lists,
    pub(super) owners: Owners,
    pub(super) recursive: FxHashMap<u32, u32>,
    pub(super) counts: Counts,
    /// Empty between calls; kept for its memory.
    pub(super) told: Vec<WatcherId>,
    pub(super) consumed: Vec<WatcherId>,
}

/// Running totals.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// Pairs of path and watcher in the data table.
    pub(super) data: usize,
    /// Pairs of path and watcher in the child table.
    pub(super) child: usize,
    /// Paths in the data table.
    pub(super) data_paths: usize,
    /// Watchers in the data table.
    pub(super) data_watchers: usize,
}

impl WatchTable {
    /// An empty table. The seed keeps clients from preparing missing paths that collide; it is
    /// never visible.
    pub fn new(hash_seed: u64) -> Self {
        WatchTable {
            nodes: Paged::new(),
            missing: Missing::new(hash_seed),
            lists: Lists::new(),
            owners: Owners::new(),
            recursive: FxHashMap::default(),
            counts: Counts::default(),
            told: Vec::new(),
            consumed: Vec::new(),
        }
    }

    /// Registers the one-shot watch of getData, exists or getChildren on a path that may or may
    /// not exist.
    pub fn watch(&mut self, tree: &Tree, path: &str, watcher: WatcherId, table: Table) {
        self.change(tree, path, watcher, |modes| modes.with(Modes::once(table)));
    }

    /// [`Self::watch`] on a node that has been found already.
    pub fn watch_node(&mut self, node: NodeId, watcher: WatcherId, table: Table) {
        self.change_node(node, watcher, |modes| modes.with(Modes::once(table)));
    }

    /// Registers what addWatch asks for. The path need not exist.
    pub fn add_watch(&mut self, tree: &Tree, path: &str, watcher: WatcherId, mode: AddWatchMode) {
        self.change(tree, path, watcher, |modes| modes.with(Modes::of(mode)));
    }

    /// checkWatches: exactly this path, this connection.
    ///
    /// # Errors
    /// NOWATCHER.
    pub fn check(
        &self,
        tree: &Tree,
        path: &str,
        watcher: WatcherId,
        kind: WatcherType,
    ) -> Result<(), ErrorCode> {
        let asked = match kind {
            WatcherType::Persistent => Modes::DATA_PERSISTENT,
            kind => kind.modes(),
        };
        let of = self.watchers_of(tree, path);
        if self.lists.get(of, watcher).any(asked) { Ok(()) } else { Err(ErrorCode::NoWatcher) }
    }

    /// removeWatches: exactly this path, this connection. Other modes stay.
    ///
    /// # Errors
    /// NOWATCHER if there was nothing to remove.
    pub fn remove(
        &mut self,
        tree: &Tree,
        path: &str,
        watcher: WatcherId,
        kind: WatcherType,
    ) -> Result<(), ErrorCode> {
        let before = self.change(tree, path, watcher, |modes| modes.without(kind.modes()));
        if before.any(kind.modes()) { Ok(()) } else { Err(ErrorCode::NoWatcher) }
    }

    /// Bytes of the paths without a node that this connection watches, so that the server can part
    /// with one that stores whole trees here. Costs a lookup.
    pub fn missing_bytes_of(&self, watcher: WatcherId) -> usize {
        self.owners.get(watcher).map_or(0, |owned| owned.missing_bytes)
    }

    /// The connection is closed: all its watches go. Costs what it watched. Nothing may be
    /// registered for it afterwards, or it stays for whoever gets the id next.
    pub fn remove_watcher(&mut self, watcher: WatcherId) {
        self.remove_watcher_step(watcher, usize::MAX);
    }

    /// [`Self::remove_watcher`] in slices of at most `max` watches, so that a connection with very
    /// many holds nobody up. True once nothing is left; until then the id must not be given to
    /// another connection, and events for it go nowhere.
    pub fn remove_watcher_step(&mut self, watcher: WatcherId, max: usize) -> bool {
        for _ in 0..max {
            let Some(owned) = self.owners.get(watcher) else {
                return true;
            };
            if let Some(node) = owned.nodes.last() {
                self.change_node(NodeId(node), watcher, |_| Modes::NONE);
            } else if let Some(path) = owned.missing.last().cloned() {
                self.change_missing(&path, watcher, |_| Modes::NONE);
            }
        }
        self.owners.get(watcher).is_none()
    }

    pub(super) fn at_node(&self, node: NodeId) -> Watchers {
        self.nodes.get(node.index()).copied().unwrap_or(Watchers::NONE)
    }

    fn watchers_of(&self, tree: &Tree, path: &str) -> Watchers {
        match tree.find(path) {
            Some(node) => self.at_node(node),
            None => self.missing.get(path),
        }
    }

    /// Answers the modes as they were.
    fn change(
        &mut self,
        tree: &Tree,
        path: &str,
        watcher: WatcherId,
        to: impl FnOnce(Modes) -> Modes,
    ) -> Modes {
        match tree.find(path) {
            Some(node) => self.change_node(node, watcher, to),
            None => self.change_missing(path, watcher, to),
        }
    }

    fn change_node(
        &mut self,
        node: NodeId,
        watcher: WatcherId,
        to: impl FnOnce(Modes) -> Modes,
    ) -> Modes {
        let before = self.lists.get(self.at_node(node), watcher);
        let after = to(before);
        if after != before {
            self.replace_node(node, watcher, after);
            self.book(watcher, Place::Node(node), before, after);
        }
        before
    }

    fn change_missing(
        &mut self,
        path: &str,
        watcher: WatcherId,
        to: impl FnOnce(Modes) -> Modes,
    ) -> Modes {
        let before = self.lists.get(self.missing.get(path), watcher);
        let after = to(before);
        if after != before {
            let path = self.replace_missing(path, watcher, after);
            self.book(watcher, Place::Missing(&path), before, after);
        }
        before
    }

    fn replace_node(&mut self, node: NodeId, watcher: WatcherId, after: Modes) {
        let of = self.at_node(node);
        let had_data = self.lists.any(of, Modes::DATA);
        let now = self.lists.set(of, watcher, after);
        self.count_path(had_data, now);
        self.store(node, now);
    }

    fn replace_missing(&mut self, path: &str, watcher: WatcherId, after: Modes) -> Arc<str> {
        let of = self.missing.get(path);
        let had_data = self.lists.any(of, Modes::DATA);
        let now = self.lists.set(of, watcher, after);
        self.count_path(had_data, now);
        self.missing.set(path, now)
    }

    pub(super) fn store(&mut self, node: NodeId, watchers: Watchers) {
        if watchers.is_none() {
            self.nodes.remove(node.index());
        } else {
            self.nodes.insert(node.index(), watchers);
        }
    }

    pub(super) fn count_path(&mut self, had_data: bool, now: Watchers) {
        let has_data = self.lists.any(now, Modes::DATA);
        self.counts.data_paths += usize::from(has_data);
        self.counts.data_paths -= usize::from(had_data);
    }

    /// Brings the other direction and the totals up to date after one pair has changed.
    pub(super) fn book(
        &mut self,
        watcher: WatcherId,
        place: Place<'_>,
        before: Modes,
        after: Modes,
    ) {
        if before.is_none() {
            self.owners.add(watcher, place);
        }
        let (had, has) = (before.any(Modes::DATA), after.any(Modes::DATA));
        if had != has && self.owners.count_data(watcher, has) {
            self.counts.data_watchers += usize::from(has);
            self.counts.data_watchers -= usize::from(had);
        }
        self.count_pairs(before, after);
        if let Place::Node(node) = place {
            self.count_recursive(node, before, after);
        }
        if after.is_none() {
            self.owners.remove(watcher, place);
        }
    }

    fn count_pairs(&mut self, before: Modes, after: Modes) {
        self.counts.data += usize::from(after.any(Modes::DATA));
        self.counts.data -= usize::from(before.any(Modes::DATA));
        self.counts.child += usize::from(after.any(Modes::CHILD));
        self.counts.child -= usize::from(before.any(Modes::CHILD));
    }

    fn count_recursive(&mut self, node: NodeId, before: Modes, after: Modes) {
        match (before.any(Modes::RECURSIVE), after.any(Modes::RECURSIVE)) {
            (false, true) => *self.recursive.entry(node.index()).or_insert(0) += 1,
            (true, false) => self.uncount_recursive(node),
            _ => {}
        }
    }

    fn uncount_recursive(&mut self, node: NodeId) {
        let Some(count) = self.recursive.get_mut(&node.index()) else {
            return;
        };
        *count -= 1;
        if *count == 0 {
            self.recursive.remove(&node.index());
        }
    }
}
