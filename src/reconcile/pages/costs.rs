//! What reading pages costs: content that is not read again soon, and a budget for each host and pass.

use std::{
    collections::HashMap,
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use sha2::{Digest, Sha256};

use crate::model::ContentHash;

/// Why a page is not read whose host has spent its budget.
pub(super) const SPENT: &str =
    "it was not read, for its host's pages cost too much to read in this pass; the next pass goes on";

/// How long the pages of one host may take to be read in a pass.
#[derive(Clone, Copy, Debug)]
pub struct HostBudget {
    /// What each page may take that does not count.
    pub each: Duration,
    /// What all of them may take beyond that.
    pub all: Duration,
}

impl Default for HostBudget {
    fn default() -> Self {
        // An honest page takes a few hundredths of a second, and a million of them are no reason to stop.
        Self { each: Duration::from_secs(1), all: Duration::from_secs(120) }
    }
}

/// What reading has cost.
#[derive(Debug, Default)]
pub(super) struct Costs {
    budget: HostBudget,
    so_far: Mutex<SoFar>,
}

#[derive(Debug, Default)]
struct SoFar {
    /// The pass that the time was spent in, by its name.
    pass: String,
    /// Time beyond what does not count, by the names of the hosts.
    spent: HashMap<String, Duration>,
    /// Why content could not be read, where the same would cost as much again.
    costly: HashMap<ContentHash, String>,
    /// The part of it that the store does not know yet.
    new: Vec<(ContentHash, String)>,
}

impl Costs {
    pub(super) fn new(budget: HostBudget) -> Self {
        Self { budget, so_far: Mutex::default() }
    }

    /// Starts or resumes a pass. `costly` is the content that the store remembers.
    pub(super) fn begin(&self, pass: &str, costly: HashMap<ContentHash, String>) {
        let mut so_far = self.lock();
        // A preview has no name.
        if pass.is_empty() || so_far.pass != pass {
            pass.clone_into(&mut so_far.pass);
            so_far.spent.clear();
        }
        so_far.costly = costly;
        let SoFar { costly, new, .. } = &mut *so_far;
        costly.extend(new.iter().cloned());
    }

    /// Counts the time that a page of a host took.
    pub(super) fn add(&self, host: &str, took: Duration) {
        let beyond = took.saturating_sub(self.budget.each);
        if !beyond.is_zero() {
            *self.lock().spent.entry(host.to_owned()).or_default() += beyond;
        }
    }

    /// Whether reading took so long that the same is not read again.
    pub(super) fn is_much(&self, took: Duration) -> bool {
        took > self.budget.each
    }

    /// Whether a host has spent its budget.
    pub(super) fn is_spent(&self, host: &str) -> bool {
        self.lock().spent.get(host).is_some_and(|spent| *spent > self.budget.all)
    }

    /// Why content could not be read before.
    pub(super) fn refusal(&self, content: ContentHash) -> Option<String> {
        self.lock().costly.get(&content).cloned()
    }

    /// Remembers why content could not be read.
    pub(super) fn remember(&self, content: ContentHash, reason: &str) {
        let mut so_far = self.lock();
        so_far.costly.insert(content, reason.to_owned());
        so_far.new.push((content, reason.to_owned()));
    }

    /// What the store is to remember.
    pub(super) fn take_new(&self) -> Vec<(ContentHash, String)> {
        mem::take(&mut self.lock().new)
    }

    fn lock(&self) -> MutexGuard<'_, SoFar> {
        self.so_far.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The hash by which content is remembered, with what else decides how it is read. Another version of kbsync may be able to
/// read it.
pub(super) fn hash_of(content: &[u8], besides: &[Option<&str>]) -> ContentHash {
    let version = concat!(env!("CARGO_PKG_VERSION"), "\n");
    let besides = besides.iter().fold(Sha256::new().chain_update(version), |hash, part| {
        hash.chain_update(part.unwrap_or_default()).chain_update("\n")
    });
    ContentHash(besides.chain_update(content).finalize().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host__whose_pages_take_long__has_spent_its_budget_for_the_pass() {
        let costs = Costs::new(HostBudget::default());
        costs.begin("one", HashMap::new());
        for (times, seconds, is_spent) in [(10_000, 1, false), (12, 11, false), (1, 2, true), (1, 0, true)] {
            (0..times).for_each(|_| costs.add("a.example", Duration::from_secs(seconds)));
            assert_eq!(costs.is_spent("a.example"), is_spent, "{times} times {seconds} s");
        }
        assert!(!costs.is_spent("b.example"));
        costs.begin("one", HashMap::new());
        assert!(costs.is_spent("a.example"), "another collection of the same pass");
        costs.begin("two", HashMap::new());
        assert!(!costs.is_spent("a.example"));
    }

    #[test]
    fn content__that_cost_too_much__is_remembered_until_the_store_forgets_it() {
        let costs = Costs::default();
        let (one, other) = (hash_of(b"one", &[]), hash_of(b"other", &[]));
        costs.begin("one", HashMap::from([(one, "known".to_owned())]));
        costs.remember(other, "new");
        assert_eq!((costs.refusal(one).as_deref(), costs.refusal(other).as_deref()), (Some("known"), Some("new")));
        costs.begin("two", HashMap::new());
        assert_eq!((costs.refusal(one), costs.refusal(other).as_deref()), (None, Some("new")), "it is not stored yet");
        assert_eq!(costs.take_new(), [(other, "new".to_owned())]);
        assert!(costs.take_new().is_empty());
    }
}
