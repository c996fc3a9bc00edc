//! Bodies of transactions by type, in wire order.

use bytes::BytesMut;

use crate::acl::Acl;
use crate::code::OpCode;
use crate::error::DecodeError;
use crate::jute::{Buffer, Decode, Encode, Parsed, Text, Vector, fail, record};

record! {
    /// create (1) and create2 (15).
    pub struct CreateTxn<'a> {
        /// Final path.
        pub path: Text<'a>,
        /// Data.
        pub data: Buffer<'a>,
        /// Final ACL.
        pub acl: Vector<Acl<'a>>,
        /// Owned by the session in the header.
        pub ephemeral: bool,
        /// The parent's stored child counter behind this creation; -1 means "one more".
        pub parent_cversion: i32,
    }
}

record! {
    /// createContainer (19).
    pub struct CreateContainerTxn<'a> {
        /// Final path.
        pub path: Text<'a>,
        /// Data.
        pub data: Buffer<'a>,
        /// Final ACL.
        pub acl: Vector<Acl<'a>>,
        /// As in [`CreateTxn`].
        pub parent_cversion: i32,
    }
}

record! {
    /// createTTL (21).
    pub struct CreateTtlTxn<'a> {
        /// Final path.
        pub path: Text<'a>,
        /// Data.
        pub data: Buffer<'a>,
        /// Final ACL.
        pub acl: Vector<Acl<'a>>,
        /// As in [`CreateTxn`].
        pub parent_cversion: i32,
        /// Time to live, ms.
        pub ttl: i64,
    }
}

record! {
    /// delete (2) and deleteContainer (20).
    pub struct DeleteTxn<'a> {
        /// Path.
        pub path: Text<'a>,
    }
}

record! {
    /// setData (5) and reconfig (16).
    pub struct SetDataTxn<'a> {
        /// Path.
        pub path: Text<'a>,
        /// New data.
        pub data: Buffer<'a>,
        /// New version.
        pub version: i32,
    }
}

record! {
    /// setACL (7).
    pub struct SetAclTxn<'a> {
        /// Path.
        pub path: Text<'a>,
        /// New ACL.
        pub acl: Vector<Acl<'a>>,
        /// New aversion.
        pub version: i32,
    }
}

record! {
    /// check (13), only as a part of multi; has no effect.
    pub struct CheckVersionTxn<'a> {
        /// Path.
        pub path: Text<'a>,
        /// Expected version plus one.
        pub version: i32,
    }
}

record! {
    /// createSession (-10).
    pub struct CreateSessionTxn {
        /// Session timeout, ms.
        pub time_out: i32,
    }
}

record! {
    /// closeSession (-11), 3.6 and later.
    pub struct CloseSessionTxn<'a> {
        /// Ephemerals to delete.
        pub paths_to_delete: Vector<Text<'a>>,
    }
}

record! {
    /// error (-1).
    pub struct ErrorTxn {
        /// Error code.
        pub err: i32,
    }
}

record! {
    /// One part of multi: a type and the body's bytes.
    pub struct SubTxn<'a> {
        /// Type of the body.
        pub txn_type: i32,
        /// The body's bytes; read them with [`TxnBody::decode`].
        pub data: Buffer<'a>,
    }
}

record! {
    /// multi (14).
    pub struct MultiTxn<'a> {
        /// The parts in order.
        pub txns: Vec<SubTxn<'a>>,
    }
}

