//! The driver: carries effects out, delivers messages, moves the clock, and holds the invariants
//! after every event.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use codec::peer::{ConfigText, PacketType, PeerState};
use codec::{ServerId, Zxid};
use quorum::leader::{self, LearnerId};
use quorum::sync::CommittedLog;
use quorum::{Leader, Learner, Membership, Millis, Packet, Txn, election, learner};

use crate::disk::{Disk, Tree};
use crate::node::{Act, Job, Node, TIMING};

/// From a leader to a learner.
enum Down {
    Packet(Packet),
    Tree(Zxid, Tree),
}

struct Link {
    learner: i64,
    leader: i64,
    down: VecDeque<Down>,
    up: VecDeque<Packet>,
}

pub struct World {
    pub nodes: BTreeMap<i64, Node>,
    members: Membership,
    links: BTreeMap<LearnerId, Link>,
    last_link: u64,
    pub now: Millis,
    /// Servers that nobody hears and who hear nobody.
    pub isolated: BTreeSet<i64>,
    /// Invariant: one leader per epoch.
    leaders: BTreeMap<i64, ServerId>,
    /// All packets between leaders and learners, for tests to look at.
    pub trace: Vec<(i64, i64, PacketType, Zxid)>,
    pub prefer_trunc: bool,
}

/// `voters` servers and an observer with the next number.
pub fn text(voters: i64) -> String {
    let line = |sid: i64| format!("server.{sid}=h{sid}:1:2");
    let mut lines: Vec<_> = (1..=voters).map(line).collect();
    lines.push(format!("{}:observer", line(voters + 1)));
    lines.join("\n")
}

impl World {
    pub fn new(voters: i64, up: impl IntoIterator<Item = i64>) -> Self {
        let config = ConfigText::parse(text(voters).as_bytes()).unwrap();
        let mut world = World {
            nodes: BTreeMap::new(),
            members: Membership::new(config),
            links: BTreeMap::new(),
            last_link: 0,
            now: Millis(0),
            isolated: BTreeSet::new(),
            leaders: BTreeMap::new(),
            trace: Vec::new(),
            prefer_trunc: false,
        };
        up.into_iter().for_each(|sid| world.start(sid, Disk::default()));
        world
    }

    pub fn start(&mut self, sid: i64, disk: Disk) {
        self.nodes.insert(sid, Node::new(sid, self.members.clone(), disk, self.now));
    }

    /// Ends a process; what its disk had not done is lost.
    pub fn kill(&mut self, sid: i64) {
        let node = self.nodes.get_mut(&sid).unwrap();
        node.up = false;
        node.serving = false;
        node.act = Act::Looking;
        node.jobs.clear();
        self.drop_links(|link| link.learner == sid || link.leader == sid);
    }

    pub fn restart(&mut self, sid: i64) {
        let disk = self.nodes[&sid].disk.clone();
        self.start(sid, disk);
    }

    pub fn node(&self, sid: i64) -> &Node {
        &self.nodes[&sid]
    }

    pub fn node_mut(&mut self, sid: i64) -> &mut Node {
        self.nodes.get_mut(&sid).unwrap()
    }

    /// The server that leads and serves.
    pub fn leader(&self) -> Option<i64> {
        let leads = |node: &&Node| node.serving && matches!(node.act, Act::Leading(_));
        self.nodes.values().find(leads).map(|node| node.sid.0)
    }

    /// Proposes a transaction at a leader.
    pub fn write(&mut self, sid: i64, data: &str) {
        let now = self.now;
        let leader = self.node_mut(sid).leader();
        let zxid = leader.next_zxid().unwrap();
        let txn = Txn { zxid, data: data.to_owned().into() };
        leader.propose(now, txn, None).unwrap();
    }

    /// Runs for a while.
    pub fn run(&mut self, span_ms: u64) {
        let end = self.now + span_ms;
        // Every server wakes at most every few milliseconds.
        for _ in 0..span_ms + 1_000 {
            self.settle();
            let next = self.nodes.values().filter(|n| n.up).filter_map(wake_of).min();
            match next {
                Some(next) if next <= end => self.now = self.now.max(next),
                _ => {
                    self.now = end;
                    return;
                }
            }
            for sid in self.sids() {
                self.wake(sid);
            }
        }
        panic!("wakes without end at {:?}", self.now);
    }

