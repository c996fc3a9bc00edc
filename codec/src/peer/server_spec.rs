//! The value of a `server.N` line: addresses, role, client address.
//!
//! `host:quorumPort:electionPort[|…][:participant|observer][;[clientHost:]clientPort]`

use std::fmt;

use crate::peer::address::{HostPort, is_host, split_host, write_host};

/// What a member does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Role {
    /// Votes.
    #[default]
    Participant,
    /// Does not vote.
    Observer,
}

impl Role {
    /// The word in the text, which is read in any case.
    pub const fn name(self) -> &'static str {
        match self {
            Role::Participant => "participant",
            Role::Observer => "observer",
        }
    }

    /// The role with this name.
    pub fn parse(text: &str) -> Option<Self> {
        let is = |role: &Role| role.name().eq_ignore_ascii_case(text);
        [Role::Participant, Role::Observer].into_iter().find(is)
    }
}

/// Where a server listens for its peers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerAddress {
    /// Host name or literal, without brackets.
    pub host: String,
    /// Port of the leader for its learners.
    pub quorum_port: u16,
    /// Port for elections.
    pub election_port: u16,
}

impl PeerAddress {
    /// The quorum address.
    pub fn quorum(&self) -> HostPort {
        HostPort::new(self.host.clone(), self.quorum_port)
    }

    /// The election address.
    pub fn election(&self) -> HostPort {
        HostPort::new(self.host.clone(), self.election_port)
    }
}

impl fmt::Display for PeerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_host(f, &self.host)?;
        write!(f, ":{}:{}", self.quorum_port, self.election_port)
    }
}

/// One member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerSpec {
    /// At least one; several if multi-address is in use. Their order has no meaning.
    pub addresses: Vec<PeerAddress>,
    /// Its role.
    pub role: Role,
    /// Client address, if it is a part of the dynamic configuration.
    pub client: Option<HostPort>,
}

impl ServerSpec {
    /// Reads the value of a `server.N` line.
    ///
    /// # Errors
    /// A sentence that says what is wrong and what was expected.
    pub fn parse(value: &str) -> Result<Self, String> {
        let (peers, client) = match value.trim().split_once(';') {
            None => (value.trim(), None),
            Some((peers, client)) => (peers, Some(parse_client(client)?)),
        };
        let mut addresses = Vec::new();
        let mut role = None;
        for peer in peers.split('|') {
            let (address, its_role) = parse_peer(peer)?;
            addresses.push(address);
            role = its_role.or(role);
        }
        Ok(ServerSpec { addresses, role: role.unwrap_or_default(), client })
    }

    /// Whether both mean the same member: equal sets of addresses, role and client address.
    pub fn same_as(&self, other: &ServerSpec) -> bool {
        let sorted = |spec: &ServerSpec| {
            let mut addresses = spec.addresses.clone();
            addresses.sort();
            addresses.dedup();
            addresses
        };
        (self.role, &self.client) == (other.role, &other.client) && sorted(self) == sorted(other)
    }
}

/// A port alone stands for all interfaces.
fn parse_client(text: &str) -> Result<HostPort, String> {
    let text = text.trim();
    let address = match text.parse() {
        Ok(port) => Some(HostPort::new("0.0.0.0", port)),
        Err(_) => HostPort::parse(text),
    };
    address.ok_or_else(|| format!("`{text}` is no client address: expected [host:]port"))
}

fn parse_peer(text: &str) -> Result<(PeerAddress, Option<Role>), String> {
    let expected =
        || format!("`{text}` is no server address: expected host:quorumPort:electionPort[:role]");
    let parts = split_host(text.trim()).ok_or_else(expected)?;
    let (host, quorum, election, role) = match parts.as_slice() {
        [host, quorum, election] => (host, quorum, election, None),
        [host, quorum, election, role] => match (Role::parse(role), Role::parse(host)) {
            (Some(role), _) => (host, quorum, election, Some(role)),
            // An old form has the role in front.
            (None, Some(first)) => (quorum, election, role, Some(first)),
            (None, None) => {
                return Err(format!("`{role}` is no role: expected participant or observer"));
            }
        },
        _ => return Err(expected()),
    };
    let port = |text: &str| text.parse().map_err(|_| format!("`{text}` is no port: 0 to 65535"));
    if !is_host(host) {
        return Err(expected());
    }
    let (quorum_port, election_port) = (port(quorum)?, port(election)?);
    Ok((PeerAddress { host: (*host).to_owned(), quorum_port, election_port }, role))
}

impl fmt::Display for ServerSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, address) in self.addresses.iter().enumerate() {
            let bar = if n == 0 { "" } else { "|" };
            write!(f, "{bar}{address}")?;
        }
        write!(f, ":{}", self.role.name())?;
        match &self.client {
            Some(client) => write!(f, ";{client}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_forms_read_back() {
        for text in [
            "127.0.0.1:24021:24031:participant",
            "zoo2:2888:3888:observer;0.0.0.0:2181",
            "[::1]:1:2|[::2]:1:2:participant;[::1]:2181",
        ] {
            assert_eq!(ServerSpec::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn old_and_short_forms_mean_the_same() {
        let full = ServerSpec::parse("zoo:2888:3888:participant;0.0.0.0:2181").unwrap();
        for text in
            ["zoo:2888:3888;2181", "zoo:2888:3888:PARTICIPANT;2181", " zoo:2888:3888 ; 2181"]
        {
            assert_eq!(ServerSpec::parse(text).unwrap(), full, "{text}");
        }
        let observer = ServerSpec::parse("observer:zoo:2888:3888").unwrap();
        assert_eq!(observer.role, Role::Observer);
        let a = ServerSpec::parse("a:1:2|b:1:2").unwrap();
        let b = ServerSpec::parse("b:1:2|a:1:2").unwrap();
        assert!(a.same_as(&b) && a != b);
    }

    #[test]
    fn wrong_lines_say_what_was_expected() {
        for (text, hint) in [
            ("zoo", "host:quorumPort:electionPort"),
            ("zoo:1", "host:quorumPort:electionPort"),
            ("zoo:1:2:leader", "participant or observer"),
            ("zoo:1:70000", "no port"),
            ("zoo:1:2;host", "client address"),
            ("[::1:1:2", "host:quorumPort:electionPort"),
            ("", "host:quorumPort:electionPort"),
        ] {
            let error = ServerSpec::parse(text).unwrap_err();
            assert!(error.contains(hint), "{text}: {error}");
        }
    }
}
