//! Collections of pages and websites: what a full one gives, what is left out, and what each mistake says.

use super::{mistakes::assert_said, *};
use crate::model::Cidr;

/// What a config holds, and the errors without file and excerpt.
const CASES: &[(&str, &[&str])] = &[
    (
        "collections:\n  - name: a\n    url_file: [urls.txt]\n",
        &[
            "2:5: this collection has no folder; add `folder: ./docs`, or `urls`, `url_files`, `sitemaps` or `feeds` for pages, or `website`",
            "3:5: unknown key `url_file`; did you mean `url_files`?",
        ],
    ),
    (
        "collections:\n  - name: a\n    urls: [https://example.com/]\n    sitemap: [https://example.com/sitemap.xml]\n    alow_private: true\n",
        &[
            "4:5: unknown key `sitemap`; did you mean `sitemaps`?",
            "5:5: unknown key `alow_private`; did you mean `allow_private`?",
        ],
    ),
    (
        "collections:\n  - name: a\n    folder: docs\n    urls: [https://example.com/]\n    website: https://example.com/\n",
        &[
            "4:5: `urls` makes it a list of pages, and it is a folder already; make it two collections",
            "5:5: `website` makes it a website, and it is a folder already; make it two collections",
        ],
    ),
    (
        "collections:\n  - name: a\n    urls: [https://example.com/]\n    settle: 2s\n    gitignore: true\n    auto_sync: true\n",
        &[
            "4:5: `settle` is for a folder; this collection is a list of pages",
            "5:5: `gitignore` is for a folder; this collection is a list of pages",
            "6:5: `auto_sync` is for a website; this collection is a list of pages",
        ],
    ),
    (
        "collections:\n  - name: a\n    folder: docs\n    via: upload\n  - name: b\n    website: https://example.com/\n    include: [/docs/]\n",
        &[
            "4:5: `via` is for a list of pages; this collection is a folder",
            "7:5: `include` is for a folder or a list of pages; this collection is a website",
        ],
    ),
    (
        "collections:\n  - name: a\n    urls: [example.com, 'ftp://example.com/', 'https://ann:pw@example.com/', '', 5]\n",
        &[
            "3:12: this is not a URL: relative URL without a base; write `https://…`",
            "3:25: only http and https pages are read; write `https://…`",
            "3:47: the address holds credentials; remove them and set `headers`",
            "3:78: this is not a URL: relative URL without a base; write `https://…`",
            "3:82: expected text, found a number; put it in quotes",
        ],
    ),
    (
        "collections:\n  - name: a\n    urls: https://example.com/\n    url_files: urls.txt\n    sitemaps: {x: y}\n    feeds: 5\n",
        &[
            "3:11: expected a list such as [\"one\", \"two\"], found text",
            "4:16: expected a list such as [\"one\", \"two\"], found text",
            "5:15: expected a list such as [\"one\", \"two\"], found keys and values",
            "6:12: expected a list such as [\"one\", \"two\"], found a number",
        ],
    ),
    (
        "collections:\n  - name: a\n    urls: []\n    feeds: []\n    include: []\n",
        &[
            "3:11: this collection lists no page; add an address, or remove the collection",
            "5:14: `include` is empty; remove it to take every page",
        ],
    ),
    (
        "collections:\n  - name: a\n    url_files: [~/urls.txt, '']\n    via: push\n",
        &[
            "3:17: `~` is not replaced here; write `${HOME}` in its place",
            "3:29: this path is empty",
            "4:10: expected `url` (the platform fetches the page) or `upload` (kbsync does, and uploads it)",
        ],
    ),
    (
        "collections:\n  - name: a\n    urls: [https://example.com/]\n    include: ['https://example.com/docs/', '*.{md,txt}', '[a', '']\n    exclude: ['/a#b', '[b-a]', '!']\n",
        &[
            "4:15: a pattern is about the path of an address: write `/docs/`, without the site before it",
            "4:44: gitignore patterns have no `{a,b}`; write one pattern for each",
            "4:58: this `[` is never closed; write `\\[` for the character itself",
            "4:64: this pattern is empty",
            "5:15: a pattern is about the path of an address, which has no `#`",
            "5:23: this is no pattern: invalid range; 'b' > 'a'",
            "5:32: this pattern is empty",
        ],
    ),
    (
        "collections:\n  - name: a\n    urls: [https://example.com/]\n    connections: 0\n    delay: 2\n    max_file_size: 0\n    allow_private: maybe\n    allow_hosts: [10.0.0.0/33, 'https://wiki.corp/', '*.corp']\n",
        &[
            "4:18: expected 1 to 16 connections to one host",
            "5:12: expected a duration of at most a day with its unit, such as `2s` or `500ms`",
            "6:20: expected a size above 0, such as `20MiB` or `500kB`",
            "7:20: expected true or false, found text",
            "8:19: expected a host, an address or a block of addresses: `wiki.corp`, `10.1.2.3`, `10.1.0.0/16`",
            "8:32: expected a host, an address or a block of addresses: `wiki.corp`, `10.1.2.3`, `10.1.0.0/16`",
            "8:54: expected a host, an address or a block of addresses: `wiki.corp`, `10.1.2.3`, `10.1.0.0/16`",
        ],
    ),
    (
        "collections:\n  - name: a\n    urls: [https://example.com/]\n    connections: 33\n    headers: 'Authorization: x'\n",
        &[
            "4:18: expected 1 to 16 connections to one host",
            "5:14: `headers` names for each origin what is sent to it, such as `https://example.com: {Authorization: \"Bearer ${TOKEN}\"}`",
        ],
    ),
    (
        "collections:\n  - name: a\n    urls: [https://example.com/]\n    headers:\n      Authorization: x\n      https://example.com/docs: {X-A: x}\n      https://example.com: {'X A': x, Host: x, user-agent: x, X-B: 5, X-C: \"a\\nb\"}\n",
        &[
            "5:7: `headers` names for each origin what is sent to it, such as `https://example.com: {Authorization: \"Bearer ${TOKEN}\"}`",
            "6:7: an origin has no path; write `https://example.com`",
            "7:29: this is no name of a header, such as `Authorization`",
            "7:39: kbsync sets this header itself; leave it out",
            "7:48: kbsync sets this header itself; leave it out",
            "7:68: expected text, found a number; put it in quotes",
            "7:76: a header's value is one line of plain characters",
        ],
    ),
    (
        "collections:\n  - {name: a, website: docs.example.com}\n  - {name: b, website: 'ftp://example.com'}\n  - {name: c, website: [x], auto_sync: 5}\n",
        &[
            "2:24: this is not a URL: relative URL without a base; write `https://…`",
            "3:24: only http and https pages are read; write `https://…`",
            "4:24: expected text, found a list",
            "4:40: expected true or false, found a number",
        ],
    ),
    (
        "platform: {api: nexvio}\ncollections:\n  - {name: a, website: 'https://docs.example.com'}\n",
        &["3:15: Nexvio's pages show no call to crawl a website; name its pages with `sitemaps` or `urls` instead"],
    ),
    (
        "contact: \"a\\nb\"\ncollections: [{name: d, folder: d}]\nsync: {confirm_gone: 0}\n",
        &[
            "1:10: expected one line of plain characters without brackets, such as `ops@example.com` or an address with a form",
            "3:22: a page is gone when its site has said so in one pass at least",
        ],
    ),
    (
        "contact: ' '\ncollections: [{name: d, folder: d}]\nsync: {confirm_gone: -1}\n",
        &[
            "1:10: expected one line of plain characters without brackets, such as `ops@example.com` or an address with a form",
            "3:22: expected a whole number, 0 or more",
        ],
    ),
];

