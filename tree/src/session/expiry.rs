//! When a session expires, and what is told of it: the arithmetic of buckets and the records that
//! leave the tracker. Which sessions there are is the tracker's business.

use std::fmt;

use codec::SessionId;

/// The end of the bucket in which a session falls that was heard at `heard` (session time, ms):
/// the first whole tick after its timeout. It expires once that time is reached.
pub fn bucket_of(heard: u64, timeout_ms: u64, tick_ms: u64) -> u64 {
    let tick_ms = tick_ms.max(1);
    (heard.saturating_add(timeout_ms) / tick_ms).saturating_add(1).saturating_mul(tick_ms)
}

/// How much one sweep may do, so that the end of very many sessions is spread over many sweeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SweepBudget {
    /// Sessions to expire at most. Each costs a transaction.
    pub expire: usize,
    /// Sessions to look at, at most; most are alive and only change their bucket.
    pub look: usize,
}

/// One session that has expired, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expiry {
    /// The session. It is closing from now on.
    pub session: SessionId,
    /// Its negotiated timeout.
    pub timeout_ms: u64,
    /// Milliseconds since anything was heard of it.
    pub silent_ms: u64,
    /// How many of those were not charged to it, because we stood still.
    pub uncounted_ms: u64,
    /// End of its bucket, in session time.
    pub bucket: u64,
    /// Milliseconds of session time since that end.
    pub overdue_ms: u64,
}

impl fmt::Display for Expiry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Expiry { session, timeout_ms, silent_ms, uncounted_ms, bucket, overdue_ms } = self;
        write!(
            f,
            "session {session} expired: nothing heard for {silent_ms} ms, timeout {timeout_ms} \
             ms, its bucket {bucket} ended {overdue_ms} ms ago; not counted: {uncounted_ms} ms in \
             which this server itself stood still"
        )
    }
}

/// Sessions that will expire together, for the `dump` word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    /// Milliseconds from now until they expire if nothing is heard; negative when overdue.
    pub expires_in_ms: i64,
    /// Ascending.
    pub sessions: Vec<SessionId>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_ends_between_timeout_and_timeout_plus_one_tick() {
        for heard in [0, 1, 1_999, 2_000, 123_457] {
            let end = bucket_of(heard, 4_000, 2_000);
            assert_eq!(end % 2_000, 0);
            assert!(end > heard + 4_000 && end <= heard + 6_000, "{heard}: {end}");
        }
    }

    #[test]
    fn a_deadline_on_the_tick_belongs_to_the_next_bucket() {
        assert_eq!(bucket_of(2_000, 4_000, 2_000), 8_000);
        assert_eq!(bucket_of(1_999, 4_000, 2_000), 6_000);
    }

    #[test]
    fn absurd_numbers_saturate() {
        assert_eq!(bucket_of(u64::MAX, 1, 0), u64::MAX);
        assert_eq!(bucket_of(5, u64::MAX, 2_000), u64::MAX);
    }

    #[test]
    fn the_log_line_says_why() {
        let expiry = Expiry {
            session: SessionId(0x1_0000),
            timeout_ms: 4_000,
            silent_ms: 13_000,
            uncounted_ms: 7_312,
            bucket: 6_000,
            overdue_ms: 12,
        };
        assert_eq!(
            expiry.to_string(),
            "session 0x10000 expired: nothing heard for 13000 ms, timeout 4000 ms, its bucket \
             6000 ended 12 ms ago; not counted: 7312 ms in which this server itself stood still"
        );
    }
}
