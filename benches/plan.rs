//! `kbsync plan` with nothing changed, against `find`: `cargo bench --bench plan [-- FILES FOLDERS]`.
//!
//! The whole program runs: the config, the walk merge-joined with the store, the plan. The aim: no longer than
//! `find -printf '%s %T@ %i'` over the same warm tree, and under 64 MiB, whatever the number of files.

#[path = "support/pairs.rs"]
mod pairs;
mod support;
#[path = "support/tree.rs"]
mod tree;

use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use kbsync::{
    model::{CollectionName, ContentHash, LastLook},
    platform::{cevvo, clock},
    scan::{Found, ScanOptions, Walk},
    store::Db,
};

fn main() -> Result<(), Box<dyn Error>> {
    let [files, folders] = support::sizes([100_000, 2_000], [100, 4]);
    let root = tree::tree(files, folders, (150, 250))?;
    let config = synced(&root)?;
    println!("{files} files in {folders} folders");
    let plan = || {
        let status = plan(&config).wait();
        assert!(status.is_ok_and(|status| status.success()), "plan does not say that all is in step");
    };
    let find = || {
        let mut find = Command::new("find");
        find.arg(&root).args(["-printf", "%s %T@ %i\n"]).stdout(Stdio::null());
        assert!(find.status().is_ok_and(|status| status.success()), "find failed");
    };
    pairs::compare(11, ("kbsync plan", plan), ("find", find));
    println!("peak memory: {} MiB", peak_memory_of(self::plan(&config))?);
    Ok(())
}

fn plan(config: &Path) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kbsync"));
    command.arg("--config").arg(config).arg("plan").stdout(Stdio::null());
    command.spawn().expect("the binary of this bench starts")
}

/// A config for the tree, and a store that says that all of it is in step.
fn synced(root: &Path) -> Result<PathBuf, Box<dyn Error>> {
    let state = root.with_extension("state.db");
    let config = root.with_extension("yaml");
    fs::write(
        &config,
        format!(
            "state: {}\nplatform: {{ kind: local }}\ncollections: [{{ name: bench, folder: {} }}]\n",
            state.display(),
            root.display()
        ),
    )?;
    if state.exists() {
        fs::remove_file(&state)?;
    }
    // One that says nothing of a platform is about any.
    let mut db = Db::open(&state, None)?;
    let name = CollectionName::new("bench")?;
    let options = ScanOptions {
        root: root.to_owned(),
        include: vec!["*.md".to_owned()],
        exclude: Vec::new(),
        gitignore: true,
        max_file_size: 20 << 20,
        follow_symlinks: false,
        accepted: cevvo::ABILITIES.accepted,
    };
    // Long after the files were written, so that no look is racy.
    let at = clock::now() + Duration::from_secs(3_600);
    let looks = Walk::new(&options)?.filter_map(|found| match found {
        Found::Document { path, fingerprint } => {
            Some((path, LastLook { fingerprint, at, hash: ContentHash([7; 32]), min_hash: None }))
        }
        Found::Skipped { .. } | Found::Unreadable { .. } => None,
    });
    db.note_looks(&name, &looks.collect::<Vec<_>>())?;
    drop(db);
    rusqlite::Connection::open(&state)?.execute("UPDATE documents SET live = substr(hash, 1, 6)", [])?;
    Ok(config)
}

/// The most memory that a process has had, in MiB, read until it ends.
fn peak_memory_of(mut child: Child) -> Result<u64, Box<dyn Error>> {
    let mut peak = 0;
    while child.try_wait()?.is_none() {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
        peak = peak.max(line.trim().trim_end_matches(" kB").parse().unwrap_or(0));
    }
    Ok(peak / 1024)
}
