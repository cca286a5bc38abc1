//! Websites: crawled from their first page along their own links, and crawled anew from time to time.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use rusqlite::{OptionalExtension, Row, Transaction, params};
use tokio::{
    sync::Semaphore,
    task::{AbortHandle, JoinSet},
    time::{MissedTickBehavior, interval},
};
use url::Url;

use crate::fetch::Access;

use super::{
    App,
    documents::{self, Document},
    error::ApiError,
    ids,
    jobs::StoredUpload,
    page::{self, Page},
};

/// Websites that are crawled at the same time.
const AT_ONCE: usize = 2;
/// The longest address that is followed, in bytes.
const LONGEST_ADDRESS: usize = 2_000;
/// Endings of addresses under which there is nothing to read.
const NO_PAGES: [&str; 28] = [
    "7z", "avi", "bz2", "css", "csv", "deb", "dmg", "exe", "gif", "gz", "ico", "iso", "jpeg", "jpg", "js", "json",
    "mov", "mp3", "mp4", "png", "svg", "tar", "tgz", "webm", "webp", "woff2", "xml", "zip",
];

/// How websites are crawled.
#[derive(Clone, Copy, Debug)]
pub struct Crawl {
    /// How many links a page may be away from the first one.
    pub depth: usize,
    /// How many pages of a website are asked for at most.
    pub pages: usize,
    /// The least time between the starts of two requests to one host.
    pub delay: Duration,
    /// How long after a crawl a website with `auto_sync` is crawled anew.
    pub again: Duration,
}

impl Default for Crawl {
    fn default() -> Self {
        Self { depth: 5, pages: 200, delay: Duration::from_millis(100), again: Duration::from_secs(24 * 60 * 60) }
    }
}

/// A website that is to be crawled.
#[derive(Clone)]
struct Site {
    seq: i64,
    id: String,
    url: String,
}

/// Crawls websites when they are new, when their crawl was left unfinished, and when it is time, until it is aborted.
pub(super) async fn work(app: Arc<App>, how: Crawl) {
    let permits = Arc::new(Semaphore::new(AT_ONCE));
    let mut clock = interval((how.again / 24).max(Duration::from_millis(1)));
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut crawls = JoinSet::new();
    let mut under_way: HashMap<i64, AbortHandle> = HashMap::new();
    loop {
        tokio::select! {
            () = app.new_website.notified() => {}
            _ = clock.tick() => {}
        }
        while crawls.try_join_next().is_some() {}
        under_way.retain(|_, crawl| !crawl.is_finished());
        // Its reason is in the log.
        let Ok(sites) = due(&app, how.again).await else { continue };
        for site in sites {
            let crawl = || crawls.spawn(crawl(Arc::clone(&app), Arc::clone(&permits), site.clone(), how));
            under_way.entry(site.seq).or_insert_with(crawl);
        }
    }
}

/// The websites that are new or unfinished, and those whose time has come.
async fn due(app: &App, again: Duration) -> Result<Vec<Site>, ApiError> {
    let before = ids::now_ms().saturating_sub(again.as_millis().try_into().unwrap_or(i64::MAX));
    let find = move |tx: &Transaction| {
        let mut find = tx.prepare_cached(
            "SELECT seq, id, url FROM sources WHERE kind = 'website' AND \
             (status = 'pending' OR auto_sync AND crawled_at <= ?1) ORDER BY seq",
        )?;
        let site = |row: &Row| Ok(Site { seq: row.get(0)?, id: row.get(1)?, url: row.get(2)? });
        let sites = find.query_map([before], site)?;
        Ok(sites.collect::<Result<_, _>>()?)
    };
    app.db.call(find).await
}

async fn crawl(app: Arc<App>, permits: Arc<Semaphore>, site: Site, how: Crawl) {
    let Ok(_permit) = permits.acquire().await else { return };
    if let Err(error) = walk(&app, &site, how).await {
        tracing::error!("the crawl of {} waits for the next time: {}", site.url, error.message());
    }
}

/// Looks at a website's pages, nearest first. Each takes the place of what was held of it as soon as it is read, so
/// that the website answers while it is crawled anew.
async fn walk(app: &App, site: &Site, how: Crawl) -> Result<(), ApiError> {
    let Ok(mut first) = Url::parse(&site.url) else {
        return end(app, site, Err("its address is none".to_owned())).await;
    };
    first.set_fragment(None);
    // A redirect of the first page must not make another private host reachable.
    let access = Access { delay: how.delay, at_once: 1, ..app.access.clone() }.to_page(&first).into_owned();
    let scratch = StoredUpload::new(app, &site.id);
    let mut ahead = Ahead::new(how.pages.max(1));
    ahead.add(first, 0);
    let mut origin = None;
    let mut met = HashSet::new();
    let mut unsure = false;
    while let Some((url, depth)) = ahead.next() {
        if !is_there(app, site).await? {
            return Ok(());
        }
        let page = match page::read(app, &url, &access, scratch.path()).await {
            Ok(page) => page,
            Err(error) if origin.is_none() => return end(app, site, Err(error.to_string())).await,
            Err(error) => {
                tracing::debug!("{url} of a website is left out: {error}");
                unsure |= error.is_passing();
                continue;
            }
        };
        // The first page may redirect to where the website really is.
        let origin = origin.get_or_insert_with(|| page.url.origin());
        if page.url.origin() != *origin || !met.insert(page.url.to_string()) {
            continue;
        }
        if depth < how.depth {
            page.links
                .iter()
                .filter(|link| link.origin() == *origin && may_be_page(link))
                .for_each(|link| ahead.add(link.clone(), depth + 1));
        }
        hold(app, site, page).await?;
    }
    end(app, site, Ok(Met { pages: met, all: !unsure })).await
}

