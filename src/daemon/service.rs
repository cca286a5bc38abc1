//! The loop: it waits for changes, times and signals, and makes one pass after another.

use std::{
    collections::{BTreeMap, BTreeSet},
    future::Future,
    pin::pin,
    sync::Arc,
    time::Duration,
};

use jiff::{Timestamp, Zoned};
use rand::rngs::StdRng;
use tokio::{sync::watch, time::MissedTickBehavior};

use super::{
    Note, Shared,
    agenda::Agenda,
    log::{Said, log_event, log_report},
    record::record,
    signals::{Signal, Signals},
    systemd,
    watches::Watches,
};
use crate::{
    config::Config,
    model::CollectionName,
    plan::Why,
    platform::{Platform, clock},
    reconcile::{self, Event, Extent, Fatal, JOB_TIMEOUT, Report, Scope},
    store::{Db, Store, StoreError},
};

/// How often the loop looks at clocks, mounts and the store while nothing happens, and says that it lives.
const TICK: Duration = Duration::from_secs(2);

/// What the service needs of the process that it lives in.
pub trait Host {
    /// The client that its passes use.
    type Platform: Platform;

    /// Reads the config again, and connects as it says. Neither is used yet.
    ///
    /// # Errors
    /// Why the config cannot be used, for people.
    fn reload(&self, before: &Config) -> impl Future<Output = Result<(Config, Self::Platform), String>>;
}

