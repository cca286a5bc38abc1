//! robots.txt, read as RFC 9309 says, and with the mistakes that people make forgiven where it is plain what they mean.

use std::collections::BTreeMap;

use encoding_rs::{Encoding, UTF_8};
use url::Url;

use super::RobotsVerdict;

/// How much of a robots.txt is read; what the RFC asks for at least.
pub(super) const MOST: u64 = 500 << 10;
/// Where it is, and what nobody forbids.
pub(super) const PATH: &str = "/robots.txt";
/// How much of a rule is shown.
const LONGEST_SHOWN: usize = 200;

/// The rules of one robots.txt that are ours to obey.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Robots {
    rules: Vec<Rule>,
}

#[derive(Debug, PartialEq, Eq)]
struct Rule {
    allow: bool,
    /// The pattern as it is written.
    written: String,
    pattern: Pattern,
}

/// What paths begin with, where `*` stands for anything.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Pattern {
    /// What is before the first `*`.
    start: String,
    /// What is after each `*`.
    then: Vec<String>,
    /// Whether the path ends there (`$`).
    ends: bool,
}

/// What a robots.txt says to a product, such as `kbsync`, of a page.
pub fn robots_verdict(text: &[u8], product: &str, page: &Url) -> RobotsVerdict {
    Robots::parse(text, product).verdict(page)
}

/// A line that means something to us.
enum Line<'a> {
    UserAgent(&'a str),
    Rule { allow: bool, pattern: &'a str },
}

impl Robots {
    /// Reads the rules for a product: those of its own groups or, where there are none, those of the groups for all.
    pub(super) fn parse(text: &[u8], product: &str) -> Self {
        let (mut own, mut for_all) = (BTreeMap::new(), BTreeMap::new());
        let mut has_own = false;
        // Whom the group is for that is being read, and whether its rules have begun.
        let (mut is_own, mut is_for_all, mut begun) = (false, false, true);
        let text = match Encoding::for_bom(text) {
            Some((utf16, mark)) if utf16 != UTF_8 => utf16.decode_without_bom_handling(&text[mark..]).0,
            _ => String::from_utf8_lossy(without_mark(text)),
        };
        for line in text.split(['\r', '\n']).filter_map(read) {
            match line {
                Line::UserAgent(name) => {
                    if begun {
                        (is_own, is_for_all, begun) = (false, false, false);
                    }
                    is_own |= product_token(name).eq_ignore_ascii_case(product);
                    is_for_all |= name.split_whitespace().next() == Some("*");
                    has_own |= is_own;
                }
                Line::Rule { allow, pattern } => {
                    begun = true;
                    let groups = [(is_own, &mut own), (is_for_all, &mut for_all)];
                    let concerned = groups.into_iter().filter(|(concerned, _)| *concerned && !pattern.is_empty());
                    for (_, rules) in concerned {
                        rules.entry((Pattern::new(pattern), allow)).or_insert_with(|| pattern.to_owned());
                    }
                }
            }
        }
        let rules = if has_own { own } else { for_all };
        let rule = |((pattern, allow), written)| Rule { allow, written, pattern };
        Self { rules: rules.into_iter().map(rule).collect() }
    }

    /// What they say of a page: the longest rule counts and, of two that are equally long, the one that allows.
    pub(super) fn verdict(&self, url: &Url) -> RobotsVerdict {
        if url.path() == PATH {
            return RobotsVerdict { allowed: true, rule: None };
        }
        let path = match url.query() {
            Some(query) => canonical(&format!("{}?{query}", url.path())),
            None => canonical(url.path()),
        };
        let matching = self.rules.iter().filter(|rule| rule.pattern.matches(&path));
        let rule = matching.max_by_key(|rule| (rule.pattern.length(), rule.allow));
        RobotsVerdict { allowed: rule.is_none_or(|rule| rule.allow), rule: rule.map(Rule::line) }
    }
}

impl Rule {
    fn line(&self) -> String {
        let field = if self.allow { "Allow" } else { "Disallow" };
        let written: String = self.written.chars().filter(|c| !c.is_control()).take(LONGEST_SHOWN).collect();
        format!("{field}: {written}")
    }
}

impl Pattern {
    fn new(written: &str) -> Self {
        let (written, ends) = written.strip_suffix('$').map_or((written, false), |rest| (rest, true));
        let mut query = false;
        let mut pieces = written.split('*').map(|piece| canonical_from(piece, &mut query));
        let start = pieces.next().unwrap_or_default();
        let mut then: Vec<String> = pieces.collect();
        // Many stars in a row are one.
        let last = then.pop();
        then.retain(|piece| !piece.is_empty());
        then.extend(last);
        Self { start, then, ends }
    }

    fn length(&self) -> usize {
        let then: usize = self.then.iter().map(|piece| 1 + piece.len()).sum();
        self.start.len() + then + usize::from(self.ends)
    }

    fn matches(&self, path: &str) -> bool {
        let Some(mut rest) = path.strip_prefix(self.start.as_str()) else { return false };
        let Some((last, middle)) = self.then.split_last() else { return !self.ends || rest.is_empty() };
        for piece in middle {
            let Some((_, after)) = rest.split_once(piece.as_str()) else { return false };
            rest = after;
        }
        if self.ends { rest.ends_with(last.as_str()) } else { rest.contains(last.as_str()) }
    }
}

/// The name in a user agent: `kbsync` of `kbsync/1.0 (+https://example.com)`.
pub(super) fn product_token(user_agent: &str) -> &str {
    let end = user_agent.find(|c: char| !c.is_ascii_alphabetic() && c != '-' && c != '_');
    &user_agent[..end.unwrap_or(user_agent.len())]
}

/// A text without the mark of its byte order, or what there is of one.
fn without_mark(text: &[u8]) -> &[u8] {
    let mark = text.iter().zip(b"\xef\xbb\xbf").take_while(|(byte, mark)| byte == mark).count();
    &text[mark..]
}

fn read(line: &str) -> Option<Line<'_>> {
    let blank = |c: char| c == ' ' || c == '\t' || c == '\0';
    let line = line.split('#').next()?.trim_matches(blank);
    let (field, value) = match line.split_once(':') {
        Some(parts) => parts,
        // A colon that was forgotten.
        None => line.split_once(blank).filter(|(_, value)| !value.trim_matches(blank).contains(blank))?,
    };
    let value = value.trim_matches(blank);
    match field.replace(['-', ' ', '\t'], "").to_ascii_lowercase().as_str() {
        "useragent" => Some(Line::UserAgent(value)),
        "allow" => Some(Line::Rule { allow: true, pattern: value }),
        "disallow" | "dissallow" | "dissalow" | "disalow" | "diasllow" | "disallaw" => {
            Some(Line::Rule { allow: false, pattern: value })
        }
        _ => None,
    }
}

