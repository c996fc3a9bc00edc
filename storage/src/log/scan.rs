//! Reading one log file record by record, and telling what stands where the records end.
//!
//! Never holds more of the file than one record and a buffer; a claimed length is compared with the
//! file's size before anything is reserved.

use std::fmt;
use std::path::{Path, PathBuf};

use codec::disk::log_record::{HEADER_LEN, OVERHEAD, TRAILER};
use codec::disk::{FileHeader, LogEnd, LogRead, parse_log_record};
use codec::txn::TxnHeader;
use codec::{Decode, Zxid};

use crate::error::DiskError;
use crate::media::{Disk, ReadFile};

const READ_AT_ONCE: usize = 256 << 10;
/// Smallest part of a page that a disk writes whole or not at all.
const SECTOR: u64 = 512;
/// Payloads over this (jute.maxbuffer and its extra size, by default) are believed only if their
/// record is whole.
const PLAUSIBLE_LEN: i32 = 2 << 20;

/// No transaction is shorter than its header.
const MIN_PAYLOAD: i32 = 32;

/// One record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found<'a> {
    /// Where it begins.
    pub offset: u64,
    pub zxid: Zxid,
    pub payload: &'a [u8],
}

/// What stands behind the last record of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    /// Nothing, or zeros to the end.
    Clean,
    /// What a crash may leave: bytes that are missing (zeros in their place) or cut off.
    Torn(String),
    /// What no crash leaves.
    Rot(String),
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            End::Clean => write!(f, "the log ends here, before the transaction wanted"),
            End::Torn(reason) | End::Rot(reason) => write!(f, "{reason}"),
        }
    }
}

/// What a step of the scan gave.
#[derive(Debug)]
pub(crate) enum Step<'a> {
    Record(Found<'a>),
    /// The records end at `offset`.
    End {
        offset: u64,
        end: End,
    },
}

/// A log file being read from front to back.
#[derive(Debug)]
pub(crate) struct LogScan {
    path: PathBuf,
    file: Box<dyn ReadFile>,
    /// Bytes of the file when it was opened (or last looked at).
    len: u64,
    buffer: Vec<u8>,
    /// File offset of the buffer's first byte.
    buffer_at: u64,
    position: u64,
}

impl LogScan {
    /// Opens a log in front of its header.
    pub fn open(disk: &Disk, path: &Path) -> Result<Self, DiskError> {
        let file = disk.open(path)?;
        let len = file.len().map_err(|error| DiskError::new("size", path, &error))?;
        let buffer = Vec::new();
        Ok(LogScan { path: path.to_path_buf(), file, len, buffer, buffer_at: 0, position: 0 })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The next record, or why there is none. After an end it gives the same end again.
    pub fn next(&mut self) -> Result<Step<'_>, DiskError> {
        if self.position == 0
            && let Some(end) = self.header()?
        {
            return Ok(Step::End { offset: 0, end });
        }
        let (offset, have) = (self.position, self.fill_record()?);
        match parse_log_record(self.at(offset, have), usize::MAX) {
            LogRead::Record { payload, total_len } => match TxnHeader::from_bytes(payload) {
                Ok(header) => {
                    self.position += total_len as u64;
                    let payload = &self.at(offset, total_len)[HEADER_LEN..total_len - 1];
                    Ok(Step::Record(Found { offset, zxid: header.zxid, payload }))
                }
                Err(_) => Ok(self.rot(offset, "the record is too short for a transaction header")),
            },
            LogRead::BadLength(length) => Ok(self.rot(offset, &bad_length(length))),
            LogRead::ChecksumMismatch { stored, computed, total_len } => {
                let reason = format!("checksum {stored:#x} does not fit ({computed:#x})");
                Ok(match self.has_hole(offset, total_len) {
                    true => Step::End { offset, end: End::Torn(reason) },
                    false => self.rot(offset, &reason),
                })
            }
            LogRead::BadTrailer { found, .. } => {
                let reason = format!("the record ends with byte {found:#04x}, not 'B'");
                Ok(Step::End { offset, end: End::Torn(reason) })
            }
            LogRead::EndOfLog(end) => self.end(offset, end),
        }
    }

    /// As [`LogScan::next`], borrowing nothing: a place, and the zxid of the record there or why
    /// there is none.
    pub fn take(&mut self) -> Result<(u64, Result<Zxid, End>), DiskError> {
        Ok(match self.next()? {
            Step::Record(found) => (found.offset, Ok(found.zxid)),
            Step::End { offset, end } => (offset, Err(end)),
        })
    }

