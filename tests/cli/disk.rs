//! Disks that are full or may not be written.

use std::{fs, process::Stdio};

use tokio::process::Command;

use crate::bench::{BINARY, Bench, Said, said};

/// Runs a pass where `state` is a mount of its own, of so many bytes or read-only; `None` where this may not be done.
async fn in_namespace(bench: &Bench, prepare: &str) -> Option<Said> {
    in_namespace_do(bench, prepare, "exec kbsync sync").await
}

/// The same with a script of its own.
async fn in_namespace_do(bench: &Bench, prepare: &str, script: &str) -> Option<Said> {
    fs::create_dir_all(bench.path("state")).unwrap();
    let script = format!("{prepare} && {}", script.replace("kbsync", BINARY));
    let run = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["--mount", "--map-root-user", "sh", "-c", script]).current_dir(bench.folder.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command
    };
    let probe = run(prepare).output().await;
    if !probe.is_ok_and(|probe| probe.status.success()) {
        eprintln!("skipped: no mount namespace may be made here ({prepare})");
        return None;
    }
    Some(said(run(&script)).await)
}

#[tokio::test]
async fn a_full_disk_under_the_state_is_said_and_nothing_is_lost() {
    for size in ["48k", "100k", "160k"] {
        let bench = Bench::new().await;
        bench.write_many(150);
        let prepare = format!("mount -t tmpfs -o size={size} none state");
        let Some(said) = in_namespace(&bench, &prepare).await else { return };
        said.ended(5, &["the disk is full", "Nothing was lost; make room and run again"]).without(&["panicked"]);
        // The state is lost with its mount, and what went up is found again.
        bench.synced().await;
        bench.in_step().await;
        bench.quiet().await;
    }
}

#[tokio::test]
async fn full_disk__status_afterwards__says_that_the_last_pass_failed_and_why() {
    let bench = Bench::new().await;
    bench.write_many(2);
    fs::create_dir(bench.path("more")).unwrap();
    (0..150).for_each(|n| fs::write(bench.path(&format!("more/more-{n}.md")), format!("# More {n}\n")).unwrap());
    let script = "{ kbsync sync; cat /dev/zero >state/fill; cp more/* docs; kbsync sync; rm state/fill; } >/dev/null 2>&1; \
                  kbsync status; kbsync status --json; kbsync sync >/dev/null; echo Mended; exec kbsync status";
    let Some(said) = in_namespace_do(&bench, "mount -t tmpfs -o size=8m none state", script).await else { return };
    let (full, mended) = said.out.split_once("Mended").unwrap();
    for words in
        ["The last pass failed, at 20", "\"state_failure\": {", "the disk is full: the state could not be written"]
    {
        assert!(full.contains(words), "{words}: {said}");
    }
    assert!(mended.contains("152 documents in step") && !mended.contains("failed"), "{said}");
}

#[tokio::test]
async fn a_state_folder_that_may_not_be_written_is_said() {
    let bench = Bench::new().await;
    bench.write_many(2);
    let prepare = "mount -t tmpfs -o ro none state";
    let Some(said) = in_namespace(&bench, prepare).await else { return };
    said.ended(1, &["cannot use", "state.db", "ead-only file system"]).without(&["panicked"]);
    assert_eq!(bench.running.requests().total(), 0);
}

#[tokio::test]
async fn a_state_that_became_read_only_is_said() {
    let bench = Bench::new().await;
    bench.write_many(2);
    bench.synced().await;
    bench.running.requests().reset();
    let Some(said) = in_namespace(&bench, "mount --bind state state && mount -o remount,bind,ro state").await else {
        return;
    };
    said.ended(1, &["cannot use", "ead-only file system"]).without(&["panicked"]);
    assert_eq!(bench.running.requests().total(), 0);
    bench.quiet().await;
}

#[tokio::test]
async fn a_state_in_a_files_place_is_said() {
    let bench = Bench::new().await;
    fs::write(bench.path("state"), "a file").unwrap();
    bench.sync().await.ended(2, &["cannot keep the state at state/state.db: state is a file"]);
    fs::remove_file(bench.path("state")).unwrap();
    fs::create_dir_all(bench.path("state/state.db")).unwrap();
    bench.sync().await.ended(2, &["cannot keep the state at state/state.db: it is a folder"]);
    assert_eq!(bench.running.requests().total(), 0);
}

#[tokio::test]
async fn the_empty_place_of_a_disk_that_is_not_mounted_deletes_nothing() {
    let bench = Bench::new().await;
    bench.write_many(2);
    bench.synced().await;
    bench.running.requests().reset();
    // Another device in the folder's place, and nothing on it: two documents are below what the other guard holds.
    let Some(said) = in_namespace(&bench, "mount -t tmpfs none docs").await else { return };
    said.ended(8, &["held: 2 of 2 documents of docs", "on another device than before: is a disk not mounted?"]);
    assert_eq!(bench.running.requests().mutating(), 0);
    bench.quiet().await;
    // While nothing is ever deleted nobody asks which device it is; that is no answer for later.
    bench.reconfigure("sync:\n", "sync:\n  delete: never\n");
    let said = in_namespace(&bench, "mount -t tmpfs none docs").await.expect("it was possible before");
    said.ended(0, &["`delete: never` keeps them"]);
    bench.reconfigure("  delete: never\n", "");
    let said = in_namespace(&bench, "mount -t tmpfs none docs").await.expect("it was possible before");
    said.ended(8, &["held: 2 of 2 documents of docs", "on another device than before"]);
    bench.run(&["status"]).await.ended(0, &["2 deletions held", "another device"]);
    bench.run(&["approve", "docs"]).await.ended(0, &["up to 2"]);
    let said = in_namespace(&bench, "mount -t tmpfs none docs").await.expect("it was possible before");
    said.ended(0, &["2 deleted"]);
    bench.synced().await.ended(0, &["2 added"]);
}

