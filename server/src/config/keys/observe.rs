//! Settings of four-letter words, AdminServer, metrics, audit and logging, and those that are not
//! the server's. Only rows of the table.

use super::{Concern, JVM, Key, Kind, OBEYED, Reason, Status, Status::NotYet, file, prop};

const METRICS: Status = NotYet(Concern::Metrics);
const HTTP: Status = NotYet(Concern::Admin);
const CLIENT: Status = Status::Ignored(Reason::Client);
const LOGGING: Status = Status::Ignored(Reason::Logging);

/// Four-letter words, metrics, audit, pause detector.
pub(super) const KEYS: &[Key] = &[
    prop("4lw.commands.whitelist", Kind::Text, "srvr", OBEYED),
    file("metricsProvider.className", Kind::Text, "", METRICS),
    file("metricsProvider.httpHost", Kind::Text, "0.0.0.0", METRICS),
    file("metricsProvider.httpPort", Kind::Port, "7000", METRICS),
    file("metricsProvider.exportJvmInfo", Kind::Bool, "true", METRICS),
    file("metricsProvider.numWorkerThreads", Kind::Int(i32::MIN), "1", JVM),
    file("metricsProvider.maxQueueSize", Kind::Int(i32::MIN), "1000000", JVM),
    file("metricsProvider.workerShutdownTimeoutMs", Kind::Long(i64::MIN), "1000", JVM),
    file("metricsProvider.", Kind::Text, "", METRICS).as_family(),
    prop("pathStats.enabled", Kind::Bool, "false", METRICS),
    prop("pathStats.slotCapacity", Kind::Int(i32::MIN), "60", METRICS),
    prop("pathStats.slotDuration", Kind::Int(i32::MIN), "15", METRICS),
    prop("pathStats.maxDepth", Kind::Int(i32::MIN), "6", METRICS),
    prop("pathStats.sampleRate", Kind::Real, "0.1", METRICS),
    prop("pathStats.topPathMax", Kind::Int(i32::MIN), "20", METRICS),
    prop("pathStats.initialDelay", Kind::Int(i32::MIN), "5", METRICS),
    prop("pathStats.delay", Kind::Int(i32::MIN), "5", METRICS),
    prop("audit.enable", Kind::Bool, "false", NotYet(Concern::Audit)),
    prop("audit.impl.class", Kind::Text, "", NotYet(Concern::Audit)),
    file("jvm.pause.monitor", Kind::Bool, "false", JVM),
    file("jvm.pause.warn-threshold.ms", Kind::Long(i64::MIN), "10000", JVM),
    file("jvm.pause.info-threshold.ms", Kind::Long(i64::MIN), "1000", JVM),
    file("jvm.pause.sleep.time.ms", Kind::Long(i64::MIN), "500", JVM),
    prop("jmx.log4j.disable", Kind::Bool, "false", JVM),
    prop("jmx.log4j.mbean", Kind::Text, "", JVM),
];

/// The HTTP AdminServer.
pub(super) const ADMIN: &[Key] = &[
    prop("admin.enableServer", Kind::Bool, "true", HTTP),
    prop("admin.serverAddress", Kind::Text, "0.0.0.0", HTTP),
    prop("admin.serverPort", Kind::Port, "8080", HTTP),
    prop("admin.commandURL", Kind::Text, "/commands", HTTP),
    prop("admin.idleTimeout", Kind::Int(i32::MIN), "30000", HTTP),
    prop("admin.httpVersion", Kind::Int(i32::MIN), "11", JVM),
    prop("admin.portUnification", Kind::Bool, "false", HTTP),
    prop("admin.forceHttps", Kind::Bool, "false", HTTP),
    prop("admin.needClientAuth", Kind::Bool, "false", HTTP),
    prop("admin.rateLimiterIntervalInMS", Kind::Long(0), "300000", HTTP),
    prop("admin.snapshot.enabled", Kind::Bool, "true", HTTP),
    prop("admin.restore.enabled", Kind::Bool, "true", HTTP),
];

/// What scripts and client set-ups carry along: known, and not for a server.
pub(super) const NOT_SERVER: &[Key] = &[
    prop("log.dir", Kind::Text, "", LOGGING),
    prop("log.file", Kind::Text, "", LOGGING),
    prop("log.threshold", Kind::Text, "", LOGGING),
    prop("log.maxfilesize", Kind::Text, "", LOGGING),
    prop("log.maxbackupindex", Kind::Text, "", LOGGING),
    prop("root.logger", Kind::Text, "", LOGGING),
    prop("console.threshold", Kind::Text, "", LOGGING),
    prop("tracelog.dir", Kind::Text, "", LOGGING),
    prop("tracelog.file", Kind::Text, "", LOGGING),
    prop("auditlog.file", Kind::Text, "", LOGGING),
    prop("auditlog.threshold", Kind::Text, "", LOGGING),
    prop("client.secure", Kind::Bool, "false", CLIENT),
    prop("clientCnxnSocket", Kind::Text, "", CLIENT),
    prop("sasl.client", Kind::Bool, "true", CLIENT),
    prop("sasl.clientconfig", Kind::Text, "Client", CLIENT),
    prop("sasl.client.username", Kind::Text, "zookeeper", CLIENT),
    prop("sasl.client.canonicalize.hostname", Kind::Bool, "true", CLIENT),
    prop("server.principal", Kind::Text, "", CLIENT),
    prop("server.realm", Kind::Text, "", CLIENT),
    prop("request.timeout", Kind::Long(i64::MIN), "0", CLIENT),
    prop("disableAutoWatchReset", Kind::Bool, "false", CLIENT),
];
