//! One client connection: a task that reads, and is woken to send what others left over.
//!
//! The task knows frames and endings; what requests mean is the replica's.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use codec::Decode;
use codec::client::{ConnectFrame, FourLetterWord};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::Server;
use super::gate::{self, LargeHold, Passage};
use super::input::Input;
use crate::replica::connection::{Connection, Ending, Outlet};

/// The socket's sending side, and how its task is woken.
struct SocketOutlet {
    half: Arc<OwnedWriteHalf>,
    notify: Arc<Notify>,
}

impl Outlet for SocketOutlet {
    fn wake(&self) {
        self.notify.notify_one();
    }

    fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut sent = 0;
        while sent < bytes.len() {
            match self.half.try_write(&bytes[sent..]) {
                Ok(n) => sent += n,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(sent)
    }
}

/// Why a connection ended; `None` where nobody needs to know.
type Reason = Option<String>;

/// A connection with its task's side of the socket.
struct Session {
    server: Arc<Server>,
    connection: Arc<Connection>,
    half: OwnedReadHalf,
    out: Arc<OwnedWriteHalf>,
    notify: Arc<Notify>,
    input: Input,
    /// Frames that came in and are not taken in yet.
    backlog: Bytes,
    /// Shares of large requests that are not answered yet.
    large: Vec<LargeHold>,
}

/// Serves one accepted connection until it ends.
pub async fn serve(server: Arc<Server>, stream: TcpStream, peer: SocketAddr) {
    let _ = stream.set_nodelay(true);
    let (half, out) = stream.into_split();
    let (out, notify) = (Arc::new(out), Arc::new(Notify::new()));
    let outlet = Box::new(SocketOutlet { half: out.clone(), notify: notify.clone() });
    let Some(connection) = server.replica.open(peer, server.clock.instant(), outlet) else {
        return;
    };
    let input = Input::default();
    let session = Session {
        server,
        connection,
        half,
        out,
        notify,
        input,
        backlog: Bytes::new(),
        large: Vec::new(),
    };
    session.run().await;
}

impl Session {
    async fn run(mut self) {
        let reason = match self.greet().await {
            Ok(true) => self.talk().await,
            Ok(false) => None,
            Err(reason) => reason,
        };
        if let Some(reason) = reason {
            tracing::warn!(peer = %self.connection.peer, session = %self.connection.session(),
                "closed: {reason}");
        }
        self.finish().await;
        self.server.replica.closed(&self.connection);
    }

    /// The first bytes: a four-letter word, or the handshake. True once a session is attached.
    async fn greet(&mut self) -> Result<bool, Reason> {
        let deadline = Instant::now() + self.server.sessionless_time();
        while self.input.bytes().len() < 4 {
            self.fill_before(deadline).await?;
        }
        if let Some(word) = first_word(self.input.bytes()) {
            return self.say(word, deadline).await.map(|()| false);
        }
        let limit = self.server.config.limits.jute_max_buffer as usize;
        let frame = loop {
            let frame = self.input.take_frame(limit).map_err(|bad| Some(bad.to_string()))?;
            if !frame.is_empty() {
                break frame;
            }
            self.fill_before(deadline).await?;
        };
        let connect = ConnectFrame::from_bytes(&frame[4..])
            .map_err(|error| Some(format!("the connect frame does not decode: {error}")))?;
        let random = self.server.random();
        let now = self.server.clock.now();
        let replica = &self.server.replica;
        let handshake = replica.connect(&self.connection, &connect, now, random);
        match handshake.map_err(|refusal| Some(refusal.to_string()))? {
            crate::replica::connect::Handshake::Proposed => self.server.disk.appended(),
            // A dead peer shows when it is read from.
            crate::replica::connect::Handshake::Answered => drop(self.connection.flush()),
        }
        drop(frame);
        // An idle session holds no buffer.
        self.input.release();
        self.attached().await
    }

    /// Waits until the session is attached, or refused.
    async fn attached(&mut self) -> Result<bool, Reason> {
        loop {
            let (established, ending) = {
                let state = self.connection.lock();
                (state.established, state.ending)
            };
            if ending != Ending::Open {
                return Ok(false);
            }
            if established {
                return Ok(true);
            }
            self.notify.notified().await;
        }
    }

    async fn fill_before(&mut self, deadline: Instant) -> Result<(), Reason> {
        let fill = self.input.fill(&mut self.half);
        match tokio::time::timeout_at(deadline, fill).await {
            Ok(Ok(0)) => Err(None),
            Ok(Ok(bytes)) => {
                self.server.metrics().bytes_received_count.add(bytes as u64);
                Ok(())
            }
            Ok(Err(_)) => Err(None),
            Err(_) => {
                self.server.metrics().sessionless_connections_expired.one();
                Err(Some("no handshake within zookeeper.nio.sessionlessCnxnTimeout".into()))
            }
        }
    }

