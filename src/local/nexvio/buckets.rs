//! Days, weeks and months that figures are counted by.

use jiff::{ToSpan, civil::Date};

/// The most buckets that are given at once: the days of 27 years.
pub(super) const MOST: usize = 10_000;

/// How long a bucket is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Granularity {
    Day,
    Week,
    Month,
}

impl Granularity {
    /// The names of the API's page.
    pub(super) const NAMES: [&str; 3] = ["day", "week", "month"];

    /// A day is what any other name is taken for.
    pub(super) fn named(name: &str) -> Self {
        match name {
            "week" => Self::Week,
            "month" => Self::Month,
            _ => Self::Day,
        }
    }

    /// The first day of the bucket that holds `day`. A week begins on Monday.
    pub(super) fn first_day(self, day: Date) -> Date {
        match self {
            Self::Day => day,
            Self::Week => day.saturating_sub(i64::from(day.weekday().to_monday_zero_offset()).days()),
            Self::Month => day.first_of_month(),
        }
    }

    /// The first days of all buckets from that of `start` to that of `end`; `None` when they are too many.
    pub(super) fn all(self, start: Date, end: Date) -> Option<Vec<Date>> {
        let step = match self {
            Self::Day => 1.day(),
            Self::Week => 1.week(),
            Self::Month => 1.month(),
        };
        let all = self.first_day(start).series(step).take_while(|first| *first <= end);
        let all: Vec<Date> = all.take(MOST + 1).collect();
        (all.len() <= MOST).then_some(all)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn all(granularity: Granularity, start: Date, end: Date) -> Option<Vec<String>> {
        Some(granularity.all(start, end)?.iter().map(Date::to_string).collect())
    }

    #[test]
    fn buckets_have_no_holes() {
        let (start, end) = (date(2024, 2, 28), date(2024, 3, 4));
        let days = ["2024-02-28", "2024-02-29", "2024-03-01", "2024-03-02", "2024-03-03", "2024-03-04"];
        assert_eq!(all(Granularity::Day, start, end).unwrap(), days);
        assert_eq!(all(Granularity::Week, start, end).unwrap(), ["2024-02-26", "2024-03-04"]);
        assert_eq!(all(Granularity::Week, start, date(2024, 3, 3)).unwrap(), ["2024-02-26"]);
        assert_eq!(all(Granularity::Month, start, end).unwrap(), ["2024-02-01", "2024-03-01"]);
        let months = ["2023-12-01", "2024-01-01", "2024-02-01"];
        assert_eq!(all(Granularity::Month, date(2023, 12, 31), date(2024, 2, 1)).unwrap(), months);
        assert_eq!(all(Granularity::Day, start, start).unwrap(), ["2024-02-28"]);
    }

    #[test]
    fn every_day_is_in_a_bucket_that_begins_at_or_before_it() {
        for day in date(2023, 12, 20).series(1.day()).take(60) {
            for granularity in Granularity::NAMES.map(Granularity::named) {
                let first = granularity.first_day(day);
                assert!(first <= day, "{day}");
                assert_eq!(granularity.all(day, day), Some(vec![first]), "{day}");
            }
            assert_eq!(Granularity::Week.first_day(day).weekday(), jiff::civil::Weekday::Monday);
        }
    }

    #[test]
    fn there_are_not_too_many() {
        let start = date(2020, 1, 1);
        let last = start.checked_add(9_999.days()).unwrap();
        assert_eq!(Granularity::Day.all(start, last).unwrap().len(), MOST);
        assert_eq!(Granularity::Day.all(start, last.tomorrow().unwrap()), None);
        assert!(Granularity::Week.all(start, last.tomorrow().unwrap()).is_some());
        assert_eq!(Granularity::Day.all(Date::MIN, Date::MAX), None);
        assert_eq!(Granularity::Week.all(Date::MAX, Date::MAX).unwrap().len(), 1);
    }
}
