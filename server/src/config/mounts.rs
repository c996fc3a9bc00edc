//! Which kind of file system a path lies on, by the text of `/proc/self/mountinfo`.

use std::path::{Component, Path, PathBuf};

/// The file system type of the mount that holds `path` (absolute); `None` when the text tells
/// nothing of it.
pub(super) fn filesystem_of<'a>(mountinfo: &'a str, path: &Path) -> Option<&'a str> {
    let path = lexical(path);
    let mounts = mountinfo.lines().filter_map(parse_line);
    let holding = mounts.filter(|(point, _)| path.starts_with(point));
    // Of two mounts on one point the later hides the earlier: max_by_key takes the last.
    holding.max_by_key(|(point, _)| point.components().count()).map(|(_, kind)| kind)
}

/// Mount point and type of one line: `id parent dev root POINT options [fields] - TYPE ...`.
fn parse_line(line: &str) -> Option<(PathBuf, &str)> {
    let (before, after) = line.split_once(" - ")?;
    let point = before.split(' ').nth(4)?;
    let kind = after.split(' ').next()?;
    Some((PathBuf::from(unescape(point)), kind))
}

/// Blanks and backslashes are written as three octal digits.
fn unescape(text: &str) -> String {
    let mut parts = text.split('\\');
    let mut out = parts.next().unwrap_or("").to_owned();
    for part in parts {
        let code = part.get(..3).and_then(|digits| u8::from_str_radix(digits, 8).ok());
        match code {
            Some(code) => {
                out.push(char::from(code));
                out.push_str(&part[3..]);
            }
            None => {
                out.push('\\');
                out.push_str(part);
            }
        }
    }
    out
}

/// The path without `.` and `..`, links not followed.
fn lexical(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "\
22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw
28 27 0:30 / /tmp rw shared:5 master:1 - tmpfs tmpfs rw,size=1g
29 28 254:1 / /tmp/disk rw - xfs /dev/vdb rw
30 27 0:31 / /my\\040data rw - tmpfs tmpfs rw
31 27 0:32 / /twice rw - ext4 /dev/vdc rw
32 27 0:33 / /twice rw - ramfs ramfs rw
broken line
";

    #[test]
    fn the_longest_mount_point_decides() {
        let kind = |path| filesystem_of(MOUNTS, Path::new(path));
        assert_eq!(kind("/var/lib/zookeeper"), Some("ext4"));
        assert_eq!(kind("/tmp/zookeeper"), Some("tmpfs"));
        assert_eq!(kind("/tmpfoo"), Some("ext4"), "no half names");
        assert_eq!(kind("/tmp/disk/zk"), Some("xfs"));
        assert_eq!(kind("/tmp/disk/../zk/./data"), Some("tmpfs"));
        assert_eq!(kind("/my data/zk"), Some("tmpfs"));
        assert_eq!(kind("/twice/zk"), Some("ramfs"));
    }

    #[test]
    fn no_text_tells_nothing() {
        assert_eq!(filesystem_of("", Path::new("/data")), None);
        assert_eq!(filesystem_of("a - b\n\\9 - \n", Path::new("/data")), None);
    }
}
