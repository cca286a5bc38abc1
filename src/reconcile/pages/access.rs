//! How a collection may fetch: its part of the config, its share of the requests at once, and the time of slow hosts.

use std::sync::Arc;

use reqwest::header::HeaderName;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{
    config::Pages,
    fetch::{Access, HostTime, TimeBudget},
    model::CollectionName,
};

/// Pages that each collection may ask for at once, over all hosts, whatever the others do.
const LEAST_AT_ONCE: usize = 2;
/// Pages that all of them may ask for at once beyond that.
const SHARED_AT_ONCE: usize = 14;

/// What collections share that fetch.
#[derive(Clone, Debug)]
pub(in crate::reconcile) struct Fetching {
    places: Arc<Semaphore>,
    time: Arc<HostTime>,
}

impl Default for Fetching {
    fn default() -> Self {
        Self::new(TimeBudget::default())
    }
}

impl Fetching {
    pub(super) fn new(budget: TimeBudget) -> Self {
        Self { places: Arc::new(Semaphore::new(SHARED_AT_ONCE)), time: Arc::new(HostTime::new(budget)) }
    }

    /// What slow hosts have cost.
    pub(in crate::reconcile) fn time(&self) -> &HostTime {
        &self.time
    }

    /// How a pass may fetch for a collection.
    pub(super) fn access(&self, collection: &CollectionName, pages: &Pages) -> Access {
        Access { time: Some(Arc::clone(&self.time)), ..access(collection, pages) }
    }

    /// A place for one more page of a collection that asks for that many; `None` where others have them all.
    pub(super) fn place(&self, asked: usize) -> Option<PagePlace> {
        if asked < LEAST_AT_ONCE {
            return Some(PagePlace(None));
        }
        Arc::clone(&self.places).try_acquire_owned().ok().map(|permit| PagePlace(Some(permit)))
    }
}

/// A place for a page that is asked for, until it is dropped.
pub(super) struct PagePlace(#[expect(dead_code, reason = "it is held")] Option<OwnedSemaphorePermit>);

/// A collection's part of the config, as the fetcher wants it.
pub fn access(collection: &CollectionName, pages: &Pages) -> Access {
    let headers = pages.headers.0.iter().map(|(origin, named)| {
        // The config has checked the names.
        let named = named
            .iter()
            .filter_map(|(name, value)| Some((HeaderName::from_bytes(name.as_bytes()).ok()?, value.clone())));
        (origin.clone(), named.collect())
    });
    let named = pages.urls.iter().chain(&pages.sitemaps).chain(&pages.feeds).filter(|_| pages.allow_private);
    let origins = named.filter_map(|url| Some((url.host_str()?, url.port_or_known_default()?)));
    let allowed = pages.allow_hosts.with_origins(origins);
    Access {
        collection: collection.to_string(),
        allow_private: pages.allow_private,
        allowed: Arc::new(allowed),
        headers: headers.collect(),
        max_size: pages.max_file_size,
        delay: pages.delay,
        at_once: pages.connections,
        obey_robots: true,
        time: None,
    }
}
