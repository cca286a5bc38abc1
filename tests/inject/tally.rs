//! What was done, for the figures at the end.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Mutex, MutexGuard},
    time::Instant,
};

/// Counts of blows by what they were.
#[derive(Debug)]
pub struct Tally {
    started: Instant,
    blows: Mutex<BTreeMap<String, usize>>,
}

impl Tally {
    pub fn new() -> Self {
        Self { started: Instant::now(), blows: Mutex::default() }
    }

    pub fn count(&self, what: String) {
        *self.blows().entry(what).or_default() += 1;
    }

    pub fn total(&self) -> usize {
        self.blows().values().sum()
    }

    fn blows(&self) -> MutexGuard<'_, BTreeMap<String, usize>> {
        self.blows.lock().expect("nobody panics with it")
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, count) in self.blows().iter() {
            writeln!(f, "{count:6}  {what}")?;
        }
        write!(f, "{:6}  in all, in {:.0} s", self.total(), self.started.elapsed().as_secs_f64())
    }
}