    /// Answers a four-letter word; the connection ends with it.
    async fn say(&mut self, word: FourLetterWord, deadline: Instant) -> Result<(), Reason> {
        while self.input.bytes().len() < 4 + word.argument_len() {
            self.fill_before(deadline).await?;
        }
        let argument = self.input.bytes()[4..4 + word.argument_len()].to_vec();
        let text = self.server.answer_word(word, &argument, self.connection.peer);
        let mut state = self.connection.lock();
        state.out.extend_from_slice(text.as_bytes());
        state.ending = Ending::AfterFlush;
        Ok(())
    }

    /// Requests, until the connection ends.
    async fn talk(&mut self) -> Reason {
        loop {
            // What came in with the handshake, or while nothing was taken in, comes first.
            if let Err(reason) = self.take_in().await {
                return reason;
            }
            let crowded = self.server.crowded() || !self.large.is_empty();
            let standing = self.connection.standing(crowded);
            if standing.ending != Ending::Open {
                return None;
            }
            if !standing.paused && !self.backlog.is_empty() {
                // A batch that costs much is taken in slices; others have their turn between.
                tokio::task::yield_now().await;
                continue;
            }
            tokio::select! {
                biased;
                () = self.notify.notified() => {}
                ready = self.out.writable(), if standing.stuck => {
                    if ready.is_err() || self.connection.flush().is_err() {
                        return None;
                    }
                    // Who reads is alive, even if what it says is not read just now.
                    self.connection.heard(self.server.clock.instant().millis());
                }
                read = self.input.fill(&mut self.half), if !standing.paused => match read {
                    Ok(0) | Err(_) => return None,
                    Ok(bytes) => self.server.metrics().bytes_received_count.add(bytes as u64),
                },
            }
        }
    }

    /// Hands whole frames to the replica and sends what it answers.
    async fn take_in(&mut self) -> Result<(), Reason> {
        if self.connection.outstanding() == 0 {
            self.large.clear();
        }
        let mut batch = std::mem::take(&mut self.backlog);
        if batch.is_empty() {
            if self.input.bytes().is_empty() {
                return Ok(());
            }
            self.large.extend(gate::admit_large(&self.server, &self.input).map_err(Some)?);
            let limit = self.server.config.limits.jute_max_buffer as usize;
            batch = self.input.take_frames(limit).map_err(|bad| Some(bad.to_string()))?;
        }
        if self.server.config.throttle.request.is_some() {
            self.hand_over_throttled(batch).await?;
        } else if !batch.is_empty() {
            self.backlog = self.hand_over(batch)?;
        }
        self.input.release();
        Ok(())
    }

    /// Gives whole frames to the replica; answers those that it does not take now.
    fn hand_over(&self, batch: Bytes) -> Result<Bytes, Reason> {
        let now = self.server.clock.now();
        let taken = self.server.replica.receive(&self.connection, batch, now);
        if taken.appended {
            self.server.disk.appended();
        }
        if taken.answered {
            let sent = self.connection.flush();
            self.server.count_reads(&taken, now.instant);
            if sent.is_err() {
                return Err(None);
            }
        }
        match taken.broken {
            Some(short) => Err(Some(short.to_string())),
            None => Ok(taken.rest),
        }
    }

    /// One frame at a time, each when the throttle lets it through.
    async fn hand_over_throttled(&mut self, mut batch: Bytes) -> Result<(), Reason> {
        let read = self.server.clock.instant();
        while !batch.is_empty() {
            let frame = gate::split_frame(&mut batch);
            match gate::throttle(&self.server, &self.connection, read).await {
                Passage::Ended => return Ok(()),
                Passage::Stale => {
                    return Err(Some(
                        "a request waited at the throttle for longer than its session's timeout"
                            .into(),
                    ));
                }
                Passage::TooLate if gate::may_refuse(&frame) => {
                    self.server.replica.refuse_throttled(&self.connection, &frame[4..], read);
                    if self.connection.flush().is_err() {
                        return Err(None);
                    }
                }
                Passage::TooLate | Passage::Free => {
                    let rest = self.hand_over(frame)?;
                    if !rest.is_empty() {
                        self.backlog = [rest, batch].concat().into();
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    }

    /// Sends what is queued if the ending allows it, and lets the peer read it: closing with
    /// unread input would reset the connection and cut the answer.
    async fn finish(&mut self) {
        const LINGER: Duration = Duration::from_secs(2);
        if self.connection.lock().ending != Ending::AfterFlush {
            return;
        }
        let _ = tokio::time::timeout(LINGER, async {
            while !self.connection.flush()? {
                self.out.writable().await?;
            }
            socket2::SockRef::from(self.out.as_ref().as_ref())
                .shutdown(std::net::Shutdown::Write)?;
            while self.input.fill(&mut self.half).await? > 0 {
                self.input = Input::default();
            }
            io::Result::Ok(())
        })
        .await;
    }
}

/// A four-letter word at the very beginning of a connection.
fn first_word(bytes: &[u8]) -> Option<FourLetterWord> {
    FourLetterWord::from_bytes(*bytes.first_chunk()?)
}
