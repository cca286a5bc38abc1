//! A page: what its list, its origin and its robots.txt say of it, and what is remembered of it.

use url::Url;

use super::{
    super::{
        Exit,
        connect::Context,
        names::UsageError,
        print::{self, line, moment},
    },
    state,
};
use crate::{
    config::{Collection, Input, Pages, Via},
    model::{Claimed, DocPath, Moment, PageState, identity},
    reconcile::{self, PageList, Reader},
    store::{Db, StoreError},
};

pub(super) async fn run(context: &Context, collection: Option<&str>, url: &Url) -> anyhow::Result<Exit> {
    let db = context.read_store_if_any()?;
    let mut found = false;
    for of in context.config.collections.iter().filter(|of| collection.is_none_or(|name| of.name.as_str() == name)) {
        match &of.input {
            Input::Folder(_) => {}
            Input::Website(website) if website.url == *url => {
                found = true;
                line!("{}/{}", of.name, print::printable(url.as_str()));
                line!("  {CRAWLED}");
                remembered(db.as_ref(), of, url, false)?;
            }
            Input::Website(_) => {}
            Input::Pages(pages) => found |= page(context, db.as_ref(), of, pages, url).await?,
        }
    }
    match found {
        true => Ok(Exit::Ok),
        false => Err(unlisted(url).into()),
    }
}

/// The reason why a website's content is not known here.
pub(in crate::cli) const CRAWLED: &str = "the platform crawls it";

/// The error about a page that no collection knows.
pub(in crate::cli) fn unlisted(url: &Url) -> UsageError {
    UsageError(format!("{url} is in no list of the config's collections, and was in none before"))
}

/// A page that a collection knows.
pub(in crate::cli) struct KnownPage {
    /// The spelling by which it is known.
    pub(in crate::cli) url: Url,
    state: Option<PageState>,
    /// The listed address that leads to it, and which list that is; the error is why none does.
    pub(in crate::cli) listed: Result<(Url, String), String>,
    /// What is wrong with the lists.
    pub(in crate::cli) troubles: Vec<String>,
}

/// Looks a page up in the lists and the state of a collection; `None` where neither has it.
pub(in crate::cli) async fn known_page(
    reader: &Reader,
    db: Option<&Db>,
    collection: &Collection,
    pages: &Pages,
    url: &Url,
) -> anyhow::Result<Option<KnownPage>> {
    let url = spelt(db, collection, url)?;
    let path = DocPath::page(&url)?;
    let state = db.map(|db| db.page(&collection.name, &path)).transpose()?.flatten();
    let record = db.map(|db| db.record(&collection.name, &path)).transpose()?.flatten();
    let PageList { listed, left_out, troubles } = reconcile::list_of(reader, &collection.name, pages, &url).await;
    if listed.is_none() && left_out.is_none() && state.is_none() && record.is_none() {
        return Ok(None);
    }
    let listed = match (listed, left_out, leads_here(db, collection, &url)?) {
        (Some(from), ..) => Ok((url.clone(), format!("listed by {from}"))),
        (None, _, Some(from)) => {
            let words = format!("{from} is listed, and has moved here for good");
            Ok((Url::parse(&from)?, words))
        }
        (None, Some(rule), None) => Err(format!("filtered: {rule}")),
        (None, None, None) if !pages.feeds.is_empty() => {
            Ok((url.clone(), "in no list any more; what leaves a feed is kept".to_owned()))
        }
        (None, None, None) => Err("in no list any more".to_owned()),
    };
    Ok(Some(KnownPage { url, state, listed, troubles }))
}

