//! Who may do what: matching a connection's identities against ACLs, and making the ACL lists that
//! clients ask for fit to be stored.
//!
//! Pure rules over ids. How a connection came by its identities (passwords, certificates,
//! addresses) is the server's business and may not be known here.

use std::collections::BTreeSet;
use std::net::IpAddr;

use codec::acl::perms;
use codec::{Acl, AclList, ErrorCode};

use crate::acl_cache::AclRecord;
use crate::network::{self, Network};

/// Entries of a list that are compared with each other one by one.
const FEW: usize = 8;

/// One identity of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identity {
    /// `ip`, `digest`, `super`, …
    pub scheme: Box<str>,
    /// The name in that scheme.
    pub id: Box<str>,
}

impl Identity {
    /// The identity `scheme:id`.
    pub fn new(scheme: &str, id: &str) -> Self {
        Identity { scheme: scheme.into(), id: id.into() }
    }

    /// Identities that an ACL entry of scheme `auth` stands for: not ip, not super.
    fn is_authenticated(&self) -> bool {
        !matches!(&*self.scheme, "ip" | "super")
    }
}

/// The server's settings for access control.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccessRules {
    /// `zookeeper.skipACL=yes`: everybody may do everything.
    pub skip_acl: bool,
    /// Whether the digest provider is there (`DigestAuthenticationProvider.enabled`).
    pub digest: bool,
    /// Most bytes that a list fit to be stored may take once encoded: what fits into one packet
    /// (`jute.maxbuffer`), so that it can be read back.
    pub acl_bytes_max: usize,
}

impl Default for AccessRules {
    fn default() -> Self {
        AccessRules { skip_acl: false, digest: true, acl_bytes_max: (1 << 20) - 1 }
    }
}

impl AccessRules {
    /// Whether `identities` hold one of the permission bits `wanted` under `acl`.
    /// An empty list allows everything, as does an identity of scheme `super`.
    pub fn allows(self, acl: &[Acl<'_>], wanted: i32, identities: &[Identity]) -> bool {
        let of_network = |entry: &Acl<'_>| {
            (entry.perms & wanted != 0 && entry.id.scheme.as_deref() == Some("ip"))
                .then(|| Network::parse(entry.id.id.as_deref()?))
                .flatten()
        };
        self.skip_acl
            || acl.is_empty()
            || acl.iter().any(|entry| entry.perms & wanted != 0 && self.names(entry, identities))
            || lies_in(identities, || acl.iter().filter_map(of_network))
            || is_super(identities)
    }

    /// [`Self::allows`] with the networks that the record has parsed already.
    fn allows_record(self, acl: &AclRecord, wanted: i32, identities: &[Identity]) -> bool {
        let entries = acl.entries();
        let granting =
            |(perms, network): &(i32, Network)| (perms & wanted != 0).then_some(*network);
        self.skip_acl
            || entries.is_empty()
            || entries.iter().any(|e| e.perms & wanted != 0 && self.names(e, identities))
            || lies_in(identities, || acl.networks().iter().filter_map(granting))
            || is_super(identities)
    }

