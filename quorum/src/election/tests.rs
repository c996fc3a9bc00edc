//! The election rule by rule, then whole elections on a network without delay.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::connection::Slots;

const FIVE: &str = "server.1=a:1:2\nserver.2=b:1:2\nserver.3=c:1:2\nserver.4=d:1:2\n\
    server.5=e:1:2\nserver.6=f:1:2:observer\nversion=0";
const THREE: &str = "server.1=a:1:2\nserver.2=b:1:2\nserver.3=c:1:2\nserver.4=d:1:2:observer\n\
    version=0";
const TWO: &str = "server.1=a:1:2\nserver.2=b:1:2\nversion=0";

fn config(text: &str) -> ConfigText {
    ConfigText::parse(text.as_bytes()).unwrap()
}

fn settings(me: i64, role: Role) -> Settings {
    Settings {
        me: ServerId(me),
        role,
        intervals: Intervals::default(),
        reconfig_enabled: true,
        has_oracle: false,
    }
}

fn history(epoch: i64, counter: u32) -> History {
    History { last_zxid: Zxid::new(epoch, counter), current_epoch: epoch }
}

fn looking(me: i64, text: &str, past: History) -> Election {
    let membership = Membership::new(config(text));
    let role = membership.role(ServerId(me)).unwrap_or_default();
    let mut election = Election::new(settings(me, role), membership, past);
    election.start_looking(Millis(0), past);
    election
}

fn message(state: PeerState, leader: i64, zxid: i64, round: i64, epoch: i64) -> Message {
    let vote = Vote { leader: ServerId(leader), zxid: Zxid(zxid), round, epoch };
    Message { state, vote, version: 2, config: None }
}

fn sends(effects: &[Effect]) -> Vec<(i64, PeerState, i64, i64)> {
    let of = |effect: &Effect| match effect {
        Effect::Send { to, message } => {
            Some((to.0, message.state, message.vote.leader.0, message.vote.round))
        }
        _ => None,
    };
    effects.iter().filter_map(of).collect()
}

fn decided(effects: &[Effect]) -> Option<(PeerState, i64)> {
    effects.iter().find_map(|effect| match effect {
        Effect::Decided { state, vote } => Some((*state, vote.leader.0)),
        _ => None,
    })
}

use PeerState::{Following, Leading, Looking, Observing};

#[test]
fn a_run_begins_with_the_own_vote_to_every_voter() {
    let mut election = looking(2, THREE, history(1, 5));
    let effects = election.take_effects();
    assert_eq!(sends(&effects), [(1, Looking, 2, 1), (3, Looking, 2, 1)]);
    assert_eq!(election.next_wake(), Some(Millis(200)));
}

#[test]
fn observers_and_joiners_propose_nobody() {
    let mut observer = looking(4, THREE, history(1, 5));
    let Some(Effect::Send { message, .. }) = observer.take_effects().into_iter().next() else {
        panic!("nothing sent")
    };
    assert_eq!(message.vote, Vote { round: 1, ..Vote::NOBODY });
    // A participant outside the configuration shows its history all the same. (A.10.)
    let mut joiner = looking(9, THREE, history(1, 5));
    let Some(Effect::Send { message, .. }) = joiner.take_effects().into_iter().next() else {
        panic!("nothing sent")
    };
    assert_eq!(message.vote.leader, ServerId(i64::MIN));
    assert_eq!((message.vote.zxid, message.vote.epoch), (Zxid::new(1, 5), 1));
}

#[test]
fn a_better_vote_is_taken_over_and_a_quorum_waits_for_a_still_better_one() {
    let mut election = looking(1, FIVE, history(1, 5));
    election.take_effects();
    election.handle_message(Millis(10), ServerId(2), message(Looking, 2, 0x1_0000_0005, 1, 1));
    assert!(sends(&election.take_effects()).iter().all(|(_, _, leader, _)| *leader == 2));
    election.handle_message(Millis(20), ServerId(3), message(Looking, 2, 0x1_0000_0005, 1, 1));
    assert_eq!(election.next_wake(), Some(Millis(220)));
    // A better vote of whatever round resumes the loop.
    election.handle_message(Millis(30), ServerId(5), message(Looking, 5, 0x1_0000_0005, 1, 1));
    election.handle_wake(Millis(220), true);
    assert_eq!(decided(&election.take_effects()), None);
    election.handle_message(Millis(230), ServerId(4), message(Looking, 5, 0x1_0000_0005, 1, 1));
    election.take_effects();
    // Worse ones are dropped and prolong the wait.
    election.handle_message(Millis(300), ServerId(3), message(Looking, 2, 0x1_0000_0005, 1, 1));
    election.handle_wake(Millis(499), true);
    assert_eq!(decided(&election.take_effects()), None);
    election.handle_wake(Millis(500), true);
    assert_eq!(decided(&election.take_effects()), Some((Following, 5)));
    assert_eq!(election.next_wake(), None);
}

