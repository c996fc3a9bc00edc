//! The envelope of a transaction: header, body, optional digest.

use bytes::BytesMut;

use crate::ids::{SessionId, Xid, Zxid};
use crate::jute::{Decode, Encode, Parsed, record};
use crate::txn::TxnBody;

record! {
    /// Record `TxnHeader` (32 bytes).
    pub struct TxnHeader {
        /// Session that asked for it; 0 for container and TTL deletions.
        pub client_id: SessionId,
        /// The client's xid.
        pub cxid: Xid,
        /// Its place in the order of all transactions.
        pub zxid: Zxid,
        /// Leader's wall clock when it was prepared, ms since the epoch.
        pub time: i64,
        /// Type of the body.
        pub txn_type: i32,
    }
}

record! {
    /// Record `TxnDigest` (12 bytes): the tree's digest after the transaction.
    pub struct TxnDigest {
        /// 2 is the only version that is compared.
        pub version: i32,
        /// Sum of node digests.
        pub tree_digest: i64,
    }
}

/// One transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Txn<'a> {
    /// Who, where in the order, when, what kind.
    pub header: TxnHeader,
    /// What it does.
    pub body: TxnBody<'a>,
    /// Digest of the tree behind it; absent in error txns and from servers before 3.6.
    pub digest: Option<TxnDigest>,
}

impl Encode for Txn<'_> {
    fn encode(&self, out: &mut BytesMut) {
        self.header.encode(out);
        self.body.encode(out);
        if let Some(digest) = &self.digest {
            digest.encode(out);
        }
    }
}

impl<'a> Decode<'a> for Txn<'a> {
    const MIN_BYTES: usize = 32;

    /// Reads a whole payload: what trails the body is a digest if 12 bytes or more, else ignored.
    fn decode(input: &'a [u8]) -> Parsed<'a, Self> {
        let (rest, header) = TxnHeader::decode(input)?;
        let (rest, body) = TxnBody::decode(header.txn_type, rest)?;
        let (rest, digest) = match rest.len() {
            12.. => TxnDigest::decode(rest).map(|(rest, digest)| (rest, Some(digest)))?,
            _ => (&rest[rest.len()..], None),
        };
        Ok((rest, Txn { header, body, digest }))
    }
}
