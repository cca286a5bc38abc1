//! Liveness: one thing is broken for good, and everything else is in step after a few passes and requests all the same.

use std::time::Duration;

use kbsync::{config::Api, reconcile::JOB_TIMEOUT};
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};

use crate::{
    broken::{Broken, Part},
    disk::{DiskOp, NAMES},
    knobs::Knobs,
    run::{World, lock},
    script::{JOB, PassStep, Script, Step},
    transport::GRACE,
    wire::Manners,
};

/// Full passes after a change, after which everything else is in step.
const PASSES: u64 = 3;
/// The most requests of a pass: a fixed part, and a part for each document.
const REQUESTS: u64 = 40;
const REQUESTS_A_DOCUMENT: u64 = 10;
/// What an ingestion that never ends may add.
const POLLS: u64 = 400;
/// No pass takes longer, though an ingestion never ends.
const LONGEST: Duration = Duration::from_secs(60 * 60);

impl Script {
    /// A life in which something is broken for good.
    pub fn with_something_stuck(seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let broken = Broken::anything(rng.random());
        let is_broken = |part| broken.part == part;
        let api = if is_broken(Part::Bots) || rng.random_bool(0.4) { Api::Nexvio } else { Api::Cevvo };
        let page = if is_broken(Part::Page) { 3 } else { 100 };
        let manners = Manners {
            api,
            newest_first: rng.random(),
            page,
            total: rng.random(),
            dates: rng.random(),
            headers: rng.random(),
            limit: 100,
            job: JOB,
            knobs: Knobs::default(),
            broken: Some(broken),
        };
        let mut documents: Vec<_> = NAMES.into_iter().filter(|name| name.contains('.')).collect();
        let offender = broken.document;
        documents.retain(|name| *name == offender || rng.random_bool(0.5));
        let write = |name: &&'static str, words| Step::Disk(0, DiskOp::Write(name, words));
        let mut steps: Vec<_> = documents.iter().map(|name| write(name, 1)).collect();
        steps.extend((0..2).map(|_| Step::Pass(PassStep::calm(0))));
        let breaks = rng.random_range(0..2) * steps.len();
        for _ in 0..rng.random_range(1..4) {
            let name = documents.choose(&mut rng).expect("one at least");
            steps.push(write(name, rng.random_range(2..12)));
        }
        let name = documents.choose(&mut rng).expect("one at least");
        steps.push(if rng.random() { Step::Disk(0, DiskOp::Remove(name)) } else { write(&offender, 12) });
        if is_broken(Part::Rename) {
            steps.push(write(&offender, 3));
            steps.push(Step::Pass(PassStep::calm(0)));
            steps.push(Step::Disk(0, DiskOp::Rename(offender, "b/moved.md")));
        }
        // What is the platform's own fault is tried again by itself.
        let heals = match broken.part {
            Part::Creation => [500, 402, 409].contains(&broken.status),
            Part::Upload => [404, 402].contains(&broken.status),
            _ => false,
        };
        if heals && rng.random() {
            steps.extend([Step::Pass(PassStep::calm(0)), Step::Heals]);
        }
        if is_broken(Part::Folder) {
            steps.insert(breaks, Step::Disk(0, DiskOp::RootGoes("b")));
        }
        Self { manners, settle: false, max_deletes: 10, instances: 1, steps, is_liveness: true }
    }
}

impl World<'_> {
    /// A few passes, after which everything is in step that can be.
    pub async fn progress(&self) {
        let documents = lock(&self.sides[0]).wanted().len() as u64;
        let mut last = None;
        for _ in 0..PASSES {
            let (begun, before) = (self.time.now(), lock(&self.platform).requests);
            let Some(report) = self.pass(&PassStep::calm(0)).await else { return };
            let sent = lock(&self.platform).requests - before;
            let polls = if self.broken_part().is_some_and(|it| it.part == Part::Ingestion) { POLLS } else { 0 };
            if sent > REQUESTS + REQUESTS_A_DOCUMENT * documents + polls {
                self.broken(format!("a pass over {documents} documents sent {sent} requests"));
            }
            let took = self.time.now().since(begun);
            if took > LONGEST {
                self.broken(format!("a pass took {took:?}"));
            }
            last = Some(report);
            // A list may lag by so much.
            let lags = self.broken_part().is_some_and(Broken::pretends);
            self.idle(GRACE * if lags { 20 } else { 2 }).await;
        }
        self.check_named(0, last.as_ref().expect("there was one"));
        // Where nobody knows what has become of an upload, its source goes when the platform has had its time for it.
        if self.broken_part().is_some_and(|it| it.part == Part::Upload) {
            self.idle(JOB_TIMEOUT + GRACE).await;
            self.pass(&PassStep::calm(0)).await;
        }
        self.check_in_step(0, "with something stuck", true);
    }
}
