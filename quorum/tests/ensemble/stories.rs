//! What ensembles live through, one story per test.

use codec::Zxid;
use codec::peer::PacketType;
use proptest::prelude::*;

use crate::disk::Disk;
use crate::node::Act;
use crate::world::World;

/// Three voters that serve under server 3, and an observer 4.
fn three() -> World {
    let mut world = World::new(3, 1..=4);
    world.run(3_000);
    assert_eq!(world.leader(), Some(3));
    world
}

fn all_have(world: &World, texts: &[&str]) {
    for node in world.nodes.values().filter(|node| node.up) {
        assert!(node.serving, "{} does not serve", node.sid);
        assert_eq!(node.texts(), texts, "server {}", node.sid);
    }
}

#[test]
fn three_and_five_boot_into_epoch_one() {
    for voters in [3, 5] {
        let mut world = World::new(voters, 1..=voters + 1);
        world.run(3_000);
        assert_eq!(world.leader(), Some(voters));
        for node in world.nodes.values() {
            assert!(node.serving);
            assert_eq!((node.disk.accepted, node.disk.current), (1, 1), "{}", node.sid);
            assert_eq!(node.election.vote().epoch, 1);
        }
    }
}

#[test]
fn one_write_reaches_everybody_and_the_observer_by_inform() {
    let mut world = three();
    world.trace.clear();
    world.write(3, "a");
    world.settle();
    all_have(&world, &["a"]);
    let z = Zxid::new(1, 1);
    let to = |sid| {
        let mine = world.trace.iter().filter(move |(from, to, _, _)| *from == sid || *to == sid);
        mine.map(|(_, _, kind, zxid)| (*kind, *zxid)).collect::<Vec<_>>()
    };
    use PacketType::{Ack, Commit, Inform, Proposal};
    assert_eq!(to(1), [(Proposal, z), (Ack, z), (Commit, z)]);
    assert_eq!(to(4), [(Inform, z)]);
}

#[test]
fn a_follower_forwards_and_its_sync_is_a_barrier() {
    let mut world = three();
    for data in ["from 1", "sync"] {
        let Act::Learning { learner, .. } = &mut world.node_mut(1).act else { panic!() };
        learner.request(data.into(), None);
    }
    world.settle();
    all_have(&world, &["from 1"]);
    assert_eq!(world.node(1).synced, 1);
}

#[test]
fn without_a_quorum_on_disk_nothing_commits() {
    let mut world = three();
    world.node_mut(1).hold_disk = true;
    world.node_mut(2).hold_disk = true;
    world.write(3, "a");
    world.settle();
    assert!(world.node(3).texts().is_empty());
    world.node_mut(1).hold_disk = false;
    world.settle();
    assert_eq!(world.node(3).texts(), ["a"]);
    assert!(world.node(2).texts().is_empty());
    world.node_mut(2).hold_disk = false;
    world.settle();
    all_have(&world, &["a"]);
}

/// Paper: what one process of a quorum has logged and the leader committed, survives; what only
/// the dead leader logged does not.
#[test]
fn a_leader_dies_before_commit_and_comes_back_with_a_foreign_end() {
    for prefer_trunc in [false, true] {
        let mut world = three();
        world.prefer_trunc = prefer_trunc;
        world.write(3, "a");
        world.settle();
        world.isolated.insert(3);
        world.write(3, "lost");
        world.settle();
        assert_eq!(world.node(3).disk.log.len(), 2);
        world.kill(3);
        world.isolated.clear();
        world.run(5_000);
        assert_eq!(world.leader(), Some(2));
        all_have(&world, &["a"]);
        world.restart(3);
        world.run(5_000);
        world.write(2, "b");
        world.settle();
        all_have(&world, &["a", "b"]);
        // "lost" had the zxid that is above what epoch 1 committed: the tree, or a cut.
        let how = world.node(3).syncs[0];
        assert_eq!(how, if prefer_trunc { PacketType::Trunc } else { PacketType::Snap });
        world.kill(3);
        world.restart(3);
        assert_eq!(world.node(3).texts(), ["a", "b"]);
        world.run(3_000);
        all_have(&world, &["a", "b"]);
    }
}

/// Paper: a proposal that a follower acknowledged may have been committed, so it is kept.
#[test]
fn zk_2355_2845_an_acknowledged_proposal_survives_the_leader() {
    let mut world = three();
    world.write(3, "a");
    // Server 1 logs and acknowledges; nobody hears the commit.
    world.node_mut(2).hold_disk = true;
    world.node_mut(3).hold_disk = true;
    world.settle();
    assert_eq!(world.node(1).disk.log.len(), 1);
    assert!(world.node(3).texts().is_empty());
    world.kill(3);
    world.node_mut(2).hold_disk = false;
    world.run(5_000);
    // Server 1 was not restarted: it votes with what it acknowledged, not with what it applied.
    all_have(&world, &["a"]);
    assert_eq!(world.node(1).disk.current, 2);
}

