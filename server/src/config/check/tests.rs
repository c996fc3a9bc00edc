//! The report says what was understood, hides secrets, and ends with the right code.

use std::collections::BTreeMap;
use std::path::Path;

use super::*;
use crate::config::tests::{MemoryFiles, load_text};
use crate::config::{Invocation, load};

fn checked(result: &Result<Loaded, ConfigErrors>) -> Report {
    let mountinfo = "1 0 8:1 / / rw - tmpfs none rw\n";
    report(result, &Surroundings { mountinfo, working_dir: Path::new("/w") })
}

#[test]
fn a_good_file_is_explained_and_gives_zero() {
    let text = "dataDir=/zk\nclientPort=2181\nsnapCount=5000\nsnapcont=1\ntickTime=2000\n\
                DigestAuthenticationProvider.superDigest=super:hash\n";
    let report = checked(&load_text(text));
    assert_eq!(report.exit_code, 0);
    for part in [
        "Configuration: /conf/zoo.cfg\n",
        "  mode              standalone\n",
        "  client address    port 2181 on all addresses\n",
        "  session timeouts  4000 to 40000 ms\n",
        "  purge             off\n",
        "  four-letter words srvr\n",
        "  snapCount=5000                               /conf/zoo.cfg:3\n",
        "  maxClientCnxns=60\n",
        "  warning: /conf/zoo.cfg:1: dataDir /zk is on tmpfs",
        "unknown setting snapcont",
        "superDigest=(hidden)",
        "A server starts with this: no errors, ",
    ] {
        assert!(report.text.contains(part), "{part:?} is not in\n{}", report.text);
    }
    assert!(!report.text.contains("super:hash"));
    assert!(!report.text.contains("  snapCount=100000\n"), "given, so no default");
    let warning = report.text.rfind("  warning: ").expect("some");
    let notice = report.text.find("  notice: ").expect("some");
    assert!(warning < notice, "what matters comes first");
}

#[test]
fn a_bad_file_lists_every_error_and_gives_two() {
    let report = checked(&load_text("clientPort=x\nsnapCount=y\n"));
    assert_eq!(report.exit_code, 2);
    assert!(report.text.starts_with("Errors:\n  error: /conf/zoo.cfg: dataDir is missing"));
    assert!(report.text.contains("error: /conf/zoo.cfg:1: clientPort=x: exp"), "{}", report.text);
    assert!(report.text.contains("warning: /conf/zoo.cfg:2: snapCount=y"), "{}", report.text);
    assert!(report.text.ends_with("No server starts with this: 2 errors and 1 warning.\n"));
}

#[test]
fn the_built_in_default_is_reported_too() {
    let result = load(&Invocation::default(), &BTreeMap::new(), &MemoryFiles::default());
    let report = checked(&result);
    assert!(report.text.starts_with("Configuration: built-in default\n"), "{}", report.text);
    assert!(report.text.contains("purge             every 1 h, 3 snapshots stay"));
}

#[test]
fn a_member_names_its_place_in_the_ensemble() {
    let text = "dataDir=/zk\nclientPort=1\ninitLimit=5\nsyncLimit=2\nserver.1=a:1:2\n\
                server.2=b:1:2\nserver.3=c:1:2\nserver.4=d:1:2:observer\n";
    let files = MemoryFiles::default().with("/conf/zoo.cfg", text).with("/zk/myid", "2\n");
    let result = load(&Invocation::server(["/conf/zoo.cfg"]), &BTreeMap::new(), &files);
    let report = checked(&result);
    assert!(report.text.contains("server 2 (participant) of 3 voters and 1 observers"));
}
