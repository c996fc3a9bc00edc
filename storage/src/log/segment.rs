//! One log file while it is written: its space and how far it is filled.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use codec::Zxid;
use codec::disk::FileHeader;
use parking_lot::Mutex;

use crate::error::DiskError;
use crate::media::{Disk, LogFile};

/// Largest part of a log that is mapped at a time: bounds the memory that a log seems to use.
const WINDOW_MAX: u64 = 4 << 20;
/// How much is taken at once when the zeros have not kept up with the appends.
const WINDOW_UNZEROED: u64 = 256 << 10;
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
    pub space: Mutex<Space>,
}

/// Invariant: `end <= zeroed` in effect (nobody writes zeros below what was granted to the
/// appender), `zeroed <= allocated`.
#[derive(Debug)]
pub(crate) struct Space {
    /// Really allocated: stores below can't fail.
    pub allocated: u64,
    /// Zeros are written, or given up, below this.
    pub zeroed: u64,
    /// How far the log was when the durable mark was last made durable from here.
    pub marked: u64,
    /// The disk had no room for the next step when it was last tried ahead.
    pub starved: bool,
}

impl Default for Space {
    /// Of a new file: sizes are counted from the header on.
    fn default() -> Self {
        Space { allocated: FileHeader::LEN as u64, zeroed: 0, marked: 0, starved: false }
    }
}

impl Segment {
    /// The part `[from, to)` that may be mapped for a record of `need` bytes at `from`.
    pub fn grant(&self, disk: &Disk, from: u64, need: u64, step: u64) -> Result<u64, DiskError> {
        let mut space = self.space.lock();
        let end = from + need;
        if space.zeroed < end {
            self.reserve(&mut space, disk, end, step)?;
            space.zeroed = space.allocated.min(end.max(from + WINDOW_UNZEROED));
        }
        Ok(space.zeroed.min(end.max(from + WINDOW_MAX)))
    }

    fn reserve(
        &self,
        space: &mut Space,
        disk: &Disk,
        end: u64,
        step: u64,
    ) -> Result<(), DiskError> {
        if space.allocated >= end {
            return Ok(());
        }
        let wanted = next_size(space.allocated, end, step);
        let allocate = || match self.file.allocate(wanted) {
            // A disk that is nearly full still takes records while it can.
            Err(error) if is_full(&error) && end + STEP_MIN < wanted => {
                self.file.allocate(end + STEP_MIN).map(|()| end + STEP_MIN)
            }
            other => other.map(|()| wanted),
        };
        space.allocated = disk.change("allocation of log space", &self.path, allocate)?;
        Ok(())
    }

    /// Allocates the next step before it is needed. A full disk is not an error yet.
    pub fn reserve_ahead(&self, disk: &Disk, step: u64) -> Result<(), DiskError> {
        let mut space = self.space.lock();
        let reserve = (step / 2).min(2 << 20);
        if space.starved || space.allocated >= self.end.load(Ordering::Acquire) + reserve {
            return Ok(());
        }
        let wanted = space.allocated + step;
        match self.file.allocate(wanted) {
            Ok(()) => space.allocated = wanted,
            Err(error) if is_full(&error) => {
                space.starved = true;
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
