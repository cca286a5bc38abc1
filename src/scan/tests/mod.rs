//! The scan's tests, on real files.

mod content;
mod git;
mod hashing;
mod odd;
mod order;
mod part;
mod versions;

use std::{fs, path::Path};

use super::*;

/// Options that take Markdown and text below a root.
fn options(root: &Path) -> ScanOptions {
    ScanOptions {
        root: root.to_owned(),
        include: vec!["**/*.md".to_owned(), "*.txt".to_owned()],
        exclude: Vec::new(),
        gitignore: true,
        max_file_size: 1000,
        follow_symlinks: false,
        accepted: &["md", "txt", "pdf"],
    }
}

/// Writes a file of one letter and makes the folders above it.
fn write(root: &Path, path: &str) {
    write_text(root, path, "x");
}

fn write_text(root: &Path, path: &str, text: &str) {
    let file = root.join(path);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, text).unwrap();
}

fn walk(options: &ScanOptions) -> Vec<Found> {
    Walk::new(options).unwrap().collect()
}

/// A walk in words: a path, with what is the matter with it.
fn walked(options: &ScanOptions) -> Vec<String> {
    let words = |found| match found {
        Found::Document { path, .. } => path.to_string(),
        Found::Skipped { path, reason, document } => {
            format!("{path}: {reason:?}{}", if document.is_some() { ", kept" } else { "" })
        }
        Found::Unreadable { path, error } => format!("{path}: {error}"),
    };
    walk(options).into_iter().map(words).collect()
}

fn doc(path: &str) -> DocPath {
    DocPath::new(path).unwrap()
}

#[test]
fn patterns_choose_documents() {
    let dir = tempfile::tempdir().unwrap();
    for path in ["a.md", "A.MD", "b/c.txt", "b/d.rs", "b/e.pdf", ".hidden/f.md", "drafts/g.md", "x/drafts/h.md"] {
        write(dir.path(), path);
    }
    write(dir.path(), ".git/i.md");
    write(dir.path(), "x/.kbsync/j.md");
    write_text(dir.path(), ".kbsyncignore", "# none");
    let base = options(dir.path());
    let with = |include: &[&str], exclude: &[&str]| {
        let list = |patterns: &[&str]| patterns.iter().map(|pattern| (*pattern).to_owned()).collect();
        walked(&ScanOptions { include: list(include), exclude: list(exclude), ..base.clone() })
    };
    assert_eq!(walked(&base), [".hidden/f.md", "a.md", "b/c.txt", "drafts/g.md", "x/drafts/h.md"]);
    assert_eq!(with(&["*.md"], &["drafts/"]), [".hidden/f.md", "a.md"]);
    assert_eq!(with(&["*.md"], &["/drafts/"]), [".hidden/f.md", "a.md", "x/drafts/h.md"]);
    assert_eq!(with(&["b/"], &["*.txt"]), ["b/e.pdf"]);
    assert_eq!(with(&["*", "!*.md"], &["b", "!b/c.txt"]), ["A.MD"]);
    assert_eq!(with(&["drafts/", "!x/drafts/"], &[]), ["drafts/g.md"]);
    assert_eq!(with(&["*.{md,txt}"], &[]), [""; 0]);
}

#[test]
fn ignore_files_are_honoured_at_every_level_or_not_at_all() {
    let dir = tempfile::tempdir().unwrap();
    for path in ["a.md", "b.md", "sub/a.md", "sub/b.md", "sub/deep/b.md", "build/a.md"] {
        write(dir.path(), path);
    }
    write_text(dir.path(), ".gitignore", "b.md\nbuild/\n");
    write_text(dir.path(), "sub/.gitignore", "!/b.md\n");
    write_text(dir.path(), "sub/.kbsyncignore", "a.md\n");
    let with = options(dir.path());
    assert_eq!(walked(&with), ["a.md", "sub/b.md"]);
    let without = ScanOptions { gitignore: false, ..with };
    assert_eq!(walked(&without), ["a.md", "b.md", "build/a.md", "sub/a.md", "sub/b.md", "sub/deep/b.md"]);
}

#[test]
fn explanations_agree_with_the_walk_and_name_the_rule() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    for path in ["a.md", "b.rs", "old/c.md", "sub/d.md", "sub/e.md", "f.html", ".git/g.md"] {
        write(root, path);
    }
    write_text(root, "empty.md", "");
    write_text(root, "sub/.gitignore", "# drafts\nd.*\n");
    std::os::unix::fs::symlink("a.md", root.join("link.md")).unwrap();
    let options =
        ScanOptions { include: vec!["*.md".into(), "*.html".into()], exclude: vec!["old/".into()], ..options(root) };
    let table = [
        ("a.md", "it is a document: `include` takes it by `*.md`"),
        ("b.rs", "it is left out: no pattern of `include` matches it"),
        ("old/c.md", "it is left out: `exclude` has `old/`, matched by `old`"),
        ("sub/d.md", "it is left out: sub/.gitignore:2 has `d.*`, matched by `sub/d.md`"),
        ("sub/e.md", "it is a document: `include` takes it by `*.md`"),
        ("f.html", "it is left out: the platform takes no `.html` files"),
        (".git/g.md", "it is left out: `.git` belongs to git or to kbsync"),
        ("empty.md", "it is skipped: it is empty"),
        ("link.md", "it is skipped: it is a symlink; set follow_symlinks to follow those that stay in the folder"),
        ("sub", "it is a folder; what is in it is looked at"),
        ("none.md", "there is no such file"),
        ("none/none.md", "there is no such file"),
    ];
    let found = walk(&options);
    for (path, expected) in table {
        let explanation = explain(&options, &doc(path)).unwrap();
        assert_eq!(explanation.to_string(), expected, "{path}");
        let walked =
            found.iter().any(|found| matches!(found, Found::Document { path: found, .. } if *found == doc(path)));
        assert_eq!(walked, matches!(explanation, Explanation::Document { .. }), "{path}");
    }
}
