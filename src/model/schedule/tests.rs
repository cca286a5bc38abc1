//! What crontab(5) promises, in zones whose clocks are changed.

use std::{collections::BTreeSet, ops::RangeInclusive};

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use proptest::{prelude::*, sample::select};

use super::*;

const BERLIN: &str = "Europe/Berlin";
const NEW_YORK: &str = "America/New_York";
/// Where the clock is changed by 30 minutes.
const LORD_HOWE: &str = "Australia/Lord_Howe";
/// Where midnight itself was skipped.
const SAO_PAULO: &str = "America/Sao_Paulo";

/// The first times after `from`, such as `Sun 2026-03-29 03:00+02`.
fn times(text: &str, zone: &str, from: &str, count: usize) -> Vec<String> {
    let schedule = Schedule::new(text).unwrap();
    let from: Zoned = from.parse::<DateTime>().unwrap().in_tz(zone).unwrap();
    let times = std::iter::successors(Some(from), |time| schedule.next(time)).skip(1).take(count);
    times.map(|time| time.strftime("%a %Y-%m-%d %H:%M%:::z").to_string()).collect()
}

#[test]
fn fields_mean_what_crontab_says() {
    let cases: &[(&str, &[&str])] = &[
        ("0 3 * * *", &["Thu 2026-01-01 03:00+00", "Fri 2026-01-02 03:00+00"]),
        (" 5,10-12\t0 * *   * ", &["Thu 2026-01-01 00:05+00", "Thu 2026-01-01 00:10+00", "Thu 2026-01-01 00:11+00"]),
        ("*/20 * * * *", &["Thu 2026-01-01 00:20+00", "Thu 2026-01-01 00:40+00", "Thu 2026-01-01 01:00+00"]),
        ("10-30/15 7 * * *", &["Thu 2026-01-01 07:10+00", "Thu 2026-01-01 07:25+00", "Fri 2026-01-02 07:10+00"]),
        ("0 9 * * 1", &["Mon 2026-01-05 09:00+00", "Mon 2026-01-12 09:00+00"]),
        ("0 9 * * 0", &["Sun 2026-01-04 09:00+00"]),
        ("0 9 * * 7", &["Sun 2026-01-04 09:00+00"]),
        ("0 9 * * sun", &["Sun 2026-01-04 09:00+00", "Sun 2026-01-11 09:00+00"]),
        ("0 9 * * Fri-SUN", &["Fri 2026-01-02 09:00+00", "Sat 2026-01-03 09:00+00", "Sun 2026-01-04 09:00+00"]),
        ("0 9 * * sun-mon", &["Sun 2026-01-04 09:00+00", "Mon 2026-01-05 09:00+00", "Sun 2026-01-11 09:00+00"]),
        ("0 9 * * sun-sun", &["Sun 2026-01-04 09:00+00", "Sun 2026-01-11 09:00+00"]),
        ("0 9 * * 6-7", &["Sat 2026-01-03 09:00+00", "Sun 2026-01-04 09:00+00", "Sat 2026-01-10 09:00+00"]),
        ("0 0 1 feb,Dec *", &["Sun 2026-02-01 00:00+00", "Tue 2026-12-01 00:00+00"]),
        ("0 0 29 2 *", &["Tue 2028-02-29 00:00+00", "Sun 2032-02-29 00:00+00"]),
        // Both days restricted: either will do.
        ("0 0 13 * 5", &["Fri 2026-01-02 00:00+00", "Fri 2026-01-09 00:00+00", "Tue 2026-01-13 00:00+00"]),
        // A day that begins with `*` does not restrict, so both must match.
        ("0 0 */2 * 1", &["Mon 2026-01-05 00:00+00", "Mon 2026-01-19 00:00+00", "Mon 2026-02-09 00:00+00"]),
        ("0 0 1-7 * */7", &["Sun 2026-01-04 00:00+00", "Sun 2026-02-01 00:00+00", "Sun 2026-03-01 00:00+00"]),
        ("@hourly", &["Thu 2026-01-01 01:00+00"]),
        ("@daily", &["Fri 2026-01-02 00:00+00"]),
        ("@midnight", &["Fri 2026-01-02 00:00+00"]),
        ("@weekly", &["Sun 2026-01-04 00:00+00"]),
        ("@monthly", &["Sun 2026-02-01 00:00+00"]),
        ("@yearly", &["Fri 2027-01-01 00:00+00"]),
        ("@annually", &["Fri 2027-01-01 00:00+00"]),
    ];
    for (text, expected) in cases {
        assert_eq!(times(text, "UTC", "2026-01-01T00:00", expected.len()), *expected, "{text}");
    }
    assert_eq!(times("* * * * *", "UTC", "2026-01-01T00:00:59.9", 1), ["Thu 2026-01-01 00:01+00"]);
}

