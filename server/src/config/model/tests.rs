//! Defaults are Apache's, and values arrive in their fields.

use super::*;
use crate::config::tests::load_text;

fn config(lines: &str) -> ServerConfig {
    load_text(&format!("dataDir=/d\nclientPort=1\n{lines}\n")).expect("accepted").config
}

#[test]
fn the_defaults_are_apaches() {
    let c = ServerConfig::default();
    assert_eq!(c.mode(), Mode::Standalone);
    assert_eq!(c.addresses.client_port, None);
    assert_eq!(c.addresses.backlog, None);
    assert!(c.dirs.autocreate);
    let ticks =
        Ticks { tick_time_ms: 3000, min_session_timeout_ms: 6000, max_session_timeout_ms: 60_000 };
    assert_eq!(c.ticks, ticks);
    assert_eq!(c.limits.max_client_cnxns, 60);
    assert_eq!(c.limits.max_cnxns, 0);
    assert_eq!(c.limits.jute_max_buffer, 1_048_575);
    assert_eq!(c.limits.jute_extra_size, 1_048_575);
    assert_eq!(c.limits.global_outstanding_limit, 1000);
    assert_eq!(c.limits.large_request_threshold, None);
    assert_eq!(c.limits.large_request_max_bytes, 100 << 20);
    assert_eq!(c.limits.sessionless_timeout_ms, 10_000);
    assert_eq!(c.throttle.connection, None);
    assert_eq!(c.throttle.request, None);
    assert_eq!(c.throttle.throttled_op_wait_time_ms, None);
    let s = &c.storage;
    assert_eq!((s.snap_count, s.snap_size_limit_kb), (100_000, Some(4_194_304)));
    assert_eq!((s.prealloc_kb, s.txn_log_size_limit_kb), (Some(65_536), None));
    assert!(s.force_sync && s.digest_enabled && s.serialize_last_zxid && s.db_autocreate);
    assert!(!s.trust_empty && !s.force_snapshot_sync);
    assert_eq!((s.fsync_warning_ms, s.flush_delay_ms, s.max_batch_size), (1000, 0, 1000));
    assert_eq!(s.max_write_queue_poll_ms, 0);
    assert_eq!((s.compression, s.commit_log_count), (Compression::None, 500));
    assert_eq!(s.purge, Purge { interval_hours: None, retain: 3 });
    assert_eq!(s.purge.interval(), None);
    assert!(c.auth.digest_enabled && !c.auth.skip_acl && c.auth.enforce_schemes.is_none());
    assert_eq!(c.auth.digest_alg, DigestAlg::Sha1);
    assert!(c.features.close_session_txn && !c.features.extended_types);
    assert_eq!(c.features.container_check_interval_ms, 60_000);
    assert_eq!(c.features.container_max_per_minute, 10_000);
    assert_eq!(c.features.container_never_used_interval_ms, None);
    assert_eq!(c.whitelist, Whitelist::new(None, false));
    assert!(c.quorum.standalone_enabled && c.quorum.leader_serves && c.quorum.sync_enabled);
    assert_eq!(c.quorum.election_alg, 3);
    assert_eq!(c.quorum.timings.max_notification_ms, 60_000);
}

#[test]
fn session_timeouts_follow_ticks_unless_given() {
    let c = config("tickTime=500\nminSessionTimeout=1234");
    assert_eq!(c.ticks.min_session_timeout_ms, 1234);
    assert_eq!(c.ticks.max_session_timeout_ms, 10_000);
    let c = config("tickTime=2147483647");
    assert_eq!(c.ticks.max_session_timeout_ms, 2_147_483_647);
}

#[test]
fn throttles_appear_when_they_have_tokens() {
    let c = config("connection_throttle_tokens=5\nconnection_throttle_weight_enabled=true");
    let throttle = c.throttle.connection.expect("on");
    assert_eq!((throttle.tokens, throttle.fill_time_ms, throttle.fill_count), (5, 1, 1));
    assert_eq!(throttle.weights, Some(SessionWeights { global: 3, local: 1, renew: 2 }));
    assert!((throttle.drop_increase - 0.02).abs() < 1e-9);
    let c = config("request_throttle_max_requests=7\nthrottled_op_wait_time=20");
    let request = c.throttle.request.expect("on");
    assert_eq!((request.max_requests, request.stall_time_ms), (7, 100));
    assert!(request.stale.drop && !request.stale.latency_check && request.stale.connection_check);
    assert_eq!(c.throttle.throttled_op_wait_time_ms, Some(20));
}

