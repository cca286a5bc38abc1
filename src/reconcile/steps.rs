//! The steps of the protocol for one document: intent before request, and every answer noted before the next step.

use std::{fs::File, io};

use super::{
    Document, Failure, Fatal, Pass, blocking, fatal, pages, scan_options,
    work::{Step, Task},
};
use crate::{
    config::{Folder, Input, Pages, Via, Website},
    model::{CollectionName, DocPath, Fingerprint, JobId, Moment, Phase, Replica, SourceName},
    plan::{Gone, Wanted},
    platform::{ApiError, Platform, SourceKind, Upload, clock},
    scan::{self, Explanation, HashError, Root, ScanOptions},
};

impl<P: Platform> Pass<'_, P> {
    pub(super) async fn carry_out(&self, task: Task) -> Result<Step, Fatal> {
        match task {
            Task::Delete(replica) => self.delete(replica).await,
            Task::GiveUp(replica) => {
                let reason = "several uploads of it got no answer, and the platform holds none of them; \
                              `kbsync retry` lets it be tried again";
                self.fail(replica, reason.to_owned()).await
            }
            Task::Gone(collection, gone) => self.gone(collection, gone).await,
            Task::Rename(from, collection, to) => self.rename(from, collection, to).await,
            Task::Put(collection, wanted, Some(replica)) => self.upload(collection, wanted, replica).await,
            Task::Put(collection, wanted, None) => self.create(collection, wanted).await,
        }
    }

    async fn delete(&self, replica: Replica) -> Result<Step, Fatal> {
        if let Some(source) = &replica.source
            && let Err(error) = self.platform.delete(source).await
        {
            let reason = format!("its old source {source} could not be deleted: {}", fatal(error)?);
            return Ok(Step::Failed(failure(&replica.collection, &replica.path, reason), None));
        }
        self.store.call(move |db| db.drop_replica(replica.id)).await?;
        Ok(Step::Nothing)
    }

    async fn gone(&self, collection: CollectionName, gone: Gone) -> Result<Step, Fatal> {
        if self.is_there(&collection, &gone.path).await {
            return Ok(Step::Again(None));
        }
        let document = Document::new(&collection, &gone.path);
        let now = clock::now();
        let retiring = self.store.call(move |db| db.gone(&collection, &gone.path, now)).await?;
        for replica in retiring {
            if let failed @ Step::Failed(..) = self.delete(replica).await? {
                return Ok(failed);
            }
        }
        Ok(Step::Deleted(document))
    }

    async fn rename(
        &self,
        (away, from): (CollectionName, Gone),
        collection: CollectionName,
        to: Wanted,
    ) -> Result<Step, Fatal> {
        if self.is_there(&away, &from.path).await {
            return Ok(Step::Again(None));
        }
        let (of, path) = (away.clone(), from.path.clone());
        let replicas = self.store.call(move |db| db.replicas_of(&of, &path)).await?;
        let ready = replicas.into_iter().find(|replica| replica.phase == Phase::Ready && replica.hash == from.live);
        let Some((replica, source)) = ready.and_then(|replica| replica.source.clone().map(|source| (replica, source)))
        else {
            return Ok(Step::Again(None));
        };
        let name = self.name(&collection, &to);
        match self.platform.rename(&source, &name.to_string()).await.map_err(fatal) {
            Ok(true) => {
                let (before, document) = (Document::new(&away, &from.path), Document::new(&collection, &to.path));
                let now = clock::now();
                let retiring = self.store.call(move |db| db.moved(&replica, &collection, &to.path, now)).await?;
                Ok(Step::Renamed(before, document, retiring))
            }
            // The platform lost it: the next round finds it missing, and puts the document anew.
            Ok(false) => Ok(Step::Again(None)),
            // A platform that will not rename it may take it anew; the old one goes in the next round.
            Err(Ok(_)) => Ok(Step::Instead(Task::Put(collection, to, None))),
            Err(Err(fatal)) => Err(fatal),
        }
    }

    /// Writes the intent, makes the source, and goes on with the upload.
    async fn create(&self, collection: CollectionName, wanted: Wanted) -> Result<Step, Fatal> {
        let name = self.name(&collection, &wanted);
        let (of, path, hash, now) = (collection.clone(), wanted.path.clone(), wanted.hash.short(), clock::now());
        let id = self.store.call(move |db| db.intend(&of, &path, hash, now)).await?;
        let (of, path) = (collection.clone(), wanted.path.clone());
        let mut replica =
            Replica { id, collection: of, path, hash, phase: Phase::Intent, since: now, source: None, job: None };
        match self.platform.create(&name.to_string(), &self.kind_of(&collection)).await {
            Ok(source) => {
                let (made, now) = (source.clone(), clock::now());
                self.store.call(move |db| db.created(id, &made, now)).await?;
                replica.source = Some(source);
                self.upload(collection, wanted, replica).await
            }
            Err(error @ ApiError::Refused { .. }) => self.fail(replica, error.to_string()).await,
            Err(ApiError::Unknown { .. } | ApiError::File(_)) => {
                let now = clock::now();
                self.store.call(move |db| db.enter(id, Phase::Unknown, now)).await?;
                Ok(Step::Unknown(now + self.scope.policy.grace))
            }
            Err(error @ (ApiError::Denied { .. } | ApiError::Unavailable(_))) => {
                // Nothing was sent, or it was refused as a whole: nothing was made.
                self.store.call(move |db| db.drop_replica(id)).await?;
                Err(super::always_fatal(error))
            }
        }
    }

    /// Fills a source: with the file, with a page that the platform fetches, or by the platform itself.
    async fn upload(&self, collection: CollectionName, wanted: Wanted, replica: Replica) -> Result<Step, Fatal> {
        let Some(source) = replica.source.clone() else { return Ok(Step::Again(Some(replica))) };
        let (id, began) = (replica.id, clock::now());
        match self.kind_of(&collection) {
            SourceKind::File => {}
            SourceKind::Website { .. } => {
                self.store.call(move |db| db.ingesting(id, None, began)).await?;
                let replica = Replica { phase: Phase::Ingesting, since: began, ..replica };
                return Ok(Step::Following(replica, 0, began));
            }
            SourceKind::Text => {
                let Some(url) = wanted.path.address() else { return Ok(Step::Again(Some(replica))) };
                self.store.call(move |db| db.enter(id, Phase::Uploading, began)).await?;
                let sent = self.platform.ingest(&source, &url).await;
                return self.sent(sent, &wanted, replica, began).await;
            }
        }
        let (file, name) = match self.open(&collection, &wanted).await {
            Ok(Some(file)) => file,
            Ok(None) => return Ok(Step::Again(Some(replica))),
            Err(reason) => {
                return Ok(Step::Failed(failure(&collection, &wanted.path, reason), Some(replica)));
            }
        };
        let after = file.try_clone();
        self.store.call(move |db| db.enter(id, Phase::Uploading, began)).await?;
        let size = wanted.fingerprint.size;
        let sent = self.platform.upload(&source, Upload { file, size, name }).await;
        // A file that changed on its way up was not what the name says.
        if sent.is_ok() && !unchanged(after, &wanted.fingerprint) {
            let now = clock::now();
            self.store.call(move |db| db.enter(id, Phase::Spoilt, now)).await?;
            return Ok(Step::Again(None));
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
    ) -> Result<Step, Fatal> {
        let id = replica.id;
        match sent {
            Ok(job) => {
                let now = clock::now();
                let of = job.clone();
                self.store.call(move |db| db.ingesting(id, Some(&of), now)).await?;
                let replica = Replica { phase: Phase::Ingesting, since: now, job: Some(job), ..replica };
                Ok(Step::Following(replica, wanted.fingerprint.size, began))
            }
            // The source is gone: somebody deleted it.
            Err(ApiError::Refused { status: 404, .. }) => Ok(Step::Again(Some(replica))),
            Err(ApiError::Unknown { .. }) => {
                let now = clock::now();
                self.store.call(move |db| db.enter(id, Phase::Uploading, now)).await?;
                Ok(Step::Unknown(now + self.scope.policy.grace))
            }
            Err(error @ ApiError::Refused { .. }) => self.fail(replica, error.to_string()).await,
            Err(error @ ApiError::File(_)) => {
                Ok(Step::Failed(failure(&replica.collection, &wanted.path, error.to_string()), Some(replica)))
            }
            Err(error @ (ApiError::Denied { .. } | ApiError::Unavailable(_))) => {
                let now = clock::now();
                self.store.call(move |db| db.enter(id, Phase::Created, now)).await?;
                Err(super::always_fatal(error))
            }
        }
    }

    /// Quarantines a document for what the platform said of it.
    pub(super) async fn fail(&self, replica: Replica, reason: String) -> Result<Step, Fatal> {
        let failure = failure(&replica.collection, &replica.path, reason.clone());
        let (failed, now) = (replica.clone(), clock::now());
        self.store.call(move |db| db.fail(&failed, &reason, now)).await?;
        Ok(Step::Failed(failure, Some(replica).filter(|replica| replica.source.is_some())))
    }

    /// Whether a document that was seen to be gone may be there all the same: a look before a source is deleted or
    /// given away, which may be long after the folder was looked at.
    async fn is_there(&self, collection: &CollectionName, path: &DocPath) -> bool {
        let Some(Input::Folder(folder)) = self.input(collection) else { return false };
        let (options, path) = (scan_options(folder, self.platform.accepted()), path.clone());
        let looking = blocking(move || is_there(&options, &path));
        looking.await.unwrap_or(true)
    }

    fn name(&self, collection: &CollectionName, wanted: &Wanted) -> SourceName {
        SourceName {
            collection: collection.clone(),
            path: wanted.path.clone(),
            instance: self.scope.instance.clone(),
            hash: wanted.hash.short(),
        }
    }

    fn input(&self, collection: &CollectionName) -> Option<&Input> {
        self.scope.collections.iter().find(|one| one.name == *collection).map(|one| &one.input)
    }

    /// What a collection's sources are for.
    fn kind_of(&self, collection: &CollectionName) -> SourceKind {
        match self.input(collection) {
            Some(Input::Website(Website { url, auto_sync })) => {
                SourceKind::Website { url: url.clone(), auto_sync: *auto_sync }
            }
            Some(Input::Pages(Pages { via: Via::Url, .. })) => SourceKind::Text,
            Some(Input::Pages(_) | Input::Folder(_)) | None => SourceKind::File,
        }
    }

    /// Opens a document as it was when it was hashed, with the file name that it goes up under; `None` when it has changed
    /// or gone since.
    async fn open(&self, collection: &CollectionName, wanted: &Wanted) -> Result<Option<(File, String)>, String> {
        match self.input(collection) {
            Some(Input::Folder(folder)) => {
                let (folder, path, expected) = (folder.clone(), wanted.path.clone(), wanted.fingerprint);
                let opening = blocking(move || open(&folder, &path, &expected));
                let file = opening.await.unwrap_or_else(|_| Err("opening it failed".to_owned()))?;
                Ok(file.map(|file| (file, wanted.path.file_name().to_owned())))
            }
            Some(Input::Pages(_)) => {
                let (name, path) = (collection.clone(), wanted.path.clone());
                let state =
                    self.store.call(move |db| db.page(&name, &path)).await.map_err(|error| error.to_string())?;
                let kind = state.and_then(|state| state.kind).unwrap_or_default();
                let name = wanted.path.address().map(|url| pages::file_name(&url, &kind));
                // What is not kept is read anew by the next pass.
                Ok(self.scope.reader.open(wanted.hash).ok().zip(name))
            }
            Some(Input::Website(_)) | None => Ok(None),
        }
    }
}

