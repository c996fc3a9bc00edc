//! What the fuzz targets share: a disk in memory, a taker of bytes, and the claim that what was
//! read and written again is read as the same. What a target tries is its own.

pub mod memory;
pub mod ops;
pub mod taker;

pub use taker::Taker;

/// Reads a record; what can be read must be written, and read again as the same.
///
/// Characters beyond U+FFFF are written as ZooKeeper does, in two surrogates, which nobody reads
/// back: where the input may hold such, the second reading is held against the third.
#[macro_export]
macro_rules! round_trip {
    ($type:ty, $input:expr) => {{
        let input: &[u8] = $input;
        if let Ok(first) = <$type as codec::Decode>::from_bytes(input) {
            let written = codec::Encode::to_bytes(&first);
            let second = <$type as codec::Decode>::from_bytes(&written);
            if input.iter().all(|byte| *byte < 0xf0) {
                assert_eq!(second.as_ref(), Ok(&first));
            }
            let second = second.expect("what we wrote can be read");
            let again = codec::Encode::to_bytes(&second);
            assert_eq!(<$type as codec::Decode>::from_bytes(&again).as_ref(), Ok(&second));
        }
    }};
}
