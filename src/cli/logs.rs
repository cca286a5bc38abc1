//! Logs: one line an event on standard error, for a person, a file, a collector of JSON, or the journal.

use std::{
    fmt,
    io::{IsTerminal, Write, stderr},
    sync::OnceLock,
};

use clap::ValueEnum;
use jiff::Timestamp;
use rustix::fs::fstat;
use serde::Serializer;
use serde_json::Value;
use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id},
};
use tracing_subscriber::{
    EnvFilter, Layer,
    layer::{Context, SubscriberExt},
    registry::LookupSpan,
    util::SubscriberInitExt,
};

use super::print;
use crate::model::mask_secret_parameters;

/// What `--log-format` takes.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum LogFormat {
    Auto,
    Pretty,
    Plain,
    Json,
    Journald,
}

/// How a line is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    /// For people at a terminal: with the local time, and colours where they are welcome.
    Pretty,
    /// For people, where the time is known or does not matter.
    Plain,
    /// For programs: one object a line.
    Json,
    /// For the journal, which has the time: the line begins with its priority, as sd-daemon(3) says.
    Journald,
}

static FORMAT: OnceLock<Format> = OnceLock::new();

/// Starts logging. Commands say what is wrong, a service also what it does; with `-v` what happens, with `-vv` every
/// request.
pub(super) fn start(asked: LogFormat, verbose: u8, quiet: bool, service: bool) {
    let level = match (verbose, quiet, service) {
        (_, true, false) => "error",
        (_, true, true) | (0, false, false) => "warn",
        (0, false, true) => "info",
        (1, false, _) => "debug",
        (_, false, _) => "trace",
    };
    let asked_for = std::env::var("KBSYNC_LOG").ok().filter(|directives| !directives.is_empty());
    let filter = EnvFilter::builder().parse_lossy(asked_for.unwrap_or_else(|| format!("error,kbsync={level}")));
    FORMAT.get_or_init(|| format(asked, service));
    tracing_subscriber::registry().with(filter).with(Lines).init();
}

fn format(asked: LogFormat, service: bool) -> Format {
    match asked {
        LogFormat::Pretty => Format::Pretty,
        LogFormat::Plain => Format::Plain,
        LogFormat::Json => Format::Json,
        LogFormat::Journald => Format::Journald,
        LogFormat::Auto if stderr().is_terminal() => Format::Pretty,
        LogFormat::Auto if is_the_journal() => Format::Journald,
        LogFormat::Auto if service => Format::Json,
        LogFormat::Auto => Format::Plain,
    }
}

/// Whether standard error is what systemd connected to the journal: a child may have inherited the variable and write
/// to somewhere else.
fn is_the_journal() -> bool {
    let stream = std::env::var("JOURNAL_STREAM").unwrap_or_default();
    fstat(stderr()).is_ok_and(|stat| stream == format!("{}:{}", stat.st_dev, stat.st_ino))
}

/// Says something whatever the level of the logs is, in their format. Its lines stay lines where people read them.
pub(super) fn say(level: Level, text: &str) {
    let line = Line { level, message: print::printable_text(&mask_secret_parameters(text)), fields: Fields::default() };
    write(&line.text(chosen(), Timestamp::now()));
}

fn chosen() -> Format {
    *FORMAT.get_or_init(|| format(LogFormat::Auto, false))
}

/// A whole line at once, so that two threads do not write into each other's.
fn write(text: &str) {
    // When standard error is gone there is nobody to tell.
    let _ = stderr().write_all(format!("{text}\n").as_bytes());
}

/// Writes events as lines, with the fields of the spans that they are in.
struct Lines;

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Lines {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let message = fields.take_message();
        for span in context.event_scope(event).into_iter().flatten() {
            fields.0.extend(span.extensions().get::<Fields>().into_iter().flat_map(|fields| fields.0.clone()));
        }
        let line = Line { level: *event.metadata().level(), message: print::printable(&message), fields };
        let (format, now) = (chosen(), Timestamp::now());
        let text = line.text(format, now);
        if format == Format::Pretty {
            write(&format!("{} {text}", coloured("2", &print::timestamp(now), format)));
        } else {
            write(&text);
        }
    }
}

