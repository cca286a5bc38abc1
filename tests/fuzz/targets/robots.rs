//! robots.txt: the first line is the page that is asked about, the rest is what its site says.

use kbsync::fetch::robots_verdict;
use url::Url;

pub fn robots(data: &[u8]) {
    let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (path, text) = data.split_at(end);
    let text = text.get(1..).unwrap_or_default();
    let site = Url::parse("https://example.com/").expect("an address");
    let Ok(page) = site.join(&String::from_utf8_lossy(path)) else { return };
    let verdict = robots_verdict(text, "kbsync", &page);
    if let Some(rule) = &verdict.rule {
        assert!(rule.chars().count() <= 220 && !rule.contains(char::is_control), "{rule:?}");
        assert!(rule.starts_with(if verdict.allowed { "Allow: " } else { "Disallow: " }), "{rule}");
    }
    assert!(verdict.allowed || verdict.rule.is_some());
    let says = |text: &[u8]| assert_eq!(robots_verdict(text, "KBsync", &page), verdict, "{page}");
    if !text.starts_with(b"\xef") {
        says(&[b"\xef\xbb\xbf", text].concat());
        // What is about others says nothing to us.
        says(&[b"User-agent: somebody-else\nDisallow: /\n", text].concat());
    }
    let line_ends = |end: &[u8]| text.split(|byte| *byte == b'\n').collect::<Vec<_>>().join(end);
    says(&line_ends(b"\r\n"));
    says(&line_ends(b"\r"));
    let own = site.join("/robots.txt").expect("an address");
    assert!(robots_verdict(text, "kbsync", &own).allowed);
}
