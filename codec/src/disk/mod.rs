//! What lies on disk: file headers, log records, snapshot parts, file names.
//!
//! Layout only: which file to open, when to sync and what a damaged record means for the server
//! belongs to the storage room.

pub mod file_header;
pub mod log_record;
pub mod names;
pub mod snapshot;
pub mod snapshot_tail;

pub use file_header::FileHeader;
pub use log_record::{
    LogEnd, LogRead, encode_log_record, log_record_header, parse_log_record, write_log_record,
};
pub use names::{Compression, log_name, parse_log_name, parse_snapshot_name, snapshot_name};
pub use snapshot::{
    AclEntry, NodeRecord, SessionEntry, SnapshotCursor, SnapshotItem, put_count, put_end_of_nodes,
};
pub use snapshot_tail::{DigestSection, DigestValue, SealAt, SnapshotTail, decode_seal, put_seal};

/// Adler-32 with the initial value 1: the checksum of log records and of snapshot seals.
pub fn adler32(bytes: &[u8]) -> u32 {
    simd_adler32::adler32(&bytes)
}
