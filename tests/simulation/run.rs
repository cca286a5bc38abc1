//! One run: the steps of a script, then rest, and what must hold then.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use kbsync::{
    config::Api,
    model::RateLimit,
    platform::{
        Client, Connection, Http, Line, Timing,
        cevvo::{self, Cevvo},
        nexvio::{self, Nexvio},
    },
    reconcile::{self, Machine, Outcome, Reader, Report, StoreJournal},
    store::Store,
};
use rand::{SeedableRng, rngs::StdRng};
use tokio::sync::watch;

use crate::{
    campaign::Hands,
    disk::DiskOp,
    life::{Happening, Life, SimulatedDesk},
    oracle::INSTANCES,
    platform::{Platform, Somebody},
    script::{ConfigOp, Meanwhile, PassStep, Script, Step, StoreOp},
    side::Side,
    time::{ProcessClock, Time},
    transport::{GRACE, LIMIT, Way},
};

/// Passes on good days after which all must be in step. A guard may hold two times, a failure may show late, and what
/// is missing is believed the second time.
const PASSES_TO_REST: usize = 6;

/// What a run gave.
#[derive(Debug, Default)]
pub struct Verdict {
    /// What was broken.
    pub broken: Vec<String>,
    /// Every request, answer and outcome.
    pub trace: Vec<String>,
    /// Passes, deaths, and requests that changed something.
    pub counts: Counts,
}

/// What a run counted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    pub passes: u64,
    pub deaths: u64,
    /// Passes whose store refused a write.
    pub store_failures: u64,
    /// Passes that came to the step at which they were to die, or their store to fail.
    pub reached: u64,
    /// Steps that people, other programs and the machine took.
    pub steps: u64,
    pub requests: u64,
    pub changes: u64,
    pub faults: u64,
    pub seconds: u64,
}

impl Counts {
    pub fn add(&mut self, more: &Self) {
        self.passes += more.passes;
        self.deaths += more.deaths;
        self.store_failures += more.store_failures;
        self.reached += more.reached;
        self.steps += more.steps;
        self.requests += more.requests;
        self.changes += more.changes;
        self.faults += more.faults;
        self.seconds += more.seconds;
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { passes, deaths, store_failures, reached: _, steps, requests, changes, faults, seconds } = self;
        let days = seconds / 86_400;
        write!(
            f,
            "{passes} passes, {deaths} deaths, {store_failures} stores that could not be written, {steps} steps by others, \
             {requests} requests ({changes} of them to change something), {faults} faults, {days} simulated days"
        )
    }
}

/// A world at work.
struct World<'a> {
    script: &'a Script,
    platform: Arc<Mutex<Platform>>,
    time: Arc<Time>,
    sides: Vec<Arc<Mutex<Side>>>,
    reader: &'a Reader,
    hands: &'a Hands,
    trace: Arc<Mutex<Vec<String>>>,
    counts: Counts,
    /// A clock that jumps, or a store that forgets, makes the pace forget.
    polite: bool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs a script in a folder of its own. Everything happens on this thread, in an order that the script alone decides.
pub fn run(script: &Script, root: &Path, reader: &Reader, hands: &Hands) -> Verdict {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(async {
        let sides = (0..script.instances).map(|number| Arc::new(Mutex::new(Side::new(number, root, script))));
        let mut world = World {
            script,
            platform: Arc::new(Mutex::new(Platform::new())),
            time: Time::new(),
            sides: sides.collect(),
            reader,
            hands,
            trace: Arc::default(),
            counts: Counts::default(),
            polite: true,
        };
        let begun = world.time.now();
        for step in &script.steps {
            world.take(step).await;
            if world.is_broken() {
                break;
            }
        }
        if !world.is_broken() {
            world.rest().await;
        }
        world.counts.seconds = world.time.now().since(begun).as_secs();
        let platform = lock(&world.platform);
        (world.counts.changes, world.counts.requests) = (platform.mutating, platform.requests);
        world.counts.faults = platform.faults;
        Verdict { broken: platform.oracle.broken.clone(), trace: lock(&world.trace).clone(), counts: world.counts }
    })
}

