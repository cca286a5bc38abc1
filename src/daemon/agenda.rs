//! What is to be done next, and when. Pure: time and chance come as arguments.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use jiff::{SignedDuration, Zoned};
use rand::{Rng, RngExt};

use crate::{
    config::{Collection, Rhythm},
    model::{CollectionName, Moment, Schedule},
    pace::Backoff,
    reconcile::Extent,
    scan::Wake,
};

/// Changes that go on and on are waited for this many times as long as those that come to an end.
const PATIENCE: u32 = 10;
/// The wait before what failed is tried again, at first and at most.
const AGAIN: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(30 * 60));
/// While the platform takes nothing at all, new changes wait for this, at first and at most.
const OUTAGE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));
/// A wall clock that goes back by less than this is being corrected, and not set.
const CORRECTION: SignedDuration = SignedDuration::from_secs(60);

/// What is to be done.
#[derive(Debug)]
pub(super) struct Agenda {
    rhythm: Rhythm,
    timers: Vec<Timer>,
    /// The collections that are polled, and when each is next.
    polls: BTreeMap<CollectionName, Moment>,
    /// Whether a full pass waits.
    full: bool,
    /// Whether a verification waits.
    verification: bool,
    wakes: BTreeMap<CollectionName, Wake>,
    /// When the first and the last of them was heard of, as far as somebody told of them.
    heard: Option<(Moment, Moment)>,
    /// When those are due that nobody told of.
    due: Option<Moment>,
    /// What failed, apart from what has changed since: it is tried again with a back-off of its own.
    full_retry: Retry<()>,
    retry: Retry<BTreeMap<CollectionName, Wake>>,
    /// While the platform takes nothing at all, nothing begins before then.
    not_before: Moment,
    begun: Zoned,
    outages: u32,
    /// Whether a person waits for the full pass.
    person: bool,
    ticked: Zoned,
}

/// Something that failed, and when it is tried again.
#[derive(Debug, Default)]
struct Retry<T> {
    due: Option<Moment>,
    failures: u32,
    what: T,
}

impl<T> Retry<T> {
    /// It failed: the wait grows. `not_before` is when trying again begins to make sense, where that is known; the first
    /// time that is wait enough.
    fn failed(&mut self, now: Moment, not_before: Option<Moment>, speed: u32, rng: &mut impl Rng) {
        let due = match not_before.filter(|_| self.failures == 0) {
            Some(due) => due,
            None => {
                let wait = (AGAIN.0 / 2 + backoff(AGAIN, self.failures, rng)) / speed;
                (now + wait).max(not_before.unwrap_or_default())
            }
        };
        self.due = self.due.into_iter().chain([due]).min();
        self.failures = self.failures.saturating_add(1);
    }

    fn is_due(&self, now: Moment) -> bool {
        self.due.is_some_and(|due| due <= now)
    }
}

fn backoff((base, cap): (Duration, Duration), failures: u32, rng: &mut impl Rng) -> Duration {
    Backoff::new(base, cap).map_or(cap, |backoff| backoff.delay(failures, rng))
}

/// What a schedule is for.
#[derive(Debug, PartialEq, Eq)]
enum Purpose {
    /// All collections, and the platform.
    Everything,
    /// A look at one collection.
    Look(CollectionName),
    /// A verification.
    Verification,
}

/// A schedule and when it is next due.
#[derive(Debug)]
struct Timer {
    purpose: Purpose,
    schedule: Schedule,
    due: Option<Zoned>,
}

impl Timer {
    /// Sets it for the next time, and up to `jitter` later, yet not so late that times would run together.
    fn set(&mut self, wall: &Zoned, jitter: Duration, rng: &mut impl Rng) {
        self.due = self.schedule.next(wall).map(|next| {
            let apart =
                self.schedule.next(&next).map_or(Duration::MAX, |after| next.duration_until(&after).unsigned_abs());
            let late = jitter.min(apart / 10).mul_f64(rng.random::<f64>());
            next.checked_add(late).unwrap_or(next)
        });
    }
}

