//! A verification as the service makes it: between passes, by a schedule of its own.

use std::{collections::BTreeSet, pin::pin};

use jiff::Zoned;
use tokio::sync::watch;

use super::{Host, Service, passing::ticks, reload};
use crate::{
    daemon::signals::{Signal, Signals},
    platform::clock,
    reconcile::Fatal,
    verify::{self, Check, Halt, Outcome, Scope, Subject, Verification},
};

/// What failed in the last verification, so that it is not logged again and again.
#[derive(Debug, Default)]
pub(super) struct Unproven {
    failed: BTreeSet<String>,
    halted: Option<String>,
    /// How often the verification that waits has given way to a pass.
    gave_way: u8,
}

/// A verification gives way to passes so often; then it comes to its end.
const GIVES_WAY: u8 = 3;

impl<H: Host> Service<H> {
    /// Makes a verification, and hears signals meanwhile. A pass that is due and a new config end it. Then it begins anew
    /// after them, where the config still has something to ask.
    pub(super) async fn verify(
        &mut self,
        stop: &mut watch::Receiver<bool>,
        signals: &mut Signals,
    ) -> Result<(), Fatal> {
        self.tell("a verification").await?;
        tracing::info!("a verification begins");
        let verification = self.asked(stop, signals).await;
        if let Some(verification) = verification {
            self.unproven.log(&verification);
            let is_stopped = matches!(verification.halt, Some(Halt::Stopped));
            self.keep(move |db| verification.keep(db)).await?;
            self.use_next_config().await;
            let wanted = &self.config.verify;
            if !is_stopped {
                self.unproven.gave_way = 0;
            } else if wanted.schedule.is_some() && wanted.is_used() {
                self.agenda.verify();
            }
        }
        self.tell("watching").await
    }

    /// Asks; `None` where nobody can be asked.
    async fn asked(&mut self, stop: &mut watch::Receiver<bool>, signals: &mut Signals) -> Option<Verification> {
        let assistant = self.host.assistant(&self.platform)?;
        let (config, shared) = (&self.config, &self.shared);
        let scope = Scope { config, sample: config.verify.sample, extractor: self.reader.extractor() };
        let (stop_asking, stopped) = watch::channel(false);
        let seen = |_: &Check| shared.beat();
        let mut verifying = pin!(verify::verify(assistant, &scope, stopped, &seen));
        let mut ticks = ticks();
        loop {
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop), if !*stop_asking.borrow() => {
                    tracing::info!("stopping: what is in flight may end (at most 10 s)");
                    stop_asking.send_replace(true);
                }
                verification = &mut verifying => return Some(verification),
                signal = signals.next() => match signal {
                    Signal::Full => self.agenda.full(),
                    Signal::Reload => {
                        self.next_config = reload(&self.host, config, &mut self.note);
                        stop_asking.send_if_modified(|stop| !*stop && { *stop = self.next_config.is_some(); *stop });
                    }
                },
                _ = ticks.tick() => {
                    shared.show_life();
                    let now = clock::now();
                    for (collection, wake) in self.watches.take() {
                        self.agenda.woke(collection, wake, now);
                    }
                    self.agenda.tick(now, &Zoned::now(), &mut self.rng);
                    let waits = self.agenda.next().is_some_and(|due| due <= now);
                    if waits && self.unproven.gave_way < GIVES_WAY && !stop_asking.send_replace(true) {
                        self.unproven.gave_way += 1;
                        tracing::info!("the verification gives way to a pass, and starts again afterwards");
                    }
                }
            }
        }
    }
}

impl Unproven {
    /// Logs what is news: each failure once, and that all is well again.
    fn log(&mut self, verification: &Verification) {
        for warning in &verification.warnings {
            tracing::warn!("{warning}");
        }
        match &verification.halt {
            Some(Halt::Stopped) => return,
            Some(halt) => {
                let halt = halt.to_string();
                if self.halted.as_ref() != Some(&halt) {
                    tracing::warn!("the verification did not come to its end: {halt}");
                }
                self.halted = Some(halt);
                return;
            }
            None => self.halted = None,
        }
        let before = self.failed.clone();
        for check in verification.checks.iter().filter(|check| check.was_made()) {
            self.failed.remove(&check.subject.to_string());
            if matches!(check.subject, Subject::Sample(_)) {
                self.failed.remove(&Subject::Nothing.to_string());
            }
        }
        for check in &verification.checks {
            let Outcome::Failed(reason) = &check.outcome else { continue };
            let (kind, what) = (check.subject.kind(), check.subject.to_string());
            if !before.contains(&what) {
                tracing::warn!(kind, what, reason, "not answered as it should be");
            }
            self.failed.insert(what);
        }
        let checks = verification.record().checks;
        if !before.is_empty() && self.failed.is_empty() {
            tracing::info!(checks, "all is answered as it should be again");
        } else {
            tracing::info!(checks, failed = self.failed.len(), "the verification has ended");
        }
    }
}
