//! delete, and the internal deleteContainer.

use codec::acl::perms;
use codec::client::DeleteRequest;
use codec::txn::{DeleteTxn, TxnBody};
use codec::{ErrorCode, Zxid};

use super::view::Seen;
use super::{Caller, Preparer, check_version, parent_of, some_path};
use crate::kind::NodeKind;
use crate::path;
use crate::tree::Tree;

impl Preparer {
    pub(super) fn delete<'r>(
        &mut self,
        tree: &Tree,
        caller: &Caller<'_>,
        zxid: Zxid,
        request: DeleteRequest<'r>,
    ) -> Result<TxnBody<'r>, ErrorCode> {
        caller.standing?;
        let path = some_path(request.path)?;
        let parent_path = parent_of_deletable(&path)?.to_owned();
        let parent = self.must_look(tree, &parent_path)?;
        self.check_access(tree, caller, &parent, perms::DELETE)?;
        let node = self.must_look(tree, &path)?;
        check_version(request.version, node.state.stat.version)?;
        if node.state.num_children > 0 {
            return Err(ErrorCode::NotEmpty);
        }
        self.remove(tree, zxid, &path, node, &parent_path, parent);
        Ok(TxnBody::Delete(DeleteTxn { path: Some(path) }))
    }

    /// Deletes an empty container or TTL node, whoever owns it.
    pub(super) fn delete_container<'r>(
        &mut self,
        tree: &Tree,
        zxid: Zxid,
        path: &'r str,
    ) -> Result<TxnBody<'r>, ErrorCode> {
        let parent_path = parent_of_deletable(path)?;
        let parent = self.must_look(tree, parent_path)?;
        let node = self.must_look(tree, path)?;
        if node.state.num_children > 0 {
            return Err(ErrorCode::NotEmpty);
        }
        let kind = tree.config().kinds.kind(node.state.stat.ephemeral_owner);
        if matches!(kind, NodeKind::Ephemeral(_)) {
            return Err(ErrorCode::BadVersion);
        }
        self.remove(tree, zxid, path, node, parent_path, parent);
        Ok(TxnBody::DeleteContainer(DeleteTxn { path: Some(path.into()) }))
    }

    pub(super) fn remove(
        &mut self,
        tree: &Tree,
        zxid: Zxid,
        path: &str,
        node: Seen,
        parent_path: &str,
        parent: Seen,
    ) {
        let mut after = parent.state.clone();
        after.num_children -= 1;
        after.stat.pzxid = after.stat.pzxid.max(zxid);
        self.change(tree, zxid, parent_path, Some(&parent), Some(after));
        self.change(tree, zxid, path, Some(&node), None);
    }
}

/// The parent of a path that may be deleted; malformed paths just have no node.
fn parent_of_deletable(path: &str) -> Result<&str, ErrorCode> {
    let parent = parent_of(path)?;
    if path::is_special(path) { Err(ErrorCode::BadArguments) } else { Ok(parent) }
}
