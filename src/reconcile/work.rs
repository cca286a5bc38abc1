//! Pieces of work and what comes of them: what a round hands from one step to the next.

use std::time::Duration;

use super::{Document, Failure, Fatal, Sent};
use crate::{
    model::{CollectionName, Moment, Replica, SourceId},
    plan::{Gone, Wanted},
    platform::SourcePage,
};

/// One piece of work.
pub(super) enum Task {
    /// Delete the source of a replica that retires.
    Delete(Replica),
    /// The same, unless its document, which was gone, is back.
    Finish(Replica),
    /// Quarantine the document of an upload that never got an answer.
    GiveUp(Replica),
    /// Note that a document is gone, whose every source is to be deleted.
    Gone(CollectionName, Gone),
    /// Delete the sources of a document that is gone.
    Empty(Document, Vec<Replica>),
    /// Give a source to another document.
    Rename((CollectionName, Gone), CollectionName, Wanted),
    /// Delete every source of a document that has moved, and is held at its new place.
    Left(CollectionName, Gone),
    /// Put a document, into this source where one was made for it already.
    Put(CollectionName, Wanted, Option<Replica>),
}

/// What came of it.
pub(super) enum Step {
    /// Done, and nothing follows.
    Nothing,
    /// The document is noted as gone, and these retire.
    Going(Document, Vec<Replica>),
    /// The document's sources are deleted.
    Deleted(Document),
    /// The source of the first has the other document's name; these others of the two retire.
    Renamed(Document, Document, Vec<Replica>),
    /// It could not be done, and this is done instead; the next round sees what is left.
    Instead(Task),
    /// So many bytes went up, from then on; the job is under way.
    Following(Replica, u64, Moment),
    /// What was made is of no use; the document is looked at again in the next round.
    Again(Option<Replica>),
    /// Only a list can tell what has become of it.
    Relist,
    /// The outcome is not known before then.
    Unknown(Moment),
    /// The document failed; what was made for it retires.
    Failed(Failure, Option<Replica>),
    /// The platform refused the document, although it accepts the key; it would mean this if it refused all.
    Refused(Failure, Option<Replica>, Fatal),
    /// The platform takes no document at all; what is not a put goes on.
    NoPuts(Fatal),
    /// Jobs were asked after.
    Polled(Polled),
}

/// What a poll gave.
#[derive(Debug)]
pub(super) struct Polled {
    pub(super) endings: Vec<(SourceId, Ending)>,
    /// The name under which a single source was shown, where one was asked for.
    pub(super) shown: Option<String>,
    /// The page of the list, or why it cannot be read, where the list was asked.
    pub(super) list: Option<Result<SourcePage, String>>,
}

/// How a job ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// The platform holds the document.
    Ready,
    /// It failed, for this reason.
    Failed(String),
    /// Nobody knows, and the source holds nothing: it is made anew.
    Lost,
    /// The list does not show its source, and shows this one under its name.
    Elsewhere(SourceId),
    /// Neither the job nor its source can be read by itself.
    Unknown,
    /// It has not ended, and is left to another pass.
    Later,
    /// No page of the list that can be read shows it, and another one cannot be read for this reason: it is left to
    /// another pass.
    Unseen(String),
}

/// A job that has ended.
pub(super) struct Settled {
    pub(super) replica: Replica,
    pub(super) ending: Ending,
    /// Whether the list has shown its source under the name that it was given.
    pub(super) named: bool,
    /// The name under which the platform has shown it.
    pub(super) shown: Option<String>,
    /// Whether its word alone was not enough.
    pub(super) doubted: bool,
    /// The time since its upload began, or since an earlier pass noted it.
    pub(super) took: Duration,
    pub(super) sent: Option<Sent>,
}

impl Polled {
    /// What asking after one gave.
    pub(super) fn one(source: SourceId, ending: Option<Ending>) -> Self {
        Self { endings: ending.map(|ending| (source, ending)).into_iter().collect(), shown: None, list: None }
    }
}
