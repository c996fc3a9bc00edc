//! Requests encoded once and patched in place: number, path digits, value stamp. Nothing is
//! encoded or allocated while a run is measured.

use bytes::BytesMut;
use codec::acl::open_acl_unsafe;
use codec::client::{
    CreateRequest, GetChildrenRequest, GetDataRequest, MultiHeader, MultiOp, RequestHeader,
    SetDataRequest, begin_frame, end_frame,
};
use codec::{Encode, OpCode, Text, Xid};

/// The smallest value: it begins with the number of its node.
pub const VALUE_MIN: usize = STAMP;
const STAMP: usize = 8;
/// Length word, xid and op code.
const HEAD: usize = 12;
/// Header of a part of a multi.
const PART_HEAD: usize = 9;
/// Children of one parent in the filled tree.
pub const BUCKET: u64 = 1000;

/// Decimal digits of a path that tell `key / divisor % modulus`.
#[derive(Debug, Clone, Copy)]
struct Field {
    at: usize,
    width: usize,
    divisor: u64,
    modulus: u64,
}

impl Field {
    fn put(&self, path: &mut [u8], key: u64) {
        let mut rest = key / self.divisor % self.modulus;
        for digit in path[self.at..self.at + self.width].iter_mut().rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
    }
}

/// Paths of one length that differ in digits.
#[derive(Debug, Clone)]
pub struct Pattern {
    text: Vec<u8>,
    fields: Vec<Field>,
}

impl Pattern {
    /// `/f<value>/BBBB/NNN`: 14 bytes with values of three digits, up to 10 million keys.
    pub fn filled(value: usize) -> Self {
        let root = format!("/f{value}");
        let at = root.len();
        let text = format!("{root}/0000/000").into_bytes();
        let bucket = Field { at: at + 1, width: 4, divisor: BUCKET, modulus: 10_000 };
        let within = Field { at: at + 6, width: 3, divisor: 1, modulus: BUCKET };
        Pattern { text, fields: vec![bucket, within] }
    }

    /// `<parent>/NNNNNNNN`: up to 100 million keys.
    pub fn under(parent: &str) -> Self {
        let text = format!("{parent}/00000000").into_bytes();
        let field = Field { at: parent.len() + 1, width: 8, divisor: 1, modulus: 100_000_000 };
        Pattern { text, fields: vec![field] }
    }

    /// This path and no other.
    pub fn fixed(path: &str) -> Self {
        Pattern { text: path.as_bytes().to_vec(), fields: Vec::new() }
    }

    /// The path of `key`.
    pub fn path(&self, key: u64) -> String {
        let mut text = self.text.clone();
        self.fields.iter().for_each(|field| field.put(&mut text, key));
        String::from_utf8_lossy(&text).into_owned()
    }

    /// Whether `path` is the path of `key`; patches itself, so that nothing is allocated.
    pub fn is_path(&mut self, key: u64, path: &[u8]) -> bool {
        for field in &self.fields {
            field.put(&mut self.text, key);
        }
        self.text == path
    }
}

/// What a reply must look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// create.
    Create,
    /// setData.
    Set,
    /// getData.
    Get,
    /// getChildren.
    Children,
    /// multi of setData.
    Multi,
}

/// One path (and value) within a frame.
#[derive(Debug, Clone)]
struct Slot {
    path_at: usize,
    value_at: Option<usize>,
    /// Added to the frame's key, within `keys`.
    add: u64,
}

/// A whole frame whose number, paths and stamps are set before each use.
#[derive(Debug, Clone)]
pub struct Template {
    /// What its reply must look like.
    pub kind: Kind,
    bytes: Vec<u8>,
    pattern: Pattern,
    slots: Vec<Slot>,
    keys: u64,
}

/// A value of `len` bytes for a template; its stamp is patched later.
pub fn value(len: usize) -> Vec<u8> {
    (0..len.max(VALUE_MIN)).map(|i| (i as u32).wrapping_mul(0x9e37_79b1).to_be_bytes()[1]).collect()
}

fn frame(op: OpCode, body: impl FnOnce(&mut BytesMut)) -> Vec<u8> {
    let mut out = BytesMut::new();
    let mark = begin_frame(&mut out);
    RequestHeader { xid: Xid(0), op: op.code() }.encode(&mut out);
    body(&mut out);
    end_frame(&mut out, mark);
    out.to_vec()
}

fn text(path: &str) -> Text<'_> {
    Some(path.into())
}

impl Template {
    fn single(kind: Kind, pattern: Pattern, bytes: Vec<u8>) -> Self {
        let path_at = HEAD + 4;
        let has_value = matches!(kind, Kind::Create | Kind::Set);
        let value_at = has_value.then_some(path_at + pattern.text.len() + 4);
        let slots = vec![Slot { path_at, value_at, add: 0 }];
        Template { kind, bytes, pattern, slots, keys: u64::MAX }
    }

    /// create, persistent, open to all.
    pub fn create(pattern: Pattern, len: usize) -> Self {
        let (path, data) = (pattern.path(0), value(len));
        let acl = Some(open_acl_unsafe());
        let request = CreateRequest { path: text(&path), data: Some(&data), acl, flags: 0 };
        Self::single(Kind::Create, pattern, frame(OpCode::Create, |out| request.encode(out)))
    }

    /// setData of any version.
    pub fn set(pattern: Pattern, len: usize) -> Self {
        let (path, data) = (pattern.path(0), value(len));
        let request = SetDataRequest { path: text(&path), data: Some(&data), version: -1 };
        Self::single(Kind::Set, pattern, frame(OpCode::SetData, |out| request.encode(out)))
    }

