//! Collections beside slow hosts: nobody waits for another one, and what takes too long is left for a later pass by name.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use kbsync::{
    config::{Collection, Input},
    fetch::{SlowHost, TimeBudget},
    local::Fault,
    model::CollectionName,
    reconcile::{Event, Outcome},
};

use crate::{
    bench::{Bench, MARKDOWN, pages},
    origin::{Gate, Origin, Reply},
    support::collection,
};

const OUT_OF_TIME: &str = "it was not looked at this time";

/// Slow is what takes any time at all.
fn in_haste(bench: &mut Bench) {
    let budget = TimeBudget {
        each: Duration::ZERO,
        host: Duration::ZERO,
        collection: Duration::from_secs(600),
        report: Duration::ZERO,
        ..TimeBudget::default()
    };
    bench.world.scope.reader = bench.world.scope.reader.clone().with_time_budget(budget);
}

fn sitemap(site: &Origin, paths: &[&str]) -> Reply {
    let entries: String = paths.iter().map(|path| format!("<url><loc>{}</loc></url>", site.url(path))).collect();
    Reply::new("application/xml", format!("<urlset>{entries}</urlset>"))
}

fn collection_of(name: &str, site: &Origin, lists: &[&str]) -> Collection {
    let mut pages = pages(Vec::new());
    pages.sitemaps = lists.iter().map(|list| site.url(list)).collect();
    Collection { name: CollectionName::new(name).unwrap(), schedule: None, input: Input::Pages(pages) }
}

/// Waits until something is so.
async fn until(what: &str, so: impl AsyncFn() -> bool) {
    let wait = async {
        while !so().await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), wait).await.unwrap_or_else(|_| panic!("never: {what}"));
}

