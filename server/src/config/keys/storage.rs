//! Settings of logs, snapshots, retention and node kinds. Only rows of the table.

use super::{
    ENSEMBLE, Key, Kind, NOT_NEEDED, OBEYED, Reason::Test, Status::Ignored, bare, both, file, prop,
};

/// Storage, snapshots, retention, TTL and container nodes.
pub(super) const KEYS: &[Key] = &[
    file("autopurge.snapRetainCount", Kind::Int(i32::MIN), "3", OBEYED),
    file("autopurge.purgeInterval", Kind::Int(i32::MIN), "0", OBEYED),
    prop("preAllocSize", Kind::Long(i64::MIN), "65536", OBEYED),
    prop("snapCount", Kind::Int(i32::MIN), "100000", OBEYED),
    prop("snapSizeLimitInKb", Kind::Long(i64::MIN), "4194304", OBEYED),
    prop("txnLogSizeLimitInKb", Kind::Long(-1), "-1", OBEYED),
    prop("forceSync", Kind::YesNo, "yes", OBEYED),
    both("fsync.warningthresholdms", Kind::Long(0), "1000", OBEYED),
    prop("flushDelay", Kind::Long(0), "0", NOT_NEEDED),
    prop("maxWriteQueuePollTime", Kind::Long(0), "", NOT_NEEDED),
    prop("maxBatchSize", Kind::Int(1), "1000", NOT_NEEDED),
    prop("snapshot.compression.method", Kind::Choice(&["gz", "snappy", ""]), "", OBEYED),
    prop("snapshot.trust.empty", Kind::Bool, "false", OBEYED),
    prop("serializeLastProcessedZxid.enabled", Kind::Bool, "true", OBEYED),
    prop("digest.enabled", Kind::Bool, "true", OBEYED),
    prop("closeSessionTxn.enabled", Kind::Bool, "true", OBEYED),
    prop("datadir.autocreate", Kind::Bool, "true", OBEYED),
    prop("db.autocreate", Kind::Bool, "true", OBEYED),
    prop("extendedTypesEnabled", Kind::Bool, "false", OBEYED),
    prop("emulate353TTLNodes", Kind::Bool, "false", OBEYED),
    bare("znode.container.checkIntervalMs", Kind::Long(1), "60000", OBEYED),
    bare("znode.container.maxPerMinute", Kind::Int(1), "10000", OBEYED),
    bare("znode.container.maxNeverUsedIntervalMs", Kind::Long(0), "0", OBEYED),
    prop("commitLogCount", Kind::Int(i32::MIN), "500", ENSEMBLE),
    prop("snapshotSizeFactor", Kind::Real, "0.33", ENSEMBLE),
    prop("forceSnapshotSync", Kind::Bool, "false", ENSEMBLE),
    prop("testingonly.initialZxid", Kind::Text, "", Ignored(Test)),
    prop("test.allowDiscontinuousProposals", Kind::Bool, "false", Ignored(Test)),
];
