//! Cursors among changes.

use codec::{Buffer, Decode, StatPersisted};

use super::*;
use crate::testing::Author;

fn paths(mut bytes: &[u8]) -> Vec<String> {
    let mut paths = Vec::new();
    while !bytes.is_empty() {
        let (rest, path) = codec::Text::decode(bytes).unwrap();
        let (rest, _) = Buffer::decode(rest).unwrap();
        let (rest, _) = i64::decode(rest).unwrap();
        let (rest, _) = StatPersisted::decode(rest).unwrap();
        paths.push(path.unwrap().into_owned());
        bytes = rest;
    }
    paths
}

fn author(nodes: &[&str]) -> Author {
    let mut author = Author::new();
    nodes.iter().for_each(|path| author.create(path, "data"));
    author
}

/// Writes nodes until `path` is next.
fn walk_to(author: &mut Author, cursor: CursorId, out: &mut BytesMut, path: &str) {
    let target = author.tree.find(path);
    while author.tree.cursors.next_nodes().next() != target {
        assert!(author.tree.snapshot_slice(cursor, out, 1), "{path} was not met");
    }
}

#[test]
fn everything_once_parents_first_in_slices_of_any_size() {
    for max_bytes in [1, 100, 1 << 20] {
        let mut author = author(&["/a", "/a/b", "/a/b/c", "/d", "/d/e"]);
        let cursor = author.tree.open_cursor();
        let mut out = BytesMut::new();
        while author.tree.snapshot_slice(cursor, &mut out, max_bytes) {}
        let mut seen = paths(&out);
        for (at, path) in seen.iter().enumerate().skip(1) {
            let parent = &path[..path.rfind('/').unwrap()];
            assert!(seen[..at].iter().any(|earlier| earlier == parent), "{path}");
        }
        seen.sort();
        let built_in = ["/zookeeper", "/zookeeper/config", "/zookeeper/quota"];
        let mut want = vec!["", "/a", "/a/b", "/a/b/c", "/d", "/d/e"];
        want.extend(built_in);
        assert_eq!(seen, want);
        author.tree.close_cursor(cursor);
        assert!(!author.tree.snapshot_slice(cursor, &mut out, 100));
    }
}

#[test]
fn what_comes_later_is_not_met() {
    let mut author = author(&["/a", "/a/b"]);
    let cursor = author.tree.open_cursor();
    let mut out = BytesMut::new();
    walk_to(&mut author, cursor, &mut out, "/a/b");
    author.create("/a/new", "");
    author.create("/a/b/new", "");
    author.create("/a/b/new/deeper", "");
    author.create("/new", "");
    while author.tree.snapshot_slice(cursor, &mut out, 1) {}
    assert!(paths(&out).iter().all(|path| !path.contains("new")));
}

#[test]
fn a_deleted_next_node_moves_the_cursor_on() {
    let mut author = author(&["/z", "/y", "/y/k", "/x"]);
    let cursor = author.tree.open_cursor();
    let mut out = BytesMut::new();
    walk_to(&mut author, cursor, &mut out, "/y");
    author.delete("/y/k");
    author.delete("/y");
    author.delete("/z");
    author.create("/y", "again");
    author.tree.check().unwrap();
    while author.tree.snapshot_slice(cursor, &mut out, 1) {}
    let seen = paths(&out);
    assert!(seen.contains(&"/x".into()));
    assert!(seen.iter().all(|path| path != "/y" && path != "/z" && path != "/y/k"), "{seen:?}");
    assert!(seen.contains(&"/zookeeper/quota".into()));
}

#[test]
fn many_new_nodes_do_not_make_a_slice_long() {
    let mut author = author(&["/a"]);
    let cursor = author.tree.open_cursor();
    let mut out = BytesMut::new();
    (0..1000).for_each(|n| author.create(&format!("/a/{n}"), ""));
    let mut slices = 1;
    while author.tree.snapshot_slice(cursor, &mut out, 640) {
        slices += 1;
    }
    assert!(slices >= 100, "{slices}");
}
