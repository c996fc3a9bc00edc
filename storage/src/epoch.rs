//! The small files that say who a server is and which epochs it has seen: `myid`, `acceptedEpoch`,
//! `currentEpoch`.

use std::path::{Path, PathBuf};

use codec::{ServerId, Zxid};

use crate::error::{DirectoryError, DiskError};
use crate::media::{Disk, temporary_name};

const ACCEPTED: &str = "acceptedEpoch";
pub(crate) const CURRENT: &str = "currentEpoch";
/// Nothing longer is a number.
const LONGEST: usize = 64;

/// The epochs that a quorum server has promised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Epochs {
    /// The newest epoch that it has agreed to follow; written before ACKEPOCH.
    pub accepted: i64,
    /// The epoch of its history; written before the ACK of NEWLEADER. Invariant:
    /// `current <= accepted`.
    pub current: i64,
}

/// The epoch files of one server.
#[derive(Debug, Clone)]
pub struct EpochFiles {
    disk: Disk,
    dir: PathBuf,
}

impl EpochFiles {
    /// Those in `dir`, the `version-2` directory of the snapshots.
    pub fn new(disk: Disk, dir: &Path) -> Self {
        EpochFiles { disk, dir: dir.to_path_buf() }
    }

    /// The epochs of a quorum server whose history ends with `last`; makes the files that are
    /// missing. `Zxid::UNKNOWN` gives epochs of -1 and makes none.
    ///
    /// # Errors
    /// Files that hold no number, or that contradict the history or each other.
    pub fn settle(&self, last: Zxid) -> Result<Epochs, DirectoryError> {
        let epoch = last.epoch();
        if last == Zxid::UNKNOWN && self.read(CURRENT)?.is_none() {
            return Ok(Epochs { accepted: self.read(ACCEPTED)?.unwrap_or(-1), current: -1 });
        }
        let current = self.read_or_make(CURRENT, epoch)?;
        let current = match current < epoch {
            true => self.finish_write(epoch, current)?,
            false => current,
        };
        let accepted = self.read_or_make(ACCEPTED, current)?;
        if accepted < current {
            return Err(self.contradiction(format!(
                "acceptedEpoch {accepted} is below currentEpoch {current}"
            )));
        }
        Ok(Epochs { accepted, current })
    }

    /// Durably accepts `epoch`. Before ACKEPOCH, or LEADERINFO.
    ///
    /// # Errors
    /// The disk's; latched.
    pub fn write_accepted(&self, epoch: i64) -> Result<(), DiskError> {
        self.write(ACCEPTED, epoch)
    }

    /// Durably enters `epoch`. Before the ACK of NEWLEADER.
    ///
    /// # Errors
    /// The disk's; latched.
    pub fn write_current(&self, epoch: i64) -> Result<(), DiskError> {
        self.write(CURRENT, epoch)
    }

    fn write(&self, name: &str, epoch: i64) -> Result<(), DiskError> {
        self.disk.write_atomically(&self.dir.join(name), epoch.to_string().as_bytes())
    }

    fn read(&self, name: &str) -> Result<Option<i64>, DirectoryError> {
        read_number(&self.disk, &self.dir.join(name), "an epoch in decimal digits")
    }

    fn read_or_make(&self, name: &str, epoch: i64) -> Result<i64, DirectoryError> {
        match self.read(name)? {
            Some(epoch) => Ok(epoch),
            None => {
                self.write(name, epoch)?;
                Ok(epoch)
            }
        }
    }

    /// The history is of a later epoch than `currentEpoch`: right only if a crash came between the
    /// write of `currentEpoch.tmp` and its rename.
    fn finish_write(&self, history: i64, current: i64) -> Result<i64, DirectoryError> {
        let temporary = temporary_name(&self.dir.join(CURRENT));
        let unfinished = read_number(&self.disk, &temporary, "an epoch in decimal digits");
        match unfinished {
            Ok(Some(epoch)) if epoch >= history => {
                self.write(CURRENT, epoch)?;
                Ok(epoch)
            }
            _ => Err(self.contradiction(format!(
                "the history is of epoch {history}, but currentEpoch is {current}"
            ))),
        }
    }

    fn contradiction(&self, what: String) -> DirectoryError {
        let reason = format!(
            "{what} in {}: a file was lost or comes from another server. In an ensemble, move this \
             server's version-2 directories away to let the leader fill it",
            self.dir.display()
        );
        DirectoryError::Epochs { reason }
    }
}

