//! Every byte layout of ZooKeeper: jute primitives, client records, transactions, quorum packets,
//! election messages, log and snapshot records.
//!
//! Pure functions between bytes and values. Nothing in here may know a socket, a file, a clock or
//! any state; nothing in here panics or allocates by a length that the input only claims.
//! Reading borrows from the input ([`Decode`], nom parsers); writing appends to a
//! [`bytes::BytesMut`] ([`Encode`]).
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod acl;
pub mod client;
pub mod code;
pub mod disk;
pub mod error;
pub mod ids;
pub mod jute;
pub mod peer;
#[cfg(test)]
mod sample;
pub mod stat;
#[cfg(test)]
mod tests;
pub mod txn;

pub use acl::{Acl, AclList, Id};
pub use code::{ErrorCode, OpCode};
pub use error::DecodeError;
pub use ids::{ServerId, SessionId, Xid, Zxid};
pub use jute::{Buffer, Decode, Encode, Text, Vector};
pub use stat::{Stat, StatPersisted};
