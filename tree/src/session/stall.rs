//! The clock that sessions live by: monotonic time without the stretches in which this server
//! itself stood still (paused process, suspended machine, a disk that blocked everything). Only
//! time is known here, no session.
//!
//! Clients keep talking while we stand still, and what they said waits in socket buffers. So the
//! session clock stops at the last beat before a stall and goes on a grace time after its end:
//! whoever was alive when we froze has that long to be heard.

use std::fmt;

/// Stalls kept for converting earlier times; older ones only matter to times before them.
const MAX_STALLS: usize = 256;

/// When a late beat is a stall. All in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StallRules {
    /// How often [`StallGuard::beat`] is called when all is well.
    pub beat_ms: u64,
    /// How late a beat may come before it is a stall.
    pub late_ms: u64,
    /// How long the session clock stands still after a stall: one tick.
    pub grace_ms: u64,
}

/// A stall as it is told to the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stall {
    /// Milliseconds from the last beat before the stall to the first one after it, and in
    /// addition what the machine slept.
    pub stood_still_ms: u64,
    /// Milliseconds that are not counted on top, for sessions to be heard.
    pub grace_ms: u64,
}

impl fmt::Display for Stall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Stall { stood_still_ms, grace_ms } = self;
        write!(
            f,
            "not counted: {stood_still_ms} ms in which this server itself stood still; every \
             session gets {grace_ms} ms more"
        )
    }
}

/// The session clock stands from `start` to `end`.
#[derive(Debug, Clone, Copy)]
struct Frozen {
    start: u64,
    end: u64,
    /// Milliseconds not counted before `start`.
    before: u64,
}

/// Watches its own beats for gaps and converts monotonic time to session time.
///
/// Invariant: `frozen` is ascending and without overlap; session time never runs backwards.
#[derive(Debug, Clone)]
pub struct StallGuard {
    rules: StallRules,
    last_beat: Option<u64>,
    asleep_ms: u64,
    frozen: Vec<Frozen>,
}

impl StallGuard {
    /// A guard that has seen no stall.
    pub fn new(rules: StallRules) -> Self {
        StallGuard { rules, last_beat: None, asleep_ms: 0, frozen: Vec::new() }
    }

    /// Feeds one beat. `asleep_ms` is how long the machine has been suspended since it started
    /// (boot-time clock minus monotonic clock), 0 if that is not known. Answers the stall that
    /// this beat ended.
    pub fn beat(&mut self, now: u64, asleep_ms: u64) -> Option<Stall> {
        let last = self.last_beat.map_or(now, |last| last.min(now));
        let gap = now - last;
        let slept = match self.last_beat {
            Some(_) => asleep_ms.saturating_sub(self.asleep_ms),
            None => 0,
        };
        self.last_beat = Some(now);
        self.asleep_ms = asleep_ms;
        let late = gap.saturating_sub(self.rules.beat_ms);
        if late.max(slept) <= self.rules.late_ms {
            return None;
        }
        let grace_ms = self.freeze(last, now);
        Some(Stall { stood_still_ms: gap + slept, grace_ms })
    }

    /// Stops the clock from `start` to `now` and a grace beyond. The grace never exceeds the time
    /// that was counted since the last one, lest a server that stalls every second never expires
    /// anything.
    fn freeze(&mut self, start: u64, now: u64) -> u64 {
        let grace = self.rules.grace_ms;
        match self.frozen.last_mut() {
            Some(last) if start <= last.end => {
                last.end = last.end.max(now);
                last.end - now
            }
            last => {
                let (before, grace) = match last {
                    Some(f) => (f.before + (f.end - f.start), grace.min(start - f.end)),
                    None => (0, grace),
                };
                if self.frozen.len() == MAX_STALLS {
                    self.frozen.remove(0);
                }
                self.frozen.push(Frozen { start, end: now + grace, before });
                grace
            }
        }
    }

    /// The session time at monotonic time `at`.
    pub fn session_time(&self, at: u64) -> u64 {
        let after = self.frozen.partition_point(|frozen| frozen.start <= at);
        match after.checked_sub(1).map(|index| self.frozen[index]) {
            Some(frozen) => at.min(frozen.start) + at.saturating_sub(frozen.end) - frozen.before,
            None => at.saturating_sub(self.frozen.first().map_or(0, |frozen| frozen.before)),
        }
    }

