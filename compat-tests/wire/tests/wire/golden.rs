//! Golden frames: what goes over the wire byte by byte, length words included.

use std::io::{Read, Write};
use std::net::TcpStream;

use libtest_mimic::Trial;
use wire::bed;
use wire::case::{self, For};
use wire::cases;
use wire::client::open_socket;
use wire::handshake::password_of;
use wire::server::Server;

pub fn trials() -> Vec<Trial> {
    let all = cases![
        connect_and_its_response,
        expired_response,
        ping,
        create_and_the_same_again,
        get_data_watch_event,
        auth_digest,
        failed_multi,
        unknown_op,
        sasl_without_configuration,
        get_data_reply_with_its_stat,
    ];
    case::trials("golden", For::All, all)
}

/// Bytes from hex with spaces.
fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<_> = text.chars().filter(|c| !c.is_whitespace()).collect();
    assert!(digits.len().is_multiple_of(2), "{text}");
    let byte = |pair: &[char]| pair.iter().collect::<String>();
    digits.chunks(2).map(|pair| u8::from_str_radix(&byte(pair), 16).expect("hex")).collect()
}

/// Sends hex and answers `size` bytes.
fn talk(stream: &mut TcpStream, send: &str, size: usize) -> Vec<u8> {
    stream.write_all(&hex(send)).expect("it is sent");
    let mut answer = vec![0; size];
    stream.read_exact(&mut answer).expect("an answer of that size");
    answer
}

const CONNECT: &str = "0000002d 00000000 0000000000000000 00007530 0000000000000000 00000010 \
                       00000000000000000000000000000000 00";
const OPEN: &str = "00000001 0000001f 00000005 776f726c64 00000006 616e796f6e65";

fn connected(server: &Server) -> (TcpStream, Vec<u8>) {
    let mut stream = open_socket(server.addr());
    let response = talk(&mut stream, CONNECT, 4 + 37);
    (stream, response)
}

/// Ends the session of `stream`.
fn close(mut stream: TcpStream) {
    let reply = talk(&mut stream, "00000008 00000063 fffffff5", 20);
    assert_eq!(reply[4..8], hex("00000063"));
    assert_eq!(reply[16..], [0; 4]);
    assert_eq!(stream.read(&mut [0; 1]).expect("a close"), 0);
}

fn connect_and_its_response() {
    let (stream, response) = connected(&bed::usual());
    assert_eq!(response[..12], hex("00000025 00000000 00007530"));
    let id = i64::from_be_bytes(response[12..20].try_into().expect("8 bytes"));
    assert_eq!(response[20..24], hex("00000010"));
    assert_eq!(response[24..40], password_of(id));
    assert_eq!(response[40..], [0]);
    close(stream);
}

fn expired_response() {
    let mut stream = open_socket(bed::usual().addr());
    let unknown = CONNECT.replacen("00007530 0000000000000000", "00007530 0000000000007777", 1);
    let good = unknown
        .replace("00000000000000000000000000000000 00", "3d7971b83a8c662f3c261e1fe4915c30 00");
    let answer = talk(&mut stream, &good, 41);
    let due = "00000025 00000000 00000000 0000000000000000 00000010 \
               00000000000000000000000000000000 00";
    assert_eq!(answer, hex(due));
    assert_eq!(stream.read(&mut [0; 1]).expect("a close"), 0);
}

fn ping() {
    let (_turn, server) = bed::lone();
    let (mut stream, _) = connected(&server);
    let answer = talk(&mut stream, "00000008 fffffffe 0000000b", 20);
    assert_eq!(answer[..8], hex("00000010 fffffffe"));
    assert_eq!(answer[16..], [0; 4]);
    let again = talk(&mut stream, "00000008 fffffffe 0000000b", 20);
    assert_eq!(again, answer, "the same last zxid");
    close(stream);
}

fn create_and_the_same_again() {
    let (_turn, server) = bed::lone();
    let (mut stream, _) = connected(&server);
    let body =
        |xid: &str| format!("00000033 {xid} 00000001 00000002 2f61 00000002 6869 {OPEN} 00000000");
    let first = talk(&mut stream, &body("00000001"), 4 + 0x16);
    assert_eq!(first[..8], hex("00000016 00000001"));
    let zxid = i64::from_be_bytes(first[8..16].try_into().expect("8 bytes"));
    assert_eq!(first[16..], hex("00000000 00000002 2f61"));
    let again = talk(&mut stream, &body("00000002"), 20);
    let due = [hex("00000010 00000002"), (zxid + 1).to_be_bytes().to_vec(), hex("ffffff92")];
    assert_eq!(again, due.concat());
    let gone = talk(&mut stream, "00000012 00000003 00000002 00000002 2f61 ffffffff", 20);
    let due = [hex("00000010 00000003"), (zxid + 2).to_be_bytes().to_vec(), hex("00000000")];
    assert_eq!(gone, due.concat());
    close(stream);
}

