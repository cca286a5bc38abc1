//! When passes are due: changes, schedules, retries.

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
    agenda.full();
    assert_eq!(agenda.take(now), Some(Extent::Full));
    agenda.succeeded(true);
    agenda.woke(docs(), wake("a"), now);
    assert_eq!(agenda.next(), Some(now + SECOND * 2));
}

#[test]
fn new_changes__something_failed_before__do_not_wait_for_it() {
    for failed in [Extent::Full, Extent::folders([docs()])] {
        let mut agenda = agenda("0 3 * * *", "2026-11-21T12:00:00");
        for _ in 0..20 {
            agenda.retry(failed.clone(), None, START, &mut rng());
        }
        agenda.woke(docs(), wake("a"), START);
        assert_eq!(agenda.next_urgent(), Some(START + SECOND * 2));
        let changed = Extent::Part(BTreeMap::from([(docs(), wake("a"))]));
        assert_eq!(agenda.take(START + SECOND * 2), Some(changed), "and what failed is not tried with them");
        assert!(agenda.next() > Some(START + AGAIN.0 / 2), "but later");
        assert_eq!(agenda.take(START + AGAIN.0 + AGAIN.1), Some(failed));
    }
}

#[test]
fn retry__passes_that_change_something_leave_something_open__waits_do_not_grow() {
    for (changed, soon) in [(true, true), (false, false)] {
        let mut agenda = agenda("0 3 * * *", "2026-11-21T12:00:00");
        for _ in 0..8 {
            agenda.reached(changed);
            agenda.retry(Extent::Full, None, START, &mut rng());
            assert_eq!(agenda.take(START + AGAIN.0 + AGAIN.1), Some(Extent::Full));
        }
        agenda.reached(changed);
        agenda.retry(Extent::Full, None, START, &mut rng());
        assert_eq!(agenda.next() < Some(START + AGAIN.0 * 3), soon, "{:?}", agenda.next());
    }
}

#[test]
fn new_changes__the_platform_takes_nothing__wait_for_half_a_minute_at_most() {
    let mut agenda = agenda("0 3 * * *", "2026-11-21T12:00:00");
    for _ in 0..40 {
        agenda.failed(Extent::Full, START, &mut rng());
        agenda.woke(docs(), wake("a"), START);
        assert!(agenda.next_urgent() <= Some(START + OUTAGE.1.max(SECOND * 2)));
    }
}

#[test]
fn retry__a_time_is_known__comes_then_and_later_where_that_does_not_help() {
    let mut agenda = agenda("0 3 * * *", "2026-11-21T12:00:00");
    let known = START + SECOND * 5;
    agenda.retry(Extent::Full, Some(known), START, &mut rng());
    assert_eq!(agenda.next(), Some(known));
    assert_eq!(agenda.take(known), Some(Extent::Full));
    agenda.retry(Extent::Full, Some(known + SECOND), known, &mut rng());
    assert!(agenda.next() >= Some(known + AGAIN.0 / 2));
}

#[test]
fn urgency__full_pass_by_schedule__interrupts_nothing() {
    let mut agenda = agenda("0 * * * *", "2026-11-21T12:30:00");
    agenda.tick(START, &at("2026-11-21T13:00:01"), &mut rng());
    assert!(agenda.next().is_some());
    assert_eq!(agenda.next_urgent(), None);
    agenda.full();
    assert_eq!(agenda.next_urgent(), Some(Moment::default()), "a person waits for it");
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
        // The polled collections are set repeatedly.
        agenda.poll(BTreeSet::from([docs()]), due - SECOND);
        agenda.tick(due, &wall, &mut rng());
        assert_eq!(agenda.take(due), Some(Extent::folders([docs()])));
    }
    agenda.poll(BTreeSet::new(), START);
    agenda.tick(START + poll * 9, &wall, &mut rng());
    assert_eq!(agenda.next(), None);
}
