//! Random edits, renames, deletions, kills and faults, followed by full passes and by passes over what changed: afterwards
//! the platform equals the disk, and the next plan is empty. Seeds are fixed, so that a failure can be run again:
//! `KBSYNC_SEED=17 cargo test --test property`.

#[path = "property/eyes.rs"]
mod eyes;
#[path = "property/people.rs"]
mod people;
#[allow(dead_code, reason = "this test needs a part of it only")]
mod support;

use std::{sync::atomic::Ordering, time::Duration};

use futures_util::StreamExt;
use kbsync::{
    config::{Api, Input},
    local::Fault,
    model::CollectionName,
    plan::Why,
    reconcile::{Extent, Outcome, Report},
    scan::Wake,
};
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};

use eyes::{Eyes, Kind};
use people::{Changed, change};
use support::{GRACE, World, steady::never_absent};

const SEEDS: u64 = 60;
/// Seeds at work at once: most of their time is waiting.
const AT_ONCE: usize = 30;
/// A few passes bring everything in step.
const PASSES_TO_REST: u32 = 4;
/// No job takes so long that is not made to stall.
const PATIENCE: Duration = Duration::from_secs(60);
/// In some worlds what was just written is left alone for so long.
const SETTLE: Duration = Duration::from_millis(150);
/// This document is edited and never moved or deleted, so that the platform must hold it at every moment.
const STEADY: &str = "steady.md";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_platform_equals_the_disk_whatever_happens() {
    lives_on(Api::Cevvo).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_on_a_platform_that_has_neither_jobs_nor_renames() {
    lives_on(Api::Nexvio).await;
}

async fn lives_on(api: Api) {
    let seeds: Vec<u64> = match std::env::var("KBSYNC_SEED") {
        Ok(seed) => vec![seed.parse().expect("KBSYNC_SEED is a number")],
        Err(_) => (0..SEEDS).collect(),
    };
    let runs = seeds.into_iter().map(|seed| tokio::spawn(run(api, seed)));
    let mut runs = futures_util::stream::iter(runs).buffer_unordered(AT_ONCE);
    while let Some(run) = runs.next().await {
        run.expect("see the seed above");
    }
}

async fn run(api: Api, seed: u64) {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut world = World::of(api).await;
    let changes = world.platform.watch();
    world.write(STEADY, "steady at first");
    world.write("another.txt", "so that deleting all others is never all of them");
    let kind = match seed % 5 {
        0 => Kind::None,
        1 | 2 => Kind::Watch,
        _ => Kind::Test,
    };
    if rng.random_bool(0.3)
        && let Input::Folder(folder) = &mut world.scope.collections[0].input
    {
        folder.settle = SETTLE;
    }
    let eyes = Eyes::open(kind, &mut world, &mut rng).await;
    let mut run = Run { context: format!("{api}, seed {seed}"), world, eyes, rng };
    for _ in 0..run.rng.random_range(1..6) {
        run.go_on().await;
    }
    run.come_to_rest().await;
    run.change_a_little().await;
    let Run { context, world, .. } = run;
    // With the platform all changes are in the channel.
    drop(world);
    never_absent(changes, STEADY, &context).await;
}

/// One sequence.
struct Run {
    context: String,
    world: World,
    eyes: Eyes,
    rng: StdRng,
}

impl Run {
    /// Some changes, and a pass that may meet faults and may be killed.
    async fn go_on(&mut self) {
        let Self { world, rng, .. } = self;
        let changed: Changed = (0..rng.random_range(0..6)).flat_map(|_| change(world, rng)).collect();
        let probability = *[0.0, 0.05, 0.2].choose(rng).expect("not empty");
        world.faults.random(rng.random(), probability, menu());
        if rng.random_bool(0.1) {
            world.faults.always("*", "/", Fault::Status(503));
        }
        let routes = match world.api {
            Api::Cevvo => ["/sources", "/ingest/upload"],
            Api::Nexvio => ["/knowledge"; 2],
        };
        for route in routes {
            if rng.random_bool(0.5) {
                world.faults.once("POST", route, Fault::LateEffect(Duration::from_millis(rng.random_range(50..250))));
            }
        }
        let kill_at = rng.random_bool(0.25).then(|| rng.random_range(1..60));
        if rng.random_bool(0.1) {
            self.eyes.next = Extent::Full;
        }
        self.pass(&changed, kill_at).await;
        self.world.faults.clear();
        if self.rng.random_bool(0.05) {
            // With the store the intents are lost, so what still takes effect later nobody can know of.
            self.world.platform.late_effects_done().await;
            self.world.lose_store();
            self.eyes.begin_again(&mut self.world).await;
        }
    }

    /// A pass over what has changed, as far as that is known.
    async fn pass(&mut self, changed: &Changed, kill_at: Option<u64>) -> Option<Report> {
        self.eyes.look_around(&self.world, changed, &mut self.rng).await;
        let extent = self.eyes.next.clone();
        self.world.scope.extent = extent.clone();
        let pages = self.world.pages.load(Ordering::Relaxed);
        let Some(report) = self.world.pass(kill_at).await else {
            self.eyes.begin_again(&mut self.world).await;
            return None;
        };
        let context = format!("{}, {extent:?}, {report:?}", self.context);
        let listed = self.world.pages.load(Ordering::Relaxed) > pages;
        assert!(report.full == listed || report.fatal.is_some(), "{context}: was the list read? {listed}");
        // A store that was lost does not know whose it is what it has taken over, and whose document is gone: a person does.
        if report.withheld.iter().any(|withheld| withheld.why == Why::NotMadeHere) {
            self.eyes.conclude(&extent, &report);
            self.world.store().approve(&CollectionName::new("docs").expect("a name")).expect("the store");
            self.eyes.next = Extent::Full;
            return Box::pin(self.pass(&Changed::new(), None)).await;
        }
        let latest = self.world.platform.late_effects_done().await;
        if latest > GRACE && report.fatal.is_none() {
            // The machine was so busy that the platform acted later than it may; the next full pass finds what that made.
            self.eyes.conclude(&extent, &report);
            self.eyes.next = Extent::Full;
            return Box::pin(self.pass(&Changed::new(), None)).await;
        }
        if report.fatal.is_none() && !report.open && report.failed.is_empty() {
            assert!(report.withheld.is_empty() && report.unreadable.is_empty(), "{context}");
            self.assert_seen(&extent, &context).await;
        }
        self.eyes.conclude(&extent, &report);
        Some(report)
    }

    /// Fails unless the platform and the disk are equal in what a pass was to look at, but for what failed before.
    async fn assert_seen(&self, extent: &Extent, context: &str) {
        let named = match extent {
            Extent::Part(wakes) if self.eyes.kind == Kind::Test => wakes.values().next().cloned(),
            _ => None,
        };
        let quarantined = self.world.quarantined();
        let counts = |path: &String| !quarantined.contains(path) && named.as_ref().is_none_or(|wake| names(wake, path));
        let (mut held, mut on_disk) = (self.world.held(&quarantined, context).await, self.world.on_disk());
        held.retain(|path, _| counts(path));
        on_disk.retain(|path, _| counts(path));
        assert_eq!(held, on_disk, "{context}: platform (left) and folder (right)");
    }

    /// Full passes without faults until all is in step.
    async fn come_to_rest(&mut self) {
        for _ in 0..PASSES_TO_REST {
            self.world.retry();
            self.eyes.next = Extent::Full;
            let report = self.pass(&Changed::new(), None).await.expect("nobody kills this one");
            if report.outcome() == Outcome::Ok {
                break;
            }
            // A job that was made to fail or to stall may tell so only now.
            assert!(report.fatal.is_none(), "{}: {report:?}", self.context);
        }
        let context = &self.context;
        self.world.assert_in_step(context).await;
        let preview = self.world.preview();
        assert!(preview.plan.is_in_step() && preview.under_way == 0, "{context}: {preview:?}");
    }

    /// On a good day one pass over the changes is enough, and it does not ask what the platform holds.
    async fn change_a_little(&mut self) {
        // No job stalls any more, though a busy machine may take its time.
        self.world.scope.job_timeout = PATIENCE;
        let changed: Changed = (0..3).flat_map(|_| change(&self.world, &mut self.rng)).collect();
        let report = self.pass(&changed, None).await.expect("nobody kills this one");
        let context = &self.context;
        assert_eq!(report.outcome(), Outcome::Ok, "{context}: {report:?}");
        assert_eq!(report.full, self.eyes.kind == Kind::None, "{context}: {report:?}");
        if self.eyes.kind == Kind::Test {
            self.come_to_rest().await;
        }
        self.world.assert_in_step(&self.context).await;
    }
}

/// Whether a wake names a document: its folder, or with all that is below it one above; or a folder that it was in and
/// that is no more.
fn names(wake: &Wake, path: &str) -> bool {
    let mut folders = std::iter::successors(path.rsplit_once('/').or(Some(("", path))), |(folder, _)| {
        folder.rsplit_once('/').or((!folder.is_empty()).then_some(("", folder)))
    });
    let own = folders.next().map_or("", |(folder, _)| folder);
    wake.whole
        || wake.folders.contains_key(own.as_bytes())
        || folders.any(|(folder, _)| wake.folders.get(folder.as_bytes()) == Some(&true))
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
