//! The tree of znodes, its sessions and their ephemerals, as of one transaction. Reading is here;
//! all changes are in `apply`. Pure: no clock, no I/O, no watch, no authorisation.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use codec::{SessionId, Zxid};

use crate::acl_cache::AclCache;
use crate::arena::{Arena, NodeId};
use crate::index::PathIndex;
use crate::kind::{KindRules, NodeKind};
use crate::node::NodeRef;
use crate::path;
use crate::quota::QuotaTable;
use crate::visit::Cursors;

/// What a tree is told once, when it is made.
#[derive(Debug, Clone, Copy)]
pub struct TreeConfig {
    /// Which owner markers are recognised.
    pub kinds: KindRules,
    /// Keep the digest, and compare it with that of transactions (`digest.enabled`).
    pub digest_enabled: bool,
    /// Seed of the path index, so that nobody can prepare paths that collide. Never visible.
    pub hash_seed: u64,
}

impl Default for TreeConfig {
    fn default() -> Self {
        TreeConfig { kinds: KindRules::default(), digest_enabled: true, hash_seed: 0 }
    }
}

/// Nodes that belong to somebody or go by themselves.
#[derive(Debug, Default)]
pub(crate) struct Owners {
    pub(crate) ephemerals: BTreeSet<(SessionId, NodeId)>,
    pub(crate) containers: BTreeSet<NodeId>,
    pub(crate) ttls: BTreeSet<NodeId>,
}

impl Owners {
    pub(crate) fn insert(&mut self, kind: NodeKind, id: NodeId) {
        match kind {
            NodeKind::Persistent => {}
            NodeKind::Ephemeral(session) => drop(self.ephemerals.insert((session, id))),
            NodeKind::Container => drop(self.containers.insert(id)),
            NodeKind::Ttl { .. } => drop(self.ttls.insert(id)),
        }
    }

    pub(crate) fn remove(&mut self, kind: NodeKind, id: NodeId) {
        match kind {
            NodeKind::Persistent => {}
            NodeKind::Ephemeral(session) => drop(self.ephemerals.remove(&(session, id))),
            NodeKind::Container => drop(self.containers.remove(&id)),
            NodeKind::Ttl { .. } => drop(self.ttls.remove(&id)),
        }
    }

    fn of(&self, session: SessionId) -> impl Iterator<Item = NodeId> {
        let (first, last) = ((session, NodeId(0)), (session, NodeId(u32::MAX)));
        self.ephemerals.range(first..=last).map(|(_, id)| *id)
    }
}

/// What apply met that a consistent history does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ApplyCounters {
    /// Steps that found no node, an existing node, or something else that the leader had checked.
    /// Normal while a fuzzy snapshot is replayed over, a sign of divergence afterwards.
    pub surprises: u64,
    /// Transactions whose digest was not that of the tree.
    pub digest_mismatches: u64,
    /// Ephemerals that a closeSession did not list and that were removed with it.
    pub unlisted_ephemerals: u64,
    /// Usage records of quotas that could not be read and were counted again.
    pub quota_recounts: u64,
}

/// The state that transactions build.
#[derive(Debug)]
pub struct Tree {
    pub(crate) config: TreeConfig,
    pub(crate) nodes: Arena,
    pub(crate) index: PathIndex,
    pub(crate) acls: AclCache,
    pub(crate) owners: Owners,
    pub(crate) sessions: BTreeMap<SessionId, i32>,
    pub(crate) root: NodeId,
    /// Last transaction whose effects are all here.
    pub(crate) last_zxid: Zxid,
    /// Sum of the digests of all nodes that count.
    pub(crate) digest: u64,
    /// Digests of transactions at or below this one are not compared.
    pub(crate) digest_from: Zxid,
    /// Path lengths plus data lengths, without the root.
    pub(crate) data_size: u64,
    pub(crate) quotas: QuotaTable,
    pub(crate) cursors: Cursors,
    pub(crate) counters: ApplyCounters,
}

impl Tree {
    /// An empty tree: only the built-in nodes.
    pub fn new(config: TreeConfig) -> Self {
        let mut tree = Tree::bare(config);
        tree.add_built_ins();
        tree
    }

    /// The node at `path`; "/" is the root. Nonsense is simply not there.
    pub fn find(&self, path: &str) -> Option<NodeId> {
        if path.len() == 1 {
            return (path == path::ROOT).then_some(self.root);
        }
        self.index.find(self.index.hash(path), |id| self.nodes.is_at(id, path))
    }

