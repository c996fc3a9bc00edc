//! The next log file, made before it is needed.
//!
//! To make and to allocate a file takes as long as a busy disk likes, and whoever begins one holds
//! up every append. So the space thread makes it, under a name that no server takes for a log, and
//! the append that begins it only renames. What it lacks until then: its name, and what the durable
//! mark says of it (that can't be said before the name is known, which is the zxid of its first
//! record).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use codec::Encode;
use codec::disk::FileHeader;

use super::segment::{Space, is_full};
use super::unfinished_next;
use crate::error::DiskError;
use crate::media::{Disk, LogFile};

/// A file with header and space, but no records.
#[derive(Debug)]
pub(crate) struct NextFile {
    pub file: Arc<dyn LogFile>,
    /// Where it waits for its name.
    pub path: PathBuf,
    pub space: Space,
}

impl NextFile {
    /// Makes the `n`th of this run: `step` bytes of space, `zeros` of them written. `None` if the
    /// disk has no room for it.
    pub fn make(
        disk: &Disk,
        dir: &Path,
        n: u64,
        step: u64,
        zeros: u64,
    ) -> Result<Option<Self>, DiskError> {
        let path = unfinished_next(dir, n);
        if disk.exists(&path)? {
            // Of a run that was killed.
            disk.remove(&path)?;
        }
        let file = disk.create_log(&path)?;
        let header = FileHeader::LEN as u64;
        match file.allocate(header + step) {
            Ok(()) => {}
            Err(error) if is_full(&error) => return disk.remove(&path).map(|()| None),
            Err(error) => return Err(disk.fail("allocation of log space", &path, &error)),
        }
        let mut window = disk.change("mapping", &path, || file.window(0, FileHeader::LEN))?;
        window.put(0, &FileHeader::LOG.to_bytes());
        drop(window);
        let zeros = zeros.min(step);
        disk.change("write of zeros", &path, || file.zero(header, zeros))?;
        let space = Space::prepared(header + step, header + zeros);
        Ok(Some(NextFile { file, path, space }))
    }
}
