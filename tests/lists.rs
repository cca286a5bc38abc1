//! Lists of pages from a real server: sitemaps, their indexes, feeds, and everything that can be wrong with them.

#[allow(dead_code, reason = "this test needs a part of it only")]
#[path = "support/origin.rs"]
mod origin;

use std::{
    collections::BTreeMap,
    io::Write,
    time::{Duration, SystemTime},
};

use flate2::{Compression, write::GzEncoder};
use kbsync::{
    fetch::{
        Access, Fetcher, Timing,
        lists::{ListSpec, Pages, expand},
    },
    model::{AllowedHosts, Cidr},
};
use url::Url;

use origin::{Origin, Reply};

/// A site with lists. `{site}` stands for its address, in what it serves and in what is said of it.
struct Site(Origin);

impl Site {
    fn new() -> Self {
        Self(Origin::start())
    }

    fn url(&self, path: &str) -> Url {
        self.0.url(path)
    }

    fn address(&self) -> String {
        self.url("").as_str().trim_end_matches('/').to_owned()
    }

    fn put(&self, path: &str, xml: &str) {
        self.0.serve(path, Reply::new("application/xml", xml.replace("{site}", &self.address())));
    }

    async fn expand(&self, sitemaps: &[&str]) -> Pages {
        let sitemaps = sitemaps.iter().map(|path| self.url(path)).collect();
        expand(&fetcher(), &ListSpec { sitemaps, ..ListSpec::default() }, &access()).await
    }

    fn said(&self, sentences: &[String]) -> Vec<String> {
        sentences.iter().map(|said| said.replace(&self.address(), "{site}")).collect()
    }

    /// How often each path was asked for.
    fn asked(&self) -> BTreeMap<String, usize> {
        let mut asked = BTreeMap::new();
        self.0.requests().into_iter().for_each(|request| *asked.entry(request.path).or_default() += 1);
        asked
    }
}

fn fetcher() -> Fetcher {
    Fetcher::new("kbsync/1.0 (+https://example.com/contact)").unwrap()
}

fn access() -> Access {
    let headers = BTreeMap::new();
    Access {
        collection: String::new(),
        allow_private: true,
        allowed: AllowedHosts::new([], ["127.0.0.0/8", "::1"].map(|block| Cidr::parse(block).unwrap()).to_vec()).into(),
        headers,
        max_size: 1000,
        delay: Duration::ZERO,
        at_once: 4,
        obey_robots: true,
        time: None,
    }
}

fn sitemap(pages: &[&str]) -> String {
    let entries = pages.iter().map(|page| format!("<url><loc>{{site}}{page}</loc></url>"));
    format!("<urlset>{}</urlset>", entries.collect::<String>())
}

fn index(lists: &[&str]) -> String {
    let entries = lists.iter().map(|list| format!("<sitemap><loc>{{site}}{list}</loc></sitemap>"));
    format!("<sitemapindex>{}</sitemapindex>", entries.collect::<String>())
}

fn paths(pages: &Pages) -> Vec<String> {
    pages.pages.keys().map(|page| Url::parse(page).unwrap().path().to_owned()).collect()
}

#[tokio::test]
async fn all_lists_together() {
    let site = Site::new();
    site.put("/index.xml", &index(&["/one.xml", "/two.xml.gz", "/one.xml"]));
    site.put("/one.xml", &sitemap(&["/b", "/a#x", "/private/a"]));
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(sitemap(&["/c", "/a"]).replace("{site}", &site.address()).as_bytes()).unwrap();
    site.0.serve("/two.xml.gz", Reply::new("application/octet-stream", packed.finish().unwrap()));
    let lines = format!("{0}/d\n# old\n{0}/e.pdf\r\nhtp://x\n", site.address());
    site.0.serve("/lines.txt", Reply::new("text/plain; charset=utf-8", lines));
    site.put("/feed", "<rss><channel><item><link>{site}/f</link><pubDate>1 Jan 2026</pubDate></item></channel></rss>");
    site.0.serve("/robots.txt", Reply::new("text/plain", "User-agent: *\nDisallow: /"));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("urls.txt");
    std::fs::write(&file, format!("{}\n{}\n", site.url("/g"), site.url("/a"))).unwrap();
    // It rests since a while, so it is not waited for.
    let hour = Duration::from_secs(3600);
    std::fs::File::options().write(true).open(&file).unwrap().set_modified(SystemTime::now() - hour).unwrap();
    let spec = ListSpec {
        urls: vec![site.url("/h"), site.url("/private/h")],
        files: vec![file.clone()],
        sitemaps: vec![site.url("/index.xml"), site.url("/lines.txt"), site.url("/one.xml#again")],
        feeds: vec![site.url("/feed")],
        include: Vec::new(),
        exclude: vec!["/private/".to_owned(), "*.pdf".to_owned()],
        start: 0,
    };
    let pages = expand(&fetcher(), &spec, &access()).await;
    assert_eq!(paths(&pages), ["/a", "/b", "/c", "/d", "/f", "/g", "/h"]);
    assert_eq!(site.said(&pages.bad), ["{site}/lines.txt:4: `htp://x` is no http or https address"]);
    assert_eq!(pages.failed, [""; 0]);
    let from: Vec<String> = pages.pages.values().map(|listed| listed.from.to_string()).collect();
    let file = file.display();
    assert_eq!(
        site.said(&from),
        [
            &format!("{file}:2"),
            "{site}/one.xml",
            "{site}/two.xml.gz",
            "{site}/lines.txt:1",
            "{site}/feed",
            &format!("{file}:1"),
            "urls"
        ]
    );
    assert_eq!(pages.pages[site.url("/f").as_str()].lastmod.as_deref(), Some("1 Jan 2026"));
    let asked = site.asked();
    assert!(asked.values().all(|times| *times == 1) && !asked.contains_key("/robots.txt"), "{asked:?}");
}