    /// Delivers until nothing moves, without moving the clock.
    pub fn settle(&mut self) {
        for _ in 0..100_000 {
            let mut busy = false;
            for sid in self.sids() {
                busy |= self.carry_out(sid) | self.work_disk(sid) | self.deliver_votes(sid);
            }
            busy |= self.deliver_packets();
            self.check();
            if !busy {
                return;
            }
        }
        panic!("messages without end at {:?}", self.now);
    }

    /// Runs until everybody serves, at most so long.
    pub fn run_until_all_serve(&mut self, span_ms_max: u64) {
        let end = self.now + span_ms_max;
        while self.now < end && !self.nodes.values().all(|node| node.serving) {
            self.run(500);
        }
    }

    /// Lets one server's disk work off what it has been asked, without delivering anything.
    pub fn settle_one(&mut self, sid: i64) {
        while self.work_disk(sid) {}
    }

    fn sids(&self) -> Vec<i64> {
        self.nodes.iter().filter(|(_, node)| node.up).map(|(sid, _)| *sid).collect()
    }

    fn reach(&self, a: i64, b: i64) -> bool {
        let up = |sid| self.nodes.get(&sid).is_some_and(|node: &Node| node.up);
        up(a) && up(b) && !self.isolated.contains(&a) && !self.isolated.contains(&b)
    }

    fn check(&self) {
        let serving: Vec<_> = self.nodes.values().filter(|n| n.serving && n.up).collect();
        for (a, b) in serving.iter().flat_map(|a| serving.iter().map(move |b| (a, b))) {
            let n = a.tree.len().min(b.tree.len());
            assert_eq!(a.tree[..n], b.tree[..n], "histories of {} and {} fork", a.sid, b.sid);
        }
        for node in self.nodes.values().filter(|node| node.serving) {
            let durable = node.disk.recover().0;
            let fresh = node.last.counter() == 0;
            assert!(
                fresh || node.last <= durable,
                "{} applied {} > {durable}",
                node.sid,
                node.last
            );
            assert!(node.disk.current <= node.disk.accepted);
        }
    }

    fn wake(&mut self, sid: i64) {
        let now = self.now;
        let node = self.nodes.get_mut(&sid).unwrap();
        let delivered = node.slots.any_delivered();
        node.election.handle_wake(now, delivered);
        match &mut node.act {
            Act::Looking => {}
            Act::Leading(leader) => leader.handle_wake(now),
            Act::Learning { learner, .. } => learner.handle_wake(now),
            Act::Connecting { leader, tries, at } if *at <= now => {
                let leader = *leader;
                *at = now + 100;
                *tries += 1;
                let tries = *tries;
                self.connect(sid, leader, tries);
            }
            Act::Connecting { .. } => {}
        }
    }

    fn connect(&mut self, sid: i64, leader: i64, tries: u32) {
        let now = self.now;
        let leads = self.nodes.get(&leader).is_some_and(|n| matches!(n.act, Act::Leading(_)));
        if !leads || !self.reach(sid, leader) {
            if tries >= 5 {
                self.node_mut(sid).look(now, false);
            }
            return;
        }
        self.last_link += 1;
        let id = LearnerId(self.last_link);
        let (down, up) = (VecDeque::new(), VecDeque::new());
        self.links.insert(id, Link { learner: sid, leader, down, up });
        self.node_mut(leader).leader().handle_connected(now, id);
        let node = self.node_mut(sid);
        let settings = learner::Settings {
            me: node.sid,
            role: node.role,
            leader: ServerId(leader),
            timing: TIMING,
            reconfig_enabled: false,
            snapshot_wanted: false,
            held_bytes_max: 1 << 20,
        };
        let past = learner::Past {
            accepted_epoch: node.disk.accepted,
            current_epoch: node.disk.current,
            last_zxid: node.last,
            committed: std::mem::replace(&mut node.committed, empty()),
        };
        let learner = Learner::new(now, settings, node.members.clone(), past);
        node.act = Act::Learning { learner: Box::new(learner), link: id };
    }

