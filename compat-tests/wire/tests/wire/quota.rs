//! Quotas: bookkeeping, hard and soft limits, and what is never checked.

use libtest_mimic::Trial;
use wire::bed::{self, place};
use wire::case::{self, For};
use wire::cases;
use wire::client::{Client, op};
use wire::expect::err;
use wire::ops;

pub fn trials() -> Vec<Trial> {
    let all = cases![
        stats_are_recomputed_when_created,
        stats_follow_creates_deletes_and_sets,
        a_hard_count_limit_is_inclusive,
        a_hard_byte_limit_is_inclusive_and_beats_the_version,
        existence_beats_the_quota,
        a_soft_limit_only_warns,
        without_enforcement_hard_limits_only_warn,
        deletes_are_never_checked,
        a_multi_overshoots,
        dropping_the_limits_ends_it,
        unparsable_limits_refuse_with_minus_5,
        neighbours_with_a_common_prefix_are_not_counted,
    ];
    case::trials("quota", For::All, all)
}

/// Puts a quota on `root`.
fn limit(client: &mut Client, root: &str, text: &str) {
    let quota = format!("/zookeeper/quota{root}");
    client.create(&quota, b"").ok();
    client.create(&format!("{quota}/zookeeper_limits"), text.as_bytes()).ok();
    client.create(&format!("{quota}/zookeeper_stats"), b"count=0,bytes=0").ok();
}

fn stats(client: &mut Client, root: &str) -> String {
    let data = client.get(&format!("/zookeeper/quota{root}/zookeeper_stats"), false).data().0;
    String::from_utf8(data.unwrap_or_default()).expect("text")
}

fn stats_are_recomputed_when_created() {
    let (mut client, root) = place(&bed::rich(), "qinit");
    client.create(&format!("{root}/a"), b"12345").ok();
    client.create(&format!("{root}/a/b"), b"678").ok();
    limit(&mut client, &root, "count=100,bytes=100");
    assert_eq!(stats(&mut client, &root), "count=3,bytes=8");
}

fn stats_follow_creates_deletes_and_sets() {
    let (mut client, root) = place(&bed::rich(), "qfollow");
    limit(&mut client, &root, "count=100,bytes=100");
    client.create(&format!("{root}/a"), b"12345").ok();
    assert_eq!(stats(&mut client, &root), "count=2,bytes=5");
    client.set(&format!("{root}/a"), b"1", -1).ok();
    assert_eq!(stats(&mut client, &root), "count=2,bytes=1");
    client.set(&root, b"four", -1).ok();
    client.create_flags(&format!("{root}/a/s"), 3).ok();
    assert_eq!(stats(&mut client, &root), "count=3,bytes=5");
    client.delete(&format!("{root}/a/s0000000000"), -1).ok();
    client.delete(&format!("{root}/a"), -1).ok();
    assert_eq!(stats(&mut client, &root), "count=1,bytes=4");
}

fn a_hard_count_limit_is_inclusive() {
    let (mut client, root) = place(&bed::rich(), "qcount");
    limit(&mut client, &root, "count=-1,bytes=-1=;byteHardLimit=-1;countHardLimit=3");
    client.create(&format!("{root}/a"), b"").ok();
    client.create(&format!("{root}/b"), b"").ok();
    client.create(&format!("{root}/c"), b"").fails(err::QUOTA_EXCEEDED);
    client
        .create_as(op::CREATE2, &format!("{root}/c"), None, Some(codec::acl::open_acl_unsafe()), 0)
        .fails(err::QUOTA_EXCEEDED);
    client.set(&format!("{root}/a"), b"any size", -1).ok();
    client.delete(&format!("{root}/b"), -1).ok();
    client.create(&format!("{root}/c"), b"").ok();
}

fn a_hard_byte_limit_is_inclusive_and_beats_the_version() {
    let (mut client, root) = place(&bed::rich(), "qbytes");
    limit(&mut client, &root, "count=-1,bytes=-1=;byteHardLimit=10;countHardLimit=-1");
    client.create(&format!("{root}/a"), b"1234567890").ok();
    client.create(&format!("{root}/b"), b"1").fails(err::QUOTA_EXCEEDED);
    client.create(&format!("{root}/b"), b"").ok();
    client.set(&format!("{root}/b"), b"1", 77).fails(err::QUOTA_EXCEEDED);
    client.set(&format!("{root}/a"), b"0987654321", 77).fails(err::BAD_VERSION);
    client.set(&format!("{root}/a"), b"0987654321", 0).ok();
    client.set(&format!("{root}/a"), b"123", -1).ok();
    client.set(&format!("{root}/b"), b"1234567", -1).ok();
}

