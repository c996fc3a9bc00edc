//! Whole ensembles of cores on a virtual network, virtual disks and a virtual clock, and the
//! recorded streams of Apache servers replayed through single cores. Everything is deterministic.
#![allow(clippy::unwrap_used)]

mod disk;
mod node;
mod replay;
mod stories;
mod world;
