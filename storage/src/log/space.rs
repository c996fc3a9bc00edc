//! Space prepared ahead of the appends, beside them.
//!
//! fdatasync of an extending, sparse or merely reserved file also writes metadata; over zeros that
//! are already on disk it writes only the pages of the records. So zeros go ahead of the records,
//! a little at a time: a start never waits for 64 MiB of them, and when records come faster than
//! zeros, the zeros give way (large groups don't need them).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{JoinHandle, Thread};
use std::{io, thread};

use super::segment::Segment;
use super::sync::Shared;
use crate::error::DiskError;

/// Zeros are topped up when fewer than this are left…
const AHEAD_MIN: u64 = 1 << 20;
/// … to this many.
const AHEAD_MAX: u64 = 2 << 20;
/// Written at a time: an appender that needs the next window waits for one piece at most.
const PIECE: u64 = 128 << 10;

/// Prepares space for a log. Whoever owns a thread for it calls [`LogSpace::prepare_ahead`]; or
/// [`super::TxnLog::start_space_thread`] makes one.
#[derive(Debug, Clone)]
pub struct LogSpace {
    shared: Arc<Shared>,
}

impl LogSpace {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        LogSpace { shared }
    }

    /// Does what there is to do: cuts the unused tails of files left behind, allocates the next
    /// step, writes zeros. Short calls on the disk, each without a lock that appends wait for.
    ///
    /// # Errors
    /// The disk's; latched. A full disk is none here: the append that finds no space fails.
    pub fn prepare_ahead(&self) -> Result<(), DiskError> {
        self.shared.disk.check()?;
        self.trim_retired()?;
        let Some(segment) = self.shared.current() else {
            return Ok(());
        };
        let mut changed = segment.reserve_ahead(&self.shared.disk, self.shared.options.step())?;
        changed |= self.write_zeros(&segment)?;
        if changed {
            let sync = || segment.file.sync_zeros();
            self.shared.disk.change("fdatasync", &segment.path, sync)?;
            self.shared.sync_mark()?;
        }
        Ok(())
    }

    fn trim_retired(&self) -> Result<(), DiskError> {
        loop {
            let Some(segment) = self.shared.retired.lock().pop() else {
                return Ok(());
            };
            self.shared.trim(&segment)?;
        }
    }

    fn write_zeros(&self, segment: &Segment) -> Result<bool, DiskError> {
        let end = segment.end.load(Ordering::Acquire);
        if segment.space.lock().zeroed >= end + AHEAD_MIN {
            return Ok(false);
        }
        let mut written = false;
        loop {
            let mut space = segment.space.lock();
            let to = (space.zeroed + PIECE).min(space.allocated).min(end + AHEAD_MAX);
            if to <= space.zeroed {
                return Ok(written);
            }
            let (from, len) = (space.zeroed, to - space.zeroed);
            let zero = || segment.file.zero(from, len);
            self.shared.disk.change("write of zeros", &segment.path, zero)?;
            space.zeroed = to;
            written = true;
        }
    }
}

/// A thread that prepares space whenever it is woken. Ends with its owner.
#[derive(Debug)]
pub(super) struct SpaceThread {
    thread: Thread,
    handle: Option<JoinHandle<()>>,
    stop: Arc<AtomicBool>,
}

impl SpaceThread {
    pub fn start(space: LogSpace) -> io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&stop);
        let run = move || {
            while !seen.load(Ordering::Acquire) {
                // The error is latched in the disk; every append and sync tells it.
                if space.prepare_ahead().is_err() {
                    return;
                }
                thread::park();
            }
        };
        let handle = thread::Builder::new().name("log-space".into()).spawn(run)?;
        Ok(SpaceThread { thread: handle.thread().clone(), handle: Some(handle), stop })
    }

    pub fn wake(&self) {
        self.thread.unpark();
    }
}

impl Drop for SpaceThread {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        self.wake();
        if let Some(handle) = self.handle.take() {
            // A panic in there was told by the panic hook; nothing is owed to it.
            let _ = handle.join();
        }
    }
}
