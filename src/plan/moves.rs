//! Moves on a platform that cannot rename: the document is put anew at its new place, and what it leaves goes after that,
//! in whichever pass.

use super::guard::Gone;
use crate::model::{CollectionName, DocPath, ShortHash};

/// A document that has moved, and whose new source was begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// Where it was.
    pub away: CollectionName,
    /// Where it was.
    pub from: DocPath,
    /// Its content.
    pub hash: ShortHash,
    /// How far it has come.
    pub state: MoveState,
}

/// How far a move has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MoveState {
    /// The platform holds the content at the new place.
    Arrived,
    /// Not yet, though it is there on this machine: on its way, or quarantined.
    Waits,
    /// It is not there any more: there is no move.
    Off,
}

/// Takes what has moved out of what is gone of a collection: it waits for its new place. Gives what has arrived there,
/// whose old sources go. Neither is a deletion, so no guard counts it.
pub(super) fn settle(collection: &CollectionName, gone: &mut Vec<Gone>, moves: &[Move]) -> Vec<Gone> {
    let state = |gone: &Gone| {
        let same = |of: &&Move| of.away == *collection && of.from == gone.path && of.hash == gone.live;
        moves.iter().find(same).map_or(MoveState::Off, |found| found.state)
    };
    let arrived = gone.extract_if(.., |gone| state(gone) == MoveState::Arrived).collect();
    gone.retain(|gone| state(gone) == MoveState::Off);
    arrived
}
