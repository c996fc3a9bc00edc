//! The server: a sans-io replica and the tokio shell around it.
#![forbid(unsafe_code)]

pub mod config;
pub mod logging;
pub mod metrics;
pub mod replica;
pub mod shell;
pub mod version;
pub mod words;
