//! What a pass did, as data: printing lives in `cli`.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    fmt,
    time::Duration,
};

use super::{Bots, Document, Extent, Fatal, Scope, looked::Looked};
use crate::{
    model::{CollectionName, Footing, Moment},
    pace::Refusals,
    plan::{Deletion, HeldReplacements, TRIED_AGAIN, Why, Withheld},
    scan::Wake,
    store::{Approvals, ListReport},
};

/// A document that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Which.
    pub document: Document,
    /// Why, and what to do.
    pub reason: String,
}

impl Failure {
    /// Whether the document is tried again without a person's doing.
    pub fn is_tried_again(&self) -> bool {
        self.reason.ends_with(TRIED_AGAIN)
    }
}

/// Whether documents count as failed without an attempt in this pass: quarantined ones, those with a source that could not be
/// deleted, and skipped files of which the platform keeps an older version.
pub(super) fn failed_before(quarantined: &[Failure], undeleted: &[Failure], skipped: &[Skipped]) -> bool {
    !quarantined.is_empty() || !undeleted.is_empty() || skipped.iter().any(|skipped| skipped.kept)
}

/// A file that could be a document and is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// Which.
    pub document: Document,
    /// Why.
    pub reason: String,
    /// Whether the platform holds an older version, which stays and answers in its place.
    pub kept: bool,
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kept = if self.kept { "; the platform keeps the older version" } else { "" };
        write!(f, "skipped {}: {}{kept}", self.document, self.reason)
    }
}

/// A document that has been written for long, and so often that it was never read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BeingWritten {
    /// Which.
    pub document: Document,
    /// Since when, by the wall's clock.
    pub since: Moment,
    /// For how long it must be left alone to be read.
    pub settle: Duration,
    /// Whether the platform holds an older version, which stays and answers in its place.
    pub kept: bool,
}

/// How a pass ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The platform is in step.
    Ok,
    /// Some documents failed.
    Failed,
    /// A guard, or a folder that could not be seen whole, withholds deletions.
    Held,
    /// Something is still open: another pass will go on.
    Temporary,
    /// The key is refused.
    Denied,
    /// Anything else.
    Broken,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Ok, Self::Failed, Self::Held, Self::Temporary, Self::Denied, Self::Broken];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::Held => "held",
            Self::Temporary => "temporary",
            Self::Denied => "denied",
            Self::Broken => "broken",
        }
    }
}

