//! What each connection watches: the other direction of the watch table, so that closing one costs
//! what it watched and no more. Knows which paths, not in which modes.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::ids::IdSet;
use super::modes::WatcherId;
use super::paged::Paged;
use crate::arena::NodeId;

/// One connection's watched paths. Invariant: never empty in [`Owners`].
#[derive(Debug)]
pub(crate) struct Owned {
    pub(crate) nodes: IdSet,
    pub(crate) missing: BTreeSet<Arc<str>>,
    /// Sum of the lengths of the missing paths.
    pub(crate) missing_bytes: usize,
    /// How many of them are in the data table.
    pub(crate) data: u32,
}

impl Owned {
    const NONE: Owned =
        Owned { nodes: IdSet::new(), missing: BTreeSet::new(), missing_bytes: 0, data: 0 };

    pub(crate) fn len(&self) -> usize {
        self.nodes.len() + self.missing.len()
    }
}

/// Where a watch sits.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place<'a> {
    Node(NodeId),
    Missing(&'a Arc<str>),
}

/// All connections that watch anything.
#[derive(Debug)]
pub(crate) struct Owners(Paged<Box<Owned>>);

impl Owners {
    pub(crate) const fn new() -> Self {
        Owners(Paged::new())
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn get(&self, watcher: WatcherId) -> Option<&Owned> {
        self.0.get(watcher.index()).map(|owned| &**owned)
    }

    pub(crate) fn add(&mut self, watcher: WatcherId, place: Place<'_>) {
        let owned = self.0.entry_or(watcher.index(), || Box::new(Owned::NONE));
        match place {
            Place::Node(node) => drop(owned.nodes.insert(node.index())),
            Place::Missing(path) => {
                let is_new = owned.missing.insert(path.clone());
                owned.missing_bytes += if is_new { path.len() } else { 0 };
            }
        }
    }

    pub(crate) fn remove(&mut self, watcher: WatcherId, place: Place<'_>) {
        let Some(owned) = self.0.get_mut(watcher.index()) else {
            return;
        };
        match place {
            Place::Node(node) => drop(owned.nodes.remove(node.index())),
            Place::Missing(path) => {
                let was_there = owned.missing.remove(path);
                owned.missing_bytes -= if was_there { path.len() } else { 0 };
            }
        }
        if owned.nodes.is_empty() && owned.missing.is_empty() {
            self.0.remove(watcher.index());
        }
    }

    /// Moves a path between the two kinds; it stays watched all the while.
    pub(crate) fn relocate(&mut self, watcher: WatcherId, from: Place<'_>, to: Place<'_>) {
        self.add(watcher, to);
        self.remove(watcher, from);
    }

    /// Counts a path into the data table (or out of it). Answers whether the connection was
    /// (or now is) without any other.
    pub(crate) fn count_data(&mut self, watcher: WatcherId, more: bool) -> bool {
        let Some(owned) = self.0.get_mut(watcher.index()) else {
            return false;
        };
        if more {
            owned.data += 1;
            owned.data == 1
        } else {
            owned.data -= 1;
            owned.data == 0
        }
    }

    /// All connections, ascending.
    pub(crate) fn watchers(&self) -> impl Iterator<Item = (WatcherId, &Owned)> {
        let known = |id| (WatcherId::known(id), self.0.get(id));
        self.0.ids().into_iter().map(known).filter_map(|(id, owned)| Some((id, &**owned?)))
    }

    /// Bytes on the heap. Names of missing paths are counted where they are stored.
    pub(crate) fn heap_bytes(&self) -> usize {
        let one = |owned: &Owned| {
            // B-tree leaves hold 11 keys and are two thirds full on average.
            size_of::<Owned>() + owned.nodes.heap_bytes() + owned.missing.len() * 24
        };
        self.0.heap_bytes() + self.watchers().map(|(_, owned)| one(owned)).sum::<usize>()
    }
}
