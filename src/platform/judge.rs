//! Judging failed requests: probes where only a probe can tell, and counts documents refused in a row.

use std::{
    collections::HashMap,
    sync::{
        Mutex as StdMutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use tokio::sync::Mutex;

use super::{
    ApiError, Http,
    answer::bounded,
    call::Call,
    error::spoken,
    gate::Class,
    http::{LONGEST_ANSWER, status_of},
};
use crate::{
    model::Moment,
    pace::{Ending, Failure, FailureScope, Others, Probe, RequestKind, ends_waiting, failure, is_quota},
};

/// Attempts at a probe that the platform fails to answer.
const ATTEMPTS: u32 = 3;

/// What one key's requests have shown so far.
#[derive(Default)]
pub(super) struct Trials {
    /// The last probe, and when it was answered.
    probed: Mutex<Option<(Moment, Probe)>>,
    /// Creations refused since the last one that was accepted, and uploads.
    refused: [AtomicU32; 2],
    /// Requests that were accepted since the pass began, by endpoint.
    accepted: StdMutex<HashMap<String, u64>>,
}

/// The 429s in a row to one request.
#[derive(Default)]
pub(super) struct TooMany {
    count: u32,
    /// When the first one came, and how many requests to its endpoint had been accepted by then.
    first: Option<(Moment, u64)>,
}

impl TooMany {
    /// The place in the queue of another attempt: behind those that were not refused, which may show whose trouble it is.
    pub(super) fn class(&self, class: Class) -> Class {
        if self.count > 0 { Class::Begin } else { class }
    }
}

impl Trials {
    /// A pass begins: a document that was refused in the last one is not everybody's trouble in this one.
    pub(super) fn begin(&self) {
        self.refused.iter().for_each(|refused| refused.store(0, Ordering::Relaxed));
        self.accepted.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// A request was accepted.
    pub(super) fn accepted(&self, call: &Call<'_>) {
        if let Some(refused) = self.counter(call.kind) {
            refused.store(0, Ordering::Relaxed);
        }
        *self.accepted.lock().unwrap_or_else(PoisonError::into_inner).entry(call.endpoint()).or_default() += 1;
    }

    /// How many requests to the same endpoint were accepted since the pass began.
    fn accepted_like(&self, call: &Call<'_>) -> u64 {
        let accepted = self.accepted.lock().unwrap_or_else(PoisonError::into_inner);
        accepted.get(&call.endpoint()).copied().unwrap_or_default()
    }

    /// Counts a refusal. Gives how many of its kind were refused in a row.
    fn refused(&self, kind: RequestKind) -> u32 {
        self.counter(kind).map_or(0, |refused| refused.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn counter(&self, kind: RequestKind) -> Option<&AtomicU32> {
        match kind {
            RequestKind::Create => Some(&self.refused[0]),
            RequestKind::Upload => Some(&self.refused[1]),
            RequestKind::List | RequestKind::Document | RequestKind::Collection | RequestKind::Other => None,
        }
    }
}

impl Http {
    /// Another 429 to a request. Gives what that means where it is not waited for any longer.
    pub(super) async fn too_many(
        &self,
        call: &Call<'_>,
        so_far: &mut TooMany,
        message: String,
        began: Moment,
    ) -> Option<ApiError> {
        let (now, accepted) = (self.clock.now(), self.trials.accepted_like(call));
        so_far.count += 1;
        let (since, before) = *so_far.first.get_or_insert((now, accepted));
        let others = match accepted {
            accepted if accepted > before => Others::Accepted,
            // Polls are sent one at a time: no other is tried meanwhile.
            accepted if call.document().is_some() && (accepted == 0 || call.is_poll()) => Others::Untried,
            _ => Others::Refused,
        };
        let waited = now.since(since);
        if !ends_waiting(so_far.count, waited, others) {
            return None;
        }
        match others {
            Others::Refused => {
                let cause = format!("nothing but \"too many requests\" (429) for {}", spoken(waited));
                return Some(self.unavailable(call, &cause));
            }
            // That is as good as a probe.
            Others::Accepted => *self.trials.probed.lock().await = Some((now, Probe::Works)),
            Others::Untried => {}
        }
        Some(self.judge(call, Ending::Answered(429), message, began).await)
    }

    /// What it means that a request, begun then, failed for good.
    pub(super) async fn judge(&self, call: &Call<'_>, ending: Ending, message: String, began: Moment) -> ApiError {
        let in_a_row = self.trials.refused(call.kind);
        let status = status_of(ending);
        let ending = if is_quota(call.kind, status, &message) { Ending::Answered(402) } else { ending };
        let judged = match failure(call.kind, ending, None, in_a_row) {
            None => failure(call.kind, ending, Some(self.probe_since(began).await), in_a_row),
            judged => judged,
        };
        let failure = judged.unwrap_or(Failure { scope: FailureScope::Platform, transient: true });
        match failure {
            Failure { scope: FailureScope::Account, transient: false } => ApiError::Denied { status, message },
            Failure { scope: FailureScope::Platform, transient: true } => self.unavailable(call, &message),
            failure => ApiError::Refused { call: call.to_string(), status, message, failure },
        }
    }

    /// Probes the platform, unless a probe was answered since then. Failures at the same time share one.
    async fn probe_since(&self, began: Moment) -> Probe {
        let mut probed = self.trials.probed.lock().await;
        if let Some((at, probe)) = *probed
            && at >= began
        {
            return probe;
        }
        let mut probe = Probe::Fails;
        for attempt in 0..ATTEMPTS {
            probe = self.probe().await;
            if probe != Probe::Fails {
                break;
            }
            let Some(delay) = self.gate.retry_delay(attempt, &self.timing.backoff) else { break };
            tokio::time::sleep(delay).await;
        }
        *probed = Some((self.clock.now(), probe));
        probe
    }

    async fn probe(&self) -> Probe {
        let Ok(ticket) = self.leave(Class::Finish).await else { return Probe::Fails };
        match self.send_probe(ticket, Class::Finish).await {
            Ok((Ending::Answered(401 | 403), _)) => Probe::Refused,
            // A page that some box on the way answers with is not the platform. An empty list may have no body.
            Ok((_, Some(response))) => match bounded(response, LONGEST_ANSWER).await {
                Ok(body) if body.is_empty() => Probe::Works,
                Ok(body) if serde_json::from_slice::<serde::de::IgnoredAny>(&body).is_ok() => Probe::Works,
                _ => Probe::Fails,
            },
            _ => Probe::Fails,
        }
    }
}
