//! Settings of an ensemble. Only rows of the table.

use super::{Concern::Sasl, Given, Key, Kind, OBEYED, Reason::Test, Status::Ignored};
use super::{ENSEMBLE, JVM, Status, Status::NotYet, bare, both, file, prop};

const SASL: Status = NotYet(Sasl);

/// What stands in `zoo.cfg` about members and their roles.
pub(super) const PARSED: &[Key] = &[
    file("server.", Kind::Text, "", OBEYED).as_family(),
    file("group", Kind::Text, "", OBEYED).as_family(),
    file("weight", Kind::Text, "", OBEYED).as_family(),
    file("dynamicConfigFile", Kind::Text, "", OBEYED),
    file("standaloneEnabled", Kind::Bool, "true", OBEYED),
    file("reconfigEnabled", Kind::Bool, "false", OBEYED),
    file("peerType", Kind::Choice(&["participant", "observer"]), "participant", ENSEMBLE),
    file("initLimit", Kind::Int(0), "0", ENSEMBLE),
    file("syncLimit", Kind::Int(0), "0", ENSEMBLE),
    file("connectToLearnerMasterLimit", Kind::Int(0), "0", ENSEMBLE),
    file("electionAlg", Kind::Choice(&["3"]), "3", ENSEMBLE),
    file("quorumListenOnAllIPs", Kind::Bool, "false", ENSEMBLE),
    file("observerMasterPort", Kind::Port, "", ENSEMBLE),
    file("syncEnabled", Kind::Bool, "true", ENSEMBLE),
    file("multiAddress.enabled", Kind::Bool, "false", ENSEMBLE).with_given(Given::FileOrProperty),
    file("multiAddress.reachabilityCheckTimeoutMs", Kind::Int(1), "1000", ENSEMBLE)
        .with_given(Given::FileOrProperty),
    file("multiAddress.reachabilityCheckEnabled", Kind::Bool, "true", ENSEMBLE)
        .with_given(Given::FileOrProperty),
    file("oraclePath", Kind::Text, "", ENSEMBLE),
    file("quorum.cnxn.threads.size", Kind::Int(i32::MIN), "20", JVM),
    file("quorum.auth.enableSasl", Kind::Bool, "false", SASL),
    file("quorum.auth.serverRequireSasl", Kind::Bool, "false", SASL),
    file("quorum.auth.learnerRequireSasl", Kind::Bool, "false", SASL),
    file("quorum.auth.learner.saslLoginContext", Kind::Text, "QuorumLearner", SASL),
    file("quorum.auth.server.saslLoginContext", Kind::Text, "QuorumServer", SASL),
    file("quorum.auth.kerberos.servicePrincipal", Kind::Text, "zkquorum/localhost", SASL),
];

/// System properties of election, leader and learners.
pub(super) const PROPERTIES: &[Key] = &[
    prop("observer.syncEnabled", Kind::Bool, "", ENSEMBLE),
    prop("leaderServes", Kind::YesNo, "yes", ENSEMBLE),
    prop("cnxTimeout", Kind::Int(1), "5000", ENSEMBLE),
    prop("quorumCnxnTimeoutMs", Kind::Int(-1), "-1", ENSEMBLE),
    prop("leaderConnectDelayDuringRetryMs", Kind::Int(0), "100", ENSEMBLE),
    prop("electionPortBindRetry", Kind::Int(0), "3", ENSEMBLE),
    prop("tcpKeepAlive", Kind::Bool, "false", ENSEMBLE),
    prop("fastleader.minNotificationInterval", Kind::Int(1), "200", ENSEMBLE),
    prop("fastleader.maxNotificationInterval", Kind::Int(1), "60000", ENSEMBLE),
    prop("observer.reconnectDelayMs", Kind::Long(0), "0", ENSEMBLE),
    prop("observer.election.DelayMs", Kind::Long(0), "200", ENSEMBLE),
    prop("observerMaster.sizeLimit", Kind::Int(0), "33554432", ENSEMBLE),
    both("learner.asyncSending", Kind::Bool, "false", ENSEMBLE),
    both("learner.closeSocketAsync", Kind::Bool, "false", JVM),
    both("leader.closeSocketAsync", Kind::Bool, "false", JVM),
    prop("forward_learner_requests_to_commit_processor_disabled", Kind::Bool, "false", ENSEMBLE),
    prop("follower.skipLearnerRequestToNextProcessor", Kind::Bool, "false", ENSEMBLE),
    prop("leader.ackLoggingFrequency", Kind::Int(i32::MIN), "1000", ENSEMBLE),
    bare("leader.nodelay", Kind::Bool, "true", ENSEMBLE),
    bare("follower.nodelay", Kind::Bool, "true", ENSEMBLE),
    bare("readonlymode.enabled", Kind::Bool, "false", ENSEMBLE),
    prop("commitProcessor.numWorkerThreads", Kind::Int(i32::MIN), "", JVM),
    prop("commitProcessor.maxReadBatchSize", Kind::Int(i32::MIN), "-1", JVM),
    prop("commitProcessor.maxCommitBatchSize", Kind::Int(i32::MIN), "1", JVM),
    prop("commitProcessor.shutdownTimeout", Kind::Long(i64::MIN), "5000", JVM),
    prop("messageTracker.Enabled", Kind::Bool, "false", ENSEMBLE),
    prop("messageTracker.BufferSize", Kind::Int(i32::MIN), "10", ENSEMBLE),
    prop("controllerPort", Kind::Port, "", Ignored(Test)),
];
