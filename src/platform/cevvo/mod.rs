//! Cevvo's API: sources and ingestion, as reconciling needs them (`cevvo-api`, sections Sources and Ingestion).

pub(super) mod assistant;

use std::time::Duration;

use reqwest::Method;
use url::Url;

use super::{
    Abilities, ApiError, Created, Cursor, Holding, Http, JobState, List, Platform, RemoteSource, Renamed, SourceKind,
    SourcePage, Unready, Upload,
    answer::message_in,
    call::Call,
    envelope::{self, denies},
    form::EXTENSIONS,
    gate::Class,
    page_size::{self, PageSize},
    status::{self, Progress, progress},
    wire::cevvo::{CreateSource, IngestUrl, Job, Source, UpdateSource},
};
use crate::{
    model::{JobId, Making, SourceId},
    pace::RequestKind,
};

pub use assistant::{ChatEvent, ChatStream, Period};

/// Sources on one page of the list; 100 is the most that Cevvo's page allows for lists.
pub const PAGE_SIZE: u64 = page_size::PAGE_SIZE;
/// What Cevvo can do (`cevvo-api`, sections Sources and Ingestion).
pub const ABILITIES: Abilities = Abilities {
    accepted: &EXTENSIONS,
    making: Making::Empty,
    jobs: true,
    rename: true,
    websites: true,
    page_size: PAGE_SIZE,
};

/// A list that is cheap to ask for.
pub const PROBE: (&str, &[(&str, &str)]) = ("/sources", &[("page", "1"), ("per_page", "1")]);

/// Begins the id of a job that the platform did not tell of: its source tells how it is.
const OF_SOURCE: &str = "source/";

/// A client of Cevvo's API.
pub struct Cevvo {
    http: Http,
    size: PageSize,
}

impl Cevvo {
    /// A client over this HTTP layer.
    pub fn new(http: Http) -> Self {
        Self { http, size: PageSize::default() }
    }

    /// Makes a source of any kind, with the fields of the page.
    ///
    /// # Errors
    /// See [`ApiError`]; an unknown outcome must be looked for in the list.
    pub async fn create_source(&self, source: &CreateSource) -> Result<Source, ApiError> {
        self.make(source, RequestKind::Create).await
    }

    async fn make(&self, source: &CreateSource, kind: RequestKind) -> Result<Source, ApiError> {
        let call = Call::new(Method::POST, "/sources", Class::Begin).json(source).about(kind);
        self.http.one(call, &["source"]).await
    }

    /// Changes a source's name or its auto sync.
    ///
    /// # Errors
    /// See [`ApiError`].
    pub async fn update_source(&self, id: &SourceId, change: &UpdateSource) -> Result<Source, ApiError> {
        self.change(id, change, RequestKind::Document).await
    }

    /// Puts something into a source. A platform may take it without telling of a job.
    async fn ingestion(&self, source: &SourceId, call: Call<'_>) -> Result<JobId, ApiError> {
        let answer = self.http.call(call.about(RequestKind::Upload)).await?;
        let job: Job = envelope::one(answer, &["job"]).unwrap_or_default();
        let id = [job.job_id, job.id].into_iter().find(|id| !id.is_empty());
        Ok(JobId(id.unwrap_or_else(|| format!("{OF_SOURCE}{source}"))))
    }

    async fn change(&self, id: &SourceId, change: &UpdateSource, kind: RequestKind) -> Result<Source, ApiError> {
        let call = Call::new(Method::PUT, "/sources/{id}", Class::Finish).id(&id.0).json(change);
        let answer = self.http.change(call.about(kind)).await?;
        let source = envelope::known(answer, &["source"], &id.0);
        Ok(source.unwrap_or_else(|| Source { id: id.0.clone(), ..Source::default() }))
    }

    /// One page of sources, as the platform lists them; `kind` is `website`, `file` or `text`.
    ///
    /// # Errors
    /// See [`ApiError`].
    pub async fn list_sources(&self, page: u64, per_page: u64, kind: Option<&str>) -> Result<List<Source>, ApiError> {
        let mut query = vec![("page", page.to_string()), ("per_page", per_page.to_string())];
        query.extend(kind.map(|kind| ("type", kind.to_owned())));
        self.http.list(Call::new(Method::GET, "/sources", Class::Begin).query(&query), "sources").await
    }

    /// One source with all its fields.
    ///
    /// # Errors
    /// See [`ApiError`].
    pub async fn get_source(&self, id: &SourceId) -> Result<Source, ApiError> {
        let call = Call::new(Method::GET, "/sources/{id}", Class::Finish).id(&id.0);
        let call = call.about(RequestKind::Document);
        let unlike = self.http.unlike(&call);
        let answer = self.http.call(call).await?;
        envelope::known(answer, &["source"], &id.0).ok_or(unlike)
    }
}

