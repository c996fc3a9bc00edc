//! `conf`, `envi`, `dirs`: what the server was given.
//!
//! Solr fails on any line of `conf` without `=` or `:`; nothing may be added that is not in
//! Apache's answer.

use super::text::Output;
use super::view::{QuorumSettings, ServerView, Settings};
use crate::metrics::process::{Memory, NOT_AVAILABLE};
use crate::version;

/// `conf`.
pub fn conf(view: &dyn ServerView) -> String {
    let settings = view.settings();
    let mut output = Output::default();
    own(view, &settings, &mut output);
    if let Some(quorum) = &settings.quorum {
        ensemble(quorum, &mut output);
    }
    output.finish()
}

fn own(view: &dyn ServerView, settings: &Settings, output: &mut Output) {
    let sizes = view.directories();
    let mut add =
        |name, value: &dyn std::fmt::Display| output.add(format_args!("{name}={value}\n"));
    add("clientPort", &settings.client_port);
    add("secureClientPort", &settings.secure_client_port);
    add("dataDir", &settings.data_dir);
    add("dataDirSize", &sizes.data_bytes);
    add("dataLogDir", &settings.data_log_dir);
    add("dataLogSize", &sizes.log_bytes);
    add("tickTime", &settings.tick_time);
    add("maxClientCnxns", &settings.max_client_cnxns);
    add("minSessionTimeout", &settings.min_session_timeout);
    add("maxSessionTimeout", &settings.max_session_timeout);
    add("clientPortListenBacklog", &settings.client_port_listen_backlog);
    add("serverId", &settings.server_id);
}

fn ensemble(quorum: &QuorumSettings, output: &mut Output) {
    let mut add = |name, value: i32| output.add(format_args!("{name}={value}\n"));
    add("initLimit", quorum.init_limit);
    add("syncLimit", quorum.sync_limit);
    add("electionAlg", quorum.election_alg);
    add("electionPort", quorum.election_port);
    add("quorumPort", quorum.quorum_port);
    add("peerType", i32::from(quorum.observer));
    output.add(format_args!("membership: \n"));
    for member in &quorum.members {
        output.add(format_args!("{member}\n"));
    }
    output.add(format_args!("version={:x}", quorum.version));
}

/// `envi`. Its keys are a JVM's, because tools read them; a native server says `<NA>`, Java's own
/// word for a property that is not set, where there is nothing to tell. The heap figures are
/// those of the process: `max` and `total` what it may have, `free` what is left of that.
pub fn envi(view: &dyn ServerView) -> String {
    let environment = view.environment();
    let mut output = Output::default();
    output.add(format_args!("Environment:\n"));
    let mut add = |name: &str, value: &str| output.add(format_args!("{name}={value}\n"));
    add("zookeeper.version", &version::line());
    add("host.name", &environment.host_name);
    let jvm = ["version", "vendor", "home", "class.path", "library.path"];
    jvm.iter().for_each(|name| add(&format!("java.{name}"), NOT_AVAILABLE));
    add("java.io.tmpdir", &environment.tmp_dir);
    add("java.compiler", NOT_AVAILABLE);
    add("os.name", &environment.os_name);
    add("os.arch", &environment.os_arch);
    add("os.version", &environment.os_version);
    add("user.name", &environment.user_name);
    add("user.home", &environment.user_home);
    add("user.dir", &environment.user_dir);
    let Memory { resident, limit } = view.memory();
    add("os.memory.free", &mebibytes(limit.saturating_sub(resident)));
    add("os.memory.max", &mebibytes(limit));
    add("os.memory.total", &mebibytes(limit));
    output.finish()
}

fn mebibytes(bytes: u64) -> String {
    format!("{}MB", bytes >> 20)
}

/// `dirs`.
pub fn dirs(view: &dyn ServerView) -> String {
    let sizes = view.directories();
    format!("datadir_size: {}\nlogdir_size: {}\n", sizes.data_bytes, sizes.log_bytes)
}
