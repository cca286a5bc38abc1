//! Hosts that are spared: not too many requests at once, not too soon after each other, and none while the host asks
//! for peace.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};
use url::Url;

use super::{
    Access, Timing, Trouble,
    host_time::{FetchPurpose, HostWait},
    lasting::Lasting,
};

/// The longest that a host is left alone because it said so.
const LONGEST_PEACE: Duration = Duration::from_secs(60 * 60);
/// How many different pages in a row a host must refuse to a collection before its other pages are left for a while. One page
/// may be busy by itself.
pub(super) const REFUSED: usize = 3;
/// After so many requests in a row without an answer a host is left alone for a while: each may take a time-out.
pub(super) const UNANSWERED: usize = 5;

/// A host that was not asked for so long has been spared enough, and may be forgotten.
const REMEMBERED: Duration = Duration::from_secs(10 * 60);

/// What is known of hosts, by host and port.
#[derive(Debug, Default)]
pub(super) struct Hosts(Lasting<String, Host>);

#[derive(Debug, Default)]
struct Host {
    /// Where requests queue, first come, first served.
    door: tokio::sync::Mutex<()>,
    state: Mutex<State>,
    /// A request has ended.
    left: Notify,
}

#[derive(Debug, Default)]
struct State {
    under_way: usize,
    last_start: Option<Instant>,
    peace: Option<Peace>,
    /// Requests in a row without an answer.
    unanswered: usize,
    /// Responses in a row whose bodies timed out.
    unfinished: usize,
    silence: Option<Silence>,
    /// Whether the last request was answered: its connection may be open still.
    keeps_open: bool,
    /// By the collections that were refused a page.
    refusals: HashMap<String, Refusals>,
}

/// What a host has refused to one collection.
#[derive(Debug, Default)]
struct Refusals {
    /// Different pages in a row.
    pages: HashSet<Url>,
    /// When the last of them was refused.
    last: Option<Instant>,
    /// Until when no other is asked for, and the status of the last refusal.
    given_up: Option<Peace>,
}

/// A host asked to be left alone.
#[derive(Clone, Copy, Debug)]
struct Peace {
    until: Instant,
    status: u16,
}

/// A host that does not answer is left alone.
#[derive(Debug)]
struct Silence {
    until: Instant,
    /// What came of the last request.
    trouble: Trouble,
}

/// A request's place at its host, until it is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    host: Arc<Host>,
    began: Instant,
    /// Whether the request may go over a connection of before, which the host may be about to close.
    pub(super) may_reuse: bool,
    /// How long it takes.
    _wait: Option<HostWait>,
}

impl Hosts {
    /// Waits until the host may be asked, but not longer than `patience` where it asked to be left alone, and not at
    /// all where it does not answer.
    pub(super) async fn turn(&self, url: &Url, access: &Access, patience: Duration) -> Result<Turn, Trouble> {
        let host = self.host(url);
        let _first = host.door.lock().await;
        loop {
            if access.has_spent_time(url) {
                return Err(Trouble::OutOfTime);
            }
            let left = host.left.notified();
            let now = Instant::now();
            let look = host.state().look(now, access, patience)?;
            match look {
                Look::Go => {
                    let may_reuse = host.state().keeps_open;
                    return Ok(Turn { host: Arc::clone(&host), began: now, may_reuse, _wait: access.wait_for(url) });
                }
                Look::Wait(until) => tokio::time::sleep_until(until).await,
                Look::Peace(until) => {
                    let _wait = access.wait_for(url);
                    tokio::time::sleep_until(until).await;
                }
                Look::Full => left.await,
            }
        }
    }

    fn host(&self, url: &Url) -> Arc<Host> {
        let port = url.port_or_known_default().unwrap_or_default();
        let name = format!("{}:{port}", url.host_str().unwrap_or_default());
        let now = Instant::now();
        self.0.entry(name, |host| host.state().has_expired(now))
    }
}

impl Host {
    /// A panic elsewhere leaves no state that is half set.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Look {
    Go,
    Wait(Instant),
    /// As the host asks for it.
    Peace(Instant),
    Full,
}

