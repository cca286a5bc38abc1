//! How long to wait before trying again, and how often at all.

use std::time::Duration;

use rand::{Rng, RngExt};

/// Exponential backoff with full jitter: a random wait up to `base × 2^attempt`, never more than the cap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    base: Duration,
    cap: Duration,
}

impl Backoff {
    /// Bounds for the waits; `None` where the base is zero or above the cap.
    pub fn new(base: Duration, cap: Duration) -> Option<Self> {
        (!base.is_zero() && base <= cap).then_some(Self { base, cap })
    }

    /// The wait before try number `attempt` + 2; the first wait has `attempt` 0.
    pub fn delay(&self, attempt: u32, rng: &mut impl Rng) -> Duration {
        self.ceiling(attempt).mul_f64(rng.random_range(0.0..=1.0))
    }

    /// The same, but never less than half of what it may be: a storm of refusals must not go on at once.
    pub fn delay_at_least_half(&self, attempt: u32, rng: &mut impl Rng) -> Duration {
        self.ceiling(attempt).mul_f64(rng.random_range(0.5..=1.0))
    }

    fn ceiling(&self, attempt: u32) -> Duration {
        self.base.saturating_mul(1_u32.checked_shl(attempt).unwrap_or(u32::MAX)).min(self.cap)
    }
}

/// Retries may be a tenth of all requests: a platform in trouble is not helped by more of them.
#[derive(Clone, Copy, Debug)]
pub struct RetryBudget {
    tenths: u32,
}

impl RetryBudget {
    /// Short runs have a few retries before they have earned any.
    const START: u32 = 100;
    const MOST: u32 = 200;

    /// A new budget, with ten retries to begin with.
    pub fn new() -> Self {
        Self { tenths: Self::START }
    }

    /// A request was answered: a tenth of a retry is earned.
    pub fn earn(&mut self) {
        self.tenths = (self.tenths + 1).min(Self::MOST);
    }

    /// Takes one retry; `false` when there is none left.
    pub fn spend(&mut self) -> bool {
        let left = self.tenths.checked_sub(10);
        self.tenths = left.unwrap_or(self.tenths);
        left.is_some()
    }
}

impl Default for RetryBudget {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::{SeedableRng, rngs::StdRng};

    use super::*;

    #[test]
    fn unsound_bounds_are_refused() {
        let second = Duration::from_secs(1);
        assert!(Backoff::new(second, second).is_some());
        assert_eq!(Backoff::new(Duration::ZERO, second), None);
        assert_eq!(Backoff::new(second * 2, second), None);
    }

    proptest! {
        #[test]
        fn a_wait_never_leaves_its_bounds(attempt in 0_u32..200, seed: u64, base in 1_u64..5_000, more in 0_u64..100_000) {
            let (base, cap) = (Duration::from_millis(base), Duration::from_millis(base + more));
            let backoff = Backoff::new(base, cap).expect("sound bounds");
            let wait = backoff.delay(attempt, &mut StdRng::seed_from_u64(seed));
            prop_assert!(wait <= cap);
            prop_assert!(wait <= base.saturating_mul(2_u32.saturating_pow(attempt)));
        }
    }

    #[test]
    fn retries_are_at_most_a_tenth_of_requests_in_the_long_run() {
        let mut budget = RetryBudget::new();
        let mut retries = 0;
        for _ in 0..10_000 {
            budget.earn();
            retries += u32::from(budget.spend());
        }
        assert!((1_000..=1_020).contains(&retries), "{retries}");
    }
}
