//! Errors: why the local platform cannot start, and what it answers when a request cannot be served.

use std::{io, path::PathBuf};

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value};

use crate::fetch::FetcherError;

/// Why the local platform cannot start.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    /// Another process serves this folder.
    #[error("the local platform's folder {path} is served by another process{}; use that one, or stop it first",
        address.as_ref().map(|a| format!(" at {a}")).unwrap_or_default())]
    Busy {
        /// The folder.
        path: PathBuf,
        /// The base URL at which the other process serves it, where it has said so.
        address: Option<String>,
    },
    /// The folder or a file in it cannot be read or written.
    #[error("the local platform cannot use {path}: {source}; make the folder writable, or set `platform.data_dir`")]
    Folder {
        /// The folder or file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file with the API key holds something else.
    #[error("{path} holds no API key of the local platform; delete it, and a new key is made at the next start")]
    Key {
        /// The file.
        path: PathBuf,
    },
    /// The database is not readable.
    #[error(
        "the local platform's database {path} is damaged ({reason}); move it aside, and the next sync fills a new one"
    )]
    Damaged {
        /// The database.
        path: PathBuf,
        /// What SQLite said.
        reason: String,
    },
    /// A newer kbsync has written the database.
    #[error(
        "the local platform's database {path} was written by a newer kbsync (schema {found}, this one knows {known}); \
         update kbsync, or choose another `platform.data_dir`"
    )]
    Newer {
        /// The database.
        path: PathBuf,
        /// Its schema.
        found: i64,
        /// The newest schema that this program knows.
        known: i64,
    },
    /// Nothing can be fetched.
    #[error(transparent)]
    Pages(#[from] FetcherError),
    /// The listener is unusable.
    #[error("the local platform cannot listen: {0}")]
    Listen(io::Error),
}

/// An answer other than success. Its body is that of the API that was asked; see [`Api::worded`](super::api::Api::worded).
#[derive(Clone, Debug)]
pub(super) struct ApiError {
    status: StatusCode,
    pub(super) code: &'static str,
    pub(super) message: String,
    /// What is wrong with which field, where that is known.
    pub(super) details: Option<Value>,
}

impl ApiError {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), details: None }
    }

    pub(super) fn status(&self) -> StatusCode {
        self.status
    }

    /// What went wrong, for people.
    pub(super) fn message(&self) -> &str {
        &self.message
    }

    /// 400: the request itself is wrong.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", message)
    }

    /// 400: these fields are wrong, each for its reason.
    pub(super) fn wrong_fields(details: Map<String, Value>) -> Self {
        Self { details: Some(details.into()), ..Self::invalid("Invalid request data") }
    }

    /// 404: nothing of this kind has this id.
    pub(super) fn missing(kind: &str, id: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", format!("no {kind} has the id `{id}`"))
    }

    /// 409: the request is right, and what it is about is of another kind.
    pub(super) fn conflict(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "conflict", message)
    }

    /// 413: more bytes than are taken.
    pub(super) fn too_large(message: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message)
    }

    /// 500: the local platform's own files fail it. The cause goes to the log, not to the client.
    pub(super) fn own_files(cause: &dyn std::error::Error) -> Self {
        tracing::error!("the local platform cannot read or write its data: {cause}");
        let message = "the local platform cannot read or write its data; its log says why";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message)
    }

    /// 503: the request came while the platform stops.
    pub(super) fn stopping() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "stopping", "the local platform is stopping; try again")
    }
}

impl From<rusqlite::Error> for ApiError {
    fn from(error: rusqlite::Error) -> Self {
        Self::own_files(&error)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut answer = self.status.into_response();
        answer.extensions_mut().insert(self);
        answer
    }
}