/// What a pass did.
#[derive(Debug, Default)]
pub struct Report {
    /// What tells it from other passes, in the logs and in the status.
    pub id: String,
    /// When it began.
    pub started: Moment,
    /// When it ended.
    pub ended: Moment,
    /// Documents that are there.
    pub documents: u64,
    /// New documents that the platform holds now.
    pub added: u64,
    /// Changed documents that the platform holds now in their new version.
    pub replaced: u64,
    /// Documents whose source has a new name.
    pub renamed: u64,
    /// Documents whose source was deleted.
    pub deleted: u64,
    /// Sources that became the record of a document without an upload.
    pub adopted: u64,
    /// Sources that the platform had lost.
    pub lost: u64,
    /// Sources of ours that nothing referred to, and that were deleted.
    pub retired: u64,
    /// More of them, left to another pass.
    pub spare: u64,
    /// Collections whose website the platform is still crawling.
    pub crawling: BTreeSet<CollectionName>,
    /// Settings of sources that were put right.
    pub configured: u64,
    /// What was done about bots.
    pub bots: Bots,
    /// Bytes that went up.
    pub bytes: u64,
    /// Documents that failed in this pass.
    pub failed: Vec<Failure>,
    /// Files and folders that could not be read.
    pub unreadable: Vec<Failure>,
    /// Lists of pages that could not be read.
    pub unlisted: Vec<Failure>,
    /// Why the platform's list of sources could not be read whole, where it failed.
    pub unlisted_sources: Option<String>,
    /// Documents that failed before and have not changed.
    pub quarantined: Vec<Failure>,
    /// Documents with a source whose deletion has failed, in an earlier pass or without that the platform said so.
    pub undeleted: Vec<Failure>,
    /// Documents whose source was ready, and that the platform has not had ready for long.
    pub unready: Vec<Failure>,
    /// Whether the platform says of any of them that it does not become ready by itself.
    pub is_any_unready_lasting: bool,
    /// Whether the list has shown any source as not ready that was, and that may become ready by itself.
    pub is_any_unready: bool,
    /// When documents of a collection are tried again that failed by no fault of their own, and deletions.
    pub retries: BTreeMap<CollectionName, Moment>,
    /// Pages of which what is known may be old.
    pub stale: Vec<Failure>,
    /// Files that are left out.
    pub skipped: Vec<Skipped>,
    /// Documents that have been written for long, and so often that they were never read.
    pub being_written: Vec<BeingWritten>,
    /// Collections whose folder has no file that their filter takes.
    pub unmatched: BTreeSet<CollectionName>,
    /// Deletions that were not made.
    pub withheld: Vec<Withheld>,
    /// Replacements that were not made.
    pub held_replacements: Vec<HeldReplacements>,
    /// Sources with our marker of collections that are not ours, by collection.
    pub strangers: BTreeMap<String, u64>,
    /// What the folders that were seen stand on.
    pub footings: BTreeMap<CollectionName, Footing>,
    /// Sources that are missing from the platform's list, and more of them than is believed at once.
    pub missing: u64,
    /// Sources that are missing from the platform's list, and of which it did not say whether it has them.
    pub unconfirmed: u64,
    /// The error of these lookups, once a few of them have failed.
    pub unconfirmed_for: Option<String>,
    /// Sources that the list shows without their documents, and more of them than is believed at once.
    pub emptied: u64,
    /// For how long files are left to settle, where that is longer than a pass waits.
    pub settling: Option<Duration>,
    /// Where those files are.
    pub unsettled: BTreeMap<CollectionName, Wake>,
    /// Whether something is left for another pass.
    pub open: bool,
    /// Before which another pass is of no use for it, where that is known.
    pub not_before: Option<Moment>,
    /// Whether the platform's list was read.
    pub listed: bool,
    /// Why the pass stopped before its end.
    pub fatal: Option<Fatal>,
    /// Whether the platform was listed and every folder looked at.
    pub full: bool,
    /// Deletions of this pass and of those before it that count against its guards.
    pub deleted_of: BTreeMap<CollectionName, u64>,
    /// How far it reached, or would have; where it was stopped, this is to be done again.
    pub extent: Extent,
    /// Documents that a look at a part has found changed.
    pub urgent: HashSet<Document>,
    /// Why the platform takes no document.
    pub(super) refused: Option<Fatal>,
    /// Refusals that may be the documents' own, and of which documents they are.
    pub(super) refusals: (Refusals, HashSet<Document>),
    /// Deletions that wait for what may take their places.
    pub(super) waiting: Vec<(CollectionName, Deletion)>,
    /// The approvals that it began with.
    pub(super) approvals: BTreeMap<String, Approvals>,
    judged: Extent,
}

impl Report {
    pub(super) fn begun(id: String, now: Moment, scope: &Scope) -> Self {
        let (deleted_of, extent) = (scope.deleted.clone(), scope.extent.clone());
        let judged = Extent::Part(BTreeMap::new());
        Self { id, started: now, deleted_of, extent, judged, ..Self::default() }
    }

    /// So far the guards were asked.
    pub(super) fn judged(&mut self, extent: &Extent) {
        self.full |= *extent == Extent::Full;
        self.judged = extent.clone();
    }

    /// Whether the guard of a collection was asked.
    pub fn is_judged(&self, collection: &CollectionName) -> bool {
        self.judged.is_whole(collection)
    }

    pub(super) fn listed(&mut self, listed: &ListReport) {
        self.added += listed.added;
        self.replaced += listed.replaced;
        self.adopted += listed.adopted;
        self.lost += listed.lost;
        self.retired += listed.retired;
        self.spare = listed.spare;
        self.strangers.clone_from(&listed.strangers);
    }

    /// Documents with a source that could not be deleted, except those whose deletion failed in this pass: they are reported already.
    pub(super) fn undeleted(&mut self, undeleted: Vec<Failure>) {
        let known = |failure: &Failure| self.failed.iter().any(|failed| failed.document == failure.document);
        self.undeleted = undeleted.into_iter().filter(|failure| !known(failure)).collect();
    }

    /// A new round looks at everything again: what the last look said is not said twice.
    pub(super) fn forget_looks(&mut self) {
        self.documents = 0;
        self.settling = None;
        self.unsettled.clear();
        self.quarantined.clear();
        self.stale.clear();
        self.unlisted.clear();
        self.skipped.clear();
        self.being_written.clear();
        self.unmatched.clear();
        self.unreadable.clear();
    }

    pub(super) fn looked(&mut self, looked: &Looked) {
        self.documents += looked.documents;
        let known = |failure: &&Failure| self.failed.iter().all(|failed| failed.document != failure.document);
        self.quarantined.extend(looked.quarantined.iter().filter(known).cloned());
        self.stale.extend_from_slice(&looked.stale);
        self.unlisted.extend_from_slice(&looked.unlisted);
        self.skipped.extend_from_slice(&looked.skipped);
        self.being_written.extend_from_slice(&looked.being_written);
        self.unmatched.extend(looked.is_unmatched.then(|| looked.gathered.collection.clone()));
        self.unreadable.extend_from_slice(&looked.failed);
        if let Some(footing) = &looked.footing {
            self.footings.insert(looked.gathered.collection.clone(), footing.clone());
        }
    }