impl Agenda {
    /// An agenda that begins with a full pass.
    pub(super) fn new(
        rhythm: Rhythm,
        collections: &[Collection],
        verification: Option<&Schedule>,
        wall: Zoned,
        rng: &mut impl Rng,
    ) -> Self {
        let looks = collections
            .iter()
            .filter_map(|collection| Some((Purpose::Look(collection.name.clone()), collection.schedule.as_ref()?)));
        let others = looks.chain(verification.map(|schedule| (Purpose::Verification, schedule)));
        let all = std::iter::once((Purpose::Everything, &rhythm.schedule)).chain(others);
        let timer = |(purpose, schedule): (_, &Schedule)| Timer { purpose, schedule: schedule.clone(), due: None };
        let mut timers: Vec<Timer> = all.map(timer).collect();
        timers.iter_mut().for_each(|timer| timer.set(&wall, rhythm.jitter, rng));
        Self {
            rhythm,
            timers,
            polls: BTreeMap::new(),
            full: true,
            verification: false,
            wakes: BTreeMap::new(),
            heard: None,
            due: None,
            full_retry: Retry::default(),
            retry: Retry::default(),
            not_before: Moment::default(),
            begun: wall.clone(),
            outages: 0,
            person: false,
            ticked: wall,
        }
    }

    /// A person wants a full pass now.
    pub(super) fn full(&mut self) {
        self.full = true;
        self.person = true;
        self.hurry();
    }

    /// A verification is wanted.
    pub(super) fn verify(&mut self) {
        self.verification = true;
    }

    /// Whether a verification is to be made now.
    pub(super) fn take_verification(&mut self) -> bool {
        std::mem::take(&mut self.verification)
    }

    /// Something has changed. It is looked at when no more has come for a while.
    pub(super) fn woke(&mut self, collection: CollectionName, wake: Wake, now: Moment) {
        if wake.is_empty() {
            return;
        }
        let first = self.heard.map_or(now, |(first, _)| first);
        self.heard = Some((first, now));
        self.wakes.entry(collection).or_default().merge(wake);
    }

    /// A person waits: what failed before is no reason to wait longer.
    pub(super) fn hurry(&mut self) {
        self.not_before = Moment::default();
    }

    /// The collections that are polled from now on.
    pub(super) fn poll(&mut self, collections: BTreeSet<CollectionName>, now: Moment) {
        self.polls.retain(|name, _| collections.contains(name));
        for name in collections {
            self.polls.entry(name).or_insert(now + self.rhythm.poll);
        }
    }

    /// Time has passed. What a schedule missed, in a suspended machine or during a pass, is done once.
    pub(super) fn tick(&mut self, now: Moment, wall: &Zoned, rng: &mut impl Rng) {
        let wall = &self.at_speed(wall);
        let set_back = wall.duration_until(&self.ticked) > CORRECTION;
        self.ticked = wall.clone();
        let mut looks = Vec::new();
        for timer in &mut self.timers {
            if timer.due.as_ref().is_some_and(|due| due <= wall) {
                match &timer.purpose {
                    Purpose::Everything => self.full = true,
                    Purpose::Look(name) => looks.push(name.clone()),
                    Purpose::Verification => self.verification = true,
                }
                timer.set(wall, self.rhythm.jitter, rng);
            } else if set_back {
                timer.set(wall, self.rhythm.jitter, rng);
            }
        }
        for (name, due) in self.polls.iter_mut().filter(|(_, due)| **due <= now) {
            *due = now + self.rhythm.poll;
            looks.push(name.clone());
        }
        if !looks.is_empty() {
            self.again(Extent::folders(looks), now);
        }
    }

    /// When something is to be done, as far as is known.
    pub(super) fn next(&self) -> Option<Moment> {
        let retries = self.full_retry.due.into_iter().chain(self.retry.due);
        let due = if self.full { Some(Moment::default()) } else { self.changes().into_iter().chain(retries).min() };
        due.map(|due| due.max(self.not_before))
    }

    /// When something is to be done that a pass in progress is interrupted for: changes, and what a person waits for.
    pub(super) fn next_urgent(&self) -> Option<Moment> {
        let person = (self.full && self.person).then_some(Moment::default());
        self.changes().into_iter().chain(person).min().map(|due| due.max(self.not_before))
    }

