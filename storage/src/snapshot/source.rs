//! The uncompressed bytes of a snapshot, from a map or from a stream, with a running Adler-32.

use std::io::{self, Read};
use std::ops::Deref;

use simd_adler32::Adler32;

/// Bytes that are read from front to back.
pub(super) trait Source {
    /// What is there to be looked at now.
    fn window(&self) -> &[u8];
    /// Brings more into the window; false when there is no more.
    fn more(&mut self) -> io::Result<bool>;
    /// Goes on by `len` bytes of the window.
    fn consume(&mut self, len: usize);
    /// Bytes consumed so far.
    fn position(&self) -> u64;
    /// Adler-32 of all bytes consumed so far.
    fn adler(&mut self) -> u32;
}

type Bytes = Box<dyn Deref<Target = [u8]> + Send>;

/// A plain file, mapped.
pub(super) struct Mapped {
    bytes: Bytes,
    position: usize,
    summed: usize,
    adler: Adler32,
}

impl Mapped {
    pub fn new(bytes: Bytes) -> Self {
        Mapped { bytes, position: 0, summed: 0, adler: Adler32::new() }
    }
}

impl Source for Mapped {
    fn window(&self) -> &[u8] {
        &self.bytes[self.position..]
    }

    fn more(&mut self) -> io::Result<bool> {
        Ok(false)
    }

    fn consume(&mut self, len: usize) {
        self.position += len;
    }

    fn position(&self) -> u64 {
        self.position as u64
    }

    fn adler(&mut self) -> u32 {
        self.adler.write(&self.bytes[self.summed..self.position]);
        self.summed = self.position;
        self.adler.finish()
    }
}

/// Read at once; an item that is longer makes the window grow by what is really there.
const CHUNK: usize = 256 << 10;

/// A compressed file, unpacked as it is read.
pub(super) struct Streamed {
    stream: Box<dyn Read + Send>,
    buffer: Vec<u8>,
    begin: usize,
    position: u64,
    adler: Adler32,
}

impl Streamed {
    pub fn new(stream: Box<dyn Read + Send>) -> Self {
        let buffer = Vec::with_capacity(CHUNK);
        Streamed { stream, buffer, begin: 0, position: 0, adler: Adler32::new() }
    }
}

impl Source for Streamed {
    fn window(&self) -> &[u8] {
        &self.buffer[self.begin..]
    }

    fn more(&mut self) -> io::Result<bool> {
        self.buffer.drain(..self.begin);
        self.begin = 0;
        // Grown with the item, so that one large item is not looked at too often.
        let want = CHUNK.max(self.buffer.len());
        let read = self.stream.by_ref().take(want as u64).read_to_end(&mut self.buffer)?;
        Ok(read > 0)
    }

    fn consume(&mut self, len: usize) {
        self.adler.write(&self.buffer[self.begin..self.begin + len]);
        self.begin += len;
        self.position += len as u64;
    }

    fn position(&self) -> u64 {
        self.position
    }

    fn adler(&mut self) -> u32 {
        self.adler.finish()
    }
}
