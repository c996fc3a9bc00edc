//! The optional limits on requests: large ones in flight together, and the request throttle.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use codec::OpCode;

use super::Server;
use super::input::Input;
use crate::replica::clock::Instant;
use crate::replica::connection::{Connection, Ending};

/// Bytes of large requests in flight on all connections.
#[derive(Debug, Default)]
pub struct LargeRequests(AtomicU64);

/// A large request's share of the budget, given back when it is answered.
pub struct LargeHold {
    server: Arc<Server>,
    bytes: u64,
}

impl Drop for LargeHold {
    fn drop(&mut self) {
        self.server.large.0.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// The frame that is announced next, if it is large and not yet accounted for, takes its share of
/// `largeRequestMaxBytes`.
///
/// # Errors
/// The budget is spent: why the connection is closed.
pub fn admit_large(server: &Arc<Server>, input: &Input) -> Result<Option<LargeHold>, String> {
    let limits = &server.config.limits;
    let Some(threshold) = limits.large_request_threshold else { return Ok(None) };
    let Some(bytes) = input.largest_frame().filter(|bytes| *bytes > threshold) else {
        return Ok(None);
    };
    let most = limits.large_request_max_bytes;
    let taken = server.large.0.fetch_add(bytes, Ordering::Relaxed) + bytes;
    let hold = LargeHold { server: server.clone(), bytes };
    if taken > most {
        server.metrics().large_requests_rejected.one();
        return Err(format!(
            "a request of {bytes} bytes, {} bytes of large requests are in flight already: over \
             zookeeper.largeRequestMaxBytes={most}",
            taken - bytes
        ));
    }
    Ok(Some(hold))
}

/// What the throttle says about a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passage {
    /// Go on.
    Free,
    /// It waited too long: it is answered with THROTTLEDOP.
    TooLate,
    /// It is older than its session's timeout: nobody waits for its answer any more.
    Stale,
    /// The connection ended meanwhile.
    Ended,
}

/// Waits until fewer requests are in flight than `request_throttle_max_requests`. `read`: when the
/// request came in.
pub async fn throttle(server: &Server, connection: &Connection, read: Instant) -> Passage {
    let Some(rules) = &server.config.throttle.request else { return Passage::Free };
    let mut waited = false;
    while server.replica.in_flight() >= rules.max_requests as usize {
        if !waited {
            server.metrics().request_throttle_wait_count.one();
            waited = true;
        }
        // Bounds the wait; most requests are through much sooner.
        const LOOK_EVERY: Duration = Duration::from_millis(1);
        let stall = Duration::from_millis(rules.stall_time_ms.max(1));
        connection.hold(true);
        tokio::time::sleep(stall.min(LOOK_EVERY)).await;
        connection.hold(false);
        if connection.lock().ending != Ending::Open {
            return Passage::Ended;
        }
    }
    let micros = server.clock.instant().micros_since(read);
    let stale = &rules.stale;
    let time_out = u64::from(connection.lock().time_out.unsigned_abs());
    if stale.drop && stale.latency_check && micros / 1000 > time_out {
        server.metrics().stale_requests.one();
        server.metrics().stale_requests_dropped.one();
        return Passage::Stale;
    }
    match server.config.throttle.throttled_op_wait_time_ms {
        Some(most) if micros / 1000 > most => Passage::TooLate,
        _ => Passage::Free,
    }
}

/// Cuts one whole frame off a batch of whole frames.
pub fn split_frame(batch: &mut Bytes) -> Bytes {
    let length = batch.first_chunk::<4>().map_or(0, |word| u32::from_be_bytes(*word) as usize);
    batch.split_to((4 + length).min(batch.len()))
}

/// Pings and the end of a session are served however late they are.
pub fn may_refuse(frame: &[u8]) -> bool {
    let op = frame.get(8..).and_then(|op| op.first_chunk()).map(|op| i32::from_be_bytes(*op));
    op != Some(OpCode::Ping.code()) && op != Some(OpCode::CloseSession.code())
}
