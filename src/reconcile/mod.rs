//! One pass: gather, plan, apply, settle, in rounds until nothing is open.
//!
//! A round lists the platform's sources, looks at every folder, plans and applies. What it leaves open (an answer
//! that was lost, a file that was being written) is what the next round is for, after the wait that it needs.

mod apply;
mod bots;
mod extent;
mod guards;
mod jobs;
mod journal;
mod list;
mod look;
mod looked;
mod machine;
mod pages;
mod paging;
mod phrases;
mod preview;
mod put;
mod report;
mod site;
mod steps;
mod work;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use futures_util::FutureExt;
use rand::{RngExt, rngs::StdRng};
use tokio::sync::{Mutex, watch};
use tracing::Instrument;

pub use bots::{BotChanges, BotFailure, Bots, preview_bots};
pub use extent::Extent;
pub use journal::StoreJournal;
pub use look::scan_options;
pub use machine::{Machine, Work};
pub use pages::{PageList, Reader, access, list_of};
pub use preview::{Preview, preview};
pub use report::{Deed, Document, Event, Failure, Outcome, Report, Sent, Skipped};

use crate::{
    config::{Chatbot, Collection, DeletePolicy, SyncPolicy},
    fetch::lists,
    model::{CollectionName, Instance, Moment, Phase},
    plan::{self, Gathered, Plan, Policy, Resume, UnderWay},
    platform::{ApiError, Platform},
    scan::Watch,
    store::{Store, StoreError},
};

/// Rounds that one pass takes at most; what is still open then waits for the next pass.
const ROUNDS: u32 = 6;
/// Where more sources than this, and more than a tenth of ours, are missing at once, the list is not believed before
/// another pass has seen the same.
const MISSING_AT_MOST: u64 = 20;
/// A job that the platform has not ended by then is judged by its source.
pub const JOB_TIMEOUT: Duration = Duration::from_secs(15 * 60);
/// A site that is down for a moment may say of its pages that they are gone.
pub const GONE_APART: Duration = Duration::from_secs(5 * 60);

/// What a pass is about.
#[derive(Clone, Debug)]
pub struct Scope {
    /// Whose sources are ours.
    pub instance: Instance,
    /// What is kept in step.
    pub collections: Vec<Collection>,
    /// The bots that are kept in step by full passes.
    pub chatbots: Vec<Chatbot>,
    /// How careful to be.
    pub policy: SyncPolicy,
    /// How long the platform may take for one job.
    pub job_timeout: Duration,
    /// Files that are being written are waited for no longer than this, and else left to another pass.
    pub patience: Duration,
    /// Who reads pages.
    pub reader: Reader,
    /// The name of a look at pages that passes share: what one of them has asked for, the next ones do not ask for again.
    /// Without one each pass asks for all.
    pub look: Option<String>,
    /// The least time between two passes that count as having been told that a page is gone.
    pub gone_apart: Duration,
    /// Whether a sentence of each text that goes up is remembered, for `verify` to ask for.
    pub phrases: bool,
    /// How far the pass reaches.
    pub extent: Extent,
    /// Who is told of the folders that are entered.
    pub watches: BTreeMap<CollectionName, Arc<Watch>>,
    /// How many documents the passes before this one have deleted that count against the guards as if it had.
    pub deleted: BTreeMap<CollectionName, u64>,
    /// Its clocks and threads.
    pub machine: Machine,
}

/// Why a pass stopped before its end. What was begun is in the store, and the next pass goes on from there.
#[derive(Debug, thiserror::Error)]
pub enum Fatal {
    /// The key is not accepted.
    #[error("{0}")]
    Denied(String),
    /// The platform cannot be reached or is in trouble.
    #[error("{0}")]
    Unavailable(String),
    /// The platform refuses what a pass cannot do without; trying again will not help.
    #[error("{0}")]
    Refused(String),
    /// Somebody asked to stop.
    #[error("stopped; the next pass goes on from here")]
    Stopped,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// One pass at work.
pub(crate) struct Pass<'a, P> {
    platform: &'a P,
    store: &'a Store,
    scope: &'a Scope,
    stop: watch::Receiver<bool>,
    event: &'a (dyn Fn(Event) + Sync),
    /// The name of its look at pages.
    look: String,
    /// The lists of pages, each read once.
    lists: Mutex<BTreeMap<CollectionName, Arc<lists::Pages>>>,
}

