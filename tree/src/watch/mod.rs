//! Watches: who has registered for what, whom a change concerns, and what a reconnecting client
//! is owed at once.
//!
//! Watches belong to connections, not to sessions, and are kept under node ids: a path is stored
//! only while there is no node. Whether a connection may see an event (its identities against the
//! ACL that comes along), and sending it, are the server's business; no transaction is made here.
//!
//! The parts, from the ground up: `modes` (words), `ids` and `paged` (containers), `list` (who
//! watches one path), `missing` and `owned` (paths without nodes; the other direction), `table`
//! (registering and removing), `report` (counts and lists), `fire` (changes), `set_watches`
//! (reconnects).

mod fire;
mod ids;
mod list;
mod missing;
mod modes;
mod owned;
mod paged;
mod report;
mod set_watches;
mod table;

pub use fire::{EventType, Fired, Firing};
pub use modes::{AddWatchMode, Table, WatcherId, WatcherType};
pub use report::WatchSummary;
pub use set_watches::Replay;
pub use table::WatchTable;

#[cfg(test)]
mod tests;