    /// Files there are being written: they are left to another pass, so much later.
    pub(super) fn leave(&mut self, collection: CollectionName, unsettled: Wake, left: Duration) {
        self.settling = self.settling.max(Some(left));
        self.unsettled.entry(collection).or_default().merge(unsettled);
    }

    /// This is the rest of a pass that was interrupted: what it did before counts as well.
    pub fn continues(&mut self, earlier: Self) {
        self.id = earlier.id;
        self.started = earlier.started;
        self.added += earlier.added;
        self.replaced += earlier.replaced;
        self.renamed += earlier.renamed;
        self.deleted += earlier.deleted;
        self.adopted += earlier.adopted;
        self.lost += earlier.lost;
        self.retired += earlier.retired;
        self.configured += earlier.configured;
        self.bytes += earlier.bytes;
        // What failed before is left alone now, or was tried again.
        for failure in earlier.failed {
            if self.quarantined.iter().any(|left| left.document == failure.document) {
                self.quarantined.retain(|left| left.document != failure.document);
                self.failed.push(failure);
            }
        }
        if !self.listed {
            self.spare = earlier.spare;
            self.missing = earlier.missing;
            self.emptied = earlier.emptied;
            self.is_any_unready = earlier.is_any_unready;
            self.strangers = earlier.strangers;
            self.listed = earlier.listed;
        }
        self.full |= earlier.full;
        self.urgent.extend(earlier.urgent);
    }

    pub(super) fn stopped(&mut self, fatal: Fatal) {
        self.fatal = Some(fatal);
    }

    /// A document is to be deleted, and nothing holds that up any more.
    pub(super) fn going(&mut self, collection: &CollectionName) {
        *self.deleted_of.entry(collection.clone()).or_default() += 1;
    }

    /// A document's source was deleted.
    pub(super) fn deleted(&mut self, document: &Document) {
        self.deleted += 1;
        self.succeeded(document);
    }

    /// How many deletions of a collection count against its guard.
    pub(super) fn deleted_of(&self, collection: &CollectionName) -> u64 {
        self.deleted_of.get(collection).copied().unwrap_or(0)
    }

    /// A document failed; what was said of it before is said no more.
    pub(super) fn fail(&mut self, failure: Failure) {
        self.succeeded(&failure.document);
        self.failed.push(failure);
    }

    /// What was to be done for a document is done, at last.
    pub(super) fn succeeded(&mut self, document: &Document) {
        self.failed.retain(|failure| failure.document != *document);
    }

    /// Documents and lists that failed or could not be read.
    pub fn failures(&self) -> impl Iterator<Item = &Failure> {
        self.failed.iter().chain(&self.unreadable).chain(&self.unlisted)
    }

    /// Whether anything was changed on the platform.
    pub fn changed(&self) -> u64 {
        self.added + self.replaced + self.renamed + self.deleted + self.configured
    }

    /// Whether another full pass has something to go on with.
    pub fn is_open(&self) -> bool {
        self.open
            || self.missing > 0
            || self.unconfirmed > 0
            || self.emptied > 0
            || self.unlisted_sources.is_some()
            || self.spare > 0
            || self.bots.unavailable.is_some()
    }

    /// How the pass ended; the worst of what happened.
    pub fn outcome(&self) -> Outcome {
        match &self.fatal {
            Some(Fatal::Denied(_)) => Outcome::Denied,
            Some(Fatal::Unavailable(_) | Fatal::Stopped) => Outcome::Temporary,
            Some(Fatal::Store(error)) if error.is_temporary() => Outcome::Temporary,
            Some(Fatal::Store(_) | Fatal::Refused(_)) => Outcome::Broken,
            None if self.failures().next().is_some() || !self.bots.failed.is_empty() => Outcome::Failed,
            None if self.withheld.iter().any(|withheld| withheld.why != Why::Never) => Outcome::Held,
            None if !self.held_replacements.is_empty() => Outcome::Held,
            // An old failure must not hide that a guard waits for a person.
            None if failed_before(&self.quarantined, &self.undeleted, &self.skipped) => Outcome::Failed,
            None if self.is_any_unready_lasting => Outcome::Failed,
            None if self.is_open() || !self.crawling.is_empty() || !self.unready.is_empty() => Outcome::Temporary,
            None => Outcome::Ok,
        }
    }
}
