//! Words of a question: which of them carry its meaning, and which words are forms of one.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;

use super::characters::parts_no_word;

/// English words that say nothing about a subject.
const STOP_WORDS: &str = " \
    a about after again all also am an and any anyone are as at be because been before being but by can cannot \
    could did do does doing don done each else ever every few for from get gets give go got had happen happens \
    has have having he help her here hers him his how i if in into is it its itself just know let like ll make \
    many may me mean means might more most much must my need no nor not now of off on once one only or other our \
    ours out over own please re s same see shall she should show so some somehow such t tell than that the their \
    theirs them then there these they this those through to too under until up us use used using ve very want \
    was way we were what whats when where which while who whom whose why will with would you your yours ";

/// Words of one question that are searched for at most.
pub const MAX_TERMS: usize = 32;

/// The first distinct words of a text that carry its meaning, in lower case, in order.
pub fn terms(text: &str) -> Vec<String> {
    let mut terms = Vec::new();
    for word in words(text) {
        if terms.len() == MAX_TERMS {
            break;
        }
        if !STOP_WORDS.contains(&format!(" {word} ")) && !terms.contains(&word) {
            terms.push(word);
        }
    }
    terms
}

/// A text's words in lower case, as the index cuts them: runs of letters and digits.
pub fn words(text: &str) -> impl Iterator<Item = String> {
    let text = searchable(text);
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().into_iter()
}

/// A text as it is searched: in one Unicode form, and without characters that nobody sees, which would part its words.
pub fn searchable(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return text.into();
    }
    // A non-breaking hyphen, a ligature and a full-width letter are the same as the plain ones to a person who searches.
    text.chars().filter(|c| !parts_no_word(*c)).nfkc().collect::<String>().into()
}

/// The same text for every way to type a question: its words, one space between them.
pub fn normal(text: &str) -> String {
    words(text).collect::<Vec<_>>().join(" ")
}

/// A word without its English ending, so that forms of one word are alike. Rougher than the index's own stemmer: it
/// serves to choose among sentences, not to find them.
pub fn stem(word: &str) -> &str {
    let cut = ["ings", "ing", "edly", "ed", "es", "s", "ly", "e", "y"]
        .iter()
        .find_map(|ending| word.strip_suffix(ending).filter(|stem| stem.chars().count() >= 3));
    let stem = cut.unwrap_or(word);
    let undoubled = stem.strip_suffix(|c: char| stem.chars().rev().nth(1) == Some(c) && !"lsz".contains(c));
    undoubled.filter(|_| cut.is_some()).unwrap_or(stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_question_is_about_remains() {
        assert_eq!(terms("How do I run it from cron?"), ["run", "cron"]);
        assert_eq!(terms("What's the \"refund\" OR window* NEAR(x)"), ["refund", "window", "near", "x"]);
        assert_eq!(terms("How do I do it?"), Vec::<String>::new());
        assert_eq!(normal("  What IS   cron?! "), "what is cron");
    }

    #[test]
    fn words__however_they_are_encoded__are_the_same() {
        let plain = ["versicherungsnummer", "café", "e", "mail", "find"];
        for text in [
            "Versicherungsnummer café e-mail find",
            "Ver\u{ad}sicherungs\u{ad}nummer cafe\u{301} e\u{2011}mail \u{fb01}nd",
            "Ver\u{200b}sicherungs\u{2060}nummer ca\u{feff}fé e\u{2010}mail\u{a0}ｆｉｎｄ",
        ] {
            assert_eq!(words(text).collect::<Vec<_>>(), plain, "{text}");
        }
    }

    #[test]
    fn forms_of_a_word_are_alike() {
        for (one, other) in
            [("run", "running"), ("schedule", "scheduling"), ("refund", "refunds"), ("limit", "limited")]
        {
            assert_eq!(stem(one), stem(other), "{one} {other}");
        }
        assert_ne!(stem("cron"), stem("crow"));
        assert_eq!(stem("is"), "is");
        assert_eq!(stem("größe"), "größ");
    }
}
