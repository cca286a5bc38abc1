//! What holds for every answer, whichever platform it comes from.

use kbsync::platform::{Holding, SourcePage, read};
use serde::{Serialize, de::DeserializeOwned};
use url::Url;

/// The words of a platform that people are shown.
pub fn words(said: &str) {
    assert!(said.chars().count() <= 301 && !said.contains(char::is_control), "{said:?}");
}

/// What the body of an error says.
pub fn error(body: &[u8]) {
    if let Some(said) = read::reason(body) {
        words(&said);
        assert!(!said.is_empty());
    }
}

/// What is read is written and read again the same.
pub fn settled<T: Serialize + DeserializeOwned>(read: &T) {
    let once = serde_json::to_value(read).expect("it is written");
    let again: T = serde_json::from_value(once.clone()).unwrap_or_else(|why| panic!("{once}: {why}"));
    assert_eq!(serde_json::to_value(&again).expect("it is written"), once);
}

/// Sources whose ids come from a platform: each is asked for at an address of its own, or not at all.
pub fn sources(page: &SourcePage) {
    for source in &page.sources {
        address(&source.id.0);
        if let Holding::Failed(Some(said)) = &source.holding {
            words(said);
        }
    }
}

/// An id goes into an address and comes out again.
pub fn address(id: &str) {
    let base = Url::parse("https://example.com/api/v1").expect("an address");
    let Some(url) = read::address(&base, id) else { return };
    let (path, query) = (url.path(), url.query());
    let segment = path.strip_prefix("/api/v1/sources/").unwrap_or_else(|| panic!("{id:?} leads to {url}"));
    assert!(!segment.contains('/') && query.is_none() && url.fragment().is_none(), "{id:?} leads to {url}");
    assert_eq!(decoded(segment), id.as_bytes(), "{id:?} leads to {url}");
}

/// A segment without its escapes.
fn decoded(segment: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = segment.as_bytes();
    while let [first, after @ ..] = rest {
        let escape = after.get(..2).filter(|_| *first == b'%').and_then(|hex| std::str::from_utf8(hex).ok());
        let (byte, length) = match escape.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => (byte, 3),
            None => (*first, 1),
        };
        bytes.push(byte);
        rest = &rest[length..];
    }
    bytes
}
