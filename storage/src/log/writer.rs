//! Appending transactions: a copy into the map, no system call.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use codec::disk::log_record::{OVERHEAD, TRAILER};
use codec::disk::{FileHeader, log_name, log_record_header};
use codec::{Encode, Zxid};

use super::mark::{Mark, head_of};
use super::next::NextFile;
use super::segment::{Segment, Space};
use super::space::{LogSpace, SpaceThread};
use super::sync::{LogSyncer, Shared};
use super::{follows, unfinished_name};
use crate::error::DiskError;
use crate::media::{Disk, Window};

/// Step used when `preAllocSize` switches preallocation off: the map needs space all the same.
const STEP_OFF: u64 = 256 << 10;

/// How a log is written.
#[derive(Debug, Clone)]
pub struct LogOptions {
    /// The `version-2` directory of the logs.
    pub dir: PathBuf,
    /// Step in which files grow, bytes (`zookeeper.preAllocSize` counts KB); 0 is off, which here
    /// means small steps.
    pub preallocate: u64,
    /// `zookeeper.forceSync`: without it nothing survives a power loss for sure.
    pub force_sync: bool,
    /// `fsync.warningthresholdms`.
    pub fsync_warning: Duration,
}

impl LogOptions {
    /// ZooKeeper's defaults: 64 MiB, synced, warned of after a second.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        LogOptions {
            dir: dir.into(),
            preallocate: 64 << 20,
            force_sync: true,
            fsync_warning: Duration::from_secs(1),
        }
    }

    pub(super) fn step(&self) -> u64 {
        if self.preallocate == 0 { STEP_OFF } else { self.preallocate }
    }
}

/// The transaction log, open for appending. Owned by one thread.
///
/// Each start, and each [`TxnLog::roll`], begins a new file with the next append; files of former
/// runs are never written to.
#[derive(Debug)]
pub struct TxnLog {
    shared: Arc<Shared>,
    active: Option<Active>,
    last: Zxid,
    space_thread: Option<SpaceThread>,
}

#[derive(Debug)]
struct Active {
    segment: Arc<Segment>,
    window: Box<dyn Window>,
    /// File offset of the window's first byte.
    window_at: u64,
    /// File offset behind the window's last byte.
    window_end: u64,
    /// Where the next record goes.
    position: u64,
}

impl TxnLog {
    /// Opens the log for a history that ends with `last` (as recovery told). Makes no log file yet.
    ///
    /// # Errors
    /// The disk's.
    pub fn open(disk: Disk, options: LogOptions, last: Zxid) -> Result<Self, DiskError> {
        let mark = Mark::create(&disk, &options.dir)?;
        let shared = Arc::new(Shared::new(disk, options, mark, last));
        Ok(TxnLog { shared, active: None, last, space_thread: None })
    }

    /// The handle that makes appends durable.
    pub fn syncer(&self) -> LogSyncer {
        LogSyncer { shared: Arc::clone(&self.shared) }
    }

    /// The handle that prepares space, for owners that drive it themselves.
    pub fn space(&self) -> LogSpace {
        LogSpace::new(Arc::clone(&self.shared))
    }

    /// Starts a thread that prepares space; it ends with this log.
    ///
    /// # Errors
    /// When no thread can be made.
    pub fn start_space_thread(&mut self) -> io::Result<()> {
        self.space_thread = Some(SpaceThread::start(self.space())?);
        Ok(())
    }

    /// Last zxid appended (or the one the log was opened with).
    pub fn last(&self) -> Zxid {
        self.last
    }

    /// Bytes of records in the current file; 0 when the next append begins a new one.
    pub fn file_bytes(&self) -> u64 {
        self.active.as_ref().map_or(0, |active| active.position)
    }

    /// Size of the current file with the space allocated ahead: what `txnLogSizeLimitInKb` is
    /// compared with.
    pub fn file_size(&self) -> u64 {
        self.active.as_ref().map_or(0, |active| active.segment.space.allocated())
    }

    /// Stores one transaction behind the last. It is durable after a later [`LogSyncer::sync`].
    ///
    /// Panics if `zxid` does not follow the last one (next counter, or first of a later epoch):
    /// a log with a hole would lose a history, so the caller's error must not reach the disk.
    ///
    /// # Errors
    /// The first error of the disk, latched; a full disk is one.
    pub fn append(&mut self, zxid: Zxid, payload: &[u8]) -> Result<(), DiskError> {
        assert!(follows(self.last, zxid), "log append of {zxid} behind {}", self.last);
        self.shared.disk.check()?;
        let need = (payload.len() + OVERHEAD) as u64;
        let room = self.active.as_ref().map(|active| active.window_end - active.position);
        match room {
            None => self.begin(zxid, need)?,
            Some(room) if room < need => self.move_window(need)?,
            Some(_) => {}
        }
        let active = self.active.as_mut().expect("invariant: begun above");
        active.store(payload);
        self.last = zxid;
        self.shared.appended.store(zxid.0, Ordering::Release);
        Ok(())
    }

