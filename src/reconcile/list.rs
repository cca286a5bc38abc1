//! Gathering from the platform: the list of sources, held against the store.

use std::collections::{BTreeSet, HashSet};

use super::{
    Event, Fatal, Pass, Report, always_fatal, fatal,
    list_end::{PageEnd, PageRead, ReadSoFar},
};
use crate::{
    config::Input,
    model::{Moment, SourceId, SourceName},
    plan::{Action, Lookup, Plan, Resume, judge_lookup},
    platform::{ApiError, Holding, Platform, RemoteSource},
    store::{Db, ListReport, ListedSource, Misplaced, StoreError, Terms, Unconfirmed, Unready},
};

/// A list that shifts while it is paged is read this often at most.
const READINGS: u32 = 3;
/// Where the list is wrong about as many sources, others are not asked for in this pass.
const MOST_LOOKUPS: usize = 20;
/// After this many sources that cannot be asked for, the others are not asked for in this pass.
const MOST_UNANSWERED: u64 = 3;
/// The longest name that a platform can have made of one of ours, in bytes: a path has 4,096 at most, and an encoded one three
/// times as many.
const MAX_NAME: usize = 16 << 10;
/// No list has more pages; one that seems to is cut there.
const MOST_PAGES: u64 = 100_000;

/// What reading the list gave.
#[derive(Debug, Default)]
pub(super) struct Listing {
    pub(super) report: ListReport,
    /// Whether it was read whole. What another list does not show is not known to be gone.
    pub(super) complete: bool,
    /// Why a part of it could not be had.
    pub(super) failed: Option<String>,
}

/// How one reading of the list ended.
enum Reading {
    /// With as many sources as the platform announced from the first page to the last.
    Settled,
    /// It shifted on the way, or the platform's total is wrong: the total that each page announced, and whether some of the
    /// sources were not shown for sure.
    Shifted { total: Option<u64>, is_mixed_up: bool },
    /// A page could not be had.
    Failed(String),
}

impl Reading {
    fn shifted(so_far: &ReadSoFar) -> Self {
        Self::Shifted { total: so_far.total(), is_mixed_up: so_far.is_mixed_up() }
    }
}

