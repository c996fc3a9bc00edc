//! Writing snapshots beside traffic: the tree is looked at in small slices, the disk is written
//! between them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::BytesMut;
use codec::Zxid;
use storage::DiskError;
use storage::snapshot::{SnapshotInfo, SnapshotWriter};

use super::Server;
use super::journal::Rhythm;
use crate::config::model as config;

/// Bytes of nodes taken under the tree's lock at a time: some tens of microseconds.
const SLICE_BYTES: usize = 64 << 10;

/// At most one snapshot is written at a time.
#[derive(Debug, Default)]
pub struct Snapshots {
    running: AtomicBool,
}

impl Snapshots {
    /// Takes the right to write one if one is due; false while another is written.
    ///
    /// The right comes first: a wish that is taken while another snapshot runs would be lost, and
    /// with it all that follow.
    pub fn begin_due(&self, rhythm: &Rhythm) -> bool {
        if !rhythm.is_due() || self.running.swap(true, Ordering::AcqRel) {
            return false;
        }
        let due = rhythm.take_due();
        if !due {
            self.end();
        }
        due
    }

    /// Gives the right back.
    fn end(&self) {
        self.running.store(false, Ordering::Release);
    }
}

/// Writes a snapshot on a thread of its own. The right to do so was taken by
/// [`Snapshots::begin_due`].
pub fn spawn(server: &Arc<Server>) {
    let server = server.clone();
    let name = "snapshot".to_owned();
    let thread = std::thread::Builder::new().name(name).spawn({
        let server = server.clone();
        move || {
            let begun = server.clock.instant();
            match write(&server) {
                Ok(info) => server.snapshot_written(&info, begun),
                Err(error) => server.fatal(&error),
            }
            server.snapshots.end();
        }
    });
    if let Err(error) = thread {
        tracing::error!(%error, "no thread for a snapshot: it is tried again later");
        server.snapshots.end();
        server.rhythm.ask();
    }
}

/// Writes a snapshot of the tree while transactions go on; it may hold effects of transactions
/// newer than its name, which replay over it without harm.
///
/// # Errors
/// The disk's.
pub fn write(server: &Server) -> Result<SnapshotInfo, DiskError> {
    let settings = &server.config.storage;
    let tree = &server.replica.tree;
    let (cursor, zxid, sessions, acls) = {
        let mut tree = tree.write();
        let cursor = tree.open_cursor();
        let sessions: Vec<_> = tree.sessions().collect();
        let lists = tree.acls().iter().filter(|record| record.id() != -1 && record.is_resolved());
        let acls: Vec<_> = lists.map(|record| (record.id(), record.shared())).collect();
        (cursor, tree.last_zxid(), sessions, acls)
    };
    let result = (|| {
        let disk = server.storage.clone();
        let mut writer = SnapshotWriter::create(
            disk,
            &server.places.snapshots,
            zxid,
            compression(settings.compression),
        )?;
        writer.sessions(sessions.into_iter())?;
        writer.acls(acls.iter().map(|(id, list)| (*id, &list[..])))?;
        let mut slice = BytesMut::with_capacity(2 * SLICE_BYTES);
        loop {
            slice.clear();
            let more = tree.write().snapshot_slice(cursor, &mut slice, SLICE_BYTES);
            writer.nodes(&slice)?;
            if !more {
                break;
            }
        }
        let (digest, last) =
            sections(server, settings.digest_enabled, settings.serialize_last_zxid);
        writer.finish(digest, last)
    })();
    tree.write().close_cursor(cursor);
    result
}

/// The sections behind the nodes: body only if digests are off, since Apache's readers cannot tell
/// a last zxid that stands alone from a digest.
fn sections(server: &Server, digest: bool, last: bool) -> (Option<(Zxid, i64)>, Option<Zxid>) {
    let tree = server.replica.tree.read();
    let zxid = tree.last_zxid();
    match digest {
        true => (Some((zxid, tree.digest() as i64)), last.then_some(zxid)),
        false => (None, None),
    }
}

fn compression(configured: config::Compression) -> codec::disk::Compression {
    use codec::disk::Compression;
    match configured {
        config::Compression::None => Compression::Plain,
        config::Compression::Gzip => Compression::Gz,
        config::Compression::Snappy => Compression::Snappy,
    }
}

#[cfg(test)]
mod tests {
    use storage::cadence::{Cadence, CadenceOptions};

    use super::*;

    #[test]
    fn a_snapshot_that_falls_due_while_another_is_written_has_its_turn_later() {
        let rhythm = Rhythm::new(Cadence::new(CadenceOptions::default(), 0, 0, 0, 0));
        let snapshots = Snapshots::default();
        assert!(!snapshots.begin_due(&rhythm));
        rhythm.ask();
        assert!(snapshots.begin_due(&rhythm));
        rhythm.ask();
        assert!(!snapshots.begin_due(&rhythm), "one at a time");
        snapshots.end();
        assert!(snapshots.begin_due(&rhythm), "the wish has not been lost");
        snapshots.end();
        assert!(!snapshots.begin_due(&rhythm));
    }
}
