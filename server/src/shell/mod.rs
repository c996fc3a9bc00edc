//! The shell: sockets, files, clocks and threads around the replica. It carries bytes and time in
//! and answers out, and decides nothing about either.

pub mod clock;
mod connection;
mod disk;
mod gate;
mod input;
mod journal;
mod listener;
mod purge;
mod recovery;
mod rules;
mod snapshots;
mod start;
mod timers;
mod view;

pub use start::{StartError, run};

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use codec::client::FourLetterWord;
use storage::Disk;
use storage::snapshot::SnapshotInfo;

use crate::config::ServerConfig;
use crate::metrics::{Batch, Metrics};
use crate::replica::Replica;
use crate::replica::clock::Instant;
use crate::replica::intake::Taken;
use crate::words::{Asked, Words};
use clock::Clock;
use disk::DiskSignal;
use gate::LargeRequests;
use journal::Rhythm;
use listener::Census;
use snapshots::Snapshots;

/// Exit code after an error of log or snapshot, as Apache's.
const EXIT_DISK: i32 = 10;

/// Where `version-2` of snapshots and logs are.
#[derive(Debug, Clone)]
pub struct Places {
    /// Snapshots.
    pub snapshots: std::path::PathBuf,
    /// Logs.
    pub logs: std::path::PathBuf,
}

/// A running server.
pub struct Server {
    config: ServerConfig,
    /// The state machine.
    pub replica: Replica,
    clock: Clock,
    /// Wakes the disk threads.
    disk: DiskSignal,
    storage: Disk,
    places: Places,
    rhythm: Arc<Rhythm>,
    snapshots: Snapshots,
    census: Census,
    large: LargeRequests,
    words: Words,
    /// State of the generator behind [`Server::random`].
    dice: AtomicU64,
}

impl Server {
    fn metrics(&self) -> &Metrics {
        &self.replica.metrics
    }

    /// Requests answered at once took as long as their batch.
    fn count_reads(&self, taken: &Taken, read: Instant) {
        const SHOWN: usize = 64;
        let micros = self.clock.instant().micros_since(read);
        let (count, sum) = (taken.sent, taken.sent * micros);
        let batch = Batch { count, sum, min: micros, max: micros };
        self.metrics().request_latency.record_batch(batch);
        self.metrics().readlatency.record_all(&[micros; SHOWN][..(count as usize).min(SHOWN)]);
    }

    /// How long a connection may take for its handshake.
    fn sessionless_time(&self) -> Duration {
        // Apache looks once per interval, in multiples of it: between one and two of them.
        let interval = self.config.limits.sessionless_timeout_ms.max(1);
        let now = self.clock.instant().millis();
        let due = (now + interval) / interval * interval + interval;
        Duration::from_millis(due - now)
    }

    /// Whether so many requests are in flight that connections with unanswered ones must wait.
    fn crowded(&self) -> bool {
        self.replica.in_flight() > self.config.limits.global_outstanding_limit as usize
    }

    /// A number in 0..1 for the connection throttle; nothing that matters depends on it.
    fn random(&self) -> f64 {
        let step = self.dice.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        let mut mixed = step ^ (step >> 30);
        mixed = mixed.wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed ^= mixed >> 27;
        (mixed >> 11) as f64 / (1u64 << 53) as f64
    }

    /// The log or a snapshot can't be written any more: nothing may be acknowledged, so the
    /// process ends. What was acknowledged is on disk.
    fn fatal(&self, error: &dyn std::fmt::Display) -> ! {
        tracing::error!(%error,
            "the disk failed: this server ends at once, nothing unwritten was acknowledged; mend \
             the disk (space, permissions, hardware) and start it again");
        crate::logging::finish();
        std::process::exit(EXIT_DISK);
    }

    fn answer_word(
        &self,
        word: FourLetterWord,
        argument: &[u8],
        peer: std::net::SocketAddr,
    ) -> String {
        let now_ms = self.clock.instant().millis();
        let answer = self.words.answer(Asked { word, argument, peer, now_ms }, self);
        if let Some(note) = answer.note {
            tracing::warn!("{note}");
        }
        answer.text
    }

    /// Starts a snapshot if the log has grown enough since the last one.
    fn consider_snapshot(self: &Arc<Self>) {
        if self.snapshots.begin_due(&self.rhythm) {
            snapshots::spawn(self);
        }
    }

    fn snapshot_written(&self, info: &SnapshotInfo, begun: Instant) {
        self.rhythm.written(info.bytes);
        let micros = self.clock.instant().micros_since(begun);
        self.metrics().snapshottime.record(micros);
        tracing::info!(file = %info.path.display(), zxid = %info.zxid, bytes = info.bytes,
            ms = micros / 1000, "snapshot written");
    }
}
