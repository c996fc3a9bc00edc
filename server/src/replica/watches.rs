//! The requests about watches: addWatch, checkWatches, removeWatches, setWatches, setWatches2.

use bytes::{BufMut, BytesMut};
use codec::client::{
    AddWatchRequest, CheckWatchesRequest, RemoveWatchesRequest, SetWatches, SetWatches2,
};
use codec::{Decode, ErrorCode, OpCode, Zxid};
use tree::watch::{AddWatchMode, Replay, WatcherType};

use super::connection::{Ending, State};
use super::reads::{Look, read, some_path};
use super::replies;

type Answer = Result<(), ErrorCode>;

/// addWatch: for any path, whether or not it is there, and whoever may read it. Permissions are
/// asked for when there is something to tell.
pub(super) fn add(look: &Look<'_>, body: &[u8], out: &mut BytesMut) -> Answer {
    let request: AddWatchRequest<'_> = read(body)?;
    let mode = AddWatchMode::from_code(request.mode).ok_or(ErrorCode::MarshallingError)?;
    // A null path is taken, and nothing ever happens there.
    if let Some(path) = request.path {
        look.replica.watches.lock().add_watch(look.tree, &path, look.from.id, mode);
    }
    out.put_i32(0);
    Ok(())
}

/// Bytes of paths without a node that one connection may watch: each of them is stored.
const MISSING_BYTES_MAX: usize = 64 << 20;

/// Ends a connection that would store whole trees of missing paths here.
pub(super) fn bound(look: &Look<'_>, state: &mut State) {
    let bytes = look.replica.watches.lock().missing_bytes_of(look.from.id);
    if bytes > MISSING_BYTES_MAX {
        tracing::warn!(peer = %look.from.peer, session = %look.from.session(), bytes,
            "closed: the client watches too many long paths where there is no node");
        state.ending = Ending::Now;
    }
}

/// checkWatches.
pub(super) fn check(look: &Look<'_>, body: &[u8]) -> Answer {
    let request: CheckWatchesRequest<'_> = read(body)?;
    let kind = WatcherType::from_code(request.kind).ok_or(ErrorCode::MarshallingError)?;
    let path = some_path(request.path)?;
    look.replica.watches.lock().check(look.tree, &path, look.from.id, kind)
}

/// removeWatches.
pub(super) fn remove(look: &Look<'_>, body: &[u8]) -> Answer {
    let request: RemoveWatchesRequest<'_> = read(body)?;
    let kind = WatcherType::from_code(request.kind).ok_or(ErrorCode::MarshallingError)?;
    let path = some_path(request.path)?;
    look.replica.watches.lock().remove(look.tree, &path, look.from.id, kind)
}

/// setWatches and setWatches2: the events that are owed go into `out`.
pub(super) fn set(look: &Look<'_>, op: OpCode, body: &[u8], out: &mut BytesMut) -> Answer {
    let owe = &mut |replay: Replay<'_>| {
        replies::put_event(out, Zxid::NONE, replay.event.code(), Some(replay.path.into()));
    };
    let mut watches = look.replica.watches.lock();
    match op {
        OpCode::SetWatches => {
            let request = read::<SetWatches<'_>>(body)?;
            watches.set_watches(look.tree, look.from.id, &request, owe)
        }
        _ => {
            let request = SetWatches2::from_bytes(body).map_err(|_| ErrorCode::MarshallingError)?;
            watches.set_watches2(look.tree, look.from.id, &request, owe)
        }
    }
}
