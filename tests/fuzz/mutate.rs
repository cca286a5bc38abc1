//! Small changes to what is known to be read: deterministic, so that a seed and a number name an input.

use std::{fs, ops::Range};

use rand::{RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};

use super::folder;

/// The longest input that is made.
const LONGEST: usize = 32 << 10;
/// Bytes at which readers turn.
const ODD: [u8; 12] = [0, 1, b'\t', b'\n', b'\r', b' ', b'"', 0x1b, 0x7f, 0x80, 0xfe, 0xff];

pub struct Mutator {
    corpus: Vec<Vec<u8>>,
    /// What means something to the reader, from its dictionary.
    words: Vec<Vec<u8>>,
}

impl Mutator {
    pub fn new(corpus: Vec<Vec<u8>>, name: &str) -> Self {
        let text = fs::read_to_string(folder("dictionaries").join(format!("{name}.dict"))).unwrap_or_default();
        Self { corpus, words: text.lines().filter_map(word).collect() }
    }

    /// Input `number` of a seed.
    pub fn input(&self, seed: u64, number: u64) -> Vec<u8> {
        let mut rng = StdRng::seed_from_u64(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ number);
        let mut input = self.one(&mut rng).to_vec();
        for _ in 0..rng.random_range(1..=8) {
            self.change(&mut input, &mut rng);
        }
        input.truncate(LONGEST);
        input
    }

    fn one(&self, rng: &mut StdRng) -> &[u8] {
        self.corpus.choose(rng).expect("the corpus has something")
    }

    fn change(&self, input: &mut Vec<u8>, rng: &mut StdRng) {
        let at = rng.random_range(0..=input.len());
        match rng.random_range(0..9) {
            0 => replace(input, rng, |byte, rng| byte ^ (1 << rng.random_range(0..8))),
            1 => replace(input, rng, |_, rng| *ODD.choose(rng).expect("there are some")),
            2 => replace(input, rng, |_, rng| rng.random()),
            3 => drop(input.drain(part(input, rng))),
            4 => input.truncate(at),
            5 => {
                let part = input[part(input, rng)].to_vec();
                let times = if rng.random_bool(0.1) { 50 } else { 1 };
                drop(input.splice(at..at, part.repeat(times)));
            }
            6 => {
                let other = self.one(rng);
                let from = other[part(other, rng)].to_vec();
                drop(input.splice(at..at, from));
            }
            _ => {
                if let Some(word) = self.words.choose(rng) {
                    let end = if rng.random() { at } else { input.len().min(at + word.len()) };
                    drop(input.splice(at..end, word.iter().copied()));
                }
            }
        }
    }
}

fn replace(input: &mut [u8], rng: &mut StdRng, by: impl Fn(u8, &mut StdRng) -> u8) {
    if !input.is_empty() {
        let at = rng.random_range(0..input.len());
        input[at] = by(input[at], rng);
    }
}

/// A part of an input, short ones being likelier.
fn part(input: &[u8], rng: &mut StdRng) -> Range<usize> {
    let start = rng.random_range(0..=input.len());
    let most = (input.len() - start).min(1 << rng.random_range(0..14));
    start..start + rng.random_range(0..=most)
}

/// A line of a dictionary as libFuzzer reads it: `"a word"`, with `\xNN`, `\\` and `\"`.
fn word(line: &str) -> Option<Vec<u8>> {
    let mut rest = line.trim().split_once('"')?.1.strip_suffix('"')?;
    let mut word = Vec::new();
    while let Some(c) = rest.chars().next() {
        let (byte, length) = match rest.strip_prefix("\\x").and_then(|hex| hex.get(..2)) {
            Some(hex) => (u8::from_str_radix(hex, 16).ok()?, 4),
            None if c == '\\' => (*rest.as_bytes().get(1)?, 2),
            None => (rest.as_bytes()[0], 1),
        };
        word.push(byte);
        rest = rest.get(length..)?;
    }
    Some(word)
}

#[test]
fn words_of_dictionaries_are_read() {
    assert_eq!(word(r#"a="x\x00\\\"y""#).as_deref(), Some(&b"x\0\\\"y"[..]));
    assert_eq!(word("# a comment"), None);
}

#[test]
fn a_seed_and_a_number_name_an_input() {
    let mutator = Mutator::new(vec![b"abc".repeat(9), b"xyz".repeat(9)], "none");
    assert_eq!(mutator.input(1, 7), mutator.input(1, 7));
    let different: std::collections::BTreeSet<_> = (0..100).map(|number| mutator.input(1, number)).collect();
    assert!(different.len() > 90, "{}", different.len());
}
