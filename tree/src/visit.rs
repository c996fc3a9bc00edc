//! Walking the tree for a snapshot, a slice at a time, while transactions go on between slices.
//!
//! A cursor holds the next node to write. What is created meanwhile is linked at the head of its
//! parent's list, behind the cursor, or is newer than the cursor's start and passed over; what is
//! deleted meanwhile moves the cursor on. So a snapshot holds every node of its start that lived
//! long enough, each with its Stat, data and children as of some moment after the start, and the
//! log from the start on makes it whole.

use bytes::BytesMut;
use codec::{Encode, Zxid, jute};

use crate::arena::{Arena, NodeId};
use crate::tree::Tree;

/// Names an open cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CursorId(usize);

/// What a passed-over node costs of a slice's budget, so that slices stay short in any tree.
const SKIP_COST_BYTES: usize = 64;

#[derive(Debug)]
struct Cursor {
    start: Zxid,
    /// Invariant: alive.
    next: Option<NodeId>,
}

/// Open cursors: none or one, as a rule.
#[derive(Debug, Default)]
pub(crate) struct Cursors {
    open: Vec<Option<Cursor>>,
}

impl Cursors {
    /// `node`, which has no children, is about to leave the tree.
    pub(crate) fn leaving(&mut self, nodes: &Arena, node: NodeId) {
        for cursor in self.open.iter_mut().flatten() {
            if cursor.next == Some(node) {
                cursor.next = nodes.after_subtree(node);
            }
        }
    }

    /// The next nodes of all open cursors.
    pub(crate) fn next_nodes(&self) -> impl Iterator<Item = NodeId> {
        self.open.iter().flatten().filter_map(|cursor| cursor.next)
    }
}

impl Tree {
    /// Opens a cursor at the root; the snapshot's name is [`Tree::last_zxid`] of this moment.
    /// Write the header's sessions and ACL lists ([`Tree::sessions`], [`Tree::acls`]) now.
    pub fn open_cursor(&mut self) -> CursorId {
        let cursor = Some(Cursor { start: self.last_zxid, next: Some(self.root) });
        let free = self.cursors.open.iter().position(Option::is_none);
        match free {
            Some(place) => self.cursors.open[place] = cursor,
            None => self.cursors.open.push(cursor),
        }
        CursorId(free.unwrap_or(self.cursors.open.len() - 1))
    }

    /// The zxid at which the cursor was opened; `None` if it is closed.
    pub fn cursor_start(&self, cursor: CursorId) -> Option<Zxid> {
        self.cursors.open.get(cursor.0)?.as_ref().map(|cursor| cursor.start)
    }

    /// Appends the next node records (path, data, ACL id, Stat; parents first, the root's path
    /// is "") until about `max_bytes` more stand in `out`. True while there is more to come.
    pub fn snapshot_slice(
        &mut self,
        cursor: CursorId,
        out: &mut BytesMut,
        max_bytes: usize,
    ) -> bool {
        let open = self.cursors.open.get_mut(cursor.0).and_then(Option::take);
        let Some(mut open) = open else { return false };
        let (mark, mut skipped) = (out.len(), 0);
        let mut path = String::new();
        while let Some(id) = open.next {
            if out.len() - mark + skipped >= max_bytes {
                break;
            }
            let newer = self.nodes[id].czxid > open.start.0 && id != self.root;
            if newer {
                skipped += SKIP_COST_BYTES;
                open.next = self.nodes.after_subtree(id);
            } else {
                path.clear();
                self.nodes.push_path(id, &mut path);
                self.put_node(id, &path, out);
                open.next = self.nodes.after(id);
            }
        }
        let more = open.next.is_some();
        self.cursors.open[cursor.0] = Some(open);
        more
    }

    fn put_node(&self, id: NodeId, path: &str, out: &mut BytesMut) {
        let node = &self.nodes[id];
        jute::put_text(out, path);
        node.data().encode(out);
        self.acls.record(node.acl).id().encode(out);
        self.nodes.stat(id).encode(out);
    }

    /// Closes a cursor, whether or not it came to the end.
    pub fn close_cursor(&mut self, cursor: CursorId) {
        if let Some(place) = self.cursors.open.get_mut(cursor.0) {
            *place = None;
        }
    }
}

#[cfg(test)]
mod tests;
