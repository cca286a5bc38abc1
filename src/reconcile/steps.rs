//! The steps of the protocol for one document: intent before request, and every answer noted before the next step.

use super::{
    Document, Failure, Fatal, Pass, fatal, scan_options,
    work::{Step, Task},
};
use crate::{
    config::Input,
    model::{CollectionName, DocPath, Replica, ReplicaId, SourceName},
    plan::{FailureCause, Gone, NewMove, Wanted},
    platform::{ApiError, Platform, Renamed},
    scan::{self, Explanation, ScanOptions},
};

impl<P: Platform> Pass<'_, P> {
    pub(super) async fn carry_out(&self, task: Task) -> Result<Step, Fatal> {
        match task {
            Task::Delete(replica) => self.delete(replica).await,
            // What comes back is looked at by a later round or pass, and its old version goes when the new one is ready.
            Task::Finish(replica) if self.is_there(&replica.collection, &replica.path).await => Ok(Step::Again(None)),
            Task::Finish(replica) => self.finish_deletion(replica).await,
            Task::GiveUp(replica) => {
                let of = replica.clone();
                let last = self.store.call(move |db| db.last_failure(&of)).await?;
                let last = last.map(|cause| format!(" (the last one: {cause})")).unwrap_or_default();
                let reason = format!(
                    "the platform says of none of several uploads what has become of it, and holds none{last}; \
                     `kbsync retry` lets it be tried again"
                );
                let failure = failure(&replica.collection, &replica.path, reason.clone());
                let now = self.now();
                self.store.call(move |db| db.give_up(&replica, &reason, now)).await?;
                Ok(Step::Failed(failure, None))
            }
            Task::Gone(collection, gone) => self.gone(collection, gone).await,
            Task::Empty(document, retiring) => Ok(self.delete_all(retiring).await?.unwrap_or(Step::Deleted(document))),
            Task::Rename(from, collection, to) => self.rename(from, collection, to).await,
            Task::Put(collection, wanted, Some(replica)) => self.fill(collection, wanted, replica).await,
            Task::Put(collection, wanted, None) => self.put(collection, wanted).await,
            Task::Left(collection, gone) => self.left(collection, gone).await,
        }
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
        if !self.platform.abilities().rename {
            self.begin_move((away, from), &collection, &to).await?;
            return self.put(collection, to).await;
        }
        let (of, path) = (away.clone(), from.path.clone());
        let ready = self.store.call(move |db| db.ready_replica(&of, &path)).await?;
        let ready = ready.filter(|replica| replica.hash == from.live);
        let Some((replica, source)) = ready.and_then(|replica| replica.source.clone().map(|source| (replica, source)))
        else {
            return Ok(Step::Relist);
        };
        if self.is_anothers(&replica, &source).await?.unwrap_or(false) {
            return Ok(Step::Relist);
        }
        let name = self.name(&collection, &to);
        let (id, asked) = (replica.id, name.clone());
        self.store.call(move |db| db.begin_rename(id, &asked)).await?;
        match self.platform.rename(&source, &name.to_string()).await.map_err(fatal) {
            Ok(Some(Renamed { name: made })) if self.without_marker(&source, &name, made.clone()).await.is_some() => {
                // Under its old name it is known again, and the new document fails by its name.
                let old = SourceName { collection: away.clone(), path: from.path.clone(), ..name };
                if let Err(error) = self.platform.rename(&source, &old.to_string()).await {
                    let error = fatal(error)?;
                    tracing::warn!(%source, %error, "a source without a marker could not be given back its old name");
                }
                self.put_instead((away, from), collection, to).await
            }
            // The answer shows the old name: nothing was done.
            Ok(Some(Renamed { name: Some(made) })) if self.keeps_name(&source, &replica, &name, &made).await => {
                if self.fails_first(id).await? {
                    let reason = format!("its source {source} was renamed, and has its old name all the same");
                    return Ok(Step::Failed(failure(&collection, &to.path, reason), None));
                }
                self.put_instead((away, from), collection, to).await
            }
            Ok(Some(_)) => {
                let (before, document) = (Document::new(&away, &from.path), Document::new(&collection, &to.path));
                let now = self.now();
                let retiring = self.store.call(move |db| db.moved(&replica, &collection, &to.path, now)).await?;
                Ok(Step::Renamed(before, document, retiring))
            }
            // The platform lost it: the next round finds it missing, and puts the document anew.
            Ok(None) if self.has_source(&source).await? != Some(true) && self.fails_first(id).await? => {
                Ok(Step::Relist)
            }
            // It may have been done all the same: only a list tells.
            Err(Ok(error)) if error.failure().transient && self.fails_first(id).await? => {
                let reason = format!("its source {source} could not be renamed: {error}");
                Ok(Step::Failed(failure(&collection, &to.path, reason), None))
            }
            // A platform that will not rename it may take it under its new name.
            Ok(None) | Err(Ok(_)) => self.put_instead((away, from), collection, to).await,
            Err(Err(fatal)) => Err(fatal),
        }
    }

    /// Notes a move before anything is sent for it: what is begun under another name must not be taken for new, nor the old
    /// one for deleted.
    async fn begin_move(
        &self,
        (away, from): (CollectionName, Gone),
        collection: &CollectionName,
        to: &Wanted,
    ) -> Result<(), Fatal> {
        let begun = NewMove { away, from, to: (collection.clone(), to.path.clone()), edited: false };
        Ok(self.store.call(move |db| db.begin_moves(&[begun])).await?)
    }

    /// Uploads a document under its new name, where its source cannot have that.
    async fn put_instead(
        &self,
        from: (CollectionName, Gone),
        collection: CollectionName,
        to: Wanted,
    ) -> Result<Step, Fatal> {
        self.begin_move(from, &collection, &to).await?;
        Ok(Step::Instead(Task::Put(collection, to, None)))
    }

    /// Counts a rename that failed; whether it is the first one.
    async fn fails_first(&self, id: ReplicaId) -> Result<bool, Fatal> {
        Ok(self.store.call(move |db| db.rename_failed(id)).await? == 1)
    }

    /// Quarantines a document for what the platform said of it.
    pub(super) async fn fail(&self, replica: Replica, reason: String, cause: FailureCause) -> Result<Step, Fatal> {
        let failure = failure(&replica.collection, &replica.path, reason.clone());
        let (failed, now) = (replica.clone(), self.now());
        self.store.call(move |db| db.fail(&failed, &reason, cause, now)).await?;
        Ok(Step::Failed(failure, Some(replica).filter(|replica| replica.source.is_some())))
    }

    /// The same for a request that failed.
    pub(super) async fn fail_request(&self, replica: Replica, error: &ApiError) -> Result<Step, Fatal> {
        let transient = error.failure().transient;
        let cause = if transient { FailureCause::Circumstances } else { FailureCause::Document };
        self.fail(replica, error.to_string(), cause).await
    }

    /// Whether a document that was seen to be gone may be there all the same: a look before a source is deleted or
    /// given away, which may be long after the folder was looked at.
    pub(super) async fn is_there(&self, collection: &CollectionName, path: &DocPath) -> bool {
        let Some(Input::Folder(folder)) = self.input(collection) else { return false };
        let (options, path) = (scan_options(folder, self.platform.abilities().accepted), path.clone());
        let looking = self.scope.machine.blocking(move || is_there(&options, &path));
        looking.await.unwrap_or(true)
    }

    pub(super) fn input(&self, collection: &CollectionName) -> Option<&Input> {
        self.scope.collections.iter().find(|one| one.name == *collection).map(|one| &one.input)
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
            | Explanation::Litter { .. }
            | Explanation::Release { .. }
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

pub(super) fn failure(collection: &CollectionName, path: &DocPath, reason: String) -> Failure {
    Failure { document: Document::new(collection, path), reason }
}
