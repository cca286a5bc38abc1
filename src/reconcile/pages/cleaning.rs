//! What of a fetched page is a document: its text, by the type that it is of, and what reading it costs.

use std::{collections::HashSet, time::Instant};

use sha2::{Digest, Sha256};
use url::Url;

use super::{
    costs,
    reader::{Before, Reader},
    signs::host,
};
use crate::{
    extract::{self, ExtractError, Headers, SIGN_IN_WORDS},
    fetch::{Fetched, SentSecrets, Trouble, leads_back, leads_to_sign_in, shown},
    model::{ContentHash, PageSaid, Sketch},
};

/// What of a fetched page is a document.
pub(super) enum Cleaned {
    Document(Document),
    /// It is what cost much to read the last time.
    Same,
    /// It only leads on.
    Leads(Url),
    /// Its host has spent its budget.
    Unread,
}

/// A page's document.
pub(super) struct Document {
    pub(super) bytes: Vec<u8>,
    pub(super) kind: &'static str,
    pub(super) sketch: Option<Sketch>,
    pub(super) said: PageSaid,
    pub(super) ended: bool,
    pub(super) asks_for_password: bool,
    pub(super) hidden_words: usize,
    pub(super) costly: Option<ContentHash>,
}

/// What came of reading content that may cost much.
enum Reading<T> {
    Done(T, Option<ContentHash>),
    Same,
    /// Its host has spent its budget.
    Unread,
}

/// A hash of a title, where there is one.
fn hash_of_title(title: &str) -> Option<u64> {
    if title.is_empty() {
        return None;
    }
    let [a, b, c, d, e, f, g, h, ..] = <[u8; 32]>::from(Sha256::digest(title));
    Some(u64::from_be_bytes([a, b, c, d, e, f, g, h]))
}

impl Reader {
    /// What of a page is a document, where `asked` is the address that led to it.
    pub(super) async fn cleaned(&self, page: Fetched, asked: &Url, before: &Before) -> Result<Cleaned, String> {
        let kind = page.kind()?;
        let Fetched { url, charset, refresh, body, secrets, .. } = page;
        let (mut said, mut asks_for_password, mut has_form) = (PageSaid::default(), false, false);
        let (mut hidden_words, mut costly) = (0, None);
        let has_known_title = |said: &PageSaid| before.title.is_some() && said.title == before.title;
        let ended = kind != "html" || has_end(&body);
        let (bytes, kind) = match kind {
            "html" => {
                let content = costs::hash_of(&body, &[charset.as_deref(), refresh.as_deref(), Some(url.as_str())]);
                let read = || self.extractor.page(&body, Headers { charset, refresh }, &url);
                let page = match self.measured(content, before, [asked, &url], read).await? {
                    Reading::Done(page, cost) => {
                        costly = cost;
                        page
                    }
                    Reading::Same => return Ok(Cleaned::Same),
                    Reading::Unread => return Ok(Cleaned::Unread),
                };
                if let Some(to) = page.redirect.and_then(|to| Url::parse(&to).ok()) {
                    let has_user = !to.username().is_empty() || to.password().is_some();
                    let host = to.host_str().unwrap_or_default();
                    if secrets.are_in(to.as_str()) {
                        return Err(Trouble::RepeatsSecret.to_string());
                    }
                    let refused = || Trouble::RedirectWithUser(host.to_owned()).to_string();
                    return if has_user { Err(refused()) } else { Ok(Cleaned::Leads(to)) };
                }
                let canonical = page.canonical.filter(|canonical| !secrets.are_in(canonical));
                said = PageSaid { canonical, title: hash_of_title(&page.title) };
                (asks_for_password, has_form) = (page.has_password_field, page.has_form);
                hidden_words = page.hidden_words;
                if page.asks_for_password && !has_known_title(&said) {
                    return Err("it asks for a password and says little else, so it is a page to sign in".to_owned());
                }
                (page.markdown.into_bytes(), "md")
            }
            "md" => {
                let content = costs::hash_of(&body, &[charset.as_deref(), Some("md")]);
                let read = || self.extractor.markdown(&body, charset.as_deref());
                let seen = match self.measured(content, before, [asked, &url], read).await? {
                    Reading::Done(seen, cost) => {
                        costly = cost;
                        seen
                    }
                    Reading::Same => return Ok(Cleaned::Same),
                    Reading::Unread => return Ok(Cleaned::Unread),
                };
                hidden_words = seen.hidden_words;
                (seen.text.into_bytes(), "md")
            }
            "txt" => {
                let text = extract::decoded(&body, charset.as_deref()).map_err(|error| error.to_string())?;
                (text.into_bytes(), "txt")
            }
            kind => (body, kind),
        };
        if matches!(kind, "md" | "txt") && extract::is_blank(&String::from_utf8_lossy(&bytes)) {
            return Err("it is empty".to_owned());
        }
        let is_text = matches!(kind, "md" | "txt");
        if !secrets.is_empty() && self.repeats(&secrets, &bytes, kind).await? {
            return Err(Trouble::RepeatsSecret.to_string());
        }
        let sketch = is_text.then(|| Sketch::of(&String::from_utf8_lossy(&bytes), asked.as_str()));
        if sketch.is_some_and(|sketch| sketch.words <= SIGN_IN_WORDS)
            && (leads_to_sign_in(asked, &url) || (has_form && leads_back(asked, &url)))
            && !has_known_title(&said)
        {
            return Err(Trouble::Login(shown(&url)).to_string());
        }
        Ok(Cleaned::Document(Document { bytes, kind, sketch, said, ended, asks_for_password, hidden_words, costly }))
    }

