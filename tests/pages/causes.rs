//! Why a page goes, and why it stays: each cause on a real site, over three passes.

use std::time::Duration;

use kbsync::{
    extract::Extractor,
    fetch::{Fetcher, Timing},
    reconcile::Reader,
};

use crate::{
    bench::{Bench, MARKDOWN},
    origin::{Origin, Reply},
};

/// What a site does instead of the page.
type Cause = fn(&Origin);

/// A reader of a new process.
fn reader(bench: &Bench, timing: Timing) -> Reader {
    Reader::new(
        Fetcher::with_timing("kbsync-test/1", timing).expect("a fetcher"),
        Extractor::new(env!("CARGO_BIN_EXE_kbsync").into()),
        &bench.world.folder.with_file_name("state.db"),
    )
}

/// Fails unless the page stays for three passes, is said to be stale with these words, and is in step afterwards.
async fn keeps(words: &str, cause: Cause) {
    let mut bench = Bench::new(&["/a", "/b"]).await;
    bench.well().await;
    cause(&bench.origin);
    // As a new process, which has not asked for robots.txt yet.
    let impatient = Timing { request: Duration::from_millis(500), ..Timing::default() };
    bench.world.scope.reader = reader(&bench, impatient);
    bench.mutating();
    for _ in 0..3 {
        let report = bench.well().await;
        assert!(
            report.stale.iter().any(|stale| stale.document.path.ends_with("/a") && stale.reason.contains(words)),
            "{words}: {report:?}"
        );
        assert_eq!(bench.mutating(), 0, "{words}");
    }
    let stale = bench.world.store().stale_pages().expect("the store");
    assert!(stale.iter().any(|(_, path, _)| path.ends_with("/a")), "{words}");
    bench.origin.withdraw("/robots.txt");
    bench.world.scope.reader = reader(&bench, Timing::default());
    for path in ["/a", "/b"] {
        bench.origin.serve(path, Reply::new(MARKDOWN, format!("# Page {path}")));
    }
    bench.well().await;
    assert_eq!(bench.world.store().stale_pages().expect("the store"), []);
    assert_eq!(bench.mutating(), 0, "{words}: it is the same page again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_says_nothing_of_the_page_keeps_it() {
    let causes: [(&str, Cause); 15] = [
        ("503", |site| site.serve("/a", Reply::status(503))),
        ("500", |site| site.serve("/a", Reply::status(500))),
        ("401", |site| site.serve("/a", Reply::status(401))),
        ("403", |site| site.serve("/a", Reply::status(403))),
        ("in time", |site| site.serve("/a", Reply::silent())),
        ("connection", |site| site.serve("/a", Reply::hangs_up())),
        ("robots.txt", |site| site.serve("/robots.txt", Reply::new("text/plain", "User-agent: *\nDisallow: /a\n"))),
        ("sign in", |site| site.serve("/a", Reply::redirect(302, "/login?next=/a"))),
        ("sign in", |site| {
            site.serve("/a", Reply::redirect(301, "/login"));
            site.serve("/login", Reply::new(MARKDOWN, "# Your address, please"));
        }),
        ("password", |site| {
            let form = "<p>Who are you, and what is the word that lets you in?</p><form><input type=password></form>";
            site.serve("/a", Reply::page(form));
        }),
        ("robots.txt", |site| site.serve("/robots.txt", Reply::status(503))),
        ("", |site| site.serve("/a", Reply::redirect(302, "http://no-such-host.invalid/"))),
        ("", |site| site.serve("/a", Reply::redirect(302, site.url("/a").as_str().replace("http:", "https:")))),
        ("empty", |site| site.serve("/a", Reply::new(MARKDOWN, ""))),
        ("circle", |site| site.serve("/a", Reply::redirect(302, "/a"))),
    ];
    for (words, cause) in causes {
        keeps(words, cause).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_is_gone_when_its_site_has_said_so_twice() {
    for status in [404, 410] {
        let bench = Bench::new(&["/a", "/b"]).await;
        bench.well().await;
        bench.origin.serve("/a", Reply::status(status));
        let once = bench.well().await;
        assert_eq!((once.deleted, once.stale.len()), (0, 1), "{once:?}");
        bench.holds(&["/a", "/b"]).await;
        // Trouble between does not count, and does not begin the count again.
        bench.origin.serve("/a", Reply::status(503));
        assert_eq!(bench.well().await.deleted, 0);
        bench.origin.serve("/a", Reply::status(status));
        assert_eq!(bench.well().await.deleted, 1, "{status}");
        bench.holds(&["/b"]).await;
        // It comes back.
        bench.origin.serve("/a", Reply::new(MARKDOWN, "# Back"));
        assert_eq!(bench.well().await.added, 1);
        bench.holds(&["/a", "/b"]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_comes_back_in_time_begins_anew() {
    let bench = Bench::new(&["/a"]).await;
    bench.well().await;
    let present = Reply::new(MARKDOWN, "# Page /a");
    for _ in 0..3 {
        bench.origin.serve("/a", Reply::status(404));
        assert_eq!(bench.well().await.deleted, 0);
        bench.origin.serve("/a", present.clone());
        assert_eq!(bench.well().await.changed(), 0);
    }
    bench.holds(&["/a"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_read_from_the_beginning_is_said_and_the_rest_goes_on() {
    let bench = Bench::new(&["/a", "/b", "/picture", "/private"]).await;
    bench.origin.serve("/b", Reply::status(500));
    bench.origin.serve("/picture", Reply::new("image/png", "PNG"));
    bench.origin.serve("/private", Reply::redirect(302, "http://169.254.169.254/latest/meta-data/"));
    let report = bench.well().await;
    assert_eq!((report.added, report.stale.len()), (1, 3), "{report:?}");
    bench.holds(&["/a"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_pages_that_go_at_once_are_held() {
    let paths: Vec<String> = (0..30).map(|n| format!("/{n}")).collect();
    let mut bench = Bench::new(&paths.iter().map(String::as_str).collect::<Vec<_>>()).await;
    (bench.world.scope.policy.max_deletes, bench.world.scope.policy.max_delete_percent) = (10, 10);
    bench.well().await;
    paths.iter().for_each(|path| bench.origin.withdraw(path));
    assert_eq!(bench.well().await.deleted, 0, "once is not enough");
    let held = bench.pass().await;
    assert_eq!((held.outcome().as_str(), held.deleted), ("held", 0), "{held:?}");
    assert_eq!(bench.held().await.len(), 30);
}
