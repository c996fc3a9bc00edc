//! Configuration: what an operator wrote, understood and checked.
//!
//! `load` takes the command line, the environment and a door to files, and gives a `ServerConfig`
//! with warnings, or all errors at once. The way of a value: `properties` (text to entries) and
//! `flags` (-D words), `resolve` (who wins), `settings` (what is in force), `model` (typed values),
//! `ensemble` and `validate` (what may stand together), `leftover` (what has no effect).
//! `check` writes the report of `rookeeper check`. Names and defaults live in `keys` alone. No
//! socket, no clock; files only through `FileSource`.

pub mod check;
pub mod findings;
pub mod flags;
pub mod keys;
pub mod members;
pub mod model;
pub mod properties;
pub mod settings;
pub mod source;
pub mod traps;
pub mod values;
pub mod whitelist;

mod ensemble;
mod leftover;
mod mounts;
mod resolve;
mod validate;

use std::collections::BTreeMap;

pub use findings::{ConfigErrors, Level, Origin, Problem, Warning};
pub use flags::JvmFlag;
pub use model::{Mode, ServerConfig};
pub use settings::{Setting, Settings};
pub use source::{Command, DiskFiles, FileSource, Invocation, Source};

use findings::Findings;

/// A configuration that a server can start with.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// All values, typed.
    pub config: ServerConfig,
    /// What the operator should know, in the order in which it was found.
    pub warnings: Vec<Warning>,
    /// Where the configuration came from.
    pub source: Source,
    /// What was given, with its places: for reports.
    pub settings: Settings,
    /// Settings for a JVM, which have no effect.
    pub jvm_flags: Vec<JvmFlag>,
}

/// Reads, resolves and checks a configuration.
///
/// `env` is the process's environment (only the variables of Apache's scripts are looked at).
/// The error holds every problem found, not just the first.
pub fn load(
    args: &Invocation,
    env: &BTreeMap<String, String>,
    files: &dyn FileSource,
) -> Result<Loaded, ConfigErrors> {
    let mut findings = Findings::default();
    let flags = flags::gather(&args.defines, env, &mut findings);
    let Some((source, lines)) = source::read(&args.command, env, files, &mut findings) else {
        return Err(findings.into_errors());
    };
    let settings = resolve::resolve(&lines, &flags, &mut findings);
    let mut config = ServerConfig::from_settings(&settings);
    let view = View { settings: &settings, source: &source };
    ensemble::fill(&mut config, &view, files, &mut findings);
    validate::check(&config, &view, &mut findings);
    leftover::tell(&settings, &flags.jvm, config.mode(), &mut findings);
    let (config, warnings) = findings.finish(config)?;
    Ok(Loaded { config, warnings, source, settings, jvm_flags: flags.jvm })
}

/// What the later steps look at together.
struct View<'a> {
    settings: &'a Settings,
    source: &'a Source,
}

impl View<'_> {
    /// Where a setting was written; the whole source when it was not.
    fn origin(&self, name: &str) -> Origin {
        self.settings.get(name).map_or_else(|| self.source.origin(), |s| s.origin.clone())
    }
}

#[cfg(test)]
mod tests;
