//! The rounds of a pass: what one leaves open is what the next one is for, after the wait that it needs.

use std::collections::{BTreeSet, HashSet};

use super::{
    Deed, Document, Event, Extent, Fatal, Listing, Pass, Report, extent::folder_of, left_the_config, policy,
    twice::Waits,
};
use crate::{
    config::Input,
    model::{CollectionName, Moment, Phase},
    plan::{self, Action, Gathered, Gone, Plan, Resume, RewrittenName, Terms, UnderWay, Why, Withheld},
    platform::Platform,
    store::{MISSING_AT_MOST, Misplaced, StoreError},
};

/// Rounds that one pass takes at most; what is still open then waits for the next pass.
const ROUNDS: u32 = 6;

/// What a round leaves to another one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Open {
    /// Whether there is anything.
    again: bool,
    /// Before which another round is of no use.
    until: Option<Moment>,
    /// Whether that needs the platform's list.
    list: bool,
    /// Whether deletions wait for what may be their successors.
    waiting: bool,
    /// The collections of pages, while some were not asked for yet: any of them may have moved to another collection.
    paused: BTreeSet<CollectionName>,
}

impl Open {
    pub(super) fn again(&mut self) {
        self.again = true;
    }

    pub(super) fn wait_until(&mut self, until: Moment) {
        self.again = true;
        self.until = self.until.max(Some(until));
    }

    /// Whether there are pages that were not asked for yet.
    pub(super) fn is_paused(&self) -> bool {
        !self.paused.is_empty()
    }

    /// Another round is needed, not before then, and it needs the platform's list.
    pub(super) fn list_at(&mut self, until: Moment) {
        self.wait_until(until);
        self.list = true;
    }
}

