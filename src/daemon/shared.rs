//! What the daemon's loop and its endpoint share.

use std::{
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use super::{metrics::Metrics, systemd};
use crate::{config::Config, model::Moment, platform::clock};

/// A loop that is silent for longer hangs: a pass says something whenever it does something.
const SILENCE: Duration = Duration::from_secs(20 * 60);

/// What the daemon's loop and its endpoint share.
#[derive(Debug)]
pub struct Shared {
    config: RwLock<Arc<Config>>,
    metrics: Arc<Metrics>,
    last_beat: AtomicU64,
}

impl Shared {
    /// For a loop that begins now.
    pub fn new(config: Arc<Config>, metrics: Arc<Metrics>) -> Self {
        let shared = Self { config: RwLock::new(config), metrics, last_beat: AtomicU64::new(0) };
        shared.beat();
        shared
    }

    /// The config that is in use.
    pub fn config(&self) -> Arc<Config> {
        Arc::clone(&self.config.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Another config is in use from now on.
    pub fn use_config(&self, config: Arc<Config>) {
        *self.config.write().unwrap_or_else(PoisonError::into_inner) = config;
    }

    /// What is counted.
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// The loop lives.
    pub fn beat(&self) {
        self.last_beat.store(clock::now().0, Ordering::Relaxed);
    }

    /// Whether the loop has said so lately.
    pub fn alive(&self, now: Moment) -> bool {
        self.silent_for(now) <= SILENCE
    }

    /// systemd hears of it as long as there is progress: a pass that hangs is not kept alive by a clock.
    pub(super) fn show_life(&self) {
        if self.alive(clock::now()) {
            systemd::watchdog();
        }
    }

    pub(super) fn silent_for(&self, now: Moment) -> Duration {
        now.since(Moment(self.last_beat.load(Ordering::Relaxed)))
    }
}
