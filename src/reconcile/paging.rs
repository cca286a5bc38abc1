//! Page order for polling a list: first, last, then the rest, for a platform does not say at which end it adds.

use crate::platform::{Cursor, SourcePage};

/// A way through the pages of a list, over and over.
#[derive(Debug, Default)]
pub(super) struct Paging {
    /// The page to read now; none is the first.
    at: Option<Cursor>,
    stage: Stage,
}

#[derive(Debug, Default)]
enum Stage {
    /// The first page is to be read.
    #[default]
    First,
    /// The last page is to be read, and then this one.
    Last(Cursor),
    /// The rest is read, up to the last page, which was read before.
    Rest(Option<Cursor>),
}

impl Paging {
    /// The page to read now; none is the first.
    pub(super) fn at(&self) -> Option<Cursor> {
        self.at
    }

    /// That page was read. Says whether that was the whole way.
    pub(super) fn read(&mut self, page: &SourcePage) -> bool {
        let next = page.next.filter(|_| !page.may_be_last);
        let (at, stage) = match (&self.stage, next) {
            (Stage::First, Some(next)) => match page.last.filter(|last| *last > next) {
                Some(last) => (Some(last), Stage::Last(next)),
                None => (Some(next), Stage::Rest(None)),
            },
            (Stage::Last(rest), _) => (Some(*rest), Stage::Rest(self.at)),
            (Stage::Rest(last), Some(next)) if last.is_none_or(|last| next < last) => (Some(next), Stage::Rest(*last)),
            (Stage::First | Stage::Rest(_), _) => (None, Stage::First),
        };
        (self.at, self.stage) = (at, stage);
        self.at.is_none()
    }

    /// The way ends here, whatever the platform says of further pages.
    pub(super) fn end(&mut self) -> bool {
        *self = Self::default();
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::{nexvio::PAGE_SIZE, read};

    /// The sizes of the pages that are read on one way through a list of so many, of pages of `size` at most.
    fn way(total: u64, size: u64, says_total: bool) -> Vec<(u64, u64)> {
        let (mut paging, mut seen, mut offset) = (Paging::default(), Vec::new(), 0);
        loop {
            let count = total.saturating_sub(offset).min(size);
            let items: Vec<_> = (offset..offset + count).map(|id| serde_json::json!({"id": id})).collect();
            let total = if says_total { serde_json::json!(total) } else { serde_json::Value::Null };
            let body = serde_json::json!({"data": {"knowledge": items, "total": total}}).to_string();
            let page = read::nexvio_page(body.as_bytes(), offset).expect("a page");
            seen.push((offset, count));
            if paging.read(&page) {
                assert_eq!(paging.at(), None);
                return seen;
            }
            offset = paging.at().map_or(0, read::offset);
        }
    }

    #[test]
    fn way__with_a_total__reads_both_ends_first_and_everything_once() {
        let full = PAGE_SIZE;
        assert_eq!(way(0, full, true), [(0, 0)]);
        assert_eq!(way(7, full, true), [(0, 7)]);
        assert_eq!(way(150, full, true), [(0, 100), (100, 50)]);
        assert_eq!(way(450, full, true), [(0, 100), (350, 100), (100, 100), (200, 100), (300, 100)]);
    }

    #[test]
    fn way__a_platform_that_gives_fewer_than_asked__misses_nothing() {
        assert_eq!(way(120, 50, true), [(0, 50), (70, 50), (50, 50)]);
        assert_eq!(way(120, 50, false), [(0, 50), (50, 50), (100, 20), (120, 0)]);
        assert_eq!(way(3, 1, true), [(0, 1), (2, 1), (1, 1)]);
    }
}
