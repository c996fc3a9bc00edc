//! Requests that a client could have sent: op code and body out of a few bytes, over a small set of
//! paths so that they meet each other.

use bytes::BytesMut;
use codec::client::*;
use codec::{Acl, Encode, OpCode, Text, Vector, Zxid};

use crate::Taker;

const NAMES: [&str; 8] = ["a", "b", "c", "seq-", "\u{e9}\u{4e2d}", "zookeeper", "quota", "a"];

/// Writes and closeSession-like ends are left to the callers: these are the ops of [`write_op`].
pub const WRITES: [OpCode; 8] = [
    OpCode::Create,
    OpCode::Create2,
    OpCode::CreateContainer,
    OpCode::CreateTtl,
    OpCode::Delete,
    OpCode::SetData,
    OpCode::SetAcl,
    OpCode::Multi,
];

/// The ops of [`read_op`].
pub const READS: [OpCode; 16] = [
    OpCode::Exists,
    OpCode::GetData,
    OpCode::GetAcl,
    OpCode::GetChildren,
    OpCode::GetChildren2,
    OpCode::Sync,
    OpCode::Ping,
    OpCode::CheckWatches,
    OpCode::RemoveWatches,
    OpCode::MultiRead,
    OpCode::SetWatches,
    OpCode::SetWatches2,
    OpCode::AddWatch,
    OpCode::GetEphemerals,
    OpCode::GetAllChildrenNumber,
    OpCode::WhoAmI,
];

/// Mostly a path of one to three names; now and then text from the input, or null.
pub fn path<'a>(taker: &mut Taker<'_>) -> Text<'a> {
    match taker.byte() {
        0 => None,
        1 => Some("/".into()),
        2..8 => Some(String::from_utf8_lossy(taker.bytes(64)).into_owned().into()),
        8..12 => Some("/zookeeper/quota/a/zookeeper_limits".into()),
        12..14 => Some("/zookeeper/quota/a".into()),
        depth => {
            let names = (0..=depth % 3).map(|_| format!("/{}", taker.pick(&NAMES)));
            Some(names.collect::<String>().into())
        }
    }
}

fn acl<'a>(taker: &mut Taker<'_>) -> Vector<Acl<'a>> {
    let perms = i32::from(taker.byte() % 32);
    match taker.byte() % 8 {
        0 => None,
        1 => Some(Vec::new()),
        2 => Some(vec![Acl::new(perms, "auth", "")]),
        3 => Some(vec![Acl::new(perms, "ip", "127.0.0.0/8")]),
        4 => Some(vec![Acl::new(perms, "digest", "user:hash"), Acl::new(31, "world", "anyone")]),
        5 => {
            let (scheme, id) = (taker.bytes(8), taker.bytes(24));
            let text = |bytes| Some(String::from_utf8_lossy(bytes).into_owned().into());
            let id = codec::Id { scheme: text(scheme), id: text(id) };
            Some(vec![Acl { perms, id }])
        }
        _ => Some(vec![Acl::new(31, "world", "anyone")]),
    }
}

fn data<'a>(taker: &mut Taker<'a>) -> Option<&'a [u8]> {
    match taker.byte() {
        0 => None,
        1..8 => Some(b"count=2,bytes=10"),
        8..12 => Some(b"count=-1,bytes=-1=;byteHardLimit=5;countHardLimit=1"),
        _ => Some(taker.bytes(48)),
    }
}

fn version(taker: &mut Taker<'_>) -> i32 {
    match taker.byte() % 16 {
        0 => taker.int(),
        n @ 1..=3 => i32::from(n) - 1,
        _ => -1,
    }
}

/// One write's body.
pub fn write_op(op: OpCode, taker: &mut Taker<'_>, out: &mut BytesMut) {
    match op {
        OpCode::Multi => many(&WRITES[..6], taker, out),
        OpCode::CreateTtl => CreateTtlRequest {
            path: path(taker),
            data: data(taker),
            acl: acl(taker),
            flags: 5 + i32::from(taker.byte() % 2),
            ttl: i64::from(taker.int()),
        }
        .encode(out),
        OpCode::Delete => DeleteRequest { path: path(taker), version: version(taker) }.encode(out),
        OpCode::SetData => {
            SetDataRequest { path: path(taker), data: data(taker), version: version(taker) }
                .encode(out);
        }
        OpCode::SetAcl => {
            SetAclRequest { path: path(taker), acl: acl(taker), version: version(taker) }
                .encode(out);
        }
        OpCode::Check => {
            CheckVersionRequest { path: path(taker), version: version(taker) }.encode(out);
        }
        _ => CreateRequest {
            path: path(taker),
            data: data(taker),
            acl: acl(taker),
            flags: i32::from(taker.byte() % 8),
        }
        .encode(out),
    }
}

fn many(ops: &[OpCode], taker: &mut Taker<'_>, out: &mut BytesMut) {
    for _ in 0..taker.byte() % 6 {
        let op = match taker.byte() % 8 {
            7 => OpCode::Check,
            n => ops[usize::from(n) % ops.len()],
        };
        MultiHeader { op: op.code(), done: false, err: -1 }.encode(out);
        if READS.contains(&op) {
            read_op(op, taker, out);
        } else {
            write_op(op, taker, out);
        }
    }
    MultiHeader::TERMINATOR.encode(out);
}

fn paths<'a>(taker: &mut Taker<'_>) -> Vector<Text<'a>> {
    Some((0..taker.byte() % 4).map(|_| path(taker)).collect())
}

fn set_watches<'a>(taker: &mut Taker<'_>) -> SetWatches<'a> {
    SetWatches {
        relative_zxid: Zxid(i64::from(taker.byte())),
        data_watches: paths(taker),
        exist_watches: paths(taker),
        child_watches: paths(taker),
    }
}

/// One read's body.
pub fn read_op(op: OpCode, taker: &mut Taker<'_>, out: &mut BytesMut) {
    let watch = taker.byte() % 2 == 1;
    match op {
        OpCode::Ping | OpCode::WhoAmI => {}
        OpCode::MultiRead => many(&[OpCode::GetData, OpCode::GetChildren], taker, out),
        OpCode::SetWatches => set_watches(taker).encode(out),
        OpCode::SetWatches2 => SetWatches2 {
            one_shot: set_watches(taker),
            persistent_watches: paths(taker),
            persistent_recursive_watches: paths(taker),
        }
        .encode(out),
        OpCode::AddWatch => {
            AddWatchRequest { path: path(taker), mode: i32::from(taker.byte() % 3) }.encode(out);
        }
        OpCode::CheckWatches | OpCode::RemoveWatches => {
            RemoveWatchesRequest { path: path(taker), kind: i32::from(taker.byte() % 7) }
                .encode(out);
        }
        OpCode::Exists | OpCode::GetData | OpCode::GetChildren | OpCode::GetChildren2 => {
            GetDataRequest { path: path(taker), watch }.encode(out);
        }
        _ => SyncRequest { path: path(taker) }.encode(out),
    }
}
