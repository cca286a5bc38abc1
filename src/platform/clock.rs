//! The clocks: one for pace that never runs backwards within one process, one for files that is the files' own.

use std::{
    fmt,
    sync::OnceLock,
    time::{Duration, SystemTime},
};

use rustix::time::{ClockId, clock_gettime};

use crate::model::Moment;

/// The clocks that a client and its passes go by. A simulation brings its own.
pub trait Clock: Send + Sync + fmt::Debug {
    /// Now, by the clock that never runs backwards.
    fn now(&self) -> Moment;
    /// What the wall clock shows, which is what the times of files are written by.
    fn wall(&self) -> Moment;
}

/// The machine's clocks.
#[derive(Clone, Copy, Debug)]
pub struct System;

impl Clock for System {
    fn now(&self) -> Moment {
        now()
    }

    fn wall(&self) -> Moment {
        wall()
    }
}

/// Now. Anchored once to the wall clock and then counted by the one that goes on while the machine is suspended, so that
/// setting the clock changes nothing within a run.
pub fn now() -> Moment {
    static ANCHOR: OnceLock<(Moment, Duration)> = OnceLock::new();
    let (anchor, started) = ANCHOR.get_or_init(|| (wall(), since_boot()));
    *anchor + since_boot().saturating_sub(*started)
}

/// What the wall clock shows, which is what the times of files are written by.
pub fn wall() -> Moment {
    SystemTime::now().into()
}

fn since_boot() -> Duration {
    clock_gettime(ClockId::Boottime).try_into().unwrap_or_default()
}