    /// getData, leaving a watch or not.
    pub fn get(pattern: Pattern, watch: bool) -> Self {
        let path = pattern.path(0);
        let request = GetDataRequest { path: text(&path), watch };
        Self::single(Kind::Get, pattern, frame(OpCode::GetData, |out| request.encode(out)))
    }

    /// getChildren.
    pub fn children(pattern: Pattern) -> Self {
        let path = pattern.path(0);
        let request = GetChildrenRequest { path: text(&path), watch: false };
        Self::single(Kind::Children, pattern, frame(OpCode::GetChildren, |out| request.encode(out)))
    }

    /// multi of `parts` setData on nodes that lie apart among `keys`.
    pub fn multi(pattern: Pattern, len: usize, parts: usize, keys: u64) -> Self {
        let (path, data) = (pattern.path(0), value(len));
        let mut slots = Vec::with_capacity(parts);
        let bytes = frame(OpCode::Multi, |out| {
            for part in 0..parts {
                let path_at = out.len() + PART_HEAD + 4;
                let value_at = Some(path_at + path.len() + 4);
                let add = part as u64 * (keys / parts as u64).max(1);
                slots.push(Slot { path_at, value_at, add });
                let set = SetDataRequest { path: text(&path), data: Some(&data), version: -1 };
                MultiOp::SetData(set).encode(out);
            }
            MultiHeader::TERMINATOR.encode(out);
        });
        Template { kind: Kind::Multi, bytes, pattern, slots, keys }
    }

    /// Appends the frame for `key` with number `xid`.
    pub fn write(&mut self, xid: i32, key: u64, out: &mut Vec<u8>) {
        self.bytes[4..8].copy_from_slice(&xid.to_be_bytes());
        for slot in &self.slots {
            let key = (key + slot.add) % self.keys;
            let path = &mut self.bytes[slot.path_at..];
            self.pattern.fields.iter().for_each(|field| field.put(path, key));
            if let Some(at) = slot.value_at {
                self.bytes[at..at + STAMP].copy_from_slice(&key.to_be_bytes());
            }
        }
        out.extend_from_slice(&self.bytes);
    }

    /// Whether `path` is what this template wrote for `key`.
    pub fn is_path(&mut self, key: u64, path: &[u8]) -> bool {
        self.pattern.is_path(key, path)
    }
}

/// The number of the node that a value was written for.
pub fn stamp(value: &[u8]) -> Option<u64> {
    value.first_chunk().map(|bytes| u64::from_be_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use codec::Decode;
    use codec::client::requests::Request;

    fn sent(template: &mut Template, key: u64) -> Vec<u8> {
        let mut out = Vec::new();
        template.write(77, key, &mut out);
        let length = i32::from_be_bytes(*out.first_chunk().unwrap()) as usize;
        assert_eq!(length + 4, out.len());
        out.split_off(4)
    }

    fn decoded(bytes: &[u8]) -> Request<'_> {
        let (body, header) = RequestHeader::decode(bytes).unwrap();
        assert_eq!(header.xid, Xid(77));
        Request::decode(header.op, body).unwrap()
    }

    #[test]
    fn paths_tell_their_key() {
        assert_eq!(Pattern::filled(100).path(1_234_567), "/f100/1234/567");
        assert_eq!(Pattern::filled(100).path(9_999_999).len(), 14);
        assert_eq!(Pattern::under("/c/1").path(42), "/c/1/00000042");
        assert!(Pattern::filled(100).is_path(1_002, b"/f100/0001/002"));
        assert!(!Pattern::filled(100).is_path(1_003, b"/f100/0001/002"));
    }

    #[test]
    fn a_patched_set_is_the_request_that_was_meant() {
        let bytes = sent(&mut Template::set(Pattern::filled(100), 100), 4_321);
        let Request::SetData(set) = decoded(&bytes) else { panic!("not setData") };
        assert_eq!(set.path.as_deref(), Some("/f100/0004/321"));
        assert_eq!(set.data.map(<[u8]>::len), Some(100));
        assert_eq!(set.data.and_then(stamp), Some(4_321));
        assert_eq!(set.version, -1);
    }

    #[test]
    fn a_patched_create_get_and_list_are_what_was_meant() {
        let bytes = sent(&mut Template::create(Pattern::under("/c"), 8), 5);
        let Request::Create(create) = decoded(&bytes) else { panic!("not create") };
        assert_eq!(create.path.as_deref(), Some("/c/00000005"));
        assert_eq!(create.data.and_then(stamp), Some(5));
        let bytes = sent(&mut Template::get(Pattern::filled(100), true), 7);
        let Request::GetData(get) = decoded(&bytes) else { panic!("not getData") };
        assert_eq!((get.path.as_deref(), get.watch), (Some("/f100/0000/007"), true));
        let bytes = sent(&mut Template::children(Pattern::fixed("/f")), 7);
        let Request::GetChildren(list) = decoded(&bytes) else { panic!("not getChildren") };
        assert_eq!(list.path.as_deref(), Some("/f"));
    }

    #[test]
    fn the_parts_of_a_multi_lie_apart_and_wrap() {
        let bytes = sent(&mut Template::multi(Pattern::filled(100), 100, 4, 100), 60);
        let Request::Multi(multi) = decoded(&bytes) else { panic!("not multi") };
        let keys: Vec<_> = multi
            .ops
            .iter()
            .map(|op| match op {
                MultiOp::SetData(set) => set.data.and_then(stamp).unwrap(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(keys, [60, 85, 10, 35]);
    }
}
