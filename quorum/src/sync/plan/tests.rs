//! The table row by row, with the reference's measurements, and the hazards of section E.1.

use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::packet::Txn;

fn log(zxids: &[i64]) -> CommittedLog {
    let mut log = CommittedLog::new(500, usize::MAX);
    for zxid in zxids {
        log.push(Txn { zxid: Zxid(*zxid), data: Bytes::new() });
    }
    log
}

fn input(committed: &CommittedLog, peer_last: i64, last: i64) -> PlanInput<'_> {
    PlanInput {
        peer_last: Zxid(peer_last),
        epoch: last >> 32,
        last: Zxid(last),
        tip: Zxid(last),
        committed,
        force_snapshot: false,
        prefer_trunc: true,
        disk: None,
    }
}

fn window(at_or_before: i64, next: i64, contiguous_to: i64) -> DiskWindow {
    let some = |zxid: i64| (zxid >= 0).then_some(Zxid(zxid));
    DiskWindow {
        at_or_before: some(at_or_before),
        next: some(next),
        contiguous_to: Zxid(contiguous_to),
        within_limit: true,
    }
}

fn steps(input: &PlanInput<'_>) -> Vec<Step> {
    match plan(input) {
        Plan::Send { steps } => steps,
        Plan::AskDisk { .. } => panic!("asked the disk"),
    }
}

const MAX: i64 = 0x1_0000_0002;

/// "Measured with a leader at 0x100000002" (B.4), with TRUNC where Apache sends it.
#[test]
fn the_measured_table() {
    let committed = log(&[MAX - 1, MAX]);
    let at = |peer| input(&committed, peer, MAX);
    let memory = Step::Memory { after: Zxid(MAX - 1) };
    assert_eq!(steps(&at(MAX - 1)), [Step::Diff(Zxid(MAX)), memory]);
    assert_eq!(steps(&at(MAX)), [Step::Diff(Zxid(MAX))]);
    assert_eq!(steps(&at(0x1_0000_0007)), [Step::Trunc(Zxid(MAX))]);
    assert_eq!(steps(&at(0x2_0000_0003)), [Step::Trunc(Zxid(MAX))]);
    assert_eq!(steps(&at(0x2_0000_0000)), [Step::Snap(Zxid(MAX))]);
    for peer in [5, 0x1_0000_0000] {
        assert_eq!(plan(&at(peer)), Plan::AskDisk { upto: Zxid(MAX - 1) });
    }
    // The log begins at 0x100000001: nothing is at or below 5.
    let asked = PlanInput { disk: Some(window(-1, MAX - 1, MAX)), ..at(5) };
    assert_eq!(steps(&asked), [Step::Snap(Zxid(MAX))]);
}

#[test]
fn forced_and_unknown_get_the_tree() {
    let committed = log(&[MAX - 1, MAX]);
    let forced = PlanInput { force_snapshot: true, ..input(&committed, MAX, MAX) };
    assert_eq!(steps(&forced), [Step::Snap(Zxid(MAX))]);
    assert_eq!(steps(&input(&committed, -1, MAX)), [Step::Snap(Zxid(MAX))]);
}

#[test]
fn a_fresh_leader_with_an_empty_window_serves_from_disk_up_to_where_its_history_ended() {
    let (empty, last, tip) = (log(&[]), 3 << 32, Zxid(0x2_0000_0002));
    assert_eq!(steps(&input(&empty, last, last)), [Step::Diff(Zxid(last))]);
    let behind = PlanInput { tip, ..input(&empty, 0x1_0000_0003, last) };
    assert_eq!(plan(&behind), Plan::AskDisk { upto: tip });
    let reach = |to| Some(window(0x1_0000_0003, 0x1_0000_0004, to));
    let short = PlanInput { disk: reach(0x2_0000_0001), ..behind };
    assert_eq!(steps(&short), [Step::Snap(Zxid(last))]);
    let whole = PlanInput { disk: reach(tip.0), ..behind };
    let from_disk = Step::Disk { after: behind.peer_last, upto: tip };
    assert_eq!(steps(&whole), [Step::Diff(tip), from_disk]);
    assert_eq!(steps(&PlanInput { peer_last: tip, ..behind }), [Step::Diff(tip)]);
    let foreign = PlanInput { peer_last: tip.next(), ..behind };
    assert_eq!(steps(&foreign), [Step::Trunc(tip)]);
}

