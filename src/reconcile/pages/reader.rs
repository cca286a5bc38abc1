//! Reading a page: fetched, judged by its type, cleaned, and kept on disk while it is to go up.

use std::{
    collections::HashSet,
    fs::{self, File},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;
use url::Url;

use super::{
    access::Fetching,
    costs::{self, Costs, HostBudget, SPENT},
    signs::host,
};
use crate::{
    config::Via,
    extract::{self, Extractor, Headers, Page, SIGN_IN_WORDS},
    fetch::{
        Access, Answer, Fetched, Fetcher, TimeBudget, Trouble, Validators, is_downgrade, leads_back, leads_to_sign_in,
        shown,
    },
    model::{ContentHash, PageSaid, Sketch},
    plan::PasswordAt,
};

/// HTML-level redirects that are followed.
const MOST_HTML_HOPS: usize = 5;

/// Pages that are cleaned at once.
const EXTRACTING: usize = 2;

/// Reads pages.
#[derive(Clone, Debug)]
pub struct Reader {
    fetcher: Fetcher,
    extractor: Extractor,
    /// Its children may take a quarter of a gigabyte each, so few of them work at once.
    extracting: Arc<Semaphore>,
    /// What they have cost.
    costs: Arc<Costs>,
    /// How it may fetch.
    fetching: Fetching,
    /// Where the content of pages is kept until it has gone up.
    spool: PathBuf,
}

/// What came of reading a page.
pub(super) enum Read {
    /// It was had.
    Content(Box<Content>),
    /// It is as it was.
    Unchanged {
        /// Where it has moved to for good.
        moved: Option<Url>,
    },
    /// The origin says that it is gone.
    Gone {
        /// How long ago it said so.
        age: Duration,
    },
    /// Nobody knows: why.
    Nothing(String),
    /// It was not asked for: why.
    Unasked(String),
}

/// A page that was had.
pub(super) struct Content {
    pub(super) moved: Option<Url>,
    pub(super) validators: Validators,
    /// The bytes that would be uploaded.
    pub(super) bytes: Vec<u8>,
    pub(super) hash: ContentHash,
    /// The same content, had it come to the platform the other way.
    pub(super) other_way: ContentHash,
    /// As an extension.
    pub(super) kind: &'static str,
    /// What its words are; PDF and DOCX files are known by their bytes alone.
    pub(super) sketch: Sketch,
    /// What an HTML page says of itself.
    pub(super) said: PageSaid,
    /// Whether it has an end, where it is HTML.
    pub(super) ended: bool,
    /// Where it asks for a password.
    pub(super) password: PasswordAt,
    /// How many of its words its style hides.
    pub(super) hidden_words: usize,
}

/// What of a fetched page is a document.
enum Cleaned {
    Document(Document),
    /// It only leads on.
    Leads(Url),
    /// Its host has spent its budget.
    Unread,
}

/// A page's document.
struct Document {
    bytes: Vec<u8>,
    kind: &'static str,
    sketch: Option<Sketch>,
    said: PageSaid,
    ended: bool,
    asks_for_password: bool,
    hidden_words: usize,
}

/// A hash of a title, where there is one.
fn hash_of_title(title: &str) -> Option<u64> {
    if title.is_empty() {
        return None;
    }
    let [a, b, c, d, e, f, g, h, ..] = <[u8; 32]>::from(Sha256::digest(title));
    Some(u64::from_be_bytes([a, b, c, d, e, f, g, h]))
}

impl Content {
    fn new(moved: Option<Url>, validators: Validators, document: Document, via: Via) -> Self {
        let Document { bytes, kind, sketch, said, ended, asks_for_password, hidden_words } = document;
        let password = match (asks_for_password, moved.is_none() && validators.of.is_some()) {
            (false, _) => PasswordAt::Nowhere,
            (true, false) => PasswordAt::Here,
            (true, true) => PasswordAt::Elsewhere,
        };
        // What the platform makes of a page by itself is not what we would upload: the one is never taken for the other.
        let hash_of = |kept_apart: &[u8]| {
            ContentHash(Sha256::new().chain_update(kept_apart).chain_update(&bytes).finalize().into())
        };
        let (uploaded, fetched) = (hash_of(b""), hash_of(b"fetched by the platform\n"));
        let (hash, other_way) = match via {
            Via::Upload => (uploaded, fetched),
            Via::Url => (fetched, uploaded),
        };
        let [a, b, c, d, e, f, g, h, ..] = hash.0;
        let whole = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
        let sketch = sketch.unwrap_or(Sketch { words: u64::MAX, text: whole, likeness: whole });
        Self { moved, validators, bytes, hash, other_way, kind, sketch, said, ended, password, hidden_words }
    }
}

impl Reader {
    /// A reader for the store at `state`, beside which it keeps what is to go up.
    pub fn new(fetcher: Fetcher, extractor: Extractor, state: &Path) -> Self {
        let mut spool = state.as_os_str().to_owned();
        spool.push(".pages");
        let (extracting, costs, fetching) = (Arc::new(Semaphore::new(EXTRACTING)), Arc::default(), Fetching::default());
        Self { fetcher, extractor, extracting, costs, fetching, spool: spool.into() }
    }

    /// The same with another budget for each host.
    #[must_use]
    pub fn with_host_budget(self, budget: HostBudget) -> Self {
        Self { costs: Arc::new(Costs::new(budget)), ..self }
    }

    /// The same with another budget for slow hosts.
    #[must_use]
    pub fn with_time_budget(self, budget: TimeBudget) -> Self {
        Self { fetching: Fetching::new(budget), ..self }
    }

    /// How it may fetch.
    pub(in crate::reconcile) fn fetching(&self) -> &Fetching {
        &self.fetching
    }

    /// What reading pages has cost.
    pub(super) fn costs(&self) -> &Costs {
        &self.costs
    }

    /// Who fetches.
    pub fn fetcher(&self) -> &Fetcher {
        &self.fetcher
    }

    /// Who reads documents.
    pub fn extractor(&self) -> &Extractor {
        &self.extractor
    }

    /// Reads a page, following redirects within HTML as those of HTTP: they are for good. A page with this `title` is the
    /// one that it was, and no page to sign in.
    pub(super) async fn read(
        &self,
        url: &Url,
        access: &Access,
        validators: Option<&Validators>,
        (via, title): (Via, Option<u64>),
    ) -> Read {
        // A redirect within HTML must not make another private host reachable.
        let access = &access.to_page(url);
        let (mut here, mut permanent, mut seen) = (url.clone(), true, HashSet::new());
        while seen.len() <= MOST_HTML_HOPS {
            if self.costs.is_spent(host(&here)) {
                return unread(seen.is_empty());
            }
            let page = match self.fetcher.get(&here, access, validators).await {
                Answer::Page(page) => *page,
                Answer::Unchanged { moved } => {
                    let here = moved.unwrap_or(here);
                    return Read::Unchanged { moved: (permanent && here != *url).then_some(here) };
                }
                Answer::Gone { age, .. } if permanent => return Read::Gone { age },
                Answer::Gone { .. } => return Read::Nothing(Trouble::RedirectToMissing.to_string()),
                Answer::Kept(trouble) if seen.is_empty() && trouble.is_unasked() => {
                    return Read::Unasked(trouble.to_string());
                }
                Answer::Kept(trouble) => return Read::Nothing(trouble.to_string()),
            };
            let is_redirected = page.url != here;
            permanent &= page.moved.is_some() || !is_redirected;
            let (at, mut validators) = (page.url.clone(), page.validators.clone());
            match self.cleaned(page, url, title).await {
                Err(reason) => return Read::Nothing(reason),
                Ok(Cleaned::Document(document)) => {
                    let moved = (permanent && at != *url).then(|| at.clone());
                    validators.of = (at != *url).then_some(at);
                    return Read::Content(Box::new(Content::new(moved, validators, document, via)));
                }
                Ok(Cleaned::Unread) => return unread(seen.is_empty()),
                Ok(Cleaned::Leads(to)) if seen.contains(&to) => {
                    return Read::Nothing(Trouble::RedirectLoop(to.to_string()).to_string());
                }
                Ok(Cleaned::Leads(to)) if is_downgrade(&at, &to) => {
                    return Read::Nothing(Trouble::Downgrade(shown(&to)).to_string());
                }
                Ok(Cleaned::Leads(to)) => {
                    seen.extend([here, at]);
                    here = to;
                }
            }
        }
        Read::Nothing(Trouble::TooManyRedirects(MOST_HTML_HOPS).to_string())
    }

    /// What of a page is a document, where `asked` is the address that led to it.
    async fn cleaned(&self, page: Fetched, asked: &Url, title: Option<u64>) -> Result<Cleaned, String> {
        let kind = page.kind()?;
        let Fetched { url, charset, refresh, body, .. } = page;
        let (mut said, mut asks_for_password, mut has_form) = (PageSaid::default(), false, false);
        let mut hidden_words = 0;
        let has_known_title = |said: &PageSaid| title.is_some() && said.title == title;
        let ended = kind != "html" || has_end(&body);
        let (bytes, kind) = match kind {
            "html" => {
                let page = self.extracted(&body, Headers { charset, refresh }, &url, asked).await?;
                let Some(page) = page else { return Ok(Cleaned::Unread) };
                if let Some(to) = page.redirect.and_then(|to| Url::parse(&to).ok()) {
                    let has_user = !to.username().is_empty() || to.password().is_some();
                    let host = to.host_str().unwrap_or_default();
                    let refused = || Trouble::RedirectWithUser(host.to_owned()).to_string();
                    return if has_user { Err(refused()) } else { Ok(Cleaned::Leads(to)) };
                }
                said = PageSaid { canonical: page.canonical, title: hash_of_title(&page.title) };
                (asks_for_password, has_form) = (page.has_password_field, page.has_form);
                hidden_words = page.hidden_words;
                if page.asks_for_password && !has_known_title(&said) {
                    return Err("it asks for a password and says little else, so it is a page to sign in".to_owned());
                }
                (page.markdown.into_bytes(), "md")
            }
            kind @ ("txt" | "md") => {
                let text = extract::decoded(&body, charset.as_deref()).map_err(|error| error.to_string())?;
                (text.into_bytes(), kind)
            }
            kind => (body, kind),
        };
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Err("it is empty".to_owned());
        }
        let is_text = matches!(kind, "md" | "txt");
        let sketch = is_text.then(|| Sketch::of(&String::from_utf8_lossy(&bytes), asked.as_str()));
        if sketch.is_some_and(|sketch| sketch.words <= SIGN_IN_WORDS)
            && (leads_to_sign_in(asked, &url) || (has_form && leads_back(asked, &url)))
            && !has_known_title(&said)
        {
            return Err(Trouble::Login(shown(&url)).to_string());
        }
        Ok(Cleaned::Document(Document { bytes, kind, sketch, said, ended, asks_for_password, hidden_words }))
    }

    /// Reads an HTML page at an address that another one may have led to. Content that has cost too much before is not read
    /// again, and none is of a host that has spent its budget.
    async fn extracted(&self, html: &[u8], headers: Headers, url: &Url, asked: &Url) -> Result<Option<Page>, String> {
        let content = costs::hash_of(html);
        let _permit = self.extracting.acquire().await.map_err(|error| error.to_string())?;
        if let Some(reason) = self.costs.refusal(content) {
            return Err(reason);
        }
        // Other pages were read meanwhile.
        if [asked, url].iter().any(|url| self.costs.is_spent(host(url))) {
            return Ok(None);
        }
        let begun = Instant::now();
        let page = self.extractor.page(html, headers, url).await;
        let hosts: HashSet<_> = [host(asked), host(url)].into();
        hosts.iter().for_each(|host| self.costs.add(host, begun.elapsed()));
        page.map(Some).map_err(|error| {
            let reason = error.to_string();
            if error.is_of_cost() {
                self.costs.remember(content, &reason);
            }
            reason
        })
    }

    /// Keeps what is to go up.
    ///
    /// # Errors
    /// What the disk says.
    pub(super) fn keep(&self, hash: ContentHash, bytes: &[u8]) -> io::Result<()> {
        if self.kept(hash).exists() {
            return Ok(());
        }
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.spool)?;
        let part = self.spool.join(format!("{hash}.part"));
        let mut file = File::options().write(true).create(true).truncate(true).mode(0o600).open(&part)?;
        file.write_all(bytes)?;
        fs::rename(part, self.kept(hash))
    }

    /// Opens what was kept.
    ///
    /// # Errors
    /// What the disk says.
    pub(in crate::reconcile) fn open(&self, hash: ContentHash) -> io::Result<File> {
        File::open(self.kept(hash))
    }

    /// Forgets all that was kept: the pass has ended, or another one ended in the middle.
    pub(in crate::reconcile) fn forget(&self) {
        // There is none where no page is to be uploaded, and what stays is in nobody's way.
        let _ = fs::remove_dir_all(&self.spool);
    }

    fn kept(&self, hash: ContentHash) -> PathBuf {
        self.spool.join(hash.to_string())
    }
}

