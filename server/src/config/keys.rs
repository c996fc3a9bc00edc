//! Every setting that ZooKeeper 3.9 knows: name, where it may be given, kind, default, and what
//! Rookeeper does with it.
//!
//! The one home of names and defaults: readers ask for a setting by its name and get this table's
//! default. Meaning and ranges across several settings are not known here.

mod clients;
mod cluster;
mod observe;
mod security;
mod storage;

/// Where an operator may write a setting so that Apache takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Given {
    /// Only in `zoo.cfg`; a `-D` of that name does nothing.
    File,
    /// In `zoo.cfg`, or as `-Dzookeeper.<name>` when the file is silent.
    FileOrProperty,
    /// `-Dzookeeper.<name>`; in `zoo.cfg` without the prefix (and then the file wins).
    Property,
    /// Only `-D<name>`, without the prefix; in `zoo.cfg` it does nothing.
    Bare,
    /// As [`Given::Property`], and `-D<name>` without the prefix as well.
    PropertyOrBare,
}

/// What the text of a value must look like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// `true` or `false`, any case. As a property: whatever is not `true` is false.
    Bool,
    /// `yes` or `no`, exactly.
    YesNo,
    /// A 32-bit whole number, not below the bound.
    Int(i32),
    /// A 64-bit whole number, not below the bound.
    Long(i64),
    /// A decimal number.
    Real,
    /// A TCP port; 0 means "not set".
    Port,
    /// One of these words, any case.
    Choice(&'static [&'static str]),
    /// Any text.
    Text,
    /// Text that never appears in a log or a report.
    Secret,
}

/// Which later work a setting waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Concern {
    /// Several servers: election, learners, reconfiguration.
    Ensemble,
    /// TLS on any port.
    Tls,
    /// SASL and Kerberos, towards clients and between servers.
    Sasl,
    /// The HTTP AdminServer.
    Admin,
    /// Metrics providers and path statistics.
    Metrics,
    /// The audit log.
    Audit,
    /// Authentication providers beyond digest and ip.
    Providers,
}

/// Why a setting can never have an effect here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// It tunes the JVM, Netty, Jetty, or threads and caches that only the Java server has.
    Jvm,
    /// It belongs to the client library.
    Client,
    /// It configures Java logging.
    Logging,
    /// It is a test hook of the Java server.
    Test,
    /// It tunes what this server does well without being told.
    NotNeeded,
}

/// What Rookeeper does with a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It means what it means in Apache.
    Obeyed,
    /// Understood, without effect until the concern is served.
    NotYet(Concern),
    /// Without effect for good.
    Ignored(Reason),
    /// A documented heading that Apache itself does not read; stands for this real name.
    Heading(&'static str),
}

/// One setting of the table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Key {
    /// The name as it stands in `zoo.cfg`; of a family (`server.`), what all its names begin with.
    pub name: &'static str,
    /// Where it may be given.
    pub given: Given,
    /// What its value looks like.
    pub kind: Kind,
    /// Apache's default as text; empty when there is none or when it follows from other settings.
    pub default: &'static str,
    /// What Rookeeper does with it.
    pub status: Status,
    /// Whether `name` is a prefix of many names.
    pub family: bool,
}

impl Key {
    const fn with_given(mut self, given: Given) -> Key {
        self.given = given;
        self
    }

    const fn as_family(mut self) -> Key {
        self.family = true;
        self
    }
}

const OBEYED: Status = Status::Obeyed;
const JVM: Status = Status::Ignored(Reason::Jvm);
const NOT_NEEDED: Status = Status::Ignored(Reason::NotNeeded);
const ENSEMBLE: Status = Status::NotYet(Concern::Ensemble);

const fn file(name: &'static str, kind: Kind, default: &'static str, status: Status) -> Key {
    Key { name, given: Given::File, kind, default, status, family: false }
}

const fn prop(name: &'static str, kind: Kind, default: &'static str, status: Status) -> Key {
    file(name, kind, default, status).with_given(Given::Property)
}

const fn bare(name: &'static str, kind: Kind, default: &'static str, status: Status) -> Key {
    file(name, kind, default, status).with_given(Given::Bare)
}

const fn both(name: &'static str, kind: Kind, default: &'static str, status: Status) -> Key {
    file(name, kind, default, status).with_given(Given::PropertyOrBare)
}

const fn heading(name: &'static str, real: &'static str) -> Key {
    prop(name, Kind::Text, "", Status::Heading(real))
}

/// The whole table, in the order in which reports list it.
pub fn all() -> impl Iterator<Item = &'static Key> {
    [
        clients::KEYS,
        storage::KEYS,
        clients::LIMITS,
        clients::THROTTLE,
        security::AUTH,
        cluster::PARSED,
        cluster::PROPERTIES,
        security::TLS,
        security::TLS_QUORUM,
        security::TLS_OTHER,
        observe::KEYS,
        observe::ADMIN,
        observe::NOT_SERVER,
        clients::HEADINGS,
    ]
    .into_iter()
    .flatten()
}

/// The entry for a name as written in `zoo.cfg` (no `zookeeper.` prefix): the exact one, else the
/// family it falls into.
pub fn find(name: &str) -> Option<&'static Key> {
    let exact = all().find(|key| !key.family && key.name == name);
    exact.or_else(|| all().find(|key| key.family && name.starts_with(key.name)))
}

/// The known name that an unknown one most resembles, when it is at most two edits away.
pub fn resembling(name: &str) -> Option<&'static str> {
    let lower = name.to_ascii_lowercase();
    let real = all().filter(|key| !matches!(key.status, Status::Heading(_)) && !key.family);
    real.map(|key| (distance(&lower, &key.name.to_ascii_lowercase()), key.name))
        .filter(|&(edits, found)| edits <= 2 && edits * 3 < found.len())
        .min_by_key(|&(edits, _)| edits)
        .map(|(_, found)| found)
}

/// Levenshtein distance over bytes; 3 stands for "far" when the lengths alone say so.
fn distance(a: &str, b: &str) -> usize {
    if a.len().abs_diff(b.len()) > 2 {
        return 3;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.bytes().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, cb) in b.bytes().enumerate() {
            let substituted = diagonal + usize::from(ca != cb);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests;
