//! The only place where clocks are read.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::replica::clock::{Instant, Now};

/// The process's clocks.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    start: std::time::Instant,
}

impl Default for Clock {
    fn default() -> Self {
        Clock { start: std::time::Instant::now() }
    }
}

impl Clock {
    /// The moment.
    pub fn now(&self) -> Now {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        Now { instant: self.instant(), wall_ms: wall.as_millis() as i64 }
    }

    /// The monotonic moment alone.
    pub fn instant(&self) -> Instant {
        Instant(self.start.elapsed().as_micros() as u64)
    }

    /// Milliseconds for which the machine was suspended since it started: the boot-time clock
    /// goes on while it sleeps, the monotonic one does not.
    pub fn asleep_ms(&self) -> u64 {
        use rustix::time::{ClockId, clock_gettime};
        let ms = |clock| {
            let time = clock_gettime(clock);
            time.tv_sec as u64 * 1000 + time.tv_nsec as u64 / 1_000_000
        };
        ms(ClockId::Boottime).saturating_sub(ms(ClockId::Monotonic))
    }
}
