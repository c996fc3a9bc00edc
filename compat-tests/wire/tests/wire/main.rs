//! The runner: collects the checks of all rooms, runs them, ends the shared servers.
//!
//! The server under test is named by `ZK_UNDER_TEST` (see `wire::server::Kind`). Arguments are those
//! of `cargo test`: a part of a name, `--list`, `--test-threads N`.

mod acl;
mod checklist;
mod damage;
mod ensemble;
mod errors;
mod expiry;
mod golden;
mod handshake;
mod hostile;
mod malformed;
mod multi;
mod order;
mod quota;
mod throttle;
mod watches;
mod words;

use libtest_mimic::Arguments;
use wire::server::Kind;

fn main() {
    if let Kind::Rookeeper(path) = Kind::under_test()
        && !path.exists()
    {
        eprintln!("there is no server binary at {}", path.display());
        eprintln!("build it (cargo build --release), name one with ROOKEEPER_BIN, or test another");
        eprintln!("server (ZK_UNDER_TEST=apache-3.9.5)");
        std::process::exit(2);
    }
    let mut arguments = Arguments::from_args();
    // The checks wait far more than they compute.
    arguments.test_threads = arguments.test_threads.or(Some(8));
    let trials = [
        checklist::trials(),
        errors::trials(),
        handshake::trials(),
        multi::trials(),
        malformed::trials(),
        watches::trials(),
        order::trials(),
        acl::trials(),
        quota::trials(),
        words::trials(),
        golden::trials(),
        throttle::trials(),
        expiry::trials(),
        hostile::trials(),
        damage::trials(),
        ensemble::trials(),
    ];
    let trials = trials.into_iter().flatten().collect();
    let conclusion = libtest_mimic::run(&arguments, trials);
    wire::bed::end();
    ensemble::end();
    conclusion.exit();
}
