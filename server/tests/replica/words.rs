//! What was heard, in words that stand in a test's assertion.

use std::collections::HashMap;

use codec::client::{MultiResult, Reply, Response};
use codec::{ErrorCode, OpCode, SessionId, Stat, Xid};

use super::ask;
use super::harness::Heard;

/// The op code of the request that a reply answers.
fn op_of(xid: Xid, ops: &HashMap<i32, i32>) -> i32 {
    match xid {
        Xid::PING => OpCode::Ping.code(),
        Xid::NOTIFICATION => OpCode::Notification.code(),
        _ => ops.get(&xid.0).copied().unwrap_or(ask::UNKNOWN_OP),
    }
}

/// `xid what`, `event kind path`, or `session timeout`.
pub fn words(heard: &Heard, ops: &HashMap<i32, i32>) -> String {
    let (header, payload) = match heard {
        Heard::Connected { session: SessionId::NONE, .. } => return "expired".into(),
        Heard::Connected { time_out, .. } => return format!("connected {time_out}"),
        Heard::Frame { header, payload } => (header, payload),
    };
    let xid = header.xid;
    if header.err != 0 {
        return format!("{xid} {:?}", ErrorCode::from_code(header.err).unwrap());
    }
    let reply = Reply::decode(op_of(xid, ops), payload).unwrap();
    match reply.body {
        Response::Event(event) => {
            let kind = ["?", "created", "deleted", "changed", "children"];
            let path = event.path.unwrap();
            format!("event {} {path}", kind[event.event_type as usize])
        }
        body => format!("{xid} {}", body_words(&body)),
    }
}

fn body_words(body: &Response<'_>) -> String {
    let version = |stat: &Stat| format!("v{}", stat.version);
    let data = |data: Option<&[u8]>| String::from_utf8_lossy(data.unwrap_or(b"null")).into_owned();
    match body {
        Response::Empty | Response::AddWatch(_) => "ok".into(),
        Response::Create(r) => r.path.clone().unwrap().into_owned(),
        Response::Create2(r) => r.path.clone().unwrap().into_owned(),
        Response::Sync(r) => r.path.clone().unwrap().into_owned(),
        Response::Exists(r) => version(&r.stat),
        Response::SetData(r) => version(&r.stat),
        Response::GetData(r) => format!("{} {}", data(r.data), version(&r.stat)),
        Response::GetChildren(r) => {
            let mut names: Vec<_> = r.children.iter().flatten().flatten().collect();
            names.sort();
            format!("{names:?}")
        }
        Response::Multi(r) => {
            let result = |result: &MultiResult<'_>| match result {
                MultiResult::Error(code) => code.to_string(),
                MultiResult::SetData(r) => version(&r.stat),
                MultiResult::GetData(r) => data(r.data),
                MultiResult::Create(r) => r.path.clone().unwrap().into_owned(),
                _ => "ok".into(),
            };
            let parts: Vec<_> = r.results.iter().map(result).collect();
            parts.join(",")
        }
        other => format!("{other:?}"),
    }
}
