//! Phase 0: fast leader election, one long-lived core per server.
//!
//! ```text
//!              start_looking                       a quorum agrees, finalize wait passed
//!   (any) ───────────────────▶ LOOKING ───────────────────────────────────────────────▶ LEADING
//!                                │  a leader and enough of its followers were heard     FOLLOWING
//!                                └──────────────────────────────────────────────────▶   OBSERVING
//! ```
//!
//! The driver hands in every message (with the id of the connection it came on) and wakes the core
//! at [`Election::next_wake`]; it carries out the [`Effect`]s in order. Messages to oneself never
//! leave the core. While LEADING, FOLLOWING or OBSERVING the core still answers latecomers, so it
//! lives as long as the server. It writes nothing: the round is not persistent. (Reference A.7 to
//! A.11.)

mod looking;
pub mod vote;

#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use codec::peer::{ConfigText, PeerState, Role};
use codec::{ServerId, Zxid};

use crate::membership::Membership;
use crate::time::Millis;
use looking::Run;
pub use vote::{Message, Stored, Vote};

/// Waits of the election, ms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Intervals {
    /// `zookeeper.fastleader.minNotificationInterval`.
    pub min_ms: u64,
    /// `zookeeper.fastleader.maxNotificationInterval`.
    pub max_ms: u64,
    /// How long a better vote may still come once a quorum agrees.
    pub finalize_ms: u64,
}

impl Default for Intervals {
    fn default() -> Self {
        Intervals { min_ms: 200, max_ms: 60_000, finalize_ms: 200 }
    }
}

/// What does not change while the server runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// `myid`.
    pub me: ServerId,
    /// The role this server takes (`peerType`, or its line in the configuration).
    pub role: Role,
    /// Waits.
    pub intervals: Intervals,
    /// `reconfigEnabled`: whether newer configurations are taken over from others.
    pub reconfig_enabled: bool,
    /// `oraclePath` is set.
    pub has_oracle: bool,
}

/// What this server's history is at the moment at which it goes LOOKING.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct History {
    /// The last zxid of everything it has ever acknowledged; -1 if it lost its data.
    pub last_zxid: Zxid,
    /// `currentEpoch`.
    pub current_epoch: i64,
}

/// What the driver does for the election.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Put the message in the peer's send slot.
    Send {
        /// To whom.
        to: ServerId,
        /// What.
        message: Message,
    },
    /// Nothing was delivered: dial every peer that has something in its slot.
    DialAll,
    /// A newer configuration came from a peer. The core uses it already and has begun a new round;
    /// write it and restart the listener if the own address changed.
    AdoptConfig(ConfigText),
    /// The election is over: take this role. The vote says who leads.
    Decided {
        /// LEADING, FOLLOWING or OBSERVING.
        state: PeerState,
        /// The vote that won.
        vote: Vote,
    },
    /// While this server leads, a voter is LOOKING: `Leader::on_voter_looking` wants to know.
    VoterLooking(ServerId),
}

/// The election of one server.
#[derive(Debug)]
pub struct Election {
    settings: Settings,
    membership: Membership,
    history: History,
    /// The logical clock. Invariant: never goes back.
    round: i64,
    state: PeerState,
    /// What is answered to those who ask while this server is not LOOKING.
    vote: Vote,
    run: Option<Run>,
    oracle_allows: bool,
    /// Messages of this server to itself.
    loopback: VecDeque<Message>,
    effects: Vec<Effect>,
}

impl Election {
    /// A server that has not looked yet. Call [`Election::start_looking`] next.
    pub fn new(settings: Settings, membership: Membership, history: History) -> Self {
        let vote = Vote {
            leader: settings.me,
            zxid: history.last_zxid,
            round: 0,
            epoch: history.current_epoch,
        };
        Election {
            settings,
            membership,
            history,
            round: 0,
            state: PeerState::Looking,
            vote,
            run: None,
            oracle_allows: false,
            loopback: VecDeque::new(),
            effects: Vec::new(),
        }
    }

    /// The state in which this server is.
    pub fn state(&self) -> PeerState {
        self.state
    }

    /// The vote that is reported to those who ask.
    pub fn vote(&self) -> Vote {
        self.vote
    }

    /// The logical clock.
    pub fn round(&self) -> i64 {
        self.round
    }

    /// The configurations by which it counts.
    pub fn membership(&self) -> &Membership {
        &self.membership
    }

    /// Takes over what a leader or a learner has learned of configurations.
    pub fn set_membership(&mut self, membership: Membership) {
        self.membership = membership;
    }

    /// Takes another role (after a reconfiguration); for the next round.
    pub fn set_role(&mut self, role: Role) {
        self.settings.role = role;
    }

    /// What the oracle's file says now; to be read again before every wake.
    pub fn set_oracle(&mut self, allows: bool) {
        self.oracle_allows = allows;
    }

    /// After synchronisation the reported vote takes the new epoch; zxid and round stay those of
    /// the election. (A.11.)
    pub fn report_epoch(&mut self, epoch: i64) {
        self.vote.epoch = epoch;
    }

