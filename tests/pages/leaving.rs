//! Pages that leave their lists, or move together: one look proves nothing.

use kbsync::model::CollectionName;

use crate::{
    bench::{Bench, MARKDOWN},
    origin::{Origin, Reply},
};

/// A sitemap of these paths.
pub fn urlset(bench: &Bench, paths: &[&str]) -> Reply {
    let entries: String =
        paths.iter().map(|path| format!("<url><loc>{}</loc></url>", bench.origin.url(path))).collect();
    Reply::new("application/xml", format!("<urlset>{entries}</urlset>"))
}

/// A collection of what one list names.
pub async fn listed(paths: &[&str], list: &str) -> Bench {
    let mut bench = Bench::new(paths).await;
    (bench.world.scope.policy.max_deletes, bench.world.scope.policy.max_delete_percent) = (10, 10);
    let list = bench.origin.url(list);
    let pages = bench.pages();
    pages.urls.clear();
    pages.sitemaps = vec![list];
    bench
}

/// An index of these sitemaps.
pub fn index(parts: &[&str]) -> Reply {
    let parts: String = parts.iter().map(|path| format!("<sitemap><loc>{path}</loc></sitemap>")).collect();
    Reply::new("application/xml", format!("<sitemapindex>{parts}</sitemapindex>"))
}

/// A collection of what an index of two parts names: `/a` and `/b` in the first, `/c` and `/d` in the second.
async fn indexed(paths: &[&str]) -> Bench {
    let bench = listed(paths, "/index.xml").await;
    bench.origin.serve("/index.xml", index(&["/1.xml", "/2.xml"]));
    bench.origin.serve("/1.xml", urlset(&bench, &["/a", "/b"]));
    bench.origin.serve("/2.xml", urlset(&bench, &["/c", "/d"]));
    bench
}

fn approve(bench: &Bench) -> u64 {
    let name = CollectionName::new("pages").expect("a name");
    bench.world.store().approve(&name).expect("the store").deletions
}

