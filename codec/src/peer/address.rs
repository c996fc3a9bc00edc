//! `host:port` as ZooKeeper writes it: IPv6 literals stand in square brackets.

use std::fmt;

/// A host name or address literal, without brackets, and a port.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostPort {
    /// Host.
    pub host: String,
    /// Port.
    pub port: u16,
}

impl HostPort {
    /// A host and a port.
    pub fn new(host: impl Into<String>, port: u16) -> Self {
        HostPort { host: host.into(), port }
    }

    /// Reads `host:port` or `[v6]:port`; `None` if it is neither.
    pub fn parse(text: &str) -> Option<Self> {
        match split_host(text)?.as_slice() {
            [host, port] if is_host(host) => Some(HostPort::new(*host, port.parse().ok()?)),
            _ => None,
        }
    }

    /// 0.0.0.0 and ::, which name no machine: never to be dialled.
    pub fn is_wildcard(&self) -> bool {
        matches!(self.host.parse::<std::net::IpAddr>(), Ok(ip) if ip.is_unspecified())
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_host(f, &self.host)?;
        write!(f, ":{}", self.port)
    }
}

/// Whether text can stand for a host where configurations are written: nothing in it ends a line
/// or means something to who reads it back.
pub(crate) fn is_host(text: &str) -> bool {
    let breaks = |c: char| c.is_whitespace() || c.is_control() || "\\[];|".contains(c);
    !text.is_empty() && !text.contains(breaks)
}

/// Writes a host, in brackets if it is an IPv6 literal.
pub(crate) fn write_host(f: &mut fmt::Formatter<'_>, host: &str) -> fmt::Result {
    if host.contains(':') { write!(f, "[{host}]") } else { f.write_str(host) }
}

/// Splits `host:a:b` at its colons, a bracketed host being one part; `None` if a bracket is open
/// or something else than a colon follows it.
pub(crate) fn split_host(text: &str) -> Option<Vec<&str>> {
    let Some(inner) = text.strip_prefix('[') else {
        return Some(text.split(':').collect());
    };
    let (host, rest) = inner.split_once(']')?;
    match rest.strip_prefix(':') {
        Some(rest) => Some(std::iter::once(host).chain(rest.split(':')).collect()),
        None => rest.is_empty().then(|| vec![host]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_read_back() {
        for text in ["127.0.0.1:2888", "zoo1.example:3888", "[::1]:2181", "[2001:db8::1]:65535"] {
            assert_eq!(HostPort::parse(text).unwrap().to_string(), text);
        }
        for text in [
            "",
            "host",
            "host:",
            ":1",
            "host:65536",
            "[::1]",
            "[::1:1",
            "::1:2",
            "a:1:2",
            "a b:1",
            "a\nserver.9=b:1",
            "a\\:1",
        ] {
            assert_eq!(HostPort::parse(text), None, "{text}");
        }
        assert!(HostPort::new("::", 1).is_wildcard());
        assert!(HostPort::new("0.0.0.0", 1).is_wildcard());
        assert!(!HostPort::new("zoo", 1).is_wildcard());
    }
}