fn open(folder: &Folder, path: &DocPath, expected: &Fingerprint) -> Result<Option<File>, String> {
    let root = Root::open(&folder.root, folder.follow_symlinks).map_err(|error| error.to_string())?;
    match root.open_document(path) {
        Ok(file) => Ok(scan::fingerprint(&file).is_ok_and(|seen| seen == *expected).then_some(file)),
        Err(HashError::Gone | HashError::Changing) => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

/// What cannot be looked at is not known to be gone. A document below a folder that became a symlink is: a walk does
/// not go there either.
fn is_there(options: &ScanOptions, path: &DocPath) -> bool {
    let folder = path.as_str().rsplit_once('/').and_then(|(folder, _)| DocPath::new(folder).ok());
    match scan::explain(options, path) {
        Ok(
            Explanation::Missing
            | Explanation::Folder
            | Explanation::Reserved { .. }
            | Explanation::Excluded { .. }
            | Explanation::Ignored { .. }
            | Explanation::NotIncluded { .. }
            | Explanation::Unaccepted { .. },
        ) => false,
        Ok(Explanation::Skipped(_)) => folder.is_none_or(|folder| {
            let folder = scan::explain(options, &folder);
            !matches!(
                folder,
                Ok(Explanation::Skipped(_) | Explanation::NotIncluded { .. } | Explanation::Unaccepted { .. })
            )
        }),
        Ok(Explanation::Document { .. } | Explanation::Unreadable(_)) | Err(_) => true,
    }
}

fn unchanged(file: io::Result<File>, expected: &Fingerprint) -> bool {
    file.and_then(|file| scan::fingerprint(&file)).is_ok_and(|seen| seen == *expected)
}

fn failure(collection: &CollectionName, path: &DocPath, reason: String) -> Failure {
    Failure { document: Document::new(collection, path), reason }
}
