//! The platforms: what reconciling needs of one, and the clients that give it.

mod answer;
mod call;
pub mod cevvo;
mod client;
pub mod clock;
mod connection;
mod envelope;
mod error;
mod form;
mod gate;
mod headers;
mod http;
mod judge;
mod keys;
pub mod nexvio;
mod page_size;
pub mod read;
mod status;
mod transport;
pub mod wire;

use std::{fs::File, future::Future};

use jiff::Timestamp;
use url::Url;

pub use call::Call;
pub use client::Client;
pub use connection::{Connection, Line, Timing};
pub use envelope::List;
pub use error::{ApiError, BuildError};
pub use gate::Journal;
pub use http::Http;
pub use keys::KeySource;
pub use transport::{Body, Delivery, Outgoing, Transport, Undelivered};

pub use crate::pace::{Failure, FailureScope};
use crate::{
    model::{JobId, Making, SourceId},
    plan::Price,
};

/// Characters of a status that are passed on.
const LONGEST_STATUS: usize = 40;

/// What a platform can do, as its pages say; the protocol follows it.
#[derive(Clone, Copy, Debug)]
pub struct Abilities {
    /// The extensions of the files that it takes, lower case, without the dot.
    pub accepted: &'static [&'static str],
    /// How it makes a source.
    pub making: Making,
    /// Whether it can be asked how a job is; otherwise the list alone tells what has become of a document.
    pub jobs: bool,
    /// Whether it can give a source another name; otherwise a renamed document is put anew, and then the old one goes.
    pub rename: bool,
    /// Whether it crawls a website by itself.
    pub websites: bool,
    /// How many sources one page of [`Platform::sources`] has at most.
    pub page_size: u64,
}

impl Abilities {
    /// What a plan costs on it.
    pub fn price(&self) -> Price {
        Price { making: self.making, rename: self.rename, page_size: self.page_size }
    }
}

/// What a platform says of one source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteSource {
    /// Its id.
    pub id: SourceId,
    /// Its name; ours carry the marker.
    pub name: String,
    /// Whether it holds what was put into it.
    pub holding: Holding,
    /// Why it may not answer, where the platform says that it is not ready.
    pub unready: Option<Unready>,
    /// When it was made, by the platform's clock.
    pub created_at: Option<Timestamp>,
    /// Whether the platform crawls it anew by itself, where it says so.
    pub auto_sync: Option<bool>,
}

/// A status in which a source may not answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unready {
    /// The platform's word, cut to a bearable length.
    pub status: String,
    /// Whether it says that nothing changes by itself.
    pub is_lasting: bool,
    /// Whether it is a word whose meaning is known.
    pub is_known: bool,
}

impl Unready {
    fn of(status: Option<String>, holding: &Holding) -> Option<Self> {
        let is_unready = matches!(holding, Holding::Nothing | Holding::AtWork | Holding::Failed(_));
        let status = status.filter(|_| is_unready)?;
        let is_lasting = status::is_lasting(&status);
        let is_known = is_lasting || status::progress(&status) != status::Progress::Unknown;
        Some(Self { status: status.chars().take(LONGEST_STATUS).collect(), is_lasting, is_known })
    }
}

/// What a source is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceKind {
    /// A file that is uploaded into it.
    File,
    /// A page that the platform fetches into it.
    Page {
        /// Its address.
        url: Url,
    },
    /// A website that the platform crawls by itself.
    Website {
        /// Where it begins.
        url: Url,
        /// Whether the platform crawls it anew by itself.
        auto_sync: bool,
    },
}

/// Whether a source holds its document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holding {
    /// The platform says that it is done and holds a document.
    Document,
    /// Not done yet, or nothing was put into it.
    Nothing,
    /// The platform does not say.
    Unsaid,
    /// The platform says that it is done, and not whether there is anything in it.
    Done,
    /// Not done yet, and something was put into it.
    AtWork,
    /// The platform says that it is done, and found nothing.
    Empty,
    /// The platform says that it failed, and why where it says that too.
    Failed(Option<String>),
}

impl Holding {
    /// Whether something was put into it that it does not hold, or not yet: what failed once may stay so, whatever is put
    /// into it after that.
    pub fn was_filled(&self) -> bool {
        matches!(self, Self::AtWork | Self::Failed(_))
    }
}

/// Where a page of the list of sources begins. Its meaning is the client's own; later pages have greater ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    /// How many come before it, as far as is known.
    before: u64,
    /// A page's number, or how many come before it.
    at: u64,
}

