//! How things are said: results on standard output, everything else on standard error.

use std::{
    io::{Write, stdout},
    time::Duration,
};

use bytesize::ByteSize;
use jiff::{Timestamp, tz::TimeZone};
use tracing::Level;

use super::logs::say;
use crate::model::Moment;

/// A line of a result. A reader that went away, as `head` does, ends the program quietly.
macro_rules! line {
    ($($text:tt)*) => { $crate::cli::print::write_line(format_args!($($text)*)) };
}
pub(super) use line;

pub(super) fn write_line(text: std::fmt::Arguments<'_>) {
    if writeln!(stdout(), "{text}").is_err() {
        std::process::exit(super::Exit::Other as i32);
    }
}

/// A piece of a line that is still coming.
pub(super) fn piece(text: &str) {
    let mut out = stdout();
    if write!(out, "{text}").and_then(|()| out.flush()).is_err() {
        std::process::exit(super::Exit::Other as i32);
    }
}

/// The end of the program's own words about what went wrong.
pub(super) fn error(error: &anyhow::Error) {
    say(Level::ERROR, &format!("{error:#}"));
}

pub(super) fn warning(text: &str) {
    say(Level::WARN, text);
}

/// A name on one line, without the characters that could play with a terminal.
pub(super) fn printable(name: &str) -> String {
    name.chars().map(|c| if plays(c) { '\u{fffd}' } else { c }).collect()
}

/// The same for a text: its lines stay lines.
pub(super) fn printable_text(text: &str) -> String {
    text.chars().map(|c| if plays(c) && c != '\n' && c != '\t' { '\u{fffd}' } else { c }).collect()
}

/// Control characters, and those that turn the direction of writing.
fn plays(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Bytes as people read them.
pub(super) fn bytes(count: u64) -> String {
    ByteSize::b(count).display().iec().to_string()
}

/// A span as people say it.
pub(super) fn span(span: Duration) -> String {
    match span.as_secs_f64() {
        seconds if seconds < 9.95 => format!("{seconds:.1} s"),
        seconds if seconds < 120.0 => format!("{seconds:.0} s"),
        seconds if seconds < 7_200.0 => format!("{:.0} min", seconds / 60.0),
        seconds => format!("{:.1} h", seconds / 3_600.0),
    }
}

/// A point in time, in local time.
pub(super) fn moment(moment: Moment) -> String {
    timestamp(moment.timestamp())
}

/// The same of a timestamp.
pub(super) fn timestamp(at: Timestamp) -> String {
    at.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// `1 document`, `2 documents`.
pub(super) fn count(number: u64, thing: &str) -> String {
    if number == 1 { format!("1 {thing}") } else { format!("{number} {thing}s") }
}