#[test]
fn a_later_round_clears_the_table_and_an_earlier_one_is_told() {
    let mut election = looking(3, THREE, history(1, 5));
    election.handle_message(Millis(0), ServerId(1), message(Looking, 1, 0x1_0000_0001, 1, 1));
    // Votes of round 1 said 3 with the votes of 3 alone; round 7 begins with nothing.
    election.take_effects();
    election.handle_message(Millis(1), ServerId(2), message(Looking, 2, 0x1_0000_0004, 7, 1));
    assert_eq!(election.round(), 7);
    assert_eq!(sends(&election.take_effects()), [(1, Looking, 3, 7), (2, Looking, 3, 7)]);
    election.handle_message(Millis(2), ServerId(1), message(Looking, 1, 0x1_0000_0001, 6, 1));
    assert_eq!(sends(&election.take_effects()), [(1, Looking, 3, 7)]);
}

#[test]
fn a_wiped_voter_neither_elects_nor_counts() {
    let lost = History { last_zxid: Zxid::UNKNOWN, current_epoch: -1 };
    let mut wiped = looking(1, THREE, lost);
    wiped.handle_message(Millis(0), ServerId(2), message(Looking, 2, 5, 1, 0));
    wiped.handle_message(Millis(0), ServerId(3), message(Looking, 2, 5, 1, 0));
    assert_eq!(wiped.next_wake(), Some(Millis(200)));
    wiped.handle_wake(Millis(200), true);
    assert_eq!(decided(&wiped.take_effects()), None);
    let mut whole = looking(3, THREE, history(1, 1));
    whole.handle_message(Millis(0), ServerId(1), message(Looking, 3, -1, 1, -1));
    whole.handle_wake(Millis(200), true);
    assert_eq!(decided(&whole.take_effects()), None);
}

#[test]
fn resends_back_off_and_undelivered_votes_dial() {
    let mut election = looking(1, THREE, history(1, 1));
    election.take_effects();
    let mut at = 0;
    for gap in [200, 400, 800, 1600, 3200, 6400] {
        at += gap;
        election.handle_wake(Millis(at - 1), true);
        assert!(election.take_effects().is_empty());
        election.handle_wake(Millis(at), true);
        assert_eq!(sends(&election.take_effects()).len(), 2);
        // The own vote, looped back, restarts the wait with the doubled gap.
        at = election.next_wake().unwrap().0 - gap * 2;
    }
    let wake = election.next_wake().unwrap();
    election.handle_wake(wake, false);
    assert_eq!(election.take_effects(), [Effect::DialAll]);
    for _ in 0..10 {
        let wake = election.next_wake().unwrap();
        election.handle_wake(wake, false);
        assert!(election.next_wake().unwrap() <= wake + 60_000);
    }
}

#[test]
fn votes_for_or_from_outside_the_view_are_ignored() {
    let mut election = looking(1, THREE, history(1, 1));
    election.take_effects();
    for (from, leader) in [(2, 9), (2, 4)] {
        let vote = message(Looking, leader, 0x9_0000_0000, 1, 9);
        election.handle_message(Millis(0), ServerId(from), vote);
    }
    assert!(election.take_effects().is_empty());
    // The observer asks: answered with the current vote, not counted.
    let ask = |round| message(Looking, i64::MIN, i64::MIN, round, i64::MIN);
    election.handle_message(Millis(0), ServerId(4), ask(1));
    assert_eq!(sends(&election.take_effects()), [(4, Looking, 1, 1)]);
    // With its round ahead it would only contradict, and we it, for ever.
    election.handle_message(Millis(0), ServerId(4), ask(3));
    assert_eq!(sends(&election.take_effects()), []);
    assert_eq!(election.round(), 1);
}

