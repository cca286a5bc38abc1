//! Page order for polling a list: first, last, then the rest, for a platform does not say at which end it adds.

use crate::{
    model::{Moment, SourceId},
    platform::{Cursor, SourcePage},
};

/// A page of the list; none is the first.
pub(super) type Place = Option<Cursor>;

/// Where a source was seen in the list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// The page that showed it last.
    pub(super) page: Option<Place>,
    /// When the list was last asked for it.
    pub(super) asked: Moment,
    /// Whether any page has shown it.
    shown: bool,
}

/// At which end the list shows what is new: one page there serves all uploads since it was read last.
#[derive(Debug, Default)]
pub(super) struct Growth {
    end: Option<End>,
    /// The last page, as the page that was read last has it.
    last: Option<Cursor>,
    turn: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    First,
    Last,
}

impl Growth {
    /// The page with what is new, where that is known.
    fn place(&self) -> Option<Place> {
        match self.end? {
            End::First => Some(None),
            End::Last => self.last.map(Some),
        }
    }

    /// The page to read now: that with what is new, every other time while some sources have not been found; else the one
    /// that showed the source that the list was asked for least lately. `None` stands for the way through the whole list.
    pub(super) fn next<'a>(&mut self, seen: impl Iterator<Item = &'a Seen> + Clone) -> Option<Place> {
        self.turn = !self.turn;
        let end = self.place();
        let is_missing = seen.clone().any(|seen| seen.page.is_none());
        if end.is_some() && self.turn && is_missing {
            return end;
        }
        // What the list was never asked for is looked for where it grows.
        let others = seen.filter(|seen| end.is_none() || seen.asked != Moment::default());
        others.min_by_key(|seen| seen.asked).map_or(end, |seen| seen.page)
    }

    /// A page was read, that shows some of the sources that are looked for.
    pub(super) fn note<'a>(
        &mut self,
        page: &SourcePage,
        place: Place,
        seen: impl Iterator<Item = (&'a mut Seen, bool)>,
        now: Moment,
    ) {
        let was_end = self.place() == Some(place);
        let next = next(page).filter(|next| Some(*next) > place);
        // Where it was the last one and is no more, what is new is on the one after it.
        let longer = next.filter(|_| place.is_some() && place == self.last);
        self.last = longer.or(page.last).or(self.last);
        // What is new at the beginning pushes the others on.
        let moved = next.filter(|_| self.end == Some(End::First)).map(Some);
        let mut finds = false;
        for (seen, is_shown) in seen {
            if is_shown {
                finds |= !seen.shown;
                self.end = match (place, next) {
                    _ if seen.shown => self.end,
                    (None, Some(_)) => Some(End::First),
                    (Some(_), None) => Some(End::Last),
                    // A list of one page has no ends, and in the middle nothing is new.
                    (None, None) | (Some(_), Some(_)) => self.end,
                };
                *seen = Seen { page: Some(place), asked: now, shown: true };
            } else if seen.page == Some(place) {
                seen.page = moved;
            } else if was_end && longer.is_none() && seen.asked == Moment::default() {
                seen.asked = now;
            }
        }
        // Then it is read next.
        self.turn &= finds || longer.is_none();
    }

    /// A page cannot be read: what is new is looked for elsewhere, and so is what it showed.
    pub(super) fn note_unread<'a>(&mut self, place: Place, seen: impl Iterator<Item = &'a mut Seen>) {
        if self.place() == Some(place) {
            self.end = None;
        }
        seen.filter(|seen| seen.page == Some(place)).for_each(|seen| seen.page = None);
    }
}

fn next(page: &SourcePage) -> Option<Cursor> {
    page.next.filter(|_| !page.may_be_last)
}

/// A way through the pages of a list, over and over.
#[derive(Debug, Default)]
pub(super) struct Paging {
    /// The page to read now.
    at: Place,
    /// The page to go on with where that one cannot be read.
    past: Place,
    stage: Stage,
    /// The page that was read before, and its sources.
    before: (Place, Vec<SourceId>),
    /// Whether the total is ignored: reading continues up to an empty page.
    past_total: bool,
}

#[derive(Debug, Default)]
enum Stage {
    /// The first page is to be read.
    #[default]
    First,
    /// The last page is to be read, and then this one, or the one after it.
    Last(Cursor, Option<Cursor>),
    /// The rest is read, up to the last page, which was read before.
    Rest(Option<Cursor>),
}

impl Paging {
    /// The page to read now; none is the first.
    pub(super) fn at(&self) -> Place {
        self.at
    }

