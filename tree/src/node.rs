//! A node as readers see it. Borrowed from the tree; changes nothing.

use codec::{Stat, StatPersisted};

use crate::acl_cache::AclRecord;
use crate::arena::{Node, NodeId};
use crate::digest;
use crate::kind::NodeKind;
use crate::tree::Tree;

/// A node of a tree.
#[derive(Clone, Copy)]
pub struct NodeRef<'a> {
    tree: &'a Tree,
    id: NodeId,
    node: &'a Node,
}

impl<'a> NodeRef<'a> {
    pub(crate) fn new(tree: &'a Tree, id: NodeId) -> Self {
        NodeRef { tree, id, node: &tree.nodes[id] }
    }

    /// Its id.
    pub fn id(self) -> NodeId {
        self.id
    }

    /// Its name within its parent; "" for the root.
    pub fn name(self) -> &'a str {
        self.node.name()
    }

    /// Its data; `None` is null, which is not the same as empty.
    pub fn data(self) -> Option<&'a [u8]> {
        self.node.data()
    }

    /// What clients see: cversion counts deletions too, only real ephemerals have an owner.
    pub fn stat(self) -> Stat {
        let stored = self.stat_persisted();
        let num_children = self.num_children() as i32;
        Stat {
            czxid: stored.czxid,
            mzxid: stored.mzxid,
            ctime: stored.ctime,
            mtime: stored.mtime,
            version: stored.version,
            cversion: stored.cversion.wrapping_mul(2).wrapping_sub(num_children),
            aversion: stored.aversion,
            ephemeral_owner: match self.tree.config.kinds.kind(stored.ephemeral_owner) {
                NodeKind::Ephemeral(session) => session.0,
                _ => 0,
            },
            data_length: self.node.data_len() as i32,
            num_children,
            pzxid: stored.pzxid,
        }
    }

    /// What snapshots carry.
    pub fn stat_persisted(self) -> StatPersisted {
        self.tree.nodes.stat(self.id)
    }

    /// Child creations so far, of every kind: the number of the next sequential child.
    pub fn child_counter(self) -> i32 {
        self.tree.nodes.kin(self.id).cversion
    }

    /// Direct children now.
    pub fn num_children(self) -> u32 {
        self.tree.nodes.num_children(self.id)
    }

    /// Its ACL.
    pub fn acl(self) -> &'a AclRecord {
        self.tree.acls.record(self.node.acl)
    }

    /// Its parent; `None` for the root.
    pub fn parent(self) -> Option<NodeId> {
        self.tree.nodes.parent(self.id)
    }

    /// What it is.
    pub fn kind(self) -> NodeKind {
        self.tree.config.kinds.kind(self.tree.nodes.kin(self.id).owner)
    }

    /// Its digest; meaningless if digests are off, and for nodes below `/zookeeper`.
    pub fn digest(self) -> u32 {
        digest::node_digest(self.node.prefix_crc, &self.stat_persisted())
    }

    /// Its children, the newest first.
    pub fn children(self) -> Children<'a> {
        let next = self.tree.nodes.first_child(self.id);
        Children { tree: self.tree, next, left: self.num_children() as usize }
    }
}

/// The children of a node, the newest first.
#[derive(Clone)]
pub struct Children<'a> {
    tree: &'a Tree,
    next: Option<NodeId>,
    left: usize,
}

impl<'a> Iterator for Children<'a> {
    type Item = (NodeId, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let id = self.next?;
        self.next = self.tree.nodes.next_sibling(id);
        self.left -= 1;
        Some((id, self.tree.nodes[id].name()))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Children<'_> {}
