//! Prepare: from a client's request to a transaction.
//!
//! The leader's (or the standalone server's) judgement: permissions, versions and existence are
//! checked against the tree *plus the changes in flight*, names of sequential nodes are fixed,
//! and the digest that the tree will have is foretold. Every request takes a zxid, the refused
//! ones too: they become error transactions. Nothing here changes the tree.

mod create;
mod delete;
mod multi;
mod overlay;
mod session;
mod view;
mod write;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use bytes::BytesMut;
use codec::txn::{ErrorTxn, TxnBody, TxnDigest, TxnHeader};
use codec::{Decode, Encode, ErrorCode, OpCode, SessionId, Xid, Zxid};

use crate::arena::NodeId;
use crate::authorize::{AccessRules, Identity};
use crate::tree::Tree;
pub use overlay::Overlay;

/// Ephemerals left to one closeSession unless told otherwise: about a millisecond's work.
const CLOSE_SESSION_PATHS_MAX: usize = 1000;

/// Settings that decide what requests become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PrepareRules {
    /// Who may do what.
    pub access: AccessRules,
    /// `zookeeper.extendedTypesEnabled`: TTL nodes may be made.
    pub extended_types: bool,
    /// `enforceQuota`: hard limits refuse.
    pub enforce_quota: bool,
    /// `reconfigEnabled`.
    pub reconfig: bool,
    /// `zookeeper.digest.enabled`: transactions carry the tree's digest.
    pub digest: bool,
    /// `zookeeper.closeSessionTxn.enabled`: closeSession lists the nodes that go with it.
    pub close_session_paths: bool,
    /// Most bytes of paths that one closeSession may list (what every member can read back).
    pub close_session_bytes_max: usize,
    /// Most bytes of the parts of one multi, their ACLs expanded (what every member can read back).
    pub multi_bytes_max: usize,
}

impl Default for PrepareRules {
    fn default() -> Self {
        PrepareRules {
            access: AccessRules::default(),
            extended_types: false,
            enforce_quota: false,
            reconfig: false,
            digest: true,
            close_session_paths: true,
            close_session_bytes_max: 1 << 20,
            multi_bytes_max: (2 << 20) - 1024,
        }
    }
}

/// Who asks, and when.
#[derive(Debug, Clone, Copy)]
pub struct Caller<'a> {
    /// The session.
    pub session: SessionId,
    /// The client's number for the request.
    pub cxid: Xid,
    /// The connection's identities when the request was read.
    pub identities: &'a [Identity],
    /// Whether the session may write: tracked, not closing, owned by the asker.
    pub standing: Result<(), ErrorCode>,
    /// Wall clock, ms since the epoch; becomes ctime and mtime everywhere.
    pub time_ms: i64,
}

/// What a request became. Its payload (header, body, digest) was appended to the buffer given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prepared {
    /// Its place in the order of all transactions.
    pub zxid: Zxid,
    /// Type of the transaction; [`OpCode::Error`] if refused.
    pub op: OpCode,
    /// Why it was refused, or `Ok`. A failed multi is a multi transaction with `Ok` here.
    pub err: ErrorCode,
}

/// Turns requests into transactions, one after the other.
#[derive(Debug)]
pub struct Preparer {
    rules: PrepareRules,
    overlay: Overlay,
    last_zxid: Zxid,
    /// Digest of the tree behind everything in flight.
    digest: u64,
    /// Most ephemerals that are left to a closeSession.
    close_session_paths_max: usize,
    /// Sessions whose surplus ephemerals are being deleted, and the last node looked at.
    closing: BTreeMap<SessionId, NodeId>,
    /// The last subtree that a write took over a soft limit, until somebody asks.
    over_soft_limit: Option<Box<str>>,
}

impl Preparer {
    /// A preparer whose first transaction follows `last_zxid`, with nothing in flight.
    pub fn new(rules: PrepareRules, tree: &Tree, last_zxid: Zxid) -> Self {
        let overlay = Overlay::new(tree.config().hash_seed);
        Preparer {
            rules,
            overlay,
            last_zxid,
            digest: tree.digest(),
            close_session_paths_max: CLOSE_SESSION_PATHS_MAX,
            closing: BTreeMap::new(),
            over_soft_limit: None,
        }
    }

    /// Sets how many ephemerals [`Self::prepare_session_deletions`] leaves to the closeSession
    /// (1000 if nobody does): no more are listed and removed in one go.
    pub fn set_close_session_paths_max(&mut self, max: usize) {
        self.close_session_paths_max = max;
    }

    /// Takes the path of a quota whose soft limit was passed since this was last asked. Soft
    /// limits refuse nothing; the operator is to be told.
    pub fn take_over_soft_limit(&mut self) -> Option<Box<str>> {
        self.over_soft_limit.take()
    }

    /// zxid of the last transaction prepared.
    pub fn last_zxid(&self) -> Zxid {
        self.last_zxid
    }

    /// Number of node changes prepared and not yet applied.
    pub fn in_flight(&self) -> usize {
        self.overlay.len()
    }

    /// Tells that the tree has applied everything up to `zxid`.
    pub fn applied(&mut self, zxid: Zxid) {
        self.overlay.applied(zxid);
    }

