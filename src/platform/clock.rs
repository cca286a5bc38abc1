//! The clock: wall time that never runs backwards within one process.

use std::{
    sync::OnceLock,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use crate::model::Moment;

/// Now. Anchored once to the wall clock and then counted by the monotonic one, so that setting the clock
/// changes nothing within a run.
pub fn now() -> Moment {
    static ANCHOR: OnceLock<(Duration, Instant)> = OnceLock::new();
    let (wall, started) =
        ANCHOR.get_or_init(|| (SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default(), Instant::now()));
    Moment::default() + (*wall + started.elapsed())
}
