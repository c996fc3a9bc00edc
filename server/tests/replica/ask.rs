//! Requests as clients send them, short enough to be read in a row. No judgement here.

use bytes::{BufMut, BytesMut};
use codec::acl::open_acl_unsafe;
use codec::client::{
    AddWatchRequest, AuthPacket, CheckVersionRequest, CheckWatchesRequest, CreateRequest,
    DeleteRequest, ExistsRequest, GetChildrenRequest, GetDataRequest, MultiOp, MultiRequest,
    Request, RequestHeader, SetAclRequest, SetDataRequest, SetWatches, SyncRequest,
};
use codec::{Acl, Encode, OpCode, Text, Xid, Zxid};

/// Ephemeral, as create flags say it.
pub const EPHEMERAL: i32 = 1;

/// A frame with its length word.
pub fn frame(xid: i32, op: i32, body: &[u8]) -> Vec<u8> {
    let mut out = BytesMut::new();
    out.put_u32(8 + body.len() as u32);
    RequestHeader { xid: Xid(xid), op }.encode(&mut out);
    out.put_slice(body);
    out.to_vec()
}

pub fn encode(xid: i32, request: &Request<'_>) -> Vec<u8> {
    let mut body = BytesMut::new();
    request.encode(&mut body);
    frame(xid, request.op().code(), &body)
}

/// A request that carries nothing that could be wrong.
pub type Ask = Request<'static>;

fn text(path: &str) -> Text<'static> {
    Some(path.to_owned().into())
}

pub fn create_request(path: &str, flags: i32) -> CreateRequest<'static> {
    let acl = Some(open_acl_unsafe());
    CreateRequest { path: text(path), data: Some(b"0"), acl, flags }
}

pub fn create(path: &str) -> Ask {
    Request::Create(create_request(path, 0))
}

pub fn create_ephemeral(path: &str) -> Ask {
    Request::Create(create_request(path, EPHEMERAL))
}

pub fn create_with_acl(path: &str, acl: Acl<'static>) -> Ask {
    Request::Create(CreateRequest { acl: Some(vec![acl]), ..create_request(path, 0) })
}

pub fn delete(path: &str) -> Ask {
    Request::Delete(DeleteRequest { path: text(path), version: -1 })
}

pub fn set(path: &str, data: &'static [u8]) -> Ask {
    Request::SetData(SetDataRequest { path: text(path), data: Some(data), version: -1 })
}

pub fn set_acl(path: &str, acl: Acl<'static>) -> Ask {
    Request::SetAcl(SetAclRequest { path: text(path), acl: Some(vec![acl]), version: -1 })
}

pub fn exists(path: &str, watch: bool) -> Ask {
    Request::Exists(ExistsRequest { path: text(path), watch })
}

pub fn get(path: &str, watch: bool) -> Ask {
    Request::GetData(GetDataRequest { path: text(path), watch })
}

pub fn children(path: &str, watch: bool) -> Ask {
    Request::GetChildren(GetChildrenRequest { path: text(path), watch })
}

pub fn add_watch(path: &str, mode: i32) -> Ask {
    Request::AddWatch(AddWatchRequest { path: text(path), mode })
}

pub fn check_watches(path: &str, kind: i32) -> Ask {
    Request::CheckWatches(CheckWatchesRequest { path: text(path), kind })
}

pub fn sync(path: &str) -> Ask {
    Request::Sync(SyncRequest { path: text(path) })
}

pub fn multi(ops: Vec<MultiOp<'static>>) -> Ask {
    Request::Multi(MultiRequest { ops })
}

pub fn multi_read(ops: Vec<MultiOp<'static>>) -> Ask {
    Request::MultiRead(MultiRequest { ops })
}

pub fn part_create(path: &str) -> MultiOp<'static> {
    MultiOp::Create(create_request(path, 0))
}

pub fn part_set(path: &str, data: &'static [u8]) -> MultiOp<'static> {
    MultiOp::SetData(SetDataRequest { path: text(path), data: Some(data), version: -1 })
}

pub fn part_delete(path: &str) -> MultiOp<'static> {
    MultiOp::Delete(DeleteRequest { path: text(path), version: -1 })
}

pub fn part_check(path: &str, version: i32) -> MultiOp<'static> {
    MultiOp::Check(CheckVersionRequest { path: text(path), version })
}

pub fn part_get(path: &str) -> MultiOp<'static> {
    MultiOp::GetData(GetDataRequest { path: text(path), watch: false })
}

pub fn auth(credentials: &'static [u8]) -> Ask {
    let scheme = Some("digest".into());
    Request::Auth(AuthPacket { auth_type: 0, scheme, auth: Some(credentials) })
}

pub fn set_watches(seen: Zxid, data: &[&str], exist: &[&str], child: &[&str]) -> Ask {
    let list = |paths: &[&str]| Some(paths.iter().map(|path| text(path)).collect());
    Request::SetWatches(SetWatches {
        relative_zxid: seen,
        data_watches: list(data),
        exist_watches: list(exist),
        child_watches: list(child),
    })
}

pub fn close() -> Ask {
    Request::CloseSession
}

pub fn ping() -> Ask {
    Request::Ping
}

/// An op code that no client may call.
pub const UNKNOWN_OP: i32 = 999;
/// getData, for frames made by hand.
pub const GET_DATA: i32 = OpCode::GetData.code();

/// Adds nothing that was not there.
pub fn auth_ip() -> Ask {
    Request::Auth(AuthPacket { auth_type: 0, scheme: Some("ip".into()), auth: None })
}
