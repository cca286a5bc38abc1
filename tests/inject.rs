//! The real binary killed at every write, fsync and send, by count, and with calls that fail as those of a bad or a full
//! disk do: after the next pass nothing is lost, doubled or orphaned, and nothing is left behind.
//!
//! strace does it, so these tests are for `.ci/run`, or by hand: `cargo test --test inject -- --ignored --nocapture`. With
//! `KBSYNC_KILLS=5000` they go on until so many passes were killed; with `KBSYNC_SWEEP="cevvo, calm: killed at writev"`, or
//! a part of such a name, only what has it is repeated; with `KBSYNC_EVERY_CALL=1` every call fails once and for good.

#[path = "inject/errors.rs"]
mod errors;
#[path = "inject/ground.rs"]
mod ground;
#[path = "inject/kills.rs"]
mod kills;
#[allow(dead_code, reason = "this test needs a part of it only")]
#[path = "support/origin.rs"]
mod origin;
#[path = "inject/service.rs"]
mod service;
#[path = "inject/strace.rs"]
mod strace;
#[allow(dead_code, reason = "this test needs a part of it only")]
mod support;
#[path = "inject/tally.rs"]
mod tally;

/// Worlds at a time: passes wait for the platform, and for requests that nobody answered.
const AT_ONCE: usize = 6;