#[test]
fn storage_values_are_bent_as_apache_bends_them() {
    let lines = "snapCount=1\nautopurge.snapRetainCount=1\nautopurge.purgeInterval=24\n\
                 snapshot.compression.method=gz\nflushDelay=30\npreAllocSize=-1\n\
                 snapSizeLimitInKb=0\ntxnLogSizeLimitInKb=1024\ncommitLogCount=9\n\
                 snapshotSizeFactor=-1\nforceSync=no";
    let s = config(lines).storage;
    assert_eq!((s.snap_count, s.purge.retain, s.purge.interval_hours), (2, 3, Some(24)));
    assert_eq!(s.purge.interval(), Some(std::time::Duration::from_secs(86_400)));
    assert_eq!(s.compression, Compression::Gzip);
    assert_eq!((s.flush_delay_ms, s.max_write_queue_poll_ms), (30, 10));
    assert_eq!((s.prealloc_kb, s.snap_size_limit_kb), (None, None));
    assert_eq!((s.txn_log_size_limit_kb, s.commit_log_count), (Some(1024), 500));
    assert_eq!(s.snapshot_size_factor, None);
    assert!(!s.force_sync);
}

#[test]
fn small_values_that_are_bent_are_told() {
    let text = "dataDir=/d\nclientPort=1\nautopurge.snapRetainCount=1\nmaxClientCnxns=-4\n";
    let loaded = load_text(text).expect("accepted");
    let said: Vec<String> = loaded.warnings.iter().map(ToString::to_string).collect();
    assert!(said[0].contains("zoo.cfg:3: autopurge.snapRetainCount=1 is too small; 3 is used"));
    assert!(said[1].contains("maxClientCnxns=-4"), "{said:?}");
    assert_eq!(loaded.config.limits.max_client_cnxns, 0);
}

#[test]
fn auth_values_arrive_and_secrets_do_not_leak() {
    let lines = "DigestAuthenticationProvider.superDigest=super:D/InIHSb7yEEbrWz8b9l71RjZJU=\n\
                 DigestAuthenticationProvider.digestAlg=SHA3-512\nskipACL=yes\n\
                 enforce.auth.enabled=true\nenforce.auth.schemes= digest , ip";
    let auth = config(lines).auth;
    assert_eq!(auth.super_digest.as_deref(), Some("super:D/InIHSb7yEEbrWz8b9l71RjZJU="));
    assert_eq!(auth.digest_alg, DigestAlg::Sha3_512);
    assert!(auth.skip_acl);
    let schemes: Vec<String> = auth.enforce_schemes.clone().into_iter().flatten().collect();
    assert_eq!(schemes, ["digest", "ip"]);
    assert!(!format!("{auth:?}").contains("InIHSb"));
}

#[test]
fn a_super_digest_without_a_user_is_told() {
    let text = "dataDir=/d\nclientPort=1\nDigestAuthenticationProvider.superDigest=secret\n";
    let loaded = load_text(text).expect("accepted");
    let said = loaded.warnings[0].to_string();
    assert!(said.contains("expected user:base64") && !said.contains("secret"), "{said}");
}

#[test]
fn feature_switches_arrive() {
    let lines = "extendedTypesEnabled=true\nemulate353TTLNodes=TRUE\nenforceQuota=true\n\
                 localSessionsEnabled=true\nlocalSessionsUpgradingEnabled=True\n\
                 closeSessionTxn.enabled=false\nreconfigEnabled=true\ndatadir.autocreate=false\n\
                 clientPortListenBacklog=128\nclientPortAddress=127.0.0.1";
    let c = config(lines);
    let f = &c.features;
    assert!(f.extended_types && f.emulate_353_ttl && f.enforce_quota && f.local_sessions);
    assert!(f.local_sessions_upgrading && !f.close_session_txn && f.reconfig_enabled);
    assert!(!c.dirs.autocreate);
    assert_eq!(c.addresses.backlog, Some(128));
    assert_eq!(c.addresses.client_port_address.as_deref(), Some("127.0.0.1"));
}
