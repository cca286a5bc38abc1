//! A text's words in short: how many there are, what they say, and what they say but for tokens.

use std::collections::HashSet;

use sha2::{Digest, Sha256};

use super::MAX_ADDRESS;

/// Length of the parts in which a line is read, in bytes; each ends with a word.
const PART: usize = 16 << 10;

/// The short form of a text by which two of them are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sketch {
    /// How many words there are.
    pub words: u64,
    /// A hash of the words that a reader sees: neither where links lead counts, nor what changes by itself, such as the
    /// time of day.
    pub text: u64,
    /// A signature (1-bit MinHash) of the same without what differs from one page, or one visit, to the next: its first
    /// heading, numbers, identifiers, times, addresses, and the words of the page's own address. Texts that share most
    /// of their pairs of words share most of its bits: see [`distance`].
    pub likeness: u64,
}

/// In how many bits two likenesses differ: none where the texts are the same, about half of 64 where they share nothing.
pub fn distance(one: u64, other: u64) -> u32 {
    (one ^ other).count_ones()
}

/// A 1-bit MinHash: of each of 64 hashes the least one over all pairs of words gives a bit.
struct Likeness {
    last: u64,
    least: [u64; 64],
}

impl Likeness {
    fn add(&mut self, word: u64) {
        let pair = self.last.rotate_left(23) ^ word;
        for (seed, least) in (1_u64..).zip(&mut self.least) {
            *least = mix(pair ^ mix(seed)).min(*least);
        }
        self.last = word;
    }

    fn bits(&self) -> u64 {
        self.least.iter().fold(0, |bits, least| (bits << 1) | (least & 1))
    }
}

/// The finalizer of `SplitMix64`.
pub(super) fn mix(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

impl Sketch {
    /// The short form of a page's Markdown.
    pub fn of(markdown: &str, address: &str) -> Self {
        let own: HashSet<String> = super::words::words(address).collect();
        let (mut text, mut likeness) = (Sha256::new(), Likeness { last: 0, least: [u64::MAX; 64] });
        let (mut words, mut headings) = (0, 0);
        for line in without_targets(markdown).lines() {
            headings += u64::from(line.starts_with('#'));
            let is_title = headings == 1 && line.starts_with('#');
            for token in parts(line).flat_map(super::tokens::settled) {
                text.update(token.as_bytes());
                text.update(b" ");
            }
            for token in line.split_whitespace() {
                words += count(token);
                let is_token = token.contains(|c: char| c.is_numeric() || c == '@') || token.contains("://");
                let alike = super::words::words(token).filter(|word| !is_title && !is_token && !own.contains(word));
                alike.for_each(|word| likeness.add(hash(&word)));
            }
        }
        Self { words, text: first(text), likeness: likeness.bits() }
    }
}

fn hash(word: &str) -> u64 {
    first(Sha256::new().chain_update(word))
}

/// How many words a piece of text without white space is. Scripts that set none between words have two signs in each.
fn count(token: &str) -> u64 {
    let signs = token.chars().filter(|c| ('\u{2e80}'..'\u{a000}').contains(c) || ('\u{ac00}'..'\u{d7b0}').contains(c));
    match signs.count() as u64 {
        0 => u64::from(token.contains(char::is_alphanumeric)),
        signs => signs.div_ceil(2),
    }
}

/// A line in parts, each of which is held in memory as words: the line may be as long as the page.
fn parts(line: &str) -> impl Iterator<Item = &str> {
    let mut rest = line;
    std::iter::from_fn(move || {
        let near = rest.floor_char_boundary(PART);
        let end = rest[near..].find(char::is_whitespace).map_or(rest.len(), |end| near + end);
        let part;
        (part, rest) = rest.split_at(end);
        (!part.is_empty()).then_some(part)
    })
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
        // What never closes would be searched to its end each time.
        let near = &target[..target.floor_char_boundary(MAX_ADDRESS)];
        let end = is_link.then(|| near.find(close)).flatten();
        match end.filter(|end| !near[..*end].contains(char::is_whitespace)) {
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
    fn text__in_one_line_of_any_length__is_read_in_parts() {
        let line = "9 views and a word ".repeat(10_000);
        let parts: Vec<_> = parts(&line).collect();
        assert_eq!(parts.concat(), line.trim_end().to_owned() + &" ".repeat(line.len() - line.trim_end().len()));
        assert!(parts.len() > 10 && parts.iter().all(|part| part.len() <= PART + 10));
        assert_eq!(super::parts("").count(), 0);
        assert_eq!(super::parts(&"a".repeat(PART * 2)).count(), 1, "a word is whole");
    }

    #[test]
    fn links__that_never_close__are_read_once() {
        let (open, begun) = ("](".repeat(200_000), "[](https://e.com/".repeat(20_000));
        assert_eq!(without_targets(&open), open);
        assert_eq!(without_targets(&begun), begun);
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
    fn likeness__most_words_are_the_same__is_near() {
        let body = "This article is for members. Become a member today and read every guide, each checklist and all of \
                    our templates. You can end the membership at any time, and the first month costs nothing. Members \
                    also get our monthly letter, the yearly report and a seat in our online course.";
        let other = "The warranty lasts for two years and covers all parts that are made of steel. Send the product back \
                     in its box, with the bill, and we pay the postage. Repairs take a week, or two in summer.";
        for (one, two, expected) in [
            (format!("# Pumps\n\n{body}"), format!("# Garden hoses\n\n{body}"), true),
            (format!("{body} Incident abcdefabcdef"), format!("{body} Incident fedcbafedcba"), true),
            (format!("Red pumps drain a cellar in hours. {body}"), format!("Hoses want shade. {body}"), true),
            (body.to_owned(), other.to_owned(), false),
            (other.to_owned(), format!("# Pumps\n\n{body}"), false),
        ] {
            let far = distance(sketch(&one).likeness, sketch(&two).likeness);
            assert_eq!((far <= 13, far >= 20), (expected, !expected), "{far} {one}\n{two}");
        }
    }

    #[test]
    fn words__of_any_script__are_counted() {
        assert_eq!(sketch("# One two, three - [four](https://e.com/five)").words, 4);
        assert_eq!(sketch("茶是一种热饮").words, 3);
        assert_eq!(sketch("").words, 0);
    }
}
