//! What a service logs of its passes: a line for every document that changed or failed, and one for the pass.

use std::{collections::BTreeSet, time::Duration};

use crate::{
    fetch::SlowHost,
    plan::Why,
    reconcile::{BeingWritten, BotChanges, Bots, Deed, Document, Event, Failure, Fatal, Report, Standing},
};

/// Logs what happens in a pass, while it happens.
pub fn log_event(event: &Event) {
    match event {
        Event::Done { deed, document } => log_deed(deed, document),
        Event::Uploaded { document, bytes } => {
            tracing::debug!(collection = %document.collection, path = document.path, bytes, "uploaded");
        }
        Event::Waiting(time) => tracing::debug!(ms = millis(*time), "waiting for what is still open"),
        Event::Slow(SlowHost { collection, host, waited }) => {
            tracing::warn!(collection, host, ms = millis(*waited), "waiting for a slow site");
        }
        // The pass itself logs what came of these.
        Event::Listing { .. }
        | Event::Looking(_)
        | Event::Planned { .. }
        | Event::Following { .. }
        | Event::JobEnded { .. } => {}
    }
}

/// Logs how far a pass is.
pub fn log_standing(standing: &Standing) {
    let Standing { done, of, failed, seconds_left } = *standing;
    tracing::info!(done, of, failed, seconds_left, "syncing");
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

/// The troubles that were logged since the last full pass, and are not logged again before the next one: a folder that
/// is looked at every minute has the same ones every minute.
#[derive(Debug, Default)]
pub struct Said(BTreeSet<String>);

/// Logs how a pass ended. A wake that found nothing new is not worth a line.
pub fn log_report(report: &Report, wake: bool, said: &mut Said) {
    let pass = tracing::error_span!("pass", pass = report.id);
    let _in_pass = pass.enter();
    if !wake {
        said.0.clear();
    }
    let mut news = false;
    for Failure { document, reason } in &report.unreadable {
        let Document { collection, path } = document;
        if said.0.insert(format!("{document}: {reason}")) {
            news = true;
            tracing::warn!(%collection, path, reason, "not read");
        }
    }
    for Failure { document, reason } in &report.undeleted {
        let Document { collection, path } = document;
        if said.0.insert(format!("undeleted {document}: {reason}")) {
            news = true;
            tracing::warn!(%collection, path, reason, "source not deleted");
        }
    }
    for Failure { document, reason } in &report.unready {
        let Document { collection, path } = document;
        if said.0.insert(format!("unready {document}: {reason}")) {
            news = true;
            tracing::warn!(%collection, path, reason, "source not ready");
        }
    }
    for skipped in &report.skipped {
        let Document { collection, path } = &skipped.document;
        if !skipped.kept {
            tracing::debug!(%collection, path, reason = skipped.reason, "skipped");
        } else if said.0.insert(format!("skipped {}", skipped.document)) {
            news = true;
            tracing::warn!(%collection, path, reason = skipped.reason, "skipped; the platform keeps the older version");
        }
    }
    for BeingWritten { document, settle, kept, .. } in &report.being_written {
        let Document { collection, path } = document;
        if said.0.insert(format!("being written {document}")) {
            news = true;
            tracing::warn!(%collection, path, settle_ms = millis(*settle), older_version_kept = kept, "written too often to be read");
        }
    }
    for collection in &report.unmatched {
        if said.0.insert(format!("unmatched {collection}")) {
            news = true;
            tracing::warn!(%collection, "no file matches `include`");
        }
    }
    log_bots(&report.bots);
    for withheld in &report.withheld {
        let (collection, deletes, of) = (&withheld.collection, withheld.deletes(), withheld.of);
        if withheld.why != Why::Never && said.0.insert(withheld.to_string()) {
            news = true;
            tracing::warn!(%collection, deletes, of, "{withheld}");
        } else {
            tracing::debug!(%collection, deletes, of, "{withheld}");
        }
    }
    for held in &report.held_replacements {
        let (collection, replacements, of) = (&held.collection, held.count(), held.of);
        if said.0.insert(held.to_string()) {
            news = true;
            tracing::warn!(%collection, replacements, of, "{held}");
        }
    }
    match &report.fatal {
        None => {}
        Some(error @ Fatal::Stopped) => tracing::info!("{error}"),
        Some(error @ Fatal::Unavailable(_)) => tracing::warn!("{error}"),
        Some(error @ (Fatal::Denied(_) | Fatal::Refused(_) | Fatal::Store(_))) => tracing::error!("{error}"),
    }
    let outcome = report.outcome();
    if wake && !news && report.fatal.is_none() && report.changed() == 0 {
        tracing::debug!(outcome = outcome.as_str(), "nothing new");
        return;
    }
    let (failed, quarantined) = (report.failures().count(), report.quarantined.len());
    let skipped = report.skipped.len();
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
        skipped,
        bytes,
        ms,
        "the pass has ended"
    );
}

