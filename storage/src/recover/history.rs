//! Walking through the logs of a directory as one history, and judging every place where it stops.

use std::path::PathBuf;

use codec::Zxid;

use super::verdict::Verdict;
use crate::error::DiskError;
use crate::log::mark::{Known, MarkAt};
use crate::log::scan::{End, LogScan};
use crate::log::{follows, last_logged_zxid};
use crate::media::{Disk, parent};

/// A record of the history.
#[derive(Debug)]
pub(crate) struct Logged<'a> {
    pub zxid: Zxid,
    pub payload: &'a [u8],
    pub file: PathBuf,
    pub offset: u64,
    /// Offset behind the record.
    pub end: u64,
}

/// How a history ends.
#[derive(Debug, Default)]
pub(crate) struct Ending {
    /// Last record in it, if there is one.
    pub last: Option<Zxid>,
    /// Newest file with records, and where they end.
    pub tail: Option<(PathBuf, u64)>,
    /// Where something is cut off, and why.
    pub torn: Option<(PathBuf, u64, String)>,
    /// Files behind it that hold nothing that counts, oldest first.
    pub remove: Vec<PathBuf>,
    /// What was odd but legitimate.
    pub warnings: Vec<String>,
}

/// What a step gave.
#[derive(Debug)]
pub(crate) enum Next<'a> {
    Record(Logged<'a>),
    /// Nothing follows.
    End,
    /// What follows can't be trusted.
    Unsound(Verdict),
}

/// The logs behind a snapshot, read in order.
#[derive(Debug)]
pub(crate) struct History {
    disk: Disk,
    files: Vec<(Zxid, PathBuf)>,
    /// Which of the files is read now.
    at: usize,
    scan: Option<LogScan>,
    mark: Option<MarkAt>,
    /// Everything up to this is in the snapshot.
    base: Zxid,
    records_in_file: u64,
    pub ending: Ending,
}

/// What to do at the end of one file.
enum Turn {
    NextFile,
    Stop,
    Unsound(Verdict),
}

impl History {
    /// The history behind `base` in these files (all those that may hold records behind it).
    pub fn new(disk: Disk, files: Vec<(Zxid, PathBuf)>, mark: Option<MarkAt>, base: Zxid) -> Self {
        let ending = Ending::default();
        History { disk, files, at: 0, scan: None, mark, base, records_in_file: 0, ending }
    }

