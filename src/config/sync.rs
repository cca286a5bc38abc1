//! The `sync` part of the config.

use std::time::Duration;

use super::{
    DeletePolicy, SyncPolicy,
    node::Node,
    read::{Reading, Section},
};

const KEYS: &[&str] = &["max_deletes", "max_delete_percent", "delete", "grace"];

impl Default for SyncPolicy {
    fn default() -> Self {
        Self { max_deletes: 10, max_delete_percent: 10, delete: DeletePolicy::Always, grace: Duration::from_secs(30) }
    }
}

/// Reads the part; what it does not say has its default.
pub(super) fn read(root: &Section, reading: &mut Reading) -> Option<SyncPolicy> {
    let default = SyncPolicy::default();
    let Some(node) = root.value("sync") else { return Some(default) };
    let section = reading.section(node, "`sync`", KEYS)?;
    let max_deletes = section.value("max_deletes").and_then(|node| reading.count(node));
    let max_delete_percent = section.value("max_delete_percent").and_then(|node| percent(node, reading));
    let delete = section.value("delete").and_then(|node| reading.parsed(node, delete));
    let grace = section.value("grace").and_then(|node| reading.duration(node));
    Some(SyncPolicy {
        max_deletes: max_deletes.unwrap_or(default.max_deletes),
        max_delete_percent: max_delete_percent.unwrap_or(default.max_delete_percent),
        delete: delete.unwrap_or(default.delete),
        grace: grace.unwrap_or(default.grace),
    })
}

fn percent(node: &Node, reading: &mut Reading) -> Option<u64> {
    let percent = reading.count(node)?;
    if percent > 100 {
        reading.problem(node.referenced, "a percentage is 100 at most");
    }
    Some(percent)
}

fn delete(text: &str) -> Result<DeletePolicy, String> {
    match text {
        "always" => Ok(DeletePolicy::Always),
        "never" => Ok(DeletePolicy::Never),
        _ => Err("`delete` is `always` or `never`".to_owned()),
    }
}
