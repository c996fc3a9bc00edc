//! Who wins, and what is said about what loses.

use crate::config::tests::{MemoryFiles, load_text, load_with};
use crate::config::{Loaded, Origin};

const BASE: &str = "dataDir=/d\nclientPort=1\n";

fn loaded(lines: &str, defines: &[&str], env: &[(&str, &str)]) -> Loaded {
    let files = MemoryFiles::default().with("/conf/zoo.cfg", &format!("{BASE}{lines}\n"));
    load_with(&files, defines, env).expect("accepted")
}

fn said(loaded: &Loaded) -> String {
    loaded.warnings.iter().map(|warning| format!("{warning}\n")).collect()
}

#[test]
fn zoo_cfg_overwrites_an_equal_property() {
    let got = loaded("snapCount=500", &["zookeeper.snapCount=700"], &[]);
    assert_eq!(got.config.storage.snap_count, 500);
    assert!(said(&got).contains("-D for snapCount is overridden by /conf/zoo.cfg:3"));
    let same = loaded("snapCount=500", &["zookeeper.snapCount=500"], &[]);
    assert!(same.warnings.is_empty(), "{}", said(&same));
}

#[test]
fn properties_by_rising_precedence() {
    let env =
        [("SERVER_JVMFLAGS", "-Dzookeeper.maxCnxns=1"), ("JVMFLAGS", "-Dzookeeper.maxCnxns=2")];
    assert_eq!(loaded("", &[], &env).config.limits.max_cnxns, 2);
    let got = loaded("", &["zookeeper.maxCnxns=3"], &env);
    assert_eq!(got.config.limits.max_cnxns, 3);
    assert_eq!(got.settings.get("maxCnxns").map(|s| &s.origin), Some(&Origin::CommandLine));
}

#[test]
fn parsed_keys_are_taken_from_the_file_alone() {
    let got = loaded("", &["zookeeper.tickTime=77", "tickTime=78"], &[]);
    assert_eq!(got.config.ticks.tick_time_ms, 3000);
    let text = said(&got);
    assert!(text.contains("-Dzookeeper.tickTime has no effect; write tickTime=... into zoo.cfg"));
    assert!(text.contains("-DtickTime has no effect"), "{text}");
}

#[test]
fn keys_without_prefix_do_nothing_in_the_file() {
    let got = loaded("jute.maxbuffer=4194304\nreadonlymode.enabled=true", &[], &[]);
    assert_eq!(got.config.limits.jute_max_buffer, 1_048_575);
    assert!(!got.config.features.read_only_mode);
    assert!(said(&got).contains("zoo.cfg:3: jute.maxbuffer has no effect in zoo.cfg; give it"));
    let prefixed = loaded("", &["zookeeper.jute.maxbuffer=5"], &[]);
    assert_eq!(prefixed.config.limits.jute_max_buffer, 1_048_575);
    assert!(said(&prefixed).contains("give -Djute.maxbuffer=... to the server"));
    let bare = loaded("", &["jute.maxbuffer=4194304", "readonlymode.enabled=true"], &[]);
    assert_eq!(bare.config.limits.jute_max_buffer, 4_194_304);
    assert!(bare.config.whitelist.allows("isro"));
}

#[test]
fn the_prefix_in_the_file_is_a_mistake_with_a_remedy() {
    let got = loaded("zookeeper.snapCount=7\nzookeeper.foo=1", &[], &[]);
    assert_eq!(got.config.storage.snap_count, 100_000);
    let text = said(&got);
    assert!(text.contains("zoo.cfg:3: zookeeper.snapCount has no effect"), "{text}");
    assert!(text.contains("write snapCount=... into zoo.cfg"), "{text}");
    assert!(text.contains("unknown setting zookeeper.foo"), "{text}");
}

#[test]
fn some_properties_work_with_and_without_prefix() {
    let bare = loaded("", &["fsync.warningthresholdms=20"], &[]);
    assert_eq!(bare.config.storage.fsync_warning_ms, 20);
    let both =
        loaded("", &["fsync.warningthresholdms=20", "zookeeper.fsync.warningthresholdms=30"], &[]);
    assert_eq!(both.config.storage.fsync_warning_ms, 30);
    let file = loaded("fsync.warningthresholdms=40", &["fsync.warningthresholdms=20"], &[]);
    assert_eq!(file.config.storage.fsync_warning_ms, 40);
}

#[test]
fn headings_of_the_guide_are_taken_and_told() {
    let got = loaded(
        "requestThrottleLimit=9\nzookeeper.connection_throttle_weight_enabled=true",
        &[],
        &[],
    );
    assert_eq!(got.config.throttle.request.as_ref().map(|t| t.max_requests), Some(9));
    assert!(got.settings.get("connection_throttle_weight_enabled").is_some());
    assert!(said(&got).contains("taken as request_throttle_max_requests"));
    let real = loaded("requestThrottleLimit=9\nrequest_throttle_max_requests=5", &[], &[]);
    assert_eq!(real.config.throttle.request.map(|t| t.max_requests), Some(5));
    let bad = loaded("requestThrottleLimit=many", &[], &[]);
    assert_eq!(bad.config.throttle.request, None);
}

#[test]
fn the_last_of_two_lines_counts() {
    let got = loaded("tickTime=1000\ntickTime=1500", &[], &[]);
    assert_eq!(got.config.ticks.tick_time_ms, 1500);
    assert!(said(&got).contains("zoo.cfg:3: tickTime is given again at /conf/zoo.cfg:4"));
}

#[test]
fn bad_property_values_fall_back_as_in_java_and_are_told() {
    let got = loaded("snapCount=lots\nenforceQuota=yes\nforceSync=false\nskipACL=true", &[], &[]);
    assert_eq!(got.config.storage.snap_count, 100_000);
    assert!(!got.config.features.enforce_quota);
    assert!(got.config.storage.force_sync && !got.config.auth.skip_acl);
    let text = said(&got);
    assert!(text.contains("snapCount=lots: expected a whole number of 32 bits; is passed over"));
    assert!(text.contains("enforceQuota=yes: expected true or false; counts as false"));
    assert!(text.contains("forceSync=false: expected yes or no; counts as yes"), "{text}");
    assert!(text.contains("skipACL=true: expected yes or no; counts as no"), "{text}");
    let off = loaded("digest.enabled=off", &[], &[]);
    assert!(!off.config.storage.digest_enabled, "not true is false, whatever the default");
}

#[test]
fn unknown_settings_are_told_with_a_guess() {
    let got = loaded("maxClientCnxn=5\nfoo.bar=1", &["zookeeper.snapcount=5", "my.app=1"], &[]);
    let text = said(&got);
    assert!(text.contains("unknown setting maxClientCnxn"), "{text}");
    assert!(text.contains("did you mean maxClientCnxns?"), "{text}");
    assert!(text.contains("become the property zookeeper.foo.bar)"), "{text}");
    assert!(text.contains("did you mean snapCount?"), "{text}");
    assert!(text.contains("-Dmy.app is no setting of ZooKeeper's"), "{text}");
}

#[test]
fn an_override_by_property_where_apache_reads_both() {
    let files = MemoryFiles::default().with("/conf/zoo.cfg", &format!("{BASE}syncEnabled=true\n"));
    let got = load_with(&files, &["zookeeper.observer.syncEnabled=false"], &[]).expect("good");
    assert!(!got.config.quorum.sync_enabled);
    let multi = loaded("", &["zookeeper.multiAddress.enabled=true"], &[]);
    assert!(multi.config.quorum.multi_address.enabled);
    assert!(load_text(&format!("{BASE}multiAddress.enabled=1\n")).is_err());
}