/// Runs a pass. The report says what was done also where the pass stopped before its end.
pub async fn pass<P: Platform>(
    platform: &P,
    store: &Store,
    scope: &Scope,
    stop: watch::Receiver<bool>,
    event: &(dyn Fn(Event) + Sync),
) -> Report {
    let id = format!("{:08x}", rand::make_rng::<StdRng>().random::<u32>());
    // Its name is in every line of a log, whatever the level.
    let span = tracing::error_span!("pass", pass = id);
    let mut report = Report::begun(id.clone(), scope.machine.clock.now(), scope);
    platform.begin();
    forget_kept(scope).await;
    let look = scope.look.clone().unwrap_or(id);
    let pass = Pass { platform, store, scope, stop, event, look, lists: Mutex::default() };
    if let Err(fatal) = pass.run(&mut report).instrument(span).await {
        report.stopped(fatal);
    }
    forget_kept(scope).await;
    report.ended = scope.machine.clock.now();
    report
}

/// Forgets what was kept of pages on their way to the platform.
async fn forget_kept(scope: &Scope) {
    let reader = scope.reader.clone();
    // What stays is in nobody's way.
    let _ = scope.machine.blocking(move || reader.forget()).await;
}

/// What a round leaves to another one.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Open {
    /// Whether there is anything.
    again: bool,
    /// Before which looking again is of no use.
    until: Option<Moment>,
}

impl Open {
    fn again(&mut self) {
        self.again = true;
    }

    fn wait_until(&mut self, until: Moment) {
        self.again = true;
        self.until = self.until.max(Some(until));
    }
}

impl<P: Platform> Pass<'_, P> {
    /// An approval holds for one pass that comes to its end; those that are given meanwhile are for the next one.
    async fn run(&self, report: &mut Report) -> Result<(), Fatal> {
        report.approvals = self.store.call(|db| db.approvals()).await?;
        let with_bots = report.extent == Extent::Full;
        let bots = async { if with_bots { self.bring_bots_in_step().await } else { (Bots::default(), Ok(())) } };
        let (done, (bots, bots_done)) = tokio::join!(self.rounds(report), bots);
        report.bots = bots;
        self.spend(done.is_ok(), report).await?;
        done.and(bots_done)
    }

    async fn rounds(&self, report: &mut Report) -> Result<(), Fatal> {
        for round in 1..=ROUNDS {
            let mut extent = report.extent.clone();
            if extent != Extent::Full && self.needs_list().await? {
                extent = Extent::Full;
            }
            report.extent.clone_from(&extent);
            let open = self.round(&mut extent, report).await?;
            report.extent = extent;
            report.open = open.again;
            if !open.again {
                break;
            }
            if let Some(until) = open.until.filter(|_| round < ROUNDS) {
                (self.event)(Event::Waiting(until.since(self.now())));
                self.sleep_until(until).await?;
            }
        }
        Ok(())
    }

    /// Only a list can tell what has become of what was left under way. A source that retires is deleted without one, and
    /// a website that is being crawled is waited for by passes over its own collection.
    async fn needs_list(&self) -> Result<bool, Fatal> {
        let (under_way, renamed) =
            self.store.call(|db| Ok::<_, StoreError>((db.under_way()?, db.has_unanswered_renames()?))).await?;
        let waits = |one: &UnderWay| one.replica.phase != Phase::Retiring && !self.is_crawled(&one.replica);
        Ok(renamed || under_way.iter().any(waits))
    }

    async fn round(&self, extent: &mut Extent, report: &mut Report) -> Result<Open, Fatal> {
        let mut open = Open::default();
        if *extent == Extent::Full {
            self.gather_list(report, &mut open).await?;
            if !report.full {
                report.configured += self.correct_websites().await?;
                self.forget_other_pages().await?;
            }
        }
        let mut plan = loop {
            let gathered = self.gather_folders(extent, report, &mut open).await?;
            // After the look, which forgets what is gone: nothing waits for a document that has moved there.
            let moves = self.store.call(|db| db.moves()).await?;
            let plan = plan::assemble(gathered, &moves, &policy(&self.scope.policy));
            // What a guard withholds is counted over the whole collection.
            if !extent.widen(plan.withheld.iter().map(|withheld| &withheld.collection)) {
                break plan;
            }
        };
        plan.seen.retain(|collection| extent.is_whole(collection));
        report.judged(extent);
        let (plan, resume) = self.resume(plan, extent, report, &mut open).await?;
        self.apply(plan, resume, report, &mut open).await?;
        Ok(open)
    }

    async fn gather_list(&self, report: &mut Report, open: &mut Open) -> Result<(), Fatal> {
        let listed = self.unless_stopped(self.list(report.retired, report.missing > 0)).await?;
        tracing::debug!(sources = listed.sources, ours = listed.ours, "the platform's sources are listed");
        report.listed(&listed);
        let grace = self.scope.policy.grace;
        if let Some(since) = listed.wait_since {
            open.wait_until(since + grace);
        }
        let unbelievable = listed.missing > MISSING_AT_MOST.max(listed.ours / 10);
        report.missing = if unbelievable { listed.missing } else { 0 };
        if listed.missing > 0 && !unbelievable {
            open.wait_until(self.now() + grace);
        }
        Ok(())
    }

    async fn gather_folders(
        &self,
        extent: &mut Extent,
        report: &mut Report,
        open: &mut Open,
    ) -> Result<Vec<Gathered>, Fatal> {
        let mut gathered = Vec::new();
        report.forget_looks();
        for collection in &self.scope.collections {
            let Some(wake) = extent.of(&collection.name) else { continue };
            let looked = self.unless_stopped(self.look(collection, wake)).await?;
            report.looked(&looked);
            extent.take_in(&collection.name, looked.fresh);
            match looked.settling {
                Some(left) if left <= self.scope.patience => open.wait_until(self.now() + left),
                Some(left) => report.leave(collection.name.clone(), looked.unsettled, left),
                None => {}
            }
            gathered.push(looked.gathered);
        }
        if *extent == Extent::Full {
            gathered.extend(self.look_at_abandoned().await?);
        }
        for one in &mut gathered {
            one.standing.deleted = report.deleted_of(&one.collection);
            // What the rounds before this one have used is counted down in the store.
            let approved = report.approved(&one.collection).min(one.standing.approved);
            one.standing.approved = if extent.is_whole(&one.collection) { approved } else { 0 };
        }
        Ok(gathered)
    }

    /// Notes what the plan withholds, and sorts what was left under way into it.
    async fn resume(
        &self,
        mut plan: Plan,
        extent: &Extent,
        report: &mut Report,
        open: &mut Open,
    ) -> Result<(Plan, Resume), Fatal> {
        report.withheld = std::mem::take(&mut plan.withheld);
        self.note_guards(extent, report).await?;
        let mut under_way = self.store.call(|db| db.under_way()).await?;
        under_way.retain(|one| extent.is_whole(&one.replica.collection) || !self.is_crawled(&one.replica));
        plan.seen.extend(left_the_config(&under_way, self.scope));
        let (grace, never) = (self.scope.policy.grace, policy(&self.scope.policy).never);
        let resume = plan::resume(under_way, &mut plan, never, self.now(), grace);
        if let Some(since) = resume.wait_since {
            open.wait_until(since + grace);
        }
        tracing::debug!(actions = plan.actions.len(), under_way = resume.follow.len(), "the round is planned");
        (self.event)(Event::Planned { actions: plan.actions.len() + resume.follow.len() });
        Ok((plan, resume))
    }

    /// Now, by the pass's clock.
    fn now(&self) -> Moment {
        self.scope.machine.clock.now()
    }

    async fn sleep_until(&self, until: Moment) -> Result<(), Fatal> {
        let sleep = tokio::time::sleep(until.since(self.now()));
        self.unless_stopped(sleep.map(Ok)).await
    }

    /// Does what changes nothing on the platform, unless somebody asks to stop before it ends.
    async fn unless_stopped<T>(&self, work: impl Future<Output = Result<T, Fatal>>) -> Result<T, Fatal> {
        let mut stop = self.stop.clone();
        tokio::select! {
            biased;
            () = stopped(&mut stop) => Err(Fatal::Stopped),
            done = work => done,
        }
    }
}

