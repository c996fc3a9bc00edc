//! Requests that are answered from local state: reads, pings, watches, whoAmI.
//!
//! A watch is registered in the same look at the tree as its read, so every change that the
//! answer does not show fires it.

use std::sync::Arc;

use bytes::{BufMut, BytesMut};
use codec::acl::perms;
use codec::client::{
    ExistsRequest, GetAclRequest, GetAllChildrenNumberRequest, GetChildrenRequest, GetDataRequest,
    GetEphemeralsRequest, RequestHeader, SyncRequest,
};
use codec::jute::put_text;
use codec::{Acl, Decode, Encode, ErrorCode, OpCode, Text, Xid};
use tree::authorize::{Identity, READ_OR_ADMIN, mask_digests};
use tree::node::NodeRef;
use tree::tree::Tree;
use tree::watch::Table;

use super::clock::Instant;
use super::connection::{Connection, Ending, OUTPUT_CUT_BYTES, State};
use super::{Replica, multi_read, replies, watches};

/// Largest body of one answer. ZooKeeper has no such limit; clients cut the connection at theirs
/// (1 MiB for most), and a listing of many millions of names would stall everybody.
pub const REPLY_BYTES_MAX: usize = 64 << 20;

/// What a child's name in a listing costs, in bytes written or the like.
const CHILD_COST: u64 = 32;
/// What the path of an ephemeral costs.
const EPHEMERAL_COST: u64 = 128;
/// Fewest bytes of a name in a listing.
const NAME_BYTES_MIN: usize = 5;

/// What a local request sees.
pub(super) struct Look<'a> {
    pub replica: &'a Replica,
    pub tree: &'a Tree,
    pub from: &'a Arc<Connection>,
    pub identities: &'a [Identity],
    /// When the request was read.
    pub read: Instant,
    pub now: Instant,
}

/// The answer's body is in the buffer already, or there is none.
type Answer = Result<(), ErrorCode>;

impl Look<'_> {
    /// Answers one local request into the outbox. `frame` is header and body. Answers what that
    /// cost, in bytes written or the like.
    pub fn serve(&self, state: &mut State, frame: &[u8]) -> u64 {
        let Ok((body, header)) = RequestHeader::decode(frame) else { return 0 };
        let Some(op) = OpCode::from_code(header.op) else { return 0 };
        let (zxid, mark) = (self.tree.last_zxid(), state.out.len());
        let xid = if op == OpCode::Ping { Xid::PING } else { header.xid };
        if matches!(op, OpCode::SetWatches | OpCode::SetWatches2) {
            // Its events come before its answer.
            match watches::set(self, op, body, &mut state.out) {
                Ok(()) => replies::put_reply(&mut state.out, xid, zxid, |_| {}),
                Err(err) => replies::put_error(&mut state.out, xid, zxid, err),
            }
        } else if op == OpCode::MultiRead {
            multi_read::answer(self, body, (xid, zxid), &mut state.out);
        } else {
            answer(self, op, body, xid, zxid, &mut state.out);
        }
        let bytes = state.out.len() - mark;
        state.tally.frame(bytes);
        if let Some(path) = path_read(op, body) {
            let set = &self.replica.metrics.read_per_namespace;
            state.reads.record(set, path, path.len() + bytes);
        }
        state.figures.answered(header.op, header.xid, zxid, self.read, self.now);
        if state.unsent() > OUTPUT_CUT_BYTES {
            tracing::warn!(peer = %self.from.peer, session = %self.from.session(),
                bytes = state.unsent(), "closed: the client asks and does not read its answers");
            state.ending = Ending::Now;
        }
        let may_watch = match op {
            OpCode::SetWatches | OpCode::SetWatches2 | OpCode::AddWatch => true,
            OpCode::Exists => body.last() != Some(&0),
            _ => false,
        };
        if may_watch {
            watches::bound(self, state);
        }
        bytes as u64 + self.hidden_cost(op)
    }

    /// What an operation costs beside the bytes of its answer.
    fn hidden_cost(&self, op: OpCode) -> u64 {
        match op {
            OpCode::GetEphemerals => {
                self.tree.ephemeral_count_of(self.from.session()) as u64 * EPHEMERAL_COST
            }
            _ => 0,
        }
    }

    /// What a request will probably cost.
    pub fn expected_cost(&self, frame: &[u8]) -> u64 {
        let Ok((body, header)) = RequestHeader::decode(frame) else { return 0 };
        let Some(op) = OpCode::from_code(header.op) else { return 0 };
        let node = || path_read(op, body).and_then(|path| self.find(path));
        let bytes = match op {
            OpCode::GetData => node().map_or(0, |node| node.data().map_or(0, <[u8]>::len)) as u64,
            OpCode::GetChildren | OpCode::GetChildren2 => {
                node().map_or(0, |node| u64::from(node.num_children()) * CHILD_COST)
            }
            OpCode::MultiRead | OpCode::SetWatches | OpCode::SetWatches2 => {
                body.len() as u64 * CHILD_COST
            }
            _ => 0,
        };
        bytes + self.hidden_cost(op)
    }
}

