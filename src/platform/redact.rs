//! Redaction of the API key in a platform's words: whole, in parts, and encoded.
//!
//! Platforms repeat keys in their errors, some cut them off or encode them. So every part of a key that is long enough to
//! help a guesser is replaced, before anything is shortened.

use std::fmt::Write;

use secrecy::{ExposeSecret, SecretString};

/// What stands for a key.
const REDACTED: &str = "[the key]";
/// A part of a key that is shorter than this many characters is no secret.
const LEAST: usize = 8;
/// The same of a key's beginning at the very end of a text, where somebody has cut it.
const LEAST_AT_END: usize = 4;

/// A key with fewer characters than these may be a word.
const LEAST_WHOLE: usize = 16;

/// Finds one key in texts.
pub(super) struct Redactor {
    /// The forms of the key in lower case, each with the length of a part that is no longer harmless.
    forms: Vec<(Vec<u8>, usize)>,
}

impl Redactor {
    pub(super) fn new(key: &SecretString) -> Self {
        let key = key.expose_secret().as_bytes();
        let mut forms = vec![(key.to_vec(), LEAST)];
        let hex = |before: &str| key.iter().fold(String::new(), |text, byte| text + before + &format!("{byte:02x}"));
        let escaped = key.iter().fold(String::new(), |mut text, byte| {
            // Writing into a string cannot fail.
            let _ = match byte.is_ascii_alphanumeric() {
                true => write!(text, "{}", char::from(*byte)),
                false => write!(text, "%{byte:02x}"),
            };
            text
        });
        forms.push((escaped.into_bytes(), LEAST));
        forms.push((hex("").into_bytes(), LEAST * 2));
        forms.push((hex("%").into_bytes(), LEAST * 3));
        for before in 0..3 {
            let text = base64(key, before);
            forms.push((text.replace('+', "-").replace('/', "_").into_bytes(), LEAST * 4 / 3));
            forms.push((text.into_bytes(), LEAST * 4 / 3));
        }
        for (form, least) in &mut forms {
            form.make_ascii_lowercase();
            *least = (*least).min(form.len()).max(1);
        }
        forms.retain(|(form, _)| !form.is_empty());
        Self { forms }
    }

    /// The words without the key.
    pub(super) fn redact(&self, words: &str) -> String {
        let text = words.to_ascii_lowercase().into_bytes();
        let (mut redacted, mut kept, mut at) = (String::new(), 0, 0);
        while at < text.len() {
            match self.part_at(&text, at) {
                0 => at += 1,
                length => {
                    // A key is ASCII, and so are the ends of its parts.
                    redacted.push_str(&words[kept..at]);
                    redacted.push_str(REDACTED);
                    at += length;
                    kept = at;
                }
            }
        }
        redacted + &words[kept..]
    }

    /// The text without whole keys. Parts stay: names and ids may have a few letters in common with a key.
    pub(super) fn redact_whole(&self, text: &str) -> String {
        let lower = text.to_ascii_lowercase();
        let (mut redacted, mut kept) = (String::new(), 0);
        while let Some((start, end)) = self.whole_in(&lower[kept..]) {
            redacted.push_str(&text[kept..kept + start]);
            redacted.push_str(REDACTED);
            kept += end;
        }
        redacted + &text[kept..]
    }

    /// Where the first whole key is in a text in lower case.
    fn whole_in(&self, lower: &str) -> Option<(usize, usize)> {
        let found = self.whole_forms().filter_map(|form| lower.find(form).map(|at| (at, at + form.len())));
        found.min()
    }

    /// How many bytes at the end of a text may be the beginning of a whole key.
    pub(super) fn open_end(&self, text: &str) -> usize {
        let lower = text.to_ascii_lowercase();
        let longest =
            |form: &str| (1..form.len().min(lower.len() + 1)).rev().find(|length| lower.ends_with(&form[..*length]));
        self.whole_forms().filter_map(longest).max().unwrap_or_default()
    }

    /// The forms of a key that is long enough to be no word of somebody's text.
    fn whole_forms(&self) -> impl Iterator<Item = &str> {
        let forms = self.forms.iter().filter(|_| self.forms.first().is_some_and(|(key, _)| key.len() >= LEAST_WHOLE));
        forms.filter_map(|(form, _)| std::str::from_utf8(form).ok())
    }

    /// The length of the part of the key that is there; 0 where there is none.
    fn part_at(&self, text: &[u8], at: usize) -> usize {
        let longest = |(form, least): &(Vec<u8>, usize)| {
            let common = |from: usize| {
                let length = form[from..].iter().zip(&text[at..]).take_while(|(a, b)| a == b).count();
                let is_cut = from == 0 && at + length == text.len() && length >= LEAST_AT_END;
                if length >= *least || is_cut { length } else { 0 }
            };
            (0..form.len()).map(common).max().unwrap_or_default()
        };
        self.forms.iter().map(longest).max().unwrap_or_default()
    }
}

