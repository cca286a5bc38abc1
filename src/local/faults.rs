//! Faults on demand: what a platform and a network do on bad days, driven by tests.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::odd::Odd;

/// One thing that goes wrong with one request.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// The connection is cut; the work is not done.
    LostBefore,
    /// The work is done; the connection is cut without an answer.
    LostAfter,
    /// This status is answered; the work is not done.
    Status(u16),
    /// The work is done; this status is answered.
    StatusAfter(u16),
    /// A change is read as one of nothing: it is answered, and not done.
    Ignored,
    /// 429, with these seconds in `Retry-After` or without the header; the work is not done.
    TooMany {
        /// Seconds for `Retry-After`.
        retry_after: Option<u64>,
    },
    /// The work begins this much later.
    Slow(Duration),
    /// The work is done; the connection is cut in the middle of the answer's body.
    CutBody,
    /// The work is done; the answer's body is not JSON.
    GarbageBody,
    /// The work is done; where the answer tells of a new source, its id is that of the oldest other one, if there is any.
    OldId,
    /// The job that this upload starts fails for this reason.
    JobFails(String),
    /// The job that this upload starts is done, but its status is answered 404.
    JobForgotten,
    /// The job that this upload starts never ends, not even after a restart with the same faults.
    JobStalls,
    /// The connection is cut now; the work is done this much later.
    LateEffect(Duration),
    /// A firewall answers this status, with a page of its own, to a request that holds this text.
    Blocked(u16, &'static str),
    /// The work is done, and told in an odd way.
    Odd(Odd),
}

/// What goes wrong with one job.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum JobFault {
    Fails(String),
    Forgotten,
    Stalls,
}

impl Fault {
    /// The fault of the job that a request starts, where it is one.
    pub(super) fn of_job(&self) -> Option<JobFault> {
        match self {
            Self::JobFails(reason) => Some(JobFault::Fails(reason.clone())),
            Self::JobForgotten => Some(JobFault::Forgotten),
            Self::JobStalls => Some(JobFault::Stalls),
            Self::LostBefore
            | Self::LostAfter
            | Self::Status(_)
            | Self::StatusAfter(_)
            | Self::Ignored
            | Self::TooMany { .. }
            | Self::Slow(_)
            | Self::CutBody
            | Self::GarbageBody
            | Self::OldId
            | Self::LateEffect(_)
            | Self::Blocked(..)
            | Self::Odd(_) => None,
        }
    }
}

/// Decides what goes wrong. Clones drive the same faults; the default is none.
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    rules: Vec<Rule>,
    dice: Option<Dice>,
    jobs: HashMap<String, JobFault>,
}

#[derive(Debug)]
struct Rule {
    method: String,
    prefix: String,
    fault: Fault,
    once: bool,
}

#[derive(Debug)]
struct Dice {
    rng: StdRng,
    probability: f64,
    menu: Vec<Fault>,
}

impl Faults {
    /// The next request with this method (`*` for any), whose path after `/api/v1` or `/v1` begins with
    /// `route_prefix`, meets `fault`. Rules are tried in the order in which they were given.
    pub fn once(&self, method: &str, route_prefix: &str, fault: Fault) {
        self.rule(method, route_prefix, fault, true);
    }

    /// Like [`Faults::once`], for every such request until [`Faults::clear`].
    pub fn always(&self, method: &str, route_prefix: &str, fault: Fault) {
        self.rule(method, route_prefix, fault, false);
    }

    /// Each request meets a fault of `menu` with this probability (0 to 1), unless a rule speaks for it. The same
    /// seed and the same sequence of requests give the same faults. A job's fault does nothing to a request that
    /// starts no job.
    pub fn random(&self, seed: u64, probability: f64, menu: Vec<Fault>) {
        let rng = StdRng::seed_from_u64(seed);
        self.lock().dice = Some(Dice { rng, probability: probability.clamp(0.0, 1.0), menu });
    }

    /// No request meets a fault from now on. Jobs that have met one keep it.
    pub fn clear(&self) {
        let mut state = self.lock();
        state.rules.clear();
        state.dice = None;
    }

    /// The fault that this request meets.
    pub(super) fn draw(&self, method: &str, path: &str) -> Option<Fault> {
        let mut state = self.lock();
        // The dice roll for every request, so that rules do not shift what the seed gives to later ones.
        let rolled = state.dice.as_mut().and_then(Dice::roll);
        let matches = |rule: &Rule| (rule.method == "*" || rule.method == method) && path.starts_with(&rule.prefix);
        let Some(index) = state.rules.iter().position(matches) else { return rolled };
        if state.rules[index].once {
            Some(state.rules.remove(index).fault)
        } else {
            Some(state.rules[index].fault.clone())
        }
    }

    pub(super) fn afflict_job(&self, job_id: &str, fault: JobFault) {
        self.lock().jobs.insert(job_id.to_owned(), fault);
    }

    pub(super) fn of_job(&self, job_id: &str) -> Option<JobFault> {
        self.lock().jobs.get(job_id).cloned()
    }

    fn rule(&self, method: &str, prefix: &str, fault: Fault, once: bool) {
        let rule = Rule { method: method.to_owned(), prefix: prefix.to_owned(), fault, once };
        self.lock().rules.push(rule);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Dice {
    fn roll(&mut self) -> Option<Fault> {
        let hit = self.rng.random_bool(self.probability);
        let choice = self.rng.random_range(0..self.menu.len().max(1));
        if hit { self.menu.get(choice).cloned() } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_speak_in_order_and_once_is_once() {
        let faults = Faults::default();
        faults.once("POST", "/sources", Fault::LostAfter);
        faults.always("*", "/sources", Fault::Status(503));
        assert_eq!(faults.draw("GET", "/ingest/status/x"), None);
        assert_eq!(faults.draw("POST", "/sources"), Some(Fault::LostAfter));
        assert_eq!(faults.draw("POST", "/sources"), Some(Fault::Status(503)));
        assert_eq!(faults.draw("GET", "/sources/src_1"), Some(Fault::Status(503)));
        faults.clear();
        assert_eq!(faults.draw("POST", "/sources"), None);
    }

    #[test]
    fn the_same_seed_gives_the_same_faults_whatever_rules_say() {
        let menu = vec![Fault::LostBefore, Fault::LostAfter, Fault::Status(500), Fault::CutBody];
        let draws = |with_rule: bool| {
            let faults = Faults::default();
            faults.random(7, 0.3, menu.clone());
            if with_rule {
                faults.once("GET", "/sources", Fault::GarbageBody);
            }
            (0..200).map(|_| faults.draw("GET", "/sources")).collect::<Vec<_>>()
        };
        let plain = draws(false);
        assert_eq!(plain[1..], draws(true)[1..]);
        let hits = plain.iter().flatten().count();
        assert!((40..80).contains(&hits), "{hits} of 200");
    }
}
