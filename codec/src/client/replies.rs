//! All answers in one type, for those who receive them: the load generator, the simulator's
//! clients, tests. A server writes the records themselves, in place.

use bytes::BytesMut;

use crate::client::multi_response::MultiResponse;
use crate::client::response::*;
use crate::code::OpCode;
use crate::error::DecodeError;
use crate::ids::Xid;
use crate::jute::{Decode, Encode};

/// The body of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Response<'a> {
    /// No body: delete, ping, setWatches, every error, …
    Empty,
    /// To create.
    Create(CreateResponse<'a>),
    /// To create2, createContainer, createTTL.
    Create2(Create2Response<'a>),
    /// To exists.
    Exists(ExistsResponse),
    /// To getData and reconfig.
    GetData(GetDataResponse<'a>),
    /// To setData.
    SetData(SetDataResponse),
    /// To getACL.
    GetAcl(GetAclResponse<'a>),
    /// To setACL.
    SetAcl(SetAclResponse),
    /// To getChildren.
    GetChildren(GetChildrenResponse<'a>),
    /// To getChildren2.
    GetChildren2(GetChildren2Response<'a>),
    /// To sync.
    Sync(SyncResponse<'a>),
    /// To multi and multiRead.
    Multi(MultiResponse<'a>),
    /// To sasl.
    Sasl(SetSaslResponse<'a>),
    /// To getEphemerals.
    GetEphemerals(GetEphemeralsResponse<'a>),
    /// To getAllChildrenNumber.
    GetAllChildrenNumber(GetAllChildrenNumberResponse),
    /// To addWatch.
    AddWatch(ErrorResponse),
    /// To whoAmI.
    WhoAmI(WhoAmIResponse<'a>),
    /// A watch event (op code 0, reply xid -1).
    Event(WatcherEvent<'a>),
}

fn map<'a, T: Decode<'a>>(
    body: &'a [u8],
    wrap: fn(T) -> Response<'a>,
) -> Result<Response<'a>, DecodeError> {
    T::from_bytes(body).map(wrap)
}

impl<'a> Response<'a> {
    /// Reads the body of an answer to a request with op code `op`, behind a header with `err`.
    ///
    /// An error has no body, but for sasl (a null token) and multiRead (the results so far).
    ///
    /// # Errors
    /// What is malformed; [`DecodeError::UnknownType`] for an op code that nothing answers.
    pub fn decode(op: i32, err: i32, body: &'a [u8]) -> Result<Self, DecodeError> {
        let known = OpCode::from_code(op);
        let may_follow_error = matches!(known, Some(OpCode::Sasl | OpCode::MultiRead));
        if err != 0 && (body.is_empty() || !may_follow_error) {
            return Ok(Response::Empty);
        }
        let op = known.ok_or(DecodeError::UnknownType(op))?;
        Self::decode_body(op, body)
    }

    fn decode_body(op: OpCode, body: &'a [u8]) -> Result<Self, DecodeError> {
        match op {
            OpCode::Create => map(body, Response::Create),
            OpCode::Create2 | OpCode::CreateContainer | OpCode::CreateTtl => {
                map(body, Response::Create2)
            }
            OpCode::Exists => map(body, Response::Exists),
            OpCode::GetData | OpCode::Reconfig => map(body, Response::GetData),
            OpCode::SetData => map(body, Response::SetData),
            OpCode::GetAcl => map(body, Response::GetAcl),
            OpCode::SetAcl => map(body, Response::SetAcl),
            OpCode::GetChildren => map(body, Response::GetChildren),
            OpCode::GetChildren2 => map(body, Response::GetChildren2),
            OpCode::Sync => map(body, Response::Sync),
            OpCode::Multi | OpCode::MultiRead => map(body, Response::Multi),
            OpCode::Sasl => map(body, Response::Sasl),
            OpCode::GetEphemerals => map(body, Response::GetEphemerals),
            OpCode::GetAllChildrenNumber => map(body, Response::GetAllChildrenNumber),
            OpCode::AddWatch => map(body, Response::AddWatch),
            OpCode::WhoAmI => map(body, Response::WhoAmI),
            OpCode::Notification => map(body, Response::Event),
            _ => Ok(Response::Empty),
        }
    }
}

impl Encode for Response<'_> {
    fn encode(&self, out: &mut BytesMut) {
        match self {
            Response::Empty => {}
            Response::Create(body) => body.encode(out),
            Response::Create2(body) => body.encode(out),
            Response::Exists(body) => body.encode(out),
            Response::GetData(body) => body.encode(out),
            Response::SetData(body) => body.encode(out),
            Response::GetAcl(body) => body.encode(out),
            Response::SetAcl(body) => body.encode(out),
            Response::GetChildren(body) => body.encode(out),
            Response::GetChildren2(body) => body.encode(out),
            Response::Sync(body) => body.encode(out),
            Response::Multi(body) => body.encode(out),
            Response::Sasl(body) => body.encode(out),
            Response::GetEphemerals(body) => body.encode(out),
            Response::GetAllChildrenNumber(body) => body.encode(out),
            Response::AddWatch(body) => body.encode(out),
            Response::WhoAmI(body) => body.encode(out),
            Response::Event(body) => body.encode(out),
        }
    }
}

/// A frame from a server, behind the handshake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply<'a> {
    /// Xid, zxid, error.
    pub header: ReplyHeader,
    /// The body.
    pub body: Response<'a>,
}

impl<'a> Reply<'a> {
    /// Splits a frame's payload into header and body, for those who must look at the xid before
    /// they know the op code.
    ///
    /// # Errors
    /// Fewer than 16 bytes.
    pub fn split(payload: &'a [u8]) -> Result<(ReplyHeader, &'a [u8]), DecodeError> {
        let header = ReplyHeader::from_bytes(payload)?;
        Ok((header, &payload[ReplyHeader::MIN_BYTES..]))
    }

    /// Reads a frame's payload. `op` is that of the oldest request without an answer; a watch
    /// event is recognised by its xid and needs none.
    ///
    /// # Errors
    /// What is malformed.
    pub fn decode(op: i32, payload: &'a [u8]) -> Result<Self, DecodeError> {
        let (header, rest) = Self::split(payload)?;
        let op = if header.xid == Xid::NOTIFICATION { OpCode::Notification.code() } else { op };
        let body = Response::decode(op, header.err, rest)?;
        Ok(Reply { header, body })
    }
}

impl Encode for Reply<'_> {
    fn encode(&self, out: &mut BytesMut) {
        self.header.encode(out);
        self.body.encode(out);
    }
}
