//! The `collections` part of the config.

use std::{
    collections::HashMap,
    path::{Component, Path, PathBuf},
    time::Duration,
};

use super::{
    Collection,
    node::{Node, Value},
    pattern,
    read::{Reading, Section},
};
use crate::model::CollectionName;

const KEYS: &[&str] =
    &["name", "folder", "include", "exclude", "gitignore", "max_file_size", "follow_symlinks", "settle", "schedule"];
/// The four kinds of the design, also as cameras, scanners and old systems write them.
const INCLUDE: [&str; 8] =
    ["**/*.md", "**/*.txt", "**/*.pdf", "**/*.docx", "**/*.MD", "**/*.TXT", "**/*.PDF", "**/*.DOCX"];
const MAX_FILE_SIZE: u64 = 20 * 1024 * 1024;
const SETTLE: Duration = Duration::from_secs(2);

/// Reads the list: at least one collection, no two of one name or one folder.
pub(super) fn read(root: &Section, reading: &mut Reading) -> Option<Vec<Collection>> {
    let Some(node) = root.value("collections") else {
        let place = root.entry("collections").map_or(root.place, |(key, _)| key.referenced);
        reading.problem(place, "there is no collection; add `collections:` with `- name: docs` and `folder: ./docs`");
        return None;
    };
    let Value::List(items) = &node.value else {
        let found = node.value.noun();
        reading.problem(node.referenced, format!("`collections` is a list, each item begun with `- `; found {found}"));
        return None;
    };
    if items.is_empty() {
        reading.problem(node.referenced, "there is no collection; add one with a `name` and a `folder`");
        return None;
    }
    let mut seen = Seen::default();
    let collections: Vec<_> = items.iter().map(|item| collection(item, &mut seen, reading)).collect();
    collections.into_iter().collect()
}

/// The names and folders that are taken, each with the line of the collection that has it.
#[derive(Default)]
struct Seen {
    names: HashMap<String, u64>,
    folders: HashMap<PathBuf, u64>,
}

fn collection(node: &Node, seen: &mut Seen, reading: &mut Reading) -> Option<Collection> {
    let section = reading.section(node, "a collection", KEYS)?;
    let name = name(&section, seen, reading);
    let root = folder(&section, seen, reading);
    let include = match section.value("include") {
        Some(node) => include(node, reading),
        None => INCLUDE.map(str::to_owned).to_vec(),
    };
    let exclude = section.value("exclude").map(|node| patterns(node, reading)).unwrap_or_default();
    let mut flag = |key, default| section.value(key).and_then(|node| reading.flag(node)).unwrap_or(default);
    let (gitignore, follow_symlinks) = (flag("gitignore", true), flag("follow_symlinks", false));
    let max_file_size = section.value("max_file_size").and_then(|node| reading.size(node)).unwrap_or(MAX_FILE_SIZE);
    let settle = section.value("settle").and_then(|node| reading.duration(node)).unwrap_or(SETTLE);
    let schedule = section.value("schedule").and_then(|node| reading.schedule(node));
    Some(Collection {
        name: name?,
        root: root?,
        include,
        exclude,
        gitignore,
        max_file_size,
        follow_symlinks,
        settle,
        schedule,
    })
}

fn name(section: &Section, seen: &mut Seen, reading: &mut Reading) -> Option<CollectionName> {
    let Some(node) = section.value("name") else {
        reading.problem(section.place, "this collection has no name; add `name: docs`");
        return None;
    };
    let name = reading.parsed(node, |text| CollectionName::new(text).map_err(|error| error.to_string()))?;
    // Two names that differ only in case would be one on a platform or a file system that ignores it.
    if let Some(line) = seen.names.insert(name.as_str().to_lowercase(), node.referenced.line()) {
        reading.problem(
            node.referenced,
            format!("line {line} has a collection of this name; names differ, whatever the case"),
        );
    }
    Some(name)
}

fn folder(section: &Section, seen: &mut Seen, reading: &mut Reading) -> Option<PathBuf> {
    let Some(node) = section.value("folder") else {
        let place = section.entry("folder").map_or(section.place, |(key, _)| key.referenced);
        reading.problem(place, "this collection has no folder; add `folder: ./docs`");
        return None;
    };
    let folder = reading.path(node)?;
    if let Some(line) = seen.folders.insert(identity(&folder), node.referenced.line()) {
        reading
            .problem(node.referenced, format!("line {line} has a collection of this folder; make it one collection"));
    }
    Some(folder)
}

/// What two spellings of one folder have in common: where it really is, or the tidied path of one that is not there.
fn identity(folder: &Path) -> PathBuf {
    folder.canonicalize().unwrap_or_else(|_| {
        let mut tidy = PathBuf::new();
        for part in folder.components() {
            match part {
                Component::ParentDir if tidy.file_name().is_some() => drop(tidy.pop()),
                Component::CurDir => {}
                part => tidy.push(part),
            }
        }
        tidy
    })
}

fn include(node: &Node, reading: &mut Reading) -> Vec<String> {
    let include = patterns(node, reading);
    if matches!(&node.value, Value::List(items) if items.is_empty()) {
        reading.problem(node.referenced, "`include` is empty, so nothing is synced; remove it for the default");
    }
    include
}

fn patterns(node: &Node, reading: &mut Reading) -> Vec<String> {
    let texts = reading.texts(node).unwrap_or_default();
    for (item, text) in &texts {
        if let Err(message) = pattern::check(text) {
            reading.problem(item.referenced, message);
        }
    }
    texts.into_iter().map(|(_, text)| text).collect()
}
