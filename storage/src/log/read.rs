//! Reading logged transactions back: for learners that are behind, and to find where a log ends.

use std::path::{Path, PathBuf};

use codec::Zxid;
use codec::disk::parse_log_name;

use super::follows;
use super::scan::{End, LogScan};
use crate::error::DiskError;
use crate::media::Disk;

/// One transaction as it stands in a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoggedTxn<'a> {
    /// Its zxid.
    pub zxid: Zxid,
    /// Header, body, digest: what a PROPOSAL carries.
    pub payload: &'a [u8],
    /// The file.
    pub file: &'a Path,
    /// Where in the file its record begins.
    pub offset: u64,
}

/// Why a log could not be read on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LogReadError {
    /// A call to the disk failed.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// The log has no whole record where one must be.
    #[error("log {} is damaged at byte {offset}: {reason}", file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// Where in it.
        offset: u64,
        /// What is wrong there.
        reason: String,
    },
}

/// The log files of a directory, by zxid.
pub(crate) fn log_files(disk: &Disk, dir: &Path) -> Result<Vec<(Zxid, PathBuf)>, DiskError> {
    let entries = disk.list(dir)?;
    let logs = entries.iter().filter(|entry| !entry.is_dir);
    let mut logs: Vec<_> = logs
        .filter_map(|entry| Some((parse_log_name(&entry.name)?, dir.join(&entry.name))))
        .collect();
    logs.sort();
    Ok(logs)
}

/// The files that hold the records from `from` on: those named so or later, and the one before
/// unless a file begins with exactly `from`.
pub(crate) fn files_from(mut files: Vec<(Zxid, PathBuf)>, from: Zxid) -> Vec<(Zxid, PathBuf)> {
    let later = files.partition_point(|(first, _)| *first < from);
    let exact = files.get(later).is_some_and(|(first, _)| *first == from);
    files.drain(..if exact { later } else { later.saturating_sub(1) });
    files
}

/// Walks through the records of a log directory in zxid order, while it may be appended to.
#[derive(Debug)]
pub struct LogReader {
    disk: Disk,
    dir: PathBuf,
    from: Zxid,
    last: Option<Zxid>,
    scan: Option<(Zxid, LogScan)>,
}

impl LogReader {
    /// A reader of the transactions from `from` on. If the log begins later, the first one that
    /// [`LogReader::next`] gives is later: the caller compares.
    ///
    /// # Errors
    /// When the directory can't be read.
    pub fn open(disk: Disk, dir: &Path, from: Zxid) -> Result<Self, DiskError> {
        let first = files_from(log_files(&disk, dir)?, from).into_iter().next();
        let scan = first
            .map(|(name, path)| LogScan::open(&disk, &path).map(|scan| (name, scan)))
            .transpose()?;
        Ok(LogReader { disk, dir: dir.to_path_buf(), from, last: None, scan })
    }

    /// The next transaction, if one up to `up_to` is there; `None` when `up_to` is reached. Give
    /// no more than what [`super::LogSyncer::appended`] tells.
    ///
    /// # Errors
    /// Damage, a hole in the sequence, or the disk's.
    pub fn next(&mut self, up_to: Zxid) -> Result<Option<LoggedTxn<'_>>, LogReadError> {
        loop {
            if self.last.unwrap_or(Zxid(i64::MIN)) >= up_to || self.scan.is_none() {
                return Ok(None);
            }
            match self.step()? {
                None => {}
                Some((zxid, offset)) if zxid >= self.from && zxid <= up_to => {
                    let (_, scan) = self.scan.as_ref().expect("invariant: checked above");
                    let payload = scan.payload_at(offset);
                    return Ok(Some(LoggedTxn { zxid, payload, file: scan.path(), offset }));
                }
                Some((zxid, _)) if zxid > up_to => return Ok(None),
                Some(_) => {}
            }
        }
    }

    /// Takes one record, or goes on with the next file.
    fn step(&mut self) -> Result<Option<(Zxid, u64)>, LogReadError> {
        let (_, scan) = self.scan.as_mut().expect("invariant: the caller checked");
        let mut taken = scan.take()?;
        if taken.1.is_err() {
            // What was buffered may be older than what has been appended since.
            scan.refresh()?;
            taken = scan.take()?;
        }
        match taken {
            (offset, Ok(zxid)) if self.last.is_none_or(|last| follows(last, zxid)) => {
                self.last = Some(zxid);
                Ok(Some((zxid, offset)))
            }
            (offset, Ok(zxid)) => {
                let last = self.last.unwrap_or_default();
                Err(self.damaged(offset, format!("{zxid} stands behind {last}")))
            }
            (offset, Err(end)) => self.next_file(offset, end).map(|()| None),
        }
    }

    fn next_file(&mut self, offset: u64, end: End) -> Result<(), LogReadError> {
        let now = self.scan.as_ref().map(|(name, _)| *name);
        let mut files = log_files(&self.disk, &self.dir)?.into_iter();
        let next = files.find(|(name, _)| Some(*name) > now);
        self.scan = match (next, self.last) {
            (Some((name, path)), last) if last.is_none_or(|last| follows(last, name)) => {
                Some((name, LogScan::open(&self.disk, &path)?))
            }
            (_, None) => None,
            _ => return Err(self.damaged(offset, end.to_string())),
        };
        Ok(())
    }

    fn damaged(&self, offset: u64, reason: String) -> LogReadError {
        let file = self.scan.as_ref().map(|(_, scan)| scan.path().to_path_buf());
        LogReadError::Damaged { file: file.unwrap_or_default(), offset, reason }
    }
}

/// The last transaction in the logs of a directory; looks further back when the newest file has
/// none. `None` without any record.
///
/// # Errors
/// The disk's. Damage ends a file here without an error: recovery judges it.
pub fn last_logged_zxid(disk: &Disk, dir: &Path) -> Result<Option<Zxid>, DiskError> {
    for (_, path) in log_files(disk, dir)?.into_iter().rev() {
        let mut scan = LogScan::open(disk, &path)?;
        let mut last = None;
        while let (_, Ok(zxid)) = scan.take()? {
            last = Some(zxid);
        }
        if last.is_some() {
            return Ok(last);
        }
    }
    Ok(None)
}
