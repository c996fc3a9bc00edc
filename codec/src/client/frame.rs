//! Frames: an i32 length, then as many bytes. Cutting them out of what a socket gave, and writing
//! them in place.

use bytes::{BufMut, Bytes, BytesMut};

/// Default of `jute.maxbuffer`: the largest length word that a server accepts.
pub const DEFAULT_LIMIT: usize = 0xf_ffff;
/// Bytes of the length word.
const WORD: usize = 4;

/// A length word that ends the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Below zero.
    #[error("frame length {0} is negative")]
    Negative(i32),
    /// Zero: no record fits into no bytes.
    #[error("frame length is 0")]
    Empty,
    /// Over the limit; found before any byte of the payload is read.
    #[error("frame length {length} is over the limit of {limit} bytes (jute.maxbuffer)")]
    TooLong {
        /// The length word.
        length: usize,
        /// The limit given.
        limit: usize,
    },
}

/// Checks a length word against the limit.
///
/// # Errors
/// What is wrong with it.
pub fn check_length(word: [u8; 4], limit: usize) -> Result<usize, FrameError> {
    match i32::from_be_bytes(word) {
        0 => Err(FrameError::Empty),
        n if n < 0 => Err(FrameError::Negative(n)),
        n if n as usize > limit => Err(FrameError::TooLong { length: n as usize, limit }),
        n => Ok(n as usize),
    }
}

/// Bytes of the frame at the front, length word included; `None` before the word is there.
fn frame_len(input: &[u8], limit: usize) -> Result<Option<usize>, FrameError> {
    match input.first_chunk::<WORD>() {
        None => Ok(None),
        Some(word) => check_length(*word, limit).map(|length| Some(length + WORD)),
    }
}

/// How many bytes are missing until the frame at the front is whole; 0 if it is, or is unknown.
///
/// # Errors
/// A bad length word at the front.
pub fn missing(input: &[u8], limit: usize) -> Result<usize, FrameError> {
    let whole = frame_len(input, limit)?.unwrap_or(0);
    Ok(whole.saturating_sub(input.len()))
}

/// Takes one frame's payload from the front, without copying; `None` if it is not all there.
///
/// # Errors
/// A bad length word at the front.
pub fn cut_frame(buffer: &mut BytesMut, limit: usize) -> Result<Option<Bytes>, FrameError> {
    match frame_len(buffer, limit)? {
        Some(whole) if whole <= buffer.len() => {
            Ok(Some(buffer.split_to(whole).freeze().slice(WORD..)))
        }
        _ => Ok(None),
    }
}

/// Several whole frames, taken from a buffer in one piece and without copying.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    bytes: Bytes,
}

impl Batch {
    /// Whether it holds no frame.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The bytes of all its frames, length words included.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The payloads in order, borrowed.
    pub fn payloads(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = &self.bytes[..];
        std::iter::from_fn(move || {
            let (payload, after) = split_frame(rest)?;
            rest = after;
            Some(payload)
        })
    }

    /// A payload of this batch as bytes of its own, sharing the batch's memory.
    pub fn share(&self, payload: &[u8]) -> Bytes {
        self.bytes.slice_ref(payload)
    }
}

/// Splits a frame known to be whole.
fn split_frame(input: &[u8]) -> Option<(&[u8], &[u8])> {
    let (word, rest) = input.split_first_chunk::<WORD>()?;
    rest.split_at_checked(i32::from_be_bytes(*word).max(0) as usize)
}

/// Takes all whole frames from the front of `buffer`. Frames in front of a bad length word are
/// given first; the error comes with the next call.
///
/// # Errors
/// A bad length word at the front.
pub fn cut_batch(buffer: &mut BytesMut, limit: usize) -> Result<Batch, FrameError> {
    let mut end = 0;
    loop {
        match frame_len(&buffer[end..], limit) {
            Ok(Some(whole)) if whole <= buffer.len() - end => end += whole,
            Err(error) if end == 0 => return Err(error),
            _ => break,
        }
    }
    match end {
        0 => Ok(Batch::default()),
        _ => Ok(Batch { bytes: buffer.split_to(end).freeze() }),
    }
}

/// Where a frame was begun; [`end_frame`] wants it back.
#[derive(Debug)]
#[must_use = "a frame that is begun must be ended, or its length stays 0"]
pub struct FrameMark(usize);

impl FrameMark {
    /// Bytes of the buffer before the frame: what to truncate to when the frame is given up.
    pub fn start(&self) -> usize {
        self.0
    }
}

/// Begins a frame at the end of `out`; what is appended until [`end_frame`] is its payload.
pub fn begin_frame(out: &mut BytesMut) -> FrameMark {
    let mark = FrameMark(out.len());
    out.put_i32(0);
    mark
}

/// Writes the length of the frame begun at `mark`. A payload of 2 GiB or more has no length word:
/// whoever builds replies bounds them long before.
pub fn end_frame(out: &mut BytesMut, mark: FrameMark) {
    let length = out.len().saturating_sub(mark.0 + WORD) as i32;
    if let Some(word) = out.get_mut(mark.0..mark.0 + WORD) {
        word.copy_from_slice(&length.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(payloads: &[&[u8]]) -> BytesMut {
        let mut out = BytesMut::new();
        for payload in payloads {
            let mark = begin_frame(&mut out);
            out.put_slice(payload);
            end_frame(&mut out, mark);
        }
        out
    }

    #[test]
    fn a_batch_takes_all_whole_frames_and_leaves_the_rest() {
        let mut buffer = frames(&[b"one", b"three", b"x"]);
        buffer.put_slice(&[0, 0, 0, 9, b'h', b'a']);
        let start = buffer.as_ptr();
        let batch = cut_batch(&mut buffer, 100).unwrap();
        let payloads: Vec<_> = batch.payloads().collect();
        assert_eq!(payloads, [&b"one"[..], b"three", b"x"]);
        assert_eq!(batch.bytes().as_ptr(), start, "the bytes were copied");
        assert_eq!(batch.share(payloads[1]), &b"three"[..]);
        assert_eq!(&buffer[..], [0, 0, 0, 9, b'h', b'a']);
        assert_eq!(missing(&buffer, 100), Ok(7));
        assert!(cut_batch(&mut buffer, 100).unwrap().is_empty());
    }

    #[test]
    fn frames_before_a_bad_length_are_given_first() {
        let mut buffer = frames(&[b"good"]);
        buffer.put_i32(-5);
        assert_eq!(cut_batch(&mut buffer, 100).unwrap().payloads().count(), 1);
        assert_eq!(cut_batch(&mut buffer, 100).unwrap_err(), FrameError::Negative(-5));
    }

    #[test]
    fn the_limit_is_inclusive_and_checked_before_the_payload() {
        let word = |n: i32| BytesMut::from(&n.to_be_bytes()[..]);
        let limit = DEFAULT_LIMIT;
        assert_eq!(cut_frame(&mut word(1_048_575), limit), Ok(None));
        let long = FrameError::TooLong { length: 1_048_576, limit };
        assert_eq!(cut_frame(&mut word(1_048_576), limit), Err(long));
        assert_eq!(cut_frame(&mut word(0), limit), Err(FrameError::Empty));
        assert_eq!(cut_frame(&mut BytesMut::from(&[0xff; 3][..]), limit), Ok(None));
        let mut whole = frames(&[b"abc"]);
        assert_eq!(cut_frame(&mut whole, 3).unwrap().unwrap(), &b"abc"[..]);
        assert!(whole.is_empty());
    }
}
