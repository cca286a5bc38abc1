//! Folders that go and come back under the daemon: what is not seen is not deleted.

use std::{env, fs, path::Path, process::Command};

use crate::daemon::{Daemon, bench, held};

#[tokio::test]
async fn a_folder_that_goes_and_comes_back_costs_nothing() {
    let bench = bench().await;
    bench.write_many(5);
    let daemon = Daemon::ready(&bench).await;
    bench.running.requests().reset();
    let missing =
        |status: &serde_json::Value| status["daemon"]["trouble"].as_str().is_some_and(|why| why.contains("is missing"));
    for name in ["elsewhere", "elsewhere again"] {
        fs::rename(bench.path("docs"), bench.path(name)).unwrap();
        daemon.shows("it is missing", missing).await;
        fs::write(bench.path(name).join(format!("{name}.md")), format!("# Written {name}\n")).unwrap();
        fs::rename(bench.path(name), bench.path("docs")).unwrap();
        daemon.in_step(&bench).await;
        daemon.shows("no trouble any more", |status| status["daemon"]["trouble"].is_null()).await;
        bench.write("000.md", format!("# Changed after {name}\n"));
        daemon.in_step(&bench).await;
    }
    assert_eq!(bench.running.requests().count("POST", "/ingest/upload"), 4);
    assert_eq!(bench.running.requests().count("DELETE", "/sources/{id}"), 2, "of the replaced ones");
    daemon.stop().await;
    bench.quiet().await;
}

#[tokio::test]
async fn a_folder_that_is_made_later_is_found() {
    let bench = bench().await;
    fs::remove_dir(bench.path("docs")).unwrap();
    let daemon = Daemon::start(&bench);
    daemon
        .shows("it is missing", |status| {
            status["daemon"]["trouble"].as_str().is_some_and(|why| why.contains("is missing"))
        })
        .await;
    bench.write_many(3);
    daemon.in_step(&bench).await;
    bench.write("000.md", "# Changed\n");
    daemon.in_step(&bench).await;
    daemon.shows("it is watched", |status| status["daemon"]["collections"]["docs"]["how"] == "watched").await;
    daemon.stop().await;
    bench.quiet().await;
}

#[test]
fn a_disk_that_is_unmounted_is_missed_and_not_deleted() {
    let run =
        |script: String| Command::new("unshare").args(["--mount", "--map-root-user", "sh", "-c", &script]).output();
    if !run("mount -t tmpfs none /mnt".to_owned()).is_ok_and(|probe| probe.status.success()) {
        eprintln!("skipped: nothing may be mounted here");
        return;
    }
    let program = env::current_exe().unwrap();
    let said = run(format!("exec '{}' --ignored --exact roots::inside_mounts", program.display())).unwrap();
    let text = String::from_utf8_lossy(&said.stdout);
    assert!(said.status.success() && text.contains("1 passed"), "{text}{}", String::from_utf8_lossy(&said.stderr));
}

fn run(program: &str, arguments: &[&str], last: &Path) {
    assert!(Command::new(program).args(arguments).arg(last).status().unwrap().success(), "{program} {arguments:?}");
}

#[tokio::test]
#[ignore = "it mounts, in a namespace that the test above makes"]
async fn inside_mounts() {
    let bench = bench().await;
    let (docs, disk) = (bench.path("docs"), bench.path("disk"));
    fs::create_dir(&disk).unwrap();
    run("mount", &["-t", "tmpfs", "none"], &disk);
    let bind = || run("mount", &["--bind", disk.to_str().unwrap()], &docs);
    bind();
    bench.write_many(5);
    let daemon = Daemon::ready(&bench).await;
    let before = held(&bench).await;
    for round in 0..2 {
        run("umount", &[], &docs);
        daemon.shows("it is held", |status| status["collections"][0]["held"] == 5 + round).await;
        bench.run(&["status"]).await.ended(0, &["deletions held"]);
        bind();
        daemon.in_step(&bench).await;
        daemon.shows("nothing is held", |status| status["collections"][0]["held"] == 0).await;
        assert!(round > 0 || held(&bench).await == before);
        bench.write(&format!("later{round}.md"), "# Later\n");
        daemon.in_step(&bench).await;
    }
    daemon.stop().await;
    bench.quiet().await;
    // An empty disk in the place of another may have its number.
    let media = docs.join("media");
    fs::create_dir(&media).unwrap();
    run("mount", &["-t", "tmpfs", "none"], &media);
    bench.write("media/one.md", "# One\n");
    bench.run(&["sync"]).await.ended(0, &["1 added"]);
    run("umount", &[], &media);
    run("mount", &["-t", "tmpfs", "none"], &media);
    bench.run(&["sync"]).await.ended(8, &["held", "media"]);
}
