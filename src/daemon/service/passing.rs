//! Runs one pass while handling signals and changes. A pass is interrupted by what is more urgent, and resumed afterwards.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use rand::{RngExt, rngs::StdRng};
use tokio::{
    sync::watch,
    time::{Interval, MissedTickBehavior},
};

use super::{Host, Service, TICK, heed_person, reload};
use crate::{
    daemon::{
        log::{log_event, log_standing},
        signals::{Signal, Signals},
        systemd,
    },
    model::Moment,
    platform::clock,
    reconcile::{self, Earlier, Event, Extent, GONE_APART, JOB_TIMEOUT, Machine, PAUSE_AFTER, Report, Scope, Tracker},
};

/// For how long a pass is not interrupted after it began. Each time that it got nowhere the next part has twice as long, so
/// that every pass comes to its end.
const SLICE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(120));

/// How often a pass logs how far it is.
const LOG_EVERY: Duration = Duration::from_secs(60);

/// The name of a look at pages: what was asked under it is not asked again.
pub(super) fn look_name(rng: &mut StdRng) -> String {
    format!("{:08x}", rng.random::<u32>())
}

/// What is left of a pass that was interrupted.
#[derive(Debug)]
pub(super) struct Interrupted {
    pub(super) extent: Extent,
    /// What it has done so far.
    report: Report,
    tracker: Tracker,
    slice: Duration,
}

/// One pass, or a part of it.
pub(super) struct Part {
    /// How far it reaches.
    pub(super) extent: Extent,
    /// What an interrupted pass has left, where this resumes it.
    report: Option<Report>,
    tracker: Tracker,
    slice: Duration,
}

impl Part {
    pub(super) fn new(extent: Extent) -> Self {
        Self { extent, report: None, tracker: Tracker::default(), slice: SLICE.0 }
    }

    /// Resumes an interrupted pass.
    pub(super) fn resumed(interrupted: Interrupted) -> Self {
        let Interrupted { extent, report, tracker, slice } = interrupted;
        Self { extent, report: Some(report), tracker, slice }
    }
}

impl<H: Host> Service<H> {
    /// Plans a pass over the collections whose documents are due again that failed by no fault of their own.
    pub(super) fn retry_due(&mut self, now: Moment) {
        let due: BTreeSet<_> = self.retries.extract_if(.., |_, at| *at <= now).map(|(name, _)| name).collect();
        if !due.is_empty() {
            self.agenda.again(Extent::folders(due), now);
        }
    }

