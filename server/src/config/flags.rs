//! `-D` properties and other JVM flags, from the command line and from `JVMFLAGS` and
//! `SERVER_JVMFLAGS`.
//!
//! The words are taken apart here; what a property means is not known.

use std::collections::BTreeMap;

use super::findings::{Findings, Origin};

/// Variables that carry JVM flags, in the order in which Apache's script puts them: later wins.
const FLAG_VARIABLES: [&str; 2] = ["SERVER_JVMFLAGS", "JVMFLAGS"];

/// Variables that only size or instrument a JVM.
const JVM_VARIABLES: [&str; 7] =
    ["ZK_SERVER_HEAP", "JMXPORT", "JMXAUTH", "JMXSSL", "JMXLOG4J", "JMXLOCALONLY", "JMXHOSTNAME"];

/// One `-Dname=value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Property {
    /// The name as given, with its `zookeeper.` prefix if it has one.
    pub name: String,
    /// The value; empty when there is no `=`.
    pub value: String,
    /// Where it was given.
    pub origin: Origin,
}

/// A setting for a JVM, which has nothing to act on here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JvmFlag {
    /// As given: `-Xmx4g`, `ZK_SERVER_HEAP=4000`.
    pub text: String,
    /// Where it was given.
    pub origin: Origin,
}

/// All flags of one start, in rising order of precedence.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flags {
    /// The properties; of two with one name the later counts.
    pub properties: Vec<Property>,
    /// Heap sizes, collectors, agents and the like.
    pub jvm: Vec<JvmFlag>,
}

/// Gathers the flags of a start: the environment's first, then the command line's.
pub(super) fn gather(
    defines: &[String],
    env: &BTreeMap<String, String>,
    findings: &mut Findings,
) -> Flags {
    let mut flags = Flags::default();
    flags.add_script_variables(env);
    for variable in FLAG_VARIABLES {
        let text = env.get(variable).map_or("", String::as_str);
        let origin = Origin::Env(variable.to_owned());
        let (words, closed) = split_words(text);
        if !closed {
            findings.warn(&origin, "a quote is not closed; the rest was taken as one word");
        }
        words.into_iter().for_each(|word| flags.add_word(word, &origin));
    }
    for define in defines {
        let define = define.strip_prefix("-D").unwrap_or(define);
        flags.add_word(format!("-D{define}"), &Origin::CommandLine);
    }
    flags
}

impl Flags {
    fn add_script_variables(&mut self, env: &BTreeMap<String, String>) {
        let disabled = "ZOO_DATADIR_AUTOCREATE_DISABLE";
        if env.get(disabled).is_some_and(|value| !value.is_empty()) {
            let word = "-Dzookeeper.datadir.autocreate=false".to_owned();
            self.add_word(word, &Origin::Env(disabled.to_owned()));
        }
        for name in JVM_VARIABLES {
            if let Some(value) = env.get(name).filter(|value| !value.is_empty()) {
                let origin = Origin::Env(name.to_owned());
                self.jvm.push(JvmFlag { text: format!("{name}={value}"), origin });
            }
        }
    }

    fn add_word(&mut self, word: String, origin: &Origin) {
        let origin = origin.clone();
        let Some(define) = word.strip_prefix("-D") else {
            self.jvm.push(JvmFlag { text: word, origin });
            return;
        };
        let (name, value) = define.split_once('=').unwrap_or((define, ""));
        let (name, value) = (name.to_owned(), value.to_owned());
        self.properties.push(Property { name, value, origin });
    }
}

/// Splits as a shell does: blanks part words, quotes and backslashes keep them together. The flag
/// is false when a quote stays open.
pub fn split_words(text: &str) -> (Vec<String>, bool) {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None | Some('"'), '\\') => {
                word.get_or_insert_default().push(chars.next().unwrap_or('\\'));
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    (words, quote.is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|&(k, v)| (k.to_owned(), v.to_owned())).collect()
    }

    fn gathered(defines: &[&str], vars: &[(&str, &str)]) -> (Flags, Findings) {
        let mut findings = Findings::default();
        let defines: Vec<String> = defines.iter().map(|&d| d.to_owned()).collect();
        let flags = gather(&defines, &env(vars), &mut findings);
        (flags, findings)
    }

    #[test]
    fn words_split_like_a_shell() {
        let split = |text| split_words(text).0;
        assert_eq!(split("  -Da=1\t-Xmx1g\n"), ["-Da=1", "-Xmx1g"]);
        assert_eq!(split(r#"-Da="x y" -Db='p "q"'"#), ["-Da=x y", r#"-Db=p "q""#]);
        assert_eq!(split(r#""-Da=x y"z '' \"#), ["-Da=x yz", "", "\\"]);
        assert_eq!(split(r#"a\ b "c\"d" 'e\f'"#), ["a b", "c\"d", "e\\f"]);
        assert!(split("").is_empty());
    }

    #[test]
    fn an_open_quote_is_told() {
        let (flags, findings) = gathered(&[], &[("JVMFLAGS", "-Da='b c")]);
        assert_eq!(flags.properties[0].value, "b c");
        assert!(findings.warnings[0].text.contains("quote"));
    }

    #[test]
    fn the_command_line_comes_last_and_server_flags_first() {
        let vars = [("JVMFLAGS", "-Dx=2 -Xmx512m"), ("SERVER_JVMFLAGS", "-Dx=1")];
        let (flags, _) = gathered(&["x=3", "-Dy"], &vars);
        let values: Vec<&str> = flags.properties.iter().map(|p| p.value.as_str()).collect();
        assert_eq!(values, ["1", "2", "3", ""]);
        assert_eq!(flags.properties[2].origin, Origin::CommandLine);
        assert_eq!(flags.properties[3].name, "y");
        assert_eq!(flags.jvm[0].text, "-Xmx512m");
    }

    #[test]
    fn script_variables_count_as_flags() {
        let vars = [("ZOO_DATADIR_AUTOCREATE_DISABLE", "1"), ("ZK_SERVER_HEAP", "4000")];
        let (flags, _) = gathered(&[], &vars);
        assert_eq!(flags.properties[0].name, "zookeeper.datadir.autocreate");
        assert_eq!(flags.properties[0].value, "false");
        assert_eq!(flags.jvm[0].text, "ZK_SERVER_HEAP=4000");
    }
}
