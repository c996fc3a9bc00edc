//! What can go wrong below the server, one type per operation. Every message says what happened,
//! to which file, and (where there is something to do) what to do next.

use std::io;
use std::path::{Path, PathBuf};

use codec::Zxid;

/// A failed call to the disk. Cheap to clone: the first one is latched and given to every caller
/// that comes later.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{operation} of {} failed: {reason}", path.display())]
pub struct DiskError {
    /// What was tried: `write`, `fdatasync`, `rename`, …
    pub operation: &'static str,
    /// The file or directory.
    pub path: PathBuf,
    /// The operating system's number, if it gave one.
    pub errno: Option<i32>,
    /// Its kind, to tell a full disk from a broken one.
    pub kind: io::ErrorKind,
    /// Its text.
    pub reason: String,
}

impl DiskError {
    /// Names the operation and the file of an I/O error.
    pub fn new(operation: &'static str, path: &Path, error: &io::Error) -> Self {
        DiskError {
            operation,
            path: path.to_path_buf(),
            errno: error.raw_os_error(),
            kind: error.kind(),
            reason: error.to_string(),
        }
    }

    /// Whether the file was simply not there.
    pub fn is_not_found(&self) -> bool {
        self.kind == io::ErrorKind::NotFound
    }

    /// Whether the disk (or a quota) is full.
    pub fn is_full(&self) -> bool {
        matches!(self.kind, io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
    }
}

/// Why a snapshot file can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// It could not be read.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// It can be read but is not a whole, sealed snapshot.
    #[error("snapshot {} is damaged at byte {offset} of its uncompressed form: {reason}", file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// Where the reader stood, in uncompressed bytes.
        offset: u64,
        /// What was wrong there.
        reason: String,
    },
    /// The one who asked for its contents refused a part of it.
    #[error("snapshot {} could not be loaded: {reason}", file.display())]
    Refused {
        /// The file.
        file: PathBuf,
        /// The visitor's reason.
        reason: String,
    },
}

/// Why a data directory can't be used at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DirectoryError {
    /// A call to the disk failed.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// It is missing and may not be made.
    #[error(
        "data directory {} is missing and zookeeper.datadir.autocreate is false: create it, or \
         correct dataDir/dataLogDir", path.display()
    )]
    Missing {
        /// The directory.
        path: PathBuf,
    },
    /// This process may not write there.
    #[error(
        "directory {} can't be written ({reason}): give it to the server's user, or correct \
         dataDir/dataLogDir", path.display()
    )]
    Unwritable {
        /// The directory.
        path: PathBuf,
        /// The operating system's text.
        reason: String,
    },
    /// Another process holds it.
    #[error(
        "data directory {} is in use by process {}: stop that server, or give this one a \
         dataDir of its own", path.display(), owner.as_deref().unwrap_or("(unknown)")
    )]
    Locked {
        /// The directory.
        path: PathBuf,
        /// Process id of the owner, as it wrote it.
        owner: Option<String>,
    },
    /// It holds something that does not belong there.
    #[error("{} does not belong in this directory: {reason}", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// Why, and what to do.
        reason: String,
    },
    /// A small file (myid, acceptedEpoch, currentEpoch) does not hold a number.
    #[error("{} must hold {expected}, found {found:?}", path.display())]
    BadNumber {
        /// The file.
        path: PathBuf,
        /// What was expected.
        expected: &'static str,
        /// What it begins with.
        found: String,
    },
    /// The epoch files contradict the logs or each other.
    #[error("{reason}")]
    Epochs {
        /// What contradicts what, and what to do.
        reason: String,
    },
}

/// Why a history could not be cut back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TruncateError {
    /// A call to the disk failed; the history is a prefix of what it was.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// Nothing that reaches the wanted transaction is here: nothing was changed.
    #[error(
        "cannot truncate to {to}: this server has neither that transaction in its log nor a \
         snapshot from which its log leads there; nothing was changed, ask for a snapshot"
    )]
    NotHere {
        /// What the leader wanted.
        to: Zxid,
    },
    /// The log is damaged below the wanted transaction: nothing was changed.
    #[error("cannot truncate to {to}: {reason}; nothing was changed, ask for a snapshot")]
    Damaged {
        /// What the leader wanted.
        to: Zxid,
        /// What was found.
        reason: String,
    },
}
