//! Prepare against a tree that is never more than a few transactions ahead.

use codec::client::{
    CheckVersionRequest, CreateRequest, CreateTtlRequest, DeleteRequest, MultiOp, MultiRequest,
    SetAclRequest, SetDataRequest,
};
use codec::txn::{MultiTxn, Txn};
use codec::{Acl, acl::open_acl_unsafe, acl::perms};

use super::*;
use crate::kind::KindRules;
use crate::tree::TreeConfig;
use crate::{OpResult, TxnResult};

/// A tree and what was prepared for it and not yet applied.
struct Bench {
    tree: Tree,
    preparer: Preparer,
    queue: Vec<BytesMut>,
    identities: Vec<Identity>,
}

const SESSION: SessionId = SessionId(0x77);

impl Bench {
    fn new(rules: PrepareRules) -> Self {
        let kinds = KindRules { extended_types: true, emulate_353: false };
        let tree = Tree::new(TreeConfig { kinds, ..TreeConfig::default() });
        let preparer = Preparer::new(rules, &tree, Zxid::ZERO);
        let identities = vec![Identity::new("ip", "127.0.0.1")];
        Bench { tree, preparer, queue: Vec::new(), identities }
    }

    /// Prepares without applying.
    fn ask(&mut self, op: OpCode, body: &impl Encode) -> Prepared {
        let caller = Caller {
            session: SESSION,
            cxid: Xid(1),
            identities: &self.identities,
            standing: Ok(()),
            time_ms: 1000,
        };
        let mut out = BytesMut::new();
        let prepared = self.preparer.prepare(&self.tree, &caller, op, &body.to_bytes(), &mut out);
        self.queue.push(out);
        prepared
    }

    /// Applies everything prepared; every digest that was foretold must come true.
    fn settle(&mut self) -> Vec<crate::Applied> {
        let queue = std::mem::take(&mut self.queue);
        let mut all = Vec::new();
        for payload in queue {
            let txn = Txn::from_bytes(&payload).unwrap();
            let applied = self.tree.apply(&txn, &mut ());
            assert_eq!(applied.digest_mismatch, None, "{txn:?}");
            self.preparer.applied(applied.zxid);
            all.push(applied);
        }
        assert_eq!(self.preparer.in_flight(), 0);
        all
    }

    /// Asks and settles; the error of the request.
    fn err(&mut self, op: OpCode, body: &impl Encode) -> ErrorCode {
        let err = self.ask(op, body).err;
        self.settle();
        err
    }

    fn create(&mut self, path: &str, flags: i32) -> ErrorCode {
        self.ask(OpCode::Create, &create(path, flags)).err
    }
}

fn create(path: &str, flags: i32) -> CreateRequest<'_> {
    let acl = Some(open_acl_unsafe());
    CreateRequest { path: Some(path.into()), data: Some(b"data"), acl, flags }
}

fn create_ttl(path: &str, flags: i32, ttl: i64) -> CreateTtlRequest<'_> {
    let acl = Some(open_acl_unsafe());
    CreateTtlRequest { path: Some(path.into()), data: None, acl, flags, ttl }
}

fn delete(path: &str, version: i32) -> DeleteRequest<'_> {
    DeleteRequest { path: Some(path.into()), version }
}

fn set(path: &str, version: i32) -> SetDataRequest<'_> {
    SetDataRequest { path: Some(path.into()), data: Some(b"new"), version }
}

fn rules() -> PrepareRules {
    PrepareRules { extended_types: true, ..PrepareRules::default() }
}

fn closed_to(perms: i32) -> Vec<Acl<'static>> {
    vec![Acl::new(perms::ALL & !perms, "world", "anyone")]
}

#[test]
fn create_judges_flags_then_acl_then_parent_then_permission_then_name() {
    use ErrorCode as E;
    let mut bench = Bench::new(rules());
    bench.create("/closed", 0);
    let acl = Some(closed_to(perms::CREATE));
    bench.ask(OpCode::SetAcl, &SetAclRequest { path: Some("/closed".into()), acl, version: -1 });
    let bad_acl = |path, flags| CreateRequest { acl: None, ..create(path, flags) };
    assert_eq!(bench.err(OpCode::Create, &bad_acl("no slash", 9)), E::BadArguments);
    assert_eq!(bench.err(OpCode::Create, &bad_acl("no slash", 0)), E::BadArguments);
    assert_eq!(bench.err(OpCode::Create, &bad_acl("/missing/x", 0)), E::InvalidAcl);
    assert_eq!(bench.err(OpCode::Create, &create("/missing//x", 0)), E::NoNode);
    assert_eq!(bench.err(OpCode::Create, &create("/closed/..", 0)), E::NoAuth);
    assert_eq!(bench.err(OpCode::Create, &create("/..", 0)), E::BadArguments);
    assert_eq!(bench.err(OpCode::Create, &create("/closed", 0)), E::NodeExists);
    assert_eq!(bench.err(OpCode::Create, &create("/a\0b", 0)), E::BadArguments);
    let null = CreateRequest { path: None, ..create("", 0) };
    assert_eq!(bench.err(OpCode::Create, &null), E::MarshallingError);
}

