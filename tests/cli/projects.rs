//! Which state a config uses: its own, whatever other projects there are and wherever the project goes.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
};

use rusqlite::Connection;
use tempfile::TempDir;
use tokio::process::Command;

use crate::bench::{BINARY, Said, command, said};

/// A config without `state:`, as most people begin.
const CONFIG: &str = "platform: {kind: local, listen: '127.0.0.1:0'}\n\
    sync: {grace: 200ms}\n\
    collections:\n  - {name: docs, folder: ./docs, settle: 0s}\n";

/// A home with projects in it.
struct Home(TempDir);

impl Home {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn at(&self, below: &str) -> PathBuf {
        self.0.path().join(below)
    }

    fn project(&self, name: &str, documents: &[&str]) {
        fs::create_dir_all(self.at(name).join("docs")).unwrap();
        fs::write(self.at(name).join("kbsync.yaml"), CONFIG).unwrap();
        for document in documents {
            let text = format!("# {document}\n\nOf {name}.\n");
            fs::write(self.at(name).join("docs").join(document), text).unwrap();
        }
    }

    fn command(&self, project: &str, args: &[&str]) -> Command {
        let mut command = command(&self.at(project), args);
        command.env("HOME", self.0.path());
        command
    }

    async fn run(&self, project: &str, args: &[&str]) -> Said {
        said(self.command(project, args)).await
    }

    async fn in_step(&self, project: &str) {
        self.run(project, &["sync"]).await.ended(0, &["nothing to change"]).without(&["warning"]);
    }

    /// Gives a project the state that an earlier version would have made: in the user's state folder, for every project.
    async fn sync_as_before(&self, project: &str) {
        let folder = self.at(".local/state/kbsync");
        let mut command = self.command(project, &["sync"]);
        command.env("STATE_DIRECTORY", &folder);
        said(command).await.ended(0, &[]);
        self.age(&folder);
    }

