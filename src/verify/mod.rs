//! Proof that what was uploaded is answered: the questions of the config, a sample of the documents, and a sample of the
//! deleted ones, which must not be answered any more.

mod asking;
mod drawing;
mod judge;
mod settling;

use std::{fmt, time::Duration};

use tokio::sync::watch;

use self::{
    asking::{Asking, Reply},
    settling::Unsure,
};
use crate::{
    config::{Config, Input, Question, Reference},
    extract::Extractor,
    model::Moment,
    platform::{ApiError, cevvo::Cevvo, clock, wire::cevvo::Citation},
    store::{Db, Phrase, StoreError, VerificationRecord},
};

/// What a verification is about.
pub struct Scope<'a> {
    /// The config, with its questions.
    pub config: &'a Config,
    /// How many documents, and how many deleted ones, are drawn.
    pub sample: u64,
    /// Who reads documents.
    pub extractor: &'a Extractor,
}

/// What a check is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A question of the config.
    Question(Question),
    /// A document, which its phrase must lead to.
    Sample(Phrase),
    /// A deleted document, which its phrase must not lead to.
    Deleted(Phrase),
    /// The sample itself, where not one document could be checked.
    Nothing,
}

impl Subject {
    /// The word for it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Question(_) => "question",
            Self::Sample(_) | Self::Nothing => "sample",
            Self::Deleted(_) => "deleted",
        }
    }

    /// What is asked; nothing where there is no phrase.
    pub fn asked(&self) -> String {
        match self {
            Self::Question(question) => question.ask.clone(),
            Self::Sample(phrase) => phrase.phrases.first().cloned().unwrap_or_default(),
            Self::Deleted(phrase) => judge::without_its_end(phrase.phrases.first().map_or("", String::as_str)),
            Self::Nothing => String::new(),
        }
    }

    fn phrase(&self) -> Option<&Phrase> {
        match self {
            Self::Question(_) | Self::Nothing => None,
            Self::Sample(phrase) | Self::Deleted(phrase) => Some(phrase),
        }
    }
}

/// The question, or the document.
impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Question(question) => f.write_str(&question.ask),
            Self::Sample(phrase) | Self::Deleted(phrase) => write!(f, "{}/{}", phrase.collection, phrase.path),
            Self::Nothing => f.write_str("the sample"),
        }
    }
}

/// How a check ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As it should.
    Passed,
    /// Not so, for this reason.
    Failed(String),
    /// It could not be made, for this reason.
    Skipped(String),
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What it is about.
    pub subject: Subject,
    /// How it ended.
    pub outcome: Outcome,
    /// What the answer cites, best first.
    pub cited: Vec<String>,
    /// How long it took.
    pub took: Duration,
}

impl Check {
    /// Whether it failed.
    pub fn has_failed(&self) -> bool {
        matches!(self.outcome, Outcome::Failed(_))
    }

    /// Whether it was made.
    pub fn was_made(&self) -> bool {
        !matches!(self.outcome, Outcome::Skipped(_))
    }
}