#[tokio::test]
async fn a_list_that_cannot_be_read_failed_and_the_rest_goes_on() {
    let site = Site::new();
    site.put("/good.xml", &sitemap(&["/a"]));
    site.put("/cut.xml", sitemap(&["/b", "/c"]).trim_end_matches("</loc></url></urlset>"));
    site.put("/empty.xml", &sitemap(&[]));
    site.0.serve("/html", Reply::page("<!doctype html><title>Sign in</title>"));
    site.0.serve("/down.xml", Reply::status(500));
    site.0.serve("/nothing.xml", Reply::new("application/xml", ""));
    site.0.serve("/broken.xml", Reply::cut(100, sitemap(&["/d"])));
    site.0.serve("/endless.xml", Reply::endless(None));
    let bad =
        ["/cut.xml", "/empty.xml", "/html", "/down.xml", "/nothing.xml", "/none.xml", "/broken.xml", "/endless.xml"];
    let pages = site.expand(&[&bad[..], &["/good.xml"]].concat()).await;
    assert_eq!(paths(&pages), ["/a", "/b"]);
    assert_eq!(pages.bad, [""; 0]);
    let said = site.said(&pages.failed);
    assert!(said[6].starts_with("{site}/broken.xml: the page broke off"), "{said:?}");
    assert_eq!(said[7], "{site}/endless.xml: it is larger than 47.7 MiB, the most that is taken");
    assert_eq!(
        said[..6],
        [
            "{site}/cut.xml: it breaks off before its end",
            "{site}/empty.xml: it names no page that can be used",
            "{site}/html: it is an HTML page, neither a sitemap nor a feed",
            "{site}/down.xml: the site answers 500 Internal Server Error",
            "{site}/nothing.xml: the page is empty",
            "{site}/none.xml: the site answers 404",
        ]
    );
    let spec = ListSpec { sitemaps: vec![site.url("/good.xml")], ..ListSpec::default() };
    let refused =
        expand(&fetcher(), &spec, &Access { allow_private: false, allowed: Default::default(), ..access() }).await;
    assert_eq!((refused.pages.len(), refused.failed.len()), (0, 1));
    assert!(refused.failed[0].contains("allow_private"), "{:?}", refused.failed);
    let spec = ListSpec { include: vec!["[a".to_owned()], ..spec };
    let refused = expand(&fetcher(), &spec, &access()).await;
    assert_eq!((refused.pages.len(), refused.failed.len()), (0, 1));
}

#[tokio::test]
async fn sitemaps_of_themselves_end() {
    let site = Site::new();
    site.put("/self.xml", &index(&["/self.xml"]));
    site.put("/circle.xml", &index(&["/round.xml", "/good.xml"]));
    site.put("/round.xml", &index(&["/circle.xml", "/good.xml"]));
    site.put("/good.xml", &sitemap(&["/a"]));
    let pages = site.expand(&["/self.xml", "/circle.xml"]).await;
    assert_eq!(paths(&pages), ["/a"]);
    assert_eq!(site.said(&pages.failed), ["{site}/self.xml: it names no list that can be used"]);
    assert!(site.asked().values().all(|times| *times == 1));
}