    /// [`Self::allows`] as an operation's answer.
    ///
    /// # Errors
    /// NOAUTH.
    pub fn check(
        self,
        acl: &[Acl<'_>],
        wanted: i32,
        identities: &[Identity],
    ) -> Result<(), ErrorCode> {
        if self.allows(acl, wanted, identities) { Ok(()) } else { Err(ErrorCode::NoAuth) }
    }

    /// [`Self::check`] against a node's ACL. One that could not be resolved lets nobody in.
    ///
    /// # Errors
    /// NOAUTH.
    pub fn check_record(
        self,
        acl: &AclRecord,
        wanted: i32,
        identities: &[Identity],
    ) -> Result<(), ErrorCode> {
        if acl.is_open() {
            return Ok(());
        }
        if !acl.is_resolved() && !self.skip_acl {
            return Err(ErrorCode::NoAuth);
        }
        let allowed = self.allows_record(acl, wanted, identities);
        if allowed { Ok(()) } else { Err(ErrorCode::NoAuth) }
    }

    /// Every scheme but `ip`, whose networks are matched all at once.
    fn names(self, entry: &Acl<'_>, identities: &[Identity]) -> bool {
        let (Some(scheme), Some(id)) = (entry.id.scheme.as_deref(), entry.id.id.as_deref()) else {
            return false;
        };
        match scheme {
            "world" => id == "anyone",
            "ip" => false,
            "digest" if !self.digest => false,
            _ => identities.iter().any(|i| &*i.scheme == scheme && &*i.id == id),
        }
    }

    /// Makes the ACL list of a request fit to be stored: duplicates go, `auth` entries are
    /// replaced by the caller's own identities, and every other entry must be understood.
    ///
    /// # Errors
    /// INVALIDACL for a null or empty list, an unknown scheme, an id that its scheme does not
    /// accept, `auth` without an authenticated identity, or a list longer than
    /// [`Self::acl_bytes_max`]; MARSHALLINGERROR for a null id.
    pub fn fix_up(
        self,
        asked: Option<&[Acl<'_>]>,
        identities: &[Identity],
    ) -> Result<AclList, ErrorCode> {
        let asked = asked.filter(|list| !list.is_empty()).ok_or(ErrorCode::InvalidAcl)?;
        let mut fixed =
            Fixed { list: AclList::with_capacity(asked.len()), bytes: 4, max: self.acl_bytes_max };
        let mut seen = BTreeSet::new();
        for (position, entry) in asked.iter().enumerate() {
            let is_new = if asked.len() <= FEW {
                !asked[..position].contains(entry)
            } else {
                seen.insert((entry.perms, entry.id.scheme.as_deref(), entry.id.id.as_deref()))
            };
            if is_new {
                self.fix_up_entry(entry, identities, &mut fixed)?;
            }
        }
        Ok(fixed.list)
    }

    fn fix_up_entry(
        self,
        entry: &Acl<'_>,
        identities: &[Identity],
        fixed: &mut Fixed,
    ) -> Result<(), ErrorCode> {
        let scheme = entry.id.scheme.as_deref().ok_or(ErrorCode::InvalidAcl)?;
        if scheme == "auth" {
            return expand_auth(entry.perms, identities, fixed);
        }
        let accepted = match (scheme, entry.id.id.as_deref()) {
            ("world" | "ip" | "digest", None) => return Err(ErrorCode::MarshallingError),
            ("world", Some(id)) => id == "anyone",
            ("ip", Some(id)) => Network::parse(id).is_some(),
            ("digest", Some(id)) => self.digest && is_digest_id(id),
            _ => false,
        };
        if !accepted {
            return Err(ErrorCode::InvalidAcl);
        }
        fixed.push(entry.perms, scheme, entry.id.id.as_deref().unwrap_or_default())
    }
}

/// A list on its way to be stored.
struct Fixed {
    list: AclList,
    /// What it takes once encoded, and may take.
    bytes: usize,
    max: usize,
}

impl Fixed {
    /// # Errors
    /// INVALIDACL if the list would be too long for one packet: nobody could read it.
    fn push(&mut self, perms: i32, scheme: &str, id: &str) -> Result<(), ErrorCode> {
        self.bytes += 12 + scheme.len() + id.len();
        if self.bytes > self.max {
            return Err(ErrorCode::InvalidAcl);
        }
        self.list.push(Acl::new(perms, scheme.to_string(), id.to_string()));
        Ok(())
    }
}

fn expand_auth(perms: i32, who: &[Identity], fixed: &mut Fixed) -> Result<(), ErrorCode> {
    let before = fixed.list.len();
    let mut authenticated = who.iter().filter(|identity| identity.is_authenticated());
    authenticated.try_for_each(|i| fixed.push(perms, &i.scheme, &i.id))?;
    if fixed.list.len() == before { Err(ErrorCode::InvalidAcl) } else { Ok(()) }
}

fn is_super(identities: &[Identity]) -> bool {
    identities.iter().any(|identity| &*identity.scheme == "super")
}

/// Whether a connection's address lies in one of the networks. Parses each address once, and
/// none where there is no network.
fn lies_in<N: Iterator<Item = Network>>(who: &[Identity], networks: impl Fn() -> N) -> bool {
    let ip = who.iter().filter(|identity| &*identity.scheme == "ip");
    networks().next().is_some()
        && ip
            .filter_map(|identity| network::address(&identity.id))
            .any(|address: IpAddr| networks().any(|network| network.holds(address)))
}

/// `user:hash`: exactly two parts once empty trailing parts are dropped.
fn is_digest_id(id: &str) -> bool {
    let parts = id.trim_end_matches(':');
    parts.bytes().filter(|byte| *byte == b':').count() == 1
}

/// What getACL shows: callers without ADMIN see digest ids without their hashes.
pub fn mask_digests(acl: &mut [Acl<'_>]) {
    for entry in acl.iter_mut().filter(|entry| entry.id.scheme.as_deref() == Some("digest")) {
        let user = entry.id.id.as_deref().and_then(|id| id.split(':').next()).unwrap_or_default();
        entry.id.id = Some(format!("{user}:x").into());
    }
}

/// What getACL asks of its caller.
pub const READ_OR_ADMIN: i32 = perms::READ | perms::ADMIN;

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: AccessRules =
        AccessRules { skip_acl: false, digest: true, acl_bytes_max: (1 << 20) - 1 };

    fn ids(list: &[(&str, &str)]) -> Vec<Identity> {
        list.iter().map(|(scheme, id)| Identity::new(scheme, id)).collect()
    }

    #[test]
    fn an_entry_grants_only_its_own_bits() {
        let acl = [Acl::new(perms::READ, "world", "anyone")];
        assert!(RULES.allows(&acl, perms::READ, &[]));
        assert!(!RULES.allows(&acl, perms::WRITE, &[]));
        assert!(RULES.allows(&acl, perms::WRITE, &ids(&[("super", "")])));
        assert!(RULES.allows(&[], perms::WRITE, &[]));
    }

    #[test]
    fn ip_entries_match_by_prefix_and_never_across_families() {
        let local = ids(&[("ip", "127.0.0.1")]);
        let acl = |network: &str| [Acl::new(perms::ALL, "ip", network.to_string())];
        assert!(RULES.allows(&acl("127.0.0.0/8"), perms::READ, &local));
        assert!(RULES.allows(&acl("0.0.0.0/0"), perms::READ, &local));
        assert!(!RULES.allows(&acl("10.0.0.0/8"), perms::READ, &local));
        assert!(!RULES.allows(&acl("::/0"), perms::READ, &local));
        let six = ids(&[("ip", "0:0:0:0:0:0:0:1%lo")]);
        assert!(RULES.allows(&acl("::1"), perms::READ, &six));
        assert!(!RULES.allows(&acl("::2/128"), perms::READ, &six));
    }

    #[test]
    fn fix_up_refuses_what_no_provider_accepts() {
        let bad = [
            ("world", "everyone"),
            ("digest", "a"),
            ("digest", "a:"),
            ("digest", "a:b:c"),
            ("ip", "1.2.3"),
            ("ip", "1.2.3.4/"),
            ("ip", "1.2.3.4/33"),
            ("super", ""),
            ("sasl", "me"),
            ("auth", ""),
        ];
        for (scheme, id) in bad {
            let asked = [Acl::new(31, scheme, id)];
            assert_eq!(
                RULES.fix_up(Some(&asked), &[]),
                Err(ErrorCode::InvalidAcl),
                "{scheme}:{id}"
            );
        }
        assert_eq!(RULES.fix_up(None, &[]), Err(ErrorCode::InvalidAcl));
        assert_eq!(RULES.fix_up(Some(&[]), &[]), Err(ErrorCode::InvalidAcl));
    }

    #[test]
    fn fix_up_accepts_digest_and_ip_forms_of_the_reference() {
        for (scheme, id) in
            [("digest", "a:b"), ("digest", ":x"), ("digest", "a:b:"), ("ip", "::1/64")]
        {
            let asked = [Acl::new(31, scheme, id)];
            assert_eq!(RULES.fix_up(Some(&asked), &[]).unwrap(), asked, "{scheme}:{id}");
        }
    }

    #[test]
    fn a_null_id_is_a_marshalling_error_and_a_null_scheme_an_invalid_acl() {
        let mut entry = Acl::new(31, "digest", "");
        entry.id.id = None;
        let list = [entry.clone()];
        assert_eq!(RULES.fix_up(Some(&list), &[]), Err(ErrorCode::MarshallingError));
        entry.id.scheme = None;
        assert_eq!(RULES.fix_up(Some(&[entry]), &[]), Err(ErrorCode::InvalidAcl));
    }

    #[test]
    fn auth_expands_to_every_authenticated_identity_but_not_to_ip() {
        let who = ids(&[("ip", "127.0.0.1"), ("digest", "a:1"), ("digest", "b:2"), ("super", "")]);
        let asked = [Acl::new(31, "auth", "ignored"), Acl::new(31, "auth", "ignored")];
        let fixed = RULES.fix_up(Some(&asked), &who).unwrap();
        assert_eq!(fixed, [Acl::new(31, "digest", "a:1"), Acl::new(31, "digest", "b:2")]);
        assert_eq!(RULES.fix_up(Some(&asked), &who[..1]), Err(ErrorCode::InvalidAcl));
    }

    #[test]
    fn duplicates_go_and_the_first_stays_in_its_place_in_long_lists_too() {
        let entry = |n: usize| Acl::new(31, "digest", format!("user{}:hash", n % 10_000));
        let asked: Vec<Acl<'_>> = (0..30_000).map(entry).collect();
        assert_eq!(RULES.fix_up(Some(&asked), &[]).unwrap(), asked[..10_000]);
    }

    #[test]
    fn a_list_that_auth_makes_longer_than_a_packet_is_refused() {
        let who: Vec<Identity> =
            (0..1000).map(|n| Identity::new("digest", &format!("user{n}:hash"))).collect();
        let asked: Vec<Acl<'_>> = (0..100).map(|n| Acl::new(1, "auth", format!("{n}"))).collect();
        assert_eq!(RULES.fix_up(Some(&asked), &who), Err(ErrorCode::InvalidAcl));
        assert_eq!(RULES.fix_up(Some(&asked[..20]), &who).unwrap().len(), 20_000);
        let exact = [Acl::new(1, "digest", "a:b")];
        let bytes = codec::Encode::to_bytes(&exact.to_vec()).len();
        let rules = |acl_bytes_max| AccessRules { acl_bytes_max, ..RULES };
        assert!(rules(bytes).fix_up(Some(&exact), &[]).is_ok());
        assert_eq!(rules(bytes - 1).fix_up(Some(&exact), &[]), Err(ErrorCode::InvalidAcl));
    }

    #[test]
    fn a_record_allows_what_its_list_allows() {
        let lists = [
            vec![Acl::new(perms::READ, "ip", "10.0.0.0/8")],
            vec![Acl::new(perms::WRITE, "ip", "10.0.0.0/8"), Acl::new(31, "ip", "junk")],
            vec![Acl::new(perms::READ, "ip", "::1"), Acl::new(perms::READ, "digest", "a:b")],
            vec![Acl::new(perms::READ, "ip", "0.0.0.0/0")],
            vec![],
        ];
        let callers = [
            ids(&[]),
            ids(&[("ip", "10.1.2.3")]),
            ids(&[("ip", "11.1.2.3"), ("ip", "::1%lo")]),
            ids(&[("digest", "a:b")]),
            ids(&[("super", "")]),
        ];
        for list in lists {
            let mut cache = crate::acl_cache::AclCache::new(0);
            let slot = cache.intern(Some(&list));
            for (who, wanted) in callers.iter().flat_map(|w| [(w, perms::READ), (w, 31)]) {
                let by_record = RULES.check_record(cache.record(slot), wanted, who);
                assert_eq!(by_record.is_ok(), RULES.allows(&list, wanted, who), "{list:?} {who:?}");
            }
        }
    }

    #[test]
    fn masking_hides_hashes_of_digest_entries_only() {
        let mut acl = [Acl::new(1, "digest", "bob:hash"), Acl::new(1, "ip", "1.2.3.4")];
        mask_digests(&mut acl);
        assert_eq!(acl, [Acl::new(1, "digest", "bob:x"), Acl::new(1, "ip", "1.2.3.4")]);
    }
}
