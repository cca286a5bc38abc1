//! Pages: fetched from where they are, and read as what they are.

use std::path::Path;

use sha2::{Digest, Sha256};
use tokio::fs;
use url::Url;

use crate::{
    extract::{self, ExtractError, Headers},
    fetch::{Access, Answer, Fetched, Trouble},
    model::ContentHash,
};

use super::App;

/// The largest page taken, in bytes.
const MAX_PAGE: u64 = 20 << 20;

/// A page that was read.
pub(super) struct Page {
    /// Where it was found, after redirects.
    pub(super) url: Url,
    /// What it calls itself.
    pub(super) title: Option<String>,
    pub(super) text: String,
    /// Where its links lead.
    pub(super) links: Vec<Url>,
    /// The SHA-256 of its bytes as they came, in hex.
    pub(super) sha256: String,
}

/// Why a page cannot be read; shown as the failed job's `error`.
#[derive(Debug, thiserror::Error)]
pub(super) enum PageError {
    /// 404 or 410.
    #[error("it is gone: {}", Trouble::Status(*.0))]
    Gone(u16),
    #[error("{}", in_our_words(.0))]
    Kept(Trouble),
    #[error("{0}")]
    Kind(String),
    #[error(transparent)]
    Text(#[from] ExtractError),
    #[error("it asks for a password, so it is hardly the page that is meant")]
    Password,
}

impl PageError {
    /// Whether it tells of the site's bad hour, and nothing of the page.
    pub(super) fn is_passing(&self) -> bool {
        match self {
            Self::Kept(trouble) => match trouble {
                Trouble::RobotsUnreachable(_)
                | Trouble::Busy { .. }
                | Trouble::LeftAlone(_)
                | Trouble::GivenUp(_)
                | Trouble::OutOfTime
                | Trouble::TimedOut
                | Trouble::Network(_)
                | Trouble::Cut(_) => true,
                Trouble::Status(status) => *status == 429 || *status >= 500,
                Trouble::Robots { .. }
                | Trouble::Scheme(_)
                | Trouble::Private { .. }
                | Trouble::Downgrade(_)
                | Trouble::Header(_)
                | Trouble::RepeatsSecret
                | Trouble::TooLarge(_)
                | Trouble::TooManyRedirects(_)
                | Trouble::RedirectLoop(_)
                | Trouble::RedirectNowhere(_)
                | Trouble::RedirectWithUser(_)
                | Trouble::RedirectToMissing
                | Trouble::Login(_)
                | Trouble::Encoding(_)
                | Trouble::Empty => false,
            },
            Self::Gone(_) | Self::Kind(_) | Self::Text(_) | Self::Password => false,
        }
    }
}

/// The fetcher's words, but with the settings that the platform has where they name a collection's.
fn in_our_words(trouble: &Trouble) -> String {
    match trouble {
        Trouble::Private { host, address } => format!(
            "{host} is at {address}, a private address; set `platform.allow_private: true` if the local platform may \
             fetch from there"
        ),
        Trouble::Login(address) => format!("it redirects to {address}, which looks like a page to sign in"),
        other => other.to_string(),
    }
}

/// How pages are fetched: without a pause, as many at once from a host as jobs are run.
pub(super) fn access(allow_private: bool, at_once: usize) -> Access {
    Access {
        collection: String::new(),
        allow_private,
        allowed: Default::default(),
        headers: Default::default(),
        max_size: MAX_PAGE,
        delay: Default::default(),
        at_once,
        obey_robots: true,
        time: None,
    }
}

/// Fetches a page and reads it. `scratch` is where its bytes may be put for the extractor.
pub(super) async fn read(app: &App, url: &Url, access: &Access, scratch: &Path) -> Result<Page, PageError> {
    let page = match app.fetcher.get(url, access, None).await {
        Answer::Page(page) => *page,
        Answer::Gone { status, .. } => return Err(PageError::Gone(status)),
        Answer::Kept(trouble) => return Err(PageError::Kept(trouble)),
        // Nobody has asked for that.
        Answer::Unchanged { .. } => return Err(PageError::Kept(Trouble::Status(304))),
    };
    let kind = page.kind().map_err(PageError::Kind)?;
    let Fetched { url, charset, refresh, body, .. } = page;
    let sha256 = ContentHash(Sha256::digest(&body).into()).to_string();
    if kind == "html" {
        let page = app.extractor.page(&body, Headers { charset, refresh }, &url).await?;
        if page.asks_for_password {
            return Err(PageError::Password);
        }
        if page.markdown.is_empty() {
            return Err(ExtractError::NoText(extract::Kind::Html).into());
        }
        let title = Some(page.title).filter(|title| !title.trim().is_empty());
        let links = page.links.iter().filter_map(|link| Url::parse(link).ok()).collect();
        return Ok(Page { url, title, text: page.markdown, links, sha256 });
    }
    let file = match kind {
        "txt" | "md" => extract::decoded(&body, charset.as_deref())?.into_bytes(),
        _ => body,
    };
    fs::write(scratch, file).await.map_err(ExtractError::Io)?;
    let text = app.extractor.text(&format!("page.{kind}"), scratch).await?;
    Ok(Page { url, title: None, text, links: Vec::new(), sha256 })
}