#[test]
fn what_crontab_does_not_have_is_refused() {
    let count = |found| {
        format!(
            "a schedule has five fields, minute, hour, day of the month, month and day of the week, such as \
             `0 3 * * *`; found {found}"
        )
    };
    let wrong = |field, reason: &str| format!("the {field} of this schedule is wrong: {reason}");
    let minute = |reason| wrong("minute", reason);
    let expected =
        |field, values| wrong(field, &format!("expected {values}, as in `*`, `5`, `1-5`, `1,5`, `*/5` or `1-9/2`"));
    let step = "a step follows `*` or a range, as in `*/5` or `1-9/2`";
    let nickname =
        "there is no such schedule; after `@` comes hourly, daily, midnight, weekly, monthly, yearly or annually";
    let never = "this schedule never comes, for no such month has that day; change the day of the month or the month";
    let cases: Vec<(&[&str], String)> = vec![
        (&["", " "], count(0)),
        (&["0 3 * *"], count(4)),
        (&["0 0 3 * * *", "0 3 * * * 2026"], count(6)),
        (
            &["60 * * * *", "-1 * * * *", "+1 * * * *", "1.5 * * * *", "1,,2 * * * *", ", * * * *", "mon * * * *"],
            expected("minute", "0 to 59"),
        ),
        (&["? * * * *", "** * * * *", "a-b * * * *", "1-2-3 * * * *", "٣ * * * *", "999 * * * *"], {
            expected("minute", "0 to 59")
        }),
        (&["0 24 * * *", "0 7pm * * *", "0 -3 * * *"], expected("hour", "0 to 23")),
        (&["0 0 0 * *", "0 0 32 * *", "0 0 L * *", "0 0 15W * *", "0 0 ? * *"], {
            expected("day of the month", "1 to 31")
        }),
        (&["0 0 1 0 *", "0 0 1 13 *", "0 0 1 mon *", "0 0 1 january *"], expected("month", "1 to 12 or jan to dec")),
        (&["0 0 * * 8", "0 0 * * 5L", "0 0 * * 1#2", "0 0 * * +1", "0 0 * * montue", "0 0 * * jan"], {
            expected("day of the week", "0 to 7 (0 and 7 are Sunday) or mon to sun")
        }),
        (&["*/0 * * * *", "*/61 * * * *", "*/70 * * * *", "*/ * * * *", "*/x * * * *", "1-9/1/1 * * * *"], {
            minute("a step is a number from 1 to 60")
        }),
        (&["0 0 * * */8"], wrong("day of the week", "a step is a number from 1 to 7")),
        (&["5/15 * * * *", "/5 * * * *"], minute(step)),
        (&["5,* * * * *", "*,* * * * *"], minute("`*` is every value, so it stands alone")),
        (&["9-5 * * * *"], minute("a range goes up; write two ranges with a comma between them")),
        (&["0 0 * * sat-mon", "0 0 * * 5-0"], {
            wrong("day of the week", "a range goes up; write two ranges with a comma between them")
        }),
        (&["@", "@dayly", "@every 5m", "@Daily", "@daily *"], nickname.to_owned()),
        (&["@reboot"], "`@reboot` is an event and no time; write a time, such as `@daily` or `0 3 * * *`".to_owned()),
        (&["0 0 30 2 *", "0 0 31 2,4,6,9,11 *", "0 0 31 2-4/2 */2"], never.to_owned()),
    ];
    for (texts, expected) in cases {
        for text in texts {
            assert_eq!(Schedule::new(text).map_err(|error| error.to_string()), Err(expected.clone()), "{text}");
        }
    }
}

