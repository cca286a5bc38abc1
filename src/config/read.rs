//! Typed access to the nodes of a config, which notes every mistake and goes on.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use serde_yaml::Location;

use super::{
    MissingSecrets,
    error::Problem,
    mask, near,
    node::{Entry, Node, Value},
    substitute::{is_reference, substitute},
};
use crate::model::Schedule;

/// A config being read: what it needs from around it, and what was found wrong so far.
///
/// A method that gives `None` has noted a problem, so the caller may take any value in its place.
pub(super) struct Reading<'a> {
    text: &'a str,
    /// The config's folder.
    pub(super) folder: &'a Path,
    /// Looks up an environment variable.
    pub(super) env: &'a dyn Fn(&str) -> Option<String>,
    /// Files of the config's own that are no documents, wherever they lie.
    pub(super) own_files: Vec<PathBuf>,
    problems: Vec<(Location, String)>,
    missing: Vec<(Secret, Location, String)>,
    warnings: Vec<String>,
}

/// What a secret is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Secret {
    /// The platform.
    Key,
    /// The sites of pages.
    Header,
}

/// The keys and values of one part of the config.
#[derive(Clone, Copy)]
pub(super) struct Section<'n> {
    /// Where the part begins.
    pub(super) place: Location,
    entries: &'n [Entry],
}

impl<'n> Section<'n> {
    /// A part that is not there, for want of which every key has its default.
    pub(super) fn empty(place: Location) -> Self {
        Self { place, entries: &[] }
    }

    /// What stands under a key. A key with nothing after it counts as one that is not there.
    pub(super) fn value(&self, key: &str) -> Option<&'n Node> {
        self.entry(key).map(|(_, value)| value).filter(|value| !matches!(value.value, Value::Null))
    }

    /// A key with its place, even if nothing stands under it.
    pub(super) fn entry(&self, key: &str) -> Option<&'n Entry> {
        self.entries.iter().find(|(name, _)| name.value == key)
    }
}

impl<'a> Reading<'a> {
    pub(super) fn new(text: &'a str, folder: &'a Path, env: &'a dyn Fn(&str) -> Option<String>) -> Self {
        let (problems, missing, warnings) = (Vec::new(), Vec::new(), Vec::new());
        Self { text, folder, env, own_files: Vec::new(), problems, missing, warnings }
    }

    /// The problems in the order of the file with their lines, the warnings, and the secrets that are missing.
    pub(super) fn finish(mut self, root: &Node) -> (Vec<Problem>, Vec<String>, MissingSecrets) {
        let secrets = mask::secrets(root);
        self.problems.sort_by_key(|(place, _)| (place.line(), place.column()));
        let problem = |(place, message): (Location, String)| {
            let line = place.line() as usize;
            let excerpt = mask::masked_line(self.text, line, &secrets);
            Problem { line, column: (place.column() as usize).max(1), message, excerpt }
        };
        let mut missing = MissingSecrets::default();
        for (secret, place, message) in self.missing {
            let list = if secret == Secret::Key { &mut missing.key } else { &mut missing.headers };
            list.push(problem((place, message)));
        }
        (self.problems.into_iter().map(problem).collect(), self.warnings, missing)
    }

    /// Reads a secret that is kept outside the config: that it cannot be read is a mistake only where it is used.
    pub(super) fn secret<T>(&mut self, secret: Secret, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let before = self.problems.len();
        let value = read(self);
        let missing = self.problems.drain(before..).map(|(place, message)| (secret, place, message));
        self.missing.extend(missing);
        value
    }

    pub(super) fn problem(&mut self, place: Location, message: impl Into<String>) {
        self.problems.push((place, message.into()));
    }

    pub(super) fn warning(&mut self, message: String) {
        self.warnings.push(message);
    }

