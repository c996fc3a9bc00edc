//! Why a run cannot go on. A wrong reply is no such reason: it is counted and shown.

use std::io;
use std::net::SocketAddr;

/// The run ends here.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// The server can't be reached, or a connection to it broke.
    #[error("{what} {server}: {source}")]
    Connection {
        /// What was attempted.
        what: &'static str,
        /// HOST:PORT.
        server: SocketAddr,
        /// What the kernel said.
        source: io::Error,
    },
    /// The server said something that no ZooKeeper server says, or refused what the run needs.
    #[error("{0}")]
    Protocol(String),
    /// A file of /proc, a timer, a pipe.
    #[error("{what}: {source}")]
    System {
        /// What was attempted.
        what: String,
        /// What the kernel said.
        source: io::Error,
    },
    /// The options contradict each other.
    #[error("{0}")]
    Usage(String),
}

impl BenchError {
    /// A failed connection to `server`.
    pub fn connection(what: &'static str, server: SocketAddr, source: io::Error) -> Self {
        BenchError::Connection { what, server, source }
    }

    /// A failed system call.
    pub fn system(what: impl Into<String>, source: io::Error) -> Self {
        BenchError::System { what: what.into(), source }
    }
}
