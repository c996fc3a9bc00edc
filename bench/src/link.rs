//! A session's socket within the event loop: bytes out in one write, replies cut in place.

use std::io::{self, Read, Write};
use std::ops::Range;

use codec::SessionId;
use codec::client::frame::check_length;
use mio::net::TcpStream;

use crate::handshake::{Opened, REPLY_MAX};

/// Room for what one read brings; grows with the longest reply.
const INPUT_BYTES: usize = 64 << 10;

/// A non-blocking connection with its two buffers.
#[derive(Debug)]
pub struct Link {
    /// For registration with the poll.
    pub stream: TcpStream,
    /// Its session.
    pub session: SessionId,
    /// Frames to be sent; appended to, then sent by [`Link::flush`].
    pub out: Vec<u8>,
    written: usize,
    input: Vec<u8>,
    start: usize,
    end: usize,
}

impl Link {
    /// Takes over a connection whose handshake is done.
    ///
    /// # Errors
    /// The socket can't be made non-blocking.
    pub fn new(opened: Opened) -> io::Result<Self> {
        opened.stream.set_nonblocking(true)?;
        Ok(Link {
            stream: TcpStream::from_std(opened.stream),
            session: opened.session,
            out: Vec::new(),
            written: 0,
            input: vec![0; INPUT_BYTES],
            start: 0,
            end: 0,
        })
    }

    /// Sends what there is to send, as far as the socket takes it.
    ///
    /// # Errors
    /// The connection broke.
    pub fn flush(&mut self) -> io::Result<()> {
        while self.written < self.out.len() {
            match self.stream.write(&self.out[self.written..]) {
                Ok(n) => self.written += n,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.out.clear();
        self.written = 0;
        Ok(())
    }

    /// One read. True if there may be more: the read filled all the room there was.
    ///
    /// # Errors
    /// The connection broke or was closed.
    pub fn fill(&mut self) -> io::Result<bool> {
        self.make_room();
        match self.stream.read(&mut self.input[self.end..]) {
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(n) => {
                self.end += n;
                Ok(self.end == self.input.len())
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(true),
            Err(error) => Err(error),
        }
    }

    fn make_room(&mut self) {
        if self.start > 0 {
            self.input.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.end == self.input.len() {
            self.input.resize(self.input.len() * 2, 0);
        }
    }

    /// Where the next whole reply lies, without its length word; `None` if it is not all there.
    ///
    /// # Errors
    /// A length that no server sends.
    pub fn next_reply(&mut self) -> io::Result<Option<Range<usize>>> {
        let Some(word) = self.input[self.start..self.end].first_chunk::<4>() else {
            return Ok(None);
        };
        let length = check_length(*word, REPLY_MAX).map_err(io::Error::other)?;
        let body = self.start + 4;
        if self.end - body < length {
            return Ok(None);
        }
        self.start = body + length;
        Ok(Some(body..body + length))
    }

    /// The bytes of a reply that [`Link::next_reply`] found, until the next [`Link::fill`].
    pub fn bytes(&self, range: Range<usize>) -> &[u8] {
        &self.input[range]
    }
}
