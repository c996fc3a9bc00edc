//! Every log and snapshot of the recordings: decoded, compared with its description, encoded
//! again to the same bytes.
#![allow(clippy::unwrap_used)]

mod common;

use std::io::Read;
use std::path::Path;

use bytes::BytesMut;
use codec::disk::*;
use codec::txn::{Txn, TxnBody};
use codec::{Encode, Zxid};
use common::*;
use serde_json::Value;

const LIMIT: usize = 2 * 0xf_ffff;

fn path_of<'a>(body: &'a TxnBody<'_>) -> Option<&'a str> {
    match body {
        TxnBody::Create(t) | TxnBody::Create2(t) => t.path.as_deref(),
        TxnBody::CreateContainer(t) => t.path.as_deref(),
        TxnBody::CreateTtl(t) => t.path.as_deref(),
        TxnBody::Delete(t) | TxnBody::DeleteContainer(t) => t.path.as_deref(),
        TxnBody::SetData(t) | TxnBody::Reconfig(t) => t.path.as_deref(),
        TxnBody::SetAcl(t) => t.path.as_deref(),
        _ => None,
    }
}

fn check_txn(txn: &Txn<'_>, told: &Value) {
    assert_eq!(txn.header.zxid.0, hex64(&told["zxid"]));
    assert_eq!(txn.header.client_id.0, hex64(&told["clientId"]));
    assert_eq!(i64::from(txn.header.cxid.0), number(&told["cxid"]));
    assert_eq!(txn.header.time, number(&told["time"]));
    assert_eq!(i64::from(txn.header.txn_type), number(&told["typeNum"]));
    assert_eq!(path_of(&txn.body), told["txn"]["path"].as_str());
    let digest = &told["digest"]["treeDigest"];
    assert_eq!(txn.digest.map(|d| d.tree_digest), digest.is_string().then(|| hex64(digest)));
}

/// Reads every record and checks it; returns the offset behind the last one.
fn check_log(file: &[u8], told: &[&Value]) -> usize {
    assert_eq!(encoded(&FileHeader::check_log(file).unwrap()), file[..FileHeader::LEN]);
    let mut at = FileHeader::LEN;
    let mut told = told.iter();
    loop {
        match parse_log_record(&file[at..], LIMIT) {
            LogRead::Record { payload, total_len } => {
                let told = told.next().expect("a record that the description lacks");
                assert_eq!(at as i64, number(&told["offset"]));
                assert_eq!(payload.len() as i64, number(&told["len"]));
                let txn = round_trip::<Txn<'_>>(payload);
                check_txn(&txn, told);
                let mut again = BytesMut::new();
                write_log_record(&mut again, |out| txn.encode(out));
                assert_eq!(again, &file[at..at + total_len]);
                at += total_len;
            }
            LogRead::EndOfLog(LogEnd::Clean) => break,
            other => panic!("{other:?} at {at}"),
        }
    }
    assert_eq!(told.next(), None, "a record was not read");
    at
}

#[test]
fn every_log() {
    let (mut files, mut records) = (0, 0);
    for description in find(|path| path.ends_with("/txns.json")) {
        let told = entries(&description);
        let folder = description.parent().unwrap().join("version-2");
        for summary in told.iter().filter(|entry| entry.get("records").is_some()) {
            let name = summary["file"].as_str().unwrap();
            let in_file = |entry: &&Value| entry["file"] == *name && entry.get("zxid").is_some();
            let expected: Vec<_> = told.iter().filter(in_file).collect();
            let end = check_log(&read(&folder.join(name)), &expected);
            assert_eq!(end as i64, number(&summary["firstFreeOffset"]), "{name}");
            let first = expected.first().map(|entry| Zxid(hex64(&entry["zxid"])));
            assert_eq!(parse_log_name(name).is_some(), first.is_some());
            assert_eq!(first.map(log_name).as_deref(), Some(name));
            (files, records) = (files + 1, records + expected.len());
        }
    }
    println!("{files} logs, {records} records");
    assert!(files >= 20 && records >= 700, "{files} logs, {records} records");
}

fn unpack(path: &Path) -> Vec<u8> {
    let bytes = read(path);
    match parse_snapshot_name(path.file_name().unwrap().to_str().unwrap()).unwrap().1 {
        Compression::Plain => bytes,
        Compression::Gz => {
            let mut out = Vec::new();
            flate2::read::GzDecoder::new(&bytes[..]).read_to_end(&mut out).unwrap();
            out
        }
        Compression::Snappy => unpack_snappy(&bytes),
    }
}