#[test]
fn ttl_needs_extended_types_and_a_range_and_the_right_operation() {
    use ErrorCode as E;
    let mut plain = Bench::new(PrepareRules::default());
    assert_eq!(plain.err(OpCode::CreateTtl, &create_ttl("/t", 5, 1)), E::Unimplemented);
    let mut bench = Bench::new(rules());
    assert_eq!(bench.err(OpCode::CreateTtl, &create_ttl("/t", 5, 0)), E::BadArguments);
    assert_eq!(bench.err(OpCode::CreateTtl, &create_ttl("/t", 5, 1 << 40)), E::BadArguments);
    assert_eq!(bench.err(OpCode::CreateTtl, &create_ttl("/t", 0, 5)), E::BadArguments);
    // The reference lets this one through and dies of it.
    assert_eq!(bench.err(OpCode::CreateTtl, &create_ttl("/t", 0, -1)), E::BadArguments);
    assert_eq!(bench.err(OpCode::Create, &create("/t", 5)), E::BadArguments);
    assert_eq!(bench.err(OpCode::CreateTtl, &create_ttl("/t", 5, 7)), E::Ok);
    assert_eq!(bench.err(OpCode::Create, &create("/t/child", 0)), E::Ok);
}

#[test]
fn sequence_numbers_count_creations_in_flight_and_forget_deletions() {
    let mut bench = Bench::new(rules());
    bench.create("/q", 0);
    bench.create("/q/plain", 0);
    bench.create("/q/n-", 2);
    bench.ask(OpCode::Delete, &delete("/q/plain", -1));
    bench.create("/q/n-", 2);
    bench.create("/q/", 2);
    assert!(bench.settle().iter().all(|applied| applied.err == ErrorCode::Ok));
    for name in ["n-0000000001", "n-0000000002", "0000000003"] {
        assert!(bench.tree.find(&format!("/q/{name}")).is_some(), "{name}");
    }
    assert_eq!(bench.tree.get("/q").unwrap().stat().cversion, 5);
}

#[test]
fn a_write_is_judged_behind_everything_in_flight() {
    use ErrorCode as E;
    let mut bench = Bench::new(rules());
    assert_eq!(bench.create("/a", 0), E::Ok);
    assert_eq!(bench.create("/a", 0), E::NodeExists);
    assert_eq!(bench.ask(OpCode::SetData, &set("/a", 0)).err, E::Ok);
    assert_eq!(bench.ask(OpCode::SetData, &set("/a", 0)).err, E::BadVersion);
    assert_eq!(bench.create("/a/b", 0), E::Ok);
    assert_eq!(bench.ask(OpCode::Delete, &delete("/a", 0)).err, E::BadVersion);
    assert_eq!(bench.ask(OpCode::Delete, &delete("/a", 1)).err, E::NotEmpty);
    assert_eq!(bench.ask(OpCode::Delete, &delete("/a/b", -1)).err, E::Ok);
    assert_eq!(bench.ask(OpCode::Delete, &delete("/a", 1)).err, E::Ok);
    assert_eq!(bench.ask(OpCode::SetData, &set("/a", -1)).err, E::NoNode);
    let applied = bench.settle();
    let zxids: Vec<i64> = applied.iter().map(|applied| applied.zxid.0).collect();
    assert_eq!(zxids, (1..=10).collect::<Vec<_>>(), "refused requests take a zxid too");
    assert!(bench.tree.find("/a").is_none());
}

