//! The learner alone, its leader played by hand: the order of disk and answers, and the hazards of
//! reference E.1 that a learner must not fall into. Where a test is named by a ticket, its comment
//! names the line that guards.

use codec::Encode;
use codec::peer::Activation;
use codec::txn::{SetDataTxn, TxnBody, TxnHeader};
use codec::{SessionId, Xid};

use super::*;

const THREE: &str = "server.1=a:1:2\nserver.2=b:1:2\nserver.3=c:1:2\nserver.4=d:1:2:observer\n\
    version=0";
const TIMING: Timing = Timing { tick_ms: 1000, init_limit: 10, sync_limit: 5 };
const NOW: Millis = Millis(0);

use PacketType::{Ack, Diff, Inform, NewLeader, Ping, Snap, Trunc, UpToDate};

fn config(text: &str) -> ConfigText {
    ConfigText::parse(text.as_bytes()).unwrap()
}

fn zxid(epoch: i64, counter: u32) -> Zxid {
    Zxid::new(epoch, counter)
}

fn txn(epoch: i64, counter: u32) -> Txn {
    Txn { zxid: zxid(epoch, counter), data: Bytes::from(format!("{epoch}.{counter}")) }
}

fn settings(role: Role) -> Settings {
    Settings {
        me: ServerId(if role == Role::Observer { 4 } else { 1 }),
        role,
        leader: ServerId(2),
        timing: TIMING,
        reconfig_enabled: false,
        snapshot_wanted: false,
        held_bytes_max: 1 << 20,
    }
}

/// A learner of epoch 1 whose last zxid is 1|2, just connected.
fn connect(settings: Settings) -> Learner {
    let past = Past {
        accepted_epoch: 1,
        current_epoch: 1,
        last_zxid: zxid(1, 2),
        committed: CommittedLog::new(0, 1 << 20),
    };
    Learner::new(NOW, settings, Membership::new(config(THREE)), past)
}

impl Learner {
    fn take(&mut self, packets: impl IntoIterator<Item = Packet>) -> Vec<Effect> {
        packets.into_iter().for_each(|packet| self.handle_packet(NOW, packet));
        self.take_effects()
    }
}

fn bare(kind: PacketType, zxid: Zxid) -> Packet {
    Packet::bare(kind, zxid)
}

fn leader_info(epoch: i64) -> Packet {
    let data = Bytes::copy_from_slice(&0x10000_i32.to_be_bytes());
    Packet::with_data(PacketType::LeaderInfo, zxid(epoch, 0), data)
}

fn new_leader(epoch: i64) -> Packet {
    Packet::with_data(NewLeader, zxid(epoch, 0), Bytes::from_static(THREE.as_bytes()))
}

/// A learner that has answered the epoch 2 and waits for the leader's decision.
fn discovered(settings: Settings) -> Learner {
    let mut learner = connect(settings);
    learner.take([leader_info(2)]);
    learner.handle_accepted_epoch_persisted(NOW);
    learner.take_effects();
    learner
}

/// A learner that serves in epoch 2, after an empty DIFF.
fn serving(settings: Settings) -> Learner {
    let mut learner = discovered(settings);
    learner.take([bare(Diff, zxid(1, 2)), new_leader(2)]);
    learner.handle_current_epoch_persisted(NOW);
    learner.take([bare(UpToDate, Zxid(-1))]);
    assert!(learner.is_serving());
    learner
}

fn acks(effects: &[Effect]) -> Vec<Zxid> {
    let of = |effect: &Effect| match effect {
        Effect::Send(packet) if packet.kind() == Some(Ack) => Some(packet.zxid),
        _ => None,
    };
    effects.iter().filter_map(of).collect()
}

fn left(effects: &[Effect]) -> Option<(LeaveReason, bool)> {
    effects.iter().find_map(|effect| match effect {
        Effect::Leave(leave) => Some((leave.reason.clone(), leave.discard_memory)),
        _ => None,
    })
}

fn ack(zxid: Zxid) -> Effect {
    Effect::Send(bare(Ack, zxid))
}

