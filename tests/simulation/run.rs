//! One run: the steps of a script, then rest, and what must hold then.

use std::{
    cell::Cell,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use kbsync::{
    config::Api,
    model::Moment,
    reconcile::{Outcome, Reader, Report},
};
use rand::{SeedableRng, rngs::StdRng};

use crate::{
    broken::Broken,
    campaign::Hands,
    counts::{Counts, Verdict},
    disk::DiskOp,
    knobs::Knob,
    others::Somebody,
    platform::Platform,
    script::{PassStep, Script, Step, StoreOp},
    side::Side,
    source::Deletion,
    time::Time,
    transport::{GRACE, WINDOW},
};

/// A platform that is restored is away for so long.
const RESTORATION: Duration = Duration::from_secs(2 * 60 * 60);
/// What has failed by circumstances is tried again within this time.
const RETRIED: Duration = Duration::from_secs(60 * 60);

/// A world at work.
pub struct World<'a> {
    pub script: &'a Script,
    pub platform: Arc<Mutex<Platform>>,
    pub time: Arc<Time>,
    pub sides: Vec<Arc<Mutex<Side>>>,
    /// The file that a new store is a copy of.
    pub blank: &'a Path,
    pub reader: &'a Reader,
    pub hands: &'a Hands,
    pub trace: Arc<Mutex<Vec<String>>>,
    pub counts: Mutex<Counts>,
    /// From when on an instance that exceeds its limit does so by itself: a clock that jumps, or a store that forgets or
    /// cannot be written, makes the pace forget.
    pub polite: [Cell<Moment>; 2],
}

/// Whatever panicked.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs a script in a folder of its own. Everything happens on this thread, in an order that the script alone decides.
pub fn run(script: &Script, root: &Path, blank: &Path, reader: &Reader, hands: &Hands) -> Verdict {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(async {
        let sides = (0..script.instances).map(|number| Arc::new(Mutex::new(Side::new(number, root, script))));
        let world = World {
            script,
            platform: Arc::new(Mutex::new(Platform::new(script.manners.knobs, script.manners.api))),
            time: Time::new(),
            sides: sides.collect(),
            blank,
            reader,
            hands,
            trace: Arc::default(),
            counts: Mutex::default(),
            polite: Default::default(),
        };
        let begun = world.time.now();
        for step in &script.steps {
            world.take(step).await;
            if world.is_broken() {
                break;
            }
        }
        if !world.is_broken() && script.is_liveness {
            world.progress().await;
        } else if !world.is_broken() {
            world.rest().await;
        }
        let mut platform = lock(&world.platform);
        let mut branches = lock(&world.counts).branches;
        branches.add(&platform.branches);
        let counts = Counts {
            branches,
            seconds: world.time.now().since(begun).as_secs(),
            requests: platform.requests,
            changes: platform.mutating,
            faults: platform.faults,
            ..*lock(&world.counts)
        };
        let timeline = std::mem::take(&mut platform.timeline);
        Verdict { broken: platform.oracle.broken.clone(), trace: lock(&world.trace).clone(), counts, timeline }
    })
}

