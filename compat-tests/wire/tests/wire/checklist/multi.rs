//! Lines 27 to 30: multi.

use libtest_mimic::Trial;
use wire::bed::{self, join, place};
use wire::case::{self, For};
use wire::cases;
use wire::expect::{Outcome, err};
use wire::ops;

pub fn trials(module: &str) -> Vec<Trial> {
    case::trials(
        module,
        For::All,
        cases![
            c27_a_failed_multi_has_header_0_and_the_fillers_0_and_minus_2,
            c28_the_error_stands_twice_and_the_terminator_says_minus_1,
            c29_creates_with_stat_have_result_type_15,
            c30_sub_ops_see_each_other_and_an_aborted_multi_fires_nothing,
        ],
    )
}

fn c27_a_failed_multi_has_header_0_and_the_fillers_0_and_minus_2() {
    let (mut client, root) = place(&bed::usual(), "c27");
    let (a, b) = (format!("{root}/a"), format!("{root}/b"));
    let parts = vec![
        ops::check(&root, 0),
        ops::create(&a),
        ops::delete(format!("{root}/missing"), -1),
        ops::create(&b),
        ops::set(&root, b"x", -1),
    ];
    let codes = client.multi(parts).codes();
    assert_eq!(codes, [0, 0, err::NO_NODE, err::NOT_EXECUTED, err::NOT_EXECUTED]);
    assert_eq!(client.children(&root, false).names(), Vec::<String>::new());
    assert_eq!(client.multi(vec![ops::check(&root, 7)]).codes(), [err::BAD_VERSION]);
}

fn c28_the_error_stands_twice_and_the_terminator_says_minus_1() {
    let (mut client, root) = place(&bed::usual(), "c28");
    let missing = format!("{root}/missing");
    let parts = vec![
        ops::check(&root, 0),
        ops::create(format!("{root}/a")),
        ops::delete(&missing, -1),
        ops::create(format!("{root}/b")),
    ];
    let reply = client.multi(parts);
    let parts: [&[u8]; 5] = [
        b"\xff\xff\xff\xff\0\0\0\0\0\0\0\0\0",
        b"\xff\xff\xff\xff\0\0\0\0\0\0\0\0\0",
        b"\xff\xff\xff\xff\0\xff\xff\xff\x9b\xff\xff\xff\x9b",
        b"\xff\xff\xff\xff\0\xff\xff\xff\xfe\xff\xff\xff\xfe",
        b"\xff\xff\xff\xff\x01\xff\xff\xff\xff",
    ];
    assert_eq!(reply.body, parts.concat());
}

fn c29_creates_with_stat_have_result_type_15() {
    let (mut client, root) = place(&bed::rich(), "c29");
    let paths: Vec<_> = ["a", "b", "c", "d", "e"].iter().map(|n| format!("{root}/{n}")).collect();
    let parts = vec![
        ops::create(&paths[0]),
        ops::create2(&paths[1], 0),
        ops::container(&paths[2], 4),
        ops::ttl(&paths[3], 5, 100_000),
        ops::create_flags(&paths[4], 4),
    ];
    let reply = client.multi(parts);
    let results = reply.results();
    assert_eq!(results[0], Outcome::Created(paths[0].clone()));
    for n in 1..5 {
        let Outcome::CreatedWithStat(path, stat) = &results[n] else {
            panic!("result {n}: {:?}", results[n])
        };
        assert_eq!((path, stat.czxid.0, stat.version), (&paths[n], reply.zxid, 0));
        assert_eq!(stat.ephemeral_owner, 0);
    }
}

fn c30_sub_ops_see_each_other_and_an_aborted_multi_fires_nothing() {
    let server = bed::usual();
    let (mut client, root) = place(&server, "c30");
    let mut watcher = join(&server);
    let node = format!("{root}/n");
    let parts = vec![
        ops::create(&node),
        ops::set(&node, b"x", 0),
        ops::check(&node, 1),
        ops::delete(&node, 1),
    ];
    let reply = client.multi(parts);
    let results = reply.results();
    assert_eq!(results[0], Outcome::Created(node.clone()));
    let Outcome::Set(stat) = &results[1] else { panic!("{results:?}") };
    assert_eq!((stat.version, stat.data_length, stat.mzxid.0), (1, 1, reply.zxid));
    assert_eq!(results[2..], [Outcome::Checked, Outcome::Deleted]);
    client.exists(&node, false).fails(err::NO_NODE);

    watcher.add_watch(&root, 1).ok();
    watcher.children(&root, true).ok();
    watcher.get(&root, true).ok();
    let parts = vec![ops::create(&node), ops::set(&root, b"y", -1), ops::check(&node, 9)];
    assert_eq!(client.multi(parts).codes(), [0, 0, err::BAD_VERSION]);
    assert_eq!(watcher.take_kinds(), [], "an aborted multi fires no watch");
    assert_eq!(watcher.get(&root, false).data().1.version, 0);
}
