//! The syntax of Java properties: `key=value` lines as `java.util.Properties` reads them.
//!
//! Separators `=`, `:` or blanks; comments begin with `#` or `!`; a backslash escapes, and at the
//! end of a line joins the next one.

/// One logical line with the number of its first line, counted from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Property {
    /// Where it stands.
    pub line: usize,
    /// Key, escapes resolved.
    pub key: String,
    /// Value, escapes resolved; trailing blanks are part of it.
    pub value: String,
}

/// Every property of `text` in order; a key that comes twice is there twice (Java keeps the last).
pub fn parse_properties(text: &str) -> Vec<Property> {
    let mut properties = Vec::new();
    let mut lines = split_lines(text).zip(1..).peekable();
    while let Some((first, line)) = lines.next() {
        let mut logical = first.trim_start_matches(is_blank).to_owned();
        if logical.is_empty() || logical.starts_with(['#', '!']) {
            continue;
        }
        while ends_with_escape(&logical) {
            logical.pop();
            let Some((next, _)) = lines.next() else { break };
            logical.push_str(next.trim_start_matches(is_blank));
        }
        properties.push(split_line(&logical, line));
    }
    properties
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\x0c')
}

/// Lines end with LF, CR or CR LF.
fn split_lines(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n').flat_map(|line| line.strip_suffix('\r').unwrap_or(line).split('\r'))
}

fn ends_with_escape(line: &str) -> bool {
    line.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1
}

fn split_line(logical: &str, line: usize) -> Property {
    let end = key_end(logical);
    let (key, rest) = logical.split_at(end);
    let rest = rest.trim_start_matches(is_blank);
    let rest = rest.strip_prefix(['=', ':']).unwrap_or(rest).trim_start_matches(is_blank);
    Property { line, key: unescape(key), value: unescape(rest) }
}

fn key_end(line: &str) -> usize {
    let mut escaped = false;
    for (at, c) in line.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '=' | ':' => return at,
            c if is_blank(c) => return at,
            _ => {}
        }
    }
    line.len()
}

fn unescape(text: &str) -> String {
    let mut units = Vec::new();
    let mut chars = text.chars();
    let mut pair = [0; 2];
    while let Some(c) = chars.next() {
        let unit = match (c, c == '\\') {
            (c, false) => c,
            (_, true) => match chars.next() {
                Some('t') => '\t',
                Some('n') => '\n',
                Some('r') => '\r',
                Some('f') => '\x0c',
                Some('u') => {
                    let hex: String = chars.by_ref().take(4).collect();
                    units.push(u16::from_str_radix(&hex, 16).unwrap_or(0xfffd));
                    continue;
                }
                Some(other) => other,
                None => continue,
            },
        };
        units.extend_from_slice(unit.encode_utf16(&mut pair));
    }
    String::from_utf16_lossy(&units)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Vec<(String, String)> {
        parse_properties(text).into_iter().map(|p| (p.key, p.value)).collect()
    }

    #[test]
    fn separators_comments_escapes_and_joined_lines() {
        let text =
            "# no\n  ! no\na=1\r\nb : 2\nc 3\n\n d\\ e = x\\\n   y\nf=\\u0041\\t\\=\\q\ng\nh=";
        let found = pairs(text);
        let expected = [
            ("a", "1"),
            ("b", "2"),
            ("c", "3"),
            ("d e", "xy"),
            ("f", "A\t=q"),
            ("g", ""),
            ("h", ""),
        ];
        let expected: Vec<_> =
            expected.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn values_keep_later_separators_and_line_numbers_count_real_lines() {
        assert_eq!(pairs("s.1=h:1:2;3"), [("s.1".to_string(), "h:1:2;3".to_string())]);
        let lines: Vec<_> = parse_properties("a=1\\\n2\nb=3").iter().map(|p| p.line).collect();
        assert_eq!(lines, [1, 3]);
        assert_eq!(pairs("a=1\\"), [("a".to_string(), "1".to_string())]);
        assert_eq!(pairs("a=\\u12"), [("a".to_string(), "\u{12}".to_string())]);
    }
}
