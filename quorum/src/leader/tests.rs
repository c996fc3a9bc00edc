//! The leader alone, its learners played by hand: the phases, the bounds of every wait, and the
//! hazards of reference E.1 that a leader must not fall into. Where a test is named by a ticket,
//! its comment names the line that guards.

use codec::Encode;
use codec::peer::{LearnerInfo, PacketType};

use super::*;
use crate::packet::Txn;

const THREE: &str = "server.1=a:1:2\nserver.2=b:1:2\nserver.3=c:1:2\nserver.4=d:1:2:observer\n\
    version=0";
const TIMING: Timing = Timing { tick_ms: 1000, init_limit: 10, sync_limit: 5 };
const NOW: Millis = Millis(0);

fn config(text: &str) -> ConfigText {
    ConfigText::parse(text.as_bytes()).unwrap()
}

fn txn(epoch: i64, counter: u32) -> Txn {
    Txn { zxid: Zxid::new(epoch, counter), data: Bytes::from(format!("{epoch}.{counter}")) }
}

fn past(zxids: &[(i64, u32)]) -> Past {
    let mut committed = CommittedLog::new(500, usize::MAX);
    zxids.iter().for_each(|(epoch, counter)| committed.push(txn(*epoch, *counter)));
    let last_zxid = committed.max().unwrap_or(Zxid::ZERO);
    Past {
        accepted_epoch: last_zxid.epoch(),
        current_epoch: last_zxid.epoch(),
        last_zxid,
        committed,
    }
}

fn leader_of(text: &str, past: Past) -> Leader {
    let settings = Settings::new(ServerId(1), TIMING);
    Leader::new(NOW, settings, Membership::new(config(text)), past)
}

fn info(kind: PacketType, sid: i64, accepted: i64) -> Packet {
    let data = LearnerInfo::new(ServerId(sid), 0).to_bytes().freeze();
    Packet::with_data(kind, Zxid::new(accepted, 0), data)
}

fn epoch_ack(current: i32, last: Zxid) -> Packet {
    let data = Bytes::copy_from_slice(&current.to_be_bytes());
    Packet::with_data(PacketType::AckEpoch, last, data)
}

fn ack(zxid: Zxid) -> Packet {
    Packet::bare(PacketType::Ack, zxid)
}

const fn id(n: u64) -> LearnerId {
    LearnerId(n)
}

/// Connects server `n` as follower on connection `n`.
fn introduce(leader: &mut Leader, n: u64, accepted: i64) {
    leader.handle_connected(NOW, id(n));
    leader.handle_packet(NOW, id(n), info(PacketType::FollowerInfo, n as i64, accepted));
}

/// The types and zxids of what was sent to one learner, disk and tree included.
fn sent(effects: &[Effect], n: u64) -> Vec<(PacketType, i64)> {
    let of = |effect: &Effect| match effect {
        Effect::Send { to, packet } if *to == id(n) => Some((packet.kind()?, packet.zxid.0)),
        Effect::SendSnapshot { to, zxid } if *to == id(n) => Some((PacketType::Snap, zxid.0)),
        _ => None,
    };
    effects.iter().filter_map(of).collect()
}

fn closed(effects: &[Effect]) -> Vec<(u64, CloseReason)> {
    let of = |effect: &Effect| match effect {
        Effect::Close { learner, reason, .. } => Some((learner.0, *reason)),
        _ => None,
    };
    effects.iter().filter_map(of).collect()
}

fn applied(effects: &[Effect]) -> Vec<Zxid> {
    let of = |effect: &Effect| match effect {
        Effect::Apply(txn) => Some(txn.zxid),
        _ => None,
    };
    effects.iter().filter_map(of).collect()
}

fn stopped(effects: &[Effect]) -> Option<StopReason> {
    effects.iter().find_map(|effect| match effect {
        Effect::Stop(reason) => Some(*reason),
        _ => None,
    })
}

/// A leader that serves in the epoch after its past's, with follower 2, which had all of it.
fn serving(zxids: &[(i64, u32)]) -> Leader {
    let past = past(zxids);
    let (accepted, last) = (past.accepted_epoch, past.last_zxid);
    let mut leader = leader_of(THREE, past);
    introduce(&mut leader, 2, accepted);
    leader.handle_accepted_epoch_persisted(NOW);
    leader.handle_packet(NOW, id(2), epoch_ack(accepted as i32, last));
    leader.handle_current_epoch_persisted(NOW);
    leader.handle_packet(NOW, id(2), ack(Zxid::new(accepted + 1, 0)));
    assert!(leader.is_serving());
    leader.take_effects();
    leader
}

