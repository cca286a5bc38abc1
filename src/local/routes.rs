//! The routes of both APIs, and what is said of all others.

use std::sync::Arc;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{Method, StatusCode, Uri},
    middleware,
    routing::{delete, get, post},
};

use super::{
    App, CEVVO_PATH, analytics, api, chat, conversations, error::ApiError, gate::gate, ingest, nexvio, openapi, sources,
};

/// The largest JSON body taken, in bytes.
const MAX_JSON: usize = 1 << 20;

pub(super) fn router(app: Arc<App>) -> Router {
    let path = |path: &str| format!("{CEVVO_PATH}{path}");
    Router::new()
        .route(&path("/chat"), post(chat::ask))
        .route(&path("/chat/stream"), post(chat::ask_stream))
        .route(&path("/conversations"), get(conversations::list))
        .route(&path("/conversations/{id}"), get(conversations::show).delete(conversations::delete))
        .route(&path("/sources"), get(sources::list).post(sources::create))
        .route(&path("/sources/{id}"), delete(sources::delete).get(sources::show).put(sources::update))
        .route(&path("/ingest/upload"), post(ingest::upload).layer(DefaultBodyLimit::max(ingest::MAX_REQUEST)))
        .route(&path("/ingest/url"), post(ingest::url))
        .route(&path("/ingest/status/{id}"), get(ingest::status))
        .route(&path("/analytics/overview"), get(analytics::overview))
        .route(&path("/analytics/top-questions"), get(analytics::top_questions))
        .route(&path("/analytics/coverage-gaps"), get(analytics::coverage_gaps))
        .route(&path("/openapi.json"), get(openapi::cevvo))
        .merge(nexvio::routes())
        .fallback(unknown_route)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(MAX_JSON))
        .layer(middleware::from_fn(api::word_errors))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), gate))
        .with_state(app)
}

async fn unknown_route(uri: Uri) -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "not_found", format!("there is no {}", uri.path()))
}

async fn wrong_method(method: Method, uri: Uri) -> ApiError {
    let message = format!("{} does not take {method}", uri.path());
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message)
}