impl World<'_> {
    fn is_broken(&self) -> bool {
        !lock(&self.platform).oracle.broken.is_empty()
    }

    pub fn broken(&self, what: String) {
        lock(&self.platform).oracle.broken.push(what);
    }

    /// Takes a step of the script.
    pub async fn take(&self, step: &Step) {
        lock(&self.counts).steps += u64::from(!matches!(step, Step::Pass(_) | Step::Passes(..)));
        // No two things happen at one time.
        self.time.pass(Duration::from_millis(1)).await;
        lock(&self.trace).push(format!("{} {step:?}", self.time.now().0));
        match step {
            Step::Disk(side, op) => disk(&self.platform, &self.sides[*side], op, &self.time),
            Step::Config(side, op) => {
                let mut side = lock(&self.sides[*side]);
                side.configure(*op);
                lock(&self.platform).oracle.never[side.number] = !side.delete;
                lock(&self.platform).oracle.present(side.number, &side.wanted());
            }
            Step::Store(side, op) => {
                // With the store the intents are lost, so what still takes effect later, or shows later, nobody can know of.
                self.idle_until_quiet().await;
                if self.script.manners.knobs.has(Knob::ListLags) {
                    self.idle(GRACE).await;
                }
                let mut changed = lock(&self.sides[*side]);
                changed.store(*op);
                lock(&self.platform).oracle.present(*side, &changed.wanted());
                drop(changed);
                if !matches!(op, StoreOp::Saved) {
                    lock(&self.platform).forget(*side);
                    self.polite[*side].set(self.time.now() + WINDOW);
                }
            }
            Step::Somebody(Somebody::Deletes, seed) if self.is_restored() => {
                // That takes longer than a list is believed.
                self.idle_until_quiet().await;
                self.idle(RESTORATION).await;
                let mut platform = lock(&self.platform);
                platform.restore(self.time.now(), &mut StdRng::seed_from_u64(*seed));
                drop(platform);
                // Where no single source can be asked for, only a list tells.
                self.sides.iter().for_each(|side| lock(side).warm = false);
            }
            Step::Heals => {
                lock(&self.platform).healed = true;
                self.idle(RETRIED).await;
            }
            Step::Somebody(what, seed) => somebody(&self.platform, self.script.manners.api, what, *seed, &self.time),
            Step::ClockJumps(seconds) => {
                // After that nobody waits for what is under way.
                if *seconds > 0 {
                    self.idle_until_quiet().await;
                    // Nor does a list seem to lag that still shows what was deleted before.
                    let deleted = &mut lock(&self.platform).deleted;
                    deleted.iter_mut().for_each(|(source, _)| source.deletion = Deletion::Unknown);
                }
                self.time.jump(*seconds);
                self.polite.iter().for_each(|from| from.set(self.time.now() + WINDOW));
            }
            Step::Idle(seconds) => self.idle(Duration::from_secs(*seconds)).await,
            Step::Pass(pass) => {
                let report = self.pass(pass).await;
                self.judge(&[(pass, report)]).await;
            }
            Step::Passes(one, other) => {
                let (first, second) = futures_util::future::join(self.pass(one), self.pass(other)).await;
                self.judge(&[(one, first), (other, second)]).await;
            }
        }
    }

    /// Whether the platform is restored, or moved, in this life. Where its list shows no names, nobody could know.
    fn is_restored(&self) -> bool {
        let manners = &self.script.manners;
        [Knob::IdsExchanged, Knob::PlatformRestored].iter().any(|knob| manners.knobs.has(*knob))
            && !manners.is_nameless()
    }

    /// What is broken, unless it works again.
    pub fn broken_part(&self) -> Option<Broken> {
        self.script.manners.broken.filter(|_| !lock(&self.platform).healed)
    }

    /// What must hold at once after passes that ended well, and a while later.
    async fn judge(&self, passes: &[(&PassStep, Option<Report>)]) {
        let alone = passes.iter().all(|(pass, _)| pass.meanwhile.is_empty());
        // A new document counts as held by the word of its job.
        let moves = [Knob::ListGrows, Knob::ListShuffles].iter().any(|knob| self.script.manners.knobs.has(*knob));
        let shows_late = self.script.manners.knobs.has(Knob::SourcesLag);
        let well = |(pass, report): &&(&PassStep, Option<Report>)| {
            // What is named as written too often is read by a later pass.
            let ended = report.as_ref().is_some_and(|report| {
                report.outcome() == Outcome::Ok && report.full && report.being_written.is_empty()
            });
            // A list that lies, or moves, is found out by the next one.
            let shows = !shows_late && !moves && self.script.manners.empty_lists(pass) == 0;
            alone && ended && pass.forgets.is_none() && shows
        };
        let well: Vec<_> = passes.iter().filter(well).map(|(pass, _)| pass.instance).collect();
        for instance in &well {
            self.check_in_step(*instance, "after a pass that ended ok", false);
        }
        if !well.is_empty() {
            self.idle(GRACE).await;
        }
        for instance in &well {
            self.check_in_step(*instance, "a while after a pass that ended ok", false);
            let mut platform = lock(&self.platform);
            let Platform { oracle, sources, .. } = &mut *platform;
            oracle.in_step(*instance, sources);
        }
    }

    /// Lets time pass.
    pub async fn idle(&self, span: Duration) {
        self.time.pass(span).await;
        lock(&self.platform).advance(self.time.now());
    }

    /// Lets time pass until nothing is left to happen.
    pub async fn idle_until_quiet(&self) {
        let last = lock(&self.platform).last_due();
        self.idle(last.map_or(Duration::ZERO, |last| last.since(self.time.now()))).await;
    }
}

/// Does something to the platform. Where nothing can be renamed, a source that we made is ours whatever it is called.
pub fn somebody(platform: &Mutex<Platform>, api: Api, what: &Somebody, seed: u64, time: &Time) {
    if !(matches!(what, Somebody::Renames) && api == Api::Nexvio) {
        lock(platform).somebody(what, time.now(), &mut StdRng::seed_from_u64(seed));
    }
}

/// Moves a document from the second folder, which is still to be walked through, to the first, which has been. A pass finds
/// it there before it deletes anything.
pub fn move_in_look(platform: &Mutex<Platform>, side: &Mutex<Side>, time: &Time) {
    let (from, to) = ("b/one.md", "a/came.md");
    let (number, root) = {
        let side = lock(side);
        (side.number, side.disk.root.clone())
    };
    let was_there = root.join(from).is_file();
    disk(platform, side, &DiskOp::Rename(from, to), time);
    if was_there && !root.join(from).exists() {
        lock(platform).oracle.moved_in_look(number, from, to);
    }
}

/// Does something to a disk, and tells the oracle what is there now.
pub fn disk(platform: &Mutex<Platform>, side: &Mutex<Side>, op: &DiskOp, time: &Time) {
    let side = lock(side);
    let moved = side.disk.apply(op, time.now());
    let oracle = &mut lock(platform).oracle;
    oracle.present(side.number, &side.wanted());
    if let Some((from, to)) = moved {
        oracle.moved(side.number, from, to);
    }
}