/// What a key is in base64 wherever it lies in what is encoded, `before` bytes after a boundary: without the characters
/// that depend on what is around it.
fn base64(key: &[u8], before: usize) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bit =
        |at: usize| at / 8 >= before && key.get(at / 8 - before).is_some_and(|byte| byte >> (7 - at % 8) & 1 == 1);
    let (first, end) = ((before * 8).div_ceil(6), (before + key.len()) * 8 / 6);
    let digit = |at: usize| (at * 6..at * 6 + 6).fold(0, |digit, at| digit << 1 | usize::from(bit(at)));
    (first..end).map(|at| char::from(ALPHABET[digit(at)])).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::platform::answer::shortened;

    const KEY: &str = "nexvio_live_7Qm2x9LpVz4RtYw8Kc3N+Bd6/Hs==";

    fn redactor() -> Redactor {
        Redactor::new(&SecretString::from(KEY))
    }

    /// Whether a text has this many characters of the key in a row.
    fn shows(text: &str, key: &str, length: usize) -> bool {
        let text = text.to_ascii_lowercase();
        let key = key.to_ascii_lowercase();
        (0..=key.len().saturating_sub(length)).any(|at| text.contains(&key[at..at + length]))
    }

    #[test]
    fn base64__a_key_anywhere__is_what_others_write() {
        assert_eq!(base64(b"abcdef", 0), "YWJjZGVm");
        // "xabcdef" and "xyabcdef" in base64 are eGFiY2RlZg== and eHlhYmNkZWY=.
        assert_eq!(base64(b"abcdef", 1), "FiY2RlZ");
        assert_eq!(base64(b"abcdef", 2), "hYmNkZW");
    }

    #[test]
    fn redact_whole__texts_with_the_key__lose_it_and_keep_parts_of_it() {
        let redactor = Redactor::new(&SecretString::from("sk_live_0123456789abcdef"));
        for (text, expected) in [
            ("src_SK_LIVE_0123456789abcdef!", "src_[the key]!"),
            ("é sk_live_0123456789abcdefsk_live_0123456789abcdef", "é [the key][the key]"),
            ("c2tfbGl2ZV8wMTIzNDU2Nzg5YWJjZGVm", "[the key]"),
            ("sk_live_0123456789abcde", "sk_live_0123456789abcde"),
            ("", ""),
        ] {
            assert_eq!(redactor.redact_whole(text), expected, "{text}");
        }
        for (text, expected) in [("", 0), ("é", 0), ("a sk_li", 5), ("sk_live_0123456789abcde", 23), ("a s b", 0)] {
            assert_eq!(redactor.open_end(text), expected, "{text}");
        }
        let word = Redactor::new(&SecretString::from("development"));
        assert_eq!(word.redact_whole("docs/development.md"), "docs/development.md");
    }

    #[test]
    fn redact__every_form_of_the_key__is_replaced() {
        let redactor = redactor();
        for form in [
            KEY,
            &KEY.to_uppercase(),
            "nexvio%5Flive%5F7Qm2x9LpVz4RtYw8Kc3N%2BBd6%2FHs%3D%3D",
            "nexvio_live_7Qm2x9LpVz4RtYw8Kc3N%2BBd6%2fHs%3D%3D",
            // "user:" and "Bearer " before it.
            "dXNlcjpuZXh2aW9fbGl2ZV83UW0yeDlMcFZ6NFJ0WXc4S2MzTitCZDYvSHM9PQ==",
            "QmVhcmVyIG5leHZpb19saXZlXzdRbTJ4OUxwVno0UnRZdzhLYzNOK0JkNi9Icz09",
            "6e657876696f5f6c6976655f37516d327839",
        ] {
            let words = format!("the key \"{form}\" is not known; see https://example.com/keys");
            let redacted = redactor.redact(&words);
            assert!(redacted.contains("[the key]") && redacted.len() + 15 < words.len(), "{redacted}");
            assert!(redacted.starts_with("the key \"") && redacted.ends_with("; see https://example.com/keys"));
        }
        for harmless in ["", "not found", "nexvio is down", "live", "schöne Grüße 7Qm2x9"] {
            assert_eq!(redactor.redact(harmless), harmless);
        }
    }

    proptest! {
        #[test]
        fn redact__a_key_across_any_cut__shows_no_part(pad in 0_usize..400, cut in 1_usize..60, ours: bool) {
            let whole = format!("{}{KEY} is not known", ".".repeat(pad));
            // Either we shorten the text, or the platform has done so.
            let said = if ours { whole } else { whole[..(pad + cut).min(whole.len())].to_owned() };
            let told = shortened(&redactor().redact(&said));
            prop_assert!(!shows(&told, KEY, LEAST), "{}", told);
            prop_assert!(!(LEAST_AT_END..LEAST).any(|length| told.ends_with(&KEY[..length])), "{}", told);
        }

        #[test]
        fn redact__any_text_and_key__keeps_the_rest(text in ".{0,200}", key in "[!-~]{1,40}") {
            let redacted = Redactor::new(&SecretString::from(key.clone())).redact(&text);
            prop_assert!(key.len() < LEAST || !redacted.contains(&key) || REDACTED.contains(&key));
        }
    }
}
