//! What the requests that need no transaction are answered with, from a tree that stands still.

use std::borrow::Cow;

use codec::acl::perms;
use codec::client::*;
use codec::{Encode, ErrorCode, OpCode, SessionId, Text, Vector, Xid, Zxid};
use tree::authorize::{AccessRules, Identity, READ_OR_ADMIN, mask_digests};
use tree::node::NodeRef;
use tree::tree::Tree;
use tree::watch::EventType;

use super::model::reply;
use super::watchers::{Mode, Watching, event_frame};

/// An answer that needs no tree.
pub enum Said {
    /// The connection ends without a word.
    Silence,
    /// The connection ends with this.
    Error(ErrorCode),
    Body(Vec<u8>),
    Identity(Identity),
}

/// Where one client's request is answered.
pub struct Desk<'a> {
    pub tree: &'a Tree,
    pub watching: &'a mut Watching,
    pub client: usize,
    pub session: SessionId,
    pub who: &'a [Identity],
}

type Answer<'a> = Result<Response<'a>, ErrorCode>;

fn some(path: Text<'_>) -> Result<Cow<'_, str>, ErrorCode> {
    path.ok_or(ErrorCode::MarshallingError)
}

fn all<'a>(list: &'a Vector<Text<'_>>) -> Result<Vec<&'a str>, ErrorCode> {
    let list = list.as_ref().ok_or(ErrorCode::MarshallingError)?;
    let paths = list.iter().map(|path| path.as_deref());
    paths.collect::<Option<_>>().ok_or(ErrorCode::MarshallingError)
}

impl<'a> Desk<'a> {
    /// The frames that answer a request: events, then the reply.
    pub fn answer(&mut self, frame: &[u8]) -> Vec<Vec<u8>> {
        let word = |at: usize| i32::from_be_bytes(frame[at..at + 4].try_into().unwrap());
        let (xid, op, body) = (Xid(word(0)), word(4), &frame[8..]);
        let xid = if op == OpCode::Ping.code() { Xid::PING } else { xid };
        let mut frames = Vec::new();
        let request = Request::decode(op, body).map_err(|_| ErrorCode::MarshallingError);
        let answer = request.and_then(|request| self.serve(request, &mut frames));
        let zxid = self.tree.last_zxid();
        frames.push(match answer {
            Ok(body) => reply(xid, zxid, ErrorCode::Ok, &body.to_bytes()),
            Err(ErrorCode::MarshallingError) if op == OpCode::MultiRead.code() => {
                let partial = self.partial(body);
                reply(xid, zxid, ErrorCode::MarshallingError, &partial)
            }
            Err(err) => reply(xid, zxid, err, &[]),
        });
        frames
    }

    fn serve(&mut self, request: Request<'_>, events: &mut Vec<Vec<u8>>) -> Answer<'a> {
        match request {
            Request::Ping => Ok(Response::Empty),
            Request::Exists(r) => self.exists(r),
            Request::GetData(r) => self.get_data(r),
            Request::GetAcl(r) => self.get_acl(r),
            Request::GetChildren(r) => {
                let (children, _) = self.children(r)?;
                Ok(Response::GetChildren(GetChildrenResponse { children }))
            }
            Request::GetChildren2(r) => {
                let (children, node) = self.children(r)?;
                let stat = node.stat();
                Ok(Response::GetChildren2(GetChildren2Response { children, stat }))
            }
            Request::Sync(r) => {
                let path = r.path.map(|path| Cow::Owned(path.into_owned()));
                Ok(Response::Sync(SyncResponse { path }))
            }
            Request::GetEphemerals(r) => Ok(self.ephemerals(&r)),
            Request::GetAllChildrenNumber(r) => {
                let node = self.node(&some(r.path)?, perms::READ)?;
                let total_number = self.tree.descendants(node.id()) as i32;
                let body = GetAllChildrenNumberResponse { total_number };
                Ok(Response::GetAllChildrenNumber(body))
            }
            Request::WhoAmI => Ok(self.who_am_i()),
            Request::AddWatch(r) => self.add_watch(r),
            Request::CheckWatches(r) => {
                self.watching.check(self.client, &some(r.path)?, r.kind, false)?;
                Ok(Response::Empty)
            }
            Request::RemoveWatches(r) => {
                self.watching.check(self.client, &some(r.path)?, r.kind, true)?;
                Ok(Response::Empty)
            }
            Request::SetWatches(r) => self.set_watches(&r, events),
            Request::SetWatches2(r) => self.set_watches2(&r, events),
            Request::MultiRead(r) => self.multi_read(r),
            other => panic!("not a local request: {other:?}"),
        }
    }

    fn find(&self, path: &str) -> Option<NodeRef<'a>> {
        self.tree.get(if path.is_empty() { "/" } else { path })
    }

    fn allow(&self, node: &NodeRef<'_>, wanted: i32) -> Result<(), ErrorCode> {
        AccessRules::default().check(node.acl().entries(), wanted, self.who)
    }

    fn node(&self, path: &str, wanted: i32) -> Result<NodeRef<'a>, ErrorCode> {
        let node = self.find(path).ok_or(ErrorCode::NoNode)?;
        self.allow(&node, wanted)?;
        Ok(node)
    }

    fn watch(&mut self, wanted: bool, path: &str, mode: Mode) {
        if wanted {
            self.watching.add(self.client, path, mode);
        }
    }

    fn exists(&mut self, r: ExistsRequest<'_>) -> Answer<'a> {
        let path = some(r.path)?;
        if path.contains('\0') {
            return Err(ErrorCode::BadArguments);
        }
        let node = self.find(&path);
        node.map_or(Ok(()), |node| self.allow(&node, perms::READ))?;
        self.watch(r.watch, &path, Mode::DataOnce);
        let stat = node.ok_or(ErrorCode::NoNode)?.stat();
        Ok(Response::Exists(ExistsResponse { stat }))
    }

    fn get_data(&mut self, r: GetDataRequest<'_>) -> Answer<'a> {
        let path = some(r.path)?;
        let node = self.node(&path, perms::READ)?;
        self.watch(r.watch, &path, Mode::DataOnce);
        Ok(Response::GetData(GetDataResponse { data: node.data(), stat: node.stat() }))
    }

    fn get_acl(&mut self, r: GetAclRequest<'_>) -> Answer<'a> {
        let node = self.node(&some(r.path)?, READ_OR_ADMIN)?;
        let mut acl = node.acl().entries().to_vec();
        if self.allow(&node, perms::ADMIN).is_err() {
            mask_digests(&mut acl);
        }
        Ok(Response::GetAcl(GetAclResponse { acl: Some(acl), stat: node.stat() }))
    }

    fn children(
        &mut self,
        r: GetChildrenRequest<'_>,
    ) -> Result<(Vector<Text<'a>>, NodeRef<'a>), ErrorCode> {
        let path = some(r.path)?;
        let node = self.node(&path, perms::READ)?;
        self.watch(r.watch, &path, Mode::ChildOnce);
        let names = node.children().map(|(_, name)| Some(name.into()));
        Ok((Some(names.collect()), node))
    }

    fn ephemerals(&self, r: &GetEphemeralsRequest<'_>) -> Response<'a> {
        let prefix = r.path.as_deref().unwrap_or_default();
        let prefix = if prefix == "/" { "" } else { prefix };
        let paths = self.tree.ephemerals_of(self.session);
        let paths = paths.filter(|path| path.starts_with(prefix));
        let ephemerals = Some(paths.map(|path| Some(path.into())).collect());
        Response::GetEphemerals(GetEphemeralsResponse { ephemerals })
    }

    fn who_am_i(&self) -> Response<'a> {
        let info = |identity: &Identity| {
            let id = &*identity.id;
            let user =
                if &*identity.scheme == "digest" { id.split(':').next().unwrap() } else { id };
            ClientInfo {
                auth_scheme: Some(identity.scheme.to_string().into()),
                user: Some(user.to_owned().into()),
            }
        };
        let client_info = Some(self.who.iter().map(info).collect());
        Response::WhoAmI(WhoAmIResponse { client_info })
    }

    fn add_watch(&mut self, r: AddWatchRequest<'_>) -> Answer<'a> {
        let mode = match r.mode {
            0 => Mode::Persistent,
            1 => Mode::Recursive,
            _ => return Err(ErrorCode::MarshallingError),
        };
        if let Some(path) = r.path {
            self.watching.add(self.client, &path, mode);
        }
        Ok(Response::AddWatch(ErrorResponse { err: 0 }))
    }

    fn set_watches(&mut self, r: &SetWatches<'_>, events: &mut Vec<Vec<u8>>) -> Answer<'a> {
        let (data, exist) = (all(&r.data_watches)?, all(&r.exist_watches)?);
        let child = all(&r.child_watches)?;
        for path in data {
            let missed = match self.tree.get(path).map(|node| node.stat()) {
                None => Some(EventType::Deleted),
                Some(stat) => (stat.mzxid > r.relative_zxid).then_some(EventType::DataChanged),
            };
            self.owe(missed, path, Mode::DataOnce, events);
        }
        for path in exist {
            let missed = self.tree.get(path).map(|_| EventType::Created);
            self.owe(missed, path, Mode::DataOnce, events);
        }
        for path in child {
            let missed = match self.tree.get(path).map(|node| node.stat()) {
                None => Some(EventType::Deleted),
                Some(stat) => (stat.pzxid > r.relative_zxid).then_some(EventType::ChildrenChanged),
            };
            self.owe(missed, path, Mode::ChildOnce, events);
        }
        Ok(Response::Empty)
    }

    fn owe(&mut self, missed: Option<EventType>, path: &str, mode: Mode, out: &mut Vec<Vec<u8>>) {
        match missed {
            Some(event) => out.push(event_frame(event, path, Zxid::NONE)),
            None => self.watching.add(self.client, path, mode),
        }
    }

    fn set_watches2(&mut self, r: &SetWatches2<'_>, events: &mut Vec<Vec<u8>>) -> Answer<'a> {
        let persistent = all(&r.persistent_watches)?;
        let recursive = all(&r.persistent_recursive_watches)?;
        self.set_watches(&r.one_shot, events)?;
        for path in persistent {
            self.watching.add(self.client, path, Mode::Persistent);
        }
        for path in recursive {
            self.watching.add(self.client, path, Mode::Recursive);
        }
        Ok(Response::Empty)
    }

    fn multi_read(&mut self, r: MultiRequest<'_>) -> Answer<'a> {
        let results: Option<Vec<_>> = r.ops.into_iter().map(|op| self.part(op)).collect();
        let results = results.ok_or(ErrorCode::MarshallingError)?;
        Ok(Response::Multi(MultiResponse { results }))
    }

    /// What stands behind the error of a multiRead with a write in it: the results before that.
    fn partial(&mut self, body: &[u8]) -> Vec<u8> {
        let Ok(Request::MultiRead(r)) = Request::decode(OpCode::MultiRead.code(), body) else {
            return Vec::new();
        };
        let results = r.ops.into_iter().map_while(|op| self.part(op)).collect();
        MultiResponse { results }.to_bytes().to_vec()
    }

    fn part(&mut self, op: MultiOp<'_>) -> Option<MultiResult<'a>> {
        let result = match op {
            MultiOp::GetData(r) => self.get_data(GetDataRequest { watch: false, ..r }),
            MultiOp::GetChildren(r) => {
                let children = self.children(GetChildrenRequest { watch: false, ..r });
                children
                    .map(|(children, _)| Response::GetChildren(GetChildrenResponse { children }))
            }
            _ => return None,
        };
        Some(match result {
            Ok(Response::GetData(body)) => MultiResult::GetData(body),
            Ok(Response::GetChildren(body)) => MultiResult::GetChildren(body),
            Ok(_) => unreachable!(),
            Err(err) => MultiResult::Error(err.code()),
        })
    }
}