/// Connects server `n` to a leader that serves and brings it up to NEWLEADER.
fn sync_to_new_leader(leader: &mut Leader, n: u64, kind: PacketType, last: Zxid) {
    let accepted = last.epoch();
    leader.handle_connected(NOW, id(n));
    leader.handle_packet(NOW, id(n), info(kind, n as i64, accepted));
    leader.handle_packet(NOW, id(n), epoch_ack(accepted as i32, last));
}

use PacketType::{
    Commit, Diff, FollowerInfo, Inform, LeaderInfo, NewLeader, ObserverInfo, Ping, Proposal, Snap,
    Sync, UpToDate,
};

#[test]
fn the_phases_of_a_first_boot() {
    let mut leader = leader_of(THREE, past(&[]));
    assert!(leader.take_effects().is_empty());
    introduce(&mut leader, 2, 0);
    assert_eq!(leader.take_effects(), [Effect::PersistAcceptedEpoch(1)]);
    leader.handle_accepted_epoch_persisted(NOW);
    assert_eq!(sent(&leader.take_effects(), 2), [(LeaderInfo, 1 << 32)]);
    leader.handle_packet(NOW, id(2), epoch_ack(0, Zxid::ZERO));
    let effects = leader.take_effects();
    assert_eq!(effects[0], Effect::PersistCurrentEpoch(1));
    assert_eq!(sent(&effects, 2), [(Diff, 0), (NewLeader, 1 << 32)]);
    leader.handle_packet(NOW, id(2), ack(Zxid::new(1, 0)));
    assert!(!leader.is_serving());
    leader.handle_current_epoch_persisted(NOW);
    let effects = leader.take_effects();
    assert_eq!(effects[0], Effect::Serve { epoch: 1 });
    assert_eq!(sent(&effects, 2), [(UpToDate, -1)]);
    assert_eq!(leader.next_zxid(), Some(Zxid::new(1, 1)));
}

/// E.3.6: guarded by the order PersistAcceptedEpoch, its report, `offer_epoch`.
#[test]
fn no_epoch_is_told_before_it_is_durable() {
    let mut leader = leader_of(THREE, past(&[]));
    introduce(&mut leader, 2, 7);
    introduce(&mut leader, 3, 5);
    assert_eq!(leader.take_effects(), [Effect::PersistAcceptedEpoch(8)]);
    leader.handle_accepted_epoch_persisted(NOW);
    let effects = leader.take_effects();
    assert_eq!(sent(&effects, 2), [(LeaderInfo, 8 << 32)]);
    assert_eq!(sent(&effects, 3), [(LeaderInfo, 8 << 32)]);
}

/// Guarded by `own` in `try_start`.
#[test]
fn nothing_is_served_before_the_leaders_own_epoch_is_durable() {
    let mut leader = leader_of(THREE, past(&[]));
    introduce(&mut leader, 2, 0);
    introduce(&mut leader, 3, 0);
    leader.handle_accepted_epoch_persisted(NOW);
    for n in [2, 3] {
        leader.handle_packet(NOW, id(n), epoch_ack(0, Zxid::ZERO));
        leader.handle_packet(NOW, id(n), ack(Zxid::new(1, 0)));
    }
    assert!(!leader.is_serving());
    leader.handle_current_epoch_persisted(NOW);
    assert!(leader.is_serving());
}

#[test]
fn an_ensemble_of_one_serves_alone() {
    let mut leader = leader_of("server.1=a:1:2", past(&[]));
    assert_eq!(leader.take_effects(), [Effect::PersistAcceptedEpoch(1)]);
    leader.handle_accepted_epoch_persisted(NOW);
    leader.handle_current_epoch_persisted(NOW);
    assert!(leader.is_serving());
    leader.propose(NOW, txn(1, 1), None).unwrap();
    leader.handle_durable(NOW, Zxid::new(1, 1));
    assert_eq!(applied(&leader.take_effects()), [Zxid::new(1, 1)]);
}

#[test]
fn who_knows_more_than_the_leader_is_turned_away_until_the_election_is_finished() {
    let mut leader = leader_of(THREE, past(&[(1, 1)]));
    introduce(&mut leader, 2, 1);
    leader.handle_accepted_epoch_persisted(NOW);
    leader.handle_packet(NOW, id(2), epoch_ack(1, Zxid::new(1, 2)));
    let ahead = CloseReason::Ahead(Zxid::new(1, 2));
    assert_eq!(closed(&leader.take_effects()), [(2, ahead)]);
    // Late, it is cut back: nothing that a quorum lacks was ever committed.
    let mut leader = serving(&[(1, 1)]);
    sync_to_new_leader(&mut leader, 3, FollowerInfo, Zxid::new(1, 2));
    assert_eq!(sent(&leader.take_effects(), 3)[1..], [(Snap, 2 << 32), (NewLeader, 2 << 32)]);
}

