//! Making appended records durable, from a thread of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use codec::Zxid;
use parking_lot::Mutex;

use super::mark::Mark;
use super::next::NextFile;
use super::segment::Segment;
use super::writer::LogOptions;
use crate::error::DiskError;
use crate::media::Disk;

/// What the appender, the syncer and the space thread share.
#[derive(Debug)]
pub(super) struct Shared {
    pub disk: Disk,
    pub options: LogOptions,
    /// Last zxid whose record is wholly stored.
    pub appended: AtomicI64,
    /// Last zxid known durable. Invariant: `durable <= appended`.
    durable: AtomicI64,
    /// Files that hold records not yet synced, oldest first; the last may be appended to.
    pub segments: Mutex<Vec<Arc<Segment>>>,
    /// Synced files that nobody appends to any more, whose unused tails may be cut.
    pub retired: Mutex<Vec<Arc<Segment>>>,
    pub mark: Mutex<Mark>,
    /// A file for the next roll, if one is made.
    next: Mutex<Option<NextFile>>,
    /// How many were tried.
    pub next_made: AtomicU64,
    /// None is made until the next file begins: the room is wanted elsewhere.
    no_room: AtomicBool,
    /// One sync at a time, so that `durable` moves in order.
    syncing: Mutex<()>,
    stats: Stats,
}

#[derive(Debug, Default)]
struct Stats {
    count: AtomicU64,
    total_ns: AtomicU64,
    max_ns: AtomicU64,
    slow: AtomicU64,
}

/// What syncs have cost so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SyncFigures {
    /// Number of calls of fdatasync on logs.
    pub count: u64,
    /// Time spent in them.
    pub total: Duration,
    /// The longest.
    pub max: Duration,
    /// How many took longer than `fsync.warningthresholdms`.
    pub slow: u64,
}

impl Shared {
    pub fn new(disk: Disk, options: LogOptions, mark: Mark, last: Zxid) -> Self {
        Shared {
            disk,
            options,
            appended: AtomicI64::new(last.0),
            durable: AtomicI64::new(last.0),
            segments: Mutex::default(),
            retired: Mutex::default(),
            mark: Mutex::new(mark),
            next: Mutex::default(),
            next_made: AtomicU64::new(0),
            no_room: AtomicBool::new(false),
            syncing: Mutex::default(),
            stats: Stats::default(),
        }
    }

    /// The file that is appended to, or was last.
    pub fn current(&self) -> Option<Arc<Segment>> {
        self.segments.lock().last().cloned()
    }

    /// Cuts the unused tail of a file that nobody appends to.
    pub fn trim(&self, segment: &Segment) -> Result<(), DiskError> {
        let end = segment.end.load(Ordering::Acquire);
        self.disk.change("truncation", &segment.path, || segment.file.truncate(end))
    }

    /// Whether a file for the next roll should be made.
    pub fn wants_next(&self) -> bool {
        !self.no_room.load(Ordering::Relaxed) && self.next.lock().is_none()
    }

    /// Keeps a file for the next roll; `None` if there was no room for it.
    pub fn put_next(&self, next: Option<NextFile>) -> Result<(), DiskError> {
        self.no_room.fetch_or(next.is_none(), Ordering::Relaxed);
        let Some(next) = next else {
            return Ok(());
        };
        let other = self.next.lock().replace(next);
        other.map_or(Ok(()), |other| self.disk.remove(&other.path))
    }

    /// A file begins: with what was made for it.
    pub fn take_next(&self) -> Option<NextFile> {
        self.no_room.store(false, Ordering::Relaxed);
        self.next.lock().take()
    }

    /// Gives the room of the file for the next roll back; tells whether there was one.
    pub fn drop_next(&self) -> Result<bool, DiskError> {
        let Some(next) = self.next.lock().take() else {
            return Ok(false);
        };
        self.no_room.store(true, Ordering::Relaxed);
        self.disk.remove(&next.path).map(|()| true)
    }

    /// Makes the durable mark durable itself.
    pub fn sync_mark(&self) -> Result<(), DiskError> {
        let (path, file) = self.mark.lock().handle();
        self.disk.change("fdatasync", &path, || file.sync())
    }

