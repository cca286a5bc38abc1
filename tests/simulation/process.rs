//! One process of an instance, which makes a pass.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use kbsync::{
    config::Api,
    model::RateLimit,
    platform::{
        Client, Connection, Http, Line, Timing,
        cevvo::{self, Cevvo},
        clock::Clock,
        nexvio::{self, Nexvio},
    },
    reconcile::{self, Event, Machine, Outcome, Report, StoreJournal},
    store::Store,
};
use rand::{SeedableRng, rngs::StdRng};
use tokio::sync::watch;

use crate::{
    branches::Branches,
    disk::FOLDERS,
    knobs::Knob,
    life::{Happening, Life},
    run::{World, disk, lock, move_in_look, somebody},
    script::{Meanwhile, PassStep},
    time::ProcessClock,
    transport::{WINDOW, Way},
};

impl World<'_> {
    /// A process makes one pass; `None` where it dies.
    pub async fn pass(&self, step: &PassStep) -> Option<Report> {
        lock(&self.counts).passes += 1;
        let side = Arc::clone(&self.sides[step.instance]);
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
        let open = lock(&side).open_store(self.blank);
        open.begin(&life);
        let store = Arc::clone(&open.store);
        let clock = Arc::new(ProcessClock::new(&self.time));
        let machine = Machine { clock: clock.clone(), hands: Arc::clone(self.hands) };
        let part = step.part.filter(|_| lock(&side).warm);
        let begun = self.time.now();
        let number = lock(&self.platform).begin_pass(step.instance, lock(&side).allowed(), self.time.now());
        let client = self.client(step, part.is_none().then_some(number), &store, &life, clock).await;
        let scope = lock(&side).scope(part, machine, self.reader);
        let (_stop, stopped) = watch::channel(false);
        let events = Mutex::new(Vec::new());
        let (platform, time) = (&self.platform, &self.time);
        let has_moved =
            AtomicBool::new(step.meanwhile.is_empty() || !self.script.manners.knobs.has(Knob::MovesInLooks));
        let hear = |event| {
            let is_looking = matches!(&event, Event::Looking(name) if name.as_str() == FOLDERS[0]);
            if is_looking && !has_moved.swap(true, Ordering::Relaxed) {
                move_in_look(platform, &side, time);
            }
            if let Event::Done { document, .. } = &event {
                let timeline = &mut lock(platform).timeline;
                timeline.seen.push(time.now());
                timeline.seen_of.insert(document.to_string(), time.now());
            }
            lock(&events).push(event);
        };
        let report = match client {
            None => None,
            Some(client) => tokio::select! {
                biased;
                () = life.death.notified() => None,
                report = reconcile::pass(&client, &store, &scope, stopped, &hear) => Some(report),
            },
        };
        let mut counts = lock(&self.counts);
        counts.deaths += u64::from(life.is_dead());
        if let Some(report) = &report {
            counts.branches.add(&Branches::of(report, &lock(&events)));
        }
        counts.store_failures += u64::from(life.store_failed());
        counts.reached += u64::from(step.dies_at.max(step.store_fails_at).is_some_and(|at| at <= life.steps()));
        if !life.is_dead() {
            lock(&side).open = Some(open);
        }
        if life.store_failed() {
            self.polite[step.instance].set(self.time.now() + WINDOW);
        }
        lock(&self.platform).end_pass(step.instance, begun, life.is_dead() || life.store_failed());
        lock(&side).unfinished =
            report.as_ref().is_none_or(|report| !matches!(report.outcome(), Outcome::Ok | Outcome::Held));
        lock(&side).warm = report.as_ref().is_some_and(|report| report.fatal.is_none());
        let ended = match &report {
            None => "died".to_owned(),
            Some(report) => format!("{:?} {:?}", report.outcome(), report.fatal.as_ref().map(ToString::to_string)),
        };
        lock(&self.trace).push(format!("{} {ended} after {} steps", self.time.now().0, life.steps()));
        report
    }

    /// Its way to the platform; `None` where it dies before, or cannot read its store.
    async fn client(
        &self,
        step: &PassStep,
        comparing: Option<u64>,
        store: &Arc<Store>,
        life: &Arc<Life>,
        clock: Arc<ProcessClock>,
    ) -> Option<Client> {
        let (limit, now) = (self.script.manners.limit, clock.now());
        let stamps = tokio::select! {
            biased;
            () = life.death.notified() => return None,
            stamps = store.call(move |db| db.stamps(limit, now)) => stamps.ok()?,
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
            omitted: Mutex::default(),
            empty: self.script.manners.empty_lists(step),
            comparing,
            polite: self.polite[step.instance].get(),
            trace: Arc::clone(&self.trace),
        };
        let probe = match self.script.manners.api {
            Api::Cevvo => cevvo::PROBE,
            Api::Nexvio => nexvio::PROBE,
        };
        let connection = Connection {
            base_url: "https://platform.invalid/api/v1".parse().expect("an address"),
            probe,
            api_key: "key".into(),
            rate_limit: RateLimit::new(limit, WINDOW),
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
}
