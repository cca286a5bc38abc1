//! What a plan costs: requests, and the minutes that the pace allows them in.

use std::time::Duration;

use super::assemble::{Action, Plan};

/// A poll of the list serves so many uploads, more or less (`pace::PollSchedule`).
const UPLOADS_PER_POLL: u64 = 10;

/// What a plan costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// Requests, polls included.
    pub requests: u64,
    /// The time that they take at the platform's pace.
    pub time: Duration,
    /// Bytes that go up.
    pub bytes: u64,
}

/// Estimates a plan that is carried out with a request every `gap`, on a platform that lists `page_size` sources a
/// page and holds `sources` now.
pub fn estimate(plan: &Plan, gap: Duration, page_size: u64, sources: u64) -> Estimate {
    let (mut requests, mut uploads, mut bytes) = (0, 0_u64, 0);
    for action in &plan.actions {
        match action {
            Action::Delete { .. } | Action::Rename { .. } => requests += 1,
            Action::Put { wanted, .. } => {
                requests += 2 + u64::from(wanted.replaces);
                uploads += 1;
                bytes += wanted.fingerprint.size;
            }
        }
    }
    requests += uploads.div_ceil(UPLOADS_PER_POLL) + sources.div_ceil(page_size.max(1)).max(1);
    let time = gap.saturating_mul(u32::try_from(requests).unwrap_or(u32::MAX));
    Estimate { requests, time, bytes }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_plan_costs_one_look_at_the_list() {
        let second = Duration::from_secs(1);
        let looks = |sources| estimate(&Plan::default(), second, 100, sources);
        assert_eq!(looks(0), Estimate { requests: 1, time: second, bytes: 0 });
        assert_eq!(looks(501).requests, 6);
    }
}