/// Why a verification ended before its end.
#[derive(Debug, thiserror::Error)]
pub enum Halt {
    /// Somebody asked to stop.
    #[error("stopped before the last question")]
    Stopped,
    /// The platform refuses the key, or cannot be reached.
    #[error(transparent)]
    Platform(ApiError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a verification showed.
#[derive(Debug)]
pub struct Verification {
    /// The checks, in the order in which they were made.
    pub checks: Vec<Check>,
    /// What could not be tidied up, for people.
    pub warnings: Vec<String>,
    /// Why it ended before its end, where it did.
    pub halt: Option<Halt>,
    /// When it ended.
    pub ended: Moment,
    /// Phrases of documents that were drawn.
    learnt: Vec<Phrase>,
}

impl Verification {
    /// How it went, in numbers.
    pub fn record(&self) -> VerificationRecord {
        let count = |which: fn(&&Check) -> bool| self.checks.iter().filter(which).count() as u64;
        let (checks, failed) = (count(|check| check.was_made()), count(|check| check.has_failed()));
        VerificationRecord { at: self.ended, checks, failed }
    }

    /// Notes it in the store. One that ended before its end leaves the record of the one before.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn keep(&self, db: &mut Db) -> Result<(), StoreError> {
        // Nothing that was checked is no news either, good or bad.
        if self.halt.is_some() || self.record().checks == 0 {
            return Ok(());
        }
        let made = self.checks.iter().filter(|check| check.was_made());
        let checked = made.filter_map(|check| Some((check.subject.phrase()?, check.has_failed())));
        db.note_verification(&self.record(), &self.learnt, checked)
    }
}

/// Makes a verification. `seen` is told of each check when it has ended. Nothing is written: see [`Verification::keep`].
pub async fn verify(
    assistant: &Cevvo,
    scope: &Scope<'_>,
    stop: watch::Receiver<bool>,
    seen: &dyn Fn(&Check),
) -> Verification {
    let asking = Asking::new(assistant, stop);
    let mut verifying = Verifying {
        scope,
        asking,
        seen,
        checks: Vec::new(),
        read_of: Vec::new(),
        unsure: Vec::new(),
        names_in_full: false,
    };
    let ended = verifying.run().await;
    let settled = verifying.settle().await;
    let ended = ended.and(settled).and_then(|()| verifying.weigh());
    let Verifying { asking, checks, read_of: learnt, .. } = verifying;
    Verification { checks, warnings: asking.warnings(), halt: ended.err(), ended: clock::now(), learnt }
}

/// A verification under way.
struct Verifying<'a> {
    scope: &'a Scope<'a>,
    asking: Asking<'a>,
    seen: &'a dyn Fn(&Check),
    checks: Vec<Check>,
    /// Documents that were drawn, with their phrases.
    read_of: Vec<Phrase>,
    unsure: Vec<Unsure>,
    /// Whether an answer has cited one of our documents in full: then the platform says so of all of them.
    names_in_full: bool,
}

