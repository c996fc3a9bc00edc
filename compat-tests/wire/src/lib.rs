//! Black-box checks of a ZooKeeper server over raw sockets: the instruments, not the checks.
//!
//! Here live the server under test ([`server`], [`bed`]), a blocking client that shows every byte
//! ([`client`]), what a check says about replies ([`expect`]) and the list that the runner is
//! given ([`case`]). Which server is tested is known to [`server`] alone. The checks themselves are
//! in `tests/wire/`. Everything here panics with a clear sentence when the server does not do
//! what the caller says it does, because every caller is a check; every wait has a bound.
#![forbid(unsafe_code)]

pub mod bed;
pub mod case;
pub mod client;
pub mod expect;
pub mod handshake;
pub mod ops;
mod requests;
pub mod server;
pub mod spawn;
