//! A disk in memory: what recovery needs of one, without a system call. Logs can't be appended to
//! here, and nothing ever fails by itself.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::{Mutex, MutexGuard, PoisonError};

use storage::Disk;
use storage::media::{Entry, LockGuard, LogFile, Media, ReadFile, WriteFile};

/// The one directory.
pub const DIR: &str = "/version-2";

type Files = BTreeMap<PathBuf, Arc<Vec<u8>>>;

/// Files by path.
#[derive(Debug, Clone, Default)]
pub struct Memory(Arc<Mutex<Files>>);

impl Memory {
    /// Puts a file into the directory.
    pub fn put(&self, name: &str, bytes: &[u8]) {
        self.files().insert(Path::new(DIR).join(name), Arc::new(bytes.to_vec()));
    }

    /// The files, by path.
    pub fn contents(&self) -> Files {
        self.files().clone()
    }

    /// A disk over these files.
    pub fn disk(&self) -> Disk {
        Disk::new(Arc::new(self.clone()))
    }

    fn files(&self) -> MutexGuard<'_, Files> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn file(&self, path: &Path) -> io::Result<Arc<Vec<u8>>> {
        self.files().get(path).cloned().ok_or(io::ErrorKind::NotFound.into())
    }
}

impl Media for Memory {
    fn create_log(&self, _: &Path) -> io::Result<Arc<dyn LogFile>> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn WriteFile>> {
        self.files().insert(path.to_owned(), Arc::default());
        let (memory, path, bytes) = (self.clone(), path.to_owned(), Vec::new());
        Ok(Box::new(Written { memory, path, bytes }))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn ReadFile>> {
        Ok(Box::new(Open(self.file(path)?)))
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<Entry>> {
        let files = self.files();
        let inside = files.iter().filter(|(path, _)| path.parent() == Some(dir));
        let entry = |(path, bytes): (&PathBuf, &Arc<Vec<u8>>)| Entry {
            name: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            len: bytes.len() as u64,
            is_dir: false,
        };
        Ok(inside.map(entry).collect())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut files = self.files();
        let bytes = files.remove(from).ok_or(io::ErrorKind::NotFound)?;
        files.insert(to.to_owned(), bytes);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.files().remove(path).map(drop).ok_or(io::ErrorKind::NotFound.into())
    }

    fn truncate(&self, path: &Path, len: u64) -> io::Result<()> {
        let mut bytes = self.file(path)?.to_vec();
        bytes.resize(len as usize, 0);
        self.files().insert(path.to_owned(), Arc::new(bytes));
        Ok(())
    }

    fn sync_file(&self, path: &Path) -> io::Result<()> {
        self.file(path).map(drop)
    }

    fn sync_dir(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn create_dir_all(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn lock(&self, _: &Path, _: &str) -> io::Result<Result<LockGuard, String>> {
        Ok(Ok(Box::new(())))
    }
}

#[derive(Debug)]
struct Open(Arc<Vec<u8>>);

/// A whole file, shared.
struct Whole(Arc<Vec<u8>>);

impl Deref for Whole {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl ReadFile for Open {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.len() as u64)
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        let from = (offset as usize).min(self.0.len());
        let read = into.len().min(self.0.len() - from);
        into[..read].copy_from_slice(&self.0[from..from + read]);
        Ok(read)
    }

    fn next_data(&self, offset: u64) -> io::Result<Option<u64>> {
        let rest = self.0.get(offset as usize..).unwrap_or_default();
        let next = rest.iter().position(|byte| *byte != 0);
        Ok(next.map(|next| offset + next as u64))
    }

    fn bytes(&self) -> io::Result<Box<dyn Deref<Target = [u8]> + Send>> {
        Ok(Box::new(Whole(self.0.clone())))
    }
}

#[derive(Debug)]
struct Written {
    memory: Memory,
    path: PathBuf,
    bytes: Vec<u8>,
}

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.memory.files().insert(self.path.clone(), Arc::new(self.bytes.clone()));
        Ok(())
    }
}

impl WriteFile for Written {
    fn sync(&mut self) -> io::Result<()> {
        self.flush()
    }
}
