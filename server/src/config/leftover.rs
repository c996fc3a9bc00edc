//! The one warning about settings without effect, by reason, and the one about JVM flags.

use std::collections::BTreeMap;

use super::findings::{Findings, Warning};
use super::flags::JvmFlag;
use super::keys::{self, Concern, Key, Kind, Reason, Status};
use super::model::Mode;
use super::settings::{Setting, Settings};

/// Tells of everything that was understood and does nothing.
pub(super) fn tell(settings: &Settings, jvm: &[JvmFlag], mode: Mode, findings: &mut Findings) {
    let mut groups: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
    let mut ensemble_only = Vec::new();
    for (name, setting) in settings.iter() {
        let Some(key) = keys::find(name) else {
            continue;
        };
        match reason(key, setting) {
            Some(Without::Later(Concern::Ensemble)) if mode == Mode::Standalone => {
                ensemble_only.push(placed(name, setting));
            }
            Some(without) => groups.entry(without.label()).or_default().push(placed(name, setting)),
            None => {}
        }
    }
    if !groups.is_empty() {
        let listed: Vec<String> =
            groups.iter().map(|(label, names)| format!("{label}: {}", names.join(", "))).collect();
        let text = format!("settings without effect: {}", listed.join("; "));
        findings.warnings.push(Warning::new(text));
    }
    if !ensemble_only.is_empty() {
        let listed = ensemble_only.join(", ");
        let text = format!("settings of an ensemble, not used by a standalone server: {listed}");
        findings.warnings.push(Warning::new(text).as_notice());
    }
    tell_jvm(jvm, findings);
}

enum Without {
    Later(Concern),
    Never(Reason),
}

impl Without {
    fn label(&self) -> &'static str {
        match self {
            Without::Later(Concern::Ensemble) => "not yet (ensembles)",
            Without::Later(Concern::Tls) => "not yet (TLS)",
            Without::Later(Concern::Sasl) => "not yet (SASL and Kerberos)",
            Without::Later(Concern::Admin) => "not yet (AdminServer)",
            Without::Later(Concern::Metrics) => "not yet (metrics providers and path statistics)",
            Without::Later(Concern::Audit) => "not yet (audit log)",
            Without::Later(Concern::Providers) => "not yet (further authentication providers)",
            Without::Never(Reason::Jvm) => "only for the Java server's JVM, threads and caches",
            Without::Never(Reason::Client) => "only for clients",
            Without::Never(Reason::Logging) => "only for Java logging",
            Without::Never(Reason::Test) => "only for tests of the Java server",
            Without::Never(Reason::NotNeeded) => {
                "not needed: this server groups its syncs by what has come, reads back whatever it wrote, and drains at once"
            }
        }
    }
}

/// Nothing is missing where a switch of something absent says false.
fn reason(key: &Key, setting: &Setting) -> Option<Without> {
    let off = key.kind == Kind::Bool && setting.value.eq_ignore_ascii_case("false");
    match key.status {
        Status::NotYet(concern) if !off => Some(Without::Later(concern)),
        Status::Ignored(reason) => Some(Without::Never(reason)),
        _ => None,
    }
}

fn placed(name: &str, setting: &Setting) -> String {
    format!("{name} ({})", setting.origin)
}

fn tell_jvm(jvm: &[JvmFlag], findings: &mut Findings) {
    if jvm.is_empty() {
        return;
    }
    let listed: Vec<String> =
        jvm.iter().map(|flag| format!("{} ({})", flag.text, flag.origin)).collect();
    let text = format!(
        "there is no JVM here: heap sizes and other JVM flags have no effect: {}",
        listed.join(", ")
    );
    findings.warnings.push(Warning::new(text));
}