    /// Bytes of the file when it was last looked at.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// See [`ReadFile::inode`].
    pub fn inode(&self) -> Result<u64, DiskError> {
        self.file.inode().map_err(|error| DiskError::new("status", &self.path, &error))
    }

    /// Where the next record begins: behind all those read so far.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// The payload of the record at `offset`, which [`LogScan::take`] has just told.
    pub fn payload_at(&self, offset: u64) -> &[u8] {
        let len = (self.position - offset) as usize;
        self.at(offset, len).get(HEADER_LEN..len - 1).unwrap_or_default()
    }

    fn rot(&self, offset: u64, reason: &str) -> Step<'static> {
        Step::End { offset, end: End::Rot(reason.to_owned()) }
    }

    fn header(&mut self) -> Result<Option<End>, DiskError> {
        let have = self.fill(0, FileHeader::LEN)?;
        let bytes = self.at(0, have);
        if FileHeader::check_log(bytes).is_ok() {
            self.position = FileHeader::LEN as u64;
            return Ok(None);
        }
        let magic = FileHeader::LOG.magic.to_be_bytes();
        let cut = have < FileHeader::LEN && bytes.iter().zip(magic).all(|(a, b)| *a == b);
        // A lost page takes whole sectors.
        let zero = have > 0 && self.nonzero_behind(0)?.is_none_or(|at| at >= SECTOR);
        Ok(Some(match cut || zero {
            true => End::Torn("the file was begun but its header never written".into()),
            false => End::Rot("the file does not begin with the log header ZKLG".into()),
        }))
    }

    /// What the parser took for the end: zeros to the end of the file, or something behind them.
    fn end(&mut self, offset: u64, end: LogEnd) -> Result<Step<'static>, DiskError> {
        let left = self.len.saturating_sub(offset);
        let length = match self.at(offset, HEADER_LEN).last_chunk::<4>() {
            Some(length) if left >= HEADER_LEN as u64 => i32::from_be_bytes(*length),
            _ => 0,
        };
        if length > PLAUSIBLE_LEN {
            return Ok(self.rot(offset, &bad_length(length)));
        }
        let end = match (end, self.nonzero_behind(offset)?) {
            (LogEnd::Clean, None) => End::Clean,
            (LogEnd::Clean, Some(at)) => {
                End::Torn(format!("zeros where a record should begin, data again at byte {at}"))
            }
            (LogEnd::Torn, _) => End::Torn("the record is not all there".into()),
        };
        Ok(Step::End { offset, end })
    }

    /// Whether a record that fails its checksum lacks sectors: zeros up to a sector's end, which
    /// is what the file held there before.
    fn has_hole(&self, offset: u64, total_len: usize) -> bool {
        let bytes = self.at(offset, total_len);
        let first = SECTOR - offset % SECTOR;
        // The first four bytes of a record are always zero and prove nothing.
        (first as usize..=bytes.len())
            .step_by(SECTOR as usize)
            .filter(|end| *end > 4)
            .any(|end| bytes[end.saturating_sub(8)..end].iter().all(|byte| *byte == 0))
    }

    /// The first byte at or behind `offset` that is not zero.
    pub fn nonzero_behind(&mut self, offset: u64) -> Result<Option<u64>, DiskError> {
        let mut at = offset;
        while let Some(data) = self.next_data(at)? {
            let have = self.fill(data, READ_AT_ONCE)?;
            if have == 0 {
                return Ok(None);
            }
            if let Some(found) = self.at(data, have).iter().position(|byte| *byte != 0) {
                return Ok(Some(data + found as u64));
            }
            at = data + have as u64;
        }
        Ok(None)
    }

    /// The first whole record behind `offset` with a zxid over `above`, at whatever byte it stands.
    pub fn record_behind(
        &mut self,
        offset: u64,
        above: Zxid,
    ) -> Result<Option<(u64, Zxid)>, DiskError> {
        let mut start = offset + 1;
        loop {
            let have = self.fill(start, HEADER_LEN)?;
            if self.at(start, have).iter().all(|byte| *byte == 0) {
                let Some(data) = self.nonzero_behind(start)? else {
                    return Ok(None);
                };
                // A record begins with zeros, so it may begin before the byte found.
                start = start.max(data.saturating_sub(HEADER_LEN as u64 - 1));
            }
            match self.record_at(start)? {
                Some(zxid) if zxid > above => return Ok(Some((start, zxid))),
                _ => start += 1,
            }
        }
    }

    fn record_at(&mut self, offset: u64) -> Result<Option<Zxid>, DiskError> {
        let have = self.fill(offset, HEADER_LEN)?;
        let head = self.at(offset, have);
        let Some((0, length)) = split_header(head) else {
            return Ok(None);
        };
        if length < MIN_PAYLOAD {
            return Ok(None);
        }
        let total = length as u64 + OVERHEAD as u64;
        if offset + total > self.len {
            return Ok(None);
        }
        if self.byte(offset + total - 1)? != Some(TRAILER) {
            return Ok(None);
        }
        let have = self.fill(offset, total as usize)?;
        Ok(match parse_log_record(self.at(offset, have), usize::MAX) {
            LogRead::Record { payload, .. } => {
                TxnHeader::from_bytes(payload).ok().map(|header| header.zxid)
            }
            _ => None,
        })
    }

    fn byte(&mut self, offset: u64) -> Result<Option<u8>, DiskError> {
        if let Some(byte) =
            offset.checked_sub(self.buffer_at).and_then(|at| self.buffer.get(at as usize))
        {
            return Ok(Some(*byte));
        }
        let mut byte = [0];
        let read = self.file.read_at(offset, &mut byte);
        let read = read.map_err(|error| DiskError::new("read", &self.path, &error))?;
        Ok((read == 1).then_some(byte[0]))
    }

    fn next_data(&self, at: u64) -> Result<Option<u64>, DiskError> {
        if at >= self.len {
            return Ok(None);
        }
        let found = self.file.next_data(at);
        found.map_err(|error| DiskError::new("lseek", &self.path, &error))
    }

    /// Buffers the record at the position as far as it is there; tells how many bytes are. A large
    /// one is read only if it ends as a record does: a claimed length alone reserves nothing.
    fn fill_record(&mut self) -> Result<usize, DiskError> {
        let (at, have) = (self.position, self.fill(self.position, HEADER_LEN)?);
        let length = split_header(self.at(at, have)).map_or(0, |(_, length)| length.max(0));
        let total = length as usize + OVERHEAD;
        let believed =
            length <= PLAUSIBLE_LEN || self.byte(at + total as u64 - 1)? == Some(TRAILER);
        match length > 0 && believed {
            true => self.fill(at, total),
            false => self.fill(at, HEADER_LEN),
        }
    }

    /// Buffers `want` bytes from `offset` if the file has them; tells how many of them are there.
    fn fill(&mut self, offset: u64, want: usize) -> Result<usize, DiskError> {
        let there = self.len.saturating_sub(offset).min(want as u64) as usize;
        let buffered = offset >= self.buffer_at
            && offset + there as u64 <= self.buffer_at + self.buffer.len() as u64;
        if !buffered {
            let read = self.len.saturating_sub(offset).min(READ_AT_ONCE.max(there) as u64);
            self.read(offset, read as usize)?;
        }
        let end = self.buffer_at + self.buffer.len() as u64;
        Ok(there.min(end.saturating_sub(offset) as usize))
    }

    fn read(&mut self, offset: u64, len: usize) -> Result<(), DiskError> {
        self.buffer.resize(len, 0);
        self.buffer_at = offset;
        let mut filled = 0;
        while filled < len {
            let read = self.file.read_at(offset + filled as u64, &mut self.buffer[filled..]);
            match read.map_err(|error| DiskError::new("read", &self.path, &error))? {
                0 => break,
                read => filled += read,
            }
        }
        self.buffer.truncate(filled);
        Ok(())
    }

    /// Buffered bytes from `offset`, at most `len`.
    fn at(&self, offset: u64, len: usize) -> &[u8] {
        let from = (offset.saturating_sub(self.buffer_at) as usize).min(self.buffer.len());
        &self.buffer[from..(from + len).min(self.buffer.len())]
    }

    /// Looks again at a file that grows: forgets what was buffered.
    pub fn refresh(&mut self) -> Result<(), DiskError> {
        self.buffer.clear();
        self.len = self.file.len().map_err(|error| DiskError::new("size", &self.path, &error))?;
        Ok(())
    }
}

/// The two fields in front of a payload; the first as Adler-32 with what stands above it.
fn split_header(head: &[u8]) -> Option<(u32, i32)> {
    let (fields, _) = head.as_chunks::<4>();
    let [high, _, length, ..] = *fields else {
        return None;
    };
    Some((u32::from_be_bytes(high), i32::from_be_bytes(length)))
}

fn bad_length(length: i32) -> String {
    format!("a length of {length} bytes, which no record has")
}
