//! What lists name together, without a network.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use proptest::prelude::*;

use super::{gather::Source, *};

fn gathering() -> Gathering {
    Gathering::new(Filter::new(&[], &[]).unwrap())
}

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

fn source(from: &str) -> Source {
    Source { way: vec![url("https://a/index.xml"), url("https://a/map.xml")], from: url(from) }
}

fn take(gathering: &mut Gathering, from: &str, xml: &str) -> BTreeSet<Url> {
    let source = source(from);
    let document = document::read(xml.as_bytes(), "", None, &source.from);
    gathering.take(&source, document)
}

#[test]
fn list__names_pages_at_other_ports__speaks_for_them_unless_they_are_of_this_machine() {
    for (host, kept) in [("127.0.0.1", 1), ("localhost", 1), ("[::1]", 1), ("wiki.corp", 3), ("10.0.0.5", 3)] {
        let mut gathering = gathering();
        let pages = [8080, 80, 9200].map(|port| format!("<url><loc>http://{host}:{port}/page</loc></url>"));
        take(&mut gathering, &format!("http://{host}:8080/map.xml"), &format!("<urlset>{}</urlset>", pages.concat()));
        assert_eq!(gathering.finish().pages.len(), kept, "{host}");
    }
}

/// What is gathered from one sitemap of these `<url>`s.
fn taken(entries: &str) -> Pages {
    let mut gathering = gathering();
    let xml = format!("<urlset>{entries}</urlset>");
    let lists = take(&mut gathering, "https://a/map.xml", &xml);
    assert!(lists.is_empty());
    gathering.finish()
}

fn entry(address: &str, lastmod: &str) -> String {
    format!("<url><loc>{address}</loc><lastmod>{lastmod}</lastmod></url>")
}

/// Writes a list that rests since a while.
fn rested(folder: &Path, text: &[u8]) -> PathBuf {
    let path = folder.join("urls.txt");
    fs::write(&path, text).unwrap();
    File::options().write(true).open(&path).unwrap().set_modified(SystemTime::now() - Duration::from_secs(60)).unwrap();
    path
}

/// What is gathered from one file.
async fn of_file(path: &Path) -> Pages {
    let mut gathering = gathering();
    gathering.file(path).await;
    gathering.finish()
}

#[tokio::test]
async fn a_file_without_a_page_failed() {
    let folder = tempfile::tempdir().unwrap();
    for text in ["", "\n\n", "# https://a/\n", "htp://a/\n"] {
        let path = rested(folder.path(), text.as_bytes());
        let words = "it names no page that can be used; if that is meant, take it out of the config";
        assert_eq!(of_file(&path).await.failed, [format!("{}: {words}", path.display())], "{text}");
    }
    // What the filter leaves out was named.
    let path = rested(folder.path(), b"https://a/1");
    let mut gathering = Gathering::new(Filter::new(&[], &["**".to_owned()]).unwrap());
    gathering.file(&path).await;
    assert_eq!(gathering.finish(), Pages::default());
}

#[tokio::test(start_paused = true)]
async fn a_file_is_read_when_it_has_been_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("urls.txt");
    fs::write(&path, "https://a/1\n").unwrap();
    let mut reading = std::pin::pin!(of_file(&path));
    let soon = tokio::time::timeout(Duration::from_millis(100), &mut reading).await;
    assert!(soon.is_err(), "it may be half a list: {soon:?}");
    rested(folder.path(), b"https://a/1\nhttps://a/2\n");
    let Pages { pages, failed, .. } = reading.await;
    assert_eq!((pages.len(), failed.len()), (2, 0), "{failed:?}");
}

#[tokio::test(start_paused = true)]
async fn a_file_that_is_written_without_end_failed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("urls.txt");
    fs::write(&path, "https://a/1\n").unwrap();
    let Pages { pages, failed, .. } = of_file(&path).await;
    assert_eq!(
        (pages.len(), failed),
        (0, vec![format!("{}: it is being written; the next pass reads it", path.display())])
    );
}

