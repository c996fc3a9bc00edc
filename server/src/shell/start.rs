//! From a configuration to a running server, and its orderly end.

use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use codec::{ServerId, Zxid};
use parking_lot::Mutex;
use storage::cadence::Cadence;
use storage::directory::DataDir;
use storage::log::{LogSyncer, TxnLog};
use storage::recover::{Recovered, RecoveryError, recover};
use storage::{DirectoryError, Disk, DiskError};
use tokio::net::TcpListener;
use tree::Tree;
use tree::prepare::Preparer;
use tree::session::{ConnectThrottle, Owner, SessionIds, SessionKind, SessionTracker};
use tree::watch::WatchTable;

use super::clock::Clock;
use super::journal::{LogJournal, Rhythm};
use super::recovery::Loading;
use super::{Places, Server, disk, listener, purge, rules, snapshots, timers};
use crate::config::ServerConfig;
use crate::metrics::Metrics;
use crate::replica::Replica;
use crate::replica::pipeline::Pipeline;
use crate::version;
use crate::words::Words;

/// Server id of a standalone server, as Apache's: the top byte of its session ids.
const STANDALONE_ID: ServerId = ServerId(1);

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data directory cannot be used.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// What lies in it cannot be vouched for.
    #[error(transparent)]
    Recovery(#[from] RecoveryError),
    /// The disk failed.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// Something else that the configuration or the system does not allow.
    #[error("{0}")]
    Other(String),
}

impl StartError {
    /// Exit code of the process, as Apache's.
    pub fn exit_code(&self) -> i32 {
        match self {
            StartError::Directory(error) => error.exit_code(),
            StartError::Recovery(_) | StartError::Disk(_) => super::EXIT_DISK,
            StartError::Other(_) => 1,
        }
    }
}

/// What recovery leaves to the server.
struct Prepared {
    directory: DataDir,
    disk: Disk,
    tree: Tree,
    recovered: Recovered,
    took: Duration,
}

/// Runs a standalone server until it is told to stop (SIGTERM, SIGINT).
///
/// # Errors
/// [`StartError`]. Errors of the disk later on end the process.
pub fn run(config: ServerConfig, source: &str) -> Result<(), StartError> {
    let clock = Clock::default();
    let seed = hash_seed();
    let prepared = load(&config, seed)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| StartError::Other(format!("cannot start threads: {error}")))?;
    let address = client_address(&config)?;
    let backlog = config.addresses.backlog.map(|n| n as i32);
    let listener = {
        let _guard = runtime.enter();
        listener::bind(address, backlog).map_err(|error| {
            StartError::Other(format!(
                "cannot listen on {address} (clientPort): {error}; is another server running \
                 there?"
            ))
        })?
    };
    let (server, log, syncer, directory) = build(config, clock, prepared, seed, source, &listener)?;
    let disks = disk_threads(&server, &syncer)?;
    runtime.block_on(serve(server.clone(), listener));
    stop(&server, &log, disks);
    runtime.shutdown_timeout(Duration::from_millis(200));
    drop(directory);
    Ok(())
}

/// A number that nobody outside can foretell, so that nobody can prepare colliding paths.
fn hash_seed() -> u64 {
    use std::hash::{BuildHasher, Hasher, RandomState};
    RandomState::new().build_hasher().finish()
}

