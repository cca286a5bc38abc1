//! Coverage: the documents on this machine that would answer what the platform could not, and why it does not have them.

mod candidates;
mod score;
#[cfg(test)]
mod tests;

use std::time::Duration;

use futures_util::{StreamExt, stream};
use tokio::{
    task::spawn_blocking,
    time::{Instant, timeout_at},
};

use crate::{
    extract::{ExtractError, Extractor, Limits},
    model::{CollectionName, DocPath},
    platform::clock,
    scan::{Explanation, ScanOptions},
    store::{Db, StoreError},
};
use candidates::{Gathered, Scope, gather};
use score::{Questions, Reading};

/// Documents of one question at most.
const DOCUMENTS: usize = 3;
/// Files that are read at once.
const AT_ONCE: usize = 4;
/// What the reading of one file may take.
const TIME_OF_ONE: Duration = Duration::from_secs(10);

/// A collection's folder.
#[derive(Clone, Debug)]
pub struct Place {
    /// The collection.
    pub collection: CollectionName,
    /// How it is scanned.
    pub options: ScanOptions,
    /// How long a file is left alone before it is read.
    pub settle: Duration,
}

/// How far a search goes.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Files that are looked at.
    pub files: usize,
    /// Bytes of one file's text, and of a file that is read to learn whether the platform has it.
    pub text: u64,
    /// Time for finding and reading all of them.
    pub time: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { files: 2_000, text: 1 << 20, time: Duration::from_secs(60) }
    }
}

/// Why the platform does not have a document in its present version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// It is left out.
    Filtered {
        /// By what.
        by: Explanation,
        /// Whether the platform has an older version of it, whose deletion a guard holds.
        held: bool,
    },
    /// It was not uploaded yet.
    New,
    /// There is no state: nothing was uploaded yet from here.
    NothingSynced,
    /// It has changed, and the platform has an older version.
    Changed,
    /// It failed, for this reason.
    Quarantined(String),
}

/// A document that would answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// Its collection.
    pub collection: CollectionName,
    /// Which of its documents.
    pub path: DocPath,
    /// How much of the question it speaks of, 0 to 1.
    pub share: f64,
    /// Whether only its name could be judged.
    pub by_name: bool,
    /// Why the platform does not have it.
    pub why: Why,
}

/// What a search found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Coverage {
    /// For each question, the documents that would answer it, best first.
    pub documents: Vec<Vec<Document>>,
    /// Files that were looked at.
    pub looked_at: usize,
    /// Whether there are more files than were looked at.
    pub cut_off: bool,
    /// Files with more text than is read, of which only the names were judged.
    pub too_long: usize,
    /// Folders that could not be looked at, and why.
    pub troubles: Vec<String>,
}

/// Searches the folders for documents that would answer these questions and that the platform does not have.
///
/// # Errors
/// When the store cannot be read.
pub async fn search(
    questions: &[&str],
    places: &[Place],
    db: Option<Db>,
    extractor: Extractor,
    bounds: Bounds,
) -> Result<Coverage, StoreError> {
    if questions.is_empty() {
        return Ok(Coverage::default());
    }
    let end = Instant::now() + bounds.time;
    let Gathered { candidates, cut_off, troubles } = gather_by(end, places, db, bounds).await?;
    let mut found = Coverage { cut_off, troubles, ..Coverage::default() };
    let questions = Questions::new(questions);
    let limits = Limits { time: TIME_OF_ONE, output: bounds.text, ..Limits::default() };
    let extractor = extractor.with_limits(limits);
    let texts = stream::iter(candidates.iter().enumerate()).map(async |(number, candidate)| {
        let file = places[candidate.place].options.root.join(candidate.path.as_str());
        (number, extractor.text(candidate.path.file_name(), &file).await)
    });
    let mut texts = std::pin::pin!(texts.buffer_unordered(AT_ONCE));
    let mut readings = Vec::new();
    while let Some((number, text)) = timeout_at(end, texts.next()).await.unwrap_or_else(|_| {
        found.cut_off = true;
        None
    }) {
        found.too_long += usize::from(matches!(text, Err(ExtractError::TooLong(_))));
        readings.push((number, questions.read(candidates[number].path.file_name(), text.ok().as_deref())));
    }
    found.looked_at = readings.len();
    // In the order of the keys, whichever was read first.
    readings.sort_by_key(|(number, _)| *number);
    let (numbers, readings): (Vec<usize>, Vec<Reading>) = readings.into_iter().unzip();
    let document = |(reading, share): (usize, f64)| {
        let (candidate, by_name) = (&candidates[numbers[reading]], readings[reading].by_name);
        let Place { collection, options, .. } = &places[candidate.place];
        let why = candidate.why.find(options, &candidate.path)?;
        Some(Document { collection: collection.clone(), path: candidate.path.clone(), share, by_name, why })
    };
    let ranked = questions.rank(&readings).into_iter();
    found.documents = ranked.map(|ranked| ranked.into_iter().filter_map(document).take(DOCUMENTS).collect()).collect();
    Ok(found)
}

/// Gathers on a thread of its own, since a walk cannot be interrupted. Half of the time is left for reading.
async fn gather_by(end: Instant, places: &[Place], db: Option<Db>, bounds: Bounds) -> Result<Gathered, StoreError> {
    let scope = Scope { files: bounds.files, size: bounds.text, end: (end - bounds.time / 2).into_std() };
    let places = places.to_vec();
    let gathering = spawn_blocking(move || gather(&places, db.as_ref(), scope, clock::wall()));
    match timeout_at(end, gathering).await {
        Ok(Ok(gathered)) => gathered,
        Ok(Err(error)) => std::panic::resume_unwind(error.into_panic()),
        // A disk that does not answer.
        Err(_) => Ok(Gathered { cut_off: true, ..Gathered::default() }),
    }
}
