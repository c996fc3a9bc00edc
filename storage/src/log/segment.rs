//! One log file while it is written: its space and how far it is filled.

use std::io;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use codec::Zxid;
use codec::disk::FileHeader;
use parking_lot::{Mutex, MutexGuard};

use super::mark::Identity;
use crate::error::DiskError;
use crate::media::{Disk, LogFile};

/// Largest part of a log that is mapped at a time: bounds the memory that a log seems to use.
const WINDOW_MAX: u64 = 4 << 20;
/// How much is taken at once when the zeros have not kept up with the appends.
const WINDOW_UNZEROED: u64 = 256 << 10;
/// Zeros go out in pieces of this: an append that has caught up with them waits for one at most.
const ZEROS_AT_ONCE: u64 = 16 << 10;
/// Apache extends a file when fewer bytes than this are left.
const APACHE_MARGIN: u64 = 4096;
/// Tried instead of a whole step when the disk has no room for one.
const STEP_MIN: u64 = 64 << 10;

/// A log file that records go into, or that waits for its last sync.
#[derive(Debug)]
pub(crate) struct Segment {
    /// Zxid of its first record, which names it.
    pub first: Zxid,
    pub path: PathBuf,
    pub file: Arc<dyn LogFile>,
    /// Bytes filled with whole records. Only grows.
    pub end: AtomicU64,
    /// Whether its directory entry is durable.
    pub named: AtomicBool,
    /// See [`super::mark::Identity`].
    pub inode: u64,
    /// As there; 0 until the first record is stored.
    pub head: AtomicU64,
    pub space: Space,
}

/// How far a file's space is prepared. Read without a lock: whoever appends holds up everybody, so
/// it waits for a call on the disk only where there is nothing left to append to.
///
/// Invariant: `end <= zeroed` in effect (nobody writes zeros below what was granted to the
/// appender), `zeroed <= allocated`. All of it only grows.
#[derive(Debug)]
pub(crate) struct Space {
    /// Really allocated: stores below can't fail. Changed under `growing`.
    pub allocated: AtomicU64,
    /// Zeros are written, or given up, below this. Changed under `zeroing`.
    pub zeroed: AtomicU64,
    /// How far the log was when the durable mark was last made durable from here.
    pub marked: AtomicU64,
    /// The disk had no room for the next step when it was last tried ahead.
    starved: AtomicBool,
    /// Held while the file is allocated.
    growing: Mutex<()>,
    /// Held while a piece of zeros is written.
    zeroing: Mutex<()>,
}

impl Default for Space {
    /// Of a new file: sizes are counted from the header on.
    fn default() -> Self {
        Space {
            allocated: AtomicU64::new(FileHeader::LEN as u64),
            zeroed: AtomicU64::new(0),
            marked: AtomicU64::new(0),
            starved: AtomicBool::new(false),
            growing: Mutex::default(),
            zeroing: Mutex::default(),
        }
    }
}

/// Takes room on the disk back from what can do without it; tells whether there was such a thing.
pub(crate) type GiveRoom<'a> = &'a dyn Fn() -> Result<bool, DiskError>;

impl Space {
    /// Of a file that has some already.
    pub fn prepared(allocated: u64, zeroed: u64) -> Self {
        let (allocated, zeroed) = (AtomicU64::new(allocated), AtomicU64::new(zeroed));
        Space { allocated, zeroed, ..Space::default() }
    }

    /// Bytes allocated.
    pub fn allocated(&self) -> u64 {
        self.allocated.load(Ordering::Acquire)
    }

    /// Bytes below which no zeros are written any more.
    pub fn zeroed(&self) -> u64 {
        self.zeroed.load(Ordering::Acquire)
    }
}

impl Segment {
    /// By what the durable mark knows it again.
    pub fn identity(&self) -> Identity {
        Identity { inode: self.inode, head: self.head.load(Ordering::Acquire) }
    }

    /// The part `[from, to)` that may be mapped for a record of `need` bytes at `from`.
    pub fn grant(
        &self,
        disk: &Disk,
        from: u64,
        need: u64,
        step: u64,
        room: GiveRoom<'_>,
    ) -> Result<u64, DiskError> {
        let (end, space) = (from + need, &self.space);
        if space.zeroed() < end {
            self.reserve(disk, end, step, room)?;
            let _one = space.zeroing.lock();
            let taken = space.allocated().min(end.max(from + WINDOW_UNZEROED));
            space.zeroed.fetch_max(taken, Ordering::AcqRel);
        }
        Ok(space.zeroed().min(end.max(from + WINDOW_MAX)))
    }

