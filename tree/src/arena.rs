//! Where nodes live: compact records, their intrusive child lists, and the rarer parts of a node:
//! [`Kin`] for parents, owned nodes and nodes with a changed ACL, [`Revision`] for nodes whose data
//! was set. Knows neither paths nor transactions. [`Node`] is one cache line, with one allocation
//! for name and data; a leaf that stays as it was created pays for nothing else.

use codec::{StatPersisted, Zxid};

use crate::slab::{NONE, Slab, Slot};

/// Names a node for as long as it lives; used again for another node after its deletion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub(crate) u32);

impl NodeId {
    /// The bare number, for tables that are indexed by it.
    pub const fn index(self) -> u32 {
        self.0
    }

    pub(crate) fn some(id: u32) -> Option<NodeId> {
        (id != NONE).then_some(NodeId(id))
    }
}

const NULL_DATA: u32 = 1 << 31;
const VACANT: u32 = NONE;

/// A node. Fields that most nodes leave at their default live in [`Kin`] and [`Revision`].
#[derive(Debug)]
#[repr(align(64))]
pub(crate) struct Node {
    pub(crate) czxid: i64,
    ctime: i64,
    /// CRC-32 of path and data: the part of the node's digest that its Stat does not change.
    pub(crate) prefix_crc: u32,
    /// Place in the ACL cache.
    pub(crate) acl: u32,
    pub(crate) parent: u32,
    next: u32,
    prev: u32,
    kin: u32,
    revision: u32,
    /// Invariant: bit 31 set = null data; the rest is the name's length; all ones = free place.
    name_len: u32,
    /// Name, then data.
    blob: Box<[u8]>,
}

/// What a node has once it has had a child, an owner or a new ACL.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kin {
    pub(crate) pzxid: i64,
    pub(crate) owner: i64,
    pub(crate) cversion: i32,
    pub(crate) aversion: i32,
    first_child: u32,
    num_children: u32,
    /// Nodes below it, at any depth.
    descendants: u32,
}

const KIN_VACANT: u32 = NONE;

/// What a node has once its data was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Revision {
    pub(crate) mzxid: i64,
    pub(crate) mtime: i64,
    pub(crate) version: i32,
    /// The next free place, [`REVISION_LIVE`] in a living one.
    link: u32,
}

const REVISION_LIVE: u32 = NONE - 1;

impl Slot for Revision {
    fn vacant(next: u32) -> Self {
        Revision { mzxid: 0, mtime: 0, version: 0, link: next }
    }

    fn next_vacant(&self) -> Option<u32> {
        (self.link != REVISION_LIVE).then_some(self.link)
    }
}

impl Slot for Node {
    fn vacant(next: u32) -> Self {
        let stat = StatPersisted::default();
        Node { next, name_len: VACANT, ..Node::new("", None, &stat, 0) }
    }

    fn next_vacant(&self) -> Option<u32> {
        (self.name_len == VACANT).then_some(self.next)
    }
}

impl Slot for Kin {
    fn vacant(next: u32) -> Self {
        Kin { first_child: next, num_children: KIN_VACANT, ..Kin::of(0) }
    }

    fn next_vacant(&self) -> Option<u32> {
        (self.num_children == KIN_VACANT).then_some(self.first_child)
    }
}

impl Kin {
    /// What a node without a record of its own stands for.
    fn of(czxid: i64) -> Self {
        let (owner, cversion, aversion) = (0, 0, 0);
        let (first_child, num_children, descendants) = (NONE, 0, 0);
        let pzxid = czxid;
        Kin { pzxid, owner, cversion, aversion, first_child, num_children, descendants }
    }
}

impl Node {
    fn new(name: &str, data: Option<&[u8]>, stat: &StatPersisted, acl: u32) -> Self {
        Node {
            czxid: stat.czxid.0,
            ctime: stat.ctime,
            prefix_crc: 0,
            acl,
            parent: NONE,
            next: NONE,
            prev: NONE,
            kin: NONE,
            revision: NONE,
            name_len: name.len() as u32 | if data.is_none() { NULL_DATA } else { 0 },
            blob: join(name.as_bytes(), data.unwrap_or_default()),
        }
    }

    fn name_end(&self) -> usize {
        (self.name_len & !NULL_DATA) as usize
    }

    pub(crate) fn name_bytes(&self) -> &[u8] {
        &self.blob[..self.name_end()]
    }

    /// Names come from `str`s and stay as they are, so they are always UTF-8.
    pub(crate) fn name(&self) -> &str {
        std::str::from_utf8(self.name_bytes()).unwrap_or_default()
    }

