//! One pass as the service makes it: signals are heard meanwhile, it shows that it lives, and a look at pages gives way to
//! what has changed here.

use std::{
    pin::pin,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use rand::{RngExt, rngs::StdRng};
use tokio::{
    sync::watch,
    time::{Interval, MissedTickBehavior},
};

use super::{Host, Service, TICK, reload};
use crate::{
    config::Input,
    daemon::{
        log::log_event,
        signals::{Signal, Signals},
        systemd,
    },
    platform::clock,
    reconcile::{self, Event, Extent, GONE_APART, JOB_TIMEOUT, Machine, Report, Scope},
};

/// A look at pages goes on for so long before it gives way, so that it comes to its end whatever else happens.
const SLICE: Duration = Duration::from_secs(10);

/// A look at pages that may be interrupted and taken up again.
#[derive(Debug)]
pub(super) struct PagesLook {
    /// Its name: what was asked under it is not asked again.
    name: String,
    /// What gave way, and is to be gone on with.
    set_back: Option<Extent>,
}

impl PagesLook {
    pub(super) fn new(rng: &mut StdRng) -> Self {
        Self { name: format!("{:08x}", rng.random::<u32>()), set_back: None }
    }
}

impl<H: Host> Service<H> {
    /// Makes a pass, and hears signals meanwhile.
    ///
    /// Gives whether it gave way.
    pub(super) async fn reconcile(
        &mut self,
        extent: Extent,
        stop: &mut watch::Receiver<bool>,
        signals: &mut Signals,
    ) -> (Report, bool) {
        let (may_give_way, began) = (extent != Extent::Full, clock::now());
        let (scope, shared) = (self.scope(extent), &self.shared);
        let at_pages = AtomicBool::new(false);
        let (stop_pass, stopped) = watch::channel(false);
        let mut gave_way = false;
        let event = |event: Event| {
            match &event {
                Event::Looking(name) => {
                    let of = scope.collections.iter().find(|collection| collection.name == *name);
                    at_pages.store(of.is_some_and(|of| matches!(of.input, Input::Pages(_))), Ordering::Relaxed);
                }
                Event::Planned { .. } => at_pages.store(false, Ordering::Relaxed),
                _ => {}
            }
            shared.beat();
            shared.metrics().event(&event);
            log_event(&event);
        };
        let mut pass = pin!(reconcile::pass(&self.platform, &self.store, &scope, stopped, &event));
        let mut ticks = ticks();
        loop {
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop), if !*stop_pass.borrow() => {
                    tracing::info!("stopping: what is in flight may end (at most 10 s)");
                    stop_pass.send_replace(true);
                }
                report = &mut pass => return (report, gave_way),
                signal = signals.next() => match signal {
                    Signal::Full => self.agenda.full(),
                    Signal::Reload => {
                        self.next_config = reload(&self.host, &self.config, &mut self.note);
                        // What is left of this pass is for the next one, which goes by the new config.
                        stop_pass.send_if_modified(|stop| !*stop && { *stop = self.next_config.is_some(); *stop });
                    }
                },
                _ = ticks.tick() => {
                    shared.show_life();
                    let now = clock::now();
                    for (collection, wake) in self.watches.take() {
                        self.agenda.woke(collection, wake, now);
                    }
                    let waits = self.agenda.next().is_some_and(|due| due <= now);
                    if may_give_way && waits && at_pages.load(Ordering::Relaxed) && now.since(began) >= SLICE {
                        gave_way |= !stop_pass.send_replace(true);
                    }
                }
            }
        }
    }

    fn scope(&self, extent: Extent) -> Scope {
        Scope {
            instance: self.config.instance.clone(),
            collections: self.config.collections.clone(),
            chatbots: self.config.chatbots.clone(),
            policy: self.config.sync.clone(),
            job_timeout: JOB_TIMEOUT,
            // Others need not wait for a file that is being written, perhaps for ever.
            patience: Duration::ZERO,
            reader: self.reader.clone(),
            gone_apart: GONE_APART,
            phrases: self.config.verify.is_used(),
            look: Some(self.pages.name.clone()),
            extent,
            watches: self.watches.for_walks(),
            deleted: self.deleted.clone(),
            machine: Machine::default(),
        }
    }

    /// Notes what of a pass gave way, or takes it up again after a pass that did not.
    pub(super) fn take_turns(&mut self, full: bool, gave_way: bool, extent: Extent) {
        if gave_way {
            tracing::info!("the look at pages gives way to what has changed, and goes on afterwards");
            self.pages.set_back = Some(match (self.pages.set_back.take(), extent) {
                (Some(Extent::Part(mut before)), Extent::Part(now)) => {
                    before.extend(now);
                    Extent::Part(before)
                }
                (_, now) => now,
            });
            return;
        }
        if let Some(extent) = self.pages.set_back.take().filter(|_| !full) {
            self.agenda.again(extent, clock::now());
        } else {
            self.pages = PagesLook::new(&mut self.rng);
        }
    }
}

/// How often the loop looks around, and a pass shows that it lives.
pub(super) fn ticks() -> Interval {
    let mut ticks = tokio::time::interval(systemd::watchdog_interval().map_or(TICK, |due| due.min(TICK)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}