#[test]
fn silent_epoch_acks_do_not_count() {
    let mut leader = leader_of(THREE, past(&[(1, 1)]));
    introduce(&mut leader, 2, 2);
    leader.handle_accepted_epoch_persisted(NOW);
    leader.take_effects();
    leader.handle_packet(NOW, id(2), epoch_ack(-1, Zxid::new(1, 1)));
    assert!(leader.take_effects().is_empty());
    introduce(&mut leader, 3, 1);
    leader.handle_packet(NOW, id(3), epoch_ack(1, Zxid::ZERO));
    let effects = leader.take_effects();
    // Both are synchronised now, also the one that did not count.
    assert!(effects.contains(&Effect::PersistCurrentEpoch(3)));
    assert_eq!(sent(&effects, 2), [(Diff, 0x1_0000_0001), (NewLeader, 3 << 32)]);
}

#[test]
fn one_write_commits_with_a_quorum_and_applies_when_durable_here() {
    let mut leader = serving(&[(1, 1)]);
    leader.propose(NOW, txn(2, 1), None).unwrap();
    let effects = leader.take_effects();
    assert_eq!(effects[0], Effect::Append(txn(2, 1)));
    assert_eq!(sent(&effects, 2), [(Proposal, 0x2_0000_0001)]);
    leader.handle_durable(NOW, Zxid::new(2, 1));
    assert!(leader.take_effects().is_empty());
    leader.handle_packet(NOW, id(2), ack(Zxid::new(2, 1)));
    let effects = leader.take_effects();
    assert_eq!(sent(&effects, 2), [(Commit, 0x2_0000_0001)]);
    assert_eq!(applied(&effects), [Zxid::new(2, 1)]);
}

/// Guarded by `apply_durable`: applied is never above durable.
#[test]
fn zk_4882_a_quorum_of_others_commits_but_nothing_is_applied_that_this_disk_lacks() {
    let mut leader = serving(&[(1, 1)]);
    sync_to_new_leader(&mut leader, 3, FollowerInfo, Zxid::new(1, 1));
    leader.handle_packet(NOW, id(3), ack(Zxid::new(2, 0)));
    leader.propose(NOW, txn(2, 1), None).unwrap();
    leader.take_effects();
    leader.handle_packet(NOW, id(2), ack(Zxid::new(2, 1)));
    leader.handle_packet(NOW, id(3), ack(Zxid::new(2, 1)));
    let effects = leader.take_effects();
    assert_eq!(sent(&effects, 3), [(Commit, 0x2_0000_0001)]);
    assert_eq!(applied(&effects), []);
    // A learner that joins meanwhile gets it as committed, behind what is applied. (B.4 (a).)
    sync_to_new_leader(&mut leader, 3, FollowerInfo, Zxid::new(1, 1));
    let joined = sent(&leader.take_effects(), 3);
    let z = 0x2_0000_0001;
    let expected = [(Diff, 0x1_0000_0001), (Proposal, z), (Commit, z), (NewLeader, 2 << 32)];
    assert_eq!(joined[1..], expected);
    leader.handle_durable(NOW, Zxid::new(2, 1));
    assert_eq!(applied(&leader.take_effects()), [Zxid::new(2, 1)]);
}

/// Guarded by `park`. (TRUNC never removes what is committed, or what was acknowledged and counted;
/// found by the ensemble's random faults.)
#[test]
fn a_follower_that_returns_ahead_within_the_epoch_is_not_cut_but_counted() {
    let mut leader = serving(&[(1, 1)]);
    leader.propose(NOW, txn(2, 1), None).unwrap();
    leader.propose(NOW, txn(2, 2), None).unwrap();
    leader.handle_packet(NOW, id(2), ack(Zxid::new(2, 1)));
    leader.handle_closed(id(2));
    leader.take_effects();
    leader.handle_connected(NOW, id(5));
    leader.handle_packet(NOW, id(5), info(FollowerInfo, 2, 2));
    leader.handle_packet(NOW, id(5), epoch_ack(-1, Zxid::new(2, 1)));
    assert_eq!(sent(&leader.take_effects(), 5), [(LeaderInfo, 2 << 32)]);
    leader.handle_durable(NOW, Zxid::new(2, 2));
    let effects = leader.take_effects();
    assert_eq!(applied(&effects), [Zxid::new(2, 1)]);
    let (first, second) = (0x2_0000_0001, 0x2_0000_0002);
    assert_eq!(sent(&effects, 5), [(Diff, first), (Proposal, second), (NewLeader, 2 << 32)]);
}

