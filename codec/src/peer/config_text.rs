//! The configuration as text: in notifications, NEWLEADER, reconfig transactions, the node
//! `/zookeeper/config` and dynamic configuration files. Compared by meaning, never by bytes: the
//! reference writes it in the order of its hash maps.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::ids::ServerId;
use crate::jute::decode_text;
use crate::peer::properties::{Property, parse_properties};
use crate::peer::server_spec::{Role, ServerSpec};

/// A line that is no part of a configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, {key}: {problem}")]
pub struct ConfigTextError {
    /// Where, counted from 1.
    pub line: usize,
    /// The key that stands there.
    pub key: String,
    /// What is wrong and what was expected.
    pub problem: String,
}

/// A configuration.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConfigText {
    /// Members.
    pub servers: BTreeMap<ServerId, ServerSpec>,
    /// Groups of a hierarchical quorum; empty for a simple majority.
    pub groups: BTreeMap<i64, BTreeSet<ServerId>>,
    /// Weights as written; members that are not here weigh 1.
    pub weights: BTreeMap<ServerId, i64>,
    /// Zxid of the reconfig that made it; 0 when the text has none.
    pub version: i64,
}

impl ConfigText {
    /// Reads the bytes of a packet, a node or a file.
    ///
    /// # Errors
    /// The first line that is wrong, and why.
    pub fn parse(bytes: &[u8]) -> Result<Self, ConfigTextError> {
        let mut config = ConfigText::default();
        for property in parse_properties(&decode_text(bytes)) {
            config.add(&property).map_err(|problem| ConfigTextError {
                line: property.line,
                key: property.key.clone(),
                problem,
            })?;
        }
        Ok(config)
    }

    fn add(&mut self, Property { key, value, .. }: &Property) -> Result<(), String> {
        let value = value.trim();
        if key == "version" {
            let wrong = |_| format!("`{value}` is no version: expected hex digits");
            self.version = i64::from_str_radix(value, 16).map_err(wrong)?;
        } else if key.starts_with("server.") {
            self.servers.insert(ServerId(number_of(key)?), ServerSpec::parse(value)?);
        } else if key.starts_with("group") {
            self.add_group(number_of(key)?, value)?;
        } else if key.starts_with("weight") {
            let wrong = |_| format!("`{value}` is no weight: expected a whole number");
            self.weights.insert(ServerId(number_of(key)?), value.parse().map_err(wrong)?);
        } else {
            return Err("unknown key: expected server.N, group.N, weight.N or version".to_owned());
        }
        Ok(())
    }

    fn add_group(&mut self, group: i64, value: &str) -> Result<(), String> {
        let mut members = BTreeSet::new();
        for part in value.split(':') {
            let wrong = |_| format!("`{part}` is no server id: expected ids joined by colons");
            members.insert(ServerId(part.trim().parse().map_err(wrong)?));
        }
        let twice = |(other, ids): (&i64, &BTreeSet<ServerId>)| {
            *other != group && !ids.is_disjoint(&members)
        };
        if self.groups.iter().any(twice) {
            return Err("a server is in two groups".to_owned());
        }
        self.groups.insert(group, members);
        Ok(())
    }

    /// Whether votes are counted by groups.
    pub fn is_hierarchical(&self) -> bool {
        !self.groups.is_empty()
    }

    /// A member's weight.
    pub fn weight(&self, sid: ServerId) -> i64 {
        self.weights.get(&sid).copied().unwrap_or(1)
    }

    /// Ids of the members that vote.
    pub fn participants(&self) -> impl Iterator<Item = ServerId> {
        let votes = |entry: &(&ServerId, &ServerSpec)| entry.1.role == Role::Participant;
        self.servers.iter().filter(votes).map(|(sid, _)| *sid)
    }

    /// Whether both mean the same: kind of quorum, version, members; groups and weights if votes
    /// are counted by groups.
    pub fn same_as(&self, other: &ConfigText) -> bool {
        self.version == other.version
            && self.groups == other.groups
            && self.same_members(other)
            && (!self.is_hierarchical() || self.same_weights(other))
    }

