//! Where a reading of the platform's list has its end, page by page.

/// After this many pages in a row with little that is new, all that a list announced at first has been read.
const TRICKLES: u32 = 3;
/// After this many, a list that announces nothing is growing as fast as it is read.
const MOST_TRICKLES: u32 = 100;
/// Fewer new sources than that are few.
const FEW: u64 = 10;

/// A page as it came.
#[derive(Clone, Copy, Debug)]
pub(super) struct PageRead {
    /// How many different sources it has.
    pub(super) sources: u64,
    /// How many were asked for.
    pub(super) asked: u64,
    /// How many more it has that cannot be read.
    pub(super) unreadable: u64,
    /// How many the whole list has, as it says.
    pub(super) total: Option<u64>,
    /// Whether the platform says that nothing comes after it.
    pub(super) may_be_last: bool,
    /// Whether another one can be asked for.
    pub(super) has_next: bool,
}

/// What a page means for its reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PageEnd {
    /// The next one is read.
    GoesOn,
    /// It is the last one, unless the platform's total is too low.
    LastByTotal,
    /// It is the last one.
    Last,
    /// Others add to the list as fast as it is read.
    Endless,
}

/// A reading of the list so far.
#[derive(Debug, Default)]
pub(super) struct ReadSoFar {
    pages: u64,
    /// How many different sources it has shown.
    shown: u64,
    unreadable: u64,
    /// The total that the first page announced, and whether another one has announced a different one.
    announced: Option<u64>,
    differs: bool,
    /// Pages in a row that have brought nothing new.
    fruitless: u32,
    /// How many sources the largest page has, and how many pages in a row have brought little.
    largest: u64,
    trickles: u32,
    /// How many sources the page before has, and whether one has shown what was shown before, and was not that page again.
    last: u64,
    overlaps: bool,
}

impl ReadSoFar {
    /// A page was read, with `new` sources that this reading had not shown.
    pub(super) fn note(&mut self, page: PageRead, new: u64) -> PageEnd {
        let before = self.shown;
        self.shown += new;
        self.pages += 1;
        self.unreadable += page.unreadable;
        self.differs |= page.total.is_some_and(|total| *self.announced.get_or_insert(total) != total);
        // One with nothing but what cannot be read may be in the middle.
        self.fruitless = if new > 0 { 0 } else { self.fruitless + 1 };
        self.largest = self.largest.max(page.sources);
        let repeats_all = before > 0 && page.sources >= self.shown;
        let last = std::mem::replace(&mut self.last, page.sources);
        let is_last_again = new == 0 && page.sources == last;
        self.overlaps |= new < page.sources && !repeats_all && !is_last_again;
        let is_little = page.sources < page.asked && (new <= 1 || new < FEW && page.sources < self.largest);
        self.trickles = if is_little { self.trickles + 1 } else { 0 };
        // What comes faster than the list can be read was not there when this reading began.
        let has_first = self.announced.is_some_and(|total| self.seen() >= total);
        let stands_still = self.total().is_some();
        if !stands_still && self.trickles >= if has_first { TRICKLES } else { MOST_TRICKLES } {
            return if has_first { PageEnd::Last } else { PageEnd::Endless };
        }
        // A page that brings nothing new is the end, also where a platform repeats its last one for ever; and so is one that
        // shows all that was shown before: the platform gives the whole list, whatever is asked for.
        if repeats_all || self.fruitless > u32::from(page.unreadable > 0) || !page.has_next {
            return PageEnd::Last;
        }
        // A full page says less of the end than one with room left.
        let is_full = self.pages > 1 && page.sources == self.largest;
        let says_end = page.may_be_last && self.unreadable == 0 && self.is_total();
        if says_end && !is_full { PageEnd::LastByTotal } else { PageEnd::GoesOn }
    }

    /// Whether a platform that refuses the next page may say by that that there is none: as many were shown as it announced.
    /// Where it announced less, or nothing, it must have refused the page after that as well.
    pub(super) fn may_be_all(&self, refused_twice: bool) -> bool {
        let is_more = self.announced.is_none_or(|total| self.seen() > total);
        self.pages > 0 && (self.is_total() || refused_twice && is_more)
    }

    /// The total, where every page has announced the same.
    pub(super) fn total(&self) -> Option<u64> {
        self.announced.filter(|_| !self.differs)
    }

    /// Whether it has shown as many as the platform announced from the first page to the last, or as there were where it
    /// announced nothing.
    pub(super) fn is_settled(&self) -> bool {
        self.announced.is_none() || self.is_total()
    }

    /// Whether it has missed some for sure: all pages have announced as many, and some were shown twice in the place of others.
    pub(super) fn is_mixed_up(&self) -> bool {
        self.overlaps && self.total().is_some_and(|total| self.seen() < total)
    }

    /// What cannot be read counts for the total, but a page that is shown again would count it twice.
    fn seen(&self) -> u64 {
        self.shown + self.unreadable
    }

