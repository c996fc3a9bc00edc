//! DIFF, TRUNC or SNAP: how a leader brings a learner to its own history. (Reference B.4, D.7.)
//!
//! The one idea: a DIFF is sent only to a learner whose last zxid is known to be a point of the
//! leader's own history; a learner with a foreign end is cut back to the last point that both
//! share, or gets the whole tree. What comes from memory or disk is contiguous, or it is not sent.
//!
//! Two rows are stricter than Apache's and one is milder: a learner at the start of an epoch (`e<<32`) of which the
//! leader holds no transaction gets SNAP, as nobody can tell whether that epoch's leader was ever
//! established; and where Apache sends TRUNC the whole tree is sent unless asked otherwise, as
//! Apache's learners keep snapshots above the cut (ZK-1549, ZK-4837). A fresh leader with nothing in
//! memory still serves DIFF: it knows where its history ended before its epoch began.

use codec::Zxid;

use crate::packet::follows;
use crate::sync::CommittedLog;

#[cfg(test)]
mod tests;

/// What a learner is sent before NEWLEADER, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The packet DIFF.
    Diff(Zxid),
    /// The packet TRUNC.
    Trunc(Zxid),
    /// The packet SNAP and the tree, of this zxid or later.
    Snap(Zxid),
    /// PROPOSAL and COMMIT of every record of the log on disk above `after`, up to `upto`.
    Disk {
        /// The last one that the learner has.
        after: Zxid,
        /// The last one to send.
        upto: Zxid,
    },
    /// PROPOSAL and COMMIT of every transaction of the committed log above this zxid.
    Memory {
        /// The last one that the learner has by then.
        after: Zxid,
    },
}

/// What the log on disk says about a learner's last zxid. The driver answers the effect
/// `InspectLog` with it; it looks only at files that belong to one contiguous history (none older
/// than the last SNAP that this server itself took in, E.1, ZK-3642).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiskWindow {
    /// The last record at or below the learner's zxid. `None`: the log begins above it.
    pub at_or_before: Option<Zxid>,
    /// The first record above the learner's zxid.
    pub next: Option<Zxid>,
    /// The last record that can be reached from `next` without a hole.
    pub contiguous_to: Zxid,
    /// Whether the files behind the one that holds the learner's zxid are within the limit
    /// (newest snapshot's size * `zookeeper.snapshotSizeFactor`).
    pub within_limit: bool,
}

/// What a plan is made from, all of one moment.
#[derive(Debug, Clone, Copy)]
pub struct PlanInput<'a> {
    /// The learner's last zxid, from its ACKEPOCH.
    pub peer_last: Zxid,
    /// The leader's epoch.
    pub epoch: i64,
    /// The leader's last processed zxid; `e<<32` from the start of its epoch to the first commit.
    pub last: Zxid,
    /// The last committed transaction of the leader's history: below `last` in a fresh epoch.
    pub tip: Zxid,
    /// What is in memory.
    pub committed: &'a CommittedLog,
    /// `zookeeper.forceSnapshotSync`.
    pub force_snapshot: bool,
    /// Send TRUNC where Apache does, instead of SNAP.
    pub prefer_trunc: bool,
    /// What the disk said; `None` as long as it was not asked.
    pub disk: Option<DiskWindow>,
}

/// The outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plan {
    /// Send these, in order. Afterwards the learner stands at `last`.
    Send {
        /// What.
        steps: Vec<Step>,
    },
    /// The log on disk may reach back to the learner's zxid: look, and plan anew with the answer.
    AskDisk {
        /// Records up to this zxid are wanted: from there on the committed log goes on.
        upto: Zxid,
    },
}