impl State {
    fn look(&mut self, now: Instant, access: &Access, patience: Duration) -> Result<Look, Trouble> {
        if let Some(silence) = self.silence.as_ref().filter(|silence| silence.until > now) {
            return Err(Trouble::LeftAlone(Box::new(silence.trouble.clone())));
        }
        let given_up = self.refusals.get(&access.collection).and_then(|refusals| refusals.given_up);
        if let Some(Peace { status, .. }) = given_up.filter(|given_up| given_up.until > now) {
            return Err(Trouble::GivenUp(status));
        }
        if let Some(Peace { until, status }) = self.peace.filter(|peace| peace.until > now) {
            let wait = until - now;
            return if wait > patience { Err(Trouble::Busy { status, wait }) } else { Ok(Look::Peace(until)) };
        }
        if self.under_way >= access.at_once.max(1) {
            return Ok(Look::Full);
        }
        if let Some(next) = self.last_start.map(|last| last + access.delay).filter(|next| *next > now) {
            return Ok(Look::Wait(next));
        }
        self.under_way += 1;
        self.last_start = Some(now);
        Ok(Look::Go)
    }

    /// A request has had no answer. When the silence is over, one more of these begins the next.
    fn unanswered(&mut self, now: Instant, trouble: &Trouble, wait: Duration) {
        self.unanswered += 1;
        self.keeps_open = false;
        self.avoid_after(self.unanswered, Silence { until: now + wait, trouble: trouble.clone() });
    }

    /// The body of a response timed out.
    fn unfinished(&mut self, now: Instant, wait: Duration) {
        self.unfinished += 1;
        self.avoid_after(self.unfinished, Silence { until: now + wait, trouble: Trouble::TimedOut });
    }

    /// Avoids the host for a while after that many failures in a row, if they are enough.
    fn avoid_after(&mut self, failures: usize, silence: Silence) {
        if failures >= UNANSWERED {
            self.silence = Some(silence);
        }
    }

    fn answered(&mut self) {
        self.unanswered = 0;
        self.silence = None;
        self.keeps_open = true;
    }

    /// A page was refused. Of those that were asked for before the last refusal was heard, none counts again.
    fn refused(&mut self, collection: &str, url: &Url, began: Instant, given_up: Peace) {
        let refusals = self.refusals.entry(collection.to_owned()).or_default();
        if refusals.last.is_some_and(|last| began < last) {
            return;
        }
        refusals.last = Some(Instant::now());
        refusals.pages.insert(url.clone());
        if refusals.pages.len() >= REFUSED {
            *refusals = Refusals { given_up: Some(given_up), ..Refusals::default() };
        }
    }

    /// Whether it says nothing any more of when the host may be asked. Requests under way hold their host themselves.
    fn has_expired(&self, now: Instant) -> bool {
        let ends = [
            self.last_start.map(|last| last + REMEMBERED),
            self.peace.map(|peace| peace.until),
            self.silence.as_ref().map(|silence| silence.until),
        ];
        let given_up = self.refusals.values().map(|refusals| refusals.given_up.map(|given_up| given_up.until));
        ends.into_iter().chain(given_up).flatten().all(|end| end <= now)
    }
}

impl Turn {
    /// The host has answered, whatever it said; `page` is whether that was about a page, and not about robots.txt.
    pub(super) fn answered(&self, access: &Access, page: bool) {
        let mut state = self.host.state();
        state.answered();
        if page {
            state.refusals.remove(&access.collection);
        }
    }

    /// There was no answer. A host that does this again and again is left alone for a while.
    pub(super) fn unanswered(&self, trouble: &Trouble, wait: Duration) {
        if matches!(trouble, Trouble::TimedOut | Trouble::Network(_)) {
            self.host.state().unanswered(Instant::now(), trouble, wait);
        }
    }

    /// Records how reading the body of a response ended. A host whose bodies time out again and again is avoided for a while.
    pub(super) fn finished(&self, ended: Result<(), &Trouble>, wait: Duration) {
        let mut state = self.host.state();
        match ended {
            Err(Trouble::TimedOut) => state.unfinished(Instant::now(), wait),
            Ok(()) | Err(_) => state.unfinished = 0,
        }
    }

