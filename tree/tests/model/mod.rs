//! A leader on top of the simplest tree there is: a sorted map of paths. It turns random wishes
//! into transactions that are right for its state, as prepare would, and applies them to itself.

use std::collections::BTreeMap;

use bytes::BytesMut;
use codec::txn::*;
use codec::{Acl, AclList, Encode, ErrorCode, OpCode, SessionId, StatPersisted, Xid, Zxid};
use tree::Tree;

/// What a random test wishes for: what to do, where, with what.
pub type Wish = (u8, u8, u8);

#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    pub data: Option<Vec<u8>>,
    pub acl: AclList,
    pub stat: StatPersisted,
}

#[derive(Clone, Default)]
pub struct Model {
    pub nodes: BTreeMap<String, Node>,
    pub sessions: BTreeMap<SessionId, i32>,
    pub zxid: i64,
    /// Write closeSession as servers before 3.6 did, now and then: without the list of what goes.
    pub old_closes: bool,
}

const NAMES: [&str; 3] = ["a", "b", "\u{4e2d}\u{e9}"];
const SESSIONS: i64 = 3;

/// A path of one to three names out of [`NAMES`].
fn path(pick: u8) -> String {
    let (mut pick, mut path) = (usize::from(pick), String::new());
    for _ in 0..=(pick % 3) {
        pick /= 3;
        path = path + "/" + NAMES[pick % 3];
    }
    path
}

fn parent_of(path: &str) -> String {
    let at = path.rfind('/').unwrap_or_default();
    if at == 0 { "/".into() } else { path[..at].into() }
}

fn acl(pick: u8) -> AclList {
    match pick % 4 {
        0 => vec![Acl::new(1, "digest", "user:hash")],
        1 => vec![Acl::new(31, "world", "anyone"), Acl::new(3, "ip", "10.0.0.0/8")],
        _ => codec::acl::open_acl_unsafe(),
    }
}

fn data(pick: u8) -> Option<Vec<u8>> {
    (!pick.is_multiple_of(5)).then(|| vec![pick; usize::from(pick % 40)])
}

impl Model {
    /// The state of an empty tree.
    pub fn new(tree: &Tree) -> Self {
        let mut model = Model::default();
        for path in ["/", "/zookeeper", "/zookeeper/config", "/zookeeper/quota"] {
            let node = tree.get(path).unwrap();
            let data = node.data().map(<[u8]>::to_vec);
            let (acl, stat) = (node.acl().entries().to_vec(), node.stat_persisted());
            model.nodes.insert(path.into(), Node { data, acl, stat });
        }
        model
    }

    fn children(&self, path: &str) -> usize {
        self.nodes.keys().filter(|key| *key != "/" && parent_of(key) == path).count()
    }

    /// The next transaction: what the wish becomes, as bytes in the form of the log.
    pub fn next(&mut self, wish: Wish) -> BytesMut {
        self.zxid += 1;
        let session = SessionId(i64::from(wish.2) % SESSIONS + 1);
        let header = |txn_type| TxnHeader {
            client_id: session,
            cxid: Xid(7),
            zxid: Zxid(self.zxid),
            time: 1000 * self.zxid,
            txn_type,
        };
        let (mut after, header) = (self.clone(), header(0));
        let body = match wish.0 % 16 {
            0 => after.session(header, wish),
            1 | 2 => after.multi(header, wish),
            _ => after.one(header, wish),
        };
        let body = match body {
            Ok(body) => {
                *self = after;
                body
            }
            Err(code) => TxnBody::Error(ErrorTxn { err: code.code() }),
        };
        let header = TxnHeader { txn_type: body.op().code(), ..header };
        Txn { header, body, digest: None }.to_bytes()
    }