/// The pages that a crawl still has to look at, each once.
struct Ahead {
    queue: VecDeque<(Url, usize)>,
    seen: HashSet<Url>,
    most: usize,
}

impl Ahead {
    /// For not more than `most` pages in all.
    fn new(most: usize) -> Self {
        Self { queue: VecDeque::new(), seen: HashSet::new(), most }
    }

    fn add(&mut self, url: Url, depth: usize) {
        if self.seen.len() < self.most && self.seen.insert(url.clone()) {
            self.queue.push_back((url, depth));
        }
    }

    /// The next page, and how many links it is away from the first one.
    fn next(&mut self) -> Option<(Url, usize)> {
        self.queue.pop_front()
    }
}

/// Whether a link may lead to something to read.
fn may_be_page(url: &Url) -> bool {
    let name = url.path().rsplit('/').next().unwrap_or_default();
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    url.as_str().len() <= LONGEST_ADDRESS && !ending.is_some_and(|ending| NO_PAGES.contains(&ending.as_str()))
}

async fn is_there(app: &App, site: &Site) -> Result<bool, ApiError> {
    let seq = site.seq;
    app.db.call(move |tx| has_row(tx, seq)).await
}

fn has_row(tx: &Transaction, source: i64) -> Result<bool, ApiError> {
    let mut find = tx.prepare_cached("SELECT 1 FROM sources WHERE seq = ?1")?;
    Ok(find.query_row([source], |_| Ok(())).optional()?.is_some())
}

/// Puts a page in the place of what was held of it, unless the website was deleted meanwhile.
async fn hold(app: &App, site: &Site, page: Page) -> Result<(), ApiError> {
    let Page { url, title, text, sha256, .. } = page;
    let url = String::from(url);
    let chunks = match documents::cut(text).await {
        Ok(chunks) => chunks,
        Err(reason) => {
            tracing::debug!("{url} of a website is left out: {reason}");
            return Ok(());
        }
    };
    let document = Document { file_name: url.clone(), url: Some(url), title, sha256, chunks };
    let (source, changes) = (site.seq, app.changes.clone());
    let replace = move |tx: &Transaction| {
        if has_row(tx, source)? {
            tx.prepare_cached("DELETE FROM documents WHERE source = ?1 AND url = ?2")?
                .execute(params![source, document.url])?;
            changes.tell(&documents::hold(tx, source, &document)?);
        }
        Ok(())
    };
    app.db.call(replace).await
}

/// What a crawl met.
struct Met {
    /// The addresses of the pages that were read.
    pages: HashSet<String>,
    /// Whether that is all there is. Otherwise nobody knows what is gone.
    all: bool,
}

/// Writes a crawl's end. A website that was crawled before stays as it was when its first page cannot be had.
async fn end(app: &App, site: &Site, crawled: Result<Met, String>) -> Result<(), ApiError> {
    if let Err(reason) = &crawled {
        tracing::warn!("the website {} cannot be crawled: {reason}", site.url);
    }
    let source = site.seq;
    let end = move |tx: &Transaction| {
        let now = ids::now_ms();
        if let Ok(met) = crawled {
            if met.all {
                forget_others(tx, source, &met.pages)?;
            }
            tx.prepare_cached(
                "UPDATE sources SET status = 'synced', last_synced_at = ?2, crawled_at = ?2 WHERE seq = ?1",
            )?
            .execute(params![source, now])?;
        } else {
            tx.prepare_cached(
                "UPDATE sources SET status = iif(status = 'pending', 'failed', status), crawled_at = ?2 WHERE seq = ?1",
            )?
            .execute(params![source, now])?;
        }
        Ok(())
    };
    app.db.call(end).await
}

/// Lets go of the pages that a website has no more.
fn forget_others(tx: &Transaction, source: i64, pages: &HashSet<String>) -> Result<(), ApiError> {
    let mut find = tx.prepare_cached("SELECT seq, url FROM documents WHERE source = ?1")?;
    let held = find.query_map([source], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let held = held.collect::<Result<Vec<(i64, Option<String>)>, _>>()?;
    for (document, _) in held.iter().filter(|(_, url)| url.as_ref().is_none_or(|url| !pages.contains(url))) {
        tx.prepare_cached("DELETE FROM documents WHERE seq = ?1")?.execute([document])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(path: &str) -> Url {
        Url::parse("https://example.com").unwrap().join(path).unwrap()
    }

    #[test]
    fn each_page_is_looked_at_once_and_there_is_an_end() {
        let mut ahead = Ahead::new(3);
        for (path, depth) in [("/", 0), ("/a", 1), ("/", 1), ("/b", 1), ("/c", 1)] {
            ahead.add(url(path), depth);
        }
        assert_eq!(ahead.next(), Some((url("/"), 0)));
        ahead.add(url("/d"), 1);
        assert_eq!([ahead.next(), ahead.next(), ahead.next()], [Some((url("/a"), 1)), Some((url("/b"), 1)), None]);
    }

    #[test]
    fn what_cannot_be_a_page_is_not_asked_for() {
        for page in ["/", "/v1.2/", "/a.html", "/a.PDF", "/zip", "/a?b=c.zip"] {
            assert!(may_be_page(&url(page)), "{page}");
        }
        let long = format!("/{}", "x".repeat(LONGEST_ADDRESS));
        for other in ["/a.zip", "/img/LOGO.PNG?v=1", &long] {
            assert!(!may_be_page(&url(other)), "{other}");
        }
    }
}
