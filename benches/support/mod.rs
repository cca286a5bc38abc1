//! What the benchmarks share.

/// Whether this is `cargo bench`. `cargo test --all-targets` runs benchmarks too, and only wants to know that they compile.
pub fn wanted() -> bool {
    std::env::args().any(|argument| argument == "--bench")
}

pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
