//! Where log lines go: to standard error, through a bounded queue.
//!
//! Lines are written by a thread of their own. If nobody reads standard error (a paused terminal, a
//! stuck log collector) lines are dropped, and the server goes on.

use std::io::IsTerminal;
use std::sync::Mutex;

use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;

/// Lines that may wait to be written.
const LINES_WAITING_MAX: usize = 16_384;

/// Writes what waits when it is dropped.
static GUARD: Mutex<Option<WorkerGuard>> = Mutex::new(None);

/// Starts logging: `info` and above, unless `ROOKEEPER_LOG` says otherwise.
pub fn start() {
    let filter =
        EnvFilter::try_from_env("ROOKEEPER_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let (writer, guard) = NonBlockingBuilder::default()
        .buffered_lines_limit(LINES_WAITING_MAX)
        .lossy(true)
        .thread_name("log")
        .finish(std::io::stderr());
    if let Ok(mut kept) = GUARD.lock() {
        *kept = Some(guard);
    }
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(writer)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .init();
}

/// Writes what waits, for a second at most. Nothing is logged after it.
pub fn finish() {
    let guard = GUARD.lock().ok().and_then(|mut kept| kept.take());
    drop(guard);
}
