//! Recorded streams.
