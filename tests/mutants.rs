//! Does the simulation notice anything? The protocol is built with one thing left out at a time, and each such variant must
//! be convicted within a number of seeds. All variants are in one build, and the environment chooses. `KBSYNC_MUTANTS` names
//! those to try, with commas between them.

#[path = "mutants/table.rs"]
mod table;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use table::{BY_FOUND, Edit, KNOBS, MUTANTS, Mutant};

/// What chooses a variant.
const CHOICE: &str = "\n#[allow(missing_docs, clippy::missing_errors_doc, unreachable_pub, reason = \"a variant\")]
pub(crate) fn mutant(name: &str) -> bool {
    static NAME: std::sync::OnceLock<Option<String>> = std::sync::OnceLock::new();
    NAME.get_or_init(|| std::env::var(\"KBSYNC_MUTANT\").ok()).as_deref() == Some(name)
}\n";

#[test]
#[ignore = "it builds kbsync once more; .ci/run runs it"]
fn every_variant_of_the_protocol_is_convicted() {
    let copy = tempfile::tempdir().expect("a temporary folder");
    copy_with_variants(copy.path());
    let simulation = build(copy.path());
    let (sound, said) = convicted(&simulation, None, 50);
    assert_eq!(sound, None, "without a change nothing is convicted: {said}");
    let mut free = Vec::new();
    let asked = env::var("KBSYNC_MUTANTS");
    let is_asked = |name: &str| asked.as_ref().map_or(true, |names| names.split(',').any(|one| one == name));
    for Mutant { name, within, .. } in MUTANTS.into_iter().filter(|mutant| is_asked(mutant.name)) {
        match convicted(&simulation, Some(name), within) {
            (Some(by), _) => println!("{name}: convicted by {by}; the limit was {within} seeds"),
            (None, said) => free.push(format!("{name} is not convicted within {within} seeds: {said}")),
        }
    }
    assert_eq!(free, Vec::<String>::new());
}

/// The sources, with every variant in them.
fn copy_with_variants(to: &Path) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for part in ["Cargo.toml", "Cargo.lock", "clippy.toml", "src", "benches", "docs/openapi", "tests/simulation"] {
        copy(&root.join(part), &to.join(part));
    }
    edit(to, &Edit { file: "src/lib.rs", from: "pub mod cli;\n", to: &format!("{CHOICE}\npub mod cli;\n") });
    for one in MUTANTS.iter().flat_map(|mutant| mutant.edits) {
        edit(to, one);
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to.parent().expect("it is below")).expect("a folder");
    if from.is_dir() {
        for entry in fs::read_dir(from).expect("a folder") {
            let entry = entry.expect("an entry");
            copy(&entry.path(), &to.join(entry.file_name()));
        }
    } else {
        fs::copy(from, to).expect("a file");
    }
}

fn edit(root: &Path, Edit { file, from, to }: &Edit<'_>) {
    let path = root.join(file);
    let text = fs::read_to_string(&path).expect("a source");
    assert_eq!(text.matches(from).count(), 1, "{file} has changed: where is `{from}`?");
    fs::write(path, text.replace(from, to)).expect("a source");
}

/// Builds the simulation of the copy. What it depends on is built already, for this test.
fn build(copy: &Path) -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("it is in the target folder");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args([
        "test",
        "--offline",
        "--locked",
        "--no-run",
        "--test",
        "simulation",
        "--message-format",
        "json-render-diagnostics",
    ]);
    // What cargo tells a test of its package would count as changed for build scripts that look at it, here and afterwards.
    let of_package = |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
    env::vars().filter(|(name, _)| of_package(name)).for_each(|(name, _)| {
        cargo.env_remove(name);
    });
    cargo.current_dir(copy).env("CARGO_BUILD_BUILD_DIR", target).env("CARGO_TARGET_DIR", copy.join("target"));
    let built = cargo.stderr(Stdio::inherit()).output().expect("cargo runs");
    assert!(built.status.success(), "the variants cannot be built");
    let said = String::from_utf8(built.stdout).expect("UTF-8");
    let messages = said.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let executables = messages.filter(|message| message["target"]["name"] == "simulation");
    executables
        .filter_map(|message| message["executable"].as_str().map(PathBuf::from))
        .next_back()
        .expect("an executable")
}

/// By what a variant is convicted, and all that was said: by one of so many seeds, by a death at one of all steps while what
/// was asked for is late, by a list that leaves a source out, or by a life by hand.
fn convicted(simulation: &Path, mutant: Option<&str>, within: u64) -> (Option<String>, String) {
    let mut all = String::new();
    let tests = [
        "leaves_a_source_out",
        "not_to_be_deleted",
        "in_its_turn",
        "nothing_is_lost",
        "everything_else_makes_progress",
        "is_late",
    ];
    for test in if within == BY_FOUND { &["have_found"][..] } else { &tests } {
        let mut run = Command::new(simulation);
        run.args([*test, "--nocapture"]).env("KBSYNC_SEEDS", within.to_string()).env("KBSYNC_FIRST", "1");
        run.env_remove("KBSYNC_SEED").env_remove("KBSYNC_MUTANT");
        run.envs(mutant.map(|mutant| ("KBSYNC_MUTANT", mutant)));
        let knob = KNOBS.iter().find(|(name, _)| Some(*name) == mutant).map(|(_, knob)| ("KBSYNC_KNOBS", *knob));
        run.env_remove("KBSYNC_KNOBS").envs(knob).envs(mutant.map(|_| ("KBSYNC_EVERY_STEP", "1")));
        let run = run.output().expect("it runs");
        all += &String::from_utf8_lossy(&run.stdout);
        all += &String::from_utf8_lossy(&run.stderr);
        let says = |line: &&str| {
            line.starts_with("seed ") || [", at step ", ", by one list", ", by hand"].iter().any(|by| line.contains(by))
        };
        let by = all.lines().find(says);
        assert_eq!(by.is_none(), run.status.success(), "{all}");
        if let Some(by) = by {
            return (by.split(": ").next().map(str::to_owned), all);
        }
    }
    (None, all)
}
