//! Putting one document: intent before request, and every answer noted before the next step.

use std::{fs::File, io, time::Duration};

use super::{
    Fatal, Pass, always_fatal, fatal, if_all_are_refused, marker::unmarked_reason, pages, steps::failure, work::Step,
};
use crate::{
    config::{Folder, Input, Pages, Via, Website},
    model::{CollectionName, DocPath, Fingerprint, JobId, Making, Moment, Phase, Replica, SourceName},
    plan::{FailureCause, Wanted},
    platform::{ApiError, Created, Holding, Platform, SourceKind, Upload},
    scan::{self, HashError, Root},
    store::{Db, StoreError},
};

/// A source that is not older than this may not be known everywhere on the platform.
const NEW_SOURCE: Duration = Duration::from_secs(60);
/// The waits after answers that a new source does not exist.
const UNKNOWN_SOURCE_WAITS: [Duration; 5] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
    Duration::from_secs(15),
];

/// A document as it was when it was hashed.
struct Opened {
    file: File,
    /// The file name that it goes up under.
    name: String,
}

impl<P: Platform> Pass<'_, P> {
    /// Writes the intent, makes the source, with its document or without, and goes on to fill an empty one.
    pub(super) async fn put(&self, collection: CollectionName, wanted: Wanted) -> Result<Step, Fatal> {
        let kind = self.kind_of(&collection, &wanted);
        let filled = self.platform.abilities().making == Making::Filled;
        // What goes along with the first request is there before anything is written down.
        let (mut upload, mut after) = (None, None);
        if filled && kind == SourceKind::File {
            let Opened { file, name } = match self.open(&collection, &wanted).await {
                Ok(Some(opened)) => opened,
                Ok(None) => return Ok(Step::Again(None)),
                Err(reason) => return Ok(Step::Failed(failure(&collection, &wanted.path, reason), None)),
            };
            self.remember_phrase(&collection, &wanted, &file, &name).await?;
            after = Some(file.try_clone());
            upload = Some(Upload { file, size: wanted.fingerprint.size, name });
        }
        let replica = self.intend(&collection, &wanted).await?;
        let (id, began) = (replica.id, self.now());
        let created = match self.platform.create(&self.name(&collection, &wanted).to_string(), &kind, upload).await {
            Ok(created) => created,
            Err(error) => return self.not_created(replica, &wanted, error).await,
        };
        // A file that changed on its way up was not what the name says.
        let changed = after.is_some_and(|after| !unchanged(after, &wanted.fingerprint));
        let phase = match (filled, changed) {
            (false, _) => Phase::Created,
            (true, true) => Phase::Spoilt,
            (true, false) => Phase::Ingesting,
        };
        let (Created { source, job, name: answered }, now) = (created, self.now());
        let asked = self.name(&collection, &wanted);
        let is_named = self.platform.abilities().rename && answered.as_ref() == Some(&asked.to_string());
        let unmarked = self.without_marker(&source, &asked, answered).await;
        let replica = Replica { phase, since: now, source: Some(source.clone()), job: job.clone(), ..replica };
        // What this round deletes may be gone already, and its id another source's.
        self.deleting.lock().await.remove(&source);
        let made = move |db: &mut Db| {
            db.take_id(&source, now)?;
            let is_made = db.created(id, &source, job.as_ref(), phase, now)?;
            if is_made && is_named {
                db.named(id)?;
            }
            Ok::<_, StoreError>(is_made)
        };
        if !self.store.call(made).await? {
            return self.has_taken_id(replica).await;
        }
        if let Some(made) = unmarked {
            return self.fail(replica, unmarked_reason(&asked, &made), FailureCause::Document).await;
        }
        match phase {
            Phase::Created => self.fill(collection, wanted, replica).await,
            Phase::Spoilt => self.changed_on_its_way(replica).await,
            _ => Ok(Step::Following(replica, wanted.fingerprint.size, began)),
        }
    }

    /// The answer to a creation has the id of a source that is known. One of the same document is on its way to be deleted:
    /// afterwards a new one can be created.
    async fn has_taken_id(&self, replica: Replica) -> Result<Step, Fatal> {
        let (of, taken) = (replica.clone(), replica.source.clone());
        let all = self.store.call(move |db| db.replicas_of(&of.collection, &of.path)).await?;
        let (reason, cause) = if all.iter().any(|other| other.source == taken) {
            ("the platform answered with the id of its old source, which is to be deleted", FailureCause::Circumstances)
        } else {
            let reason = "the platform answered with the id of another document's source; kbsync needs one for each";
            (reason, FailureCause::Document)
        };
        self.fail(Replica { source: None, ..replica }, reason.to_owned(), cause).await
    }

    /// What went up is not what the name of its source says. Beside an older version nobody needs it; else it may be the only
    /// one, and goes when the next one is ready.
    async fn changed_on_its_way(&self, replica: Replica) -> Result<Step, Fatal> {
        let (collection, path) = (replica.collection.clone(), replica.path.clone());
        let older = self.store.call(move |db| db.ready_replica(&collection, &path)).await?;
        Ok(Step::Again(older.map(|_| replica)))
    }

    async fn intend(&self, collection: &CollectionName, wanted: &Wanted) -> Result<Replica, Fatal> {
        let (of, path, hash, now) = (collection.clone(), wanted.path.clone(), wanted.hash.short(), self.now());
        let id = self.store.call(move |db| db.intend(&of, &path, hash, now)).await?;
        let (collection, path) = (collection.clone(), wanted.path.clone());
        Ok(Replica { id, collection, path, hash, phase: Phase::Intent, since: now, source: None, job: None })
    }

    /// Notes why no source is known to be made.
    async fn not_created(&self, replica: Replica, wanted: &Wanted, error: ApiError) -> Result<Step, Fatal> {
        let id = replica.id;
        // A name that is taken is one that we gave: to a source that is of no use any more, or the list shows to which.
        if matches!(error, ApiError::Refused { status: 409, .. })
            && let Some(namesake) = self.namesake(&replica).await?
        {
            self.store.call(move |db| db.drop_replica(id)).await?;
            return self.name_is_taken(namesake).await;
        }
        match error {
            error @ (ApiError::Unknown { .. } | ApiError::Refused { status: 409, .. }) => {
                let now = self.now();
                let cause = match error {
                    ApiError::Unknown { call, cause } => format!("{call}: {cause}"),
                    error => error.to_string(),
                };
                self.store.call(move |db| db.unanswered(id, Phase::Unknown, Some(&cause), now)).await?;
                Ok(Step::Unknown(now + self.scope.policy.grace))
            }
            error if error.failure().is_general() => {
                // Nothing was sent, or it was refused as a whole: nothing was made.
                self.store.call(move |db| db.drop_replica(id)).await?;
                no_puts(error)
            }
            error @ ApiError::File(_) => {
                self.store.call(move |db| db.drop_replica(id)).await?;
                Ok(Step::Failed(failure(&replica.collection, &wanted.path, error.to_string()), None))
            }
            error => self.refuse(replica, error).await,
        }
    }

    /// Quarantines a document whose request failed. Where the same may be said of every document, the row of those that are
    /// refused tells.
    async fn refuse(&self, replica: Replica, error: ApiError) -> Result<Step, Fatal> {
        let step = self.fail_request(replica, &error).await?;
        let Some(fatal) = if_all_are_refused(error) else { return Ok(step) };
        Ok(match step {
            Step::Failed(failure, replica) => Step::Refused(failure, replica, fatal),
            step => step,
        })
    }

    /// Another source of the same document has the name, and nobody knows what became of the upload into it. While that may
    /// still be done it is waited for; else the source goes, so that the name is free.
    async fn name_is_taken(&self, namesake: Replica) -> Result<Step, Fatal> {
        let age = self.now().since(namesake.since);
        // A list takes it for held when the platform has had its time: that comes first.
        let patience = self.scope.job_timeout + 2 * self.scope.policy.grace;
        let is_hopeful = match &namesake.source {
            Some(source) if namesake.phase == Phase::Uploading => {
                match self.platform.source(source).await.map_err(fatal) {
                    Ok(found) => may_come_to_hold(found.map(|source| source.holding), age, patience),
                    Err(Ok(ApiError::NoSuchCall(_))) => false,
                    Err(Ok(_)) => age <= patience,
                    Err(Err(fatal)) => return Err(fatal),
                }
            }
            _ => false,
        };
        Ok(if is_hopeful { Step::Unknown(self.now() + self.scope.policy.grace) } else { Step::Again(Some(namesake)) })
    }

    /// Another source of the same document and content, of which it is not known that it holds it.
    async fn namesake(&self, replica: &Replica) -> Result<Option<Replica>, Fatal> {
        let (collection, path, hash) = (replica.collection.clone(), replica.path.clone(), replica.hash);
        let all = self.store.call(move |db| db.replicas_of(&collection, &path)).await?;
        let is_unsure = |other: &Replica| {
            let phase = matches!(other.phase, Phase::Uploading | Phase::Spoilt);
            phase && other.hash == hash && other.source.is_some()
        };
        Ok(all.into_iter().find(is_unsure))
    }

    /// Fills a source: with the file, with a page that the platform fetches, or by the platform itself. One that was made
    /// just now may not be known everywhere on the platform yet.
    pub(super) async fn fill(
        &self,
        collection: CollectionName,
        wanted: Wanted,
        replica: Replica,
    ) -> Result<Step, Fatal> {
        let is_new = self.now().since(replica.since) < NEW_SOURCE;
        for wait in UNKNOWN_SOURCE_WAITS {
            match self.fill_once(collection.clone(), wanted.clone(), replica.clone()).await? {
                Some(step) => return Ok(step),
                // Somebody has deleted it.
                None if !is_new => return Ok(Step::Again(Some(replica))),
                None => tokio::time::sleep(wait).await,
            }
        }
        let reason = "the platform does not know the source that it has just made";
        self.fail(replica, reason.to_owned(), FailureCause::Circumstances).await
    }

    /// The same once; `None` where the platform says that there is no such source.
    async fn fill_once(
        &self,
        collection: CollectionName,
        wanted: Wanted,
        replica: Replica,
    ) -> Result<Option<Step>, Fatal> {
        let step = |step| Ok(Some(step));
        let Some(source) = replica.source.clone() else { return step(Step::Again(Some(replica))) };
        let (id, began) = (replica.id, self.now());
        match self.kind_of(&collection, &wanted) {
            SourceKind::File => {}
            SourceKind::Website { .. } => {
                self.store.call(move |db| db.ingesting(id, None, began)).await?;
                let replica = Replica { phase: Phase::Ingesting, since: began, ..replica };
                return step(Step::Following(replica, 0, began));
            }
            SourceKind::Page { url } => {
                self.store.call(move |db| db.enter(id, Phase::Uploading, began)).await?;
                let sent = self.platform.ingest(&source, &url).await;
                return self.sent(sent, &wanted, replica, began).await;
            }
        }
        let Opened { file, name } = match self.open(&collection, &wanted).await {
            Ok(Some(opened)) => opened,
            Ok(None) => return step(Step::Again(Some(replica))),
            Err(reason) => {
                return step(Step::Failed(failure(&collection, &wanted.path, reason), Some(replica)));
            }
        };
        self.remember_phrase(&collection, &wanted, &file, &name).await?;
        let after = file.try_clone();
        self.store.call(move |db| db.enter(id, Phase::Uploading, began)).await?;
        let size = wanted.fingerprint.size;
        let sent = self.platform.upload(&source, Upload { file, size, name }).await;
        if sent.is_ok() && !unchanged(after, &wanted.fingerprint) {
            let now = self.now();
            self.store.call(move |db| db.enter(id, Phase::Spoilt, now)).await?;
            return step(self.changed_on_its_way(replica).await?);
        }
        self.sent(sent, &wanted, replica, began).await
    }

    /// Notes what came of sending a document into its source.
    async fn sent(
        &self,
        sent: Result<JobId, ApiError>,
        wanted: &Wanted,
        replica: Replica,
        began: Moment,
    ) -> Result<Option<Step>, Fatal> {
        let (id, now) = (replica.id, self.now());
        let step = match sent {
            Ok(job) => {
                let of = job.clone();
                self.store.call(move |db| db.ingesting(id, Some(&of), now)).await?;
                let replica = Replica { phase: Phase::Ingesting, since: now, job: Some(job), ..replica };
                Step::Following(replica, wanted.fingerprint.size, began)
            }
            Err(ApiError::Refused { status: 404, .. }) => {
                self.store.call(move |db| db.enter(id, Phase::Created, began)).await?;
                return Ok(None);
            }
            Err(ApiError::Unknown { call, cause }) => {
                let cause = format!("{call}: {cause}");
                self.store.call(move |db| db.unanswered(id, Phase::Uploading, Some(&cause), now)).await?;
                Step::Unknown(now + self.scope.policy.grace)
            }
            Err(error) if error.failure().is_general() => {
                self.store.call(move |db| db.enter(id, Phase::Created, now)).await?;
                return no_puts(error).map(Some);
            }
            Err(error @ ApiError::File(_)) => {
                Step::Failed(failure(&replica.collection, &wanted.path, error.to_string()), Some(replica))
            }
            Err(error) => self.refuse(replica, error).await?,
        };
        Ok(Some(step))
    }

    pub(super) fn name(&self, collection: &CollectionName, wanted: &Wanted) -> SourceName {
        SourceName {
            collection: collection.clone(),
            path: wanted.path.clone(),
            instance: self.scope.instance.clone(),
            hash: wanted.hash.short(),
        }
    }

    /// What a collection's sources are for.
    fn kind_of(&self, collection: &CollectionName, wanted: &Wanted) -> SourceKind {
        match self.input(collection) {
            Some(Input::Website(Website { url, auto_sync })) => {
                SourceKind::Website { url: url.clone(), auto_sync: *auto_sync }
            }
            // The key of a page is its address.
            Some(Input::Pages(Pages { via: Via::Url, .. })) => {
                wanted.path.address().map_or(SourceKind::File, |url| SourceKind::Page { url })
            }
            Some(Input::Pages(_) | Input::Folder(_)) | None => SourceKind::File,
        }
    }

    /// Opens a document as it was when it was hashed; `None` when it has changed or gone since.
    async fn open(&self, collection: &CollectionName, wanted: &Wanted) -> Result<Option<Opened>, String> {
        match self.input(collection) {
            Some(Input::Folder(folder)) => {
                let (folder, path, expected) = (folder.clone(), wanted.path.clone(), wanted.fingerprint);
                let opening = self.scope.machine.blocking(move || open(&folder, &path, &expected));
                let file = opening.await.unwrap_or_else(|_| Err("opening it failed".to_owned()))?;
                Ok(file.map(|file| Opened { file, name: wanted.path.file_name().to_owned() }))
            }
            Some(Input::Pages(_)) => {
                let (name, path) = (collection.clone(), wanted.path.clone());
                let state =
                    self.store.call(move |db| db.page(&name, &path)).await.map_err(|error| error.to_string())?;
                let kind = state.and_then(|state| state.kind).unwrap_or_default();
                let name = wanted.path.address().map(|url| pages::file_name(&url, &kind));
                // What is not kept is read anew by the next pass.
                Ok(self.scope.reader.open(wanted.hash).ok().zip(name).map(|(file, name)| Opened { file, name }))
            }
            Some(Input::Website(_)) | None => Ok(None),
        }
    }
}

