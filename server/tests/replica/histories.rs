//! Random histories: any sessions, any requests, any batches, any moments at which the disk is
//! done, sockets that stall, die and come back; against the model, frame by frame.

use codec::txn::Txn;
use codec::{Decode, OpCode, SessionId, Xid, Zxid};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use tree::session::password;

use super::ask;
use super::harness::{Setup, TICK_MS, World, cut};
use super::model::Model;
use super::random::{FIRST_XID, Seed, any_frame, last_touch};

/// What happens next. Clients are chosen modulo those that there are.
#[derive(Debug, Clone)]
enum Step {
    /// A client sends a batch.
    Send(u8, Vec<Seed>),
    /// The disk has done so many transactions more.
    Commit(u8),
    /// A client with a new session.
    Open(u16),
    /// A socket takes only so many bytes more.
    Stall(u8, u8),
    /// It takes everything again.
    Resume(u8),
    /// A socket dies, once its handshake is answered.
    Cut(u8),
    /// Another connection for the session of a client, now and then with a wrong password.
    Return(u8, u16, bool),
    /// Time goes by.
    Pass(u16),
}

fn step() -> impl Strategy<Value = Step> {
    let batch = prop::collection::vec(any::<Seed>(), 1..12);
    prop_oneof![
        12 => (any::<u8>(), batch).prop_map(|(who, batch)| Step::Send(who, batch)),
        8 => (0_u8..20).prop_map(Step::Commit),
        2 => (4000_u16..40_000).prop_map(Step::Open),
        2 => (any::<u8>(), any::<u8>()).prop_map(|(who, room)| Step::Stall(who, room)),
        3 => any::<u8>().prop_map(Step::Resume),
        1 => any::<u8>().prop_map(Step::Cut),
        2 => (any::<u8>(), 4000_u16..40_000, prop::bool::weighted(0.8))
            .prop_map(|(who, time_out, right)| Step::Return(who, time_out, right)),
        1 => (1_u16..20_000).prop_map(Step::Pass),
    ]
}

struct Run {
    world: World,
    model: Model,
    next_xid: i32,
}

impl Run {
    fn new() -> Self {
        let setup = Setup::default();
        let model = Model::new(&setup);
        Run { world: World::with(setup), model, next_xid: FIRST_XID.0 }
    }

    fn pick(&self, who: u8) -> usize {
        who as usize % self.world.clients.len()
    }

    fn step(&mut self, step: &Step) {
        self.world.pass_ms(7);
        match step {
            Step::Send(who, seeds) => {
                let frames = seeds.iter().flat_map(|seed| {
                    self.next_xid += 1;
                    any_frame(self.next_xid, *seed)
                });
                let frames: Vec<u8> = frames.collect();
                let client = self.pick(*who);
                self.world.send_frames(client, &frames);
            }
            Step::Commit(n) => self.world.commit_some(*n as usize),
            Step::Open(time_out) => self.open(*time_out as i32),
            Step::Stall(who, room) => {
                let client = self.pick(*who);
                self.world.let_through(client, Some(*room as usize));
            }
            Step::Resume(who) => {
                let client = self.pick(*who);
                self.world.let_through(client, None);
            }
            Step::Cut(who) => {
                let client = self.pick(*who);
                self.world.cut(client);
            }
            Step::Return(who, time_out, right) => {
                let session = self.world.session(self.pick(*who));
                if session != SessionId::NONE {
                    self.come_back(session, *time_out as i32, *right);
                }
            }
            Step::Pass(ms) => self.pass(*ms as u64),
        }
        self.follow();
    }

    fn open(&mut self, time_out: i32) {
        let client = self.world.open();
        self.model.open();
        self.world.greet(client, SessionId::NONE, &[0; 16], time_out).unwrap();
        let session = {
            let book = self.world.book.lock();
            Txn::from_bytes(&book.entries.last().unwrap().1).unwrap().header.client_id
        };
        self.model.create_session(session, time_out, self.world.now());
    }

    fn come_back(&mut self, session: SessionId, time_out: i32, right: bool) {
        let mut passwd = password(session);
        passwd[3] ^= u8::from(!right);
        let client = self.world.open();
        self.model.open();
        self.model.reattach(session, &passwd, time_out, self.world.now());
        self.world.greet(client, session, &passwd, time_out).unwrap();
    }

    fn pass(&mut self, ms: u64) {
        let end = self.world.micros + ms * 1000;
        while self.world.micros < end {
            self.world.pass_ms(TICK_MS / 2);
            let before = self.world.book.lock().entries.len();
            self.world.tick();
            let expired: Vec<SessionId> = {
                let book = self.world.book.lock();
                let txn = |entry: &(Zxid, Vec<u8>)| Txn::from_bytes(&entry.1).unwrap().header;
                book.entries[before..].iter().map(txn).map(|header| header.client_id).collect()
            };
            self.model.expired(&expired, self.world.now());
        }
    }

