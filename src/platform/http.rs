//! The one HTTP layer: key, time-outs, pace, retries, bounded reading of answers, and verdicts on what came of it.

use std::{sync::Arc, time::Duration};

use reqwest::{Method, Response};
use secrecy::SecretString;
use serde_json::Value;
use url::Url;

use super::{
    ApiError, BuildError,
    answer::{TOO_LONG, bounded, refusal},
    call::{Call, LONGEST_OWN_PAUSE},
    clock::{Clock, System},
    connection::{Connection, Line, Timing},
    error::spoken,
    gate::{Class, Gate, GivenUp, InFlight, LONGEST_PAUSE, Leave},
    headers::{self, Told},
    judge::{TooMany, Trials},
    keys::{KeySource, Keys},
    transport::{Body, Outgoing, Transport, Undelivered, address, clients, is_loopback},
};
use crate::{
    model::is_id,
    pace::{Breaker, Ending, Failure, FailureScope, Pacer, RequestKind, Ticket, Verdict, verdict},
};

/// The longest answer that is read; pages of a hundred sources are far below it.
pub(super) const LONGEST_ANSWER: usize = 16 << 20;
/// Attempts at a request that never left: a wrong host or no network is said soon.
const ATTEMPTS_UNSENT: u32 = 3;
/// Attempts at a request that may be repeated.
const ATTEMPTS: u32 = 6;
/// The same for a poll, which comes again anyway and must not keep the others waiting.
const ATTEMPTS_POLL: u32 = 3;
/// An upload that advances has this much more time for every byte: 1 KiB/s is the slowest line that works.
const SLOWEST_LINE: u64 = 1 << 10;

/// What is wrong with an answer that came whole.
const UNLIKE: &str = "the answer is not what the API's page shows; check `platform.base_url`";

/// The client of one (origin, key).
pub struct Http {
    transport: Arc<dyn Transport>,
    pub(super) clock: Arc<dyn Clock>,
    base: Url,
    keys: Arc<Keys>,
    pub(super) gate: Arc<Gate>,
    pub(super) trials: Arc<Trials>,
    pub(super) timing: Timing,
    probe: (&'static str, Vec<(&'static str, String)>),
}

/// One attempt: how it ended, what the platform said of its limit, and the answer or the words for what went wrong.
struct Attempt {
    ending: Ending,
    told: Told,
    result: Result<Response, String>,
}

impl Http {
    /// A client. Nothing is sent yet.
    ///
    /// # Errors
    /// When the address is neither https nor on this machine, or TLS cannot be set up.
    pub fn new(connection: Connection) -> Result<Self, BuildError> {
        let transport = Arc::new(clients(is_loopback(&connection.base_url), connection.timing.answer)?);
        Self::over(connection, Line { transport, clock: Arc::new(System), rng: rand::make_rng() })
    }

    /// The same over another line.
    ///
    /// # Errors
    /// When the address is neither https nor on this machine, or no header can have the key.
    pub fn over(connection: Connection, line: Line) -> Result<Self, BuildError> {
        let Connection { base_url, probe, api_key, rate_limit, stamps, journal, timing } = connection;
        let Line { transport, clock, rng } = line;
        if base_url.scheme() != "https" && !is_loopback(&base_url) {
            return Err(BuildError::NotSecure(base_url));
        }
        let keys = Arc::new(Keys::new(api_key)?);
        let pacer = Pacer::new(rate_limit, stamps, clock.now());
        let breaker = Breaker::new(timing.breaker.0, timing.breaker.1);
        let gate = Gate::new(pacer, breaker, journal, Arc::clone(&clock), rng);
        let query = probe.1.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        let gate = Arc::new(gate);
        let (trials, probe) = (Arc::default(), (probe.0, query));
        Ok(Self { transport, clock, base: base_url, keys, gate, trials, timing, probe })
    }

    /// The same platform's other API, at another address of the same origin: one key, one pace.
    pub fn beside(&self, path: &str) -> Self {
        let mut base = self.base.clone();
        base.set_path(path);
        let (transport, clock) = (Arc::clone(&self.transport), Arc::clone(&self.clock));
        let (keys, gate, trials) = (Arc::clone(&self.keys), Arc::clone(&self.gate), Arc::clone(&self.trials));
        Self { transport, clock, base, keys, gate, trials, timing: self.timing, probe: self.probe.clone() }
    }