fn load(config: &ServerConfig, seed: u64) -> Result<Prepared, StartError> {
    let disk = Disk::real();
    let directory = DataDir::open(disk.clone(), &rules::directories(config))?;
    let begun = Instant::now();
    let mut loading = Loading::new(rules::tree(config, seed));
    let options = directory.recover_options(config.storage.trust_empty);
    let mut recovered = recover(&disk, &options, &mut loading)?;
    let (mut tree, mismatches) = loading.finish();
    if mismatches > 0 {
        tracing::error!(
            mismatches,
            "the log's digests and the tree do not agree: this server's \
            history may not be what was acknowledged; compare it with a backup"
        );
    }
    let last = directory.initial_zxid(&recovered, config.storage.db_autocreate)?;
    if last == Zxid::UNKNOWN {
        return Err(StartError::Other(format!(
            "{} is empty, and zookeeper.db.autocreate=false says that an empty history must not \
             be taken for a new one: restore it from a backup, or make the file 'initialize' in \
             dataLogDir once",
            directory.data_dir().display()
        )));
    }
    recovered.last = last;
    tree.set_last_zxid(last);
    Ok(Prepared { directory, disk, tree, recovered, took: begun.elapsed() })
}

type Log = Arc<Mutex<Option<TxnLog>>>;

fn build(
    config: ServerConfig,
    clock: Clock,
    prepared: Prepared,
    seed: u64,
    source: &str,
    listener: &TcpListener,
) -> Result<(Arc<Server>, Log, LogSyncer, DataDir), StartError> {
    let Prepared { directory, disk, tree, recovered, took } = prepared;
    let options = rules::log(&config, directory.log_dir());
    let mut log = TxnLog::open(disk.clone(), options, recovered.last)?;
    log.start_space_thread()
        .map_err(|error| StartError::Other(format!("cannot start a thread: {error}")))?;
    let syncer = log.syncer();
    let log: Log = Arc::new(Mutex::new(Some(log)));
    let cadence = Cadence::new(
        rules::cadence(&config),
        recovered.replayed,
        recovered.replayed_bytes,
        recovered.summary.bytes,
        seed,
    );
    let rhythm = Arc::new(Rhythm::new(cadence));
    let journal = Box::new(LogJournal::new(log.clone(), rhythm.clone()));
    let pipeline = pipeline(&config, clock, &tree, recovered.last, journal);
    let metrics = Arc::new(Metrics::default());
    metrics.dbinittime.record(took.as_micros() as u64);
    metrics.startup_txns_loaded.record(recovered.replayed);
    let rules = rules::replica(&config).map_err(|error| StartError::Other(error.to_string()))?;
    let replica = Replica::new(rules, tree, WatchTable::new(seed), pipeline, metrics);
    let server = Arc::new(Server {
        replica,
        clock,
        disk: disk::DiskSignal::default(),
        storage: disk,
        places: Places {
            snapshots: directory.snap_dir().to_owned(),
            logs: directory.log_dir().to_owned(),
        },
        rhythm,
        snapshots: Default::default(),
        census: Default::default(),
        large: Default::default(),
        words: Words::new(config.whitelist.clone()),
        dice: AtomicU64::new(seed),
        config,
    });
    first_snapshot(&server, &recovered)?;
    banner(&server, source, &recovered, took, listener);
    Ok((server, log, syncer, directory))
}

/// A log without a snapshot before it is no history that anybody would open.
fn first_snapshot(server: &Server, recovered: &Recovered) -> Result<(), StartError> {
    if recovered.snapshot.is_none() {
        let info = snapshots::write(server)?;
        server.rhythm.written(info.bytes);
    }
    Ok(())
}

fn pipeline(
    config: &ServerConfig,
    clock: Clock,
    tree: &Tree,
    last: Zxid,
    journal: Box<LogJournal>,
) -> Pipeline {
    let now = clock.now();
    let ms = now.instant.millis();
    let mut sessions = SessionTracker::new(rules::tracker(config));
    for (session, timeout) in tree.sessions() {
        sessions.add(session, timeout, SessionKind::Global, Owner::NONE, ms);
    }
    // Session ids are made from a clock that goes on across restarts.
    let ids = SessionIds::new(STANDALONE_ID, now.wall_ms as u64);
    let throttle = ConnectThrottle::new(rules::throttle(config), ms);
    let preparer = Preparer::new(rules::prepare(config), tree, last);
    Pipeline::new(preparer, sessions, ids, throttle, journal)
}

