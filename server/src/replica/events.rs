//! Watch events on their way into the outboxes of those who watch.

use bytes::BytesMut;
use codec::acl::perms;
use tree::watch::{EventType, Fired};

use super::commit::ToFlush;
use super::connection::{Ending, OUTPUT_CUT_BYTES};
use super::{Replica, replies};

/// Encodes each event once, whoever gets it.
#[derive(Debug, Default)]
pub struct Dispatch {
    frame: BytesMut,
    flush: ToFlush,
}

impl Dispatch {
    /// The connections that got something.
    pub fn flush(&mut self) -> &mut ToFlush {
        &mut self.flush
    }

    /// Puts one event into the outbox of every watcher that may read the node. A one-shot watch
    /// is spent also where the event is withheld.
    pub fn event(&mut self, replica: &Replica, fired: &Fired<'_>) {
        self.frame.clear();
        let (code, path) = (fired.event.code(), Some(fired.path.into()));
        replies::put_event(&mut self.frame, fired.zxid, code, path);
        let access = replica.rules.access;
        for watcher in fired.watchers {
            let Some(connection) = replica.connections.get(watcher).map(|c| c.clone()) else {
                continue;
            };
            let mut state = connection.lock();
            if access.check_record(fired.acl, perms::READ, &state.identities).is_err() {
                continue;
            }
            if state.ending != Ending::Open {
                continue;
            }
            state.out.extend_from_slice(&self.frame);
            state.figures.sent += 1;
            if state.unsent() > OUTPUT_CUT_BYTES {
                tracing::warn!(peer = %connection.peer, session = %connection.session(),
                    bytes = state.unsent(), "closed: the client does not read its watch events");
                state.ending = Ending::Now;
            }
            drop(state);
            self.flush.note(&connection);
        }
        replica.count_event(fired.event, fired.watchers.len(), self.frame.len());
    }
}

impl Replica {
    fn count_event(&self, event: EventType, watchers: usize, bytes: usize) {
        let summary = match event {
            EventType::Created => &self.metrics.node_created_watch_count,
            EventType::Deleted => &self.metrics.node_deleted_watch_count,
            EventType::DataChanged => &self.metrics.node_changed_watch_count,
            EventType::ChildrenChanged => &self.metrics.node_children_watch_count,
        };
        summary.record(watchers as u64);
        self.metrics.watch_bytes.add((watchers * bytes) as u64);
        self.metrics.packets_sent.add(watchers as u64);
    }
}
