//! Pages that cost too much to read.

use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf, time::Duration};

use kbsync::{
    extract::Extractor,
    fetch::Fetcher,
    reconcile::{HostBudget, Reader},
};

use crate::{bench::Bench, origin::Reply};

const HTML: &str = "text/html";
const SPENT: &str = "its host's pages cost too much to read in this pass";

/// Continues as a new process, whose pages this program reads.
fn read_by(bench: &mut Bench, program: PathBuf) {
    bench.world.scope.reader = Reader::new(
        Fetcher::new("kbsync-test/1").expect("a fetcher"),
        Extractor::new(program),
        &bench.world.folder.with_file_name("state.db"),
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn page__that_breaks_its_reader__is_not_read_again_until_it_changes() {
    let mut bench = Bench::new(&["/a"]).await;
    let (program, calls) = (bench.world.folder.with_file_name("reader"), bench.world.folder.with_file_name("calls"));
    let script = format!("#!/bin/sh\nulimit -c 0\necho x >> {}\nkill -SEGV $$\n", calls.display());
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let mut edition = 0;
    // Each with whether the page is another one, and whether kbsync is another process.
    for (changes, restarts) in [(true, true), (false, false), (false, true), (true, false), (false, true)] {
        edition += usize::from(changes);
        bench.origin.serve("/a", Reply::new(HTML, format!("<h1>Tea</h1><p>Edition {edition}</p>")));
        if restarts {
            read_by(&mut bench, program.clone());
        }
        let report = bench.pass().await;
        assert!(report.stale[0].reason.starts_with("its reader crashed"), "{report:?}");
        assert_eq!(fs::read_to_string(&calls).unwrap().lines().count(), edition, "{report:?}");
    }
    read_by(&mut bench, env!("CARGO_BIN_EXE_kbsync").into());
    bench.origin.serve("/a", Reply::new(HTML, "<h1>Tea</h1><p>It is hot.</p>"));
    bench.well().await;
    bench.holds(&["/a"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn page__beyond_the_limits__is_refused_in_words_and_keeps_its_document() {
    let bench = Bench::new(&["/a", "/b"]).await;
    bench.well().await;
    bench.origin.serve("/a", Reply::new(HTML, "<div>".repeat(100_000)));
    let report = bench.pass().await;
    assert_eq!(report.stale[0].reason, "the HTML is damaged: it nests more than 5000 elements deep", "{report:?}");
    bench.holds(&["/a", "/b"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn host__that_has_spent_its_budget__has_its_other_pages_read_by_the_next_passes() {
    let paths: Vec<String> = (0..8).map(|n| format!("/{n}")).collect();
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    let mut bench = Bench::new(&paths).await;
    bench.pages().connections = 1;
    let budget = HostBudget { each: Duration::ZERO, all: Duration::ZERO };
    bench.world.scope.reader = bench.world.scope.reader.clone().with_host_budget(budget);
    for path in &paths {
        bench.origin.serve(path, Reply::new(HTML, format!("<h1>Page {path}</h1><p>It is about {path}.</p>")));
    }
    let mut held = 0;
    while held < paths.len() {
        let report = bench.pass().await;
        assert!(report.added > 0 && report.deleted == 0, "those that were not read come first: {report:?}");
        held += usize::try_from(report.added).unwrap();
        let spent = report.stale.iter().filter(|stale| stale.reason.contains(SPENT)).count();
        assert!(spent >= paths.len() - held, "{report:?}");
    }
    bench.holds(&paths).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn page__that_cost_much_to_read__is_read_again_only_when_it_has_changed() {
    let mut bench = Bench::new(&["/a"]).await;
    let (program, calls) = (bench.world.folder.with_file_name("reader"), bench.world.folder.with_file_name("calls"));
    let script = format!("#!/bin/sh\necho x >> {}\nexec {} \"$@\"\n", calls.display(), env!("CARGO_BIN_EXE_kbsync"));
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let (mut edition, mut read) = (0, 0);
    // Each with whether the page is another one, kbsync another process, and reading costly.
    for (changes, restarts, is_costly) in [
        (true, true, true),
        (false, false, true),
        (false, true, true),
        (true, false, true),
        (false, true, true),
        (true, true, false),
        (false, false, false),
    ] {
        edition += usize::from(changes);
        read += usize::from(changes || !is_costly);
        let page = format!("<html><body><h1>Tea</h1><p>It is edition {edition}, and hot.</p></body></html>");
        bench.origin.serve("/a", Reply::new(HTML, page));
        if restarts {
            read_by(&mut bench, program.clone());
        }
        let each = if is_costly { Duration::ZERO } else { Duration::from_secs(60) };
        let budget = HostBudget { each, all: Duration::from_secs(600) };
        bench.world.scope.reader = bench.world.scope.reader.clone().with_host_budget(budget);
        bench.well().await;
        bench.holds(&["/a"]).await;
        assert_eq!(fs::read_to_string(&calls).unwrap().lines().count(), read, "edition {edition}");
    }
}
