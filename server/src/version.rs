//! What this server calls itself: the one home of the version line.
//!
//! The form is Apache's, `VERSION-REVISION, built on DATE`. Tools read the number up to the first
//! `-`, so the line begins with the Apache version whose behaviour we match, not with our own.

/// The Apache ZooKeeper version whose behaviour this server matches.
pub const COMPATIBLE: &str = "3.9.5";

/// Our own version.
pub const OURS: &str = env!("CARGO_PKG_VERSION");

/// When this version was built, in UTC: what `ROOKEEPER_BUILT_ON` held while compiling, else the
/// day on which this version number was given. Never the clock: the same source builds the same
/// bytes.
pub const BUILT_ON: &str = match option_env!("ROOKEEPER_BUILT_ON") {
    Some(date) => date,
    None => "2026-11-21 00:00 UTC",
};

/// The version line: `3.9.5-rookeeper-0.1.0, built on 2026-11-21 00:00 UTC`.
pub fn line() -> String {
    format!("{COMPATIBLE}-rookeeper-{OURS}, built on {BUILT_ON}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tools_read_the_compatible_version_before_the_first_dash() {
        assert_eq!(line().split('-').next(), Some("3.9.5"));
    }

    #[test]
    fn the_line_has_apaches_form() {
        let line = line();
        let (name, date) = line.split_once(", built on ").expect("two parts");
        assert_eq!(name, format!("3.9.5-rookeeper-{OURS}"));
        assert!(!date.is_empty());
    }
}