impl Verifying<'_> {
    async fn run(&mut self) -> Result<(), Halt> {
        for question in &self.scope.config.verify.questions {
            self.make(Subject::Question(question.clone()), question.sources.clone()).await?;
        }
        if self.scope.sample > 0 {
            self.samples().await?;
            self.deleted().await?;
        }
        Ok(())
    }

    /// As many documents as are wanted, as far as there are any with a phrase.
    async fn samples(&mut self) -> Result<(), Halt> {
        let wanted = usize::try_from(self.scope.sample).unwrap_or(usize::MAX);
        let (mut left, mut drawn) = (wanted, self.draw().await?.into_iter());
        while left > 0 {
            // Only who has seen several documents knows what they have in common.
            let some: Vec<_> = drawn.by_ref().take(left).collect();
            if some.is_empty() {
                break;
            }
            let mut known = Vec::new();
            for document in some {
                if self.asking.is_stopped() {
                    return Err(Halt::Stopped);
                }
                let began = clock::now();
                match self.with_phrases(document).await {
                    Ok(document) => known.push(document),
                    Err((document, reason)) => self.skipped(document, reason, began),
                }
            }
            for document in known {
                match self.alone(&document).await? {
                    Ok(document) => {
                        left -= 1;
                        let of = reference(&document);
                        self.make(Subject::Sample(document), vec![of]).await?;
                    }
                    Err(twin) => {
                        let reason = format!("{twin} has the same sentence, so nobody could tell them apart");
                        self.skipped(document, reason, clock::now());
                    }
                }
            }
        }
        Ok(())
    }

    async fn deleted(&mut self) -> Result<(), Halt> {
        let most = self.scope.sample;
        for known in self.read(move |db| db.draw_deleted(most)).await? {
            // Where live documents say all that it said, it is asked for all the same: it may be cited.
            let phrase = self.alone(&known).await?.unwrap_or(known);
            let of = reference(&phrase);
            self.make(Subject::Deleted(phrase), vec![of]).await?;
        }
        Ok(())
    }

    /// Asks, and judges the answer as far as that can be done already.
    async fn make(&mut self, subject: Subject, documents: Vec<Reference>) -> Result<(), Halt> {
        let began = clock::now();
        let answer = match self.asking.ask(&subject.asked()).await? {
            Reply::Answer(answer) => answer,
            Reply::Refused(reason) => return self.conclude(subject, Outcome::Failed(reason), Vec::new(), began).await,
            Reply::Lost(reason) => {
                self.ended(subject, Outcome::Skipped(reason), Vec::new(), clock::now().since(began));
                return Ok(());
            }
        };
        let instance = &self.scope.config.instance;
        let is_ours = |citation: &Citation| {
            let collections = &self.scope.config.collections;
            judge::key(&citation.title, instance)
                .is_some_and(|(name, _)| collections.iter().any(|collection| collection.name == name))
        };
        self.names_in_full |= answer.sources.iter().any(is_ours);
        let verdict = match &subject {
            Subject::Question(question) => judge::question(question, instance, &answer),
            Subject::Sample(phrase) => judge::sample(&reference(phrase), instance, &answer),
            Subject::Deleted(phrase) => {
                let (live, text) = (self.live(phrase, &answer.sources).await?, phrase.phrases.first().cloned());
                let text = text.unwrap_or_default();
                let has_twin = self.alone(phrase).await?.is_err();
                judge::deleted(&reference(phrase), &text, instance, &answer, &live, has_twin)
            }
            Subject::Nothing => Ok(()),
        };
        let titles = judge::only_named(&documents, instance, &answer);
        let cited = judge::citations(&answer);
        match verdict {
            Ok(()) if !titles.is_empty() => {
                self.unsure.push(Unsure { subject, titles, cited, took: clock::now().since(began) });
                Ok(())
            }
            Ok(()) => self.conclude(subject, Outcome::Passed, cited, began).await,
            Err(reason) => self.conclude(subject, Outcome::Failed(reason), cited, began).await,
        }
    }

    /// Of each citation, whether its address is meant to be there, through another collection than this document's.
    async fn live(&self, deleted: &Phrase, citations: &[Citation]) -> Result<Vec<bool>, Halt> {
        let (citations, config) = (citations.to_vec(), self.scope.config);
        let crawled = config.collections.iter().filter_map(|collection| match &collection.input {
            Input::Website(website) if collection.name != deleted.collection => Some(website.url.origin()),
            _ => None,
        });
        let crawled: Vec<_> = crawled.collect();
        self.read(move |db| {
            let is_live = |citation: &Citation| {
                let Some(mut url) = citation.url.as_deref().and_then(|url| url::Url::parse(url).ok()) else {
                    return Ok(false);
                };
                url.set_fragment(None);
                Ok(crawled.contains(&url.origin()) || db.count_named(url.as_str())? > 0)
            };
            citations.iter().map(is_live).collect()
        })
        .await
    }

    async fn conclude(
        &mut self,
        subject: Subject,
        outcome: Outcome,
        cited: Vec<String>,
        began: Moment,
    ) -> Result<(), Halt> {
        let took = clock::now().since(began);
        let outcome = self.still(&subject, outcome).await?;
        self.ended(subject, outcome, cited, took);
        Ok(())
    }

    fn skipped(&mut self, document: Phrase, reason: String, began: Moment) {
        self.ended(Subject::Sample(document), Outcome::Skipped(reason), Vec::new(), clock::now().since(began));
    }

    fn ended(&mut self, subject: Subject, outcome: Outcome, cited: Vec<String>, took: Duration) {
        let check = Check { subject, outcome, cited, took };
        (self.seen)(&check);
        self.checks.push(check);
    }
}

fn reference(phrase: &Phrase) -> Reference {
    Reference { collection: Some(phrase.collection.clone()), path: phrase.path.clone() }
}
