//! Traps that operators fall into: allowed, and seldom meant. `rookeeper check` lists them, and a
//! server may log them at its start.
//!
//! Nothing is opened here: what the machine looks like comes in as text.

use std::path::Path;

use super::findings::Warning;
use super::mounts;
use super::{Loaded, Source};

/// What has to be known of the machine.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings<'a> {
    /// The text of `/proc/self/mountinfo`; empty when there is none.
    pub mountinfo: &'a str,
    /// The working directory, from which relative paths count.
    pub working_dir: &'a Path,
}

/// Writes a second that growth is projected with.
const PROJECTED_WRITES_PER_S: u64 = 100;

/// Longest session timeout that is not remarked on, in milliseconds.
const LONG_SESSION_MS: u32 = 600_000;

/// Apache's `jute.maxbuffer`.
const JUTE_DEFAULT: u32 = 1_048_575;

/// Every trap that this configuration steps into.
pub fn traps(loaded: &Loaded, around: &Surroundings<'_>) -> Vec<Warning> {
    let mut found = Vec::new();
    volatile_dirs(loaded, around, &mut found);
    dirs(loaded, &mut found);
    purge(loaded, &mut found);
    unsafe_switches(loaded, &mut found);
    sessions(loaded, &mut found);
    connections(loaded, &mut found);
    words(loaded, &mut found);
    buffer(loaded, &mut found);
    found
}

fn at(loaded: &Loaded, name: &str, warning: Warning) -> Warning {
    match loaded.settings.get(name) {
        Some(setting) => warning.at(&setting.origin),
        None => warning,
    }
}

fn volatile_dirs(loaded: &Loaded, around: &Surroundings<'_>, found: &mut Vec<Warning>) {
    let dirs = &loaded.config.dirs;
    let same = dirs.data_dir == dirs.data_log_dir;
    let all = [("dataDir", &dirs.data_dir), ("dataLogDir", &dirs.data_log_dir)];
    for (name, dir) in all.into_iter().take(if same { 1 } else { 2 }) {
        let path = around.working_dir.join(dir);
        let shown = path.display();
        let warning = match mounts::filesystem_of(around.mountinfo, &path) {
            Some(kind @ ("tmpfs" | "ramfs")) => Warning::new(format!(
                "{name} {shown} is on {kind}, which lives in memory: everything is lost when the \
                 machine or the container stops; use a disk"
            )),
            Some("overlay") => Warning::new(format!(
                "{name} {shown} is in the container's own layer: everything is lost with the \
                 container; mount a volume there"
            )),
            _ => continue,
        };
        found.push(at(loaded, name, warning));
    }
}

fn dirs(loaded: &Loaded, found: &mut Vec<Warning>) {
    let dirs = &loaded.config.dirs;
    if dirs.data_dir == dirs.data_log_dir && loaded.source != Source::Embedded {
        let text = "dataLogDir is dataDir: snapshots and the log share a disk; one of its own for \
                    the log keeps write latency even";
        found.push(at(loaded, "dataLogDir", Warning::new(text).as_notice()));
    }
    if dirs.data_dir.is_relative() && loaded.source != Source::Embedded {
        let text = format!(
            "dataDir {} is relative: another working directory means other data",
            dirs.data_dir.display()
        );
        found.push(at(loaded, "dataDir", Warning::new(text)));
    }
}

fn purge(loaded: &Loaded, found: &mut Vec<Warning>) {
    let storage = &loaded.config.storage;
    if storage.purge.interval_hours.is_some() {
        return;
    }
    // A log file is rolled after half to all of snapCount transactions.
    let per_file = (u64::from(storage.snap_count) * 3 / 4).max(1);
    let files = (PROJECTED_WRITES_PER_S * 86_400).div_ceil(per_file);
    let file_kb = storage.prealloc_kb.unwrap_or(0).max(per_file / 4);
    let gb = files.saturating_mul(file_kb) as f64 / f64::from(1 << 20);
    let text = format!(
        "autopurge.purgeInterval is off: old logs and snapshots are never deleted; at \
         {PROJECTED_WRITES_PER_S} writes/s that is about {files} log files ({gb:.1} GB) and as many \
         snapshots a day; set autopurge.purgeInterval=1 (hours) or run a clean-up yourself"
    );
    found.push(at(loaded, "autopurge.purgeInterval", Warning::new(text)));
}