/// The first line of a small file as a number: digits with an optional sign, no blanks. `None`
/// without the file.
fn read_number(
    disk: &Disk,
    path: &Path,
    expected: &'static str,
) -> Result<Option<i64>, DirectoryError> {
    let Some(bytes) = disk.read_small(path, LONGEST)? else {
        return Ok(None);
    };
    let text = String::from_utf8_lossy(&bytes);
    let line = text.split('\n').next().unwrap_or_default();
    let line = line.strip_suffix('\r').unwrap_or(line);
    match line.parse() {
        Ok(number) => Ok(Some(number)),
        Err(_) => {
            let (path, found) = (path.to_path_buf(), line.to_owned());
            Err(DirectoryError::BadNumber { path, expected, found })
        }
    }
}

/// The server's id from `myid` in the data directory; `None` without the file.
///
/// # Errors
/// When it does not begin with a line that is a number.
pub fn read_myid(disk: &Disk, data_dir: &Path) -> Result<Option<ServerId>, DirectoryError> {
    let id = read_number(disk, &data_dir.join("myid"), "this server's number and nothing else")?;
    Ok(id.map(ServerId))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    struct Case {
        dir: tempfile::TempDir,
        files: EpochFiles,
    }

    fn case(contents: &[(&str, &str)]) -> Case {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in contents {
            fs::write(dir.path().join(name), text).unwrap();
        }
        let files = EpochFiles::new(Disk::real(), dir.path());
        Case { dir, files }
    }

    fn settle(contents: &[(&str, &str)], last: Zxid) -> Result<Epochs, DirectoryError> {
        case(contents).files.settle(last)
    }

    const LAST: Zxid = Zxid::new(3, 17);

    #[test]
    fn missing_files_are_made_from_the_history() {
        let case = case(&[]);
        let epochs = Epochs { accepted: 3, current: 3 };
        assert_eq!(case.files.settle(LAST), Ok(epochs));
        assert_eq!(fs::read(case.dir.path().join("acceptedEpoch")).unwrap(), b"3");
        assert_eq!(fs::read(case.dir.path().join("currentEpoch")).unwrap(), b"3");
    }

    #[test]
    fn accepted_may_be_ahead_but_not_behind() {
        let ahead = [("acceptedEpoch", "5"), ("currentEpoch", "4\n")];
        assert_eq!(settle(&ahead, LAST), Ok(Epochs { accepted: 5, current: 4 }));
        let behind = [("acceptedEpoch", "3"), ("currentEpoch", "4")];
        assert!(matches!(settle(&behind, LAST), Err(DirectoryError::Epochs { .. })));
    }

    #[test]
    fn an_unfinished_write_is_finished() {
        let unfinished = [("acceptedEpoch", "3"), ("currentEpoch", "2"), ("currentEpoch.tmp", "3")];
        assert_eq!(settle(&unfinished, LAST), Ok(Epochs { accepted: 3, current: 3 }));
        let lost = [("acceptedEpoch", "3"), ("currentEpoch", "2")];
        assert!(matches!(settle(&lost, LAST), Err(DirectoryError::Epochs { .. })));
        let torn = [("acceptedEpoch", "3"), ("currentEpoch", "2"), ("currentEpoch.tmp", "")];
        assert!(matches!(settle(&torn, LAST), Err(DirectoryError::Epochs { .. })));
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in ["", " 3", "0x3", "3 ", "three", "99999999999999999999"] {
            let result = settle(&[("currentEpoch", text)], LAST);
            assert!(matches!(result, Err(DirectoryError::BadNumber { .. })), "{text:?}");
        }
    }

    #[test]
    fn an_unknown_history_has_no_epochs() {
        let case = case(&[]);
        let epochs = Epochs { accepted: -1, current: -1 };
        assert_eq!(case.files.settle(Zxid::UNKNOWN), Ok(epochs));
        assert_eq!(fs::read_dir(case.dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn epochs_read_back() {
        let case = case(&[]);
        case.files.write_accepted(9).unwrap();
        case.files.write_current(8).unwrap();
        assert_eq!(case.files.settle(LAST), Ok(Epochs { accepted: 9, current: 8 }));
    }

    #[test]
    fn myid_is_the_first_line() {
        let case = case(&[("myid", "7\n")]);
        assert_eq!(read_myid(&Disk::real(), case.dir.path()), Ok(Some(ServerId(7))));
        fs::write(case.dir.path().join("myid"), "7 #me").unwrap();
        assert!(read_myid(&Disk::real(), case.dir.path()).is_err());
        fs::remove_file(case.dir.path().join("myid")).unwrap();
        assert_eq!(read_myid(&Disk::real(), case.dir.path()), Ok(None));
    }
}
