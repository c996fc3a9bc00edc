//! create, create2, createContainer, createTTL.

use std::borrow::Cow;

use codec::acl::perms;
use codec::client::{CreateRequest, CreateTtlRequest};
use codec::txn::{CreateContainerTxn, CreateTtlTxn, CreateTxn, TxnBody};
use codec::{Acl, AclList, Buffer, ErrorCode, OpCode, StatPersisted, Text, Vector, Zxid};

use super::overlay::NodeState;
use super::view::Seen;
use super::{Caller, Preparer, parent_of, read, some_path};
use crate::digest;
use crate::kind::{CONTAINER_OWNER, NodeKind, TTL_MAX_MS, ttl_owner};
use crate::path;
use crate::tree::Tree;

/// The create modes by their flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mode {
    pub ephemeral: bool,
    pub sequential: bool,
    pub ttl: bool,
    pub container: bool,
}

impl Mode {
    pub fn from_flags(flags: i32) -> Option<Self> {
        let mode =
            |ephemeral, sequential, ttl, container| Mode { ephemeral, sequential, ttl, container };
        Some(match flags {
            0 => mode(false, false, false, false),
            1 => mode(true, false, false, false),
            2 => mode(false, true, false, false),
            3 => mode(true, true, false, false),
            4 => mode(false, false, false, true),
            5 => mode(false, false, true, false),
            6 => mode(false, true, true, false),
            _ => return None,
        })
    }
}

/// What a request of the create family asks for.
pub(super) struct Ask<'r> {
    /// Create, Create2, CreateContainer or CreateTtl: decides the transaction's type.
    pub op: OpCode,
    pub path: Text<'r>,
    pub data: Buffer<'r>,
    pub acl: Vector<Acl<'r>>,
    pub flags: i32,
    /// -1 where the request has no such field.
    pub ttl: i64,
}

impl<'r> Ask<'r> {
    /// # Errors
    /// MARSHALLINGERROR.
    pub fn decode(op: OpCode, body: &'r [u8]) -> Result<Self, ErrorCode> {
        Ok(match op {
            OpCode::CreateTtl => Self::with_ttl(read(body)?),
            _ => Self::plain(op, read(body)?),
        })
    }

    pub fn plain(op: OpCode, request: CreateRequest<'r>) -> Self {
        let CreateRequest { path, data, acl, flags } = request;
        Ask { op, path, data, acl, flags, ttl: -1 }
    }

    pub fn with_ttl(request: CreateTtlRequest<'r>) -> Self {
        let CreateTtlRequest { path, data, acl, flags, ttl } = request;
        Ask { op: OpCode::CreateTtl, path, data, acl, flags, ttl }
    }

    /// Flags and time to live, which are judged before anything else.
    fn mode(&self, extended_types: bool) -> Result<Mode, ErrorCode> {
        let mode = Mode::from_flags(self.flags).ok_or(ErrorCode::BadArguments)?;
        if mode.ttl && !extended_types {
            return Err(ErrorCode::Unimplemented);
        }
        let ttl_fits = if mode.ttl { (1..=TTL_MAX_MS).contains(&self.ttl) } else { self.ttl < 0 };
        // A TTL request without a TTL flag would be a transaction that nobody can apply.
        let op_fits = (self.op == OpCode::CreateTtl) == mode.ttl;
        if ttl_fits && op_fits { Ok(mode) } else { Err(ErrorCode::BadArguments) }
    }

    /// The ephemeralOwner field as stored.
    fn owner(&self, mode: Mode, caller: &Caller<'_>) -> i64 {
        match self.op {
            OpCode::CreateContainer => CONTAINER_OWNER,
            OpCode::CreateTtl => ttl_owner(self.ttl),
            _ if mode.ephemeral => caller.session.0,
            _ => 0,
        }
    }

    fn into_body(
        self,
        mode: Mode,
        path: Cow<'r, str>,
        acl: AclList,
        parent_cversion: i32,
    ) -> TxnBody<'r> {
        let (path, data, acl, ttl) = (Some(path), self.data, Some(acl), self.ttl);
        let ephemeral = mode.ephemeral;
        match self.op {
            OpCode::CreateContainer => {
                TxnBody::CreateContainer(CreateContainerTxn { path, data, acl, parent_cversion })
            }
            OpCode::CreateTtl => {
                TxnBody::CreateTtl(CreateTtlTxn { path, data, acl, parent_cversion, ttl })
            }
            OpCode::Create2 => {
                TxnBody::Create2(CreateTxn { path, data, acl, ephemeral, parent_cversion })
            }
            _ => TxnBody::Create(CreateTxn { path, data, acl, ephemeral, parent_cversion }),
        }
    }
}