/// Mounts a disk in the folder's place with these of eight documents. The kernel gives numbers of disks that are gone again:
/// so it is mounted over until it has one that no disk before it had.
fn deployed(documents: &str) -> String {
    format!(
        "touch devices && mount -t tmpfs none docs && \
         while case $(cat devices) in *\"<$(stat -c %d docs)>\"*) ;; *) false ;; esac; do mount -t tmpfs none docs || exit; done && \
         echo \"<$(stat -c %d docs)>\" >> devices && for n in {documents}; do echo \"# Document $n\" > docs/$n.md; done"
    )
}

#[tokio::test]
async fn device__is_another_with_every_deploy__known_content_makes_it_the_same_folder() {
    let bench = Bench::new().await;
    let all = "1 2 3 4 5 6 7 8";
    let Some(said) = in_namespace(&bench, &deployed(all)).await else { return };
    said.ended(0, &["8 added"]);
    let next =
        async |documents: &str| in_namespace(&bench, &deployed(documents)).await.expect("it was possible before");
    next("1 2 3 4 5 6 7").await.ended(0, &["1 deleted"]);
    // A file more and one less, on another device again.
    next("1 2 3 4 5 6 9").await.ended(0, &["1 added"]);
    // Nothing at all, and too few of the known ones among foreign files.
    next("").await.ended(8, &["held: 7 of 7", "on another device than before"]);
    next("1 a b").await.ended(8, &["held: 6 of 7", "on another device than before", "2 added"]);
}

/// Mounts a disk with two documents inside the folder.
const DISK: &str = "mkdir -p docs/media && mount -t tmpfs none docs/media && \
                    echo one > docs/media/1.md && echo two > docs/media/2.md";

#[tokio::test]
async fn the_empty_place_of_a_disk_inside_the_folder_deletes_nothing() {
    let bench = Bench::new().await;
    bench.write_many(20);
    let Some(said) = in_namespace(&bench, DISK).await else { return };
    said.ended(0, &["22 added"]);
    bench.running.requests().reset();
    // Two of twenty-two are below what the guard for many deletions holds.
    for unmounted in ["true", "rm -rf docs/media", "touch docs/media"] {
        let said = in_namespace(&bench, unmounted).await.expect("it was possible before");
        said.ended(8, &["held: 2 of 22 documents of docs", "its folder media is on another device than before"]);
    }
    bench.run(&["plan"]).await.ended(8, &["its folder media is on another device than before"]);
    bench.run(&["status"]).await.ended(0, &["2 deletions held", "media is on another device"]);
    assert_eq!(bench.running.requests().mutating(), 0);
    fs::remove_file(bench.path("docs/media")).unwrap();
    in_namespace(&bench, DISK).await.expect("it was possible before").ended(0, &[]);
    assert_eq!(bench.running.requests().mutating(), 0);
    // What goes while the disk is there is gone.
    let emptied = format!("{DISK} && rm docs/media/2.md");
    in_namespace(&bench, &emptied).await.expect("it was possible before").ended(0, &["1 deleted"]);
    // A word lets the rest go, and then nothing is remembered of the disk.
    bench.sync().await.ended(8, &["held: 1 of 21"]);
    bench.run(&["approve", "docs"]).await.ended(0, &["up to 1"]);
    bench.synced().await.ended(0, &["1 deleted"]);
    bench.write("media/3.md", "# Three\n");
    bench.synced().await;
    bench.remove("media/3.md");
    bench.synced().await.ended(0, &["1 deleted"]);
}

#[tokio::test]
async fn disk__mounted_over_a_folder_with_documents__deletes_none_of_them() {
    let bench = Bench::new().await;
    bench.write_many(20);
    (0..2).for_each(|n| bench.write(&format!("media/{n}.md"), format!("# Medium {n}\n")));
    bench.synced().await;
    let mount = "mount -t tmpfs none docs/media";
    let Some(said) = in_namespace(&bench, mount).await else { return };
    said.ended(8, &["held: 2 of 22 documents of docs", "its folder media is on another device than before"]);
    let same = format!("mkdir -p copy && cp -a docs/media/. copy && {mount} && cp -a copy/. docs/media");
    in_namespace(&bench, &same).await.expect("it was possible before").ended(0, &[]);
    bench.in_step().await;
}

#[tokio::test]
async fn a_disk_that_went_with_nothing_on_it_is_forgotten() {
    let bench = Bench::new().await;
    bench.write_many(20);
    let empty = "mkdir -p docs/media && mount -t tmpfs none docs/media";
    let Some(said) = in_namespace(&bench, empty).await else { return };
    said.ended(0, &["20 added"]);
    bench.synced().await;
    bench.remove("001.md");
    bench.synced().await.ended(0, &["1 deleted"]);
}
