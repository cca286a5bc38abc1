//! How the daemon learns of changes: each collection watched, polled, or left to the schedule.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use tokio::{sync::Notify, task::spawn_blocking};

use super::note::{How, Watching};
use crate::{
    config::Collection,
    model::CollectionName,
    reconcile::{Extent, scan_options},
    scan::{Wake, Watch},
};

/// The eyes on all collections.
#[derive(Debug)]
pub(super) struct Watches {
    of: BTreeMap<CollectionName, Eye>,
    accepted: &'static [&'static str],
    /// Told whenever one of them has noted something.
    pub(super) woken: Arc<Notify>,
}

/// The eye on one collection.
#[derive(Debug)]
struct Eye {
    collection: Collection,
    /// Whether it is to be watched at all.
    wanted: bool,
    /// The watch, or why there is none.
    watch: Result<Arc<Watch>, String>,
}

impl Watches {
    /// No eyes yet. `accepted` are the extensions that the platform takes.
    pub(super) fn new(accepted: &'static [&'static str]) -> Self {
        Self { of: BTreeMap::new(), accepted, woken: Arc::default() }
    }

    /// Watches these collections from now on, where that is wanted, and no others. What has not changed is kept.
    pub(super) async fn set(&mut self, collections: &[Collection], wanted: bool) {
        let mut before = std::mem::take(&mut self.of);
        for collection in collections {
            let kept = before
                .remove(&collection.name)
                .filter(|eye| eye.collection == *collection && eye.wanted == wanted && eye.trouble().is_none());
            let eye = match kept {
                Some(eye) => eye,
                None => {
                    let watch = if wanted { self.watch(collection).await } else { Err("`watch` is false".to_owned()) };
                    Eye { collection: collection.clone(), wanted, watch }
                }
            };
            self.of.insert(collection.name.clone(), eye);
        }
        // To let a watch go takes a moment.
        drop(spawn_blocking(|| drop(before)));
    }

    /// Tries again to watch those that could not be watched from the start, as when their folder was not there. Only the
    /// whole of a folder shows a new watch what there is.
    pub(super) async fn try_again(&mut self, extent: &Extent) {
        let without = self.of.iter().filter(|(name, eye)| eye.wanted && eye.watch.is_err() && extent.is_whole(name));
        let without: Vec<_> = without.map(|(name, eye)| (name.clone(), eye.collection.clone())).collect();
        for (name, collection) in without {
            let watch = self.watch(&collection).await;
            if let Some(eye) = self.of.get_mut(&name) {
                eye.watch = watch;
            }
        }
    }

    async fn watch(&self, collection: &Collection) -> Result<Arc<Watch>, String> {
        let (options, woken) = (scan_options(collection, self.accepted), Arc::clone(&self.woken));
        let made = spawn_blocking(move || Watch::new(&options, move || woken.notify_one())).await;
        match made {
            Ok(made) => made.map(Arc::new).map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// For the walks of a pass.
    pub(super) fn for_walks(&self) -> BTreeMap<CollectionName, Arc<Watch>> {
        self.of.iter().filter_map(|(name, eye)| Some((name.clone(), Arc::clone(eye.watch.as_ref().ok()?)))).collect()
    }

    /// What has changed since the last time.
    pub(super) fn take(&self) -> Vec<(CollectionName, Wake)> {
        let watched = self.of.iter().filter_map(|(name, eye)| Some((name, eye.watch.as_ref().ok()?)));
        watched.map(|(name, watch)| (name.clone(), watch.take())).filter(|(_, wake)| !wake.is_empty()).collect()
    }

    /// Notices what the system does not tell of.
    pub(super) async fn check(&self) {
        let watched: Vec<_> = self.of.values().filter_map(|eye| eye.watch.as_ref().ok().cloned()).collect();
        // A check that breaks has said so, and the next one comes soon.
        let _ = spawn_blocking(move || watched.iter().for_each(|watch| watch.check())).await;
    }

    /// Those that must be polled.
    pub(super) fn polled(&self) -> BTreeSet<CollectionName> {
        let polled = self.of.iter().filter(|(_, eye)| eye.wanted && eye.trouble().is_some());
        polled.map(|(name, _)| name.clone()).collect()
    }

    /// How each collection's changes are learnt of.
    pub(super) fn ways(&self) -> BTreeMap<String, Watching> {
        let way = |eye: &Eye| match eye.trouble() {
            None => Watching { how: How::Watched, why: None },
            Some(why) if eye.wanted => Watching { how: How::Polled, why: Some(why) },
            Some(why) => Watching { how: How::Scheduled, why: Some(why) },
        };
        self.of.iter().map(|(name, eye)| (name.to_string(), way(eye))).collect()
    }
}

impl Eye {
    /// Why it sees nothing by itself, if so.
    fn trouble(&self) -> Option<String> {
        match &self.watch {
            Ok(watch) => watch.trouble(),
            Err(reason) => Some(reason.clone()),
        }
    }
}
