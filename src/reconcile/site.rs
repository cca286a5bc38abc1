//! Gathering a website: one document, whose content is for the platform to crawl.

use sha2::{Digest, Sha256};

use super::{Fatal, Pass, fatal, look::standing, looked::Looked};
use crate::{
    config::{Input, Website},
    model::{CollectionName, ContentHash, DocPath, Fingerprint, LastLook, Phase, Record, Replica},
    platform::Platform,
    scan::Hashed,
    store::{Db, StoreError},
};

/// What a look at a website shows.
const NOTHING: Fingerprint = Fingerprint { size: 0, mtime_ns: 0, ctime_ns: 0, inode: 0, born_ns: None };

/// Looks at a website. Without a store it is new.
///
/// # Errors
/// When the store cannot be read.
pub(super) fn look(collection: &CollectionName, website: &Website, db: Option<&Db>) -> Result<Looked, StoreError> {
    let state = db.map(|db| db.collection(collection)).transpose()?.unwrap_or_default();
    let mut looked = Looked::new(collection, standing(&state));
    let Ok(path) = DocPath::page(&website.url) else { return Ok(looked) };
    let records = |db: &Db| db.with_records(collection, "", |records| records.collect::<Vec<Record>>());
    let records = db.map(records).transpose()?.unwrap_or_default();
    let (own, others): (Vec<_>, Vec<_>) = records.into_iter().partition(|record| record.path == path);
    let own = own.into_iter().next();
    looked.documents = 1;
    looked.keep(own.as_ref());
    looked.judged(path, Hashed { hash: hash_of(website), min_hash: None, fingerprint: NOTHING }, own.as_ref());
    let is_held = own.is_some_and(|record| record.live == Some(hash_of(website).short()));
    for other in others {
        // The site at another address, or what the collection was before, stays until the new one is held.
        if is_held || other.live.is_none() {
            looked.not_seen(other);
        } else {
            looked.keep(Some(&other));
        }
    }
    Ok(looked)
}

/// What a website has is for the platform to know: the same address is the same content.
fn hash_of(website: &Website) -> ContentHash {
    ContentHash(Sha256::digest(format!("website {}", website.url)).into())
}

impl<P: Platform> Pass<'_, P> {
    /// Whether a replica is a website that the platform is crawling.
    pub(super) fn is_crawled(&self, replica: &Replica) -> bool {
        replica.phase == Phase::Ingesting && self.is_website(&replica.collection)
    }

    pub(super) fn is_website(&self, collection: &CollectionName) -> bool {
        matches!(self.input(collection), Some(Input::Website(_)))
    }

    /// Looks at a website.
    pub(super) async fn look_at_website(
        &self,
        collection: &CollectionName,
        website: &Website,
    ) -> Result<Looked, Fatal> {
        let (name, website, at) = (collection.clone(), website.clone(), self.scope.machine.clock.wall());
        let looking = self.store.call(move |db| {
            let mut looked = look(&name, &website, Some(db))?;
            if let Ok(path) = DocPath::page(&website.url) {
                let seen = LastLook { fingerprint: NOTHING, at, hash: hash_of(&website), min_hash: None };
                db.note_looks(&name, &[(path, seen)])?;
            }
            db.forget(&name, &std::mem::take(&mut looked.forgotten))?;
            Ok(looked)
        });
        Ok(looking.await?)
    }

    /// Puts right whether the platform crawls websites anew by itself, where somebody has changed it. Gives how many were
    /// put right.
    pub(super) async fn correct_websites(&self) -> Result<u64, Fatal> {
        let mut corrected = 0;
        for collection in &self.scope.collections {
            let Input::Website(website) = &collection.input else { continue };
            let Ok(path) = DocPath::page(&website.url) else { continue };
            let name = collection.name.clone();
            let of = path.clone();
            let ready = self.store.call(move |db| db.ready_replica(&name, &of)).await?;
            let Some(source) = ready.and_then(|replica| replica.source) else { continue };
            let found = match self.platform.source(&source).await.map_err(fatal) {
                Ok(found) => found,
                // What cannot be asked for now is asked for by the next pass.
                Err(Ok(_)) => continue,
                Err(Err(fatal)) => return Err(fatal),
            };
            let of = source.clone();
            if found.and_then(|found| found.auto_sync).is_none_or(|on| on == website.auto_sync) {
                self.store.call(move |db| db.note_correction(&of, None)).await?;
                continue;
            }
            let now = self.now();
            let (before, is_due) = self.store.call(move |db| db.begin_correction(&of, now)).await?;
            let of = (collection.name.clone(), path.clone());
            // What was noted is tried again later.
            if !is_due && self.store.call(move |db| db.unready_reason(&of.0, &of.1)).await?.is_some() {
                continue;
            }
            let asked = if is_due { Some(self.platform.set_auto_sync(&source, website.auto_sync).await) } else { None };
            let defect = match asked.transpose().map_err(fatal) {
                Ok(Some(done)) if before == 0 => {
                    corrected += u64::from(done);
                    continue;
                }
                Ok(_) => format!(
                    "`auto_sync` of its source {source} was set and still differs from the config (attempts: {before})"
                ),
                Err(Ok(error)) => format!("`auto_sync` of its source {source} could not be set: {error}"),
                Err(Err(fatal)) => return Err(fatal),
            };
            self.store.call(move |db| db.note_correction(&source, Some(&defect))).await?;
        }
        Ok(corrected)
    }
}
