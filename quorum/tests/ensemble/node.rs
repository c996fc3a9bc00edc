//! One server: the cores of its roles, its memory, its disk and the work that the disk still has
//! to do.

use std::collections::VecDeque;

use codec::peer::Role;
use codec::{ServerId, Zxid};
use quorum::connection::Slots;
use quorum::election::{self, History, Intervals, Message};
use quorum::leader::LearnerId;
use quorum::sync::CommittedLog;
use quorum::{Election, Leader, Learner, Membership, Millis, Timing, Txn};

use crate::disk::{Disk, Tree};

pub const TIMING: Timing = Timing { tick_ms: 100, init_limit: 10, sync_limit: 5 };

/// What a disk has been asked to do and has not done.
#[derive(Debug)]
pub enum Job {
    Accepted(i64),
    Current(i64),
    Append(Txn),
    Save(Zxid),
}

pub enum Act {
    Looking,
    /// Until the leader answers, or the tries are used up.
    Connecting {
        leader: i64,
        tries: u32,
        at: Millis,
    },
    Leading(Box<Leader>),
    Learning {
        learner: Box<Learner>,
        link: LearnerId,
    },
}

pub struct Node {
    pub sid: ServerId,
    pub role: Role,
    pub members: Membership,
    pub election: Election,
    pub slots: Slots<Message>,
    pub act: Act,
    pub up: bool,
    pub serving: bool,
    /// Disk work waits until it is let go; a crash loses it.
    pub hold_disk: bool,
    pub jobs: VecDeque<Job>,
    pub disk: Disk,
    pub tree: Tree,
    pub last: Zxid,
    pub committed: CommittedLog,
    /// Answers to sync requests that came.
    pub synced: u32,
    /// Packets and effects of synchronisation, for tests to look at: DIFF, TRUNC, SNAP.
    pub syncs: Vec<codec::peer::PacketType>,
}

impl Node {
    pub fn new(sid: i64, members: Membership, disk: Disk, now: Millis) -> Self {
        let sid = ServerId(sid);
        let role = members.role(sid).unwrap_or_default();
        let (last, tree) = disk.recover();
        let history = History { last_zxid: last, current_epoch: disk.current };
        let settings = election::Settings {
            me: sid,
            role,
            intervals: Intervals::default(),
            reconfig_enabled: false,
            has_oracle: false,
        };
        let mut election = Election::new(settings, members.clone(), history);
        election.start_looking(now, history);
        Node {
            sid,
            role,
            members,
            election,
            slots: Slots::default(),
            act: Act::Looking,
            up: true,
            serving: false,
            hold_disk: false,
            jobs: VecDeque::new(),
            disk,
            tree,
            last,
            committed: CommittedLog::new(500, usize::MAX),
            synced: 0,
            syncs: Vec::new(),
        }
    }

    /// Back to LOOKING without a restart: the log is flushed and replayed into the tree first
    /// (B.10, ZK-2845), or the tree is dropped (ZK-3642).
    pub fn look(&mut self, now: Millis, discard_memory: bool) {
        for job in std::mem::take(&mut self.jobs) {
            if let Job::Append(txn) = job
                && !discard_memory
            {
                self.disk.append(txn);
            }
        }
        (self.last, self.tree) = self.disk.recover();
        self.committed = match std::mem::replace(&mut self.act, Act::Looking) {
            Act::Leading(leader) => leader.into_committed(),
            Act::Learning { learner, .. } => learner.into_committed(),
            _ => std::mem::replace(&mut self.committed, CommittedLog::new(500, usize::MAX)),
        };
        self.serving = false;
        let history = History { last_zxid: self.last, current_epoch: self.disk.current };
        self.election.start_looking(now, history);
    }

    pub fn apply(&mut self, txn: Txn) {
        assert!(quorum::packet::follows(self.last, txn.zxid), "{} then {txn:?}", self.last);
        self.last = txn.zxid;
        self.tree.push(txn);
    }

    pub fn leader(&mut self) -> &mut Leader {
        match &mut self.act {
            Act::Leading(leader) => leader,
            _ => panic!("server {} does not lead", self.sid),
        }
    }

    pub fn texts(&self) -> Vec<String> {
        self.tree.iter().map(|txn| String::from_utf8_lossy(&txn.data).into_owned()).collect()
    }
}
