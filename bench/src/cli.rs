//! The command line: options into a run, the run into one line of JSON.

use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::{Args, Parser, Subcommand};
use serde_json::{Value, json};

use crate::check::Shape;
use crate::crowd::{Crowd, fanout, idle, storm};
use crate::engine::{Outcome, Plan, drive};
use crate::error::BenchError;
use crate::frames::VALUE_MIN;
use crate::workload::{LISTED, MULTI_PARTS, Scope, Workload, stream};
use crate::{limits, prepare, report};

/// Loads a ZooKeeper server, checks every reply, and prints one line of JSON.
#[derive(Debug, Parser)]
#[command(name = "rookeeper-bench", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs one load.
    Run(RunOptions),
    /// Measures the machine: loopback echo and fdatasync.
    Limits(LimitOptions),
}

/// Options of one load.
#[derive(Debug, Args)]
pub struct RunOptions {
    /// HOST:PORT.
    #[arg(long, default_value = "127.0.0.1:2181")]
    server: String,
    /// The kind of load.
    #[arg(long, value_enum)]
    workload: Workload,
    /// Sessions.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    sessions: u32,
    /// Requests in flight on each session; connections at a time in a storm.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    outstanding: u32,
    /// Bytes of every value.
    #[arg(long, default_value_t = 100)]
    value: usize,
    /// Nodes that the load runs on; they are made first if they are not there.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    nodes: u64,
    /// Requests in all, at most.
    #[arg(long, default_value_t = u64::MAX)]
    count: u64,
    /// Seconds measured, at most; 0 is until the count is reached.
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// Seconds before measuring begins.
    #[arg(long, default_value_t = 0.0)]
    warmup: f64,
    /// Requests per second over all sessions, at fixed times whatever the server does (open loop).
    /// Without it each session sends its next request when one is answered (closed loop).
    #[arg(long)]
    rate: Option<f64>,
    /// The server's process id: its counters are read from /proc.
    #[arg(long)]
    pid: Option<u32>,
}

#[derive(Debug, Args)]
struct LimitOptions {
    /// Where to sync: the servers' own disk.
    #[arg(long, default_value = ".")]
    directory: PathBuf,
    /// Seconds for each.
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
}

/// Does what the command line says; answers what to print, and whether all replies were right.
///
/// # Errors
/// The run could not be finished.
pub fn execute(cli: &Cli) -> Result<(Value, bool), BenchError> {
    match &cli.command {
        Command::Run(options) => {
            let outcome = run(options)?;
            let good = outcome.bad == 0;
            Ok((report::outcome(setting(options), &outcome), good))
        }
        Command::Limits(options) => {
            let time = seconds(options.seconds)?;
            let echo = limits::echo(time)?;
            let sync = limits::fdatasync(&options.directory, time)?;
            let (echo, sync) = (report::latencies(&echo), report::latencies(&sync));
            Ok((json!({ "echo_us": echo, "fdatasync_us": sync }), true))
        }
    }
}

fn setting(options: &RunOptions) -> Value {
    json!({
        "workload": format!("{:?}", options.workload).to_lowercase(),
        "sessions": options.sessions,
        "outstanding": options.outstanding,
        "value": options.value,
        "nodes": options.nodes,
        "loop": if options.rate.is_some() { "open" } else { "closed" },
        "rate_asked": options.rate,
    })
}

fn seconds(number: f64) -> Result<Duration, BenchError> {
    Duration::try_from_secs_f64(number)
        .map_err(|error| BenchError::Usage(format!("{number} seconds: {error}")))
}

fn resolve(server: &str) -> Result<SocketAddr, BenchError> {
    let wrong = || BenchError::Usage(format!("--server {server:?}: HOST:PORT was expected"));
    server.to_socket_addrs().map_err(|_| wrong())?.next().ok_or_else(wrong)
}

/// Parent of the nodes of this `create` run: no run meets another's.
fn new_root() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("/c{:x}", now.as_millis())
}

fn measured(options: &RunOptions) -> Result<Duration, BenchError> {
    const NO_LIMIT: f64 = 24.0 * 3600.0;
    seconds(if options.seconds == 0.0 { NO_LIMIT } else { options.seconds })
}

fn validate(options: &RunOptions) -> Result<(), BenchError> {
    let problem = match options {
        o if o.value < VALUE_MIN => format!("--value: at least {VALUE_MIN} bytes"),
        o if o.value > 999_999 => "--value: below 1 MB, the limit of every server".into(),
        o if o.rate.is_some_and(|rate| rate.is_nan() || rate < 1.0) => "--rate: at least 1".into(),
        o if o.seconds == 0.0 && o.count == u64::MAX && !is_finite(o.workload) => {
            "--seconds 0 needs a --count".into()
        }
        _ => return Ok(()),
    };
    Err(BenchError::Usage(problem))
}

fn is_finite(workload: Workload) -> bool {
    matches!(workload, Workload::Fill | Workload::Watches)
}

fn run(options: &RunOptions) -> Result<Outcome, BenchError> {
    validate(options)?;
    let server = resolve(&options.server)?;
    let crowd = Crowd {
        server,
        sessions: options.sessions as usize,
        measured: measured(options)?,
        count: options.count,
        pid: options.pid,
    };
    match options.workload {
        Workload::Storm => storm(&Crowd { sessions: options.outstanding as usize, ..crowd }),
        Workload::Idle => idle(&crowd),
        Workload::Fanout => fanout(&crowd),
        _ => requests(options, server),
    }
}

fn requests(options: &RunOptions, server: SocketAddr) -> Result<Outcome, BenchError> {
    let root = new_root();
    let sessions = options.sessions as usize;
    match options.workload {
        Workload::Create => prepare::own_parents(server, &root, sessions)?,
        Workload::Fill => {
            let mut session = crate::handshake::open(server)?;
            prepare::parents(&mut session, options.value, options.nodes)?;
            session.close()?;
        }
        _ => prepare::filled(server, options.value, options.nodes.max(LISTED))?,
    }
    let scope = Scope {
        sessions,
        value: options.value,
        nodes: options.nodes,
        count: options.count,
        root: &root,
    };
    let shape = Shape {
        value: options.value,
        children: LISTED as usize,
        parts: MULTI_PARTS,
        may_exist: false,
    };
    let plan = Plan {
        window: options.outstanding as usize,
        rate: options.rate,
        // A finite load would be over before a warm-up is.
        warmup: seconds(if is_finite(options.workload) { 0.0 } else { options.warmup })?,
        measured: measured(options)?,
        pid: options.pid,
        shape,
    };
    let streams = (0..sessions).filter_map(|at| stream(options.workload, &scope, at)).collect();
    drive(server, &plan, streams)
}
