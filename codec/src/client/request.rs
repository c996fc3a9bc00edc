//! What clients send: the records behind each op code, in wire order.

use crate::acl::Acl;
use crate::ids::{SessionId, Xid, Zxid};
use crate::jute::{Buffer, Text, Vector, record};

record! {
    /// First frame of a connection. A trailing `readOnly` byte may or may not follow:
    /// see [`crate::client::request::ConnectFrame`].
    pub struct ConnectRequest<'a> {
        /// Ignored by servers.
        pub protocol_version: i32,
        /// Highest zxid that the client has seen.
        pub last_zxid_seen: Zxid,
        /// Wished session timeout, ms.
        pub time_out: i32,
        /// 0 for a new session.
        pub session_id: SessionId,
        /// Password of the session to re-attach.
        pub passwd: Buffer<'a>,
    }
}

/// A decoded connect frame; `read_only` is `None` when the client sent no such byte, and the
/// response must then lack it too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectFrame<'a> {
    /// The fixed part.
    pub request: ConnectRequest<'a>,
    /// The byte behind it, if there is one.
    pub read_only: Option<bool>,
}

record! {
    /// Header of every request after the handshake.
    pub struct RequestHeader {
        /// The client's number for it.
        pub xid: Xid,
        /// Op code.
        pub op: i32,
    }
}

record! {
    /// auth (100).
    pub struct AuthPacket<'a> {
        /// Ignored; clients send 0.
        pub auth_type: i32,
        /// Scheme.
        pub scheme: Text<'a>,
        /// Scheme's own data.
        pub auth: Buffer<'a>,
    }
}

record! {
    /// sasl (102).
    pub struct GetSaslRequest<'a> {
        /// SASL token.
        pub token: Buffer<'a>,
    }
}

record! {
    /// create (1), create2 (15), createContainer (19).
    pub struct CreateRequest<'a> {
        /// Path, without the sequence suffix.
        pub path: Text<'a>,
        /// Data; null stays null.
        pub data: Buffer<'a>,
        /// ACL as asked for.
        pub acl: Vector<Acl<'a>>,
        /// Create mode.
        pub flags: i32,
    }
}

record! {
    /// createTTL (21).
    pub struct CreateTtlRequest<'a> {
        /// Path, without the sequence suffix.
        pub path: Text<'a>,
        /// Data; null stays null.
        pub data: Buffer<'a>,
        /// ACL as asked for.
        pub acl: Vector<Acl<'a>>,
        /// Create mode: 5 or 6.
        pub flags: i32,
        /// Time to live, ms.
        pub ttl: i64,
    }
}

record! {
    /// delete (2).
    pub struct DeleteRequest<'a> {
        /// Path.
        pub path: Text<'a>,
        /// Expected version, -1 for any.
        pub version: i32,
    }
}

macro_rules! path_and_watch {
    ($($(#[$meta:meta])* $name:ident,)*) => { $(
        record! {
            $(#[$meta])*
            pub struct $name<'a> {
                /// Path.
                pub path: Text<'a>,
                /// Leave a watch.
                pub watch: bool,
            }
        }
    )* };
}

path_and_watch! {
    /// exists (3).
    ExistsRequest,
    /// getData (4).
    GetDataRequest,
    /// getChildren (8) and getChildren2 (12).
    GetChildrenRequest,
}

record! {
    /// setData (5).
    pub struct SetDataRequest<'a> {
        /// Path.
        pub path: Text<'a>,
        /// New data.
        pub data: Buffer<'a>,
        /// Expected version, -1 for any.
        pub version: i32,
    }
}

macro_rules! path_only {
    ($($(#[$meta:meta])* $name:ident,)*) => { $(
        record! {
            $(#[$meta])*
            pub struct $name<'a> {
                /// Path.
                pub path: Text<'a>,
            }
        }
    )* };
}

path_only! {
    /// getACL (6).
    GetAclRequest,
    /// sync (9).
    SyncRequest,
    /// getEphemerals (103): a prefix.
    GetEphemeralsRequest,
    /// getAllChildrenNumber (104).
    GetAllChildrenNumberRequest,
}

record! {
    /// setACL (7).
    pub struct SetAclRequest<'a> {
        /// Path.
        pub path: Text<'a>,
        /// New ACL as asked for.
        pub acl: Vector<Acl<'a>>,
        /// Expected aversion, -1 for any.
        pub version: i32,
    }
}

record! {
    /// check (13), inside multi.
    pub struct CheckVersionRequest<'a> {
        /// Path.
        pub path: Text<'a>,
        /// Expected version, -1 for any.
        pub version: i32,
    }
}

record! {
    /// reconfig (16).
    pub struct ReconfigRequest<'a> {
        /// Servers to add or change.
        pub joining_servers: Text<'a>,
        /// Ids to remove.
        pub leaving_servers: Text<'a>,
        /// Whole new membership.
        pub new_members: Text<'a>,
        /// Expected config version, -1 for any.
        pub cur_config_id: i64,
    }
}

macro_rules! path_and_kind {
    ($($(#[$meta:meta])* $name:ident { $(#[$fm:meta])* $field:ident },)*) => { $(
        record! {
            $(#[$meta])*
            pub struct $name<'a> {
                /// Path.
                pub path: Text<'a>,
                $(#[$fm])*
                pub $field: i32,
            }
        }
    )* };
}

path_and_kind! {
    /// checkWatches (17).
    CheckWatchesRequest {
        /// Watcher type 1..=5.
        kind
    },
    /// removeWatches (18).
    RemoveWatchesRequest {
        /// Watcher type 1..=5.
        kind
    },
    /// addWatch (106).
    AddWatchRequest {
        /// 0 persistent, 1 persistent-recursive.
        mode
    },
}

record! {
    /// setWatches (101).
    pub struct SetWatches<'a> {
        /// The client's last seen zxid.
        pub relative_zxid: Zxid,
        /// Paths with getData watches.
        pub data_watches: Vector<Text<'a>>,
        /// Paths with exists watches on missing nodes.
        pub exist_watches: Vector<Text<'a>>,
        /// Paths with getChildren watches.
        pub child_watches: Vector<Text<'a>>,
    }
}

record! {
    /// setWatches2 (105).
    pub struct SetWatches2<'a> {
        /// The part that setWatches has too.
        pub one_shot: SetWatches<'a>,
        /// Paths with persistent watches.
        pub persistent_watches: Vector<Text<'a>>,
        /// Paths with persistent-recursive watches.
        pub persistent_recursive_watches: Vector<Text<'a>>,
    }
}
