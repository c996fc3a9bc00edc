//! The compressed forms of snapshots: one gzip member, or the stream of snappy-java.
//!
//! snappy-java: an 8-byte magic, two i32 versions, then blocks of `i32 compressed length, raw snappy
//! block` to the end of the file. Not the framing format of the snappy project.

use std::io::{self, BufReader, BufWriter, Read, Write};

use codec::disk::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

use crate::media::WriteFile;

/// What a snappy-java stream begins with: magic, version, lowest compatible version.
const SNAPPY_HEADER: [u8; 16] = *b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01";
/// Bytes of input in a block, as snappy-java writes them.
const SNAPPY_BLOCK: usize = 32 << 10;
/// A block from another writer may be larger; over this it is taken for damage.
const SNAPPY_BLOCK_MAX: usize = 64 << 20;
/// What a gzip member begins with.
const GZ_MAGIC: [u8; 2] = [0x1f, 0x8b];
const BUFFER: usize = 128 << 10;

/// Whether a file of that compression may begin with these bytes.
pub(super) fn begins_well(compression: Compression, head: &[u8]) -> bool {
    match compression {
        Compression::Plain => true,
        Compression::Gz => head.starts_with(&GZ_MAGIC),
        Compression::Snappy => head.starts_with(&SNAPPY_HEADER[..8]),
    }
}

/// Writes in one of the three forms.
#[derive(Debug)]
pub(super) enum Packer {
    Plain(BufWriter<Box<dyn WriteFile>>),
    Gz(GzEncoder<BufWriter<Box<dyn WriteFile>>>),
    Snappy(SnappyWriter<BufWriter<Box<dyn WriteFile>>>),
}

impl Packer {
    pub fn new(compression: Compression, file: Box<dyn WriteFile>) -> io::Result<Self> {
        let file = BufWriter::with_capacity(BUFFER, file);
        Ok(match compression {
            Compression::Plain => Packer::Plain(file),
            Compression::Gz => Packer::Gz(GzEncoder::new(file, flate2::Compression::default())),
            Compression::Snappy => Packer::Snappy(SnappyWriter::new(file)?),
        })
    }

    pub fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Packer::Plain(file) => file.write_all(bytes),
            Packer::Gz(file) => file.write_all(bytes),
            Packer::Snappy(file) => file.write_all(bytes),
        }
    }

    /// Makes what has reached the file durable, so that a large snapshot does not gather a large
    /// burst of writes for its end.
    pub fn sync_written(&mut self) -> io::Result<()> {
        match self {
            Packer::Plain(file) => file.get_mut().sync(),
            Packer::Gz(file) => file.get_mut().get_mut().sync(),
            Packer::Snappy(file) => file.inner.get_mut().sync(),
        }
    }

    /// Writes what is held back and makes the file durable.
    pub fn finish(self) -> io::Result<()> {
        let mut file = match self {
            Packer::Plain(file) => file,
            Packer::Gz(file) => file.finish()?,
            Packer::Snappy(file) => file.finish()?,
        };
        file.flush()?;
        file.get_mut().sync()
    }
}

#[derive(Debug)]
pub(super) struct SnappyWriter<W> {
    inner: W,
    block: Vec<u8>,
    packed: Vec<u8>,
}

impl<W: Write> SnappyWriter<W> {
    fn new(mut inner: W) -> io::Result<Self> {
        inner.write_all(&SNAPPY_HEADER)?;
        let packed = vec![0; snap::raw::max_compress_len(SNAPPY_BLOCK)];
        Ok(SnappyWriter { inner, block: Vec::with_capacity(SNAPPY_BLOCK), packed })
    }

    fn write_all(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(SNAPPY_BLOCK - self.block.len()));
            self.block.extend_from_slice(now);
            bytes = later;
            if self.block.len() == SNAPPY_BLOCK {
                self.write_block()?;
            }
        }
        Ok(())
    }

    fn write_block(&mut self) -> io::Result<()> {
        let len = snap::raw::Encoder::new().compress(&self.block, &mut self.packed)?;
        self.inner.write_all(&(len as u32).to_be_bytes())?;
        self.inner.write_all(&self.packed[..len])?;
        self.block.clear();
        Ok(())
    }

    fn finish(mut self) -> io::Result<W> {
        if !self.block.is_empty() {
            self.write_block()?;
        }
        Ok(self.inner)
    }
}