#[tokio::test(start_paused = true)]
async fn a_file_from_the_future_is_read_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = rested(folder.path(), b"https://a/1\n");
    let tomorrow = SystemTime::now() + Duration::from_secs(86400);
    File::options().write(true).open(&path).unwrap().set_modified(tomorrow).unwrap();
    let Pages { pages, failed, .. } = of_file(&path).await;
    assert_eq!((pages.len(), failed.len()), (1, 0), "{failed:?}");
}

#[tokio::test]
async fn a_file_gives_its_pages_and_its_bad_lines() {
    let folder = tempfile::tempdir().unwrap();
    let text = b"# ours\nhttps://a/1#top\n\nHTTPS://A/1\nhtp://x\nhttps://a/\xff\nhttps://a/2 # new\n/3";
    let path = rested(folder.path(), text);
    let mut gathering = gathering();
    gathering.inline(&[url("https://a/2#x"), url("https://me:secret@a/"), url("ftp://a/")]);
    gathering.file(&path).await;
    gathering.file(folder.path()).await;
    gathering.file(Path::new("missing/urls.txt")).await;
    let Pages { pages, bad, failed, .. } = gathering.finish();
    let name = path.display();
    let pages: Vec<_> = pages.iter().map(|(key, listed)| (key.as_str(), listed.from.to_string())).collect();
    assert_eq!(pages, [("https://a/1", format!("{name}:2")), ("https://a/2", "urls".to_owned())]);
    assert_eq!(
        bad,
        [
            "urls: `…@a/` holds credentials, which do not belong in a list; send them as `headers` of the collection"
                .to_owned(),
            "urls: `ftp://a/` is no http or https address".to_owned(),
            format!("{name}:5: `htp://x` is no http or https address"),
            format!("{name}:6: `https://a/\u{fffd}` is not text in UTF-8"),
            format!("{name}:8: `/3` is not a whole address: it must begin with http:// or https://"),
        ]
    );
    assert_eq!(
        failed,
        [
            format!("{}: it is a folder, not a file with an address on each line", folder.path().display()),
            "missing/urls.txt: it cannot be read: No such file or directory (os error 2)".to_owned(),
        ]
    );
}

#[test]
fn list_of_lines__one_of_which_is_unclear__may_name_what_is_missing() {
    for (text, expected) in [("https://a/1https://a/2", None), ("https://a/1\nhttps://a/2/https://a/3", Some(true))] {
        let mut web = gathering();
        let source = source("https://a/map.txt");
        web.take(&source, document::read(text.as_bytes(), "text/plain", None, &source.from));
        for (pages, list) in
            [(web.finish(), "https://a/index.xml https://a/map.xml"), (read_file("f", text.as_bytes()), "f")]
        {
            assert_eq!(
                pages.may_name(Some(&Ways::of(list))).map(|why| why.contains("more than one")),
                expected,
                "{text}"
            );
            assert!(pages.pages.contains_key("https://a/1"), "{text}");
        }
    }
}

#[test]
fn many_bad_entries_are_counted() {
    let Pages { pages, bad, failed, .. } = taken(&(entry("https://a/1", "") + &entry("ftp://a/2", "").repeat(100)));
    assert_eq!((pages.len(), bad.len(), failed.len()), (1, 21, 0));
    assert_eq!(bad[20], "https://a/map.xml: 80 items more cannot be used");
}

