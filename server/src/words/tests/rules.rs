//! When which answer is given, and what the operator is told.

use codec::client::FourLetterWord::{self, *};
use codec::{SessionId, Zxid};

use super::fake::{Fake, address, fresh};
use super::{Asked, Whitelist, Words, answer, ask};
use crate::words::text::OUTPUT_MAX_BYTES;
use crate::words::view::*;
use crate::words::{NOTE_INTERVAL_MS, TraceMask};

fn looking() -> Fake {
    let why = "looking for a leader for 12 s; votes seen from 1, 3".to_owned();
    Fake { why_not_serving: Some(why), ..fresh() }
}

#[test]
fn while_not_serving_only_the_process_answers() {
    let fake = looking();
    assert_eq!(ask(Ruok, &fake), include_str!("../testdata/looking/ruok"));
    assert_eq!(ask(Isro, &fake), include_str!("../testdata/looking/isro"));
    assert_eq!(ask(Gtmk, &fake), include_str!("../testdata/looking/gtmk"));
    assert_eq!(ask(Hash, &fake), include_str!("../testdata/looking/hash"));
    assert!(ask(Envi, &fake).starts_with("Environment:\n"));
    let refused = include_str!("../testdata/looking/mntr");
    assert_eq!(include_str!("../testdata/looking/conf"), refused);
    assert_eq!(include_str!("../testdata/looking/wchs"), refused);
    let serving = [Conf, Cons, Crst, Dirs, Dump, Mntr, Srst, Srvr, Stat, Wchc, Wchp, Wchs];
    serving.iter().for_each(|word| assert_eq!(ask(*word, &fake), refused, "{word:?}"));
    assert!(!fake.connections_reset.get(), "crst must do nothing");
}

#[test]
fn the_operator_learns_why_requests_are_not_served() {
    let words = Words::new(Whitelist::new(None, false));
    let note = answer(&words, Srvr, 0, &looking()).note.expect("a note");
    assert!(note.contains("looking for a leader for 12 s; votes seen from 1, 3"), "{note}");
    assert!(note.contains("'srvr'") && note.contains("127.0.0.1:50000"), "{note}");
}

#[test]
fn a_refusal_names_the_key_to_the_operator_once_a_minute() {
    let words = Words::new(Whitelist::new(None, false));
    let first = answer(&words, Mntr, 5, &fresh());
    assert_eq!(first.text, "mntr is not executed because it is not in the whitelist.\n");
    let note = first.note.expect("a note");
    assert!(note.contains("set 4lw.commands.whitelist=srvr,mntr (or *)"), "{note}");
    let again = answer(&words, Mntr, 5 + NOTE_INTERVAL_MS - 1, &fresh());
    assert_eq!((again.text, again.note), (first.text, None));
    assert!(answer(&words, Stat, 6, &fresh()).note.is_some(), "another word, another note");
    assert!(answer(&words, Mntr, 5 + NOTE_INTERVAL_MS, &fresh()).note.is_some());
    assert_eq!(answer(&words, Srvr, 9, &fresh()).note, None);
}

#[test]
fn the_whitelist_comes_before_everything_else() {
    let words = Words::new(Whitelist::new(None, false));
    let refused = |word, fake: &Fake| answer(&words, word, 0, fake).text.contains("whitelist");
    for word in FourLetterWord::ALL.iter().filter(|word| **word != Srvr) {
        assert!(refused(*word, &looking()), "{word:?}");
    }
    let fake = fresh();
    fake.metrics.bytes_received_count.add(9);
    assert!(refused(Srst, &fake) && refused(Crst, &fake) && refused(Stmk, &fake));
    assert_eq!(fake.metrics.bytes_received_count.get(), 9);
    assert!(!fake.connections_reset.get());
    assert_eq!(words.trace_mask().get(), TraceMask::default().get());
}

#[test]
fn read_only_mode_shows_itself() {
    let mut fake = fresh();
    fake.status.mode = Mode::ReadOnly;
    assert_eq!(ask(Isro, &fake), "ro");
    for word in [Srvr, Stat] {
        let text = ask(word, &fake);
        let second = text.lines().nth(1);
        assert_eq!(second, Some("READ-ONLY mode; serving only read-only clients"));
        assert!(text.contains("\nMode: read-only\n"));
    }
    assert!(ask(Mntr, &fake).contains("\nzk_server_state\tread-only\n"));
}

#[test]
fn the_trace_mask_is_kept() {
    let words = Words::new(Whitelist::new(Some("*"), false));
    let (peer, fake) = (address(1), fresh());
    let set =
        |argument: &[u8]| words.answer(Asked { word: Stmk, argument, peer, now_ms: 0 }, &fake).text;
    assert_eq!(set(&0x1ff_i64.to_be_bytes()), "511");
    assert_eq!(answer(&words, Gtmk, 0, &fake).text, "511");
    assert_eq!(set(&(-1_i64).to_be_bytes()), "-1");
    assert_eq!(set(&[1, 2, 3]), "", "half a mask changes nothing");
    assert_eq!(answer(&words, Gtmk, 0, &fake).text, "-1");
    assert_eq!(set(&306_i64.to_be_bytes()), include_str!("../testdata/looking/stmk"));
}

#[test]
fn telnets_interrupt_is_answered_with_nothing() {
    assert_eq!(ask(TelnetClose, &fresh()), "");
}

#[test]
fn pings_have_no_cxid_and_negative_sessions_are_hex() {
    let mut fake = fresh();
    let session = SessionInfo {
        id: SessionId(-2),
        last_op: Some(11),
        established_ms: 7,
        timeout_ms: 4000,
        last_cxid: -2,
        last_zxid: Zxid(5),
        last_response_ms: 9,
        last_latency: 0,
        min_latency: 0,
        avg_latency: 0,
        max_latency: 0,
    };
    fake.connections = vec![ConnectionInfo {
        peer: "[::1]:99".parse().expect("an address"),
        interest_ops: 5,
        queued: 3,
        received: 4,
        sent: 1,
        session: Some(session),
    }];
    let expected = " /[0:0:0:0:0:0:0:1]:99[5](queued=3,recved=4,sent=1,sid=0xfffffffffffffffe,\
                    lop=PING,est=7,to=4000,lzxid=0x5,lresp=9,llat=0,minlat=0,avglat=0,maxlat=0)\n\n";
    assert_eq!(ask(Cons, &fake), expected);
}

#[test]
fn ten_thousand_connections_are_all_told() {
    let mut fake = fresh();
    let one = |port| ConnectionInfo {
        peer: address(port),
        interest_ops: 1,
        queued: 0,
        received: 1,
        sent: 1,
        session: None,
    };
    fake.connections = (1..=10_000).map(one).collect();
    assert_eq!(ask(Cons, &fake).lines().count(), 10_001);
    assert_eq!(ask(Stat, &fake).lines().filter(|line| line.starts_with(" /")).count(), 10_000);
}

#[test]
fn listings_stop_at_their_bound_and_say_so() {
    let mut fake = fresh();
    let path = |i: usize| format!("/{i}{}", "n".repeat(1 << 20));
    fake.watches = (0..100).map(|i| (SessionId(1), path(i))).collect();
    fake.ephemerals = fake.watches.clone();
    for word in [Wchc, Wchp, Dump] {
        let text = ask(word, &fake);
        assert!(text.len() < OUTPUT_MAX_BYTES + (2 << 20), "{word:?}");
        assert!(text.trim_end().ends_with(")") && text.contains("\n(cut: "), "{word:?}");
    }
    assert!(fake.shown.get() < 70, "the server went on showing what nobody took");
}
