//! Poll schedule for ingestion jobs: one by one near their predicted end, or many with one page of the list.

use std::{collections::VecDeque, time::Duration};

use crate::model::Moment;

/// While documents are being uploaded, one request in this many is a poll, and before a job has ended as many more as
/// tell of the first one soon.
const UPLOADS_PER_POLL: u32 = 16;
const UPLOADS_PER_FIRST_POLL: u32 = 4;
/// Up to this many jobs are polled one by one; more are cheaper by the list.
const FEW: usize = 2;
/// Bounds of the time between two polls when nothing is being uploaded.
const INTERVAL: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(60));
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

    /// The duration that a quarter of the jobs kept to; zero while nothing is known. Each was noticed some time after it
    /// had ended, so that with a longer one the end would be noticed later and later.
    pub fn predicted(&self) -> Duration {
        let mut sorted: Vec<_> = self.0.iter().copied().collect();
        sorted.sort_unstable();
        sorted.get(sorted.len() / 4).copied().unwrap_or_default()
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
    /// The last poll that saw a job end.
    settled: Option<Moment>,
    fruitless: u32,
    not_before: Moment,
}

impl PollSchedule {
    /// A schedule for a platform that takes a request every `gap`.
    pub fn new(gap: Duration) -> Self {
        Self { gap, last: None, settled: None, fruitless: 0, not_before: Moment::default() }
    }

    /// The next poll, with `outstanding` jobs of which the oldest was begun at `oldest`. While there is something to
    /// upload (`busy`), polls take a share of the rate that is bounded. Otherwise the interval is a third of the time for which no
    /// job has ended, so that an end is noticed soon after it happened, however long it took, for few requests.
    pub fn next(&self, now: Moment, outstanding: usize, oldest: Moment, predicted: Duration, busy: bool) -> Poll {
        let mut due = (oldest + predicted.max(self.gap)).max(self.not_before);
        if let Some(last) = self.last {
            let quiet = last.since(self.settled.map_or(oldest, |settled| settled.max(oldest)));
            let interval = match (busy, self.settled) {
                (true, Some(_)) => self.gap * UPLOADS_PER_POLL,
                (true, None) => (quiet / 3).clamp(self.gap * UPLOADS_PER_FIRST_POLL, self.gap * UPLOADS_PER_POLL),
                (false, _) => (quiet / 3).max(self.gap * 2).clamp(INTERVAL.0, INTERVAL.1),
            };
            due = due.max(last + interval);
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

    /// Nothing is polled before then.
    pub fn pause(&mut self, until: Moment) {
        self.not_before = until;
    }

    /// A poll was made, and settled so many jobs.
    pub fn polled(&mut self, now: Moment, settled: usize) {
        self.last = Some(now);
        if settled > 0 {
            self.settled = Some(now);
            self.fruitless = 0;
        } else {
            self.fruitless = self.fruitless.saturating_add(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const BEGUN: Moment = Moment(50_000_000);

    #[test]
    fn prediction__many_durations__is_what_a_quarter_keeps_to() {
        let mut durations = Durations::default();
        assert_eq!(durations.predicted(), Duration::ZERO);
        for seconds in [9, 1, 2, 3, 4, 5, 6, 7, 8, 100] {
            durations.record(SECOND * seconds);
        }
        assert_eq!(durations.predicted(), SECOND * 3);
    }

    #[test]
    fn a_job_is_first_asked_after_near_its_predicted_end() {
        let schedule = PollSchedule::new(SECOND);
        assert_eq!(schedule.next(BEGUN, 1, BEGUN, SECOND * 20, false), Poll::At(BEGUN + SECOND * 20));
        assert_eq!(schedule.next(BEGUN + SECOND * 20, 1, BEGUN, SECOND * 20, false), Poll::One);
        assert_eq!(schedule.next(BEGUN + SECOND * 20, 3, BEGUN, SECOND * 20, false), Poll::List);
    }

    #[test]
    fn poll_interval__uploads_pending__is_a_fixed_share_of_the_rate_once_a_job_has_ended() {
        let mut schedule = PollSchedule::new(SECOND);
        for (at, interval) in [(1, 4), (12, 4), (30, 10), (900, 16)] {
            let now = BEGUN + SECOND * at;
            schedule.polled(now, 0);
            assert_eq!(schedule.next(now, 9, BEGUN, SECOND, true), Poll::At(now + SECOND * interval), "at {at}");
        }
        let now = BEGUN + SECOND * 1_000;
        for settled in [1, 0, 0, 7] {
            schedule.polled(now, settled);
            let next = schedule.next(now, 9, BEGUN, SECOND, true);
            assert_eq!(next, Poll::At(now + SECOND * UPLOADS_PER_POLL), "{settled} settled");
        }
    }

    #[test]
    fn poll_interval__nothing_ends__grows_with_the_time_since_the_last_end() {
        let mut schedule = PollSchedule::new(SECOND);
        for (at, settled, interval) in [(1, 0, 2), (30, 0, 10), (90, 0, 30), (90, 5, 2), (120, 0, 10), (9_000, 0, 60)] {
            let now = BEGUN + SECOND * at;
            schedule.polled(now, settled);
            assert_eq!(schedule.next(now, 9, BEGUN, SECOND, false), Poll::At(now + SECOND * interval), "at {at}");
        }
    }

    #[test]
    fn polls__one_slow_job__are_few_and_notice_its_end_soon() {
        for gap in [Duration::from_micros(10), SECOND / 2] {
            for took in [2, 20, 200, 900] {
                let (mut schedule, mut now, mut polls) = (PollSchedule::new(gap), BEGUN, 0);
                while now.since(BEGUN) < SECOND * took {
                    match schedule.next(now, 1, BEGUN, Duration::ZERO, false) {
                        Poll::At(at) => now = at,
                        Poll::One => {
                            schedule.polled(now, 0);
                            polls += 1;
                        }
                        Poll::List => panic!("a list for one job"),
                    }
                }
                assert!(polls <= 50, "{polls} polls of a job of {took} s at {gap:?}");
                let late = now.since(BEGUN) - SECOND * took;
                assert!(late <= SECOND + SECOND * took / 3, "{late:?} late for a job of {took} s at {gap:?}");
            }
        }
    }

    #[test]
    fn poll_kind__many_jobs__alternates_while_nothing_ends() {
        let mut schedule = PollSchedule::new(SECOND);
        let (now, later) = (BEGUN + SECOND * 100, BEGUN + SECOND * 1_000);
        let kinds = [1, 0, 0].map(|settled| {
            schedule.polled(now, settled);
            schedule.next(later, 9, BEGUN, SECOND * 40, false)
        });
        assert_eq!(kinds, [Poll::List, Poll::One, Poll::List]);
    }
}
