//! The house rules that neither rustc nor clippy checks: the layer law, no hidden clocks, and files that can be read in
//! one sitting.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

const MAX_LINES: usize = 700;
const MAX_LINES_OF_MAIN: usize = 60;

/// A module's layer. A new one is entered here and in the map in `src/lib.rs`.
const LAYERS: [(&str, u8); 18] = [
    ("cli", 5),
    ("daemon", 4),
    ("reconcile", 3),
    ("verify", 3),
    ("coverage", 3),
    ("scan", 2),
    ("fetch", 2),
    ("store", 2),
    ("platform", 2),
    ("extract", 2),
    ("local", 2),
    ("plan", 1),
    ("pace", 1),
    ("config", 1),
    ("connection_slots", 0),
    ("private_files", 0),
    ("regular_file", 0),
    ("model", 0),
];

/// What reads a clock, waits, or throws dice.
const IMPURE: [&str; 7] =
    ["SystemTime::now", "Instant::now", "Timestamp::now", "Zoned::now", "rand::rng", "make_rng", "sleep"];

/// What would send the reader to somewhere else, or is left from yesterday.
const UNFINISHED: [&str; 6] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
    concat!("to", "do!"),
    concat!("unimple", "mented!"),
    concat!("db", "g!"),
];

struct File {
    /// From the repository's root.
    path: PathBuf,
    text: String,
}

impl File {
    /// The top-level module that it belongs to; none for `lib.rs` and `main.rs`.
    fn module(&self) -> Option<&str> {
        let part = self.path.strip_prefix("src").ok()?.iter().next()?.to_str()?;
        let module = part.strip_suffix(".rs").unwrap_or(part);
        (!matches!(module, "lib" | "main")).then_some(module)
    }

    /// Its lines that are not comments, with their numbers.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        (1..).zip(self.text.lines()).filter(|(_, line)| !line.trim_start().starts_with("//"))
    }

    fn place(&self, line: usize) -> String {
        format!("{}:{line}", self.path.display())
    }
}

/// The Rust files below a folder of the repository, sorted.
fn files(folder: &str) -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join(folder)];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                files.push(File { path: path.strip_prefix(root).unwrap().to_owned(), text });
            }
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(!files.is_empty());
    files
}

fn all_files() -> Vec<File> {
    files("src").into_iter().chain(files("tests")).collect()
}

fn layer(module: &str) -> Option<u8> {
    LAYERS.iter().find(|(name, _)| *name == module).map(|(_, layer)| *layer)
}

/// The paths that a text names from the crate's root, as far as two parts: `platform::wire`, `model`.
fn paths(text: &str) -> Vec<String> {
    let code: String = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let uses = code.match_indices("crate::").filter(|(at, _)| !code[..*at].ends_with(['$', '_']));
    uses.flat_map(|(at, found)| members(&code[at + found.len()..])).collect()
}

/// What a path goes on with: one name, or each of a group in braces.
fn members(rest: &str) -> Vec<String> {
    let Some(group) = rest.strip_prefix('{') else { return vec![head(rest)] };
    let mut depth = 0;
    let mut members = vec![String::new()];
    for c in group.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => members.push(String::new()),
            _ => {}
        }
        if let Some(member) = members.last_mut() {
            member.push(c);
        }
    }
    members
        .iter()
        .map(|member| head(member.trim_start_matches([',', ' ', '\n'])))
        .filter(|head| !head.is_empty())
        .collect()
}

/// The first two parts of a path, where the second one is a module.
fn head(path: &str) -> String {
    let name = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let first = name(path);
    let second = path[first.len()..].strip_prefix("::").map(name).unwrap_or_default();
    if second.starts_with(|c: char| c.is_lowercase()) { format!("{first}::{second}") } else { first }
}

#[test]
fn paths_are_found() {
    let text = "use crate::{\n    model::{A, b::C},\n    platform::{wire::D},\n    store::E,\n};\n// crate::no\n\
                crate::plan::look(x); pub(in crate::pace) fn f() {} $crate::cli::x";
    assert_eq!(paths(text), ["model", "platform", "store", "plan::look", "pace"]);
    assert_eq!(paths("use crate::platform::wire::cevvo::{A};"), ["platform::wire"]);
}

