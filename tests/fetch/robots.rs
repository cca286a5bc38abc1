//! robots.txt, as it is fetched and obeyed.

use futures_util::future::join_all;
use kbsync::fetch::{Access, Fetcher, RobotsVerdict, Trouble};
use reqwest::header::AUTHORIZATION;
use secrecy::SecretString;

use crate::{
    harness::{access, fetcher, impatient, page, persistent, trouble},
    origin::{Origin, Reply},
};

fn obedient() -> Access {
    Access { obey_robots: true, ..access() }
}

/// A site with a page and a robots.txt.
fn site(robots: Reply) -> Origin {
    let origin = Origin::start();
    origin.serve("/robots.txt", robots);
    origin.serve("/page", Reply::page("the page"));
    origin
}

fn text(robots: &str) -> Reply {
    Reply::new("text/plain", robots)
}

async fn trouble_at(fetcher: &Fetcher, origin: &Origin) -> Trouble {
    trouble(fetcher.get(&origin.url("/page"), &obedient(), None).await)
}

#[tokio::test]
async fn what_is_not_allowed_is_not_asked_for() {
    let origin = site(text("User-agent: kbsync\nDisallow: /pa\nAllow: /pages\n\nUser-agent: *\nAllow: /\n"));
    origin.serve("/pages", Reply::page("pages"));
    let fetcher = fetcher();
    let said = trouble_at(&fetcher, &origin).await;
    assert_eq!(said, Trouble::Robots { rule: "Disallow: /pa".to_owned() });
    assert_eq!(said.to_string(), "the site's robots.txt does not allow it, by the line `Disallow: /pa`");
    assert_eq!(origin.count("/page"), 0);
    page(fetcher.get(&origin.url("/pages"), &obedient(), None).await);
    for (path, allowed, rule) in
        [("/page", false, Some("Disallow: /pa")), ("/pages", true, Some("Allow: /pages")), ("/x", true, None)]
    {
        let verdict = RobotsVerdict { allowed, rule: rule.map(str::to_owned) };
        assert_eq!(fetcher.robots(&origin.url(path), &access()).await, Ok(verdict));
    }
    assert_eq!(origin.count("/robots.txt"), 1);
    // Who is told not to ask does not ask.
    page(fetcher.get(&origin.url("/page"), &access(), None).await);
}

#[tokio::test]
async fn many_pages_ask_once() {
    let origin = site(text("User-agent: *\nDisallow: /private/\n"));
    let fetcher = fetcher();
    let (url, access) = (origin.url("/page"), obedient());
    for answer in join_all((0..50).map(|_| fetcher.get(&url, &access, None))).await {
        page(answer);
    }
    assert_eq!((origin.count("/robots.txt"), origin.count("/page")), (1, 50));
}

#[tokio::test]
async fn every_hop_asks_its_own_site() {
    let (a, b) = (site(text("")), site(text("User-agent: *\nDisallow: /page\n")));
    a.serve("/page", Reply::redirect(302, b.url("/page")));
    assert_eq!(trouble_at(&fetcher(), &a).await, Trouble::Robots { rule: "Disallow: /page".to_owned() });
    assert_eq!((a.count("/page"), b.count("/page")), (1, 0));
}

#[tokio::test]
async fn a_site_without_one_allows_all() {
    for status in [400, 401, 403, 404, 410] {
        let origin = site(Reply::status(status));
        page(fetcher().get(&origin.url("/page"), &obedient(), None).await);
    }
    for reply in [text(""), Reply::status(204), Reply::page("<!doctype html><p>Not found: user-agent: *")] {
        page(fetcher().get(&site(reply).url("/page"), &obedient(), None).await);
    }
}

#[tokio::test]
async fn a_site_whose_rules_cannot_be_had_allows_nothing() {
    for reply in [Reply::status(500), Reply::status(503), Reply::status(429), Reply::cut(100, "User-agent: *\n")] {
        let origin = site(reply);
        let said = trouble_at(&fetcher(), &origin).await;
        assert!(matches!(&said, Trouble::RobotsUnreachable(_)), "{said:?}");
        assert_eq!(origin.count("/page"), 0);
    }
    let origin = site(Reply::silent());
    assert_eq!(trouble_at(&impatient(), &origin).await, Trouble::TimedOut);
    assert!(matches!(trouble_at(&fetcher(), &site(Reply::hangs_up())).await, Trouble::Network(_)));
}

#[tokio::test]
async fn it_is_asked_for_again_after_a_while() {
    let origin = site(Reply::status(500));
    let patient = fetcher();
    for _ in 0..3 {
        trouble_at(&patient, &origin).await;
    }
    assert_eq!(origin.count("/robots.txt"), 1, "not at once");
    let persistent = persistent();
    trouble_at(&persistent, &origin).await;
    origin.serve("/robots.txt", text(""));
    page(persistent.get(&origin.url("/page"), &obedient(), None).await);
}

#[tokio::test]
async fn redirects_are_followed_and_the_rules_are_the_first_sites() {
    let (origin, other) = (site(Reply::status(404)), Origin::start());
    let to_other = |hop: usize| other.url(&format!("/{hop}"));
    origin.serve("/robots.txt", Reply::redirect(301, to_other(1)));
    for hop in 1..6 {
        other.serve(&format!("/{hop}"), Reply::redirect(302, to_other(hop + 1)));
    }
    // The fifth redirect leads to the fifth page.
    other.serve("/5", text("User-agent: *\nDisallow: /page\n"));
    assert!(matches!(trouble_at(&fetcher(), &origin).await, Trouble::Robots { .. }));
    // And a sixth one is too many.
    other.serve("/5", Reply::redirect(302, "/6"));
    other.serve("/6", text("User-agent: *\nDisallow: /page\n"));
    page(fetcher().get(&origin.url("/page"), &obedient(), None).await);
    other.serve("/1", Reply::redirect(302, "/1"));
    page(fetcher().get(&origin.url("/page"), &obedient(), None).await);
}

#[tokio::test]
async fn five_hundred_kibibytes_are_read() {
    let rules = |filling: usize| format!("User-agent: *\n#{}\nDisallow: /page\n", "x".repeat(filling));
    let origin = site(text(&rules((500 << 10) - 100)));
    assert!(matches!(trouble_at(&fetcher(), &origin).await, Trouble::Robots { .. }));
    // What is cut in the middle would forbid more than it says.
    let filling = (500 << 10) - rules(0).len() + "age\n".len();
    for reply in [text(&rules(filling)), Reply::endless(None)] {
        origin.serve("/robots.txt", reply);
        page(fetcher().get(&origin.url("/page"), &obedient(), None).await);
    }
}

#[tokio::test]
async fn it_is_asked_for_as_pages_are() {
    let origin = site(text(""));
    let headers = vec![(AUTHORIZATION, SecretString::from("Bearer of-it"))];
    let headers = [(origin.url("/").origin().ascii_serialization(), headers)].into();
    page(fetcher().get(&origin.url("/page"), &Access { headers, ..obedient() }, None).await);
    assert_eq!(origin.requests_for("/robots.txt")[0].header("authorization"), Some("Bearer of-it"));
    // And where nobody may be asked, it is not either.
    let (url, access) =
        (origin.url("/page"), Access { allow_private: false, allowed: Default::default(), ..obedient() });
    origin.forget();
    assert!(matches!(fetcher().robots(&url, &access).await, Err(Trouble::Private { .. })));
    assert!(origin.requests().is_empty());
}
