//! Figures: of one connection, as `cons` tells them, and of a batch on its way to the server's.

use std::sync::Arc;

use codec::{Xid, Zxid};

use super::clock::Instant;
use crate::metrics::Metrics;
use crate::metrics::sets::{Set, namespace};
use crate::metrics::summary::Summary;

/// What a batch of answers adds to the server's figures: gathered without sharing, added once.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tally {
    frames: u64,
    bytes: u64,
    last: u64,
    largest: u64,
    smallest: u64,
}

impl Tally {
    /// One frame of so many bytes.
    pub fn frame(&mut self, bytes: usize) {
        let bytes = bytes as u64;
        self.smallest = if self.frames == 0 { bytes } else { self.smallest.min(bytes) };
        self.largest = self.largest.max(bytes);
        self.last = bytes;
        self.frames += 1;
        self.bytes += bytes;
    }

    /// Frames so far.
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// Adds everything to the server's figures.
    pub fn settle(self, metrics: &Metrics) {
        if self.frames > 0 {
            metrics.packets_sent.add(self.frames);
            metrics.response_bytes.add(self.bytes);
            metrics.client_response_size.record_batch(self.last, self.smallest, self.largest);
        }
    }
}

/// The figure of the namespace that was met last: nearly always that of the next one, too.
#[derive(Debug, Default)]
pub struct NamespaceMemo(Option<(Box<str>, Arc<Summary>)>);

impl NamespaceMemo {
    /// Counts `bytes` in the namespace (the first element) of `path`.
    pub fn record(&mut self, set: &Set<Summary>, path: &str, bytes: usize) {
        let Some(namespace) = namespace(path) else { return };
        match &self.0 {
            Some((known, figure)) if **known == *namespace => figure.record(bytes as u64),
            _ => {
                let figure = set.of(namespace);
                figure.record(bytes as u64);
                self.0 = Some((namespace.into(), figure));
            }
        }
    }
}

/// Counted per connection, under its lock.
#[derive(Debug, Clone, Copy, Default)]
pub struct ConnectionFigures {
    /// Frames received.
    pub received: u64,
    /// Frames queued to be sent.
    pub sent: u64,
    /// Op code of the last answered request; `None` before the first.
    pub last_op: Option<i32>,
    /// xid of the last answered request.
    pub last_cxid: Xid,
    /// zxid of the last reply.
    pub last_zxid: Zxid,
    /// Moment of the last reply.
    pub last_response: Instant,
    /// Latency of the last reply, ms.
    pub last_latency_ms: u64,
    /// Smallest latency, ms.
    pub min_latency_ms: u64,
    /// Largest latency, ms.
    pub max_latency_ms: u64,
    total_latency_ms: u64,
    answered: u64,
}

impl ConnectionFigures {
    /// A request read at `read` was answered at `now`.
    pub fn answered(&mut self, op: i32, xid: Xid, zxid: Zxid, read: Instant, now: Instant) {
        let latency = now.micros_since(read) / 1000;
        self.sent += 1;
        self.last_op = Some(op);
        if xid.0 >= 0 {
            self.last_cxid = xid;
        }
        self.last_zxid = zxid;
        self.last_response = now;
        self.last_latency_ms = latency;
        self.min_latency_ms =
            if self.answered == 0 { latency } else { self.min_latency_ms.min(latency) };
        self.max_latency_ms = self.max_latency_ms.max(latency);
        self.total_latency_ms += latency;
        self.answered += 1;
    }

    /// The handshake was answered: it counts as one frame each way.
    pub fn established(&mut self, now: Instant) {
        self.received += 1;
        self.sent += 1;
        self.last_op = Some(codec::OpCode::CreateSession.code());
        self.last_response = now;
    }

    /// Average latency, ms.
    pub fn avg_latency_ms(&self) -> u64 {
        self.total_latency_ms.checked_div(self.answered).unwrap_or(0)
    }

    /// What `crst` does.
    pub fn reset(&mut self) {
        let (last_cxid, last_zxid) = (Xid(-1), Zxid::NONE);
        *self = ConnectionFigures { last_cxid, last_zxid, ..ConnectionFigures::default() };
    }
}
