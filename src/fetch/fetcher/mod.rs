//! The fetcher: hop by hop, each with leave of its site, in its host's turn.

mod headers;

use std::{net::IpAddr, sync::Arc, time::Duration};

use reqwest::{
    Response, StatusCode,
    header::{CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderName, LAST_MODIFIED, LOCATION, REFRESH},
};
use tokio::{
    sync::{Mutex, Semaphore},
    time::Instant,
};
use url::Url;

use self::headers::{age, content_type, is_permanent, is_settled, redirect, retry_after, text};
use super::{
    Access, Answer, Fetched, FetcherError, RobotsVerdict, Timing, Trouble, Validators,
    address::private,
    body::{self, Body},
    client::Client,
    hosts::{Hosts, Turn},
    kind::is_text,
    lasting::Lasting,
    robots::{self, Robots},
    sent_secrets::SentSecrets,
    way::{Way, is_downgrade, shown},
};
use crate::model::AllowedHosts;

/// Redirects that are followed.
const MOST_HOPS: usize = 10;
/// Redirects that are followed to a robots.txt.
const MOST_HOPS_TO_ROBOTS: usize = 5;
/// Requests for one page to a host that asks to be left alone for no time, again and again.
const ATTEMPTS: usize = 3;
/// How long a robots.txt is obeyed before it is asked for again.
const ROBOTS_LIFE: Duration = Duration::from_secs(24 * 60 * 60);
/// Headers of an answer that errors, and the addresses of documents, repeat.
const REPEATED: [HeaderName; 4] = [CONTENT_ENCODING, CONTENT_TYPE, LOCATION, REFRESH];
/// The longest validator that is kept.
const LONGEST_VALIDATOR: usize = 1 << 10;
/// Long lists that are read at once, of all collections.
const LONG_LISTS: usize = 2;

/// Fetches pages. Cheap to clone. One a process, so that hosts are spared whoever asks.
#[derive(Clone, Debug)]
pub struct Fetcher(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    client: Client,
    hosts: Hosts,
    /// The name that is looked for in robots.txt.
    product: String,
    robots: Lasting<Site, Mutex<Option<Known>>>,
    timing: Timing,
    long_lists: Arc<Semaphore>,
}

/// An origin and the allowed hosts: a private robots.txt is shared only between collections that allow the same.
type Site = (String, Arc<AllowedHosts>);

/// A robots.txt, or why there is none, for a while.
#[derive(Debug)]
struct Known {
    until: Instant,
    rules: Result<Arc<Robots>, Trouble>,
}

/// What a host is asked for.
#[derive(Clone, Copy)]
enum Sought<'a> {
    /// A page or a list, perhaps only if it has changed.
    Page(Option<&'a Validators>),
    /// Its robots.txt: that it is refused says nothing of the pages.
    Robots,
}

/// An answer, whose host has one of its places taken until the body is read.
struct Answered {
    response: Response,
    turn: Turn,
    /// What its site was sent.
    secrets: SentSecrets,
}

