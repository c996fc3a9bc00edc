//! Values of the log, the snapshots and retention. How they are used is storage's matter.

use std::time::Duration;

use crate::config::settings::Settings;

/// Fewest snapshots that retention may leave, as in Apache.
const RETAIN_MIN: u32 = 3;

/// Smallest `snapCount` that Apache takes.
const SNAP_COUNT_MIN: u32 = 2;

/// Smallest `commitLogCount` that Apache takes.
const COMMIT_LOG_MIN: u32 = 500;

/// Log, snapshots, retention.
#[derive(Debug, Clone, PartialEq)]
pub struct Storage {
    /// Transactions between snapshots (half to all of it); 2 or more.
    pub snap_count: u32,
    /// KB of log that also cause a snapshot; `None` = off.
    pub snap_size_limit_kb: Option<u64>,
    /// KB by which a log file is extended ahead; `None` = not at all.
    pub prealloc_kb: Option<u64>,
    /// KB at which a log file is rolled; `None` = off.
    pub txn_log_size_limit_kb: Option<u64>,
    /// Whether a transaction is synced to disk before it is acknowledged.
    pub force_sync: bool,
    /// A sync that takes longer than this many milliseconds is logged.
    pub fsync_warning_ms: u64,
    /// Milliseconds a flush may wait for more to come.
    pub flush_delay_ms: u64,
    /// Milliseconds without a request after which a waiting flush starts.
    pub max_write_queue_poll_ms: u64,
    /// Transactions per flush at most.
    pub max_batch_size: u32,
    /// How new snapshots are compressed; all forms are read.
    pub compression: Compression,
    /// Logs without any snapshot are accepted (an upgrade from 3.4).
    pub trust_empty: bool,
    /// Snapshots carry the last zxid.
    pub serialize_last_zxid: bool,
    /// The tree's digest is computed, logged and checked.
    pub digest_enabled: bool,
    /// An empty database may vote.
    pub db_autocreate: bool,
    /// Committed transactions kept in memory for learners; 500 or more.
    pub commit_log_count: u32,
    /// Log sent to a learner at most, as a share of the snapshot's size; `None` = off.
    pub snapshot_size_factor: Option<f64>,
    /// Learners always get a snapshot.
    pub force_snapshot_sync: bool,
    /// Which old files go, and when.
    pub purge: Purge,
}

/// Retention of snapshots and logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purge {
    /// Hours between purges, the first one at the start; `None` = never.
    pub interval_hours: Option<u32>,
    /// Snapshots kept; 3 or more.
    pub retain: u32,
}

impl Purge {
    /// The time between purges; `None` = never.
    pub fn interval(&self) -> Option<Duration> {
        self.interval_hours.map(|hours| Duration::from_secs(u64::from(hours) * 3600))
    }
}

/// Compression of snapshots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Plain, the default.
    None,
    /// gzip; file suffix `.gz`.
    Gzip,
    /// snappy; file suffix `.snappy`.
    Snappy,
}

impl Storage {
    pub(super) fn from_settings(s: &Settings) -> Self {
        let flush_delay_ms = s.unsigned("flushDelay");
        let poll = s.get("maxWriteQueuePollTime");
        let factor = s.real("snapshotSizeFactor");
        Storage {
            snap_count: s.unsigned32("snapCount").max(SNAP_COUNT_MIN),
            snap_size_limit_kb: s.above_zero("snapSizeLimitInKb"),
            prealloc_kb: s.above_zero("preAllocSize"),
            txn_log_size_limit_kb: s.above_zero("txnLogSizeLimitInKb"),
            force_sync: s.text("forceSync") != "no",
            fsync_warning_ms: s.unsigned("fsync.warningthresholdms"),
            flush_delay_ms,
            max_write_queue_poll_ms: poll
                .map_or(flush_delay_ms / 3, |_| s.unsigned("maxWriteQueuePollTime")),
            max_batch_size: s.unsigned32("maxBatchSize"),
            compression: Compression::named(s.text("snapshot.compression.method")),
            trust_empty: s.flag("snapshot.trust.empty"),
            serialize_last_zxid: s.flag("serializeLastProcessedZxid.enabled"),
            digest_enabled: s.flag("digest.enabled"),
            db_autocreate: s.flag("db.autocreate"),
            commit_log_count: s.unsigned32("commitLogCount").max(COMMIT_LOG_MIN),
            snapshot_size_factor: (factor >= 0.0).then_some(factor),
            force_snapshot_sync: s.flag("forceSnapshotSync"),
            purge: Purge::from_settings(s),
        }
    }
}

impl Purge {
    fn from_settings(s: &Settings) -> Self {
        let hours = s.above_zero("autopurge.purgeInterval");
        Purge {
            interval_hours: hours.and_then(|hours| u32::try_from(hours).ok()),
            retain: s.unsigned32("autopurge.snapRetainCount").max(RETAIN_MIN),
        }
    }
}

impl Compression {
    fn named(text: &str) -> Compression {
        match text.to_ascii_lowercase().as_str() {
            "gz" => Compression::Gzip,
            "snappy" => Compression::Snappy,
            _ => Compression::None,
        }
    }
}
