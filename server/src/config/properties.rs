//! The Java properties format: text in, keys and values with their line numbers out.
//!
//! `zoo.cfg`, its dynamic file and the text of `/zookeeper/config` are all in this format. What a
//! key means is not known here, and no file is opened here.

use std::borrow::Cow;
use std::iter::Peekable;
use std::str::Chars;

/// One key with its value, both trimmed as Apache trims them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The key, escapes resolved.
    pub key: String,
    /// The value, escapes resolved; empty when the line has none.
    pub value: String,
    /// The line on which the key begins, counted from 1.
    pub line: u32,
}

/// A `\u` escape that is not followed by four hex digits: the only malformed input there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadEscape {
    /// The line on which the key begins, counted from 1.
    pub line: u32,
    /// The text around the escape.
    pub found: String,
}

/// Turns the bytes of a file into text.
///
/// Java reads ISO 8859-1 here; UTF-8 is tried first, so that a path with an umlaut means what its
/// writer saw. Text in plain ASCII reads the same either way.
pub fn decode(bytes: &[u8]) -> Cow<'_, str> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(bytes.iter().map(|&b| char::from(b)).collect()),
    }
}

/// Every entry in the order of the text, duplicates included: the last one is the one that counts.
pub fn parse(text: &str) -> Result<Vec<Entry>, BadEscape> {
    logical_lines(text).iter().map(|(line, text)| parse_entry(*line, text)).collect()
}

/// Joins continued lines; leaves out blank lines and comments.
fn logical_lines(text: &str) -> Vec<(u32, String)> {
    let mut out: Vec<(u32, String)> = Vec::new();
    let mut continued = false;
    for (line, natural) in (1u32..).zip(natural_lines(text)) {
        let stripped = natural.trim_start_matches(is_blank);
        let starts = !continued;
        if starts && (stripped.is_empty() || stripped.starts_with(['#', '!'])) {
            continue;
        }
        continued = ends_in_continuation(stripped);
        let body = if continued { &stripped[..stripped.len() - 1] } else { stripped };
        match out.last_mut() {
            Some((_, joined)) if !starts => joined.push_str(body),
            _ => out.push((line, body.to_owned())),
        }
    }
    out
}

/// Lines ended by `\n`, `\r` or `\r\n`.
fn natural_lines(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n').flat_map(|line| line.strip_suffix('\r').unwrap_or(line).split('\r'))
}

/// An odd number of backslashes at the end joins the next line.
fn ends_in_continuation(line: &str) -> bool {
    line.bytes().rev().take_while(|&b| b == b'\\').count() % 2 == 1
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\u{c}')
}

fn parse_entry(line: u32, text: &str) -> Result<Entry, BadEscape> {
    let (key, rest) = text.split_at(key_end(text));
    let rest = rest.trim_start_matches(is_blank);
    let rest = rest.strip_prefix(['=', ':']).unwrap_or(rest).trim_start_matches(is_blank);
    let resolve = |text| unescape(text).map_err(|found| BadEscape { line, found });
    Ok(Entry { key: java_trim(resolve(key)?), value: java_trim(resolve(rest)?), line })
}

/// The byte at which the first separator stands that no backslash protects.
fn key_end(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if c == '=' || c == ':' || is_blank(c) {
            return at;
        }
    }
    text.len()
}

fn unescape(text: &str) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let plain = if c == '\\' { resolve_escape(&mut chars)? } else { Some(c) };
        out.extend(plain);
    }
    Ok(out)
}

/// What stands after a backslash; `None` at the very end of the text.
fn resolve_escape(chars: &mut Peekable<Chars<'_>>) -> Result<Option<char>, String> {
    Ok(match chars.next() {
        Some('t') => Some('\t'),
        Some('n') => Some('\n'),
        Some('r') => Some('\r'),
        Some('f') => Some('\u{c}'),
        Some('u') => Some(unicode(chars)?),
        other => other,
    })
}

