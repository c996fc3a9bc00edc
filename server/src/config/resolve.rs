//! Who wins: lines of `zoo.cfg` against `-D` properties, real names against documented headings;
//! and the warnings about what can have no effect where it was written.
//!
//! Apache's rule: a key that `zoo.cfg`'s parser does not know becomes `zookeeper.<key>` and
//! overwrites an equal `-D`. What the values mean is not known here.

use std::collections::BTreeMap;

use super::findings::{Findings, Origin};
use super::flags::{Flags, Property};
use super::keys::{self, Given, Key, Kind, Status};
use super::settings::{Setting, Settings, syntax};
use super::values;

/// One key of a configuration file, in the order of the file.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) key: String,
    pub(super) setting: Setting,
}

/// The settings in force after a file's lines and the flags of the start.
pub(super) fn resolve(lines: &[Line], flags: &Flags, findings: &mut Findings) -> Settings {
    let mut resolver = Resolver { settings: Settings::default(), findings };
    let mut headings = Vec::new();
    for line in last_of_each(lines, resolver.findings) {
        resolver.take_line(line, &mut headings);
    }
    for property in last_of_properties(&flags.properties) {
        resolver.take_property(property, &mut headings);
    }
    headings.into_iter().for_each(|(real, setting)| resolver.take_heading(real, setting));
    resolver.check_kinds();
    resolver.settings
}

/// Keeps the last line of each key, as Java's table does, and tells of the others.
fn last_of_each<'a>(lines: &'a [Line], findings: &mut Findings) -> Vec<&'a Line> {
    let mut last: BTreeMap<&str, &Line> = BTreeMap::new();
    for line in lines {
        if let Some(former) = last.insert(&line.key, line) {
            let at = &line.setting.origin;
            findings.warn(
                &former.setting.origin,
                format!("{} is given again at {at}, which counts", line.key),
            );
        }
    }
    let counts =
        |line: &&Line| last.get(line.key.as_str()).is_some_and(|&l| std::ptr::eq(l, *line));
    lines.iter().filter(counts).collect()
}

/// The last of each name; a property with its prefix before the same without.
fn last_of_properties(properties: &[Property]) -> Vec<&Property> {
    let mut last: BTreeMap<&str, &Property> = BTreeMap::new();
    for property in properties {
        last.insert(&property.name, property);
    }
    let (mut prefixed, bare): (Vec<_>, Vec<_>) =
        last.into_values().partition(|property| property.name.starts_with("zookeeper."));
    prefixed.extend(bare);
    prefixed
}

type Headings = Vec<(&'static str, Setting)>;

struct Resolver<'f> {
    settings: Settings,
    findings: &'f mut Findings,
}