    fn drop_links(&mut self, which: impl Fn(&Link) -> bool) {
        let ids: Vec<_> = self.links.iter().filter(|(_, l)| which(l)).map(|(id, _)| *id).collect();
        for id in ids {
            let link = self.links.remove(&id).unwrap();
            if let Act::Leading(leader) = &mut self.node_mut(link.leader).act {
                leader.handle_closed(id);
            }
            if let Act::Learning { learner, link: own } = &mut self.node_mut(link.learner).act
                && *own == id
            {
                learner.handle_disconnected();
            }
        }
    }

    fn deliver_votes(&mut self, from: i64) -> bool {
        let peers: Vec<_> = self.nodes[&from].slots.peers().collect();
        let mut busy = false;
        for to in peers {
            if !self.reach(from, to.0) {
                continue;
            }
            if let Some(message) = self.node_mut(from).slots.take(to) {
                let now = self.now;
                self.node_mut(to.0).election.handle_message(now, ServerId(from), message);
                busy = true;
            }
        }
        busy
    }

    fn deliver_packets(&mut self) -> bool {
        let mut busy = false;
        for id in self.links.keys().copied().collect::<Vec<_>>() {
            let Some(link) = self.links.get_mut(&id) else { continue };
            let (learner, leader) = (link.learner, link.leader);
            if self.isolated.contains(&learner) || self.isolated.contains(&leader) {
                continue;
            }
            if let Some(packet) = link.up.pop_front() {
                self.deliver_up(id, learner, leader, packet);
                busy = true;
            }
            busy |= self.deliver_down(id);
        }
        busy
    }

    fn deliver_up(&mut self, id: LearnerId, learner: i64, leader: i64, packet: Packet) {
        self.trace.push((learner, leader, packet.kind().unwrap(), packet.zxid));
        let now = self.now;
        if let Act::Leading(core) = &mut self.node_mut(leader).act {
            core.handle_packet(now, id, packet);
        }
    }

    fn deliver_down(&mut self, id: LearnerId) -> bool {
        let Some(link) = self.links.get_mut(&id) else { return false };
        let (sid, leader, now) = (link.learner, link.leader, self.now);
        let node = self.nodes.get_mut(&sid).unwrap();
        let Act::Learning { learner, .. } = &mut node.act else { return false };
        match link.down.front() {
            Some(Down::Tree(..)) => {}
            Some(Down::Packet(_)) if learner.wants_packets() => {}
            _ => return false,
        }
        match link.down.pop_front().unwrap() {
            Down::Tree(zxid, tree) => {
                (node.last, node.tree) = (zxid, tree);
                learner.handle_snapshot_received(now);
            }
            Down::Packet(packet) => {
                let kind = packet.kind().unwrap();
                self.trace.push((leader, sid, kind, packet.zxid));
                if matches!(kind, PacketType::Diff | PacketType::Trunc | PacketType::Snap) {
                    node.syncs.push(kind);
                }
                learner.handle_packet(now, packet);
            }
        }
        true
    }

    fn carry_out(&mut self, sid: i64) -> bool {
        let votes = self.node_mut(sid).election.take_effects();
        let mut busy = !votes.is_empty();
        for effect in votes {
            self.on_election(sid, effect);
        }
        let effects = match &mut self.node_mut(sid).act {
            Act::Leading(leader) => leader.take_effects(),
            _ => Vec::new(),
        };
        busy |= !effects.is_empty();
        for effect in effects {
            self.on_leader(sid, effect);
        }
        let effects = match &mut self.node_mut(sid).act {
            Act::Learning { learner, .. } => learner.take_effects(),
            _ => Vec::new(),
        };
        busy |= !effects.is_empty();
        for effect in effects {
            self.on_learner(sid, effect);
        }
        busy
    }

