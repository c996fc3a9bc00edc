//! The rows of the protocol's tables of watches, one test each, on a real tree; and a random run
//! against a naive model.

mod model;
mod replay;
mod rows;

use codec::txn::{CloseSessionTxn, CreateTxn, DeleteTxn, MultiTxn, SetAclTxn, SetDataTxn, SubTxn};
use codec::txn::{Txn, TxnBody, TxnHeader};
use codec::{Acl, Encode, SessionId, Xid, Zxid};

use super::*;
use crate::tree::{Tree, TreeConfig};

/// Who saw what where.
type Seen = (u32, EventType, String);

fn w(number: u32) -> WatcherId {
    WatcherId::known(number)
}

/// A tree, its watches, and all events that have come out and have not been looked at.
struct World {
    tree: Tree,
    watches: WatchTable,
    zxid: i64,
    seen: Vec<Seen>,
    /// Zxid and permissions of the first ACL entry of every event.
    scenes: Vec<(i64, i32)>,
}

impl World {
    fn new(paths: &[&str]) -> Self {
        let tree = Tree::new(TreeConfig::default());
        let watches = WatchTable::new(7);
        let mut world = World { tree, watches, zxid: 0, seen: Vec::new(), scenes: Vec::new() };
        paths.iter().for_each(|path| world.create(path));
        world
    }

    fn apply(&mut self, session: i64, body: TxnBody<'_>) {
        self.zxid += 1;
        let header = TxnHeader {
            client_id: SessionId(session),
            cxid: Xid(1),
            zxid: Zxid(self.zxid),
            time: 1_000,
            txn_type: body.op().code(),
        };
        let World { tree, watches, seen, scenes, .. } = self;
        let out = |fired: Fired<'_>| {
            scenes.push((fired.zxid.0, fired.acl.entries()[0].perms));
            assert!(fired.watchers.is_sorted() && !fired.watchers.is_empty());
            let one = |watcher: &WatcherId| (watcher.index(), fired.event, fired.path.to_string());
            seen.extend(fired.watchers.iter().map(one));
        };
        tree.apply(&Txn { header, body, digest: None }, &mut Firing { table: watches, out });
        assert_eq!(self.watches.broken_invariant(&self.tree), None);
    }

    fn create(&mut self, path: &str) {
        self.apply(1, create(path, 31, false));
    }

    fn set(&mut self, path: &str) {
        self.apply(1, set(path));
    }

    fn delete(&mut self, path: &str) {
        self.apply(1, delete(path));
    }

    fn multi(&mut self, bodies: &[TxnBody<'_>]) {
        let parts: Vec<_> = bodies.iter().map(encoded).collect();
        let txns = parts
            .iter()
            .map(|(txn_type, data)| SubTxn { txn_type: *txn_type, data: Some(data.as_slice()) });
        self.apply(1, TxnBody::Multi(MultiTxn { txns: txns.collect() }));
    }

    fn data(&mut self, watcher: u32, path: &str) {
        self.watches.watch(&self.tree, path, w(watcher), Table::Data);
    }

    fn child(&mut self, watcher: u32, path: &str) {
        self.watches.watch(&self.tree, path, w(watcher), Table::Child);
    }

    fn persistent(&mut self, watcher: u32, path: &str) {
        self.watches.add_watch(&self.tree, path, w(watcher), AddWatchMode::Persistent);
    }

    fn recursive(&mut self, watcher: u32, path: &str) {
        self.watches.add_watch(&self.tree, path, w(watcher), AddWatchMode::PersistentRecursive);
    }

    /// What has been seen since the last look.
    fn look(&mut self) -> Vec<Seen> {
        self.scenes.clear();
        std::mem::take(&mut self.seen)
    }
}

fn create(path: &str, perms: i32, ephemeral: bool) -> TxnBody<'_> {
    TxnBody::Create(CreateTxn {
        path: Some(path.into()),
        data: Some(b"x"),
        acl: Some(vec![Acl::new(perms, "world", "anyone")]),
        ephemeral,
        parent_cversion: -1,
    })
}

fn set(path: &str) -> TxnBody<'_> {
    TxnBody::SetData(SetDataTxn { path: Some(path.into()), data: Some(b"y"), version: 1 })
}

fn set_acl(path: &str, perms: i32) -> TxnBody<'_> {
    let acl = Some(vec![Acl::new(perms, "world", "anyone")]);
    TxnBody::SetAcl(SetAclTxn { path: Some(path.into()), acl, version: 1 })
}

fn delete(path: &str) -> TxnBody<'_> {
    TxnBody::Delete(DeleteTxn { path: Some(path.into()) })
}

fn close_session<'a>(paths: &[&'a str]) -> TxnBody<'a> {
    let paths_to_delete = Some(paths.iter().map(|path| Some((*path).into())).collect());
    TxnBody::CloseSession(Some(CloseSessionTxn { paths_to_delete }))
}

fn encoded(body: &TxnBody<'_>) -> (i32, Vec<u8>) {
    (body.op().code(), body.to_bytes().to_vec())
}

fn created(watcher: u32, path: &str) -> Seen {
    (watcher, EventType::Created, path.to_string())
}

fn deleted(watcher: u32, path: &str) -> Seen {
    (watcher, EventType::Deleted, path.to_string())
}

fn changed(watcher: u32, path: &str) -> Seen {
    (watcher, EventType::DataChanged, path.to_string())
}

fn children(watcher: u32, path: &str) -> Seen {
    (watcher, EventType::ChildrenChanged, path.to_string())
}
