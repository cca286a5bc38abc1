//! Sites that answer 200 with one text for every page that is not there.

use kbsync::model::CollectionName;

use crate::{bench::Bench, origin::Reply};

const LONG: &str = "<p>The warranty lasts for two years and covers all parts that are made of steel. Send the invoice to \
                    the support team, which answers within a day or two, and keep a copy of it for yourself.</p>";
const HOME: &str = "<p>Welcome to the house of pumps. Here you find pumps for cellars, for gardens and for ponds, with \
                    advice from people who have built them for thirty years. Our shop in the old town is open on every \
                    day but Sunday, and our workshop repairs pumps of all makers within a week.</p><p>New this month: \
                    a silent pump for small ponds, and a hose that does not freeze in winter.</p>";

fn html(title: &str, body: &str) -> Reply {
    let head = format!("<!doctype html><html><head><title>{title}</title></head>");
    Reply::page(&format!("{head}<body><main><h1>{title}</h1>{body}</main></body></html>"))
}

fn good(n: usize) -> Reply {
    let word = ["steel", "wood", "glass", "paper", "stone"][n % 5];
    html(&format!("Topic {word} {n}"), &format!("<p>About {word}, number {n}.</p>{}", LONG.replace("steel", word)))
}

/// A collection of pages of a site, which shows `missing` for all that it does not have.
async fn topics(count: usize, missing: Option<Reply>) -> (Bench, Vec<String>) {
    topics_with_robots(count, missing, "").await
}

async fn topics_with_robots(count: usize, missing: Option<Reply>, robots: &str) -> (Bench, Vec<String>) {
    let paths: Vec<String> = (0..count).map(|n| format!("/docs/p{n:02}.html")).collect();
    let mut bench = Bench::new(&paths.iter().map(String::as_str).collect::<Vec<_>>()).await;
    (bench.world.scope.policy.max_deletes, bench.world.scope.policy.max_delete_percent) = (10, 10);
    paths.iter().enumerate().for_each(|(n, path)| bench.origin.serve(path, good(n)));
    missing.into_iter().for_each(|reply| bench.origin.serve("*", reply));
    bench.origin.serve("/robots.txt", Reply::new("text/plain", robots));
    assert_eq!(bench.well().await.added, count as u64);
    bench.mutating();
    (bench, paths)
}

fn probes(bench: &Bench) -> usize {
    let requests = bench.origin.requests();
    bench.origin.forget();
    requests.iter().filter(|request| request.path.starts_with("/docs/kbsync-")).count()
}