#[test]
fn introduction_and_a_new_epoch_made_durable_before_the_answer() {
    let mut learner = connect(settings(Role::Participant));
    let Some(Effect::Send(info)) = learner.take_effects().pop() else { panic!("nothing sent") };
    assert_eq!((info.kind(), info.zxid), (Some(PacketType::FollowerInfo), zxid(1, 0)));
    assert_eq!(info.bytes().len(), 20);
    assert_eq!(learner.take([leader_info(2)]), [Effect::PersistAcceptedEpoch(2)]);
    learner.handle_accepted_epoch_persisted(NOW);
    let Some(Effect::Send(answer)) = learner.take_effects().pop() else { panic!("no answer") };
    assert_eq!((answer.kind(), answer.zxid), (Some(PacketType::AckEpoch), zxid(1, 2)));
    assert_eq!(answer.bytes()[..], 1_i32.to_be_bytes());
}

#[test]
fn the_same_epoch_again_is_answered_with_minus_one_and_an_older_one_refused() {
    let mut learner = connect(settings(Role::Participant));
    learner.take_effects();
    let effects = learner.take([leader_info(1)]);
    let [Effect::Send(answer)] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(answer.bytes()[..], (-1_i32).to_be_bytes());
    let mut learner = connect(settings(Role::Participant));
    let effects = learner.take([leader_info(0)]);
    assert_eq!(left(&effects), Some((LeaveReason::OldEpoch { offered: 0, accepted: 1 }, false)));
}

#[test]
fn an_observer_takes_an_established_epoch_below_one_that_was_only_proposed() {
    let past = Past {
        accepted_epoch: 3,
        current_epoch: 1,
        last_zxid: zxid(1, 2),
        committed: CommittedLog::new(0, 1 << 20),
    };
    let members = || Membership::new(config(THREE));
    let mut observer = Learner::new(NOW, settings(Role::Observer), members(), past.clone());
    observer.take_effects();
    let effects = observer.take([leader_info(2)]);
    let [Effect::Send(answer)] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(answer.bytes()[..], (-1_i32).to_be_bytes());
    let past = Past { current_epoch: 3, ..past };
    let mut observer = Learner::new(NOW, settings(Role::Observer), members(), past);
    let effects = observer.take([leader_info(2)]);
    assert_eq!(left(&effects), Some((LeaveReason::OldEpoch { offered: 2, accepted: 3 }, false)));
}

/// Guarded by the steps `Log`, then `CurrentEpoch`, then the ACK: each begins where the one before
/// is reported done.
#[test]
fn zk_3911_4646_4643_4785_log_then_epoch_then_ack() {
    let mut learner = discovered(settings(Role::Participant));
    let diff = [
        bare(Diff, zxid(1, 4)),
        txn(1, 3).proposal(),
        txn(1, 3).commit(),
        txn(1, 4).proposal(),
        txn(1, 4).commit(),
    ];
    assert_eq!(learner.take(diff), []);
    let logged = learner.take([new_leader(2)]);
    assert_eq!(logged, [Effect::Append(txn(1, 3)), Effect::Append(txn(1, 4))]);
    learner.handle_durable(NOW, zxid(1, 3));
    assert_eq!(learner.take_effects(), []);
    learner.handle_durable(NOW, zxid(1, 4));
    let applied =
        [Effect::Apply(txn(1, 3)), Effect::Apply(txn(1, 4)), Effect::PersistCurrentEpoch(2)];
    assert_eq!(learner.take_effects(), applied);
    learner.handle_current_epoch_persisted(NOW);
    assert_eq!(learner.take_effects(), [ack(zxid(2, 0))]);
    // UPTODATE: the second ACK, none for the transactions of the DIFF.
    let effects = learner.take([bare(UpToDate, Zxid(-1))]);
    assert_eq!(effects, [ack(zxid(2, 0)), Effect::Serve { epoch: 2 }]);
}

#[test]
fn a_tree_is_durable_before_the_epoch_with_what_was_committed_meanwhile() {
    let mut learner = discovered(settings(Role::Participant));
    let effects = learner.take([bare(Snap, zxid(2, 3))]);
    assert_eq!(effects, [Effect::ReceiveSnapshot(zxid(2, 3))]);
    assert!(!learner.wants_packets());
    learner.handle_snapshot_received(NOW);
    let effects = learner.take([txn(2, 4).proposal(), txn(2, 5).proposal(), txn(2, 4).commit()]);
    assert_eq!(effects, [Effect::Apply(txn(2, 4))]);
    assert_eq!(learner.take([new_leader(2)]), [Effect::SaveSnapshot(zxid(2, 4))]);
    learner.handle_snapshot_saved(NOW);
    assert_eq!(learner.take_effects(), [Effect::PersistCurrentEpoch(2)]);
    learner.handle_current_epoch_persisted(NOW);
    assert_eq!(learner.take_effects(), [ack(zxid(2, 0))]);
    // What was undecided goes through the log once we serve.
    let effects = learner.take([bare(UpToDate, Zxid(-1)), txn(2, 5).commit()]);
    let serve = Effect::Serve { epoch: 2 };
    assert_eq!(effects, [ack(zxid(2, 0)), serve, Effect::Append(txn(2, 5))]);
    learner.handle_durable(NOW, zxid(2, 5));
    assert_eq!(learner.take_effects(), [ack(zxid(2, 5)), Effect::Apply(txn(2, 5))]);
}

