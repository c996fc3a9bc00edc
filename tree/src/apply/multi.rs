//! Multi: several steps under one zxid, all or none.

use codec::txn::{MultiTxn, SubTxn, TxnBody};
use codec::{ErrorCode, OpCode};

use super::{OpResult, Outcome, Step, TxnResult, error_code, text};
use crate::change::ChangeSink;
use crate::tree::Tree;

impl Tree {
    pub(super) fn apply_multi(
        &mut self,
        step: &Step,
        multi: &MultiTxn<'_>,
        changes: &mut impl ChangeSink,
    ) -> Outcome {
        let parts: Option<Vec<_>> = multi.txns.iter().map(decode).collect();
        let parts = parts.ok_or(ErrorCode::MarshallingError)?;
        if parts.iter().any(|part| matches!(part, TxnBody::Error(_))) {
            return Ok(TxnResult::Multi(failed(&parts)));
        }
        let results = parts.iter().map(|part| self.apply_part(step, part, changes));
        Ok(TxnResult::Multi(results.collect()))
    }

    fn apply_part(
        &mut self,
        step: &Step,
        part: &TxnBody<'_>,
        changes: &mut impl ChangeSink,
    ) -> OpResult {
        let result = self.apply_one(step, part, changes);
        match result {
            Ok(TxnResult::Created(stat)) => {
                OpResult::Created { op: part.op(), path: created_path(part).into(), stat }
            }
            Ok(TxnResult::Stat(stat)) => OpResult::Stat { op: part.op(), stat },
            Ok(_) if matches!(part, TxnBody::Check(_)) => OpResult::Checked,
            Ok(_) => OpResult::Deleted,
            Err(code) => {
                self.counters.surprises += 1;
                OpResult::Error(code)
            }
        }
    }
}

/// A part must be whole before any part is applied; a multi inside a multi is nothing known.
fn decode<'a>(part: &SubTxn<'a>) -> Option<TxnBody<'a>> {
    let op = OpCode::from_code(part.txn_type)?;
    if matches!(op, OpCode::Multi | OpCode::CreateSession | OpCode::CloseSession) {
        return None;
    }
    TxnBody::decode(part.txn_type, part.data.unwrap_or_default()).ok().map(|(_, body)| body)
}

/// Parts before the one that failed answer 0, it answers its code, those behind it -2.
fn failed(parts: &[TxnBody<'_>]) -> Vec<OpResult> {
    let mut past_failure = false;
    let result = parts.iter().map(|part| match part {
        TxnBody::Error(error) => {
            past_failure = true;
            OpResult::Error(error_code(error.err))
        }
        _ if past_failure => OpResult::Error(ErrorCode::RuntimeInconsistency),
        _ => OpResult::Error(ErrorCode::Ok),
    });
    result.collect()
}

fn created_path<'a>(part: &'a TxnBody<'_>) -> &'a str {
    match part {
        TxnBody::Create(body) | TxnBody::Create2(body) => text(&body.path),
        TxnBody::CreateContainer(body) => text(&body.path),
        TxnBody::CreateTtl(body) => text(&body.path),
        _ => "",
    }
}