fn paths_of(paths: &[String]) -> Vec<&str> {
    paths.iter().map(String::as_str).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn page__that_shows_what_any_missing_address_shows__is_deleted_in_the_second_look() {
    let sorry = |n: usize| {
        let body = "<p>We looked for it everywhere. Perhaps it has another address by now: go to the start, or write to us \
                    about what you have been looking for, and somebody answers within one or two days.</p>";
        html("Sorry", &format!("{body}<p>Request {n}</p>"))
    };
    let short = |_| html("Page not found", "<p>There is nothing here.</p>");
    let sites: [&dyn Fn(usize) -> Reply; 3] = [&sorry, &short, &|_| html("House of pumps", HOME)];
    for site in sites {
        let (bench, paths) = topics(8, Some(site(77))).await;
        bench.origin.serve(&paths[0], site(1));
        bench.origin.serve(&paths[1], site(2));
        bench.origin.forget();
        let once = bench.well().await;
        assert_eq!((once.changed(), once.stale.len(), probes(&bench)), (0, 2, 1), "{once:?}");
        assert!(once.stale[0].reason.contains("shows for addresses that do not exist, 1 of 2 times"), "{once:?}");
        let twice = bench.well().await;
        assert_eq!((twice.deleted, twice.changed(), probes(&bench)), (2, 2, 1), "{twice:?}");
        for _ in 0..2 {
            assert_eq!(bench.well().await.changed(), 0, "it is no new page either");
        }
        bench.holds(&paths_of(&paths[2..])).await;
        // It comes back.
        bench.origin.serve(&paths[0], good(0));
        assert_eq!(bench.well().await.added, 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages__of_much_the_same_text_that_a_soft_404_takes_together__are_deleted() {
    let body =
        "<p>We looked for it everywhere. Perhaps it has another address by now: go to the start, or write to us.</p>";
    let (bench, paths) = topics(10, Some(html("Sorry", &body.repeat(3)))).await;
    // They differ in their titles and numbers.
    [0, 5].iter().for_each(|n: &usize| bench.origin.withdraw(&paths[*n]));
    assert_eq!(bench.well().await.changed(), 0);
    let report = bench.well().await;
    assert_eq!((report.deleted, report.changed()), (2, 2), "{report:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn page__that_leads_to_the_start_as_any_missing_address_does__is_deleted_in_the_second_look() {
    for status in [301, 302] {
        let (bench, paths) = topics(8, Some(Reply::redirect(status, "/"))).await;
        bench.origin.serve("/", html("House of pumps", HOME));
        bench.origin.serve(&paths[0], Reply::redirect(status, "/"));
        assert_eq!(bench.well().await.changed(), 0);
        let report = bench.well().await;
        assert_eq!((report.deleted, report.changed()), (1, 1), "{status}: {report:?}");
        bench.holds(&paths_of(&paths[1..])).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn page__with_new_text_on_a_site_with_soft_404s__is_replaced() {
    for missing in [Some(html("House of pumps", HOME)), None] {
        let (bench, paths) = topics(8, missing).await;
        let new = format!("<p>From now on this is about hoses.</p>{}", HOME.replace("pump", "hose").replace("e ", " "));
        bench.origin.serve(&paths[0], html("Hoses", &new));
        bench.origin.forget();
        assert_eq!(bench.well().await.replaced, 1);
        assert_eq!(probes(&bench), 1);
        // Neither an edit nor a look without news asks for what does not exist.
        bench.origin.serve(&paths[0], html("Hoses", &format!("{new}<p>And some words more.</p>")));
        assert_eq!(bench.well().await.replaced, 1);
        assert_eq!(bench.well().await.changed(), 0);
        assert_eq!(probes(&bench), 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn probe__that_robots_txt_forbids__is_not_sent() {
    let rules = "User-agent: *\nAllow: /docs/p\nDisallow: /docs/\n";
    let (bench, paths) = topics_with_robots(8, Some(html("House of pumps", HOME)), rules).await;
    bench.origin.serve(&paths[0], html("House of pumps", HOME));
    bench.origin.forget();
    assert_eq!(bench.well().await.replaced, 1);
    assert_eq!(probes(&bench), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages__where_the_whole_site_shows_one_text__are_kept() {
    let trouble = html("Maintenance", "<p>We are down for maintenance and will be back soon.</p>");
    for (count, site) in [(1, html("House of pumps", HOME)), (2, html("House of pumps", HOME)), (2, trouble)] {
        let (bench, paths) = topics(count, Some(site.clone())).await;
        paths.iter().for_each(|path| bench.origin.serve(path, site.clone()));
        for _ in 0..4 {
            let report = bench.well().await;
            assert_eq!((report.changed(), report.stale.len()), (0, count), "{report:?}");
        }
        paths.iter().enumerate().for_each(|(n, path)| bench.origin.serve(path, good(n)));
        let report = bench.well().await;
        assert_eq!((report.changed(), report.stale.len()), (0, 0), "{report:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_pages__that_show_what_any_missing_address_shows__are_held_until_they_are_approved() {
    let (bench, paths) = topics(12, Some(html("House of pumps", HOME))).await;
    paths[..5].iter().for_each(|path| bench.origin.serve(path, html("House of pumps", HOME)));
    assert_eq!(bench.well().await.changed(), 0);
    for _ in 0..2 {
        let report = bench.pass().await;
        assert_eq!((report.outcome().as_str(), report.changed()), ("held", 0), "{report:?}");
    }
    bench.world.store().approve(&CollectionName::new("pages").expect("a name")).expect("the store");
    assert_eq!(bench.pass().await.deleted, 5);
    bench.holds(&paths_of(&paths[5..])).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn page__that_leads_to_a_search_for_its_name_as_any_missing_address_does__is_deleted() {
    let results = |name: &str, words: &str| html(&format!("Results for {name}"), &format!("<p>{words}</p>").repeat(9));
    let (bench, paths) = topics(8, None).await;
    bench.origin.serve("*", Reply::redirect(302, "/search?lang=en&q={name}"));
    bench.origin.serve("/search?lang=en&q=p00.html", results("p00.html", "Pumps for gardens are on sale this week."));
    bench.origin.serve("/search", results("", "Nobody has ever written about that before."));
    bench.origin.serve(&paths[0], Reply::redirect(302, "/search?lang=en&q=p00.html"));
    assert_eq!(bench.well().await.changed(), 0);
    let report = bench.well().await;
    assert_eq!((report.deleted, report.changed()), (1, 1), "{report:?}");
    bench.holds(&paths_of(&paths[1..])).await;
}
