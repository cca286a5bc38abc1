//! Pages: the first byte says what its server says of the charset, the rest is HTML.

use kbsync::extract::{Kind, Page, text_here};

const CHARSETS: [Option<&str>; 6] =
    [None, Some("utf-8"), Some("windows-1252"), Some("shift_jis"), Some("utf-16be"), Some("none")];
const MOST: usize = 16 << 20;

pub fn html(data: &[u8]) {
    let Some((charset, html)) = data.split_first() else { return };
    let charset = CHARSETS[usize::from(*charset) % CHARSETS.len()];
    let request = serde_json::json!({"charset": charset, "address": "https://example.com/docs/page"});
    let input = [request.to_string().as_bytes(), b"\n", html].concat();
    let Some(text) = text_here(Kind::Html, &input) else { return };
    assert!(text.len() < MOST, "{} bytes of {}", text.len(), html.len());
    let page: Page = serde_json::from_str(&text).expect("the parent reads it");
    assert!(!page.markdown.trim().is_empty());
    let odd = |c: &char| c.is_control() && !matches!(c, '\n' | '\t');
    assert_eq!(page.markdown.chars().find(odd), None, "{:?}", page.markdown);
    assert!(!page.title.contains(char::is_control), "{:?}", page.title);
    for link in &page.links {
        assert!(link.starts_with("http://") || link.starts_with("https://"), "{link}");
        assert!(!link.contains('#'), "{link}");
    }
}
