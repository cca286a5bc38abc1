//! What was asked of the local platform, counted for tests and for the curious.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::http::Method;

/// The route under which requests for unknown paths are counted.
pub const UNKNOWN_ROUTE: &str = "(unknown)";

/// Counts of requests by method and route, and of answers by status. Clones share their counts.
#[derive(Clone, Debug, Default)]
pub struct RequestLog(Arc<Mutex<Counts>>);

#[derive(Debug, Default)]
struct Counts {
    requests: BTreeMap<(&'static str, String), u64>,
    answers: BTreeMap<u16, u64>,
    lost: u64,
}

impl RequestLog {
    /// Requests that came with this method to this route, such as `GET` and `/sources/{id}`.
    pub fn count(&self, method: &str, route: &str) -> u64 {
        let counts = self.lock();
        counts.requests.iter().filter(|((m, r), _)| *m == method && r == route).map(|(_, n)| n).sum()
    }

    /// Requests in all.
    pub fn total(&self) -> u64 {
        self.lock().requests.values().sum()
    }

    /// Requests that ask for a change: all but GET.
    pub fn mutating(&self) -> u64 {
        self.lock().requests.iter().filter(|((method, _), _)| *method != "GET").map(|(_, n)| n).sum()
    }

    /// Answers with this status.
    pub fn status(&self, status: u16) -> u64 {
        self.lock().answers.get(&status).copied().unwrap_or(0)
    }

    /// Requests whose connection a fault cut before an answer.
    pub fn lost(&self) -> u64 {
        self.lock().lost
    }

    /// Sets every count to zero.
    pub fn reset(&self) {
        *self.lock() = Counts::default();
    }

    pub(super) fn asked(&self, method: &Method, route: &str) {
        // Few words, so that strange methods cannot grow the table.
        let method = match *method {
            Method::GET => "GET",
            Method::POST => "POST",
            Method::PUT => "PUT",
            Method::PATCH => "PATCH",
            Method::DELETE => "DELETE",
            _ => "other",
        };
        *self.lock().requests.entry((method, route.to_owned())).or_default() += 1;
    }

    pub(super) fn answered(&self, status: u16) {
        *self.lock().answers.entry(status).or_default() += 1;
    }

    pub(super) fn cut(&self) {
        self.lock().lost += 1;
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