/// A path in the one form in which paths are compared.
fn canonical(path: &str) -> String {
    canonical_from(path, &mut false)
}

/// Octets that need no escape are without one, and all others have one, but for those that part a path and a query. A
/// slash in a query is none of these, so there it may be written both ways. `query` tells whether that has begun.
fn canonical_from(text: &str, query: &mut bool) -> String {
    let mut canonical = String::with_capacity(text.len());
    let mut bytes = text.as_bytes();
    while let [byte, rest @ ..] = bytes {
        bytes = rest;
        let escaped = if *byte == b'%' { escape(rest) } else { None };
        let (octet, plain) = match escaped {
            Some(octet) => {
                bytes = &rest[2..];
                (octet, unreserved(octet) || *query && octet == b'/')
            }
            None => (*byte, unreserved(*byte) || b"/?&=".contains(byte)),
        };
        *query |= plain && octet == b'?';
        if plain {
            canonical.push(char::from(octet));
        } else {
            canonical.push_str(&format!("%{octet:02X}"));
        }
    }
    canonical
}

/// The octet whose two digits a text begins with.
fn escape(text: &[u8]) -> Option<u8> {
    let digit = |at: usize| char::from(*text.get(at)?).to_digit(16);
    u8::try_from(digit(0)? * 16 + digit(1)?).ok()
}

fn unreserved(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"-._~".contains(&octet)
}

#[cfg(test)]
mod tests;
