//! Cutting a history back to a transaction, when the leader says so (TRUNC).
//!
//! Unlike Apache, nothing behind that transaction is left: no record when the transaction itself is
//! not in the log, and no snapshot. Everything is planned before anything is changed, and the order
//! of the changes leaves a prefix of the history wherever they are interrupted.

use std::path::{Path, PathBuf};

use codec::Zxid;

use crate::error::{DiskError, TruncateError};
use crate::log::{files_from, follows, log_files, mark};
use crate::media::{Disk, parent};
use crate::recover::history::{History, Next};
use crate::snapshot::{snapshot_files, verify};

/// What will be changed, in this order.
#[derive(Debug, Default)]
struct Plan {
    /// Snapshots that reach behind the transaction, newest first.
    snapshots: Vec<PathBuf>,
    /// Logs that begin behind it, newest first.
    logs: Vec<PathBuf>,
    /// The log that goes on behind it, and where it ends then.
    cut: Option<(PathBuf, u64)>,
}

/// Removes everything behind `to`. The log must not be open; the caller then recovers anew, finds
/// `to` as its last transaction, and must end the process if this fails half-way (exit code 13).
///
/// # Errors
/// [`TruncateError::Disk`] half-way; the others before anything is changed.
pub fn truncate(
    disk: &Disk,
    snap_dir: &Path,
    log_dir: &Path,
    to: Zxid,
) -> Result<(), TruncateError> {
    disk.check()?;
    let mut plan = Plan::default();
    let base = plan_snapshots(disk, snap_dir, to, &mut plan)?;
    plan_logs(disk, log_dir, base, to, &mut plan)?;
    carry_out(disk, log_dir, &plan)?;
    Ok(())
}

/// The newest snapshot that verifies and holds nothing behind `to`.
fn plan_snapshots(
    disk: &Disk,
    dir: &Path,
    to: Zxid,
    plan: &mut Plan,
) -> Result<Option<Zxid>, DiskError> {
    for snapshot in snapshot_files(disk, dir)? {
        if snapshot.zxid > to {
            plan.snapshots.push(snapshot.path);
            continue;
        }
        let Ok(summary) = verify(disk, &snapshot.path) else {
            continue;
        };
        let reaches = summary.last.max(summary.digest.map(|(zxid, _)| zxid));
        if reaches.is_some_and(|reaches| reaches > to) {
            plan.snapshots.push(snapshot.path);
            continue;
        }
        return Ok(Some(snapshot.zxid));
    }
    Ok(None)
}

fn plan_logs(
    disk: &Disk,
    dir: &Path,
    base: Option<Zxid>,
    to: Zxid,
    plan: &mut Plan,
) -> Result<(), TruncateError> {
    let from = base.unwrap_or(Zxid::ZERO);
    let files = log_files(disk, dir)?;
    plan.logs = files.iter().rev().filter(|(first, _)| *first > to).map(|f| f.1.clone()).collect();
    let reached = match base {
        Some(base) if base == to => true,
        _ => reach(disk, dir, from, to)?,
    };
    if !reached {
        return Err(TruncateError::NotHere { to });
    }
    if let Some((_, path)) = files.iter().rfind(|(first, _)| *first <= to) {
        plan.cut = Some((path.clone(), end_of(disk, path, to)?));
    }
    Ok(())
}

/// Whether the log leads from `base` to `to` without a hole.
fn reach(disk: &Disk, dir: &Path, base: Zxid, to: Zxid) -> Result<bool, TruncateError> {
    let mut files = files_from(log_files(disk, dir)?, Zxid(base.0.saturating_add(1)));
    files.retain(|(first, _)| *first <= to);
    let (mark, _) = mark::believed(disk, dir, true)?;
    let mut history = History::new(disk.clone(), files, mark, base);
    loop {
        match history.next()? {
            Next::Record(record) if record.zxid < to => {}
            Next::Record(record) => return Ok(record.zxid == to),
            // The leader's zxid before its first transaction names no record.
            Next::End => {
                let last = history.ending.last.unwrap_or(base).max(base);
                return Ok(to.counter() == 0 && last < to && follows(last, to.next()));
            }
            Next::Unsound(verdict) => {
                return Err(TruncateError::Damaged { to, reason: verdict.to_string() });
            }
        }
    }
}

/// Where the last record at or below `to` ends in a file.
fn end_of(disk: &Disk, path: &Path, to: Zxid) -> Result<u64, DiskError> {
    let mut scan = crate::log::scan::LogScan::open(disk, path)?;
    loop {
        match scan.take()? {
            (_, Ok(zxid)) if zxid <= to => {}
            (offset, _) => return Ok(offset),
        }
    }
}

fn carry_out(disk: &Disk, log_dir: &Path, plan: &Plan) -> Result<(), DiskError> {
    // It speaks of what is about to go.
    mark::remove(disk, log_dir)?;
    for path in plan.snapshots.iter().chain(&plan.logs) {
        disk.remove(path)?;
        disk.sync_dir(parent(path))?;
    }
    match &plan.cut {
        Some((path, 0)) => disk.remove(path)?,
        Some((path, end)) => disk.truncate(path, *end)?,
        None => {}
    }
    disk.sync_dir(log_dir)
}
