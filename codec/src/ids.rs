//! The numbers that ZooKeeper hands around, each with its own type so that none can be mistaken
//! for another.

use std::fmt;

/// A transaction id: epoch in the high 32 bits, counter in the low 32 bits. Compared as signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Zxid(pub i64);

impl Zxid {
    /// No transaction at all: the state of an empty tree.
    pub const ZERO: Zxid = Zxid(0);
    /// "Unknown, possibly lost data": what a wiped server says of its history.
    pub const UNKNOWN: Zxid = Zxid(-1);
    /// Reply zxid of the frames that no transaction stands behind (unknown op codes, old events).
    pub const NONE: Zxid = Zxid(-1);

    /// The zxid with this epoch and counter.
    pub const fn new(epoch: i64, counter: u32) -> Self {
        Zxid((epoch << 32) | counter as i64)
    }

    /// High 32 bits, sign-extended: the epoch of -1 is -1.
    pub const fn epoch(self) -> i64 {
        self.0 >> 32
    }

    /// Low 32 bits.
    pub const fn counter(self) -> u32 {
        self.0 as u32
    }

    /// The zxid that follows within the same epoch.
    pub const fn next(self) -> Self {
        Zxid(self.0 + 1)
    }
}

impl fmt::Display for Zxid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

/// A session id: the top byte names the server that made the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct SessionId(pub i64);

impl SessionId {
    /// No session: asks for a new one in a ConnectRequest, owner of container deletions in a txn.
    pub const NONE: SessionId = SessionId(0);
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

/// A client's request number, echoed in the reply. In a txn it is called cxid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Xid(pub i32);

impl Xid {
    /// Header of a watch event.
    pub const NOTIFICATION: Xid = Xid(-1);
    /// Header of every ping reply, whatever the request said.
    pub const PING: Xid = Xid(-2);
    /// What clients send with auth packets.
    pub const AUTH: Xid = Xid(-4);
    /// What the C client sends with setWatches.
    pub const SET_WATCHES: Xid = Xid(-8);
}

impl fmt::Display for Xid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A server's id (`myid`, the N of `server.N`), 1..=255 in practice, 64 bits on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ServerId(pub i64);

impl fmt::Display for ServerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