/// One page of the list of sources. How many it holds is the platform's choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourcePage {
    /// The sources of this page.
    pub sources: Vec<RemoteSource>,
    /// How many more it has that do not count: those that cannot be read, such as those without an id, and those that it
    /// shows as deleted.
    pub unreadable: u64,
    /// How many of these are so long that the platform's answer was not read: each may be one of ours.
    pub passed_over: u64,
    /// How many were asked for.
    pub asked: u64,
    /// How many the whole list has, where the platform says so; it may be wrong.
    pub total: Option<u64>,
    /// The page after this one; none after an empty page.
    pub next: Option<Cursor>,
    /// The page after the next one, where the platform can be asked for it without reading that: for one that cannot be
    /// read.
    pub past_next: Option<Cursor>,
    /// Whether the platform says that nothing comes after this page. Otherwise only a page that brings nothing new is the
    /// end: some platforms repeat their last page, or ignore what they are asked for.
    pub may_be_last: bool,
    /// The page with the end of the list, where the platform says enough to tell.
    pub last: Option<Cursor>,
}

/// What a platform says of one job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobState {
    /// Queued or under way.
    Working,
    /// In a state that this version does not know, or another job: judge by the source.
    Unclear,
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

/// A source that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Created {
    /// Its id.
    pub source: SourceId,
    /// The ingestion of the document that it was made with, where the platform tells of it.
    pub job: Option<JobId>,
    /// The name that the platform gave it, where it says so; it may not be the one that was asked for.
    pub name: Option<String>,
}

/// A source that was given another name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renamed {
    /// The name that it has now, where the platform says so; it may not be the one that was asked for.
    pub name: Option<String>,
}

/// What reconciling needs of a platform whose sources hold one document each. The calls that not every platform has are
/// made only where its abilities say so, and need not be given by the others.
pub trait Platform: Send + Sync {
    /// What it can do.
    fn abilities(&self) -> Abilities;

    /// The client for its bots, where it has bots.
    fn bots(&self) -> Option<&nexvio::Nexvio> {
        None
    }

    /// A pass begins: whatever the last one gave up is tried anew.
    fn begin(&self);

    /// The least time between two requests.
    fn gap(&self) -> std::time::Duration;

    /// The number of requests that wait for their turn.
    fn queued(&self) -> usize;

    /// One page of the list of all sources; without a cursor the first one.
    fn sources(&self, at: Option<Cursor>) -> impl Future<Output = Result<SourcePage, ApiError>> + Send;

    /// Makes a source of this name; with the file in it where sources are made filled.
    fn create(
        &self,
        name: &str,
        kind: &SourceKind,
        file: Option<Upload>,
    ) -> impl Future<Output = Result<Created, ApiError>> + Send;

    /// Removes a source with its document. One that is gone already is a success.
    fn delete(&self, id: &SourceId) -> impl Future<Output = Result<(), ApiError>> + Send;

    /// One source; `None` when it does not exist. For platforms with jobs or websites.
    fn source(&self, _: &SourceId) -> impl Future<Output = Result<Option<RemoteSource>, ApiError>> + Send {
        std::future::ready(Err(ApiError::NoSuchCall("shows a single source")))
    }

    /// Puts a file into a source that was made empty; its ingestion is the job.
    fn upload(&self, _: &SourceId, _: Upload) -> impl Future<Output = Result<JobId, ApiError>> + Send {
        std::future::ready(Err(ApiError::NoSuchCall("fills a source that was made empty")))
    }

    /// Has the platform fetch a page into a source that was made empty; its ingestion is the job.
    fn ingest(&self, _: &SourceId, _: &Url) -> impl Future<Output = Result<JobId, ApiError>> + Send {
        std::future::ready(Err(ApiError::NoSuchCall("fills a source that was made empty")))
    }

    /// How the job of a source is. For platforms with jobs.
    fn job(&self, _: &JobId, _: &SourceId) -> impl Future<Output = Result<JobState, ApiError>> + Send {
        std::future::ready(Err(ApiError::NoSuchCall("tells of a job")))
    }

    /// Gives a source another name, without ingesting anything. `None` when the source does not exist.
    fn rename(&self, _: &SourceId, _: &str) -> impl Future<Output = Result<Option<Renamed>, ApiError>> + Send {
        std::future::ready(Err(ApiError::NoSuchCall("renames a source")))
    }

    /// Says whether the platform crawls a website's source anew by itself. `false` when the source does not exist.
    fn set_auto_sync(&self, _: &SourceId, _: bool) -> impl Future<Output = Result<bool, ApiError>> + Send {
        std::future::ready(Err(ApiError::NoSuchCall("crawls a website")))
    }
}