    /// A node that holds keys, all of which are known. `what` names the part in sentences.
    pub(super) fn section<'n>(&mut self, node: &'n Node, what: &str, known: &[&str]) -> Option<Section<'n>> {
        let Value::Map(entries) = &node.value else {
            let keys = known.join(", ");
            self.problem(node.referenced, format!("{what} has the keys {keys}; found {}", node.value.noun()));
            return None;
        };
        for (key, _) in entries.iter().filter(|(key, _)| !known.contains(&key.value.as_str())) {
            self.problem(key.referenced, unknown_key(&key.value, known));
        }
        Some(Section { place: node.referenced, entries })
    }

    /// Text, with its variables replaced.
    pub(super) fn text(&mut self, node: &Node) -> Option<String> {
        match &node.value {
            Value::Text(text) => match substitute(text, self.env) {
                Ok(text) => Some(text),
                Err(message) => {
                    self.problem(node.referenced, message);
                    None
                }
            },
            Value::Bool(_) | Value::Whole(_) | Value::Number => {
                self.problem(node.referenced, format!("expected text, found {}; put it in quotes", node.value.noun()));
                None
            }
            other => {
                self.problem(node.referenced, format!("expected text, found {}", other.noun()));
                None
            }
        }
    }

    /// Text that may be a secret, which `parse` accepts. Only one that refers to a variable is kept outside the config.
    pub(super) fn secret_text<T>(
        &mut self,
        secret: Secret,
        node: &Node,
        parse: impl FnOnce(&mut Self, String) -> Option<T>,
    ) -> Option<T> {
        let read = |reading: &mut Self| reading.text(node).and_then(|text| parse(reading, text));
        match &node.value {
            Value::Text(text) if is_reference(text) => self.secret(secret, read),
            _ => read(self),
        }
    }

    /// Text that `parse` accepts; its error is the sentence for the user.
    pub(super) fn parsed<T>(&mut self, node: &Node, parse: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        let text = self.text(node)?;
        parse(&text).map_err(|message| self.problem(node.referenced, message)).ok()
    }

    /// A path; a relative one starts at the config's folder.
    pub(super) fn path(&mut self, node: &Node) -> Option<PathBuf> {
        let folder = self.folder;
        self.parsed(node, |text| path_from(folder, text))
    }

    /// Times in the syntax of crontab(5).
    pub(super) fn schedule(&mut self, node: &Node) -> Option<Schedule> {
        self.parsed(node, |text| Schedule::new(text).map_err(|error| error.to_string()))
    }

    /// A list of texts, each with its node; an item that is no text is noted and left out.
    pub(super) fn texts<'n>(&mut self, node: &'n Node) -> Option<Vec<(&'n Node, String)>> {
        let Value::List(items) = &node.value else {
            let found = node.value.noun();
            self.problem(node.referenced, format!("expected a list such as [\"one\", \"two\"], found {found}"));
            return None;
        };
        Some(items.iter().filter_map(|item| self.text(item).map(|text| (item, text))).collect())
    }

    /// A whole number, written as one or come from a variable.
    pub(super) fn count(&mut self, node: &Node) -> Option<u64> {
        let number = match &node.value {
            Value::Whole(number) => Some(*number),
            Value::Text(_) => self.text(node)?.trim().parse().ok(),
            _ => None,
        };
        if number.is_none() {
            self.problem(node.referenced, "expected a whole number, 0 or more");
        }
        number
    }

    /// `true` or `false`, written as such or come from a variable.
    pub(super) fn flag(&mut self, node: &Node) -> Option<bool> {
        let flag = match &node.value {
            Value::Bool(flag) => Some(*flag),
            Value::Text(_) => self.text(node)?.trim().parse().ok(),
            _ => None,
        };
        if flag.is_none() {
            self.problem(node.referenced, format!("expected true or false, found {}", node.value.noun()));
        }
        flag
    }

    /// A size in bytes, such as `20MiB`; a bare number counts bytes. One in which hardly a document has room lacks its unit.
    pub(super) fn size(&mut self, node: &Node) -> Option<u64> {
        let size = match &node.value {
            Value::Whole(bytes) => Some(*bytes),
            Value::Text(_) => self.text(node)?.trim().parse::<bytesize::ByteSize>().ok().map(|size| size.0),
            _ => None,
        };
        let problem = match size {
            Some(LEAST_SIZE..) => return size,
            Some(bytes @ 1..) => format!(
                "{bytes} bytes are too few for nearly every document; give a size with its unit, such as `20MiB`"
            ),
            Some(0) | None => "expected a size above 0, such as `20MiB` or `500kB`".to_owned(),
        };
        self.problem(node.referenced, problem);
        None
    }

    /// A duration, such as `2s` or `1h 30m`, of at most a day.
    pub(super) fn duration(&mut self, node: &Node) -> Option<Duration> {
        let duration = match &node.value {
            Value::Text(_) => self.text(node)?.trim().parse::<jiff::SignedDuration>().ok(),
            Value::Whole(0) => Some(jiff::SignedDuration::ZERO),
            _ => None,
        };
        let duration = duration.and_then(|duration| Duration::try_from(duration).ok()).filter(|d| *d <= DAY);
        if duration.is_none() {
            self.problem(
                node.referenced,
                "expected a duration of at most a day with its unit, such as `2s` or `500ms`",
            );
        }
        duration
    }
}

/// A path as it is written; a relative one starts at `folder`.
///
/// # Errors
/// A sentence that says what to mend.
pub(super) fn path_from(folder: &Path, text: &str) -> Result<PathBuf, String> {
    match text {
        "" => Err("this path is empty".to_owned()),
        text if text == "~" || text.starts_with("~/") => {
            Err("`~` is not replaced here; write `${HOME}` in its place".to_owned())
        }
        text if text.contains('\0') => Err("a path cannot hold a NUL character".to_owned()),
        text => Ok(folder.join(text.strip_prefix("./").filter(|rest| !rest.is_empty()).unwrap_or(text))),
    }
}

/// The least limit of a document's size, in bytes.
const LEAST_SIZE: u64 = 1024;
const DAY: Duration = Duration::from_secs(86_400);

fn unknown_key(key: &str, known: &[&str]) -> String {
    if !mask::is_plain_key(key) {
        // It may be a secret whose key lost its colon or its line.
        return format!("this is no key that kbsync knows; the keys here are {}", known.join(", "));
    }
    match near::nearest(key, known) {
        Some(near) => format!("unknown key `{key}`; did you mean `{near}`?"),
        None => format!("unknown key `{key}`; the keys here are {}", known.join(", ")),
    }
}
