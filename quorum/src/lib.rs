//! Leader election and ZAB: how servers agree on one order of transactions. The whole protocol in
//! state machines that take `(now, event)` and hand out effects.
//!
//! In here is no socket, file, clock, thread or randomness, and nobody knows what a transaction
//! means (the one exception: a reconfiguration is recognised, [`membership::config_in`]).
//!
//! # The protocol on one page
//!
//! ```text
//!             ┌──────────────────────── LOOKING ◀──────────────────────────────┐
//!             │  phase 0, election: votes (epoch, zxid, id); the best vote of  │
//!             │  a quorum wins                                                 │ Stop / Leave
//!       LEADING                                  FOLLOWING, OBSERVING          │
//!   Leader  │ phase 1, discovery                     │  Learner               │
//!           │ ◀──── FOLLOWERINFO(acceptedEpoch) ──── │                        │
//!  acceptedEpoch = e = 1 + max, on disk              │                        │
//!           │ ───── LEADERINFO(e) ─────────────────▶ │ acceptedEpoch = e, on disk
//!           │ ◀──── ACKEPOCH(currentEpoch, last) ─── │                        │
//!  a quorum: nobody of it knows more than the leader │                        │
//!  currentEpoch = e, on disk                         │                        │
//!           │ phase 2, synchronisation               │                        │
//!           │ ───── DIFF | TRUNC | SNAP, ──────────▶ │                        │
//!           │       (PROPOSAL, COMMIT)*, NEWLEADER   │ history on disk, then   │
//!           │                                        │ currentEpoch = e on disk│
//!           │ ◀──── ACK(e<<32) ───────────────────── │                        │
//!  a quorum: the epoch is established, serve         │                        │
//!           │ ───── UPTODATE, what was held back ──▶ │ serve                  │
//!           │ phase 3, broadcast                     │                        │
//!           │ ───── PROPOSAL(z) ───────────────────▶ │ append, sync           │
//!           │ ◀──── ACK(z) ───────────────────────── │                        │
//!  a quorum has z on disk, all before z committed    │                        │
//!           │ ───── COMMIT(z), observers INFORM(z) ▶ │ apply ─────────────────┘
//! ```
//!
//! What makes it safe: two quorums share a server ([`QuorumRule`]); a server promises its epoch on
//! disk before it answers ([`discovery`]); a leader was seen to know everything that its quorum
//! knows; a learner takes the new epoch only when it holds the new history ([`Learner`]); nothing is
//! acknowledged that is not on disk, nothing applied that is not committed and on disk; what a
//! learner has and the leader lacks is cut away or outranked ([`sync::plan()`]).
//!
//! # The rooms
//!
//! | module | decides |
//! |---|---|
//! | [`membership`] | which sets of servers are a quorum |
//! | [`election`], [`connection`] | who leads; which of two connections lives |
//! | [`discovery`] | the epoch, and who may be counted |
//! | [`sync`] | what a learner is sent; the window of committed transactions |
//! | [`leader`] | the leader's phases, broadcast, liveness |
//! | [`learner`] | the phases of follower and observer |
//!
//! # How to drive it
//!
//! 1. One [`Election`] lives as long as the server; [`connection::Slots`] holds what goes to each
//!    peer. Every message goes in by `handle_message`, in every state: latecomers are answered. An
//!    observer that lost its leader waits a random while first; that is the driver's dice.
//! 2. `Decided` LEADING: a fresh [`Leader`]. FOLLOWING or OBSERVING: connect, then a fresh
//!    [`Learner`]. Connections take some time and tries; one that is turned away looks again.
//! 3. After every call: `take_effects`, and carry them out at once and in order. Nothing has to be
//!    delayed: what depends on the disk is not handed out before the driver reports the disk's work
//!    (`handle_durable`, `handle_…_persisted`, `handle_snapshot_saved`, …). Disk work of one role is
//!    done in the order in which it was asked for. An error of the disk ends the process.
//! 4. Wake each core at its `next_wake`.
//! 5. `Stop` or `Leave`: end all work of the old role (finish or drop the appends), then drop the
//!    tree if `discard_memory`, else replay the log into it; take `into_committed`; then
//!    `Election::start_looking` with the last zxid of all that is in the log.
//! 6. `Serve`: `Election::report_epoch`. `ConfigSeen` and `ConfigCommitted`: write, and
//!    `Election::set_membership`.
//!
//! A follower's PROPOSAL on its way: `Learner::handle_packet` → `Append` → the disk syncs →
//! `handle_durable` → `Send(ACK)`; later COMMIT → `Apply`.
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod connection;
pub mod discovery;
pub mod election;
mod follower;
pub mod leader;
pub mod learner;
pub mod membership;
mod observer;
pub mod packet;
pub mod sync;
pub mod time;

pub use election::Election;
pub use leader::Leader;
pub use learner::Learner;
pub use membership::{Membership, QuorumRule, Verifier};
pub use packet::{Packet, Txn};
pub use time::{Millis, Timing};
