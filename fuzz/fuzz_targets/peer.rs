//! The server-to-server ports: packets, payloads, election messages, SASL packets, and the text of
//! dynamic configurations. Read or refused, never more than what came.
#![no_main]

use codec::Decode;
use codec::peer::auth::cut_auth_packet;
use codec::peer::election::{cut_handshake, cut_message};
use codec::peer::payload::{check_snap_signature, decode_designated, decode_i32, decode_touches};
use codec::peer::properties::parse_properties;
use codec::peer::{
    Activation, ConfigText, ForwardedRequest, Handshake, HostPort, LearnerInfo, Notification,
    QuorumPacket, RevalidateAnswer, ServerSpec, SessionTouch, cut_packet,
};
use codec::{Encode, SessionId};
use fuzz_support::{Taker, round_trip};
use libfuzzer_sys::fuzz_target;

const LIMIT: usize = 4096;

fuzz_target!(|data: &[u8]| {
    let mut taker = Taker(data);
    match taker.byte() % 5 {
        0 => packets(taker.0),
        1 => election(taker.0),
        2 => payloads(taker.0),
        3 => config_text(taker.0),
        _ => auth(taker.0),
    }
});

fn packets(mut stream: &[u8]) {
    while let Ok(Some((packet, used))) = cut_packet(stream, LIMIT) {
        assert!(used <= stream.len() && used > 0);
        round_trip!(QuorumPacket<'_>, &stream[..used]);
        payloads(packet.data.unwrap_or_default());
        let _ = LearnerInfo::from_data(packet.data);
        stream = &stream[used..];
    }
}

fn payloads(data: &[u8]) {
    round_trip!(SessionTouch, data);
    round_trip!(RevalidateAnswer, data);
    round_trip!(ForwardedRequest<'_>, data);
    let _ = Activation::from_bytes(data);
    for data in [Some(data), None] {
        let _ = LearnerInfo::from_data(data).to_bytes();
        let _ = decode_touches(data);
        let _ = decode_i32(data);
        let _ = decode_designated(data);
    }
    let _ = check_snap_signature(data);
    let _ = SessionId::from_bytes(data);
}

fn election(mut stream: &[u8]) {
    if let Ok(Some((handshake, used))) = cut_handshake(stream) {
        assert!(used <= stream.len());
        let _ = handshake.dial_back().count();
        rewrite(&handshake);
        stream = &stream[used..];
    }
    while let Ok(Some((message, used))) = cut_message(stream) {
        assert!(used <= stream.len() && used > 0);
        if let Ok(notification) = Notification::decode_message(message) {
            let mut out = bytes::BytesMut::new();
            notification.encode_frame(&mut out);
            let (again, whole) = cut_message(&out).expect("our frame").expect("all of it");
            assert_eq!(whole, out.len());
            let _ = Notification::decode_message(again).expect("our message");
        }
        stream = &stream[used..];
    }
}

fn rewrite(handshake: &Handshake<'_>) {
    let _ = handshake.to_bytes();
}

fn config_text(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let _ = parse_properties(&text);
    let _ = HostPort::parse(&text).map(|address| address.to_string());
    if let Ok(spec) = ServerSpec::parse(&text) {
        let again = ServerSpec::parse(&spec.to_string()).expect("our own text");
        assert!(spec.same_as(&again), "{spec} and {again}");
    }
    if let Ok(config) = ConfigText::parse(data) {
        let again = ConfigText::parse(config.to_string().as_bytes()).expect("our own text");
        assert!(config.same_as(&again), "{config} and {again}");
        let _ = (config.participants().count(), config.members_text(), config.is_hierarchical());
    }
}

fn auth(mut stream: &[u8]) {
    while let Ok(Some((_, used))) = cut_auth_packet(stream, LIMIT) {
        assert!(used <= stream.len() && used > 0);
        stream = &stream[used..];
    }
}