    fn reserve(
        &self,
        disk: &Disk,
        end: u64,
        step: u64,
        room: GiveRoom<'_>,
    ) -> Result<(), DiskError> {
        if self.space.allocated() >= end {
            return Ok(());
        }
        let _one = self.space.growing.lock();
        let allocated = self.space.allocated();
        if allocated >= end {
            return Ok(());
        }
        let wanted = next_size(allocated, end, step);
        let allocate = || match self.allocate(wanted, room)? {
            // A disk that is nearly full still takes records while it can.
            Err(error) if is_full(&error) && end + STEP_MIN < wanted => {
                Ok(self.file.allocate(end + STEP_MIN).map(|()| end + STEP_MIN))
            }
            other => Ok(other.map(|()| wanted)),
        };
        let allocated = allocate()?;
        let allocated = disk.change("allocation of log space", &self.path, || allocated)?;
        self.space.allocated.store(allocated, Ordering::Release);
        Ok(())
    }

    /// Allocates, and once more if room could be made on a full disk.
    fn allocate(&self, len: u64, room: GiveRoom<'_>) -> Result<io::Result<()>, DiskError> {
        let first = self.file.allocate(len);
        match &first {
            Err(error) if is_full(error) && room()? => Ok(self.file.allocate(len)),
            _ => Ok(first),
        }
    }

    /// Allocates the next step before it is needed. A full disk is not an error yet.
    pub fn reserve_ahead(
        &self,
        disk: &Disk,
        step: u64,
        room: GiveRoom<'_>,
    ) -> Result<(), DiskError> {
        let space = &self.space;
        let _one = space.growing.lock();
        let (allocated, reserve) = (space.allocated(), (step / 2).min(2 << 20));
        let enough = allocated >= self.end.load(Ordering::Acquire) + reserve;
        if enough || space.starved.load(Ordering::Relaxed) {
            return Ok(());
        }
        let wanted = allocated + step;
        match self.allocate(wanted, room)? {
            Ok(()) => space.allocated.store(wanted, Ordering::Release),
            Err(error) if is_full(&error) => {
                space.starved.store(true, Ordering::Relaxed);
                tracing::warn!(
                    "no room for the next {step} bytes of {}: writes will fail soon; free space \
                     on this disk",
                    self.path.display()
                );
            }
            Err(error) => return Err(disk.fail("allocation of log space", &self.path, &error)),
        }
        Ok(())
    }

    /// Writes one piece of zeros, if fewer than `ahead.start` lie in front of the records (or
    /// `more` of them are wanted anyway) and not yet `ahead.end`. Tells whether it did.
    pub fn zero_ahead(
        &self,
        disk: &Disk,
        ahead: &Range<u64>,
        more: bool,
    ) -> Result<bool, DiskError> {
        let space = &self.space;
        let one = space.zeroing.lock();
        let (end, from) = (self.end.load(Ordering::Acquire), space.zeroed());
        let to = space.allocated().min(end + ahead.end);
        let enough = if more { to } else { to.min(end + ahead.start) };
        if from >= enough {
            return Ok(false);
        }
        let len = ZEROS_AT_ONCE.min(to - from);
        disk.change("write of zeros", &self.path, || self.file.zero(from, len))?;
        space.zeroed.store(from + len, Ordering::Release);
        // An append that ran out of zeros waits for this piece, not for the next.
        MutexGuard::unlock_fair(one);
        Ok(true)
    }
}

pub(crate) fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// The size of a log of `size` bytes before something that ends at `end` goes in: whole steps
/// behind the header, as Apache's files have them (the size carries no meaning).
pub(crate) fn next_size(size: u64, end: u64, step: u64) -> u64 {
    let short = (end + APACHE_MARGIN + 1).saturating_sub(size);
    size + short.div_ceil(step) * step
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_whole_steps_behind_the_header() {
        let step = 64 << 10;
        assert_eq!(next_size(16, 77, step), 65_552);
        assert_eq!(next_size(65_552, 60_000, step), 65_552);
        assert_eq!(next_size(65_552, 65_000, step), 131_088);
        assert_eq!(next_size(16, 10 << 20, step) % step, 16);
        assert!(next_size(16, 10 << 20, step) > (10 << 20) + APACHE_MARGIN);
    }
}
