//! A load generator for any ZooKeeper server: it knows the protocol by `codec` and nothing of any
//! server's internals.
//!
//! One thread, one epoll, frames encoded before the run and patched in place, replies cut where the
//! socket put them: so little CPU that the server is what is measured. Every reply is checked.
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod check;
pub mod cli;
pub mod cost;
pub mod crowd;
pub mod engine;
pub mod error;
pub mod frames;
pub mod handshake;
pub mod limits;
pub mod link;
pub mod prepare;
pub mod report;
pub mod workload;
