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
/// A header that is not an order to wait holds requests back no longer than this. What is spent for longer is answered with
/// a 429 then, which counts.
const LONGEST_SPENT: Duration = Duration::from_secs(60);
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

/// Nothing is sent any more: the platform stayed down for longer than a pass waits.
pub(super) struct GivenUp;

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
    /// Whether an answer after that said the same: a budget that is renewed is not spent again by one request.
    is_always_spent: bool,
    /// When the pause after the last 429 ends.
    refused_until: Moment,
    /// How many pauses in a row were followed by another 429.
    refused_in_a_row: u32,
    waiting: BTreeSet<(Class, u64)>,
    arrivals: u64,
    rng: StdRng,
}

impl State {
    /// The pause that a 429 asks for by what is left of the budget.
    fn renewed_after(&self, told: Told) -> Option<Duration> {
        told.spent_for.map(|spent| spent.min(self.pacer.limit().window.max(LONGEST_SPENT)))
    }

    /// An answer says how much of the budget is left. One that was given all the same contradicts that nothing is left.
    fn heed_spent(&mut self, told: Told, now: Moment) {
        let Some(spent) = told.spent_for else {
            (self.is_always_spent, self.spent_until) = (false, Moment::default());
            return;
        };
        // Those that were under way together are told the same.
        self.is_always_spent |= self.spent_until > Moment::default() && now >= self.spent_until;
        let until = now + spent.min(LONGEST_SPENT);
        if !self.is_always_spent && self.pacer.spent(now, until, told.quota) {
            self.spent_until = until;
        }
    }
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
    GiveUp,
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
            is_always_spent: false,
            refused_until: Moment::default(),
            refused_in_a_row: 0,
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

    /// Waits for leave. `Err` where a pass does not wait any longer.
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
                Wait::GiveUp => return Err(GivenUp),
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
            return Wait::GiveUp;
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
            state.refused_in_a_row = 0;
            state.heed_spent(told, now);
            if let Some(limit) = told.limit {
                state.pacer.learn(limit);
            }
        });
    }

    /// The platform failed, or did not answer; with the pause that holds for every request.
    pub(super) fn failed(&self, ticket: Ticket, pause: Option<Duration>, document: Option<u64>) {
        self.settle(ticket, |state, now| {
            state.pacer.answered(ticket, now);
            if let Some(pause) = pause {
                state.pacer.pause(now + pause);
            }
            let probe = state.probing == Some(ticket);
            state.breaker.failed(now, probe, document);
        });
    }

    /// A 429: pauses the key, for at least as long as 429s in a row ask for. `Err` with the wait when it is longer than a
    /// pass waits.
    pub(super) fn refused(&self, ticket: Ticket, told: Told, backoff: &Backoff) -> Result<(), String> {
        let mut asked = None;
        self.settle(ticket, |state, now| {
            asked = told.retry_after.or_else(|| state.renewed_after(told));
            (state.is_always_spent, state.spent_until) = (false, Moment::default());
            // Those that were under way together are refused together.
            if now >= state.refused_until {
                state.refused_in_a_row += 1;
            }
            let attempt = state.refused_in_a_row.saturating_sub(1);
            let least = backoff.delay_at_least_half(attempt, &mut state.rng);
            let asked = asked.map_or(least, |asked| asked.saturating_add(least.min(asked / 10)));
            let pause = asked.max(least).min(LONGEST_PAUSE);
            state.refused_until = now + pause;
            state.pacer.refused(ticket, now, pause);
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
mod tests;