/// The path of a read that counts for its namespace: the first field of its body.
fn path_read(op: OpCode, body: &[u8]) -> Option<&str> {
    let counts =
        matches!(op, OpCode::GetData | OpCode::Exists | OpCode::GetChildren | OpCode::GetChildren2);
    counts.then(|| first_text(body))?
}

/// The text that a body begins with, nearly always a path.
pub(super) fn first_text(body: &[u8]) -> Option<&str> {
    let length = u32::from_be_bytes(*body.first_chunk::<4>()?) as usize;
    std::str::from_utf8(body.get(4..4usize.checked_add(length)?)?).ok()
}

fn answer(
    look: &Look<'_>,
    op: OpCode,
    body: &[u8],
    xid: Xid,
    zxid: codec::Zxid,
    out: &mut BytesMut,
) {
    let mark = out.len();
    let mut result = Ok(());
    replies::put_reply(out, xid, zxid, |out| result = body_of(look, op, body, out));
    let bytes = out.len() - mark;
    if result.is_ok() && bytes > REPLY_BYTES_MAX {
        tracing::warn!(peer = %look.from.peer, session = %look.from.session(), ?op, bytes,
            "refused: the answer is larger than any client takes");
        result = Err(ErrorCode::MarshallingError);
    }
    match result {
        Ok(()) => look.replica.note_large_reply(look.from, op, bytes),
        Err(err) => {
            out.truncate(mark);
            replies::put_error(out, xid, zxid, err);
        }
    }
}

pub(super) fn read<'a, T: Decode<'a>>(body: &'a [u8]) -> Result<T, ErrorCode> {
    T::from_bytes(body).map_err(|_| ErrorCode::MarshallingError)
}

fn body_of(look: &Look<'_>, op: OpCode, body: &[u8], out: &mut BytesMut) -> Answer {
    match op {
        OpCode::Ping => Ok(()),
        OpCode::Exists => exists(look, read(body)?, out),
        OpCode::GetData => get_data(look, read(body)?, out),
        OpCode::GetAcl => get_acl(look, read(body)?, out),
        OpCode::GetChildren => get_children(look, read(body)?, out).map(drop),
        OpCode::GetChildren2 => {
            let node = get_children(look, read(body)?, out)?;
            node.stat().encode(out);
            Ok(())
        }
        OpCode::Sync => {
            read::<SyncRequest<'_>>(body)?.path.encode(out);
            Ok(())
        }
        OpCode::GetEphemerals => get_ephemerals(look, &read(body)?, out),
        OpCode::GetAllChildrenNumber => get_all_children_number(look, read(body)?, out),
        OpCode::WhoAmI => {
            who_am_i(look, out);
            Ok(())
        }
        OpCode::AddWatch => watches::add(look, body, out),
        OpCode::CheckWatches => watches::check(look, body),
        OpCode::RemoveWatches => watches::remove(look, body),
        _ => Err(ErrorCode::Unimplemented),
    }
}

impl<'a> Look<'a> {
    /// # Errors
    /// NONODE, or NOAUTH without `permission`.
    fn node(&self, path: &str, permission: i32) -> Result<NodeRef<'a>, ErrorCode> {
        let node = self.find(path).ok_or(ErrorCode::NoNode)?;
        self.allow(&node, permission)?;
        Ok(node)
    }

    /// The reference keeps the root under two names, and so the empty path reads it.
    fn find(&self, path: &str) -> Option<NodeRef<'a>> {
        self.tree.get(if path.is_empty() { "/" } else { path })
    }

    fn allow(&self, node: &NodeRef<'_>, permission: i32) -> Answer {
        self.replica.rules.access.check_record(node.acl(), permission, self.identities)
    }

    fn watch(&self, wanted: bool, path: &str, table: Table) {
        if wanted {
            let mut watches = self.replica.watches.lock();
            watches.watch(self.tree, path, self.from.id, table);
        }
    }
}