    /// That page was read. Says whether that was the whole way.
    pub(super) fn read(&mut self, page: &SourcePage) -> bool {
        let seen: Vec<_> = page.sources.iter().map(|source| source.id.clone()).collect();
        // A platform that shows the same as another page has no other.
        if self.before.0 != self.at && self.before.1 == seen {
            return self.end();
        }
        self.before = (self.at, seen);
        let next = if self.past_total { page.next.filter(|_| !page.sources.is_empty()) } else { next(page) };
        let (at, stage) = match (&self.stage, next) {
            (Stage::First, Some(next)) => match page.last.filter(|last| *last > next) {
                Some(last) => (Some(last), Stage::Last(next, page.past_next)),
                None => (Some(next), Stage::Rest(None)),
            },
            // Where there is one after it by now, the way ends there.
            (Stage::Last(rest, past), next) => return self.go_to(*rest, *past, self.at.filter(|_| next.is_none())),
            (Stage::Rest(last), Some(next)) if last.is_none_or(|last| next < last) => (Some(next), Stage::Rest(*last)),
            (Stage::First | Stage::Rest(_), _) => (None, Stage::First),
        };
        (self.at, self.past, self.stage) = (at, page.past_next, stage);
        if self.at.is_none() { self.end() } else { false }
    }

    /// That page cannot be read: continues with the one after it, where that is known. Returns whether the way has ended.
    pub(super) fn skip(&mut self) -> bool {
        match (&self.stage, self.past) {
            // What of it the pages before it do not show, another one may.
            (Stage::Last(rest, past), _) => self.go_to(*rest, *past, None),
            (Stage::Rest(last), Some(past)) if last.is_none_or(|last| past < last) => {
                (self.at, self.past) = (Some(past), None);
                false
            }
            (Stage::First | Stage::Rest(_), _) => self.end(),
        }
    }

    /// Goes on to the rest, up to the last page where that was read.
    fn go_to(&mut self, rest: Cursor, past: Place, last: Place) -> bool {
        (self.at, self.past, self.stage) = (Some(rest), past, Stage::Rest(last));
        false
    }

    /// The way ends here, whatever the platform says of further pages.
    fn end(&mut self) -> bool {
        *self = Self { past_total: self.past_total, ..Self::default() };
        true
    }

