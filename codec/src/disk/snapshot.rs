//! Parts of a snapshot: what a snapshot file carries behind its header, and what a leader streams
//! behind a SNAP packet.
//!
//! ```text
//! sessions:  i32 n, n x SessionEntry
//! acl map:   i32 m, m x AclEntry
//! nodes:     NodeRecord*, parents first, root with path ""; ended by the string "/"
//! in files:  seal; digest section, seal; last zxid, seal     (see SnapshotTail)
//! ```

use bytes::{BufMut, BytesMut};

use crate::acl::Acl;
use crate::error::DecodeError;
use crate::ids::SessionId;
use crate::jute::{Buffer, Decode, Parsed, Text, Vector, put_text, record};
use crate::stat::StatPersisted;

/// ACL id of `world:anyone` with all permissions; never in the map.
pub const OPEN_ACL_ID: i64 = -1;

record! {
    /// One global session (12 bytes).
    pub struct SessionEntry {
        /// The session.
        pub id: SessionId,
        /// Its timeout, ms.
        pub timeout: i32,
    }
}

record! {
    /// One ACL list and the number that nodes name it by.
    pub struct AclEntry<'a> {
        /// The number; local to the server that wrote it.
        pub id: i64,
        /// The list.
        pub acl: Vector<Acl<'a>>,
    }
}

record! {
    /// One node.
    pub struct NodeRecord<'a> {
        /// Path; "" is the root.
        pub path: Text<'a>,
        /// Data; null stays null.
        pub data: Buffer<'a>,
        /// Number of its ACL list, -1 for the open one. May be missing from the map of a
        /// snapshot that was taken beside writes.
        pub acl_id: i64,
        /// Counters, times and owner.
        pub stat: StatPersisted,
    }
}

/// One item of a snapshot's body, in the order in which they come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SnapshotItem<'a> {
    /// A session.
    Session(SessionEntry),
    /// An ACL list.
    Acl(AclEntry<'a>),
    /// A node.
    Node(NodeRecord<'a>),
    /// The string "/" behind the last node. Nothing of the body follows.
    End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    SessionCount,
    Sessions(i32),
    AclCount,
    Acls(i32),
    Nodes,
    Done,
}

/// Walks through a snapshot's body item by item; the caller keeps the bytes, so that they may
/// come from a file or in pieces from a socket. Holds no data itself.
#[derive(Debug, Clone)]
pub struct SnapshotCursor {
    part: Part,
    max_item: usize,
}

impl SnapshotCursor {
    /// A cursor at the sessions part. No item may take more than `max_item` bytes.
    pub fn new(max_item: usize) -> Self {
        SnapshotCursor { part: Part::SessionCount, max_item }
    }

    /// Takes the next item from the front of `input` and tells the bytes to drop before the next
    /// call; `None` when `input` holds only a part of it, and then nothing is to be dropped.
    ///
    /// # Errors
    /// What is malformed; [`DecodeError::BadLength`] for an item over the limit.
    pub fn next<'a>(
        &mut self,
        input: &'a [u8],
    ) -> Result<Option<(SnapshotItem<'a>, usize)>, DecodeError> {
        let before = self.part;
        match self.item(input) {
            Ok((rest, item)) => self.whole(item, input.len() - rest.len()),
            Err(nom::Err::Error(DecodeError::Truncated)) => {
                self.part = before;
                self.need_more(input.len())
            }
            Err(nom::Err::Error(error) | nom::Err::Failure(error)) => Err(error),
            Err(nom::Err::Incomplete(_)) => Err(DecodeError::Truncated),
        }
    }

    fn whole<'a>(
        &self,
        item: SnapshotItem<'a>,
        used: usize,
    ) -> Result<Option<(SnapshotItem<'a>, usize)>, DecodeError> {
        if used > self.max_item {
            Err(DecodeError::BadLength(used as i64))
        } else {
            Ok(Some((item, used)))
        }
    }

    fn need_more<T>(&self, have: usize) -> Result<Option<T>, DecodeError> {
        if have >= self.max_item { Err(DecodeError::BadLength(have as i64)) } else { Ok(None) }
    }

    fn item<'a>(&mut self, input: &'a [u8]) -> Parsed<'a, SnapshotItem<'a>> {
        let mut rest = input;
        loop {
            match self.part {
                Part::SessionCount => {
                    let (after, count) = i32::decode(rest)?;
                    (rest, self.part) = (after, Part::Sessions(count));
                }
                Part::AclCount => {
                    let (after, count) = i32::decode(rest)?;
                    (rest, self.part) = (after, Part::Acls(count));
                }
                // Negative counts read as none, as in Apache.
                Part::Sessions(..=0) => self.part = Part::AclCount,
                Part::Acls(..=0) => self.part = Part::Nodes,
                Part::Sessions(left) => {
                    let (rest, entry) = SessionEntry::decode(rest)?;
                    self.part = Part::Sessions(left - 1);
                    return Ok((rest, SnapshotItem::Session(entry)));
                }
                Part::Acls(left) => {
                    let (rest, entry) = AclEntry::decode(rest)?;
                    self.part = Part::Acls(left - 1);
                    return Ok((rest, SnapshotItem::Acl(entry)));
                }
                Part::Nodes => return self.node(rest),
                Part::Done => return Ok((rest, SnapshotItem::End)),
            }
        }
    }

    fn node<'a>(&mut self, input: &'a [u8]) -> Parsed<'a, SnapshotItem<'a>> {
        let (rest, path) = Text::decode(input)?;
        if path.as_deref() == Some("/") {
            self.part = Part::Done;
            return Ok((rest, SnapshotItem::End));
        }
        let (rest, node) = NodeRecord::decode(input)?;
        Ok((rest, SnapshotItem::Node(node)))
    }
}

