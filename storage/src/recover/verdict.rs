//! What recovery has to say of a log: whole, torn at its end, rotten, or with a hole.

use std::fmt;
use std::path::PathBuf;

use codec::Zxid;

/// The state of a history on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing is missing.
    Clean,
    /// The end was cut off: what stood there was never acknowledged.
    TornTail {
        /// The newest log file.
        file: PathBuf,
        /// Where its last whole record ends.
        offset: u64,
        /// The last transaction that is there.
        last: Zxid,
        /// What stood behind it.
        reason: String,
    },
    /// Records that may have been acknowledged can't be read.
    Corrupt {
        /// The log file.
        file: PathBuf,
        /// Where the damage begins.
        offset: u64,
        /// The last transaction in front of it.
        last: Zxid,
        /// The highest transaction known to have been logged: what this server may have
        /// acknowledged, and must not deny in an election.
        highest: Zxid,
        /// What is wrong there.
        reason: String,
    },
    /// Transactions are missing between two that are there.
    Gap {
        /// The log file in which the sequence goes on wrongly.
        file: PathBuf,
        /// Where in it.
        offset: u64,
        /// The last transaction before the hole.
        last: Zxid,
        /// The transaction found behind it.
        next: Zxid,
        /// As in [`Verdict::Corrupt`].
        highest: Zxid,
    },
}

impl Verdict {
    /// Whether a server may serve from this history.
    pub fn is_sound(&self) -> bool {
        matches!(self, Verdict::Clean | Verdict::TornTail { .. })
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::Clean => write!(f, "the log is whole"),
            Verdict::TornTail { file, offset, last, reason } => write!(
                f,
                "log {} ends torn at byte {offset}, behind {last}: {reason}; never acknowledged, \
                 cut",
                file.display()
            ),
            Verdict::Corrupt { file, offset, last, highest, reason } => write!(
                f,
                "log {file} is damaged at byte {offset}: {reason}. The last good transaction \
                 before it is {last}; up to {highest} were logged. {ADVICE}",
                file = file.display()
            ),
            Verdict::Gap { file, offset, last, next, highest } => write!(
                f,
                "log {file} goes on at byte {offset} with {next}, but {last} is the last \
                 transaction before it: those between are missing (up to {highest} were logged). \
                 {ADVICE}",
                file = file.display()
            ),
        }
    }
}

const ADVICE: &str = "In an ensemble: move this server's version-2 directories away and start it, \
    it fetches everything from its leader. Alone: put the missing or damaged file back from a \
    backup, or move it and every later log away to go on without those transactions";
