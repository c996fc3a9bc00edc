//! What may stand together: Apache's start-up checks, plus a sentence where a value was bent.
//!
//! Single values have been checked against their kinds before; nothing is changed here.

use super::View;
use super::findings::{Findings, Origin, Warning};
use super::model::{DigestAlg, Mode, ServerConfig};

const AUTH_PACKAGE: &str = "org.apache.zookeeper.server.auth.";

/// Metrics providers of the reference.
const METRICS_PROVIDERS: [&str; 3] =
    ["NullMetricsProvider", "DefaultMetricsProvider", "PrometheusMetricsProvider"];

/// All checks, in the order in which an operator reads a file.
pub(super) fn check(config: &ServerConfig, view: &View<'_>, findings: &mut Findings) {
    check_dirs(config, view, findings);
    check_addresses(config, view, findings);
    check_ticks(config, view, findings);
    check_bent(config, view, findings);
    check_digest(view, findings);
    check_providers(view, findings);
    check_enforced(config, view, findings);
    check_whitelist(config, view, findings);
    check_metrics(view, findings);
    check_quorum_sasl(view, findings);
    check_roles(config, view, findings);
    match config.mode() {
        Mode::Standalone => note_single_line(config, view, findings),
        Mode::Quorum => check_quorum(config, view, findings),
    }
}

fn check_dirs(config: &ServerConfig, view: &View<'_>, findings: &mut Findings) {
    let dir = &config.dirs.data_dir;
    if dir.as_os_str().is_empty() {
        let text = "dataDir is missing: expected dataDir=<directory for snapshots and logs>";
        findings.problem(&view.origin("dataDir"), text);
    }
}

fn check_addresses(config: &ServerConfig, view: &View<'_>, findings: &mut Findings) {
    let a = &config.addresses;
    if a.client_port.is_none() && a.client_port_address.is_some() {
        let text = "clientPortAddress is given, but clientPort is not";
        findings.problem(&view.origin("clientPortAddress"), text);
    } else if a.client_port.is_none() && a.secure_client_port.is_some() {
        let text = "secureClientPort needs TLS, which is not served yet: give a clientPort";
        findings.problem(&view.origin("secureClientPort"), text);
    } else if a.client_port.is_none() && !findings.blames("clientPort") {
        let text = "no client port: expected clientPort=<port>, or ;<port> at the end of this \
                    server's line";
        findings.problem(&view.origin("clientPort"), text);
    }
    if a.secure_client_port.is_none() && a.secure_client_port_address.is_some() {
        let text = "secureClientPortAddress is given, but secureClientPort is not";
        findings.problem(&view.origin("secureClientPortAddress"), text);
    }
}

fn check_ticks(config: &ServerConfig, view: &View<'_>, findings: &mut Findings) {
    let (min, max) = (config.ticks.min_session_timeout_ms, config.ticks.max_session_timeout_ms);
    if min > max {
        let name = if view.settings.get("minSessionTimeout").is_some() {
            "minSessionTimeout"
        } else {
            "maxSessionTimeout"
        };
        let text =
            format!("minSessionTimeout ({min} ms) must not be above maxSessionTimeout ({max} ms)");
        findings.problem(&view.origin(name), text);
    }
}

/// Values that Apache bends into range instead of refusing them.
fn check_bent(config: &ServerConfig, view: &View<'_>, findings: &mut Findings) {
    let storage = &config.storage;
    let bent = [
        ("autopurge.snapRetainCount", i64::from(storage.purge.retain)),
        ("snapCount", i64::from(storage.snap_count)),
        ("commitLogCount", i64::from(storage.commit_log_count)),
        ("maxClientCnxns", i64::from(config.limits.max_client_cnxns)),
    ];
    for (name, used) in bent {
        let given = view.settings.whole(name);
        if given != used {
            findings
                .warn(&view.origin(name), format!("{name}={given} is too small; {used} is used"));
        }
    }
    if config.features.emulate_353_ttl && !config.features.extended_types {
        let text = "emulate353TTLNodes has no effect without extendedTypesEnabled";
        findings.warn(&view.origin("emulate353TTLNodes"), text);
    }
}