#[test]
fn a_cut_goes_on_with_proposals_and_ends_in_a_snapshot() {
    let mut learner = discovered(settings(Role::Participant));
    let effects = learner.take([bare(Trunc, zxid(1, 1)), txn(2, 1).proposal(), txn(2, 1).commit()]);
    assert_eq!(effects, [Effect::Truncate(zxid(1, 1))]);
    learner.handle_truncated(NOW, true);
    assert_eq!(learner.take_effects(), [Effect::Apply(txn(2, 1))]);
    assert_eq!(learner.take([new_leader(2)]), [Effect::SaveSnapshot(zxid(2, 1))]);
}

/// Guarded by `worked` in `handle_truncated`.
#[test]
fn zk_3701_a_failed_cut_ends_the_process() {
    let mut learner = discovered(settings(Role::Participant));
    learner.take([bare(Trunc, zxid(1, 1))]);
    learner.handle_truncated(NOW, false);
    let reason = LeaveReason::TruncFailed(zxid(1, 1));
    assert_eq!(reason.exit_code(), Some(13));
    assert_eq!(left(&learner.take_effects()), Some((reason, true)));
}

/// Guarded by `memory_is_foreign`.
#[test]
fn zk_3642_memory_of_a_tree_that_is_not_durable_is_discarded() {
    for packets in [0, 1] {
        let mut learner = discovered(settings(Role::Participant));
        learner.take([bare(Snap, zxid(2, 3))]);
        if packets == 1 {
            learner.handle_snapshot_received(NOW);
            learner.take([new_leader(2)]);
        }
        learner.handle_disconnected();
        let effects = learner.take_effects();
        assert_eq!(left(&effects), Some((LeaveReason::Disconnected, true)));
    }
    let mut learner = discovered(settings(Role::Participant));
    learner.take([bare(Snap, zxid(2, 3))]);
    learner.handle_snapshot_received(NOW);
    learner.take([new_leader(2)]);
    learner.handle_snapshot_saved(NOW);
    learner.handle_disconnected();
    let effects = learner.take_effects();
    assert_eq!(left(&effects), Some((LeaveReason::Disconnected, false)));
}

/// Guarded by `take_window`: what comes between NEWLEADER and UPTODATE waits until we serve.
#[test]
fn zk_4394_commits_between_newleader_and_uptodate_are_taken() {
    let mut learner = discovered(settings(Role::Participant));
    learner.take([bare(Diff, zxid(1, 2)), txn(2, 1).proposal(), new_leader(2)]);
    learner.handle_current_epoch_persisted(NOW);
    learner.take_effects();
    assert_eq!(learner.take([txn(2, 1).commit(), txn(2, 2).proposal()]), []);
    let effects = learner.take([bare(UpToDate, Zxid(-1))]);
    let (first, second) = (Effect::Append(txn(2, 1)), Effect::Append(txn(2, 2)));
    assert_eq!(effects, [ack(zxid(2, 0)), Effect::Serve { epoch: 2 }, first, second]);
    learner.handle_durable(NOW, zxid(2, 2));
    let effects = learner.take_effects();
    assert_eq!(effects, [ack(zxid(2, 1)), ack(zxid(2, 2)), Effect::Apply(txn(2, 1))]);
}

/// Guarded by `follows` in `take_proposal`, of the joining learner and of the follower.
#[test]
fn zk_4925_a_hole_in_what_the_leader_sends_is_not_taken_in() {
    let mut learner = discovered(settings(Role::Participant));
    let effects = learner.take([bare(Diff, zxid(1, 5)), txn(1, 4).proposal()]);
    let gap = LeaveReason::Gap { last: zxid(1, 2), next: zxid(1, 4) };
    assert_eq!(left(&effects), Some((gap, false)));
    let mut learner = serving(settings(Role::Participant));
    let effects = learner.take([txn(2, 1).proposal(), txn(2, 3).proposal()]);
    let gap = LeaveReason::Gap { last: zxid(2, 1), next: zxid(2, 3) };
    assert_eq!(left(&effects), Some((gap, false)));
    let mut learner = serving(settings(Role::Observer));
    let effects = learner.take([txn(2, 2).inform()]);
    let gap = LeaveReason::Gap { last: zxid(1, 2), next: zxid(2, 2) };
    assert_eq!(left(&effects), Some((gap, false)));
}

