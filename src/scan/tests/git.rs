//! The ignore rules mean what they mean to git: compared with git itself, on random rules.

use std::{
    collections::BTreeSet,
    io::Write,
    path::PathBuf,
    process::{Command, Stdio},
};

use proptest::prelude::*;

use super::*;

const FOLDERS: [&str; 7] = ["", "a", "a/b", "c", "c/a", "c/a/b", "d e"];
const FILES: [&str; 11] = ["x.md", "y.txt", "B.md", "#h", "!n", "w ", "ab", "z]", "[z]", "{a}", "é"];

fn git(top: &Path, arguments: &[&str]) -> Command {
    let mut git = Command::new("git");
    git.current_dir(top).env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    git.args(["-c", "core.excludesFile=/dev/null"]).args(arguments);
    git
}

/// Makes the tree, all but the rules, in a repository.
fn repository() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for folder in FOLDERS {
        for file in FILES {
            write(dir.path(), PathBuf::from(folder).join(file).to_str().unwrap());
        }
    }
    let made = git(dir.path(), &["init", "-q"]).status();
    assert!(made.is_ok_and(|status| status.success()), "this test compares with git: install it");
    dir
}

/// The paths of all files, from the top.
fn files() -> Vec<String> {
    let path = |folder: &str, file: &str| format!("{folder}/{file}").trim_start_matches('/').to_owned();
    FOLDERS.iter().flat_map(|folder| FILES.map(|file| path(folder, file))).collect()
}

/// Those that git does not ignore.
fn kept_by_git(top: &Path) -> BTreeSet<String> {
    let files = files();
    let mut child = git(top, &["check-ignore", "--no-index", "--stdin", "-z"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(files.join("\0").as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(matches!(output.status.code(), Some(0 | 1)), "git check-ignore failed");
    let ignored: BTreeSet<String> =
        output.stdout.split(|byte| *byte == 0).map(|path| String::from_utf8(path.to_vec()).unwrap()).collect();
    files.into_iter().filter(|file| !ignored.contains(file)).collect()
}

fn everything(root: &Path) -> ScanOptions {
    ScanOptions { include: vec!["*".to_owned()], accepted: &["md", "txt", ""], ..options(root) }
}

fn kept_by_us(root: &Path, below: &str) -> BTreeSet<String> {
    let paths = walked(&everything(root)).into_iter().filter(|path| !path.contains(".gitignore"));
    paths.map(|path| format!("{below}{path}")).collect()
}

/// The files below the root that are documents by their explanations.
fn explained(root: &Path, below: &str) -> BTreeSet<String> {
    let options = everything(root);
    let is_document = |path: &&String| {
        let path = path.strip_prefix(below).map(doc);
        path.is_some_and(|path| matches!(explain(&options, &path), Ok(Explanation::Document { .. })))
    };
    files().iter().filter(is_document).cloned().collect()
}

fn pattern() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "a",
        "b",
        "c",
        "x",
        "d e",
        "ab",
        "md",
        ".",
        "*",
        "*",
        "**",
        "**",
        "/",
        "/",
        "**/",
        "/**",
        "?",
        "[a-c]",
        "[!x]",
        "[[:alpha:]]",
        "[]z]",
        "[z",
        "]",
        "[z-a]",
        "[^a]",
        "[\\]a]",
        "\\",
        "\\ ",
        " ",
        "\\#",
        "#",
        "!",
        "\\!",
        "{a}",
        "{",
        "}",
        "\t",
        "y.txt",
        "*.md",
        "é",
        "-",
        ",",
        "***",
        "\r",
    ]);
    let usual = prop::sample::select(vec![
        "*.md", "a/", "/a", "/c/a/", "**/b", "a/**", "c/**/b", "*", "/*", "w\\ ", "w ", "\\#h", "\\!n", "\\[z\\]",
    ]);
    let body = prop_oneof![
        3 => prop::collection::vec(piece, 1..6).prop_map(|pieces| pieces.concat()),
        2 => usual.prop_map(str::to_owned),
    ];
    (prop::bool::weighted(0.3), body, prop::bool::weighted(0.2), prop::bool::weighted(0.1)).prop_map(
        |(negated, body, folder, space)| {
            format!(
                "{}{body}{}{}",
                if negated { "!" } else { "" },
                if folder { "/" } else { "" },
                if space { "  " } else { "" }
            )
        },
    )
}

fn rules() -> impl Strategy<Value = String> {
    prop::collection::vec(pattern(), 0..4).prop_map(|lines| lines.join("\n"))
}

#[test]
#[ignore = "compares with git, in a step of .ci/run"]
fn the_walk_keeps_what_git_keeps() {
    let dir = repository();
    let top = dir.path();
    let all = (prop::collection::vec(rules(), FOLDERS.len()), rules(), prop::sample::select(vec!["", "c/", "c/a/"]));
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 60,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    runner
        .run(&all, |(files, exclude, below)| {
            for (folder, text) in FOLDERS.iter().zip(&files) {
                fs::write(top.join(folder).join(".gitignore"), text).unwrap();
            }
            fs::create_dir_all(top.join(".git/info")).unwrap();
            fs::write(top.join(".git/info/exclude"), &exclude).unwrap();
            let by_git: BTreeSet<String> =
                kept_by_git(top).into_iter().filter(|path| path.starts_with(below)).collect();
            let root = top.join(below);
            // A root that git ignores as a whole is scanned all the same: who names it in the config wants it.
            let named = below.trim_end_matches('/');
            let ignored =
                !named.is_empty() && git(top, &["check-ignore", "--no-index", "-q", named]).status().unwrap().success();
            if !ignored {
                prop_assert_eq!(kept_by_us(&root, below), by_git.clone());
                prop_assert_eq!(explained(&root, below), by_git);
            }
            Ok(())
        })
        .unwrap();
}

/// The files of a worktree as git writes them, without git.
#[test]
fn a_worktrees_rules_are_found_where_its_git_file_points() {
    let dir = tempfile::tempdir().unwrap();
    let (repository, tree) = (dir.path().join("top/.git"), dir.path().join("tree"));
    write_text(dir.path(), "top/.git/info/exclude", "*.txt\n");
    write_text(dir.path(), "top/.git/worktrees/tree/commondir", "../..\n");
    write_text(dir.path(), "tree/.git", &format!("gitdir: {}/worktrees/tree\n", repository.display()));
    write(&tree, "a.md");
    write(&tree, "b.txt");
    assert_eq!(walked(&options(&tree)), ["a.md"]);
}

#[test]
#[ignore = "compares with git, in a step of .ci/run"]
fn a_worktree_of_git_has_its_rules() {
    let dir = repository();
    let top = dir.path();
    let commit = ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m", "x"];
    assert!(git(top, &commit).status().unwrap().success());
    let other = tempfile::tempdir().unwrap();
    let tree = other.path().join("tree");
    assert!(git(top, &["worktree", "add", "-q", tree.to_str().unwrap()]).status().unwrap().success());
    fs::create_dir_all(top.join(".git/info")).unwrap();
    fs::write(top.join(".git/info/exclude"), "*.txt\n").unwrap();
    write(&tree, "a.md");
    write(&tree, "b.txt");
    assert_eq!(walked(&options(&tree)), ["a.md"]);
}