#[test]
fn every_mistake_about_pages_says_how_to_mend_it() {
    assert_said(CASES);
}

fn pages(collection: &Collection) -> &Pages {
    let Input::Pages(pages) = &collection.input else { panic!("{} is no list of pages", collection.name) };
    pages
}

#[test]
fn a_full_list_of_pages_gives_what_it_says() {
    let config = check_text(
        r#"
contact: " ops@example.com "
collections:
  - name: pages
    urls: [" HTTPS://Example.com#top", "http://[::1]:8080/a?b#c"]
    url_files: [./urls.txt, "/srv/${NONE:-more}.txt"]
    sitemaps: [https://example.com/sitemap.xml]
    feeds: [https://example.com/feed]
    include: ["/docs/", "!/docs/old/", "*.pd?"]
    exclude: ["[a-c].html"]
    via: upload
    allow_private: true
    allow_hosts: [Wiki.corp, 10.1.0.0/16, "::1"]
    headers:
      https://Example.com:443/: {Authorization: "Bearer ${CEVVO_API_KEY}", X-A: b}
      https://other.example.com: {}
    max_file_size: 1MiB
    delay: 0s
    connections: 1
    schedule: "@hourly"
  - name: site
    website: https://docs.example.com/#x
    auto_sync: false
sync: {confirm_gone: 5}
"#,
    )
    .unwrap();
    assert_eq!((config.contact.as_deref(), config.sync.confirm_gone), (Some("ops@example.com"), 5));
    let [listed, site] = &config.collections[..] else { panic!("not two") };
    let url = |text: &str| Url::parse(text).unwrap();
    let named = [("Authorization", format!("Bearer {KEY}")), ("X-A", "b".to_owned())];
    let named = named.map(|(name, value)| (name.to_owned(), value.into())).to_vec();
    let headers = [("https://example.com".to_owned(), named), ("https://other.example.com".to_owned(), Vec::new())];
    let expected = Pages {
        urls: vec![url("https://example.com/"), url("http://[::1]:8080/a?b")],
        url_files: vec!["/etc/kb/urls.txt".into(), "/srv/more.txt".into()],
        sitemaps: vec![url("https://example.com/sitemap.xml")],
        feeds: vec![url("https://example.com/feed")],
        include: ["/docs/", "!/docs/old/", "*.pd?"].map(str::to_owned).to_vec(),
        exclude: vec!["[a-c].html".to_owned()],
        via: Via::Upload,
        allow_private: true,
        allow_hosts: AllowedHosts::new(
            ["wiki.corp".to_owned()],
            ["10.1.0.0/16", "::1"].map(|block| Cidr::parse(block).unwrap()).to_vec(),
        ),
        headers: Headers(headers.into()),
        max_file_size: 1 << 20,
        delay: Duration::ZERO,
        connections: 1,
    };
    assert_eq!(*pages(listed), expected);
    assert_eq!(listed.to_string(), "/etc/kb/urls.txt and 5 more");
    assert_eq!(site.input, Input::Website(Website { url: url("https://docs.example.com/"), auto_sync: false }));
    assert!(config.warnings.is_empty());
}

#[test]
fn a_small_list_of_pages_has_the_defaults() {
    let config = check_text(
        "collections: [{name: a, urls: ['https://example.com/a']}, {name: b, website: 'https://example.com'}]",
    );
    let config = config.unwrap();
    let expected = Pages {
        urls: vec![Url::parse("https://example.com/a").unwrap()],
        url_files: Vec::new(),
        sitemaps: Vec::new(),
        feeds: Vec::new(),
        include: Vec::new(),
        exclude: Vec::new(),
        via: Via::Url,
        allow_private: false,
        allow_hosts: AllowedHosts::default(),
        headers: Headers::default(),
        max_file_size: 20 << 20,
        delay: Duration::from_millis(250),
        connections: 2,
    };
    assert_eq!(*pages(&config.collections[0]), expected);
    let Input::Website(website) = &config.collections[1].input else { panic!("no website") };
    assert!(website.auto_sync);
    assert_eq!((config.contact, config.sync.confirm_gone), (None, 2));
}

#[test]
fn headers_that_travel_in_clear_are_warned_of_without_their_value() {
    let text = format!("collections: [{{name: a, urls: ['http://a.b/'], headers: {{'http://a.b': {{X-A: {KEY}}}}}}}]");
    let warnings = check_text(&text).unwrap().warnings;
    assert_eq!(warnings, ["what `headers` has for http://a.b travels in clear; use https if the site has it"]);
}
