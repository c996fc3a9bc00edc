//! createSession and closeSession.

use std::collections::BTreeSet;

use bytes::BytesMut;
use codec::txn::{CloseSessionTxn, CreateSessionTxn, DeleteTxn, TxnBody};
use codec::{SessionId, Xid, Zxid};

use super::{Body, Caller, Prepared, Preparer, parent_of};
use crate::arena::NodeId;
use crate::tree::Tree;

impl Preparer {
    /// Prepares the transaction that makes `session` known, with its timeout in ms.
    pub fn prepare_create_session(
        &mut self,
        session: SessionId,
        time_out: i32,
        time_ms: i64,
        out: &mut BytesMut,
    ) -> Prepared {
        let body = TxnBody::CreateSession(CreateSessionTxn { time_out });
        self.emit(&internal(session, Xid(0), time_ms), Ok(Body::One(body)), out)
    }

    /// Prepares deletions of a slice of the ephemerals of `session`, as long as the tree holds
    /// more of them than one closeSession should remove
    /// ([`Self::set_close_session_paths_max`]); does nothing for all other sessions. At most `max`
    /// nodes are looked at and `max` deletions given to `out`, each with its payload.
    ///
    /// True: there is more, call again, other work may come in between. False: what is left is
    /// for [`Self::prepare_close_session`]. The session must be closing already, so that it makes
    /// no new nodes. That call looks at everything the tree still holds of the session, so it is
    /// best made once these deletions are applied. A `max` of 0 counts as 1.
    pub fn prepare_session_deletions(
        &mut self,
        tree: &Tree,
        session: SessionId,
        max: usize,
        time_ms: i64,
        mut out: impl FnMut(Prepared, BytesMut),
    ) -> bool {
        let (keep, max) = (self.close_session_paths_max, max.max(1));
        let after = self.closing.get(&session).copied();
        let ids = tree.ephemeral_ids_after(session, after);
        let ids: Vec<NodeId> = ids.take(max.saturating_add(keep).saturating_add(1)).collect();
        let slice = ids.len().saturating_sub(keep).min(max);
        for id in &ids[..slice] {
            let path = tree.path_of(*id);
            if self.is_left(session, &path) {
                let mut payload = BytesMut::new();
                let prepared = self.prepare_deletion(tree, &path, time_ms, &mut payload);
                out(prepared, payload);
            }
        }
        let more = ids.len() - slice > keep;
        match ids[..slice].last() {
            Some(last) if more => drop(self.closing.insert(session, *last)),
            _ if more => {}
            _ => drop(self.closing.remove(&session)),
        }
        more
    }

    /// Prepares the end of `session` and of its ephemerals, those in flight included. In one go,
    /// whatever their number; [`Self::prepare_session_deletions`] before it makes them few.
    ///
    /// Paths that one transaction cannot carry (more than every member can read back) go before
    /// it in deletions of their own, whose zxids `surplus` is told together with their payloads;
    /// the answer is always the closeSession transaction.
    pub fn prepare_close_session(
        &mut self,
        tree: &Tree,
        session: SessionId,
        cxid: Xid,
        time_ms: i64,
        out: &mut BytesMut,
        mut surplus: impl FnMut(Prepared, BytesMut),
    ) -> Prepared {
        self.closing.remove(&session);
        let mut paths = self.ephemerals(tree, session).into_iter();
        let mut listed = Vec::new();
        let mut room = self.rules.close_session_bytes_max;
        for path in paths.by_ref() {
            let bytes = path.len() + 4;
            if bytes > room {
                let mut payload = BytesMut::new();
                let prepared = self.prepare_deletion(tree, &path, time_ms, &mut payload);
                surplus(prepared, payload);
            } else {
                room -= bytes;
                listed.push(path);
            }
        }
        let zxid = self.last_zxid.next();
        listed.iter().for_each(|path| self.remove_ephemeral(tree, zxid, path));
        let paths_to_delete = Some(listed.into_iter().map(|path| Some(path.into())).collect());
        let body = self.rules.close_session_paths.then_some(CloseSessionTxn { paths_to_delete });
        let caller = internal(session, cxid, time_ms);
        self.emit(&caller, Ok(Body::One(TxnBody::CloseSession(body))), out)
    }

    /// The session's ephemerals: those of the tree that no change in flight removes, and those
    /// that changes in flight make. In order of their paths.
    fn ephemerals(&self, tree: &Tree, session: SessionId) -> BTreeSet<String> {
        let mut paths: BTreeSet<String> = tree.ephemerals_of(session).collect();
        paths.retain(|path| self.is_left(session, path));
        paths.extend(self.overlay.ephemerals_of(session).map(str::to_owned));
        paths
    }

    /// Whether no change in flight takes this node of the tree from the session.
    fn is_left(&self, session: SessionId, path: &str) -> bool {
        match self.overlay.get(path) {
            None => true,
            Some(state) => state.is_some_and(|s| s.stat.ephemeral_owner == session.0),
        }
    }

    fn remove_ephemeral(&mut self, tree: &Tree, zxid: Zxid, path: &str) {
        let Ok(parent_path) = parent_of(path) else {
            return;
        };
        if let (Some(parent), Some(node)) = (self.look(tree, parent_path), self.look(tree, path)) {
            self.remove(tree, zxid, path, node, parent_path, parent);
        }
    }

    fn prepare_deletion(
        &mut self,
        tree: &Tree,
        path: &str,
        time_ms: i64,
        out: &mut BytesMut,
    ) -> Prepared {
        let zxid = self.last_zxid.next();
        self.remove_ephemeral(tree, zxid, path);
        let body = TxnBody::Delete(DeleteTxn { path: Some(path.into()) });
        self.emit(&internal(SessionId::NONE, Xid(0), time_ms), Ok(Body::One(body)), out)
    }
}

fn internal(session: SessionId, cxid: Xid, time_ms: i64) -> Caller<'static> {
    Caller { session, cxid, identities: &[], standing: Ok(()), time_ms }
}
