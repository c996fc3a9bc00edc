//! Which words may be used (`4lw.commands.whitelist`), and what is said about the others.

use std::collections::BTreeSet;

use codec::client::FourLetterWord;

/// The words that are answered. `srvr` always is: `zkServer.sh status` depends on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whitelist(BTreeSet<FourLetterWord>);

impl Whitelist {
    /// Reads the key's value: names separated by commas, spaces around them allowed, `*` for all.
    /// `None` when the key is not set. A server that may serve read-only answers `isro` as well.
    /// Names that are no words are ignored, as Apache does; [`Whitelist::unknown_names`] tells them.
    pub fn new(value: Option<&str>, read_only_mode_enabled: bool) -> Self {
        let mut words = BTreeSet::from([FourLetterWord::Srvr]);
        if read_only_mode_enabled {
            words.insert(FourLetterWord::Isro);
        }
        for name in names(value.unwrap_or_default()) {
            match name {
                "*" => words.extend(FourLetterWord::ALL),
                name => words.extend(word_named(name)),
            }
        }
        Whitelist(words)
    }

    /// The names in a key's value that no word has: worth a warning at start-up.
    pub fn unknown_names(value: &str) -> Vec<&str> {
        names(value)
            .filter(|name| *name != "*" && word_named(name).is_none())
            .collect()
    }

    /// Whether the word is answered.
    pub fn allows(&self, word: FourLetterWord) -> bool {
        self.0.contains(&word)
    }
}

impl std::fmt::Display for Whitelist {
    /// The value that would say the same.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0.len() == FourLetterWord::ALL.len() {
            return f.write_str("*");
        }
        let names: Vec<_> = self.0.iter().map(|word| word.name()).collect();
        f.write_str(&names.join(","))
    }
}

fn names(value: &str) -> impl Iterator<Item = &str> {
    value
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
}

fn word_named(name: &str) -> Option<FourLetterWord> {
    FourLetterWord::ALL
        .iter()
        .copied()
        .find(|word| word.name() == name)
}

/// What the client of a refused word reads: Apache's text.
pub fn refusal(word: FourLetterWord) -> String {
    format!(
        "{} is not executed because it is not in the whitelist.\n",
        word.name()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(value: Option<&str>, read_only: bool) -> String {
        Whitelist::new(value, read_only).to_string()
    }

    #[test]
    fn srvr_is_always_in_and_isro_where_read_only_mode_is_on() {
        assert_eq!(allowed(None, false), "srvr");
        assert_eq!(allowed(None, true), "isro,srvr");
        assert_eq!(allowed(Some(""), false), "srvr");
        assert_eq!(allowed(Some(" ruok , mntr,,"), false), "mntr,ruok,srvr");
        assert_eq!(allowed(Some("ruok"), true), "isro,ruok,srvr");
        assert_eq!(allowed(Some("telnet close"), false), "srvr,telnet close");
    }

    #[test]
    fn a_star_anywhere_is_everything() {
        assert_eq!(allowed(Some("*"), false), "*");
        assert_eq!(allowed(Some("ruok, *, nonsense"), false), "*");
    }

    #[test]
    fn names_of_no_word_are_ignored_and_told() {
        assert_eq!(allowed(Some("RUOK,imok"), false), "srvr");
        assert_eq!(
            Whitelist::unknown_names("RUOK, stat,*,imok"),
            ["RUOK", "imok"]
        );
    }

    #[test]
    fn refusals_are_apaches() {
        let captured = include_str!("testdata/refused");
        let refused = captured.lines().filter(|line| line.ends_with("whitelist."));
        assert_eq!(refused.clone().count(), 18);
        for line in refused {
            let word = FourLetterWord::ALL
                .iter()
                .find(|w| line.starts_with(&w.name()));
            assert_eq!(refusal(*word.expect("a word")), format!("{line}\n"));
        }
    }
}
