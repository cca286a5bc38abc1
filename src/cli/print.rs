//! How things are said: results on standard output, everything else on standard error.

use std::{
    io::{Write, stdout},
    time::Duration,
};

use bytesize::ByteSize;
use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;
use serde_json::Value;
use tracing::Level;

use super::logs::say;
use crate::model::{Moment, characters::plays_with_terminal};

/// Answers are our own plain structs, which always become JSON.
pub(super) fn value(answer: &impl Serialize) -> Value {
    serde_json::to_value(answer).unwrap_or_default()
}

/// A line of a result. A reader that went away, as `head` does, ends the program quietly.
macro_rules! line {
    ($($text:tt)*) => { $crate::cli::print::write_line(format_args!($($text)*)) };
}
pub(super) use line;

pub(super) fn write_line(text: std::fmt::Arguments<'_>) {
    if writeln!(stdout(), "{}", tamed(&text.to_string())).is_err() {
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

/// A document's bytes as they are, for a file or another program.
pub(super) fn exact(bytes: &[u8]) {
    let mut out = stdout();
    if out.write_all(bytes).and_then(|()| out.flush()).is_err() {
        std::process::exit(super::Exit::Other as i32);
    }
}

/// A document of this kind (an extension) as a terminal can show it: with what could play with it made visible. `None` of
/// what is no text.
pub(super) fn text_for_terminal(kind: &str, bytes: &[u8]) -> Option<String> {
    let is_text = !matches!(kind, "pdf" | "docx") && !bytes.contains(&0);
    is_text.then(|| tamed(&String::from_utf8_lossy(bytes)))
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
    name.chars().map(|c| if plays_with_terminal(c) { '\u{fffd}' } else { c }).collect()
}

/// The same for a text: its lines stay lines.
pub(super) fn printable_text(text: &str) -> String {
    text.chars().map(|c| if plays_with_terminal(c) && c != '\n' && c != '\t' { '\u{fffd}' } else { c }).collect()
}

/// What could play with a terminal as JSON writes it: in JSON it stays what it was, and elsewhere it is seen.
pub(super) fn tamed(text: &str) -> String {
    let mut tamed = String::with_capacity(text.len());
    for c in text.chars() {
        if plays_with_terminal(c) && c != '\n' && c != '\t' {
            for unit in c.encode_utf16(&mut [0; 2]) {
                tamed += &format!("\\u{unit:04x}");
            }
        } else {
            tamed.push(c);
        }
    }
    tamed
}

/// The columns that a paragraph keeps to.
const COLUMNS: usize = 80;

/// A text in lines that fit a terminal: the first one indented by `indent` spaces, the others by two more. A word that is
/// longer than a line, such as a path, stays whole.
pub(super) fn paragraph(indent: usize, text: &str) -> String {
    let text = printable(&text.trim().replace(['\n', '\t'], " "));
    let mut lines = String::new();
    let mut column = 0;
    for word in text.split(' ') {
        let length = word.chars().count();
        let (gap, breaks) = match column {
            0 => (indent, false),
            _ if column + 1 + length > COLUMNS => (indent + 2, true),
            _ => (1, false),
        };
        if breaks {
            lines.truncate(lines.trim_end().len());
            lines.push('\n');
            column = 0;
        }
        lines.extend(std::iter::repeat_n(' ', gap));
        lines.push_str(word);
        column += gap + length;
    }
    lines
}

/// The first characters of a text, with a mark where there are more.
pub(super) fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", text[..end].trim_end()),
        None => text.to_owned(),
    }
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

/// The day of a timestamp, in local time.
pub(super) fn day(at: Timestamp) -> String {
    at.to_zoned(TimeZone::system()).strftime("%Y-%m-%d").to_string()
}

/// `1 document`, `2 documents`.
pub(super) fn count(number: u64, thing: &str) -> String {
    if number == 1 { format!("1 {thing}") } else { format!("{number} {thing}s") }
}

/// The same of a list: `50 of 56 documents` where it has more than are shown.
pub(super) fn of_all(shown: u64, total: Option<u64>, thing: &str) -> String {
    match total.filter(|total| *total > shown) {
        Some(total) => format!("{shown} of {}", count(total, thing)),
        None => count(shown, thing),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_fit_and_lose_nothing() {
        let text = "one two  three ".repeat(20) + &"path/".repeat(20);
        let lines = paragraph(2, &text);
        for line in lines.lines() {
            assert!(line.chars().count() <= COLUMNS || line.trim_start().starts_with("path/"), "{line}");
        }
        assert!(lines.starts_with("  one") && lines.lines().skip(1).all(|line| line.starts_with("    ")), "{lines}");
        assert_eq!(lines.split_whitespace().collect::<Vec<_>>(), text.split_whitespace().collect::<Vec<_>>());
        assert_eq!(paragraph(0, "two  spaces\nand a line\u{1b}"), "two  spaces and a line\u{fffd}");
    }

    #[test]
    fn a_list_says_how_many_it_does_not_show() {
        for (shown, total, said) in [
            (50, Some(56), "50 of 56 bots"),
            (0, Some(1), "0 of 1 bot"),
            (56, Some(56), "56 bots"),
            (57, Some(56), "57 bots"),
            (1, None, "1 bot"),
        ] {
            assert_eq!(of_all(shown, total, "bot"), said);
        }
    }

    #[test]
    fn text_for_terminal__control_characters__are_visible_and_lines_stay() {
        for (kind, bytes, expected) in [
            ("md", "# A\n\tb ü\n".as_bytes(), Some("# A\n\tb ü\n")),
            ("md", b"\x1b]0;title\x07\x1b[2J\r\n", Some("\\u001b]0;title\\u0007\\u001b[2J\\u000d\n")),
            ("txt", "a\u{202e}b\u{9b}1m".as_bytes(), Some("a\\u202eb\\u009b1m")),
            ("txt", b"latin \xe9", Some("latin \u{fffd}")),
            ("txt", b"\xff\xfea\0", None),
            ("pdf", b"%PDF-1.7", None),
            ("docx", b"PK", None),
        ] {
            assert_eq!(text_for_terminal(kind, bytes).as_deref(), expected, "{bytes:?}");
        }
    }

    #[test]
    fn long_texts_are_shortened() {
        assert_eq!(shortened("größe", 5), "größe");
        assert_eq!(shortened("größer als", 7), "größer…");
    }
}
