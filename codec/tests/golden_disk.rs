//! Golden bytes of files, byte for byte as observed from real servers and clients. Spaces are
//! for reading; session ids, passwords and zxids are filled in with fixed values.
#![allow(clippy::unwrap_used)]

mod common;

use codec::disk::*;
use codec::{Acl, Encode, SessionId, StatPersisted, Zxid};
use common::*;

#[test]
fn the_start_of_a_log() {
    let golden = unhex(
        "5a4b4c47 00000002 0000000000000000
         00000000bd760a38 00000030 01000034c1260000 00000000 0000000000000001 000001a1fb7a0319
         fffffff6 00007530 00000002 0000000051c6d660 42
         00000000bc2f0a14 00000030 01000034c1260001 00000000 0000000000000002 000001a1fb7a032a
         fffffff6 00004e20 00000002 0000000051c6d660 42",
    );
    let mut out = FileHeader::LOG.to_bytes();
    for (id, zxid, time, time_out) in
        [(0, 1, 0x01a1_fb7a_0319, 30_000), (1, 2, 0x01a1_fb7a_032a, 20_000)]
    {
        let session = SessionId(0x0100_0034_c126_0000 + id);
        let txn = create_session(session, zxid, time, time_out);
        write_log_record(&mut out, |out| txn.encode(out));
    }
    assert_eq!(out, golden);
}

#[test]
fn the_snapshot_of_an_empty_tree() {
    let mut out = FileHeader::SNAPSHOT.to_bytes();
    put_count(&mut out, 0);
    put_count(&mut out, 1);
    let acl = Some(vec![Acl::new(codec::acl::perms::READ, "world", "anyone")]);
    AclEntry { id: 1, acl }.encode(&mut out);
    let fresh = StatPersisted::default();
    let config = StatPersisted { aversion: -1, ..fresh };
    for (path, acl_id, stat) in [
        ("", -1, fresh),
        ("/zookeeper", -1, fresh),
        ("/zookeeper/config", 1, config),
        ("/zookeeper/quota", -1, fresh),
    ] {
        NodeRecord { path: Some(path.into()), data: Some(b""), acl_id, stat }.encode(&mut out);
    }
    put_end_of_nodes(&mut out);
    let adler = adler32(&out);
    assert_eq!(adler, 0xb8a2_3b49);
    put_seal(&mut out, adler);
    let digest = DigestValue::Number(0);
    DigestSection { zxid: Zxid::ZERO, version: 2, digest }.encode(&mut out);
    let adler = adler32(&out);
    assert_eq!(adler, 0x95b9_3d59);
    put_seal(&mut out, adler);
    assert_eq!(out.len(), 457);
    assert_eq!(out, read(&fixtures().join("apache-3.8.0/standalone/version-2/snapshot.0")));
}
