//! Spans of time, as `start_date` and `end_date` give them.

use std::ops::Range;

use jiff::{Timestamp, civil, tz::TimeZone};
use serde::Deserialize;

use super::request::Wrong;

/// `start_date` and `end_date` of a query.
#[derive(Debug, Default, Deserialize)]
pub(super) struct SpanParams {
    start_date: Option<String>,
    end_date: Option<String>,
}

/// A span in milliseconds since 1970: from `start` up to, not including, `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: Option<i64>,
    pub(super) end: Option<i64>,
}

impl SpanParams {
    /// Both the day or moment at which it starts and the one at which it ends are in the span.
    pub(super) fn read(&self, wrong: &mut Wrong) -> Span {
        let mut read = |field: &str, text: &Option<String>| {
            let moment = moment(text.as_deref()?);
            if moment.is_none() {
                wrong.add(field, "Must be a date or time in ISO 8601, such as 2023-07-15 or 2023-07-15T14:20:00Z");
            }
            moment
        };
        let start = read("start_date", &self.start_date).map(|moment| moment.start);
        let end = read("end_date", &self.end_date).map(|moment| moment.end);
        if start.zip(end).is_some_and(|(start, end)| start >= end) {
            wrong.add("end_date", "Must not be before start_date");
        }
        Span { start, end }
    }
}

/// A whole day, or the millisecond of a time. What names no offset is UTC.
fn moment(text: &str) -> Option<Range<i64>> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(millisecond(time));
    }
    let utc = |time: civil::DateTime| time.to_zoned(TimeZone::UTC).ok().map(|time| time.timestamp());
    if text.contains(['T', 't', ' ']) {
        return text.parse().ok().and_then(utc).map(millisecond);
    }
    let day: civil::Date = text.parse().ok()?;
    let midnight = |day: civil::Date| utc(day.at(0, 0, 0, 0)).map(Timestamp::as_millisecond);
    Some(midnight(day)?..midnight(day.tomorrow().ok()?)?)
}

fn millisecond(time: Timestamp) -> Range<i64> {
    let ms = time.as_millisecond();
    ms..ms + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400_000;

    #[test]
    fn dates_are_days_and_times_are_moments() {
        assert_eq!(moment("1970-01-02"), Some(DAY..2 * DAY));
        for time in ["1970-01-02T01:00:00Z", "1970-01-02T01:00:00", "1970-01-02T03:00:00+02:00", "1970-01-02 01:00"] {
            assert_eq!(moment(time), Some(DAY + 3_600_000..DAY + 3_600_001), "{time}");
        }
        for none in ["", "x", "1970", "1970-13-01", "1970-02-30", "1970-01-02T25:00", "9999-12-31", "12:00"] {
            assert_eq!(moment(none), None, "{none}");
        }
    }

    #[test]
    fn a_span_has_both_its_ends() {
        let read = |start: Option<&str>, end: Option<&str>| {
            let params = SpanParams { start_date: start.map(str::to_owned), end_date: end.map(str::to_owned) };
            let mut wrong = Wrong::default();
            let span = params.read(&mut wrong);
            wrong.check().ok().map(|()| (span.start, span.end))
        };
        assert_eq!(read(None, None), Some((None, None)));
        assert_eq!(read(Some("1970-01-01"), Some("1970-01-01")), Some((Some(0), Some(DAY))));
        assert_eq!(read(Some("1970-01-01T00:00Z"), Some("1970-01-01T00:00Z")), Some((Some(0), Some(1))));
        assert_eq!(read(Some("1970-01-02"), Some("1970-01-01")), None);
        assert_eq!(read(Some("soon"), None), None);
    }
}
