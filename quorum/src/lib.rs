//! ZAB and leader election.
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod connection;
pub mod discovery;
pub mod election;
mod follower;
pub mod leader;
pub mod learner;
pub mod membership;
mod observer;
pub mod packet;
pub mod sync;
pub mod time;

pub use election::Election;
pub use leader::Leader;
pub use learner::Learner;
pub use membership::{Membership, QuorumRule, Verifier};
pub use packet::{Packet, Txn};
pub use time::{Millis, Timing};