#[test]
fn commits_are_in_order_and_late_or_foreign_acks_change_nothing() {
    let mut leader = serving(&[]);
    for counter in 1..=3 {
        leader.propose(NOW, txn(1, counter), None).unwrap();
    }
    leader.handle_durable(NOW, Zxid::new(1, 3));
    leader.take_effects();
    leader.handle_packet(NOW, id(2), ack(Zxid::new(1, 2)));
    assert_eq!(sent(&leader.take_effects(), 2), []);
    leader.handle_packet(NOW, id(2), ack(Zxid::new(1, 1)));
    let effects = leader.take_effects();
    assert_eq!(sent(&effects, 2), [(Commit, 0x1_0000_0001), (Commit, 0x1_0000_0002)]);
    // Again, of NEWLEADER again, and of what was never proposed.
    leader.handle_packet(NOW, id(2), ack(Zxid::new(1, 1)));
    leader.handle_packet(NOW, id(2), ack(Zxid::new(1, 0)));
    assert!(leader.take_effects().is_empty());
    leader.handle_packet(NOW, id(2), ack(Zxid::new(1, 9)));
    let oddity = Oddity::AckOfUnknown(Zxid::new(1, 9));
    assert_eq!(leader.take_effects(), [Effect::Oddity { from: id(2), oddity }]);
}

#[test]
fn no_counter_is_skipped_or_used_twice() {
    let mut leader = serving(&[]);
    let expected = Zxid::new(1, 1);
    for counter in [0, 2] {
        let refused = leader.propose(NOW, txn(1, counter), None);
        assert_eq!(refused, Err(ProposeError::OutOfOrder { expected }));
    }
    assert!(leader.take_effects().is_empty());
    let mut young = leader_of(THREE, past(&[]));
    assert_eq!(young.propose(NOW, txn(1, 1), None), Err(ProposeError::NotServing));
}

/// Guarded by `next.counter() == u32::MAX` in `next_zxid`.
#[test]
fn zk_1277_the_last_counter_is_never_proposed() {
    let mut leader = serving(&[]);
    leader.broadcast.last_proposed = Zxid::new(1, u32::MAX - 2);
    leader.broadcast.last_committed = leader.broadcast.last_proposed;
    assert_eq!(leader.next_zxid(), Some(Zxid::new(1, u32::MAX - 1)));
    leader.propose(NOW, txn(1, u32::MAX - 1), None).unwrap();
    assert_eq!(stopped(&leader.take_effects()), None);
    assert_eq!(leader.next_zxid(), None);
    assert_eq!(stopped(&leader.take_effects()), Some(StopReason::CounterExhausted));
    assert_eq!(leader.propose(NOW, txn(2, 0), None), Err(ProposeError::NotServing));
}

/// Guarded by the place of `send_new_leader` in `start_sync`: behind committed, unapplied and
/// outstanding transactions.
#[test]
fn zk_3104_3589_new_leader_stands_behind_everything_undecided() {
    let mut leader = serving(&[(1, 1), (1, 2)]);
    leader.propose(NOW, txn(2, 1), None).unwrap();
    leader.take_effects();
    sync_to_new_leader(&mut leader, 3, FollowerInfo, Zxid::new(1, 1));
    let expected = [
        (LeaderInfo, 2 << 32),
        (Diff, 0x1_0000_0002),
        (Proposal, 0x1_0000_0002),
        (Commit, 0x1_0000_0002),
        (Proposal, 0x2_0000_0001),
        (NewLeader, 2 << 32),
    ];
    assert_eq!(sent(&leader.take_effects(), 3), expected);
}

/// Guarded by the test of `Stage::Live` in `queue`: broadcast waits for UPTODATE.
#[test]
fn zk_4394_nothing_but_uptodate_goes_between_newleader_and_uptodate() {
    let mut leader = serving(&[(1, 1)]);
    leader.propose(NOW, txn(2, 1), None).unwrap();
    sync_to_new_leader(&mut leader, 3, FollowerInfo, Zxid::new(1, 1));
    leader.take_effects();
    leader.handle_durable(NOW, Zxid::new(2, 1));
    leader.handle_packet(NOW, id(2), ack(Zxid::new(2, 1)));
    leader.propose(NOW, txn(2, 2), None).unwrap();
    let effects = leader.take_effects();
    assert_eq!(sent(&effects, 2).len(), 2);
    assert_eq!(sent(&effects, 3), []);
    leader.handle_packet(NOW, id(3), ack(Zxid::new(2, 0)));
    let expected = [(UpToDate, -1), (Commit, 0x2_0000_0001), (Proposal, 0x2_0000_0002)];
    assert_eq!(sent(&leader.take_effects(), 3), expected);
}

