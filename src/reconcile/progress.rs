//! Progress of a pass and the time that is left, from its events: by the pace first, and more and more by what was seen.

use std::{collections::HashSet, fmt, time::Duration};

use serde::{Deserialize, Serialize};

use super::{Deed, Document, Event};
use crate::{
    model::{Moment, grouped},
    pace::Durations,
    plan::Estimate,
};

/// The weight of the configured pace, in observed requests.
const PRIOR: f64 = 10.0;
/// A pass does not wait for a pace that allows more than a request in this time.
const SLOW: Duration = Duration::from_millis(50);
/// Requests, and their time, after which what was seen counts alone.
const SEEN: (f64, Duration) = (10.0, Duration::from_secs(2));

/// How far a pass is, as its events tell.
#[derive(Clone, Debug, Default)]
pub struct Tracker {
    done: u64,
    failed: u64,
    of: u64,
    round: Option<Round>,
    jobs: Durations,
}

/// How far the present round is with its requests.
#[derive(Clone, Debug)]
struct Round {
    begun: Moment,
    /// The time between two requests at the pace.
    gap: Duration,
    /// The requests of one upload, with its polls; everything else is one request.
    upload: f64,
    /// What is still to be sent.
    uploads: u64,
    others: u64,
    /// Requests that were made, and when the last one was.
    made: f64,
    last: Moment,
    /// Documents whose jobs were begun in this round.
    sent: HashSet<Document>,
}

/// How far a pass is at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Documents that are done, well or badly.
    pub done: u64,
    /// Documents for which there is something to do, done or not.
    pub of: u64,
    /// Documents that failed.
    pub failed: u64,
    /// The seconds that are left, where they are known.
    pub seconds_left: Option<u64>,
}

impl Tracker {
    /// Something has happened.
    pub fn take(&mut self, event: &Event, now: Moment) {
        match event {
            Event::Planned { actions, followed, estimate } => {
                self.of = self.done + (*actions + *followed) as u64;
                self.round = Some(Round::new(*actions as u64, estimate, now));
            }
            Event::Uploaded { document, .. } => {
                if let Some(round) = &mut self.round {
                    round.sent.insert(document.clone());
                    round.uploads = round.uploads.saturating_sub(1);
                    (round.made, round.last) = (round.made + round.upload, now);
                }
            }
            Event::Done { deed, document } => self.ended(deed, document, now),
            // What was not sent by now is left to another round.
            Event::Following { .. } => {
                self.round.iter_mut().for_each(|round| (round.uploads, round.others) = (0, 0));
            }
            Event::Listing { .. } | Event::Looking(_) | Event::JobEnded { .. } | Event::Waiting(_) | Event::Slow(_) => {
            }
        }
    }

    fn ended(&mut self, deed: &Deed, document: &Document, now: Moment) {
        self.done += 1;
        self.of = self.of.max(self.done);
        self.failed += u64::from(matches!(deed, Deed::Failed { .. }));
        if let Deed::Added(Some(sent)) | Deed::Replaced(Some(sent)) = deed {
            self.jobs.record(sent.took);
        }
        let Some(round) = &mut self.round else { return };
        let left = match deed {
            _ if round.sent.contains(document) => return,
            // An earlier pass has sent it.
            Deed::Added(_) | Deed::Replaced(_) => return,
            Deed::Failed { .. } => &mut round.uploads,
            Deed::Renamed { .. } | Deed::Deleted => &mut round.others,
        };
        *left = left.saturating_sub(1);
        (round.made, round.last) = (round.made + 1.0, now);
    }

    /// The pass is interrupted: until it is planned again, nothing is known of its time.
    pub fn interrupt(&mut self) {
        self.round = None;
    }

    /// How far it is; `None` as long as there is nothing to do.
    pub fn at(&self, now: Moment) -> Option<Standing> {
        let left = self.round.as_ref().and_then(|round| round.left(now, self.jobs.predicted()));
        let Self { done, failed, of, .. } = *self;
        (of > 0).then_some(Standing { done, of, failed, seconds_left: left.map(|left| left.as_secs()) })
    }
}

impl Round {
    fn new(actions: u64, estimate: &Estimate, now: Moment) -> Self {
        let others = actions.saturating_sub(estimate.uploads);
        let of_uploads = estimate.requests.saturating_sub(others);
        Self {
            begun: now,
            gap: estimate.time.div_f64(estimate.requests.max(1) as f64),
            upload: of_uploads as f64 / estimate.uploads.max(1) as f64,
            uploads: estimate.uploads,
            others,
            made: 0.0,
            last: now,
            sent: HashSet::new(),
        }
    }

