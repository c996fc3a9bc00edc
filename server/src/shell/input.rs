//! Reading frames from a socket: a buffer is held only while bytes of an unfinished frame are.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Poll, ready};

use bytes::{Bytes, BytesMut};
use tokio::net::tcp::OwnedReadHalf;

/// What one read may bring.
const READ_BYTES: usize = 64 << 10;
/// Up to so much of an unfinished frame is moved to a small buffer.
const SMALL_REST_BYTES: usize = 512;
/// Buffers that a thread keeps for the next connection that has something to say.
const SPARE_BUFFERS: usize = 16;

thread_local! {
    static SPARE: RefCell<Vec<BytesMut>> = const { RefCell::new(Vec::new()) };
}

/// The length word of a frame that no server takes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadLength {
    /// Nothing, or less.
    #[error("frame length {0}: a frame must hold at least one byte (is this a ZooKeeper client?)")]
    NotPositive(i32),
    /// Over the limit.
    #[error(
        "frame length {length} is over jute.maxbuffer ({limit}): a larger request must be made \
         smaller, or jute.maxbuffer raised on every server and client"
    )]
    TooLong {
        /// What the client announced.
        length: i32,
        /// `jute.maxbuffer`.
        limit: usize,
    },
}

/// What came in and is not used yet.
#[derive(Debug, Default)]
pub struct Input {
    buffer: BytesMut,
}

impl Input {
    /// Waits for bytes and takes in what is there, one read. Answers their number; 0 is the end.
    ///
    /// # Errors
    /// The connection is dead.
    pub async fn fill(&mut self, from: &mut OwnedReadHalf) -> io::Result<usize> {
        poll_fn(|cx| {
            // Nothing is reserved before there is something to read.
            ready!(from.as_ref().poll_read_ready(cx))?;
            self.make_room();
            let read = tokio_util::io::poll_read_buf(Pin::new(&mut *from), cx, &mut self.buffer);
            if read.is_pending() {
                self.release();
                // The readiness was stale; the waker of the read that found nothing is set.
                return Poll::Pending;
            }
            read
        })
        .await
    }

    fn make_room(&mut self) {
        if self.buffer.capacity() <= SMALL_REST_BYTES {
            let spare = SPARE.with_borrow_mut(Vec::pop);
            let mut buffer = spare.unwrap_or_else(|| BytesMut::with_capacity(READ_BYTES));
            buffer.extend_from_slice(&self.buffer);
            self.buffer = buffer;
        } else if self.buffer.capacity() - self.buffer.len() < READ_BYTES / 4 {
            // Doubles with what really came, whatever length the frame claims.
            self.buffer.reserve(READ_BYTES.max(self.buffer.len()));
        }
    }

    /// Gives the buffer back if nothing is in it, or nearly nothing: what is left of an unfinished
    /// frame then waits in a buffer of its own size.
    pub fn release(&mut self) {
        if self.buffer.len() > SMALL_REST_BYTES || self.buffer.capacity() <= SMALL_REST_BYTES {
            return;
        }
        let rest = BytesMut::from(&self.buffer[..]);
        let mut buffer = std::mem::replace(&mut self.buffer, rest);
        buffer.clear();
        // Deferred requests may still hold a part of it; then it goes when they do.
        if buffer.capacity() > 0
            && buffer.try_reclaim(READ_BYTES)
            && buffer.capacity() < 2 * READ_BYTES
        {
            SPARE.with_borrow_mut(|spare| {
                if spare.len() < SPARE_BUFFERS {
                    spare.push(buffer);
                }
            });
        }
    }

    /// What is there.
    pub fn bytes(&self) -> &[u8] {
        &self.buffer
    }

    /// The largest length announced by the frames whose length word is there.
    pub fn largest_frame(&self) -> Option<u64> {
        let (mut at, mut largest) = (0, None);
        while let Some(word) = self.buffer.get(at..).and_then(|rest| rest.first_chunk::<4>()) {
            let length = u64::from(u32::from_be_bytes(*word));
            largest = largest.max(Some(length));
            at = at.saturating_add(4 + length as usize);
        }
        largest
    }

    /// Takes the whole frames that are there, with their length words; empty if none is whole.
    ///
    /// # Errors
    /// [`BadLength`] if the first unfinished frame has a length that is refused; the frames before
    /// it are taken first.
    pub fn take_frames(&mut self, limit: usize) -> Result<Bytes, BadLength> {
        let (whole, error) = whole_frames(&self.buffer, limit, usize::MAX);
        self.taken(whole, error)
    }

    /// Takes the first frame only.
    ///
    /// # Errors
    /// [`BadLength`].
    pub fn take_frame(&mut self, limit: usize) -> Result<Bytes, BadLength> {
        let (whole, error) = whole_frames(&self.buffer, limit, 1);
        self.taken(whole, error)
    }

    fn taken(&mut self, whole: usize, error: Option<BadLength>) -> Result<Bytes, BadLength> {
        match error {
            Some(error) if whole == 0 => Err(error),
            _ => Ok(self.buffer.split_to(whole).freeze()),
        }
    }
}

/// Bytes of whole frames at the front (at most `most` of them), and what is wrong behind them.
fn whole_frames(buffer: &[u8], limit: usize, most: usize) -> (usize, Option<BadLength>) {
    let mut whole = 0;
    for _ in 0..most {
        let Some(word) = buffer[whole..].first_chunk::<4>() else {
            break;
        };
        let length = i32::from_be_bytes(*word);
        if length <= 0 {
            return (whole, Some(BadLength::NotPositive(length)));
        }
        if length as usize > limit {
            return (whole, Some(BadLength::TooLong { length, limit }));
        }
        let end = whole + 4 + length as usize;
        if end > buffer.len() {
            break;
        }
        whole = end;
    }
    (whole, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_cut_whole_and_the_limit_is_inclusive() {
        let bytes = [0, 0, 0, 2, 7, 7, 0, 0, 0, 3, 1];
        assert_eq!(whole_frames(&bytes, 3, usize::MAX), (6, None));
        assert_eq!(
            whole_frames(&bytes, 2, usize::MAX),
            (6, Some(BadLength::TooLong { length: 3, limit: 2 }))
        );
        assert_eq!(whole_frames(&bytes[..3], 3, 1), (0, None));
    }

    #[test]
    fn zero_and_negative_lengths_are_refused_behind_good_frames() {
        let bytes = [0, 0, 0, 1, 9, 0, 0, 0, 0];
        assert_eq!(whole_frames(&bytes, 9, usize::MAX), (5, Some(BadLength::NotPositive(0))));
        let mut input = Input { buffer: BytesMut::from(&bytes[..]) };
        assert_eq!(input.take_frames(9).unwrap().len(), 5);
        assert_eq!(input.take_frames(9), Err(BadLength::NotPositive(0)));
        let negative = [0xff; 4];
        assert_eq!(whole_frames(&negative, 9, 1), (0, Some(BadLength::NotPositive(-1))));
    }
}