impl Fetcher {
    /// A fetcher that says it is `user_agent`, such as `kbsync/1.0 (+https://example.com/contact)`. What comes before
    /// the slash is the name that it looks for in robots.txt.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(user_agent: &str) -> Result<Self, FetcherError> {
        Self::with_timing(user_agent, Timing::default())
    }

    /// A fetcher with a patience of its own.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn with_timing(user_agent: &str, timing: Timing) -> Result<Self, FetcherError> {
        Self::rejecting(private, user_agent, timing)
    }

    fn rejecting(is_private: fn(IpAddr) -> bool, user_agent: &str, timing: Timing) -> Result<Self, FetcherError> {
        Ok(Self(Arc::new(Inner {
            client: Client::new(user_agent, timing, is_private)?,
            hosts: Hosts::default(),
            product: robots::product_token(user_agent).to_owned(),
            robots: Lasting::default(),
            timing,
            long_lists: Arc::new(Semaphore::new(LONG_LISTS)),
        })))
    }

    /// Fetches a page, following redirects. With validators the request is conditional.
    pub async fn get(&self, url: &Url, access: &Access, validators: Option<&Validators>) -> Answer {
        self.page(url, &access.to_page(url), validators).await.unwrap_or_else(Answer::Kept)
    }

    /// How long things may take.
    pub fn timing(&self) -> Timing {
        self.0.timing
    }

    /// What robots.txt says of a page, whether or not it is obeyed.
    ///
    /// # Errors
    /// When it cannot be had: then nothing of the site may be fetched.
    pub async fn robots(&self, url: &Url, access: &Access) -> Result<RobotsVerdict, Trouble> {
        Ok(self.rules(url, &access.to_page(url)).await?.verdict(url))
    }

    async fn page(&self, url: &Url, access: &Access, validators: Option<&Validators>) -> Result<Answer, Trouble> {
        let mut way = Way::new(url);
        let mut patience = self.0.timing.patience;
        loop {
            // Of a page that has led on, its own host has answered.
            let at = |trouble: Trouble| if way.at_start() { trouble } else { trouble.of_asked() };
            if access.obey_robots {
                self.permit(way.here(), access).await.map_err(at)?;
            }
            let validators = validators.filter(|validators| validators.are_of(&way));
            let answered = self.ask(&way, access, Sought::Page(validators), &mut patience).await.map_err(at)?;
            let status = answered.response.status();
            if let Some(location) = redirect(&answered.response) {
                way.keep_cookies(answered.response.headers());
                let from = way.here().clone();
                way.follow(location, is_permanent(status), MOST_HOPS)?;
                if is_downgrade(&from, way.here()) {
                    return Err(Trouble::Downgrade(shown(way.here())));
                }
                continue;
            }
            return match status {
                StatusCode::OK | StatusCode::NON_AUTHORITATIVE_INFORMATION => {
                    self.fetched(answered, &way, access).await.map(|page| Answer::Page(Box::new(page)))
                }
                StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT => Err(Trouble::Empty),
                StatusCode::NOT_MODIFIED if validators.is_some() => Ok(Answer::Unchanged { moved: way.moved() }),
                _ if way.at_sign_in() => Err(Trouble::Login(shown(way.here()))),
                StatusCode::NOT_FOUND | StatusCode::GONE if way.is_permanent() => {
                    Ok(Answer::Gone { status: status.as_u16(), age: age(&answered.response) })
                }
                StatusCode::NOT_FOUND | StatusCode::GONE => Err(Trouble::RedirectToMissing),
                _ => Err(Trouble::Status(status.as_u16())),
            };
        }
    }

    async fn permit(&self, url: &Url, access: &Access) -> Result<(), Trouble> {
        let rules = self.rules(url, access).await?;
        // A page that is forbidden costs no request, and yet it costs to find that out.
        if access.has_spent_time(url) {
            return Err(Trouble::OutOfTime);
        }
        let begun = Instant::now();
        let verdict = rules.verdict(url);
        access.count_work(url, begun.elapsed());
        match verdict.rule {
            Some(rule) if !verdict.allowed => Err(Trouble::Robots { rule }),
            _ => Ok(()),
        }
    }

    /// The rules of a page's site, asked for when they are not known, by one at a time.
    async fn rules(&self, url: &Url, access: &Access) -> Result<Arc<Robots>, Trouble> {
        let site = (url.origin().ascii_serialization(), Arc::clone(&access.allowed));
        let now = Instant::now();
        let known = self.0.robots.entry(site, |known| known.try_lock().is_ok_and(|known| fresh(&known, now).is_none()));
        let mut known = known.lock().await;
        if let Some(rules) = fresh(&known, Instant::now()) {
            return rules.clone();
        }
        let rules = self.ask_for_rules(url, access).await.map(Arc::new);
        // Another collection may have time left.
        if matches!(rules, Err(Trouble::OutOfTime)) {
            return rules;
        }
        let life = if rules.is_ok() { ROBOTS_LIFE } else { self.0.timing.robots_again };
        *known = Some(Known { until: Instant::now() + life, rules: rules.clone() });
        rules
    }

    /// Reads the page of an answer.
    async fn fetched(&self, answered: Answered, way: &Way, access: &Access) -> Result<Fetched, Trouble> {
        let Answered { response, turn, secrets } = answered;
        let is_list = !access.obey_robots;
        let long_lists = Some(&self.0.long_lists).filter(|_| is_list);
        let page = fetched(response, way, secrets, (access.max_size, long_lists)).await;
        let page = page.and_then(|page| {
            let repeats = is_list && page.secrets.are_in(&String::from_utf8_lossy(&page.body));
            if repeats { Err(Trouble::RepeatsSecret) } else { Ok(page) }
        });
        turn.finished(page.as_ref().map(drop), self.0.timing.left_alone);
        page
    }

    /// What a site that cannot be reached says in words of its own stays in these; all else is about its robots.txt.
    async fn ask_for_rules(&self, url: &Url, access: &Access) -> Result<Robots, Trouble> {
        self.read_rules(url, access).await.map_err(|trouble| match trouble {
            Trouble::Scheme(_)
            | Trouble::Private { .. }
            | Trouble::Header(_)
            | Trouble::LeftAlone(_)
            | Trouble::GivenUp(_)
            | Trouble::OutOfTime
            | Trouble::TimedOut
            | Trouble::Network(_) => trouble,
            other => Trouble::RobotsUnreachable(other.to_string()),
        })
    }

    async fn read_rules(&self, url: &Url, access: &Access) -> Result<Robots, Trouble> {
        let start = url.join(robots::PATH).map_err(|_| Trouble::Scheme(url.scheme().to_owned()))?;
        let mut way = Way::new(&start);
        let mut patience = self.0.timing.patience;
        loop {
            let answered = self.ask(&way, access, Sought::Robots, &mut patience).await?;
            let status = answered.response.status();
            if let Some(location) = redirect(&answered.response) {
                way.keep_cookies(answered.response.headers());
                match way.follow(location, is_permanent(status), MOST_HOPS_TO_ROBOTS) {
                    // The RFC's words for redirects without an end: as if there were none.
                    Err(Trouble::TooManyRedirects(_) | Trouble::RedirectLoop(_)) => return Ok(Robots::default()),
                    followed => followed?,
                }
                continue;
            }
            return match status.as_u16() {
                200..300 => {
                    let Body { mut bytes, cut, .. } = body::read(answered.response, robots::MOST, None).await?;
                    if cut {
                        // Half a line says something else than the whole.
                        bytes.truncate(bytes.iter().rposition(|byte| b"\r\n".contains(byte)).unwrap_or(0));
                    }
                    if answered.secrets.are_in(&String::from_utf8_lossy(&bytes)) {
                        return Err(Trouble::RepeatsSecret);
                    }
                    Ok(Robots::parse(&bytes, &self.0.product))
                }
                // A site that is asked too often has not said that all is allowed.
                429 => Err(Trouble::Status(429)),
                400..500 => Ok(Robots::default()),
                status => Err(Trouble::Status(status)),
            };
        }
    }

    /// Asks a host in its turn. Where it asks to be left alone for a while, it is, and then asked again.
    async fn ask(
        &self,
        way: &Way,
        access: &Access,
        sought: Sought<'_>,
        patience: &mut Duration,
    ) -> Result<Answered, Trouble> {
        let (url, mut attempts, mut refused) = (way.here(), 1, None);
        let (page, validators) = match sought {
            Sought::Page(validators) => (Some(url), validators),
            Sought::Robots => (None, None),
        };
        loop {
            let turn = self.0.hosts.turn(url, access, *patience).await;
            // A host that is given up meanwhile has been asked for this page all the same.
            let turn = turn.map_err(|trouble| refused.take().unwrap_or(trouble))?;
            let response = self.0.client.get(way, access, validators, turn.may_reuse).await;
            let response = response.inspect_err(|trouble| turn.unanswered(trouble, self.0.timing.left_alone))?;
            let status = response.status().as_u16();
            let is_refusal = matches!(status, 429 | 503);
            let wait = if is_refusal { retry_after(&response) } else { None };
            let Some(wait) = wait else {
                // A list that its site cannot make says nothing of the pages.
                if is_refusal && access.obey_robots {
                    turn.refused(page, access, (status, Duration::ZERO), self.0.timing);
                } else {
                    turn.answered(access, page.is_some());
                }
                let secrets = SentSecrets::to(url, access);
                if secrets.are_in_headers(response.headers(), &REPEATED) {
                    return Err(Trouble::RepeatsSecret);
                }
                return Ok(Answered { response, turn, secrets });
            };
            turn.refused(page, access, (status, wait), self.0.timing);
            let busy = Trouble::Busy { status, wait };
            if wait > *patience || attempts == ATTEMPTS {
                return Err(busy);
            }
            refused = Some(busy);
            *patience -= wait;
            attempts += 1;
        }
    }
}

