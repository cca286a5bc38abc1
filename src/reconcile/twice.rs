//! Second walk of all folders before deletions, for documents that were moved while the first walk was under way.

use std::{collections::BTreeSet, time::Duration};

use super::{Extent, Fatal, Pass, looked::Looked, pages::Pause, policy};
use crate::{
    config::{Collection, Input},
    plan::{Authority, Gathered},
    platform::Platform,
    store::{Db, Withheld},
};

impl<P: Platform> Pass<'_, P> {
    /// Looks at the collections; at all folders once more, where one misses documents: what was moved from a part that was
    /// still to be walked through to one that had been is in neither look at them.
    pub(super) async fn look_twice(&self, extent: &mut Extent, pause_after: Duration) -> Result<Vec<Looked>, Fatal> {
        let is_folder = |collection: &Collection| matches!(collection.input, Input::Folder(_));
        let mut looks: Vec<(&Collection, Looked)> = Vec::new();
        // Folders first: a slow site must not delay them.
        let (folders, others): (Vec<_>, Vec<_>) = self.scope.collections.iter().partition(|one| is_folder(one));
        for collection in folders.into_iter().chain(others) {
            let pause = Pause { after: pause_after, others_wait: looks.iter().any(|(_, looked)| looked.finds()) };
            let looked = self.look_within(extent, collection, pause).await?;
            looks.extend(looked.map(|looked| (collection, looked)));
        }
        looks.sort_by_key(|(collection, _)| self.scope.collections.iter().position(|one| one.name == collection.name));
        let mut misses = false;
        for (_, looked) in looks.iter().filter(|(collection, _)| is_folder(collection)) {
            misses = misses || self.misses(looked).await?;
        }
        for (collection, looked) in looks.iter_mut().filter(|(collection, _)| misses && is_folder(collection)) {
            let pause = Pause { after: pause_after, others_wait: false };
            if let Some(again) = self.look_within(extent, collection, pause).await? {
                looked.confirm(again);
            }
        }
        Ok(looks.into_iter().map(|(_, looked)| looked).collect())
    }

    /// Looks at what the extent has of a collection, if anything, and widens the extent by the folders that are new there.
    async fn look_within(
        &self,
        extent: &mut Extent,
        collection: &Collection,
        pause: Pause,
    ) -> Result<Option<Looked>, Fatal> {
        let Some(wake) = extent.of(&collection.name) else { return Ok(None) };
        let mut looked = self.unless_stopped(self.look(collection, wake, pause)).await?;
        extent.take_in(&collection.name, std::mem::take(&mut looked.fresh));
        Ok(Some(looked))
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
