//! Reading a snapshot: every seal is verified before anything of it is used.
//!
//! A file is walked twice: once to see that it is whole (it parses to its last byte, and every seal
//! holds), once to hand its items to a [`Visitor`]. Plain files are mapped, compressed ones
//! unpacked twice, so no form needs memory for the whole.

use std::io;
use std::path::Path;

use codec::disk::snapshot_tail::SEAL_LEN;
use codec::disk::{
    AclEntry, Compression, DigestSection, DigestValue, FileHeader, NodeRecord, SnapshotCursor,
    SnapshotItem, SnapshotTail, decode_seal, parse_snapshot_name,
};
use codec::{AclList, DecodeError, SessionId, StatPersisted, Zxid};

use super::compress::unpack;
use super::source::{Mapped, Source, Streamed};
use crate::error::{DiskError, SnapshotError};
use crate::media::{Disk, ReadFrom};

/// Whoever wants a snapshot's contents. Items come in the file's order; parents before children.
pub trait Visitor {
    /// A session and its timeout in ms.
    fn session(&mut self, id: SessionId, timeout: i32);
    /// An ACL list and the number that nodes name it by.
    fn acl(&mut self, id: i64, acl: AclList);
    /// A node; the root has path "".
    ///
    /// # Errors
    /// A reason to refuse the snapshot (a parent that is missing, say).
    fn node(
        &mut self,
        path: &str,
        data: Option<&[u8]>,
        acl_id: i64,
        stat: &StatPersisted,
    ) -> Result<(), String>;
}

/// What a snapshot says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SnapshotSummary {
    /// Bytes of its uncompressed form.
    pub bytes: u64,
    /// Number of nodes.
    pub nodes: u64,
    /// Transaction and tree digest of the digest section, if it has one of version 2.
    pub digest: Option<(Zxid, i64)>,
    /// lastProcessedZxid, from 3.9 on.
    pub last: Option<Zxid>,
}

/// The longest tail that any version writes, and a byte more to see what is too long: two sections
/// and the hex digest of the 3.6 previews.
const TAIL_MAX: usize = 256;

/// Verifies a snapshot file as a whole.
///
/// # Errors
/// Where it is damaged, or the disk's.
pub fn verify(disk: &Disk, path: &Path) -> Result<SnapshotSummary, SnapshotError> {
    let mut nothing = |_: SnapshotItem<'_>| Ok(());
    walk(&mut *open(disk, path)?, path, &mut nothing)
}

/// Verifies a snapshot file, then hands its contents to `visitor`.
///
/// # Errors
/// As [`verify`], before the visitor has seen anything; or what the visitor refused.
pub fn load(
    disk: &Disk,
    path: &Path,
    visitor: &mut dyn Visitor,
) -> Result<SnapshotSummary, SnapshotError> {
    verify(disk, path)?;
    let mut visit = |item: SnapshotItem<'_>| match item {
        SnapshotItem::Session(entry) => {
            visitor.session(entry.id, entry.timeout);
            Ok(())
        }
        SnapshotItem::Acl(AclEntry { id, acl }) => {
            let acl = acl.unwrap_or_default().into_iter().map(codec::Acl::into_owned).collect();
            visitor.acl(id, acl);
            Ok(())
        }
        SnapshotItem::Node(NodeRecord { path, data, acl_id, stat }) => {
            let path = path.ok_or("a node without a path")?;
            visitor.node(&path, data, acl_id, &stat)
        }
        SnapshotItem::End => Ok(()),
    };
    walk(&mut *open(disk, path)?, path, &mut visit)
}

fn open(disk: &Disk, path: &Path) -> Result<Box<dyn Source>, SnapshotError> {
    let file = disk.open(path)?;
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let compression = parse_snapshot_name(name).map_or(Compression::Plain, |(_, kind)| kind);
    let opened = match compression {
        Compression::Plain => file.bytes().map(|bytes| Box::new(Mapped::new(bytes)) as Box<_>),
        packed => unpack(packed, ReadFrom::new(file))
            .map(|stream| Box::new(Streamed::new(stream)) as Box<dyn Source>),
    };
    opened.map_err(|error| unreadable(path, 0, &error))
}

