//! Nexvio's API: integrations (`nexvio-api`, section Integrations, and the reading of `/integrations`).

use reqwest::Method;
use serde_json::Value;

use super::{List, Nexvio};
use crate::{
    pace::RequestKind,
    platform::{
        ApiError,
        call::Call,
        gate::Class,
        wire::nexvio::{EnableIntegration, Integration},
    },
};

impl Nexvio {
    /// The integrations that are active.
    ///
    /// # Errors
    /// See [`ApiError`].
    pub async fn integrations(&self) -> Result<List<Integration>, ApiError> {
        self.http.list(Call::new(Method::GET, "/integrations", Class::Begin), "integrations").await
    }

    /// Enables an integration with its settings.
    ///
    /// # Errors
    /// See [`ApiError`].
    pub async fn enable_integration(&self, kind: &str, config: Value) -> Result<Integration, ApiError> {
        let body = EnableIntegration { kind: kind.to_owned(), config };
        self.http.one(Call::new(Method::POST, "/integrations", Class::Begin).json(&body), &["integration"]).await
    }

    /// Disables an integration.
    ///
    /// # Errors
    /// See [`ApiError`]; here one that does not exist is one.
    pub async fn disable_integration(&self, id: &str) -> Result<(), ApiError> {
        self.remove("/integrations/{id}", id, RequestKind::Other).await
    }
}
