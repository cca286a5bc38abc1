//! One pass: gather, plan, apply, settle, in rounds until nothing is open.
//!
//! A round lists the platform's sources, looks at every folder, plans and applies. What it leaves open (an answer
//! that was lost, a file that was being written) is what the next round is for, after the wait that it needs.

mod apply;
mod asking;
mod bots;
mod content;
mod deletion;
mod event;
mod extent;
mod followed;
mod guards;
mod jobs;
mod journal;
mod known;
mod list;
mod list_end;
mod look;
mod looked;
mod machine;
mod marker;
mod pages;
mod paging;
mod phrases;
mod preview;
mod progress;
mod put;
mod replaced;
mod report;
mod rounds;
mod scope;
mod site;
mod steps;
mod twice;
mod unread;
mod work;

use std::{
    collections::{BTreeMap, HashSet},
    time::Duration,
};

use futures_util::FutureExt;
use rand::{RngExt, rngs::StdRng};
use tokio::sync::{Mutex, watch};
use tracing::Instrument;

pub use bots::{BotChanges, BotFailure, Bots, preview_bots};
pub use content::{UploadContent, file_content};
pub use event::{Deed, Document, Event, Sent};
pub use extent::Extent;
pub use journal::StoreJournal;
use list::Listing;
pub use look::scan_options;
pub use machine::{Machine, Work};
use pages::SoFar;
pub use pages::{HostBudget, PageList, Reader, access, list_of, page_content};
pub use preview::{Preview, preview};
pub use progress::{Standing, Tracker};
pub use report::{BeingWritten, Failure, Outcome, Report, Skipped};
use rounds::Open;
pub use scope::{Earlier, Scope};

use crate::{
    config::{DeletePolicy, SyncPolicy},
    model::{CollectionName, DocPath, Moment, SourceId},
    pace::scope_of_all_refused,
    plan::{Policy, UnderWay},
    platform::{ApiError, FailureScope, Platform},
    store::{Db, Store, StoreError},
};

/// A job that the platform has not ended by then is judged by its source.
pub const JOB_TIMEOUT: Duration = Duration::from_secs(15 * 60);
/// A site that is down for a moment may say of its pages that they are gone.
pub const GONE_APART: Duration = Duration::from_secs(5 * 60);
/// A first document of a large site is up within a minute; twice as long each time, the rest is soon in few rounds.
pub const PAUSE_AFTER: Duration = Duration::from_secs(30);

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
    /// What its looks at pages have found so far.
    pages: Mutex<BTreeMap<CollectionName, SoFar>>,
    /// The sources that this round deletes, or has deleted.
    deleting: Mutex<HashSet<SourceId>>,
    /// The sources whose deletion this pass has requested without a clear answer, where only a list tells.
    unclear: Mutex<HashSet<SourceId>>,
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
    scope.reader.fetching().time().begin(&look);
    let (pages, deleting, unclear) = (Mutex::default(), Mutex::default(), Mutex::default());
    let pass = Pass { platform, store, scope, stop, event, look, pages, deleting, unclear };
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

impl<P: Platform> Pass<'_, P> {
    /// An approval holds for one pass that comes to its end; those that are given meanwhile are for the next one.
    async fn run(&self, report: &mut Report) -> Result<(), Fatal> {
        let (now, whole) = (self.now(), report.extent.whole_collections());
        report.approvals = self
            .store
            .call(move |db| {
                db.release_due(whole.as_deref(), now)?;
                db.approvals()
            })
            .await?;
        let with_bots = report.extent == Extent::Full;
        let bots = async { if with_bots { self.bring_bots_in_step().await } else { (Bots::default(), Ok(())) } };
        let (done, (bots, bots_done)) = tokio::join!(self.rounds(report), bots);
        report.bots = bots;
        self.spend(done.is_ok(), report).await?;
        let is_general = matches!(done, Err(Fatal::Denied(_) | Fatal::Unavailable(_) | Fatal::Refused(_)));
        let (retries, undeleted, unready, lasting) = self
            .store
            .call(move |db| {
                // What failed for everything has failed for no document alone.
                if is_general {
                    db.release_due(None, Moment(i64::MAX.cast_unsigned()))?;
                }
                let (unready, lasting) = (failures(db.unready()?), db.is_any_unready_lasting()?);
                Ok::<_, StoreError>((db.next_retries()?, undeleted(db)?, unready, lasting))
            })
            .await?;
        report.retries = retries;
        report.undeleted(undeleted);
        report.unready = unready;
        report.is_any_unready_lasting = lasting;
        done.and(bots_done)
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

/// Documents with a source whose deletion has failed.
fn undeleted(db: &Db) -> Result<Vec<Failure>, StoreError> {
    Ok(failures(db.undeleted()?))
}

/// Rows of the store (collection, path, reason) as failures.
fn failures(rows: Vec<(String, String, String)>) -> Vec<Failure> {
    let document = |collection: &str, path: &str| {
        Some(Document::new(&CollectionName::new(collection).ok()?, &DocPath::new(path).ok()?))
    };
    let failure =
        |(of, path, reason): (String, String, String)| Some(Failure { document: document(&of, &path)?, reason });
    rows.into_iter().filter_map(failure).collect()
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

/// What it would mean that every document is refused so.
fn if_all_are_refused(error: ApiError) -> Option<Fatal> {
    let is_documents = error.failure().scope == FailureScope::Document;
    let ApiError::Refused { status, message, .. } = &error else { return None };
    Some(match scope_of_all_refused(*status).filter(|_| is_documents)? {
        all if all.transient => Fatal::Unavailable(error.to_string()),
        all if all.scope == FailureScope::Account => {
            let (status, message) = (*status, message.clone());
            Fatal::Denied(ApiError::Denied { status, message }.to_string())
        }
        _ => Fatal::Refused(error.to_string()),
    })
}
