//! `mntr` has Apache's keys, all of them and no other, in every role.

use std::collections::BTreeMap;

use codec::client::FourLetterWord::Mntr;

use super::ask;
use super::fake::{Fake, fresh};
use crate::metrics::{LeaderGauges, NamespaceQuota};
use crate::words::view::Mode;

/// Key and value of every line, in order.
fn lines(text: &str) -> Vec<(&str, &str)> {
    text.lines().map(|line| line.split_once('\t').expect("a tab in every line")).collect()
}

/// Whether each key's value has a decimal point.
fn shapes(text: &str) -> BTreeMap<&str, bool> {
    let skip = |key: &str| key == "zk_version" || key == "zk_peer_state";
    let lines = lines(text).into_iter().filter(|(key, _)| !skip(key));
    lines.map(|(key, value)| (key, value.contains('.'))).collect()
}

fn check_same(fake: &Fake, capture: &str) {
    let text = ask(Mntr, fake);
    assert_eq!(shapes(&text), shapes(capture));
    assert_eq!(lines(&text).len(), lines(capture).len(), "a key stands twice");
    let role = |text| lines(text).into_iter().skip(1).find(|(key, _)| *key == "zk_server_state");
    assert_eq!(role(&text), role(capture));
}

/// Lets every namespace and learner be seen that has a line in the capture.
fn touch_sets(fake: &Fake, capture: &str) {
    let metrics = &fake.metrics;
    for (key, _) in lines(capture) {
        let Some(member) = key.strip_prefix("zk_cnt_") else {
            continue;
        };
        if let Some(key) = member.strip_suffix("_read_per_namespace") {
            metrics.read_per_namespace.of(key).record(70);
        } else if let Some(key) = member.strip_suffix("_write_per_namespace") {
            metrics.write_per_namespace.of(key).record(70);
        } else if let Some(key) = member.strip_suffix("_learner_handler_qp_size") {
            metrics.learner_handler_qp_size.of(key).record(1);
        } else if let Some(key) = member.strip_suffix("_learner_handler_qp_time_ms") {
            metrics.learner_handler_qp_time_ms.of(key).record(1);
        }
    }
}

fn member(mode: Mode, peer_state: &str) -> Fake {
    let mut fake = fresh();
    fake.status.mode = mode;
    fake.status.peer_state = Some(peer_state.to_owned());
    fake.gauges.quorum_size = Some(3);
    fake.quotas = vec![NamespaceQuota {
        namespace: "ns1".to_owned(),
        count_limit: 10,
        bytes_limit: 1000,
        count_usage: 4,
        bytes_usage: 3,
    }];
    fake
}

#[test]
fn a_fresh_server_shows_every_name() {
    let capture = include_str!("../testdata/fresh/mntr");
    assert_eq!(lines(capture).len(), 494);
    check_same(&fresh(), capture);
}

#[test]
fn a_busy_server_shows_its_namespaces() {
    let capture = include_str!("../testdata/standalone/mntr");
    let fake = fresh();
    touch_sets(&fake, capture);
    check_same(&fake, capture);
}

#[test]
fn a_leader_shows_its_learners() {
    let capture = include_str!("../testdata/leader/mntr");
    let mut fake = member(Mode::Leader, "leading - broadcast");
    fake.gauges.leader = Some(LeaderGauges::default());
    touch_sets(&fake, capture);
    check_same(&fake, capture);
}

#[test]
fn learners_show_their_quorum() {
    let capture = include_str!("../testdata/follower/mntr");
    let fake = member(Mode::Follower, "following - broadcast");
    touch_sets(&fake, capture);
    check_same(&fake, capture);
    let capture = include_str!("../testdata/observer/mntr");
    let mut fake = member(Mode::Observer, "observing - broadcast");
    fake.status.observer_master_id = Some(3);
    touch_sets(&fake, capture);
    check_same(&fake, capture);
}

#[test]
fn the_first_lines_have_their_place_and_kinds_follow_in_order() {
    let mut fake = member(Mode::Observer, "observing - broadcast");
    fake.status.observer_master_id = Some(3);
    fake.metrics.read_per_namespace.of("ns1").record(1);
    fake.metrics.quota_exceeded_error_per_namespace.of("ns1").one();
    let text = ask(Mntr, &fake);
    let first: Vec<_> = lines(&text).into_iter().take(4).map(|(key, _)| key).collect();
    let expected = ["zk_version", "zk_server_state", "zk_peer_state", "zk_observer_master_id"];
    assert_eq!(first, expected);
    let kinds = [
        "zk_quorum_size",
        "zk_ns1_quota_count_limit_per_namespace",
        "zk_snapshot_error_count",
        "zk_ns1_quota_exceeded_error_per_namespace",
        "zk_avg_fsynctime",
        "zk_avg_readlatency",
        "zk_avg_ns1_read_per_namespace",
    ];
    let place = |name: &&str| lines(&text).iter().position(|(key, _)| key == name);
    let places: Vec<_> = kinds.iter().map(place).collect();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{places:?}");
}

#[test]
fn a_reset_leaves_what_is_looked_up() {
    let capture = include_str!("../testdata/standalone/mntr_after_srst");
    let fake = fresh();
    fake.metrics.updatelatency.record_all(&[1000, 2000]);
    fake.metrics.client_response_size.record(16);
    fake.metrics.read_per_namespace.of("app").record(70);
    fake.metrics.reset();
    let text = ask(Mntr, &fake);
    let value = |text, name| lines(text).into_iter().find(|(key, _)| *key == name);
    for name in [
        "zk_last_client_response_size",
        "zk_min_client_response_size",
        "zk_avg_updatelatency",
        "zk_p999_updatelatency",
        "zk_max_file_descriptor_count",
        "zk_cnt_app_read_per_namespace",
    ] {
        assert_eq!(value(&text, name), value(capture, name), "{name}");
    }
}

#[test]
fn averages_have_four_decimals_and_no_exponent() {
    let fake = fresh();
    fake.metrics.fsynctime.record_batch(crate::metrics::Batch { count: 3, sum: 1, min: 0, max: 1 });
    fake.metrics.dbinittime.record(1);
    fake.metrics.write_per_namespace.of("big").record(123_456_789_012);
    let text = ask(Mntr, &fake);
    assert!(text.contains("zk_avg_fsynctime\t0.0003\n"), "{text}");
    assert!(text.contains("zk_avg_dbinittime\t0.001\n"), "{text}");
    assert!(text.contains("zk_avg_big_write_per_namespace\t123456789012.0\n"), "{text}");
}

#[test]
fn a_namespace_cannot_write_lines_of_ours() {
    let fake = fresh();
    fake.metrics.read_per_namespace.of("x\nzk_znode_count\t0\n").record(1);
    let text = ask(Mntr, &fake);
    let counts = lines(&text).into_iter().filter(|(key, _)| *key == "zk_znode_count");
    assert_eq!(counts.collect::<Vec<_>>(), [("zk_znode_count", "5")]);
}
