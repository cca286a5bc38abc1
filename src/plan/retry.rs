//! When a document that failed is tried again: by itself, or only when it changes.

use std::time::Duration;

use crate::model::Moment;

/// The end of the reason of a failure that is tried again without a person's doing.
pub const TRIED_AGAIN: &str = "; it is tried again by itself";

/// The first wait after a failure that is not the document's own; it doubles with each.
const FIRST_WAIT: Duration = Duration::from_secs(60);
const LONGEST_WAIT: Duration = Duration::from_secs(30 * 60);
/// A job that failed is tried once more after this: many fail for a reason of the moment, and do not say so.
const SECOND_CHANCE: Duration = Duration::from_secs(10 * 60);

/// Words of a failed job's reason that say that it lies in the platform, and not in the document.
const MOMENTARY: [&str; 13] = [
    "overload",
    "rate limit",
    "too many requests",
    "quota",
    "timeout",
    "timed out",
    "temporar",
    "try again",
    "unavailable",
    "capacity",
    "busy",
    "internal error",
    "internal server error",
];

/// What a failure of a document lies in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureCause {
    /// The document: the same content fails again.
    Document,
    /// The account, the platform or the way to it: time may mend it.
    Circumstances,
    /// A job failed, and whether that lies in the document is not known.
    Job,
}

impl FailureCause {
    /// What the reason says that a platform gives for a job that failed.
    pub fn of_job(reason: &str) -> Self {
        let reason = reason.to_lowercase();
        if MOMENTARY.iter().any(|word| reason.contains(word)) { Self::Circumstances } else { Self::Job }
    }
}

/// When a document is tried again that failed now, after `failures` before that in a row; `None` when it waits until it
/// changes.
pub fn retry_at(cause: FailureCause, failures: u32, now: Moment) -> Option<Moment> {
    match cause {
        FailureCause::Document => None,
        FailureCause::Job if failures > 0 => None,
        FailureCause::Job => Some(now + SECOND_CHANCE),
        FailureCause::Circumstances => {
            let doubled = 2_u32.saturating_pow(failures.min(16));
            Some(now + FIRST_WAIT.saturating_mul(doubled).min(LONGEST_WAIT))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment(1_000_000_000);

    #[test]
    fn retry_at__waits_grow_to_a_bound__where_circumstances_are_at_fault() {
        let minutes = |failures| {
            retry_at(FailureCause::Circumstances, failures, NOW).map(|at| at.since(NOW).as_secs() / 60).unwrap()
        };
        assert_eq!([0, 1, 2, 4, 5, 99].map(minutes), [1, 2, 4, 16, 30, 30]);
    }

    #[test]
    fn retry_at__job__has_one_second_chance() {
        assert_eq!(retry_at(FailureCause::Job, 0, NOW), Some(NOW + SECOND_CHANCE));
        assert_eq!(retry_at(FailureCause::Job, 1, NOW), None);
        assert_eq!(retry_at(FailureCause::Document, 0, NOW), None);
    }

    #[test]
    fn of_job__reason_of_the_moment__is_told_from_a_bad_document() {
        for (reason, cause) in [
            ("Model is overloaded", FailureCause::Circumstances),
            ("Embedding: RATE LIMIT reached", FailureCause::Circumstances),
            ("upstream timed out", FailureCause::Circumstances),
            ("could not parse page 3", FailureCause::Job),
            ("", FailureCause::Job),
        ] {
            assert_eq!(FailureCause::of_job(reason), cause, "{reason}");
        }
    }
}
