//! Applying transactions: the only way in which a tree changes. Decides nothing: what may be done
//! was decided when the transaction was prepared; every step is idempotent, so that a log can be
//! replayed over a snapshot that already holds part of its effects.

mod create;
mod delete;
mod multi;
mod set;

use codec::txn::{CreateTxn, Txn, TxnBody, TxnHeader};
use codec::{Acl, ErrorCode, OpCode, Stat, Zxid};

use crate::arena::NodeId;
use crate::change::ChangeSink;
use crate::digest;
use crate::tree::Tree;

/// What a transaction did, enough to answer whoever asked for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The transaction.
    pub zxid: Zxid,
    /// The code of an error transaction, or what apply met. `Ok` for a failed multi too: its
    /// parts carry the codes.
    pub err: ErrorCode,
    /// What to tell beside the code.
    pub result: TxnResult,
    /// The transaction's digest was not the tree's. It stays applied.
    pub digest_mismatch: Option<DigestMismatch>,
}

/// Two digests that should be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DigestMismatch {
    /// The transaction after which they were compared.
    pub zxid: Zxid,
    /// What the leader wrote.
    pub expected: u64,
    /// What this tree has.
    pub found: u64,
}

/// The result of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TxnResult {
    /// Nothing beside the code: delete, deleteContainer, createSession, closeSession, errors.
    None,
    /// setData, reconfig, setACL: the node's Stat.
    Stat(Stat),
    /// The creations: the new node's Stat.
    Created(Stat),
    /// multi: what came of each part, in order.
    Multi(Vec<OpResult>),
}

/// What came of one part of a multi.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OpResult {
    /// create, create2, createContainer, createTTL.
    Created {
        /// Which of them.
        op: OpCode,
        /// The final path.
        path: Box<str>,
        /// As of that point inside the multi.
        stat: Stat,
    },
    /// delete.
    Deleted,
    /// setData, setACL: the Stat as of that point inside the multi.
    Stat {
        /// Which of them.
        op: OpCode,
        /// As of that point.
        stat: Stat,
    },
    /// check.
    Checked,
    /// Not done, and why: `Ok` for parts before the one that failed.
    Error(ErrorCode),
}

/// What the steps of one transaction share.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    pub(crate) header: TxnHeader,
}

impl Step {
    fn zxid(&self) -> Zxid {
        self.header.zxid
    }
}

/// A creation of any kind.
pub(crate) struct Creation<'a> {
    path: &'a str,
    data: Option<&'a [u8]>,
    acl: Option<&'a [Acl<'a>]>,
    owner: i64,
    parent_cversion: i32,
}

type Outcome = Result<TxnResult, ErrorCode>;

impl Tree {
    /// Applies one transaction. Never fails: what can't be done (any more) is counted, told in the
    /// answer, and has no effect.
    pub fn apply(&mut self, txn: &Txn<'_>, changes: &mut impl ChangeSink) -> Applied {
        let step = Step { header: txn.header };
        let outcome = match &txn.body {
            TxnBody::Multi(multi) => self.apply_multi(&step, multi, changes),
            TxnBody::Error(error) => Err(error_code(error.err)),
            body => self.apply_one(&step, body, changes),
        };
        if outcome.is_err() && !matches!(txn.body, TxnBody::Error(_)) {
            self.counters.surprises += 1;
        }
        let zxid = step.zxid();
        self.last_zxid = self.last_zxid.max(zxid);
        let (err, result) = match outcome {
            Ok(result) => (ErrorCode::Ok, result),
            Err(code) => (code, TxnResult::None),
        };
        Applied { zxid, err, result, digest_mismatch: self.compare_digest(txn) }
    }

    fn apply_one(
        &mut self,
        step: &Step,
        body: &TxnBody<'_>,
        changes: &mut impl ChangeSink,
    ) -> Outcome {
        match body {
            TxnBody::Create(_)
            | TxnBody::Create2(_)
            | TxnBody::CreateContainer(_)
            | TxnBody::CreateTtl(_) => match creation(step, body) {
                Some(creation) => {
                    self.create_node(step, &creation, changes).map(TxnResult::Created)
                }
                None => Err(ErrorCode::BadArguments),
            },
            TxnBody::Delete(body) | TxnBody::DeleteContainer(body) => {
                self.delete_node(step, text(&body.path), changes).map(|()| TxnResult::None)
            }
            TxnBody::SetData(body) | TxnBody::Reconfig(body) => {
                self.set_data(step, body, changes).map(TxnResult::Stat)
            }
            TxnBody::SetAcl(body) => self.set_acl(body).map(TxnResult::Stat),
            TxnBody::Check(_) | TxnBody::Error(_) | TxnBody::Multi(_) => Ok(TxnResult::None),
            TxnBody::CreateSession(body) => {
                self.sessions.insert(step.header.client_id, body.time_out);
                Ok(TxnResult::None)
            }
            TxnBody::CloseSession(body) => {
                self.close_session(step, body.as_ref(), changes);
                Ok(TxnResult::None)
            }
        }
    }

    fn compare_digest(&mut self, txn: &Txn<'_>) -> Option<DigestMismatch> {
        let expected = txn.digest.filter(|d| d.version == digest::DIGEST_VERSION)?;
        let zxid = txn.header.zxid;
        let (expected, found) = (expected.tree_digest as u64, self.digest);
        if !self.config.digest_enabled || zxid <= self.digest_from || expected == found {
            return None;
        }
        self.counters.digest_mismatches += 1;
        Some(DigestMismatch { zxid, expected, found })
    }

    /// Changes a node's Stat or data and carries the tree's digest along.
    fn touch<R>(&mut self, id: NodeId, path: &str, change: impl FnOnce(&mut Self) -> R) -> R {
        let counts = self.config.digest_enabled && digest::covers(path);
        if !counts {
            return change(self);
        }
        self.digest = self.digest.wrapping_sub(self.node_digest(id));
        let result = change(self);
        self.digest = self.digest.wrapping_add(self.node_digest(id));
        result
    }

    pub(crate) fn node_digest(&self, id: NodeId) -> u64 {
        u64::from(self.node(id).digest())
    }
}

/// The creation that a transaction describes; `None` if it describes none.
fn creation<'a>(step: &Step, body: &'a TxnBody<'_>) -> Option<Creation<'a>> {
    let session = step.header.client_id.0;
    let (path, data, acl, parent_cversion, owner) = match body {
        TxnBody::Create(b) | TxnBody::Create2(b) => {
            let CreateTxn { path, data, acl, ephemeral, parent_cversion } = b;
            (path, data, acl, *parent_cversion, if *ephemeral { session } else { 0 })
        }
        TxnBody::CreateContainer(b) => {
            (&b.path, &b.data, &b.acl, b.parent_cversion, crate::kind::CONTAINER_OWNER)
        }
        TxnBody::CreateTtl(b) => {
            (&b.path, &b.data, &b.acl, b.parent_cversion, crate::kind::ttl_owner(b.ttl))
        }
        _ => return None,
    };
    Some(Creation { path: text(path), data: *data, acl: acl.as_deref(), owner, parent_cversion })
}

/// A path of a transaction; null is nowhere.
fn text<'a>(path: &'a codec::Text<'_>) -> &'a str {
    path.as_deref().unwrap_or_default()
}

/// Codes that no version of ZooKeeper writes read as a system error.
fn error_code(code: i32) -> ErrorCode {
    ErrorCode::from_code(code).unwrap_or(ErrorCode::SystemError)
}
