//! Nexvio's API: knowledge sources, as reconciling needs them (`nexvio-api`, section Knowledge sources).
//!
//! `POST /knowledge` makes a source with its document, no call tells of a job or renames, and the list says what is ready.

mod bots;
mod conversations;
mod integrations;

use std::time::Duration;

use super::{
    Abilities, ApiError, Created, Cursor, Holding, Http, Platform, RemoteSource, SourceKind, SourcePage, Unready,
    Upload,
    answer::message_in,
    call::Call,
    envelope::denies,
    form::EXTENSIONS,
    gate::Class,
    page_size::{self, PageSize},
    status::{self, Progress, progress},
    wire::nexvio::{AddPage, Knowledge},
};
use crate::{
    model::{Making, SourceId},
    pace::RequestKind,
};
use reqwest::Method;

pub use super::List;
pub use conversations::Span;

/// Sources on one page of the list; 100 is the most that Nexvio's pages allow for lists.
pub const PAGE_SIZE: u64 = page_size::PAGE_SIZE;

/// What Nexvio can do (`nexvio-api`, section Knowledge sources, and the reading of its silences).
pub const ABILITIES: Abilities = Abilities {
    accepted: &EXTENSIONS,
    making: Making::Filled,
    jobs: false,
    rename: false,
    websites: false,
    page_size: PAGE_SIZE,
};

/// A list that is cheap to ask for.
pub const PROBE: (&str, &[(&str, &str)]) = ("/knowledge", &[("limit", "1")]);

/// A client of Nexvio's API.
pub struct Nexvio {
    http: Http,
    size: PageSize,
}

impl Nexvio {
    /// A client over this HTTP layer.
    pub fn new(http: Http) -> Self {
        Self { http, size: PageSize::default() }
    }

    /// One page of knowledge sources, as the platform lists them, after so many.
    ///
    /// # Errors
    /// See [`ApiError`].
    pub async fn knowledge(&self, limit: u64, offset: u64) -> Result<List<Knowledge>, ApiError> {
        self.knowledge_for(limit, offset, Class::Begin).await
    }

    async fn knowledge_for(&self, limit: u64, offset: u64, class: Class) -> Result<List<Knowledge>, ApiError> {
        let query = [("limit", limit.to_string()), ("offset", offset.to_string())];
        let call = Call::new(Method::GET, "/knowledge", class).query(&query).about(RequestKind::List);
        self.http.list(call, "knowledge").await
    }

    /// Deletes something; what is gone already is an error.
    async fn remove(&self, path: &'static str, id: &str, kind: RequestKind) -> Result<(), ApiError> {
        let call = Call::new(Method::DELETE, path, Class::Finish).id(id).about(kind);
        let (name, answer) = (call.to_string(), self.http.change(call).await?);
        if denies(&answer) { Err(ApiError::undone(name)) } else { Ok(()) }
    }
}

impl Platform for Nexvio {
    fn abilities(&self) -> Abilities {
        ABILITIES
    }

    fn bots(&self) -> Option<&Nexvio> {
        Some(self)
    }

    fn begin(&self) {
        self.http.begin();
        self.size.begin();
    }

    fn gap(&self) -> Duration {
        self.http.gap()
    }

    fn queued(&self) -> usize {
        self.http.queued()
    }

    async fn sources(&self, at: Option<Cursor>) -> Result<SourcePage, ApiError> {
        let mut reading = self.size.read(at.unwrap_or(Cursor { at: 0, before: 0 }));
        loop {
            let (size, Cursor { before: offset, .. }) = reading.next();
            let found = self.knowledge_for(size, offset, Class::Finish).await;
            let page = found.map(|found| page_of(found, offset, |words| self.http.words(words)));
            if let Some(page) = reading.take(page) {
                return page;
            }
        }
    }

    async fn create(&self, name: &str, kind: &SourceKind, file: Option<Upload>) -> Result<Created, ApiError> {
        let call = Call::new(Method::POST, "/knowledge", Class::Begin).about(RequestKind::Create);
        let keys = ["knowledge", "source"];
        let made: Knowledge = match (kind, file) {
            (SourceKind::File, Some(file)) => self.http.one(call.form(("name", name), &file), &keys).await?,
            (SourceKind::Page { url }, _) => {
                let page = AddPage { kind: "website".to_owned(), url: url.to_string(), name: Some(name.to_owned()) };
                self.http.one(call.json(&page), &keys).await?
            }
            (SourceKind::File, None) => return Err(ApiError::NoSuchCall("makes an empty source")),
            (SourceKind::Website { .. }, _) => return Err(ApiError::NoSuchCall("crawls a website")),
        };
        Ok(Created { source: SourceId(made.id), job: None, name: made.name.filter(|name| !name.is_empty()) })
    }

