//! The table holds together: no name twice, defaults fit their kinds, headings lead somewhere.

use super::*;
use crate::config::values;

#[test]
fn no_name_stands_twice() {
    let mut names: Vec<_> = all().map(|key| (key.name, key.family)).collect();
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count);
}

#[test]
fn every_default_is_a_value_of_its_kind() {
    for key in all().filter(|key| !key.default.is_empty()) {
        assert_eq!(values::fault(key.kind, key.default), None, "{}", key.name);
    }
}

#[test]
fn every_heading_names_a_real_setting() {
    for key in all() {
        if let Status::Heading(real) = key.status {
            let found = find(real).expect("the real name is in the table");
            assert!(!matches!(found.status, Status::Heading(_)), "{real}");
        }
    }
}

#[test]
fn families_and_exact_names_are_told_apart() {
    assert_eq!(find("server.12").map(|k| k.name), Some("server."));
    assert_eq!(find("server.principal").map(|k| k.name), Some("server.principal"));
    assert_eq!(find("superUser").map(|k| k.family), Some(false));
    assert_eq!(find("superUser.kafka").map(|k| k.family), Some(true));
    assert_eq!(find("metricsProvider.httpPort").map(|k| k.kind), Some(Kind::Port));
    assert_eq!(find("metricsProvider.httpsPort").map(|k| k.name), Some("metricsProvider."));
    assert_eq!(find("servers"), None);
}

#[test]
fn tls_settings_stand_twice_with_their_own_defaults() {
    let default = |name| find(name).map(|key| key.default);
    assert_eq!(default("ssl.clientHostnameVerification"), Some("false"));
    assert_eq!(default("ssl.quorum.clientHostnameVerification"), Some("true"));
}

#[test]
fn a_misspelt_name_finds_its_neighbour() {
    assert_eq!(resembling("maxClientCnxn"), Some("maxClientCnxns"));
    assert_eq!(resembling("ticktime"), Some("tickTime"));
    assert_eq!(resembling("autopurge.snapRetaincount"), Some("autopurge.snapRetainCount"));
    assert_eq!(resembling("wholly.different"), None);
    assert_eq!(resembling("x"), None);
}

#[test]
fn the_documented_inventory_is_complete() {
    // Counted from the inventory of 3.9.5's settings, one TLS row counting for both prefixes.
    let real = all().filter(|key| !matches!(key.status, Status::Heading(_))).count();
    assert!(real >= 225, "only {real} settings");
    for name in ["jute.maxbuffer", "4lw.commands.whitelist", "admin.serverPort", "fips-mode"] {
        assert!(find(name).is_some(), "{name}");
    }
}