#[test]
fn a_follower_rejoins_by_diff_from_memory_or_disk_without_holes() {
    let mut world = three();
    world.write(3, "a");
    world.settle();
    world.kill(1);
    for data in ["b", "c"] {
        world.write(3, data);
    }
    world.settle();
    world.restart(1);
    world.run(3_000);
    assert_eq!(world.node(1).syncs, [PacketType::Diff]);
    all_have(&world, &["a", "b", "c"]);
    // A new leader whose memory begins later serves from its log.
    world.kill(1);
    world.write(3, "d");
    world.settle();
    for sid in [2, 3, 4] {
        world.kill(sid);
    }
    for sid in [2, 3, 4] {
        world.restart(sid);
    }
    world.run(5_000);
    world.write(world.leader().unwrap(), "e");
    world.settle();
    world.restart(1);
    world.run(3_000);
    assert_eq!(world.node(1).syncs, [PacketType::Diff]);
    all_have(&world, &["a", "b", "c", "d", "e"]);
}

#[test]
fn an_empty_follower_gets_the_tree_or_a_whole_history() {
    let mut world = three();
    for data in ["a", "b"] {
        world.write(3, data);
    }
    world.settle();
    world.kill(1);
    world.start(1, Disk::default());
    world.run(3_000);
    assert_eq!(world.node(1).syncs, [PacketType::Snap]);
    all_have(&world, &["a", "b"]);
    world.write(3, "c");
    world.settle();
    all_have(&world, &["a", "b", "c"]);
}

/// ZK-3104: what is committed while a tree travels reaches the learner before it is counted.
#[test]
fn writes_go_on_while_a_learner_synchronises() {
    let mut world = three();
    world.write(3, "a");
    world.settle();
    world.kill(1);
    world.start(1, Disk::default());
    world.node_mut(1).hold_disk = true;
    world.run(400);
    for data in ["b", "c"] {
        world.write(3, data);
        world.settle();
    }
    world.node_mut(1).hold_disk = false;
    world.run(3_000);
    all_have(&world, &["a", "b", "c"]);
}

/// ZK-4643, ZK-4646, ZK-4785: a crash anywhere in the synchronisation leaves either the old epoch,
/// or the new epoch with the whole history.
#[test]
fn zk_4643_4785_a_crash_in_synchronisation_never_leaves_a_high_epoch_with_a_short_log() {
    for jobs in 0..6 {
        let mut world = three();
        world.write(3, "a");
        world.settle();
        world.kill(1);
        world.write(3, "b");
        world.settle();
        world.kill(3);
        world.restart(3);
        world.run(5_000);
        world.restart(1);
        world.node_mut(1).hold_disk = true;
        world.run(250);
        for _ in 0..jobs {
            // One piece of disk work at a time.
            step_disk(&mut world, 1);
        }
        world.kill(1);
        let disk = world.node(1).disk.clone();
        let last = disk.recover().0;
        assert!(disk.current < 2 || last >= Zxid::new(1, 2), "{disk:?}");
        world.restart(1);
        world.node_mut(1).hold_disk = false;
        world.run(5_000);
        all_have(&world, &["a", "b"]);
    }
}

fn step_disk(world: &mut World, sid: i64) {
    let node = world.node_mut(sid);
    let rest = node.jobs.split_off(node.jobs.len().min(1));
    node.hold_disk = false;
    // The rest goes back behind the one that was let through.
    world.settle_one(sid);
    let node = world.node_mut(sid);
    node.hold_disk = true;
    for (at, job) in rest.into_iter().enumerate() {
        node.jobs.insert(at, job);
    }
    world.settle();
}

#[test]
fn the_observer_stays_in_step_across_a_change_of_leader() {
    let mut world = three();
    world.write(3, "a");
    world.settle();
    world.kill(3);
    world.run(5_000);
    let leader = world.leader().unwrap();
    world.write(leader, "b");
    world.settle();
    all_have(&world, &["a", "b"]);
    assert_eq!(world.node(4).disk.current, 2);
    assert_eq!(world.node(4).disk.log.len(), 2);
}

#[test]
fn the_observer_makes_no_quorum() {
    let mut world = three();
    world.kill(1);
    world.kill(2);
    world.run(5_000);
    assert_eq!(world.leader(), None);
    assert!(world.nodes.values().all(|node| !node.serving));
}

#[test]
fn an_isolated_leader_steps_down_and_returns_as_follower() {
    let mut world = three();
    world.write(3, "a");
    world.settle();
    world.isolated.insert(3);
    world.write(3, "lost");
    world.run(5_000);
    assert_eq!(world.leader(), Some(2));
    world.write(2, "b");
    world.settle();
    world.isolated.clear();
    world.run(70_000);
    all_have(&world, &["a", "b"]);
}