#[test]
fn a_list_speaks_for_its_own_host() {
    let others = entry("https://b/1", "") + &entry("https://a.b/2", "") + &entry("https://c/3", "");
    let own = entry("http://a/1", "") + &entry("https://a:8443/2", "");
    let Pages { pages, bad, failed, of_others, .. } = taken(&(own + &others));
    assert_eq!(of_others.into_iter().collect::<Vec<_>>(), ["/1", "/2", "/3"]);
    assert_eq!(pages.into_keys().collect::<Vec<_>>(), ["http://a/1", "https://a:8443/2"]);
    assert_eq!(bad, ["https://a/map.xml names 3 pages of other hosts, for which it does not speak"]);
    assert_eq!(failed, [""; 0]);
    let mut gathering = gathering();
    let xml = format!("<urlset>{others}</urlset>");
    take(&mut gathering, "https://b/moved.xml", &xml);
    let moved = gathering.finish();
    assert_eq!(&*moved.pages["https://b/1"].from, "https://a/map.xml");
    assert_eq!((moved.pages.len(), moved.bad.len()), (1, 1));
}

#[test]
fn a_list_without_a_page_failed() {
    assert_eq!(taken("").failed, [""; 0], "a part of an index may be empty");
    let mut alone = gathering();
    let top = Source { way: vec![url("https://a/map.xml")], from: url("https://a/map.xml") };
    alone.take(&top, document::read(b"<urlset/>", "", None, &top.from));
    assert_eq!(alone.finish().failed, ["https://a/map.xml: it names no page that can be used"]);
    for entries in [&entry("https://b/1", ""), &entry("ftp://a/1", ""), "<url/>"] {
        let pages = taken(entries);
        assert_eq!(pages.failed, ["https://a/map.xml: it names no page that can be used"], "{entries}");
    }
    assert_eq!(
        taken("<url/><url><loc>https://a/1</loc></url>").bad,
        ["https://a/map.xml has 1 item without an address"]
    );
    let cut = taken(&(entry("https://a/1", "") + "<url>"));
    assert_eq!((cut.pages.len(), cut.failed.len()), (1, 1));
    let filtered = Filter::new(&[], &["/".to_owned() + "**"]).unwrap();
    let mut gathering = Gathering::new(filtered);
    let xml = format!("<urlset>{}</urlset>", entry("https://a/1", ""));
    take(&mut gathering, "https://a/map.xml", &xml);
    assert_eq!(gathering.finish(), Pages::default());
}

#[test]
fn an_index_does_not_lead_back() {
    let index = |names: &[&str]| {
        let named = names.iter().map(|name| format!("<sitemap><loc>https://{name}</loc></sitemap>"));
        let xml = format!("<sitemapindex>{}</sitemapindex>", named.collect::<String>());
        let mut gathering = gathering();
        let lists = take(&mut gathering, "https://a/map.xml", &xml);
        let lists: Vec<String> = lists.into_iter().map(String::from).collect();
        (lists, gathering.finish())
    };
    let (lists, pages) = index(&["a/2.xml", "a/map.xml", "a/1.xml", "A/2.xml", "a/index.xml"]);
    assert_eq!((lists, pages), (vec!["https://a/1.xml".to_owned(), "https://a/2.xml".to_owned()], Pages::default()));
    let (lists, pages) = index(&["a/map.xml", "a/index.xml", "b/1.xml"]);
    assert_eq!(lists, [""; 0]);
    assert_eq!(pages.bad, ["https://a/map.xml names 1 list of other hosts, for which it does not speak"]);
    assert_eq!(pages.failed, ["https://a/map.xml: it names no list that can be used"]);
}

