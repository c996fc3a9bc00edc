//! The recorded connections between servers, both directions: decoded, compared with their
//! description, encoded again to the same bytes.
#![allow(clippy::unwrap_used)]

mod common;

use std::path::Path;

use bytes::BytesMut;
use codec::client::Request;
use codec::disk::{SnapshotCursor, SnapshotItem, put_end_of_nodes};
use codec::peer::auth::{begins_with_magic, cut_auth_packet};
use codec::peer::election::{cut_handshake, cut_message};
use codec::peer::payload::*;
use codec::peer::*;
use codec::txn::Txn;
use common::*;
use serde_json::Value;

const LIMIT: usize = 2 * 0xf_ffff;

/// SASL packets at the front, as both ports have them; returns the bytes they take.
fn check_auth(stream: &[u8], told: &mut std::slice::Iter<'_, Value>) -> usize {
    let mut at = 0;
    while begins_with_magic(&stream[at..]) == Some(true) {
        let (packet, length) = cut_auth_packet(&stream[at..], 4096).unwrap().unwrap();
        let told = told.next().unwrap();
        assert_eq!(told["type"], "QuorumAuthPacket");
        assert_eq!(i64::from(packet.status), number(&told["status"]));
        assert_eq!(packet.token.map_or(-1, |t| t.len() as i64), number(&told["tokenLen"]));
        assert_eq!(encoded(&packet), stream[at..at + length]);
        at += length;
    }
    at
}

fn check_handshake(stream: &[u8], told: &mut std::slice::Iter<'_, Value>) -> usize {
    let (hello, length) = cut_handshake(stream).unwrap().expect("the handshake is whole");
    let told = told.next().unwrap();
    assert_eq!(told["type"], "HANDSHAKE");
    assert_eq!(hello.sid.0, number(&told["sid"]));
    assert_eq!(hello.addresses, told["addresses"].as_str().unwrap_or_default());
    assert_eq!(hello.version == HandshakeVersion::Plain, length == 8);
    assert_eq!(encoded(&hello), stream[..length]);
    length
}

fn check_notification(frame: &[u8], told: &Value) {
    let mut vote = Notification::decode_message(&frame[4..]).unwrap();
    assert_eq!(told["type"], "NOTIFICATION");
    assert_eq!(format!("{:?}", vote.state).to_uppercase(), told["state"].as_str().unwrap());
    assert_eq!(vote.zxid.0, hex64(&told["zxid"]));
    assert_eq!(vote.election_epoch, number(&told["electionEpoch"]));
    assert_eq!(vote.peer_epoch, number(&told["peerEpoch"]));
    match vote.config {
        Some(config) => check_config(config, &told["config"]),
        // A 3.4 server's form: its version field says 1 and is not believed.
        None => {
            assert_eq!((frame.len(), vote.version), (44, 0));
            vote.version = 1;
        }
    }
    let mut again = BytesMut::new();
    vote.encode_frame(&mut again);
    assert_eq!(again, frame);
}

/// By meaning; the text of servers with small ids happens to be in our order too.
fn check_config(bytes: &[u8], told: &Value) {
    assert_eq!(told.as_str().unwrap().as_bytes(), bytes);
    let config = ConfigText::parse(bytes).unwrap();
    assert!(ConfigText::parse(config.to_string().as_bytes()).unwrap().same_as(&config));
    assert_eq!(config.to_string().as_bytes(), bytes);
}

fn check_election(stream: &[u8], told: &[Value], dialler: bool) {
    let mut told = told.iter();
    let mut at = if dialler { check_handshake(stream, &mut told) } else { 0 };
    at += check_auth(&stream[at..], &mut told);
    while at < stream.len() {
        let (_, length) = cut_message(&stream[at..]).unwrap().expect("the message is whole");
        let told = told.next().expect("a message that the description lacks");
        assert_eq!(at as i64, number(&told["offset"]));
        check_notification(&stream[at..at + length], told);
        at += length;
    }
    assert_eq!(told.next(), None);
}

