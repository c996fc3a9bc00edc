//! Transactions: what the leader proposes, what the log stores, what every server applies.
//!
//! The bytes of [`Txn`] are the same in a PROPOSAL, in an INFORM and in a log record.

pub mod body;
pub mod header;

pub use body::*;
pub use header::{Txn, TxnDigest, TxnHeader};
