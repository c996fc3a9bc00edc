//! The handshake: a new session, or a session that comes back.

use std::sync::Arc;

use codec::client::ConnectFrame;
use codec::{SessionId, Zxid};

use tree::session::{Admission, ConnectKind, is_valid_password, password};

use super::clock::{Instant, Now};
use super::connection::{Connection, Ending};
use super::intake::OWNER;
use super::{Replica, replies};

/// What came of a connect frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handshake {
    /// A createSession is on its way; the answer follows its commit. The log wants to be synced.
    Proposed,
    /// Answered: the session is attached, or the client was told that it is expired.
    Answered,
}

/// Why a connection is closed without an answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The client has seen more than this server knows: it must find one that is not behind.
    #[error(
        "the client has seen zxid {seen}, this server has only {ours}: it must go to a server \
         that is not behind (a data directory that was lost or restored looks like this, too)"
    )]
    ClientAhead {
        /// `lastZxidSeen` of the client.
        seen: Zxid,
        /// Last zxid applied here.
        ours: Zxid,
    },
    /// Over the rate of `connection_throttle_tokens`.
    #[error("over the connection rate that zookeeper.connection_throttle_tokens allows")]
    Throttled,
    /// The log has failed.
    #[error("this server is not serving: {0}")]
    NotServing(String),
}

impl Replica {
    /// Takes in a connect frame. `random` is uniform in 0..1.
    ///
    /// # Errors
    /// [`Refusal`]: close the connection without an answer.
    pub fn connect(
        &self,
        from: &Arc<Connection>,
        frame: &ConnectFrame<'_>,
        now: Now,
        random: f64,
    ) -> Result<Handshake, Refusal> {
        let request = &frame.request;
        let mut pipeline = self.pipeline.lock();
        if let Some(failure) = pipeline.failure() {
            return Err(Refusal::NotServing(failure.to_string()));
        }
        let known = request.session_id != SessionId::NONE;
        let kind = if known { ConnectKind::Renew } else { ConnectKind::Global };
        if pipeline.throttle.admit(kind, now.instant.millis(), random) != Admission::Admitted {
            self.metrics.connection_rejected.one();
            return Err(Refusal::Throttled);
        }
        let ours = self.tree.read().last_zxid();
        if request.last_zxid_seen > ours {
            return Err(Refusal::ClientAhead { seen: request.last_zxid_seen, ours });
        }
        let time_out = self.rules.timeouts.negotiate(request.time_out);
        from.heard(now.instant.millis());
        from.lock().readonly_byte = frame.read_only.is_some();
        self.metrics.connection_request_count.one();
        if !known {
            let session = pipeline.new_session_id();
            let (wall_ms, instant) = (now.wall_ms, now.instant);
            pipeline.create_session(session, time_out, wall_ms, from, instant);
            return Ok(Handshake::Proposed);
        }
        let session = request.session_id;
        let passwd = request.passwd.unwrap_or_default();
        // The password comes first: a wrong one must not disturb who holds the session.
        let valid = is_valid_password(session, passwd)
            && pipeline.sessions.reattach(session, time_out, OWNER, now.instant.millis());
        self.metrics.connection_revalidate_count.one();
        if valid {
            self.established(from, session, time_out, now.instant);
        } else {
            self.expired(from, session);
        }
        Ok(Handshake::Answered)
    }

    /// Attaches a session to its connection and says so; whoever held it here before is cut.
    pub(super) fn established(
        &self,
        to: &Arc<Connection>,
        session: SessionId,
        time_out: i32,
        now: Instant,
    ) {
        to.set_session(session);
        if let Some(before) = self.sessions.insert(session, to.clone())
            && !Arc::ptr_eq(&before, to)
        {
            tracing::info!(%session, peer = %to.peer, old = %before.peer,
                "the session was attached from another connection: the old one is closed");
            before.end(Ending::Now);
        }
        let mut state = to.lock();
        let read_only = state.readonly_byte.then_some(false);
        replies::put_connect_response(
            &mut state.out,
            time_out,
            session,
            &password(session),
            read_only,
        );
        state.established = true;
        state.time_out = time_out;
        state.figures.established(now);
        drop(state);
        to.wake();
    }

    /// Tells the client that its session is no more, and closes.
    fn expired(&self, to: &Arc<Connection>, session: SessionId) {
        tracing::info!(%session, peer = %to.peer,
            "refused: the session is expired or unknown, or its password is wrong");
        let mut state = to.lock();
        let read_only = state.readonly_byte.then_some(false);
        replies::put_connect_response(&mut state.out, 0, SessionId::NONE, &[0; 16], read_only);
        state.ending = state.ending.max(Ending::AfterFlush);
        drop(state);
        to.wake();
    }
}
