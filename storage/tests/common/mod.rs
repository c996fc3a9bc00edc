//! What the tests of this room share: a replay that writes down what it is given, copies of the
//! fixtures, and a disk that fails when told to.
#![allow(dead_code, clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};

use codec::txn::TxnHeader;
use codec::{AclList, Decode, SessionId, StatPersisted, Zxid};
use parking_lot::Mutex;
use storage::Disk;
use storage::media::{Entry, LockGuard, LogFile, Media, ReadFile, RealMedia, Window, WriteFile};
use storage::recover::{RecoverOptions, Recovered, RecoveryError, Replay, recover};

/// Everything that a recovery told.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Recorder {
    pub sessions: BTreeMap<i64, i32>,
    pub acls: BTreeMap<i64, AclList>,
    pub nodes: BTreeMap<String, (Option<Vec<u8>>, i64, StatPersisted)>,
    pub snapshot: Option<(Zxid, Option<(Zxid, i64)>)>,
    pub txns: Vec<(Zxid, Vec<u8>)>,
    pub clears: usize,
}

impl Replay for Recorder {
    fn clear(&mut self) {
        *self = Recorder { clears: self.clears + 1, ..Recorder::default() };
    }

    fn session(&mut self, id: SessionId, timeout: i32) {
        self.sessions.insert(id.0, timeout);
    }

    fn acl(&mut self, id: i64, acl: AclList) {
        self.acls.insert(id, acl);
    }

    fn node(
        &mut self,
        path: &str,
        data: Option<&[u8]>,
        acl_id: i64,
        stat: &StatPersisted,
    ) -> Result<(), String> {
        let parent = path.rsplit_once('/').map(|(parent, _)| parent);
        if parent.is_some_and(|parent| !self.nodes.contains_key(parent)) {
            return Err(format!("{path} has no parent"));
        }
        self.nodes.insert(path.to_owned(), (data.map(<[u8]>::to_vec), acl_id, *stat));
        Ok(())
    }

    fn snapshot_done(&mut self, zxid: Zxid, digest: Option<(Zxid, i64)>) -> Result<(), String> {
        if !self.nodes.contains_key("") {
            return Err("there is no root".into());
        }
        self.snapshot = Some((zxid, digest));
        Ok(())
    }

    fn txn(&mut self, payload: &[u8]) -> Result<(), String> {
        let header = TxnHeader::from_bytes(payload).map_err(|error| error.to_string())?;
        self.txns.push((header.zxid, payload.to_vec()));
        Ok(())
    }
}

impl Recorder {
    pub fn zxids(&self) -> Vec<i64> {
        self.txns.iter().map(|(zxid, _)| zxid.0).collect()
    }
}

/// Recovers from a directory that holds both snapshots and logs.
pub fn recover_dir(
    disk: &Disk,
    dir: &Path,
    trust_empty: bool,
) -> (Recorder, Result<Recovered, RecoveryError>) {
    let options = RecoverOptions {
        snap_dir: dir.to_path_buf(),
        log_dir: dir.to_path_buf(),
        trust_empty,
        repair: true,
    };
    let mut recorder = Recorder::default();
    let result = recover(disk, &options, &mut recorder);
    (recorder, result)
}

pub fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures")
}

/// Every fixture that is a server's data directory.
pub fn data_dirs() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![fixtures()];
    while let Some(dir) = open.pop() {
        if dir.join("version-2").is_dir() {
            found.push(dir);
            continue;
        }
        let entries = fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().path());
        open.extend(entries.filter(|path| path.is_dir()));
    }
    found.sort();
    assert!(found.len() >= 12, "fixtures are missing");
    found
}

/// A directory in memory where there is one: thousands of images need no real disk under them.
pub fn scratch() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

/// A private copy of a version-2 directory.
pub fn copy(version_dir: &Path) -> tempfile::TempDir {
    let copy = scratch();
    for entry in fs::read_dir(version_dir).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
    }
    copy
}

pub fn standalone() -> tempfile::TempDir {
    copy(&fixtures().join("apache-3.8.0/standalone/version-2"))
}

/// Names in a directory that are logs or snapshots.
pub fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("log.") || name.starts_with("snapshot."))
        .collect();
    names.sort();
    names
}

/// A payload that begins with a txn header of this zxid (createSession, no digest).
pub fn payload(zxid: i64, extra: usize) -> Vec<u8> {
    let mut payload = vec![0; 36 + extra];
    payload[..8].copy_from_slice(&0x1000_0000_0000_0001_i64.to_be_bytes());
    payload[12..20].copy_from_slice(&zxid.to_be_bytes());
    payload[28..32].copy_from_slice(&(-10_i32).to_be_bytes());
    payload[32..].iter_mut().enumerate().for_each(|(n, byte)| *byte = (zxid as u8) ^ n as u8 | 1);
    payload
}

/// A disk with a quota and a switch.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    /// Bytes that may still be allocated or written; negative is full.
    pub room: Arc<AtomicI64>,
    /// Every sync fails while set.
    pub sync_fails: Arc<AtomicBool>,
    /// Syncs of logs so far.
    pub log_syncs: Arc<AtomicU64>,
    /// Logs that were given their name so far.
    pub logs_named: Arc<AtomicU64>,
    /// Log files made so far.
    pub logs_made: Arc<AtomicU64>,
    /// Syncs of directories so far.
    pub dir_syncs: Arc<AtomicU64>,
    /// Holds up the next allocation.
    pub allocation: Arc<Mutex<Stall>>,
    /// Holds up the next write of zeros.
    pub zeroing: Arc<Mutex<Stall>>,
}

