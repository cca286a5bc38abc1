//! Lines of a config with the secrets in them masked, so that errors can show them.

use std::ops::Range;

use super::{
    near,
    node::{Node, Value},
};

/// Words that mark a key whose value is nobody's business.
const SECRET_WORDS: [&str; 9] = ["key", "secret", "token", "passw", "credential", "auth", "bearer", "header", "cookie"];

/// Whether a key's value must not be shown: it is a secret, or a misspelt key that was to hold one.
fn is_secret_key(key: &str) -> bool {
    let key = key.to_lowercase();
    SECRET_WORDS.iter().any(|word| key.contains(word))
        || near::distance(&key, "api_key") <= 3
        || near::distance(&key, "headers") <= 2
}

/// What a line with a secret looks like before it is known to be YAML.
const IN_TEXT: [&str; 13] = [
    "api_",
    "api-",
    "api k",
    "apik",
    "key:",
    "secret",
    "token",
    "passw",
    "credential",
    "authorization",
    "bearer",
    "header",
    "cookie",
];

/// Whether a key can be quoted: one plain word, so that it cannot be a value that slid into the place of a key.
pub(super) fn is_plain_key(key: &str) -> bool {
    (1..=32).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
}

/// Whether a text that is not valid YAML may hold a secret in clear anywhere.
pub(super) fn may_hold_secret(text: &str) -> bool {
    text.lines().any(|line| line.contains('@') || !is_harmless(line))
}

/// Whether no secret's name is on the line, or nothing after it but a reference to a variable.
fn is_harmless(line: &str) -> bool {
    let lower = line.to_ascii_lowercase();
    let name = |word: &str| lower.find(word).map(|at| at + word.len());
    let Some(end) = IN_TEXT.into_iter().filter_map(name).min() else { return true };
    // What else belongs to the names of our own keys; after any other name the line is not shown.
    let after = lower[end..].trim_start_matches("key").trim_start_matches("ey").trim_start_matches("_file");
    let value = after.trim_start_matches([':', ' ', '"', '\'', MASK]);
    let reference = value.strip_prefix("${").and_then(|rest| rest.split_once('}'));
    match reference {
        Some((name, rest)) => !name.contains(":-") && rest.trim_matches(['"', '\'', ' ', '}']).is_empty(),
        None => value.trim_end_matches(['}', ' ']).is_empty(),
    }
}

/// What stands for a secret.
pub(super) const MASK: char = '…';

/// The byte ranges of every secret in a tree.
pub(super) fn secrets(root: &Node) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    collect(root, false, &mut found);
    found
}

fn collect(node: &Node, secret: bool, found: &mut Vec<Range<usize>>) {
    match &node.value {
        Value::List(items) => items.iter().for_each(|item| collect(item, secret, found)),
        Value::Map(entries) => {
            for (key, value) in entries {
                if secret || !is_plain_key(&key.value) {
                    found.extend(range(key.defined));
                }
                collect(value, secret || is_secret_key(&key.value), found);
            }
        }
        Value::Text(text) => {
            // An address such as `https://user:word@host` carries a secret under a key that has none.
            if secret || text.contains('@') {
                found.extend(range(node.defined));
            }
        }
        Value::Null | Value::Bool(_) | Value::Whole(_) | Value::Number => {
            if secret {
                found.extend(range(node.defined));
            }
        }
    }
}

fn range(place: serde_yaml::Location) -> Option<Range<usize>> {
    let span = place.span();
    let start = usize::try_from(span.byte_offset()?).ok()?;
    Some(start..start + usize::try_from(span.byte_len()?).ok()?)
}

/// Line `number` (from 1) of the text with every secret masked; `None` where that cannot be done with certainty.
pub(super) fn masked_line(text: &str, number: usize, secrets: &[Range<usize>]) -> Option<String> {
    let line = text.split('\n').nth(number.checked_sub(1)?)?;
    let start = text.split('\n').take(number - 1).map(|line| line.len() + 1).sum::<usize>();
    let mut shown = String::new();
    let mut masking = false;
    for (at, c) in line.char_indices() {
        let hidden = secrets.iter().any(|range| range.contains(&(start + at)));
        if !hidden {
            shown.push(c);
        } else if !masking {
            shown.push(MASK);
        }
        masking = hidden;
    }
    is_harmless(&shown).then_some(shown)
}