fn check_learner_info(data: &[u8], told: &Value) {
    let info = LearnerInfo::from_data(Some(data));
    assert_eq!(encoded(&info), data);
    assert_eq!(info.sid.map(|sid| sid.0), told["serverid"].as_i64());
    assert_eq!(i64::from(info.protocol_version), hex64(&told["protocolVersion"]));
    assert_eq!(info.config_version.is_some(), data.len() == 20);
}

fn check_txn(data: &[u8], told: &Value) {
    let txn = round_trip::<Txn<'_>>(data);
    assert_eq!(txn.header.zxid.0, hex64(&told["zxid"]));
    assert_eq!(i64::from(txn.header.txn_type), number(&told["typeNum"]));
    assert_eq!(txn.digest.is_some(), told["digest"].is_object());
}

fn check_request(data: &[u8], told: &Value) {
    let request = round_trip::<ForwardedRequest<'_>>(data);
    assert_eq!(request.session.0, hex64(&told["session"]));
    assert_eq!(i64::from(request.cxid.0), number(&told["cxid"]));
    let body = Request::decode(request.op, request.body).unwrap();
    assert_eq!(encoded(&body), request.body);
    assert_eq!(request.body, unhex(told["bodyHex"].as_str().unwrap_or_default()));
}

fn check_ping(data: &[u8], told: &Value) {
    let touches = decode_touches(Some(data)).unwrap();
    let listed = told["touch"].as_array().unwrap();
    assert_eq!(touches.len(), listed.len());
    for (touch, told) in touches.iter().zip(listed) {
        assert_eq!(touch.session.0, hex64(&told[0]));
        assert_eq!(i64::from(touch.timeout), number(&told[1]));
    }
}

fn check_payload(kind: PacketType, data: &[u8], told: &Value) {
    match kind {
        PacketType::FollowerInfo | PacketType::ObserverInfo => {
            check_learner_info(data, &told["learnerInfo"]);
        }
        PacketType::Proposal | PacketType::Inform => check_txn(data, &told["txn"]),
        PacketType::InformAndActivate => {
            let activation = round_trip::<Activation<'_>>(data);
            assert_eq!(activation.designated.0, number(&told["designatedLeader"]));
            check_txn(activation.txn, &told["txn"]);
        }
        PacketType::CommitAndActivate => {
            let designated = decode_designated(Some(data)).unwrap();
            assert_eq!(designated.0, number(&told["designatedLeader"]));
        }
        PacketType::Request => check_request(data, &told["request"]),
        PacketType::Ping => check_ping(data, told),
        PacketType::Revalidate if data.len() == 9 => {
            round_trip::<RevalidateAnswer>(data);
        }
        PacketType::Revalidate => {
            round_trip::<RevalidateRequest>(data);
        }
        PacketType::NewLeader => check_config(data, &told["config"]),
        PacketType::LeaderInfo => {
            assert_eq!(decode_i32(Some(data)), Ok(packet::PROTOCOL_VERSION));
        }
        PacketType::AckEpoch => {
            assert_eq!(decode_i32(Some(data)).map(i64::from), Ok(number(&told["currentEpoch"])));
        }
        other => panic!("{other:?} has no data"),
    }
}

/// The tree behind a SNAP packet; returns the bytes it takes with the signature.
fn check_tree(stream: &[u8], told: &Value) -> usize {
    assert_eq!(told["type"], "SNAPSHOT-BODY");
    let (mut at, mut nodes, mut sessions) = (0, 0, 0);
    let mut cursor = SnapshotCursor::new(LIMIT);
    loop {
        let (item, length) = cursor.next(&stream[at..]).unwrap().expect("the tree is whole");
        let bytes = &stream[at..at + length];
        at += length;
        match item {
            // The first item of each part has the part's count in front of it.
            SnapshotItem::Session(session) => {
                assert!(bytes.ends_with(&encoded(&session)));
                sessions += 1;
            }
            SnapshotItem::Acl(acl) => assert!(bytes.ends_with(&encoded(&acl))),
            SnapshotItem::Node(node) => {
                assert!(bytes.ends_with(&encoded(&node)));
                nodes += 1;
            }
            SnapshotItem::End => break,
        }
    }
    let mut end = BytesMut::new();
    put_end_of_nodes(&mut end);
    assert!(stream[..at].ends_with(&end));
    assert_eq!((nodes, sessions), (number(&told["nodeCount"]), number(&told["sessions"])));
    assert_eq!(check_snap_signature(&stream[at..]), Some(true));
    put_snap_signature(&mut end);
    assert!(stream[..at + SNAP_SIGNATURE_LEN].ends_with(&end));
    at + SNAP_SIGNATURE_LEN
}