fn check_digest(view: &View<'_>, findings: &mut Findings) {
    let name = "DigestAuthenticationProvider.digestAlg";
    let value = view.settings.text(name);
    if DigestAlg::named(value).is_none() {
        let text = format!("expected {}", DigestAlg::NAMES);
        findings.bad_value(&view.origin(name), (name, value), text);
    }
    let name = "DigestAuthenticationProvider.superDigest";
    let fits = |text: &str| text.split(':').count() == 2;
    if view.settings.some_text(name).is_some_and(|text| !fits(text)) {
        let text = format!("{name}: expected user:base64 (nobody can become super user by this)");
        findings.warn(&view.origin(name), text);
    }
}

/// Extra providers: digest and ip are here anyway.
fn check_providers(view: &View<'_>, findings: &mut Findings) {
    for (suffix, setting) in view.settings.family("authProvider.") {
        let class = setting.value.strip_prefix(AUTH_PACKAGE).unwrap_or(&setting.value);
        let text = match class {
            "DigestAuthenticationProvider" | "IPAuthenticationProvider" => continue,
            "SASLAuthenticationProvider" => "SASL is not served yet",
            "X509AuthenticationProvider" => "TLS client certificates are not served yet",
            "EnsembleAuthenticationProvider" | "KeyAuthenticationProvider" => "not served yet",
            _ => "unknown class: a Java class can't be loaded here",
        };
        findings.warn(&setting.origin, format!("authProvider.{suffix}={}: {text}", setting.value));
    }
}

/// Every enforced scheme needs somebody who can prove it.
fn check_enforced(config: &ServerConfig, view: &View<'_>, findings: &mut Findings) {
    let Some(schemes) = &config.auth.enforce_schemes else {
        return;
    };
    if schemes.is_empty() {
        let text = "enforce.auth.enabled is true, but enforce.auth.schemes names no scheme";
        findings.problem(&view.origin("enforce.auth.enabled"), text);
    }
    for scheme in schemes {
        let served = scheme == "ip" || (scheme == "digest" && config.auth.digest_enabled);
        if !served {
            let listed = view.settings.text("enforce.auth.schemes").contains(scheme.as_str());
            let name = if listed { "enforce.auth.schemes" } else { "sessionRequireClientSASLAuth" };
            let offered = if config.auth.digest_enabled { "ip and digest" } else { "ip" };
            let text = format!(
                "authentication by {scheme} is enforced, but only {offered} can be proved here: \
                 nobody could connect"
            );
            findings.problem(&view.origin(name), text);
        }
    }
}

fn check_whitelist(config: &ServerConfig, view: &View<'_>, findings: &mut Findings) {
    let unknown: Vec<&str> = config.whitelist.unknown_words().collect();
    if !unknown.is_empty() {
        let text = format!("no such four-letter words: {}", unknown.join(", "));
        findings.warn(&view.origin("4lw.commands.whitelist"), text);
    }
}

fn check_metrics(view: &View<'_>, findings: &mut Findings) {
    let name = "metricsProvider.className";
    let Some(class) = view.settings.some_text(name) else {
        return;
    };
    let short = class.rsplit('.').next().unwrap_or(class);
    if !METRICS_PROVIDERS.contains(&short) {
        let text = format!("{name}={class}: expected one of {}", METRICS_PROVIDERS.join(", "));
        findings.warn(&view.origin(name), text);
    }
}

