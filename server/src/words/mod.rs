//! Four-letter words: Apache's text from a plain view of the server.
//!
//! Pure: no socket, no file. The shell recognises the word ([`FourLetterWord::from_bytes`], before
//! the handshake and before the length check), reads its argument, asks [`Words::answer`], sends
//! the text and closes; what the operator should know comes back as a note to be logged.
//! A word counts as one packet received and one sent, as in Apache.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use codec::client::FourLetterWord;

pub mod configuration;
pub mod monitor;
pub mod sessions;
pub mod statistics;
pub mod text;
pub mod trace;
pub mod view;
pub mod watches;
pub mod whitelist;

use crate::config::whitelist::Whitelist;
pub use trace::TraceMask;
pub use view::ServerView;

/// What a client reads while requests are not served; `hash` gives it without a line end.
pub const NOT_SERVING: &str = "This ZooKeeper instance is not currently serving requests";

/// The same note about the same word is told once in this time (ms): probes ask every second.
pub const NOTE_INTERVAL_MS: u64 = 60_000;

/// The words of one server: what is allowed, the trace mask, what was last noted.
#[derive(Debug)]
pub struct Words {
    whitelist: Whitelist,
    trace_mask: TraceMask,
    /// For each word in the order of [`FourLetterWord::ALL`]: when a note is due again, ms.
    notes_due: [AtomicU64; FourLetterWord::ALL.len()],
}

/// A word as it came.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The word.
    pub word: FourLetterWord,
    /// What followed, at least [`FourLetterWord::argument_len`] bytes of it if they came.
    pub argument: &'a [u8],
    /// Who asks.
    pub peer: SocketAddr,
    /// ms of a monotonic clock.
    pub now_ms: u64,
}

/// What is to be done about a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// To be sent; then the connection is closed.
    pub text: String,
    /// To be logged as a warning, if there is any.
    pub note: Option<String>,
}

impl Words {
    /// The words of a server that answers the listed ones.
    pub fn new(whitelist: Whitelist) -> Self {
        Words { whitelist, trace_mask: TraceMask::default(), notes_due: Default::default() }
    }

    /// The trace mask.
    pub fn trace_mask(&self) -> &TraceMask {
        &self.trace_mask
    }

    /// Answers a word. `srst`, `crst` and `stmk` do what they say.
    pub fn answer(&self, asked: Asked<'_>, view: &dyn ServerView) -> Answer {
        let word = asked.word;
        if !self.whitelist.allows(&word.name()) {
            let note = self.note(asked, || self.refusal_note(asked));
            return Answer { text: whitelist::refusal(word), note };
        }
        if needs_serving(word)
            && let Some(why) = view.why_not_serving()
        {
            let note = self.note(asked, || not_serving_note(asked, &why));
            return Answer { text: not_serving(word), note };
        }
        Answer { text: self.text(asked, view), note: None }
    }

    fn text(&self, asked: Asked<'_>, view: &dyn ServerView) -> String {
        match asked.word {
            FourLetterWord::Ruok => "imok".to_owned(),
            FourLetterWord::Isro => isro(view).to_owned(),
            FourLetterWord::Srvr => statistics::srvr(view),
            FourLetterWord::Stat => statistics::stat(view),
            FourLetterWord::Cons => statistics::cons(view),
            FourLetterWord::Mntr => monitor::mntr(view),
            FourLetterWord::Conf => configuration::conf(view),
            FourLetterWord::Envi => configuration::envi(view),
            FourLetterWord::Dirs => configuration::dirs(view),
            FourLetterWord::Dump => sessions::dump(view),
            FourLetterWord::Wchs => watches::wchs(view),
            FourLetterWord::Wchc => watches::wchc(view),
            FourLetterWord::Wchp => watches::wchp(view),
            FourLetterWord::Hash => hash(view),
            FourLetterWord::Srst => srst(view),
            FourLetterWord::Crst => crst(view),
            FourLetterWord::Gtmk => self.trace_mask.get().to_string(),
            FourLetterWord::Stmk => self.stmk(asked.argument),
            FourLetterWord::TelnetClose => String::new(),
        }
    }

    /// Sets the mask to the 8 bytes that follow the word and tells it; says nothing without them.
    fn stmk(&self, argument: &[u8]) -> String {
        let Some(mask) = argument.first_chunk() else {
            return String::new();
        };
        self.trace_mask.set(i64::from_be_bytes(*mask));
        self.trace_mask.get().to_string()
    }

    /// The note, unless one about the same word was made lately.
    fn note(&self, asked: Asked<'_>, text: impl Fn() -> String) -> Option<String> {
        let index = FourLetterWord::ALL.iter().position(|word| *word == asked.word)?;
        let due = &self.notes_due[index];
        let seen = due.load(Relaxed);
        let next = asked.now_ms.saturating_add(NOTE_INTERVAL_MS);
        let mine =
            asked.now_ms >= seen && due.compare_exchange(seen, next, Relaxed, Relaxed).is_ok();
        mine.then(text)
    }

    fn refusal_note(&self, asked: Asked<'_>) -> String {
        let (name, list) = (asked.word.name(), &self.whitelist);
        format!(
            "four-letter word '{name}' from {} refused: it is not in 4lw.commands.whitelist, \
             which allows {list}; to allow it, set 4lw.commands.whitelist={list},{name} (or *)",
            asked.peer
        )
    }
}

fn not_serving_note(asked: Asked<'_>, why: &str) -> String {
    let name = asked.word.name();
    format!("four-letter word '{name}' from {} answered with \"not serving\": {why}", asked.peer)
}

/// The words that are answered by the process alone, ensemble or not.
fn needs_serving(word: FourLetterWord) -> bool {
    use FourLetterWord::{Envi, Gtmk, Ruok, Stmk, TelnetClose};
    !matches!(word, Ruok | Envi | Gtmk | Stmk | TelnetClose)
}

fn not_serving(word: FourLetterWord) -> String {
    match word {
        FourLetterWord::Isro => "null".to_owned(),
        FourLetterWord::Hash => NOT_SERVING.to_owned(),
        _ => format!("{NOT_SERVING}\n"),
    }
}

fn isro(view: &dyn ServerView) -> &'static str {
    match view.status().mode {
        view::Mode::ReadOnly => "ro",
        _ => "rw",
    }
}

fn hash(view: &dyn ServerView) -> String {
    let lines = view.digests().into_iter();
    lines.map(|(zxid, digest)| format!("{:x}: {digest}\n", zxid.0)).collect()
}

fn srst(view: &dyn ServerView) -> String {
    view.metrics().reset();
    "Server stats reset.\n".to_owned()
}

fn crst(view: &dyn ServerView) -> String {
    view.reset_connections();
    "Connection stats reset.\n".to_owned()
}

#[cfg(test)]
mod tests;
