//! One upload whose job is polled until it ends.

use super::{paging::Seen, work::Ending};
use crate::model::{JobId, Moment, Replica, SourceId};

/// Why a document failed whose job nobody can tell of.
const UNREADABLE: &str =
    "the platform can tell neither of its job nor of its source; `kbsync retry` lets it be tried again";

/// An upload that is followed to its end.
pub(super) struct Followed {
    pub(super) replica: Replica,
    pub(super) source: SourceId,
    /// None of a website, which the platform crawls by itself.
    pub(super) job: Option<JobId>,
    pub(super) begun: Moment,
    pub(super) asked: Moment,
    /// Of an upload of this pass, its size and when it began.
    pub(super) upload: Option<(u64, Moment)>,
    pub(super) seen: Seen,
    /// Whether neither the job nor its source can be read by itself: only the list tells.
    pub(super) blind: bool,
    /// Whether the list shows its source as done, and not whether it holds anything.
    pub(super) done: bool,
    /// Whether its word is not enough: an older version goes by it, or it was done long ago.
    pub(super) doubted: bool,
    /// Whether the list has shown its source under the name that it was given.
    pub(super) named: bool,
    /// The name under which the platform has shown it last.
    pub(super) shown: Option<String>,
    /// Another source that the list shows under its name.
    pub(super) namesake: Option<SourceId>,
}

impl Followed {
    /// Starts to follow an upload; `replaces` is whether the platform holds an older version.
    pub(super) fn new(
        replica: Replica,
        source: SourceId,
        upload: Option<(u64, Moment)>,
        replaces: bool,
        now: Moment,
    ) -> Self {
        Self {
            source,
            job: replica.job.clone(),
            // A clock that was ahead when it was written must not make the job wait for it.
            begun: replica.since.min(now),
            asked: Moment::default(),
            upload,
            seen: Seen::default(),
            blind: false,
            done: false,
            doubted: replaces || upload.is_none(),
            named: false,
            shown: None,
            namesake: None,
            replica,
        }
    }

    /// The ending after the job timeout, where only the list shows the source; `tells` is whether lists show content.
    pub(super) fn given_up(&self, tells: bool) -> Ending {
        match self {
            // No other upload would show more.
            Self { done: true, .. } if !tells => Ending::Ready,
            Self { blind: true, .. } => Ending::Failed(UNREADABLE.to_owned()),
            Self { .. } => Ending::Lost,
        }
    }
}
