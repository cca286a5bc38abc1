//! The git repository that a folder is in, as far as its ignore rules reach the folder.

use std::{
    fs::File,
    io::{self, ErrorKind, Read},
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use super::ignore_file::IgnoreFile;
use crate::regular_file;

/// Where a root stands in its repository, and the rules from above it.
#[derive(Debug, Default)]
pub(super) struct Repository {
    /// The root's path from the repository's top, ended by a slash; empty where the root is the top, or in none.
    pub(super) prefix: Vec<u8>,
    /// `.git/info/exclude` and the `.gitignore` files of the folders above the root, the weightiest last.
    pub(super) ignores: Vec<IgnoreFile>,
}

impl Repository {
    /// Finds the repository of a folder, if it is in one.
    ///
    /// The rules of its parents apply to what is in the folder. They do not apply to the folder itself: who names a
    /// folder in the config wants it.
    ///
    /// # Errors
    /// A sentence, when a file that has rules cannot be read.
    pub(super) fn of(root: &Path) -> Result<Self, String> {
        let root = root.canonicalize().map_err(|error| format!("{}: {error}", root.display()))?;
        let Some(top) = top(&root) else { return Ok(Self::default()) };
        let mut ignores = Vec::new();
        for (folder, name, base) in sources(&root, top) {
            ignores.extend(read(&folder, name, base)?);
        }
        let mut prefix = root.strip_prefix(top).unwrap_or(Path::new("")).as_os_str().as_bytes().to_vec();
        if !prefix.is_empty() {
            prefix.push(b'/');
        }
        Ok(Self { prefix, ignores })
    }
}

/// The files above a root that may have rules for what is in it, there or not. The root's path has no symlinks.
pub(super) fn rule_files(root: &Path) -> Vec<PathBuf> {
    let sources = top(root).map(|top| sources(root, top)).unwrap_or_default();
    sources.into_iter().map(|(folder, name, _)| folder.join(name)).collect()
}

/// The top of the repository that a folder is in.
fn top(root: &Path) -> Option<&Path> {
    root.ancestors().find(|folder| folder.join(".git").symlink_metadata().is_ok())
}

/// Where there may be rules for what is in a root, the weightiest last: a folder, a file in it, and how many bytes of a path
/// from the repository's top lead to what the rules are matched with.
fn sources(root: &Path, top: &Path) -> Vec<(PathBuf, &'static str, usize)> {
    let info = common_folder(&top.join(".git")).map(|git| (git.join("info"), "exclude", 0));
    let mut sources: Vec<_> = info.into_iter().collect();
    let (mut folder, mut base) = (top.to_owned(), 0);
    for part in root.strip_prefix(top).unwrap_or(Path::new("")).components() {
        sources.push((folder.clone(), ".gitignore", base));
        folder.push(part);
        base += part.as_os_str().len() + 1;
    }
    sources
}

fn read(folder: &Path, name: &str, base: usize) -> Result<Option<IgnoreFile>, String> {
    let shown = folder.join(name).display().to_string();
    let cannot = |error: String| format!("{shown}: {error}");
    match File::open(folder) {
        Ok(fd) => IgnoreFile::read(fd, name, shown.clone(), base).map_err(cannot),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(cannot(error.to_string())),
    }
}

/// The folder that a repository's worktrees share. In a worktree or a submodule `.git` is a file that points to it.
fn common_folder(git: &Path) -> Option<PathBuf> {
    let folder = if git.is_dir() {
        git.to_owned()
    } else {
        let text = first_line(git).ok()?;
        git.parent()?.join(text.strip_prefix("gitdir:")?.trim())
    };
    match first_line(&folder.join("commondir")) {
        Ok(common) => Some(folder.join(common)),
        Err(_) => Some(folder),
    }
}

fn first_line(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    regular_file::open(path)?.take(8 * 1024).read_to_string(&mut text)?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}
