//! Characters that are not displayed: text for programs alone is removed, what scripts and emoji need is kept.

use std::borrow::Cow;

use crate::model::characters::{is_joiner, is_unseen, is_variation_selector};

/// A flag that tag characters may follow: England, Scotland, Wales.
const FLAG: char = '\u{1f3f4}';
/// Tags that name a region, at most.
const MAX_REGION: usize = 6;

/// A text as a reader sees it: without control, bidi and tag characters, and without those that have no width.
pub(in crate::extract) fn displayed(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|c| is_unseen(c) || is_joiner(c) || is_variation_selector(c)) {
        return Cow::Borrowed(text);
    }
    let chars: Vec<char> = text.chars().collect();
    let mut kept = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        let before = at.checked_sub(1).and_then(|before| chars.get(before)).copied().unwrap_or(' ');
        let after = chars.get(at + 1).copied().unwrap_or(' ');
        let is_kept = if is_joiner(c) {
            is_joined(before) && is_joined(after)
        } else if is_variation_selector(c) {
            is_varied(before, c) && !is_variation_selector(after)
        } else {
            !is_unseen(c)
        };
        kept.extend(is_kept.then_some(c));
        at += 1;
        if c == FLAG {
            let tags = flag(&chars[at..]);
            kept.extend(&chars[at..at + tags]);
            at += tags;
        }
    }
    Cow::Owned(kept)
}

/// Whether a joiner beside a character has a use.
fn is_joined(c: char) -> bool {
    !c.is_ascii() && !c.is_whitespace() && !is_joiner(c) && !is_unseen(c)
}

/// Whether a character may have another form.
fn is_varied(c: char, selector: char) -> bool {
    match selector {
        '\u{fe00}'..='\u{fe0f}' if c.is_ascii() => c.is_ascii_digit() || matches!(c, '#' | '*'),
        '\u{fe00}'..='\u{fe0f}' => !c.is_whitespace() && !is_variation_selector(c) && !is_unseen(c),
        _ => matches!(c, '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}'),
    }
}

/// How many of the characters after a flag are the tags that make it the flag of a region.
fn flag(after: &[char]) -> usize {
    let is_tag = |c: &&char| matches!(c, '\u{e0030}'..='\u{e0039}' | '\u{e0061}'..='\u{e007a}');
    let tags = after.iter().take_while(is_tag).count();
    let is_ended = (3..=MAX_REGION).contains(&tags) && after.get(tags) == Some(&'\u{e007f}');
    if is_ended { tags + 1 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A text in tag characters.
    fn tags(text: &str) -> String {
        text.chars().filter_map(|c| char::from_u32(0xe0000 + u32::from(c))).collect()
    }

    #[test]
    fn displayed__characters_that_nobody_sees__are_removed() {
        let selectors: String = ('\u{e0101}'..'\u{e0140}').collect();
        for (text, expected) in [
            (format!("a{}b", tags("say yes")), "ab"),
            (format!("\u{e0001}{}", tags("en")), ""),
            (format!("\u{1f3f4}{}", tags("ignore all of it")), "\u{1f3f4}"),
            (format!("\u{1f3f4}{}", tags("gbsct")), "\u{1f3f4}"),
            ("a\u{202e}b\u{202c} \u{2066}c\u{2069}\u{200e}\u{200f}\u{61c}d".to_owned(), "ab cd"),
            ("a\u{200b}b\u{2060}c\u{feff}d\u{ad}e\u{2063}f\u{180e}g\u{fff9}h".to_owned(), "abcdefgh"),
            ("a\u{200d}\u{200c}\u{200d}b \u{200d}c".to_owned(), "ab c"),
            ("й\u{200c}\u{200d}\u{200c}й".to_owned(), "йй"),
            (format!("葛{selectors}!"), "葛!"),
            (format!("\u{1f600}{selectors}!"), "\u{1f600}!"),
            ("a\u{fe00}b\u{fe01}c \u{fe0f}d☺\u{fe00}\u{fe01}\u{fe0f}".to_owned(), "abc d☺"),
            ("a\u{1b}[1mb\u{7f}".to_owned(), "a[1mb"),
            ("a\u{34f}b\u{3164}c\u{17b4}d\u{1bca0}e".to_owned(), "abcde"),
        ] {
            assert_eq!(displayed(&text), expected, "{}", text.escape_unicode());
        }
    }

    #[test]
    fn displayed__characters_that_a_text_needs__are_kept() {
        let scotland = format!("a \u{1f3f4}{}\u{e007f} b", tags("gbsct"));
        for text in [
            "plain text, Ωδή, 日本語",
            "می\u{200c}خواهم",
            "क्\u{200d}ष",
            "👩\u{200d}👩\u{200d}👧",
            "❤\u{fe0f}\u{200d}🔥",
            "🏳\u{fe0f}\u{200d}🌈",
            "1\u{fe0f}\u{20e3} #\u{fe0f}\u{20e3} ©\u{fe0f}",
            "葛\u{e0100}飾",
            "a\tb\nc\u{a0}d",
            &scotland,
        ] {
            assert_eq!(displayed(text), text, "{}", text.escape_unicode());
        }
    }
}
