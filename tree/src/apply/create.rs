//! Creating nodes.

use codec::{ErrorCode, Stat, StatPersisted, Zxid};

use super::{Creation, Step};
use crate::arena::NodeId;
use crate::change::{Change, ChangeSink};
use crate::index::PathHash;
use crate::tree::Tree;
use crate::{digest, path};

impl Tree {
    pub(super) fn create_node(
        &mut self,
        step: &Step,
        new: &Creation<'_>,
        changes: &mut impl ChangeSink,
    ) -> Result<Stat, ErrorCode> {
        let (parent_path, name) = path::split(new.path).ok_or(ErrorCode::BadArguments)?;
        if name.is_empty() || !new.path.starts_with('/') {
            return Err(ErrorCode::BadArguments);
        }
        let parent = self.find(parent_path).ok_or(ErrorCode::NoNode)?;
        let hash = self.index.hash(new.path);
        if let Some(node) = self.index.find(hash, |id| self.nodes.is_at(id, new.path)) {
            self.create_again(step, new, node, (parent, parent_path));
            return Err(ErrorCode::NodeExists);
        }
        let acl = self.acls.intern(new.acl);
        let node = self.nodes.insert(name, new.data, &stat_of(step, new.owner), acl);
        self.raise_child_counter((parent, parent_path), new.parent_cversion, step.zxid(), || 1);
        self.hang_in(parent, node, new.path, hash);
        self.after_creation(new.path, name, node);
        let change = Change::Created { path: new.path, node, parent };
        changes.change(self, step.zxid(), &change);
        Ok(self.node(node).stat())
    }

    /// The snapshot under this log already holds the node. Its data and Stat are as new as the
    /// snapshot or newer and later transactions set them right; its ACL may name an id that came
    /// after the snapshot's ACL list was written, so it is set from here.
    fn create_again(
        &mut self,
        step: &Step,
        new: &Creation<'_>,
        node: NodeId,
        (parent, parent_path): (NodeId, &str),
    ) {
        self.replace_acl(node, new.acl);
        self.raise_child_counter((parent, parent_path), new.parent_cversion, step.zxid(), || 0);
    }

    /// The child counter only ever rises; at its highest value it and the pzxid stay. -1 comes
    /// from transactions older than the field and means one more than now.
    fn raise_child_counter(
        &mut self,
        (parent, path): (NodeId, &str),
        to: i32,
        zxid: Zxid,
        if_unknown: impl FnOnce() -> i32,
    ) {
        let now = self.nodes.kin(parent).cversion;
        let to = if to == -1 { now.wrapping_add(if_unknown()) } else { to };
        if to <= now {
            return;
        }
        self.touch(parent, path, |tree| {
            let kin = tree.nodes.kin_mut(parent);
            (kin.cversion, kin.pzxid) = (to, zxid.0);
        });
    }

    /// Puts a node that the arena holds where everything else finds it.
    pub(crate) fn hang_in(&mut self, parent: NodeId, node: NodeId, path: &str, hash: PathHash) {
        self.nodes.link(parent, node);
        self.index.insert(hash, node);
        self.owners.insert(self.node(node).kind(), node);
        self.data_size += (path::utf16_len(path) + self.nodes[node].data_len()) as u64;
        if self.config.digest_enabled && digest::covers(path) {
            self.nodes[node].prefix_crc = digest::prefix_crc(path, self.nodes[node].data());
            self.digest = self.digest.wrapping_add(self.node_digest(node));
        }
    }
}

fn stat_of(step: &Step, owner: i64) -> StatPersisted {
    let (zxid, time) = (step.zxid(), step.header.time);
    StatPersisted {
        czxid: zxid,
        mzxid: zxid,
        ctime: time,
        mtime: time,
        ephemeral_owner: owner,
        pzxid: zxid,
        ..Default::default()
    }
}