    fn on_election(&mut self, sid: i64, effect: election::Effect) {
        let (now, prefer_trunc) = (self.now, self.prefer_trunc);
        let node = self.node_mut(sid);
        match effect {
            election::Effect::Send { to, message } => node.slots.offer(to, message),
            election::Effect::Decided { state: PeerState::Leading, .. } => {
                let past = leader::Past {
                    accepted_epoch: node.disk.accepted,
                    current_epoch: node.disk.current,
                    last_zxid: node.last,
                    committed: std::mem::replace(&mut node.committed, empty()),
                };
                let settings =
                    leader::Settings { prefer_trunc, ..leader::Settings::new(node.sid, TIMING) };
                let leader = Leader::new(now, settings, node.members.clone(), past);
                node.act = Act::Leading(Box::new(leader));
            }
            election::Effect::Decided { vote, .. } => {
                // A connection takes time: a leader that turns us away is not asked without end.
                let at = now + 10;
                node.act = Act::Connecting { leader: vote.leader.0, tries: 0, at };
            }
            election::Effect::DialAll => {
                let peers: Vec<_> = node.slots.peers().collect();
                peers.into_iter().for_each(|peer| node.slots.on_connected(peer));
            }
            _ => {}
        }
    }

    fn on_leader(&mut self, sid: i64, effect: leader::Effect) {
        use leader::Effect as E;
        let now = self.now;
        let node = self.nodes.get_mut(&sid).unwrap();
        match effect {
            E::Send { to, packet } => self.send_down(to, Down::Packet(packet)),
            E::SendSnapshot { to, zxid } => {
                let tree = node.tree.clone();
                assert!(node.last <= zxid);
                self.send_down(to, Down::Packet(Packet::bare(PacketType::Snap, zxid)));
                self.send_down(to, Down::Tree(zxid, tree));
            }
            E::SendLog { to, after, upto } => {
                let wanted = |txn: &&Txn| txn.zxid > after && txn.zxid <= upto;
                let records: Vec<_> = node.disk.log.iter().filter(wanted).cloned().collect();
                assert_eq!(records.last().map(|txn| txn.zxid), Some(upto));
                for txn in records {
                    self.send_down(to, Down::Packet(txn.proposal()));
                    self.send_down(to, Down::Packet(txn.commit()));
                }
            }
            E::Close { learner, .. } => {
                if let Some(link) = self.links.remove(&learner)
                    && let Act::Learning { learner: core, link: own } =
                        &mut self.node_mut(link.learner).act
                    && *own == learner
                {
                    core.handle_disconnected();
                }
            }
            E::PersistAcceptedEpoch(epoch) => node.jobs.push_back(Job::Accepted(epoch)),
            E::PersistCurrentEpoch(epoch) => node.jobs.push_back(Job::Current(epoch)),
            E::InspectLog { learner, peer_last, upto } => {
                let window = node.disk.window(peer_last, upto);
                node.leader().handle_log_inspected(now, learner, Some(window));
            }
            E::Append(txn) => node.jobs.push_back(Job::Append(txn)),
            E::Apply(txn) => node.apply(txn),
            E::Serve { epoch } => {
                node.serving = true;
                node.last = Zxid::new(epoch, 0);
                node.election.report_epoch(epoch);
                let sid = node.sid;
                let other = self.leaders.insert(epoch, sid);
                assert!(other.is_none(), "two leaders in epoch {epoch}: {other:?} and {sid}");
            }
            E::SyncReady(_) => node.synced += 1,
            E::Request { from, packet } => self.on_request(sid, from, &packet),
            E::Stop(_) => {
                node.look(now, false);
                self.drop_links(|link| link.leader == sid);
            }
            E::Oddity { oddity, .. } => panic!("a correct learner is odd: {oddity:?}"),
            _ => {}
        }
    }

    /// Requests of tests: `sync`, or a transaction's text.
    fn on_request(&mut self, sid: i64, from: LearnerId, packet: &Packet) {
        let now = self.now;
        let data = String::from_utf8_lossy(&packet.bytes()).into_owned();
        match data.as_str() {
            "sync" => {
                self.node_mut(sid).leader().sync(now, leader::SyncFor::Learner(from));
            }
            data => self.write(sid, data),
        }
    }

