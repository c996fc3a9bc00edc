//! Looking at nodes through the changes in flight, and keeping the foretold digest.

use std::sync::Arc;

use codec::{Acl, AclList, ErrorCode, Zxid};

use super::overlay::NodeState;
use super::{Caller, Preparer};
use crate::arena::NodeId;
use crate::digest;
use crate::tree::Tree;

/// A node as it will be: its state, and where the tree keeps it if it does.
pub(super) struct Seen {
    pub state: NodeState,
    node: Option<NodeId>,
}

impl Preparer {
    /// The node at `path` behind everything in flight.
    pub(super) fn look(&self, tree: &Tree, path: &str) -> Option<Seen> {
        let node = tree.find(path);
        match self.overlay.get(path) {
            Some(state) => state.map(|state| Seen { state: state.clone(), node }),
            None => node.map(|id| {
                let found = tree.node(id);
                let state = NodeState {
                    stat: found.stat_persisted(),
                    num_children: found.num_children() as i32,
                    acl: None,
                    content_crc: None,
                };
                Seen { state, node }
            }),
        }
    }

    /// [`Self::look`] for a node that must be there.
    ///
    /// # Errors
    /// NONODE.
    pub(super) fn must_look(&self, tree: &Tree, path: &str) -> Result<Seen, ErrorCode> {
        self.look(tree, path).ok_or(ErrorCode::NoNode)
    }

    /// # Errors
    /// NOAUTH if the caller lacks `permission` on the node.
    pub(super) fn check_access(
        &self,
        tree: &Tree,
        caller: &Caller<'_>,
        seen: &Seen,
        permission: i32,
    ) -> Result<(), ErrorCode> {
        let access = self.rules.access;
        match (&seen.state.acl, seen.node) {
            (Some(acl), _) => access.check(acl, permission, caller.identities),
            (None, Some(node)) => {
                access.check_record(tree.node(node).acl(), permission, caller.identities)
            }
            // A node made in flight carries its ACL; without one nobody gets in.
            (None, None) => Err(ErrorCode::NoAuth),
        }
    }

    /// Records that `zxid` makes the node at `path` so, and moves the digest along.
    pub(super) fn change(
        &mut self,
        tree: &Tree,
        zxid: Zxid,
        path: &str,
        before: Option<&Seen>,
        after: Option<NodeState>,
    ) {
        if self.rules.digest && digest::covers(path) {
            let content = before.map(|seen| content_crc(tree, path, seen));
            if let (Some(seen), Some(content)) = (before, content) {
                let old = u64::from(digest::node_digest(content, &seen.state.stat));
                self.digest = self.digest.wrapping_sub(old);
            }
            if let Some(state) = &after {
                let content = state.content_crc.or(content).unwrap_or_default();
                let new = u64::from(digest::node_digest(content, &state.stat));
                self.digest = self.digest.wrapping_add(new);
            }
        }
        self.overlay.put(zxid, path, after);
    }

    /// The ACL of a new or changed node, shared between the record and later ones.
    pub(super) fn shared(acl: &[Acl<'static>]) -> Option<Arc<AclList>> {
        Some(Arc::new(acl.to_vec()))
    }
}

/// CRC of path and data of a node that will be there.
fn content_crc(tree: &Tree, path: &str, seen: &Seen) -> u32 {
    seen.state.content_crc.unwrap_or_else(|| {
        let data = seen.node.and_then(|node| tree.node(node).data());
        digest::prefix_crc(path, data)
    })
}
