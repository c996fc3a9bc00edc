//! Golden bytes of the client port, byte for byte as observed from real servers and clients. Spaces are
//! for reading; session ids, passwords and zxids are filled in with fixed values.
#![allow(clippy::unwrap_used)]

mod common;

use bytes::BytesMut;
use codec::client::*;
use codec::{Decode, Encode, SessionId, Xid, Zxid};
use common::*;

const PASSWORD: [u8; 16] = [0x5a; 16];
const PASSWORD_HEX: &str = "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a";

/// The payload of the one frame that `golden` is.
fn payload(golden: &str) -> Vec<u8> {
    let mut buffer = BytesMut::from(&unhex(golden)[..]);
    let payload = cut_frame(&mut buffer, 1000).unwrap().expect(golden);
    assert!(buffer.is_empty(), "{golden}");
    payload.to_vec()
}

#[track_caller]
fn frame(golden: &str, write: impl FnOnce(&mut BytesMut)) {
    let mut out = BytesMut::from(&b"earlier"[..]);
    let mark = begin_frame(&mut out);
    write(&mut out);
    end_frame(&mut out, mark);
    assert_eq!(&out[7..], unhex(golden));
}

#[track_caller]
fn request(golden: &str, xid: i32, body: Request<'_>) {
    let bytes = payload(golden);
    let header = RequestHeader::from_bytes(&bytes).unwrap();
    assert_eq!(header, RequestHeader { xid: Xid(xid), op: body.op().code() });
    assert_eq!(Request::decode(header.op, &bytes[8..]), Ok(body.clone()));
    frame(golden, |out| {
        header.encode(out);
        body.encode(out);
    });
}

#[track_caller]
fn reply(golden: &str, op: i32, (xid, zxid, err): (i32, i64, i32), body: Response<'_>) {
    let reply = Reply { header: ReplyHeader { xid: Xid(xid), zxid: Zxid(zxid), err }, body };
    assert_eq!(Reply::decode(op, &payload(golden)), Ok(reply.clone()));
    frame(golden, |out| reply.encode(out));
}

#[test]
fn client_handshake() {
    let golden = "0000002d 00000000 0000000000000000 00007530 0000000000000000 00000010
                  00000000000000000000000000000000 00";
    let zeros = [0; 16];
    let connect = ConnectRequest {
        protocol_version: 0,
        last_zxid_seen: Zxid::ZERO,
        time_out: 30_000,
        session_id: SessionId::NONE,
        passwd: Some(&zeros),
    };
    let hello = ConnectFrame { request: connect, read_only: Some(false) };
    assert_eq!(ConnectFrame::from_bytes(&payload(golden)), Ok(hello.clone()));
    frame(golden, |out| hello.encode(out));
}

#[test]
fn connect_responses() {
    let answer = |time_out, session_id, passwd, read_only| ConnectReply {
        response: ConnectResponse { protocol_version: 0, time_out, session_id, passwd },
        read_only,
    };
    let session = SessionId(0x0100_001e_78fd_0000);
    let zeros = [0; 16];
    let observed = unhex("59fde5ac72062cc85ff6a13d0b8985d8");
    for (golden, expected) in [
        (
            format!("00000025 00000000 00007530 0100001e78fd0000 00000010 {PASSWORD_HEX} 00"),
            answer(30_000, session, Some(&PASSWORD[..]), Some(false)),
        ),
        (
            format!("00000024 00000000 00007530 0100001e78fd0000 00000010 {PASSWORD_HEX}"),
            answer(30_000, session, Some(&PASSWORD[..]), None),
        ),
        (
            "00000025 00000000 00000000 0000000000000000 00000010
             00000000000000000000000000000000 00"
                .to_owned(),
            answer(0, SessionId::NONE, Some(&zeros[..]), Some(false)),
        ),
        (
            "00000025 00000000 00004e20 0100001e78fd0000 00000010
             59fde5ac72062cc85ff6a13d0b8985d8 01"
                .to_owned(),
            answer(20_000, session, Some(&observed[..]), Some(true)),
        ),
    ] {
        assert_eq!(ConnectReply::from_bytes(&payload(&golden)), Ok(expected.clone()));
        frame(&golden, |out| expected.encode(out));
    }
}

#[test]
fn client_requests() {
    request("00000008 fffffffe 0000000b", -2, Request::Ping);
    request(
        &format!("00000033 00000001 00000001 00000002 2f61 00000002 6869 {OPEN} 00000000"),
        1,
        Request::Create(CreateRequest {
            path: Some("/a".into()),
            data: Some(b"hi"),
            acl: open(),
            flags: 0,
        }),
    );
    request(
        "0000000f 00000002 00000004 00000002 2f61 01",
        2,
        Request::GetData(GetDataRequest { path: Some("/a".into()), watch: true }),
    );
    request(
        "00000024 fffffffc 00000064 00000000 00000006 646967657374
         0000000a 626f623a736563726574",
        -4,
        Request::Auth(AuthPacket {
            auth_type: 0,
            scheme: Some("digest".into()),
            auth: Some(b"bob:secret"),
        }),
    );
    let check = CheckVersionRequest { path: Some("/a".into()), version: 0 };
    let delete = DeleteRequest { path: Some("/nope".into()), version: -1 };
    request(
        "0000003a 00000003 0000000e  0000000d 00 ffffffff 00000002 2f61 00000000
         00000002 00 ffffffff 00000005 2f6e6f7065 ffffffff  ffffffff 01 ffffffff",
        3,
        Request::Multi(MultiRequest { ops: vec![MultiOp::Check(check), MultiOp::Delete(delete)] }),
    );
}

#[test]
fn client_replies() {
    let path = || Some("/a".into());
    reply("00000010 fffffffe 0000000000000007 00000000", 11, (-2, 7, 0), Response::Empty);
    reply(
        "00000016 00000001 0000000000000002 00000000 00000002 2f61",
        1,
        (1, 2, 0),
        Response::Create(CreateResponse { path: path() }),
    );
    reply("00000010 00000002 0000000000000003 ffffff92", 1, (2, 3, -110), Response::Empty);
    reply("00000010 00000009 ffffffffffffffff fffffffa", 999, (9, -1, -6), Response::Empty);
    reply(
        "00000014 00000003 0000000000000000 00000000 ffffffff",
        102,
        (3, 0, 0),
        Response::Sasl(SetSaslResponse { token: None }),
    );
    reply(
        "00000020 ffffffff 0000000000000005 00000000 00000003 00000003 00000004 2f612f78",
        4,
        (-1, 5, 0),
        Response::Event(WatcherEvent { event_type: 3, state: 3, path: Some("/a/x".into()) }),
    );
}

#[test]
fn text_that_sync_echoes() {
    for (asked, echoed) in [
        ("00000002 2fff", "00000004 2fefbfbd"),
        ("00000006 2ff09f988078", "00000008 2feda0bdedb88078"),
        ("00000007 2feda0bdedb880", "00000007 2fefbfbdefbfbd"),
    ] {
        let asked = unhex(asked);
        let path = SyncRequest::from_bytes(&asked).unwrap().path;
        assert_eq!(SyncResponse { path }.to_bytes(), unhex(echoed));
    }
}