/// Nothing can be put. A quota, or a right that the key has not, stops no deletion, which may be what frees the quota.
fn no_puts(error: ApiError) -> Result<Step, Fatal> {
    let is_answer = !matches!(error, ApiError::Unavailable(_));
    let fatal = always_fatal(error);
    if is_answer { Ok(Step::NoPuts(fatal)) } else { Err(fatal) }
}

/// Whether an upload of that age without an answer may still be done, or is, by what its source holds.
fn may_come_to_hold(holding: Option<Holding>, age: Duration, patience: Duration) -> bool {
    match holding {
        Some(Holding::Document) => true,
        Some(Holding::AtWork | Holding::Unsaid | Holding::Done) => age <= patience,
        Some(Holding::Nothing | Holding::Empty | Holding::Failed(_)) | None => false,
    }
}

pub(super) fn open(folder: &Folder, path: &DocPath, expected: &Fingerprint) -> Result<Option<File>, String> {
    let root = Root::open(&folder.root, folder.follow_symlinks).map_err(|error| error.to_string())?;
    match root.open_document(path) {
        Ok(file) => Ok(scan::fingerprint(&file).is_ok_and(|seen| seen == *expected).then_some(file)),
        Err(HashError::Gone | HashError::Changing) => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

pub(super) fn unchanged(file: io::Result<File>, expected: &Fingerprint) -> bool {
    file.and_then(|file| scan::fingerprint(&file)).is_ok_and(|seen| seen == *expected)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn may_come_to_hold__source_that_is_held_or_at_work__is_waited_for() {
        let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
        for (holding, age, expected) in [
            (Some(Holding::Document), 60, true),
            (Some(Holding::AtWork), 1, true),
            (Some(Holding::AtWork), 16, false),
            (Some(Holding::Nothing), 1, false),
            (Some(Holding::Empty), 1, false),
            (Some(Holding::Failed(None)), 1, false),
            (None, 1, false),
        ] {
            assert_eq!(may_come_to_hold(holding.clone(), minutes(age), minutes(15)), expected, "{holding:?} {age}");
        }
    }
}
