//! Root, who administers what another user keeps: nothing of that leads root anywhere. Only root can try.

use std::{
    fs::{self, File},
    io::{ErrorKind, Read},
    net::TcpListener,
    os::unix::fs::{PermissionsExt, chown, symlink},
    path::{Path, PathBuf},
    process::{Command, Output},
};

use rustix::process::geteuid;

use crate::bench::BINARY;

/// The user of the service.
const SERVICE: u32 = 64_123;
const SECRET: &str = "kb_local_0123456789abcdef0123456789abcdef is root's alone";

/// A service as it is installed, in folders of the test's.
struct Installed {
    folder: tempfile::TempDir,
    script: PathBuf,
}

impl Installed {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        copy_program(Path::new(BINARY), &at("kbsync"));
        for name in ["etc", "state", "docs", "run"] {
            fs::create_dir(at(name)).unwrap();
        }
        fs::write(
            at("etc/kbsync.yaml"),
            format!("platform: {{ kind: local }}\ncollections: [{{ name: docs, folder: {} }}]\n", at("docs").display()),
        )
        .unwrap();
        fs::write(at("docs/a.md"), "# A\n").unwrap();
        fs::write(at("secret"), SECRET).unwrap();
        fs::set_permissions(at("secret"), fs::Permissions::from_mode(0o600)).unwrap();
        let script = include_str!("../../systemd/kbsync-admin");
        let script = script
            .replace("/var/lib/kbsync", &at("state").display().to_string())
            .replace("/etc/kbsync", &at("etc").display().to_string())
            .replace("/usr/local/bin/kbsync", &at("kbsync").display().to_string())
            .replace("/run/", &format!("{}/", at("run").display()));
        fs::write(at("kbsync-admin"), script).unwrap();
        chown(at("state"), Some(SERVICE), Some(SERVICE)).unwrap();
        let script = at("kbsync-admin");
        Self { folder, script }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// As the service's user does it.
    fn give_away(&self, name: &str) {
        std::os::unix::fs::lchown(self.at(name), Some(SERVICE), Some(SERVICE)).unwrap();
    }

    fn admin(&self, args: &[&str]) -> Output {
        Command::new("sh").arg(&self.script).args(args).output().unwrap()
    }

    /// Root without the script.
    fn root(&self, args: &[&str]) -> Output {
        let mut command = Command::new(self.at("kbsync"));
        command.arg("--config").arg(self.at("etc/kbsync.yaml")).args(args);
        command.env("STATE_DIRECTORY", self.at("state")).output().unwrap()
    }
}

