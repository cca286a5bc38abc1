//! Pages, fetched safely and politely: checked addresses, bounded bodies, conditional requests, robots.txt, and hosts
//! that are spared.

mod address;
mod body;
mod client;
mod fetcher;
mod host_time;
mod hosts;
mod ip_filter;
mod kind;
mod lasting;
pub mod lists;
mod robots;
mod sent_secrets;
mod sign_in;
mod trouble;
mod way;

use std::{borrow::Cow, collections::BTreeMap, sync::Arc, time::Duration};

use reqwest::header::HeaderName;
use secrecy::SecretString;
use tokio::sync::OwnedSemaphorePermit;
use url::Url;

use crate::model::AllowedHosts;

pub use address::private;
pub use fetcher::Fetcher;
pub use host_time::{HostTime, SlowHost, TimeBudget};
pub use robots::robots_verdict;
pub use sent_secrets::SentSecrets;
pub use sign_in::{leads_back, leads_to_sign_in};
pub use trouble::Trouble;
pub use way::{is_downgrade, shown};

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// Until there is a connection.
    pub connect: Duration,
    /// One request, from its start to the end of its body.
    pub request: Duration,
    /// How long a robots.txt that could not be had is not asked for again.
    pub robots_again: Duration,
    /// The longest that one page waits for a host that asks to be left alone, and that the host is spared for it.
    pub patience: Duration,
    /// How long a host is left alone that did not answer many times in a row, or refused many pages in a row.
    pub left_alone: Duration,
    /// The lists of a collection, with all to which they lead: no further one is asked for after that.
    pub lists: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        let second = Duration::from_secs(1);
        Self {
            connect: second * 10,
            request: second * 30,
            robots_again: second * 60,
            patience: second * 60,
            left_alone: second * 300,
            lists: second * 1_800,
        }
    }
}

/// How one collection may fetch.
#[derive(Clone, Debug)]
pub struct Access {
    /// Which collection asks: a host that refuses the pages of one may have those of another.
    pub collection: String,
    /// Whether the host of a requested page may have a private address.
    pub allow_private: bool,
    /// Private hosts that may be fetched from, also after redirects.
    pub allowed: Arc<AllowedHosts>,
    /// By origin (`url.origin().ascii_serialization()`): sent to that origin alone, at every hop anew.
    pub headers: BTreeMap<String, Vec<(HeaderName, SecretString)>>,
    /// The longest body that is taken, decoded, in bytes.
    pub max_size: u64,
    /// The least time between the starts of two requests to one host.
    pub delay: Duration,
    /// Requests to one host at once.
    pub at_once: usize,
    /// Whether robots.txt is asked first. A page that the config itself names as a list is fetched without.
    pub obey_robots: bool,
    /// What slow hosts cost; without it nothing is counted, and no host is left for it.
    pub time: Option<Arc<HostTime>>,
}

impl Access {
    /// The access for one page of the config's lists and its redirects. Only the page's own host may be private by
    /// [`allow_private`](Self::allow_private).
    pub fn to_page(&self, page: &Url) -> Cow<'_, Self> {
        if !self.allow_private {
            return Cow::Borrowed(self);
        }
        let (host, port) = (page.host_str().unwrap_or_default(), page.port_or_known_default().unwrap_or_default());
        let allowed = if self.allowed.has_origin(host, port) {
            Arc::clone(&self.allowed)
        } else {
            Arc::new(self.allowed.with_origins([(host, port)]))
        };
        Cow::Owned(Self { allow_private: false, allowed, ..self.clone() })
    }
}

/// What an answer said for the next conditional request, exactly as it came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Validators {
    /// For `If-None-Match`.
    pub etag: Option<String>,
    /// For `If-Modified-Since`.
    pub last_modified: Option<String>,
    /// Whose they are, where a redirect led there: they are sent to that address alone, for another page's date would
    /// say "unchanged" of what was never read. `None` is the address that was asked for.
    pub of: Option<Url>,
}

/// What came of it.
#[derive(Debug)]
pub enum Answer {
    /// A page.
    Page(Box<Fetched>),
    /// 304: it is as it was when the validators came.
    Unchanged {
        /// As in [`Fetched`].
        moved: Option<Url>,
    },
    /// It is not there: 404 or 410.
    Gone {
        /// Which of them.
        status: u16,
        /// As in [`Fetched`].
        age: Duration,
    },
    /// Nothing that says that the page is gone: what is known of it stays.
    Kept(Trouble),
}

/// A page as it came.
#[derive(Debug)]
pub struct Fetched {
    /// Where the body came from at last: the base of its links.
    pub url: Url,
    /// The target, where there were redirects and every one on the way was permanent (301, 308).
    pub moved: Option<Url>,
    /// Lower case, without parameters; empty where it was not said.
    pub media_type: String,
    /// As the answer said it.
    pub charset: Option<String>,
    /// Its `Refresh` header, by which a page leads on.
    pub refresh: Option<String>,
    /// Decoded (gzip, br), never empty, never longer than [`Access::max_size`].
    pub body: Vec<u8>,
    /// For the next time.
    pub validators: Validators,
    /// How long ago the answer was made: a cache may have had it for a while.
    pub age: Duration,
    /// What its site was sent, and what may not go on.
    pub secrets: SentSecrets,
    /// The memory that a long list has been granted, for as long as its body is kept.
    pub room: Option<OwnedSemaphorePermit>,
}

/// What robots.txt says of one page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RobotsVerdict {
    /// Whether it may be fetched.
    pub allowed: bool,
    /// The line that says so, such as `Disallow: /private/`; none where no line is about the page.
    pub rule: Option<String>,
}

/// Why there is no fetcher.
#[derive(Debug, thiserror::Error)]
pub enum FetcherError {
    /// TLS cannot be set up.
    #[error("pages cannot be fetched, for TLS cannot be set up: {0}")]
    Tls(#[from] reqwest::Error),
}
