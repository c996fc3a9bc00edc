//! `mntr`: every figure in a line of its own, `zk_name<TAB>value`.
//!
//! The first lines have a fixed place; then gauges, gauges by key, counters, counters by key,
//! summaries, percentiles, and those by key. All names are there from start-up. Averages carry a
//! decimal point and are never written with an exponent.

use std::fmt::Display;

use super::text::Output;
use super::view::ServerView;
use crate::metrics::gauges::{NamespaceQuota, Value};
use crate::metrics::registry::Figure;
use crate::metrics::summary::{Quantiles, SummarySnapshot};
use crate::version;

/// `mntr`.
pub fn mntr(view: &dyn ServerView) -> String {
    let mut output = Output::default();
    head(view, &mut output);
    gauges(view, &mut output);
    view.metrics().visit(|figure| add_figure(&mut output, figure));
    output.finish()
}

fn head(view: &dyn ServerView, output: &mut Output) {
    let status = view.status();
    add(output, "version", version::line());
    add(output, "server_state", status.mode.name());
    if let Some(state) = &status.peer_state {
        add(output, "peer_state", state);
    }
    if let Some(id) = status.observer_master_id {
        add(output, "observer_master_id", id);
    }
}

fn gauges(view: &dyn ServerView, output: &mut Output) {
    let gauges = view.gauges();
    gauges.visit(view.metrics(), view.descriptors(), |name, value| match value {
        Value::Int(value) => add(output, name, value),
        Value::Float(value) => add(output, name, format_args!("{value:?}")),
    });
    for quota in NamespaceQuota::by_namespace(view.quotas()) {
        let key = safe(&quota.namespace);
        quota.visit(|name, value| add(output, format_args!("{key}_{name}"), value));
    }
}

fn add_figure(output: &mut Output, figure: Figure<'_>) {
    match figure {
        Figure::Counter(name, counter) => add(output, name, counter.get()),
        Figure::CounterSet(name, set) => set.visit(|key, counter| {
            add(output, format_args!("{}_{name}", safe(key)), counter.get());
        }),
        Figure::Summary(name, summary) => add_summary(output, name, summary.get()),
        Figure::SummarySet(name, set) => set.visit(|key, summary| {
            add_summary(output, &format!("{}_{name}", safe(key)), summary.get());
        }),
        Figure::Percentiles(name, figure) => {
            add_summary(output, name, figure.get());
            add_quantiles(output, name, figure.quantiles());
        }
        Figure::PercentilesSet(name, set) => set.visit(|key, figure| {
            let name = format!("{}_{name}", safe(key));
            add_summary(output, &name, figure.get());
            add_quantiles(output, &name, figure.quantiles());
        }),
    }
}

fn add_summary(output: &mut Output, name: &str, summary: SummarySnapshot) {
    add(output, format_args!("avg_{name}"), format_args!("{:?}", summary.avg));
    add(output, format_args!("min_{name}"), summary.min);
    add(output, format_args!("max_{name}"), summary.max);
    add(output, format_args!("cnt_{name}"), summary.count);
    add(output, format_args!("sum_{name}"), summary.sum);
}

fn add_quantiles(output: &mut Output, name: &str, quantiles: Quantiles) {
    add(output, format_args!("p50_{name}"), quantiles.p50);
    add(output, format_args!("p95_{name}"), quantiles.p95);
    add(output, format_args!("p99_{name}"), quantiles.p99);
    add(output, format_args!("p999_{name}"), quantiles.p999);
}

fn add(output: &mut Output, name: impl Display, value: impl Display) {
    output.add(format_args!("zk_{name}\t{value}\n"));
}

/// A key within a line: a client names its nodes, and must not be able to write lines of ours.
fn safe(key: &str) -> String {
    key.replace(char::is_control, "_")
}
