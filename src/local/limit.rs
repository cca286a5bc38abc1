//! The rate limit: a sliding log of the requests that were let through.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use crate::model::RateLimit;

/// When the requests of the present window were let through.
#[derive(Debug)]
pub(super) struct SlidingLog {
    limit: RateLimit,
    passed: VecDeque<Instant>,
}

/// Whether a request may pass, and what its answer's headers say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) allowed: bool,
    /// Requests that one window may hold.
    pub(super) limit: u32,
    /// Requests that may follow at once.
    pub(super) remaining: u32,
    /// How long until the oldest request leaves the window, and with it one more may pass.
    pub(super) reset: Duration,
}

/// What Nexvio's headers say where there is no limit: the figure on its page, of which nothing is ever used up.
pub(super) const UNLIMITED: Verdict =
    Verdict { allowed: true, limit: 1000, remaining: 999, reset: Duration::from_secs(60) };

impl SlidingLog {
    pub(super) fn new(limit: RateLimit) -> Self {
        Self { limit, passed: VecDeque::new() }
    }

    /// Judges a request that comes `now`. A refused one does not count.
    pub(super) fn judge(&mut self, now: Instant) -> Verdict {
        let allowed = self.look(now).allowed;
        if allowed {
            self.passed.push_back(now);
        }
        Verdict { allowed, ..self.look(now) }
    }

    /// Whether a request may pass `now`, without letting one through.
    pub(super) fn look(&mut self, now: Instant) -> Verdict {
        while self.passed.front().is_some_and(|oldest| now.duration_since(*oldest) >= self.limit.window) {
            self.passed.pop_front();
        }
        let limit = self.limit.count.get();
        let held = u32::try_from(self.passed.len()).unwrap_or(u32::MAX);
        let reset = self
            .passed
            .front()
            .map_or(Duration::ZERO, |oldest| self.limit.window.saturating_sub(now.duration_since(*oldest)));
        Verdict { allowed: held < limit, limit, remaining: limit.saturating_sub(held), reset }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_window_wherever_it_lies_holds_more_than_the_limit() {
        let start = Instant::now();
        let mut log = SlidingLog::new(RateLimit::new(3, Duration::from_secs(10)));
        let mut judge = |ms: u64| {
            let verdict = log.judge(start + Duration::from_millis(ms));
            (verdict.allowed, verdict.remaining, verdict.reset.as_millis())
        };
        assert_eq!(judge(0), (true, 2, 10_000));
        assert_eq!(judge(4_000), (true, 1, 6_000));
        assert_eq!(judge(9_000), (true, 0, 1_000));
        assert_eq!(judge(9_999), (false, 0, 1));
        // The first has left; the refused one never counted.
        assert_eq!(judge(10_000), (true, 0, 4_000));
        assert_eq!(judge(13_999), (false, 0, 1));
        assert_eq!(judge(14_000), (true, 0, 5_000));
        assert_eq!(judge(60_000), (true, 2, 10_000));
        let look = log.look(start + Duration::from_millis(61_000));
        assert_eq!((look.allowed, look.remaining, look.reset.as_millis()), (true, 2, 9_000));
    }
}