/// Appends the count that begins the sessions part, and the one that begins the ACL map.
pub fn put_count(out: &mut BytesMut, count: usize) {
    out.put_i32(count as i32);
}

/// Appends what ends the nodes.
pub fn put_end_of_nodes(out: &mut BytesMut) {
    put_text(out, "/");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jute::Encode;

    fn body() -> BytesMut {
        let mut out = BytesMut::new();
        put_count(&mut out, 1);
        SessionEntry { id: SessionId(7), timeout: 4000 }.encode(&mut out);
        put_count(&mut out, 1);
        AclEntry { id: 1, acl: Some(vec![Acl::new(1, "world", "anyone")]) }.encode(&mut out);
        let stat = StatPersisted::default();
        for path in ["", "/a"] {
            let path = Some(path.into());
            NodeRecord { path, data: Some(b"x"), acl_id: 1, stat }.encode(&mut out);
        }
        put_end_of_nodes(&mut out);
        out
    }

    fn walk(cursor: &mut SnapshotCursor, mut input: &[u8]) -> (Vec<String>, usize) {
        let (mut seen, whole) = (Vec::new(), input.len());
        while let Some((item, used)) = cursor.next(input).unwrap() {
            input = &input[used..];
            seen.push(match item {
                SnapshotItem::Session(s) => format!("session {}", s.id),
                SnapshotItem::Acl(acl) => format!("acl {}", acl.id),
                SnapshotItem::Node(node) => format!("node {}", node.path.unwrap()),
                SnapshotItem::End => return (seen, whole - input.len()),
            });
        }
        (seen, whole - input.len())
    }

    #[test]
    fn items_come_in_order_and_nothing_behind_the_end_is_taken() {
        let mut bytes = body();
        let length = bytes.len();
        bytes.put_slice(b"seal");
        let (seen, used) = walk(&mut SnapshotCursor::new(1000), &bytes);
        assert_eq!(seen, ["session 0x7", "acl 1", "node ", "node /a"]);
        assert_eq!(used, length);
    }

    #[test]
    fn any_cut_goes_on_with_the_rest() {
        let bytes = body();
        let whole = walk(&mut SnapshotCursor::new(1000), &bytes).0;
        for cut in 0..bytes.len() {
            let mut cursor = SnapshotCursor::new(1000);
            let (mut seen, used) = walk(&mut cursor, &bytes[..cut]);
            seen.extend(walk(&mut cursor, &bytes[used..]).0);
            assert_eq!(seen, whole, "cut at {cut}");
        }
    }

    #[test]
    fn an_item_over_the_limit_is_refused() {
        let bytes = body();
        let mut cursor = SnapshotCursor::new(20);
        let mut input = &bytes[..];
        let error = loop {
            match cursor.next(input) {
                Ok(Some((item, used))) if item != SnapshotItem::End => input = &input[used..],
                other => break other,
            }
        };
        assert!(matches!(error, Err(DecodeError::BadLength(_))));
    }
}