    /// Takes from a state what earlier versions did not record.
    fn age(&self, folder: &Path) {
        let state = Connection::open(folder.join("state.db")).unwrap();
        let platform = format!("local {}", folder.join("local").display());
        state.execute("UPDATE meta SET value = ?1 WHERE key = 'platform'", [platform]).unwrap();
        state.execute("DELETE FROM meta WHERE key NOT IN ('platform', 'instance')", []).unwrap();
        fs::remove_file(folder.join("local/id")).unwrap();
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

#[tokio::test]
async fn state__two_projects_with_one_template__share_nothing() {
    let home = Home::new();
    home.project("one", &["a.md", "b.md", "c.md"]);
    home.project("two", &["a.md"]);
    for project in ["one", "two"] {
        home.run(project, &["sync"]).await.ended(0, &["added"]).without(&["deleted", "replaced", "warning"]);
    }
    for project in ["one", "two"] {
        home.in_step(project).await;
        assert_eq!(fs::read_to_string(home.at(project).join(".kbsync/.gitignore")).unwrap(), "*\n");
    }
    assert!(!home.at(".local").exists());
    assert_eq!(home.run("one", &["sources"]).await.out.lines().filter(|line| line.contains("docs/")).count(), 3);
}

#[tokio::test]
async fn state__project_moved_copied_linked_or_config_renamed__stays_in_use() {
    let home = Home::new();
    home.project("one", &["a.md", "b.md"]);
    home.run("one", &["sync"]).await.ended(0, &["2 added"]);
    fs::rename(home.at("one"), home.at("moved")).unwrap();
    home.in_step("moved").await;
    // The project that it was copied from is still there.
    copy(&home.at("moved"), &home.at("far/copy"));
    home.in_step("far/copy").await;
    home.in_step("moved").await;
    symlink(home.at("moved"), home.at("link")).unwrap();
    home.in_step("link").await;
    fs::rename(home.at("moved/kbsync.yaml"), home.at("moved/kb.yaml")).unwrap();
    symlink("kb.yaml", home.at("moved/linked.yaml")).unwrap();
    for (folder, config) in [
        ("moved", "kb.yaml"),
        ("moved", "./kb.yaml"),
        ("moved/docs", "../kb.yaml"),
        (".", "far/../moved/kb.yaml"),
        (".", "link/kb.yaml"),
        ("moved", "linked.yaml"),
    ] {
        for command in ["sync", "status", "plan"] {
            home.run(folder, &["-c", config, command]).await.ended(0, &["2 documents"]).without(&["warning", "added"]);
        }
    }
}

#[tokio::test]
async fn state__of_another_config__is_refused_and_kept() {
    let home = Home::new();
    home.project("one", &["a.md", "b.md"]);
    home.run("one", &["sync"]).await.ended(0, &["2 added"]);
    // Beside each other, where both have the default.
    let other = CONFIG.replace("./docs", "./other");
    fs::create_dir(home.at("one/other")).unwrap();
    fs::write(home.at("one/other/x.md"), "# X\n").unwrap();
    fs::write(home.at("one/other.yaml"), &other).unwrap();
    let words = ["state.db is the state of ", "one/kbsync.yaml; give other.yaml a `state:` of its own"];
    for command in [&["sync"][..], &["status"], &["plan"], &["approve", "docs"], &["retry"], &["explain", "other/x.md"]]
    {
        home.run("one", &[&["-c", "other.yaml"], command].concat()).await.ended(2, &words);
    }
    home.in_step("one").await;
    // One that has all of its collections keeps all of its documents.
    let more = format!("{CONFIG}  - {{name: other, folder: ./other, settle: 0s}}\n");
    fs::write(home.at("one/more.yaml"), more).unwrap();
    home.run("one", &["-c", "more.yaml", "sync"]).await.ended(0, &["1 added"]).without(&["deleted"]);
    home.run("one", &["sync"]).await.ended(2, &["is the state of ", "one/more.yaml"]);
    fs::remove_file(home.at("one/more.yaml")).unwrap();
    fs::remove_file(home.at("one/other/x.md")).unwrap();
    home.run("one", &["sync"]).await.ended(8, &["held: 1 of 1 document of other", "has left the config"]);
    home.run("one", &["approve", "other"]).await.ended(0, &["up to 1 document"]);
    home.run("one", &["sync"]).await.ended(0, &["1 deleted"]);
    // By one absolute path.
    let shared = |config: &str| format!("state: {}\n{config}", home.at("one/.kbsync/state.db").display());
    home.project("two", &["a.md"]);
    fs::write(home.at("two/kbsync.yaml"), shared(CONFIG)).unwrap();
    home.run("two", &["sync"]).await.ended(2, &["one/kbsync.yaml; give kbsync.yaml a `state:` of its own"]);
    home.in_step("one").await;
    // What a config no longer uses is free, and so is what a config left that is gone.
    fs::write(home.at("one/kbsync.yaml"), format!("state: new/state.db\n{CONFIG}")).unwrap();
    home.run("one", &["-c", "other.yaml", "plan"]).await.ended(10, &[]);
    fs::remove_file(home.at("one/kbsync.yaml")).unwrap();
    home.run("one", &["-c", "other.yaml", "status"]).await.ended(0, &[]);
}

#[tokio::test]
async fn old_default_state__of_this_config__is_said_and_used() {
    let home = Home::new();
    home.project("one", &["a.md", "b.md", "c.md"]);
    home.sync_as_before("one").await;
    home.project("two", &["a.md", "b.md"]);
    let words = [".local/state/kbsync/state.db, where earlier versions kept the state"];
    for command in [&["status"][..], &["plan"], &["sync"], &["sync"]] {
        let said = home.run("one", command).await;
        said.ended(0, &words).ended(0, &["3 documents"]).without(&["added", "replaced", "deleted"]);
        assert_eq!(said.err.lines().count(), 1, "{said}");
    }
    assert!(!home.at("one/.kbsync").exists());
    // Moved, it is still found; another project never takes it over.
    fs::rename(home.at("one"), home.at("moved")).unwrap();
    home.run("moved", &["sync"]).await.ended(0, &["nothing to change"]).ended(0, &words);
    let said = home.run("two", &["sync"]).await;
    said.ended(0, &["warning: not using ", "it belongs to another config", "2 added"]);
    home.in_step("two").await;
    home.run("moved", &["sync"]).await.ended(0, &["nothing to change"]).ended(0, &words);
}

#[tokio::test]
async fn old_default_state__of_another_config__is_not_taken_over() {
    let home = Home::new();
    home.project("one", &["a.md", "b.md", "c.md", "d.md"]);
    home.project("two", &["a.md"]);
    home.sync_as_before("one").await;
    for command in ["plan", "sync"] {
        let said = home.run("two", &[command]).await;
        said.without(&["delete,", "deleted"]).ended(said.code, &["not using", "belongs to another config"]);
    }
    home.in_step("two").await;
    home.run("one", &["sync"]).await.ended(0, &["4 documents, nothing to change"]);
}

#[tokio::test]
async fn local_platform__data_of_an_earlier_version__is_recognised() {
    let home = Home::new();
    let config = format!("state: ./.kbsync/state.db\n{CONFIG}");
    home.project("one", &["a.md", "b.md"]);
    fs::write(home.at("one/kbsync.yaml"), &config).unwrap();
    home.run("one", &["sync"]).await.ended(0, &["2 added"]);
    home.age(&home.at("one/.kbsync"));
    copy(&home.at("one"), &home.at("copy"));
    home.in_step("copy").await;
    home.run("one", &["status"]).await.ended(0, &["2 documents in step"]);
    fs::rename(home.at("one"), home.at("moved")).unwrap();
    home.in_step("moved").await;
}

#[tokio::test]
async fn local_platform__its_folder__is_known_by_its_id() {
    let home = Home::new();
    home.project("one", &["a.md", "b.md"]);
    let with_data = |data: &str| {
        let config = CONFIG.replace("kind: local", &format!("kind: local, data_dir: {data}"));
        fs::write(home.at("one/kbsync.yaml"), config).unwrap();
    };
    with_data("../data/here");
    home.run("one", &["sync"]).await.ended(0, &["2 added"]);
    fs::rename(home.at("data"), home.at("moved")).unwrap();
    symlink(home.at("moved"), home.at("link")).unwrap();
    for data in ["../moved/here", "../link/here", "../link/../moved/./here"] {
        with_data(data);
        home.in_step("one").await;
    }
    // Another platform is another platform.
    home.project("two", &["x.md"]);
    home.run("two", &["sync"]).await.ended(0, &["1 added"]);
    with_data("../two/.kbsync/local");
    home.run("one", &["sync"]).await.ended(2, &["keeps the state of the platform local"]);
    // One that was removed is the same, empty.
    with_data("../moved/here");
    fs::remove_dir_all(home.at("moved/here")).unwrap();
    let mut ended = home.run("one", &["sync"]).await;
    if ended.code == 0 && !ended.out.contains("2 added") {
        // What is missing from one list is looked for in a second one.
        ended = home.run("one", &["sync"]).await;
    }
    ended.ended(0, &[]).without(&["keeps the state"]);
}

#[tokio::test]
async fn local_platform__without_a_rate_limit__is_not_throttled() {
    for api in ["cevvo", "nexvio"] {
        let home = Home::new();
        let names: Vec<String> = (0..200).map(|n| format!("{n}.md")).collect();
        home.project("one", &names.iter().map(String::as_str).collect::<Vec<_>>());
        let config = CONFIG.replace("kind: local", &format!("kind: local, api: {api}"));
        fs::write(home.at("one/kbsync.yaml"), &config).unwrap();
        let plan = home.run("one", &["plan"]).await;
        plan.ended(10, &["200 to add"]).without(&["min at this pace"]);
        // At 100 requests a minute this takes longer than the bench is patient.
        home.run("one", &["sync"]).await.ended(0, &["200 added"]);
        home.run("one", &["status"]).await.ended(0, &["200 documents"]).without(&["Requests in the last"]);
        fs::write(home.at("one/kbsync.yaml"), config.replace("kind: local", "rate_limit: 77/min, kind: local"))
            .unwrap();
        home.run("one", &["status"]).await.ended(0, &[" of 77."]);
    }
}

#[tokio::test]
async fn state__folder_of_the_config_is_not_writable__is_kept_for_this_config_alone() {
    let home = Home::new();
    home.project("one", &["a.md"]);
    home.project("two", &["b.md", "c.md"]);
    let mode = |path: &str, mode| fs::set_permissions(home.at(path), fs::Permissions::from_mode(mode)).unwrap();
    let is_root = rustix::process::geteuid().is_root();
    // Root may write everywhere, so another user runs a program that it can reach.
    let copied = Command::new("cp").args([Path::new(BINARY), &home.at("kbsync")]).status().await.unwrap();
    assert!(copied.success());
    fs::create_dir(home.at("home")).unwrap();
    for (path, to) in [(".", 0o755), ("home", 0o777), ("one", 0o555), ("two", 0o555)] {
        mode(path, to);
    }
    let run = async |project: &str, args: &[&str]| {
        let mut command = Command::new(home.at("kbsync"));
        command.args(args).current_dir(home.at(project)).env_clear().env("HOME", home.at("home"));
        if is_root {
            command.uid(65534).gid(65534);
        }
        said(command).await
    };
    for project in ["one", "two"] {
        let said = run(project, &["sync"]).await;
        said.ended(0, &["kbsync.yaml is not writable; the state is ", "home/.local/state/kbsync/", "added"]);
    }
    for project in ["one", "two"] {
        for command in ["status", "sync"] {
            run(project, &[command]).await.ended(0, &["not writable"]).without(&["added", "deleted", "does not exist"]);
        }
    }
    // Without a home either, what needs no state works, and the rest says what to do.
    let homeless = async |args: &[&str]| {
        let mut command = Command::new(home.at("kbsync"));
        command.args(args).current_dir(home.at("one")).env_clear();
        if is_root {
            command.uid(65534).gid(65534);
        }
        said(command).await
    };
    homeless(&["check"]).await.ended(0, &["docs", "ok"]);
    let said = homeless(&["sync"]).await;
    said.ended(1, &["there is no place for the state", "HOME is not set; add `state: /path/to/state.db`"]);
    for path in ["one", "two"] {
        mode(path, 0o755);
    }
}

#[tokio::test]
async fn state__of_another_user__is_named_with_its_owner() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: only root can be two users");
        return;
    }
    let home = Home::new();
    home.project("one", &["a.md"]);
    home.project("two", &["b.md"]);
    let given = format!("state: ./kept/state.db\n{CONFIG}");
    fs::write(home.at("two/kbsync.yaml"), given).unwrap();
    for project in ["one", "two"] {
        home.run(project, &["sync"]).await.ended(0, &["1 added"]);
    }
    let copied = Command::new("cp").args([Path::new(BINARY), &home.at("kbsync")]).status().await.unwrap();
    assert!(copied.success());
    fs::create_dir(home.at("home")).unwrap();
    for (path, to) in [(".", 0o755), ("home", 0o777), ("one", 0o777), ("two", 0o777)] {
        fs::set_permissions(home.at(path), fs::Permissions::from_mode(to)).unwrap();
    }
    let as_nobody = async |project: &str, args: &[&str]| {
        let mut command = Command::new(home.at("kbsync"));
        command.args(args).current_dir(home.at(project)).env_clear().env("HOME", home.at("home"));
        command.uid(65534).gid(65534);
        said(command).await
    };
    for (project, state) in [("one", ".kbsync/state.db"), ("two", "kept/state.db")] {
        for folder in [0o700, 0o755] {
            let kept = home.at(project).join(state);
            fs::set_permissions(kept.parent().unwrap(), fs::Permissions::from_mode(folder)).unwrap();
            for command in [&["status"][..], &["status", "--json"], &["sync"], &["plan"], &["explain", "docs/a.md"]] {
                let words = [state, "is the state of user root", "sudo -u 'root' kbsync"];
                as_nobody(project, command).await.ended(2, &words).without(&["Nothing was synced yet", "another path"]);
            }
            as_nobody(project, &["check"]).await.ended(0, &["warning: ", "is the state of user root", "ok"]);
        }
    }
    assert!(!home.at("home/.local").exists(), "there is no second state");
}