fn existence_beats_the_quota() {
    let (mut client, root) = place(&bed::rich(), "qexist");
    client.create(&format!("{root}/a"), b"").ok();
    limit(&mut client, &root, "count=-1,bytes=-1=;byteHardLimit=-1;countHardLimit=2");
    client.create(&format!("{root}/a"), b"").fails(err::NODE_EXISTS);
    client.create(&format!("{root}/b"), b"").fails(err::QUOTA_EXCEEDED);
}

fn a_soft_limit_only_warns() {
    let (mut client, root) = place(&bed::rich(), "qsoft");
    limit(&mut client, &root, "count=1,bytes=1");
    client.create(&format!("{root}/a"), b"12345").ok();
    client.set(&format!("{root}/a"), b"1234567", -1).ok();
    assert_eq!(stats(&mut client, &root), "count=2,bytes=7");
}

fn without_enforcement_hard_limits_only_warn() {
    let (mut client, root) = place(&bed::usual(), "qoff");
    limit(&mut client, &root, "count=-1,bytes=-1=;byteHardLimit=1;countHardLimit=1");
    client.create(&format!("{root}/a"), b"12345").ok();
    assert_eq!(stats(&mut client, &root), "count=2,bytes=5");
}

fn deletes_are_never_checked() {
    let (mut client, root) = place(&bed::rich(), "qdel");
    client.create(&format!("{root}/a"), b"12345").ok();
    client.create(&format!("{root}/b"), b"12345").ok();
    limit(&mut client, &root, "count=-1,bytes=-1=;byteHardLimit=1;countHardLimit=1");
    client.delete(&format!("{root}/a"), -1).ok();
    assert_eq!(stats(&mut client, &root), "count=2,bytes=5");
}

fn a_multi_overshoots() {
    let (mut client, root) = place(&bed::rich(), "qmulti");
    limit(&mut client, &root, "count=-1,bytes=-1=;byteHardLimit=-1;countHardLimit=2");
    let parts = (0..4).map(|n| ops::create(format!("{root}/n{n}"))).collect();
    assert_eq!(client.multi(parts).results().len(), 4, "only what is committed counts");
    assert_eq!(stats(&mut client, &root), "count=5,bytes=0");
    let one = vec![ops::create(format!("{root}/x"))];
    assert_eq!(client.multi(one).codes(), [err::QUOTA_EXCEEDED]);
}

fn dropping_the_limits_ends_it() {
    let (mut client, root) = place(&bed::rich(), "qdrop");
    limit(&mut client, &root, "count=-1,bytes=-1=;byteHardLimit=-1;countHardLimit=1");
    client.create(&format!("{root}/a"), b"").fails(err::QUOTA_EXCEEDED);
    client.delete(&format!("/zookeeper/quota{root}/zookeeper_limits"), -1).ok();
    client.create(&format!("{root}/a"), b"").ok();
    assert_eq!(stats(&mut client, &root), "count=1,bytes=0", "no more bookkeeping");
}

fn unparsable_limits_refuse_with_minus_5() {
    let (mut client, root) = place(&bed::rich(), "qbad");
    client.create(&format!("{root}/a"), b"").ok();
    limit(&mut client, &root, "count=1,bytes=1");
    let limits = format!("/zookeeper/quota{root}/zookeeper_limits");
    client.set(&limits, b"garbage", -1).ok();
    client.create(&format!("{root}/b"), b"").fails(err::MARSHALLING);
    client.set(&format!("{root}/a"), b"x", -1).fails(err::MARSHALLING);
    client.set(&limits, b"count=-1,bytes=-1", -1).ok();
    client.create(&format!("{root}/b"), b"").ok();
}

fn neighbours_with_a_common_prefix_are_not_counted() {
    let (mut client, root) = place(&bed::rich(), "qnext");
    limit(&mut client, &root, "count=-1,bytes=-1=;byteHardLimit=-1;countHardLimit=1");
    let neighbour = client.create(&format!("{root}x"), b"").path();
    client.create(&format!("{neighbour}/a"), b"").ok();
    assert_eq!(stats(&mut client, &root), "count=1,bytes=0");
}
