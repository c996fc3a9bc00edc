//! What loading has to say: errors that stop a start, warnings that don't, and where each came from.
//!
//! No rule about any setting lives here.

use std::fmt;
use std::path::{Path, PathBuf};

/// Where a value was written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// The configuration that is built in for a start without any.
    Embedded,
    /// A line of a file, counted from 1; 0 when the file as a whole is meant.
    File(PathBuf, u32),
    /// A word of the form `port dataDir [tickTime] [maxClientCnxns]`.
    Arguments,
    /// A `-D` on the command line.
    CommandLine,
    /// An environment variable of this name.
    Env(String),
}

impl Origin {
    /// A line of a file.
    pub fn line(path: &Path, line: u32) -> Origin {
        Origin::File(path.to_owned(), line)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Embedded => f.write_str("built-in default"),
            Origin::File(path, 0) => write!(f, "{}", path.display()),
            Origin::File(path, line) => write!(f, "{}:{line}", path.display()),
            Origin::Arguments => f.write_str("arguments"),
            Origin::CommandLine => f.write_str("command line"),
            Origin::Env(name) => f.write_str(name),
        }
    }
}

/// One thing that makes a start impossible.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where it stands.
    pub origin: Origin,
    /// The setting, and its value when it has one that may be shown.
    pub setting: Option<(String, Option<String>)>,
    /// What is wrong: what was expected, and what to do where that is not plain.
    pub text: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.origin)?;
        match &self.setting {
            Some((key, Some(value))) => write!(f, "{key}={value}: {}", self.text),
            Some((key, None)) => write!(f, "{key}: {}", self.text),
            None => f.write_str(&self.text),
        }
    }
}

/// All that is wrong with a configuration, found in one go.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.lines())]
pub struct ConfigErrors {
    /// The errors; never empty.
    pub problems: Vec<Problem>,
    /// What else was noticed until then.
    pub warnings: Vec<Warning>,
}

impl ConfigErrors {
    fn lines(&self) -> String {
        let lines: Vec<String> = self.problems.iter().map(Problem::to_string).collect();
        lines.join("\n")
    }
}

/// How much a warning matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Good to know; nothing is amiss.
    Notice,
    /// Something is not as the operator may think.
    Warning,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Level::Notice => "notice",
            Level::Warning => "warning",
        })
    }
}

/// One sentence to the operator that does not stop the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// How much it matters.
    pub level: Level,
    /// Where the cause stands, when it stands somewhere.
    pub origin: Option<Origin>,
    /// The sentence.
    pub text: String,
}

impl Warning {
    /// A warning without a place.
    pub fn new(text: impl Into<String>) -> Warning {
        Warning { level: Level::Warning, origin: None, text: text.into() }
    }

    /// The same, as a notice.
    pub fn as_notice(mut self) -> Warning {
        self.level = Level::Notice;
        self
    }

    /// The same, with its place.
    pub fn at(mut self, origin: &Origin) -> Warning {
        self.origin = Some(origin.clone());
        self
    }
}

/// Without the level, which a logger has its own way of showing.
impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.origin {
            Some(origin) => write!(f, "{origin}: {}", self.text),
            None => f.write_str(&self.text),
        }
    }
}

/// Collects while a configuration is read, so that one run tells everything.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) problems: Vec<Problem>,
    pub(super) warnings: Vec<Warning>,
}

impl Findings {
    /// A problem that belongs to no single setting.
    pub(super) fn problem(&mut self, origin: &Origin, text: impl Into<String>) {
        self.problems.push(Problem { origin: origin.clone(), setting: None, text: text.into() });
    }

    /// A problem of one setting and the value it has.
    pub(super) fn bad_value(&mut self, origin: &Origin, setting: (&str, &str), text: String) {
        let setting = Some((setting.0.to_owned(), Some(setting.1.to_owned())));
        self.problems.push(Problem { origin: origin.clone(), setting, text });
    }

    /// A warning about what stands at `origin`.
    pub(super) fn warn(&mut self, origin: &Origin, text: impl Into<String>) {
        self.warnings.push(Warning::new(text).at(origin));
    }

    /// A notice about what stands at `origin`.
    pub(super) fn notice(&mut self, origin: &Origin, text: impl Into<String>) {
        self.warnings.push(Warning::new(text).at(origin).as_notice());
    }

    /// Whether the value of `name` has been found bad already.
    pub(super) fn blames(&self, name: &str) -> bool {
        let names = self.problems.iter().filter_map(|problem| problem.setting.as_ref());
        names.into_iter().any(|(key, _)| key == name)
    }

    /// The value, unless something stops the start.
    pub(super) fn finish<T>(self, value: T) -> Result<(T, Vec<Warning>), ConfigErrors> {
        if self.problems.is_empty() {
            return Ok((value, self.warnings));
        }
        Err(self.into_errors())
    }

    /// The problems in the order of their places.
    pub(super) fn into_errors(mut self) -> ConfigErrors {
        self.problems.sort_by(|a, b| a.origin.cmp(&b.origin));
        ConfigErrors { problems: self.problems, warnings: self.warnings }
    }
}
