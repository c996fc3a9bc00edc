//! The event loop that sends streams of requests and checks what comes back.
//!
//! Closed loop: each session keeps its window full, so a slow server is asked less (latencies are
//! those of a client that waits). Open loop: requests are due at fixed times whatever the server
//! does, and a latency counts from when its request was due.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::{Duration, Instant};

use codec::client::response::ReplyHeader;
use codec::{Decode, Xid, Zxid};
use hdrhistogram::Histogram;
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};

use crate::check::{Sent, Shape, check};
use crate::cost::Cost;
use crate::error::BenchError;
use crate::handshake::{PATIENCE, frame_of, open};
use crate::link::Link;
use crate::workload::Stream;

/// Wrong replies that are told in words; the others are counted.
const TOLD: usize = 5;
/// The timer of the open loop ticks at most this often.
const TICK_MIN: Duration = Duration::from_micros(50);
/// How long a poll waits before time is looked at again.
const LOOK: Duration = Duration::from_millis(20);
const TIMER: Token = Token(usize::MAX);

/// How a run goes.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Requests in flight per session, at most.
    pub window: usize,
    /// Requests per second over all sessions; `None` is the closed loop.
    pub rate: Option<f64>,
    /// Sent, checked and not measured.
    pub warmup: Duration,
    /// Measured; the streams may end sooner.
    pub measured: Duration,
    /// Whose counters are read.
    pub pid: Option<u32>,
    /// What replies must look like.
    pub shape: Shape,
}

/// What was seen.
#[derive(Debug)]
pub struct Outcome {
    /// Replies within the measured time.
    pub ops: u64,
    /// Seconds measured.
    pub seconds: f64,
    /// Latencies in ns.
    pub latencies: Histogram<u64>,
    /// Wrong replies, over the whole run.
    pub bad: u64,
    /// The first of them in words.
    pub told: Vec<String>,
    /// The server before the first request.
    pub idle: Option<Cost>,
    /// The server when measuring began and ended.
    pub server: Option<(Cost, Cost)>,
    /// This process when measuring began and ended.
    pub client: (Cost, Cost),
}

/// A session with its stream and what it waits for.
struct Lane {
    link: Link,
    stream: Stream,
    waiting: VecDeque<Sent>,
    /// Due times of requests that found the window full.
    backlog: VecDeque<u64>,
    last_zxid: Zxid,
    xid: i32,
    dry: bool,
}

/// Longest latency that a histogram tells apart, ns.
const LATENCY_MAX: u64 = 2 * PATIENCE.as_nanos() as u64;

/// A histogram of latencies in ns, to three digits.
///
/// # Errors
/// Never with these bounds; the library can't know.
pub fn histogram() -> Result<Histogram<u64>, BenchError> {
    Histogram::new_with_bounds(1, LATENCY_MAX, 3)
        .map_err(|error| BenchError::Usage(error.to_string()))
}

struct Run<'a> {
    plan: &'a Plan,
    lanes: Vec<Lane>,
    begun: Instant,
    stopped: bool,
    /// Since when, in ns of the run, replies count; with the counters then.
    measuring: Option<(u64, Option<Cost>, Cost)>,
    ops: u64,
    latencies: Histogram<u64>,
    bad: u64,
    told: Vec<String>,
    /// Arrivals of the open loop so far.
    arrivals: u64,
    /// Wakes the open loop.
    timer: Option<OwnedFd>,
}

/// Opens a session for each stream, runs them all, closes the sessions.
///
/// # Errors
/// A connection broke, or replies stayed out for a minute.
pub fn drive(server: SocketAddr, plan: &Plan, streams: Vec<Stream>) -> Result<Outcome, BenchError> {
    let idle = Cost::maybe(plan.pid)?;
    let broke = |source| BenchError::connection("the run broke off at", server, source);
    let poll = Poll::new().map_err(broke)?;
    let mut lanes = Vec::with_capacity(streams.len());
    for (at, stream) in streams.into_iter().enumerate() {
        let mut link = Link::new(open(server)?).map_err(broke)?;
        let both = Interest::READABLE | Interest::WRITABLE;
        poll.registry().register(&mut link.stream, Token(at), both).map_err(broke)?;
        lanes.push(Lane::new(link, stream));
    }
    let mut run = Run {
        plan,
        lanes,
        begun: Instant::now(),
        stopped: false,
        measuring: None,
        ops: 0,
        latencies: histogram()?,
        bad: 0,
        told: Vec::new(),
        arrivals: 0,
        timer: None,
    };
    let (seconds, costs) = run.measure(poll).map_err(|failure| match failure {
        Failure::Io(source) => broke(source),
        Failure::Bench(error) => error,
    })?;
    let outcome = Outcome {
        ops: run.ops,
        seconds,
        latencies: std::mem::replace(&mut run.latencies, histogram()?),
        bad: run.bad,
        told: std::mem::take(&mut run.told),
        idle,
        server: costs.0.0.zip(costs.1.0),
        client: (costs.0.1, costs.1.1),
    };
    run.lanes.into_iter().for_each(Lane::close);
    Ok(outcome)
}

