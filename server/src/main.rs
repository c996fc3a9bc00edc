//! The `rookeeper` command: what to run with which configuration. Everything else is the library's.
#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use server::config::check::{EXIT_ERRORS, report};
use server::config::traps::Surroundings;
use server::config::{self, Command, DiskFiles, Invocation, Loaded, Mode};
use server::{logging, shell, version};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A wire-compatible replacement for Apache ZooKeeper.
///
/// Without a command: a standalone server on port 2181 with its data under ./data.
#[derive(Debug, Parser)]
#[command(name = "rookeeper", version = version::OURS)]
struct Cli {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    defines: Defines,
}

#[derive(Debug, Args)]
struct Defines {
    /// A property as ZooKeeper's users give it to the JVM, such as -Dzookeeper.snapCount=100000.
    #[arg(short = 'D', value_name = "NAME=VALUE", global = true)]
    define: Vec<String>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Run a server: with a zoo.cfg, or with PORT DATADIR [TICKTIME] [MAXCLIENTCNXNS].
    Server {
        /// The configuration file; without one, zoo.cfg in ZOOCFGDIR, conf or /etc/zookeeper.
        words: Vec<String>,
    },
    /// Tell what a configuration means, and the traps in it, without starting anything.
    Check {
        /// As for server.
        words: Vec<String>,
    },
    /// Print the version as ZooKeeper does.
    Version,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let defines = cli.defines.define;
    match cli.what {
        None => serve(&Invocation { command: Command::Embedded, defines }),
        Some(What::Server { words }) => {
            serve(&Invocation { command: Command::Server(words), defines })
        }
        Some(What::Check { words }) => {
            check(&Invocation { command: Command::Server(words), defines })
        }
        Some(What::Version) => {
            say(&format!("Rookeeper {} (ZooKeeper {})\n", version::OURS, version::line()));
            ExitCode::SUCCESS
        }
    }
}

fn environment() -> BTreeMap<String, String> {
    let text = |value: std::ffi::OsString| value.into_string().ok();
    std::env::vars_os().filter_map(|(k, v)| Some((text(k)?, text(v)?))).collect()
}

/// Standard output that may be closed.
fn say(text: &str) {
    use std::io::Write;
    let _ = std::io::stdout().write_all(text.as_bytes());
}

fn check(invocation: &Invocation) -> ExitCode {
    let loaded = config::load(invocation, &environment(), &DiskFiles);
    let mountinfo = std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let working_dir = std::env::current_dir().unwrap_or_else(|_| Path::new("/").to_owned());
    let around = Surroundings { mountinfo: &mountinfo, working_dir: &working_dir };
    let report = report(&loaded, &around);
    say(&report.text);
    ExitCode::from(report.exit_code as u8)
}

fn serve(invocation: &Invocation) -> ExitCode {
    logging::start();
    let code = start(invocation);
    logging::finish();
    code
}

fn start(invocation: &Invocation) -> ExitCode {
    let loaded = match config::load(invocation, &environment(), &DiskFiles) {
        Ok(loaded) => loaded,
        Err(errors) => {
            for problem in &errors.problems {
                tracing::error!("{problem}");
            }
            return ExitCode::from(EXIT_ERRORS as u8);
        }
    };
    for warning in &loaded.warnings {
        tracing::warn!("{warning}");
    }
    let source = loaded.source.origin().to_string();
    let Loaded { config, .. } = loaded;
    if config.mode() == Mode::Quorum {
        tracing::error!(
            "this configuration describes an ensemble, which this version does not \
            serve yet: it serves standalone servers only"
        );
        return ExitCode::from(EXIT_ERRORS as u8);
    }
    match shell::run(config, &source) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("cannot start: {error}");
            ExitCode::from(error.exit_code() as u8)
        }
    }
}
