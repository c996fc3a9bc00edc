//! Buckets, touches, re-attachment, stalls and mass expiry of the session tracker.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const TICK: u64 = 2_000;
const RULES: TrackerRules = TrackerRules {
    tick_ms: TICK,
    stall: StallRules { beat_ms: 500, late_ms: 1_000, grace_ms: TICK },
    ensemble: true,
};
const ALL: SweepBudget = SweepBudget { expire: usize::MAX, look: usize::MAX };
const ME: Owner = Owner(1);
const S: SessionId = SessionId(0x100_0000_0001);

fn tracker_with(session: SessionId, timeout_ms: i32, now: u64) -> SessionTracker {
    let mut tracker = SessionTracker::new(RULES);
    assert!(tracker.add(session, timeout_ms, SessionKind::Global, ME, now));
    tracker
}

fn expired_ids(tracker: &mut SessionTracker, now: u64) -> Vec<i64> {
    tracker.expired(now, ALL).expired.iter().map(|expiry| expiry.session.0).collect()
}

#[test]
fn a_silent_session_expires_at_the_end_of_its_bucket() {
    let mut tracker = tracker_with(S, 4_000, 500);
    assert_eq!(expired_ids(&mut tracker, 4_501), []);
    assert_eq!(expired_ids(&mut tracker, 5_999), []);
    let sweep = tracker.expired(6_005, ALL);
    let expected = Expiry {
        session: S,
        timeout_ms: 4_000,
        silent_ms: 5_505,
        uncounted_ms: 0,
        bucket: 6_000,
        overdue_ms: 5,
    };
    assert_eq!(sweep, Sweep { expired: vec![expected], unfinished: false });
}

#[test]
fn an_expired_session_is_reported_once_and_stays_closing_until_removed() {
    let mut tracker = tracker_with(S, 4_000, 0);
    assert_eq!(expired_ids(&mut tracker, 60_000), [S.0]);
    assert_eq!(expired_ids(&mut tracker, 90_000), []);
    assert!(tracker.is_closing(S) && tracker.is_tracked(S));
    assert!(!tracker.touch(S, 90_000));
    assert!(!tracker.reattach(S, 4_000, ME, 90_000));
    assert_eq!(tracker.check(S, ME), Err(ErrorCode::SessionExpired));
    assert!(tracker.remove(S));
    assert!(tracker.is_empty() && !tracker.remove(S));
}

#[test]
fn a_touch_moves_the_deadline() {
    let mut tracker = tracker_with(S, 4_000, 0);
    assert!(tracker.touch(S, 5_000));
    assert_eq!(expired_ids(&mut tracker, 9_999), []);
    assert_eq!(expired_ids(&mut tracker, 10_000), [S.0]);
}

#[test]
fn a_touch_told_by_the_connection_counts_like_one_told_to_the_tracker() {
    let mut tracker = tracker_with(S, 4_000, 0);
    assert!(tracker.expired_with(9_000, ALL, |_| Some(5_000)).expired.is_empty());
    assert!(tracker.expired_with(9_999, ALL, |_| Some(3)).expired.is_empty());
    assert_eq!(tracker.expired_with(10_000, ALL, |_| Some(3)).expired[0].silent_ms, 5_000);
}

#[test]
fn a_touch_from_the_future_counts_as_now() {
    let mut tracker = tracker_with(S, 4_000, 0);
    assert!(tracker.expired_with(6_000, ALL, |_| Some(1 << 60)).expired.is_empty());
    assert_eq!(expired_ids(&mut tracker, 12_000), [S.0]);
}

#[test]
fn reattach_renegotiates_the_timeout_both_ways() {
    let mut tracker = tracker_with(S, 30_000, 0);
    assert!(tracker.reattach(S, 10_000, Owner(2), 1_000));
    assert_eq!(tracker.timeout_ms(S), Some(10_000));
    assert_eq!(tracker.owner(S), Some(Owner(2)));
    assert_eq!(expired_ids(&mut tracker, 12_000), [S.0]);

    let mut tracker = tracker_with(S, 10_000, 0);
    assert!(tracker.reattach(S, 30_000, ME, 1_000));
    assert!(tracker.touch(S, 2_000));
    assert_eq!(expired_ids(&mut tracker, 33_999), []);
    assert_eq!(expired_ids(&mut tracker, 34_000), [S.0]);
}

#[test]
fn an_unknown_session_cannot_be_reattached_or_touched() {
    let mut tracker = SessionTracker::new(RULES);
    assert!(!tracker.reattach(S, 4_000, ME, 0));
    assert!(!tracker.touch(S, 0) && !tracker.renew(S, 4_000, 0) && !tracker.start_closing(S));
    assert_eq!(tracker.check(S, ME), Err(ErrorCode::SessionExpired));
    let mut alone = SessionTracker::new(TrackerRules { ensemble: false, ..RULES });
    assert_eq!(alone.check(S, ME), Err(ErrorCode::UnknownSession));
}