    /// When changes are to be looked at.
    fn changes(&self) -> Option<Moment> {
        let debounce = self.rhythm.debounce;
        let quiet = self.heard.map(|(first, last)| (last + debounce).min(first + debounce * PATIENCE));
        quiet.into_iter().chain(self.due).min()
    }

    /// When the next full pass is scheduled.
    pub(super) fn next_full(&self) -> Option<&Zoned> {
        self.timers.iter().find(|timer| timer.purpose == Purpose::Everything)?.due.as_ref()
    }

    /// What is to be done now. A full pass takes care of everything else.
    pub(super) fn take(&mut self, now: Moment) -> Option<Extent> {
        self.next().filter(|due| *due <= now)?;
        if std::mem::take(&mut self.full) || self.full_retry.is_due(now) {
            (self.heard, self.due, self.full_retry.due, self.retry.due) = (None, None, None, None);
            self.person = false;
            self.wakes.clear();
            self.retry.what.clear();
            return Some(Extent::Full);
        }
        let mut wakes = BTreeMap::new();
        if self.changes().is_some_and(|due| due <= now) {
            (self.heard, self.due) = (None, None);
            wakes = std::mem::take(&mut self.wakes);
        }
        if self.retry.is_due(now) {
            self.retry.due = None;
            merge(&mut wakes, std::mem::take(&mut self.retry.what));
        }
        Some(Extent::Part(wakes))
    }

    /// The platform has answered a pass. Where that has changed something, the next wait is shorter again: some failures in
    /// each of many small passes are no reason to wait longer with each.
    pub(super) fn reached(&mut self, changed: bool) {
        self.outages = 0;
        self.not_before = Moment::default();
        if changed {
            (self.retry.failures, self.full_retry.failures) = (self.retry.failures / 2, self.full_retry.failures / 2);
        }
    }

    /// A pass came to its end, and left nothing of it open.
    pub(super) fn succeeded(&mut self, full: bool) {
        self.reached(false);
        if full {
            self.full_retry = Retry::default();
        }
        if self.retry.due.is_none() {
            self.retry.failures = 0;
        }
    }

    /// A pass had to stop, for the platform takes nothing: the same again, after a while that grows.
    pub(super) fn failed(&mut self, extent: Extent, now: Moment, rng: &mut impl Rng) {
        self.not_before = now + backoff(OUTAGE, self.outages, rng) / self.rhythm.speed;
        self.outages = self.outages.saturating_add(1);
        self.retry(extent, None, now, rng);
    }

    /// A part of a pass failed, or is open: the same again, after a while that grows. New changes do not wait for it.
    pub(super) fn retry(&mut self, extent: Extent, not_before: Option<Moment>, now: Moment, rng: &mut impl Rng) {
        match extent {
            Extent::Full => self.full_retry.failed(now, not_before, self.rhythm.speed, rng),
            Extent::Part(wakes) => {
                merge(&mut self.retry.what, wakes);
                self.retry.failed(now, not_before, self.rhythm.speed, rng);
            }
        }
    }

    /// The time that schedules go by.
    fn at_speed(&self, wall: &Zoned) -> Zoned {
        let ahead = self.begun.duration_until(wall).saturating_mul(i32::try_from(self.rhythm.speed - 1).unwrap_or(0));
        wall.checked_add(ahead).unwrap_or_else(|_| wall.clone())
    }

    /// This is to be done at that time.
    pub(super) fn again(&mut self, extent: Extent, due: Moment) {
        match extent {
            Extent::Full => self.full = true,
            Extent::Part(wakes) => {
                self.due = self.due.into_iter().chain([due]).min();
                merge(&mut self.wakes, wakes);
            }
        }
    }
}

fn merge(into: &mut BTreeMap<CollectionName, Wake>, wakes: BTreeMap<CollectionName, Wake>) {
    wakes.into_iter().for_each(|(name, wake)| into.entry(name).or_default().merge(wake));
}

#[cfg(test)]
mod tests;
