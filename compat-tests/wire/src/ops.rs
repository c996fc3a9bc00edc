//! Parts of multi and multiRead requests, each with the usual arguments.

use std::borrow::Cow;

use codec::acl::{Acl, open_acl_unsafe};
use codec::client::{
    CheckVersionRequest, CreateRequest, CreateTtlRequest, DeleteRequest, GetChildrenRequest,
    GetDataRequest, MultiOp, SetDataRequest,
};

fn request<'a>(path: impl Into<Cow<'a, str>>, acl: Vec<Acl<'a>>, flags: i32) -> CreateRequest<'a> {
    CreateRequest { path: Some(path.into()), data: Some(b""), acl: Some(acl), flags }
}

/// create, persistent, open ACL.
pub fn create<'a>(path: impl Into<Cow<'a, str>>) -> MultiOp<'a> {
    create_flags(path, 0)
}

/// create with these flags.
pub fn create_flags<'a>(path: impl Into<Cow<'a, str>>, flags: i32) -> MultiOp<'a> {
    MultiOp::Create(request(path, open_acl_unsafe(), flags))
}

/// create with this ACL.
pub fn create_acl<'a>(path: impl Into<Cow<'a, str>>, acl: Vec<Acl<'a>>) -> MultiOp<'a> {
    MultiOp::Create(request(path, acl, 0))
}

/// create2 with these flags.
pub fn create2<'a>(path: impl Into<Cow<'a, str>>, flags: i32) -> MultiOp<'a> {
    MultiOp::Create2(request(path, open_acl_unsafe(), flags))
}

/// createContainer with these flags.
pub fn container<'a>(path: impl Into<Cow<'a, str>>, flags: i32) -> MultiOp<'a> {
    MultiOp::CreateContainer(request(path, open_acl_unsafe(), flags))
}

/// createTTL.
pub fn ttl<'a>(path: impl Into<Cow<'a, str>>, flags: i32, ttl: i64) -> MultiOp<'a> {
    let (path, data, acl) = (Some(path.into()), Some(&b""[..]), Some(open_acl_unsafe()));
    MultiOp::CreateTtl(CreateTtlRequest { path, data, acl, flags, ttl })
}

/// delete.
pub fn delete<'a>(path: impl Into<Cow<'a, str>>, version: i32) -> MultiOp<'a> {
    MultiOp::Delete(DeleteRequest { path: Some(path.into()), version })
}

/// setData.
pub fn set<'a>(path: impl Into<Cow<'a, str>>, data: &'a [u8], version: i32) -> MultiOp<'a> {
    MultiOp::SetData(SetDataRequest { path: Some(path.into()), data: Some(data), version })
}

/// check.
pub fn check<'a>(path: impl Into<Cow<'a, str>>, version: i32) -> MultiOp<'a> {
    MultiOp::Check(CheckVersionRequest { path: Some(path.into()), version })
}

/// getData.
pub fn get<'a>(path: impl Into<Cow<'a, str>>) -> MultiOp<'a> {
    MultiOp::GetData(GetDataRequest { path: Some(path.into()), watch: false })
}

/// getChildren.
pub fn children<'a>(path: impl Into<Cow<'a, str>>) -> MultiOp<'a> {
    MultiOp::GetChildren(GetChildrenRequest { path: Some(path.into()), watch: false })
}
