//! Sequences of writes through prepare and apply, with some of them in flight: what prepare
//! foretold (digest, success) is what apply finds, the tree holds together, and the same
//! transactions read back from their bytes build the same tree.
#![no_main]

use bytes::BytesMut;
use codec::txn::Txn;
use codec::{Decode, ErrorCode, OpCode, SessionId, Xid, Zxid};
use fuzz_support::{Taker, ops};
use libfuzzer_sys::fuzz_target;
use tree::authorize::Identity;
use tree::prepare::{Caller, PrepareRules, Preparer};
use tree::{KindRules, Tree, TreeConfig};

fuzz_target!(|data: &[u8]| {
    let mut taker = Taker(data);
    let mut leader = Leader::new(taker.byte());
    while !taker.is_empty() {
        leader.step(&mut taker);
    }
    leader.apply_all();
    leader.tree.check().expect("a tree");
    leader.replay();
});

struct Leader {
    config: TreeConfig,
    tree: Tree,
    preparer: Preparer,
    identities: [Identity; 2],
    payloads: Vec<BytesMut>,
    applied: usize,
    time_ms: i64,
}

impl Leader {
    fn new(rules: u8) -> Self {
        let extended_types = rules & 1 == 0;
        let kinds = KindRules { extended_types, ..KindRules::default() };
        let config = TreeConfig { kinds, ..TreeConfig::default() };
        let rules = PrepareRules {
            extended_types,
            enforce_quota: rules & 2 == 0,
            close_session_paths: rules & 4 == 0,
            close_session_bytes_max: if rules & 8 == 0 { 1 << 20 } else { 8 },
            ..PrepareRules::default()
        };
        let tree = Tree::new(config);
        let preparer = Preparer::new(rules, &tree, Zxid(0));
        let identities = [Identity::new("ip", "127.0.0.1"), Identity::new("digest", "user:hash")];
        Leader { config, tree, preparer, identities, payloads: Vec::new(), applied: 0, time_ms: 1 }
    }

    fn step(&mut self, taker: &mut Taker<'_>) {
        self.time_ms += 1;
        let session = SessionId(i64::from(taker.byte() % 3) + 1);
        match taker.byte() {
            0..32 => self.apply_one(),
            32..40 => self.apply_all(),
            40..50 => {
                let mut out = BytesMut::new();
                let time = self.time_ms;
                self.preparer.prepare_create_session(session, 4000, time, &mut out);
                self.payloads.push(out);
            }
            50..60 => self.close(session),
            60..66 => {
                let path = ops::path(taker).unwrap_or_default();
                let (mut out, time) = (BytesMut::new(), self.time_ms);
                self.preparer.prepare_delete_container(&self.tree, &path, time, &mut out);
                self.payloads.push(out);
            }
            _ => self.write(session, taker),
        }
    }

    fn close(&mut self, session: SessionId) {
        let (mut out, payloads) = (BytesMut::new(), &mut self.payloads);
        let surplus = |_, payload| payloads.push(payload);
        let time = self.time_ms;
        self.preparer.prepare_close_session(&self.tree, session, Xid(9), time, &mut out, surplus);
        self.payloads.push(out);
    }

    fn write(&mut self, session: SessionId, taker: &mut Taker<'_>) {
        let op = taker.pick(&ops::WRITES);
        let identities = usize::from(!taker.byte().is_multiple_of(4)) + 1;
        let (mut body, mut out) = (BytesMut::new(), BytesMut::new());
        ops::write_op(op, taker, &mut body);
        let caller = Caller {
            session,
            cxid: Xid(1),
            identities: &self.identities[..identities],
            standing: Ok(()),
            time_ms: self.time_ms,
        };
        let prepared = self.preparer.prepare(&self.tree, &caller, op, &body, &mut out);
        assert_eq!(prepared.op == OpCode::Error, prepared.err != ErrorCode::Ok);
        self.payloads.push(out);
    }

    fn apply_one(&mut self) {
        let Some(payload) = self.payloads.get(self.applied) else {
            return;
        };
        self.applied += 1;
        let txn = Txn::from_bytes(payload).expect("a prepared transaction can be read");
        let done = self.tree.apply(&txn, &mut ());
        assert_eq!(done.digest_mismatch, None, "{txn:?}");
        let counters = self.tree.counters();
        assert_eq!((counters.surprises, counters.digest_mismatches), (0, 0), "{txn:?}");
        self.preparer.applied(done.zxid);
    }

    fn apply_all(&mut self) {
        while self.applied < self.payloads.len() {
            self.apply_one();
        }
        assert_eq!(self.preparer.in_flight(), 0);
    }

    fn replay(&self) {
        let mut tree = Tree::new(self.config);
        for payload in &self.payloads {
            let txn = Txn::from_bytes(payload).expect("a prepared transaction can be read");
            tree.apply(&txn, &mut ());
        }
        assert_eq!(tree.first_difference(&self.tree), None);
        assert_eq!(tree.digest(), self.tree.digest());
    }
}
