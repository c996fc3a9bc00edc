//! What applying a batch of transactions leaves for others: watch events in the outboxes of those
//! who watch, connections to be flushed, figures.

use std::sync::Arc;

use bytes::BytesMut;
use codec::acl::perms;
use codec::txn::TxnBody;
use tree::watch::{EventType, Fired};

use super::connection::{Connection, Ending, OUTPUT_CUT_BYTES};
use super::figures::NamespaceMemo;
use super::{Replica, replies};
use crate::metrics::{Batch, Metrics};

/// Gathers over a batch of transactions; each event is encoded once, whoever gets it.
#[derive(Debug, Default)]
pub struct Dispatch {
    frame: BytesMut,
    flush: Vec<Arc<Connection>>,
    writes: NamespaceMemo,
    latencies: Vec<u64>,
}

impl Dispatch {
    /// Notes a connection that has something to send; the same one in a row is noted once.
    pub fn note(&mut self, connection: &Arc<Connection>) {
        if !self.flush.last().is_some_and(|last| Arc::ptr_eq(last, connection)) {
            self.flush.push(connection.clone());
        }
    }

    /// Takes the connections that have something to send, each once.
    pub fn take_flush(&mut self) -> impl Iterator<Item = Arc<Connection>> {
        let mut list = std::mem::take(&mut self.flush);
        // By what they are and not by their numbers: those are used again.
        list.sort_unstable_by_key(Arc::as_ptr);
        list.dedup_by(|a, b| Arc::ptr_eq(a, b));
        list.into_iter()
    }

    /// A write was answered after so many microseconds.
    pub fn answered(&mut self, micros: u64) {
        self.latencies.push(micros);
    }

    /// Adds what was gathered to the server's figures.
    pub fn settle(&mut self, metrics: &Metrics) {
        let mut batch = Batch::default();
        self.latencies.iter().for_each(|micros| batch.add(*micros));
        metrics.request_latency.record_batch(batch);
        metrics.updatelatency.record_all(&self.latencies);
        self.latencies.clear();
    }

    /// Counts what a transaction wrote for its namespace.
    pub fn count_write(&mut self, metrics: &Metrics, body: &TxnBody<'_>) {
        let (path, data) = match body {
            TxnBody::Create(b) | TxnBody::Create2(b) => (&b.path, b.data),
            TxnBody::CreateContainer(b) => (&b.path, b.data),
            TxnBody::CreateTtl(b) => (&b.path, b.data),
            TxnBody::SetData(b) => (&b.path, b.data),
            TxnBody::Delete(b) | TxnBody::DeleteContainer(b) => (&b.path, None),
            TxnBody::SetAcl(b) => (&b.path, None),
            _ => return,
        };
        let path = path.as_deref().unwrap_or_default();
        let bytes = path.len() + data.map_or(0, <[u8]>::len);
        self.writes.record(&metrics.write_per_namespace, path, bytes);
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
            self.note(&connection);
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
