//! The server under test: which one it is, how it is started, stopped, paused, looked at.
//!
//! The only file that knows how Apache and Rookeeper differ in being started.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};
use std::{env, thread};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::client::four_letter_within;
use crate::spawn;

/// How long a server may take until it answers; a JVM on a busy machine needs its time.
pub const START_LIMIT: Duration = Duration::from_secs(40);

/// The kinds of server that can be tested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Our binary, at this path.
    Rookeeper(PathBuf),
    /// Apache ZooKeeper of this version, from the jars in the cache.
    Apache(String),
}

impl Kind {
    /// What `ZK_UNDER_TEST` names: `rookeeper` (the default) or `apache-VERSION`.
    pub fn under_test() -> Kind {
        let name = env::var("ZK_UNDER_TEST").unwrap_or_else(|_| "rookeeper".into());
        match name.strip_prefix("apache-") {
            Some(version) => Kind::Apache(version.into()),
            None => Kind::Rookeeper(binary()),
        }
    }

    /// Whether the reference itself is under test: recommended behaviour is then not asked for.
    pub fn is_reference(&self) -> bool {
        matches!(self, Kind::Apache(_))
    }

    fn command(&self, config: &Path, flags: &[String], limits: &str) -> Command {
        let mut command = spawn::command("sh");
        command.arg("-c").arg(format!("{limits}exec \"$@\"")).arg("sh");
        match self {
            Kind::Rookeeper(path) => {
                command.arg(path).arg("server").arg(config);
                command.env("SERVER_JVMFLAGS", flags.join(" "));
            }
            Kind::Apache(version) => {
                let java = ["java", "-Xmx400m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"];
                command.args(java).args(flags).arg("-cp").arg(class_path(version));
                command.arg("org.apache.zookeeper.server.quorum.QuorumPeerMain").arg(config);
            }
        }
        command
    }
}

fn room() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn binary() -> PathBuf {
    let built = || {
        let target = env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
        let target = target.unwrap_or_else(|| room().join("../../target"));
        target.join("release/rookeeper")
    };
    let path = env::var_os("ROOKEEPER_BIN").map_or_else(built, PathBuf::from);
    path.canonicalize().unwrap_or(path)
}

fn class_path(version: &str) -> String {
    let cache = env::var_os("ROOKEEPER_CACHE").map(PathBuf::from).unwrap_or_else(|| {
        PathBuf::from(env::var_os("HOME").unwrap_or_default()).join(".cache/rookeeper")
    });
    let jars = fs::read_dir(cache.join("compat/jars")).into_iter().flatten().flatten();
    let wanted = format!("zookeeper-{version}.jar");
    let found = jars.map(|entry| entry.path()).find(|path| path.join(&wanted).exists());
    let found = found.unwrap_or_else(|| {
        panic!("no jars of Apache {version} in {}; compat-tests/run.py fetch", cache.display())
    });
    format!("{}:{}/*", room().join("../conf").display(), found.display())
}

/// A loopback port that nothing listens on, outside the range of outgoing connections.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let base = 10_000 + (std::process::id() % 600) as u16 * 30;
    loop {
        let port = base + NEXT.fetch_add(1, Ordering::Relaxed) % 4000;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}

/// What a server is started with.
#[derive(Debug, Clone, Default)]
pub struct Spec {
    lines: Vec<(String, String)>,
    properties: Vec<(String, String)>,
    open_files: Option<u32>,
    file_kib: Option<u32>,
    data: Option<PathBuf>,
    port: Option<u16>,
    myid: Option<u32>,
}

impl Spec {
    /// A stock zoo.cfg: tick 2000, everything else at its default.
    pub fn stock() -> Spec {
        Spec::default().line("tickTime", 2000).line("admin.enableServer", false)
    }

    /// The stock file with every four-letter word allowed, any number of connections, and the
    /// super user `super:wire`.
    pub fn usual() -> Spec {
        let spec = Spec::stock().line("4lw.commands.whitelist", "*").line("maxClientCnxns", 0);
        let digest = "super:VWtk8RlLl86/uVG5FIHgpHieL2Q=";
        spec.property("zookeeper.DigestAuthenticationProvider.superDigest", digest)
            .property("znode.container.checkIntervalMs", 200)
    }

    /// Adds or replaces a line of zoo.cfg.
    pub fn line(mut self, key: &str, value: impl ToString) -> Spec {
        self.lines.retain(|(known, _)| known != key);
        self.lines.push((key.into(), value.to_string()));
        self
    }

    /// Adds a Java system property (`-Dkey=value`).
    pub fn property(mut self, key: &str, value: impl ToString) -> Spec {
        self.properties.push((key.into(), value.to_string()));
        self
    }

    /// Limits the open files of the process.
    pub fn open_files(mut self, limit: u32) -> Spec {
        self.open_files = Some(limit);
        self
    }

    /// Limits the size of every file, so that a write beyond it fails: the nearest thing to a full
    /// disk that needs no file system of its own.
    pub fn file_kib(mut self, limit: u32) -> Spec {
        self.file_kib = Some(limit);
        self
    }

    /// The shell's words for the limits. A write beyond the file limit is to fail, not to kill.
    fn limits(&self) -> String {
        let files = self.open_files.map_or(String::new(), |n| format!("ulimit -n {n}; "));
        let size = |kib: u32| format!("trap '' XFSZ; ulimit -f {}; ", kib * 2);
        files + &self.file_kib.map_or(String::new(), size)
    }

    /// Uses this data directory instead of a fresh one.
    pub fn data(mut self, path: impl Into<PathBuf>) -> Spec {
        self.data = Some(path.into());
        self
    }

