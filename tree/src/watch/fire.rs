//! What a change of the tree does to the watches: who is told of it, in which order, and which
//! registrations it uses up.

use codec::Zxid;

use super::list::Watchers;
use super::modes::{Modes, WatcherId};
use super::owned::Place;
use super::table::WatchTable;
use crate::acl_cache::AclRecord;
use crate::arena::NodeId;
use crate::change::{Change, ChangeSink};
use crate::path;
use crate::tree::Tree;

/// Memory for watchers that is kept from one event to the next, in watchers.
const SCRATCH: usize = 16 * 1024;

/// What a watch event says, with its number on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(i32)]
pub enum EventType {
    /// NodeCreated.
    Created = 1,
    /// NodeDeleted.
    Deleted = 2,
    /// NodeDataChanged.
    DataChanged = 3,
    /// NodeChildrenChanged.
    ChildrenChanged = 4,
}

impl EventType {
    /// The number on the wire.
    pub const fn code(self) -> i32 {
        self as i32
    }
}

/// One event for some connections.
#[derive(Debug)]
pub struct Fired<'a> {
    /// What happened.
    pub event: EventType,
    /// The transaction it happened in.
    pub zxid: Zxid,
    /// Where it happened; not always the path that was watched.
    pub path: &'a str,
    /// Only connections whose identities may READ under this list are to be told, the others are
    /// passed over in silence. It is that of the node (of a deleted one, as it was), or of the
    /// parent whose children changed.
    pub acl: &'a AclRecord,
    /// Ascending, each once, never empty.
    pub watchers: &'a [WatcherId],
}

/// Fires the watches of a table while transactions are applied.
#[derive(Debug)]
pub struct Firing<'a, F> {
    /// The watches.
    pub table: &'a mut WatchTable,
    /// Takes the events, in the order in which every connection must get them.
    pub out: F,
}

impl<F: FnMut(Fired<'_>)> ChangeSink for Firing<'_, F> {
    fn change(&mut self, tree: &Tree, zxid: Zxid, change: &Change<'_>) {
        self.table.fire(tree, zxid, change, &mut self.out);
    }
}

/// What all events of one change have in common.
#[derive(Clone, Copy)]
struct Scene<'a> {
    tree: &'a Tree,
    zxid: Zxid,
}

impl<'a> Scene<'a> {
    fn event(
        self,
        event: EventType,
        (node, path): (NodeId, &'a str),
        watchers: &'a [WatcherId],
    ) -> Option<Fired<'a>> {
        let acl = self.tree.node(node).acl();
        (!watchers.is_empty()).then_some(Fired { event, zxid: self.zxid, path, acl, watchers })
    }
}

