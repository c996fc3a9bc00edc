//! The machine's own file systems.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::ops::Deref;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::sync::Arc;

use super::{Entry, LockGuard, LogFile, Media, ReadFile, Window, WriteFile};
use crate::map::{self, Map, MapMut};

/// Files as the operating system has them.
#[derive(Debug, Clone, Copy, Default)]
pub struct RealMedia;

impl Media for RealMedia {
    fn create_log(&self, path: &Path) -> io::Result<Arc<dyn LogFile>> {
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(path)?;
        Ok(Arc::new(RealLog(file)))
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn WriteFile>> {
        Ok(Box::new(RealWrite(File::create(path)?)))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn ReadFile>> {
        Ok(Box::new(RealRead(File::open(path)?)))
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(dir)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            // Gone between the listing and the look: as if it had gone before.
            let Ok(metadata) = fs::metadata(entry.path()) else {
                continue;
            };
            entries.push(Entry { name, len: metadata.len(), is_dir: metadata.is_dir() });
        }
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn truncate(&self, path: &Path, len: u64) -> io::Result<()> {
        let file = OpenOptions::new().write(true).open(path)?;
        file.set_len(len)?;
        file.sync_all()
    }

    fn sync_file(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_data()
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        File::open(dir)?.sync_all()
    }

    fn create_dir_all(&self, dir: &Path) -> io::Result<()> {
        fs::create_dir_all(dir)
    }

    fn lock(&self, path: &Path, owner: &str) -> io::Result<Result<LockGuard, String>> {
        let options =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).clone();
        let mut file = options.open(path)?;
        match file.try_lock() {
            Ok(()) => {
                file.set_len(0)?;
                file.write_all_at(owner.as_bytes(), 0)?;
                Ok(Ok(Box::new(file)))
            }
            Err(TryLockError::Error(error)) => Err(error),
            Err(TryLockError::WouldBlock) => {
                let mut owner = String::new();
                // Who holds it is told if it can be read; that it is held is sure.
                let _ = Read::by_ref(&mut file).take(64).read_to_string(&mut owner);
                Ok(Err(owner.trim().to_owned()))
            }
        }
    }
}

#[derive(Debug)]
struct RealLog(File);

/// Zeros go out a page at a time: one large write would put large folios into the page cache, and
/// then each small store makes the next fdatasync write a whole folio (measured: three times
/// slower than a page).
const ZEROS: [u8; 4096] = [0; 4096];

impl RealLog {
    fn write_zeros(&self, from: u64, to: u64) -> io::Result<()> {
        let mut at = from;
        while at < to {
            let page_left = ZEROS.len() as u64 - at % ZEROS.len() as u64;
            let len = page_left.min(to - at);
            self.0.write_all_at(&ZEROS[..len as usize], at)?;
            at += len;
        }
        Ok(())
    }
}

impl LogFile for RealLog {
    fn allocate(&self, len: u64) -> io::Result<()> {
        let have = self.0.metadata()?.len();
        if len <= have {
            return Ok(());
        }
        match map::allocate(&self.0, have, len) {
            // Where the file system can't reserve, zeros take the space.
            Err(error) if error.kind() == io::ErrorKind::Unsupported => self.write_zeros(have, len),
            other => other,
        }
    }

    fn zero(&self, from: u64, len: u64) -> io::Result<()> {
        self.write_zeros(from, from + len)
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn truncate(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn inode(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.ino())
    }

    fn window(&self, from: u64, len: usize) -> io::Result<Box<dyn Window>> {
        Ok(Box::new(MapMut::new(&self.0, from, len)?))
    }
}

impl Window for MapMut {
    fn put(&mut self, at: usize, bytes: &[u8]) {
        MapMut::put(self, at, bytes);
    }
}

#[derive(Debug)]
struct RealWrite(File);

impl Write for RealWrite {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl WriteFile for RealWrite {
    fn sync(&mut self) -> io::Result<()> {
        self.0.sync_data()
    }
}

#[derive(Debug)]
struct RealRead(File);

impl ReadFile for RealRead {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.0.read_at(into, offset) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => return other,
            }
        }
    }

    fn inode(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.ino())
    }

    fn next_data(&self, offset: u64) -> io::Result<Option<u64>> {
        match map::next_data(&self.0, offset) {
            Err(error) if error.raw_os_error() == Some(libc::EINVAL) => Ok(Some(offset)),
            other => other,
        }
    }

    fn bytes(&self) -> io::Result<Box<dyn Deref<Target = [u8]> + Send>> {
        Ok(Box::new(Map::new(&self.0)?))
    }
}
