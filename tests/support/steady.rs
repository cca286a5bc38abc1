//! A document that the platform must hold at every moment from its first one on.

use std::collections::BTreeSet;

use kbsync::{local::Change, model::SourceName};
use tokio::sync::mpsc::UnboundedReceiver;

/// Fails where the document was absent from the platform after it was there once. All changes must be in the channel.
pub async fn never_absent(mut changes: UnboundedReceiver<Change>, steady: &str, context: &str) {
    changes.close();
    let mut held = BTreeSet::new();
    let mut was_held = false;
    let mut history = Vec::new();
    while let Some(change) = changes.recv().await {
        let is_it = |name: &str| SourceName::parse(name).is_some_and(|name| name.path.as_str() == steady);
        history.push(format!("{change:?}"));
        match change {
            Change::Held { source_id, name } | Change::Renamed { source_id, name } if is_it(&name) => {
                held.insert(source_id);
            }
            Change::Held { source_id, .. } | Change::Renamed { source_id, .. } | Change::Gone { source_id } => {
                held.remove(&source_id);
            }
        }
        was_held |= !held.is_empty();
        assert!(!was_held || !held.is_empty(), "{context}: {steady} was absent for a moment: {history:#?}");
    }
    assert!(was_held, "{context}: {steady} was never there");
}