    /// Ignores the total from now on: the list did not show a source that must be in it.
    pub(super) fn doubt_total(&mut self) {
        self.past_total = true;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::platform::{nexvio::PAGE_SIZE, read};

    /// The page at `offset` of a list of `total` sources, in pages of at most `size`, and how many sources it has.
    fn sized(total: u64, size: u64, says_total: bool, offset: u64) -> (u64, SourcePage) {
        let count = total.saturating_sub(offset).min(size);
        let items: Vec<_> = (offset..offset + count).map(|id| serde_json::json!({"id": id})).collect();
        let total = if says_total { serde_json::json!(total) } else { serde_json::Value::Null };
        let body = serde_json::json!({"data": {"knowledge": items, "total": total}}).to_string();
        (count, read::nexvio_page(body.as_bytes(), offset).expect("a page"))
    }

    /// The sizes of the pages that are read on one way through a list of so many, of pages of `size` at most.
    fn way(total: u64, size: u64, says_total: bool) -> Vec<(u64, u64)> {
        way_of_growing(|_| total, size, says_total)
    }

    /// The same, of a list whose length depends on how many pages of it were read.
    fn way_of_growing(total: impl Fn(u64) -> u64, size: u64, says_total: bool) -> Vec<(u64, u64)> {
        let (mut paging, mut seen, mut offset) = (Paging::default(), Vec::new(), 0);
        for pages in 0.. {
            let (count, page) = sized(total(pages), size, says_total, offset);
            seen.push((offset, count));
            if paging.read(&page) {
                assert_eq!(paging.at(), None);
                return seen;
            }
            offset = paging.at().map_or(0, read::offset);
        }
        unreachable!("a way has an end")
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

    #[test]
    fn way__total_too_low__is_read_whole_once_something_is_missing() {
        for says in [10, 20, 25] {
            let body = |offset: u64| {
                let items: Vec<_> = (offset..40.min(offset + 10)).map(|id| serde_json::json!({"id": id})).collect();
                serde_json::json!({"data": {"knowledge": items, "total": says}}).to_string()
            };
            let (mut paging, mut shown, mut offset) = (Paging::default(), BTreeSet::new(), 0);
            for doubted in [false, true] {
                loop {
                    let page = read::nexvio_page(body(offset).as_bytes(), offset).expect("a page");
                    shown.extend(page.sources.iter().map(|source| source.id.0.clone()));
                    let has_ended = paging.read(&page);
                    offset = paging.at().map_or(0, read::offset);
                    if has_ended {
                        break;
                    }
                }
                assert_eq!(shown.len() == 40, doubted, "{says}: {shown:?}");
                paging.doubt_total();
            }
        }
    }

    #[test]
    fn way__a_list_that_grows_on_the_way__ends_where_it_ends_by_then() {
        let way = way_of_growing(|pages| 250 + pages, 100, true);
        assert_eq!(way, [(0, 100), (150, 100), (100, 100), (200, 53)]);
    }

    /// A page of three sources at most.
    fn page(offset: u64, total: u64) -> SourcePage {
        sized(total, 3, true, offset).1
    }

    const NOW: Moment = Moment(1_000_000);

    #[test]
    fn growth__new_sources_on_the_first_page__is_read_there_and_pushes_others_on() {
        let (mut growth, mut one, mut other) = (Growth::default(), Seen::default(), Seen::default());
        assert_eq!(growth.next([one, other].iter()), None, "the way, as long as nothing is known");
        let first = page(0, 30);
        growth.note(&first, None, [(&mut one, true)].into_iter(), NOW);
        assert_eq!((one.page, growth.place()), (Some(None), Some(None)));
        // A new one is looked for there, and the first is followed as it is pushed on.
        growth.turn = false;
        assert_eq!([0, 1].map(|_| growth.next([one, other].iter())), [Some(None), Some(None)]);
        growth.note(&first, None, [(&mut one, false), (&mut other, true)].into_iter(), NOW);
        assert_eq!((one.page, other.page), (Some(first.next), Some(None)));
        // At the end it is lost, and the way finds it.
        let last = page(27, 30);
        one.page = Some(first.last);
        growth.note(&last, first.last, [(&mut one, false)].into_iter(), NOW);
        assert_eq!(one.page, None);
        assert_eq!([0, 1].map(|_| growth.next([one].iter())), [Some(None), None]);
    }

    #[test]
    fn growth__new_sources_on_the_last_page__is_read_at_the_end_as_it_moves() {
        let (mut growth, mut one, mut other) = (Growth::default(), Seen::default(), Seen::default());
        let (first, last) = (page(0, 30), page(27, 30));
        growth.note(&page(0, 3), None, [(&mut one, true)].into_iter(), NOW);
        growth.note(&first, None, [(&mut other, false)].into_iter(), NOW);
        assert_eq!((growth.place(), other), (None, Seen::default()), "a list of one page has no ends");
        growth.note(&last, first.last, [(&mut other, true)].into_iter(), NOW);
        assert_eq!(growth.place(), Some(first.last));
        let mut missing = Seen::default();
        growth.note(&last, first.last, [(&mut missing, false)].into_iter(), NOW);
        assert_eq!(missing.asked, NOW, "it was looked for, and is not there");
        // One that was shown before says nothing of where new ones are.
        growth.note(&first, None, [(&mut one, true)].into_iter(), NOW);
        assert_eq!(growth.place(), Some(first.last));
        let longer = page(27, 32);
        growth.note(&longer, first.last, [(&mut other, false)].into_iter(), NOW);
        assert_eq!((growth.place(), other.page), (Some(longer.next), None));
    }

    #[test]
    fn growth__the_page_with_what_is_new_cannot_be_read__leaves_it_to_the_way() {
        let (mut growth, mut one, other) = (Growth::default(), Seen::default(), Seen::default());
        growth.note(&page(0, 30), None, [(&mut one, true)].into_iter(), NOW);
        growth.note_unread(page(0, 30).next, [&mut one].into_iter());
        assert_eq!((growth.place(), one.page), (Some(None), Some(None)), "another page");
        growth.note_unread(None, [&mut one].into_iter());
        assert_eq!((growth.place(), one.page), (None, None));
        assert_eq!([0, 1].map(|_| growth.next([one, other].iter())), [None, None]);
    }

    #[test]
    fn way__a_page_cannot_be_read__goes_on_behind_it() {
        let without = |broken: &[u64], says_total| {
            let (mut paging, mut read, mut offset) = (Paging::default(), Vec::new(), 0);
            loop {
                let ended = if broken.contains(&offset) {
                    paging.skip()
                } else {
                    read.push(offset);
                    paging.read(&sized(450, 100, says_total, offset).1)
                };
                if ended {
                    return read;
                }
                offset = paging.at().map_or(0, read::offset);
            }
        };
        for (broken, says_total, expected) in [
            (&[100][..], true, &[0, 350, 200, 300][..]),
            (&[300], true, &[0, 350, 100, 200]),
            (&[350], true, &[0, 100, 200, 300, 400]),
            (&[100, 350], true, &[0, 200, 300, 400]),
            (&[100], false, &[0, 200, 300, 400, 450]),
            (&[100, 200], false, &[0]),
            (&[0], true, &[]),
        ] {
            assert_eq!(without(broken, says_total), expected, "{broken:?}");
        }
    }
}
