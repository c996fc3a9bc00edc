//! The load generator's process: its exit code tells whether every reply was right.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use bench::cli::{Cli, execute};
use clap::Parser;

fn main() -> ExitCode {
    match execute(&Cli::parse()) {
        Ok((line, good)) => {
            println!("{line}");
            if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            eprintln!("rookeeper-bench: {error}");
            ExitCode::from(2)
        }
    }
}