fn unsafe_switches(loaded: &Loaded, found: &mut Vec<Warning>) {
    if !loaded.config.storage.force_sync {
        let text = "forceSync=no: writes are acknowledged before they are on disk, and a crash of \
                    the machine loses them";
        found.push(at(loaded, "forceSync", Warning::new(text)));
    }
    if loaded.config.auth.skip_acl {
        let text = "skipACL=yes: everybody may read and change everything";
        found.push(at(loaded, "skipACL", Warning::new(text)));
    }
    if loaded.config.storage.trust_empty {
        let text = "snapshot.trust.empty=true is for one start after an upgrade from 3.4: lost \
                    snapshots go unnoticed while it stays on";
        found.push(at(loaded, "snapshot.trust.empty", Warning::new(text)));
    }
}

fn sessions(loaded: &Loaded, found: &mut Vec<Warning>) {
    let ticks = &loaded.config.ticks;
    let (min, max) = (ticks.min_session_timeout_ms, ticks.max_session_timeout_ms);
    let mut tell = |name, text| found.push(at(loaded, name, Warning::new(text)));
    if min < ticks.tick_time_ms {
        let tick = ticks.tick_time_ms;
        tell(
            "minSessionTimeout",
            format!("minSessionTimeout {min} ms is below one tick ({tick} ms), the step of expiry"),
        );
    }
    if max > LONG_SESSION_MS {
        tell(
            "maxSessionTimeout",
            format!(
                "maxSessionTimeout {max} ms: ephemeral nodes of a dead client may stay that long"
            ),
        );
    }
    if min == max {
        tell(
            "maxSessionTimeout",
            format!("every session gets a timeout of {min} ms, whatever its client asks for"),
        );
    }
}

fn connections(loaded: &Loaded, found: &mut Vec<Warning>) {
    let warning = match loaded.config.limits.max_client_cnxns {
        60 => Warning::new(
            "maxClientCnxns is 60: clients that share one address (NAT, a Kubernetes node, a \
             proxy) share these 60, and further ones are closed at once",
        ),
        0 if loaded.config.limits.max_cnxns == 0 => Warning::new(
            "maxClientCnxns is 0 and maxCnxns is not set: connections are not limited at all",
        ),
        _ => return,
    };
    found.push(at(loaded, "maxClientCnxns", warning.as_notice()));
}

fn words(loaded: &Loaded, found: &mut Vec<Warning>) {
    let everywhere = match loaded.config.addresses.client_port_address.as_deref() {
        None => true,
        Some(host) => matches!(host, "0.0.0.0" | "::" | "::0"),
    };
    if loaded.config.whitelist.allows_all() && everywhere {
        let text = "4lw.commands.whitelist=* on all addresses: anybody who reaches the client port \
                    may reset statistics, dump sessions and list watches";
        found.push(at(loaded, "4lw.commands.whitelist", Warning::new(text)));
    }
}

fn buffer(loaded: &Loaded, found: &mut Vec<Warning>) {
    let bytes = loaded.config.limits.jute_max_buffer;
    let text = match bytes.cmp(&JUTE_DEFAULT) {
        std::cmp::Ordering::Equal => return,
        std::cmp::Ordering::Greater => format!(
            "jute.maxbuffer is {bytes}: every server and every client needs the same value, or \
             large answers break their connections"
        ),
        std::cmp::Ordering::Less => format!(
            "jute.maxbuffer is {bytes}, below the usual {JUTE_DEFAULT}: requests that other \
             servers take are refused here"
        ),
    };
    found.push(at(loaded, "jute.maxbuffer", Warning::new(text)));
}

#[cfg(test)]
mod tests;
