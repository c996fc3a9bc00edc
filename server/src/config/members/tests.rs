//! Server lines in all their forms, and what is refused.

use proptest::prelude::*;

use super::*;
use crate::config::Origin;

fn peer(host: &str, quorum_port: u16, election_port: u16) -> PeerAddress {
    PeerAddress { host: host.to_owned(), quorum_port, election_port }
}

#[test]
fn every_form_of_a_server_line() {
    let plain = Member::parse("zoo1:2888:3888").expect("plain");
    assert_eq!(plain.addresses, [peer("zoo1", 2888, 3888)]);
    assert_eq!((plain.role, &plain.client), (Role::Participant, &None));

    let full = Member::parse("zoo1:2888:3888:OBSERVER;10.0.0.1:2181").expect("full");
    assert_eq!(full.role, Role::Observer);
    let client = ClientAddress { host: Some("10.0.0.1".into()), port: 2181 };
    assert_eq!(full.client, Some(client));

    let any = ClientAddress { host: None, port: 2181 };
    for text in ["h:1:2;2181", "h:1:2;0.0.0.0:2181", "h:1:2;[::]:2181", "h:1:2:participant;2181"] {
        assert_eq!(Member::parse(text).expect(text).client, Some(any.clone()), "{text}");
    }
}

#[test]
fn brackets_keep_the_colons_of_ipv6() {
    let member = Member::parse("[2001:db8::1]:2888:3888;[::1]:2181").expect("v6");
    assert_eq!(member.addresses, [peer("2001:db8::1", 2888, 3888)]);
    assert_eq!(member.client, Some(ClientAddress { host: Some("::1".into()), port: 2181 }));
}

#[test]
fn several_addresses_share_one_role() {
    let member = Member::parse("a:1:2:observer|[::2]:3:4:observer;2181").expect("two");
    assert_eq!(member.addresses, [peer("a", 1, 2), peer("::2", 3, 4)]);
    assert_eq!(member.role, Role::Observer);
    let mixed = Member::parse("a:1:2:observer|b:1:2").expect_err("two roles");
    assert!(mixed.contains("same role"), "{mixed}");
}

#[test]
fn wrong_lines_say_what_was_expected() {
    for (text, expected) in [
        ("", "host:quorumPort"),
        ("zoo1", "host:quorumPort"),
        ("zoo1:2888", "host:quorumPort"),
        (":1:2", "host:quorumPort"),
        ("a:1:2:observer:x", "host:quorumPort"),
        ("a:1:2:leader", "participant or observer"),
        ("a:0:2", "a quorum port from 1 to 65535, found '0'"),
        ("a:1:99999", "an election port"),
        ("a:1:1", "must differ"),
        ("a:1:2;", "a client port"),
        ("a:1:2;x:y:z", "after the ;"),
        ("a:1:2;1;2", "a client port"),
        ("[::1:1:2", "host:quorumPort"),
        ("[::1]x:1:2", "host:quorumPort"),
    ] {
        let error = Member::parse(text).expect_err(text);
        let same_start = error.contains(&expected.replace("an ", "a "));
        assert!(same_start || error.contains(expected), "{text:?}: {error}");
    }
}

fn membership(lines: &[(&str, &str)]) -> (Membership, Vec<String>) {
    let settings: Vec<(&str, Setting)> = lines
        .iter()
        .map(|&(key, value)| (key, Setting { value: value.into(), origin: Origin::Embedded }))
        .collect();
    let mut findings = Findings::default();
    let membership = Membership::parse(settings.iter().map(|(k, s)| (*k, s)), &mut findings);
    (membership, findings.problems.iter().map(ToString::to_string).collect())
}

#[test]
fn groups_and_weights() {
    let lines = [
        ("server.1", "a:1:2"),
        ("server.2", "b:1:2"),
        ("server.3", "c:1:2:observer"),
        ("group.1", "1:2"),
        ("group.2", "3"),
        ("weight.2", "0"),
        ("tickTime", "7"),
    ];
    let (m, problems) = membership(&lines);
    assert!(problems.is_empty(), "{problems:?}");
    assert_eq!(m.groups, BTreeMap::from([(1, vec![1, 2]), (2, vec![3])]));
    assert_eq!(m.weights, BTreeMap::from([(2, 0)]));
    assert_eq!((m.voters().count(), m.observers().count()), (2, 1));
    assert!(m.faults().is_empty());
}

#[test]
fn groups_must_hold_every_server_once() {
    let lines = [
        ("server.1", "a:1:2"),
        ("server.2", "b:1:2"),
        ("group.1", "1:9"),
        ("group.2", "1"),
        ("weight.8", "1"),
    ];
    let faults = membership(&lines).0.faults();
    assert_eq!(
        faults,
        [
            "group.1 names server 9, which has no server line",
            "server 1 is in group.1 and in group.2",
            "server 2 is in no group",
            "weight.8 has no server line",
        ]
    );
}

#[test]
fn bad_numbers_are_told_with_their_keys() {
    let lines = [("server.-1", "a:1:2"), ("group", "1"), ("group.1", "1;2"), ("weight.1", "-3")];
    let problems = membership(&lines).1;
    assert_eq!(problems.len(), 4, "{problems:?}");
    assert!(problems[2].contains("group.1=1;2: expected server ids joined by colons"));
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused_without_panic(text in "[a-z0-9:;|\\[\\]. ]{0,40}") {
        let _ = Member::parse(&text);
    }

    #[test]
    fn written_lines_read_back(
        host in "[a-z][a-z0-9.-]{0,20}", quorum in 1u16..30000, election in 30000u16..,
        observer: bool, client in proptest::option::of(1u16..),
    ) {
        let role = if observer { Role::Observer } else { Role::Participant };
        let tail = client.map_or(String::new(), |port| format!(";{port}"));
        let line = format!("{host}:{quorum}:{election}:{role}{tail}");
        let member = Member::parse(&line).expect("well formed");
        prop_assert_eq!(member.addresses, vec![peer(&host, quorum, election)]);
        prop_assert_eq!(member.role, role);
        prop_assert_eq!(member.client.map(|c| c.port), client);
    }
}