    pub(crate) fn data(&self) -> Option<&[u8]> {
        (self.name_len & NULL_DATA == 0).then(|| &self.blob[self.name_end()..])
    }

    pub(crate) fn data_len(&self) -> usize {
        self.blob.len() - self.name_end()
    }

    /// Replaces the data, in place if the length stays.
    pub(crate) fn set_data(&mut self, data: Option<&[u8]>) {
        let (end, bytes) = (self.name_end(), data.unwrap_or_default());
        if bytes.len() == self.data_len() {
            self.blob[end..].copy_from_slice(bytes);
        } else {
            self.blob = join(&self.blob[..end], bytes);
        }
        self.name_len = end as u32 | if data.is_none() { NULL_DATA } else { 0 };
    }
}

fn join(name: &[u8], data: &[u8]) -> Box<[u8]> {
    let mut blob = Vec::with_capacity(name.len() + data.len());
    blob.extend_from_slice(name);
    blob.extend_from_slice(data);
    blob.into_boxed_slice()
}

/// All nodes.
#[derive(Debug)]
pub(crate) struct Arena {
    nodes: Slab<Node>,
    kin: Slab<Kin>,
    revisions: Slab<Revision>,
}

impl Arena {
    pub(crate) fn new() -> Self {
        Arena { nodes: Slab::new(), kin: Slab::new(), revisions: Slab::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(crate) fn capacity(&self) -> usize {
        self.nodes.capacity()
    }

    /// How many rarer parts there are: kin, revisions.
    pub(crate) fn parts(&self) -> (usize, usize) {
        (self.kin.len(), self.revisions.len())
    }

    /// Which rarer parts a node has.
    pub(crate) fn has_parts(&self, id: NodeId) -> (bool, bool) {
        let node = &self.nodes[id.0];
        (node.kin != NONE, node.revision != NONE)
    }

    pub(crate) fn get(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id.0)
    }

    /// A node outside any child list.
    pub(crate) fn insert(
        &mut self,
        name: &str,
        data: Option<&[u8]>,
        stat: &StatPersisted,
        acl: u32,
    ) -> NodeId {
        let id = NodeId(self.nodes.insert(Node::new(name, data, stat, acl)));
        let plain = Kin::of(stat.czxid.0);
        let counters = (stat.cversion, stat.aversion);
        if (stat.pzxid.0, stat.ephemeral_owner) != (plain.pzxid, 0) || counters != (0, 0) {
            let kin = self.kin_mut(id);
            (kin.pzxid, kin.owner) = (stat.pzxid.0, stat.ephemeral_owner);
            (kin.cversion, kin.aversion) = counters;
        }
        let as_created = (stat.czxid, stat.ctime, 0);
        if (stat.mzxid, stat.mtime, stat.version) != as_created {
            self.set_revision(id, stat.mzxid, stat.mtime, stat.version);
        }
        id
    }

    /// Frees a node that is in no child list any more.
    pub(crate) fn remove(&mut self, id: NodeId) {
        let node = self.nodes.remove(id.0);
        if node.kin != NONE {
            self.kin.remove(node.kin);
        }
        if node.revision != NONE {
            self.revisions.remove(node.revision);
        }
    }

    pub(crate) fn kin(&self, id: NodeId) -> Kin {
        let node = &self.nodes[id.0];
        if node.kin == NONE { Kin::of(node.czxid) } else { self.kin[node.kin] }
    }

    pub(crate) fn kin_mut(&mut self, id: NodeId) -> &mut Kin {
        let node = &mut self.nodes[id.0];
        if node.kin == NONE {
            node.kin = self.kin.insert(Kin::of(node.czxid));
        }
        &mut self.kin[node.kin]
    }

    fn revision(&self, node: &Node) -> Revision {
        if node.revision != NONE {
            return self.revisions[node.revision];
        }
        Revision { mzxid: node.czxid, mtime: node.ctime, version: 0, link: REVISION_LIVE }
    }

    /// The node's data was set, or was when it was loaded.
    pub(crate) fn set_revision(&mut self, id: NodeId, mzxid: Zxid, mtime: i64, version: i32) {
        let new = Revision { mzxid: mzxid.0, mtime, version, link: REVISION_LIVE };
        let node = &mut self.nodes[id.0];
        if node.revision == NONE {
            node.revision = self.revisions.insert(new);
        } else {
            self.revisions[node.revision] = new;
        }
    }

    pub(crate) fn stat(&self, id: NodeId) -> StatPersisted {
        let node = &self.nodes[id.0];
        let (kin, revision) = (self.kin(id), self.revision(node));
        StatPersisted {
            czxid: Zxid(node.czxid),
            mzxid: Zxid(revision.mzxid),
            ctime: node.ctime,
            mtime: revision.mtime,
            version: revision.version,
            cversion: kin.cversion,
            aversion: kin.aversion,
            ephemeral_owner: kin.owner,
            pzxid: Zxid(kin.pzxid),
        }
    }

    pub(crate) fn num_children(&self, id: NodeId) -> u32 {
        self.kin(id).num_children
    }

    pub(crate) fn descendants(&self, id: NodeId) -> u32 {
        self.kin(id).descendants
    }

    /// Adds to the counts of `id` and of everything above it. Deep nodes pay for their depth, as
    /// they do when they are looked up.
    fn count_below(&mut self, id: u32, change: impl Fn(&mut u32)) {
        let mut at = id;
        while at != NONE {
            change(&mut self.kin_mut(NodeId(at)).descendants);
            at = self.nodes[at].parent;
        }
    }

    pub(crate) fn parent(&self, id: NodeId) -> Option<NodeId> {
        NodeId::some(self.nodes[id.0].parent)
    }

    pub(crate) fn first_child(&self, id: NodeId) -> Option<NodeId> {
        NodeId::some(self.kin(id).first_child)
    }

    pub(crate) fn next_sibling(&self, id: NodeId) -> Option<NodeId> {
        NodeId::some(self.nodes[id.0].next)
    }

    pub(crate) fn prev_sibling(&self, id: NodeId) -> Option<NodeId> {
        NodeId::some(self.nodes[id.0].prev)
    }

    /// Links `child` at the head of its parent's list: a snapshot that is already inside that
    /// list never meets it. The child has no children yet.
    pub(crate) fn link(&mut self, parent: NodeId, child: NodeId) {
        let kin = self.kin_mut(parent);
        let head = std::mem::replace(&mut kin.first_child, child.0);
        kin.num_children += 1;
        let node = &mut self.nodes[child.0];
        (node.parent, node.next, node.prev) = (parent.0, head, NONE);
        if head != NONE {
            self.nodes[head].prev = child.0;
        }
        self.count_below(parent.0, |count| *count += 1);
    }

    /// Takes `child`, which has no children any more, out of its parent's list.
    pub(crate) fn unlink(&mut self, child: NodeId) {
        let node = &mut self.nodes[child.0];
        let (parent, next, prev) = (node.parent, node.next, node.prev);
        (node.parent, node.next, node.prev) = (NONE, NONE, NONE);
        let kin = self.kin_mut(NodeId(parent));
        kin.num_children -= 1;
        if prev == NONE {
            kin.first_child = next;
        } else {
            self.nodes[prev].next = next;
        }
        if next != NONE {
            self.nodes[next].prev = prev;
        }
        self.count_below(parent, |count| *count -= 1);
    }

    /// The node after `id` in preorder, leaving out what is below `id`.
    pub(crate) fn after_subtree(&self, id: NodeId) -> Option<NodeId> {
        let mut at = id;
        loop {
            if let Some(next) = self.next_sibling(at) {
                return Some(next);
            }
            at = self.parent(at)?;
        }
    }

    /// The node after `id` in preorder: parents come before children.
    pub(crate) fn after(&self, id: NodeId) -> Option<NodeId> {
        self.first_child(id).or_else(|| self.after_subtree(id))
    }

    /// Does `id` stand at `path`? Compares names from the leaf up; "/" is the root.
    pub(crate) fn is_at(&self, id: NodeId, path: &str) -> bool {
        let (mut at, mut rest) = (&self.nodes[id.0], path.as_bytes());
        if at.parent == NONE {
            return rest == b"/";
        }
        while at.parent != NONE {
            let Some(head) = rest.strip_suffix(at.name_bytes()) else {
                return false;
            };
            let Some(head) = head.strip_suffix(b"/") else {
                return false;
            };
            rest = head;
            at = &self.nodes[at.parent];
        }
        rest.is_empty()
    }

    /// Appends the path of `id` to `out`; nothing for the root.
    pub(crate) fn push_path(&self, id: NodeId, out: &mut String) {
        let (mut depth, mut length) = (0, 0);
        let mut at = &self.nodes[id.0];
        while at.parent != NONE {
            length += 1 + at.name_end();
            depth += 1;
            at = &self.nodes[at.parent];
        }
        out.reserve(length);
        let mut shallow = [id; 16];
        match shallow.get_mut(..depth) {
            Some(way) => self.push_names(id, way, out),
            None => self.push_names(id, &mut vec![id; depth], out),
        }
    }

    /// `way` is as long as `id` is deep.
    fn push_names(&self, id: NodeId, way: &mut [NodeId], out: &mut String) {
        let mut at = id;
        for place in way.iter_mut().rev() {
            *place = at;
            at = NodeId(self.nodes[at.0].parent);
        }
        for node in way {
            out.push('/');
            out.push_str(self.nodes[node.0].name());
        }
    }
}

impl std::ops::Index<NodeId> for Arena {
    type Output = Node;

