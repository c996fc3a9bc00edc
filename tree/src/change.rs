//! What apply tells those who watch, step by step. Knows no watch: who is told what is theirs.

use codec::Zxid;

use crate::arena::NodeId;
use crate::tree::Tree;

/// One step of a transaction that watches may see. Quota statistics and setACL are none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change<'a> {
    /// The node has been created and stands in the tree.
    Created {
        /// Its path.
        path: &'a str,
        /// The node.
        node: NodeId,
        /// Its parent.
        parent: NodeId,
    },
    /// The node's data and Stat have changed.
    DataChanged {
        /// Its path.
        path: &'a str,
        /// The node.
        node: NodeId,
    },
    /// The node is about to leave: it still stands in the tree, with its ACL.
    Deleted {
        /// Its path.
        path: &'a str,
        /// The node.
        node: NodeId,
        /// Its parent.
        parent: NodeId,
    },
}

/// Who wants to know of changes, in the order in which they happen.
pub trait ChangeSink {
    /// One step of the transaction `zxid`.
    fn change(&mut self, tree: &Tree, zxid: Zxid, change: &Change<'_>);
}

/// Nobody: for replay.
impl ChangeSink for () {
    fn change(&mut self, _: &Tree, _: Zxid, _: &Change<'_>) {}
}