/// One `\u` escape of four digits, or two of them that make a surrogate pair.
fn unicode(chars: &mut Peekable<Chars<'_>>) -> Result<char, String> {
    let first = hex4(chars)?;
    if !(0xd800..0xdc00).contains(&first) {
        return Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER));
    }
    let mut ahead = chars.clone();
    if ahead.next() == Some('\\') && ahead.next() == Some('u') {
        let second = hex4(&mut ahead)?;
        if (0xdc00..0xe000).contains(&second) {
            *chars = ahead;
            let joined = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
            return Ok(char::from_u32(joined).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
    }
    Ok(char::REPLACEMENT_CHARACTER)
}

fn hex4(chars: &mut Peekable<Chars<'_>>) -> Result<u32, String> {
    let digits: String = chars.by_ref().take(4).collect();
    let all_hex = digits.len() == 4 && digits.bytes().all(|b| b.is_ascii_hexdigit());
    let bad = || format!("\\u{digits}");
    if all_hex { u32::from_str_radix(&digits, 16).map_err(|_| bad()) } else { Err(bad()) }
}

/// `String.trim()`: everything up to the blank goes, at both ends.
pub(super) fn java_trim(text: String) -> String {
    let trimmed = text.trim_matches(|c| c <= ' ');
    if trimmed.len() == text.len() { text } else { trimmed.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pairs(text: &str) -> Vec<(String, String, u32)> {
        let entries = parse(text).expect("well formed");
        entries.into_iter().map(|e| (e.key, e.value, e.line)).collect()
    }

    fn one(text: &str) -> (String, String) {
        let mut all = pairs(text);
        assert_eq!(all.len(), 1, "{text:?} gave {all:?}");
        let (key, value, _) = all.remove(0);
        (key, value)
    }

    #[test]
    fn the_three_separators_and_blanks_around_them() {
        for text in ["a=b", "a:b", "a b", "a = b", "a\t:\tb", "  a   b  ", "a\u{c}=b"] {
            assert_eq!(one(text), ("a".into(), "b".into()), "{text:?}");
        }
        assert_eq!(one("a = = b"), ("a".into(), "= b".into()));
        assert_eq!(one("a : = b"), ("a".into(), "= b".into()));
    }

    #[test]
    fn a_key_alone_has_an_empty_value() {
        assert_eq!(one("alone"), ("alone".into(), String::new()));
        assert_eq!(one("alone="), ("alone".into(), String::new()));
        assert_eq!(one("=value"), (String::new(), "value".into()));
    }

    #[test]
    fn comments_and_blank_lines_are_left_out_but_counted() {
        let text = "# one\n\n  ! two\na=1\n#b=2\n\nc=3";
        assert_eq!(pairs(text), [("a".into(), "1".into(), 4), ("c".into(), "3".into(), 7)]);
    }

    #[test]
    fn a_trailing_comment_is_part_of_the_value() {
        assert_eq!(one("clientPort=2181 # ours").1, "2181 # ours");
    }

    #[test]
    fn continuation_joins_lines_and_drops_leading_blanks() {
        let text = "list=a,\\\n   b,\\\n   # no comment\nnext=1";
        let got = pairs(text);
        assert_eq!(got[0], ("list".into(), "a,b,# no comment".into(), 1));
        assert_eq!(got[1], ("next".into(), "1".into(), 4));
    }

    #[test]
    fn two_backslashes_do_not_continue() {
        let got = pairs("path=C:\\\\dir\\\\\nnext=1");
        assert_eq!(got[0].1, "C:\\dir\\");
        assert_eq!(got.len(), 2);
    }

    #[test]
    fn a_blank_line_ends_a_continuation() {
        assert_eq!(pairs("a=b\\\n\nc=d")[1], ("c".into(), "d".into(), 3));
    }

    #[test]
    fn a_continuation_at_the_end_of_the_text_is_dropped() {
        assert_eq!(one("a=b\\"), ("a".into(), "b".into()));
    }

    #[test]
    fn escapes_in_keys_and_values() {
        assert_eq!(one(r"a\=b\ c\:d=x\ty"), ("a=b c:d".into(), "x\ty".into()));
        assert_eq!(one(r"dir=/d\u00e9p\q").1, "/d\u{e9}pq");
        assert_eq!(one(r"s=\uD83D\uDE00!").1, "\u{1f600}!");
        assert_eq!(one(r"s=\uD83Dx").1, "\u{fffd}x");
    }

    #[test]
    fn a_broken_unicode_escape_names_its_line() {
        let err = parse("a=1\nb=\\u12g4").expect_err("not hex");
        assert_eq!(err, BadEscape { line: 2, found: "\\u12g4".into() });
        assert!(parse("a=\\u+123").is_err(), "a sign is no hex digit");
    }

    #[test]
    fn all_three_line_ends() {
        let got = pairs("a=1\r\nb=2\rc=3\nd=4");
        let want = [("a", "1", 1), ("b", "2", 2), ("c", "3", 3), ("d", "4", 4)];
        assert_eq!(got, want.map(|(k, v, l)| (k.to_owned(), v.to_owned(), l)));
    }

    #[test]
    fn bytes_are_utf_8_or_else_latin_1() {
        assert_eq!(decode("dir=/d\u{e9}p\u{f4}t".as_bytes()), "dir=/d\u{e9}p\u{f4}t");
        assert_eq!(decode(b"dir=/d\xe9p"), "dir=/d\u{e9}p");
        assert_eq!(decode(b"\xef\xbb\xbfa=1"), "a=1");
    }

    proptest! {
        #[test]
        fn any_text_parses_or_is_refused_without_panic(text in ".{0,200}") {
            let _ = parse(&text);
        }

        #[test]
        fn any_key_and_value_survive_escaping(
            key in "[a-zA-Z0-9 =:#!\\\\.]{1,20}",
            value in "[a-z0-9 =:#!\\\\\u{e9}]{0,20}",
        ) {
            let escape = |s: &str| s.chars().map(|c| match c {
                ' ' | '=' | ':' | '#' | '!' | '\\' => format!("\\{c}"),
                c => c.to_string(),
            }).collect::<String>();
            let (k, v) = one(&format!("{}={}", escape(&key), escape(&value)));
            prop_assert_eq!(k, java_trim(key));
            prop_assert_eq!(v, java_trim(value));
        }
    }
}
