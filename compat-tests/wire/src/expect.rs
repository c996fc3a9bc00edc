//! Replies, events and multi results, and what a check says about them.

use codec::acl::{Acl, AclList};
use codec::client as rec;
use codec::{Decode, ErrorCode, Stat, Text};

/// A reply behind its header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// As in the header.
    pub xid: i32,
    /// As in the header.
    pub zxid: i64,
    /// As in the header.
    pub err: i32,
    /// What follows the header.
    pub body: Vec<u8>,
}

/// A watch event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// 1 created, 2 deleted, 3 data changed, 4 children changed.
    pub kind: i32,
    /// The node it is about.
    pub path: String,
    /// As in the header.
    pub zxid: i64,
}

/// Event kinds.
pub mod event {
    /// NodeCreated.
    pub const CREATED: i32 = 1;
    /// NodeDeleted.
    pub const DELETED: i32 = 2;
    /// NodeDataChanged.
    pub const DATA: i32 = 3;
    /// NodeChildrenChanged.
    pub const CHILDREN: i32 = 4;
}

/// Error codes by the names that the protocol notes use.
pub mod err {
    use super::ErrorCode;

    macro_rules! codes {
        ($($name:ident $variant:ident,)*) => {
            $(#[doc = stringify!($variant)] pub const $name: i32 = ErrorCode::$variant.code();)*
        };
    }

    codes! {
        MARSHALLING MarshallingError, UNIMPLEMENTED Unimplemented, BAD_ARGUMENTS BadArguments,
        NO_NODE NoNode, NO_AUTH NoAuth, BAD_VERSION BadVersion,
        NO_CHILDREN_FOR_EPHEMERALS NoChildrenForEphemerals, NODE_EXISTS NodeExists,
        NOT_EMPTY NotEmpty, INVALID_ACL InvalidAcl, AUTH_FAILED AuthFailed,
        NO_WATCHER NoWatcher, RECONFIG_DISABLED ReconfigDisabled, QUOTA_EXCEEDED QuotaExceeded,
        THROTTLED_OP ThrottledOp, SESSION_EXPIRED SessionExpired,
        EPHEMERAL_ON_LOCAL EphemeralOnLocalSession, NEEDS_AUTH SessionClosedRequireSaslAuth,
        NOT_EXECUTED RuntimeInconsistency,
    }
}

impl Event {
    /// Reads an event; its header's error is always 0 and its state always SyncConnected.
    pub fn parse(zxid: i64, code: i32, body: &[u8]) -> Event {
        let event = rec::WatcherEvent::from_bytes(body).expect("a WatcherEvent");
        assert_eq!((code, event.state), (0, 3), "the fixed fields of an event");
        Event { kind: event.event_type, path: owned(event.path).expect("a path"), zxid }
    }
}

fn owned(text: Text<'_>) -> Option<String> {
    text.map(|text| text.into_owned())
}

impl Reply {
    /// The request succeeded.
    #[track_caller]
    pub fn ok(self) -> Reply {
        assert_eq!(self.err, 0, "the request should succeed: {self:?}");
        self
    }

    /// The request failed with `code`, and nothing stands behind the header.
    #[track_caller]
    pub fn fails(self, code: i32) -> Reply {
        assert_eq!(self.err, code, "the error code (left: got): {self:?}");
        assert!(self.body.is_empty(), "a failed reply has no body: {self:?}");
        self
    }

    /// The request succeeded and its reply has no body.
    #[track_caller]
    pub fn bare(self) -> Reply {
        let reply = self.ok();
        assert!(reply.body.is_empty(), "no body: {reply:?}");
        reply
    }

    /// The body as the record `T`, to its last byte.
    #[track_caller]
    pub fn read<'a, T: Decode<'a>>(&'a self) -> T {
        assert_eq!(self.err, 0, "the request should succeed: {self:?}");
        let (rest, value) =
            T::decode(&self.body).unwrap_or_else(|why| panic!("the body ({why}): {self:?}"));
        assert!(rest.is_empty(), "bytes behind the body: {self:?}");
        value
    }

