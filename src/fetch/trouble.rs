//! Why a page could not be had, in words for its owner.

use std::{net::IpAddr, time::Duration};

use reqwest::header::HeaderName;

use super::hosts::{REFUSED, UNANSWERED};

/// Why a page could not be had. None of these says that it is gone, so what is known of it stays.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// The site's robots.txt keeps us from it.
    #[error("the site's robots.txt does not allow it, by the line `{rule}`")]
    Robots {
        /// The line, as it is written there.
        rule: String,
    },
    /// Nobody knows what robots.txt allows.
    #[error("the site's robots.txt cannot be had, so nothing of the site is fetched: {0}")]
    RobotsUnreachable(String),
    /// Neither http nor https.
    #[error("its address begins with {0}:, and only http and https pages are fetched")]
    Scheme(String),
    /// It is on an address that the collection may not reach.
    #[error(
        "{host} is at {address}, a private address; if that is meant, set `allow_private: true` where the config's lists name \
         {host}, or name it in `allow_hosts` (an address of this machine or its link by the address itself)"
    )]
    Private {
        /// The host as the address of the page has it.
        host: String,
        /// What it stands for.
        address: IpAddr,
    },
    /// Its address is one of https, and it redirects to one of http.
    #[error(
        "it redirects from https to {0}, where anybody on the way could change it; if that is meant, list that address itself"
    )]
    Downgrade(String),
    /// A header of the config cannot be sent.
    #[error("the header {0} cannot be sent: its value has a line break or another control character")]
    Header(HeaderName),
    /// It repeats a secret that was sent to it.
    #[error(
        "its answer repeats a secret that `headers` sends to its site, so nothing of it is shown, kept or uploaded"
    )]
    RepeatsSecret,
    /// The body is longer than this many bytes.
    #[error("it is larger than {}, the most that is taken", bytesize::ByteSize(*.0))]
    TooLarge(u64),
    /// There seems to be no end of redirects.
    #[error("it redirects more than {0} times")]
    TooManyRedirects(usize),
    /// It redirects to where it was before.
    #[error("it redirects in a circle, again to {0}")]
    RedirectLoop(String),
    /// It redirects to what is no address, or to a longer one than servers take.
    #[error("it redirects to \"{0}\", which is no address that can be asked for")]
    RedirectNowhere(String),
    /// It redirects to an address with a user's name or password.
    #[error("it redirects to {0} with a user's name or password in the address, and such a redirect is not followed")]
    RedirectWithUser(String),
    /// It redirects to a page that is not there, but not for good: the page itself may come back.
    #[error("it redirects, for now, to a page that is not there")]
    RedirectToMissing,
    /// It redirects to where one signs in.
    #[error("it redirects to {0}, which looks like a page to sign in; give the collection `headers` that let it in")]
    Login(String),
    /// An answer with another status.
    #[error("the site answers {}", status_in_words(*.0))]
    Status(u16),
    /// The site wants to be left alone.
    #[error("the site answers {status} and asks to come back in {}", in_words(*.wait))]
    Busy {
        /// 429 or 503.
        status: u16,
        /// For how long.
        wait: Duration,
    },
    /// No answer in time, or not all of it.
    #[error("the site does not answer in time")]
    TimedOut,
    /// DNS, TLS, a refused connection: the root cause.
    #[error("the site cannot be reached: {0}")]
    Network(String),
    /// The host was not asked: it has not answered for a while.
    #[error("{0}; the site was not asked again, for it did not answer {UNANSWERED} times in a row")]
    LeftAlone(Box<Trouble>),
    /// The host was not asked: it has refused other pages, with this status.
    #[error("it was not asked for, as its site answered {0} for {REFUSED} other pages in a row")]
    GivenUp(u16),
    /// The host was not asked: it, or the collection's hosts together, have had their time.
    #[error("it was not looked at this time, for its site took too long in this pass; the next pass goes on")]
    OutOfTime,
    /// The body is encoded in a way that was not asked for.
    #[error("the site sends the page encoded as \"{0}\", which was not asked for")]
    Encoding(String),
    /// A page without content.
    #[error("the page is empty")]
    Empty,
    /// The body ended before its end, or cannot be decoded: the root cause.
    #[error("the page broke off: {0}")]
    Cut(String),
}

impl Trouble {
    /// Whether the host was not asked at all.
    pub fn is_unasked(&self) -> bool {
        matches!(self, Self::LeftAlone(_) | Self::GivenUp(_) | Self::OutOfTime)
    }

    /// The same of a page that was asked for, and led to a host that was not.
    pub(super) fn of_asked(self) -> Self {
        match self {
            Self::LeftAlone(trouble) => *trouble,
            Self::GivenUp(status) => Self::Status(status),
            Self::OutOfTime => Self::TimedOut,
            other => other,
        }
    }
}

/// `503 Service Unavailable`.
fn status_in_words(status: u16) -> String {
    let reason = reqwest::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    reason.map_or_else(|| status.to_string(), |reason| format!("{status} {reason}"))
}

/// `90 s`, or minutes or hours where it is long.
fn in_words(wait: Duration) -> String {
    // What is left of a second is one more to wait.
    match wait.as_millis().div_ceil(1000) {
        seconds @ ..120 => format!("{seconds} s"),
        seconds @ ..7200 => format!("{} min", seconds.div_ceil(60)),
        seconds => format!("{} h", seconds.div_ceil(3600)),
    }
}
