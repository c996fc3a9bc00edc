//! The server: a sans-io replica and the tokio shell around it.

pub mod config;
pub mod metrics;
pub mod version;
pub mod words;
