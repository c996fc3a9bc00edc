//! The data directories: where things lie, whether they may be used, who else uses them.

use std::path::{Path, PathBuf};

use codec::Zxid;
use codec::disk::{parse_log_name, parse_snapshot_name};

use crate::error::{DirectoryError, DiskError};
use crate::log::is_unfinished;
use crate::media::{Disk, LockGuard};
use crate::recover::{RecoverOptions, Recovered};

/// Name of the directory that holds everything in format 2, the only one there is.
const VERSION_DIR: &str = "version-2";
/// Ours alone; Apache does not look at it.
const LOCK: &str = "rookeeper.lock";
/// Existence says that a server without data may vote. Removed at the start.
const INITIALIZE: &str = "initialize";
/// Of a development branch of Apache that splits zxids in another way.
const OTHER_LAYOUT: &str = "zxidLayoutSwitchEpoch";

/// The settings.
#[derive(Debug, Clone)]
pub struct DirectoryOptions {
    /// `dataDir`.
    pub data_dir: PathBuf,
    /// `dataLogDir`; the data directory if not given.
    pub data_log_dir: Option<PathBuf>,
    /// `zookeeper.datadir.autocreate`.
    pub autocreate: bool,
}

/// The data directories of a server, locked against others while this lives.
#[derive(Debug)]
pub struct DataDir {
    disk: Disk,
    data_dir: PathBuf,
    data_log_dir: PathBuf,
    snap_dir: PathBuf,
    log_dir: PathBuf,
    _locks: Vec<LockGuard>,
}

impl DataDir {
    /// Opens (and makes, if allowed) the directories, checks that they can be written and hold
    /// nothing foreign, and takes their locks.
    ///
    /// # Errors
    /// What is wrong with which directory, and what to do.
    pub fn open(disk: Disk, options: &DirectoryOptions) -> Result<Self, DirectoryError> {
        let data_dir = options.data_dir.clone();
        let data_log_dir = options.data_log_dir.clone().unwrap_or_else(|| data_dir.clone());
        let (snap_dir, log_dir) = (data_dir.join(VERSION_DIR), data_log_dir.join(VERSION_DIR));
        let mut locks = Vec::new();
        make(&disk, &snap_dir, options.autocreate)?;
        locks.push(lock(&disk, &snap_dir)?);
        if log_dir != snap_dir {
            make(&disk, &log_dir, options.autocreate)?;
            // Two names of one directory are one directory: its lock is held already.
            match lock(&disk, &log_dir) {
                Ok(guard) => locks.push(guard),
                Err(DirectoryError::Locked { owner, .. }) if owner == Some(own_pid()) => {}
                Err(error) => return Err(error),
            }
            refuse_foreign(&disk, &snap_dir, &log_dir, locks.len() == 1)?;
        }
        refuse_other_layout(&disk, &snap_dir)?;
        refuse_other_layout(&disk, &log_dir)?;
        let dir = DataDir { disk, data_dir, data_log_dir, snap_dir, log_dir, _locks: locks };
        dir.remove_leftovers()?;
        Ok(dir)
    }

    /// The directory of `myid`.
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// The `version-2` directory of snapshots and epoch files.
    pub fn snap_dir(&self) -> &Path {
        &self.snap_dir
    }

    /// The `version-2` directory of logs.
    pub fn log_dir(&self) -> &Path {
        &self.log_dir
    }

    /// Where [`crate::recover::recover`] looks.
    pub fn recover_options(&self, trust_empty: bool) -> RecoverOptions {
        let (snap_dir, log_dir) = (self.snap_dir.clone(), self.log_dir.clone());
        RecoverOptions { snap_dir, log_dir, trust_empty, repair: true }
    }

    /// What a server with this history is: its last zxid, or [`Zxid::UNKNOWN`] if it has nothing
    /// and may not take that for an empty history (`zookeeper.db.autocreate=false` and no
    /// `initialize` file). Removes the `initialize` file.
    ///
    /// # Errors
    /// The disk's.
    pub fn initial_zxid(
        &self,
        recovered: &Recovered,
        db_autocreate: bool,
    ) -> Result<Zxid, DiskError> {
        let marker = self.data_log_dir.join(INITIALIZE);
        let marked = self.disk.exists(&marker)?;
        if marked {
            self.disk.remove(&marker)?;
            self.disk.sync_dir(&self.data_log_dir)?;
        }
        match recovered.is_fresh() && !marked && !db_autocreate {
            true => Ok(Zxid::UNKNOWN),
            false => Ok(recovered.last),
        }
    }

