//! Which four-letter words are answered. What they answer is not known here.

use std::collections::BTreeSet;

/// The words there are, in the order of Apache's guide.
pub const WORDS: [&str; 18] = [
    "stat", "srvr", "mntr", "conf", "cons", "crst", "srst", "dump", "envi", "wchs", "wchc", "wchp",
    "dirs", "ruok", "isro", "hash", "gtmk", "stmk",
];

/// The rule of `4lw.commands.whitelist`: a comma list, or `*` for all. `srvr` is always answered
/// (status scripts live on it), `isro` also when read-only mode is enabled (clients live on it).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whitelist {
    all: bool,
    words: BTreeSet<String>,
}

impl Whitelist {
    /// From the setting's text, `None` when it is not given.
    pub fn new(text: Option<&str>, read_only_mode: bool) -> Whitelist {
        let listed = text.unwrap_or("").split(',').map(str::trim).filter(|word| !word.is_empty());
        let mut words: BTreeSet<String> = listed.map(str::to_owned).collect();
        let all = words.remove("*");
        words.insert("srvr".to_owned());
        if read_only_mode {
            words.insert("isro".to_owned());
        }
        Whitelist { all, words }
    }

    /// Whether `word` is answered.
    pub fn allows(&self, word: &str) -> bool {
        self.all || self.words.contains(word)
    }

    /// Whether every word is answered (`*`).
    pub fn allows_all(&self) -> bool {
        self.all
    }

    /// Listed words that do not exist.
    pub fn unknown_words(&self) -> impl Iterator<Item = &str> {
        self.words.iter().map(String::as_str).filter(|word| !WORDS.contains(word))
    }
}

impl std::fmt::Display for Whitelist {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.all {
            return f.write_str("*");
        }
        f.write_str(&self.words.iter().map(String::as_str).collect::<Vec<_>>().join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn srvr_alone_by_default_and_isro_with_read_only_mode() {
        let plain = Whitelist::new(None, false);
        assert!(plain.allows("srvr") && !plain.allows("isro") && !plain.allows("ruok"));
        assert!(Whitelist::new(None, true).allows("isro"));
        assert!(Whitelist::new(Some("ruok"), true).allows("isro"));
    }

    #[test]
    fn a_list_may_have_blanks_and_srvr_stays() {
        let list = Whitelist::new(Some(" stat, ruok ,,conf"), false);
        assert!(["stat", "ruok", "conf", "srvr"].iter().all(|word| list.allows(word)));
        assert!(!list.allows("mntr") && !list.allows(""));
        assert_eq!(list.to_string(), "conf,ruok,srvr,stat");
    }

    #[test]
    fn a_star_anywhere_allows_all() {
        for text in ["*", "stat, *"] {
            assert!(Whitelist::new(Some(text), false).allows("wchp"), "{text}");
        }
    }

    #[test]
    fn words_that_do_not_exist_are_told() {
        let list = Whitelist::new(Some("stat,kill,mntr "), false);
        assert_eq!(list.unknown_words().collect::<Vec<_>>(), ["kill"]);
    }
}