    /// The host refuses a page, or its robots.txt, and asks to be left alone for a while. It is before the next page, but not
    /// longer than `patience`: it may speak of this page alone. When it refuses many pages, it is left alone for as long as
    /// it says, or at least for a while.
    pub(super) fn refused(&self, page: Option<&Url>, access: &Access, (status, wait): (u16, Duration), timing: Timing) {
        let now = Instant::now();
        let until = now + wait.min(timing.patience);
        let given_up = Peace { until: now + wait.min(LONGEST_PEACE).max(timing.left_alone), status };
        let mut state = self.host.state();
        state.answered();
        if let Some(page) = page {
            state.refused(&access.collection, page, self.began, given_up);
        }
        if state.peace.is_none_or(|peace| peace.until < until) {
            state.peace = Some(Peace { until, status });
        }
    }
}

/// A host as people name it: with its port, where that is not the usual one.
fn name_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

impl Access {
    /// Whether a host is left for this pass, as its answers or its rules have taken too long.
    pub(super) fn has_spent_time(&self, url: &Url) -> bool {
        self.time.as_ref().is_some_and(|time| time.is_spent(self.purpose(), &self.collection, &name_of(url)))
    }

    /// Counts the time that a comparison of a page with the rules of its host took.
    pub(super) fn count_work(&self, url: &Url, took: Duration) {
        if let Some(time) = &self.time {
            time.count_work(&name_of(url), took);
        }
    }

    fn wait_for(&self, url: &Url) -> Option<HostWait> {
        self.time.as_ref().map(|time| time.wait(self.purpose(), &self.collection, &name_of(url)))
    }

    fn purpose(&self) -> FetchPurpose {
        if self.obey_robots { FetchPurpose::Pages } else { FetchPurpose::Lists }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.host.state().under_way -= 1;
        self.host.left.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn access() -> Access {
        Access {
            collection: String::new(),
            allow_private: false,
            allowed: Default::default(),
            headers: Default::default(),
            max_size: 0,
            delay: Duration::ZERO,
            at_once: 8,
            obey_robots: false,
            time: None,
        }
    }

    /// Whether a host may be asked; if so, it is, without an answer.
    fn ask(state: &mut State, now: Instant) -> bool {
        let goes = match state.look(now, &access(), Duration::ZERO) {
            Ok(look) => matches!(look, Look::Go),
            Err(trouble) => {
                assert_eq!(trouble, Trouble::LeftAlone(Box::new(Trouble::TimedOut)));
                return false;
            }
        };
        state.under_way -= 1;
        state.unanswered(now, &Trouble::TimedOut, SECOND * 300);
        goes
    }

    #[test]
    fn silence_lasts_and_is_followed_by_one_request() {
        let (mut state, start) = (State::default(), Instant::now());
        assert!((0..5).all(|n| ask(&mut state, start + SECOND * n)));
        let fifth = start + SECOND * 4;
        assert!(!ask(&mut state, fifth));
        assert!(!ask(&mut state, fifth + SECOND * 299));
        assert!(ask(&mut state, fifth + SECOND * 300));
        assert!(!ask(&mut state, fifth + SECOND * 301));
        state.answered();
        let later = fifth + SECOND * 302;
        assert!((0..5).all(|_| ask(&mut state, later)));
        assert!(!ask(&mut state, later));
    }

    #[test]
    fn answers_without_an_end__five_in_a_row__are_as_none() {
        let (mut state, start) = (State::default(), Instant::now());
        for _ in 0..5 {
            assert!(matches!(state.look(start, &access(), Duration::ZERO), Ok(Look::Go)));
            state.answered();
            state.under_way -= 1;
            state.unfinished(start, SECOND * 300);
        }
        assert!(state.look(start + SECOND * 299, &access(), Duration::ZERO).is_err());
        assert!(matches!(state.look(start + SECOND * 300, &access(), Duration::ZERO), Ok(Look::Go)));
    }

    #[test]
    fn hosts_are_forgotten_when_nothing_is_to_be_known_of_them() {
        let start = Instant::now();
        assert!(State::default().has_expired(start));
        let asked = State { last_start: Some(start), ..State::default() };
        assert!(!asked.has_expired(start + SECOND));
        assert!(asked.has_expired(start + REMEMBERED));
        let peace = State { peace: Some(Peace { until: start + SECOND, status: 503 }), ..State::default() };
        let silence = Some(Silence { until: start + SECOND, trouble: Trouble::TimedOut });
        for state in [peace, State { silence, ..State::default() }] {
            assert!(!state.has_expired(start));
            assert!(state.has_expired(start + SECOND));
        }
    }
}