    /// The time that is left, where a job takes `job`, or zero where that is not known.
    fn left(&self, now: Moment, job: Duration) -> Option<Duration> {
        let requests = self.uploads as f64 * self.upload + self.others as f64;
        if requests == 0.0 {
            // The jobs that were begun last are waited for.
            return Some(job.saturating_sub(now.since(self.last))).filter(|left| !left.is_zero());
        }
        let elapsed = now.since(self.begun);
        let each = if self.gap >= SLOW {
            (self.gap.mul_f64(PRIOR) + elapsed).div_f64(PRIOR + self.made)
        } else if self.made >= SEEN.0 && elapsed >= SEEN.1 {
            elapsed.div_f64(self.made)
        } else {
            return None;
        };
        Some(each.mul_f64(requests).saturating_add(job))
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = |number: u64| grouped(usize::try_from(number).unwrap_or(usize::MAX));
        write!(f, "{} of {}", number(self.done), number(self.of))?;
        if self.failed > 0 {
            write!(f, ", {} failed", number(self.failed))?;
        }
        // So near the end, or so far from it, nobody counts seconds.
        match self.seconds_left.map(|seconds| (seconds, seconds.saturating_add(30) / 60)) {
            None => Ok(()),
            Some((..60, _)) => write!(f, ", less than a minute left"),
            Some((_, minutes @ ..90)) => write!(f, ", about {minutes} min left"),
            Some((_, minutes)) => write!(f, ", about {} h left", number((minutes + 30) / 60)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{model::CollectionName, reconcile::Sent};

    const BEGUN: Moment = Moment(50_000_000);
    const SECOND: Duration = Duration::from_secs(1);

    fn document(n: u64) -> Document {
        Document { collection: CollectionName::new("docs").unwrap(), path: format!("{n}.md") }
    }

    fn planned(uploads: u64, others: u64, gap: Duration) -> Event {
        let requests = uploads * 2 + others;
        let time = gap * u32::try_from(requests).unwrap();
        let actions = usize::try_from(uploads + others).unwrap();
        Event::Planned { actions, followed: 0, estimate: Estimate { requests, time, uploads, bytes: 0 } }
    }

    fn uploaded(n: u64) -> Event {
        Event::Uploaded { document: document(n), bytes: 1 }
    }

    fn done(n: u64, deed: Deed) -> Event {
        Event::Done { deed, document: document(n) }
    }

    fn added(n: u64, took: Duration) -> Event {
        done(n, Deed::Added(Some(Sent { bytes: 1, took })))
    }

    fn failed(n: u64) -> Event {
        done(n, Deed::Failed { reason: "no text".to_owned() })
    }

    /// What is left after these events, a second of which passes between two.
    fn left(events: &[Event]) -> Option<u64> {
        let (mut progress, mut now) = (Tracker::default(), BEGUN);
        for event in events {
            progress.take(event, now);
            now = now + SECOND;
        }
        progress.at(now - SECOND).expect("there is something to do").seconds_left
    }

    #[test]
    fn time_left__before_anything_was_seen__is_the_pace_where_that_is_what_is_waited_for() {
        assert_eq!(left(&[planned(1_000, 0, SECOND * 6 / 10)]), Some(1_200));
        assert_eq!(left(&[planned(10, 30, SECOND)]), Some(50));
        assert_eq!(left(&[planned(1_000, 0, Duration::from_micros(10))]), None);
        assert_eq!(Tracker::default().at(BEGUN), None);
    }

    #[test]
    fn time_left__no_pace__is_known_when_enough_was_seen() {
        let mut events = vec![planned(100, 0, Duration::ZERO)];
        events.extend((0..4).map(uploaded));
        assert_eq!(left(&events), None);
        events.push(uploaded(4));
        assert_eq!(left(&events), Some(95));
    }

    #[test]
    fn time_left__slower_than_the_pace__follows_what_is_seen() {
        // Each upload takes four seconds, and not the two that the pace allows.
        let (mut progress, mut now) = (Tracker::default(), BEGUN);
        progress.take(&planned(100, 0, SECOND), now);
        let mut before = 200;
        for n in 0..100 {
            now = now + SECOND * 4;
            progress.take(&uploaded(n), now);
            progress.take(&added(n, SECOND), now);
            let standing = progress.at(now).unwrap();
            assert_eq!((standing.done, standing.of, standing.failed), (n + 1, 100, 0));
            let left = standing.seconds_left.unwrap_or_default();
            assert!(left.abs_diff(before) <= 40, "it jumps from {before} to {left}");
            before = left;
            let truth = 4 * (99 - n);
            assert!(n < 20 || left.abs_diff(truth) <= truth / 5 + 2, "{left} after {n}, and it is {truth}");
        }
        assert_eq!(before, 1, "the last job");
    }

    #[test]
    fn time_left__all_is_sent__is_that_of_the_last_job_until_it_is_over() {
        let events = [planned(2, 0, SECOND), uploaded(0), uploaded(1), added(0, SECOND * 20)];
        let mut progress = Tracker::default();
        events.iter().for_each(|event| progress.take(event, BEGUN));
        let at = |seconds| progress.at(BEGUN + SECOND * seconds).unwrap().seconds_left;
        assert_eq!([0, 5, 19, 20, 500].map(at), [Some(20), Some(15), Some(1), None, None]);
        // Without a job that has ended nothing is known.
        assert_eq!(left(&events[..3]), None);
    }

    #[test]
    fn time_left__nothing_happens__grows_no_faster_than_time() {
        let mut progress = Tracker::default();
        progress.take(&planned(100, 0, SECOND), BEGUN);
        (0..50).for_each(|n| progress.take(&uploaded(n), BEGUN + SECOND * 2 * (u32::try_from(n).unwrap() + 1)));
        let at = |seconds| progress.at(BEGUN + SECOND * seconds).unwrap().seconds_left.unwrap();
        assert_eq!(at(100), 100);
        assert!((150..=160).contains(&at(160)), "{}", at(160));
    }

    #[test]
    fn requests__of_every_kind__are_counted_once() {
        let begin = || vec![planned(4, 3, SECOND)];
        let rename = || done(9, Deed::Renamed { from: document(8) });
        for (events, requests) in [
            (vec![], 11),
            (vec![uploaded(0)], 9),
            (vec![uploaded(0), added(0, Duration::ZERO)], 9),
            (vec![uploaded(0), failed(0)], 9),
            (vec![uploaded(9), rename()], 9),
            // It failed before it was sent.
            (vec![failed(0)], 9),
            (vec![done(5, Deed::Deleted)], 10),
            (vec![rename()], 10),
            // It was sent by an earlier pass.
            (vec![done(7, Deed::Added(None))], 11),
            (vec![Event::Following { jobs: 3 }], 0),
        ] {
            let (mut progress, all) = (Tracker::default(), [begin(), events].concat());
            all.iter().for_each(|event| progress.take(event, BEGUN));
            let round = progress.round.unwrap();
            assert_eq!((round.uploads * 2 + round.others), requests, "{all:?}");
        }
    }

    #[test]
    fn documents__another_round__are_counted_on() {
        let mut progress = Tracker::default();
        let mut take = |event| {
            progress.take(&event, BEGUN);
            progress.at(BEGUN).map(|standing| (standing.done, standing.of, standing.failed))
        };
        assert_eq!(take(planned(0, 0, SECOND)), None);
        assert_eq!(take(planned(3, 0, SECOND)), Some((0, 3, 0)));
        assert_eq!(take(added(0, SECOND)), Some((1, 3, 0)));
        assert_eq!(take(failed(1)), Some((2, 3, 1)));
        assert_eq!(take(planned(1, 1, SECOND)), Some((2, 4, 1)));
        assert_eq!(take(planned(0, 0, SECOND)), Some((2, 2, 1)));
        // More than was planned.
        assert_eq!(take(done(5, Deed::Deleted)), Some((3, 3, 1)));
        take(planned(9, 0, SECOND));
        progress.interrupt();
        let expected = Standing { done: 3, of: 12, failed: 1, seconds_left: None };
        assert_eq!(progress.at(BEGUN), Some(expected));
    }

    #[test]
    fn standing__is_said_as_people_say_it() {
        let said = |done, failed, seconds_left| Standing { done, of: 1_000, failed, seconds_left }.to_string();
        assert_eq!(said(240, 0, Some(780)), "240 of 1,000, about 13 min left");
        assert_eq!(said(0, 0, None), "0 of 1,000");
        assert_eq!(said(999, 2, Some(59)), "999 of 1,000, 2 failed, less than a minute left");
        assert_eq!(said(1, 0, Some(60)), "1 of 1,000, about 1 min left");
        assert_eq!(said(1, 0, Some(89)), "1 of 1,000, about 1 min left");
        assert_eq!(said(1, 0, Some(90)), "1 of 1,000, about 2 min left");
        assert_eq!(said(1, 0, Some(5_369)), "1 of 1,000, about 89 min left");
        assert_eq!(said(1, 0, Some(5_370)), "1 of 1,000, about 2 h left");
        assert_eq!(said(1, 0, Some(u64::MAX)), "1 of 1,000, about 5,124,095,576,030,431 h left");
    }
}
