//! One run as JSON: the line that the side-by-side driver reads, and people can.

use hdrhistogram::Histogram;
use serde_json::{Value, json};

use crate::cost::Cost;
use crate::engine::Outcome;

fn us(nanos: u64) -> f64 {
    rounded(nanos as f64 / 1000.0)
}

/// Three digits behind the point are more than any figure here deserves.
fn rounded(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}

/// Percentiles in µs.
pub fn latencies(seen: &Histogram<u64>) -> Value {
    json!({
        "p50": us(seen.value_at_quantile(0.50)),
        "p90": us(seen.value_at_quantile(0.90)),
        "p99": us(seen.value_at_quantile(0.99)),
        "p999": us(seen.value_at_quantile(0.999)),
        "max": us(seen.max()),
        "mean": rounded(seen.mean() / 1000.0),
        "count": seen.len(),
    })
}

fn per(amount: f64, ops: u64) -> f64 {
    rounded(amount / ops.max(1) as f64)
}

fn server(before: &Cost, after: &Cost, idle: &Cost, ops: u64) -> Value {
    let written = after.write_bytes.saturating_sub(before.write_bytes);
    let switches = after.switches.saturating_sub(before.switches);
    json!({
        "cpu_s": rounded(after.cpu_s - before.cpu_s),
        "cpu_us_per_op": per((after.cpu_s - before.cpu_s) * 1e6, ops),
        "written_per_op": per(written as f64, ops),
        "switches_per_op": per(switches as f64, ops),
        "rss": after.rss,
        "rss_added": after.rss as i64 - idle.rss as i64,
    })
}

/// The whole run; `setting` tells what was asked for.
pub fn outcome(setting: Value, seen: &Outcome) -> Value {
    let both = seen.server.as_ref().zip(seen.idle.as_ref());
    let (before, after) = &seen.client;
    json!({
        "setting": setting,
        "ops": seen.ops,
        "seconds": rounded(seen.seconds),
        "rate": rounded(seen.ops as f64 / seen.seconds.max(1e-9)),
        "latency_us": latencies(&seen.latencies),
        "bad": seen.bad,
        "told": seen.told,
        "server": both.map(|((before, after), idle)| server(before, after, idle, seen.ops)),
        "client_cpu_us_per_op": per((after.cpu_s - before.cpu_s) * 1e6, seen.ops),
    })
}
