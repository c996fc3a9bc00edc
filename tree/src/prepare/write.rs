//! setData, setACL and check.

use codec::acl::perms;
use codec::client::{CheckVersionRequest, SetAclRequest, SetDataRequest};
use codec::txn::{CheckVersionTxn, SetAclTxn, SetDataTxn, TxnBody};
use codec::{ErrorCode, Zxid};

use super::{Caller, Preparer, check_version};
use crate::digest;
use crate::path;
use crate::tree::Tree;

fn valid_path<'r>(path: codec::Text<'r>) -> Result<std::borrow::Cow<'r, str>, ErrorCode> {
    // The path rule comes first here, and null is no valid path.
    let path = path.ok_or(ErrorCode::BadArguments)?;
    if path::validate(&path).is_ok() { Ok(path) } else { Err(ErrorCode::BadArguments) }
}

impl Preparer {
    pub(super) fn set_data<'r>(
        &mut self,
        tree: &Tree,
        caller: &Caller<'_>,
        zxid: Zxid,
        request: SetDataRequest<'r>,
    ) -> Result<TxnBody<'r>, ErrorCode> {
        caller.standing?;
        let path = valid_path(request.path)?;
        let node = self.must_look(tree, &path)?;
        self.check_access(tree, caller, &node, perms::WRITE)?;
        let length = request.data.map_or(0, <[u8]>::len) as i64;
        let committed = tree.find(&path).and_then(|id| tree.node(id).data());
        self.check_quota(tree, &path, 0, length - committed.map_or(0, <[u8]>::len) as i64)?;
        check_version(request.version, node.state.stat.version)?;

        let mut after = node.state.clone();
        after.stat.version = after.stat.version.wrapping_add(1);
        after.stat.mzxid = zxid;
        after.stat.mtime = caller.time_ms;
        after.content_crc = self.rules.digest.then(|| digest::prefix_crc(&path, request.data));
        let version = after.stat.version;
        self.change(tree, zxid, &path, Some(&node), Some(after));
        Ok(TxnBody::SetData(SetDataTxn { path: Some(path), data: request.data, version }))
    }

    pub(super) fn set_acl<'r>(
        &mut self,
        tree: &Tree,
        caller: &Caller<'_>,
        zxid: Zxid,
        request: SetAclRequest<'r>,
    ) -> Result<TxnBody<'r>, ErrorCode> {
        caller.standing?;
        let path = valid_path(request.path)?;
        let acl = self.rules.access.fix_up(request.acl.as_deref(), caller.identities)?;
        let node = self.must_look(tree, &path)?;
        self.check_access(tree, caller, &node, perms::ADMIN)?;
        check_version(request.version, node.state.stat.aversion)?;

        let mut after = node.state.clone();
        after.stat.aversion = after.stat.aversion.wrapping_add(1);
        after.acl = Self::shared(&acl);
        let version = after.stat.aversion;
        self.change(tree, zxid, &path, Some(&node), Some(after));
        Ok(TxnBody::SetAcl(SetAclTxn { path: Some(path), acl: Some(acl), version }))
    }

    pub(super) fn check<'r>(
        &mut self,
        tree: &Tree,
        caller: &Caller<'_>,
        request: CheckVersionRequest<'r>,
    ) -> Result<TxnBody<'r>, ErrorCode> {
        caller.standing?;
        let path = valid_path(request.path)?;
        let node = self.must_look(tree, &path)?;
        self.check_access(tree, caller, &node, perms::READ)?;
        let current = node.state.stat.version;
        check_version(request.version, current)?;
        // The reference's common version routine answers "one more" here too.
        let version = current.wrapping_add(1);
        Ok(TxnBody::Check(CheckVersionTxn { path: Some(path), version }))
    }
}
