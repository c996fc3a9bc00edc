//! multi and multiRead: a list of headed requests with a terminator.

use bytes::BytesMut;

use crate::client::request::{
    CheckVersionRequest, CreateRequest, CreateTtlRequest, DeleteRequest, GetChildrenRequest,
    GetDataRequest, SetDataRequest,
};
use crate::code::OpCode;
use crate::error::DecodeError;
use crate::jute::{Decode, Encode, Parsed, fail, record};

record! {
    /// Header of each part (9 bytes).
    pub struct MultiHeader {
        /// Op code of the part; -1 in the terminator and in error results.
        pub op: i32,
        /// Set in the terminator only.
        pub done: bool,
        /// -1 in requests and in the terminator, the error code in results.
        pub err: i32,
    }
}

impl MultiHeader {
    /// What ends every list.
    pub const TERMINATOR: MultiHeader = MultiHeader { op: -1, done: true, err: -1 };
}

/// One part of a multi or multiRead request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MultiOp<'a> {
    /// create.
    Create(CreateRequest<'a>),
    /// create2.
    Create2(CreateRequest<'a>),
    /// createContainer.
    CreateContainer(CreateRequest<'a>),
    /// createTTL.
    CreateTtl(CreateTtlRequest<'a>),
    /// delete.
    Delete(DeleteRequest<'a>),
    /// setData.
    SetData(SetDataRequest<'a>),
    /// check.
    Check(CheckVersionRequest<'a>),
    /// getData (multiRead).
    GetData(GetDataRequest<'a>),
    /// getChildren (multiRead).
    GetChildren(GetChildrenRequest<'a>),
}

impl<'a> MultiOp<'a> {
    /// The op code of this part.
    pub fn op(&self) -> OpCode {
        match self {
            MultiOp::Create(_) => OpCode::Create,
            MultiOp::Create2(_) => OpCode::Create2,
            MultiOp::CreateContainer(_) => OpCode::CreateContainer,
            MultiOp::CreateTtl(_) => OpCode::CreateTtl,
            MultiOp::Delete(_) => OpCode::Delete,
            MultiOp::SetData(_) => OpCode::SetData,
            MultiOp::Check(_) => OpCode::Check,
            MultiOp::GetData(_) => OpCode::GetData,
            MultiOp::GetChildren(_) => OpCode::GetChildren,
        }
    }

    fn decode_as(op: i32, input: &'a [u8]) -> Parsed<'a, Self> {
        fn map<'a, T: Decode<'a>>(
            input: &'a [u8],
            wrap: fn(T) -> MultiOp<'a>,
        ) -> Parsed<'a, MultiOp<'a>> {
            let (rest, value) = T::decode(input)?;
            Ok((rest, wrap(value)))
        }
        match OpCode::from_code(op) {
            Some(OpCode::Create) => map(input, MultiOp::Create),
            Some(OpCode::Create2) => map(input, MultiOp::Create2),
            Some(OpCode::CreateContainer) => map(input, MultiOp::CreateContainer),
            Some(OpCode::CreateTtl) => map(input, MultiOp::CreateTtl),
            Some(OpCode::Delete) => map(input, MultiOp::Delete),
            Some(OpCode::SetData) => map(input, MultiOp::SetData),
            Some(OpCode::Check) => map(input, MultiOp::Check),
            Some(OpCode::GetData) => map(input, MultiOp::GetData),
            Some(OpCode::GetChildren) => map(input, MultiOp::GetChildren),
            _ => fail(DecodeError::UnknownType(op)),
        }
    }
}

impl Encode for MultiOp<'_> {
    fn encode(&self, out: &mut BytesMut) {
        MultiHeader { op: self.op().code(), done: false, err: -1 }.encode(out);
        match self {
            MultiOp::Create(r) | MultiOp::Create2(r) | MultiOp::CreateContainer(r) => r.encode(out),
            MultiOp::CreateTtl(r) => r.encode(out),
            MultiOp::Delete(r) => r.encode(out),
            MultiOp::SetData(r) => r.encode(out),
            MultiOp::Check(r) => r.encode(out),
            MultiOp::GetData(r) => r.encode(out),
            MultiOp::GetChildren(r) => r.encode(out),
        }
    }
}

/// The parts of a multi (14) or multiRead (22) request, without the terminator.
///
/// Which kinds may stand together is the server's rule, not the layout's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MultiRequest<'a> {
    /// The parts in order.
    pub ops: Vec<MultiOp<'a>>,
}

impl<'a> Decode<'a> for MultiRequest<'a> {
    const MIN_BYTES: usize = MultiHeader::MIN_BYTES;

    fn decode(input: &'a [u8]) -> Parsed<'a, Self> {
        let mut ops = Vec::new();
        let mut rest = input;
        loop {
            let (after, header) = MultiHeader::decode(rest)?;
            if header.done {
                return Ok((after, MultiRequest { ops }));
            }
            let (after, op) = MultiOp::decode_as(header.op, after)?;
            ops.push(op);
            rest = after;
        }
    }
}

impl Encode for MultiRequest<'_> {
    fn encode(&self, out: &mut BytesMut) {
        self.ops.iter().for_each(|op| op.encode(out));
        MultiHeader::TERMINATOR.encode(out);
    }
}

#[cfg(test)]
impl<'a> crate::sample::Sample<'a> for MultiRequest<'a> {
    fn sample(source: &mut crate::sample::Source<'a>) -> Self {
        use crate::sample::Sample;
        let count = source.below(5);
        let op = |source: &mut crate::sample::Source<'a>| match source.below(9) {
            0 => MultiOp::Create(Sample::sample(source)),
            1 => MultiOp::Create2(Sample::sample(source)),
            2 => MultiOp::CreateContainer(Sample::sample(source)),
            3 => MultiOp::CreateTtl(Sample::sample(source)),
            4 => MultiOp::Delete(Sample::sample(source)),
            5 => MultiOp::SetData(Sample::sample(source)),
            6 => MultiOp::Check(Sample::sample(source)),
            7 => MultiOp::GetData(Sample::sample(source)),
            _ => MultiOp::GetChildren(Sample::sample(source)),
        };
        MultiRequest { ops: (0..count).map(|_| op(source)).collect() }
    }
}
