//! Names of log and snapshot files.

use crate::ids::Zxid;

/// How a snapshot file is compressed; its name's last part tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Compression {
    /// No further part.
    #[default]
    Plain,
    /// `.gz`: one gzip member.
    Gz,
    /// `.snappy`: the stream format of snappy-java.
    Snappy,
}

impl Compression {
    /// What stands behind the zxid: empty, `.gz` or `.snappy`.
    pub const fn suffix(self) -> &'static str {
        match self {
            Compression::Plain => "",
            Compression::Gz => ".gz",
            Compression::Snappy => ".snappy",
        }
    }
}

/// `log.<hex>`: the zxid is that of the file's first record.
pub fn log_name(first: Zxid) -> String {
    format!("log.{:x}", first.0)
}

/// `snapshot.<hex>` with the suffix of `compression`: the zxid is the last one applied when the
/// snapshot was begun.
pub fn snapshot_name(last: Zxid, compression: Compression) -> String {
    format!("snapshot.{:x}{}", last.0, compression.suffix())
}

/// The zxid of a log file's name; `None` if it is no log: another prefix, a second part that is
/// not hex, or any further part (`.tmp` is an unfinished write).
pub fn parse_log_name(name: &str) -> Option<Zxid> {
    parse_hex(name.strip_prefix("log.")?)
}

/// The zxid and compression of a snapshot file's name; `None` if it is no snapshot. The extension
/// may be in any case.
pub fn parse_snapshot_name(name: &str) -> Option<(Zxid, Compression)> {
    let rest = name.strip_prefix("snapshot.")?;
    let (hex, compression) = match rest.split_once('.') {
        None => (rest, Compression::Plain),
        Some((hex, end)) if end.eq_ignore_ascii_case("gz") => (hex, Compression::Gz),
        Some((hex, end)) if end.eq_ignore_ascii_case("snappy") => (hex, Compression::Snappy),
        Some(_) => return None,
    };
    Some((parse_hex(hex)?, compression))
}

/// Hex digits only (Rust's parser would take a sign), within what a positive i64 holds.
fn parse_hex(text: &str) -> Option<Zxid> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    digits.then(|| i64::from_str_radix(text, 16).ok()).flatten().map(Zxid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        let zxid = Zxid(0x1_0000_0027);
        assert_eq!(log_name(zxid), "log.100000027");
        assert_eq!(parse_log_name("log.100000027"), Some(zxid));
        for kind in [Compression::Plain, Compression::Gz, Compression::Snappy] {
            assert_eq!(parse_snapshot_name(&snapshot_name(zxid, kind)), Some((zxid, kind)));
        }
        assert_eq!(snapshot_name(Zxid::ZERO, Compression::Plain), "snapshot.0");
        let upper = Some((Zxid(0x2c), Compression::Gz));
        assert_eq!(parse_snapshot_name("snapshot.2C.GZ"), upper);
    }

    #[test]
    fn strangers_are_no_logs_and_no_snapshots() {
        for name in ["log", "log.", "log.xyz", "log.-1", "log.+1", "log.1.tmp", "slog.1", "Log.1"] {
            assert_eq!(parse_log_name(name), None, "{name}");
        }
        assert_eq!(parse_log_name("log.ffffffffffffffff"), None);
        for name in ["snapshot.", "snapshot.5.tmp", "snapshot.5.gz.tmp", "snapshot..gz", "snap.5"] {
            assert_eq!(parse_snapshot_name(name), None, "{name}");
        }
    }
}
