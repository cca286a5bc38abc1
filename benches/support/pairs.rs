//! Paired runs and their medians.

use std::time::{Duration, Instant};

use crate::support;

/// How long something takes.
pub fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

/// Runs the two in alternating pairs, and prints their medians and the median of the ratios.
pub fn compare(pairs: usize, ours: (&str, impl Fn()), peer: (&str, impl Fn())) {
    // The first pair warms the caches.
    (ours.1)();
    (peer.1)();
    let runs: Vec<(f64, f64)> =
        (0..pairs).map(|_| (timed(&ours.1).as_secs_f64(), timed(&peer.1).as_secs_f64())).collect();
    let ratios = runs.iter().map(|(ours, peer)| ours / peer).collect();
    println!("{}: median {:.3} s", ours.0, support::median(runs.iter().map(|run| run.0).collect()));
    println!("{}: median {:.3} s", peer.0, support::median(runs.iter().map(|run| run.1).collect()));
    println!("ratio: median {:.2} of {pairs} pairs", support::median(ratios));
}
