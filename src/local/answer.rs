//! Answers in the documents' own words: the passage around what matches best, and the documents it is from.

use std::collections::HashSet;

use crate::{model::words, platform::wire::cevvo::Citation};

use super::{
    blocks::{Kind, begins_item, blocks, units},
    search::{Found, Hit, Term},
};

/// What is said when the knowledge base does not answer.
pub(super) const UNKNOWN: &str = "I don't know: nothing in the knowledge base answers this.";
/// The size, in bytes, that a passage grows to.
const PASSAGE: usize = 600;
/// The size, in bytes, that sentences out of a long paragraph grow to.
const EXCERPT: usize = 350;
/// The share of the question, by weight, that a passage must leave open for a second one to be added.
const OPEN: f64 = 0.34;
/// Documents cited at most.
const CITED: usize = 3;

/// An answer and what it rests on; without citations, nothing was found.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Answer {
    pub(super) text: String,
    pub(super) sources: Vec<Citation>,
}

impl Answer {
    /// Whether the knowledge base had an answer.
    pub(super) fn is_known(&self) -> bool {
        !self.sources.is_empty()
    }
}

/// Puts an answer together from what a search found.
pub(super) fn answer(found: &Found) -> Answer {
    let Some(best) = found.hits.first() else {
        return Answer { text: UNKNOWN.to_owned(), sources: Vec::new() };
    };
    let mut text = passage(&best.body, &found.terms);
    // What the best chunk leaves open, another may tell.
    let open: Vec<Term> = found.terms.iter().filter(|term| !holds(best, &term.word)).cloned().collect();
    let weight = |terms: &[Term]| terms.iter().map(|term| term.weight).sum::<f64>();
    let much = weight(&open) >= OPEN * weight(&found.terms);
    let more = found.hits[1..].iter().find(|hit| much && open.iter().any(|term| holds(hit, &term.word)));
    if let Some(more) = more {
        text.push_str("\n\n");
        text.push_str(&passage(&more.body, &open));
    }
    Answer { text, sources: citations(best, more, &found.hits) }
}

/// The documents that the text was taken from, then others that speak of the question.
fn citations(best: &Hit, more: Option<&Hit>, hits: &[Hit]) -> Vec<Citation> {
    let mut seen = HashSet::new();
    let order = std::iter::once(best).chain(more).chain(hits);
    let fresh = order.filter(|hit| seen.insert((hit.title.clone(), hit.url.clone())));
    let cite = |hit: &Hit| Citation { title: hit.title.clone(), url: hit.url.clone(), score: Some(hit.score) };
    fresh.take(CITED).map(cite).collect()
}

fn holds(hit: &Hit, word: &str) -> bool {
    let stem = words::stem(word);
    words::words(&hit.title).chain(words::words(&hit.body)).any(|other| words::stem(&other) == stem)
}

fn score(text: &str, terms: &[Term]) -> f64 {
    let words: HashSet<String> = words::words(text).map(|word| words::stem(&word).to_owned()).collect();
    terms.iter().filter(|term| words.contains(words::stem(&term.word))).map(|term| term.weight).sum()
}

/// The block that matches best, and its neighbours as long as they fit. Code stays whole.
fn passage(body: &str, terms: &[Term]) -> String {
    let blocks = blocks(body);
    let Some(best) = best_of(&blocks, |block| score(block.text, terms)) else { return body.trim().to_owned() };
    if blocks[best].kind == Kind::Text && blocks[best].text.len() > PASSAGE {
        return excerpt(blocks[best].text, terms);
    }
    let (mut first, mut last) = (best, best);
    let mut size = blocks[best].text.len();
    // A command belongs to the words before it, and the words before a command to it.
    loop {
        let fits = |index: usize| blocks.get(index).is_some_and(|block| size + block.text.len() <= PASSAGE);
        if fits(last + 1) {
            last += 1;
            size += blocks[last].text.len();
        } else if first > 0 && fits(first - 1) {
            first -= 1;
            size += blocks[first].text.len();
        } else {
            break;
        }
    }
    blocks[first..=last].iter().map(|block| block.text).collect::<Vec<_>>().join("\n\n")
}

/// Of a long block, the item that matches best, or the sentence and those that follow it.
fn excerpt(text: &str, terms: &[Term]) -> String {
    let units = units(text);
    let best = best_of(&units, |unit| score(unit, terms)).unwrap_or(0);
    let mut taken = String::new();
    for unit in &units[best..] {
        if !taken.is_empty() && (taken.len() + unit.len() > EXCERPT || begins_item(unit)) {
            break;
        }
        taken.push_str(unit);
    }
    taken.trim().to_owned()
}

/// The place of the first item that scores best.
fn best_of<T>(items: &[T], score: impl Fn(&T) -> f64) -> Option<usize> {
    let scores: Vec<f64> = items.iter().map(score).collect();
    let best = scores.iter().copied().reduce(f64::max)?;
    scores.iter().position(|score| *score == best)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(question: &str, bodies: &[(&str, &str)]) -> Found {
        let terms = words::terms(question).into_iter().map(|word| Term { word, weight: 1.0 }).collect();
        let hit = |(title, body): &(&str, &str)| Hit {
            title: (*title).to_owned(),
            url: None,
            body: (*body).to_owned(),
            score: 0.9,
        };
        Found { terms, hits: bodies.iter().map(hit).collect() }
    }

    #[test]
    fn nothing_found_is_said_and_cites_nothing() {
        let answer = answer(&found("Do you support SSO?", &[]));
        assert_eq!(answer, Answer { text: UNKNOWN.to_owned(), sources: Vec::new() });
        assert!(!answer.is_known());
    }

    #[test]
    fn a_command_is_quoted_whole_with_the_words_before_it() {
        let filler = "Nothing of interest here, said at some length. ".repeat(13);
        let body = format!("{filler}\n\nRun it from cron:\n\n```sh\n0 3 * * * kbsync --sync-once\n```\n\n{filler}");
        let answer = answer(&found("How do I run it from cron?", &[("handbook/cron.md", &body)]));
        assert_eq!(answer.text, "Run it from cron:\n\n```sh\n0 3 * * * kbsync --sync-once\n```");
        assert_eq!(answer.sources[0].title, "handbook/cron.md");
    }

    #[test]
    fn of_a_long_paragraph_the_sentence_is_quoted() {
        let filler = "It rains. ".repeat(90);
        let body = format!("{filler}Refunds take 14 days. Ask v1.2 support!");
        let answer = answer(&found("How long do refunds take?", &[("faq.md", &body)]));
        assert_eq!(answer.text, "Refunds take 14 days. Ask v1.2 support!");
    }

    #[test]
    fn a_second_document_fills_in_what_the_first_leaves_open() {
        let hits = [("a.md", "Docker images are small."), ("b.md", "A volume keeps data."), ("b.md", "Volume again.")];
        let answer = answer(&found("docker volume", &hits));
        assert_eq!(answer.text, "Docker images are small.\n\nA volume keeps data.");
        assert_eq!(answer.sources.iter().map(|source| source.title.as_str()).collect::<Vec<_>>(), ["a.md", "b.md"]);
    }
}
