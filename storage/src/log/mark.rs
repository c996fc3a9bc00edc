//! The durable mark: how far the newest log is known to be durable.
//!
//! Apache's log format has no place for it, so it stands in a small file of its own beside the
//! logs, which Apache ignores. It tells rot from a crash where the log alone can't: after a power
//! loss pages of the *last, unsynced* groups may be missing in any order, so that a whole record can
//! stand behind a hole. In front of the mark a hole is rot; behind it nothing was acknowledged.
//!
//! Invariant: the mark never claims more than was synced, and `newest` is durable before that file
//! holds anything. The offset may lag: it is stored to after each sync without a system call, and
//! made durable when a log begins, when space is prepared, and at a clean close. Two slots, written
//! in turn, each with a checksum: a torn one leaves the other.
//!
//! Another server may have run since. What it begins has other names; where it has changed the
//! marked file itself, the mark claims nothing ([`believed`]). Times of files tell nothing: stores
//! through a map change them late.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use codec::Zxid;
use codec::disk::{adler32, log_name};

use super::scan::LogScan;
use crate::error::DiskError;
use crate::media::{Disk, LogFile, Window, parent};

/// The file's name in the log directory.
pub(crate) const NAME: &str = "rookeeper.durable";

const MAGIC: [u8; 8] = *b"RKDUR\0\0\x02";
const SLOT_LEN: usize = 64;
/// Where the sum of the fields in front of it stands.
const SUM_AT: usize = 56;
/// Slots stand in different sectors.
const SLOT_STRIDE: usize = 512;
const FILE_LEN: u64 = 1024;

/// By what a file is known again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Identity {
    /// What the file system calls it; 0 if it can't tell.
    pub inode: u64,
    /// The checksum of its first record as stored; 0 if it has none.
    pub head: u64,
}

/// What a mark says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MarkAt {
    /// Name of the log file in which the unsynced part of the history begins.
    pub log: Zxid,
    /// Bytes of that file that are durable.
    pub offset: u64,
    /// By what that file is known.
    pub file: Identity,
    /// Name of the newest log file begun since: the files from `log` to this one are ours.
    pub newest: Zxid,
}

/// What is known of a place in the logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known {
    /// It was durable: damage there is rot.
    Durable,
    /// Nothing there was acknowledged: a crash may leave anything.
    Unsynced,
    /// Another server, or an older run, wrote it.
    Nothing,
}

impl MarkAt {
    /// What is known of `offset` in the log file named `log`.
    pub fn knows(mark: Option<MarkAt>, log: Zxid, offset: u64) -> Known {
        match mark {
            Some(mark) if log == mark.log && offset < mark.offset => Known::Durable,
            Some(mark) if log >= mark.log && log <= mark.newest => Known::Unsynced,
            _ => Known::Nothing,
        }
    }

    fn slot(&self, turn: u64) -> [u8; SLOT_LEN] {
        let mut slot = [0; SLOT_LEN];
        slot[..8].copy_from_slice(&MAGIC);
        slot[8..16].copy_from_slice(&turn.to_be_bytes());
        slot[16..24].copy_from_slice(&self.log.0.to_be_bytes());
        slot[24..32].copy_from_slice(&self.offset.to_be_bytes());
        slot[32..40].copy_from_slice(&self.newest.0.to_be_bytes());
        slot[40..48].copy_from_slice(&self.file.inode.to_be_bytes());
        slot[48..56].copy_from_slice(&self.file.head.to_be_bytes());
        let sum = u64::from(adler32(&slot[..SUM_AT]));
        slot[SUM_AT..].copy_from_slice(&sum.to_be_bytes());
        slot
    }

    fn parse(slot: &[u8]) -> Option<(u64, MarkAt)> {
        let (fields, []) = slot.as_chunks::<8>() else {
            return None;
        };
        let [magic, turn, log, offset, newest, inode, head, sum] = *fields else {
            return None;
        };
        let good = magic == MAGIC && u64::from_be_bytes(sum) == u64::from(adler32(&slot[..SUM_AT]));
        let mark = MarkAt {
            log: Zxid(i64::from_be_bytes(log)),
            offset: u64::from_be_bytes(offset),
            file: Identity { inode: u64::from_be_bytes(inode), head: u64::from_be_bytes(head) },
            newest: Zxid(i64::from_be_bytes(newest)),
        };
        good.then_some((u64::from_be_bytes(turn), mark))
    }
}

/// The mark as far as it may be believed, and why it is not if another program has changed the file
/// that it speaks of. Only a `member` of an ensemble is ever told to cut its log.
pub(crate) fn believed(
    disk: &Disk,
    log_dir: &Path,
    member: bool,
) -> Result<(Option<MarkAt>, Option<String>), DiskError> {
    let read = read(disk, log_dir)?;
    let Some(mark) = read.filter(|mark| mark.offset > 0) else {
        return Ok((read, None));
    };
    let path = log_dir.join(log_name(mark.log));
    let changed = match changed(disk, &path, mark, member) {
        Err(error) if error.is_not_found() => None,
        other => other?,
    };
    let warning =
        changed.map(|how| format!("log {} {how}: another server did that", path.display()));
    Ok((warning.is_none().then_some(mark), warning))
}

