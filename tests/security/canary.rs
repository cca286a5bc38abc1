//! A key that is easy to find: it must not be in anything that kbsync says, serves or keeps.

use std::{fs, path::Path, time::Duration};

use futures_util::{StreamExt, stream};
use kbsync::local::{self, Fault};
use rand::{RngExt, rngs::StdRng};
use tokio::{io::AsyncReadExt, process::Command};

use crate::{
    bench::Bench,
    daemon::{Daemon, prepared},
    echo,
};

/// A program that waits for better days is ended: by then it has said what was wrong.
const ENOUGH: Duration = Duration::from_secs(2);
const AT_ONCE: usize = 8;
const FORMATS: [&str; 4] = ["plain", "pretty", "json", "journald"];
const COMMANDS: [&[&str]; 14] = [
    &["sync"],
    &["plan", "--json"],
    &["status", "--json"],
    &["explain", "docs/000.md"],
    &["check", "--online"],
    &["ask", "when?"],
    &["ask", "--json", "when?"],
    &["verify"],
    &["sources"],
    &["conversations"],
    &["insights"],
    &["retry"],
    &["approve", "docs"],
    &["run"],
];
const ON_NEXVIO: [&[&str]; 7] =
    [&["sync"], &["check", "--online"], &["ask", "when?"], &["verify"], &["bots"], &["integrations"], &["insights"]];

/// Characters of the key in a row that nobody may see.
const PART: usize = 16;

/// The key, with all that has a meaning somewhere, and the piece of it that stays as it is however it is quoted.
struct Canary {
    key: String,
    core: String,
}

impl Canary {
    fn new() -> Self {
        let mut rng: StdRng = rand::make_rng();
        let core: String = (0..4).map(|_| format!("{:016x}", rng.random::<u64>())).collect();
        Self { key: format!("kb_local_+/=%20&<b>'{core}\\\"#?"), core }
    }

    /// Fails where the key, or a long part of it, is in a text: as it is, quoted, in Base64, in capitals, in any case over
    /// several lines.
    #[track_caller]
    fn is_not_in(&self, text: &[u8], place: &str) {
        let text = String::from_utf8_lossy(text);
        let dense: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let lower = dense.to_ascii_lowercase();
        let found = (0..=self.core.len() - PART).any(|at| lower.contains(&self.core[at..at + PART]))
            || (0..3).any(|from| dense.contains(&base64(&self.core.as_bytes()[from..])));
        assert!(!found, "the key is in {place}:\n{text}");
    }

    /// The same for the files below a folder.
    #[track_caller]
    fn is_not_below(&self, folder: &Path, place: &str) {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_dir() {
                self.is_not_below(&entry.path(), place);
            } else {
                self.is_not_in(&fs::read(entry.path()).unwrap(), &format!("{place}, {}", entry.path().display()));
            }
        }
    }
}

/// Base64 of whole groups of three bytes.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |group: &[u8]| {
        let bits = group.iter().fold(0, |bits, byte| bits << 8 | usize::from(*byte));
        [18, 12, 6, 0].map(|shift| char::from(DIGITS[bits >> shift & 63]))
    };
    bytes.as_chunks::<3>().0.iter().flat_map(|bytes| group(bytes)).collect()
}

/// A bench whose platform has this key, which its config takes from the environment.
async fn bench(canary: &Canary) -> Bench {
    let bench = Bench::with(|options| {
        fs::create_dir(&options.data_dir).unwrap();
        fs::write(options.data_dir.join("api_key"), &canary.key).unwrap();
    })
    .await;
    bench.reconfigure(&format!("api_key: {}", canary.key), "api_key: ${CEVVO_API_KEY}");
    bench.write_many(3);
    bench
}

/// Runs the program at its most talkative and gives all that it says; what does not end is ended.
async fn said(mut command: Command, canary: &Canary) -> Vec<u8> {
    let mut child = talkative(&mut command, canary).spawn().unwrap();
    let (mut out, mut err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let (mut said, mut told) = (Vec::new(), Vec::new());
    let ended = async {
        if tokio::time::timeout(ENOUGH, child.wait()).await.is_err() {
            child.kill().await.unwrap();
        }
    };
    let (_, out, err) = tokio::join!(ended, out.read_to_end(&mut said), err.read_to_end(&mut told));
    out.and(err).unwrap();
    [said, told].concat()
}

fn talkative<'a>(command: &'a mut Command, canary: &Canary) -> &'a mut Command {
    command.env("CEVVO_API_KEY", &canary.key).env("KBSYNC_LOG", "trace").env("RUST_LOG", "trace");
    command.env("RUST_BACKTRACE", "full")
}

