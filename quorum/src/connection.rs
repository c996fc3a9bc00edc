//! The election port's connections: which one of a pair survives, and the one-slot queue per peer.
//!
//! Decides only; dialling, sockets and the handshake's bytes are the driver's. (Reference A.3,
//! A.4.)

use std::collections::{BTreeMap, VecDeque};

use codec::ServerId;

/// Incoming messages kept for the election; the oldest is dropped when one more comes.
pub const INBOX_LEN_MAX: usize = 100;

/// What the dialler does once its handshake (and SASL) is through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialled {
    /// Keep it; an older connection to the same server is closed.
    Install,
    /// Close it: the other side, whose id is larger, will dial.
    Close,
}

/// What the acceptor does once it has read a handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepted {
    /// Keep it; an older connection to the same server is closed.
    Install,
    /// Close it and any older connection to that server, then dial that server.
    DialBack,
    /// Close it: a server with our own id is a mistake in the configuration.
    OwnId,
}

/// The connection that lives is always the one dialled by the larger id.
pub fn on_dialled(me: ServerId, peer: ServerId) -> Dialled {
    if peer > me { Dialled::Close } else { Dialled::Install }
}

/// The other side of [`on_dialled`].
pub fn on_accepted(me: ServerId, peer: ServerId) -> Accepted {
    match peer.cmp(&me) {
        std::cmp::Ordering::Less => Accepted::DialBack,
        std::cmp::Ordering::Equal => Accepted::OwnId,
        std::cmp::Ordering::Greater => Accepted::Install,
    }
}

/// What waits for one peer: at most one message, and the last one that went out.
#[derive(Debug, Clone)]
struct Slot<M> {
    unsent: Option<M>,
    last_sent: Option<M>,
}

/// The send slots of all peers.
#[derive(Debug, Clone)]
pub struct Slots<M> {
    slots: BTreeMap<ServerId, Slot<M>>,
}

impl<M> Default for Slots<M> {
    fn default() -> Self {
        Slots { slots: BTreeMap::new() }
    }
}

impl<M: Clone> Slots<M> {
    /// Puts a message in the slot of a peer; an unsent one is replaced. The driver then dials the
    /// peer unless it is connected.
    pub fn offer(&mut self, peer: ServerId, message: M) {
        let slot = self.slots.entry(peer).or_insert(Slot { unsent: None, last_sent: None });
        slot.unsent = Some(message);
    }

    /// Takes the message to write to a connected peer.
    pub fn take(&mut self, peer: ServerId) -> Option<M> {
        let slot = self.slots.get_mut(&peer)?;
        let message = slot.unsent.take()?;
        slot.last_sent = Some(message.clone());
        Some(message)
    }

    /// A connection to the peer was made: with nothing new to say, the last message is said again,
    /// as the peer may never have read it.
    pub fn on_connected(&mut self, peer: ServerId) {
        if let Some(slot) = self.slots.get_mut(&peer)
            && slot.unsent.is_none()
        {
            slot.unsent = slot.last_sent.clone();
        }
    }

    /// Whether the slot of at least one peer is empty, which means that something was delivered;
    /// true as well when nobody was ever written to.
    pub fn any_delivered(&self) -> bool {
        self.slots.is_empty() || self.slots.values().any(|slot| slot.unsent.is_none())
    }

    /// Peers to whom something was ever to be said.
    pub fn peers(&self) -> impl Iterator<Item = ServerId> {
        self.slots.keys().copied()
    }

    /// Forgets a peer that left the configuration.
    pub fn remove(&mut self, peer: ServerId) {
        self.slots.remove(&peer);
    }
}

/// Messages that came in and wait for the election.
#[derive(Debug, Clone)]
pub struct Inbox<M> {
    messages: VecDeque<M>,
}

impl<M> Default for Inbox<M> {
    fn default() -> Self {
        Inbox { messages: VecDeque::new() }
    }
}

impl<M> Inbox<M> {
    /// Adds a message; gives back the oldest one if it had to go.
    pub fn push(&mut self, message: M) -> Option<M> {
        let full = self.messages.len() >= INBOX_LEN_MAX;
        let dropped = if full { self.messages.pop_front() } else { None };
        self.messages.push_back(message);
        dropped
    }

    /// The oldest message.
    pub fn pop(&mut self) -> Option<M> {
        self.messages.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_connection_dialled_by_the_larger_id_lives() {
        let (small, large) = (ServerId(1), ServerId(2));
        assert_eq!(on_dialled(small, large), Dialled::Close);
        assert_eq!(on_accepted(large, small), Accepted::DialBack);
        assert_eq!(on_dialled(large, small), Dialled::Install);
        assert_eq!(on_accepted(small, large), Accepted::Install);
        assert_eq!(on_accepted(small, small), Accepted::OwnId);
        // Anonymous observers have negative ids and never win.
        assert_eq!(on_accepted(small, ServerId(-1)), Accepted::DialBack);
    }

    #[test]
    fn one_slot_the_newest_wins_and_the_last_is_said_again() {
        let mut slots = Slots::default();
        let peer = ServerId(2);
        assert!(slots.any_delivered());
        slots.offer(peer, 1);
        slots.offer(peer, 2);
        assert!(!slots.any_delivered());
        assert_eq!((slots.take(peer), slots.take(peer)), (Some(2), None));
        assert!(slots.any_delivered());
        slots.on_connected(peer);
        assert_eq!(slots.take(peer), Some(2));
        slots.offer(peer, 3);
        slots.on_connected(peer);
        assert_eq!(slots.take(peer), Some(3));
        slots.remove(peer);
        assert_eq!(slots.peers().count(), 0);
    }

    #[test]
    fn a_full_inbox_drops_the_oldest() {
        let mut inbox = Inbox::default();
        assert!((0..INBOX_LEN_MAX).all(|n| inbox.push(n).is_none()));
        assert_eq!(inbox.push(100), Some(0));
        assert_eq!(inbox.pop(), Some(1));
    }
}