#[test]
fn observers_get_inform_and_no_outstanding_proposal() {
    let mut leader = serving(&[(1, 1)]);
    leader.propose(NOW, txn(2, 1), None).unwrap();
    leader.take_effects();
    sync_to_new_leader(&mut leader, 4, ObserverInfo, Zxid::new(1, 1));
    let synced = sent(&leader.take_effects(), 4);
    assert_eq!(synced[1..], [(Diff, 0x1_0000_0001), (NewLeader, 2 << 32)]);
    leader.handle_durable(NOW, Zxid::new(2, 1));
    leader.handle_packet(NOW, id(2), ack(Zxid::new(2, 1)));
    assert_eq!(sent(&leader.take_effects(), 4), []);
    leader.handle_packet(NOW, id(4), ack(Zxid::new(2, 0)));
    let released = sent(&leader.take_effects(), 4);
    assert_eq!(released, [(UpToDate, -1), (Inform, 0x2_0000_0001)]);
}

/// Guarded by `packet.zxid.counter() != 0` in `take_new_leader_ack`.
#[test]
fn zk_4685_3023_transaction_acks_may_come_before_the_ack_of_newleader() {
    let mut leader = serving(&[(1, 1)]);
    leader.propose(NOW, txn(2, 1), None).unwrap();
    leader.handle_durable(NOW, Zxid::new(2, 1));
    sync_to_new_leader(&mut leader, 3, FollowerInfo, Zxid::new(1, 1));
    leader.take_effects();
    leader.handle_packet(NOW, id(3), ack(Zxid::new(2, 1)));
    let effects = leader.take_effects();
    assert_eq!(closed(&effects), []);
    // It counts as an ACK, and the wait goes on.
    assert_eq!(sent(&effects, 2), [(Commit, 0x2_0000_0001)]);
    leader.handle_packet(NOW, id(3), ack(Zxid::new(2, 0)));
    let released = sent(&leader.take_effects(), 3);
    assert_eq!(released, [(UpToDate, -1), (Commit, 0x2_0000_0001)]);
}

#[test]
fn wrong_packets_close_the_learner() {
    type Misbehave<'a> = &'a dyn Fn(&mut Leader);
    let cases: [(Misbehave, CloseReason); 6] = [
        (
            &|leader| {
                leader.handle_connected(NOW, id(3));
                leader.handle_packet(NOW, id(3), ack(Zxid(0)));
            },
            CloseReason::NoIntroduction(3),
        ),
        (
            &|leader| {
                leader.handle_connected(NOW, id(3));
                leader.handle_packet(NOW, id(3), Packet::bare(FollowerInfo, Zxid(0)));
            },
            CloseReason::TooOld,
        ),
        (
            &|leader| {
                leader.handle_connected(NOW, id(3));
                let data = LearnerInfo::new(ServerId(3), 9).to_bytes().freeze();
                let packet = Packet::with_data(FollowerInfo, Zxid(0), data);
                leader.handle_packet(NOW, id(3), packet);
            },
            CloseReason::NewerConfig(9),
        ),
        (
            &|leader| {
                introduce(leader, 3, 1);
                leader.handle_packet(NOW, id(3), ack(Zxid(0)));
            },
            CloseReason::NoEpochAck(3),
        ),
        (
            &|leader| {
                sync_to_new_leader(leader, 3, FollowerInfo, Zxid::new(1, 1));
                leader.handle_packet(NOW, id(3), Packet::bare(Ping, Zxid(0)));
            },
            CloseReason::NoNewLeaderAck(5),
        ),
        (
            &|leader| {
                sync_to_new_leader(leader, 3, FollowerInfo, Zxid::new(1, 1));
                leader.handle_packet(NOW, id(3), ack(Zxid::new(1, 0)));
            },
            CloseReason::WrongEpoch(Zxid::new(1, 0)),
        ),
    ];
    for (act, reason) in cases {
        let mut leader = serving(&[(1, 1)]);
        act(&mut leader);
        assert_eq!(closed(&leader.take_effects()), [(3, reason)]);
        assert!(leader.is_serving());
    }
}

#[test]
fn a_voter_of_a_later_epoch_ends_this_one_and_an_observer_does_not() {
    let mut leader = serving(&[(1, 1)]);
    leader.handle_connected(NOW, id(4));
    leader.handle_packet(NOW, id(4), info(ObserverInfo, 4, 9));
    assert_eq!(sent(&leader.take_effects(), 4), [(LeaderInfo, 2 << 32)]);
    introduce(&mut leader, 3, 3);
    let reason = StopReason::VoterAccepted(ServerId(3), 3);
    assert_eq!(stopped(&leader.take_effects()), Some(reason));
}

#[test]
fn a_server_that_connects_anew_replaces_its_old_connection() {
    let mut leader = serving(&[(1, 1)]);
    leader.handle_connected(NOW, id(7));
    leader.handle_packet(NOW, id(7), info(FollowerInfo, 2, 2));
    assert_eq!(closed(&leader.take_effects()), [(2, CloseReason::Replaced)]);
}