#[test]
fn children_of_ephemerals_are_refused_and_special_nodes_stay() {
    use ErrorCode as E;
    let mut bench = Bench::new(rules());
    assert_eq!(bench.create("/e", 1), E::Ok);
    assert_eq!(bench.create("/e/x", 0), E::NoChildrenForEphemerals);
    for special in ["/", "/zookeeper", "/zookeeper/quota", "/zookeeper/config"] {
        assert_eq!(bench.err(OpCode::Delete, &delete(special, -1)), E::BadArguments);
    }
    assert_eq!(bench.err(OpCode::SetData, &set("/zookeeper/config", -1)), E::NoAuth);
    assert_eq!(bench.err(OpCode::SetData, &set("/", -1)), E::Ok);
    assert_eq!(bench.err(OpCode::SetData, &set("/a/", -1)), E::BadArguments);
    assert_eq!(bench.err(OpCode::Delete, &delete("/a//b", -1)), E::NoNode);
}

#[test]
fn close_session_takes_its_ephemerals_in_flight_along() {
    let mut bench = Bench::new(rules());
    bench.create("/old", 1);
    bench.create("/gone", 1);
    bench.settle();
    bench.create("/new", 1);
    bench.ask(OpCode::Delete, &delete("/gone", -1));
    let mut out = BytesMut::new();
    bench.preparer.prepare_close_session(&bench.tree, SESSION, Xid(9), 5, &mut out, |_, _| {
        panic!("no surplus")
    });
    let txn = Txn::from_bytes(&out).unwrap();
    let TxnBody::CloseSession(Some(body)) = &txn.body else { panic!("{txn:?}") };
    let paths: Vec<_> = body.paths_to_delete.iter().flatten().flatten().cloned().collect();
    assert_eq!(paths, ["/new", "/old"]);
    bench.queue.push(out);
    bench.settle();
    assert_eq!(bench.tree.ephemeral_count(), 0);
}

#[test]
fn a_close_session_that_nobody_could_read_back_is_split() {
    let mut bench = Bench::new(PrepareRules { close_session_bytes_max: 20, ..rules() });
    (0..5).for_each(|n| assert_eq!(bench.create(&format!("/e{n}"), 1), ErrorCode::Ok));
    bench.settle();
    let (mut out, mut before) = (BytesMut::new(), Vec::new());
    bench.preparer.prepare_close_session(
        &bench.tree,
        SESSION,
        Xid(0),
        5,
        &mut out,
        |_, payload| before.push(payload),
    );
    assert_eq!(before.len(), 3);
    bench.queue.extend(before);
    bench.queue.push(out);
    bench.settle();
    assert_eq!(bench.tree.ephemeral_count(), 0);
}

/// What a slice of at most four deletions holds, and whether there is more.
fn slice(bench: &mut Bench) -> (usize, bool) {
    let Bench { tree, preparer, queue, .. } = bench;
    let before = queue.len();
    let more = preparer.prepare_session_deletions(tree, SESSION, 4, 5, |prepared, payload| {
        assert_eq!(prepared.op, OpCode::Delete);
        queue.push(payload);
    });
    (queue.len() - before, more)
}

#[test]
fn surplus_ephemerals_of_a_large_session_go_slice_by_slice_before_it() {
    for settle_between in [false, true] {
        let mut bench = Bench::new(rules());
        bench.preparer.set_close_session_paths_max(10);
        (0..25).for_each(|n| assert_eq!(bench.create(&format!("/e{n:02}"), 1), ErrorCode::Ok));
        bench.settle();
        bench.ask(OpCode::Delete, &delete("/e01", -1));
        bench.create("/in-flight", 1);
        let mut slices = Vec::new();
        loop {
            slices.push(slice(&mut bench));
            if settle_between {
                bench.settle();
            }
            if !slices[slices.len() - 1].1 {
                break;
            }
        }
        let deletions: usize = slices.iter().map(|(count, _)| count).sum();
        assert!(slices.len() == 4 && (14..=15).contains(&deletions), "{slices:?}");
        let mut out = BytesMut::new();
        bench.preparer.prepare_close_session(&bench.tree, SESSION, Xid(0), 5, &mut out, |_, _| {
            panic!("no surplus is left")
        });
        let txn = Txn::from_bytes(&out).unwrap();
        let TxnBody::CloseSession(Some(body)) = &txn.body else { panic!("{txn:?}") };
        let listed = body.paths_to_delete.iter().flatten().count();
        assert_eq!(listed + deletions, 25, "all but the deleted one, and the one in flight");
        bench.queue.push(out);
        bench.settle();
        assert_eq!(bench.tree.ephemeral_count(), 0);
        assert!(bench.preparer.closing.is_empty());
    }
}

