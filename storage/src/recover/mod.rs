//! From what lies on disk to a state: the newest snapshot that loads, then the log behind it.
//!
//! Gives a verdict, never a guess. What was never acknowledged (a torn tail) is cut, with a
//! warning; damage in front of the last valid record is an error that names file, offset, reason
//! and what to do. What the contents mean is up to the [`Replay`].

pub(crate) mod history;
mod verdict;

use std::path::{Path, PathBuf};

use codec::{AclList, SessionId, StatPersisted, Zxid};

pub use verdict::Verdict;

use crate::epoch;
use crate::error::{DiskError, SnapshotError};
use crate::log::mark;
use crate::log::{files_from, log_files};
use crate::media::{Disk, parent};
use crate::snapshot::{self, SnapshotFile, SnapshotSummary, Visitor};
use history::{History, Next};

/// Whoever is brought to the state on disk.
///
/// Calls come as: `clear`; a snapshot's sessions, ACLs, nodes, then `snapshot_done` (all of this not
/// at all without a snapshot, and again from `clear` if a snapshot can't be loaded to its end); then
/// `txn` for every transaction behind the snapshot, in order.
pub trait Replay {
    /// Back to the state of a fresh, empty server.
    fn clear(&mut self);
    /// A session and its timeout in ms.
    fn session(&mut self, id: SessionId, timeout: i32);
    /// An ACL list and its number.
    fn acl(&mut self, id: i64, acl: AclList);
    /// A node, parents first; the root has path "". `acl_id` may be missing from the ACLs given.
    ///
    /// # Errors
    /// Why the snapshot can't be right; an older one is tried then.
    fn node(
        &mut self,
        path: &str,
        data: Option<&[u8]>,
        acl_id: i64,
        stat: &StatPersisted,
    ) -> Result<(), String>;
    /// The snapshot `zxid` is loaded; with its digest section if it has one.
    ///
    /// # Errors
    /// Why its pieces make no whole (no root, say); an older one is tried then.
    fn snapshot_done(&mut self, zxid: Zxid, digest: Option<(Zxid, i64)>) -> Result<(), String>;
    /// A transaction as logged (header, body, digest), to be applied by the rules of replay.
    ///
    /// # Errors
    /// Why it can't be applied; recovery stops.
    fn txn(&mut self, payload: &[u8]) -> Result<(), String>;
}

/// Where and how to recover.
#[derive(Debug, Clone)]
pub struct RecoverOptions {
    /// The `version-2` directory of the snapshots.
    pub snap_dir: PathBuf,
    /// The `version-2` directory of the logs.
    pub log_dir: PathBuf,
    /// `zookeeper.snapshot.trust.empty`: logs without a snapshot are the whole history.
    pub trust_empty: bool,
    /// Whether torn tails are cut, useless files removed, and what was read made durable. A server
    /// must; a check of a directory in use must not.
    pub repair: bool,
}

/// What recovery found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovered {
    /// The last transaction of the state: the next one is behind it.
    pub last: Zxid,
    /// The snapshot that was loaded.
    pub snapshot: Option<SnapshotFile>,
    /// What the snapshot says of itself; zeros without one.
    pub summary: SnapshotSummary,
    /// Transactions replayed behind it.
    pub replayed: u64,
    /// Bytes of their records.
    pub replayed_bytes: u64,
    /// [`Verdict::Clean`] or [`Verdict::TornTail`].
    pub verdict: Verdict,
    /// What the operator should know; already logged.
    pub warnings: Vec<String>,
}

impl Recovered {
    /// Whether the directories hold no history at all.
    pub fn is_fresh(&self) -> bool {
        self.snapshot.is_none() && self.last == Zxid::ZERO
    }
}

