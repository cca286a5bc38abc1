//! Sizes of list pages: smaller ones where a platform's items are so long that an answer is not read, or where it gives no
//! pages that are as large.

use std::sync::atomic::{AtomicU64, Ordering};

use super::{ApiError, Cursor, SourcePage};

/// The sizes that are asked for. Each divides the one before it, so that pages of one size begin where those of another do.
const SIZES: [u64; 5] = [100, 50, 10, 5, 1];
/// The size of a pass that has met no answer that was too long.
pub(super) const PAGE_SIZE: u64 = SIZES[0];
/// A platform that refuses a first page of this size refuses something else.
const ALWAYS_ALLOWED: u64 = SIZES[3];
/// Sources in a row that are each too long to be listed.
const MOST_SKIPPED: u64 = 100;

/// The largest size that is asked for in this pass, and the largest that the platform allows; zero before any answer was too
/// long, or refused.
#[derive(Default)]
pub(super) struct PageSize {
    most: AtomicU64,
    allowed: AtomicU64,
}

impl PageSize {
    /// A pass begins: everything may be shorter by now.
    pub(super) fn begin(&self) {
        self.most.store(0, Ordering::Relaxed);
        self.allowed.store(0, Ordering::Relaxed);
    }

    /// The size to ask for at this place, and the place in pages of that size.
    fn at(&self, place: Cursor) -> (u64, Cursor) {
        match self.most.load(Ordering::Relaxed) {
            0 => (PAGE_SIZE, place),
            most => {
                let fits = |size: &u64| *size <= most && place.before.is_multiple_of(*size);
                let size = SIZES.into_iter().find(fits).unwrap_or(1);
                (size, Cursor { at: place.before / size + 1, ..place })
            }
        }
    }

    /// An answer of this size was too long. `false` where there is no smaller one: then a single source is, and others may
    /// be of any size.
    fn shrink(&self, size: u64) -> bool {
        let smaller = SIZES.into_iter().find(|smaller| *smaller < size);
        let allowed = Some(self.allowed.load(Ordering::Relaxed)).filter(|allowed| *allowed > 0);
        self.most.store(smaller.or(allowed).unwrap_or(PAGE_SIZE), Ordering::Relaxed);
        smaller.is_some()
    }

    /// The platform refuses pages of this size.
    fn refuse(&self, size: u64) {
        let smaller = SIZES.into_iter().find(|smaller| *smaller < size).unwrap_or(size);
        self.allowed.store(smaller, Ordering::Relaxed);
        self.most.store(smaller, Ordering::Relaxed);
    }

    /// Begins to read the page at a place.
    pub(super) fn read(&self, place: Cursor) -> Reading<'_> {
        Reading { sizes: self, place, size: PAGE_SIZE, skipped: 0 }
    }
}

/// One page on its way: as many requests as it takes to get one that is short enough.
pub(super) struct Reading<'a> {
    sizes: &'a PageSize,
    place: Cursor,
    size: u64,
    skipped: u64,
}

impl Reading<'_> {
    /// What to ask for: the size and the place.
    pub(super) fn next(&mut self) -> (u64, Cursor) {
        let (size, at) = self.sizes.at(self.place);
        self.size = size;
        (size, at)
    }

    /// Takes the answer; `None` to ask again. Sources that are too long alone count as unreadable.
    pub(super) fn take(&mut self, found: Result<SourcePage, ApiError>) -> Option<Result<SourcePage, ApiError>> {
        // A page that comes after another one of its size may be refused because there is none.
        let may_be_too_large = self.place.before == 0 && self.size > ALWAYS_ALLOWED;
        if may_be_too_large && found.as_ref().is_err_and(ApiError::may_be_of_size) {
            self.sizes.refuse(self.size);
            return None;
        }
        if found.as_ref().is_err_and(ApiError::is_too_long) {
            if self.sizes.shrink(self.size) {
                return None;
            }
            if self.skipped < MOST_SKIPPED {
                (self.skipped, self.place.before) = (self.skipped + 1, self.place.before + 1);
                return None;
            }
        }
        let (passed_over, asked) = (self.skipped, self.size);
        Some(found.map(|page| SourcePage { unreadable: page.unreadable + passed_over, passed_over, asked, ..page }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at__after_answers_that_were_too_long__covers_what_follows_without_a_gap() {
        let sizes = PageSize::default();
        let place = |before| Cursor { before, at: 7 };
        assert_eq!(sizes.at(place(130)), (100, place(130)), "as the platform counts its own pages");
        for (too_long, before, expected) in [
            (100, 0, (50, 1)),
            (50, 100, (10, 11)),
            (10, 35, (5, 8)),
            (5, 35, (1, 36)),
            // One alone: what follows may be short.
            (1, 36, (1, 37)),
            (1, 50, (50, 2)),
            (1, 200, (100, 3)),
        ] {
            assert_eq!(sizes.shrink(too_long), too_long > 1);
            let (size, at) = sizes.at(place(before));
            assert_eq!((size, at.at), expected, "{too_long} {before}");
        }
        sizes.refuse(100);
        assert!(!sizes.shrink(1));
        assert_eq!(sizes.at(place(100)).0, 50, "what is allowed stays so");
    }
}