impl<P: Platform> Pass<'_, P> {
    pub(super) async fn rounds(&self, report: &mut Report) -> Result<(), Fatal> {
        let mut waits = Waits { pause_after: self.scope.pause_after, folders_first: true };
        let mut list = report.extent == Extent::Full && !self.scope.earlier.listed;
        let (mut was_refused, mut round, mut rounds_of_folders) = (false, 0, 0);
        let mut relist = None;
        while round < ROUNDS {
            round += 1;
            let mut extent = report.extent.clone();
            if self.needs_list(&extent, round).await? {
                (list, extent) = (true, Extent::Full);
            }
            self.widen_to_held(&mut extent).await?;
            report.extent.clone_from(&extent);
            let mut open = self.round(&mut extent, (list, waits), report).await?;
            // What was found so far is up: the pages that are left are asked for, and only then counts what is open.
            if !open.paused.is_empty() {
                relist = relist.max(open.until.filter(|_| open.list));
                (report.extent, list) = (extent, false);
                round -= 1;
                if waits.folders_first {
                    rounds_of_folders += 1;
                    // What a deletion has waited for is up.
                    waits.folders_first = open.again && open.until.is_none() && rounds_of_folders < ROUNDS;
                } else {
                    waits.pause_after = waits.pause_after.saturating_mul(2);
                }
                continue;
            }
            waits.folders_first = false;
            relist.take().into_iter().for_each(|until| open.list_at(until));
            (report.extent, list) = (extent, open.list && report.extent == Extent::Full);
            // What waits for documents that the platform does not take is planned without them, once.
            if report.refused.is_some() {
                if open.waiting && !std::mem::replace(&mut was_refused, true) {
                    list = false;
                    continue;
                }
                break;
            }
            report.open = open.again;
            report.not_before = open.until;
            // What only a list can tell is left to a full pass, and what only time can settle to one that waits.
            let is_left = open.list && report.extent != Extent::Full;
            let can_wait = open.until.is_some() && !self.scope.patience.is_zero();
            if !open.again || is_left || open.until.is_some() && !can_wait {
                break;
            }
            if let Some(until) = open.until.filter(|_| round < ROUNDS) {
                (self.event)(Event::Waiting(until.since(self.now())));
                self.sleep_until(until).await?;
            }
        }
        report.refused.take().map_or(Ok(()), Err)
    }

    /// Whether only a list shows what has become of something. A pass over a part reads one only where deletions depend on
    /// it: which of its two names a source has whose rename was not answered, and whether one is there whose deletion was
    /// not. Everything else that is under way it follows without one, or leaves to a full pass.
    async fn needs_list(&self, extent: &Extent, round: u32) -> Result<bool, Fatal> {
        let (under_way, renamed) =
            self.store.call(|db| Ok::<_, StoreError>((db.under_way()?, db.has_unanswered_renames()?))).await?;
        let waits = |one: &UnderWay| match one.replica.phase {
            Phase::Intent | Phase::Unknown | Phase::Uploading => true,
            Phase::Created | Phase::Ingesting | Phase::Spoilt | Phase::Ready | Phase::Retiring => one.missing,
        };
        let now = self.now();
        let is_due = |one: &UnderWay| {
            one.replica.phase == Phase::Retiring && one.missing && one.retry_at.is_none_or(|at| at <= now)
        };
        Ok(renamed
            || round == 1 && under_way.iter().any(is_due)
            || *extent == Extent::Full && round > 1 && under_way.iter().any(waits))
    }

    /// What is held is counted over the whole collection, so that it is released as soon as its files are back.
    async fn widen_to_held(&self, extent: &mut Extent) -> Result<(), Fatal> {
        let Extent::Part(wakes) = &*extent else { return Ok(()) };
        let guarded = self.store.call(|db| db.guarded_collections()).await?;
        let held: Vec<_> =
            wakes.keys().filter(|name| guarded.iter().any(|held| held == name.as_str())).cloned().collect();
        extent.widen(held.iter());
        Ok(())
    }

    /// One round, with the platform's list or without.
    async fn round(
        &self,
        extent: &mut Extent,
        (list, waits): (bool, Waits),
        report: &mut Report,
    ) -> Result<Open, Fatal> {
        let (mut open, mut misplaced) = (Open::default(), None);
        if list {
            misplaced = Some(self.gather_list(report, &mut open).await?);
            report.listed = true;
            if !report.full {
                report.configured += self.correct_websites().await?;
                self.forget_other_pages().await?;
            }
        }
        let mut plan = loop {
            let gathered = self.gather_folders(extent, waits, report, &mut open).await?;
            // After the look, which forgets what is gone: nothing waits for a document that has moved there.
            let moves = self.store.call(|db| db.moves()).await?;
            let plan = plan::assemble(gathered, &moves, &policy(&self.scope.policy));
            // What a guard withholds is counted over the whole collection.
            let replacements = plan.held_replacements.iter().map(|held| &held.collection);
            let guarded = plan.withheld.iter().map(|withheld| &withheld.collection).chain(replacements);
            if !extent.widen(guarded) {
                break plan;
            }
        };
        self.reassign_sources(std::mem::take(&mut plan.rewritten_names)).await?;
        plan.seen.retain(|collection| extent.is_whole(collection));
        if open.paused.is_empty() {
            report.judged(extent);
        }
        self.wait_for_successors(&plan, report, &mut open).await?;
        let (plan, resume) = self.resume(plan, list, extent, report, &mut open).await?;
        self.apply(plan, resume, report, &mut open).await?;
        if let Some(misplaced) = misplaced
            && self.restore_names(misplaced).await?
        {
            open.again();
        }
        Ok(open)
    }

    /// Notes of which documents sources are that were taken for those of others.
    async fn reassign_sources(&self, rewritten: Vec<RewrittenName>) -> Result<(), Fatal> {
        if rewritten.is_empty() {
            return Ok(());
        }
        for RewrittenName { found: (away, found), of: (collection, path) } in &rewritten {
            tracing::info!(
                "the source of {away}/{} is one of {collection}/{path}, whose name was rewritten",
                found.path
            );
        }
        let now = self.now();
        Ok(self.store.call(move |db| db.reassign_sources(&rewritten, now)).await?)
    }

    /// Lists the sources; gives those that have the names of other documents.
    async fn gather_list(&self, report: &mut Report, open: &mut Open) -> Result<Vec<Misplaced>, Fatal> {
        let doubted = report.missing > 0 || report.emptied > 0;
        let listing = self.unless_stopped(self.list(report.retired, doubted, report.unconfirmed_for.clone())).await?;
        let Listing { report: listed, complete, failed } = listing;
        tracing::debug!(sources = listed.sources, ours = listed.ours, complete, "listed the platform's sources");
        if let Some(reason) = &failed
            && listed.sources == 0
            && !self.store.call(|db| db.knows_sources()).await?
        {
            return Err(Fatal::Unavailable(format!(
                "nothing is uploaded, as it may be there already: this state has seen no list of the platform's sources, and \
                 none can be read ({reason})"
            )));
        }
        report.listed(&listed);
        for (collection, path) in &listed.deleted {
            let document = Document::new(collection, path);
            report.deleted(&document);
            (self.event)(Event::Done { deed: Deed::Deleted, document });
        }
        report.unlisted_sources = failed;
        let grace = self.scope.policy.grace;
        if let Some(since) = listed.wait_since {
            open.list_at(since + grace);
        }
        let unbelievable = listed.missing > MISSING_AT_MOST.max(listed.ours / 10);
        report.missing = if unbelievable { listed.missing } else { 0 };
        report.unconfirmed = listed.unanswered;
        report.unconfirmed_for = listed.refused;
        report.emptied = listed.emptied_many;
        report.is_any_unready = listed.unready > 0;
        if listed.missing > 0 && !unbelievable || listed.emptied > 0 {
            open.list_at(self.now() + grace);
        }
        // Once a pass: where the document is not up by then, the next pass lists again.
        if listed.older_stays && !report.listed {
            open.list_at(self.now());
        }
        Ok(listed.misplaced)
    }

    async fn gather_folders(
        &self,
        extent: &mut Extent,
        waits: Waits,
        report: &mut Report,
        open: &mut Open,
    ) -> Result<Vec<Gathered>, Fatal> {
        let mut gathered = Vec::new();
        report.forget_looks();
        let mut is_paused = false;
        for looked in self.look_twice(extent, waits).await? {
            let collection = looked.gathered.collection.clone();
            report.looked(&looked);
            if let Some(rules) = looked.rule_files {
                let name = collection.clone();
                self.store.call(move |db| db.note_rules(&name, &rules)).await?;
            }
            if *extent != Extent::Full {
                let changed = looked.changed.iter().map(|path| Document::new(&collection, path));
                report.urgent.extend(changed);
            }
            match looked.settling {
                Some(left) if left <= self.scope.patience => open.wait_until(self.now() + left),
                Some(left) => report.leave(collection.clone(), looked.unsettled.clone(), left),
                None => {}
            }
            if let Some(settle) = looked.being_written.iter().map(|one| one.settle).max() {
                report.leave(collection, looked.unsettled, settle);
            }
            if looked.missed_once {
                open.again();
            }
            is_paused |= looked.paused;
            gathered.push(looked.gathered);
        }
        let is_pages = |name: &CollectionName| is_paused && matches!(self.input(name), Some(Input::Pages(_)));
        open.paused = gathered.iter().map(|one| one.collection.clone()).filter(is_pages).collect();
        let pages = gathered.iter_mut().filter(|one| open.paused.contains(&one.collection));
        pages.for_each(Gathered::defer_doubtful);
        if *extent == Extent::Full {
            // A page that has left the config may be in another collection, whose pages were not read yet.
            let is_sure = |one: &Gathered| !is_paused || one.has_files_alone();
            gathered.extend(self.look_at_abandoned().await?.into_iter().filter(is_sure));
        }
        // What an earlier round or pass has made to wait goes on waiting for everything that may have taken its place.
        if gathered.iter().flat_map(|one| &one.gone).any(|gone| gone.successor.is_some()) {
            gathered.iter_mut().for_each(|one| one.known.clear());
        }
        if report.refused.is_some() {
            plan::refuse_new(&mut gathered);
        }
        for one in gathered.iter_mut().filter(|one| !open.paused.contains(&one.collection)) {
            let name = one.collection.clone();
            (one.strays, one.begun) = self
                .store
                .call(move |db| Ok::<_, StoreError>((db.strays(&name)?, db.begun_for_missing(&name)?)))
                .await?;
            one.standing.deleted = one.standing.deleted.max(report.deleted_of(&one.collection));
            // What the rounds before this one have used is in the store no more.
            let began = report.approvals.get(one.collection.as_str()).filter(|_| extent.is_whole(&one.collection));
            one.standing.approved.retain(|one| began.is_some_and(|began| began.deletions.contains(one)));
            one.replacements.approved.retain(|one| began.is_some_and(|began| began.replacements.contains(one)));
        }
        Ok(gathered)
    }

    /// Notes what the plan withholds, and sorts what was left under way into it.
    async fn resume(
        &self,
        mut plan: Plan,
        listed: bool,
        extent: &Extent,
        report: &mut Report,
        open: &mut Open,
    ) -> Result<(Plan, Resume), Fatal> {
        report.withheld = self.misnamed().await?;
        report.withheld.append(&mut plan.withheld);
        report.held_replacements = std::mem::take(&mut plan.held_replacements);
        self.note_guards(extent, &open.paused, report).await?;
        let (mut under_way, done) =
            self.store.call(|db| Ok::<_, StoreError>((db.under_way()?, db.perhaps_done()?))).await?;
        under_way.iter_mut().for_each(|one| one.note_done(&done));
        under_way.retain(|one| extent.is_whole(&one.replica.collection) || !self.is_crawled(&one.replica));
        plan.seen.extend(left_the_config(&under_way, self.scope));
        let (grace, never) = (self.scope.policy.grace, policy(&self.scope.policy).never);
        let mut resume = plan::resume(under_way, &mut plan, Terms { listed, never, grace }, self.now());
        if let Some(since) = resume.wait_since {
            open.list_at(since + grace);
        }
        self.adopt_strays(&mut plan, &mut resume, report).await?;
        tracing::debug!(actions = plan.actions.len(), under_way = resume.follow.len(), "the round is planned");
        let estimate = plan::estimate(&plan, self.platform.gap(), 0, &self.platform.abilities().price());
        (self.event)(Event::Planned { actions: plan.actions.len(), followed: resume.follow.len(), estimate });
        Ok((plan, resume))
    }

    /// What is withheld because of the names that sources have on the platform.
    async fn misnamed(&self) -> Result<Vec<Withheld>, Fatal> {
        let misnamed = self.store.call(|db| db.misnamed()).await?;
        let withheld = misnamed.into_iter().map(|(collection, (documents, of))| {
            let gone = documents.into_iter().map(|(path, live)| Gone {
                path,
                live,
                size: 0,
                min_hash: None,
                made_here: true,
                successor: None,
                overdue: false,
            });
            Withheld { collection, gone: gone.collect(), of, why: Why::Misnamed }
        });
        Ok(withheld.collect())
    }

    /// Notes what has moved, and has deletions that wait for possible successors planned again when these are ready.
    async fn wait_for_successors(&self, plan: &Plan, report: &mut Report, open: &mut Open) -> Result<(), Fatal> {
        if !plan.begun_moves.is_empty() {
            // In this order: what goes when the new place is held must be known before anything is sent there.
            let begun = plan.begun_moves.clone();
            self.store.call(move |db| db.begin_moves(&begun)).await?;
        }
        report.waiting.clear();
        if plan.waiting.is_empty() {
            return Ok(());
        }
        open.waiting = true;
        let (waiting, now) = (plan.waiting.clone(), self.now());
        self.store.call(move |db| db.note_successors(&waiting, now)).await?;
        // A successor whose own replacement is held does not come.
        let held = plan.held_replacements.iter();
        let held = held.flat_map(|held| held.documents.iter().map(|path| (&held.collection, path)));
        let held: HashSet<_> = held.collect();
        let comes = |gone: &Gone| gone.successor.as_ref().is_none_or(|(of, path)| !held.contains(&(of, path)));
        let puts = plan.actions.iter().any(|action| matches!(action, Action::Put { .. }));
        if (report.settling.is_none() || puts) && plan.waiting.iter().any(|(_, gone)| comes(gone)) {
            open.again();
        }
        report.waiting = plan.waiting.iter().map(|(collection, gone)| (collection.clone(), gone.deletion())).collect();
        // What is still being written is left to another pass, and so is what waits for it.
        if let Some(left) = report.settling {
            for (collection, gone) in &plan.waiting {
                report.leave(collection.clone(), folder_of(&gone.path), left);
            }
        }
        Ok(())
    }
}