fn unpack_snappy(bytes: &[u8]) -> Vec<u8> {
    assert_eq!(bytes[..16], *b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01");
    let (mut rest, mut out) = (&bytes[16..], Vec::new());
    while let Some((word, after)) = rest.split_first_chunk() {
        let (block, after) = after.split_at(u32::from_be_bytes(*word) as usize);
        out.extend(snap::raw::Decoder::new().decompress_vec(block).unwrap());
        rest = after;
    }
    out
}

/// Reads a body item by item, and writes it again from the items.
fn walk(body: &[u8]) -> (Vec<String>, Vec<i64>, usize) {
    let (mut sessions, mut acls, mut nodes) = (Vec::new(), Vec::new(), BytesMut::new());
    let (mut order, mut ids, mut used) = (Vec::new(), Vec::new(), 0);
    let mut cursor = SnapshotCursor::new(LIMIT);
    loop {
        let (item, length) = cursor.next(&body[used..]).unwrap().expect("the body is whole");
        used += length;
        match item {
            SnapshotItem::Session(session) => sessions.push(session),
            SnapshotItem::Acl(acl) => acls.push(acl),
            SnapshotItem::Node(node) => {
                node.encode(&mut nodes);
                order.push(node.path.unwrap().into_owned());
                ids.push(node.acl_id);
            }
            SnapshotItem::End => break,
        }
    }
    let mut again = BytesMut::new();
    put_count(&mut again, sessions.len());
    sessions.iter().for_each(|session| session.encode(&mut again));
    put_count(&mut again, acls.len());
    acls.iter().for_each(|acl| acl.encode(&mut again));
    again.extend_from_slice(&nodes);
    put_end_of_nodes(&mut again);
    assert_eq!(again, &body[..used]);
    (order, ids, used)
}

/// Checks the seals and sections, and writes them again.
fn check_tail(file: &[u8], body_end: usize, told: &Value) {
    let (tail, adler) = decode_seal(&file[body_end..]).unwrap();
    assert_eq!(adler, adler32(&file[..body_end]));
    assert_eq!(body_end as i64, number(&told["bodySeal"]["offset"]));
    let sections = SnapshotTail::decode(tail).unwrap();
    assert!(sections.seals_hold(adler32(&file[..file.len() - tail.len()]), tail));
    let mut again = BytesMut::from(&file[..body_end]);
    put_seal(&mut again, adler);
    let digest = sections.digest.as_ref().map(|(section, _)| section);
    if let Some(section) = digest {
        let told = &told["digestSection"];
        assert_eq!(section.zxid.0, hex64(&told["zxid"]));
        assert_eq!(section.digest, DigestValue::Number(hex64(&told["digest"])));
        section.encode(&mut again);
        let adler = adler32(&again);
        put_seal(&mut again, adler);
    }
    if let Some((zxid, _)) = sections.last_zxid {
        assert_eq!(zxid.0, hex64(&told["lastProcessedZxidSection"]));
        zxid.encode(&mut again);
        let adler = adler32(&again);
        put_seal(&mut again, adler);
    }
    let has = |name: &str| told.get(name).is_some_and(|section| !section.is_null());
    assert_eq!(digest.is_some(), has("digestSection"));
    assert_eq!(sections.last_zxid.is_some(), has("lastProcessedZxidSection"));
    assert!(again == file, "the file is written otherwise than it was read");
}

/// The description of a big snapshot has only the number of its nodes.
fn check_nodes(order: &[String], ids: &[i64], told: &Value) {
    assert_eq!(order.len() as i64, number(&told["nodeCount"]));
    let Some(listed) = told["nodeOrder"].as_array() else {
        return assert_eq!(told["nodeOrder"], format!("({} paths)", order.len()));
    };
    let expected: Vec<_> = listed.iter().map(|path| path.as_str().unwrap()).collect();
    assert_eq!(order, expected);
    for (path, id) in order.iter().zip(ids) {
        assert_eq!(*id, number(&told["aclIds"][path]), "{path}");
    }
}

#[test]
fn every_snapshot() {
    let (mut files, mut nodes) = (0, 0);
    for description in find(|path| path.ends_with("/snapshots.json")) {
        for told in entries(&description) {
            let name = told["file"].as_str().unwrap();
            let file = unpack(&description.parent().unwrap().join("version-2").join(name));
            let header = FileHeader::check_snapshot(&file).unwrap();
            assert_eq!(header, FileHeader::SNAPSHOT);
            let (order, ids, length) = walk(&file[FileHeader::LEN..]);
            check_nodes(&order, &ids, &told);
            check_tail(&file, FileHeader::LEN + length, &told);
            let (zxid, kind) = parse_snapshot_name(name).unwrap();
            assert_eq!(snapshot_name(zxid, kind), name);
            (files, nodes) = (files + 1, nodes + order.len());
        }
    }
    println!("{files} snapshots, {nodes} nodes");
    assert!(files >= 20 && nodes >= 1500, "{files} snapshots, {nodes} nodes");
}
