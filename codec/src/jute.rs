//! Jute, ZooKeeper's encoding: big-endian integers, length-prefixed strings, buffers and vectors.
//!
//! Decoding borrows from the input and never trusts a length: a claimed length is compared with
//! the bytes that are there before anything is taken or reserved.

use std::borrow::Cow;

use bytes::{BufMut, BytesMut};
use nom::IResult;

use crate::DecodeError;
use crate::ids::{ServerId, SessionId, Xid, Zxid};

/// What a nom parser of this crate answers: the rest of the input and the value.
pub type Parsed<'a, T> = IResult<&'a [u8], T, DecodeError>;

/// ustring: UTF-8 with an i32 byte length; -1 is null. Bad UTF-8 decodes with U+FFFD.
pub type Text<'a> = Option<Cow<'a, str>>;
/// buffer: bytes with an i32 length; -1 is null, which is not the same as empty.
pub type Buffer<'a> = Option<&'a [u8]>;
/// `vector<T>`: an i32 count, then the elements; -1 is null, other negatives read as empty.
pub type Vector<T> = Option<Vec<T>>;

/// Appends the jute form of a value.
pub trait Encode {
    /// Appends `self` to `out`.
    fn encode(&self, out: &mut BytesMut);

    /// The jute form in a buffer of its own (for tests and cold paths).
    fn to_bytes(&self) -> BytesMut {
        let mut out = BytesMut::new();
        self.encode(&mut out);
        out
    }
}

/// Reads the jute form of a value from borrowed bytes.
pub trait Decode<'a>: Sized {
    /// The fewest bytes that any value of this type takes; bounds what a vector may reserve.
    const MIN_BYTES: usize;

    /// Parses one value from the front of `input`.
    ///
    /// # Errors
    /// [`DecodeError`] when the bytes are not such a value; nothing is consumed then.
    fn decode(input: &'a [u8]) -> Parsed<'a, Self>;

    /// Parses one value and ignores what trails it, as ZooKeeper does with request bodies.
    ///
    /// # Errors
    /// [`DecodeError`] when the bytes do not begin with such a value.
    fn from_bytes(input: &'a [u8]) -> Result<Self, DecodeError> {
        match Self::decode(input) {
            Ok((_, value)) => Ok(value),
            Err(nom::Err::Error(error) | nom::Err::Failure(error)) => Err(error),
            Err(nom::Err::Incomplete(_)) => Err(DecodeError::Truncated),
        }
    }
}

/// A nom failure with our error inside.
pub(crate) fn fail<T>(error: DecodeError) -> Parsed<'static, T> {
    Err(nom::Err::Error(error))
}

