//! Quotas: the texts of limits and usage, which quota a path falls under, and the usage that
//! every server keeps for itself. Refuses nothing: enforcing hard limits is `prepare`'s part.

use std::collections::BTreeSet;

use crate::arena::NodeId;
use crate::path;
use crate::tree::Tree;

/// Name of the node that holds a quota's limits.
pub const LIMITS: &str = "zookeeper_limits";
/// Name of the node that holds a quota's usage.
pub const STATS: &str = "zookeeper_stats";

/// Limits or usage. -1 is "no limit".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuotaText {
    /// Nodes (a soft limit in limits: only logged).
    pub count: i64,
    /// Bytes of data (a soft limit in limits).
    pub bytes: i64,
    /// Nodes, enforced.
    pub count_hard: i64,
    /// Bytes of data, enforced.
    pub bytes_hard: i64,
}

/// The text is not `key=number` pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("quota text is not a list of key=number pairs")]
pub struct QuotaTextError;

impl Default for QuotaText {
    fn default() -> Self {
        QuotaText { count: -1, bytes: -1, count_hard: -1, bytes_hard: -1 }
    }
}

impl QuotaText {
    /// Reads ZooKeeper's text; null and empty data set nothing. Unknown keys are passed over.
    ///
    /// # Errors
    /// [`QuotaTextError`] for anything but `key=number` pairs between runs of `,` and `;`.
    pub fn parse(data: Option<&[u8]>) -> Result<Self, QuotaTextError> {
        let text = std::str::from_utf8(data.unwrap_or_default()).map_err(|_| QuotaTextError)?;
        let mut quota = QuotaText::default();
        if text.starts_with([',', ';']) {
            return Err(QuotaTextError);
        }
        for pair in text.split([',', ';']).filter(|pair| !pair.is_empty()) {
            quota.set(pair)?;
        }
        Ok(quota)
    }

    fn set(&mut self, pair: &str) -> Result<(), QuotaTextError> {
        let (key, rest) = pair.split_once('=').ok_or(QuotaTextError)?;
        // What follows a second '=' is not looked at: "bytes=5=" is how hard limits are announced.
        let value = rest.split('=').next().unwrap_or_default();
        let value =
            if value.is_empty() { -1 } else { value.parse().map_err(|_| QuotaTextError)? };
        match key {
            "count" => self.count = value,
            "bytes" => self.bytes = value,
            "countHardLimit" => self.count_hard = value,
            "byteHardLimit" => self.bytes_hard = value,
            _ => {}
        }
        Ok(())
    }
}

impl std::fmt::Display for QuotaText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "count={},bytes={}", self.count, self.bytes)?;
        let hard = [("byteHardLimit", self.bytes_hard), ("countHardLimit", self.count_hard)];
        let mut lead = "=";
        for (key, value) in hard.into_iter().filter(|(_, value)| *value != -1) {
            write!(f, "{lead};{key}={value}")?;
            lead = "";
        }
        Ok(())
    }
}

/// The quota that a path falls under, as committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quota<'a> {
    /// The subtree that it limits.
    pub path: &'a str,
    /// Its limits; `None` if their node has gone.
    pub limits: Option<Result<QuotaText, QuotaTextError>>,
    /// Its usage (`count` and `bytes`); `None` if nobody made the node for it.
    pub usage: Option<Result<QuotaText, QuotaTextError>>,
}

/// Subtrees that have limits.
#[derive(Debug, Default)]
pub(crate) struct QuotaTable {
    pub(crate) paths: BTreeSet<Box<str>>,
}

impl QuotaTable {
    /// The deepest subtree with limits that holds `path`. The root can have none.
    fn deepest(&self, path: &str) -> Option<&str> {
        if self.paths.is_empty() {
            return None;
        }
        let mut prefix = path;
        while !prefix.is_empty() {
            if let Some(found) = self.paths.get(prefix) {
                return Some(found);
            }
            prefix = &prefix[..prefix.rfind('/')?];
        }
        None
    }
}

/// The subtree that `/zookeeper/quota<subtree>/<name>` speaks of.
fn subject<'a>(path: &'a str, name: &str) -> Option<&'a str> {
    let rest = path.strip_prefix(path::QUOTA)?.strip_suffix(name)?.strip_suffix('/')?;
    (rest.len() > 1 && rest.starts_with('/')).then_some(rest)
}

