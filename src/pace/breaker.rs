//! Circuit breaker: after failures in a row nothing is sent for a while, then one GET probes.
//!
//! One document that fails again and again says nothing of the platform: it counts once.

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
#[derive(Clone, Debug)]
pub struct Breaker {
    shortest: Duration,
    longest: Duration,
    failures: u32,
    /// The documents that failed since the last success.
    failing: Vec<u64>,
    openings: u32,
    open_until: Option<Moment>,
}

impl Breaker {
    /// A closed breaker that opens for `shortest` at first, twice as long each time after that, up to `longest`.
    pub fn new(shortest: Duration, longest: Duration) -> Self {
        Self { shortest, longest, failures: 0, failing: Vec::new(), openings: 0, open_until: None }
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

    /// The platform failed, at a request about this document where it is about one. Once it is open only a failed probe
    /// opens it again: other failures are of requests that were under way before.
    pub fn failed(&mut self, now: Moment, probe: bool, document: Option<u64>) {
        match document {
            Some(document) if self.failing.contains(&document) => {}
            Some(document) if self.failures < FAILURES => {
                self.failing.push(document);
                self.failures += 1;
            }
            _ => self.failures += 1,
        }
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
            breaker.failed(now, false, None);
        }
        breaker.succeeded();
        for _ in 0..4 {
            breaker.failed(now, false, None);
        }
        assert_eq!(breaker.gate(now), Gate::Closed);
        for seconds in [30, 60, 120, 240, 300, 300] {
            breaker.failed(now, seconds > 30, None);
            let until = now + Duration::from_secs(seconds);
            assert_eq!(breaker.gate(now), Gate::Open(until));
            breaker.failed(now, false, None);
            assert_eq!(breaker.gate(now), Gate::Open(until), "late failures change nothing");
            now = until;
            breaker.failed(now, false, None);
            assert_eq!(breaker.gate(now), Gate::Probe, "neither later ones, when it is time to probe");
        }
        breaker.succeeded();
        assert_eq!(breaker.gate(now), Gate::Closed);
    }

    #[test]
    fn failed__one_document_again_and_again__stays_closed_and_many_documents_open_it() {
        let mut breaker = Breaker::new(Duration::from_secs(30), Duration::from_secs(300));
        let now = Moment(0);
        for _ in 0..100 {
            breaker.failed(now, false, Some(7));
        }
        assert_eq!(breaker.gate(now), Gate::Closed);
        for document in 0..4 {
            breaker.failed(now, false, Some(document));
        }
        assert_eq!(breaker.gate(now), Gate::Open(now + Duration::from_secs(30)));
    }
}
