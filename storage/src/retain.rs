//! Purging: which snapshots and logs may go.
//!
//! The newest N snapshots that verify are kept, and every log that the oldest of them needs.
//! Snapshots that don't verify count for nothing: a cut `.gz` looks whole by its name and would take
//! the place of a good one.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use codec::Zxid;
use parking_lot::Mutex;

use crate::error::{DiskError, SnapshotError};
use crate::log::log_files;
use crate::media::Disk;
use crate::snapshot::{snapshot_files, verify};

/// `autopurge.snapRetainCount` is never less.
pub const RETAIN_MIN: usize = 3;

/// What a purge did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Purged {
    /// Files removed.
    pub removed: Vec<PathBuf>,
    /// Bytes of them.
    pub removed_bytes: u64,
    /// Snapshots kept that verified, newest first.
    pub kept: Vec<PathBuf>,
    /// Bytes of all snapshots and logs still there.
    pub kept_bytes: u64,
    /// Snapshots newer than the oldest kept that did not verify, and why; left in place.
    pub damaged: Vec<(PathBuf, String)>,
    /// Files that could not be removed, and why.
    pub failed: Vec<(PathBuf, String)>,
}

/// What running syncs still read: no log with a record at or behind a pin goes.
#[derive(Debug, Clone, Default)]
pub struct Pins(Arc<Mutex<Vec<Zxid>>>);

impl Pins {
    /// Keeps the logs from `from` on until the pin is dropped.
    pub fn pin(&self, from: Zxid) -> Pin {
        self.0.lock().push(from);
        Pin { pins: self.clone(), from }
    }

    fn lowest(&self) -> Zxid {
        self.0.lock().iter().copied().min().unwrap_or(Zxid(i64::MAX))
    }
}

/// Keeps logs from being purged while it lives.
#[derive(Debug)]
pub struct Pin {
    pins: Pins,
    from: Zxid,
}

impl Drop for Pin {
    fn drop(&mut self) {
        let mut pins = self.pins.0.lock();
        if let Some(at) = pins.iter().position(|from| *from == self.from) {
            pins.swap_remove(at);
        }
    }
}

/// Purges so that `retain` verified snapshots stay (3 at least), with the logs behind the oldest of
/// them. With fewer verified snapshots than that, nothing goes.
///
/// # Errors
/// When a directory can't be read, or the disk has failed before. A file that can't be removed is
/// reported in the result.
pub fn purge(
    disk: &Disk,
    snap_dir: &Path,
    log_dir: &Path,
    retain: usize,
    pins: &Pins,
) -> Result<Purged, DiskError> {
    disk.check()?;
    let mut purged = Purged::default();
    let oldest = oldest_kept(disk, snap_dir, retain.max(RETAIN_MIN), &mut purged)?;
    if let Some(oldest) = oldest {
        let snapshots = snapshot_files(disk, snap_dir)?.into_iter();
        let old = snapshots.filter(|snapshot| snapshot.zxid < oldest).map(|s| s.path);
        let needed = oldest.min(Zxid(pins.lowest().0.saturating_sub(1)));
        let logs = logs_below(disk, log_dir, needed)?;
        // Oldest first: a purge that is interrupted leaves a history without holes.
        let mut old: Vec<_> = old.collect();
        old.reverse();
        logs.into_iter().chain(old).for_each(|path| remove(disk, path, &mut purged));
        disk.sync_dir(snap_dir)?;
        disk.sync_dir(log_dir)?;
    }
    purged.kept_bytes = bytes(disk, snap_dir, log_dir)?;
    Ok(purged)
}

/// Zxid of the oldest snapshot that must stay; `None` if fewer than `retain` verify.
fn oldest_kept(
    disk: &Disk,
    dir: &Path,
    retain: usize,
    purged: &mut Purged,
) -> Result<Option<Zxid>, DiskError> {
    for snapshot in snapshot_files(disk, dir)? {
        match verify(disk, &snapshot.path) {
            Ok(_) => purged.kept.push(snapshot.path),
            Err(SnapshotError::Disk(error)) => {
                purged.damaged.push((snapshot.path, error.to_string()));
            }
            Err(error) => purged.damaged.push((snapshot.path, error.to_string())),
        }
        if purged.kept.len() == retain {
            return Ok(Some(snapshot.zxid));
        }
    }
    Ok(None)
}

/// The logs whose records all lie below `needed`: those before the last that begins at or below it.
fn logs_below(disk: &Disk, dir: &Path, needed: Zxid) -> Result<Vec<PathBuf>, DiskError> {
    let logs = log_files(disk, dir)?;
    let not_later = logs.partition_point(|(first, _)| *first <= needed);
    let below = logs.into_iter().take(not_later.saturating_sub(1));
    Ok(below.map(|(_, path)| path).collect())
}

fn remove(disk: &Disk, path: PathBuf, purged: &mut Purged) {
    let len = disk.open(&path).ok().and_then(|file| file.len().ok()).unwrap_or(0);
    match disk.try_remove(&path) {
        Ok(()) => {
            purged.removed_bytes += len;
            purged.removed.push(path);
        }
        Err(error) => purged.failed.push((path, error.to_string())),
    }
}

fn bytes(disk: &Disk, snap_dir: &Path, log_dir: &Path) -> Result<u64, DiskError> {
    let snapshots: u64 = snapshot_files(disk, snap_dir)?.iter().map(|snapshot| snapshot.len).sum();
    let logs = disk.list(log_dir)?.into_iter();
    let logs = logs.filter(|entry| codec::disk::parse_log_name(&entry.name).is_some());
    Ok(snapshots + logs.map(|entry| entry.len).sum::<u64>())
}
