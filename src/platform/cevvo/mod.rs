//! Cevvo's API: sources and ingestion, as reconciling needs them (`cevvo-api`, sections Sources and Ingestion).

pub(super) mod assistant;

use std::{num::NonZeroU64, time::Duration};

use reqwest::Method;
use url::Url;

use super::{
    Abilities, ApiError, Created, Cursor, Holding, Http, JobState, Platform, RemoteSource, Renamed, SourceKind,
    SourcePage, Upload,
    answer::{message_in, shortened},
    call::Call,
    form::EXTENSIONS,
    gate::Class,
    wire::cevvo::{CreateSource, Deleted, IngestUrl, Job, Page, Source, UpdateSource},
};
use crate::{
    model::{JobId, Making, SourceId},
    pace::RequestKind,
};

pub use assistant::{ChatEvent, ChatStream, Period};

/// Sources on one page of the list; 100 is the most that Cevvo's page allows for lists.
pub const PAGE_SIZE: u64 = 100;
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

/// A client of Cevvo's API.
pub struct Cevvo {
    http: Http,
}

impl Cevvo {
    /// A client over this HTTP layer.
    pub fn new(http: Http) -> Self {
        Self { http }
    }

    /// Makes a source of any kind, with the fields of the page.
    ///
    /// # Errors
    /// See [`ApiError`]; an unknown outcome must be looked for in the list.
    pub async fn create_source(&self, source: &CreateSource) -> Result<Source, ApiError> {
        self.make(source, RequestKind::Create).await
    }

    async fn make(&self, source: &CreateSource, kind: RequestKind) -> Result<Source, ApiError> {
        self.http.call(Call::new(Method::POST, "/sources", Class::Begin).json(source).about(kind)).await
    }

    /// Changes a source's name or its auto sync.
    ///
    /// # Errors
    /// See [`ApiError`].
    pub async fn update_source(&self, id: &SourceId, change: &UpdateSource) -> Result<Source, ApiError> {
        self.change(id, change, RequestKind::Document).await
    }

    async fn change(&self, id: &SourceId, change: &UpdateSource, kind: RequestKind) -> Result<Source, ApiError> {
        let call = Call::new(Method::PUT, "/sources/{id}", Class::Finish).id(&id.0).json(change);
        self.http.call(call.about(kind)).await
    }

    /// One page of sources, as the platform lists them; `kind` is `website`, `file` or `text`.
    ///
    /// # Errors
    /// See [`ApiError`].
    pub async fn list_sources(&self, page: u64, per_page: u64, kind: Option<&str>) -> Result<Page<Source>, ApiError> {
        let mut query = vec![("page", page.to_string()), ("per_page", per_page.to_string())];
        query.extend(kind.map(|kind| ("type", kind.to_owned())));
        self.http.call(Call::new(Method::GET, "/sources", Class::Begin).query(&query)).await
    }

    /// One source with all its fields.
    ///
    /// # Errors
    /// See [`ApiError`].
    pub async fn get_source(&self, id: &SourceId) -> Result<Source, ApiError> {
        let call = Call::new(Method::GET, "/sources/{id}", Class::Finish).id(&id.0);
        self.http.call(call.about(RequestKind::Document)).await
    }
}

impl Platform for Cevvo {
    fn abilities(&self) -> Abilities {
        ABILITIES
    }

    fn begin(&self) {
        self.http.begin();
    }

    fn gap(&self) -> Duration {
        self.http.gap()
    }

    fn queued(&self) -> usize {
        self.http.queued()
    }

    async fn sources(&self, at: Option<Cursor>) -> Result<SourcePage, ApiError> {
        let page = at.map_or(1, |Cursor(page)| page.get());
        let query = [("page", page.to_string()), ("per_page", PAGE_SIZE.to_string())];
        let call = Call::new(Method::GET, "/sources", Class::Finish).query(&query).about(RequestKind::List);
        Ok(page_of(self.http.call(call).await?, page))
    }

    async fn source(&self, id: &SourceId) -> Result<Option<RemoteSource>, ApiError> {
        Ok(found(self.get_source(id).await)?.map(remote))
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
        let job: Job = self
            .http
            .call(Call::new(Method::POST, "/ingest/url", Class::Finish).json(&body).about(RequestKind::Document))
            .await?;
        Ok(JobId(job.job_id))
    }

    async fn set_auto_sync(&self, id: &SourceId, on: bool) -> Result<bool, ApiError> {
        let change = UpdateSource { name: None, auto_sync: Some(on) };
        Ok(found(self.change(id, &change, RequestKind::Collection).await)?.is_some())
    }

    async fn upload(&self, source: &SourceId, upload: Upload) -> Result<JobId, ApiError> {
        let call = Call::new(Method::POST, "/ingest/upload", Class::Finish).form(("source_id", &source.0), &upload);
        let job: Job = self.http.call(call.about(RequestKind::Upload)).await?;
        Ok(JobId(job.job_id))
    }

