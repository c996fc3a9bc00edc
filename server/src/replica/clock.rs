//! Time as the replica is told it: a moment, in two readings that never mix.

/// A moment of the monotonic clock, in microseconds since the process began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Instant(pub u64);

impl Instant {
    /// Microseconds from `earlier` to `self`; 0 if it is not earlier.
    pub fn micros_since(self, earlier: Instant) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl Instant {
    /// Whole milliseconds since the process began: the clock of sessions.
    pub fn millis(self) -> u64 {
        self.0 / 1000
    }
}

/// What the shell reads from its clocks before it calls the replica.
#[derive(Debug, Clone, Copy, Default)]
pub struct Now {
    /// Monotonic: decides latencies and expiry.
    pub instant: Instant,
    /// Wall clock, ms since the epoch: becomes ctime and mtime, decides nothing.
    pub wall_ms: i64,
}
