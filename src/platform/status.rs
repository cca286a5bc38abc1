//! The platforms' words for how far a source or a job has come.

use super::wire::flags::Flags;

/// How far something has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// Waiting for something to do.
    Pending,
    /// At work.
    Working,
    /// Whatever a word means that this version does not know.
    Unknown,
    /// Done.
    Done,
    /// Failed.
    Failed,
}

const PENDING: [&str; 4] = ["pending", "new", "created", "draft"];
const WORKING: [&str; 20] = [
    "processing",
    "working",
    "running",
    "in_progress",
    "in-progress",
    "in progress",
    "queued",
    "waiting",
    "scheduled",
    "accepted",
    "started",
    "starting",
    "syncing",
    "ingesting",
    "indexing",
    "training",
    "embedding",
    "parsing",
    "uploading",
    "crawling",
];
const DONE: [&str; 17] = [
    "synced",
    "completed",
    "complete",
    "ready",
    "active",
    "done",
    "success",
    "succeeded",
    "finished",
    "processed",
    "indexed",
    "trained",
    "embedded",
    "ingested",
    "available",
    "learned",
    "ok",
];
const FAILED: [&str; 9] =
    ["failed", "failure", "error", "errored", "cancelled", "canceled", "rejected", "aborted", "invalid"];

/// What does not change by itself: a person must do something on the platform.
const LASTING: [&str; 12] = [
    "suspended",
    "disabled",
    "paused",
    "expired",
    "blocked",
    "inactive",
    "stopped",
    "locked",
    "rejected",
    "quarantined",
    "limited",
    "over_quota",
];

/// What is deleted, and shown all the same for a while.
const GONE: [&str; 6] = ["deleted", "removed", "archived", "trashed", "deleting", "purged"];

/// The status of a source that is switched off, whatever else it was: one of those that last.
const SWITCHED_OFF: &str = "inactive";

/// Whether there is nothing any more, by a flag or a status.
pub(super) fn is_gone(flags: &Flags, status: Option<&str>) -> bool {
    let mut words = flags.states.iter().map(String::as_str).chain(status);
    flags.is_gone || words.any(|word| is_one_of(word, &GONE))
}

/// The status of a source: where it would be done, but is switched off, the word for that. It holds what was put into it.
pub(super) fn of_source(status: Option<String>, flags: &Flags) -> Option<String> {
    let is_done = status.as_deref().is_none_or(|status| progress(status) == Progress::Done);
    let lasts = flags.states.iter().find(|state| is_one_of(state, &LASTING));
    match lasts {
        Some(state) if is_done => Some(state.clone()),
        None if is_done && flags.is_off => Some(SWITCHED_OFF.to_owned()),
        _ => status,
    }
}

/// Whether a status says that nothing changes by itself.
pub(super) fn is_lasting(status: &str) -> bool {
    is_one_of(status, &LASTING) || is_one_of(status, &FAILED)
}

fn is_one_of(status: &str, words: &[&str]) -> bool {
    words.iter().any(|word| word.eq_ignore_ascii_case(status.trim()))
}

/// Reads a status, in whatever case it is written.
pub(super) fn progress(status: &str) -> Progress {
    let is_one_of = |words: &[&str]| is_one_of(status, words);
    if is_one_of(&DONE) {
        Progress::Done
    } else if is_one_of(&FAILED) {
        Progress::Failed
    } else if is_one_of(&PENDING) {
        Progress::Pending
    } else if is_one_of(&WORKING) {
        Progress::Working
    } else {
        Progress::Unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress__words_in_any_case__are_read() {
        for (word, read) in [
            ("synced", Progress::Done),
            ("Ready", Progress::Done),
            (" COMPLETED ", Progress::Done),
            ("Failed", Progress::Failed),
            ("Canceled", Progress::Failed),
            ("PENDING", Progress::Pending),
            ("syncing", Progress::Working),
            ("reticulating", Progress::Unknown),
            ("", Progress::Unknown),
        ] {
            assert_eq!(progress(word), read, "{word:?}");
        }
    }
}