impl Platform for Cevvo {
    fn abilities(&self) -> Abilities {
        ABILITIES
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
        let mut reading = self.size.read(at.unwrap_or(Cursor { at: 1, before: 0 }));
        loop {
            let (size, at) = reading.next();
            let query = [("page", at.at.to_string()), ("per_page", size.to_string())];
            let call = Call::new(Method::GET, "/sources", Class::Finish).query(&query).about(RequestKind::List);
            let found = self.http.list(call, "sources").await;
            if let Some(page) = reading.take(found.map(|found| page_of(found, at))) {
                return page;
            }
        }
    }

    async fn source(&self, id: &SourceId) -> Result<Option<RemoteSource>, ApiError> {
        Ok(found(self.get_source(id).await)?.filter(|source| !is_gone(source)).map(remote))
    }

    async fn create(&self, name: &str, kind: &SourceKind, _: Option<Upload>) -> Result<Created, ApiError> {
        let about = RequestKind::Create;
        let (kind, url, auto_sync, about) = match kind {
            SourceKind::File => ("file", None, None, about),
            SourceKind::Page { .. } => ("text", None, None, about),
            SourceKind::Website { url, auto_sync } => {
                ("website", Some(url.to_string()), Some(*auto_sync), RequestKind::Collection)
            }
        };
        let body = CreateSource { name: name.to_owned(), kind: kind.to_owned(), url, auto_sync };
        let made = self.make(&body, about).await?;
        Ok(Created { source: SourceId(made.id), job: None, name: said(made.name) })
    }

    async fn ingest(&self, source: &SourceId, url: &Url) -> Result<JobId, ApiError> {
        let body = IngestUrl { url: url.to_string(), source_id: source.0.clone() };
        self.ingestion(source, Call::new(Method::POST, "/ingest/url", Class::Finish).json(&body)).await
    }

    async fn set_auto_sync(&self, id: &SourceId, on: bool) -> Result<bool, ApiError> {
        let change = UpdateSource { name: None, auto_sync: Some(on) };
        Ok(found(self.change(id, &change, RequestKind::Collection).await)?.is_some())
    }

    async fn upload(&self, source: &SourceId, upload: Upload) -> Result<JobId, ApiError> {
        let call = Call::new(Method::POST, "/ingest/upload", Class::Finish).form(("source_id", &source.0), &upload);
        self.ingestion(source, call).await
    }

    async fn job(&self, id: &JobId, source: &SourceId) -> Result<JobState, ApiError> {
        if let Some(source) = id.0.strip_prefix(OF_SOURCE) {
            return Ok(state_by(self.source(&SourceId(source.to_owned())).await?));
        }
        let call = Call::new(Method::GET, "/ingest/status/{id}", Class::Finish).id(&id.0).about(RequestKind::Document);
        let Some(answer) = found(self.http.call(call).await)? else { return Ok(JobState::Forgotten) };
        let job: Job = envelope::one(answer, &["job"]).unwrap_or_default();
        if is_another(&job, id, source) {
            return Ok(JobState::Unclear);
        }
        Ok(state_of(&job, |words| self.http.words(words)))
    }

    async fn rename(&self, id: &SourceId, name: &str) -> Result<Option<Renamed>, ApiError> {
        let change = UpdateSource { name: Some(name.to_owned()), auto_sync: None };
        Ok(found(self.update_source(id, &change).await)?.map(|source| Renamed { name: said(source.name) }))
    }

    async fn delete(&self, id: &SourceId) -> Result<(), ApiError> {
        let call = Call::new(Method::DELETE, "/sources/{id}", Class::Finish).id(&id.0).about(RequestKind::Document);
        let name = call.to_string();
        match found(self.http.change(call).await)? {
            Some(answer) if denies(&answer) && self.source(id).await?.is_some() => Err(ApiError::undone(name)),
            _ => Ok(()),
        }
    }
}

/// What is not found is nothing, and no failure.
fn found<T>(answer: Result<T, ApiError>) -> Result<Option<T>, ApiError> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

/// A name that the platform says.
fn said(name: String) -> Option<String> {
    Some(name).filter(|name| !name.is_empty())
}

