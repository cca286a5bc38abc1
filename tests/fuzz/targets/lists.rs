//! Lists of pages: sitemaps, indexes of them, feeds, plain lines, and files with an address on each line.

use kbsync::fetch::lists::{self, canonical};
use url::Url;

const MEDIA_TYPES: [&str; 3] = ["application/xml", "text/plain", ""];
const CHARSETS: [Option<&str>; 4] = [None, Some("utf-8"), Some("iso-8859-1"), Some("utf-16le")];

pub fn lists(data: &[u8]) {
    let Some((how, body)) = data.split_first() else { return };
    let how = usize::from(*how);
    let (pages, further) = if how & 1 == 1 {
        (lists::read_file("urls.txt", body), Default::default())
    } else {
        let from = Url::parse("https://example.com/sitemap.xml").expect("an address");
        let found = lists::read(body, MEDIA_TYPES[(how >> 1) % 3], CHARSETS[(how >> 3) % 4], &from);
        let hosts = found.0.pages.keys().map(|key| Url::parse(key).expect("an address"));
        for url in hosts.chain(found.1.iter().cloned()) {
            assert_eq!(url.host_str(), Some("example.com"), "{url}");
        }
        found
    };
    for key in pages.pages.keys().map(String::as_str).chain(further.iter().map(Url::as_str)) {
        let url = canonical(key).unwrap_or_else(|why| panic!("{key}: {why}"));
        assert_eq!(url.as_str(), key);
        assert!(matches!(url.scheme(), "http" | "https") && url.fragment().is_none(), "{key}");
    }
    let useful = pages.pages.len() + further.len();
    assert!(useful > 0 || !pages.failed.is_empty(), "nothing was read of it, and nothing is said");
    // A few sentences are told, whatever comes.
    assert!(pages.bad.len() <= 24 && pages.failed.len() <= 1, "{pages:?}");
    assert!(pages.bad.iter().chain(&pages.failed).all(|said| said.len() < 2000), "{pages:?}");
}