/// How another program has changed a marked file. Damage is not taken for that: all that is there
/// must be whole, and a file that is cut must be the very same, cut behind a record, as TRUNC does.
fn changed(
    disk: &Disk,
    path: &Path,
    mark: MarkAt,
    member: bool,
) -> Result<Option<String>, DiskError> {
    let mut scan = LogScan::open(disk, path)?;
    let (offset, Ok(_)) = scan.take()? else {
        return Ok(None);
    };
    let Identity { inode, head } = mark.file;
    if head != 0 && head_of(scan.payload_at(offset)) != head {
        return Ok(Some("begins with another record than it was begun with".into()));
    }
    let same = inode != 0 && scan.inode()? == inode;
    if scan.len() >= mark.offset || !same || !member {
        return Ok(None);
    }
    while scan.take()?.1.is_ok() {}
    let (end, durable) = (scan.position(), mark.offset);
    let cut = end == scan.len();
    Ok(cut.then(|| format!("was cut behind a record, at byte {end} of {durable}")))
}

/// What the first record of a file is known by.
pub(crate) fn head_of(payload: &[u8]) -> u64 {
    u64::from(adler32(payload))
}

/// The newest whole slot of the mark beside these logs, if there is one.
fn read(disk: &Disk, log_dir: &Path) -> Result<Option<MarkAt>, DiskError> {
    let Some(file) = disk.read_small(&log_dir.join(NAME), FILE_LEN as usize)? else {
        return Ok(None);
    };
    let slots = [0, SLOT_STRIDE].map(|at| file.get(at..at + SLOT_LEN).and_then(MarkAt::parse));
    Ok(slots.into_iter().flatten().max_by_key(|(turn, _)| *turn).map(|(_, mark)| mark))
}

/// Forgets the mark: whoever cuts a log does this first.
pub(crate) fn remove(disk: &Disk, log_dir: &Path) -> Result<(), DiskError> {
    let path = log_dir.join(NAME);
    if disk.exists(&path)? {
        disk.remove(&path)?;
        disk.sync_dir(log_dir)?;
    }
    Ok(())
}

/// The mark while a log is being written.
#[derive(Debug)]
pub(crate) struct Mark {
    path: PathBuf,
    file: Arc<dyn LogFile>,
    window: Box<dyn Window>,
    turn: u64,
    at: Option<MarkAt>,
}

impl Mark {
    /// Begins a new mark in place of an old one. Recovery must have cut torn tails before.
    pub fn create(disk: &Disk, log_dir: &Path) -> Result<Self, DiskError> {
        remove(disk, log_dir)?;
        let path = log_dir.join(NAME);
        let file = disk.create_log(&path)?;
        let open = || -> io::Result<Box<dyn Window>> {
            file.allocate(FILE_LEN)?;
            file.window(0, FILE_LEN as usize)
        };
        let window = disk.change("allocation", &path, open)?;
        disk.change("fdatasync", &path, || file.sync())?;
        disk.sync_dir(parent(&path))?;
        Ok(Mark { path, file, window, turn: 0, at: None })
    }

    /// A new log file is about to be made; to be made durable before it is. What was unsynced in
    /// an older one stays so.
    pub fn begin(&mut self, log: Zxid) {
        let fresh = MarkAt { log, offset: 0, file: Identity::default(), newest: log };
        self.set(MarkAt { newest: log, ..self.at.unwrap_or(fresh) });
    }

    /// Everything up to `offset` of `log` has become durable.
    pub fn advance(&mut self, log: Zxid, offset: u64, file: Identity) {
        let newest = self.at.map_or(log, |at| at.newest.max(log));
        self.set(MarkAt { log, offset, file, newest });
    }

    /// What the mark spoke of is durable or gone; the next log begins anew.
    pub fn forget(&mut self) {
        self.at = None;
    }

    fn set(&mut self, mark: MarkAt) {
        self.turn += 1;
        self.window.put(self.turn as usize % 2 * SLOT_STRIDE, &mark.slot(self.turn));
        self.at = Some(mark);
    }

    /// Where it stands and how to sync it, for callers that must not hold the lock meanwhile.
    pub fn handle(&self) -> (PathBuf, Arc<dyn LogFile>) {
        (self.path.clone(), Arc::clone(&self.file))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_whole_slot_counts() {
        let dir = tempfile::tempdir().unwrap();
        let disk = Disk::real();
        assert_eq!(read(&disk, dir.path()).unwrap(), None);
        let mut mark = Mark::create(&disk, dir.path()).unwrap();
        assert_eq!(read(&disk, dir.path()).unwrap(), None);
        let file = Identity { inode: 3, head: 4 };
        let at = |offset| MarkAt { log: Zxid(7), offset, file, newest: Zxid(7) };
        mark.begin(Zxid(7));
        (2..=5).for_each(|offset| mark.advance(Zxid(7), offset, file));
        assert_eq!(read(&disk, dir.path()).unwrap(), Some(at(5)));
        // Turn 5 stands in slot 1: damaged, the other slot is believed.
        mark.window.put(SLOT_STRIDE + 30, &[9]);
        assert_eq!(read(&disk, dir.path()).unwrap(), Some(at(4)));
    }

    #[test]
    fn a_rolled_log_that_is_not_synced_stays_unsynced() {
        let dir = tempfile::tempdir().unwrap();
        let disk = Disk::real();
        let mut mark = Mark::create(&disk, dir.path()).unwrap();
        mark.begin(Zxid(1));
        mark.advance(Zxid(1), 100, Identity::default());
        mark.begin(Zxid(9));
        let read = || read(&disk, dir.path()).unwrap();
        let knows = |log, offset| MarkAt::knows(read(), Zxid(log), offset);
        assert_eq!(knows(1, 99), Known::Durable);
        assert_eq!(knows(1, 100), Known::Unsynced);
        assert_eq!(knows(9, 16), Known::Unsynced);
        assert_eq!(knows(10, 16), Known::Nothing);
        mark.advance(Zxid(9), 50, Identity::default());
        assert_eq!(knows(1, 0), Known::Nothing);
        assert_eq!(knows(9, 49), Known::Durable);
    }
}
