//! The order in which a list is leafed through to find what is new: its two ends first, for a platform does not say at
//! which one it adds.

/// A way through the pages of a list, over and over.
#[derive(Debug, Default)]
pub(super) struct Paging {
    /// Pages looked at before on this way.
    done: u64,
    /// How many pages there are, once the platform has said so.
    pages: Option<u64>,
}

impl Paging {
    /// The page to look at now, from 1.
    pub(super) fn page(&self) -> u64 {
        match (self.done, self.pages) {
            (0, _) => 1,
            (1, Some(pages)) => pages,
            (done, Some(_)) => done,
            (done, None) => done + 1,
        }
    }

    /// The page was looked at. The list has so many pages where the platform says so; otherwise a page may be the last one
    /// (`is_end`). Says whether that was the whole way.
    pub(super) fn looked(&mut self, pages: Option<u64>, is_end: bool) -> bool {
        self.done += 1;
        self.pages = pages;
        let whole = pages.map_or(is_end, |pages| self.done >= pages);
        if whole {
            self.done = 0;
        }
        whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_are_looked_at_first_and_every_page_once() {
        let way = |pages: u64| {
            let mut paging = Paging::default();
            let mut seen = Vec::new();
            loop {
                seen.push(paging.page());
                if paging.looked(Some(pages), false) {
                    assert_eq!(paging.page(), 1);
                    return seen;
                }
            }
        };
        assert_eq!(way(0), [1]);
        assert_eq!(way(1), [1]);
        assert_eq!(way(2), [1, 2]);
        assert_eq!(way(5), [1, 5, 2, 3, 4]);
    }

    #[test]
    fn without_a_total_the_end_is_where_a_page_is_not_full() {
        let mut paging = Paging::default();
        let mut seen = Vec::new();
        for is_end in [false, false, true, false] {
            seen.push(paging.page());
            paging.looked(None, is_end);
        }
        assert_eq!(seen, [1, 2, 3, 1]);
    }

    #[test]
    fn a_list_that_grows_and_shrinks_on_the_way_is_left_in_the_end() {
        let mut paging = Paging::default();
        assert!(!paging.looked(Some(3), false));
        assert!(!paging.looked(Some(9), false));
        assert!(paging.looked(Some(2), false));
    }
}
