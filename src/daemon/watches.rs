//! How the daemon learns of changes: each collection watched, polled, or left to the schedule.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    os::unix::fs::MetadataExt,
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use futures_util::{FutureExt, future::join_all};
use tokio::{
    sync::Notify,
    task::{JoinHandle, spawn_blocking},
    time::timeout,
};

use super::note::{How, Watching};
use crate::{
    config::{Collection, Folder, Input},
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
    /// What the files that list pages looked like at the last look, and the look that is under way.
    lists: Vec<Option<Stamp>>,
    listing: Option<JoinHandle<Vec<Option<Stamp>>>>,
    /// Whether one of them has changed since the last time that somebody asked.
    changed: bool,
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
            watch: match collection.folder() {
                Some(folder) if wanted => self.watch(folder).await,
                Some(_) => Err("`watch` is false".to_owned()),
                None => Err(format!("{collection} is not here")),
            },
            checking: None,
            lists: first_look(collection).await,
            listing: None,
            changed: false,
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
        let without = without.filter_map(|(name, eye)| Some((name.clone(), eye.collection.folder()?.clone())));
        let without: Vec<_> = without.collect();
        let watches = join_all(without.iter().map(|(_, folder)| self.watch(folder))).await;
        for ((name, _), watch) in without.iter().zip(watches) {
            if let Some(eye) = self.of.get_mut(name) {
                eye.watch = watch;
            }
        }
    }

    async fn watch(&self, folder: &Folder) -> Result<Arc<Watch>, String> {
        let (options, woken) = (scan_options(folder, self.accepted), Arc::clone(&self.woken));
        let made = spawn_blocking(move || Watch::new(&options, move || woken.notify_one()));
        match timeout(ANSWER, made).await {
            Ok(Ok(made)) => made.map(Arc::new).map_err(|error| error.to_string()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("{} does not answer", folder.root.display())),
        }
    }

    /// For the walks of a pass.
    pub(super) fn for_walks(&self) -> BTreeMap<CollectionName, Arc<Watch>> {
        self.of.iter().filter_map(|(name, eye)| Some((name.clone(), Arc::clone(eye.watch.as_ref().ok()?)))).collect()
    }

    /// What has changed since the last time.
    pub(super) fn take(&mut self) -> Vec<(CollectionName, Wake)> {
        let wakes = self.of.iter_mut().map(|(name, eye)| {
            let whole = std::mem::take(&mut eye.changed);
            let watched = eye.watch.as_ref().map(|watch| watch.take()).unwrap_or_default();
            (name.clone(), if whole { Wake::everything() } else { watched })
        });
        wakes.filter(|(_, wake)| !wake.is_empty()).collect()
    }

    /// Notices what the system does not tell of. A folder that does not answer holds up nothing but its own next check.
    pub(super) fn check(&mut self) {
        for eye in self.of.values_mut() {
            eye.look_at_lists();
            let Ok(watch) = &eye.watch else { continue };
            if eye.checking.as_ref().is_none_or(JoinHandle::is_finished) {
                let watch = Arc::clone(watch);
                eye.checking = Some(spawn_blocking(move || watch.check()));
            }
        }
    }

    /// Those that must be polled.
    pub(super) fn polled(&self) -> BTreeSet<CollectionName> {
        let polled = self.of.iter().filter(|(_, eye)| eye.is_polled());
        polled.map(|(name, _)| name.clone()).collect()
    }

    /// How each collection's changes are learnt of.
    pub(super) fn ways(&self) -> BTreeMap<String, Watching> {
        let way = |eye: &Eye| match eye.trouble() {
            None => Watching { how: How::Watched, why: None },
            Some(why) if eye.is_polled() => Watching { how: How::Polled, why: Some(why) },
            Some(why) => Watching { how: How::Scheduled, why: Some(why) },
        };
        self.of.iter().map(|(name, eye)| (name.to_string(), way(eye))).collect()
    }
}

impl Eye {
    /// Whether its folder is looked at often. Pages are on somebody else's machine.
    fn is_polled(&self) -> bool {
        self.wanted && self.collection.folder().is_some() && self.trouble().is_some()
    }

    /// Takes the look at the files that list pages which has ended, and begins another one. A disk that does not answer
    /// holds up nothing else.
    fn look_at_lists(&mut self) {
        if !self.wanted || !matches!(self.collection.input, Input::Pages(_)) {
            return;
        }
        if let Some(mut looking) = self.listing.take() {
            match (&mut looking).now_or_never() {
                Some(Ok(lists)) => {
                    self.changed |= lists != self.lists;
                    self.lists = lists;
                }
                Some(Err(_)) => {}
                None => {
                    self.listing = Some(looking);
                    return;
                }
            }
        }
        let of = self.collection.clone();
        self.listing = Some(spawn_blocking(move || lists_of(&of)));
    }

    /// Why it sees nothing by itself, if so.
    fn trouble(&self) -> Option<String> {
        match &self.watch {
            Ok(watch) => watch.trouble(),
            Err(reason) => Some(reason.clone()),
        }
    }
}

/// What a file looks like: its inode, size and time of writing.
type Stamp = (u64, u64, i64, i64);

/// The first look at the files that list a collection's pages.
async fn first_look(collection: &Collection) -> Vec<Option<Stamp>> {
    let of = collection.clone();
    let looked = timeout(ANSWER, spawn_blocking(move || lists_of(&of))).await;
    looked.ok().and_then(Result::ok).unwrap_or_default()
}

/// What the files that list a collection's pages look like; `None` for one that is not there.
fn lists_of(collection: &Collection) -> Vec<Option<Stamp>> {
    let Input::Pages(pages) = &collection.input else { return Vec::new() };
    let look = |path: &PathBuf| {
        let metadata = fs::metadata(path).ok()?;
        Some((metadata.ino(), metadata.size(), metadata.mtime(), metadata.mtime_nsec()))
    };
    pages.url_files.iter().map(look).collect()
}
