//! The plan, all of it pure: what was seen and what is remembered become a sorted list of actions.
//!
//! Time is an argument and nothing here does IO: everything hard is decided here and tested here, and no meaningful
//! choice is left for the one who carries a plan out.

mod assemble;
mod drift;
mod estimate;
mod guard;
mod judge;
mod merge;
mod page;
mod resume;

pub use assemble::{Action, Gathered, Plan, Wanted, assemble};
pub use drift::{Claim, Drift, Listed, drift};
pub use estimate::{Estimate, estimate};
pub use guard::{Authority, Gone, Policy, Standing, Why, Withheld};
pub use judge::{Judgement, Look, judge, look};
pub use merge::{Pair, merge};
pub use page::{Ask, Heard, ask, heard};
pub use resume::{Resume, UnderWay, resume};
