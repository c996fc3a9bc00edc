//! Helpers of this crate's tests: somebody who writes transactions as a leader would.

use codec::txn::{CreateTxn, DeleteTxn, SetDataTxn, Txn, TxnBody, TxnHeader};
use codec::{Acl, SessionId, Xid, Zxid};

use crate::{Tree, TreeConfig};

/// Writes and applies transactions, one zxid after the other.
pub struct Author {
    /// What they are applied to.
    pub tree: Tree,
}

/// A transaction with no digest.
pub fn txn(zxid: i64, session: i64, body: TxnBody<'_>) -> Txn<'_> {
    let (client_id, time) = (SessionId(session), 1_000_000 + zxid);
    let txn_type = body.op().code();
    let header = TxnHeader { client_id, cxid: Xid(1), zxid: Zxid(zxid), time, txn_type };
    Txn { header, body, digest: None }
}

/// A node's data as text.
pub fn data_of(tree: &Tree, path: &str) -> String {
    let node = tree.get(path).expect("the node exists");
    String::from_utf8_lossy(node.data().unwrap_or_default()).into_owned()
}

impl Author {
    /// Of an empty tree.
    pub fn new() -> Self {
        Author { tree: Tree::new(TreeConfig::default()) }
    }

    /// Applies one body; it must succeed.
    pub fn apply(&mut self, session: i64, body: TxnBody<'_>) {
        let zxid = self.tree.last_zxid().0 + 1;
        let applied = self.tree.apply(&txn(zxid, session, body), &mut ());
        assert_eq!(applied.err, codec::ErrorCode::Ok);
    }

    /// Creates a persistent node.
    pub fn create(&mut self, path: &str, data: &str) {
        self.apply(1, create(path, data, false));
    }

    /// Sets data.
    pub fn set(&mut self, path: &str, data: &str) {
        let version = self.tree.get(path).map_or(0, |node| node.stat().version + 1);
        let (path, data) = (Some(path.into()), Some(data.as_bytes()));
        self.apply(1, TxnBody::SetData(SetDataTxn { path, data, version }));
    }

    /// Deletes a node.
    pub fn delete(&mut self, path: &str) {
        self.apply(1, TxnBody::Delete(DeleteTxn { path: Some(path.into()) }));
    }
}

/// A creation with an open ACL and an unknown parent counter.
pub fn create<'a>(path: &'a str, data: &'a str, ephemeral: bool) -> TxnBody<'a> {
    TxnBody::Create(CreateTxn {
        path: Some(path.into()),
        data: Some(data.as_bytes()),
        acl: Some(vec![Acl::new(31, "world", "anyone")]),
        ephemeral,
        parent_cversion: -1,
    })
}