/// The fields of an event or a span, in their order.
#[derive(Default)]
struct Fields(Vec<(&'static str, Value)>);

impl Fields {
    fn take_message(&mut self) -> String {
        let at = self.0.iter().position(|(name, _)| *name == "message");
        match at.map(|at| self.0.remove(at)) {
            Some((_, Value::String(message))) => message,
            _ => String::new(),
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.push((field.name(), mask_secret_parameters(value).into()));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.push((field.name(), value.into()));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.push((field.name(), value.into()));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.push((field.name(), value.into()));
    }
}

/// Something to write.
struct Line {
    level: Level,
    message: String,
    fields: Fields,
}

impl Line {
    fn text(&self, format: Format, now: Timestamp) -> String {
        match format {
            Format::Pretty | Format::Plain => self.with_word(format),
            Format::Json => self.json(now),
            Format::Journald => self.with_priority(),
        }
    }

    /// What only tells needs no word before it.
    fn with_word(&self, format: Format) -> String {
        let (word, colour) = match self.level {
            Level::ERROR => ("error:", "1;31"),
            Level::WARN => ("warning:", "1;33"),
            Level::INFO => return self.plain(),
            Level::DEBUG => ("debug:", "2"),
            Level::TRACE => ("trace:", "2"),
        };
        format!("{} {}", coloured(colour, word, format), self.plain())
    }

    fn with_priority(&self) -> String {
        let priority = match self.level {
            Level::ERROR => 3,
            Level::WARN => 4,
            Level::INFO => 6,
            Level::DEBUG | Level::TRACE => 7,
        };
        let lines: Vec<_> = self.plain().lines().map(|line| format!("<{priority}>{line}")).collect();
        lines.join("\n")
    }

    fn plain(&self) -> String {
        let mut text = self.message.clone();
        for (name, value) in &self.fields.0 {
            let value = match value {
                Value::String(value) => quoted(&print::printable(value)),
                value => value.to_string(),
            };
            text += &format!(" {name}={value}");
        }
        text
    }

    fn json(&self, now: Timestamp) -> String {
        let level = self.level.as_str().to_ascii_lowercase();
        let head = [("time", format!("{now:.3}")), ("level", level), ("message", self.message.clone())];
        let head = head.into_iter().map(|(name, text)| (name, Value::String(text)));
        let mut text = Vec::new();
        // Texts and numbers always become JSON.
        let _ = serde_json::Serializer::new(&mut text).collect_map(head.chain(self.fields.0.iter().cloned()));
        print::tamed(&String::from_utf8_lossy(&text))
    }
}

/// A value that can be told from what follows it.
fn quoted(value: &str) -> String {
    let plain = |c: char| !c.is_whitespace() && !matches!(c, '"' | '=');
    if !value.is_empty() && value.chars().all(plain) { value.to_owned() } else { Value::from(value).to_string() }
}

fn coloured(colour: &str, text: &str, format: Format) -> String {
    let welcome = || stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|set| set.is_empty());
    if format == Format::Pretty && welcome() { format!("\x1b[{colour}m{text}\x1b[0m") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line() -> Line {
        let fields =
            vec![("collection", "handbook".into()), ("path", "two words\n\u{202e}x.md".into()), ("ms", 12.into())];
        Line { level: Level::WARN, message: "failed".to_owned(), fields: Fields(fields) }
    }

    #[test]
    fn a_line_stays_a_line_in_every_format() {
        let text = |format| line().text(format, Timestamp::UNIX_EPOCH);
        let plain = "failed collection=handbook path=\"two words\u{fffd}\u{fffd}x.md\" ms=12";
        assert_eq!(text(Format::Plain), format!("warning: {plain}"));
        assert_eq!(text(Format::Journald), format!("<4>{plain}"));
        let json = r#"{"time":"1970-01-01T00:00:00.000Z","level":"warn","message":"failed","collection":"handbook","path":"two words\n\u202ex.md","ms":12}"#;
        assert_eq!(text(Format::Json), json);
    }

    #[test]
    fn every_line_for_the_journal_has_its_priority() {
        let line = Line { level: Level::ERROR, message: "one\ntwo".to_owned(), fields: Fields::default() };
        assert_eq!(line.text(Format::Journald, Timestamp::UNIX_EPOCH), "<3>one\n<3>two");
    }
}
