//! Settings of authentication, access control and TLS. Only rows of the table.

use super::{Concern, Key, Kind, OBEYED, Status, Status::NotYet, bare, file, prop};

const SASL: Status = NotYet(Concern::Sasl);
const X509: Status = NotYet(Concern::Tls);
const PROVIDERS: Status = NotYet(Concern::Providers);

/// Authentication and access control.
pub(super) const AUTH: &[Key] = &[
    prop("DigestAuthenticationProvider.enabled", Kind::Bool, "true", OBEYED),
    prop("DigestAuthenticationProvider.superDigest", Kind::Secret, "", OBEYED),
    prop("DigestAuthenticationProvider.digestAlg", Kind::Text, "SHA1", OBEYED),
    prop("skipACL", Kind::YesNo, "no", OBEYED),
    prop("enforce.auth.enabled", Kind::Bool, "false", OBEYED),
    prop("enforce.auth.schemes", Kind::Text, "", OBEYED),
    prop("sessionRequireClientSASLAuth", Kind::Bool, "false", OBEYED),
    prop("authProvider.", Kind::Text, "", OBEYED).as_family(),
    prop("enableEagerACLCheck", Kind::Bool, "false", super::ENSEMBLE),
    prop("IPAuthenticationProvider.usexforwardedfor", Kind::Bool, "false", NotYet(Concern::Admin)),
    prop("X509AuthenticationProvider.superUser", Kind::Text, "", X509),
    prop("superUser", Kind::Text, "", SASL),
    prop("superUser.", Kind::Text, "", SASL).as_family(),
    prop("SASLAuthenticationProvider.superPassword", Kind::Secret, "", SASL),
    prop("sasl.serverconfig", Kind::Text, "Server", SASL),
    prop("allowSaslFailedClients", Kind::Bool, "false", SASL),
    prop("letAnySaslUserDoX", Kind::Text, "", SASL),
    prop("kerberos.removeHostFromPrincipal", Kind::Bool, "false", SASL),
    prop("kerberos.removeRealmFromPrincipal", Kind::Bool, "false", SASL),
    prop("kerberos.canonicalizeHostNames", Kind::Bool, "false", SASL),
    prop("kerberos.minReLoginTimeMs", Kind::Int(i32::MIN), "60000", SASL),
    prop("kinit", Kind::Text, "/usr/bin/kinit", SASL),
    prop("security.auth_to_local", Kind::Text, "DEFAULT", SASL),
    prop("requireKerberosConfig", Kind::Bool, "false", SASL),
    bare("java.security.auth.login.config", Kind::Text, "", SASL),
    bare("sun.security.jgss.native", Kind::Bool, "false", SASL),
    prop("ensembleAuthName", Kind::Text, "", PROVIDERS),
];

/// The settings that stand once for client ports and once for server-to-server ports.
macro_rules! tls_keys {
    ($prefix:literal, $client_names:literal) => {
        &[
            prop(concat!($prefix, "keyStore.location"), Kind::Text, "", X509),
            prop(concat!($prefix, "keyStore.password"), Kind::Secret, "", X509),
            prop(concat!($prefix, "keyStore.passwordPath"), Kind::Text, "", X509),
            prop(concat!($prefix, "keyStore.type"), Kind::Text, "", X509),
            prop(concat!($prefix, "trustStore.location"), Kind::Text, "", X509),
            prop(concat!($prefix, "trustStore.password"), Kind::Secret, "", X509),
            prop(concat!($prefix, "trustStore.passwordPath"), Kind::Text, "", X509),
            prop(concat!($prefix, "trustStore.type"), Kind::Text, "", X509),
            prop(concat!($prefix, "protocol"), Kind::Text, "TLSv1.3", X509),
            prop(concat!($prefix, "enabledProtocols"), Kind::Text, "", X509),
            prop(concat!($prefix, "ciphersuites"), Kind::Text, "", X509),
            prop(concat!($prefix, "context.supplier.class"), Kind::Text, "", super::JVM),
            prop(concat!($prefix, "hostnameVerification"), Kind::Bool, "true", X509),
            prop(concat!($prefix, "clientHostnameVerification"), Kind::Bool, $client_names, X509),
            prop(concat!($prefix, "allowReverseDnsLookup"), Kind::Bool, $client_names, X509),
            prop(concat!($prefix, "crl"), Kind::Bool, "false", X509),
            prop(concat!($prefix, "ocsp"), Kind::Bool, "false", X509),
            prop(concat!($prefix, "clientAuth"), Kind::Text, "need", X509),
            prop(concat!($prefix, "handshakeDetectionTimeoutMillis"), Kind::Int(1), "5000", X509),
        ]
    };
}

/// TLS towards clients.
pub(super) const TLS: &[Key] = tls_keys!("ssl.", "false");

/// TLS between servers.
pub(super) const TLS_QUORUM: &[Key] = tls_keys!("ssl.quorum.", "true");

/// TLS settings that stand alone.
pub(super) const TLS_OTHER: &[Key] = &[
    file("sslQuorum", Kind::Bool, "false", X509),
    file("portUnification", Kind::Bool, "false", X509),
    file("sslQuorumReloadCertFiles", Kind::Bool, "false", X509),
    prop("ssl.authProvider", Kind::Text, "x509", X509),
    prop("ssl.sslProvider", Kind::Text, "JDK", super::JVM),
    prop("client.certReload", Kind::Bool, "false", X509),
    prop("client.portUnification", Kind::Bool, "false", X509),
    prop("fips-mode", Kind::Bool, "true", X509),
];
