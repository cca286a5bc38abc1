//! Finds the chunks that answer a question: BM25 over the index, kept honest by how much of the question they cover.

use std::collections::{HashMap, HashSet};

use rusqlite::{Transaction, params};

use super::{error::ApiError, index};
use crate::model::words;

/// Chunks that are looked at closely.
const CANDIDATES: i64 = 40;
/// The share of a question, by weight of its words, that a document must speak of to answer it.
const ENOUGH: f64 = 0.5;
/// What a word in the title or a heading adds to that share.
const HEADED: f64 = 0.15;
/// Chunks whose rank falls below this share of the best one's are not worth a mention.
const WORTH: f64 = 0.4;

/// A word of the question. The rarer it is in the knowledge base, the more it weighs.
#[derive(Clone, Debug)]
pub(super) struct Term {
    pub(super) word: String,
    pub(super) weight: f64,
}

/// A chunk that answers, best first.
#[derive(Clone, Debug)]
pub(super) struct Hit {
    pub(super) title: String,
    pub(super) url: Option<String>,
    pub(super) body: String,
    /// How well it answers, 0 to 1.
    pub(super) score: f64,
}

/// What a search found; without hits, the knowledge base does not answer.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    pub(super) terms: Vec<Term>,
    pub(super) hits: Vec<Hit>,
}

struct Candidate {
    document: i64,
    bm25: f64,
    title: String,
    url: Option<String>,
    heading: String,
    body: String,
    /// The numbers of the terms that it holds.
    terms: HashSet<usize>,
}

/// Searches for the words of a question.
pub(super) fn search(tx: &Transaction, question: &[String]) -> Result<Found, ApiError> {
    let mut candidates = candidates(tx, question)?;
    let chunks: i64 = tx.prepare_cached("SELECT count(*) FROM chunks")?.query_row([], |row| row.get(0))?;
    let mut terms = Vec::new();
    let mut strange = false;
    for (number, word) in question.iter().enumerate() {
        let holders = mark(tx, number, word, &mut candidates)?;
        strange |= holders == 0;
        terms.push(Term { word: word.clone(), weight: weight(chunks, holders) });
    }
    let hits = judge(candidates.into_values().collect(), &terms, strange);
    Ok(Found { terms, hits })
}

/// The chunks that hold any of the words, by the index's own ranking.
fn candidates(tx: &Transaction, question: &[String]) -> Result<HashMap<i64, Candidate>, ApiError> {
    // Quoted, a word is a word even where the index's language has a meaning for it.
    let any = question.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(" OR ");
    if any.is_empty() {
        return Ok(HashMap::new());
    }
    let mut find = tx.prepare_cached(
        "SELECT found.rowid, -found.score, document, heading, body, title, sources.name, file_name, documents.url \
         FROM (SELECT rowid, rank AS score FROM chunk_index WHERE chunk_index MATCH ?1 ORDER BY rank LIMIT ?2) found \
         JOIN chunks ON chunks.seq = found.rowid JOIN documents ON documents.seq = document \
         JOIN sources ON sources.seq = documents.source",
    )?;
    let rows = find.query_map(params![any, CANDIDATES], |row| {
        let (source_name, file_name): (String, String) = (row.get(6)?, row.get(7)?);
        let candidate = Candidate {
            bm25: row.get(1)?,
            document: row.get(2)?,
            heading: row.get(3)?,
            body: row.get(4)?,
            title: index::title(row.get(5)?, &source_name, &file_name),
            url: row.get(8)?,
            terms: HashSet::new(),
        };
        Ok((row.get(0)?, candidate))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Notes which candidates hold a word, and counts the chunks that do.
fn mark(
    tx: &Transaction,
    number: usize,
    word: &str,
    candidates: &mut HashMap<i64, Candidate>,
) -> Result<i64, ApiError> {
    let mut find = tx.prepare_cached("SELECT rowid FROM chunk_index WHERE chunk_index MATCH ?1")?;
    let mut rows = find.query([format!("\"{word}\"")])?;
    let mut holders = 0;
    while let Some(row) = rows.next()? {
        holders += 1;
        if let Some(candidate) = candidates.get_mut(&row.get(0)?) {
            candidate.terms.insert(number);
        }
    }
    Ok(holders)
}

/// A word's weight, from 1 for one that every chunk holds.
fn weight(chunks: i64, holders: i64) -> f64 {
    let (chunks, holders) = (chunks as f64, holders as f64);
    1.0 + (1.0 + (chunks - holders + 0.5) / (holders + 0.5)).ln() / 3.0
}

/// Keeps the candidates that cover enough of the question. With a `strange` word, which the whole knowledge base does
/// not hold, a fitting title does not help: the question is about something else.
fn judge(candidates: Vec<Candidate>, terms: &[Term], strange: bool) -> Vec<Hit> {
    let mut of_document: HashMap<i64, HashSet<usize>> = HashMap::new();
    for candidate in &candidates {
        of_document.entry(candidate.document).or_default().extend(&candidate.terms);
    }
    let mut ranked: Vec<(f64, f64, Candidate)> = Vec::new();
    for candidate in candidates {
        let headed = !strange && terms.iter().any(|term| heads(&candidate, &term.word));
        let bonus = if headed { HEADED } else { 0.0 };
        let covered = share(terms, &of_document[&candidate.document]) + bonus;
        if covered >= ENOUGH {
            let rank = candidate.bm25 * (0.5 + share(terms, &candidate.terms));
            ranked.push((rank, covered.min(1.0), candidate));
        }
    }
    // Equal ranks: the newest document first, so that an answer does not depend on chance.
    ranked.sort_by(|(a, _, x), (b, _, y)| b.total_cmp(a).then_with(|| y.document.cmp(&x.document)));
    let best = ranked.first().map_or(1.0, |(rank, ..)| rank.max(f64::MIN_POSITIVE));
    let worth = ranked.into_iter().filter(|(rank, ..)| *rank >= WORTH * best);
    let hit = |(rank, covered, candidate): (f64, f64, Candidate)| {
        let score = (covered * (0.5 + 0.5 * rank / best) * 100.0).round() / 100.0;
        Hit { title: candidate.title, url: candidate.url, body: candidate.body, score }
    };
    worth.map(hit).collect()
}

fn heads(candidate: &Candidate, word: &str) -> bool {
    let heads = |text: &str| words::words(text).any(|other| words::stem(&other) == words::stem(word));
    heads(&candidate.title) || heads(&candidate.heading)
}

fn share(terms: &[Term], held: &HashSet<usize>) -> f64 {
    let all: f64 = terms.iter().map(|term| term.weight).sum();
    let held: f64 = held.iter().map(|number| terms[*number].weight).sum();
    held / all
}
