//! What the operating system says about this process: file descriptors, memory, environment.
//!
//! Reads `/proc` when asked and never on a hot path; where there is no `/proc`, the answer is 0 or
//! `<NA>`. Counting descriptors lists a directory with one entry for each: some milliseconds with
//! ten thousand connections, so call it off the connection tasks or keep the answer for a second.

use std::fs;

/// What Java prints for a property that is not set, and we for what a native server has not.
pub const NOT_AVAILABLE: &str = "<NA>";

/// File descriptors of this process; 0 for what is unknown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Descriptors {
    /// Open ones.
    pub open: u64,
    /// The soft limit; `u64::MAX` for none.
    pub max: u64,
}

impl Descriptors {
    /// File descriptors now.
    pub fn of_this_process() -> Descriptors {
        let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
        Descriptors {
            open: fs::read_dir("/proc/self/fd").map_or(0, |entries| entries.count() as u64),
            max: soft_limit(&limits).unwrap_or(0),
        }
    }
}

fn soft_limit(limits: &str) -> Option<u64> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    match line.split_whitespace().next()? {
        "unlimited" => Some(u64::MAX),
        number => number.parse().ok(),
    }
}

/// Memory of this process, in bytes; 0 for what is unknown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Memory {
    /// What it has in RAM.
    pub resident: u64,
    /// What it may have: the cgroup's limit, else the machine's RAM.
    pub limit: u64,
}

impl Memory {
    /// Memory now.
    pub fn of_this_process() -> Memory {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let machine = kib_field(&read("/proc/meminfo"), "MemTotal:").unwrap_or(0);
        let cgroup = read("/sys/fs/cgroup/memory.max").trim().parse().unwrap_or(u64::MAX);
        let resident = kib_field(&read("/proc/self/status"), "VmRSS:").unwrap_or(0);
        Memory { resident, limit: cgroup.min(machine) }
    }
}

/// The bytes of a line like `VmRSS:     1234 kB`.
fn kib_field(text: &str, name: &str) -> Option<u64> {
    let value = text.lines().find_map(|line| line.strip_prefix(name))?;
    let kib: u64 = value.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

/// The surroundings of this process, as `envi` tells them; fixed at start-up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// This host's name.
    pub host_name: String,
    /// As Java spells it: `Linux`.
    pub os_name: String,
    /// As Java spells it: `amd64`, `aarch64`.
    pub os_arch: String,
    /// The kernel's release.
    pub os_version: String,
    /// Who runs this process.
    pub user_name: String,
    /// Their home directory.
    pub user_home: String,
    /// The working directory.
    pub user_dir: String,
    /// Where temporary files go.
    pub tmp_dir: String,
}

impl Environment {
    /// The surroundings now.
    pub fn of_this_process() -> Environment {
        Environment {
            host_name: read_line("/proc/sys/kernel/hostname"),
            os_name: read_line("/proc/sys/kernel/ostype"),
            os_arch: java_arch(std::env::consts::ARCH).to_owned(),
            os_version: read_line("/proc/sys/kernel/osrelease"),
            user_name: user_name().or_else(|| variable("USER")).unwrap_or_else(unknown),
            user_home: variable("HOME").unwrap_or_else(unknown),
            user_dir: std::env::current_dir()
                .map_or_else(|_| unknown(), |dir| one_line(dir.display())),
            tmp_dir: one_line(std::env::temp_dir().display()),
        }
    }
}

/// The name of the user whose rights this process has. Not from `$USER`, which services lack.
fn user_name() -> Option<String> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let uids = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    let passwd = fs::read_to_string("/etc/passwd").ok()?;
    name_of(uids.split_whitespace().nth(1)?, &passwd).map(one_line)
}

fn name_of<'a>(uid: &str, passwd: &'a str) -> Option<&'a str> {
    let mut entries = passwd.lines().map(|line| line.split(':').collect::<Vec<_>>());
    entries.find(|fields| fields.get(2) == Some(&uid)).map(|fields| fields[0])
}

fn unknown() -> String {
    NOT_AVAILABLE.to_owned()
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty()).map(one_line)
}

fn read_line(path: &str) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    if text.trim().is_empty() { unknown() } else { one_line(text.trim()) }
}

/// A value must not start a line of its own in `envi`.
fn one_line(value: impl ToString) -> String {
    value.to_string().replace(char::is_control, " ")
}

/// Java says `amd64` where everybody else says `x86_64`.
fn java_arch(arch: &str) -> &str {
    match arch {
        "x86_64" => "amd64",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_soft_limit_is_the_first_number() {
        let limits = "Limit                     Soft Limit           Hard Limit           Units\n\
                      Max open files            1024                 4096                 files\n";
        assert_eq!(soft_limit(limits), Some(1024));
        assert_eq!(soft_limit("Max open files  unlimited unlimited files"), Some(u64::MAX));
        assert_eq!(soft_limit("Max open files"), None);
        assert_eq!(soft_limit(""), None);
    }

    #[test]
    fn memory_fields_are_kib() {
        let status = "VmPeak:\t  10 kB\nVmRSS:\t    7 kB\n";
        assert_eq!(kib_field(status, "VmRSS:"), Some(7 * 1024));
        assert_eq!(kib_field(status, "VmHWM:"), None);
        assert_eq!(kib_field("VmRSS: 18446744073709551615 kB", "VmRSS:"), None);
    }

    #[test]
    fn users_are_found_by_number() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\n\nbroken:x\nzk:x:1000:1000::/:/bin/sh\n";
        assert_eq!(name_of("1000", passwd), Some("zk"));
        assert_eq!(name_of("0", passwd), Some("root"));
        assert_eq!(name_of("7", passwd), None);
    }

    #[test]
    fn a_value_stays_on_its_line() {
        assert_eq!(one_line("a\nserverId=7"), "a serverId=7");
        assert_eq!(java_arch("x86_64"), "amd64");
        assert_eq!(java_arch("aarch64"), "aarch64");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_has_files_and_memory() {
        let files = Descriptors::of_this_process();
        assert!(files.open > 0 && files.open <= files.max);
        let memory = Memory::of_this_process();
        assert!(memory.resident > 0 && memory.resident < memory.limit);
        assert_eq!(Environment::of_this_process().os_name, "Linux");
    }
}