#[test]
fn an_observer_and_a_voter_of_different_rounds_do_not_answer_each_other_without_end() {
    let mut observer = looking(4, THREE, history(1, 1));
    observer.start_looking(Millis(1), history(1, 1));
    observer.take_effects();
    observer.handle_message(Millis(2), ServerId(1), message(Looking, 1, 0, 1, 1));
    assert_eq!(sends(&observer.take_effects()), []);
    let mut voter = looking(1, THREE, history(1, 1));
    voter.take_effects();
    voter.handle_message(Millis(2), ServerId(4), message(Observing, 3, 0, 1, 1));
    assert_eq!(sends(&voter.take_effects()), []);
}

#[test]
fn a_running_ensemble_is_joined_once_its_leader_has_spoken() {
    let mut election = looking(1, FIVE, history(1, 1));
    election.take_effects();
    for follower in [2, 4, 5] {
        // Each keeps the zxid and the round of the election it took part in. (A.9, A.11.)
        let vote = message(Following, 3, follower, 20 + follower, 6);
        election.handle_message(Millis(1), ServerId(follower), vote);
    }
    assert_eq!(decided(&election.take_effects()), None);
    let leader = message(Leading, 3, 0x5_0000_0001, 22, 6);
    election.handle_message(Millis(2), ServerId(3), leader);
    assert_eq!(decided(&election.take_effects()), Some((Following, 3)));
    assert_eq!(election.round(), 22);
}

#[test]
fn a_leader_alone_or_members_of_another_epoch_are_not_enough() {
    let mut election = looking(1, FIVE, history(1, 1));
    election.handle_message(Millis(1), ServerId(3), message(Leading, 3, 0, 22, 6));
    election.handle_message(Millis(1), ServerId(4), message(Following, 3, 0, 22, 6));
    election.handle_message(Millis(1), ServerId(5), message(Following, 3, 0, 22, 5));
    election.handle_message(Millis(1), ServerId(2), message(Observing, 3, 0, 22, 6));
    assert_eq!(decided(&election.take_effects()), None);
    election.handle_message(Millis(1), ServerId(2), message(Following, 3, 0, 20, 6));
    assert_eq!(decided(&election.take_effects()), Some((Following, 3)));
}

#[test]
fn members_of_a_3_4_ensemble_agree_over_the_leader_alone() {
    let mut election = looking(1, THREE, history(1, 1));
    let old = |state, epoch| Message { version: 0, ..message(state, 3, 0, 2, epoch) };
    // Its followers answer a version-0 sender with the vote before the new epoch. (A.13.)
    election.handle_message(Millis(1), ServerId(3), message(Leading, 3, 0, 2, 6));
    election.handle_message(Millis(1), ServerId(2), old(Following, 5));
    assert_eq!(decided(&election.take_effects()), Some((Following, 3)));
}

#[test]
fn others_that_still_follow_me_make_me_lead_only_in_my_round() {
    let mut election = looking(3, THREE, history(1, 1));
    for sid in [1, 2] {
        election.handle_message(Millis(1), ServerId(sid), message(Following, 3, 0, 9, 1));
    }
    assert_eq!(decided(&election.take_effects()), None);
    for sid in [1, 2] {
        election.handle_message(Millis(1), ServerId(sid), message(Following, 3, 0, 1, 1));
    }
    assert_eq!(decided(&election.take_effects()), Some((Leading, 3)));
}

#[test]
fn a_settled_server_answers_with_its_stored_round_and_the_epoch_it_took() {
    let mut election = looking(3, THREE, history(1, 1));
    election.handle_message(Millis(1), ServerId(2), message(Looking, 3, 0x1_0000_0001, 1, 1));
    election.handle_wake(Millis(201), true);
    assert_eq!(decided(&election.take_effects()), Some((Leading, 3)));
    election.report_epoch(2);
    election.handle_message(Millis(300), ServerId(1), message(Looking, 1, 0, 9, 0));
    let effects = election.take_effects();
    assert_eq!(sends(&effects), [(1, Leading, 3, 1)]);
    assert!(effects.contains(&Effect::VoterLooking(ServerId(1))));
    assert_eq!(election.vote().epoch, 2);
    // An observer is answered with the logical clock; settled senders are not answered.
    election.handle_message(Millis(300), ServerId(4), message(Looking, 1, 0, 9, 0));
    election.handle_message(Millis(300), ServerId(2), message(Following, 3, 0, 1, 2));
    assert_eq!(sends(&election.take_effects()), [(4, Leading, 3, 1)]);
}