#[tokio::test]
async fn indexes_end_at_the_third_level() {
    let site = Site::new();
    for level in 1..10 {
        let (next, pages) = (format!("/{}.xml", level + 1), format!("/{level}-pages.xml"));
        site.put(&format!("/{level}.xml"), &index(&[&next, &pages]));
        site.put(&pages, &sitemap(&[&format!("/{level}")]));
    }
    let pages = site.expand(&["/1.xml"]).await;
    assert_eq!(paths(&pages), ["/1", "/2"]);
    assert_eq!(site.said(&pages.failed), ["{site}/3.xml: it is an index 3 levels deep, so what it names is not read"]);
}

#[tokio::test]
async fn an_index_leads_to_a_thousand_lists_and_no_more() {
    let site = Site::new();
    let lists: Vec<String> = (0..1200).map(|list| format!("/{list:04}.xml")).collect();
    site.put("/index.xml", &index(&lists.iter().map(String::as_str).collect::<Vec<_>>()));
    for list in &lists {
        site.put(list, &sitemap(&[&format!("{list}/page")]));
    }
    let pages = site.expand(&["/index.xml"]).await;
    assert_eq!(pages.pages.len(), 999);
    assert_eq!(
        site.said(&pages.failed),
        ["{site}/index.xml: it leads to more than 1000 lists, so 201 were not asked for"]
    );
}

#[tokio::test]
async fn lists_that_cannot_be_had_are_not_asked_for_without_end() {
    let site = Site::new();
    let lists: Vec<String> = (0..100).map(|list| format!("/{list:02}.xml")).collect();
    site.put("/index.xml", &index(&lists.iter().map(String::as_str).collect::<Vec<_>>()));
    lists.iter().for_each(|list| site.0.serve(list, Reply::status(403)));
    site.put("/03.xml", &sitemap(&["/a"]));
    let pages = site.expand(&["/index.xml"]).await;
    assert_eq!((paths(&pages), pages.failed.len()), (vec!["/a".to_owned()], 9));
    let last = "{site}/index.xml: 5 lists in a row could not be had, so 91 lists more that it leads to are left";
    assert_eq!(site.said(&pages.failed)[8], last);
    assert_eq!(site.asked().len(), 10);
}

#[tokio::test]
async fn list__that_comes_a_few_bytes_at_a_time_without_an_end__is_given_up_and_failed() {
    let site = Site::new();
    site.put("/good.xml", "<urlset><url><loc>{site}/1</loc></url></urlset>");
    site.0.serve("/slow.xml", Reply::dribbling("application/xml", "<urlset><!-- wait -->"));
    let timing = Timing { request: Duration::from_secs(1), ..Timing::default() };
    let fetcher = Fetcher::with_timing("kbsync/1.0", timing).unwrap();
    let sitemaps = ["/slow.xml", "/good.xml"].map(|path| site.url(path)).to_vec();
    let pages = expand(&fetcher, &ListSpec { sitemaps, ..ListSpec::default() }, &access()).await;
    assert_eq!(site.said(&pages.failed), ["{site}/slow.xml: the site does not answer in time"]);
    assert_eq!(pages.pages.len(), 1);
}

#[tokio::test]
async fn lists_of_an_index__when_its_time_is_over__are_left_and_said() {
    let site = Site::new();
    let part = |n: usize| format!("<sitemap><loc>{{site}}/part{n}.xml</loc></sitemap>");
    site.put("/index.xml", &format!("<sitemapindex>{}</sitemapindex>", (0..3).map(part).collect::<String>()));
    let fetcher = Fetcher::with_timing("kbsync/1.0", Timing { lists: Duration::ZERO, ..Timing::default() }).unwrap();
    let spec = ListSpec { sitemaps: vec![site.url("/index.xml")], ..ListSpec::default() };
    let pages = expand(&fetcher, &spec, &access()).await;
    let why = "{site}/index.xml: reading the lists of the collection has taken 0 minutes, so 3 lists more that it leads to are \
               left";
    assert_eq!(site.said(&pages.failed), [why]);
    assert_eq!((site.asked().len(), pages.unread.len()), (1, 3));
}

#[tokio::test]
async fn a_list_that_moved_speaks_for_where_it_is() {
    let site = Site::new();
    let other = format!("<url><loc>{}</loc></url></urlset>", site.0.url_as("localhost", "/b"));
    site.put("/map.xml", &sitemap(&["/a"]).replace("</urlset>", &other));
    let pages = site.expand(&["/map.xml"]).await;
    assert_eq!(paths(&pages), ["/a"]);
    assert_eq!(site.said(&pages.bad), ["{site}/map.xml names 1 page of other hosts, for which it does not speak"]);
    site.0.serve("/moved.xml", Reply::redirect(302, site.0.url_as("localhost", "/map.xml")));
    let pages = site.expand(&["/moved.xml"]).await;
    assert_eq!((paths(&pages), pages.bad.len()), (vec!["/a".to_owned(), "/b".to_owned()], 0));
}
