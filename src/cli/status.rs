//! `kbsync status`: collections, documents by state, what failed and why, the last pass.

use super::{
    Exit,
    connect::Context,
    print::{self, bytes, count, line, moment, span, timestamp},
    sync::{self, NAMED},
};
use crate::{
    config::UNTHROTTLED,
    daemon::{
        Note, Watching,
        status::{self, Collection, Status, Withheld},
    },
    store::{DocumentCounts, StateFailure, StoreError, VerificationRecord},
};

pub(super) fn run(context: &Context, as_json: bool) -> anyhow::Result<Exit> {
    let status = match context.read_store() {
        Ok(db) => status::gather(&context.config, &db)?,
        Err(StoreError::Missing(path)) if !as_json => {
            failed(StateFailure::read(&context.config.state).as_ref());
            line!("Nothing was synced yet ({} does not exist). Begin with: kbsync sync", path.display());
            return Ok(Exit::Ok);
        }
        Err(StoreError::Missing(_)) => status::nothing_yet(&context.config),
        Err(error) => return Err(error.into()),
    };
    if as_json {
        line!("{:#}", status::to_json(&status));
    } else {
        print_status(&status);
    }
    Ok(Exit::Ok)
}

fn print_status(status: &Status) {
    for collection in &status.collections {
        print_collection(collection, status.daemon.as_ref().and_then(|daemon| daemon.watching(&collection.name)));
    }
    for (collection, path, reason) in status.quarantined.iter().chain(&status.undeleted) {
        line!("failed {}: {}", print::printable(&format!("{collection}/{path}")), print::printable(reason));
    }
    for (collection, path, reason) in status.unready.iter().take(NAMED) {
        line!("not ready {}: {}", print::printable(&format!("{collection}/{path}")), print::printable(reason));
    }
    sync::more(status.unready.len());
    for (collection, path, reason, kept) in status.skipped.iter().take(NAMED) {
        let kept = if *kept { "; the platform keeps the older version" } else { "" };
        line!("skipped {}: {}{kept}", print::printable(&format!("{collection}/{path}")), print::printable(reason));
    }
    sync::more(status.skipped.len());
    sync::being_written(&status.being_written);
    for (bot, reason) in status.failed_bots() {
        line!("failed bot {}: {}", print::printable(&bot), print::printable(&reason));
    }
    for (collection, path, stale) in &status.stale {
        let document = print::printable(&format!("{collection}/{path}"));
        line!("stale {document}: since {}, because {}", moment(stale.since), print::printable(&stale.reason));
    }
    if status.emptied > 0 {
        line!("{} listed by the platform without content; the next passes tell.", count(status.emptied, "source"));
    }
    if status.under_way > 0 {
        line!("{} under way; the next pass goes on with them.", count(status.under_way as u64, "source"));
    }
    if status.limit != UNTHROTTLED {
        line!("Requests in the last {}: {} of {}.", span(status.limit.window), status.used, status.limit.count);
    }
    failed(status.state_failure.as_ref());
    match &status.last {
        Some(pass) => {
            let when = if status.state_failure.is_some() { "The pass before" } else { "Last pass" };
            line!("{when}: {}, at {}.", pass.outcome, moment(pass.ended));
            status.error().iter().for_each(|error| line!("  {}", print::printable_text(error)));
        }
        None => line!("No pass has ended yet."),
    }
    if let Some(VerificationRecord { at, checks, failed }) = &status.verification {
        line!("Last verification: {} of {} passed, at {}.", checks - failed, count(*checks, "check"), moment(*at));
    }
    for Withheld { collection, deletes, why } in status.withheld() {
        line!("  {} of {collection} not made: {}", count(deletes, "deletion"), print::printable(&why));
    }
    status.daemon.iter().for_each(daemon);
}

/// A pass that could not even be noted.
fn failed(failure: Option<&StateFailure>) {
    if let Some(StateFailure { at, reason }) = failure {
        line!("The last pass failed, at {}: {}.", moment(*at), print::printable_text(reason));
    }
}

fn print_collection(collection: &Collection, watching: Option<&Watching>) {
    let Collection { name, folder, counts, state } = collection;
    let folder = folder.as_deref().unwrap_or("not in the config");
    let DocumentCounts { in_step, pending, quarantined, unready, skipped, bytes: size } = counts;
    line!("{name} ({folder}): {} in step, {}", count(*in_step, "document"), bytes(*size));
    if *pending > 0 {
        line!("  {pending} pending");
    }
    if *quarantined > 0 {
        line!("  {quarantined} quarantined");
    }
    if *unready > 0 {
        line!("  {unready} not ready on the platform");
    }
    if *skipped > 0 {
        line!("  {skipped} skipped");
    }
    if collection.held() > 0 {
        line!("  {} held. If they are right: kbsync approve {name}", count(state.held, "deletion"));
    }
    if state.approved > 0 {
        line!("  {} approved for the next pass", count(state.approved, "deletion"));
    }
    if collection.held_replacements() > 0 {
        line!("  {} held. If they are right: kbsync approve {name}", count(state.held_replacements, "replacement"));
    }
    if state.approved_replacements > 0 {
        line!("  {} approved for the next pass", count(state.approved_replacements, "replacement"));
    }
    if let Some(Watching { how, why }) = watching {
        match why {
            Some(why) => line!("  {}, because {}", how.as_str(), print::printable(why)),
            None => line!("  {}", how.as_str()),
        }
    }
}

/// What the running daemon says of itself.
fn daemon(note: &Note) {
    let runs = format!("kbsync runs (process {}) since {}", note.pid, timestamp(note.started));
    match note.progress {
        Some(_) => line!("{runs}.\n  {}", note.doing),
        None => line!("{runs}: {}.", note.doing),
    }
    if let Some(next) = note.next {
        line!("Next full pass: {}.", timestamp(next));
    }
    if let Some(trouble) = &note.trouble {
        line!("It is in trouble: {}", print::printable_text(trouble));
    }
    if let Some(error) = &note.config_error {
        line!("The config was changed and is refused: {}", print::printable_text(error));
    }
}