/// Explains a page of one collection; `false` where the collection does not know it.
async fn page(
    context: &Context,
    db: Option<&Db>,
    collection: &Collection,
    pages: &Pages,
    url: &Url,
) -> anyhow::Result<bool> {
    let reader = context.reader()?;
    let Some(known) = known_page(&reader, db, collection, pages, url).await? else { return Ok(false) };
    let KnownPage { url, state: page, listed, troubles } = &known;
    line!("{}/{}", collection.name, print::printable(url.as_str()));
    let (Ok((_, words)) | Err(words)) = listed;
    line!("  {}", print::printable(words));
    troubles.iter().for_each(|trouble| line!("  {}", print::printable(trouble)));
    match reader.fetcher().robots(url, &reconcile::access(&collection.name, pages)).await {
        Ok(verdict) => {
            let word = if verdict.allowed { "allowed" } else { "disallowed" };
            let rule = verdict.rule.map_or_else(|| "no line is about it".to_owned(), |rule| format!("`{rule}`"));
            line!("  {word} by robots.txt: {}", print::printable(&rule));
        }
        Err(trouble) => line!("  robots.txt: {}", print::printable(&trouble.to_string())),
    }
    if let Some(page) = page {
        looks(page);
    }
    if listed.is_ok() {
        hidden_text(&reader, collection, pages, url).await;
    }
    let is_open = page.as_ref().is_some_and(shows_other_tokens);
    remembered(db, collection, url, is_open)?;
    let schedules = collection.schedule.iter().chain([&context.config.rhythm.schedule]);
    if let Some(next) = schedules.filter_map(|schedule| schedule.next(&jiff::Zoned::now())).min() {
        line!("  next look by `kbsync run`: {}", print::timestamp(next.timestamp()));
    }
    Ok(true)
}

/// Prints how much text the page's style hides, if any.
async fn hidden_text(reader: &Reader, collection: &Collection, pages: &Pages, url: &Url) {
    let count = reader.hidden_words(&collection.name, pages, url).await.unwrap_or_default();
    let words = print::count(count as u64, "word");
    match pages.via {
        _ if count == 0 => {}
        Via::Upload => line!("  hidden text left out: {words}"),
        Via::Url => line!("  hidden text: {words}; the platform fetches the page itself, and may take it in"),
    }
}

/// The spelling by which a page is known, or will be.
fn spelt(db: Option<&Db>, collection: &Collection, url: &Url) -> Result<Url, StoreError> {
    let pages = db.map(|db| db.pages(&collection.name)).transpose()?.unwrap_or_default();
    let same = pages.keys().filter_map(|known| Url::parse(known).ok()).filter(|known| identity(known) == identity(url));
    let known = same.min_by_key(|known| known != url);
    Ok(known.unwrap_or_else(|| identity(url)))
}

/// The listed address that has moved to this one for good.
fn leads_here(db: Option<&Db>, collection: &Collection, url: &Url) -> Result<Option<String>, StoreError> {
    let pages = db.map(|db| db.pages(&collection.name)).transpose()?.unwrap_or_default();
    Ok(pages.into_iter().find(|(_, page)| page.moved.as_deref() == Some(url.as_str())).map(|(from, _)| from))
}

/// Whether its words are those that the platform holds, and its links or tokens are not.
fn shows_other_tokens(page: &PageState) -> bool {
    page.claim.as_ref().is_some_and(|claim| matches!(claim.what, Claimed::Links(_)))
}

/// What the looks at it gave.
fn looks(page: &PageState) {
    match page.read {
        None if page.looked == Moment::default() => line!("  never asked for"),
        Some(read) => line!("  last looked at {}, last read {}", moment(page.looked), moment(read)),
        None => line!("  last looked at {}, never read", moment(page.looked)),
    }
    if let Some(to) = &page.moved {
        line!("  moved for good to {}", print::printable(to));
    }
    if page.missing > 0 {
        line!("  {}, {} times in a row", page.missing_reason(), page.missing);
    }
    if let Some(stale) = &page.stale {
        line!("  stale since {}: {}", moment(stale.since), print::printable(&stale.reason));
    }
    if shows_other_tokens(page) {
        line!("  its last look showed other links or identifiers, which another look must confirm");
    }
    let told = [("ETag", &page.etag), ("Last-Modified", &page.last_modified), ("lastmod", &page.lastmod)];
    let told = told.iter().filter_map(|(name, value)| Some(format!("{name} {}", value.as_ref()?)));
    let told: Vec<_> = told.collect();
    if page.read.is_none() {
        // There is no version yet.
    } else if told.is_empty() {
        line!("  its versions are told apart by its content alone");
    } else {
        line!("  its versions are told apart by {}, then by its content", print::printable(&told.join(", ")));
    }
}

/// What the platform holds of it, where a look may have shown what is not believed yet.
fn remembered(db: Option<&Db>, collection: &Collection, url: &Url, is_open: bool) -> anyhow::Result<()> {
    match db {
        Some(db) => Ok(state(db, &collection.name, &DocPath::page(url)?, |record| {
            record.and_then(|record| record.seen).map(|_| !is_open)
        })?),
        None => {
            line!("  nothing was synced yet");
            Ok(())
        }
    }
}
