//! The tree crate.
