//! The one small door to the disk.
//!
//! Everything in this room reaches files through [`Disk`], which hands each call to a [`Media`]
//! (the real one, or one with faults) and remembers the first failure of a changing call: from then
//! on every changing call answers that same error. Pages after a failed sync are never trusted, so
//! nothing is tried a second time. Calls that only read don't latch: an unreadable old snapshot
//! must not stop a server that has a newer one.

mod real;

use std::fmt::Debug;
use std::io::{self, Read, Write};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use crate::error::DiskError;

pub use real::RealMedia;

/// One name in a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// File name without its directory (names that are not UTF-8 are left out of listings).
    pub name: String,
    /// Bytes, as the directory tells.
    pub len: u64,
    /// Whether it is a directory.
    pub is_dir: bool,
}

/// What a disk must be able to do. Paths are whole paths. Errors are plain I/O errors; [`Disk`]
/// names the operation and the file.
pub trait Media: Send + Sync + Debug {
    /// Makes a log file, which must not exist yet. Nothing is durable before
    /// [`LogFile::sync`] and [`Media::sync_dir`].
    fn create_log(&self, path: &Path) -> io::Result<Arc<dyn LogFile>>;
    /// Makes (or empties) a file that is written from front to back.
    fn create(&self, path: &Path) -> io::Result<Box<dyn WriteFile>>;
    /// Opens a file for reading at any place.
    fn open(&self, path: &Path) -> io::Result<Box<dyn ReadFile>>;
    /// Names in a directory, sorted.
    fn list(&self, dir: &Path) -> io::Result<Vec<Entry>>;
    /// Puts `from` in the place of `to`.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Cuts a file to `len` bytes and makes that durable.
    fn truncate(&self, path: &Path, len: u64) -> io::Result<()>;
    /// Makes a file's contents durable.
    fn sync_file(&self, path: &Path) -> io::Result<()>;
    /// Makes the names in a directory durable.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;
    /// Makes a directory and those above it.
    fn create_dir_all(&self, dir: &Path) -> io::Result<()>;
    /// Takes the lock that this file stands for, and writes `owner` into it; `Err(text)` inside is
    /// what the present owner wrote. The lock is held until the guard is dropped.
    fn lock(&self, path: &Path, owner: &str) -> io::Result<Result<LockGuard, String>>;
}

/// Holds a lock while it lives.
pub type LockGuard = Box<dyn Debug + Send + Sync>;

/// A log file that is being appended to. Appending goes through a [`Window`]; the rest may be
/// called from other threads meanwhile.
pub trait LogFile: Send + Sync + Debug {
    /// Really allocates bytes up to `len` (never sparse), so that no later store can lack space.
    /// The file's size becomes `len`; new bytes read as zero.
    fn allocate(&self, len: u64) -> io::Result<()>;
    /// Writes zeros over an allocated part that nobody has stored to yet, so that making later
    /// stores durable changes no metadata.
    fn zero(&self, from: u64, len: u64) -> io::Result<()>;
    /// Makes everything stored so far durable.
    fn sync(&self) -> io::Result<()>;
    /// Cuts an unused tail off. No window may be open.
    fn truncate(&self, len: u64) -> io::Result<()>;
    /// What the file system calls the file; 0 if it can't tell.
    fn inode(&self) -> io::Result<u64> {
        Ok(0)
    }
    /// A window on the allocated bytes `[from, from + len)`.
    fn window(&self, from: u64, len: usize) -> io::Result<Box<dyn Window>>;
}

/// A part of a log file that can be stored to without a system call.
pub trait Window: Send + Debug {
    /// Stores `bytes` at `at`, counted from the window's begin. The caller stays inside.
    fn put(&mut self, at: usize, bytes: &[u8]);
}

/// A file being written from front to back.
pub trait WriteFile: Write + Send + Debug {
    /// Makes everything written so far durable.
    fn sync(&mut self) -> io::Result<()>;
}

/// A file being read.
pub trait ReadFile: Send + Debug {
    /// Bytes in the file now.
    fn len(&self) -> io::Result<u64>;
    /// Whether it has none.
    fn is_empty(&self) -> io::Result<bool> {
        self.len().map(|len| len == 0)
    }
    /// Reads at `offset` as much as fits or is there; 0 is the end.
    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<usize>;
    /// The next place at or behind `offset` that may hold something other than zeros; `None` if
    /// there is none. A medium that can't tell answers `offset`.
    fn next_data(&self, offset: u64) -> io::Result<Option<u64>>;
    /// What the file system calls the file; 0 if it can't tell.
    fn inode(&self) -> io::Result<u64> {
        Ok(0)
    }
    /// All bytes, mapped if the medium can.
    fn bytes(&self) -> io::Result<Box<dyn Deref<Target = [u8]> + Send>>;
}

/// A [`Media`] with a memory for its first failure. Clones share both.
#[derive(Debug, Clone)]
pub struct Disk {
    media: Arc<dyn Media>,
    latch: Arc<OnceLock<DiskError>>,
}

impl Disk {
    /// The machine's own file systems.
    pub fn real() -> Self {
        Disk::new(Arc::new(RealMedia))
    }

    /// A disk of any kind.
    pub fn new(media: Arc<dyn Media>) -> Self {
        Disk { media, latch: Arc::default() }
    }

    /// The first failure, if there was one.
    ///
    /// # Errors
    /// That failure, for ever.
    pub fn check(&self) -> Result<(), DiskError> {
        self.latch.get().map_or(Ok(()), |error| Err(error.clone()))
    }

