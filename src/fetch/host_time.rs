//! Time that slow hosts cost a pass: budgets for each host and each collection, and the hosts that it waits for.

use std::{
    collections::{HashMap, HashSet},
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// How much time of a pass slow answers may cost.
#[derive(Clone, Copy, Debug)]
pub struct TimeBudget {
    /// What each answer may take that does not count.
    pub each: Duration,
    /// What those of one host may take beyond that: its lists, and as much again its pages.
    pub host: Duration,
    /// The same for all hosts of one collection together.
    pub collection: Duration,
    /// How long pages may be compared with the rules of their host's robots.txt.
    pub work: Duration,
    /// After how long a wait for a host is reported.
    pub report: Duration,
}

impl Default for TimeBudget {
    fn default() -> Self {
        let second = Duration::from_secs(1);
        // The largest honest site answers in time: what counts is time that a host keeps others waiting.
        Self { each: second * 5, host: second * 120, collection: second * 600, work: second * 30, report: second * 10 }
    }
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum FetchPurpose {
    Lists,
    Pages,
}

/// A host that a pass waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlowHost {
    /// The collection that needs it.
    pub collection: String,
    /// Its name.
    pub host: String,
    /// For how long so far.
    pub waited: Duration,
}

/// What slow hosts have cost in a pass.
#[derive(Debug, Default)]
pub struct HostTime {
    budget: TimeBudget,
    spent: Mutex<Spent>,
}

#[derive(Debug, Default)]
struct Spent {
    /// The pass, by its name.
    pass: String,
    /// Time beyond what does not count.
    by_host: HashMap<(FetchPurpose, String), Duration>,
    by_collection: HashMap<(FetchPurpose, String), Duration>,
    /// Time in which pages were compared with the rules of their host.
    work: HashMap<String, Duration>,
    /// The requests that are not answered yet, by their numbers: since when, the collection and the host.
    under_way: HashMap<u64, (Instant, String, String)>,
    last: u64,
    /// Collections and hosts that were reported.
    reported: HashSet<(String, String)>,
    /// Those that are to be.
    slow: Vec<SlowHost>,
}

impl HostTime {
    /// Nothing was spent yet.
    pub fn new(budget: TimeBudget) -> Self {
        Self { budget, spent: Mutex::default() }
    }

    /// Starts or resumes a pass.
    pub fn begin(&self, pass: &str) {
        let mut spent = self.lock();
        // A preview has no name.
        if pass.is_empty() || spent.pass != pass {
            // A request of an earlier pass may still end.
            let (under_way, last) = (mem::take(&mut spent.under_way), spent.last);
            *spent = Spent { pass: pass.to_owned(), under_way, last, ..Spent::default() };
        }
    }

    /// Hosts that a pass waits for longer than is expected, each once for each collection.
    pub fn take_slow(&self) -> Vec<SlowHost> {
        let (mut spent, now) = (self.lock(), Instant::now());
        let Spent { under_way, reported, slow, .. } = &mut *spent;
        for (since, collection, host) in under_way.values() {
            let waited = now - *since;
            if waited >= self.budget.report && reported.insert((collection.clone(), host.clone())) {
                slow.push(SlowHost { collection: collection.clone(), host: host.clone(), waited });
            }
        }
        mem::take(slow)
    }

    /// Whether a host, or a collection, has had its time.
    pub(super) fn is_spent(&self, purpose: FetchPurpose, collection: &str, host: &str) -> bool {
        let spent = self.lock();
        let of = |map: &HashMap<_, Duration>, name: &str| map.get(&(purpose, name.to_owned())).copied();
        of(&spent.by_host, host).is_some_and(|time| time > self.budget.host)
            || of(&spent.by_collection, collection).is_some_and(|time| time > self.budget.collection)
            || spent.work.get(host).is_some_and(|time| *time > self.budget.work)
    }

    /// Counts the time that a comparison of a page with the rules of its host took.
    pub(super) fn count_work(&self, host: &str, took: Duration) {
        *self.lock().work.entry(host.to_owned()).or_default() += took;
    }

    /// Starts to wait for a host.
    pub(super) fn wait(self: &Arc<Self>, purpose: FetchPurpose, collection: &str, host: &str) -> HostWait {
        let mut spent = self.lock();
        spent.last += 1;
        let id = spent.last;
        spent.under_way.insert(id, (Instant::now(), collection.to_owned(), host.to_owned()));
        HostWait { time: Arc::clone(self), purpose, id }
    }

    fn lock(&self) -> MutexGuard<'_, Spent> {
        self.spent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A wait for a host, until it is dropped.
#[derive(Debug)]
pub(super) struct HostWait {
    time: Arc<HostTime>,
    purpose: FetchPurpose,
    id: u64,
}

impl Drop for HostWait {
    fn drop(&mut self) {
        let mut spent = self.time.lock();
        let Some((since, collection, host)) = spent.under_way.remove(&self.id) else { return };
        let beyond = since.elapsed().saturating_sub(self.time.budget.each);
        if beyond.is_zero() {
            return;
        }
        *spent.by_collection.entry((self.purpose, collection.clone())).or_default() += beyond;
        let by_host = spent.by_host.entry((self.purpose, host.clone())).or_default();
        *by_host += beyond;
        let waited = *by_host;
        if waited >= self.time.budget.report && spent.reported.insert((collection.clone(), host.clone())) {
            spent.slow.push(SlowHost { collection, host, waited });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    async fn answer(time: &Arc<HostTime>, (purpose, collection, host): (FetchPurpose, &str, &str), seconds: u32) {
        let _wait = time.wait(purpose, collection, host);
        tokio::time::advance(SECOND * seconds).await;
    }

    fn reported(time: &HostTime) -> Vec<(String, u64)> {
        time.take_slow().into_iter().map(|slow| (slow.host, slow.waited.as_secs())).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn host__whose_answers_take_long__has_spent_its_time_for_the_pass() {
        let time = Arc::new(HostTime::default());
        time.begin("one");
        let of = (FetchPurpose::Pages, "c", "a.example");
        for (times, seconds, is_spent) in [(10_000, 5, false), (6, 25, false), (1, 6, true)] {
            for _ in 0..times {
                answer(&time, of, seconds).await;
            }
            assert_eq!(time.is_spent(of.0, of.1, of.2), is_spent, "{times} times {seconds} s");
        }
        assert!(
            !time.is_spent(FetchPurpose::Lists, "c", "a.example")
                && !time.is_spent(FetchPurpose::Pages, "c", "b.example")
        );
        assert!(time.is_spent(FetchPurpose::Pages, "another", "a.example"), "the host is the same");
        time.begin("one");
        assert!(time.is_spent(of.0, of.1, of.2), "another part of the pass");
        time.begin("two");
        assert!(!time.is_spent(of.0, of.1, of.2));
    }

    #[tokio::test(start_paused = true)]
    async fn collection__that_leads_to_many_slow_hosts__has_spent_its_time() {
        let time = Arc::new(HostTime::default());
        for n in 0..31 {
            assert!(!time.is_spent(FetchPurpose::Pages, "c", "next.example"), "{n}");
            answer(&time, (FetchPurpose::Pages, "c", &format!("{n}.example")), 25).await;
        }
        assert!(time.is_spent(FetchPurpose::Pages, "c", "next.example"));
        assert!(!time.is_spent(FetchPurpose::Pages, "another", "next.example"));
    }

    #[tokio::test(start_paused = true)]
    async fn slow_host__is_reported_once_for_each_collection_and_pass() {
        let time = Arc::new(HostTime::default());
        time.begin("one");
        let wait = time.wait(FetchPurpose::Lists, "c", "a.example");
        tokio::time::advance(SECOND * 9).await;
        assert_eq!(reported(&time), []);
        tokio::time::advance(SECOND).await;
        assert_eq!(reported(&time), [("a.example".to_owned(), 10)], "while it is waited for");
        tokio::time::advance(SECOND * 10).await;
        drop(wait);
        assert_eq!(reported(&time), []);
        for (seconds, expected) in [(9, 0), (9, 0), (8, 1), (9, 0)] {
            answer(&time, (FetchPurpose::Pages, "c", "b.example"), seconds).await;
            assert_eq!(reported(&time).len(), expected, "each is short of it, and together they are not");
        }
        time.begin("two");
        let _wait = time.wait(FetchPurpose::Lists, "c", "a.example");
        tokio::time::advance(SECOND * 10).await;
        assert_eq!(reported(&time).len(), 1);
    }
}