macro_rules! integer {
    ($type:ty, $bytes:literal, $parser:path, $put:ident) => {
        impl Encode for $type {
            fn encode(&self, out: &mut BytesMut) {
                out.$put(*self);
            }
        }

        impl<'a> Decode<'a> for $type {
            const MIN_BYTES: usize = $bytes;

            fn decode(input: &'a [u8]) -> Parsed<'a, Self> {
                $parser(input)
            }
        }
    };
}

integer!(i32, 4, nom::number::complete::be_i32, put_i32);
integer!(i64, 8, nom::number::complete::be_i64, put_i64);

macro_rules! newtype {
    ($type:ident, $inner:ty) => {
        impl Encode for $type {
            fn encode(&self, out: &mut BytesMut) {
                self.0.encode(out);
            }
        }

        impl<'a> Decode<'a> for $type {
            const MIN_BYTES: usize = <$inner>::MIN_BYTES;

            fn decode(input: &'a [u8]) -> Parsed<'a, Self> {
                let (rest, value) = <$inner>::decode(input)?;
                Ok((rest, $type(value)))
            }
        }
    };
}

newtype!(Zxid, i64);
newtype!(SessionId, i64);
newtype!(ServerId, i64);
newtype!(Xid, i32);

impl Encode for bool {
    fn encode(&self, out: &mut BytesMut) {
        out.put_u8(u8::from(*self));
    }
}

impl<'a> Decode<'a> for bool {
    const MIN_BYTES: usize = 1;

    fn decode(input: &'a [u8]) -> Parsed<'a, Self> {
        let (rest, byte) = nom::number::complete::u8(input)?;
        Ok((rest, byte != 0))
    }
}

/// The i32 length prefix of a string or buffer: `None` for null, else a length that is there.
fn length(input: &[u8]) -> Parsed<'_, Option<usize>> {
    let (rest, n) = i32::decode(input)?;
    match n {
        -1 => Ok((rest, None)),
        n if n < 0 => fail(DecodeError::BadLength(n.into())),
        n if n as usize > rest.len() => fail(DecodeError::Truncated),
        n => Ok((rest, Some(n as usize))),
    }
}

impl<'a> Decode<'a> for Buffer<'a> {
    const MIN_BYTES: usize = 4;

    fn decode(input: &'a [u8]) -> Parsed<'a, Self> {
        let (rest, n) = length(input)?;
        let Some(n) = n else { return Ok((rest, None)) };
        let (rest, bytes) = nom::bytes::complete::take(n)(rest)?;
        Ok((rest, Some(bytes)))
    }
}

impl Encode for Buffer<'_> {
    fn encode(&self, out: &mut BytesMut) {
        match self {
            None => out.put_i32(-1),
            Some(bytes) => put_buffer(out, bytes),
        }
    }
}

/// Appends a non-null buffer.
pub fn put_buffer(out: &mut BytesMut, bytes: &[u8]) {
    out.put_i32(bytes.len() as i32);
    out.put_slice(bytes);
}

/// Appends a non-null ustring. Supplementary characters go out as two 3-byte surrogate units,
/// because ZooKeeper writes one UTF-16 unit at a time.
pub fn put_text(out: &mut BytesMut, text: &str) {
    if text.bytes().all(|byte| byte < 0xf0) {
        return put_buffer(out, text.as_bytes());
    }
    let mark = out.len();
    out.put_i32(0);
    text.encode_utf16().for_each(|unit| put_utf16_unit(out, unit));
    let length = (out.len() - mark - 4) as i32;
    out[mark..mark + 4].copy_from_slice(&length.to_be_bytes());
}

fn put_utf16_unit(out: &mut BytesMut, unit: u16) {
    let low = |shift: u16| 0x80 | ((unit >> shift) & 0x3f) as u8;
    match unit {
        0..0x80 => out.put_u8(unit as u8),
        0x80..0x800 => out.put_slice(&[0xc0 | (unit >> 6) as u8, low(0)]),
        _ => out.put_slice(&[0xe0 | (unit >> 12) as u8, low(6), low(0)]),
    }
}

impl<'a> Decode<'a> for Text<'a> {
    const MIN_BYTES: usize = 4;

    fn decode(input: &'a [u8]) -> Parsed<'a, Self> {
        let (rest, bytes) = Buffer::decode(input)?;
        Ok((rest, bytes.map(decode_text)))
    }
}

/// UTF-8 read as Java reads it: borrowed if valid, else each malformed sequence becomes one U+FFFD.
pub fn decode_text(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(decode_malformed(bytes)),
    }
}

fn decode_malformed(mut bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    while let Err(error) = std::str::from_utf8(bytes) {
        let (valid, rest) = bytes.split_at(error.valid_up_to());
        text.push_str(str::from_utf8(valid).unwrap_or_default());
        text.push(char::REPLACEMENT_CHARACTER);
        bytes = &rest[malformed_len(rest, error.error_len())..];
    }
    text.push_str(str::from_utf8(bytes).unwrap_or_default());
    text
}

/// Java takes an encoded surrogate (whole or cut) as one malformed sequence where Rust sees three.
fn malformed_len(bytes: &[u8], error_len: Option<usize>) -> usize {
    match bytes {
        [0xed, 0xa0..=0xbf, 0x80..=0xbf, ..] => 3,
        [0xed, 0xa0..=0xbf, ..] => 2,
        _ => error_len.unwrap_or(bytes.len()),
    }
}

impl Encode for Text<'_> {
    fn encode(&self, out: &mut BytesMut) {
        match self {
            None => out.put_i32(-1),
            Some(text) => put_text(out, text),
        }
    }
}