    /// The model does what the world has done, then both are compared.
    fn follow(&mut self) {
        let story = std::mem::take(&mut self.world.story);
        let book = self.world.book.clone();
        let book = book.lock();
        for happening in story {
            self.model.follow(happening, &book.entries);
            self.model.touch_new(self.world.now());
        }
        assert_eq!(self.model.asked, book.entries.len(), "one transaction for each write");
        for (client, peer) in self.model.peers.iter().enumerate() {
            let at = &self.world.clients[client];
            assert_eq!(at.ended, peer.ending, "client {client} lives or not");
        }
    }

    /// Everything stops: the disk is done, all sockets take everything.
    fn finish(&mut self) {
        for client in 0..self.world.clients.len() {
            self.world.let_through(client, None);
        }
        self.follow();
        let watcher = self.world.clients.len();
        self.open(30_000);
        self.settle();
        let touch = last_touch().into_iter().enumerate();
        let touch: Vec<_> = touch.map(|(n, request)| (n as i32, request)).collect();
        let frames: Vec<u8> =
            touch.iter().flat_map(|(xid, request)| ask::encode(*xid, request)).collect();
        self.world.send_frames(watcher, &frames);
        self.settle();
    }

    fn settle(&mut self) {
        for _ in 0..100 {
            self.world.commit();
            self.follow();
        }
    }

    fn check(&mut self) {
        self.world.check_watches();
        let tree = self.world.replica.tree.read();
        assert_eq!(tree.digest(), self.model.tree.digest());
        assert_eq!(tree.last_zxid(), self.model.tree.last_zxid());
        assert_eq!(tree.node_count(), self.model.tree.node_count());
        assert_eq!(tree.counters().surprises, 0);
        drop(tree);
        assert_eq!(self.world.replica.in_flight(), 0);
        for client in 0..self.world.clients.len() {
            self.check_client(client);
        }
    }

    fn check_client(&self, client: usize) {
        let at = &self.world.clients[client];
        let bytes = self.world.all_bytes(client);
        let (heard, expected) = (cut(&bytes), &self.model.peers[client].expected);
        let mut count = 0;
        for (frame, foretold) in heard.zip(expected) {
            assert_eq!(frame, &foretold[..], "frame {count} of client {client}");
            count += 1;
        }
        assert_eq!(count, cut(&bytes).count(), "nothing more than foretold");
        if !at.ended || at.flushed {
            assert_eq!(count, expected.len(), "client {client} hears all of it");
        }
        if !at.ended {
            assert_eq!((self.world.backlog(client), self.world.unsent(client)), (0, 0));
            assert_eq!(at.connection.outstanding(), 0);
        }
        check_zxids(&bytes);
    }
}

/// zxids of replies, but for those that stand for nothing, never go back.
fn check_zxids(bytes: &[u8]) {
    let mut last = 0;
    for frame in cut(bytes).skip(1) {
        let word = |at: usize| frame[at..at + 8].try_into().unwrap();
        let (xid, zxid) =
            (i32::from_be_bytes(frame[..4].try_into().unwrap()), i64::from_be_bytes(word(4)));
        if xid != Xid::NOTIFICATION.0 && zxid > 0 {
            assert!(zxid >= last, "reply {xid}: {zxid} after {last}");
            last = zxid;
        }
    }
}

fn run(steps: &[Step]) -> Run {
    let mut run = Run::new();
    run.open(30_000);
    run.open(10_000);
    run.settle();
    steps.iter().for_each(|step| run.step(step));
    run.finish();
    run.check();
    run
}

/// At least so many; `PROPTEST_CASES` asks for more.
const CASES: u32 = 512;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(CASES.max(ProptestConfig::default().cases)))]

    #[test]
    fn every_frame_is_what_a_server_without_haste_would_say(
        steps in prop::collection::vec(step(), 1..60),
    ) {
        run(&steps);
    }
}

/// The generator reaches what it is there for.
#[test]
fn random_histories_are_not_all_refusals() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let strategy = prop::collection::vec(step(), 60);
    let mut seen = std::collections::BTreeMap::<(i32, bool), usize>::new();
    for _ in 0..60 {
        let steps = strategy.new_tree(&mut runner).unwrap().current();
        let run = run(&steps);
        for (_, payload) in &run.world.book.lock().entries {
            let txn = Txn::from_bytes(payload).unwrap();
            *seen.entry((txn.header.txn_type, false)).or_default() += 1;
        }
        for peer in &run.model.peers {
            for frame in &peer.expected {
                let event = frame[..4] == (-1_i32).to_be_bytes();
                *seen.entry((i32::MAX, event)).or_default() += 1;
            }
        }
    }
    for op in [OpCode::Create, OpCode::Create2, OpCode::CreateContainer, OpCode::CreateTtl]
        .into_iter()
        .chain([OpCode::Delete, OpCode::SetData, OpCode::SetAcl, OpCode::Multi])
        .chain([OpCode::CloseSession, OpCode::Error])
    {
        let times = seen.get(&(op.code(), false)).copied().unwrap_or(0);
        assert!(times >= 20, "{op:?}: {times} times; {seen:?}");
    }
    assert!(seen[&(i32::MAX, true)] > 500, "events: {seen:?}");
}
