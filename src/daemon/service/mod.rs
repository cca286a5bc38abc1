//! The loop: it waits for changes, times and signals, and makes one pass after another.

mod passing;
mod verifying;

use std::{
    collections::{BTreeMap, BTreeSet},
    future::Future,
    sync::Arc,
    time::Duration,
};

use jiff::{Timestamp, Zoned};
use rand::rngs::StdRng;
use tokio::sync::watch;

use self::{
    passing::{Interrupted, Part, look_name, ticks},
    verifying::Unproven,
};
use super::{
    Note, Shared,
    agenda::Agenda,
    log::{Said, log_report},
    record::record,
    signals::{Signal, Signals},
    systemd,
    watches::Watches,
};
use crate::{
    config::Config,
    model::{CollectionName, Moment},
    plan::Why,
    platform::{Platform, cevvo::Cevvo, clock},
    reconcile::{Extent, Fatal, JOB_TIMEOUT, Reader, Report},
    store::{Db, StateFailure, Store, StoreError},
};

/// How often the loop looks at clocks, mounts and the store while nothing happens, and says that it lives.
const TICK: Duration = Duration::from_secs(2);

/// What the service needs of the process that it lives in.
pub trait Host {
    /// The client that its passes use.
    type Platform: Platform;

    /// Reads the config again.
    ///
    /// # Errors
    /// Why it cannot be used in place of the one before, for people.
    fn load(&self, before: &Config) -> Result<Config, String>;

    /// Another client, where the config asks for one: the one that is there knows the platform's pace.
    ///
    /// # Errors
    /// Why there can be none, for people.
    fn connect(&self, before: &Config, config: &Config)
    -> impl Future<Output = Result<Option<Self::Platform>, String>>;

    /// Who can be asked questions; `None` where the platform has no call for it.
    fn assistant<'a>(&self, platform: &'a Self::Platform) -> Option<&'a Cevvo>;
}

/// The service.
pub struct Service<H: Host> {
    host: H,
    config: Arc<Config>,
    platform: H::Platform,
    store: Arc<Store>,
    reader: Reader,
    /// The name of the look at pages that passes share.
    look: String,
    interrupted: Option<Interrupted>,
    shared: Arc<Shared>,
    watches: Watches,
    agenda: Agenda,
    note: Note,
    /// As it is in the store.
    kept: Option<Note>,
    /// Deletions of the passes since the last full one, which count together.
    deleted: BTreeMap<CollectionName, u64>,
    /// The collections that the last look at them could not see.
    unseen: BTreeMap<CollectionName, String>,
    /// When documents are tried again that failed by no fault of their own.
    retries: BTreeMap<CollectionName, Moment>,
    said: Said,
    unproven: Unproven,
    /// Changes when others write to the store.
    version: i64,
    rng: StdRng,
    /// A config that takes effect when the pass that is under way has stopped.
    next_config: Option<Config>,
    /// Whether a full pass has ended, since it began.
    seen_all: bool,
}

