//! Values of every record made from arbitrary bytes, for the round-trip properties (tests only).
//!
//! The bytes come from proptest; when they are used up, everything is zero, so that shrinking the
//! bytes shrinks the value. Buffers borrow from them.

use std::borrow::Cow;

use crate::ids::{ServerId, SessionId, Xid, Zxid};

/// Bytes to make values of.
pub(crate) struct Source<'a>(pub &'a [u8]);

impl<'a> Source<'a> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let mut out = [0; N];
        let used = self.bytes(N);
        out[..used.len()].copy_from_slice(used);
        out
    }

    fn bytes(&mut self, wanted: usize) -> &'a [u8] {
        let (used, rest) = self.0.split_at(wanted.min(self.0.len()));
        self.0 = rest;
        used
    }

    /// A number below `bound`, which is at most 256.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::from(self.take::<1>()[0]) % bound
    }
}

/// Makes a value from bytes.
pub(crate) trait Sample<'a> {
    fn sample(source: &mut Source<'a>) -> Self;
}

macro_rules! number {
    ($($type:ty),*) => { $(
        impl<'a> Sample<'a> for $type {
            fn sample(source: &mut Source<'a>) -> Self {
                <$type>::from_be_bytes(source.take())
            }
        }
    )* };
}

number!(i32, i64);

macro_rules! newtype {
    ($($type:ident),*) => { $(
        impl<'a> Sample<'a> for $type {
            fn sample(source: &mut Source<'a>) -> Self {
                $type(Sample::sample(source))
            }
        }
    )* };
}

newtype!(Zxid, SessionId, ServerId, Xid);

impl<'a> Sample<'a> for bool {
    fn sample(source: &mut Source<'a>) -> Self {
        source.below(2) == 1
    }
}

impl<'a> Sample<'a> for Option<&'a [u8]> {
    fn sample(source: &mut Source<'a>) -> Self {
        let length = source.below(12);
        (length < 11).then(|| source.bytes(length))
    }
}

/// Characters of one UTF-16 unit only: others don't read back (see the jute tests).
impl<'a> Sample<'a> for Option<Cow<'a, str>> {
    fn sample(source: &mut Source<'a>) -> Self {
        let length = source.below(8);
        let unit = |source: &mut Source<'a>| {
            char::from_u32(u16::from_be_bytes(source.take()).into()).unwrap_or('/')
        };
        (length < 7).then(|| Cow::Owned((0..length).map(|_| unit(source)).collect()))
    }
}

impl<'a, T: Sample<'a>> Sample<'a> for Vec<T> {
    fn sample(source: &mut Source<'a>) -> Self {
        let count = source.below(4);
        (0..count).map(|_| T::sample(source)).collect()
    }
}

impl<'a, T: Sample<'a>> Sample<'a> for Option<Vec<T>> {
    fn sample(source: &mut Source<'a>) -> Self {
        (source.below(5) < 4).then(|| Vec::sample(source))
    }
}
