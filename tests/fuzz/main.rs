//! Everything that reads what others wrote, fed with the kept corpora and with what a small mutator makes of them.
//! `fuzz/README.md` says how, and how the same targets are run with coverage for a guide.

mod mutate;
mod pdf;
mod targets;

use std::{
    env, fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use mutate::Mutator;

/// So long a target is fed where that is said; otherwise each has its count.
const SECONDS: &str = "KBSYNC_FUZZ_SECONDS";
/// Another seed makes other inputs.
const SEED: &str = "KBSYNC_FUZZ_SEED";
/// No input takes longer. They are small, and people wait for what is made of them.
const LONGEST: Duration = Duration::from_secs(10);

macro_rules! targets {
    ($($name:ident: $count:literal,)*) => {
        $(#[test]
        fn $name() {
            run(stringify!($name), &folder("corpus").join(stringify!($name)), $count, targets::$name::$name);
        })*
    };
}

// So many inputs take about half a second.
targets! {
    cevvo_answers: 20_000,
    config: 500,
    cron: 2_000,
    extract: 2_000,
    headers: 10_000,
    html: 50,
    lists: 2_000,
    names: 2_000,
    nexvio_answers: 20_000,
    robots: 2_000,
    store_rows: 40,
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz").join(name)
}

/// Feeds a target with its corpus, and then with `count` inputs that are made from it, or with as many as there is time for.
fn run(name: &str, corpus: &Path, count: u64, target: impl Fn(&[u8])) {
    let number = |variable: &str| env::var(variable).ok().map(|text| text.parse::<u64>().expect(variable));
    let seed = number(SEED).unwrap_or_default();
    let kept = kept(corpus);
    for (path, input) in &kept {
        feed(&target, input, || path.display().to_string());
    }
    let mutator = Mutator::new(kept.into_iter().map(|(_, input)| input).collect(), name);
    let until = number(SECONDS).map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let wanted = |fed: u64| until.map_or(fed < count, |until| Instant::now() < until);
    let fed = (0..).take_while(|fed| wanted(*fed)).inspect(|number| {
        let input = mutator.input(seed, *number);
        feed(&target, &input, || {
            let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("fuzz-{name}-{seed}-{number}"));
            fs::write(&path, &input).expect("the input is kept");
            format!(
                "input {number} of {SEED}={seed}; it is kept in {}, and may go into {}",
                path.display(),
                corpus.display()
            )
        });
    });
    println!("{name}: {} inputs, {SEED}={seed}", fed.count());
}

/// The files of a folder in the order of their names.
fn kept(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let paths = fs::read_dir(folder).expect("the corpus").map(|entry| entry.expect("an entry").path());
    let mut paths: Vec<_> = paths.collect();
    paths.sort();
    assert!(!paths.is_empty(), "{} is empty", folder.display());
    paths.into_iter().map(|path| (path.clone(), fs::read(path).expect("an input"))).collect()
}

fn feed(target: &impl Fn(&[u8]), input: &[u8], which: impl Fn() -> String) {
    let begun = Instant::now();
    // What went wrong has been printed by then.
    if catch_unwind(AssertUnwindSafe(|| target(input))).is_err() {
        panic!("it fails on {}", which());
    }
    let took = begun.elapsed();
    assert!(took < LONGEST, "it took {took:?} for {}", which());
}
