//! Which file is found, and the form without a file.

use super::*;
use crate::config::tests::MemoryFiles;
use crate::config::{Loaded, load};

const TEXT: &str = "dataDir=/d\nclientPort=2181\n";

fn start(words: &[&str], vars: &[(&str, &str)], files: &MemoryFiles) -> Result<Loaded, String> {
    let env = vars.iter().map(|&(k, v)| (k.to_owned(), v.to_owned())).collect();
    let args = Invocation::server(words.iter().copied());
    load(&args, &env, files).map_err(|errors| errors.to_string())
}

fn found(words: &[&str], vars: &[(&str, &str)], files: &MemoryFiles) -> String {
    match start(words, vars, files).map(|loaded| loaded.source) {
        Ok(Source::File(path)) => path.display().to_string(),
        other => panic!("no file: {other:?}"),
    }
}

#[test]
fn without_a_file_argument_the_variables_lead() {
    let files = MemoryFiles::default()
        .with("conf/zoo.cfg", TEXT)
        .with("/etc/zookeeper/zoo.cfg", TEXT)
        .with("/my/zoo.cfg", TEXT)
        .with("/my/other.cfg", TEXT);
    assert_eq!(found(&[], &[], &files), "conf/zoo.cfg");
    assert_eq!(found(&[], &[("ZOOCFGDIR", "/my")], &files), "/my/zoo.cfg");
    let both = [("ZOOCFGDIR", "/my"), ("ZOOCFG", "other.cfg")];
    assert_eq!(found(&[], &both, &files), "/my/other.cfg");
    assert_eq!(found(&[], &[("ZOOCFG", "/my/other.cfg")], &files), "/my/other.cfg");
    assert_eq!(found(&[], &[("ZOOCFGDIR", "")], &files), "conf/zoo.cfg");
    let etc = MemoryFiles::default().with("/etc/zookeeper/zoo.cfg", TEXT);
    assert_eq!(found(&[], &[], &etc), "/etc/zookeeper/zoo.cfg");
}

#[test]
fn a_name_is_a_file_or_lies_in_the_directory() {
    let files = MemoryFiles::default().with("/my/a.cfg", TEXT).with("b.cfg", TEXT);
    let vars = [("ZOOCFGDIR", "/my")];
    assert_eq!(found(&["a.cfg"], &vars, &files), "/my/a.cfg");
    assert_eq!(found(&["b.cfg"], &vars, &files), "b.cfg");
    assert_eq!(found(&["/my/a.cfg"], &[], &files), "/my/a.cfg");
}

#[test]
fn nothing_found_says_where_it_looked() {
    let told = start(&[], &[], &MemoryFiles::default()).expect_err("nothing there");
    assert!(told.contains("looked for conf/zoo.cfg, /etc/zookeeper/zoo.cfg"), "{told}");
    let told = start(&["/x/zoo.cfg"], &[], &MemoryFiles::default()).expect_err("nothing there");
    assert!(told.contains("looked for /x/zoo.cfg;"), "{told}");
}

#[test]
fn port_and_directory_start_a_server() {
    let files = MemoryFiles::default();
    let loaded = start(&["2181", "/data"], &[], &files).expect("runs");
    assert_eq!(loaded.source, Source::Arguments);
    assert_eq!(loaded.config.addresses.client_port, Some(2181));
    assert_eq!(loaded.config.dirs.data_dir, Path::new("/data"));
    assert_eq!(loaded.config.ticks.tick_time_ms, 3000);
    assert_eq!(loaded.config.limits.max_client_cnxns, 0, "as in Apache");
    let loaded = start(&["2181", "/data", "500", "10"], &[], &files).expect("runs");
    assert_eq!(loaded.config.ticks.tick_time_ms, 500);
    assert_eq!(loaded.config.limits.max_client_cnxns, 10);
}

#[test]
fn port_zero_asks_the_system_for_one() {
    let loaded = start(&["0", "/data"], &[], &MemoryFiles::default()).expect("runs");
    assert_eq!(loaded.config.addresses.client_port, Some(0));
}

#[test]
fn wrong_words_are_refused() {
    let files = MemoryFiles::default();
    let told = start(&["1", "/d", "2", "3", "4"], &[], &files).expect_err("five words");
    assert!(told.contains("expected port dataDir [tickTime] [maxClientCnxns]"), "{told}");
    let told = start(&["zoo.cfg", "/d", "0"], &[], &files).expect_err("no port");
    assert!(told.contains("arguments: clientPort=zoo.cfg: expected a port"), "{told}");
    assert!(told.contains("arguments: tickTime=0: expected a whole number from 1"), "{told}");
}