#[test]
fn only_the_owner_may_write_and_the_first_comer_owns_what_nobody_owned() {
    let mut tracker = SessionTracker::new(RULES);
    tracker.add(S, 4_000, SessionKind::Global, Owner::NONE, 0);
    assert_eq!(tracker.check(S, Owner(7)), Ok(()));
    assert_eq!(tracker.check(S, Owner(8)), Err(ErrorCode::SessionMoved));
    assert_eq!(tracker.check_alive(S), Ok(()), "closeSession is not ownership checked");
    assert!(tracker.reattach(S, 4_000, Owner(8), 0));
    assert_eq!(tracker.check(S, Owner(7)), Err(ErrorCode::SessionMoved));
}

#[test]
fn a_closing_session_is_not_reported_as_expired() {
    let mut tracker = tracker_with(S, 4_000, 0);
    assert!(tracker.start_closing(S));
    assert_eq!(tracker.expired(60_000, ALL), Sweep::default());
    assert_eq!(tracker.next_sweep_in_ms(60_000), None);
}

#[test]
fn local_sessions_are_counted_and_can_become_global() {
    let mut tracker = SessionTracker::new(RULES);
    tracker.add(S, 4_000, SessionKind::Local, ME, 0);
    tracker.add(SessionId(9), 4_000, SessionKind::Local, ME, 0);
    assert_eq!((tracker.len(), tracker.local_len()), (2, 2));
    assert!(tracker.promote(S) && !tracker.promote(S));
    assert_eq!(tracker.kind(S), Some(SessionKind::Global));
    assert!(!tracker.add(SessionId(9), 8_000, SessionKind::Global, ME, 0));
    assert_eq!((tracker.local_len(), tracker.timeout_ms(SessionId(9))), (0, Some(8_000)));
    tracker.add(SessionId(3), 4_000, SessionKind::Local, ME, 0);
    tracker.remove(SessionId(3));
    assert_eq!(tracker.local_len(), 0);
}

#[test]
fn mass_expiry_is_spread_and_ordered_by_deadline_then_id() {
    let mut tracker = SessionTracker::new(RULES);
    for id in (1..=10_000).rev() {
        let timeout_ms = if id % 2 == 0 { 4_000 } else { 8_000 };
        tracker.add(SessionId(id), timeout_ms, SessionKind::Global, ME, 0);
    }
    let budget = SweepBudget { expire: 64, look: 1_000 };
    let mut order = Vec::new();
    for sweeps in 1.. {
        let sweep = tracker.expired(20_000, budget);
        assert!(sweep.expired.len() <= 64);
        order.extend(sweep.expired.iter().map(|expiry| (expiry.bucket, expiry.session)));
        if !sweep.unfinished {
            assert_eq!(sweeps, 10_000 / 64 + 1);
            break;
        }
    }
    assert_eq!(order.len(), 10_000);
    assert!(order.is_sorted());
}

#[test]
fn living_sessions_do_not_exceed_the_budget_of_a_sweep_either() {
    let mut tracker = SessionTracker::new(RULES);
    for id in 1..=1_000 {
        tracker.add(SessionId(id), 4_000, SessionKind::Global, ME, 0);
    }
    let budget = SweepBudget { expire: 10, look: 100 };
    let sweeps = std::iter::repeat_with(|| tracker.expired_with(6_000, budget, |_| Some(5_900)));
    let sweeps: Vec<Sweep> = sweeps.take(11).collect();
    assert!(sweeps[..9].iter().all(|sweep| sweep.unfinished && sweep.expired.is_empty()));
    assert!(!sweeps[10].unfinished);
}

#[test]
fn the_time_in_which_we_stood_still_is_not_counted() {
    let mut tracker = tracker_with(S, 4_000, 0);
    for now in (0..=3_000).step_by(500) {
        assert_eq!(tracker.beat(now, 0), None);
    }
    // SIGSTOP for a minute.
    assert_eq!(tracker.beat(63_000, 0).unwrap().stood_still_ms, 60_000);
    assert_eq!(expired_ids(&mut tracker, 63_000), []);
    assert_eq!(expired_ids(&mut tracker, 65_000), [], "one tick of grace");
    assert_eq!(tracker.next_sweep_in_ms(65_000), Some(3_000));
    let sweep = tracker.expired(68_000, ALL);
    assert_eq!(sweep.expired[0].uncounted_ms, 62_000);
    assert_eq!(sweep.expired[0].silent_ms, 68_000);
}

