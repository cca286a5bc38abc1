//! `/ingest`: uploads, pages, and the status of their jobs.

use std::{path::Path as FsPath, sync::Arc};

use axum::{
    Extension, Json,
    extract::{
        Multipart, Path, State,
        multipart::{Field, MultipartError, MultipartRejection},
    },
    http::StatusCode,
};
use sha2::{Digest, Sha256};
use tokio::{fs::File, io::AsyncWriteExt};

use crate::{
    model::ContentHash,
    platform::wire::{IngestUrl, Job},
};

use super::{
    App,
    error::ApiError,
    faults::JobFault,
    ids,
    jobs::{self, Fresh, Upload},
    request::Body,
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
    let (file, source_id) = read_form(form, stored.path()).await?;
    let fresh = Fresh { job_id, source_id, upload: Some((file, stored)), url: None };
    let job = jobs::begin(&app, fresh, fault.map(|Extension(fault)| fault)).await?;
    Ok((StatusCode::ACCEPTED, Json(job)))
}

/// `POST /ingest/url`.
pub(super) async fn url(
    State(app): State<Arc<App>>,
    fault: Option<Extension<JobFault>>,
    Body(wanted): Body<IngestUrl>,
) -> Result<(StatusCode, Json<Job>), ApiError> {
    sources::web_url(&wanted.url)?;
    let fresh = Fresh { job_id: ids::fresh("job"), source_id: wanted.source_id, upload: None, url: Some(wanted.url) };
    let job = jobs::begin(&app, fresh, fault.map(|Extension(fault)| fault)).await?;
    Ok((StatusCode::ACCEPTED, Json(job)))
}

/// `GET /ingest/status/{id}`.
pub(super) async fn status(State(app): State<Arc<App>>, Path(id): Path<String>) -> Result<Json<Job>, ApiError> {
    if app.faults.of_job(&id) == Some(JobFault::Forgotten) {
        return Err(ApiError::missing("job", &id));
    }
    app.db.call(move |tx| jobs::find(tx, &id)).await.map(Json)
}

/// Reads the form to its end, so that even a refused client has sent what it wanted to and reads the answer.
async fn read_form(mut form: Multipart, path: &FsPath) -> Result<(Upload, String), ApiError> {
    let mut file = None;
    let mut source_id = None;
    while let Some(mut field) = form.next_field().await.map_err(broken)? {
        match field.name() {
            Some("file") => file = Some(receive(&mut field, path).await?),
            Some("source_id") => source_id = Some(field.text().await.map_err(broken)?),
            _ => while field.chunk().await.map_err(broken)?.is_some() {},
        }
    }
    let file = file.ok_or_else(|| ApiError::invalid("the form has no `file`"))??;
    let source_id = source_id.ok_or_else(|| ApiError::invalid("the form has no `source_id`"))?;
    Ok((file, source_id))
}

/// Streams the file to `path`. The inner error is a file that is not wanted; it is read past.
async fn receive(field: &mut Field<'_>, path: &FsPath) -> Result<Result<Upload, ApiError>, ApiError> {
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
    let extension = FsPath::new(file_name).extension().and_then(|extension| extension.to_str());
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
