//! Fills in what stands outside the main file or follows from it: members (static or dynamic
//! file), `myid`, this server's role and its client address.
//!
//! Whether the result can run is judged in `validate.rs`.

use std::net::IpAddr;
use std::path::Path;

use super::View;
use super::findings::{Findings, Origin};
use super::members::{ClientAddress, Member, Membership, Role};
use super::model::{Addresses, Mode, ServerConfig};
use super::resolve::Line;
use super::source::{FileSource, read_lines};

/// What a dynamic file may hold, by the beginnings of its keys.
const FAMILIES: [&str; 3] = ["server.", "group", "weight"];

/// Completes `config`.
pub(super) fn fill(
    config: &mut ServerConfig,
    view: &View<'_>,
    files: &dyn FileSource,
    findings: &mut Findings,
) {
    config.quorum.membership = match config.quorum.dynamic_config_file.clone() {
        Some(path) => {
            refuse_static_members(view, &path, findings);
            dynamic_members(&path, files, findings)
        }
        None => static_members(view, findings),
    };
    config.quorum.server_id = read_my_id(&config.dirs.data_dir, files, findings);
    take_client_address(config, view, findings);
    take_role(config, view, findings);
}

fn static_members(view: &View<'_>, findings: &mut Findings) -> Membership {
    let lines: Vec<Line> = FAMILIES
        .iter()
        .flat_map(|&family| {
            view.settings.family(family).map(move |(member, setting)| Line {
                key: format!("{family}{member}"),
                setting: setting.clone(),
            })
        })
        .collect();
    parse_members(&lines, findings)
}

fn parse_members(lines: &[Line], findings: &mut Findings) -> Membership {
    Membership::parse(lines.iter().map(|line| (line.key.as_str(), &line.setting)), findings)
}

fn refuse_static_members(view: &View<'_>, dynamic: &Path, findings: &mut Findings) {
    for family in FAMILIES {
        for (member, setting) in view.settings.family(family) {
            let text = format!("{family}{member} must stand in {}", dynamic.display());
            findings.problem(&setting.origin, text);
        }
    }
}

fn dynamic_members(path: &Path, files: &dyn FileSource, findings: &mut Findings) -> Membership {
    let lines = read_lines(path, files, findings).unwrap_or_default();
    for line in &lines {
        let at = &line.setting.origin;
        if line.key == "version" {
            findings.problem(at, "version does not belong into the file: it is part of its name");
        } else if !FAMILIES.iter().any(|family| line.key.starts_with(family)) {
            let text = format!("{}: expected only server, group and weight lines here", line.key);
            findings.problem(at, text);
        }
    }
    parse_members(&lines, findings)
}

/// The number in `dataDir/myid`, when there is such a file.
fn read_my_id(data_dir: &Path, files: &dyn FileSource, findings: &mut Findings) -> Option<i64> {
    let path = data_dir.join("myid");
    if data_dir.as_os_str().is_empty() || !files.is_file(&path) {
        return None;
    }
    let origin = Origin::line(&path, 1);
    match files.read(&path) {
        Ok(bytes) => {
            let text = String::from_utf8_lossy(&bytes);
            let first = text.lines().next().unwrap_or("").trim();
            let id = first.parse().ok().filter(|&id: &i64| id >= 0);
            if id.is_none() {
                let text = format!("'{first}': expected this server's id, one whole number");
                findings.problem(&origin, text);
            }
            id
        }
        Err(error) => {
            findings.problem(&origin, format!("cannot read the file: {error}"));
            None
        }
    }
}

/// This server's own line: that of `myid`; for a lone server without a fitting `myid`, the only one.
fn own_line(config: &ServerConfig) -> Option<(i64, &Member)> {
    let members = &config.quorum.membership.members;
    let by_id = config.quorum.server_id.and_then(|id| members.get_key_value(&id));
    let alone = config.mode() == Mode::Standalone && members.len() == 1;
    let only = members.first_key_value().filter(|_| alone);
    by_id.or(only).map(|(&id, member)| (id, member))
}

fn take_client_address(config: &mut ServerConfig, view: &View<'_>, findings: &mut Findings) {
    let own = own_line(config).and_then(|(id, member)| Some((id, member.client.clone()?)));
    let Some((id, client)) = own else { return };
    if contradicts(&config.addresses, &client) {
        let text = format!(
            "the client address of server.{id} (port {}) is not that of clientPort and \
             clientPortAddress; let them agree, or leave out clientPort",
            client.port
        );
        findings.problem(&view.origin("clientPort"), text);
    }
    config.addresses.client_port = Some(client.port);
    config.addresses.client_port_address = client.host;
}

/// Names are not resolved here, so two different names contradict nothing; addresses do.
fn contradicts(fixed: &Addresses, line: &ClientAddress) -> bool {
    let Some(port) = fixed.client_port else {
        return false;
    };
    let address = |host: &Option<String>| host.as_deref().and_then(|h| h.parse::<IpAddr>().ok());
    let host_differs = match (address(&fixed.client_port_address), address(&line.host)) {
        (Some(fixed), Some(line)) => !fixed.is_unspecified() && fixed != line,
        _ => false,
    };
    port != line.port || host_differs
}

/// The server line's role wins over `peerType`.
fn take_role(config: &mut ServerConfig, view: &View<'_>, findings: &mut Findings) {
    let own = config.quorum.server_id.and_then(|id| config.quorum.membership.members.get(&id));
    let listed = own.map_or(Role::Participant, |member| member.role);
    let stated = config.quorum.peer_type;
    if listed != stated && !config.quorum.membership.members.is_empty() {
        let text =
            format!("peerType={stated}, but by its server line this is a {listed}; that counts");
        findings.warn(&view.origin("peerType"), text);
        config.quorum.peer_type = listed;
    }
}
