//! Addresses of one page that are spelt in many ways.

use crate::{
    bench::{Bench, MARKDOWN},
    origin::Reply,
};

fn serve_feed(bench: &Bench, paths: &[&str]) {
    let item =
        |path: &&str| format!("<item><link>{}</link></item>", bench.origin.url(path).as_str().replace('&', "&amp;"));
    let items: String = paths.iter().map(item).collect();
    let feed = format!("<rss version=\"2.0\"><channel>{items}</channel></rss>");
    bench.origin.serve("/feed.xml", Reply::new("application/rss+xml", feed));
}

/// A site whose pages a feed names.
async fn fed(paths: &[&str]) -> Bench {
    let mut bench = Bench::new(paths).await;
    let feed = bench.origin.url("/feed.xml");
    let pages = bench.pages();
    pages.urls.clear();
    pages.feeds = vec![feed];
    bench
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn feed__other_campaigns_in_its_links_each_time__names_the_same_pages() {
    let bench = fed(&["/1", "/2"]).await;
    for day in ["mon", "tue", "wed"] {
        let tracked = format!("/1?utm_source=rss&utm_campaign={day}&fbclid={day}");
        serve_feed(&bench, &[tracked.as_str(), "/2?mc_cid=1", "/2?mc_cid=2", "/%32"]);
        bench.well().await;
        bench.holds(&["/1", "/2"]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn spelling__that_the_state_knows__stays_the_key() {
    let bench = fed(&["/1"]).await;
    serve_feed(&bench, &["/1"]);
    bench.well().await;
    let (plain, known) = (bench.origin.url("/1"), bench.origin.url("/1?utm_source=rss"));
    bench.world.respell(plain.as_str(), known.as_str()).await;
    bench.mutating();
    for tracked in ["/1?utm_source=rss", "/1?utm_source=mail", "/1"] {
        serve_feed(&bench, &[tracked]);
        bench.well().await;
        assert_eq!(bench.mutating(), 0, "{tracked}");
        bench.holds(&["/1?utm_source=rss"]).await;
    }
    bench.origin.serve("/1", Reply::new(MARKDOWN, "# Another"));
    assert_eq!(bench.well().await.replaced, 1);
    bench.holds(&["/1?utm_source=rss"]).await;
    // A state that is lost knows it from the platform.
    bench.world.lose_store();
    bench.mutating();
    bench.well().await;
    assert_eq!(bench.mutating(), 0);
    bench.holds(&["/1?utm_source=rss"]).await;
}

/// An older kbsync has hashed the words with their tokens, and has remembered neither titles nor canonical addresses. It has
/// taken each spelling of an address for a page.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn state__of_an_older_version__uploads_and_loses_nothing() {
    let spellings = ["/0", "/%61", "/1?utm_source=rss", "/2?PHPSESSID=q1w2e3r4t5", "/3?a=%7e", "/6"];
    let mut bench = Bench::new(&["/0", "/1", "/2", "/3", "/4", "/5"]).await;
    let page = |n: usize, minutes: usize| {
        let head = format!("<title>Page {n}</title><link rel=canonical href=/all>");
        let own = format!("The {0} has a {0} for each {0}. ", ["pump", "hose", "lamp", "desk", "door", "shelf"][n]);
        Reply::page(&format!(
            "{head}<main><h1>Page {n}</h1><p>{}</p><p>Posted {minutes} min ago</p></main>",
            own.repeat(9)
        ))
    };
    spellings.iter().enumerate().for_each(|(n, path)| {
        bench.origin.serve(path, page(n, 1));
        bench.origin.serve(&format!("/{n}"), page(n, 1));
    });
    bench.well().await;
    for (n, spelling) in spellings.iter().enumerate() {
        bench.world.respell(bench.origin.url(&format!("/{n}")).as_str(), bench.origin.url(spelling).as_str()).await;
    }
    let older = "UPDATE pages SET text = text + 1, canonical = NULL, title = NULL; DELETE FROM recent_deletions";
    bench.world.alter_store(older);
    bench.pages().urls = spellings.iter().map(|spelling| bench.origin.url(spelling)).collect();
    bench.mutating();
    for pass in 0..3 {
        assert_eq!((bench.well().await.changed(), bench.mutating()), (0, 0), "{pass}");
        bench.holds(&spellings).await;
    }
    // Tokens alone upload nothing from then on.
    for (n, path) in spellings.iter().enumerate() {
        bench.origin.serve(path, page(n, 7));
    }
    assert_eq!((bench.well().await.changed(), bench.mutating()), (0, 0));
    bench.holds(&spellings).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn doubles__of_an_older_state__go_where_their_contents_are_the_same() {
    let bench = fed(&["/1", "/2", "/3"]).await;
    let text = "# The same\n\nIt says the same.";
    ["/1", "/2"].iter().for_each(|path| bench.origin.serve(path, Reply::new(MARKDOWN, text)));
    serve_feed(&bench, &["/1", "/2", "/3"]);
    bench.well().await;
    for (from, to) in [("/1", "/9?utm_source=a"), ("/2", "/9?utm_source=b"), ("/3", "/9?utm_source=c")] {
        bench.world.respell(bench.origin.url(from).as_str(), bench.origin.url(to).as_str()).await;
    }
    bench.origin.serve("/9", Reply::new(MARKDOWN, text));
    bench.origin.serve("/9?utm_source=c", Reply::new(MARKDOWN, "# Page /3"));
    serve_feed(&bench, &["/9?utm_source=d"]);
    bench.well().await;
    bench.holds(&["/9?utm_source=a", "/9?utm_source=c"]).await;
    // The third is a page of its own until it says the same.
    bench.origin.serve("/9?utm_source=c", Reply::new(MARKDOWN, text));
    bench.well().await;
    bench.well().await;
    bench.holds(&["/9?utm_source=a"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages__that_name_one_canonical_address__are_one_document() {
    let bench = fed(&[]).await;
    let text = |words: &str| {
        let head = "<title>News</title><link rel=canonical href=/news>";
        Reply::page(&format!("{head}<main><h1>News</h1><p>{}</p></main>", format!("It is {words} today. ").repeat(20)))
    };
    bench.origin.serve("/n", text("warm"));
    serve_feed(&bench, &["/n?ref=a", "/n?ref=b"]);
    bench.well().await;
    bench.holds(&["/n?ref=a"]).await;
    serve_feed(&bench, &["/n?ref=c", "/n?ref=d"]);
    bench.well().await;
    bench.holds(&["/n?ref=a"]).await;
    bench.origin.serve("/n", text("cold"));
    assert_eq!(bench.well().await.replaced, 1);
    bench.holds(&["/n?ref=a"]).await;
    // Another text is another document, whatever it names.
    bench.origin.serve("/n?ref=d", text("wet"));
    bench.well().await;
    bench.holds(&["/n?ref=a", "/n?ref=d"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redirect__to_a_page_with_a_campaign__leads_to_the_page() {
    let bench = Bench::new(&["/1", "/short"]).await;
    bench.origin.serve("/short", Reply::redirect(301, "/1?utm_source=short"));
    bench.well().await;
    bench.holds(&["/1"]).await;
    bench.mutating();
    bench.well().await;
    assert_eq!(bench.mutating(), 0);
}
