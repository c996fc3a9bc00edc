//! Loads that are made of sessions and not of requests: storms, idle crowds, watch fan-out.
//! Blocking sockets and threads: what is measured here are thousands of connections, not rates of
//! requests.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use codec::client::requests::Request;
use codec::client::response::{ReplyHeader, WatcherEvent};
use codec::client::{GetDataRequest, SetDataRequest};
use codec::{Decode, Xid};

use crate::cost::Cost;
use crate::engine::{Outcome, histogram};
use crate::error::BenchError;
use crate::handshake::{Opened, open};
use crate::prepare::ensure;

/// Threads that open sessions side by side.
const OPENERS: usize = 32;
/// An idle session pings this often, as clients with a timeout of 30 s do.
const PING_EVERY: Duration = Duration::from_secs(10);
/// The node that a fan-out watches.
const WATCHED: &str = "/fanout";
const DATA_CHANGED: i32 = 3;

/// What the crowd loads share.
#[derive(Debug, Clone, Copy)]
pub struct Crowd {
    /// The server.
    pub server: SocketAddr,
    /// Sessions, or threads of a storm.
    pub sessions: usize,
    /// How long.
    pub measured: Duration,
    /// How many times, at most.
    pub count: u64,
    /// Whose counters are read.
    pub pid: Option<u32>,
}

fn begin(crowd: &Crowd) -> Result<Outcome, BenchError> {
    let own = Cost::of(std::process::id())?;
    let server = Cost::maybe(crowd.pid)?;
    Ok(Outcome {
        ops: 0,
        seconds: 0.0,
        latencies: histogram()?,
        bad: 0,
        told: Vec::new(),
        idle: server,
        server: server.zip(server),
        client: (own, own),
    })
}

fn end(crowd: &Crowd, outcome: &mut Outcome, begun: Instant) -> Result<(), BenchError> {
    outcome.seconds = begun.elapsed().as_secs_f64();
    outcome.client.1 = Cost::of(std::process::id())?;
    if let (Some((_, last)), Some(pid)) = (&mut outcome.server, crowd.pid) {
        *last = Cost::of(pid)?;
    }
    Ok(())
}

fn nanos(since: Instant) -> u64 {
    since.elapsed().as_nanos() as u64
}

/// Opens and closes sessions from `sessions` threads for as long as `measured` says. A latency is
/// connect to handshake reply.
///
/// # Errors
/// The server refused, or a connection broke.
pub fn storm(crowd: &Crowd) -> Result<Outcome, BenchError> {
    let mut outcome = begin(crowd)?;
    let begun = Instant::now();
    let left = AtomicU64::new(crowd.count);
    let stop = AtomicBool::new(false);
    let work = || -> Result<_, BenchError> {
        let mut seen = histogram()?;
        let take = || left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1));
        while begun.elapsed() < crowd.measured && !stop.load(Ordering::Relaxed) && take().is_ok() {
            let since = Instant::now();
            let session =
                open(crowd.server).inspect_err(|_| stop.store(true, Ordering::Relaxed))?;
            seen.saturating_record(nanos(since));
            session.close()?;
        }
        Ok(seen)
    };
    thread::scope(|scope| -> Result<(), BenchError> {
        let threads: Vec<_> = (0..crowd.sessions).map(|_| scope.spawn(work)).collect();
        for thread in threads {
            let seen = thread.join().map_err(|_| BenchError::Usage("a thread died".into()))??;
            outcome.ops += seen.len();
            outcome.latencies += seen;
        }
        Ok(())
    })?;
    end(crowd, &mut outcome, begun)?;
    Ok(outcome)
}

/// Opens `count` sessions from many threads.
fn open_many(server: SocketAddr, count: usize) -> Result<Vec<Opened>, BenchError> {
    let share = |at: usize| count / OPENERS + usize::from(at < count % OPENERS);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..OPENERS)
            .map(|at| scope.spawn(move || (0..share(at)).map(|_| open(server)).collect()))
            .collect();
        let mut all = Vec::with_capacity(count);
        for thread in threads {
            let opened: Result<Vec<_>, BenchError> =
                thread.join().map_err(|_| BenchError::Usage("a thread died".into()))?;
            all.append(&mut opened?);
        }
        Ok(all)
    })
}

/// Opens `sessions` sessions and holds them for `measured`, pinging. The server's counters at the
/// end are taken while all are open; a latency is a ping's.
///
/// # Errors
/// The server refused, or a connection broke.
pub fn idle(crowd: &Crowd) -> Result<Outcome, BenchError> {
    let mut outcome = begin(crowd)?;
    let mut all = open_many(crowd.server, crowd.sessions)?;
    let begun = Instant::now();
    loop {
        for session in &mut all {
            let since = Instant::now();
            let ping = crate::handshake::frame_of(Xid::PING, &Request::Ping);
            session.send(&ping)?;
            let (header, _) = session.receive()?;
            outcome.latencies.saturating_record(nanos(since));
            outcome.ops += 1;
            if header.xid != Xid::PING {
                outcome.bad += 1;
            }
        }
        let left = crowd.measured.saturating_sub(begun.elapsed());
        if left.is_zero() {
            break;
        }
        thread::sleep(left.min(PING_EVERY));
    }
    end(crowd, &mut outcome, begun)?;
    Ok(outcome)
}

/// One set, one event to every session, again and again. A latency is from the set to one
/// session's event; an operation is one event.
///
/// # Errors
/// The server refused, or a connection broke.
pub fn fanout(crowd: &Crowd) -> Result<Outcome, BenchError> {
    let mut setter = open(crowd.server)?;
    ensure(&mut setter, WATCHED, b"0")?;
    let mut all = open_many(crowd.server, crowd.sessions)?;
    let mut outcome = begin(crowd)?;
    let begun = Instant::now();
    for _ in 0..crowd.count {
        for session in &mut all {
            let path = Some(WATCHED.into());
            let (err, _) = session.call(&Request::GetData(GetDataRequest { path, watch: true }))?;
            outcome.bad += u64::from(err != 0);
        }
        fire(&mut setter, &mut all, &mut outcome)?;
        if begun.elapsed() >= crowd.measured {
            break;
        }
    }
    end(crowd, &mut outcome, begun)?;
    setter.close()?;
    Ok(outcome)
}

fn fire(setter: &mut Opened, all: &mut [Opened], outcome: &mut Outcome) -> Result<(), BenchError> {
    let path = Some(WATCHED.into());
    let since = Instant::now();
    let set = SetDataRequest { path, data: Some(b"1"), version: -1 };
    let (err, _) = setter.call(&Request::SetData(set))?;
    outcome.bad += u64::from(err != 0);
    for session in all {
        let (header, body) = session.receive()?;
        outcome.latencies.saturating_record(nanos(since));
        outcome.ops += 1;
        if !is_event(header, &body) {
            outcome.bad += 1;
            outcome.told.push(format!("{} is no event of {WATCHED}", header.xid));
        }
    }
    Ok(())
}

fn is_event(header: ReplyHeader, body: &[u8]) -> bool {
    header.xid == Xid::NOTIFICATION
        && WatcherEvent::from_bytes(body).is_ok_and(|event| {
            event.event_type == DATA_CHANGED && event.path.as_deref() == Some(WATCHED)
        })
}