/// `streams/follower-diff-from-disk-log`: across epochs, then on from memory.
#[test]
fn the_disk_serves_what_memory_no_longer_has() {
    let last = 0x3_0000_0002;
    let committed = log(&[0x3_0000_0001, last]);
    let at = |peer, disk| PlanInput { disk: Some(disk), ..input(&committed, peer, last) };
    let whole = window(0x1_0000_0003, 0x1_0000_0004, 0x3_0000_0001);
    let expected = [
        Step::Diff(Zxid(last)),
        Step::Disk { after: Zxid(0x1_0000_0003), upto: Zxid(0x3_0000_0001) },
        Step::Memory { after: Zxid(0x3_0000_0001) },
    ];
    assert_eq!(steps(&at(0x1_0000_0003, whole)), expected);
    // The learner has 0x100000005, which we do not: cut back to what both have.
    let foreign = window(0x1_0000_0003, 0x1_0000_0006, 0x3_0000_0001);
    assert_eq!(steps(&at(0x1_0000_0005, foreign))[0], Step::Trunc(Zxid(0x1_0000_0003)));
    let too_big = DiskWindow { within_limit: false, ..whole };
    assert_eq!(steps(&at(0x1_0000_0003, too_big)), [Step::Snap(Zxid(last))]);
    // Records behind the committed log are not known to be committed.
    let ahead = DiskWindow { contiguous_to: Zxid(0x3_0000_0009), ..whole };
    let upto = Step::Disk { after: Zxid(0x1_0000_0003), upto: Zxid(last) };
    assert_eq!(steps(&at(0x1_0000_0003, ahead)), [Step::Diff(Zxid(last)), upto]);
}

/// Guarded by `reaches` in `from_disk`.
#[test]
fn zk_2418_a_gap_between_disk_and_memory_gives_the_tree() {
    let committed = log(&[0x1_0000_0008, 0x1_0000_0009]);
    let gap = window(0x1_0000_0003, 0x1_0000_0004, 0x1_0000_0006);
    let asked = PlanInput { disk: Some(gap), ..input(&committed, 0x1_0000_0003, 0x1_0000_0009) };
    assert_eq!(steps(&asked), [Step::Snap(Zxid(0x1_0000_0009))]);
    let joined = DiskWindow { contiguous_to: Zxid(0x1_0000_0007), ..gap };
    assert_eq!(steps(&PlanInput { disk: Some(joined), ..asked })[0], Step::Diff(asked.last));
}

/// Guarded by the last two arms of `join`: min <= P <= max is not enough for a DIFF.
#[test]
fn zk_1154_1156_a_foreign_transaction_inside_the_window_is_cut() {
    let committed = log(&[0x1_0000_0001, 0x1_0000_0002, 0x2_0000_0001]);
    let at = |peer| input(&committed, peer, 0x2_0000_0001);
    // Same epoch as the next one of ours cannot be: 1|3 lies before 2|1.
    assert_eq!(steps(&at(0x1_0000_0003)), [Step::Snap(Zxid(0x2_0000_0001))]);
    let committed = log(&[0x1_0000_0001, 0x1_0000_0002, 0x3_0000_0001, 0x3_0000_0002]);
    let foreign = input(&committed, 0x2_0000_0001, 0x3_0000_0002);
    assert_eq!(steps(&foreign), [Step::Snap(Zxid(0x3_0000_0002))]);
    let hole = window(0x1_0000_0001, 0x1_0000_0003, 0x3_0000_0001);
    let foreign = input(&committed, 0x1_0000_0002, 0x3_0000_0002);
    let committed = log(&[0x3_0000_0001, 0x3_0000_0002]);
    let foreign = PlanInput { committed: &committed, disk: Some(hole), ..foreign };
    assert_eq!(steps(&foreign)[0], Step::Trunc(Zxid(0x1_0000_0001)));
}

/// Guarded by row 3: `peer > input.max()` whatever the epochs.
#[test]
fn zk_2832_an_old_leader_with_one_entry_more_is_cut_although_the_epochs_differ() {
    let committed = log(&[0x1_0000_0001]);
    // Epoch 2 saw no write: the leader's last processed is 2<<32, the log's end 1|1.
    let returned = input(&committed, 0x1_0000_0002, 2 << 32);
    assert_eq!(steps(&returned), [Step::Trunc(Zxid(0x1_0000_0001))]);
    let newer = PlanInput { epoch: 3, tip: Zxid(0x1_0000_0001), ..returned };
    let newer = PlanInput { peer_last: Zxid(0x2_0000_0001), last: Zxid(3 << 32), ..newer };
    assert_eq!(steps(&newer), [Step::Trunc(Zxid(0x1_0000_0001))]);
    let careful = PlanInput { prefer_trunc: false, ..returned };
    assert_eq!(steps(&careful), [Step::Snap(Zxid(2 << 32))]);
}

/// Guarded by `cut_back`: the tree at our own epoch outranks whatever the learner has on disk.
#[test]
fn zk_1549_4837_foreign_histories_get_the_tree_of_this_epoch() {
    let committed = log(&[0x1_0000_0001, 0x1_0000_0002]);
    let foreign = PlanInput { prefer_trunc: false, ..input(&committed, 0x1_0000_0009, 3 << 32) };
    assert_eq!(steps(&foreign), [Step::Snap(Zxid(3 << 32))]);
    // The same before the leader is established (found by the ensemble's random faults).
    let early = PlanInput { last: Zxid(0x1_0000_0002), epoch: 3, ..foreign };
    assert_eq!(steps(&early), [Step::Snap(Zxid(3 << 32))]);
    // Ahead within our own epoch: those are our own proposals, which come again.
    let committed = log(&[0x3_0000_0001]);
    let own = PlanInput { prefer_trunc: false, ..input(&committed, 0x3_0000_0004, 0x3_0000_0001) };
    assert_eq!(steps(&own), [Step::Trunc(Zxid(0x3_0000_0001))]);
}

