//! A collection that is a folder.

use std::{
    collections::HashMap,
    path::{Component, Path, PathBuf},
    time::Duration,
};

use crate::config::{
    Folder,
    node::{Node, Value},
    pattern,
    read::{Reading, Section},
};

pub(super) const KEYS: &[&str] =
    &["folder", "include", "exclude", "gitignore", "max_file_size", "follow_symlinks", "settle"];
/// The four kinds of the design, in upper case and in lower: scanners write `.PDF`, phones `.Pdf`.
const INCLUDE: [&str; 8] = [
    "**/*.[Mm][Dd]",
    "**/*.[Tt][Xx][Tt]",
    "**/*.[Pp][Dd][Ff]",
    "**/*.[Dd][Oo][Cc][Xx]",
    "**/*.md",
    "**/*.txt",
    "**/*.pdf",
    "**/*.docx",
];
pub(super) const MAX_FILE_SIZE: u64 = 20 * 1024 * 1024;
const SETTLE: Duration = Duration::from_secs(2);

/// The pattern of one file, by its path below the folder.
fn anchored(path: &str) -> String {
    let special = |c| if "\\*?[]{}! #".contains(c) { vec!['\\', c] } else { vec![c] };
    std::iter::once('/').chain(path.chars().flat_map(special)).collect()
}

/// Reads it. `taken` are the folders of the collections before it, each with its line.
pub(super) fn read(section: &Section, taken: &mut HashMap<PathBuf, u64>, reading: &mut Reading) -> Option<Folder> {
    let root = root(section, taken, reading);
    let include = match section.value("include") {
        Some(node) => include(node, root.as_deref(), reading),
        None => INCLUDE.map(str::to_owned).to_vec(),
    };
    let mut exclude = section.value("exclude").map(|node| patterns(node, root.as_deref(), reading)).unwrap_or_default();
    let own_files = reading.own_files.iter().filter_map(|file| file.strip_prefix(root.as_ref()?).ok()?.to_str());
    exclude.extend(own_files.map(anchored));
    let mut flag = |key, default| section.value(key).and_then(|node| reading.flag(node)).unwrap_or(default);
    let (gitignore, follow_symlinks) = (flag("gitignore", true), flag("follow_symlinks", false));
    let max_file_size = section.value("max_file_size").and_then(|node| reading.size(node)).unwrap_or(MAX_FILE_SIZE);
    let settle = section.value("settle").and_then(|node| reading.duration(node)).unwrap_or(SETTLE);
    Some(Folder { root: root?, include, exclude, gitignore, max_file_size, follow_symlinks, settle })
}

fn root(section: &Section, taken: &mut HashMap<PathBuf, u64>, reading: &mut Reading) -> Option<PathBuf> {
    let node = section.value("folder")?;
    let folder = reading.path(node)?;
    if let Some(line) = taken.insert(identity(&folder), node.referenced.line()) {
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

fn include(node: &Node, root: Option<&Path>, reading: &mut Reading) -> Vec<String> {
    let include = patterns(node, root, reading);
    if matches!(&node.value, Value::List(items) if items.is_empty()) {
        reading.problem(node.referenced, "`include` is empty, so nothing is synced; remove it for the default");
    }
    include
}

fn patterns(node: &Node, root: Option<&Path>, reading: &mut Reading) -> Vec<String> {
    let texts = reading.texts(node).unwrap_or_default();
    for (item, text) in &texts {
        let below_root = root.and_then(|root| Path::new(text.trim_start_matches('!')).strip_prefix(root).ok());
        if let Some(below) = below_root.filter(|below| !below.as_os_str().is_empty()) {
            let message = format!("a pattern begins at the collection's folder: write `/{}`", below.display());
            reading.problem(item.referenced, message);
        } else if let Err(message) = pattern::check(&pattern::tidy(text)).and_then(|()| pattern::check_braces(text)) {
            reading.problem(item.referenced, message);
        }
    }
    texts.into_iter().map(|(_, text)| pattern::tidy(&text)).collect()
}