    fn index(&self, id: NodeId) -> &Node {
        &self.nodes[id.0]
    }
}

impl std::ops::IndexMut<NodeId> for Arena {
    fn index_mut(&mut self, id: NodeId) -> &mut Node {
        &mut self.nodes[id.0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_a_cache_line_and_its_rarer_parts_are_small() {
        assert_eq!((size_of::<Node>(), align_of::<Node>()), (64, 64));
        assert_eq!((size_of::<Kin>(), size_of::<Revision>()), (40, 24));
    }

    #[test]
    fn a_plain_leaf_has_no_second_part() {
        let mut arena = Arena::new();
        let (zxid, time) = (Zxid(7), 1000);
        let stat = StatPersisted {
            czxid: zxid,
            mzxid: zxid,
            pzxid: zxid,
            ctime: time,
            mtime: time,
            ..Default::default()
        };
        let id = arena.insert("leaf", None, &stat, 0);
        assert_eq!((arena.kin.len(), arena.revisions.len()), (0, 0));
        assert_eq!(arena.stat(id), stat);
        arena.set_revision(id, Zxid(9), 2000, 1);
        let set = StatPersisted { mzxid: Zxid(9), mtime: 2000, version: 1, ..stat };
        assert_eq!((arena.stat(id), arena.revisions.len()), (set, 1));
        let owned = StatPersisted { ephemeral_owner: 9, ..stat };
        let id = arena.insert("owned", Some(b""), &owned, 0);
        assert_eq!(arena.kin.len(), 1);
        assert_eq!(arena.stat(id), owned);
        arena.remove(id);
        assert_eq!((arena.kin.len(), arena.len()), (0, 1));
        arena.remove(NodeId(0));
        assert_eq!((arena.revisions.len(), arena.len()), (0, 0));
    }

    #[test]
    fn null_data_is_not_empty_data() {
        let mut node = Node::new("name", None, &StatPersisted::default(), 0);
        assert_eq!((node.name(), node.data()), ("name", None));
        for data in [Some(&b""[..]), None, Some(b"xy"), Some(b"zw"), Some(b""), None] {
            node.set_data(data);
            assert_eq!((node.name(), node.data()), ("name", data));
        }
    }

    #[test]
    fn new_children_come_first_and_any_child_can_leave() {
        let mut arena = Arena::new();
        let stat = StatPersisted::default();
        let root = arena.insert("", Some(b""), &stat, 0);
        let kids: Vec<_> = ["a", "b", "c"]
            .map(|name| {
                let id = arena.insert(name, None, &stat, 0);
                arena.link(root, id);
                id
            })
            .into();
        let list = |arena: &Arena| {
            std::iter::successors(arena.first_child(root), |id| arena.next_sibling(*id))
                .map(|id| arena[id].name().to_owned())
                .collect::<String>()
        };
        assert_eq!(list(&arena), "cba");
        arena.unlink(kids[1]);
        assert_eq!(list(&arena), "ca");
        arena.unlink(kids[2]);
        assert_eq!(list(&arena), "a");
        arena.unlink(kids[0]);
        assert_eq!((list(&arena), arena.num_children(root)), (String::new(), 0));
    }

    #[test]
    fn paths_are_read_back_at_any_depth() {
        let mut arena = Arena::new();
        let stat = StatPersisted::default();
        let mut at = arena.insert("", Some(b""), &stat, 0);
        assert!(arena.is_at(at, "/") && !arena.is_at(at, ""));
        let mut want = String::new();
        for depth in 0..40 {
            let id = arena.insert(&format!("n{depth}"), None, &stat, 0);
            arena.link(at, id);
            want.push_str(&format!("/n{depth}"));
            let mut path = String::new();
            arena.push_path(id, &mut path);
            assert_eq!(path, want);
            assert!(arena.is_at(id, &want) && !arena.is_at(id, &want[1..]));
            at = id;
        }
    }
}