fn check_quorum_sasl(view: &View<'_>, findings: &mut Findings) {
    let enable = "quorum.auth.enableSasl";
    let learner = "quorum.auth.learnerRequireSasl";
    let server = "quorum.auth.serverRequireSasl";
    for (needy, needed) in [(server, enable), (learner, enable), (server, learner)] {
        if view.settings.flag(needy) && !view.settings.flag(needed) {
            findings.problem(&view.origin(needy), format!("{needy}=true needs {needed}=true"));
        }
    }
}

/// Which mixes of voters and observers can exist at all.
fn check_roles(config: &ServerConfig, view: &View<'_>, findings: &mut Findings) {
    let q = &config.quorum;
    let origin = view.source.origin();
    q.membership.faults().into_iter().for_each(|fault| findings.problem(&origin, fault));
    let voters = q.membership.voters().count();
    let observers = q.membership.observers().count();
    if voters == 0 && !q.standalone_enabled {
        let text = "standaloneEnabled=false needs at least one server line of a participant";
        findings.problem(&view.origin("standaloneEnabled"), text);
    } else if observers > 0 && voters == 0 {
        findings.problem(&origin, "observers without a participant can't form an ensemble");
    } else if observers > 0 && voters == 1 && q.standalone_enabled {
        let text = "one participant with observers needs standaloneEnabled=false";
        findings.problem(&origin, text);
    }
    let several = q.membership.members.iter().filter(|(_, member)| member.addresses.len() > 1);
    for (id, _) in several.filter(|_| !q.multi_address.enabled) {
        let name = format!("server.{id}");
        let text = format!("{name} has several addresses, which needs multiAddress.enabled=true");
        findings.problem(&view.origin(&name), text);
    }
}

fn note_single_line(config: &ServerConfig, view: &View<'_>, findings: &mut Findings) {
    let Some((id, _)) = config.quorum.membership.members.first_key_value() else {
        return;
    };
    let text = format!("server.{id} is the only voter: this server runs standalone");
    findings.notice(&view.origin(&format!("server.{id}")), text);
}

fn check_quorum(config: &ServerConfig, view: &View<'_>, findings: &mut Findings) {
    let q = &config.quorum;
    for (name, ticks) in [("initLimit", q.init_limit), ("syncLimit", q.sync_limit)] {
        if ticks == 0 && !findings.blames(name) {
            let text = format!("{name} is missing: an ensemble needs {name}=<ticks>, 1 or more");
            findings.problem(&view.origin(name), text);
        }
    }
    check_own_id(config, view, findings);
    let voters = q.membership.voters().count();
    let warning = match voters {
        0..=2 => "no server may fail: a quorum needs at least 3 voters to outlive one".to_owned(),
        n if n % 2 == 0 => format!("{n} voters outlive no more failures than {}", n - 1),
        _ => return,
    };
    findings.warnings.push(Warning::new(warning).at(&view.source.origin()));
}

fn check_own_id(config: &ServerConfig, view: &View<'_>, findings: &mut Findings) {
    let path = config.dirs.data_dir.join("myid");
    let members = &config.quorum.membership.members;
    let limit = if config.features.emulate_353_ttl { 127 } else { 254 };
    match config.quorum.server_id {
        None if findings.problems.iter().any(|p| p.origin == Origin::line(&path, 1)) => {}
        None => {
            let text = format!("{} is missing: expected this server's id in it", path.display());
            findings.problem(&view.source.origin(), text);
        }
        Some(id) if !members.contains_key(&id) => {
            let text = format!("{} says {id}, but there is no server.{id} line", path.display());
            findings.problem(&view.source.origin(), text);
        }
        Some(id) if config.features.extended_types && id > limit => {
            let text = format!("TTL nodes need server ids up to {limit}; this server's is {id}");
            findings.problem(&view.origin("extendedTypesEnabled"), text);
        }
        Some(id) if !(1..=255).contains(&id) => {
            let text = format!("server id {id}: only ids from 1 to 255 keep session ids apart");
            findings.warn(&view.origin(&format!("server.{id}")), text);
        }
        Some(_) => {}
    }
}