    async fn job(&self, id: &JobId) -> Result<JobState, ApiError> {
        let call = Call::new(Method::GET, "/ingest/status/{id}", Class::Finish).id(&id.0).about(RequestKind::Document);
        match self.http.call::<Job>(call).await {
            Ok(job) => Ok(match state_of(&job) {
                JobState::Failed(reason) => JobState::Failed(self.http.without_key(&reason)),
                state => state,
            }),
            Err(error) if error.is_not_found() => Ok(JobState::Forgotten),
            Err(error) => Err(error),
        }
    }

    async fn rename(&self, id: &SourceId, name: &str) -> Result<Option<Renamed>, ApiError> {
        let change = UpdateSource { name: Some(name.to_owned()), auto_sync: None };
        Ok(found(self.update_source(id, &change).await)?.map(|source| Renamed { name: said(source.name) }))
    }

    async fn delete(&self, id: &SourceId) -> Result<(), ApiError> {
        let call = Call::new(Method::DELETE, "/sources/{id}", Class::Finish).id(&id.0).about(RequestKind::Document);
        found(self.http.call::<Deleted>(call).await).map(drop)
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

/// The answer to a request for page `number`.
pub(super) fn page_of(page: Page<Source>, number: u64) -> SourcePage {
    let count = page.data.len() as u64;
    let total = page.meta.map(|meta| meta.total);
    // A platform may give fewer than it was asked for.
    let size = page.meta.map(|meta| meta.per_page).filter(|size| (count.max(1)..=PAGE_SIZE).contains(size));
    let pages = total.map(|total| total.div_ceil(size.unwrap_or(PAGE_SIZE)));
    SourcePage {
        sources: page.data.into_iter().map(remote).collect(),
        unreadable: 0,
        total,
        next: NonZeroU64::new(number + 1).filter(|_| count > 0).map(Cursor),
        may_be_last: count == 0 || pages.is_some_and(|pages| number >= pages),
        last: pages.and_then(NonZeroU64::new).map(Cursor),
    }
}

/// `synced` with a document holds it, one that was just made is `pending`; unknown statuses are "not yet" (reading of
/// `source.status`).
fn remote(source: Source) -> RemoteSource {
    let holding = match source.status.as_deref() {
        Some("synced") if source.document_count.is_some_and(|count| count > 0) => Holding::Document,
        Some("synced") if source.document_count == Some(0) => Holding::Empty,
        Some("failed" | "error") => Holding::Failed(None),
        None | Some("pending" | "synced") => Holding::Nothing,
        Some(_) => Holding::AtWork,
    };
    let Source { id, name, created_at, auto_sync, .. } = source;
    RemoteSource { id: SourceId(id), name, holding, created_at, auto_sync }
}

pub(super) fn state_of(job: &Job) -> JobState {
    match job.status.as_str() {
        "completed" => JobState::Completed(job.documents_processed),
        "failed" | "error" | "cancelled" => {
            let reason = job.error.as_ref().and_then(message_in).or_else(|| job.message.as_ref().and_then(message_in));
            JobState::Failed(reason.map_or_else(|| "the platform gave no reason".to_owned(), |text| shortened(&text)))
        }
        _ => JobState::Working,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn jobs_are_read_leniently() {
        let state = |value: Value| state_of(&serde_json::from_value(value).unwrap());
        assert_eq!(state(json!({"job_id": "j", "status": "completed"})), JobState::Completed(None));
        assert_eq!(
            state(json!({"job_id": "j", "status": "completed", "documents_processed": 0})),
            JobState::Completed(Some(0))
        );
        for status in ["processing", "pending", "queued", "running", "reticulating", ""] {
            assert_eq!(state(json!({"job_id": "j", "status": status})), JobState::Working);
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
    fn a_source_holds_its_document_only_when_the_platform_says_so() {
        let holding = |value: Value| remote(serde_json::from_value(value).unwrap()).holding;
        assert_eq!(holding(json!({"id": "s", "status": "synced", "document_count": 1})), Holding::Document);
        assert_eq!(holding(json!({"id": "s", "status": "synced", "document_count": 0})), Holding::Empty);
        assert_eq!(holding(json!({"id": "s", "status": "synced"})), Holding::Nothing);
        assert_eq!(holding(json!({"id": "s", "status": "failed"})), Holding::Failed(None));
        assert_eq!(holding(json!({"id": "s", "status": "pending"})), Holding::Nothing);
        assert_eq!(holding(json!({"id": "s", "status": "syncing", "document_count": 1})), Holding::AtWork);
        assert_eq!(holding(json!({"id": "s"})), Holding::Nothing);
    }
}
