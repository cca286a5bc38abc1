//! Gathering from the platform: the complete list of sources, held against the store.

use super::{Event, Fatal, Pass, always_fatal};
use crate::{
    model::{Moment, SourceName},
    platform::{Holding, Platform, RemoteSource},
    store::{ListReport, ListedSource, Terms},
};

/// A list that shifts while it is paged is begun again so often.
const TRIES: u32 = 4;

impl<P: Platform> Pass<'_, P> {
    /// Lists all sources and settles what differs from the store; `retired` were retired in this pass before, and one of its
    /// lists was not believed where it is `doubted`.
    pub(super) async fn list(&self, retired: u64, doubted: bool) -> Result<ListReport, Fatal> {
        for _ in 0..TRIES {
            if self.list_once().await? {
                let terms = Terms {
                    instance: self.scope.instance.clone(),
                    configured: self.scope.collections.iter().map(|collection| collection.name.clone()).collect(),
                    making: self.platform.abilities().making,
                    grace: self.scope.policy.grace,
                    job_timeout: self.scope.job_timeout,
                    doubted,
                };
                let now = self.now();
                return Ok(self.store.call(move |db| db.compare_list(&terms, now, retired)).await?);
            }
        }
        Err(Fatal::Unavailable(
            "the platform's list of sources kept changing while it was read; nothing was lost, try again later"
                .to_owned(),
        ))
    }

    /// One reading of the list, page by page; `false` when it shifted and cannot be complete.
    async fn list_once(&self) -> Result<bool, Fatal> {
        self.store.call(|db| db.begin_list()).await?;
        let (mut before, mut announced, mut unreadable, mut at) = (0, None, 0, None);
        for page in 1.. {
            (self.event)(Event::Listing { page });
            let found = self.platform.sources(at).await.map_err(always_fatal)?;
            unreadable += found.unreadable;
            at = found.next;
            let sources: Vec<_> = found.sources.into_iter().map(|source| self.listed(source)).collect();
            let count = self.store.call(move |db| db.add_page(&sources)).await?;
            // A page that brings nothing new is the end, also where a platform repeats its last one for ever.
            let last = count == before || at.is_none();
            before = count;
            // What cannot be read counts; without it a list would never be complete.
            let count = count + unreadable;
            match found.total {
                Some(total) if *announced.get_or_insert(total) != total => return Ok(false),
                Some(total) if count == total => return Ok(true),
                Some(total) if last || count > total => return Ok(false),
                None if last => return Ok(true),
                _ => {}
            }
        }
        Ok(false)
    }

    fn listed(&self, source: RemoteSource) -> ListedSource {
        let created = source.created_at.and_then(|at| u64::try_from(at.as_microsecond()).ok()).map(Moment);
        let name = SourceName::parse(&source.name).filter(|name| name.instance == self.scope.instance);
        // Where nothing can be renamed, a source that we made is ours whatever the platform calls it.
        let nameless = source.name.is_empty() || !self.platform.abilities().rename;
        let (holds, at_work) = (source.holding == Holding::Document, source.holding == Holding::AtWork);
        ListedSource { id: source.id, name, nameless, holds, at_work, created }
    }
}
