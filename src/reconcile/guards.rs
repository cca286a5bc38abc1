//! What is remembered of guards: the deletions that wait for a person's word, and that word.

use std::collections::BTreeSet;

use super::{Extent, Fatal, Pass, Report};
use crate::{
    model::CollectionName,
    plan::{Deletion, Gone, Why},
    store::Db,
};

impl<P> Pass<'_, P> {
    /// Notes what is withheld now, so that it can be approved however the pass ends, and what the folders stand on. Of a
    /// collection that was looked at in part, or whose look has not come to its end, what an earlier pass noted stays.
    pub(super) async fn note_guards(
        &self,
        extent: &Extent,
        paused: &BTreeSet<CollectionName>,
        report: &Report,
    ) -> Result<(), Fatal> {
        let mut names: BTreeSet<CollectionName> = self.scope.collections.iter().map(|c| c.name.clone()).collect();
        names.extend(report.withheld.iter().map(|withheld| withheld.collection.clone()));
        names.extend(report.held_replacements.iter().map(|held| held.collection.clone()));
        // Nothing is held any more of one that has left the config for good.
        let guarded = self.store.call(|db| db.guarded_collections()).await?;
        names.extend(guarded.iter().filter_map(|name| CollectionName::new(name).ok()));
        names.retain(|name| extent.is_whole(name) && !paused.contains(name));
        for name in names {
            let withheld: Vec<_> = report.withheld.iter().filter(|withheld| withheld.collection == name).collect();
            // Who sees nothing sure, or was not asked, does not release what was held.
            let open: Vec<_> = withheld.iter().filter(|withheld| withheld.why.can_be_approved()).collect();
            let by_limit = open.iter().filter(|withheld| withheld.why.is_limit()).map(|held| held.deletes()).sum();
            let deletions: BTreeSet<Deletion> =
                open.iter().flat_map(|withheld| &withheld.gone).map(Gone::deletion).collect();
            let held = (!open.is_empty() || withheld.is_empty()).then_some((deletions, by_limit));
            let replacements = report.held_replacements.iter().find(|held| held.collection == name);
            let replacements: BTreeSet<_> =
                replacements.into_iter().flat_map(|held| &held.documents).cloned().collect();
            let never = !withheld.is_empty() && withheld.iter().all(|withheld| withheld.why == Why::Never);
            let footing = report.footings.get(&name).cloned().filter(|_| withheld.is_empty() || never);
            let reasons: Vec<_> = withheld.iter().map(|one| (one.deletes(), one.why.to_string())).collect();
            let note = move |db: &mut Db| {
                // Under `delete: never` nobody asked whether the folder is the one of before; that is asked later.
                let known = never && db.collection(&name)?.footing.is_some();
                db.note_guard(&name, held.as_ref(), footing.as_ref().filter(|_| !known))?;
                db.note_withheld(&name, &reasons)?;
                db.note_held_replacements(&name, &replacements)
            };
            self.store.call(note).await?;
        }
        Ok(())
    }

    /// Takes back what is left of the approvals that this pass began with, where it has come to its end and read the list,
    /// which some are for. What waits for its successor goes by its approval later.
    pub(super) async fn spend(&self, done: bool, report: &mut Report) -> Result<(), Fatal> {
        let begun = std::mem::take(&mut report.approvals).into_iter();
        let deleted =
            |name: &CollectionName| report.deleted_of(name) > self.scope.deleted.get(name).copied().unwrap_or(0);
        let unsure = |name: &CollectionName| {
            report.withheld.iter().any(|one| one.collection == *name && matches!(one.why, Why::Unsure(_)))
        };
        let begun = begun.filter_map(|(name, began)| Some((CollectionName::new(&name).ok()?, began)));
        let begun: Vec<_> = begun.map(|(name, began)| (deleted(&name), unsure(&name), name, began)).collect();
        for (has_deleted, is_unsure, name, mut began) in begun {
            let is_over = done && report.listed && report.is_judged(&name) && !is_unsure;
            // What a person has allowed does not count against what comes after it.
            if has_deleted || is_over {
                report.deleted_of.remove(&name);
            }
            if is_over {
                let waiting = report.waiting.iter().filter(|(collection, _)| *collection == name);
                let waiting: BTreeSet<&Deletion> = waiting.map(|(_, deletion)| deletion).collect();
                began.deletions.retain(|deletion| !waiting.contains(deletion));
                self.store.call(move |db| db.spend_approval(name.as_str(), &began)).await?;
            }
        }
        Ok(())
    }
}
