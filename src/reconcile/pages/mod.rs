//! Gathering pages: the lists, a polite question to each page's origin, and what the answers make of the documents.

mod access;
mod answers;
mod asking;
mod cleaning;
mod content;
mod costs;
mod findings;
mod folding;
mod hidden_text;
mod leaving;
mod pause;
mod reader;
mod signs;
mod soft_404;
mod wanted;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::Duration,
};

use tokio::{sync::mpsc, task::JoinSet};
use tracing::Instrument;
use url::Url;

use super::{
    Document, Event, Failure, Fatal, Pass, Skipped,
    look::{replacement_standing, standing},
    looked::Looked,
};
use crate::{
    config::{Input, Pages},
    fetch::lists::{self, ListSpec},
    model::{CollectionName, ContentHash, DocPath, Moment, PageState, Record, Ways, identity},
    plan::{Authority, ReplacementStanding, Spelling, Standing},
    platform::{Platform, clock::Clock},
    store::{Db, PageLook, StoreError},
};

pub use access::access;
pub use content::page_content;
pub use costs::HostBudget;
use findings::Findings;
pub(super) use pause::Pause;
pub use reader::Reader;
pub(super) use reader::file_name;

/// Looks that are noted in one transaction.
const BATCH: usize = 100;

/// What the store knows of a collection's pages.
#[derive(Debug, Default)]
pub(super) struct Known {
    records: BTreeMap<DocPath, Record>,
    states: BTreeMap<String, PageState>,
    /// Pages that are known by another spelling than their identity.
    spellings: HashMap<String, String>,
    /// How lists led to addresses that were not read this time, by the addresses.
    unread: BTreeMap<String, Ways>,
    /// Why content could not be read that costs too much.
    costly: HashMap<ContentHash, String>,
    standing: Standing,
    replacements: ReplacementStanding,
}

impl Known {
    /// Reads it.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(super) fn read(db: &Db, collection: &CollectionName, now: Moment) -> Result<Self, StoreError> {
        let records = db.with_records(collection, "", |records| {
            records.map(|record| (record.path.clone(), record)).collect::<BTreeMap<_, _>>()
        })?;
        let guarded = db.collection(collection)?;
        // A site may lose its pages a few at a time.
        let deleted = db.recent_deletions(collection, now)?;
        let (standing, replacements) = (standing(&guarded), replacement_standing(&guarded));
        let standing = Standing { deleted, ..standing };
        let (states, costly) = (db.pages(collection)?, db.costly(now)?);
        Ok(Self { records, states, costly, standing, replacements, ..Self::default() })
    }

    /// The addresses that are known and are not their own identities, by these.
    fn other_spellings(&self) -> HashMap<String, Vec<Spelling>> {
        let addresses = self.records.keys().map(DocPath::as_str).chain(self.states.keys().map(String::as_str));
        let addresses: BTreeSet<&str> = addresses.collect();
        let mut others: HashMap<String, Vec<Spelling>> = HashMap::new();
        for address in addresses {
            let Ok(url) = Url::parse(address) else { continue };
            let identity = identity(&url);
            if identity != url {
                others.entry(identity.into()).or_default().extend(self.spelling(address));
            }
        }
        others
    }

    /// A spelling, where it is known.
    fn spelling(&self, address: &str) -> Option<Spelling> {
        let record = DocPath::new(address).ok().and_then(|path| self.records.get(&path));
        let is_known = record.is_some() || self.states.contains_key(address);
        is_known.then(|| Spelling { address: address.to_owned(), live: record.and_then(|record| record.live) })
    }

    /// The spelling by which a page is known, or will be.
    fn spelt(&self, url: &Url) -> Url {
        let identity = identity(url);
        let known = self.spellings.get(identity.as_str()).and_then(|known| Url::parse(known).ok());
        known.unwrap_or(identity)
    }
}

/// One look at a collection of pages.
#[derive(Clone, Copy)]
pub(super) struct PagesLook<'a> {
    pub(super) reader: &'a Reader,
    pub(super) collection: &'a CollectionName,
    pub(super) pages: &'a Pages,
    /// The look that it is part of, by its name.
    pub(super) pass: &'a str,
    /// In how many passes in a row a page must be gone.
    pub(super) confirm_gone: u64,
    /// The least time between two of those that count.
    pub(super) gone_apart: Duration,
    /// The part of a collection, in a hundred, that may be deleted without a person's word.
    pub(super) most_percent: u64,
    /// Whether what is to be uploaded is kept until it has gone up.
    pub(super) keep: bool,
    /// When it stops for uploads and deletions; the pass scans the rest afterwards.
    pub(super) pause: &'a Pause,
    /// The clock that the rest goes by.
    pub(super) clock: &'a dyn Clock,
}

