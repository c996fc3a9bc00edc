//! The recorded client sessions, both directions: decoded, compared with their description,
//! encoded again to the same bytes.
#![allow(clippy::unwrap_used)]

mod common;

use std::collections::HashMap;

use bytes::BytesMut;
use codec::client::*;
use codec::{Decode, Encode, Xid};
use common::*;
use serde_json::Value;

fn path_of<'a>(request: &'a Request<'_>) -> Option<&'a str> {
    match request {
        Request::Create(r) | Request::Create2(r) | Request::CreateContainer(r) => r.path.as_deref(),
        Request::CreateTtl(r) => r.path.as_deref(),
        Request::Delete(r) => r.path.as_deref(),
        Request::Exists(r) => r.path.as_deref(),
        Request::GetData(r) => r.path.as_deref(),
        Request::GetChildren(r) | Request::GetChildren2(r) => r.path.as_deref(),
        Request::SetData(r) => r.path.as_deref(),
        _ => None,
    }
}

fn put_frame(out: &mut BytesMut, parts: &[&dyn Fn(&mut BytesMut)]) {
    let mark = begin_frame(out);
    parts.iter().for_each(|part| part(out));
    end_frame(out, mark);
}

/// Cuts a whole stream into payloads with their offsets.
fn payloads(stream: &[u8]) -> (Batch, Vec<usize>) {
    let mut buffer = BytesMut::from(stream);
    let batch = cut_batch(&mut buffer, 1 << 20).unwrap();
    assert!(buffer.is_empty(), "{} bytes are no whole frame", buffer.len());
    let mut at = 0;
    let offsets = batch.payloads().map(|payload| {
        at += 4 + payload.len();
        at - 4 - payload.len()
    });
    let offsets = offsets.collect();
    (batch, offsets)
}

fn check_requests(stream: &[u8], told: &[Value]) -> usize {
    let (batch, offsets) = payloads(stream);
    let mut again = BytesMut::new();
    for (n, payload) in batch.payloads().enumerate() {
        let told = &told[n];
        assert_eq!(offsets[n] as i64, number(&told["offset"]));
        if n == 0 {
            let frame = round_trip::<ConnectFrame<'_>>(payload);
            assert_eq!(frame.request.session_id.0, hex64(&told["sessionId"]));
            assert_eq!(i64::from(frame.request.time_out), number(&told["timeOut"]));
            assert_eq!(frame.request.passwd, Some(&unhex(told["passwd"].as_str().unwrap())[..]));
            assert_eq!(frame.read_only, told["readOnly"].as_bool());
            put_frame(&mut again, &[&|out| frame.encode(out)]);
            continue;
        }
        let header = RequestHeader::from_bytes(payload).unwrap();
        let request = Request::decode(header.op, &payload[RequestHeader::MIN_BYTES..]).unwrap();
        assert_eq!(i64::from(header.xid.0), number(&told["xid"]));
        assert_eq!(i64::from(header.op), number(&told["opNum"]));
        assert_eq!(request.op().code(), header.op);
        if let Some(path) = path_of(&request) {
            assert_eq!(told["body"]["path"], path);
        }
        put_frame(&mut again, &[&|out| header.encode(out), &|out| request.encode(out)]);
    }
    assert!(again == stream, "the requests are written otherwise than they were read");
    told.len()
}

fn check_reply(reply: &Reply<'_>, told: &Value) {
    assert_eq!(i64::from(reply.header.xid.0), number(&told["xid"]));
    assert_eq!(reply.header.zxid.0, hex64(&told["zxid"]));
    assert_eq!(i64::from(reply.header.err), number(&told["err"]));
    match &reply.body {
        Response::Event(event) => {
            assert_eq!(reply.header.xid, Xid::NOTIFICATION);
            assert_eq!(i64::from(event.event_type), number(&told["eventType"]));
            assert_eq!(event.path.as_deref(), told["path"].as_str());
        }
        Response::Create(body) => assert_eq!(body.path.as_deref(), told["body"]["path"].as_str()),
        Response::Create2(body) => {
            assert_eq!(body.path.as_deref(), told["body"]["path"].as_str());
            assert_eq!(body.stat.czxid.0, hex64(&told["body"]["stat"]["czxid"]));
            assert_eq!(body.stat.pzxid.0, hex64(&told["body"]["stat"]["pzxid"]));
        }
        Response::GetChildren(body) => {
            let listed = told["body"]["children"].as_array().unwrap();
            assert_eq!(body.children.as_ref().map(Vec::len), Some(listed.len()));
        }
        Response::Multi(body) => {
            let listed = told["body"]["results"].as_array().unwrap();
            assert_eq!(body.results.len(), listed.len());
        }
        _ => {}
    }
}

fn check_replies(stream: &[u8], told: &[Value], ops: &HashMap<String, i32>) -> usize {
    let (batch, offsets) = payloads(stream);
    let mut again = BytesMut::new();
    for (n, payload) in batch.payloads().enumerate() {
        let told = &told[n];
        assert_eq!(offsets[n] as i64, number(&told["offset"]));
        if n == 0 {
            let reply = round_trip::<ConnectReply<'_>>(payload);
            assert_eq!(reply.response.session_id.0, hex64(&told["sessionId"]));
            assert_eq!(reply.read_only, told["readOnly"].as_bool());
            put_frame(&mut again, &[&|out| reply.encode(out)]);
            continue;
        }
        let op = told["op"].as_str().map_or(0, |name| ops[name]);
        let reply = Reply::decode(op, payload).unwrap();
        check_reply(&reply, told);
        put_frame(&mut again, &[&|out| reply.encode(out)]);
    }
    assert!(again == stream, "the replies are written otherwise than they were read");
    told.len()
}

#[test]
fn every_client_session() {
    let mut messages = 0;
    for path in find(|path| path.contains("/client-session/session-") && path.ends_with(".json")) {
        let told = entries(&path);
        let (asked, answered) = (one_way(&told, "client"), one_way(&told, "server"));
        let number_of = |entry: &Value| {
            Some((entry["op"].as_str()?.to_owned(), entry["opNum"].as_i64()? as i32))
        };
        let ops: HashMap<_, _> = asked.iter().filter_map(number_of).collect();
        messages += check_requests(&read(&path.with_extension("c2s.bin")), &asked);
        messages += check_replies(&read(&path.with_extension("s2c.bin")), &answered, &ops);
    }
    println!("{messages} messages");
    assert_eq!(messages, 105 + 12 + 20);
}

#[test]
fn the_recorded_four_letter_word() {
    let word = read(&fixtures().join("apache-3.8.0/streams/client-session/fourlw-srvr.c2s.bin"));
    let word = FourLetterWord::from_bytes(*word.first_chunk().unwrap());
    assert_eq!(word, Some(FourLetterWord::Srvr));
}
