//! What happens in a run, as data: each step has dice of its own, so that others can be left out.

use kbsync::config::Api;
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};

use crate::{
    disk::DiskOp,
    knobs::{Choice, Knob, Knobs},
    others::Somebody,
    wire::Manners,
};

/// The bounds of the time that an ingestion takes, in milliseconds.
pub const JOB: (u64, u64) = (200, 40_000);

/// A run.
#[derive(Clone, Debug)]
pub struct Script {
    pub manners: Manners,
    pub settle: bool,
    /// Deletions that a guard lets through.
    pub max_deletes: u64,
    /// How many instances there are.
    pub instances: usize,
    pub steps: Vec<Step>,
    /// Whether something is broken for good, and everything else is to go on.
    pub is_liveness: bool,
}

/// One step of an instance, or of the world.
#[derive(Clone, Debug)]
pub enum Step {
    Disk(usize, DiskOp),
    Config(usize, ConfigOp),
    Store(usize, StoreOp),
    Somebody(Somebody, u64),
    ClockJumps(i64),
    /// What is broken works again.
    Heals,
    Idle(u64),
    Pass(PassStep),
    /// Two instances at once.
    Passes(PassStep, PassStep),
}

/// What people do to a config.
#[derive(Clone, Copy, Debug)]
pub enum ConfigOp {
    /// The second folder is kept in step, or not.
    Second(bool),
    /// The second folder's collection has another name.
    Name(&'static str),
    /// Only Markdown is kept in step.
    OnlyMarkdown(bool),
    /// Whether anything is deleted.
    Delete(bool),
}

/// What happens to a store.
#[derive(Clone, Copy, Debug)]
pub enum StoreOp {
    Lost,
    /// The same, and the second folder has left the config.
    LostWithCollection,
    Saved,
    Restored,
    Damaged,
}

impl StoreOp {
    const ALL: [Self; 5] = [Self::Lost, Self::LostWithCollection, Self::Saved, Self::Restored, Self::Damaged];
}

/// What others do while a pass runs.
#[derive(Clone, Debug)]
pub enum Meanwhile {
    Disk(DiskOp),
    Somebody(Somebody, u64),
}

/// One pass.
#[derive(Clone, Debug)]
pub struct PassStep {
    pub instance: usize,
    pub seed: u64,
    /// How likely a request meets a fault.
    pub trouble: f64,
    pub dies_at: Option<u64>,
    pub store_fails_at: Option<u64>,
    /// What others do while it runs, by its steps.
    pub meanwhile: Vec<(u64, Meanwhile)>,
    /// In this reading the list forgets a source.
    pub forgets: Option<u64>,
    /// Every change takes effect late, and is not answered.
    pub late: bool,
    /// It looks at one folder alone, by its number, and does not list.
    pub part: Option<usize>,
}

impl Script {
    /// The run of a seed, with such knobs.
    pub fn of(seed: u64, choice: Choice) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let knobs = Knobs::of(seed, choice);
        let api = if rng.random_bool(0.6) { Api::Cevvo } else { Api::Nexvio };
        let manners = Manners {
            api,
            newest_first: rng.random(),
            page: *[100, 100, 3].choose(&mut rng).expect("not empty"),
            total: rng.random_bool(0.8),
            dates: rng.random_bool(0.8),
            headers: rng.random_bool(0.5),
            job: JOB,
            limit: *[100, 100, 20, 8].choose(&mut rng).expect("not empty"),
            knobs,
            broken: knobs.broken(),
        };
        // Where little is let through, what is told of it counts.
        let manners = if knobs.has(Knob::OddRates) { Manners { headers: true, limit: 8, ..manners } } else { manners };
        let instances = if rng.random_bool(0.3) { 2 } else { 1 };
        let max_deletes = if rng.random_bool(0.3) { 1 } else { 10 };
        let mut steps = Vec::new();
        for instance in 0..instances {
            for _ in 0..rng.random_range(2..8) {
                steps.push(Step::Disk(instance, DiskOp::any(&mut rng)));
            }
        }
        for _ in 0..rng.random_range(2..14) {
            steps.push(Step::any(&mut rng, instances));
        }
        Self {
            manners,
            settle: rng.random_bool(0.3) || knobs.has(Knob::MovesFresh),
            max_deletes,
            instances,
            steps,
            is_liveness: false,
        }
    }
}

