//! Secrets that `headers` sends to a site: what repeats one is neither shown nor kept nor uploaded.

use std::fmt;

use reqwest::header::{
    ACCEPT, ACCEPT_CHARSET, ACCEPT_ENCODING, ACCEPT_LANGUAGE, HeaderMap, HeaderName, REFERER, USER_AGENT,
};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::Access;
use crate::model::Redactor;

/// Headers whose values are no secrets, however long.
const HARMLESS: [HeaderName; 6] = [ACCEPT, ACCEPT_CHARSET, ACCEPT_ENCODING, ACCEPT_LANGUAGE, REFERER, USER_AGENT];
/// Minimum length of a secret, in characters, with letters and digits among them; anything else may be a word.
const LEAST: usize = 16;

/// The secrets that one site is sent.
#[derive(Default)]
pub struct SentSecrets(Vec<Redactor>);

impl fmt::Debug for SentSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} secrets", self.0.len())
    }
}

impl SentSecrets {
    /// Those that go to the site of an address.
    pub(super) fn to(url: &Url, access: &Access) -> Self {
        let headers = access.headers.get(&url.origin().ascii_serialization()).into_iter().flatten();
        let values = headers.filter(|(name, _)| !HARMLESS.contains(name)).map(|(_, value)| value.expose_secret());
        Self(values.flat_map(secrets).map(|secret| Redactor::new(&SecretString::from(secret))).collect())
    }

    /// Whether the site is sent none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a text repeats one of them, or a long part of one.
    pub fn are_in(&self, text: &str) -> bool {
        self.0.iter().any(|secret| secret.is_in(text))
    }

    /// Whether one of these headers of an answer does.
    pub(super) fn are_in_headers(&self, headers: &HeaderMap, names: &[HeaderName]) -> bool {
        let values = names.iter().flat_map(|name| headers.get_all(name));
        values.into_iter().any(|value| self.are_in(&String::from_utf8_lossy(value.as_bytes())))
    }
}

/// The parts of a header's value that are secrets: `Bearer SECRET`, `session=SECRET; theme=dark`.
fn secrets(value: &str) -> impl Iterator<Item = &str> {
    let pieces = value.split([' ', ';', ',']).map(|piece| {
        // What base64 ends with names nothing.
        let named = piece.split_once('=').map(|(_, value)| value).filter(|value| !value.trim_matches('=').is_empty());
        named.unwrap_or(piece)
    });
    pieces.filter(|piece| {
        let has = |of: fn(&u8) -> bool| piece.as_bytes().iter().any(of);
        piece.len() >= LEAST && has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets__of_a_value__are_its_long_parts_with_letters_and_digits() {
        for (value, expected) in [
            ("Bearer wiki-Tok3nVerySecret", &["wiki-Tok3nVerySecret"][..]),
            ("Basic dXNlcjpwYXNzd29yZDE=", &["dXNlcjpwYXNzd29yZDE="]),
            ("session=0123456789abcdef; theme=dark", &["0123456789abcdef"]),
            ("a=0123456789abcde, all-the-cookies-accepted", &[]),
            ("", &[]),
        ] {
            assert_eq!(secrets(value).collect::<Vec<_>>(), expected, "{value}");
        }
    }
}
