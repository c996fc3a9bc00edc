//! The servers that many checks share, and a place of its own in them for each check.
//!
//! Starting a server is the expensive part, so there are few: a usual one, one with every
//! optional feature and a fast clock, one that a single check has for itself at a time (for
//! everything that counts transactions), and one that nobody writes to.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::client::Client;
use crate::handshake::Connect;
use crate::server::{Server, Spec};

/// A shared server, started when first asked for.
struct Shared {
    server: Mutex<Option<Arc<Server>>>,
    spec: fn() -> Spec,
}

impl Shared {
    const fn new(spec: fn() -> Spec) -> Shared {
        Shared { server: Mutex::new(None), spec }
    }

    fn get(&self) -> Arc<Server> {
        let mut held = self.server.lock().unwrap_or_else(PoisonError::into_inner);
        held.get_or_insert_with(|| Arc::new(Server::start((self.spec)()))).clone()
    }
}

static USUAL: Shared = Shared::new(Spec::usual);
static RICH: Shared = Shared::new(rich_spec);
static LONE: Shared = Shared::new(Spec::usual);
static STOCK: Shared = Shared::new(Spec::stock);
static TURN: Mutex<()> = Mutex::new(());

/// The tick of [`rich`], ms.
pub const RICH_TICK: u64 = 300;

fn rich_spec() -> Spec {
    let spec = Spec::usual().line("tickTime", RICH_TICK).line("extendedTypesEnabled", true);
    spec.line("enforceQuota", true).line("maxSessionTimeout", 40_000)
}

/// Stock settings, all four-letter words, tick 2000.
pub fn usual() -> Arc<Server> {
    USUAL.get()
}

/// Extended types, enforced quotas, tick [`RICH_TICK`] (so the shortest session is two of them).
pub fn rich() -> Arc<Server> {
    RICH.get()
}

/// A stock zoo.cfg; checks do not write to it.
pub fn stock() -> Arc<Server> {
    STOCK.get()
}

/// A server that this check has for itself until it lets the guard go.
pub fn lone() -> (MutexGuard<'static, ()>, Arc<Server>) {
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    (turn, LONE.get())
}

/// Ends all shared servers; nothing may use them any more.
pub fn end() {
    for shared in [&USUAL, &RICH, &LONE, &STOCK] {
        shared.server.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

/// A new session on `server`.
pub fn join(server: &Server) -> Client {
    Connect::new().open(server.addr())
}

/// A new session and a znode of its own for a check called `name`.
pub fn place(server: &Server, name: &str) -> (Client, String) {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let mut client = join(server);
    let root = format!("/{name}-{}", NEXT.fetch_add(1, Ordering::Relaxed));
    client.create(&root, b"").ok();
    (client, root)
}