/// Ends when somebody asks to stop. Where nobody can any more, it never ends.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        std::future::pending().await
    }
}

/// Collections for which something was begun, and that have left the config: nobody wants any of it.
fn left_the_config(under_way: &[UnderWay], scope: &Scope) -> Vec<CollectionName> {
    let is_there = |name: &CollectionName| scope.collections.iter().any(|collection| collection.name == *name);
    under_way.iter().map(|one| one.replica.collection.clone()).filter(|name| !is_there(name)).collect()
}

fn policy(sync: &SyncPolicy) -> Policy {
    Policy {
        max_deletes: sync.max_deletes,
        max_delete_percent: sync.max_delete_percent,
        never: sync.delete == DeletePolicy::Never,
    }
}

/// Sorts an error of the platform: those that stop a pass, and those that concern one document only.
fn fatal(error: ApiError) -> Result<ApiError, Fatal> {
    let failure = error.failure();
    match error {
        ApiError::Denied { .. } => Err(Fatal::Denied(error.to_string())),
        ApiError::Unavailable(reason) => Err(Fatal::Unavailable(reason)),
        error if !failure.is_general() => Ok(error),
        error if failure.transient => Err(Fatal::Unavailable(error.to_string())),
        error => Err(Fatal::Refused(error.to_string())),
    }
}

/// For calls whose every failure stops the pass.
fn always_fatal(error: ApiError) -> Fatal {
    fatal(error).map_or_else(
        |fatal| fatal,
        |error| if error.failure().transient { Fatal::Unavailable } else { Fatal::Refused }(error.to_string()),
    )
}