/// The body of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TxnBody<'a> {
    /// create.
    Create(CreateTxn<'a>),
    /// create2: the same, but the reply carries a Stat.
    Create2(CreateTxn<'a>),
    /// createContainer.
    CreateContainer(CreateContainerTxn<'a>),
    /// createTTL.
    CreateTtl(CreateTtlTxn<'a>),
    /// delete.
    Delete(DeleteTxn<'a>),
    /// deleteContainer.
    DeleteContainer(DeleteTxn<'a>),
    /// setData.
    SetData(SetDataTxn<'a>),
    /// reconfig.
    Reconfig(SetDataTxn<'a>),
    /// setACL.
    SetAcl(SetAclTxn<'a>),
    /// check.
    Check(CheckVersionTxn<'a>),
    /// multi.
    Multi(MultiTxn<'a>),
    /// createSession.
    CreateSession(CreateSessionTxn),
    /// closeSession; `None` is the empty body of servers before 3.6.
    CloseSession(Option<CloseSessionTxn<'a>>),
    /// error.
    Error(ErrorTxn),
}

fn map<'a, T: Decode<'a>>(input: &'a [u8], wrap: fn(T) -> TxnBody<'a>) -> Parsed<'a, TxnBody<'a>> {
    let (rest, value) = T::decode(input)?;
    Ok((rest, wrap(value)))
}

impl<'a> TxnBody<'a> {
    /// Parses the body of a transaction of type `txn_type`.
    ///
    /// # Errors
    /// [`DecodeError::UnknownType`] for a type that no server writes, else what is malformed.
    pub fn decode(txn_type: i32, input: &'a [u8]) -> Parsed<'a, Self> {
        let Some(op) = OpCode::from_code(txn_type) else {
            return fail(DecodeError::UnknownType(txn_type));
        };
        match op {
            OpCode::Create => create(input, TxnBody::Create),
            OpCode::Create2 => create(input, TxnBody::Create2),
            OpCode::CreateContainer => map(input, TxnBody::CreateContainer),
            OpCode::CreateTtl => map(input, TxnBody::CreateTtl),
            OpCode::Delete => map(input, TxnBody::Delete),
            OpCode::DeleteContainer => map(input, TxnBody::DeleteContainer),
            OpCode::SetData => map(input, TxnBody::SetData),
            OpCode::Reconfig => map(input, TxnBody::Reconfig),
            OpCode::SetAcl => map(input, TxnBody::SetAcl),
            OpCode::Check => map(input, TxnBody::Check),
            OpCode::Multi => map(input, TxnBody::Multi),
            OpCode::CreateSession => map(input, TxnBody::CreateSession),
            OpCode::CloseSession => Ok(close_session(input)),
            OpCode::Error => map(input, TxnBody::Error),
            _ => fail(DecodeError::UnknownType(txn_type)),
        }
    }

    /// The type number that goes with this body.
    pub fn op(&self) -> OpCode {
        match self {
            TxnBody::Create(_) => OpCode::Create,
            TxnBody::Create2(_) => OpCode::Create2,
            TxnBody::CreateContainer(_) => OpCode::CreateContainer,
            TxnBody::CreateTtl(_) => OpCode::CreateTtl,
            TxnBody::Delete(_) => OpCode::Delete,
            TxnBody::DeleteContainer(_) => OpCode::DeleteContainer,
            TxnBody::SetData(_) => OpCode::SetData,
            TxnBody::Reconfig(_) => OpCode::Reconfig,
            TxnBody::SetAcl(_) => OpCode::SetAcl,
            TxnBody::Check(_) => OpCode::Check,
            TxnBody::Multi(_) => OpCode::Multi,
            TxnBody::CreateSession(_) => OpCode::CreateSession,
            TxnBody::CloseSession(_) => OpCode::CloseSession,
            TxnBody::Error(_) => OpCode::Error,
        }
    }
}

/// Servers before 3.4 wrote no `parentCVersion`, and nothing behind the body: -1 then.
fn create<'a>(input: &'a [u8], wrap: fn(CreateTxn<'a>) -> TxnBody<'a>) -> Parsed<'a, TxnBody<'a>> {
    match CreateTxnV0::decode(input) {
        Ok((rest @ [], old)) => Ok((rest, wrap(old.into()))),
        _ => map(input, wrap),
    }
}

record! {
    /// create as servers before 3.4 wrote it.
    pub struct CreateTxnV0<'a> {
        /// Final path.
        pub path: Text<'a>,
        /// Data.
        pub data: Buffer<'a>,
        /// Final ACL.
        pub acl: Vector<Acl<'a>>,
        /// Owned by the session in the header.
        pub ephemeral: bool,
    }
}

impl<'a> From<CreateTxnV0<'a>> for CreateTxn<'a> {
    fn from(old: CreateTxnV0<'a>) -> Self {
        let CreateTxnV0 { path, data, acl, ephemeral } = old;
        CreateTxn { path, data, acl, ephemeral, parent_cversion: -1 }
    }
}

/// A body of 3.6 and later is a vector. What does not parse as such is the empty body of older
/// servers, perhaps with a digest behind it; so is what would be two empty paths in 12 bytes: a
/// digest of version 2.
fn close_session(input: &[u8]) -> (&[u8], TxnBody<'_>) {
    let digest_alone = input.len() == 12 && input.starts_with(&2_i32.to_be_bytes());
    match CloseSessionTxn::decode(input) {
        Ok((rest, body)) if !digest_alone => (rest, TxnBody::CloseSession(Some(body))),
        _ => (input, TxnBody::CloseSession(None)),
    }
}

impl Encode for TxnBody<'_> {
    fn encode(&self, out: &mut BytesMut) {
        match self {
            TxnBody::Create(body) | TxnBody::Create2(body) => body.encode(out),
            TxnBody::CreateContainer(body) => body.encode(out),
            TxnBody::CreateTtl(body) => body.encode(out),
            TxnBody::Delete(body) | TxnBody::DeleteContainer(body) => body.encode(out),
            TxnBody::SetData(body) | TxnBody::Reconfig(body) => body.encode(out),
            TxnBody::SetAcl(body) => body.encode(out),
            TxnBody::Check(body) => body.encode(out),
            TxnBody::Multi(body) => body.encode(out),
            TxnBody::CreateSession(body) => body.encode(out),
            TxnBody::CloseSession(Some(body)) => body.encode(out),
            TxnBody::CloseSession(None) => {}
            TxnBody::Error(body) => body.encode(out),
        }
    }
}
