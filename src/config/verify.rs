//! The `verify` part of the config: a list of questions, or a section with them.

use std::fmt;

use url::Url;

use super::{
    Api, Collection, Platform, PlatformKind,
    near::nearest,
    node::{Node, Value},
    read::{Reading, Section},
};
use crate::model::{CollectionName, DocPath, Schedule};

const KEYS: &[&str] = &["schedule", "sample", "questions"];
const QUESTION_KEYS: &[&str] = &["ask", "expect_source", "expect_text"];
/// A sample is for the platform's sake smaller than most knowledge bases.
const MAX_SAMPLE: u64 = 1_000;

/// What is asked to prove that the platform answers from what was uploaded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verify {
    /// When the daemon asks; `None` where only a person does.
    pub schedule: Option<Schedule>,
    /// How many documents, and how many deleted ones, are drawn and asked for.
    pub sample: u64,
    /// The questions, with what they should be answered with.
    pub questions: Vec<Question>,
}

impl Verify {
    /// Whether the config says anything of it.
    pub fn is_used(&self) -> bool {
        self.sample > 0 || !self.questions.is_empty()
    }
}

/// A question, and what a good answer has. At least one thing is expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// What is asked.
    pub ask: String,
    /// What the answer cites, all of it.
    pub sources: Vec<Reference>,
    /// What the answer says, all of it, whatever the case and the white space.
    pub texts: Vec<String>,
}

/// A document as people name it: a collection and a path or an address, or a page by its address alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The collection, where it is named.
    pub collection: Option<CollectionName>,
    /// The path or the address.
    pub path: DocPath,
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.collection {
            Some(collection) => write!(f, "{collection}/{}", self.path),
            None => write!(f, "{}", self.path),
        }
    }
}

/// Reads the part; without one nothing is asked.
pub(super) fn read(
    root: &Section,
    platform: Option<&Platform>,
    collections: Option<&[Collection]>,
    reading: &mut Reading,
) -> Option<Verify> {
    let Some((key, node)) = root.entry("verify").filter(|(_, node)| !matches!(node.value, Value::Null)) else {
        return Some(Verify::default());
    };
    if platform.is_some_and(|platform| matches!(platform.kind, PlatformKind::Remote { api: Api::Nexvio, .. })) {
        reading.problem(key.referenced, "Nexvio's pages show no call to ask, so nothing can be verified; remove this");
    }
    if let Value::List(items) = &node.value {
        let questions = questions(items, collections, reading);
        if items.is_empty() {
            reading.problem(node.referenced, "there is no question; add one with `ask` and `expect_source`");
        }
        return Some(Verify { questions, ..Verify::default() });
    }
    if matches!(&node.value, Value::Map(entries) if entries.is_empty()) {
        reading.problem(node.referenced, "`verify` is empty; add `questions` or `sample: 5`, or remove it");
    }
    let section = reading.section(node, "`verify` is a list of questions, or", KEYS)?;
    let schedule = section.value("schedule").and_then(|node| reading.schedule(node));
    let sample = section.value("sample").and_then(|node| sample(node, reading)).unwrap_or_default();
    let asked = section.value("questions");
    let questions = match asked.map(|node| &node.value) {
        Some(Value::List(items)) => questions(items, collections, reading),
        Some(other) => {
            let message = format!("expected a list of questions, each with `ask`, found {}", other.noun());
            reading.problem(asked.map_or(section.place, |node| node.referenced), message);
            Vec::new()
        }
        None => Vec::new(),
    };
    if let Some((key, _)) = section.entry("schedule")
        && asked.is_none_or(|node| matches!(&node.value, Value::List(items) if items.is_empty()))
        && section.value("sample").is_none_or(|_| sample == 0)
    {
        reading.problem(key.referenced, "at these times nothing is asked; add `questions` or `sample: 5`");
    }
    Some(Verify { schedule, sample, questions })
}

fn sample(node: &Node, reading: &mut Reading) -> Option<u64> {
    let sample = reading.count(node)?;
    if sample > MAX_SAMPLE {
        reading.problem(node.referenced, format!("a sample is {MAX_SAMPLE} at most"));
    }
    Some(sample)
}

fn questions(items: &[Node], collections: Option<&[Collection]>, reading: &mut Reading) -> Vec<Question> {
    items.iter().filter_map(|item| question(item, collections, reading)).collect()
}

fn question(node: &Node, collections: Option<&[Collection]>, reading: &mut Reading) -> Option<Question> {
    let section = reading.section(node, "a question", QUESTION_KEYS)?;
    let ask = match section.value("ask") {
        Some(node) => reading.parsed(node, |text| filled(text, "question")),
        None => {
            reading.problem(section.place, "this question has no `ask`; add `ask: \"How do I …?\"`");
            None
        }
    };
    let (source, text) = (section.value("expect_source"), section.value("expect_text"));
    if source.is_none() && text.is_none() {
        let message = "nothing is expected of the answer; add `expect_source: COLLECTION/PATH` or `expect_text`";
        reading.problem(section.place, message);
    }
    let sources = all_of(source, reading, |text| reference(text, collections));
    let texts = all_of(text, reading, |text| filled(text, "text"));
    Some(Question { ask: ask?, sources, texts })
}

/// A text, or a list of them, each of which `parse` accepts.
fn all_of<T>(node: Option<&Node>, reading: &mut Reading, parse: impl Fn(&str) -> Result<T, String>) -> Vec<T> {
    let Some(node) = node else { return Vec::new() };
    let items = match &node.value {
        Value::List(items) => items.as_slice(),
        _ => std::slice::from_ref(node),
    };
    if items.is_empty() {
        reading.problem(node.referenced, "this list is empty, so nothing is expected; fill it or remove it");
    }
    items.iter().filter_map(|item| reading.parsed(item, &parse)).collect()
}

fn filled(text: &str, what: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() { Err(format!("this {what} is empty")) } else { Ok(text.to_owned()) }
}

/// Reads `COLLECTION/PATH`, `COLLECTION/ADDRESS` or an address.
fn reference(text: &str, collections: Option<&[Collection]>) -> Result<Reference, String> {
    let text = filled(text, "source")?;
    if let Some(page) = page(&text) {
        return Ok(Reference { collection: None, path: page });
    }
    let Some((name, path)) = text.split_once('/') else {
        return Err("a source is COLLECTION/PATH, such as `handbook/cron.md`, or the address of a page".to_owned());
    };
    // Where the collections are wrong that is said already, and no reference to them can be judged.
    if let Some(collections) = collections
        && collections.iter().all(|collection| collection.name.as_str() != name)
    {
        let names: Vec<&str> = collections.iter().map(|collection| collection.name.as_str()).collect();
        // The name may hold what came from the environment, and is not said again; the line is shown as it is written.
        return Err(match nearest(name, &names) {
            Some(near) => format!("there is no such collection; did you mean `{near}`?"),
            None => format!("there is no such collection; the collections are {}", names.join(", ")),
        });
    }
    let collection = CollectionName::new(name).map_err(|error| error.to_string())?;
    let path = page(path).map_or_else(|| DocPath::new(path).map_err(|error| error.to_string()), Ok)?;
    Ok(Reference { collection: Some(collection), path })
}

fn page(text: &str) -> Option<DocPath> {
    let mut address = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    address.set_fragment(None);
    DocPath::page(&address).ok()
}