#[test]
fn pings_are_not_answered_before_uptodate() {
    let mut learner = discovered(settings(Role::Participant));
    let ping = || bare(Ping, zxid(2, 0));
    assert_eq!(learner.take([ping(), bare(Diff, zxid(1, 2)), ping()]), []);
    learner.take([new_leader(2)]);
    learner.handle_current_epoch_persisted(NOW);
    learner.take_effects();
    assert_eq!(learner.take([ping()]), []);
    learner.take([bare(UpToDate, Zxid(-1))]);
    assert_eq!(learner.take([ping()]), [Effect::Pinged(ping())]);
    learner.answer_ping(ping(), Bytes::from_static(b"touches"));
    let answer = Packet::with_data(Ping, zxid(2, 0), Bytes::from_static(b"touches"));
    assert_eq!(learner.take_effects(), [Effect::Send(answer)]);
}

/// ZK-2355 and E.3.7: guarded by `Follower::handle_durable`, the one place that acknowledges.
#[test]
fn a_follower_acknowledges_what_is_durable_and_applies_what_is_also_committed() {
    let mut learner = serving(settings(Role::Participant));
    let effects = learner.take([txn(2, 1).proposal(), txn(2, 2).proposal(), txn(2, 1).commit()]);
    assert_eq!(effects, [Effect::Append(txn(2, 1)), Effect::Append(txn(2, 2))]);
    learner.handle_durable(NOW, zxid(2, 1));
    assert_eq!(learner.take_effects(), [ack(zxid(2, 1)), Effect::Apply(txn(2, 1))]);
    learner.handle_durable(NOW, zxid(2, 2));
    assert_eq!(learner.take_effects(), [ack(zxid(2, 2))]);
    assert_eq!(learner.take([txn(2, 2).commit()]), [Effect::Apply(txn(2, 2))]);
    let nothing = Effect::Oddity(Oddity::CommitOfNothing(zxid(2, 2)));
    assert_eq!(learner.take([txn(2, 2).commit()]), [nothing]);
}

#[test]
fn a_commit_out_of_order_ends_the_process() {
    let mut learner = serving(settings(Role::Participant));
    let effects = learner.take([txn(2, 1).proposal(), txn(2, 2).proposal(), txn(2, 2).commit()]);
    let reason = LeaveReason::CommitMismatch { expected: zxid(2, 1), named: zxid(2, 2) };
    assert_eq!(reason.exit_code(), Some(12));
    assert_eq!(left(&effects), Some((reason, false)));
    learner.handle_durable(NOW, zxid(2, 2));
    assert_eq!(learner.take_effects(), []);
}

#[test]
fn sync_answers_keep_their_place_behind_commits_that_wait_for_the_disk() {
    let mut learner = serving(settings(Role::Participant));
    let sync = bare(PacketType::Sync, Zxid(0));
    assert_eq!(learner.take([sync.clone()]), [Effect::Synced]);
    learner.take([txn(2, 1).proposal(), txn(2, 1).commit()]);
    assert_eq!(learner.take([sync]), []);
    learner.handle_durable(NOW, zxid(2, 1));
    let expected = [ack(zxid(2, 1)), Effect::Apply(txn(2, 1)), Effect::Synced];
    assert_eq!(learner.take_effects(), expected);
}

#[test]
fn an_observer_logs_and_applies_and_acknowledges_nothing() {
    let mut learner = serving(settings(Role::Observer));
    assert_eq!(learner.take([txn(2, 1).inform()]), [Effect::Append(txn(2, 1))]);
    learner.handle_durable(NOW, zxid(2, 1));
    let effects = learner.take_effects();
    assert_eq!(effects, [Effect::Apply(txn(2, 1))]);
    assert_eq!(acks(&effects), []);
    let odd = learner.take([txn(2, 2).proposal(), txn(2, 2).commit()]);
    assert_eq!(odd.len(), 2);
    assert!(odd.iter().all(|effect| matches!(effect, Effect::Oddity(_))));
}

