//! What people do to a folder: they write, rename and remove, files and whole folders, and change what is ignored.

use std::{
    fs,
    path::{Path, PathBuf},
};

use rand::{RngExt, rngs::StdRng, seq::IndexedRandom};

use crate::{STEADY, support::World};

/// What folders and documents are called. `c.md` may be the one, and later the other.
const FOLDERS: [&str; 3] = ["a", "b", "c.md"];
const DOCUMENTS: [&str; 5] = ["c.md", "d.md", "e.txt", "f.md", "g.md"];
/// What an ignore file may say.
const IGNORED: [&str; 5] = ["a", "b/", "c.md", "d.md\nb", "c.md/"];
/// So deep are folders nested.
const DEPTH: usize = 3;
/// The steady document and those that are always there are not people's, so that all others may go.
const UNTOUCHED: [&str; 3] = [STEADY, "another.txt", "marker"];

/// What has changed: a path, and whether it means what is below its folder too, as an ignore file does.
pub type Changed = Vec<(String, bool)>;

/// One thing that people do.
pub fn change(world: &World, rng: &mut StdRng) -> Changed {
    let tree = Tree::of(&world.folder);
    let text = format!("text number {}", rng.random_range(0..1_000_000));
    let file = tree.files.choose(rng).cloned();
    let folder = tree.folders.choose(rng).cloned();
    match (rng.random_range(0..14), file, folder) {
        (0 | 1, _, _) => write(world, STEADY, &text),
        (2, Some(file), _) => write(world, &file, &text),
        (3, Some(file), _) => remove(world, &file),
        (4 | 5, Some(file), _) => {
            let to = fresh(&DOCUMENTS, rng);
            rename(world, &file, &to)
        }
        (6, Some(file), _) => {
            let twin = fs::read_to_string(world.folder.join(file)).expect("it is there");
            write(world, &fresh(&DOCUMENTS, rng), &twin)
        }
        (7 | 8, _, Some(folder)) => {
            let to = fresh(&FOLDERS, rng);
            rename(world, &folder, &to)
        }
        // Where a file that is no document takes a folder's place, what was in it is kept.
        (10, _, Some(folder)) if folder.ends_with(".md") => write(world, &folder, &text),
        (9 | 10, _, Some(folder)) => remove(world, &folder),
        (11, _, folder) => ignore(world, &folder.unwrap_or_default(), rng),
        _ => {
            let mut changed = Changed::new();
            for number in 0..rng.random_range(1..4) {
                changed.extend(write(world, &fresh(&DOCUMENTS, rng), &format!("{text}, {number}")));
            }
            changed
        }
    }
}

/// The files and the folders that people touch, by their paths.
struct Tree {
    files: Vec<String>,
    folders: Vec<String>,
}

impl Tree {
    fn of(root: &Path) -> Self {
        let mut tree = Self { files: Vec::new(), folders: Vec::new() };
        let mut folders = vec![root.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).expect("the folder") {
                let path = entry.expect("an entry").path();
                let key = path.strip_prefix(root).expect("it is below").to_str().expect("UTF-8").to_owned();
                if UNTOUCHED.contains(&key.as_str()) || key.ends_with(".gitignore") {
                    continue;
                }
                if path.is_dir() {
                    tree.folders.push(key);
                    folders.push(path);
                } else {
                    tree.files.push(key);
                }
            }
        }
        // The system gives no order, and a seed is to mean the same everywhere.
        tree.files.sort();
        tree.folders.sort();
        tree
    }
}

/// A path that may or may not be taken.
fn fresh(names: &[&str], rng: &mut StdRng) -> String {
    let depth = rng.random_range(0..=DEPTH);
    let mut parts: Vec<&str> = (0..depth).map(|_| *FOLDERS.choose(rng).expect("not empty")).collect();
    parts.push(names.choose(rng).expect("not empty"));
    parts.join("/")
}

/// Makes room for a path: files give way to folders above it, and what is there goes.
fn make_way(world: &World, path: &str) -> PathBuf {
    let full = world.folder.join(path);
    let folder = full.parent().expect("it is below").to_owned();
    for above in full.ancestors().skip(1).take_while(|above| *above != world.folder) {
        if above.is_file() {
            fs::remove_file(above).expect("it is there");
        }
    }
    fs::create_dir_all(folder).expect("its folder");
    if full.is_dir() {
        fs::remove_dir_all(&full).expect("it is there");
    }
    full
}

fn write(world: &World, path: &str, text: &str) -> Changed {
    fs::write(make_way(world, path), text).expect("the document");
    named([path])
}

fn remove(world: &World, path: &str) -> Changed {
    let full = world.folder.join(path);
    if full.is_dir() { fs::remove_dir_all(full) } else { fs::remove_file(full) }.expect("it is there");
    named([path])
}

fn rename(world: &World, from: &str, to: &str) -> Changed {
    let one_in_the_other = |a: &str, b: &str| format!("{a}/").starts_with(&format!("{b}/"));
    if one_in_the_other(from, to) || one_in_the_other(to, from) {
        return Changed::new();
    }
    let full = make_way(world, to);
    let folder = world.folder.join(from).is_dir();
    if folder && full.is_file() {
        fs::remove_file(&full).expect("it is there");
    }
    fs::rename(world.folder.join(from), full).expect("it is there");
    named([from, to])
}

fn ignore(world: &World, folder: &str, rng: &mut StdRng) -> Changed {
    let path = if folder.is_empty() { ".gitignore".to_owned() } else { format!("{folder}/.gitignore") };
    let full = world.folder.join(&path);
    if full.exists() && rng.random_bool(0.5) {
        fs::remove_file(full).expect("it is there");
    } else {
        fs::write(full, IGNORED.choose(rng).expect("not empty")).expect("the ignore file");
    }
    vec![(path, true)]
}

fn named<const N: usize>(paths: [&str; N]) -> Changed {
    paths.map(|path| (path.to_owned(), false)).into()
}
