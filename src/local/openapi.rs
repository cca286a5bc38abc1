//! The APIs' descriptions in OpenAPI, for programs that read such.

use axum::{
    http::header,
    response::{IntoResponse, Response},
};

use super::{CEVVO_PATH, NEXVIO_PATH};

/// `GET /openapi.json` of Cevvo's API.
pub(super) async fn cevvo() -> Response {
    described(include_str!("../../docs/openapi/cevvo.json"), "https://prod-backend-api.cevvo.ai/api/v1", CEVVO_PATH)
}

/// The same of Nexvio's.
pub(super) async fn nexvio() -> Response {
    described(include_str!("../../docs/openapi/nexvio.json"), "https://api.nexvio.ai/v1", NEXVIO_PATH)
}

/// A description whose server is this one: who reads it here has a key for here.
fn described(description: &str, server: &str, path: &str) -> Response {
    let body = description.replace(&format!("\"url\": \"{server}\""), &format!("\"url\": \"{path}\""));
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}
