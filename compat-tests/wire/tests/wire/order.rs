//! Order and atomicity under load by several clients at once.

use std::collections::BTreeSet;
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use codec::client::{GetDataRequest, SetDataRequest};
use libtest_mimic::Trial;
use wire::bed::{self, join, place};
use wire::case::{self, For};
use wire::cases;
use wire::client::{Client, Frame, op};
use wire::expect::{Outcome, err, event};
use wire::ops;

pub fn trials() -> Vec<Trial> {
    let all = cases![
        a_multi_is_seen_whole_by_multi_reads,
        a_multi_is_seen_whole_by_pipelined_reads,
        zxids_of_a_connection_never_go_back,
        conditional_sets_lose_nothing,
        sequential_names_are_unique_and_dense,
        pipelined_reads_see_the_writes_before_them_and_none_behind,
        an_event_comes_before_the_read_that_shows_the_change,
        every_reply_of_a_mixed_pipeline_comes_in_order,
        times_are_the_wall_clock_and_one_for_a_multi,
    ];
    case::trials("order", For::All, all)
}

/// Runs `write` until `rounds` are done, beside `read`, which is told when that is so.
fn beside(write: impl FnOnce() + Send, mut read: impl FnMut()) {
    thread::scope(|scope| {
        let writer = scope.spawn(write);
        while !writer.is_finished() {
            read();
        }
        writer.join().expect("the writer finishes");
    });
}

fn number(data: &Option<Vec<u8>>) -> u64 {
    let text = String::from_utf8_lossy(data.as_deref().unwrap_or_default()).into_owned();
    text.parse().unwrap_or(0)
}

/// Two nodes that one multi after the other sets to the same number.
fn twins(name: &str) -> (impl FnOnce() + Send, Client, [String; 2]) {
    let server = bed::usual();
    let (mut writer, root) = place(&server, name);
    let nodes = ["a", "b"].map(|n| writer.create(&format!("{root}/{n}"), b"0").path());
    let paths = nodes.clone();
    let write = move || {
        for n in 1..=400 {
            let data = format!("{n}");
            let set = |path: &String| ops::set(path.clone(), data.as_bytes(), -1);
            assert_eq!(writer.multi(paths.iter().map(set).collect()).results().len(), 2);
        }
    };
    (write, join(&server), nodes)
}

fn a_multi_is_seen_whole_by_multi_reads() {
    let (write, mut reader, [a, b]) = twins("whole");
    beside(write, || {
        let parts = vec![ops::get(a.as_str()), ops::get(b.as_str())];
        let results = reader.multi_read(parts).results();
        let [Outcome::Data(first, _), Outcome::Data(second, _)] = &results[..] else {
            panic!("{results:?}")
        };
        assert_eq!(number(first), number(second), "half a multi was seen");
    });
}

fn a_multi_is_seen_whole_by_pipelined_reads() {
    let (write, mut reader, nodes) = twins("pipewhole");
    let mut last = 0;
    beside(write, || {
        for path in &nodes {
            let body = GetDataRequest { path: Some(path.into()), watch: false };
            reader.send(op::GET_DATA, &body);
        }
        let [first, second] = [reader.reply(), reader.reply()].map(|reply| number(&reply.data().0));
        assert!(last <= first && first <= second, "{last}, {first}, {second}");
        last = second;
    });
}

fn zxids_of_a_connection_never_go_back() {
    let (write, mut reader, [a, _]) = twins("back");
    let mut last = 0;
    beside(write, || {
        let reply = reader.get(&a, false);
        let seen = reply.data().1.mzxid.0;
        assert!(reply.zxid >= last, "{} after {last}", reply.zxid);
        assert!(seen <= reply.zxid, "data of {seen} in a reply of {}", reply.zxid);
        last = reply.zxid;
    });
}

fn conditional_sets_lose_nothing() {
    let server = bed::usual();
    let (mut client, root) = place(&server, "cas");
    client.set(&root, b"0", -1).ok();
    let (threads, rounds) = (4, 60);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut client = join(&server);
                let mut done = 0;
                while done < rounds {
                    let (data, stat) = client.get(&root, false).data();
                    let next = format!("{}", number(&data) + 1);
                    let reply = client.set(&root, next.as_bytes(), stat.version);
                    assert!([0, err::BAD_VERSION].contains(&reply.err), "{reply:?}");
                    done += u32::from(reply.err == 0);
                }
            });
        }
    });
    let (data, stat) = client.get(&root, false).data();
    assert_eq!(number(&data), u64::from(threads * rounds));
    assert_eq!(stat.version as u32, threads * rounds + 1);
}

