//! The one table of figures: every counter and summary name of Apache 3.9, what it counts, and the
//! field that counts it.
//!
//! All of them exist, and are shown as 0, from start-up: dashboards and alert rules assume that.
//! A figure whose subsystem is not there (a leader's on a standalone server, a JVM's anywhere)
//! stays 0. Names are Apache's, without the `zk_` that `mntr` puts before them.
//! Figures that are read from elsewhere when somebody asks stand in [`super::gauges`].

use super::counter::{Counter, Sizes};
use super::sets::Set;
use super::summary::{Percentiles, Summary, Unit};

/// Writes the struct, its empty value, its reset and its visitor from one list of names.
macro_rules! table {
    (
        counters { $($(#[doc = $c_doc:literal])+ $counter:ident,)* }
        counter_sets { $($(#[doc = $cs_doc:literal])+ $counter_set:ident,)* }
        summaries { $($(#[doc = $s_doc:literal])+ $summary:ident: $s_unit:ident,)* }
        percentiles { $($(#[doc = $p_doc:literal])+ $percentile:ident: $p_unit:ident,)* }
        summary_sets { $($(#[doc = $ss_doc:literal])+ $summary_set:ident: $ss_unit:ident,)* }
        percentile_sets { $($(#[doc = $ps_doc:literal])+ $percentile_set:ident: $ps_unit:ident,)* }
    ) => {
        /// The figures of one server. Share it by `Arc`; everything is counted through `&self`.
        #[derive(Debug)]
        pub struct Metrics {
            /// Frames received, four-letter words among them. Shown as a gauge.
            pub packets_received: Counter,
            /// Frames sent, answers to four-letter words among them. Shown as a gauge.
            pub packets_sent: Counter,
            /// µs from reading a request to answering it, every op and ping: the `avg_latency`,
            /// `min_latency`, `max_latency` gauges.
            pub request_latency: Summary,
            /// Bytes of replies: the `*_client_response_size` gauges.
            pub client_response_size: Sizes,
            /// Bytes of proposals, on a leader: the `*_proposal_size` gauges.
            pub proposal_size: Sizes,
            /// Failed authentications. Shown as a gauge; `srst` leaves it.
            pub auth_failed_count: Counter,
            /// Connections from elsewhere without a client certificate. Shown as a gauge.
            pub non_mtls_remote_conn_count: Counter,
            /// Connections from this host without a client certificate. Shown as a gauge.
            pub non_mtls_local_conn_count: Counter,
            $($(#[doc = $c_doc])+ pub $counter: Counter,)*
            $($(#[doc = $cs_doc])+ pub $counter_set: Set<Counter>,)*
            $($(#[doc = $s_doc])+ pub $summary: Summary,)*
            $($(#[doc = $p_doc])+ pub $percentile: Percentiles,)*
            $($(#[doc = $ss_doc])+ pub $summary_set: Set<Summary>,)*
            $($(#[doc = $ps_doc])+ pub $percentile_set: Set<Percentiles>,)*
        }

        impl Default for Metrics {
            fn default() -> Self {
                Metrics {
                    packets_received: Counter::default(),
                    packets_sent: Counter::default(),
                    request_latency: Summary::new(Unit::Time),
                    client_response_size: Sizes::default(),
                    proposal_size: Sizes::default(),
                    auth_failed_count: Counter::default(),
                    non_mtls_remote_conn_count: Counter::default(),
                    non_mtls_local_conn_count: Counter::default(),
                    $($counter: Counter::default(),)*
                    $($counter_set: Set::new(Counter::default),)*
                    $($summary: Summary::new(Unit::$s_unit),)*
                    $($percentile: Percentiles::new(Unit::$p_unit),)*
                    $($summary_set: Set::new(|| Summary::new(Unit::$ss_unit)),)*
                    $($percentile_set: Set::new(|| Percentiles::new(Unit::$ps_unit)),)*
                }
            }
        }

        impl Metrics {
            /// What `srst` does: everything back to nothing, except what counts failed
            /// authentications and connections without certificates, as in Apache.
            pub fn reset(&self) {
                self.packets_received.reset();
                self.packets_sent.reset();
                self.request_latency.reset();
                self.client_response_size.reset();
                self.proposal_size.reset();
                $(self.$counter.reset();)*
                $(self.$counter_set.reset();)*
                $(self.$summary.reset();)*
                $(self.$percentile.reset();)*
                $(self.$summary_set.reset();)*
                $(self.$percentile_set.reset();)*
            }

            /// Shows every counter and summary (not the gauges), kind by kind in Apache's order.
            pub fn visit(&self, mut see: impl FnMut(Figure<'_>)) {
                $(see(Figure::Counter(stringify!($counter), &self.$counter));)*
                $(see(Figure::CounterSet(stringify!($counter_set), &self.$counter_set));)*
                $(see(Figure::Summary(stringify!($summary), &self.$summary));)*
                $(see(Figure::Percentiles(stringify!($percentile), &self.$percentile));)*
                $(see(Figure::SummarySet(stringify!($summary_set), &self.$summary_set));)*
                $(see(Figure::PercentilesSet(
                    stringify!($percentile_set),
                    &self.$percentile_set,
                ));)*
            }
        }
    };
}

/// A named figure of the table, by kind.
#[derive(Debug, Clone, Copy)]
pub enum Figure<'a> {
    /// A counter.
    Counter(&'static str, &'a Counter),
    /// Counters by key.
    CounterSet(&'static str, &'a Set<Counter>),
    /// A basic summary.
    Summary(&'static str, &'a Summary),
    /// An advanced summary.
    Percentiles(&'static str, &'a Percentiles),
    /// Basic summaries by key.
    SummarySet(&'static str, &'a Set<Summary>),
    /// Advanced summaries by key.
    PercentilesSet(&'static str, &'a Set<Percentiles>),
}

table! {
    counters {
        /// Snapshots that could not be written.
        snapshot_error_count,
        /// Snapshot commands refused because the last was too recent.
        snapshot_rate_limited_count,
        /// Restore commands that failed.
        restore_error_count,
        /// Restore commands refused because the last was too recent.
        restore_rate_limited_count,
        /// Times this server went looking for a leader.
        looking_count,
        /// Learners synchronised by a DIFF.
        diff_count,
        /// Learners synchronised by a SNAP.
        snap_count,
        /// Transactions committed by this leader.
        commit_count,
        /// Transactions proposed by this leader.
        proposal_count,
        /// Proposals received by this learner.
        learner_proposal_received_count,
        /// Commits received by this learner.
        learner_commit_received_count,
        /// Times leading ended because a voter followed somebody else.
        quit_leading_due_to_disloyal_voter,
        /// Learner requests that needed nothing of the leader.
        skip_learner_request_to_next_processor_count,
        /// Requests answered without waiting for a commit.
        requests_not_forwarded_to_commit_processor,
        /// Handshakes begun.
        connection_request_count,
        /// Connections refused by a limit (`maxClientCnxns`, `maxCnxns`, the throttle).
        connection_rejected,
        /// Connections cut by this server.
        connection_drop_count,
        /// Re-attachments to a session on this server.
        connection_revalidate_count,
        /// Sessions validated for learners.
        revalidate_count,
        /// Connections closed because they never finished their handshake.
        sessionless_connections_expired,
        /// Sessions that expired.
        stale_sessions_expired,
        /// Connections closed because this server was not serving.
        cnxn_closed_without_zk_server_running,
        /// TLS handshakes that failed.
        unsuccessful_handshake,
        /// Connections refused because too many TLS handshakes were under way.
        tls_handshake_exceeded,
        /// Admin requests without TLS.
        insecure_admin_count,
        /// Bytes received from clients, length words not counted.
        bytes_received_count,
        /// Bytes of replies.
        response_bytes,
        /// Bytes of watch events.
        watch_bytes,
        /// Requests handed to prepare.
        prep_processor_request_queued,
        /// Transactions handed to the log.
        sync_processor_request_queued,
        /// Requests handed to the commit stage.
        request_commit_queued,
        /// Changes to nodes that began to wait for their commit.
        outstanding_changes_queued,
        /// Changes to nodes whose wait ended.
        outstanding_changes_removed,
        /// Requests found stale (their connection closed, or too late).
        stale_requests,
        /// Stale requests dropped unanswered.
        stale_requests_dropped,
        /// Replies whose connection was gone.
        stale_replies,
        /// Times a request had to wait at the throttle.
        request_throttle_wait_count,
        /// Requests refused with −127 because they waited too long.
        throttled_ops,
        /// Requests refused because too many large ones were under way.
        large_requests_rejected,
        /// getData replies found in the cache.
        response_packet_cache_hits,
        /// getData replies not found in the cache.
        response_packet_cache_misses,
        /// getChildren replies found in the cache.
        response_packet_get_children_cache_hits,
        /// getChildren replies not found in the cache.
        response_packet_get_children_cache_misses,
        /// ms that closing connections waited for the cleaner of watches.
        add_dead_watcher_stall_time,
        /// Watchers handed to the cleaner.
        dead_watchers_queued,
        /// Watchers that the cleaner removed.
        dead_watchers_cleared,
        /// Clients that passed the mandatory authentication.
        ensemble_auth_success,
        /// Clients that failed it.
        ensemble_auth_fail,
        /// Clients that could not even try it.
        ensemble_auth_skip,
        /// Errors that ended this server's role.
        unrecoverable_error_count,
        /// Transactions after which our digest was not the leader's or the log's.
        digest_mismatches_count,
    }
    counter_sets {
        /// Writes refused by a hard quota, by namespace.
        quota_exceeded_error_per_namespace,
    }
    summaries {
        /// One sync of the log.
        fsynctime: Time,
        /// Writing one snapshot.
        snapshottime: Time,
        /// One restore.
        restore_time: Time,
        /// Loading the database at start-up.
        dbinittime: Time,
        /// Bringing one follower up to date.
        follower_sync_time: Time,
        /// Bringing one observer up to date.
        observer_sync_time: Time,
        /// One election.
        election_time: Time,
        /// Spans without a serving ensemble.
        unavailable_time: Time,
        /// Spans without a serving leader.
        leader_unavailable_time: Time,
        /// Transactions replayed at start-up.
        startup_txns_loaded: Plain,
        /// Replaying them.
        startup_txns_load_time: Time,
        /// Loading the snapshot at start-up.
        startup_snap_load_time: Time,
        /// SNAP synchronisations under way.
        inflight_snap_count: Plain,
        /// DIFF synchronisations under way.
        inflight_diff_count: Plain,
        /// Watches fired by one creation.
        node_created_watch_count: Plain,
        /// Watches fired by one deletion.
        node_deleted_watch_count: Plain,
        /// Watches fired by one change of data.
        node_changed_watch_count: Plain,
        /// Watches fired by one change of children.
        node_children_watch_count: Plain,
        /// Tokens that the connection throttle was short of.
        connection_token_deficit: Plain,
        /// Closing a socket.
        socket_closing_time: Time,
        /// Netty only: stays 0.
        netty_queued_buffer_capacity: Plain,
        /// Requests waiting for prepare.
        prep_processor_queue_size: Plain,
        /// Preparing.
        prep_process_time: Time,
        /// Handing one proposal on.
        proposal_process_time: Time,
        /// Transactions waiting for the log.
        sync_processor_queue_size: Plain,
        /// Writing to the log.
        sync_process_time: Time,
        /// Transactions in one group commit.
        sync_processor_batch_size: Plain,
        /// Learner requests waiting at the leader.
        learner_request_processor_queue_size: Plain,
        /// Requests waiting in one session.
        requests_in_session_queue: Plain,
        /// Sessions with waiting requests.
        pending_session_queue_size: Plain,
        /// Reads waiting behind a write of their session.
        reads_after_write_in_session_queue: Plain,
        /// Reads let go when that write was done.
        reads_issued_from_session_queue: Plain,
        /// Sessions whose waiting requests were all let go.
        session_queues_drained: Plain,
        /// Waiting until no read was under way.
        time_waiting_empty_pool_in_commit_processor_read_ms: Time,
        /// Applying one batch of writes.
        write_batch_time_in_commit_processor: Time,
        /// Requests in the commit stage at the same time.
        concurrent_request_processing_in_commit_processor: Plain,
        /// Reads queued at the commit stage.
        read_commit_proc_req_queued: Plain,
        /// Writes queued at the commit stage.
        write_commit_proc_req_queued: Plain,
        /// Commits queued at the commit stage.
        commit_commit_proc_req_queued: Plain,
        /// Reads let through in one go.
        read_commit_proc_issued: Plain,
        /// Writes let through in one go.
        write_commit_proc_issued: Plain,
        /// Committing.
        commit_process_time: Time,
    }
    percentiles {
        /// From reading a read request to its answer.
        readlatency: Time,
        /// From reading a write request to its answer.
        updatelatency: Time,
        /// From a transaction's making at the leader to its applying here.
        propagation_latency: Time,
        /// From proposing to committing.
        proposal_latency: Time,
        /// From a proposal's arrival to our ack.
        proposal_ack_creation_latency: Time,
        /// From the leader's commit to ours.
        commit_propagation_latency: Time,
        /// From proposing to a quorum of acks.
        quorum_ack_latency: Time,
        /// One run of the cleaner of watches.
        dead_watchers_cleaner_latency: Time,
        /// Waiting for prepare.
        prep_processor_queue_time_ms: Time,
        /// Preparing a closeSession.
        close_session_prep_time: Time,
        /// Reads in the commit stage.
        read_commitproc_time_ms: Time,
        /// Writes in the commit stage.
        write_commitproc_time_ms: Time,
        /// From a local write's arrival at the commit stage to its commit.
        local_write_committed_time_ms: Time,
        /// From any write's arrival at the commit stage to its commit.
        server_write_committed_time_ms: Time,
        /// Proposals at an observer master.
        om_proposal_process_time_ms: Time,
        /// Commits at an observer master.
        om_commit_process_time_ms: Time,
        /// Answering a read.
        read_final_proc_time_ms: Time,
        /// Applying and answering a write.
        write_final_proc_time_ms: Time,
        /// From handing a transaction to the log until it is durable.
        sync_processor_queue_and_flush_time_ms: Time,
        /// From handing a transaction to the log until it is written.
        sync_processor_queue_time_ms: Time,
        /// From a transaction being written until it is durable.
        sync_processor_queue_flush_time_ms: Time,
        /// Waiting at the request throttle.
        request_throttle_queue_time_ms: Time,
        /// Pauses of a JVM, in Apache; here, times in which this process stood still.
        jvm_pause_time_ms: Time,
    }
    summary_sets {
        /// Bytes written, by namespace.
        write_per_namespace: Plain,
        /// Bytes read, by namespace.
        read_per_namespace: Plain,
        /// Packets queued for a learner, by server id.
        learner_handler_qp_size: Plain,
    }
    percentile_sets {
        /// What a packet waited in a learner's queue, by server id.
        learner_handler_qp_time_ms: Time,
        /// From proposing to a learner's ack, by server id.
        ack_latency: Time,
    }
}
