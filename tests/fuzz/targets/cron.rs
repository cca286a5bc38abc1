//! Schedules and rate limits: what people write on one line.

use jiff::{Timestamp, tz::TimeZone};
use kbsync::model::{RateLimit, Schedule};

/// Zones whose clocks are changed, by an hour, by half of one, at midnight, and not at all.
const ZONES: [&str; 4] = ["Europe/Berlin", "Australia/Lord_Howe", "America/Santiago", "UTC"];
pub fn cron(data: &[u8]) {
    let Some((start, text)) = data.split_first_chunk::<5>() else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    if let Ok(limit) = text.parse::<RateLimit>() {
        // It is shown to the millisecond.
        let shown = limit.to_string();
        let again: RateLimit = shown.parse().unwrap_or_else(|why| panic!("{text:?} is {shown}: {why}"));
        assert_eq!((again.count, again.to_string()), (limit.count, shown));
    }
    let schedule = match Schedule::new(text) {
        Ok(schedule) => schedule,
        Err(error) => return assert!(!error.to_string().contains(char::is_control), "{error}"),
    };
    assert_eq!(Schedule::new(schedule.as_str()).as_ref(), Ok(&schedule));
    let [zone, rest @ ..] = *start;
    // 1970 to 2242, where the calendar has no surprises.
    let seconds = 2 * u64::from(u32::from_le_bytes(rest));
    let zone = TimeZone::get(ZONES[usize::from(zone) % ZONES.len()]).expect("it is in the tables");
    let after = Timestamp::from_second(seconds.cast_signed()).expect("it is in range").to_zoned(zone);
    let next = schedule.next(&after).unwrap_or_else(|| panic!("{schedule} never comes after {after}"));
    assert!(next > after, "{schedule}: {next} after {after}");
    let then = schedule.next(&next).unwrap_or_else(|| panic!("{schedule} never comes after {next}"));
    assert!(then > next, "{schedule}: {then} after {next}");
}
