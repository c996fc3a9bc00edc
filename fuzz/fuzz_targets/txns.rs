//! Transactions: read and written again, and applied to a tree that must stay a tree, whatever
//! history they claim to come from.
#![no_main]

use codec::txn::Txn;
use codec::{Decode, Encode};
use fuzz_support::{Taker, round_trip};
use libfuzzer_sys::fuzz_target;
use tree::{Tree, TreeConfig};

fuzz_target!(|data: &[u8]| {
    round_trip!(Txn<'_>, data);
    // Payloads behind each other, each with its length in two bytes.
    let mut taker = Taker(data);
    let mut tree = Tree::new(TreeConfig::default());
    while !taker.is_empty() {
        let payload = taker.bytes(usize::from(u16::MAX));
        if let Ok(txn) = Txn::from_bytes(payload) {
            let _ = txn.to_bytes();
            tree.apply(&txn, &mut ());
        }
    }
    tree.check().expect("a tree");
});
