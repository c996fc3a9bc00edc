//! Why bytes could not be read. Families by fault: here only "the bytes are malformed".

/// A record could not be decoded from the bytes given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The input ends before the record does.
    #[error("the record ends before its last field")]
    Truncated,
    /// A length or count that no writer produces (below -1), or one over the reader's limit.
    #[error("length {0} is outside what may be read")]
    BadLength(i64),
    /// A number that names no known type.
    #[error("type {0} is not known")]
    UnknownType(i32),
    /// A fixed value (magic, trailer, signature) is not what it must be.
    #[error("{0}")]
    Malformed(&'static str),
}

impl<I> nom::error::ParseError<I> for DecodeError {
    fn from_error_kind(_: I, _: nom::error::ErrorKind) -> Self {
        DecodeError::Truncated
    }

    fn append(_: I, _: nom::error::ErrorKind, other: Self) -> Self {
        other
    }
}
