//! Bodies of requests by op code: read, written, read again as the same.
#![no_main]

use codec::client::{MultiRequest, Request};
use codec::{Encode, OpCode};
use fuzz_support::{Taker, round_trip};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut taker = Taker(data);
    let op = i32::from(taker.byte() as i8);
    let body = taker.0;
    round_trip!(MultiRequest<'_>, body);
    let Ok(first) = Request::decode(op, body) else {
        return;
    };
    assert_eq!(Some(first.op()), OpCode::from_code(op));
    let written = first.to_bytes();
    let second = Request::decode(op, &written).expect("what we wrote can be read");
    if body.iter().all(|byte| *byte < 0xf0) {
        assert_eq!(second, first);
    }
    let again = second.to_bytes();
    assert_eq!(Request::decode(op, &again).as_ref(), Ok(&second));
});
