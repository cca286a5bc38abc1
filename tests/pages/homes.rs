//! Pages whose text a site also shows for addresses that it does not have: its home page, or the newest edition.

use crate::{bench::Bench, origin::Reply};

const OLD: &str = "<p>Welcome to the house of pumps. Here you find pumps for cellars, for gardens and for ponds, with \
                   advice from people who have built them for thirty years. Our shop in the old town is open on every \
                   day but Sunday, and our workshop repairs pumps of all makers within a week.</p>";
const NEW: &str = "<p>Winter is near, so empty each hose, bring every filter inside, and order spare seals before frost. \
                   Until January delivery costs nothing, advice stays free, and returns are accepted without questions. \
                   Ask our team about solar drives, quiet motors, or a contract that covers yearly inspection.</p>";

fn html(head: &str, title: &str, body: &str) -> Reply {
    let head = format!("<!doctype html><html><head><title>{title}</title>{head}</head>");
    Reply::page(&format!("{head}<body><main><h1>{title}</h1>{body}</main></body></html>"))
}

fn topic(n: usize) -> Reply {
    let word = ["steel", "wood", "glass", "paper", "stone"][n % 5];
    let text = format!("<p>About {word}, which lasts for two years as {word} does when {word} is dry. Keep it so.</p>");
    html("", &format!("Topic {word}"), &text.repeat(n + 1))
}

/// A site whose home page has two addresses, both listed with the pages below `/en/`, and which `serve` sets up with a text.
async fn site(addresses: [&str; 2], serve: &dyn Fn(&Bench, &str)) -> Bench {
    let topics: Vec<String> = (0..4).map(|n| format!("/en/p{n}.html")).collect();
    let paths: Vec<&str> = addresses.into_iter().chain(topics.iter().map(String::as_str)).collect();
    let bench = Bench::new(&paths).await;
    topics.iter().enumerate().for_each(|(n, path)| bench.origin.serve(path, topic(n)));
    serve(&bench, OLD);
    bench.well().await;
    bench
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn home__listed_twice_and_shown_for_missing_addresses__is_replaced_when_it_is_edited() {
    type Serve = fn(&Bench, &str);
    let sites: [([&str; 2], Serve); 6] = [
        (["/", "/en/"], |bench, text| {
            bench.origin.serve("/en/", html("", "Acme", text));
            ["/", "*"].iter().for_each(|path| bench.origin.serve(path, Reply::redirect(302, "/en/")));
        }),
        (["/", "/en/"], |bench, text| {
            ["/", "/en/", "*"].iter().for_each(|path| bench.origin.serve(path, html("", "Acme", text)));
        }),
        (["/en/", "/en/index.html"], |bench, text| {
            ["/en/", "/en/index.html"].iter().for_each(|path| bench.origin.serve(path, html("", "Acme", text)));
            bench.origin.serve("*", Reply::redirect(302, "/en/"));
        }),
        (["/latest/", "/2.0/"], |bench, text| {
            ["/latest/", "/2.0/", "*"].iter().for_each(|path| bench.origin.serve(path, html("", "Acme", text)));
        }),
        (["/latest/", "/2.0/"], |bench, text| {
            ["/latest/", "/2.0/"].iter().for_each(|path| bench.origin.serve(path, html("", "Acme", text)));
            bench.origin.serve("*", Reply::redirect(302, "/newest/"));
            bench.origin.serve("/newest/", html("", "Acme", text));
        }),
        (["/", "/en/"], |bench, text| {
            let named = html("<link rel=\"canonical\" href=\"/en/\">", "Acme", text);
            ["/", "/en/", "*"].iter().for_each(|path| bench.origin.serve(path, named.clone()));
        }),
    ];
    for (n, (addresses, serve)) in sites.into_iter().enumerate() {
        let bench = site(addresses, &serve).await;
        let before = bench.held().await;
        for (text, look) in [NEW, OLD].into_iter().flat_map(|text| (0..3).map(move |look| (text, look))) {
            serve(&bench, text);
            let report = bench.well().await;
            assert!(report.deleted == 0 && (look > 0 || report.replaced > 0), "site {n}, look {look}: {report:?}");
            assert_eq!(bench.held().await, before, "site {n}, look {look}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn edition__with_a_twin_that_stays_or_goes_too__is_deleted_when_its_site_shows_the_home_page() {
    for (status, gone) in [(200, 1), (302, 1), (200, 2), (302, 2)] {
        let serve = |bench: &Bench, text: &str| {
            let home = html("", "Home", OLD);
            bench.origin.serve("/", home.clone());
            bench.origin.serve("*", if status == 200 { home } else { Reply::redirect(status, "/") });
            ["/latest/", "/2.0/"].iter().for_each(|path| bench.origin.serve(path, html("", "Acme", text)));
        };
        let mut bench = site(["/latest/", "/2.0/"], &|bench, _| serve(bench, NEW)).await;
        let root = bench.origin.url("/");
        bench.pages().urls.push(root);
        bench.well().await;
        ["/2.0/", "/latest/"][..gone].iter().for_each(|path| bench.origin.withdraw(path));
        assert_eq!(bench.well().await.changed(), 0, "{status} {gone}");
        let report = bench.well().await;
        assert_eq!((report.deleted, report.changed()), (gone as u64, gone as u64), "{status}: {report:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn home__of_all_listed_pages__is_not_taken_for_a_missing_one() {
    let topics: Vec<String> = (0..4).map(|n| format!("/en/p{n}.html")).collect();
    let paths: Vec<&str> = ["/en/"].into_iter().chain(topics.iter().map(String::as_str)).collect();
    let bench = Bench::new(&paths).await;
    topics.iter().enumerate().for_each(|(n, path)| bench.origin.serve(path, topic(n)));
    for (title, text) in [("Acme", OLD), ("Acme in winter", NEW)] {
        ["/en/", "*"].iter().for_each(|path| bench.origin.serve(path, html("", title, text)));
        let report = bench.well().await;
        assert_eq!((report.deleted, report.stale.len()), (0, 0), "{report:?}");
    }
    bench.holds(&paths).await;
}
