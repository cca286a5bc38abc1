//! Pace, all of it pure: when a request may go, whether it may go again, and when to ask after a job.
//!
//! Time and randomness are arguments, so that every rule is tested on a simulated clock.

mod backoff;
mod breaker;
mod failure;
mod pacer;
mod poll;
mod refusals;
mod verdict;

#[cfg(test)]
mod simulation;

pub use backoff::{Backoff, RetryBudget};
pub use breaker::{Breaker, Gate};
pub use failure::{Failure, FailureScope, Others, Probe, RequestKind, ends_waiting, failure, is_quota};
pub use pacer::{Pacer, Stamp, Ticket, Turn};
pub use poll::{Durations, Poll, PollSchedule};
pub use refusals::{Refusals, UNPROVEN_AT_ONCE, scope_of_all_refused};
pub use verdict::{Ending, Verdict, verdict};
