//! Whole answers: against captures of Apache 3.9.5 under the same circumstances (`captures`), and
//! the rules about when which answer is given (`rules`).
//!
//! The captures in `testdata/` are what Apache 3.9.5 sent, with paths and the class path made
//! plain. `fresh` is a server just started; `standalone` has two sessions with ephemerals and
//! watches and 300 writes behind it; `leader`, `follower` and `observer` are of one ensemble with
//! a quota on `/ns1`.

mod captures;
mod fake;
mod mntr;
mod rules;

use codec::client::FourLetterWord;

use super::{Answer, Asked, ServerView, Words};
use crate::config::whitelist::Whitelist;

/// Asks one word of a server that allows all.
fn ask(word: FourLetterWord, view: &dyn ServerView) -> String {
    answer(&Words::new(Whitelist::new(Some("*"), false)), word, 0, view).text
}

fn answer(words: &Words, word: FourLetterWord, now_ms: u64, view: &dyn ServerView) -> Answer {
    let peer = fake::address(50_000);
    words.answer(Asked { word, argument: &[], peer, now_ms }, view)
}
