//! Who belongs to the ensemble and which sets of servers are a quorum of it: majority, weights
//! and groups, the rule of two configurations while one of them is being changed.
//!
//! Knows nothing of messages, and not whose votes are counted. (Reference A.9, A.6, B.12.)

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use codec::peer::{ConfigText, Role};
use codec::txn::{TxnBody, TxnHeader};
use codec::{Decode, OpCode, ServerId};

#[cfg(test)]
mod tests;

/// Which sets of servers are a quorum of one configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verifier {
    /// More than half of the voters, each counting once.
    Majority {
        /// Those that vote.
        voters: BTreeSet<ServerId>,
    },
    /// More than half of the groups, a group being won by more than half of its weight.
    Hierarchical {
        /// Per group its voting members and their weights. Groups of weight 0 are left out.
        groups: Vec<BTreeMap<ServerId, i64>>,
    },
}

impl Verifier {
    /// The verifier that a configuration asks for.
    pub fn of(config: &ConfigText) -> Self {
        let voters: BTreeSet<_> = config.participants().collect();
        if !config.is_hierarchical() {
            return Verifier::Majority { voters };
        }
        let weigh = |members: &BTreeSet<ServerId>| -> BTreeMap<ServerId, i64> {
            members.intersection(&voters).map(|sid| (*sid, config.weight(*sid))).collect()
        };
        let groups = config.groups.values().map(weigh).filter(|group| total(group.values()) > 0);
        Verifier::Hierarchical { groups: groups.collect() }
    }

    /// Whether the servers for which `has` holds are a quorum. All divisions are of integers.
    pub fn contains_quorum(&self, has: &dyn Fn(ServerId) -> bool) -> bool {
        match self {
            Verifier::Majority { voters } => {
                voters.iter().filter(|sid| has(**sid)).count() > voters.len() / 2
            }
            Verifier::Hierarchical { groups } => {
                let won = groups.iter().filter(|group| is_won(group, has)).count();
                won > groups.len() / 2
            }
        }
    }
}

fn total<'a>(weights: impl Iterator<Item = &'a i64>) -> i64 {
    weights.fold(0, |sum, weight| sum.saturating_add(*weight))
}

fn is_won(group: &BTreeMap<ServerId, i64>, has: &dyn Fn(ServerId) -> bool) -> bool {
    let present = group.iter().filter(|(sid, _)| has(**sid)).map(|(_, weight)| weight);
    total(present) > total(group.values()) / 2
}

/// The quorums that one decision needs: of the committed configuration, and of the last seen one
/// too if it is newer. A proposal keeps the rule of the moment at which it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuorumRule {
    verifiers: Vec<Verifier>,
}

impl QuorumRule {
    /// Whether the servers for which `has` holds are a quorum of every configuration concerned.
    pub fn is_met(&self, has: impl Fn(ServerId) -> bool) -> bool {
        self.verifiers.iter().all(|verifier| verifier.contains_quorum(&has))
    }
}

/// The committed configuration and the last one that was seen, which may still be undecided.
#[derive(Debug, Clone)]
pub struct Membership {
    committed: ConfigText,
    /// Invariant: its version is not below that of `committed`.
    last_seen: ConfigText,
    rule: Arc<QuorumRule>,
    committed_rule: Arc<QuorumRule>,
}

impl Membership {
    /// A server that knows of no undecided configuration.
    pub fn new(committed: ConfigText) -> Self {
        Membership::with_last_seen(committed.clone(), committed)
    }

    /// A server that came up with an undecided configuration (a `.next` file). One that is older
    /// than the committed configuration is dropped.
    pub fn with_last_seen(committed: ConfigText, last_seen: ConfigText) -> Self {
        let newer = last_seen.version > committed.version;
        let last_seen = if newer { last_seen } else { committed.clone() };
        let committed_verifier = Verifier::of(&committed);
        let mut verifiers = vec![committed_verifier.clone()];
        verifiers.extend(newer.then(|| Verifier::of(&last_seen)));
        Membership {
            committed,
            last_seen,
            rule: Arc::new(QuorumRule { verifiers }),
            committed_rule: Arc::new(QuorumRule { verifiers: vec![committed_verifier] }),
        }
    }

    /// The configuration in force.
    pub fn committed(&self) -> &ConfigText {
        &self.committed
    }

    /// The newest configuration known, decided or not.
    pub fn last_seen(&self) -> &ConfigText {
        &self.last_seen
    }

    /// Takes note of a proposed configuration; one of the same or an older version changes
    /// nothing. Tells whether it was new.
    pub fn see(&mut self, config: ConfigText) -> bool {
        let new = config.version > self.last_seen.version;
        if new {
            *self = Membership::with_last_seen(self.committed.clone(), config);
        }
        new
    }

    /// Puts a configuration in force. An older one than the committed changes nothing. Tells
    /// whether it was new.
    pub fn commit(&mut self, config: ConfigText) -> bool {
        let new = config.version > self.committed.version;
        if new {
            *self = Membership::with_last_seen(config, self.last_seen.clone());
        }
        new
    }

    /// The quorums that a decision made now needs.
    pub fn rule(&self) -> Arc<QuorumRule> {
        Arc::clone(&self.rule)
    }

    /// The quorum of the committed configuration alone: discovery counts by it.
    pub fn committed_rule(&self) -> Arc<QuorumRule> {
        Arc::clone(&self.committed_rule)
    }

    /// Whether a server votes in the committed configuration.
    pub fn is_voter(&self, sid: ServerId) -> bool {
        votes_in(&self.committed, sid)
    }

    /// Whether a server votes in the committed or in the last seen configuration: the set S of the
    /// election.
    pub fn is_in_view(&self, sid: ServerId) -> bool {
        self.is_voter(sid) || votes_in(&self.last_seen, sid)
    }

    /// All servers of the set S, in order.
    pub fn view(&self) -> BTreeSet<ServerId> {
        self.committed.participants().chain(self.last_seen.participants()).collect()
    }

    /// Weight in the order of votes: 1 in a majority configuration, whoever it is.
    pub fn weight(&self, sid: ServerId) -> i64 {
        match (self.committed.is_hierarchical(), self.is_voter(sid)) {
            (false, _) => 1,
            (true, true) => self.committed.weight(sid),
            (true, false) => 0,
        }
    }

    /// Whether the oracle of two-server ensembles may be asked at all: exactly two voters.
    pub fn has_two_voters(&self) -> bool {
        self.committed.participants().count() == 2
    }

    /// The role that the committed configuration gives a server; `None` if it is no member.
    pub fn role(&self, sid: ServerId) -> Option<Role> {
        self.committed.servers.get(&sid).map(|spec| spec.role)
    }
}

fn votes_in(config: &ConfigText, sid: ServerId) -> bool {
    config.servers.get(&sid).is_some_and(|spec| spec.role == Role::Participant)
}

/// The configuration in a transaction's bytes, if it is a reconfiguration that can be read. The
/// one look that this crate takes into a transaction.
pub fn config_in(txn: &[u8]) -> Option<ConfigText> {
    let header = TxnHeader::from_bytes(txn).ok()?;
    if header.txn_type != OpCode::Reconfig.code() {
        return None;
    }
    match codec::txn::Txn::from_bytes(txn).ok()?.body {
        TxnBody::Reconfig(body) => ConfigText::parse(body.data?).ok(),
        _ => None,
    }
}