impl WatchTable {
    /// Fires what one step of a transaction fires. To be called at the moment that [`Change`]
    /// speaks of, for every change while there are watches; also moves the watches of nodes that
    /// come and go. Allocates nothing and looks at two nodes at most if nobody is concerned.
    pub fn fire(
        &mut self,
        tree: &Tree,
        zxid: Zxid,
        change: &Change<'_>,
        out: &mut impl FnMut(Fired<'_>),
    ) {
        if self.is_empty() {
            return;
        }
        let mut told = std::mem::take(&mut self.told);
        let scene = Scene { tree, zxid };
        match *change {
            Change::Created { path, node, parent } => {
                self.node_came(path, node);
                self.fire_data(scene, EventType::Created, (node, path), &mut told, out);
                self.fire_children(scene, path, parent, &mut told, out);
            }
            Change::DataChanged { path, node } => {
                self.fire_data(scene, EventType::DataChanged, (node, path), &mut told, out);
            }
            Change::Deleted { path, node, parent } => {
                self.fire_data(scene, EventType::Deleted, (node, path), &mut told, out);
                self.fire_end_of_parent(scene, (node, path), &mut told, out);
                self.node_goes(path, node);
                self.fire_children(scene, path, parent, &mut told, out);
            }
        }
        self.keep_scratch(told);
    }

    /// Data table: watchers of the node itself and recursive ones above it. Leaves in `told` who
    /// has been told.
    fn fire_data(
        &mut self,
        scene: Scene<'_>,
        event: EventType,
        (node, path): (NodeId, &str),
        told: &mut Vec<WatcherId>,
        out: &mut impl FnMut(Fired<'_>),
    ) {
        told.clear();
        let of = self.at_node(node);
        self.lists.collect(of, Modes::DATA, told);
        if !self.recursive.is_empty() {
            self.collect_above(scene.tree, node, told);
        }
        self.consume(node, of, Modes::DATA_ONCE);
        scene.event(event, (node, path), told).into_iter().for_each(out);
    }

    fn collect_above(&self, tree: &Tree, node: NodeId, told: &mut Vec<WatcherId>) {
        let at_node = told.len();
        let mut above = tree.node(node).parent();
        while let Some(ancestor) = above {
            if self.recursive.contains_key(&ancestor.index()) {
                self.lists.collect(self.at_node(ancestor), Modes::RECURSIVE, told);
            }
            above = tree.node(ancestor).parent();
        }
        if told.len() > at_node {
            told.sort();
            told.dedup();
        }
    }

    /// Child table: the end of the node itself, for those who have not been told yet.
    fn fire_end_of_parent(
        &mut self,
        scene: Scene<'_>,
        (node, path): (NodeId, &str),
        told: &mut Vec<WatcherId>,
        out: &mut impl FnMut(Fired<'_>),
    ) {
        let of = self.at_node(node);
        if !self.lists.any(of, Modes::CHILD) {
            return;
        }
        let before = told.len();
        self.lists.collect(of, Modes::CHILD, told);
        let mut children = told.split_off(before);
        children.retain(|watcher| told.binary_search(watcher).is_err());
        self.consume(node, of, Modes::CHILD_ONCE);
        scene.event(EventType::Deleted, (node, path), &children).into_iter().for_each(out);
    }

    /// Child table: the children of `parent` have changed, because of the child at `path`.
    fn fire_children(
        &mut self,
        scene: Scene<'_>,
        path: &str,
        parent: NodeId,
        told: &mut Vec<WatcherId>,
        out: &mut impl FnMut(Fired<'_>),
    ) {
        let of = self.at_node(parent);
        if of.is_none() {
            return;
        }
        told.clear();
        self.lists.collect(of, Modes::CHILD, told);
        self.consume(parent, of, Modes::CHILD_ONCE);
        let parent_path = path::split(path).map_or(path::ROOT, |(parent, _)| parent);
        let event = EventType::ChildrenChanged;
        scene.event(event, (parent, parent_path), told).into_iter().for_each(out);
    }

    /// Uses up the one-shot registrations of a node in one table.
    fn consume(&mut self, node: NodeId, of: Watchers, once: Modes) {
        if !self.lists.any(of, once) {
            return;
        }
        let mut consumed = std::mem::take(&mut self.consumed);
        self.lists.collect(of, once, &mut consumed);
        let had_data = self.lists.any(of, Modes::DATA);
        let now = self.lists.clear(of, once);
        self.count_path(had_data, now);
        self.store(node, now);
        for watcher in consumed.drain(..) {
            let left = self.lists.get(now, watcher);
            self.book(watcher, Place::Node(node), left.with(once), left);
        }
        consumed.shrink_to(SCRATCH);
        self.consumed = consumed;
    }

    /// A node has come into being: watches that waited for its path move to its id.
    fn node_came(&mut self, path: &str, node: NodeId) {
        debug_assert!(self.at_node(node).is_none(), "watches of an earlier node are left");
        let of = self.missing.get(path);
        if of.is_none() {
            return;
        }
        let path = self.missing.set(path, Watchers::NONE);
        self.store(node, of);
        let mut watchers = Vec::new();
        self.lists.collect(of, Modes::ALL, &mut watchers);
        for watcher in &watchers {
            self.owners.relocate(*watcher, Place::Missing(&path), Place::Node(node));
        }
        watchers.clear();
        self.lists.collect(of, Modes::RECURSIVE, &mut watchers);
        if !watchers.is_empty() {
            self.recursive.insert(node.index(), watchers.len() as u32);
        }
    }

    /// A node is leaving: what is still registered waits under its path.
    fn node_goes(&mut self, path: &str, node: NodeId) {
        let of = self.at_node(node);
        if of.is_none() {
            return;
        }
        self.store(node, Watchers::NONE);
        self.recursive.remove(&node.index());
        let path = self.missing.set(path, of);
        let mut watchers = Vec::new();
        self.lists.collect(of, Modes::ALL, &mut watchers);
        for watcher in watchers {
            self.owners.relocate(watcher, Place::Node(node), Place::Missing(&path));
        }
    }

    fn keep_scratch(&mut self, mut told: Vec<WatcherId>) {
        told.clear();
        told.shrink_to(SCRATCH);
        self.told = told;
    }
}
