//! Refused documents: whether a row of them is the documents' own fault or the key's.
//!
//! A firewall refuses single texts with the same status as a platform refuses a key without the right to write. What tells
//! them apart is whether the platform takes another document: so a row of refusals is sampled from all that is to go up.

use super::{Failure, FailureScope};

/// Refused documents in a row, with none accepted in the pass, that concern everything.
const REFUSED_IN_A_ROW: u32 = 6;
/// The same where there are no more to try.
const REFUSED_ALL: u32 = 3;
/// The same where they have all been refused before, by a platform that holds others.
const REFUSED_AGAIN: u32 = 100;
/// Documents that go up at once before the first is accepted.
pub const UNPROVEN_AT_ONCE: usize = 2;

/// What refusing every document with this status would mean; `None` where each is refused for a reason of its own.
pub fn scope_of_all_refused(status: u16) -> Option<Failure> {
    let (scope, transient) = match status {
        401 | 403 => (FailureScope::Account, false),
        404 | 405 | 410 | 501 | 505 => (FailureScope::Platform, false),
        429 => (FailureScope::Account, true),
        _ => return None,
    };
    Some(Failure { scope, transient })
}

/// The refusals of one pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Refusals {
    /// Documents refused since the pass began, or since the last that was accepted.
    in_a_row: u32,
    /// Those of them that had never failed before.
    fresh: u32,
    /// Whether the platform has taken a document in this pass.
    accepted: bool,
}

impl Refusals {
    /// A document was accepted.
    pub fn accept(&mut self) {
        *self = Self { accepted: true, ..Self::default() };
    }

    /// A document was refused, which is `fresh` where it had never failed before.
    pub fn refuse(&mut self, fresh: bool) {
        self.in_a_row += 1;
        self.fresh += u32::from(fresh);
    }

    /// Whether they concern every document. `holds` says whether the platform holds documents that were uploaded before, and
    /// `last` whether there are no more to try.
    pub fn are_general(&self, holds: bool, last: bool) -> bool {
        match (self.accepted, holds) {
            (true, _) => false,
            (false, true) => self.fresh >= REFUSED_IN_A_ROW || self.in_a_row >= REFUSED_AGAIN,
            (false, false) => self.in_a_row >= if last { REFUSED_ALL } else { REFUSED_IN_A_ROW },
        }
    }

    /// Whether nothing is known yet of what the platform accepts, so that few documents go up at once.
    pub fn is_unproven(&self) -> bool {
        !self.accepted
    }

    /// Whether documents are tried from all parts of the queue: after a refusal, until one is accepted.
    pub fn is_sampling(&self) -> bool {
        !self.accepted && self.in_a_row > 0
    }

    /// Which of `count` documents to try next: the first, and after a refusal one from another part of them.
    pub fn next(&self, count: usize) -> usize {
        if !self.is_sampling() {
            return 0;
        }
        // Multiples of the golden ratio are spread evenly, however many there are.
        let thousandths = self.in_a_row as usize * 618 % 1_000;
        thousandths * count / 1_000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusals(fresh: u32, known: u32) -> Refusals {
        let mut refusals = Refusals::default();
        (0..fresh).for_each(|_| refusals.refuse(true));
        (0..known).for_each(|_| refusals.refuse(false));
        refusals
    }

    #[test]
    fn are_general__rows_of_refusals__concern_the_key_where_nothing_speaks_for_it() {
        for (fresh, known, holds, last, expected) in [
            (1, 0, false, true, false),
            (2, 0, false, true, false),
            (3, 0, false, true, true),
            (5, 0, false, false, false),
            (6, 0, false, false, true),
            (0, 6, false, false, true),
            // What is held speaks for the key.
            (5, 0, true, true, false),
            (6, 0, true, false, true),
            (3, 60, true, true, false),
            (0, 99, true, true, false),
            (0, 100, true, false, true),
        ] {
            let judged = refusals(fresh, known).are_general(holds, last);
            assert_eq!(judged, expected, "{fresh} fresh, {known} known, holds: {holds}, last: {last}");
        }
    }

    #[test]
    fn are_general__another_document_was_accepted__concern_the_documents() {
        let mut refusals = refusals(5, 0);
        refusals.accept();
        assert!(!refusals.is_unproven());
        (0..1_000).for_each(|_| refusals.refuse(true));
        assert!(!refusals.are_general(true, true) && !refusals.are_general(false, true));
    }

    #[test]
    fn next__after_refusals__is_taken_from_every_part() {
        assert_eq!(refusals(0, 0).next(70), 0);
        let tried: Vec<_> = (1..6).map(|refused| refusals(refused, 0).next(70)).collect();
        assert_eq!(tried, [43, 16, 59, 33, 6]);
        for count in 0..5 {
            assert!((0..9).all(|refused| refusals(refused, 0).next(count) < count.max(1)), "{count}");
        }
    }

    #[test]
    fn scope_of_all_refused__statuses_of_one_document__are_never_everybodys() {
        for status in [400, 409, 413, 415, 422, 451, 500, 503] {
            assert_eq!(scope_of_all_refused(status), None, "{status}");
        }
        let all = |status| scope_of_all_refused(status).map(|all| (all.scope, all.transient));
        assert_eq!(all(403), Some((FailureScope::Account, false)));
        assert_eq!(all(405), Some((FailureScope::Platform, false)));
        assert_eq!(all(429), Some((FailureScope::Account, true)));
    }
}