/// The answer to a request for a page. A platform may give fewer than it was asked for: the first page shows how many.
pub(super) fn page_of(found: List<Source>, page: Cursor) -> SourcePage {
    let (count, total) = (found.count(), found.total);
    let sources: Vec<_> = found.items.into_iter().filter(|source| !is_gone(source)).map(remote).collect();
    let after = |page: Cursor| Cursor { at: page.at.saturating_add(1), before: page.before.saturating_add(count) };
    let next = after(page);
    let pages = total.filter(|_| page.at == 1 && count > 0).map(|total| total.div_ceil(count));
    SourcePage {
        passed_over: 0,
        asked: PAGE_SIZE,
        unreadable: count - sources.len() as u64,
        sources,
        total,
        next: (count > 0).then_some(next),
        past_next: (count > 0).then(|| after(next)),
        may_be_last: count == 0 || total.is_some_and(|total| next.before >= total),
        last: pages.map(|pages| Cursor { at: pages, before: pages.saturating_sub(1).saturating_mul(count) }),
    }
}

/// Whether a source is deleted, and shown all the same.
fn is_gone(source: &Source) -> bool {
    status::is_gone(&source.flags, source.status.as_deref())
}

/// `synced` with a document holds it, one that was just made is `pending`, and so is one that held a document and is worked
/// on again; unknown statuses are "not yet" (reading of `source.status`).
fn remote(source: Source) -> RemoteSource {
    let status = status::of_source(source.status, &source.flags);
    let holding = match (status.as_deref().map(progress), source.document_count) {
        (Some(Progress::Done), Some(1..)) => Holding::Document,
        (Some(Progress::Done), Some(0)) => Holding::Empty,
        (Some(Progress::Failed), _) => Holding::Failed(None),
        (Some(Progress::Working | Progress::Unknown), _) => Holding::AtWork,
        (Some(Progress::Pending), _) | (None, Some(0)) => Holding::Nothing,
        (Some(Progress::Done), None) => Holding::Done,
        (None, _) => Holding::Unsaid,
    };
    let Source { id, name, created_at, auto_sync, .. } = source;
    let unready = Unready::of(status, &holding);
    RemoteSource { id: SourceId(id), name, holding, unready, created_at, auto_sync }
}

/// Whether an answer is about another job than was asked for: a platform that was restored gives the same ids again.
fn is_another(job: &Job, id: &JobId, source: &SourceId) -> bool {
    let mut ids = [&job.job_id, &job.id].into_iter().filter(|id| !id.is_empty()).peekable();
    let is_other_id = ids.peek().is_some() && ids.all(|other| *other != id.0);
    is_other_id || job.source_id.as_ref().is_some_and(|other| !other.is_empty() && *other != source.0)
}

/// How a job is; a reason is passed on by `words`.
pub(super) fn state_of(job: &Job, words: impl Fn(&str) -> String) -> JobState {
    match progress(&job.status) {
        Progress::Done => JobState::Completed(job.documents_processed),
        Progress::Failed => {
            let reason = job.error.as_ref().and_then(message_in).or_else(|| job.message.as_ref().and_then(message_in));
            JobState::Failed(reason.map_or_else(|| "the platform gave no reason".to_owned(), |text| words(&text)))
        }
        Progress::Pending | Progress::Working => JobState::Working,
        Progress::Unknown => JobState::Unclear,
    }
}

