//! When to begin a new log file, and when to take a snapshot. Decides; does nothing.
//!
//! Apache rolls and snapshots after between half and all of `snapCount` transactions (or of
//! `snapSizeLimitInKb` of log). At our speed that would be several snapshots a second, so one rule
//! is added: a snapshot also waits until the log since the last one outweighs the last one. The
//! disk then carries at most twice the bytes of the transactions, and a restart replays at most
//! about one snapshot's worth of log.

/// The settings. Sizes in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CadenceOptions {
    /// `zookeeper.snapCount`, at least 2.
    pub snap_count: u32,
    /// `zookeeper.snapSizeLimitInKb`; `None` is off.
    pub snap_size_limit: Option<u64>,
    /// `zookeeper.txnLogSizeLimitInKb`; `None` is off.
    pub log_size_limit: Option<u64>,
}

impl Default for CadenceOptions {
    /// ZooKeeper's: 100,000 transactions, 4 GiB, no limit of the file.
    fn default() -> Self {
        CadenceOptions { snap_count: 100_000, snap_size_limit: Some(4 << 30), log_size_limit: None }
    }
}

/// What to do after an append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// Nothing.
    Nothing,
    /// Begin a new log file.
    Roll,
    /// Begin a new log file and a snapshot beside it.
    RollAndSnapshot,
}

/// Counts what goes into the log.
#[derive(Debug, Clone)]
pub struct Cadence {
    options: CadenceOptions,
    /// Limits of this round: half of the setting and a random part of the other half.
    count_limit: u64,
    size_limit: u64,
    /// Since the last snapshot was begun.
    count: u64,
    bytes: u64,
    /// Since the log was rolled.
    file_count: u64,
    /// Bytes of the last snapshot, before compression.
    snapshot_bytes: u64,
    snapshot_running: bool,
}

impl Cadence {
    /// Begins with what recovery found: transactions and log bytes behind a snapshot of
    /// `snapshot_bytes`. `random` is any number; it spreads the snapshots of an ensemble.
    pub fn new(
        options: CadenceOptions,
        replayed: u64,
        replayed_bytes: u64,
        snapshot_bytes: u64,
        random: u64,
    ) -> Self {
        let mut cadence = Cadence {
            options,
            count_limit: 0,
            size_limit: 0,
            count: replayed,
            bytes: replayed_bytes,
            file_count: 0,
            snapshot_bytes,
            snapshot_running: false,
        };
        cadence.draw(random);
        cadence
    }

    /// One transaction of `record_bytes` was appended to a file that now has `file_size` bytes with
    /// the space allocated ahead. `random` is any number, used when a new round begins.
    pub fn appended(&mut self, record_bytes: u64, file_size: u64, random: u64) -> Due {
        self.count += 1;
        self.file_count += 1;
        self.bytes += record_bytes;
        let over = self.count > self.count_limit || self.bytes > self.size_limit;
        if over && !self.snapshot_running && self.bytes > self.snapshot_bytes {
            self.snapshot_running = true;
            (self.count, self.bytes, self.file_count) = (0, 0, 0);
            self.draw(random);
            return Due::RollAndSnapshot;
        }
        // Apache also rolls where a snapshot is due but one is running; files stay of usual size.
        let long = self.file_count > self.count_limit.max(self.options.snap_count.into());
        let large = self.options.log_size_limit.is_some_and(|limit| file_size > limit);
        if long || large {
            self.file_count = 0;
            return Due::Roll;
        }
        Due::Nothing
    }

    /// The snapshot that was due is in place, with so many bytes before compression.
    pub fn snapshot_finished(&mut self, bytes: u64) {
        self.snapshot_running = false;
        self.snapshot_bytes = bytes;
    }

    /// A snapshot was made outside of the cadence (start-up, sync with a leader).
    pub fn snapshot_made(&mut self, bytes: u64, random: u64) {
        (self.count, self.bytes) = (0, 0);
        self.draw(random);
        self.snapshot_finished(bytes);
    }

    fn draw(&mut self, random: u64) {
        let spread = |whole: u64, random: u64| {
            let half = whole / 2;
            half + random.checked_rem(half).unwrap_or(0)
        };
        self.count_limit = spread(self.options.snap_count.max(2).into(), random);
        let size = |limit| spread(limit, random.rotate_left(32));
        self.size_limit = self.options.snap_size_limit.map_or(u64::MAX, size);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn options(snap_count: u32) -> CadenceOptions {
        CadenceOptions { snap_count, ..CadenceOptions::default() }
    }

    /// Appends of 100 bytes until something other than nothing is due.
    fn until_due(cadence: &mut Cadence, file_size: u64) -> (u64, Due) {
        (1..1_000_000)
            .map(|n| (n, cadence.appended(100, file_size, 7)))
            .find(|(_, due)| *due != Due::Nothing)
            .unwrap()
    }

    proptest! {
        #[test]
        fn a_snapshot_comes_between_half_and_all(random: u64, snap_count in 2u32..5_000) {
            let mut cadence = Cadence::new(options(snap_count), 0, 0, 0, random);
            let (n, due) = until_due(&mut cadence, 0);
            prop_assert_eq!(due, Due::RollAndSnapshot);
            let count = u64::from(snap_count);
            prop_assert!(n > count / 2 && n <= count.max(2), "after {}", n);
        }
    }

    #[test]
    fn a_snapshot_waits_until_the_log_outweighs_the_last() {
        let mut cadence = Cadence::new(options(100), 0, 0, 50_000, 0);
        let rolls = (1..=500).filter(|_| cadence.appended(100, 0, 0) == Due::Roll).count();
        assert!((4..=5).contains(&rolls), "files stay short meanwhile: {rolls}");
        assert_eq!(cadence.appended(100, 0, 0), Due::RollAndSnapshot);
    }

    #[test]
    fn one_snapshot_at_a_time() {
        let mut cadence = Cadence::new(options(10), 0, 0, 0, 0);
        assert_eq!(until_due(&mut cadence, 0), (6, Due::RollAndSnapshot));
        assert_eq!(until_due(&mut cadence, 0).1, Due::Roll);
        cadence.snapshot_finished(0);
        assert_eq!(cadence.appended(100, 0, 0), Due::RollAndSnapshot);
    }

    #[test]
    fn sizes_count_too() {
        let limits = CadenceOptions {
            snap_size_limit: Some(10_000),
            log_size_limit: Some(70_000),
            ..CadenceOptions::default()
        };
        let mut cadence = Cadence::new(limits, 0, 0, 0, 0);
        assert_eq!(until_due(&mut cadence, 65_552), (51, Due::RollAndSnapshot));
        assert_eq!(cadence.appended(100, 131_088, 0), Due::Roll);
    }

    #[test]
    fn a_long_replay_makes_the_first_snapshot_early() {
        let mut cadence = Cadence::new(options(100_000), 90_000, 9_000_000, 1_000, 0);
        assert_eq!(cadence.appended(100, 0, 0), Due::RollAndSnapshot);
    }
}
