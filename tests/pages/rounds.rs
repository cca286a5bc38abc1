//! What passes one after the other send, when nothing has changed, and when something has.

use std::{fmt::Write, time::Duration};

use kbsync::{config::Via, model::CollectionName};

use crate::{
    bench::{Bench, MARKDOWN, path_of},
    origin::Reply,
};

const PAGES: usize = 1_000;

fn text(path: &str, version: u32) -> Reply {
    let mut text = format!("# Page {path}\n");
    writeln!(text, "In its version {version}.").expect("a text");
    Reply::new(MARKDOWN, text).etag(&format!("\"{path} {version}\""))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_pages_are_asked_for_and_only_what_changed_goes_up() {
    let paths: Vec<String> = (0..PAGES).map(|n| format!("/{n}")).collect();
    let bench = Bench::new(&paths.iter().map(String::as_str).collect::<Vec<_>>()).await;
    paths.iter().for_each(|path| bench.origin.serve(path, text(path, 1)));
    let first = bench.well().await;
    assert_eq!((first.documents, first.added), (1_000, 1_000));
    assert_eq!(bench.held().await.len(), PAGES);
    assert!(paths.iter().all(|path| bench.origin.count(path) == 1), "each is fetched once");
    bench.mutating();

    bench.origin.forget();
    let second = bench.well().await;
    assert_eq!((second.documents, second.changed()), (1_000, 0));
    let asked =
        |path: &String| bench.origin.requests_for(path).iter().filter(|r| r.header("if-none-match").is_some()).count();
    assert_eq!(paths.iter().map(asked).sum::<usize>(), PAGES, "each is asked for conditionally");
    assert_eq!(bench.mutating(), 0);

    for path in paths.iter().step_by(100) {
        bench.origin.serve(path, text(path, 2));
    }
    let third = bench.well().await;
    assert_eq!((third.replaced, third.changed()), (10, 10));
    assert_eq!(bench.mutating(), 30, "ten sources, ten uploads, ten deletions");
    let held = bench.held().await;
    assert_eq!((held.len(), held.values().max()), (PAGES, Some(&1)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn noise_in_the_html_and_dates_that_advance_send_nothing() {
    let bench = Bench::new(&["/a"]).await;
    let page = |nonce: u32, price: &str| {
        Reply::page(&format!(
            "<!doctype html><html><head><title>Pricing</title><meta name=csrf content={nonce}></head><body>\
             <script nonce={nonce}>track({nonce})</script><!-- rendered at {nonce} --><main><h1>Pricing</h1>\
             <p>The plan for a team of five people and their friends costs {price} a month, billed once a year, and \
             can be ended at any time without a reason.</p><form><input type=hidden value={nonce}></form></main>\
             <footer>Page generated in 0.{nonce} s</footer></body></html>"
        ))
        .last_modified(&format!("Sat, 21 Nov 2026 00:00:{nonce:02} GMT"))
    };
    bench.origin.serve("/a", page(1, "9 euros"));
    assert_eq!(bench.well().await.added, 1);
    bench.mutating();
    for nonce in 2..5 {
        bench.origin.serve("/a", page(nonce, "9 euros"));
        bench.well().await;
        assert_eq!(bench.mutating(), 0, "nonce {nonce}");
    }
    bench.origin.serve("/a", page(6, "10 euros"));
    assert_eq!(bench.well().await.replaced, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_behind_addresses_go_up_as_they_are() {
    let mut bench = Bench::new(&[]).await;
    let pdf = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus/pdf/typst.pdf")).expect("the corpus");
    bench.origin.serve("/sheet", Reply::new("application/pdf", pdf));
    bench.origin.serve("/notes.txt", Reply::new("text/plain; charset=iso-8859-1", b"caf\xe9".to_vec()));
    let urls = ["/sheet", "/notes.txt"].map(|path| bench.origin.url(path));
    bench.pages().urls = urls.into();
    bench.well().await;
    let names: Vec<_> = bench.world.platform.snapshot().await.into_iter().flat_map(|source| source.documents).collect();
    let mut names: Vec<_> = names.iter().map(|document| document.file_name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["notes.txt", "sheet.pdf"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_cannot_be_noted_or_sent_is_read_again() {
    let bench = Bench::new(&["/a", "/b"]).await;
    for path in ["/a", "/b"] {
        bench.origin.serve(path, text(path, 1));
    }
    // Killed in the middle of the upload, in the pass that has read them.
    for requests in 1..8 {
        if let Some(report) = bench.world.pass(Some(requests)).await {
            assert!(report.fatal.is_none(), "{report:?}");
        }
    }
    bench.pass().await;
    bench.well().await;
    bench.holds(&["/a", "/b"]).await;
    let left = bench.world.folder.with_file_name("state.db.pages");
    assert!(!left.exists(), "what was kept on the way is gone");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_the_platform_lost_goes_up_again_once() {
    let mut bench = Bench::new(&["/a", "/b"]).await;
    bench.well().await;
    let page = bench.origin.url("/a");
    bench.world.delete_somebody_elses_way(page.as_str()).await;
    bench.mutating();
    let report = bench.well().await;
    assert_eq!((report.lost, report.added), (1, 1), "{report:?}");
    assert_eq!(bench.mutating(), 2, "one source and one upload");
    bench.holds(&["/a", "/b"]).await;
    // One that has moved, too.
    bench.origin.serve("/old", Reply::redirect(301, "/moved"));
    bench.origin.serve("/moved", text("/moved", 1));
    let old = bench.origin.url("/old");
    bench.pages().urls.push(old);
    bench.well().await;
    bench.world.delete_somebody_elses_way(bench.origin.url("/moved").as_str()).await;
    bench.mutating();
    assert_eq!(bench.well().await.added, 1);
    assert_eq!(bench.mutating(), 2, "one source and one upload");
    bench.holds(&["/a", "/b", "/moved"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_of_two_collections_goes_up_once_for_each() {
    let mut bench = Bench::new(&["/a"]).await;
    let mut other = bench.world.scope.collections[0].clone();
    other.name = CollectionName::new("others").expect("a name");
    bench.world.scope.collections.push(other);
    bench.mutating();
    assert_eq!(bench.well().await.added, 2);
    assert_eq!(bench.mutating(), 4, "two sources and two uploads");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_platform_fetched_is_made_anew_where_it_is_to_be_uploaded() {
    let mut bench = Bench::new(&["/a"]).await;
    bench.pages().via = Via::Url;
    bench.well().await;
    bench.pages().via = Via::Upload;
    assert_eq!(bench.well().await.replaced, 1);
    bench.holds(&["/a"]).await;
    assert_eq!(bench.well().await.changed(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn via__changed_where_pages_are_said_to_be_unchanged__is_obeyed_by_the_next_pass() {
    let mut bench = Bench::new(&["/a", "/b"]).await;
    let map = bench.origin.url("/sitemap.xml");
    let entry = format!("<url><loc>{}</loc><lastmod>2026-11-01T10:00:00Z</lastmod></url>", bench.origin.url("/b"));
    bench.origin.serve("/sitemap.xml", Reply::new("application/xml", format!("<urlset>{entry}</urlset>")));
    bench.origin.serve("/a", text("/a", 1).etag("\"9e107d9d372bb6826bd81d3542a419d6\""));
    (bench.pages().urls, bench.pages().sitemaps) = (vec![bench.origin.url("/a")], vec![map]);
    for via in [Via::Url, Via::Upload, Via::Url] {
        bench.pages().via = via;
        assert_eq!(bench.well().await.changed(), 2, "{via:?}");
        bench.origin.forget();
        assert_eq!((bench.well().await.changed(), bench.origin.count("/b")), (0, 0), "{via:?}");
    }
    bench.holds(&["/a", "/b"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_takes_no_notes_stops_the_pass_and_hangs_nothing() {
    let paths: Vec<String> = (0..400).map(|n| format!("/{n}")).collect();
    let bench = Bench::new(&paths.iter().map(String::as_str).collect::<Vec<_>>()).await;
    bench.world.break_pages();
    let pass = tokio::time::timeout(Duration::from_secs(60), bench.world.pass(None)).await;
    let report = pass.expect("it ends").expect("nobody kills it");
    assert!(report.fatal.is_some(), "{report:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_preview_says_what_a_pass_would_do_and_remembers_nothing() {
    let bench = Bench::new(&["/a", "/b"]).await;
    bench.well().await;
    bench.origin.serve("/a", text("/a", 2));
    for _ in 0..2 {
        let preview = bench.world.preview();
        let paths = preview.plan.actions.iter().map(|action| match action {
            kbsync::plan::Action::Put { wanted, .. } => path_of(wanted.path.as_str()),
            other => panic!("{other:?}"),
        });
        assert_eq!(paths.collect::<Vec<_>>(), ["/a"]);
    }
    assert_eq!(bench.well().await.replaced, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_platform_fetches_pages_itself_where_it_is_to() {
    let mut bench = Bench::new(&["/a"]).await;
    bench.pages().via = Via::Url;
    bench.origin.serve("/a", text("/a", 1));
    assert_eq!(bench.well().await.added, 1);
    bench.holds(&["/a"]).await;
    let log = bench.world.platform.requests();
    assert_eq!((log.count("POST", "/ingest/url"), log.count("POST", "/ingest/upload")), (1, 0));
    bench.mutating();
    bench.well().await;
    assert_eq!(bench.mutating(), 0);
    bench.origin.serve("/a", text("/a", 2));
    assert_eq!(bench.well().await.replaced, 1);
    bench.holds(&["/a"]).await;
}
