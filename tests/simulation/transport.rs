//! The way between a client and the simulated platform, on which all kinds of things happen.

use std::{
    collections::VecDeque,
    future::pending,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::stream;
use kbsync::{
    model::Moment,
    platform::{Delivery, Outgoing, Transport, Undelivered},
};
use rand::{RngExt, rngs::StdRng, seq::IndexedMutRandom};
use reqwest::Response;

use crate::{
    knobs::Knob,
    life::Life,
    lists::Reading,
    platform::{Done, Fate, Op, Platform},
    source::Deletion,
    time::Time,
    wire::{self, Asked, Manners, Told},
};

/// A key has so many requests in this time.
pub const WINDOW: Duration = Duration::from_secs(60);
/// How long an unanswered request may take effect.
pub const GRACE: Duration = Duration::from_secs(30);

/// No life sends more requests.
const MOST: u64 = 20_000;

/// What a network and a platform do to a request.
#[derive(Clone, Copy, Debug)]
enum Fault {
    NotSent,
    LostBefore,
    LostAfter,
    LateEffect,
    Status(u16),
    StatusAfter(u16),
    TooMany(Option<u64>),
    Slow,
    Cut,
    Garbage,
    Unlike,
}

const FAULTS: [Fault; 15] = [
    Fault::NotSent,
    Fault::LostBefore,
    Fault::LostAfter,
    Fault::LostAfter,
    Fault::LateEffect,
    Fault::LateEffect,
    Fault::Status(500),
    Fault::Status(503),
    Fault::StatusAfter(502),
    Fault::TooMany(None),
    Fault::TooMany(Some(7)),
    Fault::Slow,
    Fault::Cut,
    Fault::Garbage,
    Fault::Unlike,
];

/// One process's way to the platform.
pub struct Way {
    pub platform: Arc<Mutex<Platform>>,
    pub time: Arc<Time>,
    pub life: Arc<Life>,
    pub instance: usize,
    pub manners: Manners,
    /// How likely a request meets a fault, and an ingestion.
    pub trouble: f64,
    pub dice: Mutex<StdRng>,
    /// Every change takes effect late, and is not answered.
    pub late: bool,
    /// Counts the readings of the list; in that one the list forgets a source.
    pub lists: Mutex<(u64, Option<u64>)>,
    /// The source that it has forgotten, and when.
    pub omitted: Mutex<Option<(String, Moment)>>,
    /// In so many readings, from the first, the list is empty.
    pub empty: u64,
    /// The pass, where it compares the list with what it knows.
    pub comparing: Option<u64>,
    /// From when on a limit that is exceeded is our own doing.
    pub polite: Moment,
    pub trace: Arc<Mutex<Vec<String>>>,
}

/// How an answer comes.
enum Answer {
    /// It does not.
    Lost(&'static str),
    /// There was no way.
    NotSent,
    /// This one, whatever was done.
    Fixed(u16, Told),
    /// This one, each time.
    Broken(u16, Told, &'static str),
    /// What is to be said, and how much of it arrives.
    Said(Saying, Told, Option<Fault>),
}

enum Saying {
    /// What became of a change.
    Of(u64),
    /// What there is.
    Shown(Asked, Reading),
}

impl Transport for Way {
    fn send<'a>(&'a self, request: Outgoing<'a>) -> Delivery<'a> {
        if self.life.step().is_none() {
            return Box::pin(pending());
        }
        let asked = wire::read(&self.manners, &request);
        if self.platform().requests > MOST {
            self.platform().oracle.broken.push(format!("no end after {MOST} requests: {asked:?}"));
            self.life.end();
            return Box::pin(pending());
        }
        let (wait, answer) = self.begin(&request, asked);
        Box::pin(async move {
            self.time.pass(wait).await;
            if self.life.step().is_none() {
                return pending().await;
            }
            self.end(answer)
        })
    }
}

impl Way {
    fn platform(&self) -> MutexGuard<'_, Platform> {
        self.platform.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn say(&self, line: String) {
        self.trace.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }

    /// A request is on its way: what it will do, and how and when its answer will come.
    fn begin(&self, request: &Outgoing<'_>, asked: Asked) -> (Duration, Answer) {
        let mut dice = self.dice.lock().unwrap_or_else(PoisonError::into_inner);
        let mut platform = self.platform();
        let now = self.time.now();
        platform.advance(now);
        let latency = Duration::from_millis(dice.random_range(5..200));
        let fault = match asked {
            Asked::Change(_) if self.late => Some(Fault::LateEffect),
            _ => dice.random_bool(self.trouble).then(|| FAULTS[dice.random_range(0..FAULTS.len())]),
        };
        platform.requests += 1;
        platform.timeline.requests.push((now, matches!(asked, Asked::Change(_))));
        platform.faults += u64::from(fault.is_some());
        let path = request.url.path();
        self.say(format!("{} {} {path} {asked:?} {fault:?}", now.0, request.method));
        if let Some(Fault::NotSent) = fault {
            return (latency, Answer::NotSent);
        }
        if let Asked::Change(op) = &asked {
            platform.judge(self.instance, op);
        }
        if matches!(asked, Asked::List(..)) && self.manners.knobs.has(Knob::ListGrows) {
            platform.grow(now);
        }
        let (told, exceeded) = self.count(&mut platform, now);
        if exceeded {
            if now >= self.polite {
                platform.oracle.broken.push(format!("429 through our own doing at {}", now.0));
            }
            return (latency, Answer::Fixed(429, vec![("retry-after", "5".to_owned())]));
        }
        if let Some(status) = self.weather(now) {
            return (latency, Answer::Fixed(status, told));
        }
        if let Some((status, body)) = self.manners.broken.and_then(|broken| broken.answer(&platform, &asked)) {
            return (latency, Answer::Broken(status, told, body));
        }
        // Whoever asked may die at once, and the next process counts from then on.
        // And what takes effect late shows within the grace.
        let (soon, latest) = (latency / 2, GRACE.mul_f64(0.95) - self.manners.knobs.seconds(Knob::ListLags));
        let (mut wait, mut effect) = (latency, Some(now + soon));
        let fixed = match fault {
            Some(Fault::LostBefore) => {
                effect = None;
                Some(Answer::Lost("reset"))
            }
            Some(Fault::LostAfter) => Some(Answer::Lost("reset")),
            Some(Fault::LateEffect) => {
                // What is not answered is given up after a minute.
                let patience = if dice.random_bool(0.3) { 60_000 } else { 5_000 };
                wait = Duration::from_millis(dice.random_range(50..patience));
                let late = latest.mul_f64(dice.random_range(0.0..1.0));
                // Two renames of a source, each without an answer, take effect in their order.
                let is_rename = matches!(asked, Asked::Change(Op::Rename { .. }));
                effect = Some(now + (wait + if is_rename { Duration::ZERO } else { late }).min(latest));
                Some(Answer::Lost("no answer in time"))
            }
            Some(Fault::Status(status)) => {
                effect = None;
                Some(Answer::Fixed(status, Told::new()))
            }
            Some(Fault::StatusAfter(status)) => Some(Answer::Fixed(status, Told::new())),
            Some(Fault::TooMany(after)) => {
                effect = None;
                let odd = ["Sat, 14 Mar 2015 10:00:00 GMT", "99999999999", "-5", "1.5", "soon"];
                let odd = self.manners.knobs.has(Knob::RetryAfterOdd).then(|| odd[dice.random_range(0..odd.len())]);
                let after = odd.map(str::to_owned).or_else(|| after.map(|after| after.to_string()));
                Some(Answer::Fixed(429, after.map(|after| ("retry-after", after)).into_iter().collect()))
            }
            Some(Fault::Slow) => {
                wait = Duration::from_millis(dice.random_range(1_000..40_000));
                effect = Some(now + wait.mul_f64(dice.random_range(0.0..1.0)).min(latest));
                None
            }
            Some(Fault::Cut | Fault::Garbage | Fault::Unlike | Fault::NotSent) | None => None,
        };
        let saying = match asked {
            Asked::Change(op) => {
                let mut fate = self.fate(&mut dice, &op);
                if self.manners.broken.is_some_and(|broken| broken.sticks(&platform, &op)) {
                    fate.0 = Fate::Stuck;
                }
                let is_lost = fault.is_some() || self.manners.knobs.has(Knob::CreateSilent);
                Saying::Of(effect.map_or(0, |at| platform.plan(at, (Some(self.instance), is_lost), op, fate)))
            }
            other => {
                let reading = self.reading(&other, &mut platform, &mut dice);
                Saying::Shown(other, reading)
            }
        };
        (wait, fixed.unwrap_or(Answer::Said(saying, told, fault)))
    }

    /// The refusal that every request meets on a bad day of the account.
    fn weather(&self, now: Moment) -> Option<u16> {
        let is_bad = self.trouble > 0.0 && (now.0 / 90_000_000).is_multiple_of(4);
        let knobs = self.manners.knobs;
        (is_bad && knobs.has(Knob::AccountWeather)).then(|| knobs.detail(Knob::AccountWeather, &[401, 402, 403]))
    }

    /// Counts a request; gives what is told of the limit, and whether it is exceeded.
    fn count(&self, platform: &mut Platform, now: Moment) -> (Told, bool) {
        let asked: &mut VecDeque<Moment> = &mut platform.asked[self.instance];
        while asked.front().is_some_and(|first| now.since(*first) >= WINDOW) {
            asked.pop_front();
        }
        let limit = self.manners.limit as usize;
        if asked.len() >= limit {
            return (Told::new(), true);
        }
        asked.push_back(now);
        let renewed = *asked.front().expect("one was added") + WINDOW;
        let told =
            if self.manners.headers { wire::told(&self.manners, asked.len(), (now, renewed)) } else { Told::new() };
        (told, false)
    }

    /// How an ingestion will go.
    fn fate(&self, dice: &mut StdRng, op: &Op) -> (Fate, Duration) {
        let takes = Duration::from_millis(dice.random_range(self.manners.job.0..self.manners.job.1));
        if !matches!(op, Op::Upload { .. } | Op::Create { content: Some(_), .. })
            || !dice.random_bool(self.trouble / 2.0)
        {
            return (Fate::Done, takes);
        }
        match dice.random_range(0..4) {
            0 => (Fate::Fails, takes),
            1 => (Fate::Forgotten, takes),
            2 => (Fate::Stuck, takes),
            _ => (Fate::Done, takes * 60),
        }
    }

    /// What is wrong with this reading of the list.
    fn reading(&self, asked: &Asked, platform: &mut Platform, dice: &mut StdRng) -> Reading {
        let who = self.comparing.map(|pass| (self.instance, pass));
        let mut reading = Reading { who, moves: self.trouble > 0.0, ..Reading::default() };
        let Asked::List(_, after) = asked else { return reading };
        let mut lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        lists.0 += u64::from(*after == 0);
        reading.is_empty = lists.0 <= self.empty;
        if lists.1 == Some(lists.0)
            && *after == 0
            && let Some(source) = platform.sources.choose_mut(dice)
        {
            source.omitted += 1;
            source.was_omitted = true;
            // What is lost by that has only its name to be known by.
            source.is_unknown = true;
            *self.omitted.lock().unwrap_or_else(PoisonError::into_inner) = Some((source.id.clone(), self.time.now()));
        }
        // However often it is read before another look is due.
        let omitted = self.omitted.lock().unwrap_or_else(PoisonError::into_inner).clone();
        reading.omitted = omitted.filter(|(_, since)| self.time.now().since(*since) < GRACE).map(|(source, _)| source);
        reading
    }

    /// The answer, as it is by now.
    fn end(&self, answer: Answer) -> Result<Response, Undelivered> {
        let now = self.time.now();
        let mut platform = self.platform();
        platform.advance(now);
        let (saying, told, fault) = match answer {
            Answer::Lost(cause) => return Err(Undelivered::NoAnswer(cause.to_owned())),
            Answer::NotSent => return Err(Undelivered::NotSent("connection refused".to_owned())),
            Answer::Fixed(status, told) => return Ok(wire::response(status, &told, r#"{"message":"trouble"}"#)),
            Answer::Broken(status, told, body) => return Ok(wire::response(status, &told, body)),
            Answer::Said(saying, told, fault) => (saying, told, fault),
        };
        let (status, value) = match saying {
            Saying::Of(token) => {
                let done = platform.result(token).expect("its time has come");
                if let (Done::Deleted(id), None) = (&done, fault)
                    && let Some((source, _)) = platform.deleted.iter_mut().find(|(source, _)| source.id == *id)
                {
                    source.deletion = Deletion::Answered;
                }
                wire::done(&self.manners, &done)
            }
            Saying::Shown(asked, reading) => {
                let reading = Reading { arrives: fault.is_none(), ..reading };
                wire::shown(&self.manners, &mut platform, &asked, &reading, now)
            }
        };
        drop(platform);
        let body = if value.is_null() { String::new() } else { value.to_string() };
        self.say(format!("{} -> {status} {body}", now.0));
        Ok(match fault {
            Some(Fault::Cut) if status < 300 => {
                let half = body.as_bytes()[..body.len() / 2].to_vec();
                let pieces = [Ok(half), Err(io::Error::other("connection reset"))];
                wire::response(status, &told, reqwest::Body::wrap_stream(stream::iter(pieces)))
            }
            Some(Fault::Garbage) if status < 300 => wire::response(status, &told, "<html>Welcome!</html>"),
            Some(Fault::Unlike) if status < 300 => wire::response(status, &told, r#"{"welcome": true}"#),
            _ => wire::response(status, &told, body),
        })
    }
}