#[test]
fn the_disk_is_asked_where_memory_does_not_reach() {
    let mut leader = serving(&[(1, 5)]);
    sync_to_new_leader(&mut leader, 3, FollowerInfo, Zxid::new(1, 2));
    let asked =
        Effect::InspectLog { learner: id(3), peer_last: Zxid::new(1, 2), upto: Zxid::new(1, 5) };
    assert!(leader.take_effects().contains(&asked));
    // Meanwhile the history goes on.
    leader.propose(NOW, txn(2, 1), None).unwrap();
    leader.handle_durable(NOW, Zxid::new(2, 1));
    leader.handle_packet(NOW, id(2), ack(Zxid::new(2, 1)));
    leader.take_effects();
    let window = crate::sync::DiskWindow {
        at_or_before: Some(Zxid::new(1, 2)),
        next: Some(Zxid::new(1, 3)),
        contiguous_to: Zxid::new(1, 5),
        within_limit: true,
    };
    leader.handle_log_inspected(NOW, id(3), Some(window));
    let effects = leader.take_effects();
    let (after, upto) = (Zxid::new(1, 2), Zxid::new(1, 5));
    assert_eq!(effects[1], Effect::SendLog { to: id(3), after, upto });
    let z = 0x2_0000_0001;
    let expected = [(Diff, z), (Proposal, z), (Commit, z), (NewLeader, 2 << 32)];
    assert_eq!(sent(&effects, 3), expected);
    // A log that cannot be read: the tree.
    sync_to_new_leader(&mut leader, 3, FollowerInfo, Zxid::new(1, 2));
    leader.handle_log_inspected(NOW, id(3), None);
    assert!(sent(&leader.take_effects(), 3).contains(&(Snap, z)));
}

/// Guarded by `must_end_at` in `Leader::new`. Found anew by the ensemble's random faults.
#[test]
fn zk_3526_a_window_that_ends_before_the_history_is_not_served_from() {
    let short = past(&[(1, 1), (1, 2)]);
    let mut leader = leader_of(THREE, Past { last_zxid: Zxid::new(1, 3), ..short });
    introduce(&mut leader, 2, 1);
    leader.handle_accepted_epoch_persisted(NOW);
    leader.take_effects();
    leader.handle_packet(NOW, id(2), epoch_ack(1, Zxid::new(1, 2)));
    let (peer_last, upto) = (Zxid::new(1, 2), Zxid::new(1, 3));
    let asked = Effect::InspectLog { learner: id(2), peer_last, upto };
    assert_eq!(leader.take_effects()[1..], [asked]);
}

#[test]
fn observers_beyond_the_limit_of_syncs_are_turned_away() {
    let past = past(&[(1, 1)]);
    let settings = Settings { diff_syncs_max: 1, ..Settings::new(ServerId(1), TIMING) };
    let members = Membership::new(config("server.1=a:1:2\nserver.4=d:1:2:observer"));
    let mut leader = Leader::new(NOW, settings, members, past);
    leader.handle_accepted_epoch_persisted(NOW);
    leader.handle_current_epoch_persisted(NOW);
    for n in [4, 5] {
        sync_to_new_leader(&mut leader, n, ObserverInfo, Zxid::new(1, 1));
    }
    sync_to_new_leader(&mut leader, 6, FollowerInfo, Zxid::new(1, 1));
    assert_eq!(closed(&leader.take_effects()), [(5, CloseReason::TooManySyncs)]);
}

#[test]
fn what_is_held_back_is_bounded() {
    let mut leader = serving(&[(1, 1)]);
    leader.settings.held_bytes_max = 100;
    sync_to_new_leader(&mut leader, 3, FollowerInfo, Zxid::new(1, 1));
    for counter in 1..=5 {
        leader.propose(NOW, txn(2, counter), None).unwrap();
    }
    assert_eq!(closed(&leader.take_effects()), [(3, CloseReason::HeldBackTooMuch)]);
}

#[test]
fn syncs_come_behind_the_commit_they_wait_for_and_in_order() {
    let mut leader = serving(&[]);
    leader.sync(NOW, SyncFor::Own(1));
    leader.sync(NOW, SyncFor::Learner(id(2)));
    let effects = leader.take_effects();
    assert_eq!(sent(&effects, 2), [(Sync, 0)]);
    assert!(effects.contains(&Effect::SyncReady(1)));
    leader.propose(NOW, txn(1, 1), None).unwrap();
    leader.sync(NOW, SyncFor::Learner(id(2)));
    leader.sync(NOW, SyncFor::Own(2));
    leader.take_effects();
    leader.handle_durable(NOW, Zxid::new(1, 1));
    assert_eq!(leader.take_effects(), []);
    leader.handle_packet(NOW, id(2), ack(Zxid::new(1, 1)));
    let effects = leader.take_effects();
    assert_eq!(sent(&effects, 2), [(Commit, 0x1_0000_0001), (Sync, 0)]);
    let at = |wanted: &Effect| effects.iter().position(|effect| effect == wanted);
    assert!(at(&Effect::Apply(txn(1, 1))) < at(&Effect::SyncReady(2)));
}

