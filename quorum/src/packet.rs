//! Quorum packets that own their bytes: what the cores take in and hand out. The layout itself is
//! in `codec::peer`.

use bytes::{Bytes, BytesMut};
use codec::peer::{PacketType, QuorumPacket};
use codec::{Encode, Id, Zxid};

/// A packet of the quorum port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// A [`PacketType`] code; unknown ones are carried, so that they can be reported.
    pub code: i32,
    /// Its meaning depends on the type.
    pub zxid: Zxid,
    /// Its meaning depends on the type; shared, never copied.
    pub data: Option<Bytes>,
    /// The client's identities, in REQUEST only.
    pub authinfo: Option<Vec<Id<'static>>>,
}

impl Packet {
    /// A packet without data.
    pub fn bare(kind: PacketType, zxid: Zxid) -> Self {
        Packet { code: kind.code(), zxid, data: None, authinfo: None }
    }

    /// A packet with data.
    pub fn with_data(kind: PacketType, zxid: Zxid, data: Bytes) -> Self {
        Packet { data: Some(data), ..Packet::bare(kind, zxid) }
    }

    /// Its type, if it is a known one.
    pub fn kind(&self) -> Option<PacketType> {
        PacketType::from_code(self.code)
    }

    /// The data, empty if null.
    pub fn bytes(&self) -> Bytes {
        self.data.clone().unwrap_or_default()
    }

    /// Bytes that it keeps in memory, for bounds on queues.
    pub fn weight(&self) -> usize {
        codec::peer::packet::MIN_PACKET_LEN + self.data.as_ref().map_or(0, Bytes::len)
    }

    /// Takes over what was read from a stream.
    pub fn from_wire(packet: QuorumPacket<'_>) -> Self {
        let own = |ids: Vec<Id<'_>>| ids.into_iter().map(Id::into_owned).collect();
        Packet {
            code: packet.packet_type,
            zxid: packet.zxid,
            data: packet.data.map(Bytes::copy_from_slice),
            authinfo: packet.authinfo.map(own),
        }
    }

    /// Appends its bytes to what goes to the stream.
    pub fn encode(&self, out: &mut BytesMut) {
        let packet = QuorumPacket {
            packet_type: self.code,
            zxid: self.zxid,
            data: self.data.as_deref(),
            authinfo: self.authinfo.clone(),
        };
        packet.encode(out);
    }
}

/// A transaction as it stands in PROPOSAL, in INFORM and in the log: header, body, digest. This
/// crate looks at its zxid and at nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Txn {
    /// Its place in the order of all transactions.
    pub zxid: Zxid,
    /// Its bytes.
    pub data: Bytes,
}

impl Txn {
    /// The PROPOSAL of it.
    pub fn proposal(&self) -> Packet {
        Packet::with_data(PacketType::Proposal, self.zxid, self.data.clone())
    }

    /// The INFORM of it.
    pub fn inform(&self) -> Packet {
        Packet::with_data(PacketType::Inform, self.zxid, self.data.clone())
    }

    /// The COMMIT of it.
    pub fn commit(&self) -> Packet {
        Packet::bare(PacketType::Commit, self.zxid)
    }
}

/// Whether `next` may follow `last` in a history without a hole: the next counter of the same
/// epoch, or the first counter of a later one. (3.9.4 and later learners leave their leader over
/// a hole within an epoch; E.1, ZK-4925.)
pub fn follows(last: Zxid, next: Zxid) -> bool {
    if next.epoch() == last.epoch() {
        next == last.next()
    } else {
        next.epoch() > last.epoch() && next.counter() == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_reads_back() {
        let mut packet = Packet::with_data(PacketType::Request, Zxid(-1), Bytes::from_static(b"x"));
        packet.authinfo = Some(vec![Id::new("ip", "127.0.0.1")]);
        let mut bytes = BytesMut::new();
        packet.encode(&mut bytes);
        let (read, used) = codec::peer::cut_packet(&bytes, 100).unwrap().unwrap();
        assert_eq!((Packet::from_wire(read), used), (packet, bytes.len()));
    }

    #[test]
    fn holes_are_seen() {
        assert!(follows(Zxid::new(1, 4), Zxid::new(1, 5)));
        assert!(follows(Zxid::new(1, 4), Zxid::new(3, 1)));
        assert!(follows(Zxid::ZERO, Zxid::new(1, 1)));
        assert!(!follows(Zxid::new(1, 4), Zxid::new(1, 6)));
        assert!(!follows(Zxid::new(1, 4), Zxid::new(1, 4)));
        assert!(!follows(Zxid::new(1, 4), Zxid::new(2, 2)));
        assert!(!follows(Zxid::new(2, 4), Zxid::new(1, 5)));
    }
}