#[test]
fn a_newer_configuration_is_adopted_and_the_round_begun_anew() {
    let mut election = looking(1, THREE, history(1, 1));
    election.take_effects();
    let newer = config(&FIVE.replace("version=0", "version=100000005"));
    let vote = Message { config: Some(newer.clone()), ..message(Looking, 3, 0, 1, 1) };
    election.handle_message(Millis(5), ServerId(3), vote.clone());
    let effects = election.take_effects();
    assert_eq!(effects[0], Effect::AdoptConfig(newer));
    assert_eq!(sends(&effects).len(), 4);
    assert_eq!(election.round(), 2);
    // With reconfiguration disabled the vote counts and the configuration does not. (A.7.1, RS.)
    let fixed = Settings { reconfig_enabled: false, ..settings(1, Role::Participant) };
    let mut election = Election::new(fixed, Membership::new(config(THREE)), history(1, 1));
    election.start_looking(Millis(0), history(1, 1));
    election.handle_message(Millis(5), ServerId(3), vote);
    assert_eq!(election.membership().committed().version, 0);
}

#[test]
fn both_configurations_must_agree_while_one_is_undecided() {
    let last_seen = config(&FIVE.replace("version=0", "version=7"));
    let membership = Membership::with_last_seen(config(THREE), last_seen);
    let past = history(1, 1);
    let mut election = Election::new(settings(3, Role::Participant), membership, past);
    election.start_looking(Millis(0), past);
    let vote = |zxid| message(Looking, 3, zxid, 1, 1);
    election.handle_message(Millis(1), ServerId(2), vote(past.last_zxid.0));
    election.handle_wake(Millis(201), true);
    assert_eq!(decided(&election.take_effects()), None);
    election.handle_message(Millis(210), ServerId(5), vote(past.last_zxid.0));
    election.handle_wake(Millis(410), true);
    assert_eq!(decided(&election.take_effects()), Some((Leading, 3)));
}

#[test]
fn the_oracle_lets_one_of_two_decide_after_a_while_or_follow() {
    let with_oracle = Settings { has_oracle: true, ..settings(1, Role::Participant) };
    let members = Membership::new(config(TWO));
    let mut election = Election::new(with_oracle, members.clone(), history(1, 1));
    election.start_looking(Millis(0), history(1, 1));
    election.set_oracle(true);
    election.handle_wake(Millis(200), true);
    assert_eq!(decided(&election.take_effects()), None);
    let wake = election.next_wake().unwrap();
    election.handle_wake(wake, true);
    assert_eq!(decided(&election.take_effects()), Some((Leading, 1)));
    let mut election = Election::new(with_oracle, members, history(1, 1));
    election.start_looking(Millis(0), history(1, 1));
    election.handle_message(Millis(1), ServerId(2), message(Leading, 2, 0, 3, 2));
    assert_eq!(decided(&election.take_effects()), Some((Following, 2)));
}

#[test]
fn a_named_leader_is_taken_without_election() {
    let mut election = looking(1, THREE, history(1, 1));
    election.assume(ServerId(2), Zxid::new(1, 7));
    assert_eq!(decided(&election.take_effects()), Some((Following, 2)));
    election.assume(ServerId(1), Zxid::new(1, 7));
    assert_eq!(decided(&election.take_effects()), Some((Leading, 1)));
}

/// Elections on a network: links that can be cut, one-slot queues, virtual time.
struct Net {
    servers: BTreeMap<i64, (Election, Slots<Message>)>,
    down: BTreeSet<i64>,
    now: Millis,
    outcome: BTreeMap<i64, (PeerState, i64)>,
}

impl Net {
    fn new(text: &str, pasts: &[(i64, History)]) -> Self {
        let servers =
            pasts.iter().map(|(me, past)| (*me, (looking(*me, text, *past), Slots::default())));
        Net {
            servers: servers.collect(),
            down: BTreeSet::new(),
            now: Millis(0),
            outcome: BTreeMap::new(),
        }
    }

    fn drain(&mut self, me: i64) {
        let Some((election, slots)) = self.servers.get_mut(&me) else { return };
        for effect in election.take_effects() {
            match effect {
                Effect::Send { to, message } => slots.offer(to, message),
                Effect::Decided { state, vote } => {
                    self.outcome.insert(me, (state, vote.leader.0));
                }
                _ => {}
            }
        }
    }

