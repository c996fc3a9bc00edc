//! The table as a whole: nothing missing, nothing twice, everything 0 at first and after a reset.

use std::collections::BTreeSet;

use super::gauges::Value;
use super::process::Descriptors;
use super::*;

fn names(metrics: &Metrics) -> Vec<&'static str> {
    let mut names = Vec::new();
    metrics.visit(|figure| {
        names.push(match figure {
            Figure::Counter(name, _)
            | Figure::CounterSet(name, _)
            | Figure::Summary(name, _)
            | Figure::Percentiles(name, _)
            | Figure::SummarySet(name, _)
            | Figure::PercentilesSet(name, _) => name,
        });
    });
    Gauges::default().visit(metrics, Descriptors::default(), |name, _| names.push(name));
    names
}

fn total_count(metrics: &Metrics) -> u64 {
    let mut total = 0;
    metrics.visit(|figure| match figure {
        Figure::Counter(_, counter) => total += counter.get(),
        Figure::CounterSet(_, set) => set.visit(|_, counter| total += counter.get()),
        Figure::Summary(_, summary) => total += summary.get().count,
        Figure::Percentiles(_, percentiles) => total += percentiles.get().count,
        Figure::SummarySet(_, set) => set.visit(|_, summary| total += summary.get().count),
        Figure::PercentilesSet(_, set) => set.visit(|_, figure| total += figure.get().count),
    });
    total
}

#[test]
fn no_name_stands_twice() {
    let names = names(&Metrics::default());
    let distinct: BTreeSet<_> = names.iter().collect();
    assert_eq!(distinct.len(), names.len());
}

#[test]
fn a_reset_leaves_nothing_but_failed_authentications() {
    let metrics = Metrics::default();
    metrics.packets_received.add(5);
    metrics.auth_failed_count.one();
    metrics.bytes_received_count.add(100);
    metrics.fsynctime.record(1500);
    metrics.updatelatency.record_all(&[1, 2, 3]);
    metrics.request_latency.record(9000);
    metrics.client_response_size.record(16);
    metrics.quota_exceeded_error_per_namespace.of("app").one();
    metrics.ack_latency.of("1").record(12);
    if let Some(figure) = metrics.read_per_namespace.of_namespace("/app/x") {
        figure.record(12);
    }
    assert_eq!(total_count(&metrics), 100 + 1 + 3 + 1 + 1 + 1);
    metrics.reset();
    assert_eq!(total_count(&metrics), 0);
    assert_eq!(metrics.packets_received.get(), 0);
    assert_eq!(metrics.request_latency.get().count, 0);
    assert_eq!(metrics.client_response_size.get().last, -1);
    assert_eq!(metrics.auth_failed_count.get(), 1);
}

#[test]
fn gauges_exist_only_where_the_role_has_them() {
    let metrics = Metrics::default();
    let seen = |gauges: &Gauges| {
        let mut names = BTreeSet::new();
        gauges.visit(&metrics, Descriptors::default(), |name, _| {
            names.insert(name);
        });
        names
    };
    let standalone = seen(&Gauges::default());
    let follower = seen(&Gauges { quorum_size: Some(3), ..Gauges::default() });
    let leader = Some(LeaderGauges::default());
    let leader = seen(&Gauges { quorum_size: Some(3), leader, ..Gauges::default() });
    assert_eq!(follower.difference(&standalone).collect::<Vec<_>>(), [&"quorum_size"]);
    assert_eq!(leader.difference(&follower).count(), 9);
    assert!(!standalone.contains("learners"));
}

#[test]
fn a_gauge_beyond_the_signed_range_stays_positive() {
    let files = Descriptors { open: 3, max: u64::MAX };
    let mut seen = None;
    Gauges::default().visit(&Metrics::default(), files, |name, value| {
        if name == "max_file_descriptor_count" {
            seen = Some(value);
        }
    });
    assert_eq!(seen, Some(Value::Int(i64::MAX)));
}

#[test]
fn quotas_of_one_namespace_are_added_up() {
    let quota = |namespace: &str, count_limit| NamespaceQuota {
        namespace: namespace.to_owned(),
        count_limit,
        bytes_limit: i64::MAX,
        count_usage: 1,
        bytes_usage: 2,
    };
    let all =
        NamespaceQuota::by_namespace([quota("b", 5), quota("a", 10), quota("b", 7), quota("", 3)]);
    let sums: Vec<_> = all.iter().map(|q| (q.namespace.as_str(), q.count_limit)).collect();
    assert_eq!(sums, [("a", 10), ("b", 12)]);
    assert_eq!((all[1].bytes_limit, all[1].count_usage, all[1].bytes_usage), (i64::MAX, 2, 4));
}
