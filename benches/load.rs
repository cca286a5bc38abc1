//! Many documents through the whole protocol, with the local platform in the same process and no limit:
//! `cargo bench --bench load [-- FILES FOLDERS]`.
//!
//! Against how fast the disk takes what must be kept: a document is written to the state and to the platform some times,
//! each time to the disk itself. Then `plan` and `status`, which must stay under a second for 100,000 documents.

#[allow(dead_code, reason = "this bench needs a part of it only")]
mod support;
#[path = "support/tree.rs"]
mod tree;

use std::{
    error::Error,
    fs::{self, File},
    io::Write,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// Durable writes that the disk is asked for, one after another.
const WRITES: u32 = 500;

fn main() -> Result<(), Box<dyn Error>> {
    if !support::wanted() {
        return Ok(());
    }
    let numbers: Vec<usize> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let (files, folders) = match numbers[..] {
        [files, folders] => (files, folders),
        _ => (5_000, 100),
    };
    let root = tree::tree(files, folders, (1_024, 8_192))?;
    let desk = tempfile::tempdir()?;
    let config = desk.path().join("kbsync.yaml");
    let text = format!(
        "state: state.db\nplatform: {{ kind: local, data_dir: platform, rate_limit: 1000000/s }}\n\
         collections: [{{ name: load, folder: {} }}]\n",
        root.display()
    );
    fs::write(&config, text)?;
    let write = durable_write(desk.path())?;
    let sync = run(&config, "sync")?;
    let each = sync / u32::try_from(files)?;
    println!("{files} documents in {sync:.1?}: {:.0} a second", 1.0 / each.as_secs_f64());
    println!("a document: {each:.2?}, the time of {:.1} durable writes", each.as_secs_f64() / write.as_secs_f64());
    println!("state: {} bytes a document", fs::metadata(desk.path().join("state.db"))?.len() / files as u64);
    println!("plan: {:.2?}, status: {:.2?}", run(&config, "plan")?, run(&config, "status")?);
    Ok(())
}

/// How long a command takes.
fn run(config: &Path, command: &str) -> Result<Duration, Box<dyn Error>> {
    let began = Instant::now();
    let mut kbsync = Command::new(env!("CARGO_BIN_EXE_kbsync"));
    let status =
        kbsync.arg("--config").arg(config).arg(command).stdout(Stdio::null()).stderr(Stdio::null()).status()?;
    if status.success() { Ok(began.elapsed()) } else { Err(format!("kbsync {command} ended with {status}").into()) }
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
