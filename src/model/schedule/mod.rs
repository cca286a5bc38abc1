//! A schedule: when something is due, written as in crontab(5).

mod field;
#[cfg(test)]
mod tests;

use std::fmt;

use cron::{
    Cron,
    parser::{CronParser, Seconds, Year},
};
use jiff::{Zoned, civil::DateTime, tz::AmbiguousOffset};

use field::{DAY, FIELDS, HOUR, MINUTE, WEEKDAY};

/// A checked crontab(5) expression: five fields or a nickname such as `@daily`, in the time of a zone.
///
/// When the clock is changed, it does as Debian's cron(8): a time that is skipped in spring is due right after the gap,
/// and one that comes twice in autumn is due the first time only. A schedule whose minute or hour begins with `*` knows
/// no such times, it follows the clock as it goes.
#[derive(Clone, PartialEq, Eq)]
pub struct Schedule {
    text: String,
    cron: Cron,
    /// Whether neither the minute nor the hour begins with `*`.
    fixed: bool,
}

/// Why a text is no schedule.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidSchedule {
    /// There are not five fields.
    #[error(
        "a schedule has five fields, minute, hour, day of the month, month and day of the week, such as `0 3 * * *`; \
         found {0}"
    )]
    Count(usize),
    /// A field holds what it cannot.
    #[error("the {field} of this schedule is wrong: {reason}")]
    Field {
        /// The field's name.
        field: &'static str,
        /// What to write in its place.
        reason: String,
    },
    /// A nickname that no crontab has.
    #[error("there is no such schedule; after `@` comes hourly, daily, midnight, weekly, monthly, yearly or annually")]
    Nickname,
    /// `@reboot`.
    #[error("`@reboot` is an event and no time; write a time, such as `@daily` or `0 3 * * *`")]
    Reboot,
    /// A day that no calendar has.
    #[error("this schedule never comes, for no such month has that day; change the day of the month or the month")]
    Never,
}

impl Schedule {
    /// Checks an expression. Spaces around and between its fields do not matter.
    ///
    /// # Errors
    /// When crontab(5) does not have it, or it never comes.
    pub fn new(text: &str) -> Result<Self, InvalidSchedule> {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let spelled = match text.strip_prefix('@') {
            Some(name) => nickname(name)?,
            None => &text,
        };
        let written: Vec<&str> = spelled.split_whitespace().collect();
        if written.len() != FIELDS.len() {
            return Err(InvalidSchedule::Count(written.len()));
        }
        let fields: Vec<String> =
            FIELDS.iter().zip(written).map(|(field, text)| field.read(text)).collect::<Result<_, _>>()?;
        let follows = |field: usize| fields[field].starts_with('*');
        // A day matches one of its two fields, unless one of them begins with `*`; croner knows only the whole `*`.
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed);
        let parser = parser.dom_and_dow(follows(DAY) || follows(WEEKDAY)).build();
        let cron = parser.parse(&fields.join(" ")).map_err(|_| InvalidSchedule::Count(fields.len()))?;
        let schedule = Self { fixed: !follows(MINUTE) && !follows(HOUR), text, cron };
        schedule.on_the_wall(DateTime::constant(2000, 1, 1, 0, 0, 0, 0), true).ok_or(InvalidSchedule::Never)?;
        Ok(schedule)
    }

    /// The expression.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The first time that it is due strictly after `after`, in the zone of `after`.
    pub fn next(&self, after: &Zoned) -> Option<Zoned> {
        if self.fixed { self.next_fixed(after) } else { self.next_following(after) }
    }

    /// Each time on the wall clock is due once, whatever the clock does.
    fn next_fixed(&self, after: &Zoned) -> Option<Zoned> {
        let mut wall = after.datetime();
        loop {
            wall = self.on_the_wall(wall, false)?;
            let due = once(after, wall)?;
            if due > *after {
                return Some(due);
            }
        }
    }

    /// Whenever the wall clock shows the time: between two changes of the clock it goes straight.
    fn next_following(&self, after: &Zoned) -> Option<Zoned> {
        let zone = after.time_zone();
        let (mut from, mut inclusive) = (after.clone(), false);
        loop {
            let wall = self.on_the_wall(from.datetime(), inclusive)?;
            let due = from.offset().to_timestamp(wall).ok()?;
            match zone.following(from.timestamp()).next() {
                Some(change) if change.timestamp() <= due => from = change.timestamp().to_zoned(zone.clone()),
                _ => return Some(due.to_zoned(zone.clone())),
            }
            inclusive = true;
        }
    }

    /// The next time on a wall clock that nobody changes.
    fn on_the_wall(&self, from: DateTime, inclusive: bool) -> Option<DateTime> {
        self.cron.find_next_occurrence(&from, inclusive).ok()
    }
}

/// The instant of a time on the wall: the end of the gap that skips it, or the first of the two times that it comes.
fn once(zoned: &Zoned, wall: DateTime) -> Option<Zoned> {
    let zone = zoned.time_zone();
    let instant = zone.to_ambiguous_zoned(wall);
    let gap = matches!(instant.offset(), AmbiguousOffset::Gap { .. });
    let first = instant.earlier().ok()?;
    if !gap {
        return Some(first);
    }
    Some(zone.following(first.timestamp()).next()?.timestamp().to_zoned(zone.clone()))
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Schedule").field(&self.text).finish()
    }
}

/// What a nickname is short for.
fn nickname(name: &str) -> Result<&'static str, InvalidSchedule> {
    match name {
        "hourly" => Ok("0 * * * *"),
        "daily" | "midnight" => Ok("0 0 * * *"),
        "weekly" => Ok("0 0 * * 0"),
        "monthly" => Ok("0 0 1 * *"),
        "yearly" | "annually" => Ok("0 0 1 1 *"),
        "reboot" => Err(InvalidSchedule::Reboot),
        _ => Err(InvalidSchedule::Nickname),
    }
}