impl World<'_> {
    fn is_broken(&self) -> bool {
        !lock(&self.platform).oracle.broken.is_empty()
    }

    fn broken(&self, what: String) {
        lock(&self.platform).oracle.broken.push(what);
    }

    async fn take(&mut self, step: &Step) {
        self.counts.steps += u64::from(!matches!(step, Step::Pass(_)));
        // No two things happen at one time.
        self.time.pass(Duration::from_millis(1)).await;
        lock(&self.trace).push(format!("{} {step:?}", self.time.now().0));
        match step {
            Step::Disk(side, op) => disk(&self.platform, &self.sides[*side], op, &self.time),
            Step::Config(side, op) => {
                let mut side = lock(&self.sides[*side]);
                side.configure(*op);
                lock(&self.platform).oracle.present(side.number, &side.present());
            }
            Step::Store(side, op) => {
                // With the store the intents are lost, so what still takes effect later nobody can know of.
                self.idle_until_quiet().await;
                lock(&self.sides[*side]).store(*op);
                self.polite &= matches!(op, StoreOp::Saved);
            }
            Step::Somebody(what, seed) => somebody(&self.platform, self.script.manners.api, what, *seed, &self.time),
            Step::ClockJumps(seconds) => {
                self.time.jump(*seconds);
                self.polite = false;
            }
            Step::Idle(seconds) => self.idle(Duration::from_secs(*seconds)).await,
            Step::Pass(pass) => {
                let report = self.pass(pass).await;
                if let Some(report) = &report
                    && report.outcome() == Outcome::Ok
                    && report.full
                    && pass.meanwhile.is_empty()
                    // A list that lies is found out by the next one.
                    && pass.forgets.is_none()
                {
                    self.check_in_step(pass.instance, "after a pass that ended ok", false);
                    self.idle(GRACE).await;
                    self.check_in_step(pass.instance, "a while after a pass that ended ok", false);
                }
            }
        }
    }

    async fn idle(&self, span: Duration) {
        self.time.pass(span).await;
        lock(&self.platform).advance(self.time.now());
    }

    async fn idle_until_quiet(&self) {
        let last = lock(&self.platform).last_due();
        self.idle(last.map_or(Duration::ZERO, |last| last.since(self.time.now()))).await;
    }

    /// A process makes one pass; `None` where it dies.
    async fn pass(&mut self, step: &PassStep) -> Option<Report> {
        self.counts.passes += 1;
        let side = Arc::clone(&self.sides[step.instance]);
        let (state, identity) = {
            let side = lock(&side);
            (side.state.clone(), side.identity.clone())
        };
        let happening = |what: &Meanwhile| -> Happening {
            let (platform, side, what) = (Arc::clone(&self.platform), Arc::clone(&side), what.clone());
            let (time, api) = (Arc::clone(&self.time), self.script.manners.api);
            Box::new(move || match what {
                Meanwhile::Disk(op) => disk(&platform, &side, &op, &time),
                Meanwhile::Somebody(what, seed) => somebody(&platform, api, &what, seed, &time),
            })
        };
        let meanwhile: BTreeMap<_, _> = step.meanwhile.iter().map(|(at, op)| (*at, happening(op))).collect();
        let life = Life::new(step.dies_at, step.store_fails_at, meanwhile);
        let store = Store::open_at(&state, &identity, |db| Ok(Box::new(SimulatedDesk::new(&life, db, &state))));
        let store = Arc::new(store.expect("the store opens"));
        let clock = Arc::new(ProcessClock::new(&self.time));
        let machine = Machine { clock: clock.clone(), hands: Arc::clone(self.hands) };
        let part = step.part && lock(&side).warm;
        lock(&self.platform).pass += 1;
        let client = self.client((step, part), &store, &life, clock).await;
        let scope = lock(&side).scope(part, machine, self.reader);
        let (_stop, stopped) = watch::channel(false);
        let report = match client {
            None => None,
            Some(client) => tokio::select! {
                biased;
                () = life.death.notified() => None,
                report = reconcile::pass(&client, &store, &scope, stopped, &|_| ()) => Some(report),
            },
        };
        self.counts.deaths += u64::from(report.is_none());
        self.counts.store_failures += u64::from(life.store_failed());
        self.counts.reached += u64::from(step.dies_at.max(step.store_fails_at).is_some_and(|at| at <= life.steps()));
        lock(&side).warm = report.as_ref().is_some_and(|report| report.fatal.is_none());
        let ended = match &report {
            None => "died".to_owned(),
            Some(report) => format!("{:?} {:?}", report.outcome(), report.fatal.as_ref().map(ToString::to_string)),
        };
        lock(&self.trace).push(format!("{} {ended} after {} steps", self.time.now().0, life.steps()));
        report
    }

    async fn client(
        &self,
        (step, part): (&PassStep, bool),
        store: &Arc<Store>,
        life: &Arc<Life>,
        clock: Arc<ProcessClock>,
    ) -> Option<Client> {
        use kbsync::platform::clock::Clock;
        let (limit, now) = (LIMIT.0, clock.now());
        let stamps = tokio::select! {
            biased;
            () = life.death.notified() => return None,
            stamps = store.call(move |db| db.stamps(limit, now)) => stamps.unwrap_or_default(),
        };
        let way = Way {
            platform: Arc::clone(&self.platform),
            time: Arc::clone(&self.time),
            life: Arc::clone(life),
            instance: step.instance,
            manners: self.script.manners,
            trouble: step.trouble,
            late: step.late,
            dice: Mutex::new(StdRng::seed_from_u64(step.seed)),
            lists: Mutex::new((0, step.forgets)),
            reads_names: !part,
            polite: self.polite && step.store_fails_at.is_none(),
            trace: Arc::clone(&self.trace),
        };
        let (path, probe) = match self.script.manners.api {
            Api::Cevvo => ("/api/v1", cevvo::PROBE),
            Api::Nexvio => ("/api/v1", nexvio::PROBE),
        };
        let connection = Connection {
            base_url: format!("https://{}{path}", "platform.invalid").parse().expect("an address"),
            probe,
            api_key: "key".into(),
            rate_limit: RateLimit::new(limit, Duration::from_secs(LIMIT.1)),
            stamps,
            journal: Box::new(StoreJournal::new(Arc::clone(store), limit)),
            timing: Timing::default(),
        };
        let line = Line { transport: Arc::new(way), clock, rng: StdRng::seed_from_u64(step.seed) };
        let http = Http::over(connection, line).expect("a client");
        Some(match self.script.manners.api {
            Api::Cevvo => Client::Cevvo(Cevvo::new(http)),
            Api::Nexvio => Client::Nexvio(Nexvio::new(http), None),
        })
    }

    /// Good days, until all is in step.
    async fn rest(&mut self) {
        for number in 0..self.sides.len() {
            self.take(&Step::Disk(number, DiskOp::RootIsBack)).await;
            self.take(&Step::Config(number, ConfigOp::Delete(true))).await;
            self.idle_until_quiet().await;
            self.idle(Duration::from_secs(600)).await;
            let mut outcomes = Vec::new();
            while outcomes.len() < PASSES_TO_REST && outcomes.last() != Some(&Outcome::Ok) {
                lock(&self.sides[number]).say_yes();
                let report = self.pass(&PassStep::calm(number)).await.expect("nobody kills it");
                outcomes.push(report.outcome());
            }
            if outcomes.last() != Some(&Outcome::Ok) {
                // What was tried again is quarantined again; now what it left is cleared away.
                let report = self.pass(&PassStep::calm(number)).await.expect("nobody kills it");
                let calm = report.outcome() == Outcome::Failed && !report.is_open() && report.fatal.is_none();
                if !(calm && self.is_refused(number)) {
                    self.broken(format!(
                        "{} passes on good days gave {outcomes:?}, and then {report:?}",
                        outcomes.len()
                    ));
                }
            }
            self.check_in_step(number, "at rest", true);
            let before = lock(&self.platform).mutating;
            let report = self.pass(&PassStep::calm(number)).await.expect("nobody kills it");
            let after = lock(&self.platform).mutating;
            if after != before {
                self.broken(format!("a pass with nothing changed sent {} requests ({:?})", after - before, report));
            }
        }
    }

    /// Whether there is a document that the platform refuses.
    fn is_refused(&self, number: usize) -> bool {
        let refused = crate::disk::refused_hashes();
        lock(&self.sides[number]).wanted().values().any(|hash| refused.contains(hash))
    }

    /// The platform has each document of an instance once, with its content, and nothing else of it.
    fn check_in_step(&self, number: usize, when: &str, with_refusals: bool) {
        let side = lock(&self.sides[number]);
        let refused = crate::disk::refused_hashes();
        let mut wanted = side.wanted();
        let (mut wrong, mut older) = (Vec::new(), BTreeSet::new());
        let mut platform = lock(&self.platform);
        for source in platform.sources.iter().filter(|source| source.maker.is_some()) {
            let Some(name) = source.parsed.as_ref().filter(|name| name.instance.as_str() == INSTANCES[number]) else {
                continue;
            };
            let key = format!("{}/{}", name.collection, name.path);
            // What neither config nor store know of is left alone, and said.
            if !side.is_configured(name.collection.as_str()) && side.forgot {
                continue;
            }
            match wanted.get(&key) {
                // The older version of what is refused stays, and nothing else.
                Some(hash)
                    if with_refusals
                        && refused.contains(hash)
                        && source.status() == "synced"
                        && older.insert(key.clone()) => {}
                Some(hash) if source.documents.len() == 1 && source.holds() && *hash == source.documents[0].hash => {
                    wanted.remove(&key);
                }
                Some(_) => wrong.push(format!("{} is doubled or not as it is here: {source:?}", source.name)),
                // A version of a document that `delete: never` keeps may be of another time than the one that is here.
                None if !side.delete => {}
                None => wrong.push(format!("{} is doubled, or there although it is gone", source.name)),
            }
        }
        wanted.retain(|_, hash| !refused.contains(hash));
        wrong.extend(wanted.into_keys().map(|key| format!("{key} is lost")));
        platform.oracle.broken.extend(wrong.into_iter().map(|what| format!("{when}: {what}")));
    }
}

/// Does something to the platform. Where nothing can be renamed, a source that we made is ours whatever it is called.
fn somebody(platform: &Mutex<Platform>, api: Api, what: &Somebody, seed: u64, time: &Time) {
    if !(matches!(what, Somebody::Renames) && api == Api::Nexvio) {
        lock(platform).somebody(what, time.now(), &mut StdRng::seed_from_u64(seed));
    }
}

/// Does something to a disk, and tells the oracle what is there now.
fn disk(platform: &Mutex<Platform>, side: &Mutex<Side>, op: &DiskOp, time: &Time) {
    let side = lock(side);
    side.disk.apply(op, time.now());
    lock(platform).oracle.present(side.number, &side.present());
}