/// Reads the uncompressed form of a file in one of the two compressed forms.
pub(super) fn unpack(
    compression: Compression,
    file: impl Read + Send + 'static,
) -> io::Result<Box<dyn Read + Send>> {
    let file = BufReader::with_capacity(BUFFER, file);
    Ok(match compression {
        Compression::Plain => Box::new(file),
        Compression::Gz => Box::new(GzDecoder::new(file)),
        Compression::Snappy => Box::new(SnappyReader::new(file)?),
    })
}

struct SnappyReader<R> {
    inner: R,
    block: Vec<u8>,
    given: usize,
}

impl<R: Read> SnappyReader<R> {
    fn new(mut inner: R) -> io::Result<Self> {
        let mut header = [0; SNAPPY_HEADER.len()];
        inner.read_exact(&mut header)?;
        match header[..8] == SNAPPY_HEADER[..8] {
            true => Ok(SnappyReader { inner, block: Vec::new(), given: 0 }),
            false => Err(damaged("not a snappy-java stream")),
        }
    }

    /// Reads the next block; false at the end of the file.
    fn next_block(&mut self) -> io::Result<bool> {
        let mut length = [0; 4];
        if !read_whole_or_nothing(&mut self.inner, &mut length)? {
            return Ok(false);
        }
        let length = u32::from_be_bytes(length) as usize;
        if length > SNAPPY_BLOCK_MAX {
            return Err(damaged("a snappy block is longer than any writer makes it"));
        }
        let mut packed = Vec::new();
        self.inner.by_ref().take(length as u64).read_to_end(&mut packed)?;
        if packed.len() != length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if snap::raw::decompress_len(&packed)? > SNAPPY_BLOCK_MAX {
            return Err(damaged("a snappy block claims to expand beyond any writer's"));
        }
        self.block = snap::raw::Decoder::new().decompress_vec(&packed)?;
        self.given = 0;
        Ok(true)
    }
}

impl<R: Read> Read for SnappyReader<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.given == self.block.len() {
            if !self.next_block()? {
                return Ok(0);
            }
        }
        let len = into.len().min(self.block.len() - self.given);
        into[..len].copy_from_slice(&self.block[self.given..self.given + len]);
        self.given += len;
        Ok(len)
    }
}

fn read_whole_or_nothing(inner: &mut impl Read, into: &mut [u8]) -> io::Result<bool> {
    let first = inner.read(&mut into[..1])?;
    if first == 0 {
        return Ok(false);
    }
    inner.read_exact(&mut into[1..])?;
    Ok(true)
}

fn damaged(reason: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn snappy_reads_back(parts in prop::collection::vec(
            prop::collection::vec(any::<u8>(), 0..40_000), 0..4)) {
            let mut writer = SnappyWriter::new(Vec::new()).unwrap();
            parts.iter().try_for_each(|part| writer.write_all(part)).unwrap();
            let packed = writer.finish().unwrap();
            let mut unpacked = Vec::new();
            let file = io::Cursor::new(packed);
            unpack(Compression::Snappy, file).unwrap().read_to_end(&mut unpacked).unwrap();
            prop_assert_eq!(unpacked, parts.concat());
        }

        #[test]
        fn any_bytes_behind_the_header_read_or_fail(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut file = SNAPPY_HEADER.to_vec();
            file.extend_from_slice(&bytes);
            if let Ok(mut reader) = unpack(Compression::Snappy, io::Cursor::new(file)) {
                let _ = reader.read_to_end(&mut Vec::new());
            }
        }
    }

    #[test]
    fn a_block_that_claims_gigabytes_is_refused_unread() {
        let mut file = SNAPPY_HEADER.to_vec();
        file.extend_from_slice(&[0x7f, 0xff, 0xff, 0xff, 1, 2, 3]);
        let mut reader = unpack(Compression::Snappy, io::Cursor::new(file)).unwrap();
        let error = reader.read_to_end(&mut Vec::new()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }
}