#[test]
fn session_packets_pass_through_unread() {
    let mut leader = serving(&[]);
    let data = Bytes::from_static(b"opaque");
    let packet = |kind| Packet::with_data(kind, Zxid(-1), data.clone());
    for kind in [Ping, PacketType::Revalidate, PacketType::Request] {
        leader.handle_packet(NOW, id(2), packet(kind));
    }
    let expected = [
        Effect::Touches { from: id(2), data: data.clone() },
        Effect::Revalidate { from: id(2), data: data.clone() },
        Effect::Request { from: id(2), packet: packet(PacketType::Request) },
    ];
    assert_eq!(leader.take_effects(), expected);
    leader.revalidated(NOW, id(2), data.clone());
    assert_eq!(sent(&leader.take_effects(), 2), [(PacketType::Revalidate, -1)]);
}

/// Wakes at each half tick until `end_ms`; returns all effects.
fn wake_until(leader: &mut Leader, end_ms: u64) -> Vec<Effect> {
    let mut effects = Vec::new();
    while leader.next_wake() <= Millis(end_ms) {
        let now = leader.next_wake();
        leader.handle_wake(now);
        effects.extend(leader.take_effects());
        if stopped(&effects).is_some() {
            break;
        }
    }
    effects
}

#[test]
fn pings_every_half_tick_also_to_those_who_synchronise() {
    let mut leader = serving(&[(1, 1)]);
    sync_to_new_leader(&mut leader, 3, FollowerInfo, Zxid::new(1, 1));
    leader.take_effects();
    let effects = wake_until(&mut leader, 2_000);
    assert_eq!(sent(&effects, 2), [(Ping, 2 << 32); 4]);
    assert_eq!(sent(&effects, 3), [(Ping, 2 << 32); 4]);
}

#[test]
fn a_mute_follower_is_closed_and_the_leader_of_a_minority_steps_down() {
    let mut leader = serving(&[]);
    let effects = wake_until(&mut leader, 60_000);
    assert_eq!(closed(&effects), [(2, CloseReason::Silent)]);
    assert_eq!(stopped(&effects), Some(StopReason::LostQuorum));
    assert!(leader.next_wake() <= Millis(6_500));
    assert_eq!(leader.next_zxid(), None);
}

#[test]
fn an_answering_follower_that_does_not_acknowledge_is_closed() {
    let mut leader = serving(&[]);
    leader.propose(NOW, txn(1, 1), None).unwrap();
    let mut late = Vec::new();
    for half in 1..=12 {
        let now = Millis(half * 500);
        leader.handle_packet(now, id(2), Packet::bare(Ping, Zxid(0)));
        leader.handle_wake(now);
        late.extend(closed(&leader.take_effects()));
    }
    assert_eq!(late, [(2, CloseReason::NotAcking(Zxid::new(1, 1)))]);
}

#[test]
fn every_wait_before_serving_ends_with_init_limit() {
    let mut leader = leader_of(THREE, past(&[]));
    let effects = wake_until(&mut leader, 60_000);
    assert_eq!(stopped(&effects), Some(StopReason::NoEpochQuorum));
    let mut leader = leader_of(THREE, past(&[]));
    introduce(&mut leader, 2, 0);
    leader.handle_accepted_epoch_persisted(NOW);
    let effects = wake_until(&mut leader, 60_000);
    assert_eq!(stopped(&effects), Some(StopReason::NoEpochAckQuorum));
    let mut leader = leader_of(THREE, past(&[]));
    introduce(&mut leader, 2, 0);
    leader.handle_accepted_epoch_persisted(NOW);
    leader.handle_packet(NOW, id(2), epoch_ack(0, Zxid::ZERO));
    let effects = wake_until(&mut leader, 60_000);
    assert_eq!(stopped(&effects), Some(StopReason::NoSyncQuorum));
    assert!(leader.next_wake() <= Millis(10_500));
}

/// Guarded by `handle_voter_looking`.
#[test]
fn zk_3109_a_leader_that_waits_for_epochs_gives_up_when_its_voter_looks_elsewhere() {
    let mut leader = leader_of(THREE, past(&[]));
    leader.handle_voter_looking(Millis(9_000), ServerId(2));
    assert_eq!(leader.take_effects(), []);
    leader.settings.epoch_wait_ms_max = Some(500);
    leader.handle_voter_looking(Millis(500), ServerId(2));
    assert_eq!(leader.take_effects(), []);
    leader.handle_voter_looking(Millis(501), ServerId(2));
    let reason = StopReason::VoterLooking(ServerId(2));
    assert_eq!(leader.take_effects(), [Effect::Stop(reason)]);
}

