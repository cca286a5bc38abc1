//! `kbsync sync`: one full pass, and a summary of what changed, what failed and why, and what is held.

use std::{collections::BTreeMap, pin::pin, time::Duration};

use serde_json::json;
use tokio::sync::watch;

use super::{
    Exit,
    connect::Context,
    print::{self, bytes, count, line, span},
    progress::Progress,
};
use crate::{
    daemon::signals,
    plan::Why,
    platform::clock,
    reconcile::{self, Failure, Fatal, Outcome, Report},
    store::PassRecord,
};

/// Failures and skipped files that a summary names; `status` has them all.
pub(super) const NAMED: usize = 20;

pub(super) async fn run(context: &Context) -> anyhow::Result<Exit> {
    let stop = signals::stop(Exit::Temporary as u8)?;
    let store = context.store()?;
    let connected = context.connect_for_pass(&store).await?;
    let progress = Progress::new(context.quiet);
    let report = {
        let (scope, event) = (context.scope(), |event| progress.show(event));
        let mut pass = pin!(reconcile::pass(&connected.cevvo, &store, &scope, stop.clone(), &event));
        // The word before the deed: whoever asked is told first.
        tokio::select! {
            biased;
            () = stopping(stop) => pass.await,
            report = &mut pass => report,
        }
    };
    progress.end();
    connected.close().await;
    let outcome = report.outcome();
    let pass = record(&report, outcome);
    store.call(move |db| db.note_pass(&pass)).await?;
    if context.quiet && outcome == Outcome::Ok {
        return Ok(outcome.into());
    }
    summary(&report);
    match report.fatal {
        // Who asked for it needs no alarm.
        Some(fatal @ Fatal::Stopped) => {
            print::warning(&fatal.to_string());
            Ok(outcome.into())
        }
        Some(fatal) => Err(fatal.into()),
        None => Ok(outcome.into()),
    }
}

/// Says, at the first Ctrl-C or SIGTERM, what becomes of it.
async fn stopping(mut stop: watch::Receiver<bool>) {
    if stop.wait_for(|stop| *stop).await.is_ok() {
        print::warning("stopping: what is in flight may end (at most 10 s); once more to stop at once");
    }
}

fn summary(report: &Report) {
    let time = report.ended.since(report.started);
    match (report.changed(), &report.fatal) {
        (0, None) => line!("{}, nothing to change ({}).", count(report.documents, "document"), span(time)),
        // The error that follows says how it went.
        (0, Some(_)) => {}
        _ => changes(report, time),
    }
    if report.adopted > 0 {
        line!("{} on the platform already, and found again.", count(report.adopted, "source"));
    }
    if report.lost > 0 {
        line!("{} gone from the platform, and not by kbsync.", count(report.lost, "source"));
    }
    failures("failed", report.failures());
    failures("quarantined until changed, or `kbsync retry`", report.quarantined.iter());
    skipped(report);
    report.withheld.iter().for_each(|withheld| line!("{withheld}"));
    for (collection, sources) in &report.strangers {
        line!(
            "left alone: {} of a collection {collection} that is not in this config; \
             another kbsync should have another `instance:`",
            count(*sources, "source")
        );
    }
    if report.missing > 0 {
        line!(
            "{} missing from the platform's list, which is too many to be believed at once; the next pass tells.",
            count(report.missing, "source")
        );
    }
    if report.settling.is_some() {
        line!("Some documents are still being written, by their collection's `settle`; a later pass takes them.");
    }
    if report.open && report.fatal.is_none() {
        line!("Some documents are still being written or unanswered; the next pass goes on.");
    }
}

fn changes(report: &Report, time: Duration) {
    let changes = [
        (report.added, "added"),
        (report.replaced, "replaced"),
        (report.renamed, "renamed"),
        (report.deleted, "deleted"),
    ];
    let changes: Vec<_> = changes.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
    let (documents, changes) = (count(report.documents, "document"), changes.join(", "));
    line!("{documents}: {changes}; {} sent ({}).", bytes(report.bytes), span(time));
}

fn failures<'a>(what: &str, failures: impl Iterator<Item = &'a Failure>) {
    let failures: Vec<_> = failures.collect();
    if failures.is_empty() {
        return;
    }
    line!("{} {what}:", count(failures.len() as u64, "document"));
    for failure in failures.iter().take(NAMED) {
        let document = print::printable(&failure.document.to_string());
        line!("  {document}: {}", print::printable(&failure.reason));
    }
    more(failures.len());
}

/// Skipped files by reason: a folder of pictures is one line.
fn skipped(report: &Report) {
    let mut by_reason: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for skipped in &report.skipped {
        by_reason.entry(&skipped.reason).or_default().push(print::printable(&skipped.document.to_string()));
    }
    for (reason, paths) in by_reason.iter().take(NAMED) {
        match paths.as_slice() {
            [one] => line!("skipped {one}: {reason}"),
            [first, ..] => line!("skipped {first} and {} more: {reason}", paths.len() - 1),
            [] => {}
        }
    }
    more(by_reason.len());
}

pub(super) fn more(number: usize) {
    if number > NAMED {
        line!("  … and {} more", number - NAMED);
    }
}

fn record(report: &Report, outcome: Outcome) -> PassRecord {
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
        "failed": failures(&mut report.failures()),
        "error": report.fatal.as_ref().map(Fatal::to_string),
        "withheld": report.withheld.iter().map(|withheld| json!({
            "collection": withheld.collection.as_str(),
            "deletes": withheld.deletes(),
            "of": withheld.of,
            "why": match &withheld.why {
                Why::Held => "held until approved",
                Why::Moved => "its folder is on another device than before; held until approved",
                Why::Unsure(reason) => reason,
                Why::Never => "delete: never",
            },
        })).collect::<Vec<_>>(),
    });
    PassRecord {
        started: report.started,
        ended: clock::now(),
        outcome: outcome.as_str().to_owned(),
        summary: summary.to_string(),
    }
}
