//! The members of an ensemble as `server.N`, `group.N` and `weight.N` lines write them.
//!
//! Only syntax and what one set of lines must be in itself; no name is resolved. What quorums they
//! form is the quorum room's matter.

use std::collections::BTreeMap;
use std::fmt;

use super::findings::Findings;
use super::settings::Setting;

/// What a member does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Votes.
    Participant,
    /// Follows without a vote.
    Observer,
}

impl Role {
    /// By its word, any case.
    pub fn named(word: &str) -> Option<Role> {
        match word.to_ascii_lowercase().as_str() {
            "participant" => Some(Role::Participant),
            "observer" => Some(Role::Observer),
            _ => None,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Role::Participant => "participant",
            Role::Observer => "observer",
        })
    }
}

/// Where other servers reach a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerAddress {
    /// Name or address, without brackets.
    pub host: String,
    /// Port of the leader's link; never 0.
    pub quorum_port: u16,
    /// Port of elections; never 0.
    pub election_port: u16,
}

/// Where clients reach a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientAddress {
    /// Name or address, without brackets; `None` = all addresses.
    pub host: Option<String>,
    /// The port; never 0.
    pub port: u16,
}

/// One server line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// One or, joined by `|`, several addresses; never empty.
    pub addresses: Vec<PeerAddress>,
    /// Participant unless the line says otherwise.
    pub role: Role,
    /// What stands after the `;`.
    pub client: Option<ClientAddress>,
}

/// All server, group and weight lines together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Membership {
    /// The members by server id.
    pub members: BTreeMap<i64, Member>,
    /// Server ids by group id; empty = plain majority.
    pub groups: BTreeMap<i64, Vec<i64>>,
    /// Weights by server id; 1 where none is given.
    pub weights: BTreeMap<i64, i64>,
}

/// What a server line looks like, to stand after "expected".
const LINE_FORM: &str =
    "host:quorumPort:electionPort[:participant|observer][;[address:]clientPort]";

impl Member {
    /// Reads what stands after `server.N=`. The error says what was expected.
    pub fn parse(text: &str) -> Result<Member, String> {
        let (servers, client) = match text.split_once(';') {
            Some((servers, client)) => (servers, Some(parse_client(client)?)),
            None => (text, None),
        };
        let mut addresses = Vec::new();
        let mut role = None;
        for address in servers.split('|') {
            let (address, stated) = parse_address(address)?;
            if role.is_some_and(|role| role != stated) {
                return Err("all addresses of a server must state the same role".to_owned());
            }
            role = Some(stated);
            addresses.push(address);
        }
        Ok(Member { addresses, role: role.unwrap_or(Role::Participant), client })
    }
}

fn parse_address(text: &str) -> Result<(PeerAddress, Role), String> {
    let form = || format!("expected {LINE_FORM}");
    let parts = split_host(text.trim()).ok_or_else(form)?;
    let [host, quorum, election, rest @ ..] = parts.as_slice() else {
        return Err(form());
    };
    let role = match rest {
        [] => Role::Participant,
        [word] => Role::named(word).ok_or("expected participant or observer as the role")?,
        _ => return Err(form()),
    };
    if host.is_empty() {
        return Err(form());
    }
    let quorum_port = parse_port(quorum, "quorum port")?;
    let election_port = parse_port(election, "election port")?;
    if quorum_port == election_port {
        return Err("quorum port and election port must differ".to_owned());
    }
    Ok((PeerAddress { host: (*host).to_owned(), quorum_port, election_port }, role))
}

fn parse_client(text: &str) -> Result<ClientAddress, String> {
    let form = || "expected clientPort or address:clientPort after the ;".to_owned();
    let parts = split_host(text.trim()).ok_or_else(form)?;
    match parts.as_slice() {
        [port] => Ok(ClientAddress { host: None, port: parse_port(port, "client port")? }),
        [host, port] => {
            let any = host.is_empty() || matches!(*host, "0.0.0.0" | "::");
            let host = (!any).then(|| (*host).to_owned());
            Ok(ClientAddress { host, port: parse_port(port, "client port")? })
        }
        _ => Err(form()),
    }
}

