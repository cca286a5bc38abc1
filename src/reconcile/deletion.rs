//! Deletions: of sources that retire, and of documents that are gone.
//!
//! A platform may give the id of a deleted source again, at once and to anybody. So a request that may have been carried out
//! is not sent a second time before the platform has shown that the source is there and has our name.

use std::time::Duration;

use super::{Document, Fatal, Pass, fatal, steps::failure, work::Step};
use crate::{
    model::{CollectionName, Replica, ReplicaId, SourceId, may_be_named},
    plan::Gone,
    platform::{ApiError, Platform, RemoteSource},
};

/// A list that is no older is believed where a source is deleted.
const LISTED_LATELY: Duration = Duration::from_secs(60 * 60);
/// Waits before a deletion without a clear answer is made again.
const WAITS: [Duration; 4] =
    [Duration::from_millis(250), Duration::from_millis(500), Duration::from_secs(1), Duration::from_secs(2)];

/// What came of a request to delete a source.
enum Deletion {
    /// It is deleted.
    Done,
    /// It is not ours any more, as far as is known.
    Anothers,
    /// Only a list can tell.
    Unclear,
    /// It could not be deleted.
    Failed(ApiError),
}

impl<P: Platform> Pass<'_, P> {
    pub(super) async fn delete(&self, replica: Replica) -> Result<Step, Fatal> {
        let Some(source) = replica.source.clone() else { return self.deleted(replica.id).await };
        // It may retire for several reasons at once.
        if !self.deleting.lock().await.insert(source.clone()) {
            return Ok(Step::Nothing);
        }
        match self.request_deletion(&replica, &source).await? {
            Deletion::Done => self.deleted(replica.id).await,
            Deletion::Anothers => Ok(Step::Nothing),
            Deletion::Unclear => {
                self.list_first(replica.id).await?;
                Ok(Step::Relist)
            }
            Deletion::Failed(error) => {
                self.deleting.lock().await.remove(&source);
                let reason = format!("its old source {source} could not be deleted: {}", fatal(error)?);
                let failure = failure(&replica.collection, &replica.path, reason.clone());
                let now = self.now();
                self.store.call(move |db| db.deletion_failed(replica.id, &reason, now)).await?;
                Ok(Step::Failed(failure, None))
            }
        }
    }

    /// Notes that a source is deleted.
    async fn deleted(&self, id: ReplicaId) -> Result<Step, Fatal> {
        let now = self.now();
        let times = self.store.call(move |db| db.deleted(id, now)).await?;
        // What was there after its first deletion may be there after this one: a list tells.
        Ok(if times > 1 { Step::Unknown(now + self.scope.policy.grace) } else { Step::Nothing })
    }

    async fn request_deletion(&self, replica: &Replica, source: &SourceId) -> Result<Deletion, Fatal> {
        match self.is_anothers(replica, source).await? {
            Ok(true) => return Ok(Deletion::Anothers),
            Ok(false) => {}
            Err(error) => return Ok(Deletion::Failed(error)),
        }
        let mut waits = WAITS.into_iter();
        loop {
            let error = match self.platform.delete(source).await {
                Ok(()) => return Ok(Deletion::Done),
                Err(error) => error,
            };
            if !matches!(error, ApiError::Unknown { .. }) {
                return Ok(Deletion::Failed(error));
            }
            // Once in a pass: where the list shows it again, this failed.
            if !self.platform.abilities().jobs && self.unclear.lock().await.insert(source.clone()) {
                return Ok(Deletion::Unclear);
            }
            let Some(wait) = waits.next().filter(|_| self.platform.abilities().jobs) else {
                self.list_first(replica.id).await?;
                return Ok(Deletion::Failed(error));
            };
            self.sleep_until(self.now() + wait).await?;
            match self.platform.source(source).await {
                Ok(None) => return Ok(Deletion::Done),
                Ok(Some(found)) if self.leave_to_others(replica, source, &found).await? => {
                    return Ok(Deletion::Anothers);
                }
                Ok(Some(_)) => {}
                Err(error) => return Ok(Deletion::Failed(error)),
            }
        }
    }

    /// Whether a source that no list has shown for a while has another name by now: somebody has renamed it, or a platform
    /// that was restored has given its id again. Then it is not ours to change, as far as is known.
    pub(super) async fn is_anothers(
        &self,
        replica: &Replica,
        source: &SourceId,
    ) -> Result<Result<bool, ApiError>, Fatal> {
        let (id, before) = (replica.id, self.now() - LISTED_LATELY);
        let asks = self.platform.abilities().jobs && self.store.call(move |db| db.may_be_anothers(id, before)).await?;
        let found = if asks { self.platform.source(source).await } else { Ok(None) };
        match found {
            Ok(Some(found)) => Ok(Ok(self.leave_to_others(replica, source, &found).await?)),
            Ok(None) => Ok(Ok(false)),
            Err(error) => Ok(Err(error)),
        }
    }

    /// Leaves a source alone that has another name by now; whether it has.
    async fn leave_to_others(&self, replica: &Replica, source: &SourceId, found: &RemoteSource) -> Result<bool, Fatal> {
        let name = replica.name(&self.scope.instance);
        let is_anothers = !may_be_named(&name, &found.name);
        if is_anothers {
            tracing::warn!(%source, document = %name, name = found.name,
                "the source has another name on the platform, so it is left alone");
            self.list_first(replica.id).await?;
        }
        Ok(is_anothers)
    }

    /// Nothing is done with a source before another list has shown whose it is.
    async fn list_first(&self, id: ReplicaId) -> Result<(), Fatal> {
        Ok(self.store.call(move |db| db.is_anothers(id)).await?)
    }

    pub(super) async fn gone(&self, collection: CollectionName, gone: Gone) -> Result<Step, Fatal> {
        if self.is_there(&collection, &gone.path).await {
            return Ok(Step::Again(None));
        }
        let document = Document::new(&collection, &gone.path);
        let now = self.now();
        let retiring = self.store.call(move |db| db.gone(&collection, &gone.path, now)).await?;
        Ok(Step::Going(document, retiring))
    }

    /// Deletes what a moved document has left.
    pub(super) async fn left(&self, collection: CollectionName, gone: Gone) -> Result<Step, Fatal> {
        if self.is_there(&collection, &gone.path).await {
            self.store.call(move |db| db.end_move(&collection, &gone.path)).await?;
            return Ok(Step::Again(None));
        }
        let document = Document::new(&collection, &gone.path);
        let now = self.now();
        let (renamed, retiring) = self
            .store
            .call(move |db| Ok((db.has_move(&collection, &gone.path)?, db.left(&collection, &gone.path, now)?)))
            .await?;
        // A new upload in place of a rename is counted as a rename already.
        let done = if renamed { Step::Nothing } else { Step::Deleted(document) };
        Ok(self.delete_all(retiring).await?.unwrap_or(done))
    }

    /// Deletes one after another; gives the first failure, or that only a list can tell.
    pub(super) async fn delete_all(&self, retiring: Vec<Replica>) -> Result<Option<Step>, Fatal> {
        let mut unclear = None;
        for replica in retiring {
            match self.delete(replica).await? {
                failed @ Step::Failed(..) => return Ok(Some(failed)),
                Step::Relist => unclear = Some(Step::Relist),
                _ => {}
            }
        }
        Ok(unclear)
    }
}
