//! auth and sasl packets: they are served as soon as they are read, ahead of everything that
//! waits, and what follows them sees the new identities.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::BufMut;
use codec::client::{AuthPacket, GetSaslRequest};
use codec::{Decode, ErrorCode, OpCode, Xid, Zxid};
use sha1::{Digest, Sha1};
use tree::authorize::Identity;

use super::connection::{Connection, Ending, State};
use super::{Replica, replies};
use crate::config::model::DigestAlg;

fn hash(algorithm: DigestAlg, bytes: &[u8]) -> Vec<u8> {
    match algorithm {
        DigestAlg::Sha1 => Sha1::digest(bytes).to_vec(),
        DigestAlg::Sha224 => sha2::Sha224::digest(bytes).to_vec(),
        DigestAlg::Sha256 => sha2::Sha256::digest(bytes).to_vec(),
        DigestAlg::Sha384 => sha2::Sha384::digest(bytes).to_vec(),
        DigestAlg::Sha512 => sha2::Sha512::digest(bytes).to_vec(),
        DigestAlg::Sha3_224 => sha3::Sha3_224::digest(bytes).to_vec(),
        DigestAlg::Sha3_256 => sha3::Sha3_256::digest(bytes).to_vec(),
        DigestAlg::Sha3_384 => sha3::Sha3_384::digest(bytes).to_vec(),
        DigestAlg::Sha3_512 => sha3::Sha3_512::digest(bytes).to_vec(),
    }
}

/// Identities that a connection may have; every permission check looks at all of them.
pub const IDENTITIES_MAX: usize = 100;
/// Bytes of all their names.
pub const IDENTITY_BYTES_MAX: usize = 64 << 10;

/// How clients may say who they are.
#[derive(Debug, Clone)]
pub struct AuthRules {
    /// Whether the digest provider is there.
    pub digest: bool,
    /// Its hash.
    pub algorithm: DigestAlg,
    /// The digest identity that is everything's master.
    pub super_digest: Option<String>,
    /// Schemes of which a connection must have one before anything but auth is served; empty:
    /// none is demanded.
    pub enforced: Vec<String>,
}

impl AuthRules {
    /// Whether a connection with these identities may ask for more than auth.
    pub fn admits(&self, identities: &[Identity]) -> bool {
        self.enforced.is_empty()
            || identities.iter().any(|i| self.enforced.iter().any(|scheme| **scheme == *i.scheme))
    }

    /// `user:base64(hash("user:password"))`.
    pub fn digest_id(&self, credentials: &[u8]) -> String {
        let text = String::from_utf8_lossy(credentials);
        let user = text.split(':').next().unwrap_or_default();
        format!("{user}:{}", STANDARD.encode(hash(self.algorithm, text.as_bytes())))
    }
}

/// Serves an auth or sasl packet at once.
pub(super) fn serve(
    replica: &Replica,
    from: &Arc<Connection>,
    state: &mut State,
    op: OpCode,
    xid: Xid,
    body: &[u8],
) {
    match op {
        OpCode::Sasl => sasl(state, xid, body),
        _ => auth(replica, from, state, xid, body),
    }
}

/// No mechanism is configured: every token is answered with none. A null one ends the connection.
fn sasl(state: &mut State, xid: Xid, body: &[u8]) {
    match GetSaslRequest::from_bytes(body) {
        Ok(GetSaslRequest { token: Some(_) }) => {
            replies::put_reply(&mut state.out, xid, Zxid::ZERO, |out| out.put_i32(-1));
        }
        _ => state.ending = Ending::Now,
    }
}

fn auth(replica: &Replica, from: &Connection, state: &mut State, xid: Xid, body: &[u8]) {
    let Ok(packet) = AuthPacket::from_bytes(body) else {
        state.ending = Ending::Now;
        return;
    };
    let scheme = packet.scheme.as_deref().unwrap_or_default();
    let added = match (scheme, packet.auth) {
        ("ip", _) => Some(vec![]),
        ("digest", Some(credentials)) if replica.rules.auth.digest => {
            Some(digest_identities(&replica.rules.auth, credentials))
        }
        _ => None,
    };
    match added.and_then(|added| with_identities(&state.identities, added)) {
        Some(identities) => {
            state.identities = identities;
            replies::put_reply(&mut state.out, xid, Zxid::ZERO, |_| {});
        }
        None => {
            tracing::warn!(peer = %from.peer, session = %from.session(), scheme,
                "closed: authentication failed (unknown scheme, credentials refused, or too many identities)");
            replica.metrics.auth_failed_count.one();
            let (zxid, err) = (Zxid::ZERO, ErrorCode::AuthFailed);
            replica.refuse(state, xid, zxid, err, true);
        }
    }
}

fn digest_identities(rules: &AuthRules, credentials: &[u8]) -> Vec<Identity> {
    let id = rules.digest_id(credentials);
    let mut added = vec![Identity::new("digest", &id)];
    if rules.super_digest.as_deref() == Some(&*id) {
        added.push(Identity::new("super", ""));
    }
    added
}

/// All identities with those that are new; `None` beyond what a connection may have.
fn with_identities(known: &[Identity], added: Vec<Identity>) -> Option<Arc<[Identity]>> {
    let mut all = known.to_vec();
    all.extend(added.into_iter().filter(|identity| !known.contains(identity)));
    let bytes: usize = all.iter().map(|identity| identity.scheme.len() + identity.id.len()).sum();
    (all.len() <= IDENTITIES_MAX && bytes <= IDENTITY_BYTES_MAX).then(|| all.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> AuthRules {
        let algorithm = DigestAlg::Sha1;
        AuthRules { digest: true, algorithm, super_digest: None, enforced: Vec::new() }
    }

    #[test]
    fn digest_ids_are_those_of_the_reference() {
        let rules = rules();
        assert_eq!(rules.digest_id(b"bob:secret"), "bob:fyVmFCwVbTJYrznoSu1koqYEYF0=");
        assert!(rules.digest_id(b"bob").starts_with("bob:"));
        assert!(rules.digest_id(b"a:b:c").starts_with("a:"));
    }

    #[test]
    fn a_demanded_scheme_shuts_out_those_without_it() {
        let mut rules = rules();
        let who = [Identity::new("ip", "127.0.0.1")];
        assert!(rules.admits(&who));
        rules.enforced = vec!["digest".into()];
        assert!(!rules.admits(&who));
        assert!(rules.admits(&[Identity::new("digest", "a:b")]));
    }
}
