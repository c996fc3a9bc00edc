//! Space prepared ahead of the appends, beside them.
//!
//! The next step of the file is reserved before it is needed, and zeros are written a little ahead
//! of the records: over them fdatasync writes pages only, no extents, and a store finds its page in
//! the cache. Little, because each page of zeros may go to the disk once more than needed, and
//! because a sync of its own for them would hold up the syncs of records (measured: p99.9 of 1 ms
//! instead of 0.25); so they go out with the next group. When records come faster than zeros, the
//! zeros give way. A start never waits for a file's worth of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{JoinHandle, Thread};
use std::{io, thread};

use super::next::NextFile;
use super::segment::Segment;
use super::sync::Shared;
use crate::error::DiskError;

/// Zeros are topped up when fewer than this are left...
const AHEAD_MIN: u64 = 128 << 10;
/// ... to this many.
const AHEAD_MAX: u64 = 256 << 10;
/// The durable mark is made durable each time the log has grown by this.
const MARK_EVERY: u64 = 4 << 20;
/// The next file is made once the current one holds this much (or the 16th of a step): a server that
/// hardly writes needs no second one.
const NEXT_AFTER: u64 = 1 << 20;

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
    /// step, writes zeros, makes the next file. Short calls on the disk, each without a lock that appends wait for.
    ///
    /// # Errors
    /// The disk's; latched. A full disk is none here: the append that finds no space fails.
    pub fn prepare_ahead(&self) -> Result<(), DiskError> {
        self.shared.disk.check()?;
        self.trim_retired()?;
        let Some(segment) = self.shared.current() else {
            return Ok(());
        };
        let room = || self.shared.drop_next();
        segment.reserve_ahead(&self.shared.disk, self.shared.options.step(), &room)?;
        self.write_zeros(&segment)?;
        self.sync_mark(&segment)?;
        self.make_next(&segment)
    }

    fn make_next(&self, segment: &Segment) -> Result<(), DiskError> {
        let (shared, step) = (&self.shared, self.shared.options.step());
        let early = segment.end.load(Ordering::Acquire) < NEXT_AFTER.min(step / 16);
        if early || !shared.wants_next() {
            return Ok(());
        }
        let n = shared.next_made.fetch_add(1, Ordering::Relaxed);
        let next = NextFile::make(&shared.disk, &shared.options.dir, n, step, AHEAD_MAX)?;
        shared.put_next(next)
    }

    fn sync_mark(&self, segment: &Segment) -> Result<(), DiskError> {
        let end = segment.end.load(Ordering::Acquire);
        if end < segment.space.marked.load(Ordering::Relaxed) + MARK_EVERY {
            return Ok(());
        }
        segment.space.marked.store(end, Ordering::Relaxed);
        self.shared.sync_mark()
    }

    fn trim_retired(&self) -> Result<(), DiskError> {
        loop {
            let Some(segment) = self.shared.retired.lock().pop() else {
                return Ok(());
            };
            self.shared.trim(&segment)?;
        }
    }

    fn write_zeros(&self, segment: &Segment) -> Result<(), DiskError> {
        let (ahead, mut more) = (AHEAD_MIN..AHEAD_MAX, false);
        while segment.zero_ahead(&self.shared.disk, &ahead, more)? {
            more = true;
        }
        Ok(())
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