    fn same_members(&self, other: &ConfigText) -> bool {
        let mut both = self.servers.iter().zip(&other.servers);
        self.servers.len() == other.servers.len()
            && both.all(|((a, left), (b, right))| a == b && left.same_as(right))
    }

    fn same_weights(&self, other: &ConfigText) -> bool {
        self.participants().all(|sid| self.weight(sid) == other.weight(sid))
    }

    /// The lines of a dynamic configuration file: sorted as text, joined by line feeds, without a
    /// version (that is in the file's name).
    pub fn members_text(&self) -> String {
        let mut lines = self.lines();
        lines.sort();
        lines.join("\n")
    }

    fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        lines.extend(self.servers.iter().map(|(sid, spec)| format!("server.{sid}={spec}")));
        for (group, members) in &self.groups {
            let ids: Vec<_> = members.iter().map(ServerId::to_string).collect();
            lines.push(format!("group.{group}={}", ids.join(":")));
        }
        if self.is_hierarchical() {
            let weigh = |sid| format!("weight.{sid}={}", self.weight(sid));
            lines.extend(self.participants().map(weigh));
        }
        lines
    }
}

/// Servers, groups, weights, version; no line feed behind the last line.
impl fmt::Display for ConfigText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines().iter().try_for_each(|line| writeln!(f, "{line}"))?;
        write!(f, "version={:x}", self.version)
    }
}

fn number_of(key: &str) -> Result<i64, String> {
    let number = key.split_once('.').and_then(|(_, number)| number.trim().parse().ok());
    number.ok_or_else(|| "no number behind the dot: expected a server or group id".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &str = "server.1=127.0.0.1:24021:24031:participant\n\
                         server.4=[::1]:24024:24034:observer;[::1]:2181\nversion=100000005";

    #[test]
    fn text_reads_back() {
        let config = ConfigText::parse(PLAIN.as_bytes()).unwrap();
        assert_eq!(config.version, 0x1_0000_0005);
        assert_eq!(config.participants().collect::<Vec<_>>(), [ServerId(1)]);
        assert_eq!(config.to_string(), PLAIN);
        assert_eq!(config.members_text(), PLAIN.rsplit_once('\n').unwrap().0);
    }

    #[test]
    fn groups_and_weights() {
        let text = "server.1=a:1:2\nserver.2=b:1:2\nserver.3=c:1:2:observer\n\
                    group.1=1\ngroup.2=2\nweight.2=3\nversion=0";
        let config = ConfigText::parse(text.as_bytes()).unwrap();
        assert!(config.is_hierarchical());
        let expected = "server.1=a:1:2:participant\nserver.2=b:1:2:participant\n\
                        server.3=c:1:2:observer\ngroup.1=1\ngroup.2=2\nweight.1=1\nweight.2=3\n\
                        version=0";
        assert_eq!(config.to_string(), expected);
        let full = ConfigText::parse(expected.as_bytes()).unwrap();
        assert!(config.same_as(&full) && config != full);
        let lighter = ConfigText::parse(text.replace("=3\n", "=2\n").as_bytes()).unwrap();
        assert!(!config.same_as(&lighter));
    }

    #[test]
    fn order_and_spelling_have_no_meaning() {
        let other = "version : 100000005\r\n# a comment\nserver.4 [::1]:24024:24034:observer;[::1]\
                     :2181\nserver.1=127.0.0.1\\:24021:24031";
        let config = ConfigText::parse(PLAIN.as_bytes()).unwrap();
        assert!(ConfigText::parse(other.as_bytes()).unwrap().same_as(&config));
    }

    #[test]
    fn wrong_lines_are_named() {
        for (text, line, hint) in [
            ("server.1=a:1:2\nclientPort=2181", 2, "unknown key"),
            ("server.x=a:1:2", 1, "id"),
            ("server.1=a", 1, "host:quorumPort"),
            ("group.1=1:2\n\ngroup.2=2:3", 3, "two groups"),
            ("weight.1=heavy", 1, "weight"),
            ("version=0xg", 1, "hex"),
        ] {
            let error = ConfigText::parse(text.as_bytes()).unwrap_err();
            assert_eq!(error.line, line, "{text}");
            assert!(error.problem.contains(hint), "{error}");
        }
    }
}
