//! Which snapshot files there are, and in which order they are worth trying.

use std::path::{Path, PathBuf};

use codec::Zxid;
use codec::disk::snapshot_tail::SEAL_END;
use codec::disk::{Compression, parse_snapshot_name};

use super::compress::begins_well;
use crate::error::DiskError;
use crate::media::Disk;

/// How many snapshots are tried at most, as in Apache.
const TRIED_MAX: usize = 100;
/// A plain snapshot is never shorter (Apache's own bound).
const PLAIN_MIN: u64 = 10;

/// A file whose name is a snapshot's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotFile {
    /// From its name; authoritative.
    pub zxid: Zxid,
    /// From its extension.
    pub compression: Compression,
    /// The file.
    pub path: PathBuf,
    /// Bytes on disk.
    pub len: u64,
}

/// All snapshot files of a directory, newest first.
///
/// # Errors
/// When the directory can't be read.
pub fn snapshot_files(disk: &Disk, dir: &Path) -> Result<Vec<SnapshotFile>, DiskError> {
    let entries = disk.list(dir)?;
    let files = entries.iter().filter(|entry| !entry.is_dir);
    let mut snapshots: Vec<_> = files
        .filter_map(|entry| {
            let (zxid, compression) = parse_snapshot_name(&entry.name)?;
            Some(SnapshotFile { zxid, compression, path: dir.join(&entry.name), len: entry.len })
        })
        .collect();
    snapshots.sort_by(|a, b| b.zxid.cmp(&a.zxid).then_with(|| a.path.cmp(&b.path)));
    Ok(snapshots)
}

/// Apache's cheap look at a snapshot: a plain one must end as a sealed file does, a compressed one
/// must begin as such. Says little; [`super::verify`] says all.
///
/// # Errors
/// The disk's.
pub fn looks_whole(disk: &Disk, snapshot: &SnapshotFile) -> Result<bool, DiskError> {
    let file = disk.open(&snapshot.path)?;
    let read = |offset: u64, into: &mut [u8]| {
        let read = file.read_at(offset, into);
        read.map_err(|error| DiskError::new("read", &snapshot.path, &error))
    };
    match snapshot.compression {
        Compression::Plain if snapshot.len < PLAIN_MIN => Ok(false),
        Compression::Plain => {
            let mut end = SEAL_END.map(|_| 0);
            let read = read(snapshot.len - end.len() as u64, &mut end)?;
            Ok(read == end.len() && end == SEAL_END)
        }
        packed => {
            let mut head = [0; 8];
            let read = read(0, &mut head)?;
            Ok(begins_well(packed, &head[..read]))
        }
    }
}

/// A snapshot that is not worth trying, and why.
pub type RuledOut = (PathBuf, String);

/// The snapshots worth trying at a start, best first, at most a hundred; and those that a cheap look
/// has ruled out, with the reason.
///
/// # Errors
/// When the directory can't be read.
pub fn candidates(
    disk: &Disk,
    dir: &Path,
) -> Result<(Vec<SnapshotFile>, Vec<RuledOut>), DiskError> {
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for snapshot in snapshot_files(disk, dir)? {
        match looks_whole(disk, &snapshot) {
            Ok(true) if good.len() < TRIED_MAX => good.push(snapshot),
            Ok(true) => {}
            Ok(false) => bad.push((snapshot.path, "it is cut short".into())),
            Err(error) => bad.push((snapshot.path, error.to_string())),
        }
    }
    Ok((good, bad))
}
