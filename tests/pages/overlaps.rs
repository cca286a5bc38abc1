//! Pages that several lists name, and lists of which a part cannot be read: what any of them may still name stays.

use std::{
    fs::{self, File},
    path::Path,
    time::{Duration, SystemTime},
};

use crate::{bench::Bench, origin::Reply};

fn urlset(bench: &Bench, paths: &[&str]) -> Reply {
    let entries: String =
        paths.iter().map(|path| format!("<url><loc>{}</loc></url>", bench.origin.url(path))).collect();
    Reply::new("application/xml", format!("<urlset>{entries}</urlset>"))
}

fn index(parts: &[&str]) -> Reply {
    let parts: String = parts.iter().map(|path| format!("<sitemap><loc>{path}</loc></sitemap>")).collect();
    Reply::new("application/xml", format!("<sitemapindex>{parts}</sitemapindex>"))
}

/// Writes a list that rests since a while, so it is not waited for.
fn write(path: &Path, text: &str) {
    fs::write(path, text).expect("the list");
    let file = File::options().write(true).open(path).expect("the list");
    file.set_modified(SystemTime::now() - Duration::from_secs(3600)).expect("its time");
}

/// Pages `/a` to `/d`, of which `/1.xml` names all but the last and `/2.xml` all but the first.
async fn overlapping(lists: &[&str], urls: &[&str]) -> Bench {
    let mut bench = Bench::new(&["/a", "/b", "/c", "/d"]).await;
    bench.origin.serve("/1.xml", urlset(&bench, &["/a", "/b", "/c"]));
    bench.origin.serve("/2.xml", urlset(&bench, &["/b", "/c", "/d"]));
    bench.origin.serve("/index.xml", index(&["/1.xml", "/2.xml"]));
    bench.origin.serve("/other.xml", index(&["/1.xml", "/3.xml"]));
    bench.origin.serve("/3.xml", urlset(&bench, &["/d"]));
    let lists = lists.iter().map(|list| bench.origin.url(list)).collect();
    let urls = urls.iter().map(|url| bench.origin.url(url)).collect();
    let pages = bench.pages();
    (pages.sitemaps, pages.urls) = (lists, urls);
    bench.well().await;
    bench
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn page__of_two_lists_of_which_one_fails__stays_when_the_other_drops_it() {
    for (lists, failing) in [
        (&["/1.xml", "/2.xml"][..], "/2.xml"),
        (&["/2.xml", "/1.xml"], "/2.xml"),
        (&["/index.xml"], "/2.xml"),
        // The same part belongs to two indexes, of which the second fails and the first names it no more.
        (&["/index.xml", "/other.xml"], "/other.xml"),
    ] {
        for broken in [Reply::status(503), Reply::page("<p>hello"), Reply::new("application/xml", "<urlset><url><loc>")]
        {
            let bench = overlapping(lists, &[]).await;
            bench.origin.serve(failing, broken);
            // It is known for more than one look.
            bench.pass().await;
            if failing == "/other.xml" {
                bench.origin.serve("/index.xml", index(&["/2.xml"]));
            }
            bench.origin.serve("/1.xml", urlset(&bench, &["/a"]));
            for _ in 0..3 {
                let report = bench.pass().await;
                assert_eq!((report.outcome().as_str(), report.deleted), ("failed", 0), "{lists:?}: {report:?}");
            }
            bench.holds(&["/a", "/b", "/c", "/d"]).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn page__of_the_config_and_of_a_list_that_fails__stays_when_the_config_drops_it() {
    let mut bench = overlapping(&["/2.xml"], &["/a", "/b"]).await;
    bench.origin.serve("/2.xml", Reply::status(503));
    bench.pages().urls.pop();
    for _ in 0..3 {
        assert_eq!(bench.pass().await.deleted, 0);
    }
    bench.origin.serve("/2.xml", urlset(&bench, &["/c", "/d"]));
    bench.well().await;
    assert_eq!(bench.well().await.deleted, 1);
    bench.holds(&["/a", "/c", "/d"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn page__dropped_by_one_list__goes_when_the_other_drops_it_too() {
    let bench = overlapping(&["/1.xml", "/2.xml"], &[]).await;
    bench.origin.serve("/1.xml", urlset(&bench, &["/a"]));
    for _ in 0..3 {
        assert_eq!(bench.well().await.changed(), 0);
    }
    // The first has nothing to do with it any more.
    bench.origin.serve("/1.xml", Reply::status(503));
    bench.origin.serve("/2.xml", urlset(&bench, &["/c", "/d"]));
    bench.pass().await;
    assert_eq!(bench.pass().await.deleted, 1);
    bench.holds(&["/a", "/c", "/d"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn file_of_addresses__with_lines_that_are_no_use__deletes_nothing() {
    let mut bench = Bench::new(&["/a", "/b", "/c"]).await;
    let file = bench.world.folder.join("my urls.txt");
    let url = |path: &str| bench.origin.url(path).to_string();
    let (a, b, c) = (url("/a"), url("/b"), url("/c"));
    write(&file, &format!("{a}\n{b}\n{c}\n"));
    let pages = bench.pages();
    (pages.urls, pages.url_files) = (Vec::new(), vec![file.clone()]);
    bench.well().await;
    for broken in ["htp://typo/c", "/c", "<<<<<<< HEAD\n=======\n>>>>>>> theirs"] {
        write(&file, &format!("{a}\n{b}\n{broken}\n"));
        for _ in 0..2 {
            let report = bench.well().await;
            assert_eq!((report.deleted, report.stale.len()), (0, 1), "{broken}: {report:?}");
            assert!(report.stale[0].reason.contains("my urls.txt:3"), "{report:?}");
        }
    }
    write(&file, &format!("{a}\n{b}\n"));
    assert_eq!(bench.well().await.deleted, 1);
    bench.holds(&["/a", "/b"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn part_of_an_index__empty_now__deletes_nothing_that_it_alone_named() {
    let bench = overlapping(&["/index.xml"], &[]).await;
    bench.origin.serve("/2.xml", urlset(&bench, &[]));
    for _ in 0..3 {
        let report = bench.pass().await;
        assert_eq!((report.outcome().as_str(), report.deleted), ("failed", 0), "{report:?}");
    }
    bench.holds(&["/a", "/b", "/c", "/d"]).await;
    // Where another part names them all, an empty one is nobody's loss.
    bench.origin.serve("/1.xml", urlset(&bench, &["/a", "/b", "/c", "/d"]));
    assert_eq!(bench.well().await.changed(), 0);
    bench.origin.serve("/index.xml", index(&["/1.xml"]));
    bench.origin.serve("/1.xml", urlset(&bench, &["/a", "/b", "/c"]));
    bench.well().await;
    assert_eq!(bench.well().await.deleted, 1);
}