    /// Whether a document has in it what its site was sent. What cannot be read is of no use to anybody.
    async fn repeats(&self, secrets: &SentSecrets, bytes: &[u8], kind: &str) -> Result<bool, String> {
        if secrets.are_in(&String::from_utf8_lossy(bytes)) {
            return Ok(true);
        }
        if matches!(kind, "md" | "txt") {
            return Ok(false);
        }
        let _permit = self.extracting.acquire().await.map_err(|error| error.to_string())?;
        Ok(self.extractor.text_of(kind, bytes).await.is_ok_and(|text| secrets.are_in(&text)))
    }

    /// Reads content of addresses, measuring what it costs. What has cost too much before is not read again, nor what cost
    /// much and is known, and none is of a host that has spent its budget.
    async fn measured<T, F: Future<Output = Result<T, ExtractError>>>(
        &self,
        content: ContentHash,
        before: &Before,
        addresses: [&Url; 2],
        read: impl FnOnce() -> F,
    ) -> Result<Reading<T>, String> {
        if before.costly == Some(content) {
            return Ok(Reading::Same);
        }
        let _permit = self.extracting.acquire().await.map_err(|error| error.to_string())?;
        if let Some(reason) = self.costs.refusal(content) {
            return Err(reason);
        }
        // Other pages were read meanwhile.
        if addresses.iter().any(|url| self.costs.is_spent(host(url))) {
            return Ok(Reading::Unread);
        }
        let begun = Instant::now();
        let read = read().await;
        let took = begun.elapsed();
        let hosts: HashSet<_> = addresses.iter().map(|url| host(url)).collect();
        hosts.iter().for_each(|host| self.costs.add(host, took));
        match read {
            Ok(page) => Ok(Reading::Done(page, self.costs.is_much(took).then_some(content))),
            Err(error) => {
                let reason = error.to_string();
                if error.is_of_cost() {
                    self.costs.remember(content, &reason);
                }
                Err(reason)
            }
        }
    }
}

/// Whether a page in HTML says where it ends. Many do not, and none that did stops by itself.
fn has_end(html: &[u8]) -> bool {
    let ends = |tag: &[u8]| html.windows(tag.len()).any(|part| part.eq_ignore_ascii_case(tag));
    ends(b"</html") || ends(b"</body")
}
