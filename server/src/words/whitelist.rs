//! What is said about words that `4lw.commands.whitelist` does not allow. The rule itself is the
//! configuration's ([`crate::config::whitelist`]).

use codec::client::FourLetterWord;

/// What the client of a refused word reads: Apache's text.
pub fn refusal(word: FourLetterWord) -> String {
    format!("{} is not executed because it is not in the whitelist.\n", word.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_apaches() {
        let captured = include_str!("testdata/refused");
        let refused = captured.lines().filter(|line| line.ends_with("whitelist."));
        assert_eq!(refused.clone().count(), 18);
        for line in refused {
            let word = FourLetterWord::ALL.iter().find(|w| line.starts_with(&w.name()));
            assert_eq!(refusal(*word.expect("a word")), format!("{line}\n"));
        }
    }
}
