//! Quorum arithmetic, and the rule of two configurations.

use proptest::prelude::*;

use super::*;

fn config(text: &str) -> ConfigText {
    ConfigText::parse(text.as_bytes()).unwrap()
}

fn of(n: i64, version: i64) -> ConfigText {
    let lines: Vec<_> = (1..=n).map(|sid| format!("server.{sid}=h{sid}:1:2")).collect();
    config(&format!("{}\nversion={version:x}", lines.join("\n")))
}

fn met(rule: &QuorumRule, sids: &[i64]) -> bool {
    rule.is_met(|sid| sids.contains(&sid.0))
}

#[test]
fn a_majority_is_more_than_half_of_the_voters() {
    let rule = Membership::new(of(4, 0)).rule();
    assert!(!met(&rule, &[1, 2]) && met(&rule, &[1, 2, 3]));
    let rule = Membership::new(of(1, 0)).rule();
    assert!(!met(&rule, &[]) && met(&rule, &[1]));
}

#[test]
fn observers_and_strangers_never_count() {
    let text = "server.1=a:1:2\nserver.2=b:1:2\nserver.3=c:1:2\nserver.4=d:1:2:observer";
    let membership = Membership::new(config(text));
    assert!(!met(&membership.rule(), &[1, 4, 9]) && met(&membership.rule(), &[1, 3]));
    assert!(!membership.is_voter(ServerId(4)) && !membership.is_in_view(ServerId(9)));
    assert_eq!(membership.role(ServerId(4)), Some(Role::Observer));
}

const GROUPS: &str = "server.1=a:1:2\nserver.2=b:1:2\nserver.3=c:1:2\nserver.4=d:1:2\n\
    server.5=e:1:2\nserver.6=f:1:2\nserver.7=g:1:2\nserver.8=h:1:2\n\
    group.1=1:2:3\ngroup.2=4:5:6\ngroup.3=7\ngroup.4=8\nweight.8=0\nweight.6=3\nversion=0";

#[test]
fn groups_are_won_by_weight_and_groups_of_weight_zero_do_not_count() {
    let membership = Membership::new(config(GROUPS));
    let rule = membership.rule();
    // Group 4 weighs nothing: two of three groups are needed.
    assert!(met(&rule, &[1, 2, 7]));
    assert!(!met(&rule, &[1, 2, 8]) && !met(&rule, &[1, 4, 7]));
    // Group 2 weighs 5: server 6 alone wins it, 4 and 5 together do not.
    assert!(met(&rule, &[6, 7]) && !met(&rule, &[4, 5, 7]));
    assert_eq!(membership.weight(ServerId(8)), 0);
    assert_eq!(membership.weight(ServerId(6)), 3);
    assert_eq!(membership.weight(ServerId(99)), 0);
}

#[test]
fn an_undecided_configuration_needs_quorums_of_both() {
    let mut membership = Membership::new(of(3, 5));
    assert!(membership.see(of(5, 6)));
    let rule = membership.rule();
    assert!(!met(&rule, &[1, 2]) && !met(&rule, &[3, 4, 5]) && met(&rule, &[1, 2, 5]));
    assert!(met(&membership.committed_rule(), &[1, 2]));
    assert!(membership.is_in_view(ServerId(5)) && !membership.is_voter(ServerId(5)));
    assert!(membership.commit(of(5, 6)));
    assert!(met(&membership.rule(), &[3, 4, 5]));
    // The proposal that was made before keeps its rule.
    assert!(!met(&rule, &[3, 4, 5]));
}

#[test]
fn older_configurations_change_nothing() {
    let mut membership = Membership::new(of(3, 5));
    assert!(!membership.see(of(1, 5)) && !membership.commit(of(1, 4)));
    assert_eq!(membership.last_seen().servers.len(), 3);
    let stale = Membership::with_last_seen(of(3, 5), of(1, 4));
    assert_eq!(stale.last_seen().version, 5);
}

proptest! {
    /// The ground of everything: two quorums of one configuration share a server.
    #[test]
    fn quorums_intersect(n in 1i64..9, a: u16, b: u16, groups: bool) {
        let membership = Membership::new(if groups { config(GROUPS) } else { of(n, 0) });
        let rule = membership.rule();
        let set = |bits: u16| move |sid: ServerId| bits >> sid.0 & 1 == 1;
        if rule.is_met(set(a)) && rule.is_met(set(b)) {
            prop_assert!(rule.is_met(set(a | b)));
            prop_assert!(membership.view().into_iter().any(|sid| set(a & b)(sid)));
        }
    }
}
