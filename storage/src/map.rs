//! Mapped windows on files and two calls that the standard library lacks. The only `unsafe` of the
//! workspace stands here.
//!
//! What every window relies on: the mapped bytes are really allocated before they are mapped (a
//! store can't fail for lack of space), nobody cuts a file while a window on it lives, and the
//! directory is locked against a second server. A bus error (a failing disk under a mapped page)
//! ends the process; it is never caught.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::ops::Deref;
use std::os::fd::AsRawFd;

use memmap2::{Mmap, MmapMut, MmapOptions};

/// A part of a file that can be stored to.
#[derive(Debug)]
pub struct MapMut(MmapMut);

impl MapMut {
    /// Maps `[from, from + len)`, which must be allocated.
    ///
    /// # Errors
    /// When the operating system refuses, or the file is shorter.
    pub fn new(file: &File, from: u64, len: usize) -> io::Result<Self> {
        within(file, from, len)?;
        // SAFETY: the bytes exist (just checked) and stay: only the owner of the locked directory
        // changes the file, and it cuts none while a window lives.
        let map = unsafe { MmapOptions::new().offset(from).len(len).map_mut(file)? };
        Ok(MapMut(map))
    }

    /// Stores `bytes` at `at`. Panics if they don't fit, which is our own error: callers compare
    /// with the window's length first.
    pub fn put(&mut self, at: usize, bytes: &[u8]) {
        self.0[at..at + bytes.len()].copy_from_slice(bytes);
    }
}

/// A whole file for reading.
#[derive(Debug)]
pub struct Map(Option<Mmap>);

impl Map {
    /// Maps the file as long as it is now.
    ///
    /// # Errors
    /// When the operating system refuses.
    pub fn new(file: &File) -> io::Result<Self> {
        let len = file.metadata()?.len();
        if len == 0 {
            return Ok(Map(None));
        }
        // SAFETY: used for snapshots only, which are put in place whole and never changed; the
        // directory is locked against a second server.
        let map = unsafe { MmapOptions::new().len(len as usize).map(file)? };
        Ok(Map(Some(map)))
    }
}

impl Deref for Map {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.0.as_deref().unwrap_or_default()
    }
}

fn within(file: &File, from: u64, len: usize) -> io::Result<()> {
    match from.checked_add(len as u64) {
        Some(end) if end <= file.metadata()?.len() => Ok(()),
        _ => Err(io::Error::new(io::ErrorKind::InvalidInput, "window outside of the file")),
    }
}

/// Really allocates `[from, to)` and makes the file that long.
///
/// # Errors
/// `ENOSPC` when the disk is full; `Unsupported` where the file system can't.
pub fn allocate(file: &File, from: u64, to: u64) -> io::Result<()> {
    let (from, len) = (from as libc::off_t, to.saturating_sub(from) as libc::off_t);
    loop {
        // SAFETY: a plain call on a descriptor that `file` keeps open.
        if unsafe { libc::fallocate(file.as_raw_fd(), 0, from, len) } == 0 {
            return Ok(());
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

/// The next place at or behind `from` that is no hole; `None` if only holes follow.
///
/// # Errors
/// When the operating system can't tell.
pub fn next_data(file: &File, from: u64) -> io::Result<Option<u64>> {
    // SAFETY: a plain call on a descriptor that `file` keeps open.
    let found = unsafe { libc::lseek(file.as_raw_fd(), from as libc::off_t, libc::SEEK_DATA) };
    if found >= 0 {
        return Ok(Some(found as u64));
    }
    let error = io::Error::last_os_error();
    match error.raw_os_error() {
        Some(libc::ENXIO) => Ok(None),
        _ => Err(error),
    }
}
