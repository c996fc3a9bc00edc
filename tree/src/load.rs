//! Building a tree: the built-in nodes, and everything that a snapshot brings. A snapshot is
//! hostile until it is in: what does not fit is told, never half taken.

use std::collections::{BTreeMap, BTreeSet};

use codec::{Acl, AclList, SessionId, StatPersisted, Zxid, acl::perms};

use crate::acl_cache::{AclCache, OPEN_ACL_ID};
use crate::arena::{Arena, NodeId};
use crate::index::PathIndex;
use crate::quota::QuotaTable;
use crate::slab::NONE;
use crate::tree::{ApplyCounters, Owners, Tree, TreeConfig};
use crate::visit::Cursors;
use crate::{digest, path};

/// Why a node of a snapshot can't stand in a tree.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// The first node is not the root.
    #[error("the snapshot's first node is {0:?} and not the root")]
    RootMissing(String),
    /// No root at all.
    #[error("the snapshot holds no nodes")]
    Empty,
    /// A node comes before its parent, or without one.
    #[error("the snapshot holds {0:?} but not its parent before it")]
    ParentMissing(String),
    /// The same path twice.
    #[error("the snapshot holds {0:?} twice")]
    Duplicate(String),
    /// Not a path.
    #[error("the snapshot holds a node at {0:?}, which is not a path")]
    BadPath(String),
}

/// Takes a snapshot's pieces in file order: sessions, ACL lists, nodes.
#[derive(Debug)]
pub struct TreeLoader {
    tree: Tree,
    /// Path of the last node, and the nodes on the way to it with the lengths of their paths.
    /// Invariant: snapshots come in preorder, so the parent of the next node is nearly always
    /// on this way; if it is not, the index knows it.
    last_path: String,
    trail: Vec<(NodeId, usize)>,
}

impl TreeLoader {
    /// Nothing loaded yet.
    pub fn new(config: TreeConfig) -> Self {
        TreeLoader { tree: Tree::bare(config), last_path: String::new(), trail: Vec::new() }
    }

    /// A session and its timeout in ms.
    pub fn session(&mut self, session: SessionId, timeout_ms: i32) {
        self.tree.sessions.insert(session, timeout_ms);
    }

    /// An ACL list and its id.
    pub fn acl(&mut self, id: i64, list: AclList) {
        self.tree.acls.declare(id, list);
    }

    /// A node; "" is the root and comes first.
    ///
    /// # Errors
    /// What does not fit. The loader is of no use afterwards.
    pub fn node(
        &mut self,
        path: &str,
        data: Option<&[u8]>,
        acl: i64,
        stat: &StatPersisted,
    ) -> Result<(), LoadError> {
        let has_root = self.tree.root.0 != NONE;
        match (path, has_root) {
            ("", true) => return Err(LoadError::Duplicate("/".into())),
            (_, false) if !path.is_empty() => return Err(LoadError::RootMissing(path.into())),
            ("", false) => {
                let acl = self.tree.acls.attach(acl);
                self.tree.plant_root(data, acl, stat);
                self.trail.push((self.tree.root, 0));
                return Ok(());
            }
            _ => {}
        }
        let bad_path = || LoadError::BadPath(path.into());
        let (parent_path, name) = path::split(path).ok_or_else(bad_path)?;
        if name.is_empty() || !path.starts_with('/') {
            return Err(bad_path());
        }
        let parent = self.parent(parent_path);
        let parent = parent.ok_or_else(|| LoadError::ParentMissing(path.into()))?;
        let acl = self.tree.acls.attach(acl);
        let node = self.tree.add_node(parent, (path, name), data, acl, stat);
        let node = node.ok_or_else(|| LoadError::Duplicate(path.into()))?;
        self.remember(path, node);
        Ok(())
    }

    fn parent(&mut self, parent_path: &str) -> Option<NodeId> {
        let wanted = if parent_path == path::ROOT { "" } else { parent_path };
        while let Some((node, length)) = self.trail.last() {
            if self.last_path[..*length] == *wanted {
                return Some(*node);
            }
            self.trail.pop();
        }
        self.tree.find(parent_path)
    }

    fn remember(&mut self, path: &str, node: NodeId) {
        self.last_path.clear();
        self.last_path.push_str(path);
        if self.trail.is_empty() {
            self.trail.push((self.tree.root, 0));
        }
        self.trail.push((node, path.len()));
    }

    /// Everything has been given: the tree as of `zxid` (the snapshot's name).
    ///
    /// # Errors
    /// [`LoadError::Empty`] if there was no root.
    pub fn finish(mut self, zxid: Zxid) -> Result<Tree, LoadError> {
        if self.tree.root.0 == NONE {
            return Err(LoadError::Empty);
        }
        self.tree.add_missing_built_ins();
        self.tree.acls.purge_unused();
        self.tree.set_up_quotas();
        self.tree.last_zxid = zxid;
        Ok(self.tree)
    }
}

