//! Paths: the server's rule for valid ones, and splitting. Knows no tree and no chroot (chroots
//! are the clients' business).

/// The path of the root.
pub const ROOT: &str = "/";
/// The subtree that the server keeps for itself.
pub const PROC: &str = "/zookeeper";
/// The ensemble's configuration text.
pub const CONFIG: &str = "/zookeeper/config";
/// Quota limits and usage live below this node.
pub const QUOTA: &str = "/zookeeper/quota";

/// Nodes that no client may delete.
pub fn is_special(path: &str) -> bool {
    matches!(path, ROOT | PROC | CONFIG | QUOTA)
}

/// Parent and name of `path`: `/a/b` is (`/a`, `b`), `/a` is (`/`, `a`). `None` for the root, for
/// text without a slash, and for `//a`, whose parent has no name and is not the root. The name is
/// empty when the path ends in a slash.
pub fn split(path: &str) -> Option<(&str, &str)> {
    let slash = path.rfind('/')?;
    match (slash, path.len()) {
        (0, 1) => None,
        (0, _) => Some((ROOT, &path[1..])),
        _ if &path[..slash] == ROOT => None,
        _ => Some((&path[..slash], &path[slash + 1..])),
    }
}

/// ZooKeeper's full path rule (client-protocol reference, section 8).
///
/// # Errors
/// A sentence that says what is wrong with the path.
pub fn validate(path: &str) -> Result<(), &'static str> {
    if !path.starts_with('/') {
        return Err("a path must begin with '/'");
    }
    if path.len() == 1 {
        return Ok(());
    }
    if path.ends_with('/') {
        return Err("a path must not end with '/'");
    }
    path[1..].split('/').try_for_each(validate_name)
}

fn validate_name(name: &str) -> Result<(), &'static str> {
    match name {
        "" => Err("a path must not hold an empty name"),
        "." | ".." => Err("a path must not be relative"),
        _ if name.chars().any(is_invalid) => Err("a path must not hold this character"),
        _ => Ok(()),
    }
}

/// The rule speaks of UTF-16 units; everything beyond the basic plane is made of surrogates.
fn is_invalid(c: char) -> bool {
    matches!(c,
        '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{e000}'..='\u{f8ff}' | '\u{fff0}'..)
}

/// Length in UTF-16 units, which is how ZooKeeper counts a path's size.
pub fn utf16_len(path: &str) -> usize {
    if path.is_ascii() { path.len() } else { path.encode_utf16().count() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn split_finds_parent_and_name() {
        assert_eq!(split("/a/b"), Some(("/a", "b")));
        assert_eq!(split("/a"), Some(("/", "a")));
        assert_eq!(split("/a/"), Some(("/a", "")));
        assert_eq!(split("/"), None);
        assert_eq!(split("a"), None);
        assert_eq!(split(""), None);
        assert_eq!(split("//a"), None);
        assert_eq!(split("//a/b"), Some(("//a", "b")));
    }

    #[test]
    fn the_rule_of_section_8() {
        for good in ["/", "/a", "/a/b", "/...", "/.b", "/\u{4e2d}", "/a b", "/\u{a0}", "/\u{ffef}"]
        {
            assert_eq!(validate(good), Ok(()), "{good:?}");
        }
        let bad = [
            "",
            "a",
            "/a/",
            "//",
            "/a//b",
            "/.",
            "/..",
            "/a/./b",
            "/a/../b",
            "/\0",
            "/\u{1f}",
            "/\u{7f}",
            "/\u{9f}",
            "/\u{e000}",
            "/\u{f8ff}",
            "/\u{fff0}",
            "/\u{ffff}",
            "/\u{1f600}",
        ];
        for bad in bad {
            assert!(validate(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn size_is_counted_in_utf16_units() {
        assert_eq!(utf16_len("/a"), 2);
        assert_eq!(utf16_len("/\u{e9}"), 2);
        assert_eq!(utf16_len("/\u{1f600}"), 3);
    }
}
