//! Deleting nodes, one by one and with their session.

use codec::txn::CloseSessionTxn;
use codec::{ErrorCode, Zxid};

use super::{Step, text};
use crate::arena::NodeId;
use crate::change::{Change, ChangeSink};
use crate::tree::Tree;
use crate::{digest, path};

impl Tree {
    pub(super) fn delete_node(
        &mut self,
        step: &Step,
        path: &str,
        changes: &mut impl ChangeSink,
    ) -> Result<(), ErrorCode> {
        let (parent_path, _) = path::split(path).ok_or(ErrorCode::BadArguments)?;
        let parent = self.find(parent_path).ok_or(ErrorCode::NoNode)?;
        // Even if the node is gone: the parent of a fuzzy snapshot may not know it yet.
        self.raise_pzxid(parent, parent_path, step.zxid());
        let node = self.find(path).ok_or(ErrorCode::NoNode)?;
        self.remove_below(step, node, changes);
        self.remove_leaf(step.zxid(), node, path, changes);
        Ok(())
    }

    fn raise_pzxid(&mut self, parent: NodeId, path: &str, zxid: Zxid) {
        if zxid.0 > self.nodes.kin(parent).pzxid {
            self.touch(parent, path, |tree| tree.nodes.kin_mut(parent).pzxid = zxid.0);
        }
    }

    /// A node that is deleted has no children, except while a log is replayed over a snapshot
    /// that holds a later node of the same name. That node's children come back by replay.
    fn remove_below(&mut self, step: &Step, node: NodeId, changes: &mut impl ChangeSink) {
        let mut at = node;
        loop {
            while let Some(child) = self.nodes.first_child(at) {
                at = child;
            }
            let Some(parent) = self.nodes.parent(at).filter(|_| at != node) else {
                return;
            };
            self.counters.surprises += 1;
            let path = self.path_of(at);
            self.remove_leaf(step.zxid(), at, &path, changes);
            at = parent;
        }
    }

    fn remove_leaf(&mut self, zxid: Zxid, node: NodeId, path: &str, changes: &mut impl ChangeSink) {
        let Some(parent) = self.nodes.parent(node) else {
            return;
        };
        changes.change(self, zxid, &Change::Deleted { path, node, parent });
        self.cursors.leaving(&self.nodes, node);
        if self.config.digest_enabled && digest::covers(path) {
            self.digest = self.digest.wrapping_sub(self.node_digest(node));
        }
        let (bytes, acl) = (self.nodes[node].data_len() as u64, self.nodes[node].acl);
        self.data_size -= path::utf16_len(path) as u64 + bytes;
        self.owners.remove(self.node(node).kind(), node);
        let hash = self.index.hash(path);
        let was_there = self.index.remove(hash, node);
        assert!(was_there, "every node but the root is in the index");
        self.acls.release(acl);
        self.nodes.unlink(node);
        self.nodes.remove(node);
        self.after_deletion(path, bytes as i64);
    }

    /// Listed nodes go first, in their order; then whatever the session still owns here.
    pub(super) fn close_session(
        &mut self,
        step: &Step,
        body: Option<&CloseSessionTxn<'_>>,
        changes: &mut impl ChangeSink,
    ) {
        let session = step.header.client_id;
        self.sessions.remove(&session);
        let listed = body.and_then(|body| body.paths_to_delete.as_deref());
        for path in listed.unwrap_or_default() {
            // What was deleted before is no surprise: prepare lists what may be in flight.
            let _ = self.delete_node(step, text(path), changes);
        }
        if self.ephemeral_ids_of(session).next().is_none() {
            return;
        }
        let rest: Vec<String> = self.ephemerals_of(session).collect();
        self.counters.unlisted_ephemerals += if body.is_some() { rest.len() as u64 } else { 0 };
        for path in rest {
            let _ = self.delete_node(step, &path, changes);
        }
    }
}