    fn on_learner(&mut self, sid: i64, effect: learner::Effect) {
        use learner::Effect as E;
        let now = self.now;
        let node = self.nodes.get_mut(&sid).unwrap();
        match effect {
            E::Send(packet) => self.send_up(sid, packet),
            E::PersistAcceptedEpoch(epoch) => node.jobs.push_back(Job::Accepted(epoch)),
            E::PersistCurrentEpoch(epoch) => node.jobs.push_back(Job::Current(epoch)),
            E::Truncate(zxid) => {
                assert!(node.jobs.is_empty());
                node.disk.truncate(zxid);
                (_, node.tree) = node.disk.recover();
                node.last = zxid;
                if let Act::Learning { learner, .. } = &mut node.act {
                    learner.handle_truncated(now, true);
                }
            }
            E::SaveSnapshot(zxid) => node.jobs.push_back(Job::Save(zxid)),
            E::Append(txn) => node.jobs.push_back(Job::Append(txn)),
            E::Apply(txn) => node.apply(txn),
            E::Serve { epoch } => {
                node.serving = true;
                node.election.report_epoch(epoch);
            }
            E::Pinged(ping) => {
                if let Act::Learning { learner, .. } = &mut node.act {
                    learner.answer_ping(ping, Default::default());
                }
            }
            E::Synced => node.synced += 1,
            E::Oddity(oddity) => panic!("a correct leader is odd: {oddity:?}"),
            E::Leave(leave) => {
                assert_eq!(leave.reason.exit_code(), None, "{leave:?}");
                node.look(now, leave.discard_memory);
                self.drop_links(|link| link.learner == sid);
            }
            _ => {}
        }
    }

    fn send_down(&mut self, to: LearnerId, item: Down) {
        if let Some(link) = self.links.get_mut(&to) {
            link.down.push_back(item);
        }
    }

    /// Invariant: nothing is acknowledged that the disk does not have.
    fn send_up(&mut self, sid: i64, packet: Packet) {
        let node = &self.nodes[&sid];
        if packet.kind() == Some(PacketType::Ack) {
            let zxid = packet.zxid;
            let held = match zxid.counter() {
                0 => node.disk.current == zxid.epoch() && node.disk.recover().0 >= node.last,
                _ => node.disk.recover().0 >= zxid,
            };
            assert!(held, "{sid} acknowledges {zxid} with {:?}", node.disk.recover().0);
        }
        if let Act::Learning { link, .. } = &node.act
            && let Some(link) = self.links.get_mut(&link.clone())
        {
            link.up.push_back(packet);
        }
    }

    fn work_disk(&mut self, sid: i64) -> bool {
        let now = self.now;
        let node = self.nodes.get_mut(&sid).unwrap();
        if node.hold_disk {
            return false;
        }
        let Some(job) = node.jobs.pop_front() else { return false };
        match job {
            Job::Accepted(epoch) => {
                node.disk.accepted = epoch;
                match &mut node.act {
                    Act::Leading(leader) => leader.handle_accepted_epoch_persisted(now),
                    Act::Learning { learner, .. } => learner.handle_accepted_epoch_persisted(now),
                    _ => {}
                }
            }
            Job::Current(epoch) => {
                node.disk.current = epoch;
                match &mut node.act {
                    Act::Leading(leader) => leader.handle_current_epoch_persisted(now),
                    Act::Learning { learner, .. } => learner.handle_current_epoch_persisted(now),
                    _ => {}
                }
            }
            Job::Append(txn) => {
                let zxid = txn.zxid;
                node.disk.append(txn);
                match &mut node.act {
                    Act::Leading(leader) => leader.handle_durable(now, zxid),
                    Act::Learning { learner, .. } => learner.handle_durable(now, zxid),
                    _ => {}
                }
            }
            Job::Save(zxid) => {
                let tree = node.tree.clone();
                node.disk.save(zxid, tree);
                if let Act::Learning { learner, .. } = &mut node.act {
                    learner.handle_snapshot_saved(now);
                }
            }
        }
        true
    }
}

fn empty() -> CommittedLog {
    CommittedLog::new(500, usize::MAX)
}

fn wake_of(node: &Node) -> Option<Millis> {
    let role = match &node.act {
        Act::Looking => None,
        Act::Connecting { at, .. } => Some(*at),
        Act::Leading(leader) => Some(leader.next_wake()),
        Act::Learning { learner, .. } => learner.next_wake(),
    };
    role.into_iter().chain(node.election.next_wake()).min()
}
