//! What can be measured, as OpenMetrics text. What happens is counted as it happens; how things are is read from the
//! store whenever somebody asks. `docs/monitoring.md` explains every name.

use std::{
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use jiff::Timestamp;
use prometheus_client::{
    encoding::text::{encode_eof, encode_registry},
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
        info::Info,
    },
    registry::Registry,
};

use super::status::{Collection, Status};
use crate::{
    model::Moment,
    pace::Ticket,
    platform::Journal,
    reconcile::{Event, Outcome, Report},
};

/// The media type of the text.
pub const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

type Labels = Vec<(&'static str, String)>;
type Counters = Family<Labels, Counter>;
type Histograms = Family<Labels, Histogram, fn() -> Histogram>;

/// What is counted while the daemon runs.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    passes: Counters,
    pass_time: Histograms,
    actions: Counters,
    uploaded: Counter,
    job_time: Histograms,
    requests: Counters,
    request_time: Histograms,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Everything at zero.
    pub fn new() -> Self {
        let metrics = Self {
            registry: Registry::default(),
            passes: Family::default(),
            // One second to some hours.
            pass_time: Family::new_with_constructor(|| Histogram::new(exponential_buckets(1.0, 4.0, 8))),
            actions: Family::default(),
            uploaded: Counter::default(),
            // Half a second to a quarter of an hour.
            job_time: Family::new_with_constructor(|| Histogram::new(exponential_buckets(0.5, 2.0, 12))),
            requests: Family::default(),
            // Ten milliseconds to more than any answer may take.
            request_time: Family::new_with_constructor(|| Histogram::new(exponential_buckets(0.01, 3.0, 9))),
        };
        metrics.registered()
    }

    fn registered(mut self) -> Self {
        let registry = &mut self.registry;
        let version = Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("kbsync_build", "The version that runs", version);
        registry.register("kbsync_passes", "Passes that have ended", self.passes.clone());
        registry.register("kbsync_pass_duration_seconds", "How long passes took", self.pass_time.clone());
        registry.register("kbsync_actions", "What was done for documents", self.actions.clone());
        registry.register("kbsync_uploaded_bytes", "Bytes of documents that went up", self.uploaded.clone());
        let help = "The time from the upload of a document to the end of its job";
        registry.register("kbsync_job_duration_seconds", help, self.job_time.clone());
        registry.register("kbsync_requests", "Requests to the platform", self.requests.clone());
        let help = "How long the platform took to answer";
        registry.register("kbsync_request_duration_seconds", help, self.request_time.clone());
        self
    }

    /// Counts something that happened in a pass.
    pub fn event(&self, event: &Event) {
        match event {
            Event::Uploaded { bytes, .. } => {
                self.uploaded.inc_by(*bytes);
            }
            Event::JobEnded { took, ok } => {
                let outcome = if *ok { "ok" } else { "failed" };
                self.job_time.get_or_create(&vec![("outcome", outcome.to_owned())]).observe(took.as_secs_f64());
            }
            Event::Done { deed, .. } => {
                self.actions.get_or_create(&vec![("action", deed.as_str().to_owned())]).inc();
            }
            Event::Listing { .. }
            | Event::Looking(_)
            | Event::Planned { .. }
            | Event::Following { .. }
            | Event::Waiting(_)
            | Event::Slow(_) => {}
        }
    }

    /// Counts a pass that has ended; its kind is `full` or `partial`.
    pub fn pass(&self, kind: &'static str, report: &Report) {
        let (kind, outcome) = (("kind", kind.to_owned()), ("outcome", report.outcome().as_str().to_owned()));
        let took = report.ended.since(report.started);
        self.pass_time.get_or_create(&vec![kind.clone()]).observe(took.as_secs_f64());
        self.passes.get_or_create(&vec![kind, outcome]).inc();
    }

    /// Counts a request that has ended.
    fn request(&self, endpoint: &str, outcome: &str, took: Duration) {
        let (endpoint, outcome) = (("endpoint", endpoint.to_owned()), ("outcome", outcome.to_owned()));
        self.request_time.get_or_create(&vec![endpoint.clone()]).observe(took.as_secs_f64());
        self.requests.get_or_create(&vec![endpoint, outcome]).inc();
    }

    /// All of it as OpenMetrics text, with how things are now.
    pub fn text(&self, status: &Status) -> String {
        let mut text = String::new();
        let gauges = Gauges::of(status).0;
        let written = encode_registry(&mut text, &self.registry)
            .and_then(|()| encode_registry(&mut text, &gauges))
            .and_then(|()| encode_eof(&mut text));
        // Only a text that cannot grow would refuse.
        written.map_or_else(|_| String::new(), |()| text)
    }
}

/// A journal that also counts.
pub struct Counted<J> {
    journal: J,
    metrics: Arc<Metrics>,
}

impl<J> Counted<J> {
    /// Hands everything on to `journal`, and counts the requests.
    pub fn new(journal: J, metrics: Arc<Metrics>) -> Self {
        Self { journal, metrics }
    }
}

impl<J: Journal> Journal for Counted<J> {
    fn sent(&self, ticket: Ticket, at: Moment) {
        self.journal.sent(ticket, at);
    }

    fn answered(&self, ticket: Ticket, at: Moment) {
        self.journal.answered(ticket, at);
    }

    fn ended(&self, endpoint: &str, outcome: &'static str, took: Duration) {
        self.journal.ended(endpoint, outcome, took);
        self.metrics.request(endpoint, outcome, took);
    }
}