/// How a job is that the platform did not tell of.
fn state_by(source: Option<RemoteSource>) -> JobState {
    match source.map(|source| source.holding) {
        Some(Holding::Document) => JobState::Completed(None),
        Some(Holding::Failed(reason)) => JobState::Failed(reason.unwrap_or_else(|| "it gave no reason".to_owned())),
        Some(Holding::Nothing | Holding::Unsaid | Holding::Done | Holding::AtWork | Holding::Empty) => {
            JobState::Working
        }
        None => JobState::Forgotten,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn jobs_are_read_leniently() {
        let state = |value: Value| state_of(&serde_json::from_value(value).unwrap(), str::to_owned);
        assert_eq!(state(json!({"job_id": "j", "status": "completed"})), JobState::Completed(None));
        assert_eq!(
            state(json!({"job_id": "j", "status": "completed", "documents_processed": 0})),
            JobState::Completed(Some(0))
        );
        for status in ["processing", "pending", "queued", "running"] {
            assert_eq!(state(json!({"job_id": "j", "status": status})), JobState::Working);
        }
        for status in ["reticulating", ""] {
            assert_eq!(state(json!({"job_id": "j", "status": status})), JobState::Unclear);
        }
        for body in [
            json!({"job_id": "j", "status": "failed", "error": "bad"}),
            json!({"job_id": "j", "status": "error", "message": "bad"}),
            json!({"job_id": "j", "status": "cancelled", "error": {"code": "x", "message": "bad"}}),
        ] {
            assert_eq!(state(body), JobState::Failed("bad".to_owned()));
        }
    }

    #[test]
    fn is_another__answer_about_another_job_or_source__is_not_believed() {
        for (answer, expected) in [
            (json!({"status": "completed"}), false),
            (json!({"job_id": "j", "source_id": "s"}), false),
            (json!({"job_id": "j", "id": "7"}), false),
            (json!({"id": "j", "job_id": ""}), false),
            (json!({"job_id": "other"}), true),
            (json!({"id": "other"}), true),
            (json!({"job_id": "j", "source_id": "other"}), true),
        ] {
            let job = serde_json::from_value(answer.clone()).unwrap();
            let is_another = is_another(&job, &JobId("j".to_owned()), &SourceId("s".to_owned()));
            assert_eq!(is_another, expected, "{answer}");
        }
    }

    #[test]
    fn is_gone__source_that_is_deleted_and_still_shown__is_none() {
        for (source, expected) in [
            (json!({"id": "s", "status": "synced", "deleted_at": null}), false),
            (json!({"id": "s", "deleted_at": "", "archived_at": "0001-01-01T00:00:00Z"}), false),
            (json!({"id": "s", "deleted_at": false}), false),
            (json!({"id": "s", "status": "Deleted"}), true),
            (json!({"id": "s", "status": "synced", "deleted_at": "2026-11-30T00:00:00Z"}), true),
            (json!({"id": "s", "status": "synced", "archived_at": 1_795_262_400}), true),
            (json!({"id": "s", "is_deleted": false, "archived": 0, "active": true, "state": "synced"}), false),
            (json!({"id": "s", "is_deleted": null, "active": null, "state": {}}), false),
            (json!({"id": "s", "status": "synced", "is_deleted": true}), true),
            (json!({"id": "s", "status": "synced", "deleted": "true", "deleted_at": null}), true),
            (json!({"id": "s", "status": "synced", "archived": 1}), true),
            (json!({"id": "s", "status": "synced", "active": false, "is_active": false}), false),
            (json!({"id": "s", "status": "synced", "state": "Archived"}), true),
        ] {
            assert_eq!(is_gone(&serde_json::from_value(source.clone()).unwrap()), expected, "{source}");
        }
    }

    #[test]
    fn remote__source_that_is_switched_off__is_kept_as_one_that_lasts_unready() {
        for (flags, unready) in [
            (json!({"active": false}), Some(("inactive", true))),
            (json!({"is_active": "false"}), Some(("inactive", true))),
            (json!({"active": true, "is_active": null}), None),
            (json!({"active": false, "status": "indexing"}), Some(("indexing", false))),
        ] {
            let mut source = json!({"id": "s", "status": "synced", "document_count": 1});
            source.as_object_mut().unwrap().extend(flags.as_object().unwrap().clone());
            let source: Source = serde_json::from_value(source).unwrap();
            assert!(!is_gone(&source), "{flags}");
            let found = remote(source).unready;
            let found = found.as_ref().map(|found| (found.status.as_str(), found.is_lasting));
            assert_eq!(found, unready, "{flags}");
        }
    }

    #[test]
    fn a_source_holds_its_document_only_when_the_platform_says_so() {
        let holding = |value: Value| remote(serde_json::from_value(value).unwrap()).holding;
        assert_eq!(holding(json!({"id": "s", "status": "synced", "document_count": 1})), Holding::Document);
        assert_eq!(holding(json!({"id": "s", "status": "synced", "document_count": 0})), Holding::Empty);
        assert_eq!(holding(json!({"id": "s", "status": "synced"})), Holding::Done);
        assert_eq!(holding(json!({"id": "s", "status": "failed"})), Holding::Failed(None));
        assert_eq!(holding(json!({"id": "s", "status": "pending"})), Holding::Nothing);
        assert_eq!(holding(json!({"id": "s", "status": "pending", "document_count": 0})), Holding::Nothing);
        assert_eq!(holding(json!({"id": "s", "document_count": 0})), Holding::Nothing);
        assert_eq!(holding(json!({"id": "s", "status": "syncing", "document_count": 1})), Holding::AtWork);
        assert_eq!(holding(json!({"id": "s"})), Holding::Unsaid);
    }

    #[test]
    fn was_filled__source_that_has_failed__is_not_taken_for_an_empty_one() {
        for (status, filled) in [("failed", true), ("syncing", true), ("pending", false), ("synced", false)] {
            let source = json!({"id": "s", "status": status, "document_count": 0});
            assert_eq!(remote(serde_json::from_value(source).unwrap()).holding.was_filled(), filled, "{status}");
        }
    }
}