impl<P: Platform> Pass<'_, P> {
    /// Lists the sources and settles what differs from the store. What was read counts also where a part could not be had;
    /// then nothing is concluded from what was not. `retired` were retired in this pass before, and one of its lists was
    /// not believed where it is `doubted`. Where single sources could not be asked for, they are not asked for again.
    pub(super) async fn list(&self, retired: u64, doubted: bool, refused: Option<String>) -> Result<Listing, Fatal> {
        self.store.call(|db| db.begin_list()).await?;
        let (mut complete, mut failed) = (false, None);
        let mut earlier = None;
        for reading in 1..=READINGS {
            match self.read_list(reading).await? {
                Reading::Settled => complete = true,
                // Two readings that show the same have seen all there is, whatever the totals say, unless the order changes; and
                // so have several that show together as many as each announced.
                Reading::Shifted { total, is_mixed_up } => {
                    if reading > 1 {
                        let same = total.filter(|total| earlier == Some(*total));
                        complete = self.store.call(move |db| db.repeats_list(reading, is_mixed_up, same)).await?;
                    }
                    earlier = total;
                }
                Reading::Failed(reason) => failed = Some(reason),
            }
            if complete || failed.is_some() {
                break;
            }
        }
        let names = |of: fn(&Input) -> bool| {
            let collections = self.scope.collections.iter().filter(move |collection| of(&collection.input));
            collections.map(|collection| collection.name.clone()).collect::<BTreeSet<_>>()
        };
        let abilities = self.platform.abilities();
        let terms = Terms {
            instance: self.scope.instance.clone(),
            configured: names(|_| true),
            crawled: names(|input| matches!(input, Input::Website(_))),
            making: abilities.making,
            lookup: abilities.jobs,
            grace: self.scope.policy.grace,
            job_timeout: self.scope.job_timeout,
            doubted,
            complete,
        };
        let now = self.now();
        let mut report = self.store.call(move |db| db.compare_list(&terms, now, retired)).await?;
        self.confirm(&mut report, refused).await?;
        Ok(Listing { report, complete, failed })
    }

    /// Asks for single sources where the list may be wrong: those that it misses, and those that are deleted and that it
    /// still shows.
    async fn confirm(&self, report: &mut ListReport, refused: Option<String>) -> Result<(), Fatal> {
        let (mut lost, mut found) = (Vec::new(), Vec::new());
        report.refused = refused;
        let unconfirmed = std::mem::take(&mut report.unconfirmed);
        let mut left = unconfirmed.len() as u64;
        let mut refusals = 0;
        for Unconfirmed { replica: id, source, name, named } in unconfirmed {
            if report.refused.is_some() {
                break;
            }
            match self.look_up(&source).await?.map(|answer| judge_lookup(&name, named, answer.as_deref())) {
                Ok(Lookup::Found) => found.push(id),
                Ok(Lookup::Lost) => lost.push(id),
                Ok(Lookup::Unclear) => report.unanswered += 1,
                Err(error) => {
                    (report.unanswered, refusals) = (report.unanswered + 1, refusals + 1);
                    // A key that may not see some may not see the others either.
                    report.refused = (refusals >= MOST_UNANSWERED).then(|| error.to_string());
                }
            }
            left -= 1;
            // A list that is wrong so often says nothing of the others either.
            if found.len() == MOST_LOOKUPS {
                break;
            }
        }
        if report.refused.is_some() {
            report.unanswered += left;
        }
        let mut undeleted = std::mem::take(&mut report.undeleted);
        undeleted.truncate(MOST_LOOKUPS);
        for source in std::mem::take(&mut report.reappeared).into_iter().take(MOST_LOOKUPS) {
            if self.has_source(&source).await? == Some(true) {
                undeleted.push(source);
            }
        }
        let now = self.now();
        let work = move |db: &mut Db| {
            let gone = db.lost(&lost, now)?;
            db.found(&found)?;
            db.retire_again(&undeleted, now)?;
            Ok::<_, StoreError>(gone)
        };
        let (lost, deleted) = self.store.call(work).await?;
        report.lost += lost;
        report.deleted.extend(deleted);
        Ok(())
    }

    /// Gives sources that have the names of other documents their own back, where the platform can rename them, and these are
    /// still theirs: a document that has moved to where its source says has been renamed by now. Gives whether one is to be
    /// uploaded again instead.
    pub(super) async fn restore_names(&self, misplaced: Vec<Misplaced>) -> Result<bool, Fatal> {
        if !self.platform.abilities().rename {
            return Ok(false);
        }
        let now = self.now();
        let (due, replaces) = self.store.call(move |db| db.begin_restoring(misplaced, MOST_LOOKUPS, now)).await?;
        for Misplaced { source, name } in due {
            if let Err(error) = self.platform.rename(&source, &name.to_string()).await {
                let error = fatal(error)?;
                tracing::warn!(%source, %name, %error, "a source has the name of another document");
            }
        }
        Ok(replaces)
    }

    /// Whether the platform has a source; `None` where it cannot tell.
    pub(super) async fn has_source(&self, source: &SourceId) -> Result<Option<bool>, Fatal> {
        Ok(self.look_up(source).await?.ok().map(|name| name.is_some()))
    }

    /// The name of a source, if there is one, or why the platform cannot tell.
    async fn look_up(&self, source: &SourceId) -> Result<Result<Option<String>, ApiError>, Fatal> {
        match self.platform.source(source).await {
            Ok(found) => Ok(Ok(found.map(|found| found.name))),
            Err(error @ ApiError::Denied { .. }) => Err(always_fatal(error)),
            Err(error) => {
                tracing::debug!(%source, %error, "the platform did not say whether it has a source");
                Ok(Err(error))
            }
        }
    }

    /// Takes over sources that somebody else made, and that hold just what is to be put.
    pub(super) async fn adopt_strays(
        &self,
        plan: &mut Plan,
        resume: &mut Resume,
        report: &mut Report,
    ) -> Result<(), Fatal> {
        let puts = plan.actions.iter().filter_map(|action| match action {
            Action::Put { collection, wanted } => Some((collection.clone(), wanted.path.clone(), wanted.hash.short())),
            Action::Delete { .. } | Action::Rename { .. } => None,
        });
        let (wanted, now) = (puts.collect::<Vec<_>>(), self.now());
        let adopted = self.store.call(move |db| db.adopt_strays(&wanted, now)).await?;
        report.adopted += adopted.documents.len() as u64;
        resume.delete.extend(adopted.retiring);
        let adopted: HashSet<_> = adopted.documents.into_iter().collect();
        plan.actions.retain(|action| match action {
            Action::Put { collection, wanted } => !adopted.contains(&(collection.clone(), wanted.path.clone())),
            Action::Delete { .. } | Action::Rename { .. } => true,
        });
        // What holds the same as a document that is on its way is held, or deleted, when that is ready.
        let followed: Vec<_> = resume.follow.iter().map(|replica| replica.id).collect();
        resume.open |= self.store.call(move |db| db.have_strays(&followed)).await?;
        Ok(())
    }

    /// One reading of the list, page by page.
    async fn read_list(&self, reading: u32) -> Result<Reading, Fatal> {
        let (mut at, mut so_far) = (None, ReadSoFar::default());
        // The page to go on with where one cannot be read, and why one could not be.
        let (mut past, mut failed, mut refused) = (None, None, false);
        for page in 1..=MOST_PAGES {
            (self.event)(Event::Listing { page });
            let found = match self.platform.sources(at).await {
                Ok(found) => found,
                Err(error) => {
                    // Many frameworks answer so to a page after the last one.
                    let is_past = page > 1 && error.may_be_past_the_end();
                    if is_past && (failed.is_none() || refused) && so_far.may_be_all(refused) {
                        // Only a total is a word for it; otherwise another reading must show the same.
                        return Ok(if so_far.is_total() { Reading::Settled } else { Reading::shifted(&so_far) });
                    }
                    if error.failure().is_general() && !is_past {
                        return Err(always_fatal(error));
                    }
                    refused = is_past && failed.is_none();
                    failed = Some(error.to_string());
                    at = past.take();
                    if at.is_some() {
                        continue;
                    }
                    break;
                }
            };
            (at, past, refused) = (found.next, found.past_next, false);
            // Where each source can be asked for, none is taken for lost by that.
            if found.passed_over > 0 && !self.platform.abilities().jobs {
                failed = Some("it has sources that are too long to be listed".to_owned());
            }
            let read = PageRead {
                sources: found.sources.iter().map(|source| &source.id).collect::<HashSet<_>>().len() as u64,
                asked: found.asked,
                unreadable: found.unreadable,
                total: found.total,
                may_be_last: found.may_be_last,
                has_next: at.is_some(),
            };
            let sources: Vec<_> = found.sources.into_iter().map(|source| self.listed(source)).collect();
            let new = self.store.call(move |db| db.add_page(reading, &sources)).await?;
            let is_last = match so_far.note(read, new) {
                PageEnd::GoesOn => false,
                PageEnd::LastByTotal => !self.store.call(|db| db.doubts_total()).await?,
                PageEnd::Last => true,
                PageEnd::Endless => {
                    failed = Some("its list of sources grows while it is read, and has no end".to_owned());
                    true
                }
            };
            if is_last {
                if failed.is_some() {
                    break;
                }
                return Ok(if so_far.is_settled() { Reading::Settled } else { Reading::shifted(&so_far) });
            }
        }
        let endless = || format!("its list of sources has more than {MOST_PAGES} pages");
        Ok(Reading::Failed(failed.unwrap_or_else(endless)))
    }

    fn listed(&self, source: RemoteSource) -> ListedSource {
        let created = source.created_at.and_then(|at| u64::try_from(at.as_microsecond()).ok()).map(Moment);
        let parsed = SourceName::parse(&source.name);
        let is_foreign = parsed.as_ref().is_some_and(|name| name.instance != self.scope.instance);
        let name = parsed.filter(|_| !is_foreign);
        // Where nothing can be renamed, a source that we made is ours whatever the platform has always called it.
        let nameless = source.name.is_empty() || !self.platform.abilities().rename && !is_foreign;
        let holds = source.holding == Holding::Document;
        let filled = source.holding.was_filled();
        let done = source.holding == Holding::Done;
        let empty = matches!(source.holding, Holding::Empty | Holding::Failed(_));
        let unready = source.unready.map(|unready| {
            let (lasting, known) = (unready.is_lasting, unready.is_known);
            let end = if lasting { "; this does not change by itself: see there why" } else { "" };
            let reason =
                format!("the platform lists its source as `{}`, so it may not answer from it{end}", unready.status);
            Unready { reason, lasting, known }
        });
        let mut text = source.name;
        text.truncate(text.floor_char_boundary(MAX_NAME));
        ListedSource { id: source.id, text, name, nameless, holds, filled, done, empty, unready, created }
    }
}