impl Resolver<'_> {
    fn take_line(&mut self, line: &Line, headings: &mut Headings) {
        let (name, setting) = (line.key.as_str(), &line.setting);
        match keys::find(name) {
            Some(Key { status: Status::Heading(real), .. }) => {
                self.tell_heading(name, real, setting);
                headings.push((real, setting.clone()));
            }
            Some(key) if key.given == Given::Bare => self.findings.warn(
                &setting.origin,
                format!("{name} has no effect in zoo.cfg; give it to the server as -D{name}=..."),
            ),
            Some(_) => self.settings.set(name, setting.clone()),
            None => self.tell_unknown_line(name, setting),
        }
    }

    fn tell_heading(&mut self, name: &str, real: &str, setting: &Setting) {
        self.findings.warn(
            &setting.origin,
            format!(
                "{name} is a heading of Apache's guide that Apache does not read; taken as {real}"
            ),
        );
    }

    fn tell_unknown_line(&mut self, name: &str, setting: &Setting) {
        let text = match name.strip_prefix("zookeeper.") {
            Some(rest) => match keys::find(rest) {
                Some(key) => format!(
                    "{name} has no effect: in zoo.cfg the prefix is added to every property; {}",
                    right_spelling(key, rest)
                ),
                None => format!("unknown setting {name} (would be the property zookeeper.{name})"),
            },
            None => unknown(name, &format!("zookeeper.{name}")),
        };
        self.findings.warn(&setting.origin, text);
    }

    fn take_property(&mut self, property: &Property, headings: &mut Headings) {
        let setting =
            Setting { value: property.value.trim().to_owned(), origin: property.origin.clone() };
        match property.name.strip_prefix("zookeeper.") {
            Some(name) => self.take_prefixed(name, setting, headings),
            None => self.take_bare(&property.name, setting),
        }
    }

    fn take_prefixed(&mut self, name: &str, setting: Setting, headings: &mut Headings) {
        let origin = setting.origin.clone();
        match keys::find(name) {
            Some(Key { status: Status::Heading(real), .. }) => {
                self.tell_heading(name, real, &setting);
                headings.push((real, setting));
            }
            Some(key) if matches!(key.given, Given::File | Given::Bare) => self.findings.warn(
                &origin,
                format!("-Dzookeeper.{name} has no effect; {}", right_spelling(key, name)),
            ),
            Some(_) => self.offer(name, setting),
            None => self.findings.warn(&origin, unknown(name, &format!("zookeeper.{name}"))),
        }
    }

    fn take_bare(&mut self, name: &str, setting: Setting) {
        match keys::find(name) {
            Some(key) if matches!(key.given, Given::Bare | Given::PropertyOrBare) => {
                self.offer(name, setting);
            }
            Some(key) if !key.family && !matches!(key.status, Status::Heading(_)) => {
                let spelling = right_spelling(key, name);
                self.findings.warn(&setting.origin, format!("-D{name} has no effect; {spelling}"));
            }
            _ => self.findings.notice(
                &setting.origin,
                format!("-D{name} is no setting of ZooKeeper's and was passed over"),
            ),
        }
    }

    /// Sets what nobody stronger has set; tells when a different value loses.
    fn offer(&mut self, name: &str, setting: Setting) {
        match self.settings.get(name) {
            None => self.settings.set(name, setting),
            Some(winner) if winner.value != setting.value => {
                let text = format!("-D for {name} is overridden by {}", winner.origin);
                self.findings.warn(&setting.origin, text);
            }
            Some(_) => {}
        }
    }

    fn take_heading(&mut self, real: &str, setting: Setting) {
        if self.settings.get(real).is_none() {
            self.settings.set(real, setting);
        }
    }

    /// Values that do not fit: errors where Apache refuses to start, else the default and a warning.
    fn check_kinds(&mut self) {
        let bad: Vec<(String, Setting, &'static Key, String)> = self
            .settings
            .iter()
            .filter_map(|(name, setting)| {
                let key = keys::find(name)?;
                let syntax = syntax(key, &setting.origin);
                let expected = values::fault_in(key.kind, &setting.value, syntax)?;
                Some((name.to_owned(), setting.clone(), key, expected))
            })
            .collect();
        for (name, setting, key, expected) in bad {
            self.reject(&name, &setting, key, &expected);
        }
    }

    fn reject(&mut self, name: &str, setting: &Setting, key: &Key, expected: &str) {
        let flag = matches!(setting.origin, Origin::CommandLine | Origin::Env(_));
        let parsed = matches!(key.given, Given::File | Given::FileOrProperty);
        let value = &setting.value;
        if parsed && !flag {
            let text = format!("expected {expected}");
            return self.findings.bad_value(&setting.origin, (name, value), text);
        }
        let instead = match key.kind {
            Kind::Bool => "counts as false, as in Apache".to_owned(),
            Kind::YesNo => format!("counts as {}, as in Apache", key.default),
            _ if key.default.is_empty() => "is passed over".to_owned(),
            _ => format!("is passed over; the default {} holds", key.default),
        };
        let text = format!("{name}={value}: expected {expected}; {instead}");
        self.findings.warn(&setting.origin, text);
        match key.kind {
            Kind::Bool => {
                let origin = setting.origin.clone();
                self.settings.set(name, Setting { value: "false".to_owned(), origin });
            }
            _ => self.settings.remove(name),
        }
    }
}

fn right_spelling(key: &Key, name: &str) -> String {
    match key.given {
        Given::File => format!("write {name}=... into zoo.cfg"),
        Given::Bare => format!("give -D{name}=... to the server"),
        _ => format!("write {name}=... into zoo.cfg, or give -Dzookeeper.{name}=..."),
    }
}

fn unknown(name: &str, property: &str) -> String {
    let hint = match keys::resembling(name) {
        Some(near) => format!("; did you mean {near}?"),
        None => String::new(),
    };
    format!("unknown setting {name} (in Apache it would become the property {property}){hint}")
}

#[cfg(test)]
mod tests;
