//! How the daemon learns of changes: each collection watched, polled, or left to the schedule.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use futures_util::future::join_all;
use tokio::{
    sync::Notify,
    task::{JoinHandle, spawn_blocking},
    time::timeout,
};

use super::note::{How, Watching};
use crate::{
    config::Collection,
    model::CollectionName,
    reconcile::{Extent, scan_options},
    scan::{Wake, Watch},
};

/// A folder that takes longer to be watched does not answer, as one of a server that is away.
const ANSWER: Duration = Duration::from_secs(10);

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
    /// The last check of it.
    checking: Option<JoinHandle<()>>,
}

impl Watches {
    /// No eyes yet. `accepted` are the extensions that the platform takes.
    pub(super) fn new(accepted: &'static [&'static str]) -> Self {
        Self { of: BTreeMap::new(), accepted, woken: Arc::default() }
    }

    /// Watches these collections from now on, where that is wanted, and no others. What has not changed is kept.
    pub(super) async fn set(&mut self, collections: &[Collection], wanted: bool) {
        let mut before = std::mem::take(&mut self.of);
        let eyes = collections.iter().map(async |collection| Eye {
            collection: collection.clone(),
            wanted,
            watch: if wanted { self.watch(collection).await } else { Err("`watch` is false".to_owned()) },
            checking: None,
        });
        let (mut kept, mut anew) = (Vec::new(), Vec::new());
        for (collection, eye) in collections.iter().zip(eyes) {
            let same = |eye: &Eye| eye.collection == *collection && eye.wanted == wanted && eye.trouble().is_none();
            match before.remove(&collection.name).filter(same) {
                Some(eye) => kept.push(eye),
                None => anew.push(eye),
            }
        }
        kept.extend(join_all(anew).await);
        self.of = kept.into_iter().map(|eye| (eye.collection.name.clone(), eye)).collect();
        // To let a watch go takes a moment.
        drop(spawn_blocking(|| drop(before)));
    }

    /// Tries again to watch those that could not be watched from the start, as when their folder was not there, and
    /// before a full pass also those whose watch has failed since. Only the whole of a folder shows a new watch what there
    /// is.
    pub(super) async fn try_again(&mut self, extent: &Extent) {
        let without = self.of.iter().filter(|(name, eye)| {
            let failed = eye.watch.is_err() || *extent == Extent::Full;
            eye.wanted && eye.trouble().is_some() && failed && extent.is_whole(name)
        });
        let without: Vec<_> = without.map(|(name, eye)| (name.clone(), eye.collection.clone())).collect();
        let watches = join_all(without.iter().map(|(_, collection)| self.watch(collection))).await;
        for ((name, _), watch) in without.iter().zip(watches) {
            if let Some(eye) = self.of.get_mut(name) {
                eye.watch = watch;
            }
        }
    }

    async fn watch(&self, collection: &Collection) -> Result<Arc<Watch>, String> {
        let (options, woken) = (scan_options(collection, self.accepted), Arc::clone(&self.woken));
        let made = spawn_blocking(move || Watch::new(&options, move || woken.notify_one()));
        match timeout(ANSWER, made).await {
            Ok(Ok(made)) => made.map(Arc::new).map_err(|error| error.to_string()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("{} does not answer", collection.root.display())),
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

    /// Notices what the system does not tell of. A folder that does not answer holds up nothing but its own next check.
    pub(super) fn check(&mut self) {
        for eye in self.of.values_mut() {
            let Ok(watch) = &eye.watch else { continue };
            if eye.checking.as_ref().is_none_or(JoinHandle::is_finished) {
                let watch = Arc::clone(watch);
                eye.checking = Some(spawn_blocking(move || watch.check()));
            }
        }
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
