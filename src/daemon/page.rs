//! The endpoint's page: how everything is, for people. Plain HTML without scripts, and everything in it is escaped.

use std::fmt::Write;

use bytesize::ByteSize;
use jiff::{Timestamp, tz::TimeZone};

use super::{
    note::{Note, Watching},
    status::{Collection, Status, Withheld},
};
use crate::{config::UNTHROTTLED, reconcile::BeingWritten};

/// Quarantined and skipped documents that the page names; `kbsync status` has them all.
const NAMED: usize = 50;

const STYLE: &str = include_str!("page.css");

/// The page.
pub(super) fn html(status: &Status) -> String {
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>kbsync</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<h1>kbsync</h1>\n"
    );
    warnings(&mut page, status);
    collections(&mut page, status);
    withheld(&mut page, status);
    facts(&mut page, status);
    let note = "They are left alone until they change, or <code>kbsync retry</code>.";
    failures(&mut page, "Quarantined documents", &status.quarantined, note);
    let note = "kbsync tries again by itself, after ever longer waits.";
    failures(&mut page, "Sources that could not be deleted", &status.undeleted, note);
    let note = "Nothing is uploaded again; see the platform.";
    failures(&mut page, "Documents whose sources are not ready", &status.unready, note);
    skipped(&mut page, status);
    being_written(&mut page, status);
    page.push_str(
        "<footer><a href=\"/api/status\">JSON</a> · <a href=\"/metrics\">metrics</a></footer>\n</body>\n</html>\n",
    );
    page
}

/// What waits for a person.
fn warnings(page: &mut String, status: &Status) {
    let mut warn = |text: &str| put(page, format_args!("<p class=\"warning\">{}</p>\n", escaped(text)));
    if let Some(failure) = &status.state_failure {
        warn(&format!("The last pass failed: {}", failure.reason));
    }
    if let Some(trouble) = status.daemon.as_ref().and_then(|daemon| daemon.trouble.as_ref()) {
        warn(&format!("In trouble: {trouble}"));
    }
    if let Some(error) = status.daemon.as_ref().and_then(|daemon| daemon.config_error.as_ref()) {
        warn(&format!("The config was changed and is refused: {error}"));
    }
    if let Some(verification) = status.verification.filter(|verification| verification.failed > 0) {
        warn(&format!("{} failed in the last verification: kbsync verify", count(verification.failed, "check")));
    }
    for collection in status.collections.iter().filter(|collection| collection.held() > 0) {
        let Collection { name, state, .. } = collection;
        warn(&format!("{} of {name} held. If that is right: kbsync approve {name}", count(state.held, "deletion")));
    }
    for collection in status.collections.iter().filter(|collection| collection.held_replacements() > 0) {
        let Collection { name, state, .. } = collection;
        let held = count(state.held_replacements, "replacement");
        warn(&format!("{held} of {name} held. If that is right: kbsync approve {name}"));
    }
}

/// What the last pass did not delete, and why.
fn withheld(page: &mut String, status: &Status) {
    for Withheld { collection, deletes, why } in status.withheld() {
        let (deletions, collection) = (count(deletes, "deletion"), escaped(&collection));
        put(page, format_args!("<p>{deletions} of {collection} not made: {}</p>\n", escaped(&why)));
    }
}

fn collections(page: &mut String, status: &Status) {
    page.push_str(
        "<div class=\"wide\"><table>\n<tr><th>collection<th>folder<th class=\"n\">in step<th class=\"n\">pending\
         <th class=\"n\">quarantined<th class=\"n\">skipped<th class=\"n\">held<th class=\"n\">size<th>changes</tr>\n",
    );
    for collection in &status.collections {
        let Collection { name, folder, counts, .. } = collection;
        let folder = folder.as_deref().unwrap_or("not in the config");
        let watching = status.daemon.as_ref().and_then(|daemon| daemon.watching(name));
        put(page, format_args!("<tr><td>{}<td>{}", escaped(name.as_str()), escaped(folder)));
        for number in [counts.in_step, counts.pending, counts.quarantined, counts.skipped, collection.held()] {
            put(page, format_args!("<td class=\"n\">{number}"));
        }
        let size = ByteSize::b(counts.bytes).display().iec();
        put(page, format_args!("<td class=\"n\">{size}<td>{}</tr>\n", watching.map_or_else(String::new, changes)));
    }
    page.push_str("</table></div>\n");
}

