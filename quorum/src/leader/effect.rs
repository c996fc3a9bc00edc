//! What a leader asks its driver to do, and why it closes connections or gives up.

use bytes::Bytes;
use codec::peer::ConfigText;
use codec::{ServerId, Zxid};

use crate::packet::{Packet, Txn};

/// One connection of a learner; the driver numbers them and never uses a number twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LearnerId(pub u64);

/// What the driver does for the leader: at once and in this order. No effect waits for another
/// one: what must wait (for a disk, say) is not handed out before the event that reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Write a packet to a learner, behind everything that was sent to it before.
    Send {
        /// To whom.
        to: LearnerId,
        /// What.
        packet: Packet,
    },
    /// Write the packet SNAP and the tree, which must hold every transaction applied so far.
    SendSnapshot {
        /// To whom.
        to: LearnerId,
        /// The packet's zxid: the tree's last processed one, or the beginning of the leader's epoch
        /// if the learner must not keep anything below that.
        zxid: Zxid,
    },
    /// Write PROPOSAL and COMMIT of each record of the log in `after < zxid <= upto`. A record that
    /// cannot be read, or a hole, closes the connection.
    SendLog {
        /// To whom.
        to: LearnerId,
        /// The last zxid that the learner has.
        after: Zxid,
        /// The last one to send.
        upto: Zxid,
    },
    /// Close a learner's connection. It is forgotten already; no `handle_closed` is expected.
    Close {
        /// Which.
        learner: LearnerId,
        /// Its id, once it has told it.
        sid: Option<ServerId>,
        /// Why.
        reason: CloseReason,
    },
    /// Write `acceptedEpoch`; when durable, `handle_accepted_epoch_persisted`.
    PersistAcceptedEpoch(i64),
    /// Write `currentEpoch`; when durable, `handle_current_epoch_persisted`.
    PersistCurrentEpoch(i64),
    /// Look at the log on disk around a learner's zxid; answer by `handle_log_inspected`.
    InspectLog {
        /// For whom.
        learner: LearnerId,
        /// The learner's last zxid.
        peer_last: Zxid,
        /// Records up to here are wanted.
        upto: Zxid,
    },
    /// Append to the own log; when durable, `handle_durable`.
    Append(Txn),
    /// Apply to the tree: committed, and durable here.
    Apply(Txn),
    /// The epoch is established: last processed zxid is `epoch<<32`, clients may be served, the
    /// election reports the new epoch.
    Serve {
        /// The epoch.
        epoch: i64,
    },
    /// A sync request of this server's own client may be answered.
    SyncReady(u64),
    /// A learner forwards a client's request: prepare it, then `propose`.
    Request {
        /// From whom.
        from: LearnerId,
        /// REQUEST: data and identities.
        packet: Packet,
    },
    /// A learner lists sessions that were active: `(i64 session, i32 timeout)*`.
    Touches {
        /// From whom.
        from: LearnerId,
        /// Data of the PING.
        data: Bytes,
    },
    /// A learner asks whether a session lives; answer by `revalidated`.
    Revalidate {
        /// From whom.
        from: LearnerId,
        /// Data of the REVALIDATE.
        data: Bytes,
    },
    /// A configuration is proposed: write the `.next` file.
    ConfigSeen(ConfigText),
    /// A configuration is in force: write it.
    ConfigCommitted {
        /// Which.
        config: ConfigText,
        /// Who is to lead under it. If it is not this server, nothing more commits here; keep the
        /// connections until the learners close them, then leave. (B.12.)
        designated: ServerId,
    },
    /// Something a correct peer does not do, and which changes nothing: for the log.
    Oddity {
        /// From whom.
        from: LearnerId,
        /// What.
        oddity: Oddity,
    },
    /// Lead no more: close everything, go LOOKING. The core is inert from here on.
    Stop(StopReason),
}

/// Why a learner was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseReason {
    /// Its first packet was neither FOLLOWERINFO nor OBSERVERINFO.
    NoIntroduction(i32),
    /// It speaks a protocol from before 3.4.
    TooOld,
    /// Its committed configuration is newer than ours.
    NewerConfig(i64),
    /// Its answer to LEADERINFO was not ACKEPOCH, or could not be read.
    NoEpochAck(i32),
    /// It knows more than the leader: it should be elected instead.
    Ahead(Zxid),
    /// It answered NEWLEADER with something else than ACK.
    NoNewLeaderAck(i32),
    /// It acknowledged the NEWLEADER of another epoch.
    WrongEpoch(Zxid),
    /// It said nothing for too long.
    Silent,
    /// Its oldest proposal is not acknowledged for too long.
    NotAcking(Zxid),
    /// Too much has gathered for it while it was synchronised.
    HeldBackTooMuch,
    /// Too many observers synchronise at the same time.
    TooManySyncs,
    /// A newer connection of the same server took its place.
    Replaced,
}

/// Why a leader gave up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopReason {
    /// No quorum connected within `initLimit`.
    NoEpochQuorum,
    /// No quorum acknowledged the epoch within `initLimit`.
    NoEpochAckQuorum,
    /// No quorum was synchronised within `initLimit`.
    NoSyncQuorum,
    /// A voter looks for another leader, and the wait for epochs lasted longer than
    /// `leader.maxTimeToWaitForEpoch`.
    VoterLooking(ServerId),
    /// The followers that are still heard of are no quorum.
    LostQuorum,
    /// A voter has accepted a later epoch than the one that was chosen without it: it may not join
    /// this one, so a new one begins. Apache's leaders leave such a voter outside.
    VoterAccepted(ServerId, i64),
    /// The counter of this epoch is used up (ZK-1277).
    CounterExhausted,
}

/// What is odd about a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Oddity {
    /// A type that means nothing here.
    Unexpected(i32),
    /// ACK of a proposal that was never made.
    AckOfUnknown(Zxid),
}

/// Why a transaction was not proposed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProposeError {
    /// The epoch is not established, or the leadership is over.
    NotServing,
    /// The zxid is not the one of `next_zxid`: nothing may be skipped or used twice.
    OutOfOrder {
        /// What it must be.
        expected: Zxid,
    },
}
