//! ZAB and leader election.
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod connection;
pub mod election;
pub mod membership;
pub mod packet;
pub mod time;

pub use membership::{Membership, QuorumRule, Verifier};
pub use packet::{Packet, Txn};
pub use time::{Millis, Timing};