/// A stream that ends too early or is malformed is damage; anything else is the disk's error.
fn unreadable(path: &Path, offset: u64, error: &io::Error) -> SnapshotError {
    use io::ErrorKind::{InvalidData, InvalidInput, Other, UnexpectedEof};
    match error.kind() {
        InvalidData | InvalidInput | UnexpectedEof | Other if error.raw_os_error().is_none() => {
            damaged(path, offset, error)
        }
        _ => DiskError::new("read", path, error).into(),
    }
}

fn damaged(path: &Path, offset: u64, reason: impl ToString) -> SnapshotError {
    SnapshotError::Damaged { file: path.to_path_buf(), offset, reason: reason.to_string() }
}

type Visit<'a> = dyn FnMut(SnapshotItem<'_>) -> Result<(), String> + 'a;

fn walk(
    source: &mut dyn Source,
    path: &Path,
    visit: &mut Visit<'_>,
) -> Result<SnapshotSummary, SnapshotError> {
    want(source, path, FileHeader::LEN)?;
    FileHeader::check_snapshot(source.window()).map_err(|error| damaged(path, 0, error))?;
    source.consume(FileHeader::LEN);
    let nodes = body(source, path, visit)?;
    let (digest, last) = tail(source, path)?;
    Ok(SnapshotSummary { bytes: source.position(), nodes, digest, last })
}

/// Brings `len` bytes into the window, or as many as there are.
fn want(source: &mut dyn Source, path: &Path, len: usize) -> Result<usize, SnapshotError> {
    while source.window().len() < len {
        let position = source.position();
        if !source.more().map_err(|error| unreadable(path, position, &error))? {
            break;
        }
    }
    Ok(source.window().len())
}

fn body(source: &mut dyn Source, path: &Path, visit: &mut Visit<'_>) -> Result<u64, SnapshotError> {
    // What we wrote must stay readable whatever its size: an item is bounded by the file alone.
    let mut cursor = SnapshotCursor::new(usize::MAX);
    let mut nodes = 0;
    loop {
        let position = source.position();
        let next = cursor.next(source.window()).map_err(|error| damaged(path, position, error))?;
        let Some((item, len)) = next else {
            let more = source.more().map_err(|error| unreadable(path, position, &error))?;
            if !more {
                return Err(damaged(path, position, DecodeError::Truncated));
            }
            continue;
        };
        let end = item == SnapshotItem::End;
        nodes += u64::from(matches!(item, SnapshotItem::Node(_)));
        visit(item)
            .map_err(|reason| SnapshotError::Refused { file: path.to_path_buf(), reason })?;
        source.consume(len);
        if end {
            return Ok(nodes);
        }
    }
}

type Tail = (Option<(Zxid, i64)>, Option<Zxid>);

/// The first seal and the sections behind it. Which are there follows from how many bytes are left.
fn tail(source: &mut dyn Source, path: &Path) -> Result<Tail, SnapshotError> {
    let body = source.adler();
    let position = source.position();
    want(source, path, SEAL_LEN)?;
    let (rest, seal) =
        decode_seal(source.window()).map_err(|error| damaged(path, position, error))?;
    let seal_len = source.window().len() - rest.len();
    if seal != body {
        let reason = format!("the seal {seal:#x} does not fit ({body:#x})");
        return Err(damaged(path, position, reason));
    }
    source.consume(seal_len);
    let (before, position) = (source.adler(), source.position());
    let left = want(source, path, TAIL_MAX)?;
    if left >= TAIL_MAX {
        return Err(damaged(path, position, "bytes follow the last section"));
    }
    let bytes = source.window();
    let tail = SnapshotTail::decode(bytes).map_err(|error| damaged(path, position, error))?;
    if !tail.seals_hold(before, bytes) {
        return Err(damaged(path, position, "a seal behind the digest or last zxid does not fit"));
    }
    let summary = (digest_of(&tail), tail.last_zxid.map(|(zxid, _)| zxid));
    source.consume(left);
    Ok(summary)
}

fn digest_of(tail: &SnapshotTail<'_>) -> Option<(Zxid, i64)> {
    let (section, _) = tail.digest.as_ref()?;
    match section {
        DigestSection { zxid, version: 2, digest: DigestValue::Number(digest) } => {
            Some((*zxid, *digest))
        }
        _ => None,
    }
}