    /// Begins a round. `history` must cover everything that this server has ever acknowledged: the
    /// log is replayed into the tree before (B.10, ZK-2845).
    pub fn start_looking(&mut self, now: Millis, history: History) {
        self.history = history;
        self.state = PeerState::Looking;
        self.round += 1;
        let initial = self.initial_vote();
        self.run = Some(Run::new(initial, self.settings.intervals.min_ms, now));
        self.loopback.clear();
        self.broadcast();
        self.handle_loopback(now);
    }

    /// Skips one election: a reconfiguration has named the leader. (B.12.)
    pub fn assume(&mut self, leader: ServerId, zxid: Zxid) {
        let vote = Vote { leader, zxid, round: self.round, epoch: self.vote.epoch };
        self.decide(vote);
    }

    /// A message came in on the connection to `sender`.
    pub fn handle_message(&mut self, now: Millis, sender: ServerId, message: Message) {
        self.receive(now, sender, message);
        self.handle_loopback(now);
    }

    /// To be called at [`Election::next_wake`] or later. `any_delivered` is what
    /// [`crate::connection::Slots::any_delivered`] says.
    pub fn handle_wake(&mut self, now: Millis, any_delivered: bool) {
        self.wake(now, any_delivered);
        self.handle_loopback(now);
    }

    /// When the core wants to be woken; `None` while it is not LOOKING.
    pub fn next_wake(&self) -> Option<Millis> {
        self.run.as_ref().map(Run::wake_at)
    }

    /// Hands out what is to be done, in order.
    pub fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// (A.8, A.10) Only voters propose themselves; only participants show their history.
    fn initial_vote(&self) -> Vote {
        let mut vote = Vote { round: self.round, ..Vote::NOBODY };
        if self.membership.is_voter(self.settings.me) {
            vote.leader = self.settings.me;
        }
        if self.settings.role == Role::Participant {
            vote.zxid = self.history.last_zxid;
            vote.epoch = self.history.current_epoch;
        }
        vote
    }

    /// What happens to a message before the algorithm sees it. (A.7.)
    fn receive(&mut self, now: Millis, sender: ServerId, message: Message) {
        let looking = self.state == PeerState::Looking;
        if looking && self.adopts(&message) {
            return self.adopt(now, message.config.unwrap_or_default());
        }
        let sender_looks = message.state == PeerState::Looking;
        if !self.membership.is_in_view(sender) {
            // An observer that has a leader asks for nothing, and would answer our LOOKING; one
            // whose round is ahead would ignore a LOOKING vote of ours and tell us so. Either would
            // go on without end.
            let contradicts = looking && message.vote.round > self.round;
            if sender_looks && !contradicts {
                let vote = Vote { round: self.round, ..self.vote };
                self.answer(sender, self.state, vote);
            }
            return;
        }
        if !looking {
            if sender_looks {
                self.answer(sender, self.state, self.vote);
                if self.state == PeerState::Leading {
                    self.effects.push(Effect::VoterLooking(sender));
                }
            }
            return;
        }
        // Voters take no round from us unless we are one of them.
        let heard = self.membership.is_in_view(self.settings.me);
        let late = heard && sender_looks && message.vote.round < self.round;
        self.consider(now, sender, &message);
        if late && let Some(run) = &self.run {
            let vote = Vote { round: self.round, ..run.proposal };
            self.answer(sender, PeerState::Looking, vote);
        }
    }

    fn adopts(&self, message: &Message) -> bool {
        let newer = |config: &ConfigText| config.version > self.membership.committed().version;
        self.settings.reconfig_enabled && message.config.as_ref().is_some_and(newer)
    }

    /// A newer configuration is in force elsewhere: use it and begin anew. (A.7.1.)
    fn adopt(&mut self, now: Millis, config: ConfigText) {
        self.membership.commit(config.clone());
        self.effects.push(Effect::AdoptConfig(config));
        self.start_looking(now, self.history);
    }

    fn answer(&mut self, to: ServerId, state: PeerState, vote: Vote) {
        let message = self.message(state, vote);
        self.send(to, message);
    }

    fn message(&self, state: PeerState, vote: Vote) -> Message {
        let config = Some(self.membership.committed().clone());
        Message { state, vote, version: Message::VERSION, config }
    }

    fn send(&mut self, to: ServerId, message: Message) {
        if to == self.settings.me {
            self.loopback.push_back(message);
        } else {
            self.effects.push(Effect::Send { to, message });
        }
    }

    /// The proposal to every voter, this server included.
    fn broadcast(&mut self) {
        let Some(run) = &self.run else { return };
        let vote = Vote { round: self.round, ..run.proposal };
        let message = self.message(PeerState::Looking, vote);
        for sid in self.membership.view() {
            self.send(sid, message.clone());
        }
    }

    fn handle_loopback(&mut self, now: Millis) {
        while let Some(message) = self.loopback.pop_front() {
            self.receive(now, self.settings.me, message);
        }
    }

    fn decide(&mut self, vote: Vote) {
        self.state = match (vote.leader == self.settings.me, self.settings.role) {
            (true, _) => PeerState::Leading,
            (false, Role::Participant) => PeerState::Following,
            (false, Role::Observer) => PeerState::Observing,
        };
        self.vote = vote;
        self.run = None;
        self.loopback.clear();
        self.effects.push(Effect::Decided { state: self.state, vote });
    }
}