/// Why there is no state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecoveryError {
    /// A call to the disk failed.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// Logs without a snapshot.
    #[error(
        "{} holds no usable snapshot, but {} begins a log with transactions: without its snapshot \
         it may lack its beginning. If this directory comes from ZooKeeper 3.4 (which wrote no first \
         snapshot), start once with -Dzookeeper.snapshot.trust.empty=true; else put the snapshot \
         back from a backup, or move version-2 away to let the leader fill this server",
        dir.display(), log.display()
    )]
    NoSnapshot {
        /// Where snapshots are looked for.
        dir: PathBuf,
        /// The first log with records.
        log: PathBuf,
    },
    /// Snapshots, but none loads.
    #[error(
        "none of the {} snapshots in {} can be loaded; the newest: {}. Put one back from a backup, \
         or, in an ensemble, move version-2 away to let the leader fill this server",
        tried.len(), dir.display(), tried.first().map_or("", |(_, reason)| reason)
    )]
    NoneLoads {
        /// Where snapshots are looked for.
        dir: PathBuf,
        /// Each file and why it does not load, newest first.
        tried: Vec<(PathBuf, String)>,
    },
    /// The logs are damaged in a place that may have been acknowledged.
    #[error("{0}")]
    Unsound(Verdict),
    /// A transaction could not be applied.
    #[error("the record at byte {offset} of {} can't be applied: {reason}", file.display())]
    Refused {
        /// The log file.
        file: PathBuf,
        /// Where the record begins.
        offset: u64,
        /// The replay's reason.
        reason: String,
    },
}

/// Brings `replay` to the state on disk.
///
/// # Errors
/// Anything that makes it uncertain whether the state is whole.
pub fn recover(
    disk: &Disk,
    options: &RecoverOptions,
    replay: &mut dyn Replay,
) -> Result<Recovered, RecoveryError> {
    let mut warnings = Vec::new();
    let loaded = load_snapshot(disk, options, replay, &mut warnings)?;
    let (snapshot, summary) = loaded.unzip();
    let base = snapshot.as_ref().map_or(Zxid::ZERO, |snapshot| snapshot.zxid);
    let mut recovered = Recovered {
        last: base,
        snapshot,
        summary: summary.unwrap_or_default(),
        replayed: 0,
        replayed_bytes: 0,
        verdict: Verdict::Clean,
        warnings,
    };
    replay_logs(disk, options, replay, &mut recovered)?;
    for warning in &recovered.warnings {
        tracing::warn!("{warning}");
    }
    Ok(recovered)
}

type Loaded = Option<(SnapshotFile, SnapshotSummary)>;

fn load_snapshot(
    disk: &Disk,
    options: &RecoverOptions,
    replay: &mut dyn Replay,
    warnings: &mut Vec<String>,
) -> Result<Loaded, RecoveryError> {
    let dir = &options.snap_dir;
    let (candidates, mut tried) = snapshot::candidates(disk, dir)?;
    let none_promising = candidates.is_empty();
    let told = tried
        .iter()
        .map(|(path, reason)| format!("snapshot {} is left aside: {reason}", path.display()));
    warnings.extend(told);
    for snapshot in candidates {
        replay.clear();
        match load_one(disk, &snapshot, replay) {
            Ok(summary) => {
                if options.repair {
                    disk.sync_file(&snapshot.path)?;
                }
                return Ok(Some((snapshot, summary)));
            }
            Err(SnapshotError::Disk(error)) if disk.check().is_err() => return Err(error.into()),
            Err(error) => {
                warnings.push(format!("{error}; an older one is tried"));
                tried.push((snapshot.path, error.to_string()));
            }
        }
    }
    replay.clear();
    without_snapshot(disk, options, tried, none_promising).map(|()| None)
}

fn load_one(
    disk: &Disk,
    snapshot: &SnapshotFile,
    replay: &mut dyn Replay,
) -> Result<SnapshotSummary, SnapshotError> {
    let summary = snapshot::load(disk, &snapshot.path, &mut ToReplay(replay))?;
    let refused = |reason| SnapshotError::Refused { file: snapshot.path.clone(), reason };
    replay.snapshot_done(snapshot.zxid, summary.digest).map_err(refused)?;
    Ok(summary)
}

/// Whether it may be right that no snapshot could be loaded.
fn without_snapshot(
    disk: &Disk,
    options: &RecoverOptions,
    tried: Vec<(PathBuf, String)>,
    none_promising: bool,
) -> Result<(), RecoveryError> {
    let dir = options.snap_dir.clone();
    let log = first_log_with_records(disk, &options.log_dir)?;
    // A cut snapshot.0 is that of a server which crashed while it was made: nothing is lost.
    let only_first = tried.iter().all(|(path, _)| {
        path.file_name().and_then(|name| name.to_str()).is_some_and(is_first_snapshot)
    });
    match log {
        _ if !none_promising => Err(RecoveryError::NoneLoads { dir, tried }),
        None if !only_first => Err(RecoveryError::NoneLoads { dir, tried }),
        Some(log) if !options.trust_empty => Err(RecoveryError::NoSnapshot { dir, log }),
        _ => Ok(()),
    }
}