    /// The next record, whether the snapshot covers it or not.
    pub fn next(&mut self) -> Result<Next<'_>, DiskError> {
        loop {
            let Some((name, path)) = self.files.get(self.at).cloned() else {
                return Ok(Next::End);
            };
            if self.scan.is_none() {
                self.scan = Some(LogScan::open(&self.disk, &path)?);
                self.records_in_file = 0;
            }
            let scan = self.scan.as_mut().expect("invariant: opened above");
            let turn = match scan.take()? {
                (offset, Ok(zxid)) => match self.check(name, zxid, offset)? {
                    None => return Ok(Next::Record(self.record(path, zxid, offset))),
                    Some(turn) => turn,
                },
                (offset, Err(end)) => self.judge(name, offset, end)?,
            };
            match turn {
                Turn::NextFile => self.at += 1,
                Turn::Stop => self.stop(),
                Turn::Unsound(verdict) => return Ok(Next::Unsound(verdict)),
            }
            self.scan = None;
        }
    }

    fn record(&mut self, file: PathBuf, zxid: Zxid, offset: u64) -> Logged<'_> {
        self.records_in_file += 1;
        self.ending.last = Some(zxid);
        let scan = self.scan.as_ref().expect("invariant: a record was just read from it");
        let payload = scan.payload_at(offset);
        let end = scan.position();
        self.ending.tail = Some((file.clone(), end));
        Logged { zxid, payload, file, offset, end }
    }

    /// The last transaction that is certain: of the log so far, or of the snapshot.
    fn last(&self) -> Zxid {
        self.ending.last.unwrap_or(self.base).max(self.base)
    }

    /// Checks that a record continues the history; `None` if it does.
    fn check(&mut self, name: Zxid, zxid: Zxid, offset: u64) -> Result<Option<Turn>, DiskError> {
        let first = self.records_in_file == 0;
        if first && zxid != name {
            let reason = format!("the file is named by {name} but begins with {zxid}");
            return self.corrupt(offset, reason).map(Some);
        }
        let previous = self.ending.last;
        let continues = match previous {
            Some(previous) if follows(previous, zxid) => true,
            None if zxid <= self.base => true,
            _ => {
                zxid > self.base
                    && follows(self.base, zxid)
                    && previous.is_none_or(|previous| previous <= self.base)
            }
        };
        if continues {
            return Ok(None);
        }
        let previous = previous.unwrap_or(self.base);
        if zxid <= previous {
            let reason = format!("{zxid} stands behind {previous}");
            return self.corrupt(offset, reason).map(Some);
        }
        if first && self.unsynced_before(name) {
            let reason = format!("{zxid} is there, but not what stood before it");
            return self.tear(offset, reason).map(Some);
        }
        let (last, next, highest) = (self.last(), zxid, self.highest()?);
        let file = self.files[self.at].1.clone();
        let gap = Verdict::Gap { file, offset, last, next, highest };
        Ok(Some(Turn::Unsound(gap)))
    }

    /// Whether the end of the file before this one, and all of this one, was unsynced: then a crash
    /// may have taken the end and left this.
    fn unsynced_before(&self, name: Zxid) -> bool {
        let Some((before, _)) = self.at.checked_sub(1).and_then(|at| self.files.get(at)) else {
            return false;
        };
        let end = self.ending.tail.as_ref().map_or(0, |(_, end)| *end);
        let newest_is_ours = self
            .files
            .last()
            .is_some_and(|(last, _)| MarkAt::knows(self.mark, *last, 0) == Known::Unsynced);
        newest_is_ours
            && MarkAt::knows(self.mark, *before, end) == Known::Unsynced
            && MarkAt::knows(self.mark, name, 0) == Known::Unsynced
    }

    /// Decides what the end of a file's records means.
    fn judge(&mut self, name: Zxid, offset: u64, end: End) -> Result<Turn, DiskError> {
        let known = MarkAt::knows(self.mark, name, offset);
        let next = self.files.get(self.at + 1).map(|(next, _)| *next);
        let continued = next.is_some_and(|next| follows(self.last(), next));
        match end {
            End::Rot(reason) => self.corrupt(offset, reason),
            End::Clean if known == Known::Durable && next.is_none() => {
                self.corrupt(offset, "records that were durable here are gone".into())
            }
            End::Clean if next.is_none() => Ok(Turn::Stop),
            End::Clean => Ok(Turn::NextFile),
            End::Torn(reason) if known == Known::Durable => {
                let reason = format!("{reason}, though it was durable");
                self.corrupt(offset, reason)
            }
            End::Torn(reason) if known == Known::Unsynced && self.rest_is_ours() => {
                self.tear(offset, reason)
            }
            End::Torn(reason) => self.judge_unmarked(offset, reason, next.is_none(), continued),
        }
    }

    /// A torn place that no mark speaks of: legitimate where nothing whole stands behind it and
    /// the history either ends or goes on with exactly the next transaction.
    fn judge_unmarked(
        &mut self,
        offset: u64,
        reason: String,
        newest: bool,
        continued: bool,
    ) -> Result<Turn, DiskError> {
        let last = self.last();
        let scan = self.scan.as_mut().expect("invariant: its end was just read");
        if let Some((at, zxid)) = scan.record_behind(offset, last)? {
            let reason =
                format!("{reason}; a whole record of {zxid} stands behind it at byte {at}");
            return self.corrupt(offset, reason);
        }
        if newest {
            return self.tear(offset, reason);
        }
        if !continued {
            let next = self.files[self.at + 1].0;
            let reason = format!("{reason}; the next log begins later, with {next}");
            return self.corrupt(offset, reason);
        }
        let file = self.files[self.at].1.display();
        let warning = format!(
            "log {file} is torn at byte {offset} ({reason}); the next log goes \
            on with the next transaction, so a former crash left it"
        );
        self.ending.warnings.push(warning);
        Ok(Turn::NextFile)
    }

    /// Whether all files from this one on were begun by the run that the mark is of.
    fn rest_is_ours(&self) -> bool {
        self.files
            .last()
            .is_some_and(|(last, _)| MarkAt::knows(self.mark, *last, 0) != Known::Nothing)
    }

    fn tear(&mut self, offset: u64, reason: String) -> Result<Turn, DiskError> {
        self.ending.torn = Some((self.files[self.at].1.clone(), offset, reason));
        Ok(Turn::Stop)
    }

    /// The history ends in this file: all behind it go, and it too if it has no record (its name
    /// is then that of the next append).
    fn stop(&mut self) {
        let from = self.at + usize::from(self.records_in_file > 0);
        let gone = self.files.drain(from..).map(|(_, path)| path);
        self.ending.remove.extend(gone);
        self.at = self.files.len();
    }

    fn corrupt(&mut self, offset: u64, reason: String) -> Result<Turn, DiskError> {
        let (last, highest) = (self.last(), self.highest()?);
        let file = self.files[self.at].1.clone();
        Ok(Turn::Unsound(Verdict::Corrupt { file, offset, last, highest, reason }))
    }

    /// The highest transaction that is known to have been logged, damage or not.
    fn highest(&mut self) -> Result<Zxid, DiskError> {
        let mut highest = self.last();
        if let Some((name, path)) = self.files.last() {
            highest = highest.max(*name);
            highest = highest.max(last_logged_zxid(&self.disk, parent(path))?.unwrap_or(highest));
        }
        // Behind the damage in this file there may be more than what a plain reading shows.
        if let Some(scan) = &mut self.scan {
            let mut at = scan.position();
            while let Some((offset, zxid)) = scan.record_behind(at, highest)? {
                (at, highest) = (offset, zxid);
            }
        }
        Ok(highest)
    }
}
