//! Every request of the client port, each with the arguments that checks usually need.
//!
//! What goes over the wire is [`crate::client`]'s affair; here is only which record stands behind
//! which op code.

use codec::acl::{Acl, open_acl_unsafe};
use codec::client as rec;
use codec::client::MultiOp;
use codec::{Text, Vector, Zxid};

use crate::client::{Client, Raw, op};
use crate::expect::Reply;

fn text(path: &str) -> Text<'_> {
    Some(path.into())
}

fn texts<'a>(paths: &[&'a str]) -> Vector<Text<'a>> {
    Some(paths.iter().map(|path| text(path)).collect())
}

/// The requests, each with the usual arguments.
impl Client {
    /// create (1), persistent, open ACL.
    pub fn create(&mut self, path: &str, data: &[u8]) -> Reply {
        self.create_as(op::CREATE, path, Some(data), Some(open_acl_unsafe()), 0)
    }

    /// create (1) with these flags, open ACL, empty data.
    pub fn create_flags(&mut self, path: &str, flags: i32) -> Reply {
        self.create_as(op::CREATE, path, Some(b""), Some(open_acl_unsafe()), flags)
    }

    /// create (1) with this ACL.
    pub fn create_acl(&mut self, path: &str, acl: Vec<Acl<'_>>) -> Reply {
        self.create_as(op::CREATE, path, Some(b""), Some(acl), 0)
    }

    /// create, create2 or createContainer with every argument.
    pub fn create_as(
        &mut self,
        op: i32,
        path: &str,
        data: Option<&[u8]>,
        acl: Vector<Acl<'_>>,
        flags: i32,
    ) -> Reply {
        self.call(op, &rec::CreateRequest { path: text(path), data, acl, flags })
    }

    /// createTTL (21), open ACL.
    pub fn create_ttl(&mut self, path: &str, flags: i32, ttl: i64) -> Reply {
        let acl = Some(open_acl_unsafe());
        let (path, data) = (text(path), Some(&b""[..]));
        self.call(op::CREATE_TTL, &rec::CreateTtlRequest { path, data, acl, flags, ttl })
    }

    /// delete (2).
    pub fn delete(&mut self, path: &str, version: i32) -> Reply {
        self.call(op::DELETE, &rec::DeleteRequest { path: text(path), version })
    }

    /// exists (3).
    pub fn exists(&mut self, path: &str, watch: bool) -> Reply {
        self.call(op::EXISTS, &rec::ExistsRequest { path: text(path), watch })
    }

    /// getData (4).
    pub fn get(&mut self, path: &str, watch: bool) -> Reply {
        self.call(op::GET_DATA, &rec::GetDataRequest { path: text(path), watch })
    }

    /// setData (5).
    pub fn set(&mut self, path: &str, data: &[u8], version: i32) -> Reply {
        let data = Some(data);
        self.call(op::SET_DATA, &rec::SetDataRequest { path: text(path), data, version })
    }

    /// getACL (6).
    pub fn get_acl(&mut self, path: &str) -> Reply {
        self.call(op::GET_ACL, &rec::GetAclRequest { path: text(path) })
    }

    /// setACL (7).
    pub fn set_acl(&mut self, path: &str, acl: Vec<Acl<'_>>, version: i32) -> Reply {
        let acl = Some(acl);
        self.call(op::SET_ACL, &rec::SetAclRequest { path: text(path), acl, version })
    }

    /// getChildren (8).
    pub fn children(&mut self, path: &str, watch: bool) -> Reply {
        self.call(op::GET_CHILDREN, &rec::GetChildrenRequest { path: text(path), watch })
    }

    /// getChildren2 (12).
    pub fn children2(&mut self, path: &str, watch: bool) -> Reply {
        self.call(op::GET_CHILDREN2, &rec::GetChildrenRequest { path: text(path), watch })
    }

    /// sync (9).
    pub fn sync(&mut self, path: &str) -> Reply {
        self.call(op::SYNC, &rec::SyncRequest { path: text(path) })
    }

