//! The one spelling of a page's address, which is its key: two spellings of one page are one document.

use url::{ParseError, Url};

use crate::model::MAX_ADDRESS;

/// How much of a bad address is shown.
const SHOWN: usize = 100;

/// Why a text is no page's address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAddress {
    /// It says neither how nor from whom.
    #[error("`{0}` is not a whole address: it must begin with http:// or https://")]
    Relative(String),
    /// It is for something else than HTTP.
    #[error("`{0}` is no http or https address")]
    Scheme(String),
    /// Nothing can be made of it.
    #[error("`{text}` is no address: {why}")]
    Invalid {
        /// What there is.
        text: String,
        /// What is wrong with it.
        why: ParseError,
    },
    /// It has a user name or a password.
    #[error("`{0}` holds credentials, which do not belong in a list; send them as `headers` of the collection")]
    Credentials(String),
    /// It is longer than any page's.
    #[error("`{0}` is longer than {MAX_ADDRESS} bytes")]
    Long(String),
    /// Some of its bytes are no characters.
    #[error("`{0}` is not text in UTF-8")]
    NotText(String),
    /// It is a line of which it cannot be told what it names.
    #[error(
        "`{0}` is more than one address, or has words beside it; put each address on a line of its own, and words behind \
         ` #`"
    )]
    Several(String),
}

/// A reference in a list as a whole address. One that is whole already stays as it is, and so does what is no reference:
/// [`canonical`] says what is wrong with it.
pub(super) fn resolve(base: &Url, reference: &str) -> String {
    let is_relative = Url::parse(reference) == Err(ParseError::RelativeUrlWithoutBase)
        && !reference.starts_with('&')
        && !reference.contains(char::REPLACEMENT_CHARACTER);
    let resolved = is_relative.then(|| base.join(reference).ok()).flatten();
    resolved.map_or_else(|| reference.to_owned(), String::from)
}

/// The address of a page as kbsync spells it: without fragment and default port, otherwise as browsers normalise it.
///
/// # Errors
/// When the text is no address of a page, or none that may stand in a list.
pub fn canonical(text: &str) -> Result<Url, BadAddress> {
    let text = text.trim();
    let (page, _) = text.split_once('#').unwrap_or((text, ""));
    if page.len() > MAX_ADDRESS {
        return Err(BadAddress::Long(shown(text)));
    }
    if page.contains(char::REPLACEMENT_CHARACTER) {
        return Err(BadAddress::NotText(shown(text)));
    }
    let url = match Url::parse(page) {
        Ok(url) => url,
        Err(ParseError::RelativeUrlWithoutBase) => return Err(BadAddress::Relative(shown(text))),
        Err(why) => return Err(BadAddress::Invalid { text: shown(text), why }),
    };
    if !matches!(url.scheme(), "http" | "https") {
        return Err(BadAddress::Scheme(shown(text)));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(BadAddress::Credentials(shown(text)));
    }
    // Normalising can lengthen it: one character becomes up to twelve bytes.
    if url.as_str().len() > MAX_ADDRESS {
        return Err(BadAddress::Long(shown(text)));
    }
    Ok(url)
}

/// The beginning of a text, without what may be a password.
pub(super) fn shown(text: &str) -> String {
    let open = text.rsplit_once('@').map_or_else(|| text.to_owned(), |(_, host)| format!("…@{host}"));
    shorten(&open)
}

/// The beginning of a text that may be of any length.
pub(super) fn shorten(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn spellings_of_one_page_are_one() {
        let table = [
            ("https://example.com", "https://example.com/"),
            (" HTTPS://EXAMPLE.com:443/ ", "https://example.com/"),
            ("http://example.com:80/a#b", "http://example.com/a"),
            ("http://example.com:8080/a#", "http://example.com:8080/a"),
            ("https://example.com/a/../b/./c", "https://example.com/b/c"),
            ("https://example.com/%7Ea?b=c#d?e", "https://example.com/%7Ea?b=c"),
            ("https://bücher.example/ä b", "https://xn--bcher-kva.example/%C3%A4%20b"),
            ("https://[::ffff:127.0.0.1]/", "https://[::ffff:7f00:1]/"),
            ("http://0x7f.1/", "http://127.0.0.1/"),
        ];
        for (text, url) in table {
            assert_eq!(canonical(text).map(String::from).as_deref(), Ok(url), "{text}");
        }
        assert_ne!(canonical("https://example.com/a"), canonical("https://example.com/a/"));
        assert_ne!(canonical("https://example.com/a"), canonical("https://example.com/A"));
    }

    #[test]
    fn what_is_no_page_is_refused_in_words() {
        let table = [
            ("htp://x", "`htp://x` is no http or https address"),
            ("file:///etc/passwd", "`file:///etc/passwd` is no http or https address"),
            ("localhost:8080/a", "`localhost:8080/a` is no http or https address"),
            ("/pricing", "`/pricing` is not a whole address: it must begin with http:// or https://"),
            ("", "`` is not a whole address: it must begin with http:// or https://"),
            ("http://", "`http://` is no address: empty host"),
            ("http://a:99999/", "`http://a:99999/` is no address: invalid port number"),
            ("http://a\u{fffd}b/", "`http://a\u{fffd}b/` is not text in UTF-8"),
            (
                "https://me:secret@example.com/",
                "`…@example.com/` holds credentials, which do not belong in a list; send them as `headers` of the \
                 collection",
            ),
            ("htp://me:secret@example.com/", "`…@example.com/` is no http or https address"),
        ];
        for (text, words) in table {
            assert_eq!(canonical(text).map_err(|why| why.to_string()), Err(words.to_owned()));
        }
    }

    #[test]
    fn addresses_are_bounded_and_so_is_what_is_said_of_them() {
        let long = |bytes: usize| format!("https://example.com/{}", "a".repeat(bytes - 20));
        assert!(canonical(&long(2000)).is_ok());
        assert!(canonical(&format!("{}#{}", long(2000), "a".repeat(5000))).is_ok());
        let words = canonical(&long(2001)).unwrap_err().to_string();
        assert!(words.ends_with("aaa…` is longer than 2000 bytes") && words.len() < 150, "{words}");
        assert!(matches!(canonical(&format!("https://example.com/{}", "ä".repeat(400))), Err(BadAddress::Long(_))));
    }

    proptest! {
        #[test]
        fn a_canonical_address_stays_as_it_is(text in "(https?|HTTP)(:|://|:/)[a-zäÖ.:@0-9]{0,12}[ -~é\\t]{0,40}") {
            if let Ok(url) = canonical(&text) {
                prop_assert_eq!(canonical(url.as_str()), Ok(url.clone()));
                prop_assert!(url.fragment().is_none() && url.as_str().len() <= MAX_ADDRESS);
            }
        }
    }
}
