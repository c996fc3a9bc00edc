//! Each trap is seen, and a sound configuration steps into none.

use super::*;
use crate::config::Level;
use crate::config::tests::{MemoryFiles, load_with};

const MOUNTS: &str = "\
1 0 8:1 / / rw - ext4 /dev/sda rw
2 1 0:1 / /mem rw - tmpfs tmpfs rw
3 1 0:2 / /layer rw - overlay overlay rw
";

fn found(text: &str, defines: &[&str]) -> Vec<Warning> {
    let files = MemoryFiles::default().with("/conf/zoo.cfg", text);
    let loaded = load_with(&files, defines, &[]).expect("accepted");
    traps(&loaded, &Surroundings { mountinfo: MOUNTS, working_dir: Path::new("/mem/here") })
}

const SOUND: &str = "dataDir=/zk\ndataLogDir=/zklog\nclientPort=2181\ntickTime=2000\n\
                     autopurge.purgeInterval=24\nmaxClientCnxns=500\n";

#[test]
fn a_sound_configuration_has_none() {
    assert_eq!(found(SOUND, &[]), []);
}

#[test]
fn every_trap_is_seen_at_its_place() {
    for (line, place, expected) in [
        ("dataDir=/mem/zk", "7", "dataDir /mem/zk is on tmpfs"),
        ("dataLogDir=/layer/zk", "7", "container's own layer"),
        ("dataLogDir=/zk", "7", "dataLogDir is dataDir"),
        ("dataDir=zk", "7", "dataDir /mem/here/zk is on tmpfs"),
        ("dataDir=../../zk", "7", "is relative"),
        ("autopurge.purgeInterval=0", "7", "are never deleted"),
        ("forceSync=no", "7", "acknowledged before they are on disk"),
        ("skipACL=yes", "7", "everybody may read and change"),
        ("snapshot.trust.empty=true", "7", "one start after an upgrade"),
        ("minSessionTimeout=500", "7", "below one tick (2000 ms)"),
        ("maxSessionTimeout=3600000", "7", "stay that long"),
        ("minSessionTimeout=40000", "", "every session gets a timeout of 40000 ms"),
        ("maxClientCnxns=60", "7", "share these 60"),
        ("maxClientCnxns=0", "7", "not limited at all"),
        ("4lw.commands.whitelist=*", "7", "on all addresses"),
    ] {
        let told = found(&format!("{SOUND}{line}\n"), &[]);
        let hit = told.iter().find(|warning| warning.text.contains(expected));
        let hit = hit.unwrap_or_else(|| panic!("{line}: {told:?}"));
        if !place.is_empty() {
            assert!(hit.to_string().starts_with(&format!("/conf/zoo.cfg:{place}: ")), "{hit}");
        }
    }
}

#[test]
fn growth_is_projected_from_the_settings() {
    let told = found("dataDir=/zk\ndataLogDir=/l\nclientPort=1\nmaxClientCnxns=7\n", &[]);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].text.contains("116 log files (7.2 GB)"), "{}", told[0]);
    assert_eq!(told[0].level, Level::Warning);
}

#[test]
fn a_star_on_one_address_is_no_trap() {
    let lines = format!("{SOUND}4lw.commands.whitelist=*\nclientPortAddress=127.0.0.1\n");
    assert_eq!(found(&lines, &[]), []);
}

#[test]
fn a_changed_buffer_is_remarked_on() {
    let larger = found(SOUND, &["jute.maxbuffer=4194304"]);
    assert!(larger[0].to_string().starts_with("command line: jute.maxbuffer is 4194304: every"));
    let smaller = found(SOUND, &["jute.maxbuffer=1000"]);
    assert!(smaller[0].text.contains("below the usual"), "{smaller:?}");
}
