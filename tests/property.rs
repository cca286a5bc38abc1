//! Random edits, renames, deletions, kills and faults: afterwards the platform equals the disk, and the next plan is
//! empty. Seeds are fixed, so that a failure can be run again: `KBSYNC_SEED=17 cargo test --test property`.

#[allow(dead_code, reason = "this test needs a part of it only")]
mod support;

use std::{collections::BTreeSet, time::Duration};

use futures_util::StreamExt;
use kbsync::{local::Fault, model::SourceName, reconcile::Outcome};
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};

use support::World;

const SEEDS: u64 = 320;
/// Seeds at work at once: most of their time is waiting.
const AT_ONCE: usize = 40;
/// This document is edited and never moved or deleted, so that the platform must hold it at every moment.
const STEADY: &str = "steady.md";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_platform_equals_the_disk_whatever_happens() {
    let seeds: Vec<u64> = match std::env::var("KBSYNC_SEED") {
        Ok(seed) => vec![seed.parse().expect("KBSYNC_SEED is a number")],
        Err(_) => (0..SEEDS).collect(),
    };
    let runs = seeds.into_iter().map(|seed| tokio::spawn(run(seed)));
    let mut runs = futures_util::stream::iter(runs).buffer_unordered(AT_ONCE);
    while let Some(run) = runs.next().await {
        run.expect("see the seed above");
    }
}

async fn run(seed: u64) {
    let mut rng = StdRng::seed_from_u64(seed);
    let world = World::new().await;
    let mut changes = world.platform.watch();
    let mut documents: BTreeSet<String> = BTreeSet::new();
    world.write(STEADY, "steady at first");
    world.write("another.txt", "so that deleting all others is never all of them");
    for _ in 0..rng.random_range(1..5) {
        for _ in 0..rng.random_range(0..6) {
            change(&world, &mut documents, &mut rng);
        }
        let probability = *[0.0, 0.05, 0.2].choose(&mut rng).expect("not empty");
        world.faults.random(rng.random(), probability, menu());
        for route in ["/sources", "/ingest/upload"] {
            if rng.random_bool(0.5) {
                world.faults.once("POST", route, Fault::LateEffect(Duration::from_millis(rng.random_range(50..250))));
            }
        }
        let kill_at = rng.random_bool(0.5).then(|| rng.random_range(1..60));
        world.pass(kill_at).await;
        if rng.random_bool(0.1) {
            // With the store the intents are lost, so what still takes effect later nobody can know of.
            world.platform.late_effects_done().await;
            world.lose_store();
        }
    }
    world.faults.clear();
    world.retry();
    let mut report = world.pass(None).await.expect("nobody kills this one");
    if report.outcome() == Outcome::Failed {
        // A job that was made to fail may tell so only now.
        world.retry();
        report = world.pass(None).await.expect("nobody kills this one");
    }
    assert_eq!(report.outcome(), Outcome::Ok, "seed {seed}: {report:?}");
    world.platform.late_effects_done().await;
    world.assert_in_step(&format!("seed {seed}")).await;
    let preview = world.preview();
    assert!(preview.plan.is_in_step() && preview.under_way == 0, "seed {seed}: {preview:?}");
    changes.close();
    let mut held = BTreeSet::new();
    let mut was_held = false;
    let mut history = Vec::new();
    while let Some(change) = changes.recv().await {
        use kbsync::local::Change;
        let steady = |name: &str| SourceName::parse(name).is_some_and(|name| name.path.as_str() == STEADY);
        history.push(format!("{change:?}"));
        match change {
            Change::Held { source_id, name } | Change::Renamed { source_id, name } if steady(&name) => {
                held.insert(source_id);
            }
            Change::Held { source_id, .. } | Change::Renamed { source_id, .. } | Change::Gone { source_id } => {
                held.remove(&source_id);
            }
        }
        was_held |= !held.is_empty();
        assert!(!was_held || !held.is_empty(), "seed {seed}: {STEADY} was absent for a moment: {history:#?}");
    }
}

/// One thing that people do to a folder.
fn change(world: &World, documents: &mut BTreeSet<String>, rng: &mut StdRng) {
    let fresh = format!("{}/{}.md", rng.random_range(0..3), rng.random_range(0..1_000_000));
    let text = format!("text number {}", rng.random_range(0..1_000_000));
    let some = documents.iter().nth(rng.random_range(0..documents.len().max(1))).cloned();
    match (rng.random_range(0..7), some) {
        (0, _) => world.write(STEADY, &text),
        (1, Some(path)) => world.write(&path, &text),
        (2, Some(path)) => {
            std::fs::remove_file(world.folder.join(&path)).expect("it is there");
            documents.remove(&path);
        }
        (3, Some(path)) => {
            world.write(&fresh, "");
            std::fs::rename(world.folder.join(&path), world.folder.join(&fresh)).expect("it is there");
            documents.remove(&path);
            documents.insert(fresh);
        }
        (4, Some(path)) => {
            let twin = std::fs::read_to_string(world.folder.join(&path)).expect("it is there");
            world.write(&fresh, &twin);
            documents.insert(fresh);
        }
        _ => {
            world.write(&fresh, &text);
            documents.insert(fresh);
        }
    }
}

fn menu() -> Vec<Fault> {
    vec![
        Fault::LostBefore,
        Fault::LostAfter,
        Fault::LostAfter,
        Fault::Status(500),
        Fault::Status(503),
        Fault::StatusAfter(500),
        Fault::StatusAfter(502),
        Fault::TooMany { retry_after: None },
        Fault::TooMany { retry_after: Some(0) },
        Fault::Slow(Duration::from_millis(5)),
        Fault::CutBody,
        Fault::GarbageBody,
        Fault::JobFails("it did not like it".to_owned()),
        Fault::JobForgotten,
        Fault::JobStalls,
    ]
}
