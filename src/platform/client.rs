//! The client of whichever platform the config names.

use std::time::Duration;

use url::Url;

use super::{
    Abilities, ApiError, Created, Cursor, JobState, Platform, RemoteSource, Renamed, SourceKind, SourcePage, Upload,
    cevvo::Cevvo, nexvio::Nexvio,
};
use crate::model::{JobId, SourceId};

/// One of the clients.
pub enum Client {
    /// Cevvo's.
    Cevvo(Cevvo),
    /// Nexvio's; where the platform answers questions too (the local one does), with the client for that.
    Nexvio(Nexvio, Option<Box<Cevvo>>),
}

impl Client {
    /// Who can be asked questions; `None` where the platform's pages show no call for it.
    pub fn assistant(&self) -> Option<&Cevvo> {
        match self {
            Self::Cevvo(cevvo) => Some(cevvo),
            Self::Nexvio(_, assistant) => assistant.as_deref(),
        }
    }

    /// Nexvio's client, where it is one.
    pub fn nexvio(&self) -> Option<&Nexvio> {
        match self {
            Self::Cevvo(_) => None,
            Self::Nexvio(nexvio, _) => Some(nexvio),
        }
    }
}

/// Has whichever client it is do it.
macro_rules! whichever {
    ($self:ident, $client:ident => $call:expr) => {
        match $self {
            Client::Cevvo($client) => $call,
            Client::Nexvio($client, _) => $call,
        }
    };
}

impl Platform for Client {
    fn abilities(&self) -> Abilities {
        whichever!(self, client => client.abilities())
    }

    fn bots(&self) -> Option<&Nexvio> {
        self.nexvio()
    }

    fn begin(&self) {
        whichever!(self, client => client.begin());
    }

    fn gap(&self) -> Duration {
        whichever!(self, client => client.gap())
    }

    fn queued(&self) -> usize {
        whichever!(self, client => client.queued())
    }

    async fn sources(&self, at: Option<Cursor>) -> Result<SourcePage, ApiError> {
        whichever!(self, client => client.sources(at).await)
    }

    async fn create(&self, name: &str, kind: &SourceKind, file: Option<Upload>) -> Result<Created, ApiError> {
        whichever!(self, client => client.create(name, kind, file).await)
    }

    async fn delete(&self, id: &SourceId) -> Result<(), ApiError> {
        whichever!(self, client => client.delete(id).await)
    }

    async fn source(&self, id: &SourceId) -> Result<Option<RemoteSource>, ApiError> {
        whichever!(self, client => client.source(id).await)
    }

    async fn upload(&self, source: &SourceId, upload: Upload) -> Result<JobId, ApiError> {
        whichever!(self, client => client.upload(source, upload).await)
    }

    async fn ingest(&self, source: &SourceId, url: &Url) -> Result<JobId, ApiError> {
        whichever!(self, client => client.ingest(source, url).await)
    }

    async fn job(&self, id: &JobId, source: &SourceId) -> Result<JobState, ApiError> {
        whichever!(self, client => client.job(id, source).await)
    }

    async fn rename(&self, id: &SourceId, name: &str) -> Result<Option<Renamed>, ApiError> {
        whichever!(self, client => client.rename(id, name).await)
    }

    async fn set_auto_sync(&self, id: &SourceId, on: bool) -> Result<bool, ApiError> {
        whichever!(self, client => client.set_auto_sync(id, on).await)
    }
}
