//! Settings of the client side: addresses, directories, ticks, sessions, limits, throttles.
//! Only rows of the table; nothing reads a value here.

use super::{Concern::Tls, Status::NotYet};
use super::{ENSEMBLE, JVM, Key, Kind, OBEYED, bare, file, heading, prop};

/// The basic settings of `zoo.cfg`.
pub(super) const KEYS: &[Key] = &[
    file("clientPort", Kind::Port, "", OBEYED),
    file("clientPortAddress", Kind::Text, "", OBEYED),
    file("clientPortListenBacklog", Kind::Int(i32::MIN), "-1", OBEYED),
    file("secureClientPort", Kind::Port, "", NotYet(Tls)),
    file("secureClientPortAddress", Kind::Text, "", NotYet(Tls)),
    file("dataDir", Kind::Text, "", OBEYED),
    file("dataLogDir", Kind::Text, "", OBEYED),
    file("tickTime", Kind::Int(1), "3000", OBEYED),
    file("minSessionTimeout", Kind::Int(-1), "-1", OBEYED),
    file("maxSessionTimeout", Kind::Int(-1), "-1", OBEYED),
    file("maxClientCnxns", Kind::Int(i32::MIN), "60", OBEYED),
    file("localSessionsEnabled", Kind::Bool, "false", super::ENSEMBLE),
    file("localSessionsUpgradingEnabled", Kind::Bool, "false", super::ENSEMBLE),
];

/// Limits on connections and requests, and what the Java server's sockets and caches are tuned by.
pub(super) const LIMITS: &[Key] = &[
    bare("jute.maxbuffer", Kind::Int(1), "1048575", OBEYED),
    prop("jute.maxbuffer.extrasize", Kind::Int(0), "", super::NOT_NEEDED),
    prop("maxCnxns", Kind::Int(0), "0", OBEYED),
    prop("globalOutstandingLimit", Kind::Int(1), "1000", OBEYED),
    prop("largeRequestMaxBytes", Kind::Int(1), "104857600", OBEYED),
    prop("largeRequestThreshold", Kind::Int(-1), "-1", OBEYED),
    prop("nio.sessionlessCnxnTimeout", Kind::Int(1), "10000", OBEYED),
    prop("clientTcpKeepAlive", Kind::Bool, "false", OBEYED),
    prop("enforceQuota", Kind::Bool, "false", OBEYED),
    prop("maxResponseCacheSize", Kind::Int(i32::MIN), "400", JVM),
    prop("maxGetChildrenResponseCacheSize", Kind::Int(i32::MIN), "400", JVM),
    prop("nio.numSelectorThreads", Kind::Int(i32::MIN), "", JVM),
    prop("nio.numWorkerThreads", Kind::Int(i32::MIN), "", JVM),
    prop("nio.directBufferBytes", Kind::Int(i32::MIN), "65536", JVM),
    prop("nio.shutdownTimeout", Kind::Int(i32::MIN), "5000", JVM),
    prop("serverCnxnFactory", Kind::Text, "", JVM),
    prop("netty.advancedFlowControl.enabled", Kind::Bool, "false", JVM),
    prop("netty.server.outstandingHandshake.limit", Kind::Int(-1), "-1", NotYet(Tls)),
    prop("netty.server.earlyDropSecureConnectionHandshakes", Kind::Bool, "false", NotYet(Tls)),
    prop("intBufferStartingSizeBytes", Kind::Int(i32::MIN), "1024", JVM),
    prop("watchManagerName", Kind::Text, "", JVM),
    prop("watcherCleanThreadsNum", Kind::Int(i32::MIN), "2", JVM),
    prop("watcherCleanThreshold", Kind::Int(i32::MIN), "1000", JVM),
    prop("watcherCleanIntervalInSeconds", Kind::Int(i32::MIN), "600", JVM),
    prop("maxInProcessingDeadWatchers", Kind::Int(i32::MIN), "-1", JVM),
    prop("bitHashCacheSize", Kind::Int(i32::MIN), "10", JVM),
];