/// A path that must not be null.
pub(super) fn some_path(path: Text<'_>) -> Result<std::borrow::Cow<'_, str>, ErrorCode> {
    path.ok_or(ErrorCode::MarshallingError)
}

/// Watches also where there is no node, but never where the caller may not read.
fn exists(look: &Look<'_>, request: ExistsRequest<'_>, out: &mut BytesMut) -> Answer {
    let path = some_path(request.path)?;
    if path.contains('\0') {
        return Err(ErrorCode::BadArguments);
    }
    let node = look.find(&path);
    if let Some(node) = &node {
        look.allow(node, perms::READ)?;
    }
    look.watch(request.watch, &path, Table::Data);
    node.ok_or(ErrorCode::NoNode)?.stat().encode(out);
    Ok(())
}

pub(super) fn get_data(look: &Look<'_>, request: GetDataRequest<'_>, out: &mut BytesMut) -> Answer {
    let path = some_path(request.path)?;
    let node = look.node(&path, perms::READ)?;
    look.watch(request.watch, &path, Table::Data);
    node.data().encode(out);
    node.stat().encode(out);
    Ok(())
}

fn get_acl(look: &Look<'_>, request: GetAclRequest<'_>, out: &mut BytesMut) -> Answer {
    let node = look.node(&some_path(request.path)?, READ_OR_ADMIN)?;
    let mut acl: Vec<Acl<'_>> = node.acl().entries().to_vec();
    if look.allow(&node, perms::ADMIN).is_err() {
        mask_digests(&mut acl);
    }
    acl.encode(out);
    node.stat().encode(out);
    Ok(())
}

pub(super) fn get_children<'a>(
    look: &Look<'a>,
    request: GetChildrenRequest<'_>,
    out: &mut BytesMut,
) -> Result<NodeRef<'a>, ErrorCode> {
    let path = some_path(request.path)?;
    let node = look.node(&path, perms::READ)?;
    put_children(&node, out)?;
    look.watch(request.watch, &path, Table::Child);
    Ok(node)
}

/// # Errors
/// MARSHALLINGERROR as soon as the listing passes what an answer may hold.
fn put_children(node: &NodeRef<'_>, out: &mut BytesMut) -> Answer {
    if node.num_children() as usize * NAME_BYTES_MIN > REPLY_BYTES_MAX {
        return Err(ErrorCode::MarshallingError);
    }
    let mark = out.len();
    out.put_i32(node.num_children() as i32);
    for (_, name) in node.children() {
        put_text(out, name);
        if out.len() - mark > REPLY_BYTES_MAX {
            return Err(ErrorCode::MarshallingError);
        }
    }
    Ok(())
}

fn get_ephemerals(
    look: &Look<'_>,
    request: &GetEphemeralsRequest<'_>,
    out: &mut BytesMut,
) -> Answer {
    let prefix = request.path.as_deref().unwrap_or_default();
    let all = prefix.trim().is_empty() || prefix == "/";
    let paths = look.tree.ephemerals_of(look.from.session());
    let paths: Vec<Text<'_>> = paths
        .filter(|path| all || path.starts_with(prefix))
        .map(|path| Some(path.into()))
        .collect();
    paths.encode(out);
    Ok(())
}

fn get_all_children_number(
    look: &Look<'_>,
    request: GetAllChildrenNumberRequest<'_>,
    out: &mut BytesMut,
) -> Answer {
    let node = look.node(&some_path(request.path)?, perms::READ)?;
    out.put_i32(look.tree.descendants(node.id()) as i32);
    Ok(())
}

/// The connection's identities without their secrets.
fn who_am_i(look: &Look<'_>, out: &mut BytesMut) {
    out.put_i32(look.identities.len() as i32);
    for identity in look.identities {
        let user = match &*identity.scheme {
            "digest" => identity.id.split(':').next().unwrap_or_default(),
            "super" => "",
            _ => &identity.id,
        };
        put_text(out, &identity.scheme);
        put_text(out, user);
    }
}
