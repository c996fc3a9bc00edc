//! The znode state machine: what a request means (`prepare`), what a transaction does
//! ([`Tree::apply`]), who is told of it (`watch`), which sessions live (`session`).
//!
//! Pure and deterministic: time, randomness and results of I/O come in as arguments, and nothing
//! here knows a socket, a file, a clock or who leads. The same transactions build the same tree
//! in every process.
//!
//! [`Tree::find`] and [`Tree::node`] read; [`Tree::apply`] alone changes; [`TreeLoader`] builds a
//! tree from a snapshot and [`Tree::snapshot_slice`] writes one while transactions go on.
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod acl_cache;
pub mod apply;
mod arena;
pub mod authorize;
pub mod change;
pub mod digest;
mod index;
mod invariants;
pub mod kind;
pub mod load;
mod network;
pub mod node;
pub mod path;
pub mod prepare;
pub mod quota;
mod seeded;
pub mod session;
mod slab;
#[cfg(test)]
mod testing;
pub mod tree;
pub mod visit;
pub mod watch;

pub use acl_cache::{AclCache, AclRecord};
pub use apply::{Applied, DigestMismatch, OpResult, TxnResult};
pub use arena::NodeId;
pub use change::{Change, ChangeSink};
pub use kind::{KindRules, NodeKind};
pub use load::{LoadError, TreeLoader};
pub use node::NodeRef;
pub use quota::{Quota, QuotaText};
pub use tree::{ApplyCounters, Tree, TreeConfig};
pub use visit::CursorId;
