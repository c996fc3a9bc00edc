//! The threads that make transactions durable and then apply and answer them.
//!
//! Two threads run the same loop: one syncs the log while the other applies and answers the group
//! that was synced before. Nobody who feeds the log ever waits for them.

use std::sync::Arc;

use parking_lot::{Condvar, Mutex};
use storage::log::LogSyncer;

use crate::replica::events::Dispatch;

use super::Server;

/// Wakes the disk threads.
#[derive(Debug, Default)]
pub struct DiskSignal {
    state: Mutex<Work>,
    wake: Condvar,
    /// Held by the thread that syncs, so that groups are synced one after the other.
    turn: Mutex<()>,
}

#[derive(Debug, Default)]
struct Work {
    waiting: bool,
    stop: bool,
}

impl DiskSignal {
    /// Something was appended to the log.
    pub fn appended(&self) {
        let mut work = self.state.lock();
        if !work.waiting {
            work.waiting = true;
            drop(work);
            self.wake.notify_one();
        }
    }

    /// Ends the disk threads once they have done what is there.
    pub fn stop(&self) {
        self.state.lock().stop = true;
        self.wake.notify_all();
    }

    /// Waits for appended transactions; false when it is time to end.
    fn wait(&self) -> bool {
        let mut work = self.state.lock();
        while !work.waiting {
            if work.stop {
                return false;
            }
            self.wake.wait(&mut work);
        }
        work.waiting = false;
        true
    }
}

/// One disk thread.
pub fn run(server: &Arc<Server>, syncer: &LogSyncer) {
    let mut dispatch = Dispatch::default();
    loop {
        let turn = server.disk.turn.lock();
        if !server.disk.wait() {
            return;
        }
        let durable = match syncer.sync() {
            Ok(zxid) => zxid,
            Err(error) => server.fatal(&error),
        };
        drop(turn);
        server.replica.commit(durable, server.clock.now(), &mut dispatch);
        for connection in dispatch.take_flush() {
            // A dead peer is its own task's business.
            let _ = connection.flush();
        }
        server.consider_snapshot();
    }
}
