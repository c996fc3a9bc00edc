//! Quota texts, and usage as nodes come and go.

use super::*;
use crate::testing::{Author, data_of};

fn quota(count: i64, bytes: i64, bytes_hard: i64, count_hard: i64) -> QuotaText {
    QuotaText { count, bytes, count_hard, bytes_hard }
}

#[test]
fn texts_are_read_as_zookeeper_writes_them() {
    let cases = [
        ("", quota(-1, -1, -1, -1)),
        ("count=4,bytes=5", quota(4, 5, -1, -1)),
        ("bytes=5", quota(-1, 5, -1, -1)),
        ("count=4,bytes=5=;byteHardLimit=6;countHardLimit=7", quota(4, 5, 6, 7)),
        ("count=4,,;bytes=,other=9", quota(4, -1, -1, -1)),
        ("count=-3,bytes==5", quota(-3, -1, -1, -1)),
    ];
    for (text, want) in cases {
        assert_eq!(QuotaText::parse(Some(text.as_bytes())), Ok(want), "{text:?}");
    }
    assert_eq!(QuotaText::parse(None), Ok(QuotaText::default()));
    for bad in ["count", "count=x", ",count=1", "count=1,x", "count=99999999999999999999"] {
        assert!(QuotaText::parse(Some(bad.as_bytes())).is_err(), "{bad:?}");
    }
    assert!(QuotaText::parse(Some(b"count=\xff")).is_err());
}

#[test]
fn texts_are_written_as_zookeeper_writes_them() {
    assert_eq!(quota(2, 8, -1, -1).to_string(), "count=2,bytes=8");
    let all = quota(4, 5, 6, 7);
    assert_eq!(all.to_string(), "count=4,bytes=5=;byteHardLimit=6;countHardLimit=7");
    assert_eq!(quota(4, 5, -1, 7).to_string(), "count=4,bytes=5=;countHardLimit=7");
    assert_eq!(QuotaText::parse(Some(all.to_string().as_bytes())), Ok(all));
}

fn author_with_quota(stats: &str) -> Author {
    let mut author = Author::new();
    for (path, data) in [("/q", "12345"), ("/q/a", "123"), ("/other", "1")] {
        author.create(path, data);
    }
    author.create("/zookeeper/quota/q", "");
    author.create("/zookeeper/quota/q/zookeeper_limits", "count=5,bytes=-1");
    author.create("/zookeeper/quota/q/zookeeper_stats", stats);
    author
}

const STATS_PATH: &str = "/zookeeper/quota/q/zookeeper_stats";

#[test]
fn usage_counts_the_subtree_itself_and_leaves_the_stat_alone() {
    let mut author = author_with_quota("count=0,bytes=0");
    assert_eq!(data_of(&author.tree, STATS_PATH), "count=2,bytes=8");
    let before = author.tree.get(STATS_PATH).map(|node| node.stat_persisted());
    author.create("/q/b", "xx");
    author.set("/q/b", "xxxx");
    author.create("/qq", "none of it");
    assert_eq!(data_of(&author.tree, STATS_PATH), "count=3,bytes=12");
    author.delete("/q/b");
    author.delete("/q/a");
    assert_eq!(data_of(&author.tree, STATS_PATH), "count=1,bytes=5");
    assert_eq!(author.tree.get(STATS_PATH).map(|node| node.stat_persisted()), before);
    assert_eq!(author.tree.get(STATS_PATH).map(|node| node.stat().data_length), Some(15));
    author.tree.check().unwrap();
}

#[test]
fn the_deepest_quota_counts_alone_until_its_limits_go() {
    let mut author = author_with_quota("");
    author.create("/q/deep", "");
    author.create("/zookeeper/quota/q/deep", "");
    author.create("/zookeeper/quota/q/deep/zookeeper_limits", "count=9,bytes=9");
    author.create("/zookeeper/quota/q/deep/zookeeper_stats", "");
    author.create("/q/deep/x", "abc");
    let deep = "/zookeeper/quota/q/deep/zookeeper_stats";
    assert_eq!(data_of(&author.tree, deep), "count=2,bytes=3");
    assert_eq!(data_of(&author.tree, STATS_PATH), "count=3,bytes=8");
    assert_eq!(author.tree.quota_of("/q/deep/x/y").unwrap().path, "/q/deep");
    assert_eq!(author.tree.quota_of("/q/deeper").unwrap().path, "/q");
    assert_eq!(author.tree.quota_of("/qq"), None);
    author.delete("/zookeeper/quota/q/deep/zookeeper_limits");
    author.delete("/q/deep/x");
    assert_eq!(data_of(&author.tree, STATS_PATH), "count=2,bytes=5");
    author.tree.check().unwrap();
}

#[test]
fn usage_that_cannot_be_read_is_counted_again() {
    let mut author = author_with_quota("");
    author.set(STATS_PATH, "rubbish");
    author.create("/q/c", "1234");
    assert_eq!(data_of(&author.tree, STATS_PATH), "count=3,bytes=12");
    author.set(STATS_PATH, "rubbish");
    author.delete("/q/c");
    assert_eq!(data_of(&author.tree, STATS_PATH), "count=2,bytes=8");
    assert_eq!(author.tree.counters().quota_recounts, 2);
}

#[test]
fn the_view_for_prepare_tells_limits_and_usage() {
    let author = author_with_quota("");
    let quota = author.tree.quota_of("/q/new").unwrap();
    assert_eq!(quota.path, "/q");
    assert_eq!(quota.limits.unwrap().unwrap().count, 5);
    assert_eq!(quota.usage.unwrap().unwrap().bytes, 8);
}