impl Tree {
    /// Not even a root.
    pub(crate) fn bare(config: TreeConfig) -> Self {
        Tree {
            config,
            nodes: Arena::new(),
            index: PathIndex::new(config.hash_seed),
            acls: AclCache::new(config.hash_seed),
            owners: Owners::default(),
            sessions: BTreeMap::new(),
            root: NodeId(NONE),
            last_zxid: Zxid::ZERO,
            digest: 0,
            digest_from: Zxid(i64::MIN),
            data_size: 0,
            quotas: QuotaTable { paths: BTreeSet::new() },
            cursors: Cursors::default(),
            counters: ApplyCounters::default(),
        }
    }

    pub(crate) fn add_built_ins(&mut self) {
        let acl = self.acls.attach(OPEN_ACL_ID);
        self.plant_root(Some(b""), acl, &StatPersisted::default());
        self.add_missing_built_ins();
    }

    fn plant_root(&mut self, data: Option<&[u8]>, acl: u32, stat: &StatPersisted) {
        self.root = self.nodes.insert("", data, stat, acl);
        let kind = self.node(self.root).kind();
        self.owners.insert(kind, self.root);
        if self.config.digest_enabled {
            self.nodes[self.root].prefix_crc = digest::prefix_crc("", data);
            self.digest = self.digest.wrapping_add(self.node_digest(self.root));
        }
    }

    /// Directories of 3.4 have no configuration node; a strange one may lack others.
    fn add_missing_built_ins(&mut self) {
        let config = StatPersisted { aversion: -1, ..Default::default() };
        let open = StatPersisted::default();
        for (path, stat) in [(path::PROC, open), (path::QUOTA, open), (path::CONFIG, config)] {
            let Some((parent, name)) = path::split(path) else {
                continue;
            };
            let Some(parent) = self.find(parent) else {
                continue;
            };
            if self.find(path).is_some() {
                continue;
            }
            let acl = match path {
                path::CONFIG => self.acls.intern(Some(&[Acl::new(perms::READ, "world", "anyone")])),
                _ => self.acls.attach(OPEN_ACL_ID),
            };
            let _ = self.add_node(parent, (path, name), Some(b""), acl, &stat);
        }
    }

    /// A node that carries `acl` already; `None` if the path is taken.
    fn add_node(
        &mut self,
        parent: NodeId,
        (path, name): (&str, &str),
        data: Option<&[u8]>,
        acl: u32,
        stat: &StatPersisted,
    ) -> Option<NodeId> {
        let hash = self.index.hash(path);
        if self.index.find(hash, |id| self.nodes.is_at(id, path)).is_some() {
            return None;
        }
        let node = self.nodes.insert(name, data, stat, acl);
        self.hang_in(parent, node, path, hash);
        Some(node)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(nodes: &[(&str, i64)]) -> Result<Tree, LoadError> {
        let mut loader = TreeLoader::new(TreeConfig::default());
        loader.session(SessionId(5), 3000);
        loader.acl(9, vec![Acl::new(1, "world", "anyone")]);
        for (path, acl) in nodes {
            loader.node(path, Some(b"x"), *acl, &StatPersisted::default())?;
        }
        loader.finish(Zxid(77))
    }

    #[test]
    fn parents_first_in_any_order() {
        let order = [("", -1), ("/a", 9), ("/b", -1), ("/a/x", -1), ("/b/y", 9), ("/a/x/z", -1)];
        let tree = load(&order).unwrap();
        tree.check().unwrap();
        assert_eq!(tree.last_zxid(), Zxid(77));
        assert_eq!(tree.session_timeout(SessionId(5)), Some(3000));
        assert!(order[1..].iter().all(|(path, _)| tree.find(path).is_some()));
        assert_eq!(tree.get("/a").unwrap().acl().id(), 9);
        assert!(tree.find("/zookeeper/config").is_some());
    }

    #[test]
    fn what_does_not_fit_is_told() {
        let text = |nodes: &[(&str, i64)]| load(nodes).unwrap_err();
        assert_eq!(text(&[]), LoadError::Empty);
        assert_eq!(text(&[("/a", -1)]), LoadError::RootMissing("/a".into()));
        assert_eq!(text(&[("", -1), ("", -1)]), LoadError::Duplicate("/".into()));
        let missing = LoadError::ParentMissing("/a/b".into());
        assert_eq!(text(&[("", -1), ("/a/b", -1), ("/a", -1)]), missing);
        let twice = [("", -1), ("/a", -1), ("/b", -1), ("/a", -1)];
        assert_eq!(text(&twice), LoadError::Duplicate("/a".into()));
        for bad in ["a", "/", "/a/", "x/y", "//b"] {
            let error = text(&[("", -1), ("/a", -1), (bad, -1)]);
            assert!(matches!(error, LoadError::BadPath(_)), "{bad:?} {error}");
        }
    }

    #[test]
    fn an_acl_id_without_a_list_is_closed() {
        let tree = load(&[("", -1), ("/a", 12)]).unwrap();
        assert!(!tree.get("/a").unwrap().acl().is_resolved());
        assert_eq!(tree.acls().unresolved().count(), 1);
    }
}