    /// Lets the next append begin a new file.
    pub fn roll(&mut self) {
        self.active = None;
    }

    /// Goes on behind another history (after a snapshot from the leader, or a truncation): the next
    /// append must follow `last` and begins a new file. Everything before must be synced.
    ///
    /// # Errors
    /// The disk's.
    pub fn rebase(&mut self, last: Zxid) -> Result<(), DiskError> {
        self.shared.disk.check()?;
        self.roll();
        self.shared.rebase(last);
        self.last = last;
        Ok(())
    }

    /// Makes everything durable and cuts the unused tails.
    ///
    /// # Errors
    /// The disk's.
    pub fn close(mut self) -> Result<(), DiskError> {
        self.space_thread = None;
        self.roll();
        self.syncer().sync()?;
        let segments = std::mem::take(&mut *self.shared.segments.lock());
        self.shared.retired.lock().extend(segments);
        self.space().prepare_ahead()?;
        self.shared.drop_next()?;
        self.shared.sync_mark()
    }

    fn begin(&mut self, zxid: Zxid, need: u64) -> Result<(), DiskError> {
        let Shared { disk, options, .. } = &*self.shared;
        // Before the file can hold anything, the mark must say that it is ours and nothing in it
        // durable: its name, known only now, is all by which recovery tells it from a foreign one.
        self.shared.mark.lock().begin(zxid);
        self.shared.sync_mark()?;
        let path = options.dir.join(log_name(zxid));
        // A file of that name always has its header, or Apache's server would not start beside it.
        let next = match self.shared.take_next() {
            Some(next) => next,
            None => {
                let path = unfinished_name(&options.dir, zxid);
                NextFile { file: disk.create_log(&path)?, path, space: Space::default() }
            }
        };
        let NextFile { file, path: unfinished, space } = next;
        let (end, named) = (AtomicU64::new(0), AtomicBool::new(false));
        let inode = disk.change("status", &unfinished, || file.inode())?;
        let head = AtomicU64::new(0);
        let segment = Arc::new(Segment { first: zxid, file, path, end, named, inode, head, space });
        let header = FileHeader::LEN as u64;
        let mut active = Active::open(&self.shared, segment, 0, header + need)?;
        active.window.put(0, &FileHeader::LOG.to_bytes());
        disk.rename(&unfinished, &active.segment.path)?;
        active.position = header;
        active.segment.end.store(header, Ordering::Release);
        self.shared.segments.lock().push(Arc::clone(&active.segment));
        self.active = Some(active);
        self.wake_space_thread();
        Ok(())
    }

    fn move_window(&mut self, need: u64) -> Result<(), DiskError> {
        let active = self.active.take().expect("invariant: only called with an open file");
        let (segment, position) = (Arc::clone(&active.segment), active.position);
        drop(active);
        self.active = Some(Active::open(&self.shared, segment, position, need)?);
        self.wake_space_thread();
        Ok(())
    }

    fn wake_space_thread(&self) {
        if let Some(thread) = &self.space_thread {
            thread.wake();
        }
    }
}

impl Active {
    fn open(
        shared: &Shared,
        segment: Arc<Segment>,
        position: u64,
        need: u64,
    ) -> Result<Self, DiskError> {
        let (disk, step) = (&shared.disk, shared.options.step());
        let window_end = segment.grant(disk, position, need, step, &|| shared.drop_next())?;
        let len = (window_end - position) as usize;
        let window =
            disk.change("mapping", &segment.path, || segment.file.window(position, len))?;
        Ok(Active { segment, window, window_at: position, window_end, position })
    }

    fn store(&mut self, payload: &[u8]) {
        let at = (self.position - self.window_at) as usize;
        if self.position == FileHeader::LEN as u64 {
            self.segment.head.store(head_of(payload), Ordering::Release);
        }
        let header = log_record_header(payload);
        self.window.put(at, &header);
        self.window.put(at + header.len(), payload);
        self.window.put(at + header.len() + payload.len(), &[TRAILER]);
        self.position += (payload.len() + OVERHEAD) as u64;
        self.segment.end.store(self.position, Ordering::Release);
    }
}
