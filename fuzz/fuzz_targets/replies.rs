//! What a server answers, as the load generator and the checks read it.
#![no_main]

use codec::client::{MultiResponse, Reply, Response, WatcherEvent};
use codec::{Encode, Stat};
use fuzz_support::{Taker, round_trip};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut taker = Taker(data);
    let (op, err) = (i32::from(taker.byte() as i8), i32::from(taker.byte() as i8));
    let body = taker.0;
    round_trip!(MultiResponse<'_>, body);
    round_trip!(WatcherEvent<'_>, body);
    round_trip!(Stat, body);
    let _ = Reply::decode(op, body);
    let Ok(first) = Response::decode(op, err, body) else {
        return;
    };
    let written = first.to_bytes();
    let second = Response::decode(op, err, &written).expect("what we wrote can be read");
    if body.iter().all(|byte| *byte < 0xf0) {
        assert_eq!(second, first);
    }
});
