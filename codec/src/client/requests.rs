//! All requests in one type: what a frame behind the handshake asks for.
//!
//! Which of them a client may send, and when, is the server's rule; `createSession` and
//! `deleteContainer` are here because learners forward them to their leader.

use bytes::{BufMut, BytesMut};

use crate::client::multi::MultiRequest;
use crate::client::request::*;
use crate::code::OpCode;
use crate::error::DecodeError;
use crate::jute::{Buffer, Decode, Encode, Parsed, put_buffer, record};

record! {
    /// createSession (-10), between servers only.
    pub struct CreateSessionRequest {
        /// Session timeout, ms.
        pub time_out: i32,
    }
}

/// deleteContainer (20), between servers only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteContainerRequest<'a> {
    /// Path in UTF-8.
    pub path: Buffer<'a>,
    /// The form of 3.5 to 3.8: the path's bytes alone, without a length.
    pub bare: bool,
}

impl<'a> Decode<'a> for DeleteContainerRequest<'a> {
    const MIN_BYTES: usize = 1;

    /// A path begins with `/`, and no length of a body in memory does.
    fn decode(input: &'a [u8]) -> Parsed<'a, Self> {
        if input.first() == Some(&b'/') {
            let path = Some(input);
            return Ok((&input[input.len()..], DeleteContainerRequest { path, bare: true }));
        }
        let (rest, path) = Buffer::decode(input)?;
        Ok((rest, DeleteContainerRequest { path, bare: false }))
    }
}

impl Encode for DeleteContainerRequest<'_> {
    fn encode(&self, out: &mut BytesMut) {
        match (self.path, self.bare) {
            (None, _) => out.put_i32(-1),
            (Some(path), true) => out.put_slice(path),
            (Some(path), false) => put_buffer(out, path),
        }
    }
}

#[cfg(test)]
impl<'a> crate::sample::Sample<'a> for DeleteContainerRequest<'a> {
    fn sample(source: &mut crate::sample::Source<'a>) -> Self {
        DeleteContainerRequest { path: crate::sample::Sample::sample(source), bare: false }
    }
}

macro_rules! requests {
    ($($(#[$meta:meta])* $variant:ident($type:ident $(<$life:lifetime>)?),)*
     ; $($(#[$empty_meta:meta])* $empty:ident,)*) => {
        /// A request's body by op code.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Request<'a> {
            $($(#[$meta])* $variant($type $(<$life>)?),)*
            $($(#[$empty_meta])* $empty,)*
        }

        impl<'a> Request<'a> {
            /// The op code.
            pub fn op(&self) -> OpCode {
                match self {
                    $(Request::$variant(_) => OpCode::$variant,)*
                    $(Request::$empty => OpCode::$empty,)*
                }
            }

            /// Reads the body of a request with op code `op`; bytes behind it are ignored.
            ///
            /// # Errors
            /// [`DecodeError::UnknownType`] when `op` is no request, else what is malformed.
            pub fn decode(op: i32, body: &'a [u8]) -> Result<Self, DecodeError> {
                match OpCode::from_code(op) {
                    $(Some(OpCode::$variant) => {
                        <$type as Decode>::from_bytes(body).map(Request::$variant)
                    })*
                    $(Some(OpCode::$empty) => Ok(Request::$empty),)*
                    _ => Err(DecodeError::UnknownType(op)),
                }
            }

            #[cfg(test)]
            pub(crate) fn samples(source: &mut crate::sample::Source<'a>) -> Vec<Self> {
                vec![
                    $(Request::$variant(crate::sample::Sample::sample(source)),)*
                    $(Request::$empty,)*
                ]
            }
        }

        /// The body alone; the header is [`RequestHeader`].
        impl Encode for Request<'_> {
            fn encode(&self, out: &mut BytesMut) {
                match self {
                    $(Request::$variant(body) => body.encode(out),)*
                    $(Request::$empty => {})*
                }
            }
        }
    };
}

requests! {
    /// create.
    Create(CreateRequest<'a>),
    /// delete.
    Delete(DeleteRequest<'a>),
    /// exists.
    Exists(ExistsRequest<'a>),
    /// getData.
    GetData(GetDataRequest<'a>),
    /// setData.
    SetData(SetDataRequest<'a>),
    /// getACL.
    GetAcl(GetAclRequest<'a>),
    /// setACL.
    SetAcl(SetAclRequest<'a>),
    /// getChildren.
    GetChildren(GetChildrenRequest<'a>),
    /// sync.
    Sync(SyncRequest<'a>),
    /// getChildren with the parent's Stat.
    GetChildren2(GetChildrenRequest<'a>),
    /// check; no client may send it outside multi.
    Check(CheckVersionRequest<'a>),
    /// multi.
    Multi(MultiRequest<'a>),
    /// create2.
    Create2(CreateRequest<'a>),
    /// reconfig.
    Reconfig(ReconfigRequest<'a>),
    /// checkWatches.
    CheckWatches(CheckWatchesRequest<'a>),
    /// removeWatches.
    RemoveWatches(RemoveWatchesRequest<'a>),
    /// createContainer.
    CreateContainer(CreateRequest<'a>),
    /// deleteContainer; between servers only.
    DeleteContainer(DeleteContainerRequest<'a>),
    /// createTTL.
    CreateTtl(CreateTtlRequest<'a>),
    /// multiRead.
    MultiRead(MultiRequest<'a>),
    /// auth.
    Auth(AuthPacket<'a>),
    /// setWatches.
    SetWatches(SetWatches<'a>),
    /// sasl.
    Sasl(GetSaslRequest<'a>),
    /// getEphemerals.
    GetEphemerals(GetEphemeralsRequest<'a>),
    /// getAllChildrenNumber.
    GetAllChildrenNumber(GetAllChildrenNumberRequest<'a>),
    /// setWatches2.
    SetWatches2(SetWatches2<'a>),
    /// addWatch.
    AddWatch(AddWatchRequest<'a>),
    /// createSession; between servers only.
    CreateSession(CreateSessionRequest),
    ;
    /// ping.
    Ping,
    /// whoAmI.
    WhoAmI,
    /// closeSession.
    CloseSession,
}
