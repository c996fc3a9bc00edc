//! multi: every part judged behind the earlier ones, all of them or none.

use bytes::BytesMut;
use codec::client::{MultiOp, MultiRequest};
use codec::txn::{ErrorTxn, SubTxn, TxnBody};
use codec::{Encode, ErrorCode, OpCode, Zxid};

use super::create::{Ask, Mode};
use super::{Caller, Preparer, read};
use crate::tree::Tree;

/// A prepared part: its type and its body's bytes.
pub(super) struct Part {
    op: OpCode,
    body: BytesMut,
}

impl Part {
    fn new(body: &TxnBody<'_>) -> Self {
        Part { op: body.op(), body: body.to_bytes() }
    }

    fn error(code: ErrorCode) -> Self {
        Self::new(&TxnBody::Error(ErrorTxn { err: code.code() }))
    }
}

impl Encode for Part {
    fn encode(&self, out: &mut BytesMut) {
        SubTxn { txn_type: self.op.code(), data: Some(&self.body) }.encode(out);
    }
}

impl Preparer {
    /// The parts of the transaction. If one of them is refused nothing stays in flight: that
    /// part and all behind it are error parts, the ones before stand for the log only.
    ///
    /// # Errors
    /// MARSHALLINGERROR for a request that cannot be read, or mixes what may not be mixed.
    pub(super) fn multi(
        &mut self,
        tree: &Tree,
        caller: &Caller<'_>,
        zxid: Zxid,
        body: &[u8],
    ) -> Result<Vec<Part>, ErrorCode> {
        let request: MultiRequest<'_> = read(body)?;
        let steps = request.ops.into_iter().map(normalise).collect::<Result<Vec<_>, _>>()?;
        let (mark, digest, total) = (self.overlay.mark(), self.digest, steps.len());
        let mut parts = Vec::with_capacity(total);
        let mut room = self.rules.multi_bytes_max;
        for step in steps {
            let part = self.step(tree, caller, zxid, step).map(|body| Part::new(&body));
            match part.and_then(|part| fits(part, &mut room)) {
                Ok(part) => parts.push(part),
                Err(code) => {
                    self.overlay.roll_back(mark);
                    self.digest = digest;
                    parts.push(Part::error(code));
                    break;
                }
            }
        }
        parts.resize_with(total, || Part::error(ErrorCode::RuntimeInconsistency));
        Ok(parts)
    }

    fn step<'r>(
        &mut self,
        tree: &Tree,
        caller: &Caller<'_>,
        zxid: Zxid,
        step: Step<'r>,
    ) -> Result<TxnBody<'r>, ErrorCode> {
        match step {
            Step::Create(ask) => self.create(tree, caller, zxid, ask),
            Step::Other(MultiOp::Delete(request)) => self.delete(tree, caller, zxid, request),
            Step::Other(MultiOp::SetData(request)) => self.set_data(tree, caller, zxid, request),
            Step::Other(MultiOp::Check(request)) => self.check(tree, caller, request),
            Step::Other(_) => Err(ErrorCode::MarshallingError),
        }
    }
}

/// A part that still fits: what no member could read back must not become a transaction.
fn fits(part: Part, room: &mut usize) -> Result<Part, ErrorCode> {
    *room = room.checked_sub(part.body.len() + 8).ok_or(ErrorCode::MarshallingError)?;
    Ok(part)
}

enum Step<'r> {
    Create(Ask<'r>),
    Other(MultiOp<'r>),
}

/// What a part asks for, or the error that makes the whole request unreadable.
fn normalise(op: MultiOp<'_>) -> Result<Step<'_>, ErrorCode> {
    Ok(match op {
        MultiOp::Create(request) => Step::Create(creating(Ask::plain(OpCode::Create, request))?),
        MultiOp::Create2(request) => Step::Create(creating(Ask::plain(OpCode::Create2, request))?),
        MultiOp::CreateContainer(request) => {
            Step::Create(creating(Ask::plain(OpCode::CreateContainer, request))?)
        }
        MultiOp::CreateTtl(request) => Step::Create(creating(Ask::with_ttl(request))?),
        MultiOp::GetData(_) | MultiOp::GetChildren(_) => return Err(ErrorCode::MarshallingError),
        other => Step::Other(other),
    })
}

/// In a multi the flags decide more than at top level: a container flag makes a container, and
/// flags and ACLs that cannot be are errors of the whole request.
fn creating(mut ask: Ask<'_>) -> Result<Ask<'_>, ErrorCode> {
    let mode = Mode::from_flags(ask.flags).ok_or(ErrorCode::MarshallingError)?;
    if ask.acl.is_none() || mode.ttl && ask.op != OpCode::CreateTtl {
        return Err(ErrorCode::MarshallingError);
    }
    if mode.container {
        ask.op = OpCode::CreateContainer;
    } else if ask.op == OpCode::CreateTtl && !mode.ttl {
        (ask.op, ask.ttl) = (OpCode::Create, -1);
    }
    Ok(ask)
}
