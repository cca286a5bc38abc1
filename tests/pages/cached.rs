//! Answers out of a cache: what is older than what was seen proves nothing, and one copy is one look.

use std::time::{Duration, SystemTime};

use crate::{
    bench::Bench,
    leaving::{index, listed, urlset},
    origin::Reply,
};

/// An answer that a cache has had for an hour, in each of the ways in which caches say so.
fn cached(reply: &Reply) -> [Reply; 2] {
    let then = jiff::Timestamp::try_from(SystemTime::now() - Duration::from_secs(3600)).expect("a time");
    let date = jiff::fmt::rfc2822::to_string(&then.to_zoned(jiff::tz::TimeZone::UTC)).expect("a date");
    [reply.clone().header("Age", "3600"), reply.clone().header("Date", &date)]
}

/// Fails unless the page `/new` is kept, stale, for this reason.
async fn is_kept(bench: &Bench, reason: &str) {
    let report = bench.well().await;
    assert_eq!((report.deleted, report.stale.len()), (0, 1), "{report:?}");
    assert!(report.stale[0].document.path.ends_with("/new"), "{report:?}");
    assert_eq!(report.stale[0].reason, reason);
}

/// Fails unless two looks delete one page.
async fn two_looks_delete(bench: &Bench) {
    assert_eq!(bench.well().await.deleted, 0);
    assert_eq!(bench.well().await.deleted, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn page__that_an_older_copy_of_its_list_does_not_name__stays() {
    for way in 0..2 {
        let bench = listed(&["/a", "/b", "/c", "/d", "/new"], "/map.xml").await;
        bench.origin.serve("/map.xml", urlset(&bench, &["/a", "/b", "/c", "/d", "/new"]));
        bench.well().await;
        let older = urlset(&bench, &["/a", "/b", "/c", "/d"]);
        bench.origin.serve("/map.xml", cached(&older)[way].clone());
        for _ in 0..3 {
            is_kept(&bench, "no list names it any more, but the list is an older copy").await;
        }
        bench.origin.serve("/map.xml", older);
        two_looks_delete(&bench).await;
        bench.holds(&["/a", "/b", "/c", "/d"]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn page__that_an_older_part_of_an_index_may_name__stays() {
    let bench = listed(&["/a", "/b", "/c", "/d", "/new"], "/index.xml").await;
    bench.origin.serve("/index.xml", index(&["/1.xml", "/2.xml"]));
    bench.origin.serve("/1.xml", urlset(&bench, &["/a", "/b", "/new"]));
    bench.origin.serve("/2.xml", urlset(&bench, &["/c", "/d"]));
    bench.well().await;
    // It was pushed into the part of which there is an older copy.
    bench.origin.serve("/1.xml", urlset(&bench, &["/a", "/b"]));
    bench.origin.serve("/2.xml", cached(&urlset(&bench, &["/c", "/d"]))[0].clone());
    for _ in 0..3 {
        is_kept(&bench, "no list names it any more, but the list is an older copy").await;
    }
    bench.origin.serve("/2.xml", urlset(&bench, &["/c", "/d"]));
    two_looks_delete(&bench).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn list__in_one_copy__is_one_look() {
    let mut bench = listed(&["/a", "/b", "/c", "/d", "/new"], "/map.xml").await;
    bench.world.scope.gone_apart = Duration::from_secs(60);
    bench.origin.serve("/map.xml", urlset(&bench, &["/a", "/b", "/c", "/d", "/new"]));
    bench.well().await;
    // That was long ago.
    bench.world.alter_store("UPDATE pages SET read = 1");
    let next = urlset(&bench, &["/a", "/b", "/c", "/d"]);
    bench.origin.serve("/map.xml", cached(&next)[0].clone());
    for _ in 0..3 {
        is_kept(&bench, "no list names it any more, 1 of 2 times").await;
    }
    bench.origin.serve("/map.xml", next);
    assert_eq!(bench.well().await.deleted, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn page__whose_404_is_older_than_its_content__stays() {
    let missing = Reply::status(404);
    for older in cached(&missing) {
        let bench = Bench::new(&["/a", "/new"]).await;
        bench.well().await;
        bench.origin.serve("/new", older);
        for _ in 0..3 {
            is_kept(&bench, "its origin says that it is gone, but in an answer that is older than its content").await;
        }
        bench.origin.serve("/new", missing.clone());
        two_looks_delete(&bench).await;
    }
}