    /// Uses this client port.
    pub fn port(mut self, port: u16) -> Spec {
        self.port = Some(port);
        self
    }

    /// Makes it a member of an ensemble.
    pub fn myid(mut self, id: u32) -> Spec {
        self.myid = Some(id);
        self
    }
}

/// A server process with its directory; ended when dropped.
#[derive(Debug)]
pub struct Server {
    spec: Spec,
    home: TempDir,
    port: u16,
    child: Child,
}

impl Server {
    /// Starts a server and waits until it answers.
    pub fn start(spec: Spec) -> Server {
        let mut server = Server::launch(spec);
        server.wait_ready();
        server
    }

    /// Starts a server and does not wait: for those that are expected to refuse, and for members.
    pub fn launch(spec: Spec) -> Server {
        let home = tempfile::Builder::new().prefix("wire-").tempdir().expect("a directory");
        let port = spec.port.unwrap_or_else(free_port);
        let child = run(&spec, home.path(), port);
        Server { spec, home, port, child }
    }

    /// Waits until the server answers `srvr` with its mode.
    pub fn wait_ready(&mut self) {
        let end = Instant::now() + START_LIMIT;
        while !self.serves() {
            if let Ok(Some(status)) = self.child.try_wait() {
                panic!("the server ended at its start ({status}):\n{}", self.log_tail());
            }
            assert!(Instant::now() < end, "the server is not ready:\n{}", self.log_tail());
            thread::sleep(Duration::from_millis(30));
        }
    }

    /// Whether the server says which mode it is in.
    pub fn serves(&self) -> bool {
        let answer = four_letter_within(self.addr(), b"srvr", Duration::from_millis(700));
        String::from_utf8_lossy(&answer).contains("Mode:")
    }

    /// Its client address.
    pub fn addr(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// Its data directory, with `version-2` in it.
    pub fn data_dir(&self) -> PathBuf {
        data_dir(&self.spec, self.home.path())
    }

    /// SIGKILL, and waits until it is gone.
    pub fn kill9(&mut self) {
        // It may have ended by itself; then there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// SIGTERM; waits for the orderly end.
    pub fn stop(&mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        self.wait_end(Duration::from_secs(20)).expect("the server ends after SIGTERM")
    }

    /// SIGSTOP: the process stands still.
    pub fn pause(&self) {
        self.signal(Signal::STOP);
    }

    /// SIGCONT after [`Server::pause`].
    pub fn resume(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).expect("the server runs");
    }

    /// Its exit status, when it ends by itself within `limit`.
    pub fn wait_end(&mut self, limit: Duration) -> Option<ExitStatus> {
        let end = Instant::now() + limit;
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => return Some(status),
                _ if Instant::now() > end => return None,
                _ => thread::sleep(Duration::from_millis(20)),
            }
        }
    }

    /// Takes the limit of [`Spec::file_kib`] away, for the next start.
    pub fn free_disk(&mut self) {
        self.spec.file_kib = None;
    }

    /// Starts the process again in the same directory and on the same port.
    pub fn restart(&mut self) {
        self.relaunch();
        self.wait_ready();
    }

    /// As [`Server::restart`], without waiting.
    pub fn relaunch(&mut self) {
        self.kill9();
        self.child = run(&self.spec, self.home.path(), self.port);
    }

    /// Resident memory, KiB.
    pub fn rss_kib(&self) -> u64 {
        let status = format!("/proc/{}/status", self.child.id());
        let text = fs::read_to_string(status).expect("the server runs");
        let line = text.lines().find(|line| line.starts_with("VmRSS:")).expect("VmRSS");
        line.split_whitespace().nth(1).and_then(|n| n.parse().ok()).expect("a number")
    }

    /// Everything that it wrote to stdout and stderr.
    pub fn log(&self) -> String {
        let bytes = fs::read(self.home.path().join("server.log")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn log_tail(&self) -> String {
        let log = self.log();
        let lines: Vec<_> = log.lines().rev().take(30).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill9();
    }
}

fn data_dir(spec: &Spec, home: &Path) -> PathBuf {
    spec.data.clone().unwrap_or_else(|| home.join("data"))
}

fn run(spec: &Spec, home: &Path, port: u16) -> Child {
    let config = home.join("zoo.cfg");
    fs::write(&config, config_text(spec, home, port)).expect("zoo.cfg is written");
    let flags: Vec<_> = spec.properties.iter().map(|(key, v)| format!("-D{key}={v}")).collect();
    let log = File::options().append(true).create(true).open(home.join("server.log"));
    let log = log.expect("server.log is opened");
    let kind = Kind::under_test();
    let mut command = kind.command(&config, &flags, &spec.limits());
    let errors = log.try_clone().expect("a second handle of server.log");
    command.current_dir(home).stdin(Stdio::null()).stdout(log).stderr(errors);
    spawn::spawn(command).unwrap_or_else(|why| panic!("{kind:?} cannot be started: {why}"))
}

fn config_text(spec: &Spec, home: &Path, port: u16) -> String {
    let data = data_dir(spec, home);
    if let Some(id) = spec.myid {
        fs::create_dir_all(&data).expect("the data directory is made");
        fs::write(data.join("myid"), format!("{id}\n")).expect("myid is written");
    }
    let mut text =
        format!("dataDir={}\nclientPort={port}\nclientPortAddress=127.0.0.1\n", data.display());
    spec.lines.iter().for_each(|(key, value)| text.push_str(&format!("{key}={value}\n")));
    text
}
