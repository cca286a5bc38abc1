//! The end of a verification: what was left open is judged, and whether anything was proved at all.

use std::time::Duration;

use super::{Check, Halt, Outcome, Subject, Verifying, judge};
use crate::{platform::ApiError, store::StoreError};

/// A check whose answer names documents by a path or a file name alone: what that is worth shows when all are made.
pub(super) struct Unsure {
    pub(super) subject: Subject,
    pub(super) titles: Vec<String>,
    pub(super) cited: Vec<String>,
    pub(super) took: Duration,
}

impl Verifying<'_> {
    /// Judges what was left open. A path or file name alone is of a document only where the platform never says more, and
    /// where one document alone is named so.
    pub(super) async fn settle(&mut self) -> Result<(), Halt> {
        for Unsure { subject, titles, cited, took } in std::mem::take(&mut self.unsure) {
            let mut counts = Vec::new();
            for title in titles.clone() {
                counts.push(match self.read(move |db| db.count_named(&title)).await {
                    // Questions need no state.
                    Err(Halt::Store(StoreError::Missing(_))) => 0,
                    count => count?,
                });
            }
            let outcome = match &subject {
                Subject::Deleted(_) if !self.names_in_full && counts == [0] => {
                    Outcome::Failed(judge::cited_still(&titles.join(", ")))
                }
                Subject::Deleted(_) => Outcome::Passed,
                _ if !self.names_in_full && counts.iter().all(|count| *count == 1) => Outcome::Passed,
                _ => Outcome::Failed(format!("it cites only a file of this name, {}", titles.join(", "))),
            };
            let outcome = self.still(&subject, outcome).await?;
            self.ended(subject, outcome, cited, took);
        }
        Ok(())
    }

    /// Nothing that was checked proves nothing: that is the platform's doing where answers were lost, and else a failure.
    pub(super) fn weigh(&mut self) -> Result<(), Halt> {
        let (wanted, made) = (self.scope.sample, |check: &&Check| check.was_made());
        let is_sample = |check: &Check| matches!(check.subject, Subject::Sample(_));
        let has_sample = wanted == 0 || self.checks.iter().filter(made).any(is_sample);
        if self.asking.has_lost() && !(has_sample && self.checks.iter().any(Check::was_made)) {
            let why = "too many questions got no answer; try again later".to_owned();
            return Err(Halt::Platform(ApiError::Unavailable(why)));
        }
        if !has_sample {
            let reason = format!("0 of the {wanted} documents that were wanted could be checked, so nothing is proved");
            let outcome = Outcome::Failed(reason);
            self.ended(Subject::Nothing, outcome, Vec::new(), Duration::ZERO);
        }
        Ok(())
    }

    /// An outcome, unless it is about a document that is not any more what it was when it was drawn.
    pub(super) async fn still(&self, subject: &Subject, outcome: Outcome) -> Result<Outcome, Halt> {
        let reason = match subject {
            _ if !matches!(outcome, Outcome::Failed(_)) => None,
            Subject::Sample(phrase) if !self.is_live(phrase).await? => Some("it was changed or deleted meanwhile"),
            Subject::Deleted(phrase) if self.is_known(phrase).await? => Some("it came back meanwhile"),
            _ => None,
        };
        Ok(reason.map_or(outcome, |reason| Outcome::Skipped(reason.to_owned())))
    }
}
