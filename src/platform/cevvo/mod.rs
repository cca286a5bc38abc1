//! Cevvo's API: sources and ingestion, as reconciling needs them (`cevvo-api`, sections Sources and Ingestion).

pub(super) mod assistant;

use std::time::Duration;

use reqwest::Method;
use url::Url;

use super::{
    Abilities, ApiError, Created, Holding, Http, JobState, Platform, RemoteSource, SourceKind, SourcePage, Upload,
    answer::{message_in, shortened},
    form::EXTENSIONS,
    gate::Class,
    http::Call,
    wire::cevvo::{CreateSource, Deleted, IngestUrl, Job, Page, Source, UpdateSource},
};
use crate::model::{JobId, Making, SourceId};

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
        self.http.call(Call::new(Method::POST, "/sources", Class::Begin).json(source)).await
    }

    /// Changes a source's name or its auto sync.
    ///
    /// # Errors
    /// See [`ApiError`].
    pub async fn update_source(&self, id: &SourceId, change: &UpdateSource) -> Result<Source, ApiError> {
        self.http.call(Call::new(Method::PUT, "/sources/{id}", Class::Finish).id(&id.0).json(change)).await
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
        self.http.call(Call::new(Method::GET, "/sources/{id}", Class::Finish).id(&id.0)).await
    }

    /// Changes a source that may not exist any more.
    async fn update(&self, id: &SourceId, change: UpdateSource) -> Result<bool, ApiError> {
        match self.update_source(id, &change).await {
            Ok(_) => Ok(true),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        }
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

    async fn sources(&self, page: u64) -> Result<SourcePage, ApiError> {
        let query = [("page", page.to_string()), ("per_page", PAGE_SIZE.to_string())];
        let call = Call::new(Method::GET, "/sources", Class::Finish).query(&query);
        Ok(page_of(self.http.call(call).await?))
    }

    async fn source(&self, id: &SourceId) -> Result<Option<RemoteSource>, ApiError> {
        match self.get_source(id).await {
            Ok(source) => Ok(Some(remote(source))),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn create(&self, name: &str, kind: &SourceKind, _: Option<Upload>) -> Result<Created, ApiError> {
        let (kind, url, auto_sync) = match kind {
            SourceKind::File => ("file", None, None),
            SourceKind::Page { .. } => ("text", None, None),
            SourceKind::Website { url, auto_sync } => ("website", Some(url.to_string()), Some(*auto_sync)),
        };
        let body = CreateSource { name: name.to_owned(), kind: kind.to_owned(), url, auto_sync };
        Ok(Created { source: SourceId(self.create_source(&body).await?.id), job: None })
    }

    async fn ingest(&self, source: &SourceId, url: &Url) -> Result<JobId, ApiError> {
        let body = IngestUrl { url: url.to_string(), source_id: source.0.clone() };
        let job: Job = self.http.call(Call::new(Method::POST, "/ingest/url", Class::Finish).json(&body)).await?;
        Ok(JobId(job.job_id))
    }

    async fn set_auto_sync(&self, id: &SourceId, on: bool) -> Result<bool, ApiError> {
        self.update(id, UpdateSource { name: None, auto_sync: Some(on) }).await
    }

    async fn upload(&self, source: &SourceId, upload: Upload) -> Result<JobId, ApiError> {
        let call = Call::new(Method::POST, "/ingest/upload", Class::Finish).form(("source_id", &source.0), &upload);
        let job: Job = self.http.call(call).await?;
        Ok(JobId(job.job_id))
    }

    async fn job(&self, id: &JobId) -> Result<JobState, ApiError> {
        let call = Call::new(Method::GET, "/ingest/status/{id}", Class::Finish).id(&id.0);
        match self.http.call::<Job>(call).await {
            Ok(job) => Ok(match state_of(&job) {
                JobState::Failed(reason) => JobState::Failed(self.http.without_key(&reason)),
                state => state,
            }),
            Err(error) if error.is_not_found() => Ok(JobState::Forgotten),
            Err(error) => Err(error),
        }
    }

    async fn rename(&self, id: &SourceId, name: &str) -> Result<bool, ApiError> {
        self.update(id, UpdateSource { name: Some(name.to_owned()), auto_sync: None }).await
    }

    async fn delete(&self, id: &SourceId) -> Result<(), ApiError> {
        let call = Call::new(Method::DELETE, "/sources/{id}", Class::Finish).id(&id.0);
        match self.http.call::<Deleted>(call).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_not_found() => Ok(()),
            Err(error) => Err(error),
        }
    }
}

pub(super) fn page_of(page: Page<Source>) -> SourcePage {
    let total = page.meta.map(|meta| meta.total);
    SourcePage { sources: page.data.into_iter().map(remote).collect(), total }
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
