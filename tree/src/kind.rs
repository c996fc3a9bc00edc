//! What the stored owner of a node means: markers for containers and TTL nodes, else a session.
//! The one place that knows the markers; knows no tree.

use codec::SessionId;

/// Stored owner of a container.
pub const CONTAINER_OWNER: i64 = i64::MIN;
/// Stored owner of a TTL node without its TTL.
const TTL_MARK: i64 = 0xff00_0000_0000_0000_u64 as i64;
/// Bits of the TTL, in ms; the longest TTL.
pub const TTL_MAX_MS: i64 = 0xff_ffff_ffff;
const FEATURE_BITS: i64 = 0x00ff_ff00_0000_0000;

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NodeKind {
    /// Stays until deleted.
    Persistent,
    /// Goes with its session.
    Ephemeral(SessionId),
    /// Goes when its last child has gone.
    Container,
    /// Goes when it was not changed for this long and has no children.
    Ttl {
        /// Time to live, ms.
        ms: i64,
    },
}

/// Which markers are recognised. Without them a marked node is an ephemeral of nobody's session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KindRules {
    /// `zookeeper.extendedTypesEnabled`.
    pub extended_types: bool,
    /// `zookeeper.emulate353TTLNodes`, obeyed only with extended types, as ZooKeeper does.
    pub emulate_353: bool,
}

impl KindRules {
    /// The kind behind a stored owner.
    pub fn kind(self, owner: i64) -> NodeKind {
        match owner {
            0 => NodeKind::Persistent,
            CONTAINER_OWNER => NodeKind::Container,
            _ => self
                .ttl(owner)
                .map_or(NodeKind::Ephemeral(SessionId(owner)), |ms| NodeKind::Ttl { ms }),
        }
    }

    fn ttl(self, owner: i64) -> Option<i64> {
        if !self.extended_types {
            return None;
        }
        if self.emulate_353 && owner < 0 {
            return Some(owner & i64::MAX);
        }
        let marked = owner & TTL_MARK == TTL_MARK && owner & FEATURE_BITS & !TTL_MARK == 0;
        marked.then_some(owner & TTL_MAX_MS)
    }
}

/// The owner that is stored for a TTL node.
pub fn ttl_owner(ms: i64) -> i64 {
    TTL_MARK | (ms & TTL_MAX_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_and_kinds() {
        let off = KindRules::default();
        let on = KindRules { extended_types: true, emulate_353: false };
        let old = KindRules { extended_types: true, emulate_353: true };
        let ttl = ttl_owner(3_600_000);
        assert_eq!(ttl as u64, 0xff00_0000_0036_ee80);
        assert_eq!(on.kind(ttl), NodeKind::Ttl { ms: 3_600_000 });
        assert_eq!(off.kind(ttl), NodeKind::Ephemeral(SessionId(ttl)));
        for rules in [off, on, old] {
            assert_eq!(rules.kind(0), NodeKind::Persistent);
            assert_eq!(rules.kind(CONTAINER_OWNER), NodeKind::Container);
            assert_eq!(rules.kind(0x1234), NodeKind::Ephemeral(SessionId(0x1234)));
        }
        assert_eq!(old.kind(CONTAINER_OWNER | 5), NodeKind::Ttl { ms: 5 });
        assert_eq!(on.kind(CONTAINER_OWNER | 5), NodeKind::Ephemeral(SessionId(i64::MIN | 5)));
        let strange = TTL_MARK | 1 << 40;
        assert_eq!(on.kind(strange), NodeKind::Ephemeral(SessionId(strange)));
    }
}