    /// Makes a pass, and handles signals and changes meanwhile. Gives the report where it was not interrupted; what is left
    /// of one that was is noted.
    pub(super) async fn reconcile(
        &mut self,
        part: Part,
        stop: &mut watch::Receiver<bool>,
        signals: &mut Signals,
    ) -> (Report, bool) {
        let Part { extent, report: before, tracker, slice } = part;
        let (full, began) = (extent == Extent::Full, clock::now());
        let listed = before.as_ref().is_some_and(|report| report.listed);
        let urgent = before.as_ref().map(|report| report.urgent.clone()).unwrap_or_default();
        let (scope, shared) = (self.scope(extent, Earlier { listed, urgent }), Arc::clone(&self.shared));
        let (tracker, mut logged) = (Mutex::new(tracker), began);
        let (progress, following) = (AtomicBool::new(false), AtomicBool::new(false));
        let (stop_pass, stopped) = watch::channel(false);
        let mut interrupted = false;
        let event = |event: Event| {
            match &event {
                Event::Uploaded { .. } | Event::Done { .. } => progress.store(true, Ordering::Relaxed),
                Event::Following { .. } => following.store(true, Ordering::Relaxed),
                _ => {}
            }
            shared.beat();
            shared.metrics().event(&event);
            lock(&tracker).take(&event, clock::now());
            log_event(&event);
        };
        let mut pass = Box::pin(reconcile::pass(&self.platform, &self.store, &scope, stopped, &event));
        let mut ticks = ticks();
        let mut report = loop {
            let urgent = self.agenda.next_urgent().map(|due| due.max(began + slice));
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop), if !*stop_pass.borrow() => {
                    tracing::info!("stopping: what is in flight may end (at most 10 s)");
                    stop_pass.send_replace(true);
                }
                report = &mut pass => break report,
                signal = signals.next() => match signal {
                    Signal::Full => self.agenda.full(),
                    Signal::Reload => {
                        self.next_config = reload(&self.host, &self.config, &mut self.note);
                        // What is left of this pass is for the next one, which goes by the new config.
                        stop_pass.send_if_modified(|stop| !*stop && { *stop = self.next_config.is_some(); *stop });
                    }
                },
                () = self.watches.woken.notified() => {
                    self.watches.take().into_iter().for_each(|(name, wake)| self.agenda.woke(name, wake, clock::now()));
                }
                () = sleep_until(urgent), if !*stop_pass.borrow() => {
                    interrupted = true;
                    stop_pass.send_replace(true);
                }
                _ = ticks.tick() => {
                    shared.show_life();
                    self.watches.check();
                    let now = clock::now();
                    self.agenda.tick(now, &jiff::Zoned::now(), &mut self.rng);
                    // A store that fails is for the pass to notice.
                    let _ = heed_person(&self.store, &mut self.version, &self.config, &mut self.agenda).await;
                    self.watches.take().into_iter().for_each(|(name, wake)| self.agenda.woke(name, wake, now));
                    let standing = lock(&tracker).at(now);
                    if let Some(standing) = standing {
                        self.note.doing = format!("syncing: {standing}");
                        self.note.progress = Some(standing);
                        if now.since(logged) >= LOG_EVERY {
                            logged = now;
                            log_standing(&standing);
                        }
                        let _ = self.note.publish(&self.store, &mut self.kept).await;
                    }
                    // Jobs go on by themselves, and any other pass follows them as well.
                    let other_work = self.interrupted.is_some() || self.agenda.next().is_some_and(|due| due <= now);
                    if following.load(Ordering::Relaxed) && other_work && now.since(began) >= slice {
                        interrupted |= !stop_pass.send_replace(true);
                    }
                }
            }
        };
        drop(pass);
        // It may have ended in the same moment.
        interrupted &= matches!(report.fatal, Some(reconcile::Fatal::Stopped));
        if let Some(before) = before {
            report.continues(before);
        }
        if interrupted {
            let progress = progress.load(Ordering::Relaxed) || report.listed && !listed;
            let slice = if progress { SLICE.0 } else { (slice * 2).min(SLICE.1) };
            let mut tracker = lock(&tracker).clone();
            tracker.interrupt();
            self.set_aside(&mut report, tracker, full, slice);
        }
        (report, interrupted)
    }

    /// Notes what an interrupted pass has left, with what others have left before.
    fn set_aside(&mut self, report: &mut Report, tracker: Tracker, full: bool, slice: Duration) {
        tracing::debug!("the pass makes way for what is more urgent, and goes on afterwards");
        let mut left = std::mem::take(report);
        left.fatal = None;
        // What the next part must know of this one.
        report.deleted_of.clone_from(&left.deleted_of);
        report.fatal = Some(reconcile::Fatal::Stopped);
        let extent = if full { Extent::Full } else { left.extent.whole() };
        self.interrupted = Some(match self.interrupted.take() {
            None => Interrupted { extent, report: left, tracker, slice },
            Some(earlier) => {
                let listed = earlier.report.listed;
                left.continues(earlier.report);
                left.listed |= listed;
                let (extent, slice) = (earlier.extent.and(extent), earlier.slice.max(slice));
                Interrupted { extent, report: left, tracker: earlier.tracker, slice }
            }
        });
    }

    fn scope(&self, extent: Extent, earlier: Earlier) -> Scope {
        Scope {
            instance: self.config.instance.clone(),
            collections: self.config.collections.clone(),
            chatbots: self.config.chatbots.clone(),
            policy: self.config.sync.clone(),
            job_timeout: JOB_TIMEOUT,
            // Others need not wait for a file that is being written, or an answer that was lost.
            patience: Duration::ZERO,
            reader: self.reader.clone(),
            pause_after: PAUSE_AFTER,
            gone_apart: GONE_APART,
            phrases: self.config.verify.is_used(),
            look: Some(self.look.clone()),
            extent,
            earlier,
            watches: self.watches.for_walks(),
            deleted: self.deleted.clone(),
            machine: Machine::default(),
        }
    }
}

/// Whatever panicked, the numbers are sound.
fn lock(tracker: &Mutex<Tracker>) -> MutexGuard<'_, Tracker> {
    tracker.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Sleeps until then; for ever without a time.
async fn sleep_until(at: Option<Moment>) {
    match at {
        Some(at) => tokio::time::sleep(at.since(clock::now())).await,
        None => std::future::pending().await,
    }
}

/// How often the loop looks around, and a pass shows that it lives.
pub(super) fn ticks() -> Interval {
    let mut ticks = tokio::time::interval(systemd::watchdog_interval().map_or(TICK, |due| due.min(TICK)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}
