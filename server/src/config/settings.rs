//! The settings in force: each known name with the value that won, and the table's default where
//! nobody gave one.
//!
//! Who wins between `zoo.cfg` and `-D` is decided in `resolve.rs`; what values mean together, in
//! the model.

use std::collections::BTreeMap;

use super::findings::Origin;
use super::keys::{self, Given, Key};
use super::values::{self, Syntax};

/// A value somebody gave, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The text, trimmed.
    pub value: String,
    /// Where it was given.
    pub origin: Origin,
}

/// Names as in `zoo.cfg` (no `zookeeper.` prefix) to the values that won.
///
/// Invariant: every value fits the kind that the table states for its name.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    given: BTreeMap<String, Setting>,
}

impl Settings {
    /// What was given for `name`.
    pub fn get(&self, name: &str) -> Option<&Setting> {
        self.given.get(name)
    }

    /// Everything that was given, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Setting)> {
        self.given.iter().map(|(name, setting)| (name.as_str(), setting))
    }

    /// The members of a family: what follows the prefix, and the setting.
    pub fn family<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a Setting)> {
        self.iter().filter_map(move |(name, setting)| {
            let member = keys::find(name).is_some_and(|key| key.family && key.name == prefix);
            member.then(|| (&name[prefix.len()..], setting))
        })
    }

    pub(super) fn set(&mut self, name: &str, setting: Setting) {
        self.given.insert(name.to_owned(), setting);
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.given.remove(name);
    }

    /// The text in force: as given, else the default (which may be empty).
    pub fn text(&self, name: &str) -> &str {
        self.get(name).map_or_else(|| row(name).default, |setting| &setting.value)
    }

    /// The text, if it was given and is not empty.
    pub fn some_text(&self, name: &str) -> Option<&str> {
        self.get(name).map(|setting| setting.value.as_str()).filter(|text| !text.is_empty())
    }

    /// The whole number in force, or `None` when neither given nor defaulted.
    pub fn some_whole(&self, name: &str) -> Option<i64> {
        match self.get(name) {
            Some(setting) => values::whole(&setting.value, syntax(row(name), &setting.origin)),
            None => values::whole(row(name).default, Syntax::Decimal),
        }
    }

    /// The whole number in force; 0 for a name without one.
    pub fn whole(&self, name: &str) -> i64 {
        self.some_whole(name).unwrap_or(0)
    }

    /// As [`Settings::whole`], with everything below zero taken as zero.
    pub fn unsigned(&self, name: &str) -> u64 {
        u64::try_from(self.whole(name)).unwrap_or(0)
    }

    /// As [`Settings::unsigned`], in 32 bits.
    pub fn unsigned32(&self, name: &str) -> u32 {
        u32::try_from(self.unsigned(name)).unwrap_or(u32::MAX)
    }

    /// The number when it is above zero: how Apache writes "off" as 0 or -1.
    pub fn above_zero(&self, name: &str) -> Option<u64> {
        Some(self.unsigned(name)).filter(|&value| value > 0)
    }

    /// The decimal number in force.
    pub fn real(&self, name: &str) -> f64 {
        values::real(self.text(name)).unwrap_or(0.0)
    }

    /// Whether the value in force is `true`, any case.
    pub fn flag(&self, name: &str) -> bool {
        values::boolean(self.text(name)).unwrap_or(false)
    }

    /// The port, when it was given and is not 0.
    pub fn port(&self, name: &str) -> Option<u16> {
        self.some_whole(name).and_then(|port| u16::try_from(port).ok()).filter(|&port| port > 0)
    }
}

/// Which number syntax holds for a key's value from this origin.
pub(super) fn syntax(key: &Key, origin: &Origin) -> Syntax {
    let flag = matches!(origin, Origin::CommandLine | Origin::Env(_));
    match key.given {
        Given::File => Syntax::Decimal,
        Given::FileOrProperty if !flag => Syntax::Decimal,
        _ => Syntax::Decode,
    }
}

fn row(name: &str) -> &'static Key {
    keys::find(name).expect("invariant: readers name only settings that stand in the table")
}
