//! From the configuration to the rules of the rooms behind it.

use std::time::Duration;

use storage::cadence::CadenceOptions;
use storage::directory::DirectoryOptions;
use storage::log::LogOptions;
use tree::authorize::AccessRules;
use tree::prepare::PrepareRules;
use tree::session::{
    Freeze, StallRules, ThrottleRules, TimeoutBounds, TimeoutBoundsError, TrackerRules, Weights,
};
use tree::{KindRules, TreeConfig};

use super::timers;
use crate::config::ServerConfig;
use crate::replica::Rules;
use crate::replica::auth::AuthRules;
use crate::replica::tick::ReaperRules;

/// What the tree is told.
pub fn tree(config: &ServerConfig, hash_seed: u64) -> TreeConfig {
    let kinds = KindRules {
        extended_types: config.features.extended_types,
        emulate_353: config.features.emulate_353_ttl,
    };
    TreeConfig { kinds, digest_enabled: config.storage.digest_enabled, hash_seed }
}

fn access(config: &ServerConfig) -> AccessRules {
    AccessRules {
        skip_acl: config.auth.skip_acl,
        digest: config.auth.digest_enabled,
        // Data and ACL of one request share what every member can read back.
        acl_bytes_max: (config.limits.jute_max_buffer as usize).saturating_sub(1),
    }
}

/// What prepare is told.
pub fn prepare(config: &ServerConfig) -> PrepareRules {
    let limits = &config.limits;
    PrepareRules {
        access: access(config),
        extended_types: config.features.extended_types,
        enforce_quota: config.features.enforce_quota,
        reconfig: config.features.reconfig_enabled,
        digest: config.storage.digest_enabled,
        close_session_paths: config.features.close_session_txn,
        // Every member reads back buffer plus extra; headers and digest want some of it.
        close_session_bytes_max: limits.jute_max_buffer as usize,
        multi_bytes_max: (limits.jute_max_buffer as usize).saturating_mul(2).saturating_sub(1024),
    }
}

/// What the replica is told.
///
/// # Errors
/// Bounds of session timeouts that exclude each other.
pub fn replica(config: &ServerConfig) -> Result<Rules, TimeoutBoundsError> {
    let ticks = &config.ticks;
    let timeouts = TimeoutBounds::new(
        ticks.tick_time_ms as i32,
        ticks.min_session_timeout_ms as i32,
        ticks.max_session_timeout_ms as i32,
    )?;
    let auth = AuthRules {
        digest: config.auth.digest_enabled,
        algorithm: config.auth.digest_alg,
        super_digest: config.auth.super_digest.clone(),
        enforced: config.auth.enforce_schemes.iter().flatten().cloned().collect(),
    };
    let client_bytes_max = config.limits.jute_max_buffer as usize;
    Ok(Rules { access: access(config), auth, timeouts, client_bytes_max })
}

/// What the session tracker is told.
pub fn tracker(config: &ServerConfig) -> TrackerRules {
    let tick_ms = u64::from(config.ticks.tick_time_ms);
    let beat_ms = timers::beat(tick_ms).as_millis() as u64;
    let stall = StallRules { beat_ms, late_ms: (tick_ms / 2).max(beat_ms), grace_ms: tick_ms };
    TrackerRules { tick_ms, stall, ensemble: false }
}

/// What the connection throttle is told; 0 tokens turn it off.
pub fn throttle(config: &ServerConfig) -> ThrottleRules {
    let Some(given) = &config.throttle.connection else {
        return ThrottleRules {
            tokens: 0,
            fill_time_ms: 1,
            fill_count: 1,
            freeze: None,
            weights: None,
        };
    };
    let freeze = given.freeze_time_ms.map(|time_ms| Freeze {
        time_ms,
        increase: given.drop_increase,
        decrease: given.drop_decrease,
        decrease_ratio: given.decrease_ratio,
    });
    let weights = given.weights.as_ref().map(|weights| Weights {
        global: weights.global,
        renew: weights.renew,
        local: weights.local,
    });
    ThrottleRules {
        tokens: given.tokens,
        fill_time_ms: given.fill_time_ms,
        fill_count: given.fill_count,
        freeze,
        weights,
    }
}

/// What the reaper of containers and TTL nodes is told.
pub fn reaper(config: &ServerConfig) -> ReaperRules {
    let features = &config.features;
    ReaperRules {
        interval_ms: features.container_check_interval_ms,
        per_minute: features.container_max_per_minute,
        never_used_ms: features.container_never_used_interval_ms.unwrap_or(0) as i64,
    }
}

/// Where the data lies.
pub fn directories(config: &ServerConfig) -> DirectoryOptions {
    DirectoryOptions {
        data_dir: config.dirs.data_dir.clone(),
        data_log_dir: Some(config.dirs.data_log_dir.clone()),
        autocreate: config.dirs.autocreate,
    }
}

/// How the log is written.
pub fn log(config: &ServerConfig, directory: &std::path::Path) -> LogOptions {
    LogOptions {
        preallocate: config.storage.prealloc_kb.unwrap_or(0) << 10,
        force_sync: config.storage.force_sync,
        fsync_warning: Duration::from_millis(config.storage.fsync_warning_ms),
        ..LogOptions::new(directory)
    }
}

/// When the log rolls and snapshots are taken.
pub fn cadence(config: &ServerConfig) -> CadenceOptions {
    CadenceOptions {
        snap_count: config.storage.snap_count,
        snap_size_limit: config.storage.snap_size_limit_kb.map(|kb| kb << 10),
        log_size_limit: config.storage.txn_log_size_limit_kb.map(|kb| kb << 10),
    }
}