/// Parts between colons; a first part in brackets keeps its own.
fn split_host(text: &str) -> Option<Vec<&str>> {
    let Some(rest) = text.strip_prefix('[') else {
        return Some(text.split(':').collect());
    };
    let (host, rest) = rest.split_once(']')?;
    let mut parts = vec![host];
    match rest.strip_prefix(':') {
        Some(rest) => parts.extend(rest.split(':')),
        None if rest.is_empty() => {}
        None => return None,
    }
    Some(parts)
}

fn parse_port(text: &str, what: &str) -> Result<u16, String> {
    match text.trim().parse::<u16>() {
        Ok(port) if port > 0 => Ok(port),
        _ => Err(format!("expected a {what} from 1 to 65535, found '{text}'")),
    }
}

impl Membership {
    /// Reads the lines whose keys begin with `server.`, `group` or `weight`; passes over others.
    pub(super) fn parse<'a>(
        lines: impl Iterator<Item = (&'a str, &'a Setting)>,
        findings: &mut Findings,
    ) -> Membership {
        let mut membership = Membership::default();
        for (key, setting) in lines {
            if let Err(text) = membership.add_line(key, &setting.value) {
                findings.bad_value(&setting.origin, (key, &setting.value), text);
            }
        }
        membership
    }

    fn add_line(&mut self, key: &str, value: &str) -> Result<(), String> {
        let number = || {
            let digits = key.split_once('.').map(|(_, id)| id);
            let id = digits.and_then(|id| id.trim().parse::<i64>().ok()).filter(|&id| id >= 0);
            id.ok_or_else(|| "expected a whole number, 0 or more, after the dot".to_owned())
        };
        if key.starts_with("server.") {
            self.members.insert(number()?, Member::parse(value)?);
        } else if key.starts_with("group") {
            let ids: Result<_, _> = value.split(':').map(|id| id.trim().parse()).collect();
            let ids = ids.map_err(|_| "expected server ids joined by colons")?;
            self.groups.insert(number()?, ids);
        } else if key.starts_with("weight") {
            let weight = value.parse().ok().filter(|&weight: &i64| weight >= 0);
            self.weights.insert(number()?, weight.ok_or("expected a whole number, 0 or more")?);
        }
        Ok(())
    }

    /// The members with a vote, by id.
    pub fn voters(&self) -> impl Iterator<Item = (i64, &Member)> {
        self.with_role(Role::Participant)
    }

    /// The members without a vote, by id.
    pub fn observers(&self) -> impl Iterator<Item = (i64, &Member)> {
        self.with_role(Role::Observer)
    }

    fn with_role(&self, role: Role) -> impl Iterator<Item = (i64, &Member)> {
        let members = self.members.iter().map(|(&id, member)| (id, member));
        members.filter(move |(_, member)| member.role == role)
    }

    /// What is wrong with groups and weights, as sentences.
    pub(super) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut seen = BTreeMap::new();
        for (group, id) in self.groups.iter().flat_map(|(g, ids)| ids.iter().map(move |i| (g, i))) {
            if !self.members.contains_key(id) {
                faults.push(format!("group.{group} names server {id}, which has no server line"));
            } else if let Some(other) = seen.insert(id, group) {
                faults.push(format!("server {id} is in group.{other} and in group.{group}"));
            }
        }
        let missing = self.members.keys().filter(|id| !seen.contains_key(id));
        if !self.groups.is_empty() {
            faults.extend(missing.map(|id| format!("server {id} is in no group")));
        }
        let weighted = self.weights.keys().filter(|id| !self.members.contains_key(id));
        faults.extend(weighted.map(|id| format!("weight.{id} has no server line")));
        faults
    }
}

#[cfg(test)]
mod tests;