#[test]
fn arrows_go_down_only() {
    for file in files("src") {
        let Some(module) = file.module() else { continue };
        let own = layer(module).unwrap_or_else(|| panic!("the module {module} is in no layer; see {LAYERS:?}"));
        for path in paths(&file.text) {
            let used = path.split("::").next().unwrap();
            let allowed = match (module, used) {
                (module, used) if module == used => true,
                ("local", _) => {
                    matches!(used, "model" | "connection_slots" | "private_files" | "extract" | "fetch")
                        || path == "platform::wire"
                }
                ("cli", _) => true,
                (_, "local") => false,
                (_, used) => layer(used).is_some_and(|layer| layer < own),
            };
            assert!(allowed, "{}: {module} must not use {path}", file.path.display());
        }
    }
}

#[test]
fn nobody_climbs_out_by_super() {
    for file in files("src") {
        let top = file.path.ends_with("mod.rs") && file.path.iter().count() == 3;
        for (line, code) in file.code() {
            assert!(!code.contains("super::super"), "{}: name it from the crate's root", file.place(line));
            assert!(!(top && code.starts_with("use super::")), "{}: name it from the crate's root", file.place(line));
        }
    }
}

#[test]
fn the_map_has_every_module() {
    let lib = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    let declared = lib.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    let declared: BTreeMap<&str, Option<u8>> = declared.map(|module| (module, layer(module))).collect();
    assert_eq!(declared, LAYERS.iter().map(|(module, layer)| (*module, Some(*layer))).collect());
    for (module, layer) in LAYERS {
        assert!(lib.contains(&format!("//! | {layer} | [`{module}`] | ")), "src/lib.rs: {module}, layer {layer}");
    }
}

#[test]
fn the_lower_layers_have_no_clock() {
    for file in files("src") {
        if file.module().and_then(layer).is_none_or(|layer| layer > 1) {
            continue;
        }
        for (line, code) in file.code() {
            let found = IMPURE.iter().find(|word| code.contains(**word));
            assert!(found.is_none(), "{}: {found:?} comes as an argument here", file.place(line));
        }
    }
}

#[test]
fn files_are_introduced_and_short() {
    for file in all_files() {
        assert!(file.text.starts_with("//! "), "{} does not say what it is for", file.path.display());
        let lines = file.text.lines().count();
        let limit =
            if file.path.ends_with("main.rs") && file.path.starts_with("src") { MAX_LINES_OF_MAIN } else { MAX_LINES };
        assert!(lines <= limit, "{} has {lines} lines, and {limit} is the limit", file.path.display());
    }
}

#[test]
fn nothing_is_left_unfinished() {
    for file in all_files() {
        for (line, text) in (1..).zip(file.text.lines()) {
            let found = UNFINISHED.iter().find(|word| text.contains(**word));
            assert!(found.is_none(), "{}: {found:?}", file.place(line));
        }
    }
}

#[test]
fn lints_are_silenced_with_a_reason() {
    for file in all_files() {
        for opening in [concat!("[al", "low("), concat!("[ex", "pect(")] {
            for (at, _) in file.text.match_indices(opening) {
                let attribute = file.text[at..].split(")]").next().unwrap();
                assert!(attribute.contains("reason"), "{}: {attribute}", file.path.display());
            }
        }
    }
}

/// Here time is simulated, and passes at once.
const SIMULATED_TIME: &str = "tests/simulation/time.rs";

#[test]
fn tests_wait_for_conditions() {
    for file in files("tests").iter().filter(|file| !file.path.ends_with(SIMULATED_TIME)) {
        for (line, code) in file.code() {
            assert!(!code.contains(concat!("sle", "ep(")), "{}: wait for what you wait for", file.place(line));
        }
    }
}

#[test]
fn printing_lives_in_the_command_line() {
    for file in files("src") {
        if file.module() == Some("cli") {
            continue;
        }
        for (line, code) in file.code() {
            let prints = ["print!(", "println!("].iter().any(|word| code.contains(word));
            assert!(!prints, "{}: give data, and let cli print it", file.place(line));
        }
    }
}

#[test]
fn the_process_belongs_to_the_command_line() {
    for file in files("src") {
        if file.module() == Some("cli") {
            continue;
        }
        for (line, code) in file.code() {
            let found = ["env::var", "process::exit"].into_iter().find(|word| code.contains(word));
            assert!(found.is_none(), "{}: {found:?} is for cli alone", file.place(line));
        }
    }
}