    fn session(&mut self, header: TxnHeader, wish: Wish) -> Result<TxnBody<'static>, ErrorCode> {
        if self.sessions.insert(header.client_id, wish.1.into()).is_none() {
            let time_out = wish.1.into();
            return Ok(TxnBody::CreateSession(CreateSessionTxn { time_out }));
        }
        self.sessions.remove(&header.client_id);
        let owned = self.nodes.iter();
        let owned = owned.filter(|(_, node)| node.stat.ephemeral_owner == header.client_id.0);
        let paths: Vec<String> = owned.map(|(path, _)| path.clone()).collect();
        paths.iter().for_each(|path| self.delete(header, path));
        let paths = paths.into_iter().map(|path| Some(path.into())).collect();
        let body = CloseSessionTxn { paths_to_delete: Some(paths) };
        Ok(TxnBody::CloseSession((!self.old_closes || wish.1.is_multiple_of(2)).then_some(body)))
    }

    fn multi(&mut self, header: TxnHeader, wish: Wish) -> Result<TxnBody<'static>, ErrorCode> {
        let mut txns = Vec::new();
        for at in 0..wish.1 % 5 {
            let next = |byte: u8| byte.wrapping_mul(31).wrapping_add(at * 57);
            let part = self.one(header, (3 + next(wish.2) % 13, next(wish.1), next(wish.0)))?;
            // Sub-transactions borrow their bytes, and the test keeps whole transactions only.
            let data: &'static [u8] = Box::leak(part.to_bytes().freeze().to_vec().into());
            txns.push(SubTxn { txn_type: part.op().code(), data: Some(data) });
        }
        Ok(TxnBody::Multi(MultiTxn { txns }))
    }

    fn one(
        &mut self,
        header: TxnHeader,
        (what, at, with): Wish,
    ) -> Result<TxnBody<'static>, ErrorCode> {
        let path = path(at);
        match what % 16 {
            0..=7 => self.create(header, path, what, with),
            8..=10 => {
                self.nodes.get(&path).ok_or(ErrorCode::NoNode)?;
                if self.children(&path) > 0 {
                    return Err(ErrorCode::NotEmpty);
                }
                self.delete(header, &path);
                Ok(TxnBody::Delete(DeleteTxn { path: Some(path.into()) }))
            }
            11..=13 => {
                let node = self.nodes.get_mut(&path).ok_or(ErrorCode::NoNode)?;
                node.data = data(with);
                node.stat.version += 1;
                (node.stat.mzxid, node.stat.mtime) = (header.zxid, header.time);
                let (data, version) = (leak(&node.data), node.stat.version);
                Ok(TxnBody::SetData(SetDataTxn { path: Some(path.into()), data, version }))
            }
            14 => {
                let node = self.nodes.get_mut(&path).ok_or(ErrorCode::NoNode)?;
                node.acl = acl(with);
                node.stat.aversion += 1;
                let version = node.stat.aversion;
                Ok(TxnBody::SetAcl(SetAclTxn {
                    path: Some(path.into()),
                    acl: Some(acl(with)),
                    version,
                }))
            }
            _ => {
                let node = self.nodes.get(&path).ok_or(ErrorCode::NoNode)?;
                let version = node.stat.version + 1;
                Ok(TxnBody::Check(CheckVersionTxn { path: Some(path.into()), version }))
            }
        }
    }

    fn create(
        &mut self,
        header: TxnHeader,
        path: String,
        what: u8,
        with: u8,
    ) -> Result<TxnBody<'static>, ErrorCode> {
        let op = [OpCode::Create, OpCode::CreateContainer, OpCode::CreateTtl, OpCode::Create2];
        let op = op[usize::from(what) % 4];
        let ephemeral = op == OpCode::Create && with.is_multiple_of(3);
        let parent = self.nodes.get_mut(&parent_of(&path)).ok_or(ErrorCode::NoNode)?;
        let owner = parent.stat.ephemeral_owner;
        let (counter, parent_owner) = (parent.stat.cversion + 1, owner);
        if self.nodes.contains_key(&path) {
            return Err(ErrorCode::NodeExists);
        }
        if (1..=SESSIONS).contains(&parent_owner) {
            return Err(ErrorCode::NoChildrenForEphemerals);
        }
        let parent = self.nodes.get_mut(&parent_of(&path)).ok_or(ErrorCode::NoNode)?;
        (parent.stat.cversion, parent.stat.pzxid) = (counter, header.zxid);
        let ephemeral_owner = match op {
            OpCode::CreateContainer => i64::MIN,
            OpCode::CreateTtl => 0xff00_0000_0000_0000_u64 as i64 | 5000,
            _ if ephemeral => header.client_id.0,
            _ => 0,
        };
        let stat = StatPersisted {
            czxid: header.zxid,
            mzxid: header.zxid,
            pzxid: header.zxid,
            ctime: header.time,
            mtime: header.time,
            ephemeral_owner,
            ..Default::default()
        };
        let node = Node { data: data(with), acl: acl(with), stat };
        let data = leak(&node.data);
        self.nodes.insert(path.clone(), node);
        let (path, acl, parent_cversion) = (Some(path.into()), Some(acl(with)), counter);
        Ok(match op {
            OpCode::CreateContainer => {
                TxnBody::CreateContainer(CreateContainerTxn { path, data, acl, parent_cversion })
            }
            OpCode::CreateTtl => {
                let ttl = 5000;
                TxnBody::CreateTtl(CreateTtlTxn { path, data, acl, parent_cversion, ttl })
            }
            _ => {
                let body = CreateTxn { path, data, acl, ephemeral, parent_cversion };
                if op == OpCode::Create { TxnBody::Create(body) } else { TxnBody::Create2(body) }
            }
        })
    }

    fn delete(&mut self, header: TxnHeader, path: &str) {
        self.nodes.remove(path);
        if let Some(parent) = self.nodes.get_mut(&parent_of(path)) {
            parent.stat.pzxid = header.zxid;
        }
    }

    /// Panics at the first node that is not as the model has it.
    pub fn assert_same(&self, tree: &Tree) {
        assert_eq!(tree.node_count() as usize, self.nodes.len() + 1);
        for (path, want) in &self.nodes {
            let node = tree.get(path).unwrap_or_else(|| panic!("{path} is missing"));
            assert_eq!(node.data(), want.data.as_deref(), "{path}");
            assert_eq!(node.stat_persisted(), want.stat, "{path}");
            assert_eq!(node.acl().entries(), want.acl, "{path}");
            let (stat, children) = (node.stat(), self.children(path) as i32);
            assert_eq!(stat.num_children, children, "{path}");
            assert_eq!(stat.cversion, 2 * want.stat.cversion - children, "{path}");
            assert_eq!(tree.path_of(node.id()), *path);
            assert_eq!(node.children().count() as i32, children, "{path}");
            let below = if path == "/" { String::new() } else { path.clone() } + "/";
            let inside = |key: &&String| key.starts_with(&below) && *key != "/";
            let descendants = self.nodes.keys().filter(inside).count() as u64;
            assert_eq!(tree.descendants(node.id()), descendants, "{path}");
        }
        for session in (1..=SESSIONS).map(SessionId) {
            let owned = self.nodes.iter().filter(|(_, n)| n.stat.ephemeral_owner == session.0);
            let owned: Vec<String> = owned.map(|(path, _)| path.clone()).collect();
            assert_eq!(tree.ephemerals_of(session).collect::<Vec<_>>(), owned);
            assert_eq!(tree.ephemeral_count_of(session), owned.len());
        }
        let sessions: Vec<_> = self.sessions.iter().map(|(id, time)| (*id, *time)).collect();
        assert_eq!(tree.sessions().collect::<Vec<_>>(), sessions);
    }
}

/// Bodies borrow their data; a test may keep it for good.
fn leak(data: &Option<Vec<u8>>) -> Option<&'static [u8]> {
    data.clone().map(|data| &*data.leak())
}
