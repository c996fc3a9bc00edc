//! The tree crate.

pub mod session;