fn check_quorum(stream: &[u8], told: &[Value]) {
    let mut told = told.iter();
    let mut at = check_auth(stream, &mut told);
    while at < stream.len() {
        let (packet, length) = cut_packet(&stream[at..], LIMIT).unwrap().expect("a whole packet");
        let told_now = told.next().expect("a packet that the description lacks");
        let kind = packet.kind().unwrap();
        let name = format!("{kind:?}").to_uppercase();
        assert_eq!(told_now["type"], name);
        assert_eq!(
            (at as i64, length as i64),
            (number(&told_now["offset"]), number(&told_now["len"]))
        );
        assert_eq!(packet.zxid.0, hex64(&told_now["zxid"]));
        assert_eq!(packet.authinfo.is_some(), told_now["authinfo"].is_array());
        assert_eq!(encoded(&packet), stream[at..at + length]);
        if let Some(data) = packet.data {
            check_payload(kind, data, told_now);
        }
        at += length;
        if kind == PacketType::Snap {
            at += check_tree(&stream[at..], told.next().unwrap());
        }
    }
    assert_eq!(told.next(), None);
}

fn both_ways(json: &Path, check: impl Fn(&[u8], &[Value], bool)) -> usize {
    println!("{}", json.display());
    let told = entries(json);
    // The first message of a connection comes from the side that dialled.
    let dialler = told[0]["dir"].as_str().unwrap().split("->").next().unwrap().to_owned();
    let other = told[0]["dir"].as_str().unwrap().split("->").last().unwrap().to_owned();
    check(&read(&json.with_extension("c2s.bin")), &one_way(&told, &dialler), true);
    check(&read(&json.with_extension("s2c.bin")), &one_way(&told, &other), false);
    told.len()
}

fn recordings(name: &str) -> Vec<std::path::PathBuf> {
    find(|path| {
        let file = path.rsplit('/').next().unwrap();
        path.contains("/streams/") && file.starts_with(name) && file.ends_with(".json")
    })
}

#[test]
fn every_election_connection() {
    let files = recordings("election");
    let messages: usize = files.iter().map(|path| both_ways(path, check_election)).sum();
    println!("{} connections, {messages} messages", files.len());
    assert_eq!(files.len(), 63);
}

#[test]
fn every_quorum_connection() {
    let files = [recordings("quorum"), recordings("obsmaster")].concat();
    let check = |stream: &[u8], told: &[Value], _: bool| check_quorum(stream, told);
    let messages: usize = files.iter().map(|path| both_ways(path, check)).sum();
    println!("{} connections, {messages} packets", files.len());
    assert_eq!(files.len(), 28);
}

#[test]
fn any_cut_of_a_quorum_stream_needs_more_bytes_or_gives_the_same_packets() {
    let path = fixtures().join("apache-3.8.0/streams/follower-diff/quorum1-to-s2.s2c.bin");
    let stream = read(&path);
    for cut in 0..stream.len() {
        let mut at = 0;
        while let Some((_, length)) = cut_packet(&stream[at..cut], LIMIT).unwrap() {
            at += length;
        }
        assert!(at <= cut && cut - at < 2000);
    }
}

#[test]
fn every_dynamic_configuration_file() {
    let files = find(|path| path.contains("/zoo.cfg.dynamic."));
    for path in &files {
        let bytes = read(path);
        let config = ConfigText::parse(&bytes).unwrap();
        assert_eq!(config.members_text().as_bytes(), bytes, "{}", path.display());
        assert_eq!(config.version, 0, "the version is in the file's name only");
    }
    assert!(files.len() >= 10, "{} files", files.len());
}
