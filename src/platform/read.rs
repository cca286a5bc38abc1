//! What the bytes of an answer say, without the request: the way in for tests that feed it what others write.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use reqwest::header::HeaderMap;
use serde::de::DeserializeOwned;
use url::Url;

use super::{
    Cursor, JobState, Journal, List, SourcePage, answer,
    cevvo::{self, ChatEvent, assistant},
    clock, envelope, form,
    gate::{Class, Gate, Leave},
    headers, nexvio, transport,
    wire::{cevvo::Job, nexvio::Knowledge},
};
use crate::{
    model::{Moment, RateLimit, is_id},
    pace::{Backoff, Breaker, Pacer, Ticket},
};

pub use headers::Told;

/// What the body of an error says to people.
pub fn reason(body: &[u8]) -> Option<String> {
    answer::reason_in(body).map(|words| answer::shortened(&words))
}

/// A page of Cevvo's sources.
pub fn cevvo_page(body: &[u8]) -> Option<SourcePage> {
    list(body, "sources").map(|found| cevvo::page_of(found, Cursor { at: 1, before: 0 }))
}

/// How a job of Cevvo's is.
pub fn cevvo_job(body: &[u8]) -> Option<JobState> {
    one::<Job>(body, &["job"]).map(|job| cevvo::state_of(&job, answer::shortened))
}

/// The pieces of a streamed answer that comes in these chunks, and whether it has come to its end.
pub fn cevvo_stream<'a>(chunks: impl Iterator<Item = &'a [u8]>) -> (Vec<ChatEvent>, bool) {
    let (mut buffer, mut events) = (Vec::new(), Vec::new());
    for chunk in chunks {
        buffer.extend_from_slice(chunk);
        loop {
            match assistant::next_event(&mut buffer, &|_| ()) {
                assistant::Line::Event(event) => events.push(event),
                assistant::Line::Done => return (events, true),
                assistant::Line::Nothing => break,
            }
        }
    }
    (events, false)
}

/// A page of Nexvio's sources, by its offset.
pub fn nexvio_page(body: &[u8], offset: u64) -> Option<SourcePage> {
    list::<Knowledge>(body, "knowledge").map(|found| nexvio::page_of(found, offset, answer::shortened))
}

/// The number within a cursor: a page's, or how many come before it.
pub fn offset(cursor: Cursor) -> u64 {
    cursor.at
}

/// A list, whatever it is wrapped in.
pub fn list<T: DeserializeOwned>(body: &[u8], key: &str) -> Option<List<T>> {
    envelope::list(serde_json::from_slice(body).ok()?, key)
}

/// One thing, whatever it is wrapped in.
pub fn one<T: DeserializeOwned>(body: &[u8], keys: &[&str]) -> Option<T> {
    envelope::one(serde_json::from_slice(body).ok()?, keys)
}

/// What an answer's headers say of the platform's limit.
pub fn told(headers: &HeaderMap, now: Timestamp) -> Told {
    headers::read(headers, now)
}

/// Has a new gate hear it, as from an answer or from a 429: `Err` with the wait that is too long for a pass. `None` where
/// the gate lets nothing through, which is never so.
pub fn heed(told: Told, refused: bool) -> Option<Result<(), String>> {
    struct Nobody;
    impl Journal for Nobody {
        fn sent(&self, _: Ticket, _: Moment) {}
        fn answered(&self, _: Ticket, _: Moment) {}
    }
    let second = Duration::from_secs(1);
    let pacer = Pacer::new(RateLimit::new(100, second * 60), Vec::new(), clock::now());
    let breaker = Breaker::new(second, second);
    let gate = Gate::new(pacer, breaker, Box::new(Nobody), Arc::new(clock::System), rand::make_rng());
    let leave = futures_util::FutureExt::now_or_never(gate.leave(Class::Begin))?.ok()?;
    let (Leave::Send(ticket) | Leave::Probe(ticket)) = leave;
    if !refused {
        gate.answered(ticket, told);
        return Some(Ok(()));
    }
    Some(gate.refused(ticket, told, &Backoff::new(second, second * 60)?))
}

/// Where a request about this id goes; `None` where none is sent.
pub fn address(base: &Url, id: &str) -> Option<Url> {
    is_id(id).then(|| transport::address(base, ["sources", id].into_iter()))
}

/// The name and media type that a document goes up under.
pub fn sent_as(name: &str) -> (String, &'static str) {
    form::sent_as(name)
}