    /// Of create: the path.
    #[track_caller]
    pub fn path(&self) -> String {
        owned(self.read::<rec::CreateResponse<'_>>().path).expect("a path")
    }

    /// Of create2, createContainer, createTTL: path and Stat.
    #[track_caller]
    pub fn created(&self) -> (String, Stat) {
        let body = self.read::<rec::Create2Response<'_>>();
        (owned(body.path).expect("a path"), body.stat)
    }

    /// Of exists, setData, setACL: the Stat.
    #[track_caller]
    pub fn stat(&self) -> Stat {
        self.read::<rec::ExistsResponse>().stat
    }

    /// Of getData: data and Stat.
    #[track_caller]
    pub fn data(&self) -> (Option<Vec<u8>>, Stat) {
        let body = self.read::<rec::GetDataResponse<'_>>();
        (body.data.map(<[u8]>::to_vec), body.stat)
    }

    /// Of getACL: the entries.
    #[track_caller]
    pub fn acl(&self) -> AclList {
        let body = self.read::<rec::GetAclResponse<'_>>();
        body.acl.unwrap_or_default().into_iter().map(Acl::into_owned).collect()
    }

    /// Of getChildren: the names, sorted.
    #[track_caller]
    pub fn names(&self) -> Vec<String> {
        sorted(self.read::<rec::GetChildrenResponse<'_>>().children)
    }

    /// Of getChildren2: the names, sorted, and the Stat.
    #[track_caller]
    pub fn names_and_stat(&self) -> (Vec<String>, Stat) {
        let body = self.read::<rec::GetChildren2Response<'_>>();
        (sorted(body.children), body.stat)
    }

    /// Of getEphemerals: the paths, sorted.
    #[track_caller]
    pub fn paths(&self) -> Vec<String> {
        sorted(self.read::<rec::GetEphemeralsResponse<'_>>().ephemerals)
    }

    /// Of getAllChildrenNumber: the number.
    #[track_caller]
    pub fn number(&self) -> i32 {
        self.read::<rec::GetAllChildrenNumberResponse>().total_number
    }

    /// Of whoAmI: `scheme:user` of each identity, sorted.
    #[track_caller]
    pub fn identities(&self) -> Vec<String> {
        let infos = self.read::<rec::WhoAmIResponse<'_>>().client_info.unwrap_or_default();
        let name = |info: rec::ClientInfo<'_>| {
            format!("{}:{}", info.auth_scheme.unwrap_or_default(), info.user.unwrap_or_default())
        };
        let mut names: Vec<_> = infos.into_iter().map(name).collect();
        names.sort();
        names
    }

    /// Of multi and multiRead: the results.
    #[track_caller]
    pub fn results(&self) -> Vec<Outcome> {
        assert_eq!(self.err, 0, "the header of a multi reply: {self:?}");
        Outcome::parse(&self.body)
    }

    /// Of a failed multi: the code of each result, every one in the form of an error.
    #[track_caller]
    pub fn codes(&self) -> Vec<i32> {
        let code = |outcome: Outcome| match outcome {
            Outcome::Failed(code) => code,
            other => panic!("{other:?} among the results of a failed multi"),
        };
        self.results().into_iter().map(code).collect()
    }
}

fn sorted(texts: Option<Vec<Text<'_>>>) -> Vec<String> {
    let mut names: Vec<_> = texts.expect("a list").into_iter().filter_map(owned).collect();
    names.sort();
    names
}

/// One result of a multi or multiRead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Type 1.
    Created(String),
    /// Type 15.
    CreatedWithStat(String, Stat),
    /// Type 2.
    Deleted,
    /// Type 5.
    Set(Stat),
    /// Type 13.
    Checked,
    /// Type 4.
    Data(Option<Vec<u8>>, Stat),
    /// Type 8; sorted.
    Children(Vec<String>),
    /// Type -1; both places of the code agree.
    Failed(i32),
}

impl Outcome {
    #[track_caller]
    fn parse(mut rest: &[u8]) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        loop {
            let header: rec::MultiHeader = take(&mut rest);
            if header.done {
                assert_eq!((header.op, header.err), (-1, -1), "the terminator");
                assert!(rest.is_empty(), "bytes behind the terminator: {rest:02x?}");
                return outcomes;
            }
            if header.op != -1 {
                assert_eq!(header.err, 0, "the header of a successful result");
            }
            outcomes.push(Outcome::one(header, &mut rest));
        }
    }

    #[track_caller]
    fn one(header: rec::MultiHeader, rest: &mut &[u8]) -> Outcome {
        let path = |text: Text<'_>| owned(text).expect("a path");
        match header.op {
            1 => Outcome::Created(path(take::<rec::CreateResponse<'_>>(rest).path)),
            15 => {
                let body = take::<rec::Create2Response<'_>>(rest);
                Outcome::CreatedWithStat(path(body.path), body.stat)
            }
            2 => Outcome::Deleted,
            5 => Outcome::Set(take::<rec::SetDataResponse>(rest).stat),
            13 => Outcome::Checked,
            4 => {
                let body = take::<rec::GetDataResponse<'_>>(rest);
                Outcome::Data(body.data.map(<[u8]>::to_vec), body.stat)
            }
            8 => Outcome::Children(sorted(take::<rec::GetChildrenResponse<'_>>(rest).children)),
            -1 => {
                let code = take::<rec::ErrorResponse>(rest).err;
                assert_eq!(header.err, code, "both places of the error code");
                Outcome::Failed(code)
            }
            other => panic!("a result of type {other}"),
        }
    }
}

#[track_caller]
fn take<'a, T: Decode<'a>>(rest: &mut &'a [u8]) -> T {
    let (after, value) = T::decode(rest).unwrap_or_else(|why| panic!("{why}: {rest:02x?}"));
    *rest = after;
    value
}

/// ACL entries from `perms scheme:id` written as tuples.
pub fn acl<'a>(entries: &[(i32, &'a str, &'a str)]) -> Vec<Acl<'a>> {
    entries.iter().map(|(perms, scheme, id)| Acl::new(*perms, *scheme, *id)).collect()
}
