//! What a snapshot file carries behind its nodes: seals, digest section, last zxid.
//!
//! A seal is 13 bytes: an i64 (the Adler-32 of every uncompressed byte before it, former seals
//! included, zero-extended) and the string "/". The sections have no tags: which are there follows
//! from the number of bytes left.

use bytes::{BufMut, BytesMut};

use crate::error::DecodeError;
use crate::ids::Zxid;
use crate::jute::{Decode, Encode, Parsed, Text, fail, put_text};

/// Bytes of a seal.
pub const SEAL_LEN: usize = 13;
/// How every sealed file ends; a cheap look at these tells a whole file from a cut one.
pub const SEAL_END: [u8; 5] = [0, 0, 0, 1, b'/'];
/// Bytes of the last-zxid section with its seal.
const LAST_ZXID_LEN: usize = 8 + SEAL_LEN;

/// A seal and what it covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealAt {
    /// How many bytes of the tail stand before this seal.
    pub covers: usize,
    /// The Adler-32 that it claims.
    pub adler: u32,
}

/// The digest in a digest section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DigestValue<'a> {
    /// digestVersion 2 and later.
    Number(i64),
    /// digestVersion 0 and 1 (previews of 3.6): a hex string.
    Hex(Text<'a>),
}

/// The digest of the tree at some transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigestSection<'a> {
    /// Last transaction that the digest covers.
    pub zxid: Zxid,
    /// Only version 2 can be compared.
    pub version: i32,
    /// The digest.
    pub digest: DigestValue<'a>,
}

impl<'a> Decode<'a> for DigestSection<'a> {
    const MIN_BYTES: usize = 16;

    fn decode(input: &'a [u8]) -> Parsed<'a, Self> {
        let (rest, zxid) = Zxid::decode(input)?;
        let (rest, version) = i32::decode(rest)?;
        let (rest, digest) = match version {
            ..2 => Text::decode(rest).map(|(rest, hex)| (rest, DigestValue::Hex(hex)))?,
            _ => i64::decode(rest).map(|(rest, n)| (rest, DigestValue::Number(n)))?,
        };
        Ok((rest, DigestSection { zxid, version, digest }))
    }
}

impl Encode for DigestSection<'_> {
    fn encode(&self, out: &mut BytesMut) {
        self.zxid.encode(out);
        self.version.encode(out);
        match &self.digest {
            DigestValue::Number(number) => number.encode(out),
            DigestValue::Hex(hex) => hex.encode(out),
        }
    }
}

/// Everything behind the first seal of a snapshot file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SnapshotTail<'a> {
    /// 3.6 and later, if digests are on.
    pub digest: Option<(DigestSection<'a>, SealAt)>,
    /// 3.9 and later: the last transaction applied when the section was written.
    pub last_zxid: Option<(Zxid, SealAt)>,
}

impl<'a> SnapshotTail<'a> {
    /// Reads the tail from the rest of the file behind the first seal. The number of bytes tells
    /// the sections: none, 33 (digest), 54 (digest and last zxid) or 21 (last zxid).
    ///
    /// # Errors
    /// Sections that don't parse, or bytes left over.
    pub fn decode(tail: &'a [u8]) -> Result<Self, DecodeError> {
        let mut found = SnapshotTail::default();
        let mut rest = tail;
        if !matches!(rest.len(), 0 | LAST_ZXID_LEN) {
            let section;
            (rest, section) = finish(DigestSection::decode(rest))?;
            let covers = tail.len() - rest.len();
            let adler;
            (rest, adler) = decode_seal(rest)?;
            found.digest = Some((section, SealAt { covers, adler }));
        }
        if !rest.is_empty() {
            let zxid;
            (rest, zxid) = finish(Zxid::decode(rest))?;
            let covers = tail.len() - rest.len();
            let adler;
            (rest, adler) = decode_seal(rest)?;
            found.last_zxid = Some((zxid, SealAt { covers, adler }));
        }
        match rest {
            [] => Ok(found),
            _ => Err(DecodeError::Malformed("bytes follow the last section of the snapshot")),
        }
    }

