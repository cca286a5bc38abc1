//! What the tests of the fetcher share.

use std::{collections::BTreeMap, time::Duration};

use kbsync::{
    fetch::{Access, Answer, Fetched, Fetcher, Timing, Trouble, Validators},
    model::{AllowedHosts, Cidr},
};
use url::Url;

pub const USER_AGENT: &str = "kbsync/1.0 (+https://example.com/contact)";

/// A fetcher with the usual patience.
pub fn fetcher() -> Fetcher {
    Fetcher::new(USER_AGENT).expect("TLS")
}

/// A fetcher that soon loses patience.
pub fn impatient() -> Fetcher {
    Fetcher::with_timing(USER_AGENT, Timing { request: Duration::from_secs(1), ..Timing::default() }).expect("TLS")
}

/// A fetcher that asks for a robots.txt again that could not be had.
pub fn persistent() -> Fetcher {
    Fetcher::with_timing(USER_AGENT, Timing { robots_again: Duration::ZERO, ..Timing::default() }).expect("TLS")
}

/// A fetcher that leaves no host alone.
pub fn forgiving() -> Fetcher {
    Fetcher::with_timing(USER_AGENT, Timing { left_alone: Duration::ZERO, ..Timing::default() }).expect("TLS")
}

/// One that spares no host for long that asks to be left alone.
pub fn hasty() -> Fetcher {
    Fetcher::with_timing(USER_AGENT, Timing { patience: Duration::from_millis(1), ..Timing::default() }).expect("TLS")
}

/// Everything on this machine, as fast as it goes, without robots.txt.
pub fn access() -> Access {
    Access {
        collection: String::new(),
        allow_private: true,
        allowed: AllowedHosts::new([], vec![Cidr::v4([127, 0, 0, 0], 8)]).into(),
        headers: BTreeMap::new(),
        max_size: 1 << 20,
        delay: Duration::ZERO,
        at_once: 8,
        obey_robots: false,
        time: None,
    }
}

pub async fn get(url: &Url) -> Answer {
    fetcher().get(url, &access(), None).await
}

/// The page of an answer.
pub fn page(answer: Answer) -> Fetched {
    match answer {
        Answer::Page(page) => *page,
        other => panic!("no page, but {other:?}"),
    }
}

/// Why there is no page.
pub fn trouble(answer: Answer) -> Trouble {
    match answer {
        Answer::Kept(trouble) => trouble,
        other => panic!("no trouble, but {other:?}"),
    }
}

pub fn etag(value: &str) -> Validators {
    Validators { etag: Some(value.to_owned()), ..Validators::default() }
}
