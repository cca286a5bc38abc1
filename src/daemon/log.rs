//! What a service logs of its passes: a line for every document that changed or failed, and one for the pass.

use std::time::Duration;

use crate::{
    plan::Why,
    reconcile::{Deed, Document, Event, Failure, Fatal, Outcome, Report},
};

/// Logs what happens in a pass, while it happens.
pub fn log_event(event: &Event) {
    match event {
        Event::Done { deed, document } => log_deed(deed, document),
        Event::Uploaded { document, bytes } => {
            tracing::debug!(collection = %document.collection, path = document.path, bytes, "uploaded");
        }
        Event::Waiting(time) => tracing::debug!(ms = millis(*time), "waiting for what is still open"),
        // The pass itself logs what came of these.
        Event::Listing { .. } | Event::Looking(_) | Event::Planned { .. } => {}
    }
}

fn log_deed(deed: &Deed, Document { collection, path }: &Document) {
    match deed {
        Deed::Added(sent) | Deed::Replaced(sent) => {
            let (bytes, ms) = (sent.map(|sent| sent.bytes), sent.map(|sent| millis(sent.took)));
            tracing::info!(%collection, path, bytes, ms, "{}", deed.as_str());
        }
        Deed::Renamed { from } => tracing::info!(%collection, path, %from, "renamed"),
        Deed::Deleted => tracing::info!(%collection, path, "deleted"),
        Deed::Failed { reason } => tracing::warn!(%collection, path, reason, "failed"),
    }
}

/// Logs how a pass ended. A wake that found nothing to do is not worth a line.
pub fn log_report(report: &Report, wake: bool) {
    let pass = tracing::error_span!("pass", pass = report.id);
    let _in_pass = pass.enter();
    for Failure { document: Document { collection, path }, reason } in &report.unreadable {
        tracing::warn!(%collection, path, reason, "not read");
    }
    for withheld in &report.withheld {
        let (collection, deletes, of) = (&withheld.collection, withheld.deletes(), withheld.of);
        match withheld.why {
            Why::Held | Why::Moved | Why::Unsure(_) => tracing::warn!(%collection, deletes, of, "{withheld}"),
            Why::Never => tracing::debug!(%collection, deletes, of, "{withheld}"),
        }
    }
    match &report.fatal {
        None => {}
        Some(error @ Fatal::Stopped) => tracing::info!("{error}"),
        Some(error @ Fatal::Unavailable(_)) => tracing::warn!("{error}"),
        Some(error @ (Fatal::Denied(_) | Fatal::Refused(_) | Fatal::Store(_))) => tracing::error!("{error}"),
    }
    let outcome = report.outcome();
    if wake && outcome == Outcome::Ok && report.changed() == 0 {
        tracing::debug!("nothing to change");
        return;
    }
    let (failed, quarantined) = (report.failures().count(), report.quarantined.len());
    let Report { documents, added, replaced, renamed, deleted, bytes, .. } = *report;
    let (outcome, ms) = (outcome.as_str(), millis(report.ended.since(report.started)));
    tracing::info!(
        outcome,
        documents,
        added,
        replaced,
        renamed,
        deleted,
        failed,
        quarantined,
        bytes,
        ms,
        "the pass has ended"
    );
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
