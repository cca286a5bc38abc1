//! Redaction of a secret in the words of others: whole, in parts, and encoded.
//!
//! Servers repeat keys in their errors, some cut them off or encode them. So every part of a key that is long enough to
//! help a guesser is replaced, before anything is shortened.

use std::{collections::BTreeSet, fmt::Write};

use secrecy::{ExposeSecret, SecretString};

use super::spelling::{Letter, letters};

/// What stands for a key.
const REDACTED: &str = "[the key]";
/// A part of a key with fewer letters and digits is no secret.
const LEAST: usize = 8;
/// The same in names and answers, which may have a word in common with a key: there a part has a letter and a digit.
const LEAST_IN_ANSWERS: usize = 10;
/// The same of a key's beginning at the very end of a text, where somebody has cut it.
const LEAST_AT_END: usize = 4;
/// A key with fewer characters than these may be a word.
const LEAST_WHOLE: usize = 16;
/// Letters by whose absence most texts are known to have no part of a key.
const GRAM: usize = 4;
/// How much of a text is read at once, and the bytes over which a part may stretch.
const PIECE: usize = 64 << 10;
const OVERLAP: usize = 4 << 10;

/// Finds one key in texts.
pub struct Redactor {
    /// The whole key as it is.
    key: String,
    forms: Vec<Form>,
    /// Every few letters that follow one another in the forms, in order.
    grams: Vec<[u8; GRAM]>,
    /// The whole key in its forms; none where it may be a word of somebody's text.
    whole: Vec<String>,
}

/// What a key is as it is, or encoded.
struct Form {
    /// Its letters and digits in lower case.
    letters: Vec<u8>,
    /// Letters of this form, and how many letters of the key they stand for: in base64 four for three.
    scale: (usize, usize),
}

impl Form {
    /// Length of what `of_key` letters of the key are in this form.
    fn least(&self, of_key: usize) -> usize {
        of_key * self.scale.0 / self.scale.1
    }

    /// How many of these letters are a part of it, from the first on.
    fn common(&self, letters: &[Letter]) -> usize {
        let common =
            |from: usize| self.letters[from..].iter().zip(letters).take_while(|(byte, it)| **byte == it.byte).count();
        (0..self.letters.len()).map(common).max().unwrap_or_default()
    }
}

impl Redactor {
    /// For one key.
    pub fn new(key: &SecretString) -> Self {
        let key = key.expose_secret();
        let bytes = key.as_bytes();
        let hex = |of: &str, before: &str| {
            of.bytes().fold(String::new(), |text, byte| text + before + &format!("{byte:02x}"))
        };
        let base64 = |of: &str| [0, 1, 2].map(|before| base64(of.as_bytes(), before));
        let escaped = bytes.iter().fold(String::new(), |mut text, byte| {
            // Writing into a string cannot fail.
            let _ = match byte.is_ascii_alphanumeric() {
                true => write!(text, "{}", char::from(*byte)),
                false => write!(text, "%{byte:02x}"),
            };
            text
        });
        let letters_of = |form: &str| letters(form).into_iter().map(|letter| letter.byte).collect::<Vec<_>>();
        let secret = signature(key).unwrap_or(key);
        let forms = [(secret.to_owned(), (1, 1)), (hex(secret, ""), (2, 1))].into_iter();
        let forms = forms.chain(base64(secret).map(|form| (form, (4, 3))));
        let forms = forms.map(|(form, scale)| Form { letters: letters_of(&form), scale });
        let forms: Vec<_> = forms.filter(|form| form.letters.len() >= form.least(LEAST)).collect();
        let grams: BTreeSet<_> = forms.iter().flat_map(|form| form.letters.array_windows().copied()).collect();
        let url_safe = base64(key).map(|form| form.replace('+', "-").replace('/', "_"));
        let whole = [key.to_owned(), escaped, hex(key, ""), hex(key, "%")];
        let whole = whole.into_iter().chain(url_safe).chain(base64(key));
        Self {
            key: key.to_ascii_lowercase(),
            forms,
            grams: grams.into_iter().collect(),
            whole: whole
                .filter(|form| key.len() >= LEAST_WHOLE && !form.is_empty())
                .map(|form| form.to_ascii_lowercase())
                .collect(),
        }
    }