/// What the looks of one pass share.
pub(super) struct SoFar {
    /// The lists while they are read, each once, whatever becomes of the look that has begun it.
    reading: Option<JoinSet<lists::Pages>>,
    /// The lists.
    listed: lists::Pages,
    /// When they were read.
    listed_at: Moment,
    /// What the pages have shown.
    findings: Findings,
}

impl SoFar {
    /// Waits until the lists are read. It can be dropped, and called again.
    async fn end_reading(&mut self, known: &Known) {
        let Some(reading) = &mut self.reading else { return };
        let read = reading.join_next().await;
        self.reading = None;
        self.listed = read.and_then(Result::ok).unwrap_or_else(|| {
            let why = "reading them broke off; see the log".to_owned();
            lists::Pages { failed: vec![why], incomplete: true, ..lists::Pages::default() }
        });
        let listed = &mut self.listed;
        let held = |page: &str| {
            let record = DocPath::new(page).ok().and_then(|path| known.records.get(&path));
            record.is_some_and(|record| record.live.is_some())
        };
        let is_listed =
            |page: &str| Url::parse(page).is_ok_and(|page| listed.pages.contains_key(identity(&page).as_str()));
        let (named, left): (Vec<_>, Vec<_>) = known.states.iter().partition(|(page, _)| is_listed(page));
        let reached: BTreeSet<&str> = named.iter().filter_map(|(_, state)| state.moved.as_deref()).collect();
        let left = left.into_iter().filter(|(page, _)| held(page) && !reached.contains(page.as_str()));
        listed.doubt_empty(left.filter_map(|(_, state)| state.lists.as_ref()));
    }
}

impl PagesLook<'_> {
    /// Reads the lists, asks for the pages that no look of the pass has asked for before, and folds what comes of it. What is
    /// to be remembered goes to `notes`.
    pub(super) async fn look(self, so_far: &mut SoFar, mut known: Known, notes: mpsc::Sender<PageLook>) -> Looked {
        let mut pause = std::pin::pin!(self.pause.over());
        let are_read = tokio::select! {
            biased;
            () = so_far.end_reading(&known) => true,
            () = &mut pause => false,
        };
        if !are_read {
            return Looked::deferred(self.collection);
        }
        let SoFar { listed, listed_at, findings, .. } = so_far;
        let listed = &*listed;
        let mut looked = Looked::new(self.collection, std::mem::take(&mut known.standing));
        looked.gathered.replacements = std::mem::take(&mut known.replacements);
        self.say(listed, &mut looked);
        if !listed.unread.is_empty() {
            let unread = |ways: &Ways| ways.only(|way| listed.unread_of(way).is_some());
            let unread =
                known.states.iter().filter_map(|(page, state)| Some((page.clone(), unread(state.lists.as_ref()?)?)));
            known.unread = unread.collect();
        }
        self.reader.costs().begin(self.pass, std::mem::take(&mut known.costly));
        let wanted = self.wanted(listed, &mut known);
        self.ask(&wanted, &mut known, findings, &notes, &mut looked, pause).await;
        for note in self.fold(&wanted, (listed, *listed_at), known, findings, &mut looked) {
            // Nobody takes them where nothing is to be remembered.
            let _ = notes.send(note).await;
        }
        looked
    }

    /// Begins to read the lists.
    pub(super) fn begin(&self) -> SoFar {
        let (spec, fetcher) =
            (ListSpec { start: start_of(self.pass), ..spec(self.pages) }, self.reader.fetcher().clone());
        let access = self.reader.fetching().access(self.collection, self.pages);
        let mut reading = JoinSet::new();
        reading.spawn(async move { lists::expand(&fetcher, &spec, &access).await }.in_current_span());
        let (listed, findings) = (lists::Pages::default(), Findings::default());
        SoFar { reading: Some(reading), listed, listed_at: self.clock.wall(), findings }
    }

    /// What is wrong with the lists.
    fn say(&self, listed: &lists::Pages, looked: &mut Looked) {
        let named = |text: &str| {
            let (place, reason) = text.split_once(": ").unwrap_or(("its lists", text));
            (Document { collection: self.collection.clone(), path: place.to_owned() }, reason.to_owned())
        };
        for bad in &listed.bad {
            let (document, reason) = named(bad);
            looked.skipped.push(Skipped { document, reason, kept: false });
        }
        for failed in &listed.failed {
            let (document, reason) = named(failed);
            looked.unlisted.push(Failure { document, reason });
        }
    }
}

