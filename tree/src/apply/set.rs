//! Changing data and ACLs.

use codec::txn::{SetAclTxn, SetDataTxn};
use codec::{Acl, ErrorCode, Stat};

use super::{Step, text};
use crate::arena::NodeId;
use crate::change::{Change, ChangeSink};
use crate::tree::Tree;
use crate::{digest, path};

impl Tree {
    pub(super) fn set_data(
        &mut self,
        step: &Step,
        body: &SetDataTxn<'_>,
        changes: &mut impl ChangeSink,
    ) -> Result<Stat, ErrorCode> {
        let path = text(&body.path);
        let node = self.find(path).ok_or(ErrorCode::NoNode)?;
        let before = self.nodes[node].data_len() as i64;
        self.touch(node, path, |tree| {
            tree.write_data(node, path, body.data);
            tree.nodes.set_revision(node, step.zxid(), step.header.time, body.version);
        });
        let bytes = self.nodes[node].data_len() as i64 - before;
        self.count_usage(path, bytes, 0);
        changes.change(self, step.zxid(), &Change::DataChanged { path, node });
        Ok(self.node(node).stat())
    }

    /// New data without any change of Stat.
    pub(crate) fn write_data(&mut self, node: NodeId, path: &str, data: Option<&[u8]>) {
        let before = self.nodes[node].data_len() as u64;
        self.nodes[node].set_data(data);
        if self.config.digest_enabled && digest::covers(path) {
            self.nodes[node].prefix_crc = digest::prefix_crc(path, data);
        }
        if path != path::ROOT {
            self.data_size += self.nodes[node].data_len() as u64;
            self.data_size -= before;
        }
    }

    pub(super) fn set_acl(&mut self, body: &SetAclTxn<'_>) -> Result<Stat, ErrorCode> {
        let path = text(&body.path);
        let node = self.find(path).ok_or(ErrorCode::NoNode)?;
        self.replace_acl(node, body.acl.as_deref());
        self.touch(node, path, |tree| {
            if tree.nodes.kin(node).aversion != body.version {
                tree.nodes.kin_mut(node).aversion = body.version;
            }
        });
        Ok(self.node(node).stat())
    }

    pub(super) fn replace_acl(&mut self, node: NodeId, acl: Option<&[Acl<'_>]>) {
        let new = self.acls.intern(acl);
        let old = std::mem::replace(&mut self.nodes[node].acl, new);
        self.acls.release(old);
    }
}