fn changes(watching: &Watching) -> String {
    match &watching.why {
        Some(why) => format!("{}, because {}", watching.how.as_str(), escaped(why)),
        None => watching.how.as_str().to_owned(),
    }
}

fn facts(page: &mut String, status: &Status) {
    page.push_str("<dl>\n");
    let mut fact = |name: &str, value: String| put(page, format_args!("<dt>{name}<dd>{value}\n"));
    let last = status.last.as_ref().map(|pass| format!("{}, {}", escaped(&pass.outcome), time(pass.ended.timestamp())));
    fact("Last pass", last.unwrap_or_else(|| "none has ended yet".to_owned()));
    if let Some(verification) = &status.verification {
        let (passed, at) = (verification.checks - verification.failed, time(verification.at.timestamp()));
        fact("Last verification", format!("{passed} of {} passed, {at}", verification.checks));
    }
    if let Some(Note { pid, started, doing, next, .. }) = &status.daemon {
        fact("Now", escaped(doing));
        fact("Next full pass", next.map_or_else(|| "not planned".to_owned(), time));
        fact("Running", format!("process {pid}, since {}", time(*started)));
    }
    if status.limit != UNTHROTTLED {
        fact("Requests", format!("{} of {}", status.used, status.limit));
    }
    fact("Version", env!("CARGO_PKG_VERSION").to_owned());
    page.push_str("</dl>\n");
}

fn skipped(page: &mut String, status: &Status) {
    if status.skipped.is_empty() {
        return;
    }
    page.push_str("<h2>Skipped documents</h2>\n<ul>\n");
    for (collection, path, reason, kept) in status.skipped.iter().take(NAMED) {
        let kept = if *kept { "; the platform keeps the older version" } else { "" };
        put(page, format_args!("<li><b>{}/{}</b>: {}{kept}\n", escaped(collection), escaped(path), escaped(reason)));
    }
    more(page, status.skipped.len());
    page.push_str("</ul>\n");
}

fn being_written(page: &mut String, status: &Status) {
    if status.being_written.is_empty() {
        return;
    }
    page.push_str("<h2>Documents that are written too often to be read</h2>\n<ul>\n");
    for BeingWritten { document, since, kept, .. } in status.being_written.iter().take(NAMED) {
        let kept = if *kept { "; the platform keeps the older version" } else { "" };
        put(
            page,
            format_args!("<li><b>{}</b>: since {}{kept}\n", escaped(&document.to_string()), time(since.timestamp())),
        );
    }
    more(page, status.being_written.len());
    page.push_str("</ul>\n");
}

/// A list of failed documents under a heading, with a note on what happens next.
fn failures(page: &mut String, heading: &str, failures: &[(String, String, String)], note: &str) {
    if failures.is_empty() {
        return;
    }
    put(page, format_args!("<h2>{heading}</h2>\n<ul>\n"));
    for (collection, path, reason) in failures.iter().take(NAMED) {
        put(page, format_args!("<li><b>{}/{}</b>: {}\n", escaped(collection), escaped(path), escaped(reason)));
    }
    more(page, failures.len());
    put(page, format_args!("</ul>\n<p>{note}</p>\n"));
}

fn more(page: &mut String, number: usize) {
    if number > NAMED {
        put(page, format_args!("<li>… and {} more\n", number - NAMED));
    }
}

fn put(page: &mut String, text: std::fmt::Arguments<'_>) {
    // A string takes whatever is written.
    let _ = page.write_fmt(text);
}

fn count(number: u64, thing: &str) -> String {
    if number == 1 { format!("1 {thing}") } else { format!("{number} {thing}s") }
}

/// A point in time, in local time.
fn time(at: Timestamp) -> String {
    let local = at.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S %Z").to_string();
    format!("<time datetime=\"{at}\">{}</time>", escaped(&local))
}

/// Text that no browser takes for anything else.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}
