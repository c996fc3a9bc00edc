//! Sessions: ids, passwords, timeouts, who is tracked and when it expires, and the rate at which
//! new ones may come.
//!
//! Everything here is a function of what is passed in. Times are milliseconds of a monotonic
//! clock that the caller reads; wall clocks, sockets and transactions may not be known here. The
//! session table that is replicated and snapshotted belongs to the tree; the tracker here is what
//! a leader or a standalone server keeps beside it.

mod expiry;
mod id;
mod password;
mod stall;
mod throttle;
mod timeout;
mod tracker;

pub use expiry::{Bucket, Expiry, SweepBudget, bucket_of};
pub use id::SessionIds;
pub use password::{PASSWORD_LEN, is_valid_password, password};
pub use stall::{Stall, StallGuard, StallRules};
pub use throttle::{Admission, ConnectKind, ConnectThrottle, Freeze, ThrottleRules, Weights};
pub use timeout::{TimeoutBounds, TimeoutBoundsError};
pub use tracker::{Owner, SessionKind, SessionTracker, Sweep, TrackerRules};