/// How things are at the moment of one scrape.
struct Gauges(Registry);

impl Gauges {
    fn of(status: &Status) -> Self {
        let mut gauges = Self(Registry::default());
        gauges.collections(status);
        gauges.requests(status);
        gauges.passes(status);
        gauges.verification(status);
        gauges.daemon(status);
        gauges
    }

    fn collections(&mut self, status: &Status) {
        let by_collection = |value: fn(&Collection) -> u64| {
            let one =
                move |collection: &Collection| (vec![("collection", collection.name.to_string())], value(collection));
            status.collections.iter().map(one)
        };
        let documents = status.collections.iter().flat_map(|collection| {
            let counts = collection.counts;
            let states = [
                ("in_step", counts.in_step),
                ("pending", counts.pending),
                ("quarantined", counts.quarantined),
                ("skipped", counts.skipped),
                ("unready", counts.unready),
            ];
            let name = collection.name.to_string();
            states.map(|(state, count)| (vec![("collection", name.clone()), ("state", state.to_owned())], count))
        });
        self.family("kbsync_documents", "Documents by state", documents);
        let stale = status.collections.iter().map(|collection| {
            let stale = status.stale.iter().filter(|(of, ..)| *of == collection.name.as_str());
            (vec![("collection", collection.name.to_string())], stale.count() as u64)
        });
        self.family("kbsync_stale_pages", "Pages of which what is known may be old", stale);
        let bytes = by_collection(|collection| collection.counts.bytes);
        self.family("kbsync_documents_size_bytes", "Bytes of the documents that are in step", bytes);
        let held = by_collection(|collection| collection.held());
        self.family("kbsync_held_deletions", "Deletions that a guard holds until they are approved", held);
        let held = by_collection(|collection| collection.held_replacements());
        self.family("kbsync_held_replacements", "Replacements that a guard holds until they are approved", held);
    }

    fn requests(&mut self, status: &Status) {
        let limit = u64::from(status.limit.count.get());
        let left = limit.saturating_sub(status.used as u64);
        self.one("kbsync_sources_under_way", "Sources that are being made or deleted", status.under_way as u64);
        self.one("kbsync_request_budget", "Requests that the limit allows in its window", limit);
        self.one("kbsync_request_budget_left", "Requests that are left of it now", left);
    }

    fn passes(&mut self, status: &Status) {
        let last = status.last.as_ref().map(|pass| pass.outcome.as_str());
        let outcomes = Outcome::ALL
            .map(|outcome| (vec![("outcome", outcome.as_str().to_owned())], u64::from(last == Some(outcome.as_str()))));
        self.family("kbsync_last_pass_outcome", "How the last full pass ended: 1 for that outcome", outcomes);
        let ended = status.last.as_ref().map(|pass| pass.ended.timestamp());
        self.time("kbsync_last_pass_timestamp_seconds", "The end of the last full pass", ended);
        let help = "The end of the last full pass that came to its end";
        self.time("kbsync_last_success_timestamp_seconds", help, status.last_success.map(Moment::timestamp));
    }

    fn verification(&mut self, status: &Status) {
        if let Some(verification) = &status.verification {
            self.one("kbsync_verify_checks", "Checks of the last verification", verification.checks);
            self.one("kbsync_verify_failed", "Checks of the last verification that failed", verification.failed);
            let ended = Some(verification.at.timestamp());
            self.time("kbsync_verify_timestamp_seconds", "The end of the last verification", ended);
        }
    }

    fn daemon(&mut self, status: &Status) {
        let daemon = status.daemon.as_ref();
        let refused = daemon.is_some_and(|daemon| daemon.config_error.is_some());
        self.one("kbsync_config_refused", "1 when the config was changed and is refused", refused.into());
        let ready = daemon.is_some_and(|daemon| daemon.ready);
        self.one("kbsync_ready", "1 when everything was looked at once and is kept in step", ready.into());
        let (started, next) = (daemon.map(|daemon| daemon.started), daemon.and_then(|daemon| daemon.next));
        self.time("kbsync_started_timestamp_seconds", "When the daemon began", started);
        self.time("kbsync_next_pass_timestamp_seconds", "When the next full pass is due", next);
        let watching = daemon.into_iter().flat_map(|daemon| &daemon.collections).map(|(collection, watching)| {
            (vec![("collection", collection.clone()), ("how", watching.how.as_str().to_owned())], 1)
        });
        self.family(
            "kbsync_collection_watching",
            "How changes of a collection are learnt of: 1 for that way",
            watching,
        );
    }

    fn one(&mut self, name: &str, help: &str, value: u64) {
        let gauge = Gauge::<u64, AtomicU64>::default();
        gauge.set(value);
        self.0.register(name, help, gauge);
    }

    /// A point in time, where there is one, in seconds since 1970.
    fn time(&mut self, name: &str, help: &str, at: Option<Timestamp>) {
        if let Some(at) = at {
            self.one(name, help, at.as_second().try_into().unwrap_or(0));
        }
    }

    fn family(&mut self, name: &str, help: &str, values: impl IntoIterator<Item = (Labels, u64)>) {
        let family = Family::<Labels, Gauge<u64, AtomicU64>>::default();
        for (labels, value) in values {
            family.get_or_create(&labels).set(value);
        }
        self.0.register(name, help, family);
    }
}