    /// Where the key is read again, once, when the platform refuses it.
    pub fn set_key_source(&self, source: KeySource) {
        self.keys.set_source(source);
    }

    /// A pass begins, with new patience for a platform in trouble.
    pub fn begin(&self) {
        self.gate.begin();
        self.trials.begin();
    }

    /// The least time between two requests.
    pub fn gap(&self) -> Duration {
        self.gate.gap()
    }

    /// The number of requests that wait for their turn.
    pub fn queued(&self) -> usize {
        self.gate.queued()
    }

    /// Sends a request and reads its answer as JSON. Without a body a change may have been made, but nothing is told of it.
    pub(super) async fn call(&self, call: Call<'_>) -> Result<Value, ApiError> {
        let may_be_empty = call.method != Method::GET;
        self.read(call, may_be_empty).await
    }

    /// The same for what may be answered without a body, which is read as null.
    pub(super) async fn read(&self, call: Call<'_>, may_be_empty: bool) -> Result<Value, ApiError> {
        let read = async move |response| {
            let body = bounded(response, LONGEST_ANSWER).await.map_err(|cause| match cause.as_str() {
                TOO_LONG => cause,
                _ => format!("the answer broke off: {cause}"),
            })?;
            if body.is_empty() && may_be_empty {
                return Ok(Value::Null);
            }
            serde_json::from_slice::<Value>(&body).map_err(|_| UNLIKE.to_owned())
        };
        self.masked(self.attempts(&call, read).await)
    }

    /// An answer without the key.
    fn masked(&self, answer: Result<Value, ApiError>) -> Result<Value, ApiError> {
        answer.map(|mut value| {
            self.keys.mask(&mut value);
            value
        })
    }

    /// Sends a change that is done when the status says so. Gives the answer, as far as it can be read.
    pub(super) async fn change(&self, call: Call<'_>) -> Result<Value, ApiError> {
        let read = async |response| {
            let body = bounded(response, LONGEST_ANSWER).await.unwrap_or_default();
            Ok(serde_json::from_slice(&body).unwrap_or_default())
        };
        self.masked(self.attempts(&call, read).await)
    }

    /// What a readable answer of another shape means. A call that changes nothing has done nothing.
    pub(super) fn unlike(&self, call: &Call<'_>) -> ApiError {
        if call.method == Method::GET && call.kind == RequestKind::Document {
            let failure = Failure { scope: FailureScope::Document, transient: true };
            return ApiError::Refused { call: call.to_string(), status: 200, message: UNLIKE.to_owned(), failure };
        }
        if call.method == Method::GET {
            return ApiError::Unavailable(format!(
                "{call} to {} was answered with something else than the API's page shows; check `platform.base_url`",
                self.origin()
            ));
        }
        ApiError::Unknown { call: call.to_string(), cause: UNLIKE.to_owned() }
    }

    /// What masks the key in answers.
    pub(super) fn keys(&self) -> Arc<Keys> {
        Arc::clone(&self.keys)
    }

    /// Sends a request and hands out its answer as it comes, for streams.
    pub(super) async fn open(&self, call: Call<'_>) -> Result<Response, ApiError> {
        let call = Call { streamed: true, ..call };
        self.attempts(&call, async |response| Ok(response)).await
    }

