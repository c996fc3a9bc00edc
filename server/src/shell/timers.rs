//! What happens by the clock: ticks, the reaper of containers and TTL nodes, the purge.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};

use super::Server;
use crate::replica::tick::ReaperRules;

/// How often time is told to the replica; a fraction of any sensible tick.
pub fn beat(tick_ms: u64) -> Duration {
    Duration::from_millis((tick_ms / 8).clamp(5, 250))
}

/// Tells the replica the time, for as long as the server runs.
pub async fn tick(server: Arc<Server>) {
    let mut beats = interval(beat(u64::from(server.config.ticks.tick_time_ms)));
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        beats.tick().await;
        loop {
            let ticked = server.replica.tick(server.clock.now(), server.clock.asleep_ms());
            if ticked.appended {
                server.disk.appended();
            }
            if !ticked.unfinished {
                break;
            }
            // The rest of many deaths at once: others first.
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

/// Lets containers and TTL nodes go.
pub async fn reap(server: Arc<Server>, rules: ReaperRules) {
    let period = Duration::from_millis(rules.interval_ms.max(1));
    let mut rounds = tokio::time::interval_at(Instant::now() + period, period);
    rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        rounds.tick().await;
        if server.replica.reap(rules, server.clock.now()) {
            server.disk.appended();
        }
    }
}