pub fn faulty(room: i64) -> (Disk, Faults) {
    let faults = Faults::default();
    faults.room.store(room, Ordering::SeqCst);
    (Disk::new(Arc::new(FaultyMedia(faults.clone()))), faults)
}

/// A disk that is busy with one call: it says so, then works when it is let go (or forgotten).
pub struct Busy {
    pub reached: Receiver<()>,
    pub let_go: Sender<()>,
}

pub type Stall = Option<(Sender<()>, Receiver<()>)>;

impl Faults {
    /// The next call of this kind takes as long as the test wants.
    pub fn stall(stall: &Mutex<Stall>) -> Busy {
        let ((reaching, reached), (let_go, go)) = (channel(), channel());
        *stall.lock() = Some((reaching, go));
        Busy { reached, let_go }
    }

    fn wait(stall: &Mutex<Stall>) {
        let stalled = stall.lock().take();
        if let Some((reaching, go)) = stalled {
            reaching.send(()).unwrap();
            let _ = go.recv();
        }
    }

    fn take(&self, bytes: u64) -> io::Result<()> {
        let had = self.room.fetch_sub(bytes as i64, Ordering::SeqCst);
        if had < bytes as i64 {
            self.room.fetch_add(bytes as i64, Ordering::SeqCst);
            return Err(io::Error::from_raw_os_error(28));
        }
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        match self.sync_fails.load(Ordering::SeqCst) {
            true => Err(io::Error::from_raw_os_error(5)),
            false => Ok(()),
        }
    }
}

#[derive(Debug)]
struct FaultyMedia(Faults);

impl Media for FaultyMedia {
    fn create_log(&self, path: &Path) -> io::Result<Arc<dyn LogFile>> {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap();
        // What Apache takes for a log: two parts or more, of which the first is "log".
        assert!(!name.starts_with("log."), "{name} has no header yet");
        let file = RealMedia.create_log(path)?;
        self.0.logs_made.fetch_add(1, Ordering::SeqCst);
        Ok(Arc::new(FaultyLog { file, faults: self.0.clone(), len: AtomicU64::new(0) }))
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn WriteFile>> {
        let file = RealMedia.create(path)?;
        Ok(Box::new(FaultyWrite { file, faults: self.0.clone() }))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn ReadFile>> {
        RealMedia.open(path)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<Entry>> {
        RealMedia.list(dir)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let name = to.file_name().and_then(|name| name.to_str()).unwrap();
        if codec::disk::parse_log_name(name).is_some() {
            let begin = std::fs::read(from)?;
            assert_eq!(begin[..4], *b"ZKLG", "a log gets its name when it has its header");
            self.0.logs_named.fetch_add(1, Ordering::SeqCst);
        }
        RealMedia.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap();
        if name.starts_with("unfinished.") {
            let len = std::fs::metadata(path)?.len();
            self.0.room.fetch_add(len as i64, Ordering::SeqCst);
        }
        RealMedia.remove(path)
    }

    fn truncate(&self, path: &Path, len: u64) -> io::Result<()> {
        RealMedia.truncate(path, len)
    }

    fn sync_file(&self, path: &Path) -> io::Result<()> {
        self.0.sync().and_then(|()| RealMedia.sync_file(path))
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.0.dir_syncs.fetch_add(1, Ordering::SeqCst);
        self.0.sync().and_then(|()| RealMedia.sync_dir(dir))
    }

    fn create_dir_all(&self, dir: &Path) -> io::Result<()> {
        RealMedia.create_dir_all(dir)
    }

    fn lock(&self, path: &Path, owner: &str) -> io::Result<Result<LockGuard, String>> {
        RealMedia.lock(path, owner)
    }
}

#[derive(Debug)]
struct FaultyLog {
    file: Arc<dyn LogFile>,
    faults: Faults,
    len: AtomicU64,
}

impl LogFile for FaultyLog {
    fn allocate(&self, len: u64) -> io::Result<()> {
        Faults::wait(&self.faults.allocation);
        let have = self.len.load(Ordering::SeqCst);
        self.faults.take(len.saturating_sub(have))?;
        self.file.allocate(len)?;
        self.len.store(len.max(have), Ordering::SeqCst);
        Ok(())
    }

    fn zero(&self, from: u64, len: u64) -> io::Result<()> {
        Faults::wait(&self.faults.zeroing);
        self.file.zero(from, len)
    }

    fn sync(&self) -> io::Result<()> {
        self.faults.log_syncs.fetch_add(1, Ordering::SeqCst);
        self.faults.sync().and_then(|()| self.file.sync())
    }

    fn truncate(&self, len: u64) -> io::Result<()> {
        self.file.truncate(len)
    }

    fn window(&self, from: u64, len: usize) -> io::Result<Box<dyn Window>> {
        self.file.window(from, len)
    }
}

#[derive(Debug)]
struct FaultyWrite {
    file: Box<dyn WriteFile>,
    faults: Faults,
}

impl io::Write for FaultyWrite {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.faults.take(bytes.len() as u64)?;
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl WriteFile for FaultyWrite {
    fn sync(&mut self) -> io::Result<()> {
        self.faults.sync().and_then(|()| self.file.sync())
    }
}
