//! Time as the cores see it: a number that the driver hands in with every event. No clock is read
//! in this crate.

use std::ops::Add;

/// Milliseconds since a moment of the driver's choice, on a clock that never goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Millis(pub u64);

/// A later moment, in milliseconds.
impl Add<u64> for Millis {
    type Output = Millis;

    fn add(self, span_ms: u64) -> Millis {
        Millis(self.0.saturating_add(span_ms))
    }
}

/// The three settings that every deadline on the quorum port is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// `tickTime`, ms, at least 1.
    pub tick_ms: u64,
    /// `initLimit`, ticks.
    pub init_limit: u64,
    /// `syncLimit`, ticks.
    pub sync_limit: u64,
}

impl Timing {
    /// The longest wait of every step before a learner is synchronised, ms.
    pub fn init_ms(&self) -> u64 {
        self.init_limit * self.tick_ms
    }

    /// The longest silence and the longest missing ACK afterwards, ms.
    pub fn sync_ms(&self) -> u64 {
        self.sync_limit * self.tick_ms
    }
}