/// Creates a node with data "hi", open to all; `path` is its ustring in hex.
fn create(stream: &mut TcpStream, path: &str) -> Vec<u8> {
    let size = hex(path).len();
    let rest = format!("00000001 00000001 {path} 00000002 6869 {OPEN} 00000000");
    talk(stream, &format!("{:08x} {rest}", hex(&rest).len()), 4 + 16 + size)
}

/// Deletes a node of any version.
fn delete(stream: &mut TcpStream, path: &str) {
    let rest = format!("00000001 00000002 {path} ffffffff");
    let answer = talk(stream, &format!("{:08x} {rest}", hex(&rest).len()), 20);
    assert_eq!(answer[16..], [0; 4]);
}

const A: &str = "00000002 2f61";
const A_X: &str = "00000004 2f612f78";

fn get_data_watch_event() {
    let (_turn, server) = bed::lone();
    let (mut stream, _) = connected(&server);
    create(&mut stream, A);
    create(&mut stream, A_X);
    let watch = talk(&mut stream, "0000000f 00000002 00000004 00000002 2f61 01", 4 + 16 + 6 + 68);
    assert_eq!(watch[16..26], hex("00000000 00000002 6869"));
    let watch = format!("00000011 00000002 00000004 {A_X} 01");
    talk(&mut stream, &watch, 4 + 16 + 6 + 68);
    let set = format!("00000018 00000003 00000005 {A_X} ffffffff ffffffff");
    let both = talk(&mut stream, &set, (4 + 32) + (4 + 16 + 68));
    let zxid = &both[36 + 8..36 + 16];
    let event = ["00000020 ffffffff", "00000000 00000003 00000003 00000004 2f612f78"].map(hex);
    assert_eq!(both[..36], [&event[0][..], zxid, &event[1]].concat());
    assert_eq!(both[36..44], hex("00000054 00000003"));
    delete(&mut stream, A_X);
    let mut last = [0; 4 + 16 + 8 + 6 + 20];
    let gone = format!("00000012 00000009 00000002 {A} ffffffff");
    stream.write_all(&hex(&gone)).expect("it is sent");
    stream.read_exact(&mut last).expect("the event and the reply");
    assert_eq!(last[16..34], hex("00000000 00000002 00000003 00000002 2f61"));
    close(stream);
}

fn auth_digest() {
    let (mut stream, _) = connected(&bed::usual());
    let send = "00000024 fffffffc 00000064 00000000 00000006 646967657374 0000000a \
                626f623a736563726574";
    let answer = talk(&mut stream, send, 20);
    assert_eq!(answer, hex("00000010 fffffffc 0000000000000000 00000000"));
    close(stream);
}

fn failed_multi() {
    let (_turn, server) = bed::lone();
    let (mut stream, _) = connected(&server);
    create(&mut stream, A);
    let send = "0000003a 00000003 0000000e 0000000d 00 ffffffff 00000002 2f61 00000000 00000002 00 \
                ffffffff 00000005 2f6e6f7065 ffffffff ffffffff 01 ffffffff";
    let answer = talk(&mut stream, send, 4 + 16 + 13 + 13 + 9);
    assert_eq!(answer[..8], hex("00000033 00000003"));
    let due = "00000000 ffffffff 00 00000000 00000000 ffffffff 00 ffffff9b ffffff9b ffffffff 01 \
               ffffffff";
    assert_eq!(answer[16..], hex(due));
    delete(&mut stream, A);
    close(stream);
}

fn unknown_op() {
    let (mut stream, _) = connected(&bed::usual());
    let answer = talk(&mut stream, "00000008 00000009 000003e7", 20);
    assert_eq!(answer, hex("00000010 00000009 ffffffffffffffff fffffffa"));
    assert_eq!(stream.read(&mut [0; 1]).expect("a close"), 0);
}

fn sasl_without_configuration() {
    let (mut stream, _) = connected(&bed::usual());
    let answer = talk(&mut stream, "0000000c 00000005 00000066 00000000", 24);
    assert_eq!(answer, hex("00000014 00000005 0000000000000000 00000000 ffffffff"));
    close(stream);
}

fn get_data_reply_with_its_stat() {
    let (mut stream, _) = connected(&bed::stock());
    let send = "0000001e 00000001 00000004 00000011 2f7a6f6f6b65657065722f636f6e666967 00";
    let answer = talk(&mut stream, send, 4 + 16 + 4 + 68);
    assert_eq!(answer[..8], hex("00000058 00000001"));
    let mut stat = vec![0; 4 + 4 + 68];
    stat[8 + 32 + 8..8 + 32 + 12].copy_from_slice(&[0xff; 4]);
    assert_eq!(answer[16..], stat, "all zero but aversion -1");
    close(stream);
}