    async fn delete(&self, id: &SourceId) -> Result<(), ApiError> {
        match self.remove("/knowledge/{id}", &id.0, RequestKind::Document).await {
            Err(error) if !error.is_not_found() => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

/// The answer to a request for the sources after `offset`. The next page begins after those that came, however many.
/// Why a source failed is passed on by `words`.
pub(super) fn page_of(found: List<Knowledge>, offset: u64, words: impl Fn(&str) -> String) -> SourcePage {
    let count = found.count();
    let next = offset.saturating_add(count);
    let there = found.items.into_iter().filter(|item| !is_gone(item));
    let sources: Vec<_> = there.map(|item| remote(item, &words)).collect();
    let past = next.saturating_add(count);
    SourcePage {
        passed_over: 0,
        asked: PAGE_SIZE,
        unreadable: count - sources.len() as u64,
        sources,
        total: found.total,
        next: (count > 0).then_some(Cursor { at: next, before: next }),
        past_next: (count > 0).then_some(Cursor { at: past, before: past }),
        may_be_last: count == 0 || found.total.is_some_and(|total| next >= total),
        last: found.total.map(|total| total.saturating_sub(count)).map(|at| Cursor { at, before: at }),
    }
}

/// Whether a source is deleted, and shown all the same.
fn is_gone(item: &Knowledge) -> bool {
    status::is_gone(&item.flags, item.status.as_deref())
}

/// Without a status, listed means ready; unknown statuses are "not yet" (reading of `/knowledge`).
fn remote(item: Knowledge, words: impl Fn(&str) -> String) -> RemoteSource {
    let status = status::of_source(item.status, &item.flags);
    let holding = match status.as_deref().map(progress) {
        None | Some(Progress::Done) => Holding::Document,
        Some(Progress::Failed) => {
            let why = [&item.error, &item.message].into_iter().flatten().find_map(message_in);
            Holding::Failed(why.map(|text| words(&text)))
        }
        Some(Progress::Pending | Progress::Working | Progress::Unknown) => Holding::Nothing,
    };
    RemoteSource {
        id: SourceId(item.id),
        name: item.name.unwrap_or_default(),
        unready: Unready::of(status, &holding),
        holding,
        created_at: item.added_at,
        auto_sync: None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_source_is_ready_when_it_says_so_or_says_nothing() {
        let holding = |status: Value| {
            remote(serde_json::from_value(json!({"id": "k", "status": status})).unwrap(), str::to_owned).holding
        };
        for ready in ["ready", "synced", "completed", "active"] {
            assert_eq!(holding(json!(ready)), Holding::Document, "{ready}");
        }
        assert_eq!(holding(Value::Null), Holding::Document);
        assert_eq!(holding(json!("failed")), Holding::Failed(None));
        assert_eq!(holding(json!("error")), Holding::Failed(None));
        let why = serde_json::from_value(json!({"id": "k", "status": "failed", "error": {"message": "no text"}}));
        assert_eq!(remote(why.unwrap(), str::to_owned).holding, Holding::Failed(Some("no text".to_owned())));
        let why = json!({"id": "k", "status": "failed", "error": null, "message": "no text"});
        assert_eq!(
            remote(serde_json::from_value(why).unwrap(), str::to_owned).holding,
            Holding::Failed(Some("no text".to_owned()))
        );
        for other in ["processing", "pending", "reticulating", ""] {
            assert_eq!(holding(json!(other)), Holding::Nothing, "{other}");
        }
    }

    #[test]
    fn remote__source_that_is_switched_off__is_kept_as_one_that_lasts_unready() {
        for status in [Value::Null, json!("ready")] {
            let source: Knowledge =
                serde_json::from_value(json!({"id": "k", "status": status, "active": false})).unwrap();
            assert!(!is_gone(&source), "{status}");
            let unready = remote(source, str::to_owned).unready.unwrap();
            assert_eq!((unready.status.as_str(), unready.is_lasting), ("inactive", true), "{status}");
        }
    }
}