impl<'a, T: Decode<'a>> Decode<'a> for Vec<T> {
    const MIN_BYTES: usize = 4;

    fn decode(input: &'a [u8]) -> Parsed<'a, Self> {
        let (rest, vector) = Vector::decode(input)?;
        Ok((rest, vector.unwrap_or_default()))
    }
}

impl<T: Encode> Encode for Vec<T> {
    fn encode(&self, out: &mut BytesMut) {
        out.put_i32(self.len() as i32);
        self.iter().for_each(|item| item.encode(out));
    }
}

impl<'a, T: Decode<'a>> Decode<'a> for Vector<T> {
    const MIN_BYTES: usize = 4;

    fn decode(input: &'a [u8]) -> Parsed<'a, Self> {
        let (mut rest, count) = i32::decode(input)?;
        if count == -1 {
            return Ok((rest, None));
        }
        let count = count.max(0) as usize;
        let mut items = Vec::with_capacity(reservable(count, rest.len(), T::MIN_BYTES));
        for _ in 0..count {
            let (after, item) = T::decode(rest)?;
            items.push(item);
            rest = after;
        }
        Ok((rest, Some(items)))
    }
}

/// How many elements to reserve: never more than the bytes that are there could hold.
fn reservable(count: usize, bytes: usize, min_bytes: usize) -> usize {
    count.min(bytes / min_bytes.max(1))
}

impl<T: Encode> Encode for Vector<T> {
    fn encode(&self, out: &mut BytesMut) {
        match self {
            None => out.put_i32(-1),
            Some(items) => items.encode(out),
        }
    }
}

/// Declares a record: its fields in wire order, encoded and decoded one behind the other.
macro_rules! record {
    ($(#[$meta:meta])* pub struct $name:ident<'a> {
        $($(#[$field_meta:meta])* pub $field:ident: $type:ty,)*
    }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name<'a> { $($(#[$field_meta])* pub $field: $type,)* }

        impl $crate::Encode for $name<'_> {
            fn encode(&self, out: &mut bytes::BytesMut) {
                $($crate::Encode::encode(&self.$field, out);)*
            }
        }

        impl<'a> $crate::Decode<'a> for $name<'a> {
            const MIN_BYTES: usize = 0 $(+ <$type as $crate::Decode<'a>>::MIN_BYTES)*;

            fn decode(rest: &'a [u8]) -> $crate::jute::Parsed<'a, Self> {
                $(let (rest, $field) = <$type as $crate::Decode>::decode(rest)?;)*
                Ok((rest, $name { $($field,)* }))
            }
        }

        #[cfg(test)]
        impl<'a> $crate::sample::Sample<'a> for $name<'a> {
            fn sample(source: &mut $crate::sample::Source<'a>) -> Self {
                $name { $($field: $crate::sample::Sample::sample(source),)* }
            }
        }
    };
    ($(#[$meta:meta])* pub struct $name:ident {
        $($(#[$field_meta:meta])* pub $field:ident: $type:ty,)*
    }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct $name { $($(#[$field_meta])* pub $field: $type,)* }

        impl $crate::Encode for $name {
            fn encode(&self, out: &mut bytes::BytesMut) {
                $($crate::Encode::encode(&self.$field, out);)*
            }
        }

        impl<'a> $crate::Decode<'a> for $name {
            const MIN_BYTES: usize = 0 $(+ <$type as $crate::Decode<'a>>::MIN_BYTES)*;

            fn decode(rest: &'a [u8]) -> $crate::jute::Parsed<'a, Self> {
                $(let (rest, $field) = <$type as $crate::Decode>::decode(rest)?;)*
                Ok((rest, $name { $($field,)* }))
            }
        }

        #[cfg(test)]
        impl<'a> $crate::sample::Sample<'a> for $name {
            fn sample(source: &mut $crate::sample::Source<'a>) -> Self {
                $name { $($field: $crate::sample::Sample::sample(source),)* }
            }
        }
    };
}
pub(crate) use record;

#[cfg(test)]
mod tests;
