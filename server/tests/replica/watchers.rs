//! Watches as a plain list of who, where and how: the rules of registering and firing, nothing
//! that is quick.

use codec::acl::perms;
use codec::client::WatcherEvent;
use codec::{Acl, Encode, ErrorCode, Xid, Zxid};
use tree::authorize::AccessRules;
use tree::change::{Change, ChangeSink};
use tree::tree::Tree;
use tree::watch::EventType;

use super::model::{Peer, reply};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    DataOnce,
    ChildOnce,
    Persistent,
    Recursive,
}

use Mode::{ChildOnce, DataOnce, Persistent, Recursive};

type Rights = Vec<Acl<'static>>;

/// One step of a transaction: what, where, the node's ACL, the parent's.
#[derive(Debug)]
pub struct Step {
    event: EventType,
    path: String,
    own: Rights,
    above: Rights,
}

/// The steps of a transaction.
#[derive(Debug, Default)]
pub struct Seen(pub Vec<Step>);

impl ChangeSink for Seen {
    fn change(&mut self, tree: &Tree, _: Zxid, change: &Change<'_>) {
        let (event, path, node, parent) = match *change {
            Change::Created { path, node, parent } => (EventType::Created, path, node, parent),
            Change::DataChanged { path, node } => (EventType::DataChanged, path, node, node),
            Change::Deleted { path, node, parent } => (EventType::Deleted, path, node, parent),
        };
        let acl = |node| tree.node(node).acl().entries().to_vec();
        let (own, above) = (acl(node), acl(parent));
        self.0.push(Step { event, path: path.to_owned(), own, above });
    }
}

#[derive(Debug, Default)]
pub struct Watching(Vec<(usize, String, Mode)>);

fn parent(path: &str) -> &str {
    match path.rfind('/') {
        Some(0) | None => "/",
        Some(slash) => &path[..slash],
    }
}

/// Whether `path` lies below `above`.
fn is_below(path: &str, above: &str) -> bool {
    above.starts_with('/')
        && (above == "/" && path != "/"
            || path.strip_prefix(above).is_some_and(|rest| rest.starts_with('/')))
}

impl Watching {
    pub fn add(&mut self, client: usize, path: &str, mode: Mode) {
        let entry = (client, path.to_owned(), mode);
        if !self.0.contains(&entry) {
            self.0.push(entry);
        }
    }

    /// The connection is gone.
    pub fn remove(&mut self, client: usize) {
        self.0.retain(|(who, ..)| *who != client);
    }

    fn modes(kind: i32) -> Option<&'static [Mode]> {
        Some(match kind {
            1 => &[ChildOnce],
            2 => &[DataOnce],
            3 => &[DataOnce, ChildOnce, Persistent, Recursive],
            4 => &[Persistent],
            5 => &[Recursive],
            _ => return None,
        })
    }

    /// checkWatches, and removeWatches with `take`.
    pub fn check(
        &mut self,
        client: usize,
        path: &str,
        kind: i32,
        take: bool,
    ) -> Result<(), ErrorCode> {
        let modes = Self::modes(kind).ok_or(ErrorCode::MarshallingError)?;
        let is_meant = |entry: &(usize, String, Mode)| {
            entry.0 == client && entry.1 == path && modes.contains(&entry.2)
        };
        if !self.0.iter().any(is_meant) {
            return Err(ErrorCode::NoWatcher);
        }
        if take {
            self.0.retain(|entry| !is_meant(entry));
        }
        Ok(())
    }

    pub fn fire(&mut self, step: &Step, zxid: Zxid, peers: &mut [Peer]) {
        let path = &step.path[..];
        let told = self.at(path, &[DataOnce, Persistent, Recursive], true);
        self.spend(path, DataOnce);
        tell(peers, &told, (step.event, path, zxid), &step.own);
        if step.event == EventType::DataChanged {
            return;
        }
        if step.event == EventType::Deleted {
            let mut more = self.at(path, &[ChildOnce, Persistent], false);
            more.retain(|client| !told.contains(client));
            self.spend(path, ChildOnce);
            tell(peers, &more, (EventType::Deleted, path, zxid), &step.own);
        }
        let parent = parent(path);
        let told = self.at(parent, &[ChildOnce, Persistent], false);
        self.spend(parent, ChildOnce);
        tell(peers, &told, (EventType::ChildrenChanged, parent, zxid), &step.above);
    }

    /// Who watches there, each once.
    fn at(&self, path: &str, modes: &[Mode], above: bool) -> Vec<usize> {
        let concerns = |at: &str, mode| {
            at == path && modes.contains(&mode) || above && mode == Recursive && is_below(path, at)
        };
        let mut who: Vec<usize> =
            self.0.iter().filter(|e| concerns(&e.1, e.2)).map(|e| e.0).collect();
        who.sort();
        who.dedup();
        who
    }

    fn spend(&mut self, path: &str, spent: Mode) {
        self.0.retain(|(_, at, mode)| at != path || *mode != spent);
    }
}

fn tell(
    peers: &mut [Peer],
    who: &[usize],
    (event, path, zxid): (EventType, &str, Zxid),
    acl: &[Acl<'_>],
) {
    for &client in who {
        let peer = &mut peers[client];
        if !peer.ending && AccessRules::default().allows(acl, perms::READ, &peer.who) {
            peer.expected.push(event_frame(event, path, zxid));
        }
    }
}

pub fn event_frame(event: EventType, path: &str, zxid: Zxid) -> Vec<u8> {
    let event = WatcherEvent { event_type: event.code(), state: 3, path: Some(path.into()) };
    reply(Xid::NOTIFICATION, zxid, ErrorCode::Ok, &event.to_bytes())
}
