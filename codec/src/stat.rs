//! What ZooKeeper keeps and tells about a node besides its data.

use crate::ids::Zxid;
use crate::jute::record;

record! {
    /// Wire record `Stat` (68 bytes): what clients see.
    #[derive(Default)]
    pub struct Stat {
        /// Transaction that created the node.
        pub czxid: Zxid,
        /// Transaction that last set its data.
        pub mzxid: Zxid,
        /// Creation time, ms since the epoch by the leader's clock.
        pub ctime: i64,
        /// Time of the last setData, ms.
        pub mtime: i64,
        /// Number of setData so far.
        pub version: i32,
        /// Child creations plus child deletions so far.
        pub cversion: i32,
        /// Number of setACL so far.
        pub aversion: i32,
        /// Owning session of an ordinary ephemeral, else 0 (also for containers and TTL nodes).
        pub ephemeral_owner: i64,
        /// Bytes of data; 0 for null data.
        pub data_length: i32,
        /// Direct children now.
        pub num_children: i32,
        /// Transaction that last created or deleted a child.
        pub pzxid: Zxid,
    }
}

record! {
    /// Record `StatPersisted` (60 bytes): what snapshots carry.
    #[derive(Default)]
    pub struct StatPersisted {
        /// As in [`Stat`].
        pub czxid: Zxid,
        /// As in [`Stat`].
        pub mzxid: Zxid,
        /// As in [`Stat`].
        pub ctime: i64,
        /// As in [`Stat`].
        pub mtime: i64,
        /// As in [`Stat`].
        pub version: i32,
        /// Child creations so far: the sequence counter, not the number that clients see.
        pub cversion: i32,
        /// As in [`Stat`].
        pub aversion: i32,
        /// Session, container marker or TTL marker, as stored.
        pub ephemeral_owner: i64,
        /// As in [`Stat`].
        pub pzxid: Zxid,
    }
}
