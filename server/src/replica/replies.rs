//! Writing answers straight into a connection's outbox: no buffer in between.

use bytes::{BufMut, BytesMut};
use codec::client::{MultiHeader, ReplyHeader, WatcherEvent};
use codec::jute::{put_buffer, put_text};
use codec::txn::{Txn, TxnBody};
use codec::{Encode, ErrorCode, OpCode, Text, Xid, Zxid};
use tree::apply::{Applied, OpResult, TxnResult};

/// State of every event on the wire: SyncConnected.
const SYNC_CONNECTED: i32 = 3;

/// Appends a frame: its length word, then what `write` appends.
pub fn put_frame(out: &mut BytesMut, write: impl FnOnce(&mut BytesMut)) {
    let mark = out.len();
    out.put_u32(0);
    write(out);
    let length = (out.len() - mark - 4) as u32;
    out[mark..mark + 4].copy_from_slice(&length.to_be_bytes());
}

/// Appends a reply without error, with the body that `write` appends.
pub fn put_reply(out: &mut BytesMut, xid: Xid, zxid: Zxid, write: impl FnOnce(&mut BytesMut)) {
    put_frame(out, |out| {
        ReplyHeader { xid, zxid, err: 0 }.encode(out);
        write(out);
    });
}

/// Appends a reply that is nothing but a header.
pub fn put_error(out: &mut BytesMut, xid: Xid, zxid: Zxid, err: ErrorCode) {
    put_frame(out, |out| ReplyHeader { xid, zxid, err: err.code() }.encode(out));
}

/// Appends a watch event.
pub fn put_event(out: &mut BytesMut, zxid: Zxid, event_type: i32, path: Text<'_>) {
    put_frame(out, |out| {
        ReplyHeader { xid: Xid::NOTIFICATION, zxid, err: 0 }.encode(out);
        WatcherEvent { event_type, state: SYNC_CONNECTED, path }.encode(out);
    });
}

/// Appends the answer to a transaction that its client asked for.
pub fn put_applied(out: &mut BytesMut, xid: Xid, txn: &Txn<'_>, applied: &Applied) {
    if applied.err != ErrorCode::Ok {
        return put_error(out, xid, applied.zxid, applied.err);
    }
    put_reply(out, xid, applied.zxid, |out| match &applied.result {
        TxnResult::None => {}
        TxnResult::Stat(stat) => match &txn.body {
            TxnBody::Reconfig(body) => {
                body.data.encode(out);
                stat.encode(out);
            }
            _ => stat.encode(out),
        },
        TxnResult::Created(stat) => match &txn.body {
            TxnBody::Create(body) => body.path.encode(out),
            TxnBody::Create2(body) => put_created(out, &body.path, stat),
            TxnBody::CreateContainer(body) => put_created(out, &body.path, stat),
            TxnBody::CreateTtl(body) => put_created(out, &body.path, stat),
            _ => {}
        },
        TxnResult::Multi(results) => {
            results.iter().for_each(|result| put_part(out, result));
            MultiHeader::TERMINATOR.encode(out);
        }
    });
}

fn put_created(out: &mut BytesMut, path: &Text<'_>, stat: &codec::Stat) {
    path.encode(out);
    stat.encode(out);
}

/// One result of a multi. Everything that was made with a Stat answers as create2.
fn put_part(out: &mut BytesMut, result: &OpResult) {
    let header = |out: &mut BytesMut, op: OpCode| {
        MultiHeader { op: op.code(), done: false, err: 0 }.encode(out);
    };
    match result {
        OpResult::Created { op: OpCode::Create, path, .. } => {
            header(out, OpCode::Create);
            put_text(out, path);
        }
        OpResult::Created { path, stat, .. } => {
            header(out, OpCode::Create2);
            put_text(out, path);
            stat.encode(out);
        }
        OpResult::Deleted => header(out, OpCode::Delete),
        OpResult::Stat { op, stat } => {
            header(out, *op);
            stat.encode(out);
        }
        OpResult::Checked => header(out, OpCode::Check),
        OpResult::Error(code) => put_part_error(out, *code),
    }
}

/// An error result of multi or multiRead: the code stands twice.
pub fn put_part_error(out: &mut BytesMut, code: ErrorCode) {
    MultiHeader { op: OpCode::Error.code(), done: false, err: code.code() }.encode(out);
    code.code().encode(out);
}

/// Appends the answer to a handshake, with the readOnly byte iff the client sent one.
pub fn put_connect_response(
    out: &mut BytesMut,
    time_out: i32,
    session: codec::SessionId,
    passwd: &[u8; 16],
    read_only: Option<bool>,
) {
    put_frame(out, |out| {
        out.put_i32(0);
        out.put_i32(time_out);
        session.encode(out);
        put_buffer(out, passwd);
        if let Some(read_only) = read_only {
            read_only.encode(out);
        }
    });
}