    /// The words without the key, and without each part of it that tells much of it, however it is spelled.
    pub fn redact(&self, words: &str) -> String {
        let words = without(words, |rest| rest.find(&self.key).map(|at| (at, at + self.key.len())));
        let parts = spans(&words, |letters| {
            let longest = |form: &Form| form.common(letters);
            let cut = self.forms.iter().map(|form| form.letters.iter().zip(letters));
            let cut = cut.map(|both| both.take_while(|(byte, it)| **byte == it.byte).count()).max().unwrap_or_default();
            let is_cut = cut >= LEAST_AT_END && cut == letters.len() && is_end(&words[letters[cut - 1].end..]);
            let parts = self.forms.iter().map(|form| (longest(form), form.least(LEAST)));
            let part = parts.filter(|(length, least)| length >= least).map(|(length, _)| length).max();
            part.unwrap_or(if is_cut { cut } else { 0 })
        });
        replaced(&words, &parts)
    }

    /// A name or an answer without the key and each long part of it, however it is spelled. Short ones stay: names and
    /// answers may have a word in common with a key.
    pub fn redact_answer(&self, text: &str) -> String {
        let text = without(text, |rest| self.whole_in(rest));
        replaced(&text, &self.long_parts(&text))
    }

    /// Whether a text has the key in it, or a long part of it, however it is spelled.
    pub fn is_in(&self, text: &str) -> bool {
        self.whole_in(&text.to_ascii_lowercase()).is_some() || !self.long_parts(text).is_empty()
    }

    /// Where long parts of the key are in a text, in order. Long texts are read in pieces, each with the beginning of the next.
    fn long_parts(&self, text: &str) -> Vec<(usize, usize)> {
        let (mut parts, mut from) = (Vec::new(), 0);
        if !self.may_be_in(text) {
            return parts;
        }
        loop {
            let rest = &text[from..];
            let piece = &rest[..rest.floor_char_boundary(PIECE)];
            let is_last = piece.len() == rest.len();
            // A part that may go on beyond this piece is in the next one as a whole.
            let own = if is_last { piece.len() } else { piece.floor_char_boundary(PIECE - OVERLAP) };
            let found = spans(piece, |letters| self.long_part_at(letters)).into_iter();
            parts.extend(found.filter(|(start, _)| *start < own).map(|(start, end)| (from + start, from + end)));
            if is_last {
                return parts;
            }
            from = (from + own).max(parts.last().map_or(0, |(_, end)| *end));
        }
    }

    /// How many letters of the key are at the beginning of these; 0 where they are no long part of it.
    fn long_part_at(&self, letters: &[Letter]) -> usize {
        let Some(first) = letters.first_chunk::<GRAM>() else { return 0 };
        if self.grams.binary_search(&first.map(|letter| letter.byte)).is_err() {
            return 0;
        }
        let part = |form: &Form| Some(form.common(letters)).filter(|length| *length >= form.least(LEAST_IN_ANSWERS));
        let length = self.forms.iter().filter_map(part).max().unwrap_or_default();
        let has = |of: fn(&u8) -> bool| letters[..length].iter().any(|letter| of(&letter.byte));
        if has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic) { length } else { 0 }
    }

    /// Whether a long part of the key may be in a text: for most texts that is plain at once.
    fn may_be_in(&self, text: &str) -> bool {
        if self.whole.is_empty() {
            return false;
        }
        let mut last = [0; GRAM];
        text.bytes().any(|byte| {
            if byte.is_ascii_alphanumeric() {
                last.rotate_left(1);
                last[GRAM - 1] = byte.to_ascii_lowercase();
            }
            !byte.is_ascii() || b"%\\&<".contains(&byte) || self.grams.binary_search(&last).is_ok()
        })
    }

    /// Where the first whole key is in a text in lower case.
    fn whole_in(&self, lower: &str) -> Option<(usize, usize)> {
        self.whole.iter().filter_map(|form| lower.find(form).map(|at| (at, at + form.len()))).min()
    }

    /// How many bytes at the end of a text may be the beginning of a key, or of a part of it.
    pub fn open_end(&self, text: &str) -> usize {
        if self.whole.is_empty() {
            return 0;
        }
        let tail = &text[text.ceil_char_boundary(text.len().saturating_sub(OVERLAP))..];
        let letters = letters(tail);
        let last: Vec<u8> = letters.iter().map(|letter| letter.byte).collect();
        let is_of = |from: &usize| {
            let end = &last[*from..];
            self.forms.iter().any(|form| form.letters.windows(end.len()).any(|part| part == end))
        };
        let open = (0..letters.len()).find(is_of).map(|from| tail.len() - letters[from].start);
        // What is spelled may not be whole yet.
        let spelled = tail.rfind(['&', '\\', '%', '<']).map(|at| tail.len() - at).filter(|length| *length <= LEAST);
        open.max(spelled).unwrap_or_default()
    }
}

