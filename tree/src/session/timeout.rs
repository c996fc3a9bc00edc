//! Negotiating session timeouts: the bounds of the configuration, and the clamp.

/// What a requested session timeout is clamped to, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeoutBounds {
    min_ms: i32,
    max_ms: i32,
}

/// `minSessionTimeout` lies above `maxSessionTimeout`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "minSessionTimeout ({min_ms} ms) must not be larger than maxSessionTimeout ({max_ms} ms); \
     unset, they are 2 and 20 times tickTime"
)]
pub struct TimeoutBoundsError {
    /// The lower bound that was asked for or derived from tickTime.
    pub min_ms: i32,
    /// The upper bound that was asked for or derived from tickTime.
    pub max_ms: i32,
}

impl TimeoutBounds {
    /// The bounds of a configuration. A negative bound means unset: 2 ticks below, 20 above.
    ///
    /// # Errors
    /// The lower bound exceeds the upper one.
    pub fn new(tick_ms: i32, min_ms: i32, max_ms: i32) -> Result<Self, TimeoutBoundsError> {
        let or_ticks = |set: i32, ticks| {
            if set < 0 { tick_ms.saturating_mul(ticks) } else { set }
        };
        let (min_ms, max_ms) = (or_ticks(min_ms, 2), or_ticks(max_ms, 20));
        if min_ms > max_ms {
            return Err(TimeoutBoundsError { min_ms, max_ms });
        }
        Ok(TimeoutBounds { min_ms, max_ms })
    }

    /// The timeout that a client gets which asked for `requested_ms`, of whatever sign.
    pub fn negotiate(self, requested_ms: i32) -> i32 {
        requested_ms.clamp(self.min_ms, self.max_ms)
    }

    /// Lower bound in milliseconds.
    pub fn min_ms(self) -> i32 {
        self.min_ms
    }

    /// Upper bound in milliseconds.
    pub fn max_ms(self) -> i32 {
        self.max_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unset_bounds_are_two_and_twenty_ticks() {
        let bounds = TimeoutBounds::new(2000, -1, -1).unwrap();
        for (asked, given) in [(1, 4000), (-5, 4000), (0, 4000), (30000, 30000), (1_000_000, 40000)]
        {
            assert_eq!(bounds.negotiate(asked), given, "{asked}");
        }
    }

    #[test]
    fn set_bounds_win_over_ticks() {
        let bounds = TimeoutBounds::new(2000, 100, 60000).unwrap();
        assert_eq!((bounds.min_ms(), bounds.max_ms()), (100, 60000));
        assert_eq!(bounds.negotiate(i32::MAX), 60000);
        assert_eq!(bounds.negotiate(i32::MIN), 100);
    }

    #[test]
    fn a_lower_bound_above_the_upper_one_is_refused_with_both_names() {
        let error = TimeoutBounds::new(2000, 50000, -1).unwrap_err();
        assert_eq!(error, TimeoutBoundsError { min_ms: 50000, max_ms: 40000 });
        let text = error.to_string();
        assert!(text.contains("minSessionTimeout (50000 ms)"), "{text}");
        assert!(text.contains("maxSessionTimeout (40000 ms)"), "{text}");
    }

    #[test]
    fn a_huge_tick_saturates() {
        let bounds = TimeoutBounds::new(i32::MAX, -1, -1).unwrap();
        assert_eq!(bounds.negotiate(1), i32::MAX);
    }
}