    /// Prepares the request of op code `op` with this body.
    ///
    /// Op codes that are no client's write come back as MARSHALLINGERROR; keep them out before.
    pub fn prepare(
        &mut self,
        tree: &Tree,
        caller: &Caller<'_>,
        op: OpCode,
        body: &[u8],
        out: &mut BytesMut,
    ) -> Prepared {
        let zxid = self.last_zxid.next();
        let prepared = self.body_of(tree, caller, zxid, op, body);
        self.emit(caller, prepared, out)
    }

    /// Prepares the internal deletion of an empty container or a stale TTL node.
    pub fn prepare_delete_container(
        &mut self,
        tree: &Tree,
        path: &str,
        time_ms: i64,
        out: &mut BytesMut,
    ) -> Prepared {
        let caller = Caller {
            session: SessionId::NONE,
            cxid: Xid(0),
            identities: &[],
            standing: Ok(()),
            time_ms,
        };
        let zxid = self.last_zxid.next();
        let body = self.delete_container(tree, zxid, path);
        self.emit(&caller, body.map(Body::One), out)
    }

    fn body_of<'r>(
        &mut self,
        tree: &Tree,
        caller: &Caller<'_>,
        zxid: Zxid,
        op: OpCode,
        body: &'r [u8],
    ) -> Result<Body<'r>, ErrorCode> {
        let body = match op {
            OpCode::Create | OpCode::Create2 | OpCode::CreateContainer | OpCode::CreateTtl => {
                let ask = create::Ask::decode(op, body)?;
                self.create(tree, caller, zxid, ask)
            }
            OpCode::Delete => self.delete(tree, caller, zxid, read(body)?),
            OpCode::SetData => self.set_data(tree, caller, zxid, read(body)?),
            OpCode::SetAcl => self.set_acl(tree, caller, zxid, read(body)?),
            OpCode::Multi => return self.multi(tree, caller, zxid, body).map(Body::Multi),
            OpCode::Reconfig if !self.rules.reconfig => Err(ErrorCode::ReconfigDisabled),
            OpCode::Reconfig => caller.standing.and(Err(ErrorCode::Unimplemented)),
            _ => Err(ErrorCode::MarshallingError),
        };
        body.map(Body::One)
    }

    /// Appends the transaction, or the error transaction that the refused request becomes.
    fn emit(
        &mut self,
        caller: &Caller<'_>,
        body: Result<Body<'_>, ErrorCode>,
        out: &mut BytesMut,
    ) -> Prepared {
        self.last_zxid = self.last_zxid.next();
        let err = body.as_ref().err().copied().unwrap_or(ErrorCode::Ok);
        let error = |err: ErrorCode| TxnBody::Error(ErrorTxn { err: err.code() });
        let body = body.unwrap_or_else(|err| Body::One(error(err)));
        let op = body.op();
        let header = TxnHeader {
            client_id: caller.session,
            cxid: caller.cxid,
            zxid: self.last_zxid,
            time: caller.time_ms,
            txn_type: op.code(),
        };
        let digest = (self.rules.digest && op != OpCode::Error)
            .then_some(TxnDigest { version: 2, tree_digest: self.digest as i64 });
        header.encode(out);
        body.encode(out);
        if let Some(digest) = digest {
            digest.encode(out);
        }
        Prepared { zxid: self.last_zxid, op, err }
    }
}

/// A transaction's body on its way out.
enum Body<'r> {
    One(TxnBody<'r>),
    Multi(Vec<multi::Part>),
}

impl Body<'_> {
    fn op(&self) -> OpCode {
        match self {
            Body::One(body) => body.op(),
            Body::Multi(_) => OpCode::Multi,
        }
    }

    fn encode(&self, out: &mut BytesMut) {
        match self {
            Body::One(body) => body.encode(out),
            Body::Multi(parts) => parts.encode(out),
        }
    }
}

fn read<'r, T: Decode<'r>>(body: &'r [u8]) -> Result<T, ErrorCode> {
    T::from_bytes(body).map_err(|_| ErrorCode::MarshallingError)
}

/// A path that must be there: a null one is a marshalling error.
fn some_path<'r>(path: codec::Text<'r>) -> Result<std::borrow::Cow<'r, str>, ErrorCode> {
    path.ok_or(ErrorCode::MarshallingError)
}

/// The parent of a path that may be malformed otherwise: that comes out later, by the rules of
/// each operation.
///
/// # Errors
/// BADARGUMENTS for text without a slash or with a NUL.
fn parent_of(path: &str) -> Result<&str, ErrorCode> {
    match path.rfind('/') {
        None => Err(ErrorCode::BadArguments),
        _ if path.contains('\0') => Err(ErrorCode::BadArguments),
        Some(0) => Ok(crate::path::ROOT),
        Some(slash) => Ok(&path[..slash]),
    }
}

/// A version that must match, unless any will do.
fn check_version(expected: i32, current: i32) -> Result<(), ErrorCode> {
    if expected == -1 || expected == current { Ok(()) } else { Err(ErrorCode::BadVersion) }
}
