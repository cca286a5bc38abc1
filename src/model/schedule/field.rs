//! The five fields of a schedule, held to what crontab(5) has.

use super::InvalidSchedule;

/// What one of the five fields may hold.
pub(super) struct Field {
    name: &'static str,
    /// Its values in words.
    values: &'static str,
    first: u8,
    last: u8,
    /// How many different values there are, which is the largest step.
    count: u8,
    /// The names of the values, in their order.
    names: &'static [&'static str],
}

pub(super) const MINUTE: usize = 0;
pub(super) const HOUR: usize = 1;
pub(super) const DAY: usize = 2;
pub(super) const WEEKDAY: usize = 4;

/// The fields in their order.
pub(super) const FIELDS: [Field; 5] = [
    Field { name: "minute", values: "0 to 59", first: 0, last: 59, count: 60, names: &[] },
    Field { name: "hour", values: "0 to 23", first: 0, last: 23, count: 24, names: &[] },
    Field { name: "day of the month", values: "1 to 31", first: 1, last: 31, count: 31, names: &[] },
    Field {
        name: "month",
        values: "1 to 12 or jan to dec",
        first: 1,
        last: 12,
        count: 12,
        names: &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
    },
    Field {
        name: "day of the week",
        values: "0 to 7 (0 and 7 are Sunday) or mon to sun",
        first: 0,
        last: 7,
        count: 7,
        names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun"],
    },
];

impl Field {
    /// Checks a field's list and writes it in numbers. croner drops empty items and takes names and much else anywhere.
    pub(super) fn read(&self, text: &str) -> Result<String, InvalidSchedule> {
        let items = text.split(',').map(|item| self.item(item, text));
        Ok(items.collect::<Result<Vec<_>, _>>()?.join(","))
    }

    fn item(&self, item: &str, list: &str) -> Result<String, InvalidSchedule> {
        let (range, step) = item.split_once('/').map_or((item, None), |(range, step)| (range, Some(step)));
        let numbers = match range.split_once('-') {
            _ if range == "*" && step.is_none() && item != list => {
                return Err(self.wrong("`*` is every value, so it stands alone"));
            }
            None if range == "*" => "*".to_owned(),
            None if step.is_some() => return Err(self.wrong("a step follows `*` or a range, as in `*/5` or `1-9/2`")),
            None => self.value(range, self.first)?.to_string(),
            Some((from, to)) => {
                let from = self.value(from, self.first)?;
                let to = self.value(to, from)?;
                if from > to {
                    return Err(self.wrong("a range goes up; write two ranges with a comma between them"));
                }
                format!("{from}-{to}")
            }
        };
        match step.map(|step| number(step).filter(|step| (1..=self.count).contains(step))) {
            None => Ok(numbers),
            Some(Some(step)) => Ok(format!("{numbers}/{step}")),
            Some(None) => Err(self.wrong(format!("a step is a number from 1 to {}", self.count))),
        }
    }

    /// A value by its number or name; a name that is two values is the first one that is not below `low`.
    fn value(&self, text: &str, low: u8) -> Result<u8, InvalidSchedule> {
        let named = || (self.first..).zip(self.names).filter(|(_, name)| name.eq_ignore_ascii_case(text));
        let named = named().find(|(value, _)| *value >= low).or_else(|| named().last()).map(|(value, _)| value);
        let value = named.or_else(|| number(text)).filter(|value| (self.first..=self.last).contains(value));
        value.ok_or_else(|| {
            self.wrong(format!("expected {}, as in `*`, `5`, `1-5`, `1,5`, `*/5` or `1-9/2`", self.values))
        })
    }

    fn wrong(&self, reason: impl Into<String>) -> InvalidSchedule {
        InvalidSchedule::Field { field: self.name, reason: reason.into() }
    }
}

/// A number in digits alone.
fn number(text: &str) -> Option<u8> {
    text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
}
