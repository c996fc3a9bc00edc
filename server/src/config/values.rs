//! Texts to values as Java reads them, and what was expected when a text is none.
//!
//! Nothing here knows a setting's name or where it was written.

use super::keys::Kind;

/// Which numbers are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syntax {
    /// `Integer.parseInt`: decimal only. Settings that `zoo.cfg`'s own parser reads.
    Decimal,
    /// `Integer.decode`: `0x10`, `#10` and octal `010` too. System properties.
    Decode,
}

/// A whole number, or `None` when the text is none or leaves 64 bits.
pub fn whole(text: &str, syntax: Syntax) -> Option<i64> {
    if syntax == Syntax::Decimal {
        return text.parse().ok();
    }
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (radix, digits) = split_radix(digits);
    if digits.starts_with(['+', '-']) {
        return None;
    }
    let magnitude = i128::from_str_radix(digits, radix).ok()?;
    i64::try_from(if negative { -magnitude } else { magnitude }).ok()
}

fn split_radix(digits: &str) -> (u32, &str) {
    let hex = ["0x", "0X", "#"].iter().find_map(|prefix| digits.strip_prefix(prefix));
    match (hex, digits.strip_prefix('0')) {
        (Some(rest), _) => (16, rest),
        (None, Some(rest)) if !rest.is_empty() => (8, rest),
        _ => (10, digits),
    }
}

/// A finite decimal number.
pub fn real(text: &str) -> Option<f64> {
    text.parse().ok().filter(|value: &f64| value.is_finite())
}

/// `true` or `false`, any case.
pub fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// What a value of this kind has to be, when `text` is none; `None` when all is well.
pub fn fault(kind: Kind, text: &str) -> Option<String> {
    fault_in(kind, text, Syntax::Decimal)
}

/// As [`fault`], with the number syntax of the place where the text was written.
pub fn fault_in(kind: Kind, text: &str, syntax: Syntax) -> Option<String> {
    let fits = match kind {
        Kind::Bool => boolean(text).is_some(),
        Kind::YesNo => matches!(text, "yes" | "no"),
        Kind::Int(low) => whole_in(text, syntax, i64::from(low), i64::from(i32::MAX)),
        Kind::Long(low) => whole_in(text, syntax, low, i64::MAX),
        Kind::Real => real(text).is_some(),
        Kind::Port => whole_in(text, syntax, 0, i64::from(u16::MAX)),
        Kind::Choice(words) => words.iter().any(|word| word.eq_ignore_ascii_case(text)),
        Kind::Text | Kind::Secret => true,
    };
    (!fits).then(|| expected(kind))
}

fn whole_in(text: &str, syntax: Syntax, low: i64, high: i64) -> bool {
    whole(text, syntax).is_some_and(|value| (low..=high).contains(&value))
}

/// A kind in words, to stand after "expected".
pub fn expected(kind: Kind) -> String {
    match kind {
        Kind::Bool => "true or false".to_owned(),
        Kind::YesNo => "yes or no".to_owned(),
        Kind::Int(i32::MIN) => "a whole number of 32 bits".to_owned(),
        Kind::Int(low) => format!("a whole number from {low} to {}", i32::MAX),
        Kind::Long(i64::MIN) => "a whole number of 64 bits".to_owned(),
        Kind::Long(low) => format!("a whole number, {low} or more"),
        Kind::Real => "a decimal number".to_owned(),
        Kind::Port => "a port from 1 to 65535".to_owned(),
        Kind::Choice(words) => join_or(words),
        Kind::Text | Kind::Secret => "text".to_owned(),
    }
}

fn join_or(words: &[&str]) -> String {
    let named: Vec<&str> =
        words.iter().map(|word| if word.is_empty() { "nothing" } else { *word }).collect();
    named.join(" or ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_take_hex_and_octal_files_do_not() {
        assert_eq!(whole("0x10", Syntax::Decode), Some(16));
        assert_eq!(whole("-#ff", Syntax::Decode), Some(-255));
        assert_eq!(whole("010", Syntax::Decode), Some(8));
        assert_eq!(whole("0", Syntax::Decode), Some(0));
        assert_eq!(whole("010", Syntax::Decimal), Some(10));
        assert_eq!(whole("0x10", Syntax::Decimal), None);
        assert_eq!(whole("--5", Syntax::Decode), None);
        assert_eq!(whole("99999999999999999999", Syntax::Decode), None);
        assert_eq!(whole("9223372036854775807", Syntax::Decode), Some(i64::MAX));
        assert_eq!(whole("-9223372036854775808", Syntax::Decode), Some(i64::MIN));
    }

    #[test]
    fn faults_say_what_was_expected() {
        assert_eq!(fault(Kind::Bool, "TRUE"), None);
        assert_eq!(fault(Kind::Bool, "yes").as_deref(), Some("true or false"));
        assert_eq!(fault(Kind::Port, "65536").as_deref(), Some("a port from 1 to 65535"));
        assert_eq!(
            fault(Kind::Int(1), "0").as_deref(),
            Some("a whole number from 1 to 2147483647")
        );
        assert_eq!(fault(Kind::Long(0), "-1").as_deref(), Some("a whole number, 0 or more"));
        assert_eq!(fault(Kind::Choice(&["gz", ""]), "zip").as_deref(), Some("gz or nothing"));
        assert_eq!(fault(Kind::Real, "NaN").as_deref(), Some("a decimal number"));
        assert_eq!(fault(Kind::YesNo, "true").as_deref(), Some("yes or no"));
        assert!(fault(Kind::Int(i32::MIN), "2147483648").is_some());
    }
}
