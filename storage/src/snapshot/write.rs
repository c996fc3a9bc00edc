//! Writing a snapshot piece by piece, and putting it in place at once.
//!
//! `<name>.tmp`, fsync, rename, fsync of the directory: a snapshot under its final name is whole and
//! durable. Nothing older may be deleted before [`SnapshotWriter::finish`] has returned.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use codec::disk::{
    AclEntry, Compression, DigestSection, DigestValue, FileHeader, SessionEntry, put_count,
    put_end_of_nodes, put_seal, snapshot_name,
};
use codec::{Acl, Encode, SessionId, Zxid};
use simd_adler32::Adler32;

use super::compress::Packer;
use crate::error::DiskError;
use crate::media::{Disk, temporary_name};

/// Written bytes are made durable every so often, so that neither the end of a snapshot nor the
/// log's own sync meets a mountain of dirty pages.
const SYNC_EVERY: u64 = 4 << 20;
/// Sessions and ACLs are handed on in pieces of about this.
const PIECE: usize = 64 << 10;

/// What became of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotInfo {
    /// Its file.
    pub path: PathBuf,
    /// Its zxid: the last applied when it was begun.
    pub zxid: Zxid,
    /// Bytes before compression: what the log is weighed against for the next one.
    pub bytes: u64,
    /// From its begin to the moment it was in place.
    pub took: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
enum Part {
    Sessions,
    Acls,
    Nodes,
}

/// A snapshot being written: sessions, then ACLs, then nodes in slices, then [`Self::finish`].
/// Dropped before that, it leaves a `.tmp` file, which the next start removes.
pub struct SnapshotWriter {
    disk: Disk,
    dir: PathBuf,
    path: PathBuf,
    zxid: Zxid,
    packer: Packer,
    adler: Adler32,
    bytes: u64,
    unsynced: u64,
    part: Part,
    begun: Instant,
}

impl SnapshotWriter {
    /// Begins the snapshot `zxid` in `dir`. Every effect of a transaction up to `zxid` must get into
    /// it; later ones may.
    ///
    /// # Errors
    /// The disk's; latched.
    pub fn create(
        disk: Disk,
        dir: &Path,
        zxid: Zxid,
        compression: Compression,
    ) -> Result<Self, DiskError> {
        let path = dir.join(snapshot_name(zxid, compression));
        let temporary = temporary_name(&path);
        let file = disk.create(&temporary)?;
        let packer = disk.change("write", &temporary, || Packer::new(compression, file))?;
        let mut writer = SnapshotWriter {
            disk,
            dir: dir.to_path_buf(),
            path,
            zxid,
            packer,
            adler: Adler32::new(),
            bytes: 0,
            unsynced: 0,
            part: Part::Sessions,
            begun: Instant::now(),
        };
        writer.put(&FileHeader::SNAPSHOT.to_bytes())?;
        Ok(writer)
    }

    /// Bytes written so far, before compression.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The sessions with their timeouts in ms. Called once, first.
    ///
    /// # Errors
    /// The disk's; latched.
    pub fn sessions(
        &mut self,
        sessions: impl ExactSizeIterator<Item = (SessionId, i32)>,
    ) -> Result<(), DiskError> {
        assert_eq!(self.part, Part::Sessions, "sessions are the first part of a snapshot");
        self.part = Part::Acls;
        self.put_counted(sessions.map(|(id, timeout)| SessionEntry { id, timeout }))
    }

    /// The ACL lists and the numbers that nodes name them by. Called once, second.
    ///
    /// # Errors
    /// The disk's; latched.
    pub fn acls<'a>(
        &mut self,
        acls: impl ExactSizeIterator<Item = (i64, &'a [Acl<'a>])>,
    ) -> Result<(), DiskError> {
        assert_eq!(self.part, Part::Acls, "ACLs are the second part of a snapshot");
        self.part = Part::Nodes;
        self.put_counted(acls.map(|(id, acl)| AclEntry { id, acl: Some(acl.to_vec()) }))
    }

    /// Some node records, encoded (`codec::disk::NodeRecord`), whole ones, parents first. Called as
    /// often as the server likes; between the calls it may serve others.
    ///
    /// # Errors
    /// The disk's; latched.
    pub fn nodes(&mut self, records: &[u8]) -> Result<(), DiskError> {
        assert_eq!(self.part, Part::Nodes, "nodes come behind sessions and ACLs");
        self.put(records)
    }

    /// Seals the snapshot and puts it in place. `digest` is the tree's digest and the last
    /// transaction in it; `last` is the last one applied now. Without digest no last zxid is written
    /// either: Apache servers could not read such a file.
    ///
    /// # Errors
    /// The disk's; latched. The snapshot is not in place then.
    pub fn finish(
        mut self,
        digest: Option<(Zxid, i64)>,
        last: Option<Zxid>,
    ) -> Result<SnapshotInfo, DiskError> {
        assert_eq!(self.part, Part::Nodes, "a snapshot has sessions, ACLs and nodes");
        let mut out = BytesMut::new();
        put_end_of_nodes(&mut out);
        self.put(&out)?;
        self.seal()?;
        if let Some((zxid, digest)) = digest {
            let digest = DigestValue::Number(digest);
            self.put(&DigestSection { zxid, version: 2, digest }.to_bytes())?;
            self.seal()?;
            if let Some(last) = last {
                self.put(&last.to_bytes())?;
                self.seal()?;
            }
        }
        self.put_in_place()
    }

    fn put_in_place(self) -> Result<SnapshotInfo, DiskError> {
        let SnapshotWriter { disk, dir, path, zxid, packer, bytes, begun, .. } = self;
        let temporary = temporary_name(&path);
        disk.change("fsync", &temporary, || packer.finish())?;
        disk.rename(&temporary, &path)?;
        disk.sync_dir(&dir)?;
        Ok(SnapshotInfo { path, zxid, bytes, took: begun.elapsed() })
    }

    fn seal(&mut self) -> Result<(), DiskError> {
        let mut out = BytesMut::new();
        put_seal(&mut out, self.adler.finish());
        self.put(&out)
    }

    fn put_counted(
        &mut self,
        items: impl ExactSizeIterator<Item = impl Encode>,
    ) -> Result<(), DiskError> {
        let mut out = BytesMut::new();
        put_count(&mut out, items.len());
        for item in items {
            item.encode(&mut out);
            if out.len() >= PIECE {
                self.put(&out)?;
                out.clear();
            }
        }
        self.put(&out)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), DiskError> {
        self.adler.write(bytes);
        self.bytes += bytes.len() as u64;
        self.unsynced += bytes.len() as u64;
        let SnapshotWriter { packer, unsynced, .. } = self;
        let write = || {
            packer.write_all(bytes)?;
            if *unsynced >= SYNC_EVERY {
                *unsynced = 0;
                packer.sync_written()?;
            }
            Ok(())
        };
        self.disk.change("write", &temporary_name(&self.path), write)
    }
}
