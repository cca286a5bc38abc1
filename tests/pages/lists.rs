//! Lists that change, fail, and name nonsense.

use std::{
    fs::{self, File},
    time::{Duration, SystemTime},
};

use crate::{
    bench::{Bench, MARKDOWN},
    origin::Reply,
};

fn sitemap(bench: &Bench, pages: &[(&str, &str)]) -> Reply {
    let entry = |(path, lastmod): &(&str, &str)| {
        format!("<url><loc>{}</loc><lastmod>{lastmod}</lastmod></url>", bench.origin.url(path))
    };
    let entries: String = pages.iter().map(entry).collect();
    Reply::new(
        "application/xml",
        format!("<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">{entries}</urlset>"),
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_of_addresses_is_followed() {
    let mut bench = Bench::new(&["/a", "/b", "/c"]).await;
    let file = bench.world.folder.join("urls.txt");
    let write = |text: String| {
        fs::write(&file, text).expect("the list");
        // It rests since a while, so it is not waited for.
        let hour = Duration::from_secs(3600);
        let file = File::options().write(true).open(&file).expect("the list");
        file.set_modified(SystemTime::now() - hour).expect("its time");
    };
    let url = |path: &str| bench.origin.url(path).to_string();
    let (a, b, c) = (url("/a"), url("/b"), url("/c"));
    write(format!("# ours\n{a}\n{b}#part # twice\n{b}\nhtp://nonsense\n"));
    let pages = bench.pages();
    pages.urls.clear();
    pages.url_files = vec![file.clone()];
    let report = bench.well().await;
    assert_eq!((report.added, report.skipped.len()), (2, 1), "{report:?}");
    assert!(report.skipped[0].document.path.ends_with("urls.txt:5"), "{:?}", report.skipped);
    bench.holds(&["/a", "/b"]).await;
    write(format!("{a}\n{c}\n"));
    let report = bench.well().await;
    assert_eq!((report.added, report.deleted), (1, 1), "{report:?}");
    bench.holds(&["/a", "/c"]).await;
    // A list that is not there says nothing of what it had.
    fs::remove_file(&file).expect("the list");
    fs::create_dir(&file).expect("a folder in its place");
    let report = bench.pass().await;
    assert_eq!((report.outcome().as_str(), report.deleted), ("failed", 0), "{report:?}");
    bench.holds(&["/a", "/c"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sitemap_is_believed_and_its_failure_is_not() {
    let mut bench = Bench::new(&["/a", "/b", "/c"]).await;
    let map = bench.origin.url("/sitemap.xml");
    let pages = bench.pages();
    pages.urls.clear();
    pages.sitemaps = vec![map];
    bench.origin.serve("/sitemap.xml", sitemap(&bench, &[("/a", "2026-01-01"), ("/b", "2026-01-01")]));
    bench.well().await;
    bench.holds(&["/a", "/b"]).await;
    bench.origin.forget();
    bench.mutating();
    bench.well().await;
    assert_eq!((bench.origin.count("/a"), bench.origin.count("/sitemap.xml")), (0, 1), "its lastmod is believed");
    bench.origin.serve("/a", Reply::new(MARKDOWN, "# Another"));
    bench
        .origin
        .serve("/sitemap.xml", sitemap(&bench, &[("/a", "2026-01-02"), ("/b", "2026-01-01"), ("/c", "2026-01-01")]));
    let report = bench.well().await;
    assert_eq!((report.replaced, report.added), (1, 1), "{report:?}");
    for broken in [
        Reply::status(503),
        Reply::status(404),
        Reply::new("application/xml", "<urlset><url><loc>"),
        Reply::page("<p>hello"),
    ] {
        bench.origin.serve("/sitemap.xml", broken);
        let report = bench.pass().await;
        assert_eq!((report.outcome().as_str(), report.changed()), ("failed", 0), "{report:?}");
        bench.holds(&["/a", "/b", "/c"]).await;
    }
    bench.origin.serve("/sitemap.xml", sitemap(&bench, &[("/a", "2026-01-02"), ("/c", "2026-01-01")]));
    let once = bench.well().await;
    assert_eq!((once.deleted, once.stale.len()), (0, 1), "once is not enough: {once:?}");
    assert_eq!(bench.well().await.deleted, 1);
    bench.holds(&["/a", "/c"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn page__edited_again_on_the_day_of_its_lastmod__is_replaced() {
    let today = jiff::Timestamp::now().strftime("%Y-%m-%d").to_string();
    for lastmod in [today.as_str(), "2999-01-01T00:00:00Z"] {
        let mut bench = Bench::new(&["/a"]).await;
        let map = bench.origin.url("/sitemap.xml");
        let pages = bench.pages();
        pages.urls.clear();
        pages.sitemaps = vec![map];
        bench.origin.serve("/sitemap.xml", sitemap(&bench, &[("/a", lastmod)]));
        bench.well().await;
        bench.origin.serve("/a", Reply::new(MARKDOWN, "# Edited once more"));
        assert_eq!(bench.well().await.replaced, 1, "{lastmod}");
        assert_eq!(bench.well().await.changed(), 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sitemap_that_shrinks_beyond_the_guard_is_held() {
    let paths: Vec<String> = (0..30).map(|n| format!("/{n}")).collect();
    let mut bench = Bench::new(&paths.iter().map(String::as_str).collect::<Vec<_>>()).await;
    (bench.world.scope.policy.max_deletes, bench.world.scope.policy.max_delete_percent) = (10, 10);
    let map = bench.origin.url("/sitemap.xml");
    let pages = bench.pages();
    pages.urls.clear();
    pages.sitemaps = vec![map];
    let of = |count: usize| paths[..count].iter().map(|path| (path.as_str(), "2026-01-01")).collect::<Vec<_>>();
    bench.origin.serve("/sitemap.xml", sitemap(&bench, &of(30)));
    bench.well().await;
    bench.origin.serve("/sitemap.xml", sitemap(&bench, &of(15)));
    let held = bench.pass().await;
    assert_eq!((held.outcome().as_str(), held.deleted), ("held", 0), "{held:?}");
    assert_eq!(bench.held().await.len(), 30);
    bench.origin.serve("/sitemap.xml", sitemap(&bench, &of(30)));
    assert_eq!(bench.well().await.changed(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_leaves_a_feed_stays() {
    let mut bench = Bench::new(&["/1", "/2", "/3"]).await;
    let feed = bench.origin.url("/feed.xml");
    let pages = bench.pages();
    pages.urls.clear();
    pages.feeds = vec![feed];
    let serve = |items: &[&str]| {
        let items: String =
            items.iter().map(|path| format!("<item><link>{}</link></item>", bench.origin.url(path))).collect();
        bench.origin.serve(
            "/feed.xml",
            Reply::new("application/rss+xml", format!("<rss version=\"2.0\"><channel>{items}</channel></rss>")),
        );
    };
    serve(&["/1", "/2"]);
    bench.well().await;
    serve(&["/2", "/3"]);
    bench.well().await;
    bench.holds(&["/1", "/2", "/3"]).await;
    bench.origin.withdraw("/1");
    bench.well().await;
    assert_eq!(bench.well().await.deleted, 1, "until its site says that it is gone");
    bench.holds(&["/2", "/3"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn patterns_take_and_leave_pages() {
    let mut bench = Bench::new(&["/docs/a", "/docs/b", "/blog/c"]).await;
    bench.pages().include = vec!["/docs/**".to_owned()];
    bench.well().await;
    bench.holds(&["/docs/a", "/docs/b"]).await;
    bench.pages().exclude = vec!["/docs/b".to_owned()];
    assert_eq!(bench.well().await.deleted, 1);
    bench.holds(&["/docs/a"]).await;
}
