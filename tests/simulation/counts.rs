//! What a run gave, and what was counted in it.

use std::fmt;

use crate::{branches::Branches, pace::Timeline};

/// What a run gave.
#[derive(Debug, Default)]
pub struct Verdict {
    /// What was broken.
    pub broken: Vec<String>,
    /// Every request, answer and outcome.
    pub trace: Vec<String>,
    /// Passes, deaths, and requests that changed something.
    pub counts: Counts,
    /// When what happened.
    pub timeline: Timeline,
}

/// What a run counted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    pub passes: u64,
    pub deaths: u64,
    /// Passes whose store refused a write.
    pub store_failures: u64,
    /// Passes that came to the step at which they were to die, or their store to fail.
    pub reached: u64,
    /// Steps that people, other programs and the machine took.
    pub steps: u64,
    pub requests: u64,
    pub changes: u64,
    pub faults: u64,
    pub seconds: u64,
    pub branches: Branches,
}

impl Counts {
    pub fn add(&mut self, more: &Self) {
        self.passes += more.passes;
        self.deaths += more.deaths;
        self.store_failures += more.store_failures;
        self.reached += more.reached;
        self.steps += more.steps;
        self.requests += more.requests;
        self.changes += more.changes;
        self.faults += more.faults;
        self.seconds += more.seconds;
        self.branches.add(&more.branches);
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { passes, deaths, store_failures, reached: _, steps, requests, changes, faults, seconds, branches } =
            self;
        let days = seconds / 86_400;
        write!(
            f,
            "{passes} passes, {deaths} deaths, {store_failures} stores that could not be written, {steps} steps by others, \
             {requests} requests ({changes} of them to change something), {faults} faults, {days} simulated days; branches: {branches}"
        )
    }
}
