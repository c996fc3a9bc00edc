//! What writes and auth packets are answered with.

use codec::client::*;
use codec::txn::{Txn, TxnBody};
use codec::{Decode, Encode, ErrorCode, OpCode, Text};
use tree::authorize::Identity;
use tree::{Applied, OpResult, TxnResult};

use super::local::Said;

/// The answer to a write whose transaction did this.
pub fn answer(op: OpCode, txn: &Txn<'_>, applied: &Applied) -> (ErrorCode, Vec<u8>) {
    if applied.err != ErrorCode::Ok {
        return (applied.err, Vec::new());
    }
    let response = match (&applied.result, op) {
        (TxnResult::None, _) => Response::Empty,
        (TxnResult::Stat(stat), OpCode::SetAcl) => Response::SetAcl(SetAclResponse { stat: *stat }),
        (TxnResult::Stat(stat), _) => Response::SetData(SetDataResponse { stat: *stat }),
        (TxnResult::Created(_), OpCode::Create) => {
            Response::Create(CreateResponse { path: created(txn) })
        }
        (TxnResult::Created(stat), _) => {
            Response::Create2(Create2Response { path: created(txn), stat: *stat })
        }
        (TxnResult::Multi(results), _) => {
            let results = results.iter().map(part).collect();
            Response::Multi(MultiResponse { results })
        }
    };
    (ErrorCode::Ok, response.to_bytes().to_vec())
}

fn created<'a>(txn: &Txn<'a>) -> Text<'a> {
    match &txn.body {
        TxnBody::Create(body) | TxnBody::Create2(body) => body.path.clone(),
        TxnBody::CreateContainer(body) => body.path.clone(),
        TxnBody::CreateTtl(body) => body.path.clone(),
        other => panic!("nothing was created: {other:?}"),
    }
}

fn part(result: &OpResult) -> MultiResult<'_> {
    match result {
        OpResult::Created { op: OpCode::Create, path, .. } => {
            MultiResult::Create(CreateResponse { path: Some((&**path).into()) })
        }
        OpResult::Created { path, stat, .. } => {
            MultiResult::Create2(Create2Response { path: Some((&**path).into()), stat: *stat })
        }
        OpResult::Deleted => MultiResult::Delete,
        OpResult::Stat { stat, .. } => MultiResult::SetData(SetDataResponse { stat: *stat }),
        OpResult::Checked => MultiResult::Check,
        OpResult::Error(code) => MultiResult::Error(code.code()),
    }
}

/// The identity that bob:secret gives.
pub const BOB: &str = "bob:fyVmFCwVbTJYrznoSu1koqYEYF0=";

/// The answer to auth or sasl. Only bob's password is known here.
pub fn auth(op: Option<OpCode>, body: &[u8]) -> Said {
    if op == Some(OpCode::Sasl) {
        return match GetSaslRequest::from_bytes(body) {
            Ok(GetSaslRequest { token: Some(_) }) => Said::Body(vec![0xff; 4]),
            _ => Said::Silence,
        };
    }
    let Ok(packet) = AuthPacket::from_bytes(body) else {
        return Said::Silence;
    };
    match (packet.scheme.as_deref(), packet.auth) {
        (Some("ip"), _) => Said::Body(Vec::new()),
        (Some("digest"), Some(b"bob:secret")) => Said::Identity(Identity::new("digest", BOB)),
        _ => Said::Error(ErrorCode::AuthFailed),
    }
}
