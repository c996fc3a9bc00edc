//! What the server costs, by the kernel's own counters in `/proc/<pid>`; and what we cost.

use std::fs;

use crate::error::BenchError;

/// Clock ticks per second in `/proc/<pid>/stat`: USER_HZ, 100 on every Linux.
const TICKS: f64 = 100.0;

/// Counters of a process at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Cost {
    /// User and system time, in seconds (steps of 10 ms).
    pub cpu_s: f64,
    /// Bytes that it caused to be written to storage.
    pub write_bytes: u64,
    /// Resident bytes.
    pub rss: u64,
    /// Context switches of all its living threads.
    pub switches: u64,
}

fn read(path: &str) -> Result<String, BenchError> {
    fs::read_to_string(path).map_err(|source| BenchError::system(format!("reading {path}"), source))
}

/// The number behind `key` in a file of `key: number` lines; 0 if there is none.
fn number(text: &str, key: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// utime and stime: the 14th and 15th field, counted behind the command's closing bracket.
fn cpu_seconds(stat: &str) -> f64 {
    let behind = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks: u64 = behind
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<u64>().ok())
        .sum();
    ticks as f64 / TICKS
}

fn switches(pid: u32) -> u64 {
    let Ok(tasks) = fs::read_dir(format!("/proc/{pid}/task")) else { return 0 };
    let status = |task: fs::DirEntry| fs::read_to_string(task.path().join("status")).ok();
    let of = |text: String| {
        number(&text, "voluntary_ctxt_switches") + number(&text, "nonvoluntary_ctxt_switches")
    };
    tasks.flatten().filter_map(status).map(of).sum()
}

impl Cost {
    /// The counters of `pid` now.
    ///
    /// # Errors
    /// There is no such process, or its counters are not ours to read.
    pub fn of(pid: u32) -> Result<Self, BenchError> {
        let status = read(&format!("/proc/{pid}/status"))?;
        Ok(Cost {
            cpu_s: cpu_seconds(&read(&format!("/proc/{pid}/stat"))?),
            write_bytes: number(&read(&format!("/proc/{pid}/io"))?, "write_bytes"),
            rss: number(&status, "VmRSS") * 1024,
            switches: switches(pid),
        })
    }

    /// The counters of `pid`, or nothing if none was given.
    ///
    /// # Errors
    /// As [`Cost::of`].
    pub fn maybe(pid: Option<u32>) -> Result<Option<Self>, BenchError> {
        pid.map(Cost::of).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_counted_behind_a_name_with_spaces_and_brackets() {
        let stat = "7 (a b) c) S 1 7 7 0 -1 4194560 100 0 0 0 250 150 0 0 20 0 9 0 1 2 3";
        assert_eq!(cpu_seconds(stat), 4.0);
        assert_eq!(number("VmRSS:\t  12 kB\nx: 1", "VmRSS"), 12);
        assert_eq!(number("x: 1", "VmRSS"), 0);
    }

    #[test]
    fn our_own_counters_can_be_read() {
        let cost = Cost::of(std::process::id()).unwrap();
        assert!(cost.rss > 100_000 && cost.switches > 0, "{cost:?}");
    }
}