/// Copies what is to be run. This process does not open it to write: a child that another test begins at that moment would keep
/// it open, and what is open to write cannot be run.
fn copy_program(from: &Path, to: &Path) {
    let copied = Command::new("cp").args(["--remove-destination", "--"]).arg(from).arg(to).status().unwrap();
    assert!(copied.success());
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn owner(path: &Path) -> u32 {
    std::os::unix::fs::MetadataExt::uid(&fs::symlink_metadata(path).unwrap())
}

#[test]
fn local_platform__its_folder_lies__gets_no_key_of_root() {
    if !geteuid().is_root() {
        return;
    }
    let installed = Installed::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    fs::create_dir(installed.at("state/local")).unwrap();
    let lock = File::create(installed.at("state/local/lock")).unwrap();
    lock.lock().unwrap();
    fs::write(installed.at("state/local/address"), format!("http://{}/api/v1", listener.local_addr().unwrap()))
        .unwrap();
    symlink(installed.at("secret"), installed.at("state/local/api_key")).unwrap();
    for name in ["state/local", "state/local/lock", "state/local/address", "state/local/api_key"] {
        installed.give_away(name);
    }
    for args in [["check", "--online"], ["ask", "what?"]] {
        for output in [installed.admin(&args), installed.root(&args)] {
            assert!(!output.status.success(), "{args:?}: {}", said(&output));
            let heard = listener.accept().map(|(mut stream, _)| {
                let mut heard = [0; 4096];
                let count = stream.read(&mut heard).unwrap_or_default();
                String::from_utf8_lossy(&heard[..count]).into_owned()
            });
            assert_eq!(heard.map_err(|error| error.kind()), Err(ErrorKind::WouldBlock), "{args:?}: {}", said(&output));
        }
    }
}

#[test]
fn state_folder__with_links__makes_root_write_nothing() {
    if !geteuid().is_root() {
        return;
    }
    for name in [
        "state.db",
        "state.db-wal",
        "state.db-shm",
        "state.db-journal",
        "state.db.lock",
        "state.db.failed",
        "local/platform.db",
        "local/id",
        "local/lock",
        "local/address",
    ] {
        let installed = Installed::new();
        fs::create_dir(installed.at("state/local")).unwrap();
        installed.give_away("state/local");
        symlink(installed.at("etc/new"), installed.at("state").join(name)).unwrap();
        for args in [&["plan"][..], &["sync"], &["status"], &["approve", "docs"]] {
            let outputs = [installed.admin(args), installed.root(args)];
            let said: Vec<_> = outputs.iter().map(said).collect();
            assert!(!installed.at("etc/new").exists(), "{name} {args:?}: {said:?}");
        }
        let target = installed.at("state").join(name);
        fs::remove_file(&target).unwrap_or_default();
        symlink(installed.at("secret"), &target).unwrap();
        for args in [&["plan"][..], &["sync"], &["status"]] {
            let outputs = [installed.admin(args), installed.root(args)];
            let said: Vec<_> = outputs.iter().map(said).collect();
            assert_eq!(fs::read_to_string(installed.at("secret")).unwrap(), SECRET, "{name} {args:?}: {said:?}");
            assert!(!said.iter().any(|said| said.contains("root's alone")), "{name} {args:?}: {said:?}");
        }
    }
}

#[test]
fn administrator__of_a_service_that_has_run__works_as_its_user() {
    if !geteuid().is_root() {
        return;
    }
    let installed = Installed::new();
    let output = installed.admin(&["sync"]);
    assert!(output.status.success() && said(&output).contains("1 added"), "{}", said(&output));
    for name in ["state.db", "local/platform.db", "local/api_key"] {
        assert_eq!(owner(&installed.at("state").join(name)), SERVICE, "{name}");
    }
    assert_eq!(fs::read_dir(installed.at("run")).unwrap().count(), 0, "no copy of the key is left");
    let output = installed.root(&["sync"]);
    assert!(!output.status.success() && said(&output).contains("run kbsync as"), "{}", said(&output));
}

#[test]
fn state_of_root__in_a_folder_for_all__has_no_file_of_others_beside_it() {
    if !geteuid().is_root() {
        return;
    }
    let installed = Installed::new();
    chown(installed.at("state"), Some(0), Some(0)).unwrap();
    fs::set_permissions(installed.at("state"), fs::Permissions::from_mode(0o777)).unwrap();
    assert!(installed.root(&["sync"]).status.success());
    for (name, make) in [("state.db.failed", 0), ("state.db-wal", 1), ("state.db-journal", 2), ("state.db.lock", 3)] {
        let path = installed.at("state").join(name);
        fs::remove_file(&path).unwrap_or_default();
        match make {
            0 => symlink(installed.at("secret"), &path).unwrap(),
            1 => fs::hard_link(installed.at("secret"), &path).unwrap(),
            2 => {
                let mode = rustix::fs::Mode::from_raw_mode(0o666);
                rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, mode, 0).unwrap();
            }
            _ => {
                fs::write(&path, "").unwrap();
                chown(&path, Some(SERVICE), None).unwrap();
            }
        }
        for args in [["status"], ["sync"]] {
            let output = installed.root(&args);
            assert!(!output.status.success() && !said(&output).contains("root's alone"), "{name}: {}", said(&output));
        }
        assert_eq!(fs::read_to_string(installed.at("secret")).unwrap(), SECRET, "{name}");
        fs::remove_file(&path).unwrap();
    }
    assert!(installed.root(&["sync"]).status.success());
}

#[test]
fn administrator__whose_session_has_secrets__does_not_hand_them_on() {
    if !geteuid().is_root() {
        return;
    }
    let installed = Installed::new();
    fs::write(installed.at("stand-in"), "#!/bin/sh\nenv\nexit 7\n").unwrap();
    fs::set_permissions(installed.at("stand-in"), fs::Permissions::from_mode(0o755)).unwrap();
    copy_program(&installed.at("stand-in"), &installed.at("kbsync"));
    let mut command = Command::new("sh");
    let output = command.arg(&installed.script).arg("status").env("ROOT_TOKEN", "sekrit").output().unwrap();
    assert_eq!(output.status.code(), Some(7), "{}", said(&output));
    assert!(said(&output).contains("STATE_DIRECTORY=") && !said(&output).contains("sekrit"), "{}", said(&output));
}
