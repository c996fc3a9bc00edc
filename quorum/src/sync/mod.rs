//! Phase 2, synchronisation: what a leader sends to bring a learner to its own history
//! ([`plan()`]), from the window of committed transactions that it keeps ([`committed`]), and how
//! the learner takes it in (`learner`).

pub mod committed;
pub(crate) mod learner;
pub mod plan;

pub use committed::CommittedLog;
pub use plan::{DiskWindow, Plan, PlanInput, Step, plan};
