//! Where a configuration comes from: the built-in default, a file, or the words `port dataDir`.
//!
//! The only place that opens files, through `FileSource`. What keys mean is not known here.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::findings::{Findings, Origin};
use super::properties;
use super::resolve::Line;
use super::settings::Setting;

/// The configuration of a start without any: one server for a first look, which cleans up after
/// itself. Ticks are the sample file's; all else is Apache's default.
pub const EMBEDDED: &str = "\
clientPort=2181
dataDir=data
tickTime=2000
autopurge.snapRetainCount=3
autopurge.purgeInterval=1
";

/// Where `zoo.cfg` is looked for when `ZOOCFGDIR` is not set.
const DEFAULT_DIRS: [&str; 2] = ["conf", "/etc/zookeeper"];

/// Larger files are no configuration (1 MiB).
const FILE_BYTES_MAX: u64 = 1 << 20;

/// What was asked for on the command line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Invocation {
    /// What to run with.
    pub command: Command,
    /// Values of `-D`, as `name=value`; a leading `-D` is tolerated. The last of a name counts.
    pub defines: Vec<String>,
}

/// What to run with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Command {
    /// Nothing was said: the built-in default.
    #[default]
    Embedded,
    /// `server` and its words: none (look for `zoo.cfg`), a file (or its name inside `ZOOCFGDIR`),
    /// or `port dataDir [tickTime] [maxClientCnxns]`.
    Server(Vec<String>),
}

impl Invocation {
    /// `server` with these words.
    pub fn server<S: Into<String>>(words: impl IntoIterator<Item = S>) -> Invocation {
        let words = words.into_iter().map(Into::into).collect();
        Invocation { command: Command::Server(words), defines: Vec::new() }
    }
}

/// Where a configuration came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Built in.
    Embedded,
    /// This file.
    File(PathBuf),
    /// `port dataDir [tickTime] [maxClientCnxns]`.
    Arguments,
}

impl Source {
    /// The source as a whole, for messages that belong to no line.
    pub fn origin(&self) -> Origin {
        match self {
            Source::Embedded => Origin::Embedded,
            Source::File(path) => Origin::line(path, 0),
            Source::Arguments => Origin::Arguments,
        }
    }
}

/// The door to files.
pub trait FileSource {
    /// The whole file; an error for one over 1 MiB.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// Whether a regular file (or a link to one) is there.
    fn is_file(&self, path: &Path) -> bool;
}

/// The real files.
#[derive(Debug, Clone, Copy, Default)]
pub struct DiskFiles;

impl FileSource for DiskFiles {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        File::open(path)?.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > FILE_BYTES_MAX {
            return Err(io::Error::other("larger than 1 MiB: this is no configuration file"));
        }
        Ok(bytes)
    }

    fn is_file(&self, path: &Path) -> bool {
        path.is_file()
    }
}

/// Finds and reads the configuration; `None` when a problem was found that leaves nothing to judge.
pub(super) fn read(
    command: &Command,
    env: &BTreeMap<String, String>,
    files: &dyn FileSource,
    findings: &mut Findings,
) -> Option<(Source, Vec<Line>)> {
    let Command::Server(words) = command else {
        let lines = parse(EMBEDDED, &|_| Origin::Embedded, findings)?;
        return Some((Source::Embedded, lines));
    };
    if let [_, _, ..] = words.as_slice() {
        return Some((Source::Arguments, from_words(words, findings)?));
    }
    match locate(words.first().map(String::as_str), env, files) {
        Ok(path) => {
            let lines = read_lines(&path, files, findings)?;
            Some((Source::File(path), lines))
        }
        Err(text) => {
            findings.problem(&Origin::Arguments, text);
            None
        }
    }
}

/// The entries of one file; `None` when it cannot be read or parsed.
pub(super) fn read_lines(
    path: &Path,
    files: &dyn FileSource,
    findings: &mut Findings,
) -> Option<Vec<Line>> {
    match files.read(path) {
        Ok(bytes) => parse(&properties::decode(&bytes), &|line| Origin::line(path, line), findings),
        Err(error) => {
            findings.problem(&Origin::line(path, 0), format!("cannot read the file: {error}"));
            None
        }
    }
}

fn parse(text: &str, origin: &dyn Fn(u32) -> Origin, findings: &mut Findings) -> Option<Vec<Line>> {
    match properties::parse(text) {
        Ok(entries) => {
            let lines = entries.into_iter().map(|entry| {
                let setting = Setting { value: entry.value, origin: origin(entry.line) };
                Line { key: entry.key, setting }
            });
            Some(lines.collect())
        }
        Err(bad) => {
            let text = format!("{}: expected four hex digits after \\u", bad.found);
            findings.problem(&origin(bad.line), text);
            None
        }
    }
}

/// `port dataDir [tickTime] [maxClientCnxns]`. As in Apache, connections per client are unlimited
/// in this form unless the fourth word says otherwise.
fn from_words(words: &[String], findings: &mut Findings) -> Option<Vec<Line>> {
    if words.len() > 4 {
        let form = "expected port dataDir [tickTime] [maxClientCnxns], or one file";
        findings.problem(&Origin::Arguments, format!("{} words: {form}", words.len()));
        return None;
    }
    let names = ["clientPort", "dataDir", "tickTime", "maxClientCnxns"];
    let given = names.iter().zip(words).map(|(&name, word)| (name, word.as_str()));
    let unlimited = (words.len() < 4).then_some(("maxClientCnxns", "0"));
    let lines = given.chain(unlimited).map(|(name, value)| {
        let setting = Setting { value: value.trim().to_owned(), origin: Origin::Arguments };
        Line { key: name.to_owned(), setting }
    });
    Some(lines.collect())
}

/// The file that the argument means, or where `zoo.cfg` lies.
fn locate(
    argument: Option<&str>,
    env: &BTreeMap<String, String>,
    files: &dyn FileSource,
) -> Result<PathBuf, String> {
    let set = |name: &str| env.get(name).map(String::as_str).filter(|value| !value.is_empty());
    let name = argument.or(set("ZOOCFG")).unwrap_or("zoo.cfg");
    let dirs = set("ZOOCFGDIR").map_or(DEFAULT_DIRS.to_vec(), |dir| vec![dir]);
    let in_dirs = dirs.iter().map(|dir| Path::new(dir).join(name));
    let as_given = argument.is_some() || name.contains('/');
    let mut candidates: Vec<PathBuf> = as_given.then(|| PathBuf::from(name)).into_iter().collect();
    if !name.contains('/') {
        candidates.extend(in_dirs);
    }
    if let Some(found) = candidates.iter().find(|path| files.is_file(path)) {
        return Ok(found.clone());
    }
    let looked: Vec<String> = candidates.iter().map(|path| path.display().to_string()).collect();
    Err(format!(
        "no configuration file: looked for {}; name one, or set ZOOCFGDIR",
        looked.join(", ")
    ))
}

#[cfg(test)]
mod tests;
