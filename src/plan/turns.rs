//! In which order the pages of a host are asked for: whatever fails, each has its turn.

use std::{collections::HashMap, time::Duration};

use crate::model::{Moment, PageState};

/// A page whose last request failed comes behind the others for so long.
const BEHIND: Duration = Duration::from_secs(2 * 24 * 60 * 60);

/// What decides when a page has its turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// When it was last asked for.
    asked: Option<Moment>,
    /// Whether that failed, and it had trouble before: the first time may have been its host's.
    failed: bool,
}

impl Turn {
    /// That of a page of which this is known.
    pub fn of(state: Option<&PageState>) -> Self {
        let asked = state.map(|state| state.looked).filter(|looked| *looked > Moment::default());
        // What has become stale later was not asked for since.
        let stale = state.and_then(|state| state.stale.as_ref());
        Self { asked, failed: stale.zip(asked).is_some_and(|(stale, asked)| stale.since < asked) }
    }
}

/// Puts pages in the order of when they were last asked for: those that never were come first. Those of which that
/// failed come behind the others, but for the one of each host that has waited longest, after two days: else they would
/// never be asked for where a host has no time for all.
pub fn in_turn<T>(mut pages: Vec<T>, now: Moment, of: impl Fn(&T) -> (String, Turn)) -> Vec<T> {
    let mut longest: HashMap<String, Moment> = HashMap::new();
    for (host, turn) in pages.iter().map(&of) {
        if let Some(asked) = turn.asked.filter(|asked| turn.failed && now.since(*asked) >= BEHIND) {
            let longest = longest.entry(host).or_insert(asked);
            *longest = asked.min(*longest);
        }
    }
    pages.sort_by_cached_key(|page| {
        let (host, turn) = of(page);
        let is_longest = turn.asked.is_some() && turn.asked == longest.get(&host).copied();
        (turn.failed && !is_longest, turn.asked)
    });
    pages
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::Stale;

    fn state(looked: u64, stale: Option<u64>) -> PageState {
        let stale = stale.map(|since| Stale { since: Moment(since), reason: String::new() });
        PageState { looked: Moment(looked), stale, ..PageState::default() }
    }

    #[test]
    fn in_turn__pages_of_a_host__the_oldest_first_and_failed_ones_behind() {
        let now = Moment(10) + BEHIND;
        for (pages, order) in [
            (vec![Some((5, None)), None, Some((3, None))], vec![1, 2, 0]),
            // It has failed for the first time.
            (vec![Some((5, None)), Some((4, Some(4)))], vec![1, 0]),
            // It was stale without having been asked for.
            (vec![Some((5, None)), Some((0, Some(4)))], vec![1, 0]),
            (vec![Some((5, None)), Some((4, Some(6)))], vec![1, 0]),
            // Of those that failed, the one that has waited longest has its turn among the others after two days.
            (vec![Some((5, Some(2))), Some((4, Some(3))), Some((6, None))], vec![1, 2, 0]),
            (vec![Some((7, Some(7))), Some((8, Some(2))), Some((6, None))], vec![2, 0, 1]),
            (vec![Some((15, Some(2))), Some((14, Some(3))), Some((26, None))], vec![2, 1, 0]),
        ] {
            let states: Vec<_> = pages.iter().map(|page| page.map(|(looked, stale)| state(looked, stale))).collect();
            let turned = in_turn((0..pages.len()).collect(), now, |n| (String::new(), Turn::of(states[*n].as_ref())));
            assert_eq!(turned, order, "{pages:?}");
        }
    }

    proptest! {
        /// Each pass asks for the same number of pages at least, before its host is given up.
        #[test]
        fn in_turn__whatever_fails__each_page_is_asked_for_in_time(
            failing in prop::collection::vec(any::<bool>(), 1..40),
            (allowed, hours) in (1_usize..10, 1_u64..48),
        ) {
            let count = failing.len();
            let (mut states, mut waited) = (vec![None; count], vec![0; count]);
            for pass in 1..200_u64 {
                let begin = pass * hours * 3_600_000_000;
                let turn = |n: &usize| (String::new(), Turn::of(states[*n].as_ref()));
                let order = in_turn((0..count).collect(), Moment(begin), turn);
                for (place, n) in order.into_iter().enumerate() {
                    if place >= allowed {
                        waited[n] += 1;
                        continue;
                    }
                    waited[n] = 0;
                    let now = begin + place as u64;
                    states[n] = Some(state(now, failing[n].then_some(now - 1)));
                }
                for n in 0..count {
                    let most = count.div_ceil(allowed) + 1;
                    prop_assert!(failing[n] || waited[n] <= most, "{n} has waited for {} passes", waited[n]);
                    prop_assert!(waited[n] <= (most + 48) * count, "{n} is never asked for again");
                }
            }
        }
    }
}