/// Where parts are in a text; `part_at` counts the letters of the one that the given letters begin with.
fn spans(text: &str, part_at: impl Fn(&[Letter]) -> usize) -> Vec<(usize, usize)> {
    let letters = letters(text);
    let (mut spans, mut at) = (Vec::new(), 0);
    while at < letters.len() {
        match part_at(&letters[at..]) {
            0 => at += 1,
            length => {
                spans.push((letters[at].start, letters[at + length - 1].end));
                at += length;
            }
        }
    }
    spans
}

/// A text with something else in place of these parts of it, which are in order.
fn replaced(text: &str, spans: &[(usize, usize)]) -> String {
    let (mut redacted, mut kept) = (String::new(), 0);
    for (start, end) in spans {
        redacted.push_str(&text[kept..*start]);
        redacted.push_str(REDACTED);
        kept = *end;
    }
    redacted + &text[kept..]
}

/// Whether nothing follows in a text but signs with which somebody cuts one off. A word before a full stop is a word.
fn is_end(rest: &str) -> bool {
    rest.trim() != "." && rest.trim().chars().all(|c| "_-+/=….".contains(c))
}

/// What is secret in a JSON Web Token: others begin with the same letters, and examples of them stand in many pages.
fn signature(key: &str) -> Option<&str> {
    let (rest, signature) = key.strip_prefix("eyJ")?.rsplit_once('.')?;
    (rest.contains('.') && signature.len() >= LEAST_WHOLE).then_some(signature)
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
    fn redact_answer__texts_with_the_key__lose_it_and_keep_words_of_it() {
        let redactor = Redactor::new(&SecretString::from("sk_live_0123456789abcdef"));
        for (text, expected) in [
            ("src_SK_LIVE_0123456789abcdef!", "src_[the key]!"),
            ("é sk_live_0123456789abcdefsk_live_0123456789abcdef", "é [the key][the key]"),
            ("c2tfbGl2ZV8wMTIzNDU2Nzg5YWJjZGVm", "[the key]"),
            // All but a letter, its middle, in halves, and spelled in other ways.
            ("sk_live_0123456789abcde", "[the key]"),
            ("k_live_0123456789abcdef", "[the key]"),
            ("é sk_live_01234 | 56789abcdef é", "é [the key] é"),
            ("job 0123456789a", "job [the key]"),
            ("s&#107;_live\\u005f0123456789", "[the key]"),
            ("s-k-l-i-v-e-0-1-2-3-4", "[the key]"),
            // A word, and digits that are no more than that.
            ("sk_live_01", "sk_live_01"),
            ("docs/sk/live.md, 0123456789", "docs/sk/live.md, 0123456789"),
            ("", ""),
        ] {
            assert_eq!(redactor.redact_answer(text), expected, "{text}");
            assert_eq!(redactor.is_in(text), expected.contains(REDACTED), "{text}");
        }
        for (text, expected) in
            [("", 0), ("é", 0), ("a sk_li", 5), ("sk_live_0123456789abcde", 23), ("… é!", 0), ("x 12&#1", 5), ("a.", 2)]
        {
            assert_eq!(redactor.open_end(text), expected, "{text}");
        }
        let word = Redactor::new(&SecretString::from("development"));
        assert_eq!(word.redact_answer("docs/development.md"), "docs/development.md");
        let words = Redactor::new(&SecretString::from("support-documents-2026-key"));
        assert_eq!(words.redact_answer("support documents.md"), "support documents.md");
    }

    #[test]
    fn redact_answer__a_token_that_is_signed__keeps_what_all_of_them_have() {
        let rest = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0";
        let token = format!("{rest}.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U");
        let redactor = Redactor::new(&SecretString::from(token.clone()));
        let example = format!("Authorization: Bearer {rest}.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c");
        assert_eq!(redactor.redact_answer(&example), example);
        assert_eq!(redactor.redact_answer(&format!("a {token} b")), "a [the key] b");
        assert_eq!(redactor.redact_answer("a w5N_XgL0n3I9P b"), "a [the key] b");
    }

    #[test]
    fn redact_answer__a_long_text__loses_what_lies_across_its_pieces() {
        let redactor = redactor();
        for before in [PIECE - OVERLAP - 50, PIECE - OVERLAP - 8, PIECE - 20, PIECE - 3, 2 * (PIECE - OVERLAP) - 20] {
            let text = format!("{}{}{}", "é".repeat(before / 2), KEY.replace('_', "<b></b>"), "&".repeat(PIECE));
            let expected = format!("{}[the key]=={}", "é".repeat(before / 2), "&".repeat(PIECE));
            assert!(redactor.is_in(&text), "{before}");
            assert!(redactor.redact_answer(&text) == expected, "{before}");
        }
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
