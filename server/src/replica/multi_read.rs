//! multiRead: several reads in one request, each with its own result.

use bytes::BytesMut;
use codec::client::{
    GetChildrenRequest, GetDataRequest, MultiHeader, MultiOp, MultiRequest, ReplyHeader,
};
use codec::{Encode, ErrorCode, Xid, Zxid};

use super::reads::{Look, REPLY_BYTES_MAX, get_children, get_data, read};
use super::replies;

/// Answers a multiRead. A write among the parts ends the list there: the header then carries
/// MARSHALLINGERROR and, as the reference does it, the results so far stand behind it.
pub(super) fn answer(look: &Look<'_>, body: &[u8], header: (Xid, Zxid), out: &mut BytesMut) {
    let (xid, zxid) = header;
    let Ok(request) = read::<MultiRequest<'_>>(body) else {
        return replies::put_error(out, xid, zxid, ErrorCode::MarshallingError);
    };
    let mark = out.len();
    let readable = request.ops.iter().all(is_read);
    let err = if readable { ErrorCode::Ok } else { ErrorCode::MarshallingError };
    let mut fits = true;
    replies::put_frame(out, |out| {
        ReplyHeader { xid, zxid, err: err.code() }.encode(out);
        for op in request.ops.into_iter().take_while(is_read) {
            part(look, op, out);
            fits = out.len() - mark <= REPLY_BYTES_MAX;
            if !fits {
                return;
            }
        }
        MultiHeader::TERMINATOR.encode(out);
    });
    if !fits {
        tracing::warn!(peer = %look.from.peer, session = %look.from.session(),
            "refused: a multiRead whose answer is larger than any client takes");
        out.truncate(mark);
        replies::put_error(out, xid, zxid, ErrorCode::MarshallingError);
    }
}

fn is_read(op: &MultiOp<'_>) -> bool {
    matches!(op, MultiOp::GetData(_) | MultiOp::GetChildren(_))
}

/// One result. Watch flags are not looked at here.
fn part(look: &Look<'_>, op: MultiOp<'_>, out: &mut BytesMut) {
    let mark = out.len();
    MultiHeader { op: op.op().code(), done: false, err: 0 }.encode(out);
    let result = match op {
        MultiOp::GetData(request) => {
            get_data(look, GetDataRequest { watch: false, ..request }, out)
        }
        MultiOp::GetChildren(request) => {
            get_children(look, GetChildrenRequest { watch: false, ..request }, out).map(drop)
        }
        _ => Err(ErrorCode::MarshallingError),
    };
    if let Err(code) = result {
        out.truncate(mark);
        replies::put_part_error(out, code);
    }
}
