//! One record of a txn log: checksum, length, payload, trailer.
//!
//! ```text
//! i64 checksum   Adler-32 of the payload, zero-extended
//! i32 length     payload bytes
//! payload        a transaction: header, body, digest if there is one
//! u8 0x42        'B'
//! ```
//!
//! Telling what a damaged record means (torn tail or rot) takes knowledge of the other files and
//! is not done here.

use bytes::{BufMut, BytesMut};

use crate::disk::adler32;

/// The byte behind each payload.
pub const TRAILER: u8 = 0x42;
/// Bytes in front of each payload.
pub const HEADER_LEN: usize = 12;
/// Bytes of a record besides its payload.
pub const OVERHEAD: usize = HEADER_LEN + 1;

/// Why a log has no further record at this place, without anything being provably wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogEnd {
    /// No bytes left, or preallocated zeros.
    Clean,
    /// A record was begun here but its bytes are not all there.
    Torn,
}

/// What stands at one place of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogRead<'a> {
    /// A whole record with a good checksum.
    Record {
        /// The transaction's bytes.
        payload: &'a [u8],
        /// Bytes of the record, payload included: where the next one begins.
        total_len: usize,
    },
    /// Nothing (more) here. Apache goes on with the next file.
    EndOfLog(LogEnd),
    /// All bytes are there but the trailer is another. Apache takes it for the end of the file.
    BadTrailer {
        /// The byte found.
        found: u8,
        /// Bytes that the record would have.
        total_len: usize,
    },
    /// The payload is not the one that was written. Apache refuses to start.
    ChecksumMismatch {
        /// The checksum field.
        stored: i64,
        /// The payload's Adler-32.
        computed: u32,
        /// Bytes of the record.
        total_len: usize,
    },
    /// A negative length, or one over the limit. Apache refuses to start.
    BadLength(i32),
}

/// Reads what stands at the front of `input` (the rest of a log file). `limit` is the largest
/// payload allowed, in bytes: `jute.maxbuffer` plus its extra size.
pub fn parse_log_record(input: &[u8], limit: usize) -> LogRead<'_> {
    let Some((head, rest)) = input.split_first_chunk::<HEADER_LEN>() else {
        return LogRead::EndOfLog(end_of(input));
    };
    let (checksum, length) = split_head(head);
    match length {
        0 => LogRead::EndOfLog(end_of(head)),
        n if n < 0 || n as usize > limit => LogRead::BadLength(n),
        n if n as usize >= rest.len() => LogRead::EndOfLog(LogEnd::Torn),
        n => check_record(rest, n as usize, checksum),
    }
}

fn split_head(head: &[u8; HEADER_LEN]) -> (i64, i32) {
    let [c0, c1, c2, c3, c4, c5, c6, c7, n0, n1, n2, n3] = *head;
    let checksum = i64::from_be_bytes([c0, c1, c2, c3, c4, c5, c6, c7]);
    (checksum, i32::from_be_bytes([n0, n1, n2, n3]))
}

fn end_of(bytes: &[u8]) -> LogEnd {
    if bytes.iter().all(|byte| *byte == 0) { LogEnd::Clean } else { LogEnd::Torn }
}

/// The trailer comes first, as in Apache: a torn record mostly lacks it and must not count as rot.
fn check_record(rest: &[u8], length: usize, stored: i64) -> LogRead<'_> {
    let (payload, found, total_len) = (&rest[..length], rest[length], length + OVERHEAD);
    if found != TRAILER {
        return LogRead::BadTrailer { found, total_len };
    }
    let computed = adler32(payload);
    match stored == i64::from(computed) {
        true => LogRead::Record { payload, total_len },
        false => LogRead::ChecksumMismatch { stored, computed, total_len },
    }
}

/// The 12 bytes that stand in front of `payload`.
pub fn log_record_header(payload: &[u8]) -> [u8; HEADER_LEN] {
    let mut head = [0; HEADER_LEN];
    head[..8].copy_from_slice(&i64::from(adler32(payload)).to_be_bytes());
    head[8..].copy_from_slice(&(payload.len() as i32).to_be_bytes());
    head
}

/// Appends a whole record.
pub fn encode_log_record(out: &mut BytesMut, payload: &[u8]) {
    out.reserve(payload.len() + OVERHEAD);
    out.put_slice(&log_record_header(payload));
    out.put_slice(payload);
    out.put_u8(TRAILER);
}

/// Appends a record whose payload `write` appends, without a second buffer.
pub fn write_log_record(out: &mut BytesMut, write: impl FnOnce(&mut BytesMut)) {
    let mark = out.len();
    out.put_slice(&[0; HEADER_LEN]);
    write(out);
    let head = log_record_header(&out[mark + HEADER_LEN..]);
    out[mark..mark + HEADER_LEN].copy_from_slice(&head);
    out.put_u8(TRAILER);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(payload: &[u8]) -> BytesMut {
        let mut out = BytesMut::new();
        encode_log_record(&mut out, payload);
        out
    }

    #[test]
    fn a_record_reads_back_and_the_rest_is_left() {
        let mut bytes = record(b"one");
        write_log_record(&mut bytes, |out| out.put_slice(b"second"));
        let LogRead::Record { payload, total_len } = parse_log_record(&bytes, 100) else {
            panic!("no record");
        };
        assert_eq!((payload, total_len), (&b"one"[..], 16));
        let second = LogRead::Record { payload: b"second", total_len: 19 };
        assert_eq!(parse_log_record(&bytes[16..], 100), second);
    }

    #[test]
    fn every_cut_is_the_end_of_the_log() {
        let bytes = record(b"payload");
        for cut in 1..bytes.len() {
            assert_eq!(
                parse_log_record(&bytes[..cut], 100),
                match cut {
                    // The checksum's four zero bytes alone look like preallocation.
                    ..=4 => LogRead::EndOfLog(LogEnd::Clean),
                    _ => LogRead::EndOfLog(LogEnd::Torn),
                }
            );
        }
        assert_eq!(parse_log_record(&[], 100), LogRead::EndOfLog(LogEnd::Clean));
        assert_eq!(parse_log_record(&[0; 64], 100), LogRead::EndOfLog(LogEnd::Clean));
    }

    #[test]
    fn damage_has_its_own_names() {
        let mut bytes = record(b"payload");
        bytes[14] ^= 1;
        assert!(matches!(
            parse_log_record(&bytes, 100),
            LogRead::ChecksumMismatch { total_len: 20, .. }
        ));
        *bytes.last_mut().unwrap() = 0;
        let bad = LogRead::BadTrailer { found: 0, total_len: 20 };
        assert_eq!(parse_log_record(&bytes, 100), bad);
        assert_eq!(parse_log_record(&bytes, 6), LogRead::BadLength(7));
        bytes[8..12].copy_from_slice(&[0xff; 4]);
        assert_eq!(parse_log_record(&bytes, 100), LogRead::BadLength(-1));
    }

    #[test]
    fn a_checksum_without_a_length_is_torn() {
        assert_eq!(
            parse_log_record(&[0, 0, 0, 0, 1, 2, 3, 4, 0, 0, 0, 0, 0], 100),
            LogRead::EndOfLog(LogEnd::Torn)
        );
    }
}
