//! What servers answer: the records behind a reply header, in wire order.

use crate::acl::Acl;
use crate::ids::{SessionId, Xid, Zxid};
use crate::jute::{Buffer, Text, Vector, record};
use crate::stat::Stat;

record! {
    /// Header of every reply and event (16 bytes).
    pub struct ReplyHeader {
        /// The request's number, -1 for events, -2 for pings.
        pub xid: Xid,
        /// See the client protocol notes: last applied, the request's own, or 0.
        pub zxid: Zxid,
        /// Error code, 0 for none.
        pub err: i32,
    }
}

record! {
    /// Answer to the handshake, without the optional `readOnly` byte.
    pub struct ConnectResponse<'a> {
        /// Always 0.
        pub protocol_version: i32,
        /// Negotiated timeout, ms; 0 tells the client that its session is expired.
        pub time_out: i32,
        /// Session id; 0 with an expired session.
        pub session_id: SessionId,
        /// 16 bytes.
        pub passwd: Buffer<'a>,
    }
}

record! {
    /// Answer to sasl.
    pub struct SetSaslResponse<'a> {
        /// SASL token; null when no mechanism is configured.
        pub token: Buffer<'a>,
    }
}

record! {
    /// Answer to create.
    pub struct CreateResponse<'a> {
        /// Path, with the sequence suffix.
        pub path: Text<'a>,
    }
}

record! {
    /// Answer to create2, createContainer, createTTL.
    pub struct Create2Response<'a> {
        /// Path, with the sequence suffix.
        pub path: Text<'a>,
        /// Stat of the new node.
        pub stat: Stat,
    }
}

macro_rules! stat_only {
    ($($(#[$meta:meta])* $name:ident,)*) => { $(
        record! {
            $(#[$meta])*
            pub struct $name {
                /// Stat of the node.
                pub stat: Stat,
            }
        }
    )* };
}

stat_only! {
    /// Answer to exists.
    ExistsResponse,
    /// Answer to setData.
    SetDataResponse,
    /// Answer to setACL.
    SetAclResponse,
}

record! {
    /// Answer to getData and reconfig.
    pub struct GetDataResponse<'a> {
        /// Data.
        pub data: Buffer<'a>,
        /// Stat of the node.
        pub stat: Stat,
    }
}

record! {
    /// Answer to getACL.
    pub struct GetAclResponse<'a> {
        /// ACL, digests masked for callers without ADMIN.
        pub acl: Vector<Acl<'a>>,
        /// Stat of the node.
        pub stat: Stat,
    }
}

record! {
    /// Answer to getChildren.
    pub struct GetChildrenResponse<'a> {
        /// Bare names, in no particular order.
        pub children: Vector<Text<'a>>,
    }
}

record! {
    /// Answer to getChildren2.
    pub struct GetChildren2Response<'a> {
        /// Bare names, in no particular order.
        pub children: Vector<Text<'a>>,
        /// Stat of the parent.
        pub stat: Stat,
    }
}

record! {
    /// Answer to getAllChildrenNumber.
    pub struct GetAllChildrenNumberResponse {
        /// All descendants.
        pub total_number: i32,
    }
}

record! {
    /// Answer to getEphemerals.
    pub struct GetEphemeralsResponse<'a> {
        /// Paths.
        pub ephemerals: Vector<Text<'a>>,
    }
}

record! {
    /// Answer to sync.
    pub struct SyncResponse<'a> {
        /// The path asked for.
        pub path: Text<'a>,
    }
}

record! {
    /// Body of a watch event.
    pub struct WatcherEvent<'a> {
        /// 1 created, 2 deleted, 3 data changed, 4 children changed.
        pub event_type: i32,
        /// Always 3 (SyncConnected).
        pub state: i32,
        /// The node it is about.
        pub path: Text<'a>,
    }
}

record! {
    /// Error result in multi; with code 0 also the answer to addWatch.
    pub struct ErrorResponse {
        /// Error code.
        pub err: i32,
    }
}

record! {
    /// One identity of a connection.
    pub struct ClientInfo<'a> {
        /// Scheme.
        pub auth_scheme: Text<'a>,
        /// Name, without secrets.
        pub user: Text<'a>,
    }
}

record! {
    /// Answer to whoAmI.
    pub struct WhoAmIResponse<'a> {
        /// All identities of the connection.
        pub client_info: Vector<ClientInfo<'a>>,
    }
}