/// Guarded by `committed_rule`: discovery counts voters.
#[test]
fn zk_2959_observers_are_no_part_of_the_epoch_quorums() {
    let mut leader = leader_of(THREE, past(&[]));
    leader.handle_connected(NOW, id(4));
    leader.handle_packet(NOW, id(4), info(ObserverInfo, 4, 0));
    assert!(leader.take_effects().is_empty());
    introduce(&mut leader, 2, 0);
    leader.handle_accepted_epoch_persisted(NOW);
    leader.take_effects();
    leader.handle_packet(NOW, id(4), epoch_ack(0, Zxid::ZERO));
    assert!(leader.take_effects().is_empty());
}

#[test]
fn the_oracle_keeps_one_of_two_leading_and_lets_it_commit_alone() {
    let settings = Settings { has_oracle: true, ..Settings::new(ServerId(1), TIMING) };
    let members = Membership::new(config("server.1=a:1:2\nserver.2=b:1:2"));
    let mut leader = Leader::new(NOW, settings, members, past(&[]));
    introduce(&mut leader, 2, 0);
    leader.handle_accepted_epoch_persisted(NOW);
    leader.handle_packet(NOW, id(2), epoch_ack(0, Zxid::ZERO));
    leader.handle_current_epoch_persisted(NOW);
    leader.handle_packet(NOW, id(2), ack(Zxid::new(1, 0)));
    leader.set_oracle(true);
    leader.handle_closed(id(2));
    leader.propose(NOW, txn(1, 1), None).unwrap();
    leader.handle_durable(NOW, Zxid::new(1, 1));
    assert_eq!(applied(&leader.take_effects()), [Zxid::new(1, 1)]);
    assert_eq!(stopped(&wake_until(&mut leader, 20_000)), None);
    leader.set_oracle(false);
    assert_eq!(stopped(&wake_until(&mut leader, 40_000)), Some(StopReason::LostQuorum));
}

const BIGGER: &str = "server.2=b:1:2\nserver.3=c:1:2\nserver.5=e:1:2\nversion=100000001";

#[test]
fn a_reconfiguration_needs_both_quorums_and_names_a_successor() {
    let mut leader = serving(&[]);
    leader.settings.reconfig_enabled = true;
    for n in [3, 5] {
        sync_to_new_leader(&mut leader, n, FollowerInfo, Zxid::ZERO);
        leader.handle_packet(NOW, id(n), ack(Zxid::new(1, 0)));
    }
    sync_to_new_leader(&mut leader, 4, ObserverInfo, Zxid::ZERO);
    leader.handle_packet(NOW, id(4), ack(Zxid::new(1, 0)));
    let new = config(BIGGER);
    leader.propose(NOW, txn(1, 1), Some(new.clone())).unwrap();
    assert!(leader.take_effects().contains(&Effect::ConfigSeen(new.clone())));
    leader.handle_durable(NOW, Zxid::new(1, 1));
    leader.handle_packet(NOW, id(2), ack(Zxid::new(1, 1)));
    assert_eq!(leader.last_committed(), Zxid::new(1, 0));
    leader.handle_packet(NOW, id(5), ack(Zxid::new(1, 1)));
    let effects = leader.take_effects();
    assert_eq!(sent(&effects, 2), [(PacketType::CommitAndActivate, 0x1_0000_0001)]);
    assert_eq!(sent(&effects, 4), [(PacketType::InformAndActivate, 0x1_0000_0001)]);
    let committed = Effect::ConfigCommitted { config: new, designated: ServerId(2) };
    assert!(effects.contains(&committed));
    // The old leader is no member: it commits nothing more.
    leader.propose(NOW, txn(1, 2), None).unwrap();
    for n in [2, 3, 5] {
        leader.handle_packet(NOW, id(n), ack(Zxid::new(1, 2)));
    }
    assert_eq!(leader.last_committed(), Zxid::new(1, 1));
}

#[test]
fn the_first_epoch_names_the_configuration() {
    let settings = Settings { reconfig_enabled: true, ..Settings::new(ServerId(1), TIMING) };
    let mut leader =
        Leader::new(NOW, settings, Membership::new(config("server.1=a:1:2")), past(&[]));
    leader.handle_accepted_epoch_persisted(NOW);
    leader.handle_current_epoch_persisted(NOW);
    let named = config("server.1=a:1:2\nversion=100000000");
    let effects = leader.take_effects();
    assert!(effects.contains(&Effect::ConfigSeen(named.clone())));
    let committed = Effect::ConfigCommitted { config: named, designated: ServerId(1) };
    assert!(effects.contains(&committed));
    assert_eq!(leader.membership().committed().version, 1 << 32);
}