impl<P: Platform> Pass<'_, P> {
    /// Forgets the pages of collections that have none any more.
    pub(super) async fn forget_other_pages(&self) -> Result<(), Fatal> {
        let with_pages = self.scope.collections.iter().filter(|one| matches!(one.input, Input::Pages(_)));
        let with_pages: BTreeSet<_> = with_pages.map(|one| one.name.clone()).collect();
        Ok(self.store.call(move |db| db.forget_pages_but_of(&with_pages)).await?)
    }

    /// Looks at pages, and notes what was seen.
    pub(super) async fn look_at_pages(
        &self,
        collection: &CollectionName,
        pages: &Pages,
        pause: &Pause,
    ) -> Result<Looked, Fatal> {
        let look = PagesLook {
            reader: &self.scope.reader,
            collection,
            pages,
            pass: &self.look,
            confirm_gone: self.scope.policy.confirm_gone,
            gone_apart: self.scope.gone_apart,
            most_percent: self.scope.policy.max_delete_percent,
            keep: true,
            pause,
            clock: &*self.scope.machine.clock,
        };
        (self.event)(Event::Looking(collection.clone()));
        let name = collection.clone();
        let now = self.now();
        let known = self.store.call(move |db| Known::read(db, &name, now)).await?;
        let before = self.pages.lock().await.remove(collection);
        let mut so_far = before.unwrap_or_else(|| look.begin());
        let (notes, mut noted) = mpsc::channel(BATCH);
        // It takes the receiver with it: where noting fails, looking is not held up by notes that nobody takes.
        let noting = async move {
            let mut batch = Vec::new();
            while noted.recv_many(&mut batch, BATCH).await > 0 {
                (self.event)(Event::Looking(collection.clone()));
                let (name, looks) = (collection.clone(), std::mem::take(&mut batch));
                let (costly, now) = (look.reader.costs().take_new(), self.now());
                self.store
                    .call(move |db| {
                        db.note_pages(&name, &looks)?;
                        db.note_costly(&costly, now)
                    })
                    .await?;
            }
            Ok::<_, Fatal>(())
        };
        let (mut looked, noted) = tokio::join!(look.look(&mut so_far, known, notes), noting);
        noted?;
        self.pages.lock().await.insert(collection.clone(), so_far);
        let (name, pass) = (collection.clone(), self.look.clone());
        let forgotten = std::mem::take(&mut looked.forgotten);
        // After a pause, the pages that are left would be taken for unlisted.
        let sure = looked.gathered.authority == Authority::Whole && !looked.paused;
        self.store
            .call(move |db| {
                if sure {
                    db.forget(&name, &forgotten)?;
                    db.forget_pages(&name, &pass)?;
                }
                Ok(())
            })
            .await?;
        Ok(looked)
    }
}

/// What the lists say of one page.
#[derive(Debug, Default)]
pub struct PageList {
    /// Which list names it.
    pub listed: Option<String>,
    /// The pattern that leaves it out.
    pub left_out: Option<String>,
    /// What is wrong with the lists.
    pub troubles: Vec<String>,
}

/// Reads a collection's lists and tells of one page.
pub async fn list_of(reader: &Reader, collection: &CollectionName, pages: &Pages, url: &Url) -> PageList {
    let listed = lists::expand(reader.fetcher(), &spec(pages), &access(collection, pages)).await;
    let filter = lists::Filter::new(&pages.include, &pages.exclude).ok();
    PageList {
        left_out: filter.and_then(|filter| filter.rule(url).map(|rule| rule.to_string())),
        listed: listed.pages.get(identity(url).as_str()).map(|entry| entry.from.to_string()),
        troubles: listed.failed,
    }
}

/// A collection's lists.
fn spec(pages: &Pages) -> ListSpec {
    let Pages { urls, url_files, sitemaps, feeds, include, exclude, .. } = pages.clone();
    ListSpec { urls, files: url_files, sitemaps, feeds, include, exclude, start: 0 }
}

/// A number that is another one in each pass.
fn start_of(pass: &str) -> usize {
    usize::from_str_radix(pass, 16).unwrap_or_default()
}