fn numbered(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("/{n}")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages__that_are_gone_a_few_at_each_pass__are_held_when_they_are_many() {
    let paths = numbered(40);
    let mut bench = Bench::new(&paths.iter().map(String::as_str).collect::<Vec<_>>()).await;
    (bench.world.scope.policy.max_deletes, bench.world.scope.policy.max_delete_percent) = (10, 10);
    bench.well().await;
    for (few, expected) in paths.chunks(5).zip([5, 5, 0, 0]) {
        few.iter().for_each(|path| bench.origin.withdraw(path));
        bench.pass().await;
        let report = bench.pass().await;
        let outcome = if expected > 0 { "ok" } else { "held" };
        assert_eq!((report.outcome().as_str(), report.deleted), (outcome, expected), "{report:?}");
    }
    assert_eq!(approve(&bench), 10);
    assert_eq!(bench.well().await.deleted, 10);
    // What was approved does not count any more.
    paths[20..25].iter().for_each(|path| bench.origin.withdraw(path));
    bench.well().await;
    assert_eq!(bench.well().await.deleted, 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_moves__to_one_place__are_held_until_they_are_approved() {
    let other = Origin::start();
    other.serve("/", Reply::new(MARKDOWN, "# Our new home"));
    let elsewhere = other.url_as("localhost", "/").to_string();
    for to in ["/maintenance", elsewhere.as_str()] {
        let paths = numbered(8);
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        let bench = Bench::new(&paths).await;
        bench.origin.serve("/maintenance", Reply::new(MARKDOWN, "# Back soon"));
        bench.well().await;
        bench.mutating();
        let lead_away = || paths.iter().for_each(|path| bench.origin.serve(path, Reply::redirect(301, to)));
        lead_away();
        for _ in 0..3 {
            let report = bench.pass().await;
            assert_eq!((report.outcome().as_str(), report.changed()), ("held", 0), "{to}: {report:?}");
            assert_eq!(bench.mutating(), 0);
        }
        bench.holds(&paths).await;
        paths.iter().for_each(|path| bench.origin.serve(path, Reply::new(MARKDOWN, format!("# Page {path}"))));
        assert_eq!(bench.well().await.changed(), 0, "{to}: they are back");
        lead_away();
        bench.pass().await;
        assert_eq!(approve(&bench), 8);
        let report = bench.well().await;
        assert_eq!((report.added, report.deleted), (1, 8), "{to}: {report:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn moves__each_to_a_place_of_its_own__need_two_looks() {
    let paths = numbered(8);
    let bench = Bench::new(&paths.iter().map(String::as_str).collect::<Vec<_>>()).await;
    bench.well().await;
    for path in &paths {
        bench.origin.serve(path, Reply::redirect(301, format!("/new{path}")));
        bench.origin.serve(&format!("/new{path}"), Reply::new(MARKDOWN, format!("# Another page {path}")));
    }
    assert_eq!(bench.well().await.changed(), 0);
    let report = bench.well().await;
    assert_eq!((report.added, report.deleted), (8, 8), "{report:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sitemap__much_smaller_than_before__is_held_until_it_is_approved() {
    let paths = numbered(12);
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    let bench = listed(&paths, "/map.xml").await;
    bench.origin.serve("/map.xml", urlset(&bench, &paths));
    bench.well().await;
    bench.origin.serve("/map.xml", urlset(&bench, &paths[..2]));
    for _ in 0..3 {
        let report = bench.pass().await;
        assert_eq!((report.outcome().as_str(), report.deleted), ("held", 0), "{report:?}");
    }
    bench.origin.serve("/map.xml", urlset(&bench, &paths));
    assert_eq!(bench.well().await.changed(), 0);
    bench.origin.serve("/map.xml", urlset(&bench, &paths[..2]));
    bench.pass().await;
    assert_eq!(approve(&bench), 10);
    assert_eq!(bench.well().await.deleted, 10);
    bench.holds(&paths[..2]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sitemap__without_some_pages_for_one_look__deletes_nothing() {
    let paths = numbered(12);
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    let bench = listed(&paths, "/map.xml").await;
    bench.origin.serve("/map.xml", urlset(&bench, &paths));
    bench.well().await;
    for _ in 0..2 {
        bench.origin.serve("/map.xml", urlset(&bench, &paths[..8]));
        let report = bench.well().await;
        assert_eq!((report.deleted, report.stale.len()), (0, 4), "{report:?}");
        bench.origin.serve("/map.xml", urlset(&bench, &paths));
        assert_eq!(bench.well().await.stale, []);
    }
    bench.origin.serve("/map.xml", urlset(&bench, &paths[..8]));
    bench.well().await;
    assert_eq!(bench.well().await.deleted, 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn part_of_an_index__missing_or_empty__leaves_to_its_pages_whether_they_are_gone() {
    for answer in [Reply::status(404), Reply::status(410), Reply::new("application/xml", "<urlset></urlset>")] {
        let bench = indexed(&["/a", "/b", "/c", "/d"]).await;
        bench.well().await;
        bench.origin.serve("/2.xml", answer);
        bench.origin.serve("/d", Reply::status(404));
        let once = bench.pass().await;
        assert_eq!((once.outcome().as_str(), once.deleted, once.unlisted.len()), ("failed", 0, 1), "{once:?}");
        assert_eq!(bench.pass().await.deleted, 1);
        for _ in 0..2 {
            assert_eq!(bench.pass().await.deleted, 0);
        }
        bench.holds(&["/a", "/b", "/c"]).await;
        bench.origin.serve("/index.xml", index(&["/1.xml"]));
        bench.well().await;
        assert_eq!(bench.well().await.deleted, 1);
        bench.holds(&["/a", "/b"]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages__pushed_from_one_part_of_an_index_into_one_in_trouble__stay() {
    for broken in [Reply::status(503), Reply::status(404), Reply::new("application/xml", "<urlset></urlset>")] {
        let bench = indexed(&["/a", "/b", "/c", "/d", "/new"]).await;
        bench.well().await;
        bench.origin.serve("/1.xml", urlset(&bench, &["/new", "/a"]));
        bench.origin.serve("/2.xml", broken);
        for _ in 0..3 {
            let report = bench.pass().await;
            assert_eq!((report.outcome().as_str(), report.deleted), ("failed", 0), "{report:?}");
        }
        bench.holds(&["/a", "/b", "/c", "/d", "/new"]).await;
        bench.origin.serve("/2.xml", urlset(&bench, &["/b", "/c"]));
        bench.well().await;
        assert_eq!(bench.well().await.deleted, 1);
        bench.holds(&["/a", "/b", "/c", "/new"]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn page__beside_a_part_that_is_gone_for_good__goes_when_its_site_says_so() {
    let bench = indexed(&["/a", "/b", "/c", "/d"]).await;
    bench.well().await;
    bench.origin.serve("/1.xml", urlset(&bench, &["/a"]));
    bench.origin.serve("/2.xml", Reply::status(404));
    for _ in 0..2 {
        assert_eq!(bench.pass().await.deleted, 0);
    }
    bench.origin.serve("/b", Reply::status(404));
    assert_eq!(bench.pass().await.deleted, 0);
    assert_eq!(bench.pass().await.deleted, 1);
    bench.holds(&["/a", "/c", "/d"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn part_of_an_index__in_trouble__withholds_the_pages_of_its_index_alone() {
    let mut bench = indexed(&["/a", "/b", "/c", "/d", "/e", "/f"]).await;
    let map = bench.origin.url("/map.xml");
    bench.pages().sitemaps.push(map);
    bench.origin.serve("/map.xml", urlset(&bench, &["/e", "/f"]));
    bench.well().await;
    bench.origin.serve("/1.xml", urlset(&bench, &["/a"]));
    bench.origin.serve("/2.xml", Reply::status(503));
    bench.origin.serve("/map.xml", urlset(&bench, &["/e"]));
    assert_eq!(bench.pass().await.deleted, 0);
    let report = bench.pass().await;
    assert_eq!((report.outcome().as_str(), report.deleted), ("failed", 1), "{report:?}");
    bench.holds(&["/a", "/b", "/c", "/d", "/e"]).await;
    bench.origin.serve("/index.xml", Reply::status(503));
    for _ in 0..3 {
        assert_eq!(bench.pass().await.deleted, 0);
    }
    bench.holds(&["/a", "/b", "/c", "/d", "/e"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn part_of_an_index__joined_to_one_in_trouble__loses_nothing() {
    let bench = indexed(&["/a", "/b", "/c", "/d"]).await;
    bench.well().await;
    bench.origin.serve("/index.xml", index(&["/1.xml"]));
    bench.origin.serve("/1.xml", Reply::status(500));
    for _ in 0..3 {
        assert_eq!(bench.pass().await.deleted, 0);
    }
    bench.origin.serve("/1.xml", urlset(&bench, &["/a", "/b", "/c"]));
    bench.well().await;
    assert_eq!(bench.well().await.deleted, 1);
    bench.holds(&["/a", "/b", "/c"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn part_of_an_index__renamed_and_in_trouble__deletes_nothing() {
    let bench = indexed(&["/a", "/b", "/c", "/d"]).await;
    bench.well().await;
    bench.origin.serve("/index.xml", index(&["/1.xml", "/new.xml"]));
    bench.origin.serve("/new.xml", Reply::status(500));
    for _ in 0..3 {
        let report = bench.pass().await;
        assert_eq!((report.outcome().as_str(), report.deleted), ("failed", 0), "{report:?}");
    }
    bench.origin.serve("/new.xml", urlset(&bench, &["/c"]));
    bench.well().await;
    assert_eq!(bench.well().await.deleted, 1);
    bench.holds(&["/a", "/b", "/c"]).await;
}
