//! The log behind the replica's door: appends, rolls when it is time, and asks for snapshots.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use codec::Zxid;
use parking_lot::Mutex;
use storage::cadence::{Cadence, Due};
use storage::log::TxnLog;

use crate::replica::pipeline::{Journal, JournalFailure};

/// When snapshots are due, shared between those who append and those who write snapshots.
#[derive(Debug)]
pub struct Rhythm {
    cadence: Mutex<Cadence>,
    due: AtomicBool,
}

impl Rhythm {
    /// Follows `cadence`.
    pub fn new(cadence: Cadence) -> Self {
        Rhythm { cadence: Mutex::new(cadence), due: AtomicBool::new(false) }
    }

    /// Whether a snapshot is due.
    pub fn is_due(&self) -> bool {
        self.due.load(Ordering::Relaxed)
    }

    /// Takes the wish for a snapshot, if there is one; whoever takes it must write one.
    pub fn take_due(&self) -> bool {
        self.due.swap(false, Ordering::Relaxed)
    }

    /// Asks for a snapshot out of turn.
    pub fn ask(&self) {
        self.due.store(true, Ordering::Relaxed);
    }

    /// A snapshot of so many bytes (before compression) is in place.
    pub fn written(&self, bytes: u64) {
        self.cadence.lock().snapshot_finished(bytes);
    }
}

/// The transaction log and the rule by which it rolls.
pub struct LogJournal {
    log: Arc<Mutex<Option<TxnLog>>>,
    rhythm: Arc<Rhythm>,
}

impl LogJournal {
    /// A journal that writes to `log` for as long as it is there: an orderly stop takes it out.
    pub fn new(log: Arc<Mutex<Option<TxnLog>>>, rhythm: Arc<Rhythm>) -> Self {
        LogJournal { log, rhythm }
    }
}

impl Journal for LogJournal {
    fn append(&mut self, zxid: Zxid, payload: &[u8]) -> Result<(), JournalFailure> {
        let mut log = self.log.lock();
        let Some(log) = &mut *log else {
            return Err(JournalFailure("this server is stopping".into()));
        };
        log.append(zxid, payload).map_err(|error| JournalFailure(error.to_string()))?;
        // Spreads the snapshots of an ensemble; nothing that matters depends on it.
        let random = (zxid.0 as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ payload.len() as u64;
        let bytes = payload.len() as u64;
        match self.rhythm.cadence.lock().appended(bytes, log.file_size(), random) {
            Due::Nothing => {}
            Due::Roll => log.roll(),
            Due::RollAndSnapshot => {
                log.roll();
                self.rhythm.ask();
            }
        }
        Ok(())
    }
}
