//! The 16 bytes that begin every log and every snapshot file.

use crate::error::DecodeError;
use crate::jute::{Decode, record};

record! {
    /// Record `FileHeader` (16 bytes).
    pub struct FileHeader {
        /// Which kind of file: [`FileHeader::LOG`] or [`FileHeader::SNAPSHOT`] has it.
        pub magic: i32,
        /// Always written as 2; not compared by readers.
        pub version: i32,
        /// 0 in logs, -1 in snapshots; not compared by readers.
        pub dbid: i64,
    }
}

impl FileHeader {
    /// Bytes of a header: where the first record begins.
    pub const LEN: usize = 16;
    /// What a log file begins with: "ZKLG".
    pub const LOG: FileHeader =
        FileHeader { magic: i32::from_be_bytes(*b"ZKLG"), version: 2, dbid: 0 };
    /// What a snapshot file begins with: "ZKSN".
    pub const SNAPSHOT: FileHeader =
        FileHeader { magic: i32::from_be_bytes(*b"ZKSN"), version: 2, dbid: -1 };

    /// Reads the header of a log file; only the magic is compared, as Apache does.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`] with fewer than 16 bytes, [`DecodeError::Malformed`] with
    /// another magic.
    pub fn check_log(file: &[u8]) -> Result<FileHeader, DecodeError> {
        Self::check(file, Self::LOG.magic, "the file does not begin with the log magic ZKLG")
    }

    /// Reads the header of an uncompressed snapshot file.
    ///
    /// # Errors
    /// As [`FileHeader::check_log`].
    pub fn check_snapshot(file: &[u8]) -> Result<FileHeader, DecodeError> {
        let wrong = "the file does not begin with the snapshot magic ZKSN";
        Self::check(file, Self::SNAPSHOT.magic, wrong)
    }

    fn check(file: &[u8], magic: i32, wrong: &'static str) -> Result<Self, DecodeError> {
        let header = FileHeader::from_bytes(file)?;
        match header.magic == magic {
            true => Ok(header),
            false => Err(DecodeError::Malformed(wrong)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jute::Encode;

    #[test]
    fn headers_have_apaches_bytes() {
        assert_eq!(&FileHeader::LOG.to_bytes()[..], b"ZKLG\0\0\0\x02\0\0\0\0\0\0\0\0");
        let snapshot = b"ZKSN\0\0\0\x02\xff\xff\xff\xff\xff\xff\xff\xff";
        assert_eq!(&FileHeader::SNAPSHOT.to_bytes()[..], snapshot);
    }

    #[test]
    fn only_the_magic_is_compared() {
        assert!(FileHeader::check_log(b"ZKLG\0\0\0\x03\0\0\0\0\0\0\0\x09rest").is_ok());
        assert!(FileHeader::check_log(b"ZKSN\0\0\0\x02\0\0\0\0\0\0\0\0").is_err());
        assert_eq!(FileHeader::check_log(b"ZKLG\0\0\0\x02"), Err(DecodeError::Truncated));
    }
}
