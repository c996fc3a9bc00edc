//! What a learner asks its driver to do, and why it leaves its leader.

use bytes::Bytes;
use codec::peer::ConfigText;
use codec::{ServerId, Zxid};

use crate::packet::{Packet, Txn};

/// What the driver does for a learner: at once and in this order. What must wait for a disk is not
/// handed out before the event that reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Write a packet to the leader.
    Send(Packet),
    /// Write `acceptedEpoch`; when durable, `handle_accepted_epoch_persisted`.
    PersistAcceptedEpoch(i64),
    /// Write `currentEpoch`; when durable, `handle_current_epoch_persisted`.
    PersistCurrentEpoch(i64),
    /// Cut the log behind this zxid, remove snapshots above it, drop the tree and load it anew;
    /// then `handle_truncated`. Nothing above the zxid may be left (D.7).
    Truncate(Zxid),
    /// The tree follows on the stream: drop the tree in memory and read that one; then
    /// `handle_snapshot_received`.
    ReceiveSnapshot(Zxid),
    /// Write the tree as a snapshot of this zxid, durable; then `handle_snapshot_saved`.
    SaveSnapshot(Zxid),
    /// Append to the log; when durable, `handle_durable`.
    Append(Txn),
    /// Apply to the tree.
    Apply(Txn),
    /// Synchronised: serve clients; the election reports this epoch.
    Serve {
        /// The epoch.
        epoch: i64,
    },
    /// The leader asks for signs of life: answer by `answer_ping` with the sessions that were
    /// active since the last time.
    Pinged(Packet),
    /// Answer to the oldest REVALIDATE of this session: `(i64 session, bool valid)`.
    Revalidated(Bytes),
    /// Answer to the oldest sync that was forwarded; all that was committed before is applied.
    Synced,
    /// A configuration is proposed: write the `.next` file.
    ConfigSeen(ConfigText),
    /// A configuration is in force: write it.
    ConfigCommitted(ConfigText),
    /// Something a correct leader does not do, and which changes nothing: for the log.
    Oddity(Oddity),
    /// Close the connection; the core is inert from here on.
    Leave(Leave),
}

/// The end of a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leave {
    /// Why.
    pub reason: LeaveReason,
    /// The tree in memory is not what is on disk (a SNAP or TRUNC that was not made durable): drop
    /// it and load it anew before anything else (ZK-3642). Otherwise apply the rest of the log to it
    /// before voting (ZK-2845).
    pub discard_memory: bool,
}

/// Why a learner leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeaveReason {
    /// The connection broke.
    Disconnected,
    /// The leader said nothing for too long.
    Silent,
    /// The first packet was no LEADERINFO, or one that cannot be read.
    NoLeaderInfo(i32),
    /// The leader offers an epoch of the past.
    OldEpoch {
        /// What was offered.
        offered: i64,
        /// What was accepted before.
        accepted: i64,
    },
    /// The leader did not begin with DIFF, TRUNC or SNAP. The process ends with code 13.
    NoSync(i32),
    /// TRUNC could not be carried out. The process ends with code 13 (ZK-3701).
    TruncFailed(Zxid),
    /// NEWLEADER names another epoch than LEADERINFO.
    WrongEpoch(Zxid),
    /// The configuration in NEWLEADER cannot be read.
    BadConfig(String),
    /// UPTODATE before NEWLEADER.
    UpToDateTooEarly,
    /// A transaction is missing between these two.
    Gap {
        /// The last one that came.
        last: Zxid,
        /// The one that came now.
        next: Zxid,
    },
    /// COMMIT names another transaction than the oldest one that is not committed. The process
    /// ends with code 12.
    CommitMismatch {
        /// The oldest one.
        expected: Zxid,
        /// What was named.
        named: Zxid,
    },
    /// More came during synchronisation than may be kept.
    TooMuchHeld,
    /// A reconfiguration names another leader, or gives this server another role: skip one election
    /// by `Election::assume`.
    Reconfigured {
        /// Who is to lead.
        designated: ServerId,
        /// Zxid of the reconfiguration.
        zxid: Zxid,
    },
}

impl LeaveReason {
    /// The exit code with which the process is to end, where it cannot simply look for a leader.
    pub fn exit_code(&self) -> Option<i32> {
        match self {
            LeaveReason::NoSync(_) | LeaveReason::TruncFailed(_) => Some(13),
            LeaveReason::CommitMismatch { .. } => Some(12),
            _ => None,
        }
    }
}

/// What is odd about a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Oddity {
    /// A type that means nothing here.
    Unexpected(i32),
    /// COMMIT although nothing waits for one.
    CommitOfNothing(Zxid),
}
