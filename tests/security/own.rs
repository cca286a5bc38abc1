//! What kbsync keeps is its user's alone, whatever the umask says, and no core file has its memory.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::{fs::PermissionsExt, process::ExitStatusExt},
    path::Path,
    process::Stdio,
};

use kbsync::local::Fault;
use rustix::process::Signal;
use tokio::process::Command;

use crate::{
    bench::{BINARY, Bench, said},
    daemon::{Daemon, bench},
};

/// The permissions of all that is below a folder, and its own, by names.
fn modes(folder: &Path) -> BTreeMap<String, u32> {
    let mode = |path: &Path| fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777;
    let mut modes = BTreeMap::from([(folder.file_name().unwrap().to_string_lossy().into_owned(), mode(folder))]);
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            modes.extend(self::modes(&entry.path()));
        } else {
            modes.insert(entry.file_name().to_string_lossy().into_owned(), mode(&entry.path()));
        }
    }
    modes
}

/// Fails unless each folder is 0700 and each file 0600.
#[track_caller]
fn are_its_own(folder: &Path, wanted: &[&str]) {
    let modes = modes(folder);
    for name in wanted {
        assert!(modes.contains_key(*name), "{name} is not there: {modes:?}");
    }
    for (name, mode) in modes {
        assert!(matches!(mode, 0o700 | 0o600), "{name} has mode {mode:o}");
    }
}

/// The program, started where files would be for everybody.
fn for_everybody(bench: &Bench, args: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("umask 0; ulimit -c unlimited 2>/dev/null; exec '{BINARY}' {args}")]);
    command.current_dir(bench.folder.path()).env_clear().env("HOME", bench.folder.path()).env("TZ", "UTC");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

#[tokio::test]
async fn a_state_and_its_folder_are_their_users_alone() {
    let bench = bench().await;
    bench.write_many(2);
    bench.reconfigure("./state/", "./new/state/");
    let daemon = Daemon::of(for_everybody(&bench, "--log-format json run"), &bench);
    daemon.in_step(&bench).await;
    are_its_own(&bench.path("new"), &["state", "state.db", "state.db-wal", "state.db-shm", "state.db.lock"]);
    daemon.stop().await;
    are_its_own(&bench.path("new"), &["state", "state.db", "state.db.lock"]);
    // What was set aside is no less private.
    fs::write(bench.path("new/state/state.db"), vec![b'x'; 10_000]).unwrap();
    said(for_everybody(&bench, "sync")).await.ended(0, &["damaged"]);
    are_its_own(&bench.path("new"), &["state.db", "state.db.damaged-1"]);
    // A folder that is there is its owner's business.
    fs::create_dir(bench.path("shared")).unwrap();
    fs::set_permissions(bench.path("shared"), fs::Permissions::from_mode(0o755)).unwrap();
    bench.reconfigure("./new/state/", "./shared/");
    said(for_everybody(&bench, "sync")).await.ended(0, &[]);
    let mut modes = modes(&bench.path("shared"));
    assert_eq!(modes.remove("shared"), Some(0o755));
    assert!(modes.values().all(|mode| *mode == 0o600), "{modes:?}");
}

#[tokio::test]
async fn pages_that_wait_are_their_users_alone() {
    let bench = Bench::new().await;
    let site = crate::origin::Origin::start();
    site.serve("/a.txt", crate::origin::Reply::new("text/plain", "A page\n"));
    let pages =
        format!("  - name: site\n    urls: [{}]\n    via: upload\n    allow_private: true\n", site.url("/a.txt"));
    bench.configure(&(bench.default_config() + &pages));
    bench.faults.always("POST", "/ingest/upload", Fault::Status(503));
    let mut child = for_everybody(&bench, "sync").spawn().unwrap();
    bench
        .seen("a page waits", async |_| {
            bench.path("state/state.db.pages").read_dir().is_ok_and(|mut all| all.next().is_some())
        })
        .await;
    are_its_own(&bench.path("state"), &["state", "state.db", "state.db.pages"]);
    child.kill().await.unwrap();
}

#[tokio::test]
async fn the_local_platform_is_its_users_alone() {
    let bench = Bench::new().await;
    bench.write_many(2);
    bench.configure(
        "state: ./state/state.db\nplatform: { kind: local, listen: \"127.0.0.1:0\", data_dir: ./new/data }\n\
         collections: [{ name: docs, folder: ./docs, settle: 0s }]\n",
    );
    said(for_everybody(&bench, "sync")).await.ended(0, &["2 added"]);
    are_its_own(&bench.path("new"), &["data", "api_key", "platform.db", "lock", "uploads"]);
}

#[tokio::test]
async fn a_crash_writes_no_core_file() {
    let bench = bench().await;
    bench.write_many(1);
    let mut command = for_everybody(&bench, "--log-format json run");
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let process = child.id().unwrap();
    bench.seen("it is at work", async |_| !bench.ours().await.is_empty()).await;
    let limits = fs::read_to_string(format!("/proc/{process}/limits")).unwrap();
    let core: Vec<&str> =
        limits.lines().find_map(|line| line.strip_prefix("Max core file size")).unwrap().split_whitespace().collect();
    assert_eq!(core[..2], ["0", "0"], "{limits}");
    let filter = fs::read_to_string(format!("/proc/{process}/coredump_filter")).unwrap();
    assert_eq!(u32::from_str_radix(filter.trim(), 16), Ok(0), "memory would be piped to whoever collects core files");
    rustix::process::kill_process(rustix::process::Pid::from_raw(process.cast_signed()).unwrap(), Signal::ABORT)
        .unwrap();
    let status = tokio::time::timeout(crate::bench::PATIENCE, child.wait()).await.unwrap().unwrap();
    assert_eq!((status.signal(), status.core_dumped()), (Some(6), false));
    let left = fs::read_dir(bench.folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
    let left: Vec<_> = left.filter(|name| name.to_string_lossy().contains("core")).collect();
    assert!(left.is_empty(), "{left:?}");
}
