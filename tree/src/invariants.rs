//! The full structural check of a tree: everything that is kept twice must agree. For tests and
//! for the simulator; costs as much as the tree is large.

use std::collections::BTreeMap;

use crate::arena::NodeId;
use crate::digest;
use crate::path;
use crate::quota::LIMITS;
use crate::tree::{Owners, Tree};

/// What a walk over all nodes finds.
#[derive(Default)]
struct Found {
    nodes: usize,
    parts: (usize, usize),
    data_size: u64,
    digest: u64,
    owners: Owners,
    acl_refs: BTreeMap<u32, u64>,
    quotas: usize,
}

fn ensure(holds: bool, what: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what()) }
}

impl Tree {
    /// Checks everything.
    ///
    /// # Errors
    /// The first broken invariant, with the path of the node where it was found.
    pub fn check(&self) -> Result<(), String> {
        let mut found = Found::default();
        let mut next = Some(self.root);
        while let Some(id) = next {
            self.check_node(id, &mut found)?;
            next = self.nodes.after(id);
            ensure(found.nodes <= self.nodes.len(), || "the child lists run in a circle".into())?;
        }
        self.check_totals(&found)?;
        self.check_acls(&found)?;
        let mut nexts = self.cursors.next_nodes();
        ensure(nexts.all(|id| self.contains(id)), || "a cursor stands on a dead node".into())
    }

    fn check_node(&self, id: NodeId, found: &mut Found) -> Result<(), String> {
        let (node, path) = (self.node(id), self.path_of(id));
        ensure(self.contains(id), || format!("{path}: dead node in a child list"))?;
        ensure(self.find(&path) == Some(id), || format!("{path}: the index does not find it"))?;
        self.check_children(id, &path)?;
        found.nodes += 1;
        let (kin, revision) = self.nodes.has_parts(id);
        found.parts.0 += usize::from(kin);
        found.parts.1 += usize::from(revision);
        found.owners.insert(node.kind(), id);
        *found.acl_refs.entry(self.nodes[id].acl).or_default() += 1;
        if self.config.digest_enabled && digest::covers(&path) {
            let crc = digest::prefix_crc(&path, node.data());
            let digest = digest::node_digest(crc, &node.stat_persisted());
            found.digest = found.digest.wrapping_add(digest.into());
            ensure(digest == node.digest(), || format!("{path}: its cached digest is stale"))?;
        }
        if id != self.root {
            let length = path::utf16_len(&path) + node.data().map_or(0, <[u8]>::len);
            found.data_size += length as u64;
        }
        self.check_quota(node.name(), &path, found)
    }

    fn check_quota(&self, name: &str, path: &str, found: &mut Found) -> Result<(), String> {
        let subject = path.strip_prefix(path::QUOTA).filter(|_| name == LIMITS);
        let Some(subject) = subject.map(|rest| &rest[..rest.len() - LIMITS.len() - 1]) else {
            return Ok(());
        };
        if subject.is_empty() {
            return Ok(());
        }
        found.quotas += 1;
        ensure(self.quotas.paths.contains(subject), || format!("{path}: limits without effect"))
    }

    fn check_children(&self, id: NodeId, path: &str) -> Result<(), String> {
        let (mut count, mut below, mut before) = (0, 0, None);
        let mut next = self.nodes.first_child(id);
        while let Some(child) = next {
            let linked = (self.nodes.parent(child), self.nodes.prev_sibling(child));
            ensure(linked == (Some(id), before), || format!("{path}: broken child list"))?;
            (count, before) = (count + 1, next);
            below += 1 + self.nodes.descendants(child);
            next = self.nodes.next_sibling(child);
            ensure(count <= self.nodes.len(), || format!("{path}: endless child list"))?;
        }
        let told = self.nodes.num_children(id) as usize;
        ensure(count == told, || format!("{path}: {count} children, {told} counted"))?;
        let told = self.nodes.descendants(id);
        ensure(below == told, || format!("{path}: {below} descendants, {told} counted"))
    }

    fn check_totals(&self, found: &Found) -> Result<(), String> {
        let (nodes, indexed) = (self.nodes.len(), self.index.len());
        ensure(found.nodes == nodes, || format!("{} nodes of {nodes} reached", found.nodes))?;
        ensure(indexed + 1 == nodes, || format!("{indexed} indexed paths of {nodes} nodes"))?;
        ensure(nodes <= self.nodes.capacity(), || "more nodes than places".into())?;
        let parts = self.nodes.parts();
        ensure(found.parts == parts, || format!("{:?} parts kept as {parts:?}", found.parts))?;
        let size = self.data_size;
        ensure(found.data_size == size, || format!("size {} kept as {size}", found.data_size))?;
        let digest = self.digest;
        ensure(found.digest == digest, || format!("digest {:x} kept as {digest:x}", found.digest))?;
        ensure(found.quotas == self.quotas.paths.len(), || "quota without limits node".into())?;
        let same = found.owners.ephemerals == self.owners.ephemerals
            && found.owners.containers == self.owners.containers
            && found.owners.ttls == self.owners.ttls;
        ensure(same, || "the lists of ephemerals, containers and TTL nodes are stale".into())
    }

    fn check_acls(&self, found: &Found) -> Result<(), String> {
        for (slot, refs) in &found.acl_refs {
            let record = self.acls.record(*slot);
            let (id, told) = (record.id(), record.refs());
            ensure(told == *refs, || format!("ACL {id}: {refs} nodes carry it, {told} counted"))?;
        }
        let unused = self.acls.iter().chain(self.acls.unresolved()).find(|acl| acl.refs() == 0);
        ensure(unused.is_none(), || "an ACL list that no node carries is kept".into())
    }

    /// What the nodes of `other` and this tree differ in: the path of the first one, and how.
    /// Child order and ids of ACL lists may differ.
    pub fn first_difference(&self, other: &Tree) -> Option<String> {
        if self.nodes.len() != other.nodes.len() {
            let missing = self.paths().find(|path| other.find(path).is_none());
            return Some(format!(
                "{} nodes here, {} there; {missing:?} is only here",
                self.nodes.len(),
                other.nodes.len()
            ));
        }
        if self.sessions != other.sessions {
            return Some(format!("sessions {:?} and {:?}", self.sessions, other.sessions));
        }
        self.paths().find_map(|path| self.difference_at(other, &path))
    }

    fn difference_at(&self, other: &Tree, path: &str) -> Option<String> {
        let (Some(here), Some(there)) = (self.get(path), other.get(path)) else {
            return Some(format!("{path}: not in both"));
        };
        if here.stat_persisted() != there.stat_persisted() || here.stat() != there.stat() {
            return Some(format!("{path}: {:?} and {:?}", here.stat(), there.stat()));
        }
        if here.acl().entries() != there.acl().entries() {
            return Some(format!("{path}: different ACLs"));
        }
        if here.data() != there.data() {
            return Some(format!("{path}: different data"));
        }
        (here.kind() != there.kind()).then(|| format!("{path}: different kinds"))
    }

    fn paths(&self) -> impl Iterator<Item = String> {
        std::iter::successors(Some(self.root), |id| self.nodes.after(*id))
            .map(|id| self.path_of(id))
    }
}
