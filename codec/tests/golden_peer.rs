//! Golden bytes of the peer ports, byte for byte as observed from real servers and clients. Spaces are
//! for reading; session ids, passwords and zxids are filled in with fixed values.
#![allow(clippy::unwrap_used)]

mod common;

use bytes::BytesMut;
use codec::client::*;
use codec::peer::payload::*;
use codec::peer::*;
use codec::txn::*;
use codec::{Decode, Encode, Id, ServerId, SessionId, Xid, Zxid};
use common::*;

#[track_caller]
fn packet(golden: &str, kind: PacketType, zxid: i64, data: Option<&[u8]>) {
    ids_packet(golden, kind, zxid, data, None);
}

#[track_caller]
fn ids_packet(
    golden: &str,
    kind: PacketType,
    zxid: i64,
    data: Option<&[u8]>,
    authinfo: Option<Vec<Id<'_>>>,
) {
    let bytes = unhex(golden);
    let expected = QuorumPacket { authinfo, ..QuorumPacket::new(kind, Zxid(zxid), data) };
    assert_eq!(cut_packet(&bytes, 1000), Ok(Some((expected.clone(), bytes.len()))));
    assert_eq!(expected.to_bytes(), bytes);
}

#[test]
fn packets_of_discovery() {
    use PacketType::*;
    let info = |sid| LearnerInfo::new(ServerId(sid), 0).to_bytes();
    packet(
        "0000000b 0000000000000000 00000014 0000000000000001 00010000 0000000000000000 ffffffff",
        FollowerInfo,
        0,
        Some(&info(1)),
    );
    packet(
        "0000000b 0000000100000000 00000014 0000000000000002 00010000 0000000000000000 ffffffff",
        FollowerInfo,
        1 << 32,
        Some(&info(2)),
    );
    packet(
        "00000010 0000000000000000 00000014 0000000000000004 00010000 0000000000000000 ffffffff",
        ObserverInfo,
        0,
        Some(&info(4)),
    );
    let version = codec::peer::packet::PROTOCOL_VERSION.to_be_bytes();
    let golden = "00000011 0000000100000000 00000004 00010000 ffffffff";
    packet(golden, LeaderInfo, 1 << 32, Some(&version));
    let golden = "00000012 0000000000000000 00000004 00000000 ffffffff";
    packet(golden, AckEpoch, 0, Some(&[0; 4]));
    let golden = "00000012 0000000100000029 00000004 00000001 ffffffff";
    packet(golden, AckEpoch, 0x1_0000_0029, Some(&1_i32.to_be_bytes()));
}

#[test]
fn packets_without_data() {
    use PacketType::*;
    packet("0000000d 0000000000000000 ffffffff ffffffff", Diff, 0, None);
    packet("0000000e 0000000100000027 ffffffff ffffffff", Trunc, 0x1_0000_0027, None);
    packet("0000000f 0000000100000016 ffffffff ffffffff", Snap, 0x1_0000_0016, None);
    packet("00000003 0000000100000000 ffffffff ffffffff", Ack, 1 << 32, None);
    packet("0000000c ffffffffffffffff ffffffff ffffffff", UpToDate, -1, None);
    packet("00000004 0000000100000001 ffffffff ffffffff", Commit, 0x1_0000_0001, None);
    packet("00000005 0000000100000000 ffffffff ffffffff", Ping, 1 << 32, None);
    packet("00000005 0000000100000000 00000000 ffffffff", Ping, 1 << 32, Some(b""));
    packet("00000007 0000000000000000 ffffffff ffffffff", Sync, 0, None);
    let three = 3_i64.to_be_bytes();
    let golden = "00000009 0000000100000003 00000008 0000000000000003 ffffffff";
    packet(golden, CommitAndActivate, 0x1_0000_0003, Some(&three));
    assert_eq!(decode_designated(Some(&three)), Ok(ServerId(3)));
}

const SESSION: SessionId = SessionId(0x0100_0039_375c_0000);

#[test]
fn packets_of_sessions() {
    let touch = |id| SessionTouch { session: SessionId(id), timeout: 20_000 };
    let mut touches = BytesMut::new();
    for id in [0x0200_0039_380a_0000, 0x0300_0039_37ea_0000, SESSION.0] {
        touch(id).encode(&mut touches);
    }
    packet(
        "00000005 000000010000000a 00000024 02000039380a0000 00004e20 0300003937ea0000 00004e20
         01000039375c0000 00004e20 ffffffff",
        PacketType::Ping,
        0x1_0000_000a,
        Some(&touches),
    );
    packet(
        "00000006 ffffffffffffffff 0000000c 01000039375c0000 00004e20 ffffffff",
        PacketType::Revalidate,
        -1,
        Some(&touch(SESSION.0).to_bytes()),
    );
    packet(
        "00000006 ffffffffffffffff 00000009 01000039375c0000 01 ffffffff",
        PacketType::Revalidate,
        -1,
        Some(&RevalidateAnswer { session: SESSION, valid: true }.to_bytes()),
    );
}