#[test]
fn an_observer_of_an_apache_leader_takes_inform_between_newleader_and_uptodate() {
    let mut learner = discovered(settings(Role::Observer));
    learner.take([bare(Diff, zxid(1, 2)), txn(1, 3).proposal(), txn(1, 3).commit(), new_leader(2)]);
    learner.handle_durable(NOW, zxid(1, 3));
    learner.handle_current_epoch_persisted(NOW);
    learner.take_effects();
    learner.take([bare(Inform, zxid(2, 1))]);
    let effects = learner.take([bare(UpToDate, Zxid(-1))]);
    assert!(matches!(&effects[2], Effect::Append(txn) if txn.zxid == zxid(2, 1)));
}

#[test]
fn what_a_leader_must_not_send_ends_the_stay() {
    let cases = [
        (vec![bare(UpToDate, Zxid(-1))], LeaveReason::NoSync(12)),
        (vec![bare(Diff, zxid(1, 2)), bare(UpToDate, Zxid(-1))], LeaveReason::UpToDateTooEarly),
        (vec![bare(Diff, zxid(1, 2)), new_leader(3)], LeaveReason::WrongEpoch(zxid(3, 0))),
    ];
    for (packets, reason) in cases {
        let mut learner = discovered(settings(Role::Participant));
        assert_eq!(left(&learner.take(packets)), Some((reason, false)));
    }
    let mut learner = connect(settings(Role::Participant));
    let effects = learner.take([bare(Diff, Zxid(0))]);
    assert_eq!(left(&effects), Some((LeaveReason::NoLeaderInfo(13), false)));
    let mut learner = discovered(settings(Role::Participant));
    let bad = Packet::with_data(NewLeader, zxid(2, 0), Bytes::from_static(b"server.x=?"));
    let effects = learner.take([bare(Diff, zxid(1, 2)), bad]);
    assert!(matches!(left(&effects), Some((LeaveReason::BadConfig(_), false))));
}

#[test]
fn silence_ends_the_stay_by_init_limit_then_by_sync_limit() {
    let mut learner = discovered(settings(Role::Participant));
    assert_eq!(learner.next_wake(), Some(Millis(10_000)));
    learner.handle_wake(Millis(9_999));
    assert_eq!(left(&learner.take_effects()), None);
    learner.handle_wake(Millis(10_000));
    assert_eq!(left(&learner.take_effects()), Some((LeaveReason::Silent, false)));
    let mut learner = serving(settings(Role::Participant));
    assert_eq!(learner.next_wake(), Some(Millis(5_000)));
    learner.handle_packet(Millis(4_000), bare(Ping, Zxid(0)));
    learner.handle_wake(Millis(5_000));
    assert_eq!(left(&learner.take_effects()), None);
    learner.handle_wake(Millis(9_000));
    assert_eq!(left(&learner.take_effects()), Some((LeaveReason::Silent, false)));
    assert_eq!(learner.next_wake(), None);
}

#[test]
fn what_waits_for_the_disk_is_bounded_and_the_disk_is_no_silence() {
    let small = Settings { held_bytes_max: 100, ..settings(Role::Participant) };
    let mut learner = discovered(small);
    learner.take([bare(Trunc, zxid(1, 1))]);
    assert_eq!(learner.next_wake(), None);
    let effects = learner.take((1..9).map(|counter| txn(2, counter).proposal()));
    assert_eq!(left(&effects), Some((LeaveReason::TooMuchHeld, true)));
}

#[test]
fn an_allowed_start_without_snapshot_writes_one_even_after_diff() {
    let wanted = Settings { snapshot_wanted: true, ..settings(Role::Participant) };
    let mut learner = discovered(wanted);
    let effects = learner.take([bare(Diff, zxid(1, 2)), new_leader(2)]);
    assert_eq!(effects, [Effect::SaveSnapshot(zxid(1, 2))]);
}

#[test]
fn requests_and_revalidations_go_out_only_while_serving() {
    let mut learner = discovered(settings(Role::Participant));
    learner.request(Bytes::from_static(b"x"), None);
    assert_eq!(learner.take_effects(), []);
    let mut learner = serving(settings(Role::Participant));
    let identity = Some(vec![Id::new("ip", "127.0.0.1")]);
    learner.request(Bytes::from_static(b"x"), identity.clone());
    learner.revalidate(Bytes::from_static(b"y"));
    let [Effect::Send(request), Effect::Send(revalidate)] = &learner.take_effects()[..] else {
        panic!("not two packets")
    };
    assert_eq!((request.kind(), &request.authinfo), (Some(PacketType::Request), &identity));
    assert_eq!((revalidate.kind(), revalidate.zxid), (Some(PacketType::Revalidate), Zxid(-1)));
    let answer = Packet::with_data(PacketType::Revalidate, Zxid(-1), Bytes::from_static(b"z"));
    let effects = learner.take([answer]);
    assert_eq!(effects, [Effect::Revalidated(Bytes::from_static(b"z"))]);
}

