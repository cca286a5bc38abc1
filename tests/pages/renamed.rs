//! Pages that get new addresses, of which the new ones cannot be read: the old documents stay.

use crate::{
    bench::{Bench, MARKDOWN},
    origin::Reply,
};

const REST: [&str; 8] = ["/0", "/1", "/2", "/3", "/4", "/5", "/6", "/7"];

/// Lists the other pages and these.
fn list(bench: &Bench, paths: &[&str]) {
    let entries = REST.iter().chain(paths).map(|path| format!("<url><loc>{}</loc></url>", bench.origin.url(path)));
    bench
        .origin
        .serve("/map.xml", Reply::new("application/xml", format!("<urlset>{}</urlset>", entries.collect::<String>())));
}

/// A site with a guide among its pages.
async fn bench() -> Bench {
    let mut bench = Bench::new(&[&REST[..], &["/v1/guide.html"]].concat()).await;
    let map = bench.origin.url("/map.xml");
    let pages = bench.pages();
    pages.urls.clear();
    pages.sitemaps = vec![map];
    list(&bench, &["/v1/guide.html"]);
    bench.pass().await;
    bench
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn page__whose_new_address_cannot_be_read__stays_until_that_is_up() {
    let failures: [fn(&Bench); 3] = [
        |bench| bench.origin.serve("/v2/guide.html", Reply::status(503)),
        |bench| bench.origin.serve("/v2/guide.html", Reply::status(404)),
        |bench| bench.origin.serve("/robots.txt", Reply::new("text/plain", "User-agent: *\nDisallow: /v2/\n")),
    ];
    for (number, fails) in failures.into_iter().enumerate() {
        let mut bench = bench().await;
        bench.origin.withdraw("/v1/guide.html");
        bench.origin.serve("/v2/guide.html", Reply::new(MARKDOWN, "# Guide, second edition"));
        fails(&bench);
        bench.restart();
        list(&bench, &["/v2/guide.html"]);
        assert_eq!(bench.pass().await.deleted, 0);
        if number != 1 {
            for _ in 0..3 {
                let report = bench.pass().await;
                assert_eq!((report.outcome().as_str(), report.deleted), ("held", 0), "{report:?}");
                let said = report.withheld[0].to_string();
                assert!(said.contains("/v2/guide.html"), "{said}");
            }
        }
        bench.origin.withdraw("/robots.txt");
        bench.restart();
        bench.origin.serve("/v2/guide.html", Reply::new(MARKDOWN, "# Guide, second edition"));
        let report = bench.well().await;
        assert!(report.withheld.is_empty(), "{report:?}");
        bench.holds(&[&REST[..], &["/v2/guide.html"]].concat()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn page__whose_new_address_cannot_be_read__goes_when_a_person_says_so() {
    let bench = bench().await;
    bench.origin.serve("/v2/guide.html", Reply::status(503));
    list(&bench, &["/v2/guide.html"]);
    bench.pass().await;
    assert_eq!(bench.pass().await.outcome().as_str(), "held");
    let name = bench.world.scope.collections[0].name.clone();
    bench.world.store().approve(&name).expect("the store");
    assert_eq!(bench.pass().await.deleted, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn page__that_a_pattern_leaves_out__is_deleted_whatever_has_its_name() {
    let mut bench = bench().await;
    bench.origin.serve("/v2/guide.html", Reply::status(503));
    list(&bench, &["/v2/guide.html"]);
    bench.pages().exclude = vec!["/v1/".to_owned()];
    assert_eq!(bench.pass().await.deleted, 1);
}
