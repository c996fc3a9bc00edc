//! The threads that make transactions durable and then apply and answer them.
//!
//! Two threads run the same loop: one syncs the log while the other applies and answers the group
//! that was synced before. Nobody who feeds the log ever waits for them.

use std::sync::Arc;

use parking_lot::{Condvar, Mutex};
use storage::log::LogSyncer;

use crate::replica::events::Dispatch;

use super::Server;

/// Hands out the turn to sync, and wakes the disk threads.
#[derive(Debug, Default)]
pub struct DiskSignal {
    state: Mutex<Work>,
    wake: Condvar,
}

#[derive(Debug, Default)]
struct Work {
    /// Something was appended that no sync has begun to cover.
    waiting: bool,
    /// A thread has the turn: groups are synced one after the other.
    syncing: bool,
    stop: bool,
}

impl DiskSignal {
    /// Something was appended to the log.
    pub fn appended(&self) {
        let mut work = self.state.lock();
        if std::mem::replace(&mut work.waiting, true) || work.syncing {
            // Whoever syncs now passes the turn on when it is done.
            return;
        }
        drop(work);
        self.wake.notify_one();
    }

    /// Ends the disk threads once they have done what is there.
    pub fn stop(&self) {
        self.state.lock().stop = true;
        self.wake.notify_all();
    }

    /// Waits for appended transactions and takes the turn to sync them; false when it is time to
    /// end.
    fn take_turn(&self) -> bool {
        let mut work = self.state.lock();
        while !work.waiting || work.syncing {
            if work.stop && !work.waiting {
                return false;
            }
            self.wake.wait(&mut work);
        }
        work.waiting = false;
        work.syncing = true;
        true
    }

    /// Gives the turn to another thread if there is something to sync again.
    fn pass_turn(&self) {
        let mut work = self.state.lock();
        work.syncing = false;
        let next = work.waiting || work.stop;
        drop(work);
        if next {
            self.wake.notify_one();
        }
    }
}

/// One disk thread.
pub fn run(server: &Arc<Server>, syncer: &LogSyncer) {
    let mut dispatch = Dispatch::default();
    while server.disk.take_turn() {
        let begun = server.clock.instant();
        let durable = match syncer.sync() {
            Ok(zxid) => zxid,
            Err(error) => server.fatal(&error),
        };
        server.disk.pass_turn();
        let micros = server.clock.instant().micros_since(begun);
        server.metrics().fsynctime.record(micros);
        server.replica.commit(durable, server.clock.now(), &mut dispatch);
        for connection in dispatch.take_flush() {
            // A dead peer is its own task's business.
            let _ = connection.flush();
        }
        server.consider_snapshot();
    }
}