    /// Forgets what was appended so far: another history is the durable one now.
    pub fn rebase(&self, last: Zxid) {
        let _one = self.syncing.lock();
        let segments = std::mem::take(&mut *self.segments.lock());
        self.retired.lock().extend(segments);
        self.mark.lock().forget();
        self.appended.store(last.0, Ordering::Release);
        self.durable.store(last.0, Ordering::Release);
    }

    fn sync(&self) -> Result<Zxid, DiskError> {
        let _one = self.syncing.lock();
        self.disk.check()?;
        // Order matters: whatever is stored up to `target` lies in the segments seen after.
        let target = self.appended.load(Ordering::Acquire);
        if target == self.durable.load(Ordering::Acquire) {
            return Ok(Zxid(target));
        }
        let segments = self.segments.lock().clone();
        let ends = segments.last().map(|last| (last, last.end.load(Ordering::Acquire)));
        if self.options.force_sync {
            segments.iter().try_for_each(|segment| self.sync_segment(segment))?;
            self.disk.check()?;
            if let Some((last, offset)) = ends {
                self.mark.lock().advance(last.first, offset, last.identity());
            }
        }
        self.retire(&segments);
        self.durable.store(target, Ordering::Release);
        Ok(Zxid(target))
    }

    fn sync_segment(&self, segment: &Segment) -> Result<(), DiskError> {
        let begun = Instant::now();
        self.disk.change("fdatasync", &segment.path, || segment.file.sync())?;
        self.note(segment, begun.elapsed());
        if !segment.named.load(Ordering::Acquire) {
            self.disk.sync_dir(&self.options.dir)?;
            segment.named.store(true, Ordering::Release);
        }
        Ok(())
    }

    /// All but the last of the synced files are done with.
    fn retire(&self, synced: &[Arc<Segment>]) {
        let Some((_, done)) = synced.split_last() else {
            return;
        };
        self.segments.lock().drain(..done.len());
        self.retired.lock().extend(done.iter().cloned());
    }

    fn note(&self, segment: &Segment, took: Duration) {
        let ns = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.stats.count.fetch_add(1, Ordering::Relaxed);
        self.stats.total_ns.fetch_add(ns, Ordering::Relaxed);
        self.stats.max_ns.fetch_max(ns, Ordering::Relaxed);
        if took > self.options.fsync_warning {
            self.stats.slow.fetch_add(1, Ordering::Relaxed);
            tracing::warn!(
                "fdatasync of {} took {} ms (fsync.warningthresholdms is {}): every write waits \
                 for it; give the log a disk of its own",
                segment.path.display(),
                took.as_millis(),
                self.options.fsync_warning.as_millis(),
            );
        }
    }
}

/// Makes appended records durable. Clones may be used from any thread, beside the appends.
#[derive(Debug, Clone)]
pub struct LogSyncer {
    pub(super) shared: Arc<Shared>,
}

impl LogSyncer {
    /// Makes everything durable that was appended before the call (also in a file just rolled away
    /// from) and returns the last durable zxid. With `forceSync=no` it only says so.
    ///
    /// # Errors
    /// The first error of the disk, latched: nothing that was not reported durable before may be
    /// acknowledged any more.
    pub fn sync(&self) -> Result<Zxid, DiskError> {
        self.shared.sync()
    }

    /// Last zxid known durable.
    pub fn durable(&self) -> Zxid {
        Zxid(self.shared.durable.load(Ordering::Acquire))
    }

    /// Last zxid appended.
    pub fn appended(&self) -> Zxid {
        Zxid(self.shared.appended.load(Ordering::Acquire))
    }

    /// What syncs have cost so far.
    pub fn figures(&self) -> SyncFigures {
        let stats = &self.shared.stats;
        SyncFigures {
            count: stats.count.load(Ordering::Relaxed),
            total: Duration::from_nanos(stats.total_ns.load(Ordering::Relaxed)),
            max: Duration::from_nanos(stats.max_ns.load(Ordering::Relaxed)),
            slow: stats.slow.load(Ordering::Relaxed),
        }
    }
}
