//! Pages that move: for good, for now, and back.

use crate::{
    bench::{Bench, MARKDOWN},
    origin::{Origin, Reply},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages__that_their_sitemap_names_at_another_host__stay_until_they_lead_there() {
    let mut bench = Bench::new(&["/a", "/b", "/c", "/d"]).await;
    let there = Origin::start_at("127.0.0.2:0").expect("another address of this machine");
    let map = bench.origin.url("/sitemap.xml");
    let serve = |bench: &Bench, moved: &[&str]| {
        let url = |path: &str| if moved.contains(&path) { there.url(path) } else { bench.origin.url(path) };
        let entries: String =
            ["/a", "/b", "/c"].iter().map(|path| format!("<url><loc>{}</loc></url>", url(path))).collect();
        bench.origin.serve("/sitemap.xml", Reply::new("application/xml", format!("<urlset>{entries}</urlset>")));
    };
    serve(&bench, &[]);
    (bench.pages().urls, bench.pages().sitemaps) = (vec![bench.origin.url("/d")], vec![map]);
    assert_eq!(bench.well().await.added, 4);
    serve(&bench, &["/b", "/c"]);
    for _ in 0..3 {
        assert_eq!(bench.well().await.changed(), 0, "they are there");
    }
    there.serve("/b", Reply::new(MARKDOWN, "# Page /b"));
    bench.origin.serve("/b", Reply::redirect(301, there.url("/b")));
    bench.origin.withdraw("/c");
    bench.well().await;
    let report = bench.well().await;
    assert_eq!(report.deleted, 1, "what its site says is gone goes: {report:?}");
    for _ in 0..3 {
        assert_eq!(bench.well().await.changed(), 0);
    }
    bench.holds(&["/a", "/b", "/d"]).await;
    let sources = bench.world.platform.snapshot().await;
    assert!(sources.iter().any(|source| source.name.contains(there.url("/b").as_str())), "{sources:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_moves_for_good_only_gets_another_name() {
    let bench = Bench::new(&["/old", "/other"]).await;
    bench.well().await;
    bench.mutating();
    bench.origin.serve("/old", Reply::redirect(301, "/new"));
    bench.origin.serve("/new", Reply::new(MARKDOWN, "# Page /old").etag("\"1\""));
    let report = bench.well().await;
    assert_eq!((report.renamed, report.changed()), (1, 1), "{report:?}");
    bench.holds(&["/new", "/other"]).await;
    assert_eq!(bench.mutating(), 1, "one PUT");
    for _ in 0..2 {
        bench.origin.forget();
        bench.well().await;
        assert_eq!(bench.mutating(), 0);
        assert_eq!(bench.origin.requests_for("/new")[0].header("if-none-match"), Some("\"1\""));
    }
    // And back.
    bench.origin.serve("/old", Reply::new(MARKDOWN, "# Page /old"));
    bench.origin.withdraw("/new");
    let report = bench.well().await;
    assert_eq!(report.renamed, 1, "{report:?}");
    bench.holds(&["/old", "/other"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_moves_and_changes_has_no_hole() {
    let bench = Bench::new(&["/old"]).await;
    bench.well().await;
    let mut changes = bench.world.platform.watch();
    bench.origin.serve("/old", Reply::redirect(308, "/new"));
    bench.origin.serve("/new", Reply::new(MARKDOWN, "# Another text"));
    assert_eq!(bench.well().await.changed(), 0, "once is not enough");
    bench.holds(&["/old"]).await;
    let report = bench.well().await;
    assert_eq!((report.added, report.deleted), (1, 1), "{report:?}");
    bench.holds(&["/new"]).await;
    let mut told = Vec::new();
    while let Ok(change) = changes.try_recv() {
        told.push(format!("{change:?}"));
    }
    let place = |word: &str| told.iter().position(|change| change.contains(word)).expect(word);
    assert!(place("Held") < place("Gone"), "{told:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_move_to_a_page_that_is_listed_too_leaves_one() {
    let bench = Bench::new(&["/a", "/b"]).await;
    bench.well().await;
    bench.origin.serve("/a", Reply::redirect(301, "/b"));
    assert_eq!(bench.well().await.changed(), 0, "once is not enough");
    let report = bench.well().await;
    assert_eq!((report.deleted, report.changed()), (1, 1), "{report:?}");
    bench.holds(&["/b"]).await;
    bench.mutating();
    // What befalls the one that leads here is not said of this one.
    for reply in [Reply::status(503), Reply::status(404), Reply::status(404)] {
        bench.origin.serve("/a", reply);
        bench.origin.serve("/b", Reply::new(MARKDOWN, "# Page /b"));
        assert!(bench.well().await.stale.iter().all(|stale| !stale.document.path.ends_with("/b")));
    }
    assert_eq!(bench.mutating(), 0);
    bench.holds(&["/b"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_move_for_good_that_becomes_one_for_now_comes_back() {
    let bench = Bench::new(&["/a"]).await;
    bench.origin.serve("/a", Reply::redirect(301, "/b"));
    bench.origin.serve("/b", Reply::new(MARKDOWN, "# Page").etag("\"1\""));
    bench.well().await;
    bench.holds(&["/b"]).await;
    bench.origin.serve("/a", Reply::redirect(302, "/b"));
    for _ in 0..2 {
        bench.well().await;
    }
    bench.holds(&["/a"]).await;
    assert_eq!(bench.well().await.stale, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_store_and_trouble_delete_no_page_that_has_moved() {
    let bench = Bench::new(&["/a", "/other"]).await;
    bench.origin.serve("/a", Reply::redirect(301, "/b"));
    bench.origin.serve("/b", Reply::new(MARKDOWN, "# Page"));
    bench.well().await;
    bench.holds(&["/b", "/other"]).await;
    bench.world.lose_store();
    bench.origin.serve("/a", Reply::status(503));
    assert_eq!(bench.well().await.deleted, 0);
    bench.holds(&["/b", "/other"]).await;
    bench.origin.serve("/a", Reply::redirect(301, "/b"));
    assert_eq!(bench.well().await.changed(), 0);
    bench.holds(&["/b", "/other"]).await;
}

/// A page with words of its own.
fn text(n: usize, word: &str) -> String {
    let own = ["steel", "wood", "glass", "paper", "stone"][n % 5].repeat(1 + n / 5);
    format!("# Page {n}\n\n{}{word}", format!("The {own} of {own} has a {own} for each {own}. ").repeat(9))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages__that_move_one_to_one_and_are_edited__are_held_by_no_guard() {
    for host in ["127.0.0.1", "localhost"] {
        let paths: Vec<String> = (0..15).map(|n| format!("/old{n}")).collect();
        let mut bench = Bench::new(&paths.iter().map(String::as_str).collect::<Vec<_>>()).await;
        (bench.world.scope.policy.max_deletes, bench.world.scope.policy.max_delete_percent) = (10, 10);
        let serve = |path: &str, n, word| bench.origin.serve(path, Reply::new(MARKDOWN, text(n, word)));
        paths.iter().enumerate().for_each(|(n, path)| serve(path, n, "Old."));
        bench.well().await;
        for (n, path) in paths.iter().enumerate() {
            let new = format!("/new{n}");
            serve(&new, n, "Edited.");
            bench.origin.serve(path, Reply::redirect(301, bench.origin.url_as(host, &new)));
        }
        assert_eq!(bench.well().await.changed(), 0, "once is not enough");
        let report = bench.well().await;
        assert_eq!((report.added, report.deleted), (15, 15), "{host}: {report:?}");
        assert_eq!(bench.well().await.changed(), 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages__that_move_to_one_text_at_many_addresses__are_held() {
    let paths: Vec<String> = (0..6).map(|n| format!("/old{n}")).collect();
    let bench = Bench::new(&paths.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let serve = |(n, path): (usize, &String)| bench.origin.serve(path, Reply::new(MARKDOWN, text(n, "Old.")));
    paths.iter().enumerate().for_each(serve);
    bench.well().await;
    for (n, path) in paths.iter().enumerate() {
        let new = format!("/parked?from={n}");
        let text = format!("# Parked\n\n{}Id {n}.", "Buy this name today, for it is a good one to have. ".repeat(5));
        bench.origin.serve(&new, Reply::new(MARKDOWN, text));
        bench.origin.serve(path, Reply::redirect(301, bench.origin.url_as("localhost", &new)));
    }
    for _ in 0..3 {
        let report = bench.pass().await;
        assert_eq!((report.outcome().as_str(), report.changed()), ("held", 0), "{report:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_detour_is_no_move() {
    let bench = Bench::new(&["/a"]).await;
    bench.well().await;
    bench.origin.serve("/a", Reply::redirect(302, "/maintenance"));
    bench.origin.serve("/maintenance", Reply::new(MARKDOWN, "# Page /a"));
    bench.mutating();
    bench.well().await;
    assert_eq!(bench.mutating(), 0);
    bench.holds(&["/a"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_target_that_is_not_there_keeps_the_page() {
    let bench = Bench::new(&["/a"]).await;
    bench.well().await;
    bench.origin.serve("/a", Reply::redirect(301, "/b"));
    bench.origin.serve("/b", Reply::status(503));
    for _ in 0..3 {
        assert_eq!(bench.well().await.changed(), 0);
    }
    bench.holds(&["/a"]).await;
}