    /// Delivers what can be delivered; tells whether anything was.
    fn deliver(&mut self) -> bool {
        let mut busy = false;
        for from in self.servers.keys().copied().collect::<Vec<_>>() {
            self.drain(from);
            if self.down.contains(&from) {
                continue;
            }
            let peers: Vec<_> = self.servers[&from].1.peers().collect();
            for to in peers {
                if self.down.contains(&to.0) || !self.servers.contains_key(&to.0) {
                    continue;
                }
                let slots = &mut self.servers.get_mut(&from).unwrap().1;
                let Some(message) = slots.take(to) else { continue };
                let receiver = &mut self.servers.get_mut(&to.0).unwrap().0;
                receiver.handle_message(self.now, ServerId(from), message);
                self.drain(to.0);
                busy = true;
            }
        }
        busy
    }

    fn run(&mut self, span_ms: u64) {
        let end = self.now + span_ms;
        loop {
            while self.deliver() {}
            let up = self.servers.iter().filter(|(sid, _)| !self.down.contains(sid));
            let Some(next) = up.filter_map(|(_, (e, _))| e.next_wake()).min() else { return };
            if next > end {
                return;
            }
            self.now = self.now.max(next);
            for (election, slots) in self.servers.values_mut() {
                election.handle_wake(self.now, slots.any_delivered());
            }
        }
    }

    fn leader(&self) -> i64 {
        let leaders: Vec<_> = self.outcome.iter().filter(|(_, o)| o.0 == Leading).collect();
        assert_eq!(leaders.len(), 1, "{:?}", self.outcome);
        assert!(self.outcome.values().all(|(_, leader)| leader == leaders[0].0));
        *leaders[0].0
    }
}

#[test]
fn five_elect_the_one_with_the_best_history_and_the_observer_observes_it() {
    let mut pasts: Vec<_> = (1..=6).map(|sid| (sid, history(1, 10))).collect();
    pasts[1].1 = history(2, 3);
    let mut net = Net::new(FIVE, &pasts);
    net.run(5_000);
    assert_eq!(net.leader(), 2);
    assert_eq!(net.outcome.len(), 6);
    assert_eq!(net.outcome[&6], (Observing, 2));
}

#[test]
fn a_new_election_without_the_dead_leader_and_its_return_as_follower() {
    let pasts: Vec<_> = (1..=3).map(|sid| (sid, history(1, 10))).collect();
    let mut net = Net::new(THREE, &pasts);
    net.run(5_000);
    assert_eq!(net.leader(), 3);
    net.down.insert(3);
    net.outcome.clear();
    let now = net.now;
    for sid in [1, 2] {
        net.servers.get_mut(&sid).unwrap().0.start_looking(now, history(1, 10));
    }
    net.run(5_000);
    assert_eq!(net.leader(), 2);
    for sid in [1, 2] {
        net.servers.get_mut(&sid).unwrap().0.report_epoch(2);
    }
    net.down.clear();
    net.servers.insert(3, (looking(3, THREE, history(1, 99)), Slots::default()));
    let now = net.now;
    net.servers.get_mut(&3).unwrap().0.start_looking(now, history(1, 99));
    net.run(5_000);
    assert_eq!(net.outcome[&3], (Following, 2));
}

#[test]
fn a_minority_never_decides() {
    let mut net = Net::new(FIVE, &[(1, history(1, 1)), (2, history(1, 2)), (6, history(1, 9))]);
    net.run(100_000);
    assert!(net.outcome.is_empty());
}

proptest! {
    /// Whatever the histories, those that are up elect exactly one leader, the best of them.
    #[test]
    fn one_leader_and_the_best(
        pasts in proptest::collection::vec((0i64..3, 0u32..4), 5),
        down in 0usize..3,
    ) {
        let servers: Vec<_> = pasts.iter().zip(1..).map(|(p, sid)| (sid, history(p.0, p.1))).collect();
        let up = &servers[down..];
        let mut net = Net::new(FIVE, up);
        net.run(60_000);
        let best = up.iter().max_by_key(|(sid, past)| (past.current_epoch, past.last_zxid, *sid));
        prop_assert_eq!(Some(net.leader()), best.map(|(sid, _)| *sid));
        prop_assert_eq!(net.outcome.len(), up.len());
    }
}