    /// Attempts a request until there is an answer, a definite refusal, or no sense in going on.
    async fn attempts<T>(
        &self,
        call: &Call<'_>,
        read: impl AsyncFn(Response) -> Result<T, String>,
    ) -> Result<T, ApiError> {
        let began = self.clock.now();
        let mut attempt = 0;
        let mut too_many = TooMany::default();
        let mut renewed = false;
        loop {
            let in_flight = InFlight::new(&self.gate, self.leave(too_many.class(call.class)).await?);
            let sent = self.clock.now();
            let key = self.keys.current();
            let Attempt { mut ending, told, result } = self.attempt(call, &key).await?;
            let outcome = match result {
                Ok(response) => read(response).await.inspect_err(|_| ending = Ending::Garbled),
                Err(message) => Err(message),
            };
            let took = self.clock.now().since(sent);
            let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
            tracing::trace!(call = %call, status = status_of(ending), ms, "request");
            self.gate.journal.ended(&call.endpoint(), outcome_of(ending), took);
            let ticket = in_flight.ended();
            let verdict = verdict(ending, call.repeatable());
            let pause = ticket.map_or(Ok(()), |ticket| self.settle(call, ticket, ending, told));
            let message = match outcome {
                Ok(value) => {
                    self.trials.accepted(call);
                    return Ok(value);
                }
                Err(message) => self.words(&message),
            };
            if ending == Ending::Answered(401) && !renewed && self.keys.renew(&key).await {
                renewed = true;
                continue;
            }
            // The same page again is as long; a smaller one may not be.
            if call.kind == RequestKind::List && message == TOO_LONG {
                return Err(ApiError::too_long(call.to_string()));
            }
            match verdict {
                Verdict::Pause => {
                    if let Some(error) = self.too_many(call, &mut too_many, message, began).await {
                        return Err(error);
                    }
                    pause.map_err(|wait| {
                        let cause = format!("the platform asks to wait {wait} (429)");
                        ApiError::Unavailable(format!("{cause}; nothing was lost, try again then"))
                    })?;
                }
                Verdict::Again => {
                    pause.map_err(|wait| {
                        let cause = format!("the platform asks to wait {wait} ({})", status_of(ending));
                        ApiError::Unavailable(format!("{cause}; nothing was lost, try again then"))
                    })?;
                    attempt += 1;
                    let most = match ending {
                        Ending::NotSent => ATTEMPTS_UNSENT,
                        _ if call.is_poll() => ATTEMPTS_POLL,
                        _ => ATTEMPTS,
                    };
                    let delay =
                        if attempt < most { self.gate.retry_delay(attempt - 1, &self.timing.backoff) } else { None };
                    // What asks for more patience than that fails now, and is tried by a later pass.
                    let asked = told.retry_after.unwrap_or_default();
                    let Some(delay) = delay.filter(|_| asked <= LONGEST_OWN_PAUSE || call.document().is_none()) else {
                        return Err(self.judge(call, ending, message, began).await);
                    };
                    let delay = delay.max(asked.min(LONGEST_OWN_PAUSE));
                    tracing::debug!(call = %call, attempt, cause = message, "trying again");
                    tokio::time::sleep(delay).await;
                }
                Verdict::Done | Verdict::Unknown => {
                    let status = Some(status_of(ending)).filter(|status| *status > 0);
                    let cause = status.map(|status| format!("{status}: {message}")).unwrap_or(message);
                    return Err(ApiError::Unknown { call: call.to_string(), cause });
                }
                Verdict::Definite => return Err(self.judge(call, ending, message, began).await),
            }
        }
    }

    /// Waits for a turn, and probes when the breaker asks for it.
    pub(super) async fn leave(&self, class: Class) -> Result<Ticket, ApiError> {
        loop {
            match self.gate.leave(class).await {
                Ok(Leave::Send(ticket)) => return Ok(ticket),
                // Only whether it answers counts here; what it says is heard by the next request.
                Ok(Leave::Probe(ticket)) => drop(self.send_probe(ticket, class).await?),
                Err(GivenUp) => {
                    let text = format!("{} keeps failing; nothing was lost, try again later", self.origin());
                    return Err(ApiError::Unavailable(text));
                }
            }
        }
    }

    /// Sends the probe. Gives how it ended, and the answer where it is a success.
    pub(super) async fn send_probe(
        &self,
        ticket: Ticket,
        class: Class,
    ) -> Result<(Ending, Option<Response>), ApiError> {
        let in_flight = InFlight::new(&self.gate, ticket);
        let probe = Call::new(Method::GET, self.probe.0, class).query(&self.probe.1);
        let sent = self.clock.now();
        let Attempt { ending, told, result } = self.attempt(&probe, &self.keys.current()).await?;
        self.gate.journal.ended(&probe.endpoint(), outcome_of(ending), self.clock.now().since(sent));
        if let Some(ticket) = in_flight.ended() {
            // How long the platform asks to wait is kept by the gate.
            let _ = self.settle(&probe, ticket, ending, told);
        }
        Ok((ending, result.ok()))
    }

