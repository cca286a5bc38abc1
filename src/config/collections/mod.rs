//! The `collections` part of the config.

mod folder;
mod pages;

use std::{collections::HashMap, path::PathBuf};

use super::{
    Api, Collection, Input, Website,
    node::{Node, Value},
    read::{Reading, Section},
};
use crate::model::CollectionName;

/// The keys of every collection.
const COMMON: &[&str] = &["name", "schedule"];
const WEBSITE: &[&str] = &["website", "auto_sync"];

/// What kind of input a collection has, by the key that says so.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Folder,
    Pages,
    Website,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Folder, Self::Pages, Self::Website];

    /// The keys of which one makes a collection this kind.
    fn marks(self) -> &'static [&'static str] {
        match self {
            Self::Folder => &["folder"],
            Self::Pages => &["urls", "url_files", "sitemaps", "feeds"],
            Self::Website => &["website"],
        }
    }

    fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Folder => folder::KEYS,
            Self::Pages => pages::KEYS,
            Self::Website => WEBSITE,
        }
    }

    fn noun(self) -> &'static str {
        match self {
            Self::Folder => "a folder",
            Self::Pages => "a list of pages",
            Self::Website => "a website",
        }
    }
}

/// Reads the list: at least one collection, no two of one name or one folder.
pub(super) fn read(root: &Section, api: Option<Api>, reading: &mut Reading) -> Option<Vec<Collection>> {
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
    let collections: Vec<_> = items.iter().map(|item| collection(item, api, &mut seen, reading)).collect();
    collections.into_iter().collect()
}

/// The names and folders that are taken, each with the line of the collection that has it.
#[derive(Default)]
struct Seen {
    names: HashMap<String, u64>,
    folders: HashMap<PathBuf, u64>,
}

fn collection(node: &Node, api: Option<Api>, seen: &mut Seen, reading: &mut Reading) -> Option<Collection> {
    let kind = kind_of(node);
    let known: Vec<&str> = match kind {
        Some(kind) => COMMON.iter().chain(kind.keys()).copied().collect(),
        None => every_key(),
    };
    let known = foreign_keys_refused(node, kind, known, reading);
    let section = reading.section(node, "a collection", &known)?;
    let name = name(&section, seen, reading);
    let schedule = section.value("schedule").and_then(|node| reading.schedule(node));
    let input = match kind {
        Some(Kind::Folder) => folder::read(&section, &mut seen.folders, reading).map(Input::Folder),
        Some(Kind::Pages) => pages::read(&section, reading).map(Input::Pages),
        Some(Kind::Website) => website(&section, api, reading).map(Input::Website),
        None => {
            let place = section.entry("folder").map_or(section.place, |(key, _)| key.referenced);
            reading.problem(
                place,
                "this collection has no folder; add `folder: ./docs`, or `urls`, `url_files`, `sitemaps` or `feeds` for \
                 pages, or `website`",
            );
            None
        }
    };
    Some(Collection { name: name?, schedule, input: input? })
}

/// The keys of all kinds, each once.
fn every_key() -> Vec<&'static str> {
    let mut keys = COMMON.to_vec();
    for key in Kind::ALL.iter().flat_map(|kind| kind.keys()) {
        if !keys.contains(key) {
            keys.push(key);
        }
    }
    keys
}

/// The kind of a collection, by the first key that tells.
fn kind_of(node: &Node) -> Option<Kind> {
    let Value::Map(entries) = &node.value else { return None };
    let set = entries.iter().filter(|(_, value)| !matches!(value.value, Value::Null));
    set.into_iter().find_map(|(key, _)| Kind::ALL.into_iter().find(|kind| kind.marks().contains(&key.value.as_str())))
}

/// Says which keys belong to another kind of collection. Gives the keys that are not unknown.
fn foreign_keys_refused(
    node: &Node,
    kind: Option<Kind>,
    mut known: Vec<&'static str>,
    reading: &mut Reading,
) -> Vec<&'static str> {
    let (Some(kind), Value::Map(entries)) = (kind, &node.value) else { return known };
    for (key, _) in entries {
        let owners = Kind::ALL.into_iter().filter(|other| other.keys().contains(&key.value.as_str()));
        let owners: Vec<Kind> = owners.filter(|_| !known.contains(&key.value.as_str())).collect();
        let Some(owner) = owners.first() else { continue };
        let message = if owner.marks().contains(&key.value.as_str()) {
            format!(
                "`{}` makes it {}, and it is {} already; make it two collections",
                key.value,
                owner.noun(),
                kind.noun()
            )
        } else {
            let nouns = owners.iter().map(|owner| owner.noun()).collect::<Vec<_>>().join(" or ");
            format!("`{}` is for {nouns}; this collection is {}", key.value, kind.noun())
        };
        reading.problem(key.referenced, message);
        known.extend(owner.keys().iter().filter(|known| **known == key.value));
    }
    known
}

fn website(section: &Section, api: Option<Api>, reading: &mut Reading) -> Option<Website> {
    if api == Some(Api::Nexvio)
        && let Some((key, _)) = section.entry("website")
    {
        let message =
            "Nexvio's pages show no call to crawl a website; name its pages with `sitemaps` or `urls` instead";
        reading.problem(key.referenced, message);
    }
    let url = section.value("website").and_then(|node| reading.parsed(node, pages::address));
    let auto_sync = section.value("auto_sync").and_then(|node| reading.flag(node)).unwrap_or(true);
    Some(Website { url: url?, auto_sync })
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
