//! When and how to ask after jobs: one by one near their predicted end, or many with one page of the list.

use std::{collections::VecDeque, time::Duration};

use crate::model::Moment;

/// Polls take at most one request in so many, so that uploads keep the rest of the rate.
const POLL_SHARE: u32 = 24;
/// Up to so many jobs are asked after one by one; more are cheaper by the list.
const FEW: usize = 2;
const REMEMBERED: usize = 64;

/// How long past jobs took.
#[derive(Clone, Debug, Default)]
pub struct Durations(VecDeque<Duration>);

impl Durations {
    /// A job took so long.
    pub fn record(&mut self, took: Duration) {
        if self.0.len() == REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back(took);
    }

    /// The duration that four of five jobs kept to; zero while nothing is known.
    pub fn predicted(&self) -> Duration {
        let mut sorted: Vec<_> = self.0.iter().copied().collect();
        sorted.sort_unstable();
        sorted.get(sorted.len() * 4 / 5).or(sorted.last()).copied().unwrap_or_default()
    }
}

/// What to ask now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Poll {
    /// One job, by its own status call: the one that was asked after least lately.
    One,
    /// One page of the list of sources.
    List,
    /// Nothing before then.
    At(Moment),
}

/// Decides polls for one pass.
#[derive(Clone, Copy, Debug)]
pub struct PollSchedule {
    gap: Duration,
    last: Option<Moment>,
    fruitless: u32,
}

impl PollSchedule {
    /// A schedule for a platform that takes a request every `gap`.
    pub fn new(gap: Duration) -> Self {
        Self { gap, last: None, fruitless: 0 }
    }

    /// What to ask now, with `outstanding` jobs of which the oldest was begun at `oldest`. While there is something
    /// to upload (`busy`), polls keep to their share of the rate.
    pub fn next(&self, now: Moment, outstanding: usize, oldest: Moment, predicted: Duration, busy: bool) -> Poll {
        let mut due = oldest + predicted.max(self.gap);
        if let Some(last) = self.last {
            let interval = if busy { self.gap * POLL_SHARE } else { self.gap };
            // Jobs that take longer than predicted are asked after ever less often. How long they take is known only as
            // well as they were asked after, so that the one must not follow the other without end.
            let patience = (predicted / 4).clamp(self.gap * 2, self.gap * POLL_SHARE) * self.fruitless.min(8);
            due = due.max(last + interval.max(patience));
        }
        if now < due {
            Poll::At(due)
        } else if outstanding <= FEW || self.fruitless % 2 == 1 {
            // A list that shows nothing new may hide a failure that only the job itself tells.
            Poll::One
        } else {
            Poll::List
        }
    }

    /// A poll was made, and settled so many jobs.
    pub fn polled(&mut self, now: Moment, settled: usize) {
        self.last = Some(now);
        self.fruitless = if settled > 0 { 0 } else { self.fruitless.saturating_add(1) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const BEGUN: Moment = Moment(50_000_000);

    #[test]
    fn the_prediction_is_what_four_of_five_kept_to() {
        let mut durations = Durations::default();
        assert_eq!(durations.predicted(), Duration::ZERO);
        for seconds in [9, 1, 2, 3, 4, 5, 6, 7, 8, 100] {
            durations.record(SECOND * seconds);
        }
        assert_eq!(durations.predicted(), SECOND * 9);
    }

    #[test]
    fn a_job_is_first_asked_after_near_its_predicted_end() {
        let schedule = PollSchedule::new(SECOND);
        assert_eq!(schedule.next(BEGUN, 1, BEGUN, SECOND * 20, false), Poll::At(BEGUN + SECOND * 20));
        assert_eq!(schedule.next(BEGUN + SECOND * 20, 1, BEGUN, SECOND * 20, false), Poll::One);
        assert_eq!(schedule.next(BEGUN + SECOND * 20, 3, BEGUN, SECOND * 20, false), Poll::List);
    }

    #[test]
    fn jobs_that_were_noticed_late_do_not_make_the_next_ones_be_noticed_later() {
        let mut schedule = PollSchedule::new(SECOND);
        let now = BEGUN + SECOND * 36_000;
        schedule.polled(now, 0);
        assert_eq!(schedule.next(now, 9, BEGUN, SECOND * 30_000, false), Poll::At(now + SECOND * POLL_SHARE));
    }

    #[test]
    fn polls_leave_the_rate_to_uploads_and_grow_patient() {
        let mut schedule = PollSchedule::new(SECOND);
        let now = BEGUN + SECOND * 100;
        schedule.polled(now, 1);
        assert_eq!(schedule.next(now, 9, BEGUN, SECOND, true), Poll::At(now + SECOND * POLL_SHARE));
        assert_eq!(schedule.next(now, 9, BEGUN, SECOND, false), Poll::At(now + SECOND));
        schedule.polled(now, 0);
        assert_eq!(schedule.next(now + SECOND * 100, 9, BEGUN, SECOND * 40, false), Poll::One);
        schedule.polled(now, 0);
        assert_eq!(schedule.next(now, 9, BEGUN, SECOND * 40, false), Poll::At(now + SECOND * 20));
        assert_eq!(schedule.next(now + SECOND * 100, 9, BEGUN, SECOND * 40, false), Poll::List);
    }
}