    /// multi (14).
    pub fn multi(&mut self, ops: Vec<MultiOp<'_>>) -> Reply {
        self.call(op::MULTI, &rec::MultiRequest { ops })
    }

    /// multiRead (22).
    pub fn multi_read(&mut self, ops: Vec<MultiOp<'_>>) -> Reply {
        self.call(op::MULTI_READ, &rec::MultiRequest { ops })
    }

    /// addWatch (106): 0 persistent, 1 recursive.
    pub fn add_watch(&mut self, path: &str, mode: i32) -> Reply {
        self.call(op::ADD_WATCH, &rec::AddWatchRequest { path: text(path), mode })
    }

    /// checkWatches (17).
    pub fn check_watches(&mut self, path: &str, kind: i32) -> Reply {
        self.call(op::CHECK_WATCHES, &rec::CheckWatchesRequest { path: text(path), kind })
    }

    /// removeWatches (18).
    pub fn remove_watches(&mut self, path: &str, kind: i32) -> Reply {
        self.call(op::REMOVE_WATCHES, &rec::RemoveWatchesRequest { path: text(path), kind })
    }

    /// setWatches (101): data, exist and child paths.
    pub fn set_watches(&mut self, zxid: i64, paths: [&[&str]; 3]) -> Reply {
        self.call(op::SET_WATCHES, &one_shots(zxid, paths))
    }

    /// setWatches2 (105): data, exist, child, persistent and recursive paths.
    pub fn set_watches2(&mut self, zxid: i64, paths: [&[&str]; 5]) -> Reply {
        let body = rec::SetWatches2 {
            one_shot: one_shots(zxid, [paths[0], paths[1], paths[2]]),
            persistent_watches: texts(paths[3]),
            persistent_recursive_watches: texts(paths[4]),
        };
        self.call(op::SET_WATCHES2, &body)
    }

    /// getEphemerals (103).
    pub fn ephemerals(&mut self, prefix: &str) -> Reply {
        self.call(op::GET_EPHEMERALS, &rec::GetEphemeralsRequest { path: text(prefix) })
    }

    /// getAllChildrenNumber (104).
    pub fn count(&mut self, path: &str) -> Reply {
        let body = rec::GetAllChildrenNumberRequest { path: text(path) };
        self.call(op::GET_ALL_CHILDREN_NUMBER, &body)
    }

    /// whoAmI (107).
    pub fn who_am_i(&mut self) -> Reply {
        self.call(op::WHO_AM_I, &Raw(&[]))
    }

    /// reconfig (16), incremental.
    pub fn reconfig(&mut self, joining: &str, leaving: &str, version: i64) -> Reply {
        let body = rec::ReconfigRequest {
            joining_servers: text(joining),
            leaving_servers: text(leaving),
            new_members: None,
            cur_config_id: version,
        };
        self.call(op::RECONFIG, &body)
    }

    /// auth (100) with xid -4.
    pub fn auth(&mut self, scheme: &str, data: &[u8]) -> Reply {
        self.send_auth(scheme, data);
        let reply = self.reply();
        assert_eq!((reply.xid, reply.zxid), (-4, 0), "the header of an auth reply");
        reply
    }

    /// Sends auth (100) with xid -4 and does not wait.
    pub fn send_auth(&mut self, scheme: &str, data: &[u8]) {
        let body = rec::AuthPacket { auth_type: 0, scheme: text(scheme), auth: Some(data) };
        self.send_as(-4, op::AUTH, &body);
    }

    /// closeSession (-11).
    pub fn close_session(&mut self) -> Reply {
        let reply = self.call(op::CLOSE_SESSION, &Raw(&[]));
        self.closed = true;
        reply
    }
}

fn one_shots<'a>(zxid: i64, paths: [&[&'a str]; 3]) -> rec::SetWatches<'a> {
    rec::SetWatches {
        relative_zxid: Zxid(zxid),
        data_watches: texts(paths[0]),
        exist_watches: texts(paths[1]),
        child_watches: texts(paths[2]),
    }
}
