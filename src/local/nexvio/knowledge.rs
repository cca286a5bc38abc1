//! `/knowledge`: list, add, delete. These are Cevvo's sources; what is added here has its document from the start.

use std::sync::Arc;

use axum::{
    Extension, Json,
    extract::{DefaultBodyLimit, FromRequest, Multipart, Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value};

use super::{
    envelope::{Answer, Created, Listed, Named, deleted, named, success},
    request::{JSON, SliceParams, Wrong, media_type, not_among, wrong_media_type},
};
use crate::{
    local::{
        App,
        error::ApiError,
        faults::JobFault,
        ids, ingest,
        jobs::{self, Fresh, StoredUpload},
        request::{Body, Id, Params},
        sources::{self, Only},
    },
    platform::wire::{
        cevvo::{Deleted, Source},
        flags::Flags,
        nexvio::Knowledge,
    },
};

/// The media type of a form with a file.
const FORM: &str = "multipart/form-data";

/// What `/knowledge` shows, of what Nexvio's pages leave open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnowledgeShown {
    /// Whether items have a `name`.
    pub names: bool,
    /// Whether items have a `status`. Without it only what is ready is listed.
    pub statuses: bool,
    /// Whether the list goes by `offset` and tells its total. If not, it is the bare array of its first `limit` items.
    pub paged: bool,
}

impl Default for KnowledgeShown {
    fn default() -> Self {
        Self { names: true, statuses: true, paged: true }
    }
}

impl KnowledgeShown {
    /// An item without what is not shown.
    fn strip(self, item: Knowledge) -> Knowledge {
        Knowledge { name: item.name.filter(|_| self.names), status: item.status.filter(|_| self.statuses), ..item }
    }
}

/// `GET /knowledge`: newest first.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    Params(params): Params<SliceParams>,
) -> Result<Response, ApiError> {
    let slice = params.check()?;
    let shows = app.knowledge;
    let listed = app.db.call(move |tx| {
        let only = Only { status: (!shows.statuses).then_some("synced"), ..Only::default() };
        let offset = if shows.paged { slice.offset } else { 0 };
        let (sources, total) = sources::some(tx, only, slice.limit.into(), offset.into())?;
        let items = sources.into_iter().map(|source| {
            let failed = source.status.as_deref() == Some("failed");
            let error = if failed { jobs::why_failed(tx, &source.id)? } else { None };
            Ok(shows.strip(Knowledge { error: error.map(Value::String), ..shown(source) }))
        });
        Ok((items.collect::<Result<Vec<_>, ApiError>>()?, total))
    });
    let (items, total) = listed.await?;
    if shows.paged {
        Ok(success(Listed { name: "knowledge", items, total, slice }).into_response())
    } else {
        Ok(Json(items).into_response())
    }
}

/// `POST /knowledge`: a form of `file` and `name`, or a page's address as JSON.
pub(super) async fn add(
    State(app): State<Arc<App>>,
    fault: Option<Extension<JobFault>>,
    request: Request,
) -> Created<Named<Knowledge>> {
    let job_id = ids::fresh("job");
    let (fresh, name, kind) = match media_type(request.headers()).as_str() {
        FORM => file(&app, job_id, request).await?,
        JSON => page(job_id, request).await?,
        _ => return Err(wrong_media_type(&[JSON, FORM])),
    };
    let name = sources::check_name(name)?;
    let url = fresh.url.clone();
    let made = jobs::begin(&app, fresh, fault.map(|Extension(fault)| fault), move |tx| {
        sources::make(tx, &name, kind, url.as_deref(), false)
    });
    Ok((StatusCode::CREATED, named("knowledge", app.knowledge.strip(shown(made.await?)))))
}

/// A job for an uploaded file, and the name and kind of its source.
async fn file(app: &App, job_id: String, mut request: Request) -> Result<(Fresh, String, &'static str), ApiError> {
    DefaultBodyLimit::max(ingest::MAX_REQUEST).apply(&mut request);
    let form = Multipart::from_request(request, &()).await;
    let form = form.map_err(|refusal| ApiError::invalid(refusal.body_text()))?;
    // Dropped before it is kept, as when the client goes away, it takes the file along.
    let stored = StoredUpload::new(app, &job_id);
    let (file, name) = ingest::read_form(form, stored.path(), "name").await?;
    let name = name.unwrap_or_else(|| file.file_name.clone());
    Ok((Fresh { job_id, upload: Some((file, stored)), url: None }, name, "file"))
}

/// The same for a page that is to be fetched.
async fn page(job_id: String, request: Request) -> Result<(Fresh, String, &'static str), ApiError> {
    let Body(fields) = Body::<Map<String, Value>>::from_request(request, &()).await?;
    let mut wrong = Wrong::default();
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    if text("type") != Some("website") {
        wrong.add("type", not_among("type", &["website"]));
    }
    let url = text("url").filter(|url| sources::web_url(url).is_ok()).unwrap_or_else(|| {
        wrong.add("url", "Must be an http or https address");
        ""
    });
    let name = match fields.get("name") {
        None => url,
        Some(name) => name.as_str().unwrap_or_else(|| {
            wrong.add("name", "Must be a string");
            ""
        }),
    };
    wrong.check()?;
    Ok((Fresh { job_id, upload: None, url: Some(url.to_owned()) }, name.to_owned(), "text"))
}

/// `DELETE /knowledge/{id}`: with all its documents and jobs, as `DELETE /sources/{id}` does.
pub(super) async fn delete(State(app): State<Arc<App>>, Id(id): Id) -> Answer<Deleted> {
    let changes = app.changes.clone();
    deleted(app.db.call(move |tx| sources::remove(tx, &changes, &id)).await?, "Knowledge source")
}

/// A source as this API shows it.
pub(super) fn shown(source: Source) -> Knowledge {
    let status = source.status.as_deref().map(|status| match status {
        "pending" => "processing",
        "synced" => "ready",
        other => other,
    });
    Knowledge {
        kind: if source.url.is_some() { "website" } else { "file" }.to_owned(),
        status: status.map(str::to_owned),
        id: source.id,
        name: Some(source.name),
        url: source.url,
        added_at: source.created_at,
        error: None,
        message: None,
        flags: Flags::default(),
    }
}
