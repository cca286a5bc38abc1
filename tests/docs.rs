//! The README and the guide, held to their word: every command in them is run, every config in them is loaded, every
//! link leads somewhere, and their tables say what `--help` says.

#[path = "docs/bots.rs"]
mod about_bots;
#[path = "docs/pages.rs"]
mod about_pages;
#[allow(dead_code, reason = "these tests need a part of it only")]
#[path = "support/origin.rs"]
mod origin;

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader},
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, SystemTime},
};

use tempfile::TempDir;

const KBSYNC: &str = env!("CARGO_BIN_EXE_kbsync");
const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// In a reader's place cargo builds kbsync first; here it is built.
const CARGO: &str = r#"#!/bin/sh
[ "$*" = test ] && exit
[ "$1 $2 $3" = "run --release --" ] || { echo "the guide has no business with: cargo $*" >&2; exit 1; }
shift 3
exec kbsync "$@"
"#;

struct Page {
    path: PathBuf,
    text: String,
}

impl Page {
    fn read(path: PathBuf) -> Self {
        let text = fs::read_to_string(Path::new(ROOT).join(&path)).unwrap();
        Self { path, text }
    }

    /// The fenced blocks of a language, each with the number of its first line.
    fn blocks(&self, language: &str) -> Vec<(usize, String)> {
        let mut blocks = Vec::new();
        let mut open: Option<(bool, usize, String)> = None;
        for (number, line) in (1..).zip(self.text.lines()) {
            open = match (line.strip_prefix("```"), open) {
                (Some(info), None) => Some((info == language, number + 1, String::new())),
                (Some(_), Some((wanted, first, text))) => {
                    blocks.extend(wanted.then_some((first, text)));
                    None
                }
                (None, Some((wanted, first, text))) => Some((wanted, first, text + line + "\n")),
                (None, None) => None,
            };
        }
        assert!(open.is_none(), "{}: a block is not closed", self.path.display());
        blocks
    }

    /// The rows of its tables, without the backticks.
    fn rows(&self) -> impl Iterator<Item = Vec<String>> {
        let rows = self.text.lines().filter_map(|line| line.strip_prefix('|')?.strip_suffix('|'));
        rows.map(|row| row.split('|').map(|cell| cell.trim().replace('`', "")).collect())
    }
}

fn readme() -> Page {
    Page::read("README.md".into())
}