fn node_path(subtree: &str, name: &str) -> String {
    [path::QUOTA, subtree, "/", name].concat()
}

impl Tree {
    /// The quota that `path` falls under, if any: the deepest one.
    pub fn quota_of(&self, path: &str) -> Option<Quota<'_>> {
        let subtree = self.quotas.deepest(path)?;
        let text = |name| {
            let node = self.get(&node_path(subtree, name))?;
            Some(QuotaText::parse(node.data()))
        };
        Some(Quota { path: subtree, limits: text(LIMITS), usage: text(STATS) })
    }

    /// Subtrees that have limits, sorted.
    pub fn quota_paths(&self) -> impl Iterator<Item = &str> {
        self.quotas.paths.iter().map(|path| &**path)
    }

    pub(crate) fn after_creation(&mut self, path: &str, name: &str, node: NodeId) {
        if name == LIMITS
            && let Some(subtree) = subject(path, LIMITS)
        {
            self.quotas.paths.insert(subtree.into());
        }
        if name == STATS
            && let Some(subtree) = subject(path, STATS)
        {
            self.recount(subtree);
        }
        self.count_usage(path, self.nodes[node].data_len() as i64, 1);
    }

    pub(crate) fn after_deletion(&mut self, path: &str, bytes: i64) {
        if path.ends_with(LIMITS)
            && let Some(subtree) = subject(path, LIMITS)
        {
            self.quotas.paths.remove(subtree);
        }
        self.count_usage(path, -bytes, -1);
    }

    /// Adds to the usage of the quota that `path` falls under; the change itself has been made.
    pub(crate) fn count_usage(&mut self, path: &str, bytes: i64, count: i64) {
        if (bytes, count) == (0, 0) {
            return;
        }
        let Some(subtree) = self.quotas.deepest(path) else {
            return;
        };
        let stats = node_path(subtree, STATS);
        let Some(node) = self.find(&stats) else {
            return;
        };
        match QuotaText::parse(self.node(node).data()) {
            Ok(mut usage) => {
                usage.count = usage.count.saturating_add(count);
                usage.bytes = usage.bytes.saturating_add(bytes);
                self.write_data(node, &stats, Some(usage.to_string().as_bytes()));
            }
            Err(_) => {
                let subtree = subtree.to_owned();
                self.counters.quota_recounts += 1;
                self.recount(&subtree);
            }
        }
    }

    /// Writes the usage of a subtree as it is: itself and everything below.
    fn recount(&mut self, subtree: &str) {
        let stats = node_path(subtree, STATS);
        let Some(node) = self.find(&stats) else {
            return;
        };
        let (count, bytes) = self.find(subtree).map_or((0, 0), |top| self.usage_below(top));
        let usage = QuotaText { count, bytes, ..Default::default() };
        self.write_data(node, &stats, Some(usage.to_string().as_bytes()));
    }

    fn usage_below(&self, top: NodeId) -> (i64, i64) {
        let end = self.nodes.after_subtree(top);
        let nodes = std::iter::successors(Some(top), |id| self.nodes.after(*id));
        nodes.take_while(|id| *id == top || Some(*id) != end).fold((0, 0), |(count, bytes), id| {
            (count + 1, bytes + self.nodes[id].data_len() as i64)
        })
    }

    /// Finds all limits in a loaded tree and counts their usage.
    pub(crate) fn set_up_quotas(&mut self) {
        let Some(top) = self.find(path::QUOTA) else {
            return;
        };
        let end = self.nodes.after_subtree(top);
        let nodes = std::iter::successors(self.nodes.after(top), |id| self.nodes.after(*id));
        let limits = nodes
            .take_while(|id| Some(*id) != end)
            .filter(|id| self.nodes[*id].name_bytes() == LIMITS.as_bytes());
        let paths: Vec<String> = limits.map(|id| self.path_of(id)).collect();
        for subtree in paths.iter().filter_map(|path| subject(path, LIMITS)) {
            self.quotas.paths.insert(subtree.into());
            self.recount(subtree);
        }
    }
}

#[cfg(test)]
mod tests;