    /// Bytes of the files in the snapshot and in the log directory: what `dirs` and `conf` tell.
    ///
    /// # Errors
    /// The disk's.
    pub fn sizes(&self) -> Result<(u64, u64), DiskError> {
        let size = |dir| -> Result<u64, DiskError> {
            Ok(self.disk.list(dir)?.iter().filter(|entry| !entry.is_dir).map(|e| e.len).sum())
        };
        Ok((size(&self.snap_dir)?, size(&self.log_dir)?))
    }

    /// Unfinished snapshots of a former run. An unfinished `currentEpoch.tmp` still has a meaning.
    fn remove_leftovers(&self) -> Result<(), DiskError> {
        let snapshot = |name: &str| {
            name.strip_suffix(".tmp").is_some_and(|name| parse_snapshot_name(name).is_some())
        };
        self.remove_unfinished(&self.snap_dir, snapshot)?;
        self.remove_unfinished(&self.log_dir, is_unfinished)
    }

    fn remove_unfinished(&self, dir: &Path, ours: impl Fn(&str) -> bool) -> Result<(), DiskError> {
        for entry in self.disk.list(dir)? {
            if ours(&entry.name) {
                tracing::info!("{} was not finished by a former run; removed", entry.name);
                self.disk.remove(&dir.join(entry.name))?;
            }
        }
        Ok(())
    }
}

fn make(disk: &Disk, dir: &Path, autocreate: bool) -> Result<(), DirectoryError> {
    match disk.list(dir) {
        Ok(_) => Ok(()),
        Err(error) if error.is_not_found() && !autocreate => {
            Err(DirectoryError::Missing { path: dir.to_path_buf() })
        }
        Err(error) if error.is_not_found() => {
            disk.create_dir_all(dir).map_err(|error| unwritable(dir, error))?;
            // As far up as it may have been made.
            let above = dir.ancestors().skip(1).take(2).filter(|dir| !dir.as_os_str().is_empty());
            above.into_iter().try_for_each(|dir| disk.sync_dir(dir))?;
            Ok(())
        }
        Err(error) => Err(unwritable(dir, error)),
    }
}

fn unwritable(dir: &Path, error: DiskError) -> DirectoryError {
    DirectoryError::Unwritable { path: dir.to_path_buf(), reason: error.reason }
}

fn own_pid() -> String {
    std::process::id().to_string()
}

fn lock(disk: &Disk, dir: &Path) -> Result<LockGuard, DirectoryError> {
    let taken = disk.lock(&dir.join(LOCK), &own_pid()).map_err(|error| unwritable(dir, error))?;
    taken.map_err(|owner| {
        let owner = Some(owner).filter(|owner| !owner.is_empty());
        DirectoryError::Locked { path: dir.to_path_buf(), owner }
    })
}

/// With two directories, a file of the one kind in the directory of the other means that the
/// settings were changed without moving the files: what is there would be overlooked.
fn refuse_foreign(
    disk: &Disk,
    snap_dir: &Path,
    log_dir: &Path,
    same: bool,
) -> Result<(), DirectoryError> {
    if same {
        return Ok(());
    }
    let snapshot = |name: &str| parse_snapshot_name(name).is_some();
    let log = |name: &str| parse_log_name(name).is_some();
    let misplaced = [
        (log_dir, find(disk, log_dir, snapshot)?, "a snapshot", "dataDir", snap_dir),
        (snap_dir, find(disk, snap_dir, log)?, "a log", "dataLogDir", log_dir),
    ];
    for (dir, name, kind, setting, place) in misplaced {
        if let Some(name) = name {
            let reason = format!(
                "{kind} belongs in {} ({setting}): move all of them there, or make dataDir and \
                 dataLogDir the same",
                place.display()
            );
            return Err(DirectoryError::Foreign { path: dir.join(name), reason });
        }
    }
    Ok(())
}

fn find(
    disk: &Disk,
    dir: &Path,
    wanted: impl Fn(&str) -> bool,
) -> Result<Option<String>, DiskError> {
    let mut entries = disk.list(dir)?.into_iter();
    Ok(entries.find(|entry| wanted(&entry.name)).map(|entry| entry.name))
}

fn refuse_other_layout(disk: &Disk, dir: &Path) -> Result<(), DirectoryError> {
    match find(disk, dir, |name| name == OTHER_LAYOUT)? {
        None => Ok(()),
        Some(name) => {
            let reason = "a server of an unreleased Apache version wrote this directory, with \
                other zxids than any release has; it can't be read here"
                .to_owned();
            Err(DirectoryError::Foreign { path: dir.join(name), reason })
        }
    }
}

impl DirectoryError {
    /// The exit code that Apache ends with for it: 3 when a data directory can't be used, else 1.
    pub fn exit_code(&self) -> i32 {
        match self {
            DirectoryError::Epochs { .. } | DirectoryError::BadNumber { .. } => 1,
            _ => 3,
        }
    }
}

#[cfg(test)]
mod tests;