/// What comes of a page whose host has spent its budget.
fn unread(is_first: bool) -> Read {
    if is_first { Read::Unasked(SPENT.to_owned()) } else { Read::Nothing(SPENT.to_owned()) }
}

/// Whether a page in HTML says where it ends. Many do not, and none that did stops by itself.
fn has_end(html: &[u8]) -> bool {
    let ends = |tag: &[u8]| html.windows(tag.len()).any(|part| part.eq_ignore_ascii_case(tag));
    ends(b"</html") || ends(b"</body")
}

/// The file name that a page goes up under: the last part of its address, with the extension of what it is.
pub(in crate::reconcile) fn file_name(url: &Url, kind: &str) -> String {
    let last = url.path_segments().and_then(|mut parts| parts.rfind(|part| !part.is_empty()));
    let stem = last.map(|last| last.rsplit_once('.').map_or(last, |(stem, _)| stem)).filter(|stem| !stem.is_empty());
    format!("{}.{kind}", stem.or(url.host_str()).unwrap_or("page"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files() {
        let name = |address: &str, kind| file_name(&Url::parse(address).unwrap(), kind);
        assert_eq!(name("https://e.com/a/pricing.html?x=1", "md"), "pricing.md");
        assert_eq!(name("https://e.com/a/", "md"), "a.md");
        assert_eq!(name("https://e.com", "md"), "e.com.md");
        assert_eq!(name("https://e.com/.well-known", "txt"), "e.com.txt");
        assert_eq!(name("https://e.com/a.pdf", "pdf"), "a.pdf");
    }
}
