//! The transaction log: appending by stores into a map, durable by fdatasync, read by `pread`.
//!
//! One thread appends ([`TxnLog`]); another makes durable what was appended ([`LogSyncer`]), so that
//! group n+1 is written while group n syncs; a third may prepare space ahead ([`LogSpace`]).
//! Layouts are codec's; what damage means for a whole history is decided in `recover`.

pub(crate) mod mark;
mod next;
mod read;
pub(crate) mod scan;
mod segment;
mod space;
mod sync;
mod writer;

pub use read::{LogReadError, LogReader, LoggedTxn, last_logged_zxid};
pub(crate) use read::{files_from, log_files};
pub use space::LogSpace;
pub use sync::{LogSyncer, SyncFigures};
pub use writer::{LogOptions, TxnLog};

use codec::Zxid;

/// Whether a transaction may stand right behind another: the next counter, or the first of a later
/// epoch.
pub fn follows(previous: Zxid, zxid: Zxid) -> bool {
    let next = previous.0.checked_add(1) == Some(zxid.0);
    next || (zxid.epoch() > previous.epoch() && zxid.counter() == 1)
}

/// Begin of the names of logs that have no header yet. Apache takes everything that begins with
/// `log.` and goes on with a number for a log, so `log.5.tmp` would not do.
const UNFINISHED: &str = "unfinished.";

/// Where a log is made before it gets its name.
pub(crate) fn unfinished_name(dir: &std::path::Path, zxid: codec::Zxid) -> std::path::PathBuf {
    dir.join(format!("{UNFINISHED}{}", codec::disk::log_name(zxid)))
}

const NEXT: &str = "next.";

/// Where a log waits whose name is not yet known.
pub(crate) fn unfinished_next(dir: &std::path::Path, n: u64) -> std::path::PathBuf {
    dir.join(format!("{UNFINISHED}{NEXT}{n}"))
}

/// Whether a file was left behind by a crash while a log was made, or before it was needed.
pub(crate) fn is_unfinished(name: &str) -> bool {
    let Some(rest) = name.strip_prefix(UNFINISHED) else {
        return false;
    };
    let next = rest.strip_prefix(NEXT).is_some_and(|n| n.parse::<u64>().is_ok());
    next || codec::disk::parse_log_name(rest).is_some()
}