/// Where clients connect; without an address all of them, IPv6 and IPv4.
fn client_address(config: &ServerConfig) -> Result<SocketAddr, StartError> {
    let port = config.addresses.client_port.ok_or_else(|| {
        StartError::Other("no clientPort is configured: nothing to serve".to_owned())
    })?;
    let Some(host) = &config.addresses.client_port_address else {
        let all = SocketAddr::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), port);
        let usable = std::net::UdpSocket::bind((Ipv6Addr::UNSPECIFIED, 0)).is_ok();
        return Ok(if usable { all } else { SocketAddr::from(([0, 0, 0, 0], port)) });
    };
    let mut found = (host.as_str(), port).to_socket_addrs().map_err(|error| {
        StartError::Other(format!("clientPortAddress={host} does not resolve: {error}"))
    })?;
    found.next().ok_or_else(|| {
        StartError::Other(format!("clientPortAddress={host} resolves to no address"))
    })
}

/// Two threads: one syncs while the other applies and answers.
fn disk_threads(
    server: &Arc<Server>,
    syncer: &LogSyncer,
) -> Result<Vec<std::thread::JoinHandle<()>>, StartError> {
    let start = |n: usize| {
        let (server, syncer) = (server.clone(), syncer.clone());
        let builder = std::thread::Builder::new().name(format!("disk-{n}"));
        builder.spawn(move || disk::run(&server, &syncer))
    };
    let threads: io::Result<Vec<_>> = (0..2).map(start).collect();
    threads.map_err(|error| StartError::Other(format!("cannot start a thread: {error}")))
}

async fn serve(server: Arc<Server>, listener: TcpListener) {
    if server.replica.close_orphans(server.clock.now()) {
        server.disk.appended();
    }
    let reaper = rules::reaper(&server.config);
    tokio::spawn(timers::tick(server.clone()));
    tokio::spawn(timers::reap(server.clone(), reaper));
    if let Some(every) = server.config.storage.purge.interval() {
        tokio::spawn(purge::run(server.clone(), every));
    }
    tokio::select! {
        () = listener::run(server.clone(), listener) => {}
        name = signal() => tracing::info!("{name}: stopping"),
    }
}

async fn signal() -> &'static str {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut term), Ok(mut int)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = term.recv() => "SIGTERM",
        _ = int.recv() => "SIGINT",
    }
}

/// Nothing new is taken in; what was proposed becomes durable and is answered; the log is closed.
fn stop(server: &Arc<Server>, log: &Log, disks: Vec<std::thread::JoinHandle<()>>) {
    let log = log.lock().take();
    server.disk.stop();
    for thread in disks {
        let _ = thread.join();
    }
    if let Some(log) = log
        && let Err(error) = log.close()
    {
        tracing::warn!(%error, "the log was not closed cleanly; nothing acknowledged is lost");
    }
    tracing::info!(zxid = %server.replica.tree.read().last_zxid(), "stopped");
}

fn banner(
    server: &Server,
    source: &str,
    recovered: &Recovered,
    took: Duration,
    listener: &TcpListener,
) {
    let address = listener.local_addr().map(|a| a.to_string()).unwrap_or_default();
    let tree = server.replica.tree.read();
    tracing::info!("Rookeeper {} (speaks ZooKeeper {})", version::OURS, version::COMPATIBLE);
    tracing::info!("  role           standalone");
    tracing::info!("  configuration  {source}");
    tracing::info!("  clients        {address}");
    tracing::info!("  data           {}", server.places.snapshots.display());
    tracing::info!("  log            {}", server.places.logs.display());
    tracing::info!("  last zxid      {} ({} znodes)", recovered.last, tree.node_count());
    tracing::info!(
        "  recovery       {} transactions replayed in {} ms ({})",
        recovered.replayed,
        took.as_millis(),
        recovered.verdict
    );
}
