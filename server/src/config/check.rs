//! The text of `rookeeper check zoo.cfg`: what was understood, what is in force and why, and what
//! should be thought over.
//!
//! Only words; every judgement is made elsewhere.

use std::fmt::Write;

use super::findings::{ConfigErrors, Level, Warning};
use super::keys::{self, Kind, Status};
use super::traps::{self, Surroundings};
use super::{Loaded, Mode};

/// The exit code of a configuration that no server would start with, as Apache's for a bad one.
pub const EXIT_ERRORS: i32 = 2;

/// What `check` prints, and how it ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The text, ending with a line end.
    pub text: String,
    /// 0, or [`EXIT_ERRORS`]. Warnings alone give 0.
    pub exit_code: i32,
}

/// The report on what [`super::load`] gave.
pub fn report(result: &Result<Loaded, ConfigErrors>, around: &Surroundings<'_>) -> Report {
    match result {
        Ok(loaded) => Report { text: accepted(loaded, around), exit_code: 0 },
        Err(errors) => Report { text: refused(errors), exit_code: EXIT_ERRORS },
    }
}

fn accepted(loaded: &Loaded, around: &Surroundings<'_>) -> String {
    let mut out = String::new();
    section(&mut out, &format!("Configuration: {}", loaded.source.origin()), &summary(loaded));
    section(&mut out, "Given:", &given(loaded));
    section(&mut out, "Defaults in force:", &defaults(loaded));
    let mut warnings = loaded.warnings.clone();
    warnings.extend(traps::traps(loaded, around));
    warnings.sort_by_key(|warning| std::cmp::Reverse(warning.level));
    section(&mut out, "To think over:", &lines(&warnings));
    let _ = writeln!(out, "A server starts with this: no errors, {}.", count(&warnings));
    out
}

fn refused(errors: &ConfigErrors) -> String {
    let mut out = String::new();
    let problems: Vec<String> =
        errors.problems.iter().map(|problem| format!("error: {problem}")).collect();
    section(&mut out, "Errors:", &problems);
    section(&mut out, "To think over:", &lines(&errors.warnings));
    let _ = writeln!(
        out,
        "No server starts with this: {} and {}.",
        plural(errors.problems.len(), "error"),
        count(&errors.warnings)
    );
    out
}

fn section(out: &mut String, title: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    let _ = writeln!(out, "{title}");
    for line in lines {
        let _ = writeln!(out, "  {line}");
    }
    out.push('\n');
}

fn summary(loaded: &Loaded) -> Vec<String> {
    let config = &loaded.config;
    let row = |name: &str, value: String| format!("{name:<18}{value}");
    let mut rows = vec![row("mode", mode(loaded)), row("client address", client_address(loaded))];
    rows.push(row("data directory", config.dirs.data_dir.display().to_string()));
    rows.push(row("log directory", config.dirs.data_log_dir.display().to_string()));
    let ticks = &config.ticks;
    rows.push(row("tick", format!("{} ms", ticks.tick_time_ms)));
    let (min, max) = (ticks.min_session_timeout_ms, ticks.max_session_timeout_ms);
    rows.push(row("session timeouts", format!("{min} to {max} ms")));
    rows.push(row("connections", connections(loaded)));
    let purge = &config.storage.purge;
    rows.push(row(
        "purge",
        purge.interval_hours.map_or("off".to_owned(), |hours| {
            format!("every {hours} h, {} snapshots stay", purge.retain)
        }),
    ));
    rows.push(row("four-letter words", config.whitelist.to_string()));
    rows
}

fn mode(loaded: &Loaded) -> String {
    let quorum = &loaded.config.quorum;
    if loaded.config.mode() == Mode::Standalone {
        return "standalone".to_owned();
    }
    let voters = quorum.membership.voters().count();
    let observers = quorum.membership.observers().count();
    let id = quorum.server_id.map_or("unknown".to_owned(), |id| id.to_string());
    format!("server {id} ({}) of {voters} voters and {observers} observers", quorum.peer_type)
}

fn client_address(loaded: &Loaded) -> String {
    let addresses = &loaded.config.addresses;
    let port = addresses.client_port.map_or("none".to_owned(), |port| port.to_string());
    let host = addresses.client_port_address.as_deref().unwrap_or("all addresses");
    format!("port {port} on {host}")
}

fn connections(loaded: &Loaded) -> String {
    let shown = |limit: u32| {
        if limit == 0 { "no limit".to_owned() } else { limit.to_string() }
    };
    let limits = &loaded.config.limits;
    format!("{} per client, {} in all", shown(limits.max_client_cnxns), shown(limits.max_cnxns))
}

/// Every setting that somebody gave, with its value in force and its place.
fn given(loaded: &Loaded) -> Vec<String> {
    let settings = loaded.settings.iter();
    settings
        .map(|(name, setting)| {
            let secret = keys::find(name).is_some_and(|key| key.kind == Kind::Secret);
            let value = if secret { "(hidden)" } else { &setting.value };
            let pair = format!("{name}={value}");
            format!("{pair:<44} {}", setting.origin)
        })
        .collect()
}

/// Settings that are obeyed and were not given, as far as they have a default of their own.
fn defaults(loaded: &Loaded) -> Vec<String> {
    let obeyed = keys::all().filter(|key| key.status == Status::Obeyed && !key.family);
    let silent = obeyed.filter(|key| loaded.settings.get(key.name).is_none());
    silent
        .filter(|key| !key.default.is_empty())
        .map(|key| format!("{}={}", key.name, key.default))
        .collect()
}

fn lines(warnings: &[Warning]) -> Vec<String> {
    warnings.iter().map(|warning| format!("{}: {warning}", warning.level)).collect()
}

fn count(warnings: &[Warning]) -> String {
    let real = warnings.iter().filter(|warning| warning.level == Level::Warning).count();
    plural(real, "warning")
}

fn plural(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

#[cfg(test)]
mod tests;
