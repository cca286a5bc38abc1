//! What is remembered of a pass that has ended: its numbers and its troubles, as JSON.

use serde_json::{Value, json};

use crate::{
    platform::clock,
    reconcile::{Bots, Failure, Fatal, Report},
    store::PassRecord,
};

/// What the store keeps of a pass.
pub fn record(report: &Report) -> PassRecord {
    let failures = |failures: &mut dyn Iterator<Item = &Failure>| -> Vec<_> {
        let entry = |Failure { document, reason }: &Failure| json!({ "collection": document.collection.as_str(), "path": document.path, "reason": reason });
        failures.map(entry).collect()
    };
    let summary = json!({
        "id": report.id,
        "documents": report.documents,
        "added": report.added,
        "replaced": report.replaced,
        "renamed": report.renamed,
        "deleted": report.deleted,
        "adopted": report.adopted,
        "lost": report.lost,
        "bytes": report.bytes,
        "bots": bots(&report.bots),
        "failed": failures(&mut report.failures()),
        "unready": failures(&mut report.unready.iter()),
        "stale": failures(&mut report.stale.iter()),
        "error": report.fatal.as_ref().map(Fatal::to_string),
        "withheld": report.withheld.iter().map(|withheld| json!({
            "collection": withheld.collection.as_str(),
            "deletes": withheld.deletes(),
            "of": withheld.of,
            "why": withheld.why.to_string(),
        })).collect::<Vec<_>>(),
        "held_replacements": report.held_replacements.iter().map(|held| json!({
            "collection": held.collection.as_str(),
            "replacements": held.count(),
            "of": held.of,
            "why": held.why(),
        })).collect::<Vec<_>>(),
    });
    // By the wall's clock, which may have been set since the process began.
    let ended = clock::wall();
    PassRecord {
        started: ended - report.ended.since(report.started),
        ended,
        outcome: report.outcome().as_str().to_owned(),
        summary: summary.to_string(),
    }
}

/// What a pass did about bots. Values stay out of it: instructions are long.
fn bots(bots: &Bots) -> Value {
    bots.to_json(|bot| {
        let fields: Vec<_> = bot.changes.iter().map(|change| change.field.as_str()).collect();
        json!({ "id": bot.id, "name": bot.name, "fields": fields })
    })
}