/// Connection and request throttles under the names that Apache reads.
pub(super) const THROTTLE: &[Key] = &[
    prop("connection_throttle_tokens", Kind::Int(0), "0", OBEYED),
    prop("connection_throttle_fill_time", Kind::Int(1), "1", OBEYED),
    prop("connection_throttle_fill_count", Kind::Int(1), "1", OBEYED),
    prop("connection_throttle_freeze_time", Kind::Int(-1), "-1", OBEYED),
    prop("connection_throttle_drop_increase", Kind::Real, "0.02", OBEYED),
    prop("connection_throttle_drop_decrease", Kind::Real, "0.002", OBEYED),
    prop("connection_throttle_decrease_ratio", Kind::Real, "0", OBEYED),
    prop("connection_throttle_weight_enabled", Kind::Bool, "false", OBEYED),
    prop("connection_throttle_global_session_weight", Kind::Int(1), "3", OBEYED),
    prop("connection_throttle_local_session_weight", Kind::Int(1), "1", OBEYED),
    prop("connection_throttle_renew_session_weight", Kind::Int(1), "2", OBEYED),
    prop("request_throttle_max_requests", Kind::Int(0), "0", OBEYED),
    prop("request_throttle_stall_time", Kind::Int(1), "100", OBEYED),
    prop("request_throttle_drop_stale", Kind::Bool, "true", OBEYED),
    prop("request_stale_latency_check", Kind::Bool, "false", OBEYED),
    prop("request_stale_connection_check", Kind::Bool, "true", OBEYED),
    prop("request_throttler.shutdownTimeout", Kind::Int(0), "10000", super::NOT_NEEDED),
    prop("throttled_op_wait_time", Kind::Int(0), "0", OBEYED),
    prop("leader.maxConcurrentSnapSyncs", Kind::Int(i32::MIN), "10", ENSEMBLE),
    prop("leader.maxConcurrentDiffSyncs", Kind::Int(i32::MIN), "100", ENSEMBLE),
    prop("leader.maxTimeToWaitForEpoch", Kind::Int(i32::MIN), "-1", ENSEMBLE),
];

/// Headings of the administrator's guide that Apache does not read as they stand.
pub(super) const HEADINGS: &[Key] = &[
    heading("connectionMaxTokens", "connection_throttle_tokens"),
    heading("connectionTokenFillTime", "connection_throttle_fill_time"),
    heading("connectionTokenFillCount", "connection_throttle_fill_count"),
    heading("connectionFreezeTime", "connection_throttle_freeze_time"),
    heading("connectionDropIncrease", "connection_throttle_drop_increase"),
    heading("connectionDropDecrease", "connection_throttle_drop_decrease"),
    heading("connectionDecreaseRatio", "connection_throttle_decrease_ratio"),
    heading("zookeeper.connection_throttle_weight_enabled", "connection_throttle_weight_enabled"),
    heading(
        "zookeeper.connection_throttle_global_session_weight",
        "connection_throttle_global_session_weight",
    ),
    heading(
        "zookeeper.connection_throttle_local_session_weight",
        "connection_throttle_local_session_weight",
    ),
    heading(
        "zookeeper.connection_throttle_renew_session_weight",
        "connection_throttle_renew_session_weight",
    ),
    heading("requestThrottleLimit", "request_throttle_max_requests"),
    heading("requestThrottleStallTime", "request_throttle_stall_time"),
    heading("requestThrottleDropStale", "request_throttle_drop_stale"),
    heading("requestStaleLatencyCheck", "request_stale_latency_check"),
    heading("requestStaleConnectionCheck", "request_stale_connection_check"),
    heading("throttledOpWaitTime", "throttled_op_wait_time"),
    heading("maxConcurrentSnapSyncs", "leader.maxConcurrentSnapSyncs"),
    heading("maxConcurrentDiffSyncs", "leader.maxConcurrentDiffSyncs"),
    heading("maxTimeToWaitForEpoch", "leader.maxTimeToWaitForEpoch"),
    heading("advancedFlowControlEnabled", "netty.advancedFlowControl.enabled"),
    heading("outstandingHandshake.limit", "netty.server.outstandingHandshake.limit"),
];