    /// Notes a failure of a changing call and answers the first one that was noted.
    pub fn fail(&self, operation: &'static str, path: &Path, error: &io::Error) -> DiskError {
        let error = DiskError::new(operation, path, error);
        let first = self.latch.get_or_init(|| {
            tracing::error!("{error}; nothing more is written by this server");
            error
        });
        first.clone()
    }

    /// Runs one changing call.
    pub(crate) fn change<T>(
        &self,
        operation: &'static str,
        path: &Path,
        call: impl FnOnce() -> io::Result<T>,
    ) -> Result<T, DiskError> {
        self.check()?;
        call().map_err(|error| self.fail(operation, path, &error))
    }

    fn look<T>(
        operation: &'static str,
        path: &Path,
        call: impl FnOnce() -> io::Result<T>,
    ) -> Result<T, DiskError> {
        call().map_err(|error| DiskError::new(operation, path, &error))
    }

    /// See [`Media::create_log`].
    pub fn create_log(&self, path: &Path) -> Result<Arc<dyn LogFile>, DiskError> {
        self.change("create", path, || self.media.create_log(path))
    }

    /// See [`Media::create`].
    pub fn create(&self, path: &Path) -> Result<Box<dyn WriteFile>, DiskError> {
        self.change("create", path, || self.media.create(path))
    }

    /// See [`Media::open`].
    pub fn open(&self, path: &Path) -> Result<Box<dyn ReadFile>, DiskError> {
        Self::look("open", path, || self.media.open(path))
    }

    /// See [`Media::list`].
    pub fn list(&self, dir: &Path) -> Result<Vec<Entry>, DiskError> {
        Self::look("listing", dir, || self.media.list(dir))
    }

    /// See [`Media::rename`].
    pub fn rename(&self, from: &Path, to: &Path) -> Result<(), DiskError> {
        self.change("rename", from, || self.media.rename(from, to))
    }

    /// See [`Media::remove`].
    pub fn remove(&self, path: &Path) -> Result<(), DiskError> {
        self.change("removal", path, || self.media.remove(path))
    }

    /// Removes a file that nothing depends on: a failure is the caller's to report, not the end.
    pub fn try_remove(&self, path: &Path) -> Result<(), DiskError> {
        self.check()?;
        Self::look("removal", path, || self.media.remove(path))
    }

    /// See [`Media::truncate`].
    pub fn truncate(&self, path: &Path, len: u64) -> Result<(), DiskError> {
        self.change("truncation", path, || self.media.truncate(path, len))
    }

    /// See [`Media::sync_file`].
    pub fn sync_file(&self, path: &Path) -> Result<(), DiskError> {
        self.change("fdatasync", path, || self.media.sync_file(path))
    }

    /// See [`Media::sync_dir`].
    pub fn sync_dir(&self, dir: &Path) -> Result<(), DiskError> {
        self.change("fsync", dir, || self.media.sync_dir(dir))
    }

    /// See [`Media::create_dir_all`]. Doesn't latch: nothing is served yet.
    pub fn create_dir_all(&self, dir: &Path) -> Result<(), DiskError> {
        Self::look("creation", dir, || self.media.create_dir_all(dir))
    }

    /// See [`Media::lock`]. Doesn't latch.
    pub fn lock(&self, path: &Path, owner: &str) -> Result<Result<LockGuard, String>, DiskError> {
        Self::look("locking", path, || self.media.lock(path, owner))
    }

    /// Whether a file can be opened.
    pub fn exists(&self, path: &Path) -> Result<bool, DiskError> {
        match self.open(path) {
            Ok(_) => Ok(true),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The first `limit` bytes of a small file; `None` if there is no such file.
    pub fn read_small(&self, path: &Path, limit: usize) -> Result<Option<Vec<u8>>, DiskError> {
        let file = match self.open(path) {
            Err(error) if error.is_not_found() => return Ok(None),
            other => other?,
        };
        let mut text = Vec::new();
        let read = ReadFrom::new(file).take(limit as u64).read_to_end(&mut text);
        read.map_err(|error| DiskError::new("read", path, &error))?;
        Ok(Some(text))
    }

    /// Puts `contents` under `path` so that at any instant either the old or the new is there
    /// whole: `<path>.tmp`, sync, rename, sync of the directory.
    pub fn write_atomically(&self, path: &Path, contents: &[u8]) -> Result<(), DiskError> {
        let temporary = temporary_name(path);
        let mut file = self.create(&temporary)?;
        self.change("write", &temporary, || file.write_all(contents).and_then(|()| file.flush()))?;
        self.change("fsync", &temporary, || file.sync())?;
        drop(file);
        self.rename(&temporary, path)?;
        self.sync_dir(parent(path))
    }
}

/// `<path>.tmp`: where an unfinished atomic write stands, as in Apache.
pub(crate) fn temporary_name(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".tmp");
    name.into()
}

/// The directory of a file.
pub(crate) fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("."))
}

/// Reads a [`ReadFile`] from front to back.
#[derive(Debug)]
pub struct ReadFrom {
    file: Box<dyn ReadFile>,
    offset: u64,
}

impl ReadFrom {
    /// Begins at the file's first byte.
    pub fn new(file: Box<dyn ReadFile>) -> Self {
        ReadFrom { file, offset: 0 }
    }
}

impl Read for ReadFrom {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(self.offset, into)?;
        self.offset += read as u64;
        Ok(read)
    }
}
