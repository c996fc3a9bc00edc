//! What the administrator's words ask of the watch table: counts and lists, in a fixed order.
//! Changes nothing.

use super::list::Watchers;
use super::modes::{Modes, WatcherId};
use super::owned::Owned;
use super::table::{Counts, WatchTable};
use crate::arena::NodeId;
use crate::tree::Tree;

/// The answer to `wchs`. Of the data table alone, as ZooKeeper counts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WatchSummary {
    /// Connections that watch anything.
    pub watchers: usize,
    /// Paths that are watched.
    pub paths: usize,
    /// Pairs of the two.
    pub total: usize,
}

impl WatchTable {
    /// Pairs of path and connection in both tables: `watch_count`.
    pub fn len(&self) -> usize {
        self.counts.data + self.counts.child
    }

    /// Whether nobody watches anything.
    pub fn is_empty(&self) -> bool {
        self.owners.len() == 0
    }

    /// Paths that one connection watches, in whatever way.
    pub fn len_of(&self, watcher: WatcherId) -> usize {
        self.owners.get(watcher).map_or(0, Owned::len)
    }

    /// `wchs`; costs nothing.
    pub fn summary(&self) -> WatchSummary {
        WatchSummary {
            watchers: self.counts.data_watchers,
            paths: self.counts.data_paths,
            total: self.counts.data,
        }
    }

    /// `wchc`: connections ascending, their paths ascending; the data table alone. Looks at every
    /// watch.
    pub fn by_watcher(&self, tree: &Tree) -> Vec<(WatcherId, Vec<String>)> {
        let paths = |(watcher, owned): (WatcherId, &Owned)| {
            let mut paths = self.data_paths_of(tree, watcher, owned);
            paths.sort_unstable();
            (watcher, paths)
        };
        let with_paths = |(_, paths): &(WatcherId, Vec<String>)| !paths.is_empty();
        self.owners.watchers().map(paths).filter(with_paths).collect()
    }

    fn data_paths_of(&self, tree: &Tree, watcher: WatcherId, owned: &Owned) -> Vec<String> {
        let is_data = |of: Watchers| self.lists.get(of, watcher).any(Modes::DATA);
        let mut paths = Vec::with_capacity(owned.data as usize);
        owned.nodes.for_each(|node| {
            let node = NodeId(node);
            if is_data(self.at_node(node)) {
                paths.push(tree.path_of(node));
            }
        });
        let missing = owned.missing.iter().filter(|path| is_data(self.missing.get(path)));
        paths.extend(missing.map(|path| path.to_string()));
        paths
    }

    /// `wchp`: paths ascending, their connections ascending; the data table alone. Looks at every
    /// watch.
    pub fn by_path(&self, tree: &Tree) -> Vec<(String, Vec<WatcherId>)> {
        let nodes = self.nodes.ids().into_iter().map(NodeId);
        let nodes = nodes.map(|node| (tree.path_of(node), self.at_node(node)));
        let missing = self.missing.sorted().into_iter().map(|(path, of)| (path.to_string(), of));
        let with_watchers = |(path, of)| {
            let mut watchers = Vec::new();
            self.lists.collect(of, Modes::DATA, &mut watchers);
            (!watchers.is_empty()).then_some((path, watchers))
        };
        let mut all: Vec<_> = nodes.chain(missing).filter_map(with_watchers).collect();
        all.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        all
    }

    /// Bytes on the heap, computed from capacities. Looks at every list.
    pub fn heap_bytes(&self) -> usize {
        let scratch = (self.told.capacity() + self.consumed.capacity()) * size_of::<WatcherId>();
        let recursive = self.recursive.capacity() * (size_of::<(u32, u32)>() + 1) * 8 / 7;
        let tables = self.nodes.heap_bytes() + self.missing.heap_bytes() + self.lists.heap_bytes();
        tables + self.owners.heap_bytes() + recursive + scratch
    }

    /// What is wrong with the table's own books, if anything. For tests and the simulator; looks
    /// at everything.
    pub fn broken_invariant(&self, tree: &Tree) -> Option<String> {
        let mut audit = Audit { table: self, counts: Counts::default(), pairs: 0, broken: None };
        let mut recursive = 0;
        for node in self.nodes.ids().into_iter().map(NodeId) {
            if !tree.contains(node) {
                return Some(format!("node {} is watched and does not exist", node.index()));
            }
            recursive += audit.path(self.at_node(node), |owned| owned.nodes.contains(node.index()));
        }
        for (path, of) in self.missing.sorted() {
            if tree.find(path).is_some() {
                return Some(format!("{path} is watched as missing and exists"));
            }
            audit.path(of, |owned| owned.missing.contains(path));
        }
        for (watcher, owned) in self.owners.watchers() {
            if owned.missing_bytes != owned.missing.iter().map(|path| path.len()).sum::<usize>() {
                return Some(format!("bytes of missing paths of {watcher:?} are miscounted"));
            }
        }
        audit.verdict(recursive)
    }
}

/// Counts again what the table counts as it goes.
struct Audit<'a> {
    table: &'a WatchTable,
    counts: Counts,
    pairs: usize,
    broken: Option<String>,
}

impl Audit<'_> {
    /// Counts the watchers of one path; answers how many are recursive.
    fn path(&mut self, of: Watchers, owns: impl Fn(&Owned) -> bool) -> usize {
        let mut watchers = Vec::new();
        self.table.lists.collect(of, Modes::ALL, &mut watchers);
        self.counts.data_paths += usize::from(self.table.lists.any(of, Modes::DATA));
        self.pairs += watchers.len();
        let mut recursive = 0;
        for watcher in watchers {
            let modes = self.table.lists.get(of, watcher);
            self.counts.data += usize::from(modes.any(Modes::DATA));
            self.counts.child += usize::from(modes.any(Modes::CHILD));
            recursive += usize::from(modes.any(Modes::RECURSIVE));
            if !self.table.owners.get(watcher).is_some_and(&owns) {
                self.broken = Some(format!("{watcher:?} does not know of a watch of its own"));
            }
        }
        recursive
    }

    fn verdict(mut self, recursive: usize) -> Option<String> {
        let mut owned_pairs = 0;
        for (_, owned) in self.table.owners.watchers() {
            owned_pairs += owned.len();
            self.counts.data_watchers += usize::from(owned.data > 0);
        }
        let counted: u32 = self.table.recursive.values().sum();
        let books = (self.table.counts, owned_pairs, counted as usize);
        let found = (self.counts, self.pairs, recursive);
        let wrong = || format!("counted as it went {books:?}, found {found:?}");
        self.broken.or_else(|| (books != found).then(wrong))
    }
}