proptest! {
    #[test]
    fn order_and_duplicates_change_nothing(
        said in proptest::collection::btree_map(0..20u8, proptest::option::of("[12]"), 1..10),
        doubles in proptest::collection::vec((any::<prop::sample::Index>(), prop_oneof!["", "[12]"]), 0..10),
        order in Just((0..20).collect::<Vec<usize>>()).prop_shuffle(),
    ) {
        let said: Vec<(u8, Option<String>)> = said.into_iter().collect();
        let mut entries: Vec<(u8, String)> =
            said.iter().map(|(page, lastmod)| (*page, lastmod.clone().unwrap_or_default())).collect();
        entries.extend(doubles.into_iter().map(|(at, lastmod)| (said[at.index(said.len())].0, lastmod)));
        let gathered = |entries: &[(u8, String)]| {
            let entries: String = entries
                .iter()
                .enumerate()
                .map(|(at, (page, lastmod))| entry(&format!("https://{}/{page}#{at}", ["a", "A:443"][at % 2]), lastmod))
                .collect();
            taken(&entries)
        };
        let pages = gathered(&entries);
        prop_assert_eq!(pages.pages.len(), said.len());
        for (page, _) in &said {
            let mut words: Vec<&str> =
                entries.iter().filter(|(own, word)| own == page && !word.is_empty()).map(|(_, word)| word.as_str()).collect();
            words.sort_unstable();
            words.dedup();
            let expected = if let [word] = words[..] { Some(word) } else { None };
            prop_assert_eq!(pages.pages[&format!("https://a/{page}")].lastmod.as_deref(), expected);
        }
        let entries: Vec<_> = order.into_iter().filter_map(|at| entries.get(at).cloned()).collect();
        prop_assert_eq!(gathered(&entries), pages);
    }
}

#[test]
fn unread_lists__that_led_to_no_page_before__are_new() {
    let known = ["https://e.com/i https://e.com/a\nhttps://e.com/i https://e.com/b", "two words.txt", ""].map(Ways::of);
    for (unread, expected) in [
        (&[][..], false),
        (&["https://e.com/a"], false),
        (&["https://e.com/i"], false),
        (&["two words.txt"], false),
        (&["https://e.com/new"], true),
        (&["https://e.com/a", "https://e.com/new"], true),
    ] {
        let unread_lists = unread.iter().map(|list| ((*list).to_owned(), String::new())).collect();
        let pages = Pages { unread: unread_lists, ..Pages::default() };
        assert_eq!(pages.has_new_unread(known.iter()), expected, "{unread:?}");
    }
}

#[test]
fn page__pushed_out_of_its_part__may_be_in_a_part_of_the_same_index() {
    let index = |part: &str, index: &str| (part.to_owned(), [index.to_owned()].into());
    let pages = Pages {
        indexes: [
            index("https://e.com/a1", "https://e.com/a"),
            index("https://e.com/a2", "https://e.com/a"),
            index("https://e.com/b1", "https://e.com/b"),
            index("https://e.com/a", "https://e.com/i"),
            index("https://e.com/b", "https://e.com/i"),
        ]
        .into(),
        unread: [("https://e.com/a2".to_owned(), "503".to_owned())].into(),
        ..Pages::default()
    };
    for (way, expected) in [
        ("https://e.com/i https://e.com/a https://e.com/a2", Some("503")),
        ("https://e.com/i https://e.com/a https://e.com/a1", Some("503")),
        ("https://e.com/a https://e.com/a1", Some("503")),
        ("https://e.com/i https://e.com/b https://e.com/b1", None),
        ("https://e.com/a1", None),
        ("urls.txt", None),
        ("", None),
    ] {
        assert_eq!(pages.may_name(Some(&Ways::of(way))), expected, "{way}");
    }
}

#[test]
fn lists__more_text_than_is_kept__are_incomplete() {
    let mut gathering = gathering();
    gathering.budget = 1 << 20;
    let long = "x".repeat(1_500);
    let list = |number: usize| {
        let lines = (0..300).map(|page| format!("https://e.com/{number}/{page}/{long}\n"));
        lines.collect::<String>().into_bytes()
    };
    for number in 0..3 {
        gathering.lines(&format!("urls-{number}.txt"), &list(number));
    }
    let pages = gathering.finish();
    assert!(pages.incomplete && pages.failed[0].contains("64 MiB of addresses"), "{:?}", pages.failed);
    let kept: usize = pages.pages.keys().map(String::len).sum();
    assert!((700 << 10..1 << 20).contains(&kept), "{kept}");
    assert!(pages.may_name(None).is_some(), "what is not listed may be there");
}
