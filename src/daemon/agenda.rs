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
/// The wait after a pass that failed, at first and at most.
const AGAIN: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(30 * 60));
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
    /// After a pass that failed nothing begins before then.
    not_before: Moment,
    failures: u32,
    begun: Zoned,
    ticked: Zoned,
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
            not_before: Moment::default(),
            failures: 0,
            begun: wall.clone(),
            ticked: wall,
        }
    }

    /// A full pass is wanted now.
    pub(super) fn full(&mut self) {
        self.full = true;
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
        let debounce = self.rhythm.debounce;
        let quiet = self.heard.map(|(first, last)| (last + debounce).min(first + debounce * PATIENCE));
        let due = if self.full { Some(Moment::default()) } else { quiet.into_iter().chain(self.due).min() };
        due.map(|due| due.max(self.not_before))
    }

    /// When the next full pass is scheduled.
    pub(super) fn next_full(&self) -> Option<&Zoned> {
        self.timers.iter().find(|timer| timer.purpose == Purpose::Everything)?.due.as_ref()
    }

    /// What is to be done now. A full pass takes care of everything else.
    pub(super) fn take(&mut self, now: Moment) -> Option<Extent> {
        self.next().filter(|due| *due <= now)?;
        (self.heard, self.due) = (None, None);
        let wakes = std::mem::take(&mut self.wakes);
        if std::mem::take(&mut self.full) { Some(Extent::Full) } else { Some(Extent::Part(wakes)) }
    }

    /// A pass came to its end.
    pub(super) fn succeeded(&mut self) {
        self.failures = 0;
        self.not_before = Moment::default();
    }

    /// A pass did not come to its end: the same again, after a while that grows.
    pub(super) fn failed(&mut self, extent: Extent, now: Moment, rng: &mut impl Rng) {
        let (least, most) = (AGAIN.0 / self.rhythm.speed, AGAIN.1 / self.rhythm.speed);
        let backoff = Backoff::new(least, most).expect("the bounds are in order");
        self.not_before = now + least / 2 + backoff.delay(self.failures, rng);
        self.failures = self.failures.saturating_add(1);
        self.again(extent, now);
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
                wakes.into_iter().for_each(|(name, wake)| self.wakes.entry(name).or_default().merge(wake));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::{SeedableRng, rngs::StdRng};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const START: Moment = Moment(1_000_000_000_000);

    fn rng() -> StdRng {
        StdRng::seed_from_u64(1)
    }

    fn at(time: &str) -> Zoned {
        format!("{time}[Europe/Berlin]").parse().unwrap()
    }

    fn docs() -> CollectionName {
        CollectionName::new("docs").unwrap()
    }

    fn rhythm(schedule: &str, jitter: Duration) -> Rhythm {
        Rhythm { schedule: Schedule::new(schedule).unwrap(), jitter, debounce: SECOND * 2, ..Rhythm::default() }
    }

    /// An agenda whose first full pass is done.
    fn agenda(schedule: &str, wall: &str) -> Agenda {
        let mut agenda = Agenda::new(rhythm(schedule, Duration::ZERO), &[], None, at(wall), &mut rng());
        assert_eq!(agenda.take(START), Some(Extent::Full));
        agenda
    }

    fn wake(folder: &str) -> Wake {
        Wake { whole: false, folders: BTreeMap::from([(folder.into(), false)]) }
    }

    #[test]
    fn changes_are_gathered_until_it_is_quiet() {
        let mut agenda = agenda("0 3 * * *", "2026-11-21T12:00:00");
        agenda.woke(docs(), wake("a"), START);
        agenda.woke(docs(), wake("b"), START + SECOND);
        agenda.woke(docs(), Wake::default(), START + SECOND * 2);
        assert_eq!(agenda.next(), Some(START + SECOND * 3));
        assert_eq!(agenda.take(START + SECOND * 2), None);
        let folders = BTreeMap::from([("a".into(), false), ("b".into(), false)]);
        let both = Extent::Part(BTreeMap::from([(docs(), Wake { whole: false, folders })]));
        assert_eq!(agenda.take(START + SECOND * 3), Some(both));
        assert_eq!(agenda.next(), None);
    }

    #[test]
    fn changes_that_never_end_are_not_waited_for_for_ever() {
        let mut agenda = agenda("0 3 * * *", "2026-11-21T12:00:00");
        for second in 0..20 {
            assert_eq!(agenda.take(START + SECOND * second), None, "{second}");
            agenda.woke(docs(), wake(""), START + SECOND * second);
        }
        assert!(agenda.take(START + SECOND * 20).is_some());
    }

    #[test]
    fn a_full_pass_takes_care_of_everything_else() {
        let mut agenda = agenda("0 3 * * *", "2026-11-21T12:00:00");
        agenda.woke(docs(), wake("a"), START);
        agenda.full();
        assert_eq!(agenda.take(START), Some(Extent::Full));
        assert_eq!(agenda.take(START + SECOND * 60), None);
    }

    #[test]
    fn what_is_put_off_neither_waits_for_changes_nor_holds_them_up() {
        let mut agenda = agenda("0 3 * * *", "2026-11-21T12:00:00");
        agenda.again(Extent::folders([docs()]), START + SECOND * 60);
        assert_eq!(agenda.next(), Some(START + SECOND * 60));
        agenda.woke(docs(), wake("a"), START);
        assert_eq!(agenda.next(), Some(START + SECOND * 2));
    }

    #[test]
    fn a_pass_that_failed_is_made_again_later_and_later_unless_somebody_asks() {
        let mut agenda = agenda("0 3 * * *", "2026-11-21T12:00:00");
        let (mut now, mut longest) = (START, Duration::ZERO);
        for _ in 0..20 {
            agenda.failed(Extent::Full, now, &mut rng());
            let wait = agenda.next().unwrap().since(now);
            assert!(wait >= AGAIN.0 / 2 && wait <= AGAIN.0 / 2 + AGAIN.1, "{wait:?}");
            longest = longest.max(wait);
            now = now + wait;
            assert_eq!(agenda.take(now), Some(Extent::Full));
        }
        assert!(longest > SECOND * 120, "{longest:?}");
        agenda.failed(Extent::folders([docs()]), now, &mut rng());
        agenda.woke(docs(), wake("a"), now);
        assert_eq!(agenda.take(now + SECOND * 10), None, "a change does not make a platform well");
        agenda.full();
        assert_eq!(agenda.take(now), Some(Extent::Full));
        agenda.succeeded();
        agenda.woke(docs(), wake("a"), now);
        assert_eq!(agenda.next(), Some(now + SECOND * 2));
    }

    #[test]
    fn speed__of_sixty__makes_a_minute_a_second_and_retries_as_much_sooner() {
        let rhythm = Rhythm { speed: 60, ..rhythm("* * * * *", Duration::ZERO) };
        let mut agenda = Agenda::new(rhythm, &[], None, at("2026-11-21T12:00:00"), &mut rng());
        assert_eq!(agenda.take(START), Some(Extent::Full));
        for second in 1..5 {
            agenda.tick(START, &at(&format!("2026-11-21T12:00:{second:02}")), &mut rng());
            assert_eq!(agenda.take(START), Some(Extent::Full), "{second}");
        }
        agenda.failed(Extent::Full, START, &mut rng());
        assert!(agenda.next().unwrap().since(START) <= AGAIN.0 * 3 / 120);
    }

    #[test]
    fn nine_on_mondays_is_nine_on_mondays() {
        let mut agenda = agenda("0 9 * * 1", "2026-11-21T12:00:00");
        assert_eq!(agenda.next_full(), Some(&at("2026-11-23T09:00:00")));
        agenda.tick(START, &at("2026-11-23T08:59:59"), &mut rng());
        assert_eq!(agenda.next(), None);
        agenda.tick(START, &at("2026-11-23T09:00:01"), &mut rng());
        assert_eq!(agenda.take(START), Some(Extent::Full));
        assert_eq!(agenda.next_full(), Some(&at("2026-11-30T09:00:00")));
    }

    #[test]
    fn what_was_missed_in_a_suspended_machine_is_done_once() {
        let mut agenda = agenda("*/5 * * * *", "2026-11-21T12:01:00");
        agenda.tick(START, &at("2026-11-22T07:33:00"), &mut rng());
        assert_eq!(agenda.take(START), Some(Extent::Full));
        agenda.tick(START, &at("2026-11-22T07:33:02"), &mut rng());
        assert_eq!(agenda.take(START), None);
        assert_eq!(agenda.next_full(), Some(&at("2026-11-22T07:35:00")));
    }

    #[test]
    fn a_clock_that_is_set_back_does_not_stop_the_schedule() {
        let mut agenda = agenda("0 * * * *", "2026-11-21T12:30:00");
        agenda.tick(START, &at("2026-11-20T12:30:02"), &mut rng());
        assert_eq!(agenda.next_full(), Some(&at("2026-11-20T13:00:00")));
        // The hour that comes twice in autumn is no such case.
        let mut agenda = self::agenda("0 3 * * *", "2026-10-25T02:59:59+02:00");
        agenda.tick(START, &at("2026-10-25T02:00:01+01:00"), &mut rng());
        assert_eq!((agenda.next(), agenda.next_full()), (None, Some(&at("2026-10-25T03:00:00"))));
    }

    #[test]
    fn jitter_is_late_and_never_as_late_as_the_next_time() {
        for seed in 0..100 {
            let mut rng = StdRng::seed_from_u64(seed);
            let rhythm = rhythm("*/5 * * * *", SECOND * 600);
            let agenda = Agenda::new(rhythm, &[], None, at("2026-11-21T12:01:00"), &mut rng);
            let late = at("2026-11-21T12:05:00").duration_until(agenda.next_full().unwrap());
            assert!(!late.is_negative() && late <= SignedDuration::from_secs(30), "{late:?}");
        }
    }

    #[test]
    fn a_verification_has_times_of_its_own_and_is_no_pass() {
        let (rhythm, hourly) = (rhythm("0 3 * * *", Duration::ZERO), Schedule::new("30 * * * *").unwrap());
        let mut agenda = Agenda::new(rhythm, &[], Some(&hourly), at("2026-11-21T12:00:00"), &mut rng());
        assert_eq!(agenda.take(START), Some(Extent::Full));
        agenda.tick(START, &at("2026-11-21T12:29:59"), &mut rng());
        assert!(!agenda.take_verification());
        agenda.tick(START, &at("2026-11-21T14:31:00"), &mut rng());
        assert!(agenda.take_verification() && !agenda.take_verification(), "once for all that was missed");
        assert_eq!((agenda.take(START), agenda.next()), (None, None));
        assert_eq!(agenda.next_full(), Some(&at("2026-11-22T03:00:00")));
    }

    #[test]
    fn a_polled_collection_is_looked_at_again_and_again() {
        let mut agenda = agenda("0 3 * * *", "2026-11-21T12:00:00");
        let (wall, poll) = (at("2026-11-21T12:00:00"), agenda.rhythm.poll);
        agenda.poll(BTreeSet::from([docs()]), START);
        for round in 1..4 {
            let due = START + poll * round;
            agenda.tick(due - SECOND, &wall, &mut rng());
            assert_eq!(agenda.next(), None);
            // That it is polled is said again and again.
            agenda.poll(BTreeSet::from([docs()]), due - SECOND);
            agenda.tick(due, &wall, &mut rng());
            assert_eq!(agenda.take(due), Some(Extent::folders([docs()])));
        }
        agenda.poll(BTreeSet::new(), START);
        agenda.tick(START + poll * 9, &wall, &mut rng());
        assert_eq!(agenda.next(), None);
    }
}