    /// The node with this id, which must be alive: ids are good as long as the tree is borrowed,
    /// or until a `Change::Deleted` names them.
    ///
    /// # Panics
    /// If no node ever had this id.
    pub fn node(&self, id: NodeId) -> NodeRef<'_> {
        NodeRef::new(self, id)
    }

    /// The node at `path`, read.
    pub fn get(&self, path: &str) -> Option<NodeRef<'_>> {
        self.find(path).map(|id| self.node(id))
    }

    /// Is there a living node with this id?
    pub fn contains(&self, id: NodeId) -> bool {
        self.nodes.get(id).is_some()
    }

    /// The root.
    pub fn root(&self) -> NodeId {
        self.root
    }

    /// The path of a node; "/" for the root.
    pub fn path_of(&self, id: NodeId) -> String {
        let mut path = String::new();
        self.nodes.push_path(id, &mut path);
        if path.is_empty() {
            path.push('/');
        }
        path
    }

    /// How many nodes lie below `id`, at any depth. Counted as they come and go.
    pub fn descendants(&self, id: NodeId) -> u64 {
        u64::from(self.nodes.descendants(id))
    }

    /// Nodes as ZooKeeper counts them: the root twice.
    pub fn node_count(&self) -> u64 {
        self.nodes.len() as u64 + 1
    }

    /// `approximate_data_size` as ZooKeeper computes it: lengths of paths in UTF-16 units plus
    /// bytes of data, over all nodes.
    pub fn approximate_data_size(&self) -> u64 {
        let root = self.nodes[self.root].data_len() as u64;
        // The root's path counts once as "/" and once as "", its data twice.
        self.data_size + 1 + 2 * root
    }

    /// Number of ephemerals of all sessions.
    pub fn ephemeral_count(&self) -> usize {
        self.owners.ephemerals.len()
    }

    /// Number of ephemerals of one session.
    pub fn ephemeral_count_of(&self, session: SessionId) -> usize {
        self.owners.of(session).count()
    }

    /// The nodes that go with `session`, in no useful order.
    pub fn ephemeral_ids_of(&self, session: SessionId) -> impl Iterator<Item = NodeId> {
        self.owners.of(session)
    }

    /// The nodes that go with `session` whose ids come after `after`, by id.
    pub(crate) fn ephemeral_ids_after(
        &self,
        session: SessionId,
        after: Option<NodeId>,
    ) -> impl Iterator<Item = NodeId> {
        let first = match after {
            Some(node) => Bound::Excluded((session, node)),
            None => Bound::Included((session, NodeId(0))),
        };
        let last = Bound::Included((session, NodeId(u32::MAX)));
        self.owners.ephemerals.range((first, last)).map(|(_, id)| *id)
    }

    /// The paths of the nodes that go with `session`, sorted.
    pub fn ephemerals_of(&self, session: SessionId) -> impl Iterator<Item = String> {
        let mut paths: Vec<String> = self.owners.of(session).map(|id| self.path_of(id)).collect();
        paths.sort_unstable();
        paths.into_iter()
    }

    /// Sessions that own ephemerals, ascending, whether or not they are in the session table.
    pub fn ephemeral_sessions(&self) -> impl Iterator<Item = SessionId> {
        let next = |after: Option<SessionId>| {
            let first = match after {
                Some(SessionId(id)) => (SessionId(id.checked_add(1)?), NodeId(0)),
                None => (SessionId(i64::MIN), NodeId(0)),
            };
            self.owners.ephemerals.range(first..).next().map(|(session, _)| *session)
        };
        std::iter::successors(next(None), move |session| next(Some(*session)))
    }

    /// All containers, for the reaper.
    pub fn containers(&self) -> impl Iterator<Item = NodeId> {
        self.owners.containers.iter().copied()
    }

    /// All TTL nodes, for the reaper.
    pub fn ttl_nodes(&self) -> impl Iterator<Item = NodeId> {
        self.owners.ttls.iter().copied()
    }

    /// The session table, ascending: id and timeout in ms.
    pub fn sessions(&self) -> impl ExactSizeIterator<Item = (SessionId, i32)> {
        self.sessions.iter().map(|(id, timeout)| (*id, *timeout))
    }

    /// The timeout of a session in ms, if there is such a session.
    pub fn session_timeout(&self, session: SessionId) -> Option<i32> {
        self.sessions.get(&session).copied()
    }

    /// The last transaction whose effects are all here.
    pub fn last_zxid(&self) -> Zxid {
        self.last_zxid
    }

    /// Sets the last transaction, for a state that came otherwise than by transactions.
    pub fn set_last_zxid(&mut self, zxid: Zxid) {
        self.last_zxid = zxid;
    }

    /// The tree's digest, version 2; 0 if digests are off.
    pub fn digest(&self) -> u64 {
        self.digest
    }

    /// Digests of transactions at or below `zxid` are not compared: the state came from a fuzzy
    /// snapshot that may hold effects up to there.
    pub fn compare_digests_after(&mut self, zxid: Zxid) {
        self.digest_from = zxid;
    }

    /// What apply met so far.
    pub fn counters(&self) -> ApplyCounters {
        self.counters
    }

    /// What it was told when it was made.
    pub fn config(&self) -> &TreeConfig {
        &self.config
    }

    /// The ACL lists that nodes carry.
    pub fn acls(&self) -> &AclCache {
        &self.acls
    }
}

/// Readers look at the tree from many threads between two batches of transactions.
const _: fn() = || {
    fn shared<T: Send + Sync>() {}
    shared::<Tree>();
};
