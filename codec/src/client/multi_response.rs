//! Results of multi and multiRead: headed records with a terminator.

use bytes::BytesMut;

use crate::client::multi::MultiHeader;
use crate::client::response::{
    Create2Response, CreateResponse, ErrorResponse, GetChildrenResponse, GetDataResponse,
    SetDataResponse,
};
use crate::code::OpCode;
use crate::error::DecodeError;
use crate::jute::{Decode, Encode, Parsed, fail};

/// One result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MultiResult<'a> {
    /// create.
    Create(CreateResponse<'a>),
    /// create2, createTTL, createContainer.
    Create2(Create2Response<'a>),
    /// delete.
    Delete,
    /// setData: the Stat as of that point inside the multi.
    SetData(SetDataResponse),
    /// check.
    Check,
    /// getData (multiRead).
    GetData(GetDataResponse<'a>),
    /// getChildren (multiRead).
    GetChildren(GetChildrenResponse<'a>),
    /// An error code. In a failed multi: 0 before the failing part, -2 behind it.
    Error(i32),
}

fn map<'a, T: Decode<'a>>(
    input: &'a [u8],
    wrap: fn(T) -> MultiResult<'a>,
) -> Parsed<'a, MultiResult<'a>> {
    let (rest, value) = T::decode(input)?;
    Ok((rest, wrap(value)))
}

impl<'a> MultiResult<'a> {
    /// The type in this result's header.
    pub fn op(&self) -> OpCode {
        match self {
            MultiResult::Create(_) => OpCode::Create,
            MultiResult::Create2(_) => OpCode::Create2,
            MultiResult::Delete => OpCode::Delete,
            MultiResult::SetData(_) => OpCode::SetData,
            MultiResult::Check => OpCode::Check,
            MultiResult::GetData(_) => OpCode::GetData,
            MultiResult::GetChildren(_) => OpCode::GetChildren,
            MultiResult::Error(_) => OpCode::Error,
        }
    }

    fn decode_as(op: i32, input: &'a [u8]) -> Parsed<'a, Self> {
        match OpCode::from_code(op) {
            Some(OpCode::Create) => map(input, MultiResult::Create),
            Some(OpCode::Create2) => map(input, MultiResult::Create2),
            Some(OpCode::Delete) => Ok((input, MultiResult::Delete)),
            Some(OpCode::SetData) => map(input, MultiResult::SetData),
            Some(OpCode::Check) => Ok((input, MultiResult::Check)),
            Some(OpCode::GetData) => map(input, MultiResult::GetData),
            Some(OpCode::GetChildren) => map(input, MultiResult::GetChildren),
            Some(OpCode::Error) => map(input, |e: ErrorResponse| MultiResult::Error(e.err)),
            _ => fail(DecodeError::UnknownType(op)),
        }
    }
}

/// One result with its header, without the terminator.
impl Encode for MultiResult<'_> {
    fn encode(&self, out: &mut BytesMut) {
        let err = if let MultiResult::Error(code) = self { *code } else { 0 };
        MultiHeader { op: self.op().code(), done: false, err }.encode(out);
        match self {
            MultiResult::Create(body) => body.encode(out),
            MultiResult::Create2(body) => body.encode(out),
            MultiResult::SetData(body) => body.encode(out),
            MultiResult::GetData(body) => body.encode(out),
            MultiResult::GetChildren(body) => body.encode(out),
            MultiResult::Error(code) => code.encode(out),
            MultiResult::Delete | MultiResult::Check => {}
        }
    }
}

/// The answer to multi and multiRead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MultiResponse<'a> {
    /// The results in the order of the request's parts.
    pub results: Vec<MultiResult<'a>>,
}

impl<'a> Decode<'a> for MultiResponse<'a> {
    const MIN_BYTES: usize = MultiHeader::MIN_BYTES;

    fn decode(input: &'a [u8]) -> Parsed<'a, Self> {
        let mut results = Vec::new();
        let mut rest = input;
        loop {
            let (after, header) = MultiHeader::decode(rest)?;
            if header.done {
                return Ok((after, MultiResponse { results }));
            }
            let (after, result) = MultiResult::decode_as(header.op, after)?;
            results.push(result);
            rest = after;
        }
    }
}

impl Encode for MultiResponse<'_> {
    fn encode(&self, out: &mut BytesMut) {
        self.results.iter().for_each(|result| result.encode(out));
        MultiHeader::TERMINATOR.encode(out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_multi_has_apaches_bytes() {
        let results = [0, 0, -101, -2].map(MultiResult::Error).to_vec();
        let mut expected = Vec::new();
        for code in [0_i32, 0, -101, -2] {
            expected.extend([0xff, 0xff, 0xff, 0xff, 0]);
            expected.extend(code.to_be_bytes());
            expected.extend(code.to_be_bytes());
        }
        expected.extend([0xff, 0xff, 0xff, 0xff, 1, 0xff, 0xff, 0xff, 0xff]);
        let response = MultiResponse { results };
        assert_eq!(&response.to_bytes()[..], expected);
        assert_eq!(MultiResponse::from_bytes(&expected), Ok(response));
    }
}
