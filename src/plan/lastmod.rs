//! Precision of a list's `lastmod`: a date without a time says nothing of what was changed later on the same day.

use std::time::Duration;

use jiff::{
    Timestamp,
    civil::{Date, DateTime, date},
    tz::TimeZone,
};

use crate::model::Moment;

/// How far the clocks of those are behind UTC who are furthest behind: a date or a time without a zone may be theirs.
const FURTHEST_ZONE: Duration = Duration::from_secs(12 * 60 * 60);
/// A time may have no seconds.
const MINUTE: Duration = Duration::from_secs(60);

/// Whether a page that was changed after `read` could have the same `lastmod` still: one that covers that moment, or lies
/// in the future. A date that cannot be read tells versions apart like any other word.
pub(super) fn is_open(lastmod: &str, read: Moment) -> bool {
    end(lastmod.trim()).is_some_and(|end| end > read.timestamp())
}

/// When the time is over that a date names, wherever it was written.
fn end(text: &str) -> Option<Timestamp> {
    if let Some(time) = text.parse().ok().or_else(|| Some(jiff::fmt::rfc2822::parse(text).ok()?.timestamp())) {
        return Timestamp::checked_add(time, MINUTE).ok();
    }
    let (local, precision) = match last_day(text) {
        Some(day) => (day.tomorrow().ok()?.to_datetime(jiff::civil::Time::midnight()), Duration::ZERO),
        None => (text.parse::<DateTime>().ok()?, MINUTE),
    };
    let utc = local.to_zoned(TimeZone::UTC).ok()?.timestamp();
    utc.checked_add(precision + FURTHEST_ZONE).ok()
}

/// The last day of `2026`, `2026-11` or `2026-11-29`.
fn last_day(text: &str) -> Option<Date> {
    let parts: Vec<i16> = text.split('-').map(str::parse).collect::<Result<_, _>>().ok()?;
    let month = |part: i16| i8::try_from(part).ok();
    match parts[..] {
        [year] => Some(date(year, 12, 31)).filter(|_| year > 0),
        [year, part] => Some(Date::new(year, month(part)?, 1).ok()?.last_of_month()),
        [year, part, day] => Date::new(year, month(part)?, i8::try_from(day).ok()?).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lastmod__held_against_the_time_of_reading__is_open_until_it_is_over() {
        let read: Timestamp = "2026-11-29T15:00:00Z".parse().unwrap();
        let read = Moment(read.as_microsecond().cast_unsigned());
        for (lastmod, expected) in [
            ("2026-11-27", false),
            ("2026-11-28", false),
            ("2026-11-29", true),
            (" 2026-11-30\n", true),
            ("2026-10", false),
            ("2026-11", true),
            ("2025", false),
            ("2026", true),
            ("9999", false),
            ("2026-11-29T14:00:00Z", false),
            ("2026-11-29T14:58Z", false),
            ("2026-11-29T15:00Z", true),
            ("2026-11-29T14:59:30Z", true),
            ("2026-11-29T16:59:00+02:00", false),
            ("2026-11-29T17:00:00+02:00", true),
            ("2026-11-29T02:00:00", false),
            ("2026-11-29 14:00:00", true),
            ("Sun, 29 Nov 2026 14:00:00 GMT", false),
            ("Mon, 30 Nov 2026 14:00:00 GMT", true),
            ("yesterday", false),
            ("29.11.2026", false),
            ("2026-13-41", false),
            ("", false),
        ] {
            assert_eq!(is_open(lastmod, read), expected, "{lastmod}");
        }
    }
}
