//! `kbsync sync`: one full pass, and a summary of what changed, what failed and why, and what is held.

use std::{collections::BTreeMap, path::Path, pin::pin, sync::Arc, time::Duration};

use tokio::sync::watch;
use tracing::Level;

use super::{
    Exit, bots,
    connect::Context,
    logs::say,
    print::{self, bytes, count, line, span},
    progress::Progress,
    state,
};
use crate::{
    daemon::{self, signals},
    reconcile::{self, BeingWritten, Failure, Fatal, Outcome, Report},
    store::{Db, StateFailure, Store, StoreError},
};

/// Failures and skipped files that a summary names; `status` has them all.
pub(super) const NAMED: usize = 20;

/// How often a state that is in use is tried again.
const TRY_AGAIN: Duration = Duration::from_millis(200);

pub(super) async fn run(context: &Context, wait: Option<Duration>) -> anyhow::Result<Exit> {
    context.require_secrets()?;
    let stop = signals::stop(Exit::Temporary as u8)?;
    let store = match wait {
        None => context.store()?,
        Some(wait) => tokio::select! {
            () = first(stop.clone()) => {
                print::warning("stopped before it began");
                return Ok(Exit::Temporary);
            }
            store = store_within(context, wait) => store?,
        },
    };
    let connected = context.connect_for_pass(&store).await?;
    let progress = Progress::new(context.quiet);
    let report = {
        let (scope, event) = (context.scope()?, |event| progress.show(event));
        let mut pass = pin!(reconcile::pass(&connected.client, &store, &scope, stop.clone(), &event));
        // The word before the deed: whoever asked is told first.
        tokio::select! {
            biased;
            () = first(stop) => {
                progress.end();
                print::warning("stopping: what is in flight may end (at most 10 s); once more to stop at once");
                pass.await
            }
            report = &mut pass => report,
        }
    };
    progress.end();
    connected.close().await;
    let outcome = report.outcome();
    let pass = daemon::record(&report);
    store.call(move |db| db.note_pass(&pass)).await?;
    StateFailure::clear(store.path());
    // Whoever asked to be told is told, also by a pass that is silent otherwise.
    bots::warn(&report.bots);
    keeps_older(&report);
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

/// Ends at the first Ctrl-C or SIGTERM, after which the channel may close.
pub(super) async fn first(mut stop: watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Opens the store as soon as no other kbsync has it, or says at last who does.
async fn store_within(context: &Context, wait: Duration) -> anyhow::Result<Arc<Store>> {
    let holder = |opened: &anyhow::Result<_>| match opened.as_ref().err()?.downcast_ref() {
        Some(StoreError::Locked { holder, .. }) => Some(holder.clone()),
        _ => None,
    };
    let mut opened = context.store();
    if let Some(holder) = holder(&opened).filter(|_| !context.quiet) {
        say(Level::INFO, &format!("waiting at most {} for {holder}", span(wait)));
    }
    let tries = async {
        while holder(&opened).is_some() {
            tokio::time::sleep(TRY_AGAIN).await;
            opened = context.store();
        }
    };
    // When the time is over, the last try has the words for it.
    let _ = tokio::time::timeout(wait, tries).await;
    opened
}

/// What helps whoever finds a quiet pass in the mail, where neither the folder nor the config can be seen.
pub(super) fn hints(exit: Exit, config: &Path) {
    let more = match exit {
        // The message about a config says where it is.
        Exit::Ok | Exit::Usage => return,
        // Nothing is quarantined where only files are skipped, or could not be read.
        Exit::Failed if !is_any_quarantined(config) => None,
        Exit::Failed => Some(("retry", "to try them again as they are")),
        Exit::Held => Some(("plan", "to see what would be deleted")),
        Exit::Other | Exit::Temporary | Exit::Locked | Exit::Denied | Exit::Changes => None,
    };
    let config = std::path::absolute(config).unwrap_or_else(|_| config.to_owned());
    let kbsync = format!("kbsync --config {}", print::printable(&config.to_string_lossy()));
    line!("What helps:");
    line!("  {kbsync} status");
    if let Some((command, why)) = more {
        line!("  {kbsync} {command}   ({why})");
    }
}

/// Whether there is something that `retry` would have tried again.
fn is_any_quarantined(config: &Path) -> bool {
    let config = state::load(config).ok();
    let quarantined = config.and_then(|(config, _)| Db::open_to_read(&config.state).ok()?.quarantined().ok());
    quarantined.is_none_or(|quarantined| !quarantined.is_empty())
}

fn summary(report: &Report) {
    bots::summary(&report.bots);
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
        line!("{} gone from the platform, or renamed there, and not by kbsync.", count(report.lost, "source"));
    }
    failures("failed", report.failures());
    let (again, left): (Vec<_>, Vec<_>) = report.quarantined.iter().partition(|failure| failure.is_tried_again());
    failures("failed before, to be tried again automatically", again.into_iter());
    failures("quarantined until changed, or `kbsync retry`", left.into_iter());
    failures("with a source that could not be deleted", report.undeleted.iter());
    failures("with a source that is not as it should be, on the platform", report.unready.iter());
    stale(&report.stale);
    skipped(report);
    being_written(&report.being_written);
    for collection in &report.unmatched {
        line!("{collection}: no file matches `include`; to see why: kbsync explain FILE");
    }
    report.withheld.iter().for_each(|withheld| line!("{withheld}"));
    report.held_replacements.iter().for_each(|held| line!("{held}"));
    for (collection, sources) in report.strangers.iter().take(NAMED) {
        line!(
            "left alone: {} of a collection {collection} that is not in this config; \
             another kbsync should have another `instance:`",
            count(*sources, "source")
        );
    }
    more(report.strangers.len());
    if let Some(reason) = &report.unlisted_sources {
        line!(
            "The platform's list of sources could not be read whole: {reason}. What is missing there was not checked."
        );
    }
    if report.missing > 0 {
        line!(
            "{} missing from the platform's list, which is too many to be believed at once; the next pass tells.",
            count(report.missing, "source")
        );
    }
    if report.unconfirmed > 0 {
        let why = report.unconfirmed_for.as_ref().map(|why| format!(" ({})", print::printable(why)));
        line!(
            "{} missing from the platform's list, and it does not say whether it has them{}; the next pass asks again.",
            count(report.unconfirmed, "source"),
            why.unwrap_or_default()
        );
    }
    if report.emptied > 0 {
        line!(
            "{} listed by the platform without content, which is too many to be believed at once; the next passes tell.",
            count(report.emptied, "source")
        );
    }
    if report.spare > 0 {
        line!(
            "{} of ours too many on the platform, and not all of them go at once; the next pass goes on.",
            count(report.spare, "source")
        );
    }
    if report.settling.is_some() && report.crawling.is_empty() {
        line!("Some documents are still being written, by their collection's `settle`; a later pass takes them.");
    }
    for collection in &report.crawling {
        line!("{collection} is being crawled by the platform still; the next pass tells.");
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
        (report.configured, "put right"),
    ];
    let changes: Vec<_> = changes.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
    let (documents, changes) = (count(report.documents, "document"), changes.join(", "));
    line!("{documents}: {changes}; {} sent ({}).", bytes(report.bytes), span(time));
}

/// Documents that failed, each with the reason.
pub(super) fn failures<'a>(what: &str, failures: impl Iterator<Item = &'a Failure>) {
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

/// Pages of which the platform may hold an old version, or none, for their origin did not say what it has.
pub(super) fn stale(stale: &[Failure]) {
    if stale.is_empty() {
        return;
    }
    line!("{} not read, and left as known:", count(stale.len() as u64, "page"));
    for failure in stale.iter().take(NAMED) {
        line!("  {}: {}", print::printable(&failure.document.to_string()), print::printable(&failure.reason));
    }
    more(stale.len());
}

/// Documents of which an older version answers, for their files are skipped as they are now.
fn keeps_older(report: &Report) {
    let kept: Vec<_> = report.skipped.iter().filter(|skipped| skipped.kept).collect();
    kept.iter().take(NAMED).for_each(|skipped| print::warning(&print::printable(&skipped.to_string())));
    if kept.len() > NAMED {
        print::warning(&format!("{} more are skipped; see `kbsync status`", kept.len() - NAMED));
    }
}

/// Documents that are not read because they are written again and again.
pub(super) fn being_written(documents: &[BeingWritten]) {
    for BeingWritten { document, since, settle, kept } in documents.iter().take(NAMED) {
        let kept = if *kept { "; the platform keeps the older version" } else { "" };
        line!(
            "not read {}: it has been written too often since {}; it is read once nothing has written to it for {} \
             (`settle`){kept}",
            print::printable(&document.to_string()),
            print::moment(*since),
            span(*settle),
        );
    }
    more(documents.len());
}

/// The other skipped files by reason: a folder of pictures is one line.
fn skipped(report: &Report) {
    let mut by_reason: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for skipped in report.skipped.iter().filter(|skipped| !skipped.kept) {
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
