//! The gate that every request passes: the pacer, the breaker and the retry budget of one key, with a clock.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rand::rngs::StdRng;
use tokio::sync::Notify;

use super::{clock::Clock, error::spoken, headers::Told};
use crate::{
    model::Moment,
    pace::{Backoff, Breaker, Gate as BreakerGate, Pacer, RetryBudget, Ticket, Turn},
};

/// A pause that the platform asks for is kept up to this; for longer ones the pass ends and is tried another time.
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(600);
/// The platform stayed down over so many openings of the breaker: the pass ends.
const PATIENCE: u32 = 2;

/// Keeps the pacer's stamps over restarts, and hears how every request ended.
pub trait Journal: Send + Sync {
    /// A request is about to be sent.
    fn sent(&self, ticket: Ticket, at: Moment);
    /// Its answer came, or was given up.
    fn answered(&self, ticket: Ticket, at: Moment);
    /// An attempt ended. The endpoint is a method and a path without ids, such as `GET /sources/{id}`; the outcome is
    /// the answer's class, `429`, or `none` where there was no answer that could be used.
    fn ended(&self, _endpoint: &str, _outcome: &'static str, _took: Duration) {}
}

/// What goes first when several requests wait; the order of the variants is the order of the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    /// Deletes, uploads into sources that were made, and polls of jobs, whose share of the rate their schedule limits.
    Finish,
    /// New sources, and everything that a person waits for.
    Begin,
}

/// A request's leave to go.
pub(super) enum Leave {
    /// Send it.
    Send(Ticket),
    /// Send a probe first; the breaker wants to know whether the platform is back.
    Probe(Ticket),
}

/// Why nothing is sent any more.
pub(super) enum GivenUp {
    /// The platform stayed down for longer than a pass waits.
    Failing,
    /// The budget is spent, and renewed after so long.
    Spent(Duration),
}

pub(super) struct Gate {
    state: Mutex<State>,
    changed: Notify,
    pub(super) journal: Box<dyn Journal>,
    clock: Arc<dyn Clock>,
}

struct State {
    pacer: Pacer,
    breaker: Breaker,
    budget: RetryBudget,
    /// The probe that is under way.
    probing: Option<Ticket>,
    /// When a budget that we have not spent alone is renewed.
    spent_until: Moment,
    waiting: BTreeSet<(Class, u64)>,
    arrivals: u64,
    rng: StdRng,
}

/// A place in the queue, given up when dropped.
struct Place<'a> {
    gate: &'a Gate,
    key: (Class, u64),
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.gate.lock().waiting.remove(&self.key);
        self.gate.changed.notify_waiters();
    }
}

enum Wait {
    Go(Leave, Ticket),
    Until(Moment),
    Change,
    GiveUp(GivenUp),
}

impl Gate {
    pub(super) fn new(
        pacer: Pacer,
        breaker: Breaker,
        journal: Box<dyn Journal>,
        clock: Arc<dyn Clock>,
        rng: StdRng,
    ) -> Self {
        let state = State {
            pacer,
            breaker,
            budget: RetryBudget::new(),
            probing: None,
            spent_until: Moment::default(),
            waiting: BTreeSet::new(),
            arrivals: 0,
            rng,
        };
        Self { state: Mutex::new(state), changed: Notify::new(), journal, clock }
    }

    /// Forgets that the platform was given up.
    pub(super) fn begin(&self) {
        self.lock().breaker.succeeded();
    }

    pub(super) fn gap(&self) -> Duration {
        self.lock().pacer.full_rate_gap()
    }

    /// The number of requests that wait for their turn.
    pub(super) fn queued(&self) -> usize {
        self.lock().waiting.len()
    }

