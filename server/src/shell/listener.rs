//! Accepting clients: binding, limits by address and in all, and going on when descriptors run
//! out.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use dashmap::DashMap;
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tokio::net::{TcpListener, TcpStream};

use super::{Server, connection};

/// Pause after a failed accept: descriptors come back when connections end.
const ACCEPT_BACK_OFF: Duration = Duration::from_millis(50);
/// A refusal is told to the log at most once in this time per kind; the others are counted.
const TELL_EVERY_MS: u64 = 1000;
/// Connections that may wait to be accepted, where `clientPortListenBacklog` says nothing.
const DEFAULT_BACKLOG: i32 = 1024;

/// Binds the client port.
///
/// # Errors
/// The address is in use, not ours, or not allowed; the caller names it.
pub fn bind(address: SocketAddr, backlog: Option<i32>) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() && address.ip().is_unspecified() {
        socket.set_only_v6(false)?;
    }
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(backlog.unwrap_or(DEFAULT_BACKLOG))?;
    TcpListener::from_std(socket.into())
}

/// Descriptors that clients never get: the log, snapshots and the purge must always have some.
const RESERVED_DESCRIPTORS: u64 = 64;

/// Raises the limit of open files to what the system allows; answers how many connections fit
/// under it.
pub fn connections_that_fit() -> u32 {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        limit.current = limit.maximum;
        // Not allowed: then the old one stays.
        let _ = setrlimit(Resource::Nofile, limit);
    }
    let open = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let reserved = RESERVED_DESCRIPTORS.min(open / 2);
    u32::try_from(open - reserved).unwrap_or(u32::MAX)
}

/// Living connections by address.
#[derive(Debug)]
pub struct Census {
    /// Connections for which there are descriptors.
    fit: u32,
    by_address: DashMap<IpAddr, u32>,
    total: AtomicU32,
    told_ms: AtomicU64,
}

/// Counts a connection for as long as it lives.
pub struct Counted {
    server: Arc<Server>,
    address: IpAddr,
}

impl Drop for Counted {
    fn drop(&mut self) {
        let census = &self.server.census;
        census.total.fetch_sub(1, Ordering::Relaxed);
        if let dashmap::Entry::Occupied(mut entry) = census.by_address.entry(self.address) {
            *entry.get_mut() -= 1;
            if *entry.get() == 0 {
                entry.remove();
            }
        }
    }
}

impl Default for Census {
    fn default() -> Self {
        Census {
            fit: connections_that_fit(),
            by_address: DashMap::new(),
            total: AtomicU32::new(0),
            told_ms: AtomicU64::new(0),
        }
    }
}

impl Census {
    /// Connections in all.
    pub fn total(&self) -> u32 {
        self.total.load(Ordering::Relaxed)
    }

    /// Whether it is time to tell the log of a refusal again.
    fn may_tell(&self, now_ms: u64) -> bool {
        let told = self.told_ms.load(Ordering::Relaxed);
        let due = told == 0 || now_ms >= told + TELL_EVERY_MS;
        due && self
            .told_ms
            .compare_exchange(told, now_ms.max(1), Ordering::Relaxed, Ordering::Relaxed)
            .is_ok()
    }
}

/// Counts a connection in, unless a limit is reached.
fn admit(server: &Arc<Server>, address: IpAddr) -> Result<Counted, (&'static str, u32)> {
    let (census, limits) = (&server.census, &server.config.limits);
    if limits.max_cnxns > 0 && census.total() >= limits.max_cnxns {
        return Err(("maxCnxns", limits.max_cnxns));
    }
    if census.total() >= census.fit {
        return Err(("the limit of open files (ulimit -n, less a reserve)", census.fit));
    }
    let mut here = census.by_address.entry(address).or_insert(0);
    if limits.max_client_cnxns > 0 && *here >= limits.max_client_cnxns {
        return Err(("maxClientCnxns", limits.max_client_cnxns));
    }
    *here += 1;
    drop(here);
    census.total.fetch_add(1, Ordering::Relaxed);
    Ok(Counted { server: server.clone(), address })
}

/// Accepts for as long as the server runs.
pub async fn run(server: Arc<Server>, listener: TcpListener) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => accepted(&server, stream, peer),
            Err(error) => {
                // A peer that is gone already costs nothing; everything else wants a pause.
                if error.kind() != io::ErrorKind::ConnectionAborted {
                    if server.census.may_tell(server.clock.now().instant.millis()) {
                        tracing::error!(%error, open = server.census.total(),
                            "cannot accept connections: raise the limit of open files (ulimit -n) \
                             or lower maxCnxns");
                    }
                    tokio::time::sleep(ACCEPT_BACK_OFF).await;
                }
            }
        }
    }
}

fn accepted(server: &Arc<Server>, stream: TcpStream, peer: SocketAddr) {
    match admit(server, peer.ip().to_canonical()) {
        Ok(counted) => {
            if server.config.limits.client_tcp_keep_alive {
                let _ = SockRef::from(&stream).set_keepalive(true);
            }
            let server = server.clone();
            tokio::spawn(async move {
                connection::serve(server, stream, peer).await;
                drop(counted);
            });
        }
        Err((key, limit)) => {
            server.metrics().connection_rejected.one();
            if server.census.may_tell(server.clock.now().instant.millis()) {
                tracing::warn!(%peer, "refused: {key}={limit} connections are open already; \
                    raise {key} in the configuration if that is meant to be");
            }
        }
    }
}
