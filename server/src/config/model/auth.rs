//! Values of authentication and access control. How an identity is proved is not known here.

use std::collections::BTreeSet;

use crate::config::settings::Settings;

/// Schemes, super user, enforced authentication.
#[derive(Clone, PartialEq, Eq)]
pub struct Auth {
    /// Whether scheme `digest` is offered.
    pub digest_enabled: bool,
    /// The digest identity (`user:base64`) that is super user as well. Never logged.
    pub super_digest: Option<String>,
    /// The hash of digest identities.
    pub digest_alg: DigestAlg,
    /// No access control at all.
    pub skip_acl: bool,
    /// Every request needs an identity of one of these schemes; `None` = not enforced.
    pub enforce_schemes: Option<BTreeSet<String>>,
    /// The accepting server refuses what the ACL forbids before the leader is asked.
    pub eager_acl_check: bool,
}

/// The hash of digest identities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DigestAlg {
    /// SHA-1, the default.
    Sha1,
    /// SHA-224.
    Sha224,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
    /// SHA3-224.
    Sha3_224,
    /// SHA3-256.
    Sha3_256,
    /// SHA3-384.
    Sha3_384,
    /// SHA3-512.
    Sha3_512,
}

impl DigestAlg {
    /// The names that are taken, for error messages.
    pub const NAMES: &'static str =
        "SHA1, SHA-224, SHA-256, SHA-384, SHA-512, SHA3-224, SHA3-256, SHA3-384 or SHA3-512";

    /// The algorithm by Java's name, any case.
    pub fn named(name: &str) -> Option<DigestAlg> {
        Some(match name.to_ascii_uppercase().as_str() {
            "SHA1" | "SHA-1" | "SHA" => DigestAlg::Sha1,
            "SHA-224" | "SHA224" => DigestAlg::Sha224,
            "SHA-256" | "SHA256" => DigestAlg::Sha256,
            "SHA-384" | "SHA384" => DigestAlg::Sha384,
            "SHA-512" | "SHA512" => DigestAlg::Sha512,
            "SHA3-224" => DigestAlg::Sha3_224,
            "SHA3-256" => DigestAlg::Sha3_256,
            "SHA3-384" => DigestAlg::Sha3_384,
            "SHA3-512" => DigestAlg::Sha3_512,
            _ => return None,
        })
    }
}

impl Auth {
    pub(super) fn from_settings(s: &Settings) -> Self {
        let name = s.text("DigestAuthenticationProvider.digestAlg");
        let super_digest = s.some_text("DigestAuthenticationProvider.superDigest");
        Auth {
            digest_enabled: s.flag("DigestAuthenticationProvider.enabled"),
            super_digest: super_digest.map(str::to_owned),
            digest_alg: DigestAlg::named(name).unwrap_or(DigestAlg::Sha1),
            skip_acl: s.text("skipACL") == "yes",
            enforce_schemes: enforced(s),
            eager_acl_check: s.flag("enableEagerACLCheck"),
        }
    }
}

fn enforced(s: &Settings) -> Option<BTreeSet<String>> {
    let sasl = s.flag("sessionRequireClientSASLAuth");
    if !sasl && !s.flag("enforce.auth.enabled") {
        return None;
    }
    let listed = s.text("enforce.auth.schemes").split(',').map(str::trim);
    let mut schemes: BTreeSet<String> =
        listed.filter(|scheme| !scheme.is_empty()).map(str::to_owned).collect();
    if sasl {
        schemes.insert("sasl".to_owned());
    }
    Some(schemes)
}

/// Says whether there is a super user, never who.
impl std::fmt::Debug for Auth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Auth")
            .field("digest_enabled", &self.digest_enabled)
            .field("super_digest", &self.super_digest.as_ref().map(|_| "(set)"))
            .field("digest_alg", &self.digest_alg)
            .field("skip_acl", &self.skip_acl)
            .field("enforce_schemes", &self.enforce_schemes)
            .field("eager_acl_check", &self.eager_acl_check)
            .finish()
    }
}