#[test]
fn a_client_that_speaks_in_the_grace_after_a_stall_lives_on() {
    let mut tracker = tracker_with(S, 4_000, 0);
    tracker.beat(5_900, 0);
    tracker.beat(5_900 + 60_000, 0);
    assert_eq!(expired_ids(&mut tracker, 66_000), []);
    assert!(tracker.touch(S, 66_100));
    assert_eq!(expired_ids(&mut tracker, 71_999), []);
    assert_eq!(expired_ids(&mut tracker, 72_000), [S.0]);
}

#[test]
fn the_dump_shows_sessions_by_the_bucket_of_their_last_touch() {
    let mut tracker = SessionTracker::new(RULES);
    for (id, kind) in [(3, SessionKind::Global), (1, SessionKind::Global), (2, SessionKind::Local)]
    {
        tracker.add(SessionId(id), 4_000, kind, ME, 0);
    }
    tracker.touch(SessionId(3), 3_000);
    let buckets = tracker.buckets(SessionKind::Global, 3_000, |_| None);
    let expected = [(3_000, 1), (5_000, 3)]
        .map(|(expires_in_ms, id)| Bucket { expires_in_ms, sessions: vec![SessionId(id)] });
    assert_eq!(buckets, expected);
    let together = tracker.buckets(SessionKind::Global, 3_000, |_| Some(2_500));
    assert_eq!(together[0].sessions, [SessionId(1), SessionId(3)]);
    assert_eq!(tracker.buckets(SessionKind::Local, 7_000, |_| None)[0].expires_in_ms, -1_000);
}

#[derive(Debug, Clone)]
enum Step {
    Add(i64, i32),
    Touch(i64),
    Reattach(i64, i32),
    Remove(i64),
    Sweep,
}

fn step() -> impl Strategy<Value = (Step, u64)> {
    let id = 0..6i64;
    let timeout = prop_oneof![Just(4_000), Just(7_000), Just(20_000)];
    let step = prop_oneof![
        (id.clone(), timeout.clone()).prop_map(|(id, timeout)| Step::Add(id, timeout)),
        id.clone().prop_map(Step::Touch),
        (id.clone(), timeout).prop_map(|(id, timeout)| Step::Reattach(id, timeout)),
        id.prop_map(Step::Remove),
        Just(Step::Sweep),
    ];
    (step, 0..3_000u64)
}

proptest! {
    /// Against a model that keeps every deadline exact: the lazy queue expires the same sessions
    /// at the same sweeps in the same order.
    #[test]
    fn the_lazy_queue_expires_what_an_eager_one_would(
        steps in proptest::collection::vec(step(), 1..120),
    ) {
        let mut tracker = SessionTracker::new(RULES);
        let mut model: BTreeMap<i64, (u64, i32)> = BTreeMap::new();
        let mut now = 0;
        for (step, pause) in steps {
            now += pause;
            match step {
                Step::Add(id, timeout) => {
                    if tracker.is_closing(SessionId(id)) {
                        continue;
                    }
                    tracker.add(SessionId(id), timeout, SessionKind::Global, ME, now);
                    model.insert(id, (now, timeout));
                }
                Step::Touch(id) => {
                    let alive = tracker.touch(SessionId(id), now);
                    prop_assert_eq!(alive, model.contains_key(&id));
                    model.entry(id).and_modify(|entry| entry.0 = now);
                }
                Step::Reattach(id, timeout) => {
                    let alive = tracker.reattach(SessionId(id), timeout, ME, now);
                    prop_assert_eq!(alive, model.contains_key(&id));
                    model.entry(id).and_modify(|entry| *entry = (now, timeout));
                }
                Step::Remove(id) => {
                    tracker.remove(SessionId(id));
                    model.remove(&id);
                }
                Step::Sweep => {
                    let deadline = |&(heard, timeout): &(u64, i32)| {
                        bucket_of(heard, timeout as u64, TICK)
                    };
                    let mut due: Vec<(u64, i64)> = model
                        .iter()
                        .map(|(id, entry)| (deadline(entry), *id))
                        .filter(|(deadline, _)| *deadline <= now)
                        .collect();
                    due.sort_unstable();
                    let sweep = tracker.expired(now, ALL);
                    let found: Vec<(u64, i64)> =
                        sweep.expired.iter().map(|e| (e.bucket, e.session.0)).collect();
                    prop_assert_eq!(&found, &due);
                    due.iter().for_each(|(_, id)| { model.remove(id); });
                }
            }
            prop_assert_eq!(tracker.queue.len(), model.len());
        }
    }
}