/// The service.
pub struct Service<H: Host> {
    host: H,
    config: Arc<Config>,
    platform: H::Platform,
    store: Arc<Store>,
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
    said: Said,
    /// Changes when others write to the store.
    version: i64,
    rng: StdRng,
    /// A config that takes effect when the pass that is under way has stopped.
    next_config: Option<(Config, H::Platform)>,
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
        shared: Arc<Shared>,
    ) -> Result<Self, StoreError> {
        let config = shared.config();
        let mut rng: StdRng = rand::make_rng();
        let mut watches = Watches::new(platform.accepted());
        watches.set(&config.collections, config.rhythm.watch).await;
        let agenda = Agenda::new(config.rhythm.clone(), &config.collections, Zoned::now(), &mut rng);
        let version = store.call(|db| db.data_version()).await?;
        Ok(Self {
            host,
            platform,
            store,
            shared,
            watches,
            agenda,
            note: Note::begun(Timestamp::now()),
            kept: None,
            deleted: BTreeMap::new(),
            unseen: BTreeMap::new(),
            said: Said::default(),
            version,
            rng,
            next_config: None,
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
        let forgotten = self.store.call(|db| db.forget_daemon()).await;
        ended.and(forgotten.map_err(Fatal::Store))
    }

    async fn serve(&mut self, stop: &mut watch::Receiver<bool>, signals: &mut Signals) -> Result<(), Fatal> {
        let mut ticks = tokio::time::interval(systemd::watchdog_interval().map_or(TICK, |due| due.min(TICK)));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !*stop.borrow() {
            if let Some(extent) = self.agenda.take(clock::now()) {
                self.pass(extent, stop, signals).await?;
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
        self.watches.check().await;
        self.wake();
        self.agenda.tick(clock::now(), &Zoned::now(), &mut self.rng);
        let version = self.store.call(|db| db.data_version()).await?;
        if std::mem::replace(&mut self.version, version) != version {
            self.heed_person().await?;
        }
        self.shared.beat();
        sign_of_life(&self.shared);
        self.tell("watching").await
    }

    fn wake(&mut self) {
        for (collection, wake) in self.watches.take() {
            self.agenda.woke(collection, wake, clock::now());
        }
    }

    /// Somebody has written to the store: a person who approved deletions, or wants failed documents tried again.
    async fn heed_person(&mut self) -> Result<(), Fatal> {
        let approved = self.store.call(|db| db.approvals()).await?;
        let configured: BTreeSet<&str> = self.config.collections.iter().map(|c| c.name.as_str()).collect();
        if approved.iter().any(|name| !configured.contains(name.as_str())) {
            self.agenda.full();
        }
        let everything = Extent::folders(self.config.collections.iter().map(|c| c.name.clone()));
        self.agenda.again(everything, clock::now());
        Ok(())
    }

    async fn heed(&mut self, signal: Signal) {
        match signal {
            Signal::Full => self.agenda.full(),
            Signal::Reload => {
                self.next_config = reload(&self.host, &self.config, &mut self.note).await;
                self.use_next_config().await;
            }
        }
    }

    async fn use_next_config(&mut self) {
        let Some((config, platform)) = self.next_config.take() else { return };
        let config = Arc::new(config);
        self.watches.set(&config.collections, config.rhythm.watch).await;
        self.agenda = Agenda::new(config.rhythm.clone(), &config.collections, Zoned::now(), &mut self.rng);
        self.shared.use_config(Arc::clone(&config));
        (self.config, self.platform) = (config, platform);
        tracing::info!(collections = self.config.collections.len(), "the config was read again");
        systemd::ready();
    }

    async fn pass(
        &mut self,
        extent: Extent,
        stop: &mut watch::Receiver<bool>,
        signals: &mut Signals,
    ) -> Result<(), Fatal> {
        let full = extent == Extent::Full;
        if full {
            self.watches.try_again().await;
        }
        self.tell(if full { "a full pass" } else { "a look at what changed" }).await?;
        let report = self.reconcile(extent.clone(), stop, signals).await;
        log_report(&report, !full, &mut self.said);
        self.shared.metrics().pass(if report.full { "full" } else { "partial" }, &report);
        self.conclude(extent, report).await?;
        self.use_next_config().await;
        self.tell("watching").await
    }

    /// Makes a pass, and hears signals meanwhile.
    async fn reconcile(&mut self, extent: Extent, stop: &mut watch::Receiver<bool>, signals: &mut Signals) -> Report {
        let (scope, shared) = (self.scope(extent), &self.shared);
        let (stop_pass, stopped) = watch::channel(false);
        let event = |event: Event| {
            shared.beat();
            shared.metrics().event(&event);
            log_event(&event);
        };
        let mut pass = pin!(reconcile::pass(&self.platform, &self.store, &scope, stopped, &event));
        let mut ticks = tokio::time::interval(TICK);
        loop {
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop), if !*stop_pass.borrow() => {
                    tracing::info!("stopping: what is in flight may end (at most 10 s)");
                    stop_pass.send_replace(true);
                }
                report = &mut pass => return report,
                signal = signals.next() => match signal {
                    Signal::Full => self.agenda.full(),
                    Signal::Reload => {
                        self.next_config = reload(&self.host, &self.config, &mut self.note).await;
                        // What is left of this pass is for the next one, which goes by the new config.
                        stop_pass.send_if_modified(|stop| !*stop && { *stop = self.next_config.is_some(); *stop });
                    }
                },
                _ = ticks.tick() => sign_of_life(shared),
            }
        }
    }

    fn scope(&self, extent: Extent) -> Scope {
        Scope {
            instance: self.config.instance.clone(),
            collections: self.config.collections.clone(),
            policy: self.config.sync.clone(),
            job_timeout: JOB_TIMEOUT,
            extent,
            watches: self.watches.for_walks(),
            deleted: self.deleted.clone(),
        }
    }

    /// What a pass means for the next ones, and for those who ask.
    async fn conclude(&mut self, extent: Extent, report: Report) -> Result<(), Fatal> {
        let now = clock::now();
        for collection in self.config.collections.iter().filter(|c| report.judged(c.name.as_str())) {
            let withheld = report.withheld.iter().find(|withheld| withheld.collection == collection.name);
            match withheld.map(|withheld| &withheld.why) {
                Some(Why::Unsure(reason)) => self.unseen.insert(collection.name.clone(), reason.clone()),
                _ => self.unseen.remove(&collection.name),
            };
        }
        self.deleted = if report.full && report.fatal.is_none() { BTreeMap::new() } else { report.deleted_of.clone() };
        self.note.ready = report.fatal.is_none() && (report.full || self.note.ready);
        let unseen = self.unseen.iter().map(|(name, reason)| format!("{name}: {reason}")).next();
        self.note.trouble = report.fatal.as_ref().map(Fatal::to_string).or(unseen);
        if report.full {
            let pass = record(&report);
            self.keep(move |db| db.note_pass(&pass)).await?;
        }
        // A folder that was new to the walk of this pass is not new to the next one: nothing less than the whole is sure.
        let extent = extent.whole();
        match report.fatal {
            // Nothing but a new start looks at the store's file again.
            Some(Fatal::Store(error)) if !matches!(error, StoreError::Full) => return Err(Fatal::Store(error)),
            Some(Fatal::Stopped) => self.agenda.again(extent, now),
            Some(_) => self.agenda.failed(extent, now, &mut self.rng),
            None if report.open || report.missing > 0 => self.agenda.failed(Extent::Full, now, &mut self.rng),
            None => self.agenda.succeeded(),
        }
        if let Some(left) = report.settling {
            self.agenda.again(Extent::folders(self.config.collections.iter().map(|c| c.name.clone())), now + left);
        }
        Ok(())
    }

    /// Says what it is at to everyone who asks: systemd, and through the store the endpoint and `kbsync status`.
    async fn tell(&mut self, doing: &str) -> Result<(), Fatal> {
        doing.clone_into(&mut self.note.doing);
        self.note.collections = self.watches.ways();
        self.note.next = self.agenda.next_full().map(Zoned::timestamp);
        self.agenda.poll(self.watches.polled(), clock::now());
        if self.kept.as_ref() == Some(&self.note) {
            return Ok(());
        }
        systemd::status(self.note.headline());
        let note = self.note.clone();
        self.kept = Some(note.clone());
        self.keep(move |db| note.keep(db)).await
    }

    /// Writes what only those who ask want to know: for that a full disk is no reason to end.
    async fn keep(
        &mut self,
        work: impl FnOnce(&mut Db) -> Result<(), StoreError> + Send + 'static,
    ) -> Result<(), Fatal> {
        match self.store.call(work).await {
            Err(StoreError::Full) => {
                self.kept = None;
                Ok(())
            }
            done => done.map_err(Fatal::Store),
        }
    }
}

/// systemd hears of it as long as there is progress: a pass that hangs is not kept alive by a clock.
fn sign_of_life(shared: &Shared) {
    if shared.alive(clock::now()) {
        systemd::watchdog();
    }
}

/// Reads the config again. Of a bad one the reason is noted.
async fn reload<H: Host>(host: &H, before: &Config, note: &mut Note) -> Option<(Config, H::Platform)> {
    systemd::reloading();
    match host.reload(before).await {
        Ok(next) => {
            note.config_error = None;
            Some(next)
        }
        Err(reason) => {
            let first = reason.lines().next().unwrap_or_default();
            tracing::error!("the config was changed and is refused; the one before stays in use: {first}");
            note.config_error = Some(reason);
            systemd::ready();
            None
        }
    }
}
