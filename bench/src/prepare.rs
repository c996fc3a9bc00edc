//! What must stand in the tree before a load can run on it. Everything here may run twice.

use std::net::SocketAddr;
use std::time::Duration;

use codec::acl::open_acl_unsafe;
use codec::client::requests::Request;
use codec::client::{CreateRequest, ExistsRequest};
use codec::{ErrorCode, Text};

use crate::check::Shape;
use crate::engine::{Outcome, Plan, drive};
use crate::error::BenchError;
use crate::frames::{BUCKET, Pattern};
use crate::handshake::{Opened, open};
use crate::workload::{Scope, Workload, stream};

/// Sessions and window that fill a tree.
const FILLERS: usize = 4;
const FILL_WINDOW: usize = 64;
/// Longer than any fill.
const FILL_TIME: Duration = Duration::from_secs(3600);

fn text(path: &str) -> Text<'_> {
    Some(path.into())
}

/// Creates a node, or finds it there.
///
/// # Errors
/// The connection broke, or the server refused.
pub fn ensure(session: &mut Opened, path: &str, data: &[u8]) -> Result<(), BenchError> {
    let acl = Some(open_acl_unsafe());
    let create = CreateRequest { path: text(path), data: Some(data), acl, flags: 0 };
    match session.call(&Request::Create(create))?.0 {
        err if err == 0 || err == ErrorCode::NodeExists.code() => Ok(()),
        err => Err(BenchError::Protocol(format!(
            "create {path}: error {err} ({:?})",
            ErrorCode::from_code(err)
        ))),
    }
}

fn exists(session: &mut Opened, path: &str) -> Result<bool, BenchError> {
    let request = ExistsRequest { path: text(path), watch: false };
    Ok(session.call(&Request::Exists(request))?.0 == 0)
}

/// The parents of the filled tree.
///
/// # Errors
/// As [`ensure`].
pub fn parents(session: &mut Opened, value: usize, nodes: u64) -> Result<(), BenchError> {
    ensure(session, &format!("/f{value}"), b"")?;
    for bucket in 0..nodes.div_ceil(BUCKET) {
        let first = Pattern::filled(value).path(bucket * BUCKET);
        ensure(session, first.rsplit_once('/').map_or("/", |(parent, _)| parent), b"")?;
    }
    Ok(())
}

/// The filled tree with `nodes` nodes, if its last node is not there yet.
///
/// # Errors
/// As [`ensure`], and whatever is wrong with a reply.
pub fn filled(server: SocketAddr, value: usize, nodes: u64) -> Result<(), BenchError> {
    let mut session = open(server)?;
    let last = Pattern::filled(value).path(nodes.saturating_sub(1));
    if !exists(&mut session, &last)? {
        parents(&mut session, value, nodes)?;
        let outcome = fill(server, value, nodes)?;
        if outcome.bad > 0 {
            return Err(BenchError::Protocol(format!("the fill failed: {:?}", outcome.told)));
        }
    }
    session.close()
}

fn fill(server: SocketAddr, value: usize, nodes: u64) -> Result<Outcome, BenchError> {
    let scope = Scope { sessions: FILLERS, value, nodes, count: nodes, root: "" };
    let plan = Plan {
        window: FILL_WINDOW,
        rate: None,
        warmup: Duration::ZERO,
        measured: FILL_TIME,
        pid: None,
        shape: Shape { value, children: 0, parts: 0, may_exist: true },
    };
    let streams = (0..FILLERS).filter_map(|at| stream(Workload::Fill, &scope, at)).collect();
    drive(server, &plan, streams)
}

/// Parents of the nodes that `create` will make: one for each session below `root`.
///
/// # Errors
/// As [`ensure`].
pub fn own_parents(server: SocketAddr, root: &str, sessions: usize) -> Result<(), BenchError> {
    let mut session = open(server)?;
    ensure(&mut session, root, b"")?;
    for at in 0..sessions {
        ensure(&mut session, &format!("{root}/{at}"), b"")?;
    }
    session.close()
}