#[test]
fn the_canary_is_found_however_it_is_written() {
    let canary = Canary::new();
    let (key, core) = (&canary.key, &canary.core);
    let split: String = key.chars().map(|c| format!("{c}\n  ")).collect();
    for text in [key.clone(), format!("{key:?}"), core.to_uppercase(), split, base64(format!("xyz{key}").as_bytes())] {
        let found = std::panic::catch_unwind(|| canary.is_not_in(text.as_bytes(), "a test"));
        assert!(found.is_err(), "{text}");
    }
    canary.is_not_in(b"nothing", "a test");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_platform_that_repeats_the_key_is_never_repeated() {
    let canary = Canary::new();
    let bench = bench(&canary).await;
    bench.reconfigure("state: ./state/state.db\n", "state: ./state/state.db\nstatus: { listen: none }\n");
    // There is a state with something in it, and a thing to do.
    said(bench.command(&["sync"]), &canary).await;
    bench.write("more.md", "# More\n");
    let config = fs::read_to_string(bench.path("kbsync.yaml")).unwrap();
    for (number, answer) in echo::answers(&canary.key).into_iter().enumerate() {
        let address = echo::serve(answer);
        let apis = [("cevvo", local::CEVVO_PATH, &COMMANDS[..]), ("nexvio", local::NEXVIO_PATH, &ON_NEXVIO)];
        for (kind, path, commands) in apis {
            let config = config.replace("kind: cevvo", &format!("kind: {kind}"));
            let (_, rest) = config.split_once("base_url: ").unwrap();
            let there = rest.lines().next().unwrap();
            let config = config.replace(there, &format!("http://{address}{path}"));
            let config = config.replace("./state/", &format!("./{kind}-{number}/"));
            let name = format!("{kind}-{number}.yaml");
            fs::write(bench.path(&name), config).unwrap();
            let runs = commands.iter().enumerate().map(|(turn, args)| {
                let format = FORMATS[(turn + number) % FORMATS.len()];
                let args = [&["-vv", "--log-format", format, "--config", &name], *args].concat();
                let command = bench.command(&args);
                let canary = &canary;
                async move { (args.join(" "), said(command, canary).await) }
            });
            let mut runs = stream::iter(runs).buffer_unordered(AT_ONCE);
            while let Some((args, said)) = runs.next().await {
                canary.is_not_in(&said, &format!("what {args} says of answer {number}"));
            }
            if bench.path(&format!("{kind}-{number}")).exists() {
                canary.is_not_below(&bench.path(&format!("{kind}-{number}")), &format!("the state after {name}"));
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_service_its_endpoint_and_its_state_do_not_have_the_key() {
    let canary = Canary::new();
    let bench = prepared(bench(&canary).await);
    for fault in [Fault::JobFails(format!("no: {}", canary.key)), Fault::Status(422), Fault::GarbageBody] {
        bench.faults.once("POST", "/ingest/upload", fault);
    }
    let daemon = Daemon::with(&bench, |command| {
        talkative(command, &canary);
    });
    daemon.until("two documents failed", async || daemon.status().await["collections"][0]["quarantined"] == 2).await;
    for path in ["/", "/healthz", "/readyz", "/metrics", "/api/status", "/nothing"] {
        let (_, body) = daemon.get(path).await.unwrap();
        canary.is_not_in(body.as_bytes(), path);
    }
    for args in COMMANDS.iter().filter(|args| args[0] != "run") {
        let said = said(bench.command(&[&["-vv"], *args].concat()), &canary).await;
        canary.is_not_in(&said, &args.join(" "));
    }
    canary.is_not_below(&bench.path("state"), "the state of a service that runs");
    let log = daemon.stop().await;
    assert!(log.contains("[the key]"), "the reason was said: {log}");
    canary.is_not_in(log.as_bytes(), "the log of the service");
    canary.is_not_below(&bench.path("state"), "the state of the service");
}