/// The names of the files in `docs/`.
fn names() -> Vec<String> {
    let entries = fs::read_dir(Path::new(ROOT).join("docs")).unwrap().map(Result::unwrap);
    let files = entries.filter(|entry| entry.file_type().unwrap().is_file());
    let mut names: Vec<String> = files.map(|entry| entry.file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn pages() -> Vec<Page> {
    let guide = names().into_iter().filter(|name| name.ends_with(".md"));
    let mut pages: Vec<_> = guide.map(|name| Page::read(Path::new("docs").join(name))).collect();
    assert!(pages.len() > 10);
    pages.push(readme());
    pages.push(Page::read("CHANGELOG.md".into()));
    pages
}

/// `kbsync run`, until it is dropped.
struct Service(Child);

impl Drop for Service {
    fn drop(&mut self) {
        self.0.kill().and_then(|()| self.0.wait()).unwrap();
    }
}

/// A reader's folder: the guide, the example config under both names, and the program on the path.
struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        let desk = Self(TempDir::new().unwrap());
        let root = desk.0.path();
        for folder in ["docs", "bin"] {
            fs::create_dir(root.join(folder)).unwrap();
        }
        for name in names() {
            let copy = root.join("docs").join(&name);
            fs::copy(Path::new(ROOT).join("docs").join(&name), &copy).unwrap();
            // A file that was written just now is left to settle; these are old.
            let hour_ago = SystemTime::now() - Duration::from_secs(3_600);
            fs::File::options().write(true).open(copy).unwrap().set_modified(hour_ago).unwrap();
        }
        for name in ["config.example.yaml", "kbsync.yaml"] {
            fs::copy(Path::new(ROOT).join("config.example.yaml"), root.join(name)).unwrap();
        }
        symlink(KBSYNC, root.join("bin/kbsync")).unwrap();
        fs::write(root.join("bin/cargo"), CARGO).unwrap();
        fs::set_permissions(root.join("bin/cargo"), fs::Permissions::from_mode(0o755)).unwrap();
        desk
    }

    fn synced() -> Self {
        let desk = Self::new();
        assert_ok(&desk.sh("kbsync --quiet sync"), "the first sync");
        desk
    }

    /// The same with a service that watches it.
    fn served() -> (Self, Service) {
        let desk = Self::synced();
        let root = desk.0.path();
        // Other tests run beside this one.
        let config = fs::read_to_string(root.join("kbsync.yaml")).unwrap();
        let config = config.replace("127.0.0.1:9484", "unix:./kbsync.sock");
        let config = config.replace("kind: local", "kind: local\n  listen: 127.0.0.1:0");
        fs::write(root.join("kbsync.yaml"), config).unwrap();
        let mut kbsync = Command::new(KBSYNC);
        kbsync.current_dir(root).env("HOME", root).env_remove("KBSYNC_CONFIG").env_remove("KBSYNC_LOG");
        let mut service = Service(kbsync.stderr(Stdio::piped()).spawn().unwrap());
        let mut log = BufReader::new(service.0.stderr.take().unwrap()).lines().map(Result::unwrap);
        assert!(log.any(|line| line.contains("the pass has ended")), "the service ended");
        std::thread::spawn(move || log.for_each(drop));
        (desk, service)
    }

    fn sh(&self, script: &str) -> Output {
        let root = self.0.path();
        let path = format!("{}:{}", root.join("bin").display(), std::env::var("PATH").unwrap());
        let mut shell = Command::new("sh");
        shell.args(["-euc", script]).current_dir(root).env("PATH", path).env("HOME", root);
        shell
            .env("CEVVO_API_KEY", "key")
            .env("NEXVIO_API_KEY", "key")
            .env("WIKI_TOKEN", "token")
            .env_remove("KBSYNC_CONFIG")
            .env_remove("KBSYNC_LOG");
        shell.output().unwrap()
    }

    /// The documents that an answer cites, best first.
    fn citations(&self, question: &str) -> Vec<String> {
        let asked = self.sh(&format!("kbsync ask '{question}'"));
        assert_ok(&asked, question);
        let cited =
            out(&asked).lines().filter_map(|line| Some(line.trim_start().strip_prefix('[')?.split_once("] ")?.1));
        cited.map(|cited| cited.split(' ').next().unwrap().to_owned()).collect()
    }
}

