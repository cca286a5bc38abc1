//! What is remembered of guards: the deletions that wait for a person's word, and that word.

use std::collections::BTreeSet;

use super::{Extent, Fatal, Pass, Report};
use crate::{
    model::CollectionName,
    plan::{Why, Withheld},
};

impl<P> Pass<'_, P> {
    /// Notes what is withheld now, so that it can be approved however the pass ends, and the devices of the folders. Of a
    /// collection that was looked at in part, what an earlier pass noted stays.
    pub(super) async fn note_guards(&self, extent: &Extent, report: &Report) -> Result<(), Fatal> {
        let mut names: BTreeSet<CollectionName> = self.scope.collections.iter().map(|c| c.name.clone()).collect();
        names.extend(report.withheld.iter().map(|withheld| withheld.collection.clone()));
        // Nothing is held any more of one that has left the config for good.
        let guarded = self.store.call(|db| db.guarded_collections()).await?;
        names.extend(guarded.iter().filter_map(|name| CollectionName::new(name).ok()));
        names.retain(|name| extent.is_whole(name));
        for name in names {
            let withheld = report.withheld.iter().find(|withheld| withheld.collection == name);
            let held = withheld.filter(|withheld| withheld.why.can_be_approved()).map_or(0, Withheld::deletes);
            let sure = withheld.is_none_or(|withheld| withheld.why == Why::Never);
            let device = report.devices.get(&name).copied().filter(|_| sure);
            self.store.call(move |db| db.note_guard(&name, held, device)).await?;
        }
        Ok(())
    }

    /// Takes back what is left of the approvals that this pass has used. One that ended before its time has used those by
    /// which it deleted something.
    pub(super) async fn spend(&self, done: bool, report: &mut Report) -> Result<(), Fatal> {
        let deleted =
            |name: &CollectionName| report.deleted_of(name) > self.scope.deleted.get(name).copied().unwrap_or(0);
        let used = report.approvals.keys().filter_map(|name| CollectionName::new(name).ok());
        let used: Vec<_> = used.filter(|name| report.is_judged(name) && (done || deleted(name))).collect();
        for name in used {
            // What a person has allowed does not count against what comes after it.
            report.deleted_of.remove(&name);
            self.store.call(move |db| db.spend_approval(name.as_str())).await?;
        }
        Ok(())
    }
}