impl<H: Host> Service<H> {
    /// A service that has not begun. The store's lock is held by it until it ends.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn new(
        host: H,
        platform: H::Platform,
        store: Arc<Store>,
        reader: Reader,
        shared: Arc<Shared>,
    ) -> Result<Self, StoreError> {
        let config = shared.config();
        let mut rng: StdRng = rand::make_rng();
        let mut watches = Watches::new(platform.abilities().accepted);
        watches.set(&config.collections, config.rhythm.watch).await;
        let agenda = agenda(&config, &mut rng);
        let version = store.call(|db| db.data_version()).await?;
        Ok(Self {
            host,
            platform,
            store,
            reader,
            look: look_name(&mut rng),
            interrupted: None,
            shared,
            watches,
            agenda,
            note: Note::begun(Timestamp::now()),
            kept: None,
            deleted: BTreeMap::new(),
            unseen: BTreeMap::new(),
            retries: BTreeMap::new(),
            said: Said::default(),
            unproven: Unproven::default(),
            version,
            rng,
            next_config: None,
            seen_all: false,
            config,
        })
    }

    /// Serves until somebody asks to stop.
    ///
    /// # Errors
    /// When the store fails in a way that only a new start can mend.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>, mut signals: Signals) -> Result<(), Fatal> {
        systemd::ready();
        let ended = self.serve(&mut stop, &mut signals).await;
        systemd::stopping();
        // What a service that does not run said of itself is of no use to anybody.
        let forgotten = self.keep(|db| db.forget_daemon()).await;
        ended.and(forgotten)
    }

    async fn serve(&mut self, stop: &mut watch::Receiver<bool>, signals: &mut Signals) -> Result<(), Fatal> {
        let mut ticks = ticks();
        while !*stop.borrow() {
            if let Some(extent) = self.agenda.take(clock::now()) {
                self.pass(Part::new(extent), stop, signals).await?;
                continue;
            }
            if let Some(interrupted) = self.interrupted.take() {
                self.pass(Part::resumed(interrupted), stop, signals).await?;
                continue;
            }
            if self.agenda.take_verification() {
                self.verify(stop, signals).await?;
                continue;
            }
            let wait = self.agenda.next().map_or(TICK, |due| due.since(clock::now()).min(TICK));
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => {}
                signal = signals.next() => self.heed(signal).await,
                () = self.watches.woken.notified() => self.wake(),
                _ = ticks.tick() => self.tick().await?,
                () = tokio::time::sleep(wait) => {}
            }
        }
        Ok(())
    }

    /// Time has passed.
    async fn tick(&mut self) -> Result<(), Fatal> {
        self.store.refuse_removed()?;
        self.watches.check();
        self.wake();
        self.agenda.tick(clock::now(), &Zoned::now(), &mut self.rng);
        self.retry_due(clock::now());
        // While another program holds the state, what a person asks for is heard later.
        match heed_person(&self.store, &mut self.version, &self.config, &mut self.agenda).await {
            Err(error) if !error.is_temporary() => return Err(error.into()),
            _ => {}
        }
        self.shared.beat();
        self.shared.show_life();
        self.tell("watching").await
    }

    fn wake(&mut self) {
        for (collection, wake) in self.watches.take() {
            self.agenda.woke(collection, wake, clock::now());
        }
    }

    async fn heed(&mut self, signal: Signal) {
        match signal {
            Signal::Full => self.agenda.full(),
            Signal::Reload => {
                self.next_config = reload(&self.host, &self.config, &mut self.note);
                self.use_next_config().await;
            }
        }
    }

    async fn use_next_config(&mut self) {
        let Some(config) = self.next_config.take() else { return };
        match self.host.connect(&self.config, &config).await {
            Ok(platform) => self.use_config(Arc::new(config), platform).await,
            Err(reason) => refuse(reason, &mut self.note),
        }
        systemd::ready();
    }

    async fn use_config(&mut self, config: Arc<Config>, platform: Option<H::Platform>) {
        self.watches.set(&config.collections, config.rhythm.watch).await;
        self.agenda = agenda(&config, &mut self.rng);
        self.look = look_name(&mut self.rng);
        // The full pass that follows takes care of it.
        self.interrupted = None;
        self.unseen.retain(|name, _| config.collections.iter().any(|collection| collection.name == *name));
        self.shared.use_config(Arc::clone(&config));
        self.config = config;
        if let Some(platform) = platform {
            self.platform = platform;
        }
        tracing::info!(collections = self.config.collections.len(), "the config was read again");
    }

    async fn pass(&mut self, part: Part, stop: &mut watch::Receiver<bool>, signals: &mut Signals) -> Result<(), Fatal> {
        let full = part.extent == Extent::Full;
        if full {
            // What an interrupted pass has left is a part of it.
            self.interrupted = None;
        }
        self.watches.try_again(&part.extent).await;
        self.tell(if full { "a full pass" } else { "a look at what changed" }).await?;
        let (report, interrupted) = self.reconcile(part, stop, signals).await;
        if interrupted {
            self.deleted.clone_from(&report.deleted_of);
            self.use_next_config().await;
            return Ok(());
        }
        log_report(&report, !full, &mut self.said);
        self.conclude(full, report).await?;
        self.use_next_config().await;
        if self.interrupted.is_none() {
            self.look = look_name(&mut self.rng);
            self.tell("watching").await?;
        }
        Ok(())
    }

    /// What a pass means for the next ones, and for those who ask.
    async fn conclude(&mut self, wanted_full: bool, report: Report) -> Result<(), Fatal> {
        let full = wanted_full || report.full;
        self.shared.metrics().pass(if full { "full" } else { "partial" }, &report);
        if full {
            let pass = record(&report);
            self.keep(move |db| db.note_pass(&pass)).await?;
        }
        match &report.fatal {
            Some(Fatal::Store(error)) => StateFailure::note(self.store.path(), error),
            _ => StateFailure::clear(self.store.path()),
        }
        self.judge(&report);
        self.plan_ahead(report)
    }

    /// Whether all is well.
    fn judge(&mut self, report: &Report) {
        for collection in self.config.collections.iter().filter(|collection| report.is_judged(&collection.name)) {
            let withheld = report.withheld.iter().find(|withheld| withheld.collection == collection.name);
            match withheld.map(|withheld| &withheld.why) {
                Some(Why::Unsure(reason)) => self.unseen.insert(collection.name.clone(), reason.clone()),
                _ => self.unseen.remove(&collection.name),
            };
        }
        let well = report.fatal.is_none();
        let stopped = matches!(report.fatal, Some(Fatal::Stopped));
        self.deleted = if report.full && well { BTreeMap::new() } else { report.deleted_of.clone() };
        self.seen_all |= report.full && well;
        self.note.ready = (well || stopped) && self.seen_all && self.unseen.is_empty();
        let fatal = report.fatal.as_ref().filter(|_| !stopped);
        let unseen = self.unseen.iter().map(|(name, reason)| format!("{name}: {reason}")).next();
        self.note.trouble = fatal.map(Fatal::to_string).or(unseen);
    }

    /// Schedules what a pass has left. Only what is open or failed waits; changes do not.
    fn plan_ahead(&mut self, report: Report) -> Result<(), Fatal> {
        let now = clock::now();
        // A folder that was new to the walks of this pass is not new to the next ones: nothing less than the whole is
        // sure.
        let again = report.extent.whole();
        self.retries.clone_from(&report.retries);
        match &report.fatal {
            // Nothing but a new start looks at the store's file again.
            Some(Fatal::Store(error)) if !error.is_temporary() => {
                return Err(report.fatal.unwrap_or(Fatal::Stopped));
            }
            Some(Fatal::Stopped) => self.agenda.again(again, now),
            Some(_) => self.agenda.failed(again, now, &mut self.rng),
            None if report.is_open() => {
                self.agenda.reached(report.changed() > 0);
                self.agenda.retry(Extent::Full, report.not_before, now, &mut self.rng);
            }
            // Whether they become ready only another list tells.
            None if report.is_any_unready => {
                self.agenda.reached(report.changed() > 0);
                self.agenda.retry(Extent::Full, Some(now + JOB_TIMEOUT), now, &mut self.rng);
            }
            None => self.agenda.succeeded(report.full),
        }
        if let Some(left) = report.settling {
            let rhythm = &self.config.rhythm;
            self.agenda.again(Extent::Part(report.unsettled), now + left.max(rhythm.debounce));
        }
        // Nobody tells when it can be read.
        let unreadable: BTreeSet<_> =
            report.unreadable.into_iter().map(|failure| failure.document.collection).collect();
        if self.config.rhythm.watch && !unreadable.is_empty() {
            self.agenda.again(Extent::folders(unreadable), now + self.config.rhythm.poll);
        }
        Ok(())
    }

    /// Says what it is at to everyone who asks: systemd, and through the store the endpoint and `kbsync status`.
    async fn tell(&mut self, doing: &str) -> Result<(), Fatal> {
        doing.clone_into(&mut self.note.doing);
        self.note.progress = None;
        self.note.collections = self.watches.ways();
        self.note.next = self.agenda.next_full().map(Zoned::timestamp);
        self.agenda.poll(self.watches.polled(), clock::now());
        Ok(self.note.publish(&self.store, &mut self.kept).await?)
    }

    /// Writes what only those who ask want to know: for that a full or locked disk is no reason to end.
    async fn keep(
        &mut self,
        work: impl FnOnce(&mut Db) -> Result<(), StoreError> + Send + 'static,
    ) -> Result<(), Fatal> {
        match self.store.call(work).await {
            Err(error) if error.is_temporary() => Ok(()),
            done => done.map_err(Fatal::Store),
        }
    }
}

