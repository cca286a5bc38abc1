//! Reading a page: fetched, judged by its type, cleaned, and kept on disk while it is to go up.

use std::{
    collections::HashSet,
    fs::{self, File},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;
use url::Url;

use super::{
    access::Fetching,
    cleaning::{Cleaned, Document},
    costs::{Costs, HostBudget, SPENT},
    signs::host,
};
use crate::{
    config::Via,
    extract::Extractor,
    fetch::{Access, Answer, Fetcher, TimeBudget, Trouble, Validators, is_downgrade, shown},
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
    pub(super) extractor: Extractor,
    /// Its children may take a quarter of a gigabyte each, so few of them work at once.
    pub(super) extracting: Arc<Semaphore>,
    /// What they have cost.
    pub(super) costs: Arc<Costs>,
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
    /// A hash of it as it came, where it cost much to read.
    pub(super) costly: Option<ContentHash>,
}

/// What is known of a page before it is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Before {
    /// How it comes to the platform.
    pub(super) via: Via,
    /// The title that it had: a page with it is the one that it was, and no page to sign in.
    pub(super) title: Option<u64>,
    /// Its content as it came, where that cost much to read and the same is not read again.
    pub(super) costly: Option<ContentHash>,
}

impl Before {
    /// Nothing is known.
    pub(super) fn unknown(via: Via) -> Self {
        Self { via, title: None, costly: None }
    }
}

impl Content {
    fn new(moved: Option<Url>, validators: Validators, document: Document, via: Via) -> Self {
        let Document { bytes, kind, sketch, said, ended, asks_for_password, hidden_words, costly } = document;
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
        Self { moved, validators, bytes, hash, other_way, kind, sketch, said, ended, password, hidden_words, costly }
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

    /// Reads a page, following redirects within HTML as those of HTTP: they are for good.
    pub(super) async fn read(
        &self,
        url: &Url,
        access: &Access,
        validators: Option<&Validators>,
        before: &Before,
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
            match self.cleaned(page, url, before).await {
                Err(reason) => return Read::Nothing(reason),
                Ok(Cleaned::Document(document)) => {
                    let moved = (permanent && at != *url).then(|| at.clone());
                    validators.of = (at != *url).then_some(at);
                    return Read::Content(Box::new(Content::new(moved, validators, document, before.via)));
                }
                Ok(Cleaned::Same) => return Read::Unchanged { moved: (permanent && at != *url).then_some(at) },
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