fn out(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

fn assert_ok(output: &Output, what: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{what}: {}\n{}{said}", output.status, out(output));
}

fn help() -> String {
    let output = Command::new(KBSYNC).arg("--help").output().unwrap();
    out(&output).to_owned()
}

#[test]
fn every_command_runs() {
    for page in pages() {
        let blocks = page.blocks("sh");
        // What is about pages needs a site, what is about bots another API; they have tests of their own.
        if blocks.is_empty() || page.path.ends_with("pages.md") || page.path.ends_with("bots.md") {
            continue;
        }
        // The README begins where its reader does; a page of the guide is read with a knowledge base at hand, and some
        // with a service that keeps it in step.
        let (desk, _service) = match page.path.to_str().unwrap() {
            "README.md" => (Desk::new(), None),
            "docs/service.md" | "docs/monitoring.md" => {
                let (desk, service) = Desk::served();
                (desk, Some(service))
            }
            _ => (Desk::synced(), None),
        };
        if page.path.ends_with("deletions-and-guards.md") {
            assert_eq!(desk.sh("rm docs/*; kbsync sync").status.code(), Some(8), "deleting everything is held");
        }
        for (line, script) in blocks {
            assert_ok(&desk.sh(&script), &format!("{}:{line}\n{script}", page.path.display()));
        }
    }
}

#[test]
fn every_config_loads() {
    let desk = Desk::new();
    let mut configs = vec![
        ("config.example.yaml for Cevvo".to_owned(), example_for_cevvo()),
        ("config.example.yaml with pages".to_owned(), example_with_pages()),
    ];
    for page in pages() {
        let blocks = page.blocks("yaml").into_iter();
        configs.extend(blocks.map(|(line, text)| (format!("{}:{line}", page.path.display()), text)));
    }
    assert!(configs.len() > 5);
    // The list of pages and the instructions that they name.
    fs::write(desk.0.path().join("urls.txt"), "").unwrap();
    fs::create_dir(desk.0.path().join("prompts")).unwrap();
    fs::write(desk.0.path().join("prompts/sales.md"), "Be kind.\n").unwrap();
    for (place, text) in configs {
        fs::write(desk.0.path().join("block.yaml"), text).unwrap();
        assert_ok(&desk.sh("kbsync --config block.yaml check"), &place);
    }
}

/// The example with the part for Cevvo in place of the local one, as its comment says.
fn example_for_cevvo() -> String {
    let text = fs::read_to_string(Path::new(ROOT).join("config.example.yaml")).unwrap();
    let (before, from_platform) = text.split_once("\nplatform:").unwrap();
    let (_, from_cevvo) = from_platform.split_once("\n# platform:").unwrap();
    let (cevvo, after) = from_cevvo.split_once("\ncollections:").unwrap();
    let cevvo = cevvo.replace("\n# ", "\n");
    assert!(cevvo.contains("kind: cevvo"));
    format!("{before}\nplatform:{cevvo}\ncollections:{after}")
}

/// The example with the pages that its comments offer.
fn example_with_pages() -> String {
    let text = fs::read_to_string(Path::new(ROOT).join("config.example.yaml")).unwrap();
    let (before, from_pages) = text.split_once("\n  #\n").unwrap();
    let from_pages = format!("\n{from_pages}").replace("\n  # - ", "\n  - ").replace("\n  #   ", "\n    ");
    let from_pages = from_pages.replace("\n# contact:", "\ncontact:");
    for key in ["  - name: site\n", "    sitemaps: ", "\ncontact: "] {
        assert!(from_pages.contains(key), "{from_pages}");
    }
    before.to_owned() + &from_pages
}

#[test]
fn questions_find_the_page_that_answers_them() {
    let desk = Desk::synced();
    let asked = desk.sh("kbsync ask 'How do I run it from cron?'");
    assert!(out(&asked).contains("--quiet --sync-once"), "{}", out(&asked));
    for (question, page) in [
        ("How do I run it from cron?", "cron.md"),
        ("Do I have to upload everything again after losing the state?", "troubleshooting.md"),
        ("How do I run it as a service?", "service.md"),
        ("Can CI fail when an answer does not cite a document?", "verify.md"),
        ("How do I reload the config?", "service.md"),
        ("How do I approve deletions?", "deletions-and-guards.md"),
        ("Where do I put the API key?", "secrets.md"),
        ("How do I run it in Docker?", "docker.md"),
        ("How do I run it in Kubernetes?", "kubernetes.md"),
        ("Why is my file not synced?", "what-is-synced.md"),
        ("Do I need to back up the state file?", "state.md"),
        ("What do the exit codes mean?", "failures.md"),
        ("When has a page changed?", "pages.md"),
        ("What happens when somebody changes a bot in the dashboard?", "bots.md"),
        ("Is robots.txt obeyed?", "pages.md"),
        ("What happens with a scanned PDF?", "failures.md"),
        ("Does it open network ports?", "security-questionnaire.docx"),
        ("What is a replica?", "glossary.txt"),
    ] {
        let cited = desk.citations(question);
        assert_eq!(cited.first(), Some(&format!("handbook/{page}")), "{question} {cited:?}");
    }
}

#[test]
fn every_kind_of_file_is_in_the_example() {
    let desk = Desk::synced();
    let sources = desk.sh("kbsync sources");
    for kind in [".md [", ".txt [", ".pdf [", ".docx ["] {
        assert!(out(&sources).contains(kind), "{kind}");
    }
    assert!(out(&sources).contains(&format!("{} sources", names().len())), "{}", out(&sources));
}

#[test]
fn every_link_leads_somewhere() {
    let mut linked = Vec::new();
    for page in pages().into_iter().chain([Page::read("systemd/README.md".into())]) {
        let folder = Path::new(ROOT).join(&page.path).parent().unwrap().to_owned();
        for (_, rest) in page.text.match_indices("](").map(|(at, _)| page.text.split_at(at + 2)) {
            let target = rest.split(')').next().unwrap();
            if target.starts_with("https://") {
                continue;
            }
            assert!(folder.join(target).is_file(), "{}: {target}", page.path.display());
            linked.extend((page.path == Path::new("README.md")).then(|| target.to_owned()));
        }
    }
    for name in names() {
        assert!(linked.contains(&format!("docs/{name}")), "the README does not lead to docs/{name}");
    }
}

#[test]
fn every_config_key_is_explained() {
    let desk = Desk::new();
    let explained: Vec<_> = Page::read("docs/config.md".into()).rows().map(|row| row[0].clone()).collect();
    let folder = "collections: [{zzzz: 1, name: a, folder: docs}]";
    let pages = "collections: [{zzzz: 1, name: a, urls: ['https://example.com']}]";
    let website = "collections: [{zzzz: 1, name: a, website: 'https://example.com'}]";
    let parts = ["zzzz: 1", "platform: {zzzz: 1}", "sync: {zzzz: 1}", "status: {zzzz: 1}", "verify: {zzzz: 1}"];
    let question = "verify: [{zzzz: 1, ask: Who?, expect_text: I}]";
    let bot = "platform: {api: nexvio}\nchatbots: [{zzzz: 1, id: a}]";
    let looks = "platform: {api: nexvio}\nchatbots: [{id: a, appearance: {zzzz: 1}}]";
    for config in parts.into_iter().chain([folder, pages, website, question, bot, looks]) {
        fs::write(desk.0.path().join("block.yaml"), config).unwrap();
        let refused = desk.sh("kbsync --config block.yaml check");
        let said = String::from_utf8(refused.stderr).unwrap();
        let (_, keys) = said.split_once("the keys here are ").expect("an unknown key is answered with the known ones");
        for key in keys.lines().next().unwrap().split(", ") {
            assert!(explained.iter().any(|row| row == key), "docs/config.md has no row for `{key}`");
        }
    }
}

#[test]
fn exit_codes_are_the_same_everywhere() {
    let help = help();
    let (_, codes) = help.split_once("Exit codes:").unwrap();
    let codes = codes.split_whitespace().collect::<Vec<_>>().join(" ");
    let entry = |entry: &str| {
        let (code, meaning) = entry.trim().split_once(' ').unwrap();
        (code.parse().unwrap(), meaning.to_owned())
    };
    let expected: BTreeMap<u8, String> = codes.split('·').map(entry).collect();
    assert!(expected.len() > 5);
    for page in [readme(), Page::read("docs/failures.md".into())] {
        let rows = page.rows().filter_map(|row| Some((row[0].parse().ok()?, row[1].clone())));
        assert_eq!(rows.collect::<BTreeMap<u8, String>>(), expected, "{}", page.path.display());
    }
}

#[test]
fn every_command_is_in_the_readme() {
    let help = help();
    let (_, commands) = help.split_once("Commands:\n").unwrap();
    let commands = commands.lines().take_while(|line| !line.is_empty());
    // A description that goes on in the next line is indented further.
    let names = commands.filter(|line| !line.starts_with("    ")).map(|line| line.split_whitespace().next().unwrap());
    let readme = readme();
    let rows = readme.rows().skip_while(|row| row[0] != "command").skip(2).take_while(|row| row[0] != "code");
    let explained: Vec<String> = rows.map(|row| row[0].split([' ', ',']).next().unwrap().to_owned()).collect();
    assert_eq!(names.collect::<Vec<_>>(), explained);
}
