//! The looks of a round: folders first, and twice before deletions, for documents that were moved while the first walk was
//! under way; then all collections of pages side by side.

use std::{collections::BTreeSet, time::Duration};

use futures_util::future::try_join_all;

use super::{Event, Extent, Fatal, Pass, looked::Looked, pages::Pause, policy};
use crate::{
    config::{Collection, Input},
    model::CollectionName,
    plan::{Authority, Gathered, Standing},
    platform::Platform,
    store::{Db, StoreError, Withheld},
};

/// How often hosts that are waited for are looked at.
const TICK: Duration = Duration::from_secs(1);

/// When a round does not wait for pages.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waits {
    /// Pages are asked for no longer than that before what was found goes up.
    pub(super) pause_after: Duration,
    /// Whether what folders have found goes up before any page is asked for.
    pub(super) folders_first: bool,
}

impl<P: Platform> Pass<'_, P> {
    /// Looks at the collections; at all folders once more, where one misses documents: what was moved from a part that was
    /// still to be walked through to one that had been is in neither look at them.
    pub(super) async fn look_twice(&self, extent: &mut Extent, waits: Waits) -> Result<Vec<Looked>, Fatal> {
        let is_pages = |collection: &&Collection| matches!(collection.input, Input::Pages(_));
        let (pages, others): (Vec<_>, Vec<_>) = self.scope.collections.iter().partition(is_pages);
        let mut looks = self.look_at_others(extent, &others).await?;
        let mut finds = looks.iter().any(|(_, looked)| looked.finds());
        if !pages.is_empty() {
            finds |= self.store.call(|db| Ok::<_, StoreError>(!db.under_way()?.is_empty())).await?;
        }
        let pages = pages.into_iter().filter_map(|collection| Some((collection, extent.of(&collection.name)?)));
        if waits.folders_first && finds {
            looks.extend(pages.map(|(collection, _)| (collection, Looked::deferred(&collection.name))));
        } else {
            let pause = &Pause::after(waits.pause_after, finds);
            let look = async |(collection, wake)| {
                let looked = self.look(collection, wake, pause).await?;
                if looked.finds() {
                    pause.goes_up();
                }
                Ok::<_, Fatal>((collection, looked))
            };
            let looked = self.unless_stopped(try_join_all(pages.map(look)));
            tokio::select! {
                looked = looked => looks.extend(looked?),
                () = self.report_slow_hosts() => {}
            }
        }
        looks.sort_by_key(|(collection, _)| self.scope.collections.iter().position(|one| one.name == collection.name));
        Ok(looks.into_iter().map(|(_, looked)| looked).collect())
    }

    /// Looks at collections that have no pages.
    async fn look_at_others<'c>(
        &self,
        extent: &mut Extent,
        collections: &[&'c Collection],
    ) -> Result<Vec<(&'c Collection, Looked)>, Fatal> {
        let is_folder = |collection: &Collection| matches!(collection.input, Input::Folder(_));
        let (mut looks, mut misses) = (Vec::new(), false);
        for collection in collections {
            let looked = self.look_within(extent, collection).await?;
            looks.extend(looked.map(|looked| (*collection, looked)));
        }
        for (_, looked) in looks.iter().filter(|(collection, _)| is_folder(collection)) {
            misses = misses || self.misses(looked).await?;
        }
        for (collection, looked) in looks.iter_mut().filter(|(collection, _)| misses && is_folder(collection)) {
            if let Some(again) = self.look_within(extent, collection).await? {
                looked.confirm(again);
            }
        }
        Ok(looks)
    }

    /// Looks at what the extent has of a collection, if anything, and widens the extent by the folders that are new there.
    async fn look_within(&self, extent: &mut Extent, collection: &Collection) -> Result<Option<Looked>, Fatal> {
        let Some(wake) = extent.of(&collection.name) else { return Ok(None) };
        let mut looked = self.unless_stopped(self.look(collection, wake, &Pause::never())).await?;
        extent.take_in(&collection.name, std::mem::take(&mut looked.fresh));
        Ok(Some(looked))
    }

    /// Reports the hosts that the pass waits for, as long as it does.
    async fn report_slow_hosts(&self) {
        loop {
            tokio::time::sleep(TICK).await;
            for slow in self.scope.reader.fetching().time().take_slow() {
                (self.event)(Event::Slow(slow));
            }
        }
    }

    /// Whether a look misses documents that would be deleted, and that no pass before has missed.
    async fn misses(&self, looked: &Looked) -> Result<bool, Fatal> {
        let Gathered { collection, gone, authority, .. } = &looked.gathered;
        let deletes = matches!(authority, Authority::Whole | Authority::Moved(_)) && !policy(&self.scope.policy).never;
        if gone.is_empty() || !deletes {
            return Ok(false);
        }
        let (name, paths) = (collection.clone(), gone.iter().map(|gone| gone.path.clone()).collect::<Vec<_>>());
        let is_new = move |db: &mut Db| {
            for path in &paths {
                if !db.is_withheld(&name, path, Withheld::Deletion)? {
                    return Ok(true);
                }
            }
            Ok(false)
        };
        Ok(self.store.call(is_new).await?)
    }
}

impl Looked {
    /// Nothing yet of a collection that is left to another look of the same pass.
    pub(super) fn deferred(collection: &CollectionName) -> Self {
        Self { paused: true, ..Self::new(collection, Standing::default()) }
    }

    /// Whether there is something to upload or to delete.
    fn finds(&self) -> bool {
        !self.gathered.wanted.is_empty() || !self.gathered.gone.is_empty()
    }

    /// Replaces this first look by the second one, and keeps of the first what only that could tell: what was seen, what
    /// was not yet known, and every doubt.
    fn confirm(&mut self, again: Self) {
        let first = std::mem::replace(self, again);
        let (gathered, before) = (&mut self.gathered, first.gathered);
        let missed: BTreeSet<_> = before.gone.iter().map(|gone| &gone.path).collect();
        let count = gathered.gone.len();
        gathered.gone.retain(|gone| missed.contains(&gone.path));
        self.missed_once = gathered.gone.len() < count;
        gathered.known = before.known;
        // What cannot be synced is new only to the first look.
        let failed: BTreeSet<_> = gathered.failed.iter().collect();
        gathered.settling.extend(before.settling.into_iter().filter(|new| !new.soon && failed.contains(&new.path)));
        if before.authority != Authority::Whole {
            gathered.authority = before.authority;
        }
        gathered.out_of_sight = before.out_of_sight.or(gathered.out_of_sight.take());
        self.changed.extend(first.changed);
    }
}