#[test]
fn a_session_of_normal_size_is_left_to_its_close_session() {
    let mut bench = Bench::new(rules());
    bench.preparer.set_close_session_paths_max(10);
    (0..10).for_each(|n| assert_eq!(bench.create(&format!("/e{n}"), 1), ErrorCode::Ok));
    bench.settle();
    assert_eq!(slice(&mut bench), (0, false));
    assert_eq!(bench.create("/e10", 1), ErrorCode::Ok);
    bench.settle();
    assert_eq!(slice(&mut bench), (1, false));
}

fn multi(ops: Vec<MultiOp<'_>>) -> MultiRequest<'_> {
    MultiRequest { ops }
}

#[test]
fn the_parts_of_a_multi_see_each_other() {
    let mut bench = Bench::new(rules());
    let check = CheckVersionRequest { path: Some("/m".into()), version: 1 };
    let ops = vec![
        MultiOp::Create(create("/m", 0)),
        MultiOp::SetData(set("/m", 0)),
        MultiOp::Check(check),
        MultiOp::Create2(create("/m/s-", 2)),
        MultiOp::Create(create("/m/s-", 2)),
        MultiOp::CreateContainer(create("/m/c", 4)),
    ];
    bench.ask(OpCode::Multi, &multi(ops));
    let applied = bench.settle().pop().unwrap();
    let TxnResult::Multi(results) = applied.result else { panic!("{applied:?}") };
    let names: Vec<_> = results
        .iter()
        .filter_map(|result| match result {
            OpResult::Created { op, path, .. } => Some((*op, &**path)),
            _ => None,
        })
        .collect();
    assert_eq!(
        names,
        [
            (OpCode::Create, "/m"),
            (OpCode::Create2, "/m/s-0000000000"),
            (OpCode::Create, "/m/s-0000000001"),
            (OpCode::CreateContainer, "/m/c"),
        ]
    );
}

#[test]
fn a_failed_multi_leaves_no_trace_in_flight_and_burns_no_number() {
    let mut bench = Bench::new(rules());
    bench.create("/q", 0);
    let ops = vec![
        MultiOp::Create(create("/q/n-", 2)),
        MultiOp::Delete(delete("/missing", -1)),
        MultiOp::Create(create("/other", 0)),
    ];
    assert_eq!(bench.ask(OpCode::Multi, &multi(ops)).err, ErrorCode::Ok);
    assert_eq!(bench.create("/q/n-", 2), ErrorCode::Ok);
    let applied = bench.settle();
    let TxnResult::Multi(results) = &applied[1].result else { panic!("{applied:?}") };
    let codes = [ErrorCode::Ok, ErrorCode::NoNode, ErrorCode::RuntimeInconsistency];
    assert_eq!(*results, codes.map(OpResult::Error));
    assert!(bench.tree.find("/q/n-0000000000").is_some());
    assert!(bench.tree.find("/other").is_none());
}

#[test]
fn multis_that_cannot_be_read_are_refused_whole() {
    let mut bench = Bench::new(rules());
    let get = codec::client::GetDataRequest { path: Some("/".into()), watch: false };
    let null_acl = CreateRequest { acl: None, ..create("/x", 0) };
    for op in [
        MultiOp::GetData(get),
        MultiOp::Create(create("/x", 9)),
        MultiOp::Create(create("/x", 5)),
        MultiOp::Create(null_acl),
    ] {
        let ops = vec![MultiOp::Create(create("/y", 0)), op];
        assert_eq!(bench.err(OpCode::Multi, &multi(ops)), ErrorCode::MarshallingError);
    }
    assert!(bench.tree.find("/y").is_none());
    // A TTL request without the flag is a plain create; a container flag makes a container.
    let ops = vec![
        MultiOp::CreateTtl(create_ttl("/plain", 0, 5)),
        MultiOp::Create(create("/container", 4)),
    ];
    bench.ask(OpCode::Multi, &multi(ops));
    bench.settle();
    assert_eq!(bench.tree.get("/plain").unwrap().kind(), crate::NodeKind::Persistent);
    assert_eq!(bench.tree.get("/container").unwrap().kind(), crate::NodeKind::Container);
}

#[test]
fn check_writes_the_version_that_the_common_routine_answers() {
    let mut bench = Bench::new(rules());
    bench.create("/c", 0);
    let check = CheckVersionRequest { path: Some("/c".into()), version: -1 };
    bench.ask(OpCode::Multi, &multi(vec![MultiOp::Check(check)]));
    let txn = Txn::from_bytes(&bench.queue[1]).unwrap();
    let TxnBody::Multi(MultiTxn { txns }) = txn.body else { panic!() };
    let (_, body) = TxnBody::decode(txns[0].txn_type, txns[0].data.unwrap()).unwrap();
    let TxnBody::Check(body) = body else { panic!() };
    assert_eq!(body.version, 1);
}

#[test]
fn hard_limits_refuse_only_where_quotas_are_enforced() {
    let limit = |bench: &mut Bench| {
        for path in ["/l", "/zookeeper/quota/l"] {
            bench.create(path, 0);
        }
        let limits = CreateRequest {
            data: Some(b"count=-1,bytes=-1=;byteHardLimit=10;countHardLimit=2"),
            ..create("/zookeeper/quota/l/zookeeper_limits", 0)
        };
        bench.ask(OpCode::Create, &limits);
        bench.create("/zookeeper/quota/l/zookeeper_stats", 0);
        bench.settle();
    };
    let mut bench = Bench::new(PrepareRules { enforce_quota: true, ..rules() });
    limit(&mut bench);
    assert_eq!(bench.err(OpCode::Create, &create("/l/1", 0)), ErrorCode::Ok);
    assert_eq!(bench.err(OpCode::Create, &create("/l/2", 0)), ErrorCode::QuotaExceeded);
    let long = SetDataRequest { path: Some("/l/1".into()), data: Some(b"123456"), version: 9 };
    assert_eq!(bench.err(OpCode::SetData, &long), ErrorCode::BadVersion, "reaching it is allowed");
    let over = SetDataRequest { path: Some("/l/1".into()), data: Some(b"1234567"), version: 9 };
    assert_eq!(bench.err(OpCode::SetData, &over), ErrorCode::QuotaExceeded);
    let mut lax = Bench::new(rules());
    limit(&mut lax);
    (1..4).for_each(|n| assert_eq!(lax.create(&format!("/l/{n}"), 0), ErrorCode::Ok));
}

#[test]
fn a_session_in_bad_standing_is_refused_behind_the_flags() {
    let mut bench = Bench::new(rules());
    let mut ask = |flags| {
        let caller = Caller {
            session: SESSION,
            cxid: Xid(1),
            identities: &[],
            standing: Err(ErrorCode::SessionExpired),
            time_ms: 0,
        };
        let body = create("/x", flags).to_bytes();
        let mut out = BytesMut::new();
        bench.preparer.prepare(&bench.tree, &caller, OpCode::Create, &body, &mut out).err
    };
    assert_eq!(ask(9), ErrorCode::BadArguments);
    assert_eq!(ask(0), ErrorCode::SessionExpired);
}

#[test]
fn a_multi_that_no_member_could_read_back_is_refused_whole() {
    let mut bench = Bench::new(PrepareRules { multi_bytes_max: 900, ..rules() });
    let names: Vec<String> = (0..9).map(|n| format!("auth{n}")).collect();
    bench.identities.extend(names.iter().map(|name| Identity::new("digest", name)));
    let auth = |path| {
        let acl = Some(vec![Acl::new(perms::ALL, "auth", "")]);
        MultiOp::Create(CreateRequest { acl, ..create(path, 0) })
    };
    bench.ask(OpCode::Multi, &multi(vec![auth("/a"), auth("/b"), auth("/c"), auth("/d")]));
    let applied = bench.settle().pop().unwrap();
    let TxnResult::Multi(results) = applied.result else { panic!("{applied:?}") };
    assert!(results.contains(&OpResult::Error(ErrorCode::MarshallingError)), "{results:?}");
    assert!(bench.tree.find("/a").is_none());
}

#[test]
fn soft_limits_refuse_nothing_and_are_told() {
    let mut bench = Bench::new(PrepareRules { enforce_quota: true, ..rules() });
    for path in ["/s", "/zookeeper/quota/s"] {
        bench.create(path, 0);
    }
    let data = Some(&b"count=2,bytes=-1"[..]);
    let limits = CreateRequest { data, ..create("/zookeeper/quota/s/zookeeper_limits", 0) };
    bench.ask(OpCode::Create, &limits);
    bench.create("/zookeeper/quota/s/zookeeper_stats", 0);
    bench.settle();
    assert_eq!(bench.err(OpCode::Create, &create("/s/1", 0)), ErrorCode::Ok);
    assert_eq!(bench.preparer.take_over_soft_limit(), None);
    assert_eq!(bench.err(OpCode::Create, &create("/s/2", 0)), ErrorCode::Ok);
    assert_eq!(bench.preparer.take_over_soft_limit().as_deref(), Some("/s"));
    assert_eq!(bench.preparer.take_over_soft_limit(), None);
}