impl PlanInput<'_> {
    fn at_epoch_start(&self) -> bool {
        self.peer_last.counter() == 0
    }

    fn min(&self) -> Zxid {
        self.committed.min().unwrap_or(self.tip)
    }

    fn max(&self) -> Zxid {
        self.committed.max().unwrap_or(self.tip)
    }

    /// The whole tree. A leader that is not established yet stands at an older epoch's zxid; a
    /// learner that is ahead of that would keep records and snapshots above the tree's zxid and
    /// load them at its next start. The tree is also that of the new epoch's beginning, which
    /// outranks them all (D.7).
    fn snap(&self) -> Plan {
        let outranking = Zxid::new(self.epoch, 0).max(self.last);
        let zxid = if self.peer_last > self.last { outranking } else { self.last };
        Plan::Send { steps: vec![Step::Snap(zxid)] }
    }

    /// The learner's history ends in something foreign; `shared` is the last point of ours below.
    ///
    /// Within the leader's own epoch nothing is foreign: all there was proposed by this leader, and
    /// a tree of the same epoch would leave the learner's later records in its log. So that is cut.
    fn cut_back(&self, shared: Zxid, mut rest: Vec<Step>) -> Plan {
        if !self.prefer_trunc && self.peer_last.epoch() != self.epoch {
            return self.snap();
        }
        rest.insert(0, Step::Trunc(shared));
        Plan::Send { steps: rest }
    }
}

/// Decides what a learner is sent. The rows are those of the reference, in their order.
pub fn plan(input: &PlanInput<'_>) -> Plan {
    let peer = input.peer_last;
    if input.force_snapshot || peer == Zxid::UNKNOWN {
        return input.snap();
    }
    if peer == input.last {
        return Plan::Send { steps: vec![Step::Diff(peer)] };
    }
    if peer > input.max() && !input.at_epoch_start() {
        // E.1, ZK-2832: although the epochs may differ.
        return input.cut_back(input.max(), Vec::new());
    }
    if peer == input.max() {
        return Plan::Send { steps: vec![Step::Diff(peer)] };
    }
    if input.min() <= peer && peer <= input.max() {
        return from_memory(input);
    }
    match input.disk {
        _ if peer > input.max() => input.snap(),
        None => Plan::AskDisk { upto: input.min() },
        Some(window) => from_disk(input, &window),
    }
}

/// Row 4: the learner's zxid lies within the committed log.
fn from_memory(input: &PlanInput<'_>) -> Plan {
    let below = input.committed.iter().map(|txn| txn.zxid).take_while(|z| *z <= input.peer_last);
    let at_or_before = below.last();
    let next = at_or_before.and_then(|zxid| input.committed.after(zxid).next());
    join(input, at_or_before, next.map(|txn| txn.zxid), |after| vec![Step::Memory { after }])
}

/// Row 5: the log on disk, then the committed log, without a hole between them (ZK-2418).
fn from_disk(input: &PlanInput<'_>, window: &DiskWindow) -> Plan {
    let upto = window.contiguous_to;
    let reaches = match input.committed.min() {
        Some(min) => upto >= min || follows(upto, min),
        None => upto >= input.tip,
    };
    // Records of later than the committed log's are not known to be committed.
    let upto = upto.min(input.max());
    // E.1, ZK-4352: a learner whose zxid lies below everything we have gets no DIFF.
    if !window.within_limit || !reaches || window.at_or_before.is_none() || window.next.is_none() {
        return input.snap();
    }
    join(input, window.at_or_before, window.next, |after| {
        let from_disk = Step::Disk { after, upto };
        let from_memory = Step::Memory { after: upto };
        match upto < input.max() {
            true => vec![from_disk, from_memory],
            false => vec![from_disk],
        }
    })
}

/// Where the two histories join. `at_or_before` and `next` are the points of ours around the
/// learner's zxid; `rest` is what follows a point.
fn join(
    input: &PlanInput<'_>,
    at_or_before: Option<Zxid>,
    next: Option<Zxid>,
    rest: impl FnOnce(Zxid) -> Vec<Step>,
) -> Plan {
    let peer = input.peer_last;
    let diff = |mut steps: Vec<Step>| {
        steps.insert(0, Step::Diff(input.max()));
        Plan::Send { steps }
    };
    let same_epoch = next.is_some_and(|next| next.epoch() == peer.epoch());
    match at_or_before {
        Some(zxid) if zxid == peer && next.is_some() => diff(rest(peer)),
        Some(zxid) if zxid == peer => diff(Vec::new()),
        // ZK-2033: no record has the zxid e<<32, so it cannot be cut to; the first one of that epoch
        // must come next.
        _ if input.at_epoch_start() && next == Some(peer.next()) => diff(rest(peer)),
        _ if input.at_epoch_start() => input.snap(),
        // ZK-1154, ZK-1156: the learner has a transaction that we do not have.
        Some(shared) if same_epoch => input.cut_back(shared, rest(shared)),
        _ => input.snap(),
    }
}