    /// Whether it has shown as many as every page has announced.
    pub(super) fn is_total(&self) -> bool {
        self.total() == Some(self.seen())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pages, each with how many sources it has, how many of these are new, and the total that it announces: how many of them
    /// are read, how that ends, and whether it is settled.
    fn read(asked: u64, pages: impl Iterator<Item = (u64, u64, Option<u64>)>) -> (usize, PageEnd, bool) {
        let (mut so_far, mut shown, mut read) = (ReadSoFar::default(), 0, 0);
        for (sources, new, total) in pages {
            (read, shown) = (read + 1, shown + new);
            let may_be_last = sources == 0 || total.is_some_and(|total| shown >= total);
            let page = PageRead { sources, asked, unreadable: 0, total, may_be_last, has_next: sources > 0 };
            let end = so_far.note(page, new);
            if end != PageEnd::GoesOn {
                return (read, end, so_far.is_settled());
            }
        }
        (read, PageEnd::GoesOn, so_far.is_settled())
    }

    #[test]
    fn note__a_list_that_stands_still__ends_by_its_total_or_without_anything_new() {
        let pages = |total: Option<u64>, sizes: &'static [u64]| read(100, sizes.iter().map(move |n| (*n, *n, total)));
        assert_eq!(pages(Some(0), &[0]), (1, PageEnd::Last, true));
        assert_eq!(pages(Some(7), &[7]), (1, PageEnd::LastByTotal, true));
        assert_eq!(pages(Some(250), &[100, 100, 50]), (3, PageEnd::LastByTotal, true));
        // A full page is no end by itself, and a total that is too low or too high is none.
        assert_eq!(pages(Some(200), &[100, 100, 0]), (3, PageEnd::Last, true));
        assert_eq!(pages(Some(200), &[100, 100, 50, 0]), (4, PageEnd::Last, false));
        assert_eq!(pages(Some(9), &[7, 0]), (2, PageEnd::Last, false));
        assert_eq!(pages(None, &[100, 50, 0]), (3, PageEnd::Last, true));
    }

    #[test]
    fn note__what_shows_nothing_new__is_the_end_unless_nothing_of_it_can_be_read() {
        assert_eq!(
            read(100, [(100, 100, None), (100, 0, None)].into_iter()),
            (2, PageEnd::Last, true),
            "its last page"
        );
        assert_eq!(read(100, [(90, 90, None), (91, 1, None)].into_iter()), (2, PageEnd::Last, true), "the whole list");
        let mut so_far = ReadSoFar::default();
        let page = PageRead { sources: 5, asked: 5, unreadable: 0, total: None, may_be_last: false, has_next: true };
        let unread = PageRead { sources: 0, unreadable: 5, ..page };
        let ends = [(page, 5), (unread, 0), (page, 5), (unread, 0), (unread, 0)];
        let ends = ends.map(|(page, new)| so_far.note(page, new));
        assert_eq!(ends[..4], [PageEnd::GoesOn; 4]);
        assert_eq!(ends[4], PageEnd::Last);
    }

    #[test]
    fn is_mixed_up__sources_shown_twice_in_place_of_others__unless_pages_come_again_or_the_list_grows() {
        // Pages, each with how many sources it has, how many of these are new, and the total that it announces.
        for (pages, expected) in [
            (&[(2, 2, 3), (1, 1, 3)][..], false),
            (&[(2, 2, 3), (1, 0, 3)], true),
            (&[(2, 2, 5), (2, 1, 5), (1, 0, 5)], true),
            // A total that is too high, a last page that is repeated, and the whole list each time.
            (&[(2, 2, 4), (1, 1, 4), (0, 0, 4)], false),
            (&[(2, 2, 4), (1, 1, 4), (1, 0, 4)], false),
            (&[(3, 3, 4), (3, 0, 4)], false),
            // What is added at the beginning pushes the others on.
            (&[(2, 2, 4), (2, 1, 5), (1, 1, 5)], false),
        ] {
            let mut so_far = ReadSoFar::default();
            for (sources, new, total) in pages {
                let page = PageRead {
                    sources: *sources,
                    asked: 2,
                    unreadable: 0,
                    total: Some(*total),
                    may_be_last: false,
                    has_next: true,
                };
                so_far.note(page, *new);
            }
            assert_eq!(so_far.is_mixed_up(), expected, "{pages:?}");
        }
    }

    #[test]
    fn may_be_all__next_page_is_refused__by_the_total_or_by_two_refusals() {
        for (sources, total, expected) in [
            (7, Some(7), (true, true)),
            (100, Some(100), (true, true)),
            (100, None, (false, true)),
            (7, Some(6), (false, true)),
            (100, Some(230), (false, false)),
            (0, Some(0), (true, true)),
        ] {
            let mut so_far = ReadSoFar::default();
            assert!(!so_far.may_be_all(true), "nothing was read");
            let page = PageRead { sources, asked: 100, unreadable: 0, total, may_be_last: false, has_next: true };
            so_far.note(page, sources);
            assert_eq!((so_far.may_be_all(false), so_far.may_be_all(true)), expected, "{sources} of {total:?}");
        }
    }

    #[test]
    fn note__others_add_to_the_end_all_the_time__ends_with_what_was_announced_first() {
        let growing = |says_total: bool| {
            let total = move |page: u64| says_total.then_some(150 + page);
            let first = [(100, 100, total(0)), (51, 51, total(1))].into_iter();
            read(100, first.chain((2..).map(move |page| (1, 1, total(page)))))
        };
        assert_eq!(growing(true), (5, PageEnd::Last, false));
        assert_eq!(growing(false), (102, PageEnd::Endless, true));
        // Pages that are as long as was asked for are no trickle, however short that is, and nor is a list that stands still.
        assert_eq!(read(1, (0..150).map(|_| (1, 1, None))), (150, PageEnd::GoesOn, true));
        assert_eq!(read(100, (0..150).map(|_| (1, 1, Some(1_000)))), (150, PageEnd::GoesOn, false));
    }
}
