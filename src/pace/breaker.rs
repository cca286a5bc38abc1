//! The breaker: after failures in a row nothing is sent for a while, then one GET probes.

use std::time::Duration;

use crate::model::Moment;

/// Failures in a row that open it.
const FAILURES: u32 = 5;

/// What the breaker says to a request that wants to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// Go.
    Closed,
    /// The platform is in trouble: nothing goes before then.
    Open(Moment),
    /// One GET may go and probe; everything else waits for its answer.
    Probe,
}

/// Counts failures of the platform: 5xx, time-outs, refused connections.
#[derive(Clone, Copy, Debug)]
pub struct Breaker {
    shortest: Duration,
    longest: Duration,
    failures: u32,
    openings: u32,
    open_until: Option<Moment>,
}

impl Breaker {
    /// A closed breaker that opens for `shortest` at first, twice as long each time after that, up to `longest`.
    pub fn new(shortest: Duration, longest: Duration) -> Self {
        Self { shortest, longest, failures: 0, openings: 0, open_until: None }
    }

    /// What a request hears now.
    pub fn gate(&self, now: Moment) -> Gate {
        match self.open_until {
            None => Gate::Closed,
            Some(until) if now < until => Gate::Open(until),
            Some(_) => Gate::Probe,
        }
    }

    /// How often it has opened since the last success.
    pub fn openings(&self) -> u32 {
        self.openings
    }

    /// The platform answered as it should: everything goes.
    pub fn succeeded(&mut self) {
        *self = Self::new(self.shortest, self.longest);
    }

    /// The platform failed. Once it is open only a failed probe opens it again: other failures are of requests that
    /// were under way before.
    pub fn failed(&mut self, now: Moment, probe: bool) {
        self.failures += 1;
        let opens = match self.gate(now) {
            Gate::Closed => self.failures >= FAILURES,
            Gate::Open(_) | Gate::Probe => probe,
        };
        if opens {
            let doublings = 1_u32.checked_shl(self.openings).unwrap_or(u32::MAX);
            self.open_until = Some(now + self.shortest.saturating_mul(doublings).min(self.longest));
            self.openings += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_after_five_failures_in_a_row_and_longer_each_time() {
        let mut breaker = Breaker::new(Duration::from_secs(30), Duration::from_secs(300));
        let mut now = Moment(0);
        for _ in 0..4 {
            breaker.failed(now, false);
        }
        breaker.succeeded();
        for _ in 0..4 {
            breaker.failed(now, false);
        }
        assert_eq!(breaker.gate(now), Gate::Closed);
        for seconds in [30, 60, 120, 240, 300, 300] {
            breaker.failed(now, seconds > 30);
            let until = now + Duration::from_secs(seconds);
            assert_eq!(breaker.gate(now), Gate::Open(until));
            breaker.failed(now, false);
            assert_eq!(breaker.gate(now), Gate::Open(until), "late failures change nothing");
            now = until;
            breaker.failed(now, false);
            assert_eq!(breaker.gate(now), Gate::Probe, "neither later ones, when it is time to probe");
        }
        breaker.succeeded();
        assert_eq!(breaker.gate(now), Gate::Closed);
    }
}
