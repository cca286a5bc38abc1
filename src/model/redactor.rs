//! Redaction of a secret in the words of others: whole, in parts, and encoded.
//!
//! Servers repeat keys in their errors, some cut them off or encode them. So every part of a key that is long enough to
//! help a guesser is replaced, before anything is shortened.

use std::fmt::Write;

use secrecy::{ExposeSecret, SecretString};

use super::spelling::{Letter, letters};

/// What stands for a key.
const REDACTED: &str = "[the key]";
/// A part of a key with fewer letters and digits is no secret.
const LEAST: usize = 8;
/// The same of a key's beginning at the very end of a text, where somebody has cut it.
const LEAST_AT_END: usize = 4;
/// A key with fewer characters than these may be a word.
const LEAST_WHOLE: usize = 16;

/// Finds one key in texts.
pub struct Redactor {
    /// The whole key as it is.
    key: String,
    /// The letters and digits of the key's forms in lower case, each with the length of a part that is no longer harmless.
    parts: Vec<(Vec<u8>, usize)>,
    /// The whole key in its forms; none where it may be a word of somebody's text.
    whole: Vec<String>,
}

impl Redactor {
    /// For one key.
    pub fn new(key: &SecretString) -> Self {
        let key = key.expose_secret();
        let bytes = key.as_bytes();
        let hex = |before: &str| bytes.iter().fold(String::new(), |text, byte| text + before + &format!("{byte:02x}"));
        let base64 = [0, 1, 2].map(|before| base64(bytes, before));
        let escaped = bytes.iter().fold(String::new(), |mut text, byte| {
            // Writing into a string cannot fail.
            let _ = match byte.is_ascii_alphanumeric() {
                true => write!(text, "{}", char::from(*byte)),
                false => write!(text, "%{byte:02x}"),
            };
            text
        });
        let letters_of = |form: &str| letters(form).into_iter().map(|letter| letter.byte).collect::<Vec<_>>();
        let forms = [(key.to_owned(), LEAST), (hex(""), LEAST * 2)].into_iter();
        let forms = forms.chain(base64.iter().map(|form| (form.clone(), LEAST * 4 / 3)));
        let parts = forms.map(|(form, least)| (letters_of(&form), least)).filter(|(form, least)| form.len() >= *least);
        let url_safe = base64.iter().map(|form| form.replace('+', "-").replace('/', "_"));
        let whole = [key.to_owned(), escaped, hex(""), hex("%")].into_iter().chain(url_safe).chain(base64.clone());
        Self {
            key: key.to_ascii_lowercase(),
            parts: parts.collect(),
            whole: whole
                .filter(|form| key.len() >= LEAST_WHOLE && !form.is_empty())
                .map(|form| form.to_ascii_lowercase())
                .collect(),
        }
    }

    /// The words without the key, and without each part of it that tells much of it, however it is spelled.
    pub fn redact(&self, words: &str) -> String {
        let words = without(words, |rest| rest.find(&self.key).map(|at| (at, at + self.key.len())));
        let letters = letters(&words);
        let (mut redacted, mut kept, mut at) = (String::new(), 0, 0);
        while at < letters.len() {
            match self.part_at(&letters[at..], &words) {
                0 => at += 1,
                length => {
                    redacted.push_str(&words[kept..letters[at].start]);
                    redacted.push_str(REDACTED);
                    kept = letters[at + length - 1].end;
                    at += length;
                }
            }
        }
        redacted + &words[kept..]
    }

    /// The text without whole keys. Parts stay: names and ids may have a few letters in common with a key.
    pub fn redact_whole(&self, text: &str) -> String {
        without(text, |rest| self.whole_in(rest))
    }

    /// Whether a text has the whole key in it.
    pub fn is_in(&self, text: &str) -> bool {
        self.whole_in(&text.to_ascii_lowercase()).is_some()
    }

    /// Where the first whole key is in a text in lower case.
    fn whole_in(&self, lower: &str) -> Option<(usize, usize)> {
        self.whole.iter().filter_map(|form| lower.find(form).map(|at| (at, at + form.len()))).min()
    }

    /// How many bytes at the end of a text may be the beginning of a whole key.
    pub fn open_end(&self, text: &str) -> usize {
        let lower = text.to_ascii_lowercase();
        let longest =
            |form: &String| (1..form.len().min(lower.len() + 1)).rev().find(|length| lower.ends_with(&form[..*length]));
        self.whole.iter().filter_map(longest).max().unwrap_or_default()
    }

    /// How many letters of the key are at the beginning of these, which are of a text; 0 where they are no part of it.
    fn part_at(&self, letters: &[Letter], text: &str) -> usize {
        // A word before a full stop is a word.
        let is_end = |letter: &Letter| {
            let rest = text[letter.end..].trim();
            rest != "." && rest.chars().all(|c| "_-+/=….".contains(c))
        };
        let longest = |(form, least): &(Vec<u8>, usize)| {
            let common = |from: usize| {
                let length =
                    form[from..].iter().zip(letters).take_while(|(byte, letter)| **byte == letter.byte).count();
                let is_cut = from == 0 && length >= LEAST_AT_END && length == letters.len();
                if length >= *least || is_cut && is_end(&letters[length - 1]) { length } else { 0 }
            };
            (0..form.len()).map(common).max().unwrap_or_default()
        };
        self.parts.iter().map(longest).max().unwrap_or_default()
    }
}

/// A text without what is found in the rest of it, which is in lower case.
fn without(text: &str, found: impl Fn(&str) -> Option<(usize, usize)>) -> String {
    let lower = text.to_ascii_lowercase();
    let (mut redacted, mut kept) = (String::new(), 0);
    while let Some((start, end)) = found(&lower[kept..]).filter(|(start, end)| start < end) {
        redacted.push_str(&text[kept..kept + start]);
        redacted.push_str(REDACTED);
        kept += end;
    }
    redacted + &text[kept..]
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
            // As pages, JSON in JSON, shells and C have it, and with the base64 of addresses.
            "nexvio_live_7Qm2x9LpVz4RtYw8Kc3N&#43;Bd6&#x2F;Hs&equals;=",
            "nexvio&amp;#95;live&lowbar;7Qm2x9LpVz4RtYw8Kc3N&plus;Bd6",
            r"nexvio\u005flive\x5f7Qm2x9LpVz4RtYw8Kc3N\053Bd6\/Hs",
            r"\u006eexvio\u{5f}liv\u0065\x5f7Qm2",
            "nexvio-live-7Qm2x9LpVz4RtYw8Kc3N-Bd6_Hs",
            "nexvio%255Flive%255F7Qm2x9LpVz4RtYw8Kc3N%25252BBd6",
            "%6eexvi%6f%5fliv%65%5f7Qm2x9LpVz",
            // In groups, over lines, with tags, and in full width.
            "nexv-io_l-ive_-7Qm2-x9Lp-Vz4R-tYw8",
            "n.e.x.v.i.o._.l.i.v.e._.7.Q.m.2.x.9",
            "nexvio_l<wbr>ive_<br/>7Qm2\r\nx9Lp",
            "ｎｅｘｖｉｏ＿ｌｉｖｅ＿７Ｑｍ２ｘ９",
        ] {
            let words = format!("the key \"{form}\" is not known; see https://example.com/keys");
            let redacted = redactor.redact(&words);
            assert!(redacted.contains("[the key]") && redacted.len() + 15 < words.len(), "{redacted}");
            assert!(!redacted.contains("7Qm2"), "{redacted}");
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
            let told: String = redactor().redact(&said).chars().take(300).collect();
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
