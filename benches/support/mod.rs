//! What the benchmarks share.

/// Whether this is `cargo test --benches`, which only checks that a benchmark still works.
pub fn is_test() -> bool {
    std::env::args().all(|argument| argument != "--bench")
}

/// The sizes on the command line where all are there; else `small` ones for a test, and `full` ones otherwise.
pub fn sizes<const N: usize>(full: [usize; N], small: [usize; N]) -> [usize; N] {
    let numbers: Vec<usize> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    numbers.try_into().unwrap_or(if is_test() { small } else { full })
}

pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
