//! The recorded files and streams of real servers, and hex, for the tests beside this file.
#![allow(dead_code, clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use bytes::BytesMut;
use codec::txn::{CreateSessionTxn, Txn, TxnBody, TxnDigest, TxnHeader};
use codec::{Acl, Decode, Encode, SessionId, Xid, Zxid};
use serde_json::Value;

/// Where the recordings are.
pub fn fixtures() -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures")).to_path_buf()
}

/// Every file below the recordings whose path satisfies `wanted`, in order of path.
pub fn find(wanted: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![fixtures()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("the fixtures are there") {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if wanted(path.to_str().unwrap()) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

pub fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The entries of a recording's JSON file.
pub fn entries(path: &Path) -> Vec<Value> {
    serde_json::from_slice(&read(path))
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The entries of one direction that stand at an offset, in order.
pub fn one_way(entries: &[Value], from: &str) -> Vec<Value> {
    let way = |entry: &&Value| entry["dir"].as_str().unwrap().starts_with(from);
    entries.iter().filter(way).cloned().collect()
}

/// A 64-bit number written as a hex string of its unsigned value.
pub fn hex64(value: &Value) -> i64 {
    let text = value.as_str().unwrap_or_else(|| panic!("{value} is no hex number"));
    u64::from_str_radix(text.trim_start_matches("0x"), 16).unwrap() as i64
}

pub fn number(value: &Value) -> i64 {
    value.as_i64().unwrap_or_else(|| panic!("{value} is no number"))
}

/// Hex digits to bytes; everything else is left out.
pub fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<_> = text.chars().filter_map(|c| c.to_digit(16)).collect();
    assert_eq!(digits.len() % 2, 0, "{text}");
    digits.chunks(2).map(|pair| (pair[0] << 4 | pair[1]) as u8).collect()
}

/// Decodes a whole value, which must take all bytes, and checks that it encodes to them again.
#[track_caller]
pub fn round_trip<'a, T: Decode<'a> + Encode + std::fmt::Debug>(bytes: &'a [u8]) -> T {
    let (rest, value) = T::decode(bytes).unwrap_or_else(|error| panic!("{error:?}"));
    assert!(rest.is_empty(), "{} bytes behind {value:?}", rest.len());
    assert_eq!(value.to_bytes(), bytes, "{value:?}");
    value
}

pub fn encoded(value: &impl Encode) -> BytesMut {
    value.to_bytes()
}

/// One entry that grants everything to everybody, as a vector of ACLs.
pub const OPEN: &str = "00000001 0000001f 00000005 776f726c64 00000006 616e796f6e65";

/// The same as a value.
pub fn open() -> Option<Vec<Acl<'static>>> {
    Some(codec::acl::open_acl_unsafe())
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A createSession with the digest of a fresh tree.
pub fn create_session(session: SessionId, zxid: i64, time: i64, time_out: i32) -> Txn<'static> {
    let header =
        TxnHeader { client_id: session, cxid: Xid(0), zxid: Zxid(zxid), time, txn_type: -10 };
    let body = TxnBody::CreateSession(CreateSessionTxn { time_out });
    Txn { header, body, digest: Some(TxnDigest { version: 2, tree_digest: 0x51c6_d660 }) }
}
