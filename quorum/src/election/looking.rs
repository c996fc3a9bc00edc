//! One run of the election's loop: from the change to LOOKING until a leader is found.
//! (Reference A.8.)

use std::collections::BTreeMap;

use codec::peer::PeerState;
use codec::{ServerId, Zxid};

use super::{Effect, Election, Message, Stored, Vote};
use crate::time::Millis;

type Votes = BTreeMap<ServerId, Stored>;

/// What lives as long as one run.
#[derive(Debug)]
pub(super) struct Run {
    /// This server's own vote.
    initial: Vote,
    /// The best vote seen.
    pub(super) proposal: Vote,
    /// Votes of this round. Bounded by the number of voters, as all tables here.
    recv: Votes,
    /// Votes of established members, whatever their round.
    out: Votes,
    timeout_ms: u64,
    wake_at: Millis,
    /// A quorum agrees with the proposal; a better vote may come until `wake_at`.
    finalizing: bool,
}

impl Run {
    pub(super) fn new(initial: Vote, timeout_ms: u64, now: Millis) -> Self {
        Run {
            initial,
            proposal: initial,
            recv: Votes::new(),
            out: Votes::new(),
            timeout_ms,
            wake_at: now + timeout_ms,
            finalizing: false,
        }
    }

    pub(super) fn wake_at(&self) -> Millis {
        self.wake_at
    }
}

impl Election {
    /// A message of a voter, while this server is LOOKING.
    pub(super) fn consider(&mut self, now: Millis, sender: ServerId, message: &Message) {
        if !self.membership.is_in_view(message.vote.leader) {
            return;
        }
        let intervals = self.settings.intervals;
        let Some(run) = &mut self.run else { return };
        if run.finalizing {
            // A better vote resumes the loop, whatever its round; others are dropped.
            if !message.vote.is_better(&run.proposal, &self.membership) {
                run.wake_at = now + intervals.finalize_ms;
                return;
            }
            run.finalizing = false;
        }
        run.wake_at = now + run.timeout_ms;
        match message.state {
            PeerState::Looking => self.consider_looking(now, sender, message.vote),
            PeerState::Observing => {}
            PeerState::Following | PeerState::Leading => {
                self.consider_established(sender, message);
            }
        }
    }

    fn consider_looking(&mut self, now: Millis, sender: ServerId, vote: Vote) {
        let Some(run) = &mut self.run else { return };
        if run.initial.zxid == Zxid::UNKNOWN || vote.zxid == Zxid::UNKNOWN {
            return;
        }
        if vote.round < self.round {
            return;
        }
        let members = &self.membership;
        let ahead = vote.round > self.round;
        let base = if ahead { run.initial } else { run.proposal };
        let wins = vote.is_better(&base, members);
        if ahead {
            self.round = vote.round;
            run.recv.clear();
        }
        if ahead || wins {
            run.proposal = if wins { vote } else { base };
            run.proposal.round = self.round;
            self.broadcast();
        }
        self.count_looking(now, sender, vote);
    }

    fn count_looking(&mut self, now: Millis, sender: ServerId, vote: Vote) {
        let Some(run) = &mut self.run else { return };
        run.recv.insert(sender, Stored::looking(vote));
        let wanted = Stored::looking(Vote { round: self.round, ..run.proposal });
        let rule = self.membership.rule();
        if rule.is_met(|sid| agrees(&run.recv, sid, &wanted)) {
            run.finalizing = true;
            run.wake_at = now + self.settings.intervals.finalize_ms;
        }
    }

    fn consider_established(&mut self, sender: ServerId, message: &Message) {
        let Some(run) = &mut self.run else { return };
        let rule = self.membership.rule();
        let (vote, state) = (message.vote, message.state);
        let full = Stored { vote, state, version: message.version };
        if vote.round == self.round {
            run.recv.insert(sender, Stored { version: 0, ..full });
            let agreed = rule.is_met(|sid| agrees(&run.recv, sid, &full));
            if agreed && leader_confirms(&run.recv, &vote, self.settings.me, self.round) {
                return self.decide(vote);
            }
        }
        run.out.insert(sender, full);
        let agreed = rule.is_met(|sid| agrees(&run.out, sid, &full));
        if agreed && leader_confirms(&run.out, &vote, self.settings.me, self.round) {
            self.round = vote.round;
            return self.decide(vote);
        }
        // The rest of two servers that may not lead follows the one that does. (A.9.)
        let two = self.settings.has_oracle && self.membership.has_two_voters();
        if state == PeerState::Leading && two && !self.oracle_allows {
            self.decide(vote);
        }
    }

    /// The wait is over: decide, or say again what was said.
    pub(super) fn wake(&mut self, now: Millis, any_delivered: bool) {
        let Some(run) = &mut self.run else { return };
        if now < run.wake_at {
            return;
        }
        if run.finalizing {
            let vote = Vote { round: self.round, ..run.proposal };
            return self.decide(vote);
        }
        let first = run.timeout_ms == self.settings.intervals.min_ms;
        run.timeout_ms = (run.timeout_ms * 2).min(self.settings.intervals.max_ms);
        run.wake_at = now + run.timeout_ms;
        let alone = !run.recv.is_empty() && !first;
        if any_delivered {
            self.broadcast();
        } else {
            self.effects.push(Effect::DialAll);
        }
        if alone {
            self.ask_oracle();
        }
    }

    /// With two voters, the one that is left may decide for itself if the oracle says so. (A.9.)
    fn ask_oracle(&mut self) {
        let two = self.settings.has_oracle && self.membership.has_two_voters();
        let own = self.run.as_ref().map(|run| Vote { round: self.round, ..run.proposal });
        if let (true, true, Some(vote)) = (two, self.oracle_allows, own) {
            self.decide(vote);
        }
    }
}

fn agrees(votes: &Votes, sid: ServerId, wanted: &Stored) -> bool {
    votes.get(&sid).is_some_and(|stored| wanted.agrees_with(stored))
}

/// A leader is believed if it says itself that it leads; this server, if the round is its own.
fn leader_confirms(votes: &Votes, vote: &Vote, me: ServerId, round: i64) -> bool {
    if vote.leader == me {
        return vote.round == round;
    }
    votes.get(&vote.leader).is_some_and(|stored| stored.state == PeerState::Leading)
}
