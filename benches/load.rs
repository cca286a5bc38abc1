//! Many documents through the whole protocol, to a local platform in this process, without a limit:
//! `cargo bench --bench load [-- FILES FOLDERS]`.
//!
//! Against how fast the disk takes what must be kept: a document is written to the state and to the platform some times,
//! each time to the disk itself. Then a pass that finds nothing to do, and `plan` and `status`, which must stay under a
//! second for 100,000 documents.

#[path = "../tests/support/process.rs"]
#[allow(dead_code, reason = "this bench needs a part of it only")]
mod process;
#[allow(dead_code, reason = "this bench needs a part of it only")]
mod support;
#[path = "support/tree.rs"]
mod tree;

use std::{
    error::Error,
    fs::{self, File},
    io::Write,
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use kbsync::local::{self, Options};
use secrecy::ExposeSecret;
use tokio::{
    net::TcpListener,
    process::Command,
    time::{MissedTickBehavior, interval},
};

use process::Process;

/// Durable writes that the disk is asked for, one after another.
const WRITES: u32 = 500;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let [files, folders] = support::sizes([5_000, 100], [50, 4]);
    let root = tree::tree(files, folders, (1_024, 8_192))?;
    let files = u32::try_from(files)?;
    let desk = tempfile::tempdir()?;
    let options = Options::new(desk.path().join("platform"), env!("CARGO_BIN_EXE_kbsync").into());
    let platform = local::start(TcpListener::bind("127.0.0.1:0").await?, options).await?;
    let (url, key) = (platform.base_url(), platform.api_key().expose_secret());
    let config = desk.path().join("kbsync.yaml");
    let text = format!(
        "state: state.db\nplatform: {{ kind: cevvo, base_url: '{url}', api_key: {key}, rate_limit: 1000000/s }}\n\
         collections: [{{ name: load, folder: {} }}]\n",
        root.display()
    );
    fs::write(&config, text)?;

    let write = durable_write(desk.path())?;
    let first = run(&config, "sync").await?;
    let (each, requests) = (first.took / files, platform.requests().total());
    println!("{files} documents in {:.1?}: {:.0} a second", first.took, 1.0 / each.as_secs_f64());
    println!("a document: {each:.2?}, the time of {:.1} durable writes", each.as_secs_f64() / write.as_secs_f64());
    println!("a document: {:.2} requests", requests as f64 / f64::from(files));
    println!("memory: at most {} MiB", first.peak / 1024);
    println!("state: {} bytes a document", fs::metadata(desk.path().join("state.db"))?.len() / u64::from(files));
    let changes = platform.requests().mutating();
    let second = run(&config, "sync").await?;
    let requests = platform.requests().total() - requests;
    assert_eq!(platform.requests().mutating(), changes, "a second pass has nothing to change");
    println!("nothing to do: {:.1?}, {requests} requests, at most {} MiB", second.took, second.peak / 1024);
    for command in ["plan", "status"] {
        let ran = run(&config, command).await?;
        println!("{command}: {:.2?}, at most {} MiB", ran.took, ran.peak / 1024);
        assert!(files > 100_000 || ran.took < Duration::from_secs(1), "{command} takes too long");
    }
    platform.stop().await;
    Ok(())
}

/// What a command took.
struct Ran {
    took: Duration,
    /// The most memory that it has had, in KiB, read until it ends.
    peak: u64,
}

async fn run(config: &Path, command: &str) -> Result<Ran, Box<dyn Error>> {
    let began = Instant::now();
    let mut kbsync = Command::new(env!("CARGO_BIN_EXE_kbsync"));
    kbsync.arg("--config").arg(config).arg(command).kill_on_drop(true);
    let mut child = kbsync.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let pid = child.id().ok_or("it runs")?;
    let mut peak = 0;
    let mut look = interval(Duration::from_millis(20));
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let status = loop {
        tokio::select! {
            status = child.wait() => break status?,
            _ = look.tick() => peak = Process::look(pid).map_or(peak, |process| process.memory.1.max(peak)),
        }
    };
    if status.success() {
        Ok(Ran { took: began.elapsed(), peak })
    } else {
        Err(format!("kbsync {command} ended with {status}").into())
    }
}

/// How long the disk takes to keep a little.
fn durable_write(folder: &Path) -> Result<Duration, Box<dyn Error>> {
    let mut file = File::create(folder.join("written"))?;
    let began = Instant::now();
    for _ in 0..WRITES {
        file.write_all(&[0; 4096])?;
        file.sync_data()?;
    }
    Ok(began.elapsed() / WRITES)
}
