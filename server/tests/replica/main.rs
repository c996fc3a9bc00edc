//! The replica driven by hand: no socket, no clock, no thread. Each test decides what arrives
//! when, what the disk has made durable, and what the client's socket takes.

// Reason: a test that cannot go on should say where.
#![allow(clippy::unwrap_used)]

mod ask;
mod bounds;
mod found;
mod harness;
mod histories;
mod local;
mod model;
mod order;
mod random;
mod reaper;
mod sessions;
mod watchers;
mod words;
mod written;