    /// Waits for leave. `Err` says why a pass does not wait any longer.
    pub(super) async fn leave(&self, class: Class) -> Result<Leave, GivenUp> {
        let place = self.enter(class);
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            match self.look(&place) {
                Wait::Go(leave, ticket) => {
                    self.journal.sent(ticket, self.clock.now());
                    return Ok(leave);
                }
                Wait::GiveUp(why) => return Err(why),
                Wait::Change => changed.await,
                Wait::Until(at) => {
                    tokio::select! {
                        biased;
                        () = changed => {}
                        () = tokio::time::sleep(at.since(self.clock.now())) => {}
                    }
                }
            }
        }
    }

    fn enter(&self, class: Class) -> Place<'_> {
        let mut state = self.lock();
        state.arrivals += 1;
        let key = (class, state.arrivals);
        state.waiting.insert(key);
        Place { gate: self, key }
    }

    fn look(&self, place: &Place<'_>) -> Wait {
        let mut state = self.lock();
        let now = self.clock.now();
        if state.breaker.openings() >= PATIENCE {
            return Wait::GiveUp(GivenUp::Failing);
        }
        let renewed = state.spent_until.since(now);
        if renewed > LONGEST_PAUSE {
            return Wait::GiveUp(GivenUp::Spent(renewed));
        }
        if state.waiting.first() != Some(&place.key) {
            return Wait::Change;
        }
        let probe = match state.breaker.gate(now) {
            BreakerGate::Open(until) => return Wait::Until(until),
            BreakerGate::Probe if state.probing.is_some() => return Wait::Change,
            BreakerGate::Probe => true,
            BreakerGate::Closed => false,
        };
        match state.pacer.turn(now) {
            Turn::Go(ticket) => {
                state.probing = probe.then_some(ticket);
                Wait::Go(if probe { Leave::Probe(ticket) } else { Leave::Send(ticket) }, ticket)
            }
            Turn::At(at) => Wait::Until(at),
            Turn::AfterAnswer => Wait::Change,
        }
    }

    /// The platform answered, well or badly, and not with a 429.
    pub(super) fn answered(&self, ticket: Ticket, told: Told) {
        self.settle(ticket, |state, now| {
            state.pacer.answered(ticket, now);
            state.breaker.succeeded();
            state.budget.earn();
            if let Some(until) = told.spent_for.map(|spent| now + spent)
                && state.pacer.spent(now, until, told.quota)
            {
                state.spent_until = until;
            }
            if let Some(limit) = told.limit {
                state.pacer.learn(limit);
            }
        });
    }

    /// The platform failed, or did not answer.
    pub(super) fn failed(&self, ticket: Ticket) {
        self.settle(ticket, |state, now| {
            state.pacer.answered(ticket, now);
            let probe = state.probing == Some(ticket);
            state.breaker.failed(now, probe);
        });
    }

    /// A 429: pauses the key. `Err` with the wait when it is longer than a pass waits.
    pub(super) fn refused(&self, ticket: Ticket, told: Told, backoff: &Backoff) -> Result<(), String> {
        let asked = told.retry_after.or(told.spent_for);
        self.settle(ticket, |state, now| {
            let attempt = state.pacer.refusals();
            let jitter = backoff.delay(attempt, &mut state.rng);
            let pause = asked.map_or(jitter, |asked| asked.saturating_add(jitter.min(asked / 10)));
            state.pacer.refused(ticket, now, pause.min(LONGEST_PAUSE));
            // It answers, if not with what was asked for.
            state.breaker.succeeded();
        });
        match asked {
            Some(asked) if asked > LONGEST_PAUSE => Err(spoken(asked)),
            _ => Ok(()),
        }
    }

    /// The wait before a retry; `None` when retries have used up their share.
    pub(super) fn retry_delay(&self, attempt: u32, backoff: &Backoff) -> Option<Duration> {
        let mut state = self.lock();
        state.budget.spend().then(|| backoff.delay(attempt, &mut state.rng))
    }

    fn settle(&self, ticket: Ticket, change: impl FnOnce(&mut State, Moment)) {
        let now = self.clock.now();
        self.journal.answered(ticket, now);
        let mut state = self.lock();
        change(&mut state, now);
        state.probing = state.probing.filter(|probe| *probe != ticket);
        drop(state);
        self.changed.notify_waiters();
    }

    /// A panic elsewhere while the lock was held leaves numbers that are still sound.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A ticket that is always stamped: a request whose future is dropped counts as answered then.
pub(super) struct InFlight<'a> {
    gate: &'a Gate,
    ticket: Option<Ticket>,
}

impl<'a> InFlight<'a> {
    pub(super) fn new(gate: &'a Gate, ticket: Ticket) -> Self {
        Self { gate, ticket: Some(ticket) }
    }

    /// The request ended; its ticket is to be settled by what it ended with.
    pub(super) fn ended(mut self) -> Option<Ticket> {
        self.ticket.take()
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            self.gate.settle(ticket, |state, now| state.pacer.answered(ticket, now));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finishing_goes_before_beginning() {
        assert!(Class::Finish < Class::Begin);
    }
}
