//! The platforms: what reconciling needs of one, and the clients that give it.

mod answer;
pub mod cevvo;
pub mod clock;
mod error;
mod gate;
mod headers;
mod http;
pub mod wire;

use std::{fs::File, future::Future};

use jiff::Timestamp;
use url::Url;

pub use error::{ApiError, BuildError};
pub use gate::Journal;
pub use http::{Call, Connection, Http, Timing};

use crate::model::{JobId, SourceId};

/// What a platform says of one source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteSource {
    /// Its id.
    pub id: SourceId,
    /// Its name; ours carry the marker.
    pub name: String,
    /// Whether it holds what was put into it.
    pub holding: Holding,
    /// When it was made, by the platform's clock.
    pub created_at: Option<Timestamp>,
    /// Whether the platform crawls it anew by itself, where it says so.
    pub auto_sync: Option<bool>,
}

/// What a source is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceKind {
    /// A file that is uploaded into it.
    File,
    /// A page that the platform fetches into it.
    Text,
    /// A website that the platform crawls by itself.
    Website {
        /// Where it begins.
        url: Url,
        /// Whether the platform crawls it anew by itself.
        auto_sync: bool,
    },
}

/// Whether a source holds its document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holding {
    /// The platform says that it is done and holds a document.
    Document,
    /// Not done yet, or nothing was put into it.
    Nothing,
    /// The platform says that it is done, and found nothing.
    Empty,
    /// The platform says that it failed.
    Failed,
}

/// One page of the list of sources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourcePage {
    /// The sources of this page.
    pub sources: Vec<RemoteSource>,
    /// How many the whole list has, where the platform says so.
    pub total: Option<u64>,
}

/// What a platform says of one job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobState {
    /// Queued or under way; also every state that this version does not know.
    Working,
    /// Done, with so many documents where the platform says so.
    Completed(Option<u64>),
    /// Failed, with the platform's reason.
    Failed(String),
    /// The platform does not know the job: judge by the source.
    Forgotten,
}

/// A document's bytes on their way to the platform.
#[derive(Debug)]
pub struct Upload {
    /// The opened file, read from its start.
    pub file: File,
    /// How many bytes go up; a file that grows meanwhile is cut there.
    pub size: u64,
    /// The file name that it goes up under.
    pub name: String,
}

/// What reconciling needs of a platform whose sources hold one document each.
pub trait Platform: Send + Sync {
    /// The extensions that it takes, lower case, without the dot.
    fn accepted(&self) -> &'static [&'static str];

    /// A pass begins: whatever the last one gave up is tried anew.
    fn begin(&self);

    /// How many sources one page of [`Platform::sources`] has at most.
    fn page_size(&self) -> u64;

    /// The least time between two requests.
    fn gap(&self) -> std::time::Duration;

    /// One page of the list of all sources, from 1.
    fn sources(&self, page: u64) -> impl Future<Output = Result<SourcePage, ApiError>> + Send;

    /// One source; `None` when it does not exist.
    fn source(&self, id: &SourceId) -> impl Future<Output = Result<Option<RemoteSource>, ApiError>> + Send;

    /// Makes an empty source of this name.
    fn create(&self, name: &str, kind: &SourceKind) -> impl Future<Output = Result<SourceId, ApiError>> + Send;

    /// Puts a document into a source; its ingestion is the job.
    fn upload(&self, source: &SourceId, upload: Upload) -> impl Future<Output = Result<JobId, ApiError>> + Send;

    /// Has the platform fetch a page into a source; its ingestion is the job.
    fn ingest(&self, source: &SourceId, url: &Url) -> impl Future<Output = Result<JobId, ApiError>> + Send;

    /// Says whether the platform crawls a website's source anew by itself. `false` when the source does not exist.
    fn set_auto_sync(&self, id: &SourceId, on: bool) -> impl Future<Output = Result<bool, ApiError>> + Send;

    /// How a job is.
    fn job(&self, id: &JobId) -> impl Future<Output = Result<JobState, ApiError>> + Send;

    /// Gives a source another name, without ingesting anything. `false` when the source does not exist.
    fn rename(&self, id: &SourceId, name: &str) -> impl Future<Output = Result<bool, ApiError>> + Send;

    /// Removes a source with its document. One that is gone already is a success.
    fn delete(&self, id: &SourceId) -> impl Future<Output = Result<(), ApiError>> + Send;
}