fn sequential_names_are_unique_and_dense() {
    let server = bed::usual();
    let (mut client, root) = place(&server, "dense");
    let (threads, rounds) = (4, 50);
    let names = thread::scope(|scope| {
        let make = |t: usize| {
            let (server, root) = (&server, &root);
            scope.spawn(move || {
                let mut client = join(server);
                let name = format!("{root}/t{t}-");
                (0..rounds).map(|_| client.create_flags(&name, 2).path()).collect::<Vec<_>>()
            })
        };
        let made: Vec<_> = (0..threads).map(make).collect();
        made.into_iter().flat_map(|m| m.join().expect("it finishes")).collect::<Vec<_>>()
    });
    let numbers: BTreeSet<usize> =
        names.iter().map(|name| name[name.len() - 10..].parse().expect("a number")).collect();
    assert_eq!(numbers, (0..threads * rounds).collect());
    assert_eq!(client.children(&root, false).names().len(), threads * rounds);
}

fn pipelined_reads_see_the_writes_before_them_and_none_behind() {
    let (mut client, root) = place(&bed::usual(), "own");
    for n in 1..=100_u64 {
        let data = format!("{n}");
        let path = || Some(root.as_str().into());
        let set = SetDataRequest { path: path(), data: Some(data.as_bytes()), version: -1 };
        client.send(op::SET_DATA, &set);
        client.send(op::GET_DATA, &GetDataRequest { path: path(), watch: false });
    }
    for n in 1..=100 {
        let set = client.reply().ok();
        let read = client.reply();
        assert_eq!(number(&read.data().0), n);
        assert_eq!(read.data().1.mzxid.0, set.zxid);
    }
}

fn an_event_comes_before_the_read_that_shows_the_change() {
    let (write, mut reader, [a, _]) = twins("before");
    let mut known = reader.get(&a, true).data().1.version;
    beside(write, || {
        let now = reader.get(&a, false).data().1.version;
        if now > known {
            let seen = reader.events.pop_front().expect("the event before the new state");
            assert_eq!((seen.kind, seen.path.as_str()), (event::DATA, a.as_str()));
            known = reader.get(&a, true).data().1.version;
        }
    });
}

fn every_reply_of_a_mixed_pipeline_comes_in_order() {
    let (mut client, root) = place(&bed::usual(), "mixed");
    let get = |path: &str| GetDataRequest { path: Some(path.to_owned().into()), watch: true };
    let mut sent = Vec::new();
    for n in 0..300 {
        sent.push(match n % 4 {
            0 => {
                let path = Some(root.as_str().into());
                client.send(op::SET_DATA, &SetDataRequest { path, data: None, version: -1 })
            }
            1 => client.send(op::GET_DATA, &get(&root)),
            2 => client.send(op::GET_DATA, &get("/missing")),
            _ => client.send(op::MULTI, &codec::client::MultiRequest { ops: vec![] }),
        });
    }
    let mut zxid = 0;
    for xid in sent {
        let reply = loop {
            match client.frame().expect("a frame") {
                Frame::Reply(reply) => break reply,
                Frame::Event(seen) => assert!(seen.zxid > zxid, "behind its cause"),
            }
        };
        assert_eq!(reply.xid, xid);
        assert!(reply.zxid >= zxid);
        zxid = reply.zxid;
    }
}

fn times_are_the_wall_clock_and_one_for_a_multi() {
    let (mut client, root) = place(&bed::usual(), "times");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis() as i64;
    let nodes = ["a", "b", "c"].map(|name| format!("{root}/{name}"));
    let parts = nodes.iter().map(|node| ops::create2(node.as_str(), 0)).collect();
    let results = client.multi(parts).results();
    let times: BTreeSet<_> = results
        .iter()
        .map(|result| match result {
            Outcome::CreatedWithStat(_, stat) => (stat.ctime, stat.mtime),
            other => panic!("{other:?}"),
        })
        .collect();
    let (ctime, mtime) = times.first().copied().expect("times");
    assert_eq!((times.len(), ctime), (1, mtime));
    assert!((ctime - now).abs() < 10_000, "{ctime} is not about {now}");
    let stat = client.set(&nodes[0], b"x", -1).stat();
    assert!(stat.ctime == ctime && stat.mtime >= mtime);
}