fn is_first_snapshot(name: &str) -> bool {
    codec::disk::parse_snapshot_name(name).is_some_and(|(zxid, _)| zxid == Zxid::ZERO)
}

fn first_log_with_records(disk: &Disk, dir: &Path) -> Result<Option<PathBuf>, DiskError> {
    for (_, path) in log_files(disk, dir)? {
        let mut scan = crate::log::scan::LogScan::open(disk, &path)?;
        let torn_or_rotten = match scan.take()? {
            (_, Ok(_)) => return Ok(Some(path)),
            (offset, Err(end)) => offset > 0 && end != crate::log::scan::End::Clean,
        };
        if torn_or_rotten {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

struct ToReplay<'a>(&'a mut dyn Replay);

impl Visitor for ToReplay<'_> {
    fn session(&mut self, id: SessionId, timeout: i32) {
        self.0.session(id, timeout);
    }

    fn acl(&mut self, id: i64, acl: AclList) {
        self.0.acl(id, acl);
    }

    fn node(
        &mut self,
        path: &str,
        data: Option<&[u8]>,
        acl_id: i64,
        stat: &StatPersisted,
    ) -> Result<(), String> {
        self.0.node(path, data, acl_id, stat)
    }
}

fn replay_logs(
    disk: &Disk,
    options: &RecoverOptions,
    replay: &mut dyn Replay,
    recovered: &mut Recovered,
) -> Result<(), RecoveryError> {
    let base = recovered.last;
    let files = files_from(log_files(disk, &options.log_dir)?, Zxid(base.0.saturating_add(1)));
    let member = disk.exists(&options.snap_dir.join(epoch::CURRENT))?;
    let (mark, warning) = mark::believed(disk, &options.log_dir, member)?;
    recovered.warnings.extend(warning);
    let mut history = History::new(disk.clone(), files, mark, base);
    let mut read: Option<PathBuf> = None;
    loop {
        match history.next()? {
            Next::End => break,
            Next::Unsound(verdict) => return Err(RecoveryError::Unsound(verdict)),
            Next::Record(record) if record.zxid <= base => {}
            Next::Record(record) => {
                replay.txn(record.payload).map_err(|reason| {
                    let (file, offset) = (record.file.clone(), record.offset);
                    RecoveryError::Refused { file, offset, reason }
                })?;
                recovered.last = record.zxid;
                recovered.replayed += 1;
                recovered.replayed_bytes += record.end - record.offset;
                if read.as_ref() != Some(&record.file) {
                    make_durable(disk, options, read.replace(record.file))?;
                }
            }
        }
    }
    make_durable(disk, options, read)?;
    finish(disk, options, history, recovered)
}

/// What is shown to clients must survive a power loss: a former run may have died between its
/// store and its sync.
fn make_durable(
    disk: &Disk,
    options: &RecoverOptions,
    file: Option<PathBuf>,
) -> Result<(), DiskError> {
    match file {
        Some(file) if options.repair => disk.sync_file(&file),
        _ => Ok(()),
    }
}

/// Cuts what does not count, newest first, so that a crash meanwhile leaves a prefix.
fn finish(
    disk: &Disk,
    options: &RecoverOptions,
    history: History,
    recovered: &mut Recovered,
) -> Result<(), RecoveryError> {
    let ending = history.ending;
    recovered.warnings.extend(ending.warnings);
    let last = recovered.last;
    if let Some((file, offset, reason)) = ending.torn {
        recovered.verdict = Verdict::TornTail { file, offset, last, reason };
        recovered.warnings.push(recovered.verdict.to_string());
    }
    for path in ending.remove.iter().rev() {
        let warning = format!("log {} holds nothing that counts; removed", path.display());
        recovered.warnings.push(warning);
        if options.repair {
            disk.remove(path)?;
            disk.sync_dir(parent(path))?;
        }
    }
    let Some((file, offset)) = ending.tail.filter(|_| options.repair) else {
        return Ok(());
    };
    let len = disk.open(&file)?.len().map_err(|error| DiskError::new("size", &file, &error))?;
    if len > offset {
        // Zeros, or what was torn: a new file goes on, so the space is free.
        disk.truncate(&file, offset)?;
    }
    Ok(disk.sync_dir(&options.log_dir)?)
}