/// Where somebody has written to the store: a person who approved deletions, or wants failed documents tried again.
async fn heed_person(store: &Store, version: &mut i64, config: &Config, agenda: &mut Agenda) -> Result<(), StoreError> {
    let now = store.call(|db| db.data_version()).await?;
    if now == *version {
        return Ok(());
    }
    let approved = store.call(|db| db.approvals()).await?;
    let stays = |name: &String| config.collections.iter().any(|one| one.name.as_str() == name);
    if !approved.keys().all(stays) || store.call(|db| db.has_approved_strays()).await? {
        agenda.full();
    }
    agenda.again(Extent::folders(config.collections.iter().map(|c| c.name.clone())), clock::now());
    agenda.hurry();
    *version = now;
    Ok(())
}

/// What is to be done by a config, beginning now.
fn agenda(config: &Config, rng: &mut StdRng) -> Agenda {
    let verification = config.verify.schedule.as_ref();
    Agenda::new(config.rhythm.clone(), &config.collections, verification, Zoned::now(), rng)
}

/// Reads the config again. Of a bad one the reason is noted.
fn reload<H: Host>(host: &H, before: &Config, note: &mut Note) -> Option<Config> {
    systemd::reloading();
    match host.load(before) {
        Ok(config) => {
            note.config_error = None;
            Some(config)
        }
        Err(reason) => {
            refuse(reason, note);
            systemd::ready();
            None
        }
    }
}

fn refuse(reason: String, note: &mut Note) {
    let first = reason.lines().next().unwrap_or_default();
    tracing::error!("the config was changed and is refused; the one before stays in use: {first}");
    note.config_error = Some(reason);
}
