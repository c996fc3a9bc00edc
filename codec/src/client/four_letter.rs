//! Four-letter words: plain text commands in the place of the first frame's length word.

macro_rules! words {
    ($($(#[$meta:meta])* $variant:ident = $word:literal,)*) => {
        /// A word that ZooKeeper knows. Whether it may be used is the server's whitelist.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum FourLetterWord {
            $($(#[$meta])* $variant,)*
            /// The telnet interrupt sequence, 0xFFF4FFFD.
            TelnetClose,
        }

        impl FourLetterWord {
            /// Every word in alphabetical order, the telnet word last.
            pub const ALL: &'static [FourLetterWord] =
                &[$(FourLetterWord::$variant,)* FourLetterWord::TelnetClose];

            /// The word with these four bytes. To be asked before the length limit is checked,
            /// and only before the handshake.
            pub const fn from_bytes(bytes: [u8; 4]) -> Option<Self> {
                match &bytes {
                    $($word => Some(FourLetterWord::$variant),)*
                    [0xff, 0xf4, 0xff, 0xfd] => Some(FourLetterWord::TelnetClose),
                    _ => None,
                }
            }

            /// The bytes on the wire.
            pub const fn bytes(self) -> [u8; 4] {
                match self {
                    $(FourLetterWord::$variant => *$word,)*
                    FourLetterWord::TelnetClose => [0xff, 0xf4, 0xff, 0xfd],
                }
            }
        }
    };
}

words! {
    /// Effective configuration.
    Conf = b"conf",
    /// Connections in detail.
    Cons = b"cons",
    /// Reset connection statistics.
    Crst = b"crst",
    /// Sizes of the data and log directories.
    Dirs = b"dirs",
    /// Sessions and ephemerals.
    Dump = b"dump",
    /// Environment.
    Envi = b"envi",
    /// Trace mask.
    Gtmk = b"gtmk",
    /// Recent digests.
    Hash = b"hash",
    /// Read-only or read-write.
    Isro = b"isro",
    /// Metrics.
    Mntr = b"mntr",
    /// Are you OK.
    Ruok = b"ruok",
    /// Reset server statistics.
    Srst = b"srst",
    /// Server statistics.
    Srvr = b"srvr",
    /// Server statistics with connections.
    Stat = b"stat",
    /// Set the trace mask: 8 more bytes follow.
    Stmk = b"stmk",
    /// Watches by connection.
    Wchc = b"wchc",
    /// Watches by path.
    Wchp = b"wchp",
    /// Watch counts.
    Wchs = b"wchs",
}

impl FourLetterWord {
    /// What it is called in answers and in the whitelist.
    pub fn name(self) -> String {
        match self {
            FourLetterWord::TelnetClose => "telnet close".to_owned(),
            word => String::from_utf8_lossy(&word.bytes()).into_owned(),
        }
    }

    /// Bytes behind the word that belong to it; whatever else follows is ignored.
    pub const fn argument_len(self) -> usize {
        if matches!(self, FourLetterWord::Stmk) { 8 } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_recognised_by_its_bytes() {
        assert_eq!(FourLetterWord::ALL.len(), 19);
        for word in FourLetterWord::ALL {
            assert_eq!(FourLetterWord::from_bytes(word.bytes()), Some(*word));
        }
        let telnet = FourLetterWord::from_bytes(0xfff4_fffd_u32.to_be_bytes()).unwrap();
        assert_eq!(telnet.name(), "telnet close");
        assert_eq!(FourLetterWord::from_bytes(*b"GET "), None);
        assert_eq!(FourLetterWord::from_bytes(*b"RUOK"), None);
        assert_eq!(FourLetterWord::Stmk.argument_len(), 8);
    }
}