    /// Tells the gate what came of a request. `Err` when the platform asks for a wait longer than a pass keeps.
    fn settle(&self, call: &Call<'_>, ticket: Ticket, ending: Ending, told: Told) -> Result<(), String> {
        match ending {
            Ending::Answered(429) => return self.gate.refused(ticket, told, &self.timing.backoff),
            Ending::Answered(408 | 425 | 500..) | Ending::NoAnswer | Ending::NotSent => {
                let pause = told.retry_after.and_then(|asked| call.pause_of_all(asked));
                self.gate.failed(ticket, pause, call.document());
                // What concerns one document is tried by a later pass.
                let asked = told.retry_after.filter(|_| call.document().is_none());
                if let Some(asked) = asked.filter(|asked| *asked > LONGEST_PAUSE) {
                    return Err(spoken(asked));
                }
            }
            Ending::Answered(_) | Ending::Garbled => self.gate.answered(ticket, told),
        }
        Ok(())
    }

    async fn attempt(&self, call: &Call<'_>, key: &SecretString) -> Result<Attempt, ApiError> {
        let without = |ending, cause| Attempt { ending, told: Told::default(), result: Err(cause) };
        Ok(match self.transport.send(self.outgoing(call, key)?).await {
            Err(Undelivered::File(error)) => return Err(error.into()),
            Err(Undelivered::NotSent(cause)) => without(Ending::NotSent, cause),
            Err(Undelivered::NoAnswer(cause)) => without(Ending::NoAnswer, cause),
            Ok(response) => {
                let ending = Ending::Answered(response.status().as_u16());
                let told = headers::read(response.headers(), self.clock.wall().timestamp());
                let result = if response.status().is_success() { Ok(response) } else { Err(refusal(response).await) };
                Attempt { ending, told, result }
            }
        })
    }

    fn outgoing<'a>(&'a self, call: &'a Call<'_>, key: &'a SecretString) -> Result<Outgoing<'a>, ApiError> {
        if call.path.contains("{id}") && !is_id(call.id) {
            return Err(ApiError::NoSuchCall("takes an id that is empty, or `.` or `..`, or has control characters"));
        }
        let mut url = address(&self.base, call.segments());
        if !call.query.is_empty() {
            url.query_pairs_mut().extend_pairs(call.query);
        }
        let sending = match &call.body {
            Body::None | Body::Json(_) => Duration::ZERO,
            Body::Form(_, upload) => Duration::from_secs(upload.size / SLOWEST_LINE),
        };
        let timeout = (!call.streamed).then_some(self.timing.answer + sending);
        Ok(Outgoing { method: &call.method, url, key, body: &call.body, timeout })
    }

    /// A platform's words as they may be passed on.
    pub(super) fn words(&self, words: &str) -> String {
        self.keys.words(words)
    }

    pub(super) fn unavailable(&self, call: &Call<'_>, cause: &str) -> ApiError {
        ApiError::Unavailable(format!("{call} to {} failed: {cause}; nothing was lost, try again later", self.origin()))
    }

    fn origin(&self) -> String {
        self.base.origin().ascii_serialization()
    }
}

/// The status of an answer; 0 where there was none.
pub(super) fn status_of(ending: Ending) -> u16 {
    if let Ending::Answered(status) = ending { status } else { 0 }
}

/// How a request ended, in one of few words.
fn outcome_of(ending: Ending) -> &'static str {
    match ending {
        Ending::Answered(429) => "429",
        Ending::Answered(200..300) => "2xx",
        Ending::Answered(300..400) => "3xx",
        Ending::Answered(400..500) => "4xx",
        Ending::Answered(500..) => "5xx",
        Ending::Answered(_) | Ending::Garbled | Ending::NoAnswer | Ending::NotSent => "none",
    }
}
