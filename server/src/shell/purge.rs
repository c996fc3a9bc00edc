//! Letting old snapshots and logs go, by `autopurge.*`.

use std::sync::Arc;
use std::time::Duration;

use storage::retain::{self, Pins};

use super::Server;

/// Purges now and once per interval, for as long as the server runs.
pub async fn run(server: Arc<Server>, every: Duration) {
    let mut rounds = tokio::time::interval(every);
    loop {
        rounds.tick().await;
        let server = server.clone();
        // Verifying what is kept reads whole files: not on a thread that serves clients.
        let _ = tokio::task::spawn_blocking(move || once(&server)).await;
    }
}

fn once(server: &Server) {
    let retain = server.config.storage.purge.retain as usize;
    let places = &server.places;
    let pins = Pins::default();
    match retain::purge(&server.storage, &places.snapshots, &places.logs, retain, &pins) {
        Ok(purged) => {
            for (path, reason) in purged.damaged.iter().chain(&purged.failed) {
                tracing::warn!(file = %path.display(), "purge: left in place: {reason}");
            }
            tracing::info!(
                removed = purged.removed.len(),
                bytes = purged.removed_bytes,
                kept_snapshots = purged.kept.len(),
                kept_bytes = purged.kept_bytes,
                "purged"
            );
        }
        Err(error) => tracing::error!(%error, "nothing was purged"),
    }
}