/// Bots are looked at by full passes alone, so nothing of this is said too often.
fn log_bots(bots: &Bots) {
    let fields =
        |bot: &BotChanges| bot.changes.iter().map(|change| change.field.as_str()).collect::<Vec<_>>().join(" ");
    for bot in &bots.changed {
        tracing::info!(bot = bot.id, name = bot.name, fields = fields(bot), "bot written");
    }
    for bot in &bots.reported {
        let fields = fields(bot);
        tracing::warn!(bot = bot.id, name = bot.name, fields, "bot changed on the platform, and left so");
    }
    for failure in &bots.failed {
        tracing::warn!(bot = failure.id, reason = failure.reason, "bot failed");
    }
    if let Some(reason) = &bots.unavailable {
        tracing::warn!(reason, "bots not looked at; another pass will");
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::{
        fs::File,
        io::{Read, Seek},
        sync::Arc,
    };

    use super::*;
    use crate::{
        model::{BotField, CollectionName, Moment},
        plan::{BotCause, BotChange, Withheld},
        reconcile::{BotFailure, Sent, Skipped},
    };

    /// What is logged at info.
    fn logged(log: impl FnOnce()) -> String {
        let mut file = tempfile::tempfile().unwrap();
        let writer: Arc<File> = Arc::new(file.try_clone().unwrap());
        let subscriber = tracing_subscriber::fmt().without_time().with_target(false).with_ansi(false);
        tracing::subscriber::with_default(subscriber.with_writer(writer).finish(), log);
        file.rewind().unwrap();
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        text
    }

    fn handbook() -> CollectionName {
        CollectionName::new("handbook").unwrap()
    }

    fn done(deed: Deed) -> String {
        let document = Document { collection: handbook(), path: "a.md".to_owned() };
        logged(|| log_event(&Event::Done { deed, document }))
    }

    #[test]
    fn a_document_is_a_line() {
        let sent = Some(Sent { bytes: 12, took: Duration::from_millis(345) });
        assert_eq!(done(Deed::Added(sent)), " INFO added collection=handbook path=\"a.md\" bytes=12 ms=345\n");
        assert_eq!(done(Deed::Replaced(None)), " INFO replaced collection=handbook path=\"a.md\"\n");
        let from = Document { collection: handbook(), path: "b.md".to_owned() };
        assert_eq!(
            done(Deed::Renamed { from }),
            " INFO renamed collection=handbook path=\"a.md\" from=handbook/b.md\n"
        );
        assert_eq!(done(Deed::Deleted), " INFO deleted collection=handbook path=\"a.md\"\n");
        let failed = done(Deed::Failed { reason: "no text".to_owned() });
        assert_eq!(failed, " WARN failed collection=handbook path=\"a.md\" reason=\"no text\"\n");
        assert_eq!(logged(|| log_event(&Event::Looking(handbook()))), "");
    }

    /// What is logged of a pass that a wake began.
    fn woken(change: impl FnOnce(&mut Report)) -> String {
        let mut report = Report::default();
        report.id = "1234abcd".to_owned();
        report.ended = Moment(5_000);
        change(&mut report);
        logged(|| log_report(&report, true, &mut Said::default()))
    }

    #[test]
    fn a_wake_that_found_nothing_is_silent() {
        assert_eq!(woken(|report| report.documents = 7), "");
        let all = "documents=0 added=1 replaced=0 renamed=0 deleted=0 failed=0 quarantined=0 skipped=0 bytes=0 ms=5";
        let line = format!(" INFO pass{{pass=\"1234abcd\"}}: the pass has ended outcome=\"ok\" {all}\n");
        assert_eq!(woken(|report| report.added = 1), line);
        let full = logged(|| log_report(&Report::default(), false, &mut Said::default()));
        assert_eq!(full.matches('\n').count(), 1, "{full}");
    }

    #[test]
    fn a_trouble_that_stays_is_said_once_between_two_full_passes() {
        let mut report = Report::default();
        report.withheld.push(Withheld { collection: handbook(), gone: Vec::new(), of: 40, why: Why::Held });
        let mut said = Said::default();
        let mut warnings = |wake| logged(|| log_report(&report, wake, &mut said)).matches("WARN").count();
        assert_eq!([true, true, false, true, false].map(&mut warnings), [1, 0, 1, 0, 1]);
    }

    #[test]
    fn skipped_document__older_version_is_kept__one_warning_between_two_full_passes() {
        let mut report = Report::default();
        for (path, kept) in [("kept.md", true), ("new.md", false)] {
            let document = Document { collection: handbook(), path: path.to_owned() };
            report.skipped.push(Skipped { document, reason: "it is empty".to_owned(), kept });
        }
        let mut said = Said::default();
        let expected = "skipped; the platform keeps the older version collection=handbook path=\"kept.md\" \
                        reason=\"it is empty\"";
        let mut warnings = |wake| {
            let log = logged(|| log_report(&report, wake, &mut said));
            assert!(!log.contains("new.md"), "{log}");
            log.matches(expected).count()
        };
        assert_eq!([true, true, false, true, false].map(&mut warnings), [1, 0, 1, 0, 1]);
    }

    #[test]
    fn a_bot_is_a_line() {
        let change = BotChange {
            field: BotField::Model,
            from: "gpt-3.5-turbo".to_owned(),
            to: "gpt-4".to_owned(),
            why: BotCause::Config,
        };
        let bot = BotChanges { id: "b1".to_owned(), name: "Sales".to_owned(), changes: vec![change] };
        let failure = BotFailure { id: "b2".to_owned(), reason: "no such bot".to_owned() };
        let bots = Bots { changed: vec![bot.clone()], reported: vec![bot], failed: vec![failure], unavailable: None };
        let expected = " INFO bot written bot=\"b1\" name=\"Sales\" fields=\"model\"\n \
                         WARN bot changed on the platform, and left so bot=\"b1\" name=\"Sales\" fields=\"model\"\n \
                         WARN bot failed bot=\"b2\" reason=\"no such bot\"\n";
        assert_eq!(logged(|| log_bots(&bots)), expected);
    }

    #[test]
    fn what_waits_for_a_person_is_a_warning() {
        let withheld = |why| {
            let withheld = Withheld { collection: handbook(), gone: Vec::new(), of: 40, why };
            woken(|report| report.withheld.push(withheld))
        };
        let held = withheld(Why::Held);
        assert!(held.starts_with(" WARN ") && held.contains("kbsync approve handbook"), "{held}");
        assert_eq!(withheld(Why::Never), "");
        let denied = woken(|report| report.fatal = Some(Fatal::Denied("the key is refused".to_owned())));
        assert!(denied.starts_with("ERROR ") && denied.contains("outcome=\"denied\""), "{denied}");
    }
}