/// Guarded by `window.at_or_before.is_none()`.
#[test]
fn zk_4352_an_empty_learner_gets_no_diff_of_a_partial_history() {
    let committed = log(&[0x1_0000_0008, 0x1_0000_0009]);
    let at = |disk| PlanInput { disk, ..input(&committed, 0, 0x1_0000_0009) };
    assert_eq!(plan(&at(None)), Plan::AskDisk { upto: Zxid(0x1_0000_0008) });
    let partial = window(-1, 0x1_0000_0005, 0x1_0000_0008);
    assert_eq!(steps(&at(Some(partial))), [Step::Snap(Zxid(0x1_0000_0009))]);
    // At the start of an epoch of which the log holds the end only, with or without one before it;
    // and of one that begins the log, where nobody knows what came before (measured, B.4).
    for (before, next) in [(-1, 0x1_0000_0005), (3, 0x1_0000_0005), (-1, 0x1_0000_0001)] {
        let disk = Some(window(before, next, 0x1_0000_0008));
        let start = PlanInput { peer_last: Zxid(1 << 32), ..at(disk) };
        assert_eq!(steps(&start), [Step::Snap(Zxid(0x1_0000_0009))]);
    }
}

/// Guarded by the arm `at_epoch_start`.
#[test]
fn zk_2033_a_learner_at_a_bare_epoch_is_never_truncated() {
    let committed = log(&[0x2_0000_0001, 0x3_0000_0001]);
    let start = input(&committed, 3 << 32, 0x3_0000_0001);
    let after = Step::Memory { after: Zxid(3 << 32) };
    assert_eq!(steps(&start), [Step::Diff(Zxid(0x3_0000_0001)), after]);
    // An epoch of which we hold nothing: its leader may never have been established.
    let committed = log(&[0x1_0000_0001, 0x3_0000_0001]);
    let quiet = input(&committed, 2 << 32, 0x3_0000_0001);
    assert_eq!(steps(&quiet), [Step::Snap(Zxid(0x3_0000_0001))]);
    assert_eq!(steps(&input(&committed, 4 << 32, 0x3_0000_0001)), [Step::Snap(quiet.last)]);
}

/// A leader's history and a learner's that left it at some point, with something foreign behind.
fn story() -> impl Strategy<Value = (Vec<i64>, Vec<i64>)> {
    let history = proptest::collection::vec((1i64..4, 1u32..6), 1..4).prop_map(|runs| {
        let mut epoch = 0;
        let mut zxids = Vec::new();
        for (jump, n) in runs {
            epoch += jump;
            zxids.extend((1..=n).map(|counter| Zxid::new(epoch, counter).0));
        }
        zxids
    });
    (history, any::<proptest::sample::Index>(), 0u32..3).prop_map(|(zxids, at, extra)| {
        let cut = at.index(zxids.len() + 1);
        let mut learner = zxids[..cut].to_vec();
        let last = Zxid(learner.last().copied().unwrap_or(1 << 32));
        // Uncommitted proposals of the same leader that the ensemble went on without.
        let next = zxids.get(cut).is_none_or(|z| Zxid(*z).epoch() > last.epoch());
        if next && cut > 0 {
            learner.extend((1..=extra).map(|n| last.0 + i64::from(n)));
        }
        (zxids, learner)
    })
}

proptest! {
    /// Whatever is sent, the learner ends with the leader's history: no hole, nothing foreign.
    #[test]
    fn the_learner_ends_with_the_leaders_history(
        (leader, learner) in story(), window_from: proptest::sample::Index, trunc: bool,
    ) {
        let from = window_from.index(leader.len());
        let committed = log(&leader[from..]);
        let epoch = leader.last().unwrap() >> 32;
        let peer = learner.last().copied().unwrap_or(0);
        let mut asked = PlanInput {
            epoch: epoch + 1,
            prefer_trunc: trunc,
            tip: Zxid(*leader.last().unwrap()),
            ..input(&committed, peer, (epoch + 1) << 32)
        };
        if let Plan::AskDisk { .. } = plan(&asked) {
            asked.disk = Some(DiskWindow {
                at_or_before: leader.iter().copied().filter(|z| *z <= peer).max().map(Zxid),
                next: leader.iter().copied().find(|z| *z > peer).map(Zxid),
                contiguous_to: Zxid(*leader.last().unwrap()),
                within_limit: true,
            });
        }
        let mut held = learner;
        for step in steps(&asked) {
            match step {
                Step::Diff(_) => {}
                Step::Trunc(zxid) => {
                    prop_assert!(held.contains(&zxid.0));
                    held.retain(|z| *z <= zxid.0);
                }
                Step::Snap(_) => held = leader.clone(),
                Step::Disk { after, upto } => {
                    held.extend(leader.iter().filter(|z| **z > after.0 && **z <= upto.0));
                }
                Step::Memory { after } => held.extend(committed.after(after).map(|t| t.zxid.0)),
            }
        }
        prop_assert_eq!(held, leader);
    }
}
