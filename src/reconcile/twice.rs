//! Only what two looks have missed is gone: what was moved during the first, from where it was still to come to where it
//! had been already, was seen in neither place.

use std::{collections::BTreeSet, time::Duration};

use super::{Extent, Fatal, Pass, looked::Looked, policy};
use crate::{
    config::{Collection, Input},
    plan::{Authority, Gathered},
    platform::Platform,
    store::{Db, Withheld},
};

impl<P: Platform> Pass<'_, P> {
    /// Looks at the collections; at all folders once more, where one misses documents.
    pub(super) async fn look_twice(&self, extent: &mut Extent, pause_after: Duration) -> Result<Vec<Looked>, Fatal> {
        let mut looks: Vec<(&Collection, Looked)> = Vec::new();
        for collection in &self.scope.collections {
            if let Some(wake) = extent.of(&collection.name) {
                let mut looked = self.unless_stopped(self.look(collection, wake, pause_after)).await?;
                extent.take_in(&collection.name, std::mem::take(&mut looked.fresh));
                looks.push((collection, looked));
            }
        }
        let is_folder = |collection: &Collection| matches!(collection.input, Input::Folder(_));
        let mut misses = false;
        for (_, looked) in looks.iter().filter(|(collection, _)| is_folder(collection)) {
            misses = misses || self.misses(looked).await?;
        }
        if misses {
            for (collection, looked) in looks.iter_mut().filter(|(collection, _)| is_folder(collection)) {
                if let Some(wake) = extent.of(&collection.name) {
                    let mut again = self.unless_stopped(self.look(collection, wake, pause_after)).await?;
                    extent.take_in(&collection.name, std::mem::take(&mut again.fresh));
                    looked.confirm(again);
                }
            }
        }
        Ok(looks.into_iter().map(|(_, looked)| looked).collect())
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
    /// Becomes the second look, but for what the first one has seen. What that has noted as new is nothing known.
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