impl Preparer {
    pub(super) fn create<'r>(
        &mut self,
        tree: &Tree,
        caller: &Caller<'_>,
        zxid: Zxid,
        mut ask: Ask<'r>,
    ) -> Result<TxnBody<'r>, ErrorCode> {
        let mode = ask.mode(self.rules.extended_types)?;
        caller.standing?;
        let path = some_path(ask.path.take())?;
        let parent_path = parent_of(&path)?;
        let acl = self.rules.access.fix_up(ask.acl.as_deref(), caller.identities)?;
        let parent = self.must_look(tree, parent_path)?;
        self.check_access(tree, caller, &parent, perms::CREATE)?;
        let parent_path = parent_path.to_owned();
        let path = name_it(path, mode, &parent)?;
        if self.look(tree, &path).is_some() {
            return Err(ErrorCode::NodeExists);
        }
        let parent_kind = tree.config().kinds.kind(parent.state.stat.ephemeral_owner);
        if matches!(parent_kind, NodeKind::Ephemeral(_)) {
            return Err(ErrorCode::NoChildrenForEphemerals);
        }
        let bytes = ask.data.map_or(0, <[u8]>::len) as i64;
        self.check_quota(tree, &path, 1, bytes)?;

        let owner = ask.owner(mode, caller);
        let stat = new_stat(zxid, caller.time_ms, owner);
        let content_crc = self.rules.digest.then(|| digest::prefix_crc(&path, ask.data));
        let node = NodeState { stat, num_children: 0, acl: Self::shared(&acl), content_crc };
        let parent_cversion = self.count_child(tree, zxid, &parent_path, parent);
        self.change(tree, zxid, &path, None, Some(node));
        Ok(ask.into_body(mode, path, acl, parent_cversion))
    }

    /// The parent with one child more; answers its child counter.
    fn count_child(&mut self, tree: &Tree, zxid: Zxid, path: &str, parent: Seen) -> i32 {
        let mut after = parent.state.clone();
        let counter = after.stat.cversion.wrapping_add(1);
        after.num_children += 1;
        // Apply only ever raises the counter: at its end neither it nor pzxid moves any more.
        if counter > after.stat.cversion {
            after.stat.cversion = counter;
            after.stat.pzxid = zxid;
        }
        self.change(tree, zxid, path, Some(&parent), Some(after));
        counter
    }

    /// # Errors
    /// QUOTAEXCEEDED, or MARSHALLINGERROR where the limits cannot be read; judged by what is
    /// committed, not by what is in flight.
    pub(super) fn check_quota(
        &mut self,
        tree: &Tree,
        path: &str,
        count: i64,
        bytes: i64,
    ) -> Result<(), ErrorCode> {
        if !self.rules.enforce_quota {
            return Ok(());
        }
        let Some(quota) = tree.quota_of(path) else {
            return Ok(());
        };
        let Some(limits) = quota.limits else {
            return Ok(());
        };
        let limits = limits.map_err(|_| ErrorCode::MarshallingError)?;
        // Usage that cannot be read is counted again by the next change; until then it is none.
        let usage = quota.usage.and_then(Result::ok).unwrap_or_default();
        let exceeds = |limit: i64, used: i64, more: i64| {
            limit != -1 && more != 0 && used.max(0).saturating_add(more) > limit
        };
        if exceeds(limits.count_hard, usage.count, count)
            || exceeds(limits.bytes_hard, usage.bytes, bytes)
        {
            return Err(ErrorCode::QuotaExceeded);
        }
        // A hard limit stands for the soft one of its dimension.
        let soft = |soft: i64, hard: i64| if hard == -1 { soft } else { -1 };
        if exceeds(soft(limits.count, limits.count_hard), usage.count, count)
            || exceeds(soft(limits.bytes, limits.bytes_hard), usage.bytes, bytes)
        {
            self.over_soft_limit = Some(quota.path.into());
        }
        Ok(())
    }
}

/// The final name: with the sequence suffix, and by the full rule.
fn name_it<'r>(path: Cow<'r, str>, mode: Mode, parent: &Seen) -> Result<Cow<'r, str>, ErrorCode> {
    let path = match mode.sequential {
        true => Cow::Owned(format!("{path}{:010}", parent.state.stat.cversion)),
        false => path,
    };
    if path::validate(&path).is_ok() { Ok(path) } else { Err(ErrorCode::BadArguments) }
}

fn new_stat(zxid: Zxid, time: i64, ephemeral_owner: i64) -> StatPersisted {
    StatPersisted {
        czxid: zxid,
        mzxid: zxid,
        ctime: time,
        mtime: time,
        ephemeral_owner,
        pzxid: zxid,
        ..Default::default()
    }
}
