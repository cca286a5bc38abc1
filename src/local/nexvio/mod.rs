//! Nexvio's API, over the same data as Cevvo's.

pub(super) mod bots;
mod buckets;
mod change;
mod conversations;
mod envelope;
mod integrations;
mod knowledge;
mod request;
mod span;
mod stats;

use std::sync::Arc;

use axum::{
    Router,
    routing::{delete, get},
};

use super::{App, NEXVIO_PATH, openapi};

pub use knowledge::KnowledgeShown;

pub(super) fn routes() -> Router<Arc<App>> {
    let path = |path: &str| format!("{NEXVIO_PATH}{path}");
    Router::new()
        .route(&path("/bots"), get(bots::list).post(bots::create))
        .route(&path("/bots/{id}"), get(bots::show).patch(bots::update).delete(bots::delete))
        .route(&path("/chatbots"), get(bots::list))
        .route(&path("/chatbots/{id}"), get(bots::show).patch(bots::update))
        .route(&path("/chatbots/{id}/conversations"), get(conversations::list_of_bot))
        .route(&path("/chatbots/{id}/stats"), get(stats::show))
        .route(&path("/conversations"), get(conversations::list))
        .route(&path("/conversations/{id}"), get(conversations::show))
        .route(&path("/conversations/{id}/messages"), get(conversations::messages))
        .route(&path("/integrations"), get(integrations::list).post(integrations::enable))
        .route(&path("/integrations/{id}"), delete(integrations::disable))
        .route(&path("/knowledge"), get(knowledge::list).post(knowledge::add))
        .route(&path("/knowledge/{id}"), delete(knowledge::delete))
        .route(&path("/openapi.json"), get(openapi::nexvio))
}