    /// Checks every seal of the tail. `before` is the Adler-32 of all bytes in front of `tail`,
    /// the first seal included.
    pub fn seals_hold(&self, before: u32, tail: &[u8]) -> bool {
        let digest = self.digest.as_ref().map(|(_, seal)| *seal);
        let last = self.last_zxid.map(|(_, seal)| seal);
        digest.into_iter().chain(last).all(|seal| {
            let mut adler = simd_adler32::Adler32::from_checksum(before);
            adler.write(&tail[..seal.covers.min(tail.len())]);
            adler.finish() == seal.adler
        })
    }
}

fn finish<T>(parsed: Parsed<'_, T>) -> Result<(&[u8], T), DecodeError> {
    parsed.map_err(|error| match error {
        nom::Err::Error(error) | nom::Err::Failure(error) => error,
        nom::Err::Incomplete(_) => DecodeError::Truncated,
    })
}

/// Reads one seal: the Adler-32 that it claims.
///
/// # Errors
/// Fewer than 13 bytes, no "/" behind the number, or a number over 32 bits.
pub fn decode_seal(input: &[u8]) -> Result<(&[u8], u32), DecodeError> {
    finish(parse_seal(input))
}

fn parse_seal(input: &[u8]) -> Parsed<'_, u32> {
    let (rest, adler) = i64::decode(input)?;
    let (rest, end) = Text::decode(rest)?;
    match (u32::try_from(adler), end.as_deref()) {
        (Ok(adler), Some("/")) => Ok((rest, adler)),
        _ => fail(DecodeError::Malformed("a seal of the snapshot is not a checksum and a slash")),
    }
}

/// Appends a seal with the Adler-32 of everything before it.
pub fn put_seal(out: &mut BytesMut, adler: u32) {
    out.put_i64(adler.into());
    put_text(out, "/");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::adler32;

    fn digest(version: i32, digest: DigestValue<'static>) -> DigestSection<'static> {
        DigestSection { zxid: Zxid(9), version, digest }
    }

    fn tail(section: Option<&DigestSection<'_>>, last: Option<Zxid>, before: &[u8]) -> BytesMut {
        let mut out = BytesMut::from(before);
        if let Some(section) = section {
            section.encode(&mut out);
            let adler = adler32(&out);
            put_seal(&mut out, adler);
        }
        if let Some(last) = last {
            last.encode(&mut out);
            let adler = adler32(&out);
            put_seal(&mut out, adler);
        }
        out.split_off(before.len())
    }

    #[test]
    fn the_number_of_bytes_tells_the_sections() {
        let number = digest(2, DigestValue::Number(-5));
        let hex = digest(1, DigestValue::Hex(Some("abc".into())));
        for (section, last, length) in [
            (None, None, 0),
            (Some(&number), None, 33),
            (Some(&number), Some(Zxid(10)), 54),
            (None, Some(Zxid(10)), 21),
            (Some(&hex), None, 12 + 7 + 13),
            (Some(&hex), Some(Zxid(10)), 12 + 7 + 13 + 21),
        ] {
            let bytes = tail(section, last, b"body and first seal");
            assert_eq!(bytes.len(), length);
            let found = SnapshotTail::decode(&bytes).unwrap();
            assert_eq!(found.digest.as_ref().map(|(section, _)| section), section);
            assert_eq!(found.last_zxid.map(|(zxid, _)| zxid), last);
            assert!(found.seals_hold(adler32(b"body and first seal"), &bytes));
            assert_eq!(found.seals_hold(adler32(b"another body"), &bytes), length == 0);
        }
    }

    #[test]
    fn cut_and_longer_tails_are_refused() {
        let bytes = tail(Some(&digest(2, DigestValue::Number(1))), Some(Zxid(1)), b"x");
        for cut in 1..bytes.len() {
            assert_eq!(SnapshotTail::decode(&bytes[..cut]).is_ok(), cut == 33, "cut at {cut}");
        }
        let mut longer = bytes.clone();
        longer.put_u8(0);
        assert!(SnapshotTail::decode(&longer).is_err());
    }
}