#[test]
fn packets_of_writes() {
    let (timeout, op) = (CreateSessionRequest { time_out: 20_000 }.to_bytes(), -10);
    let forwarded = ForwardedRequest { session: SESSION, cxid: Xid(0), op, body: &timeout };
    packet(
        "00000001 ffffffffffffffff 00000014 01000039375c0000 00000000 fffffff6 00004e20 ffffffff",
        PacketType::Request,
        -1,
        Some(&forwarded.to_bytes()),
    );
    let txn = create_session(SESSION, 0x1_0000_0001, 0x01a1_fb7e_809d, 20_000);
    packet(
        "00000002 0000000100000001 00000030 01000039375c0000 00000000 0000000100000001
         000001a1fb7e809d fffffff6 00004e20 00000002 0000000051c6d660 ffffffff",
        PacketType::Proposal,
        0x1_0000_0001,
        Some(&txn.to_bytes()),
    );
    let (path, data) = (Some("/F".into()), Some(&b"from follower"[..]));
    let body = CreateRequest { path, data, acl: open(), flags: 0 }.to_bytes();
    let forwarded = ForwardedRequest { session: SESSION, cxid: Xid(1), op: 15, body: &body };
    ids_packet(
        &format!(
            "00000001 ffffffffffffffff 00000046 01000039375c0000 00000001 0000000f
             00000002 2f46 0000000d 66726f6d20666f6c6c6f776572 {OPEN} 00000000
             00000001 00000002 6970 00000009 3132372e302e302e31"
        ),
        PacketType::Request,
        -1,
        Some(&forwarded.to_bytes()),
        Some(vec![Id::new("ip", "127.0.0.1")]),
    );
}

#[test]
fn inform_and_activate() {
    let text = format!("{}version=100000005", "x".repeat(0xfd - 17));
    let golden = format!(
        "00000013 0000000100000005 0000014e 0000000000000003
         0300001e9abd0000 00000005 0000000100000005 000001a1fb63f70a 00000010
         00000011 {} 000000fd {} ffffffff 00000002 0000000285347b6d ffffffff",
        hex(b"/zookeeper/config"),
        hex(text.as_bytes()),
    );
    let header = TxnHeader {
        client_id: SessionId(0x0300_001e_9abd_0000),
        cxid: Xid(5),
        zxid: Zxid(0x1_0000_0005),
        time: 0x01a1_fb63_f70a,
        txn_type: 16,
    };
    let path = Some("/zookeeper/config".into());
    let body = TxnBody::Reconfig(SetDataTxn { path, data: Some(text.as_bytes()), version: -1 });
    let digest = Some(TxnDigest { version: 2, tree_digest: 0x2_8534_7b6d });
    let txn = Txn { header, body, digest }.to_bytes();
    let activation = Activation { designated: ServerId(3), txn: &txn };
    let data = activation.to_bytes();
    packet(&golden, PacketType::InformAndActivate, 0x1_0000_0005, Some(&data));
}

#[test]
fn election_port() {
    use codec::peer::election::{cut_handshake, cut_message};
    for (golden, version, addresses) in [
        (
            "ffffffffffff0000 0000000000000002 0000000f 3132372e302e302e313a3234303332",
            HandshakeVersion::V1,
            "127.0.0.1:24032",
        ),
        (
            "ffffffffffff0001 0000000000000002 0000001f 3132372e302e302e313a3234303332 7c
             3132372e302e302e323a3234303332",
            HandshakeVersion::V2,
            "127.0.0.1:24032|127.0.0.2:24032",
        ),
        ("0000000000000002", HandshakeVersion::Plain, ""),
    ] {
        let hello = Handshake { version, sid: ServerId(2), addresses: addresses.into() };
        let bytes = unhex(golden);
        assert_eq!(hello.to_bytes(), bytes);
        assert_eq!(cut_handshake(&bytes), Ok(Some((hello, bytes.len()))));
    }
    let config = [b'c'; 178];
    for (golden, version, config) in [
        (
            format!(
                "000000de 00000000 0000000000000002 0000000000000000 0000000000000001
                 0000000000000000 00000002 000000b2 {}",
                hex(&config)
            ),
            2,
            Some(&config[..]),
        ),
        (
            "00000028 00000000 0000000000000002 0000000000000000 0000000000000001
             0000000000000000 00000001"
                .to_owned(),
            1,
            None,
        ),
    ] {
        let vote = Notification {
            state: PeerState::Looking,
            leader: ServerId(2),
            zxid: Zxid::ZERO,
            election_epoch: 1,
            peer_epoch: 0,
            version,
            config,
        };
        let bytes = unhex(&golden);
        let mut out = BytesMut::new();
        vote.encode_frame(&mut out);
        assert_eq!(out, bytes);
        let (message, _) = cut_message(&bytes).unwrap().unwrap();
        let read = Notification::decode_message(message).unwrap();
        // The version field of a 3.4 server is not believed.
        assert_eq!(read, Notification { version: if version == 2 { 2 } else { 0 }, ..vote });
    }
}

#[test]
fn sasl_between_servers() {
    let token = format!("rspauth={}", "0".repeat(32));
    for (golden, status, token) in [
        ("5f2435013501edcc 00000000 00000000".to_owned(), 0, &b""[..]),
        (
            format!("5f2435013501edcc 00000001 00000028 {}", hex(token.as_bytes())),
            1,
            token.as_bytes(),
        ),
    ] {
        let packet =
            QuorumAuthPacket { magic: codec::peer::auth::MAGIC, status, token: Some(token) };
        assert_eq!(packet.to_bytes(), unhex(&golden));
        assert_eq!(QuorumAuthPacket::from_bytes(&unhex(&golden)), Ok(packet));
    }
}