#[test]
fn a_schedule_is_known_by_its_text() {
    let nightly = Schedule::new(" 0  3 * * *\n").unwrap();
    assert_eq!((nightly.as_str(), nightly.to_string().as_str()), ("0 3 * * *", "0 3 * * *"));
    assert_eq!(format!("{nightly:?}"), r#"Schedule("0 3 * * *")"#);
    assert_eq!(nightly, Schedule::new("0 3 * * *").unwrap());
    assert_ne!(nightly, Schedule::new("0 4 * * *").unwrap());
    assert_ne!(Schedule::new("@daily").unwrap(), Schedule::new("0 0 * * *").unwrap());
}

#[test]
fn a_time_that_is_skipped_is_due_once_and_right_after_the_gap() {
    let cases: &[(&str, &str, &str, &[&str])] = &[
        ("30 2 * * *", BERLIN, "2026-03-28T12:00", &["Sun 2026-03-29 03:00+02", "Mon 2026-03-30 02:30+02"]),
        ("30 2 * * *", BERLIN, "2026-03-29T01:59:59", &["Sun 2026-03-29 03:00+02", "Mon 2026-03-30 02:30+02"]),
        ("30 2 * * *", BERLIN, "2026-03-29T03:00", &["Mon 2026-03-30 02:30+02"]),
        // Skipped on the only day of the year that it has.
        ("30 2 29 3 *", BERLIN, "2026-01-01T00:00", &["Sun 2026-03-29 03:00+02", "Mon 2027-03-29 02:30+02"]),
        // Several skipped times make one, and so does one that is due at the end of the gap anyway.
        ("0,30 2 * * *", BERLIN, "2026-03-29T01:00", &["Sun 2026-03-29 03:00+02", "Mon 2026-03-30 02:00+02"]),
        ("15 2,14 * * *", BERLIN, "2026-03-29T01:00", &["Sun 2026-03-29 03:00+02", "Sun 2026-03-29 14:15+02"]),
        ("0 2-3 * * *", BERLIN, "2026-03-29T01:00", &["Sun 2026-03-29 03:00+02", "Mon 2026-03-30 02:00+02"]),
        ("0 2 * * *", NEW_YORK, "2026-03-07T12:00", &["Sun 2026-03-08 03:00-04", "Mon 2026-03-09 02:00-04"]),
        ("59 1 * * *", NEW_YORK, "2026-03-08T00:00", &["Sun 2026-03-08 01:59-05", "Mon 2026-03-09 01:59-04"]),
        ("10 2 * * *", LORD_HOWE, "2026-10-04T00:00", &["Sun 2026-10-04 02:30+11", "Mon 2026-10-05 02:10+11"]),
        ("40 2 * * *", LORD_HOWE, "2026-10-04T00:00", &["Sun 2026-10-04 02:40+11", "Mon 2026-10-05 02:40+11"]),
        ("@daily", SAO_PAULO, "2018-11-03T12:00", &["Sun 2018-11-04 01:00-02", "Mon 2018-11-05 00:00-02"]),
        // What begins with `*` follows the clock.
        ("*/30 * * * *", BERLIN, "2026-03-29T01:30", &["Sun 2026-03-29 03:00+02", "Sun 2026-03-29 03:30+02"]),
        ("15 * * * *", BERLIN, "2026-03-29T01:00", &["Sun 2026-03-29 01:15+01", "Sun 2026-03-29 03:15+02"]),
        ("*/30 2 * * *", BERLIN, "2026-03-29T00:00", &["Mon 2026-03-30 02:00+02", "Mon 2026-03-30 02:30+02"]),
        ("5 */2 * * *", LORD_HOWE, "2026-10-04T00:00", &["Sun 2026-10-04 00:05+10:30", "Sun 2026-10-04 04:05+11"]),
    ];
    for (text, zone, from, expected) in cases {
        assert_eq!(times(text, zone, from, expected.len()), *expected, "{text} after {from}");
    }
}

#[test]
fn a_time_that_comes_twice_is_due_the_first_time() {
    let cases: &[(&str, &str, &str, &[&str])] = &[
        ("30 2 * * *", BERLIN, "2026-10-24T12:00", &["Sun 2026-10-25 02:30+02", "Mon 2026-10-26 02:30+01"]),
        ("0 3 * * *", BERLIN, "2026-10-24T12:00", &["Sun 2026-10-25 03:00+01", "Mon 2026-10-26 03:00+01"]),
        (
            "0,45 2-3 * * *",
            BERLIN,
            "2026-10-25T00:00",
            &["Sun 2026-10-25 02:00+02", "Sun 2026-10-25 02:45+02", "Sun 2026-10-25 03:00+01"],
        ),
        ("59 1 * * *", NEW_YORK, "2026-10-31T12:00", &["Sun 2026-11-01 01:59-04", "Mon 2026-11-02 01:59-05"]),
        ("45 1 * * *", LORD_HOWE, "2026-04-05T00:00", &["Sun 2026-04-05 01:45+11", "Mon 2026-04-06 01:45+10:30"]),
        ("15 1 * * *", LORD_HOWE, "2026-04-05T00:00", &["Sun 2026-04-05 01:15+11", "Mon 2026-04-06 01:15+10:30"]),
        // What begins with `*` follows the clock, and comes as often as the clock shows it.
        (
            "30 * * * *",
            BERLIN,
            "2026-10-25T02:00",
            &["Sun 2026-10-25 02:30+02", "Sun 2026-10-25 02:30+01", "Sun 2026-10-25 03:30+01"],
        ),
        (
            "*/15 * * * *",
            LORD_HOWE,
            "2026-04-05T01:30",
            &["Sun 2026-04-05 01:45+11", "Sun 2026-04-05 01:30+10:30", "Sun 2026-04-05 01:45+10:30"],
        ),
        // The next one by the date is in another year, the next one by the clock in a few minutes.
        (
            "*/40 2 25 10 *",
            BERLIN,
            "2026-10-25T02:40",
            &["Sun 2026-10-25 02:00+01", "Sun 2026-10-25 02:40+01", "Mon 2027-10-25 02:00+02"],
        ),
    ];
    for (text, zone, from, expected) in cases {
        assert_eq!(times(text, zone, from, expected.len()), *expected, "{text} after {from}");
    }
    // Asked in the hour that comes again.
    let again: Zoned = "2026-10-25T02:10:00+01:00[Europe/Berlin]".parse().unwrap();
    let next = |text: &str| Schedule::new(text).unwrap().next(&again).unwrap().to_string();
    assert_eq!(next("30 2 * * *"), "2026-10-26T02:30:00+01:00[Europe/Berlin]");
    assert_eq!(next("30 * * * *"), "2026-10-25T02:30:00+01:00[Europe/Berlin]");
}

/// A field as it is written, with its values.
type Written = (String, BTreeSet<i8>);

/// A field of `first` to `last`, whose single values are `usual` ones.
fn written(first: i8, last: i8, usual: RangeInclusive<i8>) -> impl Strategy<Value = Written> + Clone {
    let step = move |from: i8, to: i8, step: i8| (from..=to).step_by(step.unsigned_abs().into()).collect();
    prop_oneof![
        4 => Just(("*".to_owned(), (first..=last).collect())),
        1 => (1..=last).prop_map(move |by| (format!("*/{by}"), step(first, last, by))),
        2 => usual.clone().prop_map(|value| (value.to_string(), BTreeSet::from([value]))),
        2 => (usual.clone(), usual.clone()).prop_map(|(a, b)| (format!("{a},{b}"), BTreeSet::from([a, b]))),
        2 => (usual.clone(), usual, 1..=last).prop_map(move |(a, b, by)| {
            let (from, to) = (a.min(b), a.max(b));
            (format!("{from}-{to}/{by}"), step(from, to, by))
        }),
    ]
}

/// Cron as a simulation: it wakes each minute and looks whether its schedule has what the wall clock shows.
struct Simulation {
    fields: [Written; 5],
    zone: TimeZone,
}

impl Simulation {
    fn shows(&self, wall: DateTime) -> bool {
        let [minute, hour, day, month, weekday] = &self.fields;
        let by_day = day.1.contains(&wall.day());
        let by_weekday = weekday.1.contains(&wall.weekday().to_sunday_zero_offset());
        let star = day.0.starts_with('*') || weekday.0.starts_with('*');
        let today = if star { by_day && by_weekday } else { by_day || by_weekday };
        minute.1.contains(&wall.minute()) && hour.1.contains(&wall.hour()) && month.1.contains(&wall.month()) && today
    }

    /// The first minute in `after..=until` in which a job starts. One at fixed times has each minute of the wall once.
    fn first(&self, after: Timestamp, until: Timestamp) -> Option<Timestamp> {
        let minute = SignedDuration::from_mins(1);
        let fixed = !self.fields[..2].iter().any(|(text, _)| text.starts_with('*'));
        // Cron has been awake for a day, so it knows whether it is in an hour that comes again.
        let mut now = Timestamp::from_second(after.as_second().div_euclid(60) * 60).unwrap() - 1440 * minute;
        let mut seen = self.zone.to_datetime(now);
        while now + minute <= until {
            now += minute;
            let wall = self.zone.to_datetime(now);
            let due = if fixed {
                let news = std::iter::successors(Some(seen + minute), |wall| Some(*wall + minute));
                let due = news.take_while(|new| *new <= wall).filter(|new| self.shows(*new)).count() > 0;
                seen = seen.max(wall);
                due
            } else {
                self.shows(wall)
            };
            if due && now > after {
                return Some(now);
            }
        }
        None
    }
}

/// Instants of which many are near a change of some clock.
fn instants() -> impl Strategy<Value = Timestamp> {
    let changes = ["03-08T07:00", "03-29T01:00", "04-04T15:00", "10-03T15:30", "10-25T01:00", "11-01T06:00"];
    let change = select(changes.to_vec()).prop_map(|change| format!("2026-{change}Z").parse::<Timestamp>().unwrap());
    let near = (change, -90_000_i64..10_000).prop_map(|(change, by)| change + SignedDuration::from_secs(by));
    let any = (1_500_000_000_000_i64..2_000_000_000_000).prop_map(|ms| Timestamp::from_millisecond(ms).unwrap());
    prop_oneof![3 => near, 1 => any]
}

proptest! {
    #[test]
    fn next_is_when_cron_would_start_it(
        // Mostly hours in which clocks are changed.
        fields in [
            written(0, 59, 0..=59),
            written(0, 23, 1..=3),
            written(1, 31, 1..=31),
            written(1, 12, 1..=12),
            written(0, 6, 0..=6),
        ],
        zone in select(vec!["UTC", BERLIN, NEW_YORK, LORD_HOWE]),
        after in instants(),
    ) {
        let text = fields.each_ref().map(|(text, _)| text.as_str()).join(" ");
        let simulation = Simulation { fields, zone: TimeZone::get(zone).unwrap() };
        let Ok(schedule) = Schedule::new(&text) else { return Ok(()) };
        let next = schedule.next(&after.to_zoned(simulation.zone.clone())).unwrap();
        prop_assert!(next.timestamp() > after, "{text}: {next}");
        let until = after + SignedDuration::from_hours(48);
        let expected = simulation.first(after, until);
        prop_assert_eq!(Some(next.timestamp()).filter(|next| *next <= until), expected, "{} in {} after {}", text, zone, after);
        let end_of_gap = || simulation.first(next.timestamp() - SignedDuration::from_secs(1), next.timestamp()).is_some();
        prop_assert!(simulation.shows(next.datetime()) || end_of_gap(), "{text}: {next}");
    }

    #[test]
    fn no_text_is_too_odd(text in "([-*/,@LW#?+ ]|[0-9]{1,5}|mon|SUN|jan|daily|é)*") {
        if let Ok(schedule) = Schedule::new(&text) {
            prop_assert_eq!(Schedule::new(schedule.as_str()), Ok(schedule));
        }
    }
}
