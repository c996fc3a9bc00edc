//! Addresses and networks as ACLs of scheme `ip` spell them. Only the text and the match; who is
//! asked for what is `authorize`'s subject.

use std::net::IpAddr;

/// An address with the number of its leading bits that count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Network {
    address: IpAddr,
    bits: u32,
}

impl Network {
    /// `address` or `address/bits`.
    pub(crate) fn parse(text: &str) -> Option<Network> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            Some(bits) => bits.parse().ok().filter(|bits| *bits <= most)?,
            None => most,
        };
        Some(Network { address, bits })
    }

    /// Whether a connection's address lies in here: never across families.
    pub(crate) fn holds(self, address: IpAddr) -> bool {
        match (address, self.address) {
            (IpAddr::V4(a), IpAddr::V4(n)) => {
                let wide = |bits: u32| u128::from(bits) << 96;
                same_prefix(wide(a.to_bits()), wide(n.to_bits()), self.bits)
            }
            (IpAddr::V6(a), IpAddr::V6(n)) => same_prefix(a.to_bits(), n.to_bits(), self.bits),
            _ => false,
        }
    }
}

/// The address of a connection as its identity spells it, without the zone.
pub(crate) fn address(text: &str) -> Option<IpAddr> {
    Network::parse(text.split('%').next().unwrap_or(text)).map(|network| network.address)
}

fn same_prefix(a: u128, b: u128, bits: u32) -> bool {
    bits == 0 || (a ^ b) >> (128 - bits) == 0
}