impl Script {
    /// The same, with some of its steps.
    pub fn only(&self, steps: &[usize]) -> Self {
        Self { steps: steps.iter().map(|step| self.steps[*step].clone()).collect(), ..self.clone() }
    }

    /// The same with other knobs.
    pub fn with(&self, knobs: Knobs) -> Self {
        Self { manners: Manners { knobs, broken: knobs.broken(), ..self.manners }, ..self.clone() }
    }

    /// A run that somebody has thought of, on a platform of plain manners.
    pub fn by_hand(api: Api, steps: Vec<Step>) -> Self {
        let manners = Manners {
            api,
            newest_first: false,
            page: 100,
            total: true,
            dates: true,
            headers: true,
            limit: 100,
            job: JOB,
            knobs: Knobs::default(),
            broken: None,
        };
        Self { manners, settle: false, max_deletes: 10, instances: 1, steps, is_liveness: false }
    }
}

impl Manners {
    /// How many readings of the list are empty in a pass, from the first.
    pub fn empty_lists(&self, pass: &PassStep) -> u64 {
        let mut dice = StdRng::seed_from_u64(pass.seed);
        let is_empty = self.knobs.has(Knob::ListEmpty) && !pass.is_calm() && dice.random_bool(0.4);
        if is_empty { dice.random_range(1..=2) } else { 0 }
    }
}

impl Step {
    fn any(rng: &mut StdRng, instances: usize) -> Self {
        let instance = rng.random_range(0..instances);
        match rng.random_range(0..100) {
            0..35 => Self::Disk(instance, DiskOp::any(rng)),
            35..45 if instances == 2 => Self::Passes(PassStep::any(rng, 0), PassStep::any(rng, 1)),
            35..80 => Self::Pass(PassStep::any(rng, instance)),
            80..85 => Self::Config(instance, ConfigOp::any(rng)),
            85..90 => Self::Store(instance, *StoreOp::ALL.choose(rng).expect("not empty")),
            90..95 => Self::Somebody(Somebody::any(rng), rng.random()),
            95..97 => Self::ClockJumps(*[-7_200, -40, 40, 7_200].choose(rng).expect("not empty")),
            _ => Self::Idle(rng.random_range(1..7_200)),
        }
    }
}

impl Meanwhile {
    fn any(rng: &mut StdRng) -> Self {
        match rng.random_range(0..4) {
            0 => Self::Somebody(Somebody::any(rng), rng.random()),
            _ => Self::Disk(DiskOp::any(rng)),
        }
    }
}

impl ConfigOp {
    fn any(rng: &mut StdRng) -> Self {
        match rng.random_range(0..4) {
            0 => Self::Second(rng.random()),
            1 => Self::Name(["b", "c"].choose(rng).expect("not empty")),
            2 => Self::OnlyMarkdown(rng.random()),
            _ => Self::Delete(rng.random()),
        }
    }
}

impl PassStep {
    fn any(rng: &mut StdRng, instance: usize) -> Self {
        let meanwhile = match rng.random_range(0..5) {
            0 => (0..rng.random_range(1..4)).map(|_| (rng.random_range(1..120), Meanwhile::any(rng))).collect(),
            _ => Vec::new(),
        };
        Self {
            instance,
            seed: rng.random(),
            trouble: *[0.0, 0.03, 0.15, 0.4].choose(rng).expect("not empty"),
            dies_at: rng.random_bool(0.35).then(|| rng.random_range(1..200)),
            store_fails_at: rng.random_bool(0.1).then(|| rng.random_range(1..200)),
            meanwhile,
            forgets: rng.random_bool(0.15).then(|| rng.random_range(1..4)),
            late: false,
            part: rng.random_bool(0.25).then(|| rng.random_range(0..2)),
        }
    }

    /// Whether it is one on a good day.
    fn is_calm(&self) -> bool {
        self.seed == 0
    }

    /// A full pass on a good day.
    pub fn calm(instance: usize) -> Self {
        Self {
            instance,
            seed: 0,
            trouble: 0.0,
            dies_at: None,
            store_fails_at: None,
            meanwhile: Vec::new(),
            forgets: None,
            late: false,
            part: None,
        }
    }
}
