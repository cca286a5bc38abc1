//! A YAML document as a tree that remembers where each of its nodes stands.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_yaml::{DeserializeError, DuplicateKeyPolicy, Location, Spanned};

use super::{error::Problem, mask};

/// A value and its place.
pub(super) type Node = Spanned<Value>;

/// A key, its place, and what stands under it.
pub(super) type Entry = (Spanned<String>, Node);

/// What a node holds.
#[derive(Debug)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Whole(u64),
    /// A number that no key takes: negative, broken or huge.
    Number,
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

impl Value {
    /// What it is, for a sentence such as "expected text, found a list".
    pub(super) fn noun(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Bool(_) => "true or false",
            Self::Whole(_) | Self::Number => "a number",
            Self::Text(_) => "text",
            Self::List(_) => "a list",
            Self::Map(_) => "keys and values",
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Bool(flag))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Whole(number))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(u64::try_from(number).map_or(Value::Number, Value::Whole))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Value, E> {
        Ok(Value::Number)
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map: Vec<Entry> = Vec::new();
        while let Some(key) = entries.next_key::<Spanned<String>>()? {
            if map.len() >= MAX_ENTRIES {
                return Err(A::Error::custom("there are too many keys"));
            }
            map.push((key, entries.next_value()?));
        }
        Ok(Value::Map(map))
    }
}

/// More keys than any config has in one place.
const MAX_ENTRIES: usize = 1_000;

/// Reads a YAML text of one document. Bounded in depth, nodes and aliases, so that no text costs more than its size.
pub(super) fn parse(text: &str) -> Result<Node, Problem> {
    let options = serde_yaml::options! {
        budget: serde_yaml::budget! { max_depth: 16, max_nodes: 100_000, max_aliases: 1_000 },
        duplicate_keys: DuplicateKeyPolicy::Error,
        strict_booleans: true,
        reject_unsupported_tags: true,
        // The crate's snippets would show a key in clear.
        with_snippet: false,
    };
    if is_blank(text) {
        let message = "the config is empty; it needs at least `collections`, each with a `name` and a `folder`";
        return Err(Problem { line: 1, column: 1, message: message.to_owned(), excerpt: None });
    }
    serde_yaml::from_str_with_options(text, options).map_err(|error| problem(text, &error))
}

/// Whether a text holds nothing but comments, white space and document marks.
fn is_blank(text: &str) -> bool {
    text.lines().map(str::trim).all(|line| line.is_empty() || line.starts_with('#') || line == "---")
}

fn problem(text: &str, error: &DeserializeError) -> Problem {
    let place = error.location().filter(|place| *place != Location::UNKNOWN);
    let (line, column) = place.map_or((1, 1), |place| (place.line() as usize, place.column() as usize));
    // Where the YAML does not parse, nobody can tell what is a secret: a text that may hold one is not quoted at all.
    let quotable = !mask::may_hold_secret(text);
    let shown = text.lines().nth(line.saturating_sub(1));
    let message = match error {
        DeserializeError::DuplicateMappingKey { key: Some(key), .. } if mask::is_plain_key(key) => {
            format!("`{key}` is set twice here; keep one")
        }
        DeserializeError::DuplicateMappingKey { .. } => "this key is set twice; keep one".to_owned(),
        DeserializeError::MultipleDocuments { .. } => "a second YAML document begins; a config is one".to_owned(),
        DeserializeError::Budget { .. } => "this is nested too deeply or far too long for a config".to_owned(),
        DeserializeError::Message { msg, .. } if quotable => format!("this is not valid YAML: {msg}"),
        _ if shown.and_then(|text| text.chars().nth(column.saturating_sub(1))).is_some_and(|c| "*@".contains(c)) => {
            "a value that begins with `*` or `@` is put in quotes, as in `schedule: \"*/30 * * * *\"`".to_owned()
        }
        _ if text.lines().take(line).any(|text| text.split_once('{').is_some_and(|(_, flow)| flow.contains(": #"))) => {
            "this is not valid YAML; `#` begins a comment here, so put a colour in quotes, such as \"#2A52BE\""
                .to_owned()
        }
        _ => "this is not valid YAML; look at the indentation, quotes and colons here and just above".to_owned(),
    };
    let excerpt = shown.filter(|_| quotable && place.is_some()).map(str::to_owned);
    Problem { line, column: column.max(1), message, excerpt }
}
