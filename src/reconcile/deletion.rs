//! Deletions: of sources that retire, and of documents that are gone.
//!
//! A platform may give the id of a deleted source again, at once and to anybody. So a request that may have been carried out,
//! or may still be, is not repeated before a list has shown that the source is there under our name. That a list is needed is
//! noted before the request, so that it holds also where no answer comes because this process ends.

use std::time::Duration;

use super::{Document, Fatal, Pass, fatal, steps::failure, work::Step};
use crate::{
    model::{CollectionName, Phase, Replica, ReplicaId, SourceId, may_be_named},
    plan::Gone,
    platform::{ApiError, Platform},
};

/// A list that is no older is believed where a source is deleted.
const LISTED_LATELY: Duration = Duration::from_secs(60 * 60);

impl<P: Platform> Pass<'_, P> {
    pub(super) async fn delete(&self, replica: Replica) -> Result<Step, Fatal> {
        let (id, Some(source)) = (replica.id, replica.source.clone()) else { return self.deleted(replica.id).await };
        // It may retire for several reasons at once.
        if !self.deleting.lock().await.insert(source.clone()) {
            return Ok(Step::Nothing);
        }
        let sent = match self.is_anothers(&replica, &source).await? {
            Ok(true) => return Ok(Step::Nothing),
            Ok(false) => self.request_deletion(id, &source).await?,
            Err(error) => Err(error),
        };
        let error = match sent {
            Ok(()) => return self.deleted(id).await,
            // Once in a pass: where it is there after the grace, this failed.
            Err(ApiError::Unknown { .. }) if self.unclear.lock().await.insert(source.clone()) => {
                return Ok(Step::Unknown(self.now() + self.scope.policy.grace));
            }
            Err(error) => error,
        };
        self.deleting.lock().await.remove(&source);
        let reason = format!("its old source {source} could not be deleted: {}", fatal(error)?);
        let failure = failure(&replica.collection, &replica.path, reason.clone());
        let now = self.now();
        self.store.call(move |db| db.deletion_failed(id, &reason, now)).await?;
        Ok(Step::Failed(failure, None))
    }

    /// Sends the request. Until it has a clear answer, a list is needed before the next one.
    async fn request_deletion(&self, id: ReplicaId, source: &SourceId) -> Result<Result<(), ApiError>, Fatal> {
        self.store.call(move |db| db.require_list(id)).await?;
        let sent = self.platform.delete(source).await;
        if sent.as_ref().is_err_and(|error| !matches!(error, ApiError::Unknown { .. })) {
            self.store.call(move |db| db.found(&[id])).await?;
        }
        Ok(sent)
    }

    /// Deletes what an earlier round or pass has begun to delete.
    pub(super) async fn finish_deletion(&self, replica: Replica) -> Result<Step, Fatal> {
        let (of, is_begun) = (replica.clone(), replica.phase == Phase::Retiring);
        let step = self.delete(replica).await?;
        let document = Document::new(&of.collection, &of.path);
        let is_deleted =
            is_begun && matches!(step, Step::Nothing) && self.store.call(move |db| db.was_last(&of)).await?;
        Ok(if is_deleted { Step::Deleted(document) } else { step })
    }

    /// Notes that a source is deleted.
    async fn deleted(&self, id: ReplicaId) -> Result<Step, Fatal> {
        let now = self.now();
        let times = self.store.call(move |db| db.deleted(id, now)).await?;
        // What was there after its first deletion may be there after this one: a list tells.
        Ok(if times > 1 { Step::Unknown(now + self.scope.policy.grace) } else { Step::Nothing })
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
        let name = replica.name(&self.scope.instance);
        match found {
            Ok(Some(found)) if !may_be_named(&name, &found.name) => {
                tracing::warn!(%source, document = %name, name = found.name,
                    "the source has another name on the platform, so it is left alone");
                self.store.call(move |db| db.require_list(id)).await?;
                Ok(Ok(true))
            }
            Ok(_) => Ok(Ok(false)),
            Err(error) => Ok(Err(error)),
        }
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

    /// Deletes one after another. Returns the first failure, or when a list is to be read for an unclear answer.
    pub(super) async fn delete_all(&self, retiring: Vec<Replica>) -> Result<Option<Step>, Fatal> {
        let mut unclear = None;
        for replica in retiring {
            match self.delete(replica).await? {
                failed @ Step::Failed(..) => return Ok(Some(failed)),
                until @ Step::Unknown(_) => unclear = Some(until),
                _ => {}
            }
        }
        Ok(unclear)
    }
}
