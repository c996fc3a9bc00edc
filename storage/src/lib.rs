//! What survives: the memory-mapped transaction log, snapshots, epoch files, recovery, retention.
//!
//! The contract, which `docs/DURABILITY.md` tells at length: what [`log::LogSyncer::sync`] reported
//! is there after any crash; the first failed call on the disk ends all writing; recovery gives a
//! verdict, never a guess. Files only; nothing in here may know a client, a peer, or who leads. All
//! files are reached through [`media::Disk`]; byte layouts are codec's.
#![deny(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod cadence;
pub mod directory;
pub mod epoch;
pub mod error;
pub mod log;
mod map;
pub mod media;
pub mod recover;
pub mod retain;
pub mod snapshot;
mod truncate;

pub use error::{DirectoryError, DiskError, SnapshotError, TruncateError};
pub use media::Disk;
pub use truncate::truncate;
