//! Bringing a tree to the state on disk.

use codec::txn::Txn;
use codec::{AclList, Decode, SessionId, StatPersisted, Zxid};
use storage::recover::Replay;
use tree::{Tree, TreeConfig, TreeLoader};

/// A tree on its way: pieces of a snapshot, then transactions.
pub struct Loading {
    config: TreeConfig,
    pieces: Option<TreeLoader>,
    tree: Tree,
    mismatches: u64,
}

impl Loading {
    /// An empty tree.
    pub fn new(config: TreeConfig) -> Self {
        Loading { config, pieces: None, tree: Tree::new(config), mismatches: 0 }
    }

    /// The tree, and how many transactions foretold another digest than it has.
    pub fn finish(self) -> (Tree, u64) {
        (self.tree, self.mismatches)
    }

    fn pieces(&mut self) -> &mut TreeLoader {
        let config = self.config;
        self.pieces.get_or_insert_with(|| TreeLoader::new(config))
    }
}

impl Replay for Loading {
    fn clear(&mut self) {
        self.pieces = None;
        self.tree = Tree::new(self.config);
    }

    fn session(&mut self, id: SessionId, timeout: i32) {
        self.pieces().session(id, timeout);
    }

    fn acl(&mut self, id: i64, acl: AclList) {
        self.pieces().acl(id, acl);
    }

    fn node(
        &mut self,
        path: &str,
        data: Option<&[u8]>,
        acl_id: i64,
        stat: &StatPersisted,
    ) -> Result<(), String> {
        self.pieces().node(path, data, acl_id, stat).map_err(|error| error.to_string())
    }

    fn snapshot_done(&mut self, zxid: Zxid, digest: Option<(Zxid, i64)>) -> Result<(), String> {
        // Of a snapshot that holds nothing at all there are no pieces.
        let config = self.config;
        let pieces = self.pieces.take().unwrap_or_else(|| TreeLoader::new(config));
        self.tree = pieces.finish(zxid).map_err(|error| error.to_string())?;
        // A section older than the snapshot's name says nothing about it (a leader's first one).
        let Some((at, digest)) = digest.filter(|(at, _)| *at >= zxid && at.0 != 0) else {
            return Ok(());
        };
        self.tree.compare_digests_after(at);
        if at == zxid && self.config.digest_enabled && digest as u64 != self.tree.digest() {
            tracing::warn!(%zxid, "the snapshot's digest is not that of its nodes: written beside \
                traffic, it may hold newer ones; the transactions behind it will tell");
        }
        Ok(())
    }

    fn txn(&mut self, payload: &[u8]) -> Result<(), String> {
        let txn = Txn::from_bytes(payload).map_err(|error| error.to_string())?;
        let applied = self.tree.apply(&txn, &mut ());
        if let Some(mismatch) = applied.digest_mismatch {
            if self.mismatches == 0 {
                tracing::error!(zxid = %mismatch.zxid, expected = mismatch.expected,
                    found = mismatch.found,
                    "replay: the tree's digest is not what its transaction foretold");
            }
            self.mismatches += 1;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_without_a_root_is_refused() {
        let mut loading = Loading::new(TreeConfig::default());
        assert!(loading.snapshot_done(Zxid(5), None).is_err(), "nothing at all");
        loading.session(SessionId(1), 4000);
        let error = loading.snapshot_done(Zxid(5), None).unwrap_err();
        assert!(error.contains("no nodes"), "{error}");
        loading.clear();
        loading.node("", Some(b""), -1, &StatPersisted::default()).unwrap();
        loading.snapshot_done(Zxid(5), None).unwrap();
    }
}
