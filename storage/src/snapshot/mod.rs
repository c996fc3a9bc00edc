//! Snapshots: the whole tree with sessions and ACLs as of about one transaction, in Apache's format.
//!
//! Written beside traffic in pieces that the server hands over ([`SnapshotWriter`]), put in place
//! atomically, verified seal by seal before anything of them is used ([`load`]). What the nodes mean
//! is not known here.

mod compress;
mod read;
mod select;
mod source;
mod write;

use codec::disk::Compression;

pub use read::{SnapshotSummary, Visitor, load, verify};
pub use select::{RuledOut, SnapshotFile, candidates, looks_whole, snapshot_files};
pub use write::{SnapshotInfo, SnapshotWriter};

/// Reads a value of `zookeeper.snapshot.compression.method`: `gz`, `snappy`, or empty for none.
pub fn parse_compression(text: &str) -> Option<Compression> {
    match text {
        "" => Some(Compression::Plain),
        "gz" => Some(Compression::Gz),
        "snappy" => Some(Compression::Snappy),
        _ => None,
    }
}