async fn held(bench: &Bench, start: &str) -> bool {
    let sources = bench.world.platform.snapshot().await;
    sources.iter().any(|source| source.status == "synced" && source.name.starts_with(start))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn folder_and_collections__beside_one_whose_list_stalls__do_not_wait_for_it() {
    let mut bench = Bench::new(&["/a"]).await;
    let (slow, gate) = (Origin::start(), Gate::default());
    slow.serve("/map.xml", sitemap(&slow, &["/late"]).behind(&gate));
    slow.serve("/late", Reply::new(MARKDOWN, "# Late"));
    bench.world.scope.pause_after = Duration::from_millis(1);
    bench.world.scope.collections.insert(0, collection_of("slow", &slow, &["/map.xml"]));
    bench.world.scope.collections.push(collection(&bench.world.folder));
    bench.world.write("a.md", "# A file");
    let (report, ()) = tokio::join!(bench.well(), async {
        until("the file and the page are up", async || held(&bench, "docs/a.md").await && held(&bench, "pages/").await)
            .await;
        gate.open();
    });
    assert_eq!((report.added, report.documents), (3, 3), "{report:?}");
    assert_eq!(slow.count("/map.xml"), 1, "it is read once, whatever else goes up meanwhile");
    bench.mutating();
    bench.well().await;
    assert_eq!(bench.mutating(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn folder__whose_collection_has_another_name__is_renamed_before_pages_are_read() {
    let mut bench = Bench::new(&["/a"]).await;
    bench.world.scope.collections.push(collection(&bench.world.folder));
    bench.world.write("a.md", "# A file");
    bench.world.write("b.md", "# Another file");
    bench.well().await;
    let gate = Gate::default();
    bench.origin.serve("/a", Reply::new(MARKDOWN, "# Page /a").behind(&gate));
    bench.world.scope.collections[1].name = CollectionName::new("handbook").unwrap();
    let (report, ()) = tokio::join!(bench.well(), async {
        until("it has its new name", async || {
            held(&bench, "handbook/a.md").await && held(&bench, "handbook/b.md").await && !held(&bench, "docs/").await
        })
        .await;
        gate.open();
    });
    assert_eq!((report.renamed, report.added, report.deleted), (2, 0, 0), "{report:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages__that_have_changed_their_collection__wait_for_its_look() {
    let mut bench = Bench::new(&["/a", "/b"]).await;
    bench.world.scope.collections.push(collection(&bench.world.folder));
    bench.well().await;
    bench.world.write("a.md", "# A file");
    bench.world.scope.collections[0].name = CollectionName::new("site").unwrap();
    let report = bench.well().await;
    assert_eq!((report.added, report.renamed, report.deleted), (1, 2, 0), "{report:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn job_of_a_file__that_does_not_end__keeps_no_page_waiting() {
    let mut bench = Bench::new(&["/a"]).await;
    bench.world.scope.collections.push(collection(&bench.world.folder));
    bench.world.write("a.md", "# A file");
    bench.world.scope.pause_after = Duration::from_millis(1);
    bench.world.scope.job_timeout = Duration::from_secs(600);
    bench.world.faults.once("POST", "/ingest/upload", Fault::JobStalls);
    tokio::select! {
        report = bench.pass() => panic!("its job does not end: {report:?}"),
        () = until("the page is up", async || held(&bench, "pages/").await) => {}
    }
    assert!(!held(&bench, "docs/").await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists__of_a_host_that_has_had_its_time__are_left_by_name_and_delete_nothing() {
    let mut bench = Bench::new(&[]).await;
    let lists = ["/1.xml", "/2.xml", "/3.xml"];
    let fill = |bench: &Bench| {
        for list in lists {
            let page = list.replace(".xml", "");
            bench.origin.serve(list, sitemap(&bench.origin, &[&page]));
            bench.origin.serve(&page, Reply::new(MARKDOWN, format!("# Page {page}")));
        }
    };
    fill(&bench);
    bench.pages().sitemaps = lists.iter().map(|list| bench.origin.url(list)).collect();
    bench.well().await;
    in_haste(&mut bench);
    // What they named is not there any more, and only those that are read say so.
    lists.iter().for_each(|list| bench.origin.serve(list, sitemap(&bench.origin, &["/other"])));
    bench.origin.serve("/other", Reply::new(MARKDOWN, "# Another"));
    let report = bench.pass().await;
    assert_eq!(report.outcome(), Outcome::Failed, "{report:?}");
    let left: Vec<_> = report.unlisted.iter().map(|failure| failure.reason.as_str()).collect();
    assert_eq!(left.len(), 2, "{report:?}");
    assert!(left.iter().all(|reason| reason.contains(OUT_OF_TIME)), "{left:?}");
    assert!(report.unlisted.iter().all(|one| one.document.path.ends_with(".xml")), "by name: {report:?}");
    let asked = lists.iter().map(|list| bench.origin.count(list)).sum::<usize>();
    assert_eq!((asked, report.deleted), (3 + 1, 0), "{report:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists__where_time_ends_before_all_are_read__have_their_turn_in_later_passes() {
    let mut bench = Bench::new(&[]).await;
    let lists = ["/1.xml", "/2.xml", "/3.xml"];
    lists.iter().for_each(|list| bench.origin.serve(list, sitemap(&bench.origin, &["/a"])));
    bench.origin.serve("/a", Reply::new(MARKDOWN, "# Page"));
    bench.pages().sitemaps = lists.iter().map(|list| bench.origin.url(list)).collect();
    in_haste(&mut bench);
    let mut passes = 0;
    while lists.iter().any(|list| bench.origin.count(list) == 0) {
        bench.pass().await;
        passes += 1;
        assert!(passes < 200, "each list is the first one in one of three passes");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages__of_a_host_that_has_had_its_time__are_read_by_the_next_passes() {
    let paths: Vec<String> = (0..6).map(|n| format!("/{n}")).collect();
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    let mut bench = Bench::new(&paths).await;
    bench.pages().connections = 1;
    in_haste(&mut bench);
    // Its robots.txt is a page of it as well, and takes its time in the first pass.
    bench.pass().await;
    let mut held = 0;
    while held < paths.len() {
        let report = bench.pass().await;
        assert!(report.added > 0 && report.deleted == 0, "{report:?}");
        held += usize::try_from(report.added).unwrap();
        let left = report.stale.iter().filter(|stale| stale.reason.contains(OUT_OF_TIME)).count();
        assert!(left >= paths.len() - held, "{report:?}");
    }
    bench.holds(&paths).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_host__is_reported_once_for_each_collection() {
    let mut bench = Bench::new(&[]).await;
    let gate = Gate::default();
    for list in ["/1.xml", "/2.xml"] {
        bench.origin.serve(list, sitemap(&bench.origin, &["/a"]).behind(&gate));
    }
    bench.origin.serve("/a", Reply::new(MARKDOWN, "# Page"));
    bench.world.scope.collections =
        vec![collection_of("one", &bench.origin, &["/1.xml"]), collection_of("two", &bench.origin, &["/2.xml"])];
    let budget = TimeBudget { report: Duration::from_millis(10), ..TimeBudget::default() };
    bench.world.scope.reader = bench.world.scope.reader.clone().with_time_budget(budget);
    let reports: Arc<Mutex<BTreeMap<String, usize>>> = Arc::default();
    let heard = Arc::clone(&reports);
    bench.world.beside = Box::new(move |event| {
        if let Event::Slow(SlowHost { collection, .. }) = event {
            let mut heard = heard.lock().unwrap();
            *heard.entry(collection.clone()).or_default() += 1;
            if heard.len() == 2 {
                gate.open();
            }
        }
    });
    bench.well().await;
    assert_eq!(*reports.lock().unwrap(), [("one".to_owned(), 1), ("two".to_owned(), 1)].into());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn robots_txt__that_costs_much_to_obey__spends_the_time_of_its_site() {
    let paths: Vec<String> = (0..50).map(|n| format!("/{n}{}", "a".repeat(1_500))).collect();
    let mut bench = Bench::new(&paths.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let rules: String = (0..500).map(|n| format!("Disallow: /{}b{n}\n", "*a".repeat(400))).collect();
    bench.origin.serve("/robots.txt", Reply::new("text/plain", format!("User-agent: *\n{rules}Disallow: /\n")));
    let budget = TimeBudget { work: Duration::ZERO, ..TimeBudget::default() };
    bench.world.scope.reader = bench.world.scope.reader.clone().with_time_budget(budget);
    let report = bench.pass().await;
    let unlooked = report.stale.iter().filter(|stale| stale.reason.contains(OUT_OF_TIME)).count();
    assert!(unlooked > 40, "{unlooked} pages were not looked at");
    assert!(paths.iter().all(|path| bench.origin.count(path) == 0));
}