    /// Milliseconds between two monotonic times that no session was charged for.
    pub fn uncounted_ms(&self, from: u64, to: u64) -> u64 {
        let counted = self.session_time(to).saturating_sub(self.session_time(from));
        to.saturating_sub(from).saturating_sub(counted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RULES: StallRules = StallRules { beat_ms: 100, late_ms: 500, grace_ms: 2000 };

    fn beating(guard: &mut StallGuard, from: u64, to: u64) {
        for now in (from..=to).step_by(100) {
            assert_eq!(guard.beat(now, 0), None, "at {now}");
        }
    }

    #[test]
    fn without_stalls_session_time_is_monotonic_time() {
        let mut guard = StallGuard::new(RULES);
        beating(&mut guard, 5_000, 9_000);
        assert_eq!(guard.beat(9_600, 0), None, "500 ms late is not too late");
        assert_eq!(guard.session_time(9_700), 9_700);
        assert_eq!(guard.uncounted_ms(0, 9_700), 0);
    }

    #[test]
    fn a_pause_and_a_grace_after_it_are_not_counted() {
        let mut guard = StallGuard::new(RULES);
        beating(&mut guard, 0, 1_000);
        let stall = guard.beat(8_312, 0).unwrap();
        assert_eq!(stall, Stall { stood_still_ms: 7_312, grace_ms: 2_000 });
        assert_eq!(
            stall.to_string(),
            "not counted: 7312 ms in which this server itself stood still; every session gets \
             2000 ms more"
        );
        for at in [1_000, 4_000, 8_312, 10_312] {
            assert_eq!(guard.session_time(at), 1_000, "at {at}");
        }
        assert_eq!(guard.session_time(10_412), 1_100);
        assert_eq!(guard.session_time(900), 900, "the past does not move");
        assert_eq!(guard.uncounted_ms(900, 10_412), 9_312);
    }

    #[test]
    fn a_suspended_machine_is_a_stall_though_the_monotonic_clock_stood() {
        let mut guard = StallGuard::new(RULES);
        assert_eq!(guard.beat(1_000, 50_000), None, "sleep before the start is none of ours");
        let stall = guard.beat(1_100, 650_000).unwrap();
        assert_eq!(stall, Stall { stood_still_ms: 600_100, grace_ms: 2_000 });
        assert_eq!(guard.session_time(3_100), 1_000);
    }

    #[test]
    fn a_stall_within_the_grace_prolongs_the_freeze_and_grants_no_second_grace() {
        let mut guard = StallGuard::new(RULES);
        guard.beat(0, 0);
        assert_eq!(guard.beat(1_000, 0).unwrap().grace_ms, 2_000);
        assert_eq!(guard.beat(1_800, 0).unwrap().grace_ms, 1_200);
        assert_eq!(guard.beat(9_000, 0).unwrap().grace_ms, 0);
        assert_eq!(guard.session_time(9_000), 0);
        assert_eq!(guard.session_time(9_050), 50);
    }

    #[test]
    fn a_server_that_stalls_all_the_time_still_makes_session_time() {
        let mut guard = StallGuard::new(RULES);
        let mut now = 0;
        for _ in 0..2_000 {
            guard.beat(now, 0);
            guard.beat(now + 100, 0);
            now += 100 + 1_000;
        }
        let passed = guard.session_time(now);
        assert!(passed >= now / 22 - 3_000, "{passed} of {now}");
    }

    #[test]
    fn a_clock_that_runs_backwards_is_no_stall() {
        let mut guard = StallGuard::new(RULES);
        guard.beat(10_000, 0);
        assert_eq!(guard.beat(3_000, 0), None);
        assert_eq!(guard.session_time(3_000), 3_000);
    }

    proptest! {
        #[test]
        fn session_time_never_runs_backwards_nor_faster_than_time(
            gaps in proptest::collection::vec(0u64..4_000, 1..600),
        ) {
            let mut guard = StallGuard::new(RULES);
            let mut now = 0;
            for gap in gaps {
                let before = guard.session_time(now);
                now += gap;
                guard.beat(now, 0);
                prop_assert!(guard.session_time(now) <= now);
                prop_assert!(guard.session_time(now) + gap >= before);
            }
            let times: Vec<u64> = (0..now + 5_000).step_by(97).collect();
            let retained = guard.frozen.first().map_or(0, |frozen| frozen.start);
            for pair in times.windows(2).filter(|pair| pair[0] > retained) {
                let (a, b) = (guard.session_time(pair[0]), guard.session_time(pair[1]));
                prop_assert!(a <= b && b - a <= 97, "{a} {b} at {pair:?}");
            }
        }
    }
}
