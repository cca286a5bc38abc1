//! A text's words in short: how many there are, what they say, and what they say but for tokens.

use std::collections::HashSet;

use sha2::{Digest, Sha256};

/// The short form of a text by which two of them are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sketch {
    /// How many words there are.
    pub words: u64,
    /// A hash of the words that a reader sees: where links lead does not count.
    pub text: u64,
    /// The same without what differs from one page, or one visit, to the next: numbers, identifiers, times, addresses, and
    /// the words of the page's own address.
    pub likeness: u64,
}

impl Sketch {
    /// The short form of a page's Markdown.
    pub fn of(markdown: &str, address: &str) -> Self {
        let own: HashSet<String> = super::words::words(address).collect();
        let (mut text, mut likeness) = (Sha256::new(), Sha256::new());
        let mut words = 0;
        for token in without_targets(markdown).split_whitespace() {
            words += count(token);
            text.update(token.as_bytes());
            text.update(b" ");
            let is_token = token.contains(|c: char| c.is_numeric() || c == '@') || token.contains("://");
            let alike: Vec<_> = super::words::words(token).filter(|word| !own.contains(word)).collect();
            if !is_token && !alike.is_empty() {
                likeness.update(alike.join(" ").as_bytes());
                likeness.update(b" ");
            }
        }
        Self { words, text: first(text), likeness: first(likeness) }
    }
}

/// How many words a piece of text without white space is. Scripts that set none between words have two signs in each.
fn count(token: &str) -> u64 {
    let signs = token.chars().filter(|c| ('\u{2e80}'..'\u{a000}').contains(c) || ('\u{ac00}'..'\u{d7b0}').contains(c));
    match signs.count() as u64 {
        0 => u64::from(token.contains(char::is_alphanumeric)),
        signs => signs.div_ceil(2),
    }
}

/// Markdown without the addresses of its links: `[text](https://…)` is `[text`.
fn without_targets(markdown: &str) -> String {
    let mut text = String::with_capacity(markdown.len());
    let mut rest = markdown;
    while let Some(at) = rest.find("](") {
        let (before, target) = (&rest[..at], &rest[at + 2..]);
        text.push_str(before);
        let (open, close) = if target.starts_with('<') { ("<", ">)") } else { ("", ")") };
        let address = target.strip_prefix(open).unwrap_or(target);
        let is_link = ["http://", "https://", "mailto:"].iter().any(|start| address.starts_with(start));
        match target.find(close).filter(|end| is_link && !target[..*end].contains(char::is_whitespace)) {
            Some(end) => rest = &target[end + close.len()..],
            None => {
                text.push_str("](");
                rest = target;
            }
        }
    }
    text + rest
}

fn first(hash: Sha256) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = <[u8; 32]>::from(hash.finalize());
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sketch(text: &str) -> Sketch {
        Sketch::of(text, "https://example.com/docs/pricing.html")
    }

    #[test]
    fn text__only_link_targets_differ__is_the_same() {
        for (one, other) in [
            ("[Ask us](https://e.com/a?sid=1) now", "[Ask us](https://e.com/a?sid=2) now"),
            ("[Ask](<https://e.com/a_(1)>)", "[Ask](<https://e.com/a_(2)>)"),
            ("a  b\n", "a b"),
        ] {
            assert_eq!(sketch(one), sketch(other), "{one}");
        }
        for (one, other) in [("a b", "a c"), ("costs 9", "costs 10"), ("[a](x y)", "[a](x z)"), ("[a](/1)", "[a](/2)")]
        {
            assert_ne!(sketch(one).text, sketch(other).text, "{one}");
        }
    }

    #[test]
    fn likeness__only_tokens_differ__is_the_same() {
        let one = "We are down. Ray ID: 8f3a1, 12:00:01, see https://e.com/x or pricing, id 1";
        let other = "We are down. Ray ID: 77bc2, 12:00:09, see https://e.com/y or Docs, id 2";
        assert_eq!(sketch(one).likeness, sketch(other).likeness);
        assert_ne!(sketch(one).text, sketch(other).text);
        assert_ne!(sketch("We are down").likeness, sketch("We are up").likeness);
    }

    #[test]
    fn words__of_any_script__are_counted() {
        assert_eq!(sketch("# One two, three - [four](https://e.com/five)").words, 4);
        assert_eq!(sketch("茶是一种热饮").words, 3);
        assert_eq!(sketch("").words, 0);
    }
}