enum Failure {
    Io(io::Error),
    Bench(BenchError),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Failure::Io(error)
    }
}

impl From<BenchError> for Failure {
    fn from(error: BenchError) -> Self {
        Failure::Bench(error)
    }
}

/// Server's and our counters at one moment.
type Costs = (Option<Cost>, Cost);

impl Lane {
    fn new(link: Link, stream: Stream) -> Self {
        Lane {
            link,
            stream,
            waiting: VecDeque::new(),
            backlog: VecDeque::new(),
            last_zxid: Zxid::ZERO,
            xid: 0,
            dry: false,
        }
    }

    /// Puts the next request into the outbox; false if the stream has ended.
    fn put(&mut self, since: u64) -> bool {
        let Some((template, key)) = self.stream.draw() else {
            self.dry = true;
            return false;
        };
        self.xid += 1;
        self.stream.templates[template].write(self.xid, key, &mut self.link.out);
        self.waiting.push_back(Sent { xid: self.xid, template, key, since });
        true
    }

    /// Sends closeSession. Nobody waits for its reply: the server ends the session anyway.
    fn close(mut self) {
        self.link.out = frame_of(Xid(0), &codec::client::requests::Request::CloseSession).to_vec();
        let _ = self.link.flush();
    }
}

impl Run<'_> {
    fn now(&self) -> u64 {
        self.begun.elapsed().as_nanos() as u64
    }

    fn costs(&self) -> Result<Costs, BenchError> {
        Ok((Cost::maybe(self.plan.pid)?, Cost::of(std::process::id())?))
    }

    /// The whole run; answers the seconds measured, and the counters around them.
    fn measure(&mut self, mut poll: Poll) -> Result<(f64, (Costs, Costs)), Failure> {
        self.timer = self.arm(&poll)?;
        let warm = self.plan.warmup.as_nanos() as u64;
        let until = warm + self.plan.measured.as_nanos() as u64;
        if warm == 0 {
            self.begin()?;
        }
        if self.plan.rate.is_none() {
            self.fill_all()?;
        }
        let mut events = Events::with_capacity(1024);
        loop {
            self.turn(&mut poll, &mut events)?;
            let now = self.now();
            if self.measuring.is_none() && now >= warm {
                self.begin()?;
            }
            let dry = self.lanes.iter().all(|lane| lane.dry && lane.waiting.is_empty());
            if now >= until || dry {
                break;
            }
        }
        let ended = (self.now(), self.costs()?);
        let begun = self.measuring.take();
        self.drain(&mut poll, &mut events)?;
        let (since, server, client) = begun.unwrap_or((ended.0, None, ended.1.1));
        let seconds = Duration::from_nanos(ended.0 - since).as_secs_f64();
        Ok((seconds, ((server, client), ended.1)))
    }

    fn begin(&mut self) -> Result<(), BenchError> {
        let (server, client) = self.costs()?;
        self.measuring = Some((self.now(), server, client));
        Ok(())
    }

    /// The timer that wakes the open loop; there is none in the closed one.
    fn arm(&self, poll: &Poll) -> Result<Option<OwnedFd>, Failure> {
        let Some(rate) = self.plan.rate else { return Ok(None) };
        let tick = Duration::from_secs_f64(1.0 / rate).max(TICK_MIN);
        let spec = Timespec { tv_sec: tick.as_secs() as i64, tv_nsec: tick.subsec_nanos().into() };
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = timerfd_create(TimerfdClockId::Monotonic, flags).map_err(io::Error::from)?;
        let every = Itimerspec { it_interval: spec, it_value: spec };
        timerfd_settime(&timer, TimerfdTimerFlags::empty(), &every).map_err(io::Error::from)?;
        poll.registry().register(&mut SourceFd(&timer.as_raw_fd()), TIMER, Interest::READABLE)?;
        Ok(Some(timer))
    }

    fn fill_all(&mut self) -> Result<(), Failure> {
        let now = self.now();
        for at in 0..self.lanes.len() {
            self.refill(at, now)?;
        }
        Ok(())
    }

    /// One wait and what it brought.
    fn turn(&mut self, poll: &mut Poll, events: &mut Events) -> Result<(), Failure> {
        match poll.poll(events, Some(LOOK)) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            other => other?,
        }
        for event in events.iter() {
            match event.token() {
                TIMER => self.arrive()?,
                Token(at) => self.serve(at, event.is_readable())?,
            }
        }
        Ok(())
    }

    /// Sends all requests of the open loop that are due.
    fn arrive(&mut self) -> Result<(), Failure> {
        let (Some(rate), false) = (self.plan.rate, self.stopped) else { return Ok(()) };
        if let Some(timer) = &self.timer {
            // How often it expired does not matter: the schedule is by the clock. An empty read
            // is as good.
            let _ = rustix::io::read(timer, &mut [0_u8; 8]);
        }
        let now = self.now();
        let due_by_now = (now as f64 / 1e9 * rate) as u64;
        while self.arrivals < due_by_now {
            let due = (self.arrivals as f64 / rate * 1e9) as u64;
            let at = (self.arrivals % self.lanes.len() as u64) as usize;
            self.lanes[at].backlog.push_back(due);
            self.arrivals += 1;
        }
        for at in 0..self.lanes.len() {
            self.refill(at, now)?;
        }
        Ok(())
    }

    fn serve(&mut self, at: usize, readable: bool) -> Result<(), Failure> {
        let mut more = readable;
        while more {
            more = self.lanes[at].link.fill()?;
            let now = self.now();
            while let Some(reply) = self.lanes[at].link.next_reply()? {
                self.complete(at, reply, now);
            }
            self.refill(at, now)?;
        }
        self.lanes[at].link.flush()?;
        Ok(())
    }

    fn complete(&mut self, at: usize, reply: std::ops::Range<usize>, now: u64) {
        let lane = &mut self.lanes[at];
        let Ok((body, header)) = ReplyHeader::decode(lane.link.bytes(reply)) else {
            return self.wrong("a reply has no header".into());
        };
        let Some(sent) = lane.waiting.pop_front() else {
            return self.wrong(format!("reply {} that nobody waits for", header.xid));
        };
        let template = &mut lane.stream.templates[sent.template];
        let mut verdict = check(&sent, template, &self.plan.shape, header, body);
        if header.zxid < lane.last_zxid {
            verdict = Err(format!("zxid {} behind {}", header.zxid, lane.last_zxid));
        }
        lane.last_zxid = header.zxid;
        if let Some((since, ..)) = self.measuring {
            self.ops += 1;
            // Requests that were due before measuring began would count their warm-up.
            if sent.since >= since {
                self.latencies.saturating_record(now.saturating_sub(sent.since));
            }
        }
        if let Err(text) = verdict {
            self.wrong(text);
        }
    }

    fn wrong(&mut self, text: String) {
        self.bad += 1;
        if self.told.len() < TOLD {
            self.told.push(text);
        }
    }

    /// Sends what the window and the pacing allow.
    fn refill(&mut self, at: usize, now: u64) -> Result<(), Failure> {
        let (lane, plan) = (&mut self.lanes[at], self.plan);
        while !self.stopped && lane.waiting.len() < plan.window {
            let since = match plan.rate {
                None => now,
                Some(_) => match lane.backlog.pop_front() {
                    Some(due) => due,
                    None => break,
                },
            };
            if !lane.put(since) {
                break;
            }
        }
        lane.link.flush()?;
        Ok(())
    }

    /// Waits for what is still out. What comes now is checked and no longer measured.
    fn drain(&mut self, poll: &mut Poll, events: &mut Events) -> Result<(), Failure> {
        self.stopped = true;
        let deadline = Instant::now() + PATIENCE;
        while self.lanes.iter().any(|lane| !lane.waiting.is_empty()) {
            if Instant::now() > deadline {
                let out: usize = self.lanes.iter().map(|lane| lane.waiting.len()).sum();
                let text = format!("{out} requests stayed without a reply for {PATIENCE:?}");
                return Err(BenchError::Protocol(text).into());
            }
            self.turn(poll, events)?;
        }
        Ok(())
    }
}
