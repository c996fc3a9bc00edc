//! Figures of the server, under Apache's names: what is counted while it works ([`Metrics`]) and
//! what is looked up when somebody asks ([`Gauges`]).
//!
//! Counting takes no lock (percentiles excepted: a short sharded one per batch, see [`summary`])
//! and allocates nothing once a key is known. Nothing here formats text: `words` and later HTTP do.

pub mod counter;
pub mod gauges;
pub mod process;
pub mod registry;
pub mod sets;
pub mod summary;

pub use gauges::{Gauges, LeaderGauges, NamespaceQuota};
pub use registry::{Figure, Metrics};
pub use summary::{Batch, Unit};

#[cfg(test)]
mod tests;
