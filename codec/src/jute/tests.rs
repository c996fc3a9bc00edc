//! Primitives: text as Java reads and writes it, nulls, and what a hostile count may reserve.

use super::*;

/// Bytes and what `new String(bytes, UTF_8)` of Java 17 makes of them, again as UTF-8, in hex.
const JAVA: &[(&str, &str)] = &[
    ("eda0bdedb880", "efbfbdefbfbd"),
    ("eda0bd", "efbfbd"),
    ("eda0", "efbfbd"),
    ("ed", "efbfbd"),
    ("eda0bd41", "efbfbd41"),
    ("eda041", "efbfbd41"),
    ("edb880", "efbfbd"),
    ("edbfbf", "efbfbd"),
    ("ed9fbf", "ed9fbf"),
    ("ee8080", "ee8080"),
    ("eda080eda080", "efbfbdefbfbd"),
    ("c0", "efbfbd"),
    ("c080", "efbfbdefbfbd"),
    ("c1bf", "efbfbdefbfbd"),
    ("e08080", "efbfbdefbfbdefbfbd"),
    ("e0809f", "efbfbdefbfbdefbfbd"),
    ("e09f80", "efbfbdefbfbdefbfbd"),
    ("f0808080", "efbfbdefbfbdefbfbdefbfbd"),
    ("f08080", "efbfbdefbfbdefbfbd"),
    ("f08f8080", "efbfbdefbfbdefbfbdefbfbd"),
    ("f48fbfbf", "f48fbfbf"),
    ("f4908080", "efbfbdefbfbdefbfbdefbfbd"),
    ("f5808080", "efbfbdefbfbdefbfbdefbfbd"),
    ("f880808080", "efbfbdefbfbdefbfbdefbfbdefbfbd"),
    ("fc8080808080", "efbfbdefbfbdefbfbdefbfbdefbfbdefbfbd"),
    ("ff", "efbfbd"),
    ("fe", "efbfbd"),
    ("80", "efbfbd"),
    ("8080", "efbfbdefbfbd"),
    ("e2", "efbfbd"),
    ("e282", "efbfbd"),
    ("e28241", "efbfbd41"),
    ("e24141", "efbfbd4141"),
    ("f0", "efbfbd"),
    ("f09f", "efbfbd"),
    ("f09f98", "efbfbd"),
    ("f09f9880", "f09f9880"),
    ("f09f9841", "efbfbd41"),
    ("f09f4141", "efbfbd4141"),
    ("f0414141", "efbfbd414141"),
    ("c2", "efbfbd"),
    ("c241", "efbfbd41"),
    ("2fff", "2fefbfbd"),
    ("efbfbf", "efbfbf"),
    ("f490", "efbfbdefbfbd"),
    ("f08041", "efbfbdefbfbd41"),
    ("e0c280", "efbfbdc280"),
    ("f0e28282", "efbfbde28282"),
    ("edc280", "efbfbdc280"),
    ("f888808080", "efbfbdefbfbdefbfbdefbfbdefbfbd"),
    ("41eda041", "41efbfbd41"),
    ("80eda0", "efbfbdefbfbd"),
];

fn unhex(hex: &str) -> Vec<u8> {
    let digits: Vec<_> = hex.chars().map(|c| c.to_digit(16).unwrap() as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

#[test]
fn malformed_text_reads_as_in_java() {
    for (bytes, expected) in JAVA {
        let text = decode_text(&unhex(bytes)).into_owned();
        assert_eq!(text.as_bytes(), unhex(expected), "{bytes}");
    }
}

#[test]
fn valid_text_is_borrowed() {
    for text in ["", "/a/b", "/ünïcode", "/\u{ffff}", "/😀"] {
        let bytes = text.as_bytes();
        assert!(matches!(decode_text(bytes), Cow::Borrowed(same) if same == text));
    }
}

#[test]
fn supplementary_characters_go_out_as_two_surrogates() {
    let mut out = BytesMut::new();
    put_text(&mut out, "/😀x");
    assert_eq!(&out[..], unhex("000000082feda0bdedb88078"));
    out.clear();
    put_text(&mut out, "/é€");
    assert_eq!(&out[..], unhex("000000062fc3a9e282ac"));
}

#[test]
fn null_empty_and_negative_lengths() {
    assert_eq!(Buffer::from_bytes(&[0xff; 4]), Ok(None));
    assert_eq!(Buffer::from_bytes(&[0; 4]), Ok(Some(&[][..])));
    assert_eq!(Buffer::from_bytes(&(-2_i32).to_be_bytes()), Err(DecodeError::BadLength(-2)));
    assert_eq!(Vector::<i32>::from_bytes(&[0xff; 4]), Ok(None));
    assert_eq!(Vector::<i32>::from_bytes(&(-7_i32).to_be_bytes()), Ok(Some(vec![])));
    assert_eq!(bool::from_bytes(&[7]), Ok(true));
}

#[test]
fn a_claimed_length_is_compared_with_what_is_there() {
    let huge = i32::MAX.to_be_bytes();
    assert_eq!(Buffer::from_bytes(&huge), Err(DecodeError::Truncated));
    assert_eq!(Text::from_bytes(&huge), Err(DecodeError::Truncated));
    assert_eq!(Vector::<i64>::from_bytes(&huge), Err(DecodeError::Truncated));
    assert_eq!(reservable(i32::MAX as usize, 100, 12), 8);
    assert_eq!(reservable(3, 100, 12), 3);
    assert_eq!(reservable(5, 100, 0), 5);
}

#[test]
fn a_vector_needs_every_element_it_claims() {
    let mut bytes = 5_000_000_i32.to_be_bytes().to_vec();
    bytes.resize(4 + 400, 0);
    assert_eq!(Vector::<Text>::from_bytes(&bytes), Err(DecodeError::Truncated));
    bytes[..4].copy_from_slice(&100_i32.to_be_bytes());
    let items = Vector::<Text>::from_bytes(&bytes).unwrap().unwrap();
    assert_eq!((items.len(), items.capacity()), (100, 100));
}
