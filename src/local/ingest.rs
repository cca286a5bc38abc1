//! `/ingest`: uploads, pages, and the status of their jobs.

use std::{path::Path, sync::Arc};

use axum::{
    Extension, Json,
    extract::{
        FromRequest, Multipart, Request, State,
        multipart::{Field, MultipartError, MultipartRejection},
    },
    http::{StatusCode, header},
};
use rusqlite::Transaction;
use sha2::{Digest, Sha256};
use tokio::{fs::File, io::AsyncWriteExt};

use crate::{
    model::ContentHash,
    platform::wire::cevvo::{IngestUrl, Job},
};

use super::{
    App,
    error::ApiError,
    faults::JobFault,
    ids,
    jobs::{self, Fresh, Upload},
    request::{Body, Id},
    sources,
};

/// The largest file taken, in bytes.
const MAX_FILE: usize = 100 << 20;
/// The largest request taken: a file, and the form around it.
pub(super) const MAX_REQUEST: usize = MAX_FILE + (1 << 20);
/// The extensions of the documented formats.
const EXTENSIONS: [&str; 4] = ["pdf", "docx", "txt", "md"];

/// `POST /ingest/upload`: a form of `file` and `source_id`, in any order.
pub(super) async fn upload(
    State(app): State<Arc<App>>,
    fault: Option<Extension<JobFault>>,
    form: Result<Multipart, MultipartRejection>,
) -> Result<(StatusCode, Json<Job>), ApiError> {
    let form = form.map_err(|refusal| ApiError::invalid(refusal.body_text()))?;
    let job_id = ids::fresh("job");
    // Dropped before it is kept, as when the client goes away, it takes the file along.
    let stored = jobs::StoredUpload::new(&app, &job_id);
    let (file, source_id) = read_form(form, stored.path(), "source_id").await?;
    let source_id = source_id.ok_or_else(|| ApiError::invalid("the form has no `source_id`"))?;
    let job = Job { file_name: Some(file.file_name.clone()), ..begun(&job_id, source_id) };
    begin(&app, Fresh { job_id, upload: Some((file, stored)), url: None }, fault, job).await
}

/// Reads the form of an upload as `/ingest/upload` does, without a platform: the file, which goes to `path`, by its name,
/// and the id of the source that it is for.
///
/// # Errors
/// In the words that its sender would read.
pub async fn read_upload(content_type: &[u8], body: Vec<u8>, path: &Path) -> Result<(String, Option<String>), String> {
    let request = Request::builder().header(header::CONTENT_TYPE, content_type).body(body.into());
    let request = request.map_err(|error| error.to_string())?;
    let form = Multipart::from_request(request, &()).await.map_err(|refusal| refusal.body_text())?;
    let (file, source_id) = read_form(form, path, "source_id").await.map_err(|error| error.message().to_owned())?;
    Ok((file.file_name, source_id))
}

/// `POST /ingest/url`.
pub(super) async fn url(
    State(app): State<Arc<App>>,
    fault: Option<Extension<JobFault>>,
    Body(wanted): Body<IngestUrl>,
) -> Result<(StatusCode, Json<Job>), ApiError> {
    sources::web_url(&wanted.url)?;
    let job_id = ids::fresh("job");
    let job = Job { url: Some(wanted.url.clone()), ..begun(&job_id, wanted.source_id) };
    begin(&app, Fresh { job_id, upload: None, url: Some(wanted.url) }, fault, job).await
}

fn begun(job_id: &str, source_id: String) -> Job {
    let (job_id, status) = (job_id.to_owned(), "processing".to_owned());
    Job { job_id, status, source_id: Some(source_id), ..Job::default() }
}

/// Begins a job in the source that `job` names, and answers with `job`.
async fn begin(
    app: &App,
    fresh: Fresh,
    fault: Option<Extension<JobFault>>,
    job: Job,
) -> Result<(StatusCode, Json<Job>), ApiError> {
    let source = move |tx: &Transaction| {
        Ok((sources::open_to_documents(tx, job.source_id.as_deref().unwrap_or_default())?, job))
    };
    let job = jobs::begin(app, fresh, fault.map(|Extension(fault)| fault), source).await?;
    Ok((StatusCode::ACCEPTED, Json(job)))
}

/// `GET /ingest/status/{id}`.
pub(super) async fn status(State(app): State<Arc<App>>, Id(id): Id) -> Result<Json<Job>, ApiError> {
    if app.faults.of_job(&id) == Some(JobFault::Forgotten) {
        return Err(ApiError::missing("job", &id));
    }
    app.db.call(move |tx| jobs::find(tx, &id)).await.map(Json)
}

/// Reads a form of `file`, which is streamed to `path`, and of one field of text that may be missing, in any order. It
/// is read to its end, so that even a refused client has sent what it wanted to and reads the answer.
pub(super) async fn read_form(
    mut form: Multipart,
    path: &Path,
    text_field: &str,
) -> Result<(Upload, Option<String>), ApiError> {
    let mut file = None;
    let mut text = None;
    while let Some(mut field) = form.next_field().await.map_err(broken)? {
        match field.name() {
            Some("file") => file = Some(receive(&mut field, path).await?),
            Some(name) if name == text_field => text = Some(field.text().await.map_err(broken)?),
            _ => while field.chunk().await.map_err(broken)?.is_some() {},
        }
    }
    let file = file.ok_or_else(|| ApiError::invalid("the form has no `file`"))??;
    Ok((file, text))
}

/// Streams the file to `path`. The inner error is a file that is not wanted; it is read past.
async fn receive(field: &mut Field<'_>, path: &Path) -> Result<Result<Upload, ApiError>, ApiError> {
    let file_name = field.file_name().unwrap_or_default().to_owned();
    if let Err(refusal) = check_file_name(&file_name) {
        while field.chunk().await.map_err(broken)?.is_some() {}
        return Ok(Err(refusal));
    }
    let mut file = File::create(path).await.map_err(|error| ApiError::own_files(&error))?;
    let mut hash = Sha256::new();
    let mut size = 0;
    while let Some(bytes) = field.chunk().await.map_err(broken)? {
        size += bytes.len();
        if size > MAX_FILE {
            return Err(ApiError::too_large(format!("{file_name} is larger than {} MiB", MAX_FILE >> 20)));
        }
        hash.update(&bytes);
        file.write_all(&bytes).await.map_err(|error| ApiError::own_files(&error))?;
    }
    file.flush().await.map_err(|error| ApiError::own_files(&error))?;
    Ok(Ok(Upload { file_name, sha256: ContentHash(hash.finalize().into()).to_string() }))
}

fn check_file_name(file_name: &str) -> Result<(), ApiError> {
    let extension = Path::new(file_name).extension().and_then(|extension| extension.to_str());
    if extension.is_some_and(|extension| EXTENSIONS.contains(&extension.to_ascii_lowercase().as_str())) {
        return Ok(());
    }
    let message = format!("`{file_name}` is none of PDF, DOCX, TXT, MD");
    Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_type", message))
}

fn broken(error: MultipartError) -> ApiError {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        ApiError::too_large(format!("the upload is larger than {} MiB", MAX_FILE >> 20))
    } else {
        ApiError::invalid(format!("the form cannot be read: {}", error.body_text()))
    }
}