#[test]
fn every_epoch_is_used_once_and_counters_start_anew() {
    let mut world = three();
    for round in 1..=4_i64 {
        let leader = world.leader().unwrap();
        world.write(leader, "x");
        world.settle();
        let last = world.node(leader).last;
        assert_eq!(last, Zxid::new(round, 1));
        world.kill(leader);
        world.restart(leader);
        world.run(10_000);
        for node in world.nodes.values() {
            assert_eq!((node.disk.accepted, node.disk.current), (round + 1, round + 1));
        }
    }
    all_have(&world, &["x"; 4]);
}

/// E.1, ZK-1154: the server with the highest zxid is absent at the election.
#[test]
fn zk_1154_the_absent_server_with_the_longest_log_is_cut_when_it_returns() {
    let mut world = three();
    world.write(3, "a");
    world.settle();
    // Only 3 logs it.
    world.isolated.insert(3);
    world.write(3, "extra");
    world.settle();
    world.kill(3);
    world.isolated.clear();
    world.run(5_000);
    // Nothing is written in epoch 2 (ZK-2832), and 3 returns to the leader of an idle epoch.
    world.restart(3);
    world.run(5_000);
    all_have(&world, &["a"]);
}

#[derive(Debug, Clone, Copy)]
enum Fault {
    Kill(i64),
    Isolate(i64),
    HoldDisk(i64),
    Write,
    Run(u64),
    Heal,
}

fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        (1..=3_i64).prop_map(Fault::Kill),
        (1..=3_i64).prop_map(Fault::Isolate),
        (1..=3_i64).prop_map(Fault::HoldDisk),
        Just(Fault::Write),
        Just(Fault::Write),
        (1..1_500_u64).prop_map(Fault::Run),
        (1..1_500_u64).prop_map(Fault::Run),
        Just(Fault::Heal),
    ]
}

fn heal(world: &mut World) {
    world.isolated.clear();
    for sid in 1..=4 {
        world.node_mut(sid).hold_disk = false;
        if !world.node(sid).up {
            world.restart(sid);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, max_shrink_iters: 500, ..ProptestConfig::default() })]
    /// Whatever fails in whatever order: what was committed stays, histories never fork, nothing is
    /// acknowledged or applied that is not durable (all checked by the world), and once everything
    /// is healed the ensemble serves again with one history.
    #[test]
    fn any_faults_then_healing(faults in proptest::collection::vec(fault(), 1..30), trunc: bool) {
        let mut world = three();
        world.prefer_trunc = trunc;
        let mut committed: Vec<String> = Vec::new();
        for (n, fault) in faults.into_iter().enumerate() {
            match fault {
                Fault::Kill(sid) if world.node(sid).up => world.kill(sid),
                Fault::Kill(sid) => world.restart(sid),
                Fault::Isolate(sid) => {
                    world.isolated.insert(sid);
                }
                Fault::HoldDisk(sid) => world.node_mut(sid).hold_disk = true,
                Fault::Write => {
                    if let Some(leader) = world.leader() {
                        world.write(leader, &format!("w{n}"));
                    }
                }
                Fault::Run(span_ms) => world.run(span_ms),
                Fault::Heal => heal(&mut world),
            }
            world.settle();
            for node in world.nodes.values().filter(|node| node.up && node.serving) {
                let texts = node.texts();
                let n = texts.len().min(committed.len());
                prop_assert_eq!(&texts[..n], &committed[..n]);
                if texts.len() > committed.len() {
                    committed = texts;
                }
            }
        }
        heal(&mut world);
        world.run_until_all_serve(200_000);
        let leader = world.leader();
        prop_assert!(leader.is_some());
        world.write(leader.unwrap_or(1), "last");
        world.settle();
        committed.push("last".to_owned());
        let texts = world.node(4).texts();
        prop_assert_eq!(texts.last().map(String::as_str), Some("last"));
        prop_assert_eq!(&texts[..committed.len() - 1], &committed[..committed.len() - 1]);
        for node in world.nodes.values() {
            prop_assert!(node.serving);
            prop_assert_eq!(node.texts(), texts.clone());
        }
    }
}

/// Found by the random faults: Apache's server 2 would stay outside for ever. It had itself been
/// elected, and had proposed and accepted epoch 3 alone, while 1 and 3 went on in epoch 2.
#[test]
fn a_voter_that_accepted_a_later_epoch_than_the_established_one_makes_a_new_one_begin() {
    let mut world = three();
    world.node_mut(1).hold_disk = true;
    world.kill(3);
    world.run(1_460);
    world.kill(1);
    heal(&mut world);
    world.run_until_all_serve(60_000);
    all_have(&world, &[]);
    assert!(world.nodes.values().all(|node| node.disk.current == node.disk.accepted));
}