impl Validators {
    /// Whether there are any, and for where a way has led.
    fn are_of(&self, way: &Way) -> bool {
        let here = self.of.as_ref().map_or(way.at_start(), |of| of == way.here());
        here && (self.etag.is_some() || self.last_modified.is_some())
    }
}

/// What is known of a robots.txt, where it still counts.
fn fresh(known: &Option<Known>, now: Instant) -> Option<&Result<Arc<Robots>, Trouble>> {
    known.as_ref().filter(|known| known.until > now).map(|known| &known.rules)
}

/// Reads the page of an answer.
async fn fetched(
    response: Response,
    way: &Way,
    secrets: SentSecrets,
    (max_size, long): (u64, Option<&Arc<Semaphore>>),
) -> Result<Fetched, Trouble> {
    if body::announces_more(&response, max_size) {
        return Err(Trouble::TooLarge(max_size));
    }
    let (media_type, charset) = content_type(&text(&response, CONTENT_TYPE).unwrap_or_default());
    let is_harmless = |value: &String| value.len() <= LONGEST_VALIDATOR && !secrets.are_in(value);
    let validator = |name| text(&response, name).filter(is_harmless);
    let validators = Validators {
        etag: validator(ETAG),
        last_modified: validator(LAST_MODIFIED).filter(|modified| is_settled(modified, &response)),
        of: (!way.at_start()).then(|| way.here().clone()),
    };
    let (refresh, age) = (text(&response, REFRESH), age(&response));
    let Body { bytes, cut, room } = body::read(response, max_size, long).await?;
    if cut {
        return Err(Trouble::TooLarge(max_size));
    }
    let bytes = if is_text(&media_type) { body::unpacked(bytes, max_size)? } else { bytes };
    if bytes.trim_ascii().is_empty() {
        return Err(Trouble::Empty);
    }
    Ok(Fetched {
        url: way.here().clone(),
        moved: way.moved(),
        media_type,
        charset,
        refresh,
        body: bytes,
        validators,
        age,
        secrets,
        room,
    })
}

#[cfg(test)]
mod tests;
