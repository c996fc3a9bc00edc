//! A client's byte stream: frames are cut the same in any portions, connect frames and request
//! headers are read or refused. What requests mean is not tried here.
#![no_main]

use bytes::BytesMut;
use codec::Decode;
use codec::client::frame::missing;
use codec::client::{ConnectFrame, ConnectReply, Request, RequestHeader, cut_batch, cut_frame};
use fuzz_support::round_trip;
use libfuzzer_sys::fuzz_target;

const LIMIT: usize = 4096;

fuzz_target!(|data: &[u8]| {
    let Some((step, stream)) = data.split_first() else {
        return;
    };
    let at_once = one_by_one(stream);
    assert_eq!(in_portions(stream, usize::from(*step) + 1), at_once);
    for frame in &at_once {
        read(frame);
    }
    round_trip!(ConnectFrame<'_>, stream);
    round_trip!(ConnectReply<'_>, stream);
});

fn one_by_one(stream: &[u8]) -> Vec<Vec<u8>> {
    let mut buffer = BytesMut::from(stream);
    let mut frames = Vec::new();
    while let Ok(Some(frame)) = cut_frame(&mut buffer, LIMIT) {
        frames.push(frame.to_vec());
    }
    let missing = missing(&buffer, LIMIT);
    assert!(missing.is_err() || buffer.len() < 4 || missing != Ok(0));
    frames
}

fn in_portions(stream: &[u8], step: usize) -> Vec<Vec<u8>> {
    let mut buffer = BytesMut::new();
    let mut frames = Vec::new();
    for portion in stream.chunks(step) {
        buffer.extend_from_slice(portion);
        let Ok(batch) = cut_batch(&mut buffer, LIMIT) else {
            return frames;
        };
        for payload in batch.payloads() {
            assert_eq!(batch.share(payload), payload);
            frames.push(payload.to_vec());
        }
    }
    while let Ok(Some(frame)) = cut_frame(&mut buffer, LIMIT) {
        frames.push(frame.to_vec());
    }
    frames
}

fn read(frame: &[u8]) {
    let _ = ConnectFrame::from_bytes(frame);
    if let Ok((body, header)) = RequestHeader::decode(frame) {
        let _ = Request::decode(header.op, body);
    }
}
