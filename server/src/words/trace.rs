//! The trace mask of `gtmk` and `stmk`: kept and told, so that scripts that set it go on working.
//! Tracing here is switched by the log filter; no code path looks at the mask.

use std::sync::atomic::{AtomicI64, Ordering};

/// Client requests, session events and warnings: Apache's default.
pub const DEFAULT: i64 = 2 | 16 | 32 | 256;

/// The mask.
#[derive(Debug)]
pub struct TraceMask(AtomicI64);

impl Default for TraceMask {
    fn default() -> Self {
        TraceMask(AtomicI64::new(DEFAULT))
    }
}

impl TraceMask {
    /// The mask now.
    pub fn get(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Sets the mask; any value is taken.
    pub fn set(&self, mask: i64) {
        self.0.store(mask, Ordering::Relaxed);
    }
}