fn reconfig(counter: u32, text: &str) -> Txn {
    let header = TxnHeader {
        client_id: SessionId(1),
        cxid: Xid(1),
        zxid: zxid(2, counter),
        time: 0,
        txn_type: codec::OpCode::Reconfig.code(),
    };
    let body = SetDataTxn {
        path: Some("/zookeeper/config".into()),
        data: Some(text.as_bytes()),
        version: -1,
    };
    let txn = codec::txn::Txn { header, body: TxnBody::Reconfig(body), digest: None };
    Txn { zxid: zxid(2, counter), data: txn.to_bytes().freeze() }
}

#[test]
fn a_reconfiguration_is_seen_when_proposed_and_in_force_when_applied() {
    let enabled = Settings { reconfig_enabled: true, ..settings(Role::Participant) };
    let text = THREE.replace("version=0", "version=200000001");
    for (designated, text, leaves) in [
        (2, text.clone(), false),
        (3, text.clone(), true),
        // Made an observer: another role.
        (2, text.replace("server.1=a:1:2", "server.1=a:1:2:observer"), true),
    ] {
        let mut learner = serving(enabled);
        let txn = reconfig(1, &text);
        let effects = learner.take([txn.proposal()]);
        assert_eq!(effects[0], Effect::ConfigSeen(config(&text)));
        let data = ServerId(designated).to_bytes().freeze();
        let activate = Packet::with_data(PacketType::CommitAndActivate, txn.zxid, data);
        assert_eq!(learner.take([activate]), []);
        learner.handle_durable(NOW, txn.zxid);
        let effects = learner.take_effects();
        assert_eq!(
            effects[1..3],
            [Effect::Apply(txn.clone()), Effect::ConfigCommitted(config(&text))]
        );
        let reason = LeaveReason::Reconfigured { designated: ServerId(designated), zxid: txn.zxid };
        assert_eq!(left(&effects), leaves.then_some((reason, false)));
    }
}

#[test]
fn an_observer_takes_a_reconfiguration_from_its_inform() {
    let enabled = Settings { reconfig_enabled: true, ..settings(Role::Observer) };
    let text = THREE.replace("version=0", "version=200000001");
    let txn = reconfig(1, &text);
    let data = Activation { designated: ServerId(2), txn: &txn.data }.to_bytes().freeze();
    let mut learner = serving(enabled);
    learner.take([Packet::with_data(PacketType::InformAndActivate, txn.zxid, data.clone())]);
    learner.handle_durable(NOW, txn.zxid);
    let effects = learner.take_effects();
    assert_eq!(effects, [Effect::Apply(txn.clone()), Effect::ConfigCommitted(config(&text))]);
    // With reconfiguration disabled it is a transaction like any other.
    let mut learner = serving(settings(Role::Observer));
    learner.take([Packet::with_data(PacketType::InformAndActivate, txn.zxid, data)]);
    learner.handle_durable(NOW, txn.zxid);
    assert_eq!(learner.take_effects(), [Effect::Apply(txn)]);
}

/// Guarded by `must_end_at` in `Learner::new`: a hole at the end of an epoch is not to be seen in
/// the zxids. (Found by the ensemble's random faults.)
#[test]
fn zk_4925_a_window_that_ends_before_the_history_is_begun_anew() {
    for (ends_at, kept) in [(2, 2), (1, 1)] {
        let mut committed = CommittedLog::new(0, 1 << 20);
        committed.push(txn(1, ends_at));
        let past = Past { accepted_epoch: 1, current_epoch: 1, last_zxid: zxid(1, 2), committed };
        let members = Membership::new(config(THREE));
        let mut learner = Learner::new(NOW, settings(Role::Participant), members, past);
        learner.take([leader_info(2)]);
        learner.handle_accepted_epoch_persisted(NOW);
        learner.take([bare(Diff, zxid(1, 2)), txn(2, 1).proposal(), txn(2, 1).commit()]);
        learner.take([new_leader(2)]);
        learner.handle_durable(NOW, zxid(2, 1));
        assert_eq!(learner.into_committed().len(), kept);
    }
}
