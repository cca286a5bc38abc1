//! Websites that the platform crawls.

use std::time::Duration;

use kbsync::{
    config::{Collection, Input, Website},
    local::Fault,
    model::{CollectionName, SourceName},
    reconcile::Outcome,
};

use crate::{bench::Bench, origin::Reply};

fn site(bench: &mut Bench, path: &str, auto_sync: bool) {
    let url = bench.origin.url(path);
    bench.world.scope.job_timeout = Duration::from_secs(20);
    bench.world.scope.collections = vec![Collection {
        name: CollectionName::new("site").expect("a name"),
        schedule: None,
        input: Input::Website(Website { url, auto_sync }),
    }];
}

/// The addresses of our websites on the platform, with the number of their pages.
async fn crawled(bench: &Bench) -> Vec<(String, usize)> {
    let sources = bench.world.platform.snapshot().await;
    let ours =
        sources.into_iter().filter_map(|source| Some((SourceName::parse(&source.name)?, source.documents.len())));
    ours.map(|(name, pages)| (crate::bench::path_of(name.path.as_str()), pages)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_website_is_crawled_kept_and_deleted() {
    let mut bench = Bench::new(&[]).await;
    let text = "A long enough text about the product and what it does for those who use it every day. ".repeat(5);
    bench.origin.serve("/", Reply::page(&format!("<main><h1>Home</h1><p>{text}<a href=/about>about</a></main>")));
    bench.origin.serve("/about", Reply::page(&format!("<main><h1>About</h1><p>{text}</main>")));
    bench.origin.serve("/docs", Reply::page(&format!("<main><h1>Docs</h1><p>{text}</main>")));
    site(&mut bench, "/", false);
    assert_eq!(bench.well().await.added, 1);
    assert_eq!(crawled(&bench).await, [("/".to_owned(), 2)]);
    bench.mutating();
    bench.well().await;
    assert_eq!(bench.mutating(), 0);
    // Somebody, or the config, changes a setting.
    site(&mut bench, "/", true);
    assert_eq!(bench.well().await.configured, 1);
    assert_eq!(bench.mutating(), 1);
    bench.well().await;
    assert_eq!(bench.mutating(), 0);
    // Another address: the old one stays until the new one is crawled.
    site(&mut bench, "/docs", true);
    let report = bench.well().await;
    assert_eq!((report.added, report.deleted), (1, 1), "{report:?}");
    assert_eq!(crawled(&bench).await, [("/docs".to_owned(), 1)]);
    // It leaves the config.
    bench.world.scope.collections.clear();
    assert_eq!(bench.pass().await.deleted, 0, "what has left the config is held");
    let name = CollectionName::new("site").expect("a name");
    bench.world.store().approve(&name).expect("the store");
    assert_eq!(bench.well().await.deleted, 1);
    assert_eq!(crawled(&bench).await, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn website__a_setting_is_refused__is_named_and_tried_again_later() {
    let mut bench = Bench::new(&["/"]).await;
    site(&mut bench, "/", false);
    bench.well().await;
    site(&mut bench, "/", true);
    bench.world.faults.always("PUT", "/sources", Fault::Status(400));
    for sent in [1, 0] {
        bench.mutating();
        let report = bench.pass().await;
        assert_eq!((report.outcome(), report.configured, bench.mutating()), (Outcome::Failed, 0, sent), "{report:?}");
        assert!(report.unready[0].reason.contains("could not be set: the platform answered 400"), "{report:?}");
    }
    bench.world.faults.clear();
    bench.world.alter_store("UPDATE replicas SET retry_at = 1 WHERE retry_at IS NOT NULL");
    bench.pass().await;
    let report = bench.well().await;
    assert_eq!(report.unready, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_stay_until_the_website_that_takes_their_place_is_crawled() {
    let mut bench = Bench::new(&["/", "/1", "/2", "/3"]).await;
    bench.well().await;
    let mut changes = bench.world.platform.watch();
    site(&mut bench, "/", false);
    bench.world.scope.collections[0].name = CollectionName::new("pages").expect("a name");
    bench.well().await;
    assert_eq!(crawled(&bench).await, [("/".to_owned(), 1)]);
    let mut told = Vec::new();
    while let Ok(change) = changes.try_recv() {
        told.push(format!("{change:?}"));
    }
    let place = |word: &str| told.iter().position(|change| change.contains(word)).expect(word);
    assert!(place("Held") < place("Gone"), "{told:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_website_that_cannot_be_crawled_is_quarantined_with_words() {
    let mut bench = Bench::new(&[]).await;
    site(&mut bench, "/nothing", false);
    let report = bench.pass().await;
    assert_eq!(report.outcome().as_str(), "failed", "{report:?}");
    assert!(report.failed[0].reason.contains("crawl"), "{report:?}");
    bench.mutating();
    assert_eq!(bench.pass().await.quarantined.len(), 1);
    assert_eq!(bench.mutating(), 0);
    assert_eq!(crawled(&bench).await, []);
}
